/* What a DICOM file says, from its tags into struct dicom. Floor 1. */
#ifndef BMU_DECODER_DICOM_FACTS_H
#define BMU_DECODER_DICOM_FACTS_H

#include "dicom_shim.h"
#include "image/dicom.h"

struct dicom_size { /* what of the pixels is not in struct dicom */
    uint32_t rows, columns;
    bool planar; /* Planar Configuration 1 */
};
/* A lookup table: (0028,3002) and (0028,3006), or those of a palette's colour. Values are owned by the caller. ERR_DICOM_LUT. */
int dicom_read_lut(struct dicom_lut *out, struct dicom_item *item, uint32_t descriptor, uint32_t data, bool is_signed, struct err *e);
/* All of *d; `frame` as in struct decode_request. ERR_DICOM_SYNTAX (a value longer than its representation allows, or negative where it
 * cannot be), ERR_DICOM_PIXELS (the attributes of the pixels are missing or contradict each other), ERR_DICOM_LUT, ERR_USAGE (no such
 * frame), ERR_NO_MEMORY. */
int dicom_read_facts(struct dicom *d, struct dicom_size *size, struct dicom_file *f, int frame, struct err *e);

#endif
