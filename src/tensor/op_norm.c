/* Batch-norm as a node of its own, with the residual sum and ReLU behind it. Floor 2.
 *
 * Ioffe & Szegedy 2015: over all pixels of the batch, per channel c: xhat = (x - mean) / sqrt(var + eps), y = gamma xhat + beta, and here
 * z = relu?(y + residual?). Mean and variance are the batch's or the running ones (graph.h, batch_statistics). Those of the batch move the
 * running ones as in PyTorch: running += 0.1 (batch - running), the variance unbiased.
 * Backward, with g = dz where the ReLU let through: dbeta = sum g, dgamma = sum g xhat, dresidual = g,
 * dx = gamma / sqrt(var + eps) (g - dbeta / N - xhat dgamma / N); over running statistics, which are constants, dx = gamma / sqrt(var +
 * eps) g.
 *
 * Every sum runs over BANDS bands of pixels in a fixed order, whatever the threads: within RUN pixels in float32, then in double. Means and
 * squares of a run are taken about the run's own mean and merged (Chan, Golub & LeVeque 1979), so nothing cancels.
 */
#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "base/vectors.h"
#include "tensor/half.h"
#include "tensor/op.h"

enum { BANDS = 64, RUN = 32, CHANNELS = 64 /* at a time */ };
static const double MOMENTUM = 0.1;

/* What forward leaves for backward: per channel mean, 1 / sqrt(var + eps) (double), then scale and shift of the forward pass (float). */
struct saved {
    double *mean, *rstd;
    float *scale, *shift;
};

static struct saved saved_of(void *bytes, size_t c) {
    double *d = bytes;
    return (struct saved){d, d + c, (float *)(d + 2 * c), (float *)(d + 2 * c) + c};
}

int batch_norm_shape(const struct graph *g, struct node *node, struct err *e) {
    node->shape = g->nodes[node->inputs[0]].shape;
    if (node->residual && memcmp(&g->nodes[node->inputs[1]].shape, &node->shape, sizeof node->shape) != 0)
        return err_set(e, ERR_INTERNAL, "the residual has another shape");
    if (!g->mode.batch_statistics)
        return 0;
    if (!graph_holds(g, node->norm.mean) || !graph_holds(g, node->norm.var))
        return err_set(e, ERR_INTERNAL, "running statistics that the batch moves, outside the parameters' block");
    if ((size_t)node->shape.n * (size_t)node->shape.h * (size_t)node->shape.w < 2)
        return err_set(e, ERR_BATCH_TOO_SMALL, "one pixel per channel in the whole batch has no variance");
    return 0;
}

int batch_norm_keeps(const struct graph *g,
                     const struct node *node) { /* without a residual, what the ReLU let through follows from the input */
    (void)g;
    return KEEP_INPUT | (node->residual && node->activation == ACTIVATION_RELU ? KEEP_OUTPUT : 0);
}

static size_t pixels_of(const struct node *node) {
    return (size_t)node->shape.n * (size_t)node->shape.h * (size_t)node->shape.w;
}

/* Two double sums and two float rows per band and channel. */
static size_t sums_bytes(const struct node *node) {
    return BANDS * (size_t)node->shape.c * 2 * (sizeof(double) + sizeof(float));
}

int batch_norm_prepare(struct plan *p, struct step *s, struct err *e) {
    struct dnn_layout *dense = NULL;
    plan_save(p, s, (size_t)s->node->shape.c * (2 * sizeof(double) + 2 * sizeof(float)));
    s->scratch_bytes = sums_bytes(s->node);
    s->algorithm = "bands";
    const int rc = plan_activation(&dense, p, s->node, e);
    return rc ? rc : plan_give(p, s, dense, -1, e);
}

int batch_norm_prepare_backward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    s->scratch_bytes = sums_bytes(s->node) + 3 * (size_t)s->node->shape.c * sizeof(float);
    s->algorithm = "bands";
    plan_gradient_in_place(p, s, s->node->residual && s->din[1] >= 0 ? 1 : 0);
    return 0;
}

