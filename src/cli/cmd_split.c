/* bmunet split: a table of exams divided by patient, stratified; or a split checked. Floor 9. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/pool.h"
#include "base/progress.h"
#include "base/version.h"
#include "cli/cli.h"
#include "cohort/split_write.h"
#include "file/filename.h"

enum { IGNORE_MAX = 256 };

struct options {
    struct cli cli;
    const char *exams, *out, *schema;
    const char *ignore[IGNORE_MAX];
    size_t n_ignore;
    struct split_options split;
    bool has_share, no_pictures, check, replace, json;
    long folds, seed, threads;
};

enum {
    KEY_EXAMS = 0x100,
    KEY_OUT,
    KEY_FOLDS,
    KEY_TRAIN,
    KEY_VAL,
    KEY_TEST,
    KEY_SEED,
    KEY_JSON,
    KEY_NO_ID,
    KEY_NO_PICTURES,
    KEY_CHECK,
    KEY_REPLACE,
    KEY_SCHEMA,
    KEY_IGNORE,
    KEY_THREADS
};
static const struct argp_option option_list[] = {
    {.name = "exams", .key = KEY_EXAMS, .arg = "FILE.csv", .doc = "the table of exams (docs/FORMATS.md)"},
    {.name = "out", .key = KEY_OUT, .arg = "FILE.csv", .doc = "the table with the column split; FILE.json beside it tells how it was made"},
    {.name = "folds", .key = KEY_FOLDS, .arg = "K", .doc = "parts fold0 .. foldK-1 of one size"},
    {.name = "train", .key = KEY_TRAIN, .arg = "P", .doc = "or: share of the part train"},
    {.name = "val", .key = KEY_VAL, .arg = "P", .doc = "of val"},
    {.name = "test", .key = KEY_TEST, .arg = "P", .doc = "of test; the three sum to 1"},
    {.name = "seed", .key = KEY_SEED, .arg = "N", .doc = "another seed, another split (default 1)"},
    {.name = "json", .key = KEY_JSON, .doc = "print FILE.json on standard output as well"},
    {.name = "no-patient-id-ok", .key = KEY_NO_ID, .doc = "an exam without patient_id is of a woman of its own"},
    {.name = "no-pictures", .key = KEY_NO_PICTURES, .doc = "do not read the pictures: near-duplicates are not looked for"},
    {.name = "check", .key = KEY_CHECK, .doc = "only check the table's own column split"},
    {.name = "replace", .key = KEY_REPLACE, .doc = "replace the table's own column split"},
    {.name = "schema", .key = KEY_SCHEMA, .arg = "FILE.yml", .doc = "names the clinical columns (default clinical10)"},
    {.name = "ignore-column", .key = KEY_IGNORE, .arg = "NAME", .doc = "leave this column of the table unread; may be repeated"},
    {.name = "threads", .key = KEY_THREADS, .arg = "N", .doc = "threads that read pictures (default: one per processor)"},
    {0}};

static error_t take_share(struct options *o, int which, const char *arg, const char *option, struct argp_state *state) {
    char *end;
    errno = 0;
    const double x = strtod(arg, &end);
    if (errno || end == arg || *end || !(x >= 0 && x <= 1))
        return cli_usage(state, "%s is '%s'; a share from 0 to 1 is due", option, arg);
    o->split.share[which] = x;
    o->has_share = true;
    return 0;
}

static error_t add_ignored(struct options *o, const char *name, struct argp_state *state) {
    if (o->n_ignore == IGNORE_MAX)
        return cli_usage(state, "--ignore-column more than %d times", IGNORE_MAX);
    o->ignore[o->n_ignore++] = name;
    return 0;
}

static error_t check_options(const struct options *o, struct argp_state *state) {
    if (!o->exams)
        return cli_usage(state, "--exams is needed");
    if (o->check)
        return o->out || o->folds || o->has_share || o->json || o->replace ? cli_usage(state, "--check writes nothing and makes no split")
                                                                           : 0;
    if (!o->out || (o->folds != 0) == o->has_share)
        return cli_usage(state, "--out and either --folds or --train, --val and --test are needed");
    return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    struct options *o = state->input;
    bool *const flags[] = {&o->json, &o->split.no_patient_id_ok, &o->no_pictures, &o->check, &o->replace}; /* from KEY_JSON, in order */
    if (key >= KEY_JSON && key <= KEY_REPLACE) {
        *flags[key - KEY_JSON] = true;
        return 0;
    }
    switch (key) {
    case KEY_EXAMS:
        o->exams = arg;
        return 0;
    case KEY_OUT:
        o->out = arg;
        return 0;
    case KEY_SCHEMA:
        o->schema = arg;
        return 0;
    case KEY_IGNORE:
        return add_ignored(o, arg, state);
    case KEY_FOLDS:
        return cli_take_number(&o->folds, arg, 2, SPLIT_PARTS_MAX, "--folds", state);
    case KEY_TRAIN:
        return take_share(o, 0, arg, "--train", state);
    case KEY_VAL:
        return take_share(o, 1, arg, "--val", state);
    case KEY_TEST:
        return take_share(o, 2, arg, "--test", state);
    case KEY_SEED:
        return cli_take_number(&o->seed, arg, 0, 1L << 53, "--seed", state);
    case KEY_THREADS:
        return cli_take_number(&o->threads, arg, 1, 1024, "--threads", state);
    case ARGP_KEY_END:
        return check_options(o, state);
    default:
        return cli_default(key, state);
    }
}

