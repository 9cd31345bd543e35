/* Strict RFC 4180 tables from memory. Floor 1.
 *
 * Accepted: UTF-8 with or without a byte order mark; lines ended by LF or CRLF, the last one by the end of the file too; quoted cells with
 * doubled quotes, commas and line ends inside; blank lines after the last row. Refused, each with line and column: NUL, bytes that are not
 * UTF-8, a quote inside an unquoted cell, text after a closing quote, a CR that is not followed by LF outside quotes (old Macintosh files:
 * guessing there would merge or split rows), rows with more or fewer cells than the header, blank lines between rows. Cells are taken as
 * written: nothing is trimmed.
 */
#ifndef BMU_FILE_CSV_H
#define BMU_FILE_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

enum {
    CSV_FILE_MAX = 256 * 1024 * 1024,
    CSV_CELL_MAX = 64 * 1024, /* bytes of one cell, quotes undone */
    CSV_COLUMNS_MAX = 4096,
    CSV_SEPARATORS_MAX = 32 * 1024 * 1024 /* commas and line ends of one file */
};

struct csv {
    size_t n_columns, n_rows;
    const char **header; /* n_columns names */
    const char **cells;  /* n_rows * n_columns, row-major; never NULL */
    size_t *line;        /* n_rows: the line on which the row begins, 1-based (the header of a plain file is line 1) */
};

/* ERR_CSV_SYNTAX with the one cause, if the first line is one that spreadsheet programs of other countries write: semicolons or tabs and no
 * comma, or "sep=". For tables whose header has commas, or a single name without either of the two; to be asked before parsing. */
int csv_dialect(const char *text, size_t n, struct err *e);
/* Parse n bytes; everything in *out lives in the arena. ERR_CSV_*, ERR_LIMIT, ERR_NO_MEMORY; ERR_CSV_EMPTY only if there is not even a
 * header. */
int csv_parse(struct csv *out, struct arena *arena, const char *text, size_t n, struct err *e);
/* Borrowed. */
const char *csv_cell(const struct csv *c, size_t row, size_t column);

/* Is it well-formed UTF-8 (RFC 3629)? */
bool csv_is_utf8(const char *text);
/* Does the text begin or end with white space (ASCII, or the no-break, ideographic or zero-width one that spreadsheets bring)? */
bool csv_edge_blank(const char *text);

/* Untrusted text for a sentence: cut after some 60 bytes (then "..."), control bytes shown as '?'. Returns out. */
enum { CSV_SHOW_SIZE = 72 };
const char *csv_show(char out[CSV_SHOW_SIZE], const char *text);

#endif
