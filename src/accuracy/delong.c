/* DeLong's and Obuchowski's variance of the AUC. Floor 2. */
#include "accuracy/delong.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "stats/distribution.h"
#include "stats/rank.h"

int delong_placements(double *placement, double *auc, const double *score, const uint8_t *truth, size_t n, struct err *e) {
    size_t m, *order = NULL;
    int code = check_binary(&m, score, truth, n, e);
    if (!code)
        code = rank_order(&order, score, n, e);
    if (code)
        return code;
    const double positives = (double)m, negatives = (double)(n - m);
    double below_positive = 0, below_negative = 0, twice = 0;
    for (size_t i = 0, next; i < n; i = next) {
        next = rank_run(score, order, n, i);
        double tied_positive = 0;
        for (size_t k = i; k < next; k++)
            tied_positive += truth[order[k]];
        const double tied_negative = (double)(next - i) - tied_positive;
        for (size_t k = i; k < next; k++)
            placement[order[k]] = truth[order[k]] ? (below_negative + tied_negative / 2) / negatives
                                                  : (positives - below_positive - tied_positive / 2) / positives;
        twice += tied_positive * (2 * below_negative + tied_negative);
        below_positive += tied_positive;
        below_negative += tied_negative;
    }
    if (auc)
        *auc = twice / (2 * positives * negatives);
    mem_free(order);
    return 0;
}

/* Sums over clusters of (placements - AUC), positives and negatives apart: what both estimators are made of. */
struct deviations {
    double *positive, *negative; /* n_clusters x n_tests */
    size_t n_clusters, with_positive, with_negative;
    double m, n;
};

static int add_test(struct deviations *d, double *auc, size_t test, size_t n_tests, const double *score, const uint8_t *truth, size_t n,
                    const size_t *cluster, double *placement, struct err *e) {
    const int code = delong_placements(placement, auc, score, truth, n, e);
    if (code)
        return code;
    for (size_t i = 0; i < n; i++)
        (truth[i] ? d->positive : d->negative)[(cluster ? cluster[i] : i) * n_tests + test] += placement[i] - *auc;
    return 0;
}

static int count_clusters(struct deviations *d, const uint8_t *truth, size_t n, const size_t *cluster, struct err *e) {
    uint8_t *seen = mem_alloc(d->n_clusters, 1, e);
    if (!seen)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        seen[cluster ? cluster[i] : i] |= truth[i] ? 1 : 2;
        d->m += truth[i];
        d->n += !truth[i];
    }
    for (size_t c = 0; c < d->n_clusters; c++) {
        d->with_positive += seen[c] & 1;
        d->with_negative += seen[c] >> 1;
    }
    mem_free(seen);
    if (d->with_positive < 2 || d->with_negative < 2)
        return err_set(e, ERR_STATS_TOO_FEW, "%zu patients with a positive and %zu with a negative; a variance needs two of each",
                       d->with_positive, d->with_negative);
    return 0;
}

static double pair_covariance(const struct deviations *d, size_t n_tests, size_t a, size_t b) {
    double s10 = 0, s01 = 0, s11 = 0;
    for (size_t c = 0; c < d->n_clusters; c++) {
        const double pa = d->positive[c * n_tests + a], pb = d->positive[c * n_tests + b];
        const double na = d->negative[c * n_tests + a], nb = d->negative[c * n_tests + b];
        s10 += pa * pb;
        s01 += na * nb;
        s11 += pa * nb + pb * na;
    }
    const double i10 = (double)d->with_positive, i01 = (double)d->with_negative, i = (double)d->n_clusters;
    return i10 / (i10 - 1) * s10 / (d->m * d->m) + i01 / (i01 - 1) * s01 / (d->n * d->n) + i / (i - 1) * s11 / (d->m * d->n);
}

