/* Making a graph ready: preparation of each node, reorders between, liveness, and the run. Floor 2. */
#include "tensor/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/order.h"
#include "base/pool.h"
#include "base/progress.h"
#include "kernel/stem_train.h"
#include "tensor/op.h"

int engine_init(struct engine *en, bool exact, bool bf16, struct err *e) {
    memset(en, 0, sizeof *en);
    en->exact = exact;
    en->bf16 = bf16;
    int rc = dnn_new(&en->dnn, e);
    return rc ? rc : pack_store_new(&en->packs, e);
}

void engine_release(struct engine *en) {
    pack_store_free(en->packs);
    dnn_free(en->dnn);
    mem_free(en->workspace);
    memset(en, 0, sizeof *en);
}

int plan_dense(struct dnn_layout **out, struct shape s, struct err *e) {
    return dnn_layout_dense(out, s.n, s.h, s.w, s.c, DNN_F32, e);
}

/* Images within a trunk: what a stem, a convolution or a batch-norm puts out. The kernels of mixed precision want 64 channels and AVX-512,
 * which the fused stem asks for as well. */
enum dnn_type plan_type(const struct plan *p, const struct node *node) {
    const bool image = node->op == OP_stem || node->op == OP_conv || node->op == OP_batch_norm;
    const struct stem_shape stem = {1, 64, 64, 1, 64};
    return p->graph->mode.batch_statistics && p->engine->bf16 && image && node->shape.c % 64 == 0 && stem_train_takes(&stem) ? DNN_BF16
                                                                                                                             : DNN_F32;
}

int plan_activation(struct dnn_layout **out, const struct plan *p, const struct node *node, struct err *e) {
    const struct shape s = node->shape;
    return dnn_layout_dense(out, s.n, s.h, s.w, s.c, plan_type(p, node), e);
}

const struct shape *plan_shape(const struct plan *p, const struct step *s, int input) {
    return &p->graph->nodes[s->node->inputs[input]].shape;
}

/* --- preparing ---------------------------------------------------------------------------------------------------- */

static int new_value(struct plan *p, struct dnn_layout *layout_take, int written_by) {
    struct value *v = &p->values[p->n_values];
    v->layout = layout_take;
    v->bytes = layout_take ? dnn_layout_bytes(layout_take) : 0;
    v->first = v->last = written_by;
    v->alias = -1;
    return p->n_values++;
}

/* Values and steps are bounded by one per node, one reorder per node input, and of each output a reorder and its gradient; with gradients,
 * per node, by its value, what it saved, its recomputation and its gradient. */
static int plan_capacity(const struct graph *g) {
    return g->n * (1 + GRAPH_INPUTS_MAX) + 2 * GRAPH_OUTPUTS_MAX;
}
_Static_assert(1 + GRAPH_INPUTS_MAX >= 4, "room for what the backward pass needs per node");

static bool value_overwritten(const struct plan *p, int v) {
    for (int i = 0; i < p->n_values; i++)
        if (p->values[i].alias == v)
            return true;
    return false;
}

int plan_want(struct plan *p, struct step *s, int i, const struct dnn_layout *layout, struct err *e) {
    struct value *v = &p->values[s->in[i]];
    if (dnn_layout_equal(v->layout, layout))
        return 0;
    for (int k = 0; k < p->n_steps; k++) /* perhaps another reader wanted the same (not if it summed into it) */
        if (p->steps[k].op == OP_reorder && p->steps[k].in[0] == s->in[i] && dnn_layout_equal(p->values[p->steps[k].out].layout, layout) &&
            !value_overwritten(p, p->steps[k].out)) {
            s->in[i] = p->steps[k].out;
            return 0;
        }
    struct step reorder = {.op = OP_reorder, .in = {s->in[i]}, .n_in = 1};
    struct dnn_layout *to = NULL;
    int rc = dnn_reorder_new(&reorder.dnn, p->engine->dnn, v->layout, layout, e);
    if (rc == 0)
        rc = dnn_layout_copy(&to, layout, e);
    if (rc) {
        dnn_op_free(reorder.dnn);
        return rc;
    }
    reorder.scratch_bytes = dnn_op_scratch_bytes(reorder.dnn);
    reorder.algorithm = dnn_op_name(reorder.dnn);
    v->last = p->n_steps;
    reorder.out = new_value(p, to, p->n_steps);
    s->in[i] = reorder.out;
    p->steps[p->n_steps++] = reorder;
    return 0;
}

