/* bmunet scan: a folder of images to a table of exams, and a report of what was left out and why. Floor 10. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/progress.h"
#include "cli/cli.h"
#include "cli/hint.h"
#include "file/csv.h"
#include "file/distinct.h"
#include "file/filename.h"
#include "file/io.h"
#include "scan/names.h"
#include "scan/read.h"
#include "scan/report.h"
#include "verb/verbs.h"

struct options {
    const char *folder, *out, *json, *clinical, *schema, *centre, *names;
    int order;  /* -1: not given */
    int prefer; /* 0: latest, 1: first */
    bool names_over_tags;
    struct texts studies;
};

static int take_names(void *member, const char *value, struct err *e) {
    *(const char **)member = value;
    return scan_names_check(value, e);
}

static int take_centre(void *member, const char *value, struct err *e) {
    *(const char **)member = value;
    return !*value || csv_edge_blank(value) ? err_set(e, ERR_USAGE, "'%s' must not be empty, nor begin or end with a blank", value) : 0;
}

static const struct option option_list[] = {
    {OPTION_OUT(struct options, "FILE.csv", "write the table of exams; see bmunet-exams(5)"), .required = true, .output = true},
    {OPTION_JSON_LINES(struct options, "write one JSON object per file: where it went, or why it was left out")},
    {OPTION_TEXT("clinical", "FILE.csv", struct options, clinical,
                 "join these values by patient_id (and by side and study_date if given)")},
    {OPTION_SCHEMA(struct options)},
    {OPTION_TAKE("centre", "NAME", struct options, centre, take_centre, "fill the column center")},
    {OPTION_TAKE("names", "PATTERN", struct options, names, take_names,
                 "what the names of PNG and JPEG files mean, as in {patient}_{side}_{view}")},
    {OPTION_FLAG("names-over-tags", struct options, names_over_tags,
                 "where --names matches a DICOM file too, believe it about patient, side and study (and view, if no tag names one)")},
    {OPTION_CHOICE("prefer", "latest|first", struct options, prefer,
                   "of several studies equally near to another one of the breast (default latest)")},
    {OPTION_LIST("study", "UID", struct options, studies, TEXTS_MAX, "use the files of this study only; may be repeated")},
    {OPTION_CHOICE("us-order", "first-is-transverse", struct options, order,
                   "of two ultrasound images whose planes are not stated, the first is transverse")},
    {OPTION_TEXT(NULL, "DIR", struct options, folder, "the folder to look through"), .required = true},
    {0}};

struct job {
    const struct options *options;
    char prefix[PATH_MAX + 1]; /* of each path in the table */
    struct walk *walk;
    struct decoder *decoder;
    struct schema *schema;
    struct clinical_table *clinical;
    struct scan *scan;
    struct replace *out, *json;
    struct progress progress;
};

static int step(void *ctx, size_t done, struct err *e) {
    struct job *j = ctx;
    progress_update(&j->progress, (long)done);
    return *cli_stop() ? err_set(e, ERR_INTERRUPTED, "interrupted; nothing was written") : 0;
}

/* Paths below the table's folder are relative to it, others absolute: the table may be moved together with its files. */
static int find_prefix(struct job *j, struct err *e) {
    char folder[PATH_MAX], table[PATH_MAX], copy[PATH_MAX];
    const char *out = j->options->out, *name = filename_base(out);
    if (!realpath(j->options->folder, folder))
        return err_set(e, ERR_FILE_MISSING, "%s: no such folder", j->options->folder);
    if (snprintf(copy, sizeof copy, "%.*s", (int)(name - out), out) >= (int)sizeof copy || !realpath(copy[0] ? copy : ".", table))
        return err_set(e, ERR_FILE_WRITE, "%s: its folder does not exist", out);
    size_t n = strcmp(table, "/") == 0 ? 0 : strlen(table);
    bool below = strncmp(folder, table, n) == 0 && (folder[n] == '/' || !folder[n]);
    const char *rest = below ? folder + n + (folder[n] == '/') : folder;
    snprintf(j->prefix, sizeof j->prefix, "%s%s", rest, *rest && rest[strlen(rest) - 1] != '/' ? "/" : "");
    return 0;
}

static int check_paths(const struct options *o, struct err *e) {
    int rc = file_distinct("--out", o->out, "--json", o->json, e);
    if (!rc)
        rc = file_distinct("--out", o->out, "--clinical", o->clinical, e);
    if (!rc)
        rc = file_distinct("--json", o->json, "--clinical", o->clinical, e);
    return rc;
}

