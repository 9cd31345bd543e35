/* Mammograms: the anatomy compressed, projected, exposed, and shown as a vendor would. Floor 4.
 *
 * CC: the beam runs along v; up in the picture is lateral. MLO: the beam lies in the (u, v) plane, turned by `tilt` from the CC beam; up is
 * cranial and lateral. Everything is computed with the chest wall on the left edge; a right breast's picture is mirrored at the end. The
 * compressed breast is a slab of the case's thickness with a round edge; its area keeps the volume. A point of the anatomy moves affinely:
 * lesions keep their size. In the picture x runs from the chest wall, y upwards from the nipple's row, mm.
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/elementary.h"
#include "base/mem.h"
#include "phantom/modality.h"
#include "phantom/xray.h"

enum { SLICES = 6, DEPTHS = 14, ANGLES = 512, HISTOGRAM = 2048 };
static const double coarse_mm = 1.6, skin_mm = 1.2, detector_ugy = 100, photons_per_mm2_ugy = 5000;

/* How a vendor shows the logarithmic signal: thickness equalisation, contrast, photometric meaning. */
struct style {
    float equalise; /* share of the smooth thickness signal that is taken away: 0 film-like .. 1 flat */
    float fat;      /* how bright fat is, of 1 */
    float gamma;    /* from fat to the densest tissue */
    float top;      /* stored value, of 1, of the densest tissue */
    bool monochrome1;
    enum synth_voi voi;
    double center, width;
    double kvp;
};
static const struct style styles[SYNTH_VENDORS] = {
    {0.80F, 0.30F, 0.88F, 0.88F, false, SYNTH_VOI_LINEAR, 1950, 3900, 28},
    {0.55F, 0.36F, 1.00F, 0.92F, true, SYNTH_VOI_SIGMOID, 2150, 2000, 29},
    {0.76F, 0.28F, 0.92F, 0.90F, false, SYNTH_VOI_LUT, 0, 0, 28},
};

struct projection {
    bool mlo;
    double mm;                      /* of the picture */
    double nipple_row;              /* mm from the picture's upper edge */
    double wide, upper, lower;      /* half axes of the outline: chest wall to nipple, and along the chest wall */
    double thick;                   /* between the plates */
    double sine, cosine;            /* of the tilt */
    double fold_x, fold_slope;      /* MLO: the line of the armpit */
    double muscle_top, muscle_foot; /* MLO: width of the pectoral muscle at the upper edge, row (y) where it ends */
    double muscle_bow;
};

static struct projection project(const struct view *v, struct draw *d) {
    const struct anatomy *a = v->anatomy;
    const double rows = v->size->mg_height * v->size->mg_mm, columns = v->size->mg_width * v->size->mg_mm;
    struct projection p = {.mlo = v->slot == SLOT_MG_MLO, .mm = v->size->mg_mm, .thick = a->drawn->compressed_mm};
    const double tilt = p.mlo ? draw_between(d, 42, 54) / 360 : 0;
    elementary_sincos(tilt, &p.sine, &p.cosine);
    /* equal volumes: 2/3 pi R^2 H of the half-ellipsoid, 0.85 pi/2 (s R)(s H) T of the slab */
    double stretch = sqrt(2.0 / 3 * a->radius / (0.85 * 0.5 * p.thick));
    const double most = fmin(0.43 * rows / a->radius, 0.82 * columns / a->height);
    stretch = fmin(fmax(stretch, 1.3), most); /* no breast is pressed less than that */
    p.wide = stretch * a->height;
    p.lower = stretch * a->radius * (p.mlo ? 0.86 : 0.95);
    p.upper = stretch * a->radius * (p.mlo ? 1.1 : 1.0);
    p.nipple_row = p.mlo ? rows * draw_between(d, 0.56, 0.62) : rows * draw_between(d, 0.48, 0.52);
    if (p.mlo && p.lower > 0.95 * (rows - p.nipple_row))
        p.lower = 0.95 * (rows - p.nipple_row);
    const double top = fmax(p.wide * draw_between(d, 0.48, 0.75), 30);
    p.fold_x = fmax(p.wide * draw_between(d, 0.78, 0.92), top + 3);
    p.fold_slope = (p.fold_x - top) / p.nipple_row;
    p.muscle_top = top * draw_between(d, 0.55, 0.82);
    p.muscle_foot = draw_between(d, -0.25, 0.1) * p.lower;
    p.muscle_bow = draw_between(d, -0.05, 0.12);
    return p;
}

