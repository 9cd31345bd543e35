/* Pooling: 3x3/2 maximum (stem), and the mean over an image (end of a trunk). Floor 1. */
#include <string.h>

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

/* The image in BANDS bands of rows, whatever the number of threads: so that the order of each sum is fixed. */
enum { BANDS = 16 };

int mean_pool_prepare(struct plan *p, struct step *s, struct err *e) {
    const struct shape x = *plan_shape(p, s, 0);
    s->scratch_bytes = (size_t)x.n * BANDS * (size_t)x.c * (sizeof(double) + sizeof(float));
    return op_rows_prepare(p, s, e);
}

struct mean_job {
    struct shape x;
    const float *in;
    double *total; /* [n][BANDS][c] */
    float *row;    /* [n][BANDS][c], of the row at hand */
};

/* One band of one image: rows summed in float32, the rows' sums in double. */
static void mean_band(const struct mean_job *j, long item) {
    const size_t c_all = (size_t)j->x.c, row_floats = (size_t)j->x.w * c_all;
    const float *image = j->in + (size_t)(item / BANDS) * (size_t)j->x.h * row_floats;
    double *total = j->total + (size_t)item * c_all;
    float *row = j->row + (size_t)item * c_all;
    long first, last;
    pool_share(j->x.h, (int)(item % BANDS), BANDS, &first, &last);
    memset(total, 0, c_all * sizeof *total);
    for (long h = first; h < last; h++) {
        const float *px = image + (size_t)h * row_floats;
        memset(row, 0, c_all * sizeof *row);
        for (int w = 0; w < j->x.w; w++, px += c_all)
            for (size_t c = 0; c < c_all; c++)
                row[c] += px[c];
        for (size_t c = 0; c < c_all; c++)
            total[c] += (double)row[c];
    }
}

static void mean_share(void *ctx, int i, int n) {
    const struct mean_job *j = ctx;
    long first, last;
    pool_share((long)j->x.n * BANDS, i, n, &first, &last);
    for (long item = first; item < last; item++)
        mean_band(j, item);
}

/* [n][h][w][c] -> [n][c]. */
int mean_pool_forward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    struct mean_job job = {*plan_shape(p, s, 0), step_in(p, s, 0), step_scratch(p, s), NULL};
    const size_t c_all = (size_t)job.x.c;
    float *out = step_out(p, s);
    job.row = (float *)(job.total + (size_t)job.x.n * BANDS * c_all);
    pool_run(mean_share, &job);
    for (size_t n = 0; n < (size_t)job.x.n; n++)
        for (size_t c = 0; c < c_all; c++) {
            double sum = 0;
            for (size_t band = 0; band < BANDS; band++)
                sum += job.total[(n * BANDS + band) * c_all + c];
            out[n * c_all + c] = (float)(sum / ((double)job.x.h * job.x.w));
        }
    return 0;
}
