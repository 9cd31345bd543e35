/* Confusion matrix and bars. Floor 2. */
#include <math.h>
#include <stdio.h>

#include "draw/plot_impl.h"

static struct canvas_type anchored(struct canvas_type type, enum canvas_anchor anchor) {
    type.anchor = anchor;
    return type;
}

/* --- confusion matrix */

static double widest(struct canvas *c, const char *const *labels, size_t n, double most) {
    double width = 0;
    for (size_t i = 0; i < n; i++)
        width = fmax(width, canvas_text_width(c, plot_small, labels[i]));
    return fmin(width, most);
}

/* A number as large as fits, and none rather than a part of one: the shade and the table of numbers still say it. */
static void number_within(struct canvas *c, struct canvas_type type, double x, double y, double width, const char *text) {
    type.size = fmin(type.size, floor(type.size * width / fmax(canvas_text_width(c, type, text), 1)));
    if (type.size >= 6)
        canvas_text(c, type, x, y, text);
}

static void confusion_cell(struct canvas *c, double x, double y, double size, double count, double total) {
    const double share = total > 0 && isfinite(count) ? count / total : 0, middle = x + size / 2;
    struct canvas_type type = anchored(plot_label, CANVAS_MIDDLE), small = anchored(plot_small, CANVAS_MIDDLE);
    char text[48], percent[16];
    plot_count_text(count, text);
    if (share > 0 && share < 0.005) /* not none */
        snprintf(percent, sizeof percent, "<1 %%");
    else if (share < 1 && share >= 0.995) /* not all */
        snprintf(percent, sizeof percent, ">99 %%");
    else
        snprintf(percent, sizeof percent, "%.0f %%", 100 * share);
    type.bold = true;
    small.size = 10;
    type.colour = small.colour = share > 0.75 ? CANVAS_PAPER : CANVAS_INK; /* contrast above 3 on light and dark paper */
    if (share > 0)
        canvas_rect(c, (struct canvas_pen){.fill = CANVAS_SERIES, .opacity = fmin(0.08 + 0.92 * share, 1)}, x, y, size, size);
    canvas_rect(c, (struct canvas_pen){.stroke = CANVAS_GRID}, x, y, size, size);
    const bool two = size >= 34 && total > 0;
    number_within(c, type, middle, y + size / 2 + (two ? -1 : 4), size - 4, isnan(count) ? "–" : text);
    if (two)
        number_within(c, small, middle, y + size / 2 + 13, size - 4, percent);
}

int plot_confusion(struct canvas **out, const struct plot_context *p, const char *title, const char *const *labels, const double *counts,
                   size_t k, struct err *e) {
    struct canvas *c;
    int rc;
    *out = NULL;
    if (k < 1 || k > PLOT_CLASSES_MAX)
        return err_set(e, ERR_LIMIT, "the figure '%.100s' can show 1 to %d classes, not %zu", title, PLOT_CLASSES_MAX, k);
    if ((rc = plot_check(title, counts, k * k, 0, PLOT_HUGE, e)) || (rc = canvas_create(&c, p->fonts, PLOT_WIDTH, 100, e)))
        return rc;
    canvas_describe(c, title, NULL);
    const double label = fmax(widest(c, labels, k, 170), 30), left = 26 + label + 8;
    const double size = fmin(fmax((PLOT_WIDTH - left - 60) / (double)k, 17), 64), side = size * (double)k;
    const bool upright = widest(c, labels, k, 170) <= size - 4; /* do the names fit above their columns? */
    const double top = 24 + (upright ? 20 : label + 8);
    canvas_text(c, anchored(plot_label, CANVAS_MIDDLE), left + side / 2, 15,
                canvas_fit(c, plot_label, fmin(2 * (left + side / 2), PLOT_WIDTH), words(p->language, WORDS_PREDICTION)));
    struct canvas_type up = plot_label;
    up.upwards = true;
    up.anchor = CANVAS_MIDDLE;
    canvas_text(c, up, 15, top + side / 2, canvas_fit(c, plot_label, side + top, words(p->language, WORDS_TRUTH)));
    up = plot_small;
    up.upwards = true;
    for (size_t i = 0; i < k; i++) {
        const double at = size * ((double)i + 0.5);
        const char *name = canvas_fit(c, plot_small, 170, labels[i]);
        canvas_text(c, anchored(plot_small, CANVAS_END), left - 8, top + at + 4, name);
        if (upright)
            canvas_text(c, anchored(plot_small, CANVAS_MIDDLE), left + at, top - 7, name);
        else
            canvas_text(c, up, left + at + 4, top - 7, name);
        double total = 0;
        for (size_t j = 0; j < k; j++)
            total += isfinite(counts[i * k + j]) ? counts[i * k + j] : 0;
        char text[48], sum[64];
        plot_count_text(total, text);
        snprintf(sum, sizeof sum, "n = %s", text);
        struct canvas_type muted = plot_small;
        muted.colour = CANVAS_MUTED;
        canvas_text(c, muted, left + side + 8, top + at + 4, sum);
        canvas_group(c, "cell", labels[i]);
        for (size_t j = 0; j < k; j++)
            confusion_cell(c, left + size * (double)j, top + size * (double)i, size, counts[i * k + j], total);
        canvas_group_end(c);
    }
    canvas_resize(c, fmax(left + side + 100, 240), fmax(top + side + 10, 120));
    return plot_finish(out, c, e);
}

