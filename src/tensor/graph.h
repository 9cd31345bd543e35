/* A network as a list of nodes, each one op of the table in op.h. Floor 2.
 *
 * Building never computes: graph_*() add a node and return its number; the first failure sticks and is reported by plan_new().
 * Every value has four sides n, h, w, c: images are [n][h][w][c]; rows of features are [n][1][1][c]. Weights are borrowed from the caller
 * and must outlive the graph's plans only while they are made (the plan packs what it needs), except layer-norm and position rows, which
 * are read in place.
 *
 * A graph for training is built with graph_init_training(): it has the same layers as separate nodes (a convolution, then its batch-norm),
 * its parameters lie in one block, and every parameter's gradient lies at the same place of a second block (struct graph_parameters).
 */
#ifndef BMU_TENSOR_GRAPH_H
#define BMU_TENSOR_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

struct shape {
    int n, h, w, c;
};
size_t shape_count(struct shape s); /* n*h*w*c; sides are bounded so that this cannot overflow */

enum { GRAPH_INPUTS_MAX = 4, GRAPH_GROUP_MAX = 8 };
enum activation { ACTIVATION_NONE, ACTIVATION_RELU, ACTIVATION_GELU };

/* y = (x - mean) / sqrt(var + eps) * gamma + beta. Inference: folded into the convolution before it. Training: mean and var are the
 * batch's, and the running ones move towards them (Ioffe & Szegedy 2015). */
struct batch_norm {
    const float *gamma, *beta, *mean, *var;
    float eps;
};

/* Rows of tokens belong to exams: group i is the next rows[i] rows. */
struct groups {
    int n;
    const int *rows;
};

/* Where a training graph's numbers lie. What a node calls its weights is `values + k`; its gradient is `gradients + k`. Running means and
 * variances lie in the block behind the trained numbers and have no gradient. */
struct graph_parameters {
    float *values, *gradients;
    size_t n, n_trained;
};

struct node {
    int op; /* enum op */
    int inputs[GRAPH_INPUTS_MAX];
    int n_inputs;
    struct shape shape;
    const char *name; /* the layer's name = the prefix of its weights; in the graph's arena */
    /* what the op needs to know; the fields not of this op are zero */
    const float *weights;       /* conv, stem [out][in][k][k], linear [out][in], layer-norm gamma [c], position rows [rows][c] */
    const float *bias;          /* linear, layer-norm beta; may be NULL for linear */
    struct batch_norm norm;     /* conv (inference), batch_norm, stem */
    int kernel, stride, pad;    /* conv, pooling */
    int weights_in_c;           /* conv: input channels of the weights; 3 over a 1-channel input: the three are summed (grey repeated) */
    enum activation activation; /* conv and batch_norm (none or ReLU), linear, activation */
    bool residual;              /* conv, batch_norm, linear: the last input is added before the activation */
    int heads;                  /* attention */
    float eps;                  /* layer-norm */
    double dropout;             /* dropout, attention: the probability of a zero */
    struct groups groups;       /* attention, mean_rows */
    const int *row;             /* position: the embedding's row of each token; pick_rows: the row taken; in the graph's arena */
};

struct graph {
    struct arena arena;
    struct node *nodes;
    int n, capacity;
    int output; /* the last node added */
    bool training;
    struct graph_parameters parameters; /* training */
    struct err failure;
};

void graph_init(struct graph *g);
void graph_init_training(struct graph *g, struct graph_parameters p);
void graph_release(struct graph *g);

/* All return the new node's number, or -1 when the graph has failed. */
int graph_input(struct graph *g, const char *name, struct shape s);
/* Convolution without bias, and the batch-norm behind it. residual is a node or -1. weights_in_c must equal the input's channels, or be 3
 * over 1. Inference: one node. Training: two. */
int graph_conv(struct graph *g, int x, const char *name, const float *weights, int weights_in_c, int out_c, int kernel, int stride, int pad,
               const struct batch_norm *norm, bool relu, int residual);
/* ResNet's beginning: the convolution 7x7 stride 2, batch-norm, ReLU, max-pooling 3x3 stride 2. In training one node where the kernel that
 * never stores the convolution takes the shape. pool_name names the pooling where it is a node of its own. */
int graph_stem(struct graph *g, int x, const char *name, const char *pool_name, const float *weights, int weights_in_c, int out_c,
               const struct batch_norm *norm);
int graph_max_pool(struct graph *g, int x, const char *name);  /* 3x3, stride 2, pad 1 */
int graph_mean_pool(struct graph *g, int x, const char *name); /* over h and w: [n][1][1][c] */
/* y = activation(x W^T + b) + residual?; residual only with ACTIVATION_NONE. Training: the activation is a node of its own. */
int graph_linear(struct graph *g, int x, const char *name, const float *weights, const float *bias, int out, enum activation activation,
                 int residual);
int graph_add(struct graph *g, int a, int b, const char *name); /* a sum of its own, where no layer before it can take it along */
/* Training: each number is 0 with probability p, else divided by 1 - p (Srivastava et al. 2014). Inference: x itself. */
int graph_dropout(struct graph *g, int x, const char *name, double p);
int graph_layer_norm(struct graph *g, int x, const char *name, const float *gamma, const float *beta, float eps);
/* Rows are tokens: qkv [t][3*heads*d] -> [t][heads*d]; softmax(q k^T / sqrt(d)) v over the tokens of the row's group. An absent token is
 * not there at all, so no mask is needed. dropout: of the attention weights, in training. */
int graph_attention(struct graph *g, int qkv, const char *name, int heads, struct groups groups, double dropout);
/* Row i gets embedding row row[i] added. */
int graph_position(struct graph *g, int x, const char *name, const float *embedding, const int *row);
int graph_mean_rows(struct graph *g, int x, const char *name, struct groups groups); /* [t][c] -> [groups][c] */
/* Output row i is row row[i] of the inputs laid one below the other. */
int graph_pick_rows(struct graph *g, const int *x, int n, const char *name, const int *row, int n_rows);
/* Each input, seen as `rows` rows, side by side: -> [rows][sum of counts / rows]. */
int graph_join(struct graph *g, const int *x, int n, const char *name, int rows);

#endif
