/* Linear layer: y = activation(x W^T + b), or y = x W^T + b + residual. Floor 2. x [rows][in], W [out][in], y [rows][out].
 *
 * On one thread: where there is no AVX-512 the library divides a matrix product by the number of threads in a way that changes the sums'
 * order, and with it the last bits. At most nine rows of an exam pass here; it costs under a millisecond. Not so where the weights may
 * change: a batch has many rows, and there the same bits are promised for the same number of threads only.
 */
#include "base/pool.h"
#include "tensor/op.h"

/* The number of threads to come back to, after the product. */
static int threads_for_product(const struct plan *p) {
    const int threads = pool_threads();
    if (!p->graph->parameters.values)
        pool_set_threads(1);
    return threads;
}

static int matmul_new(struct dnn_op **out, const struct plan *p, const struct dnn_matmul *product, struct err *e) {
    const int threads = threads_for_product(p);
    const int rc = dnn_matmul_new(out, p->engine->dnn, product, e);
    pool_set_threads(threads);
    return rc;
}

/* The weights as they lie there at each run. */
static int prepare_unpacked(struct plan *p, struct step *s, struct err *e) {
    const struct dnn_matmul product = {
        s->node->shape.n, plan_shape(p, s, 0)->c, s->node->shape.c, false, true, s->node->bias != NULL, false};
    int rc = op_rows_prepare(p, s, e);
    if (rc == 0)
        rc = matmul_new(&s->dnn, p, &product, e);
    if (rc)
        return rc;
    s->weights = s->node->weights;
    s->bias = s->node->bias;
    s->scratch_bytes = dnn_op_scratch_bytes(s->dnn);
    s->algorithm = dnn_op_name(s->dnn);
    s->macs = (double)product.m * product.k * product.n;
    return 0;
}

int linear_shape(const struct graph *g, struct node *node, struct err *e) {
    const struct shape x = g->nodes[node->inputs[0]].shape;
    if (x.h != 1 || x.w != 1)
        return err_set(e, ERR_INTERNAL, "a linear layer over an image");
    node->shape = (struct shape){x.n, 1, 1, node->shape.c};
    if (node->residual) {
        const struct shape r = g->nodes[node->inputs[1]].shape;
        if (shape_count(r) != shape_count(node->shape) || r.n != x.n)
            return err_set(e, ERR_INTERNAL, "the residual has another shape");
        if (node->activation != ACTIVATION_NONE)
            return err_set(e, ERR_INTERNAL, "a residual and an activation on one linear layer");
    }
    return 0;
}

static int pack(struct plan *p, struct step *s, int k, int n, struct err *e) {
    struct engine *en = p->engine;
    const struct dnn_layout *layout = dnn_op_layout(s->dnn, DNN_WEIGHTS);
    const struct pack *have = pack_find(en->packs, s->node->name, NULL, layout);
    if (!have) {
        struct pack *made = NULL;
        int rc = pack_add(&made, en->packs, s->node->name, NULL, layout, dnn_layout_bytes(layout), s->node->bias ? (size_t)n : 0, e);
        if (rc)
            return rc;
        for (int i = 0; s->node->bias && i < n; i++)
            made->bias[i] = s->node->bias[i];
        if ((rc = dnn_linear_pack(en->dnn, k, n, s->dnn, s->node->weights, made->weights, e)))
            return rc;
        have = made;
    }
    s->weights = have->weights;
    s->bias = have->bias;
    return 0;
}

int linear_prepare(struct plan *p, struct step *s, struct err *e) {
    static const enum dnn_activation activation[] = {
        [ACTIVATION_NONE] = DNN_NONE, [ACTIVATION_RELU] = DNN_RELU, [ACTIVATION_GELU] = DNN_GELU};
    const int m = s->node->shape.n, k = plan_shape(p, s, 0)->c, n = s->node->shape.c;
    if (!graph_folds(p->graph))
        return prepare_unpacked(p, s, e);
    int rc = op_rows_prepare(p, s, e);
    const int threads = threads_for_product(p);
    if (rc == 0)
        rc = dnn_linear_new(&s->dnn, p->engine->dnn, m, k, n, activation[s->node->activation], s->node->bias != NULL, s->node->residual, e);
    pool_set_threads(threads);
    if (rc)
        return rc;
    s->scratch_bytes = dnn_op_scratch_bytes(s->dnn);
    s->algorithm = dnn_op_name(s->dnn);
    s->macs = (double)m * k * n;
    return pack(p, s, k, n, e);
}

int linear_forward(struct plan *p, struct step *s, struct err *e) {
    const int threads = threads_for_product(p);
    const int rc = dnn_op_run(p->engine->dnn, s->dnn, step_in(p, s, 0), s->weights, s->bias, step_out(p, s), step_scratch(p, s), e);
    pool_set_threads(threads);
    return rc;
}

/* dW += dy^T x and db += the sum of dy's rows, where they are trained; dx (+)= dy W. */
int linear_prepare_backward(struct plan *p, struct step *s, struct err *e) {
    const int m = s->node->shape.n, k = plan_shape(p, s, 0)->c, n = s->node->shape.c;
    const struct dnn_matmul weights = {n, m, k, true, false, false, true}, data = {m, n, k, false, false, false, s->add[0]};
    int rc = graph_trains(p->graph, s->node->weights) ? matmul_new(&s->dnn, p, &weights, e) : 0;
    if (rc == 0 && s->din[0] >= 0)
        rc = matmul_new(&s->more[0], p, &data, e);
    if (rc)
        return rc;
    const size_t a = s->dnn ? dnn_op_scratch_bytes(s->dnn) : 0, b = s->more[0] ? dnn_op_scratch_bytes(s->more[0]) : 0;
    s->scratch_bytes = a > b ? a : b;
    s->algorithm = s->dnn ? dnn_op_name(s->dnn) : s->more[0] ? dnn_op_name(s->more[0]) : "";
    s->macs = (double)m * k * n * ((s->dnn != NULL) + (s->more[0] != NULL));
    return 0;
}

int linear_backward(struct plan *p, struct step *s, struct err *e) {
    const int m = s->node->shape.n, n = s->node->shape.c;
    const float *dy = step_dout(p, s);
    float *db = s->node->bias ? plan_gradient(p, s->node->bias) : NULL;
    for (int o = 0; db && o < n; o++) {
        double sum = 0;
        for (int r = 0; r < m; r++)
            sum += (double)dy[(size_t)r * (size_t)n + (size_t)o];
        db[o] += (float)sum;
    }
    const int threads = threads_for_product(p);
    int rc = 0;
    if (s->dnn)
        rc = dnn_op_run(p->engine->dnn, s->dnn, dy, step_in(p, s, 0), NULL, plan_gradient(p, s->node->weights), step_scratch(p, s), e);
    if (rc == 0 && s->more[0])
        rc = dnn_op_run(p->engine->dnn, s->more[0], dy, s->node->weights, NULL, step_din(p, s, 0), step_scratch(p, s), e);
    pool_set_threads(threads);
    return rc;
}
