/* A training run. Floor 8.
 *
 * All that a step depends on is in struct run_state, the learner's blocks and the average: a checkpoint of these three is the run. Time is
 * looked at for showing and for deciding when to write a checkpoint, never for what is computed. */
#include "train/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/progress.h"
#include "file/io.h"
#include "model/config.h"
#include "model/save.h"
#include "nn/schedule.h"
#include "train/card.h"
#include "train/checkpoint.h"
#include "train/validate.h"

enum { PATH_ROOM = 4096 };

struct run {
    const struct run_options *o;
    struct run_result *result;
    struct learner *learner;
    struct loader *training, *validation;
    struct run_state state;
    float *average;   /* [parameters->n], or NULL */
    int64_t *batches; /* [keys->n]: batch-norm's counters while the averaged weights are looked at */
    uint32_t *order;  /* [n_train] of this epoch */
    uint16_t *classes;
    struct learner_exam *exams; /* [part] */
    const struct train_item **items;
    struct schedule schedule;
    uint32_t n, epochs, steps_per_epoch;
    double epoch_started, checkpointed, run_started, exams_this_run; /* for showing */
    double waited, trained;                                          /* seconds of this epoch, this sitting */
    struct {
        bool any;
        uint32_t epoch, position;
    } saved; /* where the newest checkpoint goes on */
};

static int path_in(char out[PATH_ROOM], const struct run *r, const char *name, struct err *e) {
    const int n = snprintf(out, PATH_ROOM, "%s/%s", r->o->folder, name);
    return n > 0 && n < PATH_ROOM ? 0 : err_set(e, ERR_LIMIT, "%s: the path is too long", r->o->folder);
}

/* --- getting ready --------------------------------------------------------------------------------------------------------------- */

/* What the bits depend on: a checkpoint of anything else is refused. */
static int identify(struct run *r, struct err *e) {
    struct buf text;
    struct sha256 h;
    const uint64_t numbers[] = {(uint64_t)r->o->start->stage, r->o->seed, (uint64_t)pool_threads(), r->o->exact};
    buf_init(&text);
    int rc = json_text(&text, settings_to_json(r->o->settings), e);
    if (rc == 0) {
        sha256_init(&h);
        sha256_update(&h, text.data, text.size);
        sha256_update(&h, numbers, sizeof numbers);
        sha256_update(&h, r->o->cohort->data_sha256, SHA256_SIZE);
        sha256_update(&h, r->o->cohort->prepared_sha256, SHA256_SIZE);
        sha256_update(&h, learner_facts(r->learner)->sha256, SHA256_SIZE);
        for (size_t i = 0; i < r->o->n_freeze; i++)
            sha256_update(&h, r->o->freeze[i], strlen(r->o->freeze[i]) + 1);
        sha256_final(&h, r->state.identity);
    }
    buf_release(&text);
    return rc;
}

/* A tree that was edited between would change the loss under way, and the meaning of what is saved. */
static int same_tree(const struct run *r, struct err *e) {
    const struct tree *began = learner_facts(r->learner)->tree;
    return tree_same(began, r->o->tree)
               ? 0
               : err_set(e, ERR_CHECKPOINT, "%s: the run there began with another disease tree, %s, than is given now, %s", r->o->folder,
                         began->name, r->o->tree->name);
}

/* Models named again when a run is resumed have to be those that the run began with: the start is made once more beside it and compared. */
static int same_start(struct run *r, const char *path, struct err *e) {
    char again[PATH_ROOM];
    const struct start *s = r->o->start;
    struct archive *a = NULL, *b = NULL;
    uint8_t old[SHA256_SIZE], new[SHA256_SIZE];
    int rc = path_in(again, r, "start-again.safetensors", e);
    if (rc)
        return rc;
    unlink(again); /* of one that was killed here */
    if (!s->init && !s->init_us && !s->init_mg && !s->init_patch)
        return 0;
    if ((rc = start_write(again, s, &r->result->start, e)))
        return rc;
    if ((rc = safetensors_open(&a, path, e)) == 0 && (rc = safetensors_open(&b, again, e)) == 0 && (rc = archive_sha256(a, old, e)) == 0 &&
        (rc = archive_sha256(b, new, e)) == 0 && memcmp(old, new, sizeof old) != 0)
        rc = err_set(e, ERR_CHECKPOINT, "%s: the run there began with other settings, exams, seed or initial models than are given now",
                     r->o->folder);
    archive_close(a);
    archive_close(b);
    unlink(again);
    return rc;
}

