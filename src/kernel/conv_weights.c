/* Backward over the weights of 3x3 convolutions, by the transposed algorithms of conv_tiles.h. Floor 1.
 *
 * Y = A^T [ sum over c of (G w G^T) . (B^T x B) ] A is linear in w, so dw = G^T [ sum over tiles of (B^T x B) . (A dY A^T) ] G: with
 * V = B^T x B and D = A dY A^T, each point is one matrix product over tiles, dU[point] = V[point]^T D[point], and dU is transformed once.
 *
 * A block of T tiles: the threads fill V and D, which live in the third-level cache; then they divide the products. A panel is SIDE input
 * by SIDE output channels at all points: dU[panel][point][SIDE][SIDE]. V and D are kept by panel sides, [side][point][tile][SIDE], so that
 * a product reads two dense runs of memory. Where there are many panels, each thread takes whole ones, and makes dw of each after the last
 * block, while it is still in a cache; with a single block that needs memory for one panel per thread, and not for all (67 MB at 512
 * channels). Where there are few, the threads divide panels by points, and dw in a step of its own.
 * Each sum runs over the tiles in order, cut into blocks by a rule on the shape alone: the same bits for any number of threads.
 */
#include "base/pool.h"
#include "kernel/conv_tiles.h"

enum { SIDE = GEMM_COLS, ROWS = GEMM_ROWS, TAPS = 9 };
enum { CUT = 96 }; /* tiles of one product, whose D (24 kB) stays in the first-level cache */

/* --- geometry --------------------------------------------------------------------------------------------------------------------- */

#define BLOCK_BYTES ((size_t)6 << 20)   /* of V and D where there are several blocks, if that is CUT tiles */
#define SINGLE_BYTES ((size_t)64 << 20) /* all tiles are one block up to here if dU is larger: reading and writing it costs more */

struct geometry {
    struct tiling tiles;
    long block;            /* T */
    int in_sides, panels;  /* panel = output side * in_sides + input side */
    size_t points;         /* Q * Q */
    size_t v_step, u_step; /* floats from point to point; not a multiple of a page */
    size_t side;           /* floats of all points of a side of V or D */
};

static struct geometry geometry_of(const struct conv_shape *s, const struct algorithm *a) {
    struct geometry g = {.tiles = tiling_of(s, a), .in_sides = s->in_c / SIDE, .points = (size_t)(a->points * a->points)};
    const int out_sides = s->out_c / SIDE;
    g.panels = g.in_sides * out_sides;
    g.u_step = SIDE * SIDE + LANES;
    const size_t tile_bytes = g.points * (size_t)(g.in_sides + out_sides) * SIDE * sizeof(float);
    const size_t u_bytes = g.points * (size_t)g.panels * g.u_step * sizeof(float), bytes = tile_bytes * (size_t)g.tiles.count;
    const bool single = bytes <= BLOCK_BYTES || (bytes <= SINGLE_BYTES && bytes <= u_bytes);
    const long fit = (long)(BLOCK_BYTES / tile_bytes), most = fit < CUT ? CUT : fit;
    const long blocks = single ? 1 : (g.tiles.count + most - 1) / most;
    g.block = (g.tiles.count + blocks - 1) / blocks;
    g.v_step = (size_t)g.block * SIDE + LANES;
    g.side = g.points * g.v_step;
    return g;
}

/* Do threads take whole panels? Then each has several, which evens out. */
static bool whole_panels(const struct geometry *g, int threads) {
    return g->panels >= 4 * threads;
}

/* Is each dU read and written by one thread, in one go? */
static bool passing(const struct geometry *g, int threads) {
    return whole_panels(g, threads) && g->block == g->tiles.count;
}

/* V, D, dU */
static size_t scratch_bytes(const struct conv_shape *s, const struct algorithm *a, int threads) {
    const struct geometry g = geometry_of(s, a);
    const size_t panels = (size_t)(passing(&g, threads) ? threads : g.panels);
    return ((size_t)((s->in_c + s->out_c) / SIDE) * g.side + panels * g.points * g.u_step) * sizeof(float);
}

