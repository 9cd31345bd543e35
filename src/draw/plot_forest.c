/* Forest plot: a row for each subgroup with n, estimate and interval, drawn and in numbers. Floor 2. */
#include <math.h>
#include <stdio.h>

#include "draw/plot_impl.h"

enum { ROW = 22, LABEL_MAX = 210, ESTIMATE_MAX = 200 };

struct forest {
    struct canvas *c;
    const struct plot_context *p;
    const struct plot_forest *f;
    struct plot_scale x;
    double n_right, text_right, remark_left; /* columns */
};

static struct canvas_type right(struct canvas_type type) {
    type.anchor = CANVAS_END;
    return type;
}

static bool shown(const struct plot_forest_row *r) {
    return !r->heading && !r->guard && isfinite(r->estimate);
}

/* Numbers are never cut: where they would be too wide, with three digits. */
static void row_text(const struct forest *g, const struct plot_forest_row *r, char out[200]) {
    const int d = g->f->decimals;
    const bool range = isfinite(r->low) && isfinite(r->high);
    const double largest = fmax(fabs(r->estimate), range ? fmax(fabs(r->low), fabs(r->high)) : 0);
    char raw[150];
    if (range)
        snprintf(raw, sizeof raw, largest < 1e4 ? "%.*f (%.*f, %.*f)" : "%.*g (%.*g, %.*g)", largest < 1e4 ? d : 3, r->estimate,
                 largest < 1e4 ? d : 3, r->low, largest < 1e4 ? d : 3, r->high);
    else
        snprintf(raw, sizeof raw, largest < 1e4 ? "%.*f" : "%.*g", largest < 1e4 ? d : 3, r->estimate);
    size_t n = 0;
    for (const char *s = raw; *s && n < 190; s++) /* a true minus sign is as wide as a figure */
        n += (size_t)snprintf(out + n, 200 - n, *s == '-' ? "−" : "%c", *s);
}

static int check(const struct plot_forest *f, struct err *e) {
    for (size_t i = 0; i < f->n; i++) {
        const struct plot_forest_row *r = &f->row[i];
        int rc;
        if ((rc = plot_check(f->title, (const double[]){r->estimate, r->low, r->high}, 3, -PLOT_HUGE, PLOT_HUGE, e)) ||
            (rc = plot_check(f->title, &r->n, 1, 0, PLOT_HUGE, e)))
            return rc;
    }
    if (f->decimals < 0 || f->decimals > 6)
        return err_set(e, ERR_REPORT_NUMBER, "the figure '%.100s' was to print %d decimals; 0 to 6 can be", f->title, f->decimals);
    return plot_check(f->title, (const double[]){f->low, f->high, f->reference}, 3, -PLOT_HUGE, PLOT_HUGE, e);
}

static struct plot_scale axis(const struct plot_forest *f) {
    double low = f->low, high = f->high;
    if (!(low < high)) {
        low = isfinite(f->reference) ? f->reference : INFINITY;
        high = isfinite(f->reference) ? f->reference : -INFINITY;
        for (size_t i = 0; i < f->n; i++)
            if (shown(&f->row[i])) {
                low = fmin(low, fmin(f->row[i].estimate, isfinite(f->row[i].low) ? f->row[i].low : INFINITY));
                high = fmax(high, fmax(f->row[i].estimate, isfinite(f->row[i].high) ? f->row[i].high : -INFINITY));
            }
    }
    if (!(low <= high)) {
        low = 0;
        high = 1;
    }
    return plot_scale_of(low, high, 4, !(f->low < f->high));
}

