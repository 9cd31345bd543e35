/* The loss of an evidence map: at each cell, what the marks say is there. Floor 6.
 *
 * A cell has the share of its area that lies in lesions (src/learn/target.h makes it). With e the cell's evidence, log p = log softmax(e)
 * over background and all kinds, f_g the share of group g of marks, whose log probability is that of the sum over the channels it allows
 * (one channel where the marks name the kind; several where they say less), and b = 1 - sum f:
 *     loss = 1/2 sum over cells of b (-log p_0) / max(1, sum b)  +  1/2 sum of f_g (-log p_g) / max(1, sum f)
 * over the cells of all views of the batch that are marked. Half the weight is background's, half the lesions', however small they are.
 * Shares below EVIDENCE_LEAST count as 0. A view that is not marked has no say.
 */
#ifndef BMU_MODEL_EVIDENCE_LOSS_H
#define BMU_MODEL_EVIDENCE_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define EVIDENCE_LEAST 0.15
enum { EVIDENCE_LAST, EVIDENCE_THIRD, EVIDENCE_MAPS }; /* of the last map, and of the one before the last stage, in training alone */
enum { EVIDENCE_GROUPS_MAX = 8, EVIDENCE_KINDS_MAX = 64 };

/* What the marks of one view say of its cells. Plain data. */
struct evidence_target {
    bool marked;                         /* false: nothing is known, and share is not looked at */
    int n_groups;                        /* 0 .. EVIDENCE_GROUPS_MAX */
    uint64_t kinds[EVIDENCE_GROUPS_MAX]; /* bit k: channel k + 1 may be it; not 0 */
    float *share;                        /* [n_groups][cells], each in 0 .. 1; of each group */
};

/* Sums over the cells of marked views: what the two halves are divided by. */
struct evidence_weights {
    double background, lesion;
};
void evidence_count(struct evidence_weights *sum, const struct evidence_target *t, size_t cells);
/* One view: its part of the loss, times `scale`, is added to *loss, and the gradient by e [cells][1 + kinds] is written (zeros if it is not
 * marked); gradient may be NULL. sum: over the whole batch. ERR_OUTPUT_NAN: evidence that is not finite. */
int evidence_loss(double *loss, float *gradient, const float *e, size_t cells, int kinds, const struct evidence_target *t,
                  const struct evidence_weights *sum, double scale, struct err *err);

#endif
