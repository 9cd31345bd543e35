/* A network as a list of nodes, each one op of the table in op.h. Floor 2.
 *
 * Building never computes: graph_*() add a node and return its number; the first failure sticks and is reported by plan_new().
 * Every value has four sides n, h, w, c: images are [n][h][w][c]; rows of features are [n][1][1][c]. Weights are borrowed from the caller
 * and must outlive the graph's plans only while they are made (the plan packs what it needs), except layer-norm and position rows, which
 * are read in place.
 *
 * What a graph is for is said when it is begun (struct graph_mode): by itself it computes, and batch-norms fold into the convolutions
 * before them. With batch statistics, gradients or parameters that may change it has the same layers as separate nodes (a convolution, then
 * its batch-norm) that read their weights at each run. Parameters that change lie in one block, and the gradient of each that is trained
 * lies at the same place of a second block (struct graph_parameters).
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

enum { GRAPH_INPUTS_MAX = 4, GRAPH_OUTPUTS_MAX = 12, GRAPH_GROUP_MAX = 8 };
enum activation { ACTIVATION_NONE, ACTIVATION_RELU, ACTIVATION_GELU };

/* y = (x - mean) / sqrt(var + eps) * gamma + beta (Ioffe & Szegedy 2015). */
struct batch_norm {
    const float *gamma, *beta, *mean, *var;
    float eps;
};

/* Rows of tokens belong to exams: group i is the next rows[i] rows. */
struct groups {
    int n;
    const int *rows;
};

/* Three things that are on together in a training step, each by itself. */
struct graph_mode {
    bool batch_statistics; /* batch-norm takes the mean and variance of the batch, and the running ones move towards them; else it takes the
                              running ones, which stay. They must lie in the parameters' block */
    bool dropout;          /* dropout is on; else it is x itself */
    bool gradients;        /* plans have a backward pass: to the parameters that are trained and the inputs that require it */
};

/* Where numbers lie that may change between runs; none: all zero. What a node calls its weights is `values + k`. The first n_trained are
 * trained: their gradient is `gradients + k`. Running means and variances lie behind them. Weights outside the block do not change. */
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
    const float *weights;    /* conv, stem [out][in][k][k], linear and evidence [out][in], layer-norm gamma [c], position rows [rows][c] */
    const float *bias;       /* linear, evidence, layer-norm beta; may be NULL for linear */
    struct batch_norm norm;  /* conv (folded), batch_norm, stem */
    int kernel, stride, pad; /* conv, pooling */
    int weights_in_c;        /* conv: input channels of the weights; 3 over a 1-channel input: the three are summed (grey repeated) */
    enum activation activation; /* conv and batch_norm (none or ReLU), linear, activation */
    bool residual;              /* conv, batch_norm, linear: the last input is added before the activation */
    int heads;                  /* attention */
    float eps;                  /* layer-norm */
    double dropout;             /* dropout, attention: the probability of a zero */
    struct groups groups;       /* attention, mean_rows */
    const int *row;             /* position: the embedding's row of each token; pick_rows: the row taken; in the graph's arena */
    bool requires_gradient;     /* input */
};

struct graph {
    struct arena arena;
    struct node *nodes;
    int n, capacity;
    int output; /* the last node added; the graph's output unless others are named: */
    int outputs[GRAPH_OUTPUTS_MAX], n_outputs;
    struct graph_mode mode;
    struct graph_parameters parameters;
    struct err failure;
};

void graph_init(struct graph *g); /* nothing of struct graph_mode, no parameters that change */
void graph_init_mode(struct graph *g, struct graph_mode mode, struct graph_parameters p);
void graph_init_training(struct graph *g, struct graph_parameters p); /* all of struct graph_mode */
void graph_release(struct graph *g);

