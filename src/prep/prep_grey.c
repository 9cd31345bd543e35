/* Stored values to 16-bit grey: padding, modality, VOI, polarity (PS3.3 C.11) folded into one table. Floor 4.
 * docs/PREP.md section 2 is the specification; each operation is rounded by itself, so this file is compiled without fused multiply-add. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "prep/prep_steps.h"

enum { WIDEN = 257, BITS_MIN = 8, BITS_MAX = 16 };

/* What becomes of a value after the modality transform. */
enum voi_kind { USE_LUT, USE_LINEAR, USE_LINEAR_EXACT, USE_SIGMOID, USE_RANGE };
struct voi {
    enum voi_kind how;
    const struct dicom_lut *lut;
    double center, width, lo, hi;
    int bits; /* of the LUT's entries, as they are */
};

static int32_t clamp(int64_t v, int64_t lo, int64_t hi) {
    return (int32_t)(v < lo ? lo : v > hi ? hi : v);
}

static double modality(const struct dicom *d, int32_t s) {
    const struct dicom_lut *m = &d->modality_lut;
    if (m->values)
        return m->values[clamp((int64_t)s - m->first, 0, (int64_t)m->n - 1)];
    if (!d->has_rescale)
        return s;
    const double product = d->slope * (double)s;
    return product + d->intercept;
}

static double voi_linear(const struct voi *u, double x) {
    const double a = (u->width - 1) / 2, m = u->center - 0.5;
    if (x <= m - a)
        return 0;
    return x > m + a ? GREY_MAX : ((x - m) / (u->width - 1) + 0.5) * GREY_MAX;
}

static double voi_linear_exact(const struct voi *u, double x) {
    const double a = u->width / 2;
    if (x <= u->center - a)
        return 0;
    return x > u->center + a ? GREY_MAX : ((x - u->center) / u->width + 0.5) * GREY_MAX;
}

static double voi_lut(const struct voi *u, double x) {
    assert(u->lut && u->lut->values);
    const double top = (double)((1 << u->bits) - 1), at = floor(x + 0.5) - u->lut->first, last = (double)u->lut->n - 1;
    const double v = u->lut->values[(size_t)(at < 0 ? 0 : at > last ? last : at)];
    return (v < top ? v : top) * GREY_MAX / top;
}

static double voi_apply(const struct voi *u, double x) {
    switch (u->how) {
    case USE_LUT:
        return voi_lut(u, x);
    case USE_LINEAR:
        return voi_linear(u, x);
    case USE_LINEAR_EXACT:
        return voi_linear_exact(u, x);
    case USE_SIGMOID:
        return GREY_MAX / (1 + exp(-4 * (x - u->center) / u->width));
    default:
        return ((x - u->lo) * GREY_MAX) / (u->hi - u->lo);
    }
}

static uint16_t round16(double y) {
    uint16_t g = UINT16_MAX;
    if (!(y > 0))
        g = 0;
    else if (y < GREY_MAX)
        g = (uint16_t)floor(y + 0.5);
    return g;
}

static int check_lut(const struct dicom_lut *l, const char *which, struct err *e) {
    if (l->n < 1 || l->n > DICOM_LUT_ENTRIES_MAX || l->bits < BITS_MIN || l->bits > BITS_MAX || !l->values)
        return err_set(e, ERR_DICOM_LUT, "the %s has %u entries of %d bits; must be 1 to 65536 of 8 to 16 bits", which, l->n, l->bits);
    return 0;
}

/* Bits that a table really uses: a largest entry below half of what its descriptor says is the range of a narrower one in wider cells. */
static int lut_bits(const struct dicom_lut *l) {
    uint32_t most = 0;
    int bits = BITS_MIN;
    for (uint32_t i = 0; i < l->n; i++)
        most = l->values[i] > most ? l->values[i] : most;
    if (most >> (l->bits - 1))
        return l->bits;
    while (bits < l->bits && most >> bits)
        bits++;
    return bits;
}

/* The bits that samples use where more are said to be stored, and nothing (no window, no modality transform) says what is white: as for a
 * file without tags. What is all but black tells nothing. */
static int stored_bits(const struct image *im) {
    enum { TELLING_MIN = 64 };
    const struct dicom *d = im->dicom;
    const bool plain = !d->modality_lut.values && (!d->has_rescale || (d->slope == 1 && d->intercept == 0));
    int32_t most = 0;
    int bits = BITS_MIN;
    if (!plain || d->is_signed || im->bits != 16)
        return d->bits_stored;
    for (size_t i = 0, n = (size_t)im->width * im->height; i < n; i++) {
        const int32_t s = ((const uint16_t *)im->pixels)[i];
        if (s > most && !(d->has_padding && s >= d->padding_first && s <= d->padding_last))
            most = s;
    }
    while (bits < d->bits_stored && most >> bits)
        bits += 2;
    return most >= TELLING_MIN && bits < d->bits_stored ? bits : d->bits_stored;
}

