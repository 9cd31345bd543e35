/* The one file that sees cairo and pango: measures and breaks text, draws display lists as PNG and PDF. Floor 2.
 *
 * Hinting and rounding are off, so that text is as wide in a figure as in its enlargement, and the same on every machine with these fonts.
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cairo-pdf.h>
#include <cairo.h>
#include <pango/pangocairo.h>

#include "base/mem.h"
#include "draw/canvas_impl.h"
#include "draw/text.h"
#include "file/io.h"

static const struct {
    const char *family, *package;
} families[] = {{"DejaVu Sans", "fonts-dejavu-core"}, {"WenQuanYi Micro Hei", "fonts-wqy-microhei"}};
enum { FAMILIES = sizeof families / sizeof families[0] };

struct canvas_fonts {
    PangoFontMap *map;
    PangoContext *context;
    PangoLayout *layout; /* the one that measures and draws */
    PangoFontDescription *description;
};

/* Is the family itself there, or what fontconfig takes in its place? */
static bool has_family(struct canvas_fonts *fonts, const char *family) {
    PangoFontDescription *wanted = pango_font_description_new();
    pango_font_description_set_family_static(wanted, family);
    pango_font_description_set_absolute_size(wanted, 10 * PANGO_SCALE);
    PangoFont *font = pango_font_map_load_font(fonts->map, fonts->context, wanted);
    pango_font_description_free(wanted);
    if (!font)
        return false;
    PangoFontDescription *got = pango_font_describe(font);
    const bool same = strcmp(pango_font_description_get_family(got), family) == 0;
    pango_font_description_free(got);
    g_object_unref(font);
    return same;
}

int canvas_fonts_open(struct canvas_fonts **out, struct err *e) {
    struct canvas_fonts *fonts = mem_alloc(1, sizeof *fonts, e);
    *out = NULL;
    if (!fonts)
        return ERR_NO_MEMORY;
    fonts->map = pango_cairo_font_map_new();
    fonts->context = pango_font_map_create_context(fonts->map);
    fonts->description = pango_font_description_new();
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    pango_cairo_context_set_font_options(fonts->context, options);
    cairo_font_options_destroy(options);
    pango_context_set_round_glyph_positions(fonts->context, FALSE);
    pango_context_set_language(fonts->context, pango_language_from_string("en"));
    pango_font_description_set_family_static(fonts->description, "DejaVu Sans,WenQuanYi Micro Hei");
    fonts->layout = pango_layout_new(fonts->context);
    pango_layout_set_auto_dir(fonts->layout, FALSE);
    pango_layout_set_single_paragraph_mode(fonts->layout, TRUE);
    for (size_t i = 0; i < FAMILIES; i++)
        if (!has_family(fonts, families[i].family)) {
            canvas_fonts_free(fonts);
            return err_set(e, ERR_REPORT_FONT, "the font '%s' is not installed; install the package %s", families[i].family,
                           families[i].package);
        }
    *out = fonts;
    return 0;
}

void canvas_fonts_free(struct canvas_fonts *fonts) {
    if (!fonts)
        return;
    g_clear_object(&fonts->layout);
    pango_font_description_free(fonts->description);
    g_object_unref(fonts->context);
    g_object_unref(fonts->map);
    mem_free(fonts);
}

