/* The stem in training; what it computes and why that suffices stands in the header. Floor 1.
 *
 * The Gram matrix. An entry is sum x[y][x] x[y + dy][x + dx] over the pixels that tap (ky, kx) meets: (y, x) of one parity, and of those
 * all but a few at the border. So taps of the same parity share their sums: 24 sums per row pair and pair of channels where the
 * definition has 7 * 7 (a "class" is a parity of x and a distance dx), 13 row pairs per two rows where it has 28. The border is never
 * subtracted, always added: a tap takes the interior's classes and, one by one, those of the six outer columns (and rows) that it meets.
 *
 * Forward. Three rows of the convolution in a ring, pooled as soon as the third is there: they stay in the second-level cache.
 *
 * Backward. One conv position per pooled number: dz times its patch, seven rows of contiguous input, into S of the channel, in registers.
 *
 * What is summed over the batch is summed in BANDS bands of rows and then over the bands, so that threads do not change the order.
 */
#include "kernel/stem_train.h"

#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "kernel/conv_avx512.h"

enum { SIDE = 7, PAD = 3, TAPS = SIDE * SIDE, IN_C = 3, OUT_C = GEMM_COLS, OUT_VECS = GEMM_VECS, BANDS = 32 };

bool stem_train_takes(const struct stem_shape *s) {
    return s->n > 0 && s->h > 0 && s->w > 0 && (s->in_c == 1 || s->in_c == 3) && s->out_c == OUT_C && has_avx512();
}

static size_t to_multiple(size_t n, size_t of) {
    return (n + of - 1) / of * of;
}

/* --- bands ----------------------------------------------------------------------------------------------------------------- */

/* A batch's rows (of some kind) in BANDS bands; run() is called for what a band has of one image: rows [first, last). */
struct bands {
    const struct stem_shape *shape;
    const float *src;
    int rows; /* of an image */
    double *sums;
    size_t each; /* doubles of a band's sums, a multiple of WIDE */
    char *scratch;
    size_t bytes; /* of a thread's scratch memory, a multiple of 64 */
    void (*run)(const struct bands *b, double *sums, void *scratch, int image, int first, int last);
    const void *more; /* what else run() knows */
};

static const float *image_of(const struct stem_shape *s, const float *src, int image) {
    return src + (size_t)image * (size_t)s->h * (size_t)s->w * (size_t)s->in_c;
}

static void bands_share(void *ctx, int i, int n) {
    const struct bands *b = ctx;
    long from, to;
    pool_share(BANDS, i, n, &from, &to);
    for (; from < to; from++) {
        long first, last;
        pool_share((long)b->shape->n * b->rows, (int)from, BANDS, &first, &last);
        double *sums = b->sums + (size_t)from * b->each;
        memset(sums, 0, b->each * sizeof *sums);
        while (first < last) {
            const long image = first / b->rows, begin = image * b->rows, end = begin + b->rows < last ? begin + b->rows : last;
            b->run(b, sums, b->scratch + (size_t)i * b->bytes, (int)image, (int)(first - begin), (int)(end - begin));
            first = end;
        }
    }
}

KERNEL static void add_bands(void *ctx, int i, int n) {
    const struct bands *b = ctx;
    long first, last;
    pool_share((long)b->each, i, n, &first, &last);
    for (size_t band = 1; band < BANDS; band++)
        for (long k = first; k < last; k++)
            b->sums[k] += b->sums[band * b->each + (size_t)k];
}

/* Afterwards the first band's sums are those of all. */
static void bands_run(struct bands *b) {
    pool_run(bands_share, b);
    pool_run(add_bands, b);
}

/* --- Gram ------------------------------------------------------------------------------------------------------------------ */

enum { WIDE = 8, EDGE = 3, EDGES = 2 * EDGE, REACH = SIDE - 1, DISTANCES = 2 * REACH + 1, STRETCH = 32 };
enum { ODD_CLASSES = DISTANCES, CLASSES = ODD_CLASSES + DISTANCES - 2 }; /* x odd: dx = -6 .. 6; x even: -5 .. 5 */
enum { NEAR = EDGE + 2 * REACH };                                        /* columns around the EDGE outer ones of a side that these meet */

/* A row of the image as doubles. Columns 3, 5, 7 .. are a plane and 4, 6, 8 .. another, per channel, each with what lies within reach:
 * number m of them is at WIDE + m. Then the columns within reach of the outer three, left and right, all channels together. */
struct gram_layout {
    size_t odd, even; /* interior columns of each kind: 3 <= x < w - 3 */
    size_t plane, near, row;
};

