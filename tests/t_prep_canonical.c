/* Profile canonical-v1, mammography, rule by rule, on pictures made in memory: what must not change the tensor does not, what must be
 * refused is, with its code. That the numbers are those of docs/PREP.md is tests/oracle/prep_oracle.py's business. Test code. */
#include "prep_trial.h"

static void mirror(struct trial *t) {
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W / 2; x++) {
            uint16_t *row = pixels16(t) + y * W, keep = row[x];
            row[x] = row[W - 1 - x];
            row[W - 1 - x] = keep;
        }
}

static void turn_over(struct trial *t) {
    for (int y = 0; y < H / 2; y++)
        for (int x = 0; x < W; x++) {
            uint16_t *p = pixels16(t), keep = p[y * W + x];
            p[y * W + x] = p[(H - 1 - y) * W + x];
            p[(H - 1 - y) * W + x] = keep;
        }
}

/* --- the table of section 5 ---------------------------------------------------------------------------------------------------- */

static const struct {
    bool cc, mlo;
    const char *row, *column; /* for a left breast */
    bool mirrored, upside_down;
    int code;
} orientations[] = {
    {true, true, "A", "R", false, false, 0},
    {true, true, "A", "L", false, true, 0},
    {true, true, "P", "R", true, false, 0},
    {true, true, "P", "L", true, true, ERR_SIDE_IMAGE},
    {false, true, "A", "F", false, false, 0},
    {false, true, "A", "FR", false, false, 0},
    {false, true, "A", "H", false, true, 0},
    {false, true, "A", "HL", false, true, 0},
    {false, true, "P", "FR", true, false, 0},
    {false, true, "P", "HL", true, true, 0},
    {false, true, "P", "F", true, false, ERR_SIDE_IMAGE},
    {false, true, "P", "H", true, true, ERR_SIDE_IMAGE},
    {false, true, "A", "FL", false, false, ERR_VIEW_NOT_STANDARD},
    {false, true, "A", "HR", false, true, ERR_VIEW_NOT_STANDARD},
    {false, true, "P", "FL", true, false, ERR_VIEW_NOT_STANDARD},
    {false, true, "P", "HR", true, true, ERR_VIEW_NOT_STANDARD},
    {false, true, "A", "HF", false, false, ERR_SIDE_UNKNOWN},
    {false, true, "A", "FLR", false, false, ERR_SIDE_UNKNOWN},
    {true, false, "A", "F", false, false, ERR_VIEW_MISMATCH},
    {true, false, "A", "HL", false, false, ERR_VIEW_MISMATCH},
    {true, false, "A", "RF", false, false, 0},
    {true, true, "F", "R", false, false, ERR_SIDE_UNKNOWN},
    {true, true, "A", "A", false, false, ERR_SIDE_UNKNOWN},
    {true, true, "A", "", false, false, ERR_SIDE_UNKNOWN},
    {true, true, "LE", "V", false, false, 0}, /* no directions of a human: as if absent */
    {true, true, "", "", false, false, 0},
};

/* For the other breast: A and P, L and R exchanged. */
static void swap_texts(char *text) {
    for (; *text; text++)
        *text = *text == 'A' ? 'P' : *text == 'P' ? 'A' : *text == 'L' ? 'R' : *text == 'R' ? 'L' : *text;
}

static void orientation_is_followed(void **state) {
    (void)state;
    char good[SHA256_HEX_SIZE];
    good_hash(good);
    for (size_t i = 0; i < sizeof orientations / sizeof *orientations; i++)
        for (int k = 0; k < 4; k++) {
            const bool right = k & 1, mlo = k & 2;
            struct trial t;
            char what[600];
            if (mlo ? !orientations[i].mlo : !orientations[i].cc)
                continue;
            mammogram(&t);
            TEXT(t.d.orientation[0], orientations[i].row);
            TEXT(t.d.orientation[1], orientations[i].column);
            if (mlo) {
                t.slot = SLOT_MG_MLO;
                TEXT(t.d.view.value, "399368009");
                TEXT(t.d.view_position, "MLO");
            }
            if (right) {
                swap_texts(t.d.orientation[0]);
                swap_texts(t.d.orientation[1]);
                TEXT(t.d.image_laterality, "R");
                t.claim.side = 'R';
            }
            if (orientations[i].mirrored != right)
                mirror(&t);
            if (orientations[i].upside_down)
                turn_over(&t);
            snprintf(what, sizeof what, "%s %c %s\\%s", mlo ? "MLO" : "CC", right ? 'R' : 'L', t.d.orientation[0], t.d.orientation[1]);
            if (orientations[i].code)
                expect_code(&t, orientations[i].code, what);
            else
                expect_hash(&t, good, what);
            if (!orientations[i].code) { /* the same picture, chest wall on the other side */
                mirror(&t);
                expect_code(&t, ERR_SIDE_IMAGE, what);
            }
            finish(&t);
        }
}

