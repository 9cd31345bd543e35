/* Agreement beyond chance: Cohen's and Fleiss's kappa. Floor 1. */
#ifndef BMU_STATS_KAPPA_H
#define BMU_STATS_KAPPA_H

#include <stddef.h>

#include "stats/check.h"

enum kappa_weights { KAPPA_UNWEIGHTED, KAPPA_LINEAR, KAPPA_QUADRATIC };

struct kappa {
    double value;
    double observed, expected;  /* (weighted) agreement */
    double standard_error;      /* for the interval: without a hypothesis */
    double standard_error_null; /* for the test of kappa = 0 */
    double z, p;                /* of that test, two-sided */
    struct interval interval;   /* value -+ z * standard_error, cut off at -1 and 1 */
};

/* Cohen's kappa of two raters from their k x k table counts[a * k + b]; weights 1 - |a-b|/(k-1) (linear, Cicchetti & Allison 1971) or its
 * square's 1 - (a-b)^2/(k-1)^2 (quadratic). Cohen 1960 (Educ Psychol Meas 20:37), 1968 (Psychol Bull 70:213); both standard errors by Fleiss,
 * Cohen & Everitt 1969 (Psychol Bull 72:323). Errors: ERR_STATS_TOO_FEW (n < 2), ERR_STATS_UNDEFINED if chance agreement is already 1 (both
 * raters used one class only), ERR_STATS_RANGE. */
int kappa_cohen(struct kappa *out, const size_t *counts, int k, enum kappa_weights weights, double level, struct err *e);

/* Fleiss's kappa of m raters who need not be the same for each subject: counts[i * k + c] raters put subject i into class c; m >= 2 the same for
 * all subjects, else ERR_STATS_RANGE. Fleiss 1971 (Psychol Bull 76:378); standard error of the test by Fleiss, Nee & Landis 1979 (Psychol Bull
 * 86:974), of the interval by Gwet 2008 (Br J Math Stat Psychol 61:29), its formula without finite-population correction. One class only:
 * ERR_STATS_UNDEFINED. */
int kappa_fleiss(struct kappa *out, const size_t *counts, size_t n, int k, double level, struct err *e);

#endif
