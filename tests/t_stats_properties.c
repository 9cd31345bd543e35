/* What must hold of the statistics whatever the data: fast formulas against definitions, invariances, edges, refusals. */
#include "stats_golden.h"

#include "accuracy/binary.h"
#include "accuracy/bootstrap_binary.h"
#include "accuracy/calibration.h"
#include "accuracy/decision_curve.h"
#include "accuracy/delong.h"
#include "accuracy/downgrade.h"
#include "accuracy/mrmc.h"
#include "accuracy/recalibrate.h"
#include "accuracy/subgroup.h"
#include "accuracy/threshold.h"
#include "accuracy/tiers.h"
#include "base/pool.h"
#include "base/rng.h"
#include "stats/kappa.h"
#include "stats/loess.h"
#include "stats/logistic.h"
#include "stats/paired.h"

/* A cohort with ties from our own generator; both classes have at least two. */
static struct cohort random_cohort(uint32_t seed, size_t n, double grid) {
    struct cohort c = cohort_make("random", 1 + seed * 7919U, n, 1, grid, 0.5);
    c.truth[0] = c.truth[1] = 1;
    c.truth[2] = c.truth[3] = 0;
    return c;
}

static double kernel(double x, double y) {
    return x > y ? 1 : x == y ? 0.5 : 0;
}

/* DeLong 1988 from the definition, O(n^2). */
static void delong_definition(double *auc, double *variance, const struct cohort *c) {
    double m = 0, n = 0, sum = 0, s10 = 0, s01 = 0;
    for (size_t i = 0; i < c->n; i++)
        *(c->truth[i] ? &m : &n) += 1;
    for (size_t i = 0; i < c->n; i++)
        for (size_t j = 0; j < c->n; j++)
            if (c->truth[i] && !c->truth[j])
                sum += kernel(c->a[i], c->a[j]);
    *auc = sum / (m * n);
    for (size_t i = 0; i < c->n; i++) {
        double v = 0;
        for (size_t j = 0; j < c->n; j++)
            if (c->truth[j] != c->truth[i])
                v += c->truth[i] ? kernel(c->a[i], c->a[j]) / n : kernel(c->a[j], c->a[i]) / m;
        *(c->truth[i] ? &s10 : &s01) += (v - *auc) * (v - *auc);
    }
    *variance = s10 / (m * (m - 1)) + s01 / (n * (n - 1));
}

static void test_delong_definition(void **state) {
    (void)state;
    for (uint32_t seed = 0; seed < 60; seed++) {
        struct cohort c = random_cohort(seed, 8 + seed * 3, seed % 3 == 0 ? 1 : seed % 3 == 1 ? 4 : 64);
        const double *score = c.a;
        double auc, v, auc_fast, v_fast, v_single;
        struct roc *r;
        delong_definition(&auc, &v, &c);
        MUST(delong_covariance(&auc_fast, &v_fast, &score, 1, c.truth, c.n, NULL, 0, e));
        assert_true(fabs(auc - auc_fast) < 1e-14 && fabs(v - v_fast) < 1e-14);
        MUST(roc_make(&r, c.a, c.truth, c.n, e));
        assert_true(fabs(roc_auc(r) - auc) < 1e-15);
        roc_free(r);
        for (size_t i = 0; i < c.n; i++) /* clusters of one: Obuchowski equals DeLong */
            c.cluster[i] = c.n - 1 - i;
        MUST(delong_covariance(&auc_fast, &v_single, &score, 1, c.truth, c.n, c.cluster, c.n, e));
        assert_true(fabs(v_single - v_fast) < 1e-15);
        cohort_free(&c);
    }
}

