/* The stem: 7x7 stride 2 convolution, bias, ReLU and 3x3 stride 2 max-pooling in one pass. Floor 1.
 *
 * On a mammogram the convolution's output is 188 MB a view, and the pooling throws three quarters of it away: here it never leaves the
 * first-level cache. A thread takes a range of pooled rows (neighbours compute the one convolution row between them twice). For each it
 * goes from left to right in blocks of PIXELS columns:
 *
 *   input rows -> ring of 16 rows, padded by zeros left and right
 *              -> a block of the convolution rows 2p and 2p + 1: PIXELS pixels by COLS channels at a time in 28 accumulators
 *              -> maxima of three neighbours of both, joined with those of row 2p - 1, which were kept (`carry`): pooled row p
 *
 * ReLU may come after the maximum because both only choose among numbers; the bias is where each sum starts.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/pool.h"
#include "kernel/conv_avx512.h"
#include "kernel/conv_kernel.h"

enum { SIDE = 7, PAD = 3, PIXELS = 14, COLS = 32, RING = 16 };

struct geometry {
    int conv_h, conv_w;
    size_t row;   /* floats of a padded input row */
    size_t block; /* of a block of a convolution row, with the pixel before it */
    size_t carry; /* of a pooled row */
};

static struct geometry geometry_of(const struct conv_shape *s) {
    struct geometry g;
    g.conv_h = (s->in_h - 1) / 2 + 1;
    g.conv_w = (s->in_w - 1) / 2 + 1;
    /* whole blocks of pixels are computed; the last ones beyond the edge see zeros and are not read */
    const size_t width = ((size_t)g.conv_w + PIXELS - 1) / PIXELS * PIXELS;
    g.row = ((2 * width + SIDE) * (size_t)s->in_c + LANES - 1) / LANES * LANES;
    g.block = (PIXELS + 1) * (size_t)s->out_c;
    g.carry = (size_t)s->out_w * (size_t)s->out_c;
    return g;
}

/* The ring, a row of zeros, two blocks, the carry. */
static size_t scratch_floats(const struct geometry *g) {
    return (RING + 1) * g->row + 2 * g->block + g->carry;
}

static bool stem_takes(const struct conv_shape *s) {
    return s->kernel == SIDE && s->stride == 2 && s->pad == PAD && s->pool && (s->in_c == 1 || s->in_c == 3) && s->out_c % COLS == 0 &&
           has_avx512();
}

static size_t stem_packed_bytes(const struct conv_shape *s) {
    return (size_t)s->out_c * (size_t)s->in_c * SIDE * SIDE * sizeof(float);
}

/* [block of COLS outputs][ky][kx][in_c][COLS]: one row of the window is contiguous, as it is in the image. */
static void stem_pack(void *packed, const float *weights, const struct conv_shape *s) {
    float *to = packed;
    const size_t in_c = (size_t)s->in_c;
    for (size_t o = 0; o < (size_t)s->out_c; o++)
        for (size_t c = 0; c < in_c; c++)
            for (size_t k = 0; k < SIDE * SIDE; k++)
                to[((o / COLS * SIDE * SIDE + k) * in_c + c) * COLS + o % COLS] = weights[(o * in_c + c) * SIDE * SIDE + k];
}

static size_t stem_scratch_bytes(const struct conv_shape *s, int threads) {
    const struct geometry g = geometry_of(s);
    return (size_t)threads * scratch_floats(&g) * sizeof(float);
}

