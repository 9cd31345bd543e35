/* Convolutions by fast bilinear algorithms over tiles: Winograd F(6x6,3x3) and F(4x4,3x3), 3x3 stride 2 by polyphase + F(4,2), and the last
 * one's backward pass over the data (conv_tiles.h has the algorithms). Floor 1.
 *
 * A block of T tiles: all its channels are transformed into V[point][tile][in_c]; then for each COLS output channels they are multiplied
 * point by point into S[point][tile][COLS], and that is transformed to pixels, with bias and residual added and cut at ReLU. Each thread
 * has its own blocks. Each product fetches ahead, a few lines at a time, what later ones read: its share of the next point's weights (up to
 * 67 MB, so they come from memory), the next point's tiles, and pixels of the next block. That hides them behind the arithmetic whatever
 * the number of channels, so one size of block suits all shapes. Only where one block holds all tiles and there are many channels do the
 * threads fill one V together and divide the output channels, so that the weights are streamed once.
 * An output's operations and their order depend on nothing but its tile: not on threads, images, T, or how activations are stored.
 */

#include "base/pool.h"
#include "kernel/conv_tiles.h"

enum { COLS = GEMM_COLS, ROWS = GEMM_ROWS };

/* --- geometry --------------------------------------------------------------------------------------------------------------------- */

enum { SHARED_IN_C = 256 };
enum { BLOCK = 48 };                    /* tiles: eight products share a point's weights */
#define SHARED_BYTES ((size_t)16 << 20) /* of the V of all threads: half a third-level cache */

struct geometry {
    struct tiling tiles;
    long block;            /* T, a multiple of ROWS */
    bool shared;           /* one V and one block for all threads */
    size_t v_step, s_step; /* floats from point to point; not a multiple of a page */
    size_t v_size, s_size; /* floats of all points */
};

