/* Section 4 of an evaluation: are the probabilities right, before and after recalibration fitted on other exams. Floor 5. */
#include "evaluate/analysis.h"

#include <math.h>

static int measure(struct calibration_result *r, const double *p, struct evaluation *v, struct err *e) {
    const struct study_plan *plan = v->plan;
    const struct joined *j = v->joined;
    r->bins = arena_alloc(&v->arena, plan->bins, sizeof *r->bins, e);
    if (!r->bins)
        return ERR_NO_MEMORY;
    if (j->n < plan->bins) {
        gap_set(&r->gap, "%zu exams are fewer than the %u bins of the plan", j->n, plan->bins);
        return 0;
    }
    int rc = calibration_bins(r->bins, plan->bins, plan->bins_rule, p, j->truth, j->n, plan->level, e);
    if (!rc) {
        calibration_error(&r->ece, &r->mce, r->bins, plan->bins);
        rc = calibration_brier(&r->brier, p, j->truth, j->n, plan->bins, plan->bins_rule, e);
    }
    rc = gap_take(&r->gap, rc, e);
    if (rc || !gap_none(&r->gap))
        return rc;
    rc = gap_take(&r->line_gap, calibration_line(&r->line, p, j->truth, j->n, plan->logit_clip, plan->level, e), e);
    if (!rc)
        rc = gap_take(&r->hosmer_lemeshow_gap,
                      calibration_hosmer_lemeshow(&r->hl_chi_square, &r->hl_df, &r->hl_p, r->bins, plan->bins, 0, e), e);
    return rc ? rc : gap_take(&r->ici_gap, calibration_ici(&r->ici, NULL, p, j->truth, j->n, e), e);
}

static double logit(double p, double clip) {
    const double q = fmin(fmax(p, clip), 1 - clip);
    return log(q / (1 - q));
}

/* Platt and isotonic, on the logit and on the score itself. */
static int platt(struct calibration_section *s, double *p, struct gap *g, struct evaluation *v, const struct joined *other, struct err *e) {
    const double clip = v->plan->logit_clip;
    double *x = arena_alloc(&v->arena, other->n, sizeof *x, e);
    if (!x)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < other->n; i++)
        x[i] = logit(other->score[i], clip);
    int rc = gap_take(g, platt_fit(&s->platt, x, other->truth, other->n, false, e), e);
    for (size_t i = 0; i < v->joined->n && !rc && gap_none(g); i++)
        p[i] = platt_apply(&s->platt, logit(v->joined->score[i], clip));
    return rc;
}

static int isotonic(double *p, struct gap *g, struct evaluation *v, const struct joined *other, struct err *e) {
    struct isotonic *fit = NULL;
    int rc = gap_take(g, isotonic_fit(&fit, other->score, other->truth, other->n, e), e);
    for (size_t i = 0; i < v->joined->n && !rc && gap_none(g); i++)
        p[i] = isotonic_apply(fit, v->joined->score[i]);
    isotonic_free(fit);
    return rc;
}

/* log of the level's probabilities of exam i: logits up to a constant, which softmax does not see */
static void level_logits(double *out, const struct joined *j, const struct tree *t, size_t level, size_t i, double clip) {
    level_probability(out, t, level, j->probability + i * (size_t)j->n_leaves);
    for (int c = 0; c < level_classes(t, level); c++)
        out[c] = log(fmax(out[c], clip));
}

