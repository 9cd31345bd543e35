/* A study: its files read, joined, and its threshold chosen or applied. Floor 5. */
#include "evaluate/study.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "file/csv.h"
#include "file/filename.h"
#include "file/folder.h"
#include "file/io.h"
#include "file/yaml.h"

static const char *const names[STUDY_FILE_COUNT] = {
#define X(id, name) [STUDY_##id] = name,
    STUDY_FILES(X)
#undef X
};

struct study {
    const struct study_options *o;
    struct {
        uint8_t *bytes;
        size_t size;
    } file[STUDY_FILE_COUNT];
    struct compared_file {
        char *path; /* owned; without the column */
        char *name; /* owned; "truth.csv:posterior_all" */
        const char *column;
        uint8_t *bytes; /* NULL: the file is read already, as that of `same` */
        size_t size, same;
    } compare[STUDY_COMPARED_MAX];
    struct source_file source[STUDY_FILE_COUNT + STUDY_COMPARED_MAX];
    size_t n_sources;
    struct study_plan *plan;
    struct tree *tree;
    struct joined *joined, *recalibrate, *choose;
    struct lock lock;
    bool has_lock;
    struct extra_threshold extra;
    struct evaluation *evaluation;
    struct buf results;
};

/* --- files --- */

static int read_file(uint8_t **bytes, size_t *size, struct study *s, const char *role, const char *path, size_t most, struct err *e) {
    struct source_file *source = &s->source[s->n_sources];
    uint8_t digest[SHA256_SIZE];
    int rc = io_read_file(bytes, size, path, most, e);
    if (rc)
        return rc;
    *source = (struct source_file){.role = role, .name = filename_base(path)};
    sha256_bytes(*bytes, *size, digest);
    sha256_hex(digest, source->sha256);
    s->n_sources++;
    return 0;
}

static const char *hash_of(const struct study *s, enum study_file which) {
    for (size_t i = 0; i < s->n_sources; i++)
        if (strcmp(s->source[i].role, names[which]) == 0)
            return s->source[i].sha256;
    return "";
}

/* The folder of a table may be marked as not whole. */
static int check_folder(const char *path, struct err *e) {
    char *folder = NULL;
    int rc = filename_folder(&folder, path, e);
    if (!rc)
        rc = folder_check(folder, e);
    mem_free(folder);
    return rc;
}

/* FILE.csv:COLUMN taken apart at its last colon (a colon of a folder's name is none); a file that several columns are of is read once. */
static int read_compared(struct study *s, size_t i, struct err *e) {
    struct compared_file *c = &s->compare[i];
    c->same = i;
    c->path = mem_strdup(s->o->compare[i], e);
    c->name = mem_strdup(filename_base(s->o->compare[i]), e);
    if (!c->path || !c->name)
        return ERR_NO_MEMORY;
    char *colon = strrchr(c->path, ':');
    if (colon && !strchr(colon, '/')) {
        *colon = 0;
        c->column = colon + 1;
    }
    for (size_t k = 0; k < i; k++)
        if (s->compare[k].bytes && strcmp(s->compare[k].path, c->path) == 0)
            c->same = k;
    if (c->same != i)
        return 0;
    int rc = check_folder(c->path, e);
    return rc ? rc : read_file(&c->bytes, &c->size, s, "compared", c->path, CSV_FILE_MAX, e);
}

static int read_all(struct study *s, struct err *e) {
    const struct study_options *o = s->o;
    int rc = 0;
    for (int f = 0; f < STUDY_FILE_COUNT && !rc; f++) {
        const bool table = f != STUDY_PLAN && f != STUDY_TREE && f != STUDY_LOCKED;
        if (!o->path[f])
            continue;
        if (table)
            rc = check_folder(o->path[f], e);
        if (!rc)
            rc = read_file(&s->file[f].bytes, &s->file[f].size, s, names[f], o->path[f], table ? CSV_FILE_MAX : YAML_FILE_MAX, e);
    }
    for (size_t i = 0; i < o->n_compare && !rc; i++)
        rc = read_compared(s, i, e);
    return rc;
}

