/* The tree loss: cross-entropy on every level of the disease tree. Floor 6. */
#include "model/loss.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* --- levels and labels ---------------------------------------------------------------------------------------------------- */

void loss_from_tree(struct loss *out, const struct tree *t) {
    memset(out, 0, sizeof *out);
    out->n_levels = (int)t->n_levels;
    out->n_leaves = (int)t->n_leaves;
    for (size_t leaf = 0; leaf < t->n_leaves; leaf++)
        for (int node = (int)t->leaves[leaf]; node >= 0; node = t->nodes[node].parent) {
            struct loss_level *level = &out->level[t->nodes[node].level];
            if (t->nodes[node].first_leaf == leaf) /* leaves of one node are neighbours: the first one opens it */
                level->class_weight[level->n_nodes++] = 1.0;
            level->node_of_leaf[leaf] = level->n_nodes - 1;
        }
    out->level[out->n_levels - 1].weight = 1.0;
}

static bool is_weight(double w) {
    return isfinite(w) && w >= 0;
}

static int check_level(const struct loss *l, int at, struct err *e) {
    const struct loss_level *level = &l->level[at];
    double sum = 0;
    if (!is_weight(level->weight))
        return err_set(e, ERR_CONFIG, "the weight of level %d is %g; it must not be negative", at, level->weight);
    if (level->n_nodes < 1 || level->n_nodes > l->n_leaves)
        return err_set(e, ERR_CONFIG, "level %d has %d nodes, the tree %d leaves", at, level->n_nodes, l->n_leaves);
    for (int k = 0; k < level->n_nodes; sum += level->class_weight[k], k++)
        if (!is_weight(level->class_weight[k]))
            return err_set(e, ERR_CONFIG, "the weight of class %d of level %d is %g; it must not be negative", k, at,
                           level->class_weight[k]);
    if (!(sum > 0 && isfinite(sum)))
        return err_set(e, ERR_CONFIG, "the class weights of level %d add up to %g", at, sum);
    return 0;
}

/* Each node has a leaf, and leaves that share a node share the one above: a label then implies all that stands above it. */
static int check_nesting(const struct loss *l, int at, struct err *e) {
    const struct loss_level *level = &l->level[at], *above = at ? &l->level[at - 1] : NULL;
    int parent[LOSS_LEAVES_MAX];
    for (int k = 0; k < level->n_nodes; k++)
        parent[k] = -1;
    for (int leaf = 0; leaf < l->n_leaves; leaf++) {
        const int node = level->node_of_leaf[leaf], up = above ? above->node_of_leaf[leaf] : 0;
        if (node < 0 || node >= level->n_nodes || (parent[node] >= 0 && parent[node] != up))
            return err_set(e, ERR_CONFIG, "leaf %d has no node on level %d, or more than one", leaf, at);
        parent[node] = up;
    }
    for (int k = 0; k < level->n_nodes; k++)
        if (parent[k] < 0)
            return err_set(e, ERR_CONFIG, "node %d of level %d has no leaf", k, at);
    return 0;
}

int loss_check(const struct loss *l, struct err *e) {
    double sum = 0;
    if (l->n_levels < 1 || l->n_levels > LOSS_LEVELS_MAX || l->n_leaves < 2 || l->n_leaves > LOSS_LEAVES_MAX)
        return err_set(e, ERR_CONFIG, "a loss over %d levels and %d leaves; must be 1 to %d and 2 to %d", l->n_levels, l->n_leaves,
                       LOSS_LEVELS_MAX, LOSS_LEAVES_MAX);
    for (int i = 0; i < l->n_levels; i++) {
        int rc = check_level(l, i, e);
        if (!rc)
            rc = check_nesting(l, i, e);
        if (rc)
            return rc;
        sum += l->level[i].weight;
    }
    if (!(sum > 0 && isfinite(sum)))
        return err_set(e, ERR_CONFIG, "the weights of the levels add up to %g", sum);
    if (!(l->smoothing >= 0 && l->smoothing < 1))
        return err_set(e, ERR_CONFIG, "label smoothing is %g; it must lie in [0, 1)", l->smoothing);
    return 0;
}

int loss_label(struct loss_label *out, const struct loss *l, const struct tree *t, int node, struct err *e) {
    if (node < 0 || (size_t)node >= t->n_nodes)
        return err_set(e, ERR_LABEL, "the disease tree %s has no node number %d", t->name, node);
    const struct tree_node *at = &t->nodes[node];
    *out = (struct loss_label){(int)at->level, l->level[at->level].node_of_leaf[at->first_leaf]};
    return 0;
}

static int check_batch(const struct loss *l, const float *logits, const struct loss_label *labels, size_t n, struct err *e) {
    for (size_t i = 0; i < n; i++) {
        const struct loss_label y = labels[i];
        if (y.level != LOSS_UNLABELLED && (y.level < 0 || y.level >= l->n_levels || y.node < 0 || y.node >= l->level[y.level].n_nodes))
            return err_set(e, ERR_LABEL, "exam %zu of the batch: there is no node %d on a level %d", i, y.node, y.level);
        for (int k = 0; k < l->n_leaves; k++) {
            const float z = logits[i * (size_t)l->n_leaves + (size_t)k];
            if (!isfinite(z))
                return err_set(e, ERR_OUTPUT_NAN, "exam %zu of the batch: logit %d is %g", i, k, (double)z);
        }
    }
    return 0;
}

/* --- arithmetic ----------------------------------------------------------------------------------------------------------- */

