/* The stride-2 kernel against the definition in double: every height and width up to two tiles and more, and few and many channels (its
 * two ways of dividing the work); and that threads and batch change no bit. */
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

/* Largest error over root mean square. */
#define TOLERANCE 3e-5

enum { SIDE_MAX = 19 };

struct problem {
    struct conv_shape shape;
    size_t n_in, n_out;
    float *x, *w, *bias;
};

static float *random_floats(size_t n, uint32_t item, double scale) {
    float *x = mem_alloc_aligned(n, sizeof *x, NULL);
    assert_non_null(x);
    const struct rng r = rng_make(17, 96, item);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(scale * rng_normal(&r, i));
    return x;
}

static struct problem problem_new(int n, int h, int w, int in_c, int out_c) {
    struct problem p = {.shape = {n, h, w, in_c, (h + 1) / 2, (w + 1) / 2, out_c, 3, 2, 1, false}};
    p.n_in = (size_t)n * (size_t)h * (size_t)w * (size_t)in_c;
    p.n_out = (size_t)n * (size_t)p.shape.out_h * (size_t)p.shape.out_w * (size_t)out_c;
    p.x = random_floats(p.n_in, 1, 1.0);
    p.w = random_floats((size_t)out_c * (size_t)in_c * 9, 2, sqrt(2.0 / (9 * in_c)));
    p.bias = random_floats((size_t)out_c, 3, 1.0);
    return p;
}

static void problem_free(struct problem *p) {
    free(p->x);
    free(p->w);
    free(p->bias);
}

/* One output before the ReLU: sum over the window of x[2i + u - 1][2j + v - 1] w[u][v]. */
static double reference(const struct problem *p, size_t at) {
    const struct conv_shape *s = &p->shape;
    const size_t out_c = (size_t)s->out_c, o = at % out_c, pixel = at / out_c;
    const int j = (int)(pixel % (size_t)s->out_w), i = (int)(pixel / (size_t)s->out_w % (size_t)s->out_h);
    const size_t n = pixel / (size_t)s->out_w / (size_t)s->out_h, in_c = (size_t)s->in_c;
    double sum = (double)p->bias[o];
    for (int u = 0; u < 3; u++)
        for (int v = 0; v < 3; v++) {
            const int y = 2 * i + u - 1, x = 2 * j + v - 1;
            if (y < 0 || y >= s->in_h || x < 0 || x >= s->in_w)
                continue;
            const float *px = p->x + ((n * (size_t)s->in_h + (size_t)y) * (size_t)s->in_w + (size_t)x) * in_c;
            for (size_t c = 0; c < in_c; c++)
                sum += (double)px[c] * (double)p->w[(o * in_c + c) * 9 + (size_t)(3 * u + v)];
        }
    return sum;
}

/* Scratch and destination start as NaN, so that nothing stale can pass. */
static float *run(const struct problem *p, bool relu) {
    const struct conv_shape *s = &p->shape;
    const size_t scratch_bytes = conv_strided.scratch_bytes(s, pool_threads());
    void *packed = mem_alloc_aligned(conv_strided.packed_bytes(s), 1, NULL), *scratch = mem_alloc_aligned(scratch_bytes, 1, NULL);
    float *dst = mem_alloc_aligned(p->n_out, sizeof *dst, NULL);
    assert_true(packed && scratch && dst);
    memset(scratch, 0xFF, scratch_bytes);
    memset(dst, 0xFF, p->n_out * sizeof *dst);
    conv_strided.pack(packed, p->w, s);
    const struct conv_call call = {*s, p->x, packed, p->bias, NULL, relu, dst, scratch};
    conv_strided.run(&call);
    free(packed);
    free(scratch);
    return dst;
}

static void compare(const struct problem *p, bool relu) {
    float *dst = run(p, relu);
    double worst = 0, square = 0;
    for (size_t i = 0; i < p->n_out; i++) {
        const double sum = reference(p, i), want = relu && sum < 0 ? 0 : sum;
        worst = isfinite(dst[i]) ? fmax(worst, fabs((double)dst[i] - want)) : INFINITY;
        square += sum * sum;
    }
    free(dst);
    if (worst > TOLERANCE * sqrt(square / (double)p->n_out))
        fail_msg("%dx%d, %d channels: %g", p->shape.in_h, p->shape.in_w, p->shape.in_c, worst);
}

static bool available(void) {
    const struct conv_shape s = {1, 8, 8, 64, 4, 4, 64, 3, 2, 1, false};
    if (!conv_strided.takes(&s))
        print_message("skipped: this processor has no AVX-512\n");
    return conv_strided.takes(&s);
}

static void test_takes(void **state) {
    (void)state;
    struct conv_shape s = {1, 8, 8, 64, 8, 8, 64, 3, 1, 1, false};
    assert_false(conv_strided.takes(&s)); /* stride 1 */
    s = (struct conv_shape){1, 8, 8, 64, 4, 4, 64, 1, 2, 0, false};
    assert_false(conv_strided.takes(&s)); /* 1x1 */
    s = (struct conv_shape){1, 8, 8, 7, 4, 4, 64, 3, 2, 1, false};
    assert_false(conv_strided.takes(&s)); /* 7 channels */
}

static void test_sides(void **state) {
    (void)state;
    if (!available())
        return;
    for (int h = 1; h <= SIDE_MAX; h++)
        for (int w = 1; w <= SIDE_MAX; w++) {
            struct problem p = problem_new(1 + (h + w) % 2, h, w, 16, 64);
            compare(&p, h % 2);
            problem_free(&p);
        }
}

static void test_channels(void **state) {
    (void)state;
    static const int shapes[][4] = {{40, 37, 64, 64}, {23, 9, 128, 64}, {14, 14, 256, 64}, {17, 26, 256, 128}, {6, 5, 512, 64}};
    if (!available())
        return;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct problem p = problem_new(2, shapes[i][0], shapes[i][1], shapes[i][2], shapes[i][3]);
        compare(&p, false);
        problem_free(&p);
    }
}

/* Every thread count and each image alone give the bits of the whole. */
static void test_bits(void **state) {
    (void)state;
    if (!available())
        return;
    const int threads = pool_threads();
    for (int in_c = 32; in_c <= 256; in_c *= 8) {
        struct problem p = problem_new(3, 41, 35, in_c, 128);
        pool_set_threads(1);
        float *whole = run(&p, true);
        for (int n = 2; n <= 5; n++) {
            pool_set_threads(n);
            float *other = run(&p, true);
            assert_memory_equal(whole, other, p.n_out * sizeof *whole);
            free(other);
        }
        for (size_t n = 0; n < 3; n++) {
            struct problem one = problem_new(1, 41, 35, in_c, 128);
            memcpy(one.x, p.x + n * one.n_in, one.n_in * sizeof *one.x);
            float *alone = run(&one, true);
            assert_memory_equal(whole + n * one.n_out, alone, one.n_out * sizeof *alone);
            free(alone);
            problem_free(&one);
        }
        free(whole);
        problem_free(&p);
    }
    pool_set_threads(threads);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_takes), cmocka_unit_test(test_sides), cmocka_unit_test(test_channels),
                                       cmocka_unit_test(test_bits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
