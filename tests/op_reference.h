/* The engine's ops by their definitions: plain loops in double, from the formulas, sharing nothing with src/tensor. t_tensor.c compares the
 * forward passes with them, t_gradcheck.c differentiates them. Images are [n][h][w][c], rows of features [n][c]. Test code, above all
 * floors. */
#ifndef BMU_TESTS_OP_REFERENCE_H
#define BMU_TESTS_OP_REFERENCE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "tensor/graph.h"

enum { REF_PURPOSE = 99 }; /* of random numbers */

static inline float *random_floats(size_t n, uint32_t item) {
    float *x = mem_alloc_aligned(n + 1, sizeof *x, NULL);
    assert_non_null(x);
    const struct rng r = rng_make(7, REF_PURPOSE, item);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)rng_normal(&r, i);
    return x;
}

static inline double *zeros(size_t n) {
    double *x = mem_alloc(n + 1, sizeof *x, NULL);
    assert_non_null(x);
    return x;
}

static inline double *doubles_of(const float *x, size_t n) {
    double *d = zeros(n);
    for (size_t i = 0; i < n; i++)
        d[i] = (double)x[i];
    return d;
}

/* --- images ------------------------------------------------------------------------------------------------------------------ */

/* Padding is kernel / 2. weights_in_c 3 over in_c 1: the image stands for three equal channels. */
struct ref_conv {
    int n, h, w, in_c, weights_in_c, out_c, kernel, stride;
};

static inline int ref_side(int in, int kernel, int stride) {
    return (in + 2 * (kernel / 2) - kernel) / stride + 1;
}

static inline struct shape ref_conv_shape(const struct ref_conv *c) {
    return (struct shape){c->n, ref_side(c->h, c->kernel, c->stride), ref_side(c->w, c->kernel, c->stride), c->out_c};
}

/* Output pixel (i, j) of image n: y[o] = sum over a, u, v of x[stride i + u - pad][stride j + v - pad][a] w[o][a][u][v]. */
static inline void ref_conv_pixel(double *y, const double *x, const double *w, const struct ref_conv *c, int n, int i, int j) {
    const int k = c->kernel, pad = k / 2;
    for (int o = 0; o < c->out_c; o++)
        y[o] = 0;
    for (int u = 0; u < k; u++)
        for (int v = 0; v < k; v++) {
            const int row = i * c->stride + u - pad, column = j * c->stride + v - pad;
            if (row < 0 || row >= c->h || column < 0 || column >= c->w)
                continue;
            for (int a = 0; a < c->weights_in_c; a++) {
                const double value = x[((n * c->h + row) * c->w + column) * c->in_c + (c->in_c == 1 ? 0 : a)];
                const double *from = w + ((u * k + v) * c->weights_in_c + a) * c->out_c;
                for (int o = 0; o < c->out_c; o++)
                    y[o] += value * from[o];
            }
        }
}

/* w: [out_c][weights_in_c][kernel][kernel]. */
static inline void ref_conv(double *y, const double *x, const double *w, const struct ref_conv *c) {
    const struct shape s = ref_conv_shape(c);
    const int area = c->kernel * c->kernel, taps = c->weights_in_c * area;
    double *t = zeros((size_t)(c->out_c * taps)); /* [kernel][kernel][weights_in_c][out_c]: a dense inner loop */
    for (int o = 0; o < c->out_c; o++)
        for (int a = 0; a < c->weights_in_c; a++)
            for (int uv = 0; uv < area; uv++)
                t[(uv * c->weights_in_c + a) * c->out_c + o] = w[o * taps + a * area + uv];
    for (int n = 0; n < s.n; n++)
        for (int i = 0; i < s.h; i++)
            for (int j = 0; j < s.w; j++)
                ref_conv_pixel(y + ((n * s.h + i) * s.w + j) * s.c, x, t, c, n, i, j);
    free(t);
}

