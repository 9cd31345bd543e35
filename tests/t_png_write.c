/* Pictures written as PNG: what libpng reads back is what was written, and what PNG cannot say is refused. Test code. (Pillow reads such
 * files in tests/cli/t_prep.sh.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "image/png_write.h"

static void fill(struct image *im) {
    size_t n = (size_t)im->width * im->height * (size_t)im->channels * (size_t)im->bits / 8;
    uint8_t *p = im->pixels;
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(i * 37 + i / 251);
}

static void read_back_is_the_same(void **state) {
    (void)state;
    static const uint32_t sides[][2] = {{1, 1}, {7, 3}, {300, 200}};
    for (int i = 0; i < 12; i++) {
        struct image *im = NULL, *back = NULL;
        struct err e = {0};
        struct buf out;
        buf_init(&out);
        assert_int_equal(buf_append(&out, "before", 6, &e), 0);
        assert_int_equal(image_new(&im, sides[i / 4][0], sides[i / 4][1], i & 1 ? 3 : 1, i & 2 ? 16 : 8, &e), 0);
        fill(im);
        assert_int_equal(png_write(&out, im, &e), 0);
        assert_memory_equal(out.data, "before", 6);
        assert_int_equal(codec_png_decode(&back, (const uint8_t *)out.data + 6, out.size - 6, &e), 0);
        assert_int_equal(back->width, im->width);
        assert_int_equal(back->height, im->height);
        assert_int_equal(back->channels, im->channels);
        assert_int_equal(back->bits, im->bits);
        assert_memory_equal(back->pixels, im->pixels, (size_t)im->width * im->height * (size_t)im->channels * (size_t)im->bits / 8);
        image_free(im);
        image_free(back);
        buf_release(&out);
    }
}

static void what_png_cannot_say_is_refused(void **state) {
    (void)state;
    uint8_t pixels[64] = {0};
    static const struct {
        struct image im;
        int code;
    } cases[] = {
        {{.width = 2, .height = 2, .channels = 2, .bits = 8}, ERR_UNSUPPORTED},
        {{.width = 2, .height = 2, .channels = 1, .bits = 12}, ERR_UNSUPPORTED},
        {{.width = 2, .height = 2, .channels = 1, .bits = 16, .is_signed = true}, ERR_UNSUPPORTED},
        {{.width = 0, .height = 2, .channels = 1, .bits = 8}, ERR_IMAGE_EMPTY},
        {{.width = IMAGE_SIDE_MAX + 1, .height = 2, .channels = 1, .bits = 8}, ERR_IMAGE_TOO_LARGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct image im = cases[i].im;
        struct err e = {0};
        struct buf out;
        buf_init(&out);
        im.pixels = pixels;
        assert_int_equal(png_write(&out, &im, &e), cases[i].code);
        assert_int_equal(e.code, cases[i].code);
        assert_int_equal(out.size, 0);
        buf_release(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_back_is_the_same),
        cmocka_unit_test(what_png_cannot_say_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