/* Strictly rising transformations and the order of rows change nothing; falling ones mirror. */
static void test_auc_invariance(void **state) {
    (void)state;
    for (uint32_t seed = 0; seed < 20; seed++) {
        struct cohort c = random_cohort(seed, 50, 4);
        struct roc *r;
        double auc[3];
        for (int k = 0; k < 3; k++) {
            for (size_t i = 0; i < c.n; i++)
                c.b[i] = k == 0 ? c.a[i] : k == 1 ? exp(c.a[i]) : -c.a[i];
            MUST(roc_make(&r, c.b, c.truth, c.n, e));
            auc[k] = roc_auc(r);
            double whole;
            MUST(roc_partial_auc(&whole, r, ROC_SPECIFICITY, 0, 1, false, e));
            assert_true(fabs(whole - auc[k]) < 1e-14);
            MUST(roc_partial_auc(&whole, r, ROC_SENSITIVITY, 0, 1, true, e));
            assert_true(fabs(whole - auc[k]) < 1e-14);
            roc_free(r);
        }
        assert_true(auc[0] == auc[1] && fabs(auc[0] + auc[2] - 1) < 1e-15);
        cohort_free(&c);
    }
}

/* --- bootstrap ------------------------------------------------------------------------------------------------------------- */

struct sample { /* the definition: resampled rows written out */
    size_t n;
    double *score;
    uint8_t *truth;
};

static double mean_of_pairs(const struct sample *s) {
    double sum = 0, m = 0;
    for (size_t i = 0; i < s->n; i++)
        for (size_t j = 0; j < s->n; j++)
            if (s->truth[i] && !s->truth[j]) {
                sum += kernel(s->score[i], s->score[j]);
                m++;
            }
    return m > 0 ? sum / m : NAN;
}

/* Rebuilds each resample from the documented stream and computes every metric the slow way. */
static void test_bootstrap_definition(void **state) {
    struct cohort c = random_cohort(5, 41, 4);
    const struct bootstrap design = {.n = c.n, .cluster = c.cluster, .n_clusters = c.n_clusters, .resamples = 200, .seed = 42};
    const struct binary_cohort cohort = {
        .score = c.p, .truth = c.truth, .threshold = c.p[7], .partial_low = 0.6, .partial_high = 0.95, .probability = true};
    struct metric_interval out[METRIC_COUNT];
    double *replicates;
    struct sample s = {0};
    (void)state;
    s.score = mem_alloc(8 * c.n, sizeof(double), NULL);
    s.truth = mem_alloc(8 * c.n, 1, NULL);
    assert_true(s.score && s.truth);
    MUST(bootstrap_binary(out, &replicates, &cohort, &design, 0.95, e));
    for (size_t b = 0; b < 200; b++) {
        const struct rng g = rng_make(42, 0x626F6F74, (uint32_t)b);
        s.n = 0;
        for (size_t d = 0; d < c.n_clusters; d++) {
            uint32_t word[4];
            rng_block(&g, d / 4, word);
            const size_t drawn = (size_t)((uint64_t)word[d % 4] * c.n_clusters >> 32);
            for (size_t i = 0; i < c.n; i++)
                if (c.cluster[i] == drawn) {
                    s.score[s.n] = c.p[i];
                    s.truth[s.n++] = c.truth[i];
                }
        }
        struct counts n;
        struct binary y;
        double brier = 0, partial;
        struct roc *r;
        MUST(binary_count(&n, s.score, s.truth, s.n, cohort.threshold, e));
        MUST(binary_make(&y, &n, 0.95, e));
        for (size_t i = 0; i < s.n; i++)
            brier += (s.score[i] - s.truth[i]) * (s.score[i] - s.truth[i]) / (double)s.n;
        MUST(roc_make(&r, s.score, s.truth, s.n, e));
        MUST(roc_partial_auc(&partial, r, ROC_SPECIFICITY, 0.6, 0.95, false, e));
        const struct {
            enum binary_metric metric;
            double value;
        } want[] = {{METRIC_AUC, mean_of_pairs(&s)},
                    {METRIC_PARTIAL_AUC, partial},
                    {METRIC_AVERAGE_PRECISION, roc_average_precision(r)},
                    {METRIC_SENSITIVITY, y.sensitivity.value},
                    {METRIC_SPECIFICITY, y.specificity.value},
                    {METRIC_PPV, y.positive_predictive.value},
                    {METRIC_NPV, y.negative_predictive.value},
                    {METRIC_ACCURACY, y.accuracy.value},
                    {METRIC_BALANCED_ACCURACY, y.balanced_accuracy},
                    {METRIC_LIKELIHOOD_POSITIVE, y.likelihood_positive.defined ? y.likelihood_positive.value : NAN},
                    {METRIC_F1, y.f1},
                    {METRIC_BRIER, brier}};
        for (size_t k = 0; k < sizeof want / sizeof *want; k++)
            if (!isnan(want[k].value) && !(fabs(replicates[want[k].metric * 200 + b] - want[k].value) < 1e-12))
                fail_msg("resample %zu, %s: %.15g, by definition %.15g", b, binary_metric_name(want[k].metric),
                         replicates[want[k].metric * 200 + b], want[k].value);
        roc_free(r);
    }
    free(replicates);
    free(s.score);
    free(s.truth);
    cohort_free(&c);
}

