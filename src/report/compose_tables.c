/* The report's sections of tables: tiers, readers, subgroups, sample sizes. Floor 6. */
#include <math.h>
#include <string.h>

#include "evaluate/analysis.h"
#include "report/compose_part.h"

static const char *or_empty(const char *text) {
    return text ? text : "";
}

/* Takes the figure. */
static int add_figure(struct compose *c, int rc, struct canvas *figure, const char *name, const char *caption, const char *csv) {
    if (!rc)
        document_figure(c->document, figure, name, caption, csv);
    return rc;
}

static const char *kappa_text(struct compose *c, const struct kappa *k, const struct gap *g) {
    return gap_none(g) ? or_empty(arena_printf(&c->arena, c->e, "%.3f (%s)", k->value, say_interval(c, &k->interval))) : SAY(NOT_DEFINED);
}

/* --- tiers --------------------------------------------------------------------------------------------------------------- */

static int confusion_figure(struct compose *c, const struct level_result *l, size_t number) {
    struct canvas *figure = NULL;
    const size_t k = (size_t)l->k;
    const char *name = or_empty(arena_printf(&c->arena, c->e, "confusion_level%zu", number));
    const char *csv = or_empty(arena_printf(&c->arena, c->e, "figures/%s.csv", name));
    if (k > PLOT_CLASSES_MAX) { /* a large tree's matrix is for a program to read */
        document_paragraph(c->document, "%s", FILL(CONFUSION_LARGE, l->name, say_count(c, k), csv));
        return 0;
    }
    double *counts = arena_alloc(&c->arena, k * k, sizeof *counts, c->e);
    if (!counts)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < k * k; i++)
        counts[i] = (double)l->confusion[i];
    int rc = plot_confusion(&figure, &c->plot, FILL(CONFUSION_TITLE, l->name), l->class_name, counts, k, c->e);
    return add_figure(c, rc, figure, name, FILL(CONFUSION_CAPTION, l->name, say_count(c, c->v->tiers.n)), csv);
}

static void level_table(struct compose *c, const struct level_result *l) {
    const char *labels[] = {SAY(MEASURE), SAY(VALUE), FILL(INTERVAL, say_level(c)), NULL};
    const char *const kappas[KAPPAS] = {SAY(KAPPA_WORD), SAY(KAPPA_LINEAR_WORD), SAY(KAPPA_QUADRATIC_WORD)};
    table_of(c, FILL(TIERS_TABLE, l->name, say_count(c, c->v->tiers.n)), NULL, labels);
    cells(c, SAY(ACCURACY_WORD), say_number(c, l->accuracy.value, 3), say_interval(c, &l->accuracy.wilson), NULL);
    cells(c, SAY(BALANCED), say_number(c, l->summary.balanced_accuracy, 3), "", NULL);
    for (int w = 0; w < KAPPAS; w++)
        if (gap_none(&l->kappa_gap[w]))
            cells(c, kappas[w], say_number(c, l->kappa[w].value, 3), say_interval(c, &l->kappa[w].interval), NULL);
    if (gap_none(&l->auc_gap))
        cells(c, SAY(MACRO_AUC), say_number(c, l->macro_auc, 3), "", NULL);
    for (int k = 0; k < l->k && l->k > 2 && gap_none(&l->auc_gap); k++)
        if (l->auc_defined[k])
            cells(c, FILL(CLASS_AUC, l->class_name[k]), say_number(c, l->auc[k], 3), "", NULL);
    if (gap_none(&l->hand_till_gap))
        cells(c, SAY(HAND_TILL), say_number(c, l->hand_till, 3), "", NULL);
    cells(c, SAY(DISTANCE_WORD), say_number(c, l->summary.mean_distance, 3), "", NULL);
}

