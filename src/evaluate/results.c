/* results.json: the whole, the flow, two classes, tiers. Floor 5. */
#include "evaluate/results.h"

#include <math.h>
#include <string.h>

#include "evaluate/results_part.h"

bool json_defined(struct json *j, const struct gap *g) {
    if (!gap_none(g))
        json_put_string(j, "reason", g->why);
    return gap_none(g);
}

void json_put_null(struct json *j, const char *key) {
    json_put_string(j, key, NULL);
}

void json_put_maybe(struct json *j, const char *key, bool defined, double x) {
    if (defined && isfinite(x))
        json_put_number(j, key, x);
    else
        json_put_null(j, key);
}

void json_put_interval(struct json *j, const char *key, const struct interval *x) {
    struct json *pair = json_array();
    json_push_number(pair, x->low);
    json_push_number(pair, x->high);
    json_put(j, key, pair);
}

void json_put_proportion(struct json *j, const char *key, const struct proportion *p) {
    struct json *x = json_object();
    json_put_integer(x, "count", (int64_t)p->count);
    json_put_integer(x, "total", (int64_t)p->total);
    json_put_maybe(x, "value", p->defined, p->value);
    if (p->defined) {
        json_put_interval(x, "wilson", &p->wilson);
        json_put_interval(x, "clopper_pearson", &p->exact);
    } else
        json_put_string(x, "reason", "no exams in the denominator");
    json_put(j, key, x);
}

static void put_ratio(struct json *j, const char *key, const struct ratio *r) {
    struct json *x = json_object();
    json_put_maybe(x, "value", isfinite(r->value) && (r->defined || r->value > 0), r->value);
    if (r->defined)
        json_put_interval(x, "interval", &r->interval);
    else
        json_put_string(x, "reason", isnan(r->value) ? "no exam was called so, or all were" : "the denominator is 0");
    json_put(j, key, x);
}

struct json *json_auc(const struct auc *a) {
    struct json *j = json_object();
    const bool defined = json_defined(j, &a->gap);
    json_put_maybe(j, "value", defined || a->estimated, a->value);
    if (!defined && a->estimated) {
        json_put_null(j, "standard_error");
        json_put_null(j, "interval");
        json_put_null(j, "logit_interval");
    }
    if (!defined)
        return j;
    json_put_number(j, "standard_error", a->standard_error);
    json_put_interval(j, "interval", &a->plain);
    if (gap_none(&a->logit_gap))
        json_put_interval(j, "logit_interval", &a->logit);
    else {
        json_put_null(j, "logit_interval");
        json_put_string(j, "logit_reason", a->logit_gap.why);
    }
    return j;
}

struct json *json_binary(const struct binary *b) {
    struct json *j = json_object();
    json_put_integer(j, "true_positive", (int64_t)b->counts.true_positive);
    json_put_integer(j, "false_negative", (int64_t)b->counts.false_negative);
    json_put_integer(j, "false_positive", (int64_t)b->counts.false_positive);
    json_put_integer(j, "true_negative", (int64_t)b->counts.true_negative);
    json_put_proportion(j, "sensitivity", &b->sensitivity);
    json_put_proportion(j, "specificity", &b->specificity);
    json_put_proportion(j, "ppv", &b->positive_predictive);
    json_put_proportion(j, "npv", &b->negative_predictive);
    json_put_proportion(j, "accuracy", &b->accuracy);
    put_ratio(j, "likelihood_positive", &b->likelihood_positive);
    put_ratio(j, "likelihood_negative", &b->likelihood_negative);
    json_put_maybe(j, "balanced_accuracy", b->balanced_defined, b->balanced_accuracy);
    json_put_maybe(j, "youden", b->balanced_defined, b->youden);
    json_put_maybe(j, "f1", b->f1_defined, b->f1);
    return j;
}

static struct json *bootstrap_json(const struct threshold_result *t) {
    struct json *j = json_object();
    if (!json_defined(j, &t->bootstrap_gap))
        return j;
    for (int m = 0; m < METRIC_COUNT; m++) {
        const struct metric_interval *x = &t->bootstrap[m];
        struct json *one = json_object();
        json_put_maybe(one, "value", x->defined, x->value);
        if (!x->defined)
            json_put_string(one, "reason", "not defined for these exams");
        else {
            if (x->interval_defined)
                json_put_interval(one, "percentile", &x->percentile);
            else
                json_put_null(one, "percentile");
            if (x->bca_defined)
                json_put_interval(one, "bca", &x->bca);
            else
                json_put_null(one, "bca");
            json_put_integer(one, "undefined_resamples", (int64_t)x->undefined);
        }
        json_put(j, binary_metric_name((enum binary_metric)m), one);
    }
    return j;
}

