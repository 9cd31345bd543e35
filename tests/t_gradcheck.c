/* Every op's backward pass, in float32, against central differences in float64 of its definition (op_reference.h), for the loss
 * sum(r * output) with random r: the gradient of each parameter and of each input, alone, in the middle of a graph (gradients made in
 * place), and where another node reads the inputs too (gradients added).
 *
 * Once more with no parameter trained: the same gradients of the inputs, and nothing written to the parameters'. Batch-norm over the
 * batch's statistics and over running ones.
 *
 * Where define() is dear, random directions stand for single numbers. Seen, as a share of the gradient's norm: direct convolution 6e-7,
 * Winograd 6x6 4e-6, 4x4 2e-6, stride 2 8e-7, mean pooling 3e-6 where its small gradient is added to a large one, the rest 2e-7. */
#include "op_reference.h"

#include <stdio.h>
#include <string.h>

#include "base/pool.h"
#include "tensor/op.h"

enum { ARRAYS_MAX = 4, PROBES = 12, PLACES = 16 /* floats of a cache line */ };
static const double STEP = 1e-7, EPS = 1e-5, DROPOUT = 0.3;
static const uint64_t SEED = 77;
enum { TRAINING_STEP = 3 };

/* One op, what it takes, and its definition. */
struct trial {
    const char *name;
    struct shape x[ARRAYS_MAX]; /* inputs */
    int n_x;
    bool fixed;         /* x[0] requires no gradient */
    int w[ARRAYS_MAX];  /* numbers of each parameter */
    int n_w, n_running; /* channels of the running statistics that the batch moves */
    int n_constant;     /* of w, the last ones are running statistics that stay, positive and not trained */
    int (*build)(struct graph *g, const struct trial *t, const int *x, const float *const *w);
    void (*define)(double *y, const struct trial *t, const double *const *x, const double *const *w);
    double cost; /* multiplications of define(): many make the check take random directions instead of single numbers */
    /* what the op needs to know; the fields not of this op are zero */
    int kernel, stride, out, weights_in_c, heads;
    bool relu, winograd;
    enum activation activation;
    double dropout;
    struct groups groups;
    const int *row;
    int n_rows;
};

/* How the op stands in its graph. */
enum setting { ALONE, BEHIND, SHARED, SETTINGS };

/* The derivatives of the loss by one array's numbers, or along random directions. */
struct slopes {
    double *d;
    size_t n; /* numbers in the array */
    bool probes;
    uint32_t item;
};

/* A trial at work. */
struct work {
    const struct trial *t;
    float *x[ARRAYS_MAX], *values, *gradients, *r, *r_x[ARRAYS_MAX];
    const float *w[ARRAYS_MAX];
    double *xd[ARRAYS_MAX], *wd[ARRAYS_MAX], *y; /* y: the definition's output */
    struct slopes dx[ARRAYS_MAX], dw[ARRAYS_MAX];
    size_t n_y, n_values, n_trained;
    bool frozen; /* no parameter is trained */
};

static size_t padded(size_t n) {
    return (n + PLACES - 1) / PLACES * PLACES;
}

/* --- building ------------------------------------------------------------------------------------------------------------------ */

static struct graph_parameters parameters_of(const struct work *k) {
    return (struct graph_parameters){k->values, k->gradients, k->n_values, k->frozen ? 0 : k->n_trained};
}

/* The inputs, the op behind them, and what makes the setting. node[i]: input i of the op. */
static void build(struct graph *g, const struct work *k, enum setting setting, int *node) {
    const struct trial *t = k->t;
    graph_init_mode(g, (struct graph_mode){.batch_statistics = t->n_constant == 0, .dropout = true, .gradients = true}, parameters_of(k));
    for (int i = 0; i < t->n_x; i++) {
        node[i] = graph_input(g, "x", t->x[i]);
        if (!t->fixed)
            graph_require_gradient(g, node[i]);
    }
    const int y = t->build(g, t, node, k->w);
    int all[1 + ARRAYS_MAX] = {y};
    if (setting == BEHIND)
        graph_join(g, all, 1, "behind", 1);
    for (int i = 0; i < t->n_x; i++)
        all[1 + i] = node[i];
    if (setting == SHARED)
        graph_join(g, all, 1 + t->n_x, "beside", 1);
}

/* graph_conv() and graph_linear() add two nodes: leave out the first, so that the second reads x. */
static int only_second(struct graph *g, int x) {
    if (g->failure.code)
        return -1;
    g->nodes[g->n - 2] = g->nodes[g->n - 1];
    g->nodes[g->n - 2].inputs[0] = x;
    g->n--;
    return g->output = g->n - 1;
}

/* Or the second. */
static int only_first(struct graph *g) {
    g->n--;
    return g->output = g->n - 1;
}

/* --- finite differences ---------------------------------------------------------------------------------------------------------- */

