/* Every op of the engine's table against its definition, computed naively in double; the planner's promises. */
#include "op_reference.h"

#include <stdio.h>
#include <string.h>

#include "base/pool.h"
#include "tensor/op.h"

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
    double *want = zeros((size_t)(c->n * oh * ow * c->out_c)), *xd = doubles_of(x, (size_t)(c->n * c->h * c->w * c->in_c)),
           *wd = doubles_of(w, (size_t)(c->out_c * c->weights_in_c * k * k));
    ref_conv(want, xd, wd, &(struct ref_conv){c->n, c->h, c->w, c->in_c, c->weights_in_c, c->out_c, k, c->stride});
    for (int i = 0; i < c->n * oh * ow * c->out_c; i++) {
        const int o = i % c->out_c;
        want[i] = (want[i] - (double)norm.mean[o]) / sqrt((double)norm.var[o] + 1e-5) * (double)norm.gamma[o] + (double)norm.beta[o];
        want[i] += c->residual ? (double)r[i] : 0;
        want[i] = c->relu ? fmax(want[i], 0) : want[i];
    }
    check(&g, (const float *[]){x, r}, want, exact ? 2e-6 : 3e-5, exact);
    graph_release(&g);
    free(x);
    free(w);
    free(bn);
    free(r);
    free(eye);
    free(want);
    free(xd);
    free(wd);
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
    double *conv = zeros((size_t)(oh * ow * out_c)), *want = zeros((size_t)(ph * pw * out_c)), *xd = doubles_of(x, (size_t)(h * w)),
           *kd = doubles_of(k, (size_t)(out_c * 49));
    ref_conv(conv, xd, kd, &(struct ref_conv){1, h, w, 1, 1, out_c, 7, 2});
    for (int i = 0; i < oh * ow * out_c; i++)
        conv[i] = fmax(conv[i], 0);
    ref_max_pool(want, conv, (struct shape){1, oh, ow, out_c});
    check(&g, (const float *[]){x}, want, 2e-6, false);
    graph_release(&g);
    free(x);
    free(k);
    free(conv);
    free(want);
    free(xd);
    free(kd);
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
    double *want = zeros(N * C), *xd = doubles_of(x, N * H * W * C);
    ref_mean_pool(want, xd, (struct shape){N, H, W, C});
    graph_mean_pool(&g, graph_input(&g, "x", (struct shape){N, H, W, C}), "mean");
    check(&g, (const float *[]){x}, want, 1e-6, false);
    graph_release(&g);
    free(x);
    free(xd);
    free(want);
}

static void case_evidence(void) {
    struct graph g;
    graph_init(&g);
    enum { N = 2, H = 9, W = 7, C = 203, K = 6 };
    float *x = random_floats(N * H * W * C, 1), *w = random_floats(K * C, 2), *b = random_floats(K, 3);
    double *want = zeros(N * H * W * K), *xd = doubles_of(x, N * H * W * C), *wd = doubles_of(w, K * C), *bd = doubles_of(b, K);
    ref_evidence(want, xd, wd, bd, (struct shape){N, H, W, C}, K);
    graph_evidence(&g, graph_input(&g, "x", (struct shape){N, H, W, C}), "evidence", w, b, K);
    check(&g, (const float *[]){x}, want, 1e-6, false);
    graph_release(&g);
    free(x);
    free(w);
    free(b);
    free(xd);
    free(wd);
    free(bd);
    free(want);
}

