/* Bilinear resampling of a float picture by one map from output to input: affine, plus a smooth displacement. Floor 2.
 *
 * Positions count in pixels, and the centre of pixel (column, row) lies at (column, row): (0, 0) is the centre of the first pixel. That is
 * torch.nn.functional.grid_sample(mode="bilinear", padding_mode="zeros", align_corners=False), whose grid value g stands for the position
 * ((g + 1) width - 1) / 2, and torchvision.transforms.functional.affine, whose matrix acts on positions counted from the picture's centre
 * ((width - 1) / 2, (height - 1) / 2).
 * Beyond the picture lies `fill`, which each of the four neighbours may be. (torchvision 0.14 weighs a border pixel's inside part twice, so
 * that a picture of one colour gets a line at its border when filled with that colour; this does not. With fill 0 torch does neither.)
 * Where the four neighbours are equal, the result has their bits: background stays background.
 * Same bits on every x86-64 and whatever the threads. Runs in the calling thread alone: it is called from threads that load ahead.
 */
#ifndef BMU_IMAGE_WARP_H
#define BMU_IMAGE_WARP_H

enum { WARP_CELLS_MAX = 32 }; /* of the displacement's grid, each way */

/* A displacement: cubic B-spline over columns x rows equal cells that cover the picture, by its control values in input pixels:
 * control[2 * (j * (columns + 3) + i)] to the right, the next one downwards; i = 0 .. columns + 2, j = 0 .. rows + 2. Of column x: with
 * u = (x + 1/2) columns / width, cell = floor(u), t = u - cell, the controls cell .. cell + 3 weigh (1-t)^3/6, (3t^3-6t^2+4)/6,
 * (-3t^3+3t^2+3t+1)/6, t^3/6 (uniform cubic B-spline); rows likewise. No displacement is larger than the largest control. */
struct warp_field {
    int columns, rows;    /* 1 .. WARP_CELLS_MAX */
    const float *control; /* borrowed */
};

struct warp {
    int width, height, channels;    /* of input and output; channels 1 or 3, interleaved; height * width * channels < 2^31 */
    int to_width, to_height;        /* of the output where it has another size (then without a field); 0: the same */
    double affine[6];               /* output (x, y) comes from input (a[0] x + a[1] y + a[2], a[3] x + a[4] y + a[5]); each within 1e6 */
    const struct warp_field *field; /* NULL: none; else added to that position */
    float fill;
};

/* The map that shifts by (right, down) pixels, then mirrors, then turns clockwise by `degrees` and enlarges by `scale` about the picture's
 * centre: what happens to the picture, so affine[] is its inverse. Mirrors and whole shifts alone are exact. */
struct warp_motion {
    double right, down;
    int mirror_x, mirror_y; /* 1: left and right change places; top and bottom */
    double degrees, scale;
};
void warp_affine(double affine[6], int width, int height, const struct warp_motion *m);

/* Where the output's (x, y), not only whole ones, comes from in the input: what warp_image() samples, before its rounding. */
void warp_source(double out[2], const struct warp *w, double x, double y);

/* out, in: height * width * channels floats (out: of its size), finite, not overlapping. Numbers beyond the stated ranges are a bug of the
 * caller (assert). */
void warp_image(float *out, const float *in, const struct warp *w);

#endif
