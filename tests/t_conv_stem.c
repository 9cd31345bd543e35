/* The fused stems against the definition of convolution, ReLU and max-pooling; and that threads and batch change no bit. */
#include "conv_check.h"

static const struct {
    const struct conv_kernel *kernel;
    int in_c; /* 1, or 1 and 3 */
    struct conv_error allowed;
} kernels[] = {{&conv_stem, 3, {3e-6, 1e-6}}, {&conv_stem_fast, 1, {1e-5, 3e-6}}};

enum { KERNELS = sizeof kernels / sizeof kernels[0] };

static struct problem stem_new(int n, int h, int w, int in_c, int out_c, bool relu) {
    return problem_new((struct conv_shape){n, h, w, in_c, 0, 0, out_c, 7, 2, 3, true}, 0.1, relu, false);
}

static void skip_elsewhere(void) {
    skip_without(&conv_stem, (struct conv_shape){1, 8, 8, 1, 2, 2, 64, 7, 2, 3, true});
}

static void test_refusals(void **state) {
    (void)state;
    struct conv_shape s = {1, 8, 8, 1, 2, 2, 8, 7, 2, 3, true};
    assert_false(conv_stem.takes(&s)); /* 8 outputs */
    s = (struct conv_shape){1, 8, 8, 1, 4, 4, 64, 7, 2, 3, false};
    assert_false(conv_stem.takes(&s)); /* no pooling */
    s = (struct conv_shape){1, 8, 8, 2, 2, 2, 64, 7, 2, 3, true};
    assert_false(conv_stem.takes(&s)); /* 2 inputs */
}

static void test_edges(void **state) {
    (void)state;
    static const int sides[][2] = {{1, 1},   {1, 2},   {2, 1},   {1, 40},  {40, 1},  {2, 2},   {3, 4},   {4, 3},
                                   {5, 5},   {7, 6},   {8, 9},   {13, 11}, {16, 26}, {17, 27}, {18, 28}, {19, 29},
                                   {33, 30}, {40, 40}, {37, 53}, {6, 55},  {5, 56},  {9, 57},  {4, 58},  {12, 110}};
    skip_elsewhere();
    for (int k = 0; k < KERNELS; k++)
        for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++)
            for (int bits = 0; bits < 4; bits++) {
                struct problem p = stem_new(2, sides[i][0], sides[i][1], bits & 1 ? kernels[k].in_c : 1, i % 3 ? 64 : 32, bits & 2);
                check_near(kernels[k].kernel, &p, kernels[k].allowed);
                problem_free(&p);
            }
}

/* Larger than the caches: the results are written past them. */
static void test_large(void **state) {
    (void)state;
    skip_elsewhere();
    struct problem p = stem_new(2, 1030, 901, 1, 64, true);
    for (int k = 0; k < KERNELS; k++) {
        const struct conv_error e = check_near(kernels[k].kernel, &p, kernels[k].allowed);
        print_message("%s: worst %.1e, rms %.1e\n", kernels[k].kernel->name, e.worst, e.rms);
    }
    problem_free(&p);
}

static void test_bits(void **state) {
    (void)state;
    skip_elsewhere();
    for (int k = 0; k < KERNELS; k++)
        for (int in_c = 1; in_c <= kernels[k].in_c; in_c += 2) {
            struct problem p = stem_new(3, 43, 161, in_c, 64, true);
            check_bits(kernels[k].kernel, &p, 7, false);
            problem_free(&p);
        }
}

int main(void) {
    pool_set_threads(2);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
