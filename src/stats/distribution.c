/* Distributions through GSL. Floor 1. */
#include "stats/distribution.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_version.h>
#include <math.h>
#include <stdio.h>

/* GSL's default answer to a bad argument is abort(); ours is its NaN. The switch is GSL's and global; nobody else here uses GSL. */
static void quiet(void) {
    gsl_set_error_handler_off();
}

double normal_cdf(double z) {
    return gsl_cdf_ugaussian_P(z);
}

double normal_upper(double z) {
    return gsl_cdf_ugaussian_Q(z);
}

double normal_quantile(double p) {
    quiet();
    return p >= 0 && p <= 1 ? gsl_cdf_ugaussian_Pinv(p) : NAN;
}

double normal_two_sided(double z) {
    return 2 * gsl_cdf_ugaussian_Q(fabs(z));
}

double normal_critical(double level) {
    quiet();
    return level > 0 && level < 1 ? gsl_cdf_ugaussian_Qinv((1 - level) / 2) : NAN;
}

/* --- quantiles by bisection ------------------------------------------------------------------------------------------------ */

struct tail {
    double (*upper)(double x, double a, double b); /* falls from 1 to 0 as x grows */
    double a, b;
};

/* The x of [low, high] where upper(x) passes p; a tail that falls. */
static double bisect(const struct tail *t, double p, double low, double high) {
    for (;;) {
        const double middle = low + (high - low) / 2;
        if (!(middle > low && middle < high))
            return middle;
        if (t->upper(middle, t->a, t->b) > p)
            low = middle;
        else
            high = middle;
    }
}

static double upper_quantile(const struct tail *t, double p) {
    double high = 1;
    while (t->upper(high, t->a, t->b) > p && high < 1e300)
        high *= 2;
    return bisect(t, p, high > 1 ? high / 2 : 0, high);
}

static double student_tail(double x, double df, double unused) {
    (void)unused;
    return gsl_cdf_tdist_Q(x, df);
}

double student_upper(double t, double df) {
    quiet();
    return df > 0 ? gsl_cdf_tdist_Q(t, df) : NAN;
}

double student_two_sided(double t, double df) {
    return 2 * student_upper(fabs(t), df);
}

double student_critical(double level, double df) {
    quiet();
    if (!(level > 0 && level < 1 && df > 0))
        return NAN;
    return upper_quantile(&(struct tail){student_tail, df, 0}, (1 - level) / 2);
}

double chi_square_upper(double x, double df) {
    quiet();
    return x >= 0 && df > 0 ? gsl_cdf_chisq_Q(x, df) : NAN;
}

double f_upper(double x, double df1, double df2) {
    quiet();
    return x >= 0 && df1 > 0 && df2 > 0 ? gsl_cdf_fdist_Q(x, df1, df2) : NAN;
}

double f_upper_quantile(double p, double df1, double df2) {
    quiet();
    return p > 0 && p < 1 && df1 > 0 && df2 > 0 ? upper_quantile(&(struct tail){gsl_cdf_fdist_Q, df1, df2}, p) : NAN;
}

double f_noncentral_upper(double x, double df1, double df2, double lambda) {
    quiet();
    if (!(x >= 0 && df1 > 0 && df2 > 0 && lambda >= 0 && lambda < 1400))
        return NAN;
    const double y = df1 * x / (df1 * x + df2);
    double sum = 0, weight = exp(-lambda / 2), left = 1;
    for (int j = 0; left > 1e-16 && j < 10000; j++) {
        sum += weight * gsl_cdf_beta_Q(y, df1 / 2 + j, df2 / 2);
        left -= weight;
        if (j > lambda && weight < 1e-18)
            break;
        weight *= lambda / 2 / (j + 1);
    }
    return sum;
}

/* The lower tail rises, and keeps its digits near 0. */
static double beta_bisect_lower(double p, double a, double b) {
    double low = 0, high = 1;
    for (;;) {
        const double middle = low + (high - low) / 2;
        if (!(middle > low && middle < high))
            return middle;
        if (gsl_cdf_beta_P(middle, a, b) < p)
            low = middle;
        else
            high = middle;
    }
}

double beta_quantile(double p, double a, double b) {
    quiet();
    return p > 0 && p < 1 && a > 0 && b > 0 ? beta_bisect_lower(p, a, b) : NAN;
}

double beta_upper_quantile(double p, double a, double b) {
    quiet();
    return p > 0 && p < 1 && a > 0 && b > 0 ? bisect(&(struct tail){gsl_cdf_beta_Q, a, b}, p, 0, 1) : NAN;
}

double binomial_probability(unsigned k, unsigned n, double p) {
    quiet();
    return p >= 0 && p <= 1 ? gsl_ran_binomial_pdf(k, p, n) : NAN;
}

double binomial_cdf(unsigned k, unsigned n, double p) {
    quiet();
    return p >= 0 && p <= 1 ? gsl_cdf_binomial_P(k, p, n) : NAN;
}

void distribution_library(char out[32]) {
    snprintf(out, 32, "GSL %s", gsl_version);
}
