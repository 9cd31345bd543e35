/* Subgroups and multiple tests. Floor 2. */
#include "accuracy/subgroup.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "accuracy/binary.h"
#include "accuracy/delong.h"
#include "base/mem.h"
#include "stats/distribution.h"
#include "stats/logistic.h"
#include "stats/rank.h"

struct stratum { /* one group's observations */
    double *score;
    uint8_t *truth;
    size_t *cluster, *renumbered; /* clusters numbered anew without gaps */
    size_t n, n_clusters;
};

static void take_stratum(struct stratum *p, int g, const int *group, const double *score, const uint8_t *truth, size_t n,
                         const size_t *cluster, size_t n_clusters) {
    p->n = p->n_clusters = 0;
    memset(p->renumbered, 0, n_clusters * sizeof *p->renumbered);
    for (size_t i = 0; i < n; i++) {
        if (group[i] != g)
            continue;
        p->score[p->n] = score[i];
        p->truth[p->n] = truth[i];
        if (cluster) {
            size_t *number = &p->renumbered[cluster[i]];
            if (*number == 0)
                *number = ++p->n_clusters;
            p->cluster[p->n] = *number - 1;
        }
        p->n++;
    }
}

static int fill(struct subgroup *s, const struct stratum *p, bool clustered, const struct subgroup_rule *rule, struct err *e) {
    const double *score = p->score;
    struct counts c;
    const size_t positives = rule->least_positive > 2 ? rule->least_positive : 2,
                 negatives = rule->least_negative > 2 ? rule->least_negative : 2;
    *s = (struct subgroup){.n = p->n};
    for (size_t i = 0; i < p->n; i++)
        s->n_positive += p->truth[i];
    s->large_enough = s->n_positive >= positives && s->n - s->n_positive >= negatives;
    if (!s->large_enough)
        return 0;
    int code = delong_covariance(&s->auc, &s->auc_variance, &score, 1, p->truth, p->n, clustered ? p->cluster : NULL, p->n_clusters, e);
    if (code == ERR_STATS_TOO_FEW) { /* many observations of too few patients */
        *s = (struct subgroup){.n = s->n, .n_positive = s->n_positive};
        return 0;
    }
    if (!code)
        code = delong_interval(&s->auc_interval, s->auc, s->auc_variance, DELONG_PLAIN, rule->level, e);
    if (!code)
        code = binary_count(&c, score, p->truth, p->n, rule->threshold, e);
    if (!code)
        code = proportion_make(&s->sensitivity, c.true_positive, c.true_positive + c.false_negative, rule->level, e);
    if (!code)
        code = proportion_make(&s->specificity, c.true_negative, c.true_negative + c.false_positive, rule->level, e);
    return code;
}

int subgroup_make(struct subgroup *out, int n_groups, const int *group, const double *score, const uint8_t *truth, size_t n,
                  const size_t *cluster, size_t n_clusters, const struct subgroup_rule *rule, struct err *e) {
    size_t m;
    int code = check_level(rule->level, e);
    if (!code)
        code = check_binary(&m, score, truth, n, e);
    if (!code)
        code = check_classes(group, n, n_groups, "group", e);
    if (!code && cluster)
        code = check_clusters(cluster, n, n_clusters, e);
    if (code)
        return code;
    struct stratum p = {.score = mem_alloc(n, sizeof(double), e),
                        .truth = mem_alloc(n, 1, e),
                        .cluster = mem_alloc(n, sizeof(size_t), e),
                        .renumbered = mem_alloc(cluster ? n_clusters : 0, sizeof(size_t), e)};
    code = p.score && p.truth && p.cluster && p.renumbered ? 0 : ERR_NO_MEMORY;
    for (int g = 0; g < n_groups && !code; g++) {
        take_stratum(&p, g, group, score, truth, n, cluster, cluster ? n_clusters : 0);
        code = fill(&out[g], &p, cluster != NULL, rule, e);
        if (code)
            err_prefix(e, "subgroup %d", g);
    }
    mem_free(p.score);
    mem_free(p.truth);
    mem_free(p.cluster);
    mem_free(p.renumbered);
    return code;
}

int homogeneity_test(struct homogeneity *out, const double *estimate, const double *variance, size_t k, struct err *e) {
    double weight = 0, mean = 0;
    int code = check_finite(estimate, k, "estimate", e);
    if (!code)
        code = check_finite(variance, k, "variance", e);
    if (code)
        return code;
    if (k < 2)
        return err_set(e, ERR_STATS_TOO_FEW, "%zu estimates; a comparison needs two", k);
    for (size_t i = 0; i < k; i++) {
        if (!(variance[i] > 0))
            return err_set(e, ERR_STATS_UNDEFINED, "estimate %zu has variance %g", i, variance[i]);
        weight += 1 / variance[i];
        mean += estimate[i] / variance[i];
    }
    mean /= weight;
    *out = (struct homogeneity){.df = (double)(k - 1)};
    for (size_t i = 0; i < k; i++)
        out->chi_square += (estimate[i] - mean) * (estimate[i] - mean) / variance[i];
    out->p = chi_square_upper(out->chi_square, out->df);
    return 0;
}

int interaction_test(struct homogeneity *out, int n_groups, const int *group, const double *score, const uint8_t *truth, size_t n,
                     struct err *e) {
    struct logistic common, own;
    size_t m;
    int code = check_binary(&m, score, truth, n, e);
    if (!code)
        code = check_classes(group, n, n_groups, "group", e);
    if (!code && n_groups > LOGISTIC_MAX / 2)
        code = err_set(e, ERR_STATS_RANGE, "%d groups; at most %d are supported", n_groups, LOGISTIC_MAX / 2);
    if (code)
        return code;
    const size_t columns = 2 * (size_t)n_groups, fewer = (size_t)n_groups + 1;
    double *x = mem_alloc(n, columns * sizeof *x, e), *y = mem_alloc(n, sizeof *y, e);
    code = x && y ? 0 : ERR_NO_MEMORY;
    if (!code) {
        for (size_t i = 0; i < n; i++) {
            x[i * fewer + (size_t)group[i]] = 1;
            x[i * fewer + (size_t)n_groups] = score[i];
            y[i] = truth[i];
        }
        code = logistic_fit(&common, x, y, NULL, n, (int)fewer, e);
    }
    if (!code) {
        memset(x, 0, n * columns * sizeof *x);
        for (size_t i = 0; i < n; i++) {
            x[i * columns + (size_t)group[i]] = 1;
            x[i * columns + (size_t)(n_groups + group[i])] = score[i];
        }
        code = logistic_fit(&own, x, y, NULL, n, (int)columns, e);
    }
    mem_free(x);
    mem_free(y);
    if (code)
        return code;
    *out = (struct homogeneity){.chi_square = fmax(0, common.deviance - own.deviance), .df = n_groups - 1};
    out->p = chi_square_upper(out->chi_square, out->df);
    return 0;
}

int holm_adjust(double *adjusted, const double *p, size_t n, struct err *e) {
    size_t *order = NULL;
    double largest = 0;
    int code = check_range(p, n, 0, 1, "p-value", e);
    if (!code)
        code = rank_order(&order, p, n, e);
    for (size_t i = 0; i < n && !code; i++) {
        largest = fmax(largest, fmin(1, (double)(n - i) * p[order[i]]));
        adjusted[order[i]] = largest;
    }
    mem_free(order);
    return code;
}
