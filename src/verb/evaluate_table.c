/* An evaluation on the terminal. Floor 10. */
#include "verb/evaluate_table.h"

#include <string.h>

#include "cli/cli.h"

static void flow(FILE *s, const struct joined *j) {
    fprintf(s, "participants\n");
    for (int r = 0; r < FLOW_COUNT; r++)
        if (j->flow[r].n || r == FLOW_ANALYSED)
            fprintf(s, "  %7zu  %s\n", j->flow[r].n, flow_what((enum flow_row)r));
}

static void proportion(FILE *s, const char *name, const struct proportion *p) {
    if (p->defined)
        fprintf(s, "    %-12s %.3f  (%.3f to %.3f)  %zu / %zu\n", name, p->value, p->wilson.low, p->wilson.high, p->count, p->total);
    else
        fprintf(s, "    %-12s not defined: no exams in the denominator\n", name);
}

/* Names may be as long as file names are; most fit, and then the numbers stand below each other. */
enum { NAME_WIDTH = 28 };

static void area(FILE *s, const char *name, const struct auc *a) {
    fputs("  AUC ", s);
    cli_text(s, name);
    if (gap_none(&a->gap))
        fprintf(s, "%*s  %.3f  (%.3f to %.3f)", strlen(name) < NAME_WIDTH ? NAME_WIDTH - (int)strlen(name) : 0, "", a->value, a->plain.low,
                a->plain.high);
    else if (a->estimated)
        fprintf(s, "%*s  %.3f  not defined: %s", strlen(name) < NAME_WIDTH ? NAME_WIDTH - (int)strlen(name) : 0, "", a->value, a->gap.why);
    else
        fprintf(s, "  not defined: %s", a->gap.why);
}

static void comparisons(FILE *s, const struct evaluation *v) {
    for (size_t i = 0; i < v->n_comparisons; i++) {
        const struct comparison *x = &v->comparisons[i];
        area(s, x->name, &x->auc);
        if (x->n < v->binary.n)
            fprintf(s, "  %zu exams", x->n);
        if (gap_none(&x->delong_gap))
            fprintf(s, "  model %+.3f  (%+.3f to %+.3f), p = %.3g", x->delong.difference, x->delong.interval.low, x->delong.interval.high,
                    x->delong.p);
        fputc('\n', s);
    }
}

static void binary(FILE *s, const struct evaluation *v) {
    static const char *const origins[] = {"planned", "chosen on another set", "locked"};
    const struct binary_section *b = &v->binary;
    fprintf(s, "malignant or benign: %zu exams, %zu malignant; intervals of %g %%%s\n", b->n, b->n_positive, 100 * v->plan->level,
            b->clustered ? ", AUC by patient" : "");
    fprintf(s, "  disease tree ");
    cli_text(s, v->tree->name);
    fprintf(s, ": ");
    cli_text(s, v->joined->positive);
    fputc('\n', s);
    area(s, "(DeLong)", &b->auc);
    fputc('\n', s);
    comparisons(s, v);
    for (size_t i = 0; i < b->n_thresholds; i++) {
        const struct threshold_result *t = &b->thresholds[i];
        fputs("  threshold ", s);
        cli_text(s, t->name);
        fprintf(s, ": score >= %.6g, %s\n", t->value, origins[t->origin]);
        proportion(s, "sensitivity", &t->binary.sensitivity);
        proportion(s, "specificity", &t->binary.specificity);
        proportion(s, "PPV", &t->binary.positive_predictive);
        proportion(s, "NPV", &t->binary.negative_predictive);
    }
}

static void tiers(FILE *s, const struct evaluation *v) {
    if (!gap_none(&v->tiers.gap)) {
        fprintf(s, "tiers: %s\n", v->tiers.gap.why);
        return;
    }
    for (size_t l = 0; l < v->tiers.n_levels; l++) {
        const struct level_result *x = &v->tiers.levels[l];
        fprintf(s, "level ");
        cli_text(s, x->name);
        fprintf(s, ": %zu exams, accuracy %.3f (%.3f to %.3f)", x->accuracy.total, x->accuracy.value, x->accuracy.wilson.low,
                x->accuracy.wilson.high);
        if (gap_none(&x->kappa_gap[KAPPA_QUADRATIC]))
            fprintf(s, ", quadratic kappa %.3f", x->kappa[KAPPA_QUADRATIC].value);
        if (gap_none(&x->auc_gap))
            fprintf(s, ", macro AUC %.3f", x->macro_auc);
        fputc('\n', s);
    }
}

static void readers(FILE *s, const struct evaluation *v) {
    for (size_t i = 0; i < v->readers.n_results; i++) {
        const struct reader_result *r = &v->readers.results[i];
        fputs("reader ", s);
        cli_text(s, v->joined->reader[r->reader]);
        if (*v->joined->condition[r->condition]) {
            fputs(", ", s);
            cli_text(s, v->joined->condition[r->condition]);
        }
        fprintf(s, ": %zu exams", r->n);
        if (r->binary.sensitivity.defined)
            fprintf(s, ", sensitivity %.3f", r->binary.sensitivity.value);
        if (r->binary.specificity.defined)
            fprintf(s, ", specificity %.3f", r->binary.specificity.value);
        if (gap_none(&r->delong_gap))
            fprintf(s, ", AUC %.3f (model %+.3f, p = %.3g)", r->auc.value, r->delong.difference, r->delong.p);
        fputc('\n', s);
    }
}

static void utility(FILE *s, const struct evaluation *v) {
    for (size_t i = 0; i < v->utility.n_downgrades; i++) {
        const struct downgrade_result *r = &v->utility.downgrades[i];
        if (!gap_none(&r->gap))
            continue;
        fputs("downgrade of BI-RADS ", s);
        cli_text(s, r->name);
        fprintf(s, " below %g: %zu of %zu, %zu cancers missed", r->threshold, r->d.downgraded, r->d.eligible, r->d.missed);
        if (r->d.bound_defined)
            fprintf(s, "; miss rate at most %.2f %% (limit %g %%: %s)", 100 * r->d.upper_bound, 100 * v->plan->downgrade_limit,
                    r->d.within_limit ? "the bound lies within it" : "not shown to be within it");
        fputc('\n', s);
    }
}

void evaluate_table(FILE *stream, const struct evaluation *v) {
    flow(stream, v->joined);
    binary(stream, v);
    tiers(stream, v);
    readers(stream, v);
    const struct calibration_section *c = &v->calibration;
    for (size_t i = 0; i < c->n_results; i++)
        if (gap_none(&c->results[i].gap) && gap_none(&c->results[i].line_gap))
            fprintf(stream, "calibration %s: intercept %.3f, slope %.3f, Brier score %.4f, expected calibration error %.4f\n",
                    c->results[i].name, c->results[i].line.intercept, c->results[i].line.slope, c->results[i].brier.score,
                    c->results[i].ece);
    utility(stream, v);
}
