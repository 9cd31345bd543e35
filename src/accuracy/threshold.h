/* The threshold chosen on one set of observations, to be locked and applied to another. Floor 2.
 *
 * A threshold is one of the observed scores: a positive call is score >= threshold, so the number can be written down and applied as it is.
 * Thresholds that were chosen and measured on the same observations flatter: measure on others.
 */
#ifndef BMU_ACCURACY_THRESHOLD_H
#define BMU_ACCURACY_THRESHOLD_H

#include <stddef.h>

#include "accuracy/roc.h"

enum threshold_rule {
    THRESHOLD_YOUDEN,           /* largest sensitivity + specificity (Youden 1950, Cancer 3:32) */
    THRESHOLD_SENSITIVITY,      /* the highest threshold with sensitivity >= target: best specificity at that sensitivity */
    THRESHOLD_SPECIFICITY,      /* the lowest threshold with specificity >= target: best sensitivity at that specificity */
    THRESHOLD_CLOSEST_TOP_LEFT, /* least (1 - sensitivity)^2 + (1 - specificity)^2 (Perkins & Schisterman 2006, Am J Epidemiol 163:670) */
    THRESHOLD_COST,             /* largest sensitivity - (1 - prevalence) / prevalence / cost * (1 - specificity); target = cost of a missed
                                   positive in false positives (Metz 1978, Semin Nucl Med 8:283), at the prevalence of this sample */
};

struct threshold {
    enum threshold_rule rule;
    double target; /* as asked for; 0 where the rule has none */
    double value;
    double sensitivity, specificity; /* on the set on which it was chosen */
    size_t n_positive, n_negative;
};

/* Among equals the lowest threshold wins (the most sensitive), except for THRESHOLD_SENSITIVITY, whose rule is the highest. Targets of
 * sensitivity and specificity lie in (0, 1], of cost above 0: else ERR_STATS_RANGE. ERR_STATS_UNDEFINED if no threshold reaches the
 * specificity while calling anything positive. */
int threshold_choose(struct threshold *out, const struct roc *r, enum threshold_rule rule, double target, struct err *e);

#endif
