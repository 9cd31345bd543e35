/* A document as a PDF on A4. Floor 2. Each page is a canvas, in points. */
#include "draw/pdf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

#define PAGE_WIDTH 595.28
#define PAGE_HEIGHT 841.89
enum { LEFT = 52, TOP = 62, BOTTOM = 790, COLUMNS_MAX = 40 };
static const double width = PAGE_WIDTH - 2 * LEFT, cell_pad = 5;
static const struct canvas_type body = {.size = 9.5}, small = {.size = 8}, tiny = {.size = 7, .colour = CANVAS_MUTED};

struct layout {
    const struct document *d;
    struct canvas_fonts *fonts;
    struct canvas **pages;
    size_t n, capacity;
    struct canvas *page; /* the last one */
    double y;            /* what is next begins here */
    struct canvas_outline *outline;
    size_t n_outline;
    int rc;
    struct err *e;
};

static bool new_page(struct layout *l) {
    if (l->rc)
        return false;
    if (l->n == l->capacity) {
        const size_t wanted = 2 * l->n + 16;
        if ((l->rc = mem_grow((void **)&l->pages, wanted, sizeof(struct canvas *), l->e)))
            return false;
        l->capacity = wanted;
    }
    struct canvas *page;
    if ((l->rc = canvas_create(&page, l->fonts, PAGE_WIDTH, PAGE_HEIGHT, l->e)))
        return false;
    if (l->page)
        l->rc = canvas_check(l->page, l->e); /* a page that failed ends it: its successors would fail in the same way */
    l->page = l->pages[l->n++] = page;
    l->y = TOP;
    return !l->rc;
}

/* Room for `height` on this page or the next one; false after a failure. */
static bool need(struct layout *l, double height) {
    if (l->rc)
        return false;
    return l->y + height <= BOTTOM || l->y <= TOP ? true : new_page(l);
}

static double leading(struct canvas_type type) {
    return type.size * 1.42;
}

/* Text as lines from x on, over as many pages as it takes; bar: a rule at its left in this colour. */
static void lines(struct layout *l, struct canvas_type type, double x, double wide, const char *text, enum canvas_colour bar) {
    const char *const *line;
    if (l->rc)
        return;
    const size_t n = canvas_wrap(l->page, type, wide, text, &line);
    const double height = leading(type);
    for (size_t i = 0; i < n; i++) {
        if (!need(l, i == 0 && n > 1 ? 2 * height : height))
            return;
        if (bar != CANVAS_NONE)
            canvas_line(l->page, (struct canvas_pen){.stroke = bar, .width = 2.5}, LEFT + 2, l->y, LEFT + 2, l->y + height + 0.5);
        canvas_text(l->page, type, x, l->y + type.size, line[i]);
        l->y += height;
    }
}

static void heading(struct layout *l, const struct document_block *b) {
    static const double sizes[] = {0, 14, 11.5, 10};
    const struct canvas_type type = {.size = sizes[b->level], .bold = true};
    if (!need(l, 90)) /* not alone at the foot of a page */
        return;
    l->y += l->y <= TOP ? 0 : b->level == 1 ? 14 : 8;
    const size_t before = l->n_outline ? l->outline[l->n_outline - 1].level : 0;
    l->outline[l->n_outline++] =
        (struct canvas_outline){.text = b->text, .page = l->n - 1, .level = b->level > before + 1 ? before + 1 : b->level};
    lines(l, type, LEFT, width, b->text, CANVAS_NONE);
    l->y += 3;
}

static char *joined(struct layout *l, enum words_key key, size_t number, const char *text, const char *more) {
    const enum words_language language = document_language(l->d);
    char *out = number ? mem_printf(l->e, "%s %zu%s%s%s. %s", words(language, key), number, more ? " (" : "", more ? more : "",
                                    more ? ")" : "", text)
                       : mem_printf(l->e, "%s. %s", words(language, key), text);
    if (!out && !l->rc)
        l->rc = ERR_NO_MEMORY;
    return out;
}

static void called_out(struct layout *l, const struct document_block *b) {
    const bool warning = b->kind == DOCUMENT_WARNING;
    char *text = joined(l, warning ? WORDS_WARNING : WORDS_NOTE, 0, b->text, NULL);
    l->y += 4;
    if (text)
        lines(l, body, LEFT + 11, width - 11, text, warning ? CANVAS_ALERT : CANVAS_SERIES);
    l->y += 7;
    mem_free(text);
}

static void figure(struct layout *l, const struct document_block *b) {
    double w, h;
    const char *const *line;
    char *caption = joined(l, WORDS_FIGURE, b->number, b->text, NULL);
    if (!caption || l->rc) {
        mem_free(caption);
        return;
    }
    canvas_size(b->figure, &w, &h);
    const double below = leading(small) * (double)canvas_wrap(l->page, small, width, caption, &line) + 16;
    const double scale = fmin(fmin(0.68, width / w), fmax(BOTTOM - TOP - below, 40) / h);
    if (need(l, h * scale + below)) {
        canvas_place(l->page, b->figure, LEFT, l->y + 4, scale);
        l->y += h * scale + 9;
        lines(l, small, LEFT, width, caption, CANVAS_NONE);
        l->y += 10;
    }
    mem_free(caption);
}

