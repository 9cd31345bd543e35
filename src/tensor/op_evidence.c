/* Evidence: at each cell of a map, what speaks for background and for each kind of lesion, and the map's mean weighted by it. Floor 2.
 *
 * `evidence` is a 1x1 convolution with a bias, x [n][h][w][c] -> e [n][h][w][k]; k is 2 to 65, so a cell's products are short sums.
 * `evidence_pool` takes the map and its evidence, channel 0 being background:
 *     s = log(sum over k > 0 of exp(e_k)) - e_0;  a = softmax of s over the cells of an image;  y = [sum of a x ; mean of x]
 * (attention pooling, Ilse et al. 2018, with the lesion's log odds as score). Backward, with u, m the gradients of the two halves and q_k
 * the softmax of e over k > 0:
 *     dx = a u + m / cells;  da = x . u;  ds = a (da - sum a da);  de_0 = -ds, de_k = ds q_k
 * a and q are left by the forward step. Sums in double and in a fixed order, whatever the threads.
 */
#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "tensor/half.h"
#include "tensor/op.h"

enum { LANES = 8, CHANNELS_MAX = 4096 };

static double dot(const float *a, const float *b, size_t n) {
    double lane[LANES] = {0}, sum = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t l = 0; l < LANES; l++)
            lane[l] += (double)a[i + l] * (double)b[i + l];
    for (; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    for (size_t l = 0; l < LANES; l++)
        sum += lane[l];
    return sum;
}

/* How the input's numbers, and its gradient's, are stored. */
static enum dnn_type input_type(const struct plan *p, const struct step *s) {
    return plan_type(p, &p->graph->nodes[s->node->inputs[0]]);
}

/* --- evidence --------------------------------------------------------------------------------------------------------------- */

int evidence_shape(const struct graph *g, struct node *node, struct err *e) {
    const struct shape x = g->nodes[node->inputs[0]].shape;
    if (node->shape.c < 2 || x.c > CHANNELS_MAX)
        return err_set(e, ERR_INTERNAL, "%d channels of evidence over %d", node->shape.c, x.c);
    node->shape = (struct shape){x.n, x.h, x.w, node->shape.c};
    return 0;
}

struct evidence_job {
    const struct node *node;
    size_t cells, c, k;
    const float *in;
    float *out;
};

static void evidence_share(void *ctx, int i, int n) {
    const struct evidence_job *j = ctx;
    long first, last;
    pool_share((long)j->cells, i, n, &first, &last);
    for (size_t cell = (size_t)first; cell < (size_t)last; cell++)
        for (size_t k = 0; k < j->k; k++)
            j->out[cell * j->k + k] = (float)((double)j->node->bias[k] + dot(j->in + cell * j->c, j->node->weights + k * j->c, j->c));
}

int evidence_forward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const struct shape x = *plan_shape(p, s, 0);
    pool_run(evidence_share, &(struct evidence_job){.node = s->node,
                                                    .cells = (size_t)x.n * (size_t)x.h * (size_t)x.w,
                                                    .c = (size_t)x.c,
                                                    .k = (size_t)s->node->shape.c,
                                                    .in = step_in(p, s, 0),
                                                    .out = step_out(p, s)});
    return 0;
}

int evidence_prepare_backward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    s->scratch_bytes = (size_t)s->node->shape.c * ((size_t)plan_shape(p, s, 0)->c + 1) * sizeof(double);
    s->algorithm = "plain";
    return 0;
}

/* The gradients of weights and bias: sums over all cells, in their order. */
static void evidence_weights(const struct plan *p, const struct step *s, size_t cells, size_t c_all, size_t k_all) {
    float *dw = plan_gradient(p, s->node->weights), *db = plan_gradient(p, s->node->bias), row[CHANNELS_MAX];
    double *sum = step_scratch(p, s), *bias = sum + k_all * c_all;
    const float *dy = step_dout(p, s);
    if (!dw && !db)
        return;
    memset(sum, 0, k_all * (c_all + 1) * sizeof *sum);
    for (size_t cell = 0; cell < cells; cell++, dy += k_all) {
        if (dw)
            half_load(row, step_in(p, s, 0), cell * c_all, c_all, input_type(p, s));
        for (size_t k = 0; k < k_all; k++) {
            const double d = (double)dy[k];
            bias[k] += d;
            for (size_t c = 0; dw && c < c_all; c++)
                sum[k * c_all + c] += d * (double)row[c];
        }
    }
    for (size_t i = 0; dw && i < k_all * c_all; i++)
        dw[i] += (float)sum[i];
    for (size_t k = 0; db && k < k_all; k++)
        db[k] += (float)bias[k];
}

