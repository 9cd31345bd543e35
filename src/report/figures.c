/* The numbers of the figures as CSV. Floor 6. */
#include "report/figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

struct sheet {
    struct buf text;
    bool begun; /* the row has a cell already */
    int rc;
    struct err *e;
};

static void text(struct sheet *s, const char *cell) {
    if (!s->rc && s->begun)
        s->rc = buf_append(&s->text, ",", 1, s->e);
    if (!s->rc)
        s->rc = buf_csv_cell(&s->text, cell, s->e);
    s->begun = true;
}

static void number(struct sheet *s, double x) {
    char cell[40] = "";
    if (isfinite(x))
        snprintf(cell, sizeof cell, "%.17g", x);
    text(s, cell);
}

static void count(struct sheet *s, size_t n) {
    char cell[40];
    snprintf(cell, sizeof cell, "%zu", n);
    text(s, cell);
}

static void end(struct sheet *s) {
    if (!s->rc)
        s->rc = buf_append(&s->text, "\n", 1, s->e);
    s->begun = false;
}

static void header(struct sheet *s, const char *line) {
    if (!s->rc)
        s->rc = buf_printf(&s->text, s->e, "%s\n", line);
}

static void interval(struct sheet *s, bool defined, const struct interval *x) {
    number(s, defined ? x->low : NAN);
    number(s, defined ? x->high : NAN);
}

void score_histogram(struct score_histogram *out, const struct evaluation *v) {
    const struct joined *j = v->joined;
    const bool probability = v->plan->score == PLAN_PROBABILITY;
    double low = probability ? 0 : j->score[0], high = probability ? 1 : j->score[0];
    *out = (struct score_histogram){.edge = {0}};
    for (size_t i = 0; i < j->n && !probability; i++) {
        low = fmin(low, j->score[i]);
        high = fmax(high, j->score[i]);
    }
    if (!(high > low))
        high = low + 1;
    for (int i = 0; i <= SCORE_BINS; i++)
        out->edge[i] = low + (high - low) * i / SCORE_BINS;
    for (size_t i = 0; i < j->n; i++) {
        const double at = (j->score[i] - low) / (high - low) * SCORE_BINS;
        out->count[j->truth[i]][(size_t)fmin(fmax(floor(at), 0), SCORE_BINS - 1)]++;
    }
}

static void scores(struct sheet *s, const struct evaluation *v) {
    struct score_histogram h;
    score_histogram(&h, v);
    header(s, "low,high,not_malignant,malignant");
    for (int i = 0; i < SCORE_BINS; i++) {
        number(s, h.edge[i]);
        number(s, h.edge[i + 1]);
        number(s, h.count[0][i]);
        number(s, h.count[1][i]);
        end(s);
    }
}

static void roc(struct sheet *s, const struct evaluation *v) {
    const struct roc *r = v->binary.roc;
    header(s, "threshold,false_positive_rate,sensitivity,false_positives,true_positives");
    for (size_t i = 0; r && i < r->n_points; i++) {
        number(s, r->points[i].threshold);
        number(s, 1 - roc_specificity(r, i));
        number(s, roc_sensitivity(r, i));
        count(s, r->points[i].false_positives);
        count(s, r->points[i].true_positives);
        end(s);
    }
}

static void precision_recall(struct sheet *s, const struct evaluation *v) {
    const struct roc *r = v->binary.roc;
    header(s, "threshold,recall,precision");
    for (size_t i = 1; r && i < r->n_points; i++) {
        const double t = (double)r->points[i].true_positives, f = (double)r->points[i].false_positives;
        number(s, r->points[i].threshold);
        number(s, roc_sensitivity(r, i));
        number(s, t / (t + f));
        end(s);
    }
}

static void reliability(struct sheet *s, const struct evaluation *v) {
    const struct calibration_section *c = &v->calibration;
    header(s, "scores,bin,n,predicted,observed,low,high");
    for (size_t i = 0; i < c->n_results; i++)
        for (unsigned b = 0; b < v->plan->bins && gap_none(&c->results[i].gap); b++) {
            const struct calibration_bin *x = &c->results[i].bins[b];
            text(s, c->results[i].name);
            count(s, b + 1);
            count(s, x->n);
            number(s, x->n ? x->predicted : NAN);
            number(s, x->n ? x->observed.value : NAN);
            interval(s, x->n > 0, &x->observed.wilson);
            end(s);
        }
}

static void decision(struct sheet *s, const struct evaluation *v) {
    const struct utility_section *u = &v->utility;
    header(s, "threshold,net_benefit,low,high,treat_all,gain_low,gain_high");
    for (size_t i = 0; i < u->n_points && gap_none(&u->gap); i++) {
        const struct decision_point *p = &u->points[i];
        number(s, p->threshold);
        number(s, p->net_benefit);
        interval(s, p->interval_defined, &p->interval);
        number(s, p->treat_all);
        interval(s, p->interval_defined, &p->gain_interval);
        end(s);
    }
}

