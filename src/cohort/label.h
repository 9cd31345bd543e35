/* What a row of the cohort says of an exam's diagnosis, as a node of the disease tree. Floor 4. */
#ifndef BMU_COHORT_LABEL_H
#define BMU_COHORT_LABEL_H

#include "base/err.h"
#include "cohort/manifest.h"
#include "exam/tree.h"

/* Three columns may tell it: `tier` (the name of a leaf), `pathology` (a term of the tree, or several joined by '&') and
 * `malignant` (1, yes, true, malignant: the tree's positive node; or 0, no, false, benign: another one; whatever the case). In a tree with
 * several other nodes at its top a 0 is the name of none: it contradicts, but it labels nothing. The finest one gives *node; the others
 * have to lie on its path, and one that does not is ERR_LABEL_CONFLICT: which of two is wrong cannot be known. *node = -1 and 0: nothing is
 * known (all empty or "unknown", or the term is one that the tree lists as telling no leaf). The message names the row's exam, the column
 * and what is accepted. Of the published release's header `label` is not read: what its numbers mean is not published; ERR_LABEL if it is
 * all there is.
 *
 * ERR_LABEL: a value that is none of these; an unknown term comes with the nearest known ones. */
int label_node(int *node, const struct cohort_row *x, const struct tree *t, struct err *e);
/* The same, and whether the exam is malignant: 1, 0, or -1 where nothing is known. It may be known where the node is not. */
int label_positive(int *positive, int *node, const struct cohort_row *x, const struct tree *t, struct err *e);

#endif