static void test_bootstrap_threads(void **state) {
    struct cohort c = random_cohort(9, 300, 8);
    const struct bootstrap design = {.n = c.n, .cluster = c.cluster, .n_clusters = c.n_clusters, .resamples = 500, .seed = 7};
    const struct binary_cohort cohort = {
        .score = c.p, .truth = c.truth, .threshold = 0.5, .partial_low = 0.8, .partial_high = 1, .probability = true};
    struct metric_interval first[METRIC_COUNT], out[METRIC_COUNT];
    double *a = NULL, *b = NULL;
    const int threads = pool_threads();
    (void)state;
    for (int n = 1; n <= 5; n += 2) {
        pool_set_threads(n);
        MUST(bootstrap_binary(n == 1 ? first : out, n == 1 ? &a : &b, &cohort, &design, 0.95, e));
        if (n > 1) {
            assert_memory_equal(a, b, METRIC_COUNT * 500 * sizeof *a);
            for (int k = 0; k < METRIC_COUNT; k++)
                assert_true(out[k].bca.low == first[k].bca.low && out[k].percentile.high == first[k].percentile.high);
            free(b);
        }
    }
    pool_set_threads(threads);
    free(a);
    cohort_free(&c);
}

/* The whole sample's values are those of the plain functions; the undefined are counted. */
static void test_bootstrap_undefined(void **state) {
    const double score[] = {0.1, 0.2, 0.3, 0.4, 0.9, 0.8};
    const uint8_t truth[] = {0, 0, 0, 0, 1, 0};
    const struct bootstrap design = {.n = 6, .resamples = 1000, .seed = 1};
    const struct binary_cohort cohort = {
        .score = score, .truth = truth, .threshold = 0.5, .partial_low = 0, .partial_high = 1, .probability = false};
    struct metric_interval out[METRIC_COUNT];
    (void)state;
    MUST(bootstrap_binary(out, NULL, &cohort, &design, 0.95, e));
    assert_true(out[METRIC_AUC].value == 1 && out[METRIC_SENSITIVITY].value == 1 && out[METRIC_SPECIFICITY].value == 0.8);
    assert_true(out[METRIC_AUC].undefined > 250 && out[METRIC_AUC].undefined < 420); /* (5/6)^6 = 0.335 have no positive */
    assert_false(out[METRIC_AUC].bca_defined);                                       /* without the one positive there is no AUC */
    assert_false(out[METRIC_BRIER].defined);
    assert_true(out[METRIC_SPECIFICITY].interval_defined && out[METRIC_SPECIFICITY].undefined == 0);
}

static void test_decision_bootstrap(void **state) {
    struct cohort c = random_cohort(11, 120, 8);
    const double t[] = {0.3, 0.1, 0.6};
    const struct bootstrap design = {.n = c.n, .cluster = c.cluster, .n_clusters = c.n_clusters, .resamples = 400, .seed = 3};
    struct decision_point a[3], b[3];
    (void)state;
    MUST(decision_curve(a, t, 3, c.p, c.truth, c.n, NULL, 0.95, e));
    MUST(decision_curve(b, t, 3, c.p, c.truth, c.n, &design, 0.95, e));
    for (int i = 0; i < 3; i++) {
        assert_true(a[i].net_benefit == b[i].net_benefit && !a[i].interval_defined && b[i].interval_defined);
        assert_true(b[i].interval.low < b[i].net_benefit && b[i].net_benefit < b[i].interval.high);
        assert_true(b[i].treat_all_interval.low < b[i].treat_all && b[i].treat_all < b[i].treat_all_interval.high);
    }
    cohort_free(&c);
}

