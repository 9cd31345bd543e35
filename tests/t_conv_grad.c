/* The backward passes of the 3x3 convolutions, over the data and over the weights, against their definitions in double: at edges and odd
 * sizes, with several blocks of tiles, several images, and at the network's channels; that they add to what is there; that threads
 * change no bit; and that bfloat16 only rounds. */
#include "conv_check.h"

/* --- problems -------------------------------------------------------------------------------------------------------------- */

/* A forward problem and the loss's gradient by its outputs. */
struct backward {
    struct problem p;
    float *grad;
    float *before; /* what the gradient by the inputs, or by the weights, is added to; NULL: nothing */
    size_t n_weights;
};

static struct backward backward_new(int stride, int n, int h, int w, int in_c, int out_c) {
    struct backward b = {.p = problem_new((struct conv_shape){n, h, w, in_c, 0, 0, out_c, 3, stride, 1, false}, 0, false, false)};
    b.grad = random_floats(b.p.n_out, 6, 1.0);
    b.n_weights = (size_t)out_c * (size_t)in_c * 9;
    return b;
}

static void backward_free(struct backward *b) {
    problem_free(&b->p);
    free(b->grad);
    free(b->before);
}

/* Image i of b alone, for the gradient by the inputs. */
static struct backward backward_image(const struct backward *b, size_t i) {
    struct backward one = {.p = problem_image(&b->p, i), .n_weights = b->n_weights};
    one.grad = copy_floats(b->grad + i * one.p.n_out, one.p.n_out);
    one.before = b->before ? copy_floats(b->before + i * one.p.n_in, one.p.n_in) : NULL;
    return one;
}

/* --- the definitions ------------------------------------------------------------------------------------------------------- */

/* By input number `at`: over all outputs that it is a part of. */
static double defined_data(const void *ctx, size_t at) {
    const struct backward *b = ctx;
    const struct conv_shape *s = &b->p.shape;
    const size_t in_c = (size_t)s->in_c, out_c = (size_t)s->out_c, c = at % in_c, pixel = at / in_c, row = pixel / (size_t)s->in_w;
    const size_t n = row / (size_t)s->in_h;
    const int x = (int)(pixel % (size_t)s->in_w), y = (int)(row % (size_t)s->in_h);
    double sum = b->before ? (double)b->before[at] : 0;
    for (int u = 0; u < 3; u++)
        for (int v = 0; v < 3; v++) {
            const int i = y + 1 - u, j = x + 1 - v;
            if (i < 0 || j < 0 || i % s->stride || j % s->stride || i / s->stride >= s->out_h || j / s->stride >= s->out_w)
                continue;
            const size_t out = (n * (size_t)s->out_h + (size_t)(i / s->stride)) * (size_t)s->out_w + (size_t)(j / s->stride);
            for (size_t o = 0; o < out_c; o++)
                sum += (double)b->grad[out * out_c + o] * (double)b->p.w[(o * in_c + c) * 9 + (size_t)(u * 3 + v)];
        }
    return sum;
}

/* By weight number `at`: over all images and pixels. */
static double defined_weights(const void *ctx, size_t at) {
    const struct backward *b = ctx;
    const struct conv_shape *s = &b->p.shape;
    const size_t in_c = (size_t)s->in_c, out_c = (size_t)s->out_c, c = at / 9 % in_c, o = at / 9 / in_c;
    const int u = (int)(at % 9 / 3), v = (int)(at % 3);
    double sum = b->before ? (double)b->before[at] : 0;
    for (int row = 0; row < s->n * s->out_h; row++) {
        const int n = row / s->out_h, y = row % s->out_h * s->stride + u - 1;
        if (y < 0 || y >= s->in_h)
            continue;
        const float *grad = b->grad + (size_t)row * (size_t)s->out_w * out_c + o;
        const float *in = b->p.x + ((size_t)n * (size_t)s->in_h + (size_t)y) * (size_t)s->in_w * in_c + c;
        for (int j = 0; j < s->out_w; j++) {
            const int x = j * s->stride + v - 1;
            if (x >= 0 && x < s->in_w)
                sum += (double)grad[(size_t)j * out_c] * (double)in[(size_t)x * in_c];
        }
    }
    return sum;
}

/* --- running a kernel ------------------------------------------------------------------------------------------------------ */

