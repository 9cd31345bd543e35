/* Linear layer: y = activation(x W^T + b), or y = x W^T + b + residual. Floor 1. x [rows][in], W [out][in], y [rows][out]. */
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
    if (rc == 0)
        rc = dnn_linear_new(&s->dnn, p->engine->dnn, m, k, n, activation[s->node->activation], s->node->bias != NULL, s->node->residual, e);
    if (rc)
        return rc;
    s->scratch_bytes = dnn_op_scratch_bytes(s->dnn);
    s->algorithm = dnn_op_name(s->dnn);
    s->macs = (double)m * k * n;
    return pack(p, s, k, n, e);
}

int linear_forward(struct plan *p, struct step *s, struct err *e) {
    return dnn_op_run(p->engine->dnn, s->dnn, step_in(p, s, 0), s->weights, s->bias, step_out(p, s), step_scratch(p, s), e);
}