/* An output may lie in the scanned folder, but may not be one of the files that were used. */
static int check_inputs(const struct job *j, struct err *e) {
    char path[PATH_MAX];
    const struct options *o = j->options;
    bool exists[2] = {access(o->out, F_OK) == 0, o->json && access(o->json, F_OK) == 0};
    for (size_t i = 0; i < j->scan->n_files && (exists[0] || exists[1]); i++) {
        snprintf(path, sizeof path, "%s/%s", o->folder, j->walk->files[i].path);
        if (!j->scan->files[i].format[0])
            continue;
        int rc = exists[0] ? file_distinct("--out", o->out, "an image of the folder", path, e) : 0;
        if (!rc && exists[1])
            rc = file_distinct("--json", o->json, "an image of the folder", path, e);
        if (rc)
            return rc;
    }
    return 0;
}

static int prepare(struct job *j, struct err *e) {
    const struct options *o = j->options;
    int rc = check_paths(o, e);
    if (!rc)
        rc = find_prefix(j, e);
    if (!rc && o->clinical)
        rc = cli_schema(&j->schema, o->schema, e);
    if (!rc && o->clinical)
        rc = clinical_read(&j->clinical, o->clinical, j->schema, e);
    if (!rc)
        rc = decoder_open(&j->decoder, NULL, e);
    if (!rc)
        rc = walk_folder(&j->walk, o->folder, NULL, e);
    return rc;
}

static int look(struct job *j, struct err *e) {
    const struct options *o = j->options;
    struct scan_source from = {.folder = o->folder,
                               .prefix = j->prefix,
                               .walk = j->walk,
                               .decoder = j->decoder,
                               .names = o->names,
                               .names_over_tags = o->names_over_tags,
                               .step = step,
                               .ctx = j};
    progress_start(&j->progress, stderr, "files", (long)j->walk->n);
    int rc = scan_read(&j->scan, &from, e);
    progress_finish(&j->progress);
    if (!rc)
        rc = scan_arrange(
            j->scan,
            &(struct scan_options){
                .first_is_transverse = o->order == 0, .prefer_first = o->prefer == 1, .study = o->studies.item, .n_studies = o->studies.n},
            e);
    if (!rc && j->clinical)
        rc = clinical_join(j->clinical, j->scan, e);
    return rc ? rc : check_inputs(j, e);
}

static int write_one(struct replace **r, const char *path,
                     int (*make)(struct buf *, const struct scan *, const struct report_options *, struct err *), const struct job *j,
                     const struct report_options *how, struct err *e) {
    struct buf text;
    buf_init(&text);
    int rc = make(&text, j->scan, how, e);
    if (!rc)
        rc = replace_open(r, path, e);
    if (!rc)
        rc = replace_write(*r, text.data, text.size, e);
    if (!rc)
        rc = replace_sync(*r, e);
    buf_release(&text);
    return rc;
}

static int commit(struct replace **r, struct err *e) {
    struct replace *it = *r;
    *r = NULL;
    return it ? replace_commit(it, e) : 0;
}

static int write_all(struct job *j, struct err *e) {
    const struct options *o = j->options;
    struct report_options how = {.centre = o->centre, .clinical = j->clinical};
    int rc = report_check(&how, e);
    if (!rc && o->json)
        rc = write_one(&j->json, o->json, report_json, j, &how, e);
    if (!rc && j->scan->n_exams)
        rc = write_one(&j->out, o->out, report_csv, j, &how, e);
    if (!rc)
        rc = commit(&j->json, e);
    return rc ? rc : commit(&j->out, e);
}

static void print_code(int code, size_t n, const char *meaning) {
    const char *hint = hint_for("scan", code);
    fprintf(cli_report(), "%-20s %6zu  %s%s%s\n", err_name(code), n, meaning, *hint ? "; " : "", hint);
}

static void print_counts(const struct scan *s) {
    static const struct {
        int code;
        const char *meaning;
    } codes[] = {
#define X(name, value, class, meaning) {value, meaning},
        ERR_CODES(X)
#undef X
    };
    size_t used = 0;
    for (size_t i = 0; i < s->n_files; i++)
        used += s->files[i].used;
    fprintf(cli_report(), "%-20s %6zu\n%-20s %6zu  in %zu exams\n", "files", s->n_files, "used", used, s->n_exams);
    for (size_t c = 0; c < sizeof codes / sizeof *codes; c++) {
        size_t n = 0;
        for (size_t i = 0; i < s->n_files; i++)
            n += s->files[i].why == codes[c].code;
        if (n)
            print_code(codes[c].code, n, codes[c].meaning);
    }
}