/* The gradient by the inputs, owned, stored as `type`. in_place: it overwrites what it is added to. */
static void *data_run_type(const struct conv_data_kernel *k, const struct backward *b, enum conv_type type, bool in_place) {
    const struct conv_shape *s = &b->p.shape;
    const size_t scratch_bytes = k->scratch_bytes(s, pool_threads()), packed_bytes = k->packed_bytes(s),
                 bytes = activations_bytes(b->p.n_in, type);
    void *packed = guarded_new(packed_bytes), *scratch = guarded_new(scratch_bytes), *dst = guarded_new(bytes);
    void *grad = activations_of(b->grad, b->p.n_out, type), *before = activations_of(b->before, b->p.n_in, type);
    if (before && in_place)
        memcpy(dst, before, bytes);
    k->pack(packed, b->p.w, s);
    const struct conv_data_call call = {*s, grad, packed, before && in_place ? dst : before, dst, scratch, type};
    k->run(&call);
    guarded_check(packed, packed_bytes, "the packed weights");
    guarded_check(scratch, scratch_bytes, "the scratch memory");
    guarded_check(dst, bytes, "the gradient by the inputs");
    free(packed);
    free(scratch);
    free(grad);
    free(before);
    return dst;
}

static float *data_run(const struct conv_data_kernel *k, const struct backward *b, bool in_place) {
    return data_run_type(k, b, CONV_F32, in_place);
}

/* The gradient by the weights, owned. type: of the activations. */
static float *weights_run_type(const struct conv_weights_kernel *k, const struct backward *b, enum conv_type type) {
    const struct conv_shape *s = &b->p.shape;
    const size_t scratch_bytes = k->scratch_bytes(s, pool_threads()), bytes = b->n_weights * sizeof(float);
    void *scratch = guarded_new(scratch_bytes);
    void *src = activations_of(b->p.x, b->p.n_in, type), *grad = activations_of(b->grad, b->p.n_out, type);
    float *dw = guarded_new(bytes);
    if (b->before)
        memcpy(dw, b->before, bytes);
    else
        memset(dw, 0, bytes);
    const struct conv_weights_call call = {*s, src, grad, dw, scratch, type};
    k->run(&call);
    guarded_check(scratch, scratch_bytes, "the scratch memory");
    guarded_check(dw, bytes, "the gradient by the weights");
    free(scratch);
    free(src);
    free(grad);
    return dw;
}

static float *weights_run(const struct conv_weights_kernel *k, const struct backward *b) {
    return weights_run_type(k, b, CONV_F32);
}

/* --- the kernels ----------------------------------------------------------------------------------------------------------- */

/* Errors over the root mean square of the gradients. Seen at most, of rms: data 8.6e-6, 4.7e-6 and 1.8e-6, growing with the channels;
 * weights 6.2e-6, 4.4e-6 and 1.1e-6, growing with the pixels. */
static const struct {
    const struct conv_data_kernel *data;
    const struct conv_weights_kernel *weights;
    int stride;
    struct conv_error data_allowed, weights_allowed;
} kernels[] = {
    {&conv_data_winograd6, &conv_weights_winograd6, 1, {2e-4, 1.5e-5}, {1e-4, 1e-5}},
    {&conv_data_winograd4, &conv_weights_winograd4, 1, {1.2e-4, 8e-6}, {1e-4, 8e-6}},
    {&conv_data_strided, &conv_weights_strided, 2, {5e-5, 3e-6}, {3e-5, 2e-6}},
};

enum { KERNELS = sizeof kernels / sizeof kernels[0] };

static void skip_elsewhere(void) {
    skip_without(&conv_winograd6, (struct conv_shape){1, 8, 8, 64, 8, 8, 64, 3, 1, 1, false});
}

static struct conv_error near(const char *name, const struct conv_shape *s, struct conv_error e, struct conv_error allowed) {
    if (!(e.worst <= allowed.worst && e.rms <= allowed.rms))
        fail_msg("%s, %d images %dx%d, %d -> %d channels: worst %g, rms %g", name, s->n, s->in_h, s->in_w, s->in_c, s->out_c, e.worst,
                 e.rms);
    return e;
}

static struct conv_error check_data(int k, const struct backward *b, bool in_place) {
    float *dx = data_run(kernels[k].data, b, in_place);
    const struct conv_error e = error_against(dx, b->p.n_in, 50000, 4000, defined_data, b);
    free(dx);
    return near(kernels[k].data->name, &b->p.shape, e, kernels[k].data_allowed);
}

static struct conv_error check_weights(int k, const struct backward *b, size_t samples) {
    float *dw = weights_run(kernels[k].weights, b);
    const struct conv_error e = error_against(dw, b->n_weights, 0, samples, defined_weights, b);
    free(dw);
    return near(kernels[k].weights->name, &b->p.shape, e, kernels[k].weights_allowed);
}

/* --- tests ----------------------------------------------------------------------------------------------------------------- */

