/* bmunet evaluate: anybody's predictions against the truth, and the report. Floor 9. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/pool.h"
#include "base/progress.h"
#include "base/version.h"
#include "cli/cli.h"
#include "cli/evaluate_table.h"
#include "draw/html.h"
#include "draw/pdf.h"
#include "evaluate/results.h"
#include "file/csv.h"
#include "file/folder.h"
#include "file/io.h"
#include "file/path.h"
#include "file/yaml.h"
#include "report/compose.h"
#include "report/figures.h"

enum file_role { PREDICTIONS, TRUTH, READERS, PLAN, TREE, RECALIBRATE, CHOOSE, DEVELOPMENT_TRUTH, LOCKED, ROLES };
static const char *const role_names[ROLES] = {
    "predictions", "truth", "readers", "plan", "tree", "recalibrate_on", "choose_on", "development_truth", "locked_threshold"};

enum { COMPARE_MAX = 16 };

struct options {
    struct cli cli;
    const char *path[ROLES];          /* NULL: not given */
    const char *compare[COMPARE_MAX]; /* FILE.csv or FILE.csv:COLUMN as it was given */
    size_t n_compare;
    const char *split;
    const char *out;
    bool json, numbers_only;
    enum words_language language;
    const char *date;
    long threads;
};

enum { KEY_FILE = 0x100, KEY_OUT = KEY_FILE + ROLES, KEY_COMPARE, KEY_SPLIT, KEY_JSON, KEY_NUMBERS, KEY_LANGUAGE, KEY_DATE, KEY_THREADS };
#define FILE_OPTION(text, role, argument, what)                                                                                            \
    { .name = text, .key = KEY_FILE + role, .arg = argument, .doc = what }
static const struct argp_option option_list[] = {
    FILE_OPTION("predictions", PREDICTIONS, "FILE.csv", "one row per exam: exam_id and score, p_malignant or class probabilities"),
    FILE_OPTION("truth", TRUTH, "FILE.csv", "exam_id, malignant or tier; patient_id and columns of subgroups if there are any"),
    {.name = "split", .key = KEY_SPLIT, .arg = "NAME", .doc = "only the exams whose column split of the truth is NAME"},
    {.name = "compare",
     .key = KEY_COMPARE,
     .arg = "FILE.csv[:COLUMN]",
     .doc = "another score of the same exams (default column: score, or else p_malignant); may be repeated"},
    FILE_OPTION("readers", READERS, "FILE.csv", "reader, exam_id, birads, condition if there are several"),
    FILE_OPTION("plan", PLAN, "FILE.yml", "what to compute (default share/plans/default.yml)"),
    FILE_OPTION("tree", TREE, "FILE.yml", "the disease tree that names the classes (default bmu5)"),
    FILE_OPTION("recalibrate-on", RECALIBRATE, "FILE.csv", "predictions of other exams, to fit recalibrations on"),
    FILE_OPTION("choose-on", CHOOSE, "FILE.csv", "predictions of other exams, to choose the threshold on by the plan's rule"),
    FILE_OPTION("development-truth", DEVELOPMENT_TRUTH, "FILE.csv", "the truth of those other exams"),
    FILE_OPTION("locked", LOCKED, "FILE.json", "apply a threshold.json that --choose-on has written before"),
    {.name = "out", .key = KEY_OUT, .arg = "FOLDER", .doc = "a new or empty folder for the report"},
    {.name = "json", .key = KEY_JSON, .doc = "print results.json instead of a summary"},
    {.name = "numbers-only", .key = KEY_NUMBERS, .doc = "results.json and the tables alone, no pages and no pictures"},
    {.name = "lang", .key = KEY_LANGUAGE, .arg = "LANG", .doc = "language of the report: en (default) or zh"},
    {.name = "date", .key = KEY_DATE, .arg = "DATE", .doc = "date in the PDF, as 2026-01-31T12:00:00Z (default: now)"},
    {.name = "threads", .key = KEY_THREADS, .arg = "N", .doc = "compute threads (default: one per processor); never changes a number"},
    {0}};

