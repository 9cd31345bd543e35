/* Building a graph: one function per op that adds a node and checks its shape. Floor 2. */
#include "tensor/graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tensor/op.h"

enum { SIDE_MAX = 1 << 20 };

size_t shape_count(struct shape s) {
    return (size_t)s.n * (size_t)s.h * (size_t)s.w * (size_t)s.c;
}

void graph_init(struct graph *g) {
    memset(g, 0, sizeof *g);
    arena_init(&g->arena, 0);
    g->output = -1;
}

void graph_init_mode(struct graph *g, struct graph_mode mode, struct graph_parameters p) {
    graph_init(g);
    g->mode = mode;
    g->parameters = p;
}

void graph_init_training(struct graph *g, struct graph_parameters p) {
    graph_init_mode(g, (struct graph_mode){.batch_statistics = true, .dropout = true, .gradients = true}, p);
}

void graph_release(struct graph *g) {
    arena_release(&g->arena);
    mem_free(g->nodes);
    memset(g, 0, sizeof *g);
}

static bool shape_valid(struct shape s) {
    size_t count = (size_t)s.n;
    const int sides[] = {s.n, s.h, s.w, s.c};
    for (int i = 0; i < 4; i++)
        if (sides[i] < 1 || sides[i] > SIDE_MAX)
            return false;
    return mem_mul(count, (size_t)s.h, &count) && mem_mul(count, (size_t)s.w, &count) && mem_mul(count, (size_t)s.c, &count) &&
           count <= (size_t)1 << 40;
}

/* Copy `node` into the graph, give it its shape by the op table. */
static int add(struct graph *g, struct node node, const char *name) {
    if (g->failure.code)
        return -1;
    for (int i = 0; i < node.n_inputs; i++)
        if (node.inputs[i] < 0 || node.inputs[i] >= g->n) {
            err_set(&g->failure, ERR_INTERNAL, "%s: input %d is no node", name, i);
            return -1;
        }
    if (g->n == g->capacity) {
        const int capacity = g->capacity ? 2 * g->capacity : 64;
        void *grown = g->nodes;
        if (mem_grow(&grown, (size_t)capacity, sizeof *g->nodes, &g->failure))
            return -1;
        g->nodes = grown;
        g->capacity = capacity;
    }
    node.name = arena_strdup(&g->arena, name, &g->failure);
    if (!node.name)
        return -1;
    struct err e = {0};
    const int rc = op_table[node.op].shape(g, &node, &e);
    if (rc || !shape_valid(node.shape)) {
        err_set(&g->failure, rc ? rc : ERR_INTERNAL, "%s (%s): %s", name, op_table[node.op].name, rc ? e.message : "an impossible shape");
        return -1;
    }
    g->nodes[g->n] = node;
    g->output = g->n;
    return g->n++;
}

int graph_input(struct graph *g, const char *name, struct shape s) {
    return add(g, (struct node){.op = OP_input, .shape = s}, name);
}

int graph_require_gradient(struct graph *g, int input) {
    if (g->failure.code)
        return -1;
    bool may = g->mode.gradients && input >= 0 && input < g->n && g->nodes[input].op == OP_input;
    for (int i = 0; i < g->n; i++)
        for (int k = 0; k < g->nodes[i].n_inputs; k++)
            may = may && g->nodes[i].inputs[k] != input;
    if (!may) {
        err_set(&g->failure, ERR_INTERNAL, "node %d can require no gradient: no input, read already, or a graph without gradients", input);
        return -1;
    }
    g->nodes[input].requires_gradient = true;
    return input;
}

/* --- what a graph is asked --------------------------------------------------------------------------------------------------- */

int graph_output(struct graph *g, int x) {
    if (g->failure.code)
        return -1;
    bool twice = false;
    for (int i = 0; i < g->n_outputs; i++)
        twice = twice || g->outputs[i] == x;
    if (x < 0 || x >= g->n || twice || g->n_outputs == GRAPH_OUTPUTS_MAX) {
        err_set(&g->failure, ERR_INTERNAL, "node %d cannot be output %d", x, g->n_outputs);
        return -1;
    }
    return g->outputs[g->n_outputs++] = x;
}

