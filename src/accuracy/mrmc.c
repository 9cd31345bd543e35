/* Obuchowski & Rockette's analysis of reader studies. Floor 2. */
#include "accuracy/mrmc.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "accuracy/delong.h"
#include "base/mem.h"
#include "stats/distribution.h"

/* --- figures and covariances ----------------------------------------------------------------------------------------------- */

/* Each case's part in the figure, whose mean over the class is the figure; a class that has no part stays at the figure itself. */
static int parts(double *part, double *figure, const double *score, const struct mrmc_study *s, enum mrmc_figure kind, double threshold,
                 struct err *e) {
    if (kind == MRMC_AUC)
        return delong_placements(part, figure, score, s->truth, s->cases, e);
    size_t n_positive;
    const int code = check_binary(&n_positive, score, s->truth, s->cases, e);
    if (code)
        return code;
    const int taken = kind == MRMC_SENSITIVITY;
    double sum = 0;
    for (size_t c = 0; c < s->cases; c++)
        if (s->truth[c] == taken)
            sum += part[c] = (score[c] >= threshold) == taken;
    *figure = sum / (double)(taken ? n_positive : s->cases - n_positive);
    for (size_t c = 0; c < s->cases; c++)
        if (s->truth[c] != taken)
            part[c] = *figure;
    return 0;
}

/* What a product of deviations of one class of k cases counts in the covariance. */
static double class_factor(double k, double cases, enum mrmc_covariance method) {
    return method == MRMC_DELONG ? 1 / (k * (k - 1)) : (cases - 1) / cases / ((k - 1) * (k - 1));
}

int mrmc_figures(double *figure, double *covariance, const struct mrmc_study *s, enum mrmc_figure kind, double threshold,
                 enum mrmc_covariance method, struct err *e) {
    const size_t n = s->cases, cells = (size_t)s->modalities * (size_t)s->readers;
    size_t m = 0, count;
    int code = check_truth(&m, s->truth, n, e);
    if (!code && (m < 2 || n - m < 2))
        code = err_set(e, ERR_STATS_TOO_FEW, "%zu positive and %zu negative cases; a variance needs two of each", m, n - m);
    if (!code && !mem_mul(cells, n, &count))
        code = err_set(e, ERR_LIMIT, "a reader study of %zu x %zu readings", cells, n);
    if (code)
        return code;
    double *part = mem_alloc(count, sizeof *part, e);
    if (!part)
        return ERR_NO_MEMORY;
    for (size_t a = 0; a < cells && !code; a++)
        code = parts(part + a * n, &figure[a], s->score + a * n, s, kind, threshold, e);
    /* the jackknife leaves out the cases that the figure is made of */
    const double negatives = (double)(n - m), positives = (double)m, both = (double)n;
    const double factor[2] = {class_factor(negatives, kind == MRMC_AUC ? both : negatives, method),
                              class_factor(positives, kind == MRMC_AUC ? both : positives, method)};
    for (size_t a = 0; a < cells && !code; a++)
        for (size_t b = a; b < cells; b++) {
            double sum = 0;
            for (size_t c = 0; c < n; c++)
                sum += factor[s->truth[c]] * (part[a * n + c] - figure[a]) * (part[b * n + c] - figure[b]);
            covariance[a * cells + b] = covariance[b * cells + a] = sum;
        }
    mem_free(part);
    return code;
}

/* --- the analysis ---------------------------------------------------------------------------------------------------------- */

struct mrmc {
    int t, r;
    double *figure, *covariance; /* t * r, (t * r)^2 */
    struct mrmc_components c;
};

static double figure_of(const struct mrmc *m, int i, int j) {
    return m->figure[i * m->r + j];
}

static double covariance_of(const struct mrmc *m, int i, int j, int i2, int j2) {
    return m->covariance[(size_t)(i * m->r + j) * (size_t)(m->t * m->r) + (size_t)(i2 * m->r + j2)];
}

static double modality_mean(const struct mrmc *m, int i) {
    double sum = 0;
    for (int j = 0; j < m->r; j++)
        sum += figure_of(m, i, j);
    return sum / m->r;
}

static double reader_mean(const struct mrmc *m, int j) {
    double sum = 0;
    for (int i = 0; i < m->t; i++)
        sum += figure_of(m, i, j);
    return sum / m->t;
}

