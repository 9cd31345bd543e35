/* Synthetic pictures against what is known from outside: laws of speckle, of attenuation and of counting, spectra, and geometry. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/elementary.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/rng.h"
#include "phantom/field.h"
#include "phantom/imaging.h"
#include "phantom/speckle.h"
#include "phantom/xray.h"
#include "synth/sheet.h"

/* --- numbers ----------------------------------------------------------------------------------------------------------------- */

static void test_elementary(void **state) {
    (void)state;
    for (int i = 1; i < 20000; i++) {
        const double x = i * 5e-3 - 50, y = i * 0.0371;
        double s, c;
        elementary_sincos(x, &s, &c);
        assert_true(fabs(elementary_exp(x) / exp(x) - 1) < 1e-9);
        assert_true(fabs(elementary_log(y) - log(y)) < 1e-9);
        assert_true(fabs(s - sin(2 * ELEMENTARY_PI * x)) < 1e-9 && fabs(c - cos(2 * ELEMENTARY_PI * x)) < 1e-9);
        assert_true(fabs((double)elementary_expf((float)x) / exp((double)(float)x) - 1) < 1e-6);
        assert_true(fabs((double)elementary_logf((float)y) - log((double)(float)y)) < 1e-6 * (1 + fabs(log(y))));
    }
}

/* Any length and any even beginning: the numbers that the scalar functions give. */
static void test_bulk_numbers(void **state) {
    (void)state;
    const struct rng r = rng_make(0x123456789ABCDEFU, 7, 9);
    const uint64_t first[] = {0, 2, 30, 0xFFFFFFFFU - 21, (uint64_t)5 << 40};
    for (size_t k = 0; k < sizeof first / sizeof first[0]; k++)
        for (size_t n = 1; n < 100; n += 13) {
            const uint64_t from = first[k] & ~(uint64_t)1;
            float normal[101], uniform[101];
            normal[n] = uniform[n] = 77;
            rng_fill_normal(&r, from, n, normal);
            rng_fill_uniform(&r, from, n, uniform);
            for (size_t i = 0; i < n; i++) {
                assert_true(fabs((double)normal[i] - rng_normal(&r, from + i)) < 1e-6);
                assert_true(fabs((double)uniform[i] - rng_uniform(&r, from + i)) < 1e-7);
            }
            assert_true(normal[n] == 77 && uniform[n] == 77);
        }
}

static struct field new_field(int width, int height) {
    struct field f;
    assert_int_equal(field_new(&f, width, height, NULL), 0);
    return f;
}

struct moments {
    double mean, variance, square;
    int n;
};
static struct moments moments_of(const struct field *f, int rim) {
    double sum = 0, square = 0;
    int n = 0;
    for (int y = rim; y < f->height - rim; y++)
        for (int x = rim; x < f->width - rim; x++, n++) {
            const double v = (double)f->v[y * f->width + x];
            sum += v;
            square += v * v;
        }
    const double mean = sum / n;
    return (struct moments){mean, square / n - mean * mean, square / n, n};
}

/* --- speckle ----------------------------------------------------------------------------------------------------------------- */

/* A Rayleigh envelope has mean / standard deviation sqrt(pi / (4 - pi)); n looks multiply it by sqrt(n). The number of independent cells is
 * the area over the intensity's correlation area, 2 pi sigma_axial sigma_lateral for a Gaussian spread. */