int plan_give(struct plan *p, struct step *s, struct dnn_layout *layout_take, int alias_input, struct err *e) {
    s->out = new_value(p, layout_take, p->n_steps);
    if (alias_input < 0)
        return 0;
    /* In place over an input: it must be ours to write, and nobody may want it afterwards. */
    if (p->values[s->in[alias_input]].first < 0)
        return err_set(e, ERR_INTERNAL, "%s: the residual is the caller's memory", s->node->name);
    const int node = s->node->inputs[alias_input];
    if (graph_is_output(p->graph, node))
        return err_set(e, ERR_INTERNAL, "%s: the residual is an output of the graph", s->node->name);
    for (const struct node *n = s->node + 1; n < p->graph->nodes + p->graph->n; n++)
        for (int i = 0; i < n->n_inputs; i++)
            if (n->inputs[i] == node)
                return err_set(e, ERR_INTERNAL, "%s: the residual is read again by %s", s->node->name, n->name);
    p->values[s->out].alias = s->in[alias_input];
    return 0;
}

static void step_release(struct step *s) {
    if (s->pass == PASS_RECOMPUTE) /* its primitives are the forward step's */
        return;
    dnn_op_free(s->dnn);
    for (int i = 0; i < STEP_DNN_MAX; i++)
        dnn_op_free(s->more[i]);
}

static int prepare_input(struct plan *p, const struct node *node, struct err *e) {
    struct dnn_layout *dense = NULL;
    int rc = plan_dense(&dense, node->shape, e);
    if (rc == 0)
        p->value_of[node - p->graph->nodes] = new_value(p, dense, -1);
    return rc;
}

static int prepare_node(struct plan *p, const struct node *node, struct err *e) {
    if (node->op == OP_input)
        return prepare_input(p, node, e);
    if (p->fused[node - p->graph->nodes]) {
        p->value_of[node - p->graph->nodes] = p->value_of[node->inputs[0]];
        return 0;
    }
    struct step s = {.node = node, .op = node->op, .n_in = node->n_inputs, .saved = -1, .dout = -1, .algorithm = ""};
    for (int i = 0; i < node->n_inputs; i++)
        s.in[i] = p->value_of[node->inputs[i]];
    int rc = op_table[node->op].prepare(p, &s, e);
    if (rc) {
        step_release(&s);
        return err_prefix(e, "%s", node->name), rc;
    }
    const int at = p->n_steps++;
    p->steps[at] = s;
    p->values[s.out].first = p->values[s.out].last = at;
    for (int i = 0; i < s.n_in; i++)
        p->values[s.in[i]].last = at;
    p->value_of[node - p->graph->nodes] = s.out;
    p->step_of[node - p->graph->nodes] = at;
    return 0;
}

/* The caller reads dense float32, whatever the op left. */
static int prepare_output(struct plan *p, int output, struct err *e) {
    const int node = graph_output_node(p->graph, output);
    struct step reader = {.in = {p->value_of[node]}, .n_in = 1};
    struct dnn_layout *dense = NULL;
    int rc = plan_dense(&dense, p->graph->nodes[node].shape, e);
    if (rc == 0)
        rc = plan_want(p, &reader, 0, dense, e);
    dnn_layout_free(dense);
    p->outputs[output] = reader.in[0];
    return rc;
}

