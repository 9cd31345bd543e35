/* The report's sections with curves: participants, discrimination, thresholds, calibration, decision. Floor 6. */
#include <math.h>
#include <string.h>

#include "evaluate/analysis.h"
#include "report/compose_part.h"
#include "report/figures.h"

static double *numbers(struct compose *c, size_t n) {
    return arena_alloc(&c->arena, n, sizeof(double), c->e);
}

/* Takes the figure. */
static int add_figure(struct compose *c, int rc, struct canvas *figure, const char *name, const char *caption, const char *csv) {
    if (!rc)
        document_figure(c->document, figure, name, caption, csv);
    return rc;
}

#define X(id, name, what) PHRASE_FLOW_ROW_##id,
static const enum phrase flow_phrase[FLOW_COUNT] = {FLOW_ROWS(X)};
#undef X

static void flow_table(struct compose *c) {
    const char *labels[] = {SAY(WHAT_WORD), SAY(ROWS_WORD), NULL};
    table_of(c, SAY(FLOW_TABLE), "figures/flow.csv", labels);
    for (int r = 0; r < FLOW_COUNT; r++)
        cells(c, phrase_text(c->language, flow_phrase[r]), say_count(c, c->v->joined->flow[r].n), NULL);
}

int compose_participants(struct compose *c) {
    const struct joined *j = c->v->joined;
    const struct flow *f = j->flow;
    struct canvas *figure = NULL;
    const size_t malignant = c->v->binary.n_positive;
    const char *out[] = {FILL(FLOW_NO_PREDICTION_TEXT, say_count(c, f[FLOW_NO_PREDICTION].n)),
                         FILL(FLOW_REFUSED_TEXT, say_count(c, f[FLOW_REFUSED].n)),
                         FILL(FLOW_UNKNOWN_TEXT, say_count(c, f[FLOW_TRUTH_UNKNOWN].n))};
    const struct plot_flow_step steps[] = {{FILL(FLOW_TRUTH_TEXT, say_count(c, f[FLOW_TRUTH].n)), out, 3},
                                           {FILL(FLOW_ANALYSED_TEXT, say_count(c, j->n)), NULL, 0}};
    const char *ends[] = {FILL(FLOW_MALIGNANT_TEXT, say_count(c, malignant)), FILL(FLOW_BENIGN_TEXT, say_count(c, j->n - malignant))};
    document_heading(c->document, 1, SAY(PARTICIPANTS));
    int rc = plot_flow(&figure, &c->plot, SAY(FLOW_TITLE), steps, 2, ends, 2, c->e);
    rc = add_figure(c, rc, figure, "flow", FILL(FLOW_CAPTION, say_count(c, f[FLOW_TRUTH].n)), "figures/flow.csv");
    if (rc)
        return rc;
    flow_table(c);
    if (c->v->binary.clustered)
        document_paragraph(c->document, "%s", FILL(PATIENTS_NOTE, say_count(c, j->n), say_count(c, j->n_clusters)));
    else if (!j->cluster)
        document_note(c->document, "%s", SAY(NO_PATIENTS_NOTE));
    if (j->without_patient)
        document_note(c->document, "%s", FILL(WITHOUT_PATIENT_NOTE, say_count(c, j->without_patient)));
    if (j->n_rescaled)
        document_note(c->document, "%s", FILL(RESCALED_NOTE, say_count(c, j->n_rescaled)));
    return 0;
}

/* --- discrimination ------------------------------------------------------------------------------------------------------ */

static struct plot_point call_point(const char *name, const struct binary *b) {
    const struct proportion *se = &b->sensitivity, *sp = &b->specificity;
    return (struct plot_point){.name = name,
                               .x = 1 - sp->value,
                               .y = se->value,
                               .x_low = 1 - sp->wilson.high,
                               .x_high = 1 - sp->wilson.low,
                               .y_low = se->wilson.low,
                               .y_high = se->wilson.high};
}

