/* Figures with two axes: grid, bands, curves, points with names that find their place, legend. Floor 2. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "draw/plot_impl.h"

struct frame { /* a figure being drawn */
    struct canvas *c;
    const struct plot_context *p;
    const struct xy *xy;
    struct plot_scale x, y;
    double bottom; /* below the axis' title */
    double (*line)[2];
    size_t n, capacity;
    struct canvas_box *taken; /* by markers and names */
    size_t n_taken, taken_capacity;
    size_t left_out;
    struct err failed;
};

/* --- lines, cut to the axes */

static void point(struct frame *f, double x, double y) {
    const double near = 0.3; /* of a pixel: what nobody can see is not drawn */
    if (f->n > 0 && fabs(f->line[f->n - 1][0] - x) < near && fabs(f->line[f->n - 1][1] - y) < near)
        return;
    if (f->n == f->capacity) {
        const size_t wanted = 2 * f->n + 64;
        if (mem_grow((void **)&f->line, wanted, sizeof *f->line, &f->failed)) {
            canvas_fail(f->c, f->failed.code, "%s", f->failed.message);
            return;
        }
        f->capacity = wanted;
    }
    f->line[f->n][0] = x;
    f->line[f->n++][1] = y;
}

static void flush(struct frame *f, struct canvas_pen pen, bool closed) {
    if (f->n > 1)
        canvas_path(f->c, pen, (const double(*)[2])f->line, f->n, closed);
    f->n = 0;
}

/* Liang and Barsky (1984): the part of a segment within the axes; false if none. */
static bool cut(const struct frame *f, double a[2], double b[2]) {
    const double low[2] = {f->x.low, f->y.low}, high[2] = {f->x.high, f->y.high};
    const double d[2] = {b[0] - a[0], b[1] - a[1]}, start[2] = {a[0], a[1]};
    double t0 = 0, t1 = 1;
    for (int k = 0; k < 2; k++)
        for (int side = 0; side < 2; side++) {
            const double speed = side ? d[k] : -d[k], room = side ? high[k] - start[k] : start[k] - low[k];
            if (speed == 0 && room < 0)
                return false;
            if (speed > 0)
                t1 = fmin(t1, room / speed);
            else if (speed < 0)
                t0 = fmax(t0, room / speed);
        }
    for (int k = 0; k < 2; k++) { /* an end within stays bit for bit; the others are clamped, for t times a huge d is not exact */
        if (t0 > 0)
            a[k] = fmin(fmax(start[k] + t0 * d[k], low[k]), high[k]);
        if (t1 < 1)
            b[k] = fmin(fmax(start[k] + t1 * d[k], low[k]), high[k]);
    }
    return t0 <= t1;
}

static void segment(struct frame *f, struct canvas_pen pen, const double from[2], const double to[2]) {
    double a[2] = {from[0], from[1]}, b[2] = {to[0], to[1]};
    if (!cut(f, a, b)) {
        flush(f, pen, false);
        return;
    }
    if (a[0] != from[0] || a[1] != from[1])
        flush(f, pen, false);
    point(f, plot_pixel(&f->x, a[0]), plot_pixel(&f->y, a[1]));
    point(f, plot_pixel(&f->x, b[0]), plot_pixel(&f->y, b[1]));
    if (b[0] != to[0] || b[1] != to[1])
        flush(f, pen, false);
}

static bool inside(const struct frame *f, double x, double y) {
    const double slack = 1e-9;
    return x >= f->x.low - slack && x <= f->x.high + slack && y >= f->y.low - slack && y <= f->y.high + slack;
}

static double clamp(double v, const struct plot_scale *s) {
    return fmin(fmax(v, s->low), s->high);
}

/* --- axes */

static struct canvas_type towards(struct canvas_type type, enum canvas_anchor anchor) {
    type.anchor = anchor;
    return type;
}

static double widest_tick(struct canvas *c, const struct plot_scale *s) {
    double ticks[PLOT_TICKS_MAX], widest = 0;
    char text[48];
    for (size_t i = 0, n = plot_ticks(s, ticks); i < n; i++) {
        plot_tick_text(s, ticks[i], text);
        widest = fmax(widest, canvas_text_width(c, plot_small, text));
    }
    return widest;
}