/* --- bars */

struct bars {
    struct canvas *c;
    const double *values;
    size_t n, n_series;
    bool share;
    struct plot_scale x;
};

static void bar(const struct bars *b, size_t category, size_t series, double y, double height, double total) {
    const double v = b->values[series * b->n + category], end = plot_pixel(&b->x, isfinite(v) ? v : 0);
    struct canvas_pen pen = plot_fill(series, 0.75);
    char text[48], number[80];
    pen.stroke = pen.fill;
    pen.dash = plot_line(series).dash;
    if (isfinite(v))
        canvas_rect(b->c, pen, b->x.from, y, end - b->x.from, height);
    plot_count_text(v, text);
    if (b->share && total > 0 && isfinite(v))
        snprintf(number, sizeof number, "%s (%.1f %%)", text, 100 * v / total);
    else
        snprintf(number, sizeof number, "%s", isfinite(v) ? text : "–");
    canvas_text(b->c, plot_small, end + 5, y + height / 2 + 4, number);
}

int plot_bars(struct canvas **out, const struct plot_context *p, const char *title, const char *x_label, const char *const *categories,
              size_t n, const char *const *names, const double *values, size_t n_series, bool share, struct err *e) {
    const double height = 16, gap = 12, top = 10;
    struct bars b = {.values = values, .n = n, .n_series = n_series, .share = share};
    double most = 0, ticks[PLOT_TICKS_MAX], free_from = -1e9;
    char text[48];
    int rc;
    *out = NULL;
    if ((rc = plot_check(title, values, n * n_series, 0, PLOT_HUGE, e)) || (rc = canvas_create(&b.c, p->fonts, PLOT_WIDTH, 100, e)))
        return rc;
    canvas_describe(b.c, title, NULL);
    for (size_t i = 0; i < n * n_series; i++)
        most = fmax(most, isfinite(values[i]) ? values[i] : 0);
    b.x = plot_scale_of(0, most > 0 ? most : 1, 6, true);
    b.x.from = 8 + fmax(widest(b.c, categories, n, 220), 20) + 10;
    b.x.to = PLOT_WIDTH - (share ? 120 : 70);
    const double block = height * (double)n_series + gap, bottom = top + fmax(block * (double)n, 24);
    for (size_t i = 0, k = plot_ticks(&b.x, ticks); i < k; i++) {
        const double x = plot_pixel(&b.x, ticks[i]);
        plot_tick_text(&b.x, ticks[i], text);
        const double half = canvas_text_width(b.c, plot_small, text) / 2;
        canvas_line(b.c, (struct canvas_pen){.stroke = CANVAS_GRID}, x, top, x, bottom);
        if (x - half > free_from) {
            canvas_text(b.c, anchored(plot_small, CANVAS_MIDDLE), x, bottom + 15, text);
            free_from = x + half + 6;
        }
    }
    canvas_line(b.c, (struct canvas_pen){.stroke = CANVAS_MUTED}, b.x.from, top, b.x.from, bottom);
    for (size_t i = 0; i < n; i++) {
        const double y = top + block * (double)i + gap / 2;
        canvas_group(b.c, "bars", categories[i]);
        canvas_text(b.c, anchored(plot_small, CANVAS_END), b.x.from - 8, y + (block - gap) / 2 + 4,
                    canvas_fit(b.c, plot_small, 220, categories[i]));
        for (size_t s = 0; s < n_series; s++) {
            double total = 0;
            for (size_t k = 0; k < n; k++)
                total += isfinite(values[s * n + k]) ? values[s * n + k] : 0;
            bar(&b, i, s, y + height * (double)s, height - 2, total);
        }
        canvas_group_end(b.c);
    }
    if (n == 0 || n_series == 0)
        canvas_text(b.c, plot_label, b.x.from + 10, top + 17, words(p->language, WORDS_NO_DATA));
    canvas_text(b.c, anchored(plot_label, CANVAS_MIDDLE), (b.x.from + b.x.to) / 2, bottom + 34,
                canvas_fit(b.c, plot_label, b.x.to - b.x.from, x_label));
    double y = bottom + 46;
    for (size_t s = 0; names && s < n_series; s++) {
        const struct plot_entry entry = {.name = names[s], .pen = plot_line(s), .band = true, .colour = plot_line(s).stroke};
        y += plot_legend_entry(b.c, &entry, b.x.from, y, PLOT_WIDTH - b.x.from - 20);
    }
    canvas_resize(b.c, PLOT_WIDTH, y + 4);
    return plot_finish(out, b.c, e);
}
