/* bmunet predict: a model over a cohort CSV, to files or to a table on the terminal; or on one exam that needs no table. Floor 10. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/pool.h"
#include "base/progress.h"
#include "base/version.h"
#include "cli/answer.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "cohort/manifest.h"
#include "cohort/manifest_file.h"
#include "file/distinct.h"
#include "file/io.h"
#include "infer/output.h"
#include "infer/pipeline.h"
#include "prep/cache.h"
#include "scan/draft.h"
#include "verb/verbs.h"

struct options {
    const char *model, *exams, *out, *json;
    int precision; /* enum precision */
    bool exact;
    struct pipeline_options run;
    struct texts ignore, words; /* words: one exam, as NAME=VALUE and DICOM files */
    struct cache_place cache;
    long threads; /* 0: as many as there are processors */
};

static const struct option option_list[] = {
    {OPTION_TEXT("model", "FILE", struct options, model, "the model file; see bmunet-model(5)"), .required = true},
    {OPTION_EXAMS(struct options)},
    {OPTION_OUT(struct options, "FILE.csv", "write one row per exam; see bmunet-predictions(5)"), .output = true},
    {OPTION_JSON_LINES(struct options, "write one JSON object per exam, with what became of each input; for an exam without a table, "
                                       "--json stands alone and prints it"),
     .bare_without = "exams"},
    {OPTION_CHOICE("precision", "fp32|bf16", struct options, precision, "arithmetic of the convolutions (default fp32)")},
    {OPTION_EXACT(struct options, exact)},
    {OPTION_THREADS(struct options)},
    {OPTION_IGNORE(struct options)},
    {OPTION_CACHE(struct options, "keep prepared images in this folder (default: nowhere; SIZE 20G)")},
    {OPTION_PARTIAL(struct options, run.predictor.allow_partial)},
    {OPTION_TOMOSYNTHESIS(struct options, run.predictor.allow_tomosynthesis)},
    {OPTION_TRUST(struct options, run.predictor.trust_table)},
    {OPTION_TEXT("split", "NAME", struct options, run.split, "only the exams whose column split is NAME")},
    {OPTION_LIST(
        NULL, "NAME=VALUE|FILE.dcm", struct options, words, TEXTS_MAX,
        "one exam instead of a table: image columns (mg_cc=FILE), clinical values (age=52), side, patient_id, exam_id; DICOM files "
        "whose tags tell their column")},
    {0}};

/* A table or one exam. */
static int check_options(const void *options, struct err *e) {
    const struct options *o = options;
    if (!o->exams && !o->words.n)
        return err_set(e, ERR_USAGE, "an exam is required: --exams FILE.csv, or NAME=VALUE and DICOM files");
    if (o->exams && o->words.n)
        return err_set(e, ERR_USAGE, "unexpected argument '%s': the exams are those of --exams", o->words.item[0]);
    if (!o->exams && (o->out || o->run.split || o->ignore.n))
        return err_set(e, ERR_USAGE, "%s requires --exams", o->out ? "--out" : o->run.split ? "--split" : "--ignore-column");
    return 0;
}

struct job {
    const struct options *options;
    struct output *output; /* NULL: the table */
    struct output_facts facts;
    struct model_options engine;
    struct model *model;
    struct manifest *cohort;
    struct table table;
    struct progress progress;
    size_t ok, refused;
};

static int deliver(void *ctx, const struct prediction *p, struct err *e) {
    struct job *j = ctx;
    if (*cli_stop())
        return err_set(e, ERR_INTERRUPTED, "interrupted; nothing was written");
    *(p->refused ? &j->refused : &j->ok) += 1;
    progress_update(&j->progress, (long)(j->ok + j->refused));
    if (j->output)
        return output_add(j->output, p, e);
    table_row(&j->table, p);
    fflush(stdout);
    return 0;
}

static bool wants_files(const struct options *o) {
    return o->out || o->json;
}

/* No output may be a file that is read: it would be gone if the run failed half way through a later one. */
static int check_paths(const struct options *o, struct err *e) {
    int rc = file_distinct("--out", o->out, "--json", o->json, e);
    const char *outputs[2][2] = {{"--out", o->out}, {"--json", o->json}};
    for (int i = 0; i < 2 && !rc; i++) {
        rc = file_distinct(outputs[i][0], outputs[i][1], "--exams", o->exams, e);
        if (!rc)
            rc = file_distinct(outputs[i][0], outputs[i][1], "--model", o->model, e);
    }
    return rc;
}

static int read_cohort(struct job *j, struct err *e) {
    const struct options *o = j->options;
    struct manifest_options how = {.schema = model_schema(j->model),
                                   .ignore_columns = o->ignore.item,
                                   .n_ignore_columns = o->ignore.n,
                                   .trust_table = o->run.predictor.trust_table};
    int rc = cohort_read(&j->cohort, j->facts.exams_sha256, o->exams, &how, e);
    if (!rc && pipeline_count(j->cohort, &o->run) == 0)
        rc = err_set(e, ERR_CSV_EMPTY, "%s: no row has split '%s'", o->exams, o->run.split ? o->run.split : "");
    return rc;
}

static void fill_facts(struct job *j) {
    struct output_facts facts = output_facts(j->model, &j->engine);
    memcpy(facts.exams_sha256, j->facts.exams_sha256, sizeof facts.exams_sha256);
    j->facts = facts;
    cli_warn_untrained(j->model);
}

