/* What the figures share: scales and ticks, the looks of a series, legends, the check of numbers. Floor 2. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "draw/plot_impl.h"

const struct canvas_type plot_small = {.size = 11, .colour = CANVAS_INK}, plot_label = {.size = 12, .colour = CANVAS_INK};

struct canvas_pen plot_line(size_t series) {
    return (struct canvas_pen){.stroke = (enum canvas_colour)(CANVAS_SERIES + series % CANVAS_SERIES_COUNT),
                               .width = 2,
                               .dash = (enum canvas_dash)(series % CANVAS_DASHES)};
}

enum canvas_shape plot_shape(size_t series) {
    return (enum canvas_shape)(series % CANVAS_SHAPES);
}

struct canvas_pen plot_fill(size_t series, double opacity) {
    return (struct canvas_pen){.fill = (enum canvas_colour)(CANVAS_SERIES + series % CANVAS_SERIES_COUNT), .opacity = opacity};
}

/* --- scales */

/* Heckbert, "Nice numbers for graph labels", Graphics Gems (1990): the least of 1, 2, 5 x 10^k that is not below v. */
static double nice(double v) {
    const double power = pow(10, floor(log10(v))), rest = v / power;
    return power * (rest <= 1 + 1e-9 ? 1 : rest <= 2 + 1e-9 ? 2 : rest <= 5 + 1e-9 ? 5 : 10);
}

struct plot_scale plot_scale_of(double low, double high, size_t ticks, bool open) {
    const double largest = fmax(fabs(low), fabs(high));
    if (!(high - low > 1e-9 * largest) || high - low < 1e-300) { /* one value: some room around it */
        const double room = largest > 0 ? 0.1 * largest : 1;
        low -= room;
        high += room;
    }
    struct plot_scale s = {.low = low, .high = high, .step = nice((high - low) / (double)(ticks ? ticks : 1))};
    if (open) {
        s.low = floor(low / s.step + 1e-9) * s.step;
        s.high = ceil(high / s.step - 1e-9) * s.step;
    }
    return s;
}

double plot_pixel(const struct plot_scale *s, double value) {
    return s->from + (value - s->low) / (s->high - s->low) * (s->to - s->from);
}

size_t plot_ticks(const struct plot_scale *s, double out[PLOT_TICKS_MAX]) {
    size_t n = 0;
    const double first = ceil(s->low / s->step - 1e-6);
    while (n < PLOT_TICKS_MAX && (first + (double)n) * s->step <= s->high + 1e-6 * s->step) {
        out[n] = (first + (double)n) * s->step;
        n++;
    }
    return n;
}

static void true_minus(const char *text, char out[48]) {
    size_t n = 0;
    for (; *text && n < 44; text++)
        if (*text == '-') {
            memcpy(out + n, "−", 3);
            n += 3;
        } else {
            out[n++] = *text;
        }
    out[n] = 0;
}

void plot_tick_text(const struct plot_scale *s, double value, char out[48]) {
    char text[40];
    const double largest = fmax(fabs(s->low), fabs(s->high));
    const int decimals = (int)fmax(0, -floor(log10(s->step) + 1e-9));
    if (fabs(value) < s->step / 2)
        value = 0;
    if (largest < 1e7 && decimals <= 6)
        snprintf(text, sizeof text, "%.*f", decimals, value);
    else
        snprintf(text, sizeof text, "%.*g", (int)fmin(15, fmax(1, floor(log10(largest)) - floor(log10(s->step)) + 1)), value);
    true_minus(text, out);
}

void plot_count_text(double value, char out[48]) {
    char text[40];
    snprintf(text, sizeof text, fabs(value) < 1e7 && value == floor(value) ? "%.0f" : "%.4g", value);
    true_minus(text, out);
}

int plot_check(const char *what, const double *v, size_t n, double low, double high, struct err *e) {
    for (size_t i = 0; v && i < n; i++)
        if (!isnan(v[i]) && !(v[i] >= low - 1e-9 && v[i] <= high + 1e-9))
            return err_set(e, ERR_REPORT_NUMBER, "the figure '%.100s' cannot show %g (number %zu); it must lie in [%g, %g]", what, v[i],
                           i + 1, low, high);
    return 0;
}

/* --- legend */

double plot_legend_entry(struct canvas *c, const struct plot_entry *entry, double x, double y, double width) {
    const double swatch = 30, line = 15, middle = y + 8;
    const char *const *lines;
    struct canvas_type muted = plot_small;
    muted.colour = CANVAS_MUTED;
    canvas_group(c, "legend", NULL);
    if (entry->band)
        canvas_rect(c, (struct canvas_pen){.fill = entry->colour, .opacity = 0.18}, x, middle - 6, swatch, 12);
    if (entry->pen.stroke != CANVAS_NONE)
        canvas_line(c, entry->pen, x, middle, x + swatch, middle);
    if (entry->marked)
        canvas_marker(c, (struct canvas_pen){.fill = entry->colour, .stroke = entry->shape == CANVAS_CROSS ? entry->colour : CANVAS_PAPER},
                      entry->shape, x + swatch / 2, middle, 4.5);
    double at = y + 12;
    const char *const texts[2] = {entry->name, entry->note};
    for (size_t t = 0; t < 2; t++) {
        if (!texts[t] || !*texts[t])
            continue;
        const size_t n = canvas_wrap(c, plot_small, width - swatch - 8, texts[t], &lines);
        for (size_t i = 0; i < n; i++)
            canvas_text(c, t ? muted : plot_small, x + swatch + 8, at + line * (double)i, lines[i]);
        at += line * (double)n;
    }
    canvas_group_end(c);
    return fmax(at - y - 12, line) + 5;
}

int plot_finish(struct canvas **out, struct canvas *c, struct err *e) {
    const int rc = canvas_check(c, e);
    *out = rc ? NULL : c;
    if (rc)
        canvas_free(c);
    return rc;
}
