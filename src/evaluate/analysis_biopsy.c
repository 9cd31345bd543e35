/* The model beside pathologists who read the biopsy, where the truth table has their readings: right calls of both on the same exams.
 * Floor 5. */
#include <string.h>
#include <strings.h>

#include "evaluate/analysis.h"

static const char prefix[] = "biopsy_reading";

/* 1 malignant, 0 not, -1 empty, -2 not understood */
static int malignant_reading(const char *cell) {
    static const struct {
        const char *word;
        int malignant;
    } words[] = {{"benign", 0}, {"atypia", 0}, {"in situ", 1}, {"invasive", 1}, {"malignant", 1}, {"", -1}, {"unknown", -1}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(cell, words[i].word) == 0)
            return words[i].malignant;
    return -2;
}

static int count_readings(struct biopsy_result *r, struct counts *reader, const struct group_column *column, const struct evaluation *v) {
    const struct joined *j = v->joined;
    const struct threshold_result *t = primary_threshold(v);
    for (size_t i = 0; i < j->n; i++) {
        const int call = malignant_reading(column->value[i]);
        if (call == -1)
            continue;
        if (call == -2) {
            gap_set(&r->gap, "exam %.60s: '%.40s' is none of benign, atypia, in situ, invasive, malignant", j->exam_id[i],
                    column->value[i]);
            return 0;
        }
        const bool truth = j->truth[i], reads = call == truth, model = (j->score[i] >= t->value) == truth;
        *(truth ? call ? &reader->true_positive : &reader->false_negative : call ? &reader->false_positive : &reader->true_negative) += 1;
        r->pairs.both += model && reads;
        r->pairs.first += model && !reads;
        r->pairs.second += !model && reads;
        r->pairs.neither += !model && !reads;
        r->n++;
    }
    if (r->n == 0)
        gap_set(&r->gap, "the column is empty");
    return 0;
}

static int one_column(struct biopsy_result *r, const struct group_column *column, const struct evaluation *v, struct err *e) {
    const struct study_plan *p = v->plan;
    struct counts reader = {0};
    r->name = column->name;
    if (!primary_threshold(v)) {
        gap_set(&r->gap, "the plan has no threshold: the model makes no decisions");
        return 0;
    }
    count_readings(r, &reader, column, v);
    if (!gap_none(&r->gap))
        return 0;
    int rc = binary_make(&r->binary, &reader, p->level, e);
    if (!rc)
        rc = proportion_make(&r->model_accuracy, r->pairs.both + r->pairs.first, r->n, p->level, e);
    if (!rc)
        rc = gap_take(&r->gap, paired_difference(&r->difference, &r->pairs, p->level, e), e);
    if (rc || !gap_none(&r->gap))
        return rc;
    mcnemar(&r->mcnemar, &r->pairs);
    return gap_take(&r->noninferiority_gap,
                    paired_noninferiority(&r->noninferiority_z, &r->noninferiority_p, &r->pairs, p->noninferiority_margin, e), e);
}

int analyse_biopsy(struct evaluation *v, struct err *e) {
    const struct joined *j = v->joined;
    int rc = 0;
    v->biopsy = arena_alloc(&v->arena, j->n_columns + 1, sizeof *v->biopsy, e);
    if (!v->biopsy)
        return ERR_NO_MEMORY;
    for (size_t c = 0; c < j->n_columns && !rc; c++)
        if (strncmp(j->columns[c].name, prefix, sizeof prefix - 1) == 0)
            rc = one_column(&v->biopsy[v->n_biopsy++], &j->columns[c], v, e);
    return rc;
}
