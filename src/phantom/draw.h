/* Numbers of one random stream, one after another. Floor 4.
 * A normal number takes a pair of the stream's uniform ones (base/rng.h), so the place is moved to an even one first: no number is used
 * twice. */
#ifndef BMU_PHANTOM_DRAW_H
#define BMU_PHANTOM_DRAW_H

#include <stdint.h>

#include "base/rng.h"

struct draw {
    struct rng rng;
    uint64_t at;
};

static inline struct draw draw_from(uint64_t seed, uint32_t purpose, uint32_t item) {
    return (struct draw){.rng = rng_make(seed, purpose, item)};
}

/* In (0, 1). */
static inline double draw_uniform(struct draw *d) {
    return rng_uniform(&d->rng, d->at++);
}

static inline double draw_normal(struct draw *d) {
    d->at += d->at % 2;
    double x = rng_normal(&d->rng, d->at);
    d->at += 2;
    return x;
}

/* An index 0 .. n - 1 by its share; the shares need not sum to 1. */
static inline int draw_index(struct draw *d, const double *share, int n) {
    double total = 0, u = draw_uniform(d);
    for (int i = 0; i < n; i++)
        total += share[i];
    u *= total;
    for (int i = 0; i < n - 1; i++) {
        if (u < share[i])
            return i;
        u -= share[i];
    }
    return n - 1;
}

#endif
