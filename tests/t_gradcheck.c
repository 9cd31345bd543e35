/* Every op's backward pass, in float32, against central differences in float64 of its definition (op_reference.h), for the loss
 * sum(r * output) with random r: the gradient of each parameter and of each input, alone, in the middle of a graph (gradients made in
 * place), and where another node reads the inputs too (gradients added).
 *
 * Once more with no parameter trained: the same gradients of the inputs, and nothing written to the parameters'. Batch-norm over the
 * batch's statistics and over running ones.
 *
 * Where define() is dear, random directions stand for single numbers. Seen, as a share of the gradient's norm: direct convolution 6e-7,
 * Winograd 6x6 4e-6, 4x4 2e-6, stride 2 8e-7, mean pooling 3e-6 where its small gradient is added to a large one, the rest 2e-7. */
#include "gradcheck.h"

/* --- convolution, batch-norm, stem ---------------------------------------------------------------------------------------------------- */

static struct ref_conv conv_of(const struct trial *t) {
    return (struct ref_conv){t->x[0].n, t->x[0].h, t->x[0].w, t->x[0].c, t->weights_in_c, t->out, t->kernel, t->stride};
}

static int build_conv(struct graph *g, const struct trial *t, const int *x, const float *const *w) {
    const struct batch_norm none = {w[0], w[0], w[0], w[0], 0}; /* left out again */
    graph_conv(g, x[0], "conv", w[0], t->weights_in_c, t->out, t->kernel, t->stride, t->kernel / 2, &none, false, -1);
    return only_first(g);
}

static void define_conv(double *y, const struct trial *t, const double *const *x, const double *const *w) {
    const struct ref_conv c = conv_of(t);
    ref_conv(y, x[0], w[0], &c);
}

static void gradient_conv(void) {
    static const struct {
        const char *name;
        int n, h, w, in, weights_in, out, kernel, stride;
    } list[] = {
        {"conv 3x3", 2, 9, 7, 8, 8, 8, 3, 1},
        {"conv 3x3/2", 2, 9, 8, 8, 8, 16, 3, 2},
        {"conv 1x1/2", 2, 9, 7, 16, 16, 8, 1, 2},
        {"conv 7x7/2, grey as three", 2, 15, 13, 1, 3, 8, 7, 2},
        {"conv 7x7/2, grey", 2, 16, 13, 1, 1, 8, 7, 2},
        {"conv 7x7/2, colour", 2, 15, 13, 3, 3, 8, 7, 2},
        {"conv 3x3, 64 on 25x25", 2, 25, 25, 64, 64, 64, 3, 1},
        {"conv 3x3, 64 on 9x9", 6, 9, 9, 64, 64, 64, 3, 1},
        {"conv 3x3/2, 64 on 17x18", 6, 17, 18, 64, 64, 64, 3, 2},
        {"conv 3x3/2, 64 to 32", 6, 17, 18, 64, 64, 32, 3, 2},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct trial t = {.name = list[i].name,
                          .x = {{list[i].n, list[i].h, list[i].w, list[i].in}},
                          .n_x = 1,
                          .w = {list[i].out * list[i].weights_in * list[i].kernel * list[i].kernel},
                          .n_w = 1,
                          .build = build_conv,
                          .define = define_conv,
                          .kernel = list[i].kernel,
                          .stride = list[i].stride,
                          .out = list[i].out,
                          .weights_in_c = list[i].weights_in,
                          .winograd = list[i].in == 64};
        const struct ref_conv c = conv_of(&t);
        t.cost = (double)shape_count(ref_conv_shape(&c)) * list[i].weights_in * list[i].kernel * list[i].kernel;
        try(&t, true);
    }
}

/* Running statistics lie behind the trained numbers. */
static struct batch_norm norm_of(const struct trial *t, const float *const *w, int gamma) {
    if (t->n_constant)
        return (struct batch_norm){w[gamma], w[gamma + 1], w[gamma + 2], w[gamma + 3], (float)EPS};
    const float *running = w[gamma + 1] + padded((size_t)t->out);
    return (struct batch_norm){w[gamma], w[gamma + 1], running, running + padded((size_t)t->out), (float)EPS};
}

static int build_batch_norm(struct graph *g, const struct trial *t, const int *x, const float *const *w) {
    const struct batch_norm norm = norm_of(t, w, 0);
    graph_conv(g, x[0], "bn", NULL, t->out, t->out, 1, 1, 0, &norm, t->relu, t->n_x > 1 ? x[1] : -1);
    return only_second(g, x[0]);
}