/* The point of the anatomy that lies at (x, y) in the picture, at share t (-1 .. 1) of the slab's thickness. */
static void anatomy_point(double out[3], const struct projection *p, const struct anatomy *a, double x, double y, double t) {
    const double across = y / (y > 0 ? p->upper : p->lower), front = x / p->wide;
    const double rest = 1 - across * across - front * front;
    const double along = t * a->radius * sqrt(rest > 0.03 ? rest : 0.03), up = a->radius * across;
    out[0] = p->mlo ? up * p->sine + along * p->cosine : up;
    out[1] = p->mlo ? up * p->cosine - along * p->sine : along;
    out[2] = a->height * front;
}

/* Where a point of the anatomy appears; *along: its distance from the middle plane, in the beam's direction, undeformed. */
static void picture_point(double *x, double *y, double *along, const struct projection *p, const struct anatomy *a, const double at[3]) {
    const double up = p->mlo ? at[1] * p->cosine + at[0] * p->sine : at[0];
    *along = p->mlo ? at[0] * p->cosine - at[1] * p->sine : at[1];
    *x = p->wide * at[2] / a->height;
    *y = up / a->radius * (up > 0 ? p->upper : p->lower);
}

static double smooth_max(double a, double b, double k) {
    const double h = k - fabs(a - b);
    return (a > b ? a : b) + (h > 0 ? h * h / (4 * k) : 0);
}

/* Distance from the skin line, mm, positive inside; a good estimate near it. */
static double skin_distance(const struct projection *p, double x, double y) {
    const double power = 2.15, along = p->lower;
    const double ax = fabs(x) / p->wide + 1e-6, ay = fabs(y) / (y > 0 ? p->upper : along) + 1e-6;
    const double px = elementary_pow(ax, power), py = elementary_pow(ay, power), n = elementary_pow(px + py, 1 / power);
    const double gx = px / ax / p->wide, gy = py / ay / (y > 0 ? p->upper : along),
                 slope = sqrt(gx * gx + gy * gy) * elementary_pow(n, 1 - power);
    double d = (1 - n) / (slope + 1e-9);
    if (p->mlo) { /* the armpit above: a line that bends back into the breast above the nipple */
        const double bend = 0.45 * p->upper - y, back = bend > 0 ? bend * bend / 45 : 0;
        const double armpit = (p->fold_x - p->fold_slope * y - back - x) / sqrt(1 + p->fold_slope * p->fold_slope);
        d = smooth_max(d, armpit, 36);
    }
    const double nipple = 3.4 - sqrt((x - p->wide + 0.5) * (x - p->wide + 0.5) + y * y);
    return smooth_max(d, nipple, 4);
}

/* Distance inside the pectoral muscle, mm. */
static double muscle_distance(const struct projection *p, double x, double y) {
    const double share = (y - p->muscle_foot) / (p->nipple_row - p->muscle_foot);
    if (!p->mlo || share <= 0)
        return -50;
    const double edge = p->muscle_top * (share + p->muscle_bow * 4 * share * (1 - share));
    return (edge - x) / sqrt(1 + p->muscle_top * p->muscle_top / ((p->nipple_row - p->muscle_foot) * (p->nipple_row - p->muscle_foot)));
}

/* --- maps ------------------------------------------------------------------------------------------------------------------- */