static int check_modality(const struct dicom *d, struct err *e) {
    if (d->modality_lut.values || d->modality_lut.n) {
        if (d->has_rescale && (d->slope != 1 || d->intercept != 0))
            return err_set(e, ERR_DICOM_LUT, "the file has both a Modality LUT and a rescale; only one is allowed");
        return check_lut(&d->modality_lut, "Modality LUT", e);
    }
    if (d->has_rescale && (!isfinite(d->slope) || !isfinite(d->intercept) || d->slope == 0))
        return err_set(e, ERR_DICOM_LUT, "Rescale Slope %g and Intercept %g are not usable", d->slope, d->intercept);
    return 0;
}

static struct voi full_range(const struct dicom *d, int bits) {
    if (d->modality_lut.values)
        return (struct voi){.how = USE_RANGE, .lo = 0, .hi = (double)((1 << bits) - 1)};
    const int32_t values = 1 << bits, first = d->is_signed ? -values / 2 : 0;
    const double a = modality(d, first), b = modality(d, first + values - 1);
    return (struct voi){.how = USE_RANGE, .lo = a < b ? a : b, .hi = a < b ? b : a};
}

/* Which LUT or window: the one whose explanation the vendor's entry prefers, else the first. */
static int preferred(const struct vendor *vendor, const struct dicom *d, bool lut) {
    const int n = lut ? d->n_voi_luts : d->n_windows;
    for (size_t p = 0; vendor && p < vendor->n_voi; p++)
        for (int i = 0; i < n; i++)
            if (vendor_same(vendor->voi[p], lut ? d->voi_lut[i].explanation : d->window[i].explanation))
                return i;
    return 0;
}

static int choose_window(struct voi *u, const struct dicom *d, int i, struct input_verdict *v, struct err *e) {
    static const struct {
        enum voi_kind how;
        const char *name;
        double width_min;
        bool open; /* the smallest width itself is not allowed */
    } functions[] = {[DICOM_VOI_LINEAR] = {USE_LINEAR, "LINEAR", 1, false},
                     [DICOM_VOI_LINEAR_EXACT] = {USE_LINEAR_EXACT, "LINEAR_EXACT", 0, true},
                     [DICOM_VOI_SIGMOID] = {USE_SIGMOID, "SIGMOID", 0, true}};
    const struct dicom_window *w = &d->window[i];
    if ((int)d->voi_function < DICOM_VOI_LINEAR || d->voi_function >= DICOM_VOI_OTHER)
        return err_set(e, ERR_DICOM_LUT, "the file's VOI LUT Function is none of LINEAR, LINEAR_EXACT and SIGMOID");
    const double least = functions[d->voi_function].width_min;
    if (!isfinite(w->center) || !isfinite(w->width) || w->width < least || (functions[d->voi_function].open && w->width == least))
        return err_set(e, ERR_DICOM_LUT, "Window Center %g and Width %g cannot be applied as %s", w->center, w->width,
                       functions[d->voi_function].name);
    u->how = functions[d->voi_function].how;
    u->center = w->center;
    u->width = w->width;
    verdict_note(v, ", window %d of %d %s", i + 1, d->n_windows, functions[d->voi_function].name);
    return 0;
}

static int choose_voi(struct voi *u, const struct image *im, const struct vendor *vendor, struct input_verdict *v, struct err *e) {
    const struct dicom *d = im->dicom;
    if (d->n_voi_luts > 0) {
        const int i = preferred(vendor, d, true);
        u->how = USE_LUT;
        u->lut = &d->voi_lut[i];
        verdict_note(v, ", VOI LUT %d of %d", i + 1, d->n_voi_luts);
        int rc = check_lut(u->lut, "VOI LUT", e);
        u->bits = rc ? 0 : lut_bits(u->lut);
        if (!rc && u->bits < u->lut->bits)
            verdict_note(v, " (%d of its %d bits used)", u->bits, u->lut->bits);
        return rc;
    }
    if (d->n_windows > 0)
        return choose_window(u, d, preferred(vendor, d, false), v, e);
    const int said = d->modality_lut.values ? d->modality_lut.bits : d->bits_stored;
    const int bits = d->modality_lut.values ? lut_bits(&d->modality_lut) : stored_bits(im);
    *u = full_range(d, bits);
    verdict_note(v, ", no window: the full range of %d bits", bits);
    if (bits < said)
        verdict_note(v, " (of %d that the file declares)", said);
    if (!(u->hi > u->lo) || !isfinite(u->hi - u->lo))
        return err_set(e, ERR_DICOM_LUT, "the modality transform leaves no range of grey values");
    return 0;
}

