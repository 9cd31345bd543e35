/* How long augmenting an image takes, on the calling thread: the warp alone, then training's steps. Usage: bench_warp [rounds]
 *
 * Prints the fastest round of each in milliseconds, of the named settings the mean. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/rng.h"
#include "image/warp.h"
#include "learn/augment.h"

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static float *picture(size_t n) {
    float *x = mem_alloc_aligned(n, sizeof *x, NULL);
    if (!x) {
        fprintf(stderr, "bench_warp: no memory\n");
        exit(1);
    }
    const struct rng r = rng_make(7, 1, 1);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)rng_uniform(&r, i);
    return x;
}

static void warps(const char *name, int height, int width, int channels, int rounds) {
    static const struct {
        const char *name;
        struct warp_motion motion;
        int field;
    } cases[] = {
        {"shift", {.right = 40, .scale = 1}, 0},
        {"mirror", {.mirror_y = 1, .scale = 1}, 0},
        {"turn 7", {.degrees = 7, .scale = 1}, 0},
        {"turn 20", {.degrees = 20, .scale = 1}, 0},
        {"turn 20 + elastic", {.degrees = 20, .scale = 1}, 1},
    };
    const size_t n = (size_t)height * (size_t)width * (size_t)channels;
    float *in = picture(n), *out = picture(n), control[2 * 7 * 7];
    const struct warp_field field = {4, 4, control};
    for (int i = 0; i < 2 * 7 * 7; i++)
        control[i] = (float)(i % 5 - 2);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct warp w = {.width = width, .height = height, .channels = channels, .field = cases[c].field ? &field : NULL};
        double best = 1e9;
        warp_affine(w.affine, width, height, &cases[c].motion);
        for (int r = 0; r < rounds; r++) {
            const double start = now();
            warp_image(out, in, &w);
            const double took = now() - start;
            best = took < best ? took : best;
        }
        printf("%-12s warp %-22s %8.3f ms\n", name, cases[c].name, best);
    }
    free(in);
    free(out);
}

/* Each step alone, then what the named settings take on average over `rounds` exams. */
static void steps(const char *name, enum slot slot, int rounds) {
    static const struct prep_profile profile = {"reference-v1", 2294, 1280, 224, 224, 5063.68, 8773.89, NULL};
    static const struct {
        const char *name;
        struct augment_draw draw;
    } cases[] = {
        {"nothing", {.scale = 1, .gamma = 1}},
        {"gamma", {.scale = 1, .gamma = 1.2}},
        {"speckle", {.scale = 1, .gamma = 1, .speckle = 0.1}},
        {"noise", {.scale = 1, .gamma = 1, .noise = 0.01}},
        {"blur", {.scale = 1, .gamma = 1, .blur_sigma = 1}},
    };
    const size_t n = prep_size(&profile, slot);
    float *in = picture(n), *out = picture(n);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        double best = 1e9;
        for (int r = 0; r < rounds; r++) {
            const double start = now();
            if (augment_apply(out, in, &profile, slot, &cases[c].draw, NULL))
                exit(1);
            const double took = now() - start;
            best = took < best ? took : best;
        }
        printf("%-12s step %-22s %8.3f ms\n", name, cases[c].name, best);
    }
    for (int k = 0; k < 2; k++) {
        const double start = now();
        for (int r = 0; r < rounds; r++) {
            const struct augment_draw d = augment_draw(k ? &augment_default : &augment_reference, slot, 1, 1, (uint32_t)r);
            if (augment_apply(out, in, &profile, slot, &d, NULL))
                exit(1);
        }
        printf("%-12s mean %-22s %8.3f ms\n", name, k ? "augment_default" : "augment_reference", (now() - start) / rounds);
    }
    free(in);
    free(out);
}

int main(int argc, char **argv) {
    char *end = NULL;
    errno = 0;
    const long rounds = argc > 1 ? strtol(argv[1], &end, 10) : 20;
    if (errno || (end && *end) || rounds < 1 || rounds > 100000 || argc > 2) {
        fprintf(stderr, "usage: bench_warp [rounds]\n");
        return 2;
    }
    warps("mammogram", 2294, 1280, 1, (int)rounds);
    steps("mammogram", SLOT_MG_CC, (int)rounds);
    warps("ultrasound", 224, 224, 3, (int)rounds);
    steps("ultrasound", SLOT_US_BMODE_TRANS, (int)rounds);
    return 0;
}
