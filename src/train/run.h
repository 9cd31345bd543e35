/* A training run: epochs of steps, validation, checkpoints, the best model. Floor 8.
 *
 * A run lives in a folder:
 *     start.safetensors          what it began with
 *     checkpoint-0|1.safetensors the run so far (train/checkpoint.h)
 *     best.safetensors           the weights (the averaged ones, if there are) of the best epoch, a model file
 *     last.safetensors           those of the last epoch; without validation exams the same as best, and both written at the end alone
 *     log.jsonl, curves.svg      the results of each epoch
 *     card.md                    the model card of best.safetensors; also in its metadata
 * Whatever stops it, a resumed run continues from the newest intact checkpoint and reaches the same bits as if it had never been stopped.
 */
#ifndef BMU_TRAIN_RUN_H
#define BMU_TRAIN_RUN_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "train/cohort.h"
#include "train/history.h"
#include "train/settings.h"
#include "train/start.h"

struct run_progress { /* of the epoch under way */
    uint32_t epoch, epochs, exams, of_exams;
    double loss;                            /* mean over the epoch's steps so far */
    double images_per_second, seconds_left; /* of the whole run; NaN: not known yet */
    double auc;                             /* of the last validation; NaN: none yet */
};
struct run_result;
struct run_options {
    const char *folder; /* there already */
    const struct train_settings *settings;
    const struct start *start;
    const struct train_cohort *cohort;
    const struct exam_prep_options *prep;
    const struct tree *tree;
    const struct loss *loss;
    uint64_t seed;
    int loader_threads;
    bool exact;
    bool resume;
    const char *const *freeze; /* patterns */
    size_t n_freeze;
    double checkpoint_seconds; /* between checkpoints within an epoch; 0: none */
    const char *code_version;
    const volatile sig_atomic_t *stop;                         /* not 0: finish the step, save, ERR_INTERRUPTED; may be NULL */
    void (*begun)(void *ctx, const struct run_result *r);      /* before the first step; may be NULL */
    void (*progress)(void *ctx, const struct run_progress *p); /* after each step; may be NULL */
    void (*epoch)(void *ctx, const struct epoch_record *r);    /* after each epoch; may be NULL */
    void *ctx;
};
struct run_result {
    struct history history; /* owned */
    struct start_report start;
    uint32_t best_epoch;
    double best;
    bool resumed, stopped_early;
    uint32_t resumed_epoch, resumed_position;
};
/* ERR_USAGE: the folder holds a run and resume is not asked for. ERR_CONFIG: without validation exams there is no early stopping.
 * ERR_CHECKPOINT, ERR_INTERRUPTED, ERR_TRAIN_NAN, and those of files and
 * exams: what was saved before stays. */
int run_train(struct run_result *out, const struct run_options *o, struct err *e);
void run_result_release(struct run_result *r);

#endif
