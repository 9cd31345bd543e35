/* Antialiased bilinear resize with Pillow's bits. Floor 2.
 *
 * Each output sample is a weighted mean of `count` neighbours from `first` on. For one axis of `in` samples made `out`:
 *     scale = in / out, stretch = max(scale, 1), centre = (x + 1/2) scale, support = stretch
 *     first = floor(centre - support + 1/2), end = floor(centre + support + 1/2), both within 0 .. in
 *     w[i] = triangle((first + i - centre + 1/2) / stretch), divided by their sum
 * What makes the bits equal: weights in double, in this order of operations; sums from the first neighbour to the last; for 8-bit samples
 * weights rounded to 22 fraction bits (half away from zero); each pass rounds its result to an integer. No fused multiply-add may join the
 * double sums: the vector clones are AVX2, which has none.
 */
#include "image/resize.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/vectors.h"
#include "image/image.h"

enum { FRACTION_BITS = 32 - 8 - 2, BLOCK = 4 /* rows */ };

struct span {
    uint32_t first, count;
};

/* The weights of one axis: of output x, taps[x].count of them from weight + x * width. */
struct axis {
    uint32_t in, out, width;
    struct span *taps; /* owned */
    double *weight;    /* owned */
    int32_t *fixed;    /* owned; the same with FRACTION_BITS, for 8-bit samples */
};

static void axis_release(struct axis *a) {
    mem_free(a->taps);
    mem_free(a->weight);
    mem_free(a->fixed);
}

static void axis_weights(struct axis *a, uint32_t x, double scale, double stretch) {
    double centre = (x + 0.5) * scale, support = stretch, inverse = 1.0 / stretch, sum = 0.0;
    double first = centre - support + 0.5, end = centre + support + 0.5;
    uint32_t from = first < 0 ? 0 : (uint32_t)first, to = end > a->in ? a->in : (uint32_t)end;
    double *w = a->weight + (size_t)x * a->width;
    assert(from < to && to - from <= a->width);
    for (uint32_t i = 0; i < to - from; i++) {
        double d = fabs(((double)(i + from) - centre + 0.5) * inverse);
        w[i] = d < 1.0 ? 1.0 - d : 0.0;
        sum += w[i];
    }
    for (uint32_t i = 0; i < to - from; i++)
        if (sum != 0.0)
            w[i] /= sum;
    a->taps[x] = (struct span){from, to - from};
}

static int axis_init(struct axis *a, uint32_t in, uint32_t out, bool fixed, struct err *e) {
    double scale = (double)in / out, stretch = scale < 1.0 ? 1.0 : scale;
    size_t n = out;
    *a = (struct axis){.in = in, .out = out, .width = (uint32_t)ceil(stretch) * 2 + 1};
    a->taps = mem_alloc(n, sizeof *a->taps, e);
    if (!a->taps || !mem_mul(n, a->width, &n))
        return ERR_NO_MEMORY;
    a->weight = mem_alloc(n, sizeof *a->weight, e);
    if (!a->weight)
        return ERR_NO_MEMORY;
    for (uint32_t x = 0; x < out; x++)
        axis_weights(a, x, scale, stretch);
    if (!fixed)
        return 0;
    a->fixed = mem_alloc(n, sizeof *a->fixed, e);
    if (!a->fixed)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < n; i++) /* no weight is negative */
        a->fixed[i] = (int32_t)(0.5 + a->weight[i] * (1 << FRACTION_BITS));
    return 0;
}

/* --- 8 bits */

