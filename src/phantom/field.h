/* Maps of floats: noise with a power-law spectrum, smoothing, enlarging, drawing. Floor 4. */
#ifndef BMU_PHANTOM_FIELD_H
#define BMU_PHANTOM_FIELD_H

#include "base/err.h"
#include "base/rng.h"

struct field {
    int width, height;
    float *v; /* owned; rows, top to bottom */
};
int field_new(struct field *f, int width, int height, struct err *e); /* zeroed */
void field_release(struct field *f);

/* Gaussian noise of unit variance whose power spectrum falls as 1/f^beta, from a wavelength of `longest` cells down to two cells: octaves
 * of white noise, each on a grid twice as fine as the last, smoothed by cubic B-spline subdivision. An octave whose cells are D wide has
 * amplitude D^((beta - 2) / 2). Numbers are taken from `first` (even) on. */
int field_noise(struct field *f, const struct rng *r, uint64_t first, double beta, int longest, struct err *e);
/* to = from, enlarged so that cell (x, y) of `from` lies at (scale x, scale y) of `to`: linear interpolation, the rim held. */
void field_enlarge(struct field *to, const struct field *from, int scale);
/* The same by a quadratic B-spline: smooth, slightly blurred. */
void field_enlarge_smooth(struct field *to, const struct field *from, int scale);
/* Linear interpolation at (x, y), the rim held. */
float field_at(const struct field *f, double x, double y);
/* Gaussian smoothing by a sampled kernel of +- 3 sigma (cells), the rim held. sigma 0: nothing is done in that direction. */
int field_smooth(struct field *f, double sigma_x, double sigma_y, struct err *e);
/* A soft straight stroke: `height` in its middle, falling as a Gaussian of sigma cells across and at the ends. The larger of it and what is
 * there stays, so that strokes join without knots. */
void field_stroke(struct field *f, double x0, double y0, double x1, double y1, double sigma, double height);

#endif