static struct gram_layout gram_layout(const struct stem_shape *s) {
    struct gram_layout g;
    g.odd = s->w > EDGES ? ((size_t)s->w - EDGES + 1) / 2 : 0;
    g.even = s->w > EDGES ? ((size_t)s->w - EDGES) / 2 : 0;
    g.plane = WIDE + to_multiple(g.odd, WIDE) + WIDE;
    g.near = to_multiple((size_t)(NEAR * s->in_c), WIDE) + WIDE; /* read by whole vectors */
    g.row = (size_t)s->in_c * 2 * g.plane + 2 * g.near;
    return g;
}

/* A stretch of rows, those within reach below it, and a row of ones, whose products are the sums. */
static size_t gram_scratch(const struct gram_layout *g) {
    return (STRETCH + REACH + 1) * g->row * sizeof(double);
}

static size_t gram_sums(const struct stem_shape *s) {
    return to_multiple(stem_taps(s) * (stem_taps(s) + 1), WIDE);
}

/* row is zero beyond the image. */
KERNEL static void gram_row(const struct gram_layout *g, int width, int in_c, const float *from, double *row) {
    for (int c = 0; c < in_c; c++, row += 2 * g->plane) {
        double *odd = row + WIDE - 1, *even = row + g->plane + WIDE - 2;
        int x = 0;
        for (; x + 1 < width; x += 2) {
            even[x / 2] = (double)from[x * in_c + c];
            odd[x / 2] = (double)from[(x + 1) * in_c + c];
        }
        if (x < width)
            even[x / 2] = (double)from[x * in_c + c];
    }
    for (int side = 0; side < 2; side++, row += g->near)
        for (int k = 0; k < NEAR; k++) {
            const int x = (side ? width - EDGE : 0) - REACH + k;
            for (int c = 0; c < in_c && x >= 0 && x < width; c++)
                row[k * in_c + c] = (double)from[x * in_c + c];
        }
}

/* Rows y, y + 2, .. of a stretch, and rows of their partners. */
struct row_pairs {
    const double *a, *b;
    size_t a_step, b_step, count;
};

/* Which lanes of number m and on are below `end`. */
static inline __mmask8 lanes_below(size_t end, size_t m) {
    const unsigned lanes = end - m < WIDE ? (1U << (end - m)) - 1 : 0xFFU;
    return (__mmask8)lanes;
}

/* A load that happens once: gcc would fold it into each product that uses it, and most straddle two cache lines. */
INLINE __m512d load_once(const double *from) {
    __m512d x = _mm512_loadu_pd(from);
    __asm__("" : "+v"(x));
    return x;
}

/* Sums of the products of one channel of a's interior columns with one of b's at each distance; step: between the classes. */
KERNEL static void interior(double *classes, size_t step, const struct gram_layout *g, struct row_pairs rows) {
    __m512d sum[CLASSES];
#pragma GCC unroll 24
    for (int k = 0; k < CLASSES; k++)
        sum[k] = _mm512_setzero_pd();
    for (; rows.count; rows.count--, rows.a += rows.a_step, rows.b += rows.b_step)
        for (size_t m = 0; m < g->odd; m += WIDE) {
            const double *a = rows.a + WIDE + m, *b = rows.b + WIDE + m;
            const __m512d odd = _mm512_maskz_load_pd(lanes_below(g->odd, m), a);
            const __m512d even = _mm512_maskz_load_pd(lanes_below(g->even, m), a + g->plane);
#pragma GCC unroll 7
            for (int k = -3; k <= 3; k++) { /* odd columns of b: odd + 2k, even + 2k - 1 */
                const __m512d x = load_once(b + k);
                sum[6 + 2 * k] = _mm512_fmadd_pd(odd, x, sum[6 + 2 * k]);
                if (k > -3)
                    sum[ODD_CLASSES + 4 + 2 * k] = _mm512_fmadd_pd(even, x, sum[ODD_CLASSES + 4 + 2 * k]);
            }
#pragma GCC unroll 6
            for (int k = -3; k <= 2; k++) { /* even columns of b: odd + 2k + 1, even + 2k */
                const __m512d x = load_once(b + g->plane + k);
                sum[7 + 2 * k] = _mm512_fmadd_pd(odd, x, sum[7 + 2 * k]);
                if (k > -3)
                    sum[ODD_CLASSES + 5 + 2 * k] = _mm512_fmadd_pd(even, x, sum[ODD_CLASSES + 5 + 2 * k]);
            }
        }
#pragma GCC unroll 24
    for (int k = 0; k < CLASSES; k++)
        classes[(size_t)k * step] = _mm512_reduce_add_pd(sum[k]);
}

enum { NEAR_MAX = (DISTANCES * IN_C + WIDE - 1) / WIDE * WIDE, KERNEL_ROW = SIDE * IN_C };

/* What row pairs give: per channel of a, classes [CLASSES][in_c of b]; per outer column and channel of a, [DISTANCES][in_c of b]. */
struct products {
    double classes[IN_C][CLASSES * IN_C];
    double edges[EDGES][IN_C][NEAR_MAX];
};

