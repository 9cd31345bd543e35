/* The fused stem against the definition of convolution, ReLU and max-pooling in double; and that threads and batch change no bit. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/pool.h"
#include "base/rng.h"
#include "tensor/conv_kernel.h"

static const struct {
    const struct conv_kernel *kernel;
    int in_c;         /* 1, or 1 and 3 */
    double tolerance; /* largest error over root mean square */
} kernels[] = {{&conv_stem, 3, 3e-6}, {&conv_stem_fast, 1, 1e-5}};

enum { KERNELS = sizeof kernels / sizeof kernels[0] };

static float *random_floats(size_t n, uint32_t item) {
    float *x = mem_alloc_aligned(n, sizeof *x, NULL);
    assert_non_null(x);
    const struct rng r = rng_make(13, 97, item);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)rng_normal(&r, i);
    return x;
}

struct problem {
    struct conv_shape shape;
    int conv_h, conv_w;
    float *x, *w, *bias;
    size_t n_out;
    bool relu;
};

static struct problem problem_new(int n, int h, int w, int in_c, int out_c, bool relu) {
    struct problem p = {.conv_h = (h - 1) / 2 + 1, .conv_w = (w - 1) / 2 + 1, .relu = relu};
    p.shape = (struct conv_shape){n, h, w, in_c, (p.conv_h - 1) / 2 + 1, (p.conv_w - 1) / 2 + 1, out_c, 7, 2, 3, true};
    p.n_out = (size_t)n * (size_t)p.shape.out_h * (size_t)p.shape.out_w * (size_t)out_c;
    p.x = random_floats((size_t)n * (size_t)h * (size_t)w * (size_t)in_c, 1);
    p.w = random_floats((size_t)out_c * (size_t)in_c * 49, 2);
    p.bias = random_floats((size_t)out_c, 3);
    return p;
}

static void problem_free(struct problem *p) {
    free(p->x);
    free(p->w);
    free(p->bias);
}

/* One number of the convolution by the definition. */
static double convolved(const struct problem *p, int n, int i, int j, int o) {
    const struct conv_shape *s = &p->shape;
    double sum = (double)p->bias[o];
    for (int u = 0; u < 7; u++)
        for (int v = 0; v < 7; v++) {
            const int y = 2 * i + u - 3, x = 2 * j + v - 3;
            if (y < 0 || y >= s->in_h || x < 0 || x >= s->in_w)
                continue;
            for (int c = 0; c < s->in_c; c++)
                sum += (double)p->x[((size_t)(n * s->in_h + y) * (size_t)s->in_w + (size_t)x) * (size_t)s->in_c + (size_t)c] *
                       (double)p->w[((o * s->in_c + c) * 7 + u) * 7 + v];
        }
    return sum;
}

/* One output: the largest of the valid ones of nine. */
static double reference(const struct problem *p, size_t at) {
    const struct conv_shape *s = &p->shape;
    const int o = (int)(at % (size_t)s->out_c), j = (int)(at / (size_t)s->out_c % (size_t)s->out_w);
    const int i = (int)(at / (size_t)(s->out_c * s->out_w) % (size_t)s->out_h), n = (int)(at / (size_t)(s->out_c * s->out_w * s->out_h));
    double most = -INFINITY;
    for (int y = 2 * i - 1; y <= 2 * i + 1; y++)
        for (int x = 2 * j - 1; x <= 2 * j + 1; x++)
            if (y >= 0 && y < p->conv_h && x >= 0 && x < p->conv_w)
                most = fmax(most, convolved(p, n, y, x, o));
    return p->relu && most < 0 ? 0 : most;
}

