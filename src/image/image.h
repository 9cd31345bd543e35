/* A decoded picture: what was in the file, nothing interpreted. Floor 2. Decoding: image/decode.h.
 *
 * Pixels are interleaved rows, top to bottom, no padding: 1 channel (grey) or 3 (RGB). 8-bit samples as uint8_t, 16-bit as native uint16_t.
 * PNG of 1, 2, 4 bits is scaled to the full 8-bit range (x255, x85, x17), palettes are expanded, interlacing undone; no gamma, no colour
 * profile is applied. Alpha is not blended: it is dropped, and the facts say so. What DICOM pixels hold: decoder/dicom_image.c.
 */
#ifndef BMU_IMAGE_IMAGE_H
#define BMU_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/dicom.h"

enum { IMAGE_SIDE_MAX = 32768, IMAGE_PIXELS_MAX = 128 * 1024 * 1024, IMAGE_FILE_MAX = 512 * 1024 * 1024 };

struct image {
    uint32_t width, height;
    int channels; /* 1 grey, 3 RGB */
    int bits;     /* 8 or 16: the sample container */
    void *pixels; /* owned; width * height * channels samples; NULL if only facts were asked for */
    /* facts, for the verdict */
    int file_bits;       /* bits per sample in the file: 1, 2, 4, 8, 16; DICOM: bits stored (of a palette: of its indices) */
    bool palette;        /* the file had a palette */
    bool alpha;          /* the file had an alpha channel or transparency, which was dropped */
    bool alpha_used;     /* ... and at least one pixel was not fully opaque */
    const char *format;  /* "PNG", "JPEG" or "DICOM"; static */
    bool is_signed;      /* DICOM: a 16-bit container holds int16_t */
    int orientation;     /* EXIF of PNG and JPEG, 2 .. 8: the picture is not stored upright; 0: it is, or nothing is said */
    struct dicom *dicom; /* owned; NULL: not a DICOM file */
};

void image_free(struct image *im); /* NULL is allowed */

/* Are the declared sides within the limits? ERR_IMAGE_EMPTY, ERR_IMAGE_TOO_LARGE. */
int image_check_size(uint64_t width, uint64_t height, struct err *e);
/* The orientation that EXIF data (from their byte order mark on) tell, as in struct image; 0 if they tell none or are damaged. */
int image_exif_orientation(const uint8_t *exif, size_t n);
/* Brings the picture upright, as im->orientation says; then orientation is 0. ERR_NO_MEMORY. */
int image_turn(struct image *im, struct err *e);
/* Zeroed image with pixels allocated, sizes checked against the limits. */
int image_new(struct image **out, uint32_t width, uint32_t height, int channels, int bits, struct err *e);

#endif
