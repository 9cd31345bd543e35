/* Ultrasound frames: B-mode, and the colour of Doppler and elastography over it or beside it. Floor 4. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/elementary.h"
#include "base/mem.h"
#include "phantom/plane.h"
#include "phantom/speckle.h"

const struct scanner *scanner_of(int vendor) {
    static const struct scanner scanners[SYNTH_VENDORS] = {
        {60, 86, 2, 10, 0.13, 0.26, 40, 0, false, 0},    /* coarse speckle, hard contrast */
        {72, 92, 3, 12, 0.10, 0.22, 46, 0, true, 1},     /* compounded, soft */
        {66, 88, 2, 11, 0.11, 0.24, 38, 0.16, false, 2}, /* trapezoid */
    };
    return &scanners[vendor];
}

/* --- frame ------------------------------------------------------------------------------------------------------------------ */

/* Depth that shows the lesion and what lies behind it, in steps of 5 mm as scanners have it. */
static double choose_depth(const struct anatomy *a, struct draw *d) {
    const struct anatomy_lesion *l = &a->lesion[0];
    const double deepest = a->drawn->lesions ? a->drawn->lesion[0].depth_mm + 1.1 * l->axis[2] : 15;
    const double want = fmax(deepest + draw_between(d, 9, 18), 32);
    return ceil(fmin(want, 90) / 5) * 5;
}

/* Panes are alike but for their place; two share the frame's width. */
static void place_pane(struct plane *s, const struct view *v, struct draw *d, int panes) {
    const struct anatomy *a = v->anatomy;
    const int frame_w = v->size->us_width / panes, frame_h = v->size->us_height;
    const int border = frame_h / 24, ruler = frame_h / 20;
    s->anatomy = a;
    s->scanner = scanner_of(v->meta->vendor);
    s->transverse = v->slot == SLOT_US_BMODE_TRANS || v->slot == SLOT_US_DOPPLER_TRANS || v->slot == SLOT_US_ELASTO_TRANS;
    s->depth_mm = choose_depth(a, d);
    s->height = frame_h - 2 * border;
    s->mm = s->depth_mm / s->height;
    const double wanted = (s->scanner->aperture_mm + 2 * s->scanner->steer * s->depth_mm) / s->mm;
    s->width = frame_w - 2 * ruler;
    if (s->width > wanted)
        s->width = (int)wanted;
    s->x0 = (frame_w - s->width) / 2;
    s->y0 = border;
    const double depth = a->drawn->lesions ? a->drawn->lesion[0].depth_mm : 12, half = a->drawn->lesions ? a->lesion[0].axis[2] : 5;
    const double surface = anatomy_surface(a, a->lesion[0].at[0], a->lesion[0].at[1]);
    s->breast_mm = fmax(fmin(0.36 * surface + 4, 34), depth + 1.08 * half + 1.5);
    s->muscle_mm = draw_between(d, 6, 10);
    s->shift_mm = draw_between(d, -4, 4);
}

/* Is (x, y) of the pane within the scanned sector? */
static bool in_sector(const struct plane *s, int x, int y) {
    const double half = s->scanner->steer > 0 ? s->scanner->aperture_mm / 2 + s->scanner->steer * y * s->mm : 1e9;
    return fabs((x - s->width / 2.0) * s->mm) <= half;
}

static void put(uint8_t *frame, int stride, int x, int y, uint8_t grey) {
    memset(frame + 3 * ((size_t)y * (size_t)stride + (size_t)x), grey, 3);
}

/* What a screen shows beside the picture, without any text: depth marks each centimetre, a grey wedge. */
static void paint_furniture(uint8_t *frame, const struct view *v, const struct plane *s) {
    const int stride = v->size->us_width, x = s->x0 + s->width + 2, small = v->size->us_height < 400;
    for (int z = 0; z <= s->depth_mm + 0.1; z += 5) {
        const int y = s->y0 + (int)(z / s->mm), length = z % 10 ? (small ? 1 : 3) : (small ? 3 : 7);
        for (int i = 0; i < length && x + i < stride && y < v->size->us_height; i++)
            put(frame, stride, x + i, y, 130);
    }
    const int wedge = v->size->us_height / 4, width = small ? 2 : 6, left = s->x0 - width - (small ? 2 : 8);
    for (int y = 0; y < wedge && left >= 0; y++)
        for (int i = 0; i < width; i++)
            put(frame, stride, left + i, s->y0 + y, (uint8_t)(255 - 255 * y / wedge));
}

/* --- B-mode ----------------------------------------------------------------------------------------------------------------- */

/* An error of time gain compensation: smooth over depth, dB; and what the operator's gain is. */
struct gain {
    double offset, wave[3], phase[3], deep;
};