static void side_comes_from_file_or_table(void **state) {
    (void)state;
    static const struct {
        const char *image, *series;
        char claim;
        bool oriented;
        int code;
    } cases[] = {
        {"L", "", 'L', true, 0},
        {"", "L", 'L', true, 0},
        {"L", "R", 'L', true, 0},
        {"", "", 'L', true, 0},
        {"L", "", 0, true, 0},
        {"R", "", 'L', true, ERR_SIDE_MISMATCH},
        {"", "R", 'L', true, ERR_SIDE_MISMATCH},
        {"L", "", 'R', false, ERR_SIDE_MISMATCH},
        {"B", "", 'L', true, ERR_SIDE_UNKNOWN},
        {"U", "", 'L', true, ERR_SIDE_UNKNOWN},
        {"", "", 0, true, ERR_SIDE_UNKNOWN}, /* columns of a CC cannot be read without a side */
        {"", "", 0, false, 0},
        {"R", "", 'R', false, ERR_SIDE_IMAGE},
        {"", "", 'R', false, ERR_SIDE_IMAGE},
        {"R", "", 'R', true, ERR_SIDE_IMAGE}, /* rows A, columns R is a left breast in standard hanging */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trial t;
        char what[32];
        mammogram(&t);
        TEXT(t.d.image_laterality, cases[i].image);
        TEXT(t.d.laterality, cases[i].series);
        t.claim.side = cases[i].claim;
        if (!cases[i].oriented)
            t.d.orientation[0][0] = t.d.orientation[1][0] = '\0';
        snprintf(what, sizeof what, "case %zu", i);
        expect_code(&t, cases[i].code, what);
        if (!t.v.code)
            assert_int_equal(t.v.facts.side, cases[i].image[0] ? cases[i].image[0] : cases[i].series[0]);
        finish(&t);
    }
}

/* --- section 1 ----------------------------------------------------------------------------------------------------------------- */

#define AT(field) offsetof(struct dicom, field)
static void tags_are_asked(void **state) {
    (void)state;
    static const struct {
        size_t at;
        const char *text;
        int code;
    } cases[] = {
        {AT(modality), "US", ERR_MODALITY_WRONG},
        {AT(modality), "CR", ERR_MODALITY_WRONG},
        {AT(modality), "", ERR_MODALITY_WRONG},
        {AT(body_part), "CHEST", ERR_IMAGE_NOT_BREAST},
        {AT(body_part), "", 0},
        {AT(sop_class), "1.2.840.10008.5.1.4.1.1.13.1.3", ERR_TOMOSYNTHESIS},
        {AT(sop_class), "1.2.840.10008.5.1.4.1.1.1.2.1", ERR_FOR_PROCESSING},
        {AT(sop_class), "1.2.840.10008.5.1.4.1.1.1.2", 0},
        {AT(intent), "FOR PROCESSING", ERR_FOR_PROCESSING},
        {AT(intent), "", 0},
        {AT(view_position), "MLO", ERR_VIEW_MISMATCH},
        {AT(view_position), "", 0},
        {AT(view_position), "SOMETHING", 0},
        {AT(view.value), "399368009", ERR_VIEW_MISMATCH},
        {AT(view.value), "399260004", ERR_VIEW_NOT_STANDARD},
        {AT(view.value), "399352003", ERR_VIEW_NOT_STANDARD},
        {AT(view.value), "399099002", ERR_VIEW_NOT_STANDARD},
        {AT(view.value), "399196006", ERR_VIEW_NOT_STANDARD},
        {AT(view.value), "399188001", ERR_VIEW_NOT_STANDARD},
        {AT(view.value), "441555000", ERR_VIEW_NOT_STANDARD},
        {AT(view.value), "399192008", ERR_VIEW_NOT_STANDARD},
        {AT(view.value), "399101009", ERR_VIEW_NOT_STANDARD},
        {AT(view.value), "127457009", ERR_SPECIMEN},
        {AT(view.value), "R-10242", ERR_VIEW_NOT_STANDARD}, /* an SRT code under scheme SCT */
        {AT(view.value), "", 0},                            /* View Position says CC */
        {AT(view.scheme), "99LOCAL", ERR_VIEW_NOT_STANDARD},
        {AT(photometric), "RGB", ERR_IMAGE_COLOUR},
        {AT(photometric), "MONOCHROME1", ERR_IMAGE_POLARITY}, /* with shape IDENTITY */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trial t;
        mammogram(&t);
        memcpy((char *)&t.d + cases[i].at, cases[i].text, strlen(cases[i].text) + 1);
        expect_code(&t, cases[i].code, cases[i].text);
        assert_true(t.v.code == 0 || !strstr(t.v.note, "LOCAL"));
        finish(&t);
    }
}

