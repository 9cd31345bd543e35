/* A picture as a list of primitives, drawn as SVG, PNG or pages of a PDF. Floor 2.
 *
 * Units: pixels of 1/96 inch for figures, points of 1/72 inch for pages; x to the right, y downwards. Colours are roles, not values, so
 * that a page can show a figure on light and on dark paper. The fonts are DejaVu Sans and, for Chinese, WenQuanYi Micro Hei, nothing else.
 *
 * Drawing functions return nothing: the first failure stays in the canvas, later calls do nothing, and canvas_check() or any writer reports
 * it. So a figure reads as what it draws. Failures: ERR_NO_MEMORY; ERR_REPORT_NUMBER for a coordinate that is NaN or beyond 1e6;
 * ERR_REPORT_TEXT for text that is not UTF-8 or has a character that neither font holds. Control and bidirectional override characters are
 * shown as U+FFFD; a newline or tab as a space.
 */
#ifndef BMU_DRAW_CANVAS_H
#define BMU_DRAW_CANVAS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct canvas;
struct canvas_fonts;

/* One per thread. ERR_REPORT_FONT names the package if a font is not installed. */
int canvas_fonts_open(struct canvas_fonts **out, struct err *e);
void canvas_fonts_free(struct canvas_fonts *fonts); /* after all canvases made with it; NULL is allowed */

/* Roles. The series are the colour-blind-safe palette of Okabe and Ito (2008) without its yellow, in the order of their contrast to white.
 */
enum canvas_colour {
    CANVAS_NONE,
    CANVAS_INK,
    CANVAS_MUTED,
    CANVAS_GRID,
    CANVAS_PAPER,
    CANVAS_ALERT,
    CANVAS_SERIES, /* + 0 .. CANVAS_SERIES_COUNT - 1 */
    CANVAS_SERIES_COUNT = 6,
    CANVAS_COLOURS = CANVAS_SERIES + CANVAS_SERIES_COUNT,
};
/* "#rrggbb" of a role on light or on dark paper; "none" for CANVAS_NONE. Static. */
const char *canvas_colour_value(enum canvas_colour colour, bool dark);

enum canvas_dash { CANVAS_SOLID, CANVAS_DASHED, CANVAS_DOTTED, CANVAS_DASH_DOT, CANVAS_DASHES };
enum canvas_shape { CANVAS_DISC, CANVAS_SQUARE, CANVAS_TRIANGLE, CANVAS_DIAMOND, CANVAS_CROSS, CANVAS_SHAPES };
enum canvas_anchor { CANVAS_START, CANVAS_MIDDLE, CANVAS_END };

struct canvas_pen {
    enum canvas_colour stroke, fill; /* CANVAS_NONE: not drawn */
    double width;                    /* of the stroke; 0: 1 */
    enum canvas_dash dash;
    double opacity; /* of the fill, (0, 1]; 0: 1 */
};
struct canvas_type {
    double size; /* of the letters, in units */
    bool bold;
    enum canvas_colour colour; /* CANVAS_NONE: CANVAS_INK */
    enum canvas_anchor anchor;
    bool upwards; /* turned by 90 degrees, read from below to above */
};

/* fonts NULL: for SVG alone, on a machine that need not have the fonts: widths of text are estimated, and characters not looked up. */
int canvas_create(struct canvas **out, struct canvas_fonts *fonts, double width, double height, struct err *e);
void canvas_free(struct canvas *c); /* NULL is allowed */
int canvas_check(const struct canvas *c, struct err *e);
void canvas_fail(struct canvas *c, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
void canvas_size(const struct canvas *c, double *width, double *height);
void canvas_resize(struct canvas *c, double width, double height);
/* What it shows, in words, for those who cannot see it: <title>, <desc>. */
void canvas_describe(struct canvas *c, const char *title, const char *description);

/* A group with a class (letters, digits, '-') and a title, which a browser shows over it; both nullable. Groups nest. */
void canvas_group(struct canvas *c, const char *class_name, const char *title);
void canvas_group_end(struct canvas *c);
void canvas_line(struct canvas *c, struct canvas_pen pen, double x1, double y1, double x2, double y2);
void canvas_path(struct canvas *c, struct canvas_pen pen, const double (*points)[2], size_t n, bool closed);
void canvas_rect(struct canvas *c, struct canvas_pen pen, double x, double y, double width, double height);
void canvas_marker(struct canvas *c, struct canvas_pen pen, enum canvas_shape shape, double x, double y, double radius);
/* One line of text; y is its baseline. */
void canvas_text(struct canvas *c, struct canvas_type type, double x, double y, const char *text);
/* Another picture (borrowed, it must live as long) with its corner here. */
void canvas_place(struct canvas *c, const struct canvas *picture, double x, double y, double scale);

/* Width of a line of text. 0 after a failure. */
double canvas_text_width(struct canvas *c, struct canvas_type type, const char *text);
/* The text, or as much of it as fits with an ellipsis; owned by the canvas. Never NULL. */
const char *canvas_fit(struct canvas *c, struct canvas_type type, double width, const char *text);
/* Text broken to a width, each line a string; owned by the canvas. A word that is too long is broken. At least one line, 0 after a failure.
 */
size_t canvas_wrap(struct canvas *c, struct canvas_type type, double width, const char *text, const char *const **lines);

/* The drawn text: ink boxes, in canvas units. Index runs to false. */
struct canvas_box {
    double x0, y0, x1, y1;
    const char *text;
};
bool canvas_text_box(const struct canvas *c, size_t index, struct canvas_box *out);
/* ERR_REPORT_LAYOUT naming two texts whose ink overlaps, or one that leaves the picture. For tests and for a figure's own last look. */
int canvas_check_layout(const struct canvas *c, struct err *e);

/* An <svg> element: real text, role="img", classes fN (fill) and kN (stroke) of role N over plain attributes for light paper, so that a
 * page's style sheet can theme it and a file alone still shows. `prefix` makes ids unique in a page (letters, digits, '-'). */
int canvas_svg(struct buf *out, const struct canvas *c, const char *prefix, struct err *e);
int canvas_write_svg(const struct canvas *c, const char *path, struct err *e);
/* On white paper; scale 2: twice as many pixels. */
int canvas_write_png(const struct canvas *c, double scale, const char *path, struct err *e);

struct canvas_outline {
    const char *text;
    size_t page;  /* from 0 */
    size_t level; /* 1..6; one more than the entry before it at most */
};
struct canvas_pdf {
    const char *title, *author; /* nullable */
    const char *creator;        /* program and version; nullable */
    const char *date;           /* ISO 8601, "2026-01-31T12:00:00Z": needed, the clock is never asked */
    const struct canvas_outline *outline;
    size_t n_outline;
};
int canvas_write_pdf(const struct canvas *const *pages, size_t n, const struct canvas_pdf *facts, const char *path, struct err *e);

/* "cairo 1.16.0", "pango 1.50.12": the libraries and their versions, for provenance. */
void canvas_library(char out[32]);
void canvas_text_library(char out[32]);

#endif
