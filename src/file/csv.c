/* Strict RFC 4180 tables from memory. Floor 1.
 *
 * One pass checks the bytes and counts separators (an upper bound of the number of cells), a second one copies the cells, each ended by a
 * NUL, into one block as long as the file: a cell is never longer than its source, and the separator that follows it makes room for the
 * NUL.
 */
#include "file/csv.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct reader {
    const char *text;
    size_t n, at;
    size_t line; /* of text[at] */
    char *store; /* where the next cell goes */
    const char *cell;
};

const char *csv_show(char out[CSV_SHOW_SIZE], const char *text) {
    const size_t keep = CSV_SHOW_SIZE - 8;
    size_t n = strnlen(text, keep + 1);
    bool cut = n > keep;
    if (cut) {
        n = keep;
        while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80) /* not inside a character */
            n--;
    }
    for (size_t i = 0; i < n; i++)
        out[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7F ? '?' : text[i];
    memcpy(out + n, cut ? "..." : "", cut ? 4 : 1);
    return out;
}

bool csv_edge_blank(const char *text) {
    static const char *const blanks[] = {" ", "\t", "\r", "\n", "\v", "\f", "\xC2\xA0", "\xE3\x80\x80", "\xE2\x80\x8B", "\xEF\xBB\xBF"};
    size_t n = strlen(text);
    for (size_t i = 0; i < sizeof blanks / sizeof blanks[0]; i++) {
        size_t b = strlen(blanks[i]);
        if (n >= b && (memcmp(text, blanks[i], b) == 0 || memcmp(text + n - b, blanks[i], b) == 0))
            return true;
    }
    return false;
}

/* Length of the well-formed UTF-8 character at p (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF), or 0. */
static size_t utf8_length(const unsigned char *p, size_t left) {
    unsigned char low = 0x80, high = 0xBF; /* bounds of the second byte */
    size_t length;
    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xC2 && p[0] <= 0xDF)
        length = 2;
    else if (p[0] >= 0xE0 && p[0] <= 0xEF)
        length = 3;
    else if (p[0] >= 0xF0 && p[0] <= 0xF4)
        length = 4;
    else
        return 0;
    if (length > left)
        return 0;
    if (p[0] == 0xE0)
        low = 0xA0;
    else if (p[0] == 0xED)
        high = 0x9F;
    else if (p[0] == 0xF0)
        low = 0x90;
    else if (p[0] == 0xF4)
        high = 0x8F;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return length;
}

bool csv_is_utf8(const char *text) {
    const unsigned char *p = (const unsigned char *)text;
    for (size_t left = strlen(text), length; left > 0; left -= length, p += length)
        if ((length = utf8_length(p, left)) == 0)
            return false;
    return true;
}

/* Fail at a byte: line by LFs, column by characters; found by counting again, because it happens once. */
static int fail_at(const char *text, size_t at, int code, struct err *e, const char *what) {
    size_t line = 1, column = 1;
    for (size_t i = 0; i < at; i++) {
        if (text[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)text[i] & 0xC0) != 0x80) {
            column++;
        }
    }
    return err_set(e, code, "line %zu, column %zu: %s", line, column, what);
}

static int check_bytes(const char *text, size_t n, size_t *separators, struct err *e) {
    const unsigned char *p = (const unsigned char *)text;
    *separators = 0;
    if (n >= 2 && ((p[0] == 0xFF && p[1] == 0xFE) || (p[0] == 0xFE && p[1] == 0xFF)))
        return fail_at(text, 0, ERR_CSV_UTF8, e, "the file is UTF-16; save it as UTF-8");
    for (size_t i = 0; i < n;) {
        size_t length = utf8_length(p + i, n - i);
        if (length == 0)
            return fail_at(text, i, ERR_CSV_UTF8, e, "not UTF-8; save the table as UTF-8");
        if (p[i] == 0)
            return fail_at(text, i, ERR_CSV_NUL, e, "a NUL byte: this is not a text file, or it is damaged");
        *separators += p[i] == ',' || p[i] == '\n';
        i += length;
    }
    return 0;
}

