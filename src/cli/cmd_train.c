/* bmunet train: one stage of training. Floor 9. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/pool.h"
#include "base/progress.h"
#include "base/version.h"
#include "cli/cli.h"
#include "train/session.h"

enum { IGNORE_MAX = 64, FREEZE_MAX = 64, SPLITS_MAX = 64 };

struct options {
    struct cli cli; /* first */
    const char *exams, *preset, *out, *tree, *schema, *init, *init_us, *init_mg;
    const char *ignore[IGNORE_MAX], *freeze[FREEZE_MAX], *split[PART_COUNT][SPLITS_MAX];
    size_t n_ignore, n_freeze, n_split[PART_COUNT];
    long stage, seed, threads, loaders, epochs;
    double minutes;
    char *cache; /* owned */
    uint64_t cache_bytes;
    bool resume, exact, allow_refused, allow_partial, unmasked, concat, no_validation;
};

enum train_key {
    KEY_STAGE = 0x100,
    KEY_EXAMS,
    KEY_PRESET,
    KEY_OUT,
    KEY_TREE,
    KEY_SCHEMA,
    KEY_INIT,
    KEY_INIT_US,
    KEY_INIT_MG,
    KEY_RESUME,
    KEY_SEED,
    KEY_THREADS,
    KEY_LOADERS,
    KEY_EPOCHS,
    KEY_MINUTES,
    KEY_FREEZE,
    KEY_IGNORE,
    KEY_TRAIN,
    KEY_VALIDATION,
    KEY_NO_VALIDATION,
    KEY_EXACT,
    KEY_REFUSED,
    KEY_PARTIAL,
    KEY_UNMASKED,
    KEY_CONCAT,
    KEY_CACHE
};
static const struct argp_option option_list[] = {
    {.name = "stage", .key = KEY_STAGE, .arg = "us|mg|bmu", .doc = "ultrasound alone, mammography alone, or everything"},
    {.name = "exams", .key = KEY_EXAMS, .arg = "FILE.csv", .doc = "the table of exams, with diagnoses and a column split"},
    {.name = "out", .key = KEY_OUT, .arg = "DIR", .doc = "the run's folder; made if it is not there"},
    {.name = "preset",
     .key = KEY_PRESET,
     .arg = "NAME|FILE.yml",
     .doc = "settings: reference, default, small, or a file (default: default)"},
    {.name = "init-us", .key = KEY_INIT_US, .arg = "FILE", .doc = "stage bmu: begin with the ultrasound towers of this model"},
    {.name = "init-mg", .key = KEY_INIT_MG, .arg = "FILE", .doc = "stage bmu: begin with the mammography tower of this model"},
    {.name = "init", .key = KEY_INIT, .arg = "FILE", .doc = "begin with all of this model (an imported one, or another run's)"},
    {.name = "resume", .key = KEY_RESUME, .doc = "go on with the run in --out, to the bit"},
    {.name = "freeze",
     .key = KEY_FREEZE,
     .arg = "PATTERN",
     .doc = "leave arrays of this name as they are (model1.backbone.*); may be repeated"},
    {.name = "seed", .key = KEY_SEED, .arg = "N", .doc = "of everything that is drawn (default 1)"},
    {.name = "epochs", .key = KEY_EPOCHS, .arg = "N", .doc = "instead of the preset's"},
    {.name = "unmasked", .key = KEY_UNMASKED, .doc = "no random masking, whatever the preset says"},
    {.name = "concat", .key = KEY_CONCAT, .doc = "clinical values beside the pooled features, as published, whatever the preset says"},
    {.name = "tree", .key = KEY_TREE, .arg = "FILE.yml", .doc = "the disease tree (default: share/trees/bmu5.yml)"},
    {.name = "schema", .key = KEY_SCHEMA, .arg = "FILE.yml", .doc = "the clinical schema (default: share/schemas/clinical10.yml)"},
    {.name = "train-split",
     .key = KEY_TRAIN,
     .arg = "NAME",
     .doc = "value of the column split for training (default train); may be repeated"},
    {.name = "validation-split", .key = KEY_VALIDATION, .arg = "NAME", .doc = "... and for validation (default val); may be repeated"},
    {.name = "no-validation",
     .key = KEY_NO_VALIDATION,
     .doc = "no exam judges the epochs: the last one's weights are kept (cross-validation)"},
    {.name = "threads", .key = KEY_THREADS, .arg = "N", .doc = "computing threads (default: one per processor)"},
    {.name = "loaders", .key = KEY_LOADERS, .arg = "N", .doc = "threads that prepare exams ahead (default 2)"},
    {.name = "checkpoint-minutes", .key = KEY_MINUTES, .arg = "N", .doc = "within an epoch (default 10; 0: at its end only)"},
    {.name = "cache", .key = KEY_CACHE, .arg = "DIR[,SIZE]", .doc = "keep prepared images there (default: the run's folder, 64G)"},
    {.name = "allow-refused", .key = KEY_REFUSED, .doc = "leave out exams that cannot be used, and count them"},
    {.name = "allow-partial", .key = KEY_PARTIAL, .doc = "an image that is refused counts as absent"},
    {.name = "ignore-column", .key = KEY_IGNORE, .arg = "NAME", .doc = "leave out this column of the table; may be repeated"},
    {.name = "exact", .key = KEY_EXACT, .doc = "direct convolution only"},
    {0}};

