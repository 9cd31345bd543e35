/* The tissue of an ultrasound plane: layers, septa, lesions, what they do to the beam. Floor 4.
 *
 * The woman lies on her back and the probe presses: the breast under it is flattened to skin, fat, gland, fat, fascia, muscle, from above.
 * Depth z below the skin stands for share z / breast_mm of the way through the anatomy, so gland and septa are those of the mammograms, at
 * another thickness. The lesion keeps its size and lies at its depth.
 *
 * Echogenicity in dB against fat; attenuation 0.5 dB/cm/MHz on average (ICRU 61), more in gland, less in fat; the scanner's time gain
 * compensation assumes the average.
 */
#include "phantom/plane.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/elementary.h"
#include "base/mem.h"

static const double skin_mm = 1.6, coarse_mm = 0.6;

void plane_release(struct plane *s) {
    field_release(&s->db);
    field_release(&s->specular);
    field_release(&s->loss);
    field_release(&s->stiff);
}

/* --- geometry --------------------------------------------------------------------------------------------------------------- */

void plane_point(double out[3], const struct plane *s, double x, double z) {
    const struct anatomy *a = s->anatomy;
    const double *at = a->lesion[0].at, along = x - s->shift_mm;
    /* transverse: picture left is the patient's right; longitudinal: left is cranial */
    out[0] = at[0] + (s->transverse ? along * (a->drawn->side == 'L' ? 1 : -1) : 0);
    out[1] = at[1] - (s->transverse ? 0 : along);
    const double share = 1 - z / s->breast_mm;
    out[2] = anatomy_surface(a, at[0], at[1]) * (share > 0 ? share : 0);
}

/* Lesions in the plane's own axes: across, out of the plane, depth. Waves of the outline and spicules turn with them. */
static void turn(double out[3], const struct plane *s, const double d[3]) {
    const double lateral = s->anatomy->drawn->side == 'L' ? d[0] : -d[0];
    out[0] = s->transverse ? lateral : -d[1];
    out[1] = s->transverse ? d[1] : lateral;
    out[2] = -d[2];
}

static void place_lesions(struct plane *s) {
    const struct anatomy *a = s->anatomy;
    for (int i = 0; i < a->drawn->lesions; i++) {
        const struct anatomy_lesion *from = &a->lesion[i];
        struct anatomy_lesion *to = &s->lesion[i];
        double apart[3];
        *to = *from;
        for (int k = 0; k < 3; k++)
            apart[k] = from->at[k] - a->lesion[0].at[k];
        turn(to->at, s, apart);
        to->at[0] += s->shift_mm;
        to->at[2] = from->drawn->depth_mm;
        for (int k = 0; k < ANATOMY_WAVES; k++)
            turn(to->wave[k].direction, s, from->wave[k].direction);
        for (int k = 0; k < from->spicules + from->calcifications; k++) {
            const bool spicule = k < from->spicules;
            const struct anatomy_line *line = spicule ? &from->spicule[k] : &from->calcification[k - from->spicules];
            struct anatomy_line *moved = spicule ? &to->spicule[k] : &to->calcification[k - from->spicules];
            double d[2][3];
            for (int j = 0; j < 3; j++) {
                d[0][j] = line->from[j] - from->at[j];
                d[1][j] = line->to[j] - from->at[j];
            }
            turn(moved->from, s, d[0]);
            turn(moved->to, s, d[1]);
            for (int j = 0; j < 3; j++) {
                moved->from[j] += to->at[j];
                moved->to[j] += to->at[j];
            }
        }
    }
}

double plane_lesion_distance(const struct plane *s, double x, double z, int *which) {
    double best = 1e9;
    for (int i = 0; i < s->anatomy->drawn->lesions; i++) {
        const struct anatomy_lesion *l = &s->lesion[i];
        const double d[3] = {x - l->at[0], -l->at[1], z - l->at[2]}, far = anatomy_lesion_distance(l, d);
        if (far < best) {
            best = far;
            *which = i;
        }
    }
    return best;
}

