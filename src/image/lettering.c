/* A detector of burned-in text: connected strokes that look like glyphs, and lines of them. Floor 2. */
#include "image/lettering.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    SIDE_MAX = 2048, /* larger pictures are looked at in cells, each as its brightest pixel */
    HEIGHT_MIN = 5,  /* pixels of a glyph */
    HEIGHT_MAX = 64,
    WORD_PART = 16,   /* touching letters: times their height */
    GLYPHS_MAX = 4096 /* candidates of one level; more is noise */
};

/* A picture as the brightness of ink: 255 is what text would be. */
struct ink {
    uint8_t *v;
    int width, height, cell; /* cell: pixels of the picture to one here, each way */
};

struct run {
    int x0, x1, y, parent;
};
struct glyph {
    int x0, y0, x1, y1; /* right and bottom exclusive */
    int area, runs;
    int ends, sharp;        /* of its runs: how many, and how many fall off within two pixels */
    long long sum_x, sum_y; /* over its area, from the picture's corner */
    int letters;            /* that it may be: of small type several touch */
};
struct scratch {
    struct run *run;
    int n_runs;
    struct glyph *all;   /* one per run, of the roots */
    struct glyph *found; /* candidates: GLYPHS_MAX */
    struct glyph *glyph; /* the same from left to right */
    int n;
};

/* --- the picture ------------------------------------------------------------------------------------------------------------- */

static int value(const struct image *im, size_t i) {
    if (im->bits == 8)
        return ((const uint8_t *)im->pixels)[i];
    const uint16_t word = ((const uint16_t *)im->pixels)[i];
    return im->is_signed ? (int16_t)word : word;
}

static void range(int *low, int *high, const struct image *im) {
    *low = 0;
    *high = 255;
    if (im->bits == 8)
        return;
    *low = INT32_MAX;
    *high = INT32_MIN;
    for (size_t i = 0, n = (size_t)im->width * im->height * (size_t)im->channels; i < n; i++) {
        const int v = value(im, i);
        *low = v < *low ? v : *low;
        *high = v > *high ? v : *high;
    }
}

/* bright: the brightest channel; else how far the darkest one is from white. */
static int make_ink(struct ink *out, const struct image *im, bool bright, struct err *e) {
    const uint32_t longer = im->width > im->height ? im->width : im->height, cell = (longer + SIDE_MAX - 1) / SIDE_MAX;
    int low, high;
    range(&low, &high, im);
    const int span = high > low ? high - low : 1;
    out->cell = (int)cell;
    out->width = (int)((im->width + cell - 1) / cell);
    out->height = (int)((im->height + cell - 1) / cell);
    if (!(out->v = mem_alloc((size_t)out->width * (size_t)out->height, 1, e)))
        return ERR_NO_MEMORY;
    memset(out->v, 0, (size_t)out->width * (size_t)out->height);
    for (uint32_t y = 0; y < im->height; y++)
        for (uint32_t x = 0; x < im->width; x++) {
            uint8_t *to = &out->v[(size_t)(y / cell) * (size_t)out->width + x / cell];
            for (int c = 0; c < im->channels; c++) {
                const int v = value(im, ((size_t)y * im->width + x) * (size_t)im->channels + (size_t)c);
                const int scaled = (int)((int64_t)(v - low) * 255 / span), ink = bright ? scaled : 255 - scaled;
                *to = ink > *to ? (uint8_t)ink : *to;
            }
        }
    return 0;
}

/* --- connected strokes --------------------------------------------------------------------------------------------------------- */

static int root(struct scratch *s, int i) {
    while (s->run[i].parent != i)
        i = s->run[i].parent = s->run[s->run[i].parent].parent;
    return i;
}

static void unite(struct scratch *s, int a, int b) {
    a = root(s, a);
    b = root(s, b);
    if (a < b)
        s->run[b].parent = a;
    else
        s->run[a].parent = b;
}

/* Runs of ink of at least `level`, joined to those of the row above that touch them, also at corners. */
static void find_runs(struct scratch *s, const struct ink *ink, int level) {
    int above = 0, above_end = 0;
    s->n_runs = 0;
    for (int y = 0; y < ink->height; y++) {
        const uint8_t *row = ink->v + (size_t)y * (size_t)ink->width;
        const int first = s->n_runs;
        int k = above;
        for (int x = 0; x < ink->width; x++) {
            if (row[x] < level)
                continue;
            const int x0 = x;
            while (x < ink->width && row[x] >= level)
                x++;
            const int i = s->n_runs++;
            s->run[i] = (struct run){x0, x, y, i};
            while (k < above_end && s->run[k].x1 < x0)
                k++;
            for (int m = k; m < above_end && s->run[m].x0 <= x; m++)
                unite(s, i, m);
        }
        above = first;
        above_end = s->n_runs;
    }
}