static void views_by_position_text(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int cc, mlo;
    } cases[] = {{"CC", 0, ERR_VIEW_MISMATCH},
                 {"MLO", ERR_VIEW_MISMATCH, 0},
                 {"ML", ERR_VIEW_NOT_STANDARD, ERR_VIEW_NOT_STANDARD},
                 {"XCCL", ERR_VIEW_NOT_STANDARD, ERR_VIEW_NOT_STANDARD},
                 {"AP", ERR_VIEW_NOT_STANDARD, ERR_VIEW_NOT_STANDARD},
                 {"", 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int mlo = 0; mlo < 2; mlo++) {
            struct trial t;
            mammogram(&t);
            t.slot = mlo ? SLOT_MG_MLO : SLOT_MG_CC;
            t.d.view.value[0] = '\0';
            TEXT(t.d.view_position, cases[i].text);
            expect_code(&t, mlo ? cases[i].mlo : cases[i].cc, cases[i].text);
            assert_int_equal(strstr(t.v.note, "names no view") != NULL, !cases[i].text[0]);
            finish(&t);
        }
}

static void view_codes_of_the_older_schemes(void **state) {
    (void)state;
    static const char *const schemes[] = {"SRT", "SNM3", "99SDM"};
    for (size_t i = 0; i < 3; i++) {
        struct trial t;
        mammogram(&t);
        TEXT(t.d.view.value, "R-10242");
        TEXT(t.d.view.scheme, schemes[i]);
        expect_code(&t, 0, schemes[i]);
        TEXT(t.d.view.value, "R-10224");
        expect_code(&t, ERR_VIEW_NOT_STANDARD, schemes[i]);
        finish(&t);
    }
}

static void modifiers_and_image_types(void **state) {
    (void)state;
    static const struct {
        const char *modifier, *type;
        bool allow;
        int code;
    } cases[] = {
        {"399163009", NULL, false, ERR_VIEW_NOT_STANDARD}, /* magnification */
        {"399055006", NULL, false, ERR_VIEW_NOT_STANDARD}, /* spot */
        {"399161006", NULL, false, ERR_VIEW_NOT_STANDARD}, /* cleavage */
        {"1", NULL, false, ERR_VIEW_NOT_STANDARD},
        {"399209000", NULL, false, ERR_IMPLANT},
        {NULL, "GENERATED_2D", false, ERR_TOMOSYNTHESIS},
        {NULL, "GENERATED_2D", true, 0},
        {NULL, "TOMOSYNTHESIS", true, 0},
        {NULL, "TOMO_PROJ", true, ERR_TOMOSYNTHESIS},
        {NULL, "SUBTRACTION", false, ERR_VIEW_NOT_STANDARD},
        {NULL, "LOW_ENERGY", false, 0},
        {NULL, "STEREO_MINUS", false, ERR_VIEW_NOT_STANDARD},
        {NULL, "POSTBIOPSY_PLUS", false, ERR_VIEW_NOT_STANDARD},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trial t;
        mammogram(&t);
        t.claim.allow_tomosynthesis = cases[i].allow;
        if (cases[i].modifier) {
            t.d.n_view_modifiers = 1;
            TEXT(t.d.view_modifier[0].value, cases[i].modifier);
            TEXT(t.d.view_modifier[0].scheme, "SCT");
        } else {
            t.d.n_image_type = 4;
            TEXT(t.d.image_type[0], "DERIVED");
            TEXT(t.d.image_type[1], "PRIMARY");
            TEXT(t.d.image_type[3], cases[i].type);
        }
        expect_code(&t, cases[i].code, cases[i].modifier ? cases[i].modifier : cases[i].type);
        assert_true(!cases[i].allow || t.v.code || strstr(t.v.note, "synthesised"));
        finish(&t);
    }
}

