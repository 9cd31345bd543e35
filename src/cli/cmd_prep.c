/* bmunet prep: what the network would see of each exam, and what it would refuse, without a model. Floor 9. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/progress.h"
#include "base/version.h"
#include "cli/cli.h"
#include "cohort/manifest_file.h"
#include "file/io.h"
#include "file/json.h"
#include "image/png_write.h"
#include "prep/exam_prep.h"

enum { IGNORE_MAX = 256 };

struct options {
    struct cli cli;
    const char *exams, *json, *png, *schema, *vendors;
    struct prep_profile profile;
    struct exam_prep_options prep;
    bool small;
    const char *ignore[IGNORE_MAX];
    size_t n_ignore;
};

enum { KEY_EXAMS = 0x100, KEY_JSON, KEY_PNG, KEY_SCHEMA, KEY_PROFILE, KEY_VENDORS, KEY_SMALL, KEY_IGNORE, KEY_PARTIAL, KEY_TOMOSYNTHESIS };
static const struct argp_option option_list[] = {
    {.name = "exams", .key = KEY_EXAMS, .arg = "FILE.csv", .doc = "the table of exams, one row per breast (docs/FORMATS.md)"},
    {.name = "json", .key = KEY_JSON, .arg = "FILE.jsonl", .doc = "write one JSON object per exam, with what became of each input"},
    {.name = "png",
     .key = KEY_PNG,
     .arg = "FOLDER",
     .doc = "write into this new folder a picture of each input as the network would see it"},
    {.name = "profile",
     .key = KEY_PROFILE,
     .arg = "NAME",
     .doc = "preprocessing profile: canonical-v1 (default; docs/PREP.md) or reference-v1 (the published release's; PNG and JPEG only)"},
    {.name = "vendors",
     .key = KEY_VENDORS,
     .arg = "DIR",
     .doc = "vendor entries for canonical-v1, *.yml (default share/vendors; '' for none)"},
    {.name = "schema", .key = KEY_SCHEMA, .arg = "FILE.yml", .doc = "what the clinical columns mean (default clinical10)"},
    {.name = "ignore-column", .key = KEY_IGNORE, .arg = "NAME", .doc = "leave out this column of the table; may be repeated"},
    {.name = "allow-partial", .key = KEY_PARTIAL, .doc = "an image that is refused counts as absent, and the exam's reason says so"},
    {.name = "allow-tomosynthesis", .key = KEY_TOMOSYNTHESIS, .doc = "take views synthesised from tomosynthesis; the input's note says so"},
    {.name = "small", .key = KEY_SMALL, .doc = "for tests: mammograms 64x48, ultrasound 32x32", .flags = OPTION_HIDDEN},
    {0}};

static error_t take_profile(struct options *o, const char *name, struct argp_state *state) {
    o->profile.name = prep_profile_name(name);
    return o->profile.name ? 0 : cli_usage(state, "there is no profile '%s'; there are reference-v1 and canonical-v1", name);
}

static error_t add_ignored(struct options *o, const char *name, struct argp_state *state) {
    if (o->n_ignore == IGNORE_MAX)
        return cli_usage(state, "--ignore-column more than %d times", IGNORE_MAX);
    o->ignore[o->n_ignore++] = name;
    return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    struct options *o = state->input;
    switch (key) {
    case KEY_EXAMS:
        o->exams = arg;
        return 0;
    case KEY_JSON:
        o->json = arg;
        return 0;
    case KEY_PNG:
        o->png = arg;
        return 0;
    case KEY_SCHEMA:
        o->schema = arg;
        return 0;
    case KEY_PROFILE:
        return take_profile(o, arg, state);
    case KEY_SMALL:
        o->small = true;
        return 0;
    case KEY_IGNORE:
        return add_ignored(o, arg, state);
    case KEY_VENDORS:
        o->vendors = arg;
        return 0;
    case KEY_PARTIAL:
        o->prep.allow_partial = true;
        return 0;
    case KEY_TOMOSYNTHESIS:
        o->prep.allow_tomosynthesis = true;
        return 0;
    case ARGP_KEY_END:
        return o->exams && o->json ? 0 : cli_usage(state, "--exams and --json are needed");
    default:
        return cli_default(key, state);
    }
}

static const struct argp argp = {
    .options = option_list,
    .parser = parse_option,
    .doc = "Prepare every exam of a table as for prediction, and tell what became of each input; no model is needed.\v"
           "The pictures are named NUMBER_SLOT.png, NUMBER as in the JSON line. Exit status: 0 every exam can be computed; 2 all is "
           "written, and some exam was refused; 1 an error."};

struct job {
    struct options *o;
    struct manifest *cohort;
    struct schema *schema;
    struct vendors *vendors;
    struct decoder *decoder;
    struct replace *json;
    struct buf line, picture;
    float *views;
    uint8_t exams_sha256[SHA256_SIZE];
    size_t ok, refused;
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
    json_put(line, "profile", profile_json(&j->o->profile));
    sha256_hex(j->exams_sha256, hex);
    json_put_string(line, "exams_sha256", hex);
    json_put_string(line, "code_version", BMUNET_CODE);
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

static int write_picture(struct job *j, size_t number, enum slot s, struct err *e) {
    const struct prep_profile *p = &j->o->profile;
    struct image *im = NULL;
    struct replace *file = NULL;
    struct buf path;
    buf_init(&path);
    buf_clear(&j->picture);
    int rc = draw(&im, j->views + prep_offset(p, s), p, s, e);
    if (!rc)
        rc = png_write(&j->picture, im, e);
    if (!rc)
        rc = buf_printf(&path, e, "%s/%06zu_%s.png", j->o->png, number, slot_name(s));
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

static int one_exam(struct job *j, size_t number, const struct cohort_row *row, struct err *e) {
    struct verdict v;
    struct exam_prep_times ms;
    int rc = exam_prep(&v, &j->views, &ms, &row->exam, &row->fault, &j->o->prep, j->decoder, e);
    if (!rc)
        rc = write_line(j, number, &row->exam, &v, &ms, e);
    for (int s = 0; s < SLOT_COUNT && !rc && j->o->png; s++)
        if (v.input[s].prepared && v.input[s].status == INPUT_USED)
            rc = write_picture(j, number, (enum slot)s, e);
    *(v.code ? &j->refused : &j->ok) += 1;
    return rc;
}

static int open_all(struct job *j, struct err *e) {
    struct options *o = j->o;
    int rc = cli_distinct("--json", o->json, "--exams", o->exams, e);
    if (!rc)
        rc = replace_open(&j->json, o->json, e);
    if (!rc)
        rc = cli_schema(&j->schema, o->schema, e);
    struct manifest_options how = {.schema = j->schema, .ignore_columns = o->ignore, .n_ignore_columns = o->n_ignore};
    if (!rc)
        rc = cohort_read(&j->cohort, j->exams_sha256, o->exams, &how, e);
    if (!rc)
        rc = cli_not_an_image("--json", o->json, j->cohort, e);
    const bool canonical = prep_is_canonical(&o->profile);
    if (!rc && o->vendors && !canonical)
        rc = err_set(e, ERR_USAGE, "--vendors says nothing without --profile canonical-v1");
    if (!rc && canonical && (!o->vendors || o->vendors[0]) && !(rc = cli_vendors(&j->vendors, o->vendors, e)))
        o->profile.vendors = j->vendors;
    if (!rc)
        rc = decoder_open(&j->decoder, NULL, e);
    if (!rc && o->png && mkdir(o->png, 0777) != 0) /* a new one: no picture of ours may take the place of one that is read */
        rc = err_set(e, ERR_FILE_WRITE, "%s: the folder for pictures has to be a new one: %s", o->png, strerror(errno));
    return rc;
}

