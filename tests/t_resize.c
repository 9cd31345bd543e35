/* Resize against Pillow: hashes of its results on hashed noise (tests/golden/image/resize.json).
 * `t_resize --live` answers lines "MODE SRC_W SRC_H DST_W DST_H SEED" with the hash of our result, for tests/oracle/resize_live.py. Test
 * code. */

#include "image/resize.h"
#include "image_golden.h"

struct job {
    const char *mode;
    uint32_t src_w, src_h, dst_w, dst_h;
    uint64_t seed;
};

/* splitmix64, as noise_words() of tests/oracle/image_oracle.py. */
static uint64_t noise(uint64_t seed, uint64_t i) {
    uint64_t z = seed + (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static const char *run_u8(const struct job *j, int channels) {
    size_t in = (size_t)j->src_w * j->src_h * (size_t)channels, out = (size_t)j->dst_w * j->dst_h * (size_t)channels;
    uint8_t *src = malloc(in), *dst = malloc(out);
    struct err e = {0};
    assert_true(src && dst);
    for (size_t i = 0; i < in; i++)
        src[i] = (uint8_t)(noise(j->seed, i) >> 56);
    assert_int_equal(resize_u8(dst, j->dst_w, j->dst_h, src, j->src_w, j->src_h, channels, &e), 0);
    const char *hash = hash_hex(dst, out);
    free(src);
    free(dst);
    return hash;
}

static const char *run_i32(const struct job *j, bool is_signed) {
    size_t in = (size_t)j->src_w * j->src_h, out = (size_t)j->dst_w * j->dst_h;
    int32_t *src = malloc(in * sizeof *src), *dst = malloc(out * sizeof *dst);
    struct err e = {0};
    assert_true(src && dst);
    for (size_t i = 0; i < in; i++)
        src[i] = is_signed ? (int32_t)((int64_t)(noise(j->seed, i) >> 33) - (1 << 30)) : (int32_t)(noise(j->seed, i) >> 48);
    assert_int_equal(resize_i32(dst, j->dst_w, j->dst_h, src, j->src_w, j->src_h, &e), 0);
    const char *hash = hash_hex(dst, out * sizeof *dst);
    free(src);
    free(dst);
    return hash;
}

static const char *run(const struct job *j) {
    if (j->mode[0] == 'I')
        return run_i32(j, j->mode[1] == '3');
    return run_u8(j, j->mode[0] == 'L' ? 1 : 3);
}

static void same_as_pillow(void **state) {
    (void)state;
    struct json *table = golden_table("resize.json");
    const struct json *cases = json_get(table, "cases");
    assert_true(json_size(cases) >= 200);
    for (size_t i = 0; i < json_size(cases); i++) {
        const struct json *c = json_at(cases, i);
        struct job j = {text_of(c, "mode"),
                        (uint32_t)number_of(c, "src_w"),
                        (uint32_t)number_of(c, "src_h"),
                        (uint32_t)number_of(c, "dst_w"),
                        (uint32_t)number_of(c, "dst_h"),
                        (uint64_t)number_of(c, "seed")};
        if (strcmp(run(&j), text_of(c, "sha256")) != 0)
            fail_msg("%s %ux%u -> %ux%u: not Pillow's", j.mode, j.src_w, j.src_h, j.dst_w, j.dst_h);
    }
    json_free(table);
}

static void sides_are_limited(void **state) {
    (void)state;
    struct err e = {0};
    uint8_t byte = 0;
    int32_t word = 0;
    assert_int_equal(resize_u8(&byte, 0, 1, &byte, 1, 1, 1, &e), ERR_LIMIT);
    assert_int_equal(resize_u8(&byte, 1, 1, &byte, 1, IMAGE_SIDE_MAX + 1, 1, &e), ERR_LIMIT);
    assert_int_equal(resize_i32(&word, 1, 0, &word, 1, 1, &e), ERR_LIMIT);
    assert_int_equal(resize_i32(&word, IMAGE_SIDE_MAX + 1, 1, &word, 1, 1, NULL), ERR_LIMIT);
}

/* Ends of the range: a sum a hair above the largest integer is clamped. (Pillow's own result is undefined there.) */
static void extreme_values_stay(void **state) {
    (void)state;
    int32_t src[7 * 5], dst[13 * 11];
    for (int sign = 0; sign < 2; sign++) {
        for (size_t i = 0; i < 7 * 5; i++)
            src[i] = sign ? INT32_MIN : INT32_MAX;
        assert_int_equal(resize_i32(dst, 13, 11, src, 7, 5, NULL), 0);
        for (size_t i = 0; i < 13 * 11; i++)
            assert_int_equal(dst[i], src[0]);
    }
}

static int live(void) {
    char line[256];
    while (fgets(line, sizeof line, stdin)) {
        char *at = strchr(line, ' ');
        if (!at)
            return 1;
        *at++ = 0;
        struct job j = {.mode = line};
        uint32_t *sides[] = {&j.src_w, &j.src_h, &j.dst_w, &j.dst_h};
        for (size_t i = 0; i < 4; i++)
            *sides[i] = (uint32_t)strtoul(at, &at, 10);
        j.seed = strtoull(at, NULL, 10);
        printf("%s\n", run(&j));
    }
    return 0;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_pillow),
        cmocka_unit_test(sides_are_limited),
        cmocka_unit_test(extreme_values_stay),
    };
    if (argc > 1 && !strcmp(argv[1], "--live"))
        return live();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
