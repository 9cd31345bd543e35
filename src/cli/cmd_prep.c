/* bmunet prep: what the network would see of each exam, and what it would refuse, without a model. Floor 9. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/progress.h"
#include "base/version.h"
#include "cli/cli.h"
#include "cohort/manifest_file.h"
#include "file/io.h"
#include "infer/prep_cohort.h"

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
    struct replace *json;
    struct progress progress;
    uint8_t exams_sha256[SHA256_SIZE];
};

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
    if (!rc && o->png && mkdir(o->png, 0777) != 0) /* a new one: no picture of ours may take the place of one that is read */
        rc = err_set(e, ERR_FILE_WRITE, "%s: the folder for pictures has to be a new one: %s", o->png, strerror(errno));
    return rc;
}

static void show_progress(void *ctx, size_t done) {
    struct job *j = ctx;
    progress_update(&j->progress, (long)done);
}

static int run(struct prep_cohort_counts *counts, struct job *j, struct err *e) {
    int rc = open_all(j, e);
    if (rc)
        return rc;
    const struct prep_cohort_options how = {.prep = &j->o->prep,
                                            .pictures = j->o->png,
                                            .exams_sha256 = j->exams_sha256,
                                            .code_version = BMUNET_CODE,
                                            .progress = show_progress,
                                            .ctx = j,
                                            .stop = cli_stop()};
    progress_start(&j->progress, stderr, "exams", (long)j->cohort->n);
    rc = prep_cohort(counts, j->json, j->cohort, &how, e);
    progress_finish(&j->progress);
    if (rc)
        return rc;
    struct replace *json = j->json;
    j->json = NULL;
    if ((rc = replace_commit(json, e)))
        return rc;
    printf("%zu ok, %zu refused%s\nwritten: %s\n", counts->ok, counts->refused, counts->refused ? " (reason in each line)" : "",
           j->o->json);
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
    struct prep_cohort_counts counts = {0};
    cli_catch(SIGINT);
    cli_catch(SIGTERM);
    int rc = run(&counts, &j, &e);
    replace_abort(j.json);
    manifest_free(j.cohort);
    schema_free(j.schema);
    vendors_free(j.vendors);
    if (rc)
        return cli_fail(&e);
    return cli_finish(counts.refused ? EXIT_REFUSED : EXIT_OK);
}
