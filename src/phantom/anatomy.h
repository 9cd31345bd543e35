/* The breast behind the pictures of one case: where skin, fat, gland, ligaments, ducts and lesions are, in three dimensions. Floor 4.
 *
 * Coordinates, mm: u lateral (towards the armpit), v cranial, w from the chest wall to the front; the nipple is at (0, 0, height). The
 * undeformed breast is the half-ellipsoid (u^2 + v^2) / radius^2 + (w / height)^2 < 1, w > 0 (as in Bakic et al., Med Phys 29 (2002) 2131).
 *
 * Nothing is stored as a volume: tissue is a function of the point, a sum of octaves of smoothed lattice noise. In three dimensions
 * octaves of equal amplitude give a power spectrum 1/f^3, and so does their projection (projection-slice theorem), as measured in
 * mammograms (Burgess, Med Phys 28 (2001) 419: beta 2.8 to 3.0). What all views share is this function: structures of about 5 mm and more,
 * ligaments, ducts, vessels, and all of the lesions. Finer texture is drawn per view (mammography.c, ultrasound.c) and is not the same in
 * two views.
 */
#ifndef BMU_PHANTOM_ANATOMY_H
#define BMU_PHANTOM_ANATOMY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "phantom/case.h"
#include "phantom/draw.h"

static inline double draw_between(struct draw *d, double low, double high) {
    return low + (high - low) * draw_uniform(d);
}

enum { ANATOMY_WAVES = 14, ANATOMY_SPICULES_MAX = 40, ANATOMY_LINES_MAX = 6000, ANATOMY_LATTICE = 32 };

/* A straight piece of a tube: duct, vessel, spicule, calcification (both ends alike: a ball). */
struct anatomy_line {
    double from[3], to[3], radius; /* mm */
};
struct anatomy_lesion {
    const struct synth_lesion *drawn; /* borrowed */
    double at[3];                     /* its middle */
    double axis[3];                   /* half axes along u, v, w, mm; their product is that of the equal-volume sphere */
    struct {
        double direction[3], frequency, phase, amplitude;
    } wave[ANATOMY_WAVES]; /* of the outline, over directions; the same outline from every side */
    int spicules, calcifications;
    struct anatomy_line spicule[ANATOMY_SPICULES_MAX], calcification[64];
};
struct anatomy {
    const struct synth_case *drawn; /* borrowed */
    double radius, height;          /* mm */
    double middle[3], axis[3];      /* where gland gathers, and how widely */
    double subcutaneous;            /* fat under the skin, mm */
    double threshold;               /* of the gland's score: the case's glandular fraction lies above it */
    double octave[8][3];            /* offsets of the noise */
    float lattice[ANATOMY_LATTICE * ANATOMY_LATTICE * ANATOMY_LATTICE];
    struct anatomy_lesion lesion[SYNTH_LESIONS_MAX];
    int ducts, vessels; /* lines: ducts first, then vessels */
    struct anatomy_line line[ANATOMY_LINES_MAX];
};

/* Owned: mem_free(). ERR_NO_MEMORY, ERR_INTERNAL (a case outside the ranges that synth.h states). */
int anatomy_make(struct anatomy **out, uint64_t seed, const struct synth_case *c, struct err *e);
/* Smooth noise of unit variance; its lattice is `spacing` mm wide; `octave` 0 .. 7 chooses the field. */
float anatomy_noise(const struct anatomy *a, const double p[3], double spacing, int octave);
/* Share of fibroglandular tissue at a point, 0 .. 1; the rest is fat. The mean over the breast is the case's glandular fraction. */
float anatomy_gland(const struct anatomy *a, const double p[3]);
/* Zero on Cooper's ligaments, the curved sheets between lobules of fat; about normal. */
float anatomy_septum(const struct anatomy *a, const double p[3]);
/* Height of the skin over the chest wall, mm; 0 outside. */
double anatomy_surface(const struct anatomy *a, double u, double v);
/* Distance from the lesion's outline, mm, negative inside, of a point d away from its middle; a good estimate near the outline. */
double anatomy_lesion_distance(const struct anatomy_lesion *l, const double d[3]);
/* The outline's radius in the direction of d, in units of the half axes. */
double anatomy_lesion_outline(const struct anatomy_lesion *l, const double d[3]);

#endif
