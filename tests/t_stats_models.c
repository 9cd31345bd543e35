/* Tiers, calibration, utility, subgroups, sample sizes and reader studies against R (tests/oracle/stats_golden_models.R) and numbers in
 * print. */
#include "stats_golden.h"

#include "accuracy/calibration.h"
#include "accuracy/decision_curve.h"
#include "accuracy/downgrade.h"
#include "accuracy/mrmc.h"
#include "accuracy/recalibrate.h"
#include "accuracy/sample_size.h"
#include "accuracy/subgroup.h"
#include "accuracy/tiers.h"
#include "stats/bootstrap.h"
#include "stats/kappa.h"
#include "stats/logistic.h"
#include "stats/paired.h"

static struct stats_golden golden;

/* stats_golden_models.R's softmax_of(): four probabilities by row. */
static double *simplex(const struct cohort *c) {
    double *p = mem_alloc(c->n, 4 * sizeof *p, NULL);
    assert_non_null(p);
    for (size_t i = 0; i < c->n; i++) {
        double *row = p + 4 * i, sum = 0;
        row[0] = 1 + fabs(c->a[i]);
        row[1] = 1 + fabs(c->b[i]);
        row[2] = 2 * c->p[i] + 0.125;
        row[3] = 1 + (c->class[i] == 3) * 0.5;
        for (int k = 0; k < 4; k++)
            sum += row[k];
        for (int k = 0; k < 4; k++)
            row[k] /= sum;
    }
    return p;
}

static void check_tiers(const struct cohort *c) {
    static const int parent[] = {-1, -1, 0, 0, 1, 1, 4}, node[] = {2, 3, 6, 5};
    static const double edge[] = {4, 4, 1, 1.5, 1, 0.5, 0.25};
    size_t counts[16], pairs;
    double matrix[16], macro, auc[4], m, cost[2];
    uint8_t defined[4];
    struct tiers t;
    double *p = simplex(c);
    int *nodes = mem_alloc(c->n, 2 * sizeof *nodes, NULL);
    assert_non_null(nodes);
    MUST(tiers_confusion(counts, c->class, c->guess, c->n, 4, e));
    for (int i = 0; i < 16; i++)
        matrix[i] = (double)counts[i];
    golden_compare(&golden, c->name, ".confusion", matrix, 16, 0);
    MUST(tiers_summary(&t, counts, 4, e));
    GOLDEN(&golden, c->name, ".tiers", t.accuracy, t.balanced_accuracy, t.mean_distance, t.mean_shift, t.adjacent);
    MUST(tiers_auc(&macro, auc, defined, p, c->class, c->n, 4, e));
    GOLDEN(&golden, c->name, ".macro_auc", macro, auc[0], auc[1], auc[2], auc[3]);
    MUST(tiers_hand_till(&m, &pairs, p, c->class, c->n, 4, e));
    GOLDEN(&golden, c->name, ".hand_till", m);
    assert_int_equal(pairs, 6);
    for (size_t i = 0; i < c->n; i++) {
        nodes[i] = node[c->class[i]];
        nodes[c->n + i] = node[c->guess[i]];
    }
    MUST(tiers_tree_cost(&cost[0], parent, edge, 7, nodes, nodes + c->n, c->n, e));
    MUST(tiers_tree_cost(&cost[1], parent, NULL, 7, nodes, nodes + c->n, c->n, e));
    GOLDEN(&golden, c->name, ".tree_cost", cost[0], cost[1]);
    free(nodes);
    free(p);
}

