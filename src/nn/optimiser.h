/* AdamW and SGD over one block of parameters and one of gradients. Floor 3.
 *
 * A table of segments says which part of the blocks is which array, and whether it decays or stands still. Everything is float32,
 * element by element, without fused multiply-adds, subnormals taken as 0: the same bits for any number of threads and on every x86-64
 * processor. With g the gradient times `scale`, t the segment's step counted from 1:
 *     AdamW (Loshchilov & Hutter 2019; torch.optim.AdamW)
 *         m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2
 *         p = p - (rate * weight_decay * p + rate / (1 - b1^t) * m / (sqrt(v / (1 - b2^t)) + epsilon))
 *     SGD (torch.optim.SGD with dampening 0: the decay is a part of the gradient)
 *         d = g + weight_decay * p;  m = momentum m + d;  p = p - rate * (nesterov ? d + momentum m : m)
 * One step of a network: optimiser_norm(), which also stops a NaN, then optimiser_step() with optimiser_clip() as scale. So clipping
 * costs no pass over the gradients, which stay as they are.
 */
#ifndef BMU_NN_OPTIMISER_H
#define BMU_NN_OPTIMISER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "nn/keys.h"

/* One array of the network: numbers offset .. offset + count of both blocks. */
struct optimiser_segment {
    const char *name; /* borrowed */
    size_t offset, count;
    bool decay;
    bool frozen; /* neither moved nor counted in the norm; its gradients are never read */
};
/* Sets `frozen` on every segment whose name matches one of the patterns (fnmatch(3): "model1.backbone.*"). ERR_CONFIG: a pattern matches
 * nothing; then no segment has been changed. */
int optimiser_freeze(struct optimiser_segment *segments, size_t n, const char *const *patterns, size_t n_patterns, struct err *e);
/* Sets `decay` on weights of convolutions and linear layers and clears it on norms, biases and position embeddings. (The reference decays
 * all.) ERR_INTERNAL: a segment is not in the list. */
int optimiser_decay_by_kind(struct optimiser_segment *segments, size_t n, const struct keys *k, struct err *e);

enum optimiser_kind { OPTIMISER_ADAMW, OPTIMISER_SGD, OPTIMISER_KINDS };
/* What the other kind takes is 0. */
struct optimiser_config {
    enum optimiser_kind kind;
    double weight_decay;          /* >= 0 */
    double beta1, beta2, epsilon; /* AdamW: [0, 1), [0, 1), above 0 */
    double momentum;              /* SGD: [0, 1) */
    bool nesterov;                /* SGD, with momentum only */
};

struct optimiser_block;
/* To be read, and written only to continue from a checkpoint: first, second and steps are the whole state. */
struct optimiser {
    struct optimiser_config config;
    const struct optimiser_segment *segments; /* borrowed; `frozen` may change between steps */
    size_t n_segments;
    size_t size;     /* numbers in a block */
    float *first;    /* [size] m, at the parameters' offsets; NULL: SGD without momentum */
    float *second;   /* [size] v; NULL: SGD */
    uint64_t *steps; /* [n_segments] steps taken: a segment that thaws late corrects its own bias, as in PyTorch */
    struct optimiser_block *blocks;
    size_t n_blocks;
};
/* size: numbers in a block; segments in rising order, without overlap; gaps are allowed and left alone. All state 0. ERR_CONFIG: the
 * configuration, or nothing is left to train; ERR_INTERNAL: the table; ERR_NO_MEMORY. */
int optimiser_new(struct optimiser **out, const struct optimiser_config *config, const struct optimiser_segment *segments,
                  size_t n_segments, size_t size, struct err *e);
void optimiser_free(struct optimiser *o);

/* L2 norm of all gradients [size] but the frozen ones. ERR_TRAIN_NAN: one is NaN or infinite; the message names the first segment that has
 * one and the index in it. Sums in double over fixed pieces in a fixed order. */
int optimiser_norm(double *norm, struct optimiser *o, const float *gradients, struct err *e);
/* torch.nn.utils.clip_grad_norm_'s factor: min(1, limit / (norm + 1e-6)). limit > 0. */
double optimiser_clip(double norm, double limit);
/* One step: parameters [size] move. rate: schedule_rate(); scale: optimiser_clip(), or 1. */
void optimiser_step(struct optimiser *o, float *parameters, const float *gradients, double rate, double scale);

#endif