static void test_speckle_is_rayleigh(void **state) {
    (void)state;
    const double rayleigh = sqrt(ELEMENTARY_PI / (4 - ELEMENTARY_PI));
    struct field amplitude = new_field(420, 420), envelope = new_field(420, 420);
    for (int i = 0; i < 420 * 420; i++)
        amplitude.v[i] = 3;
    for (int looks = 1; looks <= 4; looks += 3) {
        const struct rng r = rng_make(11, 1, (uint32_t)looks);
        const struct speckle s = {.axial = 1.5, .lateral = 2.5, .focus = 210, .blur = 1e6, .looks = looks};
        assert_int_equal(speckle_envelope(&envelope, &amplitude, NULL, &s, &r, NULL), 0);
        const struct moments m = moments_of(&envelope, 12);
        const double cells = m.n / (2 * ELEMENTARY_PI * s.axial * s.lateral), snr = m.mean / sqrt(m.variance);
        printf("speckle, %d looks: SNR %.4f, Rayleigh %.4f\n", looks, snr, rayleigh * sqrt(looks));
        assert_true(fabs(snr / (rayleigh * sqrt(looks)) - 1) < 4 * 0.75 / sqrt(cells));
        if (looks == 1)
            assert_true(fabs(m.square / 9 - 1) < 4 / sqrt(cells)); /* mean square is the amplitude's square */
    }
    field_release(&amplitude);
    field_release(&envelope);
}

/* Wider across than along, and wider away from the focus: by the distance at which neighbours' correlation of intensity has fallen. */
static double correlation(const struct field *f, int dx, int dy, int top, int bottom) {
    double ab = 0, a = 0, a2 = 0;
    int n = 0;
    for (int y = top; y < bottom - dy; y++)
        for (int x = 10; x < f->width - 10 - dx; x++, n++) {
            const double p = pow((double)f->v[y * f->width + x], 2), q = pow((double)f->v[(y + dy) * f->width + x + dx], 2);
            ab += p * q;
            a += p;
            a2 += p * p;
        }
    a /= n;
    return (ab / n - a * a) / (a2 / n - a * a);
}

static void test_speckle_shape(void **state) {
    (void)state;
    struct field amplitude = new_field(400, 400), envelope = new_field(400, 400);
    const struct rng r = rng_make(5, 1, 1);
    const struct speckle s = {.axial = 1.5, .lateral = 2.5, .focus = 60, .blur = 150, .looks = 1};
    for (int i = 0; i < 400 * 400; i++)
        amplitude.v[i] = 1;
    assert_int_equal(speckle_envelope(&envelope, &amplitude, NULL, &s, &r, NULL), 0);
    /* |correlation|^2 of a Gaussian spread: exp(-d^2 / (2 sigma^2)) */
    assert_true(fabs(correlation(&envelope, 0, 2, 10, 390) - exp(-4 / (2 * 1.5 * 1.5))) < 0.06);
    assert_true(fabs(correlation(&envelope, 3, 0, 10, 110) - exp(-9 / (2 * 2.5 * 2.5))) < 0.10);
    assert_true(correlation(&envelope, 3, 0, 290, 390) > correlation(&envelope, 3, 0, 10, 110) + 0.1);
    field_release(&amplitude);
    field_release(&envelope);
}

/* --- spectrum ---------------------------------------------------------------------------------------------------------------- */

/* Slope of the rows' power spectrum in log-log: an isotropic spectrum 1/f^beta in the plane is 1/f^(beta - 1) along a line. */
static double row_slope(const struct field *f) {
    enum { LOW = 5, HIGH = 48 };
    const int n = f->width;
    double sx = 0, sy = 0, sxx = 0, sxy = 0;
    int points = 0;
    for (int k = LOW; k <= HIGH; k++, points++) {
        double power = 0;
        for (int y = 0; y < f->height; y += 2) {
            double re = 0, im = 0;
            for (int x = 0; x < n; x++) {
                double s, c, hann;
                elementary_sincos((double)x / n, &s, &hann);
                elementary_sincos((double)((long)k * x % n) / n, &s, &c);
                re += (1 - hann) * c * (double)f->v[y * n + x];
                im += (1 - hann) * s * (double)f->v[y * n + x];
            }
            power += re * re + im * im;
        }
        const double lx = log(k), ly = log(power);
        sx += lx;
        sy += ly;
        sxx += lx * lx;
        sxy += lx * ly;
    }
    return (points * sxy - sx * sy) / (points * sxx - sx * sx);
}