/* Where an outer column is, -1 where the image is too narrow to have it (or has it on the left already). */
static int edge_column(const struct stem_shape *s, int edge) {
    const int x = edge < EDGE ? edge : s->w - EDGES + edge;
    return edge < EDGE ? (x < s->w ? x : -1) : (x >= EDGE ? x : -1);
}

KERNEL static void outer(struct products *p, const struct stem_shape *s, const struct gram_layout *g, struct row_pairs rows) {
    const size_t in_c = (size_t)s->in_c, near = 2 * in_c * g->plane;
    memset(p->edges, 0, sizeof p->edges);
    for (; rows.count; rows.count--, rows.a += rows.a_step, rows.b += rows.b_step)
        for (int edge = 0; edge < EDGES; edge++) {
            if (edge_column(s, edge) < 0)
                continue;
            const size_t at = near + (edge < EDGE ? 0 : g->near) + (size_t)(edge % EDGE) * in_c;
            for (size_t c = 0; c < in_c; c++)
                for (size_t k = 0; k < DISTANCES * in_c; k += WIDE) {
                    double *to = p->edges[edge][c] + k;
                    const __m512d a = _mm512_set1_pd(rows.a[at + REACH * in_c + c]);
                    _mm512_storeu_pd(to, _mm512_fmadd_pd(a, _mm512_loadu_pd(rows.b + at + k), _mm512_loadu_pd(to)));
                }
        }
}

/* Does tap k along a side meet pixel x there, from one of `count` positions? */
static bool tap_meets(int k, int x, int count) {
    const int twice = x - k + PAD;
    return twice >= 0 && twice % 2 == 0 && twice / 2 < count;
}

/* out[kx][channel of a][kx of b][channel of b]: the products as the taps of two kernel rows see them. */
static void by_taps(double *out, const struct products *p, const struct stem_shape *s) {
    const size_t in_c = (size_t)s->in_c, length = SIDE * in_c;
    for (int kx = 0; kx < SIDE; kx++)
        for (size_t c = 0; c < in_c; c++, out += length) {
            /* tap 0 meets column -3: even taps are on odd columns */
            const int nearest = REACH - kx, class = kx % 2 ? ODD_CLASSES + nearest - 1 : nearest;
            memcpy(out, p->classes[c] + (size_t) class * in_c, length * sizeof *out);
            for (int edge = 0; edge < EDGES; edge++) {
                const int x = edge_column(s, edge);
                for (size_t k = 0; x >= 0 && tap_meets(kx, x, stem_half(s->w)) && k < length; k++)
                    out[k] += p->edges[edge][c][(size_t)nearest * in_c + k];
            }
        }
}

static void products_of(double *out, const struct stem_shape *s, const struct gram_layout *g, struct row_pairs rows) {
    struct products p;
    for (int c = 0; c < s->in_c; c++)
        for (int d = 0; d < s->in_c; d++) {
            struct row_pairs channels = rows;
            channels.a += (size_t)c * 2 * g->plane;
            channels.b += (size_t)d * 2 * g->plane;
            interior(p.classes[c] + d, (size_t)s->in_c, g, channels);
        }
    outer(&p, s, g, rows);
    by_taps(out, &p, s);
}

/* The products of rows y, y + 2, .. below `last` with those `below` them, into a band's sums. stretch: from row y on. */
static void gram_pairs(const struct bands *b, double *gram, const double *stretch, int y, int last, int below) {
    const struct stem_shape *s = b->shape;
    const struct gram_layout *g = b->more;
    const size_t length = (size_t)(SIDE * s->in_c), taps = stem_taps(s);
    if (last > s->h - below)
        last = s->h - below;
    if (y >= last || (below == REACH && y % 2 == 0)) /* tap 0 meets row -3: even taps are on odd rows */
        return;
    double by_tap[KERNEL_ROW * KERNEL_ROW];
    products_of(by_tap, s, g,
                (struct row_pairs){stretch, stretch + (size_t)below * g->row, 2 * g->row, 2 * g->row, (size_t)(last - y + 1) / 2});
    for (int ky = 0; ky + below < SIDE; ky++) {
        double *to = gram + (size_t)ky * length * taps + (size_t)(ky + below) * length;
        for (size_t i = 0; tap_meets(ky, y, stem_half(s->h)) && i < length; i++, to += taps)
            for (size_t k = 0; k < length; k++)
                to[k] += by_tap[i * length + k];
    }
}

static void gram_row_sums(const struct bands *b, double *sum, const double *stretch, const double *ones, int y, int last) {
    const struct stem_shape *s = b->shape;
    const struct gram_layout *g = b->more;
    const size_t length = (size_t)(SIDE * s->in_c);
    double by_tap[KERNEL_ROW * KERNEL_ROW];
    products_of(by_tap, s, g, (struct row_pairs){stretch, ones, 2 * g->row, 0, (size_t)(last - y + 1) / 2});
    for (int ky = 0; ky < SIDE; ky++)
        for (size_t i = 0; tap_meets(ky, y, stem_half(s->h)) && i < length; i++)
            sum[(size_t)ky * length + i] += by_tap[i * length];
}

