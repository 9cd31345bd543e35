/* The CSV reader against Python's csv module (tests/golden/csv.json, by tests/oracle/csv_golden.py) and against every kind of bad table.
 * Test code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "file/csv.h"
#include "file/io.h"
#include "file/json.h"

static struct csv table;
static struct arena arena;
static struct err err;

/* From a block of exactly n bytes, so that AddressSanitizer sees a read beyond. */
static int parse_bytes(const char *text, size_t n) {
    char *exact = malloc(n > 0 ? n : 1);
    assert_non_null(exact);
    memcpy(exact, text, n);
    err = (struct err){0};
    arena_release(&arena);
    arena_init(&arena, 0);
    int code = csv_parse(&table, &arena, exact, n, &err);
    free(exact);
    assert_int_equal(code, err.code);
    return code;
}

static int parse(const char *text) {
    return parse_bytes(text, strlen(text));
}

static void refused(const char *text, size_t n, int code, const char *says) {
    assert_int_equal(parse_bytes(text, n), code);
    if (strstr(err.message, says) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.message, says);
}
#define REFUSED(text, code, says) refused(text, sizeof(text) - 1, code, says)

static void same_as_python(void **state) {
    (void)state;
    uint8_t *bytes = NULL;
    size_t n = 0;
    struct json *cases = NULL;
    assert_int_equal(io_read_file(&bytes, &n, "tests/golden/csv.json", 1 << 24, &err), 0);
    assert_int_equal(json_read(&cases, (const char *)bytes, n, ERR_INTERNAL, &err), 0);
    assert_true(json_size(cases) >= 150);
    for (size_t i = 0; i < json_size(cases); i++) {
        const struct json *rows = json_get(json_at(cases, i), "rows");
        if (parse(json_string(json_get(json_at(cases, i), "text"))) != 0)
            fail_msg("table %zu: %s", i, err.message);
        assert_int_equal(table.n_rows + 1, json_size(rows));
        for (size_t r = 0; r < json_size(rows); r++) {
            assert_int_equal(table.n_columns, json_size(json_at(rows, r)));
            for (size_t c = 0; c < table.n_columns; c++)
                assert_string_equal(r == 0 ? table.header[c] : csv_cell(&table, r - 1, c), json_string(json_at(json_at(rows, r), c)));
        }
    }
    json_free(cases);
    free(bytes);
}

static void byte_order_mark_is_skipped(void **state) {
    (void)state;
    assert_int_equal(parse("\xEF\xBB\xBF"
                           "a,b\r\n1,2\r\n"),
                     0);
    assert_string_equal(table.header[0], "a");
    assert_int_equal(parse("\xEF\xBB\xBF\"a\",b\n"), 0);
    assert_string_equal(table.header[0], "a");
}

static void rows_know_their_line(void **state) {
    (void)state;
    assert_int_equal(parse("a,b\n\"x\ny\",2\r\n3,\"\r\n\"\n5,6"), 0);
    assert_int_equal(table.n_rows, 3);
    assert_int_equal(table.line[0], 2);
    assert_int_equal(table.line[1], 4);
    assert_int_equal(table.line[2], 6);
}

static void ragged_rows(void **state) {
    (void)state;
    REFUSED("a,b\n1,2\n3\n", ERR_CSV_RAGGED, "line 3: 1 cells where the header has 2");
    REFUSED("a,b\n1,2,3\n", ERR_CSV_RAGGED, "line 2: 3 cells where the header has 2");
    REFUSED("a,b\n\"x\n\n\",2\n1,2,\n", ERR_CSV_RAGGED, "line 5: 3 cells");
    REFUSED("a,b\n\n1,2\n", ERR_CSV_RAGGED, "line 2: a blank line");
    REFUSED("a\n1\n\r\n2\n", ERR_CSV_RAGGED, "line 3: a blank line");
    REFUSED("\na,b\n", ERR_CSV_RAGGED, "line 1: a blank line");
    REFUSED("a,b\n1,2\n \n", ERR_CSV_RAGGED, "line 3: 1 cells");
}

