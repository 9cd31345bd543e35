/* Where preparation and augmentation put what was marked in a picture: 1,000 random pictures (crop, mirror, MONOCHROME1, padding, resize,
 * motion, spline) against tests/oracle/make_geometry_golden.py, and against the pixels themselves. Test code. */
#include "base/mem.h"
#include "exam/geometry.h"
#include "image/warp.h"
#include "prep_trial.h"
#include "support.h"

struct one { /* a case and its picture */
    const struct json *j;
    struct trial t;
    float *out;
    int height, width; /* of the tensor */
};

static int number(const struct json *j, const char *key) {
    const struct json *x = json_get(j, key);
    assert_true(json_is_integer(x));
    return (int)json_integer(x, 0);
}

static double real_at(const struct json *j, const char *key, size_t i) {
    const double x = json_number(json_at(json_get(j, key), i), NAN);
    assert_true(isfinite(x));
    return x;
}

static bool flag(const struct json *j, const char *key) {
    return json_bool(json_get(j, key), false);
}

static int mammogram_at(const struct json *j, int x, int y) {
    const int64_t rx = number(j, "rx"), ry = number(j, "ry"), dy = y - number(j, "cy"), width = number(j, "width");
    const int64_t from_wall = (flag(j, "right") ? width - 1 - x : x) - number(j, "wall");
    const int64_t all = rx * rx * ry * ry, q = all - from_wall * from_wall * ry * ry - dy * dy * rx * rx;
    return (int)(q > 0 && from_wall >= 0 ? 900 + 2000 * q / all + grain(x, y) % 128 : grain(x, y) % 16);
}

static void draw_mammogram(struct one *c, enum slot s) {
    const struct json *j = c->j;
    const int w = number(j, "width"), h = number(j, "height");
    const bool inverse = strcmp(json_string(json_get(j, "photometric")), "MONOCHROME1") == 0;
    start(&c->t, w, h, 1, 16);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const int v = mammogram_at(j, x, y);
            pixels16(&c->t)[(size_t)y * (size_t)w + (size_t)x] = (uint16_t)(inverse ? 4095 - v : v);
        }
    struct dicom *d = &c->t.d;
    d->frames = 1;
    d->samples = 1;
    d->bits_stored = 12;
    TEXT(d->modality, "MG");
    TEXT(d->photometric, json_string(json_get(j, "photometric")));
    TEXT(d->intent, "FOR PRESENTATION");
    TEXT(d->image_laterality, json_string(json_get(j, "side")));
    TEXT(d->view_position, s == SLOT_MG_CC ? "CC" : "MLO");
    for (size_t i = 0; i < 2; i++)
        TEXT(d->orientation[i], json_string(json_at(json_get(j, "orientation"), i)));
    d->presentation_shape = inverse ? DICOM_SHAPE_INVERSE : DICOM_SHAPE_IDENTITY;
}

static void draw_ultrasound(struct one *c) {
    const int w = number(c->j, "width"), h = number(c->j, "height");
    const double x0 = real_at(c->j, "box", 0), y0 = real_at(c->j, "box", 1), x1 = real_at(c->j, "box", 2), y1 = real_at(c->j, "box", 3);
    start(&c->t, w, h, 1, 8);
    c->t.im.dicom = NULL;
    c->t.im.format = "PNG";
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            ((uint8_t *)c->t.owned)[y * w + x] = (uint8_t)(x >= x0 && x < x1 && y >= y0 && y < y1 ? 40 + grain(x, y) % 160 : 0);
}

static void draw_case(struct one *c, const struct json *j) {
    enum slot s = SLOT_MG_CC;
    while (strcmp(slot_name(s), json_string(json_get(j, "slot"))) != 0)
        s++;
    memset(c, 0, sizeof *c);
    c->j = j;
    if (slot_is_mg(s))
        draw_mammogram(c, s);
    else
        draw_ultrasound(c);
    c->t.slot = s;
    c->height = (int)real_at(j, "target", 0);
    c->width = (int)real_at(j, "target", 1);
    c->t.profile.mg_height = c->t.profile.us_height = c->height;
    c->t.profile.mg_width = c->t.profile.us_width = c->width;
    assert_non_null(c->out = calloc(prep_size(&c->t.profile, s), sizeof *c->out));
}

