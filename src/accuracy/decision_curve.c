/* Decision curve analysis. Floor 2. */
#include "accuracy/decision_curve.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "stats/rank.h"

struct curve {
    size_t n, n_points;
    uint8_t *truth;   /* by falling probability */
    size_t *cluster;  /* likewise */
    size_t *place;    /* thresholds by falling value: which of the caller's it is */
    size_t *n_called; /* of each such threshold: how many observations lie at or above it; rises */
    const double *thresholds;
};

enum { MODEL, ALL, GAIN, KINDS };

/* out[KINDS * t + kind] for threshold t. */
static void pass(const void *ctx, const uint32_t *weight, double *out) {
    const struct curve *c = ctx;
    double total = 0, positive = 0, tp = 0, fp = 0;
    for (size_t i = 0; i < c->n; i++) {
        total += weight[i];
        positive += weight[i] * c->truth[i];
    }
    size_t i = 0;
    for (size_t k = 0; k < c->n_points; k++) {
        for (; i < c->n_called[k]; i++)
            *(c->truth[i] ? &tp : &fp) += weight[i];
        const double t = c->thresholds[c->place[k]], odds = t / (1 - t);
        double *o = out + KINDS * c->place[k];
        o[MODEL] = (tp - fp * odds) / total;
        o[ALL] = (positive - (total - positive) * odds) / total;
        o[GAIN] = o[MODEL] - fmax(0, o[ALL]);
    }
}

static void curve_release(struct curve *c) {
    mem_free(c->truth);
    mem_free(c->cluster);
    mem_free(c->place);
    mem_free(c->n_called);
}

static int curve_make(struct curve *c, const double *probability, const uint8_t *truth, const struct bootstrap *design, struct err *e) {
    size_t *order = NULL, *rising = NULL, called = 0;
    c->truth = mem_alloc(c->n, 1, e);
    c->cluster = mem_alloc(c->n, sizeof *c->cluster, e);
    c->place = mem_alloc(c->n_points, sizeof *c->place, e);
    c->n_called = mem_alloc(c->n_points, sizeof *c->n_called, e);
    int code = c->truth && c->cluster && c->place && c->n_called ? 0 : ERR_NO_MEMORY;
    if (!code)
        code = rank_order(&order, probability, c->n, e);
    if (!code)
        code = rank_order(&rising, c->thresholds, c->n_points, e);
    for (size_t i = 0; i < c->n && !code; i++) {
        const size_t k = order[c->n - 1 - i];
        c->truth[i] = truth[k];
        c->cluster[i] = design && design->cluster ? design->cluster[k] : k;
    }
    for (size_t k = 0; k < c->n_points && !code; k++) {
        c->place[k] = rising[c->n_points - 1 - k];
        while (called < c->n && probability[order[c->n - 1 - called]] >= c->thresholds[c->place[k]])
            called++;
        c->n_called[k] = called;
    }
    mem_free(order);
    mem_free(rising);
    return code;
}

static int add_intervals(struct decision_point *points, const struct curve *c, const struct bootstrap *design, double level,
                         struct err *e) {
    struct bootstrap in_order = *design;
    double *replicates;
    in_order.cluster = c->cluster;
    in_order.n_clusters = bootstrap_clusters(design);
    int code = bootstrap_run(&replicates, &in_order, pass, c, KINDS * c->n_points, e);
    for (size_t t = 0; t < c->n_points && !code; t++) {
        struct interval *const to[KINDS] = {&points[t].interval, &points[t].treat_all_interval, &points[t].gain_interval};
        for (size_t kind = 0; kind < KINDS && !code; kind++) {
            size_t undefined;
            code = bootstrap_percentile(to[kind], &undefined, replicates + (KINDS * t + kind) * design->resamples, design->resamples, level,
                                        e);
        }
        points[t].interval_defined = !code;
    }
    mem_free(replicates);
    return code;
}

int decision_curve(struct decision_point *points, const double *thresholds, size_t n_points, const double *probability,
                   const uint8_t *truth, size_t n, const struct bootstrap *design, double level, struct err *e) {
    struct curve c = {.n = n, .n_points = n_points, .thresholds = thresholds};
    size_t m;
    int code = check_probability(&m, probability, truth, n, e);
    for (size_t t = 0; t < n_points && !code; t++)
        if (!(thresholds[t] > 0 && thresholds[t] < 1))
            code = err_set(e, ERR_STATS_RANGE, "decision threshold %zu is %g; it must lie between 0 and 1", t, thresholds[t]);
    if (!code && design && design->n != n)
        code = err_set(e, ERR_STATS_RANGE, "the bootstrap is of %zu observations, the curve of %zu", design->n, n);
    if (code)
        return code;
    uint32_t *ones = mem_alloc(n, sizeof *ones, e);
    double *values = mem_alloc(n_points, KINDS * sizeof *values, e);
    code = ones && values ? curve_make(&c, probability, truth, design, e) : ERR_NO_MEMORY;
    for (size_t i = 0; i < n && !code; i++)
        ones[i] = 1;
    if (!code)
        pass(&c, ones, values);
    for (size_t t = 0; t < n_points && !code; t++)
        points[t] = (struct decision_point){
            .threshold = thresholds[t], .net_benefit = values[KINDS * t + MODEL], .treat_all = values[KINDS * t + ALL]};
    if (!code && design)
        code = add_intervals(points, &c, design, level, e);
    mem_free(ones);
    mem_free(values);
    curve_release(&c);
    return code;
}