static void test_refusals(void **state) {
    (void)state;
    for (int k = 0; k < KERNELS; k++) {
        const int stride = kernels[k].stride, other = 3 - stride, out = 8 / stride;
        const struct conv_shape refused[] = {
            {1, 8, 8, 64, 8 / other, 8 / other, 64, 3, other, 1, false}, /* the other stride */
            {1, 8, 8, 64, out, out, 64, 1, stride, 0, false},            /* 1x1 */
            {1, 8, 8, 64, out, out, 64, 3, stride, 0, false},            /* no padding */
            {1, 8, 8, 65, out, out, 64, 3, stride, 1, false},            /* 65 channels in */
            {1, 8, 8, 64, out, out, 65, 3, stride, 1, false},            /* 65 channels out */
            {1, 8, 8, 64, out, out, 64, 3, stride, 1, true},             /* pooling */
        };
        for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
            assert_false(kernels[k].data->takes(&refused[i]));
            assert_false(kernels[k].weights->takes(&refused[i]));
        }
    }
}

/* Every height and width up to two tiles and more; alone, added to something, and in place. */
static void test_data_sides(void **state) {
    (void)state;
    enum { SIDE_MAX = 19 };
    skip_elsewhere();
    for (int k = 0; k < KERNELS; k++)
        for (int h = 1; h <= SIDE_MAX; h++)
            for (int w = 1; w <= SIDE_MAX; w++) {
                struct backward b = backward_new(kernels[k].stride, 1 + (h + w) % 2, h, w, 64, 16);
                b.before = (h + w) % 3 ? random_floats(b.p.n_in, 7, 1.0) : NULL;
                check_data(k, &b, (h + w) % 3 == 2);
                backward_free(&b);
            }
}

static void test_weights_sides(void **state) {
    (void)state;
    enum { SIDE_MAX = 19 };
    skip_elsewhere();
    for (int k = 0; k < KERNELS; k++)
        for (int h = 1; h <= SIDE_MAX; h++)
            for (int w = 1; w <= SIDE_MAX; w++) {
                struct backward b = backward_new(kernels[k].stride, 1 + (h + w) % 2, h, w, 64, 64);
                b.before = h % 2 ? random_floats(b.n_weights, 7, 1.0) : NULL;
                check_weights(k, &b, 2000);
                backward_free(&b);
            }
}

/* One block of tiles and several, with whole panels to a thread and with panels that the threads divide. */
static void test_sizes(void **state) {
    (void)state;
    static const int shapes[][5] = {/* images, height, width, channels in and out */
                                    {1, 58, 64, 64, 64},    {2, 44, 40, 128, 128},  {1, 40, 26, 256, 128},
                                    {1, 36, 20, 512, 512},  {2, 7, 7, 512, 512},    {2, 14, 14, 256, 64},
                                    {1, 131, 77, 256, 256}, {2, 145, 160, 64, 128}, {3, 160, 163, 64, 64}};
    skip_elsewhere();
    for (int k = 0; k < KERNELS; k++)
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
            const int *s = shapes[i];
            struct backward b = backward_new(kernels[k].stride, s[0], s[1], s[2], s[3], s[4]);
            const struct conv_error data = check_data(k, &b, false), weights = check_weights(k, &b, 1000);
            print_message("stride %d, %dx%dx%d, %d->%d: data worst %.1e rms %.1e, weights worst %.1e rms %.1e\n", kernels[k].stride, s[0],
                          s[1], s[2], s[3], s[4], data.worst, data.rms, weights.worst, weights.rms);
            backward_free(&b);
        }
}

/* A mammogram's first layers: the sums over pixels are longest here. */
static void test_large(void **state) {
    (void)state;
    skip_elsewhere();
    for (int k = 0; k < KERNELS; k++) {
        struct backward b = backward_new(kernels[k].stride, 2, 574, 320, 64, 64 * kernels[k].stride);
        const struct conv_error data = check_data(k, &b, false), weights = check_weights(k, &b, 200);
        print_message("stride %d: data rms %.1e, weights rms %.1e\n", kernels[k].stride, data.rms, weights.rms);
        backward_free(&b);
    }
}

/* --- the same bits ---------------------------------------------------------------------------------------------------------- */

static void weights_bits(const struct conv_weights_kernel *kernel, const struct backward *b, int threads) {
    const int before = pool_threads();
    float *first = weights_run(kernel, b);
    for (int t = 1; t <= threads; t++) {
        pool_set_threads(t);
        float *again = weights_run(kernel, b);
        assert_memory_equal(first, again, b->n_weights * sizeof *again);
        free(again);
    }
    pool_set_threads(before);
    free(first);
}

