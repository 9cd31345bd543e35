/* A display list as SVG. Floor 2. Numbers are written in hundredths by hand: the same bytes in every locale. */
#include <math.h>
#include <stdlib.h>

#include "draw/canvas_impl.h"
#include "draw/html.h"
#include "file/io.h"

static int number(struct buf *out, const char *name, double v, struct err *e) {
    const long long n = llround(v * 100), whole = llabs(n) / 100, rest = llabs(n) % 100;
    const char *sign = n < 0 ? "-" : "";
    if (rest == 0)
        return buf_printf(out, e, " %s=\"%s%lld\"", name, sign, whole);
    return rest % 10 ? buf_printf(out, e, " %s=\"%s%lld.%02lld\"", name, sign, whole, rest)
                     : buf_printf(out, e, " %s=\"%s%lld.%lld\"", name, sign, whole, rest / 10);
}

static int points(struct buf *out, const double (*p)[2], size_t n, struct err *e) {
    int rc = buf_printf(out, e, " points=\"");
    for (size_t i = 0; !rc && i < n; i++) {
        const long long a = llround(p[i][0] * 100), b = llround(p[i][1] * 100);
        rc = buf_printf(out, e, "%s%s%lld.%02lld,%s%lld.%02lld", i ? " " : "", a < 0 ? "-" : "", llabs(a) / 100, llabs(a) % 100,
                        b < 0 ? "-" : "", llabs(b) / 100, llabs(b) % 100);
    }
    return rc ? rc : buf_printf(out, e, "\"");
}

static int paint(struct buf *out, const struct canvas_pen *pen, struct err *e) {
    int rc = buf_printf(out, e, " class=\"f%d k%d\" fill=\"%s\" stroke=\"%s\"", (int)pen->fill, (int)pen->stroke,
                        canvas_colour_value(pen->fill, false), canvas_colour_value(pen->stroke, false));
    if (!rc && pen->fill != CANVAS_NONE && pen->opacity < 1)
        rc = number(out, "fill-opacity", pen->opacity, e);
    if (!rc && pen->stroke != CANVAS_NONE && pen->width != 1)
        rc = number(out, "stroke-width", pen->width, e);
    if (!rc && pen->stroke != CANVAS_NONE && pen->dash != CANVAS_SOLID) {
        const double *d = canvas_dashes[pen->dash];
        rc = buf_printf(out, e, " stroke-dasharray=\"%d %d %d %d\"", (int)d[0], (int)d[1], (int)d[2], (int)d[3]);
    }
    return rc;
}

static int text(struct buf *out, const struct item *it, struct err *e) {
    static const char *const anchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
    int rc = buf_printf(out, e, "<text class=\"f%d\" fill=\"%s\"%s%s", (int)it->type.colour, canvas_colour_value(it->type.colour, false),
                        anchors[it->type.anchor], it->type.bold ? " font-weight=\"bold\"" : "");
    if (!rc)
        rc = number(out, "font-size", it->type.size, e);
    if (!rc && it->type.upwards) {
        const long long x = llround(it->x), y = llround(it->y);
        rc = buf_printf(out, e, " transform=\"translate(%lld %lld) rotate(-90)\"", x, y);
    } else if (!rc) {
        rc = number(out, "x", it->x, e);
        if (!rc)
            rc = number(out, "y", it->y, e);
    }
    if (rc || (rc = buf_printf(out, e, ">")) || (rc = html_escape(out, it->text, e)))
        return rc;
    return buf_printf(out, e, "</text>\n");
}

static int titled(struct buf *out, const char *element, const char *id, const char *content, struct err *e) {
    int rc = id ? buf_printf(out, e, "<%s id=\"%s-%s\">", element, id, element) : buf_printf(out, e, "<%s>", element);
    if (rc || (rc = html_escape(out, content, e)))
        return rc;
    return buf_printf(out, e, "</%s>\n", element);
}

