/* A network that learns: graph and plan of the batch at hand, loss, gradients, optimiser. Floor 7. */
#include "learn/learner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/config.h"
#include "model/facts.h"
#include "prep/prep.h"

/* The batch's graph and plan; made again when another batch has other views. */
struct ready {
    struct graph graph;
    struct plan *plan;
    struct batch_nodes in;
    unsigned *present; /* [n] */
    int n;
    float *evidence[TOWERS_MAX][EVIDENCE_MAPS]; /* the gradients of the evidence that the graph puts out, of the output's shape */
};

struct learner {
    struct model_facts facts;
    struct keys keys;
    struct parameters *parameters;
    struct engine engine;
    struct learner_options options;
    struct ready ready;
    float *views[TOWERS_MAX]; /* packed, where the caller's do not lie end to end */
    size_t view_floats[TOWERS_MAX];
    float *running;             /* [n - n_trained] running statistics before the batch at hand, to go back to */
    int64_t *batches;           /* [keys.n] and batch-norm's counters */
    bool *used;                 /* [keys.n] arrays that a part of the batch at hand has used; by segment */
    int next_part;              /* of the batch at hand; 0: none */
    float *clinical, *gradient; /* [n][inputs], [n][n_leaves] */
    int capacity;               /* exams that the two have room for */
    struct optimiser_segment *segments;
    size_t n_segments;
    bool *frozen; /* [n_segments]: by pattern */
    struct optimiser *optimiser;
    bool measured; /* the gradients are those of a batch that went well, and this is their norm: */
    double norm;
};

static void ready_release(struct ready *r) {
    plan_free(r->plan);
    graph_release(&r->graph);
    mem_free(r->present);
    for (int t = 0; t < TOWERS_MAX; t++)
        for (int m = 0; m < EVIDENCE_MAPS; m++)
            mem_free(r->evidence[t][m]);
    memset(r, 0, sizeof *r);
}

void learner_close(struct learner *l) {
    if (!l)
        return;
    ready_release(&l->ready);
    engine_release(&l->engine);
    optimiser_free(l->optimiser);
    mem_free(l->segments);
    mem_free(l->frozen);
    parameters_free(l->parameters);
    keys_release(&l->keys);
    model_facts_release(&l->facts);
    for (int t = 0; t < TOWERS_MAX; t++)
        mem_free(l->views[t]);
    mem_free(l->running);
    mem_free(l->batches);
    mem_free(l->used);
    mem_free(l->clinical);
    mem_free(l->gradient);
    mem_free(l);
}

static size_t running_count(const struct learner *l) {
    return l->parameters->n - l->parameters->n_trained;
}

int learner_open(struct learner **out, const char *path, const struct learner_options *o, struct err *e) {
    if (!(o->dropout_block >= 0 && o->dropout_block < 1 && o->dropout_head >= 0 && o->dropout_head < 1))
        return err_set(e, ERR_CONFIG, "dropout %g, %g: each must lie in [0, 1)", o->dropout_block, o->dropout_head);
    struct learner *l = mem_alloc(1, sizeof *l, e);
    if (!l)
        return ERR_NO_MEMORY;
    l->options = *o;
    keys_init(&l->keys);
    int rc = model_facts_open(&l->facts, path, e);
    if (rc)
        goto out;
    config_keys(&l->keys, &l->facts.config, l->facts.schema);
    if ((rc = parameters_new(&l->parameters, &l->keys, l->facts.archive, 0, e)) == 0)
        rc = engine_init(&l->engine, o->exact, o->precision == PRECISION_BF16, e);
    if (rc == 0 && (!(l->running = mem_alloc(running_count(l), sizeof *l->running, e)) ||
                    !(l->batches = mem_alloc(l->keys.n, sizeof *l->batches, e)) || !(l->used = mem_alloc(l->keys.n, sizeof *l->used, e))))
        rc = ERR_NO_MEMORY;
    archive_forget(l->facts.archive);
    l->engine.seed = o->seed;
out:
    if (rc)
        learner_close(l);
    else
        *out = l;
    return rc;
}

const struct model_config *learner_config(const struct learner *l) {
    return &l->facts.config;
}

struct parameters *learner_parameters(struct learner *l) {
    return l->parameters;
}

const struct model_facts *learner_facts(const struct learner *l) {
    return &l->facts;
}