struct colour_box plane_colour_box(const struct plane *s, double margin_mm) {
    const struct anatomy_lesion *l = &s->lesion[0];
    const double x = s->width / 2.0 + l->at[0] / s->mm, z = l->at[2] / s->mm;
    const double wide = fmax(l->axis[0] + margin_mm, 9) / s->mm, high = fmax(l->axis[2] + margin_mm, 7) / s->mm;
    struct colour_box b = {(int)(x - wide), (int)(z - high), (int)(x + wide), (int)(z + high)};
    const int rim = 2 + (int)(1 / s->mm);
    b.x0 = b.x0 < rim ? rim : b.x0;
    b.y0 = b.y0 < rim ? rim : b.y0;
    b.x1 = b.x1 > s->width - 1 - rim ? s->width - 1 - rim : b.x1;
    b.y1 = b.y1 > s->height - 1 - rim ? s->height - 1 - rim : b.y1;
    if (s->scanner->steer > 0) { /* a trapezoid is narrowest at the box's upper edge */
        const double half = (s->scanner->aperture_mm / 2 + s->scanner->steer * b.y0 * s->mm) / s->mm;
        const int left = (int)(s->width / 2.0 - half) + rim, right = (int)(s->width / 2.0 + half) - rim;
        b.x0 = b.x0 < left ? left : b.x0;
        b.x1 = b.x1 > right ? right : b.x1;
    }
    return b;
}

/* --- tissue ----------------------------------------------------------------------------------------------------------------- */

/* Boundaries of the layers along x, mm. */
struct layers {
    float *fat, *fascia, *floor; /* lower side of the subcutaneous fat; upper and lower side of the muscle; owned */
};

/* A smooth random line around `base`. */
static float *draw_line(const struct plane *s, struct draw *d, double base, double swing, double tilt, struct err *e) {
    float *line = mem_alloc((size_t)s->width, sizeof *line, e);
    double phase[3], size[3];
    for (int k = 0; k < 3; k++) {
        phase[k] = draw_between(d, 0, 1);
        size[k] = swing * draw_between(d, 0.4, 1) / (1 + k);
    }
    const double slope = tilt * draw_normal(d);
    for (int i = 0; line && i < s->width; i++) {
        const double x = (i - s->width / 2.0) * s->mm;
        double y = base + slope * x, sine, cosine;
        for (int k = 0; k < 3; k++) {
            elementary_sincos(x / (60.0 / (1 + 1.7 * k)) + phase[k], &sine, &cosine);
            y += size[k] * sine;
        }
        line[i] = (float)y;
    }
    return line;
}

enum { MAP_GLAND, MAP_SEPTUM, MAP_MOTTLE, MAP_LINES, MAP_FIBRES, MAPS };

