/* Convolution. In a graph that folds: with the batch-norm folded in, residual sum and ReLU as post-operations; the stem's max-pooling fused
 * where a kernel can. Else by itself, on dense images, the weights packed anew at each run. Floor 2.
 *
 * Shapes: x [n][h][w][in_c], weights [out_c][in_c][k][k] -> [n][oh][ow][out_c], oh = floor((h + 2 pad - k) / stride) + 1.
 * Folding (Ioffe & Szegedy 2015, eq. of inference): s = gamma / sqrt(var + eps); w' = w s; b' = beta - mean s; in double, rounded once.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "base/vectors.h"
#include "tensor/conv_rule.h"
#include "tensor/half.h"
#include "tensor/op.h"

static int out_side(int in, int kernel, int stride, int pad) {
    return (in + 2 * pad - kernel) / stride + 1;
}

int conv_shape_of(const struct graph *g, struct node *node, struct err *e) {
    const struct shape x = g->nodes[node->inputs[0]].shape;
    if (x.h + 2 * node->pad < node->kernel || x.w + 2 * node->pad < node->kernel)
        return err_set(e, ERR_INTERNAL, "a %dx%d input is smaller than the kernel", x.h, x.w);
    if (node->weights_in_c != x.c && !(node->weights_in_c == 3 && x.c == 1))
        return err_set(e, ERR_INTERNAL, "weights for %d channels over an input of %d", node->weights_in_c, x.c);
    node->shape = (struct shape){x.n, out_side(x.h, node->kernel, node->stride, node->pad),
                                 out_side(x.w, node->kernel, node->stride, node->pad), node->shape.c};
    if (node->residual) {
        const struct shape r = g->nodes[node->inputs[1]].shape;
        if (r.n != node->shape.n || r.h != node->shape.h || r.w != node->shape.w || r.c != node->shape.c)
            return err_set(e, ERR_INTERNAL, "the residual has another shape");
    }
    return 0;
}

/* Fold the batch-norm, sum the channels of a repeated grey image. w has out_c*in_c*k*k numbers, b out_c. */
static void fold(float *w, float *b, const struct node *node, int in_c) {
    const size_t area = (size_t)node->kernel * (size_t)node->kernel, from = (size_t)node->weights_in_c * area, to = (size_t)in_c * area;
    for (size_t o = 0; o < (size_t)node->shape.c; o++) {
        const double s = (double)node->norm.gamma[o] / sqrt((double)node->norm.var[o] + (double)node->norm.eps);
        b[o] = (float)((double)node->norm.beta[o] - (double)node->norm.mean[o] * s);
        for (size_t i = 0; i < to; i++) {
            double sum = 0;
            for (size_t c = i; c < from; c += to) /* one term, or the three repeated channels */
                sum += (double)node->weights[o * from + c];
            w[o * to + i] = (float)(sum * s);
        }
    }
}

/* The folded weights, packed for the step's kernel: from the store, or made now. */
static int pack(struct plan *p, struct step *s, const struct dnn_conv *c, struct err *e) {
    struct engine *en = p->engine;
    const struct node *node = s->node;
    const struct dnn_layout *layout = s->kernel ? NULL : dnn_op_layout(s->dnn, DNN_WEIGHTS);
    const struct pack *have = pack_find(en->packs, node->name, s->kernel, layout);
    if (!have) {
        struct pack *made = NULL;
        const size_t count = (size_t)c->out_c * (size_t)c->in_c * (size_t)(c->kernel * c->kernel);
        float *w = mem_alloc_aligned(count, sizeof *w, e);
        if (!w)
            return ERR_NO_MEMORY;
        const size_t bytes = s->kernel ? s->kernel->packed_bytes(&s->conv) : dnn_layout_bytes(layout);
        int rc = pack_add(&made, en->packs, node->name, s->kernel, layout, bytes, (size_t)c->out_c, e);
        if (rc == 0) {
            fold(w, made->bias, node, c->in_c);
            if (s->kernel)
                s->kernel->pack(made->weights, w, &s->conv);
            else
                rc = dnn_conv_pack(en->dnn, c, s->dnn, w, made->weights, e);
        }
        mem_free(w);
        if (rc)
            return rc;
        if (en->packed)
            en->packed(en->packed_ctx);
        have = made;
    }
    s->weights = have->weights;
    s->bias = have->bias;
    return 0;
}

