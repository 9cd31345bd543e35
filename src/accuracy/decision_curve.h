/* Decision curve analysis. Floor 2. */
#ifndef BMU_ACCURACY_DECISION_CURVE_H
#define BMU_ACCURACY_DECISION_CURVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/bootstrap.h"

struct decision_point {
    double threshold;   /* probability from which one would treat (biopsy), in (0, 1) */
    double net_benefit; /* of treating where p >= threshold: TP / n - FP / n * threshold / (1 - threshold) */
    double treat_all;   /* of treating everyone; of treating no one it is 0 */
    bool interval_defined;
    struct interval interval, treat_all_interval; /* percentile */
    struct interval gain_interval;                /* of net_benefit - max(treat_all, 0): over the better of the two simple rules */
};

/* Net benefit at each threshold (Vickers & Elkin 2006, Med Decis Making 26:565), per patient. design NULL: without intervals; else
 * intervals by the bootstrap over patients (stats/bootstrap.h; design->n = n). Ties at the threshold are treated. Errors: those of
 * check_probability() and the bootstrap; ERR_STATS_RANGE for a threshold outside (0, 1). */
int decision_curve(struct decision_point *points, const double *thresholds, size_t n_points, const double *probability,
                   const uint8_t *truth, size_t n, const struct bootstrap *design, double level, struct err *e);

#endif
