/* Pooling: 3x3/2 maximum (stem), and the mean over an image (end of a trunk). Floor 1. */
#include "base/pool.h"
#include "tensor/op.h"

int max_pool_shape(const struct graph *g, struct node *node, struct err *e) {
    (void)e;
    const struct shape x = g->nodes[node->inputs[0]].shape;
    node->shape = (struct shape){x.n, (x.h - 1) / 2 + 1, (x.w - 1) / 2 + 1, x.c};
    return 0;
}

int max_pool_prepare(struct plan *p, struct step *s, struct err *e) {
    const struct shape y = s->node->shape;
    struct dnn_layout *dst = NULL;
    int rc = dnn_max_pool_new(&s->dnn, p->engine->dnn, p->values[s->in[0]].layout, y.n, y.h, y.w, y.c,
                              dnn_layout_type(p->values[s->in[0]].layout), e);
    if (rc == 0)
        rc = dnn_layout_copy(&dst, dnn_op_layout(s->dnn, DNN_DST), e);
    if (rc)
        return rc;
    s->scratch_bytes = dnn_op_scratch_bytes(s->dnn);
    s->algorithm = dnn_op_name(s->dnn);
    return plan_give(p, s, dst, -1, e);
}

int max_pool_forward(struct plan *p, struct step *s, struct err *e) {
    return dnn_op_run(p->engine->dnn, s->dnn, step_in(p, s, 0), NULL, NULL, step_out(p, s), step_scratch(p, s), e);
}

int mean_pool_shape(const struct graph *g, struct node *node, struct err *e) {
    (void)e;
    const struct shape x = g->nodes[node->inputs[0]].shape;
    node->shape = (struct shape){x.n, 1, 1, x.c};
    return 0;
}

int mean_pool_prepare(struct plan *p, struct step *s, struct err *e) {
    return op_rows_prepare(p, s, e);
}

/* [n][h][w][c] -> [n][c]: rows summed in float32, the rows' sums in double; the threads share the channels, so that the order of each sum
 * is fixed. */
struct mean_job {
    struct shape x;
    const float *in;
    float *out;
};

static void mean_share(void *ctx, int i, int n) {
    const struct mean_job *j = ctx;
    enum { CHUNK = 128 };
    const size_t c_all = (size_t)j->x.c;
    long first, last;
    pool_share((j->x.c + CHUNK - 1) / CHUNK, i, n, &first, &last);
    for (int image = 0; image < j->x.n; image++)
        for (long chunk = first; chunk < last; chunk++) {
            const size_t c0 = (size_t)chunk * CHUNK, count = c_all - c0 < CHUNK ? c_all - c0 : CHUNK;
            const float *px = j->in + (size_t)image * (size_t)j->x.h * (size_t)j->x.w * c_all + c0;
            double total[CHUNK] = {0};
            for (int h = 0; h < j->x.h; h++) {
                float row[CHUNK] = {0};
                for (int w = 0; w < j->x.w; w++, px += c_all)
                    for (size_t c = 0; c < count; c++)
                        row[c] += px[c];
                for (size_t c = 0; c < count; c++)
                    total[c] += (double)row[c];
            }
            for (size_t c = 0; c < count; c++)
                j->out[(size_t)image * c_all + c0 + c] = (float)(total[c] / ((double)j->x.h * j->x.w));
        }
}

int mean_pool_forward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    struct mean_job job = {*plan_shape(p, s, 0), step_in(p, s, 0), step_out(p, s)};
    pool_run(mean_share, &job);
    return 0;
}