/* --- sums over bands ------------------------------------------------------------------------------------------------------ */

struct sums {
    size_t c, pixels;
    enum dnn_type type;     /* of x, z, dz */
    double *a, *b;          /* [BANDS][c] */
    float *row;             /* [BANDS][2][c] */
    const void *x, *z, *dz; /* z: the output, or NULL where what the ReLU let through follows from x */
    const struct saved *saved;
    const float *mean; /* float32 of the saved mean, to sum about */
    bool relu;
};

static struct sums sums_of(const struct plan *p, const struct step *s) {
    struct sums x = {.c = (size_t)s->node->shape.c,
                     .pixels = pixels_of(s->node),
                     .a = step_scratch(p, s),
                     .relu = s->node->activation == ACTIVATION_RELU,
                     .type = plan_type(p, s->node)};
    x.b = x.a + BANDS * x.c;
    x.row = (float *)(x.b + BANDS * x.c);
    return x;
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* The sum and, about its mean, the sum of squares of n pixels from `first` on. */
VECTORS static void run_moments(const struct sums *s, float *restrict sum, float *restrict square, size_t first, size_t n) {
    const float inverse = 1.0F / (float)n;
    float x[CHANNELS];
    memset(sum, 0, s->c * sizeof *sum);
    memset(square, 0, s->c * sizeof *square);
    for (size_t i = first; i < first + n; i++)
        for (size_t from = 0; from < s->c; from += CHANNELS) {
            const size_t count = smaller(s->c - from, CHANNELS);
            half_load(x, s->x, i * s->c + from, count, s->type);
            for (size_t c = 0; c < count; c++)
                sum[from + c] += x[c];
        }
    for (size_t i = first; i < first + n; i++)
        for (size_t from = 0; from < s->c; from += CHANNELS) {
            const size_t count = smaller(s->c - from, CHANNELS);
            half_load(x, s->x, i * s->c + from, count, s->type);
            for (size_t c = 0; c < count; c++) {
                const float d = x[c] - sum[from + c] * inverse;
                square[from + c] += d * d;
            }
        }
}

/* n numbers of this sum and sum of squares about their mean join `count` others. */
VECTORS static void merge(double *restrict mean, double *restrict square, double count, const float *restrict sum, const float *restrict m2,
                          double n, size_t c_all) {
    const double inverse = 1.0 / n, part = n / (count + n), cross = count * n / (count + n);
    for (size_t c = 0; c < c_all; c++) {
        const double d = (double)sum[c] * inverse - mean[c];
        mean[c] += d * part;
        square[c] += (double)m2[c] + d * d * cross;
    }
}

static void band_moments(void *ctx, int i, int n) {
    const struct sums *s = ctx;
    long first, last, begin, end;
    pool_share(BANDS, i, n, &first, &last);
    for (long band = first; band < last; band++) {
        double *mean = s->a + (size_t)band * s->c, *square = s->b + (size_t)band * s->c;
        float *sum = s->row + (size_t)band * 2 * s->c;
        memset(mean, 0, s->c * sizeof *mean);
        memset(square, 0, s->c * sizeof *square);
        pool_share((long)s->pixels, (int)band, BANDS, &begin, &end);
        for (long px = begin; px < end; px += RUN) {
            const long run = end - px < RUN ? end - px : RUN;
            run_moments(s, sum, sum + s->c, (size_t)px, (size_t)run);
            merge(mean, square, (double)(px - begin), sum, sum + s->c, (double)run, s->c);
        }
    }
}

/* Mean and biased variance of each channel: the bands merged in order. */
static void moments(struct sums *s, double *mean, double *var) {
    pool_run(band_moments, s);
    memset(mean, 0, s->c * sizeof *mean);
    memset(var, 0, s->c * sizeof *var);
    double count = 0;
    for (int band = 0; band < BANDS; band++) {
        long begin, end;
        pool_share((long)s->pixels, band, BANDS, &begin, &end);
        const double n = (double)(end - begin);
        if (end == begin)
            continue;
        for (size_t c = 0; c < s->c; c++) {
            const double d = s->a[(size_t)band * s->c + c] - mean[c];
            mean[c] += d * n / (count + n);
            var[c] += s->b[(size_t)band * s->c + c] + d * d * count * n / (count + n);
        }
        count += n;
    }
    for (size_t c = 0; c < s->c; c++)
        var[c] /= count;
}

/* --- forward ------------------------------------------------------------------------------------------------------------------ */

struct apply {
    const void *x, *residual;
    void *out;
    const float *scale, *shift;
    enum dnn_type type;
    size_t c, pixels;
    bool relu;
};

VECTORS static void apply_pixels(const struct apply *a, size_t first, size_t last) {
    const float floor = a->relu ? 0.0F : -INFINITY;
    float x[CHANNELS], r[CHANNELS] = {0};
    for (size_t i = first; i < last; i++)
        for (size_t from = 0; from < a->c; from += CHANNELS) {
            const size_t n = smaller(a->c - from, CHANNELS);
            const float *restrict scale = a->scale + from, *restrict shift = a->shift + from;
            half_load(x, a->x, i * a->c + from, n, a->type);
            if (a->residual)
                half_load(r, a->residual, i * a->c + from, n, a->type);
            for (size_t c = 0; c < n; c++) {
                const float y = x[c] * scale[c] + shift[c] + r[c];
                x[c] = y < floor ? floor : y;
            }
            half_store(a->out, i * a->c + from, x, n, a->type);
        }
}

static void apply_share(void *ctx, int i, int n) {
    const struct apply *a = ctx;
    long first, last;
    pool_share((long)a->pixels, i, n, &first, &last);
    apply_pixels(a, (size_t)first, (size_t)last);
}

void batch_norm_running(float *mean, float *var, const double *batch_mean, const double *batch_var, size_t c_all, double n) {
    for (size_t c = 0; c < c_all; c++) {
        mean[c] = (float)((1 - MOMENTUM) * (double)mean[c] + MOMENTUM * batch_mean[c]);
        var[c] = (float)((1 - MOMENTUM) * (double)var[c] + MOMENTUM * batch_var[c] * n / (n - 1));
    }
}

/* Mean and variance (in rstd) of the batch, or the running ones. */
static void moments_of(struct plan *p, const struct step *s, const struct saved *saved) {
    const struct batch_norm *norm = &s->node->norm;
    const size_t c_all = (size_t)s->node->shape.c;
    if (p->graph->mode.batch_statistics) {
        struct sums sums = sums_of(p, s);
        sums.x = step_in(p, s, 0);
        moments(&sums, saved->mean, saved->rstd);
        batch_norm_running(plan_parameter(p, norm->mean), plan_parameter(p, norm->var), saved->mean, saved->rstd, c_all,
                           (double)sums.pixels);
        return;
    }
    for (size_t c = 0; c < c_all; c++) {
        saved->mean[c] = (double)norm->mean[c];
        saved->rstd[c] = (double)norm->var[c];
    }
}

static void statistics(struct plan *p, const struct step *s, const struct saved *saved) {
    const struct batch_norm *norm = &s->node->norm;
    const size_t c_all = (size_t)s->node->shape.c;
    moments_of(p, s, saved);
    for (size_t c = 0; c < c_all; c++) {
        saved->rstd[c] = 1.0 / sqrt(saved->rstd[c] + (double)norm->eps);
        saved->scale[c] = (float)((double)norm->gamma[c] * saved->rstd[c]);
        saved->shift[c] = (float)((double)norm->beta[c] - saved->mean[c] * (double)norm->gamma[c] * saved->rstd[c]);
    }
}

int batch_norm_forward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const struct saved saved = saved_of(step_saved(p, s), (size_t)s->node->shape.c);
    if (s->pass == PASS_FORWARD) /* the second time they are there */
        statistics(p, s, &saved);
    struct apply a = {.x = step_in(p, s, 0),
                      .residual = s->node->residual ? step_in(p, s, 1) : NULL,
                      .scale = saved.scale,
                      .shift = saved.shift,
                      .out = step_out(p, s),
                      .type = plan_type(p, s->node),
                      .c = (size_t)s->node->shape.c,
                      .pixels = pixels_of(s->node),
                      .relu = s->node->activation == ACTIVATION_RELU};
    pool_run(apply_share, &a);
    return 0;
}

