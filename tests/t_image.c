/* Decoding of PNG and JPEG: pixels and facts of small files as Pillow and the PNG specification have them, and every kind of broken file;
 * also the public collections of such, where they are. Test code. */
#include "core.h"
#include "image_walk.h"

static struct json *table;

static uint8_t *read_golden(const struct json *entry, size_t *n) {
    char path[256];
    snprintf(path, sizeof path, GOLDEN "%s", text_of(entry, "file"));
    return read_exact(path, n);
}

static int decode_exact(struct image **im, const uint8_t *bytes, size_t n) {
    struct err e = {0};
    uint8_t *exact = malloc(n ? n : 1);
    assert_non_null(exact);
    memcpy(exact, bytes, n);
    int rc = image_decode(im, exact, n, &e);
    free(exact);
    assert_int_equal(rc, e.code);
    assert_int_equal(rc == 0, *im != NULL);
    assert_true(rc == 0 || strlen(e.message) > 0);
    return rc;
}

static void assert_fact(const struct json *entry, const char *key, bool fact) {
    if (fact != json_bool(json_get(entry, key), !fact))
        fail_msg("%s: %s is not %d", text_of(entry, "file"), key, fact);
}

static void same_pixels(void **state) {
    (void)state;
    const struct json *good = json_get(table, "good");
    assert_true(json_size(good) >= 60);
    for (size_t i = 0; i < json_size(good); i++) {
        const struct json *entry = json_at(good, i);
        struct image *im = NULL;
        size_t n;
        uint8_t *bytes = read_golden(entry, &n);
        struct err e = {0};
        if (image_decode(&im, bytes, n, &e))
            fail_msg("%s: %s", text_of(entry, "file"), e.message);
        assert_int_equal(im->width, number_of(entry, "width"));
        assert_int_equal(im->height, number_of(entry, "height"));
        assert_int_equal(im->channels, number_of(entry, "channels"));
        assert_int_equal(im->bits, number_of(entry, "bits"));
        assert_int_equal(im->file_bits, number_of(entry, "file_bits"));
        assert_string_equal(im->format, text_of(entry, "format"));
        assert_fact(entry, "palette", im->palette);
        assert_fact(entry, "alpha", im->alpha);
        assert_fact(entry, "alpha_used", im->alpha_used);
        if (strcmp(hash_hex(im->pixels, image_samples(im) * (size_t)im->bits / 8), text_of(entry, "pixels")) != 0)
            fail_msg("%s: other pixels", text_of(entry, "file"));
        image_free(im);
        free(bytes);
    }
}

static void broken_files_have_their_code(void **state) {
    (void)state;
    const struct json *bad = json_get(table, "bad");
    assert_true(json_size(bad) >= 35);
    for (size_t i = 0; i < json_size(bad); i++) {
        const struct json *entry = json_at(bad, i);
        struct image *im = NULL;
        size_t n;
        uint8_t *bytes = read_golden(entry, &n);
        int rc = decode_exact(&im, bytes, n);
        if (strcmp(err_name(rc), text_of(entry, "code")) != 0)
            fail_msg("%s: %s where %s is expected", text_of(entry, "file"), err_name(rc), text_of(entry, "code"));
        assert_int_equal(image_decode(&im, bytes, n, NULL), rc); /* nobody wants the message */
        free(bytes);
    }
}

static void every_cut_is_truncated(void **state) {
    (void)state;
    const struct json *good = json_get(table, "good");
    for (size_t i = 0; i < json_size(good); i++) {
        const struct json *entry = json_at(good, i);
        struct image *im = NULL;
        size_t n;
        uint8_t *bytes = read_golden(entry, &n);
        if (!strcmp(text_of(entry, "file"), "grey8_chunks.png"))
            n -= strlen("bytes after the end");
        for (size_t cut = 0; cut < n; cut++)
            if (decode_exact(&im, bytes, cut) != (cut == 0 ? ERR_FILE_EMPTY : ERR_IMAGE_TRUNCATED))
                fail_msg("%s cut after %zu bytes", text_of(entry, "file"), cut);
        free(bytes);
    }
}

/* Each byte of a PNG is a length, under a checksum, or a checksum. (The last chunk's own type and checksum are among them.) */
static void every_flipped_bit_of_a_png_is_seen(void **state) {
    (void)state;
    const struct json *good = json_get(table, "good");
    size_t flips = 0;
    for (size_t i = 0; i < json_size(good); i += 3) {
        const struct json *entry = json_at(good, i);
        struct image *im = NULL;
        size_t n;
        uint8_t *bytes = read_golden(entry, &n);
        bool is_png = !strcmp(text_of(entry, "format"), "PNG") && strcmp(text_of(entry, "file"), "grey8_chunks.png") != 0;
        for (size_t bit = 0; is_png && bit < 8 * n; bit++, flips++) {
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (!decode_exact(&im, bytes, n))
                fail_msg("%s: bit %zu", text_of(entry, "file"), bit);
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        free(bytes);
    }
    assert_true(flips > 10000);
}

/* JPEG has no checksum: a changed bit gives a picture of the declared size or a code. */
static void flipped_bits_of_a_jpeg_do_no_harm(void **state) {
    (void)state;
    const struct json *good = json_get(table, "good");
    for (size_t i = 0; i < json_size(good); i++) {
        const struct json *entry = json_at(good, i);
        size_t n;
        uint8_t *bytes = read_golden(entry, &n);
        for (size_t bit = 0; !strcmp(text_of(entry, "format"), "JPEG") && bit < 8 * n; bit += 3) {
            struct image *im = NULL;
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            decode_exact(&im, bytes, n);
            image_free(im);
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        free(bytes);
    }
}

static void sizes_are_limited(void **state) {
    (void)state;
    struct image *im = NULL;
    struct err e = {0};
    assert_int_equal(image_new(&im, 0, 5, 1, 8, &e), ERR_IMAGE_EMPTY);
    assert_int_equal(image_new(&im, 5, 0, 1, 8, &e), ERR_IMAGE_EMPTY);
    assert_int_equal(image_new(&im, IMAGE_SIDE_MAX + 1, 1, 1, 8, &e), ERR_IMAGE_TOO_LARGE);
    assert_int_equal(image_new(&im, IMAGE_SIDE_MAX, IMAGE_PIXELS_MAX / IMAGE_SIDE_MAX + 1, 1, 8, &e), ERR_IMAGE_TOO_LARGE);
    assert_int_equal(image_new(&im, UINT32_MAX, UINT32_MAX, 3, 16, &e), ERR_IMAGE_TOO_LARGE);
    assert_null(im);
    assert_int_equal(image_new(&im, IMAGE_SIDE_MAX, 1, 3, 16, &e), 0);
    image_free(im);
    image_free(NULL);
}

static void public_collections(void **state) {
    (void)state;
    walk_images();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_pixels),
        cmocka_unit_test(broken_files_have_their_code),
        cmocka_unit_test(every_cut_is_truncated),
        cmocka_unit_test(every_flipped_bit_of_a_png_is_seen),
        cmocka_unit_test(flipped_bits_of_a_jpeg_do_no_harm),
        cmocka_unit_test(sizes_are_limited),
        cmocka_unit_test(public_collections),
    };
    table = golden_table("images.json");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_free(table);
    return failed;
}