/* Mean covariance over pairs of cells that share the modality or not, and the reader or not; 0 if there is no such pair. */
static double mean_covariance(const struct mrmc *m, bool same_modality, bool same_reader) {
    double sum = 0, n = 0;
    for (int a = 0; a < m->t * m->r; a++)
        for (int b = 0; b < m->t * m->r; b++)
            if ((a / m->r == b / m->r) == same_modality && (a % m->r == b % m->r) == same_reader) {
                sum += covariance_of(m, a / m->r, a % m->r, b / m->r, b % m->r);
                n++;
            }
    return n > 0 ? sum / n : 0;
}

static double positive(double x) {
    return x > 0 ? x : 0;
}

static void mean_squares(struct mrmc *m) {
    double grand = 0, modality = 0, reader = 0, interaction = 0;
    for (int i = 0; i < m->t; i++)
        grand += modality_mean(m, i) / m->t;
    for (int i = 0; i < m->t; i++)
        modality += pow(modality_mean(m, i) - grand, 2);
    for (int j = 0; j < m->r; j++)
        reader += pow(reader_mean(m, j) - grand, 2);
    for (int i = 0; i < m->t; i++)
        for (int j = 0; j < m->r; j++)
            interaction += pow(figure_of(m, i, j) - modality_mean(m, i) - reader_mean(m, j) + grand, 2);
    m->c.ms_modality = m->t > 1 ? m->r * modality / (m->t - 1) : 0;
    m->c.ms_reader = m->r > 1 ? m->t * reader / (m->r - 1) : 0;
    m->c.ms_interaction = m->t > 1 && m->r > 1 ? interaction / ((m->t - 1) * (m->r - 1)) : 0;
}

static void components(struct mrmc *m) {
    struct mrmc_components *c = &m->c;
    mean_squares(m);
    c->var_error = mean_covariance(m, true, true);
    c->cov1 = mean_covariance(m, false, true);
    c->cov2 = mean_covariance(m, true, false);
    c->cov3 = mean_covariance(m, false, false);
    c->var_reader = (c->ms_reader - c->ms_interaction) / m->t - c->cov1 + c->cov3;
    c->var_interaction = c->ms_interaction - c->var_error + c->cov1 + positive(c->cov2 - c->cov3);
}

int mrmc_make(struct mrmc **out, const double *figure, const double *covariance, int modalities, int readers, struct err *e) {
    *out = NULL;
    if (modalities < 1 || readers < 1 || modalities > 1000 || readers > 1000)
        return err_set(e, ERR_STATS_RANGE, "%d modalities and %d readers; must be 1 to 1000", modalities, readers);
    const size_t cells = (size_t)modalities * (size_t)readers;
    int code = check_finite(figure, cells, "figure of merit", e);
    if (!code)
        code = check_finite(covariance, cells * cells, "covariance", e);
    if (code)
        return code;
    struct mrmc *m = mem_alloc(1, sizeof *m, e);
    if (!m)
        return ERR_NO_MEMORY;
    m->t = modalities;
    m->r = readers;
    m->figure = mem_alloc(cells, sizeof(double), e);
    m->covariance = mem_alloc(cells * cells, sizeof(double), e);
    if (!m->figure || !m->covariance) {
        mrmc_free(m);
        return ERR_NO_MEMORY;
    }
    memcpy(m->figure, figure, cells * sizeof(double));
    memcpy(m->covariance, covariance, cells * cells * sizeof(double));
    components(m);
    *out = m;
    return 0;
}

void mrmc_free(struct mrmc *m) {
    if (m) {
        mem_free(m->figure);
        mem_free(m->covariance);
    }
    mem_free(m);
}

const struct mrmc_components *mrmc_components(const struct mrmc *m) {
    return &m->c;
}

/* The variance of one figure's mean over readers times r, as the model sees it, for the difference of modalities, with its df. */
static void error_term(const struct mrmc *m, enum mrmc_model model, double *term, double *df) {
    const struct mrmc_components *c = &m->c;
    const double excess = positive(c->cov2 - c->cov3), whole = (m->t - 1) * (m->r - 1);
    switch (model) {
    case MRMC_FIXED_READERS:
        *term = c->var_error - c->cov1 + (m->r - 1) * excess;
        *df = INFINITY;
        return;
    case MRMC_FIXED_CASES:
        *term = c->ms_interaction;
        *df = whole;
        return;
    case MRMC_RANDOM_BOTH:
        break;
    }
    *term = c->ms_interaction + m->r * excess;
    *df = c->ms_interaction > 0 ? *term * *term * whole / (c->ms_interaction * c->ms_interaction) : INFINITY;
}

static int check_design(const struct mrmc *m, enum mrmc_model model, int least_modalities, struct err *e) {
    if (m->t < least_modalities || (model != MRMC_FIXED_READERS && m->r < 2))
        return err_set(e, ERR_STATS_TOO_FEW, "%d modalities and %d readers are too few for this analysis", m->t, m->r);
    return 0;
}

