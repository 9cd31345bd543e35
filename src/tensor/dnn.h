/* oneDNN behind a narrow door: versions 2.6 and 3.x look the same from here. Floor 2. Only dnn_*.c see dnnl.h. */
#ifndef BMU_TENSOR_DNN_H
#define BMU_TENSOR_DNN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct dnn;        /* engine and stream */
struct dnn_layout; /* how a tensor lies in memory */
struct dnn_op;     /* a prepared primitive with its memory objects */

enum dnn_type { DNN_F32, DNN_BF16 };
enum dnn_algorithm { DNN_DIRECT, DNN_WINOGRAD };
enum dnn_activation { DNN_NONE, DNN_RELU, DNN_GELU };
enum dnn_role { DNN_SRC, DNN_WEIGHTS, DNN_BIAS, DNN_DST, DNN_ROLE_COUNT };
/* Of a convolution. What plays which role: FORWARD as it says; DATA: src is the outputs' gradient, dst the inputs'; WEIGHTS: src is the
 * input, weights the outputs' gradient, dst the weights' gradient in a layout of the library's choice. */
enum dnn_pass { DNN_INFERENCE, DNN_FORWARD, DNN_DATA, DNN_GRADIENT, DNN_PASS_COUNT };

int dnn_new(struct dnn **out, struct err *e);
void dnn_free(struct dnn *d);
bool dnn_has_winograd(void); /* this version of the library knows the algorithm at all */

/* Dense [n][h][w][c]. */
int dnn_layout_dense(struct dnn_layout **out, int n, int h, int w, int c, enum dnn_type type, struct err *e);
int dnn_layout_copy(struct dnn_layout **out, const struct dnn_layout *l, struct err *e);
void dnn_layout_free(struct dnn_layout *l);
bool dnn_layout_equal(const struct dnn_layout *a, const struct dnn_layout *b);
size_t dnn_layout_bytes(const struct dnn_layout *l);
enum dnn_type dnn_layout_type(const struct dnn_layout *l);

struct dnn_conv {
    int n, in_h, in_w, in_c, out_h, out_w, out_c, kernel, stride, pad;
    enum dnn_algorithm algorithm;
    enum dnn_type type; /* of source, weights and destination; bias and sums are float32 */
    bool relu;
    bool residual;      /* dst holds the residual before the run, and the sum replaces it */
    enum dnn_pass pass; /* inference, or training's: no bias, no ReLU, no residual, images dense */
};
/* ERR_UNSUPPORTED if the library has no such kernel on this processor. The weights' layout is the library's choice; at inference those of
 * source and destination too. */
int dnn_conv_new(struct dnn_op **out, struct dnn *d, const struct dnn_conv *c, struct err *e);
/* weights are [out_c][in_c][k][k] float32; packed has the bytes of the op's weights layout. */
int dnn_conv_pack(struct dnn *d, const struct dnn_conv *c, const struct dnn_op *op, const float *weights, void *packed, struct err *e);
/* Training, at each step: [out_c][in_c][k][k] float32 -> the layout of the op's weights; and from a gradient op's result, added to what
 * lies in [out_c][in_c][k][k]. */
int dnn_conv_pack_new(struct dnn_op **out, struct dnn *d, const struct dnn_conv *c, const struct dnn_op *op, struct err *e);
int dnn_conv_unpack_new(struct dnn_op **out, struct dnn *d, const struct dnn_conv *c, const struct dnn_op *op, struct err *e);
/* dst[m][n] (+)= A B + bias: A is [m][k], or given as [k][m]; B is [k][n], or given as [n][k]. All dense float32. */
struct dnn_matmul {
    int m, k, n;
    bool a_transposed, b_transposed, bias, accumulate;
};
int dnn_matmul_new(struct dnn_op **out, struct dnn *d, const struct dnn_matmul *a, struct err *e);
/* 3x3, stride 2, pad 1, in the source's layout. */
int dnn_max_pool_new(struct dnn_op **out, struct dnn *d, const struct dnn_layout *src, int n, int out_h, int out_w, int c,
                     enum dnn_type type, struct err *e);
/* dst[m][n] = act(src[m][k] W^T + bias), plus what dst held if residual. */
int dnn_linear_new(struct dnn_op **out, struct dnn *d, int m, int k, int n, enum dnn_activation activation, bool bias, bool residual,
                   struct err *e);
/* weights are [n][k] float32. */
int dnn_linear_pack(struct dnn *d, int k, int n, const struct dnn_op *op, const float *weights, void *packed, struct err *e);
int dnn_reorder_new(struct dnn_op **out, struct dnn *d, const struct dnn_layout *from, const struct dnn_layout *to, struct err *e);

const struct dnn_layout *dnn_op_layout(const struct dnn_op *op, enum dnn_role role);
size_t dnn_op_scratch_bytes(const struct dnn_op *op);
const char *dnn_op_name(const struct dnn_op *op); /* the library's name of the kernel: "brgconv:avx512_core" */
/* Unused roles NULL. Does not allocate. */
int dnn_op_run(struct dnn *d, struct dnn_op *op, const void *src, const void *weights, const void *bias, void *dst, void *scratch,
               struct err *e);
void dnn_op_free(struct dnn_op *op);

/* "oneDNN 2.6.3": the library and its version, for provenance. */
void dnn_library(char out[32]);

#endif