int graph_n_outputs(const struct graph *g) {
    return g->n_outputs ? g->n_outputs : 1;
}

int graph_output_node(const struct graph *g, int i) {
    return g->n_outputs ? g->outputs[i] : g->output;
}

bool graph_is_output(const struct graph *g, int x) {
    for (int i = 0; i < graph_n_outputs(g); i++)
        if (graph_output_node(g, i) == x)
            return true;
    return false;
}

bool graph_folds(const struct graph *g) {
    return !g->mode.batch_statistics && !g->mode.gradients && !g->parameters.values;
}

/* Is it one of the n numbers at the block's beginning? */
static bool among(const struct graph *g, const float *parameter, size_t n) {
    const uintptr_t at = (uintptr_t)parameter, begin = (uintptr_t)g->parameters.values;
    return begin && at >= begin && at - begin < n * sizeof *parameter;
}

bool graph_holds(const struct graph *g, const float *parameter) {
    return among(g, parameter, g->parameters.n);
}

bool graph_trains(const struct graph *g, const float *parameter) {
    return g->mode.gradients && among(g, parameter, g->parameters.n_trained);
}

/* --- layers ------------------------------------------------------------------------------------------------------------------ */

/* Named like the layer whose numbers it holds: the batch-norm's name is made from where its weights are; here the suffix tells them apart
 * in the layer table. */
static int batch_norm(struct graph *g, int x, const char *name, const struct batch_norm *norm, bool relu, int residual) {
    struct node n = {.op = OP_batch_norm,
                     .inputs = {x, residual},
                     .n_inputs = residual >= 0 ? 2 : 1,
                     .norm = *norm,
                     .activation = relu ? ACTIVATION_RELU : ACTIVATION_NONE,
                     .residual = residual >= 0};
    return add(g, n, name);
}

int graph_conv(struct graph *g, int x, const char *name, const float *weights, int weights_in_c, int out_c, int kernel, int stride, int pad,
               const struct batch_norm *norm, bool relu, int residual) {
    struct node n = {.op = OP_conv,
                     .inputs = {x},
                     .n_inputs = 1,
                     .shape.c = out_c,
                     .weights = weights,
                     .weights_in_c = weights_in_c,
                     .kernel = kernel,
                     .stride = stride,
                     .pad = pad};
    if (!graph_folds(g))
        return batch_norm(g, add(g, n, name), name, norm, relu, residual);
    n.norm = *norm;
    n.activation = relu ? ACTIVATION_RELU : ACTIVATION_NONE;
    n.residual = residual >= 0;
    if (n.residual)
        n.inputs[n.n_inputs++] = residual;
    return add(g, n, name);
}

int graph_stem(struct graph *g, int x, const char *name, const char *pool_name, const float *weights, int weights_in_c, int out_c,
               const struct batch_norm *norm) {
    struct node n = {.op = OP_stem,
                     .inputs = {x},
                     .n_inputs = 1,
                     .shape.c = out_c,
                     .weights = weights,
                     .weights_in_c = weights_in_c,
                     .norm = *norm,
                     .kernel = 7,
                     .stride = 2,
                     .pad = 3};
    if (g->mode.batch_statistics && !g->failure.code && x >= 0 && stem_takes(g, &n))
        return add(g, n, name);
    return graph_max_pool(g, graph_conv(g, x, name, weights, weights_in_c, out_c, 7, 2, 3, norm, true, -1), pool_name);
}

static int unary(struct graph *g, enum op op, int x, const char *name) {
    return add(g, (struct node){.op = (int)op, .inputs = {x}, .n_inputs = 1}, name);
}

int graph_max_pool(struct graph *g, int x, const char *name) {
    return add(g, (struct node){.op = OP_max_pool, .inputs = {x}, .n_inputs = 1, .kernel = 3, .stride = 2, .pad = 1}, name);
}

int graph_mean_pool(struct graph *g, int x, const char *name) {
    return unary(g, OP_mean_pool, x, name);
}

int graph_evidence(struct graph *g, int x, const char *name, const float *weights, const float *bias, int k) {
    return add(g, (struct node){.op = OP_evidence, .inputs = {x}, .n_inputs = 1, .shape.c = k, .weights = weights, .bias = bias}, name);
}

