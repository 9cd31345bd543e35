/* Data elements, one after another, explicit VR little endian (PS3.5 chapter 7). Floor 2.
 * The first failure stays: later calls do nothing, and element_finish() tells. Tags must rise within a data set: assert() holds the writer
 * to it. */
#ifndef BMU_IMAGE_DICOM_ELEMENT_H
#define BMU_IMAGE_DICOM_ELEMENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { ELEMENT_DEPTH_MAX = 8 };
struct element_writer {
    struct buf *out; /* borrowed */
    struct err *e;
    int rc;
    int depth;
    size_t length_at[ELEMENT_DEPTH_MAX]; /* where the length of each open sequence or item stands */
    uint32_t last[ELEMENT_DEPTH_MAX + 1];
};

/* vr: two letters. Text is padded to an even length (UI by NUL, others by a blank); several values are joined by a backslash. */
void element_text(struct element_writer *w, uint32_t tag, const char *vr, const char *text);
void element_printf(struct element_writer *w, uint32_t tag, const char *vr, const char *format, ...) __attribute__((format(printf, 4, 5)));
void element_us(struct element_writer *w, uint32_t tag, const uint16_t *values, size_t n);
void element_us1(struct element_writer *w, uint32_t tag, unsigned value);
void element_ul1(struct element_writer *w, uint32_t tag, uint32_t value);
void element_ss1(struct element_writer *w, uint32_t tag, int value);
void element_fd1(struct element_writer *w, uint32_t tag, double value);
/* OB, OW: n bytes, 16-bit values little endian already. */
void element_bytes(struct element_writer *w, uint32_t tag, const char *vr, const void *bytes, size_t n);
/* Sequences and their items, with lengths. */
void element_begin_sequence(struct element_writer *w, uint32_t tag);
void element_begin_item(struct element_writer *w);
void element_end(struct element_writer *w); /* of the innermost item or sequence */
/* A sequence of one code: value, scheme, meaning. */
void element_code(struct element_writer *w, uint32_t tag, const char *value, const char *scheme, const char *meaning);
int element_finish(struct element_writer *w);

#endif
