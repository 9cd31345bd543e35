/* A trained network: configuration, weights, and the plan that runs it. Floor 6.
 *
 * Networks: `bmu` (the fused network), `mg` and `us` (the unimodal pretraining networks). Variants: `reference` (an absent view is the
 * published release's black image) and `masked` (an absent view is not computed and is masked out of attention and pooling). See
 * docs/MODEL.md.
 */
#ifndef BMU_MODEL_MODEL_H
#define BMU_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ckpt/archive.h"
#include "exam/schema.h"
#include "exam/slot.h"
#include "exam/tree.h"
#include "prep/prep.h"

enum network { NETWORK_BMU, NETWORK_MG, NETWORK_US, NETWORK_COUNT };
enum variant { VARIANT_REFERENCE, VARIANT_MASKED, VARIANT_COUNT };
enum clinical_mode { CLINICAL_CONCAT, CLINICAL_TOKEN, CLINICAL_NONE };
enum precision { PRECISION_FP32, PRECISION_BF16 };
const char *network_name(enum network n);     /* "bmu", "mg", "us" */
const char *variant_name(enum variant v);     /* "reference", "masked" */
const char *precision_name(enum precision p); /* "fp32", "bf16" */
/* The name's value, or -1. */
int network_from_name(const char *name);
int variant_from_name(const char *name);

/* Everything that fixes the arithmetic. Stored as JSON in the model file's metadata under "bmunet.config". */
struct model_config {
    enum network network;
    enum variant variant;
    enum clinical_mode clinical; /* bmu only; else CLINICAL_NONE */
    int width;                   /* channels after the stem: 64; trunk features are 8 * width */
    int n_leaves;                /* outputs of the head: the leaves of the disease tree; not in the JSON, where the tree says it */
    int n_clinical;              /* concat: values appended to the head's input (10); token: fields of the schema */
    struct prep_profile prep;    /* name is static */
    struct {
        int kinds, level; /* of lesions that the evidence tells apart: the nodes of this level of the tree; 0 kinds: no evidence, and
                             a view's features are its last map's mean (docs/MODEL.md) */
        int mg_stride;    /* pixels of a mammogram to a cell of its last map: 32, or 16 (last stage without its stride) */
    } evidence;
    int patch;         /* side in pixels of the parts of pictures that it was trained on; 0: whole pictures. It predicts nothing */
    unsigned unlearnt; /* bit k: no exam has taught the network images of kind k; predict refuses them. 0: an import, or all are learnt */
};

/* Import: check the archive (exact set of keys and shapes for the network; all problems listed in one message, ERR_WEIGHTS_KEYS; NaN or
 * infinity: ERR_WEIGHTS_NAN; another number of outputs than the tree has leaves: ERR_TREE_HEAD) and write one safetensors file with
 * metadata. `source` is the file's name for the provenance. schema may be NULL (mg, us). */
struct model_import {
    enum network network;
    enum variant variant;
    enum clinical_mode clinical; /* bmu: CLINICAL_CONCAT (0) as published, or CLINICAL_TOKEN (variant masked only); ignored otherwise */
    const struct schema *schema; /* what the clinical inputs 1..n mean; bmu only */
    const struct tree *tree;     /* what the outputs mean: its leaves in order */
    const char *source_name;     /* base name of the checkpoint */
    uint8_t source_sha256[32];
};
/* The width is read off the first convolution: 64, or 8 (the small network of the tests: mammograms 64x48, ultrasound 32x32). */
int model_import(const char *out_path, const struct archive *checkpoint, const struct model_import *how, struct err *e);

/* A seeded, untrained network: for trying the machinery. Metadata "bmunet.untrained" = "true". */
struct model_init_options {
    enum network network;
    enum variant variant;
    enum clinical_mode clinical;
    const struct schema *schema;
    const struct tree *tree;       /* what the outputs mean */
    const char *prep;              /* name of the preprocessing profile; NULL: reference-v1 */
    const struct vendors *vendors; /* canonical-v1 only; may be NULL */
    uint64_t seed;
    bool small; /* width 8 */
};
int model_init(const char *out_path, const struct model_init_options *o, struct err *e);

