/* The steps behind profile canonical-v1 (docs/PREP.md). Floor 4. Internal to src/data.
 *
 * prep_view.c: what the tags must say; prep_grey.c: stored value -> 16-bit grey as one table; prep_breast.c: cells, breast, chest wall;
 * prep_mg.c: the mammogram's tensor; prep_pane.c: which part of an ultrasound picture; prep_us.c: its tensor; prep_grid.c: components. */
#ifndef BMU_PREP_PREP_STEPS_H
#define BMU_PREP_PREP_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "prep/prep.h"
#include "prep/vendor.h"

enum { PREP_SIDE_MIN = 64 }; /* pixels: a smaller picture is refused */

/* --- tags ----------------------------------------------------------------------------------------------------------------- */

enum chest_wall { CHEST_UNKNOWN, CHEST_LEFT, CHEST_RIGHT };
struct view_plan {
    char side;             /* 'L', 'R', 0: nobody says */
    enum chest_wall chest; /* where it has to be; CHEST_UNKNOWN: anywhere */
    bool upside_down;      /* flip vertically */
};
/* Sections 1 and 5. d: NULL for a file without tags. Adds remarks to v's note. */
int view_check(struct view_plan *out, const struct dicom *d, enum slot s, const struct prep_claim *claim, struct input_verdict *v,
               struct err *e);
/* The file's side by its tags: 'L', 'R', 'B' or 0 (not said, or no such value). */
char view_side(const struct dicom *d);
/* The entry of the profile's vendor table, or NULL; both are noted. */
const struct vendor *view_vendor(const struct prep_profile *p, const struct dicom *d, struct input_verdict *v);

/* --- grey ----------------------------------------------------------------------------------------------------------------- */

enum { GREY_TABLE = 65536, GREY_MAX = 65535 };
/* One channel: samples, and the grey of each sample's bits. */
struct grey {
    const void *pixels; /* borrowed */
    uint32_t width, height;
    int bits, step;        /* of a sample's container; samples from one pixel to the next */
    const uint16_t *table; /* 256 or GREY_TABLE entries, by the sample's bits */
    bool has_padding, is_signed;
    int32_t padding_first, padding_last; /* stored values, inclusive */
};
/* Section 2. table: GREY_TABLE entries. A picture of three channels is taken if they are equal. */
int grey_prepare(struct grey *out, uint16_t *table, const struct image *im, const struct vendor *vendor, struct input_verdict *v,
                 struct err *e);
static inline uint16_t grey_at(const struct grey *g, size_t pixel) {
    const size_t i = pixel * (size_t)g->step;
    return g->table[g->bits == 16 ? ((const uint16_t *)g->pixels)[i] : ((const uint8_t *)g->pixels)[i]];
}

/* Is it one that the file calls padding? */
static inline bool grey_is_padding(const struct grey *g, size_t pixel) {
    const size_t i = pixel * (size_t)g->step;
    if (!g->has_padding)
        return false;
    const uint16_t word = g->bits == 16 ? ((const uint16_t *)g->pixels)[i] : ((const uint8_t *)g->pixels)[i];
    const int32_t s = g->is_signed ? (int16_t)word : word;
    return s >= g->padding_first && s <= g->padding_last;
}
/* How many different greys the picture has, counted up to `most`. */
int grey_count(const struct grey *g, int most);

/* --- grids of cells ------------------------------------------------------------------------------------------------------- */

enum { GRID_MAX = 256 };
/* Small bitmap: cells[y * width + x], 0 or 1. */
struct grid {
    int width, height; /* 1 .. GRID_MAX */
    int cell;          /* pixels of a cell's side */
    uint8_t set[GRID_MAX * GRID_MAX];
};
/* Cells of the smallest whole side with which no side of the picture has more than `most` of them. */
void grid_init(struct grid *g, uint32_t width, uint32_t height, int most);
struct grid_box { /* cells, half-open */
    int x0, y0, x1, y1;
};
struct component {
    int cells;
    struct grid_box box;
};
/* Components in the order of their first cells in row order; label[cell] = 1 + its index, 0: unset. neighbours: 4 or 8.
 * Returns how many there are; at most `most` are put into list. */
int grid_components(struct component *list, int most, uint16_t *label, const struct grid *g, int neighbours);
void grid_erode(struct grid *g);  /* 3 x 3; what lies outside does not count */
void grid_dilate(struct grid *g); /* 3 x 3 */

/* --- breast --------------------------------------------------------------------------------------------------------------- */

struct breast {
    struct grid mask;    /* what is kept */
    struct grid_box box; /* around it */
    enum chest_wall chest;
};
/* Sections 3 and 4. */
int breast_find(struct breast *out, const struct grey *g, struct err *e);

/* --- the two kinds -------------------------------------------------------------------------------------------------------- */

struct box { /* pixels, half-open */
    uint32_t x0, y0, x1, y1;
};
struct prep_job {
    const struct prep_profile *profile;
    const struct image *image;
    const struct vendor *vendor; /* NULL: none fits */
    struct view_plan plan;
    enum slot slot;
};
int prep_mg_canonical(float *out, const struct prep_job *job, struct input_verdict *v, struct err *e);
int prep_us_canonical(float *out, const struct prep_job *job, struct input_verdict *v, struct err *e);
/* Row y of a mammogram, mg_width values in 16 bits, into the tensor; as PyTorch does: every step in float32. */
void prep_normalise_row(float *out, const struct prep_profile *p, uint32_t y, const int32_t *row);
/* The smallest sides that hold w x h and have the target's aspect. ERR_IMAGE_TOO_LARGE. */
int prep_pad(uint32_t *padded_w, uint32_t *padded_h, uint32_t w, uint32_t h, int target_w, int target_h, struct err *e);
/* Section 7. rgb: interleaved, 8 bits. */
int pane_choose(struct box *out, const uint8_t *rgb, uint32_t width, uint32_t height, const struct dicom *d, enum slot s,
                struct input_verdict *v, struct err *e);

#endif
