/* Sections 6 and 7 of an evaluation: subgroups, and how many exams a next study would need. Floor 5. */
#include "evaluate/analysis.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS_MAX = 32, INTERACTION_MAX = 16 };

/* "under 40", "40 to 49", "70 and over"; NULL: no number. */
static const char *age_band(const struct evaluation *v, const char *cell, struct arena *a, struct err *e) {
    const struct study_plan *p = v->plan;
    char *end = NULL;
    errno = 0;
    const double age = strtod(cell, &end);
    if (errno || end == cell || *end || !isfinite(age))
        return NULL;
    unsigned band = 0;
    while (band < p->n_age_bands && age >= p->age_bands[band])
        band++;
    if (p->n_age_bands == 0)
        return "all ages";
    if (band == 0)
        return arena_printf(a, e, "under %g", p->age_bands[0]);
    if (band == p->n_age_bands)
        return arena_printf(a, e, "%g and over", p->age_bands[band - 1]);
    return arena_printf(a, e, "%g to under %g", p->age_bands[band - 1], p->age_bands[band]);
}

static int natural(const void *a, const void *b) { /* numbers inside are compared as numbers: "under 40" apart */
    return strverscmp(*(const char *const *)a, *(const char *const *)b);
}

struct grouping {
    const char *label[GROUPS_MAX];
    int n;
    int *group; /* of each exam, -1 unknown */
};

static int find_label(const struct grouping *g, const char *label) {
    for (int i = 0; i < g->n; i++)
        if (strcmp(g->label[i], label) == 0)
            return i;
    return -1;
}

static bool unknown_cell(const char *cell) {
    return !*cell || strcasecmp(cell, "unknown") == 0;
}

static int group_exams(struct grouping *g, struct subgroup_column *c, const struct group_column *column, struct evaluation *v,
                       struct err *e) {
    const struct joined *j = v->joined;
    const bool age = strcmp(c->name, "age") == 0;
    const char **label = arena_alloc(&v->arena, j->n, sizeof *label, e);
    g->group = arena_alloc(&v->arena, j->n, sizeof *g->group, e);
    if (!label || !g->group)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < j->n; i++) {
        label[i] = unknown_cell(column->value[i]) ? NULL : age ? age_band(v, column->value[i], &v->arena, e) : column->value[i];
        if (!label[i] && !unknown_cell(column->value[i])) {
            gap_set(&c->gap, "exam %.60s: age '%.20s' is not a number", j->exam_id[i], column->value[i]);
            return 0;
        }
        c->unknown += !label[i];
        if (!label[i] || find_label(g, label[i]) >= 0)
            continue;
        if (g->n == GROUPS_MAX) {
            gap_set(&c->gap, "more than %d different values", GROUPS_MAX);
            return 0;
        }
        g->label[g->n++] = label[i];
    }
    qsort(g->label, (size_t)g->n, sizeof *g->label, natural);
    for (int k = 1; k < g->n; k++) /* the youngest band first */
        if (age && strncmp(g->label[k], "under", 5) == 0) {
            const char *first = g->label[k];
            memmove(g->label + 1, g->label, (size_t)k * sizeof *g->label);
            g->label[0] = first;
        }
    for (size_t i = 0; i < j->n; i++)
        g->group[i] = label[i] ? find_label(g, label[i]) : -1;
    return 0;
}

/* The exams that are in a subgroup, packed. */
struct packed {
    size_t n, n_clusters;
    int *group;
    double *score;
    uint8_t *truth;
    size_t *cluster;
};

static int pack(struct packed *x, const struct grouping *g, struct evaluation *v, struct err *e) {
    const struct joined *j = v->joined;
    struct arena *a = &v->arena;
    size_t *seen = arena_alloc(a, j->n, sizeof *seen, e);
    *x = (struct packed){.group = arena_alloc(a, j->n, sizeof(int), e),
                         .score = arena_alloc(a, j->n, sizeof(double), e),
                         .truth = arena_alloc(a, j->n, 1, e),
                         .cluster = arena_alloc(a, j->n, sizeof(size_t), e)};
    if (!seen || !x->group || !x->score || !x->truth || !x->cluster)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < j->n; i++) {
        const size_t patient = j->cluster ? j->cluster[i] : i, k = x->n;
        if (g->group[i] < 0)
            continue;
        x->group[k] = g->group[i];
        x->score[k] = j->score[i];
        x->truth[k] = j->truth[i];
        if (!seen[patient])
            seen[patient] = ++x->n_clusters;
        x->cluster[k] = seen[patient] - 1;
        x->n++;
    }
    return 0;
}

