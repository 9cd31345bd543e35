/* One table of an evaluation, by its ids. Floor 5. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate/join_read.h"

int table_blame(const struct table *t, size_t row, int column, int rc, struct err *e) {
    if (column == NO_COLUMN)
        err_prefix(e, "%s, line %zu", t->path, t->csv.line[row]);
    else
        err_prefix(e, "%s, line %zu, column %s", t->path, t->csv.line[row], t->csv.header[column]);
    return rc;
}

int table_column(struct table *t, const char *name) {
    for (size_t c = 0; c < t->csv.n_columns; c++)
        if (strcmp(t->csv.header[c], name) == 0) {
            t->used[c] = true;
            return (int)c;
        }
    return NO_COLUMN;
}

const char *table_cell(const struct table *t, size_t row, int column) {
    return column == NO_COLUMN ? "" : csv_cell(&t->csv, row, (size_t)column);
}

const char *table_id(const struct table *t, size_t row) {
    return table_cell(t, row, t->id);
}

static int by_id(const void *a, const void *b, void *ctx) {
    const struct table *t = ctx;
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    const int order = strcmp(table_id(t, x), table_id(t, y));
    return order ? order : (x > y) - (x < y);
}

static int check_header(const struct table *t, struct err *e) {
    char shown[CSV_SHOW_SIZE];
    for (size_t c = 0; c < t->csv.n_columns; c++)
        for (size_t d = 0; d < c; d++)
            if (strcmp(t->csv.header[c], t->csv.header[d]) == 0)
                return err_set(e, ERR_CSV_COLUMN_TWICE, "%s: column '%s' appears twice", t->path, csv_show(shown, t->csv.header[c]));
    return 0;
}

static int sort_rows(struct table *t, struct arena *a, bool unique, struct err *e) {
    char shown[CSV_SHOW_SIZE];
    t->order = arena_alloc(a, t->csv.n_rows + 1, sizeof *t->order, e);
    if (!t->order)
        return ERR_NO_MEMORY;
    for (size_t r = 0; r < t->csv.n_rows; r++) {
        t->order[r] = r;
        if (!*table_id(t, r))
            return table_blame(t, r, t->id, err_set(e, ERR_EXAM_ID_EMPTY, "the exam_id is empty"), e);
        if (csv_edge_blank(table_id(t, r)))
            return table_blame(t, r, t->id,
                               err_set(e, ERR_VALUE_SYNTAX, "'%s' begins or ends with a space", csv_show(shown, table_id(t, r))), e);
    }
    qsort_r(t->order, t->csv.n_rows, sizeof *t->order, by_id, t);
    for (size_t i = 1; i < t->csv.n_rows && unique; i++)
        if (strcmp(table_id(t, t->order[i]), table_id(t, t->order[i - 1])) == 0)
            return err_set(e, ERR_EXAM_ID_TWICE, "%s: lines %zu and %zu have the same exam_id '%s'; one row per exam is expected", t->path,
                           t->csv.line[t->order[i - 1]], t->csv.line[t->order[i]], csv_show(shown, table_id(t, t->order[i])));
    return 0;
}

int table_read(struct table *t, struct arena *a, const struct table_text *text, bool unique, struct err *e) {
    *t = (struct table){.path = text->path};
    int rc = csv_dialect(text->text, text->size, e);
    if (!rc)
        rc = csv_parse(&t->csv, a, text->text, text->size, e);
    if (rc) {
        err_prefix(e, "%s", text->path);
        return rc;
    }
    if ((rc = check_header(t, e)))
        return rc;
    if (t->csv.n_rows == 0)
        return err_set(e, ERR_CSV_EMPTY, "%s: no data rows", text->path);
    if (!(t->used = arena_alloc(a, t->csv.n_columns, sizeof *t->used, e)))
        return ERR_NO_MEMORY;
    const int id = table_column(t, "exam_id"), other = table_column(t, "id");
    if (id == NO_COLUMN && other == NO_COLUMN)
        return err_set(e, ERR_CSV_COLUMN_MISSING, "%s: a column exam_id (or id) is needed", text->path);
    if (id != NO_COLUMN && other != NO_COLUMN)
        t->used[other] = false;
    t->id = id != NO_COLUMN ? id : other;
    return sort_rows(t, a, unique, e);
}

long table_find(const struct table *t, const char *id) {
    size_t low = 0, high = t->csv.n_rows;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(table_id(t, t->order[middle]), id);
        if (order == 0)
            return (long)t->order[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

int table_number(double *out, const struct table *t, size_t row, int column, struct err *e) {
    const char *cell = table_cell(t, row, column);
    char shown[CSV_SHOW_SIZE], *end = NULL;
    *out = 0;
    if (!*cell)
        return table_blame(t, row, column, err_set(e, ERR_VALUE_MISSING, "the number is missing; give a refused exam the status refused"),
                           e);
    errno = 0;
    const double x = strtod(cell, &end);
    if (end == cell || *end || csv_edge_blank(cell) || strpbrk(cell, "xX"))
        return table_blame(t, row, column, err_set(e, ERR_VALUE_SYNTAX, "'%s' is not a decimal number", csv_show(shown, cell)), e);
    if (!isfinite(x))
        return table_blame(t, row, column, err_set(e, ERR_STATS_NAN, "'%s' is not a finite number", csv_show(shown, cell)), e);
    *out = x;
    return 0;
}
