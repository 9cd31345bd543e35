/* Speed of the 3x3 convolution kernels that training uses: forward, backward over the data, backward over the weights, at the network's
 * sizes. GFLOP/s are counted as of the definition (2 * 9 * in_c * out_c per output pixel), the best of several runs; "pack" is the time of
 * packing the weights for the kernel after it, "bf16" that of the kernel before it over bfloat16.
 *
 * Usage: bench_conv_grad [THREADS [PART OF A NAME]], as in `bench_conv_grad 2 mammo`. Bench code, above all floors. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/pool.h"
#include "kernel/conv_kernel.h"

enum { RUNS_MIN = 5, RUNS_MAX = 1000, TYPES = 2 };
static const double seconds_each = 0.4;

static const struct {
    const char *name;
    int n, h, w, in_c, out_c, stride;
} sizes[] = {
    {"mammo 64", 2, 574, 320, 64, 64, 1},         {"mammo 128", 2, 287, 160, 128, 128, 1},      {"mammo 256", 2, 144, 80, 256, 256, 1},
    {"mammo 512", 2, 72, 40, 512, 512, 1},        {"mammo 64-128", 2, 574, 320, 64, 128, 2},    {"mammo 128-256", 2, 287, 160, 128, 256, 2},
    {"mammo 256-512", 2, 144, 80, 256, 512, 2},   {"ultra32 64", 32, 56, 56, 64, 64, 1},        {"ultra32 128", 32, 28, 28, 128, 128, 1},
    {"ultra32 256", 32, 14, 14, 256, 256, 1},     {"ultra32 512", 32, 7, 7, 512, 512, 1},       {"ultra32 64-128", 32, 56, 56, 64, 128, 2},
    {"ultra32 128-256", 32, 28, 28, 128, 256, 2}, {"ultra32 256-512", 32, 14, 14, 256, 512, 2}, {"ultra2 64", 2, 56, 56, 64, 64, 1},
    {"ultra2 128", 2, 28, 28, 128, 128, 1},       {"ultra2 256", 2, 14, 14, 256, 256, 1},       {"ultra2 512", 2, 7, 7, 512, 512, 1},
    {"ultra2 64-128", 2, 56, 56, 64, 128, 2},     {"ultra2 128-256", 2, 28, 28, 128, 256, 2},   {"ultra2 256-512", 2, 14, 14, 256, 512, 2},
};

static const struct {
    const char *name;
    int stride;
    const struct conv_kernel *forward;
    const struct conv_data_kernel *data;
    const struct conv_weights_kernel *weights;
} kernels[] = {
    {"6x6", 1, &conv_winograd6, &conv_data_winograd6, &conv_weights_winograd6},
    {"4x4", 1, &conv_winograd4, &conv_data_winograd4, &conv_weights_winograd4},
    {"strided", 2, &conv_strided, &conv_data_strided, &conv_weights_strided},
};

struct work {
    struct conv_shape shape;
    void *x, *y; /* as type says */
    float *w, *bias;
    void *packed, *scratch;
    int kernel;
    enum conv_type type;
};

static void *need(size_t bytes) {
    struct err e;
    void *p = mem_alloc_aligned(bytes, 1, &e);
    if (!p) {
        fprintf(stderr, "bench_conv_grad: %s\n", e.message);
        exit(1);
    }
    memset(p, 0, bytes);
    return p;
}

static float value(size_t i) {
    return (float)(i * 2654435761U % 1000) / 1000.0F - 0.5F;
}

