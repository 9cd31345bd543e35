/* Section 5 of an evaluation: what would be decided by the score. Floor 5. */
#include "evaluate/analysis.h"

#include <string.h>

const short *clinical_birads(const struct evaluation *v, const char **source) {
    const struct joined *j = v->joined;
    for (size_t r = 0; r < j->n_readers; r++)
        if (*v->plan->reference_reader && strcmp(j->reader[r], v->plan->reference_reader) == 0) {
            *source = j->reader[r];
            return j->birads + r * j->n;
        }
    *source = NULL;
    return NULL;
}

static int curve(struct utility_section *s, struct evaluation *v, struct err *e) {
    const struct study_plan *p = v->plan;
    const struct joined *j = v->joined;
    s->n_points = p->decision_points;
    s->points = arena_alloc(&v->arena, s->n_points, sizeof *s->points, e);
    double *thresholds = arena_alloc(&v->arena, s->n_points, sizeof *thresholds, e);
    if (!s->points || !thresholds)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < s->n_points; i++)
        thresholds[i] = p->decision_low + (p->decision_high - p->decision_low) * (double)i / (double)(s->n_points - 1);
    const struct bootstrap design = {
        .n = j->n, .cluster = j->cluster, .n_clusters = j->n_clusters, .resamples = p->resamples, .seed = p->seed};
    return gap_take(&s->gap, decision_curve(s->points, thresholds, s->n_points, j->score, j->truth, j->n, &design, p->level, e), e);
}

/* Which exams have one of the rule's categories; from the truth table's column birads, else from the reference reader. */
static int eligible_exams(uint8_t *eligible, struct downgrade_result *r, const struct plan_downgrade *rule, const struct evaluation *v) {
    const struct joined *j = v->joined;
    const struct group_column *column = join_column(j, "birads");
    const short *reader = column ? NULL : clinical_birads(v, &r->source);
    if (column)
        r->source = "birads";
    if (!column && !reader) {
        gap_set(&r->gap, "no column birads in the truth table, and the plan names no reference reader who is there");
        return 0;
    }
    for (size_t i = 0; i < j->n; i++) {
        const enum birads b = column ? birads_read(column->value[i]) : reader[i];
        if (column && *column->value[i] && b == BIRADS_UNREADABLE) {
            gap_set(&r->gap, "exam %.60s: birads '%.20s' is not a BI-RADS category", j->exam_id[i], column->value[i]);
            return 0;
        }
        for (unsigned k = 0; k < rule->n_categories; k++)
            eligible[i] |= b == birads_read(rule->categories[k]);
    }
    return 0;
}

static int downgrade(struct downgrade_result *r, const struct plan_downgrade *rule, struct evaluation *v, struct err *e) {
    const struct joined *j = v->joined;
    const struct study_plan *p = v->plan;
    uint8_t *eligible = arena_alloc(&v->arena, j->n, 1, e);
    size_t *by_tier = arena_alloc(&v->arena, (size_t)j->n_leaves, sizeof *by_tier, e);
    if (!eligible || !by_tier)
        return ERR_NO_MEMORY;
    r->name = rule->name;
    r->threshold = rule->threshold;
    eligible_exams(eligible, r, rule, v);
    if (!gap_none(&r->gap))
        return 0;
    const struct downgrade_rule how = {rule->threshold, p->downgrade_limit, p->level, p->downgrade_level};
    const bool tiers = j->leaf && j->n_leaf == j->n;
    int rc = downgrade_make(&r->d, tiers ? by_tier : NULL, eligible, j->score, j->truth, tiers ? j->leaf : NULL, tiers ? j->n_leaves : 0,
                            j->n, &how, e);
    r->missed_by_tier = tiers ? by_tier : NULL;
    return gap_take(&r->gap, rc, e);
}

int analyse_utility(struct evaluation *v, struct err *e) {
    struct utility_section *s = &v->utility;
    const struct study_plan *p = v->plan;
    int rc = downgrade_needed(&s->zero_miss_needed, 0, p->downgrade_limit, p->downgrade_level, e);
    if (rc)
        return rc;
    if (p->score != PLAN_PROBABILITY)
        gap_set(&s->gap, "the plan says score: any, so scores are not probabilities");
    else
        rc = curve(s, v, e);
    s->n_downgrades = p->score == PLAN_PROBABILITY ? p->n_downgrades : 0;
    s->downgrades = arena_alloc(&v->arena, s->n_downgrades + 1, sizeof *s->downgrades, e);
    if (!rc && !s->downgrades)
        rc = ERR_NO_MEMORY;
    for (size_t i = 0; i < s->n_downgrades && !rc; i++)
        rc = downgrade(&s->downgrades[i], &p->downgrades[i], v, e);
    return rc;
}
