/* DICOM through the real decoder: generated files (tests/golden/dicom, by tests/oracle/make_dicom.py) have the pixels and the facts that
 * were put into them, or their code; also cut at every length. Test code. */
#include "core.h"
#include "image/decode.h"
#include "image/facts_json.h"
#include "image_golden.h"

#define FOLDER "tests/golden/dicom/"

static struct decoder *decoder;
static struct json *expected;

static uint8_t *read_whole_file(const char *name, size_t *n) {
    char path[256];
    uint8_t *bytes = NULL;
    struct err e = {0};
    snprintf(path, sizeof path, FOLDER "%s", name);
    if (io_read_file(&bytes, n, path, 1 << 24, &e))
        fail_msg("%s", e.message);
    return bytes;
}

/* Written the same, so that 1.0 and 1 are not. */
static char *written(const struct json *j) {
    struct buf b;
    buf_init(&b);
    assert_int_equal(json_write(j, &b, NULL), 0);
    return b.data;
}

struct comparison {
    const char *file;
    const struct json *facts;
};

static int same_fact(void *ctx, const char *key, struct json *value) {
    const struct comparison *c = ctx;
    const struct json *ours = json_get(c->facts, key);
    if (!ours)
        fail_msg("%s: no fact %s", c->file, key);
    char *a = written(value), *b = written(ours);
    if (strcmp(a, b) != 0)
        fail_msg("%s: %s is %s where %s is expected", c->file, key, b, a);
    free(a);
    free(b);
    return 0;
}

static void same_luts(const struct json *luts, const struct dicom *d, const char *file) {
    size_t at = 0;
    for (int i = -1; i < d->n_voi_luts; i++) {
        const struct dicom_lut *l = i < 0 ? &d->modality_lut : &d->voi_lut[i];
        if (l->n == 0)
            continue;
        const struct json *due = json_at(luts, at++);
        assert_int_equal(l->n, json_size(due));
        for (size_t k = 0; k < l->n; k++)
            if (l->values[k] != json_integer(json_at(due, k), -1))
                fail_msg("%s: entry %zu of a table is %d", file, k, l->values[k]);
    }
    if (at != json_size(luts))
        fail_msg("%s: %zu tables", file, at);
}

static void pixels_and_facts(void **state) {
    (void)state;
    const struct json *good = json_get(expected, "good");
    assert_true(json_size(good) >= 48);
    for (size_t i = 0; i < json_size(good); i++) {
        const struct json *entry = json_at(good, i);
        const char *file = text_of(entry, "file");
        struct image *im = NULL;
        struct err e = {0};
        size_t n;
        uint8_t *bytes = read_whole_file(file, &n);
        if (decode_image(&im, decoder, bytes, n, NULL, &e))
            fail_msg("%s: %s: %s", file, err_name(e.code), e.message);
        assert_string_equal(im->format, "DICOM");
        if (im->bits != number_of(entry, "bits") || im->channels != number_of(entry, "channels") ||
            im->is_signed != json_bool(json_get(entry, "signed"), !im->is_signed))
            fail_msg("%s: %d bits, %d channels", file, im->bits, im->channels);
        if (strcmp(hash_hex(im->pixels, image_samples(im) * (size_t)im->bits / 8), text_of(entry, "pixels")) != 0)
            fail_msg("%s: other pixels", file);
        struct json *facts = facts_to_json(im);
        struct comparison c = {file, json_get(facts, "dicom")};
        json_each(json_get(entry, "facts"), same_fact, &c);
        same_luts(json_get(entry, "luts"), im->dicom, file);
        json_free(facts);
        image_free(im);
        free(bytes);
    }
}

