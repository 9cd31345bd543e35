/* From marks to what an evidence map should show: of each cell, the share of its area that lies in lesions. Floor 7.
 *
 * A cell is the part of the view that an even division into [h][w] gives it, as PyTorch's adaptive pooling. Its share is counted over
 * TARGET_SAMPLES x TARGET_SAMPLES places in it: each goes back through the augmentation's motion and through preparation's geometry to the
 * source picture, where the mark was made.
 */
#ifndef BMU_LEARN_TARGET_H
#define BMU_LEARN_TARGET_H

#include <stdbool.h>

#include "exam/geometry.h"
#include "exam/mark.h"
#include "image/warp.h"
#include "model/evidence_loss.h"
#include "model/loss.h"

enum { TARGET_SAMPLES = 8 };

/* A mark with what it says in the terms of this network. */
struct marked {
    const struct mark *mark; /* borrowed; never MARK_NONE */
    uint64_t kinds;          /* of lesions that it may be: struct evidence_target */
    struct loss_label label; /* the same for the head */
};
struct marked_view {
    bool looked; /* false: nobody has marked this picture */
    int n;       /* lesions; 0 and looked: there is none */
    const struct marked *list;
};
/* How a view of the network came from its picture. */
struct target_source {
    int width, height; /* of the view */
    const struct geometry *geometry;
    const struct warp *motion; /* from the view to what preparation made; NULL: they are the same */
};
/* out->share has room for EVIDENCE_GROUPS_MAX * h * w floats. */
void target_make(struct evidence_target *out, int h, int w, const struct marked_view *marks, const struct target_source *from);

#endif
