/* How good the network is on the validation exams at present. Floor 8. */
#ifndef BMU_TRAIN_VALIDATE_H
#define BMU_TRAIN_VALIDATE_H

#include "base/err.h"
#include "exam/tree.h"
#include "learn/learner.h"
#include "learn/loader.h"
#include "model/loss.h"
#include "train/history.h"

/* Runs the learner's present numbers over the items, unmasked and unaugmented, as `bmunet predict` would: running statistics, no dropout.
 * An exam counts in a figure if its label is fine enough for it. logits: NULL, or [n][n_leaves]. The loss comes from the tree. */
int validate(struct scores *out, float *logits, struct learner *l, struct loader *loader, const struct train_item *items, uint32_t n,
             const struct loss *loss, const struct tree *tree, const struct model_options *how, struct err *e);
/* The same figures of logits that are there. */
int scores_of(struct scores *out, const float *logits, const struct train_item *items, uint32_t n, const struct loss *loss,
              const struct tree *tree, struct err *e);

#endif
