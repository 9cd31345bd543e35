/* How long the stem takes in training: two mammograms of one channel, 32 ultrasound images of three. Usage: bench_stem [threads [rounds]]
 *
 * Prints, per call, the fastest of the rounds in milliseconds and what that is of multiply-adds and bytes. The operations counted are those
 * of the algorithm in src/kernel/stem_train.c, not those of the definition. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/pool.h"
#include "base/rng.h"
#include "kernel/stem_train.h"

enum { CALLS = 5 };
static const char *const names[CALLS] = {"gram", "moments", "forward", "backward", "gradients"};

struct job {
    struct stem_shape s;
    float *src, *weights, *scale, *shift, *dst, *dweights, *dgamma, *dbeta;
    double *gram, *sum, *mean, *var, *dz_patches, *dz_sum;
    uint8_t *which;
    void *scratch;
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* Memory that exists, so that no round pays for its pages. */
static void *memory(size_t count, size_t size) {
    void *p = mem_alloc_aligned(count, size, NULL);
    if (!p) {
        fprintf(stderr, "bench_stem: no memory\n");
        exit(1);
    }
    memset(p, 0, count * size);
    return p;
}

static float *floats(size_t n, uint32_t item, double scale) {
    float *x = memory(n, sizeof *x);
    const struct rng r = rng_make(7, 1, item);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(scale * (rng_uniform(&r, i) - 0.4));
    return x;
}

static struct job job_new(struct stem_shape s) {
    const size_t taps = stem_taps(&s), c = (size_t)s.out_c;
    struct job j = {.s = s};
    j.src = floats((size_t)s.n * (size_t)s.h * (size_t)s.w * (size_t)s.in_c, 1, 1);
    j.weights = floats(c * taps, 2, 0.2);
    j.scale = floats(c, 3, 2);
    j.shift = floats(c, 4, 1);
    j.dst = floats(stem_outputs(&s), 5, 1);
    j.dweights = memory(c * taps, sizeof(float));
    j.dgamma = memory(c, sizeof(float));
    j.dbeta = memory(c, sizeof(float));
    j.gram = memory(taps * taps, sizeof(double));
    j.sum = memory(taps, sizeof(double));
    j.mean = memory(c, sizeof(double));
    j.var = memory(c, sizeof(double));
    j.dz_patches = memory(c * taps, sizeof(double));
    j.dz_sum = memory(c, sizeof(double));
    j.which = memory(stem_outputs(&s), 1);
    j.scratch = memory(stem_train_scratch_bytes(&s, pool_threads()), 1);
    return j;
}

static void job_free(struct job *j) {
    void *const all[] = {j->src,  j->weights, j->scale, j->shift, j->dst,        j->dweights, j->dgamma, j->dbeta,
                         j->gram, j->sum,     j->mean,  j->var,   j->dz_patches, j->dz_sum,   j->which,  j->scratch};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        free(all[i]);
}

static void call(const struct job *j, int which) {
    const struct stem_step step = {j->gram, j->sum, j->mean, j->var, j->dz_patches, j->dz_sum, j->weights, j->scale, 1e-5};
    switch (which) {
    case 0:
        stem_gram(j->gram, j->sum, &j->s, j->src, j->scratch);
        break;
    case 1:
        stem_moments(j->mean, j->var, &j->s, j->gram, j->sum, j->weights);
        break;
    case 2:
        stem_forward(j->dst, STEM_F32, j->which, &j->s, j->src, j->weights, j->scale, j->shift, j->scratch);
        break;
    case 3: /* what was pooled serves as its own gradient */
        stem_backward(j->dz_patches, j->dz_sum, &j->s, j->dst, STEM_F32, j->which, j->src, j->scratch);
        break;
    default:
        stem_gradients(j->dweights, j->dgamma, j->dbeta, &j->s, &step);
    }
}

/* Multiply-adds and bytes from and to memory. */
static void predict(const struct stem_shape *s, int which, double *products, double *bytes) {
    const double taps = (double)stem_taps(s), c = s->out_c, outputs = (double)stem_outputs(s);
    const double pixels = (double)s->n * s->h * s->w, src = pixels * s->in_c * 4;
    const double all[CALLS][2] = {{pixels / 4 * 13 * 24 * s->in_c * s->in_c, src},
                                  {c * taps * taps, 8 * taps * taps},
                                  {(double)stem_positions(s) * taps * c, src + outputs * 5},
                                  {outputs * taps, src + outputs * 5},
                                  {c * taps * taps, 8 * taps * taps}};
    *products = all[which][0];
    *bytes = all[which][1];
}

static void bench(const char *what, struct stem_shape s, int rounds) {
    struct job j = job_new(s);
    double best[CALLS];
    for (int r = 0; r < rounds; r++)
        for (int i = 0; i < CALLS; i++) {
            const double start = now();
            call(&j, i);
            const double took = now() - start;
            best[i] = r == 0 || took < best[i] ? took : best[i];
        }
    printf("%s: %d x %d x %d x %d, %d threads, scratch %.1f MB\n", what, s.n, s.h, s.w, s.in_c, pool_threads(),
           (double)stem_train_scratch_bytes(&s, pool_threads()) * 1e-6);
    for (int i = 0; i < CALLS; i++) {
        double products, bytes;
        predict(&s, i, &products, &bytes);
        printf("  %-10s %7.2f ms  %6.1f G multiply-adds/s  %5.1f GB/s\n", names[i], best[i], products / best[i] * 1e-6,
               bytes / best[i] * 1e-6);
    }
    job_free(&j);
}

static int positive(const char *text) {
    errno = 0;
    const long n = strtol(text, NULL, 10);
    return errno == 0 && n > 0 && n <= 1000 ? (int)n : 1;
}

int main(int argc, char **argv) {
    const struct stem_shape mammograms = {2, 2294, 1280, 1, 64}, ultrasound = {32, 224, 224, 3, 64};
    pool_set_threads(argc > 1 ? positive(argv[1]) : 2);
    if (!stem_train_takes(&mammograms)) {
        printf("this processor has no AVX-512\n");
        return 0;
    }
    const int rounds = argc > 2 ? positive(argv[2]) : 20;
    bench("mammograms", mammograms, rounds);
    bench("ultrasound", ultrasound, rounds);
    return 0;
}