/* PIXELS neighbouring sums of COLS channels; rows[ky] points to the window of the first. */
INLINE void conv_block(const float *const rows[SIDE], size_t at, int in_c, const float *w, const float *bias, float *out, size_t out_c) {
    __m512 sum[PIXELS][2];
#pragma GCC unroll 14
    for (int p = 0; p < PIXELS; p++) {
        sum[p][0] = _mm512_loadu_ps(bias);
        sum[p][1] = _mm512_loadu_ps(bias + LANES);
    }
    for (int ky = 0; ky < SIDE; ky++) {
        const float *x = rows[ky] + at;
        for (int k = 0; k < SIDE * in_c; k++, x++, w += COLS) {
            /* hides that windows overlap: gcc would carry their loads from step to step and spill for it, a third slower */
            __asm__("" : "+r"(x));
            const __m512 w0 = _mm512_load_ps(w), w1 = _mm512_load_ps(w + LANES);
#pragma GCC unroll 14
            for (int p = 0; p < PIXELS; p++) {
                const __m512 v = _mm512_set1_ps(x[p * 2 * in_c]);
                sum[p][0] = _mm512_fmadd_ps(v, w0, sum[p][0]);
                sum[p][1] = _mm512_fmadd_ps(v, w1, sum[p][1]);
            }
        }
    }
#pragma GCC unroll 14
    for (int p = 0; p < PIXELS; p++) {
        _mm512_store_ps(out + (size_t)p * out_c, sum[p][0]);
        _mm512_store_ps(out + (size_t)p * out_c + LANES, sum[p][1]);
    }
}

/* One thread's place in one image. */
struct stem {
    const struct conv_call *call;
    struct geometry g;
    const float *image;
    float *ring, *zeros, *blocks[2], *carry;
    int have;  /* input rows below this one are in the ring, or have been */
    bool past; /* the result is larger than the caches: write past them, without reading what it replaces */
};

/* The window's seven rows for convolution row y, read into the ring where they are not there yet. */
static void window(struct stem *t, int y, const float *rows[SIDE]) {
    const struct conv_shape *s = &t->call->shape;
    const size_t width = (size_t)s->in_w * (size_t)s->in_c;
    int first = 2 * y - PAD;
    if (t->have < first)
        t->have = first;
    for (; t->have < first + SIDE; t->have++)
        if (t->have >= 0 && t->have < s->in_h)
            memcpy(t->ring + (size_t)(t->have % RING) * t->g.row + (size_t)(PAD * s->in_c), t->image + (size_t)t->have * width,
                   width * sizeof(float));
    for (int k = 0; k < SIDE; k++, first++)
        rows[k] = first >= 0 && first < s->in_h ? t->ring + (size_t)(first % RING) * t->g.row : t->zeros;
}

/* Columns x .. x + PIXELS of a convolution row into a block, behind the last pixel of the block before. */
INLINE void fill_block(const struct stem *t, const float *const rows[SIDE], int in_c, int x, float *block) {
    const struct conv_call *c = t->call;
    const size_t out_c = (size_t)c->shape.out_c;
    const float *w = c->packed;
    memcpy(block, block + (x > 0 ? PIXELS * out_c : 0), x > 0 ? out_c * sizeof(float) : 0);
    for (size_t o = 0; o < out_c; o += COLS, w += (size_t)(SIDE * SIDE * in_c) * COLS)
        conv_block(rows, 2 * (size_t)x * (size_t)in_c, in_c, w, c->bias + o, block + out_c + o, out_c);
}

/* The largest of three neighbouring pixels: the one at `mid`, the one before if there is one, the one after likewise. */
INLINE __m512 widest(const float *mid, size_t out_c, bool before, bool after) {
    const __m512 m = _mm512_load_ps(mid);
    return _mm512_max_ps(_mm512_max_ps(m, _mm512_load_ps(before ? mid - out_c : mid)), _mm512_load_ps(after ? mid + out_c : mid));
}

/* Pool a block of `n` convolution rows (1 or 2) at column x, join it with the carry, leave the last row's maxima there. No dst: the row
 * before a thread's first pooled row, which only fills the carry. */
