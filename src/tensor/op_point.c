/* Number by number: activations, dropout, sums. Floor 2. (In a graph that folds, activations and sums are part of other steps.) */
#include <math.h>

#include "base/pool.h"
#include "base/rng.h"
#include "tensor/op.h"

static size_t count_of(const struct step *s) {
    return shape_count(s->node->shape);
}

/* A gradient for input i: written, or added to what is there. */
static void give(float *din, bool add, size_t at, double g) {
    din[at] = add ? din[at] + (float)g : (float)g;
}

/* --- activations: ReLU, and GELU with the exact error function (Hendrycks & Gimpel 2016) ------------------------------------ */

int activation_keeps(const struct graph *g, const struct node *node) {
    (void)g;
    return node->activation == ACTIVATION_RELU ? KEEP_OUTPUT : KEEP_INPUT;
}

int activation_forward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const float *x = step_in(p, s, 0);
    float *y = step_out(p, s);
    const size_t n = count_of(s);
    for (size_t i = 0; i < n; i++)
        y[i] = s->node->activation == ACTIVATION_RELU ? (x[i] < 0 ? 0 : x[i])
                                                      : (float)(0.5 * (double)x[i] * (1 + erf((double)x[i] * M_SQRT1_2)));
    return 0;
}

/* d gelu = Phi(x) + x phi(x). */
static double gelu_slope(double x) {
    return 0.5 * (1 + erf(x * M_SQRT1_2)) + x * exp(-0.5 * x * x) * 0.5 * M_2_SQRTPI * M_SQRT1_2;
}

int activation_backward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const bool relu = s->node->activation == ACTIVATION_RELU;
    const float *dy = step_dout(p, s), *x = relu ? step_out(p, s) : step_in(p, s, 0);
    float *dx = step_din(p, s, 0);
    const size_t n = count_of(s);
    for (size_t i = 0; dx && i < n; i++)
        give(dx, s->add[0], i, (double)dy[i] * (relu ? (x[i] > 0 ? 1 : 0) : gelu_slope((double)x[i])));
    return 0;
}

/* --- dropout ------------------------------------------------------------------------------------------------------------------ */

int dropout_forward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const struct dropout d = dropout_of(p, s);
    const float *x = step_in(p, s, 0);
    float *y = step_out(p, s);
    const size_t n = count_of(s);
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] * dropout_factor(&d, i);
    return 0;
}

int dropout_backward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const struct dropout d = dropout_of(p, s);
    const float *dy = step_dout(p, s);
    float *dx = step_din(p, s, 0);
    const size_t n = count_of(s);
    for (size_t i = 0; dx && i < n; i++)
        give(dx, s->add[0], i, (double)(dy[i] * dropout_factor(&d, i)));
    return 0;
}

struct dropout dropout_of(const struct plan *p, const struct step *s) {
    uint32_t layer = 0x811C9DC5U; /* FNV-1a of the name: a mask does not depend on what else is in the graph */
    for (const char *c = s->node->name; *c; c++)
        layer = (layer ^ (unsigned char)*c) * 0x01000193U;
    return (struct dropout){rng_make(p->engine->seed, p->engine->training_step, layer), s->node->dropout};
}

float dropout_factor(const struct dropout *d, size_t element) {
    return d->p > 0 && rng_uniform(&d->rng, element) < d->p ? 0.0F : (float)(1.0 / (1.0 - d->p));
}

/* --- sum of two ----------------------------------------------------------------------------------------------------------------- */

int add_shape(const struct graph *g, struct node *node, struct err *e) {
    node->shape = g->nodes[node->inputs[0]].shape;
    if (shape_count(g->nodes[node->inputs[1]].shape) != shape_count(node->shape))
        return err_set(e, ERR_INTERNAL, "the residual has another shape");
    return 0;
}

int add_forward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const float *a = step_in(p, s, 0), *b = step_in(p, s, 1);
    float *y = step_out(p, s);
    const size_t n = count_of(s);
    for (size_t i = 0; i < n; i++)
        y[i] = a[i] + b[i];
    return 0;
}

int add_backward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const float *dy = step_dout(p, s);
    const size_t n = count_of(s);
    for (int k = 0; k < 2; k++) {
        float *dx = step_din(p, s, k);
        for (size_t i = 0; dx && i < n; i++)
            give(dx, s->add[k], i, (double)dy[i]);
    }
    return 0;
}
