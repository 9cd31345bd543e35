/* The decoder's core: bytes to pixels and facts, in this process. Floor 1, of the program bmunet-decode; linked directly by tests and fuzz
 * targets only.
 *
 * Every function: the bytes are untrusted; the whole picture or none; *out owned, image_free().
 */
#ifndef BMU_DECODER_CORE_H
#define BMU_DECODER_CORE_H

#include "image/decode.h"
#include "image/image.h"

/* Once per process, before the first file: what the libraries read from the disk. ERR_DECODER. */
int core_start(struct err *e);
/* PNG, JPEG or DICOM by its first bytes (never by a file name). A file that ends early or has a wrong checksum is refused, also where a
 * image could be read from it. ERR_FILE_EMPTY (no bytes), ERR_IMAGE_TYPE, _TRUNCATED, _CORRUPT, _TOO_LARGE, _EMPTY, _COLOUR (CMYK), _DEPTH
 * (12-bit JPEG; DICOM other than 8 or 16 bits allocated, 8 to 16 stored), ERR_UNSUPPORTED (lossless JPEG ...), ERR_DICOM_*, ERR_USAGE (no
 * such frame), ERR_NO_MEMORY. The declared size is checked against the limits before pixels are allocated. request NULL: the middle frame.
 * With facts_only a DICOM file's pixels are not decoded, those of a PNG or JPEG are (that it is whole can be told in no other way). */
int core_decode(struct image **out, const uint8_t *bytes, size_t n, const struct decode_request *request, struct err *e);
int image_decode(struct image **out, const uint8_t *bytes, size_t n, struct err *e); /* the same, request NULL */

/* The wrappers behind it, same contract. */
int codec_png_decode(struct image **out, const uint8_t *bytes, size_t n, struct err *e);
int codec_jpeg_decode(struct image **out, const uint8_t *bytes, size_t n, struct err *e);
int dicom_decode(struct image **out, const uint8_t *bytes, size_t n, const struct decode_request *request, struct err *e);

/* "libpng 1.6.39", "libjpeg-turbo 2.1.5": the library and its version, for provenance. */
void codec_png_library(char out[32]);
void codec_jpeg_library(char out[32]);

#endif