int compose_tiers(struct compose *c) {
    const struct tiers_section *s = &c->v->tiers;
    int rc = 0;
    document_heading(c->document, 1, SAY(TIERS));
    document_paragraph(c->document, "%s", FILL(POSITIVE, c->v->tree->name, c->v->joined->positive));
    if (!gap_none(&s->gap)) {
        say_gap(c, &s->gap);
        return 0;
    }
    for (size_t l = 0; l < s->n_levels && !rc; l++)
        rc = confusion_figure(c, &s->levels[l], l + 1);
    if (rc)
        return rc;
    for (size_t i = 0; i < s->n_levels; i++)
        level_table(c, &s->levels[i]);
    document_paragraph(c->document, "%s", FILL(TREE_COST, say_number(c, s->tree_cost, 3), say_count(c, s->n)));
    return 0;
}

/* --- readers ------------------------------------------------------------------------------------------------------------- */

static const char *reader_name(struct compose *c, const struct reader_result *r) {
    const struct joined *j = c->v->joined;
    const char *condition = j->condition[r->condition];
    return *condition ? or_empty(arena_printf(&c->arena, c->e, "%s, %s", j->reader[r->reader], condition)) : j->reader[r->reader];
}

static void readers_table(struct compose *c) {
    const struct readers_section *s = &c->v->readers;
    const char *labels[] = {
        SAY(READER_WORD), SAY(EXAMS_ANALYSED), SAY(MALIGNANT), SAY(SENSITIVITY_WORD), SAY(SPECIFICITY_WORD), "AUC", NULL};
    table_of(c, FILL(READERS_TABLE, c->v->plan->reader_positive), "figures/readers.csv", labels);
    for (size_t i = 0; i < s->n_results; i++) {
        const struct reader_result *r = &s->results[i];
        cells(c, reader_name(c, r), say_count(c, r->n), say_count(c, r->n_positive),
              r->n ? say_share(c, &r->binary.sensitivity) : SAY(NOT_DEFINED),
              r->n ? say_share(c, &r->binary.specificity) : SAY(NOT_DEFINED), say_auc(c, &r->auc), NULL);
    }
}

static void comparison_rows(struct compose *c, const struct reader_result *r) {
    const char *const what[2] = {SAY(SENSITIVITY_WORD), SAY(SPECIFICITY_WORD)};
    document_group_row(c->document, reader_name(c, r));
    for (int w = 0; w < 2; w++)
        if (gap_none(&r->pair_gap[w])) {
            const char *value = or_empty(
                arena_printf(&c->arena, c->e, "%+.3f (%s)", r->difference[w].difference, say_interval(c, &r->difference[w].tango)));
            cells(c, what[w], say_count(c, r->pairs[w].both + r->pairs[w].first + r->pairs[w].second + r->pairs[w].neither), value,
                  say_p(c, r->mcnemar[w].mid), gap_none(&r->noninferiority_gap[w]) ? say_p(c, r->noninferiority_p[w]) : "", NULL);
        }
    if (gap_none(&r->delong_gap))
        cells(c, "AUC", say_count(c, r->n),
              or_empty(arena_printf(&c->arena, c->e, "%+.3f (%s)", r->delong.difference, say_interval(c, &r->delong.interval))),
              say_p(c, r->delong.p), gap_none(&r->auc_noninferiority_gap) ? say_p(c, r->auc_noninferiority_p) : "", NULL);
}

static void comparison_table(struct compose *c) {
    const struct readers_section *s = &c->v->readers;
    const struct threshold_result *t = primary_threshold(c->v);
    const char *labels[] = {SAY(DIFFERENCE_OF), "n", FILL(INTERVAL, say_level(c)), SAY(P_WORD), SAY(P_NONINFERIOR), NULL};
    table_of(c, FILL(COMPARISON_TABLE, t ? t->name : SAY(NONE_WORD), say_short(c, c->v->plan->noninferiority_margin)), NULL, labels);
    for (size_t i = 0; i < s->n_results; i++)
        comparison_rows(c, &s->results[i]);
}