/* The max-pooling that alone reads this node, or NULL. */
static const struct node *sole_pool(const struct plan *p, const struct node *node) {
    const struct node *pool = NULL, *end = p->graph->nodes + p->graph->n;
    const int self = (int)(node - p->graph->nodes);
    if (graph_is_output(p->graph, self))
        return NULL;
    for (const struct node *n = node + 1; n < end; n++)
        for (int i = 0; i < n->n_inputs; i++)
            if (n->inputs[i] == self) {
                if (pool || n->op != OP_max_pool)
                    return NULL;
                pool = n;
            }
    return pool;
}

static int prepare_ours(struct plan *p, struct step *s, struct err *e) {
    struct dnn_layout *dense = NULL;
    const struct conv_shape *c = &s->conv;
    int rc = plan_dense(&dense, *plan_shape(p, s, 0), e);
    if (rc == 0)
        rc = plan_want(p, s, 0, dense, e);
    dnn_layout_free(dense);
    if (rc == 0)
        rc = plan_dense(&dense, (struct shape){c->n, c->out_h, c->out_w, c->out_c}, e);
    if (rc)
        return rc;
    if (s->node->residual && (rc = plan_want(p, s, 1, dense, e))) {
        dnn_layout_free(dense);
        return rc;
    }
    s->scratch_bytes = s->kernel->scratch_bytes(c, p->threads);
    s->algorithm = s->kernel->name;
    return plan_give(p, s, dense, s->node->residual ? 1 : -1, e);
}

static int prepare_dnn(struct plan *p, struct step *s, struct dnn_conv *c, struct err *e) {
    struct dnn_layout *dst = NULL;
    int rc = dnn_conv_new(&s->dnn, p->engine->dnn, c, e);
    if (rc == ERR_UNSUPPORTED && c->algorithm == DNN_WINOGRAD) {
        c->algorithm = DNN_DIRECT;
        rc = dnn_conv_new(&s->dnn, p->engine->dnn, c, e);
    }
    if (rc == 0)
        rc = plan_want(p, s, 0, dnn_op_layout(s->dnn, DNN_SRC), e);
    if (rc == 0 && c->residual) /* the sum is made in the residual's memory */
        rc = plan_want(p, s, 1, dnn_op_layout(s->dnn, DNN_DST), e);
    if (rc == 0)
        rc = dnn_layout_copy(&dst, dnn_op_layout(s->dnn, DNN_DST), e);
    if (rc)
        return rc;
    s->scratch_bytes = dnn_op_scratch_bytes(s->dnn);
    s->algorithm = dnn_op_name(s->dnn);
    return plan_give(p, s, dst, c->residual ? 1 : -1, e);
}

/* --- by itself, forward and backward ---------------------------------------------------------------------------------------------
 * dx = the convolution of dy with the weights transposed, scattered by the stride; dw[o][i][u][v] += sum over pixels dy[o] x[i] (shifted by
 * u, v). Each of the three passes is a kernel of ours or oneDNN's.
 */

static size_t align_up(size_t bytes) {
    return (bytes + 63) / 64 * 64;
}

static size_t weights_bytes(const struct conv_shape *c) {
    return align_up((size_t)c->out_c * (size_t)c->in_c * (size_t)(c->kernel * c->kernel) * sizeof(float));
}

static enum conv_type stored(const struct plan *p, const struct step *s) {
    return plan_type(p, s->node) == DNN_BF16 ? CONV_BF16 : CONV_F32;
}

/* Where a pass keeps what: folded (a grey image's summed weights, or their gradient) | packed (weights, or oneDNN's gradient) |
 * work. */
struct places {
    size_t packed, work, bytes;
};

static struct places places_of(const struct conv_shape *c, const struct node *node, size_t packed, size_t work) {
    const size_t folded = node->weights_in_c == c->in_c ? 0 : weights_bytes(c);
    struct places x = {.packed = folded};
    x.work = x.packed + align_up(packed);
    x.bytes = x.work + work;
    return x;
}

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

static struct dnn_conv dnn_conv_of(const struct conv_shape *c, enum dnn_pass pass, enum dnn_type type) {
    return (struct dnn_conv){.n = c->n,
                             .in_h = c->in_h,
                             .in_w = c->in_w,
                             .in_c = c->in_c,
                             .out_h = c->out_h,
                             .out_w = c->out_w,
                             .out_c = c->out_c,
                             .kernel = c->kernel,
                             .stride = c->stride,
                             .pad = c->pad,
                             .algorithm = DNN_DIRECT,
                             .type = type,
                             .pass = pass};
}

