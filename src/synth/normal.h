/* A normal curve cut at both ends: drawn from and measured by the same formula. Floor 5. */
#ifndef BMU_SYNTH_NORMAL_H
#define BMU_SYNTH_NORMAL_H

#include <math.h>

#include "phantom/draw.h"

struct curve {
    double mean, sd;
};

/* By rejection: bounds lie so that at least one draw in a few is within them. */
static inline double curve_draw(const struct curve *c, struct draw *d, double low, double high) {
    for (int tries = 0; tries < 10000; tries++) {
        double x = c->mean + c->sd * draw_normal(d);
        if (x >= low && x <= high)
            return x;
    }
    return fmin(fmax(c->mean, low), high); /* not reached with the tables here */
}

/* log of the density at x, without the constant -log(2 pi) / 2. */
static inline double curve_log_density(const struct curve *c, double x, double low, double high) {
    double z = (x - c->mean) / c->sd, root = c->sd * sqrt(2.0);
    double inside = 0.5 * (erf((high - c->mean) / root) - erf((low - c->mean) / root));
    return -0.5 * z * z - log(c->sd * inside);
}

#endif
