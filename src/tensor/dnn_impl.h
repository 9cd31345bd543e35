/* What the dnn_*.c files share: oneDNN's types, and the differences between its versions 2.6 and 3.x. Floor 2. */
#ifndef BMU_TENSOR_DNN_IMPL_H
#define BMU_TENSOR_DNN_IMPL_H

#include <dnnl.h>
#include <dnnl_version.h>

#include "tensor/dnn.h"

#if DNNL_VERSION_MAJOR >= 3
#define DNN_V3 1
typedef const_dnnl_memory_desc_t dnn_md_ref;
#else
#define DNN_V3 0
typedef const dnnl_memory_desc_t *dnn_md_ref;
#endif

struct dnn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
};

struct dnn_layout {
    dnnl_memory_desc_t md; /* v2: the descriptor itself; v3: an owned handle */
};
static inline dnn_md_ref dnn_md(const struct dnn_layout *l) {
#if DNN_V3
    return l->md;
#else
    return &l->md;
#endif
}

/* One argument more than the roles: the scratchpad. */
enum { DNN_ARGS = DNN_ROLE_COUNT + 1 };
struct dnn_op {
    dnnl_primitive_t primitive;
    struct dnn_layout *layout[DNN_ROLE_COUNT];
    dnnl_memory_t memory[DNN_ARGS];
    dnnl_exec_arg_t args[DNN_ARGS];
    size_t scratch_bytes;
    char name[96];
};

/* 0, or ERR_ENGINE with what was being done. */
int dnn_check(dnnl_status_t status, const char *what, struct err *e);
dnnl_data_type_t dnn_type_of(enum dnn_type type);
/* A descriptor by dimensions and tag (dnnl_format_tag_any: the library chooses). */
int dnn_layout_new(struct dnn_layout **out, int rank, const dnnl_dims_t dims, dnnl_data_type_t type, dnnl_format_tag_t tag, struct err *e);
/* Attributes with user scratchpad, optional sum, optional activation; in this order: the sum comes before the activation for convolutions
 * (residual, then ReLU) and never together with one for linear layers. */
int dnn_attr_new(dnnl_primitive_attr_t *out, bool sum, enum dnn_activation activation, struct err *e);
/* Make the op from its primitive descriptor (consumed). `what` names the op in errors; `pass` says what plays which role. */
int dnn_op_new(struct dnn_op **out, struct dnn *d, dnnl_primitive_desc_t pd, enum dnn_pass pass, const char *what, struct err *e);
int dnn_reorder_add_new(struct dnn_op **out, struct dnn *d, const struct dnn_layout *from, const struct dnn_layout *to, bool add,
                        struct err *e);
/* One reorder of weights from a plain layout to the op's. */
int dnn_pack_weights(struct dnn *d, const struct dnn_layout *plain, const struct dnn_op *op, const float *weights, void *packed,
                     struct err *e);

#endif