enum { MAP_SKIN, MAP_MUSCLE, MAP_GLAND, MAP_SEPTUM, MAPS = MAP_SEPTUM + SLICES };

struct maps {
    double mm;              /* of a cell; the pixel's, or twice that */
    int scale;              /* pixels per cell */
    struct field map[MAPS]; /* distances in mm; gland: mean share along the beam; septa: one per slice of the slab */
    struct field mottle;    /* isotropic 1/f^3 noise */
    struct field streak;    /* the same in polar coordinates about the nipple */
    struct field strand;    /* ducts, vessels, spicules: mm of gland */
    struct field tau;       /* line integral of attenuation */
};

static void maps_release(struct maps *m) {
    for (int i = 0; i < MAPS; i++)
        field_release(&m->map[i]);
    struct field *rest[] = {&m->mottle, &m->streak, &m->strand, &m->tau};
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
        field_release(rest[i]);
}

/* One coarse cell: what the anatomy's functions say along the beam. */
static void coarse_cell(float out[MAPS], const struct projection *p, const struct anatomy *a, double x, double y) {
    out[MAP_SKIN] = (float)skin_distance(p, x, y);
    out[MAP_MUSCLE] = (float)muscle_distance(p, x, y);
    for (int i = MAP_GLAND; i < MAPS; i++)
        out[i] = i < MAP_SEPTUM ? 0 : 1;
    if (out[MAP_SKIN] < -3)
        return;
    double q[3];
    for (int i = 0; i < DEPTHS; i++) {
        anatomy_point(q, p, a, x, y, (2 * i + 1.0) / DEPTHS - 1);
        out[MAP_GLAND] += anatomy_gland(a, q) / DEPTHS;
    }
    for (int i = 0; i < SLICES; i++) {
        anatomy_point(q, p, a, x, y, ((2 * i + 1.0) / SLICES - 1) * 0.9);
        out[MAP_SEPTUM + i] = anatomy_septum(a, q);
    }
}

static int make_coarse(struct maps *m, const struct view *v, const struct projection *p, struct err *e) {
    const int step = (int)(coarse_mm / m->mm + 0.5), width = m->mottle.width / step + 3, height = m->mottle.height / step + 3;
    struct field coarse[MAPS] = {{0}};
    int code = 0;
    for (int i = 0; i < MAPS; i++)
        if ((code = field_new(&coarse[i], width, height, e)) || (code = field_new(&m->map[i], m->mottle.width, m->mottle.height, e)))
            goto out;
    for (int j = 0; j < height; j++)
        for (int i = 0; i < width; i++) {
            float cell[MAPS];
            coarse_cell(cell, p, v->anatomy, i * step * m->mm, p->nipple_row - j * step * m->mm);
            for (int k = 0; k < MAPS; k++)
                coarse[k].v[(size_t)j * (size_t)width + (size_t)i] = cell[k];
        }
    for (int i = 0; i < MAPS; i++)
        field_enlarge_smooth(&m->map[i], &coarse[i], step);
out:
    for (int i = 0; i < MAPS; i++)
        field_release(&coarse[i]);
    return code;
}

/* An angle about the origin without arc tangents: 0 .. 4, one per quadrant, as on a diamond. And back: a direction of that angle. */
static double diamond(double x, double y) {
    const double share = fabs(y) / (fabs(x) + fabs(y) + 1e-9);
    return y >= 0 ? (x >= 0 ? share : 2 - share) : (x >= 0 ? 4 - share : 2 + share);
}

static void diamond_direction(double angle, double *x, double *y) {
    *x = fabs(angle - 2) - 1;
    *y = angle < 2 ? 1 - fabs(angle - 1) : fabs(angle - 3) - 1;
}

