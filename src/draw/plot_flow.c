/* Participant flow, after STARD 2015 (Bossuyt et al., BMJ 351:h5527): boxes downwards, what leaves to the right. Floor 2. */
#include <math.h>

#include "draw/plot_impl.h"

enum { PAD = 9, LINE = 16, MAIN_WIDTH = 300, SIDE_LEFT = 370, GAP = 30, ENDS_MAX = 6 };

static const struct canvas_pen line = {.stroke = CANVAS_MUTED, .width = 1.2}, box_pen = {.stroke = CANVAS_INK, .fill = CANVAS_PAPER};

static void arrow(struct canvas *c, double x1, double y1, double x2, double y2) {
    const double dx = x2 > x1 ? 1 : 0, dy = y2 > y1 && !(x2 > x1) ? 1 : 0; /* rightwards or downwards only */
    canvas_line(c, line, x1, y1, x2 - 5 * dx, y2 - 5 * dy);
    canvas_path(c, (struct canvas_pen){.fill = CANVAS_MUTED},
                (const double[][2]){{x2, y2}, {x2 - 7 * dx - 4 * dy, y2 - 7 * dy - 4 * dx}, {x2 - 7 * dx + 4 * dy, y2 - 7 * dy + 4 * dx}},
                3, true);
}

/* Height of a box with these texts, each wrapped; drawn if `draw`. */
static double box(struct canvas *c, double x, double y, double width, const char *const *texts, size_t n, bool middle, bool draw) {
    struct canvas_type type = plot_label;
    const char *const *lines;
    double at = y + PAD;
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += canvas_wrap(c, type, width - 2 * PAD, texts[i], &lines);
    const double height = 2 * PAD + LINE * (double)(total ? total : 1) - 3;
    if (!draw)
        return height;
    type.anchor = middle ? CANVAS_MIDDLE : CANVAS_START;
    canvas_group(c, "box", n ? texts[0] : NULL);
    canvas_rect(c, box_pen, x, y, width, height);
    for (size_t i = 0; i < n; i++) {
        const size_t count = canvas_wrap(c, type, width - 2 * PAD, texts[i], &lines);
        for (size_t k = 0; k < count; k++)
            canvas_text(c, type, middle ? x + width / 2 : x + PAD, at + LINE * (double)k + 10.5, lines[k]);
        at += LINE * (double)count;
    }
    canvas_group_end(c);
    return height;
}

/* The row of boxes at the end, below a bar that spreads to them. */
static double ends(struct canvas *c, double centre, double y, const char *const *texts, size_t n) {
    const double gap = 14, width = fmin((PLOT_WIDTH - 16 - gap * (double)(n - 1)) / (double)n, MAIN_WIDTH);
    const double whole = width * (double)n + gap * (double)(n - 1), left = fmax(8, fmin(centre - whole / 2, PLOT_WIDTH - 8 - whole));
    double lowest = y;
    if (n > 1) {
        const double first = left + width / 2, last = left + whole - width / 2;
        canvas_line(c, line, fmin(first, centre), y + GAP / 2.0, fmax(last, centre), y + GAP / 2.0);
        canvas_line(c, line, centre, y, centre, y + GAP / 2.0);
    }
    for (size_t i = 0; i < n; i++) {
        const double x = left + (width + gap) * (double)i;
        arrow(c, x + width / 2, n > 1 ? y + GAP / 2.0 : y, x + width / 2, y + GAP);
        lowest = fmax(lowest, y + GAP + box(c, x, y + GAP, width, &texts[i], 1, true, true));
    }
    return lowest;
}

int plot_flow(struct canvas **out, const struct plot_context *p, const char *title, const struct plot_flow_step *steps, size_t n,
              const char *const *last, size_t n_ends, struct err *e) {
    struct canvas *c;
    *out = NULL;
    if (n_ends > ENDS_MAX)
        return err_set(e, ERR_LIMIT, "the figure '%.100s' ends in %zu boxes; at most %d fit", title, n_ends, ENDS_MAX);
    const int rc = canvas_create(&c, p->fonts, PLOT_WIDTH, 100, e);
    if (rc)
        return rc;
    const double left = 8, centre = left + MAIN_WIDTH / 2.0, side_width = PLOT_WIDTH - SIDE_LEFT - 8;
    double y = 8;
    canvas_describe(c, title, NULL);
    if (n == 0)
        y += box(c, left, y, MAIN_WIDTH, (const char *const[]){words(p->language, WORDS_NO_DATA)}, 1, true, true);
    for (size_t i = 0; i < n; i++) {
        y += box(c, left, y, MAIN_WIDTH, &steps[i].text, 1, true, true);
        double next = GAP;
        if (steps[i].n_excluded) {
            const double height = box(c, 0, 0, side_width, steps[i].excluded, steps[i].n_excluded, false, false);
            box(c, SIDE_LEFT, y + GAP / 2.0, side_width, steps[i].excluded, steps[i].n_excluded, false, true);
            arrow(c, centre, y + GAP / 2.0 + height / 2, SIDE_LEFT, y + GAP / 2.0 + height / 2);
            next = height + GAP;
        }
        if (i + 1 < n)
            arrow(c, centre, y, centre, y + next);
        else if (steps[i].n_excluded)
            canvas_line(c, line, centre, y, centre, y + (n_ends ? next : next / 2));
        y += i + 1 < n || steps[i].n_excluded ? next : 0;
    }
    if (n_ends)
        y = ends(c, centre, y, last, n_ends);
    canvas_resize(c, PLOT_WIDTH, y + 8);
    return plot_finish(out, c, e);
}
