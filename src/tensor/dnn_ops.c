/* oneDNN: the primitives that we use (convolution, max-pooling, matrix multiplication). Floor 2. */
#include "tensor/dnn_impl.h"

static int conv_layouts(const struct dnn_conv *c, dnnl_format_tag_t tag, dnnl_data_type_t type, struct dnn_layout **weights,
                        struct err *e) {
    const dnnl_dims_t dims = {c->out_c, c->in_c, c->kernel, c->kernel};
    return dnn_layout_new(weights, 4, dims, type, tag, e);
}

struct conv_parts {
    struct dnn_layout *src, *weights, *bias, *dst;
};

#if DNN_V3
/* Of training passes: `hint` is the forward primitive's descriptor, for the backward ones. */
static dnnl_status_t conv_desc(dnnl_primitive_desc_t *pd, struct dnn *d, const struct dnn_conv *c, enum dnn_pass pass,
                               const struct conv_parts *p, dnnl_primitive_attr_t attr, dnnl_primitive_desc_t hint) {
    const dnnl_dims_t stride = {c->stride, c->stride}, pad = {c->pad, c->pad};
    const dnnl_alg_kind_t algorithm = c->algorithm == DNN_WINOGRAD ? dnnl_convolution_winograd : dnnl_convolution_direct;
    if (pass == DNN_DATA)
        return dnnl_convolution_backward_data_primitive_desc_create(pd, d->engine, algorithm, dnn_md(p->dst), dnn_md(p->weights),
                                                                    dnn_md(p->src), stride, NULL, pad, pad, hint, attr);
    if (pass == DNN_GRADIENT)
        return dnnl_convolution_backward_weights_primitive_desc_create(pd, d->engine, algorithm, dnn_md(p->src), dnn_md(p->dst), NULL,
                                                                       dnn_md(p->weights), stride, NULL, pad, pad, hint, attr);
    return dnnl_convolution_forward_primitive_desc_create(
        pd, d->engine, pass == DNN_INFERENCE ? dnnl_forward_inference : dnnl_forward_training, algorithm, dnn_md(p->src),
        dnn_md(p->weights), p->bias ? dnn_md(p->bias) : NULL, dnn_md(p->dst), stride, NULL, pad, pad, attr);
}
#else
static dnnl_status_t conv_desc(dnnl_primitive_desc_t *pd, struct dnn *d, const struct dnn_conv *c, enum dnn_pass pass,
                               const struct conv_parts *p, dnnl_primitive_attr_t attr, dnnl_primitive_desc_t hint) {
    const dnnl_dims_t stride = {c->stride, c->stride}, pad = {c->pad, c->pad};
    const dnnl_alg_kind_t algorithm = c->algorithm == DNN_WINOGRAD ? dnnl_convolution_winograd : dnnl_convolution_direct;
    dnnl_convolution_desc_t desc;
    dnnl_status_t status;
    if (pass == DNN_DATA)
        status = dnnl_convolution_backward_data_desc_init(&desc, algorithm, dnn_md(p->dst), dnn_md(p->weights), dnn_md(p->src), stride, pad,
                                                          pad);
    else if (pass == DNN_GRADIENT)
        status = dnnl_convolution_backward_weights_desc_init(&desc, algorithm, dnn_md(p->src), dnn_md(p->dst), NULL, dnn_md(p->weights),
                                                             stride, pad, pad);
    else
        status = dnnl_convolution_forward_desc_init(&desc, pass == DNN_INFERENCE ? dnnl_forward_inference : dnnl_forward_training,
                                                    algorithm, dnn_md(p->src), dnn_md(p->weights), p->bias ? dnn_md(p->bias) : NULL,
                                                    dnn_md(p->dst), stride, pad, pad);
    return status == dnnl_success ? dnnl_primitive_desc_create(pd, &desc, attr, d->engine, hint) : status;
}
#endif

static void conv_parts_free(struct conv_parts *p) {
    dnn_layout_free(p->src);
    dnn_layout_free(p->weights);
    dnn_layout_free(p->bias);
    dnn_layout_free(p->dst);
}

/* The descriptors of the three tensors as the forward pass sees them. */
static int conv_parts_of(struct conv_parts *p, const struct dnn_conv *c, struct err *e) {
    const dnnl_dims_t src_dims = {c->n, c->in_c, c->in_h, c->in_w}, dst_dims = {c->n, c->out_c, c->out_h, c->out_w}, bias_dims = {c->out_c};
    const dnnl_data_type_t type = dnn_type_of(c->type);
    const dnnl_format_tag_t tag = c->pass == DNN_INFERENCE ? dnnl_format_tag_any : dnnl_nhwc;
    const dnnl_data_type_t weights_type = c->pass == DNN_GRADIENT ? dnnl_f32 : type;
    int rc;
    if ((rc = dnn_layout_new(&p->src, 4, src_dims, type, tag, e)) ||
        (rc = conv_layouts(c, dnnl_format_tag_any, weights_type, &p->weights, e)) ||
        (rc = c->pass == DNN_INFERENCE ? dnn_layout_new(&p->bias, 1, bias_dims, dnnl_f32, dnnl_a, e) : 0))
        return rc;
    return dnn_layout_new(&p->dst, 4, dst_dims, type, tag, e);
}

