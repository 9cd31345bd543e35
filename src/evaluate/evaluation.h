/* All numbers of an evaluation, as plain data: filled by evaluation_make() (analysis.c and its sections), written by results.c, figures.c
 * and document.c. Floor 5.
 *
 * Every statistic that may not exist has a gap: gap.why[0] == 0 means computed, else the sentence says why there is nothing, and the
 * numbers beside it mean nothing. Pointers live in the arena, or belong to the joined tables, the plan and the tree, which outlive it.
 */
#ifndef BMU_EVALUATE_EVALUATION_H
#define BMU_EVALUATE_EVALUATION_H

#include <signal.h>

#include "accuracy/binary.h"
#include "accuracy/bootstrap_binary.h"
#include "accuracy/calibration.h"
#include "accuracy/decision_curve.h"
#include "accuracy/delong.h"
#include "accuracy/downgrade.h"
#include "accuracy/mrmc.h"
#include "accuracy/recalibrate.h"
#include "accuracy/sample_size.h"
#include "accuracy/subgroup.h"
#include "accuracy/tiers.h"
#include "evaluate/join.h"
#include "stats/kappa.h"
#include "stats/paired.h"

struct gap {
    char why[256];
};
static inline bool gap_none(const struct gap *g) {
    return g->why[0] == '\0';
}

enum { KAPPAS = 3 }; /* enum kappa_weights */

struct auc {
    struct gap gap;
    bool estimated; /* where there is a gap: value holds all the same, only its variance is not defined (one positive or one negative) */
    double value, standard_error;
    struct interval plain;
    struct gap logit_gap; /* an AUC of 0 or 1 */
    struct interval logit;
};

enum threshold_origin { THRESHOLD_PLANNED, THRESHOLD_CHOSEN, THRESHOLD_LOCKED };
struct threshold_result {
    const char *name;
    enum threshold_origin origin;
    double value;
    struct binary binary;
    struct gap reweighted_gap;
    struct predictive *reweighted; /* one per prevalence of the plan, adjusted logit intervals */
    struct gap bootstrap_gap;
    struct metric_interval bootstrap[METRIC_COUNT];
    /* exams of known truth without a score (refused, not predicted) counted as wrong calls */
    struct proportion worst_sensitivity, worst_specificity;
};

struct binary_section {
    size_t n, n_positive;
    bool clustered;  /* patients with several exams: intervals by patient */
    struct gap gap;  /* of all that needs both classes */
    struct roc *roc; /* owned */
    struct auc auc;  /* by patient if clustered */
    struct auc auc_ignoring_patients;
    struct gap partial_gap;
    double partial, partial_corrected;
    double average_precision, precision_recall_auc;
    size_t n_thresholds; /* chosen or locked first, then the plan's; the first is the primary one */
    struct threshold_result *thresholds;
};

/* Another score against the model's, on the exams that have both. */
struct comparison {
    const char *name;
    size_t n, n_positive;
    struct auc auc; /* of the other score */
    struct gap delong_gap;
    struct delong_test delong; /* model less other score */
};

struct level_result {
    const char *name;
    int k;
    const char **class_name; /* k, in rising risk */
    size_t *confusion;       /* [true * k + called] */
    struct tiers summary;
    struct proportion accuracy;
    struct gap auc_gap;
    double macro_auc, *auc; /* k */
    uint8_t *auc_defined;   /* k */
    struct gap hand_till_gap;
    double hand_till;
    size_t hand_till_pairs;
    struct gap kappa_gap[KAPPAS];
    struct kappa kappa[KAPPAS];
};
struct tiers_section {
    struct gap gap;
    size_t n; /* exams whose tier is known */
    size_t n_levels;
    struct level_result *levels; /* top first */
    double tree_cost;
};

struct reader_result { /* one reader under one condition */
    size_t reader, condition;
    size_t n, n_positive; /* exams read */
    bool undivided;       /* 4 and 4a .. 4c were mixed: all are 4 for the AUC */
    struct auc auc;       /* of the BI-RADS category as a score */
    struct binary binary; /* at the plan's positive_from */
    /* against the model at its primary threshold, on the exams read; first: the model. Index 0: malignant exams (sensitivity), 1: benign */
    struct binary model;
    struct gap pair_gap[2];
    struct pairs pairs[2]; /* right calls */
    struct mcnemar mcnemar[2];
    struct paired_difference difference[2]; /* model less reader */
    struct gap noninferiority_gap[2];
    double noninferiority_z[2], noninferiority_p[2];
    struct gap delong_gap;
    struct delong_test delong; /* model less reader */
    struct gap auc_noninferiority_gap;
    double auc_noninferiority_z, auc_noninferiority_p;
};
struct agreement { /* of two readers under the first condition */
    size_t a, b, n;
    struct gap gap[KAPPAS];
    struct kappa kappa[KAPPAS];
};
struct readers_section {
    struct gap gap;
    size_t n_results;
    struct reader_result *results;
    size_t n_agreements;
    struct agreement *agreements;
    size_t n_complete; /* exams read by everybody under every condition: of what follows */
    struct gap fleiss_gap, cochran_gap[2];
    struct kappa fleiss;               /* categories, first condition */
    double cochran_q[2], cochran_p[2]; /* positive calls of readers and model: among malignant, among benign exams */
    struct gap mean_gap;
    struct mrmc_estimate *mean; /* mean reader AUC of each condition, random readers and cases */
    struct gap mrmc_gap;
    struct mrmc_test mrmc_equal[3];          /* by enum mrmc_model */
    struct mrmc_estimate mrmc_difference[3]; /* second condition less first */
    struct mrmc_components components;
};

