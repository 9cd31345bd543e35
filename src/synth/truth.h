/* What can be known of an exam: the exact posterior from the clinical data, and the ideal observer of its images. Floor 5.
 *
 * Clinical: Bayes' rule over the model of risk.h with every missing value, the centre and the choice of modalities summed out; that a value
 * is missing counts as an observation. Exact: no sampling, no approximation (the sum is over classes and whole hundredths of log odds).
 * Images: the likelihood ratio of the generating parameters that the present views show. A picture shows them through texture and noise,
 * so no reader of pictures reaches this: it bounds the attainable AUC from above.
 */
#ifndef BMU_SYNTH_TRUTH_H
#define BMU_SYNTH_TRUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "phantom/case.h"
#include "synth/lesion.h"
#include "synth/risk.h"

/* The intercept with which the mean chance of malignancy over all women is `prevalence`, 0 < prevalence < 1. */
double truth_intercept(double prevalence);
/* P(malignant | recorded values and which are missing). s: the centre is not looked at, nor are missing values. */
double truth_clinical(const struct risk_state *s, const bool missing[CLINICAL_FIELDS], double intercept);

struct truth {
    bool malignant;
    double clinical;             /* the posterior above */
    double group[LESION_GROUPS]; /* log likelihood ratio of each group alone; NAN: no view shows it */
    double images;               /* of all visible groups together */
    double image_posterior;      /* from the prevalence and images */
    double all;                  /* from clinical and images */
};
void truth_of(struct truth *out, const struct synth_case *c, bool malignant, double intercept, double prevalence);

/* Area under the ROC curve by ranks, ties half (Hanley & McNeil, Radiology 1982;143:29); rows with a score of NAN are left out. *n counts
 * the rest. NAN if a class is empty. */
int truth_auc(double *auc, size_t *n, const double *score, const bool *malignant, size_t rows, struct err *e);

#endif
