/* Exams for the steps of one epoch, prepared ahead by threads of its own. Floor 7.
 *
 * The list of exams is taken in a given order; each is read (through the cache, if there is one), masked and augmented by whichever thread
 * is free, and handed over in the list's order. What an exam looks like depends on (seed, epoch, exam) alone, never on threads or on what
 * came before: so an epoch can be entered anywhere. The number of exams that are ready at once is bounded.
 */
#ifndef BMU_LEARN_LOADER_H
#define BMU_LEARN_LOADER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "learn/augment.h"
#include "learn/learner.h"
#include "learn/mask.h"
#include "learn/patch.h"
#include "prep/exam_prep.h"

/* An exam that has been looked through and can be used. */
struct train_item {
    const struct exam *exam; /* borrowed */
    unsigned present;        /* bit s: slot s is there and was not refused */
    struct loss_label label;
    struct marked_view marks[SLOT_COUNT]; /* of each present view; its list is borrowed */
    uint16_t class_number;                /* for balanced sampling */
    uint32_t number;                      /* the row of the cohort: what random draws are keyed by */
};

struct loader_options {
    const struct exam_prep_options *prep;
    const struct schema *schema;            /* NULL: no clinical values */
    bool clinical;                          /* false: all clinical values are taken as missing (single-modality stages) */
    bool black;                             /* variant reference: absent views come as black images */
    const struct mask_settings *mask;       /* NULL: nothing is masked */
    const struct augment_settings *augment; /* NULL: nothing is changed */
    const struct model_config *network;     /* whose evidence maps get targets from the items' marks; of the patch stage: patches are cut */
    const struct patch_settings *patch;     /* the patch stage's: each item has one view, with a lesion */
    uint64_t seed;
    int threads; /* 1 .. 64 */
    int ahead;   /* exams ready at once, at least the largest number asked for in one call */
};

struct loader;
int loader_open(struct loader **out, const struct loader_options *o, struct err *e);
void loader_close(struct loader *l);
/* Begin a list: items[order[i]], i from `from` to n - 1 (order NULL: as they stand). items and order are borrowed until the list's end. */
int loader_start(struct loader *l, const struct train_item *items, const uint32_t *order, uint32_t n, uint32_t from, uint32_t epoch,
                 struct err *e);
/* The next `want` exams (fewer at the list's end; *got tells). They are the caller's until the next call. ERR_* of the first of them that
 * could not be read, with the exam's id and the file: the list is then at an end. */
int loader_next(struct loader *l, struct learner_exam *exams, const struct train_item **items, int want, int *got, struct err *e);
/* The label that an item has in an epoch, before it is loaded: its own, or in the patch stage that of its patch. */
struct loss_label loader_label(const struct loader *l, const struct train_item *item, uint32_t epoch);
/* Seconds that loader_next() has waited since loader_start(). */
double loader_waited(const struct loader *l);

#endif
