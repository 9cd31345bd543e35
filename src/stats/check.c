/* The checks of the statistics' inputs. Floor 1. */
#include "stats/check.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

int check_level(double level, struct err *e) {
    if (!(level > 0 && level < 1))
        return err_set(e, ERR_STATS_RANGE, "the confidence level is %g; it must lie between 0 and 1, for example 0.95", level);
    return 0;
}

int check_finite(const double *x, size_t n, const char *what, struct err *e) {
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return err_set(e, ERR_STATS_NAN, "%s %zu is %g; every observation needs a finite number", what, i, x[i]);
    return 0;
}

int check_range(const double *x, size_t n, double low, double high, const char *what, struct err *e) {
    int code = check_finite(x, n, what, e);
    for (size_t i = 0; i < n && !code; i++)
        if (x[i] < low || x[i] > high)
            code = err_set(e, ERR_STATS_RANGE, "%s %zu is %g, outside [%g, %g]", what, i, x[i], low, high);
    return code;
}

int check_truth(size_t *n_positive, const uint8_t *truth, size_t n, struct err *e) {
    *n_positive = 0;
    if (n == 0)
        return err_set(e, ERR_STATS_TOO_FEW, "there are no observations");
    for (size_t i = 0; i < n; i++) {
        if (truth[i] > 1)
            return err_set(e, ERR_STATS_RANGE, "truth %zu is %d; it must be 0 or 1", i, truth[i]);
        *n_positive += truth[i];
    }
    return 0;
}

int check_binary(size_t *n_positive, const double *score, const uint8_t *truth, size_t n, struct err *e) {
    int code = check_truth(n_positive, truth, n, e);
    if (!code)
        code = check_finite(score, n, "score", e);
    if (!code && (*n_positive == 0 || *n_positive == n))
        code = err_set(e, ERR_STATS_ONE_CLASS, "all %zu observations are %s; both classes are needed", n,
                       *n_positive ? "positive" : "negative");
    return code;
}

int check_probability(size_t *n_positive, const double *probability, const uint8_t *truth, size_t n, struct err *e) {
    const int code = check_binary(n_positive, probability, truth, n, e);
    return code ? code : check_range(probability, n, 0, 1, "probability", e);
}

int check_classes(const int *label, size_t n, int n_classes, const char *what, struct err *e) {
    if (n_classes < 2)
        return err_set(e, ERR_STATS_RANGE, "%d classes; at least two are needed", n_classes);
    if (n == 0)
        return err_set(e, ERR_STATS_TOO_FEW, "there are no observations");
    for (size_t i = 0; i < n; i++)
        if (label[i] < 0 || label[i] >= n_classes)
            return err_set(e, ERR_STATS_RANGE, "%s %zu is class %d, outside 0 .. %d", what, i, label[i], n_classes - 1);
    return 0;
}

int check_simplex(const double *probability, size_t n, int k, struct err *e) {
    const int code = check_range(probability, n * (size_t)k, 0, 1, "probability", e);
    for (size_t i = 0; i < n && !code; i++) {
        double sum = 0;
        for (int c = 0; c < k; c++)
            sum += probability[i * (size_t)k + (size_t)c];
        if (fabs(sum - 1) > 1e-6)
            return err_set(e, ERR_STATS_RANGE, "the probabilities of observation %zu sum to %.9g, not to 1", i, sum);
    }
    return code;
}

int check_clusters(const size_t *cluster, size_t n, size_t n_clusters, struct err *e) {
    if (n_clusters < 2)
        return err_set(e, ERR_STATS_TOO_FEW, "%zu clusters; at least two patients are needed", n_clusters);
    uint8_t *seen = mem_alloc(n_clusters, 1, e);
    int code = seen ? 0 : ERR_NO_MEMORY;
    for (size_t i = 0; i < n && !code; i++)
        if (cluster[i] >= n_clusters)
            code = err_set(e, ERR_STATS_RANGE, "observation %zu belongs to cluster %zu of %zu", i, cluster[i], n_clusters);
        else
            seen[cluster[i]] = 1;
    for (size_t c = 0; c < n_clusters && !code; c++)
        if (!seen[c])
            code = err_set(e, ERR_STATS_RANGE, "cluster %zu has no observation; number the patients without gaps", c);
    mem_free(seen);
    return code;
}
