/* The networks: their keys and their graphs, side by side so that one can be read against the other. Floor 6. Specification: docs/MODEL.md.
 */
#include "model/config.h"

#include <assert.h>
#include <stdio.h>

#include "nn/layers.h"

const char *config_head_key(enum network n) {
    static const char *const names[NETWORK_COUNT] = {[NETWORK_BMU] = "head", [NETWORK_MG] = "head.3", [NETWORK_US] = "head.6"};
    assert(n < NETWORK_COUNT);
    return names[n];
}

int config_check_head(const struct model_config *c, const struct archive *a, const struct tree *t, struct err *e) {
    char name[32];
    snprintf(name, sizeof name, "%s.weight", config_head_key(c->network));
    const struct array *x = archive_find(a, name);
    if (!x || x->rank != 2 || x->shape[0] == (int64_t)t->n_leaves) /* what else may be wrong with it, keys_check() says */
        return 0;
    return err_set(e, ERR_TREE_HEAD,
                   "'%s' has %lld outputs, the disease tree %s has %zu leaves; a network fits the tree it was trained with", name,
                   (long long)x->shape[0], t->name, t->n_leaves);
}

/* The evidence of the last map, of the map before the last stage (in training alone), and what makes features of the pooled map. */
static void evidence_keys(struct keys *k, const char *prefix, const struct model_config *c) {
    const int d = config_features(c);
    char name[64];
    snprintf(name, sizeof name, "%s.evidence", prefix);
    keys_evidence(k, name, d, c->evidence.kinds);
    snprintf(name, sizeof name, "%s.evidence_third", prefix);
    keys_evidence(k, name, d / 2, c->evidence.kinds);
    snprintf(name, sizeof name, "%s.feature", prefix);
    keys_linear(k, name, 2 * d, d);
}