/* Rows whose parities are met by the same taps each: outer ones alone, the interior in stretches. */
static int stretch_end(const struct stem_shape *s, int y, int last) {
    int end = y + 1;
    if (y >= EDGE && y < s->h - EDGE)
        end = y + STRETCH < s->h - EDGE ? y + STRETCH : s->h - EDGE;
    return end < last ? end : last;
}

static void gram_band(const struct bands *b, double *sums, void *scratch, int image, int first, int last) {
    const struct stem_shape *s = b->shape;
    const struct gram_layout *g = b->more;
    const float *from = image_of(s, b->src, image);
    const size_t width = (size_t)s->w * (size_t)s->in_c, taps = stem_taps(s);
    double *stretch = scratch, *ones = stretch + (STRETCH + REACH) * g->row;
    memset(stretch, 0, (STRETCH + REACH) * g->row * sizeof *stretch);
    for (size_t k = 0; k < g->row; k++)
        ones[k] = 1;
    for (int end; first < last; first = end) {
        end = stretch_end(s, first, last);
        for (int y = first; y < end + REACH && y < s->h; y++)
            gram_row(g, s->w, s->in_c, from + (size_t)y * width, stretch + (size_t)(y - first) * g->row);
        for (int y = first; y < first + 2 && y < end; y++) {
            const double *rows = stretch + (size_t)(y - first) * g->row;
            for (int below = 0; below <= REACH; below++)
                gram_pairs(b, sums, rows, y, end, below);
            gram_row_sums(b, sums + taps * taps, rows, ones, y, end);
        }
    }
}

/* The number, as in the weights, of what is number i of a patch in memory: [ky][kx][c]. */
static size_t tap_of(size_t i, size_t in_c) {
    return i % in_c * TAPS + i / in_c;
}

void stem_gram(double *gram, double *sum, const struct stem_shape *s, const float *src, void *scratch) {
    const struct gram_layout g = gram_layout(s);
    const size_t taps = stem_taps(s), in_c = (size_t)s->in_c;
    struct bands b = {
        s, src, s->h, scratch, gram_sums(s), (char *)scratch + BANDS * gram_sums(s) * sizeof(double), gram_scratch(&g), gram_band, &g};
    bands_run(&b);
    for (size_t i = 0; i < taps; i++) {
        sum[tap_of(i, in_c)] = b.sums[taps * taps + i];
        for (size_t k = i; k < taps; k++) /* of ky only the upper triangle is there */
            gram[tap_of(i, in_c) * taps + tap_of(k, in_c)] = gram[tap_of(k, in_c) * taps + tap_of(i, in_c)] = b.sums[i * taps + k];
    }
}

/* --- the algebra, in double ------------------------------------------------------------------------------------------------ */

/* out = G w */
KERNEL static void gram_times(double *out, const double *gram, const float *w, size_t taps) {
    for (size_t k = 0; k < taps; k++)
        out[k] = 0;
    for (size_t i = 0; i < taps; i++)
        for (size_t k = 0; k < taps; k++)
            out[k] += gram[i * taps + k] * (double)w[i];
}

static double dot(const double *a, const float *w, size_t n) {
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += a[k] * (double)w[k];
    return sum;
}

void stem_moments(double *mean, double *var, const struct stem_shape *s, const double *gram, const double *sum, const float *weights) {
    const size_t taps = stem_taps(s);
    const double count = (double)stem_positions(s);
    for (size_t c = 0; c < (size_t)s->out_c; c++, weights += taps) {
        double product[TAPS * IN_C];
        gram_times(product, gram, weights, taps);
        mean[c] = dot(sum, weights, taps) / count;
        const double biased = dot(product, weights, taps) / count - mean[c] * mean[c];
        var[c] = biased < 0 ? 0 : biased; /* NaN stays */
    }
}

void stem_gradients(float *dweights, float *dgamma, float *dbeta, const struct stem_shape *s, const struct stem_step *t) {
    const size_t taps = stem_taps(s);
    const double count = (double)stem_positions(s);
    for (size_t c = 0; c < (size_t)s->out_c; c++) {
        const float *w = t->weights + c * taps;
        const double *dz = t->dz_patches + c * taps, mean = t->mean[c], rstd = 1 / sqrt(t->var[c] + t->eps);
        const double m1 = t->dz_sum[c] / count, m2 = rstd * (dot(dz, w, taps) - mean * t->dz_sum[c]) / count;
        double product[TAPS * IN_C];
        gram_times(product, t->gram, w, taps);
        for (size_t k = 0; k < taps; k++)
            dweights[c * taps + k] +=
                (float)((double)t->gamma[c] * rstd * (dz[k] - m1 * t->sum[k] - m2 * rstd * (product[k] - mean * t->sum[k])));
        dgamma[c] += (float)(count * m2);
        dbeta[c] += (float)t->dz_sum[c];
    }
}

