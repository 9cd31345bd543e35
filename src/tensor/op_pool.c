/* Pooling: 3x3/2 maximum (stem), and the mean over an image (end of a trunk). Floor 2. */
#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "tensor/half.h"
#include "tensor/op.h"

int max_pool_shape(const struct graph *g, struct node *node, struct err *e) {
    (void)e;
    const struct shape x = g->nodes[node->inputs[0]].shape;
    node->shape = (struct shape){x.n, (x.h - 1) / 2 + 1, (x.w - 1) / 2 + 1, x.c};
    return 0;
}

/* For the backward pass a byte per output says which of the window's nine it was, row by row, the first of equals, as in PyTorch. */
static int prepare_with_places(struct plan *p, struct step *s, struct err *e) {
    plan_save(p, s, shape_count(s->node->shape));
    s->algorithm = "plain";
    return op_rows_prepare(p, s, e);
}

int max_pool_prepare(struct plan *p, struct step *s, struct err *e) {
    const struct shape y = s->node->shape;
    struct dnn_layout *dst = NULL;
    if (p->graph->mode.gradients)
        return prepare_with_places(p, s, e);
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

struct max_job {
    struct shape x, y;
    const float *in; /* or the gradient of the output */
    float *out;      /* or the gradient of the input */
    uint8_t *which;
};

/* The place in the input of window number t (0 to 8) of an output pixel; false: outside. */
static bool window_at(const struct max_job *j, long image, int row, int column, int t, size_t *at) {
    const int h = 2 * row - 1 + t / 3, w = 2 * column - 1 + t % 3;
    if (h < 0 || h >= j->x.h || w < 0 || w >= j->x.w)
        return false;
    *at = (((size_t)image * (size_t)j->x.h + (size_t)h) * (size_t)j->x.w + (size_t)w) * (size_t)j->x.c;
    return true;
}

static void max_pixel(const struct max_job *j, long image, int row, int column) {
    const size_t c_all = (size_t)j->y.c, at = (((size_t)image * (size_t)j->y.h + (size_t)row) * (size_t)j->y.w + (size_t)column) * c_all;
    size_t from = 0;
    bool begun = false;
    for (int t = 0; t < 9; t++) {
        if (!window_at(j, image, row, column, t, &from))
            continue;
        for (size_t c = 0; c < c_all; c++)
            if (!begun || j->in[from + c] > j->out[at + c] || isnan(j->in[from + c])) {
                j->out[at + c] = j->in[from + c];
                j->which[at + c] = (uint8_t)t;
            }
        begun = true;
    }
}

static void max_share(void *ctx, int i, int n) {
    const struct max_job *j = ctx;
    long first, last;
    pool_share((long)j->y.n * j->y.h, i, n, &first, &last);
    for (long row = first; row < last; row++)
        for (int column = 0; column < j->y.w; column++)
            max_pixel(j, row / j->y.h, (int)(row % j->y.h), column);
}

int max_pool_forward(struct plan *p, struct step *s, struct err *e) {
    if (!p->graph->mode.gradients)
        return dnn_op_run(p->engine->dnn, s->dnn, step_in(p, s, 0), NULL, NULL, step_out(p, s), step_scratch(p, s), e);
    struct max_job j = {*plan_shape(p, s, 0), s->node->shape, step_in(p, s, 0), step_out(p, s), step_saved(p, s)};
    pool_run(max_share, &j);
    return 0;
}

/* One image: its outputs' gradients go where the maxima were. */
static void max_image_backward(const struct max_job *j, long image, bool add) {
    const size_t c_all = (size_t)j->y.c, size = (size_t)j->x.h * (size_t)j->x.w * c_all;
    size_t at = (size_t)image * (size_t)j->y.h * (size_t)j->y.w * c_all, to = 0;
    if (!add)
        memset(j->out + (size_t)image * size, 0, size * sizeof *j->out);
    for (int row = 0; row < j->y.h; row++)
        for (int column = 0; column < j->y.w; column++, at += c_all)
            for (size_t c = 0; c < c_all; c++)
                if (window_at(j, image, row, column, j->which[at + c], &to))
                    j->out[to + c] += j->in[at + c];
}

int max_pool_backward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    struct max_job j = {*plan_shape(p, s, 0), s->node->shape, step_dout(p, s), step_din(p, s, 0), step_saved(p, s)};
    for (long image = 0; j.out && image < j.y.n; image++)
        max_image_backward(&j, image, s->add[0]);
    return 0;
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

/* Each pixel gets its share of the mean's gradient, in the type that the input's gradients are kept in. */
int mean_pool_backward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const struct shape x = *plan_shape(p, s, 0);
    const enum dnn_type type = plan_type(p, &p->graph->nodes[s->node->inputs[0]]);
    const size_t c_all = (size_t)x.c, pixels = (size_t)x.h * (size_t)x.w;
    const float *dy = step_dout(p, s), share = (float)(1.0 / (double)pixels);
    void *dx = step_din(p, s, 0);
    float old, g;
    for (size_t i = 0; dx && i < (size_t)x.n * pixels; i++)
        for (size_t c = 0; c < c_all; c++) {
            g = dy[i / pixels * c_all + c] * share;
            if (s->add[0]) {
                half_load(&old, dx, i * c_all + c, 1, type);
                g += old;
            }
            half_store(dx, i * c_all + c, &g, 1, type);
        }
    return 0;
}
