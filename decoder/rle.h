/* DICOM's run-length encoding (PS3.5 Annex G). Floor 1. */
#ifndef BMU_DECODER_RLE_H
#define BMU_DECODER_RLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* One frame of `pixels` pixels, `samples` (1, 3) of `width` (1, 2) bytes each -> out, interleaved, native byte order: pixels * samples *
 * width bytes. Each segment has to fill its plane: ERR_IMAGE_TRUNCATED if it does not, ERR_DICOM_PIXELS if there are more or fewer planes
 * than samples * width, ERR_IMAGE_CORRUPT if it would not end (more than one byte of padding is let be: some writers fill up segments). */
int rle_decode(uint8_t *out, size_t pixels, int samples, int width, const uint8_t *bytes, size_t n, struct err *e);

#endif
