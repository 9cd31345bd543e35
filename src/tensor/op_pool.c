/* Pooling: 3x3/2 maximum (stem), and the mean over an image (end of a trunk). Floor 1. */
#include "tensor/op.h"

int max_pool_shape(const struct graph *g, struct node *node, struct err *e)
{
    (void)e;
    const struct shape x = g->nodes[node->inputs[0]].shape;
    node->shape = (struct shape){x.n, (x.h - 1) / 2 + 1, (x.w - 1) / 2 + 1, x.c};
    return 0;
}

int max_pool_prepare(struct plan *p, struct step *s, struct err *e)
{
    const struct shape y = s->node->shape;
    struct dnn_layout *dst = NULL;
    int rc = dnn_max_pool_new(&s->dnn, p->engine->dnn, p->values[s->in[0]].layout, y.n, y.h, y.w, y.c, dnn_layout_type(p->values[s->in[0]].layout), e);
    if (rc == 0)
        rc = dnn_layout_copy(&dst, dnn_op_layout(s->dnn, DNN_DST), e);
    if (rc)
        return rc;
    s->scratch_bytes = dnn_op_scratch_bytes(s->dnn);
    s->algorithm = dnn_op_name(s->dnn);
    return plan_give(p, s, dst, -1, e);
}

int max_pool_forward(struct plan *p, struct step *s, struct err *e)
{
    return dnn_op_run(p->engine->dnn, s->dnn, step_in(p, s, 0), NULL, NULL, step_out(p, s), step_scratch(p, s), e);
}

int mean_pool_shape(const struct graph *g, struct node *node, struct err *e)
{
    (void)e;
    const struct shape x = g->nodes[node->inputs[0]].shape;
    node->shape = (struct shape){x.n, 1, 1, x.c};
    return 0;
}

int mean_pool_prepare(struct plan *p, struct step *s, struct err *e)
{
    return op_rows_prepare(p, s, e);
}

/* [n][h][w][c] -> [n][c]: rows summed in float32, the rows' sums in double. One thread: 6 MB at most, and always the same order. */
int mean_pool_forward(struct plan *p, struct step *s, struct err *e)
{
    (void)e;
    const struct shape x = *plan_shape(p, s, 0);
    const float *in = step_in(p, s, 0);
    float *out = step_out(p, s);
    enum { CHUNK = 64 };
    for (int n = 0; n < x.n; n++, in += (size_t)x.h * (size_t)x.w * (size_t)x.c, out += x.c)
        for (int c0 = 0; c0 < x.c; c0 += CHUNK) {
            const int chunk = x.c - c0 < CHUNK ? x.c - c0 : CHUNK;
            double total[CHUNK] = {0};
            for (int h = 0; h < x.h; h++) {
                float row[CHUNK] = {0};
                const float *px = in + (size_t)h * (size_t)x.w * (size_t)x.c + c0;
                for (int w = 0; w < x.w; w++, px += x.c)
                    for (int c = 0; c < chunk; c++)
                        row[c] += px[c];
                for (int c = 0; c < chunk; c++)
                    total[c] += (double)row[c];
            }
            for (int c = 0; c < chunk; c++)
                out[c0 + c] = (float)(total[c] / ((double)x.h * x.w));
        }
    return 0;
}
