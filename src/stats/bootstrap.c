/* The bootstrap over patients. Floor 1. */
#include "stats/bootstrap.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "base/rng.h"
#include "stats/distribution.h"
#include "stats/rank.h"

enum { PURPOSE = 0x626F6F74 /* "boot" */, RESAMPLES_MIN = 100, RESAMPLES_MAX = 1000000, DEFINED_MIN = 20 };

struct run {
    const struct bootstrap *design;
    bootstrap_statistic *statistic;
    const void *ctx;
    size_t n_statistics, n_clusters, n_runs; /* runs: resamples, or clusters left out */
    bool jackknife;
    double *values;
    uint32_t **scratch; /* per thread: counts of clusters, weights of observations */
    double **out;
};

size_t bootstrap_clusters(const struct bootstrap *design) {
    return design->cluster ? design->n_clusters : design->n;
}

enum { DRAWS = 256 };

static void draw(uint32_t *count, size_t n_clusters, uint64_t seed, size_t resample) {
    const struct rng r = rng_make(seed, PURPOSE, (uint32_t)resample);
    memset(count, 0, n_clusters * sizeof *count);
    for (size_t i = 0; i < n_clusters; i += DRAWS) { /* draw i is word i of the stream */
        uint32_t word[DRAWS];
        const size_t left = n_clusters - i;
        rng_blocks(&r, i / 4, DRAWS / 4, word);
        for (size_t k = 0; k < DRAWS && k < left; k++)
            count[(size_t)(((uint64_t)word[k] * n_clusters) >> 32)]++;
    }
}

static void one_run(const struct run *r, size_t b, uint32_t *count, uint32_t *weight, double *out) {
    if (r->jackknife) {
        for (size_t c = 0; c < r->n_clusters; c++)
            count[c] = c != b;
    } else
        draw(count, r->n_clusters, r->design->seed, b);
    if (r->design->cluster)
        for (size_t i = 0; i < r->design->n; i++)
            weight[i] = count[r->design->cluster[i]];
    r->statistic(r->ctx, r->design->cluster ? weight : count, out);
    for (size_t s = 0; s < r->n_statistics; s++)
        r->values[s * r->n_runs + b] = out[s];
}

static void share(void *ctx, int i, int n) {
    const struct run *r = ctx;
    long first, last;
    pool_share((long)r->n_runs, i, n, &first, &last);
    for (long b = first; b < last; b++)
        one_run(r, (size_t)b, r->scratch[i], r->scratch[i] + r->n_clusters, r->out[i]);
}

static int run_all(double **values, struct run *r, struct err *e) {
    const size_t threads = (size_t)pool_threads();
    size_t cells;
    int code = 0;
    *values = NULL;
    if (r->design->cluster)
        code = check_clusters(r->design->cluster, r->design->n, r->n_clusters, e);
    else if (r->design->n < 2)
        code = err_set(e, ERR_STATS_TOO_FEW, "%zu observations; the bootstrap needs two", r->design->n);
    if (code)
        return code;
    if (!mem_mul(r->n_runs, r->n_statistics, &cells))
        return err_set(e, ERR_LIMIT, "%zu resamples of %zu statistics are too many", r->n_runs, r->n_statistics);
    r->values = mem_alloc(cells, sizeof *r->values, e);
    r->scratch = mem_alloc(threads, sizeof *r->scratch, e);
    r->out = mem_alloc(threads, sizeof *r->out, e);
    code = r->values && r->scratch && r->out ? 0 : ERR_NO_MEMORY;
    for (size_t i = 0; i < threads && !code; i++) {
        r->scratch[i] = mem_alloc(r->n_clusters + r->design->n, sizeof **r->scratch, e);
        r->out[i] = mem_alloc(r->n_statistics, sizeof **r->out, e);
        code = r->scratch[i] && r->out[i] ? 0 : ERR_NO_MEMORY;
    }
    if (!code)
        pool_run(share, r);
    for (size_t i = 0; i < threads; i++) {
        if (r->scratch)
            mem_free(r->scratch[i]);
        if (r->out)
            mem_free(r->out[i]);
    }
    mem_free(r->scratch);
    mem_free(r->out);
    if (code)
        mem_free(r->values);
    else
        *values = r->values;
    return code;
}

int bootstrap_run(double **replicates, const struct bootstrap *design, bootstrap_statistic *statistic, const void *ctx, size_t n_statistics,
                  struct err *e) {
    struct run r = {.design = design,
                    .statistic = statistic,
                    .ctx = ctx,
                    .n_statistics = n_statistics,
                    .n_clusters = bootstrap_clusters(design),
                    .n_runs = design->resamples};
    *replicates = NULL;
    if (design->resamples < RESAMPLES_MIN || design->resamples > RESAMPLES_MAX)
        return err_set(e, ERR_STATS_RANGE, "%zu resamples; must be %d to %d", design->resamples, RESAMPLES_MIN, RESAMPLES_MAX);
    return run_all(replicates, &r, e);
}

