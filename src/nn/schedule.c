/* The learning rate of each step. Floor 3. */
#include "nn/schedule.h"

#include <inttypes.h>
#include <math.h>

int schedule_check(const struct schedule *s, struct err *e) {
    if (!(isfinite(s->base) && s->base > 0))
        return err_set(e, ERR_CONFIG, "the learning rate is %g; it must be positive", s->base);
    if (s->kind == SCHEDULE_CONSTANT && (s->total || s->warmup))
        return err_set(e, ERR_CONFIG, "a constant learning rate has neither a last step nor a warm-up");
    if (s->kind == SCHEDULE_COSINE && (s->total == 0 || s->warmup > s->total))
        return err_set(e, ERR_CONFIG, "a schedule of %" PRIu64 " steps, of which %" PRIu64 " warm-up", s->total, s->warmup);
    return 0;
}

double schedule_rate(const struct schedule *s, uint64_t step) {
    if (s->kind == SCHEDULE_CONSTANT)
        return s->base;
    if (step >= s->total)
        return 0;
    if (step < s->warmup)
        return s->base * (double)(step + 1) / (double)s->warmup;
    /* (1 + cos x) / 2 = sin((pi - x) / 2) squared, which keeps its digits near the end */
    const double root = sin(M_PI / 2 * (double)(s->total - step) / (double)(s->total - s->warmup));
    return s->base * root * root;
}
