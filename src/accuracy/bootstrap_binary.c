/* The two-class evaluation's bootstrap: scores are sorted once; each resample is one pass over weights. Floor 2. */
#include "accuracy/bootstrap_binary.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "stats/rank.h"

const char *binary_metric_name(enum binary_metric m) {
    static const char *const names[] = {
#define X(name, meaning) #name,
        BINARY_METRICS(X)
#undef X
    };
    return m >= 0 && m < METRIC_COUNT ? names[m] : "UNKNOWN";
}

struct sorted { /* falling scores */
    size_t n;
    uint8_t *truth;
    uint8_t *last; /* 1 where a run of equal scores ends */
    double *score;
    double *loss;                     /* (p - y)^2 */
    size_t n_called;                  /* the first n_called are positive calls */
    double partial_low, partial_high; /* of 1 - specificity */
    bool probability;
};

/* What one pass over the runs gathers. Counts are integers: exact, and fast. */
struct sums {
    int64_t tp, fp; /* so far */
    int64_t called_tp, called_fp;
    int64_t twice_u;
    double precision, partial;
};

/* The totals of a resample, and between which false positives the partial area lies. */
struct totals {
    int64_t positives, negatives, partial_from, partial_to;
};

static double partial_slice(const struct sorted *s, const struct sums *t, int64_t tp, int64_t fp, const struct totals *n) {
    const double N = (double)n->negatives, P = (double)n->positives;
    const double x0 = (double)t->fp / N, x1 = (double)(t->fp + fp) / N, y0 = (double)t->tp / P, y1 = (double)(t->tp + tp) / P;
    const double a = x0 > s->partial_low ? x0 : s->partial_low, b = x1 < s->partial_high ? x1 : s->partial_high;
    return b > a ? (b - a) * (y0 + (y1 - y0) / (x1 - x0) * ((a - x0) + (b - x0)) / 2) : 0;
}

/* A run of equal scores with these weights joins. */
static inline void join(struct sums *t, const struct sorted *s, int64_t tp, int64_t fp, const struct totals *n) {
    t->twice_u += fp * (2 * t->tp + tp);
    if (tp > 0)
        t->precision += (double)tp * (double)(t->tp + tp) / (double)(t->tp + tp + t->fp + fp);
    if (fp > 0 && t->fp < n->partial_to && t->fp + fp > n->partial_from)
        t->partial += partial_slice(s, t, tp, fp, n);
    t->tp += tp;
    t->fp += fp;
}

static double divide(double a, double b) {
    return b > 0 ? a / b : NAN;
}

static void fill(double *out, const struct sums *t, double P, double N) {
    const double tp = (double)t->called_tp, fp = (double)t->called_fp, fn = P - tp, tn = N - fp;
    out[METRIC_AUC] = divide((double)t->twice_u, 2 * P * N);
    out[METRIC_PARTIAL_AUC] = P > 0 && N > 0 ? t->partial : NAN;
    out[METRIC_AVERAGE_PRECISION] = N > 0 ? divide(t->precision, P) : NAN;
    out[METRIC_SENSITIVITY] = divide(tp, P);
    out[METRIC_SPECIFICITY] = divide(tn, N);
    out[METRIC_PPV] = divide(tp, tp + fp);
    out[METRIC_NPV] = divide(tn, tn + fn);
    out[METRIC_ACCURACY] = divide(tp + tn, P + N);
    out[METRIC_BALANCED_ACCURACY] = (out[METRIC_SENSITIVITY] + out[METRIC_SPECIFICITY]) / 2;
    out[METRIC_LIKELIHOOD_POSITIVE] = divide(tp * N, fp * P);
    out[METRIC_LIKELIHOOD_NEGATIVE] = divide(fn * N, tn * P);
    out[METRIC_F1] = divide(2 * tp, 2 * tp + fp + fn);
    out[METRIC_PREVALENCE] = divide(P, P + N);
}

static struct totals totals_of(const struct sorted *s, const uint32_t *weight) {
    int64_t total = 0, positive = 0;
    for (size_t i = 0; i < s->n; i++) {
        total += weight[i];
        positive += weight[i] & -(uint32_t)s->truth[i];
    }
    const double negatives = (double)(total - positive);
    return (struct totals){positive, total - positive, (int64_t)floor(s->partial_low * negatives),
                           (int64_t)ceil(s->partial_high * negatives)};
}

/* Sums of weight * x and weight * y, each in two halves that do not wait for each other. */
static void weighted(double *sum_x, double *sum_y, const uint32_t *weight, const double *x, const double *y, size_t n) {
    double x0 = 0, x1 = 0, y0 = 0, y1 = 0;
    for (size_t i = 0; i + 1 < n; i += 2) {
        x0 += weight[i] * x[i];
        x1 += weight[i + 1] * x[i + 1];
        y0 += weight[i] * y[i];
        y1 += weight[i + 1] * y[i + 1];
    }
    if (n % 2) {
        x0 += weight[n - 1] * x[n - 1];
        y0 += weight[n - 1] * y[n - 1];
    }
    *sum_x = x0 + x1;
    *sum_y = y0 + y1;
}

