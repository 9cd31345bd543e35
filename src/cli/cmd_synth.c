/* bmunet synth: a synthetic cohort with known truth. Floor 9. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "base/progress.h"
#include "cli/cli.h"
#include "file/io.h"
#include "image/png_write.h"
#include "synth/cohort.h"

struct options {
    struct cli cli;
    const char *out, *sheet;
    long patients, seed, threads;
    struct cohort_options cohort;
};

enum { KEY_OUT = 0x100, KEY_PATIENTS, KEY_SEED, KEY_SIZE, KEY_FORMAT, KEY_PREVALENCE, KEY_NOISE, KEY_THREADS, KEY_SHEET };
static const struct argp_option option_list[] = {
    {.name = "patients", .key = KEY_PATIENTS, .arg = "N", .doc = "how many women; each has one or two exams"},
    {.name = "out", .key = KEY_OUT, .arg = "FOLDER", .doc = "a new or empty folder"},
    {.name = "seed", .key = KEY_SEED, .arg = "N", .doc = "the same seed gives the same bytes (default 1)"},
    {.name = "size", .key = KEY_SIZE, .arg = "small|full", .doc = "mammograms 574x320 (default) or 2294x1280, ultrasound to match"},
    {.name = "format", .key = KEY_FORMAT, .arg = "dicom|png", .doc = "of the pictures (default dicom)"},
    {.name = "prevalence", .key = KEY_PREVALENCE, .arg = "P", .doc = "share of malignant exams, 0.01 to 0.99 (default 0.4)"},
    {.name = "label-noise", .key = KEY_NOISE, .arg = "P", .doc = "share of labels that are made wrong, 0 to 0.5 (default 0)"},
    {.name = "threads", .key = KEY_THREADS, .arg = "N", .doc = "computing threads (default: one per processor)"},
    {.name = "sheet", .key = KEY_SHEET, .arg = "FILE.png", .doc = "also a contact sheet: rows are tiers, columns are views"},
    {0}};

static error_t take_share(double *out, const char *arg, double min, double max, const char *option, struct argp_state *state) {
    char *end;
    errno = 0;
    const double x = strtod(arg, &end);
    if (errno || end == arg || *end || !(x >= min && x <= max))
        return cli_usage(state, "%s is '%s'; a share from %g to %g is due", option, arg, min, max);
    *out = x;
    return 0;
}

static error_t take_format(bool *png, const char *arg, struct argp_state *state) {
    *png = strcmp(arg, "png") == 0;
    return *png || strcmp(arg, "dicom") == 0 ? 0 : cli_usage(state, "--format is '%s'; it can be dicom or png", arg);
}

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    struct options *o = state->input;
    switch (key) {
    case KEY_OUT:
        o->out = arg;
        return 0;
    case KEY_SHEET:
        o->sheet = arg;
        return 0;
    case KEY_PATIENTS:
        return cli_take_number(&o->patients, arg, 1, COHORT_PATIENTS_MAX, "--patients", state);
    case KEY_SEED:
        return cli_take_number(&o->seed, arg, 0, 1L << 53, "--seed", state);
    case KEY_SIZE:
        o->cohort.size = synth_size(arg);
        return o->cohort.size ? 0 : cli_usage(state, "--size is '%s'; it can be small or full", arg);
    case KEY_FORMAT:
        return take_format(&o->cohort.png, arg, state);
    case KEY_PREVALENCE:
        return take_share(&o->cohort.prevalence, arg, 0.01, 0.99, "--prevalence", state);
    case KEY_NOISE:
        return take_share(&o->cohort.label_noise, arg, 0, 0.5, "--label-noise", state);
    case KEY_THREADS:
        return cli_take_number(&o->threads, arg, 1, 1024, "--threads", state);
    case ARGP_KEY_END:
        return o->out && o->patients ? 0 : cli_usage(state, "--patients and --out are needed");
    default:
        return cli_default(key, state);
    }
}

static const struct argp argp = {
    .options = option_list,
    .parser = parse_option,
    .doc = "Make a synthetic cohort: mammograms, ultrasound, clinical values, labels, readers, and the truth. No patient in it exists, "
           "and every file says so.\vWhile the folder is being filled it holds a file INCOMPLETE; a table in such a folder is refused."};

/* `r` was opened before any work, so that a path that cannot be written is said first. Takes r over. */
static int write_sheet(struct replace *r, const struct cohort *c, struct err *e) {
    struct image *sheet = NULL;
    struct buf bytes;
    buf_init(&bytes);
    int rc = cohort_sheet(&sheet, c, e);
    if (!rc)
        rc = png_write(&bytes, sheet, e);
    if (!rc)
        rc = replace_write(r, bytes.data, bytes.size, e);
    if (rc)
        replace_abort(r);
    else
        rc = replace_commit(r, e);
    image_free(sheet);
    buf_release(&bytes);
    return rc;
}

static int run(const struct options *o, struct err *e) {
    struct cohort *c = NULL;
    struct replace *sheet = NULL;
    const struct cohort_watch watch = {.progress = stderr, .stop = cli_stop()};
    const double started = clock_seconds();
    int rc = cohort_make(&c, &o->cohort, e);
    if (!rc && o->sheet)
        rc = replace_open(&sheet, o->sheet, e);
    if (!rc)
        rc = cohort_write(c, o->out, &watch, e);
    if (!rc && sheet) {
        rc = write_sheet(sheet, c, e);
        sheet = NULL;
    }
    if (!rc) {
        const double seconds = clock_seconds() - started;
        printf("%s: SYNTHETIC, %ld patients, %zu exams, %zu pictures; %.1f s, %.1f exams/s\n", o->out, o->patients, c->n_exams,
               c->n_pictures, seconds, (double)c->n_exams / (seconds > 0 ? seconds : 1));
    }
    replace_abort(sheet);
    cohort_free(c);
    return rc;
}

int cmd_synth(int argc, char **argv) {
    struct options o = {.seed = 1, .cohort = {.size = synth_size("small"), .prevalence = 0.4}};
    struct err e = {0};
    int status = cli_parse(&argp, "synth", argc, argv, &o);
    if (status >= 0)
        return status;
    if (o.threads)
        pool_set_threads((int)o.threads);
    o.cohort.patients = (uint32_t)o.patients;
    o.cohort.seed = (uint64_t)o.seed;
    cli_catch(SIGINT);
    cli_catch(SIGTERM);
    struct tree *tree = NULL;
    int rc = cli_tree(&tree, NULL, &e);
    o.cohort.tree = tree;
    if (!rc)
        rc = run(&o, &e);
    tree_free(tree);
    return rc ? cli_fail(&e) : cli_finish(EXIT_OK);
}
