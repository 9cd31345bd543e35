/* A training session: what is named is read, looked through and trained. Floor 8. */
#include "train/session.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/pool.h"
#include "cohort/manifest_file.h"
#include "file/folder.h"
#include "model/config.h"
#include "prep/vendor.h"

struct session {
    const struct session_options *o;
    struct train_settings settings;
    struct schema *schema;
    struct vendors *vendors;
    struct tree *tree;
    struct loss loss;
    struct manifest *manifest;
    struct marks *marks;
    struct train_cohort *cohort;
    struct start start;
    struct model_facts init;    /* of options.init */
    struct model_config config; /* of the network that the run begins with */
    struct exam_prep_options prep;
    struct cache *cache;
    bool remarked;
};

/* --- events --- */

static void tell(const struct session *s, const struct session_event *event) {
    if (s->o->event)
        s->o->event(s->o->ctx, event);
}

static void tell_looking(void *ctx, long done, long total) {
    const struct session *s = ctx;
    (void)total; /* of the candidates; the table's rows are what a person knows */
    tell(s, &(struct session_event){.kind = SESSION_LOOKING, .done = done, .total = (long)s->manifest->n});
}

static void tell_begun(void *ctx, const struct run_result *r) {
    tell(ctx, &(struct session_event){.kind = SESSION_BEGUN, .result = r});
}

static void tell_step(void *ctx, const struct run_progress *p) {
    tell(ctx, &(struct session_event){.kind = SESSION_STEP, .progress = p});
}

static void tell_epoch(void *ctx, const struct epoch_record *r) {
    tell(ctx, &(struct session_event){.kind = SESSION_EPOCH, .epoch = r});
}

/* That caching has stopped is said once, and as soon as it is known. */
static void tell_remark(struct session *s) {
    struct cache_stats stats = {0};
    if (s->cache)
        cache_stats(&stats, s->cache);
    if (stats.remark[0] && !s->remarked)
        tell(s, &(struct session_event){.kind = SESSION_REMARK, .text = stats.remark});
    s->remarked = stats.remark[0];
}

/* --- getting ready --- */

static int read_settings(struct session *s, struct err *e) {
    const struct session_options *o = s->o;
    int rc = settings_read(&s->settings, o->preset, e);
    if (rc)
        return rc;
    if (o->epochs)
        s->settings.epochs[o->stage] = o->epochs;
    if (o->unmasked)
        s->settings.mask = (struct mask_settings){0};
    if (o->concat)
        s->settings.clinical = CLINICAL_CONCAT;
    return settings_check(&s->settings, e);
}

static int read_tree(struct session *s, struct err *e) {
    int rc = tree_read_yaml(&s->tree, s->o->tree, e);
    if (rc)
        return rc;
    loss_from_tree(&s->loss, s->tree);
    s->loss.smoothing = s->settings.smoothing;
    for (int i = 0; i < s->loss.n_levels; i++)
        s->loss.level[i].weight = 0;
    s->loss.level[0].weight = s->settings.class_weight_level;
    s->loss.level[s->loss.n_levels - 1].weight = s->settings.tier_weight_level;
    return loss_check(&s->loss, e);
}

static int read_table(struct session *s, struct err *e) {
    const struct session_options *o = s->o;
    const struct manifest_options how = {
        .schema = s->schema, .ignore_columns = o->ignore_columns, .n_ignore_columns = o->n_ignore_columns, .trust_table = o->trust_table};
    uint8_t sha256[SHA256_SIZE];
    return cohort_read(&s->manifest, sha256, o->exams, &how, e);
}

/* Marks are for networks with evidence maps, and a patch stage is nothing without. */
static int read_marks(struct session *s, struct err *e) {
    const struct session_options *o = s->o;
    const bool evidence = s->settings.evidence != EVIDENCE_NONE;
    if (stage_is_patch(o->stage) && (!evidence || !s->settings.patch.size))
        return err_set(e, ERR_CONFIG, "stage %s needs a preset with network.evidence and exams.patch; %s has none", stage_name(o->stage),
                       s->settings.name);
    if (stage_is_patch(o->stage) && !o->marks)
        return err_set(e, ERR_USAGE, "stage %s learns from marks, and no table of marks is given", stage_name(o->stage));
    if (o->init_patch && !evidence)
        return err_set(e, ERR_CONFIG, "the preset %s has no network.evidence, which a model of a patch stage has", s->settings.name);
    if (!o->marks)
        return 0;
    if (!evidence)
        return err_set(e, ERR_CONFIG, "the preset %s has no network.evidence: its network could not learn from marks", s->settings.name);
    return marks_read(&s->marks, o->marks, s->manifest, s->tree, e);
}

static int read_vendors(struct session *s, struct err *e) {
    if (s->o->init || strcmp(s->settings.profile, "canonical-v1") != 0)
        return 0;
    return s->o->vendors ? vendors_read_folder(&s->vendors, s->o->vendors, e)
                         : err_set(e, ERR_FILE_MISSING, "the profile canonical-v1 needs a folder of vendor entries, and none is named");
}