int delong_covariance(double *auc, double *covariance, const double *const *score, size_t n_tests, const uint8_t *truth, size_t n,
                      const size_t *cluster, size_t n_clusters, struct err *e) {
    struct deviations d = {.n_clusters = cluster ? n_clusters : n};
    double *placement = NULL;
    size_t m;
    int code = check_truth(&m, truth, n, e);
    if (!code && cluster)
        code = check_clusters(cluster, n, n_clusters, e);
    if (code)
        return code;
    d.positive = mem_alloc(d.n_clusters * n_tests, sizeof(double), e);
    d.negative = mem_alloc(d.n_clusters * n_tests, sizeof(double), e);
    placement = mem_alloc(n, sizeof(double), e);
    code = d.positive && d.negative && placement ? 0 : ERR_NO_MEMORY;
    for (size_t t = 0; t < n_tests && !code; t++)
        code = add_test(&d, &auc[t], t, n_tests, score[t], truth, n, cluster, placement, e);
    if (!code)
        code = count_clusters(&d, truth, n, cluster, e);
    for (size_t a = 0; a < n_tests && !code; a++)
        for (size_t b = a; b < n_tests; b++)
            covariance[a * n_tests + b] = covariance[b * n_tests + a] = pair_covariance(&d, n_tests, a, b);
    mem_free(d.positive);
    mem_free(d.negative);
    mem_free(placement);
    return code;
}

int delong_interval(struct interval *out, double auc, double variance, enum delong_scale scale, double level, struct err *e) {
    const int code = check_level(level, e);
    if (code)
        return code;
    if (!(auc >= 0 && auc <= 1 && variance >= 0))
        return err_set(e, ERR_STATS_RANGE, "an AUC of %g with variance %g", auc, variance);
    const double z = normal_critical(level), se = sqrt(variance);
    if (scale == DELONG_PLAIN) {
        *out = (struct interval){fmax(0, auc - z * se), fmin(1, auc + z * se)};
        return 0;
    }
    if (auc == 0 || auc == 1)
        return err_set(e, ERR_STATS_UNDEFINED, "an AUC of %g has no logit interval", auc);
    const double logit = log(auc / (1 - auc)), step = z * se / (auc * (1 - auc));
    *out = (struct interval){1 / (1 + exp(step - logit)), 1 / (1 + exp(-logit - step))};
    return 0;
}

/* Statistic, p and interval from difference, standard error and df. */
static int conclude(struct delong_test *t, double level, struct err *e) {
    const bool normal = isinf(t->df);
    const double critical = normal ? normal_critical(level) : student_critical(level, t->df);
    t->difference = t->auc[0] - t->auc[1];
    if (t->standard_error == 0 && t->difference != 0)
        return err_set(e, ERR_STATS_UNDEFINED, "the AUCs differ by %g with variance 0: there is no test", t->difference);
    t->statistic = t->standard_error > 0 ? t->difference / t->standard_error : 0;
    t->p = normal ? normal_two_sided(t->statistic) : student_two_sided(t->statistic, t->df);
    t->interval = (struct interval){t->difference - critical * t->standard_error, t->difference + critical * t->standard_error};
    return 0;
}

int delong_test_paired(struct delong_test *out, const double *score_a, const double *score_b, const uint8_t *truth, size_t n,
                       const size_t *cluster, size_t n_clusters, double level, struct err *e) {
    const double *score[2] = {score_a, score_b};
    double covariance[4];
    int code = check_level(level, e);
    if (!code)
        code = delong_covariance(out->auc, covariance, score, 2, truth, n, cluster, n_clusters, e);
    if (code)
        return code;
    const double variance = covariance[0] + covariance[3] - 2 * covariance[1];
    /* what is left of the cancellation of equal scores is rounding */
    out->standard_error = variance > 1e-15 * (covariance[0] + covariance[3]) ? sqrt(variance) : 0;
    out->df = INFINITY;
    return conclude(out, level, e);
}

/* Satterthwaite's df take the sizes of the whole groups, as pROC does. */
int delong_test_unpaired(struct delong_test *out, const struct delong_sample *a, const struct delong_sample *b, double level,
                         struct err *e) {
    const struct delong_sample *sample[2] = {a, b};
    double variance[2];
    int code = check_level(level, e);
    for (int i = 0; i < 2 && !code; i++)
        code = delong_covariance(&out->auc[i], &variance[i], &sample[i]->score, 1, sample[i]->truth, sample[i]->n, NULL, 0, e);
    if (code)
        return code;
    const double sum = variance[0] + variance[1], na = (double)a->n, nb = (double)b->n;
    out->standard_error = sqrt(sum);
    out->df = sum > 0 ? sum * sum / (variance[0] * variance[0] / (na - 1) + variance[1] * variance[1] / (nb - 1)) : INFINITY;
    return conclude(out, level, e);
}