struct optimiser *learner_optimiser(struct learner *l) {
    return l->optimiser;
}

void learner_reference_loss(struct loss *out, int n_leaves, double smoothing) {
    memset(out, 0, sizeof *out);
    out->n_levels = 1;
    out->n_leaves = n_leaves;
    out->smoothing = smoothing;
    out->level[0].n_nodes = n_leaves;
    out->level[0].weight = 1;
    for (int i = 0; i < n_leaves; i++) {
        out->level[0].node_of_leaf[i] = i;
        out->level[0].class_weight[i] = 1;
    }
}

/* --- the batch's plan -------------------------------------------------------------------------------------------------------- */

static unsigned present_of(const struct learner_exam *x) {
    unsigned present = 0;
    for (int s = 0; s < SLOT_COUNT; s++)
        present |= x->view[s] ? 1U << s : 0;
    return present;
}

static int check_exams(const struct learner *l, const struct learner_exam *exams, int n, struct err *e) {
    const unsigned places = network_slots(l->facts.config.network);
    if (n < 1 || n > BATCH_MAX)
        return err_set(e, ERR_LIMIT, "a batch of %d exams; must be 1 to %d", n, (int)BATCH_MAX);
    for (int i = 0; i < n; i++) {
        const unsigned present = present_of(&exams[i]);
        if (!present)
            return err_set(e, ERR_EXAM_NO_IMAGE, "exam '%s': no image is given; at least one is required", exams[i].id);
        if (present & ~places)
            return err_set(e, ERR_VIEW_NOT_TAKEN, "exam '%s': the network '%s' does not take one of its views", exams[i].id,
                           network_name(l->facts.config.network));
        if (l->facts.config.variant == VARIANT_REFERENCE && present != places)
            return err_set(e, ERR_INTERNAL, "exam '%s': the reference network requires every view, black where one is absent", exams[i].id);
        if (l->facts.config.clinical != CLINICAL_NONE && !exams[i].clinical)
            return err_set(e, ERR_INTERNAL, "exam '%s': the clinical values are not given", exams[i].id);
    }
    return 0;
}

/* Bytes of the largest tower's activations, all kept, in float32: seven maps at a quarter of the image's side with w channels, and from
 * stage to stage half as much. */
static size_t activation_bytes(const struct learner *l, const unsigned *present, int n) {
    const struct prep_profile views = config_views(&l->facts.config), *p = &views;
    size_t mg = 0, us = 0;
    for (int i = 0; i < n; i++) {
        mg += (size_t)__builtin_popcount(present[i] >> SLOT_MG_CC & 3U);
        us += (size_t)__builtin_popcount(present[i] >> SLOT_US_BMODE_TRANS & 3U);
    }
    const size_t pixels_mg = (size_t)p->mg_height * (size_t)p->mg_width * mg, pixels_us = (size_t)p->us_height * (size_t)p->us_width * us;
    return 2 * 7 * sizeof(float) * (size_t)l->facts.config.width * (pixels_mg > pixels_us ? pixels_mg : pixels_us) / 16;
}

/* LEARNER_MEMORY_AUTO: below LARGE everything is kept; above, only convolutions are repeated that give much memory back for their time. */
static void choose_memory(struct learner *l, const unsigned *present, int n) {
    static const enum recompute fixed[] = {
        [LEARNER_MEMORY_NORMS] = RECOMPUTE_NORMS, [LEARNER_MEMORY_INNER] = RECOMPUTE_INNER, [LEARNER_MEMORY_BLOCKS] = RECOMPUTE_BLOCKS};
    const size_t large = (size_t)512 << 20, floor = (size_t)8 << 20;
    const bool automatic = l->options.memory == LEARNER_MEMORY_AUTO;
    l->engine.recompute_floor = !automatic ? 0 : l->options.precision == PRECISION_BF16 ? floor / 2 : floor;
    l->engine.recompute = !automatic                                ? fixed[l->options.memory]
                          : activation_bytes(l, present, n) > large ? RECOMPUTE_INNER
                                                                    : RECOMPUTE_NORMS;
}