static void define_batch_norm(double *y, const struct trial *t, const double *const *x, const double *const *w) {
    ref_batch_norm(y, x[0], w[0], w[1], t->n_x > 1 ? x[1] : NULL, t->x[0].n * t->x[0].h * t->x[0].w, t->out, (double)(float)EPS, t->relu,
                   NULL, NULL);
}

static void define_constant_norm(double *y, const struct trial *t, const double *const *x, const double *const *w) {
    const struct shape s = t->x[0];
    for (int i = 0; i < s.n * s.h * s.w * s.c; i++) {
        const int c = i % s.c;
        const double z = (x[0][i] - w[2][c]) / sqrt(w[3][c] + (double)(float)EPS) * w[0][c] + w[1][c] + (t->n_x > 1 ? x[1][i] : 0);
        y[i] = t->relu && z < 0 ? 0 : z;
    }
}

static void gradient_batch_norm(void) {
    static const struct shape shapes[] = {{2, 6, 5, 70}, {3, 11, 13, 6}, {5, 1, 1, 8}}; /* of two pixels the gradient all but cancels */
    static const char *const names[] = {"batch_norm", "batch_norm, relu", "batch_norm, residual", "batch_norm, residual, relu"};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (int variant = 0; variant < 4; variant++) {
            const int c = shapes[i].c;
            try(&(struct trial){.name = names[variant],
                                .x = {shapes[i], shapes[i]},
                                .n_x = variant < 2 ? 1 : 2,
                                .w = {c, c},
                                .n_w = 2,
                                .n_running = c,
                                .build = build_batch_norm,
                                .define = define_batch_norm,
                                .out = c,
                                .relu = variant % 2 == 1},
                false);
            try(&(struct trial){.name = names[variant],
                                .x = {shapes[i], shapes[i]},
                                .n_x = variant < 2 ? 1 : 2,
                                .w = {c, c, c, c},
                                .n_w = 4,
                                .n_constant = 2,
                                .build = build_batch_norm,
                                .define = define_constant_norm,
                                .out = c,
                                .relu = variant % 2 == 1},
                false);
        }
}

static int build_stem(struct graph *g, const struct trial *t, const int *x, const float *const *w) {
    const struct batch_norm norm = norm_of(t, w, 1);
    const int y = graph_stem(g, x[0], "stem", "pool", w[0], t->weights_in_c, t->out, &norm);
    assert_true(g->failure.code || g->nodes[y].op == OP_stem);
    return y;
}

static void define_stem(double *y, const struct trial *t, const double *const *x, const double *const *w) {
    const struct ref_conv c = conv_of(t);
    ref_stem(y, x[0], w[0], w[1], w[2], &c, (double)(float)EPS, NULL, NULL);
}

static bool stem_here(void) {
    struct graph g;
    graph_init_training(&g, (struct graph_parameters){0});
    graph_input(&g, "x", (struct shape){1, 37, 45, 1});
    const struct node node = {.op = OP_stem, .inputs = {0}, .n_inputs = 1, .shape.c = 64, .weights_in_c = 1};
    const bool takes = stem_takes(&g, &node);
    graph_release(&g);
    return takes;
}

static void gradient_stem(void) {
    static const struct {
        const char *name;
        int in, weights_in;
    } list[] = {{"stem, grey", 1, 1}, {"stem, grey as three", 1, 3}, {"stem, colour", 3, 3}};
    if (!stem_here()) {
        print_message("  stem: this processor has no kernel for it\n");
        return;
    }
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        try(&(struct trial){.name = list[i].name,
                            .x = {{2, 37, 45, list[i].in}},
                            .n_x = 1,
                            .fixed = true,
                            .w = {64 * list[i].weights_in * 49, 64, 64},
                            .n_w = 3,
                            .n_running = 64,
                            .build = build_stem,
                            .define = define_stem,
                            .cost = 2 * 19 * 23 * 64 * 49.0 * list[i].weights_in,
                            .kernel = 7,
                            .stride = 2,
                            .out = 64,
                            .weights_in_c = list[i].weights_in},
            false);
}

/* --- pooling ---------------------------------------------------------------------------------------------------------------------------
 */

static int build_max_pool(struct graph *g, const struct trial *t, const int *x, const float *const *w) {
    (void)t, (void)w;
    return graph_max_pool(g, x[0], "pool");
}

static void define_max_pool(double *y, const struct trial *t, const double *const *x, const double *const *w) {
    (void)w;
    ref_max_pool(y, x[0], t->x[0]);
}

