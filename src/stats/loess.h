/* Local regression in one dimension. Floor 1. */
#ifndef BMU_STATS_LOESS_H
#define BMU_STATS_LOESS_H

#include <stddef.h>

#include "base/err.h"

/* Local quadratic regression of y on x, fitted at each x: Cleveland & Devlin 1988 (J Am Stat Assoc 83:596), as R's loess(y ~ x, span,
 * degree = 2, family = "gaussian", surface = "direct"). Neighbourhood: the floor(n * span + 1e-5) nearest points, 0 < span <= 1; weights
 * tricube in distance / (distance of the farthest of them). O(n log n + n^2 span). Errors: ERR_STATS_NAN, ERR_STATS_RANGE,
 * ERR_STATS_TOO_FEW (fewer than 4 neighbours), ERR_STATS_UNDEFINED where a neighbourhood has fewer than three distinct x with weight (heavy
 * ties): a parabola needs three. */
int loess_fit(double *fitted, const double *x, const double *y, size_t n, double span, struct err *e);

#endif