int evidence_backward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const struct shape x = *plan_shape(p, s, 0);
    const size_t cells = (size_t)x.n * (size_t)x.h * (size_t)x.w, c_all = (size_t)x.c, k_all = (size_t)s->node->shape.c;
    const enum dnn_type type = input_type(p, s);
    const float *dy = step_dout(p, s), *w = s->node->weights;
    void *dx = step_din(p, s, 0);
    float row[CHANNELS_MAX];
    evidence_weights(p, s, cells, c_all, k_all);
    for (size_t cell = 0; dx && cell < cells; cell++, dy += k_all) {
        if (s->add[0])
            half_load(row, dx, cell * c_all, c_all, type);
        else
            memset(row, 0, c_all * sizeof *row);
        for (size_t k = 0; k < k_all; k++)
            for (size_t c = 0; c < c_all; c++)
                row[c] += dy[k] * w[k * c_all + c];
        half_store(dx, cell * c_all, row, c_all, type);
    }
    return 0;
}

/* --- evidence_pool ---------------------------------------------------------------------------------------------------------- */

int evidence_pool_shape(const struct graph *g, struct node *node, struct err *e) {
    const struct shape x = g->nodes[node->inputs[0]].shape, y = g->nodes[node->inputs[1]].shape;
    if (x.n != y.n || x.h != y.h || x.w != y.w || y.c < 2 || x.c > CHANNELS_MAX)
        return err_set(e, ERR_INTERNAL, "evidence of %d x %d x %d over a map of %d x %d x %d", y.n, y.h, y.w, x.n, x.h, x.w);
    node->shape = (struct shape){x.n, 1, 1, 2 * x.c};
    return 0;
}

/* Of each cell its weight a, then the shares q of the kinds of lesion: for the backward step, or in the scratch of a forward one. */
static size_t pool_floats(const struct plan *p, const struct step *s) {
    return shape_count(*plan_shape(p, s, 1));
}

int evidence_pool_prepare(struct plan *p, struct step *s, struct err *e) {
    const size_t bytes = pool_floats(p, s) * sizeof(float);
    if (p->graph->mode.gradients)
        plan_save(p, s, bytes);
    s->scratch_bytes = bytes + (size_t)plan_shape(p, s, 0)->n * 2 * (size_t)plan_shape(p, s, 0)->c * sizeof(double);
    s->algorithm = "plain";
    return op_rows_prepare(p, s, e);
}

/* e of one image -> a and q of its cells, [cells][k]. */
static void weigh(float *out, const float *e, size_t cells, size_t k_all) {
    double most = -INFINITY, sum = 0;
    for (size_t cell = 0; cell < cells; cell++) {
        const float *at = e + cell * k_all;
        double top = -INFINITY, all = 0;
        for (size_t k = 1; k < k_all; k++)
            top = fmax(top, (double)at[k]);
        for (size_t k = 1; k < k_all; k++)
            all += exp((double)at[k] - top);
        for (size_t k = 1; k < k_all; k++)
            out[cell * k_all + k] = (float)(exp((double)at[k] - top) / all);
        out[cell * k_all] = (float)(top + log(all) - (double)at[0]);
        most = fmax(most, (double)out[cell * k_all]);
    }
    for (size_t cell = 0; cell < cells; cell++)
        sum += exp((double)out[cell * k_all] - most);
    for (size_t cell = 0; cell < cells; cell++)
        out[cell * k_all] = (float)(exp((double)out[cell * k_all] - most) / sum);
}

struct pool_job {
    size_t cells, c, k;
    const float *x, *e;
    float *weights, *y;
    double *sums; /* [n][2][c] */
    long n;
};

