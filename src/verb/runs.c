/* bmunet runs: training runs beside each other. Floor 10. */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "ckpt/archive.h"
#include "cli/cli.h"
#include "file/io.h"
#include "train/history.h"
#include "verb/verbs.h"

enum { LOG_MAX = 64 << 20 };

struct options {
    const char *folder;
    bool json;
};

static const struct option option_list[] = {
    {OPTION_FLAG("json", struct options, json, "print one JSON object per run instead of a table")},
    {OPTION_TEXT(NULL, "DIR", struct options, folder, "the folder that holds the runs"), .required = true},
    {0}};

/* A run: its last epoch, its best epoch, and what its best model says of how it was made. */
struct row {
    char *name;
    size_t epochs;
    struct epoch_record best, last;
    struct archive *model; /* NULL: no epoch has been finished */
    struct json *training;
};

static void release(struct row *r) {
    mem_free(r->name);
    json_free(r->training);
    archive_close(r->model);
}

static int read_log(struct row *r, const char *path, struct err *e) {
    uint8_t *text = NULL;
    size_t n = 0;
    int rc = io_read_file(&text, &n, path, LOG_MAX, e);
    char *line = (char *)text;
    for (size_t number = 1; rc == 0 && line && *line; number++) {
        const size_t length = strcspn(line, "\n");
        struct json *j = NULL;
        if ((rc = json_read(&j, line, length, ERR_CHECKPOINT, e)) || (rc = epoch_from_json(&r->last, j, e)))
            err_prefix(e, "%s, line %zu", path, number);
        if (rc == 0 && r->last.best)
            r->best = r->last;
        json_free(j);
        r->epochs++;
        line += length + (line[length] == '\n');
    }
    mem_free(text);
    return rc;
}

/* Of a run without a model yet: stage and preset, from the title of its card. */
static int read_card(struct row *r, const char *folder, const char *name, struct err *e) {
    static const char begins[] = "# Model card: bmunet, stage ", between[] = ", preset ";
    char path[4096], title[160] = "";
    uint8_t *text = NULL;
    size_t n = 0;
    snprintf(path, sizeof path, "%s/%s/card.md", folder, name);
    if (access(path, F_OK) != 0)
        return 0;
    const int rc = io_read_file(&text, &n, path, LOG_MAX, e);
    if (!rc)
        snprintf(title, sizeof title, "%.*s", (int)(n < sizeof title ? n : sizeof title - 1), (const char *)text);
    mem_free(text);
    title[strcspn(title, "\n")] = '\0';
    char *stage = title + strlen(begins), *preset = strstr(title, between);
    if (rc || strncmp(title, begins, strlen(begins)) != 0 || !preset)
        return rc;
    *preset = '\0';
    preset += strlen(between);
    struct json *settings = json_object();
    r->training = json_object();
    json_put_string(settings, "name", preset);
    json_put_string(r->training, "stage", stage);
    json_put(r->training, "settings", settings);
    return 0;
}

static int read_run(struct row *r, const char *folder, const char *name, struct err *e) {
    char path[4096];
    memset(r, 0, sizeof *r);
    if (!(r->name = mem_strdup(name, e)))
        return ERR_NO_MEMORY;
    snprintf(path, sizeof path, "%s/%s/log.jsonl", folder, name);
    int rc = read_log(r, path, e);
    if (rc)
        return rc;
    snprintf(path, sizeof path, "%s/%s/best.safetensors", folder, name);
    if (access(path, F_OK) != 0)
        return read_card(r, folder, name, e);
    if ((rc = safetensors_open(&r->model, path, e)))
        return rc;
    const char *text = archive_metadata(r->model, "bmunet.training");
    return text ? json_read(&r->training, text, strlen(text), ERR_MODEL_METADATA, e) : 0;
}

static const char *said(const struct row *r, const char *key) {
    const char *text = json_string(json_get(r->training, key));
    return text ? text : "-";
}

static const char *preset(const struct row *r) {
    const char *text = json_string(json_get(json_get(r->training, "settings"), "name"));
    return text ? text : "-";
}