INLINE void pool_block(const struct stem *t, int x, int n, float *dst) {
    const struct conv_shape *s = &t->call->shape;
    const size_t out_c = (size_t)s->out_c;
    const __m512 floor = t->call->relu ? _mm512_setzero_ps() : _mm512_set1_ps(-__builtin_inff());
    const int end = (x + PIXELS) / 2 < s->out_w ? (x + PIXELS) / 2 : s->out_w;
    for (int p = x / 2; p < end; p++) {
        const size_t at = out_c * (size_t)(1 + 2 * p - x), to = out_c * (size_t)p;
        const bool before = p > 0, after = 2 * p + 1 < t->g.conv_w;
        for (size_t c = 0; c < out_c; c += LANES) {
            const __m512 first = _mm512_max_ps(widest(t->blocks[0] + at + c, out_c, before, after), floor);
            const __m512 last = n == 1 ? first : _mm512_max_ps(widest(t->blocks[1] + at + c, out_c, before, after), floor);
            const __m512 all = _mm512_max_ps(_mm512_max_ps(first, last), _mm512_load_ps(t->carry + to + c));
            if (dst && t->past)
                _mm512_stream_ps(dst + to + c, all);
            else if (dst)
                _mm512_store_ps(dst + to + c, all);
            _mm512_store_ps(t->carry + to + c, last);
        }
    }
}

/* Pooled rows [first, last) of one image, to dst. */
INLINE void pooled_rows(struct stem *t, int in_c, float *dst, int first, int last) {
    const float *rows[2][SIDE];
    t->have = 0;
    if (first == 0) {
        for (size_t i = 0; i < t->g.carry; i++)
            t->carry[i] = t->call->relu ? 0.0F : -__builtin_inff();
    } else {
        window(t, 2 * first - 1, rows[0]);
        for (int x = 0; x < t->g.conv_w; x += PIXELS) {
            fill_block(t, rows[0], in_c, x, t->blocks[0]);
            pool_block(t, x, 1, NULL);
        }
    }
    for (int p = first; p < last; p++, dst += t->g.carry) {
        const int n = 2 * p + 1 < t->g.conv_h ? 2 : 1;
        for (int k = 0; k < n; k++)
            window(t, 2 * p + k, rows[k]);
        for (int x = 0; x < t->g.conv_w; x += PIXELS) {
            for (int k = 0; k < n; k++)
                fill_block(t, rows[k], in_c, x, t->blocks[k]);
            pool_block(t, x, n, dst);
        }
    }
}

KERNEL static void share(void *ctx, int i, int n) {
    const struct conv_call *c = ctx;
    const struct conv_shape *s = &c->shape;
    struct stem t = {.call = c, .g = geometry_of(s)};
    t.ring = (float *)c->scratch + (size_t)i * scratch_floats(&t.g);
    t.zeros = t.ring + RING * t.g.row;
    t.blocks[0] = t.zeros + t.g.row;
    t.blocks[1] = t.blocks[0] + t.g.block;
    t.carry = t.blocks[1] + t.g.block;
    t.past = conv_streams(s);
    memset(t.ring, 0, (RING + 1) * t.g.row * sizeof(float));
    long first, last;
    pool_share((long)s->n * s->out_h, i, n, &first, &last);
    while (first < last) {
        const long image = first / s->out_h, begin = image * s->out_h, end = begin + s->out_h < last ? begin + s->out_h : last;
        t.image = (const float *)c->src + (size_t)image * (size_t)s->in_h * (size_t)s->in_w * (size_t)s->in_c;
        float *dst = (float *)c->dst + (size_t)first * t.g.carry;
        if (s->in_c == 1)
            pooled_rows(&t, 1, dst, (int)(first - begin), (int)(end - begin));
        else
            pooled_rows(&t, 3, dst, (int)(first - begin), (int)(end - begin));
        first = end;
    }
    _mm_sfence(); /* streamed stores are seen before the threads meet */
}

static void stem_run(const struct conv_call *c) {
    assert(c->type == CONV_F32);
    pool_run(share, (void *)(uintptr_t)c);
}

const struct conv_kernel conv_stem = {"stem 7x7 + pool", stem_takes, stem_packed_bytes, stem_pack, NULL, stem_scratch_bytes, stem_run};
