/* Do 95 % intervals cover 95 %? 2,000 simulated cohorts with a known truth; coverage must lie in 93.5 .. 96.5 % (three standard errors of
 * the simulation). With patients of two breasts the clustered methods must hold, and the same interval that ignores the patients must be
 * caught. */
#include "stats_golden.h"

#include "accuracy/binary.h"
#include "accuracy/bootstrap_binary.h"
#include "accuracy/calibration.h"
#include "accuracy/delong.h"
#include "base/pool.h"
#include "base/rng.h"
#include "stats/distribution.h"
#include "stats/logistic.h"
#include "stats/paired.h"

enum { RUNS = 2000, PATIENTS = 300, RESAMPLES = 1000 };

/* One cohort: n observations of `breasts` each per patient; score a (and b) = shared + own + shift * truth, truth by patient. */
struct simulated {
    size_t n, breasts;
    uint8_t truth[2 * PATIENTS];
    double a[2 * PATIENTS], b[2 * PATIENTS], p[2 * PATIENTS];
    size_t cluster[2 * PATIENTS];
};
static const double SHIFT = 1.2, SHARED = 0.7; /* share of the score's variance that the breasts have in common */

static void simulate(struct simulated *s, uint32_t run, size_t breasts) {
    const struct rng r = rng_make(2024, 0x636F7665, run);
    uint64_t k = 0;
    s->n = 0;
    s->breasts = breasts;
    for (size_t patient = 0; patient < PATIENTS; patient++) {
        const uint8_t y = patient < 2 ? 1 : patient < 4 ? 0 : rng_uniform(&r, 100000 + patient) < 0.4;
        const double common = breasts > 1 ? sqrt(SHARED) * rng_normal(&r, k++) : 0;
        for (size_t side = 0; side < breasts; side++) {
            const double own = breasts > 1 ? sqrt(1 - SHARED) : 1;
            const size_t i = s->n++;
            s->truth[i] = y;
            s->cluster[i] = patient;
            s->a[i] = common + own * rng_normal(&r, k++) + SHIFT * y;
            s->b[i] = 0.6 * (s->a[i] - SHIFT * y) + 0.8 * rng_normal(&r, k++) + SHIFT * y;
            s->p[i] = logistic(SHIFT * s->a[i] - SHIFT * SHIFT / 2 + logit(0.4)); /* the true posterior */
        }
    }
}

/* --- what is counted ------------------------------------------------------------------------------------------------------- */

#define KINDS(X)                                                                                                                           \
    X(DELONG, "AUC, DeLong, plain")                                                                                                        \
    X(LOGIT, "AUC, DeLong, logit")                                                                                                         \
    X(DIFFERENCE, "difference of paired AUCs, DeLong")                                                                                     \
    X(PERCENTILE, "AUC, bootstrap, percentile")                                                                                            \
    X(BCA, "AUC, bootstrap, BCa")                                                                                                          \
    X(SENSITIVITY_WILSON, "sensitivity, Wilson")                                                                                           \
    X(SENSITIVITY_BOOTSTRAP, "sensitivity, bootstrap, percentile")                                                                         \
    X(SPECIFICITY_BOOTSTRAP, "specificity, bootstrap, BCa")                                                                                \
    X(BRIER_BOOTSTRAP, "Brier score, bootstrap, percentile")                                                                               \
    X(TANGO, "difference of paired sensitivities, Tango")                                                                                  \
    X(SLOPE, "calibration slope, Wald")                                                                                                    \
    X(IGNORING, "AUC, DeLong, patients ignored")
enum kind {
#define X(name, what) name,
    KINDS(X)
#undef X
        KIND_COUNT
};
static const char *const kind_names[] = {
#define X(name, what) what,
    KINDS(X)
#undef X
};

struct tally {
    size_t breasts;
    double brier;                      /* the true mean, from a large sample */
    uint8_t covered[RUNS][KIND_COUNT]; /* 1 covered, 2 missed, 0 not counted */
};

static void note(struct tally *t, size_t run, enum kind kind, struct interval i, double truth) {
    t->covered[run][kind] = i.low <= truth && truth <= i.high ? 1 : 2;
}

static void bootstrap_part(struct tally *t, size_t run, const struct simulated *s, double auc, double se, double sp) {
    struct metric_interval m[METRIC_COUNT];
    const struct bootstrap design = {.n = s->n, .cluster = s->cluster, .n_clusters = PATIENTS, .resamples = RESAMPLES, .seed = run + 1};
    const struct binary_cohort c = {
        .score = s->p, .truth = s->truth, .threshold = logistic(logit(0.4)), .partial_low = 0, .partial_high = 1, .probability = true};
    MUST(bootstrap_binary(m, NULL, &c, &design, 0.95, e));
    note(t, run, PERCENTILE, m[METRIC_AUC].percentile, auc);
    if (m[METRIC_AUC].bca_defined)
        note(t, run, BCA, m[METRIC_AUC].bca, auc);
    note(t, run, SENSITIVITY_BOOTSTRAP, m[METRIC_SENSITIVITY].percentile, se);
    if (m[METRIC_SPECIFICITY].bca_defined)
        note(t, run, SPECIFICITY_BOOTSTRAP, m[METRIC_SPECIFICITY].bca, sp);
    note(t, run, BRIER_BOOTSTRAP, m[METRIC_BRIER].percentile, t->brier);
}