static void check_bins(const struct cohort *c, enum calibration_rule rule, const char *kind) {
    struct calibration_bin bins[8];
    struct brier b;
    double x[24], ece, mce, x2, df, p, x2_own, df_own, p_own;
    size_t used = 0;
    char what[64];
    MUST(calibration_bins(bins, 8, rule, c->p, c->truth, c->n, 0.95, e));
    for (int i = 0; i < 8; i++)
        used += bins[i].n > 0;
    for (size_t i = 0, k = 0; i < 8; i++)
        if (bins[i].n > 0) {
            x[k] = (double)bins[i].n;
            x[used + k] = bins[i].predicted;
            x[2 * used + k++] = bins[i].observed.value;
        }
    snprintf(what, sizeof what, ".bins%s", kind);
    golden_compare(&golden, c->name, what, x, 3 * used, 1e-12);
    calibration_error(&ece, &mce, bins, 8);
    snprintf(what, sizeof what, ".ece%s", kind);
    GOLDEN(&golden, c->name, what, ece, mce);
    MUST(calibration_hosmer_lemeshow(&x2, &df, &p, bins, 8, 0, e));
    MUST(calibration_hosmer_lemeshow(&x2_own, &df_own, &p_own, bins, 8, 2, e));
    snprintf(what, sizeof what, ".hosmer%s", kind);
    GOLDEN(&golden, c->name, what, x2, p, p_own);
    MUST(calibration_brier(&b, c->p, c->truth, c->n, 8, rule, e));
    snprintf(what, sizeof what, ".brier%s", kind);
    GOLDEN(&golden, c->name, what, b.score, b.scaled, b.reliability, b.resolution, b.uncertainty, b.within_variance, b.within_covariance);
    assert_true(fabs(b.score - (b.reliability - b.resolution + b.uncertainty + b.within_variance - b.within_covariance)) < 1e-14);
}

static void check_calibration(const struct cohort *c) {
    struct calibration_line l;
    struct ici i;
    struct logistic fit;
    double *block = mem_alloc(c->n, 4 * sizeof *block, NULL);
    assert_non_null(block);
    size_t clipped;
    MUST(calibration_line(&l, c->p, c->truth, c->n, 0, 0.95, e));
    MUST(calibration_logits(block, &clipped, c->p, c->n, 0, e));
    for (size_t k = 0; k < c->n; k++) {
        block[c->n + 2 * k] = 1;
        block[c->n + 2 * k + 1] = block[k];
        block[3 * c->n + k] = c->truth[k];
    }
    MUST(logistic_fit(&fit, block + c->n, block + 3 * c->n, NULL, c->n, 2, e));
    GOLDEN(&golden, c->name, ".calibration", l.intercept, l.slope, l.intercept_error, l.slope_error, l.in_the_large, l.in_the_large_error,
           l.observed_expected, l.slope_interval.low, l.slope_interval.high, fit.deviance);
    check_bins(c, CALIBRATION_EQUAL_WIDTH, ".width");
    check_bins(c, CALIBRATION_EQUAL_MASS, ".mass");
    MUST(calibration_ici(&i, block, c->p, c->truth, c->n, e));
    GOLDEN(&golden, c->name, ".ici", i.ici, i.e50, i.e90, i.maximum);
    golden_compare(&golden, c->name, ".loess", block, 20, 1e-10);
    free(block);
}

static void check_recalibration(const struct cohort *c) {
    struct platt plain, smoothed;
    struct isotonic *iso;
    double x[20], t, sign;
    double *logits = mem_alloc(c->n, 4 * sizeof *logits, NULL);
    int *y = mem_alloc(c->n, sizeof *y, NULL);
    assert_true(logits && y);
    MUST(platt_fit(&plain, c->a, c->truth, c->n, false, e));
    MUST(platt_fit(&smoothed, c->a, c->truth, c->n, true, e));
    GOLDEN(&golden, c->name, ".platt", plain.intercept, plain.slope, smoothed.intercept, smoothed.slope);
    MUST(isotonic_fit(&iso, c->a, c->truth, c->n, e));
    for (int i = 0; i < 20; i++)
        x[i] = isotonic_apply(iso, c->a[i]);
    golden_compare(&golden, c->name, ".isotonic", x, 20, 1e-12);
    isotonic_free(iso);
    for (size_t i = 0; i < c->n; i++) {
        const double row[4] = {c->a[i], c->b[i], 0.5 * c->a[i], 2 * c->p[i]};
        memcpy(logits + 4 * i, row, sizeof row);
        y[i] = c->group[i] + c->truth[i];
    }
    const int code = temperature_fit(&t, logits, y, c->n, 4, NULL);
    sign = code == 0;
    assert_true(code == 0 || code == ERR_STATS_UNDEFINED);
    GOLDEN(&golden, c->name, ".temperature.sign", sign);
    if (code == 0)
        GOLDEN(&golden, c->name, ".temperature", t);
    free(logits);
    free(y);
}

