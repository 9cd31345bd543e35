/* What the two fuzz targets of images assert. A header, since each fuzz_*.c is a program of its own. Test code. */
#ifndef BMU_FUZZ_IMAGE_H
#define BMU_FUZZ_IMAGE_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "image/image.h"
#include "prep/prep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A whole picture that keeps its promises, or a code with a sentence. */
static void fuzz_decoder(int (*decode)(struct image **, const uint8_t *, size_t, struct err *), const uint8_t *data, size_t size) {
    struct err e = {0};
    struct image *im = NULL;
    int rc = decode(&im, data, size, &e);
    assert(rc == e.code && rc <= 0 && rc != ERR_INTERNAL && !im == !!rc && (!rc || e.message[0]));
    if (rc)
        return;
    assert(im->width >= 1 && im->height >= 1 && im->width <= IMAGE_SIDE_MAX && im->height <= IMAGE_SIDE_MAX);
    assert((im->channels == 1 || im->channels == 3) && (im->bits == 8 || im->bits == 16) && im->file_bits <= im->bits && im->format);
    assert(im->alpha || !im->alpha_used);
    size_t bytes = (size_t)im->width * im->height * (size_t)(im->channels * im->bits / 8);
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < bytes; i++)
        sum = (uint8_t)(sum + ((const uint8_t *)im->pixels)[i]);
    image_free(im);
}

static void fuzz_prepare(const uint8_t *data, size_t size) {
    static const struct prep_profile p = {"reference-v1", 11, 7, 8, 8, 5063.68, 8773.89, NULL};
    static const struct prep_claim nothing = {0};
    float out[8 * 8 * 3];
    for (int k = 0; k < 2; k++) {
        const enum slot slot = k ? SLOT_MG_CC : SLOT_US_BMODE_TRANS;
        struct err e = {0};
        struct image *im = NULL;
        struct input_verdict v = {0};
        if (image_decode(&im, data, size, &e))
            return;
        int rc = prep_image(out, &p, slot, im, &nothing, &v, &e);
        assert(rc == v.code && rc == e.code && v.note[0] && v.status == (rc ? INPUT_REFUSED : INPUT_USED));
        for (size_t i = 0, n = prep_size(&p, slot); !rc && i < n; i++)
            assert(out[i] >= (k ? -0.6f : 0.0f) && out[i] <= (k ? 7.0f : 1.0f));
        image_free(im);
    }
}

#endif