/* Readers of each condition, then the model's thresholds. */
static size_t roc_points(struct compose *c, struct plot_points *out, size_t room) {
    const struct evaluation *v = c->v;
    const struct joined *j = v->joined;
    size_t n = 0;
    for (size_t k = 0; k < j->n_conditions && n + 1 < room; k++) {
        struct plot_point *list = arena_alloc(&c->arena, j->n_readers, sizeof *list, c->e);
        size_t m = 0;
        for (size_t i = 0; list && i < v->readers.n_results; i++) {
            const struct reader_result *r = &v->readers.results[i];
            if (r->condition == k && r->n && r->binary.sensitivity.defined && r->binary.specificity.defined)
                list[m++] = call_point(j->reader[r->reader], &r->binary);
        }
        const char *name = *j->condition[k] ? j->condition[k] : SAY(READERS_WORD);
        if (m)
            out[n++] = (struct plot_points){name, FILL(READERS_AT, v->plan->reader_positive), list, m};
    }
    struct plot_point *own = arena_alloc(&c->arena, v->binary.n_thresholds + 1, sizeof *own, c->e);
    size_t m = 0;
    for (size_t i = 0; own && i < v->binary.n_thresholds; i++) {
        const struct threshold_result *t = &v->binary.thresholds[i];
        if (t->binary.sensitivity.defined && t->binary.specificity.defined)
            own[m++] = call_point(t->name, &t->binary);
    }
    if (m)
        out[n++] = (struct plot_points){SAY(OPERATING), NULL, own, m};
    return n;
}

static int roc_figure(struct compose *c) {
    enum { POINTS_MAX = 6 };
    const struct binary_section *b = &c->v->binary;
    const struct roc *r = b->roc;
    struct plot_points points[POINTS_MAX];
    struct canvas *figure = NULL;
    double *x = numbers(c, r->n_points), *y = numbers(c, r->n_points);
    if (!x || !y)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < r->n_points; i++) {
        x[i] = 1 - roc_specificity(r, i);
        y[i] = roc_sensitivity(r, i);
    }
    const char *n = say_count(c, b->n);
    const struct plot_curve curve = {.name = SAY(MODEL),
                                     .x = x,
                                     .y = y,
                                     .n = r->n_points,
                                     .note = gap_none(&b->auc.gap)
                                                 ? FILL(AUC_NOTE, say_number(c, b->auc.value, 3), say_number(c, b->auc.plain.low, 3),
                                                        say_number(c, b->auc.plain.high, 3), n)
                                                 : NULL};
    const size_t n_points = roc_points(c, points, POINTS_MAX);
    int rc = plot_roc(&figure, &c->plot, &curve, 1, points, n_points, c->e);
    return add_figure(c, rc, figure, "roc", FILL(ROC_CAPTION, n, say_count(c, b->n_positive), say_count(c, b->n - b->n_positive)),
                      "figures/roc.csv");
}

static int precision_figure(struct compose *c) {
    const struct binary_section *b = &c->v->binary;
    const struct roc *r = b->roc;
    struct canvas *figure = NULL;
    double *x = numbers(c, r->n_points), *y = numbers(c, r->n_points);
    if (!x || !y)
        return ERR_NO_MEMORY;
    for (size_t i = 1; i < r->n_points; i++) {
        const double t = (double)r->points[i].true_positives, f = (double)r->points[i].false_positives;
        x[i - 1] = roc_sensitivity(r, i);
        y[i - 1] = t / (t + f);
    }
    const double prevalence = (double)b->n_positive / (double)b->n;
    const struct plot_curve curve = {.name = SAY(MODEL), .x = x, .y = y, .n = r->n_points - 1};
    int rc = plot_precision_recall(&figure, &c->plot, &curve, 1, prevalence, NULL, 0, c->e);
    return add_figure(c, rc, figure, "pr",
                      FILL(PR_CAPTION, say_count(c, b->n), say_count(c, b->n_positive), say_number(c, b->average_precision, 3),
                           say_number(c, prevalence, 3)),
                      "figures/pr.csv");
}

static int scores_figure(struct compose *c) {
    const struct binary_section *b = &c->v->binary;
    const struct threshold_result *t = primary_threshold(c->v);
    struct canvas *figure = NULL;
    struct score_histogram h;
    score_histogram(&h, c->v);
    const struct plot_bins bins[] = {{SAY(NOT_MALIGNANT), h.edge, h.count[0], SCORE_BINS},
                                     {SAY(MALIGNANT), h.edge, h.count[1], SCORE_BINS}};
    const double line = t && t->value >= h.edge[0] && t->value <= h.edge[SCORE_BINS] ? t->value : NAN;
    int rc = plot_histogram(&figure, &c->plot, NULL, bins, 2, line, c->e);
    return add_figure(c, rc, figure, "scores", FILL(SCORES_CAPTION, say_count(c, b->n_positive), say_count(c, b->n - b->n_positive)),
                      "figures/scores.csv");
}