/* The sentences of the rows that found no exam: each once, with the first line that it holds for. */
static void print_clinical_reasons(const struct clinical_table *c) {
    for (size_t i = 0; i < c->csv.n_rows; i++) {
        size_t n = 0;
        bool told = false;
        for (size_t k = 0; k < c->csv.n_rows && c->rows[i].why && !told; k++) {
            const bool same = c->rows[k].why && strcmp(c->rows[k].sentence, c->rows[i].sentence) == 0;
            told = same && k < i;
            n += same;
        }
        if (n && !told)
            fprintf(cli_report(), "%-20s %6zu  %s (the first in line %zu)\n", err_name(c->rows[i].why), n, c->rows[i].sentence,
                    c->csv.line[i]);
    }
}

/* A table of which a cell cannot be read, or no row belongs to any exam, has missed its purpose. */
static bool clinical_failed(const struct clinical_table *c) {
    size_t joined = 0;
    bool malformed = false;
    for (size_t i = 0; c && i < c->csv.n_rows; i++) {
        joined += c->rows[i].why == 0;
        malformed = malformed || c->rows[i].why == ERR_VALUE_SYNTAX;
    }
    return c && c->csv.n_rows && (malformed || !joined);
}

static void print_clinical(const struct scan *s, const struct clinical_table *c) {
    size_t without = 0, alone = 0;
    for (size_t i = 0; i < s->n_exams; i++)
        without += s->exams[i].clinical_row < 0;
    for (size_t i = 0; i < c->csv.n_rows; i++)
        alone += c->rows[i].why != 0;
    fprintf(cli_report(), "%-20s %6zu rows, %zu without an exam; %zu exams without a row\n", "clinical", c->csv.n_rows, alone, without);
    print_clinical_reasons(c);
}

static int run_scan(void *options) {
    const struct options *o = options;
    struct err e = {0};
    struct job j = {.options = o};
    cli_catch(SIGINT);
    cli_catch(SIGTERM);
    int rc = prepare(&j, &e);
    if (!rc)
        rc = look(&j, &e);
    if (!rc)
        rc = write_all(&j, &e);
    if (!rc) {
        print_counts(j.scan);
        if (j.clinical)
            print_clinical(j.scan, j.clinical);
        if (j.scan->n_exams)
            cli_written(o->out, o->json);
        else
            rc = err_set(&e, ERR_CSV_EMPTY, "%s: no exam was found, so no table was written; %s", o->folder,
                         o->json ? "the report gives the reasons" : "--json FILE gives the reason for each file");
    }
    const bool failed = clinical_failed(j.clinical);
    replace_abort(j.out);
    replace_abort(j.json);
    scan_free(j.scan);
    walk_free(j.walk);
    decoder_close(j.decoder);
    clinical_free(j.clinical);
    schema_free(j.schema);
    if (rc) {
        fflush(stdout);
        return cli_fail(&e);
    }
    return cli_finish(failed ? EXIT_REFUSED : EXIT_OK);
}

static int check(const void *options, struct err *e) {
    const struct options *o = options;
    if (o->names_over_tags && !o->names)
        return err_set(e, ERR_USAGE, "--names-over-tags requires --names");
    return o->schema && !o->clinical ? err_set(e, ERR_USAGE, "--schema requires --clinical") : 0;
}

static const struct options defaults = {.order = -1};
const struct command command_scan = {
    .name = "scan",
    .summary = "make a table of exams from a folder of images",
    .about =
        "Make a table of exams from a folder of DICOM, PNG and JPEG files of any nesting. Nothing is guessed: what cannot be placed by "
        "its tags is left out with a reason. Nothing is copied; the table points to the files.",
    .notes =
        "If no exam is found, no table is written and the exit status is 1; the report is written if it was asked for. If a cell of the "
        "clinical table cannot be read, or none of its rows belongs to an exam, the table is written and the exit status is 2.",
    .refuses = true,
    .options = option_list,
    .size = sizeof(struct options),
    .defaults = &defaults,
    .check = check,
    .run = run_scan};
