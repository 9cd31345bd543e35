/* Preparation against PyTorch and Pillow: hashes of the float32 tensors of small files and, where the public data is, of real images.
 * `t_prep --live` answers lines "mg PATH" or "us PATH" with the hash of our tensor or the code of the refusal. Test code. */
#include "image_golden.h"
#include "prep/prep.h"

static const struct prep_profile small = {"reference-v1", 23, 17, 16, 20, 5063.68, 8773.89, NULL};
static const struct prep_profile full = {"reference-v1", 2294, 1280, 224, 224, 5063.68, 8773.89, NULL};

static const struct prep_claim nothing;
static struct decoder *decoder;
static struct json *table;

/* The hash of the tensor, or the name of the code; checks that verdict and error agree. */
static const char *prepare(const struct prep_profile *p, enum slot s, const char *path, struct input_verdict *v) {
    size_t n = prep_size(p, s);
    float *out = malloc(n * sizeof *out);
    struct err e = {0};
    assert_non_null(out);
    memset(v, 0xa5, sizeof *v); /* filled in full */
    int rc = prep_file(out, p, s, decoder, path, &nothing, v, &e);
    assert_int_equal(rc, e.code);
    assert_int_equal(rc, v->code);
    assert_int_equal(v->status, rc ? INPUT_REFUSED : INPUT_USED);
    assert_true(v->note[0] && strlen(v->note) < sizeof v->note);
    assert_true(!rc || !strncmp(e.message, path, strlen(path)));
    const char *answer = rc ? err_name(rc) : hash_hex(out, n * sizeof *out);
    free(out);
    return answer;
}

static void same_as_pytorch(void **state) {
    (void)state;
    const struct json *good = json_get(table, "good");
    assert_true(json_size(good) >= 60);
    for (size_t i = 0; i < json_size(good); i++) {
        const struct json *entry = json_at(good, i);
        char path[256];
        struct input_verdict v;
        snprintf(path, sizeof path, GOLDEN "%s", text_of(entry, "file"));
        for (int s = 0; s < SLOT_COUNT; s++)
            if (strcmp(prepare(&small, (enum slot)s, path, &v), text_of(entry, slot_is_mg((enum slot)s) ? "mg" : "us")) != 0)
                fail_msg("%s as %s: not PyTorch's tensor (%s)", path, slot_name((enum slot)s), v.note);
    }
}

static void broken_files_are_refused(void **state) {
    (void)state;
    const struct json *bad = json_get(table, "bad");
    for (size_t i = 0; i < json_size(bad); i++) {
        const struct json *entry = json_at(bad, i);
        char path[256];
        struct input_verdict v;
        snprintf(path, sizeof path, GOLDEN "%s", text_of(entry, "file"));
        assert_string_equal(prepare(&small, SLOT_US_BMODE_LONG, path, &v), text_of(entry, "code"));
        assert_true(v.hashed);
        assert_string_equal(prepare(&small, SLOT_MG_CC, path, &v), text_of(entry, "code"));
    }
}