static void prepare_case(struct one *c) {
    struct err e = {0};
    if (prep_image(c->out, &c->t.profile, c->t.slot, &c->t.im, &c->t.claim, &c->t.v, &e))
        fail_msg("%s: %s", err_name(e.code), e.message);
}

static void release(struct one *c) {
    free(c->out);
    finish(&c->t);
}

static double apart(const double a[2], const double b[2]) {
    return fmax(fabs(a[0] - b[0]), fabs(a[1] - b[1]));
}

static struct json *open_cases(void) {
    struct json *cases = golden_json("tests/golden/geometry.json");
    assert_true(json_size(cases) >= 1000);
    return cases;
}

/* A mark's place in the tensor is the oracle's, and comes back to the pixel that was marked. */
static void as_the_oracle(void **state) {
    (void)state;
    struct json *cases = open_cases();
    double there = 0, back = 0;
    for (size_t i = 0; i < json_size(cases); i++) {
        struct one c;
        draw_case(&c, json_at(cases, i));
        prepare_case(&c);
        const struct geometry *g = &c.t.v.geometry;
        const double mark[2] = {real_at(c.j, "mark", 0), real_at(c.j, "mark", 1)};
        const double due[2] = {real_at(c.j, "tensor", 0), real_at(c.j, "tensor", 1)};
        double at[2], again[2];
        assert_true(geometry_ok(g));
        assert_int_equal(g->width, c.t.im.width);
        assert_int_equal(g->height, c.t.im.height);
        assert_int_equal(g->kept.x0, (int)real_at(c.j, "kept", 0));
        assert_int_equal(g->kept.y0, (int)real_at(c.j, "kept", 1));
        assert_int_equal(g->kept.x1, (int)real_at(c.j, "kept", 2));
        assert_int_equal(g->kept.y1, (int)real_at(c.j, "kept", 3));
        geometry_to_tensor(at, g, mark);
        geometry_to_source(again, g, due);
        there = fmax(there, apart(at, due));
        back = fmax(back, apart(again, mark));
        release(&c);
    }
    print_message("largest distance: %.2e tensor pixels there, %.2e source pixels back\n", there, back);
    assert_true(there < 0.5 && back < 0.5);
    json_free(cases);
}

/* The same for the motion of augmentation and its spline. */
static void moved_as_the_oracle(void **state) {
    (void)state;
    struct json *cases = open_cases();
    double worst = 0, spline = 0;
    for (size_t i = 0; i < json_size(cases); i++) {
        const struct json *j = json_at(cases, i), *m = json_get(j, "motion");
        const int columns = (int)real_at(j, "field", 0), rows = (int)real_at(j, "field", 1);
        struct warp w = {.width = (int)real_at(j, "target", 1), .height = (int)real_at(j, "target", 0), .channels = 1};
        float control[2 * 7 * 7];
        const struct warp_field field = {columns, rows, control};
        double from[2], without[2], with[2];
        assert_true(columns <= 4 && rows <= 4);
        for (int k = 0; k < 2 * (columns + 3) * (rows + 3); k++)
            control[k] = (float)((int)(grain(k, (int)real_at(j, "mark", 0)) % 257) - 128) / 64;
        warp_affine(w.affine, w.width, w.height,
                    &(struct warp_motion){.right = number(m, "right"),
                                          .down = number(m, "down"),
                                          .mirror_x = number(m, "mirror_x"),
                                          .mirror_y = number(m, "mirror_y"),
                                          .degrees = json_number(json_get(m, "degrees"), NAN),
                                          .scale = json_number(json_get(m, "scale"), NAN)});
        warp_source(from, &w, real_at(j, "moved", 0), real_at(j, "moved", 1));
        worst = fmax(worst, apart(from, (double[2]){real_at(j, "tensor", 0), real_at(j, "tensor", 1)}));
        warp_source(without, &w, real_at(j, "probe", 0), real_at(j, "probe", 1));
        w.field = &field;
        warp_source(with, &w, real_at(j, "probe", 0), real_at(j, "probe", 1));
        spline = fmax(spline, apart((double[2]){with[0] - without[0], with[1] - without[1]},
                                    (double[2]){real_at(j, "displacement", 0), real_at(j, "displacement", 1)}));
    }
    print_message("largest distance: %.2e pixels by motion, %.2e by the spline\n", worst, spline);
    assert_true(worst < 0.5 && spline < 1e-5);
    json_free(cases);
}