/* Does the ink fall off within two pixels beyond this end of a run? One may be all there is to the next letter. Beyond the picture nothing
 * is known. */
static void count_end(struct glyph *g, const uint8_t *row, int width, int peak, int next, int beyond) {
    if (beyond < 0 || beyond >= width)
        return;
    g->ends++;
    g->sharp += peak - row[next] >= LETTERING_STEP || peak - row[beyond] >= LETTERING_STEP;
}

static void gather(struct scratch *s, const struct ink *ink) {
    for (int i = 0; i < s->n_runs; i++) {
        const struct run *r = &s->run[i];
        const int at = root(s, i);
        const uint8_t *row = ink->v + (size_t)r->y * (size_t)ink->width;
        struct glyph *g = &s->all[at];
        if (at == i)
            *g = (struct glyph){.x0 = r->x0, .y0 = r->y, .x1 = r->x1};
        g->x0 = r->x0 < g->x0 ? r->x0 : g->x0;
        g->x1 = r->x1 > g->x1 ? r->x1 : g->x1;
        g->y1 = r->y + 1;
        g->area += r->x1 - r->x0;
        g->sum_x += (long long)(r->x1 - r->x0) * (r->x0 + r->x1 - 1) / 2;
        g->sum_y += (long long)(r->x1 - r->x0) * r->y;
        g->runs++;
        int peak = 0;
        for (int x = r->x0; x < r->x1; x++)
            peak = row[x] > peak ? row[x] : peak;
        count_end(g, row, ink->width, peak, r->x0 - 1, r->x0 - 2);
        count_end(g, row, ink->width, peak, r->x1, r->x1 + 1);
    }
}

/* Letters that touch are as wide as several, and each row crosses about a stroke of each. */
static int letters_of(const struct glyph *g) {
    const int w = g->x1 - g->x0, h = g->y1 - g->y0;
    const int wide = (4 * w + 2 * h) / (3 * h), crossed = g->runs / h;
    return wide < 2 ? 1 : wide < crossed ? wide : crossed;
}

static bool is_glyph(struct glyph *g) {
    const int w = g->x1 - g->x0, h = g->y1 - g->y0;
    if (h < HEIGHT_MIN || h > HEIGHT_MAX || w > WORD_PART * h || g->area < h)
        return false;
    if (10 * g->sharp < 7 * g->ends) /* a smooth edge: tissue */
        return false;
    g->letters = letters_of(g);
    if (3 * w <= h) /* I, l, 1 */
        return 3 * g->area >= 2 * w * h;
    if (2 * w > 3 * h && (g->letters < 2 || 3 * g->area > 2 * w * h))
        return false;
    return 8 * g->area <= 7 * w * h && 2 * g->area <= g->runs * h; /* not a block; strokes narrower than half its height */
}

/* From left to right, by counting: the sandbox that this runs in has no system call that qsort() may make. */
static void sort_glyphs(struct scratch *s) {
    int count[SIDE_MAX + 1] = {0};
    for (int i = 0; i < s->n; i++)
        count[s->found[i].x0 + 1]++;
    for (int x = 0; x < SIDE_MAX; x++)
        count[x + 1] += count[x];
    for (int i = 0; i < s->n; i++)
        s->glyph[count[s->found[i].x0]++] = s->found[i];
}

static void list_glyphs(struct scratch *s, const struct ink *ink, int level) {
    find_runs(s, ink, level);
    gather(s, ink);
    s->n = 0;
    for (int i = 0; i < s->n_runs && s->n < GLYPHS_MAX; i++)
        if (s->run[i].parent == i && is_glyph(&s->all[i]))
            s->found[s->n++] = s->all[i];
    sort_glyphs(s);
}

/* --- lines ----------------------------------------------------------------------------------------------------------------------- */