/* --- tables */

struct grid {
    const struct document_block *b;
    double x[COLUMNS_MAX], w[COLUMNS_MAX];
};

static bool is_group(const struct document_table *t, const char *const *cell) {
    return t->n_columns > 1 && !cell[1];
}

/* Columns as wide as their texts; where that is too much, the narrow ones keep their width and the others share what is left. */
static void column_widths(struct layout *l, struct grid *g) {
    const struct document_table *t = &g->b->table;
    struct canvas_type bold = small;
    bold.bold = true;
    double wanted[COLUMNS_MAX], left = width;
    bool settled[COLUMNS_MAX] = {false};
    size_t open = t->n_columns;
    for (size_t i = 0; i < t->n_columns; i++)
        wanted[i] = canvas_text_width(l->page, bold, t->column[i].label) + 2 * cell_pad + 0.5;
    for (size_t i = 0; i + t->n_columns <= t->n_cells; i += t->n_columns)
        for (size_t k = 0; !is_group(t, t->cell + i) && k < t->n_columns; k++)
            wanted[k] = fmax(wanted[k], canvas_text_width(l->page, small, t->cell[i + k]) + 2 * cell_pad + 0.5);
    for (bool changed = true; changed && open;) {
        const double share = left / (double)open;
        changed = false;
        for (size_t i = 0; i < t->n_columns; i++)
            if (!settled[i] && wanted[i] <= share) {
                g->w[i] = wanted[i];
                settled[i] = changed = true;
                left -= wanted[i];
                open--;
            }
    }
    double x = LEFT;
    for (size_t i = 0; i < t->n_columns; i++) {
        g->w[i] = settled[i] ? g->w[i] : left / (double)open;
        g->x[i] = x;
        x += g->w[i];
    }
}

/* One row's cells, from line `from` on, at most `most` lines; returns how many lines its highest cell has. */
static size_t row(struct layout *l, const struct grid *g, const char *const *cell, struct canvas_type type, size_t from, size_t most,
                  bool draw) {
    const struct document_table *t = &g->b->table;
    const bool group = is_group(t, cell);
    size_t highest = 1;
    for (size_t i = 0; i < (group ? 1 : t->n_columns); i++) {
        const char *const *line;
        const double wide = group ? width : g->w[i];
        const bool number = !group && t->column[i].number;
        const size_t n = canvas_wrap(l->page, type, wide - 2 * cell_pad + 0.4, cell[i] ? cell[i] : "", &line);
        highest = n > highest ? n : highest;
        type.anchor = number ? CANVAS_END : CANVAS_START;
        for (size_t k = from; draw && k < n && k < from + most; k++)
            canvas_text(l->page, type, number ? g->x[i] + wide - cell_pad : g->x[i] + cell_pad,
                        l->y + 3 + type.size + leading(type) * (double)(k - from), line[k]);
    }
    return highest;
}

static void rule(struct layout *l, const struct grid *g, enum canvas_colour colour) {
    const size_t last = g->b->table.n_columns - 1;
    canvas_line(l->page, (struct canvas_pen){.stroke = colour, .width = 0.6}, LEFT, l->y, g->x[last] + g->w[last], l->y);
}

static void table_head(struct layout *l, const struct grid *g, bool continued) {
    const struct document_table *t = &g->b->table;
    struct canvas_type bold = small;
    const char *label[COLUMNS_MAX];
    bold.bold = true;
    char *caption = joined(l, WORDS_TABLE, g->b->number, g->b->text, continued ? words(document_language(l->d), WORDS_CONTINUED) : NULL);
    if (!caption)
        return;
    lines(l, bold, LEFT, width, caption, CANVAS_NONE);
    mem_free(caption);
    if (l->rc)
        return;
    for (size_t i = 0; i < t->n_columns; i++)
        label[i] = t->column[i].label;
    l->y += 2;
    const size_t n = row(l, g, label, bold, 0, 6, true);
    l->y += leading(bold) * (double)(n < 6 ? n : 6) + 6;
    rule(l, g, CANVAS_MUTED);
}

/* A row that does not fit goes to the next page; one that fits on no page is broken between lines. */
static void table_row(struct layout *l, const struct grid *g, const char *const *cell) {
    struct canvas_type type = small;
    type.bold = is_group(&g->b->table, cell);
    if (l->rc)
        return;
    const double step = leading(type), keep = type.bold ? 24 : 0; /* a group's heading keeps a row with it */
    const size_t n = row(l, g, cell, type, 0, 0, false);
    for (size_t from = 0; from < n && !l->rc;) {
        const double room = floor((BOTTOM - l->y - 7 - keep) / step);
        const size_t fits = room > 0 ? (size_t)room : 0, left = n - from;
        const size_t a_page = 45; /* lines that surely fit below the head of a fresh page */
        if (fits < left && (left <= a_page || fits < 3)) {
            if (l->y > TOP + 150 || fits == 0) {
                new_page(l);
                table_head(l, g, true);
                continue;
            }
        }
        const size_t now = left < fits ? left : fits ? fits : 1;
        row(l, g, cell, type, from, now, true);
        l->y += step * (double)now + 7;
        rule(l, g, CANVAS_GRID);
        from += now;
    }
}