/* --- calibration ----------------------------------------------------------------------------------------------------------- */

static void test_isotonic(void **state) {
    (void)state;
    for (uint32_t seed = 0; seed < 30; seed++) {
        struct cohort c = random_cohort(seed, 60, seed % 2 ? 2 : 64);
        struct isotonic *r;
        double sum = 0, positives = 0;
        MUST(isotonic_fit(&r, c.a, c.truth, c.n, e));
        for (size_t i = 1; i < r->n; i++)
            assert_true(r->value[i] > r->value[i - 1] && r->score[i] > r->score[i - 1]);
        for (size_t i = 0; i < c.n; i++) {
            sum += isotonic_apply(r, c.a[i]);
            positives += c.truth[i];
        }
        assert_true(fabs(sum - positives) < 1e-10); /* calibrated in the large on its own data */
        assert_true(isotonic_apply(r, -1e9) == r->value[0] && isotonic_apply(r, 1e9) == r->value[r->n - 1]);
        /* idempotent: fitting truth that is already the fit's order (scores replaced by fitted values) changes nothing */
        struct isotonic *again;
        for (size_t i = 0; i < c.n; i++)
            c.b[i] = isotonic_apply(r, c.a[i]);
        MUST(isotonic_fit(&again, c.b, c.truth, c.n, e));
        for (size_t i = 0; i < c.n; i++)
            assert_true(fabs(isotonic_apply(again, c.b[i]) - c.b[i]) < 1e-14);
        isotonic_free(again);
        isotonic_free(r);
        cohort_free(&c);
    }
}

/* After Platt, intercept and slope are 0 and 1 on the same data; temperature 1 is a fixed point. */
static void test_recalibrated(void **state) {
    struct cohort c = random_cohort(17, 200, 64);
    struct platt p;
    struct calibration_line l;
    double t, t2, logits[400];
    int y[200];
    (void)state;
    MUST(platt_fit(&p, c.a, c.truth, c.n, false, e));
    for (size_t i = 0; i < c.n; i++)
        c.b[i] = platt_apply(&p, c.a[i]);
    MUST(calibration_line(&l, c.b, c.truth, c.n, 0, 0.95, e));
    assert_true(fabs(l.intercept) < 1e-9 && fabs(l.slope - 1) < 1e-9 && fabs(l.in_the_large) < 1e-9 &&
                fabs(l.observed_expected - 1) < 1e-9);
    for (size_t i = 0; i < c.n; i++) {
        logits[2 * i] = 0;
        logits[2 * i + 1] = c.a[i];
        y[i] = c.truth[i];
    }
    MUST(temperature_fit(&t, logits, y, c.n, 2, e));
    for (size_t i = 0; i < 2 * c.n; i++)
        logits[i] /= t;
    MUST(temperature_fit(&t2, logits, y, c.n, 2, e));
    assert_true(fabs(t2 - 1) < 1e-9);
    cohort_free(&c);
}

static void test_loess_parabola(void **state) {
    double x[40], y[40], fit[40];
    (void)state;
    for (int i = 0; i < 40; i++) {
        x[i] = (i * 17 % 40) / 8.0 + (i % 3) * 0.01;
        y[i] = 3 - 2 * x[i] + 0.5 * x[i] * x[i];
    }
    MUST(loess_fit(fit, x, y, 40, 0.75, e)); /* a parabola is its own fit */
    for (int i = 0; i < 40; i++)
        assert_true(fabs(fit[i] - y[i]) < 1e-11);
    for (int i = 0; i < 40; i++)
        x[i] = i % 2;
    assert_int_equal(loess_fit(fit, x, y, 40, 0.75, NULL), ERR_STATS_UNDEFINED);
}

/* --- agreement ------------------------------------------------------------------------------------------------------------- */

