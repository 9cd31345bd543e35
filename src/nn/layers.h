/* Layers: plain functions that add nodes to a graph, reading their weights by name. Floor 3.
 * The archive has passed keys_check(), so every name is there in the right shape. */
#ifndef BMU_NN_LAYERS_H
#define BMU_NN_LAYERS_H

#include "ckpt/archive.h"
#include "tensor/graph.h"

/* The numbers of an array, or NULL with the graph's failure set. */
const float *layer_weights(struct graph *g, const struct archive *a, const char *name, const char *suffix);
/* ResNet-18 (He et al. 2016) without its last layer: x [n][h][w][1 or 3] -> [n][8*width]. */
int layer_trunk(struct graph *g, const struct archive *a, int x, const char *prefix, int width);
/* The same up to its last map, whose mean that is: [n][h][w][8*width], and the map before its last stage, [n][h][w][4*width]. stride: of
 * the last stage, 2 or 1 (He et al.: 2). */
struct trunk_maps {
    int third, last;
};
struct trunk_maps layer_trunk_maps(struct graph *g, const struct archive *a, int x, const char *prefix, int width, int stride);
/* Evidence of a map (graph_evidence()), under this name. */
int layer_evidence(struct graph *g, const struct archive *a, int x, const char *name, int kinds);
/* The trunk's last map, [n][h][w][8*width]: what its result is the mean of. */
int layer_trunk_map(const struct graph *g, int trunk);
int layer_linear(struct graph *g, const struct archive *a, int x, const char *name, int out, enum activation activation, int residual);
int layer_norm(struct graph *g, const struct archive *a, int x, const char *name);
/* ViT block (timm 0.9 `Block`, Dosovitskiy et al. 2021): x += proj(attn(norm1(x))); x += fc2(gelu(fc1(norm2(x)))). x [t][dim], attention
 * within the groups. dropout, where the graph has it on: of the attention's weights, of proj's outputs and of both mlp layers'. */
int layer_block(struct graph *g, const struct archive *a, int x, const char *name, int dim, int heads, struct groups groups,
                double dropout);

#endif
