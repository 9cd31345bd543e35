/* The statistics of two classes against R: pROC, base R, vcd and naive definitions (tests/oracle/make_stats_golden.R), on made cohorts, and
 * on columns of public data sets where those are at hand. */
#include "stats_golden.h"

#include "accuracy/binary.h"
#include "accuracy/delong.h"
#include "accuracy/roc.h"
#include "accuracy/threshold.h"
#include "accuracy/tiers.h"
#include "stats/distribution.h"
#include "stats/kappa.h"
#include "stats/paired.h"

static struct stats_golden golden;

static void check_delong(const struct cohort *c) {
    const double *score[2] = {c->a, c->b};
    double auc[2], v[4];
    struct interval ia, ib, il;
    struct delong_test t;
    MUST(delong_covariance(auc, v, score, 2, c->truth, c->n, NULL, 0, e));
    GOLDEN(&golden, c->name, ".auc", auc[0], auc[1]);
    GOLDEN(&golden, c->name, ".delong.variance", v[0], v[3], v[1]);
    MUST(delong_interval(&ia, auc[0], v[0], DELONG_PLAIN, 0.95, e));
    MUST(delong_interval(&ib, auc[1], v[3], DELONG_PLAIN, 0.9, e));
    GOLDEN(&golden, c->name, ".delong.ci", ia.low, ia.high, ib.low, ib.high);
    MUST(delong_interval(&il, auc[0], v[0], DELONG_LOGIT, 0.95, e));
    GOLDEN(&golden, c->name, ".delong.logit", il.low, il.high);
    MUST(delong_test_paired(&t, c->a, c->b, c->truth, c->n, NULL, 0, 0.95, e));
    GOLDEN(&golden, c->name, ".delong.paired", t.statistic, t.p, t.interval.low, t.interval.high);
    MUST(delong_covariance(auc, v, score, 2, c->truth, c->n, c->n_clusters == c->n ? NULL : c->cluster, c->n_clusters, e));
    GOLDEN(&golden, c->name, ".cluster.covariance", v[0], v[3], v[1]);
    const size_t half = c->n / 2;
    MUST(delong_test_unpaired(&t, &(struct delong_sample){c->a, c->truth, half},
                              &(struct delong_sample){c->b + half, c->truth + half, c->n - half}, 0.95, e));
    GOLDEN(&golden, c->name, ".delong.unpaired", t.statistic, t.df, t.p);
}

static void check_roc(const struct cohort *c) {
    struct roc *r;
    double part[4], x[4];
    char key[128];
    MUST(roc_make(&r, c->a, c->truth, c->n, e));
    for (int i = 0; i < 4; i++)
        MUST(roc_partial_auc(&part[i], r, i % 2 ? ROC_SENSITIVITY : ROC_SPECIFICITY, 0.7, 0.95, i > 1, e));
    GOLDEN(&golden, c->name, ".partial", part[0], part[1], part[2], part[3]);
    GOLDEN(&golden, c->name, ".average_precision", roc_average_precision(r));
    GOLDEN(&golden, c->name, ".precision_recall", roc_precision_recall_auc(r));
    const enum threshold_rule rules[] = {THRESHOLD_YOUDEN, THRESHOLD_SENSITIVITY, THRESHOLD_CLOSEST_TOP_LEFT, THRESHOLD_COST};
    struct threshold t;
    for (int i = 0; i < 4; i++) {
        MUST(threshold_choose(&t, r, rules[i], i == 3 ? 5 : 0.9, e));
        x[i] = t.value;
    }
    GOLDEN(&golden, c->name, ".threshold", x[0], x[1], x[2], x[3]);
    const int code = threshold_choose(&t, r, THRESHOLD_SPECIFICITY, 0.9, NULL);
    if (json_get(golden.values, golden_key(key, c->name, ".threshold.specificity"))) {
        assert_int_equal(code, 0);
        GOLDEN(&golden, c->name, ".threshold.specificity", t.value);
    } else
        assert_int_equal(code, ERR_STATS_UNDEFINED);
    roc_free(r);
}