static error_t take_stage(struct options *o, const char *arg, struct argp_state *state) {
    o->stage = stage_from_name(arg);
    return o->stage >= 0 ? 0 : cli_usage(state, "--stage %s: us, mg and bmu are possible", arg);
}

static error_t add(const char **list, size_t *n, size_t max, const char *what, const char *arg, struct argp_state *state) {
    if (*n == max)
        return cli_usage(state, "%s more than %zu times", what, max);
    list[(*n)++] = arg;
    return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    struct options *o = state->input;
    const struct {
        int key;
        const char **text;
    } texts[] = {{KEY_EXAMS, &o->exams},   {KEY_PRESET, &o->preset}, {KEY_OUT, &o->out},         {KEY_TREE, &o->tree},
                 {KEY_SCHEMA, &o->schema}, {KEY_INIT, &o->init},     {KEY_INIT_US, &o->init_us}, {KEY_INIT_MG, &o->init_mg}};
    const struct {
        int key;
        bool *flag;
    } flags[] = {
        {KEY_RESUME, &o->resume},     {KEY_EXACT, &o->exact},   {KEY_REFUSED, &o->allow_refused},      {KEY_PARTIAL, &o->allow_partial},
        {KEY_UNMASKED, &o->unmasked}, {KEY_CONCAT, &o->concat}, {KEY_NO_VALIDATION, &o->no_validation}};
    const struct {
        int key;
        long *number, min, max;
        const char *name;
    } numbers[] = {{KEY_SEED, &o->seed, 0, 1L << 53, "--seed"},
                   {KEY_THREADS, &o->threads, 1, 1024, "--threads"},
                   {KEY_LOADERS, &o->loaders, 1, 64, "--loaders"},
                   {KEY_EPOCHS, &o->epochs, 1, 100000, "--epochs"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].key == key) {
            *texts[i].text = arg;
            return 0;
        }
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (flags[i].key == key) {
            *flags[i].flag = true;
            return 0;
        }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i].key == key)
            return cli_take_number(numbers[i].number, arg, numbers[i].min, numbers[i].max, numbers[i].name, state);
    switch (key) {
    case KEY_STAGE:
        return take_stage(o, arg, state);
    case KEY_MINUTES:
        return cli_take_real(&o->minutes, arg, 0, 100000, "--checkpoint-minutes", state);
    case KEY_CACHE:
        return cli_take_cache(&o->cache, &o->cache_bytes, arg, state);
    case KEY_FREEZE:
        return add(o->freeze, &o->n_freeze, FREEZE_MAX, "--freeze", arg, state);
    case KEY_TRAIN:
        return add(o->split[PART_TRAIN], &o->n_split[PART_TRAIN], SPLITS_MAX, "--train-split", arg, state);
    case KEY_VALIDATION:
        return add(o->split[PART_VALIDATION], &o->n_split[PART_VALIDATION], SPLITS_MAX, "--validation-split", arg, state);
    case KEY_IGNORE:
        return add(o->ignore, &o->n_ignore, IGNORE_MAX, "--ignore-column", arg, state);
    case ARGP_KEY_END:
        if (o->stage < 0 || !o->exams || !o->out)
            return cli_usage(state, "--stage, --exams and --out are needed");
        if (o->no_validation && o->n_split[PART_VALIDATION])
            return cli_usage(state, "--no-validation and --validation-split contradict each other");
        if (o->init && (o->init_us || o->init_mg))
            return cli_usage(state, "--init takes everything from one model; --init-us and --init-mg would not be used");
        if (o->init && o->concat)
            return cli_usage(state, "--init takes the network as it is; --concat would not be used");
        return (o->init_us || o->init_mg) && o->stage != STAGE_BMU ? cli_usage(state, "--init-us and --init-mg belong to stage bmu") : 0;
    default:
        return cli_default(key, state);
    }
}

