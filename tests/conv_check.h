/* What the tests of our own convolution kernels share: a random problem, its outputs by the definition of convolution in double, a run into
 * buffers full of NaN, and the two things asked of every kernel: outputs near the definition, and the same bits for any number of threads
 * and images. Test code, above all floors. */
#ifndef BMU_TESTS_CONV_CHECK_H
#define BMU_TESTS_CONV_CHECK_H

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
#include "kernel/conv_kernel.h"

/* --- problems -------------------------------------------------------------------------------------------------------------- */

struct problem {
    struct conv_shape shape;
    float *x, *w, *bias;
    float *residual;    /* NULL: none */
    size_t n_in, n_out; /* floats of all images */
    bool relu;
};

enum { CONV_PURPOSE = 97 }; /* of random numbers */

static inline float *random_floats(size_t n, uint32_t item, double scale) {
    float *x = mem_alloc_aligned(n, sizeof *x, NULL);
    assert_non_null(x);
    const struct rng r = rng_make(5, CONV_PURPOSE, item);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(scale * rng_normal(&r, i));
    return x;
}

/* The outputs' size follows from the rest of the shape. bias: its standard deviation. A large one raises the outputs' mean square, of which
 * errors are a part. */
static inline struct problem problem_new(struct conv_shape s, double bias, bool relu, bool residual) {
    const int halvings = s.pool ? 2 : 1;
    s.out_h = s.in_h;
    s.out_w = s.in_w;
    for (int i = 0; i < halvings && s.stride == 2; i++) {
        s.out_h = (s.out_h - 1) / 2 + 1;
        s.out_w = (s.out_w - 1) / 2 + 1;
    }
    const size_t window = (size_t)s.in_c * (size_t)(s.kernel * s.kernel);
    struct problem p = {.shape = s, .relu = relu};
    p.n_in = (size_t)s.n * (size_t)s.in_h * (size_t)s.in_w * (size_t)s.in_c;
    p.n_out = (size_t)s.n * (size_t)s.out_h * (size_t)s.out_w * (size_t)s.out_c;
    p.x = random_floats(p.n_in, 1, 1.0);
    p.w = random_floats((size_t)s.out_c * window, 2, sqrt(2.0 / (double)window)); /* He et al. 2015: as in a network */
    p.bias = random_floats((size_t)s.out_c, 3, bias);
    p.residual = residual ? random_floats(p.n_out, 4, 1.0) : NULL;
    return p;
}

static inline void problem_free(struct problem *p) {
    free(p->x);
    free(p->w);
    free(p->bias);
    free(p->residual);
}

static inline float *copy_floats(const float *from, size_t n) {
    float *to = mem_alloc_aligned(n, sizeof *to, NULL);
    assert_non_null(to);
    memcpy(to, from, n * sizeof *to);
    return to;
}

/* Image i of p alone: a copy, because in p it may begin anywhere and a kernel may want it aligned. */
static inline struct problem problem_image(const struct problem *p, size_t i) {
    struct problem one = *p;
    const size_t n = (size_t)p->shape.n;
    one.shape.n = 1;
    one.n_in = p->n_in / n;
    one.n_out = p->n_out / n;
    one.x = copy_floats(p->x + i * one.n_in, one.n_in);
    one.w = copy_floats(p->w, (size_t)(p->shape.out_c * p->shape.in_c * p->shape.kernel * p->shape.kernel));
    one.bias = copy_floats(p->bias, (size_t)p->shape.out_c);
    one.residual = p->residual ? copy_floats(p->residual + i * one.n_out, one.n_out) : NULL;
    return one;
}

/* --- bfloat16 ---------------------------------------------------------------------------------------------------------------- */

