/* The breast in three dimensions. Floor 4. */
#include "phantom/anatomy.h"

#include <math.h>
#include <stdlib.h>

#include "base/elementary.h"
#include "base/mem.h"
#include "base/order.h"

enum { QUANTILE_POINTS = 3000 };

static void draw_direction(struct draw *d, double out[3]) {
    double s, c;
    const double z = draw_between(d, -1, 1), r = sqrt(1 - z * z);
    elementary_sincos(draw_between(d, 0, 1), &s, &c);
    out[0] = r * c;
    out[1] = r * s;
    out[2] = z;
}

static double dot(const double a[3], const double b[3]) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static double smoothstep(double low, double high, double x) {
    const double t = (x - low) / (high - low);
    return t <= 0 ? 0 : t >= 1 ? 1 : t * t * (3 - 2 * t);
}

/* --- noise ------------------------------------------------------------------------------------------------------------------ */

/* Quadratic B-spline over the lattice, which repeats: 27 neighbours, no seams. */
float anatomy_noise(const struct anatomy *a, const double p[3], double spacing, int octave) {
    /* each octave is turned, so that no grid shows */
    static const double turn[2][3][3] = {{{0.36, 0.48, -0.8}, {-0.8, 0.6, 0}, {0.48, 0.64, 0.6}},
                                         {{0.6, 0, 0.8}, {0.64, 0.6, -0.48}, {-0.48, 0.8, 0.36}}};
    float weight[3][3];
    unsigned index[3][3];
    for (int i = 0; i < 3; i++) {
        const double x = dot(turn[octave & 1][i], p) / spacing + a->octave[octave][i];
        const double near = floor(x + 0.5);
        const float f = (float)(x - near);
        weight[i][0] = 0.5F * (0.5F - f) * (0.5F - f);
        weight[i][1] = 0.75F - f * f;
        weight[i][2] = 0.5F * (0.5F + f) * (0.5F + f);
        for (int k = 0; k < 3; k++)
            index[i][k] = (unsigned)((int64_t)near + k - 1) & (ANATOMY_LATTICE - 1);
    }
    float sum = 0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            const float *row = a->lattice + (index[0][i] * ANATOMY_LATTICE + index[1][j]) * ANATOMY_LATTICE;
            sum += weight[0][i] * weight[1][j] *
                   (weight[2][0] * row[index[2][0]] + weight[2][1] * row[index[2][1]] + weight[2][2] * row[index[2][2]]);
        }
    return 2.45F * sum; /* the spline's weights squared sum to 11/20 on average, cubed */
}

/* Distance from the middle of the ellipsoid, 1 on the skin. */
static double ellipsoid(const struct anatomy *a, const double p[3]) {
    const double h = p[2] / a->height;
    return sqrt((p[0] * p[0] + p[1] * p[1]) / (a->radius * a->radius) + h * h);
}

/* Coordinates in which strands that run to the nipple are round: directions as seen from the nipple, and half the distance. */
static void ductal(double out[3], const struct anatomy *a, const double p[3]) {
    const double w = p[2] - a->height, r = sqrt(p[0] * p[0] + p[1] * p[1] + w * w), scale = 60 / (r + 22);
    out[0] = p[0] * scale;
    out[1] = p[1] * scale;
    out[2] = 0.45 * r;
}

static double gland_score(const struct anatomy *a, const double p[3]) {
    double q[3], e = 0;
    ductal(q, a, p);
    const double s = 0.62 * (double)anatomy_noise(a, p, 22, 0) + 0.58 * (double)anatomy_noise(a, q, 11, 1) +
                     0.42 * (double)anatomy_noise(a, q, 5.5, 2) + 0.3 * (double)anatomy_noise(a, q, 2.8, 3);
    for (int i = 0; i < 3; i++) {
        const double d = (p[i] - a->middle[i]) / a->axis[i];
        e += d * d;
    }
    const double depth = (1 - ellipsoid(a, p)) * 0.5 * (a->radius + a->height);
    const double lateral = (p[0] * p[0] + p[1] * p[1]) / 150; /* the fat layer opens behind the nipple */
    const double bare = a->subcutaneous * (1 - elementary_exp(-lateral)) - depth;
    return 0.75 * s - 1.4 * e - (bare > 0 ? bare * bare / 8 : 0);
}

float anatomy_gland(const struct anatomy *a, const double p[3]) {
    return (float)smoothstep(-0.42, 0.42, gland_score(a, p) - a->threshold);
}

float anatomy_septum(const struct anatomy *a, const double p[3]) {
    return anatomy_noise(a, p, 10, 5) + 0.22F * anatomy_noise(a, p, 4.5, 6);
}