struct job {
    const struct conv_weights_call *call;
    const struct algorithm *a;
    struct geometry g;
    float *v, *d, *u;
    bool passing;
    long block, count; /* the block's first tile, its tiles */
};

/* --- V and D ---------------------------------------------------------------------------------------------------------------------- */

/* All channels of one tensor: tile t of the block to v[side][point][t]. */
INLINE void fill_tile(const struct job *j, const struct pixels *p, enum conv_type type, const struct view *view, int q,
                      transform *to_points, long t, float *v) {
    const struct tile tile = tile_at(&j->g.tiles, j->block + t);
    for (size_t side = 0; side < (size_t)p->c / SIDE; side++)
        input_tile(p, type, view, q, to_points, tile, side * SIDE, (side + 1) * SIDE, v + side * j->g.side + (size_t)t * SIDE, j->g.v_step);
}

INLINE void fill(const struct job *j, enum conv_type type, const struct algorithm *a, transform *input, transform *gradient, int i, int n) {
    const struct conv_shape *s = &j->call->shape;
    const struct pixels x = {j->call->src, s->in_h, s->in_w, s->in_c}, dy = {j->call->grad, s->out_h, s->out_w, s->out_c};
    long first, last;
    pool_share(j->count, i, n, &first, &last);
    for (long t = first; t < last; t++)
        fill_tile(j, &x, type, &a->in, a->points, input, t, j->v);
    for (long t = first; t < last; t++)
        fill_tile(j, &dy, type, &a->out, a->points, gradient, t, j->d);
}

/* --- dU += V^T D ------------------------------------------------------------------------------------------------------------------ */

/* u[r][col] = (start ? 0 : u[r][col]) + sum over t of v[t][r] d[t][col], r < rows, t < tiles. As gemm(), but over the outer index. The sum
 * begins at zero: rounding errors of a long sum grow with its terms' number, of a sum of short sums hardly. */
INLINE void outer(const float *v, const float *d, long tiles, float *u, int rows, bool start, struct gemm_ahead ahead[GEMM_AHEADS]) {
    __m512 sum[ROWS][GEMM_VECS];
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int k = 0; k < GEMM_VECS; k++)
            sum[r][k] = _mm512_setzero_ps();
    for (long t = 0; t < tiles; t++, v += SIDE, d += SIDE) {
        if (t % LANES == 0)
#pragma GCC unroll 3
            for (int i = 0; i < GEMM_AHEADS; i++)
                gemm_fetch(&ahead[i]);
        __m512 w[GEMM_VECS];
#pragma GCC unroll 4
        for (int k = 0; k < GEMM_VECS; k++)
            w[k] = _mm512_load_ps(d + k * LANES);
#pragma GCC unroll 6
        for (int r = 0; r < rows; r++) {
            const __m512 x = _mm512_set1_ps(v[r]);
#pragma GCC unroll 4
            for (int k = 0; k < GEMM_VECS; k++)
                sum[r][k] = FMA(x, w[k], sum[r][k]);
        }
    }
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int k = 0; k < GEMM_VECS; k++)
            _mm512_store_ps(u + r * SIDE + k * LANES, start ? sum[r][k] : ADD(_mm512_load_ps(u + r * SIDE + k * LANES), sum[r][k]));
}

/* One point of one panel. What the next point reads is fetched meanwhile, each of its lines once: of V and D a few per LANES tiles and
 * strip of rows, and of dU. */
