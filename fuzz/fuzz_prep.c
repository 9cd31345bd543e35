/* Fuzz target: any samples and any facts -> prep_image(), both profiles, all slots; the verdict and the tensor keep their promises.
 *
 * The bytes: a header of choices, then texts, regions, windows and tables as they come, the rest are the samples (repeated as needed). A
 * picture of bytes alone would seldom be a breast, so one choice draws a half disc or a sector under them. Above all floors. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "prep/prep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
    const uint8_t *p;
    size_t n, at;
};

static uint8_t byte(struct bytes *b) {
    return b->at < b->n ? b->p[b->at++] : 0;
}

static uint32_t word(struct bytes *b) {
    const uint32_t lo = byte(b);
    return lo | (uint32_t)byte(b) << 8;
}

/* Any double, most of them of a size that makes sense. */
static double number(struct bytes *b) {
    static const double odd[] = {0, -0.0, 1, -1, 0.5, 1e308, -1e308, 1e-308, (double)NAN, (double)INFINITY, 65535, 4096};
    const uint8_t k = byte(b);
    return k < sizeof odd / sizeof *odd ? odd[k] : (double)word(b) / (1 + k % 8) - (k & 64 ? 32768 : 0);
}

/* One of the words that the rules know, or bytes. */
static void text(char *to, size_t room, struct bytes *b) {
    static const char *const known[] = {
        "",    "MG",           "US",        "L",         "R",       "B",       "CC",        "MLO",         "A",
        "P",   "FR",           "FL",        "HL",        "H",       "F",       "BREAST",    "MONOCHROME1", "MONOCHROME2",
        "SCT", "SRT",          "399162004", "399368009", "R-10242", "R-10226", "399209000", "G-8310",      "FOR PROCESSING",
        "RGB", "GENERATED_2D", "STEREO",    "NORMAL"};
    const uint8_t k = byte(b);
    if (k < sizeof known / sizeof *known) {
        memcpy(to, known[k], strlen(known[k]) + 1);
        return;
    }
    const size_t n = (size_t)(k % 12) < room - 1 ? k % 12 : room - 1;
    for (size_t i = 0; i < n; i++)
        to[i] = (char)byte(b);
    to[n] = '\0';
}
#define TEXT(field) text(field, sizeof(field), b)

static void lookup(struct dicom_lut *l, uint16_t *values, struct bytes *b) {
    *l = (struct dicom_lut){.first = (int32_t)word(b) - 32768, .n = byte(b) % 64, .bits = byte(b) % 18, .values = values};
    for (uint32_t i = 0; i < l->n; i++)
        values[i] = (uint16_t)word(b);
    TEXT(l->explanation);
}

static void facts(struct dicom *d, uint16_t (*luts)[64], struct bytes *b) {
    TEXT(d->modality);
    TEXT(d->photometric);
    TEXT(d->image_laterality);
    TEXT(d->laterality);
    TEXT(d->view.value);
    TEXT(d->view.scheme);
    TEXT(d->view_position);
    TEXT(d->orientation[0]);
    TEXT(d->orientation[1]);
    TEXT(d->body_part);
    TEXT(d->intent);
    TEXT(d->manufacturer);
    d->n_image_type = byte(b) % 3;
    for (int i = 0; i < d->n_image_type; i++)
        TEXT(d->image_type[i]);
    d->n_view_modifiers = byte(b) % 8 == 7;
    if (d->n_view_modifiers)
        TEXT(d->view_modifier[0].value);
    const uint8_t flags = byte(b);
    d->implant = flags & 1 ? DICOM_YES : DICOM_NO;
    d->specimen = flags & 2;
    d->is_signed = flags & 4;
    d->has_padding = flags & 8;
    d->has_rescale = flags & 16;
    d->frames = flags & 32 ? 2 : 1;
    d->bits_stored = byte(b) % 19;
    d->padding_first = (int32_t)word(b);
    d->padding_last = (int32_t)word(b);
    d->slope = number(b);
    d->intercept = number(b);
    d->voi_function = (enum dicom_voi)(byte(b) % 4);
    d->presentation_shape = (enum dicom_shape)(byte(b) % 4);
    d->n_windows = byte(b) % 3;
    for (int i = 0; i < d->n_windows; i++) {
        d->window[i].center = number(b);
        d->window[i].width = number(b);
        TEXT(d->window[i].explanation);
    }
    d->n_voi_luts = byte(b) % 4 == 3;
    if (d->n_voi_luts)
        lookup(&d->voi_lut[0], luts[0], b);
    if (byte(b) % 4 == 3)
        lookup(&d->modality_lut, luts[1], b);
    d->n_regions = byte(b) % 5;
    for (int i = 0; i < d->n_regions; i++)
        d->region[i] = (struct dicom_region){.spatial_format = byte(b) % 3,
                                             .data_type = byte(b) % 4,
                                             .x0 = word(b) % 300,
                                             .y0 = word(b) % 300,
                                             .x1 = byte(b) == 255 ? UINT32_MAX : word(b) % 300,
                                             .y1 = byte(b) == 255 ? UINT32_MAX : word(b) % 300};
}

