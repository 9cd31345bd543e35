/* Profile canonical-v1, ultrasound and vendors, rule by rule, on pictures made in memory. Test code. */
#include "prep_trial.h"

/* --- section 7 ----------------------------------------------------------------------------------------------------------------- */

enum { US_W = 320, US_H = 200 };
struct rgb {
    uint8_t c[3];
};
static struct rgb *rgb_of(struct trial *t) {
    return t->owned;
}

/* A black frame with a picture of speckle at x0 .. x1, y0 .. y1. */
static void speckle(struct trial *t, int x0, int y0, int x1, int y1) {
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
            memset(&rgb_of(t)[y * US_W + x], (int)(30 + grain(x - x0, y - y0) % 150), 3);
}
static void paint(struct trial *t, int x0, int y0, int x1, int y1, struct rgb colour) {
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
            rgb_of(t)[y * US_W + x] = colour;
}
static const struct rgb red = {{200, 30, 20}}, white_text = {{255, 255, 255}};

static void ultrasound(struct trial *t, enum slot s) {
    start(t, US_W, US_H, 3, 8);
    t->slot = s;
    t->d.frames = 1;
    t->d.bits_stored = 8;
    TEXT(t->d.modality, "US");
    TEXT(t->d.photometric, "RGB");
}

static void add_region(struct trial *t, int format, int type, uint32_t x0, uint32_t y0, uint32_t x1, uint32_t y1) {
    t->d.region[t->d.n_regions++] = (struct dicom_region){
        .spatial_format = (uint16_t)format, .data_type = (uint16_t)type, .x0 = x0, .y0 = y0, .x1 = x1 - 1, .y1 = y1 - 1};
}

static void area_by_regions_and_by_looking(void **state) {
    (void)state;
    char alone[SHA256_HEX_SIZE];
    struct trial t;
    ultrasound(&t, SLOT_US_BMODE_LONG); /* cells of 3 pixels */
    speckle(&t, 60, 30, 240, 180);
    t.im.dicom = NULL;
    assert_int_equal(prepare(&t), 0);
    memcpy(alone, t.hash, sizeof alone);
    assert_non_null(strstr(t.v.note, "part 180x150 at 60,30"));
    paint(&t, 10, 5, 60, 12, white_text); /* text above, a ruler beside */
    paint(&t, 300, 20, 302, 180, white_text);
    expect_hash(&t, alone, "text and a ruler");
    t.im.dicom = &t.d;
    add_region(&t, 1, 1, 60, 30, 240, 180);
    add_region(&t, 5, 14, 290, 20, 310, 180); /* a colour bar */
    expect_hash(&t, alone, "the file's region");
    t.d.region[0].x0 = 63;
    assert_true(prepare(&t) == 0 && strcmp(t.hash, alone) != 0);
    t.d.region[0].data_type = 3;
    expect_code(&t, ERR_IMAGE_KIND, "a spectrum only");
    finish(&t);
}

static void regions_beyond_the_picture_are_cut(void **state) {
    (void)state;
    struct trial t;
    ultrasound(&t, SLOT_US_BMODE_LONG);
    speckle(&t, 60, 30, US_W, 180);
    add_region(&t, 1, 1, 60, 30, US_W + 2, 180);
    assert_int_equal(prepare(&t), 0);
    assert_non_null(strstr(t.v.note, "part 260x150 at 60,30"));
    t.d.region[0].x0 = US_W;
    expect_code(&t, 0, "a region outside: as if there were none");
    assert_non_null(strstr(t.v.note, "part 260x150 at 60,30 found by looking, the file's regions have no area in the image"));
    finish(&t);
}