static void case_evidence_pool(void) {
    struct graph g;
    graph_init(&g);
    enum { N = 3, H = 9, W = 7, C = 200, K = 6 };
    float *x = random_floats(N * H * W * C, 1), *e = random_floats(N * H * W * K, 2);
    double *want = zeros(N * 2 * C), *xd = doubles_of(x, N * H * W * C), *ed = doubles_of(e, N * H * W * K);
    ref_evidence_pool(want, xd, ed, (struct shape){N, H, W, C}, K);
    const int map = graph_input(&g, "x", (struct shape){N, H, W, C}), evidence = graph_input(&g, "e", (struct shape){N, H, W, K});
    graph_evidence_pool(&g, map, evidence, "pool");
    check(&g, (const float *[]){x, e}, want, 1e-6, false);
    graph_release(&g);
    free(x);
    free(e);
    free(xd);
    free(ed);
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
        double *xd = doubles_of(x, ROWS * DIM), *wd = doubles_of(w, OUT * DIM), *bd = doubles_of(b, OUT);
        ref_linear(want, xd, wd, bd, ROWS, DIM, OUT);
        for (int i = 0; i < ROWS * OUT; i++)
            want[i] = variant == 3 ? 2 * want[i] - bd[i % OUT] : ref_activation(want[i], (enum activation)variant);
        check(&g, (const float *[]){x}, want, 2e-6, false);
        graph_release(&g);
        free(x);
        free(w);
        free(b);
        free(xd);
        free(wd);
        free(bd);
    }
}

static void case_layer_norm(void) {
    struct graph g;
    graph_init(&g);
    float *x = random_floats(ROWS * DIM, 1), *gamma = random_floats(DIM, 2), *beta = random_floats(DIM, 3);
    double want[ROWS * DIM];
    double *xd = doubles_of(x, ROWS * DIM), *gd = doubles_of(gamma, DIM), *bd = doubles_of(beta, DIM);
    ref_layer_norm(want, xd, gd, bd, ROWS, DIM, (double)1e-5F);
    graph_layer_norm(&g, graph_input(&g, "x", (struct shape){ROWS, 1, 1, DIM}), "ln", gamma, beta, 1e-5F);
    check(&g, (const float *[]){x}, want, 1e-6, false);
    graph_release(&g);
    free(x);
    free(gamma);
    free(beta);
    free(xd);
    free(gd);
    free(bd);
}

static const struct groups all_rows = {1, (const int[]){ROWS}}, two_groups = {2, (const int[]){2, 3}};

static void attention_one(struct groups groups) {
    enum { HEADS = 4 };
    struct graph g;
    graph_init(&g);
    float *x = random_floats(ROWS * 3 * DIM, 1);
    double want[ROWS * DIM], *xd = doubles_of(x, ROWS * 3 * DIM);
    ref_attention(want, xd, NULL, DIM, HEADS, groups);
    graph_attention(&g, graph_input(&g, "qkv", (struct shape){ROWS, 1, 1, 3 * DIM}), "attn", HEADS, groups, 0);
    check(&g, (const float *[]){x}, want, 1e-6, false);
    graph_release(&g);
    free(x);
    free(xd);
}

