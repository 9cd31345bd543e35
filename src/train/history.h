/* The results of each epoch of a run: kept in the checkpoint, written as log.jsonl, drawn as curves.svg. Floor 8. */
#ifndef BMU_TRAIN_HISTORY_H
#define BMU_TRAIN_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "exam/slot.h"
#include "file/json.h"

/* The kinds of images that an exam has, as slot_kinds() gives them; the name: "mg+bmode". */
enum { AVAILABILITIES = KINDS_ALL + 1 };
const char *availability_name(unsigned availability, char out[40]);

/* One look at the validation exams. A number that is not defined (one class only, no exam) is NaN, null in JSON. */
struct scores {
    uint32_t exams;
    double loss, auc,
        macro_auc; /* malignant (the tree's positive node) or not; mean over the leaves of one against the rest, of leaves that are there */
    double class_accuracy, tier_accuracy;
    struct {
        uint32_t exams, malignant;
        double auc;
    } by_availability[AVAILABILITIES];
};

struct epoch_record {
    uint32_t epoch; /* from 0 */
    uint64_t steps; /* made so far */
    uint32_t exams; /* trained on */
    double loss;    /* training: mean over steps of the batch's loss */
    double norm;    /* mean of the gradients' norm */
    double rate;    /* of the last step */
    double seconds, waited, validation_seconds;
    uint64_t images;
    struct scores scores;
    int best; /* 1: its metric was the best so far */
};
struct history {
    struct epoch_record *epochs; /* owned */
    size_t n, capacity;
};
int history_add(struct history *h, const struct epoch_record *r, struct err *e);
void history_release(struct history *h);

struct json *epoch_to_json(const struct epoch_record *r);
int epoch_from_json(struct epoch_record *out, const struct json *j, struct err *e); /* ERR_CHECKPOINT */
/* log.jsonl, one line per epoch; curves.svg. Replaced whole. */
int history_write_log(const struct history *h, const char *path, struct err *e);
/* positive: the name of the node whose area is drawn. */
int history_write_curves(const struct history *h, const char *title, const char *positive, const char *path, struct err *e);

#endif
