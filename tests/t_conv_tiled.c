/* Our tiled convolutions (both Winograds and the stride-2 kernel) against the definition: at edges and odd sizes, and at the network's
 * sizes, whose paths small shapes never take (many channels, several blocks of tiles per thread, one V for all threads, outputs stored past
 * the caches); that threads, batch and working in place change no bit; and that bfloat16 only rounds. */
#include "conv_check.h"

static const struct {
    const struct conv_kernel *kernel;
    int stride;
    /* Errors grow with the channels: `few` is for at most 64. The largest are at the far corner of a tile, where the output transform has
     * its largest coefficients. */
    struct conv_error few, many;
} kernels[] = {
    {&conv_winograd6, 1, {6e-5, 1.5e-5}, {2e-4, 1.5e-5}},
    {&conv_winograd4, 1, {6e-5, 8e-6}, {1.2e-4, 8e-6}},
    {&conv_strided, 2, {3e-5, 8e-6}, {3e-5, 8e-6}},
};

enum { KERNELS = sizeof kernels / sizeof kernels[0] };

static struct conv_shape shape_of(int k, int n, int h, int w, int in_c, int out_c) {
    return (struct conv_shape){n, h, w, in_c, 0, 0, out_c, 3, kernels[k].stride, 1, false};
}

static void skip_elsewhere(void) {
    skip_without(&conv_winograd6, (struct conv_shape){1, 8, 8, 64, 8, 8, 64, 3, 1, 1, false});
}

static void test_refusals(void **state) {
    (void)state;
    for (int k = 0; k < KERNELS; k++) {
        const int stride = kernels[k].stride, other = 3 - stride, out = 8 / stride;
        const struct conv_shape refused[] = {
            {1, 8, 8, 64, 8 / other, 8 / other, 64, 3, other, 1, false}, /* the other stride */
            {1, 8, 8, 64, out, out, 64, 1, stride, 0, false},            /* 1x1 */
            {1, 8, 8, 64, out, out, 64, 7, stride, 1, false},            /* 7x7 */
            {1, 8, 8, 64, out, out, 64, 3, stride, 0, false},            /* no padding */
            {1, 8, 8, 3, out, out, 64, 3, stride, 1, false},             /* 3 channels in */
            {1, 8, 8, 7, out, out, 64, 3, stride, 1, false},             /* 7 */
            {1, 8, 8, 64, out, out, 65, 3, stride, 1, false},            /* 65 channels out */
            {1, 8, 8, 64, out, out, 64, 3, stride, 1, true},             /* pooling */
        };
        for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
            assert_false(kernels[k].kernel->takes(&refused[i]));
    }
}

/* With and without ReLU and residual, 16 to 64 channels. */
static void test_edges(void **state) {
    (void)state;
    static const int sides[][2] = {{1, 1}, {1, 7}, {2, 3}, {5, 6}, {6, 6}, {7, 13}, {8, 8}, {12, 5}, {19, 20}, {25, 31}};
    skip_elsewhere();
    for (int k = 0; k < KERNELS; k++)
        for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++)
            for (int bits = 0; bits < 4; bits++) {
                struct problem p = problem_new(shape_of(k, 2, sides[i][0], sides[i][1], 16 << (i % 3), 64), 1.0, bits & 1, bits & 2);
                check_near(kernels[k].kernel, &p, kernels[k].few);
                problem_free(&p);
            }
}

/* Every height and width up to two tiles and more. */
static void test_sides(void **state) {
    (void)state;
    enum { SIDE_MAX = 19 };
    skip_elsewhere();
    for (int k = 0; k < KERNELS; k++)
        for (int h = 1; h <= SIDE_MAX; h++)
            for (int w = 1; w <= SIDE_MAX; w++) {
                struct problem p = problem_new(shape_of(k, 1 + (h + w) % 2, h, w, 16, 64), 1.0, h % 2, false);
                check_near(kernels[k].kernel, &p, kernels[k].few);
                problem_free(&p);
            }
}

/* Nothing but the convolution: without ReLU or residual and with a small bias, so that only its own outputs are what errors are a part of.
 */
static void test_sizes(void **state) {
    (void)state;
    static const int shapes[][5] = {/* images, height, width, channels in and out */
                                    {1, 58, 64, 64, 64},    {1, 44, 40, 128, 128}, {1, 40, 26, 256, 128}, {1, 72, 40, 512, 64},
                                    {1, 103, 100, 256, 64}, {1, 7, 7, 512, 192},   {2, 40, 37, 64, 64},   {2, 23, 9, 128, 64},
                                    {2, 14, 14, 256, 64},   {2, 17, 26, 256, 128}, {2, 6, 5, 512, 64}};
    skip_elsewhere();
    for (int k = 0; k < KERNELS; k++)
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
            const int *s = shapes[i];
            struct problem p = problem_new(shape_of(k, s[0], s[1], s[2], s[3], s[4]), 0.1, false, false);
            const struct conv_error e = check_near(kernels[k].kernel, &p, kernels[k].many);
            print_message("%s %d->%d %dx%d: worst %.1e, rms %.1e\n", kernels[k].kernel->name, s[3], s[4], s[1], s[2], e.worst, e.rms);
            problem_free(&p);
        }
}

