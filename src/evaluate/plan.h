/* The evaluation plan: what will be computed, written down before the data are looked at. A YAML file (share/plans/default.yml, which
 * explains every key). Every key has to be there: what a plan leaves open could be decided afterwards. Floor 5. */
#ifndef BMU_EVALUATE_PLAN_H
#define BMU_EVALUATE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "accuracy/calibration.h"
#include "accuracy/roc.h"
#include "accuracy/threshold.h"
#include "base/err.h"
#include "file/json.h"

enum { PLAN_LIST_MAX = 32 };

enum plan_score {
    PLAN_PROBABILITY, /* scores are probabilities of malignancy, else an error */
    PLAN_ANY,         /* any finite number: ranks only, no calibration and no utility */
};

struct plan_threshold {
    char *name;
    double value; /* score >= value is a positive call */
};
/* Lesions of these BI-RADS categories with a score below the threshold would be followed instead of biopsied. */
struct plan_downgrade {
    char *name;
    char **categories; /* as in the tables: 4, 4a, 4b, 4c */
    unsigned n_categories;
    double threshold;
};
/* PLAN_RULE_NONE: no threshold is chosen from data. */
enum { PLAN_RULE_NONE = -1 };

struct study_plan {
    char *name;
    double level; /* of all intervals */
    uint32_t resamples, seed;
    enum plan_score score;
    double sum_tolerance; /* class probabilities of a row may miss 1 by so much; they are then divided by their sum, and counted */
    struct plan_threshold *thresholds;
    unsigned n_thresholds;
    int threshold_rule; /* enum threshold_rule or PLAN_RULE_NONE, of a threshold chosen on another set */
    double threshold_target;
    double *prevalences; /* for predictive values elsewhere */
    unsigned n_prevalences;
    double noninferiority_margin; /* of sensitivity, specificity and AUC */
    enum roc_axis partial_axis;
    double partial_low, partial_high;
    enum calibration_rule bins_rule;
    uint32_t bins;
    double logit_clip;                  /* probabilities are moved into [clip, 1 - clip] before their logit is taken */
    double decision_low, decision_high; /* thresholds of the decision curve, */
    uint32_t decision_points;           /* so many, evenly spread */
    char *reference_reader;             /* "": none */
    char *reader_positive;              /* BI-RADS from which a reader's call is positive: 4a or 4 */
    struct plan_downgrade *downgrades;
    unsigned n_downgrades;
    double downgrade_limit, downgrade_level; /* 0.02; one-sided level of the exact bound */
    char **subgroups;                        /* columns of the truth; `age` goes by bands, `inputs` by what was computed */
    unsigned n_subgroups;
    double *age_bands; /* rising lower edges */
    unsigned n_age_bands;
    uint32_t least_positive, least_negative; /* of each class, for numbers of a subgroup to be shown */
};

/* ERR_YAML, ERR_PLAN (contradicts itself), ERR_LIMIT, ERR_FILE_*. */
int study_plan_parse_yaml(struct study_plan **out, const char *text, size_t n, struct err *e);
void study_plan_free(struct study_plan *p);
/* All of it, with the keys of the file. */
struct json *study_plan_json(const struct study_plan *p);

/* plan.c, called by study_plan_parse_yaml(). */
int study_plan_check(const struct study_plan *p, struct err *e);
const char *study_plan_rule_name(int rule);

#endif