static void notes_say_what_was_done(void **state) {
    (void)state;
    static const struct {
        const char *file;
        enum slot slot;
        const char *note;
    } cases[] = {
        {"grey16.png", SLOT_MG_CC, "16-bit grey PNG 13x11, resized to 17x23"},
        {"grey8.png", SLOT_MG_CC, "8-bit grey PNG 13x11, values x 257 (8 bits where 16 are due), resized to 17x23"},
        {"grey2.png", SLOT_MG_MLO,
         "2-bit grey PNG 13x11, values scaled to 8 bits, values x 257 (8 bits where 16 are due), resized to 17x23"},
        {"rgb16_equal.png", SLOT_MG_CC, "16-bit RGB PNG 9x7, three equal channels taken as grey, resized to 17x23"},
        {"palette4_equal.png", SLOT_MG_CC,
         "4-bit palette PNG 9x7, three equal channels taken as grey, values x 257 (8 bits where 16 are due), resized to 17x23"},
        {"grey.jpg", SLOT_MG_CC, "8-bit grey JPEG 37x29, values x 257 (lossy, 8 bits where 16 are due), resized to 17x23"},
        {"rgb8.png", SLOT_US_BMODE_TRANS, "8-bit RGB PNG 13x11, resized to 20x16"},
        {"grey8.png", SLOT_US_DOPPLER_LONG, "8-bit grey PNG 13x11, grey repeated to three channels, resized to 20x16"},
        {"rgba8.png", SLOT_US_ELASTO_LONG, "8-bit RGB PNG 13x11, transparency dropped (some pixels were not opaque), resized to 20x16"},
        {"rgba8_opaque.png", SLOT_US_ELASTO_LONG, "8-bit RGB PNG 6x5, opaque alpha dropped, resized to 20x16"},
        {"grey16.png", SLOT_US_BMODE_TRANS, "an ultrasound image has 8 bits per sample; this PNG has 16"},
        {"rgb8.png", SLOT_MG_CC, "a mammogram must be grey; this PNG is in colour"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[256];
        struct input_verdict v;
        snprintf(path, sizeof path, GOLDEN "%s", cases[i].file);
        prepare(&small, cases[i].slot, path, &v);
        assert_string_equal(v.note, cases[i].note);
    }
}

static void missing_and_empty_files(void **state) {
    (void)state;
    struct input_verdict v;
    assert_string_equal(prepare(&small, SLOT_MG_CC, "tests/golden/image/no such file.png", &v), "FILE_MISSING");
    assert_false(v.hashed);
    assert_string_equal(prepare(&small, SLOT_MG_CC, "/dev/null", &v), "FILE_READ");
    assert_string_equal(prepare(&small, SLOT_MG_CC, GOLDEN "bad/empty.png", &v), "FILE_EMPTY");
    assert_true(v.hashed);
    char hex[SHA256_HEX_SIZE];
    sha256_hex(v.sha256, hex); /* of no bytes: FIPS 180-4's test value */
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* Black is 0: (0 - 5063.68) / 8773.89 in float32 is -0.57713062 (PyTorch). */
static void black_is_the_releases_black(void **state) {
    (void)state;
    float mg[23 * 17], us[16 * 20 * 3];
    prep_black(mg, &small, SLOT_MG_MLO);
    prep_black(us, &small, SLOT_US_ELASTO_TRANS);
    for (size_t i = 0; i < 23 * 17; i++)
        assert_true(mg[i] == -0x1.277daap-1f);
    for (size_t i = 0; i < (size_t)16 * 20 * 3; i++)
        assert_true(us[i] == 0.0f);
    assert_int_equal(prep_size(&small, SLOT_MG_CC), 23 * 17);
    assert_int_equal(prep_size(&small, SLOT_US_BMODE_TRANS), 16 * 20 * 3);
}

static void slots_have_their_names(void **state) {
    (void)state;
    static const char *const names[] = {"mg_cc",           "mg_mlo",          "us_bmode_trans", "us_bmode_long", "us_doppler_trans",
                                        "us_doppler_long", "us_elasto_trans", "us_elasto_long"};
    for (int s = 0; s < SLOT_COUNT; s++) {
        assert_string_equal(slot_name((enum slot)s), names[s]);
        assert_int_equal(slot_is_mg((enum slot)s), s < 2);
    }
    assert_string_equal(input_status_name(INPUT_ABSENT), "absent");
    assert_string_equal(input_status_name(INPUT_USED), "used");
    assert_string_equal(input_status_name(INPUT_REFUSED), "refused");
}

static void real_images(void **state) {
    (void)state;
    struct json *real = golden_table("real.json");
    const struct json *images = json_get(real, "images");
    size_t seen = 0;
    for (size_t i = 0; i < json_size(images); i++) {
        const struct json *entry = json_at(images, i);
        char path[1024];
        struct input_verdict v;
        snprintf(path, sizeof path, "%s/%s", data_folder(), text_of(entry, "path"));
        const char *answer = prepare(&full, strcmp(text_of(entry, "slot"), "mg") == 0 ? SLOT_MG_CC : SLOT_US_BMODE_TRANS, path, &v);
        if (v.code == ERR_FILE_MISSING)
            continue;
        seen++;
        if (strcmp(answer, text_of(entry, "sha256")) != 0)
            fail_msg("%s: not PyTorch's tensor (%s)", path, v.note);
    }
    printf("%zu of %zu real images are there\n", seen, json_size(images));
    json_free(real);
    if (seen == 0)
        skip();
}

static int live(void) {
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        struct input_verdict v;
        size_t n = strlen(line);
        if (n < 5 || line[n - 1] != '\n')
            return 1;
        line[n - 1] = 0;
        printf("%s\n", prepare(&full, line[0] == 'm' ? SLOT_MG_CC : SLOT_US_BMODE_TRANS, line + 3, &v));
    }
    return 0;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_pytorch),
        cmocka_unit_test(broken_files_are_refused),
        cmocka_unit_test(notes_say_what_was_done),
        cmocka_unit_test(missing_and_empty_files),
        cmocka_unit_test(black_is_the_releases_black),
        cmocka_unit_test(slots_have_their_names),
        cmocka_unit_test(real_images),
    };
    if (decoder_open(&decoder, NULL, NULL))
        return 1;
    if (argc > 1 && !strcmp(argv[1], "--live"))
        return live();
    table = golden_table("images.json");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_free(table);
    decoder_close(decoder);
    return failed;
}