static void auc_table(struct compose *c) {
    const struct binary_section *b = &c->v->binary;
    const struct study_plan *p = c->v->plan;
    const char *labels[] = {SAY(MEASURE), SAY(VALUE), FILL(INTERVAL, say_level(c)), NULL};
    table_of(c, FILL(AUC_TABLE, say_count(c, b->n), say_count(c, b->n_positive)), NULL, labels);
    cells(c, b->clustered ? SAY(AUC_BY_PATIENT) : SAY(AUC_PLAIN), say_number(c, b->auc.value, 3), say_interval(c, &b->auc.plain), NULL);
    if (gap_none(&b->auc.logit_gap))
        cells(c, SAY(AUC_LOGIT), say_number(c, b->auc.value, 3), say_interval(c, &b->auc.logit), NULL);
    const struct threshold_result *t = primary_threshold(c->v);
    if (t && gap_none(&t->bootstrap_gap) && t->bootstrap[METRIC_AUC].bca_defined)
        cells(c, SAY(AUC_BOOTSTRAP), say_number(c, b->auc.value, 3), say_interval(c, &t->bootstrap[METRIC_AUC].bca), NULL);
    if (b->clustered && gap_none(&b->auc_ignoring_patients.gap))
        cells(c, SAY(AUC_IGNORING), say_number(c, b->auc.value, 3), say_interval(c, &b->auc_ignoring_patients.plain), NULL);
    if (gap_none(&b->partial_gap)) {
        const char *axis = p->partial_axis == ROC_SPECIFICITY ? SAY(AXIS_SPECIFICITY) : SAY(AXIS_SENSITIVITY);
        cells(c, FILL(PARTIAL, axis, say_short(c, p->partial_low), say_short(c, p->partial_high)), say_number(c, b->partial, 4), "", NULL);
        cells(c, SAY(PARTIAL_CORRECTED), say_number(c, b->partial_corrected, 3), "", NULL);
    }
    cells(c, SAY(AVERAGE_PRECISION), say_number(c, b->average_precision, 3), "", NULL);
}

static const char *difference(struct compose *c, const struct delong_test *t) {
    const char *text = arena_printf(&c->arena, c->e, "%+.3f (%s)", t->difference, say_interval(c, &t->interval));
    return text ? text : "";
}

static void compared_table(struct compose *c) {
    const struct evaluation *v = c->v;
    const char *labels[] = {SAY(SCORE_WORD), "n", "AUC", SAY(AUC_OF_MODEL), SAY(DIFFERENCE_WORD), SAY(P_WORD), NULL};
    if (!v->n_comparisons)
        return;
    table_of(c, SAY(COMPARED_TABLE), NULL, labels);
    for (size_t i = 0; i < v->n_comparisons; i++) {
        const struct comparison *x = &v->comparisons[i];
        const bool tested = gap_none(&x->delong_gap);
        cells(c, x->name, say_count(c, x->n), say_auc(c, &x->auc), tested ? say_number(c, x->delong.auc[0], 3) : SAY(NOT_DEFINED),
              tested ? difference(c, &x->delong) : "", tested ? say_p(c, x->delong.p) : "", NULL);
    }
    for (size_t i = 0; i < v->n_comparisons; i++)
        if (!gap_none(&v->comparisons[i].delong_gap))
            document_note(c->document, "%s: %s", v->comparisons[i].name, FILL(NOT_COMPUTED, v->comparisons[i].delong_gap.why));
}

int compose_discrimination(struct compose *c) {
    const struct binary_section *b = &c->v->binary;
    document_heading(c->document, 1, SAY(DISCRIMINATION));
    int rc = scores_figure(c);
    if (rc)
        return rc;
    if (!gap_none(&b->gap)) {
        say_gap(c, &b->gap);
        return 0;
    }
    rc = roc_figure(c);
    if (!rc)
        rc = precision_figure(c);
    if (!rc && gap_none(&b->auc.gap))
        auc_table(c);
    else if (!rc)
        say_gap(c, &b->auc.gap);
    if (!rc)
        compared_table(c);
    return rc;
}

/* --- thresholds ---------------------------------------------------------------------------------------------------------- */

