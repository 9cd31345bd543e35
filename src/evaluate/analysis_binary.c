/* Section 1 of an evaluation: malignant or benign. Floor 5. */
#include "evaluate/analysis.h"

#include <math.h>
#include <string.h>

/* The estimate by Bayes from the sensitivity and specificity that stand in the table above it, the interval of the adjusted one, which is
 * always there; it is extended to the estimate where a cell is 0. Where no exam was called so, there is neither. */
static struct ratio estimate_of(const struct ratio *bayes, const struct ratio *adjusted) {
    struct ratio r = *adjusted;
    r.value = bayes->value;
    if (isnan(r.value))
        return (struct ratio){.value = NAN};
    r.interval.low = fmin(r.interval.low, r.value);
    r.interval.high = fmax(r.interval.high, r.value);
    return r;
}

static int reweight_one(struct predictive *out, const struct counts *c, double prevalence, double level, struct err *e) {
    struct predictive bayes, adjusted;
    int rc = binary_predictive(&bayes, c, prevalence, PREDICTIVE_LOGIT, level, e);
    if (!rc)
        rc = binary_predictive(&adjusted, c, prevalence, PREDICTIVE_ADJUSTED, level, e);
    if (!rc)
        *out = (struct predictive){estimate_of(&bayes.positive, &adjusted.positive), estimate_of(&bayes.negative, &adjusted.negative)};
    return rc;
}

static int reweight(struct threshold_result *t, struct evaluation *v, struct err *e) {
    const struct study_plan *p = v->plan;
    t->reweighted = arena_alloc(&v->arena, p->n_prevalences + 1, sizeof *t->reweighted, e);
    int rc = t->reweighted ? 0 : ERR_NO_MEMORY;
    for (unsigned i = 0; i < p->n_prevalences && !rc && gap_none(&t->reweighted_gap); i++)
        rc = gap_take(&t->reweighted_gap, reweight_one(&t->reweighted[i], &t->binary.counts, p->prevalences[i], p->level, e), e);
    return rc;
}

static int worst_case(struct threshold_result *t, const struct evaluation *v, struct err *e) {
    const struct counts *c = &t->binary.counts;
    const size_t *missing = v->joined->unscored;
    int rc = proportion_make(&t->worst_sensitivity, c->true_positive, c->true_positive + c->false_negative + missing[1], v->plan->level, e);
    return rc ? rc
              : proportion_make(&t->worst_specificity, c->true_negative, c->true_negative + c->false_positive + missing[0], v->plan->level,
                                e);
}

static int resample(struct threshold_result *t, const struct evaluation *v, struct err *e) {
    const struct joined *j = v->joined;
    const struct study_plan *p = v->plan;
    const bool by_specificity = p->partial_axis == ROC_SPECIFICITY;
    const struct binary_cohort cohort = {.score = j->score,
                                         .truth = j->truth,
                                         .threshold = t->value,
                                         .partial_low = by_specificity ? p->partial_low : 0,
                                         .partial_high = by_specificity ? p->partial_high : 1,
                                         .probability = p->score == PLAN_PROBABILITY};
    const struct bootstrap design = {
        .n = j->n, .cluster = j->cluster, .n_clusters = j->n_clusters, .resamples = p->resamples, .seed = p->seed};
    return gap_take(&t->bootstrap_gap, bootstrap_binary(t->bootstrap, NULL, &cohort, &design, p->level, e), e);
}

static int at_threshold(struct threshold_result *t, struct evaluation *v, struct err *e) {
    const struct joined *j = v->joined;
    struct counts c;
    int rc = binary_count(&c, j->score, j->truth, j->n, t->value, e);
    if (!rc)
        rc = binary_make(&t->binary, &c, v->plan->level, e);
    if (!rc)
        rc = reweight(t, v, e);
    if (!rc)
        rc = worst_case(t, v, e);
    return rc ? rc : resample(t, v, e);
}

static int check_stop(const struct evaluation_input *in, struct err *e) {
    return in->stop && *in->stop ? err_set(e, ERR_INTERRUPTED, "interrupted; nothing was written") : 0;
}

static int all_thresholds(struct binary_section *b, struct evaluation *v, const struct evaluation_input *in, struct err *e) {
    const size_t extra = in->extra ? 1 : 0;
    b->n_thresholds = extra + v->plan->n_thresholds;
    b->thresholds = arena_alloc(&v->arena, b->n_thresholds + 1, sizeof *b->thresholds, e);
    int rc = b->thresholds ? 0 : ERR_NO_MEMORY;
    for (size_t i = 0; i < b->n_thresholds && !rc; i++) {
        struct threshold_result *t = &b->thresholds[i];
        t->name = i < extra ? in->extra->name : v->plan->thresholds[i - extra].name;
        t->value = i < extra ? in->extra->value : v->plan->thresholds[i - extra].value;
        t->origin = i < extra ? in->extra->origin : THRESHOLD_PLANNED;
        if (in->progress)
            in->progress(in->progress_ctx, i, b->n_thresholds, "bootstrap");
        if (!(rc = check_stop(in, e)))
            rc = at_threshold(t, v, e);
    }
    if (in->progress)
        in->progress(in->progress_ctx, b->n_thresholds, b->n_thresholds, "bootstrap");
    return rc ? rc : check_stop(in, e);
}

static int curve(struct binary_section *b, const struct evaluation *v, struct err *e) {
    const struct joined *j = v->joined;
    const struct study_plan *p = v->plan;
    int rc = gap_take(&b->gap, roc_make(&b->roc, j->score, j->truth, j->n, e), e);
    if (rc || !gap_none(&b->gap))
        return rc;
    b->average_precision = roc_average_precision(b->roc);
    b->precision_recall_auc = roc_precision_recall_auc(b->roc);
    rc = roc_partial_auc(&b->partial, b->roc, p->partial_axis, p->partial_low, p->partial_high, false, e);
    if (!rc)
        rc = roc_partial_auc(&b->partial_corrected, b->roc, p->partial_axis, p->partial_low, p->partial_high, true, e);
    rc = gap_take(&b->partial_gap, rc, e);
    if (!rc)
        rc = analyse_auc(&b->auc_ignoring_patients, j->score, j->truth, j->n, NULL, 0, p->level, e);
    if (!rc && b->clustered)
        rc = analyse_auc(&b->auc, j->score, j->truth, j->n, j->cluster, j->n_clusters, p->level, e);
    if (!rc && !b->clustered)
        b->auc = b->auc_ignoring_patients;
    return rc;
}

int analyse_binary(struct evaluation *v, const struct evaluation_input *in, struct err *e) {
    struct binary_section *b = &v->binary;
    const struct joined *j = v->joined;
    b->n = j->n;
    for (size_t i = 0; i < j->n; i++)
        b->n_positive += j->truth[i];
    b->clustered = j->cluster && j->n_clusters < j->n;
    int rc = curve(b, v, e);
    if (!gap_none(&b->gap))
        b->auc.gap = b->auc_ignoring_patients.gap = b->partial_gap = b->gap;
    return rc ? rc : all_thresholds(b, v, in, e);
}