/* And each image alone. */
static void data_bits(const struct conv_data_kernel *kernel, const struct backward *b, int threads) {
    const int before = pool_threads();
    float *whole = data_run(kernel, b, false);
    for (int t = 1; t <= threads; t++) {
        pool_set_threads(t);
        float *again = data_run(kernel, b, true);
        assert_memory_equal(whole, again, b->p.n_in * sizeof *again);
        free(again);
        for (size_t i = 0; i < (size_t)b->p.shape.n; i++) {
            struct backward one = backward_image(b, i);
            float *alone = data_run(kernel, &one, true);
            assert_memory_equal(whole + i * one.p.n_in, alone, one.p.n_in * sizeof *alone);
            free(alone);
            backward_free(&one);
        }
    }
    pool_set_threads(before);
    free(whole);
}

static void test_bits(void **state) {
    (void)state;
    /* one panel and several blocks; whole panels or not, by the threads; 64 panels; fewer tiles than threads */
    static const int shapes[][5] = {{2, 97, 118, 64, 64}, {2, 61, 43, 128, 256}, {2, 15, 13, 512, 512}, {1, 3, 5, 64, 128}};
    skip_elsewhere();
    for (int k = 0; k < KERNELS; k++)
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
            const int *s = shapes[i];
            struct backward b = backward_new(kernels[k].stride, s[0], s[1], s[2], s[3], s[4]);
            weights_bits(kernels[k].weights, &b, 3);
            b.before = random_floats(b.p.n_in, 7, 1.0);
            data_bits(kernels[k].data, &b, 3);
            backward_free(&b);
        }
}

/* --- bfloat16 ---------------------------------------------------------------------------------------------------------------- */

/* For 1 to 3 threads: what float32 gives for the same numbers; of the inputs, rounded. */
static void check_backward_bf16(int k, struct backward *b) {
    const int threads = pool_threads();
    bf16_round(b->p.x, b->p.n_in);
    bf16_round(b->grad, b->p.n_out);
    float *dw = weights_run(kernels[k].weights, b);
    b->before = random_floats(b->p.n_in, 7, 1.0);
    bf16_round(b->before, b->p.n_in);
    float *dx = data_run(kernels[k].data, b, false);
    uint16_t *want = bf16_of(dx, b->p.n_in);
    for (int t = 1; t <= 3; t++) {
        pool_set_threads(t);
        uint16_t *got = data_run_type(kernels[k].data, b, CONV_BF16, t % 2);
        assert_memory_equal(want, got, b->p.n_in * sizeof *got);
        free(got);
    }
    free(b->before);
    b->before = NULL;
    for (int t = 1; t <= 3; t++) {
        pool_set_threads(t);
        float *got = weights_run_type(kernels[k].weights, b, CONV_BF16);
        assert_memory_equal(dw, got, b->n_weights * sizeof *got);
        free(got);
    }
    pool_set_threads(threads);
    free(dw);
    free(dx);
    free(want);
}

static void test_bf16_edges(void **state) {
    (void)state;
    enum { SIDE_MAX = 19 };
    skip_elsewhere();
    for (int k = 0; k < KERNELS; k++)
        for (int h = 1; h <= SIDE_MAX; h++)
            for (int w = 1 + h % 3; w <= SIDE_MAX; w += 3) {
                struct backward b = backward_new(kernels[k].stride, 1 + w % 2, h, w, 64, 64);
                check_backward_bf16(k, &b);
                backward_free(&b);
            }
}

/* Among them one whose gradient by the inputs is stored past the caches: 23 MB. */
static void test_bf16_sizes(void **state) {
    (void)state;
    static const int shapes[][5] = {
        {2, 58, 64, 64, 128}, {1, 40, 26, 256, 128}, {1, 36, 20, 512, 512}, {2, 7, 7, 512, 512}, {2, 310, 290, 64, 64}};
    skip_elsewhere();
    for (int k = 0; k < KERNELS; k++)
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
            const int *s = shapes[i];
            struct backward b = backward_new(kernels[k].stride, s[0], s[1], s[2], s[3], s[4]);
            check_backward_bf16(k, &b);
            backward_free(&b);
        }
}

int main(void) {
    pool_set_threads(2);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),   cmocka_unit_test(test_data_sides), cmocka_unit_test(test_weights_sides),
        cmocka_unit_test(test_sizes),      cmocka_unit_test(test_large),      cmocka_unit_test(test_bits),
        cmocka_unit_test(test_bf16_edges), cmocka_unit_test(test_bf16_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
