/* oneDNN: engine, layouts, reorders, running a prepared primitive. Floor 2. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tensor/dnn_impl.h"

int dnn_check(dnnl_status_t status, const char *what, struct err *e) {
    if (status == dnnl_success)
        return 0;
    if (status == dnnl_out_of_memory)
        return err_set(e, ERR_NO_MEMORY, "oneDNN: no memory for %s", what);
    if (status == dnnl_unimplemented)
        return err_set(e, ERR_UNSUPPORTED, "oneDNN has no kernel on this processor for %s", what);
    return err_set(e, ERR_ENGINE, "oneDNN refused %s (status %d)", what, (int)status);
}

dnnl_data_type_t dnn_type_of(enum dnn_type type) {
    return type == DNN_BF16 ? dnnl_bf16 : dnnl_f32;
}

bool dnn_has_winograd(void) {
    return DNN_V3 == 0; /* removed from x86 in 3.0 */
}

/* oneDNN keeps the primitives it has compiled, for the whole process, and forgets the least recently used. Its own bound (1,024) is too
 * small for training with masked views: each step has other numbers of images, and the compilation of forgotten shapes took a tenth of a
 * step of preset small; all its shapes together need 27 MB. */
static void keep_primitives(void) {
    enum { PRIMITIVES = 4096 };
    int has = 0;
    if (dnnl_get_primitive_cache_capacity(&has) == dnnl_success && has < PRIMITIVES)
        dnnl_set_primitive_cache_capacity(PRIMITIVES); /* without it, slower only */
}

int dnn_new(struct dnn **out, struct err *e) {
    struct dnn *d = mem_alloc(1, sizeof *d, e);
    if (!d)
        return ERR_NO_MEMORY;
    keep_primitives();
    int rc = dnn_check(dnnl_engine_create(&d->engine, dnnl_cpu, 0), "a CPU engine", e);
    if (rc == 0)
        rc = dnn_check(dnnl_stream_create(&d->stream, d->engine, dnnl_stream_default_flags), "a stream", e);
    if (rc) {
        dnn_free(d);
        return rc;
    }
    *out = d;
    return 0;
}

void dnn_free(struct dnn *d) {
    if (!d)
        return;
    if (d->stream)
        dnnl_stream_destroy(d->stream);
    if (d->engine)
        dnnl_engine_destroy(d->engine);
    mem_free(d);
}

int dnn_layout_new(struct dnn_layout **out, int rank, const dnnl_dims_t dims, dnnl_data_type_t type, dnnl_format_tag_t tag, struct err *e) {
    struct dnn_layout *l = mem_alloc(1, sizeof *l, e);
    if (!l)
        return ERR_NO_MEMORY;
#if DNN_V3
    dnnl_status_t status = dnnl_memory_desc_create_with_tag(&l->md, rank, dims, type, tag);
#else
    dnnl_status_t status = dnnl_memory_desc_init_by_tag(&l->md, rank, dims, type, tag);
#endif
    int rc = dnn_check(status, "a memory layout", e);
    if (rc) {
        mem_free(l);
        return rc;
    }
    *out = l;
    return 0;
}

int dnn_layout_dense(struct dnn_layout **out, int n, int h, int w, int c, enum dnn_type type, struct err *e) {
    const dnnl_dims_t dims = {n, c, h, w};
    return dnn_layout_new(out, 4, dims, dnn_type_of(type), dnnl_nhwc, e);
}

static int layout_from(struct dnn_layout **out, dnn_md_ref md, struct err *e) {
    struct dnn_layout *l = mem_alloc(1, sizeof *l, e);
    if (!l)
        return ERR_NO_MEMORY;
#if DNN_V3
    int rc = dnn_check(dnnl_memory_desc_clone(&l->md, md), "a copy of a layout", e);
    if (rc) {
        mem_free(l);
        return rc;
    }
#else
    l->md = *md;
#endif
    *out = l;
    return 0;
}

int dnn_layout_copy(struct dnn_layout **out, const struct dnn_layout *l, struct err *e) {
    return layout_from(out, dnn_md(l), e);
}

void dnn_layout_free(struct dnn_layout *l) {
    if (!l)
        return;
#if DNN_V3
    dnnl_memory_desc_destroy(l->md);
#endif
    mem_free(l);
}

bool dnn_layout_equal(const struct dnn_layout *a, const struct dnn_layout *b) {
    return dnnl_memory_desc_equal(dnn_md(a), dnn_md(b)) != 0;
}

size_t dnn_layout_bytes(const struct dnn_layout *l) {
    return dnnl_memory_desc_get_size(dnn_md(l));
}

