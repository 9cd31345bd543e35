/* Paired yes/no calls: McNemar, Cochran's Q, and the difference of two paired proportions with its score test. Floor 1. */
#ifndef BMU_STATS_PAIRED_H
#define BMU_STATS_PAIRED_H

#include <stddef.h>
#include <stdint.h>

#include "stats/check.h"

/* Two calls on each of n subjects: both right, only the first, only the second, neither. Of sensitivities take the positives alone. */
struct pairs {
    size_t both, first, second, neither;
};
/* From two arrays of 0 and 1. ERR_STATS_TOO_FEW, ERR_STATS_RANGE. */
int pairs_count(struct pairs *out, const uint8_t *first, const uint8_t *second, size_t n, struct err *e);

struct mcnemar {
    double exact; /* two-sided binomial p on the discordant pairs (McNemar 1947, Psychometrika 12:153) */
    double mid;   /* mid-p: exact less half the probability of the observed table on each side (Lancaster 1961; Fagerland, Lydersen & Laake
                     2013, BMC Med Res Methodol 13:91) */
    double chi_square, asymptotic;          /* (b - c)^2 / (b + c), 1 df, without continuity correction */
    double chi_square_corrected, corrected; /* (max(|b - c| - 1, 0))^2 / (b + c) (Edwards 1948), as R's mcnemar.test */
};
/* No discordant pair: every p is 1, chi-squares 0. */
void mcnemar(struct mcnemar *out, const struct pairs *c);

/* Cochran's Q (1950, Biometrika 37:256): are the shares of k >= 2 calls on the same n subjects equal? call[i * k + j] is 0 or 1. With k = 2
 * it is McNemar's chi-square. All subjects with equal calls: Q = 0, p = 1. ERR_STATS_TOO_FEW, ERR_STATS_RANGE. */
int cochran_q(double *q, double *p, const uint8_t *call, size_t n, int k, struct err *e);

struct paired_difference {
    double difference;        /* p1 - p2 = (first - second) / n */
    struct interval tango;    /* score interval, Tango 1998 (Stat Med 17:891) */
    struct interval newcombe; /* square-and-add of Wilson limits with correlation, Newcombe 1998 (Stat Med 17:2635), method 10 */
};
/* ERR_STATS_TOO_FEW for no pairs. */
int paired_difference(struct paired_difference *out, const struct pairs *c, double level, struct err *e);

/* Non-inferiority of the first to the second with margin > 0: H0 p1 - p2 <= -margin. Tango's 1998 score statistic z; p one-sided. A margin
 * outside (0, 1): ERR_STATS_RANGE. */
int paired_noninferiority(double *z, double *p, const struct pairs *c, double margin, struct err *e);

/* Non-inferiority of an AUC from the difference (new - reference) and its standard error (accuracy/delong.h): z = (difference + margin) /
 * se, p one-sided; the test agrees with the lower end of the two-sided interval at level 1 - 2 alpha. standard_error = 0:
 * ERR_STATS_UNDEFINED.
 */
int auc_noninferiority(double *z, double *p, double difference, double standard_error, double margin, struct err *e);

#endif