static int build_mean_pool(struct graph *g, const struct trial *t, const int *x, const float *const *w) {
    (void)t, (void)w;
    return graph_mean_pool(g, x[0], "mean");
}

static void define_mean_pool(double *y, const struct trial *t, const double *const *x, const double *const *w) {
    (void)w;
    ref_mean_pool(y, x[0], t->x[0]);
}

static void gradient_max_pool(void) {
    try(&(struct trial){.name = "max_pool", .x = {{2, 9, 12, 7}}, .n_x = 1, .build = build_max_pool, .define = define_max_pool}, false);
}

static void gradient_mean_pool(void) {
    try(&(struct trial){.name = "mean_pool", .x = {{3, 19, 7, 9}}, .n_x = 1, .build = build_mean_pool, .define = define_mean_pool}, false);
}

/* --- evidence ------------------------------------------------------------------------------------------------------------------ */

static int build_evidence(struct graph *g, const struct trial *t, const int *x, const float *const *w) {
    return graph_evidence(g, x[0], "evidence", w[0], w[1], t->out);
}

static void define_evidence(double *y, const struct trial *t, const double *const *x, const double *const *w) {
    ref_evidence(y, x[0], w[0], w[1], t->x[0], t->out);
}

static int build_evidence_pool(struct graph *g, const struct trial *t, const int *x, const float *const *w) {
    (void)t, (void)w;
    return graph_evidence_pool(g, x[0], x[1], "pool");
}

static void define_evidence_pool(double *y, const struct trial *t, const double *const *x, const double *const *w) {
    (void)w;
    ref_evidence_pool(y, x[0], x[1], t->x[0], t->x[1].c);
}

static const struct shape evidence_maps[] = {{3, 5, 4, 16}, {2, 1, 2, 9}, {2, 7, 3, 70}};
static const int evidence_channels[] = {2, 3, 6};
enum { EVIDENCE_MAPS = 3 };

static void gradient_evidence(void) {
    for (int i = 0; i < EVIDENCE_MAPS; i++)
        try(&(struct trial){.name = "evidence",
                            .x = {evidence_maps[i]},
                            .n_x = 1,
                            .w = {evidence_channels[i] * evidence_maps[i].c, evidence_channels[i]},
                            .n_w = 2,
                            .build = build_evidence,
                            .define = define_evidence,
                            .out = evidence_channels[i]},
            false);
}

static void gradient_evidence_pool(void) {
    for (int i = 0; i < EVIDENCE_MAPS; i++) {
        const struct shape m = evidence_maps[i];
        try(&(struct trial){.name = "evidence_pool",
                            .x = {m, {m.n, m.h, m.w, evidence_channels[i]}},
                            .n_x = 2,
                            .build = build_evidence_pool,
                            .define = define_evidence_pool},
            false);
    }
}

/* --- rows, and number by number ---------------------------------------------------------------------------------------------------------
 */

enum { ROWS = 7, DIM = 24, OUT = 40 };
static const struct shape rows_of_dim = {ROWS, 1, 1, DIM};

static int build_linear(struct graph *g, const struct trial *t, const int *x, const float *const *w) {
    return graph_linear(g, x[0], "linear", w[0], t->n_w > 1 ? w[1] : NULL, OUT, ACTIVATION_NONE, -1);
}

static void define_linear(double *y, const struct trial *t, const double *const *x, const double *const *w) {
    ref_linear(y, x[0], w[0], t->n_w > 1 ? w[1] : NULL, ROWS, DIM, OUT);
}

static void gradient_linear(void) {
    for (int bias = 0; bias < 2; bias++)
        try(&(struct trial){.name = bias ? "linear" : "linear without bias",
                            .x = {rows_of_dim},
                            .n_x = 1,
                            .w = {OUT * DIM, OUT},
                            .n_w = 1 + bias,
                            .build = build_linear,
                            .define = define_linear},
            false);
}

static int build_activation(struct graph *g, const struct trial *t, const int *x, const float *const *w) {
    (void)w;
    graph_linear(g, x[0], "activation", NULL, NULL, DIM, t->activation, -1);
    return only_second(g, x[0]);
}

static void define_activation(double *y, const struct trial *t, const double *const *x, const double *const *w) {
    (void)w;
    for (int i = 0; i < ROWS * DIM; i++)
        y[i] = ref_activation(x[0][i], t->activation);
}

