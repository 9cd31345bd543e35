/* Our tiled convolutions against the definition in double, over odd sizes and edges; and that threads and batch change no bit. */
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

static float *random_floats(size_t n, uint32_t item, double scale) {
    float *x = mem_alloc_aligned(n, sizeof *x, NULL);
    assert_non_null(x);
    const struct rng r = rng_make(11, 98, item);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(scale * rng_normal(&r, i));
    return x;
}

struct problem {
    struct conv_shape shape;
    float *x, *w, *bias, *residual;
    size_t n_out;
};

static struct problem problem_new(int n, int h, int w, int in_c, int out_c, int stride) {
    const int oh = (h - 1) / stride + 1, ow = (w - 1) / stride + 1;
    struct problem p = {.shape = {n, h, w, in_c, oh, ow, out_c, 3, stride, 1, false}};
    p.n_out = (size_t)(n * oh * ow * out_c);
    p.x = random_floats((size_t)(n * h * w * in_c), 1, 1.0);
    p.w = random_floats((size_t)(out_c * in_c * 9), 2, sqrt(2.0 / (9 * in_c)));
    p.bias = random_floats((size_t)out_c, 3, 1.0);
    p.residual = random_floats(p.n_out, 4, 1.0);
    return p;
}

static void problem_free(struct problem *p) {
    free(p->x);
    free(p->w);
    free(p->bias);
    free(p->residual);
}

/* One output by the definition. */
static double reference(const struct problem *p, size_t at, bool relu, bool residual) {
    const struct conv_shape *s = &p->shape;
    const int o = (int)(at % (size_t)s->out_c), j = (int)(at / (size_t)s->out_c % (size_t)s->out_w);
    const int i = (int)(at / (size_t)(s->out_c * s->out_w) % (size_t)s->out_h), n = (int)(at / (size_t)(s->out_c * s->out_w * s->out_h));
    double sum = (double)p->bias[o] + (residual ? (double)p->residual[at] : 0);
    for (int u = 0; u < 3; u++)
        for (int v = 0; v < 3; v++) {
            const int y = i * s->stride + u - 1, x = j * s->stride + v - 1;
            if (y < 0 || y >= s->in_h || x < 0 || x >= s->in_w)
                continue;
            for (int c = 0; c < s->in_c; c++)
                sum += (double)p->x[((size_t)(n * s->in_h + y) * (size_t)s->in_w + (size_t)x) * (size_t)s->in_c + (size_t)c] *
                       (double)p->w[((o * s->in_c + c) * 3 + u) * 3 + v];
        }
    return relu && sum < 0 ? 0 : sum;
}

/* Run into a fresh destination; scratch and destination start as NaN, so that nothing stale can pass. */
static float *run(const struct conv_kernel *k, const struct problem *p, bool relu, bool residual, bool in_place) {
    const struct conv_shape *s = &p->shape;
    const size_t scratch_bytes = k->scratch_bytes(s, pool_threads());
    void *packed = mem_alloc_aligned(k->packed_bytes(s), 1, NULL), *scratch = mem_alloc_aligned(scratch_bytes, 1, NULL);
    float *dst = mem_alloc_aligned(p->n_out, sizeof *dst, NULL);
    memset(scratch, 0xFF, scratch_bytes);
    memset(dst, 0xFF, p->n_out * sizeof *dst);
    if (in_place)
        memcpy(dst, p->residual, p->n_out * sizeof *dst);
    k->pack(packed, p->w, s);
    const struct conv_call call = {*s, p->x, packed, p->bias, residual ? in_place ? dst : p->residual : NULL, relu, dst, scratch};
    k->run(&call);
    free(packed);
    free(scratch);
    return dst;
}

static double error_over_rms(const struct problem *p, const float *dst, bool relu, bool residual) {
    double worst = 0, square = 0;
    for (size_t i = 0; i < p->n_out; i++) {
        const double want = reference(p, i, relu, residual), difference = fabs((double)dst[i] - want);
        worst = isfinite(dst[i]) ? fmax(worst, difference) : INFINITY;
        square += want * want;
    }
    return worst / sqrt(square / (double)p->n_out + 1e-30);
}

