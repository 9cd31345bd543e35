/* What the convolutions over tiles share (conv_tiled.c, conv_pack.c, conv_data.c, conv_weights.c): the bilinear algorithms with their
 * transposes, where tiles lie, and the transform of a tile of pixels into points. Floor 1. Internal to conv_*.c.
 *
 * Y = A^T [ sum over c of (G w G^T) . (B^T x B) ] A on tiles (Winograd 1980; Lavin & Gray, CVPR 2016): an input tile of P x P pixels
 * becomes Q x Q points per channel, at each point the channels are one matrix product, and Q x Q points become M x M outputs.
 * Multiplications per output of F(6x6,3x3), F(4x4,3x3) and stride 2: 64/36, 36/16 and 81/16 where the definition needs 9.
 */
#ifndef BMU_KERNEL_CONV_TILES_H
#define BMU_KERNEL_CONV_TILES_H

#include "kernel/conv_avx512.h"
#include "kernel/conv_kernel.h"

enum { POINTS_MAX = 9, TILE_MAX = 9, OUT_MAX = 8 };

typedef void transform(const __m512 *x, __m512 *y);

/* Where the tiles of a tensor lie, in one dimension: tile t has `size` pixels from t * step - pad on; those outside the tensor are zero. */
struct view {
    int size, step, pad;
};

/* One algorithm in one dimension; two dimensions are two passes of it. */
struct algorithm {
    int points; /* Q */
    struct view in, out;
    const double (*g)[3]; /* G */
};

/* --- the algorithms: B^T, A^T and A (*_gradient: outputs' gradient to points) written out, G as a table ------------------------------- */

/* points 0, 1, -1, 2, -2, 1/2, -1/2, infinity */
static const double f6_g[][3] = {{1, 0, 0},
                                 {-2.0 / 9, -2.0 / 9, -2.0 / 9},
                                 {-2.0 / 9, 2.0 / 9, -2.0 / 9},
                                 {1.0 / 90, 1.0 / 45, 2.0 / 45},
                                 {1.0 / 90, -1.0 / 45, 2.0 / 45},
                                 {32.0 / 45, 16.0 / 45, 8.0 / 45},
                                 {32.0 / 45, -16.0 / 45, 8.0 / 45},
                                 {0, 0, 1}};
static const struct algorithm f6 = {8, {8, 6, 1}, {6, 6, 0}, f6_g};

#define K(v) _mm512_set1_ps(v)
#define FMA(a, b, c) _mm512_fmadd_ps(a, b, c)
#define FNMA(a, b, c) _mm512_fnmadd_ps(a, b, c) /* c - a b */
#define ADD(a, b) _mm512_add_ps(a, b)
#define SUB(a, b) _mm512_sub_ps(a, b)

INLINE void f6_input(const __m512 *x, __m512 *y) {
    y[0] = FMA(SUB(x[4], x[2]), K(5.25F), SUB(x[0], x[6]));
    y[7] = FMA(SUB(x[3], x[5]), K(5.25F), SUB(x[7], x[1]));
    __m512 even = FNMA(x[4], K(4.25F), ADD(x[2], x[6])), odd = FNMA(x[3], K(4.25F), ADD(x[1], x[5]));
    y[1] = ADD(even, odd);
    y[2] = SUB(even, odd);
    even = FNMA(x[4], K(1.25F), FMA(x[2], K(0.25F), x[6]));
    odd = FMA(x[5], K(2.0F), FNMA(x[3], K(2.5F), _mm512_mul_ps(x[1], K(0.5F))));
    y[3] = ADD(even, odd);
    y[4] = SUB(even, odd);
    even = FMA(FNMA(x[4], K(1.25F), x[2]), K(4.0F), x[6]);
    odd = FMA(x[1], K(2.0F), FNMA(x[3], K(2.5F), _mm512_mul_ps(x[5], K(0.5F))));
    y[5] = ADD(even, odd);
    y[6] = SUB(even, odd);
}

