/* A network that learns: one batch forward and backward, then one step of the optimiser. Floor 7.
 *
 * A batch holds exams with whatever views they have: only present views are computed, and what no exam of the batch has costs nothing and
 * gets no gradient. In the variant `reference` the caller gives all views (black images for absent ones, as prep_black() makes them). Not
 * reentrant: one learner, one caller.
 */
#ifndef BMU_LEARN_LEARNER_H
#define BMU_LEARN_LEARNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "exam/schema.h"
#include "exam/slot.h"
#include "model/evidence_loss.h"
#include "model/facts.h"
#include "model/loss.h"
#include "model/model.h"
#include "nn/optimiser.h"
#include "nn/parameters.h"
#include "tensor/plan.h"

/* What a tower's activations cost against what they take (tensor/plan.h). */
enum learner_memory {
    LEARNER_MEMORY_AUTO,   /* by a fixed rule on the batch's size: RECOMPUTE_INNER for the largest maps where a tower's activations exceed
                              half a gigabyte */
    LEARNER_MEMORY_NORMS,  /* as RECOMPUTE_NORMS ... */
    LEARNER_MEMORY_INNER,  /* ... RECOMPUTE_INNER ... */
    LEARNER_MEMORY_BLOCKS, /* ... RECOMPUTE_BLOCKS */
};

struct learner_options {
    enum precision precision; /* PRECISION_BF16: mixed, with float32 weights, statistics and sums */
    bool exact;               /* direct convolution only */
    enum learner_memory memory;
    uint64_t seed;                      /* of dropout */
    double dropout_block, dropout_head; /* probabilities of a zero; 0: none. The published ones: .3 and .5 */
    double evidence[EVIDENCE_MAPS];     /* weight of each evidence map's loss (model/evidence_loss.h) beside that of the exams */
};

struct learner_exam {
    const char *id;                  /* named in errors */
    const float *view[SLOT_COUNT];   /* as prep_file() gives them; NULL: absent */
    const struct clinical *clinical; /* NULL only if the network takes none */
    struct loss_label label;
    const struct evidence_target *target[SLOT_COUNT]; /* [EVIDENCE_MAPS] of a view; NULL: nothing is known of its places */
};

struct learner;
/* Starts from a model file. Errors as model_open(). */
int learner_open(struct learner **out, const char *path, const struct learner_options *o, struct err *e);
void learner_close(struct learner *l);

const struct model_config *learner_config(const struct learner *l);
const struct model_facts *learner_facts(const struct learner *l); /* of the model file it began with */
struct parameters *learner_parameters(struct learner *l);         /* values, gradients; borrowed */
/* The flat loss over n leaves: torch.nn.CrossEntropyLoss(label_smoothing). */
void learner_reference_loss(struct loss *out, int n_leaves, double smoothing);

/* Forward and backward of n exams as step number `step`: the gradients' block holds the gradient of the loss (what was there before is
 * gone), running statistics and batch counters have moved, logits [n][n_leaves] (may be NULL) are given. ERR_EXAM_NO_IMAGE,
 * ERR_VIEW_NOT_TAKEN, ERR_BATCH_TOO_SMALL (a tower's batch-norm sees one pixel), ERR_OUTPUT_NAN with the exam's id; ERR_TRAIN_NAN (looked
 * for once an optimiser is chosen) with the step, the first tensor and the exams' ids. After an error weights and running statistics are
 * those of before, and no file has been touched. */
int learner_gradients(struct learner *l, const struct learner_exam *exams, int n, const struct loss *loss, uint64_t step,
                      struct loss_value *value, float *logits, struct err *e);

/* The same in parts, for batches that do not fit into memory at once: part 0 zeroes the gradients, the others add to them, and after the
 * last the step may be made. value is the part's share. The loss of the evidence maps is each part's own, and counts for 1 / count: what
 * their cells show is not known before the images are. Batch-norm sees each part by itself, so the result is not that of one batch. A
 * part that fails takes back the running statistics of all parts before it. */
struct learner_part {
    int index, count;      /* 0 .. count - 1 */
    const double *weights; /* loss_weights() of the whole batch; NULL only if count is 1 */
};
enum { LEARNER_PARTS_MAX = 4096 };
int learner_accumulate(struct learner *l, const struct learner_exam *exams, int n, const struct learner_part *part, const struct loss *loss,
                       uint64_t step, struct loss_value *value, float *logits, struct err *e);
/* Give up a batch of which not all parts have been run: its parts leave no trace. */
void learner_abandon(struct learner *l);
/* Forward alone: batch-norm's running statistics move, nothing else. For weights that have been exchanged (an average of many steps). */
int learner_statistics(struct learner *l, const struct learner_exam *exams, int n, struct err *e);

/* What the step takes. */
struct learner_update {
    double rate; /* schedule_rate() */
    double clip; /* of the gradients' norm; 0: none */
};
/* Choose the optimiser; its state starts at 0. frozen: name patterns (optimiser_freeze()). decay_all: as published; else norms, biases and
 * position embeddings do not decay. */
int learner_optimise(struct learner *l, const struct optimiser_config *c, bool decay_all, const char *const *frozen, size_t n_frozen,
                     struct err *e);
struct optimiser *learner_optimiser(struct learner *l); /* to save its state, or to put a saved one back; NULL before learner_optimise() */
/* Move the weights along the gradients. Arrays that the batch did not use rest. norm (may be NULL): of the gradients before clipping. */
int learner_step(struct learner *l, const struct learner_update *u, double *norm, struct err *e);

/* The layer table since learner_profile(): seconds and multiply-adds per step, forward and backward apart. */
void learner_profile(struct learner *l, bool on);
int learner_layers(struct layer_time **out, size_t *n, const struct learner *l, struct err *e);
/* The same of any training plan (its texts stay the plan's). */
int plan_layers(struct layer_time **out, size_t *n, const struct plan *p, struct err *e);

#endif