enum dnn_type dnn_layout_type(const struct dnn_layout *l) {
#if DNN_V3
    dnnl_data_type_t type = dnnl_f32;
    dnnl_memory_desc_query(l->md, dnnl_query_data_type, &type);
#else
    const dnnl_data_type_t type = l->md.data_type;
#endif
    return type == dnnl_bf16 ? DNN_BF16 : DNN_F32;
}

int dnn_attr_new(dnnl_primitive_attr_t *out, bool sum, enum dnn_activation activation, struct err *e) {
    dnnl_primitive_attr_t attr = NULL;
    dnnl_post_ops_t ops = NULL;
    dnnl_status_t status = dnnl_primitive_attr_create(&attr);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    if (status == dnnl_success)
        status = dnnl_post_ops_create(&ops);
#if DNN_V3
    if (status == dnnl_success && sum)
        status = dnnl_post_ops_append_sum(ops, 1.0F, 0, dnnl_data_type_undef);
    if (status == dnnl_success && activation != DNN_NONE)
        status = dnnl_post_ops_append_eltwise(ops, activation == DNN_RELU ? dnnl_eltwise_relu : dnnl_eltwise_gelu_erf, 0.0F, 0.0F);
#else
    if (status == dnnl_success && sum)
        status = dnnl_post_ops_append_sum(ops, 1.0F);
    if (status == dnnl_success && activation != DNN_NONE)
        status = dnnl_post_ops_append_eltwise(ops, 1.0F, activation == DNN_RELU ? dnnl_eltwise_relu : dnnl_eltwise_gelu_erf, 0.0F, 0.0F);
#endif
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_post_ops(attr, ops);
    if (ops)
        dnnl_post_ops_destroy(ops);
    if (status != dnnl_success && attr) {
        dnnl_primitive_attr_destroy(attr);
        attr = NULL;
    }
    *out = attr;
    return dnn_check(status, "primitive attributes", e);
}

#define WHAT(what, i, a)                                                                                                                   \
    { dnnl_query_##what##_md, i, DNNL_ARG_##a }
struct role {
    dnnl_query_t query;
    int index, arg;
};
#define FORWARD_ROLES                                                                                                                      \
    {                                                                                                                                      \
        [DNN_SRC] = WHAT(src, 0, SRC), [DNN_WEIGHTS] = WHAT(weights, 0, WEIGHTS), [DNN_BIAS] = WHAT(weights, 1, BIAS),                     \
        [DNN_DST] = WHAT(dst, 0, DST)                                                                                                      \
    }
static const struct role roles[DNN_PASS_COUNT][DNN_ROLE_COUNT] = {
    [DNN_INFERENCE] = FORWARD_ROLES,
    [DNN_FORWARD] = FORWARD_ROLES,
    [DNN_DATA] =
        {[DNN_SRC] = WHAT(diff_dst, 0, DIFF_DST), [DNN_WEIGHTS] = WHAT(weights, 0, WEIGHTS), [DNN_DST] = WHAT(diff_src, 0, DIFF_SRC)},
    [DNN_GRADIENT] =
        {[DNN_SRC] = WHAT(src, 0, SRC), [DNN_WEIGHTS] = WHAT(diff_dst, 0, DIFF_DST), [DNN_DST] = WHAT(diff_weights, 0, DIFF_WEIGHTS)},
};

/* The memory object of one role, made empty: its address is set at each run. */
static int op_role(struct dnn_op *op, struct dnn *d, dnnl_primitive_desc_t pd, enum dnn_pass pass, enum dnn_role role, struct err *e) {
    const struct role r = roles[pass][role];
    if (!r.arg)
        return 0;
    dnn_md_ref md = dnnl_primitive_desc_query_md(pd, r.query, r.index);
    if (!md || dnnl_memory_desc_get_size(md) == 0)
        return 0;
    int rc = layout_from(&op->layout[role], md, e);
    if (rc)
        return rc;
    op->args[role].arg = r.arg;
    return dnn_check(dnnl_memory_create(&op->memory[role], md, d->engine, DNNL_MEMORY_NONE), "a memory object", e);
}

int dnn_op_new(struct dnn_op **out, struct dnn *d, dnnl_primitive_desc_t pd, enum dnn_pass pass, const char *what, struct err *e) {
    int rc = 0;
    const char *name = NULL;
    struct dnn_op *op = mem_alloc(1, sizeof *op, e);
    if (!op) {
        rc = ERR_NO_MEMORY;
        goto out;
    }
    for (int role = 0; role < DNN_ROLE_COUNT && rc == 0; role++)
        rc = op_role(op, d, pd, pass, (enum dnn_role)role, e);
    if (rc)
        goto out;
    dnn_md_ref scratch = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
    op->scratch_bytes = scratch ? dnnl_memory_desc_get_size(scratch) : 0;
    if (op->scratch_bytes) {
        op->args[DNN_ROLE_COUNT].arg = DNNL_ARG_SCRATCHPAD;
        rc = dnn_check(dnnl_memory_create(&op->memory[DNN_ROLE_COUNT], scratch, d->engine, DNNL_MEMORY_NONE), "a scratchpad", e);
        if (rc)
            goto out;
    }
    if (dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, (void *)&name) != dnnl_success || !name)
        name = "oneDNN";
    snprintf(op->name, sizeof op->name, "%s", name);
    rc = dnn_check(dnnl_primitive_create(&op->primitive, pd), what, e);
out:
    dnnl_primitive_desc_destroy(pd);
    if (rc)
        dnn_op_free(op);
    else
        *out = op;
    return rc;
}

