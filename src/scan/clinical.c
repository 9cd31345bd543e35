/* A site's clinical table, joined to the exams of a scan. Floor 4. */
#include "scan/clinical.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/days.h"
#include "base/mem.h"
#include "exam/manifest_columns.h"
#include "file/io.h"

static bool is_label(const char *name) {
    static const char *const labels[] = {"tier", "pathology", "malignant", "birads", "center", "vendor", "split"};
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        if (strcmp(name, labels[i]) == 0)
            return true;
    return false;
}

static bool is_field(const struct schema *schema, const char *name) {
    for (size_t i = 0; schema && i < schema->n_fields; i++)
        if (strcmp(name, schema->fields[i].name) == 0)
            return true;
    return false;
}

static int read_header(struct clinical_table *c, const struct schema *schema, struct err *e) {
    char shown[CSV_SHOW_SIZE];
    c->patient = c->side = c->date = -1;
    for (size_t i = 0; i < c->csv.n_columns; i++) {
        const char *name = c->csv.header[i];
        for (size_t k = 0; k < i; k++)
            if (strcmp(name, c->csv.header[k]) == 0)
                return err_set(e, ERR_CSV_COLUMN_TWICE, "columns %zu and %zu are both \"%s\"", k + 1, i + 1, csv_show(shown, name));
        if (strcmp(name, "patient_id") == 0)
            c->patient = (long)i;
        else if (strcmp(name, "side") == 0)
            c->side = (long)i;
        else if (strcmp(name, "study_date") == 0)
            c->date = (long)i;
        else if (is_label(name) || is_field(schema, name))
            c->carried[i] = true;
        else
            return err_set(e, ERR_CSV_COLUMN_UNKNOWN,
                           "column %zu: \"%s\" is not accepted here; a clinical table has patient_id, side, study_date, the schema's "
                           "fields and labels (nearest name of a cohort table: \"%s\")",
                           i + 1, csv_show(shown, name), manifest_column_nearest(name, HEADER_OURS, schema));
    }
    return c->patient < 0 ? err_set(e, ERR_CSV_COLUMN_MISSING, "the column \"patient_id\" is missing") : 0;
}

int clinical_parse(struct clinical_table **out, const char *text, size_t n, const struct schema *schema, struct err *e) {
    *out = NULL;
    struct clinical_table *c = mem_alloc(1, sizeof *c, e);
    if (!c)
        return ERR_NO_MEMORY;
    arena_init(&c->arena, 0);
    int rc = csv_dialect(text, n, e);
    if (!rc)
        rc = csv_parse(&c->csv, &c->arena, text, n, e);
    if (!rc) {
        c->carried = arena_alloc(&c->arena, c->csv.n_columns, sizeof *c->carried, e);
        c->rows = arena_alloc(&c->arena, c->csv.n_rows, sizeof *c->rows, e);
        rc = c->carried && c->rows ? read_header(c, schema, e) : ERR_NO_MEMORY;
    }
    if (rc)
        clinical_free(c);
    else
        *out = c;
    return rc;
}

int clinical_read(struct clinical_table **out, const char *path, const struct schema *schema, struct err *e) {
    uint8_t *text = NULL;
    size_t n = 0;
    *out = NULL;
    int rc = io_read_file(&text, &n, path, CSV_FILE_MAX, e);
    if (rc)
        return rc;
    rc = clinical_parse(out, (const char *)text, n, schema, e);
    if (rc)
        err_prefix(e, "%s", path);
    mem_free(text);
    return rc;
}

void clinical_free(struct clinical_table *c) {
    if (!c)
        return;
    arena_release(&c->arena);
    mem_free(c);
}

static const char *cell(const struct clinical_table *c, size_t row, long column) {
    return column < 0 ? "" : csv_cell(&c->csv, row, (size_t)column);
}

struct day_text {
    char is[9];
};

/* YYYYMMDD of a date written so, or as YYYY-MM-DD; "": not stated, or no date. */
static struct day_text day_of_row(const struct clinical_table *c, size_t row) {
    const char *s = cell(c, row, c->date);
    struct day_text day = {""};
    if (strlen(s) == 8)
        memcpy(day.is, s, 9);
    else if (strlen(s) == 10 && s[4] == '-' && s[7] == '-')
        snprintf(day.is, sizeof day.is, "%.4s%.2s%.2s", s, s + 5, s + 8);
    if (date_days(day.is) == NO_DAY)
        day.is[0] = '\0';
    return day;
}

/* 'L', 'R', 0: not stated, '?': something else */
static char side_of(const struct clinical_table *c, size_t row) {
    const char *s = cell(c, row, c->side);
    if (!*s)
        return 0;
    if (strcasecmp(s, "L") == 0 || strcasecmp(s, "left") == 0)
        return 'L';
    return strcasecmp(s, "R") == 0 || strcasecmp(s, "right") == 0 ? 'R' : '?';
}

