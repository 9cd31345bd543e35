/* A network as a list of nodes, each one op of the table in op.h. Floor 1.
 *
 * Building never computes: graph_*() add a node and return its number; the first failure sticks and is reported by plan_new().
 * Every value has four sides n, h, w, c: images are [n][h][w][c]; rows of features are [n][1][1][c]. Weights are borrowed from the caller
 * and must outlive the graph's plans only while they are made (the plan packs what it needs), except layer-norm and position rows, which
 * are read in place.
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

enum { GRAPH_INPUTS_MAX = 4, GRAPH_ROWS_MAX = 8 };
enum activation { ACTIVATION_NONE, ACTIVATION_RELU, ACTIVATION_GELU };

/* A batch-norm of inference: y = (x - mean) / sqrt(var + eps) * gamma + beta, folded into the convolution before it. */
struct batch_norm {
    const float *gamma, *beta, *mean, *var;
    float eps;
};

struct node {
    int op; /* enum op */
    int inputs[GRAPH_INPUTS_MAX];
    int n_inputs;
    struct shape shape;
    const char *name; /* the layer's name = the prefix of its weights; in the graph's arena */
    /* what the op needs to know; the fields not of this op are zero */
    const float *weights;       /* conv [out][in][k][k], linear [out][in], layer-norm gamma [c], position rows [rows][c] */
    const float *bias;          /* linear, layer-norm beta; may be NULL for linear */
    struct batch_norm norm;     /* conv */
    int kernel, stride, pad;    /* conv, pooling */
    int weights_in_c;           /* conv: input channels of the weights; 3 over a 1-channel input: the three are summed (grey repeated) */
    enum activation activation; /* conv (none or ReLU), linear */
    bool residual;              /* conv, linear: the last input is added before the activation */
    int heads;                  /* attention */
    float eps;                  /* layer-norm */
    int row[GRAPH_ROWS_MAX];    /* position: the embedding's row of each token */
};

struct graph {
    struct arena arena;
    struct node *nodes;
    int n, capacity;
    int output; /* the last node added */
    struct err failure;
};

void graph_init(struct graph *g);
void graph_release(struct graph *g);

/* All return the new node's number, or -1 when the graph has failed. */
int graph_input(struct graph *g, const char *name, struct shape s);
/* Convolution without bias, batch-norm folded; residual is a node or -1. weights_in_c must equal the input's channels, or be 3 over 1. */
int graph_conv(struct graph *g, int x, const char *name, const float *weights, int weights_in_c, int out_c, int kernel, int stride, int pad,
               const struct batch_norm *norm, bool relu, int residual);
int graph_max_pool(struct graph *g, int x, const char *name);  /* 3x3, stride 2, pad 1 */
int graph_mean_pool(struct graph *g, int x, const char *name); /* over h and w: [n][1][1][c] */
/* y = activation(x W^T + b) + residual?; residual only with ACTIVATION_NONE. */
int graph_linear(struct graph *g, int x, const char *name, const float *weights, const float *bias, int out, enum activation activation,
                 int residual);
int graph_layer_norm(struct graph *g, int x, const char *name, const float *gamma, const float *beta, float eps);
/* Rows are tokens: qkv [t][3*heads*d] -> [t][heads*d]; softmax(q k^T / sqrt(d)) v over all t tokens. */
int graph_attention(struct graph *g, int qkv, const char *name, int heads);
/* Row i gets embedding row row[i] added. */
int graph_position(struct graph *g, int x, const char *name, const float *embedding, const int *row);
int graph_mean_rows(struct graph *g, int x, const char *name);                /* [t][c] -> [1][c] */
int graph_stack_rows(struct graph *g, const int *x, int n, const char *name); /* [a][c], [b][c] -> [a+b][c] */
int graph_join(struct graph *g, const int *x, int n, const char *name);       /* rows of each laid end to end: -> [1][sum of counts] */

#endif
