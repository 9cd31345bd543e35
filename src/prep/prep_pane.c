/* Which part of an ultrasound picture is the one that its slot wants: by the file's regions, or by looking. Floor 4. docs/PREP.md
 * section 7. */
#include <stdlib.h>

#include "base/mem.h"
#include "prep/prep_steps.h"

enum {
    CELLS_MAX = 128,  /* along the longer side */
    DARK_MAX = 8,     /* of 255: not lit */
    LIT_PART = 4,     /* a quarter of a cell's pixels is lit: the cell is */
    LARGE_PART = 3,   /* a pane has at least a third of the largest one's cells */
    JOINED_PART = 16, /* smaller pieces than a sixteenth are text and rulers */
    SEAM_PART = 64,   /* of a column's pixels may be lit in a seam */
    CHROMA_MIN = 32,  /* of 255 */
    CHROMA_PART = 3,  /* ... and a third of the brightest channel */
    PANES_MAX = DICOM_REGIONS_MAX
};
/* Colour within a pane, in ten-thousandths of its pixels. */
enum { GREY_COLOUR_MAX = 50, DOPPLER_COLOUR_MIN = 2, DOPPLER_COLOUR_MAX = 2500, ELASTO_COLOUR_MIN = 1000, ELASTO_FLOW_COLOUR_MIN = 2500 };
/* PS3.3 C.8.5.5.1.1 and .2; the data types beyond are spectra, traces and bars. */
enum { SPATIAL_2D = 1, DATA_TISSUE = 1, DATA_COLOUR_FLOW = 2 };

struct picture {
    const uint8_t *rgb;
    uint32_t width, height;
};
struct pane {
    struct box box;
    bool flow;       /* the file says colour flow */
    uint64_t colour; /* coloured pixels */
};
struct panes {
    struct pane pane[PANES_MAX];
    int n;
    bool any_flow;
};

static int brightest(const uint8_t *p) {
    const int a = p[0] > p[1] ? p[0] : p[1];
    return a > p[2] ? a : p[2];
}

static int darkest(const uint8_t *p) {
    const int a = p[0] < p[1] ? p[0] : p[1];
    return a < p[2] ? a : p[2];
}

static uint64_t area(struct box b) {
    return (uint64_t)(b.x1 - b.x0) * (b.y1 - b.y0);
}

static bool inside(struct box a, struct box b) {
    return a.x0 >= b.x0 && a.y0 >= b.y0 && a.x1 <= b.x1 && a.y1 <= b.y1;
}

/* --- by the file's regions ------------------------------------------------------------------------------------------------- */

/* Does any of the file's regions have an area? Where none has, nobody filled them in. */
static bool has_regions(const struct dicom *d, const struct picture *im) {
    struct dicom_box b;
    for (int i = 0; d && i < d->n_regions; i++)
        if (dicom_region_box(&b, &d->region[i], im->width, im->height))
            return true;
    return false;
}

/* The file's pictures among its regions, cut to the picture. */
static int regions_of(struct pane *list, const struct dicom *d, const struct picture *im) {
    int n = 0;
    for (int i = 0; i < d->n_regions; i++) {
        const struct dicom_region *r = &d->region[i];
        if (r->spatial_format != SPATIAL_2D || (r->data_type != DATA_TISSUE && r->data_type != DATA_COLOUR_FLOW))
            continue;
        struct dicom_box b;
        if (dicom_region_box(&b, r, im->width, im->height))
            list[n++] = (struct pane){.box = {b.x0, b.y0, b.x1, b.y1}, .flow = r->data_type == DATA_COLOUR_FLOW};
    }
    return n;
}

/* A region within another belongs to that one: the colour box of a Doppler picture. */
static int panes_by_tags(struct panes *out, const struct dicom *d, const struct picture *im, struct err *e) {
    struct pane region[DICOM_REGIONS_MAX];
    const int n = regions_of(region, d, im);
    for (int i = 0; i < n; i++) {
        bool outermost = true, flow = region[i].flow;
        for (int k = 0; k < n; k++) {
            if (k == i)
                continue;
            const bool in = inside(region[i].box, region[k].box), holds = inside(region[k].box, region[i].box);
            outermost = outermost && !(in && (!holds || k < i));
            flow = flow || (holds && region[k].flow);
        }
        if (!outermost)
            continue;
        out->pane[out->n++] = (struct pane){.box = region[i].box, .flow = flow};
        out->any_flow = out->any_flow || flow;
    }
    return out->n ? 0 : err_set(e, ERR_IMAGE_KIND, "the file has ultrasound regions, but none is a 2D image of tissue or colour flow");
}

/* --- by looking -------------------------------------------------------------------------------------------------------------- */

