/* Cohen's and Fleiss's kappa. Floor 1. */
#include "stats/kappa.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "stats/distribution.h"

static double weight_of(enum kappa_weights weights, int a, int b, int k) {
    const double d = (double)abs(a - b) / (k - 1);
    return weights == KAPPA_UNWEIGHTED ? a == b : weights == KAPPA_LINEAR ? 1 - d : 1 - d * d;
}

static void conclude(struct kappa *out, double level) {
    const double half = normal_critical(level) * out->standard_error;
    out->z = out->standard_error_null > 0 ? out->value / out->standard_error_null : INFINITY;
    out->p = normal_two_sided(out->z);
    out->interval = (struct interval){fmax(-1, out->value - half), fmin(1, out->value + half)};
}

struct margins {
    double *row, *column;               /* shares */
    double *row_weight, *column_weight; /* mean weight against the other rater's margin */
};

static void fill_margins(struct margins *m, const size_t *counts, int k, double n, enum kappa_weights weights) {
    for (int a = 0; a < k; a++)
        for (int b = 0; b < k; b++) {
            m->row[a] += (double)counts[a * k + b] / n;
            m->column[b] += (double)counts[a * k + b] / n;
        }
    for (int a = 0; a < k; a++)
        for (int b = 0; b < k; b++) {
            m->row_weight[a] += weight_of(weights, a, b, k) * m->column[b];
            m->column_weight[b] += weight_of(weights, a, b, k) * m->row[a];
        }
}

/* Fleiss, Cohen & Everitt 1969, formulas 8 and 9. */
static void cohen_errors(struct kappa *out, const struct margins *m, const size_t *counts, int k, double n, enum kappa_weights weights) {
    const double po = out->observed, pe = out->expected;
    double any = 0, null = 0;
    for (int a = 0; a < k; a++)
        for (int b = 0; b < k; b++) {
            const double w = weight_of(weights, a, b, k), mean = m->row_weight[a] + m->column_weight[b];
            const double d = w * (1 - pe) - mean * (1 - po);
            any += (double)counts[a * k + b] / n * d * d;
            null += m->row[a] * m->column[b] * (w - mean) * (w - mean);
        }
    any -= pow(po * pe - 2 * pe + po, 2);
    null -= pe * pe;
    out->standard_error = sqrt(fmax(0, any) / n) / ((1 - pe) * (1 - pe));
    out->standard_error_null = sqrt(fmax(0, null) / n) / (1 - pe);
}

int kappa_cohen(struct kappa *out, const size_t *counts, int k, enum kappa_weights weights, double level, struct err *e) {
    int code = check_level(level, e);
    double n = 0, *block = NULL;
    if (code)
        return code;
    if (k < 2)
        return err_set(e, ERR_STATS_RANGE, "%d classes; kappa needs two", k);
    for (int i = 0; i < k * k; i++)
        n += (double)counts[i];
    if (n < 2)
        return err_set(e, ERR_STATS_TOO_FEW, "kappa of %g subjects", n);
    block = mem_alloc(4 * (size_t)k, sizeof *block, e);
    if (!block)
        return ERR_NO_MEMORY;
    struct margins m = {block, block + k, block + 2 * k, block + 3 * k};
    fill_margins(&m, counts, k, n, weights);
    *out = (struct kappa){0};
    for (int a = 0; a < k; a++)
        for (int b = 0; b < k; b++) {
            out->observed += weight_of(weights, a, b, k) * (double)counts[a * k + b] / n;
            out->expected += weight_of(weights, a, b, k) * m.row[a] * m.column[b];
        }
    if (1 - out->expected < 1e-14)
        code = err_set(e, ERR_STATS_UNDEFINED, "kappa: both raters used one class only, so agreement by chance is 1");
    else {
        out->value = (out->observed - out->expected) / (1 - out->expected);
        cohen_errors(out, &m, counts, k, n, weights);
        conclude(out, level);
    }
    mem_free(block);
    return code;
}

/* --- Fleiss ---------------------------------------------------------------------------------------------------------------- */

static int same_raters(double *raters, const size_t *counts, size_t n, int k, struct err *e) {
    for (size_t i = 0; i < n; i++) {
        double m = 0;
        for (int c = 0; c < k; c++)
            m += (double)counts[i * (size_t)k + (size_t)c];
        if (i == 0)
            *raters = m;
        if (m != *raters || m < 2)
            return err_set(e, ERR_STATS_RANGE, "subject %zu has %g ratings, subject 0 has %g; kappa needs two or more, as many for each", i,
                           m, *raters);
    }
    return 0;
}

/* Fleiss, Nee & Landis 1979. */
static double fleiss_null(const double *share, int k, double n, double raters) {
    double pq = 0, cubic = 0;
    for (int c = 0; c < k; c++) {
        pq += share[c] * (1 - share[c]);
        cubic += share[c] * (1 - share[c]) * (1 - 2 * share[c]);
    }
    return sqrt(2 / (n * raters * (raters - 1)) * fmax(0, pq * pq - cubic)) / pq;
}

int kappa_fleiss(struct kappa *out, const size_t *counts, size_t n, int k, double level, struct err *e) {
    double raters = 0, *share = NULL, square = 0;
    int code = check_level(level, e);
    if (!code && (n < 2 || k < 2))
        code = err_set(e, ERR_STATS_TOO_FEW, "kappa of %zu subjects and %d classes", n, k);
    if (!code)
        code = same_raters(&raters, counts, n, k, e);
    if (code)
        return code;
    share = mem_alloc((size_t)k, sizeof *share, e);
    if (!share)
        return ERR_NO_MEMORY;
    const double subjects = (double)n;
    *out = (struct kappa){0};
    for (size_t i = 0; i < n * (size_t)k; i++) {
        const double c = (double)counts[i];
        share[i % (size_t)k] += c / (subjects * raters);
        out->observed += c * (c - 1) / (raters * (raters - 1)) / subjects;
    }
    for (int c = 0; c < k; c++)
        out->expected += share[c] * share[c];
    if (1 - out->expected < 1e-14) {
        mem_free(share);
        return err_set(e, ERR_STATS_UNDEFINED, "kappa: all ratings fall into one class, so agreement by chance is 1");
    }
    out->value = (out->observed - out->expected) / (1 - out->expected);
    for (size_t i = 0; i < n; i++) { /* Gwet 2008: each subject's kappa, less its part in the agreement by chance */
        double agree = 0, chance = 0;
        for (int c = 0; c < k; c++) {
            const double r = (double)counts[i * (size_t)k + (size_t)c];
            agree += r * (r - 1) / (raters * (raters - 1));
            chance += r / raters * share[c];
        }
        const double own =
            (agree - out->expected) / (1 - out->expected) - 2 * (1 - out->value) * (chance - out->expected) / (1 - out->expected);
        square += (own - out->value) * (own - out->value);
    }
    out->standard_error = sqrt(square / (subjects * (subjects - 1)));
    out->standard_error_null = fleiss_null(share, k, subjects, raters);
    conclude(out, level);
    mem_free(share);
    return 0;
}
