/* A training run on disk: everything that the next step depends on. Floor 8.
 *
 * Two files, checkpoint-0.safetensors and checkpoint-1.safetensors, are written in turn, each replaced whole: whatever happens while one is
 * being written, the other is good. Each says in its metadata the SHA-256 of all its numbers and of its state; the newest one that holds is
 * taken. A run that continues from a checkpoint computes the same bits as one that was never stopped.
 */
#ifndef BMU_TRAIN_CHECKPOINT_H
#define BMU_TRAIN_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "learn/learner.h"
#include "train/history.h"

struct run_state {
    uint64_t saved;       /* how many checkpoints have been written before: the newer has more */
    uint8_t identity[32]; /* SHA-256 of settings, stage, seed, threads, cohort, split, start: another run's checkpoint is refused */
    uint32_t epoch;       /* the one under way */
    uint32_t position;    /* exams of its order that are done */
    uint64_t step;        /* made so far */
    double loss_sum, norm_sum, rate; /* of this epoch's steps so far */
    uint64_t images;                 /* of this epoch so far */
    uint32_t epoch_steps;
    double best; /* NaN: none yet */
    uint32_t best_epoch, since_best;
    bool finished;
    struct history history;
};

/* average: [parameters->n] or NULL. */
int checkpoint_write(const char *folder, struct run_state *s, struct learner *l, const float *average, struct err *e);
/* *found false: there is none. ERR_CHECKPOINT: there are files, and none is whole or belongs to this run; the message says why. The
 * learner's numbers, its optimiser's state and average are filled in, or all left as they were. */
int checkpoint_read(bool *found, const char *folder, struct run_state *s, struct learner *l, float *average, struct err *e);

#endif