static int begin_file(struct run *r, struct err *e) {
    char path[PATH_ROOM], other[PATH_ROOM];
    int rc = path_in(path, r, "start.safetensors", e);
    if (rc == 0)
        rc = path_in(other, r, "checkpoint-1.safetensors", e);
    if (rc)
        return rc;
    if (!r->o->resume && (access(path, F_OK) == 0 || access(other, F_OK) == 0))
        return err_set(e, ERR_USAGE, "%s already holds a run; resume it or choose another folder", r->o->folder);
    if (access(path, F_OK) != 0 || access(other, F_OK) != 0) /* no step has been kept: the start is written again, to the same bytes */
        rc = start_write(path, r->o->start, &r->result->start, e);
    else
        rc = same_start(r, path, e);
    const struct learner_options how = {
        .precision = r->o->settings->precision,
        .exact = r->o->exact,
        .seed = r->o->seed,
        .dropout_block = r->o->settings->dropout_block,
        .dropout_head = r->o->settings->dropout_head,
        .evidence = {r->o->settings->evidence_weight[EVIDENCE_LAST], r->o->settings->evidence_weight[EVIDENCE_THIRD]}};
    if (rc == 0)
        rc = learner_open(&r->learner, path, &how, e);
    return rc ? rc : same_tree(r, e);
}

static int open_loaders(struct run *r, struct err *e) {
    const struct train_settings *s = r->o->settings;
    struct loader_options o = {.prep = r->o->prep,
                               .schema = learner_facts(r->learner)->schema,
                               .clinical = r->o->start->stage == STAGE_BMU,
                               .black = s->variant == VARIANT_REFERENCE,
                               .network = learner_config(r->learner),
                               .patch = stage_is_patch(r->o->start->stage) ? &s->patch : NULL,
                               .seed = r->o->seed,
                               .threads = r->o->loader_threads,
                               .ahead = 2};
    int rc = loader_open(&r->validation, &o, e);
    o.mask = &s->mask;
    o.augment = &s->augment;
    o.ahead = 2 * s->part + r->o->loader_threads; /* a part is in use while the next one is made ready */
    return rc ? rc : loader_open(&r->training, &o, e);
}

static int buffers(struct run *r, struct err *e) {
    const struct parameters *p = learner_parameters(r->learner);
    r->order = mem_alloc(r->n, sizeof *r->order, e);
    r->classes = mem_alloc(r->n, sizeof *r->classes, e);
    r->exams = mem_alloc((size_t)r->o->settings->part, sizeof *r->exams, e);
    r->items = mem_alloc((size_t)r->o->settings->part, sizeof *r->items, e);
    r->batches = mem_alloc(p->keys->n, sizeof *r->batches, e);
    if (r->o->settings->average > 0 && !(r->average = mem_alloc_aligned(p->n, sizeof *r->average, e)))
        return ERR_NO_MEMORY;
    if (!r->order || !r->classes || !r->exams || !r->items || !r->batches)
        return ERR_NO_MEMORY;
    if (r->average)
        memcpy(r->average, p->values, p->n * sizeof *r->average);
    for (uint32_t i = 0; i < r->n; i++)
        r->classes[i] = r->o->cohort->items[PART_TRAIN][i].class_number;
    return 0;
}

/* Are there exams that judge the epochs? */
static bool validates(const struct run *r) {
    return r->o->cohort->n[PART_VALIDATION] > 0;
}

/* --- saving ------------------------------------------------------------------------------------------------------------------------- */

static void note_saved(struct run *r) {
    r->saved.any = true;
    r->saved.epoch = r->state.epoch;
    r->saved.position = r->state.position;
}

static int save_checkpoint(struct run *r, struct err *e) {
    r->checkpointed = clock_seconds();
    const int rc = checkpoint_write(r->o->folder, &r->state, r->learner, r->average, e);
    if (rc == 0)
        note_saved(r);
    return rc;
}

static void refer(struct run *r) { /* the result's view of the state, for the card */
    r->result->history = r->state.history;
    r->result->best = r->state.best;
    r->result->best_epoch = r->state.best_epoch;
}

