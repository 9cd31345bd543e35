/* The settings of a training run: names, limits, JSON. Floor 8. */
#include "train/settings.h"

#include <stdio.h>
#include <string.h>

static const char *const stage_names[STAGE_COUNT] = {
    [STAGE_US] = "us", [STAGE_MG] = "mg", [STAGE_BMU] = "bmu", [STAGE_PATCH_MG] = "patch-mg", [STAGE_PATCH_US] = "patch-us"};
static const char *const metric_names[METRIC_COUNT] = {[METRIC_AUC] = "auc", [METRIC_MACRO_AUC] = "macro_auc", [METRIC_LOSS] = "loss"};

const char *stage_name(enum stage s) {
    return stage_names[s];
}

int stage_from_name(const char *name) {
    for (int i = 0; i < STAGE_COUNT; i++)
        if (strcmp(stage_names[i], name) == 0)
            return i;
    return -1;
}

static const enum network reference[STAGE_COUNT] = {[STAGE_US] = NETWORK_US,
                                                    [STAGE_MG] = NETWORK_MG,
                                                    [STAGE_BMU] = NETWORK_BMU,
                                                    [STAGE_PATCH_MG] = NETWORK_MG,
                                                    [STAGE_PATCH_US] = NETWORK_US};

unsigned stage_slots(enum stage s) {
    return network_slots(reference[s]);
}

enum network stage_network(enum stage s, enum variant v) {
    return v == VARIANT_MASKED ? NETWORK_BMU : reference[s];
}

bool stage_is_patch(enum stage s) {
    return s == STAGE_PATCH_MG || s == STAGE_PATCH_US;
}

const char *metric_name(enum metric m) {
    return metric_names[m];
}

void settings_take_network(struct train_settings *s, const struct model_config *c) {
    s->clinical = c->network == NETWORK_BMU ? c->clinical : s->clinical; /* the single networks take none */
    s->width = c->width;
    snprintf(s->profile, sizeof s->profile, "%s", c->prep.name);
    s->mg_height = c->prep.mg_height;
    s->mg_width = c->prep.mg_width;
    s->us_height = c->prep.us_height;
    s->us_width = c->prep.us_width;
    s->mg_stride = c->evidence.mg_stride;
    s->evidence = !c->evidence.kinds ? EVIDENCE_NONE : c->evidence.level ? EVIDENCE_TIER : EVIDENCE_CLASS;
}

/* --- limits ----------------------------------------------------------------------------------------------------------------- */

static int check_evidence(const struct train_settings *s, struct err *e) {
    const bool evidence = s->evidence != EVIDENCE_NONE;
    const struct {
        const char *key;
        double value, least, most;
    } limits[] = {{"exams.patch.size", s->patch.size, 32, 1024},
                  {"exams.patch.lesions", s->patch.lesions, 0, 1},
                  {"exams.patch.jitter", s->patch.jitter, 0, 0.5},
                  {"loss.evidence", s->evidence_weight[EVIDENCE_LAST], 0, 1e6},
                  {"loss.evidence_third", s->evidence_weight[EVIDENCE_THIRD], 0, 1e6}};
    for (size_t i = s->patch.size ? 0 : 3; i < sizeof limits / sizeof *limits; i++)
        if (!(limits[i].value >= limits[i].least && limits[i].value <= limits[i].most))
            return err_set(e, ERR_CONFIG, "%s: %g; must be from %g to %g", limits[i].key, limits[i].value, limits[i].least, limits[i].most);
    if (evidence && s->variant != VARIANT_MASKED)
        return err_set(e, ERR_CONFIG, "network.evidence: needs variant masked");
    if (evidence && s->mg_stride != 16 && s->mg_stride != 32)
        return err_set(e, ERR_CONFIG, "network.evidence.mammography_stride: %d; must be 16 or 32", s->mg_stride);
    if (!evidence && (s->patch.size || s->evidence_weight[EVIDENCE_LAST] > 0 || s->evidence_weight[EVIDENCE_THIRD] > 0 ||
                      s->epochs[STAGE_PATCH_MG] || s->epochs[STAGE_PATCH_US]))
        return err_set(e, ERR_CONFIG, "patches and a loss of evidence need a network with evidence; add network.evidence");
    return 0;
}

