/* The loss of an evidence map. Floor 6. */
#include "model/evidence_loss.h"

#include <math.h>
#include <string.h>

/* The shares of one cell: f[g], and the background's. Where marks overlap their shares are brought down to 1 in sum. */
static double shares(double f[EVIDENCE_GROUPS_MAX], const struct evidence_target *t, size_t cells, size_t cell) {
    double sum = 0;
    for (int g = 0; g < t->n_groups; g++)
        sum += f[g] = (double)t->share[(size_t)g * cells + cell];
    const double most = sum > 1 ? sum : 1, background = sum < 1 ? 1 - sum : 0;
    for (int g = 0; g < t->n_groups; g++) {
        f[g] /= most;
        f[g] = f[g] > EVIDENCE_LEAST ? f[g] : 0;
    }
    return background;
}

void evidence_count(struct evidence_weights *sum, const struct evidence_target *t, size_t cells) {
    double f[EVIDENCE_GROUPS_MAX];
    for (size_t cell = 0; t->marked && cell < cells; cell++) {
        sum->background += shares(f, t, cells, cell);
        for (int g = 0; g < t->n_groups; g++)
            sum->lesion += f[g];
    }
}

/* log of the sum of exp(e) over the channels in the set (bit 0: background). */
static double log_sum(const float *e, int channels, uint64_t set, bool background) {
    double top = -INFINITY, sum = 0;
    for (int k = 0; k < channels; k++)
        if (k ? set >> (k - 1) & 1U : background)
            top = fmax(top, (double)e[k]);
    for (int k = 0; k < channels; k++)
        if (k ? set >> (k - 1) & 1U : background)
            sum += exp((double)e[k] - top);
    return top + log(sum);
}

/* -w log p of a set of channels; adds w (p_k - [k in the set] p_k / p_set) to the gradient. */
static double term(double *sink, const float *e, int channels, uint64_t set, bool background, double all, double w) {
    const double own = log_sum(e, channels, set, background);
    for (int k = 0; sink && k < channels; k++) {
        const bool in = k ? set >> (k - 1) & 1U : background;
        sink[k] += w * (exp((double)e[k] - all) - (in ? exp((double)e[k] - own) : 0));
    }
    return w * (all - own);
}

int evidence_loss(double *loss, float *gradient, const float *e, size_t cells, int kinds, const struct evidence_target *t,
                  const struct evidence_weights *sum, double scale, struct err *err) {
    const int channels = kinds + 1;
    const double by_background = 0.5 * scale / fmax(1, sum->background), by_lesion = 0.5 * scale / fmax(1, sum->lesion);
    double f[EVIDENCE_GROUPS_MAX], sink[EVIDENCE_KINDS_MAX + 1];
    if (gradient)
        memset(gradient, 0, cells * (size_t)channels * sizeof *gradient);
    for (size_t cell = 0; t->marked && cell < cells; cell++, e += channels) {
        for (int k = 0; k < channels; k++)
            if (!isfinite(e[k]))
                return err_set(err, ERR_OUTPUT_NAN, "the evidence of cell %zu is %g", cell, (double)e[k]);
        const double all = log_sum(e, channels, UINT64_MAX, true), b = shares(f, t, cells, cell);
        memset(sink, 0, (size_t)channels * sizeof *sink);
        *loss += term(sink, e, channels, 0, true, all, by_background * b);
        for (int g = 0; g < t->n_groups; g++)
            if (f[g] > 0)
                *loss += term(sink, e, channels, t->kinds[g], false, all, by_lesion * f[g]);
        for (int k = 0; gradient && k < channels; k++)
            gradient[cell * (size_t)channels + (size_t)k] = (float)sink[k];
    }
    return 0;
}