static void test_texture_is_a_power_law(void **state) {
    (void)state;
    for (int k = 0; k < 3; k++) {
        const double beta = 2.5 + 0.5 * k;
        double slope = 0;
        for (uint32_t item = 0; item < 3; item++) {
            struct field f = new_field(256, 256);
            const struct rng r = rng_make(3, 2, item);
            assert_int_equal(field_noise(&f, &r, 0, beta, 256, NULL), 0);
            const struct moments m = moments_of(&f, 0);
            assert_true(fabs(m.mean) < 1e-3 && fabs(m.variance - 1) < 1e-3);
            slope += row_slope(&f) / 3;
            field_release(&f);
        }
        printf("texture: beta %.1f asked, %.2f measured\n", beta, 1 - slope);
        assert_true(fabs(1 - slope - beta) < 0.25); /* octaves approximate the law */
    }
}

/* --- x-rays ------------------------------------------------------------------------------------------------------------------ */

static void test_beer_lambert(void **state) {
    (void)state;
    const struct rng r = rng_make(1, 1, 1);
    struct xray x = {.mm = 0.4, .photons = 1e10, .reference = 2, .scatter_mm = 6, .blur_mm = 0.2};
    for (int scattered = 0; scattered < 2; scattered++) {
        struct field f = new_field(320, 320);
        const double fat_mm = 40, gland_mm = 10, tau = fat_mm * 0.0456 + gland_mm * 0.0802; /* Johns & Yaffe 1987, 20 keV */
        assert_true(fabs(fat_mm * XRAY_FAT + gland_mm * XRAY_GLAND - tau) < 1e-12);
        for (int i = 0; i < 320 * 320; i++)
            f.v[i] = i % 320 < 300 ? (float)tau : 0;
        x.scatter_to_primary = scattered ? 0.25 : 0;
        assert_int_equal(xray_expose(&f, &x, &r, NULL), 0);
        const double inside = (double)f.v[160 * 320 + 120], expected = tau - (scattered ? log(1.25) : 0);
        assert_true(fabs(inside - expected) < 2e-3); /* far from the edge, scatter adds its share of the primary */
        assert_true(f.v[160 * 320 + 310] == 0);      /* direct beam */
        field_release(&f);
    }
}

/* The variance of a count is its mean; of its logarithm, one over it. */
static void test_counts_are_poisson(void **state) {
    (void)state;
    const struct rng r = rng_make(2, 1, 1);
    for (int k = 0; k < 3; k++) {
        const struct xray x = {.mm = 0.1, .photons = 2000, .reference = 2, .scatter_mm = 6};
        const double tau = 1.5 + 0.5 * k, mean = 2000 * exp(2 - tau), direct = 2000 * exp(2.0);
        struct field f = new_field(300, 300);
        for (int i = 0; i < 300 * 300; i++)
            f.v[i] = (float)tau;
        assert_int_equal(xray_expose(&f, &x, &r, NULL), 0);
        for (int i = 0; i < 300 * 300; i++)
            f.v[i] = (float)(direct * exp(-(double)f.v[i])); /* back to counts */
        const struct moments m = moments_of(&f, 0);
        printf("counts: mean %.1f of %.1f, variance / mean %.4f\n", m.mean, mean, m.variance / m.mean);
        assert_true(fabs(m.mean / mean - 1) < 4 / sqrt(mean * m.n) + 1e-5);
        assert_true(fabs(m.variance / m.mean - 1) < 4 * sqrt(2.0 / m.n));
        field_release(&f);
    }
}

/* --- cases ------------------------------------------------------------------------------------------------------------------- */

struct example {
    struct synth_patient patient;
    struct synth_case c;
};