/* The learner's present numbers as a model file. */
static int save_model(struct run *r, const char *name, struct err *e) {
    char path[PATH_ROOM];
    struct buf card, provenance;
    const struct model_facts *f = learner_facts(r->learner);
    const struct parameters *p = learner_parameters(r->learner);
    buf_init(&card);
    buf_init(&provenance);
    refer(r);
    int rc = path_in(path, r, name, e);
    if (rc == 0 && (rc = card_write(&card, r->o, r->result, e)) == 0)
        rc = json_text(&provenance, card_provenance(r->o, r->result), e);
    if (rc == 0) {
        const char *const more[][2] = {{"bmunet.training", provenance.data}, {"bmunet.card", card.data}};
        const struct model_file out = {.config = &f->config,
                                       .schema = f->schema,
                                       .clinical_mean = f->clinical_mean,
                                       .clinical_std = f->clinical_std,
                                       .tree = r->o->tree,
                                       .more = more,
                                       .n_more = 2};
        rc = model_write(path, &out, p->arrays, p->keys->n, e);
    }
    buf_release(&card);
    buf_release(&provenance);
    return rc;
}

static int save_text(struct run *r, struct err *e) {
    char path[PATH_ROOM], title[128];
    struct buf card;
    buf_init(&card);
    refer(r);
    snprintf(title, sizeof title, "stage %s, preset %s", stage_name(r->o->start->stage), r->o->settings->name);
    int rc = path_in(path, r, "log.jsonl", e);
    if (rc == 0 && (rc = history_write_log(&r->state.history, path, e)) == 0 && (rc = path_in(path, r, "curves.svg", e)) == 0)
        rc = history_write_curves(&r->state.history, title, r->o->tree->nodes[r->o->tree->positive].name, path, e);
    if (rc == 0 && (rc = card_write(&card, r->o, r->result, e)) == 0 && (rc = path_in(path, r, "card.md", e)) == 0)
        rc = replace_whole(path, card.data, card.size, e);
    buf_release(&card);
    return rc;
}

/* --- beginning, or going on --------------------------------------------------------------------------------------------------------------
 */

static int get_ready(struct run *r, struct err *e) {
    const struct train_settings *s = r->o->settings;
    if (!validates(r) && s->patience > 0)
        return err_set(e, ERR_CONFIG,
                       "stop.patience is %d, and there are no validation exams to stop by; set it to 0 in a copy of the preset",
                       s->patience);
    r->n = r->o->cohort->n[PART_TRAIN];
    if (s->epochs[r->o->start->stage] == 0)
        return err_set(e, ERR_CONFIG, "the preset %s has no number of epochs for stage %s", s->name, stage_name(r->o->start->stage));
    r->epochs = (uint32_t)s->epochs[r->o->start->stage];
    r->steps_per_epoch = (r->n + (uint32_t)s->batch - 1) / (uint32_t)s->batch;
    r->schedule = (struct schedule){.kind = SCHEDULE_COSINE,
                                    .base = s->rate,
                                    .total = (uint64_t)r->epochs * r->steps_per_epoch,
                                    .warmup = (uint64_t)s->warmup * r->steps_per_epoch};
    r->state.best = (double)NAN;
    replace_sweep(r->o->folder); /* a killed run's half files may be what fills the disk */
    int rc = schedule_check(&r->schedule, e);
    if (rc == 0 && (rc = begin_file(r, e)) == 0 &&
        (rc = learner_optimise(r->learner, &s->optimiser, s->decay_all, r->o->freeze, r->o->n_freeze, e)) == 0 &&
        (rc = identify(r, e)) == 0 && (rc = buffers(r, e)) == 0)
        rc = open_loaders(r, e);
    if (rc == 0)
        rc = checkpoint_read(&r->result->resumed, r->o->folder, &r->state, r->learner, r->average, e);
    if (rc == 0 && r->result->resumed)
        note_saved(r);
    if (rc == 0 && r->state.history.n) /* they follow the checkpoint: whatever stopped the run between the two */
        rc = save_text(r, e);
    r->result->resumed_epoch = r->state.epoch;
    r->result->resumed_position = r->state.position;
    return rc;
}

/* --- the average of the weights ----------------------------------------------------------------------------------------------------- */