/* --- the window of a pooled row --------------------------------------------------------------------------------------------- */

/* Pooled row p covers rows 2p - 1 .. 2p + 1 of the convolution, and these the WINDOW input rows from 4p - 5 on. */
enum { POOL = 3, WINDOW = 2 * (POOL - 1) + SIDE };

struct window_layout {
    size_t row;      /* floats of a padded input row */
    size_t conv_row; /* of a row of the convolution, with a pixel of -infinity before and after */
    size_t columns;  /* of the convolution that are computed: whole blocks of GEMM_ROWS; beyond the edge they see zeros */
};

static struct window_layout window_layout(const struct stem_shape *s) {
    struct window_layout l;
    l.columns = to_multiple((size_t)stem_half(s->w), GEMM_ROWS);
    l.row = to_multiple((2 * l.columns + SIDE - 1) * (size_t)s->in_c, LANES); /* an eighth pixel is read, too, with the last position */
    l.conv_row = (1 + l.columns + 1) * OUT_C;
    return l;
}

/* window: WINDOW padded rows; what is left and right of the image is zero already. */
static void window_load(float *window, const struct window_layout *l, const struct stem_shape *s, const float *image, int pooled_row) {
    const size_t width = (size_t)s->w * (size_t)s->in_c, bytes = width * sizeof(float);
    window += PAD * s->in_c;
    for (int y = 4 * pooled_row - 2 - PAD, k = 0; k < WINDOW; k++, y++, window += l->row)
        if (y >= 0 && y < s->h)
            memcpy(window, image + (size_t)y * width, bytes);
        else
            memset(window, 0, bytes);
}

/* --- what is pooled, in memory --------------------------------------------------------------------------------------------- */

/* LANES numbers from number `at` on. past: past the caches, where the whole is larger than they are. */
INLINE void store_pooled(void *dst, enum stem_type type, size_t at, __m512 x, bool past) {
    if (type == STEM_F32 && past) {
        _mm512_stream_ps((float *)dst + at, x);
    } else if (type == STEM_F32) {
        _mm512_store_ps((float *)dst + at, x);
    } else {
        const __m512i bits = _mm512_castps_si512(x), odd = _mm512_and_epi32(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
        const __m512i nearest = _mm512_srli_epi32(_mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF))), 16);
        /* the addition would carry a NaN's bits into the sign */
        const __mmask16 nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
        const __m256i half = _mm512_cvtepi32_epi16(_mm512_mask_mov_epi32(nearest, nan, _mm512_set1_epi32(0x7FC0)));
        if (past)
            _mm256_stream_si256((__m256i *)((uint16_t *)dst + at), half);
        else
            _mm256_store_si256((__m256i *)((uint16_t *)dst + at), half);
    }
}

INLINE __m512 load_pooled(const void *src, enum stem_type type, size_t at) {
    if (type == STEM_F32)
        return _mm512_load_ps((const float *)src + at);
    const __m256i half = _mm256_load_si256((const __m256i *)((const uint16_t *)src + at));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}

/* --- forward ---------------------------------------------------------------------------------------------------------------- */

struct forward {
    const struct stem_shape *shape;
    struct window_layout layout;
    const float *src, *shift;
    float *packed; /* scaled weights [ky][kx][in_c][out_c]: a kernel row is contiguous, as it is in the image */
    void *dst;
    enum stem_type type;
    uint8_t *which;
    char *scratch;
    bool past;
};

static size_t packed_bytes(const struct stem_shape *s) {
    return stem_taps(s) * OUT_C * sizeof(float);
}

/* The window, POOL rows of the convolution, one of -infinity. */
static size_t forward_scratch(const struct window_layout *l) {
    return (WINDOW * l->row + (POOL + 1) * l->conv_row) * sizeof(float);
}

static void pack_scaled(const struct forward *f, const float *weights, const float *scale) {
    const size_t taps = stem_taps(f->shape), in_c = (size_t)f->shape->in_c;
    for (size_t i = 0; i < taps; i++)
        for (size_t o = 0; o < OUT_C; o++)
            f->packed[i * OUT_C + o] = weights[o * taps + tap_of(i, in_c)] * scale[o];
}

