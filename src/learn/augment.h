/* Augmentation: how an image of one exam is moved and changed in one epoch. Floor 7. The table with reasons is in docs/TRAINING.md.
 *
 * Two steps, so that each can be looked at. augment_draw() makes plain numbers from settings and keys: pure, the same for (seed, epoch,
 * exam, slot) whatever the order or the threads; each image draws for itself, the two views of a modality too, as in the published release.
 * augment_apply() makes the image: moved by ONE bilinear resampling pass (image/warp.h), in this order: shift, mirror, turn and scale about
 * the centre, elastic; then gamma, speckle, noise, in one pass; then blur (after the speckle, so that its grain is as coarse as a
 * scanner's).
 *
 * The steps of intensity change a pixel's value, which is what the tensor means on a scale 0 (black) .. 1: mammography
 * (x std + mean) by its largest in this image (65535 where the whole range is used), ultrasound the largest of red, green, blue (V of HSV).
 * All channels are multiplied alike, so that grey stays grey, and hue and saturation stay, which in Doppler is the velocity and in
 * elastography the stiffness. Black stays black: what comes from beyond the picture is prep_black()'s value, and no step but the blur at an
 * edge touches a pixel of that value.
 */
#ifndef BMU_LEARN_AUGMENT_H
#define BMU_LEARN_AUGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "exam/slot.h"
#include "file/json.h"
#include "image/warp.h"
#include "prep/prep.h"

/* Probabilities in [0, 1]; a step whose probability is 0 is never made, whatever its other numbers. Drawn numbers are uniform in their
 * range.
 */
struct augment_modality {
    double translate_x, translate_y;       /* up to this fraction of width, height, either way, in whole pixels; 0 .. 0.5 */
    double rotate;                         /* up to this many degrees, either way; 0 .. 180 */
    double scale_low, scale_high;          /* enlargement; 0.25 .. 4 */
    double flip_horizontal, flip_vertical; /* probabilities: left and right, top and bottom change places */
    double elastic;                        /* probability of a smooth displacement: cubic B-spline (image/warp.h) whose controls are */
    double elastic_amplitude;              /* uniform within this fraction of the shorter side, either way, */
    int elastic_cells;                     /* this many cells on the shorter side, as many as fit on the longer; 1 .. 8 */
    double gamma, gamma_low, gamma_high;   /* probability; value ^ gamma; 0.25 .. 4 */
    double speckle, speckle_strength;      /* probability; value x (1 + s n), s up to this, n of mean 0 and deviation 1 per pixel; 0 .. 1 */
    double noise, noise_sigma;             /* probability; value + s n, s up to this part of the full range; 0 .. 1 */
    double blur, blur_sigma_low, blur_sigma_high; /* probability; Gaussian of 3x3 pixels, as torchvision's GaussianBlur(3); 0.05 .. 10 */
};
struct augment_settings {
    struct augment_modality mammography, ultrasound;
};

extern const struct augment_settings augment_none;      /* nothing is ever drawn */
extern const struct augment_settings augment_reference; /* the published release's, exactly */
extern const struct augment_settings augment_default;   /* ours: the reference's with gamma, speckle or noise, and mild elastic */

/* Is every number in its range, low not above high, and does no elastic displacement fold the picture (4 amplitude cells < 1: the
 * displacement is then a contraction)? ERR_CONFIG, naming the field. */
int augment_check(const struct augment_settings *s, struct err *e);
/* {"mammography": {"translate_x": ...}, "ultrasound": {...}}: every field, in the order above. NULL on want of memory. */
struct json *augment_to_json(const struct augment_settings *s);

/* What was drawn for one image. All as in "nothing": translate 0, scale 1, gamma 1, the others 0 or false. */
struct augment_draw {
    double translate_x, translate_y; /* fractions */
    double degrees, scale;           /* clockwise */
    bool flip_horizontal, flip_vertical;
    double elastic_amplitude; /* 0: none */
    int elastic_cells;
    double gamma;
    double speckle, noise, blur_sigma; /* 0: none */
    uint64_t pixels;                   /* the seed of what is drawn per control point and per pixel */
};
/* s passes augment_check(). */
struct augment_draw augment_draw(const struct augment_settings *s, enum slot slot, uint64_t seed, uint32_t epoch, uint32_t exam);
/* Is it nothing at all? The image is then copied, bit for bit. */
bool augment_is_nothing(const struct augment_draw *d);

/* Where the moved picture comes from, as augment_apply() moves it; for whatever has to move along. *any: false: it does not move at all.
 * Release it, also after a failure. ERR_NO_MEMORY. */
struct augment_motion {
    struct warp warp;
    struct warp_field field;
    float *control; /* owned */
    bool any;
};
int augment_motion(struct augment_motion *out, const struct prep_profile *p, enum slot slot, const struct augment_draw *d, struct err *e);
void augment_motion_release(struct augment_motion *m);
/* The draw without its motion: values and blur alone. */
struct augment_draw augment_still(const struct augment_draw *d);
float augment_black(const struct prep_profile *p, enum slot slot); /* what lies beyond a picture: prep_black()'s value */

/* out, in: prep_size(p, slot) floats, finite, not overlapping, as prep_image() makes them. Single-threaded; takes some 100 KB while it
 * runs. ERR_NO_MEMORY. */
int augment_apply(float *out, const float *in, const struct prep_profile *p, enum slot slot, const struct augment_draw *d, struct err *e);

#endif
