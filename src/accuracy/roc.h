/* The receiver operating characteristic and the precision-recall curve. Floor 2. O(n log n).
 *
 * A positive call is score >= threshold. Observations with equal scores change sides together: one point per distinct score, so ties are
 * joined by a slanted line (trapezoid), which gives each tied pair one half, exactly.
 * Errors of all functions that take scores: ERR_STATS_TOO_FEW (n = 0), ERR_STATS_ONE_CLASS, ERR_STATS_NAN, ERR_STATS_RANGE (truth that is
 * neither 0 nor 1). n = 1 is one class.
 */
#ifndef BMU_ACCURACY_ROC_H
#define BMU_ACCURACY_ROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct roc_point {
    double threshold; /* INFINITY at the first point: nothing is called positive */
    size_t true_positives, false_positives;
};

struct roc {
    size_t n_positive, n_negative;
    size_t n_points;          /* distinct scores + 1, at least 2 */
    struct roc_point *points; /* falling thresholds: from (0, 0) to (n_positive, n_negative) */
};

int roc_make(struct roc **out, const double *score, const uint8_t *truth, size_t n, struct err *e);
void roc_free(struct roc *r);
double roc_sensitivity(const struct roc *r, size_t point);
double roc_specificity(const struct roc *r, size_t point);

/* Area under the ROC curve = Mann-Whitney's U / (m n): the share of pairs (positive, negative) in the right order, a tie counting one half
 * (Bamber 1975, J Math Psychol 12:387). 2 U is summed as an integer, so the result is the correctly rounded quotient. */
double roc_auc(const struct roc *r);

enum roc_axis { ROC_SPECIFICITY, ROC_SENSITIVITY };
/* Partial area over [low, high] of one axis, 0 <= low < high <= 1 (else ERR_STATS_RANGE), by trapezoids with linear interpolation at the
 * ends: over specificity the area under the curve (sensitivity as height), over sensitivity the area right of it (specificity as height).
 * `corrected`: McClish's standardisation (1989, Med Decis Making 9:190), (1 + (area - least) / (most - least)) / 2, where `least` is the
 * area of the diagonal and `most` that of perfection: 0.5 for the diagonal, 1 for perfection; below 0.5 for a curve below the diagonal
 * (pROC gives NA there). As pROC's partial.auc, partial.auc.focus and partial.auc.correct. */
int roc_partial_auc(double *out, const struct roc *r, enum roc_axis axis, double low, double high, bool corrected, struct err *e);

/* Average precision: sum over points of (recall - recall before) * precision; steps, no interpolation; tied scores are one step (as
 * scikit-learn's average_precision_score). A random score gives about the prevalence. */
double roc_average_precision(const struct roc *r);
/* Area under the precision-recall curve with Davis & Goadrich's interpolation (2006, ICML, 233-240): between two points false positives
 * grow linearly with true positives; the integral over recall in closed form (Keilwagen, Grosse & Grau 2014, PLoS ONE 9:e92209). Before the
 * first point with a true positive, precision is that point's share along the same line. */
double roc_precision_recall_auc(const struct roc *r);

#endif