static error_t check_options(const struct options *o, struct argp_state *state) {
    const bool develops = o->path[RECALIBRATE] || o->path[CHOOSE];
    if (!o->path[PREDICTIONS] || !o->path[TRUTH] || !o->out)
        return cli_usage(state, "--predictions, --truth and --out are needed");
    if (develops != (o->path[DEVELOPMENT_TRUTH] != NULL))
        return cli_usage(state, "--recalibrate-on and --choose-on go with --development-truth");
    if (o->path[CHOOSE] && o->path[LOCKED])
        return cli_usage(state, "--choose-on chooses a threshold, --locked applies one that was chosen before: not both");
    return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    struct options *o = state->input;
    if (key >= KEY_FILE && key < KEY_FILE + ROLES) {
        o->path[key - KEY_FILE] = arg;
        return 0;
    }
    switch (key) {
    case KEY_OUT:
        o->out = arg;
        return 0;
    case KEY_SPLIT:
        o->split = arg;
        return 0;
    case KEY_COMPARE:
        if (o->n_compare == COMPARE_MAX)
            return cli_usage(state, "--compare may be given %d times at most", COMPARE_MAX);
        o->compare[o->n_compare++] = arg;
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

struct job {
    const struct options *options;
    char *found[ROLES]; /* default files */
    struct {
        uint8_t *bytes;
        size_t size;
    } file[ROLES];
    struct compared_file {
        char *path; /* owned; without the column */
        char *name; /* owned; "truth.csv:posterior_all" */
        const char *column;
        uint8_t *bytes; /* NULL: the file is read already, as that of `same` */
        size_t size, same;
    } compare[COMPARE_MAX];
    struct source_file source[ROLES + COMPARE_MAX];
    size_t n_sources;
    struct study_plan *plan;
    struct tree *tree;
    struct joined *joined, *recalibrate, *choose;
    struct lock lock;
    bool has_lock;
    struct extra_threshold extra;
    struct evaluation *evaluation;
    struct canvas_fonts *fonts;
    struct progress progress;
};

static int read_file(uint8_t **bytes, size_t *size, struct job *j, const char *role, const char *path, size_t most, struct err *e) {
    struct source_file *s = &j->source[j->n_sources];
    uint8_t digest[SHA256_SIZE];
    int rc = io_read_file(bytes, size, path, most, e);
    if (rc)
        return rc;
    *s = (struct source_file){.role = role, .name = path_base_name(path)};
    sha256_bytes(*bytes, *size, digest);
    sha256_hex(digest, s->sha256);
    j->n_sources++;
    return 0;
}

static const char *hash_of(const struct job *j, enum file_role role) {
    for (size_t i = 0; i < j->n_sources; i++)
        if (strcmp(j->source[i].role, role_names[role]) == 0)
            return j->source[i].sha256;
    return "";
}

/* The folder of a table may be marked as not whole. */
static int check_folder(const char *path, struct err *e) {
    char *folder = mem_strdup(path, e);
    if (!folder)
        return ERR_NO_MEMORY;
    const size_t base = (size_t)(path_base_name(folder) - folder);
    folder[base > 1 ? base - 1 : base] = 0;
    int rc = folder_check(folder, e);
    free(folder);
    return rc;
}

/* FILE.csv:COLUMN taken apart at its last colon (a colon of a folder's name is none); a file that several columns are of is read once. */
static int read_compared(struct job *j, size_t i, struct err *e) {
    struct compared_file *c = &j->compare[i];
    c->same = i;
    c->path = mem_strdup(j->options->compare[i], e);
    c->name = mem_strdup(path_base_name(j->options->compare[i]), e);
    if (!c->path || !c->name)
        return ERR_NO_MEMORY;
    char *colon = strrchr(c->path, ':');
    if (colon && !strchr(colon, '/')) {
        *colon = 0;
        c->column = colon + 1;
    }
    for (size_t k = 0; k < i; k++)
        if (j->compare[k].bytes && strcmp(j->compare[k].path, c->path) == 0)
            c->same = k;
    if (c->same != i)
        return 0;
    int rc = check_folder(c->path, e);
    return rc ? rc : read_file(&c->bytes, &c->size, j, "compared", c->path, CSV_FILE_MAX, e);
}

static int read_all(struct job *j, struct err *e) {
    const struct options *o = j->options;
    int rc = 0;
    for (int r = 0; r < ROLES && !rc; r++) {
        const bool yaml = r == PLAN || r == TREE;
        const char *path = o->path[r];
        if (!path && yaml) {
            rc = cli_share(&j->found[r], r == PLAN ? "plans/default.yml" : "trees/bmu5.yml", e);
            path = j->found[r];
        }
        if (!rc && path && !yaml && r != LOCKED)
            rc = check_folder(path, e);
        if (!rc && path)
            rc = read_file(&j->file[r].bytes, &j->file[r].size, j, role_names[r], path, yaml || r == LOCKED ? YAML_FILE_MAX : CSV_FILE_MAX,
                           e);
    }
    for (size_t i = 0; i < o->n_compare && !rc; i++)
        rc = read_compared(j, i, e);
    return rc;
}

static const char *path_of(const struct job *j, enum file_role r) {
    return j->options->path[r] ? j->options->path[r] : j->found[r];
}

static int parse_settings(struct job *j, struct err *e) {
    const char *const plan = (const char *)j->file[PLAN].bytes, *const tree = (const char *)j->file[TREE].bytes;
    int rc = study_plan_parse_yaml(&j->plan, plan, j->file[PLAN].size, e);
    if (rc) {
        err_prefix(e, "%s", path_of(j, PLAN));
        return rc;
    }
    rc = tree_parse_yaml(&j->tree, tree, j->file[TREE].size, e);
    if (!rc && j->file[LOCKED].bytes) {
        rc = lock_read(&j->lock, (const char *)j->file[LOCKED].bytes, j->file[LOCKED].size, e);
        if (rc)
            err_prefix(e, "%s", path_of(j, LOCKED));
        j->has_lock = true;
    } else if (rc)
        err_prefix(e, "%s", path_of(j, TREE));
    return rc;
}

static struct table_text table_of(const struct job *j, enum file_role r) {
    return (struct table_text){j->options->path[r], (const char *)j->file[r].bytes, j->file[r].size};
}

/* Other exams, to fit on; none of them may be measured. */
static int join_other(struct joined **out, const struct job *j, enum file_role r, struct err *e) {
    if (!j->options->path[r])
        return 0;
    int rc = join_make(
        out,
        &(struct join_tables){.predictions = table_of(j, r), .truth = table_of(j, DEVELOPMENT_TRUTH), .plan = j->plan, .tree = j->tree}, e);
    return rc ? rc : join_disjoint(*out, j->options->path[r], j->joined, j->options->path[PREDICTIONS], e);
}

static int choose_threshold(struct job *j, struct err *e) {
    struct roc *roc = NULL;
    if (j->plan->threshold_rule == PLAN_RULE_NONE)
        return err_set(e, ERR_PLAN, "--choose-on was given, but the plan's threshold_rule is none");
    int rc = roc_make(&roc, j->choose->score, j->choose->truth, j->choose->n, e);
    if (!rc)
        rc = threshold_choose(&j->lock.threshold, roc, (enum threshold_rule)j->plan->threshold_rule, j->plan->threshold_target, e);
    roc_free(roc);
    if (rc) {
        err_prefix(e, "%s", j->options->path[CHOOSE]);
        return rc;
    }
    snprintf(j->lock.predictions_sha256, SHA256_HEX_SIZE, "%s", hash_of(j, CHOOSE));
    snprintf(j->lock.truth_sha256, SHA256_HEX_SIZE, "%s", hash_of(j, DEVELOPMENT_TRUTH));
    snprintf(j->lock.plan_sha256, SHA256_HEX_SIZE, "%s", hash_of(j, PLAN));
    lock_exams(j->lock.exams_sha256, j->choose);
    j->has_lock = true;
    return 0;
}

static int join_all(struct job *j, struct err *e) {
    struct compare_table compare[COMPARE_MAX];
    for (size_t i = 0; i < j->options->n_compare; i++) {
        const struct compared_file *c = &j->compare[i], *text = &j->compare[c->same];
        compare[i] = (struct compare_table){{c->path, (const char *)text->bytes, text->size}, c->column, c->name};
    }
    int rc = join_make(&j->joined,
                       &(struct join_tables){.predictions = table_of(j, PREDICTIONS),
                                             .truth = table_of(j, TRUTH),
                                             .readers = table_of(j, READERS),
                                             .split = j->options->split,
                                             .compare = compare,
                                             .n_compare = j->options->n_compare,
                                             .plan = j->plan,
                                             .tree = j->tree},
                       e);
    if (!rc)
        rc = join_other(&j->recalibrate, j, RECALIBRATE, e);
    if (!rc)
        rc = join_other(&j->choose, j, CHOOSE, e);
    if (!rc && j->choose)
        rc = choose_threshold(j, e);
    else if (!rc && j->has_lock)
        rc = lock_applies(&j->lock, hash_of(j, PREDICTIONS), j->joined, e);
    j->extra = (struct extra_threshold){.name = study_plan_rule_name(j->has_lock ? (int)j->lock.threshold.rule : PLAN_RULE_NONE),
                                        .origin = j->choose ? THRESHOLD_CHOSEN : THRESHOLD_LOCKED,
                                        .value = j->lock.threshold.value};
    return rc;
}

static void show_progress(void *ctx, size_t done, size_t total, const char *what) {
    struct job *j = ctx;
    if (done == 0)
        progress_start(&j->progress, stderr, what, (long)total);
    progress_update(&j->progress, (long)done);
    if (done == total)
        progress_finish(&j->progress);
}

static int evaluate(struct job *j, struct err *e) {
    return evaluation_make(&j->evaluation,
                           &(struct evaluation_input){.joined = j->joined,
                                                      .development = j->recalibrate,
                                                      .plan = j->plan,
                                                      .tree = j->tree,
                                                      .extra = j->has_lock ? &j->extra : NULL,
                                                      .progress = show_progress,
                                                      .progress_ctx = j},
                           e);
}

static int results_text(struct buf *out, const struct job *j, struct err *e) {
    const struct provenance from = {j->source, j->n_sources, BMUNET_CODE};
    struct json *results = results_json(j->evaluation, &from);
    int rc = json_ok(results) ? json_write_pretty(results, out, e) : err_set(e, ERR_NO_MEMORY, "no memory for the results");
    json_free(results);
    return rc ? rc : buf_append(out, "\n", 1, e);
}

static int fill_folder(struct folder *f, const struct job *j, const struct buf *results, struct err *e) {
    struct buf lock;
    buf_init(&lock);
    int rc = folder_make(f, "figures", e);
    if (!rc)
        rc = folder_add(f, "results.json", results->data, results->size, NULL, e);
    if (!rc && j->file[PLAN].bytes)
        rc = folder_add(f, "plan.yml", j->file[PLAN].bytes, j->file[PLAN].size, NULL, e);
    if (!rc && j->choose)
        rc = lock_write(&lock, &j->lock, BMUNET_CODE, e);
    if (!rc && j->choose)
        rc = folder_add(f, "threshold.json", lock.data, lock.size, NULL, e);
    if (!rc)
        rc = figures_write(f, j->evaluation, e);
    buf_release(&lock);
    return rc;
}

/* FOLDER/NAME; owned. */
static char *inside(const struct job *j, const char *name, struct err *e) {
    char *path = NULL;
    if (asprintf(&path, "%s/%s", j->options->out, name) >= 0)
        return path;
    err_set(e, ERR_NO_MEMORY, "memory could not be had");
    return NULL;
}

/* report.html, report.pdf and the figures as pictures. */
static int write_pages(struct folder *f, const struct job *j, struct err *e) {
    const struct options *o = j->options;
    const struct provenance from = {j->source, j->n_sources, BMUNET_CODE};
    struct document *d = NULL;
    char now[32];
    const time_t t = time(NULL);
    struct tm utc;
    struct buf html;
    buf_init(&html);
    char *pdf = inside(j, "report.pdf", e), *figures = inside(j, "figures", e);
    strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &utc));
    int rc = pdf && figures ? 0 : ERR_NO_MEMORY;
    if (!rc)
        rc = compose_report(&d, j->evaluation, &from, &(struct compose_options){o->language, j->fonts}, e);
    if (!rc)
        rc = document_write_figures(d, figures, e);
    if (!rc)
        rc = html_render(&html, d, e);
    if (!rc)
        rc = folder_add(f, "report.html", html.data, html.size, NULL, e);
    if (!rc)
        rc = pdf_write(d, j->fonts, o->date ? o->date : now, pdf, e);
    document_free(d);
    buf_release(&html);
    free(pdf);
    free(figures);
    return rc;
}

