/* Maps of floats. Floor 4. */
#include "phantom/field.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/elementary.h"
#include "base/mem.h"

int field_new(struct field *f, int width, int height, struct err *e) {
    assert(width > 0 && height > 0);
    f->width = width;
    f->height = height;
    f->v = mem_alloc((size_t)width * (size_t)height, sizeof *f->v, e);
    return f->v ? 0 : ERR_NO_MEMORY;
}

void field_release(struct field *f) {
    mem_free(f->v);
    f->v = NULL;
}

static int held(int i, int n) {
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* --- noise ------------------------------------------------------------------------------------------------------------------ */

/* One row, subdivided: between two cells their mean, on a cell 1/8, 6/8, 1/8. Cell i of `to` lies at (i + 1) / 2 of `from`. */
static void subdivide_row(float *to, int n, const float *from) {
    for (int i = 0; i < n; i++) {
        const float *s = from + i / 2;
        to[i] = i & 1 ? 0.125F * (s[0] + s[2]) + 0.75F * s[1] : 0.5F * (s[0] + s[1]);
    }
}

/* The same in both directions; from is at least (n + 1) / 2 + 2 cells wide and high. */
static int subdivide(struct field *to, const struct field *from, struct err *e) {
    const size_t n = (size_t)to->width;
    float *rows = mem_alloc(3 * n, sizeof *rows, e);
    if (!rows)
        return ERR_NO_MEMORY;
    int have[3] = {-1, -1, -1};
    for (int y = 0; y < to->height; y++) {
        const float *r[3];
        for (int k = 0; k < 3; k++) {
            const int source = y / 2 + k, place = source % 3;
            if (have[place] != source)
                subdivide_row(rows + (size_t)place * n, to->width, from->v + (size_t)source * (size_t)from->width);
            have[place] = source;
            r[k] = rows + (size_t)place * n;
        }
        float *out = to->v + (size_t)y * n;
        if (y & 1)
            for (size_t x = 0; x < n; x++)
                out[x] = 0.125F * (r[0][x] + r[2][x]) + 0.75F * r[1][x];
        else
            for (size_t x = 0; x < n; x++)
                out[x] = 0.5F * (r[0][x] + r[1][x]);
    }
    mem_free(rows);
    return 0;
}

int field_noise(struct field *f, const struct rng *r, uint64_t first, double beta, int longest, struct err *e) {
    enum { LEVELS_MAX = 12, BLOCK = 512 };
    int levels = 1, width[LEVELS_MAX] = {f->width}, height[LEVELS_MAX] = {f->height}, code = 0;
    struct field coarse = {0}, fine = {0};
    for (; levels < LEVELS_MAX && 2 << levels <= longest; levels++) {
        width[levels] = (width[levels - 1] + 1) / 2 + 2;
        height[levels] = (height[levels - 1] + 1) / 2 + 2;
    }
    for (int k = levels - 1; k >= 0; k--) {
        const int last = k == 0;
        /* the finest octave is not smoothed by a subdivision, so it is given less: the spectrum stays straight */
        const float amplitude = (float)(elementary_pow((double)(1 << k), (beta - 2) / 2) * (last ? 0.7 : 1));
        if ((code = last ? 0 : field_new(&fine, width[k], height[k], e)))
            goto out;
        struct field *to = last ? f : &fine;
        if (coarse.v && (code = subdivide(to, &coarse, e)))
            goto out;
        if (!coarse.v)
            memset(to->v, 0, sizeof *to->v * (size_t)to->width * (size_t)to->height);
        const size_t n = (size_t)to->width * (size_t)to->height;
        for (size_t i = 0; i < n; i += BLOCK) {
            float white[BLOCK];
            const size_t count = n - i < BLOCK ? n - i : BLOCK;
            rng_fill_normal(r, first + i, count, white);
            for (size_t j = 0; j < count; j++)
                to->v[i + j] += amplitude * white[j];
        }
        first += (n + 1) / 2 * 2;
        field_release(&coarse);
        coarse = fine;
        fine.v = NULL;
        if (last)
            coarse.v = NULL;
    }
    double sum = 0, mean = 0;
    const size_t n = (size_t)f->width * (size_t)f->height;
    for (size_t i = 0; i < n; i++) {
        mean += (double)f->v[i];
        sum += (double)f->v[i] * (double)f->v[i];
    }
    mean /= (double)n;
    const float scale = (float)(1 / sqrt(sum / (double)n - mean * mean + 1e-12));
    for (size_t i = 0; i < n; i++)
        f->v[i] = (f->v[i] - (float)mean) * scale;
out:
    field_release(&coarse);
    field_release(&fine);
    return code;
}

/* --- enlarging and reading -------------------------------------------------------------------------------------------------- */

/* Weights and neighbours of cell i of the enlarged row: three of each. */
struct tap {
    int index[3];
    float weight[3];
};

static struct tap tap_at(int i, int scale, int n, int smooth) {
    const float x = (float)i / (float)scale;
    struct tap t;
    if (smooth) {
        const int near = (int)(x + 0.5F);
        const float f = x - (float)near;
        t = (struct tap){{near - 1, near, near + 1}, {0.5F * (0.5F - f) * (0.5F - f), 0.75F - f * f, 0.5F * (0.5F + f) * (0.5F + f)}};
    } else {
        const float f = x - (float)(int)x;
        t = (struct tap){{(int)x, (int)x + 1, (int)x + 1}, {1 - f, f, 0}};
    }
    for (int k = 0; k < 3; k++)
        t.index[k] = held(t.index[k], n);
    return t;
}

static void enlarge(struct field *to, const struct field *from, int scale, int smooth) {
    enum { CHUNK = 1024 };
    for (int x0 = 0; x0 < to->width; x0 += CHUNK) { /* a strip at a time: its row of the coarse map is blended first, then spread */
        struct tap across[CHUNK] = {0};
        const int n = to->width - x0 < CHUNK ? to->width - x0 : CHUNK;
        for (int i = 0; i < n; i++)
            across[i] = tap_at(x0 + i, scale, from->width, smooth);
        const int low = held(x0 / scale - 1, from->width), high = held((x0 + n) / scale + 2, from->width);
        for (int y = 0; y < to->height; y++) {
            float blended[CHUNK + 8] = {0};
            const struct tap down = tap_at(y, scale, from->height, smooth);
            const float *r[3];
            for (int k = 0; k < 3; k++)
                r[k] = from->v + (size_t)down.index[k] * (size_t)from->width;
            for (int i = low; i <= high; i++)
                blended[i - low] = down.weight[0] * r[0][i] + down.weight[1] * r[1][i] + down.weight[2] * r[2][i];
            float *out = to->v + (size_t)y * (size_t)to->width + x0;
            for (int i = 0; i < n; i++)
                out[i] = across[i].weight[0] * blended[across[i].index[0] - low] + across[i].weight[1] * blended[across[i].index[1] - low] +
                         across[i].weight[2] * blended[across[i].index[2] - low];
        }
    }
}

void field_enlarge(struct field *to, const struct field *from, int scale) {
    enlarge(to, from, scale, 0);
}

void field_enlarge_smooth(struct field *to, const struct field *from, int scale) {
    enlarge(to, from, scale, 1);
}

float field_at(const struct field *f, double x, double y) {
    x = x < 0 ? 0 : x > f->width - 1 ? f->width - 1 : x;
    y = y < 0 ? 0 : y > f->height - 1 ? f->height - 1 : y;
    const int i = (int)x, j = (int)y, i1 = held(i + 1, f->width), j1 = held(j + 1, f->height);
    const float a = (float)(x - i), b = (float)(y - j);
    const float *r0 = f->v + (size_t)j * (size_t)f->width, *r1 = f->v + (size_t)j1 * (size_t)f->width;
    return (1 - b) * ((1 - a) * r0[i] + a * r0[i1]) + b * ((1 - a) * r1[i] + a * r1[i1]);
}

/* --- smoothing -------------------------------------------------------------------------------------------------------------- */

enum { REACH_MAX = 120 };

/* Half a kernel that sums to one: weight[0] in the middle. Returns its reach. */
static int gaussian(float weight[REACH_MAX + 1], double sigma) {
    int reach = (int)(3 * sigma + 0.999);
    reach = reach > REACH_MAX ? REACH_MAX : reach;
    double sum = 0;
    for (int i = 0; i <= reach; i++) {
        weight[i] = (float)elementary_exp(-0.5 * i * i / (sigma * sigma));
        sum += (i ? 2 : 1) * (double)weight[i];
    }
    for (int i = 0; i <= reach; i++)
        weight[i] = (float)((double)weight[i] / sum);
    return reach;
}

static int smooth_rows(struct field *f, double sigma, struct err *e) {
    float weight[REACH_MAX + 1] = {0};
    const int reach = gaussian(weight, sigma);
    float *line = mem_alloc((size_t)f->width + 2 * (size_t)reach, sizeof *line, e);
    if (!line)
        return ERR_NO_MEMORY;
    for (int y = 0; y < f->height; y++) {
        float *row = f->v + (size_t)y * (size_t)f->width;
        for (int x = -reach; x < f->width + reach; x++)
            line[x + reach] = row[held(x, f->width)];
        for (int x = 0; x < f->width; x++)
            row[x] = weight[0] * line[x + reach];
        for (int k = 1; k <= reach; k++)
            for (int x = 0; x < f->width; x++)
                row[x] += weight[k] * (line[x + reach - k] + line[x + reach + k]);
    }
    mem_free(line);
    return 0;
}

static int smooth_columns(struct field *f, double sigma, struct err *e) {
    float weight[REACH_MAX + 1] = {0};
    const int reach = gaussian(weight, sigma);
    struct field copy = {0};
    const int code = field_new(&copy, f->width, f->height, e);
    if (code)
        return code;
    memcpy(copy.v, f->v, sizeof *f->v * (size_t)f->width * (size_t)f->height);
    for (int y = 0; y < f->height; y++) {
        float *row = f->v + (size_t)y * (size_t)f->width;
        for (int k = 0; k <= reach; k++) {
            const float *a = copy.v + (size_t)held(y - k, f->height) * (size_t)f->width;
            const float *b = copy.v + (size_t)held(y + k, f->height) * (size_t)f->width;
            for (int x = 0; x < f->width; x++)
                row[x] = k ? row[x] + weight[k] * (a[x] + b[x]) : weight[0] * a[x];
        }
    }
    field_release(&copy);
    return 0;
}

int field_smooth(struct field *f, double sigma_x, double sigma_y, struct err *e) {
    int code = sigma_x > 0.05 ? smooth_rows(f, sigma_x, e) : 0;
    return code ? code : sigma_y > 0.05 ? smooth_columns(f, sigma_y, e) : 0;
}

/* --- drawing ---------------------------------------------------------------------------------------------------------------- */

void field_stroke(struct field *f, double x0, double y0, double x1, double y1, double sigma, double height) {
    const double reach = 3 * sigma, dx = x1 - x0, dy = y1 - y0, length2 = dx * dx + dy * dy;
    const int left = held((int)floor((x0 < x1 ? x0 : x1) - reach), f->width),
              right = held((int)ceil((x0 < x1 ? x1 : x0) + reach), f->width);
    const int top = held((int)floor((y0 < y1 ? y0 : y1) - reach), f->height),
              bottom = held((int)ceil((y0 < y1 ? y1 : y0) + reach), f->height);
    for (int y = top; y <= bottom; y++)
        for (int x = left; x <= right; x++) {
            double t = length2 > 0 ? ((x - x0) * dx + (y - y0) * dy) / length2 : 0;
            t = t < 0 ? 0 : t > 1 ? 1 : t;
            const double ex = x - x0 - t * dx, ey = y - y0 - t * dy, r2 = (ex * ex + ey * ey) / (sigma * sigma);
            float *v = f->v + (size_t)y * (size_t)f->width + (size_t)x;
            if (r2 < 9) {
                const float h = (float)(height * elementary_exp(-0.5 * r2));
                *v = h > *v ? h : *v;
            }
        }
}
