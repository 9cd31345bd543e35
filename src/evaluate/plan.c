/* What an evaluation plan must be, and the plan as JSON. Floor 5. */
#include "evaluate/plan.h"

#include <math.h>
#include <string.h>

#include "evaluate/birads.h"

static const char *const rules[] = {[THRESHOLD_YOUDEN] = "youden",
                                    [THRESHOLD_SENSITIVITY] = "sensitivity",
                                    [THRESHOLD_SPECIFICITY] = "specificity",
                                    [THRESHOLD_CLOSEST_TOP_LEFT] = "closest_top_left",
                                    [THRESHOLD_COST] = "cost"};

const char *study_plan_rule_name(int rule) {
    return rule == PLAN_RULE_NONE ? "none" : rules[rule];
}

struct range {
    const char *key;
    double value, low, high;
    bool open; /* the ends are excluded */
};

static int check_ranges(const struct range *list, size_t n, struct err *e) {
    for (size_t i = 0; i < n; i++) {
        const struct range *r = &list[i];
        const bool inside = r->open ? r->value > r->low && r->value < r->high : r->value >= r->low && r->value <= r->high;
        if (!isfinite(r->value) || !inside)
            return err_set(e, ERR_PLAN, "%s is %g; it must be a number %s %g and %g", r->key, r->value,
                           r->open ? "strictly between" : "between", r->low, r->high);
    }
    return 0;
}

static int check_names(const struct study_plan *p, struct err *e) {
    for (unsigned i = 0; i < p->n_thresholds; i++)
        for (unsigned k = 0; k < i; k++)
            if (strcmp(p->thresholds[i].name, p->thresholds[k].name) == 0)
                return err_set(e, ERR_PLAN, "two thresholds are named '%s'", p->thresholds[i].name);
    for (unsigned i = 0; i < p->n_subgroups; i++)
        for (unsigned k = 0; k < i; k++)
            if (strcmp(p->subgroups[i], p->subgroups[k]) == 0)
                return err_set(e, ERR_PLAN, "subgroup column '%s' appears twice", p->subgroups[i]);
    for (unsigned i = 0; i < p->n_downgrades; i++)
        for (unsigned k = 0; k < p->downgrades[i].n_categories; k++)
            if (birads_read(p->downgrades[i].categories[k]) < BIRADS_4A || birads_read(p->downgrades[i].categories[k]) > BIRADS_5)
                return err_set(e, ERR_PLAN, "downgrade '%s': '%s' is not a BI-RADS category that leads to biopsy (4, 4a, 4b, 4c, 5)",
                               p->downgrades[i].name, p->downgrades[i].categories[k]);
    for (unsigned i = 1; i < p->n_age_bands; i++)
        if (!(p->age_bands[i] > p->age_bands[i - 1]))
            return err_set(e, ERR_PLAN, "age_bands must increase");
    return 0;
}

int study_plan_check(const struct study_plan *p, struct err *e) {
    const struct range ranges[] = {{"level", p->level, 0.5, 1, true},
                                   {"bootstrap: resamples", p->resamples, 100, 1000000, false},
                                   {"sum_tolerance", p->sum_tolerance, 1e-9, 0.01, false},
                                   {"noninferiority_margin", p->noninferiority_margin, 0, 1, true},
                                   {"partial_auc: low", p->partial_low, 0, 1, false},
                                   {"partial_auc: high", p->partial_high, 0, 1, false},
                                   {"reliability: bins", p->bins, 2, 100, false},
                                   {"reliability: logit_clip", p->logit_clip, 0, 0.1, true},
                                   {"decision_curve: low", p->decision_low, 0, 1, true},
                                   {"decision_curve: high", p->decision_high, 0, 1, true},
                                   {"decision_curve: points", p->decision_points, 2, 200, false},
                                   {"downgrade: limit", p->downgrade_limit, 0, 1, true},
                                   {"downgrade: bound_level", p->downgrade_level, 0.5, 1, true}};
    int rc = check_ranges(ranges, sizeof ranges / sizeof *ranges, e);
    for (unsigned i = 0; i < p->n_prevalences && !rc; i++)
        rc = check_ranges(&(struct range){"prevalences", p->prevalences[i], 0, 1, true}, 1, e);
    for (unsigned i = 0; i < p->n_thresholds && !rc; i++)
        if (p->score == PLAN_PROBABILITY)
            rc = check_ranges(&(struct range){"thresholds", p->thresholds[i].value, 0, 1, false}, 1, e);
    for (unsigned i = 0; i < p->n_downgrades && !rc; i++)
        rc = check_ranges(&(struct range){"downgrade: threshold", p->downgrades[i].threshold, 0, 1, false}, 1, e);
    if (rc)
        return rc;
    if (!(p->partial_low < p->partial_high))
        return err_set(e, ERR_PLAN, "partial_auc: low must be below high");
    if (!(p->decision_low < p->decision_high))
        return err_set(e, ERR_PLAN, "decision_curve: low must be below high");
    const int positive = birads_read(p->reader_positive);
    if (positive < BIRADS_3 || positive > BIRADS_5)
        return err_set(e, ERR_PLAN, "readers: positive_from is '%s'; it must be a BI-RADS category from 3 to 5", p->reader_positive);
    return check_names(p, e);
}

