/* bmunet synth: a synthetic cohort with known truth. Floor 10. */
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
#include "verb/verbs.h"

struct options {
    const char *out, *sheet;
    int size, png; /* positions in the lists below */
    long patients, seed, threads;
    struct cohort_options cohort;
};

static const struct option option_list[] = {
    {OPTION_INTEGER("patients", "N", struct options, patients, 1, COHORT_PATIENTS_MAX, "number of women; each has one or two exams"),
     .required = true},
    {OPTION_OUT(struct options, "DIR", "a new or empty folder"), .required = true},
    {OPTION_SEED(struct options)},
    {OPTION_CHOICE("size", "small|full", struct options, size, "mammograms of 574x320 (default) or 2294x1280, ultrasound to match")},
    {OPTION_CHOICE("format", "dicom|png", struct options, png, "format of the pictures (default dicom)")},
    {OPTION_REAL("prevalence", "P", struct options, cohort.prevalence, 0.01, 0.99, "proportion of malignant exams (default 0.4)")},
    {OPTION_REAL("label-noise", "P", struct options, cohort.label_noise, 0, 0.5, "proportion of labels that are made wrong (default 0)")},
    {OPTION_THREADS(struct options)},
    {OPTION_TEXT("sheet", "FILE.png", struct options, sheet, "also write a contact sheet: rows are tiers, columns are views")},
    {0}};

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

static int run_synth(void *options) {
    struct options *o = options;
    struct err e = {0};
    if (o->threads)
        pool_set_threads((int)o->threads);
    o->cohort.patients = (uint32_t)o->patients;
    o->cohort.seed = (uint64_t)o->seed;
    o->cohort.size = synth_size(o->size ? "full" : "small");
    o->cohort.png = o->png;
    cli_catch(SIGINT);
    cli_catch(SIGTERM);
    struct tree *tree = NULL;
    int rc = cli_tree(&tree, NULL, &e);
    o->cohort.tree = tree;
    if (!rc)
        rc = run(o, &e);
    tree_free(tree);
    return rc ? cli_fail(&e) : cli_finish(EXIT_OK);
}

static const struct options defaults = {.seed = 1, .cohort = {.prevalence = 0.4}};
const struct command command_synth = {
    .name = "synth",
    .summary = "make a synthetic cohort with known truth",
    .about =
        "Make a synthetic cohort: mammograms, ultrasound, clinical values, labels, readers, and the truth. No patient in it exists, and "
        "every file says so.",
    .notes = "While the folder is being filled it holds a file INCOMPLETE; a table in such a folder is refused.",
    .options = option_list,
    .size = sizeof(struct options),
    .defaults = &defaults,
    .run = run_synth};