/* Streaks that run to the nipple: noise drawn over angle and distance, read back in the picture. */
static int make_streak(struct maps *m, const struct projection *p, const struct rng *r, uint64_t first, struct err *e) {
    struct field polar = {0};
    int code = field_new(&polar, 640, 160, e);
    if (code || (code = field_noise(&polar, r, first, 2.4, 128, e)))
        goto out;
    for (int j = 0; j < m->streak.height; j++)
        for (int i = 0; i < m->streak.width; i++) {
            const double x = p->wide + 4 - i * m->mm, y = p->nipple_row - j * m->mm;
            const double far = sqrt(x * x + y * y), angle = diamond(x + 1e-6, y), turned = angle > 2 ? angle - 4 : angle;
            m->streak.v[(size_t)j * (size_t)m->streak.width + (size_t)i] = field_at(&polar, 320 + turned * 200, far * 0.85);
        }
out:
    field_release(&polar);
    return code;
}

static void stroke_line(struct field *f, const struct projection *p, const struct anatomy *a, const struct anatomy_line *l, double mm,
                        double height, double sigma_mm) {
    double x0, y0, x1, y1, along;
    picture_point(&x0, &y0, &along, p, a, l->from);
    picture_point(&x1, &y1, &along, p, a, l->to);
    const double sigma = sigma_mm / mm, least = 0.45;
    /* a line thinner than a cell is drawn wider and fainter */
    field_stroke(f, x0 / mm, (p->nipple_row - y0) / mm, x1 / mm, (p->nipple_row - y1) / mm, sigma > least ? sigma : least,
                 sigma > least ? height : height * sigma / least);
}

/* Spicules start at the lesion as it appears, which compression does not change in size. */
static struct anatomy_line moved(const struct anatomy_line *l, const struct anatomy_lesion *lesion, const struct projection *p,
                                 const struct anatomy *a) {
    struct anatomy_line out = *l;
    for (int k = 0; k < 3; k++) {
        const double shrink = k == 2 ? a->height / p->wide : a->radius / p->upper;
        out.from[k] = lesion->at[k] + (l->from[k] - lesion->at[k]) * shrink;
        out.to[k] = lesion->at[k] + (l->to[k] - lesion->at[k]) * shrink;
    }
    return out;
}

static void draw_strands(struct maps *m, const struct projection *p, const struct anatomy *a) {
    for (int i = 0; i < a->ducts + a->vessels; i++)
        stroke_line(&m->strand, p, a, &a->line[i], m->mm, i < a->ducts ? 3.0 * a->line[i].radius : 2.2 * a->line[i].radius,
                    0.7 * a->line[i].radius);
    for (int k = 0; k < a->drawn->lesions; k++)
        for (int i = 0; i < a->lesion[k].spicules; i++) {
            const struct anatomy_line l = moved(&a->lesion[k].spicule[i], &a->lesion[k], p, a);
            stroke_line(&m->strand, p, a, &l, m->mm, 3.2 * l.radius + 0.8, 0.6 * l.radius);
        }
}

/* --- line integrals --------------------------------------------------------------------------------------------------------- */

/* Thickness of a slab with a round edge, at distance d inside its outline. */
static float slab(float thick, float d) {
    const float round = 0.5F * thick, t = d / round;
    return d <= 0 ? 0 : t >= 1 ? thick : thick * sqrtf(t * (2 - t));
}

/* Septa seen edge-on: a bright line where the field is zero, equally wide everywhere because the field is divided by its slope. */
static float septa(const struct maps *m, size_t at, int right, int down, float width) {
    float sum = 0;
    for (int k = 0; k < SLICES; k++) {
        const float *s = m->map[MAP_SEPTUM + k].v + at;
        const float value = s[0], gx = s[right] - value, gy = s[down] - value;
        const float slope2 = gx * gx + gy * gy + 2e-5F, distance2 = value * value / (slope2 * width * width);
        if (distance2 < 8) /* it comes and goes, as another slice's field says */
            sum += elementary_expf(-distance2) * clampf(0.65F + 0.55F * m->map[MAP_SEPTUM + (k + 1) % SLICES].v[at], 0.05F, 2);
    }
    return sum;
}