/* --- preparing the backward pass ------------------------------------------------------------------------------------- */

void plan_save(struct plan *p, struct step *s, size_t bytes) {
    s->saved = new_value(p, NULL, p->n_steps);
    p->values[s->saved].bytes = bytes;
}

void plan_gradient_in_place(struct plan *p, struct step *s, int i) {
    if (s->din[i] >= 0 && !s->add[i] && p->values[s->dout].first >= 0) /* not over the caller's memory */
        p->values[s->din[i]].alias = s->dout;
}

/* Is a node's output not kept for the backward pass, but recomputed? */
static bool dropped(const struct plan *p, const struct node *node) {
    const enum recompute r = p->engine->recompute;
    if (graph_is_output(p->graph, (int)(node - p->graph->nodes)))
        return false;
    if (node->op == OP_batch_norm)
        return !node->residual;
    if (node->op != OP_conv || r == RECOMPUTE_NORMS || shape_count(node->shape) < p->engine->recompute_floor)
        return false;
    const struct node *norm = node + 1; /* graph_conv() adds the two together */
    return r == RECOMPUTE_BLOCKS || !norm->residual;
}

/* The value of a node for a backward step that comes next; recomputed if it was dropped, and what that needs with it. */
static int need(struct plan *p, int node, int *value, struct err *e) {
    const struct node *n = &p->graph->nodes[node];
    if (n->op == OP_input || !dropped(p, n))
        return *value = p->value_of[node], 0;
    if (p->recomputed_of[node] < 0) {
        struct step s = p->steps[p->step_of[node]];
        struct dnn_layout *layout = NULL;
        s.pass = PASS_RECOMPUTE;
        for (int i = 0; i < s.n_in; i++) {
            const int rc = need(p, n->inputs[i], &s.in[i], e);
            if (rc)
                return rc;
        }
        const int rc = dnn_layout_copy(&layout, p->values[s.out].layout, e);
        if (rc)
            return rc;
        s.out = p->recomputed_of[node] = new_value(p, layout, p->n_steps);
        for (int i = 0; i < s.n_in; i++)
            p->values[s.in[i]].last = p->n_steps;
        if (s.saved >= 0)
            p->values[s.saved].last = p->n_steps;
        p->steps[p->n_steps++] = s;
    }
    return *value = p->recomputed_of[node], 0;
}

/* The gradients of a step's inputs that are wanted: new ones, or those that a later node has begun. */
static int input_gradients(struct plan *p, struct step *s, struct err *e) {
    for (int i = 0; i < s->node->n_inputs; i++) {
        const int input = s->node->inputs[i];
        struct dnn_layout *dense = NULL;
        s->din[i] = -1;
        if (!p->wanted[input])
            continue;
        s->add[i] = p->grad_of[input] >= 0;
        if (!s->add[i]) {
            const int rc = plan_activation(&dense, p, &p->graph->nodes[input], e);
            if (rc)
                return rc;
            p->grad_of[input] = new_value(p, dense, p->n_steps);
        }
        s->din[i] = p->grad_of[input];
    }
    return 0;
}

static void read_by(struct plan *p, int value, int step) {
    if (value >= 0)
        p->values[value].last = step;
}

