/* The tree loss: cross-entropy on every level of the disease tree. Floor 6.
 *
 * With logits z[leaf] of one exam, p[leaf] = softmax(z); the probability of a node is the sum of its leaves', so the levels never
 * contradict each other. On one level with K nodes, class weights w, smoothing eps and labelled node y, exam i costs
 *     term[i] = sum over nodes k of t[k] * w[k] * -log p[k],   t[k] = (1 - eps) * [k = y] + eps / K
 *     level   = sum over i of term[i] / sum over i of w[y[i]]  over the exams that have a label on this level
 *     loss    = sum over levels of weight * level              (no division by the sum of the levels' weights)
 * as PyTorch's CrossEntropyLoss does with weights and smoothing. An exam labelled "malignant" and nothing finer counts on that level and
 * those above it, and is left out, of both sums, below. A level of which no exam of the batch has a label, or only labels of weight 0,
 * costs 0 and pulls nothing (PyTorch would say NaN). The reference network's loss is the lowest level alone.
 *
 * All sums in double, as log(1 + exp(d)) with d = log-sum-exp of the other leaves - that of the node's own: no logit is too large, and a
 * loss near 0 keeps its digits.
 */
#ifndef BMU_MODEL_LOSS_H
#define BMU_MODEL_LOSS_H

#include <stddef.h>

#include "base/err.h"
#include "exam/tree.h"

enum { LOSS_LEVELS_MAX = TREE_LEVELS_MAX, LOSS_LEAVES_MAX = TREE_LEAVES_MAX };

struct loss_level {
    int n_nodes;                          /* numbered in the order of their leaves; on the lowest level the node is the leaf */
    int node_of_leaf[LOSS_LEAVES_MAX];    /* [n_leaves] */
    double weight;                        /* of this level: >= 0 */
    double class_weight[LOSS_LEAVES_MAX]; /* [n_nodes], >= 0 */
};
/* Plain data without owners: copy it freely. */
struct loss {
    int n_levels, n_leaves;
    struct loss_level level[LOSS_LEVELS_MAX]; /* top first */
    double smoothing;                         /* eps, in [0, 1) */
};
/* The finest thing known of an exam; the nodes above follow from it. level LOSS_UNLABELLED (not -1, as what was not found
 * may look): nothing is known, and it costs nothing. */
enum { LOSS_UNLABELLED = -100 };
struct loss_label {
    int level, node;
};
struct loss_value {
    double total;
    double evidence;                 /* the learner's: of the evidence maps, weighted, and a part of total */
    double level[LOSS_LEVELS_MAX];   /* before the levels' weights; also of levels with weight 0; 0 where exams is 0 */
    size_t exams[LOSS_LEVELS_MAX];   /* how many have a label on this level */
    double weights[LOSS_LEVELS_MAX]; /* sum of w[y]: what the level was divided by; 0: it was left out */
};

/* The tree's levels with the reference's loss: weight 1 on the lowest level, 0 above; class weights 1; no smoothing. */
void loss_from_tree(struct loss *out, const struct tree *t);
/* To be called once what the caller changed is in place. ERR_CONFIG: a weight that is negative or not a number, all of the levels' weights
 * or all class weights of one level 0, smoothing outside [0, 1), levels that do not nest. */
int loss_check(const struct loss *l, struct err *e);
/* tree_lookup()'s node as a label. l comes from this tree. ERR_LABEL: the tree has no such node (-1: the exam has no label). */
int loss_label(struct loss_label *out, const struct loss *l, const struct tree *t, int node, struct err *e);

/* p[n] = softmax(z[n]), in double; z finite. p may be read as the leaves' probabilities. */
void softmax(double *p, const float *z, int n);
/* The node of a label on its own level or one above it. */
int loss_node_at(const struct loss *l, struct loss_label y, int level);
/* sum of w[y] per level over the exams: what each level of their loss is divided by. */
void loss_weights(double out[LOSS_LEVELS_MAX], const struct loss *l, const struct loss_label *labels, size_t n);
/* One batch: logits [n][n_leaves], labels [n]; gradient [n][n_leaves] = d total / d logits, or NULL. l has passed loss_check().
 * ERR_LABEL, ERR_OUTPUT_NAN: the message names the exam by its index in the batch. ERR_TRAIN_NAN: class weights so far apart that a
 * gradient leaves float32. On failure out and gradient mean nothing.
 * weights: NULL, or loss_weights() of the whole batch of which these exams are a part: the parts' totals and gradients then sum up to the
 * whole batch's. */
int loss_run(struct loss_value *out, float *gradient, const struct loss *l, const float *logits, const struct loss_label *labels, size_t n,
             const double *weights, struct err *e);

#endif
