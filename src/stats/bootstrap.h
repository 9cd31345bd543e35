/* The bootstrap over patients: clusters are drawn with replacement, all observations of a patient together. Floor 1.
 *
 * Efron 1979 (Ann Stat 7:1); clusters: Field & Welsh 2007 (J R Stat Soc B 69:369). A resample is a weight for each observation (how often
 * its patient was drawn), so that what is sorted once stays sorted, and a statistic costs O(n) per resample. Resample b draws from the
 * stream (seed, "boot", b) of base/rng.h: the same numbers whatever the threads, and two statistics with the same seed and clusters see the
 * same resamples, so that the difference of their replicates is the paired bootstrap. (An index is drawn as the high half of 32 random bits
 * times n_clusters: its bias is below n_clusters / 2^32.) A statistic that a resample leaves undefined (one class only) is NaN there;
 * intervals are taken over the others and say how many were left out.
 */
#ifndef BMU_STATS_BOOTSTRAP_H
#define BMU_STATS_BOOTSTRAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "stats/check.h"

struct bootstrap {
    size_t n;              /* observations */
    const size_t *cluster; /* of each; NULL: each its own */
    size_t n_clusters;     /* with cluster NULL: ignored */
    size_t resamples;      /* 100 .. 1,000,000 */
    uint64_t seed;
};

/* Write n_statistics numbers, NaN where undefined, from a weight per observation. Called from several threads at once: ctx is read only. */
typedef void bootstrap_statistic(const void *ctx, const uint32_t *weight, double *out);

/* replicates[s * resamples + b]: statistic s in resample b. mem_free() it. */
int bootstrap_run(double **replicates, const struct bootstrap *design, bootstrap_statistic *statistic, const void *ctx, size_t n_statistics,
                  struct err *e);
/* values[s * clusters + c]: statistic s without cluster c. mem_free() it. One pass per cluster: O(clusters * n). */
int bootstrap_jackknife(double **values, const struct bootstrap *design, bootstrap_statistic *statistic, const void *ctx,
                        size_t n_statistics, struct err *e);
size_t bootstrap_clusters(const struct bootstrap *design);

/* Percentile interval: the (n + 1) p-th of the n defined replicates (Davison & Hinkley 1997, 5.2; R's quantile type 6). undefined counts
 * those left out. ERR_STATS_UNDEFINED with fewer than 20 defined. */
int bootstrap_percentile(struct interval *out, size_t *undefined, const double *replicates, size_t resamples, double level, struct err *e);
/* Bias-corrected and accelerated (Efron 1987, J Am Stat Assoc 82:171): z0 from the share of replicates below the estimate (equal ones count
 * one half), acceleration from the jackknife over clusters. ERR_STATS_UNDEFINED where all replicates lie on one side or a jackknife value
 * is undefined. */
int bootstrap_bca(struct interval *out, const double *replicates, size_t resamples, double estimate, const double *jackknife,
                  size_t n_clusters, double level, struct err *e);
/* Standard deviation of the defined replicates. */
double bootstrap_standard_error(const double *replicates, size_t resamples);

#endif
