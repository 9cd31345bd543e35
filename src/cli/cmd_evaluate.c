/* bmunet evaluate: anybody's predictions against the truth, and the report. Floor 9. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/pool.h"
#include "base/progress.h"
#include "base/version.h"
#include "cli/cli.h"
#include "cli/evaluate_table.h"
#include "evaluate/study.h"
#include "report/report_folder.h"

struct options {
    struct cli cli;
    struct study_options study;
    const char *compare[STUDY_COMPARED_MAX]; /* of study.compare */
    const char *out;
    bool json, numbers_only;
    enum words_language language;
    const char *date;
    long threads;
};

enum {
    KEY_FILE = 0x100,
    KEY_OUT = KEY_FILE + STUDY_FILE_COUNT,
    KEY_COMPARE,
    KEY_SPLIT,
    KEY_JSON,
    KEY_NUMBERS,
    KEY_LANGUAGE,
    KEY_DATE,
    KEY_THREADS
};
#define FILE_OPTION(text, role, argument, what)                                                                                            \
    { .name = text, .key = KEY_FILE + role, .arg = argument, .doc = what }
static const struct argp_option option_list[] = {
    FILE_OPTION("predictions", STUDY_PREDICTIONS, "FILE.csv",
                "one row per exam: exam_id and score, p_NODE of the positive node or of all leaves"),
    FILE_OPTION("truth", STUDY_TRUTH, "FILE.csv", "exam_id, malignant or tier; patient_id and columns of subgroups if there are any"),
    {.name = "split", .key = KEY_SPLIT, .arg = "NAME", .doc = "only the exams whose column split of the truth is NAME"},
    {.name = "compare",
     .key = KEY_COMPARE,
     .arg = "FILE.csv[:COLUMN]",
     .doc = "another score of the same exams (default column: score, or else p_NODE of the positive node); may be repeated"},
    FILE_OPTION("readers", STUDY_READERS, "FILE.csv", "reader, exam_id, birads, condition if there are several"),
    FILE_OPTION("plan", STUDY_PLAN, "FILE.yml", "what to compute (default share/plans/default.yml)"),
    FILE_OPTION("tree", STUDY_TREE, "FILE.yml", "the disease tree that the model was trained with (default bmu5)"),
    FILE_OPTION("recalibrate-on", STUDY_RECALIBRATE, "FILE.csv", "predictions of other exams, to fit recalibrations on"),
    FILE_OPTION("choose-on", STUDY_CHOOSE, "FILE.csv", "predictions of other exams, to choose the threshold on by the plan's rule"),
    FILE_OPTION("development-truth", STUDY_DEVELOPMENT_TRUTH, "FILE.csv", "the truth of those other exams"),
    FILE_OPTION("locked", STUDY_LOCKED, "FILE.json", "apply a threshold.json that --choose-on has written before"),
    {.name = "out", .key = KEY_OUT, .arg = "FOLDER", .doc = "a new or empty folder for the report"},
    {.name = "json", .key = KEY_JSON, .doc = "print results.json instead of a summary"},
    {.name = "numbers-only", .key = KEY_NUMBERS, .doc = "results.json and the tables alone, no pages and no pictures"},
    {.name = "lang", .key = KEY_LANGUAGE, .arg = "LANG", .doc = "language of the report: en (default) or zh"},
    {.name = "date", .key = KEY_DATE, .arg = "DATE", .doc = "date in the PDF, as 2026-01-31T12:00:00Z (default: now)"},
    {.name = "threads", .key = KEY_THREADS, .arg = "N", .doc = "compute threads (default: one per processor); never changes a number"},
    {0}};