static void draw(struct image *im, uint8_t shape, struct bytes *b) {
    const size_t row = (size_t)im->width * (size_t)im->channels, n = row * im->height, left = b->n - b->at;
    for (size_t i = 0; i < n; i++) {
        const int x = (int)(i % row / (size_t)im->channels), y = (int)(i / row), cy = (int)im->height / 2;
        const bool in = shape & 1 ? x * x + (y - cy) * (y - cy) < cy * cy * 3 / 4 : shape & 2 ? x > 20 && y > 20 : true;
        const uint32_t s = left ? b->p[b->at + i * 7 % left] : 0;
        if (im->bits == 16)
            ((uint16_t *)im->pixels)[i] = (uint16_t)(in ? 700 + s * (shape & 4 ? 256u : 12u) : s & 3);
        else
            ((uint8_t *)im->pixels)[i] = (uint8_t)(in ? s | 32 : 0);
    }
}

static void check(const struct image *im, const struct prep_profile *p, enum slot s, const struct prep_claim *claim) {
    float out[64 * 48];
    struct image copy = *im;
    struct input_verdict v = {0};
    struct err e = {0};
    uint8_t hash[32];
    const size_t n = (size_t)im->width * im->height * (size_t)(im->channels * im->bits / 8);
    assert((copy.pixels = malloc(n)) != NULL);
    memcpy(copy.pixels, im->pixels, n);
    const int rc = prep_image(out, p, s, &copy, claim, &v, &e);
    assert(rc == v.code && rc == e.code && rc <= 0 && rc != ERR_INTERNAL && rc != ERR_NO_MEMORY && v.note[0]);
    assert(v.status == (rc ? INPUT_REFUSED : INPUT_USED) && v.prepared == !rc);
    if (!rc) {
        for (size_t i = 0; i < prep_size(p, s); i++)
            assert(out[i] >= -1 && out[i] <= 65535);
        sha256_bytes(out, prep_size(p, s) * sizeof *out, hash);
        assert(memcmp(hash, v.tensor_sha256, 32) == 0);
        assert(!claim->side || !v.facts.side || claim->side == v.facts.side || !prep_is_canonical(p));
    }
    free(copy.pixels);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char vendors_text[] =
        "devices: [{name: N, manufacturer: [NORMAL], voi: [NORMAL], source: s, bands: [{left: 0, top: 0, right: 500, "
        "bottom: 90}]}]";
    struct bytes bytes = {data, size, 0}, *b = &bytes;
    struct prep_profile canonical = {"canonical-v1", 64, 48, 32, 32, PREP_CANONICAL_MEAN, PREP_CANONICAL_STD, NULL},
                        reference = {"reference-v1", 23, 17, 16, 20, 16384, 16384, NULL};
    struct vendors *vendors = NULL;
    uint16_t luts[2][64];
    const uint8_t choices = byte(b), more = byte(b);
    const enum slot s = (enum slot)(more % SLOT_COUNT);
    const struct prep_claim claim = {.side = "LR\0\0"[more >> 3 & 3], .allow_tomosynthesis = more & 128};
    struct image im = {
        .width = 1 + byte(b), .height = 1 + byte(b), .channels = choices & 1 ? 3 : 1, .bits = choices & 2 ? 16 : 8, .format = "PNG"};
    struct dicom *d = calloc(1, sizeof *d);
    assert(d && vendors_parse_yaml(&vendors, vendors_text, sizeof vendors_text - 1, NULL) == 0);
    if (choices & 4) {
        facts(d, luts, b);
        im.dicom = d;
        im.format = "DICOM";
        im.is_signed = d->is_signed;
    }
    im.file_bits = im.bits;
    canonical.vendors = choices & 8 ? vendors : NULL;
    assert((im.pixels = malloc((size_t)im.width * im.height * (size_t)(im.channels * im.bits / 8))) != NULL);
    draw(&im, choices >> 4, b);
    check(&im, &canonical, s, &claim);
    check(&im, &reference, s, &claim);
    free(im.pixels);
    free(d);
    vendors_free(vendors);
    return 0;
}
