/* A document as one self-contained HTML page: inline SVG, no script, nothing fetched, light and dark, prints on A4. Floor 2. */
#ifndef BMU_DRAW_HTML_H
#define BMU_DRAW_HTML_H

#include "draw/document_model.h"

/* Appends the text with everything escaped that means something in HTML or XML, within an element or within a quoted attribute. Control and
 * bidirectional override characters, and bytes that are not UTF-8, become U+FFFD. */
int html_escape(struct buf *out, const char *text, struct err *e);

/* The same document gives the same bytes. */
int html_render(struct buf *out, const struct document *d, struct err *e);
int html_write(const struct document *d, const char *path, struct err *e);

#endif