static void forest(struct sheet *s, const struct evaluation *v) {
    header(s, "column,subgroup,n,malignant,auc,low,high,sensitivity,specificity,interaction_p,interaction_p_holm");
    for (size_t i = 0; i < v->subgroups.n; i++) {
        const struct subgroup_column *c = &v->subgroups.columns[i];
        for (int g = 0; g < c->n_groups && gap_none(&c->gap); g++) {
            const struct subgroup *x = &c->groups[g].s;
            const bool tested = gap_none(&c->interaction_gap);
            text(s, c->name);
            text(s, c->groups[g].name);
            count(s, x->n);
            count(s, x->n_positive);
            number(s, x->large_enough ? x->auc : NAN);
            interval(s, x->large_enough, &x->auc_interval);
            number(s, x->large_enough && x->sensitivity.defined ? x->sensitivity.value : NAN);
            number(s, x->large_enough && x->specificity.defined ? x->specificity.value : NAN);
            number(s, tested ? c->interaction.p : NAN);
            number(s, tested ? c->interaction_holm : NAN);
            end(s);
        }
    }
}

static void flow(struct sheet *s, const struct evaluation *v) {
    header(s, "row,n,what");
    for (int r = 0; r < FLOW_COUNT; r++) {
        text(s, flow_name((enum flow_row)r));
        count(s, v->joined->flow[r].n);
        text(s, flow_what((enum flow_row)r));
        end(s);
    }
}

static void readers(struct sheet *s, const struct evaluation *v) {
    header(s,
           "reader,condition,n,malignant,false_positive_rate,false_positive_rate_low,false_positive_rate_high,sensitivity,sensitivity_low,"
           "sensitivity_high,auc,auc_low,auc_high,model_sensitivity,model_specificity");
    for (size_t i = 0; i < v->readers.n_results; i++) {
        const struct reader_result *r = &v->readers.results[i];
        const struct proportion *se = &r->binary.sensitivity, *sp = &r->binary.specificity;
        const struct interval mirrored = {1 - sp->wilson.high, 1 - sp->wilson.low};
        text(s, v->joined->reader[r->reader]);
        text(s, v->joined->condition[r->condition]);
        count(s, r->n);
        count(s, r->n_positive);
        number(s, sp->defined ? 1 - sp->value : NAN);
        interval(s, sp->defined, &mirrored);
        number(s, se->defined ? se->value : NAN);
        interval(s, se->defined, &se->wilson);
        number(s, gap_none(&r->auc.gap) ? r->auc.value : NAN);
        interval(s, gap_none(&r->auc.gap), &r->auc.plain);
        number(s, r->model.sensitivity.defined ? r->model.sensitivity.value : NAN);
        number(s, r->model.specificity.defined ? r->model.specificity.value : NAN);
        end(s);
    }
}

static void downgrades(struct sheet *s, const struct evaluation *v) {
    header(s, "rule,threshold,eligible,eligible_malignant,downgraded,avoided_benign,missed,miss_rate,upper_bound,limit,needed");
    for (size_t i = 0; i < v->utility.n_downgrades; i++) {
        const struct downgrade_result *r = &v->utility.downgrades[i];
        if (!gap_none(&r->gap))
            continue;
        text(s, r->name);
        number(s, r->threshold);
        count(s, r->d.eligible);
        count(s, r->d.eligible_malignant);
        count(s, r->d.downgraded);
        count(s, r->d.avoided_benign);
        count(s, r->d.missed);
        number(s, r->d.miss_rate.defined ? r->d.miss_rate.value : NAN);
        number(s, r->d.bound_defined ? r->d.upper_bound : NAN);
        number(s, v->plan->downgrade_limit);
        count(s, r->d.needed);
        end(s);
    }
}

static void confusion(struct sheet *s, const struct level_result *l) {
    text(s, "truth");
    for (int p = 0; p < l->k; p++)
        text(s, l->class_name[p]);
    end(s);
    for (int t = 0; t < l->k; t++) {
        text(s, l->class_name[t]);
        for (int p = 0; p < l->k; p++)
            count(s, l->confusion[t * l->k + p]);
        end(s);
    }
}

static int add(struct folder *f, const char *name, struct sheet *s) {
    char path[128];
    snprintf(path, sizeof path, "figures/%s.csv", name);
    int rc = s->rc ? s->rc : folder_add(f, path, s->text.data, s->text.size, NULL, s->e);
    buf_release(&s->text);
    return rc;
}

int figures_write(struct folder *f, const struct evaluation *v, struct err *e) {
    const struct {
        const char *name;
        void (*fill)(struct sheet *s, const struct evaluation *v);
        bool there;
    } sheets[] = {{"flow", flow, true},
                  {"scores", scores, true},
                  {"roc", roc, v->binary.roc != NULL},
                  {"pr", precision_recall, v->binary.roc != NULL},
                  {"readers", readers, gap_none(&v->readers.gap)},
                  {"reliability", reliability, gap_none(&v->calibration.gap)},
                  {"decision_curve", decision, gap_none(&v->utility.gap)},
                  {"downgrade", downgrades, v->utility.n_downgrades > 0},
                  {"forest", forest, v->subgroups.n > 0}};
    int rc = 0;
    for (size_t i = 0; i < sizeof sheets / sizeof *sheets && !rc; i++) {
        struct sheet s = {.e = e};
        if (!sheets[i].there)
            continue;
        sheets[i].fill(&s, v);
        rc = add(f, sheets[i].name, &s);
    }
    for (size_t l = 0; l < v->tiers.n_levels && !rc; l++) {
        struct sheet s = {.e = e};
        char name[64];
        snprintf(name, sizeof name, "confusion_level%zu", l + 1);
        confusion(&s, &v->tiers.levels[l]);
        rc = add(f, name, &s);
    }
    return rc;
}