/* In the first steps the decay is smaller, so that the start is forgotten: min(decay, (1 + step) / (10 + step)). */
static void move_average(struct run *r) {
    const struct parameters *p = learner_parameters(r->learner);
    if (!r->average)
        return;
    const double step = (double)r->state.step, d = fmin(r->o->settings->average, (1 + step) / (10 + step));
    const float keep = (float)d, add = (float)(1 - d);
    for (size_t i = 0; i < p->n; i++)
        r->average[i] = keep * r->average[i] + add * p->values[i];
}

/* The parameters and their average change places: the averaged ones are judged and saved, then training goes on with its own. */
static void swap_average(struct run *r) {
    struct parameters *p = learner_parameters(r->learner);
    for (size_t i = 0; r->average && i < p->n; i++) {
        const float kept = p->values[i];
        p->values[i] = r->average[i];
        r->average[i] = kept;
    }
}

/* Batch-norm's running statistics belong to the learner's own weights: for the averaged ones they are estimated anew over some parts of
 * the epoch. */
static int renew_statistics(struct run *r, struct err *e) {
    const struct train_settings *s = r->o->settings;
    int got = 0, rc = loader_start(r->training, r->o->cohort->items[PART_TRAIN], r->order, r->n, 0, r->state.epoch, e);
    for (int i = 0; i < s->average_parts && rc == 0; i++) {
        rc = loader_next(r->training, r->exams, r->items, s->part, &got, e);
        if (rc || got == 0)
            break;
        rc = learner_statistics(r->learner, r->exams, got, e);
        if (rc == ERR_BATCH_TOO_SMALL)
            rc = 0; /* a last part of one exam */
    }
    return rc;
}

/* --- steps ---------------------------------------------------------------------------------------------------------------------------- */

static int make_order(struct run *r, struct err *e) {
    return sampler_order(r->order, r->o->settings->sampler, r->classes, r->n, r->o->seed, r->state.epoch, e);
}

static bool stopped(const struct run *r) {
    return r->o->stop && *r->o->stop;
}

static void show(struct run *r) {
    const double now = clock_seconds(), spent = now - r->run_started;
    const double left = (double)(r->epochs - r->state.epoch) * r->n - r->state.position;
    const struct history *h = &r->state.history;
    const struct run_progress p = {.epoch = r->state.epoch,
                                   .epochs = r->epochs,
                                   .exams = r->state.position,
                                   .of_exams = r->n,
                                   .loss = r->state.epoch_steps ? r->state.loss_sum / r->state.epoch_steps : (double)NAN,
                                   .images_per_second = r->trained > 0 ? (double)r->state.images / r->trained : (double)NAN,
                                   .seconds_left = r->exams_this_run > 0 ? spent / r->exams_this_run * left : (double)NAN,
                                   .auc = h->n ? h->epochs[h->n - 1].scores.auc : (double)NAN};
    if (r->o->progress)
        r->o->progress(r->o->ctx, &p);
}

/* The labels of a whole batch are known before its images are: what its parts' losses are divided by. */
static int batch_weights(double out[LOSS_LEVELS_MAX], struct run *r, uint32_t n, struct err *e) {
    struct loss_label *labels = mem_alloc(n, sizeof *labels, e);
    if (!labels)
        return ERR_NO_MEMORY;
    for (uint32_t i = 0; i < n; i++)
        labels[i] = loader_label(r->training, &r->o->cohort->items[PART_TRAIN][r->order[r->state.position + i]], r->state.epoch);
    loss_weights(out, r->o->loss, labels, n);
    mem_free(labels);
    return 0;
}

static uint64_t count_images(const struct learner_exam *exams, int n) {
    uint64_t images = 0;
    for (int i = 0; i < n; i++)
        for (int s = 0; s < SLOT_COUNT; s++)
            images += exams[i].view[s] != NULL;
    return images;
}

