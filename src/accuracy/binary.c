/* A test that says yes or no. Floor 2. */
#include "accuracy/binary.h"

#include <math.h>

#include "stats/distribution.h"

int binary_count(struct counts *out, const double *score, const uint8_t *truth, size_t n, double threshold, struct err *e) {
    size_t m;
    int code = check_truth(&m, truth, n, e);
    if (!code)
        code = check_finite(score, n, "score", e);
    if (code)
        return code;
    if (isnan(threshold))
        return err_set(e, ERR_STATS_NAN, "the threshold is not a number");
    *out = (struct counts){0};
    for (size_t i = 0; i < n; i++) {
        size_t *cell = score[i] >= threshold ? truth[i] ? &out->true_positive : &out->false_positive
                       : truth[i]            ? &out->false_negative
                                             : &out->true_negative;
        ++*cell;
    }
    return 0;
}

/* (a / (a + b)) / (c / (c + d)). */
static struct ratio likelihood_ratio(size_t a, size_t b, size_t c, size_t d, double z) {
    struct ratio r = {.defined = a > 0 && c > 0};
    if (b + d == 0) /* all are called alike, which says nothing */
        return (struct ratio){.value = NAN};
    if (!r.defined)
        return r;
    const double x = (double)a, n1 = (double)(a + b), y = (double)c, n0 = (double)(c + d);
    const double se = sqrt(1 / x - 1 / n1 + 1 / y - 1 / n0);
    r.value = x / n1 / (y / n0);
    r.interval = (struct interval){r.value * exp(-z * se), r.value * exp(z * se)};
    return r;
}

int binary_make(struct binary *out, const struct counts *c, double level, struct err *e) {
    const size_t tp = c->true_positive, fn = c->false_negative, fp = c->false_positive, tn = c->true_negative;
    if (tp + fn + fp + tn == 0)
        return err_set(e, ERR_STATS_TOO_FEW, "the fourfold table is empty");
    *out = (struct binary){.counts = *c};
    int code = proportion_make(&out->sensitivity, tp, tp + fn, level, e);
    if (!code)
        code = proportion_make(&out->specificity, tn, tn + fp, level, e);
    if (!code)
        code = proportion_make(&out->positive_predictive, tp, tp + fp, level, e);
    if (!code)
        code = proportion_make(&out->negative_predictive, tn, tn + fn, level, e);
    if (!code)
        code = proportion_make(&out->accuracy, tp + tn, tp + fn + fp + tn, level, e);
    if (code)
        return code;
    out->likelihood_positive = likelihood_ratio(tp, fn, fp, tn, normal_critical(level));
    out->likelihood_negative = likelihood_ratio(fn, tp, tn, fp, normal_critical(level));
    out->balanced_defined = out->sensitivity.defined && out->specificity.defined;
    if (out->balanced_defined) {
        out->balanced_accuracy = (out->sensitivity.value + out->specificity.value) / 2;
        out->youden = out->sensitivity.value + out->specificity.value - 1;
    }
    out->f1_defined = 2 * tp + fp + fn > 0;
    if (out->f1_defined)
        out->f1 = 2 * (double)tp / (double)(2 * tp + fp + fn);
    return 0;
}

/* A predictive value on the logit scale: odds = hit / miss * prior odds, variance as given. */
static struct ratio predictive_value(double hit, double miss, double prior_odds, double variance, double z) {
    struct ratio r = {.defined = isfinite(variance)};
    if (hit == 0 && miss == 0)
        return (struct ratio){.value = NAN};
    r.value = hit * prior_odds / (hit * prior_odds + miss);
    if (!r.defined)
        return r;
    const double logit = log(hit / miss * prior_odds), half = z * sqrt(variance);
    r.interval = (struct interval){1 / (1 + exp(half - logit)), 1 / (1 + exp(-half - logit))};
    return r;
}

int binary_predictive(struct predictive *out, const struct counts *c, double prevalence, enum predictive_interval kind, double level,
                      struct err *e) {
    const int code = check_level(level, e);
    if (code)
        return code;
    if (!(prevalence > 0 && prevalence < 1))
        return err_set(e, ERR_STATS_RANGE, "the prevalence is %g; it must lie between 0 and 1", prevalence);
    const double z = normal_critical(level), add = kind == PREDICTIVE_ADJUSTED ? z * z / 2 : 0;
    const double tp = (double)c->true_positive + add, fn = (double)c->false_negative + add, fp = (double)c->false_positive + add,
                 tn = (double)c->true_negative + add, n1 = tp + fn, n0 = fp + tn;
    if (c->true_positive + c->false_negative == 0 || c->false_positive + c->true_negative == 0)
        return err_set(e, ERR_STATS_ONE_CLASS, "predictive values at another prevalence need positives and negatives");
    const double odds = prevalence / (1 - prevalence), se = tp / n1, sp = tn / n0;
    out->positive = predictive_value(se, 1 - sp, odds, fn / tp / n1 + tn / fp / n0, z);
    out->negative = predictive_value(sp, 1 - se, 1 / odds, tp / fn / n1 + fp / tn / n0, z);
    return 0;
}