int mrmc_equal(struct mrmc_test *out, const struct mrmc *m, enum mrmc_model model, struct err *e) {
    const int code = check_design(m, model, 2, e);
    if (code)
        return code;
    *out = (struct mrmc_test){.df1 = m->t - 1};
    error_term(m, model, &out->denominator, &out->df2);
    if (!(out->denominator > 0))
        return err_set(e, ERR_STATS_UNDEFINED, "the error variance of the modalities' difference is %g", out->denominator);
    out->statistic = m->c.ms_modality / out->denominator;
    if (model == MRMC_FIXED_READERS)
        out->statistic *= m->t - 1;
    out->p = isinf(out->df2) ? chi_square_upper(model == MRMC_FIXED_READERS ? out->statistic : out->statistic * out->df1, out->df1)
                             : f_upper(out->statistic, out->df1, out->df2);
    return 0;
}

static int conclude(struct mrmc_estimate *out, double value, double variance, double df, double level, struct err *e) {
    const int code = check_level(level, e);
    if (code)
        return code;
    if (!(variance > 0))
        return err_set(e, ERR_STATS_UNDEFINED, "the estimate's variance is %g", variance);
    *out = (struct mrmc_estimate){.value = value, .standard_error = sqrt(variance), .df = df};
    const double critical = isinf(df) ? normal_critical(level) : student_critical(level, df);
    out->statistic = value / out->standard_error;
    out->p = isinf(df) ? normal_two_sided(out->statistic) : student_two_sided(out->statistic, df);
    out->interval = (struct interval){value - critical * out->standard_error, value + critical * out->standard_error};
    return 0;
}

static int check_index(int i, int n, const char *what, struct err *e) {
    if (i < 0 || i >= n)
        return err_set(e, ERR_STATS_RANGE, "%s %d of %d", what, i, n);
    return 0;
}

int mrmc_difference(struct mrmc_estimate *out, const struct mrmc *m, enum mrmc_model model, int a, int b, double level, struct err *e) {
    double term, df;
    int code = check_design(m, model, 2, e);
    if (!code)
        code = check_index(a, m->t, "modality", e);
    if (!code)
        code = check_index(b, m->t, "modality", e);
    if (code)
        return code;
    error_term(m, model, &term, &df);
    return conclude(out, modality_mean(m, a) - modality_mean(m, b), 2 * term / m->r, df, level, e);
}

int mrmc_modality(struct mrmc_estimate *out, const struct mrmc *m, enum mrmc_model model, int modality, double level, struct err *e) {
    int code = check_design(m, model, 1, e);
    if (!code)
        code = check_index(modality, m->t, "modality", e);
    if (code)
        return code;
    const int r = m->r;
    double mean = modality_mean(m, modality), ms = 0, error = 0, cov2 = 0;
    for (int j = 0; j < r; j++) {
        ms += r > 1 ? pow(figure_of(m, modality, j) - mean, 2) / (r - 1) : 0;
        for (int j2 = 0; j2 < r; j2++)
            *(j == j2 ? &error : &cov2) += covariance_of(m, modality, j, modality, j2);
    }
    error /= r;
    cov2 /= r > 1 ? r * (r - 1) : 1;
    double term = ms, df = r - 1;
    if (model == MRMC_FIXED_READERS) {
        term = error + (r - 1) * positive(cov2);
        df = INFINITY;
    } else if (model == MRMC_RANDOM_BOTH) {
        term = ms + r * positive(cov2);
        df = ms > 0 ? term * term * (r - 1) / (ms * ms) : INFINITY;
    }
    return conclude(out, mean, term / r, df, level, e);
}

int mrmc_reader_difference(struct mrmc_estimate *out, const struct mrmc *m, int reader, int a, int b, double level, struct err *e) {
    int code = check_index(reader, m->r, "reader", e);
    if (!code)
        code = check_index(a, m->t, "modality", e);
    if (!code)
        code = check_index(b, m->t, "modality", e);
    if (code)
        return code;
    double error = 0, cov1 = 0;
    for (int i = 0; i < m->t; i++)
        for (int i2 = 0; i2 < m->t; i2++)
            *(i == i2 ? &error : &cov1) += covariance_of(m, i, reader, i2, reader);
    error /= m->t;
    cov1 /= m->t > 1 ? m->t * (m->t - 1) : 1;
    return conclude(out, figure_of(m, a, reader) - figure_of(m, b, reader), 2 * (error - cov1), INFINITY, level, e);
}
