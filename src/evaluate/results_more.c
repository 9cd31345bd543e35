/* results.json: comparisons, readers, calibration, utility, subgroups, sample sizes. Floor 5. */
#include <math.h>

#include "evaluate/results_part.h"

static const char *const kappa_names[KAPPAS] = {"kappa", "kappa_linear", "kappa_quadratic"};

static struct json *pair_json(const struct reader_result *r, int which) {
    struct json *j = json_object();
    const struct pairs *c = &r->pairs[which];
    json_put_integer(j, "both_right", (int64_t)c->both);
    json_put_integer(j, "only_model_right", (int64_t)c->first);
    json_put_integer(j, "only_reader_right", (int64_t)c->second);
    json_put_integer(j, "neither_right", (int64_t)c->neither);
    if (!json_defined(j, &r->pair_gap[which]))
        return j;
    json_put_number(j, "difference", r->difference[which].difference);
    json_put_interval(j, "tango", &r->difference[which].tango);
    json_put_interval(j, "newcombe", &r->difference[which].newcombe);
    json_put_number(j, "mcnemar_exact_p", r->mcnemar[which].exact);
    json_put_number(j, "mcnemar_mid_p", r->mcnemar[which].mid);
    json_put_maybe(j, "noninferiority_z", gap_none(&r->noninferiority_gap[which]), r->noninferiority_z[which]);
    json_put_maybe(j, "noninferiority_p", gap_none(&r->noninferiority_gap[which]), r->noninferiority_p[which]);
    return j;
}

/* Model less something else; false: a gap. */
static bool put_areas(struct json *j, const struct delong_test *t, const struct gap *g, const char *other) {
    if (!json_defined(j, g))
        return false;
    json_put_number(j, "model_auc", t->auc[0]);
    json_put_number(j, other, t->auc[1]);
    json_put_number(j, "difference", t->difference);
    json_put_number(j, "standard_error", t->standard_error);
    json_put_interval(j, "interval", &t->interval);
    json_put_number(j, "p", t->p);
    return true;
}

struct json *json_comparisons(const struct evaluation *v) {
    struct json *list = json_array();
    for (size_t i = 0; i < v->n_comparisons; i++) {
        const struct comparison *x = &v->comparisons[i];
        struct json *j = json_object(), *areas = json_object();
        json_put_string(j, "score", x->name);
        json_put_integer(j, "n", (int64_t)x->n);
        json_put_integer(j, "malignant", (int64_t)x->n_positive);
        json_put(j, "auc", json_auc(&x->auc));
        put_areas(areas, &x->delong, &x->delong_gap, "other_auc");
        json_put(j, "model_against_score", areas);
        json_push(list, j);
    }
    return list;
}

static struct json *against_model(const struct reader_result *r) {
    struct json *j = json_object(), *areas = json_object();
    json_put(j, "sensitivity", pair_json(r, 0));
    json_put(j, "specificity", pair_json(r, 1));
    if (put_areas(areas, &r->delong, &r->delong_gap, "reader_auc")) {
        json_put_maybe(areas, "noninferiority_z", gap_none(&r->auc_noninferiority_gap), r->auc_noninferiority_z);
        json_put_maybe(areas, "noninferiority_p", gap_none(&r->auc_noninferiority_gap), r->auc_noninferiority_p);
    }
    json_put(j, "auc", areas);
    return j;
}

static struct json *reader_json(const struct reader_result *r, const struct joined *x) {
    struct json *j = json_object();
    json_put_string(j, "reader", x->reader[r->reader]);
    json_put_string(j, "condition", x->condition[r->condition]);
    json_put_integer(j, "n", (int64_t)r->n);
    json_put_integer(j, "malignant", (int64_t)r->n_positive);
    json_put_bool(j, "category_4_undivided", r->undivided);
    json_put(j, "auc", json_auc(&r->auc));
    json_put(j, "metrics", json_binary(&r->binary));
    json_put(j, "model_on_same_exams", json_binary(&r->model));
    json_put(j, "model_against_reader", against_model(r));
    return j;
}

