/* Paired yes/no calls. Floor 1. */
#include "stats/paired.h"

#include <math.h>

#include "stats/distribution.h"
#include "stats/proportion.h"

int pairs_count(struct pairs *out, const uint8_t *first, const uint8_t *second, size_t n, struct err *e) {
    size_t ones;
    int code = check_truth(&ones, first, n, e);
    if (!code)
        code = check_truth(&ones, second, n, e);
    if (code)
        return code;
    *out = (struct pairs){0};
    for (size_t i = 0; i < n; i++) {
        size_t *cell = first[i] ? second[i] ? &out->both : &out->first : second[i] ? &out->second : &out->neither;
        ++*cell;
    }
    return 0;
}

void mcnemar(struct mcnemar *out, const struct pairs *c) {
    const size_t n = c->first + c->second, least = c->first < c->second ? c->first : c->second;
    *out = (struct mcnemar){1, 1, 0, 1, 0, 1};
    if (n == 0)
        return;
    const double lower = binomial_cdf((unsigned)least, (unsigned)n, 0.5), point = binomial_probability((unsigned)least, (unsigned)n, 0.5);
    const double d = fabs((double)c->first - (double)c->second), d1 = fmax(d - 1, 0);
    out->exact = fmin(1, 2 * lower);
    out->mid = c->first == c->second ? 1 - point : 2 * lower - point;
    out->chi_square = d * d / (double)n;
    out->asymptotic = chi_square_upper(out->chi_square, 1);
    out->chi_square_corrected = d1 * d1 / (double)n;
    out->corrected = chi_square_upper(out->chi_square_corrected, 1);
}

int cochran_q(double *q, double *p, const uint8_t *call, size_t n, int k, struct err *e) {
    size_t ones;
    if (k < 2)
        return err_set(e, ERR_STATS_RANGE, "%d calls; Cochran's Q needs two", k);
    const int code = check_truth(&ones, call, n * (size_t)k, e);
    if (code)
        return code;
    double total = (double)ones, column_squares = 0, row_squares = 0;
    for (int j = 0; j < k; j++) {
        double column = 0;
        for (size_t i = 0; i < n; i++)
            column += call[i * (size_t)k + (size_t)j];
        column_squares += column * column;
    }
    for (size_t i = 0; i < n; i++) {
        double row = 0;
        for (int j = 0; j < k; j++)
            row += call[i * (size_t)k + (size_t)j];
        row_squares += row * row;
    }
    const double spread = k * total - row_squares;
    *q = spread > 0 ? (k - 1) * (k * column_squares - total * total) / spread : 0;
    *p = chi_square_upper(*q, k - 1);
    return 0;
}

/* --- difference of paired proportions -------------------------------------------------------------------------------------- */

/* Tango's score statistic for p1 - p2 = delta: (b - c - n delta) / sqrt(n (2 q + delta (1 - delta))), with q the maximum likelihood estimate of
 * the probability of (second only) under that difference: the larger root of 2 n q^2 + B q + C = 0 (Tango 1998, eqs. 12-14). */
static double tango_z(double b, double c, double n, double delta) {
    const double B = -b - c + (2 * n - b + c) * delta, C = -c * delta * (1 - delta);
    const double root = sqrt(fmax(0, B * B - 8 * n * C));
    const double q = B > 0 ? -2 * C / (B + root) : (root - B) / (4 * n); /* no cancellation */
    const double variance = n * (2 * q + delta * (1 - delta));
    const double top = b - c - n * delta;
    if (variance <= 0)
        return top == 0 ? 0 : top > 0 ? INFINITY : -INFINITY;
    return top / sqrt(variance);
}

/* The delta of [low, high] at which z(delta) falls to `target`. */
static double tango_limit(double b, double c, double n, double target, double low, double high) {
    for (;;) {
        const double middle = low + (high - low) / 2;
        if (!(middle > low && middle < high))
            return middle;
        if (tango_z(b, c, n, middle) > target)
            low = middle;
        else
            high = middle;
    }
}

static struct interval newcombe(const struct pairs *c, size_t total, double level) {
    const double e = (double)c->both, f = (double)c->first, g = (double)c->second, h = (double)c->neither, n = (double)total;
    const struct interval a = proportion_wilson(c->both + c->first, total, level), b = proportion_wilson(c->both + c->second, total, level);
    const double product = (e + f) * (g + h) * (e + g) * (f + h), cross = e * h - f * g;
    /* method 10: the correlation with a continuity correction where it is positive */
    const double phi = product == 0 ? 0 : (cross > 0 ? fmax(cross - n / 2, 0) : cross) / sqrt(product);
    const double p1 = (e + f) / n, p2 = (e + g) / n, d = p1 - p2;
    const double down1 = p1 - a.low, up1 = a.high - p1, down2 = p2 - b.low, up2 = b.high - p2;
    return (struct interval){d - sqrt(fmax(0, down1 * down1 - 2 * phi * down1 * up2 + up2 * up2)),
                             d + sqrt(fmax(0, up1 * up1 - 2 * phi * up1 * down2 + down2 * down2))};
}

int paired_difference(struct paired_difference *out, const struct pairs *c, double level, struct err *e) {
    const double b = (double)c->first, s = (double)c->second, n = (double)(c->both + c->first + c->second + c->neither);
    const int code = check_level(level, e);
    if (code)
        return code;
    if (n == 0)
        return err_set(e, ERR_STATS_TOO_FEW, "there are no pairs");
    const double z = normal_critical(level), d = (b - s) / n;
    out->difference = d;
    out->tango.low = b == 0 && s == n ? -1 : tango_limit(b, s, n, z, -1, d);
    out->tango.high = b == n ? 1 : tango_limit(b, s, n, -z, d, 1);
    out->newcombe = newcombe(c, c->both + c->first + c->second + c->neither, level);
    return 0;
}

static int check_margin(double margin, struct err *e) {
    if (!(margin > 0 && margin < 1))
        return err_set(e, ERR_STATS_RANGE, "the margin is %g; it must lie between 0 and 1", margin);
    return 0;
}

int paired_noninferiority(double *z, double *p, const struct pairs *c, double margin, struct err *e) {
    const size_t n = c->both + c->first + c->second + c->neither;
    const int code = check_margin(margin, e);
    if (code)
        return code;
    if (n == 0)
        return err_set(e, ERR_STATS_TOO_FEW, "there are no pairs");
    *z = tango_z((double)c->first, (double)c->second, (double)n, -margin);
    *p = normal_upper(*z);
    return 0;
}

int auc_noninferiority(double *z, double *p, double difference, double standard_error, double margin, struct err *e) {
    const int code = check_margin(margin, e);
    if (code)
        return code;
    if (!(isfinite(difference) && isfinite(standard_error)))
        return err_set(e, ERR_STATS_NAN, "a difference of %g with standard error %g", difference, standard_error);
    if (!(standard_error > 0))
        return err_set(e, ERR_STATS_UNDEFINED, "a standard error of %g leaves no test", standard_error);
    *z = (difference + margin) / standard_error;
    *p = normal_upper(*z);
    return 0;
}