INLINE void f6_output(const __m512 *x, __m512 *y) {
    const __m512 s1 = ADD(x[1], x[2]), d1 = SUB(x[1], x[2]), s2 = ADD(x[3], x[4]), d2 = SUB(x[3], x[4]), s3 = ADD(x[5], x[6]),
                 d3 = SUB(x[5], x[6]);
    y[0] = ADD(ADD(x[0], s1), ADD(s2, s3));
    y[1] = FMA(d3, K(0.5F), FMA(d2, K(2.0F), d1));
    y[2] = FMA(s3, K(0.25F), FMA(s2, K(4.0F), s1));
    y[3] = FMA(d3, K(0.125F), FMA(d2, K(8.0F), d1));
    y[4] = FMA(s3, K(0.0625F), FMA(s2, K(16.0F), s1));
    y[5] = ADD(FMA(d3, K(0.03125F), FMA(d2, K(32.0F), d1)), x[7]);
}

INLINE void f6_gradient(const __m512 *x, __m512 *y) {
    __m512 even = ADD(x[0], ADD(x[2], x[4])), odd = ADD(x[1], ADD(x[3], x[5]));
    y[0] = x[0];
    y[1] = ADD(even, odd);
    y[2] = SUB(even, odd);
    even = FMA(x[4], K(16.0F), FMA(x[2], K(4.0F), x[0]));
    odd = FMA(x[5], K(32.0F), FMA(x[3], K(8.0F), ADD(x[1], x[1])));
    y[3] = ADD(even, odd);
    y[4] = SUB(even, odd);
    even = FMA(x[4], K(0.0625F), FMA(x[2], K(0.25F), x[0]));
    odd = FMA(x[5], K(0.03125F), FMA(x[3], K(0.125F), _mm512_mul_ps(x[1], K(0.5F))));
    y[5] = ADD(even, odd);
    y[6] = SUB(even, odd);
    y[7] = x[5];
}