/* Which slots take a picture with so much colour. */
static void kinds_by_colour(void **state) {
    (void)state;
    static const struct {
        int rows; /* of 150, painted */
        bool bmode, doppler, elasto;
    } cases[] = {{0, true, false, false}, {3, false, true, false}, {30, false, true, true}, {60, false, false, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int s = SLOT_US_BMODE_TRANS; s < SLOT_COUNT; s++) {
            const bool due = s <= SLOT_US_BMODE_LONG ? cases[i].bmode : s <= SLOT_US_DOPPLER_LONG ? cases[i].doppler : cases[i].elasto;
            struct trial t;
            char what[64];
            ultrasound(&t, (enum slot)s);
            t.im.dicom = NULL;
            speckle(&t, 60, 30, 240, 180);
            paint(&t, 60, 60, 240, 60 + cases[i].rows, red);
            snprintf(what, sizeof what, "%d rows of colour in %s", cases[i].rows, slot_name((enum slot)s));
            expect_code(&t, due ? 0 : ERR_IMAGE_KIND, what);
            finish(&t);
        }
}

static void kinds_by_tags(void **state) {
    (void)state;
    struct trial t;
    ultrasound(&t, SLOT_US_DOPPLER_TRANS);
    speckle(&t, 60, 30, 240, 180);
    add_region(&t, 1, 1, 60, 30, 240, 180);
    expect_code(&t, ERR_IMAGE_KIND, "no flow, no colour");
    add_region(&t, 1, 2, 100, 60, 200, 120);
    expect_code(&t, 0, "a colour box without flow in it");
    assert_non_null(strstr(t.v.note, "part 180x150 at 60,30"));
    t.slot = SLOT_US_BMODE_TRANS;
    expect_code(&t, ERR_IMAGE_KIND, "colour flow in a B-mode slot");
    paint(&t, 60, 60, 240, 90, red); /* a fifth */
    t.slot = SLOT_US_ELASTO_TRANS;
    expect_code(&t, ERR_IMAGE_KIND, "colour flow in an elastography slot");
    t.d.n_regions = 1;
    expect_code(&t, 0, "the same without flow");
    finish(&t);
}

/* Left grey, right with a coloured half: whoever asks gets his pane, by tags, by the gap, and by a seam of one column. */
static void dual_panes(void **state) {
    (void)state;
    for (int how = 0; how < 3; how++) {
        char grey[SHA256_HEX_SIZE];
        struct trial t;
        const int gap = how == 2 ? 1 : 15, right = 150 + gap;
        ultrasound(&t, SLOT_US_BMODE_LONG);
        t.im.dicom = how == 0 ? &t.d : NULL;
        speckle(&t, 0, 30, 150, 180);
        expect_code(&t, 0, "one pane");
        memcpy(grey, t.hash, sizeof grey);
        speckle(&t, right, 30, right + 150, 180);
        if (how == 0) {
            add_region(&t, 1, 1, 0, 30, 150, 180);
            add_region(&t, 1, 1, (uint32_t)right, 30, (uint32_t)right + 150, 180);
        }
        expect_code(&t, ERR_IMAGE_KIND, "two grey panes");
        paint(&t, right, 60, right + 150, 120, red);
        if (how < 2)
            expect_hash(&t, grey, "the grey pane");
        else
            expect_code(&t, 0, "the grey pane");
        t.slot = SLOT_US_ELASTO_LONG;
        expect_code(&t, 0, "the coloured pane");
        assert_non_null(strstr(t.v.note, "(2 of 2 panes)"));
        assert_true(strcmp(t.hash, grey) != 0);
        t.slot = SLOT_US_DOPPLER_LONG;
        expect_code(&t, ERR_IMAGE_KIND, "too much colour for flow");
        finish(&t);
    }
}

static void flow_panes_without_flow_are_not_told_apart(void **state) {
    (void)state;
    struct trial t;
    ultrasound(&t, SLOT_US_DOPPLER_LONG);
    speckle(&t, 0, 30, 150, 180);
    speckle(&t, 165, 30, 315, 180);
    add_region(&t, 1, 2, 0, 30, 150, 180);
    add_region(&t, 1, 2, 165, 30, 315, 180);
    expect_code(&t, ERR_IMAGE_KIND, "two flow panes without colour");
    paint(&t, 20, 60, 22, 62, red);
    expect_code(&t, 0, "one has a little");
    assert_non_null(strstr(t.v.note, "(1 of 2 panes)"));
    paint(&t, 200, 60, 202, 62, red);
    expect_code(&t, ERR_IMAGE_KIND, "both have");
    finish(&t);
}

/* 100 x 150 in a square of 150: a sixth of the columns is black on either side. */
static void the_pane_stands_in_the_middle(void **state) {
    (void)state;
    struct trial t;
    ultrasound(&t, SLOT_US_BMODE_LONG);
    speckle(&t, 60, 30, 160, 180);
    add_region(&t, 1, 1, 60, 30, 160, 180);
    expect_code(&t, 0, "a narrow pane");
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 32; x++) {
            const float *p = t.out + (y * 32 + x) * 3;
            assert_true(p[0] == p[1] && p[1] == p[2] && p[0] >= 0 && p[0] <= 1);
            if (x < 4 || x >= 28)
                assert_true(p[0] == 0);
            else if (x >= 7 && x < 25)
                assert_true(p[0] > 0.1f);
        }
    finish(&t);
}

