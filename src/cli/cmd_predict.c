/* bmunet predict: a model over a cohort CSV, to files or to a table on the terminal; or on one exam that needs no table. Floor 9. */
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
#include "infer/output.h"
#include "infer/pipeline.h"
#include "prep/cache.h"
#include "scan/draft.h"

enum { IGNORE_MAX = 256, WORDS_MAX = 256 };

struct options {
    struct cli cli;
    const char *model, *exams, *out, *json;
    struct model_options engine;
    struct pipeline_options run;
    const char *ignore[IGNORE_MAX];
    size_t n_ignore;
    bool json_alone;              /* --json without a file */
    const char *words[WORDS_MAX]; /* one exam: NAME=VALUE, or a DICOM file */
    size_t n_words;
    char *cache; /* owned */
    uint64_t cache_bytes;
    long threads; /* 0: as many as there are processors */
};

enum {
    KEY_MODEL = 0x100,
    KEY_EXAMS,
    KEY_OUT,
    KEY_JSON,
    KEY_PRECISION,
    KEY_EXACT,
    KEY_THREADS,
    KEY_IGNORE,
    KEY_PARTIAL,
    KEY_SPLIT,
    KEY_CACHE,
    KEY_TOMOSYNTHESIS
};
static const struct argp_option option_list[] = {
    {.name = "model", .key = KEY_MODEL, .arg = "FILE", .doc = "the model file, from import"},
    {.name = "exams", .key = KEY_EXAMS, .arg = "FILE.csv", .doc = "the table of exams, one row per breast (docs/FORMATS.md)"},
    {.name = "out", .key = KEY_OUT, .arg = "FILE.csv", .doc = "write one row per exam"},
    {.name = "json",
     .key = KEY_JSON,
     .arg = "FILE.jsonl",
     .flags = OPTION_ARG_OPTIONAL,
     .doc = "write one JSON object per exam, with what became of each input; of one exam, without a file: print it"},
    {.name = "precision", .key = KEY_PRECISION, .arg = "fp32|bf16", .doc = "of the convolutions (default fp32)"},
    {.name = "exact", .key = KEY_EXACT, .doc = "direct convolution only: slower, closest to the published network"},
    {.name = "threads", .key = KEY_THREADS, .arg = "N", .doc = "computing threads (default: one per processor)"},
    {.name = "ignore-column", .key = KEY_IGNORE, .arg = "NAME", .doc = "leave out this column of the table; may be repeated"},
    {.name = "cache", .key = KEY_CACHE, .arg = "DIR[,SIZE]", .doc = "keep prepared images there (default: nowhere; SIZE 20G)"},
    {.name = "allow-partial", .key = KEY_PARTIAL, .doc = "an image that is refused counts as absent, and the exam's reason says so"},
    {.name = "allow-tomosynthesis", .key = KEY_TOMOSYNTHESIS, .doc = "take views synthesised from tomosynthesis; the input's note says so"},
    {.name = "split", .key = KEY_SPLIT, .arg = "NAME", .doc = "only the rows whose column split is NAME"},
    {0}};

static error_t add_ignored(struct options *o, const char *name, struct argp_state *state) {
    if (o->n_ignore == IGNORE_MAX)
        return cli_usage(state, "--ignore-column more than %d times", IGNORE_MAX);
    o->ignore[o->n_ignore++] = name;
    return 0;
}

/* Of a table, --json is followed by its file; of one exam, it stands alone. */
static error_t take_json(struct options *o, const char *arg, struct argp_state *state) {
    bool table = false;
    for (int i = 1; i < state->argc; i++)
        table = table || strncmp(state->argv[i], "--exam", 6) == 0;
    if (!arg && table) {
        if (state->next >= state->argc)
            return cli_usage(state, "--json needs a file, FILE.jsonl");
        arg = state->argv[state->next++];
    }
    o->json = arg;
    o->json_alone = !arg;
    return 0;
}

static error_t add_word(struct options *o, const char *word, struct argp_state *state) {
    if (o->n_words == WORDS_MAX)
        return cli_usage(state, "more than %d arguments", WORDS_MAX);
    o->words[o->n_words++] = word;
    return 0;
}

/* A table or one exam. */
static error_t check(const struct options *o, struct argp_state *state) {
    if (!o->model || (!o->exams && !o->n_words))
        return cli_usage(state, "--model and an exam are needed: --exams FILE.csv, or NAME=VALUE and DICOM files");
    if (o->exams && o->n_words)
        return cli_usage(state, "'%s' is one argument too many: --exams names the exams", o->words[0]);
    if (!o->exams && (o->out || o->json || o->run.split || o->n_ignore))
        return cli_usage(state, "%s is for a table (--exams)",
                         o->out         ? "--out"
                         : o->json      ? "--json with a file"
                         : o->run.split ? "--split"
                                        : "--ignore-column");
    return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    struct options *o = state->input;
    switch (key) {
    case KEY_MODEL:
        o->model = arg;
        return 0;
    case KEY_EXAMS:
        o->exams = arg;
        return 0;
    case KEY_OUT:
        o->out = arg;
        return 0;
    case KEY_JSON:
        return take_json(o, arg, state);
    case KEY_PRECISION:
        return cli_take_precision(&o->engine.precision, arg, state);
    case KEY_EXACT:
        o->engine.exact = true;
        return 0;
    case KEY_THREADS:
        return cli_take_number(&o->threads, arg, 1, 1024, "--threads", state);
    case KEY_IGNORE:
        return add_ignored(o, arg, state);
    case KEY_CACHE:
        return cli_take_cache(&o->cache, &o->cache_bytes, arg, state);
    case KEY_PARTIAL:
        o->run.predictor.allow_partial = true;
        return 0;
    case KEY_TOMOSYNTHESIS:
        o->run.predictor.allow_tomosynthesis = true;
        return 0;
    case KEY_SPLIT:
        o->run.split = arg;
        return 0;
    case ARGP_KEY_ARG:
        return add_word(o, arg, state);
    case ARGP_KEY_END:
        return check(o, state);
    default:
        return cli_default(key, state);
    }
}

