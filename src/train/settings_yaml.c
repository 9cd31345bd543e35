/* A preset's YAML: its shape for libcyaml. Floor 8. */
#include <cyaml/cyaml.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "file/io.h"
#include "file/yaml.h"
#include "train/settings.h"

/* As in the file, before it is checked. */
struct raw_epochs {
    int us, mg, bmu, patch_mg, patch_us;
};
struct raw_evidence {
    int kinds, mammography_stride;
};
struct raw_patch {
    int size;
    double lesions, jitter;
};
struct raw_network {
    int variant, clinical, width, mammography[2], ultrasound[2];
    unsigned mammography_count, ultrasound_count;
    char *profile;
    struct raw_evidence evidence;
};
struct raw_steps {
    int optimiser, warmup, batch, part, average_parts, precision;
    double weight_decay, beta1, beta2, epsilon, momentum, rate, clip, dropout_block, dropout_head, average;
    bool nesterov, decay_all;
    struct raw_epochs epochs;
};
struct raw_mask {
    double modality, kind, view, clinical;
};
struct raw_exams {
    int sampler;
    struct augment_settings augmentation;
    struct raw_mask mask;
    struct raw_patch patch;
};
struct raw_loss {
    double class, tier, smoothing, evidence, evidence_third;
};
struct raw_stop {
    int metric, patience;
};
struct raw {
    char *name;
    struct raw_network network;
    struct raw_steps steps;
    struct raw_exams exams;
    struct raw_loss loss;
    struct raw_stop stop;
};

enum { PLAIN = CYAML_FLAG_DEFAULT, STRICT = CYAML_FLAG_STRICT, ABSENT = CYAML_FLAG_OPTIONAL /* may be: then 0 */ };
static const cyaml_strval_t kinds[] = {{"class", EVIDENCE_CLASS}, {"tier", EVIDENCE_TIER}};
static const cyaml_strval_t variants[] = {{"reference", VARIANT_REFERENCE}, {"masked", VARIANT_MASKED}};
static const cyaml_strval_t clinicals[] = {{"concat", CLINICAL_CONCAT}, {"token", CLINICAL_TOKEN}};
static const cyaml_strval_t optimisers[] = {{"adamw", OPTIMISER_ADAMW}, {"sgd", OPTIMISER_SGD}};
static const cyaml_strval_t precisions[] = {{"fp32", PRECISION_FP32}, {"mixed", PRECISION_BF16}};
static const cyaml_strval_t samplers[] = {{"natural", SAMPLER_NATURAL}, {"balanced", SAMPLER_BALANCED}};
static const cyaml_strval_t metrics[] = {{"auc", METRIC_AUC}, {"macro_auc", METRIC_MACRO_AUC}, {"loss", METRIC_LOSS}};

#define CHOICE(key, type, member, words) CYAML_FIELD_ENUM(key, STRICT, type, member, words, (int)(sizeof(words) / sizeof *(words)))
#define TEXT(key, type, member) CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, type, member, 1, SETTINGS_NAME - 1)
#define NUMBER(key, type, member) CYAML_FIELD_FLOAT(key, PLAIN, type, member)
#define WHOLE(key, type, member) CYAML_FIELD_INT(key, PLAIN, type, member)

static const cyaml_schema_value_t side = {CYAML_VALUE_INT(PLAIN, int)};
static const cyaml_schema_field_t evidence_keys[] = {CHOICE("kinds", struct raw_evidence, kinds, kinds),
                                                     WHOLE("mammography_stride", struct raw_evidence, mammography_stride), CYAML_FIELD_END};
static const cyaml_schema_field_t patch_keys[] = {WHOLE("size", struct raw_patch, size), NUMBER("lesions", struct raw_patch, lesions),
                                                  NUMBER("jitter", struct raw_patch, jitter), CYAML_FIELD_END};
static const cyaml_schema_field_t network_keys[] = {
    CHOICE("variant", struct raw_network, variant, variants),
    CHOICE("clinical", struct raw_network, clinical, clinicals),
    WHOLE("width", struct raw_network, width),
    TEXT("profile", struct raw_network, profile),
    CYAML_FIELD_SEQUENCE_FIXED("mammography", PLAIN, struct raw_network, mammography, &side, 2),
    CYAML_FIELD_SEQUENCE_FIXED("ultrasound", PLAIN, struct raw_network, ultrasound, &side, 2),
    CYAML_FIELD_MAPPING("evidence", ABSENT, struct raw_network, evidence, evidence_keys),
    CYAML_FIELD_END};
