/* A mark: where in a picture a lesion lies, as a person or a simulation drew it. Floor 3.
 *
 * Positions count in pixels of the source picture as decoded, before any crop, mirror or resize; the centre of the first pixel is (0, 0).
 * What becomes of a mark in preparation follows from exam/geometry.h.
 */
#ifndef BMU_EXAM_MARK_H
#define BMU_EXAM_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/decode.h"

enum mark_shape {
    MARK_NONE,    /* somebody looked, and there is no lesion in this picture */
    MARK_CIRCLE,  /* x, y: its centre; radius */
    MARK_BOX,     /* x, y: its first column and row; width, height: how many of them */
    MARK_POLYGON, /* point, at least 3 */
    MARK_MASK,    /* a picture of the same size: what is at least half as bright as its brightest pixel */
    MARK_SHAPES
};
const char *mark_shape_name(enum mark_shape s); /* "none", "circle" ... */
int mark_shape_from_name(const char *name);     /* or -1 */

/* The pixels of a mask, one bit each, within the box around them. */
struct mark_mask {
    uint32_t width, height;  /* of the whole mask */
    uint32_t x0, y0, x1, y1; /* the box, half-open */
    size_t stride;           /* bytes of a row of the box */
    uint8_t *bits;           /* owned; pixel (x0, y0) is the lowest bit of the first byte */
};

enum { MARK_POINTS_MAX = 4096 };
struct mark {
    enum mark_shape shape;
    double x, y, radius, width, height;
    const double (*point)[2]; /* borrowed */
    size_t n_points;
    const char *file;       /* MARK_MASK: its path, borrowed */
    struct mark_mask *mask; /* owned; NULL before mark_load() */
    const char *lesion;     /* which lesion of the exam, borrowed; NULL or "": not said */
    int node;               /* of the disease tree: what the lesion is; -1: not said */
};

/* Does what a mark's numbers say make a shape? ERR_MARK, with what is wrong; needs no picture. */
int mark_check(const struct mark *m, struct err *e);
/* Reads a mask (others: 0 at once): decoded in the sandbox. ERR_MARK_MASK: not a picture, or one that marks nothing; ERR_FILE_*. */
int mark_load(struct mark *m, struct decoder *d, struct err *e);
void mark_release(struct mark *m);
/* Is it inside a picture of this size? A circle's centre, every pixel of a box and every corner of a polygon have to be, or within one
 * pixel of it; a mask has that very size. ERR_MARK_OUTSIDE, ERR_MARK_MASK. A mask has been loaded. */
int mark_inside(const struct mark *m, uint32_t width, uint32_t height, struct err *e);
/* Does it cover this place? Of a mask, the pixel that holds it. */
bool mark_covers(const struct mark *m, double x, double y);
/* The middle: of a polygon or a mask the middle of what it covers. False: it covers nothing. */
bool mark_middle(double out[2], const struct mark *m);
/* Half the longer side of the box around it, in pixels. */
double mark_extent(const struct mark *m);
/* Do the two show one lesion: does each cover the other's middle? */
bool mark_same_place(const struct mark *a, const struct mark *b);

#endif
