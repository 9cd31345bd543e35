/* Calibration of predicted probabilities. Floor 2. */
#include "accuracy/calibration.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "stats/distribution.h"
#include "stats/loess.h"
#include "stats/logistic.h"
#include "stats/rank.h"

int calibration_logits(double *out, size_t *n_clipped, const double *probability, size_t n, double clip, struct err *e) {
    *n_clipped = 0;
    if (!(clip >= 0 && clip < 0.5))
        return err_set(e, ERR_STATS_RANGE, "probabilities are clipped at %g; it must lie in [0, 0.5)", clip);
    const int code = check_range(probability, n, 0, 1, "probability", e);
    if (code)
        return code;
    for (size_t i = 0; i < n; i++) {
        const double p = fmin(fmax(probability[i], clip), 1 - clip);
        if (p <= 0 || p >= 1)
            return err_set(e, ERR_STATS_RANGE, "probability %zu is %g and has no logit; give a clip such as 1e-6", i, p);
        *n_clipped += p != probability[i];
        out[i] = logit(p);
    }
    return 0;
}

static struct interval wald(double value, double error, double level) {
    const double half = normal_critical(level) * error;
    return (struct interval){value - half, value + half};
}

/* Fits both models: x has two columns (1, logit), then one column of ones with the logit as offset. */
static int fit_line(struct calibration_line *out, double *x, double *y, const double *logits, size_t n, struct err *e) {
    struct logistic fit;
    for (size_t i = 0; i < n; i++) {
        x[2 * i] = 1;
        x[2 * i + 1] = logits[i];
    }
    int code = logistic_fit(&fit, x, y, NULL, n, 2, e);
    if (code)
        return code;
    out->intercept = fit.beta[0];
    out->slope = fit.beta[1];
    out->intercept_error = sqrt(fit.covariance[0]);
    out->slope_error = sqrt(fit.covariance[3]);
    for (size_t i = 0; i < n; i++)
        x[i] = 1;
    code = logistic_fit(&fit, x, y, logits, n, 1, e);
    out->in_the_large = fit.beta[0];
    out->in_the_large_error = sqrt(fit.covariance[0]);
    return code;
}

int calibration_line(struct calibration_line *out, const double *probability, const uint8_t *truth, size_t n, double clip, double level,
                     struct err *e) {
    size_t m;
    double expected = 0, *block = NULL;
    int code = check_level(level, e);
    if (!code)
        code = check_probability(&m, probability, truth, n, e);
    if (code)
        return code;
    block = mem_alloc(n, 4 * sizeof *block, e);
    if (!block)
        return ERR_NO_MEMORY;
    double *x = block, *y = block + 2 * n, *logits = block + 3 * n;
    *out = (struct calibration_line){0};
    code = calibration_logits(logits, &out->n_clipped, probability, n, clip, e);
    for (size_t i = 0; i < n; i++) {
        y[i] = truth[i];
        expected += probability[i];
    }
    if (!code)
        code = fit_line(out, x, y, logits, n, e);
    mem_free(block);
    if (code)
        return code;
    out->observed_expected = (double)m / expected;
    out->intercept_interval = wald(out->intercept, out->intercept_error, level);
    out->slope_interval = wald(out->slope, out->slope_error, level);
    out->in_the_large_interval = wald(out->in_the_large, out->in_the_large_error, level);
    return 0;
}

/* --- bins ------------------------------------------------------------------------------------------------------------------ */

/* The bin of each observation. */
static int assign(size_t *bin, size_t n_bins, enum calibration_rule rule, const double *probability, size_t n, struct err *e) {
    size_t *order = NULL;
    if (n_bins < 1 || n_bins > n)
        return err_set(e, ERR_STATS_RANGE, "%zu bins for %zu observations", n_bins, n);
    if (rule == CALIBRATION_EQUAL_WIDTH) {
        for (size_t i = 0; i < n; i++) {
            const size_t b = (size_t)floor(probability[i] * (double)n_bins);
            bin[i] = b < n_bins ? b : n_bins - 1;
        }
        return 0;
    }
    const int code = rank_order(&order, probability, n, e);
    for (size_t i = 0, next; i < n && !code; i = next) {
        next = rank_run(probability, order, n, i);
        for (size_t k = i; k < next; k++)
            bin[order[k]] = i * n_bins / n;
    }
    mem_free(order);
    return code;
}

static int fill_bins(struct calibration_bin *bins, size_t n_bins, enum calibration_rule rule, const size_t *bin, const double *probability,
                     const uint8_t *truth, size_t n, double level, struct err *e) {
    const bool width = rule == CALIBRATION_EQUAL_WIDTH;
    int code = 0;
    for (size_t b = 0; b < n_bins; b++)
        bins[b] =
            (struct calibration_bin){.low = width ? (double)b / (double)n_bins : 1, .high = width ? (double)(b + 1) / (double)n_bins : 0};
    for (size_t i = 0; i < n; i++) {
        struct calibration_bin *b = &bins[bin[i]];
        b->n++;
        b->predicted += probability[i];
        b->observed.count += truth[i];
        b->low = width ? b->low : fmin(b->low, probability[i]);
        b->high = width ? b->high : fmax(b->high, probability[i]);
    }
    for (size_t b = 0; b < n_bins && !code; b++) {
        if (bins[b].n > 0)
            bins[b].predicted /= (double)bins[b].n;
        code = proportion_make(&bins[b].observed, bins[b].observed.count, bins[b].n, level, e);
    }
    return code;
}

