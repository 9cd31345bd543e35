/* ResNet's stem over batch statistics as one step: convolution, batch-norm, ReLU and pooling without the convolution's output. Floor 2.
 * What it rests on is in stem_train.h. Where its kernel does not take the shape, graph_stem() adds the layers one by one. */
#include <math.h>
#include <string.h>

#include "kernel/stem_train.h"
#include "tensor/op.h"

static struct stem_shape shape_of(struct shape x, int out_c) {
    return (struct stem_shape){x.n, x.h, x.w, x.c, out_c};
}

bool stem_takes(const struct graph *g, const struct node *node) {
    const struct node *x = &g->nodes[node->inputs[0]];
    const struct stem_shape s = shape_of(x->shape, node->shape.c);
    return x->op == OP_input && !x->requires_gradient && stem_train_takes(&s); /* it makes no gradient by its input */
}

int stem_shape_of(const struct graph *g, struct node *node, struct err *e) {
    const struct shape x = g->nodes[node->inputs[0]].shape;
    if (node->weights_in_c != x.c && !(node->weights_in_c == 3 && x.c == 1))
        return err_set(e, ERR_INTERNAL, "weights for %d channels over an input of %d", node->weights_in_c, x.c);
    if (!graph_holds(g, node->norm.mean) || !graph_holds(g, node->norm.var))
        return err_set(e, ERR_INTERNAL, "running statistics that the batch moves, outside the parameters' block");
    node->shape = (struct shape){x.n, stem_pooled(x.h), stem_pooled(x.w), node->shape.c};
    return 0;
}

/* What forward leaves for backward, one after the other. */
struct saved {
    double *gram, *sum, *mean, *var;
    uint8_t *which;
};

static size_t align_up(size_t bytes) {
    return (bytes + 63) / 64 * 64;
}

static size_t saved_doubles(const struct stem_shape *s) {
    const size_t k = stem_taps(s);
    return k * k + k + 2 * (size_t)s->out_c;
}

static struct saved saved_of(void *bytes, const struct stem_shape *s) {
    const size_t k = stem_taps(s);
    double *d = bytes;
    return (struct saved){d, d + k * k, d + k * k + k, d + k * k + k + s->out_c, (uint8_t *)bytes + align_up(saved_doubles(s) * sizeof *d)};
}

static struct stem_shape step_shape(const struct plan *p, const struct step *s) {
    return shape_of(*plan_shape(p, s, 0), s->node->shape.c);
}

/* Scratch: the weights as the kernel wants them, scale and shift (or the weights' gradient and two sums), then the kernel's own. */
struct scratch {
    float *weights, *gradient, *scale, *shift;
    double *patches, *sums;
    void *work;
    size_t bytes;
};

static struct scratch scratch_of(char *base, const struct stem_shape *s, int threads) {
    const size_t c = (size_t)s->out_c, count = align_up(c * stem_taps(s) * sizeof(float)),
                 wide = align_up(c * stem_taps(s) * sizeof(double)), row = align_up(c * sizeof(double));
    struct scratch x = {.weights = (float *)base,
                        .gradient = (float *)(base + count),
                        .scale = (float *)(base + 2 * count),
                        .shift = (float *)(base + 2 * count + row),
                        .patches = (double *)(base + 2 * count + 2 * row),
                        .sums = (double *)(base + 2 * count + 2 * row + wide),
                        .work = base + 2 * count + 3 * row + wide};
    x.bytes = 2 * count + 3 * row + wide + stem_train_scratch_bytes(s, threads);
    return x;
}

static enum stem_type stored(const struct plan *p, const struct step *s) {
    return plan_type(p, s->node) == DNN_BF16 ? STEM_BF16 : STEM_F32;
}

static int prepare(struct plan *p, struct step *s) {
    const struct stem_shape shape = step_shape(p, s);
    char none[1];
    s->scratch_bytes = scratch_of(none, &shape, p->threads).bytes;
    s->algorithm = "stem, fused";
    s->macs = (double)stem_positions(&shape) * s->node->weights_in_c * 49.0 * shape.out_c;
    return 0;
}

int stem_prepare(struct plan *p, struct step *s, struct err *e) {
    const struct stem_shape shape = step_shape(p, s);
    struct dnn_layout *dense = NULL;
    prepare(p, s);
    plan_save(p, s, align_up(saved_doubles(&shape) * sizeof(double)) + stem_outputs(&shape));
    const int rc = plan_activation(&dense, p, s->node, e);
    return rc ? rc : plan_give(p, s, dense, -1, e);
}

int stem_prepare_backward(struct plan *p, struct step *s, struct err *e) {
    const float *const parts[] = {s->node->weights, s->node->norm.gamma, s->node->norm.beta};
    for (int i = 0; i < 3; i++)
        if (!graph_trains(p->graph, parts[i]))
            return err_set(e, ERR_INTERNAL, "a part of the stem is not trained; it gives its gradients together");
    return prepare(p, s);
}

int stem_forward_step(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const struct stem_shape shape = step_shape(p, s);
    const struct saved saved = saved_of(step_saved(p, s), &shape);
    const struct scratch x = scratch_of(step_scratch(p, s), &shape, p->threads);
    const struct batch_norm *norm = &s->node->norm;
    const float *src = step_in(p, s, 0);
    op_fold_channels(x.weights, s->node, shape.in_c);
    stem_gram(saved.gram, saved.sum, &shape, src, x.work);
    stem_moments(saved.mean, saved.var, &shape, saved.gram, saved.sum, x.weights);
    for (int c = 0; c < shape.out_c; c++) {
        const double scale = (double)norm->gamma[c] / sqrt(saved.var[c] + (double)norm->eps);
        x.scale[c] = (float)scale;
        x.shift[c] = (float)((double)norm->beta[c] - saved.mean[c] * scale);
    }
    stem_forward(step_out(p, s), stored(p, s), saved.which, &shape, src, x.weights, x.scale, x.shift, x.work);
    batch_norm_running(plan_parameter(p, norm->mean), plan_parameter(p, norm->var), saved.mean, saved.var, (size_t)shape.out_c,
                       (double)stem_positions(&shape));
    return 0;
}

int stem_backward_step(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const struct stem_shape shape = step_shape(p, s);
    const struct saved saved = saved_of(step_saved(p, s), &shape);
    const struct scratch x = scratch_of(step_scratch(p, s), &shape, p->threads);
    const struct batch_norm *norm = &s->node->norm;
    op_fold_channels(x.weights, s->node, shape.in_c);
    memset(x.gradient, 0, (size_t)shape.out_c * stem_taps(&shape) * sizeof *x.gradient);
    stem_backward(x.patches, x.sums, &shape, step_dout(p, s), stored(p, s), saved.which, step_in(p, s, 0), x.work);
    const struct stem_step step = {saved.gram, saved.sum, saved.mean,  saved.var,        x.patches,
                                   x.sums,     x.weights, norm->gamma, (double)norm->eps};
    stem_gradients(x.gradient, plan_gradient(p, norm->gamma), plan_gradient(p, norm->beta), &shape, &step);
    op_unfold_gradient(plan_gradient(p, s->node->weights), x.gradient, s->node, shape.in_c);
    return 0;
}