static void check_utility(const struct cohort *c) {
    static const double thresholds[] = {0.5, 0.02, 0.1, 0.25};
    struct decision_point d[4];
    struct downgrade g;
    size_t missed[4], needed;
    double bound;
    uint8_t *eligible = mem_alloc(c->n, 1, NULL);
    assert_non_null(eligible);
    MUST(decision_curve(d, thresholds, 4, c->p, c->truth, c->n, NULL, 0.95, e));
    GOLDEN(&golden, c->name, ".decision", d[0].net_benefit, d[1].net_benefit, d[2].net_benefit, d[3].net_benefit, d[0].treat_all,
           d[1].treat_all, d[2].treat_all, d[3].treat_all);
    for (size_t i = 0; i < c->n; i++)
        eligible[i] = c->group[i] != 2;
    const struct downgrade_rule rule = {.threshold = -0.5, .limit = 0.02, .level = 0.95, .bound_level = 0.975};
    MUST(downgrade_make(&g, missed, eligible, c->a, c->truth, c->class, 4, c->n, &rule, e));
    MUST(proportion_upper_bound(&bound, g.missed, g.downgraded, 0.95, e));
    GOLDEN(&golden, c->name, ".downgrade", (double)g.eligible, (double)g.eligible_malignant, (double)g.downgraded, (double)g.missed,
           (double)missed[0], (double)missed[1], (double)missed[2], (double)missed[3], g.upper_bound, bound);
    const size_t k = g.missed < 3 ? g.missed : 3;
    MUST(downgrade_needed(&needed, k, 0.02, 0.975, e));
    GOLDEN(&golden, c->name, ".needed", (double)k, (double)needed);
    free(eligible);
}

static void check_subgroups(const struct cohort *c) {
    struct subgroup g[3];
    struct homogeneity h;
    double auc[3], variance[3], p[10] = {0.01, 0.04, 0.03, 0.005, 0.6}, adjusted[10];
    MUST(subgroup_make(g, 3, c->group, c->a, c->truth, c->n, c->cluster, c->n_clusters, &(struct subgroup_rule){0.5, 0.95, 2, 2}, e));
    for (int i = 0; i < 3; i++) {
        assert_true(g[i].large_enough);
        auc[i] = g[i].auc;
        variance[i] = g[i].auc_variance;
    }
    GOLDEN(&golden, c->name, ".subgroup", auc[0], auc[1], auc[2], variance[0], variance[1], variance[2]);
    MUST(homogeneity_test(&h, auc, variance, 3, e));
    GOLDEN(&golden, c->name, ".homogeneity", h.chi_square, h.p);
    MUST(interaction_test(&h, 3, c->group, c->a, c->truth, c->n, e));
    GOLDEN(&golden, c->name, ".interaction", h.chi_square, h.p);
    memcpy(p + 5, c->p, 5 * sizeof *p);
    MUST(holm_adjust(adjusted, p, 10, e));
    golden_compare(&golden, c->name, ".holm", adjusted, 10, 1e-14);
}

static void check_bootstrap(const struct cohort *c) {
    struct interval a, b, bca;
    size_t undefined;
    MUST(bootstrap_percentile(&a, &undefined, c->a, c->n, 0.95, e));
    MUST(bootstrap_percentile(&b, &undefined, c->a, c->n, 0.9, e));
    GOLDEN(&golden, c->name, ".percentile", a.low, a.high, b.low, b.high);
    MUST(bootstrap_bca(&bca, c->a, c->n, c->a[2], c->b, c->n, 0.95, e));
    GOLDEN(&golden, c->name, ".bca", bca.low, bca.high);
    GOLDEN(&golden, c->name, ".boot_se", bootstrap_standard_error(c->a, c->n));
}

static void check_raters(const struct cohort *c) {
    uint8_t *call = mem_alloc(c->n, 3, NULL);
    size_t *counts = mem_alloc(c->n, 4 * sizeof *counts, NULL);
    struct kappa k;
    double q, p;
    assert_true(call && counts);
    for (size_t i = 0; i < c->n; i++) {
        call[3 * i] = c->a[i] >= 0.5;
        call[3 * i + 1] = c->b[i] >= 0.25;
        call[3 * i + 2] = c->p[i] >= 0.5;
        counts[4 * i + (size_t)c->class[i]]++;
        counts[4 * i + (size_t)c->guess[i]]++;
        counts[4 * i + (size_t)c->class[(i + 1) % c->n]]++;
    }
    MUST(cochran_q(&q, &p, call, c->n, 3, e));
    GOLDEN(&golden, c->name, ".cochran", q, p);
    MUST(kappa_fleiss(&k, counts, c->n, 4, 0.95, e));
    GOLDEN(&golden, c->name, ".fleiss", k.value, k.standard_error, k.standard_error_null);
    free(call);
    free(counts);
}