static int bins_of(struct calibration_bin *bins, size_t **bin, size_t n_bins, enum calibration_rule rule, const double *probability,
                   const uint8_t *truth, size_t n, double level, struct err *e) {
    size_t m;
    *bin = NULL;
    int code = check_level(level, e);
    if (!code)
        code = check_probability(&m, probability, truth, n, e);
    if (code)
        return code;
    *bin = mem_alloc(n, sizeof **bin, e);
    code = *bin ? assign(*bin, n_bins, rule, probability, n, e) : ERR_NO_MEMORY;
    if (!code)
        code = fill_bins(bins, n_bins, rule, *bin, probability, truth, n, level, e);
    if (code) {
        mem_free(*bin);
        *bin = NULL;
    }
    return code;
}

int calibration_bins(struct calibration_bin *bins, size_t n_bins, enum calibration_rule rule, const double *probability,
                     const uint8_t *truth, size_t n, double level, struct err *e) {
    size_t *bin;
    const int code = bins_of(bins, &bin, n_bins, rule, probability, truth, n, level, e);
    mem_free(bin);
    return code;
}

void calibration_error(double *expected, double *maximum, const struct calibration_bin *bins, size_t n_bins) {
    double sum = 0, n = 0;
    *maximum = 0;
    for (size_t b = 0; b < n_bins; b++)
        if (bins[b].n > 0) {
            const double gap = fabs(bins[b].observed.value - bins[b].predicted);
            sum += (double)bins[b].n * gap;
            n += (double)bins[b].n;
            *maximum = fmax(*maximum, gap);
        }
    *expected = n > 0 ? sum / n : 0;
}

int calibration_hosmer_lemeshow(double *chi_square, double *df, double *p, const struct calibration_bin *bins, size_t n_bins, int fitted,
                                struct err *e) {
    *chi_square = 0;
    *df = -fitted;
    for (size_t b = 0; b < n_bins; b++) {
        if (bins[b].n == 0)
            continue;
        const double n = (double)bins[b].n, q = bins[b].predicted, d = (double)bins[b].observed.count - n * q;
        if (q <= 0 || q >= 1)
            return err_set(e, ERR_STATS_UNDEFINED, "Hosmer-Lemeshow: group %zu has a mean probability of %g", b, q);
        *chi_square += d * d / (n * q * (1 - q));
        ++*df;
    }
    if (!(*df >= 1))
        return err_set(e, ERR_STATS_TOO_FEW, "Hosmer-Lemeshow: no degrees of freedom remain");
    *p = chi_square_upper(*chi_square, *df);
    return 0;
}

int calibration_brier(struct brier *out, const double *probability, const uint8_t *truth, size_t n, size_t n_bins,
                      enum calibration_rule rule, struct err *e) {
    size_t *bin = NULL;
    double rate = 0;
    struct calibration_bin *bins = mem_alloc(n_bins, sizeof *bins, e);
    int code = bins ? bins_of(bins, &bin, n_bins, rule, probability, truth, n, 0.95, e) : ERR_NO_MEMORY;
    if (code) {
        mem_free(bins);
        return code;
    }
    *out = (struct brier){0};
    const double total = (double)n;
    for (size_t i = 0; i < n; i++) {
        const struct calibration_bin *b = &bins[bin[i]];
        const double p = probability[i], y = truth[i];
        out->score += (p - y) * (p - y) / total;
        out->within_variance += (p - b->predicted) * (p - b->predicted) / total;
        out->within_covariance += 2 * (y - b->observed.value) * (p - b->predicted) / total;
        rate += y / total;
    }
    for (size_t b = 0; b < n_bins; b++) {
        const double share = (double)bins[b].n / total, gap = bins[b].predicted - bins[b].observed.value,
                     lift = bins[b].observed.value - rate;
        out->reliability += bins[b].n ? share * gap * gap : 0;
        out->resolution += bins[b].n ? share * lift * lift : 0;
    }
    out->uncertainty = rate * (1 - rate);
    out->scaled = 1 - out->score / out->uncertainty;
    mem_free(bins);
    mem_free(bin);
    return 0;
}

/* --- the integrated calibration index -------------------------------------------------------------------------------------- */

int calibration_ici(struct ici *out, double *smoothed, const double *probability, const uint8_t *truth, size_t n, struct err *e) {
    size_t m;
    int code = check_probability(&m, probability, truth, n, e);
    if (code)
        return code;
    double *block = mem_alloc(n, 2 * sizeof *block, e);
    if (!block)
        return ERR_NO_MEMORY;
    double *y = block, *fit = block + n;
    for (size_t i = 0; i < n; i++)
        y[i] = truth[i];
    code = loess_fit(fit, probability, y, n, 0.75, e);
    *out = (struct ici){0};
    for (size_t i = 0; i < n && !code; i++) {
        if (smoothed)
            smoothed[i] = fit[i];
        fit[i] = fabs(fit[i] - probability[i]);
        out->ici += fit[i] / (double)n;
    }
    if (!code) {
        rank_sort(fit, n);
        out->e50 = rank_quantile(fit, n, 0.5);
        out->e90 = rank_quantile(fit, n, 0.9);
        out->maximum = fit[n - 1];
    }
    mem_free(block);
    return code;
}
