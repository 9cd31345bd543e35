/* Convolution with the batch-norm folded in, residual sum and ReLU as post-operations; the stem's max-pooling fused where a kernel can.
 * Floor 1.
 *
 * Shapes: x [n][h][w][in_c], weights [out_c][in_c][k][k] -> [n][oh][ow][out_c], oh = floor((h + 2 pad - k) / stride) + 1.
 * Folding (Ioffe & Szegedy 2015, eq. of inference): s = gamma / sqrt(var + eps); w' = w s; b' = beta - mean s; in double, rounded once.
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "tensor/conv_rule.h"
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
        free(w);
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

int conv_prepare(struct plan *p, struct step *s, struct err *e) {
    const struct node *node = s->node, *pool = sole_pool(p, node);
    const struct shape x = *plan_shape(p, s, 0), y = node->shape;
    s->conv = (struct conv_shape){x.n, x.h, x.w, x.c, y.h, y.w, y.c, node->kernel, node->stride, node->pad, false};
    s->macs = (double)shape_count(y) * node->weights_in_c * node->kernel * node->kernel;
    struct conv_choice choice = {0};
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
    struct dnn_conv c = {x.n,
                         x.h,
                         x.w,
                         x.c,
                         y.h,
                         y.w,
                         y.c,
                         node->kernel,
                         node->stride,
                         node->pad,
                         choice.algorithm,
                         choice.type,
                         node->activation == ACTIVATION_RELU,
                         node->residual};
    const int rc = s->kernel ? prepare_ours(p, s, e) : prepare_dnn(p, s, &c, e);
    return rc ? rc : pack(p, s, &c, e);
}

int conv_forward(struct plan *p, struct step *s, struct err *e) {
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
