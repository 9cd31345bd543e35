/* Logistic regression from the textbook, for tests: Newton's method, that is iteratively reweighted least squares (McCullagh & Nelder,
 * Generalized Linear Models, 2nd edition 1989, section 4.4), with a Cholesky solution. Knows nothing of the program. Test code, above all
 * floors. */
#ifndef BMU_TESTS_LOGISTIC_H
#define BMU_TESTS_LOGISTIC_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { LOGISTIC_MAX = 64 };

/* a (n x n, symmetric, positive definite) x = b, in place: b becomes x. False: not positive definite. */
static inline bool cholesky_solve(double a[LOGISTIC_MAX][LOGISTIC_MAX], double *b, int n) {
    for (int j = 0; j < n; j++) {
        for (int k = 0; k < j; k++)
            a[j][j] -= a[j][k] * a[j][k];
        if (!(a[j][j] > 0))
            return false;
        a[j][j] = sqrt(a[j][j]);
        for (int i = j + 1; i < n; i++) {
            for (int k = 0; k < j; k++)
                a[i][j] -= a[i][k] * a[j][k];
            a[i][j] /= a[j][j];
        }
    }
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < i; k++)
            b[i] -= a[i][k] * b[k];
        b[i] /= a[i][i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++)
            b[i] -= a[k][i] * b[k];
        b[i] /= a[i][i];
    }
    return true;
}

/* Coefficients of n columns (x: rows x stride, the first n columns are used where use[row]); a ridge of 1e-3 keeps columns that never vary
 * from being singular. False: it did not converge. */
static inline bool logistic_fit(double *beta, const double *x, size_t stride, const bool *y, const bool *use, size_t rows, int n) {
    static double h[LOGISTIC_MAX][LOGISTIC_MAX];
    double g[LOGISTIC_MAX];
    memset(beta, 0, (size_t)n * sizeof *beta);
    for (int step = 0; step < 50; step++) {
        memset(h, 0, sizeof h);
        for (int j = 0; j < n; j++) {
            g[j] = -1e-3 * beta[j];
            h[j][j] = 1e-3;
        }
        for (size_t r = 0; r < rows; r++) {
            const double *row = x + r * stride;
            double z = 0;
            if (!use[r])
                continue;
            for (int j = 0; j < n; j++)
                z += beta[j] * row[j];
            const double p = 1 / (1 + exp(-z)), w = p * (1 - p);
            for (int j = 0; j < n; j++) {
                g[j] += row[j] * (y[r] - p);
                for (int k = 0; k <= j; k++)
                    h[j][k] += w * row[j] * row[k];
            }
        }
        double moved = 0;
        if (!cholesky_solve(h, g, n))
            return false;
        for (int j = 0; j < n; j++) {
            beta[j] += g[j];
            moved = fmax(moved, fabs(g[j]));
        }
        if (moved < 1e-8)
            return true;
    }
    return false;
}

/* Area under the ROC curve by its definition, every pair compared. */
static inline double auc_by_pairs(const double *score, const bool *y, size_t n) {
    double won = 0, pairs = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; y[i] && j < n; j++)
            if (!y[j]) {
                won += score[i] > score[j] ? 1 : score[i] < score[j] ? 0 : 0.5;
                pairs++;
            }
    return won / pairs;
}

#endif
