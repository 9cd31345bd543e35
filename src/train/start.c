/* The model file that a training run begins with. Floor 8.
 *
 * What the two single-modality runs share (layer norm, the cross-modal block, clinical token, head) starts afresh: each has learnt its own,
 * and neither fits the other. */
#include "train/start.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/config.h"
#include "model/facts.h"
#include "model/save.h"

/* Which arrays of a file go into the fused network, and under which names. */
struct rule {
    const char *from, *to; /* prefixes */
};
static const struct rule us_rules[] = {
    {"model2.", "model2."}, {"model3.", "model3."}, {"model4.", "model4."}, {"us_modal_", "us_modal_"}, {NULL, NULL}};
static const struct rule mg_fused_rules[] = {{"model1.", "model1."}, {"mg_modal_", "mg_modal_"}, {NULL, NULL}};
static const struct rule patch_mg_rules[] = {{"model1.backbone.", "model1.backbone."}, {NULL, NULL}};
static const struct rule patch_us_rules[] = {{"model2.", "model2."}, {"model3.", "model3."}, {"model4.", "model4."}, {NULL, NULL}};
static const struct rule mg_alone_rules[] = {{"backbone.", "model1.backbone."}, {"head.", "model1.head."}, {NULL, NULL}};

static struct model_config config_of_settings(const struct start *s) {
    const struct train_settings *t = s->settings;
    struct model_config c = config_make(stage_network(s->stage, t->variant), t->variant, t->clinical,
                                        s->schema ? (int)s->schema->n_fields : 0, (int)s->tree->n_leaves, t->width);
    config_use_profile(&c, t->profile); /* settings_check() knows the name */
    c.prep.vendors = s->vendors;
    c.prep.mg_height = t->mg_height;
    c.prep.mg_width = t->mg_width;
    c.prep.us_height = t->us_height;
    c.prep.us_width = t->us_width;
    c.unlearnt = s->unlearnt;
    if (t->evidence != EVIDENCE_NONE) {
        int nodes[TREE_LEAVES_MAX];
        c.evidence.level = t->evidence == EVIDENCE_CLASS ? 0 : (int)s->tree->n_levels - 1;
        c.evidence.kinds = (int)tree_level(nodes, s->tree, (size_t)c.evidence.level);
        c.evidence.mg_stride = t->mg_stride;
    }
    if (stage_is_patch(s->stage))
        c.patch = t->patch.size;
    return c;
}

/* Replace the fresh array of each rule's target by the file's. */
static int overlay(struct array *arrays, const struct keys *k, const struct archive *a, const struct rule *rules, size_t *taken,
                   const char *path, struct err *e) {
    for (size_t i = 0; i < k->n; i++)
        for (const struct rule *r = rules; r->from; r++) {
            char name[ARCHIVE_NAME_MAX];
            if (strncmp(arrays[i].name, r->to, strlen(r->to)) != 0)
                continue;
            snprintf(name, sizeof name, "%s%s", r->from, arrays[i].name + strlen(r->to));
            const struct array *x = archive_find(a, name);
            if (!x)
                continue; /* its own head is in one network and not in the other */
            if (x->bytes != arrays[i].bytes || x->rank != arrays[i].rank ||
                memcmp(x->shape, arrays[i].shape, (size_t)x->rank * sizeof *x->shape) != 0)
                return err_set(e, ERR_CONFIG, "%s: '%s' has another shape than in this network; was it trained with another width?", path,
                               name);
            arrays[i].data = x->data;
            (*taken)++;
        }
    return 0;
}

/* Inputs of another size would make other features of the same weights. */
static int same_inputs(const struct prep_profile *a, const struct prep_profile *b, bool mg, const char *path, struct err *e) {
    const bool same = mg ? a->mg_height == b->mg_height && a->mg_width == b->mg_width && a->mg_mean == b->mg_mean && a->mg_std == b->mg_std
                         : a->us_height == b->us_height && a->us_width == b->us_width;
    return same && strcmp(a->name, b->name) == 0
               ? 0
               : err_set(e, ERR_CONFIG, "%s was trained with other preprocessing (%s) than this run (%s)", path, a->name, b->name);
}

