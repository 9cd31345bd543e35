/* The report's document: its head, its order, and what the sections share. Floor 6. */
#include "report/compose.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "evaluate/analysis.h"
#include "report/compose_part.h"

static const char *or_empty(const char *text) {
    return text ? text : "";
}

const char *say_number(struct compose *c, double x, int decimals) {
    return isfinite(x) ? or_empty(arena_printf(&c->arena, NULL, "%.*f", decimals, x)) : SAY(NOT_DEFINED);
}

const char *say_count(struct compose *c, size_t n) {
    return or_empty(arena_printf(&c->arena, NULL, "%zu", n));
}

const char *say_short(struct compose *c, double x) {
    return isfinite(x) ? or_empty(arena_printf(&c->arena, NULL, "%.6g", x)) : SAY(NOT_DEFINED);
}

const char *say_p(struct compose *c, double p) {
    return p < 0.001 ? "< 0.001" : say_number(c, p, 3);
}

const char *say_interval(struct compose *c, const struct interval *x) {
    return or_empty(arena_printf(&c->arena, NULL, c->language == WORDS_CHINESE ? "%.3f 至 %.3f" : "%.3f to %.3f", x->low, x->high));
}

static const char *with_interval(struct compose *c, double value, const struct interval *x) {
    return or_empty(arena_printf(&c->arena, NULL, "%.3f (%s)", value, say_interval(c, x)));
}

const char *say_share(struct compose *c, const struct proportion *p) {
    return p->defined ? with_interval(c, p->value, &p->wilson) : SAY(NOT_DEFINED);
}

const char *say_auc(struct compose *c, const struct auc *a) {
    return gap_none(&a->gap) ? with_interval(c, a->value, &a->plain) : SAY(NOT_DEFINED);
}

const char *say_level(struct compose *c) {
    return say_short(c, 100 * c->v->plan->level);
}

const char *say_origin(struct compose *c, enum threshold_origin o) {
    return o == THRESHOLD_PLANNED ? SAY(ORIGIN_PLANNED) : o == THRESHOLD_CHOSEN ? SAY(ORIGIN_CHOSEN) : SAY(ORIGIN_LOCKED);
}

void table_of(struct compose *c, const char *caption, const char *csv, const char *const *labels) {
    enum { COLUMNS_MAX = 12 };
    struct document_column columns[COLUMNS_MAX];
    size_t n = 0;
    for (; labels[n] && n < COLUMNS_MAX; n++)
        columns[n] = (struct document_column){.label = labels[n], .number = n > 0};
    document_table(c->document, caption, columns, n, csv);
}

void cells(struct compose *c, const char *first, ...) {
    va_list args;
    va_start(args, first);
    for (const char *text = first; text; text = va_arg(args, const char *))
        document_cell(c->document, "%s", text);
    va_end(args);
}

void say_gap(struct compose *c, const struct gap *g) {
    document_paragraph(c->document, "%s", FILL(NOT_COMPUTED, g->why));
}

enum { STAMPED = 7 };

static void stamp_files(struct compose *c, const struct provenance *from) {
    document_stamp(c->document, SAY(CODE), from->code_version);
    for (size_t i = 0; i < from->n_files && i < STAMPED; i++) { /* all of them stand in the last table */
        char *text = arena_printf(&c->arena, NULL, "%s, SHA-256 %s", from->files[i].name, from->files[i].sha256);
        document_stamp(c->document, from->files[i].role, or_empty(text));
    }
}

static bool synthetic(const struct joined *j) {
    const struct group_column *s = join_column(j, "synthetic");
    for (size_t i = 0; s && i < j->n; i++)
        if (strcasecmp(s->value[i], "yes") == 0)
            return true;
    return false;
}

static void share_row(struct compose *c, const char *name, const struct proportion *p) {
    char *counts = arena_printf(&c->arena, NULL, "%zu / %zu", p->count, p->total);
    cells(c, name, p->defined ? say_number(c, p->value, 3) : SAY(NOT_DEFINED), p->defined ? say_interval(c, &p->wilson) : "",
          or_empty(counts), NULL);
}

