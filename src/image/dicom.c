/* The facts of a DICOM file: who frees what. Floor 2. */
#include "image/dicom.h"
#include "base/mem.h"

#include <stdlib.h>

void dicom_free(struct dicom *d) {
    if (!d)
        return;
    mem_free(d->modality_lut.values);
    for (int i = 0; i < DICOM_LUTS_MAX; i++)
        mem_free(d->voi_lut[i].values);
    mem_free(d);
}

static bool cut(uint32_t *from, uint32_t *end, uint32_t a, uint32_t b, uint32_t side) {
    *from = a < b ? a : b;
    *end = a < b ? b : a;
    if (*from >= side)
        return false;
    *end = *end < side ? *end + 1 : side;
    return *end - *from > 1;
}

bool dicom_region_box(struct dicom_box *out, const struct dicom_region *r, uint32_t width, uint32_t height) {
    const bool wide = cut(&out->x0, &out->x1, r->x0, r->x1, width), high = cut(&out->y0, &out->y1, r->y0, r->y1, height);
    return wide && high;
}