/* GEMM_ROWS neighbouring pixels of the convolution; x: the first one's patch. */
INLINE void conv_pixels(float *out, const float *x, size_t row, int in_c, const float *w) {
    __m512 sum[GEMM_ROWS][OUT_VECS];
#pragma GCC unroll 6
    for (int p = 0; p < GEMM_ROWS; p++)
#pragma GCC unroll 4
        for (int v = 0; v < OUT_VECS; v++)
            sum[p][v] = _mm512_setzero_ps();
    for (int ky = 0; ky < SIDE; ky++, x += row)
        for (int k = 0; k < SIDE * in_c; k++, w += OUT_C) {
            const float *at = x + k;
            /* hides that patches overlap: gcc would carry their loads from step to step and spill for it */
            __asm__("" : "+r"(at));
            __m512 u[OUT_VECS];
#pragma GCC unroll 4
            for (int v = 0; v < OUT_VECS; v++)
                u[v] = _mm512_load_ps(w + v * LANES);
#pragma GCC unroll 6
            for (int p = 0; p < GEMM_ROWS; p++) {
                const __m512 pixel = _mm512_set1_ps(at[p * 2 * in_c]);
#pragma GCC unroll 4
                for (int v = 0; v < OUT_VECS; v++)
                    sum[p][v] = _mm512_fmadd_ps(pixel, u[v], sum[p][v]);
            }
        }
#pragma GCC unroll 6
    for (int p = 0; p < GEMM_ROWS; p++)
#pragma GCC unroll 4
        for (int v = 0; v < OUT_VECS; v++)
            _mm512_store_ps(out + p * OUT_C + v * LANES, sum[p][v]);
}

static void fill_lowest(float *x, size_t n) {
    for (size_t k = 0; k < n; k++)
        x[k] = -INFINITY;
}

/* A row of the convolution; x: its first input row. The pixel before the first is -infinity already. */
KERNEL static void conv_row(const struct forward *f, float *out, const float *x) {
    const struct window_layout *l = &f->layout;
    for (size_t j = 0; j < l->columns; j += GEMM_ROWS)
        if (f->shape->in_c == 1)
            conv_pixels(out + (1 + j) * OUT_C, x + 2 * j, l->row, 1, f->packed);
        else
            conv_pixels(out + (1 + j) * OUT_C, x + 2 * j * IN_C, l->row, IN_C, f->packed);
    fill_lowest(out + (1 + (size_t)stem_half(f->shape->w)) * OUT_C, OUT_C); /* after the last */
}

/* rows: of the convolution; pixel: of the whole batch's pooled pixels, the first of the row. The shift may come after the maximum because
 * it is the same for all nine. */
KERNEL static void pool_row(const struct forward *f, const float *const rows[POOL], size_t pixel) {
    const size_t columns = (size_t)stem_pooled(f->shape->w);
    for (size_t j = 0; j < columns; j++)
        for (size_t o = 0; o < OUT_C; o += LANES) {
            const size_t from = 2 * j * OUT_C + o, to = (pixel + j) * OUT_C + o;
            __m512 most = _mm512_load_ps(rows[0] + from);
            __m512i where = _mm512_setzero_si512();
#pragma GCC unroll 8
            for (int k = 1; k < POOL * POOL; k++) {
                const __m512 x = _mm512_load_ps(rows[k / POOL] + from + k % POOL * OUT_C);
                const __mmask16 more = _mm512_cmp_ps_mask(x, most, _CMP_GT_OQ);
                most = _mm512_mask_mov_ps(most, more, x);
                where = _mm512_mask_mov_epi32(where, more, _mm512_set1_epi32(k));
            }
            const __m512 z = _mm512_add_ps(most, _mm512_loadu_ps(f->shift + o)), zero = _mm512_setzero_ps();
            const __mmask16 flows = _mm512_cmp_ps_mask(z, zero, _CMP_GT_OQ);
            store_pooled(f->dst, f->type, to, _mm512_max_ps(zero, z), f->past); /* of 0 and NaN, NaN: the second */
            where = _mm512_mask_mov_epi32(_mm512_set1_epi32(STEM_CUT), flows, where);
            _mm_store_si128((__m128i *)(f->which + to), _mm512_cvtepi32_epi8(where));
        }
}

/* Pooled rows [first, last) of an image. */
static void forward_rows(const struct forward *f, float *scratch, int image, int first, int last) {
    const struct stem_shape *s = f->shape;
    const struct window_layout *l = &f->layout;
    const float *from = image_of(s, f->src, image);
    float *window = scratch, *ring = window + WINDOW * l->row, *lowest = ring + POOL * l->conv_row;
    for (int p = first; p < last; p++) {
        const float *rows[POOL];
        window_load(window, l, s, from, p);
        for (int k = 0, y = 2 * p - 1; k < POOL; k++, y++) {
            float *row = y >= 0 && y < stem_half(s->h) ? ring + (size_t)(y % POOL) * l->conv_row : lowest;
            if (row != lowest && (k > 0 || p == first)) /* the first is the last of the pooled row before */
                conv_row(f, row, window + (size_t)(2 * k) * l->row);
            rows[k] = row;
        }
        pool_row(f, rows, ((size_t)image * (size_t)stem_pooled(s->h) + (size_t)p) * (size_t)stem_pooled(s->w));
    }
}