static void check_proportion(const char *name, const char *what, const struct proportion *p) {
    GOLDEN(&golden, name, what, p->value, p->wilson.low, p->wilson.high, p->exact.low, p->exact.high);
}

static void check_binary_values(const struct cohort *c, double threshold) {
    struct counts n;
    struct binary b;
    struct predictive p, q;
    MUST(binary_count(&n, c->a, c->truth, c->n, threshold, e));
    GOLDEN(&golden, c->name, ".counts", (double)n.true_positive, (double)n.false_negative, (double)n.false_positive,
           (double)n.true_negative);
    MUST(binary_make(&b, &n, 0.95, e));
    check_proportion(c->name, ".sensitivity", &b.sensitivity);
    check_proportion(c->name, ".specificity", &b.specificity);
    check_proportion(c->name, ".ppv", &b.positive_predictive);
    check_proportion(c->name, ".npv", &b.negative_predictive);
    check_proportion(c->name, ".accuracy", &b.accuracy);
    const struct ratio l = b.likelihood_positive, m = b.likelihood_negative;
    GOLDEN(&golden, c->name, ".lr", l.value, l.interval.low, l.interval.high, m.value, m.interval.low, m.interval.high);
    MUST(binary_predictive(&p, &n, 0.006, PREDICTIVE_LOGIT, 0.95, e));
    MUST(binary_predictive(&q, &n, 0.006, PREDICTIVE_ADJUSTED, 0.95, e));
    GOLDEN(&golden, c->name, ".predictive", p.positive.value, p.positive.interval.low, p.positive.interval.high, p.negative.value,
           p.negative.interval.low, p.negative.interval.high, q.positive.value, q.positive.interval.low, q.positive.interval.high,
           q.negative.value, q.negative.interval.low, q.negative.interval.high);
}

static void check_paired(const struct cohort *c, const uint8_t *first, const uint8_t *second) {
    struct pairs n;
    struct mcnemar m;
    struct paired_difference d;
    double z, p;
    MUST(pairs_count(&n, first, second, c->n, e));
    mcnemar(&m, &n);
    GOLDEN(&golden, c->name, ".mcnemar", m.exact, m.mid, m.chi_square, m.asymptotic, m.chi_square_corrected, m.corrected);
    MUST(paired_difference(&d, &n, 0.95, e));
    GOLDEN(&golden, c->name, ".tango", d.tango.low, d.tango.high);
    GOLDEN(&golden, c->name, ".newcombe", d.newcombe.low, d.newcombe.high);
    MUST(paired_noninferiority(&z, &p, &n, 0.1, e));
    GOLDEN(&golden, c->name, ".noninferiority", z, p);
}

/* Calls a >= ta and b >= tb; `right`: whether each is the truth instead. */
static void check_calls(const struct cohort *c, double ta, double tb, bool right) {
    uint8_t *call = mem_alloc(c->n, 2, NULL);
    assert_non_null(call);
    for (size_t i = 0; i < c->n; i++) {
        call[i] = (c->a[i] >= ta) == (right ? c->truth[i] : 1);
        call[c->n + i] = (c->b[i] >= tb) == (right ? c->truth[i] : 1);
    }
    check_paired(c, call, call + c->n);
    free(call);
}

static void check_kappa(const struct cohort *c) {
    size_t counts[16];
    struct kappa k;
    MUST(tiers_confusion(counts, c->class, c->guess, c->n, 4, e));
    MUST(kappa_cohen(&k, counts, 4, KAPPA_UNWEIGHTED, 0.95, e));
    GOLDEN(&golden, c->name, ".kappa", k.value, k.standard_error, k.interval.low, k.interval.high);
    MUST(kappa_cohen(&k, counts, 4, KAPPA_LINEAR, 0.95, e));
    GOLDEN(&golden, c->name, ".kappa.linear", k.value, k.standard_error, k.interval.low, k.interval.high);
    MUST(kappa_cohen(&k, counts, 4, KAPPA_QUADRATIC, 0.95, e));
    GOLDEN(&golden, c->name, ".kappa.quadratic", k.value, k.standard_error, k.interval.low, k.interval.high);
    GOLDEN(&golden, c->name, ".kappa.null", k.standard_error_null);
}

