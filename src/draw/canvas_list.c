/* The display list: what is to be drawn, checked as it comes in. Floor 2. */
#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "draw/canvas_impl.h"
#include "draw/text.h"

#define FARTHEST 1e6 /* no coordinate of a sound figure is larger */

const double canvas_dashes[CANVAS_DASHES][4] = {{0}, {7, 4, 7, 4}, {2, 3, 2, 3}, {9, 3, 2, 3}};

/* The dark values are the same hues, lighter, for a contrast above 4.5 to the dark paper. */
static const struct {
    const char *light, *dark;
} colours[CANVAS_COLOURS] = {
    [CANVAS_NONE] = {"none", "none"},
    [CANVAS_INK] = {"#1b1f24", "#e8eaed"},
    [CANVAS_MUTED] = {"#59616b", "#a9b1ba"},
    [CANVAS_GRID] = {"#d9dde2", "#3a4048"},
    [CANVAS_PAPER] = {"#ffffff", "#15181c"},
    [CANVAS_ALERT] = {"#b3261e", "#ff8a80"},
    [CANVAS_SERIES + 0] = {"#0072b2", "#4db2ec"},
    [CANVAS_SERIES + 1] = {"#d55e00", "#ff8f3d"},
    [CANVAS_SERIES + 2] = {"#009e73", "#2fd0a3"},
    [CANVAS_SERIES + 3] = {"#cc79a7", "#e79cc5"},
    [CANVAS_SERIES + 4] = {"#e69f00", "#f5b731"},
    [CANVAS_SERIES + 5] = {"#56b4e9", "#8fd0f7"},
};

const char *canvas_colour_value(enum canvas_colour colour, bool dark) {
    assert(colour < CANVAS_COLOURS);
    return dark ? colours[colour].dark : colours[colour].light;
}

int canvas_create(struct canvas **out, struct canvas_fonts *fonts, double width, double height, struct err *e) {
    struct canvas *c = mem_alloc(1, sizeof *c, e);
    *out = c;
    if (!c)
        return ERR_NO_MEMORY;
    c->fonts = fonts;
    arena_init(&c->strings, 0);
    canvas_resize(c, width, height);
    return 0;
}

void canvas_free(struct canvas *c) {
    if (!c)
        return;
    arena_release(&c->strings);
    mem_free(c->items);
    mem_free(c->points);
    mem_free(c);
}

int canvas_check(const struct canvas *c, struct err *e) {
    if (c->failed.code)
        return err_set(e, c->failed.code, "%s", c->failed.message);
    assert(c->depth == 0);
    return 0;
}