int graph_evidence_pool(struct graph *g, int x, int evidence, const char *name) {
    return add(g, (struct node){.op = OP_evidence_pool, .inputs = {x, evidence}, .n_inputs = 2}, name);
}

static const int *keep_rows(struct graph *g, const int *row, int n) {
    int *kept = n > 0 ? arena_alloc(&g->arena, (size_t)n, sizeof *kept, &g->failure) : NULL;
    if (kept)
        memcpy(kept, row, (size_t)n * sizeof *kept);
    return kept;
}

static struct groups keep_groups(struct graph *g, struct groups groups) {
    return (struct groups){groups.n, keep_rows(g, groups.rows, groups.n)};
}

int graph_mean_rows(struct graph *g, int x, const char *name, struct groups groups) {
    return add(g, (struct node){.op = OP_mean_rows, .inputs = {x}, .n_inputs = 1, .groups = keep_groups(g, groups)}, name);
}

int graph_linear(struct graph *g, int x, const char *name, const float *weights, const float *bias, int out, enum activation activation,
                 int residual) {
    struct node n = {.op = OP_linear,
                     .inputs = {x, residual},
                     .n_inputs = residual >= 0 ? 2 : 1,
                     .shape.c = out,
                     .weights = weights,
                     .bias = bias,
                     .activation = activation,
                     .residual = residual >= 0};
    if (graph_folds(g))
        return add(g, n, name);
    n.activation = ACTIVATION_NONE;
    n.residual = false;
    n.n_inputs = 1;
    int y = add(g, n, name);
    if (activation != ACTIVATION_NONE)
        y = add(g, (struct node){.op = OP_activation, .inputs = {y}, .n_inputs = 1, .activation = activation}, name);
    return residual >= 0 ? graph_add(g, y, residual, name) : y;
}

int graph_add(struct graph *g, int a, int b, const char *name) {
    return add(g, (struct node){.op = OP_add, .inputs = {a, b}, .n_inputs = 2}, name);
}

int graph_dropout(struct graph *g, int x, const char *name, double p) {
    if (!g->mode.dropout || p <= 0)
        return x;
    return add(g, (struct node){.op = OP_dropout, .inputs = {x}, .n_inputs = 1, .dropout = p}, name);
}

int graph_layer_norm(struct graph *g, int x, const char *name, const float *gamma, const float *beta, float eps) {
    return add(g, (struct node){.op = OP_layer_norm, .inputs = {x}, .n_inputs = 1, .weights = gamma, .bias = beta, .eps = eps}, name);
}

int graph_attention(struct graph *g, int qkv, const char *name, int heads, struct groups groups, double dropout) {
    struct node n = {.op = OP_attention,
                     .inputs = {qkv},
                     .n_inputs = 1,
                     .heads = heads,
                     .groups = keep_groups(g, groups),
                     .dropout = g->mode.dropout ? dropout : 0};
    return add(g, n, name);
}

int graph_position(struct graph *g, int x, const char *name, const float *embedding, const int *row) {
    struct node n = {.op = OP_position, .inputs = {x}, .n_inputs = 1, .weights = embedding};
    if (!g->failure.code && x >= 0 && x < g->n)
        n.row = keep_rows(g, row, g->nodes[x].shape.n);
    return add(g, n, name);
}

static int many(struct graph *g, struct node n, const int *x, int count, const char *name) {
    if (count < 1 || count > GRAPH_INPUTS_MAX)
        return err_set(&g->failure, ERR_INTERNAL, "%s: %d inputs", name, count), -1;
    memcpy(n.inputs, x, (size_t)count * sizeof *x);
    n.n_inputs = count;
    return add(g, n, name);
}

int graph_pick_rows(struct graph *g, const int *x, int n, const char *name, const int *row, int n_rows) {
    return many(g, (struct node){.op = OP_pick_rows, .shape.n = n_rows, .row = keep_rows(g, row, n_rows)}, x, n, name);
}

int graph_join(struct graph *g, const int *x, int n, const char *name, int rows) {
    return many(g, (struct node){.op = OP_join, .shape.n = rows}, x, n, name);
}