static void agreement_table(struct compose *c) {
    const struct readers_section *s = &c->v->readers;
    const struct joined *j = c->v->joined;
    const char *labels[] = {SAY(READERS_WORD), "n", SAY(KAPPA_WORD), SAY(KAPPA_LINEAR_WORD), SAY(KAPPA_QUADRATIC_WORD), NULL};
    table_of(c, SAY(AGREEMENT_TABLE), NULL, labels);
    for (size_t i = 0; i < s->n_agreements; i++) {
        const struct agreement *a = &s->agreements[i];
        cells(c, or_empty(arena_printf(&c->arena, c->e, "%s - %s", j->reader[a->a], j->reader[a->b])), say_count(c, a->n),
              kappa_text(c, &a->kappa[0], &a->gap[0]), kappa_text(c, &a->kappa[1], &a->gap[1]), kappa_text(c, &a->kappa[2], &a->gap[2]),
              NULL);
    }
    if (gap_none(&s->fleiss_gap))
        document_paragraph(c->document, "%s",
                           FILL(FLEISS_NOTE, say_number(c, s->fleiss.value, 3), say_number(c, s->fleiss.interval.low, 3),
                                say_number(c, s->fleiss.interval.high, 3), say_count(c, s->n_complete)));
}

static void mrmc_table(struct compose *c) {
    const struct readers_section *s = &c->v->readers;
    const struct joined *j = c->v->joined;
    const char *const models[3] = {SAY(MRMC_BOTH), SAY(MRMC_READERS), SAY(MRMC_CASES)};
    const char *labels[] = {SAY(GENERALISE), SAY(VALUE), FILL(INTERVAL, say_level(c)), SAY(P_WORD), NULL};
    for (size_t i = 0; i < j->n_conditions && gap_none(&s->mean_gap); i++) {
        const char *condition = *j->condition[i] ? or_empty(arena_printf(&c->arena, c->e, ", %s", j->condition[i])) : "";
        document_paragraph(c->document, "%s",
                           FILL(MEAN_READER, condition, say_number(c, s->mean[i].value, 3), say_number(c, s->mean[i].interval.low, 3),
                                say_number(c, s->mean[i].interval.high, 3)));
    }
    if (!gap_none(&s->mrmc_gap))
        return;
    table_of(c, FILL(MRMC_TABLE, j->condition[1], j->condition[0], say_count(c, j->n_readers), say_count(c, s->n_complete)), NULL, labels);
    for (int m = 0; m < 3; m++)
        cells(c, models[m], say_number(c, s->mrmc_difference[m].value, 3), say_interval(c, &s->mrmc_difference[m].interval),
              say_p(c, s->mrmc_difference[m].p), NULL);
    if (c->v->binary.clustered)
        document_note(c->document, "%s", SAY(MRMC_PATIENTS));
}

int compose_readers(struct compose *c) {
    const struct readers_section *s = &c->v->readers;
    document_heading(c->document, 1, SAY(READERS_TITLE));
    if (!gap_none(&s->gap)) {
        say_gap(c, &s->gap);
        return 0;
    }
    readers_table(c);
    comparison_table(c);
    if (s->n_agreements)
        agreement_table(c);
    mrmc_table(c);
    return 0;
}

