/* Colour Doppler and elastography: what is painted over a B-mode pane. Floor 4. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/elementary.h"
#include "base/mem.h"
#include "phantom/plane.h"

struct colour {
    float r, g, b;
};

static void blend(uint8_t *p, struct colour c, float alpha) {
    const float to[3] = {c.r, c.g, c.b};
    for (int k = 0; k < 3; k++)
        p[k] = (uint8_t)clampf((float)p[k] + alpha * (to[k] - (float)p[k]) + 0.5F, 0, 255);
}

static uint8_t *pixel(uint8_t *frame, int stride, const struct plane *s, int x, int y) {
    return frame + 3 * ((size_t)(s->y0 + y) * (size_t)stride + (size_t)(s->x0 + x));
}

/* A thin frame about the box. */
static void outline(uint8_t *frame, int stride, const struct plane *s, const struct colour_box *b, struct colour c) {
    for (int x = b->x0; x <= b->x1; x++) {
        blend(pixel(frame, stride, s, x, b->y0), c, 1);
        blend(pixel(frame, stride, s, x, b->y1), c, 1);
    }
    for (int y = b->y0; y <= b->y1; y++) {
        blend(pixel(frame, stride, s, b->x0, y), c, 1);
        blend(pixel(frame, stride, s, b->x1, y), c, 1);
    }
}

/* A wedge of the colour scale beside the pane; t runs from 1 (top) to 0 or -1. */
static void wedge(uint8_t *frame, int stride, const struct view *v, const struct plane *s, struct colour (*of)(float, int), int palette,
                  float bottom) {
    const int high = v->size->us_height / 4, wide = v->size->us_height < 400 ? 3 : 8,
              left = s->x0 - wide - (v->size->us_height < 400 ? 5 : 18);
    if (left < 0)
        return;
    for (int y = 0; y < high; y++)
        for (int x = 0; x < wide; x++) {
            uint8_t *p = frame + 3 * ((size_t)(s->y0 + v->size->us_height / 3 + y) * (size_t)stride + (size_t)(left + x));
            blend(p, of(1 - (1 - bottom) * (float)y / (float)high, palette), 1);
        }
}

/* --- Doppler ---------------------------------------------------------------------------------------------------------------- */

/* Towards the probe red to yellow, away blue to cyan; speed -1 .. 1. */
static struct colour flow_colour(float speed, int palette) {
    (void)palette;
    const float f = clampf(fabsf(speed), 0, 1), low = 0.45F + 0.55F * smoothf(0, 0.5F, f), high = smoothf(0.45F, 1, f);
    return speed >= 0 ? (struct colour){255 * low, 215 * high, 20 * high} : (struct colour){20 * high, 200 * high, 255 * low};
}

/* One vessel: a wandering line, drawn as speed. Vessel k has its own numbers, so that more vascularity adds vessels to those there. */
static void draw_vessel(struct field *f, const struct plane *s, const struct colour_box *b, const struct rng *r, int k,
                        double vascularity) {
    struct draw d = {*r, (uint64_t)(k + 1) << 20};
    const struct anatomy_lesion *l = &s->lesion[0];
    double turn = draw_uniform(&d), sine, cosine;
    const bool inside = draw_uniform(&d) < 0.45;
    const double out = inside ? draw_between(&d, 0.1, 0.8) : draw_between(&d, 0.95, 1.35);
    elementary_sincos(turn, &sine, &cosine);
    double x = s->width / 2.0 * s->mm + l->at[0] + out * l->axis[0] * cosine, z = l->at[2] + out * l->axis[2] * sine;
    turn += draw_between(&d, 0.15, 0.35); /* along the rim, or inwards */
    const double radius = draw_between(&d, 0.16, 0.38) * (0.8 + 0.5 * vascularity), speed = draw_between(&d, 0.35, 0.95);
    const double aliased = draw_uniform(&d) < 0.08 ? 0.5 : 0;
    const int steps = (int)draw_between(&d, 6, 20);
    for (int i = 0; i < steps; i++) {
        elementary_sincos(turn, &sine, &cosine);
        const double nx = x + 0.4 * cosine, nz = z + 0.4 * sine;
        double shown = (sine < 0 ? 1 : -1) * (speed * (0.35 + 0.65 * fabs(sine)) + aliased);
        shown = shown > 1 ? shown - 2 : shown < -1 ? shown + 2 : shown; /* beyond the scale it wraps */
        const double sigma = radius / s->mm;
        const int reach = (int)(2.2 * sigma) + 1, cx = (int)(nx / s->mm), cy = (int)(nz / s->mm);
        for (int py = cy - reach; py <= cy + reach; py++)
            for (int px = cx - reach; px <= cx + reach; px++) {
                if (px <= b->x0 || px >= b->x1 || py <= b->y0 || py >= b->y1)
                    continue;
                const double dx = px - nx / s->mm, dy = py - nz / s->mm,
                             fall = elementary_exp(-0.5 * (dx * dx * 0.6 + dy * dy) / (sigma * sigma));
                float *at = &f->v[(size_t)py * (size_t)f->width + (size_t)px];
                if (fall > 0.25 && fall * fabs(shown) > fabs((double)*at))
                    *at = (float)(shown * sqrt(fall));
            }
        x = nx;
        z = nz;
        turn += 0.045 * draw_normal(&d);
    }
}