static void gradient_activation(void) {
    static const char *const names[] = {[ACTIVATION_RELU] = "ReLU", [ACTIVATION_GELU] = "GELU"};
    for (int a = ACTIVATION_RELU; a <= ACTIVATION_GELU; a++)
        try(&(struct trial){.name = names[a],
                            .x = {rows_of_dim},
                            .n_x = 1,
                            .build = build_activation,
                            .define = define_activation,
                            .activation = (enum activation)a},
            false);
}

static int build_dropout(struct graph *g, const struct trial *t, const int *x, const float *const *w) {
    (void)w;
    return graph_dropout(g, x[0], "drop", t->dropout);
}

static void define_dropout(double *y, const struct trial *t, const double *const *x, const double *const *w) {
    (void)w;
    for (size_t i = 0; i < ROWS * DIM; i++)
        y[i] = x[0][i] * ref_dropout(SEED, TRAINING_STEP, "drop", t->dropout, i);
}

static void gradient_dropout(void) {
    try(
        &(struct trial){
            .name = "dropout", .x = {rows_of_dim}, .n_x = 1, .build = build_dropout, .define = define_dropout, .dropout = DROPOUT},
        false);
}

static int build_add(struct graph *g, const struct trial *t, const int *x, const float *const *w) {
    (void)w;
    return graph_add(g, x[0], x[t->n_x - 1], "add");
}

static void define_add(double *y, const struct trial *t, const double *const *x, const double *const *w) {
    (void)w;
    for (size_t i = 0; i < shape_count(t->x[0]); i++)
        y[i] = x[0][i] + x[t->n_x - 1][i];
}

static void gradient_add(void) {
    for (int n = 1; n <= 2; n++)
        try(&(struct trial){.name = n == 1 ? "add to itself" : "add",
                            .x = {{2, 5, 4, 6}, {2, 5, 4, 6}},
                            .n_x = n,
                            .build = build_add,
                            .define = define_add},
            false);
}

static int build_layer_norm(struct graph *g, const struct trial *t, const int *x, const float *const *w) {
    (void)t;
    return graph_layer_norm(g, x[0], "ln", w[0], w[1], (float)EPS);
}

static void define_layer_norm(double *y, const struct trial *t, const double *const *x, const double *const *w) {
    (void)t;
    ref_layer_norm(y, x[0], w[0], w[1], ROWS, DIM, (double)(float)EPS);
}

static void gradient_layer_norm(void) {
    try(&(struct trial){.name = "layer_norm",
                        .x = {rows_of_dim},
                        .n_x = 1,
                        .w = {DIM, DIM},
                        .n_w = 2,
                        .build = build_layer_norm,
                        .define = define_layer_norm},
        false);
}

static int build_attention(struct graph *g, const struct trial *t, const int *x, const float *const *w) {
    (void)w;
    return graph_attention(g, x[0], "attn", t->heads, t->groups, t->dropout);
}

static void define_attention(double *y, const struct trial *t, const double *const *x, const double *const *w) {
    (void)w;
    const size_t n = (size_t)t->x[0].n * (size_t)t->heads * GRAPH_GROUP_MAX;
    double *factor = t->dropout > 0 ? zeros(n) : NULL;
    for (size_t i = 0; factor && i < n; i++)
        factor[i] = ref_dropout(SEED, TRAINING_STEP, "attn", t->dropout, i);
    ref_attention(y, x[0], factor, t->x[0].c / 3, t->heads, t->groups);
    free(factor);
}

static const int group_rows[] = {3, 1, 8, 2};
static const struct groups four_groups = {4, group_rows};
enum { GROUPED = 14 };

static void gradient_attention(void) {
    for (int drop = 0; drop < 2; drop++)
        try(&(struct trial){.name = drop ? "attention, dropout" : "attention",
                            .x = {{GROUPED, 1, 1, 3 * DIM}},
                            .n_x = 1,
                            .build = build_attention,
                            .define = define_attention,
                            .heads = 4,
                            .groups = four_groups,
                            .dropout = drop ? DROPOUT : 0},
            false);
}

static int build_position(struct graph *g, const struct trial *t, const int *x, const float *const *w) {
    return graph_position(g, x[0], "position", w[0], t->row);
}

static void define_position(double *y, const struct trial *t, const double *const *x, const double *const *w) {
    for (int i = 0; i < ROWS * DIM; i++)
        y[i] = x[0][i] + w[0][t->row[i / DIM] * DIM + i % DIM];
}

