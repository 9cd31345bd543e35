/* A mark: its shape, what it covers. Floor 3. */
#include "exam/mark.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "file/io.h"

static const char *const shapes[MARK_SHAPES] = {
    [MARK_NONE] = "none", [MARK_CIRCLE] = "circle", [MARK_BOX] = "box", [MARK_POLYGON] = "polygon", [MARK_MASK] = "mask"};

const char *mark_shape_name(enum mark_shape s) {
    assert((int)s >= 0 && s < MARK_SHAPES);
    return shapes[s];
}

int mark_shape_from_name(const char *name) {
    for (int s = 0; s < MARK_SHAPES; s++)
        if (strcmp(shapes[s], name) == 0)
            return s;
    return -1;
}

/* --- polygons --------------------------------------------------------------------------------------------------------------- */

/* Twice the signed area, and the first moments by which its middle follows. */
static double polygon_area(double moment[2], const struct mark *m) {
    double area = 0;
    moment[0] = moment[1] = 0;
    for (size_t i = 0; i < m->n_points; i++) {
        const double *p = m->point[i], *q = m->point[(i + 1) % m->n_points], cross = p[0] * q[1] - q[0] * p[1];
        area += cross;
        for (int k = 0; k < 2; k++)
            moment[k] += (p[k] + q[k]) * cross;
    }
    return area;
}

/* Even-odd rule: how many edges a ray to the right crosses. */
static bool polygon_covers(const struct mark *m, double x, double y) {
    bool inside = false;
    for (size_t i = 0; i < m->n_points; i++) {
        const double *p = m->point[i], *q = m->point[(i + 1) % m->n_points];
        if ((p[1] > y) != (q[1] > y) && x < p[0] + (y - p[1]) / (q[1] - p[1]) * (q[0] - p[0]))
            inside = !inside;
    }
    return inside;
}

/* --- checks ----------------------------------------------------------------------------------------------------------------- */

int mark_check(const struct mark *m, struct err *e) {
    double moment[2];
    switch (m->shape) {
    case MARK_CIRCLE:
        return isfinite(m->x) && isfinite(m->y) && m->radius > 0 && isfinite(m->radius)
                   ? 0
                   : err_set(e, ERR_MARK, "a circle needs x, y and a radius above 0");
    case MARK_BOX:
        return isfinite(m->x) && isfinite(m->y) && m->width > 0 && m->height > 0 && isfinite(m->width) && isfinite(m->height)
                   ? 0
                   : err_set(e, ERR_MARK, "a box needs x, y, and a width and a height above 0");
    case MARK_POLYGON:
        if (m->n_points < 3 || m->n_points > MARK_POINTS_MAX)
            return err_set(e, ERR_MARK, "a polygon of %zu points; must be 3 to %d", m->n_points, MARK_POINTS_MAX);
        return fabs(polygon_area(moment, m)) > 0 ? 0 : err_set(e, ERR_MARK, "the polygon's points enclose nothing");
    case MARK_MASK:
        return m->file && *m->file ? 0 : err_set(e, ERR_MARK, "a mask needs the name of its file");
    default:
        return 0;
    }
}

int mark_inside(const struct mark *m, uint32_t width, uint32_t height, struct err *e) {
    bool inside = true;
    if (m->shape == MARK_CIRCLE)
        inside = m->x >= -1 && m->y >= -1 && m->x <= width && m->y <= height;
    else if (m->shape == MARK_BOX)
        inside = m->x >= -1 && m->y >= -1 && m->x + m->width <= width + 1.0 && m->y + m->height <= height + 1.0;
    for (size_t i = 0; i < m->n_points && m->shape == MARK_POLYGON; i++)
        inside = inside && m->point[i][0] >= -1 && m->point[i][1] >= -1 && m->point[i][0] <= width && m->point[i][1] <= height;
    if (!inside)
        return err_set(e, ERR_MARK_OUTSIDE, "the %s is not inside its picture of %u x %u pixels", mark_shape_name(m->shape), width, height);
    if (m->shape == MARK_MASK && m->mask && (m->mask->width != width || m->mask->height != height))
        return err_set(e, ERR_MARK_MASK, "the mask has %u x %u pixels, its picture %u x %u", m->mask->width, m->mask->height, width,
                       height);
    return 0;
}

/* --- masks ------------------------------------------------------------------------------------------------------------------ */

static uint32_t brightest(const struct image *im, size_t pixel) {
    uint32_t most = 0;
    for (size_t c = 0; c < (size_t)im->channels; c++) {
        const size_t i = pixel * (size_t)im->channels + c;
        const uint32_t v = im->bits == 16 ? ((const uint16_t *)im->pixels)[i] : ((const uint8_t *)im->pixels)[i];
        most = v > most ? v : most;
    }
    return most;
}

/* The box around what is at least half as bright as the brightest; false: all is black, or all is marked. */
static bool mask_box(struct mark_mask *k, uint32_t *least, const struct image *im) {
    const size_t pixels = (size_t)im->width * im->height;
    uint32_t most = 0;
    size_t n = 0;
    for (size_t i = 0; i < pixels; i++) {
        const uint32_t v = brightest(im, i);
        most = v > most ? v : most;
    }
    *least = most / 2 + most % 2;
    *k = (struct mark_mask){.width = im->width, .height = im->height, .x0 = im->width, .y0 = im->height};
    for (size_t i = 0; i < pixels && most > 0; i++) {
        const uint32_t x = (uint32_t)(i % im->width), y = (uint32_t)(i / im->width);
        if (brightest(im, i) < *least)
            continue;
        n++;
        k->x0 = x < k->x0 ? x : k->x0;
        k->y0 = y < k->y0 ? y : k->y0;
        k->x1 = x + 1 > k->x1 ? x + 1 : k->x1;
        k->y1 = y + 1 > k->y1 ? y + 1 : k->y1;
    }
    return n > 0 && n < pixels;
}

