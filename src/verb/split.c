/* bmunet split: a table of exams divided by patient, stratified; or a split checked. Floor 10. */
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
#include "cohort/manifest_file.h"
#include "cohort/split_write.h"
#include "file/distinct.h"
#include "file/filename.h"
#include "verb/verbs.h"

struct options {
    const char *exams, *out, *schema;
    struct texts ignore;
    double share[3]; /* of train, val, test; less than 0: not given */
    bool no_patient_id_ok, no_pictures, check, replace, json;
    long folds, seed, threads;
    struct split_options split;
};

static const struct option option_list[] = {
    {OPTION_EXAMS(struct options), .required = true},
    {OPTION_OUT(struct options, "FILE.csv", "the table with the column split; FILE.json beside it records how it was made")},
    {OPTION_INTEGER("folds", "K", struct options, folds, 2, SPLIT_PARTS_MAX, "make parts fold0 to foldK-1 of equal size")},
    {OPTION_REAL("train", "P", struct options, share[0], 0, 1, "or: proportion of exams in part train")},
    {OPTION_REAL("val", "P", struct options, share[1], 0, 1, "proportion in part val")},
    {OPTION_REAL("test", "P", struct options, share[2], 0, 1, "proportion in part test; the three sum to 1")},
    {OPTION_SEED(struct options)},
    {OPTION_FLAG("json", struct options, json, "print FILE.json as well, instead of a summary")},
    {OPTION_FLAG("no-patient-id-ok", struct options, no_patient_id_ok, "treat an exam without patient_id as a patient of its own")},
    {OPTION_FLAG("no-pictures", struct options, no_pictures, "do not read the pictures; near-duplicates are not looked for")},
    {OPTION_FLAG("check", struct options, check, "only check the table's own column split")},
    {OPTION_FLAG("replace", struct options, replace, "replace the table's own column split")},
    {OPTION_SCHEMA(struct options)},
    {OPTION_IGNORE(struct options)},
    {OPTION_THREADS(struct options)},
    {0}};

static bool has_share(const struct options *o) {
    return o->share[0] >= 0 || o->share[1] >= 0 || o->share[2] >= 0;
}

static int check_options(const void *options, struct err *e) {
    const struct options *o = options;
    if (o->check)
        return o->out || o->folds || has_share(o) || o->json || o->replace
                   ? err_set(e, ERR_USAGE,
                             "--check makes no split and writes nothing; it excludes --out, --folds, --train, --val, --test, "
                             "--json and --replace")
                   : 0;
    if (!o->out || (o->folds != 0) == has_share(o))
        return err_set(e, ERR_USAGE, "--out and either --folds, or --train, --val and --test, are required");
    return 0;
}

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
    const struct manifest_options how = {.schema = j->schema, .ignore_columns = o->ignore.item, .n_ignore_columns = o->ignore.n};
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
        rc = file_distinct("an output", outputs[i], "--exams", j->options->exams, e);
        if (!rc)
            rc = manifest_not_an_image("an output", outputs[i], j->table.manifest, e);
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
    int rc = o->check ? 0 : file_distinct("--out", o->out, "--exams", o->exams, e);
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

static int run_split(void *options) {
    struct options *o = options;
    struct err e = {0};
    if (o->threads)
        pool_set_threads((int)o->threads);
    o->split = (struct split_options){.folds = (int)o->folds, .seed = (uint64_t)o->seed, .no_patient_id_ok = o->no_patient_id_ok};
    for (int i = 0; i < 3; i++)
        o->split.share[i] = o->share[i] > 0 ? o->share[i] : 0;
    struct job j = {.options = o};
    cli_catch(SIGINT);
    cli_catch(SIGTERM);
    int rc = run(&j, &e);
    duplicates_release(&j.duplicates);
    manifest_file_release(&j.table);
    schema_free(j.schema);
    return rc ? cli_fail(&e) : cli_finish(EXIT_OK);
}

static const struct options defaults = {.seed = 1, .share = {-1, -1, -1}};
const struct command command_split = {
    .name = "split",
    .summary = "divide a table of exams by patient",
    .about =
        "Divide a table of exams. Exams of one patient, and exams that share a picture or a near-duplicate, stay in one part; the parts "
        "are alike in tier and available modality.",
    .options = option_list,
    .size = sizeof(struct options),
    .defaults = &defaults,
    .check = check_options,
    .run = run_split};