/* All return the new node's number, or -1 when the graph has failed. */
int graph_input(struct graph *g, const char *name, struct shape s);
/* The backward pass is to give the gradient by this input. Before any layer reads it. */
int graph_require_gradient(struct graph *g, int input);
/* Make a node an output of the graph; the first call names output 0, and so on. Without a call the last node is the only output. Returns x.
 */
int graph_output(struct graph *g, int x);
int graph_n_outputs(const struct graph *g);
int graph_output_node(const struct graph *g, int i);
bool graph_is_output(const struct graph *g, int x);
/* Are batch-norms folded, activations and sums part of the layers before them, and weights packed when a plan is made? */
bool graph_folds(const struct graph *g);
bool graph_holds(const struct graph *g, const float *parameter);  /* does it lie in the block? */
bool graph_trains(const struct graph *g, const float *parameter); /* is its gradient wanted? NULL: no */
/* Convolution without bias, and the batch-norm behind it. residual is a node or -1. weights_in_c must equal the input's channels, or be 3
 * over 1. Folded: one node; else two. */
int graph_conv(struct graph *g, int x, const char *name, const float *weights, int weights_in_c, int out_c, int kernel, int stride, int pad,
               const struct batch_norm *norm, bool relu, int residual);
/* ResNet's beginning: the convolution 7x7 stride 2, batch-norm, ReLU, max-pooling 3x3 stride 2. With batch statistics one node where the
 * kernel that never stores the convolution takes the shape and x requires no gradient. pool_name names the pooling where it is a node of
 * its own. */
int graph_stem(struct graph *g, int x, const char *name, const char *pool_name, const float *weights, int weights_in_c, int out_c,
               const struct batch_norm *norm);
int graph_max_pool(struct graph *g, int x, const char *name);  /* 3x3, stride 2, pad 1 */
int graph_mean_pool(struct graph *g, int x, const char *name); /* over h and w: [n][1][1][c] */
/* At each cell of x [n][h][w][c] the evidence for background (channel 0) and for each kind of lesion: [n][h][w][k], a linear layer per
 * cell. */
int graph_evidence(struct graph *g, int x, const char *name, const float *weights, const float *bias, int k);
/* The map weighted by its evidence, and its mean: [n][1][1][2 c] (op_evidence.c). */
int graph_evidence_pool(struct graph *g, int x, int evidence, const char *name);
/* y = activation(x W^T + b) + residual?; residual only with ACTIVATION_NONE. Not folded: activation and sum are nodes of their own. */
int graph_linear(struct graph *g, int x, const char *name, const float *weights, const float *bias, int out, enum activation activation,
                 int residual);
int graph_add(struct graph *g, int a, int b, const char *name); /* a sum of its own, where no layer before it can take it along */
/* Each number is 0 with probability p, else divided by 1 - p (Srivastava et al. 2014); x itself where mode.dropout is off. */
int graph_dropout(struct graph *g, int x, const char *name, double p);
int graph_layer_norm(struct graph *g, int x, const char *name, const float *gamma, const float *beta, float eps);
/* Rows are tokens: qkv [t][3*heads*d] -> [t][heads*d]; softmax(q k^T / sqrt(d)) v over the tokens of the row's group. An absent token is
 * not there at all, so no mask is needed. dropout: of the attention weights, where mode.dropout is on. */
int graph_attention(struct graph *g, int qkv, const char *name, int heads, struct groups groups, double dropout);
/* Row i gets embedding row row[i] added. */
int graph_position(struct graph *g, int x, const char *name, const float *embedding, const int *row);
int graph_mean_rows(struct graph *g, int x, const char *name, struct groups groups); /* [t][c] -> [groups][c] */
/* Output row i is row row[i] of the inputs laid one below the other. */
int graph_pick_rows(struct graph *g, const int *x, int n, const char *name, const int *row, int n_rows);
/* Each input, seen as `rows` rows, side by side: -> [rows][sum of counts / rows]. */
int graph_join(struct graph *g, const int *x, int n, const char *name, int rows);

#endif
