/* What bmunet and bmunet-decode say to each other, and THE limits that both sides hold to. Floor 2.
 *
 * The child finds five descriptors open: 0, 1 and 2 are /dev/null, and those below. It says hello, then answers calls, one at a time:
 *
 *     parent: the file's bytes into INPUT, then one call on SOCKET
 *     child:  facts (JSON, facts_json.h), pixels and LUT entries into OUTPUT, one after the other from offset 0, then one reply on SOCKET
 *
 * Both are the same build on the same machine: native byte order, no padding. The parent believes nothing: every size is compared with
 * these limits, with the file OUTPUT as it is, and with what the facts say. OUTPUT is read with pread() into the parent's own memory, never
 * mapped: the child could shorten it meanwhile.
 */
#ifndef BMU_IMAGE_DECODE_PROTOCOL_H
#define BMU_IMAGE_DECODE_PROTOCOL_H

#include <stdint.h>

#include "base/buf.h"
#include "file/json.h"
#include "image/deidentify_request.h"
#include "image/image.h"

enum {
    DECODE_SOCKET = 3,
    DECODE_INPUT,
    DECODE_OUTPUT,
    DECODE_LIFELINE,
    DECODE_DESCRIPTORS
}; /* LIFELINE: a pipe that ends with the parent */

enum {
    DECODE_VERSION = 2,
    DECODE_MAGIC = 0x444d4221,             /* "!BMD" */
    DECODE_FACTS_MAX = 1024 * 1024,        /* bytes of JSON */
    DECODE_MEMORY_MAX = 512 * 1024 * 1024, /* address space of the child, and the largest file it may write */
    DECODE_FILES_MAX = 1000,               /* per child: what its libraries leak does not add up */
    DECODE_CHILD_SECONDS = 600,            /* of a processor, per child: then it says `last` */
    DECODE_KEEP_MAX = 64 * 1024 * 1024,    /* memory files larger than this are emptied after use */
    DECODE_SECONDS = 10,                   /* per file, unless the options say otherwise */
    DECODE_START_SECONDS = 30              /* until hello */

};

struct decode_hello {
    uint32_t magic, version;
    int32_t landlock; /* version of the kernel's interface; 0: none */
    uint32_t reserved;
};

struct decode_call {
    uint32_t magic, serial;
    uint64_t bytes;      /* in INPUT */
    int32_t frame;       /* as in struct decode_request */
    uint32_t facts_only; /* 0, 1; DECODE_DEIDENTIFY: INPUT holds a struct deidentify_request and then the file */
};
/* The answer's facts are a report; the new file is its head and then its pixels. OUTPUT holds the report from 0, the pixels from
 * DECODE_FACTS_MAX (they are written before it is known what the report says), then the head. A child that was started with the argument
 * DECODE_DEIDENTIFIER serves only these calls; it may write files of DEIDENTIFY_OUTPUT_MAX. */
enum { DECODE_DEIDENTIFY = 2, DEIDENTIFY_OUTPUT_MAX = DEIDENTIFY_PIXELS_MAX + 128 * 1024 * 1024 };
#define DECODE_DEIDENTIFIER "deidentify"

struct decode_reply {
    uint32_t magic, serial;
    uint32_t facts_bytes;
    uint32_t last; /* 1: the child ends after this one, nothing is wrong */
    uint64_t pixel_bytes;
    uint64_t lut_entries; /* uint16_t, of the modality LUT and the VOI LUTs in order */
    uint64_t head_bytes;  /* of a de-identified file: what stands before its pixels */
};

/* The codes that a child may refuse a file with. */
/* clang-format off */
#define DECODE_CODES(X) \
    X(FILE_EMPTY) X(LIMIT) X(UNSUPPORTED) X(USAGE) X(INTERNAL) \
    X(IMAGE_TYPE) X(IMAGE_TRUNCATED) X(IMAGE_CORRUPT) X(IMAGE_TOO_LARGE) X(IMAGE_EMPTY) X(IMAGE_DEPTH) X(IMAGE_COLOUR) \
    X(DICOM_SYNTAX) X(DICOM_NO_PIXELS) X(DICOM_TRANSFER) X(DICOM_PIXELS) X(DICOM_LUT) \
    X(SCAN_NO_PATIENT) X(DEIDENTIFY_PIXELS)
/* clang-format on */

/* The parent's half of the reading, apart so that it can be fuzzed: the answer to `call`, with OUTPUT at descriptor `output`. Returns 0 and
 * an image, or the file's refusal, or ERR_DECODER_CRASH where the answer contradicts itself. */
int decode_read_reply(struct image **out, const struct decode_call *call, const struct decode_reply *reply, int output, struct err *e);

/* The same of a DECODE_DEIDENTIFY call. */
int decode_read_deidentified(struct buf *file, struct json **report, const struct decode_call *call, const struct decode_reply *reply,
                             int output, struct err *e);

#endif