static void table(struct layout *l, const struct document_block *b) {
    struct grid g = {.b = b};
    const struct document_table *t = &b->table;
    if (t->n_columns > COLUMNS_MAX) {
        l->rc = l->rc ? l->rc
                      : err_set(l->e, ERR_LIMIT, "the table '%.100s' has %zu columns; a page holds at most %d", b->text, t->n_columns,
                                COLUMNS_MAX);
        return;
    }
    if (!need(l, 80))
        return;
    l->y += 5;
    column_widths(l, &g);
    table_head(l, &g, false);
    for (size_t i = 0; i + t->n_columns <= t->n_cells; i += t->n_columns)
        table_row(l, &g, t->cell + i);
    l->y += 12;
}

/* --- the whole */

static void first_page(struct layout *l) {
    size_t n;
    const struct document_stamp *stamps = document_stamps(l->d, &n);
    if (!new_page(l))
        return;
    l->y -= 10;
    lines(l, (struct canvas_type){.size = 18, .bold = true}, LEFT, width, document_title(l->d), CANVAS_NONE);
    l->y += 6;
    for (size_t i = 0; i < n && !l->rc; i++) {
        const double label = 110;
        canvas_text(l->page, tiny, LEFT, l->y + tiny.size, canvas_fit(l->page, tiny, label - 6, stamps[i].label));
        lines(l, tiny, LEFT + label, width - label, stamps[i].value, CANVAS_NONE);
    }
    l->y += 8;
}

static void block(struct layout *l, const struct document_block *b) {
    switch (b->kind) {
    case DOCUMENT_HEADING:
        heading(l, b);
        break;
    case DOCUMENT_TABLE:
        table(l, b);
        break;
    case DOCUMENT_FIGURE:
        figure(l, b);
        break;
    case DOCUMENT_NOTE:
    case DOCUMENT_WARNING:
        called_out(l, b);
        break;
    case DOCUMENT_ITEM:
        if (need(l, leading(body)))
            canvas_text(l->page, body, LEFT + 4, l->y + body.size, "•");
        lines(l, body, LEFT + 15, width - 15, b->text, CANVAS_NONE);
        l->y += 2;
        break;
    default:
        lines(l, body, LEFT, width, b->text, CANVAS_NONE);
        l->y += 5;
    }
}

static void page_frame(struct layout *l, size_t i) {
    struct canvas *c = l->pages[i];
    struct canvas_type right = tiny;
    char text[100];
    size_t n;
    const struct document_stamp *stamps = document_stamps(l->d, &n);
    right.anchor = CANVAS_END;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* from the table of words: each has two %zu */
    snprintf(text, sizeof text, words(document_language(l->d), WORDS_PAGE), i + 1, l->n);
#pragma GCC diagnostic pop
    canvas_text(c, right, LEFT + width, 815, text);
    canvas_text(c, tiny, LEFT, 815, canvas_fit(c, tiny, width - 120, document_title(l->d)));
    if (n > 0)
        canvas_text(c, tiny, LEFT, 34, canvas_fit(c, tiny, width / 2 - 8, stamps[0].value));
    if (n > 1)
        canvas_text(c, right, LEFT + width, 34, canvas_fit(c, tiny, width / 2 - 8, stamps[1].value));
    canvas_line(c, (struct canvas_pen){.stroke = CANVAS_GRID, .width = 0.6}, LEFT, 40, LEFT + width, 40);
}

int pdf_write(const struct document *d, struct canvas_fonts *fonts, const char *date, const char *path, struct err *e) {
    size_t n, n_stamps;
    const struct document_block *blocks = document_blocks(d, &n);
    const struct document_stamp *stamps = document_stamps(d, &n_stamps);
    struct layout l = {.d = d, .fonts = fonts, .e = e, .rc = document_check(d, e)};
    if (l.rc)
        return l.rc;
    l.outline = mem_alloc(n, sizeof *l.outline, e);
    l.rc = l.outline ? 0 : ERR_NO_MEMORY;
    first_page(&l);
    for (size_t i = 0; i < n && !l.rc; i++)
        block(&l, &blocks[i]);
    for (size_t i = 0; i < l.n && !l.rc; i++)
        page_frame(&l, i);
    if (!l.rc) {
        const struct canvas_pdf facts = {.title = document_title(d),
                                         .creator = n_stamps ? stamps[0].value : NULL,
                                         .date = date,
                                         .outline = l.outline,
                                         .n_outline = l.n_outline};
        l.rc = canvas_write_pdf((const struct canvas *const *)l.pages, l.n, &facts, path, e);
    }
    for (size_t i = 0; i < l.n; i++)
        canvas_free(l.pages[i]);
    mem_free(l.pages);
    mem_free(l.outline);
    return l.rc;
}
