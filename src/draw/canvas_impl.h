/* What canvas_list.c, canvas_svg.c and canvas.c share: the display list. Floor 2. */
#ifndef BMU_DRAW_CANVAS_IMPL_H
#define BMU_DRAW_CANVAS_IMPL_H

#include "base/mem.h"
#include "draw/canvas.h"

enum item_kind { ITEM_GROUP, ITEM_GROUP_END, ITEM_PATH, ITEM_RECT, ITEM_CIRCLE, ITEM_TEXT, ITEM_PICTURE };
struct item {
    enum item_kind kind;
    struct canvas_pen pen;
    struct canvas_type type;
    double x, y, width, height; /* rect; circle: width is the radius; text: its baseline's start, width; picture: width is the scale */
    struct canvas_box box;      /* ink of a text */
    size_t first, n;            /* path: of the points */
    bool closed;
    const char *text; /* text, clean; group: title or NULL */
    const char *class_name;
    const struct canvas *picture;
};
struct canvas {
    struct canvas_fonts *fonts;
    struct arena strings;
    double width, height;
    const char *title, *description;
    struct item *items;
    size_t n, capacity;
    double (*points)[2];
    size_t n_points, points_capacity;
    size_t depth; /* of groups that are open */
    struct err failed;
};

extern const double canvas_dashes[CANVAS_DASHES][4]; /* lengths on, off, on, off; 0: none */

/* Clean text in the canvas's arena; NULL after a failure. */
const char *canvas_clean(struct canvas *c, const char *text);
/* Advance and ink of clean text set at (0, 0), reading right whatever type.upwards says; canvas_fail() for missing glyphs. */
double canvas_measure(struct canvas *c, struct canvas_type type, const char *clean, double ink[4]);

#endif
