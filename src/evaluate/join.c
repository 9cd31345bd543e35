/* Predictions, truth and readers joined. Floor 5. */
#include "evaluate/join.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/order.h"
#include "evaluate/join_read.h"

static const struct {
    const char *name, *what;
} flow_rows[FLOW_COUNT] = {
#define X(id, name, what) {name, what},
    FLOW_ROWS(X)
#undef X
};

const char *flow_name(enum flow_row r) {
    return flow_rows[r].name;
}

const char *flow_what(enum flow_row r) {
    return flow_rows[r].what;
}

/* Lists grow by doubling inside the arena: the old halves stay until its end. */
int flow_add(struct joined *j, enum flow_row row, const char *id, const char *detail, struct err *e) {
    struct flow *f = &j->flow[row];
    if ((f->n & (f->n - 1)) == 0) { /* 0, 1, 2, 4, 8 ... */
        const size_t room = f->n ? 2 * f->n : 1;
        const char **ids = arena_alloc(&j->arena, room, sizeof *ids, e), **details = arena_alloc(&j->arena, room, sizeof *details, e);
        if (!ids || !details)
            return ERR_NO_MEMORY;
        for (size_t i = 0; i < f->n; i++) {
            ids[i] = f->id[i];
            details[i] = f->detail[i];
        }
        f->id = ids;
        f->detail = details;
    }
    f->id[f->n] = id;
    f->detail[f->n++] = detail;
    return 0;
}

int unused_add(struct joined *j, const char *what, const struct table *t, struct err *e) {
    const char **list = arena_alloc(&j->arena, j->n_unused + t->csv.n_columns, sizeof *list, e);
    if (!list)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < j->n_unused; i++)
        list[i] = j->unused[i];
    j->unused = list;
    for (size_t c = 0; c < t->csv.n_columns; c++)
        if (!t->used[c] && !(list[j->n_unused++] = arena_printf(&j->arena, e, "%s: %s", what, t->csv.header[c])))
            return ERR_NO_MEMORY;
    return 0;
}

/* rows[i]: the pair of rows of analysed exam i. */
struct pair {
    size_t truth, scores;
};

static int sort_out(struct joined *j, struct pair *pairs, const struct truths *t, const struct scores *s, const char *split,
                    struct err *e) {
    int rc = 0;
    for (size_t i = 0; i < t->table.csv.n_rows && !rc; i++) {
        const size_t row = t->table.order[i];
        const char *id = table_id(&t->table, row), *part = table_cell(&t->table, row, t->split);
        if (split && strcmp(part, split) != 0) {
            rc = flow_add(j, FLOW_OTHER_PART, id, part, e);
            continue;
        }
        j->flow[FLOW_TRUTH].n++;
        const long found = table_find(&s->table, id);
        const bool scored = found >= 0 && !s->refused[found];
        if (!scored && t->label[row] >= 0)
            j->unscored[t->label[row]]++;
        if (found < 0)
            rc = flow_add(j, FLOW_NO_PREDICTION, id, "", e);
        else if (!scored)
            rc = flow_add(j, FLOW_REFUSED, id, table_cell(&s->table, (size_t)found, s->reason), e);
        else if (t->label[row] < 0)
            rc = flow_add(j, FLOW_TRUTH_UNKNOWN, id, "", e);
        else
            pairs[j->n++] = (struct pair){row, (size_t)found};
    }
    for (size_t i = 0; i < s->table.csv.n_rows && !rc; i++) {
        const char *id = table_id(&s->table, s->table.order[i]);
        if (table_find(&t->table, id) < 0)
            rc = flow_add(j, FLOW_NO_TRUTH, id, "", e);
    }
    j->flow[FLOW_ANALYSED].n = j->n;
    if (!rc && j->n == 0)
        rc = err_set(
            e, ERR_EVALUATION_EMPTY,
            "no exam has both a prediction in %s and a known truth in %s (%zu truths without prediction, %zu refused, %zu predictions "
            "without truth); are the exam_ids the same?",
            s->table.path, t->table.path, j->flow[FLOW_NO_PREDICTION].n, j->flow[FLOW_REFUSED].n, j->flow[FLOW_NO_TRUTH].n);
    return rc;
}

