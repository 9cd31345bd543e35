/* Which convolution algorithm: the one place where it is decided, by a fixed rule on shapes. Floor 2.
 *
 * Never by timing: the same model on the same processor gives the same bits tomorrow. The rule's thresholds come from `./dev bench`.
 */
#ifndef BMU_TENSOR_CONV_RULE_H
#define BMU_TENSOR_CONV_RULE_H

#include "kernel/conv_kernel.h"
#include "tensor/dnn.h"

struct conv_choice {
    const struct conv_kernel *kernel; /* ours, on dense float32; NULL: oneDNN with the two below */
    enum dnn_algorithm algorithm;
    enum dnn_type type;
};
/* exact: direct methods only. bf16: oneDNN's bfloat16 kernels. s->pool asks for the fused stem and is only granted by a kernel of ours:
 * kernel == NULL then means that the pooling stays a step of its own. */
struct conv_choice conv_choose(const struct conv_shape *s, bool exact, bool bf16);

/* Training: a kernel of ours for each pass (arithmetic in float32, whatever the images are stored in), or NULL for oneDNN's direct one (in
 * bfloat16 if half). s is the forward convolution; half: images are stored in bfloat16. */
struct conv_training {
    const struct conv_kernel *forward;
    const struct conv_data_kernel *data;
    const struct conv_weights_kernel *weights;
};
struct conv_training conv_choose_training(const struct conv_shape *s, bool exact, bool half);

#endif
