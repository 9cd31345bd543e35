/* A DICOM file without what tells who the patient is, by deidentify_rules.h. Floor 1, of the program bmunet-decode. */
#ifndef BMU_DECODER_DEIDENTIFY_H
#define BMU_DECODER_DEIDENTIFY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "base/buf.h"
#include "base/err.h"
#include "file/json.h"
#include "image/deidentify_request.h"

/* Where the new file's pixels go, frame by frame: a clip is larger than the memory of the one who cleans it. */
struct deidentify_pixels {
    int (*put)(void *to, const void *bytes, size_t n, struct err *e); /* as all fallible functions */
    void *to;
};

/* The new file is what is appended to *head and then what was put into `to`, in explicit VR little endian with every frame decoded
 * (compressed streams can carry comments); also a report of attributes and actions, without values (owned). As dicom_decode(); and
 * ERR_DEIDENTIFY_PIXELS: burned-in text may be in the picture and cannot be told from it; ERR_LIMIT: more than DEIDENTIFY_PIXELS_MAX bytes
 * of pixels. The bytes are untrusted. */
int deidentify_bytes(struct buf *head, struct json **report, const struct deidentify_pixels *to, const struct deidentify_request *r,
                     const uint8_t *bytes, size_t n, struct err *e);

#ifdef __cplusplus
}
#endif

#endif
