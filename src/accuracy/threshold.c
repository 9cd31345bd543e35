/* The choice of a threshold. Floor 2. */
#include "accuracy/threshold.h"

#include <math.h>

/* How good a point is under the rule; -INFINITY: not allowed. */
static double merit(const struct roc *r, size_t point, enum threshold_rule rule, double target) {
    const double se = roc_sensitivity(r, point), sp = roc_specificity(r, point);
    switch (rule) {
    case THRESHOLD_SENSITIVITY:
        return se >= target ? -(double)point : -INFINITY;
    case THRESHOLD_SPECIFICITY:
        return sp >= target ? (double)point : -INFINITY;
    case THRESHOLD_CLOSEST_TOP_LEFT:
        return -((1 - se) * (1 - se) + (1 - sp) * (1 - sp));
    case THRESHOLD_COST:
        return se - (double)r->n_negative / (double)r->n_positive / target * (1 - sp);
    case THRESHOLD_YOUDEN:
        break;
    }
    return se + sp;
}

int threshold_choose(struct threshold *out, const struct roc *r, enum threshold_rule rule, double target, struct err *e) {
    const bool share = rule == THRESHOLD_SENSITIVITY || rule == THRESHOLD_SPECIFICITY;
    if ((share && !(target > 0 && target <= 1)) || (rule == THRESHOLD_COST && !(target > 0 && isfinite(target))))
        return err_set(e, ERR_STATS_RANGE, "the threshold rule's target is %g; shares lie in (0, 1], a cost above 0", target);
    size_t best = 0;
    double best_merit = -INFINITY;
    for (size_t i = 1; i < r->n_points; i++) {
        const double m = merit(r, i, rule, target);
        if (m > -INFINITY && m >= best_merit - 1e-12) { /* equal up to rounding: the later, lower threshold */
            best_merit = fmax(m, best_merit);
            best = i;
        }
    }
    if (best == 0)
        return err_set(e, ERR_STATS_UNDEFINED, "no threshold reaches %g", target);
    *out = (struct threshold){.rule = rule,
                              .target = share || rule == THRESHOLD_COST ? target : 0,
                              .value = r->points[best].threshold,
                              .sensitivity = roc_sensitivity(r, best),
                              .specificity = roc_specificity(r, best),
                              .n_positive = r->n_positive,
                              .n_negative = r->n_negative};
    return 0;
}