/* A mass of 18 mm at a place that lies in all views. */
static struct example example_make(char side, int vendor, double clock) {
    struct example x = {.patient = {.mg_vendor = vendor, .us_vendor = vendor, .breasts = 1}};
    x.c = (struct synth_case){.number = 4, .side = side, .radius_mm = 75, .compressed_mm = 50, .glandular = 0.2, .lesions = 1};
    x.c.lesion[0] = (struct synth_lesion){.tier = 5,
                                          .pathology = "invasive carcinoma of no special type",
                                          .diameter_mm = 18,
                                          .elongation = 0.9,
                                          .shape = SHAPE_OVAL,
                                          .margin = MARGIN_CIRCUMSCRIBED,
                                          .irregularity = 0.1,
                                          .density = 0.8,
                                          .echogenicity_db = -12,
                                          .stiffness_kpa = 100,
                                          .vascularity = 0.5,
                                          .clock = clock,
                                          .nipple_mm = 35,
                                          .depth_mm = 18};
    return x;
}

static struct image *view_make(struct example *x, enum slot s, struct synth_meta *meta) {
    struct image *im = NULL;
    struct err e = {0};
    x->c.patient = &x->patient;
    if (synth_view(&im, meta, 21, &x->c, s, synth_size("small"), &e))
        fail_msg("%s", e.message);
    return im;
}

/* Brightness as seen: MONOCHROME1 turned. */
static double brightness(const struct image *im, const struct synth_meta *m, int x, int y) {
    const size_t at = (size_t)y * im->width + (size_t)x;
    if (im->channels == 3)
        return ((const uint8_t *)im->pixels)[3 * at + 1];
    const int v = ((const uint16_t *)im->pixels)[at];
    return m->monochrome1 ? 4095 - v : v;
}

/* Where two pictures of one breast differ: the middle of the pixels whose difference, smoothed, exceeds half the largest. */
static void difference_middle(double *cx, double *cy, const struct image *a, const struct image *b, const struct synth_meta *m) {
    struct field d = new_field((int)a->width, (int)a->height);
    for (int y = 0; y < d.height; y++)
        for (int x = 0; x < d.width; x++)
            d.v[y * d.width + x] = (float)(brightness(a, m, x, y) - brightness(b, m, x, y));
    assert_int_equal(field_smooth(&d, 3, 3, NULL), 0);
    double most = 0, n = 0;
    *cx = *cy = 0;
    for (int i = 0; i < d.width * d.height; i++)
        most = fmax(most, (double)d.v[i]);
    for (int i = 0; i < d.width * d.height; i++)
        if ((double)d.v[i] > 0.5 * most) {
            *cx += i % d.width;
            *cy += i / d.width; /* NOLINT(bugprone-integer-division) */
            n++;
        }
    *cx /= n;
    *cy /= n;
    assert_true(most > 10);
    field_release(&d);
}

/* The lesion is found where meta says, in every view, on both sides, at four hours of the clock. */
static void test_lesion_is_where_it_was_put(void **state) {
    (void)state;
    static const double hours[] = {1.5, 4.5, 7.5, 10.5};
    for (int k = 0; k < 8; k++)
        for (int s = 0; s <= SLOT_US_BMODE_LONG; s++) {
            struct example x = example_make(k & 1 ? 'R' : 'L', 2, hours[k / 2]);
            struct synth_meta m;
            double cx, cy;
            x.c.lesion[0].density = 1;
            x.c.lesion[0].echogenicity_db = 5;
            struct image *bright = view_make(&x, (enum slot)s, &m);
            x.c.lesion[0].density = -1;
            x.c.lesion[0].echogenicity_db = -25;
            struct image *dark = view_make(&x, (enum slot)s, &m);
            difference_middle(&cx, &cy, bright, dark, &m);
            assert_true(m.lesion[0].in_view);
            if (hypot(cx - m.lesion[0].x, cy - m.lesion[0].y) * m.mm > 2.5)
                fail_msg("%c %g o'clock %s: found at %.1f, %.1f, put at %.1f, %.1f", x.c.side, hours[k / 2], slot_name((enum slot)s), cx,
                         cy, m.lesion[0].x, m.lesion[0].y);
            image_free(bright);
            image_free(dark);
        }
}

/* Standard hanging. 1:30 in a left breast and 10:30 in a right one are upper outer: above the nipple's row in CC (lateral is up) and higher
 * in MLO. Depth in ultrasound is depth below the skin. */
