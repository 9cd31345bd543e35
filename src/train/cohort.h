/* The exams of a training run: which rows take part, what is known of them, whether their files are fit. Floor 8.
 *
 * Every exam is looked through once, before the first step: read, decoded, prepared and judged as `bmunet predict` does it. So nothing is
 * found out in the middle of an epoch, and with a cache nothing is decoded twice.
 */
#ifndef BMU_TRAIN_COHORT_H
#define BMU_TRAIN_COHORT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "cohort/manifest.h"
#include "cohort/marks.h"
#include "exam/tree.h"
#include "learn/loader.h"
#include "prep/exam_prep.h"
#include "train/history.h"
#include "train/settings.h"

enum part { PART_TRAIN, PART_VALIDATION, PART_COUNT };

/* Which values of the column split make a part; borrowed. */
struct part_names {
    const char *const *list;
    size_t n; /* 0: there is no such part (validation only) */
};
/* What a part consists of. */
struct part_counts {
    uint32_t exams, patients, unlabelled, no_view, refused; /* used; of those; left out: no label, no view of the stage, refused */
    uint32_t marked, lesions,
        unmarked;                   /* pictures with marks, lesions in them; exams without any. Of the patch stages exams are pictures */
    uint32_t leaf[TREE_LEAVES_MAX]; /* by leaf of the tree */
    uint32_t inner[TREE_LEVELS_MAX][TREE_LEAVES_MAX]; /* labelled no finer than a node of a level above: tree_level()'s order */
    uint32_t availability[AVAILABILITIES];
};
struct train_cohort {
    const struct manifest *manifest; /* borrowed */
    struct part_names names[PART_COUNT];
    struct train_item *items[PART_COUNT];
    uint32_t n[PART_COUNT];
    struct part_counts counts[PART_COUNT];
    unsigned learnt;                      /* kinds of images that the training exams show, and those that the request had */
    struct marked *marked;                /* what the items' marks point into */
    double *clinical_mean, *clinical_std; /* of the training exams, per field; NULL without a schema */
    uint8_t data_sha256[32];              /* over all used exams: id, part, label, clinical values, and the hash of each used file */
    uint8_t prepared_sha256[32];          /* over the hash of each used tensor: preprocessing, vendor entries and decoding included */
    uint8_t split_sha256[32];             /* over the exam ids and their parts */
};

struct cohort_request {
    const struct manifest *manifest;
    const struct schema *schema; /* NULL: none */
    const struct tree *tree;
    const struct loss *loss;
    enum stage stage;
    struct part_names names[PART_COUNT]; /* validation may have none: then nothing judges the epochs */
    const struct exam_prep_options *prep;
    struct marks *marks;                /* of this manifest; their masks are loaded here; NULL: none */
    enum evidence_kinds evidence;       /* what the network's maps tell apart; EVIDENCE_NONE: it has none */
    unsigned learnt, learnt_ultrasound; /* kinds of images that the network has learnt before: start_learnt(). A validation exam is judged
                                         * by what is learnt before or taught by the training exams, and by nothing else */
    bool allow_refused;                 /* exams that cannot be used are left out, and counted; else they end the run before it begins */
    int threads;
    void (*progress)(void *ctx, long done, long total); /* may be NULL; called by one thread at a time */
    void *progress_ctx;
    const volatile sig_atomic_t *stop; /* not 0: ERR_INTERRUPTED; may be NULL */
};
/* ERR_LABEL, ERR_LABEL_CONFLICT: a row's diagnosis. ERR_TRAIN_DATA: no column split, a part that is empty, of one class only, or that lacks
 * the stage's images; no training exam with a mark although there is a table of them; a split that no row has; refused exams (the first ten
 * are named). ERR_SPLIT_OVERLAP: a patient or a file in two splits of the table, a split named for both parts. */
int cohort_open(struct train_cohort **out, const struct cohort_request *r, struct err *e);
void cohort_close(struct train_cohort *c);

#endif
