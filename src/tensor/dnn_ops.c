/* oneDNN: the primitives that we use (convolution, max-pooling, matrix multiplication). Floor 1. */
#include "tensor/dnn_impl.h"

static int conv_layouts(const struct dnn_conv *c, dnnl_format_tag_t tag, dnnl_data_type_t type, struct dnn_layout **weights,
                        struct err *e) {
    const dnnl_dims_t dims = {c->out_c, c->in_c, c->kernel, c->kernel};
    return dnn_layout_new(weights, 4, dims, type, tag, e);
}

int dnn_conv_new(struct dnn_op **out, struct dnn *d, const struct dnn_conv *c, struct err *e) {
    const dnnl_dims_t src_dims = {c->n, c->in_c, c->in_h, c->in_w}, dst_dims = {c->n, c->out_c, c->out_h, c->out_w}, bias_dims = {c->out_c};
    const dnnl_dims_t stride = {c->stride, c->stride}, pad = {c->pad, c->pad};
    const dnnl_data_type_t type = dnn_type_of(c->type);
    const dnnl_alg_kind_t algorithm = c->algorithm == DNN_WINOGRAD ? dnnl_convolution_winograd : dnnl_convolution_direct;
    struct dnn_layout *src = NULL, *weights = NULL, *bias = NULL, *dst = NULL;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    int rc;
    if ((rc = dnn_layout_new(&src, 4, src_dims, type, dnnl_format_tag_any, e)) ||
        (rc = conv_layouts(c, dnnl_format_tag_any, type, &weights, e)) || (rc = dnn_layout_new(&bias, 1, bias_dims, dnnl_f32, dnnl_a, e)) ||
        (rc = dnn_layout_new(&dst, 4, dst_dims, type, dnnl_format_tag_any, e)) ||
        (rc = dnn_attr_new(&attr, c->residual, c->relu ? DNN_RELU : DNN_NONE, e)))
        goto out;
#if DNN_V3
    rc = dnn_check(dnnl_convolution_forward_primitive_desc_create(&pd, d->engine, dnnl_forward_inference, algorithm, dnn_md(src),
                                                                  dnn_md(weights), dnn_md(bias), dnn_md(dst), stride, NULL, pad, pad, attr),
                   "this convolution", e);
#else
    dnnl_convolution_desc_t desc;
    rc = dnn_check(dnnl_convolution_forward_desc_init(&desc, dnnl_forward_inference, algorithm, dnn_md(src), dnn_md(weights), dnn_md(bias),
                                                      dnn_md(dst), stride, pad, pad),
                   "this convolution", e);
    if (rc == 0)
        rc = dnn_check(dnnl_primitive_desc_create(&pd, &desc, attr, d->engine, NULL), "this convolution", e);
#endif
    if (rc == 0)
        rc = dnn_op_new(out, d, pd, "this convolution", e);
out:
    dnn_layout_free(src);
    dnn_layout_free(weights);
    dnn_layout_free(bias);
    dnn_layout_free(dst);
    if (attr)
        dnnl_primitive_attr_destroy(attr);
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
        rc = dnn_op_new(out, d, pd, "max-pooling", e);
out:
    dnn_layout_free(dst);
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
    struct dnn_layout *src = NULL, *weights = NULL, *b = NULL, *dst = NULL;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    int rc;
    if ((rc = dnn_layout_new(&src, 2, src_dims, dnnl_f32, dnnl_ab, e)) || (rc = linear_weights(&weights, k, n, dnnl_format_tag_any, e)) ||
        (rc = bias ? dnn_layout_new(&b, 2, bias_dims, dnnl_f32, dnnl_ab, e) : 0) ||
        (rc = dnn_layout_new(&dst, 2, dst_dims, dnnl_f32, dnnl_ab, e)) || (rc = dnn_attr_new(&attr, residual, activation, e)))
        goto out;
#if DNN_V3
    rc = dnn_check(dnnl_matmul_primitive_desc_create(&pd, d->engine, dnn_md(src), dnn_md(weights), b ? dnn_md(b) : NULL, dnn_md(dst), attr),
                   "this linear layer", e);
#else
    dnnl_matmul_desc_t desc;
    rc = dnn_check(dnnl_matmul_desc_init(&desc, dnn_md(src), dnn_md(weights), b ? dnn_md(b) : NULL, dnn_md(dst)), "this linear layer", e);
    if (rc == 0)
        rc = dnn_check(dnnl_primitive_desc_create(&pd, &desc, attr, d->engine, NULL), "this linear layer", e);
#endif
    if (rc == 0)
        rc = dnn_op_new(out, d, pd, "this linear layer", e);
out:
    dnn_layout_free(src);
    dnn_layout_free(weights);
    dnn_layout_free(b);
    dnn_layout_free(dst);
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