static void test_lesion_against_anatomy(void **state) {
    (void)state;
    for (int k = 0; k < 4; k++) {
        const char side = k & 1 ? 'R' : 'L';
        const bool outer = k < 2;
        struct example x = example_make(side, 0, side == 'L' ? (outer ? 1.5 : 7.5) : (outer ? 10.5 : 4.5));
        struct synth_meta cc, mlo, trans;
        image_free(view_make(&x, SLOT_MG_CC, &cc));
        image_free(view_make(&x, SLOT_MG_MLO, &mlo));
        image_free(view_make(&x, SLOT_US_BMODE_TRANS, &trans));
        const double middle = synth_size("small")->mg_height / 2.0;
        assert_true(outer ? cc.lesion[0].y < middle - 25 : cc.lesion[0].y > middle + 25);
        assert_true(outer ? mlo.lesion[0].y < 0.56 * 574 - 40 : mlo.lesion[0].y > 0.62 * 574 + 40);
        assert_true(fabs(trans.lesion[0].y * trans.mm - 18) < 3); /* the border above the scan is less than 3 mm */
    }
}

/* Mean brightness of the left and right tenth; orientation texts as PS3.3 C.7.6.1.1.1 has them for standard hanging. */
static void test_chest_wall_side(void **state) {
    (void)state;
    for (int k = 0; k < 12; k++) {
        struct example x = example_make(k & 1 ? 'R' : 'L', k / 4, 3);
        const bool mlo = k & 2;
        struct synth_meta m;
        struct image *im = view_make(&x, mlo ? SLOT_MG_MLO : SLOT_MG_CC, &m);
        double left = 0, right = 0;
        for (int y = 0; y < (int)im->height; y++)
            for (int i = 0; i < 32; i++) {
                left += brightness(im, &m, i, y);
                right += brightness(im, &m, (int)im->width - 1 - i, y);
            }
        assert_true(x.c.side == 'L' ? left > 20 * right : right > 20 * left);
        assert_string_equal(m.orientation[0], x.c.side == 'L' ? "A" : "P");
        assert_string_equal(m.orientation[1], x.c.side == 'L' ? (mlo ? "FR" : "R") : (mlo ? "FL" : "L"));
        image_free(im);
    }
}

static double mean_below(const struct image *im, const struct synth_meta *m) {
    double sum = 0;
    int n = 0;
    const int half = (int)(0.5 * m->lesion[0].radius), top = (int)(m->lesion[0].y + 1.15 * m->lesion[0].radius);
    for (int y = top; y < top + (int)(5 / m->mm); y++)
        for (int x = (int)m->lesion[0].x - half; x < (int)m->lesion[0].x + half; x++, n++)
            sum += brightness(im, m, x, y);
    return sum / n;
}

static void test_shadow_and_enhancement(void **state) {
    (void)state;
    for (int vendor = 0; vendor < SYNTH_VENDORS; vendor++) {
        double before = -1;
        for (double db = -15; db <= 10; db += 5) {
            struct example x = example_make('L', vendor, 2);
            struct synth_meta m;
            x.c.lesion[0].posterior_db = db;
            struct image *im = view_make(&x, SLOT_US_BMODE_TRANS, &m);
            const double now = mean_below(im, &m);
            assert_true(now > before + (before < 0 ? 0 : 3)); /* 5 dB are 17 grey levels and more; little is left near black */
            before = now;
            image_free(im);
        }
    }
}

/* --- colour ------------------------------------------------------------------------------------------------------------------ */

static int coloured(const struct image *im) {
    const uint8_t *p = im->pixels;
    int n = 0;
    for (size_t i = 0; i < (size_t)im->width * im->height; i++)
        n += abs(p[3 * i] - p[3 * i + 2]) > 60;
    return n;
}

