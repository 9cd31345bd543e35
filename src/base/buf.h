/* A growable byte buffer, always followed by a NUL so that text in it is a C string. Floor 0. */
#ifndef BMU_BASE_BUF_H
#define BMU_BASE_BUF_H

#include <stddef.h>

#include "base/err.h"

struct buf {
    char *data; /* owned; NULL while empty and never appended to */
    size_t size;
    size_t capacity;
};
void buf_init(struct buf *b);
void buf_release(struct buf *b);
void buf_clear(struct buf *b); /* keeps the memory */
int buf_append(struct buf *b, const void *bytes, size_t n, struct err *e);
int buf_printf(struct buf *b, struct err *e, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* One RFC 4180 cell: quoted only if it holds a comma, a quote, CR or LF. Cells that a spreadsheet would run as a formula are left as they
 * are. */
int buf_csv_cell(struct buf *b, const char *text, struct err *e);

#endif