static const struct {
    const struct conv_kernel *kernel;
    int stride;
    double tolerance; /* largest error over the outputs' root mean square, at 64 channels */
} kernels[] = {{&conv_winograd6, 1, 6e-5}, {&conv_winograd4, 1, 6e-5}, {&conv_strided, 2, 3e-5}};

enum { KERNELS = sizeof kernels / sizeof kernels[0] };

static bool available(void) {
    const struct conv_shape s = {1, 8, 8, 64, 8, 8, 64, 3, 1, 1, false};
    if (!conv_winograd6.takes(&s))
        print_message("skipped: this processor has no AVX-512\n");
    return conv_winograd6.takes(&s);
}

static void test_edges(void **state) {
    (void)state;
    static const int sides[][2] = {{1, 1}, {1, 7}, {2, 3}, {5, 6}, {6, 6}, {7, 13}, {8, 8}, {12, 5}, {19, 20}, {25, 31}};
    if (!available())
        return;
    for (int k = 0; k < KERNELS; k++)
        for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++)
            for (int bits = 0; bits < 4; bits++) {
                struct problem p = problem_new(2, sides[i][0], sides[i][1], 16 << (i % 3), 64, kernels[k].stride);
                float *dst = run(kernels[k].kernel, &p, bits & 1, bits & 2, false);
                const double error = error_over_rms(&p, dst, bits & 1, bits & 2);
                if (error > kernels[k].tolerance)
                    fail_msg("%s %dx%d: %g", kernels[k].kernel->name, sides[i][0], sides[i][1], error);
                free(dst);
                problem_free(&p);
            }
}

static void test_in_place(void **state) {
    (void)state;
    if (!available())
        return;
    for (int k = 0; k < KERNELS; k++) {
        struct problem p = problem_new(1, 27, 33, 64, 128, kernels[k].stride);
        float *apart = run(kernels[k].kernel, &p, true, true, false), *place = run(kernels[k].kernel, &p, true, true, true);
        assert_memory_equal(apart, place, p.n_out * sizeof *apart);
        free(apart);
        free(place);
        problem_free(&p);
    }
}

/* Every thread count and each image alone give the bits of the whole. */
static void test_bits(void **state) {
    (void)state;
    if (!available())
        return;
    const int threads = pool_threads();
    for (int k = 0; k < KERNELS; k++) {
        struct problem p = problem_new(3, 41, 37, 32, 64, kernels[k].stride);
        float *whole = run(kernels[k].kernel, &p, true, true, false);
        for (int t = 1; t <= 5; t++) {
            pool_set_threads(t);
            float *again = run(kernels[k].kernel, &p, true, true, false);
            assert_memory_equal(whole, again, p.n_out * sizeof *whole);
            free(again);
        }
        pool_set_threads(threads);
        for (size_t n = 0; n < 3; n++) {
            struct problem one = p;
            one.shape.n = 1;
            one.n_out = p.n_out / 3;
            one.x = p.x + n * (size_t)(41 * 37 * 32);
            one.residual = p.residual + n * one.n_out;
            /* offsets are whole cache lines: 32 and 64 channels */
            float *alone = run(kernels[k].kernel, &one, true, true, false);
            assert_memory_equal(whole + n * one.n_out, alone, one.n_out * sizeof *alone);
            free(alone);
        }
        free(whole);
        problem_free(&p);
    }
}

static void test_refusals(void **state) {
    (void)state;
    struct conv_shape s = {1, 20, 20, 64, 20, 20, 64, 3, 1, 1, false};
    assert_false(conv_strided.takes(&s));
    s.out_c = 65;
    assert_false(conv_winograd6.takes(&s));
    s.out_c = 64;
    s.in_c = 3;
    assert_false(conv_winograd6.takes(&s));
    s.in_c = 64;
    s.kernel = 7;
    assert_false(conv_winograd4.takes(&s));
    s.kernel = 3;
    s.pad = 0;
    assert_false(conv_winograd4.takes(&s));
}

int main(void) {
    pool_set_threads(2);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