static int take_stage(struct model_facts *f, struct array *arrays, const struct keys *k, const struct model_config *c, const char *path,
                      bool mg, size_t *taken, struct err *e) {
    int rc = model_facts_open(f, path, e);
    if (rc)
        return rc;
    const enum network n = f->config.network;
    if (n != NETWORK_BMU && n != (mg ? NETWORK_MG : NETWORK_US))
        return err_set(e, ERR_CONFIG, "%s is a network '%s', which has no %s", path, network_name(n), mg ? "mammography" : "ultrasound");
    /* the published single stage was normalised with other numbers than the fused one: that is its authors' way */
    if (f->config.n_leaves != c->n_leaves)
        return err_set(e, ERR_TREE_HEAD, "%s has the %d outputs of the disease tree %s; the tree of this run has %d leaves", path,
                       f->config.n_leaves, f->tree->name, c->n_leaves);
    if (n == NETWORK_BMU && (rc = same_inputs(&f->config.prep, &c->prep, mg, path, e)))
        return rc;
    if (f->config.patch)
        return err_set(e, ERR_CONFIG, "%s is a model of the patch stage; train stage %s from it, then start from that", path,
                       mg ? "mg" : "us");
    const struct rule *rules = !mg ? us_rules : n == NETWORK_MG ? mg_alone_rules : mg_fused_rules;
    rc = overlay(arrays, k, f->archive, rules, taken, path, e);
    if (rc == 0 && *taken == 0)
        rc = err_set(e, ERR_CONFIG, "%s contains nothing that this network could start from", path);
    return rc;
}

/* The towers of the kinds of images that a patch stage has taught, with their evidence. */
static int take_patch(struct model_facts *f, struct array *arrays, const struct keys *k, const struct model_config *c,
                      const struct start *s, size_t *taken, struct err *e) {
    const char *path = s->init_patch;
    int rc = model_facts_open(f, path, e);
    if (rc)
        return rc;
    if (!f->config.patch)
        return err_set(e, ERR_CONFIG, "%s is no model of a patch stage", path);
    const bool mg = !(f->config.unlearnt >> KIND_MG & 1U);
    if ((s->stage == STAGE_MG && !mg) || (s->stage == STAGE_US && mg))
        return err_set(e, ERR_CONFIG, "%s was trained on patches of %s, which stage %s does not see", path,
                       mg ? "mammograms" : "ultrasound images", stage_name(s->stage));
    if (f->config.evidence.kinds != c->evidence.kinds || f->config.evidence.level != c->evidence.level ||
        f->config.evidence.mg_stride != c->evidence.mg_stride)
        return err_set(e, ERR_CONFIG, "%s has other evidence maps than this run's network", path);
    if ((rc = same_inputs(&f->config.prep, &c->prep, mg, path, e)) ||
        (rc = overlay(arrays, k, f->archive, mg ? patch_mg_rules : patch_us_rules, taken, path, e)))
        return rc;
    return *taken ? 0 : err_set(e, ERR_CONFIG, "%s contains nothing that this network could start from", path);
}

/* Everything from one file. */
static int write_from(const char *path, const struct start *s, struct start_report *report, struct err *e) {
    struct model_facts f = {0};
    struct keys k;
    keys_init(&k);
    int rc = model_facts_open(&f, s->init, e);
    if (rc)
        goto out;
    if ((rc = tree_same_leaves(f.tree, s->tree, e))) {
        err_prefix(e, "%s", s->init);
        goto out;
    }
    const enum network wanted = stage_network(s->stage, s->settings->variant);
    if (f.config.network != wanted || f.config.variant != s->settings->variant) {
        rc = err_set(e, ERR_CONFIG, "%s is a network '%s', %s; stage %s of preset %s trains '%s', %s", s->init,
                     network_name(f.config.network), variant_name(f.config.variant), stage_name(s->stage), s->settings->name,
                     network_name(wanted), variant_name(s->settings->variant));
        goto out;
    }
    if ((f.config.patch > 0) != stage_is_patch(s->stage) || (f.config.patch && f.config.patch != s->settings->patch.size)) {
        rc = err_set(e, ERR_CONFIG, "%s was trained on %s; stage %s is trained on %s", s->init,
                     f.config.patch ? "patches" : "whole pictures", stage_name(s->stage),
                     stage_is_patch(s->stage) ? "patches of the preset's size" : "whole pictures");
        goto out;
    }
    config_keys(&k, &f.config, f.schema);
    struct array *arrays = mem_alloc(k.n, sizeof *arrays, e);
    if (!arrays) {
        rc = ERR_NO_MEMORY;
        goto out;
    }
    for (size_t i = 0; i < k.n; i++)
        arrays[i] = *archive_find(f.archive, k.list[i].name);
    report->from_init = k.n;
    f.config.unlearnt = s->unlearnt;
    const bool known = archive_metadata(f.archive, "bmunet.clinical_statistics") != NULL;
    const char *untrained = archive_metadata(f.archive, "bmunet.untrained");
    const struct model_file out = {.config = &f.config,
                                   .schema = f.schema,
                                   .clinical_mean = known ? f.clinical_mean : s->clinical_mean,
                                   .clinical_std = known ? f.clinical_std : s->clinical_std,
                                   .tree = s->tree,
                                   .more = (const char *const[][2]){{"bmunet.untrained", untrained}},
                                   .n_more = untrained != NULL};
    rc = model_write(path, &out, arrays, k.n, e);
    mem_free(arrays);
out:
    keys_release(&k);
    model_facts_release(&f);
    return rc;
}

