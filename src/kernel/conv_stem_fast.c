/* The stem on one input channel with 13 multiplications where the definition has 28: polyphase + Toom-Cook along the rows. Floor 1.
 *
 * Along a row, four neighbouring outputs of a 7-tap filter with stride 2 are two filters with stride 1: the even taps over every second
 * pixel, F(4,4) with the points 0, 1, -1, 2, -2, 1/2, infinity, and the odd taps over the pixels between, F(4,3) with the same points but
 * 1/2. Where both have a point, A^T has the same column for both, so their products go into one sum, and with them those of the window's
 * seven rows:
 *
 *   y = A^T s,   s[point] = sum over ky of u_even[ky][point] v_even[ky][point] + u_odd[ky][point] v_odd[ky][point]
 *
 *   input rows -> ring of 16 rows, each as 13 transformed numbers per tile (four columns of the convolution)
 *              -> for TILES tiles and COLS channels: the seven sums in 2 TILES accumulators, point by point
 *              -> A^T and the maxima of neighbours, joined with those of the rows before, bias, ReLU: pooled row p
 *
 * The bias may come after the maximum because rounding keeps the order of sums. Error: about that of the definition in float32.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/pool.h"
#include "kernel/conv_avx512.h"
#include "kernel/conv_kernel.h"

enum { SIDE = 7, PAD = 3, TILES = 8, OUT = 4, STEP = 8, COLS = 32, RING = 16, POINTS = 7, SHARED = 5, TRANSFORMED = 13 };
enum { FEW = 5, ODD_INFINITY = TRANSFORMED - 1 };                 /* the point 1/2, which the odd taps have not; the odd taps' infinity */
enum { ROW_UNITS = POINTS * 2 - 1, BLOCK = TRANSFORMED * LANES }; /* per kernel row; floats of LANES tiles */

struct geometry {
    int conv_h, conv_w, blocks; /* blocks of TILES tiles in a row */
    size_t plane;               /* floats of every eighth pixel of an input row */
    size_t row;                 /* of a transformed row */
    size_t carry;               /* of a pooled row */
};

static struct geometry geometry_of(const struct conv_shape *s) {
    struct geometry g;
    g.conv_h = (s->in_h - 1) / 2 + 1;
    g.conv_w = (s->in_w - 1) / 2 + 1;
    const int tiles = (g.conv_w + OUT - 1) / OUT;
    g.blocks = (tiles + TILES - 1) / TILES;
    const size_t groups = ((size_t)tiles + LANES - 1) / LANES;
    g.plane = (groups + 1) * LANES; /* a tile reaches into the next one's pixels */
    g.row = groups * BLOCK;
    g.carry = (size_t)s->out_w * (size_t)s->out_c;
    return g;
}

/* The ring, a row of zeros, the padded input row, its planes, the sums of a block, its pooled upper row, the carry and the edges. */
static size_t scratch_floats(const struct geometry *g, size_t out_c) {
    return (RING + 1) * g->row + LANES + 2 * STEP * g->plane + POINTS * TILES * COLS + 2 * TILES * COLS + g->carry + 2 * out_c;
}

static bool stem_takes(const struct conv_shape *s) {
    return s->kernel == SIDE && s->stride == 2 && s->pad == PAD && s->pool && s->in_c == 1 && s->out_c % COLS == 0 && has_avx512();
}

static size_t stem_packed_bytes(const struct conv_shape *s) {
    return (size_t)s->out_c * SIDE * ROW_UNITS * sizeof(float);
}

_Static_assert(2 * TILES == LANES, "two blocks of tiles are transformed at a time");

/* G of F(4,4) and of F(4,3). */
static const double even_g[POINTS][4] = {{-1.0 / 2, 0, 0, 0},
                                         {-1.0 / 3, -1.0 / 3, -1.0 / 3, -1.0 / 3},
                                         {1.0 / 9, -1.0 / 9, 1.0 / 9, -1.0 / 9},
                                         {1.0 / 36, 1.0 / 18, 1.0 / 9, 2.0 / 9},
                                         {-1.0 / 60, 1.0 / 30, -1.0 / 15, 2.0 / 15},
                                         {32.0 / 45, 16.0 / 45, 8.0 / 45, 4.0 / 45},
                                         {0, 0, 0, 1}};