static inline float bf16_value(uint16_t half) {
    const uint32_t bits = (uint32_t)half << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The nearest number, of two as near the even one; a NaN stays one. */
static inline uint16_t bf16_nearest(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (isnan(x))
        return 0x7FC0;
    const uint16_t down = (uint16_t)(bits >> 16);
    const uint32_t rest = bits & 0xFFFF;
    return rest > 0x8000 || (rest == 0x8000 && down % 2) ? (uint16_t)(down + 1) : down;
}

/* n numbers, owned. */
static inline uint16_t *bf16_of(const float *x, size_t n) {
    uint16_t *y = mem_alloc_aligned(n, sizeof *y, NULL);
    assert_non_null(y);
    for (size_t i = 0; i < n; i++)
        y[i] = bf16_nearest(x[i]);
    return y;
}

static inline void bf16_round(float *x, size_t n) {
    for (size_t i = 0; x && i < n; i++)
        x[i] = bf16_value(bf16_nearest(x[i]));
}

/* n numbers of `x` as a kernel wants them, owned; NULL from NULL. */
static inline void *activations_of(const float *x, size_t n, enum conv_type type) {
    if (!x)
        return NULL;
    return type == CONV_BF16 ? (void *)bf16_of(x, n) : (void *)copy_floats(x, n);
}

static inline size_t activations_bytes(size_t n, enum conv_type type) {
    return n * (type == CONV_BF16 ? sizeof(uint16_t) : sizeof(float));
}

/* --- the definition -------------------------------------------------------------------------------------------------------- */

/* Channel o of image n at row i and column j of the convolution, with the bias. */
static inline double convolved(const struct problem *p, size_t n, int i, int j, size_t o) {
    const struct conv_shape *s = &p->shape;
    const size_t in_c = (size_t)s->in_c, window = (size_t)(s->kernel * s->kernel);
    double sum = (double)p->bias[o];
    for (int u = 0; u < s->kernel; u++)
        for (int v = 0; v < s->kernel; v++) {
            const int y = i * s->stride + u - s->pad, x = j * s->stride + v - s->pad;
            if (y < 0 || y >= s->in_h || x < 0 || x >= s->in_w)
                continue;
            const float *px = p->x + ((n * (size_t)s->in_h + (size_t)y) * (size_t)s->in_w + (size_t)x) * in_c;
            const float *w = p->w + o * in_c * window + (size_t)(u * s->kernel + v);
            for (size_t c = 0; c < in_c; c++)
                sum += (double)px[c] * (double)w[c * window];
        }
    return sum;
}

/* Output number `at`; with pooling, the largest of those of nine that exist. */
static inline double definition(const struct problem *p, size_t at) {
    const struct conv_shape *s = &p->shape;
    const size_t o = at % (size_t)s->out_c, pixel = at / (size_t)s->out_c, row = pixel / (size_t)s->out_w, n = row / (size_t)s->out_h;
    const int j = (int)(pixel % (size_t)s->out_w), i = (int)(row % (size_t)s->out_h);
    const int conv_h = (s->in_h - 1) / s->stride + 1, conv_w = (s->in_w - 1) / s->stride + 1;
    double out = -INFINITY;
    if (!s->pool)
        out = convolved(p, n, i, j, o) + (p->residual ? (double)p->residual[at] : 0);
    for (int y = 2 * i - 1; s->pool && y <= 2 * i + 1; y++)
        for (int x = 2 * j - 1; x <= 2 * j + 1; x++)
            if (y >= 0 && y < conv_h && x >= 0 && x < conv_w)
                out = fmax(out, convolved(p, n, y, x, o));
    return p->relu && out < 0 ? 0 : out;
}

/* --- running a kernel ------------------------------------------------------------------------------------------------------ */

/* Bytes behind a buffer that must stay as they are. None under AddressSanitizer, which looks itself, and at reading too. */
#ifdef __SANITIZE_ADDRESS__
enum { GUARD = 0 };
#else
enum { GUARD = 64 };
#endif

/* A buffer of NaN: nothing stale can pass. */
static inline void *guarded_new(size_t bytes) {
    void *p = mem_alloc_aligned(bytes + GUARD, 1, NULL);
    assert_non_null(p);
    memset(p, 0xFF, bytes + GUARD);
    return p;
}

static inline void guarded_check(const void *buffer, size_t bytes, const char *what) {
    for (size_t i = bytes; i < bytes + GUARD; i++)
        if (((const unsigned char *)buffer)[i] != 0xFF)
            fail_msg("something was written behind %s", what);
}

/* The outputs, owned, stored as `type`. in_place: they overwrite the residual. */
static inline void *conv_run_type(const struct conv_kernel *k, const struct problem *p, enum conv_type type, bool in_place) {
    const struct conv_shape *s = &p->shape;
    const size_t scratch_bytes = k->scratch_bytes(s, pool_threads()), packed_bytes = k->packed_bytes(s),
                 dst_bytes = activations_bytes(p->n_out, type);
    void *packed = guarded_new(packed_bytes), *scratch = guarded_new(scratch_bytes), *dst = guarded_new(dst_bytes);
    void *src = activations_of(p->x, p->n_in, type), *residual = activations_of(p->residual, p->n_out, type);
    if (residual && in_place)
        memcpy(dst, residual, dst_bytes);
    k->pack(packed, p->w, s);
    const struct conv_call call = {*s, src, packed, p->bias, residual && in_place ? dst : residual, p->relu, dst, scratch, type};
    k->run(&call);
    guarded_check(packed, packed_bytes, "the packed weights");
    guarded_check(scratch, scratch_bytes, "the scratch memory");
    guarded_check(dst, dst_bytes, "the outputs");
    free(packed);
    free(scratch);
    free(src);
    free(residual);
    return dst;
}

static inline float *conv_run(const struct conv_kernel *k, const struct problem *p, bool in_place) {
    return conv_run_type(k, p, CONV_F32, in_place);
}

/* --- what is asked of a kernel --------------------------------------------------------------------------------------------- */

/* Ends the test as skipped where the processor lacks what the kernel needs; s is a shape that the kernel takes. */
static inline void skip_without(const struct conv_kernel *k, struct conv_shape s) {
    if (k->takes(&s))
        return;
    print_message("skipped: this processor has no AVX-512\n");
    skip();
}

struct conv_error {
    double worst, rms; /* over the root mean square of the outputs */
};

/* Of n numbers, at each or, if there are more than `every`, at `samples` random ones. want(ctx, at): what number `at` should be. */
static inline struct conv_error error_against(const float *got, size_t n, size_t every, size_t samples,
                                              double (*want)(const void *ctx, size_t at), const void *ctx) {
    const struct rng pick = rng_make(6, CONV_PURPOSE, 5);
    const size_t count = n <= every ? n : samples;
    double worst = 0, errors = 0, square = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t at = count == n ? i : (size_t)(rng_uniform(&pick, i) * (double)n) % n;
        const double wanted = want(ctx, at), difference = isfinite(got[at]) ? fabs((double)got[at] - wanted) : INFINITY;
        worst = fmax(worst, difference);
        errors += difference * difference;
        square += wanted * wanted;
    }
    const double scale = sqrt(square / (double)count + 1e-30);
    return (struct conv_error){worst / scale, sqrt(errors / (double)count) / scale};
}