void config_keys(struct keys *k, const struct model_config *c, const struct schema *s) {
    const struct tower *t;
    const int n = config_towers(c, &t), d = config_features(c);
    switch (c->network) {
    case NETWORK_MG:
        keys_trunk(k, t[0].prefix, c->width);
        keys_linear(k, "head.0", 2 * d, d);
        keys_linear(k, config_head_key(c->network), d, c->n_leaves);
        return;
    case NETWORK_US:
        for (int i = 0; i < n; i++)
            keys_trunk(k, t[i].prefix, c->width);
        keys_linear(k, "head.0", 6 * d, 4 * d);
        keys_linear(k, "head.3", 4 * d, d);
        keys_linear(k, config_head_key(c->network), d, c->n_leaves);
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
        if (c->evidence.kinds)
            evidence_keys(k, t[i].prefix, c);
        if (i == 0) { /* left over from mammography pretraining: part of the checkpoint, not of the computation */
            keys_linear(k, "model1.head.0", 2 * d, d);
            keys_linear(k, "model1.head.3", d, c->n_leaves);
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
    keys_linear(k, config_head_key(c->network), d + (token ? 0 : c->n_clinical), c->n_leaves);
}

/* n views of a tower. A mammogram is grey: one channel, and the first convolution's weights summed over its three. */
static int tower_input(struct graph *g, const struct model_config *c, const struct tower *t, int n) {
    const struct prep_profile p = config_views(c);
    const struct shape view =
        slot_is_mg(t->slots[0]) ? (struct shape){n, p.mg_height, p.mg_width, 1} : (struct shape){n, p.us_height, p.us_width, 3};
    return graph_input(g, t->prefix, view);
}

struct trunk_nodes {
    int features, map, evidence, third; /* evidence: -1 if the network has none; third: the map before the last stage */
};

/* Without evidence the features are the last map's mean; with it, a linear layer over the map weighted by it and that mean. */
static struct trunk_nodes trunk(struct graph *g, const struct archive *a, const struct model_config *c, const struct tower *t, int input) {
#define NAME(part) arena_printf(&g->arena, &g->failure, "%s." part, t->prefix)
    const bool fine = slot_is_mg(t->slots[0]) && c->evidence.mg_stride == STRIDE_FINE;
    const struct trunk_maps maps = layer_trunk_maps(g, a, input, t->prefix, c->width, fine ? 1 : 2);
    struct trunk_nodes n = {.map = maps.last, .evidence = -1, .third = maps.third};
    if (c->evidence.kinds) {
        n.evidence = layer_evidence(g, a, n.map, NAME("evidence"), c->evidence.kinds);
        const int pooled = graph_evidence_pool(g, n.map, n.evidence, NAME("evidence.pool"));
        n.features = layer_linear(g, a, pooled, NAME("feature"), config_features(c), ACTIVATION_NONE, -1);
    } else {
        n.features = graph_mean_pool(g, n.map, NAME("8"));
    }
    return n;
#undef NAME
}

void config_trunk_graph(struct graph *g, const struct archive *a, const struct model_config *c, const struct tower *t, int n, bool map) {
    const struct trunk_nodes nodes = trunk(g, a, c, t, tower_input(g, c, t, n));
    if (!map && nodes.evidence < 0)
        return;
    graph_output(g, nodes.features);
    if (nodes.evidence >= 0)
        graph_output(g, nodes.evidence);
    if (map)
        graph_output(g, nodes.map);
}

/* --- what follows the trunks --------------------------------------------------------------------------------------------------- */

/* The batch's layout: which rows belong to what. */
struct layout {
    int n;                               /* exams */
    int *mg_row, *us_row;                /* of each view present: its row among the position embeddings */
    int *mg_rows, *us_rows;              /* views of each exam that has any */
    int *token, *token_row, *token_rows; /* the third block: where a token stands among (mammography, ultrasound, clinical) laid one below
                                            the other; its position embedding; tokens per exam */
    int n_mg, n_us, mg_exams, us_exams, tokens;
};

static int *ints(struct graph *g, int n) {
    return arena_alloc(&g->arena, (size_t)n + 1, sizeof(int), &g->failure);
}

/* The views of one exam in slots first .. first + count; returns how many. */
static int views_of(unsigned present, int first, int count, int *row) {
    int n = 0;
    for (int i = 0; i < count; i++)
        if (present >> (first + i) & 1U)
            row[n++] = i;
    return n;
}

/* False if there was no memory (the graph has failed). */
static bool layout_of(struct layout *l, struct graph *g, const unsigned *present, int n, bool clinical) {
    int *const lists[] = {ints(g, 2 * n), ints(g, 6 * n), ints(g, n), ints(g, n), ints(g, 3 * n), ints(g, 3 * n), ints(g, n)};
    *l = (struct layout){.n = n,
                         .mg_row = lists[0],
                         .us_row = lists[1],
                         .mg_rows = lists[2],
                         .us_rows = lists[3],
                         .token = lists[4],
                         .token_row = lists[5],
                         .token_rows = lists[6]};
    if (g->failure.code)
        return false;
    for (int i = 0; i < n; i++) {
        const int mg = views_of(present[i], SLOT_MG_CC, 2, l->mg_row + l->n_mg),
                  us = views_of(present[i], SLOT_US_BMODE_TRANS, 6, l->us_row + l->n_us);
        l->n_mg += mg;
        l->n_us += us;
        if (mg)
            l->mg_rows[l->mg_exams++] = mg;
        if (us)
            l->us_rows[l->us_exams++] = us;
    }
    for (int i = 0, mg = 0, us = 0; i < n; i++) {
        const int before = l->tokens;
        const bool has[3] = {present[i] >> SLOT_MG_CC & 3U, present[i] >> SLOT_US_BMODE_TRANS & 63U, clinical};
        const int at[3] = {mg, l->mg_exams + us, l->mg_exams + l->us_exams + i};
        for (int k = 0; k < 3; k++)
            if (has[k]) {
                l->token[l->tokens] = at[k];
                l->token_row[l->tokens++] = k;
            }
        mg += has[0];
        us += has[1];
        l->token_rows[i] = l->tokens - before;
    }
    return true;
}

/* Tokens of one modality -> one token per exam: positions, block, THE layer norm, mean. */
static int pool_tokens(struct graph *g, const struct archive *a, int x, const char *position, const char *block, int d, const int *rows,
                       struct groups groups, double dropout) {
    x = graph_position(g, x, position, layer_weights(g, a, position, ""), rows);
    x = layer_block(g, a, x, block, d, ATTENTION_HEADS, groups, dropout);
    x = layer_norm(g, a, x, "layer_norm");
    return graph_mean_rows(g, x, block, groups);
}

/* The unimodal heads: features of all views end to end, linear layers with ReLU and dropout between. */
static void unimodal_head(struct graph *g, const struct archive *a, const struct model_config *c, int features, int n, double dropout) {
    const int d = config_features(c);
    int x = graph_join(g, &features, 1, "head", n);
    x = graph_dropout(g, layer_linear(g, a, x, "head.0", c->network == NETWORK_MG ? d : 4 * d, ACTIVATION_RELU, -1), "head.0", dropout);
    if (c->network == NETWORK_US)
        x = graph_dropout(g, layer_linear(g, a, x, "head.3", d, ACTIVATION_RELU, -1), "head.3", dropout);
    layer_linear(g, a, x, config_head_key(c->network), c->n_leaves, ACTIVATION_NONE, -1);
}

void config_head(struct graph *g, const struct archive *a, const struct model_config *c, const struct schema *s, const unsigned *present,
                 int n, struct head_nodes in, struct dropout_rates dropout) {
    const int d = config_features(c);
    const bool token = c->clinical == CLINICAL_TOKEN;
    struct layout l;
    int modality[3], k = 0;
    (void)s;
    if (c->network != NETWORK_BMU) {
        unimodal_head(g, a, c, c->network == NETWORK_MG ? in.mg : in.us, n, dropout.head);
        return;
    }
    if (!layout_of(&l, g, present, n, token))
        return;
    if (l.n_mg)
        modality[k++] = pool_tokens(g, a, in.mg, "mg_modal_position_embeddings", "mg_modal_transformer", d, l.mg_row,
                                    (struct groups){l.mg_exams, l.mg_rows}, dropout.block);
    if (l.n_us)
        modality[k++] = pool_tokens(g, a, in.us, "us_modal_position_embeddings", "us_modal_transformer", d, l.us_row,
                                    (struct groups){l.us_exams, l.us_rows}, dropout.block);
    if (token) {
        const int hidden = layer_linear(g, a, in.clinical, "clinical_token.fc1", d, ACTIVATION_GELU, -1);
        modality[k++] = layer_linear(g, a, hidden, "clinical_token.fc2", d, ACTIVATION_NONE, -1);
    }
    int x = graph_pick_rows(g, modality, k, "modalities", l.token, l.tokens);
    x = pool_tokens(g, a, x, "multi_modal_position_embeddings", "multi_modal_transformer", d, l.token_row, (struct groups){n, l.token_rows},
                    dropout.block);
    if (c->clinical == CLINICAL_CONCAT)
        x = graph_join(g, (int[]){x, in.clinical}, 2, "pooled_and_clinical", n);
    layer_linear(g, a, x, config_head_key(c->network), c->n_leaves, ACTIVATION_NONE, -1);
}

void config_head_graph(struct graph *g, const struct archive *a, const struct model_config *c, const struct schema *s, unsigned present,
                       struct head_nodes *in) {
    const int d = config_features(c), n_mg = __builtin_popcount(present >> SLOT_MG_CC & 3U),
              n_us = __builtin_popcount(present >> SLOT_US_BMODE_TRANS & 63U);
    in->mg = n_mg ? graph_input(g, "features.mg", (struct shape){n_mg, 1, 1, d}) : -1;
    in->us = n_us ? graph_input(g, "features.us", (struct shape){n_us, 1, 1, d}) : -1;
    in->clinical = c->network == NETWORK_BMU ? graph_input(g, "clinical", (struct shape){1, 1, 1, config_clinical_inputs(c, s)}) : -1;
    if (g->mode.gradients && n_mg)
        graph_require_gradient(g, in->mg);
    if (g->mode.gradients && n_us)
        graph_require_gradient(g, in->us);
    config_head(g, a, c, s, &present, 1, *in, (struct dropout_rates){0, 0});
}

/* --- the whole network, in training ------------------------------------------------------------------------------------------------ */

/* The ultrasound towers' features, each in its own order (exam, slot) -> all by exam and slot. */
static int gather_us(struct graph *g, const struct tower *towers, int n_towers, const int *features, const unsigned *present, int n) {
    int *row = ints(g, 6 * n), node[TOWERS_MAX], begin[TOWERS_MAX], rows = 0, total = 0, k = 0;
    for (int t = 0; t < n_towers; t++) {
        begin[t] = total;
        if (features[t] < 0 || slot_is_mg(towers[t].slots[0]))
            continue;
        node[k++] = features[t];
        for (int i = 0; i < n; i++)
            total += __builtin_popcount(present[i] >> towers[t].slots[0] & 3U);
    }
    if (k == 0 || !row)
        return -1;
    for (int i = 0; i < n; i++)
        for (int t = 0; t < n_towers; t++)
            for (int v = 0; v < 2 && !slot_is_mg(towers[t].slots[0]); v++)
                if (present[i] >> towers[t].slots[v] & 1U)
                    row[rows++] = begin[t]++;
    return graph_pick_rows(g, node, k, "features.us", row, rows);
}

void config_batch_graph(struct graph *g, const struct archive *a, const struct model_config *c, const struct schema *s,
                        const unsigned *present, int n, struct dropout_rates dropout, struct batch_nodes *in) {
    const struct tower *towers;
    const int n_towers = config_towers(c, &towers);
    int features[TOWERS_MAX], maps[TOWERS_MAX][EVIDENCE_MAPS];
    struct head_nodes head = {-1, -1, -1};
    for (int t = 0; t < TOWERS_MAX; t++) {
        in->view[t] = features[t] = -1;
        in->evidence[t][EVIDENCE_LAST] = in->evidence[t][EVIDENCE_THIRD] = -1;
    }
    in->clinical = head.clinical =
        c->network == NETWORK_BMU ? graph_input(g, "clinical", (struct shape){n, 1, 1, config_clinical_inputs(c, s)}) : -1;
    for (int t = 0; t < n_towers; t++) {
        int views = 0;
        for (int i = 0; i < n; i++)
            views += __builtin_popcount(present[i] >> towers[t].slots[0] & 3U);
        if (!views)
            continue;
        in->view[t] = tower_input(g, c, &towers[t], views);
        const struct trunk_nodes nodes = trunk(g, a, c, &towers[t], in->view[t]);
        features[t] = nodes.features;
        maps[t][EVIDENCE_LAST] = nodes.evidence;
        if (c->evidence.kinds)
            maps[t][EVIDENCE_THIRD] = layer_evidence(
                g, a, nodes.third, arena_printf(&g->arena, &g->failure, "%s.evidence_third", towers[t].prefix), c->evidence.kinds);
        if (slot_is_mg(towers[t].slots[0]))
            head.mg = features[t];
    }
    head.us = gather_us(g, towers, n_towers, features, present, n);
    config_head(g, a, c, s, present, n, head, dropout);
    if (!c->evidence.kinds)
        return;
    graph_output(g, g->output); /* the logits; then the evidence */
    for (int t = 0; t < n_towers; t++)
        for (int m = 0; m < EVIDENCE_MAPS && in->view[t] >= 0; m++) {
            in->evidence[t][m] = graph_n_outputs(g);
            graph_output(g, maps[t][m]);
        }
}