static int coarse_maps(struct field map[MAPS], const struct plane *s, const struct rng *r, struct err *e) {
    const int step = (int)(coarse_mm / s->mm) < 1 ? 1 : (int)(coarse_mm / s->mm);
    struct field coarse[2] = {{0}}, stretched = {0};
    int code = 0;
    for (int i = 0; i < MAPS && !code; i++)
        code = field_new(&map[i], s->width, s->height, e);
    for (int i = 0; i < 2 && !code; i++)
        code = field_new(&coarse[i], s->width / step + 3, s->height / step + 3, e);
    if (code)
        goto out;
    for (int j = 0; j < coarse[0].height; j++)
        for (int i = 0; i < coarse[0].width; i++) {
            double p[3];
            plane_point(p, s, (i * step - s->width / 2.0) * s->mm, j * step * s->mm);
            coarse[0].v[j * coarse[0].width + i] = anatomy_gland(s->anatomy, p);
            coarse[1].v[j * coarse[0].width + i] = anatomy_septum(s->anatomy, p);
        }
    field_enlarge_smooth(&map[MAP_GLAND], &coarse[0], step);
    field_enlarge_smooth(&map[MAP_SEPTUM], &coarse[1], step);
    if ((code = field_noise(&map[MAP_MOTTLE], r, (uint64_t)1 << 40, 2.6, (int)(14 / s->mm), e)))
        goto out;
    for (int k = 0; k < 2; k++) { /* layered texture: noise several times as wide as high, fine and coarse */
        const int wider = k ? 9 : 5;
        field_release(&stretched);
        if ((code = field_new(&stretched, s->width / wider + 3, s->height, e)) ||
            (code = field_noise(&stretched, r, (uint64_t)(k + 2) << 40, k ? 2.8 : 2.2, (int)((k ? 5 : 3) / s->mm), e)))
            goto out;
        float *to = map[k ? MAP_FIBRES : MAP_LINES].v;
        for (int y = 0; y < s->height; y++)
            for (int x = 0; x < s->width; x++) /* fibres sag a little, they are not ruled */
                to[(size_t)y * (size_t)s->width + (size_t)x] =
                    field_at(&stretched, (double)x / wider,
                             y + (k ? 0.5 / s->mm * (double)map[MAP_MOTTLE].v[(size_t)y * (size_t)s->width + (size_t)x] : 0));
    }
out:
    field_release(&stretched);
    field_release(&coarse[0]);
    field_release(&coarse[1]);
    return code;
}

/* How strongly a sheet whose field has this gradient reflects: it must face the beam. */
static float facing(float gx, float gz) {
    const float g2 = gx * gx + gz * gz + 1e-6F;
    return 0.12F + 0.88F * (gz * gz / g2) * (gz * gz / g2);
}

/* What a point of the plane is made of, and the numbers of the maps there. */
struct cell {
    float z, under, foot;                /* depth; below the fascia, below the muscle, mm */
    float mottle, lines, fibres, streak; /* noises; the last: a bright strand, 0 .. 1 */
    float gland;                         /* 0 .. 1 */
    float db, mirror, stiff;             /* out */
};

/* Fat with bright strands, gland, the superficial fascia, and septa between lobules, fewer within gland. */
static void breast_tissue(struct cell *c, const struct field *septum, size_t at, int right, int down, float into, float sheet) {
    c->db =
        -2.5F + 1.8F * c->mottle + 1.4F * c->lines + c->gland * (9 + 1.4F * c->mottle + 1.6F * c->lines) + (6 + 2 * c->gland) * c->streak;
    c->mirror = 1.7F * c->streak * clampf(0.5F + 0.7F * c->lines, 0, 2);
    c->stiff = 12 + 16 * c->gland;
    if (c->under < -1)
        c->mirror += 1.5F * elementary_expf(-into * into / 0.04F) * clampf(0.3F + 0.8F * c->fibres, 0, 2);
    const float *sep = septum->v + at, gx = sep[right] - sep[0], gz = sep[down] - sep[0];
    const float distance2 = sep[0] * sep[0] / ((gx * gx + gz * gz + 1e-5F) * sheet * sheet);
    if (distance2 < 8 && c->under < 0 && c->z > (float)skin_mm) {
        const float bright = elementary_expf(-distance2) * clampf(0.7F + 0.6F * c->mottle, 0.05F, 1.8F) * (1 - 0.5F * c->gland);
        c->mirror += 2.0F * bright * facing(gx, gz) * clampf(0.8F + 0.6F * c->lines, 0, 2.2F);
        c->db += 6 * bright;
    }
}

