/* A report as a list of blocks, which html.c and pdf.c both render. Floor 2.
 *
 * Text is plain text: every renderer escapes or sets it by itself, there is no way to pass markup through. As with a canvas, the functions
 * that add return nothing; the first failure stays in the document, and document_check() or a writer reports it. Strings are copied.
 * Figures and tables are numbered in order by the renderers ("Figure 2.").
 */
#ifndef BMU_DRAW_DOCUMENT_MODEL_H
#define BMU_DRAW_DOCUMENT_MODEL_H

#include "draw/canvas.h"
#include "draw/words.h"

enum document_kind {
    DOCUMENT_HEADING,
    DOCUMENT_PARAGRAPH,
    DOCUMENT_ITEM,
    DOCUMENT_NOTE,
    DOCUMENT_WARNING,
    DOCUMENT_TABLE,
    DOCUMENT_FIGURE
};

struct document_column {
    const char *label;
    bool number; /* aligned to the right */
};
enum document_state { DOCUMENT_FILLED, DOCUMENT_AUTHOR, DOCUMENT_NOT_APPLICABLE };

struct document_table {
    struct document_column *column;
    size_t n_columns;
    const char **cell; /* rows of n_columns; a group heading is its text followed by NULLs */
    size_t n_cells, capacity;
};
struct document_block {
    enum document_kind kind;
    size_t level;     /* heading: 1..3 */
    size_t number;    /* table, figure: from 1 */
    const char *text; /* heading, paragraph, item, note; the caption of a table or figure */
    const char *csv;  /* nullable: a relative link to the numbers */
    const char *name; /* figure: stem of its files */
    struct document_table table;
    struct canvas *figure; /* owned by the document */
};
struct document_stamp {
    const char *label, *value;
};
struct document;

int document_create(struct document **out, enum words_language language, const char *title, struct err *e);
void document_free(struct document *d); /* with its figures; NULL is allowed */
int document_check(const struct document *d, struct err *e);

/* Where it comes from: code version, hashes of inputs. On top of the page; the first two also on each page of the PDF. */
void document_stamp(struct document *d, const char *label, const char *value);
void document_heading(struct document *d, size_t level, const char *text);
void document_paragraph(struct document *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
void document_item(struct document *d, const char *format, ...)
    __attribute__((format(printf, 2, 3))); /* of a list: items in a row are one */
void document_note(struct document *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
void document_warning(struct document *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A table; its cells follow by document_cell(), row after row, n_columns each. csv: nullable, a relative link ("figures/roc.csv"). */
void document_table(struct document *d, const char *caption, const struct document_column *columns, size_t n_columns, const char *csv);
void document_cell(struct document *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A row that is one text over all columns, a heading for those that follow. */
void document_group_row(struct document *d, const char *text);

/* A checklist is a table with columns item, requirement, state, where. Begin it, then its items. where: nullable. */
void document_checklist(struct document *d, const char *caption);
void document_checklist_item(struct document *d, const char *item, const char *requirement, enum document_state state, const char *where);

/* Takes the figure, also on failure. name: letters, digits, '-', '_': its files are name.svg and name.png. */
void document_figure(struct document *d, struct canvas *figure, const char *name, const char *caption, const char *csv);

/* Every figure as folder/name.svg and folder/name.png (which the HTML page links to as figures/name.svg). The folder must exist. */
int document_write_figures(const struct document *d, const char *folder, struct err *e);

/* For renderers; borrowed. */
const struct document_block *document_blocks(const struct document *d, size_t *n);
const struct document_stamp *document_stamps(const struct document *d, size_t *n);
const char *document_title(const struct document *d);
enum words_language document_language(const struct document *d);

#endif
