/* What all statistics share: an interval, and the checks of their inputs. Floor 1.
 *
 * Conventions of the room: arrays in, numbers out; no I/O, no state. `truth` is 1 (positive, malignant) or 0 for each observation; a higher
 * `score` speaks for positive; `score >= threshold` is a positive call. `level` is the confidence level of an interval, in (0, 1), as 0.95.
 * `cluster` numbers the patients 0 .. n_clusters - 1, each at least once; NULL: every observation is its own cluster. Nothing is dropped or
 * imputed: a NaN or an infinity anywhere is ERR_STATS_NAN, and names the row (counted from 0).
 */
#ifndef BMU_STATS_CHECK_H
#define BMU_STATS_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct interval {
    double low, high;
};

int check_level(double level, struct err *e);
/* Each of n numbers is finite, and lies in [low, high]; `what` names them in the message. */
int check_finite(const double *x, size_t n, const char *what, struct err *e);
int check_range(const double *x, size_t n, double low, double high, const char *what, struct err *e);
/* Truth is 0 or 1; counts the ones. n = 0: ERR_STATS_TOO_FEW. */
int check_truth(size_t *n_positive, const uint8_t *truth, size_t n, struct err *e);
/* Both of the above for a score with its truth; ERR_STATS_ONE_CLASS unless both classes occur. */
int check_binary(size_t *n_positive, const double *score, const uint8_t *truth, size_t n, struct err *e);
/* The same, and the score is a probability. */
int check_probability(size_t *n_positive, const double *probability, const uint8_t *truth, size_t n, struct err *e);
/* Each of n labels lies in 0 .. n_classes - 1, n_classes >= 2. */
int check_classes(const int *label, size_t n, int n_classes, const char *what, struct err *e);
/* n x k probabilities by row: each in [0, 1], each row sums to 1 within 1e-6. */
int check_simplex(const double *probability, size_t n, int k, struct err *e);
/* Ids below n_clusters, each used; at least two clusters. */
int check_clusters(const size_t *cluster, size_t n, size_t n_clusters, struct err *e);

#endif
