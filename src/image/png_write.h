/* A picture as a PNG file in memory. Floor 2.
 * Grey or RGB, 8 or 16 bits, as struct image holds it; no text, no time, no colour profile: the same pixels give the same bytes (with the
 * same zlib). Reading it back by image_decode() gives the same samples.
 */
#ifndef BMU_IMAGE_PNG_WRITE_H
#define BMU_IMAGE_PNG_WRITE_H

#include "base/buf.h"
#include "base/err.h"
#include "image/image.h"

/* Appends the whole file to out; on failure nothing is left appended. Only width, height, channels, bits and pixels of im are looked at,
 * and is_signed, which PNG cannot say: ERR_UNSUPPORTED, as for other channels and bits than 1, 3 and 8, 16. ERR_IMAGE_EMPTY,
 * ERR_IMAGE_TOO_LARGE, ERR_NO_MEMORY. */
int png_write(struct buf *out, const struct image *im, struct err *e);

/* "libpng 1.6.39": the library and its version, for provenance. */
void png_library(char out[32]);

#endif
