/* Near-duplicate pictures. Floor 1. */
#include "image/likeness.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "image/resize.h"

static uint32_t sample(const struct image *im, size_t i) {
    if (im->bits == 8)
        return ((const uint8_t *)im->pixels)[i];
    const uint16_t v = ((const uint16_t *)im->pixels)[i];
    return im->is_signed ? (uint32_t)((int16_t)v + 32768) : v;
}

/* ITU-R BT.601 luma, as Pillow's "L". */
static uint32_t shade(const struct image *im, size_t i) {
    if (im->channels == 1)
        return sample(im, i);
    return (sample(im, 3 * i) * 19595 + sample(im, 3 * i + 1) * 38470 + sample(im, 3 * i + 2) * 7471 + 0x8000) >> 16;
}

static int to_grey(uint8_t **out, const struct image *im, struct err *e) {
    const size_t n = (size_t)im->width * im->height;
    uint32_t low = UINT32_MAX, high = 0;
    uint8_t *grey = *out = mem_alloc(n, 1, e);
    if (!grey)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < n && im->bits == 16; i++) {
        const uint32_t s = shade(im, i);
        low = s < low ? s : low;
        high = s > high ? s : high;
    }
    for (size_t i = 0; i < n; i++) {
        const uint32_t s = shade(im, i);
        grey[i] = (uint8_t)(im->bits == 8 ? s : high > low ? (s - low) * 255 / (high - low) : 0);
    }
    return 0;
}

int likeness_of(struct likeness *out, const struct image *im, struct err *e) {
    uint8_t *grey = NULL, tiny[9 * 8];
    *out = (struct likeness){0};
    int rc = to_grey(&grey, im, e);
    if (!rc)
        rc = resize_u8(tiny, 9, 8, grey, im->width, im->height, 1, e);
    if (!rc)
        rc = resize_u8(out->grey, LIKENESS_SIDE, LIKENESS_SIDE, grey, im->width, im->height, 1, e);
    for (int y = 0; y < 8 && !rc; y++)
        for (int x = 0; x < 8; x++)
            out->hash = out->hash << 1 | (tiny[9 * y + x] < tiny[9 * y + x + 1]);
    free(grey);
    return rc;
}

int likeness_bits(const struct likeness *a, const struct likeness *b) {
    return __builtin_popcountll(a->hash ^ b->hash);
}

double likeness_correlation(const struct likeness *a, const struct likeness *b) {
    const double n = LIKENESS_SIDE * LIKENESS_SIDE;
    double sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
    for (int i = 0; i < LIKENESS_SIDE * LIKENESS_SIDE; i++) {
        const double x = a->grey[i], y = b->grey[i];
        sa += x;
        sb += y;
        saa += x * x;
        sbb += y * y;
        sab += x * y;
    }
    const double va = saa - sa * sa / n, vb = sbb - sb * sb / n;
    return va > 0 && vb > 0 ? (sab - sa * sb / n) / sqrt(va * vb) : 0;
}

bool likeness_near(const struct likeness *a, const struct likeness *b, bool mammography) {
    return likeness_bits(a, b) <= LIKENESS_BITS_MAX &&
           likeness_correlation(a, b) >= (mammography ? LIKENESS_CORRELATION_MG : LIKENESS_CORRELATION_US);
}
