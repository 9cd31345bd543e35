/* The Winograd kernels at the sizes of the network: paths that small shapes never take (many channels, several blocks of tiles per thread,
 * V shared by the threads, outputs stored past the caches), against the definition in double at sampled outputs, and bit for bit. */
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

enum { PURPOSE = 97, SAMPLES = 3000 };

static float *random_floats(size_t n, uint32_t item, double scale) {
    float *x = mem_alloc_aligned(n, sizeof *x, NULL);
    assert_non_null(x);
    const struct rng r = rng_make(5, PURPOSE, item);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(scale * rng_normal(&r, i));
    return x;
}

struct problem {
    struct conv_shape shape;
    float *x, *w, *bias, *residual;
    size_t n_in, n_out; /* floats of all images */
};

static struct problem problem_new(int n, int h, int w, int in_c, int out_c) {
    struct problem p = {.shape = {n, h, w, in_c, h, w, out_c, 3, 1, 1, false}};
    p.n_in = (size_t)n * (size_t)(h * w * in_c);
    p.n_out = (size_t)n * (size_t)(h * w * out_c);
    p.x = random_floats(p.n_in, 1, 1.0);
    p.w = random_floats((size_t)(out_c * in_c * 9), 2, sqrt(2.0 / (9 * in_c))); /* He et al. 2015: as in a network */
    p.bias = random_floats((size_t)out_c, 3, 0.1);
    p.residual = random_floats(p.n_out, 4, 1.0);
    return p;
}

static void problem_free(struct problem *p) {
    free(p->x);
    free(p->w);
    free(p->bias);
    free(p->residual);
}

/* Image i of p alone, borrowing p's memory. */
static struct problem image_of(const struct problem *p, size_t i) {
    struct problem one = *p;
    const size_t n = (size_t)p->shape.n;
    one.shape.n = 1;
    one.n_in = p->n_in / n;
    one.n_out = p->n_out / n;
    one.x = p->x + i * one.n_in;
    one.residual = p->residual + i * one.n_out;
    return one;
}

/* Convolution at one output by its definition, without residual and ReLU. */
static double definition(const struct problem *p, size_t at) {
    const struct conv_shape *s = &p->shape;
    const int o = (int)(at % (size_t)s->out_c);
    const size_t pixel = at / (size_t)s->out_c, row = pixel / (size_t)s->out_w;
    const int j = (int)(pixel % (size_t)s->out_w), i = (int)(row % (size_t)s->out_h), n = (int)(row / (size_t)s->out_h);
    double sum = (double)p->bias[o];
    for (int u = 0; u < 3; u++)
        for (int v = 0; v < 3; v++) {
            const int y = i + u - 1, x = j + v - 1;
            if (y < 0 || y >= s->in_h || x < 0 || x >= s->in_w)
                continue;
            const float *px = p->x + (((size_t)n * (size_t)s->in_h + (size_t)y) * (size_t)s->in_w + (size_t)x) * (size_t)s->in_c;
            for (int c = 0; c < s->in_c; c++)
                sum += (double)px[c] * (double)p->w[((o * s->in_c + c) * 3 + u) * 3 + v];
        }
    return sum;
}

/* Scratch starts as NaN and is followed by a guard: nothing stale can pass, nothing is written behind it. in_place: dst is the residual. */
static float *run(const struct conv_kernel *k, const struct problem *p, bool relu, bool residual, bool in_place) {
    enum { GUARD = 64 };
    const struct conv_shape *s = &p->shape;
    const size_t bytes = k->scratch_bytes(s, pool_threads());
    void *packed = mem_alloc_aligned(k->packed_bytes(s), 1, NULL);
    unsigned char *scratch = mem_alloc_aligned(bytes + GUARD, 1, NULL), guard[GUARD];
    float *dst = mem_alloc_aligned(p->n_out, sizeof *dst, NULL);
    assert_true(packed && scratch && dst);
    memset(scratch, 0xFF, bytes + GUARD);
    memset(guard, 0xFF, GUARD);
    memset(dst, 0xFF, p->n_out * sizeof *dst);
    if (in_place)
        memcpy(dst, p->residual, p->n_out * sizeof *dst);
    k->pack(packed, p->w, s);
    const struct conv_call call = {*s, p->x, packed, p->bias, !residual ? NULL : in_place ? dst : p->residual, relu, dst, scratch};
    k->run(&call);
    assert_memory_equal(scratch + bytes, guard, GUARD);
    free(packed);
    free(scratch);
    return dst;
}

static const struct conv_kernel *const kernels[] = {&conv_winograd6, &conv_winograd4};