static void share_row(struct compose *c, const char *name, const struct proportion *p, const struct metric_interval *m) {
    const char *counts = arena_printf(&c->arena, c->e, "%zu / %zu", p->count, p->total);
    cells(c, name, p->defined ? say_number(c, p->value, 3) : SAY(NOT_DEFINED), counts ? counts : "",
          p->defined ? say_interval(c, &p->wilson) : "", p->defined ? say_interval(c, &p->exact) : "",
          m && m->defined ? m->bca_defined ? say_interval(c, &m->bca) : SAY(NOT_DEFINED) : "", NULL);
}

static void ratio_row(struct compose *c, const char *name, const struct ratio *r) {
    cells(c, name, r->defined ? say_number(c, r->value, 2) : SAY(NOT_DEFINED), "", r->defined ? say_interval(c, &r->interval) : "", "", "",
          NULL);
}

static void one_threshold(struct compose *c, const struct threshold_result *t) {
    const struct binary *b = &t->binary;
    const struct metric_interval *m = gap_none(&t->bootstrap_gap) ? t->bootstrap : NULL;
    const char *labels[] = {SAY(MEASURE), SAY(VALUE), SAY(COUNTS), "Wilson", "Clopper-Pearson", "BCa", NULL};
    table_of(c, FILL(THRESHOLD_TABLE, t->name, say_short(c, t->value), say_origin(c, t->origin), say_count(c, c->v->binary.n)), NULL,
             labels);
    share_row(c, SAY(SENSITIVITY_WORD), &b->sensitivity, m ? &m[METRIC_SENSITIVITY] : NULL);
    share_row(c, SAY(SPECIFICITY_WORD), &b->specificity, m ? &m[METRIC_SPECIFICITY] : NULL);
    share_row(c, SAY(PPV_WORD), &b->positive_predictive, m ? &m[METRIC_PPV] : NULL);
    share_row(c, SAY(NPV_WORD), &b->negative_predictive, m ? &m[METRIC_NPV] : NULL);
    share_row(c, SAY(ACCURACY_WORD), &b->accuracy, m ? &m[METRIC_ACCURACY] : NULL);
    ratio_row(c, SAY(LR_POSITIVE), &b->likelihood_positive);
    ratio_row(c, SAY(LR_NEGATIVE), &b->likelihood_negative);
    share_row(c, SAY(WORST_SENSITIVITY), &t->worst_sensitivity, NULL);
    share_row(c, SAY(WORST_SPECIFICITY), &t->worst_specificity, NULL);
}

static const char *ratio_text(struct compose *c, const struct ratio *r) {
    const char *text = r->defined ? arena_printf(&c->arena, c->e, "%.3f (%s)", r->value, say_interval(c, &r->interval)) : SAY(NOT_DEFINED);
    return text ? text : "";
}

int compose_thresholds(struct compose *c) {
    const struct binary_section *b = &c->v->binary;
    const struct study_plan *p = c->v->plan;
    document_heading(c->document, 1, SAY(THRESHOLDS));
    for (size_t i = 0; i < b->n_thresholds; i++) {
        const struct threshold_result *t = &b->thresholds[i];
        one_threshold(c, t);
        if (!p->n_prevalences || !gap_none(&t->reweighted_gap))
            continue;
        const char *labels[] = {SAY(PREVALENCE_WORD), SAY(PPV_WORD), SAY(NPV_WORD), NULL};
        table_of(c, FILL(PREVALENCE_TABLE, t->name, say_count(c, b->n)), NULL, labels);
        for (unsigned k = 0; k < p->n_prevalences; k++)
            cells(c, say_short(c, p->prevalences[k]), ratio_text(c, &t->reweighted[k].positive), ratio_text(c, &t->reweighted[k].negative),
                  NULL);
    }
    if (b->n_thresholds == 0)
        document_paragraph(c->document, "%s", SAY(NONE_WORD));
    return 0;
}

/* --- calibration --------------------------------------------------------------------------------------------------------- */

static const char *calibration_name(struct compose *c, const struct calibration_result *r) {
    return strcmp(r->name, "platt") == 0         ? SAY(PLATT_WORD)
           : strcmp(r->name, "isotonic") == 0    ? SAY(ISOTONIC_WORD)
           : strcmp(r->name, "temperature") == 0 ? SAY(TEMPERATURE_WORD)
                                                 : SAY(AS_GIVEN);
}

