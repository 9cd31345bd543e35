/* Distributions: probabilities and quantiles. The only file that sees GSL is distribution.c. Floor 1.
 *
 * Arguments out of range give NaN. Quantiles of t, chi-square, F and beta are found by bisection of the distribution function down to
 * neighbouring doubles, in the tail that keeps digits: GSL's own inverses stop at some 1e-9.
 * Source: GSL 2.7 (gsl_cdf_*), after Abramowitz & Stegun 26.2-26.6; noncentral F: Johnson, Kotz & Balakrishnan 1995, ch. 30, as a
 * Poisson mixture of beta distributions.
 */
#ifndef BMU_STATS_DISTRIBUTION_H
#define BMU_STATS_DISTRIBUTION_H

double normal_cdf(double z);
double normal_upper(double z);
double normal_quantile(double p);
double normal_two_sided(double z);    /* P(|Z| >= |z|) */
double normal_critical(double level); /* z of a two-sided interval at this confidence level */

double student_upper(double t, double df);
double student_two_sided(double t, double df);
double student_critical(double level, double df);

double chi_square_upper(double x, double df);
double f_upper(double x, double df1, double df2);
double f_upper_quantile(double p, double df1, double df2); /* the x with P(F >= x) = p */
double f_noncentral_upper(double x, double df1, double df2, double lambda);

double beta_quantile(double p, double a, double b);
double beta_upper_quantile(double p, double a, double b);

double binomial_probability(unsigned k, unsigned n, double p);
double binomial_cdf(unsigned k, unsigned n, double p);

/* "GSL 2.7.1": the library and its version, for provenance. */
void distribution_library(char out[32]);

#endif
