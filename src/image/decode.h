/* Pixels from files nobody vouches for: the client of bmunet-decode, the sandboxed program that parses them. Floor 2.
 *
 * One `struct decoder` is one child process, started by posix_spawn and kept for many files, without files, network or the right to start
 * anything (decoder/sandbox.c). Bytes go in and pixels come out through two memory files; a small JSON tells what they are. Nothing the
 * child says is believed before it has been checked against the limits here: sizes, counts, offsets, text lengths. A child that crashes,
 * is killed, exceeds its memory or needs longer than its time costs that one file; the next one gets a new child.
 */
#ifndef BMU_IMAGE_DECODE_H
#define BMU_IMAGE_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "file/json.h"
#include "file/paths.h"
#include "image/deidentify_request.h"
#include "image/image.h"

enum { DECODE_FRAME_MIDDLE = -1 };
struct decoder_options {
    const struct paths *paths; /* where the program is; borrowed during decoder_open(); NULL: it is looked for (file/paths.h) */
    double seconds;            /* per file; 0: 10 */
    bool deidentifies;         /* for decode_deidentify() alone */
};
struct decoder;
/* Starts nothing yet; the child starts with the first file. ERR_DECODER if the program cannot be found. */
int decoder_open(struct decoder **out, const struct decoder_options *o, struct err *e);
void decoder_close(struct decoder *d);                /* NULL is allowed */
const char *decoder_program(const struct decoder *d); /* its path */

struct decode_request {
    int frame;       /* of several: from 0, or DECODE_FRAME_MIDDLE: the file's representative one, else n / 2. Out of range: ERR_USAGE */
    bool facts_only; /* leave the pixels out (image.pixels stays NULL): for looking through folders */
};
/* PNG, JPEG or DICOM, told by the bytes. The whole picture or none. request NULL: the middle frame.
 * ERR_FILE_EMPTY, ERR_IMAGE_*, ERR_DICOM_*, ERR_UNSUPPORTED, ERR_LIMIT: the file. ERR_DECODER_CRASH, _TIMEOUT, _SANDBOX: what became of the
 * child on this file. ERR_DECODER: no child can be started; ERR_NO_MEMORY. One caller at a time per decoder. */
int decode_image(struct image **out, struct decoder *d, const uint8_t *bytes, size_t n, const struct decode_request *request,
                 struct err *e);

/* A DICOM file without what tells who the patient is (deidentify_rules.h), by a decoder opened for it: the new file's bytes are appended to
 * *file; *report (owned) lists attributes and actions, without values. As decode_image(); ERR_SCAN_NO_PATIENT, ERR_DEIDENTIFY_PIXELS. */
int decode_deidentify(struct buf *file, struct json **report, struct decoder *d, const struct deidentify_request *request,
                      const uint8_t *bytes, size_t n, struct err *e);

#endif
