/* bmunet bench train: a whole exam's training step, or one trunk's over 32 images. Floor 10. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/progress.h"
#include "base/rng.h"
#include "nn/layers.h"
#include "verb/bench.h"

/* NETWORK.md's published settings. */
static const struct optimiser_config adamw = {OPTIMISER_ADAMW, .1, .9, .95, 1e-8, 0, false};
static const double RATE = 1e-4, SMOOTHING = .1;

/* One step, `ctx` being what is measured. */
typedef int step_fn(void *ctx, uint64_t step, struct err *e);

static int measure(struct bench_result *r, const struct bench_options *o, step_fn *step, void (*profile)(void *), void *ctx,
                   struct err *e) {
    int rc = step(ctx, 0, e);
    r->seconds = mem_alloc((size_t)o->runs, sizeof *r->seconds, e);
    if (!r->seconds)
        return ERR_NO_MEMORY;
    if (!rc && o->layers)
        profile(ctx);
    for (r->runs = 0; !rc && r->runs < (size_t)o->runs; r->runs++) {
        const double started = clock_seconds();
        rc = step(ctx, r->runs + 1, e);
        r->seconds[r->runs] = clock_seconds() - started;
    }
    return rc;
}

/* --- a whole exam -------------------------------------------------------------------------------------------------------------- */

struct exam_run {
    struct learner *learner;
    struct learner_exam exam;
    struct loss loss;
};

static int exam_step(void *ctx, uint64_t step, struct err *e) {
    struct exam_run *x = ctx;
    struct loss_value value;
    const int rc = learner_gradients(x->learner, &x->exam, 1, &x->loss, step, &value, NULL, e);
    return rc ? rc : learner_step(x->learner, &(struct learner_update){RATE, 0}, NULL, e);
}

static void exam_profile(void *ctx) {
    learner_profile(((struct exam_run *)ctx)->learner, true);
}

static int run_exam(struct bench_result *r, const char *path, const struct bench_options *o, struct err *e) {
    const struct learner_options options = {.precision = o->engine.precision, .exact = o->engine.exact, .memory = o->memory};
    struct exam_run x = {.exam = {.id = "noise"}};
    struct bench_exam noise = {0};
    int rc = learner_open(&x.learner, path, &options, e);
    if (rc)
        return rc;
    learner_reference_loss(&x.loss, learner_config(x.learner)->n_leaves, SMOOTHING);
    x.exam.label.node = x.loss.n_leaves / 2;
    if ((rc = bench_exam(&noise, learner_config(x.learner), e)) == 0 && (rc = learner_optimise(x.learner, &adamw, true, NULL, 0, e)) == 0) {
        memcpy(x.exam.view, noise.view, sizeof x.exam.view);
        x.exam.clinical = noise.clinical;
        r->network = network_name(learner_config(x.learner)->network);
        snprintf(r->what, sizeof r->what, "training step, network %s, whole exam, batch 1", r->network);
        rc = measure(r, o, exam_step, exam_profile, &x, e);
    }
    if (!rc && o->layers && (rc = learner_layers(&r->layers, &r->n_layers, x.learner, e)) == 0)
        rc = bench_keep_texts(r, e);
    learner_close(x.learner);
    mem_free(noise.views);
    return rc;
}

/* --- one trunk ------------------------------------------------------------------------------------------------------------------- */

enum { BATCH = 32, SIDE = 224, WIDTH = 64, FEATURES = 512, CLASSES = 5 };

struct trunk_run {
    struct keys keys;
    struct parameters *parameters;
    struct engine engine;
    struct graph graph;
    struct plan *plan;
    struct optimiser *optimiser;
    struct optimiser_segment segment;
    struct loss loss;
    struct loss_label labels[BATCH];
    float *images;
};

static int trunk_step(void *ctx, uint64_t step, struct err *e) {
    struct trunk_run *x = ctx;
    float gradient[BATCH * CLASSES];
    struct loss_value value;
    double norm = 0;
    int rc;
    x->engine.training_step = (uint32_t)step;
    parameters_zero_gradients(x->parameters);
    if ((rc = plan_run(x->plan, e)) || (rc = loss_run(&value, gradient, &x->loss, plan_output(x->plan), x->labels, BATCH, NULL, e)) ||
        (rc = plan_run_backward(x->plan, gradient, e)) || (rc = optimiser_norm(&norm, x->optimiser, x->parameters->gradients, e)))
        return rc;
    optimiser_step(x->optimiser, x->parameters->values, x->parameters->gradients, RATE, 1);
    return 0;
}

static void trunk_profile(void *ctx) {
    struct trunk_run *x = ctx;
    for (int s = 0; s < x->plan->n_steps; s++)
        x->plan->steps[s].n_seconds = 0;
    x->engine.profile = true;
}

static int trunk_make(struct trunk_run *x, const struct bench_options *o, struct err *e) {
    const size_t count = (size_t)BATCH * SIDE * SIDE * 3;
    const struct rng rng = rng_make(1, 0, 0);
    int rc;
    keys_trunk(&x->keys, "trunk", WIDTH);
    keys_linear(&x->keys, "fc", FEATURES, CLASSES);
    if ((rc = parameters_new(&x->parameters, &x->keys, NULL, 1, e)) ||
        (rc = engine_init(&x->engine, o->engine.exact, o->engine.precision == PRECISION_BF16, e)))
        return rc;
    const struct parameters *p = x->parameters;
    graph_init_training(&x->graph, (struct graph_parameters){p->values, p->gradients, p->n, p->n_trained});
    const int input = graph_input(&x->graph, "images", (struct shape){BATCH, SIDE, SIDE, 3});
    layer_linear(&x->graph, p->archive, layer_trunk(&x->graph, p->archive, input, "trunk", WIDTH), "fc", CLASSES, ACTIVATION_NONE, -1);
    x->segment = (struct optimiser_segment){.name = "trunk", .count = p->n_trained, .decay = true};
    x->images = mem_alloc_aligned(count, sizeof *x->images, e);
    if (!x->images)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        x->images[i] = (float)rng_uniform(&rng, i);
    for (int i = 0; i < BATCH; i++)
        x->labels[i] = (struct loss_label){0, i % CLASSES};
    learner_reference_loss(&x->loss, CLASSES, SMOOTHING);
    if ((rc = plan_new(&x->plan, &x->graph, &x->engine, e)))
        return rc;
    plan_bind(x->plan, input, x->images);
    return optimiser_new(&x->optimiser, &adamw, &x->segment, 1, p->n_trained, e);
}

static int run_trunk(struct bench_result *r, const struct bench_options *o, struct err *e) {
    struct trunk_run x = {0};
    keys_init(&x.keys);
    graph_init(&x.graph);
    r->network = "trunk";
    snprintf(r->what, sizeof r->what, "training step, ResNet-18 trunk, %d images of %d x %d", BATCH, SIDE, SIDE);
    int rc = trunk_make(&x, o, e);
    if (!rc)
        rc = measure(r, o, trunk_step, trunk_profile, &x, e);
    if (!rc && o->layers && (rc = plan_layers(&r->layers, &r->n_layers, x.plan, e)) == 0)
        rc = bench_keep_texts(r, e);
    plan_free(x.plan);
    graph_release(&x.graph);
    engine_release(&x.engine);
    optimiser_free(x.optimiser);
    parameters_free(x.parameters);
    keys_release(&x.keys);
    mem_free(x.images);
    return rc;
}

int bench_train(struct bench_result *r, const char *model_path, const struct bench_options *o, struct err *e) {
    return o->trunk ? run_trunk(r, o, e) : run_exam(r, model_path, o, e);
}