static void draw_grid(struct frame *f) {
    const struct canvas_pen grid = {.stroke = CANVAS_GRID}, frame = {.stroke = CANVAS_MUTED};
    double ticks[PLOT_TICKS_MAX];
    char text[48];
    canvas_group(f->c, "axes", NULL);
    for (size_t i = 0, n = plot_ticks(&f->x, ticks); i < n; i++) {
        const double x = plot_pixel(&f->x, ticks[i]);
        canvas_line(f->c, grid, x, f->y.from, x, f->y.to);
    }
    for (size_t i = 0, n = plot_ticks(&f->y, ticks); i < n; i++) {
        const double y = plot_pixel(&f->y, ticks[i]);
        canvas_line(f->c, grid, f->x.from, y, f->x.to, y);
        plot_tick_text(&f->y, ticks[i], text);
        canvas_text(f->c, towards(plot_small, CANVAS_END), f->x.from - 6, y + 4, text);
    }
    canvas_line(f->c, frame, f->x.from, f->y.from, f->x.to, f->y.from);
    canvas_line(f->c, frame, f->x.from, f->y.from, f->x.from, f->y.to);
    canvas_group_end(f->c);
}

/* Numbers and title of the x axis, below y; returns where they end. */
static double draw_x_axis(struct frame *f, double y) {
    double ticks[PLOT_TICKS_MAX], free_from = -1e9;
    char text[48];
    canvas_group(f->c, "axes", NULL);
    for (size_t i = 0, n = plot_ticks(&f->x, ticks); i < n; i++) {
        plot_tick_text(&f->x, ticks[i], text);
        const double x = plot_pixel(&f->x, ticks[i]), half = canvas_text_width(f->c, plot_small, text) / 2;
        if (x - half < free_from)
            continue;
        canvas_text(f->c, towards(plot_small, CANVAS_MIDDLE), x, y + 15, text);
        free_from = x + half + 6;
    }
    const double middle = (f->x.from + f->x.to) / 2;
    canvas_text(f->c, towards(plot_label, CANVAS_MIDDLE), middle, y + 34,
                canvas_fit(f->c, plot_label, f->x.to - f->x.from, f->xy->x_label));
    canvas_group_end(f->c);
    return y + 42;
}

static void draw_y_title(struct frame *f, double x, const struct plot_scale *s, const char *label) {
    struct canvas_type type = towards(plot_label, CANVAS_MIDDLE);
    type.upwards = true;
    canvas_text(f->c, type, x, (s->from + s->to) / 2, canvas_fit(f->c, plot_label, fabs(s->from - s->to) + 20, label));
}

/* --- what is drawn within them */

static void draw_band(struct frame *f, const struct plot_curve *curve, size_t series) {
    for (size_t i = 0; i < curve->n;) {
        size_t end = i;
        while (end < curve->n && isfinite(curve->x[end]) && isfinite(curve->low[end]) && isfinite(curve->high[end]))
            end++;
        for (size_t k = i; k < end; k++)
            point(f, plot_pixel(&f->x, clamp(curve->x[k], &f->x)), plot_pixel(&f->y, clamp(curve->high[k], &f->y)));
        for (size_t k = end; k > i; k--)
            point(f, plot_pixel(&f->x, clamp(curve->x[k - 1], &f->x)), plot_pixel(&f->y, clamp(curve->low[k - 1], &f->y)));
        flush(f, plot_fill(series, 0.18), true);
        i = end > i ? end : i + 1;
    }
}

static void draw_bars(struct frame *f, const struct plot_curve *curve, size_t series) {
    struct canvas_pen pen = plot_line(series);
    pen.dash = CANVAS_SOLID;
    pen.width = 1.2;
    for (size_t i = 0; i < curve->n; i++)
        if (isfinite(curve->x[i]) && isfinite(curve->low[i]) && isfinite(curve->high[i])) {
            segment(f, pen, (const double[2]){curve->x[i], curve->low[i]}, (const double[2]){curve->x[i], curve->high[i]});
            flush(f, pen, false);
        }
}

static struct canvas_pen marker_pen(size_t series) {
    const enum canvas_colour colour = plot_line(series).stroke;
    return (struct canvas_pen){.fill = colour, .stroke = plot_shape(series) == CANVAS_CROSS ? colour : CANVAS_PAPER};
}