/* Over the batch's own statistics; the variance divides by the number of pixels. residual, mean, var [c] may be NULL. */
static inline void ref_batch_norm(double *y, const double *x, const double *gamma, const double *beta, const double *residual, int pixels,
                                  int c_all, double eps, bool relu, double *mean, double *var) {
    for (int c = 0; c < c_all; c++) {
        double m = 0, v = 0;
        for (int i = 0; i < pixels; i++)
            m += x[i * c_all + c] / pixels;
        for (int i = 0; i < pixels; i++)
            v += (x[i * c_all + c] - m) * (x[i * c_all + c] - m) / pixels;
        for (int i = 0; i < pixels; i++) {
            const int at = i * c_all + c;
            const double z = (x[at] - m) / sqrt(v + eps) * gamma[c] + beta[c] + (residual ? residual[at] : 0);
            y[at] = relu && z < 0 ? 0 : z;
        }
        if (mean)
            mean[c] = m;
        if (var)
            var[c] = v;
    }
}

/* 3x3, stride 2, pad 1. */
static inline void ref_max_pool(double *y, const double *x, struct shape s) {
    const int ph = ref_side(s.h, 3, 2), pw = ref_side(s.w, 3, 2);
    for (int i = 0; i < s.n * ph * pw; i++)
        for (int c = 0; c < s.c; c++) {
            double most = -INFINITY;
            for (int t = 0; t < 9; t++) {
                const int row = i / pw % ph * 2 + t / 3 - 1, column = i % pw * 2 + t % 3 - 1;
                if (row >= 0 && row < s.h && column >= 0 && column < s.w)
                    most = fmax(most, x[((i / (ph * pw) * s.h + row) * s.w + column) * s.c + c]);
            }
            y[i * s.c + c] = most;
        }
}

static inline void ref_mean_pool(double *y, const double *x, struct shape s) {
    for (int n = 0; n < s.n; n++)
        for (int c = 0; c < s.c; c++) {
            double sum = 0;
            for (int i = 0; i < s.h * s.w; i++)
                sum += x[(n * s.h * s.w + i) * s.c + c];
            y[n * s.c + c] = sum / (s.h * s.w);
        }
}

/* x [cells][c] -> e [cells][k] */
static inline void ref_evidence(double *e, const double *x, const double *w, const double *b, struct shape s, int k_all) {
    for (int cell = 0; cell < s.n * s.h * s.w; cell++)
        for (int k = 0; k < k_all; k++) {
            e[cell * k_all + k] = b[k];
            for (int c = 0; c < s.c; c++)
                e[cell * k_all + k] += w[k * s.c + c] * x[cell * s.c + c];
        }
}

/* The map weighted by softmax over its cells of (logsumexp of the lesions' channels - background), and its mean. */
static inline void ref_evidence_pool(double *y, const double *x, const double *e, struct shape s, int k_all) {
    const int cells = s.h * s.w;
    double *score = zeros((size_t)cells);
    for (int n = 0; n < s.n; n++) {
        double sum = 0;
        for (int i = 0; i < cells; i++) {
            const double *at = e + (n * cells + i) * k_all;
            double lesion = 0;
            for (int k = 1; k < k_all; k++)
                lesion += exp(at[k]);
            sum += score[i] = lesion / exp(at[0]);
        }
        for (int c = 0; c < s.c; c++) {
            y[n * 2 * s.c + c] = y[n * 2 * s.c + s.c + c] = 0;
            for (int i = 0; i < cells; i++) {
                y[n * 2 * s.c + c] += score[i] / sum * x[(n * cells + i) * s.c + c];
                y[n * 2 * s.c + s.c + c] += x[(n * cells + i) * s.c + c] / cells;
            }
        }
    }
    free(score);
}

/* Convolution 7x7/2, batch-norm over the batch, ReLU, maximum 3x3/2. mean, var: of the convolution's output. */
static inline void ref_stem(double *y, const double *x, const double *w, const double *gamma, const double *beta, const struct ref_conv *c,
                            double eps, double *mean, double *var) {
    const struct shape s = ref_conv_shape(c);
    double *conv = zeros(shape_count(s)), *norm = zeros(shape_count(s));
    ref_conv(conv, x, w, c);
    ref_batch_norm(norm, conv, gamma, beta, NULL, s.n * s.h * s.w, s.c, eps, true, mean, var);
    ref_max_pool(y, norm, s);
    free(conv);
    free(norm);
}

