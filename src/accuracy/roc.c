/* The receiver operating characteristic and the precision-recall curve. Floor 2. */
#include "accuracy/roc.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "stats/check.h"
#include "stats/rank.h"

static void fill_points(struct roc *r, const double *score, const uint8_t *truth, const size_t *order, size_t n) {
    struct roc_point at = {INFINITY, 0, 0};
    r->points[r->n_points++] = at;
    for (size_t i = n; i-- > 0;) {
        const size_t k = order[i];
        at.threshold = score[k];
        at.true_positives += truth[k];
        at.false_positives += !truth[k];
        if (i == 0 || score[order[i - 1]] != score[k])
            r->points[r->n_points++] = at;
    }
}

int roc_make(struct roc **out, const double *score, const uint8_t *truth, size_t n, struct err *e) {
    size_t n_positive, *order = NULL;
    struct roc *r = NULL;
    *out = NULL;
    int code = check_binary(&n_positive, score, truth, n, e);
    if (!code)
        code = rank_order(&order, score, n, e);
    if (code)
        return code;
    r = mem_alloc(1, sizeof *r, e);
    struct roc_point *points = mem_alloc(n + 1, sizeof *points, e);
    if (!r || !points) {
        mem_free(points);
        mem_free(r);
        mem_free(order);
        return ERR_NO_MEMORY;
    }
    *r = (struct roc){.n_positive = n_positive, .n_negative = n - n_positive, .points = points};
    fill_points(r, score, truth, order, n);
    mem_free(order);
    *out = r;
    return 0;
}

void roc_free(struct roc *r) {
    if (r)
        mem_free(r->points);
    mem_free(r);
}

double roc_sensitivity(const struct roc *r, size_t point) {
    return (double)r->points[point].true_positives / (double)r->n_positive;
}

double roc_specificity(const struct roc *r, size_t point) {
    return (double)(r->n_negative - r->points[point].false_positives) / (double)r->n_negative;
}

double roc_auc(const struct roc *r) {
    uint64_t twice = 0; /* 2 U */
    for (size_t i = 1; i < r->n_points; i++) {
        const struct roc_point *a = &r->points[i - 1], *b = &r->points[i];
        twice += (uint64_t)(b->false_positives - a->false_positives) * (a->true_positives + b->true_positives);
    }
    return (double)twice / (2.0 * (double)r->n_positive * (double)r->n_negative);
}

/* Area below the line from (x0, y0) to (x1, y1), x0 <= x1, within [low, high]. */
static double slice(double x0, double y0, double x1, double y1, double low, double high) {
    const double a = fmax(x0, low), b = fmin(x1, high);
    if (!(b > a))
        return 0;
    const double slope = (y1 - y0) / (x1 - x0);
    return (b - a) * (y0 + slope * ((a - x0) + (b - x0)) / 2);
}

int roc_partial_auc(double *out, const struct roc *r, enum roc_axis axis, double low, double high, bool corrected, struct err *e) {
    if (!(low >= 0 && low < high && high <= 1))
        return err_set(e, ERR_STATS_RANGE, "the partial area's range [%g, %g] must lie in [0, 1] and increase", low, high);
    double area = 0;
    for (size_t i = 1; i < r->n_points; i++) {
        const double se0 = roc_sensitivity(r, i - 1), se1 = roc_sensitivity(r, i);
        const double sp0 = roc_specificity(r, i - 1), sp1 = roc_specificity(r, i);
        area += axis == ROC_SPECIFICITY ? slice(sp1, se1, sp0, se0, low, high) : slice(se0, sp0, se1, sp1, low, high);
    }
    const double most = high - low, least = most * (1 - (low + high) / 2); /* the diagonal's height is 1 - x on both axes */
    *out = corrected ? (1 + (area - least) / (most - least)) / 2 : area;
    return 0;
}

double roc_average_precision(const struct roc *r) {
    double sum = 0;
    for (size_t i = 1; i < r->n_points; i++) {
        const struct roc_point *a = &r->points[i - 1], *b = &r->points[i];
        const double step = (double)(b->true_positives - a->true_positives);
        sum += step * (double)b->true_positives / (double)(b->true_positives + b->false_positives);
    }
    return sum / (double)r->n_positive;
}

/* The integral of t / (c t + d) from t0 to t1; c >= 1, c t + d > 0 for t > t0. */
static double precision_integral(double t0, double t1, double c, double d) {
    const double linear = (t1 - t0) / c;
    return d == 0 ? linear : linear - d / (c * c) * log1p(c * (t1 - t0) / (c * t0 + d));
}

double roc_precision_recall_auc(const struct roc *r) {
    double area = 0;
    for (size_t i = 1; i < r->n_points; i++) {
        const struct roc_point *a = &r->points[i - 1], *b = &r->points[i];
        const double t0 = (double)a->true_positives, t1 = (double)b->true_positives;
        if (t1 == t0)
            continue;
        const double slope = (double)(b->false_positives - a->false_positives) / (t1 - t0);
        const double base = (double)a->false_positives - slope * t0; /* false positives = base + slope * t */
        area += precision_integral(t0, t1, 1 + slope, base);
    }
    return area / (double)r->n_positive;
}