static struct geometry geometry_of(const struct conv_shape *s, const struct algorithm *a) {
    struct geometry g;
    const size_t points = (size_t)(a->points * a->points), tile_bytes = points * (size_t)s->in_c * sizeof(float);
    g.tiles = tiling_of(s, a);
    g.shared = s->in_c >= SHARED_IN_C && (size_t)g.tiles.count <= SHARED_BYTES / tile_bytes;
    const long blocks = g.shared ? 1 : (g.tiles.count + BLOCK - 1) / BLOCK;
    g.block = ((g.tiles.count + blocks - 1) / blocks + ROWS - 1) / ROWS * ROWS;
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

/* --- one block of tiles ------------------------------------------------------------------------------------------------------------ */

/* One row of an output tile: width pixels, a cache line of channels. */
INLINE void output_row(__m512 y[LINE_VECS_MAX][OUT_MAX], int width, const struct conv_call *c, enum conv_type type, size_t at, size_t out_c,
                       const __m512 bias[LINE_VECS_MAX], bool stream) {
    const __m512 floor = c->relu ? _mm512_setzero_ps() : K(-__builtin_inff());
#pragma GCC unroll 8
    for (int j = 0; j < width; j++) {
        const size_t px = at + (size_t)j * out_c;
        __m512 x[LINE_VECS_MAX];
#pragma GCC unroll 2
        for (int v = 0; v < line_vecs(type); v++) {
            x[v] = ADD(y[v][j], bias[v]);
            if (c->residual)
                x[v] = ADD(x[v], load_activations(c->residual, px + (size_t)v * LANES, type));
            x[v] = _mm512_max_ps(x[v], floor);
        }
        if (c->residual) /* the tile to the right comes next */
            _mm_prefetch(activation(c->residual, px + (size_t)width * out_c, type), _MM_HINT_T0);
        store_line(c->dst, px, x, type, stream);
    }
}

/* The first pass of the output transform, over LANES channels. */
INLINE void output_half(const struct algorithm *a, transform *output, const float *s, size_t s_step, __m512 half[OUT_MAX][POINTS_MAX]) {
    const int q = a->points;
    __m512 x[POINTS_MAX], y[OUT_MAX];
#pragma GCC unroll 1
    for (int j = 0; j < q; j++) {
#pragma GCC unroll 9
        for (int i = 0; i < q; i++)
            x[i] = _mm512_load_ps(s + (size_t)(i * q + j) * s_step);
        output(x, y);
#pragma GCC unroll 8
        for (int i = 0; i < a->out.size; i++)
            half[i][j] = y[i];
    }
}

INLINE void output_tile(const struct conv_call *c, enum conv_type type, const struct algorithm *a, transform *output, struct tile t,
                        const float *s, size_t s_step, size_t column, bool stream) {
    const struct conv_shape *shape = &c->shape;
    const int out = a->out.size, y0 = t.y * out, x0 = t.x * out, vecs = line_vecs(type);
    const size_t out_c = (size_t)shape->out_c, row = (size_t)shape->out_w * out_c;
    const int height = shape->out_h - y0 < out ? shape->out_h - y0 : out, width = shape->out_w - x0 < out ? shape->out_w - x0 : out;
    const size_t at = ((size_t)t.image * (size_t)shape->out_h + (size_t)y0) * row + (size_t)x0 * out_c + column;
    for (size_t k = 0; k < COLS; k += (size_t)vecs * LANES) {
        __m512 half[LINE_VECS_MAX][OUT_MAX][POINTS_MAX], y[LINE_VECS_MAX][OUT_MAX], bias[LINE_VECS_MAX];
#pragma GCC unroll 2
        for (int v = 0; v < vecs; v++) {
            const size_t ch = k + (size_t)v * LANES;
            bias[v] = c->bias ? _mm512_load_ps(c->bias + column + ch) : _mm512_setzero_ps();
            output_half(a, output, s + ch, s_step, half[v]);
        }
#pragma GCC unroll 1
        for (int i = 0; i < height; i++) {
#pragma GCC unroll 2
            for (int v = 0; v < vecs; v++)
                output(half[v][i], y[v]);
            if (width == out)
                output_row(y, out, c, type, at + (size_t)i * row + k, out_c, bias, stream);
            else
                output_row(y, width, c, type, at + (size_t)i * row + k, out_c, bias, stream);
        }
    }
}

/* Tiles first .. first + count of a block into V. */
INLINE void input_block(const struct conv_call *c, enum conv_type type, const struct algorithm *a, transform *input,
                        const struct geometry *g, float *v, long block, long first, long last) {
    const struct pixels p = {c->src, c->shape.in_h, c->shape.in_w, c->shape.in_c};
    const size_t in_c = (size_t)c->shape.in_c;
    for (long t = first; t < last; t++)
        input_tile(&p, type, &a->in, a->points, input, tile_at(&g->tiles, block + t), 0, in_c, v + (size_t)t * in_c, g->v_step);
}

static uintptr_t pixel_row(const struct conv_call *c, enum conv_type type, const struct algorithm *a, struct tile t, long i) {
    const struct conv_shape *s = &c->shape;
    const long pixel = (t.image * s->in_h + t.y * a->in.step - a->in.pad + i) * s->in_w + t.x * a->in.step - a->in.pad;
    return address(c->src, pixel * s->in_c, conv_size(type));
}

/* The products of COLS output channels of a block: V to S. `more` tiles follow the block; their pixels are fetched over all columns. */
INLINE void multiply_block(const struct conv_call *c, enum conv_type type, const struct algorithm *a, const struct geometry *g,
                           const float *v, float *s, long block, long count, long more, size_t column) {
    const long in_c = c->shape.in_c, columns = c->shape.out_c / COLS;
    const long points = a->points * a->points, products = (count + ROWS - 1) / ROWS;
    const long lines = (GEMM_VECS * LANES + products - 1) / products; /* of weights, per product and LANES of k */
    const float *u = (const float *)c->packed + (long)column * points * in_c;
    const int row_lines = (a->in.size + line_vecs(type) - 1) / line_vecs(type); /* of a tile's row of pixels, per LANES of k */
    long turn = (long)(column / COLS) * points * products;
    for (long point = 0; point < points; point++, u += in_c * COLS)
        for (long t = 0; t < products; t++, turn++) { /* the last rows may be stale: computed, never read */
            const float *rows = v + point * (long)g->v_step + t * ROWS * in_c;
            struct gemm_ahead ahead[GEMM_AHEADS] = {{address(u, in_c * (COLS + t * lines), sizeof *u), (int)lines}, /* of the next point */
                                                    {address(rows, (long)g->v_step, sizeof *rows), ROWS}};
            const long item = turn / columns;
            if (turn % columns == 0 && item < more * a->in.size) /* of the next block */
                ahead[2] = (struct gemm_ahead){
                    pixel_row(c, type, a, tile_at(&g->tiles, block + count + item / a->in.size), item % a->in.size), row_lines};
            gemm(rows, (size_t)in_c, (size_t)in_c, u, s + point * (long)g->s_step + t * ROWS * COLS, ahead);
        }
}

/* COLS output channels of a block of `count` tiles, which `more` follow. */
INLINE void output_block(const struct conv_call *c, enum conv_type type, const struct algorithm *a, transform *output,
                         const struct geometry *g, const float *v, float *s, long block, long count, long more, size_t column) {
    const bool stream = conv_streams_type(&c->shape, type);
    multiply_block(c, type, a, g, v, s, block, count, more, column);
    for (long t = 0; t < count; t++) {
        if (stream)
            output_tile(c, type, a, output, tile_at(&g->tiles, block + t), s + (size_t)t * COLS, g->s_step, column, true);
        else
            output_tile(c, type, a, output, tile_at(&g->tiles, block + t), s + (size_t)t * COLS, g->s_step, column, false);
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
INLINE void run_own(struct job *j, enum conv_type type, const struct algorithm *a, transform *input, transform *output, int i, int n) {
    long first, last;
    float *v = j->v + (size_t)i * j->g.v_size, *s = j->s + (size_t)i * j->g.s_size;
    pool_share(j->g.tiles.count, i, n, &first, &last);
    for (long block = first; block < last; block += j->g.block) {
        const long left = last - block, count = left < j->g.block ? left : j->g.block;
        const long more = left - count < j->g.block ? left - count : j->g.block;
        input_block(j->call, type, a, input, &j->g, v, block, 0, count);
        for (size_t column = 0; column < (size_t)j->call->shape.out_c; column += COLS)
            output_block(j->call, type, a, output, &j->g, v, s, block, count, more, column);
    }
}

/* Few tiles, many channels: all threads fill V, ... */
INLINE void run_input(struct job *j, enum conv_type type, const struct algorithm *a, transform *input, int i, int n) {
    long first, last;
    pool_share(j->g.tiles.count, i, n, &first, &last);
    input_block(j->call, type, a, input, &j->g, j->v, 0, first, last);
}

/* ... then divide the output channels. */
INLINE void run_output(struct job *j, enum conv_type type, const struct algorithm *a, transform *output, int i, int n) {
    long first, last;
    pool_share(j->call->shape.out_c / COLS, i, n, &first, &last);
    for (long column = first; column < last; column++)
        output_block(j->call, type, a, output, &j->g, j->v, j->s + (size_t)i * j->g.s_size, 0, j->g.tiles.count, 0, (size_t)column * COLS);
}

typedef void share(void *ctx, int i, int n);

struct shares {
    share *own, *input, *output;
};

static void run(const struct conv_call *c, const struct algorithm *a, const struct shares *shares) {
    struct job j = {.call = c, .g = geometry_of(&c->shape, a), .v = c->scratch};
    j.s = j.v + (size_t)(j.g.shared ? 1 : pool_threads()) * j.g.v_size;
    if (!j.g.shared) {
        pool_run(shares->own, &j);
        return;
    }
    pool_run(shares->input, &j);
    pool_run(shares->output, &j);
}

/* --- the kernels ------------------------------------------------------------------------------------------------------------------- */

static bool takes(const struct conv_shape *s, int stride) {
    return s->kernel == 3 && s->stride == stride && s->pad == 1 && !s->pool && s->in_c % LANES == 0 && s->out_c % COLS == 0 && has_avx512();
}

#define PACK_OF(name, a, backward)                                                                                                         \
    static void name(void *packed, const float *weights, const struct conv_shape *s) {                                                     \
        tiles_pack(packed, weights, s, &a, backward);                                                                                      \
    }

PACK_OF(f6_pack, f6, false)
PACK_OF(f6_pack_backward, f6, true)
PACK_OF(f4_pack, f4, false)
PACK_OF(f4_pack_backward, f4, true)
PACK_OF(s2_pack, s2, false)
PACK_OF(s2_pack_backward, s2_back, true)

#define SHARES_OF(name, type, a)                                                                                                           \
    KERNEL static void name##_own(void *ctx, int i, int n) {                                                                               \
        run_own(ctx, type, &a, a##_input, a##_output, i, n);                                                                               \
    }                                                                                                                                      \
    KERNEL static void name##_in(void *ctx, int i, int n) {                                                                                \
        run_input(ctx, type, &a, a##_input, i, n);                                                                                         \
    }                                                                                                                                      \
    KERNEL static void name##_out(void *ctx, int i, int n) {                                                                               \
        run_output(ctx, type, &a, a##_output, i, n);                                                                                       \
    }                                                                                                                                      \
    static const struct shares name = {name##_own, name##_in, name##_out};

#define KERNEL_OF(kernel, text, a, stride, pack, pack_backward)                                                                            \
    static bool a##_takes(const struct conv_shape *s) {                                                                                    \
        return takes(s, stride);                                                                                                           \
    }                                                                                                                                      \
    static size_t a##_packed_bytes(const struct conv_shape *s) {                                                                           \
        return (size_t)(a.points * a.points) * (size_t)s->in_c * (size_t)s->out_c * sizeof(float);                                         \
    }                                                                                                                                      \
    static size_t a##_scratch_bytes(const struct conv_shape *s, int threads) {                                                             \
        return scratch_bytes(s, &a, threads);                                                                                              \
    }                                                                                                                                      \
    SHARES_OF(a##_f32, CONV_F32, a)                                                                                                        \
    SHARES_OF(a##_bf16, CONV_BF16, a)                                                                                                      \
    static void a##_run(const struct conv_call *c) {                                                                                       \
        run(c, &a, c->type == CONV_BF16 ? &a##_bf16 : &a##_f32);                                                                           \
    }                                                                                                                                      \
    const struct conv_kernel kernel = {text, a##_takes, a##_packed_bytes, pack, pack_backward, a##_scratch_bytes, a##_run};

KERNEL_OF(conv_winograd6, "winograd 6x6", f6, 1, f6_pack, f6_pack_backward)
KERNEL_OF(conv_winograd4, "winograd 4x4", f4, 1, f4_pack, f4_pack_backward)
KERNEL_OF(conv_strided, "polyphase 4x4", s2, 2, s2_pack, NULL)
KERNEL_OF(conv_strided_back, "polyphase 8x8", s2_back, 2, NULL, s2_pack_backward)