KERNEL static void multiply(const struct job *j, const float *v, const float *d, float *u) {
    enum { STRIPS = (SIDE + ROWS - 1) / ROWS, TILE_LINES = (SIDE + STRIPS - 1) / STRIPS, U_LINES = SIDE * SIDE / LANES };
    const int turns = STRIPS * (int)((j->count + LANES - 1) / LANES);
    struct gemm_ahead ahead[GEMM_AHEADS] = {{address(v, (long)j->g.v_step, sizeof *v), TILE_LINES},
                                            {address(d, (long)j->g.v_step, sizeof *d), TILE_LINES},
                                            {address(u, (long)j->g.u_step, sizeof *u), j->block == 0 ? 0 : (U_LINES + turns - 1) / turns}};
    for (long t = 0; t < j->count; t += CUT) {
        const long tiles = j->count - t < CUT ? j->count - t : CUT;
        const bool start = j->block + t == 0;
        int r = 0;
        for (; r + ROWS <= SIDE; r += ROWS)
            outer(v + t * SIDE + r, d + t * SIDE, tiles, u + r * SIDE, ROWS, start, ahead);
        outer(v + t * SIDE + r, d + t * SIDE, tiles, u + r * SIDE, SIDE % ROWS, start, ahead);
    }
}

/* Points first .. last of a panel. */
static void multiply_points(const struct job *j, long panel, size_t first, size_t last, float *u) {
    const float *v = j->v + (size_t)(panel % j->g.in_sides) * j->g.side, *d = j->d + (size_t)(panel / j->g.in_sides) * j->g.side;
    for (size_t point = first; point < last; point++)
        multiply(j, v + point * j->g.v_step, d + point * j->g.v_step, u + point * j->g.u_step);
}

/* --- dw += G^T dU G --------------------------------------------------------------------------------------------------------------- */

/* Eight output channels of one input channel, in double. u: their first point. */
INLINE void weights_of(const struct algorithm *a, const float *u, size_t u_step, __m512d w[TAPS]) {
    const int q = a->points;
#pragma GCC unroll 9
    for (int k = 0; k < TAPS; k++)
        w[k] = _mm512_setzero_pd();
    for (int i = 0; i < q; i++) {
        __m512d row[3] = {_mm512_setzero_pd(), _mm512_setzero_pd(), _mm512_setzero_pd()};
        for (int l = 0; l < q; l++, u += u_step) {
            const __m512d x = _mm512_cvtps_pd(_mm256_load_ps(u));
#pragma GCC unroll 3
            for (int k = 0; k < 3; k++)
                row[k] = _mm512_fmadd_pd(x, _mm512_set1_pd(a->g[l][k]), row[k]);
        }
#pragma GCC unroll 3
        for (int k = 0; k < 3; k++)
#pragma GCC unroll 3
            for (int l = 0; l < 3; l++)
                w[k * 3 + l] = _mm512_fmadd_pd(row[l], _mm512_set1_pd(a->g[i][k]), w[k * 3 + l]);
    }
}

/* Input channels first .. last of a panel. Eight at once, so that one output channel's weights are written side by side. */
KERNEL static void finish(const struct job *j, long panel, int first, int last, const float *u) {
    enum { WIDTH = 8 };
    const size_t in_c = (size_t)j->call->shape.in_c;
    float *dw = j->call->weights + ((size_t)(panel / j->g.in_sides) * in_c + (size_t)(panel % j->g.in_sides)) * SIDE * TAPS;
    for (int c = first; c < last; c++)
        for (int o = 0; o < SIDE; o += WIDTH) {
            __m512d w[TAPS];
            float out[TAPS][WIDTH];
            weights_of(j->a, u + c * SIDE + o, j->g.u_step, w);
            for (int k = 0; k < TAPS; k++)
                _mm256_storeu_ps(out[k], _mm512_cvtpd_ps(w[k]));
            for (int lane = 0; lane < WIDTH; lane++)
                for (int k = 0; k < TAPS; k++)
                    dw[((size_t)(o + lane) * in_c + (size_t)c) * TAPS + (size_t)k] += out[k][lane];
        }
}

/* --- who does what ---------------------------------------------------------------------------------------------------------------- */

static float *panel_of(const struct job *j, long panel) {
    return j->u + (size_t)panel * j->g.points * j->g.u_step;
}

