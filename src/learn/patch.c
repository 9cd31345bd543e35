/* Patches of pictures. Floor 7. */
#include "learn/patch.h"

#include <math.h>

#include "base/rng.h"
#include "learn/purpose.h"

enum drawn { DRAWN_LESION, DRAWN_MARK, DRAWN_X, DRAWN_Y, DRAWN_DEGREES, DRAWN_SCALE, DRAWN_MIRROR, DRAWN_PLACES, PER_EPOCH = 16 };
enum { TRIES = 32 };

struct patch patch_plain(void) {
    return (struct patch){.scale = 1};
}

struct patch patch_draw(const struct patch_settings *s, const struct augment_settings *a, enum slot slot, const struct marked_view *marks,
                        uint64_t seed, uint32_t epoch, uint32_t view) {
    if (!a)
        return patch_plain();
    const struct augment_modality *m = slot_is_mg(slot) ? &a->mammography : &a->ultrasound;
    const struct rng r = rng_make(seed, TRAIN_PATCH, view);
    const uint64_t first = (uint64_t)epoch * PER_EPOCH;
#define DRAW(which) rng_uniform(&r, first + (which))
    struct patch x = {.mark = DRAW(DRAWN_LESION) < s->lesions && marks->n > 0 ? (int)(DRAW(DRAWN_MARK) * marks->n) : -1,
                      .degrees = 360 * DRAW(DRAWN_DEGREES) - 180,
                      .scale = m->scale_low + (m->scale_high - m->scale_low) * DRAW(DRAWN_SCALE),
                      .mirrored = DRAW(DRAWN_MIRROR) < 0.5,
                      .places = (uint64_t)(DRAW(DRAWN_PLACES) * 0x1p52)};
    x.shift[0] = s->jitter * (2 * DRAW(DRAWN_X) - 1);
    x.shift[1] = s->jitter * (2 * DRAW(DRAWN_Y) - 1);
#undef DRAW
    return x;
}

struct loss_label patch_label(const struct patch *x, const struct marked_view *marks) {
    return x->mark >= 0 ? marks->list[x->mark].label : (struct loss_label){.level = LOSS_UNLABELLED};
}

/* Some place in the breast: brighter than what lies around it (docs/PREP.md: black is what was cut away or shows nothing). */
static void somewhere(double at[2], const struct patch *x, const struct warp *w, const float *in) {
    const struct rng r = rng_make(x->places, TRAIN_PATCH, 0);
    const float least = w->channels == 1 ? w->fill : 8.0F / 255;
    for (uint64_t i = 0; i < TRIES; i++) {
        at[0] = rng_uniform(&r, 2 * i) * (w->width - 1);
        at[1] = rng_uniform(&r, 2 * i + 1) * (w->height - 1);
        const size_t pixel = (size_t)lrint(at[1]) * (size_t)w->width + (size_t)lrint(at[0]);
        if (in[pixel * (size_t)w->channels] > least)
            return;
    }
}

void patch_motion(struct warp *out, const struct patch *x, int size, const struct marked_view *marks, const struct geometry *g,
                  const struct prep_profile *p, enum slot slot, const float *in) {
    const bool mg = slot_is_mg(slot);
    const double angle = x->degrees * (3.14159265358979323846 / 180.0), c = cos(angle) / x->scale, s = sin(angle) / x->scale;
    double at[2], middle[2];
    *out = (struct warp){.width = mg ? p->mg_width : p->us_width,
                         .height = mg ? p->mg_height : p->us_height,
                         .channels = mg ? 1 : 3,
                         .to_width = size,
                         .to_height = size,
                         .fill = augment_black(p, slot)};
    if (x->mark >= 0 && mark_middle(middle, marks->list[x->mark].mark)) {
        geometry_to_tensor(at, g, middle);
        for (int i = 0; i < 2; i++)
            at[i] += x->shift[i] * size;
    } else {
        somewhere(at, x, out, in);
    }
    const double half = 0.5 * (size - 1), flip = x->mirrored ? -1 : 1;
    out->affine[0] = flip * c;
    out->affine[1] = s;
    out->affine[3] = -flip * s;
    out->affine[4] = c;
    out->affine[2] = at[0] - (out->affine[0] + out->affine[1]) * half;
    out->affine[5] = at[1] - (out->affine[3] + out->affine[4]) * half;
}