static void test_in_place(void **state) {
    (void)state;
    skip_elsewhere();
    for (int k = 0; k < KERNELS; k++) {
        struct problem p = problem_new(shape_of(k, 1, 27, 33, 64, 128), 1.0, true, true);
        float *apart = conv_run(kernels[k].kernel, &p, false), *place = conv_run(kernels[k].kernel, &p, true);
        assert_memory_equal(apart, place, p.n_out * sizeof *apart);
        free(apart);
        free(place);
        problem_free(&p);
    }
}

static void same_bits(int n, int h, int w, int in_c, int out_c, bool residual, int threads, bool in_place) {
    for (int k = 0; k < KERNELS; k++) {
        struct problem p = problem_new(shape_of(k, n, h, w, in_c, out_c), 1.0, true, residual);
        check_bits(kernels[k].kernel, &p, threads, in_place);
        problem_free(&p);
    }
}

static void test_bits(void **state) {
    (void)state;
    skip_elsewhere();
    same_bits(3, 41, 37, 32, 64, true, 5, false);
    same_bits(3, 41, 35, 32, 128, false, 5, false);
    same_bits(3, 41, 35, 256, 128, false, 5, false);
}

/* 225 tiles of 6x6 at 256 channels: one image fits a V of 16 MB that all threads share, two do not. */
static void test_bits_many_channels(void **state) {
    (void)state;
    skip_elsewhere();
    same_bits(2, 89, 88, 256, 64, true, 3, false);
}

/* Two images' outputs are 20 MB (of stride 1), stored past the caches; one image's are not. */
static void test_bits_streamed(void **state) {
    (void)state;
    skip_elsewhere();
    same_bits(2, 205, 200, 64, 64, true, 3, true);
}

/* Fewer column blocks than threads, and fewer tiles than threads. */
static void test_bits_few(void **state) {
    (void)state;
    skip_elsewhere();
    same_bits(2, 7, 7, 512, 64, true, 3, false);
    same_bits(3, 2, 3, 64, 128, true, 3, true);
}

/* --- bfloat16 ---------------------------------------------------------------------------------------------------------------- */

static void test_bf16_edges(void **state) {
    (void)state;
    enum { SIDE_MAX = 19 };
    skip_elsewhere();
    for (int k = 0; k < KERNELS; k++)
        for (int h = 1; h <= SIDE_MAX; h++)
            for (int w = 1; w <= SIDE_MAX; w++) {
                struct problem p = problem_new(shape_of(k, 1 + (h + w) % 2, h, w, 16 << (w % 3), 64 << (h % 2)), 1.0, h % 2, w % 2);
                check_bf16(kernels[k].kernel, &p, 3);
                problem_free(&p);
            }
}

/* One V for all threads, blocks of their own, and outputs stored past the caches (21 MB of stride 1, 20 of stride 2). */
static void test_bf16_sizes(void **state) {
    (void)state;
    static const int shapes[][5] = {/* images, height, width, channels in and out */
                                    {2, 58, 64, 64, 128}, {1, 44, 40, 128, 128}, {1, 40, 26, 256, 128}, {2, 7, 7, 512, 192},
                                    {1, 89, 88, 512, 64}, {2, 290, 287, 64, 64}, {3, 320, 331, 16, 128}};
    skip_elsewhere();
    for (int k = 0; k < KERNELS; k++)
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
            const int *s = shapes[i];
            struct problem p = problem_new(shape_of(k, s[0], s[1], s[2], s[3], s[4]), 1.0, i % 3 == 0, i % 2 == 1);
            check_bf16(kernels[k].kernel, &p, 3);
            problem_free(&p);
        }
}

/* Inputs of zero, so that the outputs are the bias: halfway between two numbers, to an even and to an odd one, near it, denormal, the
 * largest, and infinite. */
static void test_bf16_rounding(void **state) {
    (void)state;
    static const uint32_t bits[] = {0x3F800000, 0x3F808000, 0x3F818000, 0x3F807FFF, 0x3F808001, 0x3FFF8000, 0xBF818000, 0x00000001,
                                    0x00008000, 0x00018000, 0x807FFFFF, 0x7F7FFFFF, 0xFF7F8000, 0x7F7F7FFF, 0x7F800000, 0x7F7F8000};
    enum { SAMPLES = sizeof bits / sizeof bits[0] };
    skip_elsewhere();
    for (int k = 0; k < KERNELS; k++) {
        struct problem p = problem_new(shape_of(k, 1, 3, 4, 16, 64), 1.0, false, false);
        memset(p.x, 0, p.n_in * sizeof *p.x);
        for (size_t i = 0; i < 64; i++)
            memcpy(&p.bias[i], &bits[(i + i / SAMPLES) % SAMPLES], sizeof p.bias[i]);
        check_bf16(kernels[k].kernel, &p, 1);
        problem_free(&p);
    }
}

int main(void) {
    pool_set_threads(2);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_sides),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_bits_many_channels),
        cmocka_unit_test(test_bits_streamed),
        cmocka_unit_test(test_bits_few),
        cmocka_unit_test(test_bf16_edges),
        cmocka_unit_test(test_bf16_sizes),
        cmocka_unit_test(test_bf16_rounding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