/* Gradients of n exams in parts; *loss is the batch's. */
static int gradients(struct run *r, uint32_t n, double *loss, uint64_t *images, struct err *e) {
    const struct train_settings *s = r->o->settings;
    double weights[LOSS_LEVELS_MAX];
    struct learner_part part = {.count = (int)((n + (uint32_t)s->part - 1) / (uint32_t)s->part), .weights = weights};
    int rc = batch_weights(weights, r, n, e);
    uint32_t done = 0;
    *loss = 0;
    for (; part.index < part.count && rc == 0; part.index++) {
        struct loss_value value;
        int got = 0;
        const uint32_t want = n - done < (uint32_t)s->part ? n - done : (uint32_t)s->part;
        if ((rc = loader_next(r->training, r->exams, r->items, (int)want, &got, e)))
            break;
        rc = learner_accumulate(r->learner, r->exams, got, &part, r->o->loss, r->state.step, &value, NULL, e);
        *loss += rc ? 0 : value.total;
        *images += count_images(r->exams, got);
        done += (uint32_t)got;
    }
    if (rc)
        learner_abandon(r->learner); /* what is saved now is the run after the last whole step */
    return rc;
}

static int make_step(struct run *r, struct err *e) {
    const struct train_settings *s = r->o->settings;
    const uint32_t left = r->n - r->state.position, n = left < (uint32_t)s->batch ? left : (uint32_t)s->batch;
    const struct learner_update u = {.rate = schedule_rate(&r->schedule, r->state.step), .clip = s->clip};
    double loss, norm;
    uint64_t images = 0;
    int rc = gradients(r, n, &loss, &images, e);
    if (rc == 0)
        rc = learner_step(r->learner, &u, &norm, e);
    if (rc)
        return rc;
    r->state.position += n;
    r->state.step++;
    r->state.epoch_steps++;
    r->state.images += images;
    r->state.loss_sum += loss;
    r->state.norm_sum += norm;
    r->state.rate = u.rate;
    r->exams_this_run += n;
    move_average(r);
    return 0;
}

/* What is left of the epoch under way. */
static int train_epoch(struct run *r, struct err *e) {
    int rc = make_order(r, e);
    if (rc == 0)
        rc = loader_start(r->training, r->o->cohort->items[PART_TRAIN], r->order, r->n, r->state.position, r->state.epoch, e);
    r->epoch_started = clock_seconds();
    while (rc == 0 && r->state.position < r->n) {
        if (stopped(r))
            return err_set(e, ERR_INTERRUPTED, "stopped by a signal");
        rc = make_step(r, e);
        r->trained = clock_seconds() - r->epoch_started;
        r->waited = loader_waited(r->training);
        if (rc == 0)
            show(r);
        if (rc == 0 && r->o->checkpoint_seconds > 0 && r->state.position < r->n &&
            clock_seconds() - r->checkpointed > r->o->checkpoint_seconds)
            rc = save_checkpoint(r, e);
    }
    return rc;
}

/* --- epochs ------------------------------------------------------------------------------------------------------------------------------
 */

static double metric_of(const struct scores *s, enum metric m) {
    return m == METRIC_AUC ? s->auc : m == METRIC_MACRO_AUC ? s->macro_auc : -s->loss;
}

static void record(struct run *r, struct epoch_record *out, const struct scores *scores, double validation_seconds) {
    const struct run_state *s = &r->state;
    *out = (struct epoch_record){.epoch = s->epoch,
                                 .steps = s->step,
                                 .exams = r->n,
                                 .loss = s->loss_sum / s->epoch_steps,
                                 .norm = s->norm_sum / s->epoch_steps,
                                 .rate = s->rate,
                                 .seconds = r->trained,
                                 .waited = r->waited,
                                 .validation_seconds = validation_seconds,
                                 .images = s->images,
                                 .scores = *scores};
}

/* The numbers that are judged and kept: the averaged ones, or the learner's own. Without validation exams the last epoch's are, unjudged.
 */
