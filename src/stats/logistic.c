/* Logistic regression by iteratively reweighted least squares. Floor 1. */
#include "stats/logistic.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { ITERATIONS_MAX = 50, HALVINGS_MAX = 40 };

double logistic(double x) {
    return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

double logit(double p) {
    return log(p / (1 - p));
}

struct problem {
    const double *x, *y, *offset;
    size_t n;
    int p;
};

static double linear(const struct problem *q, const double *beta, size_t i) {
    double eta = q->offset ? q->offset[i] : 0;
    for (int j = 0; j < q->p; j++)
        eta += beta[j] * q->x[i * (size_t)q->p + (size_t)j];
    return eta;
}

/* log(1 + exp(x)) without overflow. */
static double softplus(double x) {
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static double deviance(const struct problem *q, const double *beta) {
    double sum = 0;
    for (size_t i = 0; i < q->n; i++) {
        const double eta = linear(q, beta, i);
        sum += q->y[i] * softplus(-eta) + (1 - q->y[i]) * softplus(eta);
    }
    return 2 * sum;
}

/* Score vector and information matrix; returns the smallest p (1 - p). */
static double derivatives(const struct problem *q, const double *beta, double *score, double *information) {
    const int p = q->p;
    double least = 1;
    memset(score, 0, (size_t)p * sizeof *score);
    memset(information, 0, (size_t)p * (size_t)p * sizeof *information);
    for (size_t i = 0; i < q->n; i++) {
        const double *x = q->x + i * (size_t)p, m = logistic(linear(q, beta, i)), w = m * (1 - m);
        least = fmin(least, w);
        for (int a = 0; a < p; a++) {
            score[a] += x[a] * (q->y[i] - m);
            for (int b = 0; b <= a; b++)
                information[a * p + b] += w * x[a] * x[b];
        }
    }
    return least;
}

/* The lower half of a in place of its Cholesky factor; false if a column depends on others. */
static bool cholesky(double *a, int p) {
    for (int j = 0; j < p; j++) {
        const double whole = a[j * p + j];
        for (int i = j; i < p; i++) {
            for (int k = 0; k < j; k++)
                a[i * p + j] -= a[i * p + k] * a[j * p + k];
            if (i == j) {
                if (!(a[j * p + j] > 1e-12 * whole))
                    return false;
                a[j * p + j] = sqrt(a[j * p + j]);
            } else
                a[i * p + j] /= a[j * p + j];
        }
    }
    return true;
}

static void solve(const double *factor, int p, double *b) {
    for (int i = 0; i < p; i++) {
        for (int k = 0; k < i; k++)
            b[i] -= factor[i * p + k] * b[k];
        b[i] /= factor[i * p + i];
    }
    for (int i = p - 1; i >= 0; i--) {
        for (int k = i + 1; k < p; k++)
            b[i] -= factor[k * p + i] * b[k];
        b[i] /= factor[i * p + i];
    }
}

static void invert(struct logistic *out, const double *factor) {
    const int p = out->p;
    for (int j = 0; j < p; j++) {
        double column[LOGISTIC_MAX] = {0};
        column[j] = 1;
        solve(factor, p, column);
        for (int i = 0; i < p; i++)
            out->covariance[i * p + j] = column[i];
    }
}

/* beta + step, the step halved until the deviance does not rise. */
static void take_step(struct logistic *out, const struct problem *q, const double *step, double *length) {
    double trial[LOGISTIC_MAX] = {0};
    for (int h = 0; h < HALVINGS_MAX; h++) {
        const double factor = ldexp(1, -h);
        for (int j = 0; j < q->p; j++)
            trial[j] = out->beta[j] + factor * step[j];
        const double d = deviance(q, trial);
        if (d <= out->deviance * (1 + 1e-14) + 1e-300) {
            memcpy(out->beta, trial, sizeof trial);
            out->deviance = d;
            *length = factor;
            return;
        }
    }
    *length = 0;
}

static int check_problem(const struct problem *q, struct err *e) {
    if (q->p < 0 || q->p > LOGISTIC_MAX)
        return err_set(e, ERR_STATS_RANGE, "%d coefficients; at most %d are supported", q->p, LOGISTIC_MAX);
    if (q->n == 0)
        return err_set(e, ERR_STATS_TOO_FEW, "there are no observations to fit");
    int code = check_finite(q->x, q->n * (size_t)q->p, "covariate", e);
    if (!code)
        code = check_range(q->y, q->n, 0, 1, "outcome", e);
    if (!code && q->offset)
        code = check_finite(q->offset, q->n, "offset", e);
    return code;
}

int logistic_fit(struct logistic *out, const double *x, const double *y, const double *offset, size_t n, int p, struct err *e) {
    const struct problem q = {x, y, offset, n, p};
    double step[LOGISTIC_MAX] = {0}, information[LOGISTIC_MAX * LOGISTIC_MAX] = {0};
    const int code = check_problem(&q, e);
    if (code)
        return code;
    *out = (struct logistic){.p = p};
    out->deviance = deviance(&q, out->beta);
    for (out->iterations = 0; p > 0; out->iterations++) {
        double largest = 0, length, size = 0;
        const double least = derivatives(&q, out->beta, step, information);
        if (!cholesky(information, p))
            return out->iterations > 8 && least < 1e-8
                       ? err_set(e, ERR_STATS_SEPARATED, "the classes are separated perfectly: the logistic fit has no finite answer")
                       : err_set(e, ERR_STATS_UNDEFINED, "the covariates depend on each other: the logistic fit has no single answer");
        if (out->deviance < 1e-6 * (double)n)
            return err_set(e, ERR_STATS_SEPARATED, "the classes are separated perfectly: the logistic fit has no finite answer");
        solve(information, p, step);
        for (int j = 0; j < p; j++) {
            largest = fmax(largest, fabs(step[j]));
            size = fmax(size, fabs(out->beta[j]));
        }
        if (largest <= 1e-13 * fmax(1, size))
            break;
        take_step(out, &q, step, &length);
        if (length == 0 && largest <= 1e-7 * fmax(1, size)) /* the deviance has no digits left to fall */
            break;
        if (out->iterations >= ITERATIONS_MAX && largest > 0.1) /* one coefficient runs away by about 1 each time */
            return err_set(e, ERR_STATS_SEPARATED, "a covariate separates part of the classes: the logistic fit has no finite answer");
        if (out->iterations >= ITERATIONS_MAX || length == 0)
            return err_set(e, ERR_STATS_CONVERGENCE, "the logistic fit did not converge in %d iterations", out->iterations);
    }
    invert(out, information);
    return 0;
}
