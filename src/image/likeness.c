/* Near-duplicate pictures. Floor 2. */
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

/* ITU-R BT.601 luma, with the weights of Pillow's "L". Eight more bits than the samples have, so that the small pictures' pixels seldom
 * tie: a tie would turn by a change of brightness. */
static int32_t shade(const struct image *im, size_t i) {
    if (im->channels == 1)
        return (int32_t)(sample(im, i) << 8);
    return (int32_t)((sample(im, 3 * i) * 19595 + sample(im, 3 * i + 1) * 38470 + sample(im, 3 * i + 2) * 7471) >> 8);
}

/* To 0 .. 255, the least and the greatest at the ends. */
static void stretch(uint8_t *out, const int32_t *from, size_t n) {
    int32_t low = from[0], high = from[0];
    for (size_t i = 1; i < n; i++) {
        low = from[i] < low ? from[i] : low;
        high = from[i] > high ? from[i] : high;
    }
    for (size_t i = 0; i < n && high > low; i++)
        out[i] = (uint8_t)(((int64_t)from[i] - low) * 255 / ((int64_t)high - low));
}

int likeness_of(struct likeness *out, const struct image *im, struct err *e) {
    const size_t n = (size_t)im->width * im->height;
    int32_t tiny[9 * 8], small[LIKENESS_SIDE * LIKENESS_SIDE], *grey = mem_alloc(n, sizeof *grey, e);
    *out = (struct likeness){0};
    if (!grey)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        grey[i] = shade(im, i);
    int rc = resize_i32(tiny, 9, 8, grey, im->width, im->height, e);
    if (!rc)
        rc = resize_i32(small, LIKENESS_SIDE, LIKENESS_SIDE, grey, im->width, im->height, e);
    if (!rc)
        stretch(out->grey, small, LIKENESS_SIDE * LIKENESS_SIDE);
    for (int y = 0; y < 8 && !rc; y++)
        for (int x = 0; x < 8; x++)
            out->hash = out->hash << 1 | (tiny[9 * y + x] < tiny[9 * y + x + 1]);
    mem_free(grey);
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
