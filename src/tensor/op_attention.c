/* Attention within groups of tokens (the tokens of one exam). Floor 2. At most eight tokens a group: plain loops, sums in double.
 *
 * Vaswani et al. 2017, eq. 1: y = dropout(softmax(q k^T / sqrt(d))) v, per head. A row of qkv is [3][heads][d].
 * Backward, with a the weights after dropout (a = f w, w = softmax): dv_j = sum_i a_ij dy_i; da_ij = dy_i . v_j;
 * ds_ij = w_ij (f_ij da_ij - sum_l w_il f_il da_il); dq_i = scale sum_j ds_ij k_j; dk_j = scale sum_i ds_ij q_i.
 */
#include <math.h>
#include <string.h>

#include "tensor/op.h"

int attention_shape(const struct graph *g, struct node *node, struct err *e) {
    const struct shape x = g->nodes[node->inputs[0]].shape;
    int rows = 0;
    for (int i = 0; i < node->groups.n; i++) {
        if (node->groups.rows[i] < 1 || node->groups.rows[i] > GRAPH_GROUP_MAX)
            return err_set(e, ERR_INTERNAL, "a group of %d tokens", node->groups.rows[i]);
        rows += node->groups.rows[i];
    }
    if (x.c % (3 * node->heads) != 0 || rows != x.n)
        return err_set(e, ERR_INTERNAL, "%d rows of %d do not split into q, k, v of %d heads and groups of %d rows", x.n, x.c, node->heads,
                       rows);
    node->shape = (struct shape){x.n, 1, 1, x.c / 3};
    return 0;
}

/* One head of one group. */
struct head {
    const float *q, *k, *v; /* token 0's; tokens are `step` floats apart */
    size_t step, d;
    int tokens;
    double w[GRAPH_GROUP_MAX][GRAPH_GROUP_MAX]; /* softmax */
    double f[GRAPH_GROUP_MAX][GRAPH_GROUP_MAX]; /* dropout's factors */
};

static double dot(const float *a, const float *b, size_t n) {
    double sum = 0;
    for (size_t c = 0; c < n; c++)
        sum += (double)a[c] * (double)b[c];
    return sum;
}

/* Head h of the group that starts at token `first`. The mask's elements are numbered [token][head][token of the group]. */
static void head_of(struct head *x, const struct step *s, const struct dropout *drop, const float *qkv, int first, int tokens, int h) {
    const size_t dim = (size_t)s->node->shape.c, d = dim / (size_t)s->node->heads;
    x->q = qkv + (size_t)first * 3 * dim + (size_t)h * d;
    x->k = x->q + dim;
    x->v = x->k + dim;
    x->step = 3 * dim;
    x->d = d;
    x->tokens = tokens;
    const double scale = 1.0 / sqrt((double)d);
    for (int i = 0; i < tokens; i++) {
        double most = -INFINITY, sum = 0;
        for (int j = 0; j < tokens; j++) {
            x->w[i][j] = dot(x->q + (size_t)i * x->step, x->k + (size_t)j * x->step, d) * scale;
            most = x->w[i][j] > most ? x->w[i][j] : most;
        }
        for (int j = 0; j < tokens; j++)
            sum += x->w[i][j] = exp(x->w[i][j] - most);
        for (int j = 0; j < tokens; j++) {
            x->w[i][j] /= sum;
            const size_t element = ((size_t)(first + i) * (size_t)s->node->heads + (size_t)h) * GRAPH_GROUP_MAX + (size_t)j;
            x->f[i][j] = drop->p > 0 ? (double)dropout_factor(drop, element) : 1;
        }
    }
}

int attention_forward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const size_t dim = (size_t)s->node->shape.c;
    const struct dropout drop = dropout_of(p, s);
    struct head x;
    for (int group = 0, first = 0; group < s->node->groups.n; first += s->node->groups.rows[group++])
        for (int h = 0; h < s->node->heads; h++) {
            head_of(&x, s, &drop, step_in(p, s, 0), first, s->node->groups.rows[group], h);
            for (int i = 0; i < x.tokens; i++) {
                float *out = step_out(p, s) + (size_t)(first + i) * dim + (size_t)h * x.d;
                for (size_t c = 0; c < x.d; c++) {
                    double sum = 0;
                    for (int j = 0; j < x.tokens; j++)
                        sum += x.w[i][j] * x.f[i][j] * (double)x.v[(size_t)j * x.step + c];
                    out[c] = (float)sum;
                }
            }
        }
    return 0;
}

/* dy and dqkv of the head's first token; dqkv as qkv. */
static void head_backward(const struct head *x, const float *dy, size_t dim, float *dq, bool add) {
    double ds[GRAPH_GROUP_MAX][GRAPH_GROUP_MAX];
    const double scale = 1.0 / sqrt((double)x->d);
    for (int i = 0; i < x->tokens; i++) {
        double mean = 0;
        for (int j = 0; j < x->tokens; j++) {
            ds[i][j] = x->f[i][j] * dot(dy + (size_t)i * dim, x->v + (size_t)j * x->step, x->d);
            mean += x->w[i][j] * ds[i][j];
        }
        for (int j = 0; j < x->tokens; j++)
            ds[i][j] = x->w[i][j] * (ds[i][j] - mean) * scale;
    }
    for (int i = 0; i < x->tokens; i++)
        for (size_t c = 0; c < x->d; c++) {
            double q = 0, k = 0, v = 0;
            for (int j = 0; j < x->tokens; j++) {
                q += ds[i][j] * (double)x->k[(size_t)j * x->step + c];
                k += ds[j][i] * (double)x->q[(size_t)j * x->step + c];
                v += x->w[j][i] * x->f[j][i] * (double)dy[(size_t)j * dim + c];
            }
            float *at = dq + (size_t)i * x->step + c;
            at[0] = (add ? at[0] : 0) + (float)q;
            at[dim] = (add ? at[dim] : 0) + (float)k;
            at[2 * dim] = (add ? at[2 * dim] : 0) + (float)v;
        }
}

int attention_backward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const size_t dim = (size_t)s->node->shape.c;
    const struct dropout drop = dropout_of(p, s);
    float *dqkv = step_din(p, s, 0);
    struct head x;
    for (int group = 0, first = 0; dqkv && group < s->node->groups.n; first += s->node->groups.rows[group++])
        for (int h = 0; h < s->node->heads; h++) {
            head_of(&x, s, &drop, step_in(p, s, 0), first, s->node->groups.rows[group], h);
            head_backward(&x, step_dout(p, s) + (size_t)first * dim + (size_t)h * x.d, dim,
                          dqkv + (size_t)first * 3 * dim + (size_t)h * x.d, s->add[0]);
        }
    return 0;
}