static void case_attention(void) {
    attention_one(all_rows);
    attention_one(two_groups);
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

static void mean_rows_one(struct groups groups) {
    struct graph g;
    graph_init(&g);
    float *x = random_floats(ROWS * DIM, 1);
    double want[2 * DIM], *xd = doubles_of(x, ROWS * DIM);
    ref_mean_rows(want, xd, DIM, groups);
    graph_mean_rows(&g, graph_input(&g, "x", (struct shape){ROWS, 1, 1, DIM}), "mean", groups);
    check(&g, (const float *[]){x}, want, 1e-6, false);
    graph_release(&g);
    free(x);
    free(xd);
}

static void case_mean_rows(void) {
    mean_rows_one(all_rows);
    mean_rows_one(two_groups);
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

/* --- in training ------------------------------------------------------------------------------------------------------------- */

/* Parameters of a convolution and its batch-norm in one block: weights, gamma, beta; running mean and variance behind them. */
struct block {
    float *values;
    size_t n_weights;
    int c;
    struct batch_norm norm;
};

static struct block block_new(size_t n_weights, int c) {
    struct block b = {.values = random_floats(n_weights + 4 * (size_t)c, 5), .n_weights = n_weights, .c = c};
    const float *at = b.values + n_weights;
    for (size_t i = 0; i < n_weights; i++)
        b.values[i] *= 0.1F;
    b.norm = (struct batch_norm){at, at + c, at + 2 * c, at + 3 * c, 1e-5F};
    return b;
}

static struct graph_parameters block_parameters(const struct block *b) {
    const size_t c = (size_t)b->c;
    return (struct graph_parameters){b->values, NULL, b->n_weights + 4 * c, b->n_weights + 2 * c};
}

/* check() has run twice over the batch: each time a tenth of the way to its mean, and to its variance with n - 1. before: gamma, beta,
 * mean, var as they were. */
static void check_running(const struct block *b, const double *before, const double *mean, const double *var, double n) {
    for (int c = 0; c < b->c; c++) {
        const double want_mean = 0.81 * before[2 * b->c + c] + 0.19 * mean[c],
                     want_var = 0.81 * before[3 * b->c + c] + 0.19 * var[c] * n / (n - 1);
        assert_true(fabs((double)b->norm.mean[c] - want_mean) <= 1e-6 * (1 + fabs(want_mean)));
        assert_true(fabs((double)b->norm.var[c] - want_var) <= 1e-6 * (1 + fabs(want_var)));
        assert_true((double)b->norm.gamma[c] == before[c] && (double)b->norm.beta[c] == before[b->c + c]);
    }
}

static void batch_norm_one(bool relu, bool residual) {
    enum { N = 2, H = 9, W = 11, IN = 8, C = 16, PIXELS = N * H * W };
    struct block b = block_new(C * IN, C);
    struct graph g;
    graph_init_training(&g, block_parameters(&b));
    float *x = random_floats(PIXELS * IN, 1), *r = random_floats(PIXELS * C, 2);
    double *xd = doubles_of(x, PIXELS * IN), *rd = doubles_of(r, PIXELS * C), *bd = doubles_of(b.values, C * IN + 4 * C), mean[C], var[C];
    double *conv = zeros(PIXELS * C), *want = zeros(PIXELS * C);
    const int in = graph_input(&g, "x", (struct shape){N, H, W, IN});
    const int other = residual ? graph_input(&g, "r", (struct shape){N, H, W, C}) : -1;
    graph_conv(&g, in, "conv", b.values, IN, C, 1, 1, 0, &b.norm, relu, other);
    assert_int_equal(g.nodes[g.output].op, OP_batch_norm);
    ref_conv(conv, xd, bd, &(struct ref_conv){N, H, W, IN, IN, C, 1, 1});
    ref_batch_norm(want, conv, bd + C * IN, bd + C * IN + C, residual ? rd : NULL, PIXELS, C, 1e-5, relu, mean, var);
    check(&g, (const float *[]){x, r}, want, 2e-6, true);
    check_running(&b, bd + C * IN, mean, var, PIXELS);
    graph_release(&g);
    free(b.values);
    free(x);
    free(r);
    free(xd);
    free(rd);
    free(bd);
    free(conv);
    free(want);
}

static void case_batch_norm(void) {
    for (int variant = 0; variant < 4; variant++)
        batch_norm_one(variant & 1, variant & 2);
}

/* The fused stem where its kernel takes the shape, else the layers one by one. */
static void stem_one(int in_c, int weights_in_c, int out_c) {
    enum { N = 2, H = 37, W = 45, PIXELS = N * 19 * 23, POOLED = N * 10 * 12 };
    const size_t n_weights = (size_t)(out_c * weights_in_c * 49);
    struct block b = block_new(n_weights, out_c);
    struct graph g;
    graph_init_training(&g, block_parameters(&b));
    float *x = random_floats((size_t)(N * H * W * in_c), 1);
    double *xd = doubles_of(x, (size_t)(N * H * W * in_c)), *bd = doubles_of(b.values, n_weights + 4 * (size_t)out_c), mean[64], var[64];
    double *want = zeros((size_t)(POOLED * out_c)), *norm = bd + n_weights;
    const int in = graph_input(&g, "x", (struct shape){N, H, W, in_c});
    const struct node node = {.op = OP_stem, .inputs = {in}, .n_inputs = 1, .shape.c = out_c, .weights_in_c = weights_in_c};
    const bool takes = stem_takes(&g, &node);
    graph_stem(&g, in, "stem", "pool", b.values, weights_in_c, out_c, &b.norm);
    print_message("  stem of %d over %d: %s\n", out_c, in_c, takes ? "fused" : "by layers");
    assert_int_equal(g.nodes[g.output].op, takes ? OP_stem : OP_max_pool);
    ref_stem(want, xd, bd, norm, norm + out_c, &(struct ref_conv){N, H, W, in_c, weights_in_c, out_c, 7, 2}, 1e-5, mean, var);
    check(&g, (const float *[]){x}, want, 2e-6, true);
    check_running(&b, norm, mean, var, PIXELS);
    graph_release(&g);
    free(b.values);
    free(x);
    free(xd);
    free(bd);
    free(want);
}

/* The fused stem gives no gradient by its input: over a computed image it is not used. */
static void stem_over_computed(void) {
    struct block b = block_new(64 * 49, 64);
    struct graph g;
    graph_init_training(&g, block_parameters(&b));
    const int x = graph_input(&g, "x", (struct shape){1, 37, 45, 1});
    graph_stem(&g, graph_add(&g, x, x, "sum"), "stem", "pool", b.values, 1, 64, &b.norm);
    assert_int_equal(g.nodes[g.output].op, OP_max_pool);
    graph_release(&g);
    free(b.values);
}

static void case_stem(void) {
    stem_one(1, 1, 64);
    stem_one(1, 3, 64);
    stem_one(3, 3, 64);
    stem_one(1, 3, 16);
    stem_over_computed();
}

static void case_activation(void) {
    for (int a = ACTIVATION_RELU; a <= ACTIVATION_GELU; a++) {
        struct graph g;
        float *x = random_floats(ROWS * DIM, 1), *w = random_floats(DIM * DIM, 2);
        double want[ROWS * DIM], *xd = doubles_of(x, ROWS * DIM), *wd = doubles_of(w, DIM * DIM);
        graph_init_training(&g, (struct graph_parameters){w, NULL, DIM * DIM, DIM * DIM});
        graph_linear(&g, graph_input(&g, "x", (struct shape){ROWS, 1, 1, DIM}), "l", w, NULL, DIM, (enum activation)a, -1);
        assert_int_equal(g.nodes[g.output].op, OP_activation);
        ref_linear(want, xd, wd, NULL, ROWS, DIM, DIM);
        for (int i = 0; i < ROWS * DIM; i++)
            want[i] = ref_activation(want[i], (enum activation)a);
        check(&g, (const float *[]){x}, want, 2e-6, false);
        graph_release(&g);
        free(x);
        free(w);
        free(xd);
        free(wd);
    }
}

/* Each factor is 0 or 1 / (1 - p), and which it is follows from the seed (check()'s is 0), the step, the name and the place. */
static void case_dropout(void) {
    enum { N = 1000 };
    static const double p = 0.3;
    struct graph g;
    float *x = random_floats(N, 1);
    double want[N];
    int none = 0;
    graph_init_training(&g, (struct graph_parameters){0});
    graph_dropout(&g, graph_input(&g, "x", (struct shape){N / 8, 1, 1, 8}), "layer", p);
    for (size_t i = 0; i < N; i++) {
        want[i] = (double)x[i] * ref_dropout(0, 0, "layer", p, i);
        none += want[i] == 0;
    }
    assert_true(none > 200 && none < 400);
    check(&g, (const float *[]){x}, want, 1e-7, false);
    graph_release(&g);
    graph_init(&g);
    assert_int_equal(graph_dropout(&g, graph_input(&g, "x", (struct shape){1, 1, 1, 8}), "layer", p), 0); /* inference: x itself */
    graph_release(&g);
    free(x);
}

static void case_add(void) {
    float *x = random_floats(ROWS * DIM, 1), *y = random_floats(ROWS * DIM, 2);
    double want[ROWS * DIM];
    for (int i = 0; i < ROWS * DIM; i++)
        want[i] = (double)x[i] + (double)y[i];
    for (int training = 0; training < 2; training++) {
        struct graph g;
        if (training)
            graph_init_training(&g, (struct graph_parameters){0});
        else
            graph_init(&g);
        const struct shape s = {ROWS, 1, 1, DIM};
        graph_add(&g, graph_input(&g, "x", s), graph_input(&g, "y", s), "sum");
        check(&g, (const float *[]){x, y}, want, 1e-7, false);
        graph_release(&g);
    }
    free(x);
    free(y);
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

static void small_trunk_over(struct graph *g, const float *w, struct batch_norm id) {
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

static void small_trunk(struct graph *g, const float *w) {
    small_trunk_over(g, w, identity_norm(16));
}

static void check_apart(const struct plan *p) {
    for (int a = 0; a < p->n_values; a++)
        for (int b = 0; b < a; b++) {
            const struct value *x = &p->values[a], *y = &p->values[b];
            if (x->alias >= 0 || y->alias >= 0 || x->first < 0 || y->first < 0 || x->first > y->last || y->first > x->last)
                continue;
            assert_true(x->offset + x->bytes <= y->offset || y->offset + y->bytes <= x->offset);
        }
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
    check_apart(p);
    plan_free(p);
    engine_release(&en);
    graph_release(&g);
    free(w);
}

/* The value, or what it is summed in place over, lives while step s runs. */
static void check_lives(const struct plan *p, int value, int s) {
    if (value < 0 || p->values[value].first < 0)
        return; /* not used, or the caller's */
    while (p->values[value].alias >= 0)
        value = p->values[value].alias;
    assert_true(p->values[value].first <= s && s <= p->values[value].last);
}

/* The same over both passes, with each way of computing again: and what a step reads or writes lives while it runs. */
static void test_liveness_training(void **state) {
    (void)state;
    struct block b = block_new(16 * 16 * 9, 16);
    size_t bytes[3];
    for (int again = RECOMPUTE_NORMS; again <= RECOMPUTE_BLOCKS; again++) {
        struct err e = {0};
        struct engine en;
        struct graph g;
        struct plan *p = NULL;
        graph_init_training(&g, block_parameters(&b));
        small_trunk_over(&g, b.values, b.norm);
        assert_int_equal(engine_init(&en, true, false, &e), 0);
        en.recompute = (enum recompute)again;
        if (plan_new(&p, &g, &en, &e))
            fail_msg("%s", e.message);
        check_apart(p);
        for (int s = 0; s < p->n_steps; s++) {
            const struct step *step = &p->steps[s];
            check_lives(p, step->out, s);
            check_lives(p, step->saved, s);
            check_lives(p, step->dout, s);
            for (int i = 0; i < step->n_in; i++) {
                check_lives(p, step->in[i], s);
                if (step->pass == PASS_BACKWARD)
                    check_lives(p, step->din[i], s);
            }
        }
        bytes[again] = p->workspace_bytes;
        plan_free(p);
        engine_release(&en);
        graph_release(&g);
    }
    assert_true(bytes[RECOMPUTE_INNER] < bytes[RECOMPUTE_NORMS] && bytes[RECOMPUTE_BLOCKS] <= bytes[RECOMPUTE_INNER]);
    free(b.values);
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
        cmocka_unit_test(test_every_op), cmocka_unit_test(test_liveness), cmocka_unit_test(test_liveness_training),
        cmocka_unit_test(test_shared),   cmocka_unit_test(test_misfits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
