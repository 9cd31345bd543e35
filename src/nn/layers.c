/* Layers: plain functions that add nodes to a graph. Floor 3. */
#include "nn/layers.h"

/* PyTorch's default for both kinds of normalisation. */
static const float NORM_EPS = 1e-5F;

/* A name in the graph's arena. On want of memory the graph fails, and what is built with the name is never used. */
#define NAME(...) arena_printf(&g->arena, &g->failure, __VA_ARGS__)

const float *layer_weights(struct graph *g, const struct archive *a, const char *name, const char *suffix) {
    if (g->failure.code)
        return NULL;
    const char *key = NAME("%s%s", name, suffix);
    const struct array *array = key ? archive_find(a, key) : NULL;
    if (!array && !g->failure.code)
        err_set(&g->failure, ERR_INTERNAL, "%s: the weights were not checked", key);
    return array ? array->data : NULL;
}

static struct batch_norm batch_norm(struct graph *g, const struct archive *a, const char *norm) {
    return (struct batch_norm){layer_weights(g, a, norm, ".weight"), layer_weights(g, a, norm, ".bias"),
                               layer_weights(g, a, norm, ".running_mean"), layer_weights(g, a, norm, ".running_var"), NORM_EPS};
}

/* A convolution and the batch-norm that follows it. */
static int conv_norm(struct graph *g, const struct archive *a, int x, const char *conv, const char *norm, int in, int out, int kernel,
                     int stride, bool relu, int residual) {
    const struct batch_norm bn = batch_norm(g, a, norm);
    return graph_conv(g, x, conv, layer_weights(g, a, conv, ".weight"), in, out, kernel, stride, kernel / 2, &bn, relu, residual);
}

/* torchvision's BasicBlock: two 3x3 convolutions around a shortcut. */
static int basic_block(struct graph *g, const struct archive *a, int x, const char *prefix, int in, int out, int stride) {
    int shortcut = x;
    const int y = conv_norm(g, a, x, NAME("%s.conv1", prefix), NAME("%s.bn1", prefix), in, out, 3, stride, true, -1);
    if (in != out)
        shortcut = conv_norm(g, a, x, NAME("%s.downsample.0", prefix), NAME("%s.downsample.1", prefix), in, out, 1, stride, false, -1);
    return conv_norm(g, a, y, NAME("%s.conv2", prefix), NAME("%s.bn2", prefix), out, out, 3, 1, true, shortcut);
}

struct trunk_maps layer_trunk_maps(struct graph *g, const struct archive *a, int x, const char *prefix, int width, int stride) {
    const struct batch_norm bn = batch_norm(g, a, NAME("%s.1", prefix));
    const char *conv = NAME("%s.0", prefix);
    struct trunk_maps maps = {-1, -1};
    x = graph_stem(g, x, conv, NAME("%s.3", prefix), layer_weights(g, a, conv, ".weight"), 3, width, &bn);
    for (int stage = 0, in = width; stage < 4; stage++) {
        for (int block = 0; block < 2; block++, in = width << stage)
            x = basic_block(g, a, x, NAME("%s.%d.%d", prefix, 4 + stage, block), in, width << stage,
                            in == width << stage ? 1
                            : stage == 3         ? stride
                                                 : 2);
        maps.third = stage == 2 ? x : maps.third;
    }
    maps.last = x;
    return maps;
}

int layer_trunk(struct graph *g, const struct archive *a, int x, const char *prefix, int width) {
    return graph_mean_pool(g, layer_trunk_maps(g, a, x, prefix, width, 2).last, NAME("%s.8", prefix));
}

int layer_evidence(struct graph *g, const struct archive *a, int x, const char *name, int kinds) {
    return graph_evidence(g, x, name, layer_weights(g, a, name, ".weight"), layer_weights(g, a, name, ".bias"), kinds + 1);
}

int layer_trunk_map(const struct graph *g, int trunk) {
    return g->failure.code || trunk < 0 ? -1 : g->nodes[trunk].inputs[0];
}

int layer_linear(struct graph *g, const struct archive *a, int x, const char *name, int out, enum activation activation, int residual) {
    return graph_linear(g, x, name, layer_weights(g, a, name, ".weight"), layer_weights(g, a, name, ".bias"), out, activation, residual);
}

int layer_norm(struct graph *g, const struct archive *a, int x, const char *name) {
    return graph_layer_norm(g, x, name, layer_weights(g, a, name, ".weight"), layer_weights(g, a, name, ".bias"), NORM_EPS);
}

/* residual + dropout(linear(x)); one node where nothing is dropped. */
static int dropped_linear(struct graph *g, const struct archive *a, int x, const char *name, int out, int residual, double dropout) {
    if (!g->mode.dropout || dropout <= 0)
        return layer_linear(g, a, x, name, out, ACTIVATION_NONE, residual);
    const int y = layer_linear(g, a, x, name, out, ACTIVATION_NONE, -1);
    return graph_add(g, graph_dropout(g, y, name, dropout), residual, name);
}

int layer_block(struct graph *g, const struct archive *a, int x, const char *name, int dim, int heads, struct groups groups,
                double dropout) {
    int y = layer_norm(g, a, x, NAME("%s.norm1", name));
    y = layer_linear(g, a, y, NAME("%s.attn.qkv", name), 3 * dim, ACTIVATION_NONE, -1);
    y = graph_attention(g, y, NAME("%s.attn", name), heads, groups, dropout);
    x = dropped_linear(g, a, y, NAME("%s.attn.proj", name), dim, x, dropout);
    y = layer_norm(g, a, x, NAME("%s.norm2", name));
    y = layer_linear(g, a, y, NAME("%s.mlp.fc1", name), 4 * dim, ACTIVATION_GELU, -1);
    y = graph_dropout(g, y, NAME("%s.mlp.fc1", name), dropout);
    return dropped_linear(g, a, y, NAME("%s.mlp.fc2", name), dim, x, dropout);
}