static int mask_of(struct mark_mask **out, const struct image *im, struct err *e) {
    struct mark_mask *k = mem_alloc(1, sizeof *k, e);
    uint32_t least;
    if (!k)
        return ERR_NO_MEMORY;
    if (!mask_box(k, &least, im)) {
        mem_free(k);
        return err_set(e, ERR_MARK_MASK, "the mask marks nothing, or all of the picture; where there is no lesion, give the shape none");
    }
    k->stride = ((size_t)(k->x1 - k->x0) + 7) / 8;
    if (!(k->bits = mem_alloc(k->stride, k->y1 - k->y0, e))) {
        mem_free(k);
        return ERR_NO_MEMORY;
    }
    for (uint32_t y = k->y0; y < k->y1; y++)
        for (uint32_t x = k->x0; x < k->x1; x++)
            if (brightest(im, (size_t)y * im->width + x) >= least)
                k->bits[(y - k->y0) * k->stride + (x - k->x0) / 8] |= (uint8_t)(1U << (x - k->x0) % 8);
    *out = k;
    return 0;
}

int mark_load(struct mark *m, struct decoder *d, struct err *e) {
    uint8_t *bytes = NULL;
    struct image *im = NULL;
    struct err local = {0};
    char said[ERR_MESSAGE_MAX];
    size_t n = 0;
    e = e ? e : &local;
    if (m->shape != MARK_MASK || m->mask)
        return 0;
    int rc = io_read_file(&bytes, &n, m->file, IMAGE_FILE_MAX, e); /* its message names the path */
    if (rc)
        return rc;
    if ((rc = decode_image(&im, d, bytes, n, NULL, e)) == 0)
        rc = mask_of(&m->mask, im, e);
    snprintf(said, sizeof said, "%s", rc ? e->message : "");
    if (rc && err_class(rc) == ERR_CLASS_REFUSED) /* an unusable picture as a mask is a fault of the table of marks, not of an exam */
        rc = err_set(e, ERR_MARK_MASK, "%s", said);
    if (rc)
        err_prefix(e, "%s", m->file);
    image_free(im);
    mem_free(bytes);
    return rc;
}

void mark_release(struct mark *m) {
    if (m->mask)
        mem_free(m->mask->bits);
    mem_free(m->mask);
    m->mask = NULL;
}

static bool bit(const struct mark_mask *k, uint32_t x, uint32_t y) {
    return (unsigned)k->bits[(y - k->y0) * k->stride + (x - k->x0) / 8] >> (x - k->x0) % 8 & 1U;
}

/* --- what it covers --------------------------------------------------------------------------------------------------------- */

bool mark_covers(const struct mark *m, double x, double y) {
    switch (m->shape) {
    case MARK_CIRCLE:
        return (x - m->x) * (x - m->x) + (y - m->y) * (y - m->y) <= m->radius * m->radius;
    case MARK_BOX:
        return x >= m->x - 0.5 && y >= m->y - 0.5 && x < m->x - 0.5 + m->width && y < m->y - 0.5 + m->height;
    case MARK_POLYGON:
        return polygon_covers(m, x, y);
    case MARK_MASK: {
        const struct mark_mask *k = m->mask;
        const double column = floor(x + 0.5), row = floor(y + 0.5);
        return k && column >= k->x0 && row >= k->y0 && column < k->x1 && row < k->y1 && bit(k, (uint32_t)column, (uint32_t)row);
    }
    default:
        return false;
    }
}

static bool mask_middle(double out[2], const struct mark_mask *k) {
    double n = 0;
    out[0] = out[1] = 0;
    for (uint32_t y = k->y0; y < k->y1; y++)
        for (uint32_t x = k->x0; x < k->x1; x++)
            if (bit(k, x, y)) {
                n++;
                out[0] += x;
                out[1] += y;
            }
    out[0] /= n;
    out[1] /= n;
    return n > 0;
}

bool mark_middle(double out[2], const struct mark *m) {
    double moment[2];
    out[0] = m->x;
    out[1] = m->y;
    if (m->shape == MARK_BOX) {
        out[0] += (m->width - 1) / 2;
        out[1] += (m->height - 1) / 2;
    } else if (m->shape == MARK_POLYGON) {
        const double area = polygon_area(moment, m);
        out[0] = moment[0] / (3 * area);
        out[1] = moment[1] / (3 * area);
    } else if (m->shape == MARK_MASK) {
        return m->mask && mask_middle(out, m->mask);
    }
    return m->shape != MARK_NONE;
}

double mark_extent(const struct mark *m) {
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    if (m->shape == MARK_CIRCLE)
        return m->radius;
    if (m->shape == MARK_BOX)
        return fmax(m->width, m->height) / 2;
    if (m->shape == MARK_MASK && m->mask)
        return fmax(m->mask->x1 - m->mask->x0, m->mask->y1 - m->mask->y0) / 2.0;
    for (size_t i = 0; i < m->n_points; i++)
        for (int k = 0; k < 2; k++) {
            low[k] = fmin(low[k], m->point[i][k]);
            high[k] = fmax(high[k], m->point[i][k]);
        }
    return m->n_points ? fmax(high[0] - low[0], high[1] - low[1]) / 2 : 0;
}

bool mark_same_place(const struct mark *a, const struct mark *b) {
    double p[2], q[2];
    return mark_middle(p, a) && mark_middle(q, b) && mark_covers(a, q[0], q[1]) && mark_covers(b, p[0], p[1]);
}
