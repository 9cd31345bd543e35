/* Packed weights: made once per (layer, kernel, layout), shared by all plans of a model. Floor 2. */
#ifndef BMU_TENSOR_PACK_H
#define BMU_TENSOR_PACK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "tensor/dnn.h"

struct pack {
    char *layer;               /* owned */
    const void *kernel;        /* who packed: the address of a conv_kernel, or NULL for oneDNN */
    struct dnn_layout *layout; /* owned; oneDNN's chosen layout, or NULL */
    void *weights;             /* owned, 64-byte aligned */
    float *bias;               /* owned, or NULL */
    size_t bytes;
    struct pack *next;
};
struct pack_store {
    struct pack *first;
    size_t bytes; /* all packed weights together */
};
int pack_store_new(struct pack_store **out, struct err *e);
void pack_store_free(struct pack_store *s);
/* The pack that is there, or NULL. layout may be NULL for our kernels. */
const struct pack *pack_find(const struct pack_store *s, const char *layer, const void *kernel, const struct dnn_layout *layout);
/* Add one of `bytes` bytes with room for n_bias numbers; the caller fills weights and bias. layout (may be NULL) is copied. */
int pack_add(struct pack **out, struct pack_store *s, const char *layer, const void *kernel, const struct dnn_layout *layout, size_t bytes,
             size_t n_bias, struct err *e);

#endif