static void test_cohorts(void **state) {
    struct cohort c[COHORTS];
    (void)state;
    cohorts_make(c);
    for (int i = 0; i < COHORTS; i++) {
        check_tiers(&c[i]);
        check_calibration(&c[i]);
        check_recalibration(&c[i]);
        check_utility(&c[i]);
        check_raters(&c[i]);
        if (strcmp(c[i].name, "small") != 0) {
            check_subgroups(&c[i]);
            check_bootstrap(&c[i]);
        }
        cohort_free(&c[i]);
    }
}

/* --- sizes and bounds ------------------------------------------------------------------------------------------------------ */

static void test_sizes(void **state) {
    struct sample_size s[4];
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        const enum sample_size_variance v = kind ? SAMPLE_OBUCHOWSKI : SAMPLE_HANLEY_MCNEIL;
        MUST(sample_size_auc(&s[0], v, 0.85, 0.05, 3, 0.95, e));
        MUST(sample_size_auc_test(&s[1], v, 0.9, 0.8, 1, 0.95, 0.8, e));
        MUST(sample_size_auc_paired(&s[2], v, 0.9, 0.85, 0.5, 2, 0.95, 0.8, e));
        GOLDEN(&golden, kind ? "size.ob" : "size.hm", "", (double)s[0].positives, (double)s[1].positives, (double)s[2].positives);
        assert_int_equal(s[0].negatives, 3 * s[0].positives);
        assert_true(s[0].formula && s[0].citation);
    }
    MUST(sample_size_sensitivity(&s[3], 0.9, 0.05, 0.2, 0.95, e));
    GOLDEN(&golden, "size", ".buderer", (double)s[3].positives, (double)s[3].total);
}

static void test_bounds(void **state) {
    static const struct {
        const char *key;
        size_t n;
        double level;
    } rows[] = {{"bound.182", 182, 0.975}, {"bound.183", 183, 0.975}, {"bound.148", 148, 0.95}, {"bound.149", 149, 0.95}};
    double bound[4];
    size_t needed;
    (void)state;
    for (int i = 0; i < 4; i++) {
        MUST(proportion_upper_bound(&bound[i], 0, rows[i].n, rows[i].level, e));
        GOLDEN(&golden, rows[i].key, "", bound[i]);
    }
    assert_true(bound[0] > 0.02 && bound[1] <= 0.02 && bound[2] > 0.02 && bound[3] <= 0.02);
    MUST(downgrade_needed(&needed, 0, 0.02, 0.975, e));
    assert_int_equal(needed, 183);
    MUST(downgrade_needed(&needed, 0, 0.02, 0.95, e));
    assert_int_equal(needed, 149);
}

/* --- Van Dyke's reader study ----------------------------------------------------------------------------------------------- */

enum { READERS = 5, CASES = 114 };

static void read_vandyke(double score[2 * READERS * CASES], uint8_t truth[CASES]) {
    FILE *f = fopen("tests/golden/vandyke.csv", "r");
    char line[256];
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    for (size_t c = 0; c < CASES; c++) {
        assert_non_null(fgets(line, sizeof line, f));
        char *at = strchr(line, ',') + 1;
        truth[c] = *at == '1';
        for (size_t cell = 0; cell < 2 * READERS; cell++) {
            at = strchr(at, ',') + 1;
            score[cell * CASES + c] = strtod(at, NULL);
        }
    }
    fclose(f);
}

static struct mrmc *study(enum mrmc_figure kind, enum mrmc_covariance method) {
    static double score[2 * READERS * CASES];
    static uint8_t truth[CASES];
    double figure[2 * READERS], covariance[4 * READERS * READERS];
    struct mrmc *m = NULL;
    read_vandyke(score, truth);
    const struct mrmc_study s = {2, READERS, CASES, score, truth};
    MUST(mrmc_figures(figure, covariance, &s, kind, 3, method, e));
    MUST(mrmc_make(&m, figure, covariance, 2, READERS, e));
    return m;
}