static int parse_settings(struct study *s, struct err *e) {
    const char *text[STUDY_FILE_COUNT];
    enum study_file at = STUDY_PLAN;
    for (int f = 0; f < STUDY_FILE_COUNT; f++)
        text[f] = (const char *)s->file[f].bytes;
    int rc = study_plan_parse_yaml(&s->plan, text[STUDY_PLAN], s->file[STUDY_PLAN].size, e);
    if (!rc) {
        at = STUDY_TREE;
        rc = tree_parse_yaml(&s->tree, text[STUDY_TREE], s->file[STUDY_TREE].size, e);
    }
    if (!rc && text[STUDY_LOCKED]) {
        at = STUDY_LOCKED;
        rc = lock_read(&s->lock, text[STUDY_LOCKED], s->file[STUDY_LOCKED].size, e);
        s->has_lock = true;
    }
    if (rc)
        err_prefix(e, "%s", s->o->path[at]);
    return rc;
}

/* --- tables --- */

static struct table_text table_of(const struct study *s, enum study_file f) {
    return (struct table_text){s->o->path[f], (const char *)s->file[f].bytes, s->file[f].size};
}

static int join_studied(struct study *s, struct err *e) {
    struct compare_table compare[STUDY_COMPARED_MAX];
    for (size_t i = 0; i < s->o->n_compare; i++) {
        const struct compared_file *c = &s->compare[i], *text = &s->compare[c->same];
        compare[i] = (struct compare_table){{c->path, (const char *)text->bytes, text->size}, c->column, c->name};
    }
    return join_make(&s->joined,
                     &(struct join_tables){.predictions = table_of(s, STUDY_PREDICTIONS),
                                           .truth = table_of(s, STUDY_TRUTH),
                                           .readers = table_of(s, STUDY_READERS),
                                           .split = s->o->split,
                                           .compare = compare,
                                           .n_compare = s->o->n_compare,
                                           .plan = s->plan,
                                           .tree = s->tree},
                     e);
}

/* Other exams, to fit on; none of them may be measured. */
static int join_other(struct joined **out, const struct study *s, enum study_file f, struct err *e) {
    if (!s->o->path[f])
        return 0;
    int rc = join_make(out,
                       &(struct join_tables){
                           .predictions = table_of(s, f), .truth = table_of(s, STUDY_DEVELOPMENT_TRUTH), .plan = s->plan, .tree = s->tree},
                       e);
    return rc ? rc : join_disjoint(*out, s->o->path[f], s->joined, s->o->path[STUDY_PREDICTIONS], e);
}

/* --- the threshold --- */

static int choose_threshold(struct study *s, struct err *e) {
    struct roc *roc = NULL;
    if (s->plan->threshold_rule == PLAN_RULE_NONE)
        return err_set(e, ERR_PLAN, "a threshold is to be chosen on %s, but the plan's threshold_rule is none", s->o->path[STUDY_CHOOSE]);
    int rc = roc_make(&roc, s->choose->score, s->choose->truth, s->choose->n, e);
    if (!rc)
        rc = threshold_choose(&s->lock.threshold, roc, (enum threshold_rule)s->plan->threshold_rule, s->plan->threshold_target, e);
    roc_free(roc);
    if (rc) {
        err_prefix(e, "%s", s->o->path[STUDY_CHOOSE]);
        return rc;
    }
    snprintf(s->lock.predictions_sha256, SHA256_HEX_SIZE, "%s", hash_of(s, STUDY_CHOOSE));
    snprintf(s->lock.truth_sha256, SHA256_HEX_SIZE, "%s", hash_of(s, STUDY_DEVELOPMENT_TRUTH));
    snprintf(s->lock.plan_sha256, SHA256_HEX_SIZE, "%s", hash_of(s, STUDY_PLAN));
    lock_exams(s->lock.exams_sha256, s->choose);
    snprintf(s->lock.positive, sizeof s->lock.positive, "%s", s->choose->positive);
    s->has_lock = true;
    return 0;
}

