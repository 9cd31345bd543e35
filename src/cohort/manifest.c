/* A cohort CSV: header recognition, then one exam per row. Floor 4.
 *
 * What is wrong with the file as a table refuses it whole; what is wrong inside a row is that row's code (its first cause), so that one bad
 * exam does not keep the others from being computed. The strings of an exam are the CSV's cells, in the manifest's arena.
 */
#include "cohort/manifest.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "exam/manifest_columns.h"
#include "file/csv.h"
#include "file/filename.h"

enum { ROWS_MAX = 1000000 };

enum use { USE_UNKNOWN, USE_IGNORED, USE_TABLE, USE_CLINICAL };

static const size_t text_offset[COLUMN_TEXT_COUNT] = {
    [COLUMN_EXAM_ID] = offsetof(struct cohort_row, exam.exam_id),
    [COLUMN_PATIENT_ID] = offsetof(struct cohort_row, exam.patient_id),
    [COLUMN_SIDE] = offsetof(struct cohort_row, exam.side),
    [COLUMN_TIER] = offsetof(struct cohort_row, tier),
    [COLUMN_PATHOLOGY] = offsetof(struct cohort_row, pathology),
    [COLUMN_MALIGNANT] = offsetof(struct cohort_row, malignant),
    [COLUMN_BIRADS] = offsetof(struct cohort_row, birads),
    [COLUMN_CENTER] = offsetof(struct cohort_row, center),
    [COLUMN_VENDOR] = offsetof(struct cohort_row, vendor),
    [COLUMN_SPLIT] = offsetof(struct cohort_row, split),
    [COLUMN_SYNTHETIC] = offsetof(struct cohort_row, synthetic),
    [COLUMN_LABEL] = offsetof(struct cohort_row, label),
    [COLUMN_VIEW] = offsetof(struct cohort_row, view),
};

/* What one column of this file is. */
struct column {
    enum use use;
    const struct manifest_column *known; /* USE_TABLE */
    size_t field;                        /* USE_CLINICAL: index of the schema's field */
};

struct parser {
    struct manifest *m;
    const struct manifest_options *options;
    const char *folder;
    struct csv csv;
    struct column *columns;
    const char *ours, *published; /* an image column of each header, or NULL */
    size_t n_clinic_info;
    struct clinical *clinical; /* of the row that is read, in the manifest's arena; NULL without a schema */
};

static bool is_ignored(const struct manifest_options *o, const char *name) {
    for (size_t i = 0; i < o->n_ignore_columns; i++)
        if (strcmp(o->ignore_columns[i], name) == 0)
            return true;
    return false;
}

/* A name to be ignored that no column has is a slip of the pen, and the column that was meant would be used. */
static int check_ignored(const struct parser *p, struct err *e) {
    char shown[CSV_SHOW_SIZE];
    for (size_t i = 0; i < p->options->n_ignore_columns; i++) {
        size_t k = 0;
        while (k < p->csv.n_columns && strcmp(p->csv.header[k], p->options->ignore_columns[i]) != 0)
            k++;
        if (k == p->csv.n_columns)
            return err_set(e, ERR_CSV_COLUMN_MISSING, "the column \"%s\" is to be left out, and there is no such column",
                           csv_show(shown, p->options->ignore_columns[i]));
    }
    return 0;
}

static void note_image_columns(struct parser *p) {
    for (size_t i = 0; i < p->csv.n_columns; i++) {
        const struct manifest_column *known = manifest_column_find(p->csv.header[i]);
        if (known == NULL || known->slot < 0 || is_ignored(p->options, p->csv.header[i]))
            continue;
        if ((known->headers & HEADER_OURS) != 0)
            p->ours = known->name;
        else
            p->published = known->name;
    }
}

static struct column classify(struct parser *p, const char *name, unsigned headers) {
    const struct manifest_column *known = manifest_column_find(name);
    const struct schema *schema = p->options->schema;
    size_t k = manifest_clinic_info(name);
    if (is_ignored(p->options, name))
        return (struct column){.use = USE_IGNORED};
    if (known != NULL && (known->headers & headers) != 0)
        return (struct column){.use = USE_TABLE, .known = known};
    if (schema == NULL)
        return (struct column){.use = USE_UNKNOWN};
    if (headers == HEADER_PUBLISHED && k > 0 && k <= schema->n_fields)
        return (struct column){.use = USE_CLINICAL, .field = k - 1};
    for (size_t i = 0; headers != HEADER_PUBLISHED && i < schema->n_fields; i++)
        if (strcmp(schema->fields[i].name, name) == 0)
            return (struct column){.use = USE_CLINICAL, .field = i};
    return (struct column){.use = USE_UNKNOWN};
}