static void flags_are_looked_at(void **state) {
    (void)state;
    struct trial t;
    mammogram(&t);
    t.d.implant = DICOM_NO;
    t.d.partial_view = DICOM_YES;
    expect_code(&t, 0, "partial view");
    assert_non_null(strstr(t.v.note, "partial view"));
    t.d.implant = DICOM_YES;
    expect_code(&t, ERR_IMPLANT, "implant");
    t.d.frames_are_slices = true;
    expect_code(&t, ERR_TOMOSYNTHESIS, "slices");
    t.claim.allow_tomosynthesis = true;
    expect_code(&t, ERR_TOMOSYNTHESIS, "slices are never allowed");
    t.d.frames_are_slices = false;
    t.d.frames = 2;
    expect_code(&t, ERR_TOMOSYNTHESIS, "frames");
    t.d.specimen = true;
    expect_code(&t, ERR_SPECIMEN, "specimen");
    finish(&t);
}

/* --- section 2 ----------------------------------------------------------------------------------------------------------------- */

static void each_sample(struct trial *t, uint16_t (*change)(uint16_t)) {
    for (int i = 0; i < W * H; i++)
        pixels16(t)[i] = change(pixels16(t)[i]);
}
static uint16_t inverted(uint16_t s) {
    return (uint16_t)(4095 - s);
}
static uint16_t lowered(uint16_t s) {
    return (uint16_t)(s - 2048);
}
static uint16_t halved(uint16_t s) {
    return (uint16_t)(s & ~1u);
}

static void polarity_is_undone_once(void **state) {
    (void)state;
    char good[SHA256_HEX_SIZE];
    struct trial t;
    good_hash(good);
    mammogram(&t);
    each_sample(&t, inverted);
    expect_code(&t, ERR_IMAGE_POLARITY, "inverted without saying so");
    TEXT(t.d.photometric, "MONOCHROME1");
    expect_code(&t, ERR_IMAGE_POLARITY, "MONOCHROME1 with IDENTITY");
    t.d.presentation_shape = DICOM_SHAPE_INVERSE;
    expect_hash(&t, good, "MONOCHROME1 with INVERSE");
    t.d.presentation_shape = DICOM_SHAPE_ABSENT;
    expect_hash(&t, good, "MONOCHROME1 alone");
    t.d.presentation_shape = DICOM_SHAPE_OTHER;
    expect_code(&t, ERR_IMAGE_POLARITY, "another shape");
    TEXT(t.d.photometric, "MONOCHROME2");
    t.d.presentation_shape = DICOM_SHAPE_INVERSE;
    expect_code(&t, ERR_IMAGE_POLARITY, "MONOCHROME2 with INVERSE");
    finish(&t);
}

static void signs_and_rescale(void **state) {
    (void)state;
    char good[SHA256_HEX_SIZE];
    struct trial t;
    good_hash(good);
    mammogram(&t);
    each_sample(&t, lowered);
    t.im.is_signed = t.d.is_signed = true;
    expect_hash(&t, good, "signed, full range");
    t.d.has_rescale = true;
    t.d.slope = 0.25;
    t.d.intercept = 512;
    expect_hash(&t, good, "rescaled, full range");
    t.d.n_windows = 1;
    t.d.voi_function = DICOM_VOI_LINEAR_EXACT;
    t.d.window[0] = (struct dicom_window){.center = 4095 / 8.0, .width = 4095 / 4.0};
    expect_hash(&t, good, "the same range as an exact window after the rescale");
    t.d.window[0].center += 100;
    assert_true(prepare(&t) == 0 && strcmp(t.hash, good) != 0);
    t.d.slope = 0;
    expect_code(&t, ERR_DICOM_LUT, "slope 0");
    t.d.slope = (double)NAN;
    expect_code(&t, ERR_DICOM_LUT, "slope NaN");
    finish(&t);
}