static int add_learnt(unsigned *kinds, const char *path, unsigned of, struct err *e) {
    struct model_facts f = {0};
    int rc = path ? model_facts_open(&f, path, e) : 0;
    if (path && rc == 0) {
        const char *untrained = archive_metadata(f.archive, "bmunet.untrained");
        if (!untrained || strcmp(untrained, "true") != 0)
            *kinds |= of & ~f.config.unlearnt;
    }
    model_facts_release(&f);
    return rc;
}

int start_learnt(unsigned *whole, unsigned *ultrasound, const struct start *s, struct err *e) {
    *whole = *ultrasound = 0;
    const int rc = add_learnt(whole, s->init, KINDS_ALL, e);
    return rc ? rc : add_learnt(ultrasound, s->init_us, KINDS_ULTRASOUND, e);
}

int start_config(struct model_config *out, struct model_facts *kept, const struct start *s, struct err *e) {
    *out = config_of_settings(s);
    if (!s->init)
        return 0;
    int rc = model_facts_open(kept, s->init, e);
    if (rc == 0 && (rc = tree_same_leaves(kept->tree, s->tree, e))) /* before the exams are looked through */
        err_prefix(e, "%s", s->init);
    *out = kept->config;
    return rc;
}

int start_write(const char *path, const struct start *s, struct start_report *report, struct err *e) {
    struct model_facts us = {0}, mg = {0}, patch = {0};
    struct keys k;
    struct arena arena;
    struct array *arrays = NULL;
    memset(report, 0, sizeof *report);
    if (s->init)
        return write_from(path, s, report, e);
    const struct model_config c = config_of_settings(s);
    const struct schema *schema = c.clinical == CLINICAL_NONE ? NULL : s->schema;
    keys_init(&k);
    arena_init(&arena, 0);
    int rc = config_check(&c, schema, e);
    if (rc)
        goto out;
    config_keys(&k, &c, schema);
    if (!(arrays = mem_alloc(k.n, sizeof *arrays, e))) {
        rc = ERR_NO_MEMORY;
        goto out;
    }
    if ((rc = keys_fill(&k, s->seed, arrays, &arena, e)))
        goto out;
    if (s->init_us && (rc = take_stage(&us, arrays, &k, &c, s->init_us, false, &report->from_us, e)))
        goto out;
    if (s->init_mg && (rc = take_stage(&mg, arrays, &k, &c, s->init_mg, true, &report->from_mg, e)))
        goto out;
    if (s->init_patch && (rc = take_patch(&patch, arrays, &k, &c, s, &report->from_patch, e)))
        goto out;
    report->fresh = k.n - report->from_us - report->from_mg - report->from_patch;
    const struct model_file out = {.config = &c,
                                   .schema = schema,
                                   .clinical_mean = s->clinical_mean,
                                   .clinical_std = s->clinical_std,
                                   .tree = s->tree,
                                   .more = (const char *const[][2]){{"bmunet.untrained", "true"}},
                                   .n_more = 1};
    rc = model_write(path, &out, arrays, k.n, e);
out:
    model_facts_release(&us);
    model_facts_release(&mg);
    model_facts_release(&patch);
    keys_release(&k);
    arena_release(&arena);
    mem_free(arrays);
    return rc;
}
