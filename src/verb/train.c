/* bmunet train: one stage of training. Floor 10. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/pool.h"
#include "base/progress.h"
#include "base/version.h"
#include "cli/cli.h"
#include "train/session.h"
#include "verb/verbs.h"

enum { FREEZE_MAX = 64, SPLITS_MAX = 64 };

struct options {
    const char *exams, *preset, *out, *tree, *schema, *init, *init_us, *init_mg, *init_patch, *marks;
    struct texts ignore, freeze, split[PART_COUNT];
    int stage;
    long seed, threads, loaders, epochs;
    double minutes;
    struct cache_place cache;
    bool resume, exact, allow_refused, allow_partial, trust_table, unmasked, concat, no_validation;
};

static const struct option option_list[] = {
    {OPTION_CHOICE("stage", "us|mg|bmu|patch-mg|patch-us", struct options, stage,
                   "ultrasound alone, mammography alone, or everything; patch-mg, patch-us: parts of their pictures, from marks"),
     .required = true},
    {OPTION_EXAMS(struct options), .required = true},
    {OPTION_OUT(struct options, "DIR", "the run's folder; made if it does not exist"), .required = true},
    {OPTION_TEXT("preset", "NAME|FILE.yml", struct options, preset,
                 "settings: reference, default, small, or a file (default: default); see bmunet-preset(5)")},
    {OPTION_TEXT("init-us", "FILE", struct options, init_us, "stage bmu: start with the ultrasound towers of this model")},
    {OPTION_TEXT("init-mg", "FILE", struct options, init_mg, "stage bmu: start with the mammography tower of this model")},
    {OPTION_TEXT("init-patch", "FILE", struct options, init_patch, "start with the towers that a patch stage has trained")},
    {OPTION_TEXT("marks", "FILE.csv", struct options, marks, "where lesions lie (docs/FORMATS.md), for presets with evidence maps")},
    {OPTION_TEXT("init", "FILE", struct options, init, "start with all of this model (an imported one, or another run's)")},
    {OPTION_FLAG("resume", struct options, resume, "continue the run in --out, bit for bit")},
    {OPTION_LIST("freeze", "PATTERN", struct options, freeze, FREEZE_MAX,
                 "do not train arrays of this name, as in model1.backbone.*; may be repeated")},
    {OPTION_SEED(struct options)},
    {OPTION_INTEGER("epochs", "N", struct options, epochs, 1, 100000, "number of epochs, instead of the preset's")},
    {OPTION_FLAG("unmasked", struct options, unmasked, "no random masking, whatever the preset says")},
    {OPTION_FLAG("concat", struct options, concat, "clinical values beside the pooled features, as published, whatever the preset says")},
    {OPTION_TREE(struct options)},
    {OPTION_SCHEMA(struct options)},
    {OPTION_LIST("train-split", "NAME", struct options, split[PART_TRAIN], SPLITS_MAX,
                 "value of the column split for training (default train); may be repeated")},
    {OPTION_LIST("validation-split", "NAME", struct options, split[PART_VALIDATION], SPLITS_MAX,
                 "value of the column split for validation (default val); may be repeated")},
    {OPTION_FLAG("no-validation", struct options, no_validation, "no validation: keep the last epoch's weights (cross-validation)")},
    {OPTION_THREADS(struct options)},
    {OPTION_INTEGER("loaders", "N", struct options, loaders, 1, 64, "threads that prepare exams ahead (default 2)")},
    {OPTION_REAL("checkpoint-minutes", "N", struct options, minutes, 0, 100000,
                 "time between checkpoints within an epoch (default 10; 0: at its end only)")},
    {OPTION_CACHE(struct options, "keep prepared images in this folder (default: the run's folder; SIZE 64G)")},
    {OPTION_FLAG("allow-refused", struct options, allow_refused, "leave out exams that cannot be used, and count them")},
    {OPTION_PARTIAL(struct options, allow_partial)},
    {OPTION_TRUST(struct options, trust_table)},
    {OPTION_IGNORE(struct options)},
    {OPTION_EXACT(struct options, exact)},
    {0}};
_Static_assert(STAGE_US == 0 && STAGE_MG == 1 && STAGE_BMU == 2 && STAGE_PATCH_MG == 3 && STAGE_PATCH_US == 4, "positions in --stage");

static int check_options(const void *options, struct err *e) {
    const struct options *o = options;
    if (o->no_validation && o->split[PART_VALIDATION].n)
        return err_set(e, ERR_USAGE, "--no-validation excludes --validation-split");
    if (o->init && (o->init_us || o->init_mg))
        return err_set(e, ERR_USAGE, "--init excludes --init-us and --init-mg: it takes everything from one model");
    if (o->init_patch && (o->init || o->stage >= STAGE_PATCH_MG))
        return err_set(e, ERR_USAGE, "--init-patch is for the stages us, mg and bmu, and excludes --init");
    if (o->init && o->concat)
        return err_set(e, ERR_USAGE, "--init excludes --concat: it takes the network as it is");
    return (o->init_us || o->init_mg) && o->stage != STAGE_BMU ? err_set(e, ERR_USAGE, "--init-us and --init-mg require --stage bmu") : 0;
}

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
    if (c[0].marked)
        printf("marks: %u lesions in %u training pictures; nothing is known of where in %u training exams\n", c[0].lesions, c[0].marked,
               c[0].unmarked);
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
        printf("resuming in epoch %u, after %u of its exams\n", r->resumed_epoch + 1, r->resumed_position);
    else
        printf("starting with %zu new arrays, %zu from --init, %zu from --init-us, %zu from --init-mg", s->fresh, s->from_init, s->from_us,
               s->from_mg);
    if (!r->resumed)
        printf(s->from_patch ? ", %zu from --init-patch\n" : "\n", s->from_patch);
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
                                                     .init_patch = o->init_patch,
                                                     .marks = o->marks,
                                                     .ignore_columns = o->ignore.item,
                                                     .n_ignore_columns = o->ignore.n,
                                                     .freeze = o->freeze.item,
                                                     .n_freeze = o->freeze.n,
                                                     .names = {{o->split[PART_TRAIN].item, o->split[PART_TRAIN].n},
                                                               {o->split[PART_VALIDATION].item, o->split[PART_VALIDATION].n}},
                                                     .no_validation = o->no_validation,
                                                     .epochs = (int)o->epochs,
                                                     .unmasked = o->unmasked,
                                                     .concat = o->concat,
                                                     .seed = (uint64_t)o->seed,
                                                     .loader_threads = (int)o->loaders,
                                                     .cache = o->cache.folder[0] ? o->cache.folder : NULL,
                                                     .cache_bytes = o->cache.bytes,
                                                     .checkpoint_seconds = 60 * o->minutes,
                                                     .resume = o->resume,
                                                     .exact = o->exact,
                                                     .allow_refused = o->allow_refused,
                                                     .allow_partial = o->allow_partial,
                                                     .trust_table = o->trust_table,
                                                     .code_version = BMUNET_CODE,
                                                     .stop = cli_stop(),
                                                     .event = show,
                                                     .ctx = v},
                           e);
    end_bar(v);
    mem_free(f.preset);
    mem_free(f.tree);
    mem_free(f.schema);
    mem_free(f.vendors);
    return rc;
}

static int run_command(void *options) {
    const struct options *o = options;
    struct err e = {0};
    if (o->threads)
        pool_set_threads((int)o->threads);
    struct view v = {.o = o, .terminal = isatty(STDERR_FILENO)};
    cli_catch(SIGINT);
    cli_catch(SIGTERM);
    cli_catch(SIGUSR1);
    const int rc = run(&v, &e);
    if (v.terminal)
        fprintf(stderr, "\r\033[K");
    return rc ? cli_fail(&e) : cli_finish(EXIT_OK);
}

static const struct options defaults = {.seed = 1, .minutes = 10, .cache = {.bytes = 64ULL << 30}};
const struct command command_train = {
    .name = "train",
    .summary = "train one stage of a network",
    .about =
        "Train one stage. The folder --out gets best.safetensors (a model for predict), last.safetensors, log.jsonl, curves.svg, card.md "
        "and checkpoints.",
    .notes = "SIGTERM, SIGINT and SIGUSR1 finish the current step, save, and end the run; --resume continues it from there, bit for bit.",
    .options = option_list,
    .size = sizeof(struct options),
    .defaults = &defaults,
    .check = check_options,
    .run = run_command};