/* Hard is red, or blue on the strain scale of vendor 1. Within the lesion. */
/* Of the colour alone, so that dark and light of one hue do not mislead. */
static double hardness(const struct image *im, const struct synth_meta *m) {
    const uint8_t *p = im->pixels;
    double sum = 0;
    const int half = (int)(0.6 * m->lesion[0].radius), dx = m->dual_pane ? (int)im->width / 2 : 0;
    for (int y = (int)m->lesion[0].y - half; y < (int)m->lesion[0].y + half; y++)
        for (int x = (int)m->lesion[0].x - half; x < (int)m->lesion[0].x + half; x++) {
            const uint8_t *at = p + 3 * ((size_t)y * im->width + (size_t)(x + dx));
            sum += (m->vendor == 1 ? at[2] - at[0] : at[0] - at[2]) / (1.0 + at[0] + at[1] + at[2]);
        }
    return sum;
}

static void test_colour_follows_the_lesion(void **state) {
    static const double kpa[] = {15, 40, 90, 200};
    (void)state;
    for (int vendor = 0; vendor < SYNTH_VENDORS; vendor++)
        for (int plane = 0; plane < 2; plane++) {
            int before = -1, none = 0;
            double hard_before = -1e9;
            for (int step = 0; step < 4; step++) {
                struct example x = example_make('R', vendor, 9);
                struct synth_meta m;
                x.c.lesion[0].vascularity = step / 3.0;
                x.c.lesion[0].stiffness_kpa = kpa[step];
                struct image *doppler = view_make(&x, (enum slot)((int)SLOT_US_DOPPLER_TRANS + plane), &m),
                             *elasto = view_make(&x, (enum slot)((int)SLOT_US_ELASTO_TRANS + plane), &m);
                const int flow = coloured(doppler);
                const double hard = hardness(elasto, &m);
                if (flow <= before || hard <= hard_before)
                    fail_msg("vendor %d, step %d: coloured pixels %d after %d, hardness %.0f after %.0f", vendor, step, flow, before, hard,
                             hard_before);
                none = step ? none : flow; /* specks, and the wedge of the scale */
                before = flow;
                hard_before = hard;
                image_free(doppler);
                image_free(elasto);
            }
            assert_true(before > 5 * none);
        }
}

/* --- all of them ------------------------------------------------------------------------------------------------------------- */

static void check_picture(const struct image *im, const struct synth_meta *m, enum slot s, const struct synth_size *size) {
    const bool mg = slot_is_mg(s);
    assert_int_equal(im->width, mg ? size->mg_width : size->us_width);
    assert_int_equal(im->height, mg ? size->mg_height : size->us_height);
    assert_int_equal(im->channels, mg ? 1 : 3);
    assert_int_equal(im->bits, mg ? 16 : 8);
    assert_int_equal(m->bits, mg ? SYNTH_MG_BITS : 8);
    const size_t n = (size_t)im->width * im->height;
    if (mg) {
        int most = 0, background = 0;
        for (size_t i = 0; i < n; i++) {
            const int v = ((const uint16_t *)im->pixels)[i];
            most = v > most ? v : most;
            background += v == (m->monochrome1 ? 4095 : 0);
        }
        assert_true(most <= 4095 && background > (int)n / 10);
        assert_int_equal(m->n_regions, 0);
        return;
    }
    const uint8_t *p = im->pixels;
    int colour = 0;
    for (size_t i = 0; i < n; i++)
        colour += p[3 * i] != p[3 * i + 1] || p[3 * i] != p[3 * i + 2];
    assert_true(s <= SLOT_US_BMODE_LONG ? colour == 0 : colour > 20);
    assert_int_equal(m->n_regions, s >= SLOT_US_DOPPLER_TRANS && s <= SLOT_US_DOPPLER_LONG ? 2 : m->dual_pane ? 2 : 1);
    for (int i = 0; i < m->n_regions; i++) {
        const struct dicom_region *r = &m->region[i];
        assert_true(r->x0 < r->x1 && r->y0 < r->y1 && r->x1 < im->width && r->y1 < im->height);
        assert_true(r->unit_x == 3 && fabs(r->delta_x * 10 - m->mm) < 1e-9 && r->delta_x == r->delta_y);
    }
}