static void forward_share(void *ctx, int i, int n) {
    const struct forward *f = ctx;
    const struct window_layout *l = &f->layout;
    const int rows = stem_pooled(f->shape->h);
    float *scratch = (float *)(f->scratch + (size_t)i * forward_scratch(l));
    memset(scratch, 0, WINDOW * l->row * sizeof *scratch);
    fill_lowest(scratch + WINDOW * l->row, (POOL + 1) * l->conv_row);
    long first, last;
    pool_share((long)f->shape->n * rows, i, n, &first, &last);
    while (first < last) {
        const long image = first / rows, begin = image * rows, end = begin + rows < last ? begin + rows : last;
        forward_rows(f, scratch, (int)image, (int)(first - begin), (int)(end - begin));
        first = end;
    }
    _mm_sfence(); /* streamed stores are seen before the threads meet */
}

void stem_forward(void *dst, enum stem_type type, uint8_t *which, const struct stem_shape *s, const float *src, const float *weights,
                  const float *scale, const float *shift, void *scratch) {
    const struct conv_shape pooled = {.n = s->n, .out_h = stem_pooled(s->h), .out_w = stem_pooled(s->w), .out_c = s->out_c};
    struct forward f = {
        s, window_layout(s), src, shift, scratch, dst, type, which, (char *)scratch + packed_bytes(s), conv_streams(&pooled)};
    pack_scaled(&f, weights, scale);
    pool_run(forward_share, &f);
}

/* --- backward --------------------------------------------------------------------------------------------------------------- */

enum { TILE = 32 }; /* pooled pixels whose sums run in float32 */

struct backward {
    struct window_layout layout;
    const void *dpooled;
    enum stem_type type;
    const uint8_t *which;
};

/* Of a tile: dz, and where the patch begins in the window. */
struct tile {
    float dz[TILE][OUT_C];
    int32_t patch[TILE][OUT_C];
};

/* A kernel row of S: pixels of the patch and one more, so that it is read by whole vectors. Then B. */
enum { ROW_PIXELS = SIDE + 1 };

static size_t backward_sums(const struct stem_shape *s) {
    return (size_t)(OUT_C * SIDE * ROW_PIXELS * s->in_c + OUT_C);
}

static size_t backward_scratch(const struct window_layout *l) {
    return sizeof(struct tile) + WINDOW * l->row * sizeof(float);
}

/* dz and patches of `count` pooled pixels, number `pixel` of the batch and on, column j and on of their row. Adds to B. */
KERNEL static void tile_load(struct tile *t, double *dz_sum, const struct backward *b, int in_c, size_t pixel, int j, int count) {
    int32_t begin[LANES];
    for (int k = 0; k < LANES; k++) { /* what is cut, and no number, adds 0 times a patch that exists */
        const int at = k < POOL * POOL ? k : POOL * POOL / 2;
        begin[k] = at / POOL * 2 * (int)b->layout.row + (at % POOL - 1) * 2 * in_c;
    }
    const __m512i table = _mm512_loadu_si512(begin), cut = _mm512_set1_epi32(STEM_CUT);
    for (size_t o = 0; o < OUT_C; o += LANES) {
        __m512 sum = _mm512_setzero_ps();
        for (int k = 0; k < count; k++) {
            const size_t at = (pixel + (size_t)k) * OUT_C + o;
            const __m512i which = _mm512_cvtepu8_epi32(_mm_load_si128((const __m128i *)(b->which + at)));
            const __mmask16 flows = _mm512_cmpneq_epi32_mask(which, cut);
            const __m512 dz = _mm512_maskz_mov_ps(flows, load_pooled(b->dpooled, b->type, at));
            sum = _mm512_add_ps(sum, dz);
            _mm512_store_ps(t->dz[k] + o, dz);
            _mm512_store_si512(t->patch[k] + o,
                               _mm512_add_epi32(_mm512_permutexvar_epi32(which, table), _mm512_set1_epi32((j + k) * 4 * in_c)));
        }
        double *to = dz_sum + o;
        _mm512_storeu_pd(to, _mm512_add_pd(_mm512_loadu_pd(to), _mm512_cvtps_pd(_mm512_castps512_ps256(sum))));
        _mm512_storeu_pd(to + WIDE, _mm512_add_pd(_mm512_loadu_pd(to + WIDE), _mm512_cvtps_pd(_mm512_extractf32x8_ps(sum, 1))));
    }
}

INLINE void add_wide(double *to, __m256 x) {
    _mm512_storeu_pd(to, _mm512_add_pd(_mm512_loadu_pd(to), _mm512_cvtps_pd(x)));
}

