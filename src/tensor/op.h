/* The op table: everything the engine knows about an op, one row each. Floor 2.
 *
 * One file op_*.c holds an op's shape check, preparation, forward and backward together.
 *   shape    fills node->shape from its inputs' shapes, or fails
 *   prepare  chooses layouts and kernels, packs weights: turns the node into one step of the plan
 *   forward  runs the step; must not allocate
 *   keeps    which numbers of the forward pass the backward step reads
 *   prepare_backward  prepares the backward step
 *   backward adds the gradients of the parameters that are trained to theirs, and writes the inputs' (or adds them: step->add); must not
 *            allocate
 * An input has nothing to run; a reorder is put in by the plan and never differentiated.
 */
#ifndef BMU_TENSOR_OP_H
#define BMU_TENSOR_OP_H

#include "base/rng.h"
#include "tensor/graph.h"
#include "tensor/plan.h"

/* clang-format off */
/*    name        shape             prepare             forward             keeps                prepare_backward             backward */
#define OPS(X) \
    X(input,      op_no_shape,      NULL,               NULL,               NULL,                NULL,                        NULL) \
    X(conv,       conv_shape_of,    conv_prepare,       conv_forward,       op_keeps_if_trained, conv_prepare_backward,       conv_backward) \
    X(batch_norm, batch_norm_shape, batch_norm_prepare, batch_norm_forward, batch_norm_keeps,    batch_norm_prepare_backward, batch_norm_backward) \
    X(stem,       stem_shape_of,    stem_prepare,       stem_forward_step,  op_keeps_input,      stem_prepare_backward,       stem_backward_step) \
    X(max_pool,   max_pool_shape,   max_pool_prepare,   max_pool_forward,   op_keeps_nothing,    op_rows_prepare_backward,    max_pool_backward) \
    X(mean_pool,  mean_pool_shape,  mean_pool_prepare,  mean_pool_forward,  op_keeps_nothing,    op_rows_prepare_backward,    mean_pool_backward) \
    X(evidence,   evidence_shape,   op_rows_prepare,    evidence_forward,   op_keeps_if_trained, evidence_prepare_backward,   evidence_backward) \
    X(evidence_pool, evidence_pool_shape, evidence_pool_prepare, evidence_pool_forward, op_keeps_input, evidence_pool_prepare_backward, evidence_pool_backward) \
    X(linear,     linear_shape,     linear_prepare,     linear_forward,     op_keeps_if_trained, linear_prepare_backward,     linear_backward) \
    X(activation, op_same_shape,    op_rows_prepare,    activation_forward, activation_keeps,    op_rows_prepare_backward,    activation_backward) \
    X(dropout,    op_same_shape,    op_rows_prepare,    dropout_forward,    op_keeps_nothing,    op_rows_prepare_backward,    dropout_backward) \
    X(add,        add_shape,        op_rows_prepare,    add_forward,        op_keeps_nothing,    op_rows_prepare_backward,    add_backward) \
    X(layer_norm, op_same_shape,    op_rows_prepare,    layer_norm_forward, op_keeps_input,      layer_norm_prepare_backward, layer_norm_backward) \
    X(attention,  attention_shape,  op_rows_prepare,    attention_forward,  op_keeps_input,      op_rows_prepare_backward,    attention_backward) \
    X(position,   op_same_shape,    op_rows_prepare,    position_forward,   op_keeps_nothing,    op_rows_prepare_backward,    position_backward) \
    X(mean_rows,  mean_rows_shape,  op_rows_prepare,    mean_rows_forward,  op_keeps_nothing,    op_rows_prepare_backward,    mean_rows_backward) \
    X(pick_rows,  pick_rows_shape,  op_rows_prepare,    pick_rows_forward,  op_keeps_nothing,    op_rows_prepare_backward,    pick_rows_backward) \
    X(join,       join_shape,       op_rows_prepare,    join_forward,       op_keeps_nothing,    op_rows_prepare_backward,    join_backward) \
    X(reorder,    op_no_shape,      NULL,               reorder_forward,    NULL,                NULL,                        NULL)
/* clang-format on */

enum op {
#define X(name, shape, prepare, forward, keeps, prepare_backward, backward) OP_##name,
    OPS(X)
#undef X
        OP_COUNT
};

/* What a backward step reads: its first input, its output. */
enum { KEEP_INPUT = 1, KEEP_OUTPUT = 2 };

typedef int op_shape_fn(const struct graph *g, struct node *node, struct err *e);
typedef int op_prepare_fn(struct plan *p, struct step *s, struct err *e);
typedef int op_forward_fn(struct plan *p, struct step *s, struct err *e);
typedef int op_keeps_fn(const struct graph *g, const struct node *node);

struct op_info {
    const char *name;
    op_shape_fn *shape;
    op_prepare_fn *prepare;
    op_forward_fn *forward;
    op_keeps_fn *keeps;
    op_prepare_fn *prepare_backward;
    op_forward_fn *backward;
};
extern const struct op_info op_table[OP_COUNT];

op_shape_fn op_no_shape, op_same_shape, conv_shape_of, batch_norm_shape, stem_shape_of, max_pool_shape, mean_pool_shape, linear_shape,
    evidence_shape, evidence_pool_shape, add_shape, attention_shape, mean_rows_shape, pick_rows_shape, join_shape;
op_prepare_fn conv_prepare, batch_norm_prepare, stem_prepare, max_pool_prepare, mean_pool_prepare, evidence_pool_prepare, linear_prepare,
    op_rows_prepare;
op_forward_fn conv_forward, batch_norm_forward, stem_forward_step, max_pool_forward, mean_pool_forward, evidence_forward,
    evidence_pool_forward, linear_forward, activation_forward, dropout_forward, add_forward, layer_norm_forward, attention_forward,
    position_forward, mean_rows_forward, pick_rows_forward, join_forward, reorder_forward;
op_keeps_fn op_keeps_nothing, op_keeps_input, op_keeps_if_trained, batch_norm_keeps, activation_keeps;
op_prepare_fn conv_prepare_backward, batch_norm_prepare_backward, stem_prepare_backward, evidence_prepare_backward,
    evidence_pool_prepare_backward, linear_prepare_backward, layer_norm_prepare_backward, op_rows_prepare_backward;
op_forward_fn conv_backward, batch_norm_backward, stem_backward_step, max_pool_backward, mean_pool_backward, evidence_backward,
    evidence_pool_backward, linear_backward, activation_backward, dropout_backward, add_backward, layer_norm_backward, attention_backward,
    position_backward, mean_rows_backward, pick_rows_backward, join_backward;

/* Dropout: each element's factor, 0 or 1 / (1 - p), follows from (seed, step, layer's name, element) alone. */
struct dropout {
    struct rng rng;
    double p;
};
struct dropout dropout_of(const struct plan *p, const struct step *s);
float dropout_factor(const struct dropout *d, size_t element);
/* op_conv.c: weights over the input's own channels (of a repeated grey image the three summed) [out][in_c][k][k], and the way back: each of
 * the three channels gets the gradient, added. */
void op_fold_channels(float *out, const struct node *node, int in_c);
void op_unfold_gradient(float *to, const float *from, const struct node *node, int in_c);
/* Running statistics take in those of a batch of n pixels (variance biased, [c]). */
void batch_norm_running(float *mean, float *var, const double *batch_mean, const double *batch_var, size_t c_all, double n);
/* Does the fused stem take this node's shape (its input is in the graph), and is the input the caller's, which requires no gradient? */
bool stem_takes(const struct graph *g, const struct node *node);

#endif