static int prepare_backward(struct plan *p, int node, struct err *e) {
    const struct node *n = &p->graph->nodes[node];
    const struct op_info *op = &op_table[n->op];
    if (n->op == OP_input || p->grad_of[node] < 0)
        return 0;
    if (!op->backward)
        return err_set(e, ERR_INTERNAL, "%s (%s) has no backward pass", n->name, op->name);
    struct step s = {
        .node = n, .op = n->op, .pass = PASS_BACKWARD, .n_in = n->n_inputs, .out = -1, .dout = p->grad_of[node], .algorithm = ""};
    for (int i = 0; i < STEP_INPUTS_MAX; i++)
        s.in[i] = s.din[i] = -1;
    s.saved = p->steps[p->step_of[node]].saved;
    s.conv = p->steps[p->step_of[node]].conv;
    const int keeps = op->keeps(p->graph, n);
    int rc = 0;
    if (keeps & KEEP_INPUT)
        rc = need(p, n->inputs[0], &s.in[0], e);
    if (rc == 0 && keeps & KEEP_OUTPUT)
        rc = need(p, node, &s.out, e);
    if (rc == 0)
        rc = input_gradients(p, &s, e);
    if (rc == 0)
        rc = op->prepare_backward(p, &s, e);
    if (rc) {
        step_release(&s);
        return err_prefix(e, "%s, backward", n->name), rc;
    }
    const int at = p->n_steps++;
    p->steps[at] = s;
    read_by(p, s.in[0], at);
    read_by(p, s.out, at);
    read_by(p, s.saved, at);
    read_by(p, s.dout, at);
    for (int i = 0; i < s.n_in; i++)
        read_by(p, s.din[i], at);
    return 0;
}

/* A node's gradient is wanted for its own parameters, or for those of the nodes before it. */
static bool wants(const struct plan *p, const struct node *n) {
    const float *const own[] = {n->weights, n->bias, n->norm.gamma, n->norm.beta};
    bool wanted = n->requires_gradient;
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        wanted = wanted || graph_trains(p->graph, own[i]);
    for (int i = 0; i < n->n_inputs; i++)
        wanted = wanted || p->wanted[n->inputs[i]];
    return wanted;
}

static bool read_by_nodes(const struct graph *g, int node) {
    for (int i = node + 1; i < g->n; i++)
        for (int k = 0; k < g->nodes[i].n_inputs; k++)
            if (g->nodes[i].inputs[k] == node)
                return true;
    return false;
}

/* The gradient of an output comes from the caller, dense float32. Where other nodes add to it, or it is stored otherwise, the first
 * backward step copies it. */
static int prepare_output_gradient(struct plan *p, int output, struct err *e) {
    const int node = graph_output_node(p->graph, output);
    struct dnn_layout *dense = NULL, *kept = NULL;
    if (!p->wanted[node])
        return 0;
    int rc = plan_dense(&dense, p->graph->nodes[node].shape, e);
    if (rc)
        return rc;
    const int given = p->output_gradients[output] = p->grad_of[node] = new_value(p, dense, -1);
    if (!read_by_nodes(p->graph, node) && plan_type(p, &p->graph->nodes[node]) == DNN_F32)
        return 0;
    struct step copy = {.op = OP_reorder, .pass = PASS_BACKWARD, .in = {given}, .n_in = 1, .saved = -1};
    if ((rc = plan_activation(&kept, p, &p->graph->nodes[node], e)))
        return rc;
    if ((rc = dnn_reorder_new(&copy.dnn, p->engine->dnn, dense, kept, e))) {
        dnn_layout_free(kept);
        return rc;
    }
    copy.scratch_bytes = dnn_op_scratch_bytes(copy.dnn);
    copy.algorithm = dnn_op_name(copy.dnn);
    copy.out = p->grad_of[node] = new_value(p, kept, p->n_steps);
    p->steps[p->n_steps++] = copy;
    return 0;
}

/* From the outputs back to the inputs. */
static int prepare_gradients(struct plan *p, struct err *e) {
    int rc = 0;
    for (int i = 0; i < p->graph->n; i++) {
        p->recomputed_of[i] = p->grad_of[i] = -1;
        p->wanted[i] = wants(p, &p->graph->nodes[i]);
    }
    for (int i = 0; i < graph_n_outputs(p->graph) && rc == 0; i++)
        rc = prepare_output_gradient(p, i, e);
    for (int node = p->graph->n - 1; node >= 0 && rc == 0; node--)
        rc = prepare_backward(p, node, e);
    return rc;
}

/* --- a whole plan --------------------------------------------------------------------------------------------------------- */

