/* JPEG 2000 and high-throughput JPEG 2000 through OpenJPEG. Floor 1. */
#ifndef BMU_DECODER_JPEG2000_H
#define BMU_DECODER_JPEG2000_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct jpeg2000_header { /* of the codestream: ISO/IEC 15444-1 A.5.1, A.6.1 */
    uint32_t width, height;
    int components, precision;
    bool is_signed;
    bool transformed; /* the three components are decorrelated (RCT, ICT): decoding gives red, green and blue */
};
/* A codestream, or one in the boxes of a .jp2 file. ERR_IMAGE_TRUNCATED, ERR_IMAGE_CORRUPT, ERR_UNSUPPORTED (components unlike in size,
 * depth or sign). */
int jpeg2000_header_read(struct jpeg2000_header *h, const uint8_t *bytes, size_t n, struct err *e);
/* Of a bare codestream: where its last tile-part ends, by the lengths that the tile-parts state (A.4.2); the end marker is due there. 0: a
 * tile-part states none, or goes beyond n. */
size_t jpeg2000_tiles_end(const uint8_t *bytes, size_t n);
/* out: width * height * components samples, interleaved, as 16-bit two's complement or unsigned. `h` is what the header said and
 * image_check_size() has let pass. A stream that OpenJPEG has to repair is refused. */
int jpeg2000_decode(uint16_t *out, const struct jpeg2000_header *h, const uint8_t *bytes, size_t n, struct err *e);

/* "OpenJPEG 2.5.0": the library and its version, for provenance. */
void jpeg2000_library(char out[32]);

#endif