static struct json *estimate_json(const struct mrmc_estimate *m) {
    struct json *j = json_object();
    json_put_number(j, "value", m->value);
    json_put_number(j, "standard_error", m->standard_error);
    json_put_maybe(j, "df", true, m->df);
    json_put_interval(j, "interval", &m->interval);
    json_put_maybe(j, "p", true, m->p);
    return j;
}

static struct json *mrmc_json(const struct readers_section *s, const struct joined *x) {
    static const char *const models[3] = {"random_readers_random_cases", "fixed_readers_random_cases", "random_readers_fixed_cases"};
    struct json *j = json_object(), *means = json_array(), *c = json_object();
    json_put_integer(j, "exams", (int64_t)s->n_complete);
    for (size_t i = 0; i < x->n_conditions && s->mean && gap_none(&s->mean_gap); i++) {
        struct json *m = estimate_json(&s->mean[i]);
        json_put_string(m, "condition", x->condition[i]);
        json_push(means, m);
    }
    json_put(j, "mean_auc", means);
    if (!gap_none(&s->mean_gap))
        json_put_string(j, "mean_auc_reason", s->mean_gap.why);
    if (!json_defined(j, &s->mrmc_gap)) {
        json_free(c);
        return j;
    }
    json_put_string(j, "difference_is", "second condition less first");
    for (int m = 0; m < 3; m++) {
        struct json *one = estimate_json(&s->mrmc_difference[m]);
        json_put_number(one, "f", s->mrmc_equal[m].statistic);
        json_put_number(one, "df1", s->mrmc_equal[m].df1);
        json_put_maybe(one, "df2", true, s->mrmc_equal[m].df2);
        json_put_number(one, "p_equal", s->mrmc_equal[m].p);
        json_put(j, models[m], one);
    }
    json_put_number(c, "var_reader", s->components.var_reader);
    json_put_number(c, "var_interaction", s->components.var_interaction);
    json_put_number(c, "var_error", s->components.var_error);
    json_put_number(c, "cov1", s->components.cov1);
    json_put_number(c, "cov2", s->components.cov2);
    json_put_number(c, "cov3", s->components.cov3);
    json_put(j, "components", c);
    return j;
}

static struct json *agreement_json(const struct agreement *a, const struct joined *x) {
    struct json *j = json_object();
    json_put_string(j, "reader_a", x->reader[a->a]);
    json_put_string(j, "reader_b", x->reader[a->b]);
    json_put_integer(j, "n", (int64_t)a->n);
    for (int w = 0; w < KAPPAS; w++)
        json_put(j, kappa_names[w], json_kappa(&a->kappa[w], &a->gap[w]));
    return j;
}

static struct json *cochran_json(const struct readers_section *s, int benign) {
    struct json *j = json_object();
    const bool defined = json_defined(j, &s->cochran_gap[benign]);
    json_put_maybe(j, "q", defined, s->cochran_q[benign]);
    json_put_maybe(j, "p", defined, s->cochran_p[benign]);
    return j;
}

struct json *json_readers(const struct evaluation *v) {
    const struct readers_section *s = &v->readers;
    struct json *j = json_object();
    if (!json_defined(j, &s->gap))
        return j;
    struct json *list = json_array(), *agreements = json_array();
    for (size_t i = 0; i < s->n_results; i++)
        json_push(list, reader_json(&s->results[i], v->joined));
    for (size_t i = 0; i < s->n_agreements; i++)
        json_push(agreements, agreement_json(&s->agreements[i], v->joined));
    json_put(j, "readers", list);
    json_put(j, "agreement", agreements);
    json_put_integer(j, "read_by_all", (int64_t)s->n_complete);
    json_put(j, "fleiss_kappa", json_kappa(&s->fleiss, &s->fleiss_gap));
    json_put(j, "cochran_malignant", cochran_json(s, 0));
    json_put(j, "cochran_benign", cochran_json(s, 1));
    json_put(j, "mrmc", mrmc_json(s, v->joined));
    return j;
}