/* --- backward ------------------------------------------------------------------------------------------------------------------ */

/* x and g (dz where the ReLU let through) of n <= CHANNELS channels of a pixel, from number `at` of the tensors on. */
HALF_INLINE void pixel_gradient(const struct sums *s, size_t at, size_t from, size_t n, float *restrict x, float *restrict g) {
    const float *restrict scale = s->saved->scale + from, *restrict shift = s->saved->shift + from;
    float z[CHANNELS];
    half_load(x, s->x, at, n, s->type);
    half_load(g, s->dz, at, n, s->type);
    if (!s->relu)
        return;
    if (s->z)
        half_load(z, s->z, at, n, s->type);
    else
        for (size_t c = 0; c < n; c++)
            z[c] = x[c] * scale[c] + shift[c];
    for (size_t c = 0; c < n; c++)
        g[c] = z[c] > 0 ? g[c] : 0.0F;
}

/* sum[0] = sum of g, sum[1] = sum of g (x - mean), over n pixels. */
VECTORS static void run_gradients(float *restrict sum, const struct sums *s, size_t first, size_t n) {
    float x[CHANNELS], g[CHANNELS];
    memset(sum, 0, 2 * s->c * sizeof *sum);
    for (size_t i = first; i < first + n; i++)
        for (size_t from = 0; from < s->c; from += CHANNELS) {
            const size_t count = smaller(s->c - from, CHANNELS);
            const float *restrict mean = s->mean + from;
            float *restrict a = sum + from, *restrict b = sum + s->c + from;
            pixel_gradient(s, i * s->c + from, from, count, x, g);
            for (size_t c = 0; c < count; c++) {
                a[c] += g[c];
                b[c] += g[c] * (x[c] - mean[c]);
            }
        }
}

