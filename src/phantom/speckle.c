/* Speckle. Floor 4. */
#include "phantom/speckle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/elementary.h"
#include "base/mem.h"

enum { REACH_MAX = 48 };

/* Weights of a Gaussian whose squares sum to one: white noise keeps its variance. */
static int unit_kernel(float weight[REACH_MAX + 1], double sigma) {
    int reach = (int)(2.8 * sigma + 0.999);
    reach = reach > REACH_MAX ? REACH_MAX : reach;
    double sum = 0, w[REACH_MAX + 1];
    for (int i = 0; i <= reach; i++) {
        w[i] = elementary_exp(-0.5 * i * i / (sigma * sigma + 1e-12));
        sum += (i ? 2 : 1) * w[i] * w[i];
    }
    for (int i = 0; i <= reach; i++)
        weight[i] = (float)(w[i] / sqrt(sum));
    return reach;
}

/* Two real fields side by side in memory: real and imaginary part. */
struct echo {
    int width, height;
    float *part[2], *spread[2]; /* owned; before and after the axial convolution */
    float *line;                /* owned; a row with room on both sides */
};

static void echo_release(struct echo *q) {
    for (int i = 0; i < 2; i++) {
        mem_free(q->part[i]);
        mem_free(q->spread[i]);
    }
    mem_free(q->line);
}

static int echo_new(struct echo *q, int width, int height, struct err *e) {
    *q = (struct echo){.width = width, .height = height};
    for (int i = 0; i < 2; i++) {
        q->part[i] = mem_alloc((size_t)width * (size_t)height, sizeof(float), e);
        q->spread[i] = mem_alloc((size_t)width * (size_t)height, sizeof(float), e);
        if (!q->part[i] || !q->spread[i])
            return ERR_NO_MEMORY;
    }
    q->line = mem_alloc((size_t)width + 2 * REACH_MAX, sizeof(float), e);
    return q->line ? 0 : ERR_NO_MEMORY;
}

/* Beyond the first and last row nothing scatters; the rim is scaled so that its strength is that of the middle. */
static void convolve_axial(struct echo *q, int part, const float *weight, int reach) {
    const size_t n = (size_t)q->width;
    for (int y = 0; y < q->height; y++) {
        float *out = q->spread[part] + (size_t)y * n;
        double kept = 0;
        memset(out, 0, n * sizeof *out);
        for (int k = -reach; k <= reach; k++) {
            if (y + k < 0 || y + k >= q->height)
                continue;
            const float w = weight[k < 0 ? -k : k], *in = q->part[part] + (size_t)(y + k) * n;
            kept += (double)w * (double)w;
            for (size_t x = 0; x < n; x++)
                out[x] += w * in[x];
        }
        if (kept < 0.999)
            for (size_t x = 0; x < n; x++)
                out[x] *= (float)(1 / sqrt(kept));
    }
}

static void convolve_lateral(struct echo *q, float *row, const float *weight, int reach) {
    const int n = q->width;
    float *line = q->line;
    for (int x = -reach; x < n + reach; x++) { /* mirrored */
        const int at = x < 0 ? -x - 1 : x >= n ? 2 * n - 1 - x : x;
        line[x + reach] = row[at < 0 ? 0 : at >= n ? n - 1 : at];
    }
    for (int x = 0; x < n; x++)
        row[x] = weight[0] * line[x + reach];
    for (int k = 1; k <= reach; k++) {
        const float w = weight[k];
        const float *a = line + reach - k, *b = line + reach + k;
        for (int x = 0; x < n; x++)
            row[x] += w * (a[x] + b[x]);
    }
}

int speckle_envelope(struct field *envelope, const struct field *amplitude, const struct field *coherent, const struct speckle *s,
                     const struct rng *r, struct err *e) {
    const int width = amplitude->width, height = amplitude->height;
    const size_t n = (size_t)width * (size_t)height;
    float weight[REACH_MAX + 1] = {0};
    struct echo q;
    const int code = echo_new(&q, width, height, e);
    if (code)
        goto out;
    memset(envelope->v, 0, n * sizeof *envelope->v);
    for (int look = 0; look < s->looks; look++) {
        const int axial = unit_kernel(weight, s->axial);
        for (int part = 0; part < 2; part++) {
            rng_fill_normal(r, ((uint64_t)look * 2 + (uint64_t)part) << 32, n, q.part[part]);
            for (size_t i = 0; i < n; i++)
                q.part[part][i] *= amplitude->v[i] * 0.70710678F;
            if (coherent && part == 0)
                for (size_t i = 0; i < n; i++)
                    q.part[0][i] += coherent->v[i];
            convolve_axial(&q, part, weight, axial);
        }
        for (int y = 0; y < height; y++) {
            const double away = (y - s->focus) / s->blur;
            const int reach = unit_kernel(weight, s->lateral * sqrt(1 + away * away));
            float *re = q.spread[0] + (size_t)y * (size_t)width, *im = q.spread[1] + (size_t)y * (size_t)width;
            float *out = envelope->v + (size_t)y * (size_t)width;
            convolve_lateral(&q, re, weight, reach);
            convolve_lateral(&q, im, weight, reach);
            for (int x = 0; x < width; x++)
                out[x] += sqrtf(re[x] * re[x] + im[x] * im[x]);
        }
    }
    for (size_t i = 0; i < n && s->looks > 1; i++)
        envelope->v[i] /= (float)s->looks;
out:
    echo_release(&q);
    return code;
}
