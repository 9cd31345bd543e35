/* Every op of the engine's table against its definition, computed naively in double; the planner's promises. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/pool.h"
#include "base/rng.h"
#include "tensor/op.h"

static float *random_floats(size_t n, uint32_t item) {
    float *x = mem_alloc_aligned(n + 1, sizeof *x, NULL);
    assert_non_null(x);
    const struct rng r = rng_make(7, 99, item);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)rng_normal(&r, i);
    return x;
}

static struct batch_norm identity_norm(int c) {
    static float one[64], zero[64];
    assert_true(c <= 64);
    for (int i = 0; i < c; i++)
        one[i] = 1.0F;
    return (struct batch_norm){one, zero, zero, one, 0.0F};
}

/* Run a graph over its inputs (bound in the order of their nodes) and compare with the reference, scaled by its largest number. */
static void check(struct graph *g, const float *const *inputs, const double *want, double tolerance, bool exact) {
    struct err e = {0};
    struct engine en;
    struct plan *p = NULL;
    assert_int_equal(engine_init(&en, exact, false, &e), 0);
    if (plan_new(&p, g, &en, &e))
        fail_msg("%s", e.message);
    for (int i = 0; i < g->n; i++)
        if (g->nodes[i].op == OP_input)
            plan_bind(p, i, *inputs++);
    const size_t n = shape_count(g->nodes[g->output].shape);
    double scale = 1e-30, worst = 0;
    for (int run = 0; run < 2; run++) { /* the second run finds the workspace full of the first */
        if (plan_run(p, &e))
            fail_msg("%s", e.message);
        const float *got = plan_output(p);
        for (size_t i = 0; i < n; i++)
            scale = fmax(scale, fabs(want[i]));
        for (size_t i = 0; i < n; i++)
            worst = fmax(worst, isfinite(got[i]) ? fabs((double)got[i] - want[i]) : INFINITY);
    }
    plan_free(p);
    engine_release(&en);
    if (worst > tolerance * scale)
        fail_msg("largest difference %g of %g", worst, scale);
}

/* --- convolution ---------------------------------------------------------------------------------------------------------- */

struct conv_case {
    int n, h, w, in_c, weights_in_c, out_c, kernel, stride;
    bool relu, residual;
};

static void conv_one(const struct conv_case *c, bool exact) {
    struct graph g;
    graph_init(&g);
    const int k = c->kernel, pad = k / 2, oh = (c->h + 2 * pad - k) / c->stride + 1, ow = (c->w + 2 * pad - k) / c->stride + 1;
    float *x = random_floats((size_t)(c->n * c->h * c->w * c->in_c), 1),
          *w = random_floats((size_t)(c->out_c * c->weights_in_c * k * k), 2);
    float *bn = random_floats((size_t)(4 * c->out_c), 3), *r = random_floats((size_t)(c->n * oh * ow * c->out_c), 4);
    for (int i = 0; i < c->out_c; i++)
        bn[3 * c->out_c + i] = 0.5F + fabsf(bn[3 * c->out_c + i]);
    const struct batch_norm norm = {bn, bn + c->out_c, bn + 2 * c->out_c, bn + 3 * c->out_c, 1e-5F};
    const int in = graph_input(&g, "x", (struct shape){c->n, c->h, c->w, c->in_c});
    float *eye = mem_alloc((size_t)(c->out_c * c->out_c), sizeof *eye, NULL);
    int residual = -1;
    if (c->residual) { /* not an input itself: sums are made in place, and inputs are the caller's */
        residual = graph_input(&g, "r", (struct shape){c->n, oh, ow, c->out_c});
        for (int i = 0; i < c->out_c; i++)
            eye[i * c->out_c + i] = 1.0F;
        const struct batch_norm id = identity_norm(c->out_c);
        residual = graph_conv(&g, residual, "eye", eye, c->out_c, c->out_c, 1, 1, 0, &id, false, -1);
    }
    graph_conv(&g, in, "conv", w, c->weights_in_c, c->out_c, k, c->stride, pad, &norm, c->relu, residual);
    double *want = mem_alloc((size_t)(c->n * oh * ow * c->out_c), sizeof *want, NULL);
    for (int n = 0; n < c->n; n++)
        for (int i = 0; i < oh; i++)
            for (int j = 0; j < ow; j++)
                for (int o = 0; o < c->out_c; o++) {
                    double sum = 0;
                    for (int a = 0; a < c->weights_in_c; a++)
                        for (int u = 0; u < k; u++)
                            for (int v = 0; v < k; v++) {
                                const int y = i * c->stride + u - pad, z = j * c->stride + v - pad;
                                if (y >= 0 && y < c->h && z >= 0 && z < c->w)
                                    sum += (double)x[((n * c->h + y) * c->w + z) * c->in_c + (c->in_c == 1 ? 0 : a)] *
                                           (double)w[((o * c->weights_in_c + a) * k + u) * k + v];
                            }
                    const size_t at = (size_t)(((n * oh + i) * ow + j) * c->out_c + o);
                    sum = (sum - (double)norm.mean[o]) / sqrt((double)norm.var[o] + 1e-5) * (double)norm.gamma[o] + (double)norm.beta[o];
                    sum += c->residual ? (double)r[at] : 0;
                    want[at] = c->relu && sum < 0 ? 0 : sum;
                }
    check(&g, (const float *[]){x, r}, want, exact ? 2e-6 : 3e-5, exact);
    graph_release(&g);
    free(x);
    free(w);
    free(bn);
    free(r);
    free(eye);
    free(want);
}

