/* Patches: small parts of pictures, most of them with a lesion in the middle, for the stage that learns what lesions look like. Floor 7.
 *
 * patch_draw() says which patch of a view an epoch takes: pure, the same for (seed, epoch, view) whatever the order or the threads. A share
 * of the patches shows a marked lesion, moved off the middle by up to `jitter` of the patch's side either way; the others lie somewhere in
 * the breast. All are turned by any angle, mirrored by chance, and enlarged as the augmentation's settings say. Only a patch with a lesion
 * has a diagnosis: the lesion's.
 */
#ifndef BMU_LEARN_PATCH_H
#define BMU_LEARN_PATCH_H

#include "learn/augment.h"
#include "learn/target.h"

struct patch_settings {
    int size;       /* side in pixels of what preparation makes; 32 .. 1024 */
    double lesions; /* share of patches with a lesion, 0 .. 1 */
    double jitter;  /* 0 .. 0.5 */
};

struct patch {
    int mark;        /* which of the view's; -1: somewhere in the breast */
    double shift[2]; /* off the lesion's middle, in sides of the patch */
    double degrees, scale;
    bool mirrored;
    uint64_t places; /* the seed of where it lies without a lesion */
};
/* The patch by which a view is judged: its first lesion in the middle, as it is. */
struct patch patch_plain(void);
/* a: the augmentation, whose scale it takes; NULL: as patch_plain(). */
struct patch patch_draw(const struct patch_settings *s, const struct augment_settings *a, enum slot slot, const struct marked_view *marks,
                        uint64_t seed, uint32_t epoch, uint32_t view);
struct loss_label patch_label(const struct patch *x, const struct marked_view *marks);
/* The map from the patch to the view that preparation made: width, height and channels are the view's, to_width and to_height the
 * patch's. in: the view's numbers, by which a place in the breast is found. */
void patch_motion(struct warp *out, const struct patch *x, int size, const struct marked_view *marks, const struct geometry *g,
                  const struct prep_profile *p, enum slot slot, const float *in);

#endif
