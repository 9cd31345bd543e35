/* bmunet evaluate: anybody's predictions against the truth, and the report. Floor 10. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/pool.h"
#include "base/progress.h"
#include "base/version.h"
#include "cli/cli.h"
#include "evaluate/study.h"
#include "report/report_folder.h"
#include "verb/evaluate_table.h"
#include "verb/verbs.h"

struct options {
    struct study_options study;
    struct texts compare; /* FILE.csv or FILE.csv:COLUMN as it was given */
    const char *out, *date;
    bool json, numbers_only;
    int language; /* enum words_language */
    long threads;
};

static const struct option option_list[] = {
    {OPTION_TEXT("predictions", "FILE.csv", struct options, study.path[STUDY_PREDICTIONS],
                 "one row per exam: exam_id and score, p_NODE of the positive node, or p_NODE of all leaves"),
     .required = true},
    {OPTION_TEXT("truth", "FILE.csv", struct options, study.path[STUDY_TRUTH],
                 "exam_id, malignant or tier; patient_id and columns of subgroups if there are any"),
     .required = true},
    {OPTION_OUT(struct options, "DIR", "a new or empty folder for the report"), .required = true},
    {OPTION_TEXT("split", "NAME", struct options, study.split, "only the exams whose column split of the truth is NAME")},
    {OPTION_LIST("compare", "FILE.csv[:COLUMN]", struct options, compare, STUDY_COMPARED_MAX,
                 "another score of the same exams (default column: score, or else p_NODE of the positive node); may be repeated")},
    {OPTION_TEXT("readers", "FILE.csv", struct options, study.path[STUDY_READERS],
                 "reader, exam_id, birads, and condition if there are several")},
    {OPTION_TEXT("plan", "FILE.yml", struct options, study.path[STUDY_PLAN], "what to compute (default: default.yml); see bmunet-plan(5)")},
    {OPTION_TEXT("tree", "FILE.yml", struct options, study.path[STUDY_TREE],
                 "the disease tree that the model was trained with (default: bmu5); see bmunet-tree(5)")},
    {OPTION_TEXT("recalibrate-on", "FILE.csv", struct options, study.path[STUDY_RECALIBRATE],
                 "predictions of other exams, to fit recalibrations on")},
    {OPTION_TEXT("choose-on", "FILE.csv", struct options, study.path[STUDY_CHOOSE],
                 "predictions of other exams, to choose the threshold on by the plan's rule")},
    {OPTION_TEXT("development-truth", "FILE.csv", struct options, study.path[STUDY_DEVELOPMENT_TRUTH], "the truth of those other exams")},
    {OPTION_TEXT("locked", "FILE.json", struct options, study.path[STUDY_LOCKED], "apply a threshold.json that --choose-on wrote before")},
    {OPTION_FLAG("json", struct options, json, "print results.json instead of a summary")},
    {OPTION_FLAG("numbers-only", struct options, numbers_only, "write results.json and the tables only, no pages and no pictures")},
    {OPTION_CHOICE("lang", "en|zh", struct options, language, "language of the report (default en)")},
    {OPTION_TEXT("date", "DATE", struct options, date, "date in the PDF, as 2026-01-31T12:00:00Z (default: now)")},
    {OPTION_THREADS(struct options)},
    {0}};
_Static_assert(WORDS_ENGLISH == 0 && WORDS_CHINESE == 1, "positions in --lang");

static int check_options(const void *options, struct err *e) {
    const struct options *o = options;
    const bool develops = o->study.path[STUDY_RECALIBRATE] || o->study.path[STUDY_CHOOSE];
    if (develops && !o->study.path[STUDY_DEVELOPMENT_TRUTH])
        return err_set(e, ERR_USAGE, "--recalibrate-on and --choose-on require --development-truth");
    if (!develops && o->study.path[STUDY_DEVELOPMENT_TRUTH])
        return err_set(e, ERR_USAGE, "--development-truth requires --recalibrate-on or --choose-on");
    if (o->study.path[STUDY_CHOOSE] && o->study.path[STUDY_LOCKED])
        return err_set(e, ERR_USAGE,
                       "--choose-on excludes --locked: one chooses a threshold, the other applies one that was chosen before");
    return 0;
}

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
    const struct report_folder_options to = {
        .path = o->out, .numbers_only = o->numbers_only, .language = (enum words_language)o->language, .date = o->date};
    struct study *study = NULL;
    struct report_folder *folder = NULL;
    struct progress progress;
    char *plan = NULL, *tree = NULL;
    o->study.compare = o->compare.item;
    o->study.n_compare = o->compare.n;
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
    mem_free(plan);
    mem_free(tree);
    return rc;
}

static int run_command(void *options) {
    struct options *o = options;
    struct err e = {0};
    if (o->threads)
        pool_set_threads((int)o->threads);
    cli_catch(SIGINT);
    cli_catch(SIGTERM);
    return run(o, &e) ? cli_fail(&e) : cli_finish(EXIT_OK);
}

const struct command command_evaluate = {
    .name = "evaluate",
    .summary = "measure predictions against the truth, with a report",
    .about =
        "Evaluate the predictions of any model: areas under the curve, sensitivity and specificity with intervals, other scores alongside "
        "it, tiers, readers, calibration, utility, subgroups. Columns of the tables: bmunet-results(5).",
    .options = option_list,
    .size = sizeof(struct options),
    .check = check_options,
    .run = run_command};
