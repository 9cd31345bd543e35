/* A scan as exams.csv and as a report of every file. Floor 4. */
#include "scan/report.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "file/json.h"

static bool table_has(const struct report_options *o, const char *name) {
    for (size_t i = 0; o->clinical && i < o->clinical->csv.n_columns; i++)
        if (o->clinical->carried[i] && strcmp(o->clinical->csv.header[i], name) == 0)
            return true;
    return false;
}

int report_check(const struct report_options *o, struct err *e) {
    if (o->centre && table_has(o, "center"))
        return err_set(e, ERR_USAGE, "a centre is given, and the clinical table has a column center as well; leave out one of the two");
    return 0;
}

static int add_cell(struct buf *out, const char *text, struct err *e) {
    int rc = buf_append(out, ",", 1, e);
    return rc ? rc : buf_csv_cell(out, text, e);
}

static int header(struct buf *out, const struct report_options *o, struct err *e) {
    int rc = buf_printf(out, e, "exam_id,patient_id,side");
    for (int v = 0; v < SLOT_COUNT && !rc; v++)
        rc = add_cell(out, slot_name((enum slot)v), e);
    if (!rc && o->centre)
        rc = add_cell(out, "center", e);
    if (!rc && !table_has(o, "vendor"))
        rc = add_cell(out, "vendor", e);
    for (size_t i = 0; o->clinical && i < o->clinical->csv.n_columns && !rc; i++)
        if (o->clinical->carried[i])
            rc = add_cell(out, o->clinical->csv.header[i], e);
    return rc ? rc : buf_append(out, "\n", 1, e);
}

static int row(struct buf *out, const struct scan *s, const struct scan_exam *x, const struct report_options *o, struct err *e) {
    int rc = buf_csv_cell(out, x->exam_id, e);
    if (!rc)
        rc = add_cell(out, x->patient_id, e);
    if (!rc)
        rc = buf_printf(out, e, ",%c", x->side);
    for (int v = 0; v < SLOT_COUNT && !rc; v++)
        rc = add_cell(out, x->file[v] == SCAN_NO_FILE ? "" : s->files[x->file[v]].path, e);
    if (!rc && o->centre)
        rc = add_cell(out, o->centre, e);
    if (!rc && !table_has(o, "vendor"))
        rc = add_cell(out, x->manufacturer, e);
    for (size_t i = 0; o->clinical && i < o->clinical->csv.n_columns && !rc; i++)
        if (o->clinical->carried[i])
            rc = add_cell(out, x->clinical_row < 0 ? "" : csv_cell(&o->clinical->csv, (size_t)x->clinical_row, i), e);
    return rc ? rc : buf_append(out, "\n", 1, e);
}

int report_csv(struct buf *out, const struct scan *s, const struct report_options *o, struct err *e) {
    int rc = header(out, o, e);
    for (size_t i = 0; i < s->n_exams && !rc; i++)
        rc = row(out, s, &s->exams[i], o, e);
    return rc;
}

static int line(struct buf *out, struct json *j, struct err *e) {
    int rc = json_ok(j) ? json_write(j, out, e) : err_set(e, ERR_NO_MEMORY, "no memory for a line of the report");
    json_free(j);
    return rc ? rc : buf_append(out, "\n", 1, e);
}

static int file_line(struct buf *out, const struct scan *s, const struct scan_file *f, struct err *e) {
    char hex[SHA256_HEX_SIZE], remark[400];
    struct json *j = json_object();
    const char *said = f->used ? f->facts.remark : "";
    snprintf(remark, sizeof remark, "%s%s%s", said, said[0] && f->remark[0] ? "; " : "", f->remark);
    sha256_hex(f->sha256, hex);
    json_put_string(j, "kind", "file");
    json_put_string(j, "path", f->path);
    json_put_string(j, "status", f->used ? "used" : "left_out");
    json_put_string(j, "exam_id", f->used ? s->exams[f->exam].exam_id : NULL);
    json_put_string(j, "slot", f->used ? slot_name(f->slot) : NULL);
    json_put_string(j, "code", f->used ? NULL : err_name(f->why));
    json_put_string(j, "reason", f->used ? NULL : f->sentence);
    json_put_string(j, "remark", remark[0] ? remark : NULL);
    json_put_string(j, "same_as", f->other_path[0] ? f->other_path : NULL);
    json_put_string(j, "format", f->format[0] ? f->format : NULL);
    json_put_string(j, "sha256", f->hashed ? hex : NULL);
    return line(out, j, e);
}

static int exam_line(struct buf *out, const struct scan_exam *x, struct err *e) {
    struct json *j = json_object();
    json_put_string(j, "kind", "exam");
    json_put_string(j, "exam_id", x->exam_id);
    json_put_string(j, "code", err_name(ERR_CLINICAL_UNMATCHED));
    json_put_string(j, "reason", "no row of the clinical table was joined to this exam");
    return line(out, j, e);
}

static int clinical_line(struct buf *out, const struct clinical_table *c, size_t i, struct err *e) {
    struct json *j = json_object();
    json_put_string(j, "kind", "clinical_row");
    json_put_integer(j, "line", (int64_t)c->csv.line[i]);
    json_put_string(j, "code", err_name(c->rows[i].why));
    json_put_string(j, "reason", c->rows[i].sentence);
    return line(out, j, e);
}

int report_json(struct buf *out, const struct scan *s, const struct report_options *o, struct err *e) {
    const struct clinical_table *c = o->clinical;
    int rc = 0;
    for (size_t i = 0; i < s->n_files && !rc; i++)
        rc = file_line(out, s, &s->files[i], e);
    for (size_t i = 0; c && i < s->n_exams && !rc; i++)
        if (s->exams[i].clinical_row < 0)
            rc = exam_line(out, &s->exams[i], e);
    for (size_t i = 0; c && i < c->csv.n_rows && !rc; i++)
        if (c->rows[i].why)
            rc = clinical_line(out, c, i, e);
    return rc;
}