static inline uint8_t clip8(int32_t sum) {
    int32_t v = sum >> FRACTION_BITS;
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static inline __attribute__((always_inline)) void across_u8_of(uint8_t *dst, const uint8_t *src, const struct axis *a, size_t channels) {
    for (uint32_t x = 0; x < a->out; x++) {
        const int32_t *w = a->fixed + (size_t)x * a->width;
        const uint8_t *from = src + a->taps[x].first * channels;
        int32_t sum[4];
        for (size_t c = 0; c < channels; c++)
            sum[c] = 1 << (FRACTION_BITS - 1);
        for (uint32_t i = 0; i < a->taps[x].count; i++)
            for (size_t c = 0; c < channels; c++)
                sum[c] += from[i * channels + c] * w[i];
        for (size_t c = 0; c < channels; c++)
            dst[x * channels + c] = clip8(sum[c]);
    }
}

VECTORS_EXACT static void across_u8(uint8_t *dst, const uint8_t *src, const struct axis *a, int channels) {
    switch (channels) {
    case 1:
        across_u8_of(dst, src, a, 1);
        break;
    case 2:
        across_u8_of(dst, src, a, 2);
        break;
    case 3:
        across_u8_of(dst, src, a, 3);
        break;
    default:
        across_u8_of(dst, src, a, 4);
    }
}

/* One output row from `count` rows of n samples. sums: n words of scratch. */
VECTORS_EXACT static void down_u8(uint8_t *restrict dst, int32_t *restrict sums, const uint8_t *restrict src, size_t n, const int32_t *w,
                                  uint32_t count) {
    for (size_t x = 0; x < n; x++)
        sums[x] = 1 << (FRACTION_BITS - 1);
    for (uint32_t i = 0; i < count; i++)
        for (size_t x = 0; x < n; x++)
            sums[x] += src[i * n + x] * w[i];
    for (size_t x = 0; x < n; x++)
        dst[x] = clip8(sums[x]);
}

/* --- 32 bits */

/* Half away from zero, as Pillow rounds. */
static inline int32_t round_i32(double v) {
    v += v < 0.0 ? -0.5 : 0.5;
    v = v < (double)INT32_MIN ? (double)INT32_MIN : v;
    v = v > (double)INT32_MAX ? (double)INT32_MAX : v;
    return (int32_t)v;
}

/* BLOCK rows at once, side by side in `tile`, so that one weight serves a vector of samples. */
VECTORS_EXACT static void across_i32(int32_t *const *dst, double *restrict tile, const int32_t *restrict src, const struct axis *a) {
    for (uint32_t x = 0; x < a->in; x++)
        for (size_t r = 0; r < BLOCK; r++)
            tile[x * BLOCK + r] = src[r * a->in + x];
    for (uint32_t x = 0; x < a->out; x++) {
        const double *w = a->weight + (size_t)x * a->width, *from = tile + (size_t)a->taps[x].first * BLOCK;
        double sum[BLOCK] = {0.0};
        for (uint32_t i = 0; i < a->taps[x].count; i++)
            for (size_t r = 0; r < BLOCK; r++)
                sum[r] += from[i * BLOCK + r] * w[i];
        for (size_t r = 0; r < BLOCK; r++)
            dst[r][x] = round_i32(sum[r]);
    }
}

static void across_i32_row(int32_t *dst, const int32_t *src, const struct axis *a) {
    for (uint32_t x = 0; x < a->out; x++) {
        const double *w = a->weight + (size_t)x * a->width;
        double sum = 0.0;
        for (uint32_t i = 0; i < a->taps[x].count; i++)
            sum += src[a->taps[x].first + i] * w[i];
        dst[x] = round_i32(sum);
    }
}

/* One output row from `count` rows of n samples; the order of the sum is that of the rows. sums: n words of scratch. */
VECTORS_EXACT static void down_i32(int32_t *restrict dst, double *restrict sums, const int32_t *const *rows, size_t n, const double *w,
                                   uint32_t count) {
    uint32_t i = 1;
    for (size_t x = 0; x < n; x++)
        sums[x] = rows[0][x] * w[0];
    for (; i + 1 < count; i += 2) {
        const int32_t *restrict a = rows[i], *restrict b = rows[i + 1];
        const double wa = w[i], wb = w[i + 1];
        for (size_t x = 0; x < n; x++)
            sums[x] = (sums[x] + a[x] * wa) + b[x] * wb;
    }
    for (; i < count; i++)
        for (size_t x = 0; x < n; x++)
            sums[x] += rows[i][x] * w[i];
    for (size_t x = 0; x < n; x++)
        dst[x] = round_i32(sums[x]);
}

/* --- both */

static int check_sides(uint32_t dst_w, uint32_t dst_h, uint32_t src_w, uint32_t src_h, struct err *e) {
    if (dst_w < 1 || dst_h < 1 || src_w < 1 || src_h < 1 || dst_w > IMAGE_SIDE_MAX || dst_h > IMAGE_SIDE_MAX || src_w > IMAGE_SIDE_MAX ||
        src_h > IMAGE_SIDE_MAX)
        return err_set(e, ERR_LIMIT, "cannot resize %ux%u to %ux%u: sides are 1 to %d", src_w, src_h, dst_w, dst_h, IMAGE_SIDE_MAX);
    return 0;
}

/* The source rows that the vertical pass reads: all others need no horizontal pass. */
static struct span rows_needed(const struct axis *down) {
    uint32_t first = down->taps[0].first, end = 0;
    for (uint32_t y = 0; y < down->out; y++)
        if (down->taps[y].first + down->taps[y].count > end)
            end = down->taps[y].first + down->taps[y].count;
    return (struct span){first, end - first};
}

int resize_u8(uint8_t *dst, uint32_t dst_w, uint32_t dst_h, const uint8_t *src, uint32_t src_w, uint32_t src_h, int channels,
              struct err *e) {
    assert(channels >= 1 && channels <= 4);
    int rc = check_sides(dst_w, dst_h, src_w, src_h, e);
    if (rc)
        return rc;
    struct axis across = {0}, down = {0};
    uint8_t *middle = NULL;
    int32_t *sums = NULL;
    size_t in_row = (size_t)src_w * (size_t)channels, out_row = (size_t)dst_w * (size_t)channels;
    if ((rc = axis_init(&across, src_w, dst_w, true, e)) || (rc = axis_init(&down, src_h, dst_h, true, e)))
        goto out;
    struct span rows = dst_h == src_h ? (struct span){0, src_h} : rows_needed(&down);
    const uint8_t *from = src + rows.first * in_row;
    if (dst_w != src_w) {
        uint8_t *to = dst;
        if (dst_h != src_h && !(to = middle = mem_alloc_aligned(rows.count, out_row, e))) {
            rc = ERR_NO_MEMORY;
            goto out;
        }
        for (uint32_t y = 0; y < rows.count; y++)
            across_u8(to + y * out_row, from + y * in_row, &across, channels);
        from = to;
    }
    if (dst_h != src_h) {
        sums = mem_alloc_aligned(out_row, sizeof *sums, e);
        rc = sums ? 0 : ERR_NO_MEMORY;
        for (uint32_t y = 0; !rc && y < dst_h; y++)
            down_u8(dst + y * out_row, sums, from + (down.taps[y].first - rows.first) * out_row, out_row,
                    down.fixed + (size_t)y * down.width, down.taps[y].count);
    } else if (dst_w == src_w) {
        memcpy(dst, src, src_h * in_row);
    }
out:
    axis_release(&across);
    axis_release(&down);
    mem_free(middle);
    mem_free(sums);
    return rc;
}

/* --- 32 bits, row by row */

struct stream {
    const struct resize_rows *io;
    struct axis across, down;
    uint32_t next, end;  /* source rows: the next to be read, past the last that is needed */
    uint32_t room;       /* of the ring, in rows; source row y lies at y % room */
    int32_t *ring;       /* owned; rows of out_w samples */
    int32_t *source;     /* owned; BLOCK rows as they come */
    int32_t *finished;   /* owned; one row */
    double *tile;        /* owned; BLOCK source rows, or the sums of a finished one */
    const int32_t **row; /* owned; of one sum */
};

static int stream_init(struct stream *s, uint32_t dst_w, uint32_t dst_h, uint32_t src_w, uint32_t src_h, struct err *e) {
    int rc = axis_init(&s->across, src_w, dst_w, false, e);
    if (rc || (rc = axis_init(&s->down, src_h, dst_h, false, e)))
        return rc;
    const struct span rows = dst_h == src_h ? (struct span){0, src_h} : rows_needed(&s->down);
    const size_t longer = src_w > dst_w ? src_w : dst_w;
    s->next = rows.first;
    s->end = rows.first + rows.count;
    s->room = (s->down.width < rows.count ? s->down.width : rows.count) + BLOCK;
    if (!(s->ring = mem_alloc_aligned((size_t)s->room * dst_w, sizeof *s->ring, e)) ||
        !(s->source = mem_alloc_aligned((size_t)BLOCK * src_w, sizeof *s->source, e)) ||
        !(s->finished = mem_alloc_aligned(dst_w, sizeof *s->finished, e)) ||
        !(s->tile = mem_alloc_aligned(BLOCK * longer, sizeof *s->tile, e)) || !(s->row = mem_alloc(s->down.width, sizeof *s->row, e)))
        return ERR_NO_MEMORY;
    return 0;
}

static void stream_release(struct stream *s) {
    axis_release(&s->across);
    axis_release(&s->down);
    mem_free(s->ring);
    mem_free(s->source);
    mem_free(s->finished);
    mem_free(s->tile);
    mem_free(s->row);
}

static int32_t *ring_row(const struct stream *s, uint32_t y) {
    return s->ring + (size_t)(y % s->room) * s->across.out;
}

/* The next source rows, at most BLOCK, through the horizontal pass into the ring. A row of zeros stays one. */
static void pull(struct stream *s) {
    const uint32_t n = s->end - s->next < BLOCK ? s->end - s->next : BLOCK, in = s->across.in, out = s->across.out;
    bool any[BLOCK] = {false}, all = n == BLOCK;
    for (uint32_t i = 0; i < n; i++) {
        any[i] = s->io->get(s->io->context, s->next + i, s->source + (size_t)i * in);
        all = all && any[i];
    }
    if (all && in != out) {
        int32_t *to[BLOCK];
        for (uint32_t i = 0; i < BLOCK; i++)
            to[i] = ring_row(s, s->next + i);
        across_i32(to, s->tile, s->source, &s->across);
    }
    for (uint32_t i = 0; i < n; i++) {
        int32_t *to = ring_row(s, s->next + i);
        if (!any[i])
            memset(to, 0, out * sizeof *to);
        else if (in == out)
            memcpy(to, s->source + (size_t)i * in, out * sizeof *to);
        else if (!all)
            across_i32_row(to, s->source + (size_t)i * in, &s->across);
    }
    s->next += n;
}

int resize_rows_i32(const struct resize_rows *io, uint32_t dst_w, uint32_t dst_h, uint32_t src_w, uint32_t src_h, struct err *e) {
    struct stream s = {.io = io};
    int rc = check_sides(dst_w, dst_h, src_w, src_h, e);
    if (!rc)
        rc = stream_init(&s, dst_w, dst_h, src_w, src_h, e);
    for (uint32_t y = 0; !rc && y < dst_h; y++) {
        const struct span taps = dst_h == src_h ? (struct span){y, 1} : s.down.taps[y];
        while (s.next < taps.first + taps.count)
            pull(&s);
        for (uint32_t i = 0; i < taps.count; i++)
            s.row[i] = ring_row(&s, taps.first + i);
        if (dst_h != src_h)
            down_i32(s.finished, s.tile, s.row, dst_w, s.down.weight + (size_t)y * s.down.width, taps.count);
        io->put(io->context, y, dst_h != src_h ? s.finished : s.row[0]);
    }
    stream_release(&s);
    return rc;
}

struct whole { /* both pictures in memory */
    int32_t *dst;
    const int32_t *src;
    size_t dst_w, src_w;
};

static bool whole_get(void *context, uint32_t y, int32_t *row) {
    const struct whole *w = context;
    memcpy(row, w->src + y * w->src_w, w->src_w * sizeof *row);
    return true;
}

static void whole_put(void *context, uint32_t y, const int32_t *row) {
    const struct whole *w = context;
    memcpy(w->dst + y * w->dst_w, row, w->dst_w * sizeof *row);
}

int resize_i32(int32_t *dst, uint32_t dst_w, uint32_t dst_h, const int32_t *src, uint32_t src_w, uint32_t src_h, struct err *e) {
    struct whole w = {.dst = dst, .src = src, .dst_w = dst_w, .src_w = src_w};
    return resize_rows_i32(&(struct resize_rows){&w, whole_get, whole_put}, dst_w, dst_h, src_w, src_h, e);
}