static int fill(struct joined *j, const struct pair *pairs, const struct truths *t, const struct scores *s, struct err *e) {
    const size_t n = j->n, k = (size_t)j->n_leaves;
    j->exam_id = arena_alloc(&j->arena, n, sizeof *j->exam_id, e);
    j->score = arena_alloc(&j->arena, n, sizeof *j->score, e);
    j->truth = arena_alloc(&j->arena, n, sizeof *j->truth, e);
    j->leaf = t->has_leaf ? arena_alloc(&j->arena, n, sizeof *j->leaf, e) : NULL;
    j->probability = s->probability ? arena_alloc(&j->arena, n * k, sizeof *j->probability, e) : NULL;
    if (!j->exam_id || !j->score || !j->truth || (t->has_leaf && !j->leaf) || (s->probability && !j->probability))
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        j->exam_id[i] = table_id(&t->table, pairs[i].truth);
        j->score[i] = s->score[pairs[i].scores];
        j->truth[i] = (uint8_t)t->label[pairs[i].truth];
        if (j->leaf) {
            j->leaf[i] = t->leaf[pairs[i].truth];
            j->n_leaf += j->leaf[i] >= 0;
        }
        if (j->probability)
            memcpy(j->probability + i * k, s->probability + pairs[i].scores * k, k * sizeof(double));
    }
    j->score_from = s->from;
    j->n_rescaled = s->n_rescaled;
    return 0;
}

struct patient {
    const char *id;
    size_t exam;
};

static int by_patient(const void *a, const void *b) {
    const struct patient *x = a, *y = b;
    const int order = strcmp(x->id, y->id);
    return order ? order : (x->exam > y->exam) - (x->exam < y->exam);
}

/* Patients are numbered by the first of their exams; an exam without patient_id is a patient of its own. */
static int number_patients(struct joined *j, const struct pair *pairs, const struct truths *t, struct err *e) {
    if (t->patient == NO_COLUMN)
        return 0;
    struct patient *list = arena_alloc(&j->arena, j->n, sizeof *list, e);
    size_t *first = arena_alloc(&j->arena, j->n, sizeof *first, e);
    j->cluster = arena_alloc(&j->arena, j->n, sizeof *j->cluster, e);
    if (!list || !first || !j->cluster)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < j->n; i++)
        list[i] = (struct patient){table_cell(&t->table, pairs[i].truth, t->patient), i};
    qsort(list, j->n, sizeof *list, by_patient);
    for (size_t i = 0; i < j->n; i++) {
        const bool same = i > 0 && *list[i].id && strcmp(list[i].id, list[i - 1].id) == 0;
        first[list[i].exam] = same ? first[list[i - 1].exam] : list[i].exam;
        j->without_patient += !*list[i].id;
    }
    for (size_t i = 0; i < j->n; i++)
        j->cluster[i] = first[i] == i ? j->n_clusters++ : j->cluster[first[i]];
    return 0;
}

/* "mammography", "ultrasound" or "both", of a cell as mg_cc+us_bmode_trans */
static const char *inputs_of(const char *views) {
    const bool mg = strncmp(views, "mg_", 3) == 0 || strstr(views, "+mg_");
    const bool us = strncmp(views, "us_", 3) == 0 || strstr(views, "+us_");
    return mg && us ? "both" : mg ? "mammography" : us ? "ultrasound" : "";
}

