/* Biopsies avoided and cancers missed. Floor 2. */
#include "accuracy/downgrade.h"

#include <math.h>
#include <string.h>

static int check_share(double x, const char *what, struct err *e) {
    if (!(x > 0 && x < 1))
        return err_set(e, ERR_STATS_RANGE, "the %s is %g; it must lie between 0 and 1", what, x);
    return 0;
}

int downgrade_needed(size_t *out, size_t missed, double limit, double level, struct err *e) {
    double bound;
    size_t low = missed, high = missed + 1; /* at n = missed the bound is 1 */
    int code = check_level(level, e);
    if (!code)
        code = check_share(limit, "limit", e);
    if (code)
        return code;
    while (!(code = proportion_upper_bound(&bound, missed, high, level, e)) && bound > limit) {
        if (high > (size_t)1 << 40)
            return err_set(e, ERR_STATS_RANGE, "a limit of %g takes too many downgrades to count", limit);
        low = high;
        high *= 2;
    }
    while (!code && high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        code = proportion_upper_bound(&bound, missed, middle, level, e);
        *(bound > limit ? &low : &high) = middle;
    }
    *out = high;
    return code;
}

static void count(struct downgrade *d, size_t *missed_by_tier, const uint8_t *eligible, const double *score, const uint8_t *truth,
                  const int *tier, size_t n, double threshold) {
    for (size_t i = 0; i < n; i++) {
        if (!eligible[i])
            continue;
        d->eligible++;
        d->eligible_malignant += truth[i];
        if (score[i] >= threshold)
            continue;
        d->downgraded++;
        d->missed += truth[i];
        if (missed_by_tier && truth[i])
            missed_by_tier[tier[i]]++;
    }
    d->avoided_benign = d->downgraded - d->missed;
}

int downgrade_make(struct downgrade *out, size_t *missed_by_tier, const uint8_t *eligible, const double *score, const uint8_t *truth,
                   const int *tier, int n_tiers, size_t n, const struct downgrade_rule *rule, struct err *e) {
    size_t m;
    int code = check_truth(&m, truth, n, e);
    if (!code)
        code = check_truth(&m, eligible, n, e);
    if (!code)
        code = check_finite(score, n, "score", e);
    if (!code && missed_by_tier)
        code = check_classes(tier, n, n_tiers, "tier", e);
    if (!code && isnan(rule->threshold))
        code = err_set(e, ERR_STATS_NAN, "the threshold is not a number");
    if (!code)
        code = check_share(rule->limit, "limit", e);
    if (code)
        return code;
    *out = (struct downgrade){0};
    if (missed_by_tier)
        memset(missed_by_tier, 0, (size_t)n_tiers * sizeof *missed_by_tier);
    count(out, missed_by_tier, eligible, score, truth, tier, n, rule->threshold);
    code = proportion_make(&out->avoided, out->downgraded, out->eligible, rule->level, e);
    if (!code)
        code = proportion_make(&out->missed_of_malignant, out->missed, out->eligible_malignant, rule->level, e);
    if (!code)
        code = proportion_make(&out->miss_rate, out->missed, out->downgraded, rule->level, e);
    if (!code)
        code = downgrade_needed(&out->needed, out->missed, rule->limit, rule->bound_level, e);
    out->bound_defined = out->downgraded > 0;
    if (!code && out->bound_defined)
        code = proportion_upper_bound(&out->upper_bound, out->missed, out->downgraded, rule->bound_level, e);
    out->within_limit = out->bound_defined && out->upper_bound <= rule->limit;
    return code;
}
