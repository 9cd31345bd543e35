/* A split as files. Floor 4. */
#include "cohort/split_write.h"

#include <string.h>

#include "base/hash.h"
#include "file/csv.h"
#include "file/filename.h"
#include "file/io.h"
#include "file/json.h"
#include "image/likeness.h"

static int put_row(struct buf *out, const struct csv *csv, const char *const *cells, size_t split_column, const char *part, struct err *e) {
    int rc = 0;
    for (size_t c = 0; c <= csv->n_columns && !rc; c++) {
        if (c == csv->n_columns && split_column < csv->n_columns)
            break;
        if (c > 0)
            rc = buf_append(out, ",", 1, e);
        if (!rc)
            rc = buf_csv_cell(out, c == split_column ? part : cells[c], e);
    }
    return rc ? rc : buf_append(out, "\n", 1, e);
}

int split_table(struct buf *out, const char *text, size_t n, const struct split *s, struct err *e) {
    struct arena arena;
    struct csv csv;
    arena_init(&arena, 0);
    int rc = csv_parse(&csv, &arena, text, n, e);
    if (rc)
        goto out;
    size_t column = 0;
    while (column < csv.n_columns && strcmp(csv.header[column], "split") != 0)
        column++;
    rc = put_row(out, &csv, csv.header, column, "split", e);
    for (size_t r = 0; r < csv.n_rows && !rc; r++)
        rc = put_row(out, &csv, csv.cells + r * csv.n_columns, column, s->name[s->part[r]], e);
out:
    arena_release(&arena);
    return rc;
}

static size_t count_patients(const struct split_source *r, int part) {
    /* groups join patients, so a patient is counted where her first row is */
    size_t n = 0;
    const struct manifest *m = r->table->manifest;
    for (size_t i = 0; i < m->n; i++) {
        bool first = r->split->part[i] == part && m->rows[i].exam.patient_id[0];
        for (size_t k = 0; k < i && first; k++)
            first = r->split->group[k] != r->split->group[i] || strcmp(m->rows[k].exam.patient_id, m->rows[i].exam.patient_id) != 0;
        n += first;
    }
    return n;
}

static struct json *parts_json(const struct split_source *r) {
    struct json *list = json_array();
    for (int p = 0; p < r->split->n_parts; p++) {
        struct json *j = json_object();
        json_put_string(j, "name", r->split->name[p]);
        json_put_integer(j, "exams", (int64_t)r->split->exams[p]);
        json_put_number(j, "target", r->split->target[p]);
        json_put_integer(j, "groups", (int64_t)r->split->groups[p]);
        json_put_integer(j, "patients", (int64_t)count_patients(r, p));
        json_push(list, j);
    }
    return list;
}

static struct json *strata_json(const struct split *s) {
    struct json *list = json_array();
    for (size_t k = 0; k < s->n_strata; k++) {
        struct json *j = json_object(), *exams = json_object();
        json_put_string(j, "tier", s->strata[k].tier[0] ? s->strata[k].tier : NULL);
        if (s->strata[k].malignant[0])
            json_put_string(j, "malignant", s->strata[k].malignant);
        json_put_string(j, "modality", s->strata[k].modality);
        for (int p = 0; p < s->n_parts; p++)
            json_put_integer(exams, s->name[p], (int64_t)s->strata[k].exams[p]);
        json_put(j, "exams", exams);
        json_push(list, j);
    }
    return list;
}

static struct json *duplicates_json(const struct split_source *r) {
    const struct duplicates *d = r->duplicates;
    struct json *j = json_object(), *pairs = json_array();
    json_put_integer(j, "pictures", (int64_t)d->pictures);
    json_put_integer(j, "unreadable", (int64_t)d->unreadable);
    json_put_integer(j, "undecoded", (int64_t)d->undecoded);
    json_put_integer(j, "bits_max", LIKENESS_BITS_MAX);
    json_put_number(j, "correlation_min_mammography", LIKENESS_CORRELATION_MG);
    json_put_number(j, "correlation_min_ultrasound", LIKENESS_CORRELATION_US);
    for (size_t i = 0; i < d->n; i++) {
        const struct duplicate *x = &d->list[i];
        struct json *pair = json_object();
        json_put_string(pair, "exam_a", r->table->manifest->rows[x->a].exam.exam_id);
        json_put_string(pair, "slot_a", slot_name(x->slot_a));
        json_put_string(pair, "exam_b", r->table->manifest->rows[x->b].exam.exam_id);
        json_put_string(pair, "slot_b", slot_name(x->slot_b));
        json_put_bool(pair, "same_bytes", x->same_bytes);
        json_put_integer(pair, "bits", x->bits);
        json_put_number(pair, "correlation", x->correlation);
        json_push(pairs, pair);
    }
    json_put(j, "pairs", pairs);
    return j;
}

static struct json *split_json(const struct split_source *r, const char *table_sha256) {
    struct json *j = json_object();
    char exams_sha256[SHA256_HEX_SIZE];
    sha256_hex(r->table->sha256, exams_sha256);
    json_put_string(j, "split_sha256", r->split->sha256);
    json_put_string(j, "exams", filename_base(r->path));
    json_put_string(j, "exams_sha256", exams_sha256);
    json_put_string(j, "table_sha256", table_sha256);
    json_put_integer(j, "seed", (int64_t)r->options->seed);
    json_put_integer(j, "groups", (int64_t)r->split->n_groups);
    json_put_integer(j, "largest_group", (int64_t)r->split->largest_group);
    json_put(j, "parts", parts_json(r));
    json_put(j, "strata", strata_json(r->split));
    if (r->duplicates)
        json_put(j, "duplicates", duplicates_json(r));
    else
        json_put_string(j, "duplicates", NULL);
    json_put_string(j, "code_version", r->code_version);
    return j;
}

static int write_report(struct buf *out, const struct split_source *from, const struct buf *table, struct err *e) {
    char hex[SHA256_HEX_SIZE];
    uint8_t digest[SHA256_SIZE];
    sha256_bytes(table->data, table->size, digest);
    sha256_hex(digest, hex);
    struct json *j = split_json(from, hex);
    int rc = json_ok(j) ? json_write_pretty(j, out, e) : err_set(e, ERR_NO_MEMORY, "no memory for the report");
    json_free(j);
    return rc ? rc : buf_append(out, "\n", 1, e);
}

/* Both files or none. */
static int write_both(const char *csv, const struct buf *table, const char *json, const struct buf *report, struct err *e) {
    struct replace *a = NULL, *b = NULL;
    int rc = replace_open(&a, csv, e);
    if (!rc)
        rc = replace_open(&b, json, e);
    if (!rc)
        rc = replace_write(a, table->data, table->size, e);
    if (!rc)
        rc = replace_write(b, report->data, report->size, e);
    if (!rc)
        rc = replace_sync(a, e);
    if (!rc)
        rc = replace_sync(b, e);
    if (!rc) {
        struct replace *first = a;
        a = NULL;
        rc = replace_commit(first, e);
    }
    if (!rc) {
        struct replace *second = b;
        b = NULL;
        rc = replace_commit(second, e);
    }
    replace_abort(a);
    replace_abort(b);
    return rc;
}

int split_write(struct buf *report, const char *csv, const char *json, const struct split_source *from, struct err *e) {
    struct buf table;
    buf_init(&table);
    int rc = split_table(&table, (const char *)from->table->text, from->table->n, from->split, e);
    if (!rc)
        rc = write_report(report, from, &table, e);
    if (!rc)
        rc = write_both(csv, &table, json, report, e);
    buf_release(&table);
    return rc;
}