/* Muscle: dark, with bright fibres along it, between two fasciae; behind the chest wall only haze. */
static void deep_tissue(struct cell *c) {
    if (c->under >= 0) {
        c->db = -4.5F + 1.5F * c->mottle + 2.5F * c->lines + 8 * smoothf(0.3F, 1.8F, c->fibres);
        c->mirror = 1.2F * smoothf(0.7F, 2.2F, c->fibres) * clampf(0.5F + 0.7F * c->lines, 0, 2);
        c->stiff = 30;
    }
    if (c->foot >= 0) {
        c->db = -7 - 0.8F * c->foot + 2 * c->lines + 4 * c->streak;
        c->mirror = 0;
    }
    const float wavy = c->under + 0.12F * c->mottle, bright = clampf(0.7F + 0.6F * c->fibres, 0.05F, 2);
    c->mirror += bright * (3.4F * elementary_expf(-wavy * wavy / 0.03F) + 3 * elementary_expf(-c->foot * c->foot / 0.06F));
}

/* Two bright lines, the skin's upper and lower side. */
static void skin_tissue(struct cell *c) {
    const float entry = c->z - 0.25F, base = c->z - (float)skin_mm;
    if (c->z < (float)skin_mm) {
        c->db = 7 + 1.5F * c->lines;
        c->stiff = 35;
    }
    c->mirror +=
        5 * elementary_expf(-entry * entry / 0.02F) + 2.4F * elementary_expf(-base * base / 0.03F) * clampf(1 + 0.4F * c->lines, 0, 2);
}

static void compose_tissue(struct plane *s, struct field map[MAPS], const struct layers *l) {
    const float mm = (float)s->mm, dense = (float)s->anatomy->drawn->glandular;
    for (int y = 0; y < s->height; y++)
        for (int x = 0; x < s->width; x++) {
            const size_t at = (size_t)y * (size_t)s->width + (size_t)x;
            const float z = (float)y * mm, fascia = l->fascia[x];
            struct cell c = {.z = z, .under = z - fascia, .foot = z - l->floor[x]};
            c.mottle = map[MAP_MOTTLE].v[at];
            c.lines = map[MAP_LINES].v[at];
            c.fibres = map[MAP_FIBRES].v[at];
            c.streak = smoothf(0.7F, 2.2F, c.fibres);
            const float into = z - l->fat[x] + 0.7F * c.mottle;
            c.gland = smoothf(0.22F, 0.7F, map[MAP_GLAND].v[at]) * smoothf(1.2F, 2.5F, fascia - z) * smoothf(-0.4F, 0.6F, into);
            breast_tissue(&c, &map[MAP_SEPTUM], at, x + 1 < s->width, y + 1 < s->height ? s->width : 0, into, 0.22F / mm);
            deep_tissue(&c);
            skin_tissue(&c);
            s->db.v[at] = c.db + (dense - 0.3F) * 2;
            s->specular.v[at] = c.mirror;
            if (s->stiff.v)
                s->stiff.v[at] = c.stiff + 3 * c.mottle;
        }
}

/* Against what the time gain compensation assumes, down each column: dB there and back, and what mirrors have sent back already. */
static void attenuate(struct plane *s, const struct field *gland) {
    const float mm = (float)s->mm, per_cell = 2 * mm / 10 * (float)s->scanner->megahertz;
    for (int x = 0; x < s->width; x++) {
        float loss = 0;
        for (int y = 0; y < s->height; y++) {
            const size_t at = (size_t)y * (size_t)s->width + (size_t)x;
            loss -= (gland->v[at] > 0.5F ? 0.06F : -0.02F) * per_cell + 0.03F * s->specular.v[at] * mm;
            s->loss.v[at] = loss;
        }
    }
}

/* --- lesions ---------------------------------------------------------------------------------------------------------------- */

