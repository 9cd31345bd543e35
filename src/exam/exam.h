/* One exam: one breast at one time, as images in slots and clinical values. Floor 3.
 *
 * What an exam is, and nothing of where it came from: a row of a table (cohort/manifest.h), a folder, the words of a command line, a
 * message over a network. Each image has a source: a file that is read when the exam is prepared, or a file's bytes in memory, which go the
 * same way through hash, sandboxed decoder and verdict.
 */
#ifndef BMU_EXAM_EXAM_H
#define BMU_EXAM_EXAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "exam/schema.h"
#include "exam/slot.h"

enum source_kind { SOURCE_ABSENT, SOURCE_FILE, SOURCE_BYTES };
struct exam_source { /* all borrowed */
    enum source_kind kind;
    const char *name;     /* SOURCE_FILE: its path, absolute or relative to the process; SOURCE_BYTES: what sentences call it; else NULL */
    const uint8_t *bytes; /* SOURCE_BYTES: a whole PNG, JPEG or DICOM file */
    size_t n;
    const char *remark; /* how the image came to its slot, if a reader should know: the input's note then says so; NULL: nothing to say */
};
struct exam {
    const char *exam_id;    /* as given; "": none */
    const char *patient_id; /* "": not given */
    const char *side;       /* "L", "R" or "": not given */
    struct exam_source source[SLOT_COUNT];
    const struct clinical *clinical; /* n_fields of the schema, in its order; NULL without a schema */
};
/* Why an exam cannot be used, known before its images are opened. */
struct exam_fault {
    int code;           /* 0: nothing is known against it */
    const char *reason; /* sentence for code, else "" */
};

struct exam_source source_file(const char *path);
struct exam_source source_bytes(const char *name, const uint8_t *bytes, size_t n);

bool exam_has(const struct exam *x, enum slot s);
unsigned exam_slots(const struct exam *x); /* bit s: slot s has a source */
/* What sentences call it: its exam_id; without one "(without exam_id)". */
const char *exam_title(const struct exam *x);
/* "L", "R" or "" (static) of L, left, R, right in any case, or "". ERR_VALUE_SYNTAX, and *out is "". */
int exam_side(const char **out, const char *text, struct err *e);
/* ERR_VIEW_DUPLICATE: two slots name one file, however it is written. ERR_EXAM_NO_IMAGE. ERR_LIMIT: a path longer than SOURCE_PATH_MAX. */
enum { SOURCE_PATH_MAX = 4000 }; /* the longest path Linux opens has 4,095 bytes */
int exam_check(const struct exam *x, struct err *e);

/* A source's bytes, read or borrowed. */
struct source_content {
    const uint8_t *bytes;
    size_t n;
    uint8_t *owned; /* what was read from a file; NULL: borrowed */
};
/* ERR_FILE_*, ERR_LIMIT, ERR_NO_MEMORY. Release it also after a failure. The source may not be absent. */
int source_read(struct source_content *out, const struct exam_source *s, struct err *e);
void source_release(struct source_content *c);

#endif
