/* Figures from plain arrays. Floor 2.
 *
 * No statistics here: what is drawn is what is given. Each function makes a canvas (owned by the caller; document_figure() takes it) whose
 * texts do not overlap. A curve's point that is NaN breaks the curve; nothing finite to draw gives axes and the words "No data".
 * Errors: ERR_REPORT_NUMBER for infinite or huge (beyond 1e15) numbers, or outside the range a figure has (proportions: [0, 1]); those of
 * canvas.h. Names are cut with an ellipsis where there is no room. n belongs into `note`s and into the caption.
 */
#ifndef BMU_DRAW_PLOT_H
#define BMU_DRAW_PLOT_H

#include "draw/canvas.h"
#include "draw/words.h"

struct plot_context {
    struct canvas_fonts *fonts; /* NULL: canvas_create() */
    enum words_language language;
};

struct plot_curve {
    const char *name;
    const char *note; /* nullable; a second line in the legend: "AUC 0.87 (0.82 to 0.91), n = 412" */
    const double *x, *y;
    size_t n;
    const double *low, *high; /* nullable: a band around y, n numbers each */
    bool marked;              /* a marker at each point */
    bool bars;                /* low and high as an error bar at each point instead of a band */
};
/* Single points; a range that is NaN on either end is not drawn. */
struct plot_point {
    const char *name; /* nullable: not named in the figure */
    double x, y;
    double x_low, x_high, y_low, y_high;
};
struct plot_points {
    const char *name; /* in the legend: "Readers", "Operating points" */
    const char *note; /* nullable */
    const struct plot_point *point;
    size_t n;
};
/* A histogram: bin i from edge[i] to edge[i + 1], ascending. */
struct plot_bins {
    const char *name;    /* nullable */
    const double *edge;  /* n + 1 */
    const double *count; /* n, not negative */
    size_t n;
};

/* x: 1 - specificity, y: sensitivity. Curves need both ends, (0, 0) and (1, 1), only if they have them. Chance line drawn. */
int plot_roc(struct canvas **out, const struct plot_context *p, const struct plot_curve *curves, size_t n, const struct plot_points *points,
             size_t n_points, struct err *e);
/* x: recall, y: precision; prevalence: a horizontal line, NaN for none. */
int plot_precision_recall(struct canvas **out, const struct plot_context *p, const struct plot_curve *curves, size_t n, double prevalence,
                          const struct plot_points *points, size_t n_points, struct err *e);
/* x: predicted, y: observed; several curves: before and after recalibration. histogram: nullable, of the predictions, drawn below. */
int plot_reliability(struct canvas **out, const struct plot_context *p, const struct plot_curve *curves, size_t n,
                     const struct plot_bins *histogram, struct err *e);
/* x: threshold probability, y: net benefit. treat_all: nullable, a curve; treat none is the line at 0. The y axis ends a little below 0. */
int plot_decision_curve(struct canvas **out, const struct plot_context *p, const struct plot_curve *curves, size_t n,
                        const struct plot_curve *treat_all, struct err *e);
/* Scores by class, each class a histogram over the same axis. x_label: nullable ("Score"). threshold: a vertical line, NaN for none. */
int plot_histogram(struct canvas **out, const struct plot_context *p, const char *x_label, const struct plot_bins *classes, size_t n,
                   double threshold, struct err *e);
/* Any curves over any axes, from the data: sample size, learning curves. target: a horizontal line, NaN for none. If every x is a whole
 * number, so are the ticks. */
int plot_lines(struct canvas **out, const struct plot_context *p, const char *title, const char *x_label, const char *y_label,
               const struct plot_curve *curves, size_t n, double target, struct err *e);

struct plot_forest_row {
    const char *label;
    bool heading; /* only a label: the rows below belong to it */
    bool summary; /* drawn as a diamond */
    double n;     /* NaN: not shown */
    double estimate, low, high;
    const char *guard;  /* not NULL: shown instead of the estimate ("n too small") */
    const char *remark; /* nullable: a last column ("p = 0.03") */
};
struct plot_forest {
    const char *title;        /* of the whole, for accessibility: "AUC by subgroup" */
    const char *x_label;      /* "AUC (95 % CI)" */
    const char *remark_label; /* nullable */
    double low, high;         /* of the axis; equal: from the rows. What leaves it ends in an arrow. */
    double reference;         /* a vertical line; NaN: none */
    int decimals;             /* of the printed numbers, 0..6 */
    const struct plot_forest_row *row;
    size_t n;
};
int plot_forest(struct canvas **out, const struct plot_context *p, const struct plot_forest *f, struct err *e);

/* counts[truth * k + predicted]; shaded by the share of its truth's row. Rows are truth. k 1 .. PLOT_CLASSES_MAX. */
enum { PLOT_CLASSES_MAX = 30 };
int plot_confusion(struct canvas **out, const struct plot_context *p, const char *title, const char *const *labels, const double *counts,
                   size_t k, struct err *e);
/* Horizontal bars: values[series * n + category], not negative; names nullable if n_series is 1. Each bar carries its number and, if
 * `share`, its share of its series. */
int plot_bars(struct canvas **out, const struct plot_context *p, const char *title, const char *x_label, const char *const *categories,
              size_t n, const char *const *names, const double *values, size_t n_series, bool share, struct err *e);

/* Participant flow, as STARD draws it: boxes downwards, what leaves at each to the right, and at the end a row of boxes. */
struct plot_flow_step {
    const char *text;            /* "Exams in the truth table (n = 412)" */
    const char *const *excluded; /* lines of the box to the right of the arrow that follows; NULL: none */
    size_t n_excluded;
};
int plot_flow(struct canvas **out, const struct plot_context *p, const char *title, const struct plot_flow_step *steps, size_t n,
              const char *const *ends, size_t n_ends, struct err *e);

#endif
