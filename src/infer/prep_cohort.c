/* A cohort prepared without a model. Floor 7. */
#include "infer/prep_cohort.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "file/json.h"
#include "image/png_write.h"

struct job {
    const struct prep_cohort_options *o;
    const struct prep_profile *profile;
    const struct manifest *cohort;
    struct replace *json;
    struct decoder *decoder;
    struct buf line, picture;
    float *views;
};

/* --- what is written */

static struct json *profile_json(const struct prep_profile *p) {
    struct json *j = json_object();
    json_put_string(j, "name", p->name);
    const int sizes[2][2] = {{p->mg_height, p->mg_width}, {p->us_height, p->us_width}};
    for (int k = 0; k < 2; k++) {
        struct json *pair = json_array();
        json_push_integer(pair, sizes[k][0]);
        json_push_integer(pair, sizes[k][1]);
        json_put(j, k ? "us" : "mg", pair);
    }
    json_put_number(j, "mg_mean", p->mg_mean);
    json_put_number(j, "mg_std", p->mg_std);
    char hex[SHA256_HEX_SIZE];
    if (p->vendors)
        sha256_hex(vendors_sha256(p->vendors), hex);
    json_put_string(j, "vendors_sha256", p->vendors ? hex : NULL);
    return j;
}

static struct json *times_json(const struct exam_prep_times *ms) {
    struct json *j = json_object();
    json_put_number(j, "read", ms->read);
    json_put_number(j, "prep", ms->prep);
    return j;
}

static int write_line(struct job *j, size_t number, const struct exam *exam, const struct verdict *v, const struct exam_prep_times *ms,
                      struct err *e) {
    char hex[SHA256_HEX_SIZE];
    struct json *line = json_object();
    json_put_string(line, "exam_id", exam->exam_id);
    json_put_integer(line, "number", (int64_t)number);
    json_put_string(line, "status", v->code ? "refused" : "ok");
    json_put_string(line, "code", v->code ? err_name(v->code) : NULL);
    json_put_string(line, "reason", v->reason);
    json_put(line, "inputs", verdict_inputs_json(v));
    json_put(line, "times_ms", times_json(ms));
    json_put(line, "profile", profile_json(j->profile));
    sha256_hex(j->o->exams_sha256, hex);
    json_put_string(line, "exams_sha256", hex);
    json_put_string(line, "code_version", j->o->code_version);
    buf_clear(&j->line);
    int rc = json_ok(line) ? json_write(line, &j->line, e) : err_set(e, ERR_NO_MEMORY, "no memory for a line of JSON");
    json_free(line);
    if (!rc)
        rc = buf_append(&j->line, "\n", 1, e);
    return rc ? rc : replace_write(j->json, j->line.data, j->line.size, e);
}

static double between(double x, double most) {
    return x < 0 ? 0 : x > most ? most : x;
}

/* The tensor as a picture: a mammogram's normalisation undone, 16 bits; ultrasound in 8 bits. */
static int draw(struct image **out, const float *view, const struct prep_profile *p, enum slot s, struct err *e) {
    bool mg = slot_is_mg(s);
    int rc = image_new(out, (uint32_t)(mg ? p->mg_width : p->us_width), (uint32_t)(mg ? p->mg_height : p->us_height), mg ? 1 : 3,
                       mg ? 16 : 8, e);
    for (size_t i = 0; !rc && i < prep_size(p, s); i++)
        if (mg)
            ((uint16_t *)(*out)->pixels)[i] = (uint16_t)lrint(between((double)view[i] * p->mg_std + p->mg_mean, 65535));
        else
            ((uint8_t *)(*out)->pixels)[i] = (uint8_t)lrint(between((double)view[i] * 255, 255));
    return rc;
}

static bool marked(const struct mark_list *l, const struct geometry *g, double x, double y) {
    double at[2];
    geometry_to_source(at, g, (double[2]){x, y});
    for (int i = 0; i < l->n; i++)
        if (mark_covers(&l->list[i], at[0], at[1]))
            return true;
    return false;
}

/* The brightest value on every pixel just outside what is marked. */
static void outline(struct image *im, const struct mark_list *l, const struct geometry *g) {
    for (int y = 0; y < (int)im->height && l->n; y++)
        for (int x = 0; x < (int)im->width; x++) {
            if (marked(l, g, x, y) ||
                !(marked(l, g, x - 1, y) || marked(l, g, x + 1, y) || marked(l, g, x, y - 1) || marked(l, g, x, y + 1)))
                continue;
            const size_t bytes = (size_t)(im->channels * (im->bits / 8));
            memset((uint8_t *)im->pixels + ((size_t)y * im->width + (size_t)x) * bytes, 0xFF, bytes);
        }
}

static int write_picture(struct job *j, size_t number, enum slot s, const struct geometry *g, struct err *e) {
    const struct prep_profile *p = j->profile;
    struct image *im = NULL;
    struct replace *file = NULL;
    struct buf path;
    buf_init(&path);
    buf_clear(&j->picture);
    int rc = draw(&im, j->views + prep_offset(p, s), p, s, e);
    if (!rc && j->o->marks)
        outline(im, marks_of(j->o->marks, number - 1, s), g);
    if (!rc)
        rc = png_write(&j->picture, im, e);
    if (!rc)
        rc = buf_printf(&path, e, "%s/%06zu_%s.png", j->o->pictures, number, slot_name(s));
    if (!rc)
        rc = replace_open(&file, path.data, e);
    if (!rc && (rc = replace_write(file, j->picture.data, j->picture.size, e)))
        replace_abort(file);
    else if (!rc)
        rc = replace_commit(file, e);
    image_free(im);
    buf_release(&path);
    return rc;
}

/* --- the run */

static int one_exam(struct prep_cohort_counts *counts, struct job *j, size_t number, const struct cohort_row *row, struct err *e) {
    struct verdict v;
    struct exam_prep_times ms;
    int rc = exam_prep(&v, &j->views, &ms, &row->exam, &row->fault, j->o->prep, j->decoder, e);
    if (!rc)
        rc = write_line(j, number, &row->exam, &v, &ms, e);
    if (!rc && j->o->marks)
        rc = marks_settle(j->o->marks, j->cohort, number - 1, &v, j->decoder, e);
    for (int s = 0; s < SLOT_COUNT && !rc && j->o->pictures; s++)
        if (v.input[s].prepared && v.input[s].status == INPUT_USED)
            rc = write_picture(j, number, (enum slot)s, &v.input[s].geometry, e);
    *(v.code ? &counts->refused : &counts->ok) += 1;
    return rc;
}

int prep_cohort(struct prep_cohort_counts *counts, struct replace *out, const struct manifest *cohort, const struct prep_cohort_options *o,
                struct err *e) {
    struct job j = {.o = o, .profile = o->prep->profile, .cohort = cohort, .json = out};
    *counts = (struct prep_cohort_counts){0};
    buf_init(&j.line);
    buf_init(&j.picture);
    int rc = decoder_open(&j.decoder, &(struct decoder_options){.paths = o->prep->paths}, e);
    for (size_t i = 0; i < cohort->n && !rc; i++) {
        rc = o->stop && *o->stop
                 ? err_set(e, ERR_INTERRUPTED, "interrupted; %s", o->pictures ? "the pictures written so far stay" : "nothing was written")
                 : one_exam(counts, &j, i + 1, &cohort->rows[i], e);
        if (o->progress)
            o->progress(o->ctx, i + 1);
    }
    decoder_close(j.decoder);
    buf_release(&j.line);
    buf_release(&j.picture);
    mem_free(j.views);
    return rc;
}
