/* Decoded pictures: limits and allocation. Floor 2. */
#include "image/image.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

/* A TIFF header and its first directory (CIPA DC-008, 4.5): tag 0112 of type SHORT. */
int image_exif_orientation(const uint8_t *exif, size_t n) {
    enum { ENTRY = 12, ORIENTATION = 0x0112, SHORT = 3 };
    if (n < 10 || (memcmp(exif, "II*\0", 4) != 0 && memcmp(exif, "MM\0*", 4) != 0))
        return 0;
    const bool little = exif[0] == 'I';
#define AT16(p) (little ? (uint32_t)(p)[0] | (uint32_t)(p)[1] << 8 : (uint32_t)(p)[0] << 8 | (uint32_t)(p)[1])
    const uint32_t at = little ? AT16(exif + 4) | AT16(exif + 6) << 16 : AT16(exif + 4) << 16 | AT16(exif + 6);
    if (at > n - 2)
        return 0;
    const uint32_t entries = AT16(exif + at);
    for (uint32_t i = 0; i < entries && (uint64_t)at + 2 + (uint64_t)(i + 1) * ENTRY <= n; i++) {
        const uint8_t *entry = exif + at + 2 + (size_t)i * ENTRY;
        const uint32_t value = AT16(entry + 8);
        if (AT16(entry) == ORIENTATION && AT16(entry + 2) == SHORT)
            return value >= 2 && value <= 8 ? (int)value : 0;
    }
#undef AT16
    return 0;
}

int image_turn(struct image *im, struct err *e) {
    /* by the orientation: are rows and columns exchanged; is the stored picture's x, its y counted from the other end */
    static const struct {
        bool exchanged, x_back, y_back;
    } how[9] = {[2] = {false, true, false}, [3] = {false, true, true}, [4] = {false, false, true}, [5] = {true, false, false},
                [6] = {true, false, true},  [7] = {true, true, true},  [8] = {true, true, false}};
    if (im->orientation < 2 || im->orientation > 8)
        return 0;
    const uint32_t w = im->width, h = im->height, out_w = how[im->orientation].exchanged ? h : w,
                   out_h = how[im->orientation].exchanged ? w : h;
    const size_t pixel = (size_t)im->channels * (size_t)im->bits / 8;
    uint8_t *turned = mem_alloc((size_t)w * h, pixel, e);
    if (!turned)
        return ERR_NO_MEMORY;
    for (uint32_t y = 0; y < out_h; y++)
        for (uint32_t x = 0; x < out_w; x++) {
            uint32_t sx = how[im->orientation].exchanged ? y : x, sy = how[im->orientation].exchanged ? x : y;
            sx = how[im->orientation].x_back ? w - 1 - sx : sx;
            sy = how[im->orientation].y_back ? h - 1 - sy : sy;
            memcpy(turned + ((size_t)y * out_w + x) * pixel, (const uint8_t *)im->pixels + ((size_t)sy * w + sx) * pixel, pixel);
        }
    mem_free(im->pixels);
    im->pixels = turned;
    im->width = out_w;
    im->height = out_h;
    im->orientation = 0;
    return 0;
}