/* oneDNN's pass and the reorder of its weights: *work is what both need. */
static int dnn_pass_new(struct dnn_op *op[2], size_t *packed, size_t *work, struct plan *p, const struct step *s, enum dnn_pass pass,
                        struct err *e) {
    const struct dnn_conv conv = dnn_conv_of(&s->conv, pass, plan_type(p, s->node));
    int rc = dnn_conv_new(&op[0], p->engine->dnn, &conv, e);
    if (rc == 0)
        rc = pass == DNN_GRADIENT ? dnn_conv_unpack_new(&op[1], p->engine->dnn, &conv, op[0], e)
                                  : dnn_conv_pack_new(&op[1], p->engine->dnn, &conv, op[0], e);
    if (rc)
        return rc;
    *packed = dnn_layout_bytes(dnn_op_layout(op[0], pass == DNN_GRADIENT ? DNN_DST : DNN_WEIGHTS));
    *work = larger(dnn_op_scratch_bytes(op[0]), dnn_op_scratch_bytes(op[1]));
    return 0;
}

static int prepare_unfolded(struct plan *p, struct step *s, struct err *e) {
    struct conv_shape *c = &s->conv;
    struct dnn_layout *dense = NULL;
    size_t packed = 0, work = 0;
    int rc = 0;
    if (dnn_layout_type(p->values[s->in[0]].layout) != plan_type(p, s->node))
        return err_set(e, ERR_INTERNAL, "its input and output are stored in different types");
    s->kernel = conv_choose_training(c, p->engine->exact, plan_type(p, s->node) == DNN_BF16).forward;
    if (s->kernel) {
        packed = s->kernel->packed_bytes(c);
        work = s->kernel->scratch_bytes(c, p->threads);
        s->algorithm = s->kernel->name;
    } else {
        struct dnn_op *op[2] = {0};
        rc = dnn_pass_new(op, &packed, &work, p, s, DNN_FORWARD, e);
        s->dnn = op[0];
        s->more[0] = op[1];
        s->algorithm = rc ? "" : dnn_op_name(s->dnn);
    }
    s->scratch_bytes = places_of(c, s->node, packed, work).bytes;
    if (rc == 0)
        rc = plan_activation(&dense, p, s->node, e);
    return rc ? rc : plan_give(p, s, dense, -1, e);
}

void op_fold_channels(float *out, const struct node *node, int in_c) {
    const size_t area = (size_t)(node->kernel * node->kernel), from = (size_t)node->weights_in_c * area, to = (size_t)in_c * area;
    for (size_t o = 0; o < (size_t)node->shape.c; o++)
        for (size_t i = 0; i < to; i++) {
            double sum = 0;
            for (size_t c = i; c < from; c += to)
                sum += (double)node->weights[o * from + c];
            out[o * to + i] = (float)sum;
        }
}

void op_unfold_gradient(float *to, const float *from, const struct node *node, int in_c) {
    const size_t area = (size_t)(node->kernel * node->kernel), wide = (size_t)node->weights_in_c * area, narrow = (size_t)in_c * area;
    for (size_t o = 0; o < (size_t)node->shape.c; o++)
        for (size_t i = 0; i < wide; i++)
            to[o * wide + i] += from[o * narrow + i % narrow];
}

/* The weights over the input's own channels: in place, or summed. */
static const float *unpacked_weights(const struct step *s, float *folded) {
    if (s->node->weights_in_c == s->conv.in_c)
        return s->node->weights;
    op_fold_channels(folded, s->node, s->conv.in_c);
    return folded;
}

static int forward_unfolded(struct plan *p, struct step *s, struct err *e) {
    struct dnn *d = p->engine->dnn;
    char *scratch = step_scratch(p, s);
    const size_t packed = s->kernel ? s->kernel->packed_bytes(&s->conv) : dnn_layout_bytes(dnn_op_layout(s->dnn, DNN_WEIGHTS));
    const struct places at = places_of(&s->conv, s->node, packed, 0);
    const float *weights = unpacked_weights(s, (float *)scratch);
    if (s->kernel) {
        s->kernel->pack(scratch + at.packed, weights, &s->conv);
        const struct conv_call call = {.shape = s->conv,
                                       .src = step_in(p, s, 0),
                                       .packed = scratch + at.packed,
                                       .dst = step_out(p, s),
                                       .scratch = scratch + at.work,
                                       .type = stored(p, s)};
        s->kernel->run(&call);
        return 0;
    }
    const int rc = dnn_op_run(d, s->more[0], weights, NULL, NULL, scratch + at.packed, scratch + at.work, e);
    return rc ? rc : dnn_op_run(d, s->dnn, step_in(p, s, 0), scratch + at.packed, NULL, step_out(p, s), scratch + at.work, e);
}

/* The backward step runs the data pass (more[0] with the reorder more[1], or a kernel), then the weights pass (more[2] with the reorder
 * more[3], or a kernel), each where its gradient is wanted. oneDNN writes the inputs' gradient; where it is to be added, it is written to
 * `extra` first. */
