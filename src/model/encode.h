/* Images to features: the trunks of a model. Floor 6.
 *
 * A view goes through the trunk of its tower and becomes d = 8 * width numbers, whatever the other views are: the mean of the trunk's last
 * map over its pixels. So features computed once serve every subset of an exam's views (model/fuse.h), and what a map's pixel contributes
 * follows from the gradient by the features alone.
 */
#ifndef BMU_MODEL_ENCODE_H
#define BMU_MODEL_ENCODE_H

#include "exam/slot.h"
#include "model/model.h"

/* What the trunks made of one exam's views. They mean something to the model that made them and to no other. */
struct features {
    unsigned views;              /* bit s: the view of slot s is there */
    int d;                       /* numbers per view */
    float *row;                  /* [SLOT_COUNT][d]; of a view that is not there: 0 */
    float *map[SLOT_COUNT];      /* [h][w][d], the trunk's last map; NULL: not asked for, or the network has no place for the view */
    float *evidence[SLOT_COUNT]; /* [h][w][1 + kinds], background first (docs/MODEL.md); NULL: the network has none */
    int map_h[SLOT_COUNT], map_w[SLOT_COUNT], kinds;
};
/* Room for one exam after the other, nothing in it yet; maps: with the trunks' last maps (12 MB at full size). */
int features_new(struct features **out, const struct model_config *c, bool maps, struct err *e);
void features_free(struct features *f);

/* Internal to src/model; others call model_encode(). An encoder borrows its facts and its engine. */
struct encoder;
struct model_facts;
struct engine;
struct plan;
int encoder_new(struct encoder **out, const struct model_facts *facts, struct engine *en, struct err *e);
void encoder_free(struct encoder *en);
/* view: as model_input.view. The features are the same bits with maps and without. ERR_EXAM_NO_IMAGE, ERR_VIEW_NOT_TAKEN, ERR_ENGINE: what
 * is in out then means nothing. */
int encoder_run(struct encoder *en, const float *const view[SLOT_COUNT], struct features *out, struct err *e);
/* Variant reference: the features [d] of the black image that stands for an absent view of slot s; borrowed. */
int encoder_black(struct encoder *en, enum slot s, const float **out, struct err *e);
enum { ENCODER_PLANS_MAX = 4 * 2 * 2 }; /* towers, views, without and with maps */
size_t encoder_plans(const struct encoder *en, struct plan *out[ENCODER_PLANS_MAX]);

#endif