/* Distance from the outline over the pane, mm, negative inside: on a coarser grid, enlarged. */
static int distance_map(struct field *out, const struct plane *s, const struct anatomy_lesion *l, struct err *e) {
    const int step = (int)(0.3 / s->mm) < 1 ? 1 : (int)(0.3 / s->mm);
    struct field coarse = {0};
    int code = field_new(out, s->width, s->height, e);
    code = code ? code : field_new(&coarse, s->width / step + 2, s->height / step + 2, e);
    if (code)
        return code;
    for (int y = 0; y < coarse.height; y++)
        for (int x = 0; x < coarse.width; x++) {
            const double d[3] = {(x * step - s->width / 2.0) * s->mm - l->at[0], -l->at[1], y * step * s->mm - l->at[2]};
            coarse.v[y * coarse.width + x] = (float)anatomy_lesion_distance(l, d);
        }
    field_enlarge(out, &coarse, step);
    field_release(&coarse);
    return 0;
}

static const float edge_mm[] = {
    [MARGIN_CIRCUMSCRIBED] = 0.2F, [MARGIN_MICROLOBULATED] = 0.4F, [MARGIN_INDISTINCT] = 1.7F, [MARGIN_SPICULATED] = 1.0F};

/* Inside: the lesion's own echoes. Around: a thin capsule if circumscribed, an echogenic halo if not. */
static void paint_lesion(struct plane *s, const struct field map[MAPS], const struct anatomy_lesion *l, const struct field *distance) {
    const struct synth_lesion *drawn = l->drawn;
    const bool fluid = drawn->echogenicity_db < -17, distinct = drawn->margin == MARGIN_CIRCUMSCRIBED;
    const float edge = edge_mm[drawn->margin], halo = drawn->margin >= MARGIN_INDISTINCT ? 3.5F + 3 * (float)drawn->irregularity : 0;
    const float texture = fluid ? 0.4F : 1.8F + 2.0F * (float)drawn->irregularity, rough = drawn->margin == MARGIN_CIRCUMSCRIBED    ? 0.04F
                                                                                           : drawn->margin == MARGIN_MICROLOBULATED ? 0.2F
                                                                                                                                    : 0.55F;
    const double reach = 4;
    for (int y = 0; y < s->height; y++)
        for (int x = 0; x < s->width; x++) {
            const double d[3] = {(x - s->width / 2.0) * s->mm - l->at[0], -l->at[1], y * s->mm - l->at[2]};
            if (fabs(d[0]) > l->axis[0] * 1.8 + reach || fabs(d[2]) > l->axis[2] * 1.8 + reach)
                continue;
            const size_t at = (size_t)y * (size_t)s->width + (size_t)x;
            const float mottle = map[MAP_MOTTLE].v[at], lines = map[MAP_LINES].v[at],
                        far = distance->v[at] + rough * (mottle + 0.5F * lines);
            const float inside = 1 - smoothf(-edge, edge, far),
                        own = (float)drawn->echogenicity_db + texture * (mottle + 0.5F * lines) + (distinct ? 1 : 5) * smoothf(-4, 0, far);
            if (halo > 0 && far > -edge && far < 4)
                s->db.v[at] += halo * smoothf(-edge, edge, far) * (1 - smoothf(1, 4, far));
            s->db.v[at] += inside * (own - s->db.v[at]);
            s->specular.v[at] *= 1 - inside;
            if (distinct || drawn->margin == MARGIN_MICROLOBULATED) { /* seen where it faces the beam */
                const double steep = d[2] * d[2] / (l->axis[2] * l->axis[2] + 1e-9), flat = d[0] * d[0] / (l->axis[0] * l->axis[0] + 1e-9);
                const float face = (float)(steep / (steep + flat + 0.05));
                s->specular.v[at] += (distinct ? 2.6F : 1.3F) * face * face * elementary_expf(-far * far / 0.035F);
            }
            if (s->stiff.v) {
                const float hard = (float)drawn->stiffness_kpa, spread = 1 - smoothf(-1.0F, 1.8F, far);
                s->stiff.v[at] += spread * (hard * (0.82F + 0.08F * mottle + 0.25F * smoothf(-3, 0, far)) - s->stiff.v[at]);
            }
        }
}