static void broken_files_have_their_code(void **state) {
    (void)state;
    const struct json *bad = json_get(expected, "bad");
    assert_true(json_size(bad) >= 37);
    for (size_t i = 0; i < json_size(bad); i++) {
        const struct json *entry = json_at(bad, i);
        struct image *im = NULL;
        struct err e = {0};
        size_t n;
        uint8_t *bytes = read_whole_file(text_of(entry, "file"), &n);
        int rc = decode_image(&im, decoder, bytes, n, NULL, &e);
        if (strcmp(err_name(rc), text_of(entry, "code")) != 0)
            fail_msg("%s: %s (%s) where %s is expected", text_of(entry, "file"), err_name(rc), e.message, text_of(entry, "code"));
        assert_null(im);
        free(bytes);
    }
}

static void frames_are_chosen(void **state) {
    (void)state;
    size_t n;
    uint8_t *bytes = read_whole_file("us_rgb.dcm", &n);
    char hashes[3][SHA256_HEX_SIZE];
    for (int frame = 0; frame < 4; frame++) {
        struct image *im = NULL;
        const struct decode_request request = {.frame = frame};
        int rc = decode_image(&im, decoder, bytes, n, &request, NULL);
        assert_int_equal(rc, frame < 3 ? 0 : ERR_USAGE);
        if (rc)
            continue;
        assert_int_equal(im->dicom->frame, frame);
        memcpy(hashes[frame], hash_hex(im->pixels, image_samples(im)), SHA256_HEX_SIZE);
        image_free(im);
    }
    assert_string_not_equal(hashes[0], hashes[1]);
    assert_string_not_equal(hashes[1], hashes[2]);
    free(bytes);
}

static void facts_come_without_pixels(void **state) {
    (void)state;
    const char *const files[] = {"mg_explicit.dcm", "us_rgb.dcm", "j2k90.dcm"};
    const struct decode_request request = {.frame = DECODE_FRAME_MIDDLE, .facts_only = true};
    for (size_t i = 0; i < 3; i++) {
        size_t n;
        uint8_t *bytes = read_whole_file(files[i], &n);
        struct image *with = NULL, *without = NULL;
        assert_int_equal(decode_image(&with, decoder, bytes, n, NULL, NULL), 0);
        assert_int_equal(decode_image(&without, decoder, bytes, n, &request, NULL), 0);
        assert_non_null(with->pixels);
        assert_null(without->pixels);
        struct json *a = facts_to_json(with), *b = facts_to_json(without);
        char *x = written(a), *y = written(b);
        assert_string_equal(x, y);
        free(x);
        free(y);
        json_free(a);
        json_free(b);
        image_free(with);
        image_free(without);
        free(bytes);
    }
}

/* The pixel data stand last: whatever is cut off, nothing is made up. In this process, where a sanitizer looks on. */
static void every_cut_is_refused(void **state) {
    (void)state;
    const char *const files[] = {"mg_explicit.dcm", "bare_implicit.dcm", "mg_deflated.dcm", "jpeg70.dcm",
                                 "jpegls80.dcm",    "j2k90.dcm",         "rle.dcm",         "us_rgb.dcm"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t n;
        uint8_t *bytes = read_whole_file(files[i], &n);
        for (size_t cut = 0; cut < n; cut += i < 2 ? 1 : 7) {
            struct image *im = NULL;
            struct err e = {0};
            uint8_t *exact = malloc(cut ? cut : 1);
            assert_non_null(exact);
            memcpy(exact, bytes, cut);
            int rc = image_decode(&im, exact, cut, &e);
            if (rc == 0 && cut + 2 < n)
                fail_msg("%s, cut to %zu of %zu bytes: an image", files[i], cut, n);
            assert_int_equal(rc, e.code);
            image_free(im);
            free(exact);
        }
        free(bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pixels_and_facts),          cmocka_unit_test(broken_files_have_their_code), cmocka_unit_test(frames_are_chosen),
        cmocka_unit_test(facts_come_without_pixels), cmocka_unit_test(every_cut_is_refused),
    };
    size_t n;
    uint8_t *bytes = read_whole_file("expected.json", &n);
    if (json_read(&expected, (const char *)bytes, n, ERR_INTERNAL, NULL) || decoder_open(&decoder, NULL, NULL) || core_start(NULL))
        return 1;
    free(bytes);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    decoder_close(decoder);
    json_free(expected);
    return failed;
}