static void padding_is_background(void **state) {
    (void)state;
    struct trial t;
    char good[SHA256_HEX_SIZE];
    mammogram(&t); /* background black everywhere */
    for (int i = 0; i < W * H; i++)
        if (pixels16(&t)[i] < 16)
            pixels16(&t)[i] = 0;
    assert_int_equal(prepare(&t), 0);
    memcpy(good, t.hash, sizeof good);
    for (int i = 0; i < W * H; i++)
        if (pixels16(&t)[i] == 0)
            pixels16(&t)[i] = (uint16_t)(4000 + i % 50);
    assert_true(prepare(&t) != 0 || strcmp(t.hash, good) != 0);
    t.d.has_padding = true;
    t.d.padding_first = 4000;
    t.d.padding_last = 4049;
    expect_hash(&t, good, "padding of 4000 .. 4049");
    t.d.padding_last = 4048;
    assert_true(prepare(&t) != 0 || strcmp(t.hash, good) != 0);
    finish(&t);
}

static void lookup_tables(void **state) {
    (void)state;
    char good[SHA256_HEX_SIZE];
    struct trial t;
    static uint16_t identity[4096], wide[4096];
    for (int i = 0; i < 4096; i++) {
        identity[i] = (uint16_t)i;
        wide[i] = (uint16_t)(i & ~1);
    }
    good_hash(good);
    mammogram(&t);
    t.d.n_voi_luts = 1;
    t.d.voi_lut[0] = (struct dicom_lut){.n = 4096, .bits = 12, .values = identity};
    t.d.n_windows = 1; /* not looked at */
    expect_hash(&t, good, "an identity as VOI LUT");
    t.d.n_voi_luts = 0;
    t.d.n_windows = 0;
    t.d.modality_lut = (struct dicom_lut){.n = 4096, .bits = 12, .values = identity};
    expect_hash(&t, good, "an identity as modality LUT");
    t.d.has_rescale = true;
    t.d.slope = 1;
    expect_hash(&t, good, "with an identity as rescale");
    t.d.intercept = 1;
    expect_code(&t, ERR_DICOM_LUT, "modality LUT and rescale");
    t.d.has_rescale = false;
    t.d.modality_lut.bits = 17;
    expect_code(&t, ERR_DICOM_LUT, "17 bits");
    t.d.modality_lut.bits = 12;
    t.d.modality_lut.n = 0;
    expect_code(&t, ERR_DICOM_LUT, "no entries");
    t.d.modality_lut = (struct dicom_lut){.n = 4096, .bits = 12, .values = wide};
    assert_int_equal(prepare(&t), 0);
    memcpy(good, t.hash, sizeof good);
    t.d.modality_lut.values = NULL;
    t.d.modality_lut.n = 0;
    each_sample(&t, halved);
    expect_hash(&t, good, "a modality LUT is what it does");
    t.d.n_voi_luts = 1;
    t.d.voi_lut[0].values = NULL;
    expect_code(&t, ERR_DICOM_LUT, "a VOI LUT without values");
    finish(&t);
}

/* The grey of a value, read off a picture whose breast is one long ramp: mid-grey of the tensor's maximum. Formulas of PS3.3 in long
 * double, rounded by hand. */
