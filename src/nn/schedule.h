/* The learning rate of each step. Floor 3. */
#ifndef BMU_NN_SCHEDULE_H
#define BMU_NN_SCHEDULE_H

#include <stdint.h>

#include "base/err.h"

enum schedule_kind {
    SCHEDULE_COSINE,   /* linear warm-up, then half a cosine down to 0 (Loshchilov & Hutter 2017, SGDR, without restarts) */
    SCHEDULE_CONSTANT, /* base at every step */
};
struct schedule {
    enum schedule_kind kind;
    double base;     /* the highest learning rate */
    uint64_t total;  /* steps of the whole run; 0 if constant */
    uint64_t warmup; /* steps of it that the rate rises in; 0 if constant */
};

/* ERR_CONFIG: base not above 0, no steps, more warm-up than steps, or steps given to a schedule that takes none. */
int schedule_check(const struct schedule *s, struct err *e);
/* Pure. Cosine, with W = warmup, T = total and step counted from 0:
 *     step < W:      base * (step + 1) / W                                 (the first step already moves, step W - 1 has the full rate)
 *     W <= step < T: base * (1 + cos(pi * (step - W) / (T - W))) / 2       (step W has the full rate; step T would have 0)
 *     step >= T:     0 */
double schedule_rate(const struct schedule *s, uint64_t step);

#endif