static int fit_level(struct calibration_section *s, size_t level, struct evaluation *v, const struct joined *other, struct err *e) {
    const size_t k = (size_t)level_classes(v->tree, level);
    double *x = arena_alloc(&v->arena, other->n * k, sizeof *x, e);
    int *y = arena_alloc(&v->arena, other->n, sizeof *y, e);
    size_t n = 0;
    if (!x || !y)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < other->n; i++) {
        const bool known = other->leaf && other->leaf[i] >= 0;
        /* the top level needs no tier: malignant or not is known of every exam, and where two nodes are all, so is the node */
        const int node = other->truth[i] ? v->tree->positive : tree_negative(v->tree);
        if (!known && (level > 0 || node < 0))
            continue;
        level_logits(x + n * k, other, v->tree, level, i, v->plan->logit_clip);
        y[n++] = level_class(v->tree, level, known ? (size_t)other->leaf[i] : v->tree->nodes[node].first_leaf);
    }
    if (n == 0) {
        gap_set(&s->temperature_gap[level], "the development set has no tiers");
        return 0;
    }
    return gap_take(&s->temperature_gap[level], temperature_fit(&s->temperature[level], x, y, n, (int)k, e), e);
}

/* Temperatures of all levels are reported; the score that is recalibrated is the top level's malignant. */
static int temperature(struct calibration_section *s, double *p, struct gap *g, struct evaluation *v, const struct joined *other,
                       struct err *e) {
    const struct joined *j = v->joined;
    if (!j->probability || !other->probability) {
        gap_set(g, "needs class probabilities in both sets");
        return 0;
    }
    const size_t levels = v->tree->n_levels;
    s->temperature_gap = arena_alloc(&v->arena, levels, sizeof *s->temperature_gap, e);
    s->temperature = arena_alloc(&v->arena, levels, sizeof *s->temperature, e);
    int rc = s->temperature_gap && s->temperature ? 0 : ERR_NO_MEMORY;
    for (size_t l = 0; l < levels && !rc; l++)
        rc = fit_level(s, l, v, other, e);
    if (rc || !gap_none(&s->temperature_gap[0])) {
        if (!rc)
            *g = s->temperature_gap[0];
        return rc;
    }
    const int malignant = level_class(v->tree, 0, v->tree->nodes[v->tree->positive].first_leaf);
    const int k = level_classes(v->tree, 0);
    double x[TREE_NODES_MAX];
    for (size_t i = 0; i < j->n; i++) {
        double sum = 0;
        level_logits(x, j, v->tree, 0, i, v->plan->logit_clip);
        for (int c = 0; c < k; c++)
            sum += exp((x[c] - x[malignant]) / s->temperature[0]);
        p[i] = 1 / sum;
    }
    return 0;
}

static int recalibrated(struct calibration_section *s, struct evaluation *v, const struct joined *other, struct err *e) {
    static const char *const names[] = {"platt", "isotonic", "temperature"};
    int rc = 0;
    for (size_t i = 0; i < 3 && !rc; i++) {
        struct calibration_result *r = &s->results[s->n_results++];
        double *p = arena_alloc(&v->arena, v->joined->n, sizeof *p, e);
        r->name = names[i];
        if (!p)
            return ERR_NO_MEMORY;
        rc = i == 0   ? platt(s, p, &r->gap, v, other, e)
             : i == 1 ? isotonic(p, &r->gap, v, other, e)
                      : temperature(s, p, &r->gap, v, other, e);
        if (!rc && gap_none(&r->gap))
            rc = measure(r, p, v, e);
    }
    return rc;
}

int analyse_calibration(struct evaluation *v, const struct evaluation_input *in, struct err *e) {
    struct calibration_section *s = &v->calibration;
    if (v->plan->score != PLAN_PROBABILITY)
        gap_set(&s->gap, "the plan says score: any, so scores are not probabilities");
    else if (!gap_none(&v->binary.gap))
        s->gap = v->binary.gap;
    if (!gap_none(&s->gap))
        return 0;
    s->results = arena_alloc(&v->arena, 4, sizeof *s->results, e);
    if (!s->results)
        return ERR_NO_MEMORY;
    s->results[0].name = "as_given";
    s->n_results = 1;
    int rc = measure(&s->results[0], v->joined->score, v, e);
    if (rc || !in->development)
        return rc;
    s->development_n = in->development->n;
    for (size_t i = 0; i < in->development->n; i++)
        s->development_positive += in->development->truth[i];
    return recalibrated(s, v, in->development, e);
}
