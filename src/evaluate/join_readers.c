/* The readers' table of an evaluation: reader x condition x exam. Floor 5. */
#include <stdlib.h>
#include <string.h>

#include "base/order.h"
#include "evaluate/join_read.h"

enum { READERS_MAX = 200, CONDITIONS_MAX = 20 };

struct names {
    const char *name[READERS_MAX];
    size_t n;
};

/* Sorted, so that nothing depends on the order of rows. */
static int names_add(struct names *s, const char *name, size_t most, const char *what, struct err *e) {
    size_t at = 0;
    while (at < s->n && strcmp(s->name[at], name) < 0)
        at++;
    if (at < s->n && strcmp(s->name[at], name) == 0)
        return 0;
    if (s->n == most)
        return err_set(e, ERR_LIMIT, "more than %zu %s", most, what);
    memmove(s->name + at + 1, s->name + at, (s->n - at) * sizeof *s->name);
    s->name[at] = name;
    s->n++;
    return 0;
}

static size_t names_find(const struct names *s, const char *name) {
    size_t i = 0;
    while (i < s->n && strcmp(s->name[i], name) != 0)
        i++;
    return i;
}

struct reading {
    size_t cell; /* reader and condition */
    const char *id;
    size_t row;
};

static int by_reading(const void *a, const void *b) {
    const struct reading *x = a, *y = b;
    const int order = strcmp(x->id, y->id);
    return order ? order : x->cell != y->cell ? (x->cell > y->cell) - (x->cell < y->cell) : (x->row > y->row) - (x->row < y->row);
}

static int place(struct joined *j, const struct table *t, const struct reading *x, int birads, struct err *e) {
    char shown[CSV_SHOW_SIZE];
    const char *cell = table_cell(t, x->row, birads), *who = j->reader[x->cell % j->n_readers];
    const char **found = bsearch(&x->id, j->exam_id, j->n, sizeof *j->exam_id, order_text);
    const enum birads b = birads_read(cell);
    if (*cell && b == BIRADS_UNREADABLE)
        return table_blame(t, x->row, birads,
                           err_set(e, ERR_VALUE_SYNTAX, "'%s' is not a BI-RADS category (0 to 6, 4a, 4b, 4c)", csv_show(shown, cell)), e);
    if (!found)
        return flow_add(j, FLOW_READING_NOT_ANALYSED, x->id, who, e);
    if (!*cell || b == BIRADS_0)
        return flow_add(j, FLOW_READING_INCOMPLETE, x->id, who, e);
    if (b == BIRADS_6)
        return flow_add(j, FLOW_READING_PROVEN, x->id, who, e);
    j->birads[x->cell * j->n + (size_t)(found - j->exam_id)] = (short)b;
    return 0;
}

static int place_all(struct joined *j, const struct table *t, const struct reading *list, int birads, struct err *e) {
    char shown[CSV_SHOW_SIZE];
    int rc = 0;
    for (size_t i = 0; i < j->n_conditions * j->n_readers * j->n; i++)
        j->birads[i] = BIRADS_UNREADABLE;
    for (size_t i = 0; i < t->csv.n_rows && !rc; i++) {
        if (i > 0 && list[i].cell == list[i - 1].cell && strcmp(list[i].id, list[i - 1].id) == 0)
            return err_set(e, ERR_READER_TWICE, "%s: lines %zu and %zu are readings of exam '%s' by the same reader under one condition",
                           t->path, t->csv.line[list[i - 1].row], t->csv.line[list[i].row], csv_show(shown, list[i].id));
        rc = place(j, t, &list[i], birads, e);
    }
    return rc;
}

static const char **copy_names(struct arena *a, const struct names *s, struct err *e) {
    const char **out = arena_alloc(a, s->n, sizeof *out, e);
    if (out)
        memcpy(out, s->name, s->n * sizeof *out);
    return out;
}

int readings_read(struct joined *j, const struct join_tables *tables, struct err *e) {
    struct table t;
    struct names readers = {.n = 0}, conditions = {.n = 0};
    int rc = table_read(&t, &j->arena, &tables->readers, false, e);
    if (rc)
        return rc;
    const int reader = table_column(&t, "reader"), birads = table_column(&t, "birads");
    int condition = table_column(&t, "condition");
    condition = condition == NO_COLUMN ? table_column(&t, "modality") : condition;
    if (reader == NO_COLUMN || birads == NO_COLUMN)
        return err_set(e, ERR_CSV_COLUMN_MISSING, "%s: columns reader, exam_id and birads are needed", t.path);
    for (size_t r = 0; r < t.csv.n_rows && !rc; r++) {
        if (!*table_cell(&t, r, reader))
            return table_blame(&t, r, reader, err_set(e, ERR_VALUE_MISSING, "the reader is not named"), e);
        rc = names_add(&readers, table_cell(&t, r, reader), READERS_MAX, "readers", e);
        if (!rc)
            rc = names_add(&conditions, table_cell(&t, r, condition), CONDITIONS_MAX, "conditions", e);
    }
    j->n_readers = readers.n;
    j->n_conditions = conditions.n;
    struct reading *list = rc ? NULL : arena_alloc(&j->arena, t.csv.n_rows, sizeof *list, e);
    if (rc || !list || !(j->reader = copy_names(&j->arena, &readers, e)) || !(j->condition = copy_names(&j->arena, &conditions, e)) ||
        !(j->birads = arena_alloc(&j->arena, readers.n * conditions.n * j->n, sizeof *j->birads, e)))
        return rc ? rc : ERR_NO_MEMORY;
    for (size_t r = 0; r < t.csv.n_rows; r++)
        list[r] = (struct reading){names_find(&conditions, table_cell(&t, r, condition)) * readers.n +
                                       names_find(&readers, table_cell(&t, r, reader)),
                                   table_id(&t, r), r};
    qsort(list, t.csv.n_rows, sizeof *list, by_reading);
    rc = place_all(j, &t, list, birads, e);
    return rc ? rc : unused_add(j, "readers", &t, e);
}
