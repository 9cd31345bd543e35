/* The stem in training: 7x7 stride 2 convolution without bias, batch-norm over the batch's own statistics, ReLU and 3x3 stride 2
 * max-pooling, forward and backward, without ever storing the convolution's output (376 MB for two mammograms). Floor 1.
 *
 * The convolution is linear, y = W p over patches p of K = in_c * 49 numbers, so what batch-norm must know of y follows from the patches'
 * second moments, which do not depend on the weights (Ioffe & Szegedy 2015 for batch-norm; the rest is algebra):
 *
 *   s = sum p, G = sum p p^T over N positions:   mean_c = W_c s / N,   var_c = W_c G W_c^T / N - mean_c^2
 *
 * and so does the gradient, once S_c = sum dz p and B_c = sum dz are known, dz being the gradient before the ReLU, which the pooling leaves
 * at one position of nine at most:
 *
 *   m1 = B_c / N,   m2 = rstd (W_c S_c - mean_c B_c) / N,   dgamma_c = N m2,   dbeta_c = B_c
 *   dW_c = gamma_c rstd (S_c - m1 s - m2 rstd (G W_c - mean_c s))
 *
 * Order of the calls in a step: stem_gram, stem_moments, stem_forward, ..., stem_backward, stem_gradients. Each of the five gives the same
 * bits whatever the number of threads. src is float32 [n][h][w][in_c], dense, any alignment, finite. What is pooled is [n][ph][pw][out_c],
 * 64-byte aligned. weights are float32 [out_c][in_c][7][7]. A tap is numbered as in the weights: (c * 7 + ky) * 7 + kx.
 */
#ifndef BMU_KERNEL_STEM_TRAIN_H
#define BMU_KERNEL_STEM_TRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stem_shape {
    int n, h, w, in_c; /* of the input */
    int out_c;
};

/* Stride 2 with the padding of both the convolution and the pooling: how many outputs along a side. */
static inline int stem_half(int side) {
    return (side - 1) / 2 + 1;
}
static inline int stem_pooled(int side) {
    return stem_half(stem_half(side));
}
/* K: taps of the window. */
static inline size_t stem_taps(const struct stem_shape *s) {
    return (size_t)s->in_c * 49;
}
/* N: outputs of the convolution per channel, in the whole batch. */
static inline size_t stem_positions(const struct stem_shape *s) {
    return (size_t)s->n * (size_t)stem_half(s->h) * (size_t)stem_half(s->w);
}
/* Numbers of the pooled output. */
static inline size_t stem_outputs(const struct stem_shape *s) {
    return (size_t)s->n * (size_t)stem_pooled(s->h) * (size_t)stem_pooled(s->w) * (size_t)s->out_c;
}

/* How what is pooled, and its gradient, are stored. STEM_BF16: the upper half of a float32, rounded to nearest even. */
enum stem_type { STEM_F32 = 0, STEM_BF16 = 1 };

/* No gradient flows here: the ReLU gave 0. */
enum { STEM_CUT = 255 };

/* 64 outputs from 1 or 3 inputs on a processor with AVX-512. The other functions may be called for such shapes only. */
bool stem_train_takes(const struct stem_shape *s);
/* Scratch memory (64-byte aligned, contents free) that suffices for each call below. threads: pool_threads() of that call. */
size_t stem_train_scratch_bytes(const struct stem_shape *s, int threads);

/* gram: [K][K], whole and symmetric; sum: [K]. Products and sums are in double: the products are exact. */
void stem_gram(double *gram, double *sum, const struct stem_shape *s, const float *src, void *scratch);
/* mean, var: [out_c], of the convolution's output, var biased (over N), never negative. */
void stem_moments(double *mean, double *var, const struct stem_shape *s, const double *gram, const double *sum, const float *weights);

/* dst = maxpool(relu(scale * conv(src, weights) + shift)), with scale, shift: [out_c], gamma * rstd and beta - mean * scale.
 * which: [n][ph][pw][out_c], 16-byte aligned: where the maximum was in the 3x3 window, row by row, 0 to 8, the first of equals, as in
 * PyTorch; or STEM_CUT. A channel whose shift is NaN is NaN. */
void stem_forward(void *dst, enum stem_type type, uint8_t *which, const struct stem_shape *s, const float *src, const float *weights,
                  const float *scale, const float *shift, void *scratch);

/* dz_patches: [out_c][K], S above; dz_sum: [out_c], B above. dpooled: the gradient of dst, stored as `type`; which: stem_forward's.
 * Sums run in float32 over 32 pixels at most, then in double. */
void stem_backward(double *dz_patches, double *dz_sum, const struct stem_shape *s, const void *dpooled, enum stem_type type,
                   const uint8_t *which, const float *src, void *scratch);

/* What the last step needs of the ones before. */
struct stem_step {
    const double *gram, *sum;          /* stem_gram */
    const double *mean, *var;          /* stem_moments */
    const double *dz_patches, *dz_sum; /* stem_backward */
    const float *weights, *gamma;      /* [out_c][in_c][7][7], [out_c] */
    double eps;                        /* rstd = 1 / sqrt(var + eps) */
};
/* dweights [out_c][in_c][7][7], dgamma and dbeta [out_c]: the gradients are ADDED. */
void stem_gradients(float *dweights, float *dgamma, float *dbeta, const struct stem_shape *s, const struct stem_step *step);

#endif