static void quoting(void **state) {
    (void)state;
    REFUSED("a,b\n1,\"2\n3,4\n", ERR_CSV_SYNTAX, "line 2, column 3: the quote that opens here is never closed");
    REFUSED("a,b\n1,x\"2\"\n", ERR_CSV_SYNTAX, "line 2, column 4: a quote inside");
    REFUSED("a,b\n1,\"2\"x\n", ERR_CSV_SYNTAX, "line 2, column 6: text after a closing quote");
    REFUSED("a,b\n\"1\" ,2\n", ERR_CSV_SYNTAX, "line 2, column 4: text after");
    REFUSED("a,b\n1,\"2\"\r", ERR_CSV_SYNTAX, "line 2, column 6");
    REFUSED("\"", ERR_CSV_SYNTAX, "line 1, column 1");
    REFUSED("a,b\n1,\"2\"\"", ERR_CSV_SYNTAX, "never closed");
}

static void lone_cr(void **state) {
    (void)state;
    REFUSED("a,b\r1,2\r", ERR_CSV_SYNTAX, "line 1, column 4: a CR without LF");
    REFUSED("a,b\n1,2\r", ERR_CSV_SYNTAX, "line 2, column 4: a CR without LF");
    REFUSED("a,b\n1,2\r\r\n", ERR_CSV_SYNTAX, "line 2, column 4: a CR without LF");
}

static void nul_bytes(void **state) {
    (void)state;
    REFUSED("a,b\n1,\0002\n", ERR_CSV_NUL, "line 2, column 3: a NUL byte");
    REFUSED("\0", ERR_CSV_NUL, "line 1, column 1");
    REFUSED("a,b\n\"\xC3\xA9\n\0\",2\n", ERR_CSV_NUL, "line 3, column 1");
    REFUSED("a,b\n\xC3\xA9,\0\n", ERR_CSV_NUL, "line 2, column 3"); /* characters, not bytes */
}

static void not_utf8(void **state) {
    (void)state;
    REFUSED("a,b\n1,caf\xE9\n", ERR_CSV_UTF8, "line 2, column 6"); /* Latin-1 */
    REFUSED("\xFF\xFE"
            "a\0,\0b\0",
            ERR_CSV_UTF8, "UTF-16");
    REFUSED("a\n\xC0\xAF\n", ERR_CSV_UTF8, "line 2");         /* overlong */
    REFUSED("a\n\xE0\x80\x80\n", ERR_CSV_UTF8, "line 2");     /* overlong */
    REFUSED("a\n\xF0\x80\x80\x80\n", ERR_CSV_UTF8, "line 2"); /* overlong */
    REFUSED("a\n\xED\xA0\x80\n", ERR_CSV_UTF8, "line 2");     /* surrogate */
    REFUSED("a\n\xF4\x90\x80\x80\n", ERR_CSV_UTF8, "line 2"); /* above U+10FFFF */
    REFUSED("a\n\xE4\xB9", ERR_CSV_UTF8, "line 2");           /* cut */
    REFUSED("a\n\xE4", ERR_CSV_UTF8, "line 2");
    assert_int_equal(parse("a\n\xF4\x8F\xBF\xBF\n"), 0);
    assert_int_equal(parse("a\n\xED\x9F\xBF\xEE\x80\x80\n"), 0);
}

/* A table with one cell of n bytes. */
static char *wide(size_t n, const char *open, const char *close) {
    char *text = malloc(n + 16);
    assert_non_null(text);
    size_t used = (size_t)snprintf(text, 16, "a,b\n1,%s", open);
    memset(text + used, 'x', n);
    memcpy(text + used + n, close, strlen(close) + 1);
    return text;
}