static void band_gradients(void *ctx, int i, int n) {
    const struct sums *s = ctx;
    long first, last, begin, end;
    pool_share(BANDS, i, n, &first, &last);
    for (long band = first; band < last; band++) {
        double *a = s->a + (size_t)band * s->c, *b = s->b + (size_t)band * s->c;
        float *row = s->row + (size_t)band * 2 * s->c;
        memset(a, 0, s->c * sizeof *a);
        memset(b, 0, s->c * sizeof *b);
        pool_share((long)s->pixels, (int)band, BANDS, &begin, &end);
        for (long px = begin; px < end; px += RUN) {
            run_gradients(row, s, (size_t)px, smaller((size_t)(end - px), RUN));
            for (size_t c = 0; c < s->c; c++) {
                a[c] += (double)row[c];
                b[c] += (double)row[s->c + c];
            }
        }
    }
}

/* dx = k0 g + k1 x + k2 per channel, dresidual (+)= g. dz may be the same memory as dx or dresidual: a block is read before it is written.
 */
struct differentiate {
    const struct sums *sums;
    const float *k0, *k1, *k2;
    void *dx, *dresidual;
    bool add_x, add_residual;
};

VECTORS static void differentiate_pixels(const struct differentiate *d, size_t first, size_t last) {
    const struct sums *s = d->sums;
    float x[CHANNELS], g[CHANNELS], old[CHANNELS];
    for (size_t i = first; i < last; i++)
        for (size_t from = 0; from < s->c; from += CHANNELS) {
            const size_t n = smaller(s->c - from, CHANNELS), at = i * s->c + from;
            const float *restrict k0 = d->k0 + from, *restrict k1 = d->k1 + from, *restrict k2 = d->k2 + from;
            pixel_gradient(s, at, from, n, x, g);
            if (d->dx) {
                for (size_t c = 0; c < n; c++)
                    x[c] = k0[c] * g[c] + k1[c] * x[c] + k2[c];
                if (d->add_x) {
                    half_load(old, d->dx, at, n, s->type);
                    for (size_t c = 0; c < n; c++)
                        x[c] += old[c];
                }
                half_store(d->dx, at, x, n, s->type);
            }
            if (d->dresidual) {
                if (d->add_residual) {
                    half_load(old, d->dresidual, at, n, s->type);
                    for (size_t c = 0; c < n; c++)
                        g[c] += old[c];
                }
                half_store(d->dresidual, at, g, n, s->type);
            }
        }
}