struct back_places {
    struct places data, weights;
    size_t extra, bytes;
};

static struct back_places back_places_of(const struct plan *p, const struct step *s) {
    struct back_places x = {0};
    size_t packed = 0, work = 0;
    if (s->data_kernel) {
        packed = s->data_kernel->packed_bytes(&s->conv);
        work = s->data_kernel->scratch_bytes(&s->conv, p->threads);
    } else if (s->more[0]) {
        packed = dnn_layout_bytes(dnn_op_layout(s->more[0], DNN_WEIGHTS));
        work = larger(dnn_op_scratch_bytes(s->more[0]), dnn_op_scratch_bytes(s->more[1]));
    }
    x.data = places_of(&s->conv, s->node, packed, work);
    packed = work = 0;
    if (s->weights_kernel) {
        work = s->weights_kernel->scratch_bytes(&s->conv, p->threads);
    } else if (s->more[2]) {
        packed = dnn_layout_bytes(dnn_op_layout(s->more[2], DNN_DST));
        work = larger(dnn_op_scratch_bytes(s->more[2]), dnn_op_scratch_bytes(s->more[3]));
    }
    x.weights = places_of(&s->conv, s->node, packed, work);
    x.extra = align_up(larger(x.data.bytes, x.weights.bytes));
    x.bytes = x.extra + (s->more[0] && s->add[0] ? shape_count(*plan_shape(p, s, 0)) * half_size(plan_type(p, s->node)) : 0);
    return x;
}

/* The weights pass names the step; without one, the data pass. */
static const char *backward_name(const struct step *s) {
    return s->weights_kernel ? s->weights_kernel->name
           : s->more[2]      ? dnn_op_name(s->more[2])
           : s->data_kernel  ? s->data_kernel->name
                             : dnn_op_name(s->more[0]);
}

int conv_prepare_backward(struct plan *p, struct step *s, struct err *e) {
    const struct conv_training choice = conv_choose_training(&s->conv, p->engine->exact, plan_type(p, s->node) == DNN_BF16);
    const bool trained = graph_trains(p->graph, s->node->weights);
    size_t packed = 0, work = 0;
    int rc = 0;
    s->weights_kernel = trained ? choice.weights : NULL;
    if (s->din[0] >= 0) {
        s->data_kernel = choice.data;
        if (!s->data_kernel)
            rc = dnn_pass_new(&s->more[0], &packed, &work, p, s, DNN_DATA, e);
    }
    if (rc == 0 && trained && !s->weights_kernel)
        rc = dnn_pass_new(&s->more[2], &packed, &work, p, s, DNN_GRADIENT, e);
    if (rc)
        return rc;
    s->scratch_bytes = back_places_of(p, s).bytes;
    s->algorithm = backward_name(s);
    s->macs =
        (double)shape_count(s->node->shape) * s->node->weights_in_c * s->node->kernel * s->node->kernel * (trained + (s->din[0] >= 0));
    return 0;
}

struct addition {
    void *to;
    const void *from;
    size_t n;
    enum dnn_type type;
};

VECTORS static void add_range(const struct addition *a, size_t first, size_t last) {
    enum { AT_ONCE = 256 };
    float x[AT_ONCE], y[AT_ONCE];
    for (size_t at = first; at < last; at += AT_ONCE) {
        const size_t n = last - at < AT_ONCE ? last - at : AT_ONCE;
        half_load(x, a->to, at, n, a->type);
        half_load(y, a->from, at, n, a->type);
        for (size_t k = 0; k < n; k++)
            x[k] += y[k];
        half_store(a->to, at, x, n, a->type);
    }
}

static void add_share(void *ctx, int i, int n) {
    const struct addition *a = ctx;
    long first, last;
    pool_share((long)a->n, i, n, &first, &last);
    add_range(a, (size_t)first, (size_t)last);
}

static int backward_data(struct plan *p, struct step *s, const struct back_places *at, struct err *e) {
    char *scratch = step_scratch(p, s), *packed = scratch + at->data.packed, *work = scratch + at->data.work;
    const float *weights = unpacked_weights(s, (float *)scratch);
    float *dx = step_din(p, s, 0);
    if (s->data_kernel) {
        s->data_kernel->pack(packed, weights, &s->conv);
        const struct conv_data_call call = {s->conv, step_dout(p, s), packed, s->add[0] ? dx : NULL, dx, work, stored(p, s)};
        s->data_kernel->run(&call);
        return 0;
    }
    void *to = s->add[0] ? (void *)(scratch + at->extra) : (void *)dx;
    int rc = dnn_op_run(p->engine->dnn, s->more[1], weights, NULL, NULL, packed, work, e);
    if (rc == 0)
        rc = dnn_op_run(p->engine->dnn, s->more[0], step_dout(p, s), packed, NULL, to, work, e);
    struct addition sum = {dx, to, shape_count(*plan_shape(p, s, 0)), plan_type(p, s->node)};
    if (rc == 0 && s->add[0])
        pool_run(add_share, &sum);
    return rc;
}

