/* How many are needed. Floor 2. Normal approximations: planning numbers, rounded up.
 *
 * `ratio` is negatives per positive, above 0. level: confidence of the interval or 1 - two-sided alpha of the test; power in (0, 1).
 * Arguments out of range: ERR_STATS_RANGE; an answer above 1e9: ERR_STATS_CONVERGENCE.
 */
#ifndef BMU_ACCURACY_SAMPLE_SIZE_H
#define BMU_ACCURACY_SAMPLE_SIZE_H

#include <stddef.h>

#include "accuracy/mrmc.h"
#include "base/err.h"

struct sample_size {
    size_t positives, negatives, total;
    const char *formula, *citation; /* for the report; static */
};

enum sample_size_variance {
    SAMPLE_HANLEY_MCNEIL, /* Q1 = A / (2 - A), Q2 = 2 A^2 / (1 + A): Hanley & McNeil 1982 (Radiology 143:29), negative exponential */
    SAMPLE_OBUCHOWSKI,    /* binormal: 0.0099 exp(-a^2 / 2) ((5 a^2 + 8) + (a^2 + 8) / ratio), a = 1.414 z(A): Obuchowski 1998 (Stat Methods
                             Med    Res 7:371) */
};
/* Positives so that the interval of one AUC in (0.5, 1) has half-width `half`. */
int sample_size_auc(struct sample_size *out, enum sample_size_variance variance, double auc, double half, double ratio, double level,
                    struct err *e);
/* Positives to tell an AUC from the value `null`: (z_alpha sqrt(V0) + z_beta sqrt(V1))^2 / (auc - null)^2. */
int sample_size_auc_test(struct sample_size *out, enum sample_size_variance variance, double auc, double null, double ratio, double level,
                         double power, struct err *e);
/* Positives to tell two AUCs of the same cases apart, whose estimates correlate by r in (-1, 1): V0 = 2 V(a) (1 - r), V1 = V(a) + V(b) - 2
 * r sqrt(V(a) V(b)) (Obuchowski & McClish 1997, Stat Med 16:1529; r: Hanley & McNeil 1983, Radiology 148:839). */
int sample_size_auc_paired(struct sample_size *out, enum sample_size_variance variance, double auc_a, double auc_b, double correlation,
                           double ratio, double level, double power, struct err *e);
/* Positives so that sensitivity has half-width `half`, z^2 p (1 - p) / half^2, and the total at this prevalence, positives / prevalence
 * (Buderer 1996, Acad Emerg Med 3:895). For specificity give it 1 - prevalence and read positives as negatives. */
int sample_size_sensitivity(struct sample_size *out, double sensitivity, double half, double prevalence, double level, struct err *e);

/* Power of a factorial reader study of two modalities, random readers and cases, for a difference `effect`, from the components of a pilot
 * with pilot_cases: Hillis, Obuchowski & Berbaum 2011 (Acad Radiol 18:129), Obuchowski & Rockette's model with Hillis's degrees of freedom:
 * noncentral F with 1 and df2, D = var_TR + c (var_error - cov1 + (readers - 1) max(cov2 - cov3, 0)), lambda = readers effect^2 / (2 D),
 * df2 = (readers - 1) D^2 / (var_TR + c (var_error - cov1 - max(cov2 - cov3, 0)))^2, where c = pilot_cases / cases and a negative var_TR is
 * 0. */
int mrmc_power(double *power, const struct mrmc_components *pilot, size_t pilot_cases, int readers, size_t cases, double effect,
               double level, struct err *e);
/* The least number of cases (total; positives and negatives in the pilot's proportion, not filled) that reaches the power with so many
 * readers. Unreachable with these readers: ERR_STATS_CONVERGENCE. */
int mrmc_cases(struct sample_size *out, const struct mrmc_components *pilot, size_t pilot_cases, int readers, double effect, double level,
               double power, struct err *e);

#endif