static int reliability_curve(struct compose *c, struct plot_curve *out, const struct calibration_result *r) {
    const size_t bins = c->v->plan->bins;
    double *x = numbers(c, bins), *y = numbers(c, bins), *low = numbers(c, bins), *high = numbers(c, bins);
    size_t n = 0;
    if (!x || !y || !low || !high)
        return ERR_NO_MEMORY;
    for (size_t b = 0; b < bins; b++)
        if (r->bins[b].n) {
            x[n] = r->bins[b].predicted;
            y[n] = r->bins[b].observed.value;
            low[n] = r->bins[b].observed.wilson.low;
            high[n++] = r->bins[b].observed.wilson.high;
        }
    *out =
        (struct plot_curve){.name = calibration_name(c, r), .x = x, .y = y, .n = n, .low = low, .high = high, .marked = true, .bars = true};
    return 0;
}

static int reliability_figure(struct compose *c) {
    const struct calibration_section *s = &c->v->calibration;
    struct plot_curve curves[4];
    struct canvas *figure = NULL;
    struct score_histogram h;
    double all[SCORE_BINS];
    size_t n = 0;
    int rc = 0;
    for (size_t i = 0; i < s->n_results && !rc; i++)
        if (gap_none(&s->results[i].gap))
            rc = reliability_curve(c, &curves[n++], &s->results[i]);
    if (rc)
        return rc;
    score_histogram(&h, c->v);
    for (int i = 0; i < SCORE_BINS; i++)
        all[i] = h.count[0][i] + h.count[1][i];
    const struct plot_bins bins = {NULL, h.edge, all, SCORE_BINS};
    rc = plot_reliability(&figure, &c->plot, curves, n, &bins, c->e);
    return add_figure(c, rc, figure, "reliability",
                      FILL(RELIABILITY_CAPTION, say_count(c, c->v->joined->n), say_count(c, c->v->plan->bins),
                           c->v->plan->bins_rule == CALIBRATION_EQUAL_MASS ? SAY(EQUAL_MASS) : SAY(EQUAL_WIDTH)),
                      "figures/reliability.csv");
}

static void calibration_row(struct compose *c, const struct calibration_result *r) {
    const bool line = gap_none(&r->line_gap);
    const char *slope = line ? arena_printf(&c->arena, c->e, "%.3f (%s)", r->line.slope, say_interval(c, &r->line.slope_interval)) : "";
    const char *intercept =
        line ? arena_printf(&c->arena, c->e, "%.3f (%s)", r->line.intercept, say_interval(c, &r->line.intercept_interval)) : "";
    cells(c, calibration_name(c, r), intercept ? intercept : "", slope ? slope : "", say_number(c, r->brier.score, 4),
          say_number(c, r->ece, 4), gap_none(&r->ici_gap) ? say_number(c, r->ici.ici, 4) : "",
          gap_none(&r->hosmer_lemeshow_gap) ? say_p(c, r->hl_p) : "", NULL);
}

int compose_calibration(struct compose *c) {
    const struct calibration_section *s = &c->v->calibration;
    document_heading(c->document, 1, SAY(CALIBRATION));
    if (!gap_none(&s->gap) || !gap_none(&s->results[0].gap)) {
        say_gap(c, gap_none(&s->gap) ? &s->results[0].gap : &s->gap);
        return 0;
    }
    int rc = reliability_figure(c);
    if (rc)
        return rc;
    const char *labels[] = {SAY(SCORES_WORD), SAY(INTERCEPT), SAY(SLOPE), SAY(BRIER), SAY(ECE), SAY(ICI), SAY(HOSMER), NULL};
    table_of(c, FILL(CALIBRATION_TABLE, say_count(c, c->v->joined->n), say_count(c, s->development_n)), "figures/reliability.csv", labels);
    for (size_t i = 0; i < s->n_results; i++)
        if (gap_none(&s->results[i].gap))
            calibration_row(c, &s->results[i]);
    for (size_t i = 0; i < s->n_results; i++)
        if (!gap_none(&s->results[i].gap))
            document_note(c->document, "%s: %s", calibration_name(c, &s->results[i]), FILL(NOT_COMPUTED, s->results[i].gap.why));
    return 0;
}

/* --- decision ------------------------------------------------------------------------------------------------------------ */

