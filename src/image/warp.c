/* Bilinear resampling by one map. Floor 2.
 *
 * A row is done in blocks of BLOCK pixels. The position of a block's middle is computed in double and split into whole pixels and a
 * fraction; what its pixels add to that is small, so float keeps it to a millionth of a pixel. Blocks that lie wholly inside need no test
 * per neighbour, blocks wholly outside no picture. No fused multiply-add anywhere: same bits on every processor.
 */
#include "image/warp.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/vectors.h"

enum { BLOCK = 32, MIDDLE = BLOCK / 2, NODES_MAX = WARP_CELLS_MAX + 3 };

void warp_affine(double affine[6], int width, int height, const struct warp_motion *m) {
    const double angle = m->degrees * (3.14159265358979323846 / 180.0), c = cos(angle) / m->scale, s = sin(angle) / m->scale;
    const double cx = 0.5 * (width - 1), cy = 0.5 * (height - 1), fx = m->mirror_x ? -1.0 : 1.0, fy = m->mirror_y ? -1.0 : 1.0;
    affine[0] = fx * c;
    affine[1] = fx * s;
    affine[3] = -fy * s;
    affine[4] = fy * c;
    affine[2] = cx - m->right - (affine[0] * cx + affine[1] * cy);
    affine[5] = cy - m->down - (affine[3] * cx + affine[4] * cy);
}

/* --- the displacement */

/* The field along one row: what the rows of controls add up to there, right and down. */
struct row_field {
    double right[NODES_MAX], down[NODES_MAX];
};

static void spline_weights(double w[4], double t) {
    const double r = 1.0 - t;
    w[0] = r * r * r / 6.0;
    w[1] = (3.0 * t * t * t - 6.0 * t * t + 4.0) / 6.0;
    w[2] = (-3.0 * t * t * t + 3.0 * t * t + 3.0 * t + 1.0) / 6.0;
    w[3] = t * t * t / 6.0;
}

static void field_row(struct row_field *r, const struct warp_field *f, int y, int height) {
    const double u = (y + 0.5) * f->rows / height;
    const int cell = (int)u, n = f->columns + 3;
    double w[4];
    spline_weights(w, u - cell);
    for (int i = 0; i < n; i++) {
        r->right[i] = r->down[i] = 0.0;
        for (int k = 0; k < 4; k++) {
            const float *control = f->control + 2 * ((size_t)(cell + k) * (size_t)n + (size_t)i);
            r->right[i] += w[k] * (double)control[0];
            r->down[i] += w[k] * (double)control[1];
        }
    }
}

/* Within a cell the spline is a cubic in t. */
static void cubic_of(float c[4], const double n[4]) {
    c[0] = (float)((n[0] + 4.0 * n[1] + n[2]) / 6.0);
    c[1] = (float)((n[2] - n[0]) / 2.0);
    c[2] = (float)((n[0] - 2.0 * n[1] + n[2]) / 2.0);
    c[3] = (float)((n[3] - 3.0 * n[2] + 3.0 * n[1] - n[0]) / 6.0);
}

/* Columns x .. x + n - 1 of the row. */
static inline __attribute__((always_inline)) void field_block(float *restrict right, float *restrict down, const struct row_field *r,
                                                              int columns, int width, int x, int n) {
    const double per_pixel = (double)columns / width;
    const float step = (float)per_pixel;
    for (int from = 0; from < n;) {
        const double u = (x + from + 0.5) * per_pixel;
        const int cell = (int)u < columns ? (int)u : columns - 1;
        int to = (int)ceil((cell + 1) / per_pixel - 0.5) - x; /* the first pixel of the next cell */
        to = to > n || cell == columns - 1 ? n : to;
        to = to > from ? to : from + 1;
        float a[4], b[4];
        cubic_of(a, r->right + cell);
        cubic_of(b, r->down + cell);
        const float first = (float)(u - cell);
        for (int i = from; i < to; i++) {
            const float t = first + (float)(i - from) * step;
            right[i] = ((a[3] * t + a[2]) * t + a[1]) * t + a[0];
            down[i] = ((b[3] * t + b[2]) * t + b[1]) * t + b[0];
        }
        from = to;
    }
}