static float *floats(size_t n) {
    float *x = need(n * sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = value(i);
    return x;
}

static void *activations(size_t n, enum conv_type type) {
    if (type == CONV_F32)
        return floats(n);
    uint16_t *x = need(n * sizeof *x);
    for (size_t i = 0; i < n; i++) {
        const float v = value(i);
        uint32_t bits;
        memcpy(&bits, &v, sizeof bits);
        x[i] = (uint16_t)(bits >> 16);
    }
    return x;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The shortest of several runs, in seconds. */
static double best(void (*run)(const struct work *), const struct work *w) {
    double shortest = 1e30, total = 0;
    for (int i = 0; i < RUNS_MAX && (i < RUNS_MIN || total < seconds_each); i++) {
        const double start = now();
        run(w);
        const double took = now() - start;
        shortest = took < shortest ? took : shortest;
        total += took;
    }
    return shortest;
}

static void forward_pack(const struct work *w) {
    kernels[w->kernel].forward->pack(w->packed, w->w, &w->shape);
}

static void forward(const struct work *w) {
    kernels[w->kernel].forward->run(&(struct conv_call){.shape = w->shape,
                                                        .src = w->x,
                                                        .packed = w->packed,
                                                        .bias = w->bias,
                                                        .relu = true,
                                                        .dst = w->y,
                                                        .scratch = w->scratch,
                                                        .type = w->type});
}

static void data_pack(const struct work *w) {
    kernels[w->kernel].data->pack(w->packed, w->w, &w->shape);
}

static void data(const struct work *w) {
    kernels[w->kernel].data->run(&(struct conv_data_call){
        .shape = w->shape, .grad = w->y, .packed = w->packed, .dst = w->x, .scratch = w->scratch, .type = w->type});
}

static void weights(const struct work *w) {
    kernels[w->kernel].weights->run(
        &(struct conv_weights_call){.shape = w->shape, .src = w->x, .grad = w->y, .weights = w->w, .scratch = w->scratch, .type = w->type});
}

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

static void measure(size_t size, int kernel, int threads) {
    const int stride = sizes[size].stride, out_h = (sizes[size].h - 1) / stride + 1, out_w = (sizes[size].w - 1) / stride + 1;
    const struct conv_shape s = {
        sizes[size].n, sizes[size].h, sizes[size].w, sizes[size].in_c, out_h, out_w, sizes[size].out_c, 3, stride, 1, false};
    if (!kernels[kernel].forward->takes(&s) || !kernels[kernel].data->takes(&s) || !kernels[kernel].weights->takes(&s))
        return;
    const size_t outputs = (size_t)s.n * (size_t)out_h * (size_t)out_w, pairs = (size_t)s.in_c * (size_t)s.out_c;
    const double gflop = 2e-9 * 9 * (double)outputs * (double)pairs;
    struct work w = {.shape = s, .kernel = kernel};
    w.w = floats(pairs * 9);
    w.bias = floats((size_t)s.out_c);
    w.packed = need(larger(kernels[kernel].forward->packed_bytes(&s), kernels[kernel].data->packed_bytes(&s)));
    w.scratch = need(larger(kernels[kernel].weights->scratch_bytes(&s, threads),
                            larger(kernels[kernel].forward->scratch_bytes(&s, threads), kernels[kernel].data->scratch_bytes(&s, threads))));
    double pack = 0, back = 0, y[TYPES], dx[TYPES], dw[TYPES];
    for (int type = 0; type < TYPES; type++) {
        w.type = (enum conv_type)type;
        w.x = activations((size_t)s.n * (size_t)s.in_h * (size_t)s.in_w * (size_t)s.in_c, w.type);
        w.y = activations(outputs * (size_t)s.out_c, w.type);
        pack = best(forward_pack, &w);
        y[type] = best(forward, &w);
        back = best(data_pack, &w);
        dx[type] = best(data, &w);
        dw[type] = best(weights, &w);
        free(w.x);
        free(w.y);
    }
    printf("%-16s %-8s %7.2f %8.2f %6.0f %8.2f %7.2f %8.2f %6.0f %8.2f %8.2f %6.0f %8.2f\n", sizes[size].name, kernels[kernel].name,
           1e3 * pack, 1e3 * y[0], gflop / y[0], 1e3 * y[1], 1e3 * back, 1e3 * dx[0], gflop / dx[0], 1e3 * dx[1], 1e3 * dw[0],
           gflop / dw[0], 1e3 * dw[1]);
    fflush(stdout);
    free(w.w);
    free(w.bias);
    free(w.packed);
    free(w.scratch);
}

int main(int argc, char **argv) {
    const int threads = argc > 1 ? (int)strtol(argv[1], NULL, 10) : pool_threads();
    const char *part = argc > 2 ? argv[2] : "";
    pool_set_threads(threads);
    printf("%d threads; ms and GFLOP/s\n%-16s %-8s %7s %8s %6s %8s %7s %8s %6s %8s %8s %6s %8s\n", pool_threads(), "size", "kernel", "pack",
           "forward", "", "bf16", "pack", "data", "", "bf16", "weights", "", "bf16");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (int k = 0; k < (int)(sizeof kernels / sizeof kernels[0]); k++)
            if (kernels[k].stride == sizes[i].stride && strstr(sizes[i].name, part))
                measure(i, k, pool_threads());
    return 0;
}