enum { KERNELS = sizeof kernels / sizeof kernels[0] };

static bool available(void) {
    const struct conv_shape s = {1, 8, 8, 64, 8, 8, 64, 3, 1, 1, false};
    if (!conv_winograd6.takes(&s))
        print_message("skipped: this processor has no AVX-512\n");
    return conv_winograd6.takes(&s);
}

/* Largest and root-mean-square error over the root mean square of the outputs, at channel counts of the network. Both grow with the
 * channels; the largest are at the far corner of a tile, where the output transform has its largest coefficients. */
static void test_error(void **state) {
    (void)state;
    static const struct {
        int h, w, in_c, out_c;
    } shapes[] = {{58, 64, 64, 64}, {44, 40, 128, 128}, {40, 26, 256, 128}, {72, 40, 512, 64}, {103, 100, 256, 64}, {7, 7, 512, 192}};
    static const double worst_allowed[] = {2e-4, 1.2e-4}, mean_allowed[] = {1.5e-5, 8e-6};
    if (!available())
        return;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct problem p = problem_new(1, shapes[i].h, shapes[i].w, shapes[i].in_c, shapes[i].out_c);
        const struct rng pick = rng_make(6, PURPOSE, (uint32_t)i);
        double want[SAMPLES], square = 0;
        size_t at[SAMPLES];
        for (size_t t = 0; t < SAMPLES; t++) {
            at[t] = (size_t)(rng_uniform(&pick, t) * (double)p.n_out) % p.n_out;
            want[t] = definition(&p, at[t]);
            square += want[t] * want[t];
        }
        for (int k = 0; k < KERNELS; k++) {
            float *dst = run(kernels[k], &p, false, false, false);
            double worst = 0, errors = 0;
            for (size_t t = 0; t < SAMPLES; t++) {
                const double difference = fabs((double)dst[at[t]] - want[t]);
                worst = isfinite(dst[at[t]]) ? fmax(worst, difference) : INFINITY;
                errors += difference * difference;
            }
            const double scale = sqrt(square / SAMPLES);
            worst /= scale;
            errors = sqrt(errors / SAMPLES) / scale;
            print_message("%s %d->%d %dx%d: worst %.1e, rms %.1e\n", kernels[k]->name, shapes[i].in_c, shapes[i].out_c, shapes[i].h,
                          shapes[i].w, worst, errors);
            if (!(worst < worst_allowed[k] && errors < mean_allowed[k]))
                fail_msg("%s, %d channels: worst %g, rms %g", kernels[k]->name, shapes[i].in_c, worst, errors);
            free(dst);
        }
        problem_free(&p);
    }
}

/* All images at once, each alone, and 1 to 3 threads: the same bits. */
static void same_bits(int n, int h, int w, int in_c, int out_c, bool in_place) {
    const int threads = pool_threads();
    for (int k = 0; k < KERNELS; k++) {
        struct problem p = problem_new(n, h, w, in_c, out_c);
        float *whole = run(kernels[k], &p, true, true, in_place);
        for (int t = 1; t <= 3; t++) {
            pool_set_threads(t);
            for (size_t i = 0; i < (size_t)n; i++) {
                const struct problem one = image_of(&p, i);
                float *alone = run(kernels[k], &one, true, true, !in_place);
                assert_memory_equal(whole + i * one.n_out, alone, one.n_out * sizeof *alone);
                free(alone);
            }
            float *again = run(kernels[k], &p, true, true, in_place);
            assert_memory_equal(whole, again, p.n_out * sizeof *again);
            free(again);
        }
        pool_set_threads(threads);
        free(whole);
        problem_free(&p);
    }
}

/* 225 tiles of 6x6 at 256 channels: one image fits a V of 16 MB that all threads share, two do not. */
static void test_bits_many_channels(void **state) {
    (void)state;
    if (available())
        same_bits(2, 89, 88, 256, 64, false);
}

/* Two images' outputs are 20 MB, stored past the caches; one image's are not. */
static void test_bits_streamed(void **state) {
    (void)state;
    if (available())
        same_bits(2, 205, 200, 64, 64, true);
}

/* Fewer column blocks than threads, and fewer tiles than threads. */
static void test_bits_few(void **state) {
    (void)state;
    if (!available())
        return;
    same_bits(2, 7, 7, 512, 64, false);
    same_bits(3, 2, 3, 64, 128, true);
}

int main(void) {
    pool_set_threads(2);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error),
        cmocka_unit_test(test_bits_many_channels),
        cmocka_unit_test(test_bits_streamed),
        cmocka_unit_test(test_bits_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