struct json *json_biopsy(const struct evaluation *v) {
    struct json *list = json_array();
    for (size_t i = 0; i < v->n_biopsy; i++) {
        const struct biopsy_result *r = &v->biopsy[i];
        struct json *j = json_object();
        json_put_string(j, "column", r->name);
        json_put_integer(j, "n", (int64_t)r->n);
        if (json_defined(j, &r->gap)) {
            json_put(j, "metrics", json_binary(&r->binary));
            json_put_proportion(j, "model_accuracy", &r->model_accuracy);
            json_put_integer(j, "both_right", (int64_t)r->pairs.both);
            json_put_integer(j, "only_model_right", (int64_t)r->pairs.first);
            json_put_integer(j, "only_pathologist_right", (int64_t)r->pairs.second);
            json_put_integer(j, "neither_right", (int64_t)r->pairs.neither);
            json_put_number(j, "difference", r->difference.difference);
            json_put_interval(j, "tango", &r->difference.tango);
            json_put_number(j, "mcnemar_mid_p", r->mcnemar.mid);
            json_put_maybe(j, "noninferiority_p", gap_none(&r->noninferiority_gap), r->noninferiority_p);
        }
        json_push(list, j);
    }
    return list;
}

static struct json *bins_json(const struct calibration_result *r, const struct study_plan *p) {
    struct json *list = json_array();
    for (unsigned b = 0; b < p->bins; b++) {
        const struct calibration_bin *x = &r->bins[b];
        struct json *j = json_object();
        json_put_integer(j, "n", (int64_t)x->n);
        json_put_maybe(j, "predicted", x->n > 0, x->predicted);
        json_put_maybe(j, "low", x->n > 0 || p->bins_rule == CALIBRATION_EQUAL_WIDTH, x->low);
        json_put_maybe(j, "high", x->n > 0 || p->bins_rule == CALIBRATION_EQUAL_WIDTH, x->high);
        if (x->n > 0)
            json_put_proportion(j, "observed", &x->observed);
        else
            json_put_null(j, "observed");
        json_push(list, j);
    }
    return list;
}

static struct json *line_json(const struct calibration_result *r) {
    struct json *j = json_object();
    if (!json_defined(j, &r->line_gap))
        return j;
    json_put_number(j, "intercept", r->line.intercept);
    json_put_interval(j, "intercept_interval", &r->line.intercept_interval);
    json_put_number(j, "slope", r->line.slope);
    json_put_interval(j, "slope_interval", &r->line.slope_interval);
    json_put_number(j, "in_the_large", r->line.in_the_large);
    json_put_interval(j, "in_the_large_interval", &r->line.in_the_large_interval);
    json_put_number(j, "observed_expected", r->line.observed_expected);
    json_put_integer(j, "clipped", (int64_t)r->line.n_clipped);
    return j;
}

static struct json *calibrated_json(const struct calibration_result *r, const struct study_plan *p) {
    struct json *j = json_object(), *x;
    json_put_string(j, "name", r->name);
    if (!json_defined(j, &r->gap))
        return j;
    json_put(j, "line", line_json(r));
    json_put(j, "bins", bins_json(r, p));
    json_put_number(j, "expected_calibration_error", r->ece);
    json_put_number(j, "maximum_calibration_error", r->mce);
    x = json_object();
    json_put_number(x, "score", r->brier.score);
    json_put_maybe(x, "scaled", true, r->brier.scaled);
    json_put_number(x, "reliability", r->brier.reliability);
    json_put_number(x, "resolution", r->brier.resolution);
    json_put_number(x, "uncertainty", r->brier.uncertainty);
    json_put_number(x, "within_variance", r->brier.within_variance);
    json_put_number(x, "within_covariance", r->brier.within_covariance);
    json_put(j, "brier", x);
    x = json_object();
    if (json_defined(x, &r->hosmer_lemeshow_gap)) {
        json_put_number(x, "chi_square", r->hl_chi_square);
        json_put_number(x, "df", r->hl_df);
        json_put_number(x, "p", r->hl_p);
    }
    json_put(j, "hosmer_lemeshow", x);
    x = json_object();
    if (json_defined(x, &r->ici_gap)) {
        json_put_number(x, "ici", r->ici.ici);
        json_put_number(x, "e50", r->ici.e50);
        json_put_number(x, "e90", r->ici.e90);
        json_put_number(x, "emax", r->ici.maximum);
    }
    json_put(j, "ici", x);
    return j;
}