static int test_equal(struct subgroup_column *c, struct err *e) {
    double estimate[GROUPS_MAX], variance[GROUPS_MAX];
    size_t k = 0;
    for (int i = 0; i < c->n_groups; i++)
        if (c->groups[i].s.large_enough) {
            estimate[k] = c->groups[i].s.auc;
            variance[k++] = c->groups[i].s.auc_variance;
        }
    if (k < 2) {
        gap_set(&c->homogeneity_gap, "fewer than two subgroups are large enough");
        return 0;
    }
    return gap_take(&c->homogeneity_gap, homogeneity_test(&c->homogeneity, estimate, variance, k, e), e);
}

/* On the logit of a probability; of large enough groups only, renumbered. */
static int test_interaction(struct subgroup_column *c, const struct packed *x, struct evaluation *v, struct err *e) {
    int renumbered[GROUPS_MAX], k = 0;
    size_t n = 0;
    for (int i = 0; i < c->n_groups; i++)
        renumbered[i] = c->groups[i].s.large_enough ? k++ : -1;
    if (k < 2 || k > INTERACTION_MAX) {
        gap_set(&c->interaction_gap, "%d subgroups are large enough; 2 to %d are required", k, INTERACTION_MAX);
        return 0;
    }
    int *group = arena_alloc(&v->arena, x->n, sizeof *group, e);
    double *score = arena_alloc(&v->arena, x->n, sizeof *score, e);
    uint8_t *truth = arena_alloc(&v->arena, x->n, 1, e);
    if (!group || !score || !truth)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < x->n; i++) {
        if (renumbered[x->group[i]] < 0)
            continue;
        const double clip = v->plan->logit_clip, p = fmin(fmax(x->score[i], clip), 1 - clip);
        group[n] = renumbered[x->group[i]];
        score[n] = v->plan->score == PLAN_PROBABILITY ? log(p / (1 - p)) : x->score[i];
        truth[n++] = x->truth[i];
    }
    return gap_take(&c->interaction_gap, interaction_test(&c->interaction, k, group, score, truth, n, e), e);
}

static int one_column(struct subgroup_column *c, const struct group_column *column, struct evaluation *v, struct err *e) {
    struct grouping g = {.n = 0};
    struct packed x;
    struct subgroup result[GROUPS_MAX];
    const struct threshold_result *t = primary_threshold(v);
    int rc = group_exams(&g, c, column, v, e);
    if (rc || !gap_none(&c->gap))
        return rc;
    c->n_groups = g.n;
    if (g.n == 0) {
        gap_set(&c->gap, "the column is empty");
        return 0;
    }
    c->groups = arena_alloc(&v->arena, (size_t)g.n, sizeof *c->groups, e);
    rc = c->groups ? pack(&x, &g, v, e) : ERR_NO_MEMORY;
    if (rc)
        return rc;
    const bool clustered = v->binary.clustered && x.n_clusters < x.n;
    const struct subgroup_rule rule = {t ? t->value : INFINITY, v->plan->level, v->plan->least_positive, v->plan->least_negative};
    rc = gap_take(&c->gap, subgroup_make(result, g.n, x.group, x.score, x.truth, x.n, clustered ? x.cluster : NULL, x.n_clusters, &rule, e),
                  e);
    if (rc || !gap_none(&c->gap))
        return rc;
    for (int i = 0; i < g.n; i++)
        c->groups[i] = (struct subgroup_result){g.label[i], result[i]};
    rc = test_equal(c, e);
    return rc ? rc : test_interaction(c, &x, v, e);
}

