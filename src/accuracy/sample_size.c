/* How many are needed. Floor 2. */
#include "accuracy/sample_size.h"

#include <math.h>

#include "stats/check.h"
#include "stats/distribution.h"

enum { MOST = 1000000000 };

static int check_open(double x, double low, double high, const char *what, struct err *e) {
    if (!(x > low && x < high))
        return err_set(e, ERR_STATS_RANGE, "the %s is %g; it must lie between %g and %g", what, x, low, high);
    return 0;
}

/* Hanley & McNeil 1982: variance of the AUC with m positives and ratio * m negatives. */
static double hanley_mcneil(double a, double m, double ratio) {
    const double n = ratio * m, q1 = a / (2 - a), q2 = 2 * a * a / (1 + a);
    return (a * (1 - a) + (m - 1) * (q1 - a * a) + (n - 1) * (q2 - a * a)) / (m * n);
}

static double obuchowski(double auc, double m, double ratio) {
    const double a = 1.414 * normal_quantile(auc);
    return 0.0099 * exp(-a * a / 2) * ((5 * a * a + 8) + (a * a + 8) / ratio) / m;
}

static double variance_of(enum sample_size_variance kind, double auc, double m, double ratio) {
    return kind == SAMPLE_OBUCHOWSKI ? obuchowski(auc, m, ratio) : hanley_mcneil(auc, m, ratio);
}

/* What must be at most `goal` falls with m: an interval's half-width, or a test's (z sqrt(V0) + z sqrt(V1)). */
struct goal {
    enum sample_size_variance kind;
    double ratio, goal, za, zb;
    double a, b, correlation; /* AUCs; paired: correlation of their estimates */
    enum { WIDTH, AGAINST_NULL, PAIRED } shape;
};

static double attained(const struct goal *g, double m) {
    const double va = variance_of(g->kind, g->a, m, g->ratio);
    if (g->shape == WIDTH)
        return g->za * sqrt(va);
    const double vb = variance_of(g->kind, g->b, m, g->ratio);
    if (g->shape == AGAINST_NULL)
        return g->za * sqrt(vb) + g->zb * sqrt(va);
    const double r = g->correlation;
    return g->za * sqrt(2 * va * (1 - r)) + g->zb * sqrt(va + vb - 2 * r * sqrt(va * vb));
}

static int search(struct sample_size *out, const struct goal *g, struct err *e) {
    double low = 1, high = 2;
    while (attained(g, high) > g->goal) {
        if (high > MOST)
            return err_set(e, ERR_STATS_CONVERGENCE, "more than a billion observations would be needed");
        low = high;
        high *= 2;
    }
    while (high - low > 1) {
        const double middle = floor((low + high) / 2);
        *(attained(g, middle) > g->goal ? &low : &high) = middle;
    }
    out->positives = (size_t)high;
    out->negatives = (size_t)ceil(high * g->ratio - 1e-9);
    out->total = out->positives + out->negatives;
    return 0;
}

static void cite(struct sample_size *out, enum sample_size_variance kind, const char *formula) {
    out->formula = formula;
    out->citation = kind == SAMPLE_OBUCHOWSKI ? "Obuchowski 1998, Stat Methods Med Res 7:371" : "Hanley & McNeil 1982, Radiology 143:29";
}

int sample_size_auc(struct sample_size *out, enum sample_size_variance variance, double auc, double half, double ratio, double level,
                    struct err *e) {
    int code = check_level(level, e);
    if (!code)
        code = check_open(auc, 0.5, 1, "AUC", e);
    if (!code)
        code = check_open(half, 0, 0.5, "half-width", e);
    if (!code)
        code = check_open(ratio, 0, 1e6, "ratio", e);
    if (code)
        return code;
    cite(out, variance, "least m with z sqrt(V(AUC, m, ratio m)) <= half-width");
    return search(
        out, &(struct goal){.kind = variance, .ratio = ratio, .goal = half, .za = normal_critical(level), .a = auc, .shape = WIDTH}, e);
}

static int check_test(double a, double b, double ratio, double level, double power, struct err *e) {
    int code = check_level(level, e);
    if (!code)
        code = check_open(power, 0, 1, "power", e);
    if (!code)
        code = check_open(ratio, 0, 1e6, "ratio", e);
    if (!code)
        code = check_open(a, 0.5 - 1e-12, 1, "AUC", e);
    if (!code)
        code = check_open(b, 0.5 - 1e-12, 1, "AUC", e);
    if (!code && a == b)
        code = err_set(e, ERR_STATS_RANGE, "the AUCs are equal: no number of cases can distinguish them");
    return code;
}