static int backward_weights(struct plan *p, struct step *s, const struct back_places *at, struct err *e) {
    char *scratch = step_scratch(p, s), *packed = scratch + at->weights.packed, *work = scratch + at->weights.work;
    const bool folded = s->node->weights_in_c != s->conv.in_c;
    float *dw = folded ? (float *)scratch : plan_gradient(p, s->node->weights);
    if (folded)
        memset(dw, 0, weights_bytes(&s->conv));
    int rc = 0;
    if (s->weights_kernel) {
        const struct conv_weights_call call = {s->conv, step_in(p, s, 0), step_dout(p, s), dw, work, stored(p, s)};
        s->weights_kernel->run(&call);
    } else {
        rc = dnn_op_run(p->engine->dnn, s->more[2], step_in(p, s, 0), step_dout(p, s), NULL, packed, work, e);
        if (rc == 0)
            rc = dnn_op_run(p->engine->dnn, s->more[3], packed, NULL, NULL, dw, work, e);
    }
    if (rc == 0 && folded)
        op_unfold_gradient(plan_gradient(p, s->node->weights), dw, s->node, s->conv.in_c);
    return rc;
}

int conv_backward(struct plan *p, struct step *s, struct err *e) {
    const struct back_places at = back_places_of(p, s);
    const int rc = s->din[0] >= 0 ? backward_data(p, s, &at, e) : 0;
    return rc || !graph_trains(p->graph, s->node->weights) ? rc : backward_weights(p, s, &at, e);
}

/* --- folded, and dispatch ------------------------------------------------------------------------------------------------------- */

int conv_prepare(struct plan *p, struct step *s, struct err *e) {
    const struct node *node = s->node, *pool = graph_folds(p->graph) ? sole_pool(p, node) : NULL;
    const struct shape x = *plan_shape(p, s, 0), y = node->shape;
    s->conv = (struct conv_shape){x.n, x.h, x.w, x.c, y.h, y.w, y.c, node->kernel, node->stride, node->pad, false};
    s->macs = (double)shape_count(y) * node->weights_in_c * node->kernel * node->kernel;
    struct conv_choice choice = {0};
    if (!graph_folds(p->graph))
        return prepare_unfolded(p, s, e);
    if (pool) {
        struct conv_shape fused = s->conv;
        fused.out_h = pool->shape.h;
        fused.out_w = pool->shape.w;
        fused.pool = true;
        choice = conv_choose(&fused, p->engine->exact, p->engine->bf16);
        if (choice.kernel) {
            s->conv = fused;
            p->fused[pool - p->graph->nodes] = true;
        }
    }
    if (!choice.kernel)
        choice = conv_choose(&s->conv, p->engine->exact, p->engine->bf16);
    s->kernel = choice.kernel;
    struct dnn_conv c = dnn_conv_of(&s->conv, DNN_INFERENCE, choice.type);
    c.out_h = y.h; /* s->conv may have the pooled size */
    c.out_w = y.w;
    c.algorithm = choice.algorithm;
    c.relu = node->activation == ACTIVATION_RELU;
    c.residual = node->residual;
    const int rc = s->kernel ? prepare_ours(p, s, e) : prepare_dnn(p, s, &c, e);
    return rc ? rc : pack(p, s, &c, e);
}

int conv_forward(struct plan *p, struct step *s, struct err *e) {
    if (!graph_folds(p->graph))
        return forward_unfolded(p, s, e);
    if (!s->kernel)
        return dnn_op_run(p->engine->dnn, s->dnn, step_in(p, s, 0), s->weights, s->bias, step_out(p, s), step_scratch(p, s), e);
    const struct conv_call call = {.shape = s->conv,
                                   .src = step_in(p, s, 0),
                                   .packed = s->weights,
                                   .bias = s->bias,
                                   .residual = s->node->residual ? step_in(p, s, 1) : NULL,
                                   .relu = s->node->activation == ACTIVATION_RELU,
                                   .dst = step_out(p, s),
                                   .scratch = step_scratch(p, s)};
    s->kernel->run(&call);
    return 0;
}