static int grow_workspace(struct engine *en, size_t bytes, struct err *e) {
    if (bytes <= en->workspace_bytes)
        return 0;
    mem_free(en->workspace); /* nothing in it outlives a run */
    en->workspace_bytes = 0;
    en->workspace = mem_alloc_aligned(bytes, 1, e);
    if (!en->workspace)
        return ERR_NO_MEMORY;
    en->workspace_bytes = bytes;
    return 0;
}

int plan_new(struct plan **out, const struct graph *g, struct engine *en, struct err *e) {
    if (g->failure.code)
        return err_set(e, g->failure.code, "%s", g->failure.message);
    int rc = ERR_NO_MEMORY;
    struct plan *p = mem_alloc(1, sizeof *p, e);
    if (!p)
        return rc;
    p->engine = en;
    p->graph = g;
    p->threads = pool_threads();
    p->values = mem_alloc((size_t)plan_capacity(g), sizeof *p->values, e);
    p->steps = mem_alloc((size_t)plan_capacity(g), sizeof *p->steps, e);
    p->value_of = mem_alloc((size_t)g->n, sizeof *p->value_of, e);
    p->fused = mem_alloc((size_t)g->n, sizeof *p->fused, e);
    p->step_of = mem_alloc((size_t)g->n, sizeof *p->step_of, e);
    p->recomputed_of = mem_alloc((size_t)g->n, sizeof *p->recomputed_of, e);
    p->grad_of = mem_alloc((size_t)g->n, sizeof *p->grad_of, e);
    p->wanted = mem_alloc((size_t)g->n, sizeof *p->wanted, e);
    for (int i = 0; i < GRAPH_OUTPUTS_MAX; i++)
        p->outputs[i] = p->output_gradients[i] = -1;
    if (!p->values || !p->steps || !p->value_of || !p->fused || !p->step_of || !p->recomputed_of || !p->grad_of || !p->wanted)
        goto out;
    for (int i = 0; i < g->n; i++)
        if ((rc = prepare_node(p, &g->nodes[i], e)))
            goto out;
    for (int i = 0; i < graph_n_outputs(g); i++)
        if ((rc = prepare_output(p, i, e)))
            goto out;
    p->n_forward = p->n_steps;
    if (g->mode.gradients && (rc = prepare_gradients(p, e)))
        goto out;
    for (int s = 0; s < p->n_steps; s++)
        if (!(p->steps[s].seconds = mem_alloc(STEP_TIMES, sizeof(double), e))) {
            rc = ERR_NO_MEMORY;
            goto out;
        }
    rc = plan_place(p, e);
    if (rc == 0)
        rc = grow_workspace(en, p->workspace_bytes, e);
out:
    if (rc)
        plan_free(p);
    else
        *out = p;
    return rc;
}

void plan_free(struct plan *p) {
    if (!p)
        return;
    for (int i = 0; p->steps && i < p->n_steps; i++) {
        step_release(&p->steps[i]);
        mem_free(p->steps[i].seconds);
    }
    for (int i = 0; p->values && i < p->n_values; i++)
        dnn_layout_free(p->values[i].layout);
    mem_free(p->values);
    mem_free(p->steps);
    mem_free(p->value_of);
    mem_free(p->fused);
    mem_free(p->step_of);
    mem_free(p->recomputed_of);
    mem_free(p->grad_of);
    mem_free(p->wanted);
    mem_free(p);
}

/* --- running -------------------------------------------------------------------------------------------------------- */

void plan_bind(struct plan *p, int input, const float *data) {
    p->values[p->value_of[input]].bound = data;
}

static void *value_data(const struct plan *p, int v) {
    const struct value *value = &p->values[v];
    /* inputs are read only; the cast is undone by step_in()'s const */
    return value->bound ? (void *)(size_t)value->bound : (char *)p->engine->workspace + value->offset;
}

