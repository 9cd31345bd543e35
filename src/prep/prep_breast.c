/* The breast in a mammogram: coarse cells, threshold, largest component, chest wall, mask. Floor 4. docs/PREP.md sections 3 and 4. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "prep/prep_steps.h"

enum { BINS = 256, BIN_SHIFT = 8 };
/* What a breast looks like: every threshold of these two sections. */
enum {
    RANGE_MIN = 1024,   /* grey: less contrast than this is an empty picture */
    CONTENT_PART = 200, /* at least a 200th of the cells is brighter than the darkest by that much */
    DARK_BIN = 26,      /* a frame cell below is dark */
    BRIGHT_BIN = 230,   /* ... from here on bright */
    BRIGHT_PART = 4,    /* bright cells are a quarter of the frame: wrong polarity */
    THRESHOLD_PART = 6, /* a sixth of the way from the background to Otsu's threshold */
    STRAIGHT_PART = 32, /* of the width: how far the chest wall's outline may be off its outermost column */
    AREA_PART = 20,     /* at least a 20th of the picture */
    AREA_PERCENT = 98,  /* at most so much of it */
    OCCUPIED_MIN = 16   /* grey values, of 256 */
};

struct work {
    uint16_t mean[GRID_MAX * GRID_MAX];   /* of each cell */
    uint16_t own[GRID_MAX * GRID_MAX];    /* ... of its pixels that are no padding, where some are padding */
    uint8_t padding[GRID_MAX * GRID_MAX]; /* 0: none of its pixels, 1: some, 2: all */
    uint16_t label[GRID_MAX * GRID_MAX];
    struct component part[GRID_MAX * GRID_MAX / 2 + 1];
};

static int cells(const struct grid *g) {
    return g->width * g->height;
}

static uint32_t row_sum(const struct grey *grey, size_t from, size_t n) {
    uint32_t sum = 0; /* a cell's row has at most 128 pixels */
    if (grey->bits == 16 && grey->step == 1) {
        const uint16_t *p = (const uint16_t *)grey->pixels + from;
        for (size_t i = 0; i < n; i++)
            sum += grey->table[p[i]];
        return sum;
    }
    for (size_t i = 0; i < n; i++)
        sum += grey_at(grey, from + i);
    return sum;
}

static void average(uint16_t *mean, const struct grid *g, const struct grey *grey) {
    const uint32_t f = (uint32_t)g->cell;
    assert(grey->width > (uint32_t)(g->width - 1) * f && grey->height > (uint32_t)(g->height - 1) * f); /* no cell is empty */
    for (int cy = 0; cy < g->height; cy++) {
        uint64_t sum[GRID_MAX] = {0};
        const uint32_t y0 = (uint32_t)cy * f, y1 = y0 + f < grey->height ? y0 + f : grey->height;
        for (uint32_t y = y0; y < y1; y++)
            for (int cx = 0; cx < g->width; cx++) {
                const uint32_t x0 = (uint32_t)cx * f, n = x0 + f < grey->width ? f : grey->width - x0;
                sum[cx] += row_sum(grey, (size_t)y * grey->width + x0, n);
            }
        for (int cx = 0; cx < g->width; cx++) {
            const uint32_t x0 = (uint32_t)cx * f, n = x0 + f < grey->width ? f : grey->width - x0;
            const uint64_t pixels = (uint64_t)n * (y1 - y0);
            mean[cy * g->width + cx] = (uint16_t)(pixels ? sum[cx] / pixels : 0);
        }
    }
}

/* Padding is black whatever the polarity: it must not speak for the picture's border. */
static void look_at_padding(struct work *w, const struct grid *g, const struct grey *grey) {
    const uint32_t f = (uint32_t)g->cell;
    memset(w->padding, 0, sizeof w->padding);
    for (int i = 0; grey->has_padding && i < cells(g); i++) {
        const uint32_t x0 = (uint32_t)(i % g->width) * f, y0 = (uint32_t)(i / g->width) * f;
        uint64_t sum = 0;
        uint32_t padding = 0, own = 0;
        for (uint32_t y = y0; y < y0 + f && y < grey->height; y++)
            for (uint32_t x = x0; x < x0 + f && x < grey->width; x++) {
                const size_t at = (size_t)y * grey->width + x;
                if (grey_is_padding(grey, at)) {
                    padding++;
                    continue;
                }
                own++;
                sum += grey_at(grey, at);
            }
        w->padding[i] = padding == 0 ? 0 : own > 0 ? 1 : 2;
        w->own[i] = (uint16_t)(own ? sum / own : 0);
    }
}