/* The same at one place, in double; beyond the picture as at its border. */
static void field_at(double out[2], const struct warp *w, double x, double y) {
    const struct warp_field *f = w->field;
    const double u = fmin(fmax((x + 0.5) * f->columns / w->width, 0), f->columns),
                 v = fmin(fmax((y + 0.5) * f->rows / w->height, 0), f->rows);
    const int i = (int)u < f->columns ? (int)u : f->columns - 1, j = (int)v < f->rows ? (int)v : f->rows - 1;
    double across[4], along[4];
    spline_weights(across, u - i);
    spline_weights(along, v - j);
    out[0] = out[1] = 0;
    for (int k = 0; k < 4; k++)
        for (int l = 0; l < 4; l++) {
            const float *control = f->control + 2 * ((size_t)(j + k) * (size_t)(f->columns + 3) + (size_t)(i + l));
            out[0] += along[k] * across[l] * (double)control[0];
            out[1] += along[k] * across[l] * (double)control[1];
        }
}

void warp_source(double out[2], const struct warp *w, double x, double y) {
    const double *a = w->affine;
    double more[2] = {0, 0};
    if (w->field)
        field_at(more, w, x, y);
    out[0] = a[0] * x + a[1] * y + a[2] + more[0];
    out[1] = a[3] * x + a[4] * y + a[5] + more[1];
}

/* --- one block */

/* Where the pixels of a block come from: whole pixel (may lie outside) and fraction. */
struct block {
    int x[BLOCK], y[BLOCK];
    float fx[BLOCK], fy[BLOCK];
};

/* `base` and step[i] (+ add[i]) summed, split into floor and fraction. */
static inline __attribute__((always_inline)) void split(int *restrict whole, float *restrict fraction, double base,
                                                        const float *restrict step, const float *restrict add) {
    const double floor_of = floor(base);
    const float rest = (float)(base - floor_of);
    const int at = (int)floor_of;
    for (int i = 0; i < BLOCK; i++) {
        const float f = (rest + step[i]) + add[i];
        int k = (int)f;
        k -= f < (float)k;
        whole[i] = at + k;
        fraction[i] = f - (float)k;
    }
}

enum place { OUTSIDE, INSIDE, BORDER };

/* INSIDE: all four neighbours of every pixel are in the picture. OUTSIDE: none of any. */
static inline __attribute__((always_inline)) enum place place_of(const struct block *b, int width, int height) {
    int low_x = b->x[0], high_x = b->x[0], low_y = b->y[0], high_y = b->y[0];
    for (int i = 1; i < BLOCK; i++) {
        low_x = b->x[i] < low_x ? b->x[i] : low_x;
        high_x = b->x[i] > high_x ? b->x[i] : high_x;
        low_y = b->y[i] < low_y ? b->y[i] : low_y;
        high_y = b->y[i] > high_y ? b->y[i] : high_y;
    }
    if (low_x >= 0 && low_y >= 0 && high_x < width - 1 && high_y < height - 1)
        return INSIDE;
    return high_x < -1 || high_y < -1 || low_x >= width || low_y >= height ? OUTSIDE : BORDER;
}

/* In this form equal neighbours give their own bits, and a fraction of 0 the first one's. */
static inline __attribute__((always_inline)) float blend(float v00, float v01, float v10, float v11, float fx, float fy) {
    const float top = v00 + fx * (v01 - v00), bottom = v10 + fx * (v11 - v10);
    return top + fy * (bottom - top);
}

static inline __attribute__((always_inline)) void inside(float *restrict out, const float *restrict in, const struct block *b, int width,
                                                         int channels) {
    const int row = width * channels;
    for (int i = 0; i < BLOCK; i++) {
        const float *v = in + (b->y[i] * row + b->x[i] * channels);
        for (int c = 0; c < channels; c++)
            out[i * channels + c] = blend(v[c], v[c + channels], v[c + row], v[c + row + channels], b->fx[i], b->fy[i]);
    }
}