static int buffers(struct learner *l, int n, struct err *e) {
    const size_t inputs = l->facts.schema ? (size_t)config_clinical_inputs(&l->facts.config, l->facts.schema) : 1;
    if (n <= l->capacity)
        return 0;
    mem_free(l->clinical);
    mem_free(l->gradient);
    l->capacity = 0;
    l->clinical = mem_alloc_aligned((size_t)n * inputs, sizeof *l->clinical, e);
    l->gradient = mem_alloc_aligned((size_t)n * (size_t)l->facts.config.n_leaves, sizeof *l->gradient, e);
    if (!l->clinical || !l->gradient)
        return ERR_NO_MEMORY;
    l->capacity = n;
    return 0;
}

static struct shape evidence_shape_of(const struct ready *r, int tower, int map) {
    return r->graph.nodes[graph_output_node(&r->graph, r->in.evidence[tower][map])].shape;
}

static int make_ready(struct learner *l, const struct learner_exam *exams, int n, struct err *e) {
    struct ready *r = &l->ready;
    unsigned *present = mem_alloc((size_t)n, sizeof *present, e);
    if (!present)
        return ERR_NO_MEMORY;
    for (int i = 0; i < n; i++)
        present[i] = present_of(&exams[i]);
    if (r->plan && r->n == n && memcmp(r->present, present, (size_t)n * sizeof *present) == 0) {
        mem_free(present);
        return 0;
    }
    ready_release(r);
    const struct parameters *p = l->parameters;
    graph_init_training(&r->graph, (struct graph_parameters){p->values, p->gradients, p->n, p->n_trained});
    r->present = present;
    r->n = n;
    choose_memory(l, present, n);
    config_batch_graph(&r->graph, p->archive, &l->facts.config, l->facts.schema, present, n,
                       (struct dropout_rates){l->options.dropout_block, l->options.dropout_head}, &r->in);
    int rc = buffers(l, n, e);
    if (rc == 0)
        rc = plan_new(&r->plan, &r->graph, &l->engine, e);
    for (int t = 0; t < TOWERS_MAX; t++)
        for (int m = 0; m < EVIDENCE_MAPS && rc == 0; m++)
            if (r->in.evidence[t][m] >= 0 &&
                !(r->evidence[t][m] = mem_alloc_aligned(shape_count(evidence_shape_of(r, t, m)), sizeof(float), e)))
                rc = ERR_NO_MEMORY;
    if (rc)
        ready_release(r);
    return rc;
}

/* --- inputs -------------------------------------------------------------------------------------------------------------------- */

/* The present views of one tower, exam after exam: where the caller has them, or packed. */
static int bind_views(struct learner *l, int t, const struct tower *tower, const struct learner_exam *exams, int n, struct err *e) {
    const struct prep_profile views = config_views(&l->facts.config);
    const size_t size = prep_size(&views, tower->slots[0]);
    const float *first = NULL;
    size_t count = 0;
    bool together = true;
    for (int i = 0; i < n; i++)
        for (int v = 0; v < 2; v++) {
            const float *view = exams[i].view[tower->slots[v]];
            if (!view)
                continue;
            first = first ? first : view;
            together = together && view == first + count * size;
            count++;
        }
    if (!together && count * size > l->view_floats[t]) {
        mem_free(l->views[t]);
        l->view_floats[t] = 0;
        if (!(l->views[t] = mem_alloc_aligned(count * size, sizeof(float), e)))
            return ERR_NO_MEMORY;
        l->view_floats[t] = count * size;
    }
    for (int i = 0, at = 0; i < n && !together; i++)
        for (int v = 0; v < 2; v++)
            if (exams[i].view[tower->slots[v]])
                memcpy(l->views[t] + (size_t)at++ * size, exams[i].view[tower->slots[v]], size * sizeof(float));
    plan_bind(l->ready.plan, l->ready.in.view[t], together ? first : l->views[t]);
    return 0;
}

static int bind(struct learner *l, const struct learner_exam *exams, int n, struct err *e) {
    const struct model_facts *f = &l->facts;
    const struct tower *towers;
    const int n_towers = config_towers(&f->config, &towers);
    int rc = 0;
    for (int t = 0; t < n_towers && rc == 0; t++)
        if (l->ready.in.view[t] >= 0)
            rc = bind_views(l, t, &towers[t], exams, n, e);
    if (rc || l->ready.in.clinical < 0)
        return rc;
    const size_t inputs = (size_t)config_clinical_inputs(&f->config, f->schema);
    for (int i = 0; i < n; i++)
        config_encode_clinical(l->clinical + (size_t)i * inputs, &f->config, f->schema, f->clinical_mean, f->clinical_std,
                               exams[i].clinical);
    plan_bind(l->ready.plan, l->ready.in.clinical, l->clinical);
    return 0;
}