/* The network that the run begins with decides what is prepared of each exam. */
static int configure(struct session *s, struct err *e) {
    const struct session_options *o = s->o;
    s->start = (struct start){.settings = &s->settings,
                              .stage = o->stage,
                              .schema = s->schema,
                              .vendors = s->vendors,
                              .tree = s->tree,
                              .seed = o->seed,
                              .init = o->init,
                              .init_us = o->init_us,
                              .init_mg = o->init_mg,
                              .init_patch = o->init_patch};
    int rc = start_config(&s->config, &s->init, &s->start, e);
    if (rc)
        return rc;
    settings_take_network(&s->settings, &s->config);
    const enum network network = s->config.network;
    s->prep = (struct exam_prep_options){.profile = &s->config.prep,
                                         .taken = network_slots(network),
                                         .network = network_name(network),
                                         .allow_partial = o->allow_partial,
                                         .trust_table = o->trust_table};
    return 0;
}

static int open_cache(struct session *s, struct err *e) {
    char beside[PATH_MAX];
    snprintf(beside, sizeof beside, "%s/cache", s->o->folder);
    int rc = cache_open(&s->cache, s->o->cache ? s->o->cache : beside, s->o->cache_bytes, e);
    s->prep.cache = s->cache;
    return rc;
}

static struct part_names names_of(const struct session_options *o, enum part p) {
    static const char *const usual[PART_COUNT] = {[PART_TRAIN] = "train", [PART_VALIDATION] = "val"};
    if (p == PART_VALIDATION && o->no_validation)
        return (struct part_names){0};
    return o->names[p].n ? o->names[p] : (struct part_names){&usual[p], 1};
}

static int look_through(struct session *s, struct err *e) {
    const struct session_options *o = s->o;
    struct cohort_request r = {.manifest = s->manifest,
                               .schema = s->schema,
                               .tree = s->tree,
                               .loss = &s->loss,
                               .stage = o->stage,
                               .names = {names_of(o, PART_TRAIN), names_of(o, PART_VALIDATION)},
                               .prep = &s->prep,
                               .marks = s->marks,
                               .evidence = s->settings.evidence,
                               .allow_refused = o->allow_refused,
                               .threads = pool_threads(),
                               .progress = tell_looking,
                               .progress_ctx = s,
                               .stop = o->stop};
    int rc = start_learnt(&r.learnt, &r.learnt_ultrasound, &s->start, e);
    if (rc)
        return rc;
    tell_looking(s, 0, 0);
    rc = cohort_open(&s->cohort, &r, e);
    if (rc == 0) /* of the kinds that this network has a place for */
        s->start.unlearnt = slot_kinds(s->prep.taken) & ~s->cohort->learnt;
    tell_remark(s); /* now, not after days */
    return rc;
}

static int prepare(struct session *s, struct err *e) {
    int rc = read_settings(s, e);
    if (!rc)
        rc = read_tree(s, e);
    if (!rc)
        rc = schema_read_yaml(&s->schema, s->o->schema, e);
    if (!rc)
        rc = read_table(s, e);
    if (!rc && !s->o->init) /* the network is the preset's */
        rc = read_marks(s, e);
    if (!rc)
        rc = folder_make_all(s->o->folder, e);
    if (!rc)
        rc = read_vendors(s, e);
    if (!rc)
        rc = configure(s, e);
    if (!rc && s->o->init)
        rc = read_marks(s, e);
    if (!rc)
        rc = open_cache(s, e);
    return rc ? rc : look_through(s, e);
}

static int train(struct session *s, struct err *e) {
    const struct session_options *o = s->o;
    s->start.clinical_mean = s->cohort->clinical_mean;
    s->start.clinical_std = s->cohort->clinical_std;
    const struct run_options run = {.folder = o->folder,
                                    .settings = &s->settings,
                                    .start = &s->start,
                                    .cohort = s->cohort,
                                    .prep = &s->prep,
                                    .tree = s->tree,
                                    .loss = &s->loss,
                                    .seed = o->seed,
                                    .loader_threads = o->loader_threads ? o->loader_threads : 2,
                                    .exact = o->exact,
                                    .resume = o->resume,
                                    .freeze = o->freeze,
                                    .n_freeze = o->n_freeze,
                                    .checkpoint_seconds = o->checkpoint_seconds,
                                    .code_version = o->code_version,
                                    .stop = o->stop,
                                    .begun = tell_begun,
                                    .progress = tell_step,
                                    .epoch = tell_epoch,
                                    .ctx = s};
    struct run_result result;
    const int rc = run_train(&result, &run, e);
    if (rc == 0)
        tell(s, &(struct session_event){.kind = SESSION_DONE, .result = &result, .cohort = s->cohort, .metric = s->settings.metric});
    run_result_release(&result);
    return rc;
}

int train_session(const struct session_options *o, struct err *e) {
    struct session s = {.o = o};
    int rc = prepare(&s, e);
    if (!rc) {
        tell(&s, &(struct session_event){.kind = SESSION_COHORT, .cohort = s.cohort, .tree = s.tree, .unlearnt = s.start.unlearnt});
        rc = train(&s, e);
    }
    cohort_close(s.cohort);
    marks_free(s.marks);
    manifest_free(s.manifest);
    tell_remark(&s);
    cache_close(s.cache);
    model_facts_release(&s.init);
    vendors_free(s.vendors);
    tree_free(s.tree);
    schema_free(s.schema);
    return rc;
}