/* Two lesions, spicules, calcifications of both kinds, the extremes of size: whatever the case, a picture. */
static struct example extreme_make(int k) {
    static const double ends[2][8] = {{50, 25, 0.05, 4, 0, 3, 0.4, 12}, {90, 90, 0.8, 60, 80, 60, 1.8, 0}};
    const double *v = ends[k & 1];
    struct example x = example_make(k & 2 ? 'R' : 'L', k % 3, v[7]);
    x.c.radius_mm = v[0];
    x.c.compressed_mm = v[1];
    x.c.glandular = v[2];
    x.c.lesions = 1 + (k & 1);
    x.c.lesion[1] = x.c.lesion[0];
    x.c.lesion[0].diameter_mm = v[3];
    x.c.lesion[0].nipple_mm = v[4];
    x.c.lesion[0].depth_mm = v[5];
    x.c.lesion[0].elongation = v[6];
    x.c.lesion[0].margin = MARGIN_SPICULATED;
    x.c.lesion[0].spiculation = x.c.lesion[0].irregularity = k & 1;
    x.c.lesion[0].calcifications = 60;
    x.c.lesion[0].calcification_pleomorphism = k & 1;
    x.c.lesion[1].clock = 12;
    return x;
}

static void test_every_slot_and_vendor(void **state) {
    (void)state;
    for (int k = 0; k < 6; k++)
        for (int s = 0; s < SLOT_COUNT; s++) {
            struct example x = extreme_make(k);
            struct synth_meta m;
            struct image *im = view_make(&x, (enum slot)s, &m);
            check_picture(im, &m, (enum slot)s, synth_size("small"));
            assert_int_equal(m.vendor, k % 3);
            image_free(im);
        }
    struct example none = example_make('L', 0, 3); /* no lesion at all */
    none.c.lesions = 0;
    for (int s = 0; s < SLOT_COUNT; s++) {
        struct synth_meta m;
        image_free(view_make(&none, (enum slot)s, &m));
        assert_false(m.lesion[0].in_view);
    }
}

/* Whatever is painted over a trapezoid stays in it: the picture's corners above the slanted edges are black but for the wedges, left of it.
 */
static void test_colour_stays_in_the_sector(void **state) {
    (void)state;
    for (int s = SLOT_US_DOPPLER_TRANS; s < SLOT_COUNT; s++) {
        struct example x = example_make('L', 2, 3);
        struct synth_meta m;
        x.c.lesion[0].diameter_mm = 40;
        x.c.lesion[0].depth_mm = 24;
        struct image *im = view_make(&x, (enum slot)s, &m);
        const struct dicom_region *r = &m.region[0];
        for (uint32_t y = r->y0; y < r->y0 + 12; y++) /* 38 mm of aperture in the middle, slanted outwards by 0.16 */
            for (uint32_t i = r->x0; i <= r->x1; i++)
                if (fabs(i - 0.5 * (r->x0 + r->x1)) * m.mm > 19 + 0.16 * (y - r->y0 + 1) * m.mm + 1)
                    assert_true(brightness(im, &m, (int)i, (int)y) == 0);
        image_free(im);
    }
}

static void test_full_size(void **state) {
    (void)state;
    struct example x = example_make('R', 1, 10);
    x.c.patient = &x.patient;
    for (int s = 0; s <= SLOT_US_BMODE_TRANS; s += 2) {
        struct image *im = NULL;
        struct synth_meta m;
        assert_int_equal(synth_view(&im, &m, 3, &x.c, (enum slot)s, synth_size("full"), NULL), 0);
        check_picture(im, &m, (enum slot)s, synth_size("full"));
        image_free(im);
    }
}

struct order {
    struct image *im[2][SLOT_COUNT];
};
static void run_backwards(void *ctx, int i, int n) {
    struct order *o = ctx;
    for (int s = SLOT_COUNT - 1 - i; s >= 0; s -= n) {
        struct example x = extreme_make(3);
        struct synth_meta m;
        x.c.patient = &x.patient;
        (void)synth_view(&o->im[1][s], &m, 21, &x.c, (enum slot)s, synth_size("small"), NULL);
    }
}