/* --- gradients ------------------------------------------------------------------------------------------------------------------ */

/* "step 12, exams 'a', 'b' ...: " before a message. */
static void name_batch(struct err *e, const struct learner_exam *exams, int n, uint64_t step) {
    char ids[512];
    size_t at = 0;
    ids[0] = 0;
    for (int i = 0; i < n && at < sizeof ids - 80; i++) {
        const int wrote = snprintf(ids + at, sizeof ids - at, "%s'%.60s'", i ? ", " : "", exams[i].id);
        at += wrote > 0 ? (size_t)wrote : 0;
    }
    err_prefix(e, "step %llu, exams %s%s", (unsigned long long)step, ids, at >= sizeof ids - 80 ? " ..." : "");
}

/* Does a node of the batch's graph learn what begins at number `offset` of the parameters? */
static bool used_by_graph(const struct learner *l, size_t offset) {
    const struct graph *g = &l->ready.graph;
    const float *at = l->parameters->values + offset;
    for (int i = 0; i < g->n; i++) {
        const struct node *n = &g->nodes[i];
        if (n->weights == at || n->bias == at || n->norm.gamma == at || n->norm.beta == at)
            return true;
    }
    return false;
}

static void note_used(struct learner *l) {
    for (size_t i = 0; i < l->n_segments; i++)
        l->used[i] = l->used[i] || used_by_graph(l, l->segments[i].offset);
}

/* The gradients' norm; a NaN is found here. What the batch did not use rests in the step that follows: no decay, no momentum (as PyTorch
 * leaves alone what has no gradient). */
static int measure_gradients(struct learner *l, struct err *e) {
    if (!l->optimiser)
        return 0;
    for (size_t i = 0; i < l->n_segments; i++)
        l->segments[i].frozen = l->frozen[i] || !l->used[i];
    const int rc = optimiser_norm(&l->norm, l->optimiser, l->parameters->gradients, e);
    l->measured = rc == 0;
    return rc;
}

/* --- evidence: the views of a tower stand exam after exam, slot after slot */

static const struct evidence_target *target_of(const struct learner_exam *x, const struct tower *t, int v, int map) {
    const struct evidence_target *of = x->target[t->slots[v]];
    return of ? &of[map] : NULL;
}

/* The loss of one map of one tower over all its views; its gradient is left where the backward run takes it from. */
static int evidence_of_map(double *loss, struct learner *l, const struct tower *tower, int t, int map, const struct learner_exam *exams,
                           int n, double scale, struct err *e) {
    static const struct evidence_target unknown;
    const struct shape s = evidence_shape_of(&l->ready, t, map);
    const size_t cells = (size_t)s.h * (size_t)s.w, one = cells * (size_t)s.c;
    const float *evidence = plan_output_at(l->ready.plan, l->ready.in.evidence[t][map]);
    struct evidence_weights sum = {0, 0};
    size_t at = 0;
    for (int i = 0; i < n; i++)
        for (int v = 0; v < 2; v++)
            if (exams[i].view[tower->slots[v]] && target_of(&exams[i], tower, v, map))
                evidence_count(&sum, target_of(&exams[i], tower, v, map), cells);
    for (int i = 0; i < n; i++)
        for (int v = 0; v < 2; v++) {
            if (!exams[i].view[tower->slots[v]])
                continue;
            const struct evidence_target *target = target_of(&exams[i], tower, v, map);
            const int rc = evidence_loss(loss, l->ready.evidence[t][map] + at, evidence + at, cells, s.c - 1, target ? target : &unknown,
                                         &sum, scale, e);
            if (rc)
                return rc;
            at += one;
        }
    plan_bind_gradient(l->ready.plan, l->ready.in.evidence[t][map], l->ready.evidence[t][map]);
    return 0;
}

static int run_evidence(double *loss, struct learner *l, const struct learner_exam *exams, int n, double share, struct err *e) {
    const struct tower *towers;
    const int n_towers = config_towers(&l->facts.config, &towers);
    int rc = 0;
    *loss = 0;
    for (int t = 0; t < n_towers; t++)
        for (int m = 0; m < EVIDENCE_MAPS && rc == 0; m++)
            if (l->ready.in.evidence[t][m] >= 0)
                rc = evidence_of_map(loss, l, &towers[t], t, m, exams, n, share * l->options.evidence[m], e);
    return rc;
}

