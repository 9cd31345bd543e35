/* Convolutions by fast bilinear algorithms over tiles: Winograd F(6x6,3x3) and F(4x4,3x3), and 3x3 stride 2 by polyphase + F(4,2). Floor 1.
 *
 * All three are Y = A^T [ sum over c of (G w G^T) . (B^T x B) ] A on tiles (Winograd 1980; Lavin & Gray, CVPR 2016): an input tile of P x P
 * pixels becomes Q x Q points per channel, at each point the channels are one matrix product (tiles x in_c) (in_c x out_c), and Q x Q
 * points become M x M outputs. Multiplications per output: 64/36, 36/16 and 81/16 where the definition needs 9.
 *
 * A block of T tiles: all its channels are transformed into V[point][tile][in_c]; then for each COLS output channels they are multiplied
 * point by point into S[point][tile][COLS], and that is transformed to pixels, with bias and residual added and cut at ReLU. Each thread
 * has its own blocks. Each product fetches ahead, a few lines at a time, what later ones read: its share of the next point's weights (up to
 * 67 MB, so they come from memory), the next point's tiles, and pixels of the next block. That hides them behind the arithmetic whatever
 * the number of channels, so one size of block suits all shapes. Only where one block holds all tiles and there are many channels do the
 * threads fill one V together and divide the output channels, so that the weights are streamed once.
 * An output's operations and their order depend on nothing but its tile: not on threads, images or T.
 */

#include "base/pool.h"
#include "tensor/conv_avx512.h"
#include "tensor/conv_kernel.h"

enum { COLS = GEMM_COLS, ROWS = GEMM_ROWS, POINTS_MAX = 9, TILE_MAX = 9, OUT_MAX = 6 };

typedef void transform(const __m512 *x, __m512 *y);

/* One algorithm in one dimension; two dimensions are two passes of it. */
struct algorithm {
    int in, points, out, step, stride; /* P, Q, M; input pixels from tile to tile; the convolution's stride */
    double g[POINTS_MAX][3];           /* G */
};

/* --- the three algorithms: B^T and A^T written out, G as a table ---------------------------------------------------------------- */

/* points 0, 1, -1, 2, -2, 1/2, -1/2, infinity */
static const struct algorithm f6 = {8,
                                    8,
                                    6,
                                    6,
                                    1,
                                    {{1, 0, 0},
                                     {-2.0 / 9, -2.0 / 9, -2.0 / 9},
                                     {-2.0 / 9, 2.0 / 9, -2.0 / 9},
                                     {1.0 / 90, 1.0 / 45, 2.0 / 45},
                                     {1.0 / 90, -1.0 / 45, 2.0 / 45},
                                     {32.0 / 45, 16.0 / 45, 8.0 / 45},
                                     {32.0 / 45, -16.0 / 45, 8.0 / 45},
                                     {0, 0, 1}}};

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