static void put_numbers(struct json *j, const char *key, const double *x, unsigned n) {
    struct json *list = json_array();
    for (unsigned i = 0; i < n; i++)
        json_push_number(list, x[i]);
    json_put(j, key, list);
}

static void put_strings(struct json *j, const char *key, char *const *x, unsigned n) {
    struct json *list = json_array();
    for (unsigned i = 0; i < n; i++)
        json_push_string(list, x[i]);
    json_put(j, key, list);
}

static struct json *thresholds_json(const struct study_plan *p) {
    struct json *list = json_array();
    for (unsigned i = 0; i < p->n_thresholds; i++) {
        struct json *t = json_object();
        json_put_string(t, "name", p->thresholds[i].name);
        json_put_number(t, "value", p->thresholds[i].value);
        json_push(list, t);
    }
    return list;
}

static struct json *downgrade_json(const struct study_plan *p) {
    struct json *j = json_object(), *list = json_array();
    json_put_number(j, "limit", p->downgrade_limit);
    json_put_number(j, "bound_level", p->downgrade_level);
    for (unsigned i = 0; i < p->n_downgrades; i++) {
        struct json *d = json_object();
        json_put_string(d, "name", p->downgrades[i].name);
        put_strings(d, "categories", p->downgrades[i].categories, p->downgrades[i].n_categories);
        json_put_number(d, "threshold", p->downgrades[i].threshold);
        json_push(list, d);
    }
    json_put(j, "rules", list);
    return j;
}

static struct json *pair_json(const char *a, double x, const char *b, double y) {
    struct json *j = json_object();
    json_put_number(j, a, x);
    json_put_number(j, b, y);
    return j;
}

struct json *study_plan_json(const struct study_plan *p) {
    struct json *j = json_object(), *x;
    json_put_string(j, "name", p->name);
    json_put_number(j, "level", p->level);
    x = json_object();
    json_put_integer(x, "resamples", p->resamples);
    json_put_integer(x, "seed", p->seed);
    json_put(j, "bootstrap", x);
    json_put_string(j, "score", p->score == PLAN_ANY ? "any" : "probability");
    json_put_number(j, "sum_tolerance", p->sum_tolerance);
    json_put(j, "thresholds", thresholds_json(p));
    x = json_object();
    json_put_string(x, "rule", study_plan_rule_name(p->threshold_rule));
    json_put_number(x, "target", p->threshold_target);
    json_put(j, "threshold_rule", x);
    put_numbers(j, "prevalences", p->prevalences, p->n_prevalences);
    json_put_number(j, "noninferiority_margin", p->noninferiority_margin);
    x = pair_json("low", p->partial_low, "high", p->partial_high);
    json_put_string(x, "axis", p->partial_axis == ROC_SPECIFICITY ? "specificity" : "sensitivity");
    json_put(j, "partial_auc", x);
    x = json_object();
    json_put_string(x, "rule", p->bins_rule == CALIBRATION_EQUAL_MASS ? "equal_mass" : "equal_width");
    json_put_integer(x, "bins", p->bins);
    json_put_number(x, "logit_clip", p->logit_clip);
    json_put(j, "reliability", x);
    x = pair_json("low", p->decision_low, "high", p->decision_high);
    json_put_integer(x, "points", p->decision_points);
    json_put(j, "decision_curve", x);
    x = json_object();
    json_put_string(x, "reference", p->reference_reader);
    json_put_string(x, "positive_from", p->reader_positive);
    json_put(j, "readers", x);
    json_put(j, "downgrade", downgrade_json(p));
    x = json_object();
    put_strings(x, "columns", p->subgroups, p->n_subgroups);
    put_numbers(x, "age_bands", p->age_bands, p->n_age_bands);
    json_put_integer(x, "least_positive", p->least_positive);
    json_put_integer(x, "least_negative", p->least_negative);
    json_put(j, "subgroups", x);
    return j;
}