static void light_cells(struct grid *g, const struct picture *im) {
    const uint32_t k = (uint32_t)g->cell;
    for (int cy = 0; cy < g->height; cy++) {
        uint32_t lit[CELLS_MAX] = {0};
        const uint32_t y0 = (uint32_t)cy * k, y1 = y0 + k < im->height ? y0 + k : im->height;
        for (uint32_t y = y0; y < y1; y++)
            for (int cx = 0; cx < g->width; cx++) {
                const uint32_t x0 = (uint32_t)cx * k, x1 = x0 + k < im->width ? x0 + k : im->width;
                const uint8_t *p = im->rgb + ((size_t)y * im->width + x0) * 3;
                for (uint32_t x = x0; x < x1; x++, p += 3)
                    lit[cx] += brightest(p) > DARK_MAX;
            }
        for (int cx = 0; cx < g->width; cx++) {
            const uint32_t x0 = (uint32_t)cx * k, x1 = x0 + k < im->width ? x0 + k : im->width;
            g->set[cy * g->width + cx] = LIT_PART * lit[cx] >= (x1 - x0) * (y1 - y0);
        }
    }
}

static struct box pixels_of(struct grid_box b, int cell, const struct picture *im) {
    const uint32_t k = (uint32_t)cell, x1 = (uint32_t)b.x1 * k, y1 = (uint32_t)b.y1 * k;
    return (struct box){(uint32_t)b.x0 * k, (uint32_t)b.y0 * k, x1 < im->width ? x1 : im->width, y1 < im->height ? y1 : im->height};
}

static void add_pane(struct panes *out, struct box b) {
    out->pane[out->n++] = (struct pane){.box = b};
}

/* A single box, or two on either side of a dark seam near its middle. */
static void split_at_seam(struct panes *out, struct box b, const struct picture *im) {
    const uint32_t w = b.x1 - b.x0, from = b.x0 + 3 * w / 8, to = b.x0 + 5 * w / 8;
    uint32_t run = 0, best = 0, best_first = 0;
    for (uint32_t x = from; x < to; x++) {
        uint32_t lit = 0;
        for (uint32_t y = b.y0; y < b.y1; y++)
            lit += brightest(im->rgb + ((size_t)y * im->width + x) * 3) > DARK_MAX;
        run = SEAM_PART * lit <= b.y1 - b.y0 ? run + 1 : 0;
        if (run > best) {
            best = run;
            best_first = x + 1 - run;
        }
    }
    if (!best) {
        add_pane(out, b);
        return;
    }
    add_pane(out, (struct box){b.x0, b.y0, best_first, b.y1});
    add_pane(out, (struct box){best_first + best, b.y0, b.x1, b.y1});
}

static void join(struct grid_box *to, struct grid_box b) {
    to->x0 = b.x0 < to->x0 ? b.x0 : to->x0;
    to->y0 = b.y0 < to->y0 ? b.y0 : to->y0;
    to->x1 = b.x1 > to->x1 ? b.x1 : to->x1;
    to->y1 = b.y1 > to->y1 ? b.y1 : to->y1;
}

struct look {
    struct grid grid;
    uint16_t label[GRID_MAX * GRID_MAX];
    struct component part[CELLS_MAX * CELLS_MAX / 2];
};

static int panes_from_parts(struct panes *out, const struct look *l, int n, const struct picture *im, struct err *e) {
    struct grid_box all = {GRID_MAX, GRID_MAX, 0, 0}, large[2] = {{0}};
    int most = 0, n_large = 0;
    if (n == 0)
        return err_set(e, ERR_IMAGE_BLANK, "the image is black");
    for (int i = 0; i < n; i++)
        most = l->part[i].cells > most ? l->part[i].cells : most;
    for (int i = 0; i < n; i++) {
        if (JOINED_PART * l->part[i].cells >= most)
            join(&all, l->part[i].box);
        if (LARGE_PART * l->part[i].cells < most)
            continue;
        if (n_large < 2)
            large[n_large] = l->part[i].box;
        n_large++;
    }
    const int first = large[0].x0 < large[1].x0 ? 0 : 1;
    if (n_large == 2 && large[first].x1 <= large[1 - first].x0) {
        add_pane(out, pixels_of(large[first], l->grid.cell, im));
        add_pane(out, pixels_of(large[1 - first], l->grid.cell, im));
        return 0;
    }
    split_at_seam(out, pixels_of(all, l->grid.cell, im), im);
    return 0;
}

static int panes_by_looking(struct panes *out, const struct picture *im, struct err *e) {
    struct look *l = mem_alloc_aligned(1, sizeof *l, e);
    if (!l)
        return ERR_NO_MEMORY;
    grid_init(&l->grid, im->width, im->height, CELLS_MAX);
    light_cells(&l->grid, im);
    const int n = grid_components(l->part, (int)(sizeof l->part / sizeof *l->part), l->label, &l->grid, 8);
    int rc = panes_from_parts(out, l, n, im, e);
    mem_free(l);
    return rc;
}

/* --- which pane -------------------------------------------------------------------------------------------------------------- */