static void test_agreement(void **state) {
    const size_t perfect[9] = {5, 0, 0, 0, 7, 0, 0, 0, 2}, one[4] = {9, 0, 0, 0}, both[8] = {3, 0, 0, 3, 3, 0, 0, 3};
    struct kappa k;
    struct mcnemar m;
    uint8_t call[20];
    double q, p;
    (void)state;
    for (int w = KAPPA_UNWEIGHTED; w <= KAPPA_QUADRATIC; w++) {
        MUST(kappa_cohen(&k, perfect, 3, (enum kappa_weights)w, 0.95, e));
        assert_true(fabs(k.value - 1) < 1e-15 && k.standard_error < 1e-7);
        assert_int_equal(kappa_cohen(&k, one, 2, (enum kappa_weights)w, 0.95, NULL), ERR_STATS_UNDEFINED);
    }
    MUST(kappa_fleiss(&k, both, 4, 2, 0.95, e));
    assert_true(fabs(k.value - 1) < 1e-15);
    mcnemar(&m, &(struct pairs){5, 0, 0, 5});
    assert_true(m.exact == 1 && m.mid == 1 && m.asymptotic == 1 && m.chi_square == 0);
    mcnemar(&m, &(struct pairs){0, 4, 4, 0});
    assert_true(m.exact == 1 && fabs(m.mid - (1 - 70.0 / 256)) < 1e-14);
    /* two calls: Cochran's Q is McNemar's chi-square */
    for (int i = 0; i < 10; i++) {
        call[2 * i] = i < 7;
        call[2 * i + 1] = i % 3 == 0;
    }
    struct pairs n = {0};
    for (int i = 0; i < 10; i++)
        ++*(call[2 * i] ? call[2 * i + 1] ? &n.both : &n.first : call[2 * i + 1] ? &n.second : &n.neither);
    mcnemar(&m, &n);
    MUST(cochran_q(&q, &p, call, 10, 2, e));
    assert_true(fabs(q - m.chi_square) < 1e-13 && fabs(p - m.asymptotic) < 1e-13);
}

/* Tango's test and interval agree: at the interval's lower end the one-sided test is at its level. */
static void test_tango(void **state) {
    (void)state;
    for (size_t b = 0; b < 12; b++)
        for (size_t c = 1; c < 12; c += 2) {
            const struct pairs n = {20, b, c, 9};
            struct paired_difference d;
            double z, p;
            MUST(paired_difference(&d, &n, 0.95, e));
            assert_true(-1 <= d.tango.low && d.tango.low < d.difference && d.difference < d.tango.high && d.tango.high <= 1);
            if (d.tango.low < 0) {
                MUST(paired_noninferiority(&z, &p, &n, -d.tango.low, e));
                assert_true(fabs(p - 0.025) < 1e-9);
            }
        }
}

static void test_tiers(void **state) {
    const int parent[] = {-1, 0, 0, 1}, cycle[] = {1, 0}, truth[] = {3, 2, 0}, same[] = {3, 2, 0}, other[] = {2, 3, 3};
    const double p[] = {1, 0, 0, 0, 0.5, 0.5, 0.2, 0.2, 0.2}, good[] = {0.8, 0.1, 0.1, 0.1, 0.8, 0.1, 0.1, 0.1, 0.8};
    const int y[] = {0, 1, 2};
    double cost, m, auc[3];
    uint8_t defined[3];
    size_t pairs;
    (void)state;
    MUST(tiers_tree_cost(&cost, parent, NULL, 4, truth, same, 3, e));
    assert_true(cost == 0);
    MUST(tiers_tree_cost(&cost, parent, NULL, 4, truth, other, 3, e));
    assert_true(fabs(cost - (3 + 3 + 2) / 3.0) < 1e-15);
    assert_int_equal(tiers_tree_cost(&cost, cycle, NULL, 2, (int[]){0}, (int[]){1}, 1, NULL), ERR_STATS_RANGE);
    assert_int_equal(tiers_auc(&m, auc, defined, p, y, 3, 3, NULL), ERR_STATS_RANGE); /* the last row sums to 0.6 */
    MUST(tiers_hand_till(&m, &pairs, good, y, 3, 3, e));
    assert_true(m == 1 && pairs == 3);
    MUST(tiers_hand_till(&m, &pairs, good, (int[]){0, 1, 1}, 3, 3, e));
    assert_true(pairs == 1);
    assert_int_equal(tiers_hand_till(&m, &pairs, good, (int[]){1, 1, 1}, 3, 3, NULL), ERR_STATS_ONE_CLASS);
    struct tiers t; /* a class that does not occur has no recall and does not count as 0 */
    MUST(tiers_summary(&t, (size_t[]){3, 1, 0, 0, 0, 0, 0, 2, 2}, 3, e));
    assert_true(t.n == 8 && t.n_present == 2 && fabs(t.balanced_accuracy - 0.625) < 1e-15 && fabs(t.mean_shift + 0.125) < 1e-15);
}