/* points 0, 1, -1, 2, -2, infinity */
static const struct algorithm f4 = {6,
                                    6,
                                    4,
                                    4,
                                    1,
                                    {{0.25, 0, 0},
                                     {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                                     {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                     {1.0 / 24, 1.0 / 12, 1.0 / 6},
                                     {1.0 / 24, -1.0 / 12, 1.0 / 6},
                                     {0, 0, 1}}};

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

/* Stride 2: y_i = w0 e_i + w2 e_(i+1) + w1 o_i over the even and odd inputs e, o. The even part is F(4,2) with points 0, 1, -1, 2,
 * infinity; the odd part is four plain products. */
static const struct algorithm s2 = {
    9,
    9,
    4,
    8,
    2,
    {{0.5, 0, 0}, {-0.5, 0, -0.5}, {-1.0 / 6, 0, 1.0 / 6}, {1.0 / 6, 0, 1.0 / 3}, {0, 0, 1}, {0, 1, 0}, {0, 1, 0}, {0, 1, 0}, {0, 1, 0}}};

INLINE void s2_input(const __m512 *x, __m512 *y) {
    const __m512 e0 = x[0], e1 = x[2], e2 = x[4], e3 = x[6], e4 = x[8];
    y[0] = FMA(SUB(e0, e2), K(2.0F), SUB(e3, e1));
    y[1] = FNMA(e1, K(2.0F), SUB(e3, e2));
    y[2] = FNMA(e2, K(3.0F), FMA(e1, K(2.0F), e3));
    y[3] = SUB(e3, e1);
    y[4] = FMA(SUB(e1, e3), K(2.0F), SUB(e4, e2));
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

/* --- geometry --------------------------------------------------------------------------------------------------------------------- */

enum { SHARED_IN_C = 256 };
enum { BLOCK = 48 };                    /* tiles: eight products share a point's weights */
#define SHARED_BYTES ((size_t)16 << 20) /* of the V of all threads: half a third-level cache */

struct geometry {
    int tiles_y, tiles_x;
    long tiles, block;     /* block: T, a multiple of ROWS */
    bool shared;           /* one V and one block for all threads */
    size_t v_step, s_step; /* floats from point to point; not a multiple of a page */
    size_t v_size, s_size; /* floats of all points */
};

static struct geometry geometry_of(const struct conv_shape *s, const struct algorithm *a) {
    struct geometry g;
    const size_t points = (size_t)(a->points * a->points), tile_bytes = points * (size_t)s->in_c * sizeof(float);
    g.tiles_y = (s->out_h + a->out - 1) / a->out;
    g.tiles_x = (s->out_w + a->out - 1) / a->out;
    g.tiles = (long)s->n * g.tiles_y * g.tiles_x;
    g.shared = s->in_c >= SHARED_IN_C && (size_t)g.tiles <= SHARED_BYTES / tile_bytes;
    const long blocks = g.shared ? 1 : (g.tiles + BLOCK - 1) / BLOCK;
    g.block = ((g.tiles + blocks - 1) / blocks + ROWS - 1) / ROWS * ROWS;
    g.v_step = (size_t)g.block * (size_t)s->in_c + LANES;
    g.s_step = (size_t)g.block * COLS + LANES;
    g.v_size = points * g.v_step;
    g.s_size = points * g.s_step;
    return g;
}

/* V of each thread or of all, then S of each thread. */
static size_t scratch_bytes(const struct conv_shape *s, const struct algorithm *a, int threads) {
    const struct geometry g = geometry_of(s, a);
    return ((size_t)(g.shared ? 1 : threads) * g.v_size + (size_t)threads * g.s_size) * sizeof(float);
}

/* --- packing: U[column block][point][in_c][COLS] ---------------------------------------------------------------------------------- */

static void pack(float *packed, const float *weights, const struct conv_shape *s, const struct algorithm *a) {
    const size_t in_c = (size_t)s->in_c;
    const int q = a->points;
    for (size_t o = 0; o < (size_t)s->out_c; o++)
        for (size_t c = 0; c < in_c; c++) {
            const float *w = weights + (o * in_c + c) * 9;
            double rows[POINTS_MAX][3];
            for (int i = 0; i < q; i++)
                for (int k = 0; k < 3; k++)
                    rows[i][k] = a->g[i][0] * (double)w[k] + a->g[i][1] * (double)w[3 + k] + a->g[i][2] * (double)w[6 + k];
            for (int i = 0; i < q; i++)
                for (int j = 0; j < q; j++) {
                    const size_t point = (size_t)(i * q + j);
                    packed[((o / COLS * (size_t)(q * q) + point) * in_c + c) * COLS + o % COLS] =
                        (float)(rows[i][0] * a->g[j][0] + rows[i][1] * a->g[j][1] + rows[i][2] * a->g[j][2]);
                }
        }
}

/* --- one block of tiles ------------------------------------------------------------------------------------------------------------ */

struct tile {
    long image;
    int y, x; /* tile coordinates */
};

static struct tile tile_at(const struct geometry *g, long i) {
    const long per_image = (long)g->tiles_y * g->tiles_x;
    return (struct tile){i / per_image, (int)(i % per_image / g->tiles_x), (int)(i % g->tiles_x)};
}

INLINE void input_tile(const struct conv_call *c, const struct algorithm *a, transform *input, struct tile t, float *v, size_t v_step) {
    const struct conv_shape *s = &c->shape;
    const int y0 = t.y * a->step - 1, x0 = t.x * a->step - 1, in = a->in, q = a->points;
    const size_t in_c = (size_t)s->in_c, row = (size_t)s->in_w * in_c;
    const float *image = c->src + (size_t)t.image * (size_t)s->in_h * row;
    const bool inside = y0 >= 0 && x0 >= 0 && y0 + in <= s->in_h && x0 + in <= s->in_w;
    for (size_t ch = 0; ch < in_c; ch += LANES) {
        __m512 rows[TILE_MAX][POINTS_MAX], x[TILE_MAX], y[POINTS_MAX];
        for (int i = 0; i < in; i++) {
            if (inside) {
                const float *px = image + (size_t)(y0 + i) * row + (size_t)x0 * in_c + ch;
#pragma GCC unroll 9
                for (int j = 0; j < in; j++)
                    x[j] = _mm512_load_ps(px + (size_t)j * in_c);
#pragma GCC unroll 9
                for (int j = 0; j < a->step; j++) /* the tile to the right comes next */
                    _mm_prefetch(px + (size_t)(in + j) * in_c, _MM_HINT_T0);
            } else {
                for (int j = 0; j < in; j++) {
                    const bool there = y0 + i >= 0 && y0 + i < s->in_h && x0 + j >= 0 && x0 + j < s->in_w;
                    x[j] = there ? _mm512_load_ps(image + (size_t)(y0 + i) * row + (size_t)(x0 + j) * in_c + ch) : _mm512_setzero_ps();
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
                _mm512_store_ps(v + (size_t)(i * q + j) * v_step + ch, y[i]);
        }
    }
}

/* One row of an output tile: width pixels, LANES channels. */
INLINE void output_row(__m512 *y, int width, const struct conv_call *c, size_t at, size_t out_c, __m512 bias, bool stream) {
    const __m512 floor = c->relu ? _mm512_setzero_ps() : K(-__builtin_inff());
#pragma GCC unroll 6
    for (int j = 0; j < width; j++) {
        const size_t px = at + (size_t)j * out_c;
        y[j] = ADD(y[j], bias);
        if (c->residual) {
            y[j] = ADD(y[j], _mm512_load_ps(c->residual + px));
            _mm_prefetch(c->residual + px + (size_t)width * out_c, _MM_HINT_T0); /* the tile to the right comes next */
        }
        y[j] = _mm512_max_ps(y[j], floor);
        if (stream)
            _mm512_stream_ps(c->dst + px, y[j]);
        else
            _mm512_store_ps(c->dst + px, y[j]);
    }
}

INLINE void output_tile(const struct conv_call *c, const struct algorithm *a, transform *output, struct tile t, const float *s,
                        size_t s_step, size_t column, bool stream) {
    const struct conv_shape *shape = &c->shape;
    const int q = a->points, out = a->out, y0 = t.y * out, x0 = t.x * out;
    const size_t out_c = (size_t)shape->out_c, row = (size_t)shape->out_w * out_c;
    const int height = shape->out_h - y0 < out ? shape->out_h - y0 : out, width = shape->out_w - x0 < out ? shape->out_w - x0 : out;
    const size_t at = ((size_t)t.image * (size_t)shape->out_h + (size_t)y0) * row + (size_t)x0 * out_c + column;
    for (size_t k = 0; k < COLS; k += LANES) {
        __m512 half[OUT_MAX][POINTS_MAX], x[POINTS_MAX], y[OUT_MAX];
        const __m512 bias = _mm512_load_ps(c->bias + column + k);
#pragma GCC unroll 1
        for (int j = 0; j < q; j++) {
#pragma GCC unroll 9
            for (int i = 0; i < q; i++)
                x[i] = _mm512_load_ps(s + (size_t)(i * q + j) * s_step + k);
            output(x, y);
#pragma GCC unroll 6
            for (int i = 0; i < out; i++)
                half[i][j] = y[i];
        }
#pragma GCC unroll 1
        for (int i = 0; i < height; i++) {
            output(half[i], y);
            if (width == out)
                output_row(y, out, c, at + (size_t)i * row + k, out_c, bias, stream);
            else
                output_row(y, width, c, at + (size_t)i * row + k, out_c, bias, stream);
        }
    }
}

/* Tiles first .. first + count of a block into V. */
INLINE void input_block(const struct conv_call *c, const struct algorithm *a, transform *input, const struct geometry *g, float *v,
                        long block, long first, long last) {
    for (long t = first; t < last; t++)
        input_tile(c, a, input, tile_at(g, block + t), v + (size_t)t * (size_t)c->shape.in_c, g->v_step);
}

/* Addresses to fetch ahead from, which may lie outside what they are counted from. */
static uintptr_t address(const float *base, long floats) {
    return (uintptr_t)base + (uintptr_t)(floats * (long)sizeof(float));
}

static uintptr_t pixel_row(const struct conv_call *c, const struct algorithm *a, struct tile t, long i) {
    const struct conv_shape *s = &c->shape;
    const long pixel = (t.image * s->in_h + t.y * a->step - 1 + i) * s->in_w + t.x * a->step - 1;
    return address(c->src, pixel * s->in_c);
}

/* The products of COLS output channels of a block: V to S. `more` tiles follow the block; their pixels are fetched over all columns. */
INLINE void multiply_block(const struct conv_call *c, const struct algorithm *a, const struct geometry *g, const float *v, float *s,
                           long block, long count, long more, size_t column) {
    const long in_c = c->shape.in_c, columns = c->shape.out_c / COLS;
    const long points = a->points * a->points, products = (count + ROWS - 1) / ROWS;
    const long lines = (GEMM_VECS * LANES + products - 1) / products; /* of weights, per product and LANES of k */
    const float *u = (const float *)c->packed + (long)column * points * in_c;
    long turn = (long)(column / COLS) * points * products;
    for (long point = 0; point < points; point++, u += in_c * COLS)
        for (long t = 0; t < products; t++, turn++) { /* the last rows may be stale: computed, never read */
            const float *rows = v + point * (long)g->v_step + t * ROWS * in_c;
            struct gemm_ahead ahead[GEMM_AHEADS] = {{address(u, in_c * (COLS + t * lines)), (int)lines}, /* of the next point */
                                                    {address(rows, (long)g->v_step), ROWS}};
            const long item = turn / columns;
            if (turn % columns == 0 && item < more * a->in) /* of the next block */
                ahead[2] = (struct gemm_ahead){pixel_row(c, a, tile_at(g, block + count + item / a->in), item % a->in), a->in};
            gemm(rows, (size_t)in_c, (size_t)in_c, u, s + point * (long)g->s_step + t * ROWS * COLS, ahead);
        }
}

/* COLS output channels of a block of `count` tiles, which `more` follow. */
INLINE void output_block(const struct conv_call *c, const struct algorithm *a, transform *output, const struct geometry *g, const float *v,
                         float *s, long block, long count, long more, size_t column) {
    const bool stream = conv_streams(&c->shape);
    multiply_block(c, a, g, v, s, block, count, more, column);
    for (long t = 0; t < count; t++) {
        if (stream)
            output_tile(c, a, output, tile_at(g, block + t), s + (size_t)t * COLS, g->s_step, column, true);
        else
            output_tile(c, a, output, tile_at(g, block + t), s + (size_t)t * COLS, g->s_step, column, false);
    }
    if (stream)
        _mm_sfence(); /* streamed stores are seen by the other threads only after it */
}

struct job {
    const struct conv_call *call;
    struct geometry g;
    float *v, *s;
};

/* Thread i of n does its share of tiles from start to end. */
INLINE void run_own(struct job *j, const struct algorithm *a, transform *input, transform *output, int i, int n) {
    long first, last;
    float *v = j->v + (size_t)i * j->g.v_size, *s = j->s + (size_t)i * j->g.s_size;
    pool_share(j->g.tiles, i, n, &first, &last);
    for (long block = first; block < last; block += j->g.block) {
        const long left = last - block, count = left < j->g.block ? left : j->g.block;
        const long more = left - count < j->g.block ? left - count : j->g.block;
        input_block(j->call, a, input, &j->g, v, block, 0, count);
        for (size_t column = 0; column < (size_t)j->call->shape.out_c; column += COLS)
            output_block(j->call, a, output, &j->g, v, s, block, count, more, column);
    }
}

/* Few tiles, many channels: all threads fill V, ... */
INLINE void run_input(struct job *j, const struct algorithm *a, transform *input, int i, int n) {
    long first, last;
    pool_share(j->g.tiles, i, n, &first, &last);
    input_block(j->call, a, input, &j->g, j->v, 0, first, last);
}

/* ... then divide the output channels. */
INLINE void run_output(struct job *j, const struct algorithm *a, transform *output, int i, int n) {
    long first, last;
    pool_share(j->call->shape.out_c / COLS, i, n, &first, &last);
    for (long column = first; column < last; column++)
        output_block(j->call, a, output, &j->g, j->v, j->s + (size_t)i * j->g.s_size, 0, j->g.tiles, 0, (size_t)column * COLS);
}

typedef void share(void *ctx, int i, int n);

static void run(const struct conv_call *c, const struct algorithm *a, share *own, share *input, share *output) {
    struct job j = {.call = c, .g = geometry_of(&c->shape, a), .v = c->scratch};
    j.s = j.v + (size_t)(j.g.shared ? 1 : pool_threads()) * j.g.v_size;
    if (!j.g.shared) {
        pool_run(own, &j);
        return;
    }
    pool_run(input, &j);
    pool_run(output, &j);
}

/* --- the kernels ------------------------------------------------------------------------------------------------------------------- */

static bool takes(const struct conv_shape *s, int stride) {
    return s->kernel == 3 && s->stride == stride && s->pad == 1 && !s->pool && s->in_c % LANES == 0 && s->out_c % COLS == 0 && has_avx512();
}

#define KERNEL_OF(kernel, text, a, stride)                                                                                                 \
    static bool a##_takes(const struct conv_shape *s) {                                                                                    \
        return takes(s, stride);                                                                                                           \
    }                                                                                                                                      \
    static size_t a##_packed_bytes(const struct conv_shape *s) {                                                                           \
        return (size_t)(a.points * a.points) * (size_t)s->in_c * (size_t)s->out_c * sizeof(float);                                         \
    }                                                                                                                                      \
    static void a##_pack(void *packed, const float *weights, const struct conv_shape *s) {                                                 \
        pack(packed, weights, s, &a);                                                                                                      \
    }                                                                                                                                      \
    static size_t a##_scratch_bytes(const struct conv_shape *s, int threads) {                                                             \
        return scratch_bytes(s, &a, threads);                                                                                              \
    }                                                                                                                                      \
    KERNEL static void a##_own(void *ctx, int i, int n) {                                                                                  \
        run_own(ctx, &a, a##_input, a##_output, i, n);                                                                                     \
    }                                                                                                                                      \
    KERNEL static void a##_in(void *ctx, int i, int n) {                                                                                   \
        run_input(ctx, &a, a##_input, i, n);                                                                                               \
    }                                                                                                                                      \
    KERNEL static void a##_out(void *ctx, int i, int n) {                                                                                  \
        run_output(ctx, &a, a##_output, i, n);                                                                                             \
    }                                                                                                                                      \
    static void a##_run(const struct conv_call *c) {                                                                                       \
        run(c, &a, a##_own, a##_in, a##_out);                                                                                              \
    }                                                                                                                                      \
    const struct conv_kernel kernel = {text, a##_takes, a##_packed_bytes, a##_pack, a##_scratch_bytes, a##_run};

KERNEL_OF(conv_winograd6, "winograd 6x6", f6, 1)
KERNEL_OF(conv_winograd4, "winograd 4x4", f4, 1)
KERNEL_OF(conv_strided, "polyphase 4x4", s2, 2)
