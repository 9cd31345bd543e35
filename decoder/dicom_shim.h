/* DCMTK behind a C interface: a DICOM file as tags and frames. Floor 1. The only C++ here is dicom_shim.cc, and it decides nothing.
 *
 * Nothing DCMTK throws leaves it; want of memory is ERR_NO_MEMORY. Borrowed pointers live as long as the file.
 */
#ifndef BMU_DECODER_DICOM_SHIM_H
#define BMU_DECODER_DICOM_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "base/buf.h"
#include "base/err.h"

#define DICOM_TAG(group, element) ((uint32_t)(group) << 16 | (element))

struct dicom_file;
struct dicom_item; /* a data set or an item of a sequence; borrowed */

/* The dictionary, the codecs, a silent logger. Once, before the sandbox closes: the dictionary is a file. ERR_DECODER if it is not there.
 */
int dicom_start(struct err *e);
/* DCMTK's version, static. */
const char *dicom_version(void);

/* The bytes stay the caller's and have to outlive the file: large values are read from them when asked for. ERR_DICOM_SYNTAX,
 * ERR_IMAGE_TRUNCATED. */
int dicom_file_open(struct dicom_file **out, const uint8_t *bytes, size_t n, struct err *e);
void dicom_file_close(struct dicom_file *f); /* NULL is allowed */
struct dicom_item *dicom_file_dataset(struct dicom_file *f);
const char *dicom_file_syntax(const struct dicom_file *f); /* UID of the transfer syntax it was read with */
bool dicom_file_preamble(const struct dicom_file *f);

/* Values. NULL item: as if absent. */
bool dicom_has(struct dicom_item *i, uint32_t tag);
/* The bytes of a text value, all of its components, not NUL-terminated; NULL if absent, empty or no text. */
const char *dicom_text(struct dicom_item *i, uint32_t tag, size_t *n);
bool dicom_whole(struct dicom_item *i, uint32_t tag, unsigned index, int64_t *out);    /* US, SS, UL, SL, IS */
bool dicom_number(struct dicom_item *i, uint32_t tag, unsigned index, double *out);    /* those, DS, FL, FD */
bool dicom_words(struct dicom_item *i, uint32_t tag, const uint16_t **out, size_t *n); /* US, OW: native byte order */
struct dicom_item *dicom_child(struct dicom_item *i, uint32_t tag, unsigned index);    /* item of a sequence; NULL: no such */

/* Pixel Data of the main data set. */
enum dicom_pixels { DICOM_PIXELS_NONE, DICOM_PIXELS_NATIVE, DICOM_PIXELS_FRAGMENTS, DICOM_PIXELS_OTHER /* float, double */ };
/* Pixel data of undefined length, as encapsulated ones have it, whatever the transfer syntax says. */
bool dicom_is_encapsulated(struct dicom_file *f);
/* The file ends after a whole fragment, without the delimiter of the sequence: read as if it stood there. */
bool dicom_without_delimiter(const struct dicom_file *f);
enum dicom_pixels dicom_file_pixels(struct dicom_file *f);
uint64_t dicom_native_size(struct dicom_file *f); /* bytes in the file */
/* n bytes at an even offset, words in native byte order. */
int dicom_native_read(struct dicom_file *f, uint8_t *to, uint64_t offset, size_t n, struct err *e);
/* The fragments, joined, that make up a frame: by the Basic Offset Table, or one fragment per frame, or all of them for the only frame, or
 * by the mark that each frame begins with (n bytes). ERR_DICOM_PIXELS if it cannot be told. */
int dicom_fragments_read(struct dicom_file *f, struct buf *to, uint32_t frame, uint32_t frames, const uint8_t *mark, size_t n,
                         struct err *e);

/* One JPEG or JPEG-LS stream to interleaved samples of 1 byte (up to 8 bits) or 2 (native order), as they are in the stream: no colour is
 * converted; subsampled components are brought to size. What DCMTK's codecs only warn of is an error: ERR_IMAGE_CORRUPT, _TRUNCATED. */
struct dicom_stream {
    const char *syntax;
    uint32_t width, height;
    int components, precision;
};
int dicom_jpeg_decode(uint8_t *to, size_t room, const struct dicom_stream *s, const uint8_t *bytes, size_t n, struct err *e);

#ifdef __cplusplus
}
#endif

#endif