static void compose(struct maps *m, const struct projection *p, const struct anatomy *a) {
    const float thick = (float)p->thick, inner_thick = thick - 2 * (float)skin_mm, width = (float)(0.5 / m->mm);
    const float lobular = (float)(1 - a->drawn->glandular);
    for (int j = 0; j < m->tau.height; j++)
        for (int i = 0; i < m->tau.width; i++) {
            const size_t at = (size_t)j * (size_t)m->tau.width + (size_t)i;
            const float d = m->map[MAP_SKIN].v[at];
            if (d <= 0)
                continue;
            const float all = slab(thick, d), inner = slab(inner_thick, d - (float)skin_mm), skin = all - inner;
            const float mottle = m->mottle.v[at], streak = m->streak.v[at], share = m->map[MAP_GLAND].v[at];
            const float deep = smoothf(1.5F, 6, d), in = d > 2 ? 1 : 0;
            /* finer than the anatomy knows: mottle, and fibres along the ducts */
            const float fibre = elementary_expf(-streak * streak * 9);
            float gland = share * (1 + 0.16F * mottle + 0.08F * streak) + deep * (0.014F * mottle + 0.010F * streak + 0.02F);
            gland = clampf(gland, 0, 0.95F) * inner;
            gland += deep * fibre * clampf(0.7F + 0.6F * mottle, 0, 2) * (0.6F + 2.0F * share);
            const int right = i + 1 < m->tau.width, down = j + 1 < m->tau.height ? m->tau.width : 0;
            gland += in * deep * (0.8F + 0.8F * lobular) * (1 + 0.3F * mottle) * septa(m, at, right, down, width);
            gland += in * m->strand.v[at];
            const float into = m->map[MAP_MUSCLE].v[at] + 0.25F * mottle;
            float muscle =
                into > 0 ? inner * 0.62F * (1 - elementary_expf(-into / 12)) * (1 + 0.02F * streak) + 1.5F * smoothf(0, 1.2F, into) : 0;
            muscle = muscle > inner ? inner : muscle;
            gland = gland > inner - muscle ? inner - muscle : gland;
            m->tau.v[at] = (float)XRAY_FAT * (inner - gland - muscle) + (float)XRAY_GLAND * gland + (float)XRAY_MUSCLE * muscle +
                           (float)XRAY_SKIN * skin;
        }
}

/* A lesion takes the place of tissue along its chord. */
static void add_lesion(struct maps *m, const struct projection *p, const struct anatomy *a, const struct anatomy_lesion *l) {
    double x0, y0, along, outline[ANGLES];
    picture_point(&x0, &y0, &along, p, a, l->at);
    const double half_y = l->axis[0], half_x = l->axis[2], density = l->drawn->density;
    const double own = XRAY_GLAND + (density < 0 ? density * (XRAY_GLAND - XRAY_FAT) : 2 * density * (XRAY_CARCINOMA - XRAY_GLAND));
    for (int i = 0; i < ANGLES; i++) {
        double x, y;
        diamond_direction(4.0 * i / ANGLES, &x, &y);
        const double up = half_y * y, d[3] = {p->mlo ? up * p->sine : up, p->mlo ? up * p->cosine : 0, half_x * x};
        outline[i] = anatomy_lesion_outline(l, d);
    }
    static const float fades[] = {
        [MARGIN_CIRCUMSCRIBED] = 0.08F, [MARGIN_MICROLOBULATED] = 0.2F, [MARGIN_INDISTINCT] = 0.7F, [MARGIN_SPICULATED] = 0.5F};
    const float fade = fades[l->drawn->margin];
    const int top = (int)fmax(0, (p->nipple_row - y0 - 2 * half_y) / m->mm), left = (int)fmax(0, (x0 - 2 * half_x) / m->mm);
    const int bottom = (int)fmin(m->tau.height, (p->nipple_row - y0 + 2 * half_y) / m->mm + 1);
    const int right = (int)fmin(m->tau.width, (x0 + 2 * half_x) / m->mm + 1);
    for (int j = top; j < bottom; j++)
        for (int i = left; i < right; i++) {
            const double dx = (i * m->mm - x0) / half_x, dy = (p->nipple_row - j * m->mm - y0) / half_y;
            const size_t at = (size_t)j * (size_t)m->tau.width + (size_t)i;
            const float d = m->map[MAP_SKIN].v[at], all = slab((float)p->thick, d);
            const double r = outline[(int)(diamond(dx, dy) / 4 * ANGLES) % ANGLES];
            const double inside = 1 - (dx * dx + dy * dy) / (r * r) + 0.22 * (double)(fade * (m->mottle.v[at] + m->streak.v[at]));
            if (inside <= 0 || d <= (float)skin_mm)
                continue;
            /* a soft margin: the chord fades in over a band inside the outline */
            const double rim = 1 - (inside < 1 ? inside : 1), thick = 1 + (r - 1) * rim; /* one thickness in the middle, whatever the rim */
            float chord = 2 * (float)(half_y * thick * sqrt(1 - rim)) * smoothf(0, fade + 0.05F, (float)inside);
            chord = chord > 0.9F * all ? 0.9F * all : chord;
            m->tau.v[at] += chord * ((float)own * (1 + 0.02F * m->mottle.v[at]) - m->tau.v[at] / all);
        }
}