static void count_colour(struct pane *p, const struct picture *im) {
    for (uint32_t y = p->box.y0; y < p->box.y1; y++) {
        const uint8_t *at = im->rgb + ((size_t)y * im->width + p->box.x0) * 3;
        for (uint32_t x = p->box.x0; x < p->box.x1; x++, at += 3) {
            const int top = brightest(at), chroma = top - darkest(at);
            p->colour += chroma >= CHROMA_MIN && CHROMA_PART * chroma >= top;
        }
    }
}

static bool fits(const struct pane *p, enum kind kind, bool any_flow) {
    const uint64_t colour = 10000 * p->colour, a = area(p->box);
    switch (kind) {
    case KIND_BMODE:
        return !p->flow && colour <= GREY_COLOUR_MAX * a;
    case KIND_DOPPLER:
        return (p->flow || (!any_flow && colour >= DOPPLER_COLOUR_MIN * a)) && colour <= DOPPLER_COLOUR_MAX * a;
    default:
        return colour >= (p->flow ? ELASTO_FLOW_COLOUR_MIN : ELASTO_COLOUR_MIN) * a;
    }
}

static bool much_more(const struct pane *a, const struct pane *b) {
    return a->colour * area(b->box) > 4 * b->colour * area(a->box);
}

static int choose(const struct pane **out, struct panes *all, const struct picture *im, enum slot s, struct err *e) {
    const enum kind kind = slot_kind(s);
    const struct pane *fitting[2] = {0};
    int n = 0;
    for (int i = 0; i < all->n; i++) {
        count_colour(&all->pane[i], im);
        if (!fits(&all->pane[i], kind, all->any_flow))
            continue;
        if (n < 2)
            fitting[n] = &all->pane[i];
        n++;
    }
    if (n == 2 && kind == KIND_DOPPLER && (much_more(fitting[0], fitting[1]) || much_more(fitting[1], fitting[0]))) {
        fitting[0] = much_more(fitting[0], fitting[1]) ? fitting[0] : fitting[1];
        n = 1;
    }
    *out = fitting[0];
    if (n == 1)
        return 0;
    if (n > 1)
        return err_set(e, ERR_IMAGE_KIND, "the image has %d panes that could belong in slot %s; crop the right one", n, slot_name(s));
    return err_set(e, ERR_IMAGE_KIND, "the image does not fit slot %s: %.1f %% of it is coloured%s", slot_name(s),
                   100 * (double)all->pane[0].colour / (double)area(all->pane[0].box),
                   all->any_flow ? ", and the file says colour flow" : "");
}

static int check_pane(const struct pane *p, const struct picture *im, struct err *e) {
    const struct box b = p->box;
    uint64_t lit = 0, white = 0;
    bool seen[256] = {false};
    int values = 0;
    if (b.x1 - b.x0 < PREP_SIDE_MIN || b.y1 - b.y0 < PREP_SIDE_MIN)
        return err_set(e, ERR_IMAGE_TOO_SMALL, "the image area has %u x %u pixels; at least %d in each direction are required", b.x1 - b.x0,
                       b.y1 - b.y0, PREP_SIDE_MIN);
    for (uint32_t y = b.y0; y < b.y1; y++)
        for (uint32_t x = b.x0; x < b.x1; x++) {
            const uint8_t *at = im->rgb + ((size_t)y * im->width + x) * 3;
            const int top = brightest(at);
            values += !seen[top];
            seen[top] = true;
            lit += top > DARK_MAX;
            white += darkest(at) >= 250;
        }
    if (64 * lit < area(b))
        return err_set(e, ERR_IMAGE_BLANK, "the image is black nearly everywhere");
    if (2 * white > area(b))
        return err_set(e, ERR_IMAGE_SATURATED, "more than half of the image is white");
    if (8 * lit < area(b) || values < 16)
        return err_set(e, ERR_IMAGE_NOT_BREAST, "the image has %d grey values and %.0f %% content: not an ultrasound image", values,
                       100 * (double)lit / (double)area(b));
    return 0;
}

int pane_choose(struct box *out, const uint8_t *rgb, uint32_t width, uint32_t height, const struct dicom *d, enum slot s,
                struct input_verdict *v, struct err *e) {
    const struct picture im = {rgb, width, height};
    const bool tagged = has_regions(d, &im);
    const struct pane *p = NULL;
    struct panes all = {.n = 0};
    int rc = tagged ? panes_by_tags(&all, d, &im, e) : panes_by_looking(&all, &im, e);
    if (!rc)
        rc = choose(&p, &all, &im, s, e);
    if (!rc)
        rc = check_pane(p, &im, e);
    if (rc)
        return rc;
    *out = p->box;
    verdict_note(v, ", part %ux%u at %u,%u %s", p->box.x1 - p->box.x0, p->box.y1 - p->box.y0, p->box.x0, p->box.y0,
                 tagged ? "by the file's regions" : "found by looking");
    if (!tagged && d && d->n_regions > 0)
        verdict_note(v, ", the file's regions have no area in the image");
    if (all.n > 1)
        verdict_note(v, " (%d of %d panes)", (int)(p - all.pane) + 1, all.n);
    return 0;
}
