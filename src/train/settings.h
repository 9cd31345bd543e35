/* The settings of a training run: a preset file (share/presets) and what the command line changed. Floor 8.
 *
 * Plain data. Everything that can change a trained weight is here or in the cohort, and all of it is written into the model file.
 */
#ifndef BMU_TRAIN_SETTINGS_H
#define BMU_TRAIN_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "file/json.h"
#include "learn/augment.h"
#include "learn/mask.h"
#include "learn/patch.h"
#include "learn/sampler.h"
#include "model/model.h"
#include "nn/optimiser.h"

/* us, mg: the network sees that modality alone, and no clinical data. bmu: everything. patch-mg, patch-us: small parts of the pictures of
 * that modality, from marks (learn/patch.h). */
enum stage { STAGE_US, STAGE_MG, STAGE_BMU, STAGE_PATCH_MG, STAGE_PATCH_US, STAGE_COUNT };
bool stage_is_patch(enum stage s);
const char *stage_name(enum stage s);
int stage_from_name(const char *name); /* or -1 */
unsigned stage_slots(enum stage s);    /* bit s: the stage sees this view */
enum network stage_network(enum stage s,
                           enum variant v); /* masked: always bmu, with the other modality masked out; reference: us, mg, bmu */

/* What "best" means. */
enum metric { METRIC_AUC, METRIC_MACRO_AUC, METRIC_LOSS, METRIC_COUNT };
const char *metric_name(enum metric m); /* "auc", "macro_auc", "loss" */

/* Which lesions the evidence maps tell apart: the nodes of the tree's top level, or its leaves; none: the network has no such maps. */
enum evidence_kinds { EVIDENCE_NONE, EVIDENCE_CLASS, EVIDENCE_TIER };

enum { SETTINGS_NAME = 64 };
struct train_settings {
    char name[SETTINGS_NAME];
    /* the network, when it is created */
    enum variant variant;
    enum clinical_mode clinical;
    int width;
    char profile[SETTINGS_NAME]; /* of preprocessing */
    int mg_height, mg_width, us_height, us_width;
    enum evidence_kinds evidence;
    int mg_stride; /* pixels of a mammogram to a cell of its evidence map: 32 or 16; 0 without evidence */
    /* the steps */
    struct optimiser_config optimiser;
    bool decay_all;
    double rate, clip;       /* learning rate at its highest; of the gradients' norm, 0: none */
    int warmup;              /* epochs */
    int epochs[STAGE_COUNT]; /* of the whole run; of the patch stages 0: the preset has none */
    int batch, part;         /* exams per step; exams in memory at once (gradient accumulation) */
    double dropout_block, dropout_head;
    double average;    /* exponential moving average of the weights: its decay per step; 0: none */
    int average_parts; /* ... and parts to re-estimate batch-norm with before each validation */
    enum precision precision;
    /* the exams */
    enum sampler_kind sampler;
    struct mask_settings mask;
    struct augment_settings augment;
    struct patch_settings patch; /* of the patch stages; size 0: the preset has none */
    /* the loss: weights of the tree's levels, top first; smoothing */
    double class_weight_level, tier_weight_level, smoothing;
    double evidence_weight[EVIDENCE_MAPS]; /* of the evidence maps: model/evidence_loss.h */
    /* when to stop */
    enum metric metric;
    int patience; /* epochs without a better metric; 0: never early */
};

/* The network's part as it is in a model that is trained further: what a preset says of it does not count then. */
void settings_take_network(struct train_settings *s, const struct model_config *c);

/* ERR_YAML with line and column, ERR_CONFIG with the key. */
int settings_read(struct train_settings *out, const char *path, struct err *e);
int settings_parse(struct train_settings *out, const char *text, size_t n, struct err *e);
int settings_check(const struct train_settings *s, struct err *e);
struct json *settings_to_json(const struct train_settings *s);

#endif
