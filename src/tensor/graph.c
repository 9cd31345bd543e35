/* Building a graph: one function per op that adds a node and checks its shape. Floor 1. */
#include "tensor/graph.h"

#include <stdlib.h>
#include <string.h>

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

void graph_release(struct graph *g) {
    arena_release(&g->arena);
    free(g->nodes);
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

int graph_conv(struct graph *g, int x, const char *name, const float *weights, int weights_in_c, int out_c, int kernel, int stride, int pad,
               const struct batch_norm *norm, bool relu, int residual) {
    struct node n = {.op = OP_conv,
                     .inputs = {x, residual},
                     .n_inputs = residual >= 0 ? 2 : 1,
                     .shape.c = out_c,
                     .weights = weights,
                     .weights_in_c = weights_in_c,
                     .norm = *norm,
                     .kernel = kernel,
                     .stride = stride,
                     .pad = pad,
                     .activation = relu ? ACTIVATION_RELU : ACTIVATION_NONE,
                     .residual = residual >= 0};
    return add(g, n, name);
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

int graph_mean_rows(struct graph *g, int x, const char *name) {
    return unary(g, OP_mean_rows, x, name);
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
    return add(g, n, name);
}

int graph_layer_norm(struct graph *g, int x, const char *name, const float *gamma, const float *beta, float eps) {
    return add(g, (struct node){.op = OP_layer_norm, .inputs = {x}, .n_inputs = 1, .weights = gamma, .bias = beta, .eps = eps}, name);
}

int graph_attention(struct graph *g, int qkv, const char *name, int heads) {
    return add(g, (struct node){.op = OP_attention, .inputs = {qkv}, .n_inputs = 1, .heads = heads}, name);
}

int graph_position(struct graph *g, int x, const char *name, const float *embedding, const int *row) {
    struct node n = {.op = OP_position, .inputs = {x}, .n_inputs = 1, .weights = embedding};
    if (!g->failure.code && x >= 0 && x < g->n) {
        const int rows = g->nodes[x].shape.n;
        if (rows > GRAPH_ROWS_MAX)
            err_set(&g->failure, ERR_INTERNAL, "%s: %d rows", name, rows);
        else
            memcpy(n.row, row, (size_t)rows * sizeof *row);
    }
    return add(g, n, name);
}

static int many(struct graph *g, enum op op, const int *x, int count, const char *name) {
    struct node n = {.op = (int)op, .n_inputs = count};
    if (count < 1 || count > GRAPH_INPUTS_MAX)
        return err_set(&g->failure, ERR_INTERNAL, "%s: %d inputs", name, count), -1;
    memcpy(n.inputs, x, (size_t)count * sizeof *x);
    return add(g, n, name);
}

int graph_stack_rows(struct graph *g, const int *x, int n, const char *name) {
    return many(g, OP_stack_rows, x, n, name);
}

int graph_join(struct graph *g, const int *x, int n, const char *name) {
    return many(g, OP_join, x, n, name);
}