static const struct argp argp = {
    .options = option_list,
    .parser = parse_option,
    .args_doc = "[NAME=VALUE | FILE.dcm]...",
    .doc = "Run a model on every exam of a table. Without --out and --json: a table on standard output.\n"
           "Or run it on one exam, named here: slots (mg_cc=FILE, us_bmode_trans=FILE ...), clinical values (age=52), side, patient_id, "
           "exam_id; a DICOM file may come without a name, if its tags tell its slot.\v"
           "Exit status: 0 every exam was computed; 2 all is written, and some exam was refused (its row says why); 1 an "
           "error, nothing was written."};

struct job {
    const struct options *options;
    struct output *output; /* NULL: the table */
    struct output_facts facts;
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
    int rc = cli_distinct("--out", o->out, "--json", o->json, e);
    const char *outputs[2][2] = {{"--out", o->out}, {"--json", o->json}};
    for (int i = 0; i < 2 && !rc; i++) {
        rc = cli_distinct(outputs[i][0], outputs[i][1], "--exams", o->exams, e);
        if (!rc)
            rc = cli_distinct(outputs[i][0], outputs[i][1], "--model", o->model, e);
    }
    return rc;
}

static int read_cohort(struct job *j, struct err *e) {
    const struct options *o = j->options;
    struct manifest_options how = {.schema = model_schema(j->model), .ignore_columns = o->ignore, .n_ignore_columns = o->n_ignore};
    int rc = cohort_read(&j->cohort, j->facts.exams_sha256, o->exams, &how, e);
    if (!rc && pipeline_count(j->cohort, &o->run) == 0)
        rc = err_set(e, ERR_CSV_EMPTY, "%s: no row has split '%s'", o->exams, o->run.split ? o->run.split : "");
    return rc;
}

static void fill_facts(struct job *j) {
    const struct options *o = j->options;
    const struct model_config *c = model_config(j->model);
    j->facts.network = c->network;
    j->facts.variant = c->variant;
    j->facts.precision = o->engine.precision;
    j->facts.exact = o->engine.exact;
    j->facts.untrained = cli_warn_untrained(j->model);
    j->facts.code_version = BMUNET_CODE;
    j->facts.tree = model_tree(j->model);
    memcpy(j->facts.model_sha256, model_sha256(j->model), sizeof j->facts.model_sha256);
}

static int prepare(struct job *j, struct err *e) {
    const struct options *o = j->options;
    int rc = check_paths(o, e);
    if (!rc && wants_files(o))
        rc = output_open(&j->output, o->out, o->json, &j->facts, e);
    if (!rc)
        rc = model_open(&j->model, o->model, &o->engine, e);
    if (!rc)
        rc = read_cohort(j, e);
    if (!rc)
        rc = cli_not_an_image("--out", o->out, j->cohort, e);
    if (!rc)
        rc = cli_not_an_image("--json", o->json, j->cohort, e);
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
    printf("%zu ok, %zu refused%s; %.2f exams/s, %.1f s\n", j->ok, j->refused, j->refused ? " (reason in each row)" : "",
           (double)(j->ok + j->refused) / (seconds > 0 ? seconds : 1), seconds);
    cli_print_tree(stdout, "disease tree ", model_tree(j->model));
    printf("written: %s%s%s\n", o->out ? o->out : "", o->out && o->json ? ", " : "", o->json ? o->json : "");
    return 0;
}

/* --- one exam ------------------------------------------------------------------------------------------------------------------- */

static int print_one(struct job *j, const struct prediction *p, struct err *e) {
    struct buf line;
    int rc = 0;
    buf_init(&line);
    if (!j->options->json_alone)
        answer_print(stdout, p, j->model, j->options->model);
    else if (!(rc = output_json_line(&line, p, &j->facts, e)))
        fwrite(line.data, 1, line.size, stdout);
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
    int rc = model_open(&j->model, o->model, &o->engine, e);
    if (!rc)
        rc = draft_new(&exam, model_schema(j->model), e);
    for (size_t i = 0; i < o->n_words && !rc; i++)
        rc = draft_word(exam, o->words[i], e);
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

int cmd_predict(int argc, char **argv) {
    struct options o = {.cache_bytes = 20ULL << 30};
    struct err e = {0};
    int status = cli_parse(&argp, "predict", argc, argv, &o);
    if (status >= 0)
        return status;
    if (o.threads)
        pool_set_threads((int)o.threads);
    struct job j = {.options = &o};
    cli_catch(SIGINT);
    cli_catch(SIGTERM);
    int rc = o.cache ? cache_open(&o.run.predictor.cache, o.cache, o.cache_bytes, &e) : 0;
    if (!rc && o.n_words)
        rc = run_one(&j, &e);
    else if (!rc && !(rc = prepare(&j, &e)))
        rc = run(&j, &e);
    output_abort(j.output);
    manifest_free(j.cohort);
    model_close(j.model);
    cli_cache_remark(o.run.predictor.cache);
    cache_close(o.run.predictor.cache);
    free(o.cache);
    if (rc)
        return cli_fail(&e);
    return cli_finish(j.refused ? EXIT_REFUSED : EXIT_OK);
}