/* Where a spot that is painted into the picture comes out: the middle of what it changes. */
static bool spot_lies(double out[2], struct one *c) {
    const int w = (int)c->t.im.width, h = (int)c->t.im.height, mx = (int)real_at(c->j, "mark", 0), my = (int)real_at(c->j, "mark", 1);
    const bool mg = slot_is_mg(c->t.slot), inverse = mg && c->t.d.presentation_shape == DICOM_SHAPE_INVERSE;
    const struct geometry before = c->t.v.geometry;
    const size_t channels = mg ? 1 : 3;
    float *plain = c->out;
    for (int y = my - 3; y <= my + 3; y++)
        for (int x = mx - 3; x <= mx + 3; x++) {
            if (x < 0 || y < 0 || x >= w || y >= h)
                return false;
            if (mg)
                pixels16(&c->t)[y * w + x] = (uint16_t)(pixels16(&c->t)[y * w + x] + (inverse ? -400 : 400));
            else
                ((uint8_t *)c->t.owned)[y * w + x] = (uint8_t)(((uint8_t *)c->t.owned)[y * w + x] + 40);
        }
    assert_non_null(c->out = calloc(prep_size(&c->t.profile, c->t.slot), sizeof *c->out));
    prepare_case(c);
    const bool same = memcmp(&before, &c->t.v.geometry, sizeof before) == 0; /* it may have moved the breast's outline */
    double sum = 0, sum_x = 0, sum_y = 0;
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++) {
            const size_t i = ((size_t)y * (size_t)c->width + (size_t)x) * channels;
            const double d = fabs((double)c->out[i] - (double)plain[i]);
            sum += d;
            sum_x += d * x;
            sum_y += d * y;
        }
    free(plain);
    out[0] = sum_x / sum;
    out[1] = sum_y / sum;
    return same && sum > 0;
}

static void as_the_pixels(void **state) {
    (void)state;
    struct json *cases = open_cases();
    size_t looked = 0;
    double worst = 0;
    for (size_t i = 0; i < json_size(cases); i++) {
        struct one c;
        double spot[2], due[2];
        const double mark[2] = {real_at(json_at(cases, i), "mark", 0), real_at(json_at(cases, i), "mark", 1)};
        draw_case(&c, json_at(cases, i));
        prepare_case(&c);
        if (spot_lies(spot, &c)) {
            geometry_to_tensor(due, &c.t.v.geometry, mark);
            /* a spot at the tensor's border is cut off, and its middle moves */
            if (due[0] > 4 && due[1] > 4 && due[0] < c.width - 5 && due[1] < c.height - 5) {
                looked++;
                worst = fmax(worst, apart(spot, due));
            }
        }
        release(&c);
    }
    print_message("%zu spots, the farthest %.3f tensor pixels from where it is due\n", looked, worst);
    assert_true(looked > 600);
    assert_true(worst < 0.5);
    json_free(cases);
}

/* What no preparation can have said is told apart: it may come from a cache's file. */
static void nonsense_is_refused(void **state) {
    (void)state;
    const struct geometry_steps steps = {.kept = {1, 2, 9, 8}, .padded_w = 12, .padded_h = 6, .w = 6, .h = 3};
    const struct geometry good = geometry_of(10, 8, &steps);
    assert_true(geometry_ok(&good));
    for (int i = 0; i < 9; i++) {
        struct geometry g = good;
        if (i == 0)
            g.width = 0;
        if (i == 1)
            g.height = 40000;
        if (i == 2)
            g.kept.x0 = g.kept.x1;
        if (i == 3)
            g.kept.y1 = g.height + 1;
        if (i == 4)
            g.scale[0] = 0;
        if (i == 5)
            g.scale[1] = (double)NAN;
        if (i == 6)
            g.shift[0] = (double)INFINITY;
        if (i == 7)
            g.shift[1] = 1e300;
        if (i == 8)
            g.scale[0] = 1e9;
        assert_false(geometry_ok(&g));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_the_oracle), cmocka_unit_test(moved_as_the_oracle),
                                       cmocka_unit_test(as_the_pixels), cmocka_unit_test(nonsense_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
