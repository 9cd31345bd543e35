/* Own convolution kernels: the interface by which one joins the engine beside oneDNN's. Floor 1.
 *
 * Activations are channels-last: [n][h][w][c], 64-byte aligned, float32 or, in training, bfloat16. A kernel is a pure function of its
 * arguments: each output number is computed by the same operations in the same order whatever the number of threads or images (same input,
 * same model: same bits). Weights, sums and all arithmetic are float32: bfloat16 is widened when read, and rounded once when written.
 * dst = relu?( conv(src, weights) + bias + residual? ), where weights and bias already hold the folded batch-norm.
 */
#ifndef BMU_KERNEL_CONV_KERNEL_H
#define BMU_KERNEL_CONV_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

struct conv_shape {
    int n, in_h, in_w, in_c;
    int out_h, out_w, out_c; /* after the pooling, if pool */
    int kernel, stride, pad; /* square */
    bool pool;               /* a 3x3 stride 2 pad 1 max-pooling follows the ReLU and is part of the kernel (the stem) */
};

/* How all activations of a call, or their gradients, are stored. The stems take CONV_F32 only. */
enum conv_type {
    CONV_F32 = 0,
    CONV_BF16 = 1 /* the upper half of a float32, rounded to nearest even */
};

struct conv_call {
    struct conv_shape shape;
    const void *src;
    const void *packed;   /* as pack() made it, 64-byte aligned */
    const float *bias;    /* out_c; NULL, for the 3x3 kernels only: none */
    const void *residual; /* NULL, or as dst; may be dst itself */
    bool relu;
    void *dst;
    void *scratch;       /* scratch_bytes(), 64-byte aligned, contents free */
    enum conv_type type; /* of src, residual and dst */
};

struct conv_kernel {
    const char *name; /* for the layer table: "winograd 6x6" */
    /* Does this kernel take the shape, and does this processor have what it needs? The answer depends on nothing else. */
    bool (*takes)(const struct conv_shape *s);
    size_t (*packed_bytes)(const struct conv_shape *s);
    /* weights: [out_c][in_c][kernel][kernel] */
    void (*pack)(void *packed, const float *weights, const struct conv_shape *s);
    /* For the backward pass over the data of a stride 1 pad 1 convolution, which is a convolution of the outputs' gradient with the weights
     * transposed and rotated by 180 degrees: run() over these packs computes the inputs' gradient, with `residual` = what it is added to.
     * s: the backward convolution seen as a forward one, so s->in_c is the forward layer's out_c. weights: the forward layer's own,
     * [s->in_c][s->out_c][3][3]. NULL: the kernel has none. Both packings use pool_run() inside. */
    void (*pack_backward)(void *packed, const float *weights, const struct conv_shape *s);
    size_t (*scratch_bytes)(const struct conv_shape *s, int threads);
    /* Uses pool_run() inside. */
    void (*run)(const struct conv_call *c);
};

extern const struct conv_kernel conv_winograd4; /* 3x3 stride 1 pad 1, F(4x4, 3x3) */
extern const struct conv_kernel conv_winograd6; /* 3x3 stride 1 pad 1, F(6x6, 3x3) */
extern const struct conv_kernel conv_stem;      /* 7x7 stride 2 pad 3, 1 or 3 -> 64 channels, with the max-pooling */
extern const struct conv_kernel conv_stem_fast; /* the same over 1 channel with fewer multiplications */
extern const struct conv_kernel conv_strided;   /* 3x3 stride 2 pad 1 */

/* --- backward over the data of a 3x3 convolution ----------------------------------------------------------------------------------- */

struct conv_data_call {
    struct conv_shape shape; /* of the forward convolution, as in all of conv_data_kernel */
    const void *grad;        /* the loss's gradient by the outputs, [n][out_h][out_w][out_c] */
    const void *packed;      /* as pack() made it, 64-byte aligned */
    const void *residual;    /* NULL, or as dst: added to it; may be dst itself */
    void *dst;               /* the gradient by the inputs, [n][in_h][in_w][in_c] */
    void *scratch;           /* scratch_bytes(), 64-byte aligned, contents free */
    enum conv_type type;     /* of grad, residual and dst */
};

/* As conv_kernel: the same bits for any number of threads or images. */
struct conv_data_kernel {
    const char *name;
    bool (*takes)(const struct conv_shape *s);
    size_t (*packed_bytes)(const struct conv_shape *s);
    /* weights: the forward layer's, [out_c][in_c][3][3]. Uses pool_run() inside. */
    void (*pack)(void *packed, const float *weights, const struct conv_shape *s);
    size_t (*scratch_bytes)(const struct conv_shape *s, int threads);
    /* Uses pool_run() inside. */
    void (*run)(const struct conv_data_call *c);
};

/* in_c must be a multiple of 64 and out_c of 16. */
extern const struct conv_data_kernel conv_data_winograd4; /* stride 1 pad 1: conv_winograd4 with its backward packing */
extern const struct conv_data_kernel conv_data_winograd6; /* stride 1 pad 1: conv_winograd6 */
extern const struct conv_data_kernel conv_data_strided;   /* stride 2 pad 1, 81 products per 8x8 inputs where the definition needs 144 */

/* --- backward over the weights of a 3x3 convolution ------------------------------------------------------------------------------- */

struct conv_weights_call {
    struct conv_shape shape; /* of the forward convolution */
    const void *src;         /* the forward input, [n][in_h][in_w][in_c] */
    const void *grad;        /* the loss's gradient by the outputs, [n][out_h][out_w][out_c] */
    float *weights;          /* [out_c][in_c][3][3]: the gradient by the weights is ADDED to what is there */
    void *scratch;           /* scratch_bytes(), 64-byte aligned, contents free */
    enum conv_type type;     /* of src and grad */
};

/* As with conv_kernel, the same bits for any number of threads; the sums run over all images, so here the batch matters. */
struct conv_weights_kernel {
    const char *name;
    bool (*takes)(const struct conv_shape *s);
    size_t (*scratch_bytes)(const struct conv_shape *s, int threads);
    /* Uses pool_run() inside. */
    void (*run)(const struct conv_weights_call *c);
};

/* in_c and out_c must be multiples of 64. */
extern const struct conv_weights_kernel conv_weights_winograd4; /* stride 1 pad 1, on the tiles of F(4x4, 3x3) */
extern const struct conv_weights_kernel conv_weights_winograd6; /* stride 1 pad 1, on the tiles of F(6x6, 3x3) */
extern const struct conv_weights_kernel conv_weights_strided;   /* stride 2 pad 1 */

#endif
