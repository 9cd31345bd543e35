/* Decoded pictures: limits and allocation. Floor 2. */
#include "image/image.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"

int image_check_size(uint64_t width, uint64_t height, struct err *e) {
    if (width == 0 || height == 0)
        return err_set(e, ERR_IMAGE_EMPTY, "the image declares %" PRIu64 "x%" PRIu64 " pixels: there is nothing in it", width, height);
    if (width > IMAGE_SIDE_MAX || height > IMAGE_SIDE_MAX || width * height > IMAGE_PIXELS_MAX)
        return err_set(e, ERR_IMAGE_TOO_LARGE, "the image declares %" PRIu64 "x%" PRIu64 " pixels; the limits are %d a side and %d in all",
                       width, height, IMAGE_SIDE_MAX, IMAGE_PIXELS_MAX);
    return 0;
}

int image_new(struct image **out, uint32_t width, uint32_t height, int channels, int bits, struct err *e) {
    assert((channels == 1 || channels == 3) && (bits == 8 || bits == 16));
    *out = NULL;
    int rc = image_check_size(width, height, e);
    if (rc)
        return rc;
    struct image *im = mem_alloc(1, sizeof *im, e);
    if (!im)
        return ERR_NO_MEMORY;
    im->pixels = mem_alloc((size_t)width * height, (size_t)(channels * bits / 8), e);
    if (!im->pixels) {
        image_free(im);
        return ERR_NO_MEMORY;
    }
    im->width = width;
    im->height = height;
    im->channels = channels;
    im->bits = im->file_bits = bits;
    *out = im;
    return 0;
}

void image_free(struct image *im) {
    if (im) {
        dicom_free(im->dicom);
        mem_free(im->pixels);
    }
    mem_free(im);
}
