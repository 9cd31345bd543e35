/* Evaluation of ordered tiers and of a disease tree. Floor 2. */
#include "accuracy/tiers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "accuracy/roc.h"
#include "base/mem.h"
#include "stats/check.h"

int tiers_confusion(size_t *counts, const int *truth, const int *predicted, size_t n, int k, struct err *e) {
    int code = check_classes(truth, n, k, "truth", e);
    if (!code)
        code = check_classes(predicted, n, k, "prediction", e);
    if (code)
        return code;
    memset(counts, 0, (size_t)k * (size_t)k * sizeof *counts);
    for (size_t i = 0; i < n; i++)
        counts[truth[i] * k + predicted[i]]++;
    return 0;
}

int tiers_summary(struct tiers *out, const size_t *counts, int k, struct err *e) {
    double right = 0, near = 0, distance = 0, shift = 0, recall = 0;
    *out = (struct tiers){0};
    for (int t = 0; t < k; t++) {
        size_t row = 0;
        for (int p = 0; p < k; p++) {
            const double c = (double)counts[t * k + p];
            row += counts[t * k + p];
            distance += c * abs(p - t);
            shift += c * (p - t);
            near += abs(p - t) <= 1 ? c : 0;
        }
        right += (double)counts[t * k + t];
        recall += row ? (double)counts[t * k + t] / (double)row : 0;
        out->n_present += row > 0;
        out->n += row;
    }
    if (out->n == 0)
        return err_set(e, ERR_STATS_TOO_FEW, "the confusion matrix is empty");
    const double n = (double)out->n;
    out->accuracy = right / n;
    out->balanced_accuracy = recall / out->n_present;
    out->mean_distance = distance / n;
    out->mean_shift = shift / n;
    out->adjacent = near / n;
    return 0;
}

/* --- areas ----------------------------------------------------------------------------------------------------------------- */

struct columns { /* one column's scores of the observations that take part */
    double *score;
    uint8_t *truth;
};

static int column_auc(double *auc, const struct columns *c, size_t n, struct err *e) {
    struct roc *r;
    const int code = roc_make(&r, c->score, c->truth, n, e);
    if (code)
        return code;
    *auc = roc_auc(r);
    roc_free(r);
    return 0;
}

static int columns_make(struct columns *c, const double *probability, const int *truth, size_t n, int k, struct err *e) {
    *c = (struct columns){0};
    int code = check_classes(truth, n, k, "truth", e);
    if (!code)
        code = check_simplex(probability, n, k, e);
    if (code)
        return code;
    c->score = mem_alloc(n, sizeof(double), e);
    c->truth = mem_alloc(n, 1, e);
    return c->score && c->truth ? 0 : ERR_NO_MEMORY;
}

static void columns_release(struct columns *c) {
    mem_free(c->score);
    mem_free(c->truth);
}

static size_t count_class(const int *truth, size_t n, int c) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += truth[i] == c;
    return count;
}

int tiers_auc(double *macro, double *auc, uint8_t *defined, const double *probability, const int *truth, size_t n, int k, struct err *e) {
    struct columns columns;
    double sum = 0;
    int n_defined = 0, code = columns_make(&columns, probability, truth, n, k, e);
    for (int c = 0; c < k && !code; c++) {
        const size_t count = count_class(truth, n, c);
        defined[c] = count > 0 && count < n;
        if (!defined[c])
            continue;
        for (size_t i = 0; i < n; i++) {
            columns.score[i] = probability[i * (size_t)k + (size_t)c];
            columns.truth[i] = truth[i] == c;
        }
        code = column_auc(&auc[c], &columns, n, e);
        sum += code ? 0 : auc[c];
        n_defined++;
    }
    columns_release(&columns);
    if (!code && n_defined == 0)
        code = err_set(e, ERR_STATS_ONE_CLASS, "all %zu observations belong to one class", n);
    if (!code)
        *macro = sum / n_defined;
    return code;
}

/* A(i|j): column i between the classes i and j. */
static int pair_auc(double *auc, struct columns *columns, const double *probability, const int *truth, size_t n, int k, int i, int j,
                    struct err *e) {
    size_t used = 0;
    for (size_t o = 0; o < n; o++)
        if (truth[o] == i || truth[o] == j) {
            columns->score[used] = probability[o * (size_t)k + (size_t)i];
            columns->truth[used++] = truth[o] == i;
        }
    return column_auc(auc, columns, used, e);
}

int tiers_hand_till(double *out, size_t *n_pairs, const double *probability, const int *truth, size_t n, int k, struct err *e) {
    struct columns columns;
    double sum = 0, a, b;
    int code = columns_make(&columns, probability, truth, n, k, e);
    *n_pairs = 0;
    for (int i = 0; i < k && !code; i++)
        for (int j = i + 1; j < k && !code; j++) {
            if (!count_class(truth, n, i) || !count_class(truth, n, j))
                continue;
            code = pair_auc(&a, &columns, probability, truth, n, k, i, j, e);
            if (!code)
                code = pair_auc(&b, &columns, probability, truth, n, k, j, i, e);
            if (!code) {
                sum += (a + b) / 2;
                ++*n_pairs;
            }
        }
    columns_release(&columns);
    if (!code && *n_pairs == 0)
        code = err_set(e, ERR_STATS_ONE_CLASS, "all %zu observations belong to one class", n);
    if (!code)
        *out = sum / (double)*n_pairs;
    return code;
}

/* --- the tree -------------------------------------------------------------------------------------------------------------- */

static int check_tree(const int *parent, const double *edge, int n_nodes, struct err *e) {
    for (int i = 0; i < n_nodes; i++) {
        int steps = 0;
        if (edge && !(edge[i] >= 0 && isfinite(edge[i])))
            return err_set(e, ERR_STATS_RANGE, "the edge above node %d has length %g", i, edge[i]);
        for (int at = i; at != -1; at = parent[at])
            if (at < 0 || at >= n_nodes || steps++ > n_nodes)
                return err_set(e, ERR_STATS_RANGE, "the tree's node %d has no way to a root", i);
    }
    return 0;
}

static int depth(const int *parent, int node) {
    int d = 0;
    while ((node = parent[node]) != -1)
        d++;
    return d;
}

static double path_length(const int *parent, const double *edge, int a, int b) {
    double length = 0;
    while (a != b) { /* the deeper one climbs; two different roots both climb to the common root, -1 */
        int *climber = b == -1 || (a != -1 && depth(parent, a) >= depth(parent, b)) ? &a : &b;
        length += edge ? edge[*climber] : 1;
        *climber = parent[*climber];
    }
    return length;
}

int tiers_tree_cost(double *out, const int *parent, const double *edge, int n_nodes, const int *truth, const int *predicted, size_t n,
                    struct err *e) {
    double sum = 0;
    int code = check_classes(truth, n, n_nodes, "truth", e);
    if (!code)
        code = check_classes(predicted, n, n_nodes, "prediction", e);
    if (!code)
        code = check_tree(parent, edge, n_nodes, e);
    if (code)
        return code;
    for (size_t i = 0; i < n; i++)
        sum += path_length(parent, edge, truth[i], predicted[i]);
    *out = sum / (double)n;
    return 0;
}