/* Run into a fresh destination; scratch and destination start as NaN, so that nothing stale can pass. */
static float *run(const struct conv_kernel *k, const struct problem *p) {
    const struct conv_shape *s = &p->shape;
    const size_t scratch_bytes = k->scratch_bytes(s, pool_threads());
    void *packed = mem_alloc_aligned(k->packed_bytes(s), 1, NULL), *scratch = mem_alloc_aligned(scratch_bytes, 1, NULL);
    float *dst = mem_alloc_aligned(p->n_out, sizeof *dst, NULL);
    assert_true(packed && scratch && dst);
    memset(scratch, 0xFF, scratch_bytes);
    memset(dst, 0xFF, p->n_out * sizeof *dst);
    k->pack(packed, p->w, s);
    const struct conv_call call = {*s, p->x, packed, p->bias, NULL, p->relu, dst, scratch};
    k->run(&call);
    free(packed);
    free(scratch);
    return dst;
}

/* Every `step`-th output. */
static double error_over_rms(const struct problem *p, const float *dst, size_t step) {
    double worst = 0, square = 0;
    size_t count = 0;
    for (size_t i = 0; i < p->n_out; i += step, count++) {
        const double want = reference(p, i);
        worst = isfinite(dst[i]) ? fmax(worst, fabs((double)dst[i] - want)) : INFINITY;
        square += want * want;
    }
    return worst / sqrt(square / (double)count + 1e-30);
}

static bool available(void) {
    const struct conv_shape s = {1, 8, 8, 1, 2, 2, 64, 7, 2, 3, true};
    if (!conv_stem.takes(&s))
        print_message("skipped: this processor has no AVX-512\n");
    return conv_stem.takes(&s);
}

static void test_takes(void **state) {
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
    if (!available())
        return;
    for (int k = 0; k < KERNELS; k++)
        for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++)
            for (int bits = 0; bits < 4; bits++) {
                const int in_c = bits & 1 ? kernels[k].in_c : 1;
                struct problem p = problem_new(2, sides[i][0], sides[i][1], in_c, i % 3 ? 64 : 32, bits & 2);
                float *dst = run(kernels[k].kernel, &p);
                const double error = error_over_rms(&p, dst, 1);
                if (error > kernels[k].tolerance)
                    fail_msg("%s %dx%d, %d channels: %g", kernels[k].kernel->name, sides[i][0], sides[i][1], in_c, error);
                free(dst);
                problem_free(&p);
            }
}

/* Larger than the caches: the results are written past them. */
static void test_large(void **state) {
    (void)state;
    if (!available())
        return;
    struct problem p = problem_new(2, 1030, 901, 1, 64, true);
    for (int k = 0; k < KERNELS; k++) {
        float *dst = run(kernels[k].kernel, &p);
        const double error = error_over_rms(&p, dst, 997);
        if (error > kernels[k].tolerance)
            fail_msg("%s: %g", kernels[k].kernel->name, error);
        free(dst);
    }
    problem_free(&p);
}

/* Every thread count and each image alone give the bits of the whole. */
static void bits_of(const struct conv_kernel *k, int in_c) {
    struct problem p = problem_new(3, 43, 161, in_c, 64, true);
    pool_set_threads(1);
    float *whole = run(k, &p);
    for (int n = 2; n <= 7; n++) {
        pool_set_threads(n);
        float *other = run(k, &p);
        assert_memory_equal(whole, other, p.n_out * sizeof *whole);
        free(other);
    }
    for (int n = 0; n < 3; n++) {
        struct problem one = problem_new(1, 43, 161, in_c, 64, true);
        const size_t in = 43 * 161 * (size_t)in_c;
        memcpy(one.x, p.x + (size_t)n * in, in * sizeof *one.x);
        float *alone = run(k, &one);
        assert_memory_equal(whole + (size_t)n * one.n_out, alone, one.n_out * sizeof *alone);
        free(alone);
        problem_free(&one);
    }
    free(whole);
    problem_free(&p);
}

static void test_bits(void **state) {
    (void)state;
    if (!available())
        return;
    const int threads = pool_threads();
    for (int k = 0; k < KERNELS; k++)
        for (int in_c = 1; in_c <= kernels[k].in_c; in_c += 2)
            bits_of(kernels[k].kernel, in_c);
    pool_set_threads(threads);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_takes), cmocka_unit_test(test_edges), cmocka_unit_test(test_large),
                                       cmocka_unit_test(test_bits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