/* What lies behind: each column's share of the thickest path, fading with depth; dark edges where the beam grazes a smooth wall. */
static int cast_beam(struct plane *s, const struct anatomy_lesion *l, const struct field *distance, struct err *e) {
    struct field f = {0};
    const int code = field_new(&f, s->width, s->height, e);
    if (code)
        return code;
    const double full = 2 * l->axis[2] * 0.8, strength = l->drawn->posterior_db;
    const bool smooth = l->drawn->margin == MARGIN_CIRCUMSCRIBED;
    for (int x = 0; x < s->width; x++) {
        double path = 0, behind = 0;
        const double across = (x - s->width / 2.0) * s->mm - l->at[0];
        if (fabs(across) > 1.7 * l->axis[0] + 1)
            continue;
        const double graze = (fabs(across) - 0.97 * l->axis[0]) / 0.6;
        const double edge = smooth ? -3.5 * elementary_exp(-graze * graze) : 0;
        for (int y = 0; y < s->height; y++) {
            const double below_middle = y * s->mm - l->at[2];
            const bool inside = distance->v[(size_t)y * (size_t)s->width + (size_t)x] < 0;
            path += inside ? s->mm : 0;
            behind = inside ? 0 : behind + s->mm;
            const double share = path / full > 1 ? 1 : path / full;
            const double fade = path > 0 ? elementary_exp(-behind / 28) : 0, below = below_middle > 0 ? 1 : 0;
            f.v[(size_t)y * (size_t)s->width + (size_t)x] =
                (float)(strength * share * fade * (inside ? 0.45 : 1) +
                        edge * below * (inside ? 0 : 1) * elementary_exp(-below_middle * below / 20));
        }
    }
    const int failed = field_smooth(&f, 0.5 / s->mm, 0.2 / s->mm, e);
    for (size_t i = 0; i < (size_t)s->width * (size_t)s->height; i++)
        s->loss.v[i] += f.v[i];
    field_release(&f);
    return failed;
}

/* Spicules near the plane: dark at the root, bright beyond. Calcifications within the slice: bright, the larger with a shadow. */
static int paint_lines(struct plane *s, const struct anatomy_lesion *l, struct err *e) {
    struct field f = {0};
    const int code = field_new(&f, s->width, s->height, e);
    if (code)
        return code;
    const double middle = s->width / 2.0;
    for (int i = 0; i < l->spicules; i++) {
        const struct anatomy_line *p = &l->spicule[i];
        const double out = fabs(0.5 * (p->from[1] + p->to[1])) / (l->axis[0] + 1); /* how far out of the plane */
        if (out < 0.75)
            field_stroke(&f, middle + p->from[0] / s->mm, p->from[2] / s->mm, middle + p->to[0] / s->mm, p->to[2] / s->mm,
                         fmax(0.9 * p->radius / s->mm, 0.6), 9 * (1 - out));
    }
    for (size_t i = 0; i < (size_t)s->width * (size_t)s->height; i++)
        s->db.v[i] -= f.v[i];
    memset(f.v, 0, sizeof *f.v * (size_t)s->width * (size_t)s->height);
    for (int i = 0; i < l->calcifications; i++) {
        const struct anatomy_line *p = &l->calcification[i];
        const double x = middle + p->from[0] / s->mm, z = p->from[2] / s->mm;
        if (fabs(p->from[1]) > 2.2 || x < 0 || x >= s->width || z < 0 || z >= s->height)
            continue;
        field_stroke(&f, x, z, middle + p->to[0] / s->mm, p->to[2] / s->mm, fmax(0.11 / s->mm, 0.5), fmin(p->radius / 0.16, 1.6));
        for (int y = (int)z + 1; y < s->height; y++)
            s->loss.v[(size_t)y * (size_t)s->width + (size_t)x] -= 0.6F;
    }
    for (size_t i = 0; i < (size_t)s->width * (size_t)s->height; i++)
        s->specular.v[i] += 4.5F * f.v[i];
    field_release(&f);
    return 0;
}

