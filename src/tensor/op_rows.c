/* The small ops over rows of features (tokens): at most nine rows of 512 numbers, so plain loops on one thread, sums in double. Floor 1. */
#include <math.h>
#include <string.h>

#include "tensor/op.h"

int op_no_shape(const struct graph *g, struct node *node, struct err *e) {
    (void)g, (void)node, (void)e; /* an input brings its shape along */
    return 0;
}

int op_same_shape(const struct graph *g, struct node *node, struct err *e) {
    (void)e;
    node->shape = g->nodes[node->inputs[0]].shape;
    return 0;
}

/* Dense in, dense out; a residual (the last input) is summed in place. */
int op_rows_prepare(struct plan *p, struct step *s, struct err *e) {
    struct dnn_layout *dense = NULL;
    int rc = 0;
    for (int i = 0; i < s->n_in && rc == 0; i++) {
        rc = plan_dense(&dense, *plan_shape(p, s, i), e);
        if (rc == 0)
            rc = plan_want(p, s, i, dense, e);
        dnn_layout_free(dense);
        dense = NULL;
    }
    if (rc == 0)
        rc = plan_dense(&dense, s->node->shape, e);
    return rc ? rc : plan_give(p, s, dense, s->node->residual ? 1 : -1, e);
}

/* Ba, Kiros & Hinton 2016: (x - mean) / sqrt(var + eps) * gamma + beta over the row, variance with 1/c. */
int layer_norm_forward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const struct shape x = s->node->shape;
    const float *in = step_in(p, s, 0), *gamma = s->node->weights, *beta = s->node->bias;
    float *out = step_out(p, s);
    for (int r = 0; r < x.n; r++, in += x.c, out += x.c) {
        double sum = 0, square = 0;
        for (int c = 0; c < x.c; c++)
            sum += (double)in[c];
        const double mean = sum / x.c;
        for (int c = 0; c < x.c; c++)
            square += ((double)in[c] - mean) * ((double)in[c] - mean);
        const double scale = 1.0 / sqrt(square / x.c + (double)s->node->eps);
        for (int c = 0; c < x.c; c++)
            out[c] = (float)(((double)in[c] - mean) * scale * (double)gamma[c] + (double)beta[c]);
    }
    return 0;
}

int attention_shape(const struct graph *g, struct node *node, struct err *e) {
    const struct shape x = g->nodes[node->inputs[0]].shape;
    if (x.c % (3 * node->heads) != 0 || x.n > GRAPH_ROWS_MAX)
        return err_set(e, ERR_INTERNAL, "%d rows of %d do not split into q, k, v of %d heads", x.n, x.c, node->heads);
    node->shape = (struct shape){x.n, 1, 1, x.c / 3};
    return 0;
}

/* Vaswani et al. 2017, eq. 1. A row of qkv is [3][heads][d]. Absent tokens are not there at all, so no mask is needed. */
int attention_forward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const int t = s->node->shape.n, dim = s->node->shape.c, d = dim / s->node->heads;
    const float *qkv = step_in(p, s, 0);
    float *out = step_out(p, s);
    const double scale = 1.0 / sqrt((double)d);
    for (int h = 0; h < s->node->heads; h++)
        for (int i = 0; i < t; i++) {
            const float *q = qkv + (size_t)i * 3 * (size_t)dim + (size_t)(h * d);
            double score[GRAPH_ROWS_MAX], most = -INFINITY, sum = 0;
            for (int j = 0; j < t; j++) {
                const float *k = qkv + (size_t)j * 3 * (size_t)dim + dim + (size_t)(h * d);
                double dot = 0;
                for (int c = 0; c < d; c++)
                    dot += (double)q[c] * (double)k[c];
                score[j] = dot * scale;
                most = score[j] > most ? score[j] : most;
            }
            for (int j = 0; j < t; j++)
                sum += score[j] = exp(score[j] - most);
            for (int c = 0; c < d; c++) {
                double total = 0;
                for (int j = 0; j < t; j++)
                    total += score[j] * (double)qkv[(size_t)j * 3 * (size_t)dim + 2 * (size_t)dim + (size_t)(h * d + c)];
                out[(size_t)i * (size_t)dim + (size_t)(h * d + c)] = (float)(total / sum);
            }
        }
    return 0;
}

int position_forward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const struct shape x = s->node->shape;
    const float *in = step_in(p, s, 0);
    float *out = step_out(p, s);
    for (int r = 0; r < x.n; r++)
        for (int c = 0; c < x.c; c++)
            out[(size_t)r * (size_t)x.c + (size_t)c] =
                in[(size_t)r * (size_t)x.c + (size_t)c] + s->node->weights[(size_t)s->node->row[r] * (size_t)x.c + (size_t)c];
    return 0;
}

int mean_rows_shape(const struct graph *g, struct node *node, struct err *e) {
    (void)e;
    node->shape = (struct shape){1, 1, 1, g->nodes[node->inputs[0]].shape.c};
    return 0;
}

int mean_rows_forward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const struct shape x = *plan_shape(p, s, 0);
    const float *in = step_in(p, s, 0);
    float *out = step_out(p, s);
    for (int c = 0; c < x.c; c++) {
        double sum = 0;
        for (int r = 0; r < x.n; r++)
            sum += (double)in[(size_t)r * (size_t)x.c + (size_t)c];
        out[c] = (float)(sum / x.n);
    }
    return 0;
}

int stack_rows_shape(const struct graph *g, struct node *node, struct err *e) {
    struct shape y = {0, 1, 1, g->nodes[node->inputs[0]].shape.c};
    for (int i = 0; i < node->n_inputs; i++) {
        const struct shape x = g->nodes[node->inputs[i]].shape;
        if (x.c != y.c || x.h != 1 || x.w != 1)
            return err_set(e, ERR_INTERNAL, "rows of %d and %d numbers", y.c, x.c);
        y.n += x.n;
    }
    node->shape = y;
    return 0;
}

int join_shape(const struct graph *g, struct node *node, struct err *e) {
    (void)e;
    size_t count = 0;
    for (int i = 0; i < node->n_inputs; i++)
        count += shape_count(g->nodes[node->inputs[i]].shape);
    node->shape = (struct shape){1, 1, 1, (int)count};
    return 0;
}

/* Stacking and joining are the same bytes, one after the other. */
int stack_rows_forward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    float *out = step_out(p, s);
    for (int i = 0; i < s->n_in; i++) {
        const size_t count = shape_count(*plan_shape(p, s, i));
        memcpy(out, step_in(p, s, i), count * sizeof *out);
        out += count;
    }
    return 0;
}
