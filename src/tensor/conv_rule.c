/* Which convolution algorithm, by a fixed rule on shapes. Floor 2. */
#include "tensor/conv_rule.h"

#include <limits.h>

/* First row that takes the shape wins. Sizes are output pixels of one image. Winograd 6x6 holds 7.1 times the weights in memory, 4x4 holds
 * 4 times, so maps of 28x28 and less take the smaller, and below 14x14 neither pays. */
static const struct {
    const struct conv_kernel *kernel;
    bool direct; /* allowed where exact results are asked for */
    int min_pixels, max_in_c;
} rules[] = {
    {&conv_stem_fast, false, 1, 1},
    {&conv_stem, true, 1, 3},
    {&conv_winograd6, false, 28 * 28 + 1, 1024},
    {&conv_winograd4, false, 14 * 14, 1024},
    {&conv_strided, false, 28 * 28, 1024},
};

/* oneDNN's own Winograd pays from here up (where the library has it). */
enum { DNN_WINOGRAD_MIN_PIXELS = 14 * 14 };

struct conv_choice conv_choose(const struct conv_shape *s, bool exact, bool bf16) {
    struct conv_choice choice = {.kernel = NULL, .algorithm = DNN_DIRECT, .type = bf16 ? DNN_BF16 : DNN_F32};
    const int pixels = s->out_h * s->out_w;
    if (bf16)
        return choice;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if ((rules[i].direct || !exact) && pixels >= rules[i].min_pixels && s->in_c <= rules[i].max_in_c && rules[i].kernel->takes(s)) {
            choice.kernel = rules[i].kernel;
            return choice;
        }
    if (!exact && dnn_has_winograd() && s->kernel == 3 && s->stride == 1 && s->in_c >= 64 && pixels >= DNN_WINOGRAD_MIN_PIXELS)
        choice.algorithm = DNN_WINOGRAD;
    return choice;
}

/* Training packs the weights at each step, so what counts is the number of tiles in the whole batch: below `tiles` the packs cost more than
 * they save. Where images are stored in bfloat16 oneDNN's direct kernels are about twice as fast as in float32, so the limit is higher, and
 * stride 2, which saves the fewest products, is always theirs. (`bmunet bench train --layers`.) First row that takes the shape wins. */
enum { NEVER = INT_MAX };
static const struct {
    struct conv_training kernels;
    int tile, min_pixels;  /* outputs along a tile's side; output pixels of one image */
    int tiles, tiles_half; /* of all images together */
} training_rules[] = {
    {{&conv_winograd6, &conv_data_winograd6, &conv_weights_winograd6}, 6, 24 * 24, 24, 64},
    {{&conv_winograd4, &conv_data_winograd4, &conv_weights_winograd4}, 4, 7 * 7, 24, 64},
    {{&conv_strided, &conv_data_strided, &conv_weights_strided}, 4, 7 * 7, 48, NEVER},
};

struct conv_training conv_choose_training(const struct conv_shape *s, bool exact, bool half) {
    struct conv_training choice = {0};
    for (size_t i = 0; !exact && i < sizeof training_rules / sizeof training_rules[0]; i++) {
        const struct conv_training *k = &training_rules[i].kernels;
        const int tile = training_rules[i].tile;
        const long tiles = (long)s->n * ((s->out_h + tile - 1) / tile) * ((s->out_w + tile - 1) / tile);
        if (tiles < (half ? training_rules[i].tiles_half : training_rules[i].tiles) || s->out_h * s->out_w < training_rules[i].min_pixels)
            continue;
        if (!choice.forward && k->forward->takes(s))
            choice.forward = k->forward;
        if (!choice.data && k->data->takes(s))
            choice.data = k->data;
        if (!choice.weights && k->weights->takes(s))
            choice.weights = k->weights;
    }
    return choice;
}