static void one_run(struct tally *t, size_t run) {
    static struct simulated s;
    const double auc = normal_cdf(SHIFT / sqrt(2)), se = normal_cdf(SHIFT / 2), sp = se; /* calls at a >= SHIFT / 2 */
    const double *score = s.a;
    const bool clustered = t->breasts > 1;
    double a, v;
    struct interval i;
    struct delong_test d;
    simulate(&s, (uint32_t)run, t->breasts);
    MUST(delong_covariance(&a, &v, &score, 1, s.truth, s.n, clustered ? s.cluster : NULL, PATIENTS, e));
    MUST(delong_interval(&i, a, v, DELONG_PLAIN, 0.95, e));
    note(t, run, DELONG, i, auc);
    MUST(delong_interval(&i, a, v, DELONG_LOGIT, 0.95, e));
    note(t, run, LOGIT, i, auc);
    MUST(delong_test_paired(&d, s.a, s.b, s.truth, s.n, clustered ? s.cluster : NULL, PATIENTS, 0.95, e));
    note(t, run, DIFFERENCE, d.interval, 0);
    bootstrap_part(t, run, &s, auc, se, sp);
    if (clustered) {
        MUST(delong_covariance(&a, &v, &score, 1, s.truth, s.n, NULL, 0, e));
        MUST(delong_interval(&i, a, v, DELONG_PLAIN, 0.95, e));
        note(t, run, IGNORING, i, auc);
        return; /* the rest knows of no clusters */
    }
    struct counts n;
    struct binary b;
    struct pairs pairs = {0};
    struct paired_difference difference;
    struct calibration_line line;
    MUST(binary_count(&n, s.a, s.truth, s.n, SHIFT / 2, e));
    MUST(binary_make(&b, &n, 0.95, e));
    note(t, run, SENSITIVITY_WILSON, b.sensitivity.wilson, se);
    for (size_t k = 0; k < s.n; k++) {
        const bool x = s.a[k] >= SHIFT / 2, y = s.b[k] >= SHIFT / 2;
        if (s.truth[k])
            ++*(x ? y ? &pairs.both : &pairs.first : y ? &pairs.second : &pairs.neither);
    }
    MUST(paired_difference(&difference, &pairs, 0.95, e));
    note(t, run, TANGO, difference.tango, 0);
    MUST(calibration_line(&line, s.p, s.truth, s.n, 0, 0.95, e));
    note(t, run, SLOPE, line.slope_interval, 1);
}

/* The expected Brier score: by simulation in cohorts that are not used otherwise. */
static double true_brier(size_t breasts) {
    static struct simulated s;
    double sum = 0, n = 0;
    for (uint32_t run = 0; run < 20000; run++) {
        simulate(&s, 1000000 + run, breasts);
        for (size_t i = 0; i < s.n; i++)
            sum += (s.p[i] - s.truth[i]) * (s.p[i] - s.truth[i]);
        n += (double)s.n;
    }
    return sum / n;
}

static void coverage(size_t breasts) {
    static struct tally t;
    memset(&t, 0, sizeof t);
    t.breasts = breasts;
    t.brier = true_brier(breasts);
    for (size_t run = 0; run < RUNS; run++)
        one_run(&t, run);
    int wrong = 0;
    for (int k = 0; k < KIND_COUNT; k++) {
        double covered = 0, n = 0;
        for (size_t run = 0; run < RUNS; run++) {
            covered += t.covered[run][k] == 1;
            n += t.covered[run][k] > 0;
        }
        if (n == 0)
            continue;
        const double share = covered / n;
        const bool ok = k == IGNORING ? share < 0.93 : share >= 0.935 && share <= 0.965;
        printf("%zu per patient  %-40s %5.2f %% of %.0f%s\n", breasts, kind_names[k], 100 * share, n, ok ? "" : "   WRONG");
        wrong += !ok;
        assert_true(n > 0.98 * RUNS);
    }
    assert_int_equal(wrong, 0);
}

static void test_single(void **state) {
    (void)state;
    coverage(1);
}

static void test_clustered(void **state) {
    (void)state;
    coverage(2);
}

int main(void) {
    pool_set_threads(1); /* many small bootstraps: threads would wait for each other more than they compute */
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_single), cmocka_unit_test(test_clustered)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