static const struct argp argp = {
    .options = option_list,
    .parser = parse_option,
    .doc =
        "Divide a table of exams. Exams of one patient, and exams that share a picture or nearly the same one, stay in one part; the parts "
        "are alike in tier and available modality."};

struct job {
    const struct options *options;
    struct manifest_file table;
    struct schema *schema;
    struct duplicates duplicates;
    struct progress progress;
};

static int read_table(struct job *j, struct err *e) {
    const struct options *o = j->options;
    int rc = cli_schema(&j->schema, o->schema, e);
    const struct manifest_options how = {.schema = j->schema, .ignore_columns = o->ignore, .n_ignore_columns = o->n_ignore};
    return rc ? rc : manifest_file_read(&j->table, o->exams, &how, e);
}

static void show_progress(void *ctx, size_t done) {
    struct job *j = ctx;
    progress_update(&j->progress, (long)done);
}

static int compare_pictures(struct job *j, struct err *e) {
    long n = 0;
    for (size_t r = 0; r < j->table.manifest->n; r++)
        for (int s = 0; s < SLOT_COUNT; s++)
            n += exam_has(&j->table.manifest->rows[r].exam, (enum slot)s);
    progress_start(&j->progress, stderr, "pictures", n);
    int rc = duplicates_find(&j->duplicates, j->table.manifest, show_progress, j, cli_stop(), e);
    progress_finish(&j->progress);
    const struct duplicates *d = &j->duplicates;
    if (!rc && (d->unreadable || d->undecoded))
        cli_warn("of %zu pictures %zu cannot be read and %zu not decoded: near-duplicates among them are not found", d->pictures,
                 d->unreadable, d->undecoded);
    return rc;
}

/* The table that is written names its pictures as the one that was read does. */
static int check_folder(const struct job *j, struct err *e) {
    const char *const paths[2] = {j->options->exams, j->options->out};
    char folder[2][PATH_MAX];
    for (int i = 0; i < 2; i++) {
        char copy[PATH_MAX];
        const size_t base = (size_t)(filename_base(paths[i]) - paths[i]);
        if (base >= sizeof copy)
            return err_set(e, ERR_LIMIT, "a path is longer than %d bytes", PATH_MAX);
        memcpy(copy, paths[i], base);
        copy[base] = 0;
        if (!realpath(base ? copy : ".", folder[i]))
            return err_set(e, ERR_FILE_WRITE, "%s: its folder does not exist", paths[i]);
    }
    if (strcmp(folder[0], folder[1]) == 0)
        return 0;
    return err_set(e, ERR_USAGE, "--out lies in another folder than --exams, where the table's relative paths would name other files");
}