int settings_check(const struct train_settings *s, struct err *e) {
    const struct {
        const char *key;
        double value, least, most; /* inclusive */
    } limits[] = {
        {"network.width", s->width, 8, 256},
        {"steps.rate", s->rate, 1e-12, 10},
        {"steps.clip", s->clip, 0, 1e9},
        {"steps.warmup", s->warmup, 0, 10000},
        {"steps.epochs.us", s->epochs[STAGE_US], 1, 100000},
        {"steps.epochs.mg", s->epochs[STAGE_MG], 1, 100000},
        {"steps.epochs.bmu", s->epochs[STAGE_BMU], 1, 100000},
        {"steps.epochs.patch_mg", s->epochs[STAGE_PATCH_MG], 0, 100000},
        {"steps.epochs.patch_us", s->epochs[STAGE_PATCH_US], 0, 100000},
        {"steps.batch", s->batch, 1, 4096},
        {"steps.part", s->part, 1, s->batch},
        {"steps.dropout_block", s->dropout_block, 0, 0.99},
        {"steps.dropout_head", s->dropout_head, 0, 0.99},
        {"steps.average", s->average, 0, 0.999999},
        {"steps.average_parts", s->average_parts, 0, 100000},
        {"loss.class", s->class_weight_level, 0, 1e6},
        {"loss.tier", s->tier_weight_level, 0, 1e6},
        {"loss.smoothing", s->smoothing, 0, 0.99},
        {"stop.patience", s->patience, 0, 100000},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (!(limits[i].value >= limits[i].least && limits[i].value <= limits[i].most))
            return err_set(e, ERR_CONFIG, "%s: %g; must be from %g to %g", limits[i].key, limits[i].value, limits[i].least, limits[i].most);
    if (s->class_weight_level + s->tier_weight_level <= 0)
        return err_set(e, ERR_CONFIG, "loss.class and loss.tier are both 0: nothing would be trained");
    const int rc_evidence = check_evidence(s, e);
    if (rc_evidence)
        return rc_evidence;
    for (int i = 0; i < STAGE_COUNT; i++)
        if (s->warmup > s->epochs[i] && !(stage_is_patch((enum stage)i) && s->epochs[i] == 0))
            return err_set(e, ERR_CONFIG, "steps.warmup: %d epochs, more than the %d of stage %s", s->warmup, s->epochs[i], stage_names[i]);
    if (!prep_profile_name(s->profile))
        return err_set(e, ERR_CONFIG, "network.profile: no preprocessing profile is called '%s'", s->profile);
    if (s->variant == VARIANT_REFERENCE && strcmp(s->profile, "reference-v1") != 0)
        return err_set(e, ERR_CONFIG,
                       "network.profile: variant reference replaces an absent image by a black one, which only reference-v1 defines");
    const int rc = mask_check(&s->mask, e);
    return rc ? rc : augment_check(&s->augment, e);
}

/* --- JSON --------------------------------------------------------------------------------------------------------------------- */

static struct json *network_json(const struct train_settings *s) {
    static const char *const clinical[] = {[CLINICAL_CONCAT] = "concat", [CLINICAL_TOKEN] = "token", [CLINICAL_NONE] = "none"};
    struct json *j = json_object();
    json_put_string(j, "variant", variant_name(s->variant));
    json_put_string(j, "clinical", clinical[s->clinical]);
    json_put_integer(j, "width", s->width);
    json_put_string(j, "profile", s->profile);
    json_put_integer(j, "mg_height", s->mg_height);
    json_put_integer(j, "mg_width", s->mg_width);
    json_put_integer(j, "us_height", s->us_height);
    json_put_integer(j, "us_width", s->us_width);
    if (s->evidence != EVIDENCE_NONE) { /* a preset without is written as it was before there was any */
        json_put_string(j, "evidence", s->evidence == EVIDENCE_CLASS ? "class" : "tier");
        json_put_integer(j, "mg_stride", s->mg_stride);
    }
    return j;
}

static struct json *steps_json(const struct train_settings *s) {
    struct json *j = json_object(), *epochs = json_object();
    json_put_string(j, "optimiser", s->optimiser.kind == OPTIMISER_ADAMW ? "adamw" : "sgd");
    json_put_number(j, "weight_decay", s->optimiser.weight_decay);
    json_put_number(j, "beta1", s->optimiser.beta1);
    json_put_number(j, "beta2", s->optimiser.beta2);
    json_put_number(j, "epsilon", s->optimiser.epsilon);
    json_put_number(j, "momentum", s->optimiser.momentum);
    json_put_bool(j, "nesterov", s->optimiser.nesterov);
    json_put_bool(j, "decay_all", s->decay_all);
    json_put_number(j, "rate", s->rate);
    json_put_number(j, "clip", s->clip);
    json_put_integer(j, "warmup", s->warmup);
    for (int i = 0; i < STAGE_COUNT; i++)
        if (s->epochs[i])
            json_put_integer(epochs, stage_names[i], s->epochs[i]);
    json_put(j, "epochs", epochs);
    json_put_integer(j, "batch", s->batch);
    json_put_integer(j, "part", s->part);
    json_put_number(j, "dropout_block", s->dropout_block);
    json_put_number(j, "dropout_head", s->dropout_head);
    json_put_number(j, "average", s->average);
    json_put_integer(j, "average_parts", s->average_parts);
    json_put_string(j, "precision", precision_name(s->precision));
    return j;
}

struct json *settings_to_json(const struct train_settings *s) {
    struct json *j = json_object(), *exams = json_object(), *mask = json_object(), *loss = json_object(), *stop = json_object();
    json_put_string(j, "name", s->name);
    json_put(j, "network", network_json(s));
    json_put(j, "steps", steps_json(s));
    json_put_string(exams, "sampler", s->sampler == SAMPLER_BALANCED ? "balanced" : "natural");
    json_put(exams, "augmentation", augment_to_json(&s->augment));
    json_put_number(mask, "modality", s->mask.modality);
    json_put_number(mask, "kind", s->mask.kind);
    json_put_number(mask, "view", s->mask.view);
    json_put_number(mask, "clinical", s->mask.clinical);
    json_put(exams, "mask", mask);
    if (s->patch.size) {
        struct json *patch = json_object();
        json_put_integer(patch, "size", s->patch.size);
        json_put_number(patch, "lesions", s->patch.lesions);
        json_put_number(patch, "jitter", s->patch.jitter);
        json_put(exams, "patch", patch);
    }
    json_put(j, "exams", exams);
    json_put_number(loss, "class", s->class_weight_level);
    json_put_number(loss, "tier", s->tier_weight_level);
    json_put_number(loss, "smoothing", s->smoothing);
    if (s->evidence != EVIDENCE_NONE) {
        json_put_number(loss, "evidence", s->evidence_weight[EVIDENCE_LAST]);
        json_put_number(loss, "evidence_third", s->evidence_weight[EVIDENCE_THIRD]);
    }
    json_put(j, "loss", loss);
    json_put_string(stop, "metric", metric_names[s->metric]);
    json_put_integer(stop, "patience", s->patience);
    json_put(j, "stop", stop);
    return j;
}
