/* Backward over the data of 3x3 convolutions: the kernels of conv_tiled.c run backwards, keyed by the forward shape. Floor 1. */
#include "kernel/conv_tiles.h"

/* The backward convolution seen as a forward one. */
static struct conv_shape backward(const struct conv_shape *s) {
    return (struct conv_shape){s->n, s->out_h, s->out_w, s->out_c, s->in_h, s->in_w, s->in_c, s->kernel, s->stride, s->pad, s->pool};
}

static void run(const struct conv_data_call *c, const struct conv_kernel *k) {
    const struct conv_call call = {.shape = backward(&c->shape),
                                   .src = c->grad,
                                   .packed = c->packed,
                                   .residual = c->residual,
                                   .dst = c->dst,
                                   .scratch = c->scratch,
                                   .type = c->type};
    k->run(&call);
}

#define KERNEL_OF(kernel, text, inner)                                                                                                     \
    static bool inner##_takes(const struct conv_shape *s) {                                                                                \
        const struct conv_shape b = backward(s);                                                                                           \
        return inner.takes(&b);                                                                                                            \
    }                                                                                                                                      \
    static size_t inner##_packed_bytes(const struct conv_shape *s) {                                                                       \
        const struct conv_shape b = backward(s);                                                                                           \
        return inner.packed_bytes(&b);                                                                                                     \
    }                                                                                                                                      \
    static void inner##_pack(void *packed, const float *weights, const struct conv_shape *s) {                                             \
        const struct conv_shape b = backward(s);                                                                                           \
        inner.pack_backward(packed, weights, &b);                                                                                          \
    }                                                                                                                                      \
    static size_t inner##_scratch_bytes(const struct conv_shape *s, int threads) {                                                         \
        const struct conv_shape b = backward(s);                                                                                           \
        return inner.scratch_bytes(&b, threads);                                                                                           \
    }                                                                                                                                      \
    static void inner##_run(const struct conv_data_call *c) {                                                                              \
        run(c, &inner);                                                                                                                    \
    }                                                                                                                                      \
    const struct conv_data_kernel kernel = {text, inner##_takes, inner##_packed_bytes, inner##_pack, inner##_scratch_bytes, inner##_run};

KERNEL_OF(conv_data_winograd6, "data winograd 6x6", conv_winograd6)
KERNEL_OF(conv_data_winograd4, "data winograd 4x4", conv_winograd4)
KERNEL_OF(conv_data_strided, "data polyphase 8x8", conv_strided_back)