static PangoLayout *set(struct canvas_fonts *fonts, struct canvas_type type, const char *clean, double width) {
    pango_font_description_set_absolute_size(fonts->description, type.size * PANGO_SCALE);
    pango_font_description_set_weight(fonts->description, type.bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_layout_set_font_description(fonts->layout, fonts->description);
    pango_layout_set_width(fonts->layout, width > 0 ? (int)(fmin(width, 1e5) * PANGO_SCALE) : -1);
    pango_layout_set_wrap(fonts->layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_text(fonts->layout, clean, -1);
    return fonts->layout;
}

/* --- missing glyphs: also those that a third font, which happens to be installed here, would lend */

static bool ours(PangoFont *font) {
    PangoFontDescription *d = pango_font_describe(font);
    bool found = false;
    for (size_t i = 0; i < FAMILIES; i++)
        found = found || strcmp(pango_font_description_get_family(d), families[i].family) == 0;
    pango_font_description_free(d);
    return found;
}

static bool run_is_whole(const PangoLayoutRun *run) {
    for (int i = 0; i < run->glyphs->num_glyphs; i++)
        if (run->glyphs->glyphs[i].glyph & PANGO_GLYPH_UNKNOWN_FLAG && run->glyphs->glyphs[i].glyph != PANGO_GLYPH_EMPTY)
            return false;
    return ours(run->item->analysis.font);
}

static void check_glyphs(struct canvas *c, PangoLayout *layout, const char *clean) {
    for (GSList *l = pango_layout_get_lines_readonly(layout); l; l = l->next)
        for (GSList *r = ((PangoLayoutLine *)l->data)->runs; r; r = r->next) {
            const PangoLayoutRun *run = r->data;
            if (run_is_whole(run))
                continue;
            const char *p = clean + run->item->offset;
            const uint32_t code = text_next(&p, NULL);
            canvas_fail(c, ERR_REPORT_TEXT, "no report font has the character U+%04X (or one after it) in '%.100s'; write it differently",
                        (unsigned)code, clean);
        }
}

/* --- measuring */

/* Without fonts: a letter of DejaVu Sans is 0.6 of its size on average, 0.7 in bold; one of Chinese is as wide as it is high. */
static double estimate(struct canvas_type type, const char *clean, double ink[4]) {
    double width = 0;
    for (const char *p = clean; *p;)
        width += text_next(&p, NULL) < 0x2E80 ? (type.bold ? 0.7 : 0.6) * type.size : type.size;
    ink[1] = -0.8 * type.size;
    ink[2] = width;
    ink[3] = 0.2 * type.size;
    return width;
}

double canvas_measure(struct canvas *c, struct canvas_type type, const char *clean, double ink[4]) {
    PangoRectangle i, logical;
    memset(ink, 0, 4 * sizeof *ink);
    if (c->failed.code)
        return 0;
    if (!c->fonts)
        return estimate(type, clean, ink);
    PangoLayout *layout = set(c->fonts, type, clean, 0);
    check_glyphs(c, layout, clean);
    PangoLayoutLine *line = pango_layout_get_line_readonly(layout, 0);
    pango_layout_line_get_extents(line, &i, &logical);
    ink[0] = (double)i.x / PANGO_SCALE;
    ink[1] = (double)i.y / PANGO_SCALE;
    ink[2] = (double)(i.x + i.width) / PANGO_SCALE;
    ink[3] = (double)(i.y + i.height) / PANGO_SCALE;
    return (double)logical.width / PANGO_SCALE;
}

/* "n = 3" stays on one line: no-break spaces around the sign. */
static const char *unbroken(struct canvas *c, const char *clean) {
    size_t signs = 0;
    for (const char *p = clean; p && (p = strstr(p, " = ")); p += 3)
        signs++;
    char *out = signs ? arena_alloc(&c->strings, strlen(clean) + 2 * signs + 1, 1, &c->failed) : NULL;
    if (!out)
        return clean;
    char *to = out;
    for (const char *p = clean; *p;) {
        const bool sign = strncmp(p, " = ", 3) == 0;
        const size_t n = sign ? 5 : 1;
        memcpy(to, sign ? "\xC2\xA0=\xC2\xA0" : p, n);
        to += n;
        p += sign ? 3 : 1;
    }
    return out;
}

static size_t one_line(struct canvas *c, struct canvas_type type, double width, const char *clean, const char *const **lines) {
    const char **out = arena_alloc(&c->strings, 1, sizeof *out, &c->failed);
    if (!out)
        return 0;
    out[0] = canvas_fit(c, type, width, clean);
    *lines = out;
    return 1;
}

size_t canvas_wrap(struct canvas *c, struct canvas_type type, double width, const char *text, const char *const **lines) {
    const char *clean = unbroken(c, canvas_clean(c, text));
    *lines = NULL;
    if (!clean)
        return 0;
    if (!c->fonts)
        return one_line(c, type, width, clean, lines);
    PangoLayout *layout = set(c->fonts, type, clean, fmax(width, 1));
    check_glyphs(c, layout, clean);
    const size_t n = (size_t)pango_layout_get_line_count(layout);
    const char **out = arena_alloc(&c->strings, n, sizeof *out, &c->failed);
    for (size_t i = 0; out && i < n; i++) {
        const PangoLayoutLine *line = pango_layout_get_line_readonly(layout, (int)i);
        size_t length = (size_t)line->length;
        while (length > 0 && clean[line->start_index + (int)length - 1] == ' ')
            length--;
        out[i] = arena_strndup(&c->strings, clean + line->start_index, length, &c->failed);
        if (!out[i])
            return 0;
    }
    *lines = out;
    return out ? n : 0;
}

/* --- drawing */

static void use(cairo_t *cr, enum canvas_colour colour, double opacity) {
    const long rgb = strtol(canvas_colour_value(colour, false) + 1, NULL, 16);
    cairo_set_source_rgba(cr, (double)(rgb >> 16 & 255) / 255, (double)(rgb >> 8 & 255) / 255, (double)(rgb & 255) / 255, opacity);
}

static void paint(cairo_t *cr, const struct canvas_pen *pen) {
    if (pen->fill != CANVAS_NONE) {
        use(cr, pen->fill, pen->opacity);
        cairo_fill_preserve(cr);
    }
    if (pen->stroke != CANVAS_NONE) {
        use(cr, pen->stroke, 1);
        cairo_set_line_width(cr, pen->width);
        cairo_set_dash(cr, canvas_dashes[pen->dash], pen->dash == CANVAS_SOLID ? 0 : 4, 0);
        cairo_stroke_preserve(cr);
    }
    cairo_new_path(cr);
}

static void draw_text(cairo_t *cr, struct canvas_fonts *fonts, const struct item *it) {
    const double shift = it->type.anchor == CANVAS_START ? 0 : it->type.anchor == CANVAS_MIDDLE ? it->width / 2 : it->width;
    PangoLayout *layout = set(fonts, it->type, it->text, 0);
    cairo_save(cr);
    cairo_translate(cr, it->x, it->y);
    if (it->type.upwards)
        cairo_rotate(cr, -M_PI / 2);
    cairo_move_to(cr, -shift, 0);
    use(cr, it->type.colour, 1);
    pango_cairo_show_layout_line(cr, pango_layout_get_line_readonly(layout, 0));
    cairo_restore(cr);
    cairo_new_path(cr);
}

static void draw(cairo_t *cr, const struct canvas *c) {
    for (size_t i = 0; i < c->n; i++) {
        const struct item *it = &c->items[i];
        switch (it->kind) {
        case ITEM_PATH:
            for (size_t k = 0; k < it->n; k++)
                cairo_line_to(cr, c->points[it->first + k][0], c->points[it->first + k][1]);
            if (it->closed)
                cairo_close_path(cr);
            paint(cr, &it->pen);
            break;
        case ITEM_RECT:
            cairo_rectangle(cr, it->x, it->y, it->width, it->height);
            paint(cr, &it->pen);
            break;
        case ITEM_CIRCLE:
            cairo_arc(cr, it->x, it->y, it->width, 0, 2 * M_PI);
            paint(cr, &it->pen);
            break;
        case ITEM_TEXT:
            draw_text(cr, c->fonts, it);
            break;
        case ITEM_PICTURE:
            cairo_save(cr);
            cairo_translate(cr, it->x, it->y);
            cairo_scale(cr, it->width, it->width);
            draw(cr, it->picture); /* a page holds figures, and figures hold no pictures */
            cairo_restore(cr);
            break;
        default:
            break; /* groups mean nothing here */
        }
    }
}

/* --- files */

struct sink {
    struct buf bytes;
    struct err failed;
};

static cairo_status_t take(void *closure, const unsigned char *bytes, unsigned int n) {
    struct sink *s = closure;
    return buf_append(&s->bytes, bytes, n, &s->failed) ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

static int save(struct sink *s, cairo_status_t status, const char *path, struct err *e) {
    const int rc = status == CAIRO_STATUS_SUCCESS ? replace_whole(path, s->bytes.data, s->bytes.size, e)
                                                  : err_set(e, status == CAIRO_STATUS_NO_MEMORY ? ERR_NO_MEMORY : ERR_INTERNAL,
                                                            "%s could not be drawn: %s", path, cairo_status_to_string(status));
    buf_release(&s->bytes);
    return rc;
}

int canvas_write_png(const struct canvas *c, double scale, const char *path, struct err *e) {
    const double width = ceil(c->width * scale), height = ceil(c->height * scale);
    struct sink s = {.failed.code = 0};
    const int rc = canvas_check(c, e);
    if (rc)
        return rc;
    if (!(width >= 1 && height >= 1 && width <= 20000 && height <= 20000))
        return err_set(e, ERR_LIMIT, "%s would have %.0f x %.0f pixels; at most 20000 each way", path, width, height);
    buf_init(&s.bytes);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height);
    cairo_t *cr = cairo_create(surface);
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_paint(cr);
    cairo_scale(cr, scale, scale);
    draw(cr, c);
    cairo_status_t status = cairo_status(cr);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_write_to_png_stream(surface, take, &s);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    return save(&s, status, path, e);
}

/* The outline's entries by level: an entry's parent is the last one before it of a lower level. */
static void add_outline(cairo_surface_t *surface, const struct canvas_pdf *facts) {
    int parent[8] = {CAIRO_PDF_OUTLINE_ROOT};
    for (size_t i = 0; i < facts->n_outline; i++) {
        const struct canvas_outline *o = &facts->outline[i];
        char link[64];
        snprintf(link, sizeof link, "page=%zu pos=[0 0]", o->page + 1);
        assert(o->level >= 1 && o->level <= 6);
        parent[o->level] = cairo_pdf_surface_add_outline(surface, parent[o->level - 1], o->text, link, CAIRO_PDF_OUTLINE_FLAG_OPEN);
        for (size_t deeper = o->level + 1; deeper < 8; deeper++)
            parent[deeper] = parent[o->level];
    }
}

static void add_facts(cairo_surface_t *surface, const struct canvas_pdf *facts) {
    const struct {
        cairo_pdf_metadata_t key;
        const char *value;
    } metadata[] = {{CAIRO_PDF_METADATA_TITLE, facts->title},
                    {CAIRO_PDF_METADATA_AUTHOR, facts->author},
                    {CAIRO_PDF_METADATA_CREATOR, facts->creator},
                    {CAIRO_PDF_METADATA_CREATE_DATE, facts->date},
                    {CAIRO_PDF_METADATA_MOD_DATE, facts->date}};
    for (size_t i = 0; i < sizeof metadata / sizeof metadata[0]; i++)
        if (metadata[i].value)
            cairo_pdf_surface_set_metadata(surface, metadata[i].key, metadata[i].value);
    add_outline(surface, facts);
}

int canvas_write_pdf(const struct canvas *const *pages, size_t n, const struct canvas_pdf *facts, const char *path, struct err *e) {
    struct sink s = {.failed.code = 0};
    int rc = 0;
    for (size_t i = 0; !rc && i < n; i++)
        rc = canvas_check(pages[i], e);
    if (rc)
        return rc;
    assert(n > 0 && facts->date);
    buf_init(&s.bytes);
    cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(take, &s, pages[0]->width, pages[0]->height);
    add_facts(surface, facts);
    cairo_t *cr = cairo_create(surface);
    for (size_t i = 0; i < n; i++) {
        cairo_pdf_surface_set_size(surface, pages[i]->width, pages[i]->height);
        draw(cr, pages[i]);
        cairo_show_page(cr);
    }
    cairo_status_t status = cairo_status(cr);
    cairo_destroy(cr);
    cairo_surface_finish(surface);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    return save(&s, status, path, e);
}

void canvas_library(char out[32]) {
    snprintf(out, 32, "cairo %s", cairo_version_string());
}

void canvas_text_library(char out[32]) {
    snprintf(out, 32, "pango %s", pango_version_string());
}