static void windows_by_the_formulas(void **state) {
    (void)state;
    static const struct {
        enum dicom_voi f;
        double c, w;
        int code;
    } cases[] = {
        {DICOM_VOI_LINEAR, 2048, 4096, 0},
        {DICOM_VOI_LINEAR, 1500, 2500, 0},
        {DICOM_VOI_LINEAR, 2048, 0.5, ERR_DICOM_LUT},
        {DICOM_VOI_LINEAR, (double)NAN, 100, ERR_DICOM_LUT},
        {DICOM_VOI_LINEAR_EXACT, 2000, 3001, 0}, /* odd: no result lies midway */
        {DICOM_VOI_LINEAR_EXACT, 2000, 0, ERR_DICOM_LUT},
        {DICOM_VOI_SIGMOID, 2000, 2000, 0},
        {DICOM_VOI_SIGMOID, 2000, -1, ERR_DICOM_LUT},
        {DICOM_VOI_OTHER, 2000, 3000, ERR_DICOM_LUT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trial t, plain;
        char what[32];
        const long double c = cases[i].c, w = cases[i].w;
        snprintf(what, sizeof what, "window %zu", i);
        mammogram(&t);
        mammogram(&plain);
        plain.d.bits_stored = 16;
        t.d.n_windows = 2; /* the first counts */
        t.d.voi_function = cases[i].f;
        t.d.window[0] = (struct dicom_window){.center = cases[i].c, .width = cases[i].w};
        expect_code(&t, cases[i].code, what);
        for (int k = 0; k < W * H && !cases[i].code; k++) {
            const long double x = pixels16(&t)[k];
            const long double y = cases[i].f == DICOM_VOI_LINEAR         ? (x - (c - 0.5L)) / (w - 1) + 0.5L
                                  : cases[i].f == DICOM_VOI_LINEAR_EXACT ? (x - c) / w + 0.5L
                                                                         : 1 / (1 + expl(-4 * (x - c) / w));
            pixels16(&plain)[k] = (uint16_t)(y <= 0 ? 0 : y >= 1 ? 65535 : floorl(y * 65535 + 0.5L));
        }
        if (!cases[i].code)
            expect_hash(&plain, t.hash, what);
        finish(&t);
        finish(&plain);
    }
}

static void depths(void **state) {
    (void)state;
    struct trial t;
    mammogram(&t);
    t.d.bits_stored = 7;
    expect_code(&t, ERR_IMAGE_DEPTH, "7 bits");
    t.d.bits_stored = 17;
    expect_code(&t, ERR_IMAGE_DEPTH, "17 bits");
    t.d.bits_stored = 13;
    expect_code(&t, 0, "13 bits");
    t.im.bits = 8;
    t.d.bits_stored = 12;
    expect_code(&t, ERR_IMAGE_DEPTH, "12 bits in a byte");
    finish(&t);
}

static uint16_t held_at_white(uint16_t s) {
    return s > 2700 ? 4095 : s;
}
static uint16_t overshot(uint16_t s) {
    return s > 2700 ? (uint16_t)(4095 + s % 64) : s;
}

/* Lossy compression goes beyond Bits Stored: white stays white, and padding is compared with the value as it is. */
static void values_beyond_the_bits_stored(void **state) {
    (void)state;
    char good[SHA256_HEX_SIZE];
    struct trial t;
    mammogram(&t);
    each_sample(&t, held_at_white);
    expect_code(&t, 0, "white of 12 bits");
    memcpy(good, t.hash, sizeof good);
    finish(&t);
    mammogram(&t);
    each_sample(&t, overshot);
    expect_hash(&t, good, "white beyond 12 bits, full range");
    t.d.n_windows = 1;
    t.d.voi_function = DICOM_VOI_LINEAR_EXACT;
    t.d.window[0] = (struct dicom_window){.center = 4095 / 2.0, .width = 4095};
    expect_hash(&t, good, "... as a window");
    for (int i = 0; i < W * H; i++)
        if (pixels16(&t)[i] < 16)
            pixels16(&t)[i] = i % 2 ? 4160 : 0;
    assert_true(prepare(&t) != 0 || strcmp(t.hash, good) != 0);
    t.d.has_padding = true;
    t.d.padding_first = t.d.padding_last = 4160;
    expect_code(&t, 0, "padding of 13 bits");
    char padded[SHA256_HEX_SIZE];
    memcpy(padded, t.hash, sizeof padded);
    for (int i = 0; i < W * H; i++)
        if (pixels16(&t)[i] == 4160)
            pixels16(&t)[i] = 0;
    expect_hash(&t, padded, "the same, its padding black");
    finish(&t);
}

static void plain_files(void **state) {
    (void)state;
    char good[SHA256_HEX_SIZE], eight[SHA256_HEX_SIZE];
    struct trial t, rgb;
    good_hash(good);
    mammogram(&t);
    t.im.dicom = NULL;
    t.im.format = "PNG";
    expect_hash(&t, good, "12 bits in a 16-bit PNG");
    t.claim.side = 0;
    expect_hash(&t, good, "no side");
    assert_non_null(strstr(t.v.note, "nobody says which side"));
    t.claim.side = 'R';
    expect_code(&t, ERR_SIDE_IMAGE, "the table says the other side");
    finish(&t);
    mammogram(&t);
    start(&rgb, W, H, 3, 8);
    for (int i = 0; i < W * H; i++) {
        const uint8_t s = (uint8_t)(breast_at(i % W, i / W) >> 4);
        ((uint8_t *)t.owned)[i] = s;
        memset((uint8_t *)rgb.owned + 3 * i, s, 3);
    }
    t.im.bits = 8;
    t.d.bits_stored = 8;
    assert_int_equal(prepare(&t), 0);
    memcpy(eight, t.hash, sizeof eight);
    t.im.dicom = NULL;
    expect_hash(&t, eight, "8 bits, DICOM and PNG");
    rgb.im.dicom = NULL;
    rgb.slot = SLOT_MG_CC;
    expect_hash(&rgb, eight, "three equal channels");
    ((uint8_t *)rgb.owned)[W * H] ^= 1;
    expect_code(&rgb, ERR_IMAGE_COLOUR, "one coloured pixel");
    finish(&t);
    finish(&rgb);
}

/* --- sections 3, 4, 6 ------------------------------------------------------------------------------------------------------------ */

static void block(struct trial *t, int x0, int y0, int x1, int y1, uint16_t value) {
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
            pixels16(t)[y * W + x] = value;
}

static void labels_do_not_matter(void **state) {
    (void)state;
    char good[SHA256_HEX_SIZE];
    struct trial t;
    good_hash(good);
    mammogram(&t);
    block(&t, 120, 5, 145, 25, 4095);  /* a label */
    block(&t, 149, 0, 150, 200, 3000); /* the film's edge */
    expect_hash(&t, good, "a label and the film's edge");
    finish(&t);
}

/* Fat at the chest wall may be as dark as the background: it is kept. */
static void dark_fat_at_the_chest_wall_is_kept(void **state) {
    (void)state;
    char before[SHA256_HEX_SIZE];
    struct trial t;
    mammogram(&t);
    block(&t, 0, 85, 40, 115, 60);
    expect_code(&t, 0, "dark fat");
    memcpy(before, t.hash, sizeof before);
    block(&t, 5, 92, 30, 108, 90);
    expect_code(&t, 0, "other dark fat");
    assert_string_not_equal(t.hash, before);
    finish(&t);
}

static void films_padded_beyond_the_chest_wall(void **state) {
    (void)state;
    char good[SHA256_HEX_SIZE];
    struct trial t;
    good_hash(good);
    mammogram(&t);
    struct trial wide;
    start(&wide, W + 40, H, 1, 16);
    for (int y = 0; y < H; y++)
        memcpy((uint16_t *)wide.owned + y * (W + 40) + 40, pixels16(&t) + y * W, W * sizeof(uint16_t));
    wide.d = t.d;
    wide.claim = t.claim;
    wide.slot = t.slot;
    expect_hash(&wide, good, "forty black columns beyond the chest wall");
    finish(&wide);
    finish(&t);
}

static uint16_t white(uint16_t s) {
    return s > 100 ? 4095 : s;
}
static uint16_t flat(uint16_t s) {
    return s > 100 ? 2000 : s;
}
static uint16_t black(uint16_t s) {
    return s & 7;
}
static uint16_t full(uint16_t s) {
    return (uint16_t)(500 + s % 3000);
}

static void pictures_that_are_no_mammogram(void **state) {
    (void)state;
    static const struct {
        uint16_t (*change)(uint16_t);
        int code;
        const char *what;
    } cases[] = {{white, ERR_IMAGE_SATURATED, "white"}, {flat, ERR_IMAGE_NOT_BREAST, "flat"}, {black, ERR_IMAGE_BLANK, "black"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trial t;
        mammogram(&t);
        each_sample(&t, cases[i].change);
        expect_code(&t, cases[i].code, cases[i].what);
        finish(&t);
    }
    struct trial t;
    mammogram(&t);
    for (int i = 0; i < W * H; i++)
        pixels16(&t)[i] = full((uint16_t)grain(i % W, i / W));
    prepare(&t);
    assert_true(t.v.code == ERR_SIDE_UNKNOWN || t.v.code == ERR_IMAGE_NOT_BREAST); /* noise everywhere */
    finish(&t);
    mammogram(&t);
    for (int i = 0; i < W * H; i++) { /* a disc in the middle: no straight side */
        const int x = i % W - 75, y = i / W - 100;
        pixels16(&t)[i] = (uint16_t)(x * x + y * y < 2500 ? 1000 + grain(x, y) % 2000 : 3);
    }
    expect_code(&t, ERR_SIDE_UNKNOWN, "a disc");
    finish(&t);
    mammogram(&t);
    block(&t, 0, 0, W, H, 5);
    for (int i = 0; i < W * H; i++)
        if ((i % W) * (i % W) + (i / W - 100) * (i / W - 100) < 29 * 29)
            pixels16(&t)[i] = (uint16_t)(1000 + grain(i % W, i / W) % 2500);
    expect_code(&t, ERR_IMAGE_NOT_BREAST, "too little of it");
    finish(&t);
    mammogram(&t);
    t.im.height = 63;
    expect_code(&t, ERR_IMAGE_TOO_SMALL, "63 rows");
    t.im.height = H;
    t.profile.mg_height = 2294;
    t.profile.mg_width = 1280;
    expect_code(&t, ERR_IMAGE_TOO_SMALL, "enlarged more than eight times");
    finish(&t);
}

/* The tensor itself: black is -1, the chest wall is on the left, the aspect is kept. */
static void tensor_of_a_mammogram(void **state) {
    (void)state;
    struct trial t;
    mammogram(&t);
    assert_int_equal(prepare(&t), 0);
    double left = 0, right = 0;
    for (int i = 0; i < FLOATS; i++) {
        assert_true(t.out[i] >= -1 && t.out[i] < 3);
        assert_true(t.out[i] * 16384 == rintf(t.out[i] * 16384)); /* normalising was exact */
        *(i % 48 < 24 ? &left : &right) += t.out[i] + 1;
    }
    assert_true(left > 2 * right && right > 0);
    assert_true(t.out[47] == -1 && t.out[FLOATS - 1] == -1);
    finish(&t);
}

static void facts_are_told(void **state) {
    (void)state;
    struct trial t;
    uint8_t head[16] = {W, 0, 0, 0, H, 0, 0, 0, 1, 0, 0, 0, 16, 0, 0, 0}, due[32];
    struct sha256 h;
    mammogram(&t);
    TEXT(t.d.patient_id, "P1");
    TEXT(t.d.study, "1.2.3");
    TEXT(t.d.study_date, "20240102");
    TEXT(t.d.content_date, "20240103");
    assert_int_equal(prepare(&t), 0);
    const struct view_facts *f = &t.v.facts;
    assert_true(f->dicom && f->side == 'L');
    assert_string_equal(f->patient_id, "P1");
    assert_string_equal(f->study, "1.2.3");
    assert_string_equal(f->study_date, "20240102");
    assert_string_equal(f->content_date, "20240103");
    sha256_init(&h);
    sha256_update(&h, head, sizeof head);
    sha256_update(&h, t.owned, W * H * 2);
    sha256_final(&h, due);
    assert_memory_equal(f->pixel_sha256, due, 32);
    sha256_bytes(t.out, sizeof t.out, due);
    assert_memory_equal(t.v.tensor_sha256, due, 32);
    assert_null(strstr(t.v.note, "P1"));
    t.profile.name = "reference-v1";
    expect_code(&t, ERR_UNSUPPORTED, "DICOM under reference-v1");
    finish(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orientation_is_followed),
        cmocka_unit_test(side_comes_from_file_or_table),
        cmocka_unit_test(tags_are_asked),
        cmocka_unit_test(views_by_position_text),
        cmocka_unit_test(view_codes_of_the_older_schemes),
        cmocka_unit_test(modifiers_and_image_types),
        cmocka_unit_test(flags_are_looked_at),
        cmocka_unit_test(polarity_is_undone_once),
        cmocka_unit_test(signs_and_rescale),
        cmocka_unit_test(padding_is_background),
        cmocka_unit_test(lookup_tables),
        cmocka_unit_test(windows_by_the_formulas),
        cmocka_unit_test(depths),
        cmocka_unit_test(values_beyond_the_bits_stored),
        cmocka_unit_test(plain_files),
        cmocka_unit_test(labels_do_not_matter),
        cmocka_unit_test(dark_fat_at_the_chest_wall_is_kept),
        cmocka_unit_test(films_padded_beyond_the_chest_wall),
        cmocka_unit_test(pictures_that_are_no_mammogram),
        cmocka_unit_test(tensor_of_a_mammogram),
        cmocka_unit_test(facts_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