static void draw_curve(struct frame *f, const struct plot_curve *curve, size_t series) {
    const struct canvas_pen pen = plot_line(series);
    canvas_group(f->c, "curve", curve->name);
    if (curve->low && curve->high && curve->bars)
        draw_bars(f, curve, series);
    for (size_t i = 0; i < curve->n; i++) {
        const bool here = isfinite(curve->x[i]) && isfinite(curve->y[i]);
        const bool before = i > 0 && isfinite(curve->x[i - 1]) && isfinite(curve->y[i - 1]);
        const bool after = i + 1 < curve->n && isfinite(curve->x[i + 1]) && isfinite(curve->y[i + 1]);
        if (!here || !before)
            flush(f, pen, false);
        if (here && before)
            segment(f, pen, (const double[2]){curve->x[i - 1], curve->y[i - 1]}, (const double[2]){curve->x[i], curve->y[i]});
        if (here && (curve->marked || (!before && !after)) && inside(f, curve->x[i], curve->y[i]))
            canvas_marker(f->c, marker_pen(series), plot_shape(series), plot_pixel(&f->x, curve->x[i]), plot_pixel(&f->y, curve->y[i]), 4);
    }
    flush(f, pen, false);
    canvas_group_end(f->c);
}

static void draw_bins(struct frame *f, const struct plot_bins *bins, size_t series, const struct plot_scale *y) {
    struct canvas_pen outline = plot_line(series);
    outline.fill = outline.stroke;
    outline.opacity = 0.22;
    outline.width = 1.6;
    canvas_group(f->c, "bins", bins->name);
    for (size_t i = 0; i < bins->n; i++) {
        const double top = isfinite(bins->count[i]) ? clamp(bins->count[i], y) : y->low;
        const double left = plot_pixel(&f->x, clamp(bins->edge[i], &f->x)), right = plot_pixel(&f->x, clamp(bins->edge[i + 1], &f->x));
        if (i == 0)
            point(f, left, plot_pixel(y, y->low));
        point(f, left, plot_pixel(y, top));
        point(f, right, plot_pixel(y, top));
        if (i + 1 == bins->n)
            point(f, right, plot_pixel(y, y->low));
    }
    flush(f, outline, true);
    canvas_group_end(f->c);
}

/* --- names of points */

static void take(struct frame *f, struct canvas_box box) {
    if (f->n_taken == f->taken_capacity) {
        const size_t wanted = 2 * f->n_taken + 64;
        if (mem_grow((void **)&f->taken, wanted, sizeof *f->taken, &f->failed)) {
            canvas_fail(f->c, f->failed.code, "%s", f->failed.message);
            return;
        }
        f->taken_capacity = wanted;
    }
    f->taken[f->n_taken++] = box;
}

static bool is_free(const struct frame *f, const struct canvas_box *b) {
    if (b->x0 < f->x.from + 1 || b->x1 > f->x.to - 1 || b->y0 < f->y.to + 1 || b->y1 > f->y.from - 1)
        return false;
    for (size_t i = 0; i < f->n_taken; i++)
        if (b->x0 < f->taken[i].x1 && f->taken[i].x0 < b->x1 && b->y0 < f->taken[i].y1 && f->taken[i].y0 < b->y1)
            return false;
    return true;
}

/* The nearest free place on rings around the point, right of it first. */
static void place_name(struct frame *f, double x, double y, const char *full) {
    static const double radii[] = {8, 13, 20, 30, 44};
    const char *name = canvas_fit(f->c, plot_small, 120, full);
    const double width = canvas_text_width(f->c, plot_small, name), size = plot_small.size;
    for (size_t r = 0; r < sizeof radii / sizeof radii[0]; r++)
        for (int k = 0; k < 16; k++) {
            const int turn = (k + 1) / 2; /* 0, then one step to either side, then two ... */
            const double angle = M_PI / 8 * turn * (k % 2 ? 1 : -1);
            const double dx = radii[r] * cos(angle), dy = radii[r] * sin(angle);
            const double left = dx > 1 ? x + dx : dx < -1 ? x + dx - width : x - width / 2;
            const double base = y + dy + (fabs(dx) <= 1 ? (dy > 0 ? size * 0.8 : 0) : size * 0.35);
            const struct canvas_box box = {left - 2, base - size, left + width + 2, base + size * 0.3, NULL};
            if (!is_free(f, &box))
                continue;
            if (r > 1)
                canvas_line(f->c, (struct canvas_pen){.stroke = CANVAS_MUTED, .width = 0.7}, x, y, x + dx, y + dy);
            canvas_rect(f->c, (struct canvas_pen){.fill = CANVAS_PAPER, .opacity = 0.7}, box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0);
            canvas_text(f->c, plot_small, left, base, name);
            take(f, box);
            return;
        }
    f->left_out++;
}