static int unknown_column(const struct parser *p, size_t i, unsigned headers, struct err *e) {
    const char *name = p->csv.header[i];
    char shown[CSV_SHOW_SIZE];
    csv_show(shown, name);
    if (*name == '\0')
        return err_set(e, ERR_CSV_COLUMN_UNKNOWN, "column %zu has no name; give it one or remove it", i + 1);
    if (csv_edge_blank(name))
        return err_set(e, ERR_CSV_SYNTAX, "column %zu: \"%s\" begins or ends with a blank; remove the blanks beside the commas", i + 1,
                       shown);
    if (manifest_clinic_info(name) != 0 && headers == HEADER_PUBLISHED)
        return err_set(e, ERR_CSV_COLUMN_UNKNOWN,
                       "column %zu: \"%s\" has no field in the clinical schema (%zu fields); remove it or leave it out", i + 1, shown,
                       p->options->schema != NULL ? p->options->schema->n_fields : 0);
    if (manifest_column_find(name) != NULL)
        return err_set(e, ERR_CSV_COLUMN_UNKNOWN, "column %zu: \"%s\" belongs to the other header format; rename it or leave it out", i + 1,
                       shown);
    return err_set(e, ERR_CSV_COLUMN_UNKNOWN,
                   "column %zu: \"%s\" is not known; the nearest known name is \"%s\"%s; rename it or leave it out", i + 1, shown,
                   manifest_column_nearest(name, headers, p->options->schema),
                   p->options->schema == NULL ? " (clinical columns are known only with a clinical schema)" : "");
}

/* Two columns for one thing: the same name, or both spellings of a published image column. */
static int check_repeated(const struct parser *p, size_t i, struct err *e) {
    const struct column *c = &p->columns[i];
    char shown[CSV_SHOW_SIZE], other[CSV_SHOW_SIZE];
    for (size_t k = 0; c->use != USE_IGNORED && k < i; k++) {
        const struct column *d = &p->columns[k];
        bool same_slot = c->use == USE_TABLE && d->use == USE_TABLE && c->known->slot >= 0 && c->known->slot == d->known->slot;
        if (same_slot || strcmp(p->csv.header[i], p->csv.header[k]) == 0)
            return err_set(e, ERR_CSV_COLUMN_TWICE, "columns %zu (\"%s\") and %zu (\"%s\") are the same", k + 1,
                           csv_show(shown, p->csv.header[k]), i + 1, csv_show(other, p->csv.header[i]));
    }
    return 0;
}

/* Every clinical value that may not be missing needs its column; the published positions come all or not at all. */
static int check_clinical_columns(const struct parser *p, struct err *e) {
    const struct schema *schema = p->options->schema;
    for (size_t f = 0; schema != NULL && f < schema->n_fields; f++) {
        bool there = false;
        for (size_t i = 0; i < p->csv.n_columns; i++)
            there = there || (p->columns[i].use == USE_CLINICAL && p->columns[i].field == f);
        if (!there && p->n_clinic_info > 0)
            return err_set(e, ERR_CSV_COLUMN_MISSING, "the column \"clinic_info%zu\" is missing: the clinical schema has %zu fields", f + 1,
                           schema->n_fields);
        if (!there && !schema->fields[f].missing_allowed)
            return err_set(e, ERR_CSV_COLUMN_MISSING, "the clinical column \"%s\" is missing, and the schema requires it",
                           schema->fields[f].name);
    }
    return 0;
}

