/* Evaluation of ordered tiers and of a disease tree. Floor 2.
 *
 * Classes are 0 .. k - 1, in rising risk where their order counts. Labels outside are ERR_STATS_RANGE; no observation is ERR_STATS_TOO_FEW.
 */
#ifndef BMU_ACCURACY_TIERS_H
#define BMU_ACCURACY_TIERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* counts[t * k + p]: observations of true class t that were called p; k * k numbers of the caller's. */
int tiers_confusion(size_t *counts, const int *truth, const int *predicted, size_t n, int k, struct err *e);

struct tiers {
    size_t n;
    int n_present; /* classes that occur in truth */
    double accuracy;
    double balanced_accuracy; /* mean recall over the classes present (Brodersen et al. 2010, ICPR, 3121) */
    double mean_distance;     /* mean of |predicted - true|: in tiers, 0 .. k - 1 (macro: mean absolute error of ordinal classes) */
    double mean_shift;        /* mean of predicted - true: above 0, risk is overrated */
    double adjacent;          /* share with |predicted - true| <= 1 */
};
int tiers_summary(struct tiers *out, const size_t *counts, int k, struct err *e);

/* One-versus-rest AUC of class c with column c of the n x k probabilities (rows sum to 1, else ERR_STATS_RANGE). A class without
 * observations, or with all of them: defined[c] = 0, auc[c] untouched. macro: unweighted mean over the defined ones; none:
 * ERR_STATS_ONE_CLASS. Ties count one half. */
int tiers_auc(double *macro, double *auc, uint8_t *defined, const double *probability, const int *truth, size_t n, int k, struct err *e);

/* Hand & Till's M (2001, Mach Learn 45:171): the mean over pairs of classes of (A(i|j) + A(j|i)) / 2, where A(i|j) is the AUC of column i
 * between the observations of i and of j. Pairs with an empty class are left out; n_pairs says how many were averaged; none:
 * ERR_STATS_ONE_CLASS. */
int tiers_hand_till(double *out, size_t *n_pairs, const double *probability, const int *truth, size_t n, int k, struct err *e);

/* Hierarchical cost: the mean length of the path in the tree from the true to the predicted node (tree-induced error, Dekel, Keshet &
 * Singer 2004, ICML, 27). parent[i] is the parent of node i, -1 at a root; several roots hang on one common root. edge[i] >= 0 is the
 * length of the edge above node i; NULL: 1 each. ERR_STATS_RANGE for a parent out of range, a cycle, or a label that is no node. */
int tiers_tree_cost(double *out, const int *parent, const double *edge, int n_nodes, const int *truth, const int *predicted, size_t n,
                    struct err *e);

#endif