static int write_report(struct job *j, struct folder **f, struct err *e) {
    struct buf results;
    buf_init(&results);
    int rc = results_text(&results, j, e);
    if (!rc)
        rc = fill_folder(*f, j, &results, e);
    if (!rc && !j->options->numbers_only)
        rc = write_pages(*f, j, e);
    if (!rc) {
        struct folder *done = *f;
        *f = NULL;
        rc = folder_finish(done, e);
    }
    if (!rc && j->options->json)
        fwrite(results.data, 1, results.size, stdout);
    else if (!rc)
        evaluate_table(stdout, j->evaluation);
    if (!rc && !j->options->json)
        printf("written: %s\n", j->options->out);
    buf_release(&results);
    return rc;
}

static void release(struct job *j) {
    evaluation_free(j->evaluation);
    canvas_fonts_free(j->fonts);
    join_free(j->joined);
    join_free(j->recalibrate);
    join_free(j->choose);
    study_plan_free(j->plan);
    tree_free(j->tree);
    for (int r = 0; r < ROLES; r++) {
        free(j->found[r]);
        free(j->file[r].bytes);
    }
    for (size_t i = 0; i < j->options->n_compare; i++) {
        free(j->compare[i].path);
        free(j->compare[i].name);
        free(j->compare[i].bytes);
    }
}

int cmd_evaluate(int argc, char **argv) {
    struct options o = {.threads = 0};
    struct err e = {0};
    struct folder *f = NULL;
    int status = cli_parse(&argp, "evaluate", argc, argv, &o);
    if (status >= 0)
        return status;
    if (o.threads)
        pool_set_threads((int)o.threads);
    struct job j = {.options = &o};
    int rc = read_all(&j, &e);
    if (!rc)
        rc = parse_settings(&j, &e);
    if (!rc)
        rc = join_all(&j, &e);
    if (!rc && !o.numbers_only)
        rc = canvas_fonts_open(&j.fonts, &e);
    if (!rc)
        rc = folder_begin(&f, o.out, &e); /* before the long computation */
    if (!rc)
        rc = evaluate(&j, &e);
    if (!rc)
        rc = write_report(&j, &f, &e);
    folder_abandon(f);
    release(&j);
    return rc ? cli_fail(&e) : cli_finish(EXIT_OK);
}