/* All columns of the truth, for those who want subgroups; and what was computed, from the predictions. */
static int fill_columns(struct joined *j, const struct pair *pairs, const struct truths *t, const struct scores *s, struct err *e) {
    const size_t from_truth = t->table.csv.n_columns, extra = s->views == NO_COLUMN ? 0 : 2;
    j->columns = arena_alloc(&j->arena, from_truth + extra, sizeof *j->columns, e);
    if (!j->columns)
        return ERR_NO_MEMORY;
    for (size_t c = 0; c < from_truth + extra; c++) {
        struct group_column *column = &j->columns[j->n_columns++];
        column->name = c < from_truth ? t->table.csv.header[c] : c == from_truth ? "inputs" : "views_used";
        if (!(column->value = arena_alloc(&j->arena, j->n, sizeof *column->value, e)))
            return ERR_NO_MEMORY;
        for (size_t i = 0; i < j->n; i++) {
            const char *views = table_cell(&s->table, pairs[i].scores, s->views);
            column->value[i] = c < from_truth ? table_cell(&t->table, pairs[i].truth, (int)c) : c == from_truth ? inputs_of(views) : views;
        }
    }
    return 0;
}

const struct group_column *join_column(const struct joined *j, const char *name) {
    for (size_t c = 0; c < j->n_columns; c++)
        if (strcmp(j->columns[c].name, name) == 0)
            return &j->columns[c];
    return NULL;
}

int join_make(struct joined **out, const struct join_tables *tables, struct err *e) {
    struct scores s;
    struct truths t;
    *out = NULL;
    struct joined *j = mem_alloc(1, sizeof *j, e);
    if (!j)
        return ERR_NO_MEMORY;
    arena_init(&j->arena, 0);
    j->n_leaves = (int)tables->tree->n_leaves;
    char group[TREE_GROUP_SIZE];
    j->positive = arena_printf(&j->arena, e, "%s", tree_group(group, tables->tree, tables->tree->positive));
    int rc = j->positive ? 0 : ERR_NO_MEMORY;
    if (!rc)
        rc = scores_read(&s, &j->arena, tables, e);
    if (!rc)
        rc = truths_read(&t, &j->arena, tables, e);
    struct pair *pairs = rc ? NULL : arena_alloc(&j->arena, t.table.csv.n_rows, sizeof *pairs, e);
    if (!rc && !pairs)
        rc = ERR_NO_MEMORY;
    if (!rc)
        rc = sort_out(j, pairs, &t, &s, tables->split, e);
    if (!rc)
        rc = fill(j, pairs, &t, &s, e);
    if (!rc)
        rc = number_patients(j, pairs, &t, e);
    if (!rc)
        rc = fill_columns(j, pairs, &t, &s, e);
    if (!rc)
        rc = unused_add(j, "predictions", &s.table, e);
    if (!rc && tables->readers.text)
        rc = readings_read(j, tables, e);
    if (!rc)
        rc = compared_read(j, tables, e);
    if (rc)
        join_free(j);
    else
        *out = j;
    return rc;
}

void join_free(struct joined *j) {
    if (!j)
        return;
    arena_release(&j->arena);
    mem_free(j);
}

static int no_common(const char *const *a, size_t n_a, const char *const *b, size_t n_b, const char *what, const char *what_a,
                     const char *what_b, struct err *e) {
    char shown[CSV_SHOW_SIZE];
    const char **sorted = mem_alloc(n_a, sizeof *sorted, e);
    int rc = sorted ? 0 : ERR_NO_MEMORY;
    if (rc)
        return rc;
    memcpy(sorted, a, n_a * sizeof *sorted);
    qsort(sorted, n_a, sizeof *sorted, order_text);
    for (size_t i = 0; i < n_b && !rc; i++)
        if (*b[i] && bsearch(&b[i], sorted, n_a, sizeof *sorted, order_text))
            rc = err_set(e, ERR_SPLIT_OVERLAP, "%s '%s' appears in %s and in %s: exams used for fitting must not be evaluated", what,
                         csv_show(shown, b[i]), what_a, what_b);
    mem_free(sorted);
    return rc;
}

int join_disjoint(const struct joined *a, const char *what_a, const struct joined *b, const char *what_b, struct err *e) {
    int rc = no_common(a->exam_id, a->n, b->exam_id, b->n, "exam", what_a, what_b, e);
    const struct group_column *p = join_column(a, "patient_id"), *q = join_column(b, "patient_id");
    if (!rc && p && q)
        rc = no_common(p->value, a->n, q->value, b->n, "the patient of exam", what_a, what_b, e);
    return rc;
}