static void check_rows(struct clinical_table *c) {
    for (size_t i = 0; i < c->csv.n_rows; i++) {
        const char *date = cell(c, i, c->date);
        c->rows[i] = (struct clinical_row){.sentence = ""};
        if (side_of(c, i) == '?')
            c->rows[i] = (struct clinical_row){0, ERR_VALUE_SYNTAX, "side is neither L nor R"};
        else if (*date && !day_of_row(c, i).is[0])
            c->rows[i] = (struct clinical_row){0, ERR_VALUE_SYNTAX, "study_date is not a date; write YYYYMMDD or YYYY-MM-DD"};
    }
}

/* How much the row states and the exam has as well; -1: it does not fit. */
static int fit(const struct clinical_table *c, size_t row, const struct scan_exam *x) {
    char side = side_of(c, row);
    const struct day_text day = day_of_row(c, row);
    if (c->rows[row].why || (side && side != x->side) || (day.is[0] && strcmp(day.is, x->date) != 0))
        return -1;
    return (side != 0) + (day.is[0] != 0);
}

static int by_patient(const void *a, const void *b, void *ctx) {
    const struct clinical_table *c = ctx;
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    int order = strcmp(cell(c, x, c->patient), cell(c, y, c->patient));
    return order ? order : (x > y) - (x < y);
}

/* The rows of a patient in the sorted list: [*first, *last). */
static void find_patient(const struct clinical_table *c, const size_t *sorted, const char *patient, size_t *first, size_t *last) {
    size_t low = 0, high = c->csv.n_rows;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(cell(c, sorted[middle], c->patient), patient) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *first = *last = low;
    while (*last < c->csv.n_rows && strcmp(cell(c, sorted[*last], c->patient), patient) == 0)
        ++*last;
}

static void mark_ambiguous(struct clinical_row *r, const char *sentence) {
    *r = (struct clinical_row){0, ERR_SCAN_AMBIGUOUS, sentence};
}

static void join_exam(struct clinical_table *c, struct scan_exam *x, const size_t *rows, size_t n) {
    int most = -1, equal = 0;
    for (size_t i = 0; i < n; i++) {
        int f = fit(c, rows[i], x);
        if (f < 0 || f < most)
            continue;
        equal = f > most ? 1 : equal + 1;
        x->clinical_row = (long)rows[i];
        most = f;
    }
    for (size_t i = 0; equal > 1 && i < n; i++)
        if (fit(c, rows[i], x) == most)
            mark_ambiguous(&c->rows[rows[i]], "another row matches the same exam as well, so neither is used");
    if (equal > 1)
        x->clinical_row = -1;
}

static void refuse_many_days(struct clinical_table *c, struct scan *s) {
    for (size_t i = 1; i < s->n_exams; i++) {
        struct scan_exam *x = &s->exams[i - 1], *y = &s->exams[i]; /* exams of one breast stand together */
        long row = y->clinical_row;
        if (row < 0 || x->clinical_row != row || x->side != y->side || *cell(c, (size_t)row, c->date))
            continue;
        mark_ambiguous(&c->rows[row], "it matches exams of one breast on several days, and has no study_date");
    }
}

int clinical_join(struct clinical_table *c, struct scan *s, struct err *e) {
    size_t *sorted = mem_alloc(c->csv.n_rows, sizeof *sorted, e), first, last;
    if (!sorted)
        return ERR_NO_MEMORY;
    check_rows(c);
    for (size_t i = 0; i < c->csv.n_rows; i++)
        sorted[i] = i;
    if (c->csv.n_rows)
        qsort_r(sorted, c->csv.n_rows, sizeof *sorted, by_patient, c);
    for (size_t i = 0; i < s->n_exams; i++) {
        s->exams[i].clinical_row = -1;
        find_patient(c, sorted, s->exams[i].patient_id, &first, &last);
        join_exam(c, &s->exams[i], sorted + first, last - first);
    }
    refuse_many_days(c, s);
    for (size_t i = 0; i < s->n_exams; i++) {
        struct scan_exam *x = &s->exams[i];
        if (x->clinical_row >= 0 && c->rows[x->clinical_row].why)
            x->clinical_row = -1; /* a row that turned out ambiguous is taken for none */
        if (x->clinical_row >= 0)
            c->rows[x->clinical_row].exams++;
    }
    for (size_t i = 0; i < c->csv.n_rows; i++)
        if (!c->rows[i].exams && !c->rows[i].why)
            c->rows[i] = (struct clinical_row){0, ERR_CLINICAL_UNMATCHED, "no exam of this patient, side and date was found"};
    mem_free(sorted);
    return 0;
}
