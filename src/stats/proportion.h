/* A proportion with its intervals. Floor 1. */
#ifndef BMU_STATS_PROPORTION_H
#define BMU_STATS_PROPORTION_H

#include <stdbool.h>
#include <stddef.h>

#include "stats/check.h"

struct proportion {
    bool defined; /* false if total is 0: then the other numbers mean nothing */
    size_t count, total;
    double value;
    struct interval wilson; /* Wilson 1927 (J Am Stat Assoc 22:209), score interval without continuity correction */
    struct interval exact;  /* Clopper & Pearson 1934 (Biometrika 26:404), by quantiles of the beta distribution */
};

/* count of total, two-sided at `level`. Errors: ERR_STATS_RANGE if count > total or the level is not in (0, 1). */
int proportion_make(struct proportion *out, size_t count, size_t total, double level, struct err *e);

/* Wilson's interval alone; total > 0. */
struct interval proportion_wilson(size_t count, size_t total, double level);

/* The one-sided exact upper bound of count / total at confidence `level`: the largest p with P(X <= count) >= 1 - level (Clopper & Pearson
 * 1934); 1 if count = total. total = 0: ERR_STATS_TOO_FEW. */
int proportion_upper_bound(double *out, size_t count, size_t total, double level, struct err *e);

#endif