struct json *json_calibration(const struct evaluation *v) {
    const struct calibration_section *s = &v->calibration;
    struct json *j = json_object(), *list = json_array(), *temperatures = json_array();
    json_defined(j, &s->gap);
    for (size_t i = 0; i < s->n_results; i++)
        json_push(list, calibrated_json(&s->results[i], v->plan));
    json_put(j, "results", list);
    json_put_integer(j, "development_n", (int64_t)s->development_n);
    json_put_integer(j, "development_malignant", (int64_t)s->development_positive);
    const bool platt = s->n_results > 1 && gap_none(&s->results[1].gap);
    json_put_maybe(j, "platt_intercept", platt, s->platt.intercept);
    json_put_maybe(j, "platt_slope", platt, s->platt.slope);
    for (size_t l = 0; l < v->tree->n_levels && s->temperature; l++) {
        struct json *t = json_object();
        json_put_string(t, "level", v->tree->levels[l]);
        json_put_maybe(t, "temperature", json_defined(t, &s->temperature_gap[l]), s->temperature[l]);
        json_push(temperatures, t);
    }
    json_put(j, "temperatures", temperatures);
    return j;
}

static struct json *decision_json(const struct utility_section *s) {
    struct json *list = json_array();
    for (size_t i = 0; i < s->n_points && gap_none(&s->gap); i++) {
        const struct decision_point *p = &s->points[i];
        struct json *j = json_object();
        json_put_number(j, "threshold", p->threshold);
        json_put_number(j, "net_benefit", p->net_benefit);
        json_put_number(j, "treat_all", p->treat_all);
        if (p->interval_defined) {
            json_put_interval(j, "interval", &p->interval);
            json_put_interval(j, "gain_interval", &p->gain_interval);
        }
        json_push(list, j);
    }
    return list;
}

static struct json *downgrade_json(const struct downgrade_result *r, const struct evaluation *v) {
    struct json *j = json_object(), *tiers = json_object();
    json_put_string(j, "name", r->name);
    json_put_number(j, "threshold", r->threshold);
    json_put_string(j, "birads_from", r->source);
    if (!json_defined(j, &r->gap)) {
        json_free(tiers);
        return j;
    }
    json_put_integer(j, "eligible", (int64_t)r->d.eligible);
    json_put_integer(j, "eligible_malignant", (int64_t)r->d.eligible_malignant);
    json_put_integer(j, "downgraded", (int64_t)r->d.downgraded);
    json_put_integer(j, "avoided_benign", (int64_t)r->d.avoided_benign);
    json_put_integer(j, "missed", (int64_t)r->d.missed);
    for (int i = 0; i < v->joined->n_leaves && r->missed_by_tier; i++)
        json_put_integer(tiers, v->tree->nodes[v->tree->leaves[i]].name, (int64_t)r->missed_by_tier[i]);
    json_put(j, "missed_by_tier", tiers);
    json_put_proportion(j, "avoided", &r->d.avoided);
    json_put_proportion(j, "missed_of_malignant", &r->d.missed_of_malignant);
    json_put_proportion(j, "miss_rate", &r->d.miss_rate);
    json_put_maybe(j, "miss_rate_upper_bound", r->d.bound_defined, r->d.upper_bound);
    json_put_bool(j, "bound_within_limit", r->d.within_limit);
    json_put_integer(j, "downgrades_needed", (int64_t)r->d.needed);
    return j;
}

