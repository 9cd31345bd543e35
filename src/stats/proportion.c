/* A proportion with its intervals. Floor 1. */
#include "stats/proportion.h"

#include <math.h>

#include "stats/distribution.h"

struct interval proportion_wilson(size_t count, size_t total, double level) {
    const double n = (double)total, p = (double)count / n, z = normal_critical(level), z2 = z * z;
    const double centre = (p + z2 / (2 * n)) / (1 + z2 / n), half = z / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n));
    return (struct interval){count == 0 ? 0 : centre - half, count == total ? 1 : centre + half};
}

static struct interval clopper_pearson(double x, double n, double level) {
    const double tail = (1 - level) / 2;
    return (struct interval){x == 0 ? 0 : beta_quantile(tail, x, n - x + 1), x == n ? 1 : beta_upper_quantile(tail, x + 1, n - x)};
}

int proportion_make(struct proportion *out, size_t count, size_t total, double level, struct err *e) {
    const int code = check_level(level, e);
    if (code)
        return code;
    if (count > total)
        return err_set(e, ERR_STATS_RANGE, "%zu of %zu is not a proportion", count, total);
    *out = (struct proportion){.defined = total > 0, .count = count, .total = total};
    if (total == 0)
        return 0;
    const double x = (double)count, n = (double)total;
    out->value = x / n;
    out->wilson = proportion_wilson(count, total, level);
    out->exact = clopper_pearson(x, n, level);
    return 0;
}

int proportion_upper_bound(double *out, size_t count, size_t total, double level, struct err *e) {
    const int code = check_level(level, e);
    if (code)
        return code;
    if (total == 0)
        return err_set(e, ERR_STATS_TOO_FEW, "no observations: a proportion has no bound");
    if (count > total)
        return err_set(e, ERR_STATS_RANGE, "%zu of %zu is not a proportion", count, total);
    *out = count == total ? 1 : beta_upper_quantile(1 - level, (double)count + 1, (double)(total - count));
    return 0;
}