static void check_readers(const char *name, enum mrmc_covariance method) {
    struct mrmc *m = study(MRMC_AUC, method);
    const struct mrmc_components *c = mrmc_components(m);
    struct mrmc_test t;
    double power[3];
    char key[64];
    MUST(mrmc_equal(&t, m, MRMC_RANDOM_BOTH, e));
    GOLDEN(&golden, name, "", c->var_error, c->cov1, c->cov2, c->cov3, c->var_reader, c->var_interaction, t.statistic, t.df2, t.p);
    MUST(mrmc_power(&power[0], c, CASES, 6, 251, 0.0438003, 0.95, e));
    MUST(mrmc_power(&power[1], c, CASES, 10, 114, 0.05, 0.95, e));
    MUST(mrmc_power(&power[2], c, CASES, 5, 400, 0.03, 0.95, e));
    snprintf(key, sizeof key, "vandyke.power.%s", name + strlen("vandyke."));
    GOLDEN(&golden, key, "", power[0], power[1], power[2]);
    if (method ==
        MRMC_JACKKNIFE) { /* Chakraborty's worked example (RJafroc, chapter 11) for these data: 6 readers, 251 cases, power 0.80 */
        struct sample_size cases;
        MUST(mrmc_cases(&cases, c, CASES, 6, 0.0438003, 0.95, 0.8, e));
        assert_int_equal(cases.total, 251);
        assert_non_null(cases.citation);
    }
    mrmc_free(m);
}

static void test_readers_r(void **state) {
    (void)state;
    check_readers("vandyke.jackknife", MRMC_JACKKNIFE);
    check_readers("vandyke.delong", MRMC_DELONG);
}

/* x rounded to the digits of the printed number is that number. */
static void printed(double x, const char *text) {
    const char *point = strchr(text, '.');
    char mine[64];
    snprintf(mine, sizeof mine, "%.*f", point ? (int)strlen(point + 1) : 0, x);
    assert_string_equal(mine, text);
}

static void printed_estimate(const struct mrmc_estimate *x, const char *value, const char *se, const char *low, const char *high) {
    printed(x->value, value);
    printed(x->standard_error, se);
    printed(x->interval.low, low);
    printed(x->interval.high, high);
}

/* The listing of OR-DBM MRMC 2.51 (Schartz, Hillis, Pesce & Berbaum, University of Iowa) for Van Dyke's data: trapezoidal area, jackknife.
 */
static void test_readers_printed(void **state) {
    struct mrmc *m = study(MRMC_AUC, MRMC_JACKKNIFE);
    const struct mrmc_components *c = mrmc_components(m);
    struct mrmc_test t;
    struct mrmc_estimate x;
    (void)state;
    printed(c->ms_modality, "0.00479617");
    printed(c->ms_reader, "0.00383620");
    printed(c->ms_interaction, "0.00055103");
    printed(c->var_reader, "0.00153500");
    printed(c->var_interaction, "0.00020040");
    printed(c->cov1, "0.00034661");
    printed(c->cov2, "0.00034407");
    printed(c->cov3, "0.00023903");
    printed(c->var_error, "0.00080229");
    MUST(mrmc_equal(&t, m, MRMC_RANDOM_BOTH, e));
    printed(t.statistic, "4.46");
    printed(t.df2, "15.26");
    printed(t.denominator, "0.00107626");
    printed(t.p, "0.0517");
    MUST(mrmc_difference(&x, m, MRMC_RANDOM_BOTH, 0, 1, 0.95, e));
    printed_estimate(&x, "-0.04380", "0.02075", "-0.08796", "0.00036");
    MUST(mrmc_modality(&x, m, MRMC_RANDOM_BOTH, 0, 0.95, e));
    printed_estimate(&x, "0.89703704", "0.03317360", "0.82522360", "0.96885048");
    printed(x.df, "12.74");
    MUST(mrmc_modality(&x, m, MRMC_RANDOM_BOTH, 1, 0.95, e));
    printed_estimate(&x, "0.94083736", "0.02156637", "0.89413783", "0.98753689");
    printed(x.df, "12.71");
    MUST(mrmc_equal(&t, m, MRMC_FIXED_READERS, e));
    printed(t.statistic, "5.47595");
    printed(t.p, "0.0193");
    MUST(mrmc_difference(&x, m, MRMC_FIXED_READERS, 0, 1, 0.95, e));
    printed_estimate(&x, "-0.04380", "0.01872", "-0.08049", "-0.00711");
    MUST(mrmc_modality(&x, m, MRMC_FIXED_READERS, 0, 0.95, e));
    printed_estimate(&x, "0.89703704", "0.02428971", "0.84943008", "0.94464399");
    MUST(mrmc_modality(&x, m, MRMC_FIXED_READERS, 1, 0.95, e));
    printed_estimate(&x, "0.94083736", "0.01677632", "0.90795637", "0.97371835");
    static const char *const reader[READERS][5] = {{"-0.02818", "0.02551", "-0.07818", "0.02182", "0.2693"},
                                                   {"-0.04654", "0.02630", "-0.09809", "0.00501", "0.0768"},
                                                   {"-0.01787", "0.03121", "-0.07904", "0.04330", "0.5668"},
                                                   {"-0.02625", "0.01729", "-0.06014", "0.00764", "0.1290"},
                                                   {"-0.10016", "0.04406", "-0.18651", "-0.01381", "0.0230"}};
    for (int j = 0; j < READERS; j++) {
        MUST(mrmc_reader_difference(&x, m, j, 0, 1, 0.95, e));
        printed_estimate(&x, reader[j][0], reader[j][1], reader[j][2], reader[j][3]);
        printed(x.p, reader[j][4]);
    }
    MUST(mrmc_equal(&t, m, MRMC_FIXED_CASES, e));
    printed(t.statistic, "8.70");
    printed(t.p, "0.0420");
    MUST(mrmc_difference(&x, m, MRMC_FIXED_CASES, 0, 1, 0.95, e));
    printed_estimate(&x, "-0.04380", "0.01485", "-0.08502", "-0.00258");
    MUST(mrmc_modality(&x, m, MRMC_FIXED_CASES, 0, 0.95, e));
    printed_estimate(&x, "0.89703704", "0.02482994", "0.82809808", "0.96597599");
    mrmc_free(m);
}