/* --- number by number ---------------------------------------------------------------------------------------------------------- */

static inline double ref_activation(double x, enum activation a) {
    return a == ACTIVATION_RELU ? fmax(x, 0) : a == ACTIVATION_GELU ? 0.5 * x * (1 + erf(x / sqrt(2))) : x;
}

/* Dropout's factor by its contract (tensor/op.h): from the seed, the step, the layer's name (FNV-1a, 32 bits) and the element alone. */
static inline double ref_dropout(uint64_t seed, uint32_t step, const char *layer, double p, size_t element) {
    uint32_t h = 2166136261U;
    for (; *layer; layer++)
        h = (h ^ (unsigned char)*layer) * 16777619U;
    const struct rng r = rng_make(seed, step, h);
    return rng_uniform(&r, element) < p ? 0 : 1 / (1 - p);
}

/* --- rows ------------------------------------------------------------------------------------------------------------------------ */

/* w: [out][in]; b may be NULL. */
static inline void ref_linear(double *y, const double *x, const double *w, const double *b, int rows, int in, int out) {
    for (int r = 0; r < rows; r++)
        for (int o = 0; o < out; o++) {
            double sum = b ? b[o] : 0;
            for (int i = 0; i < in; i++)
                sum += x[r * in + i] * w[o * in + i];
            y[r * out + o] = sum;
        }
}

static inline void ref_layer_norm(double *y, const double *x, const double *gamma, const double *beta, int rows, int c_all, double eps) {
    for (int r = 0; r < rows; r++) {
        const double *row = x + r * c_all;
        double mean = 0, var = 0;
        for (int c = 0; c < c_all; c++)
            mean += row[c] / c_all;
        for (int c = 0; c < c_all; c++)
            var += (row[c] - mean) * (row[c] - mean) / c_all;
        for (int c = 0; c < c_all; c++)
            y[r * c_all + c] = (row[c] - mean) / sqrt(var + eps) * gamma[c] + beta[c];
    }
}

/* Head h over the group of `tokens` rows that begins at x and y. factor [tokens][heads][GRAPH_GROUP_MAX]: dropout's; NULL: none. */
static inline void ref_head(double *y, const double *x, const double *factor, int tokens, int dim, int heads, int h) {
    const int d = dim / heads;
    for (int i = 0; i < tokens; i++) {
        double weight[GRAPH_GROUP_MAX], sum = 0;
        for (int j = 0; j < tokens; j++) {
            double dot = 0;
            for (int c = h * d; c < (h + 1) * d; c++)
                dot += x[i * 3 * dim + c] * x[j * 3 * dim + dim + c];
            sum += weight[j] = exp(dot / sqrt(d));
        }
        for (int c = h * d; c < (h + 1) * d; c++) {
            double z = 0;
            for (int j = 0; j < tokens; j++)
                z += weight[j] / sum * (factor ? factor[(i * heads + h) * GRAPH_GROUP_MAX + j] : 1) * x[j * 3 * dim + 2 * dim + c];
            y[i * dim + c] = z;
        }
    }
}

/* Rows of q, k, v: [3][dim]. */
static inline void ref_attention(double *y, const double *x, const double *factor, int dim, int heads, struct groups groups) {
    for (int group = 0, first = 0; group < groups.n; first += groups.rows[group++])
        for (int h = 0; h < heads; h++)
            ref_head(y + first * dim, x + first * 3 * dim, factor ? factor + first * heads * GRAPH_GROUP_MAX : NULL, groups.rows[group],
                     dim, heads, h);
}

static inline void ref_mean_rows(double *y, const double *x, int c_all, struct groups groups) {
    for (int group = 0, first = 0; group < groups.n; first += groups.rows[group++])
        for (int c = 0; c < c_all; c++) {
            double sum = 0;
            for (int r = first; r < first + groups.rows[group]; r++)
                sum += x[r * c_all + c];
            y[group * c_all + c] = sum / groups.rows[group];
        }
}

#endif
