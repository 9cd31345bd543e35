/* What a JPEG or JPEG-LS stream says of itself before its first scan (ITU-T T.81 B.2, T.87 C.2). Floor 1. */
#ifndef BMU_DECODER_JPEG_HEADER_H
#define BMU_DECODER_JPEG_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum jpeg_colour { JPEG_COLOUR_UNTOLD, JPEG_COLOUR_RGB, JPEG_COLOUR_YCC };
struct jpeg_header {
    int frame;     /* low byte of its SOF marker: 0xC0 baseline, 0xC1 extended, 0xC3 lossless, 0xF7 JPEG-LS */
    int precision; /* bits per sample */
    uint32_t width, height;
    int components;
    enum jpeg_colour colour; /* of three components: Adobe's marker tells, or JFIF's (always YCbCr), or subsampling (never RGB) */
};
/* ERR_IMAGE_TRUNCATED, ERR_IMAGE_CORRUPT. */
int jpeg_header_read(struct jpeg_header *h, const uint8_t *bytes, size_t n, struct err *e);

#endif
