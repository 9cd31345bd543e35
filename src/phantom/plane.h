/* One ultrasound plane: its geometry, its tissue, and the pictures painted over it. Floor 4. */
#ifndef BMU_PHANTOM_PLANE_H
#define BMU_PHANTOM_PLANE_H

#include "phantom/field.h"
#include "phantom/modality.h"

/* How a vendor's scanner shows B-mode. */
struct scanner {
    double dynamic_range;                   /* dB over the 255 grey levels */
    double grey;                            /* grey level of fat in the focus */
    int looks;                              /* compounded */
    double megahertz, axial_mm, lateral_mm; /* sigma of the point spread function in the focus */
    double aperture_mm;                     /* width of the array */
    double steer;                           /* lateral growth per mm of depth and side: 0 a rectangle, > 0 a trapezoid */
    bool dual_pane;                         /* elastography beside B-mode */
    int palette;                            /* of elastography */
};
const struct scanner *scanner_of(int vendor);

/* A pane of the frame; x across (mm from the middle of the array), z depth (mm from the skin). */
struct plane {
    const struct anatomy *anatomy;
    const struct scanner *scanner;
    bool transverse;
    int x0, y0, width, height; /* in the frame, pixels */
    double mm;                 /* of a pixel */
    double depth_mm;           /* shown */
    double breast_mm;          /* skin to pectoral fascia, under the lesion */
    double muscle_mm;
    double shift_mm;                                 /* the lesion's place, across, from the middle */
    struct anatomy_lesion lesion[SYNTH_LESIONS_MAX]; /* in this plane: at[] = (across, out of plane, depth), axis[] alike */
    struct field db;                                 /* echogenicity against fat */
    struct field specular;                           /* mirror-like reflection, in amplitudes of fat */
    struct field loss;                               /* dB, shadows and enhancement; > 0 brighter */
    struct field stiff;                              /* kPa; only for elastography */
};
void plane_release(struct plane *s);
/* Geometry and the maps of tissue; r: the plane's stream. */
int plane_tissue(struct plane *s, const struct view *v, const struct rng *r, struct err *e);
/* Point of the anatomy at (x, z). */
void plane_point(double out[3], const struct plane *s, double x, double z);
/* Distance of the nearest lesion's outline at (x, z), mm, negative inside; *which: its index. */
double plane_lesion_distance(const struct plane *s, double x, double z, int *which);

/* The box in which colour is shown, pixels of the pane: around the lesion. */
struct colour_box {
    int x0, y0, x1, y1;
};
struct colour_box plane_colour_box(const struct plane *s, double margin_mm);
/* Colour over the RGB frame (row stride in pixels). */
int doppler_paint(uint8_t *frame, int stride, const struct plane *s, const struct view *v, const struct colour_box *b, struct err *e);
int elasto_paint(uint8_t *frame, int stride, const struct plane *s, const struct view *v, const struct colour_box *b, struct err *e);

#endif
