/* Recalibration, fitted on one set of observations and applied to another. Floor 2. */
#ifndef BMU_ACCURACY_RECALIBRATE_H
#define BMU_ACCURACY_RECALIBRATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Platt 1999 (Advances in Large Margin Classifiers, 61): p = 1 / (1 + exp(-(intercept + slope * score))). */
struct platt {
    double intercept, slope;
};
/* Maximum likelihood; smoothed: with Platt's targets (N+ + 1)/(N+ + 2) and 1/(N- + 2) instead of 1 and 0, which have an answer also where
 * the classes are separated. Errors of stats/logistic.h and stats/check.h. */
int platt_fit(struct platt *out, const double *score, const uint8_t *truth, size_t n, bool smoothed, struct err *e);
double platt_apply(const struct platt *p, double score);

/* Isotonic regression by pooling adjacent violators (Ayer et al. 1955, Ann Math Stat 26:641; Zadrozny & Elkan 2002, KDD, 694): a rising
 * step function. Equal scores are one value from the start. Where a score lies between two steps the lower one holds; below the first, the
 * first. */
struct isotonic {
    size_t n;
    double *score; /* rising: each step holds from here on */
    double *value; /* rising probabilities */
};
int isotonic_fit(struct isotonic **out, const double *score, const uint8_t *truth, size_t n, struct err *e);
double isotonic_apply(const struct isotonic *i, double score);
void isotonic_free(struct isotonic *i);

/* Temperature scaling (Guo et al. 2017, ICML, 1321): the T > 0 that minimises the negative log likelihood of softmax(logits / T), n x k
 * logits by row, k >= 2. The likelihood is convex in 1 / T. Fit each tree level with that level's logits. ERR_STATS_SEPARATED if every
 * observation's own class has the highest logit (T = 0 would be best), ERR_STATS_UNDEFINED if the logits point away from the truth (1 / T
 * <= 0). */
int temperature_fit(double *temperature, const double *logits, const int *truth, size_t n, int k, struct err *e);

#endif