static void summary(struct compose *c) {
    const struct binary_section *b = &c->v->binary;
    const struct threshold_result *t = primary_threshold(c->v);
    const char *n = say_count(c, b->n), *m = say_count(c, b->n_positive);
    const char *labels[] = {SAY(MEASURE), SAY(VALUE), FILL(INTERVAL, say_level(c)), SAY(COUNTS), NULL};
    document_heading(c->document, 1, SAY(SUMMARY));
    table_of(c, t ? FILL(SUMMARY_CAPTION, n, m, say_short(c, t->value), say_origin(c, t->origin)) : FILL(SUMMARY_NO_THRESHOLD, n, m), NULL,
             labels);
    const bool area = gap_none(&b->auc.gap);
    cells(c, b->clustered ? SAY(AUC_BY_PATIENT) : SAY(AUC_PLAIN),
          area || b->auc.estimated ? say_number(c, b->auc.value, 3) : SAY(NOT_DEFINED),
          area               ? say_interval(c, &b->auc.plain)
          : b->auc.estimated ? SAY(NOT_DEFINED)
                             : "",
          "", NULL);
    for (size_t i = 0; i < c->v->n_comparisons; i++) {
        const struct comparison *x = &c->v->comparisons[i];
        if (gap_none(&x->auc.gap))
            cells(c, FILL(AUC_COMPARED, x->name), say_number(c, x->auc.value, 3), say_interval(c, &x->auc.plain),
                  FILL(EXAMS_COUNT, say_count(c, x->n)), NULL);
    }
    if (t) {
        share_row(c, SAY(SENSITIVITY_WORD), &t->binary.sensitivity);
        share_row(c, SAY(SPECIFICITY_WORD), &t->binary.specificity);
        share_row(c, SAY(PPV_WORD), &t->binary.positive_predictive);
        share_row(c, SAY(NPV_WORD), &t->binary.negative_predictive);
        share_row(c, SAY(WORST_SENSITIVITY), &t->worst_sensitivity);
        share_row(c, SAY(WORST_SPECIFICITY), &t->worst_specificity);
    }
    if (!area)
        say_gap(c, &b->auc.gap);
}

static void files(struct compose *c, const struct provenance *from) {
    const struct study_plan *p = c->v->plan;
    const struct document_column columns[] = {{.label = SAY(ROLE_WORD)}, {.label = SAY(FILE_WORD)}, {.label = "SHA-256"}};
    document_heading(c->document, 1, SAY(FILES));
    document_paragraph(c->document, "%s", FILL(SETTINGS_NOTE, p->name, say_level(c), say_count(c, p->resamples), say_count(c, p->seed)));
    document_table(c->document, SAY(FILES_TABLE), columns, 3, NULL);
    for (size_t i = 0; i < from->n_files; i++)
        cells(c, from->files[i].role, from->files[i].name, from->files[i].sha256, NULL);
}

static int fill(struct compose *c, const struct provenance *from) {
    static int (*const sections[])(struct compose *) = {compose_participants, compose_discrimination, compose_thresholds,  compose_tiers,
                                                        compose_readers,      compose_biopsy,         compose_calibration, compose_utility,
                                                        compose_subgroups,    compose_samples};
    int rc = 0;
    stamp_files(c, from);
    document_warning(c->document, "%s", SAY(RESEARCH_ONLY));
    if (synthetic(c->v->joined))
        document_warning(c->document, "%s", SAY(SYNTHETIC));
    summary(c);
    for (size_t i = 0; i < sizeof sections / sizeof *sections && !rc; i++)
        rc = sections[i](c);
    if (rc)
        return rc;
    compose_checklists(c);
    files(c, from);
    return document_check(c->document, c->e);
}

int compose_report(struct document **out, const struct evaluation *v, const struct provenance *from, const struct compose_options *options,
                   struct err *e) {
    struct compose c = {.v = v, .language = options->language, .plot = {.fonts = options->fonts, .language = options->language}, .e = e};
    *out = NULL;
    arena_init(&c.arena, 0);
    int rc = document_create(&c.document, options->language, phrase_text(options->language, PHRASE_TITLE), e);
    if (!rc)
        rc = fill(&c, from);
    arena_release(&c.arena);
    if (rc)
        document_free(c.document);
    else
        *out = c.document;
    return rc;
}
