/* All numbers of a two-class evaluation with their bootstrap intervals, in one pass per resample. Floor 2. */
#ifndef BMU_ACCURACY_BOOTSTRAP_BINARY_H
#define BMU_ACCURACY_BOOTSTRAP_BINARY_H

#include <stdbool.h>
#include <stdint.h>

#include "accuracy/roc.h"
#include "stats/bootstrap.h"

/* name, meaning. Definitions: accuracy/roc.h, accuracy/binary.h; Brier: accuracy/calibration.h. */
#define BINARY_METRICS(X)                                                                                                                  \
    X(AUC, "area under the ROC curve")                                                                                                     \
    X(PARTIAL_AUC, "partial area under the ROC curve")                                                                                     \
    X(AVERAGE_PRECISION, "average precision")                                                                                              \
    X(SENSITIVITY, "sensitivity")                                                                                                          \
    X(SPECIFICITY, "specificity")                                                                                                          \
    X(PPV, "positive predictive value")                                                                                                    \
    X(NPV, "negative predictive value")                                                                                                    \
    X(ACCURACY, "accuracy")                                                                                                                \
    X(BALANCED_ACCURACY, "balanced accuracy")                                                                                              \
    X(LIKELIHOOD_POSITIVE, "positive likelihood ratio")                                                                                    \
    X(LIKELIHOOD_NEGATIVE, "negative likelihood ratio")                                                                                    \
    X(F1, "F1")                                                                                                                            \
    X(PREVALENCE, "prevalence")                                                                                                            \
    X(BRIER, "Brier score")                                                                                                                \
    X(MEAN_PROBABILITY, "mean of the predicted probabilities")

enum binary_metric {
#define X(name, meaning) METRIC_##name,
    BINARY_METRICS(X)
#undef X
        METRIC_COUNT
};
const char *binary_metric_name(enum binary_metric m); /* "BALANCED_ACCURACY" */

struct binary_cohort {
    const double *score;
    const uint8_t *truth;
    double threshold;   /* a positive call is score >= threshold */
    double partial_low; /* the partial area's range of specificity, uncorrected */
    double partial_high;
    bool probability; /* scores are probabilities: without it, BRIER and MEAN_PROBABILITY are undefined */
};

struct metric_interval {
    bool defined; /* of the whole sample; else nothing else means anything */
    double value;
    bool interval_defined, bca_defined; /* false where too few resamples define it, or all are alike */
    struct interval percentile, bca;
    size_t undefined; /* resamples that leave it undefined */
};

/* The metrics of the cohort and their intervals. replicates (METRIC_COUNT x resamples, mem_free() it) may be NULL. Errors: those of
 * accuracy/roc.h and stats/bootstrap.h; ERR_STATS_RANGE for a partial range or a probability outside [0, 1]. */
int bootstrap_binary(struct metric_interval out[METRIC_COUNT], double **replicates, const struct binary_cohort *cohort,
                     const struct bootstrap *design, double level, struct err *e);

#endif
