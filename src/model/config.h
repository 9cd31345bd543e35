/* A model's configuration as JSON, and the keys and graphs that follow from it. Floor 6. Internal to src/model. */
#ifndef BMU_MODEL_CONFIG_H
#define BMU_MODEL_CONFIG_H

#include "file/json.h"
#include "model/evidence_loss.h"
#include "model/model.h"
#include "nn/keys.h"
#include "tensor/graph.h"

enum { TOWERS_MAX = 4, BATCH_MAX = 4096 };
enum { FEATURES_PER_WIDTH = 8, ATTENTION_HEADS = 4, WIDTH_FULL = 64, WIDTH_SMALL = 8 };
enum { STRIDE_USUAL = 32, STRIDE_FINE = 16 }; /* of a trunk: pixels to a cell of its last map */

/* One trunk and the two slots that share it. */
struct tower {
    const char *prefix; /* of its keys */
    enum slot slots[2];
};
/* The network's towers in slot order; returns how many. */
int config_towers(const struct model_config *c, const struct tower **out);
int config_features(const struct model_config *c); /* per view: 8 * width */
/* Of the last map of the trunk of slot s: the view's sides halved five times (or four: evidence.mg_stride), rounded up each time. */
void config_map_sides(const struct model_config *c, enum slot s, int *h, int *w);
/* Of the map before the trunk's last stage: halved four times. */
void config_third_sides(const struct model_config *c, enum slot s, int *h, int *w);
/* The sides of what the trunks take: those of the pictures that preparation makes, or of parts of them. */
struct prep_profile config_views(const struct model_config *c);

/* Profile, sizes and normalisation for a network and width. */
struct model_config config_make(enum network n, enum variant v, enum clinical_mode clinical, int n_clinical, int n_leaves, int width);
/* The same under another profile, by its name: false if there is none. config_make() chooses reference-v1. */
bool config_use_profile(struct model_config *c, const char *name);
/* ERR_CONFIG with a sentence if the parts do not fit each other. */
int config_check(const struct model_config *c, const struct schema *schema, struct err *e);
struct json *config_to_json(const struct model_config *c);
int config_from_json(struct model_config *out, const struct json *j, struct err *e);

/* Numbers that the clinical token's first layer takes: each field's value (or one-hot codes) and its missing flag. */
int config_token_inputs(const struct schema *s);
/* clinical values -> what the network takes: concat: n values, 0 for missing; token: as above, numbers standardised with mean and std
 * (n_fields each). */
void config_encode_clinical(float *out, const struct model_config *c, const struct schema *s, const double *mean, const double *std,
                            const struct clinical *values);
int config_clinical_inputs(const struct model_config *c, const struct schema *s); /* floats that the call above writes */

/* The last layer, whose outputs are the leaves: "head", "head.3", "head.6". */
const char *config_head_key(enum network n);
/* ERR_TREE_HEAD if its outputs are not as many as the tree has leaves. */
int config_check_head(const struct model_config *c, const struct archive *a, const struct tree *t, struct err *e);
void config_keys(struct keys *k, const struct model_config *c, const struct schema *s);

/* Trunk of one tower over n views: input 0 -> output 0, [n][features]; with evidence output 1, [n][h][w][1 + kinds]; map: and a further
 * output, the last map [n][h][w][features]. */
void config_trunk_graph(struct graph *g, const struct archive *a, const struct model_config *c, const struct tower *t, int n, bool map);
/* What follows the trunks, for n exams. present[i]: the slots of exam i whose features are there; the features of all exams stand one exam
 * after the other, within one in slot order. -1: not there. */
struct head_nodes {
    int mg, us;   /* [views of all exams][features] */
    int clinical; /* [n][config_clinical_inputs]; bmu only */
};
/* Probabilities of a zero where the graph has dropout on. */
struct dropout_rates {
    double block; /* in the transformer blocks: .3 */
    double head;  /* in the unimodal heads: .5 */
};
/* The logits, [n][n_leaves], are the graph's output. */
void config_head(struct graph *g, const struct archive *a, const struct model_config *c, const struct schema *s, const unsigned *present,
                 int n, struct head_nodes in, struct dropout_rates dropout);
/* The same of one exam behind inputs that hold its features; in a graph with gradients they require theirs. */
void config_head_graph(struct graph *g, const struct archive *a, const struct model_config *c, const struct schema *s, unsigned present,
                       struct head_nodes *in);
/* The whole network in training: a batch of n exams. view[t]: the input node of tower t (all its present views, exam after exam, slot
 * order), or -1 if none is present. */
struct batch_nodes {
    int view[TOWERS_MAX];
    int clinical;
    int evidence[TOWERS_MAX][EVIDENCE_MAPS]; /* the graph's outputs; -1: none. Output 0: the logits */
};
void config_batch_graph(struct graph *g, const struct archive *a, const struct model_config *c, const struct schema *s,
                        const unsigned *present, int n, struct dropout_rates dropout, struct batch_nodes *in);

#endif