/* --- refusals -------------------------------------------------------------------------------------------------------------- */

static void test_refusals(void **state) {
    const double score[] = {0.1, 0.5, 0.5, 0.9}, bad[] = {0.1, NAN, 0.5, 0.9}, out[] = {0.1, 1.5, 0.5, 0.9}, edge[] = {0, 1, 0.5, 0.9};
    const uint8_t truth[] = {0, 1, 0, 1}, ones[] = {1, 1, 1, 1}, wrong[] = {0, 2, 0, 1}, lone[] = {0, 1, 0, 0};
    const double *const scores[] = {score}, *const bads[] = {bad};
    const size_t gap[] = {0, 2, 2, 0}, far[] = {0, 1, 2, 9};
    struct roc *r = NULL;
    struct err refused = {0};
    double auc, v, x, y2;
    (void)state;
    assert_int_equal(roc_make(&r, score, truth, 0, &refused), ERR_STATS_TOO_FEW);
    assert_int_equal(roc_make(&r, score, ones, 4, &refused), ERR_STATS_ONE_CLASS);
    assert_int_equal(roc_make(&r, score, truth, 1, &refused), ERR_STATS_ONE_CLASS);
    assert_int_equal(roc_make(&r, bad, truth, 4, &refused), ERR_STATS_NAN);
    assert_non_null(strstr(refused.message, "score 1"));
    assert_int_equal(roc_make(&r, score, wrong, 4, &refused), ERR_STATS_RANGE);
    assert_null(r);
    assert_int_equal(delong_covariance(&auc, &v, scores, 1, lone, 4, NULL, 0, &refused), ERR_STATS_TOO_FEW);
    assert_int_equal(delong_covariance(&auc, &v, bads, 1, truth, 4, NULL, 0, &refused), ERR_STATS_NAN);
    assert_int_equal(delong_covariance(&auc, &v, scores, 1, truth, 4, gap, 3, &refused), ERR_STATS_RANGE);
    assert_int_equal(delong_covariance(&auc, &v, scores, 1, truth, 4, far, 3, &refused), ERR_STATS_RANGE);
    struct interval i;
    assert_int_equal(delong_interval(&i, 1, 0, DELONG_LOGIT, 0.95, &refused), ERR_STATS_UNDEFINED);
    assert_int_equal(delong_interval(&i, 0.9, 0.01, DELONG_PLAIN, 1, &refused), ERR_STATS_RANGE);
    struct delong_test t;
    MUST(delong_test_paired(&t, score, score, truth, 4, NULL, 0, 0.95, e));
    assert_true(t.p == 1 && t.difference == 0);
    struct calibration_line l;
    assert_int_equal(calibration_line(&l, out, truth, 4, 0, 0.95, &refused), ERR_STATS_RANGE);
    assert_int_equal(calibration_line(&l, edge, truth, 4, 0, 0.95, &refused), ERR_STATS_RANGE);
    assert_non_null(strstr(refused.message, "clip"));
    struct platt p;
    assert_int_equal(platt_fit(&p, (double[]){1, 4, 2, 3}, truth, 4, false, &refused), ERR_STATS_SEPARATED);
    MUST(platt_fit(&p, (double[]){1, 4, 2, 3}, truth, 4, true, e)); /* Platt's targets have an answer */
    struct logistic fit;
    assert_int_equal(logistic_fit(&fit, (double[]){1, 2, 1, 2, 1, 2, 1, 2}, (double[]){0, 1, 0, 1}, NULL, 4, 2, &refused),
                     ERR_STATS_UNDEFINED);
    struct bootstrap design = {.n = 4, .resamples = 10};
    struct metric_interval m[METRIC_COUNT];
    struct binary_cohort c = {.score = score, .truth = truth, .threshold = 0.5, .partial_low = 0, .partial_high = 1, .probability = false};
    assert_int_equal(bootstrap_binary(m, NULL, &c, &design, 0.95, &refused), ERR_STATS_RANGE);
    assert_int_equal(proportion_upper_bound(&x, 0, 0, 0.95, &refused), ERR_STATS_TOO_FEW);
    assert_int_equal(auc_noninferiority(&x, &y2, 0.1, 0, 0.05, &refused), ERR_STATS_UNDEFINED);
    assert_int_equal(temperature_fit(&x, (double[]){0, 1, 1, 0}, (int[]){1, 0}, 2, 2, &refused), ERR_STATS_SEPARATED);
    assert_int_equal(temperature_fit(&x, (double[]){0, 1, 1, 0}, (int[]){0, 1}, 2, 2, &refused), ERR_STATS_UNDEFINED);
    assert_int_equal(holm_adjust(&x, (double[]){1.2}, 1, &refused), ERR_STATS_RANGE);
    assert_int_equal(homogeneity_test(&(struct homogeneity){0}, score, (double[]){1, 0, 1, 1}, 4, &refused), ERR_STATS_UNDEFINED);
    const double figures[2] = {0.8, 0.9}, flat[4] = {0.01, 0.01, 0.01, 0.01};
    struct mrmc *study;
    MUST(mrmc_make(&study, figures, flat, 2, 1, e));
    struct mrmc_test test;
    assert_int_equal(mrmc_equal(&test, study, MRMC_RANDOM_BOTH, &refused), ERR_STATS_TOO_FEW);
    assert_int_equal(mrmc_equal(&test, study, MRMC_FIXED_READERS, &refused), ERR_STATS_UNDEFINED);
    mrmc_free(study);
}