static void border(float *out, const float *in, const struct block *b, const struct warp *w, int n) {
    for (int i = 0; i < n; i++)
        for (int c = 0; c < w->channels; c++) {
            float v[4];
            for (int k = 0; k < 4; k++) {
                const int x = b->x[i] + (k & 1), y = b->y[i] + (k >> 1);
                const bool in_picture = x >= 0 && y >= 0 && x < w->width && y < w->height;
                v[k] = in_picture ? in[((size_t)y * (size_t)w->width + (size_t)x) * (size_t)w->channels + (size_t)c] : w->fill;
            }
            out[i * w->channels + c] = blend(v[0], v[1], v[2], v[3], b->fx[i], b->fy[i]);
        }
}

/* --- rows */

/* Far beyond any picture and far within int: the position of a block that no pixel of it can come back from. */
static double bounded(double at) {
    return at < -0x1p29 ? -0x1p29 : at > 0x1p29 ? 0x1p29 : at;
}

static inline int to_width(const struct warp *w) {
    return w->to_width ? w->to_width : w->width;
}

VECTORS_EXACT static void warp_row(float *restrict out, const float *restrict in, const struct warp *w, int y, const float *step_x,
                                   const float *step_y, const struct row_field *field) {
    struct block b;
    float right[BLOCK] = {0}, down[BLOCK] = {0};
    const double *a = w->affine;
    const int width = to_width(w);
    for (int x = 0; x < width; x += BLOCK) {
        const int n = width - x < BLOCK ? width - x : BLOCK;
        const double middle = x + MIDDLE;
        float *to = out + (size_t)x * (size_t)w->channels;
        if (field)
            field_block(right, down, field, w->field->columns, w->width, x, n);
        split(b.x, b.fx, bounded(a[0] * middle + a[1] * y + a[2]), step_x, right);
        split(b.y, b.fy, bounded(a[3] * middle + a[4] * y + a[5]), step_y, down);
        switch (n < BLOCK ? BORDER : place_of(&b, w->width, w->height)) {
        case OUTSIDE:
            for (int i = 0; i < BLOCK * w->channels; i++)
                to[i] = w->fill;
            break;
        case INSIDE:
            if (w->channels == 1)
                inside(to, in, &b, w->width, 1);
            else
                inside(to, in, &b, w->width, 3);
            break;
        case BORDER:
            border(to, in, &b, w, n);
        }
    }
}

static bool valid(const struct warp *w) {
    bool good = w->width >= 1 && w->height >= 1 && (w->channels == 1 || w->channels == 3) &&
                (double)w->width * w->height * w->channels < 0x1p31 && isfinite(w->fill);
    good = good && w->to_width >= 0 && w->to_height >= 0 && (w->to_width > 0) == (w->to_height > 0) && !(w->to_width && w->field) &&
           (double)w->to_width * w->to_height * w->channels < 0x1p31;
    for (int i = 0; i < 6; i++)
        good = good && fabs(w->affine[i]) <= 1e6; /* false for NaN */
    if (!good || !w->field)
        return good;
    const struct warp_field *f = w->field;
    good = f->columns >= 1 && f->columns <= WARP_CELLS_MAX && f->rows >= 1 && f->rows <= WARP_CELLS_MAX;
    for (int i = 0; good && i < 2 * (f->columns + 3) * (f->rows + 3); i++)
        good = fabsf(f->control[i]) <= 1e6F;
    return good;
}

void warp_image(float *out, const float *in, const struct warp *w) {
    assert(valid(w));
    float step_x[BLOCK], step_y[BLOCK];
    struct row_field field;
    for (int i = 0; i < BLOCK; i++) {
        step_x[i] = (float)(w->affine[0] * (i - MIDDLE));
        step_y[i] = (float)(w->affine[3] * (i - MIDDLE));
    }
    const size_t row = (size_t)to_width(w) * (size_t)w->channels;
    const int height = w->to_height ? w->to_height : w->height;
    for (int y = 0; y < height; y++) {
        if (w->field)
            field_row(&field, w->field, y, w->height);
        warp_row(out + (size_t)y * row, in, w, y, step_x, step_y, w->field ? &field : NULL);
    }
}