/* The same three in their roles in a backward pass. */
static struct conv_parts conv_roles(const struct conv_parts *p, enum dnn_pass pass) {
    if (pass == DNN_DATA)
        return (struct conv_parts){p->dst, p->weights, NULL, p->src};
    if (pass == DNN_GRADIENT)
        return (struct conv_parts){p->src, p->dst, NULL, p->weights};
    return *p;
}

int dnn_conv_new(struct dnn_op **out, struct dnn *d, const struct dnn_conv *c, struct err *e) {
    static const char what[] = "this convolution";
    struct conv_parts parts = {0}, forward = {0};
    struct dnn_conv hint_conv = *c;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL, hint = NULL;
    int rc;
    hint_conv.pass = DNN_FORWARD;
    if ((rc = conv_parts_of(&parts, c, e)) || (rc = dnn_attr_new(&attr, c->residual, c->relu ? DNN_RELU : DNN_NONE, e)))
        goto out;
    if (c->pass == DNN_DATA || c->pass == DNN_GRADIENT)
        if ((rc = conv_parts_of(&forward, &hint_conv, e)) ||
            (rc = dnn_check(conv_desc(&hint, d, c, DNN_FORWARD, &forward, attr, NULL), what, e)))
            goto out;
    const struct conv_parts in_roles = conv_roles(&parts, c->pass);
    rc = dnn_check(conv_desc(&pd, d, c, c->pass, &in_roles, attr, hint), what, e);
    if (rc == 0)
        rc = dnn_op_new(out, d, pd, c->pass, what, e);
out:
    conv_parts_free(&parts);
    conv_parts_free(&forward);
    if (hint)
        dnnl_primitive_desc_destroy(hint);
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    return rc;
}

int dnn_conv_pack_new(struct dnn_op **out, struct dnn *d, const struct dnn_conv *c, const struct dnn_op *op, struct err *e) {
    struct dnn_layout *plain = NULL;
    int rc = conv_layouts(c, dnnl_oihw, dnnl_f32, &plain, e);
    if (rc == 0)
        rc = dnn_reorder_new(out, d, plain, op->layout[DNN_WEIGHTS], e);
    dnn_layout_free(plain);
    return rc;
}

int dnn_conv_unpack_new(struct dnn_op **out, struct dnn *d, const struct dnn_conv *c, const struct dnn_op *op, struct err *e) {
    struct dnn_layout *plain = NULL;
    int rc = conv_layouts(c, dnnl_oihw, dnnl_f32, &plain, e);
    if (rc == 0)
        rc = dnn_reorder_add_new(out, d, op->layout[DNN_DST], plain, true, e);
    dnn_layout_free(plain);
    return rc;
}

int dnn_conv_pack(struct dnn *d, const struct dnn_conv *c, const struct dnn_op *op, const float *weights, void *packed, struct err *e) {
    struct dnn_layout *plain = NULL;
    int rc = conv_layouts(c, dnnl_oihw, dnnl_f32, &plain, e);
    if (rc == 0)
        rc = dnn_pack_weights(d, plain, op, weights, packed, e);
    dnn_layout_free(plain);
    return rc;
}

int dnn_max_pool_new(struct dnn_op **out, struct dnn *d, const struct dnn_layout *src, int n, int out_h, int out_w, int c,
                     enum dnn_type type, struct err *e) {
    const dnnl_dims_t dims = {n, c, out_h, out_w}, stride = {2, 2}, kernel = {3, 3}, dilation = {0, 0}, pad = {1, 1};
    struct dnn_layout *dst = NULL;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    int rc = dnn_layout_new(&dst, 4, dims, dnn_type_of(type), dnnl_format_tag_any, e);
    if (rc == 0)
        rc = dnn_attr_new(&attr, false, DNN_NONE, e);
    if (rc)
        goto out;
#if DNN_V3
    rc = dnn_check(dnnl_pooling_forward_primitive_desc_create(&pd, d->engine, dnnl_forward_inference, dnnl_pooling_max, dnn_md(src),
                                                              dnn_md(dst), stride, kernel, dilation, pad, pad, attr),
                   "max-pooling", e);
#else
    dnnl_pooling_v2_desc_t desc;
    rc = dnn_check(dnnl_pooling_v2_forward_desc_init(&desc, dnnl_forward_inference, dnnl_pooling_max, dnn_md(src), dnn_md(dst), stride,
                                                     kernel, dilation, pad, pad),
                   "max-pooling", e);
    if (rc == 0)
        rc = dnn_check(dnnl_primitive_desc_create(&pd, &desc, attr, d->engine, NULL), "max-pooling", e);
#endif
    if (rc == 0)
        rc = dnn_op_new(out, d, pd, DNN_INFERENCE, "max-pooling", e);
out:
    dnn_layout_free(dst);
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    return rc;
}

