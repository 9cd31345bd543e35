/* bmunet prep: what the network would see of each exam, and what it would refuse, without a model. Floor 10. */
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
#include "file/distinct.h"
#include "file/io.h"
#include "infer/prep_cohort.h"
#include "verb/verbs.h"

struct options {
    const char *exams, *json, *png, *schema, *vendors, *marks, *tree;
    int reference; /* the profile: 0 canonical-v1, 1 reference-v1 */
    struct prep_profile profile;
    struct exam_prep_options prep;
    bool small;
    struct texts ignore;
};

static const struct option option_list[] = {
    {OPTION_EXAMS(struct options), .required = true},
    {OPTION_JSON_LINES(struct options, "write one JSON object per exam, with what became of each input"), .required = true},
    {OPTION_TEXT("png", "DIR", struct options, png, "write a picture of each input, as the network would see it, into this new folder")},
    {OPTION_TEXT("marks", "FILE.csv", struct options, marks,
                 "where lesions lie (docs/FORMATS.md): checked against the pictures, and outlined in those that are written")},
    {OPTION_TREE(struct options)},
    {OPTION_CHOICE("profile", "canonical-v1|reference-v1", struct options, reference,
                   "preprocessing profile (default canonical-v1); reference-v1 is the published release's: PNG and JPEG only")},
    {OPTION_VENDORS(struct options)},
    {OPTION_SCHEMA(struct options)},
    {OPTION_IGNORE(struct options)},
    {OPTION_PARTIAL(struct options, prep.allow_partial)},
    {OPTION_TOMOSYNTHESIS(struct options, prep.allow_tomosynthesis)},
    {OPTION_TRUST(struct options, prep.trust_table)},
    {OPTION_SMALL(struct options)},
    {0}};

struct job {
    struct options *o;
    struct manifest *cohort;
    struct schema *schema;
    struct vendors *vendors;
    struct tree *tree;
    struct marks *marks;
    struct replace *json;
    struct progress progress;
    uint8_t exams_sha256[SHA256_SIZE];
};

static int open_all(struct job *j, struct err *e) {
    struct options *o = j->o;
    int rc = file_distinct("--json", o->json, "--exams", o->exams, e);
    if (!rc)
        rc = replace_open(&j->json, o->json, e);
    if (!rc)
        rc = cli_schema(&j->schema, o->schema, e);
    struct manifest_options how = {
        .schema = j->schema, .ignore_columns = o->ignore.item, .n_ignore_columns = o->ignore.n, .trust_table = o->prep.trust_table};
    if (!rc)
        rc = cohort_read(&j->cohort, j->exams_sha256, o->exams, &how, e);
    if (!rc)
        rc = manifest_not_an_image("--json", o->json, j->cohort, e);
    if (!rc && o->marks && (rc = cli_tree(&j->tree, o->tree, e)) == 0)
        rc = marks_read(&j->marks, o->marks, j->cohort, j->tree, e);
    const bool canonical = prep_is_canonical(&o->profile);
    if (!rc && canonical && (!o->vendors || o->vendors[0]) && !(rc = cli_vendors(&j->vendors, o->vendors, e)))
        o->profile.vendors = j->vendors;
    if (!rc && o->png && mkdir(o->png, 0777) != 0) /* a new one: no picture of ours may take the place of one that is read */
        rc = err_set(e, ERR_FILE_WRITE, "%s: the folder for pictures must be a new one: %s", o->png, strerror(errno));
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
                                            .marks = j->marks,
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
    fprintf(cli_report(), say("%zu ok, %zu refused%s\n"), counts->ok, counts->refused,
            counts->refused ? say(" (reason in each line)") : "");
    cli_written(j->o->json, NULL);
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

static int run_prep(void *options) {
    struct options *o = options;
    struct err e = {0};
    o->profile.name = prep_profile_name(o->reference ? "reference-v1" : "canonical-v1");
    size_profile(&o->profile, o->small);
    o->prep.profile = &o->profile;
    o->prep.taken = network_slots(NETWORK_BMU);
    struct job j = {.o = o};
    struct prep_cohort_counts counts = {0};
    cli_catch(SIGINT);
    cli_catch(SIGTERM);
    int rc = run(&counts, &j, &e);
    replace_abort(j.json);
    marks_free(j.marks);
    tree_free(j.tree);
    manifest_free(j.cohort);
    schema_free(j.schema);
    vendors_free(j.vendors);
    if (rc)
        return cli_fail(&e);
    return cli_finish(counts.refused ? EXIT_REFUSED : EXIT_OK);
}

static int check(const void *options, struct err *e) {
    const struct options *o = options;
    if (o->tree && !o->marks)
        return err_set(e, ERR_USAGE, "--tree names the tiers of --marks, which is not given");
    return o->vendors && o->reference ? err_set(e, ERR_USAGE, "--vendors requires --profile canonical-v1") : 0;
}

static const struct options defaults = {.prep = {.network = "bmu"}};
const struct command command_prep = {
    .name = "prep",
    .summary = "show what a network would see of each exam, without a model",
    .about = "Prepare every exam of a table as for prediction and report what became of each input. No model is needed.",
    .notes = "The pictures are named NUMBER_SLOT.png, with NUMBER as in the JSON line.",
    .options = option_list,
    .size = sizeof(struct options),
    .defaults = &defaults,
    .check = check,
    .run = run_prep,
    .refuses = true};
