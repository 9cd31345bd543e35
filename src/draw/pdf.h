/* A document as a PDF on A4: page numbers, an outline, tables that continue on the next page. Floor 2. */
#ifndef BMU_DRAW_PDF_H
#define BMU_DRAW_PDF_H

#include "draw/document_model.h"

/* date: ISO 8601, "2026-01-31T12:00:00Z", the only date in the file. The same document, date and fonts give the same bytes. */
int pdf_write(const struct document *d, struct canvas_fonts *fonts, const char *date, const char *path, struct err *e);

#endif
