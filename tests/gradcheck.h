/* A trial of an op's backward pass against central differences: what tests/t_gradcheck.c runs its cases by. Test code. A header: every
 * tests/t_*.c is a program. */
#ifndef BMU_TESTS_GRADCHECK_H
#define BMU_TESTS_GRADCHECK_H

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

#endif