static const cyaml_schema_field_t epochs_keys[] = {WHOLE("us", struct raw_epochs, us),
                                                   WHOLE("mg", struct raw_epochs, mg),
                                                   WHOLE("bmu", struct raw_epochs, bmu),
                                                   CYAML_FIELD_INT("patch_mg", ABSENT, struct raw_epochs, patch_mg),
                                                   CYAML_FIELD_INT("patch_us", ABSENT, struct raw_epochs, patch_us),
                                                   CYAML_FIELD_END};
static const cyaml_schema_field_t steps_keys[] = {CHOICE("optimiser", struct raw_steps, optimiser, optimisers),
                                                  NUMBER("weight_decay", struct raw_steps, weight_decay),
                                                  NUMBER("beta1", struct raw_steps, beta1),
                                                  NUMBER("beta2", struct raw_steps, beta2),
                                                  NUMBER("epsilon", struct raw_steps, epsilon),
                                                  NUMBER("momentum", struct raw_steps, momentum),
                                                  CYAML_FIELD_BOOL("nesterov", PLAIN, struct raw_steps, nesterov),
                                                  CYAML_FIELD_BOOL("decay_all", PLAIN, struct raw_steps, decay_all),
                                                  NUMBER("rate", struct raw_steps, rate),
                                                  NUMBER("clip", struct raw_steps, clip),
                                                  WHOLE("warmup", struct raw_steps, warmup),
                                                  CYAML_FIELD_MAPPING("epochs", PLAIN, struct raw_steps, epochs, epochs_keys),
                                                  WHOLE("batch", struct raw_steps, batch),
                                                  WHOLE("part", struct raw_steps, part),
                                                  NUMBER("dropout_block", struct raw_steps, dropout_block),
                                                  NUMBER("dropout_head", struct raw_steps, dropout_head),
                                                  NUMBER("average", struct raw_steps, average),
                                                  WHOLE("average_parts", struct raw_steps, average_parts),
                                                  CHOICE("precision", struct raw_steps, precision, precisions),
                                                  CYAML_FIELD_END};
static const cyaml_schema_field_t mask_keys[] = {NUMBER("modality", struct raw_mask, modality), NUMBER("kind", struct raw_mask, kind),
                                                 NUMBER("view", struct raw_mask, view), NUMBER("clinical", struct raw_mask, clinical),
                                                 CYAML_FIELD_END};
static const cyaml_schema_field_t modality_keys[] = {NUMBER("translate_x", struct augment_modality, translate_x),
                                                     NUMBER("translate_y", struct augment_modality, translate_y),
                                                     NUMBER("rotate", struct augment_modality, rotate),
                                                     NUMBER("scale_low", struct augment_modality, scale_low),
                                                     NUMBER("scale_high", struct augment_modality, scale_high),
                                                     NUMBER("flip_horizontal", struct augment_modality, flip_horizontal),
                                                     NUMBER("flip_vertical", struct augment_modality, flip_vertical),
                                                     NUMBER("elastic", struct augment_modality, elastic),
                                                     NUMBER("elastic_amplitude", struct augment_modality, elastic_amplitude),
                                                     WHOLE("elastic_cells", struct augment_modality, elastic_cells),
                                                     NUMBER("gamma", struct augment_modality, gamma),
                                                     NUMBER("gamma_low", struct augment_modality, gamma_low),
                                                     NUMBER("gamma_high", struct augment_modality, gamma_high),
                                                     NUMBER("speckle", struct augment_modality, speckle),
                                                     NUMBER("speckle_strength", struct augment_modality, speckle_strength),
                                                     NUMBER("noise", struct augment_modality, noise),
                                                     NUMBER("noise_sigma", struct augment_modality, noise_sigma),
                                                     NUMBER("blur", struct augment_modality, blur),
                                                     NUMBER("blur_sigma_low", struct augment_modality, blur_sigma_low),
                                                     NUMBER("blur_sigma_high", struct augment_modality, blur_sigma_high),
                                                     CYAML_FIELD_END};
static const cyaml_schema_field_t augmentation_keys[] = {
    CYAML_FIELD_MAPPING("mammography", PLAIN, struct augment_settings, mammography, modality_keys),
    CYAML_FIELD_MAPPING("ultrasound", PLAIN, struct augment_settings, ultrasound, modality_keys), CYAML_FIELD_END};
static const cyaml_schema_field_t exams_keys[] = {
    CHOICE("sampler", struct raw_exams, sampler, samplers),
    CYAML_FIELD_MAPPING("augmentation", PLAIN, struct raw_exams, augmentation, augmentation_keys),
    CYAML_FIELD_MAPPING("mask", PLAIN, struct raw_exams, mask, mask_keys),
    CYAML_FIELD_MAPPING("patch", ABSENT, struct raw_exams, patch, patch_keys), CYAML_FIELD_END};
