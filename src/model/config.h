/* A model's configuration as JSON, and the keys and graphs that follow from it. Floor 3. Internal to src/model. */
#ifndef BMU_MODEL_CONFIG_H
#define BMU_MODEL_CONFIG_H

#include "base/json.h"
#include "model/model.h"
#include "nn/keys.h"
#include "tensor/graph.h"

enum { FEATURES_PER_WIDTH = 8, ATTENTION_HEADS = 4, WIDTH_FULL = 64, WIDTH_SMALL = 8 };

/* One trunk and the two slots that share it. */
struct tower {
    const char *prefix; /* of its keys */
    enum slot slots[2];
};
/* The network's towers in slot order; returns how many. */
int config_towers(const struct model_config *c, const struct tower **out);
int config_features(const struct model_config *c); /* per view: 8 * width */

/* Profile, sizes and normalisation for a network and width. */
struct model_config config_make(enum network n, enum variant v, enum clinical_mode clinical, int n_clinical, int width);
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

void config_keys(struct keys *k, const struct model_config *c, const struct schema *s);

/* Trunk of one tower over n views: input 0 -> [n][features]. */
void config_trunk_graph(struct graph *g, const struct archive *a, const struct model_config *c, const struct tower *t, int n);
/* What follows the trunks. present: slots whose features are given, in slot order; inputs[] receives the node numbers or -1. */
struct head_inputs {
    int mg, us;   /* [count][features] */
    int clinical; /* [1][config_clinical_inputs] */
};
void config_head_graph(struct graph *g, const struct archive *a, const struct model_config *c, const struct schema *s, unsigned present,
                       struct head_inputs *in);

#endif