static int check_own_split(const struct job *j, struct err *e) {
    bool any = false;
    for (size_t r = 0; r < j->table.manifest->n; r++)
        any = any || j->table.manifest->rows[r].split[0];
    int rc = split_check(j->table.manifest, j->options->no_pictures ? NULL : &j->duplicates, e);
    if (rc && j->options->replace)
        return 0;
    if (rc)
        return err_prefix(e, "%s", j->options->exams);
    if (j->options->check && !any)
        return err_set(e, ERR_USAGE, "%s: has no column split, or it is empty", j->options->exams);
    if (!j->options->check && any && !j->options->replace)
        return err_set(e, ERR_USAGE, "%s: has a split already; --replace makes another, --check only looks at it", j->options->exams);
    return 0;
}

static void json_path(char out[PATH_MAX], const char *csv) {
    const size_t n = strlen(csv), stem = n > 4 && strcmp(csv + n - 4, ".csv") == 0 ? n - 4 : n;
    snprintf(out, PATH_MAX, "%.*s.json", (int)stem, csv);
}

/* No output may be a file that is read. */
static int check_outputs(const struct job *j, const char *json, struct err *e) {
    const char *const outputs[2] = {j->options->out, json};
    int rc = 0;
    for (int i = 0; i < 2 && !rc; i++) {
        rc = cli_distinct("an output", outputs[i], "--exams", j->options->exams, e);
        if (!rc)
            rc = cli_not_an_image("an output", outputs[i], j->table.manifest, e);
    }
    return rc;
}

static void say_result(const struct options *o, const struct split *s, const struct buf *report, const char *json) {
    if (o->json) {
        fwrite(report->data, 1, report->size, stdout);
        return;
    }
    for (int p = 0; p < s->n_parts; p++)
        printf("%-8s %6zu exams (wanted %.1f), %zu groups\n", s->name[p], s->exams[p], s->target[p], s->groups[p]);
    printf("split sha256 %s\nwritten: %s, %s\n", s->sha256, o->out, json);
}

static int make_split(struct job *j, struct err *e) {
    const struct options *o = j->options;
    const struct duplicates *duplicates = o->no_pictures ? NULL : &j->duplicates;
    struct split *s = NULL;
    struct buf report;
    char json[PATH_MAX];
    buf_init(&report);
    json_path(json, o->out);
    int rc = check_outputs(j, json, e);
    if (!rc)
        rc = split_make(&s, j->table.manifest, duplicates, &o->split, e);
    if (!rc)
        rc = split_write(&report, o->out, json,
                         &(struct split_source){.path = o->exams,
                                                .table = &j->table,
                                                .duplicates = duplicates,
                                                .options = &o->split,
                                                .split = s,
                                                .code_version = BMUNET_CODE},
                         e);
    if (!rc)
        say_result(o, s, &report, json);
    buf_release(&report);
    split_free(s);
    return rc;
}

static int run(struct job *j, struct err *e) {
    const struct options *o = j->options;
    int rc = o->check ? 0 : cli_distinct("--out", o->out, "--exams", o->exams, e);
    if (!rc && !o->check)
        rc = check_folder(j, e);
    if (!rc)
        rc = read_table(j, e);
    if (!rc && !o->no_pictures)
        rc = compare_pictures(j, e);
    if (!rc)
        rc = check_own_split(j, e);
    if (rc || !o->check)
        return rc ? rc : make_split(j, e);
    printf("%s: no patient%s on two sides\n", o->exams, o->no_pictures ? "" : " and no picture");
    return 0;
}

int cmd_split(int argc, char **argv) {
    struct options o = {.seed = 1};
    struct err e = {0};
    int status = cli_parse(&argp, "split", argc, argv, &o);
    if (status >= 0)
        return status;
    if (o.threads)
        pool_set_threads((int)o.threads);
    o.split.folds = (int)o.folds;
    o.split.seed = (uint64_t)o.seed;
    struct job j = {.options = &o};
    cli_catch(SIGINT);
    cli_catch(SIGTERM);
    int rc = run(&j, &e);
    duplicates_release(&j.duplicates);
    manifest_file_release(&j.table);
    schema_free(j.schema);
    return rc ? cli_fail(&e) : cli_finish(EXIT_OK);
}