double anatomy_surface(const struct anatomy *a, double u, double v) {
    const double r = 1 - (u * u + v * v) / (a->radius * a->radius);
    return r > 0 ? a->height * sqrt(r) : 0;
}

/* The score above which the case's glandular fraction lies. */
static int find_threshold(struct anatomy *a, struct draw *d, struct err *e) {
    double *score = mem_alloc(QUANTILE_POINTS, sizeof *score, e);
    if (!score)
        return ERR_NO_MEMORY;
    for (int n = 0; n < QUANTILE_POINTS;) {
        const double p[3] = {draw_between(d, -1, 1) * a->radius, draw_between(d, -1, 1) * a->radius, draw_between(d, 0, 1) * a->height};
        if (ellipsoid(a, p) < 1)
            score[n++] = gland_score(a, p);
    }
    qsort(score, QUANTILE_POINTS, sizeof *score, order_double);
    a->threshold = score[(int)((1 - a->drawn->glandular) * (QUANTILE_POINTS - 1))];
    mem_free(score);
    return 0;
}

/* --- lesions ---------------------------------------------------------------------------------------------------------------- */

double anatomy_lesion_outline(const struct anatomy_lesion *l, const double d[3]) {
    double unit[3], length = 0, h = 0;
    for (int i = 0; i < 3; i++) {
        unit[i] = d[i] / l->axis[i];
        length += unit[i] * unit[i];
    }
    length = sqrt(length) + 1e-9;
    for (int i = 0; i < ANATOMY_WAVES; i++)
        if (l->wave[i].amplitude > 0) {
            double s, c;
            elementary_sincos(l->wave[i].frequency * dot(unit, l->wave[i].direction) / length * 0.25 + l->wave[i].phase, &s, &c);
            h += l->wave[i].amplitude * s;
        }
    return 1 + (h < 0 ? h / (1 - 1.5 * h) : h / (1 + 0.5 * h)); /* no notch reaches the middle */
}

double anatomy_lesion_distance(const struct anatomy_lesion *l, const double d[3]) {
    double rho = 0, far = 0;
    for (int i = 0; i < 3; i++) {
        rho += d[i] * d[i] / (l->axis[i] * l->axis[i]);
        far += d[i] * d[i];
    }
    rho = sqrt(rho);
    if (rho > 3) /* far away: the outline does not matter */
        return sqrt(far) * (1 - 1 / rho);
    const double scale = rho > 1e-3 ? sqrt(far) / rho : l->axis[0]; /* mm per unit along this direction */
    return (rho - anatomy_lesion_outline(l, d)) * scale;
}

/* Amplitude of the outline's waves by their frequency (lobes over half a turn). */
static void draw_outline(struct anatomy_lesion *l, struct draw *d) {
    const struct synth_lesion *s = l->drawn;
    const double lobes = s->shape == SHAPE_LOBULATED ? 0.06 : s->shape == SHAPE_IRREGULAR ? 0.04 : 0.012;
    const double rough = s->irregularity / 3 * 0.36;
    const double fine = s->margin == MARGIN_MICROLOBULATED ? 0.012 : s->margin == MARGIN_SPICULATED ? 0.010 : 0;
    for (int i = 0; i < ANATOMY_WAVES; i++) {
        draw_direction(d, l->wave[i].direction);
        l->wave[i].phase = draw_between(d, 0, 1);
        l->wave[i].frequency = i < 4 ? draw_between(d, 2, 4) : i < 9 ? draw_between(d, 4, 7) : draw_between(d, 8, 16);
        l->wave[i].amplitude = (i < 4 ? lobes + 0.7 * rough : i < 9 ? 0.6 * rough : fine) * draw_between(d, 0.6, 1.3);
    }
}

/* Strands of tissue drawn in by the lesion: they begin under its outline and thin out. */
static void draw_spicules(struct anatomy_lesion *l, struct draw *d) {
    const double strength = l->drawn->spiculation, size = l->drawn->diameter_mm / 2;
    l->spicules = (int)(strength * (ANATOMY_SPICULES_MAX - 4) + (strength > 0.05 ? 4 : 0));
    for (int i = 0; i < l->spicules; i++) {
        double direction[3];
        draw_direction(d, direction);
        const double length = (0.5 + 1.1 * strength) * draw_between(d, 0.4, 1.2) * (size < 4 ? 4 : size > 12 ? 12 : size);
        for (int k = 0; k < 3; k++) {
            l->spicule[i].from[k] = l->at[k] + 0.8 * l->axis[k] * direction[k];
            l->spicule[i].to[k] = l->at[k] + (l->axis[k] + length) * direction[k];
        }
        l->spicule[i].radius = draw_between(d, 0.25, 0.6);
    }
}