/* Calcifications are drawn on pixels: they are smaller than a cell of the maps. */
static void add_calcifications(struct field *tau, const struct projection *p, const struct anatomy *a) {
    for (int k = 0; k < a->drawn->lesions; k++)
        for (int i = 0; i < a->lesion[k].calcifications; i++) {
            const struct anatomy_line *drawn = &a->lesion[k].calcification[i], l = moved(drawn, &a->lesion[k], p, a);
            double x0, y0, x1, y1, along;
            picture_point(&x0, &y0, &along, p, a, l.from);
            picture_point(&x1, &y1, &along, p, a, l.to);
            const double x = x0 / p->mm, y = (p->nipple_row - y0) / p->mm;
            if (x < 1 || y < 1 || x > tau->width - 2 || y > tau->height - 2)
                continue;
            const double sigma = 0.6 * l.radius / p->mm, drawn_sigma = sigma > 0.45 ? sigma : 0.45, share = sigma / drawn_sigma;
            const float before = tau->v[(size_t)y * (size_t)tau->width + (size_t)x];
            const double height = (double)before + 2 * l.radius * XRAY_CALCIFICATION * share * (x0 == x1 && y0 == y1 ? share : 1);
            field_stroke(tau, x, y, x1 / p->mm, (p->nipple_row - y1) / p->mm, drawn_sigma, height);
        }
}

/* --- from line integrals to stored values ------------------------------------------------------------------------------------ */

/* The vendor's estimate of what the slab alone would show, smooth; taken away in part. */
static float equalised(float signal, float skin, float thick, float share) {
    return signal - share * (float)XRAY_FAT * slab(thick, skin);
}

/* The values below which 15 % (fat) and 99.5 % of the breast lie, from the map without noise. */
static void find_range(float range[2], const struct maps *m, const struct projection *p, float share) {
    unsigned count[HISTOGRAM] = {0}, all = 0, below = 0;
    const float top = 3.5F;
    for (size_t i = 0; i < (size_t)m->tau.width * (size_t)m->tau.height; i++)
        if (m->map[MAP_SKIN].v[i] > 8 && m->map[MAP_MUSCLE].v[i] < 0) {
            const float value = clampf(equalised(m->tau.v[i], m->map[MAP_SKIN].v[i], (float)p->thick, share) / top, 0, 0.9999F);
            count[(int)(value * HISTOGRAM)]++;
            all++;
        }
    range[0] = 0.05F;
    range[1] = top;
    for (int i = 0; i < HISTOGRAM && all; i++) {
        range[0] = below < all / 7 ? (float)(i + 1) / HISTOGRAM * top : range[0];
        below += count[i];
        if (below >= all - all / 200) {
            range[1] = (float)(i + 1) / HISTOGRAM * top;
            break;
        }
    }
    /* a dense breast has hardly any fat to be found: then what a slab of fat would give */
    const float fat = equalised((float)(XRAY_FAT * p->thick + 2 * skin_mm * (XRAY_SKIN - XRAY_FAT)), 1e3F, (float)p->thick, share) * 1.2F;
    range[0] = range[0] > fat ? fat : range[0];
    range[1] = range[1] < range[0] + 0.3F ? range[0] + 0.3F : range[1];
}

