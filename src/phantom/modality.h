/* What imaging.c hands to the two modalities, and what they share. Floor 4. */
#ifndef BMU_PHANTOM_MODALITY_H
#define BMU_PHANTOM_MODALITY_H

#include "phantom/anatomy.h"
#include "phantom/field.h"
#include "phantom/imaging.h"

struct view {
    const struct anatomy *anatomy;
    enum slot slot;
    const struct synth_size *size;
    uint64_t seed;
    struct synth_meta *meta;
};
int mammography_view(struct image **out, const struct view *v, struct err *e);
int ultrasound_view(struct image **out, const struct view *v, struct err *e);

static inline float clampf(float x, float low, float high) {
    return x < low ? low : x > high ? high : x;
}
static inline float smoothf(float low, float high, float x) {
    const float t = clampf((x - low) / (high - low), 0, 1);
    return t * t * (3 - 2 * t);
}

#endif
