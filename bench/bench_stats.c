/* Speed of the statistics: AUC with DeLong's interval, and the bootstrap over patients with all metrics of accuracy/bootstrap_binary.h
 * (percentile and BCa). bench/stats.sh runs pROC's bootstrap of the AUC alone on the same data beside it. Usage: bench_stats [EXAMS
 * [RESAMPLES]] | bench_stats --data EXAMS   (--data: the cohort as CSV, for the peer) */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "accuracy/bootstrap_binary.h"
#include "accuracy/delong.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/rng.h"
#include "stats/logistic.h"

static double cpu(void) { /* of all threads: what the work costs, also on a busy machine */
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct cohort {
    size_t n;
    double *score;
    uint8_t *truth;
    size_t *cluster;
};

/* Two breasts per woman with a common part; probabilities with six digits, so that the CSV carries them exactly. */
static int make(struct cohort *c, size_t n) {
    const struct rng r = rng_make(1, 0x62656E63, 0);
    c->n = n;
    c->score = mem_alloc(n, sizeof(double), NULL);
    c->truth = mem_alloc(n, 1, NULL);
    c->cluster = mem_alloc(n, sizeof(size_t), NULL);
    if (!c->score || !c->truth || !c->cluster)
        return 1;
    for (size_t i = 0; i < n; i++) {
        c->cluster[i] = i / 2;
        c->truth[i] = rng_uniform(&r, 3 * n + i) < 0.3;
        const double x = 0.6 * rng_normal(&r, i / 2) + 0.8 * rng_normal(&r, n + i) + 1.5 * c->truth[i] - 1;
        c->score[i] = round(1e6 * logistic(x)) / 1e6;
    }
    return 0;
}

static int run(const struct cohort *c, size_t resamples) {
    const struct bootstrap design = {.n = c->n, .cluster = c->cluster, .n_clusters = (c->n + 1) / 2, .resamples = resamples, .seed = 1};
    const struct binary_cohort cohort = {
        .score = c->score, .truth = c->truth, .threshold = 0.5, .partial_low = 0.9, .partial_high = 1, .probability = true};
    struct metric_interval m[METRIC_COUNT];
    struct err e = {0};
    const double *score = c->score;
    double auc, variance, t = now();
    if (delong_covariance(&auc, &variance, &score, 1, c->truth, c->n, NULL, 0, &e)) {
        fprintf(stderr, "bench_stats: %s\n", e.message);
        return 1;
    }
    const double delong = now() - t;
    const double work = cpu();
    t = now();
    if (bootstrap_binary(m, NULL, &cohort, &design, 0.95, &e)) {
        fprintf(stderr, "bench_stats: %s\n", e.message);
        return 1;
    }
    const double boot = now() - t;
    printf("exams %zu threads %d\n", c->n, pool_threads());
    printf("auc %.10f delong_seconds %.6f\n", auc, delong);
    printf("resamples %zu metrics %d bootstrap_seconds %.3f cpu_seconds %.3f\n", resamples, METRIC_COUNT, boot, cpu() - work);
    printf("auc_percentile %.6f %.6f\n", m[METRIC_AUC].percentile.low, m[METRIC_AUC].percentile.high);
    return 0;
}

int main(int argc, char **argv) {
    const int data = argc > 1 && strcmp(argv[1], "--data") == 0;
    const size_t n = argc > 1 + data ? strtoul(argv[1 + data], NULL, 10) : 5000;
    struct cohort c;
    if (n < 10 || make(&c, n))
        return 1;
    int code = 0;
    if (data)
        for (size_t i = 0; i < n; i++)
            printf("%s%zu,%d,%.6f\n", i ? "" : "patient,truth,score\n", c.cluster[i], c.truth[i], c.score[i]);
    else
        code = run(&c, argc > 2 ? strtoul(argv[2], NULL, 10) : 10000);
    free(c.score);
    free(c.truth);
    free(c.cluster);
    return code;
}