static struct json *reweighted_json(const struct threshold_result *t, const struct study_plan *p) {
    struct json *list = json_array();
    for (unsigned i = 0; i < p->n_prevalences; i++) {
        struct json *j = json_object();
        json_put_number(j, "prevalence", p->prevalences[i]);
        if (json_defined(j, &t->reweighted_gap)) {
            put_ratio(j, "ppv", &t->reweighted[i].positive);
            put_ratio(j, "npv", &t->reweighted[i].negative);
        }
        json_push(list, j);
    }
    return list;
}

static struct json *thresholds_json(const struct evaluation *v) {
    static const char *const origins[] = {"planned", "chosen", "locked"};
    struct json *list = json_array();
    for (size_t i = 0; i < v->binary.n_thresholds; i++) {
        const struct threshold_result *t = &v->binary.thresholds[i];
        struct json *j = json_object();
        json_put_string(j, "name", t->name);
        json_put_string(j, "origin", origins[t->origin]);
        json_put_number(j, "value", t->value);
        json_put(j, "metrics", json_binary(&t->binary));
        json_put(j, "at_prevalence", reweighted_json(t, v->plan));
        json_put(j, "bootstrap", bootstrap_json(t));
        json_put_proportion(j, "worst_case_sensitivity", &t->worst_sensitivity);
        json_put_proportion(j, "worst_case_specificity", &t->worst_specificity);
        json_push(list, j);
    }
    return list;
}

static struct json *binary_json(const struct evaluation *v) {
    const struct binary_section *b = &v->binary;
    struct json *j = json_object(), *partial = json_object();
    json_put_integer(j, "n", (int64_t)b->n);
    json_put_integer(j, "malignant", (int64_t)b->n_positive);
    json_put_bool(j, "clustered_by_patient", b->clustered);
    const bool curve = json_defined(j, &b->gap);
    json_put(j, "auc", json_auc(&b->auc));
    json_put(j, "auc_ignoring_patients", json_auc(&b->auc_ignoring_patients));
    json_put_maybe(partial, "value", curve && gap_none(&b->partial_gap), b->partial);
    json_put_maybe(partial, "corrected", curve && gap_none(&b->partial_gap), b->partial_corrected);
    json_defined(partial, &b->partial_gap);
    json_put(j, "partial_auc", partial);
    json_put_maybe(j, "average_precision", curve, b->average_precision);
    json_put_maybe(j, "precision_recall_auc", curve, b->precision_recall_auc);
    json_put(j, "thresholds", thresholds_json(v));
    return j;
}

struct json *json_kappa(const struct kappa *k, const struct gap *g) {
    struct json *j = json_object();
    const bool defined = json_defined(j, g);
    json_put_maybe(j, "value", defined, k->value);
    if (defined) {
        json_put_number(j, "standard_error", k->standard_error);
        json_put_interval(j, "interval", &k->interval);
        json_put_maybe(j, "p", true, k->p);
    }
    return j;
}

static struct json *level_json(const struct level_result *l) {
    static const char *const weights[KAPPAS] = {"kappa", "kappa_linear", "kappa_quadratic"};
    struct json *j = json_object(), *classes = json_array(), *rows = json_array(), *areas = json_array();
    json_put_string(j, "level", l->name);
    for (int t = 0; t < l->k; t++) {
        struct json *row = json_array();
        json_push_string(classes, l->class_name[t]);
        for (int p = 0; p < l->k; p++)
            json_push_integer(row, (int64_t)l->confusion[t * l->k + p]);
        json_push(rows, row);
        json_push_number(areas, gap_none(&l->auc_gap) && l->auc_defined[t] ? l->auc[t] : NAN);
    }
    json_put(j, "classes", classes);
    json_put(j, "confusion", rows);
    json_put_proportion(j, "accuracy", &l->accuracy);
    json_put_number(j, "balanced_accuracy", l->summary.balanced_accuracy);
    json_put_number(j, "mean_distance", l->summary.mean_distance);
    json_put_number(j, "mean_shift", l->summary.mean_shift);
    json_put_number(j, "adjacent", l->summary.adjacent);
    json_put(j, "auc_one_versus_rest", areas);
    json_put_maybe(j, "auc_macro", gap_none(&l->auc_gap), l->macro_auc);
    json_put_maybe(j, "hand_till", gap_none(&l->hand_till_gap), l->hand_till);
    json_put_maybe(j, "hand_till_pairs", gap_none(&l->hand_till_gap), (double)l->hand_till_pairs);
    json_defined(j, &l->auc_gap);
    for (int w = 0; w < KAPPAS; w++)
        json_put(j, weights[w], json_kappa(&l->kappa[w], &l->kappa_gap[w]));
    return j;
}

