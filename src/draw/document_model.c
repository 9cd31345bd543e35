/* A report as a list of blocks. Floor 2. */
#include "draw/document_model.h"

#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct document {
    struct arena strings;
    enum words_language language;
    const char *title;
    struct document_block *blocks;
    size_t n, capacity;
    struct document_stamp stamps[8];
    size_t n_stamps, n_tables, n_figures;
    struct err failed;
};

int document_create(struct document **out, enum words_language language, const char *title, struct err *e) {
    struct document *d = mem_alloc(1, sizeof *d, e);
    *out = d;
    if (!d)
        return ERR_NO_MEMORY;
    arena_init(&d->strings, 0);
    d->language = language;
    d->title = arena_strdup(&d->strings, title, &d->failed);
    return 0;
}

void document_free(struct document *d) {
    if (!d)
        return;
    for (size_t i = 0; i < d->n; i++) {
        canvas_free(d->blocks[i].figure);
        mem_free(d->blocks[i].table.cell);
    }
    mem_free(d->blocks);
    arena_release(&d->strings);
    mem_free(d);
}

static void fail(struct document *d, int code, const char *message) {
    if (!d->failed.code)
        err_set(&d->failed, code, "%s", message);
}

int document_check(const struct document *d, struct err *e) {
    if (d->failed.code)
        return err_set(e, d->failed.code, "%s", d->failed.message);
    for (size_t i = 0; i < d->n; i++) {
        const struct document_table *t = &d->blocks[i].table;
        if (d->blocks[i].kind == DOCUMENT_TABLE && t->n_cells % t->n_columns)
            return err_set(e, ERR_INTERNAL, "the last row of the table '%.100s' has %zu of %zu cells", d->blocks[i].text,
                           t->n_cells % t->n_columns, t->n_columns);
    }
    return 0;
}

static const char *copy(struct document *d, const char *text) {
    return text && !d->failed.code ? arena_strdup(&d->strings, text, &d->failed) : NULL;
}

static struct document_block *add(struct document *d, enum document_kind kind, const char *text) {
    if (d->failed.code)
        return NULL;
    if (d->n == d->capacity) {
        const size_t wanted = 2 * d->n + 32;
        if (mem_grow((void **)&d->blocks, wanted, sizeof *d->blocks, &d->failed))
            return NULL;
        d->capacity = wanted;
    }
    const char *copied = copy(d, text);
    if (!copied)
        return NULL;
    struct document_block *b = &d->blocks[d->n++];
    *b = (struct document_block){.kind = kind, .text = copied};
    return b;
}

void document_stamp(struct document *d, const char *label, const char *value) {
    if (d->n_stamps == sizeof d->stamps / sizeof d->stamps[0])
        fail(d, ERR_INTERNAL, "a document has at most 8 stamps");
    const struct document_stamp stamp = {copy(d, label), copy(d, value)};
    if (stamp.label && stamp.value)
        d->stamps[d->n_stamps++] = stamp;
}

void document_heading(struct document *d, size_t level, const char *text) {
    assert(level >= 1 && level <= 3);
    struct document_block *b = add(d, DOCUMENT_HEADING, text);
    if (b)
        b->level = level;
}

__attribute__((format(printf, 2, 0))) static char *vprint(struct document *d, const char *format, va_list arguments) {
    char *text = d->failed.code ? NULL : mem_vprintf(NULL, format, arguments);
    if (!text)
        fail(d, ERR_NO_MEMORY, "out of memory while composing the report");
    return text;
}

#define PRINTED(name, kind)                                                                                                                \
    void name(struct document *d, const char *format, ...) {                                                                               \
        va_list arguments;                                                                                                                 \
        va_start(arguments, format);                                                                                                       \
        char *text = vprint(d, format, arguments);                                                                                         \
        va_end(arguments);                                                                                                                 \
        if (text)                                                                                                                          \
            add(d, kind, text);                                                                                                            \
        mem_free(text);                                                                                                                    \
    }
PRINTED(document_paragraph, DOCUMENT_PARAGRAPH)
PRINTED(document_item, DOCUMENT_ITEM)
PRINTED(document_note, DOCUMENT_NOTE)
PRINTED(document_warning, DOCUMENT_WARNING)

/* --- tables */