/* The bytes at r->at begin a line end: its length (1 LF, 2 CRLF), else 0. */
static size_t line_end(const struct reader *r) {
    if (r->at < r->n && r->text[r->at] == '\n')
        return 1;
    if (r->n - r->at >= 2 && r->text[r->at] == '\r' && r->text[r->at + 1] == '\n')
        return 2;
    return 0;
}

static int too_long(const struct reader *r, size_t start, struct err *e) {
    char what[64];
    snprintf(what, sizeof what, "a cell of more than %d bytes begins here", CSV_CELL_MAX);
    return fail_at(r->text, start, ERR_CSV_CELL_TOO_LONG, e, what);
}

static int read_quoted(struct reader *r, struct err *e) {
    size_t start = r->at++, size = 0;
    for (;;) {
        if (r->at == r->n)
            return fail_at(r->text, start, ERR_CSV_SYNTAX, e, "the quote that opens here is never closed");
        char c = r->text[r->at++];
        if (c == '"') {
            if (r->at == r->n || r->text[r->at] != '"')
                break;
            r->at++; /* "" stands for one quote */
        } else if (c == '\n') {
            r->line++;
        }
        if (size == CSV_CELL_MAX)
            return too_long(r, start, e);
        r->store[size++] = c;
    }
    if (r->at < r->n && r->text[r->at] != ',' && line_end(r) == 0)
        return fail_at(r->text, r->at, ERR_CSV_SYNTAX, e, "text after a closing quote (a quote inside a cell is written twice)");
    r->store += size;
    return 0;
}

static int read_plain(struct reader *r, struct err *e) {
    size_t start = r->at;
    for (; r->at < r->n; r->at++) {
        char c = r->text[r->at];
        if (c == ',' || c == '\n')
            break;
        if (c == '"')
            return fail_at(r->text, r->at, ERR_CSV_SYNTAX, e, "a quote inside a cell that is not quoted");
        if (c == '\r') {
            if (line_end(r) != 0)
                break;
            return fail_at(r->text, r->at, ERR_CSV_SYNTAX, e, "a CR without LF; save the table with LF or CRLF line ends");
        }
        if (r->at - start == CSV_CELL_MAX)
            return too_long(r, start, e);
    }
    memcpy(r->store, r->text + start, r->at - start);
    r->store += r->at - start;
    return 0;
}

/* One cell into r->cell; *last if it ends its row. The separator is consumed. */
static int read_cell(struct reader *r, bool *last, struct err *e) {
    char *begin = r->store;
    int code = r->at < r->n && r->text[r->at] == '"' ? read_quoted(r, e) : read_plain(r, e);
    if (code != 0)
        return code;
    *r->store++ = '\0';
    r->cell = begin;
    *last = true;
    if (r->at < r->n && r->text[r->at] == ',') {
        r->at++;
        *last = false;
    } else if (r->at < r->n) {
        r->at += line_end(r);
        r->line++;
    }
    return 0;
}

/* At the start of a row: *more = false at the end of the table. Blank lines may only stand there. */
static int at_row(struct reader *r, bool *more, struct err *e) {
    size_t first = r->line, length;
    *more = r->at < r->n;
    if (line_end(r) == 0)
        return 0;
    while ((length = line_end(r)) != 0)
        r->at += length;
    *more = false;
    if (r->at < r->n)
        return err_set(e, ERR_CSV_RAGGED, "line %zu: a blank line between rows", first);
    return 0;
}

