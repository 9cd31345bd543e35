/* Burned-in text: found in several sizes, tones and grounds; not found in what only resembles it. The letters are drawn here, from a 5 x 7
 * dot matrix. Rates on type and on real pictures: tests/oracle/lettering_rates.py. Test code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "image/lettering.h"

enum { W = 320, H = 240 };
static struct err err;

/* Columns of dots, lowest bit on top. */
static const struct {
    char c;
    uint8_t column[5];
} font[] = {
    {'A', {0x7E, 0x11, 0x11, 0x11, 0x7E}},
    {'D', {0x7F, 0x41, 0x41, 0x22, 0x1C}},
    {'E', {0x7F, 0x49, 0x49, 0x49, 0x41}},
    {'I', {0x00, 0x41, 0x7F, 0x41, 0x00}},
    {'M', {0x7F, 0x02, 0x0C, 0x02, 0x7F}},
    {'N', {0x7F, 0x04, 0x08, 0x10, 0x7F}},
    {'R', {0x7F, 0x09, 0x19, 0x29, 0x46}},
    {'S', {0x46, 0x49, 0x49, 0x49, 0x31}},
    {'0', {0x3E, 0x51, 0x49, 0x45, 0x3E}},
    {'1', {0x00, 0x42, 0x7F, 0x40, 0x00}},
    {'6', {0x3C, 0x4A, 0x49, 0x49, 0x30}},
    {'9', {0x06, 0x49, 0x49, 0x29, 0x1E}},
    {' ', {0, 0, 0, 0, 0}},
};

static struct image *blank(int channels, int bits, int ground) {
    struct image *im = NULL;
    assert_int_equal(image_new(&im, W, H, channels, bits, &err), 0);
    for (size_t i = 0; i < (size_t)W * H * (size_t)channels; i++)
        if (bits == 8)
            ((uint8_t *)im->pixels)[i] = (uint8_t)ground;
        else
            ((uint16_t *)im->pixels)[i] = (uint16_t)ground;
    return im;
}

static void dot(struct image *im, int x, int y, const int tone[3]) {
    for (int c = 0; c < im->channels; c++) {
        const size_t i = ((size_t)y * W + (size_t)x) * (size_t)im->channels + (size_t)c;
        if (im->bits == 8)
            ((uint8_t *)im->pixels)[i] = (uint8_t)tone[c];
        else
            ((uint16_t *)im->pixels)[i] = (uint16_t)tone[c];
    }
}

static void write_text(struct image *im, int x, int y, int scale, const char *text, const int tone[3]) {
    for (; *text; text++, x += 6 * scale)
        for (size_t f = 0; f < sizeof font / sizeof *font; f++)
            for (int i = 0; font[f].c == *text && i < 35 * scale * scale; i++) {
                const int dx = i % (5 * scale), dy = i / (5 * scale);
                if (font[f].column[dx / scale] >> (dy / scale) & 1)
                    dot(im, x + dx, y + dy, tone);
            }
}

static int letters(struct image *im, int least) {
    struct lettering found;
    assert_int_equal(lettering_find(&found, im, least, &err), 0);
    image_free(im);
    return found.glyphs;
}

static const int white[3] = {255, 255, 255}, yellow[3] = {255, 255, 0}, black[3] = {0, 0, 0}, grey[3] = {150, 150, 150};

/* Tissue: noise blurred three times over five pixels, so that its edges are smooth. */
static struct image *tissue(uint64_t seed) {
    static float a[W * H], b[W * H];
    const struct rng r = rng_make(seed, 0, 0);
    for (size_t i = 0; i < W * H; i++)
        a[i] = (float)rng_uniform(&r, i);
    for (int pass = 0; pass < 6; pass++) {
        const long step = pass % 2 ? W : 1;
        for (long i = 0; i < W * H; i++) {
            b[i] = 0;
            for (long k = -2; k <= 2; k++)
                b[i] += a[(i + k * step + W * H) % (W * H)] / 5;
        }
        memcpy(a, b, sizeof a);
    }
    struct image *im = blank(3, 8, 0);
    for (size_t i = 0; i < (size_t)W * H * 3; i++) {
        const float v = 110 + 900 * (a[i / 3] - 0.5F);
        ((uint8_t *)im->pixels)[i] = (uint8_t)(v < 0 ? 0 : v > 220 ? 220 : v);
    }
    return im;
}