static int run(struct job *j, struct err *e) {
    struct progress progress;
    int rc = open_all(j, e);
    if (rc)
        return rc;
    progress_start(&progress, stderr, "exams", (long)j->cohort->n);
    for (size_t i = 0; i < j->cohort->n && !rc; i++) {
        rc = one_exam(j, i + 1, &j->cohort->rows[i], e);
        progress_update(&progress, (long)i + 1);
    }
    progress_finish(&progress);
    if (rc)
        return rc;
    struct replace *json = j->json;
    j->json = NULL;
    if ((rc = replace_commit(json, e)))
        return rc;
    printf("%zu ok, %zu refused%s\nwritten: %s\n", j->ok, j->refused, j->refused ? " (reason in each line)" : "", j->o->json);
    return 0;
}

/* The sizes of the networks that init and import make. */
static void size_profile(struct prep_profile *p, bool small) {
    p->mg_height = small ? 64 : 2294;
    p->mg_width = small ? 48 : 1280;
    p->us_height = p->us_width = small ? 32 : 224;
    p->mg_mean = prep_is_canonical(p) ? PREP_CANONICAL_MEAN : 5063.68;
    p->mg_std = prep_is_canonical(p) ? PREP_CANONICAL_STD : 8773.89;
}

int cmd_prep(int argc, char **argv) {
    struct options o = {.profile = {.name = prep_profile_name("canonical-v1")},
                        .prep = {.taken = network_slots(NETWORK_BMU), .network = "bmu"}};
    struct err e = {0};
    int status = cli_parse(&argp, "prep", argc, argv, &o);
    if (status >= 0)
        return status;
    size_profile(&o.profile, o.small);
    o.prep.profile = &o.profile;
    struct job j = {.o = &o};
    buf_init(&j.line);
    buf_init(&j.picture);
    int rc = run(&j, &e);
    replace_abort(j.json);
    decoder_close(j.decoder);
    manifest_free(j.cohort);
    schema_free(j.schema);
    vendors_free(j.vendors);
    buf_release(&j.line);
    buf_release(&j.picture);
    free(j.views);
    if (rc)
        return cli_fail(&e);
    return cli_finish(j.refused ? EXIT_REFUSED : EXIT_OK);
}