static void case_conv(void) {
    static const struct conv_case cases[] = {
        {1, 30, 26, 3, 3, 16, 7, 2, true, false},   {2, 31, 23, 1, 3, 16, 7, 2, true, false}, /* grey: the three channels' weights summed */
        {2, 20, 17, 16, 16, 16, 3, 1, true, true},  {1, 40, 33, 64, 64, 64, 3, 1, true, true},  {1, 29, 31, 64, 64, 64, 3, 1, false, false},
        {2, 19, 22, 16, 16, 32, 3, 2, true, false}, {1, 30, 30, 64, 64, 32, 3, 2, true, false}, {1, 19, 22, 16, 16, 32, 1, 2, false, false},
        {1, 9, 9, 8, 8, 8, 3, 1, true, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("  conv %zu, direct\n", i);
        conv_one(&cases[i], true);
        print_message("  conv %zu, by the rule\n", i);
        conv_one(&cases[i], false);
    }
}

/* --- pooling ---------------------------------------------------------------------------------------------------------------- */

/* conv 7x7/2 + ReLU, then the pooling: with the fused stem where a kernel of ours takes it (64 channels), as two steps elsewhere (16). */
static void max_pool_one(int out_c, int h, int w) {
    struct graph g;
    graph_init(&g);
    const int oh = (h - 1) / 2 + 1, ow = (w - 1) / 2 + 1, ph = (oh - 1) / 2 + 1, pw = (ow - 1) / 2 + 1;
    float *x = random_floats((size_t)(h * w), 1), *k = random_floats((size_t)(out_c * 49), 2);
    const struct batch_norm id = identity_norm(out_c);
    const int in = graph_input(&g, "x", (struct shape){1, h, w, 1});
    graph_max_pool(&g, graph_conv(&g, in, "stem", k, 1, out_c, 7, 2, 3, &id, true, -1), "pool");
    double *conv = mem_alloc((size_t)(oh * ow), sizeof *conv, NULL), *want = mem_alloc((size_t)(ph * pw * out_c), sizeof *want, NULL);
    for (int o = 0; o < out_c; o++) {
        for (int i = 0; i < oh * ow; i++) {
            double sum = 0;
            for (int t = 0; t < 49; t++) {
                const int y = i / ow * 2 + t / 7 - 3, z = i % ow * 2 + t % 7 - 3;
                if (y >= 0 && y < h && z >= 0 && z < w)
                    sum += (double)x[y * w + z] * (double)k[o * 49 + t];
            }
            conv[i] = sum > 0 ? sum : 0;
        }
        for (int i = 0; i < ph * pw; i++) {
            double most = -INFINITY;
            for (int t = 0; t < 9; t++) {
                const int y = i / pw * 2 + t / 3 - 1, z = i % pw * 2 + t % 3 - 1;
                if (y >= 0 && y < oh && z >= 0 && z < ow)
                    most = fmax(most, conv[y * ow + z]);
            }
            want[i * out_c + o] = most;
        }
    }
    check(&g, (const float *[]){x}, want, 2e-6, false);
    graph_release(&g);
    free(x);
    free(k);
    free(conv);
    free(want);
}

static void case_max_pool(void) {
    max_pool_one(16, 33, 42);
    max_pool_one(64, 33, 42);
    max_pool_one(64, 224, 61);
}

static void case_mean_pool(void) {
    struct graph g;
    graph_init(&g);
    enum { N = 2, H = 9, W = 7, C = 200 };
    float *x = random_floats(N * H * W * C, 1);
    double *want = mem_alloc(N * C, sizeof *want, NULL);
    for (int n = 0; n < N; n++)
        for (int i = 0; i < H * W; i++)
            for (int c = 0; c < C; c++)
                want[n * C + c] += (double)x[(n * H * W + i) * C + c] / (H * W);
    graph_mean_pool(&g, graph_input(&g, "x", (struct shape){N, H, W, C}), "mean");
    check(&g, (const float *[]){x}, want, 1e-6, false);
    graph_release(&g);
    free(x);
    free(want);
}

/* --- rows ------------------------------------------------------------------------------------------------------------------- */

enum { ROWS = 5, DIM = 24 };

static void case_linear(void) {
    enum { OUT = 40 };
    for (int variant = 0; variant < 4; variant++) { /* none, ReLU, GELU, residual */
        struct graph g;
        graph_init(&g);
        float *x = random_floats(ROWS * DIM, 1), *w = random_floats(OUT * DIM, 2), *b = random_floats(OUT, 3);
        double want[ROWS * OUT];
        const int in = graph_input(&g, "x", (struct shape){ROWS, 1, 1, DIM});
        const int first = graph_linear(&g, in, "l", w, b, OUT, variant == 3 ? ACTIVATION_NONE : (enum activation)variant, -1);
        if (variant == 3)
            graph_linear(&g, in, "l2", w, NULL, OUT, ACTIVATION_NONE, first); /* twice the product, once the bias */
        for (int r = 0; r < ROWS; r++)
            for (int o = 0; o < OUT; o++) {
                double sum = 0;
                for (int i = 0; i < DIM; i++)
                    sum += (double)x[r * DIM + i] * (double)w[o * DIM + i];
                const double y = (variant == 3 ? 2 : 1) * sum + (double)b[o];
                want[r * OUT + o] = variant == 1 ? fmax(y, 0) : variant == 2 ? 0.5 * y * (1 + erf(y / sqrt(2))) : y;
            }
        check(&g, (const float *[]){x}, want, 2e-6, false);
        graph_release(&g);
        free(x);
        free(w);
        free(b);
    }
}

static void case_layer_norm(void) {
    struct graph g;
    graph_init(&g);
    float *x = random_floats(ROWS * DIM, 1), *gamma = random_floats(DIM, 2), *beta = random_floats(DIM, 3);
    double want[ROWS * DIM];
    for (int r = 0; r < ROWS; r++) {
        double mean = 0, var = 0;
        for (int c = 0; c < DIM; c++)
            mean += (double)x[r * DIM + c] / (double)DIM;
        for (int c = 0; c < DIM; c++)
            var += ((double)x[r * DIM + c] - mean) * ((double)x[r * DIM + c] - mean) / (double)DIM;
        for (int c = 0; c < DIM; c++)
            want[r * DIM + c] = ((double)x[r * DIM + c] - mean) / sqrt(var + 1e-5) * (double)gamma[c] + (double)beta[c];
    }
    graph_layer_norm(&g, graph_input(&g, "x", (struct shape){ROWS, 1, 1, DIM}), "ln", gamma, beta, 1e-5F);
    check(&g, (const float *[]){x}, want, 1e-6, false);
    graph_release(&g);
    free(x);
    free(gamma);
    free(beta);
}

static void case_attention(void) {
    enum { HEADS = 4, D = DIM / HEADS };
    struct graph g;
    graph_init(&g);
    float *x = random_floats(ROWS * 3 * DIM, 1);
    double want[ROWS * DIM];
    for (int h = 0; h < HEADS; h++)
        for (int i = 0; i < ROWS; i++) {
            double weight[ROWS], sum = 0;
            for (int j = 0; j < ROWS; j++) {
                double dot = 0;
                for (int c = 0; c < D; c++)
                    dot += (double)x[i * 3 * DIM + h * D + c] * (double)x[j * 3 * DIM + DIM + h * D + c];
                sum += weight[j] = exp(dot / sqrt(D));
            }
            for (int c = 0; c < D; c++) {
                double y = 0;
                for (int j = 0; j < ROWS; j++)
                    y += weight[j] / sum * (double)x[j * 3 * DIM + 2 * DIM + h * D + c];
                want[i * DIM + h * D + c] = y;
            }
        }
    graph_attention(&g, graph_input(&g, "qkv", (struct shape){ROWS, 1, 1, 3 * DIM}), "attn", HEADS, (struct groups){1, (int[]){ROWS}}, 0);
    check(&g, (const float *[]){x}, want, 1e-6, false);
    graph_release(&g);
    free(x);
}

static void case_position(void) {
    struct graph g;
    graph_init(&g);
    static const int row[] = {4, 0, 5};
    float *x = random_floats(3 * DIM, 1), *table = random_floats(6 * DIM, 2);
    double want[3 * DIM];
    for (int i = 0; i < 3 * DIM; i++)
        want[i] = (double)x[i] + (double)table[row[i / DIM] * DIM + i % DIM];
    graph_position(&g, graph_input(&g, "x", (struct shape){3, 1, 1, DIM}), "position", table, row);
    check(&g, (const float *[]){x}, want, 1e-7, false);
    graph_release(&g);
    free(x);
    free(table);
}

static void case_mean_rows(void) {
    struct graph g;
    graph_init(&g);
    float *x = random_floats(ROWS * DIM, 1);
    double want[DIM] = {0};
    for (int i = 0; i < ROWS * DIM; i++)
        want[i % DIM] += (double)x[i] / (double)ROWS;
    graph_mean_rows(&g, graph_input(&g, "x", (struct shape){ROWS, 1, 1, DIM}), "mean", (struct groups){1, (int[]){ROWS}});
    check(&g, (const float *[]){x}, want, 1e-6, false);
    graph_release(&g);
    free(x);
}

/* [2][c] and [3][c] stacked are [5][c]; joined with a [1][4] they are one row of 5c + 4. */
static void stack_and_join(bool join) {
    struct graph g;
    graph_init(&g);
    float *a = random_floats(2 * DIM, 1), *b = random_floats(3 * DIM, 2), *c = random_floats(4, 3);
    double want[5 * DIM + 4];
    for (int i = 0; i < 5 * DIM + 4; i++)
        want[i] = (double)(i < 2 * DIM ? a[i] : i < 5 * DIM ? b[i - 2 * DIM] : c[i - 5 * DIM]);
    const int x[] = {graph_input(&g, "a", (struct shape){2, 1, 1, DIM}), graph_input(&g, "b", (struct shape){3, 1, 1, DIM})};
    const int stacked = graph_pick_rows(&g, x, 2, "stack", (int[]){0, 1, 2, 3, 4}, 5);
    assert_int_equal(g.nodes[stacked].shape.n, 5);
    if (join)
        graph_join(&g, (int[]){stacked, graph_input(&g, "c", (struct shape){1, 1, 1, 4})}, 2, "join", 1);
    check(&g, (const float *[]){a, b, c}, want, 1e-9, false);
    graph_release(&g);
    free(a);
    free(b);
    free(c);
}

static void case_pick_rows(void) {
    stack_and_join(false);
}

static void case_join(void) {
    stack_and_join(true);
}

/* The engine's own step: float32 to bfloat16, which must round to nearest even. */
static void case_reorder(void) {
    enum { N = 512 };
    struct err e = {0};
    struct dnn *d = NULL;
    struct dnn_layout *from = NULL, *to = NULL;
    struct dnn_op *op = NULL;
    float *x = random_floats(N, 1);
    uint16_t got[N];
    assert_int_equal(dnn_new(&d, &e), 0);
    assert_int_equal(dnn_layout_dense(&from, 1, 4, 4, 32, DNN_F32, &e), 0);
    assert_int_equal(dnn_layout_dense(&to, 1, 4, 4, 32, DNN_BF16, &e), 0);
    if (dnn_reorder_new(&op, d, from, to, &e) == ERR_UNSUPPORTED) {
        print_message("reorder to bfloat16 not checked: %s\n", e.message);
    } else {
        assert_int_equal(dnn_op_run(d, op, x, NULL, NULL, got, NULL, &e), 0);
        for (int i = 0; i < N; i++) {
            uint32_t bits;
            memcpy(&bits, &x[i], sizeof bits);
            assert_int_equal(got[i], (bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16);
        }
    }
    dnn_op_free(op);
    dnn_layout_free(from);
    dnn_layout_free(to);
    dnn_free(d);
    free(x);
}

/* --- one case for every op -------------------------------------------------------------------------------------------------- */

static void case_input(void) {
    struct graph g; /* an input alone is no plan worth running, but its numbers must come through */
    graph_init(&g);
    float *x = random_floats(DIM, 1);
    double want[DIM];
    for (int i = 0; i < DIM; i++)
        want[i] = (double)x[i];
    graph_input(&g, "x", (struct shape){1, 1, 1, DIM});
    check(&g, (const float *[]){x}, want, 0, false);
    graph_release(&g);
    free(x);
}

static void test_every_op(void **state) {
    (void)state;
    static void (*const cases[OP_COUNT])(void) = {
#define X(name, shape, prepare, forward, keeps, learn, backward) [OP_##name] = case_##name,
        OPS(X)
#undef X
    };
    for (int op = 0; op < OP_COUNT; op++) {
        print_message("op %s\n", op_table[op].name);
        cases[op](); /* an op without a case does not compile */
    }
}

/* --- the planner -------------------------------------------------------------------------------------------------------------- */

static void small_trunk(struct graph *g, const float *w) {
    const struct batch_norm id = identity_norm(16);
    int x = graph_input(g, "x", (struct shape){1, 24, 24, 16});
    x = graph_conv(g, x, "a", w, 16, 16, 3, 1, 1, &id, true, -1);
    for (int i = 0; i < 4; i++) {
        char name[2][8];
        snprintf(name[0], sizeof name[0], "b%d", i);
        snprintf(name[1], sizeof name[1], "c%d", i);
        const int y = graph_conv(g, x, name[0], w, 16, 16, 3, 1, 1, &id, true, -1);
        x = graph_conv(g, y, name[1], w, 16, 16, 3, 1, 1, &id, true, x);
    }
    graph_mean_pool(g, x, "mean");
}

/* No two values that live at the same time share memory, and the whole is no more than what must live together needs. */
static void test_liveness(void **state) {
    (void)state;
    struct err e = {0};
    struct engine en;
    struct graph g;
    struct plan *p = NULL;
    float *w = random_floats(16 * 16 * 9, 1);
    graph_init(&g);
    small_trunk(&g, w);
    assert_int_equal(engine_init(&en, true, false, &e), 0);
    assert_int_equal(plan_new(&p, &g, &en, &e), 0);
    size_t most = 0;
    for (int s = 0; s < p->n_steps; s++) {
        size_t live = 0;
        for (int v = 0; v < p->n_values; v++)
            if (p->values[v].alias < 0 && p->values[v].first >= 0 && p->values[v].first <= s && s <= p->values[v].last)
                live += p->values[v].bytes + p->steps[s].scratch_bytes;
        most = live > most ? live : most;
    }
    assert_true(p->workspace_bytes <= most + most / 4 + 4096);
    for (int a = 0; a < p->n_values; a++)
        for (int b = 0; b < a; b++) {
            const struct value *x = &p->values[a], *y = &p->values[b];
            if (x->alias >= 0 || y->alias >= 0 || x->first < 0 || y->first < 0 || x->first > y->last || y->first > x->last)
                continue;
            assert_true(x->offset + x->bytes <= y->offset || y->offset + y->bytes <= x->offset);
        }
    plan_free(p);
    engine_release(&en);
    graph_release(&g);
    free(w);
}

/* Two plans of one engine share packed weights and the workspace, and the first still gives the same bits after the second was made. */
static void test_shared(void **state) {
    (void)state;
    struct err e = {0};
    struct engine en;
    struct graph g[2];
    struct plan *p[2] = {0};
    float *w = random_floats(16 * 16 * 9, 1), *x = random_floats(24 * 24 * 16, 2), first[16];
    assert_int_equal(engine_init(&en, false, false, &e), 0);
    for (int i = 0; i < 2; i++) {
        graph_init(&g[i]);
        small_trunk(&g[i], w);
        assert_int_equal(plan_new(&p[i], &g[i], &en, &e), 0);
        plan_bind(p[i], 0, x);
        assert_int_equal(plan_run(p[i], &e), 0);
        if (i == 0)
            memcpy(first, plan_output(p[0]), sizeof first);
        else
            assert_memory_equal(first, plan_output(p[1]), sizeof first);
    }
    assert_ptr_equal(p[0]->steps[0].weights, p[1]->steps[0].weights);
    assert_int_equal(plan_run(p[0], &e), 0);
    assert_memory_equal(first, plan_output(p[0]), sizeof first);
    for (int i = 0; i < 2; i++) {
        plan_free(p[i]);
        graph_release(&g[i]);
    }
    engine_release(&en);
    free(w);
    free(x);
}

/* A graph that does not fit says which node and why, and makes no plan. */
static void test_misfits(void **state) {
    (void)state;
    struct err e = {0};
    struct engine en;
    struct graph g;
    struct plan *p = NULL;
    float *w = random_floats(64, 1);
    assert_int_equal(engine_init(&en, false, false, &e), 0);
    graph_init(&g);
    graph_linear(&g, graph_input(&g, "picture", (struct shape){1, 4, 4, 2}), "flat", w, NULL, 4, ACTIVATION_NONE, -1);
    assert_int_equal(plan_new(&p, &g, &en, &e), ERR_INTERNAL);
    assert_non_null(strstr(e.message, "flat"));
    graph_release(&g);
    graph_init(&g);
    graph_input(&g, "huge", (struct shape){1 << 19, 1 << 19, 1 << 19, 64});
    assert_int_equal(plan_new(&p, &g, &en, &e), ERR_INTERNAL);
    graph_release(&g);
    graph_init(&g);
    const int x = graph_input(&g, "x", (struct shape){2, 1, 1, 4});
    graph_linear(&g, x, "into_the_caller", w, NULL, 4, ACTIVATION_NONE, x);
    assert_int_equal(plan_new(&p, &g, &en, &e), ERR_INTERNAL); /* would write into the caller's memory */
    graph_release(&g);
    assert_null(p);
    engine_release(&en);
    free(w);
}

int main(void) {
    pool_set_threads(2);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_op),
        cmocka_unit_test(test_liveness),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_misfits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