const float *step_in(const struct plan *p, const struct step *s, int i) {
    return value_data(p, s->in[i]);
}

float *step_out(const struct plan *p, const struct step *s) {
    return value_data(p, s->out);
}

void *step_scratch(const struct plan *p, const struct step *s) {
    return s->scratch_bytes ? (char *)p->engine->workspace + s->scratch_offset : NULL;
}

const float *plan_output_at(const struct plan *p, int output) {
    return value_data(p, p->outputs[output]);
}

const float *plan_output(const struct plan *p) {
    return plan_output_at(p, 0);
}

const float *plan_input_gradient(const struct plan *p, int input) {
    return p->graph->mode.gradients && p->grad_of[input] >= 0 ? value_data(p, p->grad_of[input]) : NULL;
}

void *step_saved(const struct plan *p, const struct step *s) {
    return value_data(p, s->saved);
}

const float *step_dout(const struct plan *p, const struct step *s) {
    return value_data(p, s->dout);
}

float *step_din(const struct plan *p, const struct step *s, int i) {
    return s->din[i] >= 0 ? value_data(p, s->din[i]) : NULL;
}

float *plan_gradient(const struct plan *p, const float *parameter) {
    return graph_trains(p->graph, parameter) ? p->graph->parameters.gradients + (parameter - p->graph->parameters.values) : NULL;
}

float *plan_parameter(const struct plan *p, const float *parameter) {
    return p->graph->parameters.values + (parameter - p->graph->parameters.values);
}

static int run_steps(struct plan *p, int first, int last, struct err *e) {
    const bool profile = p->engine->profile;
    if (pool_threads() > p->threads)
        return err_set(e, ERR_INTERNAL, "the plan was made for %d threads and is run on %d", p->threads, pool_threads());
    for (int i = first; i < last; i++) {
        struct step *s = &p->steps[i];
        const double start = profile ? clock_seconds() : 0;
        const struct op_info *op = &op_table[s->op];
        const int rc = (s->pass == PASS_BACKWARD && op->backward ? op->backward : op->forward)(p, s, e);
        if (rc)
            return err_prefix(e, "%s", s->node ? s->node->name : "reorder"), rc;
        if (profile)
            s->seconds[s->n_seconds++ % STEP_TIMES] = clock_seconds() - start;
    }
    return 0;
}

int plan_run(struct plan *p, struct err *e) {
    return run_steps(p, 0, p->n_forward, e);
}

void plan_bind_gradient(struct plan *p, int output, const float *gradient) {
    if (p->output_gradients[output] >= 0)
        p->values[p->output_gradients[output]].bound = gradient;
}

int plan_run_backward(struct plan *p, const float *gradient, struct err *e) {
    bool any = false;
    plan_bind_gradient(p, 0, gradient);
    for (int i = 0; i < graph_n_outputs(p->graph); i++) {
        const int value = p->output_gradients[i];
        any = any || value >= 0;
        if (value >= 0 && !p->values[value].bound)
            return err_set(e, ERR_INTERNAL, "the gradient of output %d is not given", i);
    }
    return any ? run_steps(p, p->n_forward, p->n_steps, e) : err_set(e, ERR_INTERNAL, "nothing in the graph requires a gradient");
}

double step_median_seconds(const struct step *s) {
    double sorted[STEP_TIMES];
    const int n = s->n_seconds < STEP_TIMES ? s->n_seconds : STEP_TIMES;
    if (n == 0)
        return 0;
    memcpy(sorted, s->seconds, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, order_double);
    return n % 2 ? sorted[n / 2] : 0.5 * (sorted[n / 2 - 1] + sorted[n / 2]);
}

int reorder_forward(struct plan *p, struct step *s, struct err *e) {
    return dnn_op_run(p->engine->dnn, s->dnn, step_in(p, s, 0), NULL, NULL, step_out(p, s), step_scratch(p, s), e);
}