int sample_size_auc_test(struct sample_size *out, enum sample_size_variance variance, double auc, double null, double ratio, double level,
                         double power, struct err *e) {
    const int code = check_test(auc, null, ratio, level, power, e);
    if (code)
        return code;
    cite(out, variance, "least m with z(alpha/2) sqrt(V(null)) + z(beta) sqrt(V(AUC)) <= |AUC - null|");
    const struct goal g = {.kind = variance,
                           .ratio = ratio,
                           .goal = fabs(auc - null),
                           .za = normal_critical(level),
                           .zb = normal_quantile(power),
                           .a = auc,
                           .b = null,
                           .shape = AGAINST_NULL};
    return search(out, &g, e);
}

int sample_size_auc_paired(struct sample_size *out, enum sample_size_variance variance, double auc_a, double auc_b, double correlation,
                           double ratio, double level, double power, struct err *e) {
    int code = check_test(auc_a, auc_b, ratio, level, power, e);
    if (!code)
        code = check_open(correlation, -1, 1, "correlation", e);
    if (code)
        return code;
    cite(out, variance, "least m with z(alpha/2) sqrt(2 V(a) (1 - r)) + z(beta) sqrt(V(a) + V(b) - 2 r sqrt(V(a) V(b))) <= |a - b|");
    const struct goal g = {.kind = variance,
                           .ratio = ratio,
                           .goal = fabs(auc_a - auc_b),
                           .za = normal_critical(level),
                           .zb = normal_quantile(power),
                           .a = auc_a,
                           .b = auc_b,
                           .correlation = correlation,
                           .shape = PAIRED};
    return search(out, &g, e);
}

int sample_size_sensitivity(struct sample_size *out, double sensitivity, double half, double prevalence, double level, struct err *e) {
    int code = check_level(level, e);
    if (!code)
        code = check_open(sensitivity, 0, 1, "sensitivity", e);
    if (!code)
        code = check_open(half, 0, 0.5, "half-width", e);
    if (!code)
        code = check_open(prevalence, 0, 1, "prevalence", e);
    if (code)
        return code;
    const double z = normal_critical(level), m = z * z * sensitivity * (1 - sensitivity) / (half * half),
                 total = ceil(ceil(m) / prevalence - 1e-9);
    if (total > MOST)
        return err_set(e, ERR_STATS_CONVERGENCE, "more than a billion observations would be needed");
    *out = (struct sample_size){.positives = (size_t)ceil(m),
                                .total = (size_t)total,
                                .formula = "m = z^2 p (1 - p) / half^2; total = m / prevalence",
                                .citation = "Buderer 1996, Acad Emerg Med 3:895"};
    out->negatives = out->total - out->positives;
    return 0;
}

int mrmc_power(double *power, const struct mrmc_components *pilot, size_t pilot_cases, int readers, size_t cases, double effect,
               double level, struct err *e) {
    const int code = check_level(level, e);
    if (code)
        return code;
    if (readers < 2 || cases < 2 || pilot_cases < 2 || !isfinite(effect))
        return err_set(e, ERR_STATS_RANGE, "a study of %d readers and %zu cases", readers, cases);
    const double c = (double)pilot_cases / (double)cases, tr = fmax(0, pilot->var_interaction), excess = fmax(0, pilot->cov2 - pilot->cov3);
    const double d = tr + c * (pilot->var_error - pilot->cov1 + (readers - 1) * excess);
    const double interaction = tr + c * (pilot->var_error - pilot->cov1 - excess);
    if (!(d > 0 && interaction > 0))
        return err_set(e, ERR_STATS_UNDEFINED, "the pilot's components leave a variance of %g", d);
    const double df2 = (readers - 1) * d * d / (interaction * interaction), lambda = readers * effect * effect / (2 * d);
    *power = lambda < 1300 ? f_noncentral_upper(f_upper_quantile(1 - level, 1, df2), 1, df2, lambda) : 1;
    return 0;
}

int mrmc_cases(struct sample_size *out, const struct mrmc_components *pilot, size_t pilot_cases, int readers, double effect, double level,
               double power, struct err *e) {
    double p;
    size_t low = 2, high = 4;
    int code = check_open(power, 0, 1, "power", e);
    while (!code && !(code = mrmc_power(&p, pilot, pilot_cases, readers, high, effect, level, e)) && p < power) {
        if (high > MOST)
            return err_set(e, ERR_STATS_CONVERGENCE, "with %d readers no number of cases reaches a power of %g", readers, power);
        low = high;
        high *= 2;
    }
    while (!code && high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        code = mrmc_power(&p, pilot, pilot_cases, readers, middle, effect, level, e);
        *(p < power ? &low : &high) = middle;
    }
    *out = (struct sample_size){.total = high,
                                .formula =
                                    "power of F(1, df2; lambda) by Obuchowski & Rockette's model, lambda = r d^2 / (2 D), df2 by Hillis",
                                .citation = "Hillis, Obuchowski & Berbaum 2011, Acad Radiol 18:129"};
    return code;
}