/* MRMCaov's manual (Smith & Hillis): the same data with DeLong's covariances, and sensitivity at ratings >= 3 with the jackknife. */
static void test_readers_mrmcaov(void **state) {
    struct mrmc *m = study(MRMC_AUC, MRMC_DELONG);
    struct mrmc_test t;
    struct mrmc_estimate x;
    (void)state;
    printed(mrmc_components(m)->var_reader, "0.0015364254");
    printed(mrmc_components(m)->var_interaction, "0.0002045840");
    printed(mrmc_components(m)->var_error, "0.0007921325");
    printed(mrmc_components(m)->cov1, "0.0003420090");
    printed(mrmc_components(m)->cov2, "0.0003395265");
    printed(mrmc_components(m)->cov3, "0.0002358497");
    MUST(mrmc_equal(&t, m, MRMC_RANDOM_BOTH, e));
    printed(t.statistic, "4.484854");
    printed(t.df2, "15.06611");
    printed(t.p, "0.05123303");
    MUST(mrmc_difference(&x, m, MRMC_RANDOM_BOTH, 0, 1, 0.95, e));
    printed_estimate(&x, "-0.04380032", "0.0206825", "-0.0878671960", "0.0002665519");
    MUST(mrmc_modality(&x, m, MRMC_RANDOM_BOTH, 1, 0.95, e));
    printed_estimate(&x, "0.9408374", "0.02150464", "0.8942155", "0.9874592");
    mrmc_free(m);
    m = study(MRMC_SENSITIVITY, MRMC_JACKKNIFE);
    printed(mrmc_components(m)->var_error, "0.0023681257");
    printed(mrmc_components(m)->cov1, "0.0009943883");
    printed(mrmc_components(m)->cov2, "0.0010145903");
    printed(mrmc_components(m)->cov3, "0.0006604938");
    MUST(mrmc_equal(&t, m, MRMC_RANDOM_BOTH, e));
    printed(t.statistic, "6.689493");
    printed(t.df2, "15.71732");
    printed(t.p, "0.02008822");
    MUST(mrmc_modality(&x, m, MRMC_RANDOM_BOTH, 0, 0.95, e));
    printed_estimate(&x, "0.8222222", "0.05893747", "0.6961876", "0.9482568");
    mrmc_free(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cohorts),         cmocka_unit_test(test_sizes),
                                       cmocka_unit_test(test_bounds),          cmocka_unit_test(test_readers_r),
                                       cmocka_unit_test(test_readers_printed), cmocka_unit_test(test_readers_mrmcaov)};
    golden = stats_golden_read();
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    printf("%zu numbers compared, largest difference %.2g (%s)\n", golden.compared, golden.worst, golden.worst_key);
    json_free(golden.root);
    return failed;
}
