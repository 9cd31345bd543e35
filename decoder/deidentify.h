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

/* Appends the new file, in explicit VR little endian with every frame decoded (compressed streams can carry comments), and gives a report
 * of attributes and actions, without values (owned). As dicom_decode(); and ERR_DEIDENTIFY_PIXELS: burned-in text may be in the picture and
 * cannot be told from it. The bytes are untrusted. */
int deidentify_bytes(struct buf *out, struct json **report, const struct deidentify_request *r, const uint8_t *bytes, size_t n,
                     struct err *e);

#ifdef __cplusplus
}
#endif

#endif