/* Widths of the columns from their texts; the axis takes what is left. */
static void columns(struct forest *g) {
    double label = canvas_text_width(g->c, plot_small, words(g->p->language, WORDS_SUBGROUP)), n = 30, text = 0, remark = 0;
    char number[200];
    struct canvas_type bold = plot_small;
    bold.bold = true;
    text = canvas_text_width(g->c, bold, words(g->p->language, WORDS_ESTIMATE));
    if (g->f->remark_label)
        remark = canvas_text_width(g->c, bold, g->f->remark_label);
    for (size_t i = 0; i < g->f->n; i++) {
        const struct plot_forest_row *r = &g->f->row[i];
        label = fmax(label, canvas_text_width(g->c, r->heading || r->summary ? bold : plot_small, r->label) + (r->heading ? 0 : 12));
        if (r->heading)
            continue;
        plot_count_text(r->n, number);
        n = fmax(n, isnan(r->n) ? 0 : canvas_text_width(g->c, plot_small, number));
        row_text(g, r, number);
        text = fmax(text, canvas_text_width(g->c, bold, r->guard ? r->guard : shown(r) ? number : "–"));
        remark = fmax(remark, r->remark ? canvas_text_width(g->c, plot_small, r->remark) : 0);
    }
    label = fmin(label, LABEL_MAX);
    text = fmin(text, ESTIMATE_MAX);
    remark = fmin(remark, 110);
    g->n_right = 8 + label + 14 + n;
    g->remark_left = PLOT_WIDTH - 8 - remark;
    g->text_right = g->remark_left - (remark > 0 ? 14 : 0);
    g->x.from = g->n_right + 24;
    g->x.to = fmax(g->text_right - text - 24, g->x.from + 40);
}

/* What leaves the axis ends in an arrow. */
static void interval(const struct forest *g, const struct plot_forest_row *r, double y) {
    const struct canvas_pen pen = {.stroke = CANVAS_SERIES, .width = 1.6}, fill = {.fill = CANVAS_SERIES};
    if (isfinite(r->low) && isfinite(r->high) && r->high >= g->x.low && r->low <= g->x.high) {
        const double a = plot_pixel(&g->x, fmax(r->low, g->x.low)), b = plot_pixel(&g->x, fmin(r->high, g->x.high));
        const double m = plot_pixel(&g->x, fmin(fmax(r->estimate, g->x.low), g->x.high));
        if (r->summary) {
            canvas_path(g->c, fill, (const double[][2]){{a, y}, {m, y - 6}, {b, y}, {m, y + 6}}, 4, true);
            return;
        }
        canvas_line(g->c, pen, a, y, b, y);
        if (r->low < g->x.low)
            canvas_path(g->c, fill, (const double[][2]){{a - 7, y}, {a, y - 4}, {a, y + 4}}, 3, true);
        if (r->high > g->x.high)
            canvas_path(g->c, fill, (const double[][2]){{b + 7, y}, {b, y - 4}, {b, y + 4}}, 3, true);
    }
    if (r->estimate < g->x.low || r->estimate > g->x.high) { /* beyond the axis altogether: only an arrow */
        const bool low = r->estimate < g->x.low;
        const double x = low ? g->x.from : g->x.to, d = low ? -7 : 7;
        canvas_path(g->c, fill, (const double[][2]){{x + d, y}, {x, y - 4}, {x, y + 4}}, 3, true);
        return;
    }
    canvas_marker(g->c, fill, CANVAS_SQUARE, plot_pixel(&g->x, r->estimate), y, 4.5);
}

static void row(const struct forest *g, const struct plot_forest_row *r, double y) {
    struct canvas_type type = plot_small, muted = plot_small;
    char text[200];
    type.bold = r->heading || r->summary;
    muted.colour = CANVAS_MUTED;
    const double base = y + 4, left = r->heading ? 8 : 20;
    canvas_group(g->c, "row", r->label);
    canvas_text(g->c, type, left, base, canvas_fit(g->c, type, (r->heading ? PLOT_WIDTH - 30 : LABEL_MAX - 12), r->label));
    if (!r->heading) {
        if (!isnan(r->n)) {
            plot_count_text(r->n, text);
            canvas_text(g->c, right(plot_small), g->n_right, base, text);
        }
        row_text(g, r, text);
        type = r->guard ? muted : type;
        canvas_text(g->c, right(type), g->text_right, base,
                    canvas_fit(g->c, type, ESTIMATE_MAX,
                               r->guard   ? r->guard
                               : shown(r) ? text
                                          : "–"));
        if (r->remark)
            canvas_text(g->c, plot_small, g->remark_left, base, canvas_fit(g->c, plot_small, 110, r->remark));
        if (shown(r))
            interval(g, r, y);
    }
    canvas_group_end(g->c);
}