static void differentiate_share(void *ctx, int i, int n) {
    const struct differentiate *d = ctx;
    long first, last;
    pool_share((long)d->sums->pixels, i, n, &first, &last);
    differentiate_pixels(d, (size_t)first, (size_t)last);
}

/* The gradients of the parameters that are trained, and the three numbers per channel that dx is made of. */
static void finish_gradients(struct plan *p, const struct step *s, const struct sums *sums, float *k) {
    const struct batch_norm *norm = &s->node->norm;
    float *dgamma = plan_gradient(p, norm->gamma), *dbeta = plan_gradient(p, norm->beta);
    const double n = (double)sums->pixels;
    const bool constant = !p->graph->mode.batch_statistics;
    for (size_t c = 0; c < sums->c; c++) {
        double g = 0, gx = 0;
        for (size_t band = 0; band < BANDS; band++) {
            g += sums->a[band * sums->c + c];
            gx += sums->b[band * sums->c + c];
        }
        const double rstd = sums->saved->rstd[c], mean = sums->saved->mean[c], scale = (double)norm->gamma[c] * rstd;
        gx = (gx - g * (mean - (double)sums->mean[c])) * rstd; /* the sum ran about the mean rounded to float32 */
        if (dgamma)
            dgamma[c] += (float)gx;
        if (dbeta)
            dbeta[c] += (float)g;
        k[c] = (float)scale;
        k[sums->c + c] = constant ? 0 : (float)(-scale * rstd * gx / n);
        k[2 * sums->c + c] = constant ? 0 : (float)(-scale * (g / n - mean * rstd * gx / n));
    }
}

int batch_norm_backward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const struct saved saved = saved_of(step_saved(p, s), (size_t)s->node->shape.c);
    struct sums sums = sums_of(p, s);
    float *k = sums.row + BANDS * 2 * sums.c;
    for (size_t c = 0; c < sums.c; c++) /* free until finish_gradients() fills it, channel by channel */
        k[c] = (float)saved.mean[c];
    sums.x = step_in(p, s, 0);
    sums.z = s->out >= 0 ? step_out(p, s) : NULL;
    sums.dz = step_dout(p, s);
    sums.saved = &saved;
    sums.mean = k;
    pool_run(band_gradients, &sums);
    finish_gradients(p, s, &sums, k);
    struct differentiate d = {.sums = &sums,
                              .k0 = k,
                              .k1 = k + sums.c,
                              .k2 = k + 2 * sums.c,
                              .dx = step_din(p, s, 0),
                              .dresidual = s->node->residual ? step_din(p, s, 1) : NULL,
                              .add_x = s->add[0],
                              .add_residual = s->add[1]};
    pool_run(differentiate_share, &d);
    return 0;
}