int doppler_paint(uint8_t *frame, int stride, const struct plane *s, const struct view *v, const struct colour_box *b, struct err *e) {
    const struct rng r = rng_make(v->seed, SYNTH_COLOUR + (uint32_t)v->slot, s->anatomy->drawn->number);
    struct field f = {0}, rough = {0};
    int code = field_new(&f, s->width, s->height, e);
    code = code ? code : field_new(&rough, s->width, s->height, e);
    if (code || (code = field_noise(&rough, &r, (uint64_t)1 << 50, 1.5, (int)(2 / s->mm), e)))
        goto out;
    const double vascularity = s->anatomy->drawn->lesions ? s->lesion[0].drawn->vascularity : 0;
    const double area = s->lesion[0].axis[0] * s->lesion[0].axis[2], more = 1 + fmin(area / 80, 2);
    const int vessels = (int)(vascularity * 9 * more + 0.6);
    for (int k = 0; k < vessels; k++)
        draw_vessel(&f, s, b, &r, k, vascularity);
    struct draw d = {r, 0};
    for (int k = (int)draw_between(&d, 0, 4); k > 0; k--) { /* specks of noise */
        const double x = draw_between(&d, b->x0 + 2, b->x1 - 2), y = draw_between(&d, b->y0 + 2, b->y1 - 2);
        field_stroke(&f, x, y, x + draw_between(&d, 0, 0.5) / s->mm, y, 0.18 / s->mm, 0.4);
    }
    for (int y = b->y0 + 1; y < b->y1; y++)
        for (int x = b->x0 + 1; x < b->x1; x++) {
            const size_t at = (size_t)y * (size_t)s->width + (size_t)x;
            const float speed = f.v[at] * (1 + 0.22F * rough.v[at]);
            if (fabsf(speed) > 0.16F)
                blend(pixel(frame, stride, s, x, y), flow_colour(speed, 0), 0.92F);
        }
    outline(frame, stride, s, b, v->meta->vendor == 1 ? (struct colour){60, 200, 90} : (struct colour){210, 210, 210});
    wedge(frame, stride, v, s, flow_colour, 0, -1);
out:
    field_release(&f);
    field_release(&rough);
    return code;
}

/* --- elastography ----------------------------------------------------------------------------------------------------------- */

/* t: 0 soft .. 1 hard. Palettes: 0 and 2 hard is red (kPa scales), 1 hard is blue (strain). */
static struct colour stiffness_colour(float t, int palette) {
    static const struct colour ramp[] = {{12, 18, 150},  {20, 90, 230},  {30, 190, 220}, {70, 210, 90},
                                         {225, 215, 50}, {240, 120, 30}, {215, 25, 20}};
    enum { LAST = sizeof ramp / sizeof ramp[0] - 1 };
    t = clampf(palette == 1 ? 1 - t : t, 0, 1) * LAST;
    const int i = (int)t < LAST ? (int)t : LAST - 1;
    const float f = t - (float)i;
    const struct colour a = ramp[i], b = ramp[i + 1];
    return (struct colour){a.r + f * (b.r - a.r), a.g + f * (b.g - a.g), a.b + f * (b.b - a.b)};
}

/* Where on the scale: kPa on a linear scale to 180 (0), relative strain, which is logarithmic (1), or speed, a root (2). */
static float stiffness_share(float kpa, int palette) {
    const float k = clampf(kpa, 2, 400);
    return palette == 0 ? k / 180 : palette == 1 ? (elementary_logf(k) - 1.6F) / 3.7F : sqrtf(k / 220);
}

int elasto_paint(uint8_t *frame, int stride, const struct plane *s, const struct view *v, const struct colour_box *b, struct err *e) {
    const struct rng r = rng_make(v->seed, SYNTH_COLOUR + (uint32_t)v->slot, s->anatomy->drawn->number);
    const int palette = s->scanner->palette;
    struct field noise = {0}, kpa = {0};
    int code = field_new(&noise, s->width, s->height, e);
    code = code ? code : field_new(&kpa, s->width, s->height, e);
    if (code || (code = field_noise(&noise, &r, (uint64_t)1 << 50, 3, (int)(8 / s->mm), e)))
        goto out;
    const size_t n = (size_t)s->width * (size_t)s->height;
    for (size_t i = 0; i < n; i++) /* the method's noise is relative */
        kpa.v[i] = s->stiff.v[i] * elementary_expf(0.22F * noise.v[i]);
    if ((code = field_smooth(&kpa, 0.9 / s->mm, 0.7 / s->mm, e)))
        goto out;
    const float alpha = palette == 1 ? 0.62F : 0.55F;
    for (int y = b->y0 + 1; y < b->y1; y++)
        for (int x = b->x0 + 1; x < b->x1; x++)
            blend(pixel(frame, stride, s, x, y),
                  stiffness_colour(stiffness_share(kpa.v[(size_t)y * (size_t)s->width + (size_t)x], palette), palette), alpha);
    outline(frame, stride, s, b, (struct colour){220, 220, 220});
    wedge(frame, stride, v, s, stiffness_colour, palette, 0);
out:
    field_release(&noise);
    field_release(&kpa);
    return code;
}