void document_table(struct document *d, const char *caption, const struct document_column *columns, size_t n_columns, const char *csv) {
    assert(n_columns > 0);
    struct document_block *b = add(d, DOCUMENT_TABLE, caption);
    struct document_column *copied = b ? arena_alloc(&d->strings, n_columns, sizeof *copied, &d->failed) : NULL;
    if (!copied) {
        d->n -= b ? 1 : 0;
        return;
    }
    for (size_t i = 0; i < n_columns; i++)
        copied[i] = (struct document_column){copy(d, columns[i].label), columns[i].number};
    b->csv = copy(d, csv);
    b->number = ++d->n_tables;
    b->table.column = copied;
    b->table.n_columns = n_columns;
}

static void cell(struct document *d, const char *text) {
    struct document_table *t = d->n ? &d->blocks[d->n - 1].table : NULL;
    if (d->failed.code)
        return;
    assert(t && t->n_columns > 0); /* a cell follows a table */
    if (t->n_cells == t->capacity) {
        const size_t wanted = 2 * t->n_cells + 32;
        if (mem_grow((void **)&t->cell, wanted, sizeof *t->cell, &d->failed))
            return;
        t->capacity = wanted;
    }
    t->cell[t->n_cells++] = copy(d, text);
}

void document_cell(struct document *d, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *text = vprint(d, format, arguments);
    va_end(arguments);
    if (text)
        cell(d, text);
    mem_free(text);
}

void document_group_row(struct document *d, const char *text) {
    cell(d, text);
    for (size_t i = 1; !d->failed.code && i < d->blocks[d->n - 1].table.n_columns; i++)
        cell(d, NULL);
}

void document_checklist(struct document *d, const char *caption) {
    const struct document_column columns[] = {{words(d->language, WORDS_ITEM), false},
                                              {words(d->language, WORDS_REQUIREMENT), false},
                                              {words(d->language, WORDS_STATE), false},
                                              {words(d->language, WORDS_WHERE), false}};
    document_table(d, caption, columns, sizeof columns / sizeof columns[0], NULL);
}

void document_checklist_item(struct document *d, const char *item, const char *requirement, enum document_state state, const char *where) {
    static const struct {
        const char *mark;
        enum words_key word;
    } states[] = {[DOCUMENT_FILLED] = {"✓", WORDS_FILLED},
                  [DOCUMENT_AUTHOR] = {"☐", WORDS_AUTHOR},
                  [DOCUMENT_NOT_APPLICABLE] = {"–", WORDS_NOT_APPLICABLE}};
    cell(d, item);
    cell(d, requirement);
    document_cell(d, "%s %s", states[state].mark, words(d->language, states[state].word));
    cell(d, where ? where : "");
}

/* --- figures */

void document_figure(struct document *d, struct canvas *figure, const char *name, const char *caption, const char *csv) {
    struct err e = {.code = 0};
    for (const char *s = name; *s; s++)
        assert(isalnum((unsigned char)*s) || *s == '-' || *s == '_');
    struct document_block *b = add(d, DOCUMENT_FIGURE, caption);
    if (!b) {
        canvas_free(figure);
        return;
    }
    b->figure = figure;
    b->name = copy(d, name);
    b->csv = copy(d, csv);
    b->number = ++d->n_figures;
    if (canvas_check(figure, &e))
        fail(d, e.code, e.message);
}

int document_write_figures(const struct document *d, const char *folder, struct err *e) {
    int rc = document_check(d, e);
    for (size_t i = 0; !rc && i < d->n; i++) {
        const struct document_block *b = &d->blocks[i];
        if (b->kind != DOCUMENT_FIGURE)
            continue;
        char *svg = mem_printf(e, "%s/%s.svg", folder, b->name), *png = svg ? mem_printf(e, "%s/%s.png", folder, b->name) : NULL;
        if (!png)
            rc = ERR_NO_MEMORY;
        else if ((rc = canvas_write_svg(b->figure, svg, e)) == 0)
            rc = canvas_write_png(b->figure, 2, png, e);
        mem_free(svg);
        mem_free(png);
    }
    return rc;
}

const struct document_block *document_blocks(const struct document *d, size_t *n) {
    *n = d->n;
    return d->blocks;
}

const struct document_stamp *document_stamps(const struct document *d, size_t *n) {
    *n = d->n_stamps;
    return d->stamps;
}

const char *document_title(const struct document *d) {
    return d->title;
}

enum words_language document_language(const struct document *d) {
    return d->language;
}