static error_t check_options(const struct options *o, struct argp_state *state) {
    const bool develops = o->study.path[STUDY_RECALIBRATE] || o->study.path[STUDY_CHOOSE];
    if (!o->study.path[STUDY_PREDICTIONS] || !o->study.path[STUDY_TRUTH] || !o->out)
        return cli_usage(state, "--predictions, --truth and --out are needed");
    if (develops != (o->study.path[STUDY_DEVELOPMENT_TRUTH] != NULL))
        return cli_usage(state, "--recalibrate-on and --choose-on go with --development-truth");
    if (o->study.path[STUDY_CHOOSE] && o->study.path[STUDY_LOCKED])
        return cli_usage(state, "--choose-on chooses a threshold, --locked applies one that was chosen before: not both");
    return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    struct options *o = state->input;
    if (key >= KEY_FILE && key < KEY_FILE + STUDY_FILE_COUNT) {
        o->study.path[key - KEY_FILE] = arg;
        return 0;
    }
    switch (key) {
    case KEY_OUT:
        o->out = arg;
        return 0;
    case KEY_SPLIT:
        o->study.split = arg;
        return 0;
    case KEY_COMPARE:
        if (o->study.n_compare == STUDY_COMPARED_MAX)
            return cli_usage(state, "--compare may be given %d times at most", STUDY_COMPARED_MAX);
        o->compare[o->study.n_compare++] = arg;
        return 0;
    case KEY_JSON:
        o->json = true;
        return 0;
    case KEY_NUMBERS:
        o->numbers_only = true;
        return 0;
    case KEY_LANGUAGE:
        return words_language(arg, &o->language) ? 0 : cli_usage(state, "--lang is '%s'; en or zh is due", arg);
    case KEY_DATE:
        o->date = arg;
        return 0;
    case KEY_THREADS:
        return cli_take_number(&o->threads, arg, 1, 1024, "--threads", state);
    case ARGP_KEY_END:
        return check_options(o, state);
    default:
        return cli_default(key, state);
    }
}

static const struct argp argp = {.options = option_list,
                                 .parser = parse_option,
                                 .doc = "Evaluate the predictions of any model: areas under the curve, sensitivity and specificity with "
                                        "intervals, other scores beside it, tiers, readers, "
                                        "calibration, utility, subgroups. Columns: docs/FORMATS.md; methods: docs/EVALUATION.md."};

static void show_progress(void *ctx, size_t done, size_t total, const char *what) {
    struct progress *p = ctx;
    if (done == 0)
        progress_start(p, stderr, what, (long)total);
    progress_update(p, (long)done);
    if (done == total)
        progress_finish(p);
}

static void show_result(const struct options *o, const struct study *s) {
    const struct buf *results = study_results(s);
    if (o->json) {
        fwrite(results->data, 1, results->size, stdout);
        return;
    }
    evaluate_table(stdout, study_evaluation(s));
    printf("written: %s\n", o->out);
}

static int run(struct options *o, struct err *e) {
    const struct report_folder_options to = {.path = o->out, .numbers_only = o->numbers_only, .language = o->language, .date = o->date};
    struct study *study = NULL;
    struct report_folder *folder = NULL;
    struct progress progress;
    char *plan = NULL, *tree = NULL;
    o->study.compare = o->compare;
    o->study.code_version = BMUNET_CODE;
    int rc = o->study.path[STUDY_PLAN] ? 0 : cli_share(&plan, "plans/default.yml", e);
    if (!rc && !o->study.path[STUDY_TREE])
        rc = cli_share(&tree, "trees/bmu5.yml", e);
    if (plan)
        o->study.path[STUDY_PLAN] = plan;
    if (tree)
        o->study.path[STUDY_TREE] = tree;
    if (!rc)
        rc = study_open(&study, &o->study, e);
    if (!rc)
        rc = report_folder_open(&folder, &to, e); /* before the long computation */
    if (!rc)
        rc = study_evaluate(study, show_progress, &progress, cli_stop(), e);
    if (!rc)
        rc = report_folder_write(folder, study, e);
    if (!rc)
        show_result(o, study);
    report_folder_close(folder);
    study_free(study);
    free(plan);
    free(tree);
    return rc;
}

int cmd_evaluate(int argc, char **argv) {
    struct options o = {.threads = 0};
    struct err e = {0};
    int status = cli_parse(&argp, "evaluate", argc, argv, &o);
    if (status >= 0)
        return status;
    if (o.threads)
        pool_set_threads((int)o.threads);
    cli_catch(SIGINT);
    cli_catch(SIGTERM);
    return run(&o, &e) ? cli_fail(&e) : cli_finish(EXIT_OK);
}