/* points 0, 1, -1, 2, -2, infinity */
static const double f4_g[][3] = {{0.25, 0, 0},
                                 {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                                 {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                 {1.0 / 24, 1.0 / 12, 1.0 / 6},
                                 {1.0 / 24, -1.0 / 12, 1.0 / 6},
                                 {0, 0, 1}};
static const struct algorithm f4 = {6, {6, 4, 1}, {4, 4, 0}, f4_g};

INLINE void f4_input(const __m512 *x, __m512 *y) {
    y[0] = FMA(x[0], K(4.0F), FNMA(x[2], K(5.0F), x[4]));
    const __m512 a = FNMA(x[2], K(4.0F), x[4]), b = FNMA(x[1], K(4.0F), x[3]), c = SUB(x[4], x[2]), d = SUB(x[3], x[1]);
    y[1] = ADD(a, b);
    y[2] = SUB(a, b);
    y[3] = FMA(d, K(2.0F), c);
    y[4] = FNMA(d, K(2.0F), c);
    y[5] = FMA(x[1], K(4.0F), FNMA(x[3], K(5.0F), x[5]));
}

INLINE void f4_output(const __m512 *x, __m512 *y) {
    const __m512 s1 = ADD(x[1], x[2]), d1 = SUB(x[1], x[2]), s2 = ADD(x[3], x[4]), d2 = SUB(x[3], x[4]);
    y[0] = ADD(x[0], ADD(s1, s2));
    y[1] = FMA(d2, K(2.0F), d1);
    y[2] = FMA(s2, K(4.0F), s1);
    y[3] = ADD(FMA(d2, K(8.0F), d1), x[5]);
}

INLINE void f4_gradient(const __m512 *x, __m512 *y) {
    __m512 even = ADD(x[0], x[2]), odd = ADD(x[1], x[3]);
    y[0] = x[0];
    y[1] = ADD(even, odd);
    y[2] = SUB(even, odd);
    even = FMA(x[2], K(4.0F), x[0]);
    odd = FMA(x[3], K(8.0F), ADD(x[1], x[1]));
    y[3] = ADD(even, odd);
    y[4] = SUB(even, odd);
    y[5] = x[3];
}

/* Stride 2: y_i = w0 e_i + w2 e_(i+1) + w1 o_i over the even and odd inputs e, o. The even part is F(4,2) with points 0, 1, -1, 2,
 * infinity; the odd part is four plain products. */
static const double s2_g[][3] = {
    {0.5, 0, 0}, {-0.5, 0, -0.5}, {-1.0 / 6, 0, 1.0 / 6}, {1.0 / 6, 0, 1.0 / 3}, {0, 0, 1}, {0, 1, 0}, {0, 1, 0}, {0, 1, 0}, {0, 1, 0}};
static const struct algorithm s2 = {9, {9, 8, 1}, {4, 4, 0}, s2_g};

/* B^T of F(4,2) */
INLINE void pair_input(__m512 e0, __m512 e1, __m512 e2, __m512 e3, __m512 e4, __m512 *y) {
    y[0] = FMA(SUB(e0, e2), K(2.0F), SUB(e3, e1));
    y[1] = FNMA(e1, K(2.0F), SUB(e3, e2));
    y[2] = FNMA(e2, K(3.0F), FMA(e1, K(2.0F), e3));
    y[3] = SUB(e3, e1);
    y[4] = FMA(SUB(e1, e3), K(2.0F), SUB(e4, e2));
}

INLINE void s2_input(const __m512 *x, __m512 *y) {
    pair_input(x[0], x[2], x[4], x[6], x[8], y);
    y[5] = x[1];
    y[6] = x[3];
    y[7] = x[5];
    y[8] = x[7];
}

INLINE void s2_output(const __m512 *x, __m512 *y) {
    const __m512 s = ADD(x[1], x[2]), d = SUB(x[1], x[2]);
    y[0] = ADD(ADD(x[0], s), ADD(x[3], x[5]));
    y[1] = ADD(FMA(x[3], K(2.0F), d), x[6]);
    y[2] = ADD(FMA(x[3], K(4.0F), s), x[7]);
    y[3] = ADD(ADD(FMA(x[3], K(8.0F), d), x[4]), x[8]);
}

INLINE void s2_gradient(const __m512 *x, __m512 *y) {
    const __m512 even = ADD(x[0], x[2]), odd = ADD(x[1], x[3]);
    y[0] = x[0];
    y[1] = ADD(even, odd);
    y[2] = SUB(even, odd);
    y[3] = FMA(FMA(x[3], K(4.0F), x[1]), K(2.0F), FMA(x[2], K(4.0F), x[0]));
    y[4] = x[3];
    y[5] = x[0];
    y[6] = x[1];
    y[7] = x[2];
    y[8] = x[3];
}

/* Stride 2 backward, from the outputs' gradient dy to the inputs': dx_(2i) = w1 dy_i, dx_(2i+1) = w2 dy_i + w0 dy_(i+1). With the weights
 * rotated, the odd ones are the F(4,2) above and the even ones four plain products, so G is that of s2: 5 gradients give 8. */
static const struct algorithm s2_back = {9, {5, 4, 0}, {8, 8, 0}, s2_g};

INLINE void s2_back_input(const __m512 *x, __m512 *y) {
    pair_input(x[0], x[1], x[2], x[3], x[4], y);
    y[5] = x[0];
    y[6] = x[1];
    y[7] = x[2];
    y[8] = x[3];
}

INLINE void s2_back_output(const __m512 *x, __m512 *y) {
    const __m512 s = ADD(x[1], x[2]), d = SUB(x[1], x[2]);
    y[0] = x[5];
    y[1] = ADD(x[0], ADD(s, x[3]));
    y[2] = x[6];
    y[3] = FMA(x[3], K(2.0F), d);
    y[4] = x[7];
    y[5] = FMA(x[3], K(4.0F), s);
    y[6] = x[8];
    y[7] = ADD(FMA(x[3], K(8.0F), d), x[4]);
}

/* --- where tiles lie -------------------------------------------------------------------------------------------------------------- */

/* The tiles of all images, row by row. */
struct tiling {
    int y, x; /* of one image */
    long count;
};

static inline struct tiling tiling_of(const struct conv_shape *s, const struct algorithm *a) {
    const int y = (s->out_h + a->out.size - 1) / a->out.size, x = (s->out_w + a->out.size - 1) / a->out.size;
    return (struct tiling){y, x, (long)s->n * y * x};
}

struct tile {
    long image;
    int y, x; /* tile coordinates */
};

static inline struct tile tile_at(const struct tiling *g, long i) {
    const long per_image = (long)g->y * g->x;
    return (struct tile){i / per_image, (int)(i % per_image / g->x), (int)(i % g->x)};
}

/* --- from pixels to points -------------------------------------------------------------------------------------------------------- */

/* A tensor [n][h][w][c]. */
struct pixels {
    const void *at;
    int h, w, c;
};

/* Channels first .. last of a tile, transformed in both directions into Q x Q points: v[point * v_step + channel - first]. */
INLINE void input_tile(const struct pixels *p, enum conv_type type, const struct view *view, int q, transform *input, struct tile t,
                       size_t first, size_t last, float *v, size_t v_step) {
    const int y0 = t.y * view->step - view->pad, x0 = t.x * view->step - view->pad, in = view->size;
    const size_t channels = (size_t)p->c, row = (size_t)p->w * channels;
    const void *image = activation(p->at, (size_t)t.image * (size_t)p->h * row, type);
    const bool inside = y0 >= 0 && x0 >= 0 && y0 + in <= p->h && x0 + in <= p->w;
    for (size_t ch = first; ch < last; ch += LANES) {
        __m512 rows[TILE_MAX][POINTS_MAX], x[TILE_MAX], y[POINTS_MAX];
        for (int i = 0; i < in; i++) {
            if (inside) {
                const size_t px = (size_t)(y0 + i) * row + (size_t)x0 * channels + ch;
#pragma GCC unroll 9
                for (int j = 0; j < in; j++)
                    x[j] = load_activations(image, px + (size_t)j * channels, type);
#pragma GCC unroll 9
                for (int j = 0; j < view->step; j++) /* the tile to the right comes next */
                    _mm_prefetch(activation(image, px + (size_t)(in + j) * channels, type), _MM_HINT_T0);
            } else {
                for (int j = 0; j < in; j++) {
                    const bool there = y0 + i >= 0 && y0 + i < p->h && x0 + j >= 0 && x0 + j < p->w;
                    const size_t px = (size_t)(y0 + i) * row + (size_t)(x0 + j) * channels + ch;
                    x[j] = there ? load_activations(image, px, type) : _mm512_setzero_ps();
                }
            }
            input(x, rows[i]);
        }
#pragma GCC unroll 1
        for (int j = 0; j < q; j++) {
#pragma GCC unroll 9
            for (int i = 0; i < in; i++)
                x[i] = rows[i][j];
            input(x, y);
#pragma GCC unroll 9
            for (int i = 0; i < q; i++)
                _mm512_store_ps(v + (size_t)(i * q + j) * v_step + ch - first, y[i]);
        }
    }
}

/* --- weights to points (conv_pack.c) ---------------------------------------------------------------------------------------------- */

/* U = G w G^T as U[column block][point][in_c][GEMM_COLS]: Q * Q * in_c * out_c floats. weights: [out_c][in_c][3][3]; backward: those of the
 * forward layer, [in_c][out_c][3][3], transposed and rotated by 180 degrees on the way. Needs AVX-512. */
void tiles_pack(float *packed, const float *weights, const struct conv_shape *s, const struct algorithm *a, bool backward);

/* The kernel of s2_back; its shapes are backward ones (conv_data.c). Has no pack. */
extern const struct conv_kernel conv_strided_back;

#endif