static double direction(const struct slopes *s, size_t probe, size_t i) {
    const struct rng r = rng_make(13, s->item, (uint32_t)probe);
    return rng_normal(&r, i);
}

/* The loss's change when the array `moved` (one of the work's) is moved forth and back. */
static double difference(const struct work *k, double *up, double *down, double *moved, const struct slopes *s, size_t at) {
    const double own = moved[at];
    double *before = s->probes ? zeros(s->n) : NULL, sum = 0;
    for (size_t i = 0; s->probes && i < s->n; i++)
        before[i] = moved[i];
    for (int side = 0; side < 2; side++) {
        const double h = side ? -STEP : STEP;
        moved[at] = own + h;
        for (size_t i = 0; s->probes && i < s->n; i++)
            moved[i] = before[i] + h * direction(s, at, i);
        k->t->define(side ? down : up, k->t, (const double *const *)k->xd, (const double *const *)k->wd);
    }
    moved[at] = own;
    for (size_t i = 0; s->probes && i < s->n; i++)
        moved[i] = before[i];
    for (size_t i = 0; i < k->n_y; i++)
        sum += (double)k->r[i] * (up[i] - down[i]);
    free(before);
    return sum / (2 * STEP);
}

static struct slopes slopes_of(const struct work *k, double *moved, size_t n, uint32_t item) {
    struct slopes s = {.n = n, .item = item, .probes = (double)n * k->t->cost > 4e8};
    const size_t count = s.probes ? PROBES : n;
    double *up = zeros(k->n_y), *down = zeros(k->n_y);
    s.d = zeros(count);
    for (size_t i = 0; i < count; i++)
        s.d[i] = difference(k, up, down, moved, &s, i);
    free(up);
    free(down);
    return s;
}

/* |got - want| / |want|, of got times `scale` less `beside` (may be NULL); along directions both norms are estimates. */
static double distance(const struct slopes *s, const float *got, double scale, const float *beside) {
    double off = 0, norm = 0;
    for (size_t i = 0; i < (s->probes ? PROBES : s->n); i++) {
        double ours = 0;
        for (size_t j = s->probes ? 0 : i; j < (s->probes ? s->n : i + 1); j++)
            ours += ((double)got[j] * scale - (beside ? (double)beside[j] : 0)) * (s->probes ? direction(s, i, j) : 1);
        off += (ours - s->d[i]) * (ours - s->d[i]);
        norm += s->d[i] * s->d[i];
    }
    assert_true(norm > 0);
    return isfinite(off) ? sqrt(off / norm) : INFINITY;
}

/* --- one run of the engine -------------------------------------------------------------------------------------------------------- */

static void bind(struct plan *p, const struct work *k, const struct graph *g) {
    for (int i = 0, x = 0; i < g->n; i++)
        if (g->nodes[i].op == OP_input)
            plan_bind(p, i, k->x[x++]);
}

/* r for the op's output, then r_x for each of its inputs. */
static float *loss_gradient(const struct work *k, size_t n) {
    float *r = mem_alloc_aligned(n, sizeof *r, NULL);
    assert_non_null(r);
    memcpy(r, k->r, k->n_y * sizeof *r);
    size_t at = k->n_y;
    for (int i = 0; at < n; at += shape_count(k->t->x[i++]))
        memcpy(r + at, k->r_x[i], shape_count(k->t->x[i]) * sizeof *r);
    return r;
}

struct errors {
    double y, x, w;
};

static void compare(struct errors *e, const struct work *k, const struct plan *p, const int *node, enum setting setting) {
    const float *y = plan_output(p);
    double off = 0, norm = 0;
    for (size_t i = 0; i < k->n_y; i++) {
        off += ((double)y[i] - k->y[i]) * ((double)y[i] - k->y[i]);
        norm += k->y[i] * k->y[i];
    }
    e->y = fmax(e->y, isfinite(off) ? sqrt(off / norm) : INFINITY);
    for (int i = 0; i < k->t->n_x && !k->t->fixed; i++)
        e->x = fmax(e->x, distance(&k->dx[i], plan_input_gradient(p, node[i]), 1, setting == SHARED ? k->r_x[i] : NULL));
    for (int i = 0; i < k->t->n_w - k->t->n_constant && !k->frozen; i++)
        e->w = fmax(e->w, distance(&k->dw[i], k->gradients + (k->w[i] - k->values), 0.5, NULL));
}

static const char *kernels_of(const struct plan *p) {
    for (int s = p->n_forward; s < p->n_steps; s++)
        if (p->steps[s].algorithm[0])
            return p->steps[s].algorithm;
    return "";
}