static float gain_at(const struct gain *g, double share) {
    double sum = g->offset - g->deep * share * share, sine, cosine;
    for (int k = 0; k < 3; k++) {
        elementary_sincos(0.5 * (k + 1) * share + g->phase[k], &sine, &cosine);
        sum += g->wave[k] * sine;
    }
    return (float)sum;
}

static float from_db(float db) {
    return elementary_expf(db * 0.115129255F);
}

/* Each second column of a map. */
static void halve(struct field *to, const struct field *from) {
    for (int y = 0; y < to->height; y++)
        for (int x = 0; x < to->width; x++)
            to->v[(size_t)y * (size_t)to->width + (size_t)x] =
                from->v[(size_t)y * (size_t)from->width + (size_t)(2 * x < from->width ? 2 * x : from->width - 1)];
}

/* The envelope of s->db (an amplitude by now) and s->specular. Scan lines are as far apart as the beam needs, which may be two pixels. */
static int echoes(struct field *envelope, const struct plane *s, const struct rng *r, struct err *e) {
    const struct scanner *scanner = s->scanner;
    const int every = scanner->lateral_mm / s->mm > 2.2 ? 2 : 1;
    const struct speckle sp = {.axial = scanner->axial_mm / s->mm,
                               .lateral = scanner->lateral_mm / s->mm / every,
                               .focus = 0.42 * s->height,
                               .blur = 0.5 * s->height,
                               .looks = scanner->looks};
    if (every == 1)
        return speckle_envelope(envelope, &s->db, &s->specular, &sp, r, e);
    struct field amplitude = {0}, coherent = {0}, lines = {0};
    const int width = s->width / 2 + 1;
    int code = field_new(&amplitude, width, s->height, e);
    code = code ? code : field_new(&coherent, width, s->height, e);
    code = code ? code : field_new(&lines, width, s->height, e);
    if (code)
        goto out;
    halve(&amplitude, &s->db);
    halve(&coherent, &s->specular);
    if ((code = speckle_envelope(&lines, &amplitude, &coherent, &sp, r, e)))
        goto out;
    for (int y = 0; y < s->height; y++) {
        const float *from = lines.v + (size_t)y * (size_t)width;
        float *to = envelope->v + (size_t)y * (size_t)s->width;
        for (int x = 0; x < s->width; x++)
            to[x] = x & 1 ? 0.5F * (from[x / 2] + from[x / 2 + 1]) : from[x / 2];
    }
out:
    field_release(&amplitude);
    field_release(&coherent);
    field_release(&lines);
    return code;
}

/* Echo strength, speckle, logarithm: the pane's grey levels. */
static int bmode(struct field *grey, struct plane *s, const struct rng *r, const struct gain *g, struct err *e) {
    const struct scanner *scanner = s->scanner;
    const size_t n = (size_t)s->width * (size_t)s->height;
    int code;
    for (int y = 0; y < s->height; y++) {
        const float gain = gain_at(g, (double)y / s->height), floor_db = -33 + 9 * (float)y / (float)s->height;
        const float noise = from_db(floor_db), noise2 = noise * noise;
        for (int x = 0; x < s->width; x++) {
            const size_t at = (size_t)y * (size_t)s->width + (size_t)x;
            const float through = from_db(s->loss.v[at] + gain), echo = from_db(s->db.v[at]) * through;
            s->db.v[at] = sqrtf(echo * echo + noise2); /* from here on an amplitude */
            s->specular.v[at] *= through * (float)(0.55 * sqrt(0.1 / s->mm) * (scanner->lateral_mm / s->mm > 2.2 ? 0.71 : 1));
        }
    }
    if ((code = echoes(grey, s, r, e)))
        return code;
    const float per_db = (float)(255 / scanner->dynamic_range);
    for (size_t i = 0; i < n; i++) {
        const float db = 8.6858896F * elementary_logf(grey->v[i] + 1e-6F);
        grey->v[i] = clampf((float)scanner->grey + 2.5F + db * per_db, 0, 255);
    }
    return 0;
}

static void blit(uint8_t *frame, int stride, const struct plane *s, const struct field *grey) {
    for (int y = 0; y < s->height; y++)
        for (int x = 0; x < s->width; x++)
            if (in_sector(s, x, y))
                put(frame, stride, s->x0 + x, s->y0 + y, (uint8_t)(grey->v[(size_t)y * (size_t)s->width + (size_t)x] + 0.5F));
}

/* --- what the tags say ------------------------------------------------------------------------------------------------------ */

