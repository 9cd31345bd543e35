/* Linear layer: y = activation(x W^T + b), or y = x W^T + b + residual. Floor 1. x [rows][in], W [out][in], y [rows][out].
 *
 * Always on one thread: where there is no AVX-512 the library divides a matrix product by the number of threads in a way that changes the
 * sums' order, and with it the last bits. At most nine rows pass here; it costs under a millisecond per exam.
 */
#include "base/pool.h"
#include "tensor/op.h"

int linear_shape(const struct graph *g, struct node *node, struct err *e) {
    const struct shape x = g->nodes[node->inputs[0]].shape;
    if (x.h != 1 || x.w != 1)
        return err_set(e, ERR_INTERNAL, "a linear layer over an image");
    node->shape = (struct shape){x.n, 1, 1, node->shape.c};
    if (node->residual) {
        const struct shape r = g->nodes[node->inputs[1]].shape;
        if (shape_count(r) != shape_count(node->shape) || r.n != x.n)
            return err_set(e, ERR_INTERNAL, "the residual has another shape");
        if (node->activation != ACTIVATION_NONE)
            return err_set(e, ERR_INTERNAL, "a residual and an activation on one linear layer");
    }
    return 0;
}

static int pack(struct plan *p, struct step *s, int k, int n, struct err *e) {
    struct engine *en = p->engine;
    const struct dnn_layout *layout = dnn_op_layout(s->dnn, DNN_WEIGHTS);
    const struct pack *have = pack_find(en->packs, s->node->name, NULL, layout);
    if (!have) {
        struct pack *made = NULL;
        int rc = pack_add(&made, en->packs, s->node->name, NULL, layout, dnn_layout_bytes(layout), s->node->bias ? (size_t)n : 0, e);
        if (rc)
            return rc;
        for (int i = 0; s->node->bias && i < n; i++)
            made->bias[i] = s->node->bias[i];
        if ((rc = dnn_linear_pack(en->dnn, k, n, s->dnn, s->node->weights, made->weights, e)))
            return rc;
        have = made;
    }
    s->weights = have->weights;
    s->bias = have->bias;
    return 0;
}

int linear_prepare(struct plan *p, struct step *s, struct err *e) {
    static const enum dnn_activation activation[] = {
        [ACTIVATION_NONE] = DNN_NONE, [ACTIVATION_RELU] = DNN_RELU, [ACTIVATION_GELU] = DNN_GELU};
    const int m = s->node->shape.n, k = plan_shape(p, s, 0)->c, n = s->node->shape.c;
    int rc = op_rows_prepare(p, s, e);
    const int threads = pool_threads();
    pool_set_threads(1);
    if (rc == 0)
        rc = dnn_linear_new(&s->dnn, p->engine->dnn, m, k, n, activation[s->node->activation], s->node->bias != NULL, s->node->residual, e);
    pool_set_threads(threads);
    if (rc)
        return rc;
    s->scratch_bytes = dnn_op_scratch_bytes(s->dnn);
    s->algorithm = dnn_op_name(s->dnn);
    s->macs = (double)m * k * n;
    return pack(p, s, k, n, e);
}

int linear_forward(struct plan *p, struct step *s, struct err *e) {
    const int threads = pool_threads();
    pool_set_threads(1);
    const int rc = dnn_op_run(p->engine->dnn, s->dnn, step_in(p, s, 0), s->weights, s->bias, step_out(p, s), step_scratch(p, s), e);
    pool_set_threads(threads);
    return rc;
}