int bootstrap_jackknife(double **values, const struct bootstrap *design, bootstrap_statistic *statistic, const void *ctx,
                        size_t n_statistics, struct err *e) {
    struct run r = {.design = design,
                    .statistic = statistic,
                    .ctx = ctx,
                    .n_statistics = n_statistics,
                    .n_clusters = bootstrap_clusters(design),
                    .n_runs = bootstrap_clusters(design),
                    .jackknife = true};
    return run_all(values, &r, e);
}

/* --- intervals ------------------------------------------------------------------------------------------------------------- */

/* The defined replicates, sorted. */
static int defined(double **out, size_t *n, const double *replicates, size_t resamples, struct err *e) {
    *n = 0;
    *out = mem_alloc(resamples, sizeof **out, e);
    if (!*out)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < resamples; i++)
        if (!isnan(replicates[i]))
            (*out)[(*n)++] = replicates[i];
    if (*n < DEFINED_MIN) {
        mem_free(*out);
        *out = NULL;
        return err_set(e, ERR_STATS_UNDEFINED, "the statistic is defined in %zu of %zu resamples only", *n, resamples);
    }
    rank_sort(*out, *n);
    return 0;
}

/* The (n + 1) p-th of n sorted replicates, linear between neighbours (type 6 of Hyndman & Fan 1996): so that the share outside is p also
 * with few resamples (Davison & Hinkley 1997, section 5.2). */
static double replicate_quantile(const double *sorted, size_t n, double p) {
    const double h = ((double)n + 1) * p, whole = floor(h + 4e-16 * h), part = fmax(0, h - whole);
    if (whole < 1)
        return sorted[0];
    const size_t i = (size_t)whole;
    return i >= n ? sorted[n - 1] : part > 0 ? (1 - part) * sorted[i - 1] + part * sorted[i] : sorted[i - 1];
}

int bootstrap_percentile(struct interval *out, size_t *undefined, const double *replicates, size_t resamples, double level, struct err *e) {
    double *sorted;
    size_t n;
    int code = check_level(level, e);
    if (!code)
        code = defined(&sorted, &n, replicates, resamples, e);
    if (code)
        return code;
    *out = (struct interval){replicate_quantile(sorted, n, (1 - level) / 2), replicate_quantile(sorted, n, (1 + level) / 2)};
    *undefined = resamples - n;
    mem_free(sorted);
    return 0;
}

/* Skewness of the jackknife values over six (Efron 1987, eq. 6.6); NaN if any is undefined. */
static double acceleration(const double *jackknife, size_t n) {
    double mean = 0, square = 0, cube = 0;
    for (size_t i = 0; i < n; i++)
        mean += jackknife[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        const double d = mean - jackknife[i];
        square += d * d;
        cube += d * d * d;
    }
    if (square == 0)
        return 0;
    return cube / (6 * pow(square, 1.5));
}

static double bca_share(double z0, double a, double z) {
    return normal_cdf(z0 + (z0 + z) / (1 - a * (z0 + z)));
}

int bootstrap_bca(struct interval *out, const double *replicates, size_t resamples, double estimate, const double *jackknife,
                  size_t n_clusters, double level, struct err *e) {
    double *sorted, below = 0;
    size_t n;
    int code = check_level(level, e);
    if (!code)
        code = defined(&sorted, &n, replicates, resamples, e);
    if (code)
        return code;
    for (size_t i = 0; i < n; i++)
        below += sorted[i] < estimate ? 1 : sorted[i] == estimate ? 0.5 : 0;
    const double z0 = normal_quantile(below / (double)n), a = acceleration(jackknife, n_clusters), z = normal_critical(level);
    if (!isfinite(z0) || isnan(a))
        code = err_set(e, ERR_STATS_UNDEFINED, "BCa: the replicates lie on one side of the estimate, or a jackknife value is undefined");
    else
        *out = (struct interval){replicate_quantile(sorted, n, bca_share(z0, a, -z)), replicate_quantile(sorted, n, bca_share(z0, a, z))};
    mem_free(sorted);
    return code;
}

double bootstrap_standard_error(const double *replicates, size_t resamples) {
    double mean = 0, square = 0, n = 0;
    for (size_t i = 0; i < resamples; i++)
        if (!isnan(replicates[i])) { /* Welford */
            n++;
            const double d = replicates[i] - mean;
            mean += d / n;
            square += d * (replicates[i] - mean);
        }
    return n > 1 ? sqrt(square / (n - 1)) : NAN;
}
