/* Several readers read the same cases under several modalities (with and without the model, say): the analysis of Obuchowski & Rockette
 * 1995 (Commun Stat Simul Comput 24:285) with the degrees of freedom of Hillis 2007 (Stat Med 26:596) and Hillis, Berbaum & Metz 2008 (Acad
 * Radiol 15:647). Floor 2.
 *
 * Design: factorial, each reader reads each case under each modality. Model: figure_ij = mean + modality_i + reader_j + interaction_ij +
 * error_ij, where errors covary by Cov1 (same reader, other modality), Cov2 (other reader, same modality), Cov3 (both other).
 */
#ifndef BMU_ACCURACY_MRMC_H
#define BMU_ACCURACY_MRMC_H

#include <stddef.h>
#include <stdint.h>

#include "stats/check.h"

struct mrmc_study {
    int modalities, readers;
    size_t cases;
    const double *score;  /* score[(modality * readers + reader) * cases + c] */
    const uint8_t *truth; /* of each case */
};

enum mrmc_figure { MRMC_AUC, MRMC_SENSITIVITY, MRMC_SPECIFICITY };
enum mrmc_covariance {
    MRMC_DELONG,    /* DeLong et al. 1988 */
    MRMC_JACKKNIFE, /* (N - 1) / N * sum of products of the leave-one-case-out deviations, over the N cases that the figure is made of (of
                       sensitivity the positives), as OR-DBM MRMC and MRMCaov */
};
/* The figure of merit of each modality and reader (modalities * readers numbers) and their covariance matrix. The threshold is that of
 * sensitivity and specificity (score >= threshold is positive). Errors: those of accuracy/delong.h. */
int mrmc_figures(double *figure, double *covariance, const struct mrmc_study *study, enum mrmc_figure kind, double threshold,
                 enum mrmc_covariance method, struct err *e);

struct mrmc_components {                           /* as estimated: may be negative */
    double ms_modality, ms_reader, ms_interaction; /* mean squares of the modality x reader ANOVA */
    double var_reader, var_interaction, var_error, cov1, cov2, cov3;
};
enum mrmc_model {
    MRMC_RANDOM_BOTH,   /* random readers and random cases: for the populations of both */
    MRMC_FIXED_READERS, /* random cases: for these readers only */
    MRMC_FIXED_CASES,   /* random readers: for these cases only */
};
struct mrmc; /* figures, covariances and components */

/* From figures and covariances, of mrmc_figures() or of any other figure of merit. t >= 1 modalities, r >= 1 readers; NaN: ERR_STATS_NAN.
 */
int mrmc_make(struct mrmc **out, const double *figure, const double *covariance, int modalities, int readers, struct err *e);
void mrmc_free(struct mrmc *m);
const struct mrmc_components *mrmc_components(const struct mrmc *m);

struct mrmc_test {
    double statistic; /* F; for fixed readers chi-square / 1, with df2 = INFINITY */
    double df1, df2;
    double denominator; /* of the F statistic; for fixed readers of the chi-square */
    double p;
};
/* H0: all modalities have the same mean figure. Needs two modalities and, for random readers, two readers: else ERR_STATS_TOO_FEW; a
 * denominator of 0 is ERR_STATS_UNDEFINED. */
int mrmc_equal(struct mrmc_test *out, const struct mrmc *m, enum mrmc_model model, struct err *e);

struct mrmc_estimate {
    double value, standard_error;
    double df;        /* of t; INFINITY: normal */
    double statistic; /* value / standard_error */
    double p;         /* two-sided, of value = 0: of use for differences */
    struct interval interval;
};
/* Mean figure of modality a less that of modality b, averaged over readers. */
int mrmc_difference(struct mrmc_estimate *out, const struct mrmc *m, enum mrmc_model model, int a, int b, double level, struct err *e);
/* Mean figure of one modality, from its own data only. */
int mrmc_modality(struct mrmc_estimate *out, const struct mrmc *m, enum mrmc_model model, int modality, double level, struct err *e);
/* One reader's difference between two modalities, from that reader's own data (cases are random). */
int mrmc_reader_difference(struct mrmc_estimate *out, const struct mrmc *m, int reader, int a, int b, double level, struct err *e);

#endif