static int judge(struct run *r, struct epoch_record *out, struct err *e) {
    const struct train_cohort *c = r->o->cohort;
    const struct model_options how = {.precision = PRECISION_FP32, .exact = r->o->exact};
    struct parameters *p = learner_parameters(r->learner);
    struct scores scores;
    const double started = clock_seconds();
    const bool last = r->state.epoch + 1 == r->epochs;
    if (!validates(r) && !last) {
        int rc = scores_of(&scores, NULL, NULL, 0, r->o->loss, r->o->tree, e);
        record(r, out, &scores, 0);
        return rc ? rc : history_add(&r->state.history, out, e);
    }
    memcpy(r->batches, p->batches, p->keys->n * sizeof *r->batches);
    swap_average(r);
    int rc = r->average && r->o->settings->average_parts ? renew_statistics(r, e) : 0;
    if (rc == 0)
        rc = validate(&scores, NULL, r->learner, r->validation, c->items[PART_VALIDATION], c->n[PART_VALIDATION], r->o->loss, r->o->tree,
                      &how, e);
    if (rc == 0) {
        const double metric = metric_of(&scores, r->o->settings->metric);
        const bool better = validates(r) ? !(metric <= r->state.best) && !isnan(metric) : last;
        record(r, out, &scores, clock_seconds() - started);
        out->best = better;
        r->state.since_best = better ? 0 : r->state.since_best + 1;
        if (better) {
            r->state.best = metric;
            r->state.best_epoch = r->state.epoch;
        }
        if ((rc = history_add(&r->state.history, out, e)) == 0 && better)
            rc = save_model(r, "best.safetensors", e);
        if (rc == 0)
            rc = save_model(r, "last.safetensors", e);
    }
    swap_average(r);
    memcpy(p->batches, r->batches, p->keys->n * sizeof *r->batches);
    return rc;
}

static int end_epoch(struct run *r, struct err *e) {
    struct epoch_record rec;
    int rc = judge(r, &rec, e);
    if (rc)
        return rc;
    const int patience = r->o->settings->patience;
    r->state.epoch++;
    r->state.position = r->state.epoch_steps = 0;
    r->state.images = 0;
    r->state.loss_sum = r->state.norm_sum = 0;
    r->result->stopped_early = patience > 0 && r->state.since_best >= (uint32_t)patience && r->state.epoch < r->epochs;
    r->state.finished = r->result->stopped_early || r->state.epoch == r->epochs;
    if ((rc = save_checkpoint(r, e)) == 0)
        rc = save_text(r, e);
    if (rc == 0 && r->o->epoch)
        r->o->epoch(r->o->ctx, &rec);
    return rc;
}

static int run_epochs(struct run *r, struct err *e) {
    int rc = 0;
    while (rc == 0 && !r->state.finished) {
        if ((rc = train_epoch(r, e)) == 0)
            rc = end_epoch(r, e);
    }
    return rc;
}

/* A stop asked for, or a fault of an exam or the disk: the steps made so far are kept. Not of numbers that have become NaN. */
static int save_what_is_there(struct run *r, int rc, struct err *e) {
    struct err why = {0};
    if (rc == ERR_TRAIN_NAN || rc == ERR_OUTPUT_NAN || rc == ERR_FILE_WRITE || r->state.position == r->n)
        return rc;
    const int saved = save_checkpoint(r, &why);
    if (saved && e)
        err_prefix(e, "the last steps could not be saved either (%.300s)", why.message);
    if (!saved && rc == ERR_INTERRUPTED)
        return err_set(e, rc, "stopped by a signal in epoch %u, after %u of %u exams; everything up to there is saved", r->state.epoch + 1,
                       r->state.position, r->n);
    return rc;
}

/* Most often a full disk: say what is saved and how to continue. */
static void explain(const struct run *r, struct err *e) {
    if (!e)
        return;
    if (r->saved.any)
        err_set(e, ERR_FILE_WRITE, "%.800s; free disk space, then resume: the newest checkpoint is of epoch %u, after %u of %u exams",
                e->message, r->saved.epoch + 1, r->saved.position, r->n);
    else
        err_set(e, ERR_FILE_WRITE, "%.800s; free disk space, then resume: no step has been saved yet, so the run begins again", e->message);
}

int run_train(struct run_result *out, const struct run_options *o, struct err *e) {
    struct run r = {.o = o, .result = out};
    memset(out, 0, sizeof *out);
    r.run_started = r.checkpointed = clock_seconds();
    int rc = get_ready(&r, e);
    if (rc == 0 && o->begun)
        o->begun(o->ctx, out);
    if (rc == 0 && (rc = run_epochs(&r, e)) != 0)
        rc = save_what_is_there(&r, rc, e);
    if (rc == ERR_FILE_WRITE)
        explain(&r, e);
    loader_close(r.training);
    loader_close(r.validation);
    refer(&r); /* the history goes to the caller */
    learner_close(r.learner);
    mem_free(r.average);
    mem_free(r.batches);
    mem_free(r.order);
    mem_free(r.classes);
    mem_free(r.exams);
    mem_free(r.items);
    return rc;
}

void run_result_release(struct run_result *r) {
    history_release(&r->history);
}