/* Forward, loss and backward of a part whose plan is ready and bound. */
static int run_part(struct learner *l, const struct learner_exam *exams, const struct loss *loss, const struct loss_label *labels, int n,
                    const struct learner_part *part, struct loss_value *value, float *logits, struct err *e) {
    int rc = plan_run(l->ready.plan, e);
    if (rc)
        return rc;
    const float *output = plan_output(l->ready.plan);
    if (logits)
        memcpy(logits, output, (size_t)n * (size_t)l->facts.config.n_leaves * sizeof *logits);
    if ((rc = loss_run(value, l->gradient, loss, output, labels, (size_t)n, part->weights, e)) ||
        (rc = run_evidence(&value->evidence, l, exams, n, 1.0 / part->count, e)))
        return rc;
    value->total += value->evidence;
    return plan_run_backward(l->ready.plan, l->gradient, e);
}

static float *running_of(struct learner *l) {
    return l->parameters->values + l->parameters->n_trained;
}

static void count_batch(struct learner *l) {
    const struct tower *towers;
    const int n_towers = config_towers(&l->facts.config, &towers);
    for (int t = 0; t < n_towers; t++)
        if (l->ready.in.view[t] >= 0)
            parameters_count_batch(l->parameters, towers[t].prefix);
}

/* What batch-norm keeps, before a batch: a batch that fails leaves no trace. */
static void keep_statistics(struct learner *l) {
    memcpy(l->running, running_of(l), running_count(l) * sizeof(float));
    memcpy(l->batches, l->parameters->batches, l->keys.n * sizeof *l->batches);
}

static void restore_statistics(struct learner *l) {
    memcpy(running_of(l), l->running, running_count(l) * sizeof(float));
    memcpy(l->parameters->batches, l->batches, l->keys.n * sizeof *l->batches);
}

static int check_part(const struct learner *l, const struct learner_part *part, const struct loss *loss, struct err *e) {
    if (loss->n_leaves != l->facts.config.n_leaves)
        return err_set(e, ERR_TREE_HEAD, "the loss has %d leaves, the network %d", loss->n_leaves, l->facts.config.n_leaves);
    const bool in_order = part->index == 0 || part->index == l->next_part;
    if (part->count < 1 || part->count > LEARNER_PARTS_MAX || part->index < 0 || part->index >= part->count || !in_order ||
        (part->count > 1 && !part->weights))
        return err_set(e, ERR_INTERNAL, "part %d of %d out of order, or without the whole batch's weights", part->index, part->count);
    return 0;
}

void learner_abandon(struct learner *l) {
    if (l->next_part > 0)
        restore_statistics(l);
    l->next_part = 0;
}

int learner_accumulate(struct learner *l, const struct learner_exam *exams, int n, const struct learner_part *part, const struct loss *loss,
                       uint64_t step, struct loss_value *value, float *logits, struct err *e) {
    struct loss_label *labels = NULL;
    if (part->index == 0)
        learner_abandon(l); /* the batch before, if it was given up half way */
    bool kept = l->next_part > 0;
    int rc = check_exams(l, exams, n, e);
    l->measured = false; /* whatever goes wrong, no step is made of it */
    if (rc == 0)
        rc = check_part(l, part, loss, e);
    if (rc) {
        err_prefix(e, "step %llu", (unsigned long long)step);
        goto back;
    }
    if (part->index == 0) {
        keep_statistics(l);
        kept = true;
        parameters_zero_gradients(l->parameters);
        memset(l->used, 0, l->keys.n * sizeof *l->used);
    }
    rc = ERR_NO_MEMORY;
    if (!(labels = mem_alloc((size_t)n, sizeof *labels, e)))
        goto back;
    for (int i = 0; i < n; i++)
        labels[i] = exams[i].label;
    l->engine.training_step = (uint32_t)(step * (uint64_t)part->count + (uint64_t)part->index); /* no two parts share a dropout mask */
    if ((rc = make_ready(l, exams, n, e)) || (rc = bind(l, exams, n, e)) ||
        (rc = run_part(l, exams, loss, labels, n, part, value, logits, e)))
        goto name;
    note_used(l);
    count_batch(l);
    l->next_part = part->index + 1;
    if (l->next_part == part->count)
        rc = measure_gradients(l, e);
name:
    if (rc)
        name_batch(e, exams, n, step);
back:
    if (rc && kept)
        restore_statistics(l);
    if (rc || l->next_part == part->count)
        l->next_part = 0;
    mem_free(labels);
    return rc;
}