static void text_is_found(void **state) {
    (void)state;
    for (int scale = 1; scale <= 4; scale++) {
        const int *const tones[] = {white, yellow, grey};
        for (size_t t = 0; t < 3; t++) {
            struct image *im = blank(3, 8, 0);
            write_text(im, 5, 100, scale, "ANNA DER 1961", tones[t]);
            assert_in_range(letters(im, 4), 6, 12);
        }
        struct image *paper = blank(3, 8, 240);
        write_text(paper, 10, 100, scale, "MARIE SAND", black);
        assert_true(letters(paper, 4) >= 6);
        struct image *im = tissue((uint64_t)scale);
        static const char name[] = "RENA SIMEARD 906";
        write_text(im, 10, 100, scale, scale > 3 ? &name[4] : name, white);
        assert_true(letters(im, 4) >= 4);
        struct image *deep = blank(1, 16, 300);
        const int bright[3] = {4095, 4095, 4095};
        write_text(deep, 10, 60, scale, "ANNA DER", bright);
        assert_true(letters(deep, 4) >= 6);
    }
}

static void where_it_stands(void **state) {
    (void)state;
    struct image *im = blank(3, 8, 0);
    struct lettering found;
    write_text(im, 40, 100, 2, "SANDRA", white);
    assert_int_equal(lettering_find(&found, im, 4, &err), 0);
    image_free(im);
    assert_int_equal(found.glyphs, 6);
    assert_int_equal(found.x0, 40);
    assert_int_equal(found.y0, 100);
    assert_int_equal(found.x1, 40 + 6 * 12 - 2);
    assert_int_equal(found.y1, 114);
}

static void short_lines_do_not_count(void **state) {
    (void)state;
    struct image *im = blank(3, 8, 0);
    write_text(im, 40, 100, 2, "RMS", white);
    assert_int_equal(letters(im, 4), 0);
    im = blank(3, 8, 0);
    write_text(im, 40, 100, 2, "RMS DA", white);
    assert_int_equal(letters(im, 8), 0);
}

static void what_resembles_it(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++)
        assert_int_equal(letters(tissue(seed), 4), 0);
    struct image *ruler = blank(3, 8, 0);
    for (int k = 0; k < 30; k++)
        for (int y = 0; y < 8; y++)
            dot(ruler, 10 + 10 * k, 100 + y, white);
    assert_int_equal(letters(ruler, 4), 0);
    struct image *crosses = blank(3, 8, 0);
    for (int k = 0; k < 8; k++)
        for (int i = 0; i < 9; i++) {
            dot(crosses, 20 + 12 * k + i, 104, white);
            dot(crosses, 24 + 12 * k, 100 + i, white);
        }
    assert_int_equal(letters(crosses, 4), 0);
    struct image *blocks = blank(3, 8, 0);
    for (int k = 0; k < 10; k++)
        for (int i = 0; i < (8 + k) * 12; i++)
            dot(blocks, 10 + 30 * k + i % (8 + k), 100 + i / (8 + k), white);
    assert_int_equal(letters(blocks, 4), 0);
    assert_int_equal(letters(blank(3, 8, 255), 4), 0);
    assert_int_equal(letters(blank(1, 16, 7), 4), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(text_is_found), cmocka_unit_test(where_it_stands),
                                       cmocka_unit_test(short_lines_do_not_count), cmocka_unit_test(what_resembles_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