static const struct argp argp = {
    .options = option_list,
    .parser = parse_option,
    .doc =
        "Train one stage. The folder --out gets best.safetensors (a model for predict), last.safetensors, log.jsonl, curves.svg, card.md "
        "and checkpoints.\v"
        "SIGTERM, SIGINT and SIGUSR1 finish the step under way, save, and end with 75; --resume goes on from there, to the bit.\n"
        "Exit status: 0 done; 75 stopped and saved; 1 an error (what was saved stays)."};

/* --- what a person sees ------------------------------------------------------------------------------------------------------------- */

struct view {
    const struct options *o;
    struct progress bar;
    double drawn;
    bool terminal, looking;
};

static void end_bar(struct view *v) {
    if (v->looking)
        progress_finish(&v->bar);
    v->looking = false;
}

static void show_looking(struct view *v, long done, long total) {
    if (!v->looking)
        progress_start(&v->bar, stderr, "looking through exams", total);
    v->looking = true;
    progress_update(&v->bar, done);
}

static void show_cohort(const struct view *v, const struct session_event *event) {
    const struct part_counts *c = event->cohort->counts;
    printf("%u training exams of %u patients, ", c[0].exams, c[0].patients);
    if (event->cohort->names[PART_VALIDATION].n)
        printf("%u validation exams of %u", c[1].exams, c[1].patients);
    else
        printf("no validation exams");
    const uint32_t out = c[0].unlabelled + c[1].unlabelled + c[0].no_view + c[1].no_view + c[0].refused + c[1].refused;
    if (out)
        printf("; left out: %u without a diagnosis, %u without an image of stage %s, %u refused", c[0].unlabelled + c[1].unlabelled,
               c[0].no_view + c[1].no_view, stage_name((enum stage)v->o->stage), c[0].refused + c[1].refused);
    printf("\n");
    for (unsigned k = 0; k < KIND_COUNT; k++)
        if (event->unlearnt >> k & 1U)
            printf("no training exam shows %s: the model will refuse such images, and validation does without them\n",
                   slot_kind_title((enum kind)k));
    for (size_t k = 0; k < event->tree->n_leaves; k++)
        if (c[0].leaf[k] == 0)
            printf("no training exam is %s: that tier will not be learnt\n", event->tree->nodes[event->tree->leaves[k]].name);
}

static void show_begun(const struct run_result *r) {
    const struct start_report *s = &r->start;
    if (r->resumed)
        printf("going on in epoch %u, after %u of its exams\n", r->resumed_epoch + 1, r->resumed_position);
    else
        printf("begins with %zu arrays afresh, %zu of --init, %zu of --init-us, %zu of --init-mg\n", s->fresh, s->from_init, s->from_us,
               s->from_mg);
    fflush(stdout);
}

static void show_step(struct view *v, const struct run_progress *p) {
    const double now = clock_seconds();
    if (!v->terminal || (now - v->drawn < 0.2 && p->exams < p->of_exams))
        return;
    v->drawn = now;
    fprintf(stderr, "\r\033[Kepoch %u/%u  %u/%u exams  loss %.4f", p->epoch + 1, p->epochs, p->exams, p->of_exams, p->loss);
    if (!isnan(p->auc))
        fprintf(stderr, "  AUC %.3f", p->auc);
    if (!isnan(p->images_per_second))
        fprintf(stderr, "  %.1f images/s", p->images_per_second);
    if (!isnan(p->seconds_left))
        fprintf(stderr, "  %ld:%02ld:%02ld left", (long)p->seconds_left / 3600, (long)p->seconds_left / 60 % 60,
                (long)p->seconds_left % 60);
    fflush(stderr);
}

static void show_epoch(const struct view *v, const struct epoch_record *r) {
    if (v->terminal)
        fprintf(stderr, "\r\033[K");
    if (r->scores.exams == 0)
        printf("epoch %3u  loss %.4f  %.1f images/s  waited %.1f %%\n", r->epoch + 1, r->loss,
               r->seconds > 0 ? (double)r->images / r->seconds : 0, r->seconds > 0 ? 100 * r->waited / r->seconds : 0);
    else
        printf("epoch %3u  loss %.4f  validation loss %.4f  AUC %.4f  tiers %.4f  accuracy %.3f / %.3f  %.1f images/s  waited %.1f %%%s\n",
               r->epoch + 1, r->loss, r->scores.loss, r->scores.auc, r->scores.macro_auc, r->scores.class_accuracy, r->scores.tier_accuracy,
               r->seconds > 0 ? (double)r->images / r->seconds : 0, r->seconds > 0 ? 100 * r->waited / r->seconds : 0,
               r->best ? "  best" : "");
    fflush(stdout);
}