static const cyaml_schema_field_t loss_keys[] = {NUMBER("class", struct raw_loss, class),
                                                 NUMBER("tier", struct raw_loss, tier),
                                                 NUMBER("smoothing", struct raw_loss, smoothing),
                                                 CYAML_FIELD_FLOAT("evidence", ABSENT, struct raw_loss, evidence),
                                                 CYAML_FIELD_FLOAT("evidence_third", ABSENT, struct raw_loss, evidence_third),
                                                 CYAML_FIELD_END};
static const cyaml_schema_field_t stop_keys[] = {CHOICE("metric", struct raw_stop, metric, metrics),
                                                 WHOLE("patience", struct raw_stop, patience), CYAML_FIELD_END};
static const cyaml_schema_field_t preset_keys[] = {TEXT("name", struct raw, name),
                                                   CYAML_FIELD_MAPPING("network", PLAIN, struct raw, network, network_keys),
                                                   CYAML_FIELD_MAPPING("steps", PLAIN, struct raw, steps, steps_keys),
                                                   CYAML_FIELD_MAPPING("exams", PLAIN, struct raw, exams, exams_keys),
                                                   CYAML_FIELD_MAPPING("loss", PLAIN, struct raw, loss, loss_keys),
                                                   CYAML_FIELD_MAPPING("stop", PLAIN, struct raw, stop, stop_keys),
                                                   CYAML_FIELD_END};
static const cyaml_schema_value_t preset_shape = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw, preset_keys)};

static void copy_text(char to[SETTINGS_NAME], const char *from) {
    memcpy(to, from, strlen(from) + 1); /* the shape bounds it */
}

static void take(struct train_settings *s, const struct raw *r) {
    const struct raw_steps *t = &r->steps;
    *s = (struct train_settings){
        .variant = (enum variant)r->network.variant,
        .clinical = (enum clinical_mode)r->network.clinical,
        .width = r->network.width,
        .mg_height = r->network.mammography[0],
        .mg_width = r->network.mammography[1],
        .us_height = r->network.ultrasound[0],
        .us_width = r->network.ultrasound[1],
        .optimiser = {(enum optimiser_kind)t->optimiser, t->weight_decay, t->beta1, t->beta2, t->epsilon, t->momentum, t->nesterov},
        .decay_all = t->decay_all,
        .rate = t->rate,
        .clip = t->clip,
        .warmup = t->warmup,
        .epochs = {[STAGE_US] = t->epochs.us,
                   [STAGE_MG] = t->epochs.mg,
                   [STAGE_BMU] = t->epochs.bmu,
                   [STAGE_PATCH_MG] = t->epochs.patch_mg,
                   [STAGE_PATCH_US] = t->epochs.patch_us},
        .evidence = (enum evidence_kinds)r->network.evidence.kinds,
        .mg_stride = r->network.evidence.mammography_stride,
        .patch = {r->exams.patch.size, r->exams.patch.lesions, r->exams.patch.jitter},
        .evidence_weight = {[EVIDENCE_LAST] = r->loss.evidence, [EVIDENCE_THIRD] = r->loss.evidence_third},
        .batch = t->batch,
        .part = t->part,
        .dropout_block = t->dropout_block,
        .dropout_head = t->dropout_head,
        .average = t->average,
        .average_parts = t->average_parts,
        .precision = (enum precision)t->precision,
        .sampler = (enum sampler_kind)r->exams.sampler,
        .augment = r->exams.augmentation,
        .mask = {r->exams.mask.modality, r->exams.mask.kind, r->exams.mask.view, r->exams.mask.clinical},
        .class_weight_level = r->loss.class,
        .tier_weight_level = r->loss.tier,
        .smoothing = r->loss.smoothing,
        .metric = (enum metric)r->stop.metric,
        .patience = r->stop.patience,
    };
    copy_text(s->name, r->name);
    copy_text(s->profile, r->network.profile);
}

int settings_parse(struct train_settings *out, const char *text, size_t n, struct err *e) {
    void *data = NULL;
    int rc = yaml_read(&data, text, n, &preset_shape, e);
    if (rc)
        return rc;
    take(out, data);
    yaml_discard(data, &preset_shape);
    return settings_check(out, e);
}

int settings_read(struct train_settings *out, const char *path, struct err *e) {
    uint8_t *bytes = NULL;
    size_t n = 0;
    int rc = io_read_file(&bytes, &n, path, YAML_FILE_MAX, e);
    if (rc)
        return rc;
    if ((rc = settings_parse(out, (const char *)bytes, n, e)))
        err_prefix(e, "%s", path);
    mem_free(bytes);
    return rc;
}
