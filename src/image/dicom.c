/* The facts of a DICOM file: who frees what. Floor 2. */
#include "image/dicom.h"

#include <stdlib.h>

void dicom_free(struct dicom *d) {
    if (!d)
        return;
    free(d->modality_lut.values);
    for (int i = 0; i < DICOM_LUTS_MAX; i++)
        free(d->voi_lut[i].values);
    free(d);
}