int compose_biopsy(struct compose *c) {
    const struct evaluation *v = c->v;
    const struct threshold_result *t = primary_threshold(v);
    size_t there = 0;
    for (size_t i = 0; i < v->n_biopsy; i++)
        there += gap_none(&v->biopsy[i].gap);
    if (v->n_biopsy)
        document_heading(c->document, 1, SAY(BIOPSY));
    if (there && t) {
        const char *labels[] = {SAY(READING_WORD),    "n",         SAY(PATHOLOGIST_ACCURACY), SAY(MODEL_ACCURACY),
                                SAY(DIFFERENCE_WORD), SAY(P_WORD), SAY(P_NONINFERIOR),        NULL};
        table_of(c, FILL(BIOPSY_TABLE, t->name, say_short(c, v->plan->noninferiority_margin)), NULL, labels);
    }
    for (size_t i = 0; i < v->n_biopsy; i++) {
        const struct biopsy_result *r = &v->biopsy[i];
        if (gap_none(&r->gap))
            cells(c, r->name, say_count(c, r->n), say_share(c, &r->binary.accuracy), say_share(c, &r->model_accuracy),
                  or_empty(arena_printf(&c->arena, c->e, "%+.3f (%s)", r->difference.difference, say_interval(c, &r->difference.tango))),
                  say_p(c, r->mcnemar.mid), gap_none(&r->noninferiority_gap) ? say_p(c, r->noninferiority_p) : "", NULL);
    }
    for (size_t i = 0; i < v->n_biopsy; i++)
        if (!gap_none(&v->biopsy[i].gap))
            document_note(c->document, "%s: %s", v->biopsy[i].name, FILL(NOT_COMPUTED, v->biopsy[i].gap.why));
    return 0;
}

/* --- subgroups ----------------------------------------------------------------------------------------------------------- */

static void forest_row(struct compose *c, struct plot_forest_row *row, const struct subgroup_result *g) {
    *row = (struct plot_forest_row){.label = g->name, .n = (double)g->s.n, .estimate = NAN, .low = NAN, .high = NAN};
    if (g->s.large_enough) {
        row->estimate = g->s.auc;
        row->low = g->s.auc_interval.low;
        row->high = g->s.auc_interval.high;
    } else if (g->s.n_positive < c->v->plan->least_positive) {
        row->guard = FILL(ONLY_MALIGNANT, say_count(c, g->s.n_positive));
    } else {
        row->guard = FILL(ONLY_OTHERS, say_count(c, g->s.n - g->s.n_positive));
    }
}

/* An axis from one half, or from the tenth below the lowest number that is shown. */
static double forest_low(const struct plot_forest_row *rows, size_t n) {
    double low = 0.5;
    for (size_t i = 0; i < n; i++) {
        low = isfinite(rows[i].estimate) ? fmin(low, rows[i].estimate) : low;
        low = isfinite(rows[i].low) ? fmin(low, rows[i].low) : low;
    }
    return fmax(0, floor(10 * low) / 10);
}

static int forest_figure(struct compose *c) {
    const struct subgroups_section *s = &c->v->subgroups;
    const struct auc *all = &c->v->binary.auc;
    const struct study_plan *p = c->v->plan;
    struct canvas *figure = NULL;
    size_t room = 1, n = 0;
    for (size_t i = 0; i < s->n; i++)
        room += 1 + (size_t)s->columns[i].n_groups;
    bool remarks = false;
    struct plot_forest_row *rows = arena_alloc(&c->arena, room, sizeof *rows, c->e);
    if (!rows)
        return ERR_NO_MEMORY;
    rows[n++] = (struct plot_forest_row){.label = SAY(ALL_EXAMS),
                                         .summary = true,
                                         .n = (double)c->v->binary.n,
                                         .estimate = all->value,
                                         .low = all->plain.low,
                                         .high = all->plain.high};
    for (size_t i = 0; i < s->n; i++) {
        const struct subgroup_column *column = &s->columns[i];
        if (!gap_none(&column->gap))
            continue;
        const char *remark =
            gap_none(&column->interaction_gap) ? or_empty(arena_printf(&c->arena, c->e, "p = %.3f", column->interaction_holm)) : NULL;
        remarks = remarks || remark;
        rows[n++] = (struct plot_forest_row){.label = column->name, .heading = true, .n = NAN, .remark = remark};
        for (int g = 0; g < column->n_groups; g++)
            forest_row(c, &rows[n++], &column->groups[g]);
    }
    const struct plot_forest forest = {.title = SAY(FOREST_TITLE),
                                       .x_label = FILL(AUC_AXIS, say_level(c)),
                                       .remark_label = remarks ? SAY(HOLM_P) : NULL,
                                       .low = forest_low(rows, n),
                                       .high = 1,
                                       .reference = all->value,
                                       .decimals = 3,
                                       .row = rows,
                                       .n = n};
    int rc = plot_forest(&figure, &c->plot, &forest, c->e);
    return add_figure(c, rc, figure, "forest",
                      FILL(FOREST_CAPTION, say_count(c, c->v->binary.n), say_count(c, p->least_positive), say_count(c, p->least_negative)),
                      "figures/forest.csv");
}