static void add_region(struct synth_meta *m, const struct plane *s, uint16_t type, const struct colour_box *b) {
    m->region[m->n_regions++] = (struct dicom_region){.spatial_format = 1, /* 2D */
                                                      .data_type = type,   /* 1 tissue, 2 colour flow */
                                                      .x0 = (uint32_t)(s->x0 + b->x0),
                                                      .y0 = (uint32_t)(s->y0 + b->y0),
                                                      .x1 = (uint32_t)(s->x0 + b->x1),
                                                      .y1 = (uint32_t)(s->y0 + b->y1),
                                                      .unit_x = 3,
                                                      .unit_y = 3,
                                                      .delta_x = s->mm / 10,
                                                      .delta_y = s->mm / 10};
}

static void fill_meta(const struct view *v, const struct plane *s) {
    struct synth_meta *m = v->meta;
    m->bits = 8;
    m->mm = s->mm;
    for (int i = 0; i < v->anatomy->drawn->lesions; i++) {
        const struct anatomy_lesion *l = &s->lesion[i];
        const double x = s->width / 2.0 + l->at[0] / s->mm, y = l->at[2] / s->mm;
        m->lesion[i].in_view =
            x >= 0 && y >= 0 && x < s->width && y < s->height && fabs(l->at[1]) < l->axis[1] && in_sector(s, (int)x, (int)y);
        m->lesion[i].x = s->x0 + x;
        m->lesion[i].y = s->y0 + y;
        m->lesion[i].radius = l->drawn->diameter_mm / 2 / s->mm;
    }
}

/* --- all of it -------------------------------------------------------------------------------------------------------------- */

static int paint(uint8_t *frame, struct plane *s, const struct view *v, int panes, struct err *e) {
    const int stride = v->size->us_width;
    const bool doppler = v->slot == SLOT_US_DOPPLER_TRANS || v->slot == SLOT_US_DOPPLER_LONG, elasto = v->slot >= SLOT_US_ELASTO_TRANS;
    /* the plane's own stream, whatever is painted over it: B-mode, Doppler and elastography of one plane show the same tissue */
    const struct rng tissue =
        rng_make(v->seed, SYNTH_VIEW + (uint32_t)(s->transverse ? SLOT_US_BMODE_TRANS : SLOT_US_BMODE_LONG), v->anatomy->drawn->number);
    const struct rng echo = rng_make(v->seed, SYNTH_QUANTUM + (uint32_t)v->slot, v->anatomy->drawn->number);
    struct field grey = {0};
    struct draw d = {echo, (uint64_t)1 << 60};
    struct gain g = {.offset = draw_between(&d, -2, 2), .deep = draw_between(&d, 0, 7)};
    for (int k = 0; k < 3; k++) {
        g.wave[k] = draw_between(&d, 0.3, 1.6);
        g.phase[k] = draw_uniform(&d);
    }
    int code = plane_tissue(s, v, &tissue, e);
    if (code || (code = field_new(&grey, s->width, s->height, e)) || (code = bmode(&grey, s, &echo, &g, e)))
        goto out;
    blit(frame, stride, s, &grey);
    paint_furniture(frame, v, s);
    const struct colour_box all = {0, 0, s->width - 1, s->height - 1};
    add_region(v->meta, s, 1, &all);
    fill_meta(v, s);
    if (panes > 1) { /* the same B-mode again, beside; colour goes there */
        s->x0 += stride / 2;
        blit(frame, stride, s, &grey);
        add_region(v->meta, s, 1, &all);
    }
    const struct colour_box b = plane_colour_box(s, elasto ? 7 : 5);
    if (doppler) {
        add_region(v->meta, s, 2, &b);
        code = doppler_paint(frame, stride, s, v, &b, e);
    } else if (elasto) {
        code = elasto_paint(frame, stride, s, v, &b, e);
    }
out:
    field_release(&grey);
    plane_release(s);
    return code;
}

int ultrasound_view(struct image **out, const struct view *v, struct err *e) {
    const bool elasto = v->slot >= SLOT_US_ELASTO_TRANS;
    const uint32_t number = v->anatomy->drawn->number;
    struct draw d = draw_from(v->seed, SYNTH_SCAN, number); /* depth and place are the same in all pictures of a breast */
    struct plane s = {0};
    v->meta->dual_pane = elasto && scanner_of(v->meta->vendor)->dual_pane;
    const int panes = v->meta->dual_pane ? 2 : 1;
    place_pane(&s, v, &d, panes);
    int code = image_new(out, (uint32_t)v->size->us_width, (uint32_t)v->size->us_height, 3, 8, e);
    if (!code)
        code = paint((*out)->pixels, &s, v, panes, e);
    if (code) {
        image_free(*out);
        *out = NULL;
    }
    return code;
}