static void pool_images(void *ctx, int i, int n) {
    const struct pool_job *j = ctx;
    long first, last;
    pool_share(j->n, i, n, &first, &last);
    for (size_t image = (size_t)first; image < (size_t)last; image++) {
        const float *x = j->x + image * j->cells * j->c;
        float *a = j->weights + image * j->cells * j->k;
        double *attended = j->sums + image * 2 * j->c, *mean = attended + j->c;
        weigh(a, j->e + image * j->cells * j->k, j->cells, j->k);
        memset(attended, 0, 2 * j->c * sizeof *attended);
        for (size_t cell = 0; cell < j->cells; cell++, x += j->c) {
            const double w = (double)a[cell * j->k];
            for (size_t c = 0; c < j->c; c++) {
                attended[c] += w * (double)x[c];
                mean[c] += (double)x[c];
            }
        }
        for (size_t c = 0; c < j->c; c++) {
            j->y[image * 2 * j->c + c] = (float)attended[c];
            j->y[image * 2 * j->c + j->c + c] = (float)(mean[c] / (double)j->cells);
        }
    }
}

int evidence_pool_forward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const struct shape x = *plan_shape(p, s, 0);
    double *scratch = step_scratch(p, s);
    const size_t sums = (size_t)x.n * 2 * (size_t)x.c;
    pool_run(pool_images, &(struct pool_job){.cells = (size_t)x.h * (size_t)x.w,
                                             .c = (size_t)x.c,
                                             .k = (size_t)plan_shape(p, s, 1)->c,
                                             .x = step_in(p, s, 0),
                                             .e = step_in(p, s, 1),
                                             .weights = s->saved >= 0 ? step_saved(p, s) : (float *)(scratch + sums),
                                             .y = step_out(p, s),
                                             .sums = scratch,
                                             .n = x.n});
    return 0;
}

int evidence_pool_prepare_backward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const struct shape x = *plan_shape(p, s, 0);
    s->scratch_bytes = (size_t)x.h * (size_t)x.w * sizeof(double);
    s->algorithm = "plain";
    return 0;
}

struct pool_gradient {      /* one image */
    const float *a, *u, *m; /* [cells][k]; [c] each */
    double *da;             /* [cells] */
    void *dx;
    float *de;
    size_t image, cells, c, k;
};

static void map_gradient(const struct pool_gradient *g, const struct plan *p, const struct step *s) {
    const enum dnn_type type = input_type(p, s);
    const float share = (float)(1.0 / (double)g->cells);
    float row[CHANNELS_MAX], old[CHANNELS_MAX];
    for (size_t cell = 0; cell < g->cells; cell++) {
        const size_t at = (g->image * g->cells + cell) * g->c;
        const float w = g->a[cell * g->k];
        half_load(row, step_in(p, s, 0), at, g->c, type);
        g->da[cell] = dot(row, g->u, g->c);
        if (!g->dx)
            continue;
        for (size_t c = 0; c < g->c; c++)
            row[c] = w * g->u[c] + share * g->m[c];
        if (s->add[0]) {
            half_load(old, g->dx, at, g->c, type);
            for (size_t c = 0; c < g->c; c++)
                row[c] += old[c];
        }
        half_store(g->dx, at, row, g->c, type);
    }
}

static void evidence_gradient(const struct pool_gradient *g, bool add) {
    double mean = 0;
    for (size_t cell = 0; cell < g->cells; cell++)
        mean += (double)g->a[cell * g->k] * g->da[cell];
    for (size_t cell = 0; cell < g->cells; cell++) {
        const float *own = g->a + cell * g->k;
        const double ds = (double)own[0] * (g->da[cell] - mean);
        float *de = g->de + (g->image * g->cells + cell) * g->k;
        for (size_t k = 0; k < g->k; k++)
            de[k] = (add ? de[k] : 0) + (float)(k ? ds * (double)own[k] : -ds);
    }
}

int evidence_pool_backward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const struct shape x = *plan_shape(p, s, 0);
    struct pool_gradient g = {.da = step_scratch(p, s),
                              .dx = step_din(p, s, 0),
                              .de = step_din(p, s, 1),
                              .cells = (size_t)x.h * (size_t)x.w,
                              .c = (size_t)x.c,
                              .k = (size_t)plan_shape(p, s, 1)->c};
    for (; g.image < (size_t)x.n; g.image++) {
        g.a = (const float *)step_saved(p, s) + g.image * g.cells * g.k;
        g.u = step_dout(p, s) + g.image * 2 * g.c;
        g.m = g.u + g.c;
        map_gradient(&g, p, s);
        if (g.de)
            evidence_gradient(&g, s->add[1]);
    }
    return 0;
}
