/* Random masking. Floor 7. */
#include "learn/mask.h"

#include "base/rng.h"
#include "learn/purpose.h"

enum { DRAW_NUMBERS = 16 }; /* room for the 13 numbers of one draw: 2 modalities, 3 kinds, 8 views */

int mask_check(const struct mask_settings *s, struct err *e) {
    const struct {
        const char *name;
        double p;
    } all[] = {{"modality", s->modality}, {"kind", s->kind}, {"view", s->view}, {"clinical", s->clinical}};
    for (int i = 0; i < 4; i++)
        if (!(all[i].p >= 0 && all[i].p < 1))
            return err_set(e, ERR_CONFIG, "masking, %s: probability %g; it must lie in [0, 1)", all[i].name, all[i].p);
    return 0;
}

/* What one draw leaves of all eight views. */
static unsigned draw(const struct mask_settings *s, const struct rng *r, uint64_t at) {
    static const unsigned groups[] = {0x03, 0xFC, 0x0C, 0x30, 0xC0}; /* mammography, ultrasound; B-mode, Doppler, elastography */
    unsigned kept = 0xFF;
    for (unsigned g = 0; g < 5; g++)
        if (rng_uniform(r, at + g) < (g < 2 ? s->modality : s->kind))
            kept &= ~groups[g];
    for (unsigned v = 0; v < SLOT_COUNT; v++)
        if (rng_uniform(r, at + 5 + v) < s->view)
            kept &= ~(1U << v);
    return kept;
}

unsigned mask_views(const struct mask_settings *s, unsigned present, uint64_t seed, uint32_t epoch, uint32_t exam) {
    const struct rng r = rng_make(seed, TRAIN_MASK_VIEWS, exam);
    const uint64_t first = (uint64_t)epoch * (MASK_DRAWS + 1) * DRAW_NUMBERS;
    for (uint64_t i = 0; i < MASK_DRAWS; i++) {
        const unsigned kept = present & draw(s, &r, first + i * DRAW_NUMBERS);
        if (kept)
            return kept;
    }
    int nth = (int)(rng_uniform(&r, first + MASK_DRAWS * DRAW_NUMBERS) * __builtin_popcount(present));
    unsigned left = present;
    while (nth-- > 0)
        left &= left - 1;
    return left & -left;
}

uint64_t mask_clinical(const struct mask_settings *s, int n, uint64_t seed, uint32_t epoch, uint32_t exam) {
    const struct rng r = rng_make(seed, TRAIN_MASK_CLINICAL, exam);
    uint64_t missing = 0;
    for (int i = 0; i < n; i++)
        if (rng_uniform(&r, (uint64_t)epoch * 64 + (uint64_t)i) < s->clinical)
            missing |= 1ULL << i;
    return missing;
}