static void test_cohorts(void **state) {
    struct cohort c[COHORTS];
    (void)state;
    cohorts_make(c);
    for (int i = 0; i < COHORTS; i++) {
        double sum[6] = {0};
        for (size_t k = 0; k < c[i].n; k++) {
            const double x[6] = {c[i].truth[k], c[i].a[k], c[i].b[k], c[i].p[k], c[i].class[k], c[i].group[k]};
            for (int j = 0; j < 6; j++)
                sum[j] += x[j];
        }
        golden_compare(&golden, c[i].name, ".sum", sum, 6, 1e-13);
        check_delong(&c[i]);
        check_roc(&c[i]);
        check_binary_values(&c[i], 0.5);
        check_calls(&c[i], 0.5, 0.25, false);
        check_kappa(&c[i]);
        cohort_free(&c[i]);
    }
}

static void test_published(void **state) {
    static const size_t cells[][4] = {{43, 1, 0, 0}, {36, 12, 2, 0}, {1, 1, 12, 36}, {54, 0, 0, 0}, {20, 12, 2, 16}};
    static const size_t shares[][2] = {{0, 10}, {10, 10}, {1, 7}, {81, 263}, {15, 148}, {3, 100000}, {999, 1000}};
    static const size_t ratings[50] = {0, 0, 0, 0, 14, 0, 2, 6, 4, 2, 0, 0, 3, 5, 6, 0, 3, 9, 2, 0, 2, 2, 8, 1, 1,
                                       7, 7, 0, 0, 0,  3, 2, 6, 3, 0, 2, 5, 3, 2, 2, 6, 5, 2, 1, 0, 0, 2, 2, 3, 7};
    char name[64];
    struct kappa k;
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        struct paired_difference d;
        char key[128];
        snprintf(name, sizeof name, "pairs_%zu_%zu_%zu_%zu", cells[i][0], cells[i][1], cells[i][2], cells[i][3]);
        MUST(paired_difference(&d, &(struct pairs){cells[i][0], cells[i][1], cells[i][2], cells[i][3]}, 0.95, e));
        GOLDEN(&golden, name, ".newcombe", d.newcombe.low, d.newcombe.high);
        if (json_get(golden.values, golden_key(key, name, ".tango")))
            GOLDEN(&golden, name, ".tango", d.tango.low, d.tango.high);
        assert_true(d.tango.low <= d.difference && d.difference <= d.tango.high);
    }
    for (size_t i = 0; i < 7; i++) {
        struct proportion p, q;
        snprintf(name, sizeof name, "proportion_%zu_%zu", shares[i][0], shares[i][1]);
        MUST(proportion_make(&p, shares[i][0], shares[i][1], 0.95, e));
        MUST(proportion_make(&q, shares[i][0], shares[i][1], 0.9, e));
        GOLDEN(&golden, name, "", p.wilson.low, p.wilson.high, p.exact.low, p.exact.high, q.wilson.low, q.wilson.high, q.exact.low,
               q.exact.high);
    }
    MUST(kappa_fleiss(&k, ratings, 10, 5, 0.95, e));
    GOLDEN(&golden, "print", ".fleiss", k.value, k.standard_error, k.standard_error_null);
    assert_true(fabs(k.value - 0.210) < 0.0005); /* as printed with Fleiss 1971's table */
    GOLDEN(&golden, "distribution", ".t", student_critical(0.95, 1), student_critical(0.95, 2.5), student_critical(0.95, 15.26),
           student_critical(0.95, 300), student_two_sided(-2.11, 15.26));
    GOLDEN(&golden, "distribution", ".f", f_upper(4.46, 1, 15.26), f_upper_quantile(0.05, 1, 15.26), f_noncentral_upper(3.9, 1, 20.5, 7.5),
           f_noncentral_upper(0.5, 2, 9, 0.25));
}