static int lock_threshold(struct study *s, struct err *e) {
    int rc = 0;
    if (s->choose)
        rc = choose_threshold(s, e);
    else if (s->has_lock)
        rc = lock_applies(&s->lock, hash_of(s, STUDY_PREDICTIONS), s->joined, e);
    s->extra = (struct extra_threshold){.name = study_plan_rule_name(s->has_lock ? (int)s->lock.threshold.rule : PLAN_RULE_NONE),
                                        .origin = s->choose ? THRESHOLD_CHOSEN : THRESHOLD_LOCKED,
                                        .value = s->lock.threshold.value};
    return rc;
}

/* --- the study --- */

int study_open(struct study **out, const struct study_options *o, struct err *e) {
    *out = NULL;
    if (o->n_compare > STUDY_COMPARED_MAX)
        return err_set(e, ERR_LIMIT, "%zu scores to compare with; the limit is %d", o->n_compare, STUDY_COMPARED_MAX);
    struct study *s = mem_alloc(1, sizeof *s, e);
    if (!s)
        return ERR_NO_MEMORY;
    s->o = o;
    buf_init(&s->results);
    int rc = read_all(s, e);
    if (!rc)
        rc = parse_settings(s, e);
    if (!rc)
        rc = join_studied(s, e);
    if (!rc)
        rc = join_other(&s->recalibrate, s, STUDY_RECALIBRATE, e);
    if (!rc)
        rc = join_other(&s->choose, s, STUDY_CHOOSE, e);
    if (!rc)
        rc = lock_threshold(s, e);
    if (rc)
        study_free(s);
    else
        *out = s;
    return rc;
}

static int write_results(struct study *s, struct err *e) {
    const struct provenance from = study_provenance(s);
    struct json *results = results_json(s->evaluation, &from);
    int rc = json_ok(results) ? json_write_pretty(results, &s->results, e) : err_set(e, ERR_NO_MEMORY, "no memory for the results");
    json_free(results);
    return rc ? rc : buf_append(&s->results, "\n", 1, e);
}

int study_evaluate(struct study *s, void (*progress)(void *ctx, size_t done, size_t total, const char *what), void *ctx,
                   const volatile sig_atomic_t *stop, struct err *e) {
    int rc = evaluation_make(&s->evaluation,
                             &(struct evaluation_input){.joined = s->joined,
                                                        .development = s->recalibrate,
                                                        .plan = s->plan,
                                                        .tree = s->tree,
                                                        .extra = s->has_lock ? &s->extra : NULL,
                                                        .progress = progress,
                                                        .progress_ctx = ctx,
                                                        .stop = stop},
                             e);
    return rc ? rc : write_results(s, e);
}

void study_free(struct study *s) {
    if (!s)
        return;
    evaluation_free(s->evaluation);
    join_free(s->joined);
    join_free(s->recalibrate);
    join_free(s->choose);
    study_plan_free(s->plan);
    tree_free(s->tree);
    for (int f = 0; f < STUDY_FILE_COUNT; f++)
        mem_free(s->file[f].bytes);
    for (size_t i = 0; i < STUDY_COMPARED_MAX; i++) {
        mem_free(s->compare[i].path);
        mem_free(s->compare[i].name);
        mem_free(s->compare[i].bytes);
    }
    buf_release(&s->results);
    mem_free(s);
}

const struct evaluation *study_evaluation(const struct study *s) {
    return s->evaluation;
}

struct provenance study_provenance(const struct study *s) {
    return (struct provenance){s->source, s->n_sources, s->o->code_version};
}

const struct buf *study_results(const struct study *s) {
    return &s->results;
}

const void *study_file_bytes(const struct study *s, enum study_file which, size_t *n) {
    *n = s->file[which].size;
    return s->file[which].bytes;
}

const struct lock *study_chosen_threshold(const struct study *s) {
    return s->choose ? &s->lock : NULL;
}
