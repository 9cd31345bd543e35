/* Are the probabilities right? Calibration of predicted probabilities against 0/1 truth. Floor 2.
 *
 * Errors of all: ERR_STATS_TOO_FEW, ERR_STATS_ONE_CLASS, ERR_STATS_NAN, ERR_STATS_RANGE (a probability outside [0, 1]).
 */
#ifndef BMU_ACCURACY_CALIBRATION_H
#define BMU_ACCURACY_CALIBRATION_H

#include <stddef.h>
#include <stdint.h>

#include "stats/check.h"
#include "stats/proportion.h"

/* Logits of probabilities, for recalibration. clip = 0: a 0 or 1 is ERR_STATS_RANGE; clip in (0, 0.5): probabilities are moved into
 * [clip, 1 - clip] first, and n_clipped says how many were. */
int calibration_logits(double *out, size_t *n_clipped, const double *probability, size_t n, double clip, struct err *e);

struct calibration_line {
    double intercept, slope; /* logit P(y = 1) = intercept + slope * logit p: 0 and 1 if calibrated (Cox 1958, Biometrika 45:562) */
    double intercept_error, slope_error;                /* standard errors */
    struct interval intercept_interval, slope_interval; /* Wald */
    double in_the_large; /* intercept with the slope fixed at 1 (Steyerberg 2019, Clinical Prediction Models, ch. 15) */
    double in_the_large_error;
    struct interval in_the_large_interval;
    double observed_expected; /* events / sum of probabilities */
    size_t n_clipped;
};
/* By logistic regression; its errors too (stats/logistic.h): ERR_STATS_SEPARATED, ERR_STATS_UNDEFINED (all probabilities equal). */
int calibration_line(struct calibration_line *out, const double *probability, const uint8_t *truth, size_t n, double clip, double level,
                     struct err *e);

enum calibration_rule {
    CALIBRATION_EQUAL_WIDTH, /* bin b holds floor(p * bins) = b; p = 1 belongs to the last */
    CALIBRATION_EQUAL_MASS,  /* by rank: position i of n (from 0) goes to floor(i * bins / n); equal probabilities all go where the first
                                goes */
};
struct calibration_bin {
    size_t n;         /* 0: an empty bin; only low and high mean anything (equal mass: nothing does) */
    double low, high; /* equal width: the bin's edges; equal mass: its least and greatest probability */
    double predicted; /* mean probability */
    struct proportion observed;
};
/* The reliability curve: n_bins bins, 1 .. n. */
int calibration_bins(struct calibration_bin *bins, size_t n_bins, enum calibration_rule rule, const double *probability,
                     const uint8_t *truth, size_t n, double level, struct err *e);

/* Expected and maximum calibration error over the bins: sum of n_b / n * |observed - predicted| (Naeini, Cooper & Hauskrecht 2015, AAAI,
 * 2901), and the largest. It depends on the bins: always state rule and number. */
void calibration_error(double *expected, double *maximum, const struct calibration_bin *bins, size_t n_bins);

/* Hosmer & Lemeshow 1980 (Commun Stat Theor Meth 9:1043): sum over non-empty bins of (O - E)^2 / (n pbar (1 - pbar)); df = groups - fitted,
 * where `fitted` is 2 on the data the model was fitted to and 0 on other data. ERR_STATS_UNDEFINED for a group with expectation 0 or n;
 * ERR_STATS_TOO_FEW if no df remain. */
int calibration_hosmer_lemeshow(double *chi_square, double *df, double *p, const struct calibration_bin *bins, size_t n_bins, int fitted,
                                struct err *e);

struct brier {
    double score;  /* mean (p - y)^2 (Brier 1950, Mon Weather Rev 78:1) */
    double scaled; /* 1 - score / (prevalence (1 - prevalence)) */
    /* Murphy 1973 (J Appl Meteorol 12:595) over the bins, with the terms within bins of Stephenson, Coelho & Jolliffe 2008 (Weather
     * Forecast 23:752): score = reliability - resolution + uncertainty + within_variance - within_covariance, exactly */
    double reliability, resolution, uncertainty, within_variance, within_covariance;
};
int calibration_brier(struct brier *out, const double *probability, const uint8_t *truth, size_t n, size_t n_bins,
                      enum calibration_rule rule, struct err *e);

struct ici {
    double ici, e50, e90, maximum; /* mean, median, 90th percentile (type 7), largest of |p - smoothed observed frequency| */
};
/* Integrated calibration index (Austin & Steyerberg 2019, Stat Med 38:4051): local quadratic regression of truth on p by stats/loess.h,
 * span 0.75, computed at each observation directly (R: loess(y ~ p, control = loess.control(surface = "direct"))). smoothed (n numbers) may
 * be NULL. O(n^2). Errors of loess_fit(). */
int calibration_ici(struct ici *out, double *smoothed, const double *probability, const uint8_t *truth, size_t n, struct err *e);

#endif
