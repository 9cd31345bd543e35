/* Damaged checkpoints: a file cut at any byte is refused; with any one bit flipped it is refused or gives the same tensors. Nothing crashes
 * (the ASan run is the judge of that). */
#include "ckpt_golden.h"

static int check_code(const char *name, int rc, const struct err *e) {
    if (rc > 0 || rc == ERR_INTERNAL || rc == ERR_NO_MEMORY || e->code != rc || !strcmp(err_name(rc), "UNKNOWN"))
        fail_msg("%s: code %d, message '%s'", name, rc, e->message);
    return rc;
}

static void cut_everywhere(const char *name) {
    struct file f = golden_file(name);
    for (size_t n = 0; n < f.size; n++) {
        struct err e = {0};
        struct archive *a;
        uint8_t *cut = malloc(n ? n : 1);
        assert_non_null(cut);
        memcpy(cut, f.bytes, n);
        if (!golden_parse(&a, name, cut, n, &e))
            fail_msg("%s was accepted when cut to %zu of %zu bytes", name, n, f.size);
        check_code(name, e.code, &e);
        free(cut);
    }
    free(f.bytes);
}

static bool same_array(const struct array *x, const struct array *y, bool names) {
    return (!names || !strcmp(x->name, y->name)) && x->dtype == y->dtype && x->rank == y->rank &&
           !memcmp(x->shape, y->shape, sizeof x->shape) && x->bytes == y->bytes && !memcmp(x->data, y->data, x->bytes);
}

static bool same(const struct archive *a, const struct archive *b, bool names) {
    bool good = archive_count(a) == archive_count(b);
    for (size_t i = 0; good && i < archive_count(a); i++)
        good = same_array(archive_at(a, i), archive_at(b, i), names);
    return good;
}

/* Flip every bit of the first `end` bytes (0: all). Returns how many flips changed nothing. */
static size_t flip_everywhere(const char *name, size_t end, bool names) {
    struct file f = golden_file(name), g = golden_file(name);
    struct archive *whole, *a;
    size_t harmless = 0;
    assert_int_equal(golden_parse(&whole, name, g.bytes, g.size, NULL), 0);
    for (size_t bit = 0; bit < 8 * (end ? end : f.size); bit++) {
        struct err e = {0};
        f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (!check_code(name, golden_parse(&a, name, f.bytes, f.size, &e), &e)) {
            if (!same(a, whole, names))
                fail_msg("%s: with bit %zu of byte %zu flipped it gives other tensors", name, bit % 8, bit / 8);
            harmless++;
            archive_close(a);
        }
        f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    archive_close(whole);
    free(f.bytes);
    free(g.bytes);
    return harmless;
}

static void safetensors_cut(void **state) {
    (void)state;
    cut_everywhere("small.safetensors");
    cut_everywhere("others.safetensors");
    cut_everywhere("ours.safetensors");
}

static void torch_cut(void **state) {
    (void)state;
    cut_everywhere("state_dict.pt");
    cut_everywhere("zip64.pt");
    cut_everywhere("hand.pt");
}

/* The format has no checksum: a flipped letter of a name is another name, and that is all that may change. (The model's key list catches
 * it.) */
static void safetensors_flipped(void **state) {
    struct file f = golden_file("small.safetensors");
    uint64_t header;
    (void)state;
    memcpy(&header, f.bytes, sizeof header);
    free(f.bytes);
    size_t harmless = flip_everywhere("small.safetensors", 8 + (size_t)header, false);
    assert_in_range(harmless, 1, 40); /* letters of the two one-letter names, and white space */
}

static void torch_flipped(void **state) {
    (void)state;
    assert_true(flip_everywhere("hand.pt", 0, true) > 0); /* dates and attributes mean nothing here */
    assert_true(flip_everywhere("state_dict.pt", 0, true) > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(safetensors_cut),
        cmocka_unit_test(torch_cut),
        cmocka_unit_test(safetensors_flipped),
        cmocka_unit_test(torch_flipped),
    };
    return cmocka_run_group_tests_name("ckpt_damage", tests, NULL, NULL);
}