static void grey_ultrasound(void **state) {
    (void)state;
    char good[SHA256_HEX_SIZE];
    struct trial rgb, t;
    ultrasound(&rgb, SLOT_US_BMODE_TRANS);
    speckle(&rgb, 60, 30, 240, 180);
    assert_int_equal(prepare(&rgb), 0);
    memcpy(good, rgb.hash, sizeof good);
    start(&t, US_W, US_H, 1, 16);
    for (int i = 0; i < US_W * US_H; i++)
        ((uint16_t *)t.owned)[i] = (uint16_t)(255 - rgb_of(&rgb)[i].c[0]);
    t.slot = SLOT_US_BMODE_TRANS;
    t.d = rgb.d;
    t.im.dicom = &t.d;
    TEXT(t.d.photometric, "MONOCHROME1");
    expect_hash(&t, good, "MONOCHROME1 of 8 bits in 16");
    t.im.dicom = NULL;
    expect_code(&t, ERR_IMAGE_DEPTH, "a 16-bit PNG");
    finish(&t);
    start(&t, US_W, US_H, 1, 8);
    for (int i = 0; i < US_W * US_H; i++)
        ((uint8_t *)t.owned)[i] = rgb_of(&rgb)[i].c[0];
    t.slot = SLOT_US_BMODE_TRANS;
    t.im.dicom = NULL;
    expect_hash(&t, good, "a grey PNG");
    finish(&t);
    finish(&rgb);
}

static void pictures_that_are_no_ultrasound(void **state) {
    (void)state;
    struct trial t;
    ultrasound(&t, SLOT_US_BMODE_TRANS);
    t.im.dicom = NULL;
    expect_code(&t, ERR_IMAGE_BLANK, "black");
    paint(&t, 0, 0, US_W, US_H, white_text);
    expect_code(&t, ERR_IMAGE_SATURATED, "white");
    paint(&t, 0, 0, US_W, US_H, (struct rgb){{90, 90, 90}});
    expect_code(&t, ERR_IMAGE_NOT_BREAST, "grey");
    paint(&t, 0, 0, US_W, US_H, (struct rgb){{0, 0, 0}});
    speckle(&t, 100, 100, 150, 150);
    expect_code(&t, ERR_IMAGE_TOO_SMALL, "50 pixels");
    t.im.width = 63;
    expect_code(&t, ERR_IMAGE_TOO_SMALL, "63 columns");
    finish(&t);
    ultrasound(&t, SLOT_US_BMODE_TRANS);
    speckle(&t, 60, 30, 240, 180);
    TEXT(t.d.modality, "MG");
    expect_code(&t, ERR_MODALITY_WRONG, "MG in an ultrasound slot");
    TEXT(t.d.modality, "US");
    TEXT(t.d.laterality, "R");
    t.claim.side = 'L';
    expect_code(&t, ERR_SIDE_MISMATCH, "the other side");
    TEXT(t.d.laterality, "B");
    expect_code(&t, ERR_SIDE_UNKNOWN, "both sides");
    TEXT(t.d.laterality, "U");
    expect_code(&t, 0, "unpaired: not said");
    finish(&t);
}

/* --- section 8 ----------------------------------------------------------------------------------------------------------------- */

static struct vendors *table_of(const char *text) {
    struct vendors *v = NULL;
    struct err e = {0};
    if (vendors_parse_yaml(&v, text, strlen(text), &e))
        fail_msg("%s", e.message);
    return v;
}