static void head(const struct forest *g, double y) {
    struct canvas_type bold = plot_small;
    bold.bold = true;
    canvas_text(g->c, bold, 8, y, words(g->p->language, WORDS_SUBGROUP));
    canvas_text(g->c, right(bold), g->n_right, y, "n");
    canvas_text(g->c, right(bold), g->text_right, y, canvas_fit(g->c, bold, ESTIMATE_MAX, words(g->p->language, WORDS_ESTIMATE)));
    if (g->f->remark_label)
        canvas_text(g->c, bold, g->remark_left, y, canvas_fit(g->c, bold, 110, g->f->remark_label));
    canvas_line(g->c, (struct canvas_pen){.stroke = CANVAS_MUTED}, 8, y + 8, PLOT_WIDTH - 8, y + 8);
}

static double foot(const struct forest *g, double top, double y) {
    struct canvas_type middle = plot_small;
    middle.anchor = CANVAS_MIDDLE;
    double ticks[PLOT_TICKS_MAX], free_from = -1e9;
    char text[48];
    for (size_t i = 0, n = plot_ticks(&g->x, ticks); i < n; i++) {
        plot_tick_text(&g->x, ticks[i], text);
        const double x = plot_pixel(&g->x, ticks[i]), half = canvas_text_width(g->c, plot_small, text) / 2;
        canvas_line(g->c, (struct canvas_pen){.stroke = CANVAS_GRID}, x, top, x, y + 5);
        if (x - half > free_from)
            canvas_text(g->c, middle, x, y + 18, text);
        free_from = x - half > free_from ? x + half + 6 : free_from;
    }
    canvas_line(g->c, (struct canvas_pen){.stroke = CANVAS_MUTED}, g->x.from, y, g->x.to, y);
    if (isfinite(g->f->reference) && g->f->reference >= g->x.low && g->f->reference <= g->x.high) {
        const double x = plot_pixel(&g->x, g->f->reference);
        canvas_line(g->c, (struct canvas_pen){.stroke = CANVAS_INK, .dash = CANVAS_DASHED}, x, top, x, y);
    }
    struct canvas_type label = plot_label;
    label.anchor = CANVAS_MIDDLE;
    const double centre = (g->x.from + g->x.to) / 2, room = 2 * fmin(centre - 8, PLOT_WIDTH - 8 - centre);
    canvas_text(g->c, label, centre, y + 37, canvas_fit(g->c, label, room, g->f->x_label));
    return y + 46;
}

int plot_forest(struct canvas **out, const struct plot_context *p, const struct plot_forest *f, struct err *e) {
    struct forest g = {.p = p, .f = f};
    *out = NULL;
    int rc = check(f, e);
    if (rc || (rc = canvas_create(&g.c, p->fonts, PLOT_WIDTH, 100, e)))
        return rc;
    g.x = axis(f);
    columns(&g);
    canvas_describe(g.c, f->title, NULL);
    const double top = 30;
    double bottom = top + ROW * (double)(f->n ? f->n : 1);
    canvas_resize(g.c, PLOT_WIDTH, bottom + 50);
    head(&g, 16);
    foot(&g, top, bottom);
    for (size_t i = 0; i < f->n; i++)
        row(&g, &f->row[i], top + ROW * ((double)i + 0.5));
    if (f->n == 0)
        canvas_text(g.c, plot_small, 20, top + ROW * 0.5 + 4, words(p->language, WORDS_NO_DATA));
    return plot_finish(out, g.c, e);
}
