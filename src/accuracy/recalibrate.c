/* Recalibration: Platt, isotonic, temperature. Floor 2. */
#include "accuracy/recalibrate.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "stats/check.h"
#include "stats/logistic.h"
#include "stats/rank.h"

int platt_fit(struct platt *out, const double *score, const uint8_t *truth, size_t n, bool smoothed, struct err *e) {
    size_t m;
    struct logistic fit;
    int code = check_binary(&m, score, truth, n, e);
    if (code)
        return code;
    double *block = mem_alloc(n, 3 * sizeof *block, e);
    if (!block)
        return ERR_NO_MEMORY;
    const double high = smoothed ? ((double)m + 1) / ((double)m + 2) : 1, low = smoothed ? 1 / ((double)(n - m) + 2) : 0;
    for (size_t i = 0; i < n; i++) {
        block[2 * i] = 1;
        block[2 * i + 1] = score[i];
        block[2 * n + i] = truth[i] ? high : low;
    }
    code = logistic_fit(&fit, block, block + 2 * n, NULL, n, 2, e);
    if (!code)
        *out = (struct platt){fit.beta[0], fit.beta[1]};
    mem_free(block);
    return code;
}

double platt_apply(const struct platt *p, double score) {
    return logistic(p->intercept + p->slope * score);
}

/* --- isotonic -------------------------------------------------------------------------------------------------------------- */

/* Pools the last block into those before it while it is not above them; a block starts where its first did. sum / weight is its
 * value. */
static size_t pool_back(double *sum, double *weight, size_t blocks) {
    while (blocks > 1 && sum[blocks - 2] * weight[blocks - 1] >= sum[blocks - 1] * weight[blocks - 2]) {
        sum[blocks - 2] += sum[blocks - 1];
        weight[blocks - 2] += weight[blocks - 1];
        blocks--;
    }
    return blocks;
}

int isotonic_fit(struct isotonic **out, const double *score, const uint8_t *truth, size_t n, struct err *e) {
    size_t m, *order = NULL;
    *out = NULL;
    int code = check_binary(&m, score, truth, n, e);
    if (!code)
        code = rank_order(&order, score, n, e);
    if (code)
        return code;
    struct isotonic *r = mem_alloc(1, sizeof *r, e);
    double *weight = mem_alloc(n, sizeof *weight, e);
    if (r) {
        r->score = mem_alloc(n, sizeof(double), e);
        r->value = mem_alloc(n, sizeof(double), e);
    }
    if (!r || !weight || !r->score || !r->value) {
        isotonic_free(r);
        mem_free(weight);
        mem_free(order);
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0, next; i < n; i = next) {
        next = rank_run(score, order, n, i);
        r->score[r->n] = score[order[i]];
        r->value[r->n] = 0;
        weight[r->n] = (double)(next - i);
        for (size_t k = i; k < next; k++)
            r->value[r->n] += truth[order[k]];
        r->n = pool_back(r->value, weight, r->n + 1);
    }
    for (size_t i = 0; i < r->n; i++)
        r->value[i] /= weight[i];
    mem_free(weight);
    mem_free(order);
    *out = r;
    return 0;
}

double isotonic_apply(const struct isotonic *r, double score) {
    size_t low = 0, high = r->n; /* the last step that starts at or below score */
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (r->score[middle] <= score)
            low = middle;
        else
            high = middle;
    }
    return r->value[low];
}

void isotonic_free(struct isotonic *r) {
    if (r) {
        mem_free(r->score);
        mem_free(r->value);
    }
    mem_free(r);
}

/* --- temperature ----------------------------------------------------------------------------------------------------------- */

struct slopes { /* first and second derivative of the negative log likelihood by 1 / T */
    double first, second;
};

static struct slopes slopes_at(const double *logits, const int *truth, size_t n, int k, double inverse) {
    struct slopes s = {0};
    for (size_t i = 0; i < n; i++) {
        const double *z = logits + i * (size_t)k;
        double top = z[0], sum = 0, mean = 0, square = 0;
        for (int c = 1; c < k; c++)
            top = fmax(top, z[c]);
        for (int c = 0; c < k; c++) {
            const double w = exp(inverse * (z[c] - top)), d = z[c] - z[truth[i]];
            sum += w;
            mean += w * d;
            square += w * d * d;
        }
        mean /= sum;
        s.first += mean;
        s.second += square / sum - mean * mean;
    }
    return s;
}

static bool every_class_leads(const double *logits, const int *truth, size_t n, int k) {
    for (size_t i = 0; i < n; i++)
        for (int c = 0; c < k; c++)
            if (logits[i * (size_t)k + (size_t)c] > logits[i * (size_t)k + (size_t)truth[i]])
                return false;
    return true;
}

int temperature_fit(double *temperature, const double *logits, const int *truth, size_t n, int k, struct err *e) {
    int code = check_classes(truth, n, k, "truth", e);
    if (!code)
        code = check_finite(logits, n * (size_t)k, "logit", e);
    if (code)
        return code;
    if (every_class_leads(logits, truth, n, k))
        return err_set(e, ERR_STATS_SEPARATED, "each observation's own class has the highest logit: no finite temperature is best");
    if (slopes_at(logits, truth, n, k, 0).first >= 0)
        return err_set(e, ERR_STATS_UNDEFINED, "the logits point away from the truth: no positive temperature helps");
    double low = 0, high = 1;
    while (slopes_at(logits, truth, n, k, high).first < 0 && high < 1e12) {
        low = high;
        high *= 2;
    }
    double at = low + (high - low) / 2;
    for (int i = 0; i < 200; i++) { /* Newton within the bracket */
        const struct slopes s = slopes_at(logits, truth, n, k, at);
        *(s.first < 0 ? &low : &high) = at;
        double next = at - s.first / s.second;
        if (!(next > low && next < high))
            next = low + (high - low) / 2;
        if (fabs(next - at) <= 1e-15 * at)
            break;
        at = next;
    }
    *temperature = 1 / at;
    return 0;
}