static void draw_ranges(struct frame *f, const struct plot_point *q, size_t series) {
    const struct canvas_pen pen = {.stroke = plot_line(series).stroke, .width = 1.2};
    if (isfinite(q->x_low) && isfinite(q->x_high))
        segment(f, pen, (const double[2]){q->x_low, q->y}, (const double[2]){q->x_high, q->y});
    flush(f, pen, false);
    if (isfinite(q->y_low) && isfinite(q->y_high))
        segment(f, pen, (const double[2]){q->x, q->y_low}, (const double[2]){q->x, q->y_high});
    flush(f, pen, false);
}

/* All markers first, so that names go round them. */
static void draw_points(struct frame *f) {
    for (int pass = 0; pass < 2; pass++)
        for (size_t g = 0; g < f->xy->n_points; g++) {
            const struct plot_points *group = &f->xy->points[g];
            const size_t series = f->xy->n_curves + g;
            canvas_group(f->c, pass ? "names" : "points", group->name);
            for (size_t i = 0; i < group->n; i++) {
                const struct plot_point *q = &group->point[i];
                if (!isfinite(q->x) || !isfinite(q->y) || !inside(f, q->x, q->y))
                    continue;
                const double x = plot_pixel(&f->x, q->x), y = plot_pixel(&f->y, q->y);
                if (pass == 0) {
                    canvas_group(f->c, NULL, q->name);
                    draw_ranges(f, q, series);
                    canvas_marker(f->c, marker_pen(series), plot_shape(series), x, y, 5);
                    canvas_group_end(f->c);
                    take(f, (struct canvas_box){x - 5, y - 5, x + 5, y + 5, NULL});
                } else if (q->name && *q->name) {
                    place_name(f, x, y, q->name);
                }
            }
            canvas_group_end(f->c);
        }
}

/* --- the figure */

static bool anything(const struct xy *xy) {
    for (size_t i = 0; i < xy->n_curves; i++)
        for (size_t k = 0; k < xy->curves[i].n; k++)
            if (isfinite(xy->curves[i].x[k]) && isfinite(xy->curves[i].y[k]))
                return true;
    for (size_t i = 0; i < xy->n_points; i++)
        for (size_t k = 0; k < xy->points[i].n; k++)
            if (isfinite(xy->points[i].point[k].x) && isfinite(xy->points[i].point[k].y))
                return true;
    for (size_t i = 0; i < xy->n_bins; i++)
        if (xy->bins[i].n > 0)
            return true;
    return false;
}

static double legend(struct frame *f, double x, double y, double width) {
    const struct xy *xy = f->xy;
    char text[160];
    for (size_t i = 0; i < xy->n_curves; i++) {
        const struct plot_curve *curve = &xy->curves[i];
        const struct canvas_pen pen = plot_line(i);
        const struct plot_entry entry = {.name = curve->name,
                                         .note = curve->note,
                                         .pen = pen,
                                         .band = curve->low && curve->high && !curve->bars,
                                         .marked = curve->marked,
                                         .shape = plot_shape(i),
                                         .colour = pen.stroke};
        y += plot_legend_entry(f->c, &entry, x, y, width);
    }
    for (size_t i = 0; i < xy->n_points; i++) {
        const size_t series = xy->n_curves + i;
        const struct plot_entry entry = {.name = xy->points[i].name,
                                         .note = xy->points[i].note,
                                         .marked = true,
                                         .shape = plot_shape(series),
                                         .colour = plot_line(series).stroke};
        y += plot_legend_entry(f->c, &entry, x, y, width);
    }
    for (size_t i = 0; i < xy->n_bins; i++)
        if (xy->bins[i].name) {
            const struct plot_entry entry = {.name = xy->bins[i].name, .pen = plot_line(i), .band = true, .colour = plot_line(i).stroke};
            y += plot_legend_entry(f->c, &entry, x, y, width);
        }
    for (size_t i = 0; i < xy->n_lines; i++)
        if (xy->lines[i].name && isfinite(xy->lines[i].x1 + xy->lines[i].y1)) {
            if (isnan(xy->lines[i].value))
                snprintf(text, sizeof text, "%s", xy->lines[i].name);
            else
                snprintf(text, sizeof text, "%s %.4g", xy->lines[i].name, xy->lines[i].value);
            y += plot_legend_entry(f->c, &(struct plot_entry){.name = text, .pen = xy->lines[i].pen}, x, y, width);
        }
    if (f->left_out) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* from the table of words: each has one %zu */
        snprintf(text, sizeof text, words(f->p->language, WORDS_NO_ROOM), f->left_out);
#pragma GCC diagnostic pop
        y += plot_legend_entry(f->c, &(struct plot_entry){.note = text}, x, y, width);
    }
    return y;
}