void dnn_op_free(struct dnn_op *op) {
    if (!op)
        return;
    for (int i = 0; i < DNN_ARGS; i++)
        if (op->memory[i])
            dnnl_memory_destroy(op->memory[i]);
    for (int i = 0; i < DNN_ROLE_COUNT; i++)
        dnn_layout_free(op->layout[i]);
    if (op->primitive)
        dnnl_primitive_destroy(op->primitive);
    mem_free(op);
}

const struct dnn_layout *dnn_op_layout(const struct dnn_op *op, enum dnn_role role) {
    return op->layout[role];
}

size_t dnn_op_scratch_bytes(const struct dnn_op *op) {
    return op->scratch_bytes;
}

const char *dnn_op_name(const struct dnn_op *op) {
    return op->name;
}

int dnn_op_run(struct dnn *d, struct dnn_op *op, const void *src, const void *weights, const void *bias, void *dst, void *scratch,
               struct err *e) {
    const void *handle[DNN_ARGS] = {src, weights, bias, dst, scratch};
    int n = 0;
    dnnl_exec_arg_t args[DNN_ARGS];
    for (int i = 0; i < DNN_ARGS; i++) {
        if (!op->memory[i])
            continue;
        /* oneDNN takes every handle as writable; it writes to dst and scratchpad only */
        dnnl_status_t status = dnnl_memory_set_data_handle(op->memory[i], (void *)(size_t)handle[i]);
        if (status != dnnl_success)
            return dnn_check(status, "a memory address", e);
        args[n].arg = op->args[i].arg;
        args[n++].memory = op->memory[i];
    }
    dnnl_status_t status = dnnl_primitive_execute(op->primitive, d->stream, n, args);
    if (status == dnnl_success)
        status = dnnl_stream_wait(d->stream);
    return dnn_check(status, op->name, e);
}

int dnn_reorder_new(struct dnn_op **out, struct dnn *d, const struct dnn_layout *from, const struct dnn_layout *to, struct err *e) {
    return dnn_reorder_add_new(out, d, from, to, false, e);
}

int dnn_reorder_add_new(struct dnn_op **out, struct dnn *d, const struct dnn_layout *from, const struct dnn_layout *to, bool add,
                        struct err *e) {
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    int rc = dnn_attr_new(&attr, add, DNN_NONE, e);
    if (rc)
        return rc;
    rc = dnn_check(dnnl_reorder_primitive_desc_create(&pd, dnn_md(from), d->engine, dnn_md(to), d->engine, attr), "a reorder", e);
    dnnl_primitive_attr_destroy(attr);
    return rc ? rc : dnn_op_new(out, d, pd, DNN_INFERENCE, "a reorder", e);
}

int dnn_pack_weights(struct dnn *d, const struct dnn_layout *plain, const struct dnn_op *op, const float *weights, void *packed,
                     struct err *e) {
    struct dnn_op *reorder = NULL;
    void *scratch = NULL;
    int rc = dnn_reorder_new(&reorder, d, plain, op->layout[DNN_WEIGHTS], e);
    if (rc)
        return rc;
    if (reorder->scratch_bytes && !(scratch = mem_alloc_aligned(reorder->scratch_bytes, 1, e)))
        rc = ERR_NO_MEMORY;
    if (rc == 0)
        rc = dnn_op_run(d, reorder, weights, NULL, NULL, packed, scratch, e);
    mem_free(scratch);
    dnn_op_free(reorder);
    return rc;
}

void dnn_library(char out[32]) {
    const dnnl_version_t *v = dnnl_version();
    snprintf(out, 32, "oneDNN %d.%d.%d", v->major, v->minor, v->patch);
}