static int read_header(struct parser *p, struct err *e) {
    int code = check_ignored(p, e);
    if (code != 0)
        return code;
    note_image_columns(p);
    if (p->ours != NULL && p->published != NULL)
        return err_set(e, ERR_CSV_COLUMN_UNKNOWN, "\"%s\" and \"%s\" belong to different header formats; use one of the two", p->ours,
                       p->published);
    unsigned headers = p->published != NULL ? HEADER_PUBLISHED : p->ours != NULL ? HEADER_OURS : HEADER_OURS | HEADER_PUBLISHED;
    bool has_id = false;
    p->m->published_header = p->published != NULL;
    p->columns = arena_alloc(&p->m->arena, p->csv.n_columns, sizeof *p->columns, e);
    if (p->columns == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < p->csv.n_columns; i++) {
        p->columns[i] = classify(p, p->csv.header[i], headers);
        if (p->columns[i].use == USE_UNKNOWN)
            return unknown_column(p, i, headers, e);
        if ((code = check_repeated(p, i, e)) != 0)
            return code;
        has_id = has_id || (p->columns[i].use == USE_TABLE && strcmp(p->columns[i].known->name, "exam_id") == 0);
        p->n_clinic_info += p->columns[i].use == USE_CLINICAL && p->m->published_header;
    }
    if (!has_id)
        return err_set(e, ERR_CSV_COLUMN_MISSING, "the column \"exam_id\" is missing");
    if (p->ours == NULL && p->published == NULL)
        return err_set(e, ERR_CSV_COLUMN_MISSING, "no image column (mg_cc, mg_mlo, us_bmode_trans ...): at least one is needed");
    p->m->positional_clinical = p->n_clinic_info > 0;
    return check_clinical_columns(p, e);
}

/* The row's first cause wins. Returns non-zero only if there is no memory for the sentence. */
static int refuse(struct parser *p, struct cohort_row *x, const struct err *why, struct err *e) {
    if (x->fault.code != 0)
        return 0;
    x->fault.code = why->code;
    x->fault.reason = arena_strdup(&p->m->arena, why->message, e);
    return x->fault.reason != NULL ? 0 : ERR_NO_MEMORY;
}

static int take_image(struct parser *p, struct cohort_row *x, const struct manifest_column *column, const char *cell, struct err *why,
                      struct err *e) {
    char shown[CSV_SHOW_SIZE];
    bool marker = strcmp(cell, "N") == 0;
    if (*cell == '\0' || (marker && p->m->published_header))
        return 0;
    if (marker)
        return err_set(why, ERR_VALUE_SYNTAX, "%s: \"N\" means missing only in the published header; here an absent image is an empty cell",
                       column->name);
    if (csv_edge_blank(cell))
        return err_set(why, ERR_VALUE_SYNTAX, "%s: the path \"%s\" begins or ends with a space; remove it", column->name,
                       csv_show(shown, cell));
    if (strlen(cell) + strlen(p->folder) > SOURCE_PATH_MAX)
        return err_set(why, ERR_LIMIT, "%s: the path is longer than %d bytes", column->name, SOURCE_PATH_MAX);
    const char *path = filename_under(&p->m->arena, p->folder, cell, e);
    if (path == NULL)
        return ERR_NO_MEMORY;
    x->exam.source[column->slot] = source_file(path);
    return 0;
}

static int take_clinical(const struct parser *p, size_t field, const char *cell, struct err *why) {
    assert(p->options->schema); /* a column is clinical by its schema alone */
    const struct schema_field *f = &p->options->schema->fields[field];
    struct clinical *c = &p->clinical[field];
    if (!p->m->positional_clinical)
        return schema_value(c, f, cell, why);
    if (*cell == '\0' || strcmp(cell, "N") == 0)
        return f->missing_allowed
                   ? 0
                   : err_set(why, ERR_VALUE_MISSING, "clinic_info%zu: the value is missing, and the schema requires one", field + 1);
    int code = schema_number(&c->value, cell, why);
    c->present = code == 0;
    if (code != 0)
        err_prefix(why, "clinic_info%zu", field + 1);
    return code;
}

static int take_cell(struct parser *p, struct cohort_row *x, const struct column *c, const char *cell, struct err *why, struct err *e) {
    char shown[CSV_SHOW_SIZE];
    if (c->use == USE_CLINICAL)
        return take_clinical(p, c->field, cell, why);
    if (c->use != USE_TABLE)
        return 0;
    if (c->known->slot >= 0)
        return take_image(p, x, c->known, cell, why, e);
    const char **text = (const char **)(void *)((char *)x + text_offset[c->known->text]);
    *text = cell;
    if (text == &x->exam.side)
        return exam_side(&x->exam.side, cell, why);
    if ((text == &x->exam.exam_id || text == &x->exam.patient_id) && csv_edge_blank(cell))
        return err_set(why, ERR_VALUE_SYNTAX, "%s: \"%s\" begins or ends with a space; remove it", c->known->name, csv_show(shown, cell));
    return 0;
}

