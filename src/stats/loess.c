/* Local quadratic regression. Floor 1. */
#include "stats/loess.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "stats/check.h"
#include "stats/rank.h"

struct line { /* sorted by x */
    const double *x, *y;
    double *weight; /* scratch, n */
    size_t n, neighbours;
};

/* Weighted least squares of a parabola on [first, last), at x0, by polynomials made orthogonal on the points (Forsythe 1957, J SIAM 5:74):
 * no normal equations, so that close points keep their digits. */
static int parabola(double *fitted, const struct line *l, size_t first, size_t last, double x0, struct err *e) {
    double s0 = 0, sx = 0, s1 = 0, sx1 = 0, s2 = 0, c0 = 0, c1 = 0, c2 = 0;
    size_t used = 0;
    for (size_t i = first; i < last; i++) {
        s0 += l->weight[i];
        sx += l->weight[i] * (l->x[i] - x0);
        c0 += l->weight[i] * l->y[i];
        used += l->weight[i] > 0;
    }
    const double centre = sx / s0;
    for (size_t i = first; i < last; i++) {
        const double d = l->x[i] - x0, q1 = d - centre, w = l->weight[i];
        s1 += w * q1 * q1;
        sx1 += w * d * q1 * q1;
        c1 += w * q1 * l->y[i];
    }
    if (used < 3 || !(s1 > 0))
        return err_set(e, ERR_STATS_UNDEFINED, "fewer than three distinct values near %g: too many ties for a smooth curve", x0);
    const double a = sx1 / s1, b = s1 / s0;
    for (size_t i = first; i < last; i++) {
        const double d = l->x[i] - x0, q1 = d - centre, q2 = (d - a) * q1 - b, w = l->weight[i];
        s2 += w * q2 * q2;
        c2 += w * q2 * l->y[i];
    }
    if (!(s2 > 1e-14 * s1 * b))
        return err_set(e, ERR_STATS_UNDEFINED, "fewer than three distinct values near %g: too many ties for a smooth curve", x0);
    const double q1 = -centre, q2 = -a * q1 - b; /* at x0, d = 0 */
    *fitted = c0 / s0 + c1 / s1 * q1 + c2 / s2 * q2;
    return 0;
}

static int fit_sorted(double *fitted, const struct line *l, struct err *e) {
    size_t first = 0;
    for (size_t i = 0; i < l->n; i++) {
        const double x0 = l->x[i];
        if (i > 0 && x0 == l->x[i - 1]) {
            fitted[i] = fitted[i - 1];
            continue;
        }
        while (first + l->neighbours < l->n && l->x[first + l->neighbours] - x0 < x0 - l->x[first]) /* the window of the nearest points */
            first++;
        const size_t last = first + l->neighbours;
        const double radius = fmax(x0 - l->x[first], l->x[last - 1] - x0);
        if (!(radius > 0))
            return err_set(e, ERR_STATS_UNDEFINED, "%zu equal values at %g: too many ties for a smooth curve", l->neighbours, x0);
        for (size_t k = first; k < last; k++) {
            const double u = fabs(l->x[k] - x0) / radius, v = 1 - u * u * u;
            l->weight[k] = u < 1 ? v * v * v : 0;
        }
        const int code = parabola(&fitted[i], l, first, last, x0, e);
        if (code)
            return code;
    }
    return 0;
}

int loess_fit(double *fitted, const double *x, const double *y, size_t n, double span, struct err *e) {
    size_t *order = NULL;
    double *block = NULL;
    int code = check_finite(x, n, "x", e);
    if (!code)
        code = check_finite(y, n, "y", e);
    if (!code && !(span > 0 && span <= 1))
        code = err_set(e, ERR_STATS_RANGE, "the span is %g; it must lie in (0, 1]", span);
    const size_t neighbours = code ? 0 : (size_t)floor((double)n * span + 1e-5);
    if (!code && neighbours < 4)
        code = err_set(e, ERR_STATS_TOO_FEW, "%zu observations with span %g; a neighbourhood needs four", n, span);
    if (!code)
        code = rank_order(&order, x, n, e);
    if (code)
        return code;
    block = mem_alloc(n, 4 * sizeof *block, e);
    if (!block) {
        mem_free(order);
        return ERR_NO_MEMORY;
    }
    double *sorted_x = block, *sorted_y = block + n, *sorted_fit = block + 3 * n;
    for (size_t i = 0; i < n; i++) {
        sorted_x[i] = x[order[i]];
        sorted_y[i] = y[order[i]];
    }
    code = fit_sorted(sorted_fit, &(struct line){sorted_x, sorted_y, block + 2 * n, n, neighbours}, e);
    for (size_t i = 0; i < n && !code; i++)
        fitted[order[i]] = sorted_fit[i];
    mem_free(block);
    mem_free(order);
    return code;
}