/* dst = attr(A B + bias) of four given layouts (freed here); b and bias may be NULL. */
static int matmul_new(struct dnn_op **out, struct dnn *d, struct conv_parts *p, dnnl_primitive_attr_t attr, struct err *e) {
    static const char what[] = "this linear layer";
    dnnl_primitive_desc_t pd = NULL;
    const dnn_md_ref bias = p->bias ? dnn_md(p->bias) : NULL;
#if DNN_V3
    int rc = dnn_check(dnnl_matmul_primitive_desc_create(&pd, d->engine, dnn_md(p->src), dnn_md(p->weights), bias, dnn_md(p->dst), attr),
                       what, e);
#else
    dnnl_matmul_desc_t desc;
    int rc = dnn_check(dnnl_matmul_desc_init(&desc, dnn_md(p->src), dnn_md(p->weights), bias, dnn_md(p->dst)), what, e);
    if (rc == 0)
        rc = dnn_check(dnnl_primitive_desc_create(&pd, &desc, attr, d->engine, NULL), what, e);
#endif
    return rc ? rc : dnn_op_new(out, d, pd, DNN_INFERENCE, what, e);
}

int dnn_matmul_new(struct dnn_op **out, struct dnn *d, const struct dnn_matmul *a, struct err *e) {
    const dnnl_dims_t src = {a->m, a->k}, weights = {a->k, a->n}, dst = {a->m, a->n}, bias = {1, a->n};
    struct conv_parts p = {0};
    dnnl_primitive_attr_t attr = NULL;
    int rc;
    if ((rc = dnn_layout_new(&p.src, 2, src, dnnl_f32, a->a_transposed ? dnnl_ba : dnnl_ab, e)) == 0 &&
        (rc = dnn_layout_new(&p.weights, 2, weights, dnnl_f32, a->b_transposed ? dnnl_ba : dnnl_ab, e)) == 0 &&
        (rc = a->bias ? dnn_layout_new(&p.bias, 2, bias, dnnl_f32, dnnl_ab, e) : 0) == 0 &&
        (rc = dnn_layout_new(&p.dst, 2, dst, dnnl_f32, dnnl_ab, e)) == 0 && (rc = dnn_attr_new(&attr, a->accumulate, DNN_NONE, e)) == 0)
        rc = matmul_new(out, d, &p, attr, e);
    conv_parts_free(&p);
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    return rc;
}

static int linear_weights(struct dnn_layout **out, int k, int n, dnnl_format_tag_t tag, struct err *e) {
    const dnnl_dims_t dims = {k, n}; /* matmul multiplies [m][k] by [k][n]; ours are stored [n][k], which is tag ba */
    return dnn_layout_new(out, 2, dims, dnnl_f32, tag, e);
}

int dnn_linear_new(struct dnn_op **out, struct dnn *d, int m, int k, int n, enum dnn_activation activation, bool bias, bool residual,
                   struct err *e) {
    const dnnl_dims_t src_dims = {m, k}, dst_dims = {m, n}, bias_dims = {1, n};
    struct conv_parts p = {0};
    dnnl_primitive_attr_t attr = NULL;
    int rc;
    if ((rc = dnn_layout_new(&p.src, 2, src_dims, dnnl_f32, dnnl_ab, e)) == 0 &&
        (rc = linear_weights(&p.weights, k, n, dnnl_format_tag_any, e)) == 0 &&
        (rc = bias ? dnn_layout_new(&p.bias, 2, bias_dims, dnnl_f32, dnnl_ab, e) : 0) == 0 &&
        (rc = dnn_layout_new(&p.dst, 2, dst_dims, dnnl_f32, dnnl_ab, e)) == 0 && (rc = dnn_attr_new(&attr, residual, activation, e)) == 0)
        rc = matmul_new(out, d, &p, attr, e);
    conv_parts_free(&p);
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    return rc;
}

int dnn_linear_pack(struct dnn *d, int k, int n, const struct dnn_op *op, const float *weights, void *packed, struct err *e) {
    struct dnn_layout *plain = NULL;
    int rc = linear_weights(&plain, k, n, dnnl_ba, e);
    if (rc == 0)
        rc = dnn_pack_weights(d, plain, op, weights, packed, e);
    dnn_layout_free(plain);
    return rc;
}
