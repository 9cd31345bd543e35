/* A network's numbers while it learns: all values in one block, all gradients in another (one write, one all-reduce). Floor 3.
 *
 * The trained arrays come first, each on a cache line of its own (the numbers between are 0 and stay so); running means and variances stand
 * behind them and have no gradient. Batch counters are kept beside the blocks.
 */
#ifndef BMU_NN_PARAMETERS_H
#define BMU_NN_PARAMETERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ckpt/archive.h"
#include "nn/keys.h"

struct parameters {
    const struct keys *keys; /* borrowed */
    float *values;           /* [n] */
    float *gradients;        /* [n_trained] */
    size_t n, n_trained;     /* numbers in the blocks, gaps included */
    size_t *offset;          /* [keys->n] of each array in the values */
    int64_t *batches;        /* [keys->n] of the KEY_BATCHES ones */
    struct array *arrays;    /* [keys->n] in the keys' order, over the blocks: to be written as a model file */
    struct archive *archive; /* the same by name: what layers.c reads */
};
/* Copies the numbers of `from`, which has passed keys_check(); NULL: freshly drawn with `seed`. */
int parameters_new(struct parameters **out, const struct keys *keys, const struct archive *from, uint64_t seed, struct err *e);
void parameters_free(struct parameters *p);
void parameters_zero_gradients(struct parameters *p);
/* Counts one more batch in every batch-norm whose name begins with prefix + ".". */
void parameters_count_batch(struct parameters *p, const char *prefix);

#endif