int compose_subgroups(struct compose *c) {
    const struct subgroups_section *s = &c->v->subgroups;
    size_t there = 0;
    document_heading(c->document, 1, SAY(SUBGROUPS));
    for (size_t i = 0; i < s->n; i++)
        there += gap_none(&s->columns[i].gap);
    if (there && gap_none(&c->v->binary.auc.gap)) {
        int rc = forest_figure(c);
        if (rc)
            return rc;
        const char *labels[] = {
            SAY(COLUMN_WORD), SAY(GROUPS_WORD), SAY(UNKNOWN_WORD), SAY(HETEROGENEITY_P), SAY(INTERACTION_P), SAY(HOLM_P), NULL};
        table_of(c, SAY(INTERACTION_TABLE), "figures/forest.csv", labels);
    }
    for (size_t i = 0; i < s->n && there && gap_none(&c->v->binary.auc.gap); i++) {
        const struct subgroup_column *x = &s->columns[i];
        const bool tested = gap_none(&x->interaction_gap);
        if (gap_none(&x->gap))
            cells(c, x->name, say_count(c, (size_t)x->n_groups), say_count(c, x->unknown),
                  gap_none(&x->homogeneity_gap) ? say_p(c, x->homogeneity.p) : "", tested ? say_p(c, x->interaction.p) : "",
                  tested ? say_p(c, x->interaction_holm) : "", NULL);
    }
    for (size_t i = 0; i < s->n; i++)
        if (!gap_none(&s->columns[i].gap))
            document_note(c->document, "%s: %s", s->columns[i].name, FILL(NOT_COMPUTED, s->columns[i].gap.why));
    return 0;
}

int compose_samples(struct compose *c) {
    static const struct {
        const char *what;
        enum phrase key;
    } names[] = {{"auc_interval", PHRASE_SAMPLE_AUC},
                 {"auc_against_chance", PHRASE_SAMPLE_CHANCE},
                 {"auc_paired", PHRASE_SAMPLE_PAIRED},
                 {"sensitivity_interval", PHRASE_SAMPLE_SENSITIVITY},
                 {"mrmc_cases", PHRASE_SAMPLE_MRMC}};
    size_t there = 0;
    document_heading(c->document, 1, SAY(SAMPLES));
    for (size_t i = 0; i < c->v->n_samples; i++)
        there += gap_none(&c->v->samples[i].gap);
    if (!there) {
        say_gap(c, &c->v->samples[0].gap);
        return 0;
    }
    const struct document_column columns[] = {{.label = SAY(WHAT_WORD)},
                                              {.label = SAY(MALIGNANT), .number = true},
                                              {.label = SAY(TOTAL), .number = true},
                                              {.label = SAY(FORMULA)},
                                              {.label = SAY(CITATION)}};
    document_table(c->document, SAY(SAMPLES_TABLE), columns, 5, NULL);
    for (size_t i = 0; i < c->v->n_samples; i++) {
        const struct sample_result *s = &c->v->samples[i];
        for (size_t k = 0; k < sizeof names / sizeof *names && gap_none(&s->gap); k++)
            if (strcmp(names[k].what, s->what) == 0)
                cells(c, phrase_text(c->language, names[k].key), s->size.positives ? say_count(c, s->size.positives) : "",
                      say_count(c, s->size.total), s->size.formula, s->size.citation, NULL);
    }
    return 0;
}
