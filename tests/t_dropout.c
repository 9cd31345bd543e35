/* Dropout: what its masks follow from, that they are fair, and that a step of the small networks with dropout has the gradient of its loss.
 */
#include "learner_check.h"

#include "base/rng.h"

/* --- dropout: masks -------------------------------------------------------------------------------------------------------------- */

enum { COLUMNS = 32 };

/* What makes a mask, and what must not. */
struct masked {
    uint64_t seed;
    uint32_t step;
    const char *layer;
    int rows, threads;
    bool others; /* other layers with dropout before it */
    double p;
};

/* Dropout over ones gives the factors: [rows][COLUMNS]; owned. */
static float *factors_of(const struct masked *m) {
    struct err e = {0};
    struct engine en;
    struct graph g;
    struct plan *p = NULL;
    const struct shape s = {m->rows, 1, 1, COLUMNS};
    const size_t n = shape_count(s);
    float *ones = mem_alloc_aligned(n, sizeof *ones, NULL);
    assert_non_null(ones);
    for (size_t i = 0; i < n; i++)
        ones[i] = 1;
    pool_set_threads(m->threads);
    graph_init_training(&g, (struct graph_parameters){0});
    int x = graph_input(&g, "x", s);
    if (m->others)
        graph_dropout(&g, graph_dropout(&g, x, "before", 0.2), "another", m->p);
    graph_dropout(&g, x, m->layer, m->p);
    assert_int_equal(engine_init(&en, false, false, &e), 0);
    en.seed = m->seed;
    en.training_step = m->step;
    if (plan_new(&p, &g, &en, &e))
        fail_msg("%s", e.message);
    plan_bind(p, x, ones);
    if (plan_run(p, &e))
        fail_msg("%s", e.message);
    memcpy(ones, plan_output(p), n * sizeof *ones);
    plan_free(p);
    graph_release(&g);
    engine_release(&en);
    pool_set_threads(2);
    return ones;
}

/* Do the first 4 rows of two masks agree? */
static bool same_factors(const struct masked *a, const struct masked *b) {
    float *x = factors_of(a), *y = factors_of(b);
    const bool same = memcmp(x, y, 4 * COLUMNS * sizeof *x) == 0;
    free(x);
    free(y);
    return same;
}

static void test_mask_follows(void **state) {
    (void)state;
    const struct masked one = {.seed = 5, .step = 9, .layer = "block.mlp.fc1", .rows = 4, .threads = 2, .p = 0.3};
    struct masked other = one;
    assert_true(same_factors(&one, &other));
    other.threads = 1;
    assert_true(same_factors(&one, &other));
    other.threads = 3;
    assert_true(same_factors(&one, &other));
    other.rows = 9;
    assert_true(same_factors(&one, &other));
    other.others = true;
    assert_true(same_factors(&one, &other));
    other = one;
    other.seed = 6;
    assert_false(same_factors(&one, &other));
    other.seed = 5 + (1ULL << 32);
    assert_false(same_factors(&one, &other));
    other = one;
    other.step = 10;
    assert_false(same_factors(&one, &other));
    other = one;
    other.layer = "block.mlp.fc2";
    assert_false(same_factors(&one, &other));
}

/* Is the share of k in n within five standard deviations of p? */
static void check_share(const char *what, double k, double n, double p) {
    const double sigma = sqrt(p * (1 - p) / n), off = k / n - p;
    if (fabs(off) > 5 * sigma)
        fail_msg("%s: a share of %g where %g is expected, %.1f standard deviations off", what, k / n, p, fabs(off) / sigma);
}

static void test_mask_is_fair(void **state) {
    enum { STEPS = 400, N = 8 * COLUMNS };
    static const double rates[] = {0.3, 0.5};
    (void)state;
    for (size_t rate = 0; rate < 2; rate++) {
        const double p = rates[rate], agree = p * p + (1 - p) * (1 - p);
        double zeros[N] = {0}, total = 0, sum = 0, with_last = 0, with_neighbour = 0;
        float *last = NULL;
        for (uint32_t step = 0; step < STEPS; step++) {
            const struct masked m = {.seed = 3, .step = step, .layer = "l", .rows = 8, .threads = 2, .p = p};
            float *x = factors_of(&m);
            for (size_t i = 0; i < N; i++) {
                assert_true(x[i] == 0 || x[i] == (float)(1 / (1 - p)));
                zeros[i] += x[i] == 0;
                total += x[i] == 0;
                sum += (double)x[i];
                with_neighbour += i % 2 == 1 && x[i] == x[i - 1];
                with_last += last && x[i] == last[i];
            }
            free(last);
            last = x;
        }
        free(last);
        check_share("zeros", total, (double)N * STEPS, p);
        assert_true(fabs(sum / (N * STEPS) - 1) <= 5 * sqrt(p / (1 - p) / ((double)N * STEPS))); /* so the expectation is x itself */
        for (size_t i = 0; i < N; i++)
            check_share("zeros of one element", zeros[i], STEPS, p);
        check_share("neighbours that agree", with_neighbour, (double)N / 2 * STEPS, agree);
        check_share("steps that agree", with_last, (double)N * (STEPS - 1), agree);
    }
}