enum { CURVE = 4096 };
static const float curve_top = 1.3F; /* signal at the curve's end: 0 air, 1 the densest tissue */

/* Stored value by signal: a toe from air to fat, then the vendor's gamma up to the densest tissue, then a shoulder. */
static void make_curve(uint16_t curve[CURVE], const struct style *style, double fat) {
    for (int i = 0; i < CURVE; i++) {
        const double x = (double)i / CURVE * (double)curve_top;
        double shown = 0;
        if (x >= fat)
            shown = (double)style->fat + (1 - (double)style->fat) * elementary_pow((x - fat) / (1 - fat) + 1e-9, (double)style->gamma);
        else if (i)
            shown = (double)style->fat * elementary_pow(x / fat, 0.9);
        shown = shown > 0.9 ? 0.9 + 0.25 * (shown - 0.9) : shown;
        const int value = (int)(4095 * (double)style->top * shown);
        curve[i] = (uint16_t)(value > 4095 ? 4095 : value);
    }
}

static int present(struct image **out, const struct maps *m, const struct field *signal, const struct projection *p, const struct view *v,
                   struct err *e) {
    const struct style *style = &styles[v->meta->vendor];
    const bool mirror = v->anatomy->drawn->side == 'R';
    const int width = signal->width, height = signal->height;
    struct field skin = {0};
    float range[2];
    uint16_t curve[CURVE];
    int code = image_new(out, (uint32_t)width, (uint32_t)height, 1, 16, e);
    if (code || (code = field_new(&skin, width, height, e)))
        goto out;
    field_enlarge(&skin, &m->map[MAP_SKIN], m->scale);
    find_range(range, m, p, style->equalise);
    const float scale = CURVE / curve_top / range[1];
    make_curve(curve, style, (double)(range[0] / range[1]));
    for (int y = 0; y < height; y++) {
        const float *row = signal->v + (size_t)y * (size_t)width, *d = skin.v + (size_t)y * (size_t)width;
        uint16_t *to = (uint16_t *)(*out)->pixels + (size_t)y * (size_t)width;
        for (int x = 0; x < width; x++) {
            const float value = equalised(row[x], d[x], (float)p->thick, style->equalise) * scale;
            const uint16_t stored = row[x] > 0 ? curve[(int)clampf(value, 0, CURVE - 1)] : 0;
            to[mirror ? width - 1 - x : x] = style->monochrome1 ? (uint16_t)(4095 - stored) : stored;
        }
    }
out:
    field_release(&skin);
    if (code) {
        image_free(*out);
        *out = NULL;
    }
    return code;
}

void synth_voi_lut(uint16_t out[SYNTH_VOI_LUT_ENTRIES], int vendor) {
    assert(vendor >= 0 && vendor < SYNTH_VENDORS);
    for (int i = 0; i < SYNTH_VOI_LUT_ENTRIES; i++) { /* a film's toe and shoulder, gently */
        const double x = i / 4095.0;
        out[i] = (uint16_t)(4095 * (x + 0.35 * x * (1 - x) * (2 * x - 1)) + 0.5);
    }
}