static int add_lesion(struct plane *s, const struct field map[MAPS], const struct anatomy_lesion *l, struct err *e) {
    struct field distance = {0};
    int code = distance_map(&distance, s, l, e);
    if (!code) {
        paint_lesion(s, map, l, &distance);
        code = paint_lines(s, l, e);
    }
    code = code ? code : cast_beam(s, l, &distance, e);
    field_release(&distance);
    return code;
}

/* --- all of it -------------------------------------------------------------------------------------------------------------- */

/* A rib under the muscle, cut across: a bright arc, and a shadow filled with haze. */
static void paint_rib(struct plane *s, const struct field map[MAPS], const struct layers *l, double x_mm, double half_mm) {
    for (int x = 0; x < s->width; x++) {
        const double across = ((x - s->width / 2.0) * s->mm - x_mm) / half_mm, arc = 1 - across * across;
        if (arc <= 0)
            continue;
        const float top = l->floor[x] + 1.5F - (float)(4 * arc), shade = smoothf(0, 0.5F, (float)arc);
        for (int y = 0; y < s->height; y++) {
            const size_t at = (size_t)y * (size_t)s->width + (size_t)x;
            const float lines = map[MAP_LINES].v[at], under = (float)(y * s->mm) - top + 0.15F * map[MAP_MOTTLE].v[at];
            if (under > 0) {
                const float deep = shade * smoothf(0, 2.5F, under);
                s->db.v[at] += deep * (-10 + 2 * lines - s->db.v[at]);
                s->loss.v[at] -= 5 * deep;
                s->specular.v[at] *= 1 - deep;
            }
            s->specular.v[at] +=
                3.6F * elementary_expf(-under * under / 0.05F) * shade * clampf(0.8F + 0.5F * map[MAP_FIBRES].v[at], 0.1F, 2);
        }
    }
}

int plane_tissue(struct plane *s, const struct view *v, const struct rng *r, struct err *e) {
    struct draw d = {*r, 0};
    struct field map[MAPS] = {{0}};
    struct layers l = {0};
    const bool elasto = v->slot >= SLOT_US_ELASTO_TRANS;
    place_lesions(s);
    int code = field_new(&s->db, s->width, s->height, e);
    code = code ? code : field_new(&s->specular, s->width, s->height, e);
    code = code ? code : field_new(&s->loss, s->width, s->height, e);
    code = code || !elasto ? code : field_new(&s->stiff, s->width, s->height, e);
    if (code || (code = coarse_maps(map, s, r, e)))
        goto out;
    l.fat = draw_line(s, &d, draw_between(&d, 3.5, 7) * (1.25 - 0.6 * s->anatomy->drawn->glandular), 1.3, 0.03, e);
    l.fascia = draw_line(s, &d, s->breast_mm, 0.9, 0.03, e);
    l.floor = draw_line(s, &d, s->breast_mm + s->muscle_mm, 0.7, 0.04, e);
    if (!l.fat || !l.fascia || !l.floor) {
        code = ERR_NO_MEMORY;
        goto out;
    }
    compose_tissue(s, map, &l);
    attenuate(s, &map[MAP_GLAND]);
    const bool rib = draw_uniform(&d) < 0.35;
    const double rib_x = draw_between(&d, -20, 20);
    if (rib)
        paint_rib(s, map, &l, rib_x, draw_between(&d, 7, 12));
    for (int i = 0; i < s->anatomy->drawn->lesions; i++) {
        const struct anatomy_lesion *lesion = &s->lesion[i];
        if (fabs(lesion->at[1]) > 1.3 * lesion->axis[1])
            continue; /* not in this plane */
        if ((code = add_lesion(s, map, lesion, e)))
            goto out;
    }
out:
    mem_free(l.fat);
    mem_free(l.fascia);
    mem_free(l.floor);
    for (int i = 0; i < MAPS; i++)
        field_release(&map[i]);
    return code;
}