int learner_gradients(struct learner *l, const struct learner_exam *exams, int n, const struct loss *loss, uint64_t step,
                      struct loss_value *value, float *logits, struct err *e) {
    return learner_accumulate(l, exams, n, &(struct learner_part){.count = 1}, loss, step, value, logits, e);
}

int learner_statistics(struct learner *l, const struct learner_exam *exams, int n, struct err *e) {
    int rc = check_exams(l, exams, n, e);
    if (rc)
        return rc;
    l->measured = false;
    keep_statistics(l);
    if ((rc = make_ready(l, exams, n, e)) || (rc = bind(l, exams, n, e)) || (rc = plan_run(l->ready.plan, e)))
        restore_statistics(l);
    else
        count_batch(l);
    return rc;
}

/* --- the step ------------------------------------------------------------------------------------------------------------------- */

int learner_optimise(struct learner *l, const struct optimiser_config *c, bool decay_all, const char *const *frozen, size_t n_frozen,
                     struct err *e) {
    optimiser_free(l->optimiser);
    mem_free(l->segments);
    mem_free(l->frozen);
    l->optimiser = NULL;
    l->measured = false;
    l->n_segments = 0;
    l->segments = mem_alloc(l->keys.n, sizeof *l->segments, e);
    l->frozen = mem_alloc(l->keys.n, sizeof *l->frozen, e);
    if (!l->segments || !l->frozen)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < l->keys.n; i++)
        if (key_is_trained(&l->keys.list[i]))
            l->segments[l->n_segments++] = (struct optimiser_segment){
                .name = l->keys.list[i].name, .offset = l->parameters->offset[i], .count = key_count(&l->keys.list[i]), .decay = true};
    int rc = decay_all ? 0 : optimiser_decay_by_kind(l->segments, l->n_segments, &l->keys, e);
    if (rc == 0)
        rc = optimiser_freeze(l->segments, l->n_segments, frozen, n_frozen, e);
    for (size_t i = 0; i < l->n_segments; i++)
        l->frozen[i] = l->segments[i].frozen;
    return rc ? rc : optimiser_new(&l->optimiser, c, l->segments, l->n_segments, l->parameters->n_trained, e);
}

int learner_step(struct learner *l, const struct learner_update *u, double *norm, struct err *e) {
    if (!l->measured)
        return err_set(e, ERR_INTERNAL, "no gradients have been computed for this step since the optimiser was chosen");
    if (!(u->clip >= 0))
        return err_set(e, ERR_CONFIG, "the gradients' norm cannot be clipped to %g", u->clip);
    if (norm)
        *norm = l->norm;
    optimiser_step(l->optimiser, l->parameters->values, l->parameters->gradients, u->rate,
                   u->clip > 0 ? optimiser_clip(l->norm, u->clip) : 1.0);
    l->measured = false;
    return 0;
}

/* --- the layer table -------------------------------------------------------------------------------------------------------------- */

void learner_profile(struct learner *l, bool on) {
    for (int s = 0; l->ready.plan && s < l->ready.plan->n_steps; s++)
        l->ready.plan->steps[s].n_seconds = 0;
    l->engine.profile = on;
}

int learner_layers(struct layer_time **out, size_t *n, const struct learner *l, struct err *e) {
    return plan_layers(out, n, l->ready.plan, e);
}

int plan_layers(struct layer_time **out, size_t *n, const struct plan *p, struct err *e) {
    static const char *const passes[] = {[PASS_FORWARD] = "forward", [PASS_RECOMPUTE] = "recompute", [PASS_BACKWARD] = "backward"};
    *n = 0;
    *out = mem_alloc((size_t)(p ? p->n_steps : 0) + 1, sizeof **out, e);
    if (!*out)
        return ERR_NO_MEMORY;
    for (int s = 0; p && s < p->n_steps; s++)
        (*out)[(*n)++] = (struct layer_time){p->steps[s].node ? p->steps[s].node->name : "reorder", passes[p->steps[s].pass],
                                             p->steps[s].algorithm, step_median_seconds(&p->steps[s]), p->steps[s].macs};
    return 0;
}