static int read_row(struct parser *p, size_t row, struct err *e) {
    struct cohort_row *x = &p->m->rows[row];
    const struct schema *schema = p->options->schema;
    *x = (struct cohort_row){.exam = {.exam_id = "", .patient_id = "", .side = ""},
                             .tier = "",
                             .pathology = "",
                             .malignant = "",
                             .birads = "",
                             .center = "",
                             .vendor = "",
                             .split = "",
                             .synthetic = "",
                             .view = "",
                             .label = "",
                             .fault = {.reason = ""},
                             .line = p->csv.line[row]};
    if (schema != NULL && (p->clinical = arena_alloc(&p->m->arena, schema->n_fields, sizeof *p->clinical, e)) == NULL)
        return ERR_NO_MEMORY;
    x->exam.clinical = p->clinical;
    struct err why = {0};
    for (size_t i = 0; i < p->csv.n_columns; i++) {
        int code = take_cell(p, x, &p->columns[i], csv_cell(&p->csv, row, i), &why, e);
        if (code == ERR_NO_MEMORY || (code != 0 && refuse(p, x, &why, e) != 0))
            return ERR_NO_MEMORY;
    }
    if (x->exam.exam_id[0] == '\0')
        return err_set(e, ERR_EXAM_ID_EMPTY, "line %zu: the exam_id is empty", x->line);
    if (exam_check(&x->exam, &why) != 0 && refuse(p, x, &why, e) != 0)
        return ERR_NO_MEMORY;
    return 0;
}

static int by_id(const void *a, const void *b) {
    const struct cohort_row *x = *(const struct cohort_row *const *)a, *y = *(const struct cohort_row *const *)b;
    int order = strcmp(x->exam.exam_id, y->exam.exam_id);
    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

/* Which of two rows was meant cannot be known, so the file is refused, naming the first repetition in it. */
static int check_unique(const struct manifest *m, struct err *e) {
    char shown[CSV_SHOW_SIZE];
    const struct cohort_row *first = NULL, *second = NULL;
    const struct cohort_row **order = mem_alloc(m->n, sizeof *order, e);
    if (order == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < m->n; i++)
        order[i] = &m->rows[i];
    qsort(order, m->n, sizeof *order, by_id);
    for (size_t i = 1; i < m->n; i++)
        if (strcmp(order[i - 1]->exam.exam_id, order[i]->exam.exam_id) == 0 && (second == NULL || order[i]->line < second->line)) {
            first = order[i - 1];
            second = order[i];
        }
    mem_free(order);
    if (second == NULL)
        return 0;
    return err_set(e, ERR_EXAM_ID_TWICE, "lines %zu and %zu have the same exam_id \"%s\"", first->line, second->line,
                   csv_show(shown, second->exam.exam_id));
}

static int parse(struct parser *p, const char *text, size_t n, struct err *e) {
    int code = csv_dialect(text, n, e);
    if (code == 0)
        code = csv_parse(&p->csv, &p->m->arena, text, n, e);
    if (code != 0 || (code = read_header(p, e)) != 0)
        return code;
    if (p->csv.n_rows == 0)
        return err_set(e, ERR_CSV_EMPTY, "there are no rows below the header");
    if (p->csv.n_rows > ROWS_MAX)
        return err_set(e, ERR_LIMIT, "%zu rows, the limit is %d", p->csv.n_rows, ROWS_MAX);
    p->m->rows = arena_alloc(&p->m->arena, p->csv.n_rows, sizeof *p->m->rows, e);
    if (p->m->rows == NULL)
        return ERR_NO_MEMORY;
    for (p->m->n = 0; p->m->n < p->csv.n_rows; p->m->n++)
        if ((code = read_row(p, p->m->n, e)) != 0)
            return code;
    return check_unique(p->m, e);
}

int manifest_parse(struct manifest **out, const char *text, size_t n, const char *folder, const struct manifest_options *options,
                   struct err *e) {
    static const struct manifest_options none;
    struct parser p = {.options = options != NULL ? options : &none, .folder = folder != NULL ? folder : ""};
    *out = NULL;
    p.m = mem_alloc(1, sizeof *p.m, e);
    if (p.m == NULL)
        return ERR_NO_MEMORY;
    arena_init(&p.m->arena, 0);
    int code = parse(&p, text, n, e);
    if (code != 0)
        manifest_free(p.m);
    else
        *out = p.m;
    return code;
}

void manifest_free(struct manifest *m) {
    if (m == NULL)
        return;
    arena_release(&m->arena);
    mem_free(m);
}