static void test_same_bytes_in_any_order(void **state) {
    (void)state;
    struct order o = {0};
    for (int s = 0; s < SLOT_COUNT; s++) {
        struct example x = extreme_make(3);
        struct synth_meta m;
        o.im[0][s] = view_make(&x, (enum slot)s, &m);
    }
    const int threads = pool_threads();
    pool_set_threads(3);
    pool_run(run_backwards, &o);
    pool_set_threads(threads);
    for (int s = 0; s < SLOT_COUNT; s++) {
        const struct image *a = o.im[0][s], *b = o.im[1][s];
        assert_non_null(b);
        assert_memory_equal(a->pixels, b->pixels, (size_t)a->width * a->height * (size_t)a->channels * (size_t)(a->bits / 8));
        image_free(o.im[0][s]);
        image_free(o.im[1][s]);
    }
    /* another seed, another picture */
    struct example x = extreme_make(3);
    struct synth_meta m;
    struct image *a = view_make(&x, SLOT_MG_CC, &m), *b = NULL;
    assert_int_equal(synth_view(&b, &m, 22, &x.c, SLOT_MG_CC, synth_size("small"), NULL), 0);
    assert_true(memcmp(a->pixels, b->pixels, (size_t)a->width * a->height * 2) != 0);
    image_free(a);
    image_free(b);
}

static void test_sheet(void **state) {
    (void)state;
    struct example x = example_make('L', 1, 2);
    x.c.patient = &x.patient;
    const struct synth_case *rows[] = {&x.c};
    struct image *sheet = NULL;
    assert_int_equal(synth_sheet(&sheet, 1, rows, 1, synth_size("small"), 120, NULL), 0);
    assert_int_equal(sheet->height, 128);
    assert_int_equal(sheet->channels, 3);
    image_free(sheet);
}

static void test_refusals(void **state) {
    (void)state;
    struct image *im = NULL;
    struct synth_meta m;
    struct err e = {0};
    assert_null(synth_size("medium"));
    for (int k = 0; k < 5; k++) {
        struct example x = example_make('L', 0, 3);
        x.c.patient = &x.patient;
        switch (k) {
        case 0:
            x.c.side = 'B';
            break;
        case 1:
            x.c.lesion[0].diameter_mm = (double)NAN;
            break;
        case 2:
            x.c.lesion[0].calcifications = 61;
            break;
        case 3:
            x.c.lesions = 3;
            break;
        default:
            x.patient.mg_vendor = 3;
        }
        assert_int_equal(synth_view(&im, &m, 1, &x.c, SLOT_MG_CC, synth_size("small"), &e), ERR_INTERNAL);
        assert_null(im);
    }
    uint16_t lut[SYNTH_VOI_LUT_ENTRIES];
    synth_voi_lut(lut, 2);
    for (int i = 1; i < SYNTH_VOI_LUT_ENTRIES; i++)
        assert_true(lut[i] >= lut[i - 1] && lut[i] <= 4095);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elementary),
        cmocka_unit_test(test_bulk_numbers),
        cmocka_unit_test(test_speckle_is_rayleigh),
        cmocka_unit_test(test_speckle_shape),
        cmocka_unit_test(test_texture_is_a_power_law),
        cmocka_unit_test(test_beer_lambert),
        cmocka_unit_test(test_counts_are_poisson),
        cmocka_unit_test(test_lesion_is_where_it_was_put),
        cmocka_unit_test(test_lesion_against_anatomy),
        cmocka_unit_test(test_chest_wall_side),
        cmocka_unit_test(test_shadow_and_enhancement),
        cmocka_unit_test(test_colour_follows_the_lesion),
        cmocka_unit_test(test_every_slot_and_vendor),
        cmocka_unit_test(test_colour_stays_in_the_sector),
        cmocka_unit_test(test_full_size),
        cmocka_unit_test(test_same_bytes_in_any_order),
        cmocka_unit_test(test_sheet),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