/* A cluster: balls of like size scattered through the lesion, or fine broken lines along a few directions (ducts full of debris). */
static void draw_calcifications(struct anatomy_lesion *l, struct draw *d) {
    const double linear = l->drawn->calcification_pleomorphism;
    double way[4][3], start[4][3];
    for (int i = 0; i < 4; i++) {
        draw_direction(d, way[i]);
        for (int k = 0; k < 3; k++)
            start[i][k] = 0.4 * draw_normal(d) * l->axis[k];
    }
    l->calcifications = l->drawn->calcifications;
    for (int i = 0; i < l->calcifications; i++) {
        struct anatomy_line *line = &l->calcification[i];
        const double along = draw_between(d, -1, 1) * (4 + 0.5 * l->axis[0]);
        const int branch = i % 4, is_line = draw_between(d, 0, 1) < 0.7 * linear;
        const double length = is_line ? draw_between(d, 0.4, 1.6) * linear : 0;
        for (int k = 0; k < 3; k++) {
            const double scattered = 0.42 * draw_normal(d) * (l->axis[k] < 2.5 ? 2.5 : l->axis[k] > 9 ? 9 : l->axis[k]);
            const double ductal = start[branch][k] + along * way[branch][k] + 0.3 * draw_normal(d);
            line->from[k] = l->at[k] + (1 - linear) * scattered + linear * ductal;
            line->to[k] = line->from[k] + length * (way[branch][k] + 0.25 * draw_normal(d));
        }
        line->radius = is_line ? draw_between(d, 0.07, 0.13) : 0.16 * elementary_exp((0.12 + 0.35 * linear) * draw_normal(d));
    }
}

/* The clock face is seen from the front: 12 cranial, 3 on the patient's left. */
static void place_lesion(struct anatomy *a, struct anatomy_lesion *l) {
    const struct synth_lesion *s = l->drawn;
    const double size = s->diameter_mm / 2, third = elementary_pow(s->elongation, 1.0 / 3);
    double sine, cosine;
    elementary_sincos(s->clock / 12, &sine, &cosine);
    const double out = s->nipple_mm < 0.8 * a->radius ? s->nipple_mm : 0.8 * a->radius;
    l->axis[0] = l->axis[1] = size / third;
    l->axis[2] = size * third * third;
    l->at[0] = out * sine * (a->drawn->side == 'L' ? 1 : -1);
    l->at[1] = out * cosine;
    const double surface = anatomy_surface(a, l->at[0], l->at[1]);
    const double lowest = 0.18 * surface, highest = 0.9 * surface;
    const double w = surface - s->depth_mm;
    l->at[2] = w < lowest ? lowest : w > highest ? highest : w;
}

/* --- ducts and vessels ------------------------------------------------------------------------------------------------------ */

static void add_line(struct anatomy *a, int n, const double from[3], const double to[3], double radius) {
    for (int k = 0; k < 3; k++) {
        a->line[n].from[k] = from[k];
        a->line[n].to[k] = to[k];
    }
    a->line[n].radius = radius;
}

/* One branch, step by step, then its children; a tree of bounded depth. */
static void grow(struct anatomy *a, struct draw *d, const double from[3], const double direction[3], double radius, int depth, int limit) {
    double p[3] = {from[0], from[1], from[2]}, way[3] = {direction[0], direction[1], direction[2]};
    const int steps = (int)draw_between(d, 3, 7);
    for (int s = 0; s < steps && a->ducts < limit; s++) {
        double q[3], length = 0;
        for (int k = 0; k < 3; k++) {
            way[k] += 0.22 * draw_normal(d);
            length += way[k] * way[k];
        }
        length = sqrt(length) + 1e-9;
        for (int k = 0; k < 3; k++) {
            way[k] /= length;
            q[k] = p[k] + 2.6 * way[k];
        }
        if (q[2] < 3 || ellipsoid(a, q) > 0.93)
            return;
        add_line(a, a->ducts++, p, q, radius);
        for (int k = 0; k < 3; k++)
            p[k] = q[k];
    }
    for (int child = 0; child < 2 && depth > 0; child++) {
        double turned[3];
        for (int k = 0; k < 3; k++)
            turned[k] = way[k] + 0.45 * draw_normal(d);
        grow(a, d, p, turned, radius * 0.8, depth - 1, limit);
    }
}

static void draw_ducts(struct anatomy *a, struct draw *d) {
    const int trees = 11;
    for (int i = 0; i < trees; i++) {
        double s, c;
        elementary_sincos((i + draw_between(d, 0, 0.8)) / trees, &s, &c);
        const double spread = draw_between(d, 0.3, 1.1), from[3] = {2.5 * c, 2.5 * s, a->height - 3},
                     way[3] = {spread * c, spread * s, -0.9};
        grow(a, d, from, way, draw_between(d, 0.3, 0.5), 5, (i + 1) * (ANATOMY_LINES_MAX - 800) / trees);
    }
}