static int read_header(struct csv *c, struct reader *r, struct arena *arena, struct err *e) {
    size_t room = 0;
    bool last = false;
    for (size_t i = r->at; i < r->n && r->text[i] != '\n' && room <= CSV_COLUMNS_MAX; i++)
        room += r->text[i] == ',';
    /* A quoted name may hold a line end; then the bound above is too low and names are many: rare enough for the full limit. */
    room = memchr(r->text + r->at, '"', r->n - r->at) != NULL || room >= CSV_COLUMNS_MAX ? CSV_COLUMNS_MAX : room + 1;
    c->header = arena_alloc(arena, room, sizeof *c->header, e);
    if (c->header == NULL)
        return ERR_NO_MEMORY;
    while (!last) {
        int code = read_cell(r, &last, e);
        if (code != 0)
            return code;
        if (c->n_columns == CSV_COLUMNS_MAX)
            return err_set(e, ERR_LIMIT, "line 1: more than %d columns", CSV_COLUMNS_MAX);
        assert(c->n_columns < room);
        c->header[c->n_columns++] = r->cell;
    }
    return 0;
}

static int read_row(struct csv *c, struct reader *r, struct err *e) {
    size_t first = r->line, n = 0;
    bool last = false;
    while (!last) {
        int code = read_cell(r, &last, e);
        if (code != 0)
            return code;
        if (n < c->n_columns)
            c->cells[c->n_rows * c->n_columns + n] = r->cell;
        n++;
    }
    if (n != c->n_columns)
        return err_set(e, ERR_CSV_RAGGED, "line %zu: %zu cells where the header has %zu", first, n, c->n_columns);
    c->line[c->n_rows++] = first;
    return 0;
}

int csv_dialect(const char *text, size_t n, struct err *e) {
    const size_t mark = n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    const char *line = text + mark, *end = memchr(line, '\n', n - mark);
    n = end ? (size_t)(end - line) : n - mark;
    if (n >= 4 && strncasecmp(line, "sep=", 4) == 0)
        return err_set(e, ERR_CSV_SYNTAX, "line 1 is the \"sep=\" line of a spreadsheet program; remove it");
    if (memchr(line, ',', n))
        return 0;
    const bool semicolon = memchr(line, ';', n) != NULL, tab = memchr(line, '\t', n) != NULL;
    if (!semicolon && !tab)
        return 0;
    return err_set(e, ERR_CSV_SYNTAX,
                   "line 1: the cells are separated by %s, not by commas; save the table with commas between cells and points in numbers",
                   semicolon ? "semicolons" : "tabs");
}

int csv_parse(struct csv *out, struct arena *arena, const char *text, size_t n, struct err *e) {
    struct reader r = {.text = text, .n = n, .line = 1};
    size_t separators = 0;
    bool more = false;
    int code;
    *out = (struct csv){0};
    if (n > CSV_FILE_MAX)
        return err_set(e, ERR_LIMIT, "the table has %zu bytes, the limit is %d", n, CSV_FILE_MAX);
    if (n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        r.at = 3;
    if ((code = check_bytes(text, n, &separators, e)) != 0)
        return code;
    if (separators > CSV_SEPARATORS_MAX)
        return err_set(e, ERR_LIMIT, "the table has %zu commas and line ends, the limit is %d", separators, CSV_SEPARATORS_MAX);
    if ((code = at_row(&r, &more, e)) != 0)
        return code;
    if (!more)
        return err_set(e, ERR_CSV_EMPTY, "the table is empty: a header line is needed");
    r.store = arena_alloc(arena, n + 1, 1, e);
    if (r.store == NULL)
        return ERR_NO_MEMORY;
    if ((code = read_header(out, &r, arena, e)) != 0)
        return code;
    /* Every full row takes n_columns cells, each followed by a separator or the end: this many rows at most, and one that is ragged. */
    size_t rows = (separators + 1) / out->n_columns + 1;
    out->cells = arena_alloc(arena, rows * out->n_columns, sizeof *out->cells, e);
    out->line = arena_alloc(arena, rows, sizeof *out->line, e);
    if (out->cells == NULL || out->line == NULL)
        return ERR_NO_MEMORY;
    while ((code = at_row(&r, &more, e)) == 0 && more)
        if ((code = read_row(out, &r, e)) != 0)
            return code;
    return code;
}

const char *csv_cell(const struct csv *c, size_t row, size_t column) {
    assert(row < c->n_rows && column < c->n_columns);
    return c->cells[row * c->n_columns + column];
}