static bool beside_padding(const struct work *w, const struct grid *g, int x, int y) {
    const int at = y * g->width + x;
    return (x > 0 && w->padding[at - 1] == 2) || (x < g->width - 1 && w->padding[at + 1] == 2) ||
           (y > 0 && w->padding[at - g->width] == 2) || (y < g->height - 1 && w->padding[at + g->width] == 2);
}

/* Is the border white? It is the frame, or, where there is padding, what lies along it. */
static int check_border(const struct work *w, const struct grid *g, struct err *e) {
    int n = 0, low = 0, high = 0;
    bool along = false;
    for (int pass = 0; pass < 2 && n == 0; pass++) {
        along = pass == 0;
        for (int i = 0; i < cells(g); i++) {
            const int x = i % g->width, y = i / g->width;
            const bool frame = x == 0 || y == 0 || x == g->width - 1 || y == g->height - 1;
            if (w->padding[i] == 2 || !(along ? beside_padding(w, g, x, y) : frame))
                continue;
            const int bin = (w->padding[i] ? w->own[i] : w->mean[i]) >> BIN_SHIFT;
            n++;
            low += bin < DARK_BIN;
            high += bin >= BRIGHT_BIN;
        }
    }
    if (high > low && BRIGHT_PART * high >= n)
        return err_set(e, ERR_IMAGE_POLARITY, "the image's border is white: black and white are inverted");
    return 0;
}

static int check_content(const struct work *w, const struct grid *g, struct err *e) {
    const uint16_t *mean = w->mean;
    int lo = GREY_MAX, hi = 0, brighter = 0;
    for (int i = 0; i < cells(g); i++) {
        lo = mean[i] < lo ? mean[i] : lo;
        hi = mean[i] > hi ? mean[i] : hi;
    }
    for (int i = 0; i < cells(g); i++)
        brighter += mean[i] > lo + RANGE_MIN;
    if (hi - lo < RANGE_MIN || CONTENT_PART * brighter < cells(g))
        return err_set(e, ERR_IMAGE_BLANK, "the image is empty: one grey value nearly everywhere");
    return check_border(w, g, e);
}

static int otsu(const int64_t *bins) {
    int64_t n = 0, sum = 0, n0 = 0, s0 = 0;
    double best = -1;
    int at = 0;
    for (int i = 0; i < BINS; i++) {
        n += bins[i];
        sum += bins[i] * i;
    }
    for (int t = 0; t < BINS - 1; t++) {
        n0 += bins[t];
        s0 += bins[t] * t;
        const int64_t n1 = n - n0, s1 = sum - s0;
        if (n0 == 0 || n1 == 0)
            continue;
        const double d = (double)(s0 * n1 - s1 * n0), v = (d * d) / ((double)n0 * (double)n1);
        if (v > best) {
            best = v;
            at = t;
        }
    }
    return at;
}

static int threshold(const uint16_t *mean, const struct grid *g) {
    int64_t bins[BINS] = {0};
    for (int i = 0; i < cells(g); i++)
        bins[mean[i] >> BIN_SHIFT]++;
    const int o = otsu(bins);
    int background = 0;
    for (int i = 1; i <= o; i++)
        if (bins[i] > bins[background])
            background = i;
    return background * BINS + BINS / 2 + BINS * (o - background) / THRESHOLD_PART;
}

/* The largest component without what hangs on it by a thin bridge (labels, the film's edge). */
static int largest(struct grid *g, struct work *w, struct err *e) {
    const int t = threshold(w->mean, g);
    for (int i = 0; i < cells(g); i++)
        g->set[i] = w->mean[i] > t;
    grid_erode(g);
    const int n = grid_components(w->part, (int)(sizeof w->part / sizeof *w->part), w->label, g, 4);
    int best = 0;
    if (n == 0)
        return err_set(e, ERR_IMAGE_NOT_BREAST, "the image shows nothing that could be a breast");
    for (int i = 1; i < n; i++)
        if (w->part[i].cells > w->part[best].cells)
            best = i;
    for (int i = 0; i < cells(g); i++)
        g->set[i] = w->label[i] == best + 1;
    grid_dilate(g);
    return 0;
}

struct span { /* inclusive; first > last: none */
    int first, last;
};

static struct span row_span(const struct grid *g, int y) {
    struct span s = {g->width, -1};
    for (int x = 0; x < g->width; x++)
        if (g->set[y * g->width + x]) {
            s.first = s.last < 0 ? x : s.first;
            s.last = x;
        }
    return s;
}