/* That of any leaf under it. */
int loss_node_at(const struct loss *l, struct loss_label y, int level) {
    int leaf = 0;
    while (l->level[y.level].node_of_leaf[leaf] != y.node)
        leaf++;
    return l->level[level].node_of_leaf[leaf];
}

void softmax(double *p, const float *z, int n) {
    double most = -INFINITY, sum = 0;
    for (int k = 0; k < n; k++)
        most = fmax(most, (double)z[k]);
    for (int k = 0; k < n; k++)
        sum += p[k] = exp((double)z[k] - most);
    for (int k = 0; k < n; k++)
        p[k] /= sum;
}

/* log of the sum of exp(z[leaf]) over the leaves inside the node (or, inside = false, outside it); -inf of none. */
static double log_sum_exp(const float *z, const struct loss *l, const struct loss_level *level, int node, bool inside) {
    double top = -INFINITY, sum = 0;
    for (int k = 0; k < l->n_leaves; k++)
        if ((level->node_of_leaf[k] == node) == inside)
            top = fmax(top, (double)z[k]);
    for (int k = 0; k < l->n_leaves; k++)
        if ((level->node_of_leaf[k] == node) == inside)
            sum += exp((double)z[k] - top);
    return isinf(top) ? top : top + log(sum);
}

/* log(1 + exp(d)); d may be -inf. */
static double softplus(double d) {
    return fmax(d, 0) + log1p(exp(-fabs(d)));
}

/* What one exam costs on one level: term of the header, undivided. Adds its gradient by the logits, times `scale`, to sink (may be NULL):
 *     d term / d z[leaf] = q * (p[k] * (sum of c over the other nodes) - c[k] * (1 - p[k])),   c = t * w, k the leaf's node,
 * q = p[leaf] / p[k] being the leaf's share of its node: no difference of near-equal numbers when the network is sure and right. */
static double exam_term(const struct loss *l, const struct loss_level *level, int label, const float *z, double scale, double *sink) {
    const double even = l->smoothing / level->n_nodes;
    double term = 0, total = 0;
    for (int k = 0; k < level->n_nodes; k++)
        total += level->class_weight[k];
    for (int k = 0; k < level->n_nodes; k++) {
        const double w = level->class_weight[k], own = log_sum_exp(z, l, level, k, true);
        const double d = log_sum_exp(z, l, level, k, false) - own;
        const double c = w * (even + (k == label ? 1 - l->smoothing : 0));
        const double others = even * (total - w) + (k == label ? 0 : (1 - l->smoothing) * level->class_weight[label]);
        term += c * softplus(d);
        if (!sink)
            continue;
        const double pull = exp(-softplus(d)) * others - exp(-softplus(-d)) * c;
        for (int leaf = 0; leaf < l->n_leaves; leaf++)
            if (level->node_of_leaf[leaf] == k)
                sink[leaf] += scale * exp((double)z[leaf] - own) * pull;
    }
    return term;
}

/* sum of w[y] and the number of exams, per level. */
static void count_labels(struct loss_value *out, const struct loss *l, const struct loss_label *labels, size_t n) {
    for (size_t i = 0; i < n; i++)
        for (int at = 0; at <= labels[i].level; at++) {
            out->exams[at]++;
            out->weights[at] += l->level[at].class_weight[loss_node_at(l, labels[i], at)];
        }
}

void loss_weights(double out[LOSS_LEVELS_MAX], const struct loss *l, const struct loss_label *labels, size_t n) {
    struct loss_value count = {0};
    count_labels(&count, l, labels, n);
    memcpy(out, count.weights, sizeof count.weights);
}

/* One exam on all levels that it has a label on; gradient [n_leaves] may be NULL. False: the gradient leaves float32. */
static bool run_exam(struct loss_value *out, float *gradient, const struct loss *l, const float *z, struct loss_label y) {
    double sink[LOSS_LEAVES_MAX] = {0};
    bool finite = true;
    for (int at = 0; at <= y.level; at++) {
        const struct loss_level *level = &l->level[at];
        if (out->weights[at] > 0)
            out->level[at] += exam_term(l, level, loss_node_at(l, y, at), z, level->weight / out->weights[at], gradient ? sink : NULL);
    }
    for (int k = 0; gradient && k < l->n_leaves; k++) {
        gradient[k] = (float)sink[k];
        finite = finite && isfinite(gradient[k]);
    }
    return finite;
}

int loss_run(struct loss_value *out, float *gradient, const struct loss *l, const float *logits, const struct loss_label *labels, size_t n,
             const double *weights, struct err *e) {
    const int rc = check_batch(l, logits, labels, n, e);
    if (rc)
        return rc;
    memset(out, 0, sizeof *out);
    count_labels(out, l, labels, n);
    if (weights)
        memcpy(out->weights, weights, sizeof out->weights);
    for (size_t i = 0; i < n; i++) {
        const size_t at = i * (size_t)l->n_leaves;
        if (!run_exam(out, gradient ? gradient + at : NULL, l, logits + at, labels[i]))
            return err_set(e, ERR_TRAIN_NAN, "exam %zu of the batch: its gradient with respect to the logits overflows float32", i);
    }
    for (int at = 0; at < l->n_levels; at++) {
        if (out->weights[at] > 0)
            out->level[at] /= out->weights[at];
        out->total += l->level[at].weight * out->level[at];
    }
    if (!isfinite(out->total))
        return err_set(e, ERR_TRAIN_NAN, "the loss is %g", out->total);
    return 0;
}