/* Size, area, and where in its box the centre of gravity lies: that tells 6 from 9. */
static bool same_shape(const struct glyph *a, const struct glyph *b) {
    const double x = (double)a->sum_x / a->area - a->x0 - ((double)b->sum_x / b->area - b->x0);
    const double y = (double)a->sum_y / a->area - a->y0 - ((double)b->sum_y / b->area - b->y0), h = a->y1 - a->y0;
    return abs((a->x1 - a->x0) - (b->x1 - b->x0)) <= 1 && abs((a->y1 - a->y0) - (b->y1 - b->y0)) <= 1 &&
           16 * abs(a->area - b->area) <= a->area && 32 * fabs(x) <= h && 32 * fabs(y) <= h;
}

/* Three shapes at least, or a ruler's ticks would be a line. */
static bool is_varied(const struct glyph *const *line, int n) {
    int shapes = line[0]->letters > 1 ? 1 : 0;
    for (int i = 0; i < n && shapes < 3; i++) {
        bool first = true;
        for (int k = 0; k < i && first; k++)
            first = !same_shape(line[i], line[k]);
        shapes += first;
    }
    return shapes >= 3;
}

/* The longest line among glyphs of one bottom, left to right; height: of its tallest. */
static void longest(struct lettering *out, const struct glyph *const *of, int n, int height, int least) {
    for (int from = 0; from < n;) {
        int end = from + 1, letters = of[from]->letters;
        while (end < n && of[end]->x0 - of[end - 1]->x1 <= height + height / 4 && of[end]->x0 >= of[end - 1]->x1 - 1)
            letters += of[end++]->letters;
        if (letters >= least && letters > out->glyphs && is_varied(of + from, end - from)) {
            uint32_t top = UINT32_MAX;
            for (int i = from; i < end; i++)
                top = (uint32_t)of[i]->y0 < top ? (uint32_t)of[i]->y0 : top;
            *out = (struct lettering){letters, (uint32_t)of[from]->x0, top, (uint32_t)of[end - 1]->x1, (uint32_t)of[from]->y1};
        }
        from = end;
    }
}

/* Each glyph in turn as the tallest of its line: the others stand on the same bottom and are at least three fifths of its height. */
static void find_lines(struct lettering *out, const struct scratch *s, const struct glyph **line, int least) {
    for (int i = 0; i < s->n; i++) {
        const struct glyph *tall = &s->glyph[i];
        const int h = tall->y1 - tall->y0, slack = 1 + h / 24;
        int n = 0;
        for (int k = 0; k < s->n; k++) {
            const struct glyph *g = &s->glyph[k];
            const int other = g->y1 - g->y0;
            if (abs(g->y1 - tall->y1) <= slack && other <= h + slack && 5 * other >= 3 * h)
                line[n++] = g;
        }
        longest(out, line, n, h, least);
    }
}

/* Ink of one tone; what is longer than *out replaces it, in pixels. */
static int look(struct lettering *out, const struct image *im, bool bright, int least, struct err *e) {
    static const int levels[] = {240, 224, 200, 176, 152, 128, 104, 80};
    struct ink ink = {0};
    struct scratch s = {0};
    struct lettering found = {0};
    const struct glyph **line = NULL;
    int rc = make_ink(&ink, im, bright, e);
    if (rc)
        return rc;
    const size_t room = (size_t)(ink.width / 2 + 1) * (size_t)ink.height; /* runs */
    s.run = mem_alloc(room, sizeof *s.run, e);
    s.all = mem_alloc(room, sizeof *s.all, e);
    s.found = mem_alloc(GLYPHS_MAX, sizeof *s.found, e);
    s.glyph = mem_alloc(GLYPHS_MAX, sizeof *s.glyph, e);
    line = mem_alloc(GLYPHS_MAX, sizeof *line, e);
    if (!s.run || !s.all || !s.found || !s.glyph || !line)
        rc = ERR_NO_MEMORY;
    for (size_t i = 0; i < sizeof levels / sizeof *levels && !rc; i++) {
        list_glyphs(&s, &ink, levels[i]);
        find_lines(&found, &s, line, least);
    }
    const uint32_t k = (uint32_t)ink.cell;
    if (!rc && found.glyphs > out->glyphs)
        *out = (struct lettering){found.glyphs, found.x0 * k, found.y0 * k, found.x1 * k, found.y1 * k};
    mem_free(line);
    mem_free(s.glyph);
    mem_free(s.found);
    mem_free(s.all);
    mem_free(s.run);
    mem_free(ink.v);
    return rc;
}

int lettering_find(struct lettering *out, const struct image *im, int least, struct err *e) {
    *out = (struct lettering){0};
    int rc = look(out, im, true, least, e);
    return rc ? rc : look(out, im, false, least, e);
}