/* --- real columns ---------------------------------------------------------------------------------------------------------- */

static FILE *data_file(const char *name) {
    const char *data = getenv("BMUNET_DATA");
    char path[512];
    snprintf(path, sizeof path, "%s/%s", data && *data ? data : "../shared/data", name);
    FILE *f = fopen(path, "r");
    if (!f)
        printf("skipped: %s is not there (set BMUNET_DATA)\n", path);
    return f;
}

/* Cell `column` of a line without quoted cells. */
static bool cell(char *out, size_t size, const char *line, int column) {
    for (; column > 0; column--) {
        line = strchr(line, ',');
        if (!line)
            return false;
        line++;
    }
    const size_t n = strcspn(line, ",\r\n");
    if (n >= size)
        return false;
    memcpy(out, line, n);
    out[n] = 0;
    return true;
}

static bool number(double *out, const char *text) {
    char *end;
    *out = strtod(text, &end);
    return end != text && *end == 0;
}

static void check_columns(struct cohort *c, double ta, double tb) {
    check_delong(c);
    check_roc(c);
    check_binary_values(c, ta);
    check_calls(c, ta, tb, true);
    printf("%s: %zu rows, all as R\n", c->name, c->n);
    cohort_free(c);
}

static void test_uci(void **state) {
    FILE *f = data_file("tabular/uci-mammographic-mass/mammographic_masses.data");
    char line[512], text[64];
    (void)state;
    if (!f)
        skip();
    struct cohort c = cohort_allocate("uci", 5000);
    c.n = 0;
    for (bool header = true; fgets(line, sizeof line, f); header = false) {
        double rating, age;
        if (header || !cell(text, sizeof text, line, 0) || !number(&rating, text) || rating < 0 || rating > 6 ||
            !cell(text, sizeof text, line, 1) || !number(&age, text))
            continue;
        assert_true(cell(text, sizeof text, line, 5) && c.n < 5000);
        c.a[c.n] = rating;
        c.b[c.n] = age;
        c.truth[c.n++] = text[0] == '1';
    }
    fclose(f);
    c.n_clusters = c.n;
    check_columns(&c, 5, 60);
}

static void test_breast(void **state) {
    static const char *const ratings[] = {"1", "2", "3", "4a", "4b", "4c", "5"};
    FILE *f = data_file("BrEaST/clinical.csv");
    char line[4096], text[64];
    (void)state;
    if (!f)
        skip();
    struct cohort c = cohort_allocate("breast", 1000);
    c.n = 0;
    for (bool header = true; fgets(line, sizeof line, f); header = false) {
        double age;
        int rating = 0;
        if (header || !cell(text, sizeof text, line, 5) || !number(&age, text) || !cell(text, sizeof text, line, 17))
            continue;
        while (rating < 7 && strcmp(ratings[rating], text) != 0)
            rating++;
        assert_true(cell(text, sizeof text, line, 20));
        if (rating == 7 || strcmp(text, "normal") == 0)
            continue;
        c.a[c.n] = rating;
        c.b[c.n] = age;
        c.truth[c.n++] = strcmp(text, "malignant") == 0;
    }
    fclose(f);
    c.n_clusters = c.n;
    check_columns(&c, 5, 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cohorts), cmocka_unit_test(test_published), cmocka_unit_test(test_uci),
                                       cmocka_unit_test(test_breast)};
    golden = stats_golden_read();
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    printf("%zu numbers compared, largest difference %.2g (%s)\n", golden.compared, golden.worst, golden.worst_key);
    json_free(golden.root);
    return failed;
}
