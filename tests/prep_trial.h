/* What the tests of canonical-v1 share: a picture with its facts, its claim and its slot, made good, then changed, then prepared. Test
 * code. A header: every tests/t_*.c is a program. */
#ifndef BMU_TESTS_PREP_TRIAL_H
#define BMU_TESTS_PREP_TRIAL_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "prep/prep.h"

static const struct prep_profile small = {.name = "canonical-v1",
                                          .mg_height = 64,
                                          .mg_width = 48,
                                          .us_height = 32,
                                          .us_width = 32,
                                          .mg_mean = PREP_CANONICAL_MEAN,
                                          .mg_std = PREP_CANONICAL_STD};
enum { W = 150, H = 200, FLOATS = 64 * 48 };
#define TEXT(field, text) snprintf(field, sizeof(field), "%s", text)

/* One picture, its claim and its slot: made good, then changed, then prepared. */
struct trial {
    struct image im;
    struct dicom d;
    struct prep_claim claim;
    enum slot slot;
    struct prep_profile profile;
    struct input_verdict v;
    struct err e;
    float out[FLOATS];
    char hash[SHA256_HEX_SIZE];
    void *owned;
};

/* A number that looks random, 0 .. 2^16 - 1, from a place. */
static inline uint32_t grain(int x, int y) {
    uint32_t h = (uint32_t)x * 0x9E3779B1U ^ (uint32_t)y * 0x85EBCA77U;
    h = (h ^ h >> 15) * 0x2C1B3C6DU;
    return (h ^ h >> 12) >> 16;
}

/* 12 bits, chest wall on the left, brighter above the middle than below. */
static inline uint16_t breast_at(int x, int y) {
    const double dx = x / 110.0, dy = (y - 100) / 85.0, q = 1 - dx * dx - dy * dy;
    const double lump = (x - 50) * (x - 50) + (y - 70) * (y - 70) < 300 ? 600 : 0;
    return (uint16_t)(q > 0 ? 900 + 2000 * sqrt(q) + lump + grain(x, y) % 128 : grain(x, y) % 16);
}

static inline void start(struct trial *t, int width, int height, int channels, int bits) {
    memset(t, 0, sizeof *t);
    t->profile = small;
    t->owned = calloc((size_t)(width * height * channels), (size_t)bits / 8);
    assert_non_null(t->owned);
    t->im = (struct image){.width = (uint32_t)width,
                           .height = (uint32_t)height,
                           .channels = channels,
                           .bits = bits,
                           .file_bits = bits,
                           .format = "DICOM",
                           .pixels = t->owned,
                           .dicom = &t->d};
}

static inline void finish(struct trial *t) {
    free(t->owned);
}

static inline void mammogram(struct trial *t) {
    start(t, W, H, 1, 16);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            ((uint16_t *)t->owned)[y * W + x] = breast_at(x, y);
    t->slot = SLOT_MG_CC;
    t->claim.side = 'L';
    t->d.frames = 1;
    t->d.samples = 1;
    t->d.bits_stored = 12;
    TEXT(t->d.modality, "MG");
    TEXT(t->d.photometric, "MONOCHROME2");
    TEXT(t->d.intent, "FOR PRESENTATION");
    TEXT(t->d.image_laterality, "L");
    TEXT(t->d.view.value, "399162004");
    TEXT(t->d.view.scheme, "SCT");
    TEXT(t->d.view_position, "CC");
    TEXT(t->d.body_part, "BREAST");
    TEXT(t->d.orientation[0], "A");
    TEXT(t->d.orientation[1], "R");
    t->d.presentation_shape = DICOM_SHAPE_IDENTITY;
}

static inline uint16_t *pixels16(struct trial *t) {
    return t->owned;
}

static inline int prepare(struct trial *t) {
    memset(&t->v, 0xa5, sizeof t->v);
    t->v.sha256[0] = 0;
    memset(&t->e, 0, sizeof t->e);
    const int rc = prep_image(t->out, &t->profile, t->slot, &t->im, &t->claim, &t->v, &t->e);
    assert_int_equal(rc, t->e.code);
    assert_int_equal(rc, t->v.code);
    assert_int_equal(t->v.status, rc ? INPUT_REFUSED : INPUT_USED);
    assert_int_equal(t->v.prepared, rc == 0);
    assert_true(t->v.note[0] != '\0');
    if (!rc)
        sha256_hex(t->v.tensor_sha256, t->hash);
    return rc;
}

static inline void expect_code(struct trial *t, int code, const char *what) {
    const int rc = prepare(t);
    if (rc != code)
        fail_msg("%s: %s where %s is expected (%s)", what, err_name(rc), err_name(code), t->v.note);
}

static inline void expect_hash(struct trial *t, const char *hash, const char *what) {
    if (prepare(t) != 0 || strcmp(t->hash, hash) != 0)
        fail_msg("%s: %s, another tensor than it has to be (%s)", what, err_name(t->v.code), t->v.note);
}

/* The tensor of the plain picture. */
static inline void good_hash(char out[SHA256_HEX_SIZE]) {
    struct trial t;
    mammogram(&t);
    expect_code(&t, 0, "the plain picture");
    memcpy(out, t.hash, SHA256_HEX_SIZE);
    finish(&t);
}

#endif
