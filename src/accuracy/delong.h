/* Variance and comparison of areas under ROC curves without a model: DeLong, DeLong & Clarke-Pearson 1988 (Biometrics 44:837), computed by
 * ranks in O(n log n) (Sun & Xu 2014, IEEE Signal Process Lett 21:1389); with patients as clusters, Obuchowski 1997 (Biometrics 53:567).
 * Floor 2.
 *
 * Errors: those of accuracy/roc.h; ERR_STATS_TOO_FEW with fewer than two positives or two negatives (clusters: two clusters with a positive
 * and two with a negative); ERR_STATS_UNDEFINED where a variance of zero would divide. Ties count one half. A score that separates
 * perfectly has variance 0: the plain interval is then a point and says too much; see delong_interval().
 */
#ifndef BMU_ACCURACY_DELONG_H
#define BMU_ACCURACY_DELONG_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "stats/check.h"

/* The placement of each observation, n numbers: of a positive, the share of negatives below it (V10); of a negative, the share of positives
 * above it (V01); ties one half. Their mean over either class is the AUC. auc may be NULL. */
int delong_placements(double *placement, double *auc, const double *score, const uint8_t *truth, size_t n, struct err *e);

/* AUCs of n_tests scores of the same observations and their covariance matrix (n_tests x n_tests). cluster NULL: DeLong 1988; else
 * Obuchowski 1997, which equals it when each cluster is one observation. */
int delong_covariance(double *auc, double *covariance, const double *const *score, size_t n_tests, const uint8_t *truth, size_t n,
                      const size_t *cluster, size_t n_clusters, struct err *e);

enum delong_scale {
    DELONG_PLAIN, /* auc -+ z se, cut off at 0 and 1 (as pROC's ci.auc) */
    DELONG_LOGIT, /* on log(auc / (1 - auc)), Pepe 2003, The Statistical Evaluation of Medical Tests, ch. 5; not for an AUC of 0 or 1 */
};
int delong_interval(struct interval *out, double auc, double variance, enum delong_scale scale, double level, struct err *e);

struct delong_test {
    double auc[2];
    double difference; /* auc[0] - auc[1] */
    double standard_error;
    double statistic;         /* z, or t with df */
    double df;                /* INFINITY for z */
    double p;                 /* two-sided */
    struct interval interval; /* of the difference, not cut off */
};
/* Two scores of the same observations. Equal scores (difference and variance 0) give p = 1; variance 0 with a difference:
 * ERR_STATS_UNDEFINED. */
int delong_test_paired(struct delong_test *out, const double *score_a, const double *score_b, const uint8_t *truth, size_t n,
                       const size_t *cluster, size_t n_clusters, double level, struct err *e);

struct delong_sample {
    const double *score;
    const uint8_t *truth;
    size_t n;
};
/* Two independent groups: Welch's t with Satterthwaite's degrees of freedom, as pROC's roc.test(paired = FALSE). */
int delong_test_unpaired(struct delong_test *out, const struct delong_sample *a, const struct delong_sample *b, double level,
                         struct err *e);

#endif