static void describe(struct frame *f) {
    struct buf text;
    buf_init(&text);
    for (size_t i = 0; i < f->xy->n_curves; i++)
        buf_printf(&text, NULL, "%s%s%s%s", i ? "; " : "", f->xy->curves[i].name, f->xy->curves[i].note ? ": " : "",
                   f->xy->curves[i].note ? f->xy->curves[i].note : "");
    canvas_describe(f->c, f->xy->title, text.size ? text.data : NULL);
    buf_release(&text);
}

static void draw_inside(struct frame *f) {
    const struct xy *xy = f->xy;
    for (size_t i = 0; i < xy->n_bins; i++)
        draw_bins(f, &xy->bins[i], i, &f->y);
    for (size_t i = 0; i < xy->n_curves; i++)
        if (xy->curves[i].low && xy->curves[i].high && !xy->curves[i].bars)
            draw_band(f, &xy->curves[i], i);
    for (size_t i = 0; i < xy->n_lines; i++) {
        const struct xy_line *l = &xy->lines[i];
        if (isfinite(l->x1 + l->y1 + l->x2 + l->y2))
            segment(f, l->pen, (const double[2]){l->x1, l->y1}, (const double[2]){l->x2, l->y2});
        flush(f, l->pen, false);
    }
    for (size_t i = 0; i < xy->n_curves; i++)
        draw_curve(f, &xy->curves[i], i);
    draw_points(f);
    if (!anything(xy))
        canvas_text(f->c, towards(plot_label, CANVAS_MIDDLE), (f->x.from + f->x.to) / 2, (f->y.from + f->y.to) / 2,
                    words(f->p->language, WORDS_NO_DATA));
}

/* The histogram below a reliability curve, over the same x axis; returns where the axis' numbers go. */
static double draw_strip(struct frame *f, double title_x) {
    const struct plot_bins *bins = f->xy->strip;
    double most = 0;
    for (size_t i = 0; i < bins->n; i++)
        most = fmax(most, isfinite(bins->count[i]) ? bins->count[i] : 0);
    struct plot_scale y = {
        .low = 0, .high = most > 0 ? most : 1, .step = most > 0 ? most : 1, .from = f->y.from + 84, .to = f->y.from + 18};
    char text[48];
    plot_count_text(y.high, text);
    draw_bins(f, bins, 3, &y);
    canvas_line(f->c, (struct canvas_pen){.stroke = CANVAS_MUTED}, f->x.from, y.from, f->x.to, y.from);
    canvas_text(f->c, towards(plot_small, CANVAS_END), f->x.from - 6, y.to + 4,
                canvas_fit(f->c, plot_small, f->x.from - title_x - 8, text));
    canvas_text(f->c, towards(plot_small, CANVAS_END), f->x.from - 6, y.from + 4, "0");
    draw_y_title(f, title_x, &(struct plot_scale){.from = y.from, .to = y.to}, words(f->p->language, WORDS_EXAMS));
    return y.from;
}

int xy_draw(struct canvas **out, const struct plot_context *p, const struct xy *xy, struct err *e) {
    struct frame f = {.p = p, .xy = xy, .x = xy->x, .y = xy->y};
    int rc = canvas_create(&f.c, p->fonts, PLOT_WIDTH, 400, e);
    *out = NULL;
    if (rc)
        return rc;
    const double top = 14, title_x = 15, half = widest_tick(f.c, &f.x) / 2 + 4;
    const double left = fmin(fmax(title_x + 18 + widest_tick(f.c, &f.y), fmax(56, half)), 200);
    f.x.from = left;
    f.x.to = xy->square ? left + 390 : PLOT_WIDTH - fmax(24, half);
    f.y.to = top;
    f.y.from = top + (xy->square ? 390 : 300);
    describe(&f);
    draw_grid(&f);
    draw_inside(&f);
    draw_y_title(&f, title_x, &f.y, xy->y_label);
    double bottom = draw_x_axis(&f, xy->strip ? draw_strip(&f, title_x) : f.y.from);
    if (xy->square)
        bottom = fmax(bottom, legend(&f, f.x.to + 20, top, PLOT_WIDTH - f.x.to - 24));
    else
        bottom = legend(&f, f.x.from, bottom + 6, f.x.to - f.x.from);
    canvas_resize(f.c, PLOT_WIDTH, bottom + 4);
    mem_free(f.line);
    mem_free(f.taken);
    return plot_finish(out, f.c, e);
}