static int shape(struct buf *out, const struct canvas *c, const struct item *it, struct err *e) {
    static const struct {
        const char *element, *a, *b, *width, *height;
    } names[] = {[ITEM_RECT] = {"rect", "x", "y", "width", "height"}, [ITEM_CIRCLE] = {"circle", "cx", "cy", "r", NULL}};
    int rc;
    if (it->kind == ITEM_PATH) {
        rc = buf_printf(out, e, "<%s", it->closed ? "polygon" : "polyline");
        rc = rc ? rc : points(out, (const double(*)[2])(c->points + it->first), it->n, e);
    } else {
        rc = buf_printf(out, e, "<%s", names[it->kind].element);
        rc = rc ? rc : number(out, names[it->kind].a, it->x, e);
        rc = rc ? rc : number(out, names[it->kind].b, it->y, e);
        rc = rc ? rc : number(out, names[it->kind].width, it->width, e);
        if (!rc && names[it->kind].height)
            rc = number(out, names[it->kind].height, it->height, e);
    }
    rc = rc ? rc : paint(out, &it->pen, e);
    return rc ? rc : buf_printf(out, e, "/>\n");
}

static int items(struct buf *out, const struct canvas *c, struct err *e);

static int picture(struct buf *out, const struct item *it, struct err *e) {
    const long long x = llround(it->x), y = llround(it->y), scale = llround(it->width * 1000);
    int rc = buf_printf(out, e, "<g transform=\"translate(%lld %lld) scale(%lld.%03lld)\">\n", x, y, scale / 1000, scale % 1000);
    if (!rc && it->picture->title)
        rc = titled(out, "title", NULL, it->picture->title, e);
    if (!rc)
        rc = items(out, it->picture, e);
    return rc ? rc : buf_printf(out, e, "</g>\n");
}

static int item(struct buf *out, const struct canvas *c, const struct item *it, struct err *e) {
    int rc;
    switch (it->kind) {
    case ITEM_GROUP:
        rc = it->class_name ? buf_printf(out, e, "<g class=\"%s\">\n", it->class_name) : buf_printf(out, e, "<g>\n");
        return rc || !it->text ? rc : titled(out, "title", NULL, it->text, e);
    case ITEM_GROUP_END:
        return buf_printf(out, e, "</g>\n");
    case ITEM_TEXT:
        return text(out, it, e);
    case ITEM_PICTURE:
        return picture(out, it, e);
    default:
        return shape(out, c, it, e);
    }
}

static int items(struct buf *out, const struct canvas *c, struct err *e) {
    int rc = canvas_check(c, e);
    for (size_t i = 0; !rc && i < c->n; i++)
        rc = item(out, c, &c->items[i], e);
    return rc;
}

int canvas_svg(struct buf *out, const struct canvas *c, const char *prefix, struct err *e) {
    int rc = canvas_check(c, e);
    if (rc)
        return rc;
    rc = buf_printf(out, e,
                    "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
                    "font-family=\"'DejaVu Sans',Verdana,'WenQuanYi Micro Hei','Microsoft YaHei','PingFang SC',sans-serif\"",
                    (int)ceil(c->width), (int)ceil(c->height), (int)ceil(c->width), (int)ceil(c->height));
    if (!rc && c->title)
        rc = buf_printf(out, e, " aria-labelledby=\"%s-title\"", prefix);
    if (!rc && c->description)
        rc = buf_printf(out, e, " aria-describedby=\"%s-desc\"", prefix);
    rc = rc ? rc : buf_printf(out, e, ">\n");
    if (!rc && c->title)
        rc = titled(out, "title", prefix, c->title, e);
    if (!rc && c->description)
        rc = titled(out, "desc", prefix, c->description, e);
    rc = rc ? rc : items(out, c, e);
    return rc ? rc : buf_printf(out, e, "</svg>\n");
}

int canvas_write_svg(const struct canvas *c, const char *path, struct err *e) {
    static const char head[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    struct buf b;
    buf_init(&b);
    int rc = buf_append(&b, head, sizeof head - 1, e);
    rc = rc ? rc : canvas_svg(&b, c, "figure", e);
    if (!rc)
        rc = replace_whole(path, b.data, b.size, e);
    buf_release(&b);
    return rc;
}