static void print_row(const struct row *r, int width) {
    const struct scores *s = &r->best.scores;
    const double seconds = r->last.seconds;
    cli_text(stdout, r->name);
    printf("%*s  %-5s  %-10s  %6zu  ", width - (int)strlen(r->name), "", said(r, "stage"), preset(r), r->epochs);
    if (!r->model || s->exams == 0) { /* unfinished, or without validation: no epoch was chosen, and nothing was measured */
        char best[16] = "-";
        if (r->model)
            snprintf(best, sizeof best, "%u", r->best.epoch + 1);
        printf("%4s  %6s  %6s  %6s  %7s  %8.1f  %5.1f %%\n", best, "-", "-", "-", "-",
               seconds > 0 ? (double)r->last.images / seconds : (double)NAN, seconds > 0 ? 100 * r->last.waited / seconds : (double)NAN);
        return;
    }
    printf("%4u  ", r->best.epoch + 1);
    printf("%6.4f  %6.4f  %6.4f  %5.1f %%  %8.1f  %5.1f %%\n", s->auc, s->macro_auc, s->loss, 100 * s->class_accuracy,
           seconds > 0 ? (double)r->last.images / seconds : (double)NAN, seconds > 0 ? 100 * r->last.waited / seconds : (double)NAN);
}

static int print_json(const struct row *r, struct err *e) {
    struct json *j = json_object();
    struct buf text;
    buf_init(&text);
    json_put_string(j, "run", r->name);
    json_put_integer(j, "epochs", (int64_t)r->epochs);
    json_put(j, "best", epoch_to_json(&r->best));
    json_put(j, "last", epoch_to_json(&r->last));
    json_put_string(j, "stage", said(r, "stage"));
    json_put_string(j, "preset", preset(r));
    const int rc = json_text(&text, j, e);
    if (rc == 0)
        puts(text.data);
    buf_release(&text);
    return rc;
}

static int is_run(const char *folder, const char *name) {
    char path[4096];
    const int n = snprintf(path, sizeof path, "%s/%s/log.jsonl", folder, name);
    return name[0] != '.' && n > 0 && n < (int)sizeof path && access(path, R_OK) == 0;
}

static int list(const struct options *o, struct err *e) {
    struct dirent **entries = NULL;
    const int n = scandir(o->folder, &entries, NULL, alphasort);
    int rc = n < 0 ? err_set(e, ERR_FILE_READ, "%s: the folder cannot be read", o->folder) : 0;
    int width = 3, runs = 0;
    for (int i = 0; i < n; i++)
        if (is_run(o->folder, entries[i]->d_name)) {
            runs++;
            width = (int)strlen(entries[i]->d_name) > width ? (int)strlen(entries[i]->d_name) : width;
        }
    if (rc == 0 && runs == 0)
        rc = err_set(e, ERR_FILE_MISSING, "%s: no training run (a folder with a log.jsonl) in this folder", o->folder);
    if (rc == 0 && !o->json)
        printf("%-*s  stage  preset      epochs  best     AUC   tiers    loss  correct  images/s  waited\n", width, "run");
    for (int i = 0; i < n && rc == 0; i++) {
        struct row r;
        if (!is_run(o->folder, entries[i]->d_name))
            continue;
        rc = read_run(&r, o->folder, entries[i]->d_name, e);
        if (rc == 0 && o->json)
            rc = print_json(&r, e);
        else if (rc == 0)
            print_row(&r, width);
        release(&r);
    }
    for (int i = 0; i < n; i++)
        free(entries[i]);
    free(entries);
    return rc;
}

static int run_runs(void *options) {
    struct err e = {0};
    return list(options, &e) ? cli_fail(&e) : cli_finish(EXIT_OK);
}

const struct command command_runs = {
    .name = "runs",
    .summary = "list training runs and their results",
    .about = "List the training runs in a folder: each run's stage, preset, best epoch and its results on the validation exams.",
    .options = option_list,
    .size = sizeof(struct options),
    .run = run_runs};