/* Veins run under the skin from the rim towards the areola. */
static void draw_vessels(struct anatomy *a, struct draw *d) {
    const int count = 3 + (int)draw_between(d, 0, 4);
    for (int i = 0; i < count; i++) {
        double angle = draw_between(d, 0, 1), bend = 0, p[3] = {0}, q[3];
        const double radius = draw_between(d, 0.5, 1.0), deep = draw_between(d, 0.82, 0.93), end = draw_between(d, 0.25, 0.6);
        for (int step = 0; step < 60; step++) {
            double s, c;
            const double out = 0.97 - step / 60.0 * (0.97 - end);
            bend = 0.9 * bend + 0.0035 * draw_normal(d);
            angle += bend;
            elementary_sincos(angle, &s, &c);
            q[0] = a->radius * out * c;
            q[1] = a->radius * out * s;
            q[2] = a->height * sqrt(1 - out * out);
            for (int k = 0; k < 3; k++)
                q[k] *= deep;
            if (step)
                add_line(a, a->ducts + a->vessels++, p, q, radius * (1 - 0.4 * step / 60));
            for (int k = 0; k < 3; k++)
                p[k] = q[k];
        }
    }
}

/* --- all of it -------------------------------------------------------------------------------------------------------------- */

static int check_case(const struct synth_case *c, struct err *e) {
    int bad = (c->side != 'L' && c->side != 'R') || !(c->radius_mm >= 40 && c->radius_mm <= 110) ||
              !(c->compressed_mm >= 15 && c->compressed_mm <= 120) || !(c->glandular > 0 && c->glandular < 0.95) || c->lesions < 0 ||
              c->lesions > SYNTH_LESIONS_MAX;
    for (int i = 0; i < c->lesions && !bad; i++) {
        const struct synth_lesion *l = &c->lesion[i];
        bad = !(l->diameter_mm >= 2 && l->diameter_mm <= 80) || !(l->elongation > 0.1 && l->elongation < 5) || l->calcifications < 0 ||
              l->calcifications > 60 || !(l->depth_mm >= 0 && l->depth_mm <= 120) || !(l->nipple_mm >= 0) ||
              !(l->spiculation >= 0 && l->spiculation <= 1) || !(l->irregularity >= 0 && l->irregularity <= 1) ||
              !(l->clock >= 0 && l->clock <= 12);
    }
    return bad ? err_set(e, ERR_INTERNAL, "exam %u of the synthetic cohort lies outside its model's ranges", c->number) : 0;
}

int anatomy_make(struct anatomy **out, uint64_t seed, const struct synth_case *c, struct err *e) {
    *out = NULL;
    const int bad = check_case(c, e);
    if (bad)
        return bad;
    struct anatomy *a = mem_alloc(1, sizeof *a, e);
    if (!a)
        return ERR_NO_MEMORY;
    struct draw d = draw_from(seed, SYNTH_ANATOMY, c->number);
    const struct rng lattice = rng_make(seed, SYNTH_LATTICE, c->number);
    rng_fill_normal(&lattice, 0, sizeof a->lattice / sizeof a->lattice[0], a->lattice);
    a->drawn = c;
    a->radius = c->radius_mm;
    a->height = c->radius_mm * draw_between(&d, 0.8, 1.0);
    for (int i = 0; i < 8; i++)
        for (int k = 0; k < 3; k++)
            a->octave[i][k] = draw_between(&d, 0, ANATOMY_LATTICE);
    a->subcutaneous = draw_between(&d, 5, 9) * (1.2 - 0.7 * c->glandular);
    const double wide = 0.42 + 0.5 * c->glandular;
    const double middle[3] = {0.10 * a->radius, 0.08 * a->radius, 0.52 * a->height};
    for (int k = 0; k < 3; k++) {
        a->middle[k] = middle[k] + 0.06 * a->radius * draw_normal(&d);
        a->axis[k] = a->radius * wide * draw_between(&d, 0.9, 1.15);
    }
    for (int i = 0; i < c->lesions; i++) {
        struct draw own = draw_from(seed, SYNTH_OUTLINE + (uint32_t)i, c->number);
        a->lesion[i].drawn = &c->lesion[i];
        place_lesion(a, &a->lesion[i]);
        draw_outline(&a->lesion[i], &own);
        draw_spicules(&a->lesion[i], &own);
        draw_calcifications(&a->lesion[i], &own);
    }
    draw_ducts(a, &d);
    draw_vessels(a, &d);
    const int failed = find_threshold(a, &d, e);
    if (failed) {
        mem_free(a);
        return failed;
    }
    *out = a;
    return 0;
}