static struct json *tiers_json(const struct evaluation *v) {
    const struct tiers_section *s = &v->tiers;
    struct json *j = json_object(), *levels = json_array();
    json_put_integer(j, "n", (int64_t)s->n);
    if (json_defined(j, &s->gap))
        json_put_number(j, "tree_cost", s->tree_cost);
    for (size_t l = 0; l < s->n_levels; l++)
        json_push(levels, level_json(&s->levels[l]));
    json_put(j, "levels", levels);
    return j;
}

static struct json *flow_json(const struct joined *x) {
    struct json *j = json_object(), *rows = json_array();
    for (int r = 0; r < FLOW_COUNT; r++) {
        const struct flow *f = &x->flow[r];
        struct json *row = json_object(), *exams = json_array();
        json_put_string(row, "row", flow_name((enum flow_row)r));
        json_put_string(row, "what", flow_what((enum flow_row)r));
        json_put_integer(row, "n", (int64_t)f->n);
        for (size_t i = 0; i < f->n && f->id; i++) {
            struct json *exam = json_object();
            json_put_string(exam, "exam_id", f->id[i]);
            if (*f->detail[i])
                json_put_string(exam, "detail", f->detail[i]);
            json_push(exams, exam);
        }
        if (f->id)
            json_put(row, "exams", exams);
        else
            json_free(exams);
        json_push(rows, row);
    }
    json_put(j, "rows", rows);
    json_put_integer(j, "unscored_malignant", (int64_t)x->unscored[1]);
    json_put_integer(j, "unscored_benign", (int64_t)x->unscored[0]);
    json_put_integer(j, "patients", x->cluster ? (int64_t)x->n_clusters : 0);
    json_put_integer(j, "exams_without_patient_id", (int64_t)x->without_patient);
    json_put_integer(j, "rows_rescaled", (int64_t)x->n_rescaled);
    json_put_string(j, "score_from", x->score_from);
    struct json *unused = json_array();
    for (size_t i = 0; i < x->n_unused; i++)
        json_push_string(unused, x->unused[i]);
    json_put(j, "columns_not_used", unused);
    return j;
}

static struct json *provenance_json(const struct provenance *from) {
    struct json *list = json_array();
    for (size_t i = 0; i < from->n_files; i++) {
        struct json *f = json_object();
        json_put_string(f, "role", from->files[i].role);
        json_put_string(f, "name", from->files[i].name);
        json_put_string(f, "sha256", from->files[i].sha256);
        json_push(list, f);
    }
    return list;
}

struct json *results_json(const struct evaluation *v, const struct provenance *from) {
    struct json *j = json_object();
    json_put_string(j, "format", "bmunet-evaluation-1");
    json_put_string(j, "code_version", from->code_version);
    json_put(j, "inputs", provenance_json(from));
    json_put(j, "plan", study_plan_json(v->plan));
    json_put_string(j, "tree", v->tree->name);
    json_put(j, "flow", flow_json(v->joined));
    json_put(j, "binary", binary_json(v));
    json_put(j, "comparisons", json_comparisons(v));
    json_put(j, "tiers", tiers_json(v));
    json_put(j, "readers", json_readers(v));
    json_put(j, "biopsy_readings", json_biopsy(v));
    json_put(j, "calibration", json_calibration(v));
    json_put(j, "utility", json_utility(v));
    json_put(j, "subgroups", json_subgroups(v));
    json_put(j, "sample_size", json_samples(v));
    return j;
}
