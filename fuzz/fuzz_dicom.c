/* Fuzz target: a DICOM file, through DCMTK, OpenJPEG and what lies between, in this process. An image that keeps its promises, or a code;
 * with and without pixels, and of another frame. Fuzzing, above all floors. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct image *im, bool facts_only) {
    const struct dicom *d = im->dicom;
    assert(!strcmp(im->format, "DICOM") && d && !im->pixels == facts_only);
    assert((im->channels == 1 || im->channels == 3) && (im->bits == 8 || im->bits == 16) && im->width && im->height);
    assert(d->frame < d->frames && d->bits_stored >= 8 && d->bits_stored <= d->bits_allocated && d->high_bit < d->bits_allocated);
    assert(!d->has_padding || d->padding_first <= d->padding_last);
    assert(d->n_windows <= DICOM_VALUES_MAX && d->n_voi_luts <= DICOM_LUTS_MAX && d->n_regions <= DICOM_REGIONS_MAX);
    volatile uint8_t sum = 0;
    for (size_t i = 0; !facts_only && i < (size_t)im->width * im->height * (size_t)(im->channels * im->bits / 8); i++)
        sum = (uint8_t)(sum + ((const uint8_t *)im->pixels)[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct decode_request requests[] = {{.frame = DECODE_FRAME_MIDDLE}, {.frame = 0}, {.frame = 0, .facts_only = true}};
    static bool started;
    if (!started)
        assert(core_start(NULL) == 0);
    started = true;
    for (size_t i = 0; i < sizeof requests / sizeof *requests && size > 0; i++) {
        struct image *im = NULL;
        struct err e = {0};
        int rc = dicom_decode(&im, data, size, &requests[i], &e);
        assert(rc == e.code && rc <= 0 && rc != ERR_INTERNAL && !im == !!rc && (!rc || e.message[0]));
        if (im)
            check(im, requests[i].facts_only);
        image_free(im);
    }
    return 0;
}
