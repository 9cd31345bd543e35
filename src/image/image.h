/* A decoded picture: what was in the file, nothing interpreted. Floor 1.
 *
 * Pixels are interleaved rows, top to bottom, no padding: 1 channel (grey) or 3 (RGB). 8-bit samples as uint8_t, 16-bit as native uint16_t.
 * PNG of 1, 2, 4 bits is scaled to the full 8-bit range (x255, x85, x17), palettes are expanded, interlacing undone; no gamma, no colour
 * profile is applied. Alpha is not blended: it is dropped, and the facts say so.
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
    void *pixels; /* owned; width * height * channels samples */
    /* facts, for the verdict */
    int file_bits;       /* bits per sample in the file: 1, 2, 4, 8, 16 (of a palette: of its indices) */
    bool palette;        /* the file had a palette */
    bool alpha;          /* the file had an alpha channel or transparency, which was dropped */
    bool alpha_used;     /* ... and at least one pixel was not fully opaque */
    const char *format;  /* "PNG", "JPEG" or "DICOM"; static */
    bool is_signed;      /* DICOM: a 16-bit container holds int16_t */
    struct dicom *dicom; /* owned; NULL: not a DICOM file */
};

/* Decode PNG or JPEG by its first bytes (never by a file name). The whole picture or none: a file that ends early or has a wrong checksum
 * is refused, also where a picture could be had from it. ERR_FILE_EMPTY (no bytes), ERR_IMAGE_TYPE, _TRUNCATED, _CORRUPT, _TOO_LARGE,
 * _EMPTY, _COLOUR (CMYK), _DEPTH (12-bit JPEG), ERR_UNSUPPORTED (lossless JPEG ...), ERR_NO_MEMORY.
 * The declared size is checked against the limits before pixels are allocated. The bytes are untrusted. */
int image_decode(struct image **out, const uint8_t *bytes, size_t n, struct err *e);
void image_free(struct image *im); /* NULL is allowed */

/* The two wrappers behind it (codec_png.c, codec_jpeg.c), same contract. */
int codec_png_decode(struct image **out, const uint8_t *bytes, size_t n, struct err *e);
int codec_jpeg_decode(struct image **out, const uint8_t *bytes, size_t n, struct err *e);
/* Are the declared sides within the limits? ERR_IMAGE_EMPTY, ERR_IMAGE_TOO_LARGE. */
int image_check_size(uint64_t width, uint64_t height, struct err *e);
/* Zeroed image with pixels allocated, sizes checked against the limits. */
int image_new(struct image **out, uint32_t width, uint32_t height, int channels, int bits, struct err *e);

#endif