static void pass(const void *ctx, const uint32_t *weight, double *out) {
    const struct sorted *s = ctx;
    const struct totals n = totals_of(s, weight);
    const double P = (double)n.positives, N = (double)n.negatives;
    struct sums t = {0};
    int64_t run = 0, run_positive = 0;
    for (size_t i = 0; i < s->n; i++) {
        run += weight[i];
        run_positive += weight[i] & -(uint32_t)s->truth[i];
        if (!s->last[i])
            continue;
        if (run > 0)
            join(&t, s, run_positive, run - run_positive, &n);
        run = run_positive = 0;
        if (i + 1 == s->n_called) { /* the threshold lies between runs */
            t.called_tp = t.tp;
            t.called_fp = t.fp;
        }
    }
    fill(out, &t, P, N);
    out[METRIC_BRIER] = out[METRIC_MEAN_PROBABILITY] = NAN;
    if (!s->probability)
        return;
    double loss, mean;
    weighted(&loss, &mean, weight, s->loss, s->score, s->n);
    out[METRIC_BRIER] = divide(loss, P + N);
    out[METRIC_MEAN_PROBABILITY] = divide(mean, P + N);
}

static void sorted_release(struct sorted *s) {
    mem_free(s->truth);
    mem_free(s->last);
    mem_free(s->score);
    mem_free(s->loss);
}

/* The cohort in falling order of scores, and its clusters likewise. */
static int sorted_make(struct sorted *s, size_t **cluster, const struct binary_cohort *c, const struct bootstrap *design, struct err *e) {
    const size_t n = design->n;
    size_t *order = NULL;
    *s = (struct sorted){.n = n, .partial_low = 1 - c->partial_high, .partial_high = 1 - c->partial_low, .probability = c->probability};
    int code = rank_order(&order, c->score, n, e);
    if (code)
        return code;
    s->truth = mem_alloc(n, 1, e);
    s->last = mem_alloc(n, 1, e);
    s->score = mem_alloc(n, sizeof(double), e);
    s->loss = mem_alloc(n, sizeof(double), e);
    *cluster = mem_alloc(n, sizeof **cluster, e);
    if (!s->truth || !s->last || !s->score || !s->loss || !*cluster) {
        sorted_release(s);
        mem_free(*cluster);
        mem_free(order);
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        const size_t k = order[n - 1 - i];
        s->truth[i] = c->truth[k];
        s->score[i] = c->score[k];
        s->loss[i] = (c->score[k] - c->truth[k]) * (c->score[k] - c->truth[k]);
        s->last[i] = i + 1 == n || c->score[order[n - 2 - i]] != c->score[k];
        s->n_called += c->score[k] >= c->threshold;
        (*cluster)[i] = design->cluster ? design->cluster[k] : k;
    }
    mem_free(order);
    return 0;
}

/* Interval fields of one metric; an interval that is not defined is no error of the whole. */
static int conclude(struct metric_interval *m, const double *replicates, size_t resamples, const double *jackknife, size_t n_clusters,
                    double level, struct err *e) {
    struct err ignored = {0};
    if (!m->defined)
        return 0;
    int code = bootstrap_percentile(&m->percentile, &m->undefined, replicates, resamples, level, &ignored);
    bool alike = true; /* every resample gave the same: no interval can be read off them, least of all one without width */
    for (size_t i = 0; i < resamples && alike; i++)
        alike = isnan(replicates[i]) || replicates[i] == m->value;
    m->interval_defined = code == 0 && !alike;
    if (code == ERR_STATS_UNDEFINED || alike)
        return 0;
    if (!code) {
        code = bootstrap_bca(&m->bca, replicates, resamples, m->value, jackknife, n_clusters, level, &ignored);
        m->bca_defined = code == 0;
    }
    return code && code != ERR_STATS_UNDEFINED ? err_set(e, code, "%s", ignored.message) : 0;
}

int bootstrap_binary(struct metric_interval out[METRIC_COUNT], double **replicates, const struct binary_cohort *cohort,
                     const struct bootstrap *design, double level, struct err *e) {
    struct sorted s = {0};
    size_t *cluster = NULL, m;
    double *values = NULL, *jackknife = NULL, whole[METRIC_COUNT];
    uint32_t *ones = NULL;
    if (replicates)
        *replicates = NULL;
    int code = cohort->probability ? check_probability(&m, cohort->score, cohort->truth, design->n, e)
                                   : check_binary(&m, cohort->score, cohort->truth, design->n, e);
    if (!code && !(cohort->partial_low >= 0 && cohort->partial_low < cohort->partial_high && cohort->partial_high <= 1))
        code = err_set(e, ERR_STATS_RANGE, "the partial area's range [%g, %g] must lie in [0, 1] and increase", cohort->partial_low,
                       cohort->partial_high);
    if (!code)
        code = check_level(level, e);
    if (!code && design->cluster)
        code = check_clusters(design->cluster, design->n, design->n_clusters, e);
    if (!code)
        code = sorted_make(&s, &cluster, cohort, design, e);
    if (code)
        return code;
    struct bootstrap in_order = *design;
    in_order.cluster = cluster;
    in_order.n_clusters = bootstrap_clusters(design);
    ones = mem_alloc(design->n, sizeof *ones, e);
    code = ones ? 0 : ERR_NO_MEMORY;
    if (!code)
        code = bootstrap_run(&values, &in_order, pass, &s, METRIC_COUNT, e);
    if (!code)
        code = bootstrap_jackknife(&jackknife, &in_order, pass, &s, METRIC_COUNT, e);
    for (size_t i = 0; i < design->n && !code; i++)
        ones[i] = 1;
    if (!code)
        pass(&s, ones, whole);
    for (size_t k = 0; k < METRIC_COUNT && !code; k++) {
        out[k] = (struct metric_interval){.defined = !isnan(whole[k]), .value = whole[k]};
        code = conclude(&out[k], values + k * design->resamples, design->resamples, jackknife + k * in_order.n_clusters,
                        in_order.n_clusters, level, e);
    }
    if (!code && replicates) {
        *replicates = values;
        values = NULL;
    }
    mem_free(values);
    mem_free(jackknife);
    mem_free(ones);
    mem_free(cluster);
    sorted_release(&s);
    return code;
}