static void vendors_prefer_and_blank(void **state) {
    (void)state;
    struct vendors *v =
        table_of("devices:\n"
                 "  - name: Test-1\n    manufacturer: [Nowhere]\n    model: [Style 1]\n    voi: [SOFT, normal]\n    source: a test\n"
                 "  - name: Test-2\n    manufacturer: [Nowhere]\n    bands: [{left: 0, top: 0, right: 1000, bottom: 100}]\n"
                 "    source: a test\n");
    char good[SHA256_HEX_SIZE], other[SHA256_HEX_SIZE];
    struct trial t;
    mammogram(&t);
    t.d.n_windows = 1;
    t.d.window[0] = (struct dicom_window){.center = 1500, .width = 2500, .explanation = "NORMAL"};
    assert_int_equal(prepare(&t), 0);
    memcpy(good, t.hash, sizeof good);
    assert_non_null(strstr(t.v.note, "by the standard alone"));
    t.d.n_windows = 2;
    t.d.window[1] = t.d.window[0];
    t.d.window[0] = (struct dicom_window){.center = 2000, .width = 1000, .explanation = "HARD"};
    assert_true(prepare(&t) == 0 && strcmp(t.hash, good) != 0);
    memcpy(other, t.hash, sizeof other);
    t.profile.vendors = v;
    TEXT(t.d.manufacturer, "Elsewhere");
    TEXT(t.d.model, "Style 1");
    expect_hash(&t, other, "another manufacturer");
    assert_non_null(strstr(t.v.note, "vendor not in table"));
    TEXT(t.d.manufacturer, "NOWHERE (fictitious)");
    TEXT(t.d.model, "style 12");
    expect_hash(&t, good, "the preferred window");
    assert_non_null(strstr(t.v.note, "vendor entry Test-1"));
    TEXT(t.d.model, "Else");
    expect_hash(&t, other, "an entry without a preference");
    finish(&t);

    ultrasound(&t, SLOT_US_BMODE_TRANS);
    speckle(&t, 60, 20, 240, 180);
    paint(&t, 60, 0, 240, 20, white_text); /* text that touches the picture, in the top tenth */
    TEXT(t.d.manufacturer, "Nowhere");
    assert_int_equal(prepare(&t), 0);
    assert_non_null(strstr(t.v.note, "at 60,0"));
    t.profile.vendors = v;
    assert_int_equal(prepare(&t), 0);
    assert_non_null(strstr(t.v.note, "at 60,18"));
    finish(&t);
    vendors_free(v);
}

static void vendor_tables_are_checked(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int code;
    } cases[] = {
        {"devices: []\n", ERR_YAML},
        {"devices:\n  - name: A\n    manufacturer: [B]\n", ERR_YAML}, /* no source */
        {"devices:\n  - name: A\n    manufacturer: []\n    source: s\n", ERR_YAML},
        {"devices:\n  - name: A\n    manufacturer: [B]\n    colour: red\n    source: s\n", ERR_YAML},
        {"devices:\n  - name: A/B\n    manufacturer: [B]\n    source: s\n", ERR_CONFIG},
        {"devices:\n  - name: A\n    manufacturer: ['']\n    source: s\n", 1}, /* either way */
        {"devices:\n  - name: A\n    manufacturer: [B]\n    source: s\n  - name: a\n    manufacturer: [C]\n    source: s\n", ERR_CONFIG},
        {"devices:\n  - name: A\n    manufacturer: [B]\n    source: s\n    bands: [{left: 5, top: 0, right: 5, bottom: 9}]\n", ERR_CONFIG},
        {"devices:\n  - name: A\n    manufacturer: [B]\n    source: s\n    bands: [{left: 5, top: 0, right: 1001, bottom: 9}]\n",
         ERR_CONFIG},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct vendors *v = NULL;
        struct err e = {0};
        const int rc = vendors_parse_yaml(&v, cases[i].text, strlen(cases[i].text), &e);
        assert_null(v);
        if (cases[i].code == 1 ? rc != ERR_YAML && rc != ERR_CONFIG : rc != cases[i].code)
            fail_msg("case %zu: %s (%s)", i, err_name(rc), e.message);
    }
}

static void profiles_have_names(void **state) {
    (void)state;
    assert_string_equal(prep_profile_name("canonical-v1"), "canonical-v1");
    assert_string_equal(prep_profile_name("reference-v1"), "reference-v1");
    assert_null(prep_profile_name("canonical-v2"));
    assert_null(prep_profile_name(NULL));
    struct trial t;
    mammogram(&t);
    t.profile.name = "canonical-v2";
    expect_code(&t, ERR_INTERNAL, "an unknown profile");
    finish(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(area_by_regions_and_by_looking),
        cmocka_unit_test(regions_beyond_the_picture_are_cut),
        cmocka_unit_test(kinds_by_colour),
        cmocka_unit_test(kinds_by_tags),
        cmocka_unit_test(dual_panes),
        cmocka_unit_test(flow_panes_without_flow_are_not_told_apart),
        cmocka_unit_test(the_pane_stands_in_the_middle),
        cmocka_unit_test(grey_ultrasound),
        cmocka_unit_test(pictures_that_are_no_ultrasound),
        cmocka_unit_test(vendors_prefer_and_blank),
        cmocka_unit_test(vendor_tables_are_checked),
        cmocka_unit_test(profiles_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