/* Many panels: thread i of n takes whole ones. */
static void share_panels(void *ctx, int i, int n) {
    const struct job *j = ctx;
    long first, last;
    pool_share(j->g.panels, i, n, &first, &last);
    for (long panel = first; panel < last; panel++) {
        float *u = panel_of(j, j->passing ? i : panel);
        multiply_points(j, panel, 0, j->g.points, u);
        if (j->block + j->count == j->g.tiles.count)
            finish(j, panel, 0, SIDE, u);
    }
}

/* Few: they are divided by points, ... */
static void share_points(void *ctx, int i, int n) {
    const struct job *j = ctx;
    const long points = (long)j->g.points;
    long first, last;
    pool_share(j->g.panels * points, i, n, &first, &last);
    for (long item = first; item < last; item++) {
        const size_t point = (size_t)(item % points);
        multiply_points(j, item / points, point, point + 1, panel_of(j, item / points));
    }
}

/* ... and afterwards by input channels. */
static void share_finish(void *ctx, int i, int n) {
    const struct job *j = ctx;
    long first, last;
    pool_share((long)j->g.panels * SIDE, i, n, &first, &last);
    for (long item = first; item < last; item++)
        finish(j, item / SIDE, (int)(item % SIDE), (int)(item % SIDE) + 1, panel_of(j, item / SIDE));
}

typedef void share(void *ctx, int i, int n);

static void run(const struct conv_weights_call *c, const struct algorithm *a, share *fill_share) {
    struct job j = {.call = c, .a = a, .g = geometry_of(&c->shape, a), .v = c->scratch};
    const bool whole = whole_panels(&j.g, pool_threads());
    j.passing = passing(&j.g, pool_threads());
    j.d = j.v + (size_t)j.g.in_sides * j.g.side;
    j.u = j.d + (size_t)(c->shape.out_c / SIDE) * j.g.side;
    for (; j.block < j.g.tiles.count; j.block += j.g.block) {
        const long left = j.g.tiles.count - j.block;
        j.count = left < j.g.block ? left : j.g.block;
        pool_run(fill_share, &j);
        pool_run(whole ? share_panels : share_points, &j);
    }
    if (!whole)
        pool_run(share_finish, &j);
}

/* --- the kernels ------------------------------------------------------------------------------------------------------------------ */

static bool takes(const struct conv_shape *s, int stride) {
    return s->kernel == 3 && s->stride == stride && s->pad == 1 && !s->pool && s->in_c % SIDE == 0 && s->out_c % SIDE == 0 && has_avx512();
}

#define KERNEL_OF(kernel, text, a, stride)                                                                                                 \
    static bool a##_takes(const struct conv_shape *s) {                                                                                    \
        return takes(s, stride);                                                                                                           \
    }                                                                                                                                      \
    static size_t a##_scratch_bytes(const struct conv_shape *s, int threads) {                                                             \
        return scratch_bytes(s, &a, threads);                                                                                              \
    }                                                                                                                                      \
    KERNEL static void a##_fill_f32(void *ctx, int i, int n) {                                                                             \
        fill(ctx, CONV_F32, &a, a##_input, a##_gradient, i, n);                                                                            \
    }                                                                                                                                      \
    KERNEL static void a##_fill_bf16(void *ctx, int i, int n) {                                                                            \
        fill(ctx, CONV_BF16, &a, a##_input, a##_gradient, i, n);                                                                           \
    }                                                                                                                                      \
    static void a##_run(const struct conv_weights_call *c) {                                                                               \
        run(c, &a, c->type == CONV_BF16 ? a##_fill_bf16 : a##_fill_f32);                                                                   \
    }                                                                                                                                      \
    const struct conv_weights_kernel kernel = {text, a##_takes, a##_scratch_bytes, a##_run};

KERNEL_OF(conv_weights_winograd6, "weights winograd 6x6", f6, 1)
KERNEL_OF(conv_weights_winograd4, "weights winograd 4x4", f4, 1)
KERNEL_OF(conv_weights_strided, "weights polyphase 4x4", s2, 2)
