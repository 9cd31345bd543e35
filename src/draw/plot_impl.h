/* What the figures share: scales and ticks, the looks of a series, legends, the check of numbers. Floor 2. */
#ifndef BMU_DRAW_PLOT_IMPL_H
#define BMU_DRAW_PLOT_IMPL_H

#include "draw/plot.h"

enum { PLOT_WIDTH = 680, PLOT_TICKS_MAX = 32 };
#define PLOT_HUGE 1e15

/* Types of a figure: tick labels and legend, axis titles. */
extern const struct canvas_type plot_small, plot_label;

/* Colour, dash and marker differ together, so that none of them is needed. */
struct canvas_pen plot_line(size_t series);
enum canvas_shape plot_shape(size_t series);
struct canvas_pen plot_fill(size_t series, double opacity);

/* Values to pixels: low at `from`, high at `to`. step: 1, 2 or 5 times a power of ten. */
struct plot_scale {
    double low, high, step, from, to;
};
/* A scale over [low, high], at most `ticks` steps; open: widened to whole steps. Equal ends are moved apart. */
struct plot_scale plot_scale_of(double low, double high, size_t ticks, bool open);
double plot_pixel(const struct plot_scale *s, double value);
size_t plot_ticks(const struct plot_scale *s, double out[PLOT_TICKS_MAX]);
/* "0.25" with as many decimals as the step needs, a true minus sign. */
void plot_tick_text(const struct plot_scale *s, double value, char out[48]);
/* "12", "1234567", "0.5": a count as people write it. */
void plot_count_text(double value, char out[48]);

/* ERR_REPORT_NUMBER unless every number is NaN or in [low, high]; v nullable. what: for the message. */
int plot_check(const char *what, const double *v, size_t n, double low, double high, struct err *e);

/* One entry, its text wrapped within width; returns its height. With a line's or points' look. */
struct plot_entry {
    const char *name, *note;
    struct canvas_pen pen; /* stroke NONE: no line */
    bool band, marked;
    enum canvas_shape shape;
    enum canvas_colour colour; /* of the marker and the band */
};
double plot_legend_entry(struct canvas *c, const struct plot_entry *entry, double x, double y, double width);

/* Figures with two axes. */
struct xy_line { /* a reference line, clipped to the axes */
    const char *name;
    double x1, y1, x2, y2; /* in values; NaN: none */
    struct canvas_pen pen;
    double value; /* after its name in the legend; NaN: none */
};
struct xy {
    const char *title, *x_label, *y_label;
    struct plot_scale x, y;
    bool square; /* with the legend at the right; otherwise wide, with the legend below */
    const struct plot_curve *curves;
    size_t n_curves;
    const struct plot_points *points;
    size_t n_points;
    struct xy_line lines[3];
    size_t n_lines;
    const struct plot_bins *bins; /* histograms over the axes */
    size_t n_bins;
    const struct plot_bins *strip; /* a histogram below, nullable */
};
int xy_draw(struct canvas **out, const struct plot_context *p, const struct xy *xy, struct err *e);

/* The end of every figure: its failure becomes the caller's, and *out is NULL or the figure. Takes c. */
int plot_finish(struct canvas **out, struct canvas *c, struct err *e);

#endif
