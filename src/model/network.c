/* The networks: their keys and their graphs, side by side so that one can be read against the other. Floor 3. Specification: docs/MODEL.md.
 */
#include "model/config.h"
#include "nn/layers.h"

void config_keys(struct keys *k, const struct model_config *c, const struct schema *s) {
    const struct tower *t;
    const int n = config_towers(c, &t), d = config_features(c);
    switch (c->network) {
    case NETWORK_MG:
        keys_trunk(k, t[0].prefix, c->width);
        keys_linear(k, "head.0", 2 * d, d);
        keys_linear(k, "head.3", d, TIER_COUNT);
        return;
    case NETWORK_US:
        for (int i = 0; i < n; i++)
            keys_trunk(k, t[i].prefix, c->width);
        keys_linear(k, "head.0", 6 * d, 4 * d);
        keys_linear(k, "head.3", 4 * d, d);
        keys_linear(k, "head.6", d, TIER_COUNT);
        return;
    case NETWORK_BMU:
    case NETWORK_COUNT:
        break;
    }
    const bool token = c->clinical == CLINICAL_TOKEN;
    keys_position(k, "mg_modal_position_embeddings", 2, d);
    keys_position(k, "us_modal_position_embeddings", 6, d);
    keys_position(k, "multi_modal_position_embeddings", token ? 3 : 2, d);
    for (int i = 0; i < n; i++) {
        keys_trunk(k, t[i].prefix, c->width);
        if (i == 0) { /* left over from mammography pretraining: part of the checkpoint, not of the computation */
            keys_linear(k, "model1.head.0", 2 * d, d);
            keys_linear(k, "model1.head.3", d, TIER_COUNT);
        }
    }
    keys_block(k, "mg_modal_transformer", d);
    keys_block(k, "us_modal_transformer", d);
    keys_block(k, "multi_modal_transformer", d);
    keys_layer_norm(k, "layer_norm", d);
    if (token) {
        keys_linear(k, "clinical_token.fc1", config_token_inputs(s), d);
        keys_linear(k, "clinical_token.fc2", d, d);
    }
    keys_linear(k, "head", d + (token ? 0 : c->n_clinical), TIER_COUNT);
}

void config_trunk_graph(struct graph *g, const struct archive *a, const struct model_config *c, const struct tower *t, int n) {
    const struct prep_profile *p = &c->prep;
    /* a mammogram is grey: one channel, and the first convolution's weights summed over its three */
    const struct shape view =
        slot_is_mg(t->slots[0]) ? (struct shape){n, p->mg_height, p->mg_width, 1} : (struct shape){n, p->us_height, p->us_width, 3};
    layer_trunk(g, a, graph_input(g, t->prefix, view), t->prefix, c->width);
}

/* Tokens of one modality -> one token: positions, block, THE layer norm, mean. */
static int pool_tokens(struct graph *g, const struct archive *a, int x, const char *position, const char *block, int d, const int *rows) {
    x = graph_position(g, x, position, layer_weights(g, a, position, ""), rows);
    x = layer_block(g, a, x, block, d, ATTENTION_HEADS);
    x = layer_norm(g, a, x, "layer_norm");
    return graph_mean_rows(g, x, block);
}

/* The unimodal heads: features of all views end to end, linear layers with ReLU between (dropout is not there at inference). */
static void unimodal_head(struct graph *g, const struct archive *a, const struct model_config *c, int features) {
    const int d = config_features(c);
    int x = graph_join(g, &features, 1, "head");
    x = layer_linear(g, a, x, "head.0", c->network == NETWORK_MG ? d : 4 * d, ACTIVATION_RELU, -1);
    if (c->network == NETWORK_US)
        x = layer_linear(g, a, x, "head.3", d, ACTIVATION_RELU, -1);
    layer_linear(g, a, x, c->network == NETWORK_US ? "head.6" : "head.3", TIER_COUNT, ACTIVATION_NONE, -1);
}

static int rows_present(unsigned present, int first, int count, int *rows) {
    int n = 0;
    for (int i = 0; i < count; i++)
        if (present >> (first + i) & 1U)
            rows[n++] = i;
    return n;
}

void config_head_graph(struct graph *g, const struct archive *a, const struct model_config *c, const struct schema *s, unsigned present,
                       struct head_inputs *in) {
    const int d = config_features(c);
    int mg_rows[2], us_rows[6], tokens[3], token_rows[3], n = 0;
    const int n_mg = rows_present(present, SLOT_MG_CC, 2, mg_rows), n_us = rows_present(present, SLOT_US_BMODE_TRANS, 6, us_rows);
    in->mg = n_mg ? graph_input(g, "features.mg", (struct shape){n_mg, 1, 1, d}) : -1;
    in->us = n_us ? graph_input(g, "features.us", (struct shape){n_us, 1, 1, d}) : -1;
    in->clinical = -1;
    if (c->network != NETWORK_BMU) {
        unimodal_head(g, a, c, c->network == NETWORK_MG ? in->mg : in->us);
        return;
    }
    in->clinical = graph_input(g, "clinical", (struct shape){1, 1, 1, config_clinical_inputs(c, s)});
    if (n_mg) {
        token_rows[n] = 0;
        tokens[n++] = pool_tokens(g, a, in->mg, "mg_modal_position_embeddings", "mg_modal_transformer", d, mg_rows);
    }
    if (n_us) {
        token_rows[n] = 1;
        tokens[n++] = pool_tokens(g, a, in->us, "us_modal_position_embeddings", "us_modal_transformer", d, us_rows);
    }
    if (c->clinical == CLINICAL_TOKEN) {
        const int hidden = layer_linear(g, a, in->clinical, "clinical_token.fc1", d, ACTIVATION_GELU, -1);
        token_rows[n] = 2;
        tokens[n++] = layer_linear(g, a, hidden, "clinical_token.fc2", d, ACTIVATION_NONE, -1);
    }
    int x = graph_stack_rows(g, tokens, n, "modalities");
    x = pool_tokens(g, a, x, "multi_modal_position_embeddings", "multi_modal_transformer", d, token_rows);
    if (c->clinical == CLINICAL_CONCAT)
        x = graph_join(g, (int[]){x, in->clinical}, 2, "pooled_and_clinical");
    layer_linear(g, a, x, "head", TIER_COUNT, ACTIVATION_NONE, -1);
}