/* A tile's share of S of channel o. */
INLINE void tile_add(double *dz_patches, const struct tile *t, const float *window, size_t row, int in_c, size_t o, int count) {
    __m512 most[SIDE]; /* 16 of the 24 numbers of a kernel row, if it has so many */
    __m256 rest[SIDE]; /* the last 8 */
#pragma GCC unroll 7
    for (int ky = 0; ky < SIDE; ky++) {
        most[ky] = _mm512_setzero_ps();
        rest[ky] = _mm256_setzero_ps();
    }
    for (int k = 0; k < count; k++) {
        const float *x = window + t->patch[k][o];
        const __m512 dz = _mm512_set1_ps(t->dz[k][o]);
#pragma GCC unroll 7
        for (int ky = 0; ky < SIDE; ky++, x += row) {
            if (in_c == IN_C)
                most[ky] = _mm512_fmadd_ps(dz, _mm512_loadu_ps(x), most[ky]);
            rest[ky] = _mm256_fmadd_ps(_mm512_castps512_ps256(dz), _mm256_loadu_ps(x + (in_c == IN_C ? LANES : 0)), rest[ky]);
        }
    }
#pragma GCC unroll 7
    for (int ky = 0; ky < SIDE; ky++, dz_patches += ROW_PIXELS * in_c) {
        if (in_c == IN_C) {
            add_wide(dz_patches, _mm512_castps512_ps256(most[ky]));
            add_wide(dz_patches + WIDE, _mm512_extractf32x8_ps(most[ky], 1));
        }
        add_wide(dz_patches + (in_c == IN_C ? LANES : 0), rest[ky]);
    }
}

KERNEL static void tile_add_all(double *sums, const struct tile *t, const float *window, size_t row, int in_c, int count) {
    for (size_t o = 0; o < OUT_C; o++)
        if (in_c == 1)
            tile_add(sums + o * SIDE * ROW_PIXELS, t, window, row, 1, o, count);
        else
            tile_add(sums + o * SIDE * ROW_PIXELS * IN_C, t, window, row, IN_C, o, count);
}

static void backward_band(const struct bands *bands, double *sums, void *scratch, int image, int first, int last) {
    const struct stem_shape *s = bands->shape;
    const struct backward *b = bands->more;
    const float *from = image_of(s, bands->src, image);
    const int columns = stem_pooled(s->w);
    double *dz_sum = sums + backward_sums(s) - OUT_C;
    struct tile *tile = scratch;
    float *window = (float *)(tile + 1);
    memset(window, 0, WINDOW * b->layout.row * sizeof *window);
    for (int p = first; p < last; p++) {
        window_load(window, &b->layout, s, from, p);
        const size_t pixel = ((size_t)image * (size_t)stem_pooled(s->h) + (size_t)p) * (size_t)columns;
        for (int j = 0; j < columns; j += TILE) {
            const int count = columns - j < TILE ? columns - j : TILE;
            tile_load(tile, dz_sum, b, s->in_c, pixel + (size_t)j, j, count);
            tile_add_all(sums, tile, window, b->layout.row, s->in_c, count);
        }
    }
}

void stem_backward(double *dz_patches, double *dz_sum, const struct stem_shape *s, const void *dpooled, enum stem_type type,
                   const uint8_t *which, const float *src, void *scratch) {
    const struct backward more = {window_layout(s), dpooled, type, which};
    const size_t each = backward_sums(s), taps = stem_taps(s), in_c = (size_t)s->in_c;
    struct bands b = {s,
                      src,
                      stem_pooled(s->h),
                      scratch,
                      each,
                      (char *)scratch + BANDS * each * sizeof(double),
                      backward_scratch(&more.layout),
                      backward_band,
                      &more};
    bands_run(&b);
    for (size_t o = 0; o < OUT_C; o++)
        for (size_t i = 0; i < taps; i++) {
            const size_t ky = i / (SIDE * in_c), k = i % (SIDE * in_c);
            dz_patches[o * taps + tap_of(i, in_c)] = b.sums[(o * SIDE + ky) * ROW_PIXELS * in_c + k];
        }
    memcpy(dz_sum, b.sums + each - OUT_C, OUT_C * sizeof *dz_sum);
}

/* --- scratch memory --------------------------------------------------------------------------------------------------------- */

size_t stem_train_scratch_bytes(const struct stem_shape *s, int threads) {
    const struct gram_layout g = gram_layout(s);
    const struct window_layout l = window_layout(s);
    const size_t n = (size_t)threads, gram = BANDS * gram_sums(s) * sizeof(double) + n * gram_scratch(&g);
    const size_t forward = packed_bytes(s) + n * forward_scratch(&l);
    const size_t backward = BANDS * backward_sums(s) * sizeof(double) + n * backward_scratch(&l);
    const size_t two = gram > forward ? gram : forward;
    return two > backward ? two : backward;
}