/* One column biopsy_reading...: a pathologist's reading of the biopsy, held against the truth (surgery, follow-up) beside the model. */
struct biopsy_result {
    const char *name;
    struct gap gap;
    size_t n;
    struct binary binary; /* the pathologist's */
    struct proportion model_accuracy;
    struct pairs pairs; /* right calls; first: the model at its primary threshold */
    struct mcnemar mcnemar;
    struct paired_difference difference; /* of accuracies, model less pathologist */
    struct gap noninferiority_gap;
    double noninferiority_z, noninferiority_p;
};

struct calibration_result {
    const char *name; /* "as_given", "platt", "isotonic", "temperature" */
    struct gap gap;   /* of the recalibration: nothing below */
    struct gap line_gap, hosmer_lemeshow_gap, ici_gap;
    struct calibration_line line;
    struct calibration_bin *bins; /* plan->bins */
    double ece, mce;
    struct brier brier;
    double hl_chi_square, hl_df, hl_p;
    struct ici ici;
};
struct calibration_section {
    struct gap gap;
    size_t n_results;
    struct calibration_result *results;
    size_t development_n, development_positive; /* 0: none was given */
    struct platt platt;
    struct gap *temperature_gap; /* n_levels of the tree; NULL without class probabilities */
    double *temperature;
};

struct downgrade_result {
    const char *name;
    double threshold;
    const char *source; /* "birads" of the truth table, or the reference reader's name */
    struct gap gap;
    struct downgrade d;
    size_t *missed_by_tier; /* n_leaves; NULL where not every missed cancer's tier is known */
};
struct utility_section {
    struct gap gap;
    size_t n_points;
    struct decision_point *points;
    size_t n_downgrades;
    struct downgrade_result *downgrades;
    size_t zero_miss_needed; /* downgrades without a miss that the bound takes to reach the limit */
};

struct subgroup_result {
    const char *name;
    struct subgroup s;
};
struct subgroup_column {
    const char *name;
    struct gap gap;
    size_t unknown; /* exams with an empty cell: not in any subgroup */
    int n_groups;
    struct subgroup_result *groups;
    struct gap homogeneity_gap, interaction_gap;
    struct homogeneity homogeneity; /* of the AUCs of large enough groups */
    struct homogeneity interaction;
    double interaction_holm;
};
struct subgroups_section {
    size_t n;
    struct subgroup_column *columns;
};

struct sample_result {
    const char *what;
    struct gap gap;
    struct sample_size size;
};

struct evaluation {
    struct arena arena;
    const struct joined *joined;
    const struct study_plan *plan;
    const struct tree *tree;
    struct binary_section binary;
    size_t n_comparisons;
    struct comparison *comparisons;
    struct tiers_section tiers;
    struct readers_section readers;
    size_t n_biopsy;
    struct biopsy_result *biopsy;
    struct calibration_section calibration;
    struct utility_section utility;
    struct subgroups_section subgroups;
    size_t n_samples;
    struct sample_result *samples;
};

struct extra_threshold {
    const char *name;
    enum threshold_origin origin;
    double value;
};
struct evaluation_input {
    const struct joined *joined;
    const struct joined *development; /* for recalibration; NULL */
    const struct study_plan *plan;
    const struct tree *tree;
    const struct extra_threshold *extra;                                      /* chosen or locked; NULL */
    void (*progress)(void *ctx, size_t done, size_t total, const char *what); /* NULL */
    void *progress_ctx;
    const volatile sig_atomic_t *stop; /* looked at before and after each bootstrap; not 0: ERR_INTERRUPTED; NULL */
};
/* Only want of memory, an interruption and our own bugs are errors: what the data do not allow is a gap. */
int evaluation_make(struct evaluation **out, const struct evaluation_input *in, struct err *e);
void evaluation_free(struct evaluation *v);

#endif