static void cell_limit(void **state) {
    (void)state;
    for (int quoted = 0; quoted < 2; quoted++) {
        const char *open = quoted ? "\"" : "", *close = quoted ? "\"\n" : "\n";
        char *text = wide(CSV_CELL_MAX, open, close);
        assert_int_equal(parse(text), 0);
        assert_int_equal(strlen(csv_cell(&table, 0, 1)), CSV_CELL_MAX);
        free(text);
        text = wide(CSV_CELL_MAX + 1, open, close);
        refused(text, strlen(text), ERR_CSV_CELL_TOO_LONG, "line 2, column 3: a cell of more than 65536 bytes");
        free(text);
        text = wide(10 * 1024 * 1024, open, close);
        clock_t before = clock();
        refused(text, strlen(text), ERR_CSV_CELL_TOO_LONG, "line 2, column 3");
        assert_true((double)(clock() - before) / CLOCKS_PER_SEC < 2.0); /* one look over the bytes, with room for sanitizers */
        free(text);
    }
}

static void column_limit(void **state) {
    (void)state;
    size_t n = 0;
    char *text = malloc(2 * CSV_COLUMNS_MAX + 16);
    assert_non_null(text);
    for (int i = 0; i < CSV_COLUMNS_MAX; i++) {
        text[n++] = 'a';
        text[n++] = ',';
    }
    text[n - 1] = '\n';
    text[n] = '\0';
    assert_int_equal(parse(text), 0);
    assert_int_equal(table.n_columns, CSV_COLUMNS_MAX);
    memcpy(text + n - 1, ",b\n", 4);
    refused(text, strlen(text), ERR_LIMIT, "more than 4096 columns");
    text[0] = '"'; /* the same by the path of quoted headers */
    text[1] = '"';
    text[2] = ',';
    refused(text, strlen(text), ERR_LIMIT, "more than 4096 columns");
    free(text);
}

static void empty(void **state) {
    (void)state;
    REFUSED("", ERR_CSV_EMPTY, "empty");
    REFUSED("\n\n", ERR_CSV_EMPTY, "empty");
    REFUSED("\xEF\xBB\xBF", ERR_CSV_EMPTY, "empty");
    assert_int_equal(parse("a,b"), 0);
    assert_int_equal(table.n_rows, 0);
}

static void shown_text(void **state) {
    (void)state;
    char out[CSV_SHOW_SIZE];
    assert_string_equal(csv_show(out, "a\n\x1B[31mb\x7F"), "a??[31mb?");
    char text[200];
    for (size_t i = 0; i + 3 < sizeof text; i += 3)
        memcpy(text + i, "\xE4\xB9\xB3", 4);
    csv_show(out, text);
    assert_true(strlen(out) < CSV_SHOW_SIZE && strlen(out) % 3 == 0); /* whole characters and "..." */
    assert_string_equal(out + strlen(out) - 3, "...");
}

static void dialects_are_named(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {{"exam_id;side\nE1;L\n", "separated by semicolons, not by commas"},
                 {"exam_id;score\nE1;0,2\n", "separated by semicolons, not by commas"},
                 {"exam_id\tside\nE1\tL\n", "separated by tabs, not by commas"},
                 {"sep=;\nexam_id;side\n", "remove it"},
                 {"\xEF\xBB\xBFSEP=,\nexam_id,side\n", "remove it"},
                 {"exam_id,a;b\n1,2\n", NULL},
                 {"exam_id\nE1;2\n", NULL},
                 {"", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        err = (struct err){0};
        assert_int_equal(csv_dialect(cases[i].text, strlen(cases[i].text), &err), cases[i].says ? ERR_CSV_SYNTAX : 0);
        assert_true(!cases[i].says || strstr(err.message, cases[i].says));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dialects_are_named),
        cmocka_unit_test(same_as_python),
        cmocka_unit_test(byte_order_mark_is_skipped),
        cmocka_unit_test(rows_know_their_line),
        cmocka_unit_test(ragged_rows),
        cmocka_unit_test(quoting),
        cmocka_unit_test(lone_cr),
        cmocka_unit_test(nul_bytes),
        cmocka_unit_test(not_utf8),
        cmocka_unit_test(cell_limit),
        cmocka_unit_test(column_limit),
        cmocka_unit_test(empty),
        cmocka_unit_test(shown_text),
    };
    arena_init(&arena, 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}