struct model_options {
    enum precision precision;
    bool exact; /* direct convolution everywhere */
};
struct model;
/* Load, check (exact set of keys, shapes, types, no NaN; as many outputs as the tree inside has leaves, ERR_TREE_HEAD) and prepare. */
int model_open(struct model **out, const char *path, const struct model_options *options, struct err *e);
/* The same from the bytes of such a file, which are copied. */
int model_open_bytes(struct model **out, const void *bytes, size_t n, const struct model_options *options, struct err *e);
/* The same network over other numbers (n arrays that outlive it, e.g. parameters.arrays while they are learnt); they must not change. */
struct model_facts;
int model_over(struct model **out, const struct model_facts *like, const struct array *arrays, size_t n,
               const struct model_options *options, struct err *e);
void model_close(struct model *m);
const struct model_config *model_config(const struct model *m);
const struct schema *model_schema(const struct model *m);           /* NULL: takes no clinical data */
const struct tree *model_tree(const struct model *m);               /* the one inside the file: what the outputs mean */
const uint8_t *model_sha256(const struct model *m);                 /* of the model file, 32 bytes */
const char *model_metadata(const struct model *m, const char *key); /* "bmunet.config", "bmunet.source" ...; NULL if absent */
bool model_untrained(const struct model *m);                        /* its weights are random */
size_t model_parameters(const struct model *m);                     /* trainable numbers: 54.7 M for bmu */
/* Which slots a configuration takes: the one rule for prediction, preparation, training and measuring. Sets of bits, 1 << slot. */
struct model_slots {
    unsigned places;   /* the network has a place for them: network_slots() */
    unsigned taken;    /* of those, the ones whose images are taken */
    unsigned unlearnt; /* the others: refused, for no exam has taught the network images of that kind */
};
unsigned network_slots(enum network n);
struct model_slots model_slots(const struct model_config *c);

struct model_input {
    /* as prep_file() gives them; NULL: absent. Two views of a tower that lie end to end are not copied. */
    const float *view[SLOT_COUNT];
    const struct clinical *clinical; /* config.n_clinical values; NULL only if CLINICAL_NONE */
};
struct model_output {
    float logits[TREE_LEAVES_MAX]; /* by leaf, in the order of model_tree()'s leaves */
    double p[TREE_LEAVES_MAX];     /* softmax in double */
    double node[TREE_NODES_MAX];   /* by node of the tree: the sum of its leaves' p */
    double positive;               /* of the node that counts as malignant */
    int leaf;                      /* the largest p (the first leaf on a tie) */
};
/* One exam. Deterministic: the same bits for any number of threads and whatever ran before. ERR_EXAM_NO_IMAGE, ERR_OUTPUT_NAN, ERR_ENGINE.
 * Any number of threads may call it on one model: they take turns. */
int model_run(struct model *m, const struct model_input *in, struct model_output *out, struct err *e);

/* The same in two parts (model/encode.h, model/fuse.h): encoding the views and fusing all of them gives the bits of model_run(). Fusing
 * some of them gives what model_run() makes of those, but for rounding: two views of a tower are computed together where both are there. */
struct features;
struct fuse_input;
/* Errors as model_run(). view as model_input.view. out: features_new()'s, with or without maps. */
int model_encode(struct model *m, const float *const view[SLOT_COUNT], struct features *out, struct err *e);
/* ERR_EXAM_NO_IMAGE: no view is left, and nothing stands in; ERR_OUTPUT_NAN; ERR_ENGINE. */
int model_fuse(struct model *m, const struct fuse_input *in, struct model_output *out, struct err *e);
/* d (sum over leaves k of weight[k] * logit[k]) / d features -> gradient [SLOT_COUNT][d]; 0 in the rows of views that are not fused. A
 * logit: weight 1 there and 0 elsewhere; a probability or its log-odds: their derivatives by the logits. Errors as model_fuse(), but for
 * NaN. */
int model_fuse_gradient(struct model *m, const struct fuse_input *in, const float *weight, float *gradient, struct err *e);

/* The layer table of the last run: wall seconds and multiply-adds per layer. */
struct layer_time {
    const char *name;      /* "model1.backbone.4.0.conv1" */
    const char *pass;      /* training: "forward", "recompute", "backward"; inference: NULL */
    const char *algorithm; /* "winograd 6x6", "direct (brgconv:avx512_core)" ... */
    double seconds;        /* per exam: median call, times calls per exam, since model_profile() */
    double macs;           /* per exam, multiply-adds of the direct method on all the input channels */
};
/* Start (or stop) timing layers. */
void model_profile(struct model *m, bool on);
/* The timed layers in order of their first run; *out is owned (mem_free()), its texts are the model's. */
int model_layers(struct layer_time **out, size_t *n, const struct model *m, struct err *e);

#endif