static void show_done(const struct view *v, const struct session_event *event) {
    const struct run_result *r = event->result;
    if (event->cohort->n[PART_VALIDATION] == 0)
        printf("kept: epoch %u, the last; no exam judged the epochs; %s/best.safetensors\n", r->best_epoch + 1, v->o->out);
    else
        printf("best: epoch %u, %s %.4f%s; %s/best.safetensors\n", r->best_epoch + 1, metric_name(event->metric),
               event->metric == METRIC_LOSS ? -r->best : r->best, r->stopped_early ? " (stopped early)" : "", v->o->out);
}

static void show(void *ctx, const struct session_event *event) {
    struct view *v = ctx;
    if (event->kind != SESSION_LOOKING)
        end_bar(v);
    switch (event->kind) {
    case SESSION_LOOKING:
        show_looking(v, event->done, event->total);
        return;
    case SESSION_REMARK:
        cli_warn("%s", event->text);
        return;
    case SESSION_COHORT:
        show_cohort(v, event);
        return;
    case SESSION_BEGUN:
        show_begun(event->result);
        return;
    case SESSION_STEP:
        show_step(v, event->progress);
        return;
    case SESSION_EPOCH:
        show_epoch(v, event->epoch);
        return;
    case SESSION_DONE:
        show_done(v, event);
        return;
    }
}

/* --- the run --- */

/* Files that were not named are those of our share folder. */
struct found {
    char *preset, *tree, *schema, *vendors;
};

static int find_files(struct found *f, const struct options *o, struct err *e) {
    const char *name = o->preset ? o->preset : "default"; /* a name of share/presets, or a path */
    char preset[128];
    snprintf(preset, sizeof preset, "presets/%.100s.yml", name);
    int rc = strchr(name, '/') || strstr(name, ".yml") ? 0 : cli_share(&f->preset, preset, e);
    if (!rc && !o->tree)
        rc = cli_share(&f->tree, "trees/bmu5.yml", e);
    if (!rc && !o->schema)
        rc = cli_share(&f->schema, "schemas/clinical10.yml", e);
    if (!rc)
        cli_share(&f->vendors, "vendors", NULL); /* whether they are needed, the session knows */
    return rc;
}

static int run(struct view *v, struct err *e) {
    const struct options *o = v->o;
    struct found f = {0};
    int rc = find_files(&f, o, e);
    if (!rc)
        rc = train_session(&(struct session_options){.stage = (enum stage)o->stage,
                                                     .folder = o->out,
                                                     .exams = o->exams,
                                                     .preset = f.preset ? f.preset : o->preset,
                                                     .tree = f.tree ? f.tree : o->tree,
                                                     .schema = f.schema ? f.schema : o->schema,
                                                     .vendors = f.vendors,
                                                     .init = o->init,
                                                     .init_us = o->init_us,
                                                     .init_mg = o->init_mg,
                                                     .ignore_columns = o->ignore,
                                                     .n_ignore_columns = o->n_ignore,
                                                     .freeze = o->freeze,
                                                     .n_freeze = o->n_freeze,
                                                     .names = {{o->split[PART_TRAIN], o->n_split[PART_TRAIN]},
                                                               {o->split[PART_VALIDATION], o->n_split[PART_VALIDATION]}},
                                                     .no_validation = o->no_validation,
                                                     .epochs = (int)o->epochs,
                                                     .unmasked = o->unmasked,
                                                     .concat = o->concat,
                                                     .seed = (uint64_t)o->seed,
                                                     .loader_threads = (int)o->loaders,
                                                     .cache = o->cache,
                                                     .cache_bytes = o->cache_bytes,
                                                     .checkpoint_seconds = 60 * o->minutes,
                                                     .resume = o->resume,
                                                     .exact = o->exact,
                                                     .allow_refused = o->allow_refused,
                                                     .allow_partial = o->allow_partial,
                                                     .code_version = BMUNET_CODE,
                                                     .stop = cli_stop(),
                                                     .event = show,
                                                     .ctx = v},
                           e);
    end_bar(v);
    free(f.preset);
    free(f.tree);
    free(f.schema);
    free(f.vendors);
    return rc;
}

int cmd_train(int argc, char **argv) {
    struct options o = {.stage = -1, .seed = 1, .minutes = 10, .cache_bytes = 64ULL << 30};
    struct err e = {0};
    int status = cli_parse(&argp, "train", argc, argv, &o);
    if (status >= 0)
        return status;
    if (o.threads)
        pool_set_threads((int)o.threads);
    struct view v = {.o = &o, .terminal = isatty(STDERR_FILENO)};
    cli_catch(SIGINT);
    cli_catch(SIGTERM);
    cli_catch(SIGUSR1);
    const int rc = run(&v, &e);
    free(o.cache);
    if (v.terminal)
        fprintf(stderr, "\r\033[K");
    return rc ? cli_fail(&e) : cli_finish(EXIT_OK);
}