static void gradient_position(void) {
    try(&(struct trial){.name = "position",
                        .x = {rows_of_dim},
                        .n_x = 1,
                        .w = {6 * DIM},
                        .n_w = 1,
                        .build = build_position,
                        .define = define_position,
                        .row = (int[ROWS]){4, 0, 5, 0, 0, 2, 4}},
        false);
}

static int build_mean_rows(struct graph *g, const struct trial *t, const int *x, const float *const *w) {
    (void)w;
    return graph_mean_rows(g, x[0], "mean", t->groups);
}

static void define_mean_rows(double *y, const struct trial *t, const double *const *x, const double *const *w) {
    (void)w;
    ref_mean_rows(y, x[0], DIM, t->groups);
}

static void gradient_mean_rows(void) {
    try(&(struct trial){.name = "mean_rows",
                        .x = {{GROUPED, 1, 1, DIM}},
                        .n_x = 1,
                        .build = build_mean_rows,
                        .define = define_mean_rows,
                        .groups = four_groups},
        false);
}

static int build_pick_rows(struct graph *g, const struct trial *t, const int *x, const float *const *w) {
    (void)w;
    return graph_pick_rows(g, x, t->n_x, "pick", t->row, t->n_rows);
}

static void define_pick_rows(double *y, const struct trial *t, const double *const *x, const double *const *w) {
    (void)w;
    for (int i = 0; i < t->n_rows; i++)
        for (int c = 0; c < DIM; c++) {
            int row = t->row[i], from = 0;
            while (row >= t->x[from].n)
                row -= t->x[from++].n;
            y[i * DIM + c] = x[from][row * DIM + c];
        }
}

/* Row 3 is taken twice, rows 1 and 4 never. */
static void gradient_pick_rows(void) {
    try(&(struct trial){.name = "pick_rows",
                        .x = {{2, 1, 1, DIM}, {3, 1, 1, DIM}, {2, 1, 1, DIM}},
                        .n_x = 3,
                        .build = build_pick_rows,
                        .define = define_pick_rows,
                        .row = (int[]){6, 3, 0, 3, 2, 5},
                        .n_rows = 6},
        false);
}

static int build_join(struct graph *g, const struct trial *t, const int *x, const float *const *w) {
    (void)w;
    return graph_join(g, x, t->n_x, "join", t->n_rows);
}

static void define_join(double *y, const struct trial *t, const double *const *x, const double *const *w) {
    (void)w;
    for (int row = 0; row < t->n_rows; row++)
        for (int i = 0; i < t->n_x; i++) {
            const size_t n = shape_count(t->x[i]) / (size_t)t->n_rows;
            for (size_t k = 0; k < n; k++)
                *y++ = x[i][(size_t)row * n + k];
        }
}

static void gradient_join(void) {
    try(&(struct trial){.name = "join",
                        .x = {{4, 1, 1, DIM}, {2, 3, 1, 5}, {2, 1, 1, 4}},
                        .n_x = 3,
                        .build = build_join,
                        .define = define_join,
                        .n_rows = 2},
        false);
}

/* --- all of them
 * -------------------------------------------------------------------------------------------------------------------------- */

static void gradient_input(void) {
    print_message("  input: has none\n");
}

static void gradient_reorder(void) {
    print_message("  reorder: at inference only\n");
}

static void test_every_op(void **state) {
    (void)state;
    static void (*const cases[OP_COUNT])(void) = {
#define X(name, shape, prepare, forward, keeps, learn, backward) [OP_##name] = gradient_##name,
        OPS(X)
#undef X
    };
    for (int op = 0; op < OP_COUNT; op++) {
        assert_int_equal(op_table[op].backward == NULL, op == OP_input || op == OP_reorder);
        cases[op](); /* an op without a case does not compile */
    }
}

/* What the check rests on: a wrong gradient is seen. */
static void test_sees(void **state) {
    (void)state;
    double d[] = {1, -2, 0.5};
    const struct slopes s = {.d = d, .n = 3};
    assert_true(distance(&s, (const float[]){2, -4, 1}, 0.5, NULL) < 1e-12);
    assert_true(distance(&s, (const float[]){2, -4, 1}, 1, (const float[]){1, -2, 0.5F}) < 1e-12);
    assert_true(distance(&s, (const float[]){1, -2, 0.51F}, 1, NULL) > 1e-3);
    assert_true(isinf(distance(&s, (const float[]){1, NAN, 0.5F}, 1, NULL)));
}

int main(void) {
    pool_set_threads(2);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sees), cmocka_unit_test(test_every_op)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
