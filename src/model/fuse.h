/* Features to logits: the head over any subset of an exam's views. Floor 6.
 *
 * Variant masked: a view left out is not there at all. Variant reference (and the unimodal networks): the features of the black image stand
 * in for it, as in the published release.
 */
#ifndef BMU_MODEL_FUSE_H
#define BMU_MODEL_FUSE_H

#include "model/encode.h"

struct fuse_input {
    const struct features *features; /* of this model */
    unsigned views;                  /* those to be fused: a subset of features->views. None is possible where a black image or the clinical
                                        token is left to look at */
    const struct clinical *clinical; /* config.n_clinical values; NULL only if CLINICAL_NONE */
};

/* Internal to src/model; others call model_fuse() and model_fuse_gradient(). A fuser borrows what it is made of. */
struct fuser;
int fuser_new(struct fuser **out, const struct model_facts *facts, struct engine *en, struct encoder *encoder, struct err *e);
void fuser_free(struct fuser *f);
/* logits: by leaf. ERR_EXAM_NO_IMAGE: no view is left, and nothing stands in. Not looked at: whether they are finite. */
int fuser_run(struct fuser *f, const struct fuse_input *in, float *logits, struct err *e);
/* With y = the sum over leaves k of weight[k] * logit[k] (a logit by itself: 1 there and 0 elsewhere; a probability or its log-odds: their
 * derivatives by the logits): gradient [SLOT_COUNT][d] = dy / d features. 0 in the rows of views that are not fused. */
int fuser_gradient(struct fuser *f, const struct fuse_input *in, const float *weight, float *gradient, struct err *e);
enum { FUSER_PLANS_MAX = 2 << SLOT_COUNT };
size_t fuser_plans(const struct fuser *f, struct plan *out[FUSER_PLANS_MAX]);

#endif
