/* X-ray exposure. Floor 4. */
#include "phantom/xray.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/elementary.h"
#include "base/mem.h"

/* Scatter: what the tissue lets through, spread widely; on a coarse grid, for it has no detail. */
static int add_scatter(struct field *primary, const struct field *tau, const struct xray *x, struct err *e) {
    const int cell = (int)(x->scatter_mm / 3 / x->mm) < 1 ? 1 : (int)(x->scatter_mm / 3 / x->mm);
    struct field coarse = {0}, row = {0};
    int code = field_new(&coarse, primary->width / cell + 2, primary->height / cell + 2, e);
    if (code)
        return code;
    for (int j = 0; j < coarse.height; j++)
        for (int i = 0; i < coarse.width; i++) { /* one sample per cell will do: the blur is three cells wide */
            const int y = j * cell < primary->height ? j * cell : primary->height - 1,
                      at = i * cell < primary->width ? i * cell : primary->width - 1;
            const size_t p = (size_t)y * (size_t)primary->width + (size_t)at;
            coarse.v[(size_t)j * (size_t)coarse.width + (size_t)i] = tau->v[p] > 0 ? primary->v[p] * (float)x->scatter_to_primary : 0;
        }
    const double sigma = x->scatter_mm / x->mm / cell;
    if ((code = field_smooth(&coarse, sigma, sigma, e)) || (code = field_new(&row, primary->width, primary->height, e)))
        goto out;
    field_enlarge(&row, &coarse, cell);
    const size_t n = (size_t)primary->width * (size_t)primary->height;
    for (size_t i = 0; i < n; i++)
        primary->v[i] += row.v[i];
out:
    field_release(&row);
    field_release(&coarse);
    return code;
}

/* Count, and the logarithm of the count, over the part of a row that lies behind tissue. */
static void read_out(float *tau, const float *through, int n, const struct rng *r, uint64_t index, float direct) {
    enum { BLOCK = 512 };
    for (int i = 0; i < n; i += BLOCK) {
        float noise[BLOCK];
        const int count = n - i < BLOCK ? n - i : BLOCK;
        rng_fill_normal(r, index + (uint64_t)i, (size_t)count, noise);
        for (int k = 0; k < count; k++) {
            const float mean = direct * through[i + k];
            float counted = mean + sqrtf(mean) * noise[k];
            counted = counted < 1 ? 1 : counted;
            tau[i + k] = tau[i + k] > 0 ? -elementary_logf(counted / direct) : 0;
        }
    }
}

int xray_expose(struct field *f, const struct xray *x, const struct rng *r, struct err *e) {
    struct field through = {0};
    int code = field_new(&through, f->width, f->height, e);
    if (code)
        return code;
    const size_t n = (size_t)f->width * (size_t)f->height;
    for (size_t i = 0; i < n; i++)
        through.v[i] = elementary_expf(-f->v[i]);
    const double blur = x->blur_mm / x->mm;
    if (x->scatter_to_primary > 0 && (code = add_scatter(&through, f, x, e)))
        goto out;
    if (blur > 0.3 && (code = field_smooth(&through, blur, blur, e)))
        goto out;
    const float direct = (float)(x->photons / elementary_exp(-x->reference));
    for (int y = 0; y < f->height; y++) {
        float *row = f->v + (size_t)y * (size_t)f->width;
        int first = 0, last = f->width;
        while (first < last && row[first] <= 0)
            first++;
        while (last > first && row[last - 1] <= 0)
            last--;
        first &= ~1; /* pairs of the stream */
        const uint64_t stride = ((uint64_t)f->width + 1) / 2 * 2;
        read_out(row + first, through.v + (size_t)y * (size_t)f->width + first, last - first, r, (uint64_t)y * stride + (uint64_t)first,
                 direct);
    }
out:
    field_release(&through);
    return code;
}