static void fill_meta(const struct view *v, const struct projection *p) {
    struct synth_meta *m = v->meta;
    const struct anatomy *a = v->anatomy;
    const struct style *style = &styles[m->vendor];
    const bool right = a->drawn->side == 'R';
    m->bits = SYNTH_MG_BITS;
    m->monochrome1 = style->monochrome1;
    m->voi = style->voi;
    m->window_center = style->center;
    m->window_width = style->width;
    m->mm = p->mm;
    m->kvp = style->kvp;
    m->detector_ugy = detector_ugy;
    m->breast_mm = p->thick;
    static const char *const orientation[2][2][2] = {{{"A", "R"}, {"A", "FR"}}, {{"P", "L"}, {"P", "FL"}}};
    for (int i = 0; i < 2; i++)
        snprintf(m->orientation[i], sizeof m->orientation[i], "%s", orientation[right][p->mlo][i]);
    for (int i = 0; i < a->drawn->lesions; i++) {
        double x, y, along;
        picture_point(&x, &y, &along, p, a, a->lesion[i].at);
        x = x / p->mm;
        y = (p->nipple_row - y) / p->mm;
        m->lesion[i].in_view = x >= 0 && y >= 0 && x < v->size->mg_width && y < v->size->mg_height;
        m->lesion[i].x = right ? v->size->mg_width - 1 - x : x;
        m->lesion[i].y = y;
        m->lesion[i].radius = a->lesion[i].drawn->diameter_mm / 2 / p->mm;
    }
}

static int make_maps(struct maps *m, const struct view *v, const struct projection *p, const struct rng *r, struct err *e) {
    m->scale = v->size->mg_mm < 0.15 ? 2 : 1;
    m->mm = v->size->mg_mm * m->scale;
    const int width = (v->size->mg_width + m->scale - 1) / m->scale + 1, height = (v->size->mg_height + m->scale - 1) / m->scale + 1;
    struct field *all[] = {&m->mottle, &m->streak, &m->strand, &m->tau};
    int code = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0] && !code; i++)
        code = field_new(all[i], width, height, e);
    const int longest = (int)(26 / m->mm);
    if (code || (code = field_noise(&m->mottle, r, (uint64_t)1 << 40, 3, longest, e)) ||
        (code = make_streak(m, p, r, (uint64_t)2 << 40, e)) || (code = make_coarse(m, v, p, e)))
        return code;
    draw_strands(m, p, v->anatomy);
    compose(m, p, v->anatomy);
    for (int i = 0; i < v->anatomy->drawn->lesions; i++)
        add_lesion(m, p, v->anatomy, &v->anatomy->lesion[i]);
    return 0;
}

int mammography_view(struct image **out, const struct view *v, struct err *e) {
    struct draw d = draw_from(v->seed, SYNTH_VIEW + (uint32_t)v->slot, v->anatomy->drawn->number);
    const struct projection p = project(v, &d);
    struct maps m = {0};
    struct field signal = {0};
    int code = make_maps(&m, v, &p, &d.rng, e);
    if (code || (code = field_new(&signal, v->size->mg_width, v->size->mg_height, e)))
        goto out;
    field_enlarge(&signal, &m.tau, m.scale);
    add_calcifications(&signal, &p, v->anatomy);
    const struct xray x = {.mm = p.mm,
                           .photons = detector_ugy * photons_per_mm2_ugy * p.mm * p.mm,
                           .reference = (0.7 * XRAY_FAT + 0.3 * XRAY_GLAND) * p.thick,
                           .scatter_to_primary = 0.2,
                           .scatter_mm = 12,
                           .blur_mm = 0.07};
    const struct rng quantum = rng_make(v->seed, SYNTH_QUANTUM + (uint32_t)v->slot, v->anatomy->drawn->number);
    if ((code = xray_expose(&signal, &x, &quantum, e)) || (code = present(out, &m, &signal, &p, v, e)))
        goto out;
    fill_meta(v, &p);
out:
    field_release(&signal);
    maps_release(&m);
    return code;
}
