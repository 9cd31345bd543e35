/* Other scores of the exams that are analysed: what a model is to be compared with. Floor 5. */
#include <math.h>
#include <string.h>

#include "evaluate/join_read.h"

/* own: the column that predictions of the tree have. */
static int find_column(int *out, struct table *t, const char *wanted, const char *own, struct err *e) {
    char shown[CSV_SHOW_SIZE];
    *out = table_column(t, wanted ? wanted : "score");
    if (*out == NO_COLUMN && !wanted)
        *out = table_column(t, own);
    if (*out != NO_COLUMN)
        return 0;
    if (wanted)
        return err_set(e, ERR_CSV_COLUMN_MISSING, "%s: there is no column '%s' to compare with", t->path, csv_show(shown, wanted));
    return err_set(e, ERR_CSV_COLUMN_MISSING, "%s: a column score or %s is needed, or name another: %s:COLUMN", t->path, own, t->path);
}

/* An exam that the table lacks, that it says was refused, or whose cell is empty has no score: the comparison's n tells. */
static int read_one(struct compared *out, struct joined *j, const struct compare_table *c, const char *own, struct err *e) {
    struct table t;
    int column = NO_COLUMN;
    int rc = table_read(&t, &j->arena, &c->table, true, e);
    if (!rc)
        rc = find_column(&column, &t, c->column, own, e);
    out->name = rc ? NULL : arena_printf(&j->arena, e, "%s", c->name);
    out->score = rc ? NULL : arena_alloc(&j->arena, j->n, sizeof *out->score, e);
    if (!out->name || !out->score)
        return rc ? rc : ERR_NO_MEMORY;
    const int status = table_column(&t, "status");
    for (size_t i = 0; i < j->n && !rc; i++) {
        const long row = table_find(&t, j->exam_id[i]);
        const bool there = row >= 0 && strcmp(table_cell(&t, (size_t)row, status), "refused") != 0 && *table_cell(&t, (size_t)row, column);
        out->score[i] = NAN;
        if (there)
            rc = table_number(&out->score[i], &t, (size_t)row, column, e);
    }
    return rc;
}

int compared_read(struct joined *j, const struct join_tables *t, struct err *e) {
    int rc = 0;
    j->compared = arena_alloc(&j->arena, t->n_compare + 1, sizeof *j->compared, e);
    const char *own = arena_printf(&j->arena, e, "p_%s", t->tree->nodes[t->tree->positive].name);
    if (!j->compared || !own)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < t->n_compare && !rc; i++)
        rc = read_one(&j->compared[j->n_compared++], j, &t->compare[i], own, e);
    return rc;
}