static int prepare(struct job *j, struct err *e) {
    const struct options *o = j->options;
    int rc = check_paths(o, e);
    if (!rc && wants_files(o))
        rc = output_open(&j->output, o->out, o->json, &j->facts, e);
    if (!rc)
        rc = model_open(&j->model, o->model, &j->engine, e);
    if (!rc)
        rc = read_cohort(j, e);
    if (!rc)
        rc = manifest_not_an_image("--out", o->out, j->cohort, e);
    if (!rc)
        rc = manifest_not_an_image("--json", o->json, j->cohort, e);
    if (rc)
        return rc;
    fill_facts(j);
    j->facts.positional_clinical = j->cohort->positional_clinical;
    return 0;
}

static int run(struct job *j, struct err *e) {
    const struct options *o = j->options;
    bool table_on_terminal = !wants_files(o) && isatty(STDOUT_FILENO); /* the rows themselves show how far it is */
    if (!wants_files(o))
        table_begin(&j->table, stdout, j->cohort, model_tree(j->model));
    double started = clock_seconds();
    progress_start(&j->progress, table_on_terminal ? NULL : stderr, "exams", (long)pipeline_count(j->cohort, &o->run));
    int rc = pipeline_run(j->model, j->cohort, &o->run, deliver, j, e);
    progress_finish(&j->progress);
    double seconds = clock_seconds() - started;
    if (rc)
        return rc;
    if (!wants_files(o)) {
        table_end(&j->table, j->ok, j->refused);
        return 0;
    }
    struct output *output = j->output;
    j->output = NULL;
    if ((rc = output_commit(output, e)))
        return rc;
    fprintf(cli_report(), say("%zu ok, %zu refused%s; %.2f exams/s, %.1f s\n"), j->ok, j->refused,
            j->refused ? say(" (reason in each row)") : "", (double)(j->ok + j->refused) / (seconds > 0 ? seconds : 1), seconds);
    cli_print_tree(cli_report(), say("disease tree "), model_tree(j->model));
    cli_written(o->out, o->json);
    return 0;
}

/* --- one exam ------------------------------------------------------------------------------------------------------------------- */

static int print_one(struct job *j, const struct prediction *p, struct err *e) {
    struct buf line;
    int rc = 0;
    buf_init(&line);
    if (!j->options->json)
        answer_print(stdout, p, j->model, j->options->model);
    else if (!(rc = output_json_line(&line, p, &j->facts, e)))
        rc = replace_whole(j->options->json, line.data, line.size, e);
    buf_release(&line);
    *(p->refused ? &j->refused : &j->ok) += 1;
    return rc;
}

static int run_one(struct job *j, struct err *e) {
    const struct options *o = j->options;
    struct predictor_options how = o->run.predictor;
    struct predictor *predictor = NULL;
    const struct prediction *p = NULL;
    struct draft *exam = NULL;
    struct decoder *decoder = NULL;
    int rc = model_open(&j->model, o->model, &j->engine, e);
    if (!rc)
        rc = draft_new(&exam, model_schema(j->model), e);
    for (size_t i = 0; i < o->words.n && !rc; i++)
        rc = draft_word(exam, o->words.item[i], e);
    if (!rc)
        rc = decoder_open(&decoder, NULL, e);
    if (!rc)
        rc = draft_finish(exam, decoder, e);
    how.decoder = decoder;
    if (!rc)
        rc = predictor_open(&predictor, j->model, &how, e);
    if (!rc)
        rc = predictor_run(&p, predictor, draft_exam(exam), draft_fault(exam), e);
    if (!rc) {
        fill_facts(j);
        j->facts.no_table = true;
        rc = print_one(j, p, e);
    }
    predictor_close(predictor);
    decoder_close(decoder);
    draft_free(exam);
    return rc;
}

static int run_predict(void *options) {
    struct options *o = options;
    struct err e = {0};
    if (o->threads)
        pool_set_threads((int)o->threads);
    struct job j = {.options = o, .engine = {.precision = (enum precision)o->precision, .exact = o->exact}};
    cli_catch(SIGINT);
    cli_catch(SIGTERM);
    int rc = o->cache.folder[0] ? cache_open(&o->run.predictor.cache, o->cache.folder, o->cache.bytes, &e) : 0;
    if (!rc && o->words.n)
        rc = run_one(&j, &e);
    else if (!rc && !(rc = prepare(&j, &e)))
        rc = run(&j, &e);
    output_abort(j.output);
    manifest_free(j.cohort);
    model_close(j.model);
    cli_cache_remark(o->run.predictor.cache);
    cache_close(o->run.predictor.cache);
    if (rc)
        return cli_fail(&e);
    return cli_finish(j.refused ? EXIT_REFUSED : EXIT_OK);
}

static const struct options defaults = {.cache = {.bytes = 20ULL << 30}};
const struct command command_predict = {
    .name = "predict",
    .summary = "run a model on a table of exams, or on one exam",
    .about = "Run a model on every exam of a table, or on one exam that is named here. Without --out and --json the result is printed.",
    .options = option_list,
    .size = sizeof(struct options),
    .defaults = &defaults,
    .check = check_options,
    .run = run_predict,
    .refuses = true};
