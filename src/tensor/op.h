/* The op table: everything the engine knows about an op, one row each. Floor 1.
 *
 * One file op_*.c holds an op's shape check, preparation, forward and (from the training issue on) backward together.
 *   shape    fills node->shape from its inputs' shapes, or fails
 *   prepare  chooses layouts and kernels, packs weights: turns the node into one step of the plan
 *   forward  runs the step; must not allocate
 *   backward the place of the gradient; NULL until the op learns
 */
#ifndef BMU_TENSOR_OP_H
#define BMU_TENSOR_OP_H

#include "tensor/graph.h"
#include "tensor/plan.h"

/* clang-format off */
/*    name          shape             prepare             forward             backward */
#define OPS(X) \
    X(input,        op_no_shape,      NULL,               NULL,               NULL) \
    X(conv,         conv_shape_of,    conv_prepare,       conv_forward,       NULL) \
    X(max_pool,     max_pool_shape,   max_pool_prepare,   max_pool_forward,   NULL) \
    X(mean_pool,    mean_pool_shape,  mean_pool_prepare,  mean_pool_forward,  NULL) \
    X(linear,       linear_shape,     linear_prepare,     linear_forward,     NULL) \
    X(layer_norm,   op_same_shape,    op_rows_prepare,    layer_norm_forward, NULL) \
    X(attention,    attention_shape,  op_rows_prepare,    attention_forward,  NULL) \
    X(position,     op_same_shape,    op_rows_prepare,    position_forward,   NULL) \
    X(mean_rows,    mean_rows_shape,  op_rows_prepare,    mean_rows_forward,  NULL) \
    X(stack_rows,   stack_rows_shape, op_rows_prepare,    stack_rows_forward, NULL) \
    X(join,         join_shape,       op_rows_prepare,    stack_rows_forward, NULL) \
    X(reorder,      op_no_shape,      NULL,               reorder_forward,    NULL)
/* clang-format on */

enum op {
#define X(name, shape, prepare, forward, backward) OP_##name,
    OPS(X)
#undef X
        OP_COUNT
};

typedef int op_shape_fn(const struct graph *g, struct node *node, struct err *e);
typedef int op_prepare_fn(struct plan *p, struct step *s, struct err *e);
typedef int op_forward_fn(struct plan *p, struct step *s, struct err *e);

struct op_info {
    const char *name;
    op_shape_fn *shape;
    op_prepare_fn *prepare;
    op_forward_fn *forward;
    op_forward_fn *backward;
};
extern const struct op_info op_table[OP_COUNT];

op_shape_fn op_no_shape, op_same_shape, conv_shape_of, max_pool_shape, mean_pool_shape, linear_shape, attention_shape, mean_rows_shape,
    stack_rows_shape, join_shape;
op_prepare_fn conv_prepare, max_pool_prepare, mean_pool_prepare, linear_prepare, op_rows_prepare;
op_forward_fn conv_forward, max_pool_forward, mean_pool_forward, linear_forward, layer_norm_forward, attention_forward, position_forward,
    mean_rows_forward, stack_rows_forward, reorder_forward;

#endif