static int check_photometric(bool *inverted, const struct dicom *d, int bits, struct err *e) {
    const bool one = strcmp(d->photometric, "MONOCHROME1") == 0;
    if (!one && strcmp(d->photometric, "MONOCHROME2") != 0)
        return err_set(e, ERR_IMAGE_COLOUR, "a DICOM image of one channel must be MONOCHROME1 or MONOCHROME2");
    if (d->bits_stored < BITS_MIN || d->bits_stored > BITS_MAX || d->bits_stored > bits)
        return err_set(e, ERR_IMAGE_DEPTH, "Bits Stored %d in a container of %d; must be 8 to 16", d->bits_stored, bits);
    const enum dicom_shape due = one ? DICOM_SHAPE_INVERSE : DICOM_SHAPE_IDENTITY;
    if (d->presentation_shape != DICOM_SHAPE_ABSENT && d->presentation_shape != due)
        return err_set(e, ERR_IMAGE_POLARITY, "MONOCHROME%d and the file's Presentation LUT Shape disagree on what is black", one ? 1 : 2);
    *inverted = one;
    return 0;
}

static int table_dicom(uint16_t *table, const struct image *im, const struct vendor *vendor, struct input_verdict *v, struct err *e) {
    const struct dicom *d = im->dicom;
    const int32_t n = 1 << im->bits;
    struct voi u = {0};
    bool inverted = false;
    int rc = check_photometric(&inverted, d, im->bits, e);
    if (rc || (rc = check_modality(d, e)) || (rc = choose_voi(&u, im, vendor, v, e)))
        return rc;
    for (int32_t i = 0; i < n; i++) {
        const int32_t s = im->is_signed && i >= n / 2 ? i - n : i;
        const uint16_t g = round16(voi_apply(&u, modality(d, s)));
        const bool padding = d->has_padding && s >= d->padding_first && s <= d->padding_last;
        table[i] = padding ? 0 : inverted ? (uint16_t)(GREY_MAX - g) : g;
    }
    if (inverted)
        verdict_note(v, ", MONOCHROME1 inverted");
    return 0;
}

static void table_plain(uint16_t *table, const struct image *im, int step, struct input_verdict *v) {
    const size_t pixels = (size_t)im->width * im->height;
    uint32_t most = 0;
    int bits = BITS_MIN;
    if (im->bits == 8) {
        for (uint32_t i = 0; i < 256; i++)
            table[i] = (uint16_t)(i * WIDEN);
        verdict_note(v, ", values x %d (%s8 bits where 16 are due)", WIDEN, strcmp(im->format, "JPEG") == 0 ? "lossy, " : "");
        return;
    }
    for (size_t i = 0; i < pixels; i++) {
        const uint32_t s = ((const uint16_t *)im->pixels)[i * (size_t)step];
        most = s > most ? s : most;
    }
    while (most >= 1u << bits)
        bits += 2;
    const uint64_t top = (1u << bits) - 1;
    for (uint64_t s = 0; s <= top; s++)
        table[s] = (uint16_t)((2 * (uint64_t)GREY_MAX * s + top) / (2 * top));
    verdict_note(v, ", %d of 16 bits used, scaled to the full range", bits);
}

static uint32_t sample(const struct image *im, size_t i) {
    return im->bits == 16 ? ((const uint16_t *)im->pixels)[i] : ((const uint8_t *)im->pixels)[i];
}

static bool channels_equal(const struct image *im) {
    const size_t pixels = (size_t)im->width * im->height;
    for (size_t i = 0; i < pixels; i++)
        if (sample(im, 3 * i) != sample(im, 3 * i + 1) || sample(im, 3 * i) != sample(im, 3 * i + 2))
            return false;
    return true;
}

int grey_prepare(struct grey *out, uint16_t *table, const struct image *im, const struct vendor *vendor, struct input_verdict *v,
                 struct err *e) {
    *out = (struct grey){
        .pixels = im->pixels, .width = im->width, .height = im->height, .bits = im->bits, .step = im->channels, .table = table};
    if (im->channels == 3 && !channels_equal(im))
        return err_set(e, ERR_IMAGE_COLOUR, "a mammogram must be grey; this %s is in colour", im->format);
    if (im->dicom && im->channels == 1) {
        out->has_padding = im->dicom->has_padding;
        out->is_signed = im->is_signed;
        out->padding_first = im->dicom->padding_first;
        out->padding_last = im->dicom->padding_last;
        return table_dicom(table, im, vendor, v, e);
    }
    if (im->channels == 3)
        verdict_note(v, ", three equal channels taken as grey");
    table_plain(table, im, im->channels, v);
    return 0;
}

int grey_count(const struct grey *g, int most) {
    uint8_t seen[GREY_TABLE / 8] = {0};
    int n = 0;
    for (size_t i = 0, pixels = (size_t)g->width * g->height; i < pixels && n < most; i++) {
        const uint16_t v = grey_at(g, i);
        n += !(seen[v / 8] >> (v % 8) & 1);
        seen[v / 8] |= (uint8_t)(1 << (v % 8));
    }
    return n;
}