/* --- dropout: the whole step ------------------------------------------------------------------------------------------------------ */

/* Where along: every trained array, or those behind the towers and the towers' last shifts. The latter way meets few of the ReLUs' kinks,
 * so its steps can be large against float32's noise. */
enum along { ALONG_ALL, ALONG_TOP };

static bool is_along(const char *name, enum along along) {
    return along == ALONG_ALL || !strstr(name, "backbone.") || strstr(name, "backbone.7.1.bn2");
}

/* A random direction, in each array about as long as the array's numbers are large. */
static float *direction_of(const struct parameters *p, enum along along, uint32_t item) {
    const struct rng r = rng_make(21, 4, item);
    float *d = mem_alloc(p->n_trained, sizeof *d, NULL);
    assert_non_null(d);
    for (size_t i = 0; i < p->keys->n; i++) {
        const size_t n = key_count(&p->keys->list[i]), at = p->offset[i];
        double squares = 0;
        if (!key_is_trained(&p->keys->list[i]) || !is_along(p->keys->list[i].name, along))
            continue;
        for (size_t k = 0; k < n; k++)
            squares += pow((double)p->values[at + k], 2);
        for (size_t k = at; k < at + n; k++)
            d[k] = (float)(sqrt(squares / (double)n) * rng_normal(&r, k));
    }
    return d;
}

static double loss_at(struct learner *l, const struct learner_exam *of, const float *base, const float *d, double h) {
    struct parameters *p = learner_parameters(l);
    for (size_t i = 0; i < p->n_trained; i++)
        p->values[i] = (float)((double)base[i] + h * (double)d[i]);
    return must_run(l, of, EXAMS, 4);
}

/* The least-squares slope through central differences at several steps about h: float32's noise is other at each. */
static double slope_along(struct learner *l, const struct learner_exam *of, const float *base, const float *d, double h) {
    double product = 0, squares = 0;
    for (int k = 0; k < 4; k++, h *= 1.2) {
        product += h * (loss_at(l, of, base, d, h) - loss_at(l, of, base, d, -h));
        squares += 2 * h * h;
    }
    return product / squares;
}

/* |differences - gradient's| / |gradient's| over random directions. */
static double slopes_off(struct learner *l, const struct learner_exam *of, const float *gradient, enum along along, double h) {
    enum { DIRECTIONS = 3 };
    struct parameters *p = learner_parameters(l);
    float *base = copy_of(p->values, p->n_trained);
    double off = 0, norm = 0;
    for (uint32_t k = 0; k < DIRECTIONS; k++) {
        float *d = direction_of(p, along, k);
        double ours = 0;
        for (size_t i = 0; i < p->n_trained; i++)
            ours += (double)gradient[i] * (double)d[i];
        off += pow(slope_along(l, of, base, d, h) - ours, 2);
        norm += ours * ours;
        memcpy(p->values, base, p->n_trained * sizeof *base);
        free(d);
    }
    free(base);
    return sqrt(off / norm);
}

static void check_slopes(const char *path, unsigned a, unsigned b, unsigned c) {
    struct learner *l =
        must_learn(path, (struct learner_options){.exact = true, .seed = 8, .dropout_block = BLOCK_DROPOUT, .dropout_head = HEAD_DROPOUT});
    struct parameters *p = learner_parameters(l);
    struct learner_exam of[EXAMS];
    batch_of(of, a, b, c);
    const double with = must_run(l, of, EXAMS, 4), other = must_run(l, of, EXAMS, 5);
    assert_true(with == must_run(l, of, EXAMS, 4) && with != other); /* the step's number makes the masks */
    float *gradient = copy_of(p->gradients, p->n_trained);
    const double top = slopes_off(l, of, gradient, ALONG_TOP, 4e-4), all = slopes_off(l, of, gradient, ALONG_ALL, 1.5e-5);
    print_message("  with dropout: derivatives along random directions off by %.1e behind the towers, %.1e with them\n", top, all);
    assert_true(top <= 2e-3 && all <= 2e-2);
    free(gradient);
    learner_close(l);
}

static void test_dropout_learns(void **state) {
    (void)state;
    check_slopes(here.bmu, ALL_VIEWS, MG_AND_BMODE, US_ONLY);
    check_slopes(here.mg, MG_ONLY, MG_ONLY, MG_ONLY);
}

int main(int argc, char **argv) {
    pool_set_threads(2);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mask_follows),
        cmocka_unit_test(test_mask_is_fair),
        cmocka_unit_test(test_dropout_learns),
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