static const double odd_g[POINTS - 1][3] = {{1.0 / 4, 0, 0},
                                            {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                                            {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                            {1.0 / 24, 1.0 / 12, 1.0 / 6},
                                            {1.0 / 24, -1.0 / 12, 1.0 / 6},
                                            {0, 0, 1}};

/* [block of COLS outputs][point][ky][even, odd][COLS], in the order of use. */
static void stem_pack(void *packed, const float *weights, const struct conv_shape *s) {
    for (size_t o = 0; o < (size_t)s->out_c; o++) {
        float *to = (float *)packed + o / COLS * SIDE * ROW_UNITS * COLS + o % COLS;
        for (int p = 0; p < POINTS; p++)
            for (size_t ky = 0; ky < SIDE; ky++) {
                const float *w = weights + o * SIDE * SIDE + ky * SIDE;
                double even = 0, odd = 0;
                for (int k = 0; k < 4; k++)
                    even += even_g[p][k] * (double)w[2 * k];
                for (int k = 0; k < 3 && p != FEW; k++)
                    odd += odd_g[p < FEW ? p : p - 1][k] * (double)w[2 * k + 1];
                *to = (float)even;
                to += COLS;
                if (p == FEW)
                    continue;
                *to = (float)odd;
                to += COLS;
            }
    }
}

static size_t stem_scratch_bytes(const struct conv_shape *s, int threads) {
    const struct geometry g = geometry_of(s);
    return (size_t)threads * scratch_floats(&g, (size_t)s->out_c) * sizeof(float);
}

#define K(v) _mm512_set1_ps(v)
#define FMA(a, b, c) _mm512_fmadd_ps(a, K(b), c)
#define ADD(a, b) _mm512_add_ps(a, b)
#define SUB(a, b) _mm512_sub_ps(a, b)

/* B^T of F(4,4), every second pixel. */
INLINE void even_input(const __m512 x[7], float *v) {
    const __m512 h = FMA(x[3], -5.0F, FMA(x[1], 4.0F, x[5]));
    _mm512_store_ps(v + 5 * LANES, h);
    _mm512_store_ps(v + 0 * LANES, FMA(x[4], -0.5F, FMA(x[2], 2.5F, FMA(x[0], -2.0F, h))));
    _mm512_store_ps(v + 1 * LANES, FMA(SUB(x[1], x[2]), 2.0F, FMA(x[3], -4.5F, FMA(x[4], 0.5F, x[5]))));
    _mm512_store_ps(v + 2 * LANES, FMA(x[1], -2.0F, FMA(x[2], 6.0F, FMA(x[3], -3.5F, FMA(x[4], -1.5F, x[5])))));
    _mm512_store_ps(v + 3 * LANES, FMA(SUB(x[4], x[2]), 1.5F, FMA(x[3], -2.0F, ADD(x[1], x[5]))));
    _mm512_store_ps(v + 4 * LANES, FMA(SUB(x[2], x[4]), 2.5F, SUB(x[5], x[1])));
    _mm512_store_ps(v + 6 * LANES, FMA(x[1], -2.0F, FMA(x[2], 4.0F, FMA(x[3], 2.5F, FMA(x[4], -5.0F, FMA(x[5], -0.5F, x[6]))))));
}

/* B^T of F(4,3), the pixels between. */
INLINE void odd_input(const __m512 x[6], float *v) {
    const __m512 a = FMA(x[2], -4.0F, x[4]), b = FMA(x[1], -4.0F, x[3]), c = SUB(x[4], x[2]), d = SUB(x[3], x[1]);
    _mm512_store_ps(v + 0 * LANES, FMA(x[0], 4.0F, FMA(x[2], -5.0F, x[4])));
    _mm512_store_ps(v + 1 * LANES, ADD(a, b));
    _mm512_store_ps(v + 2 * LANES, SUB(a, b));
    _mm512_store_ps(v + 3 * LANES, FMA(d, 2.0F, c));
    _mm512_store_ps(v + 4 * LANES, FMA(d, -2.0F, c));
    _mm512_store_ps(v + 5 * LANES, FMA(x[1], 4.0F, FMA(x[3], -5.0F, x[5])));
}

/* One thread's place in one image. */
struct stem {
    const struct conv_call *call;
    struct geometry g;
    const float *image;
    float *ring, *zeros, *line, *planes, *sums, *upper, *carry, *edges;
    int have;  /* input rows below this one are in the ring, or have been */
    bool past; /* the result is larger than the caches: write past them, without reading what it replaces */
};

/* Every eighth pixel of the padded row to each of eight planes: three rounds of parting even from odd. */
INLINE void part(const struct stem *t) {
    const __m512i step = _mm512_set1_epi32(2);
    __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i odd = _mm512_add_epi32(even, _mm512_srli_epi32(step, 1));
    for (size_t i = 0; i < t->g.plane; i += LANES) {
        __m512 x[STEP], y[STEP];
#pragma GCC unroll 8
        for (int k = 0; k < STEP; k++)
            x[k] = _mm512_loadu_ps(t->line + LANES - PAD + STEP * i + (size_t)k * LANES);
#pragma GCC unroll 3
        for (int round = 0; round < 3; round++) {
#pragma GCC unroll 4
            for (int k = 0; k < STEP / 2; k++) {
                y[k] = _mm512_permutex2var_ps(x[2 * k], even, x[2 * k + 1]);
                y[STEP / 2 + k] = _mm512_permutex2var_ps(x[2 * k], odd, x[2 * k + 1]);
            }
#pragma GCC unroll 8
            for (int k = 0; k < STEP; k++)
                x[k] = y[k];
        }
#pragma GCC unroll 8
        for (int k = 0; k < STEP; k++)
            _mm512_store_ps(t->planes + (size_t)k * t->g.plane + i, x[k]);
    }
}

/* Input row y, transformed, to its place in the ring. */
INLINE void transform_row(const struct stem *t, int y) {
    const size_t width = (size_t)t->call->shape.in_w;
    memcpy(t->line + LANES, t->image + (size_t)y * width, width * sizeof(float));
    part(t);
    float *v = t->ring + (size_t)(y % RING) * t->g.row;
    for (size_t i = 0; i + LANES < t->g.plane; i += LANES, v += BLOCK) {
        const float *from = t->planes + i;
        __m512 even[7], odd[6];
#pragma GCC unroll 7
        for (size_t k = 0; k < 7; k++)
            even[k] = _mm512_loadu_ps(from + 2 * k % STEP * t->g.plane + 2 * k / STEP);
#pragma GCC unroll 6
        for (size_t k = 0; k < 6; k++)
            odd[k] = _mm512_loadu_ps(from + (2 * k + 1) % STEP * t->g.plane + (2 * k + 1) / STEP);
        even_input(even, v);
        odd_input(odd, v + POINTS * LANES);
    }
}

/* The window's seven rows for convolution row y, transformed where they are not there yet. */
INLINE void window(struct stem *t, int y, const float *rows[SIDE]) {
    const int in_h = t->call->shape.in_h;
    int first = 2 * y - PAD;
    if (t->have < first)
        t->have = first;
    for (; t->have < first + SIDE; t->have++)
        if (t->have >= 0 && t->have < in_h)
            transform_row(t, t->have);
    for (int k = 0; k < SIDE; k++, first++)
        rows[k] = first >= 0 && first < in_h ? t->ring + (size_t)(first % RING) * t->g.row : t->zeros;
}

/* TILES tiles by COLS channels: sum += v u. */
INLINE void accumulate(__m512 sum[TILES][2], const float *v, const float *u) {
    const __m512 u0 = _mm512_load_ps(u), u1 = _mm512_load_ps(u + LANES);
#pragma GCC unroll 16
    for (int t = 0; t < TILES; t++) {
        const __m512 x = K(v[t]);
        sum[t][0] = _mm512_fmadd_ps(x, u0, sum[t][0]);
        sum[t][1] = _mm512_fmadd_ps(x, u1, sum[t][1]);
    }
}

/* One point: over the rows, the even taps' product and, where there is one (odd > 0), the odd taps'. Returns the next point's u. */
INLINE const float *multiply(const float *const rows[SIDE], size_t even, size_t odd, const float *u, float *out) {
    __m512 sum[TILES][2];
#pragma GCC unroll 16
    for (int t = 0; t < TILES; t++)
        sum[t][0] = sum[t][1] = _mm512_setzero_ps();
    for (int ky = 0; ky < SIDE; ky++, u += COLS) {
        accumulate(sum, rows[ky] + even, u);
        if (odd) {
            u += COLS;
            accumulate(sum, rows[ky] + odd, u);
        }
    }
#pragma GCC unroll 16
    for (int t = 0; t < TILES; t++) {
        _mm512_store_ps(out + t * COLS, sum[t][0]);
        _mm512_store_ps(out + t * COLS + LANES, sum[t][1]);
    }
    return u;
}

/* All points of a block. */
INLINE void sums_of(const struct stem *t, const float *const rows[SIDE], int block, const float *u) {
    const float *at[SIDE];
    for (int k = 0; k < SIDE; k++)
        at[k] = rows[k] + (size_t)(block / 2) * BLOCK + (size_t)(block % 2) * TILES;
    float *out = t->sums;
    for (size_t p = 0; p < SHARED; p++, out += TILES * COLS)
        u = multiply(at, p * LANES, (POINTS + p) * LANES, u, out);
    u = multiply(at, FEW * LANES, 0, u, out);
    multiply(at, (POINTS - 1) * LANES, ODD_INFINITY * LANES, u, out + TILES * COLS);
}

/* A^T: four columns of the convolution, without the bias; those beyond the edge are -infinity. */
INLINE void outputs(const float *s, int valid, __m512 y[OUT]) {
    __m512 x[POINTS];
#pragma GCC unroll 7
    for (int p = 0; p < POINTS; p++)
        x[p] = _mm512_load_ps(s + p * TILES * COLS);
    const __m512 s1 = ADD(x[1], x[2]), d1 = SUB(x[1], x[2]), s2 = ADD(x[3], x[4]), d2 = SUB(x[3], x[4]);
    y[0] = ADD(ADD(x[0], s1), ADD(s2, x[5]));
    y[1] = FMA(x[5], 0.5F, FMA(d2, 2.0F, d1));
    y[2] = FMA(x[5], 0.25F, FMA(s2, 4.0F, s1));
    y[3] = ADD(FMA(x[5], 0.125F, FMA(d2, 8.0F, d1)), x[6]);
#pragma GCC unroll 4
    for (int k = 1; k < OUT; k++)
        y[k] = k < valid ? y[k] : K(-__builtin_inff());
}

enum place { UPPER, LOWER, ONLY, BEFORE }; /* which row of its pair; alone in the last pair; the row before the first pair */

/* One pooled pixel: the maxima `m` of this row joined with the rows above. */
INLINE void join(const struct stem *t, enum place place, __m512 m, __m512 bias, float *upper, float *carry, float *dst) {
    if (place == UPPER)
        _mm512_store_ps(upper, m);
    if (place == LOWER || place == ONLY) {
        __m512 all = _mm512_max_ps(m, _mm512_load_ps(carry));
        if (place == LOWER)
            all = _mm512_max_ps(all, _mm512_load_ps(upper));
        all = ADD(all, bias);
        if (t->call->relu)
            all = _mm512_max_ps(all, _mm512_setzero_ps());
        if (t->past)
            _mm512_stream_ps(dst, all);
        else
            _mm512_store_ps(dst, all);
    }
    if (place == LOWER || place == BEFORE)
        _mm512_store_ps(carry, m);
}

/* The sums of a block to pooled pixels of channels o .. o + COLS; dst is the pooled row. */
INLINE void pool_sums(const struct stem *t, int block, enum place place, size_t o, float *dst) {
    const struct conv_shape *s = &t->call->shape;
    const size_t out_c = (size_t)s->out_c;
    const int first = block * TILES, tiles = (t->g.conv_w + OUT - 1) / OUT, last = first + TILES < tiles ? first + TILES : tiles;
    float *edges = t->edges + (place == LOWER ? out_c : 0) + o;
    for (size_t c = 0; c < COLS; c += LANES) {
        const __m512 bias = _mm512_loadu_ps(t->call->bias + o + c);
        __m512 before = block ? _mm512_load_ps(edges + c) : K(-__builtin_inff());
        for (int tile = first; tile < last; tile++) {
            __m512 y[OUT];
            const int in_block = tile - first, valid = t->g.conv_w - tile * OUT;
            outputs(t->sums + in_block * COLS + (int)c, valid, y);
            float *upper = t->upper + 2 * in_block * COLS + (int)c;
            const size_t at = 2 * (size_t)tile * out_c + o + c;
            join(t, place, _mm512_max_ps(before, _mm512_max_ps(y[0], y[1])), bias, upper, t->carry + at, dst + at);
            if (valid > 2)
                join(t, place, _mm512_max_ps(y[1], _mm512_max_ps(y[2], y[3])), bias, upper + COLS, t->carry + at + out_c, dst + at + out_c);
            before = y[3];
        }
        _mm512_store_ps(edges + c, before);
    }
}

INLINE void pooled_block(const struct stem *t, const float *const rows[2][SIDE], int block, int n, float *dst) {
    const float *u = t->call->packed;
    for (size_t o = 0; o < (size_t)t->call->shape.out_c; o += COLS, u += (size_t)SIDE * ROW_UNITS * COLS) {
        sums_of(t, rows[0], block, u);
        if (n == 0) {
            pool_sums(t, block, BEFORE, o, dst);
        } else if (n == 1) {
            pool_sums(t, block, ONLY, o, dst);
        } else {
            pool_sums(t, block, UPPER, o, dst);
            sums_of(t, rows[1], block, u);
            pool_sums(t, block, LOWER, o, dst);
        }
    }
}

/* Pooled rows [first, last) of one image, to dst. */
KERNEL static void pooled_rows(struct stem *t, float *dst, int first, int last) {
    const float *rows[2][SIDE];
    t->have = 0;
    if (first == 0) {
        for (size_t i = 0; i < t->g.carry; i++)
            t->carry[i] = -__builtin_inff();
    } else {
        window(t, 2 * first - 1, rows[0]);
        for (int b = 0; b < t->g.blocks; b++)
            pooled_block(t, rows, b, 0, dst);
    }
    for (int p = first; p < last; p++, dst += t->g.carry) {
        const int n = 2 * p + 1 < t->g.conv_h ? 2 : 1;
        for (int k = 0; k < n; k++)
            window(t, 2 * p + k, rows[k]);
        for (int b = 0; b < t->g.blocks; b++)
            pooled_block(t, rows, b, n, dst);
    }
}

KERNEL static void share(void *ctx, int i, int n) {
    const struct conv_call *c = ctx;
    const struct conv_shape *s = &c->shape;
    struct stem t = {.call = c, .g = geometry_of(s)};
    t.ring = (float *)c->scratch + (size_t)i * scratch_floats(&t.g, (size_t)s->out_c);
    t.zeros = t.ring + RING * t.g.row;
    t.line = t.zeros + t.g.row;
    t.planes = t.line + LANES + STEP * t.g.plane;
    t.sums = t.planes + STEP * t.g.plane;
    t.upper = t.sums + POINTS * TILES * COLS;
    t.carry = t.upper + 2 * TILES * COLS;
    t.edges = t.carry + t.g.carry;
    t.past = conv_streams(s);
    memset(t.zeros, 0, (t.g.row + LANES + STEP * t.g.plane) * sizeof(float)); /* and the padding of the line */
    long first, last;
    pool_share((long)s->n * s->out_h, i, n, &first, &last);
    while (first < last) {
        const long image = first / s->out_h, begin = image * s->out_h, end = begin + s->out_h < last ? begin + s->out_h : last;
        t.image = (const float *)c->src + (size_t)image * (size_t)s->in_h * (size_t)s->in_w;
        pooled_rows(&t, (float *)c->dst + (size_t)first * t.g.carry, (int)(first - begin), (int)(end - begin));
        first = end;
    }
    _mm_sfence(); /* streamed stores are seen before the threads meet */
}

static void stem_run(const struct conv_call *c) {
    assert(c->type == CONV_F32);
    pool_run(share, (void *)(uintptr_t)c);
}

const struct conv_kernel conv_stem_fast = {"stem toom-cook + pool", stem_takes, stem_packed_bytes, stem_pack, NULL,
                                           stem_scratch_bytes,      stem_run};