struct json *json_utility(const struct evaluation *v) {
    const struct utility_section *s = &v->utility;
    struct json *j = json_object(), *list = json_array();
    json_defined(j, &s->gap);
    json_put(j, "decision_curve", decision_json(s));
    for (size_t i = 0; i < s->n_downgrades; i++)
        json_push(list, downgrade_json(&s->downgrades[i], v));
    json_put(j, "downgrade", list);
    json_put_integer(j, "downgrades_needed_without_miss", (int64_t)s->zero_miss_needed);
    return j;
}

static void put_test(struct json *j, const char *key, const struct homogeneity *h, const struct gap *g, const double *holm) {
    struct json *x = json_object();
    if (json_defined(x, g)) {
        json_put_number(x, "chi_square", h->chi_square);
        json_put_number(x, "df", h->df);
        json_put_number(x, "p", h->p);
        if (holm)
            json_put_number(x, "p_holm", *holm);
    }
    json_put(j, key, x);
}

static struct json *subgroup_json(const struct subgroup_result *g, const struct study_plan *p) {
    struct json *j = json_object();
    json_put_string(j, "name", g->name);
    json_put_integer(j, "n", (int64_t)g->s.n);
    json_put_integer(j, "malignant", (int64_t)g->s.n_positive);
    json_put_bool(j, "large_enough", g->s.large_enough);
    json_put_maybe(j, "auc", g->s.large_enough, g->s.auc);
    if (!g->s.large_enough) {
        json_put_string(j, "reason",
                        g->s.n_positive < p->least_positive ? "fewer malignant exams than the plan asks for"
                                                            : "fewer exams that are not malignant than the plan asks for");
        return j;
    }
    json_put_number(j, "auc_standard_error", sqrt(g->s.auc_variance));
    json_put_interval(j, "auc_interval", &g->s.auc_interval);
    json_put_proportion(j, "sensitivity", &g->s.sensitivity);
    json_put_proportion(j, "specificity", &g->s.specificity);
    return j;
}

struct json *json_subgroups(const struct evaluation *v) {
    struct json *list = json_array();
    for (size_t i = 0; i < v->subgroups.n; i++) {
        const struct subgroup_column *c = &v->subgroups.columns[i];
        struct json *j = json_object(), *groups = json_array();
        json_put_string(j, "column", c->name);
        json_put_integer(j, "unknown", (int64_t)c->unknown);
        const bool defined = json_defined(j, &c->gap);
        for (int g = 0; g < c->n_groups && defined; g++)
            json_push(groups, subgroup_json(&c->groups[g], v->plan));
        json_put(j, "groups", groups);
        if (defined) {
            put_test(j, "homogeneity", &c->homogeneity, &c->homogeneity_gap, NULL);
            put_test(j, "interaction", &c->interaction, &c->interaction_gap, &c->interaction_holm);
        }
        json_push(list, j);
    }
    return list;
}

struct json *json_samples(const struct evaluation *v) {
    struct json *list = json_array();
    for (size_t i = 0; i < v->n_samples; i++) {
        const struct sample_result *s = &v->samples[i];
        struct json *j = json_object();
        json_put_string(j, "what", s->what);
        if (json_defined(j, &s->gap)) {
            json_put_integer(j, "positives", (int64_t)s->size.positives);
            json_put_integer(j, "negatives", (int64_t)s->size.negatives);
            json_put_integer(j, "total", (int64_t)s->size.total);
            json_put_string(j, "formula", s->size.formula);
            json_put_string(j, "citation", s->size.citation);
        }
        json_push(list, j);
    }
    return list;
}