/* Twice forward and backward: parameters' gradients add up; the second run finds the workspace full of the first. */
static void run(const struct work *k, enum setting setting, bool exact) {
    static const char *const names[] = {"alone", "behind", "shared"};
    struct err e = {0};
    struct engine en;
    struct graph g;
    struct plan *p = NULL;
    struct errors off = {0};
    int node[ARRAYS_MAX];
    build(&g, k, setting, node);
    assert_int_equal(engine_init(&en, exact, false, &e), 0);
    en.seed = SEED;
    en.training_step = TRAINING_STEP;
    if (plan_new(&p, &g, &en, &e))
        fail_msg("%s", e.message);
    float *r = loss_gradient(k, shape_count(g.nodes[g.output].shape));
    bind(p, k, &g);
    memset(k->gradients, 0, k->n_trained * sizeof *k->gradients);
    for (int again = 0; again < 2; again++)
        if (plan_run(p, &e) || plan_run_backward(p, r, &e))
            fail_msg("%s", e.message);
    compare(&off, k, p, node, setting);
    for (size_t i = 0; i < k->n_trained && k->frozen; i++)
        assert_true(k->gradients[i] == 0);
    print_message("  %-28s %s%s%s: output %.1e, inputs' gradients %.1e, parameters' %.1e  %s\n", k->t->name, names[setting],
                  exact ? ", direct" : "", k->frozen ? ", frozen" : "", off.y, off.x, off.w, kernels_of(p));
    const double allowed = k->t->winograd && !exact ? 1e-4 : 1e-5;
    if (!(off.y <= allowed && off.x <= allowed && off.w <= allowed))
        fail_msg("%s: off by more than %g", k->t->name, allowed);
    plan_free(p);
    engine_release(&en);
    graph_release(&g);
    free(r);
}

/* --- a trial ------------------------------------------------------------------------------------------------------------------------ */

/* The op's output, counted by building it. */
static size_t outputs_of(const struct work *k) {
    struct graph g;
    int node[ARRAYS_MAX];
    build(&g, k, ALONE, node);
    if (g.failure.code)
        fail_msg("%s: %s", k->t->name, g.failure.message);
    const size_t n = shape_count(g.nodes[g.output].shape);
    graph_release(&g);
    return n;
}

static void draw_parameters(struct work *k) {
    const struct trial *t = k->t;
    size_t at[ARRAYS_MAX];
    for (int i = 0; i < t->n_w; k->n_values += padded((size_t)t->w[i++])) {
        at[i] = k->n_values;
        k->n_trained = i < t->n_w - t->n_constant ? k->n_values + padded((size_t)t->w[i]) : k->n_trained;
    }
    const size_t constant = k->n_trained, end = k->n_values;
    k->n_values += 2 * padded((size_t)t->n_running);
    k->values = random_floats(k->n_values, 1);
    for (size_t i = constant; i < end; i++)
        k->values[i] = 0.5F + fabsf(k->values[i]);
    k->gradients = random_floats(k->n_trained, 2);
    for (int i = 0; i < t->n_w; i++) {
        k->w[i] = k->values + at[i];
        k->wd[i] = doubles_of(k->w[i], (size_t)t->w[i]);
    }
}

static void work_init(struct work *k, const struct trial *t) {
    memset(k, 0, sizeof *k);
    k->t = t;
    draw_parameters(k);
    for (int i = 0; i < t->n_x; i++) {
        k->x[i] = random_floats(shape_count(t->x[i]), 10 + (uint32_t)i);
        k->xd[i] = doubles_of(k->x[i], shape_count(t->x[i]));
        k->r_x[i] = random_floats(shape_count(t->x[i]), 20 + (uint32_t)i);
    }
    k->n_y = outputs_of(k);
    k->r = random_floats(k->n_y, 3);
    k->y = zeros(k->n_y);
    t->define(k->y, t, (const double *const *)k->xd, (const double *const *)k->wd);
    for (int i = 0; i < t->n_x && !t->fixed; i++)
        k->dx[i] = slopes_of(k, k->xd[i], shape_count(t->x[i]), 30 + (uint32_t)i);
    for (int i = 0; i < t->n_w - t->n_constant; i++)
        k->dw[i] = slopes_of(k, k->wd[i], (size_t)t->w[i], 40 + (uint32_t)i);
}

static void work_release(struct work *k) {
    for (int i = 0; i < ARRAYS_MAX; i++) {
        free(k->x[i]);
        free(k->xd[i]);
        free(k->r_x[i]);
        free(k->wd[i]);
        free(k->dx[i].d);
        free(k->dw[i].d);
    }
    free(k->values);
    free(k->gradients);
    free(k->r);
    free(k->y);
}

/* In every setting; two_ways: direct and by the rule of algorithms. */
static void try(const struct trial *t, bool two_ways) {
    struct work k;
    work_init(&k, t);
    for (int setting = 0; setting < SETTINGS; setting++)
        for (int exact = 1; exact >= (two_ways ? 0 : 1); exact--)
            for (int frozen = 0; frozen < (t->n_w && !t->fixed ? 2 : 1); frozen++) {
                k.frozen = frozen == 1;
                if (!(setting == SHARED && t->fixed))
                    run(&k, (enum setting)setting, exact == 1);
            }
    work_release(&k);
}

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
