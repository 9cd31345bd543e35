/* The sections of an evaluation, each in its analysis_*.c. Floor 5. */
#ifndef BMU_EVALUATE_ANALYSIS_H
#define BMU_EVALUATE_ANALYSIS_H

#include "evaluate/evaluation.h"

/* A statistic's outcome: 0 leaves the gap empty; a code of statistics fills it and is no error; any other code is passed on. */
int gap_take(struct gap *g, int rc, const struct err *e);
void gap_set(struct gap *g, const char *format, ...) __attribute__((format(printf, 2, 3)));

int analyse_binary(struct evaluation *v, const struct evaluation_input *in, struct err *e);
int analyse_comparisons(struct evaluation *v, struct err *e);
int analyse_tiers(struct evaluation *v, struct err *e);
int analyse_readers(struct evaluation *v, struct err *e);
int analyse_biopsy(struct evaluation *v, struct err *e);
int analyse_calibration(struct evaluation *v, const struct evaluation_input *in, struct err *e);
int analyse_utility(struct evaluation *v, struct err *e);
int analyse_subgroups(struct evaluation *v, struct err *e);
int analyse_samples(struct evaluation *v, struct err *e);

/* AUC with its intervals; cluster may be NULL. */
int analyse_auc(struct auc *out, const double *score, const uint8_t *truth, size_t n, const size_t *cluster, size_t n_clusters,
                double level, struct err *e);
/* The primary threshold, or NULL. */
const struct threshold_result *primary_threshold(const struct evaluation *v);
/* A BI-RADS category of each exam from the column birads of the truth, or from the reference reader; source: which. NULL: neither. */
const short *clinical_birads(const struct evaluation *v, const char **source);
/* n_leaves x level: probability of each class of the level (by row), class names and the class of each leaf. */
int level_class(const struct tree *t, size_t level, size_t leaf);
int level_classes(const struct tree *t, size_t level);
const char *level_class_name(const struct tree *t, size_t level, int c);
void level_probability(double *out, const struct tree *t, size_t level, const double *leaves);

#endif