static struct grid_box box_of(const struct grid *g) {
    struct grid_box b = {g->width, g->height, 0, 0};
    for (int y = 0; y < g->height; y++) {
        const struct span s = row_span(g, y);
        if (s.last < 0)
            continue;
        b.x0 = s.first < b.x0 ? s.first : b.x0;
        b.x1 = s.last + 1 > b.x1 ? s.last + 1 : b.x1;
        b.y0 = y < b.y0 ? y : b.y0;
        b.y1 = y + 1;
    }
    return b;
}

/* The chest wall is where the outline is straight. */
static int find_chest(enum chest_wall *out, const struct grid *g, struct grid_box b, struct err *e) {
    const int part = (b.x1 - b.x0) / STRAIGHT_PART, slack = part > 1 ? part : 1;
    int n = 0, left = 0, right = 0;
    for (int y = b.y0; y < b.y1; y++) {
        const struct span s = row_span(g, y);
        n += s.last >= 0;
        left += s.last >= 0 && s.first <= b.x0 + slack;
        right += s.last >= 0 && s.last >= b.x1 - 1 - slack;
    }
    *out = 4 * left >= 3 * n && 5 * right <= 2 * n ? CHEST_LEFT : 4 * right >= 3 * n && 5 * left <= 2 * n ? CHEST_RIGHT : CHEST_UNKNOWN;
    if (*out == CHEST_UNKNOWN)
        return err_set(e, ERR_SIDE_UNKNOWN,
                       "the side of the chest wall cannot be determined: neither or both sides of the outline are straight");
    return 0;
}

/* From the chest wall to the outline: dark fat and holes belong to the breast. */
static void fill_from_chest(struct grid *g, struct grid_box b, enum chest_wall chest) {
    for (int y = b.y0; y < b.y1; y++) {
        const struct span s = row_span(g, y);
        if (s.last < 0)
            continue;
        const int first = chest == CHEST_LEFT ? b.x0 : s.first, last = chest == CHEST_LEFT ? s.last : b.x1 - 1;
        memset(g->set + y * g->width + first, 1, (size_t)(last - first + 1));
    }
}

static int check_breast(const struct grid *g, const uint16_t *mean, const struct grey *grey, struct err *e) {
    int bins[BINS] = {0}, n = 0, occupied = 0, most = 0;
    for (int i = 0; i < cells(g); i++)
        if (g->set[i]) {
            bins[mean[i] >> BIN_SHIFT]++;
            n++;
        }
    for (int i = 0; i < BINS; i++) {
        occupied += bins[i] > 0;
        most = bins[i] > most ? bins[i] : most;
    }
    if (2 * bins[BINS - 1] > n)
        return err_set(e, ERR_IMAGE_SATURATED, "more than half of the breast is saturated");
    if (AREA_PART * n < cells(g) || 100 * n > AREA_PERCENT * cells(g))
        return err_set(e, ERR_IMAGE_NOT_BREAST, "the breast candidate fills %d %% of the image", 100 * n / cells(g));
    if (occupied < OCCUPIED_MIN || 2 * most > n)
        return err_set(e, ERR_IMAGE_NOT_BREAST, "the breast candidate has only %d grey values: a drawing or a mask", occupied);
    const int greys = grey_count(grey, OCCUPIED_MIN);
    if (greys < OCCUPIED_MIN)
        return err_set(e, ERR_IMAGE_NOT_BREAST, "the image has only %d grey values: a dithered image, a drawing or a mask", greys);
    return 0;
}

int breast_find(struct breast *out, const struct grey *grey, struct err *e) {
    struct grid *g = &out->mask;
    if (grey->width < PREP_SIDE_MIN || grey->height < PREP_SIDE_MIN)
        return err_set(e, ERR_IMAGE_TOO_SMALL, "the image has %u x %u pixels; at least %d in each direction are required", grey->width,
                       grey->height, PREP_SIDE_MIN);
    struct work *w = mem_alloc_aligned(1, sizeof *w, e);
    if (!w)
        return ERR_NO_MEMORY;
    grid_init(g, grey->width, grey->height, GRID_MAX);
    average(w->mean, g, grey);
    look_at_padding(w, g, grey);
    int rc = check_content(w, g, e);
    if (!rc)
        rc = largest(g, w, e);
    if (!rc) {
        const struct grid_box b = box_of(g);
        rc = find_chest(&out->chest, g, b, e);
        if (!rc) {
            fill_from_chest(g, b, out->chest);
            rc = check_breast(g, w->mean, grey, e);
            grid_dilate(g);
            grid_dilate(g);
            for (int i = 0; i < cells(g); i++) /* beyond the chest wall there is no margin to keep */
                if (out->chest == CHEST_LEFT ? i % g->width < b.x0 : i % g->width >= b.x1)
                    g->set[i] = 0;
            out->box = box_of(g);
        }
    }
    mem_free(w);
    return rc;
}
