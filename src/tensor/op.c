/* The op table's rows. Floor 2. */
#include "tensor/op.h"

const struct op_info op_table[OP_COUNT] = {
#define X(name_, shape_, prepare_, forward_, keeps_, prepare_backward_, backward_)                                                         \
    [OP_##name_] = {.name = #name_,                                                                                                        \
                    .shape = shape_,                                                                                                       \
                    .prepare = prepare_,                                                                                                   \
                    .forward = forward_,                                                                                                   \
                    .keeps = keeps_,                                                                                                       \
                    .prepare_backward = prepare_backward_,                                                                                 \
                    .backward = backward_},
    OPS(X)
#undef X
};
_Static_assert(sizeof op_table / sizeof op_table[0] == OP_COUNT, "one row per op");

int op_keeps_nothing(const struct graph *g, const struct node *node) {
    (void)g, (void)node;
    return 0;
}

int op_keeps_input(const struct graph *g, const struct node *node) {
    (void)g, (void)node;
    return KEEP_INPUT;
}

/* Products: only the gradient of the weights takes the input. */
int op_keeps_if_trained(const struct graph *g, const struct node *node) {
    return graph_trains(g, node->weights) ? KEEP_INPUT : 0;
}
