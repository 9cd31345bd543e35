/* Where the pixels of a picture went in preparation: from the source picture to the tensor, and back. Floor 3.
 *
 * Positions count in pixels, and the centre of the first pixel is (0, 0), as in image/warp.h. Preparation crops, mirrors, pads and resizes,
 * each along the axes: one scale and one shift per axis say it all, a negative scale being a mirror. The resize maps edges to edges (as
 * Pillow does): x of w pixels becomes (x + 1/2) W / w - 1/2 of W. So what a person marked in the picture can be found in the tensor, and a
 * map over the tensor can be laid over the picture.
 */
#ifndef BMU_EXAM_GEOMETRY_H
#define BMU_EXAM_GEOMETRY_H

#include <stdbool.h>
#include <stdint.h>

struct geometry_box { /* pixels, half-open */
    uint32_t x0, y0, x1, y1;
};
struct geometry {
    uint32_t width, height;    /* of the source picture as decoded; 0: there is none */
    struct geometry_box kept;  /* the part of it that was not cropped away */
    double scale[2], shift[2]; /* x, y: tensor = scale * source + shift */
};
/* What was done: the part kept, mirrored or turned upside down, laid with its corner at (left, top) into a picture of padded_w x padded_h,
 * which was resized to w x h. */
struct geometry_steps {
    struct geometry_box kept;
    bool mirrored, upside_down;
    uint32_t left, top, padded_w, padded_h, w, h;
};
struct geometry geometry_of(uint32_t width, uint32_t height, const struct geometry_steps *s);
void geometry_to_tensor(double out[2], const struct geometry *g, const double source[2]);
void geometry_to_source(double out[2], const struct geometry *g, const double tensor[2]);
/* Could preparation have said so: sides in the decoder's limits, the part kept in the picture, finite scales that are not 0? */
bool geometry_ok(const struct geometry *g);

#endif