static inline double defined_output(const void *problem, size_t at) {
    return definition(problem, at);
}

/* At every output, or at random ones where there are very many. */
static inline struct conv_error error_of(const struct problem *p, const float *dst) {
    return error_against(dst, p->n_out, 100000, 8000, defined_output, p);
}

/* Runs the kernel and fails where it is off by more than allowed. Returns the error. */
static inline struct conv_error check_near(const struct conv_kernel *k, const struct problem *p, struct conv_error allowed) {
    const struct conv_shape *s = &p->shape;
    float *dst = conv_run(k, p, false);
    const struct conv_error e = error_of(p, dst);
    free(dst);
    if (!(e.worst <= allowed.worst && e.rms <= allowed.rms))
        fail_msg("%s, %d images %dx%d, %d -> %d channels%s%s: worst %g, rms %g", k->name, s->n, s->in_h, s->in_w, s->in_c, s->out_c,
                 p->relu ? ", ReLU" : "", p->residual ? ", residual" : "", e.worst, e.rms);
    return e;
}

/* All images at once and each alone, for 1 to `threads` threads: the same bits. A residual is overwritten in one and not in the other. */
static inline void check_bits(const struct conv_kernel *k, const struct problem *p, int threads, bool in_place) {
    const int before = pool_threads();
    float *whole = conv_run(k, p, in_place);
    for (int t = 1; t <= threads; t++) {
        pool_set_threads(t);
        float *again = conv_run(k, p, in_place);
        assert_memory_equal(whole, again, p->n_out * sizeof *again);
        free(again);
        for (size_t i = 0; i < (size_t)p->shape.n; i++) {
            struct problem one = problem_image(p, i);
            float *alone = conv_run(k, &one, !in_place);
            assert_memory_equal(whole + i * one.n_out, alone, one.n_out * sizeof *alone);
            free(alone);
            problem_free(&one);
        }
    }
    pool_set_threads(before);
    free(whole);
}

/* In bfloat16, for 1 to `threads` threads: what float32 gives for the same numbers, rounded. Rounds what p holds. */
static inline void check_bf16(const struct conv_kernel *k, struct problem *p, int threads) {
    const int before = pool_threads();
    bf16_round(p->x, p->n_in);
    bf16_round(p->residual, p->n_out);
    float *exact = conv_run(k, p, false);
    uint16_t *want = bf16_of(exact, p->n_out);
    for (int t = 1; t <= threads; t++) {
        pool_set_threads(t);
        uint16_t *got = conv_run_type(k, p, CONV_BF16, t % 2);
        assert_memory_equal(want, got, p->n_out * sizeof *got);
        free(got);
    }
    pool_set_threads(before);
    free(exact);
    free(want);
}

#endif