static void test_quasi_separation(void **state) {
    double x[40], y[20];
    struct logistic fit;
    (void)state;
    for (int i = 0; i < 20; i++) { /* the second column's group has only positives */
        x[2 * i] = 1;
        x[2 * i + 1] = i < 5;
        y[i] = i < 5 || i % 2;
    }
    assert_int_equal(logistic_fit(&fit, x, y, NULL, 20, 2, NULL), ERR_STATS_SEPARATED);
}

static void test_small_groups(void **state) {
    const double score[] = {1, 2, 3, 4, 5, 6, 7, 8};
    const uint8_t truth[] = {0, 1, 0, 1, 0, 1, 1, 0};
    const int group[] = {0, 0, 0, 0, 0, 0, 1, 1};
    struct subgroup g[3];
    (void)state;
    MUST(subgroup_make(g, 3, group, score, truth, 8, NULL, 0, &(struct subgroup_rule){3.5, 0.95, 2, 2}, e));
    assert_true(g[0].large_enough && g[0].n == 6 && fabs(g[0].auc - 6.0 / 9) < 1e-15);
    assert_true(!g[1].large_enough && g[1].n == 2 && g[1].n_positive == 1 && g[1].auc == 0);
    assert_true(!g[2].large_enough && g[2].n == 0);
    MUST(subgroup_make(g, 3, group, score, truth, 8, NULL, 0, &(struct subgroup_rule){3.5, 0.95, 10, 10}, e));
    assert_false(g[0].large_enough);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_delong_definition),
                                       cmocka_unit_test(test_auc_invariance),
                                       cmocka_unit_test(test_bootstrap_definition),
                                       cmocka_unit_test(test_bootstrap_threads),
                                       cmocka_unit_test(test_bootstrap_undefined),
                                       cmocka_unit_test(test_decision_bootstrap),
                                       cmocka_unit_test(test_isotonic),
                                       cmocka_unit_test(test_recalibrated),
                                       cmocka_unit_test(test_loess_parabola),
                                       cmocka_unit_test(test_agreement),
                                       cmocka_unit_test(test_tango),
                                       cmocka_unit_test(test_tiers),
                                       cmocka_unit_test(test_refusals),
                                       cmocka_unit_test(test_quasi_separation),
                                       cmocka_unit_test(test_small_groups)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
