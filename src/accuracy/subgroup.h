/* The same numbers in each subgroup, and whether the subgroups differ. Floor 2. */
#ifndef BMU_ACCURACY_SUBGROUP_H
#define BMU_ACCURACY_SUBGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/proportion.h"

struct subgroup {
    size_t n, n_positive;
    bool large_enough;                          /* else only the counts are filled: no number is better than one nobody should read */
    double auc, auc_variance;                   /* DeLong 1988, or Obuchowski 1997 with clusters */
    struct interval auc_interval;               /* plain */
    struct proportion sensitivity, specificity; /* at the threshold */
};
struct subgroup_rule {
    double threshold, level;
    size_t least_positive, least_negative; /* of each class to be large enough; raised to 2, without which there is no variance */
};
/* group: 0 .. n_groups - 1 of each observation. Clusters (NULL or n_clusters of them) may reach over groups. Errors: those of
 * accuracy/delong.h. */
int subgroup_make(struct subgroup *out, int n_groups, const int *group, const double *score, const uint8_t *truth, size_t n,
                  const size_t *cluster, size_t n_clusters, const struct subgroup_rule *rule, struct err *e);

struct homogeneity {
    double chi_square, df, p;
};
/* Are k >= 2 independent estimates equal? Cochran's heterogeneity Q (1954, Biometrics 10:101): sum of (x - xbar)^2 / v with xbar weighted
 * by 1 / v, k - 1 df. A variance of 0: ERR_STATS_UNDEFINED. */
int homogeneity_test(struct homogeneity *out, const double *estimate, const double *variance, size_t k, struct err *e);

/* Interaction of score and group on the outcome: likelihood ratio test of logit P = group + slope_group * score against one common slope;
 * df = groups - 1. Every group 0 .. n_groups - 1 (2 .. 16) must have observations. Errors of stats/logistic.h. */
int interaction_test(struct homogeneity *out, int n_groups, const int *group, const double *score, const uint8_t *truth, size_t n,
                     struct err *e);

/* p-values adjusted for n tests by Holm 1979 (Scand J Stat 6:65), in the order given; as R's p.adjust(method = "holm"). A p outside [0, 1]
 * or NaN: ERR_STATS_RANGE, ERR_STATS_NAN. */
int holm_adjust(double *adjusted, const double *p, size_t n, struct err *e);

#endif