void canvas_fail(struct canvas *c, int code, const char *format, ...) {
    if (c->failed.code)
        return;
    char message[ERR_MESSAGE_MAX / 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    err_set(&c->failed, code, "%s", message);
}

void canvas_size(const struct canvas *c, double *width, double *height) {
    *width = c->width;
    *height = c->height;
}

static bool sound(struct canvas *c, double a, double b) {
    if (c->failed.code)
        return false;
    if (fabs(a) <= FARTHEST && fabs(b) <= FARTHEST) /* false for NaN */
        return true;
    canvas_fail(c, ERR_REPORT_NUMBER, "a figure would have a coordinate of %g or %g; check its input", a, b);
    return false;
}

void canvas_resize(struct canvas *c, double width, double height) {
    if (!sound(c, width, height))
        return;
    c->width = fmax(width, 1);
    c->height = fmax(height, 1);
}

void canvas_describe(struct canvas *c, const char *title, const char *description) {
    c->title = title ? canvas_clean(c, title) : NULL;
    c->description = description ? canvas_clean(c, description) : NULL;
}

/* Room for n elements; the array stays as it is on failure. */
static bool room(struct canvas *c, void **array, size_t *capacity, size_t n, size_t size) {
    if (c->failed.code)
        return false;
    if (n <= *capacity)
        return true;
    const size_t wanted = n + n / 2 + 32;
    if (mem_grow(array, wanted, size, &c->failed))
        return false;
    *capacity = wanted;
    return true;
}

static struct item *add(struct canvas *c, enum item_kind kind) {
    if (!room(c, (void **)&c->items, &c->capacity, c->n + 1, sizeof *c->items))
        return NULL;
    struct item *it = &c->items[c->n++];
    *it = (struct item){.kind = kind};
    return it;
}

static struct canvas_pen with_defaults(struct canvas_pen pen) {
    pen.width = pen.width > 0 ? pen.width : 1;
    pen.opacity = pen.opacity > 0 ? fmin(pen.opacity, 1) : 1;
    return pen;
}

void canvas_group(struct canvas *c, const char *class_name, const char *title) {
    for (const char *s = class_name; s && *s; s++)
        assert(isalnum((unsigned char)*s) || *s == '-');
    const char *clean = title ? canvas_clean(c, title) : NULL;
    struct item *it = add(c, ITEM_GROUP);
    if (!it)
        return;
    it->class_name = class_name ? arena_strdup(&c->strings, class_name, &c->failed) : NULL;
    it->text = clean;
    c->depth++;
}

void canvas_group_end(struct canvas *c) {
    if (add(c, ITEM_GROUP_END)) {
        assert(c->depth > 0);
        c->depth--;
    }
}

void canvas_path(struct canvas *c, struct canvas_pen pen, const double (*points)[2], size_t n, bool closed) {
    for (size_t i = 0; i < n; i++)
        if (!sound(c, points[i][0], points[i][1]))
            return;
    struct item *it;
    if (n == 0 || !room(c, (void **)&c->points, &c->points_capacity, c->n_points + n, sizeof *c->points) || !(it = add(c, ITEM_PATH)))
        return;
    it->pen = with_defaults(pen);
    it->first = c->n_points;
    it->n = n;
    it->closed = closed;
    memcpy(c->points + c->n_points, points, n * sizeof *points);
    c->n_points += n;
}

void canvas_line(struct canvas *c, struct canvas_pen pen, double x1, double y1, double x2, double y2) {
    canvas_path(c, pen, (const double[][2]){{x1, y1}, {x2, y2}}, 2, false);
}

static void box_item(struct canvas *c, enum item_kind kind, struct canvas_pen pen, const double at[4]) {
    struct item *it;
    if (!sound(c, at[0], at[1]) || !sound(c, at[2], at[3]) || !(it = add(c, kind)))
        return;
    it->pen = with_defaults(pen);
    it->x = at[0];
    it->y = at[1];
    it->width = fmax(at[2], 0);
    it->height = fmax(at[3], 0);
}

void canvas_rect(struct canvas *c, struct canvas_pen pen, double x, double y, double width, double height) {
    box_item(c, ITEM_RECT, pen, (const double[4]){x, y, width, height});
}

void canvas_marker(struct canvas *c, struct canvas_pen pen, enum canvas_shape shape, double x, double y, double r) {
    const double s = 0.9 * r, t = 1.15 * r;
    switch (shape) {
    case CANVAS_SQUARE:
        canvas_rect(c, pen, x - s, y - s, 2 * s, 2 * s);
        break;
    case CANVAS_TRIANGLE:
        canvas_path(c, pen, (const double[][2]){{x, y - t}, {x + t, y + 0.8 * t}, {x - t, y + 0.8 * t}}, 3, true);
        break;
    case CANVAS_DIAMOND:
        canvas_path(c, pen, (const double[][2]){{x, y - 1.3 * r}, {x + 1.3 * r, y}, {x, y + 1.3 * r}, {x - 1.3 * r, y}}, 4, true);
        break;
    case CANVAS_CROSS:
        pen.width = fmax(pen.width, 2);
        canvas_line(c, pen, x - s, y - s, x + s, y + s);
        canvas_line(c, pen, x - s, y + s, x + s, y - s);
        break;
    default:
        box_item(c, ITEM_CIRCLE, pen, (const double[4]){x, y, r, 0});
    }
}

void canvas_place(struct canvas *c, const struct canvas *picture, double x, double y, double scale) {
    struct item *it;
    if (picture->failed.code)
        canvas_fail(c, picture->failed.code, "%s", picture->failed.message);
    if (!sound(c, x, y) || !sound(c, scale, 0) || !(it = add(c, ITEM_PICTURE)))
        return;
    it->picture = picture;
    it->x = x;
    it->y = y;
    it->width = scale;
}

/* --- text */

const char *canvas_clean(struct canvas *c, const char *text) {
    int valid = 1;
    size_t size = 1;
    char bytes[4];
    for (const char *p = text; *p;)
        size += text_encode(text_next(&p, &valid), bytes);
    if (!valid)
        canvas_fail(c, ERR_REPORT_TEXT, "text for a figure or page is not UTF-8; save its table as UTF-8");
    char *clean = c->failed.code ? NULL : arena_alloc(&c->strings, size, 1, &c->failed);
    if (!clean)
        return NULL;
    char *to = clean;
    for (const char *p = text; *p;)
        to += text_encode(text_next(&p, NULL), to);
    *to = 0;
    return clean;
}

double canvas_text_width(struct canvas *c, struct canvas_type type, const char *text) {
    const char *clean = canvas_clean(c, text);
    double ink[4];
    return clean ? canvas_measure(c, type, clean, ink) : 0;
}

const char *canvas_fit(struct canvas *c, struct canvas_type type, double width, const char *text) {
    const char *clean = canvas_clean(c, text);
    double ink[4];
    if (!clean)
        return "";
    if (canvas_measure(c, type, clean, ink) <= width)
        return clean;
    const size_t size = strlen(clean);
    char *cut = arena_alloc(&c->strings, size + 4, 1, &c->failed);
    size_t low = 0, high = size; /* bytes that fit, bytes that do not */
    while (cut && high - low > 1) {
        size_t middle = low + (high - low) / 2;
        while (middle > low && (clean[middle] & 0xC0) == 0x80)
            middle--;
        if (middle == low) { /* one character's bytes lie between: it is taken whole or not */
            middle = low + (high - low) / 2;
            while (middle < high && (clean[middle] & 0xC0) == 0x80)
                middle++;
            if (middle == high)
                break;
        }
        memcpy(cut, clean, middle);
        memcpy(cut + middle, "…", 4);
        if (canvas_measure(c, type, cut, ink) <= width)
            low = middle;
        else
            high = middle;
    }
    if (!cut)
        return "";
    while (low > 0 && clean[low - 1] == ' ')
        low--;
    memcpy(cut, clean, low);
    memcpy(cut + low, "…", 4);
    return cut;
}

void canvas_text(struct canvas *c, struct canvas_type type, double x, double y, const char *text) {
    const char *clean = canvas_clean(c, text);
    if (!clean || !*clean || !sound(c, x, y))
        return;
    if (type.colour == CANVAS_NONE)
        type.colour = CANVAS_INK;
    double ink[4];
    const double width = canvas_measure(c, type, clean, ink), back = type.anchor == CANVAS_MIDDLE ? width / 2 : width;
    struct item *it = add(c, ITEM_TEXT);
    if (!it)
        return;
    it->text = clean;
    it->type = type;
    it->width = width;
    it->x = x;
    it->y = y;
    const double shift = type.anchor == CANVAS_START ? 0 : back;
    if (type.upwards) /* (a, b) of the text lies at (x + b, y - a) */
        it->box = (struct canvas_box){x + ink[1], y - ink[2] + shift, x + ink[3], y - ink[0] + shift, clean};
    else
        it->box = (struct canvas_box){x + ink[0] - shift, y + ink[1], x + ink[2] - shift, y + ink[3], clean};
}

bool canvas_text_box(const struct canvas *c, size_t index, struct canvas_box *out) {
    for (size_t i = 0; i < c->n; i++)
        if (c->items[i].kind == ITEM_TEXT && index-- == 0) {
            *out = c->items[i].box;
            return true;
        }
    return false;
}

int canvas_check_layout(const struct canvas *c, struct err *e) {
    const double slack = 0.25;
    const int rc = canvas_check(c, e);
    if (rc)
        return rc;
    for (size_t i = 0; i < c->n; i++) {
        const struct canvas_box *a = &c->items[i].box;
        if (c->items[i].kind != ITEM_TEXT)
            continue;
        if (a->x0 < -slack || a->y0 < -slack || a->x1 > c->width + slack || a->y1 > c->height + slack)
            return err_set(e, ERR_REPORT_LAYOUT, "the text '%.100s' extends beyond its figure", a->text);
        for (size_t k = 0; k < i; k++) {
            const struct canvas_box *b = &c->items[k].box;
            if (c->items[k].kind == ITEM_TEXT && a->x0 < b->x1 - slack && b->x0 < a->x1 - slack && a->y0 < b->y1 - slack &&
                b->y0 < a->y1 - slack)
                return err_set(e, ERR_REPORT_LAYOUT, "the texts '%.100s' and '%.100s' overlap", a->text, b->text);
        }
    }
    return 0;
}
