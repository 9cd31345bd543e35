/* A test that says yes or no: sensitivity and what goes with it. Floor 2. */
#ifndef BMU_ACCURACY_BINARY_H
#define BMU_ACCURACY_BINARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "stats/check.h"
#include "stats/proportion.h"

struct counts { /* the fourfold table */
    size_t true_positive, false_negative, false_positive, true_negative;
};
/* Calls score >= threshold positive. One class only is no error here: the proportions without a denominator say so. Errors:
 * ERR_STATS_TOO_FEW, ERR_STATS_NAN, ERR_STATS_RANGE. */
int binary_count(struct counts *out, const double *score, const uint8_t *truth, size_t n, double threshold, struct err *e);

struct ratio {
    bool defined; /* false where a cell that the ratio or its interval divides by is 0; value NaN: all are called alike */
    double value;
    struct interval interval;
};

struct binary {
    struct counts counts;
    struct proportion sensitivity, specificity, positive_predictive, negative_predictive, accuracy;
    /* sensitivity / (1 - specificity) and (1 - sensitivity) / specificity; interval on the log scale (Simel, Samsa & Matchar 1991, J Clin
     * Epidemiol 44:763): variance 1/tp - 1/(tp+fn) + 1/fp - 1/(fp+tn), and likewise with fn, tn */
    struct ratio likelihood_positive, likelihood_negative;
    bool balanced_defined;            /* both classes there */
    double balanced_accuracy, youden; /* (se + sp) / 2, se + sp - 1 */
    bool f1_defined;
    double f1; /* 2 tp / (2 tp + fp + fn) */
};
/* Predictive values are those at this sample's prevalence. Errors: ERR_STATS_RANGE (level), ERR_STATS_TOO_FEW (an empty table). */
int binary_make(struct binary *out, const struct counts *c, double level, struct err *e);

enum predictive_interval {
    PREDICTIVE_LOGIT,    /* standard logit; not defined with a sensitivity or specificity of 0 or 1 */
    PREDICTIVE_ADJUSTED, /* z^2 / 2 added to both cells of each class before: always defined; its centre is the adjusted estimate */
};
struct predictive { /* `defined` is of the interval; the value stands unless nothing at all was called so (NaN) */
    struct ratio positive, negative;
};
/* Predictive values at a stated prevalence in (0, 1), as a case-control sample needs (Mercaldo, Lau & Zhou 2007, Stat Med 26:2170):
 * PPV = se p / (se p + (1 - sp)(1 - p)), NPV = sp (1 - p) / (sp (1 - p) + (1 - se) p); variance of logit PPV = (1-se)/se/n1 + sp/(1-sp)/n0,
 * of logit NPV = se/(1-se)/n1 + (1-sp)/sp/n0. One class only: ERR_STATS_ONE_CLASS. */
int binary_predictive(struct predictive *out, const struct counts *c, double prevalence, enum predictive_interval kind, double level,
                      struct err *e);

#endif