static int adjust(struct subgroups_section *s, struct err *e) {
    double p[PLAN_LIST_MAX], adjusted[PLAN_LIST_MAX];
    size_t which[PLAN_LIST_MAX], n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (gap_none(&s->columns[i].gap) && gap_none(&s->columns[i].interaction_gap)) {
            which[n] = i;
            p[n++] = s->columns[i].interaction.p;
        }
    int rc = n ? holm_adjust(adjusted, p, n, e) : 0;
    for (size_t i = 0; i < n && !rc; i++)
        s->columns[which[i]].interaction_holm = adjusted[i];
    return rc;
}

int analyse_subgroups(struct evaluation *v, struct err *e) {
    struct subgroups_section *s = &v->subgroups;
    const struct study_plan *p = v->plan;
    s->columns = arena_alloc(&v->arena, p->n_subgroups + 1, sizeof *s->columns, e);
    int rc = s->columns ? 0 : ERR_NO_MEMORY;
    for (unsigned i = 0; i < p->n_subgroups && !rc; i++) {
        const struct group_column *column = join_column(v->joined, p->subgroups[i]);
        struct subgroup_column *c = &s->columns[s->n++];
        c->name = p->subgroups[i];
        if (!column)
            gap_set(&c->gap, "no such column");
        else if (!gap_none(&v->binary.gap))
            c->gap = v->binary.gap;
        else
            rc = one_column(c, column, v, e);
    }
    return rc ? rc : adjust(s, e);
}

/* --- section 7 ----------------------------------------------------------------------------------------------------------- */

enum { SAMPLES = 5 };
static const double half_width = 0.05, power = 0.8, correlation = 0.5, effect = 0.05;

static int sample_gap(struct sample_result *s, int rc, const struct err *e) {
    return gap_take(&s->gap, rc, e);
}

int analyse_samples(struct evaluation *v, struct err *e) {
    static const char *const what[SAMPLES] = {"auc_interval", "auc_against_chance", "auc_paired", "sensitivity_interval", "mrmc_cases"};
    const struct binary_section *b = &v->binary;
    const double level = v->plan->level, auc = b->auc.value;
    v->n_samples = SAMPLES;
    v->samples = arena_alloc(&v->arena, SAMPLES, sizeof *v->samples, e);
    if (!v->samples)
        return ERR_NO_MEMORY;
    struct sample_result *s = v->samples;
    for (size_t i = 0; i < SAMPLES; i++) {
        s[i].what = what[i];
        if (!gap_none(&b->auc.gap))
            s[i].gap = b->auc.gap;
    }
    if (!gap_none(&b->auc.gap))
        return 0;
    const double ratio = (double)(b->n - b->n_positive) / (double)b->n_positive, prevalence = (double)b->n_positive / (double)b->n;
    const struct threshold_result *t = primary_threshold(v);
    int rc = sample_gap(&s[0], sample_size_auc(&s[0].size, SAMPLE_OBUCHOWSKI, auc, half_width, ratio, level, e), e);
    if (!rc)
        rc = sample_gap(&s[1], sample_size_auc_test(&s[1].size, SAMPLE_OBUCHOWSKI, auc, 0.5, ratio, level, power, e), e);
    if (!rc)
        rc = sample_gap(&s[2],
                        sample_size_auc_paired(&s[2].size, SAMPLE_OBUCHOWSKI, auc, auc - effect, correlation, ratio, level, power, e), e);
    if (!rc && t && t->binary.sensitivity.defined)
        rc = sample_gap(&s[3], sample_size_sensitivity(&s[3].size, t->binary.sensitivity.value, half_width, prevalence, level, e), e);
    else if (!rc)
        gap_set(&s[3].gap, "no threshold");
    if (rc || v->joined->n_conditions < 2 || !gap_none(&v->readers.gap) || !gap_none(&v->readers.mrmc_gap)) {
        gap_set(&s[4].gap, "needs readers under two conditions as a pilot");
        return rc;
    }
    return sample_gap(
        &s[4], mrmc_cases(&s[4].size, &v->readers.components, v->readers.n_complete, (int)v->joined->n_readers, effect, level, power, e),
        e);
}