static int decision_figure(struct compose *c) {
    const struct utility_section *u = &c->v->utility;
    const size_t n = u->n_points;
    struct canvas *figure = NULL;
    double *x = numbers(c, n), *y = numbers(c, n), *low = numbers(c, n), *high = numbers(c, n), *all = numbers(c, n);
    if (!x || !y || !low || !high || !all)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const struct decision_point *p = &u->points[i];
        x[i] = p->threshold;
        y[i] = p->net_benefit;
        low[i] = p->interval_defined ? p->interval.low : p->net_benefit;
        high[i] = p->interval_defined ? p->interval.high : p->net_benefit;
        all[i] = p->treat_all;
    }
    const struct plot_curve model = {.name = SAY(MODEL), .x = x, .y = y, .n = n, .low = low, .high = high};
    const struct plot_curve treat_all = {.name = words(c->language, WORDS_TREAT_ALL), .x = x, .y = all, .n = n};
    int rc = plot_decision_curve(&figure, &c->plot, &model, 1, &treat_all, c->e);
    return add_figure(c, rc, figure, "decision_curve",
                      FILL(DECISION_CAPTION, say_count(c, c->v->binary.n), say_count(c, c->v->binary.n_positive)),
                      "figures/decision_curve.csv");
}

static void downgrade_row(struct compose *c, const struct downgrade_result *r) {
    const struct joined *j = c->v->joined;
    struct buf tiers;
    buf_init(&tiers);
    for (int i = 0; i < j->n_leaves && r->missed_by_tier; i++)
        if (r->missed_by_tier[i])
            buf_printf(&tiers, c->e, "%s%s: %zu", tiers.size ? ", " : "", c->v->tree->nodes[c->v->tree->leaves[i]].name,
                       r->missed_by_tier[i]);
    char *name = arena_printf(&c->arena, c->e, "%s, < %.6g", r->name, r->threshold);
    char *eligible = arena_printf(&c->arena, c->e, "%zu (%zu)", r->d.eligible, r->d.eligible_malignant);
    char *avoided = arena_printf(&c->arena, c->e, "%zu (%s %zu)", r->d.downgraded, SAY(BENIGN), r->d.avoided_benign);
    char *bound = r->d.bound_defined ? arena_printf(&c->arena, c->e, "%.2f %%, %s", 100 * r->d.upper_bound,
                                                    r->d.within_limit ? SAY(BOUND_WITHIN) : SAY(BOUND_ABOVE))
                                     : NULL;
    cells(c, name ? name : "", eligible ? eligible : "", avoided ? avoided : "", say_count(c, r->d.missed), tiers.data ? tiers.data : "",
          bound ? bound : SAY(NOT_DEFINED), say_count(c, r->d.needed), NULL);
    buf_release(&tiers);
}

int compose_utility(struct compose *c) {
    const struct utility_section *u = &c->v->utility;
    document_heading(c->document, 1, SAY(UTILITY));
    if (!gap_none(&u->gap))
        say_gap(c, &u->gap);
    int rc = gap_none(&u->gap) ? decision_figure(c) : 0;
    if (rc || u->n_downgrades == 0)
        return rc;
    const char *labels[] = {SAY(CATEGORY),     SAY(ELIGIBLE),    SAY(AVOIDED), SAY(MISSED),
                            SAY(MISSED_TIERS), SAY(UPPER_BOUND), SAY(NEEDED),  NULL};
    size_t shown = 0;
    for (size_t i = 0; i < u->n_downgrades; i++)
        shown += gap_none(&u->downgrades[i].gap);
    if (shown)
        table_of(c, SAY(DOWNGRADE_TABLE), "figures/downgrade.csv", labels);
    for (size_t i = 0; i < u->n_downgrades; i++)
        if (gap_none(&u->downgrades[i].gap))
            downgrade_row(c, &u->downgrades[i]);
    for (size_t i = 0; i < u->n_downgrades; i++)
        if (!gap_none(&u->downgrades[i].gap))
            document_note(c->document, "%s: %s", u->downgrades[i].name, FILL(NOT_COMPUTED, u->downgrades[i].gap.why));
    document_note(c->document, "%s",
                  FILL(DOWNGRADE_NOTE, say_short(c, 100 * c->v->plan->downgrade_limit), say_short(c, 100 * c->v->plan->downgrade_level),
                       say_count(c, u->zero_miss_needed)));
    return 0;
}
