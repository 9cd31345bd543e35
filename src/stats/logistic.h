/* Logistic regression with few coefficients. Floor 1. */
#ifndef BMU_STATS_LOGISTIC_H
#define BMU_STATS_LOGISTIC_H

#include <stddef.h>

#include "stats/check.h"

enum { LOGISTIC_MAX = 32 };

struct logistic {
    int p;
    double beta[LOGISTIC_MAX];
    double covariance[LOGISTIC_MAX * LOGISTIC_MAX]; /* p x p: inverse of the observed information */
    double deviance;                                /* -2 log likelihood */
    int iterations;
};

/* Maximum likelihood by iteratively reweighted least squares (Nelder & Wedderburn 1972, J R Stat Soc A 135:370), with halved steps where
 * the deviance would rise. x: n x p by row (the column of ones is the caller's); y: in [0, 1] (shares are allowed, for Platt's targets);
 * offset: n numbers or NULL; 0 <= p <= LOGISTIC_MAX (p = 0: the deviance of the offset alone).
 * Errors: ERR_STATS_TOO_FEW (n = 0), ERR_STATS_NAN, ERR_STATS_RANGE, ERR_STATS_UNDEFINED (columns that depend on each other),
 * ERR_STATS_SEPARATED (a combination of columns tells the classes apart: the estimate runs away), ERR_STATS_CONVERGENCE. */
int logistic_fit(struct logistic *out, const double *x, const double *y, const double *offset, size_t n, int p, struct err *e);

/* 1 / (1 + exp(-x)) and log(p / (1 - p)). */
double logistic(double x);
double logit(double p);

#endif
