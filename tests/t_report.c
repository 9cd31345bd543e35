/* Figures and pages: text that is made safe, points where the numbers say, texts that never overlap whatever the numbers, one input one
 * result. Test code. What the HTML, SVG and PDF look like from outside is tests/cli/t_report.sh. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "draw/document_model.h"
#include "draw/html.h"
#include "draw/pdf.h"
#include "draw/plot.h"
#include "file/io.h"

static struct canvas_fonts *fonts;
static struct err err;
enum { PNG_MAX = 1 << 24 };

static int open_fonts(void **state) {
    (void)state;
    return canvas_fonts_open(&fonts, &err);
}

static int close_fonts(void **state) {
    (void)state;
    canvas_fonts_free(fonts);
    return 0;
}

static struct plot_context context(enum words_language language) {
    return (struct plot_context){fonts, language};
}

/* --- text */

static void text_is_made_safe(void **state) {
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"plain", "plain"},
        {"<script>alert('1')</script>", "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"},
        {"\" onload=\"x", "&quot; onload=&quot;x"},
        {"a & b &amp; ]]> -->", "a &amp; b &amp;amp; ]]&gt; --&gt;"},
        {"a\x01"
         "b\x1f\x7f",
         "a\xEF\xBF\xBD"
         "b\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"line\nnext\tcell\r", "line next cell "},
        {"\xE2\x80\xAE"
         "live\xE2\x81\xA6",
         "\xEF\xBF\xBDlive\xEF\xBF\xBD"},                                         /* override U+202E, isolate U+2066 */
        {"\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D", "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D"}, /* Hebrew is text like any other */
        {"\xC0\xBC", "\xEF\xBF\xBD\xEF\xBF\xBD"},                                 /* an overlong '<' */
        {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},                 /* a surrogate */
        {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}, /* above U+10FFFF */
        {"a\xE4\xB8", "a\xEF\xBF\xBD\xEF\xBF\xBD"},                               /* ends within a character */
        {"\xE4\xB8<b>", "\xEF\xBF\xBD\xEF\xBF\xBD&lt;b&gt;"},
        {"\xEF\xBF\xBE\xEF\xB7\x90", "\xEF\xBF\xBD\xEF\xBF\xBD"}, /* noncharacters, which XML forbids */
        {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf b;
        buf_init(&b);
        assert_int_equal(html_escape(&b, cases[i].in, &err), 0);
        assert_string_equal(b.data ? b.data : "", cases[i].out);
        buf_release(&b);
    }
}

static int text_on_canvas(const char *text) {
    struct canvas *c;
    assert_int_equal(canvas_create(&c, fonts, 400, 40, &err), 0);
    canvas_text(c, (struct canvas_type){.size = 12}, 5, 20, text);
    const int rc = canvas_check(c, &err);
    canvas_free(c);
    return rc;
}

static void text_that_cannot_be_set_is_an_error(void **state) {
    (void)state;
    assert_int_equal(text_on_canvas("Sensitivity 灵敏度 ≥ 0.9 – “x” ✓ ☐ −1 • … ő ß Ж שלום"), 0);
    assert_int_equal(text_on_canvas("a face: \xF0\x9F\xA4\xA0"), ERR_REPORT_TEXT);
    assert_non_null(strstr(err.message, "U+1F920"));
    assert_int_equal(text_on_canvas("\xF0\x93\x80\x80"), ERR_REPORT_TEXT); /* a hieroglyph */
    assert_int_equal(text_on_canvas("latin1 \xE4"), ERR_REPORT_TEXT);
}

static void text_fits_and_wraps(void **state) {
    (void)state;
    const struct canvas_type type = {.size = 11};
    static const char *const texts[] = {"",
                                        "a",
                                        "Some words that are broken at spaces",
                                        "Averyveryverylongwordwithoutanyspaceatall",
                                        "中文没有空格也要换行，标点也一样。",
                                        "mixed 中文 and n = 12 text"};
    struct canvas *c;
    assert_int_equal(canvas_create(&c, fonts, 400, 40, &err), 0);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (double width = 20; width < 300; width *= 1.7) {
            const char *const *lines;
            const char *fitted = canvas_fit(c, type, width, texts[i]);
            assert_true(canvas_text_width(c, type, fitted) <= width);
            if (strcmp(fitted, texts[i])) /* cut: with an ellipsis, and what is left is the text's beginning */
                assert_memory_equal(fitted, texts[i], strlen(fitted) - 3);
            const size_t n = canvas_wrap(c, type, width, texts[i], &lines);
            size_t left = 0, all = 0;
            for (size_t k = 0; k < n; k++) {
                for (const char *p = lines[k]; *p; p++)
                    left += *p != ' ' && *p != '\xC2' && *p != '\xA0';
                if (width > 40)
                    assert_true(canvas_text_width(c, type, lines[k]) <= width + 0.5);
            }
            for (const char *p = texts[i]; *p; p++)
                all += *p != ' ' && *p != '\xC2' && *p != '\xA0';
            assert_int_equal(left, all); /* nothing lost but spaces */
        }
    assert_int_equal(canvas_check(c, &err), 0);
    canvas_free(c);
}

/* --- geometry */

static double attribute(const char *element, const char *name) {
    char wanted[40];
    snprintf(wanted, sizeof wanted, " %s=\"", name);
    const char *at = strstr(element, wanted), *end = strchr(element, '>');
    assert_true(at && end && at < end);
    return strtod(at + strlen(wanted), NULL);
}

/* Where the axis' numbers stand: pixel of 0 and of 1 on each axis, from the text of the ticks. */
static void tick_places(const char *svg, double x[2], double y[2]) {
    for (int v = 0; v < 2; v++) {
        bool across = false, up = false;
        for (const char *p = svg; (p = strstr(p, "<text")); p++) {
            const char *content = strchr(p, '>') + 1;
            if (strncmp(content, v ? "1.0<" : "0.0<", 4))
                continue;
            const bool middle = strstr(p, "text-anchor=\"middle\"") && strstr(p, "text-anchor=\"middle\"") < content;
            if (middle)
                x[v] = attribute(p, "x");
            else
                y[v] = attribute(p, "y") - 4; /* the number's middle */
            across = across || middle;
            up = up || !middle;
        }
        assert_true(across && up);
    }
}

static void points_land_where_the_numbers_say(void **state) {
    (void)state;
    const struct plot_context p = context(WORDS_ENGLISH);
    const double cx[] = {0, 0.1, 0.5, 1}, cy[] = {0, 0.6, 0.9, 1};
    const struct plot_curve curve = {.name = "model", .x = cx, .y = cy, .n = 4};
    const struct plot_point at[] = {{"A", 0.2, 0.7, NAN, NAN, NAN, NAN}, {"B", 0.85, 0.31, NAN, NAN, NAN, NAN}};
    const struct plot_points group = {"Readers", NULL, at, 2};
    struct canvas *c;
    struct buf b;
    double x[2], y[2];
    buf_init(&b);
    assert_int_equal(plot_roc(&c, &p, NULL, 0, &group, 1, &err), 0);
    assert_int_equal(canvas_svg(&b, c, "f", &err), 0);
    tick_places(b.data, x, y);
    assert_true(x[1] - x[0] > 300 && fabs((x[1] - x[0]) - (y[0] - y[1])) < 0.02); /* square, y upwards */
    const char *circle = strstr(b.data, "<g class=\"points\">");
    for (int i = 0; i < 2; i++) {
        circle = strstr(circle + 1, "<circle");
        assert_non_null(circle);
        assert_true(fabs(attribute(circle, "cx") - (x[0] + at[i].x * (x[1] - x[0]))) < 0.011);
        assert_true(fabs(attribute(circle, "cy") - (y[0] + at[i].y * (y[1] - y[0]))) < 0.011);
    }
    canvas_free(c);
    buf_clear(&b);
    assert_int_equal(plot_roc(&c, &p, &curve, 1, NULL, 0, &err), 0);
    assert_int_equal(canvas_svg(&b, c, "f", &err), 0);
    tick_places(b.data, x, y);
    const char *next = strstr(strstr(b.data, "<g class=\"curve\">"), "points=\"") + 8;
    for (int i = 0; i < 4; i++) {
        char *end;
        assert_true(fabs(strtod(next, &end) - (x[0] + cx[i] * (x[1] - x[0]))) < 0.011);
        assert_true(fabs(strtod(end + 1, &end) - (y[0] + cy[i] * (y[1] - y[0]))) < 0.011);
        next = end + 1;
    }
    assert_int_equal(next[-1], '"'); /* four points and no more */
    canvas_free(c);
    buf_release(&b);
}

/* --- nasty inputs: a picture whose texts do not overlap, or a code */

static size_t drawn, refused;
static void sound_picture_or_code(int rc, struct canvas *c, const char *what) {
    struct buf b;
    if (rc) {
        refused++;
        assert_null(c);
        if (rc != ERR_REPORT_NUMBER && rc != ERR_LIMIT)
            fail_msg("%s: %s: %s", what, err_name(rc), err.message);
        return;
    }
    drawn++;
    if (canvas_check_layout(c, &err))
        fail_msg("%s: %s", what, err.message);
    buf_init(&b);
    assert_int_equal(canvas_svg(&b, c, "f", &err), 0);
    assert_null(strstr(b.data, "nan"));
    assert_null(strstr(b.data, "inf\""));
    buf_release(&b);
    canvas_free(c);
}

static const char *const long_name =
    "An extraordinarily long name of a subgroup, 还有很多很多的中文字, <with> \"quotes\" & all that one can think of, twice over";

/* Numbers of a kind: 0 sound, 1 with NaN, 2 all NaN, 3 all the same, 4 tiny, 5 huge, 6 negative and huge, 7 infinite, 8 out of [0, 1], 9
 * close together and far from 0. */
enum { KINDS = 10, MOST = 80 };
static double value_of(int kind, size_t i, size_t n) {
    const double t = n > 1 ? (double)i / (double)(n - 1) : 0.5;
    const double values[KINDS] = {t,         i % 3 ? t : NAN,  NAN, 0.5, 1e-9 * t, 1e14 * t, -9e14 * t, i ? t : INFINITY,
                                  3 * t - 1, 123456789 + t / 2};
    return values[kind];
}

static void nasty_curves(enum words_language language, int kind_x, int kind_y, size_t n) {
    const struct plot_context p = context(language);
    static double x[MOST], y[MOST], low[MOST], high[MOST], edge[MOST + 1], count[MOST];
    static struct plot_point points[MOST];
    for (size_t i = 0; i < n; i++) {
        x[i] = value_of(kind_x, i, n);
        y[i] = value_of(kind_y, i, n);
        low[i] = y[i] * 0.9;
        high[i] = fmin(y[i] * 1.1, fmax(y[i], 1));
        edge[i] = value_of(kind_x, i, n + 1);
        count[i] = fabs(y[i]) * 1000;
        points[i] = (struct plot_point){i % 7 ? "Reader 12" : long_name, x[i], y[i], low[i] < x[i] ? low[i] : NAN, x[i], NAN, y[i]};
    }
    edge[n] = value_of(kind_x, n, n + 1);
    const struct plot_curve curves[] = {{.name = long_name, .note = long_name, .x = x, .y = y, .n = n, .low = low, .high = high},
                                        {.name = "b", .x = x, .y = high, .n = n, .low = low, .high = high, .bars = true, .marked = true}};
    const struct plot_points groups[] = {{long_name, NULL, points, n}, {"again", "the same", points, n}};
    const struct plot_bins bins[] = {{"one", edge, count, n}, {long_name, edge, count, n}};
    const double line = n ? y[0] : NAN;
    struct canvas *c;
    int rc;
    rc = plot_roc(&c, &p, curves, 2, groups, 2, &err);
    sound_picture_or_code(rc, c, "roc");
    rc = plot_precision_recall(&c, &p, curves, 1, line, groups, 1, &err);
    sound_picture_or_code(rc, c, "precision-recall");
    rc = plot_reliability(&c, &p, curves, 2, n ? bins : NULL, &err);
    sound_picture_or_code(rc, c, "reliability");
    rc = plot_decision_curve(&c, &p, curves, 2, curves, &err);
    sound_picture_or_code(rc, c, "decision");
    rc = plot_histogram(&c, &p, long_name, bins, 2, line, &err);
    sound_picture_or_code(rc, c, "histogram");
    rc = plot_lines(&c, &p, "lines", long_name, long_name, curves, 2, line, &err);
    sound_picture_or_code(rc, c, "lines");
}

static void nasty_rows(enum words_language language, int kind_x, int kind_y, size_t n) {
    const struct plot_context p = context(language);
    static struct plot_forest_row rows[MOST];
    static double counts[30 * 30];
    static const char *labels[MOST];
    for (size_t i = 0; i < n; i++) {
        const double v = value_of(kind_y, i, n);
        labels[i] = i % 4 == 1 ? long_name : "class";
        rows[i] = (struct plot_forest_row){.label = labels[i],
                                           .heading = i % 9 == 0,
                                           .n = fabs(value_of(kind_x, i, n)) * 1000,
                                           .estimate = v,
                                           .low = v - 0.1,
                                           .high = i % 5 ? v + fabs(v) : NAN,
                                           .guard = i % 6 == 2 ? long_name : NULL,
                                           .remark = i % 3 ? NULL : long_name,
                                           .summary = i + 1 == n};
    }
    struct canvas *c;
    for (int fixed = 0; fixed < 2; fixed++) {
        const struct plot_forest f = {
            long_name, long_name, fixed ? long_name : NULL, fixed ? 0.4 : 0, fixed ? 0.6 : 0, fixed ? NAN : 0.5, fixed ? 6 : 2, rows, n};
        const int rc = plot_forest(&c, &p, &f, &err);
        sound_picture_or_code(rc, c, "forest");
    }
    const size_t k = n > 30 ? 30 : n;
    for (size_t i = 0; i < k * k; i++)
        counts[i] = fabs(value_of(kind_y, i % MOST, MOST)) * (kind_x == 0 ? 12345 : 1);
    int rc = plot_confusion(&c, &p, long_name, labels, counts, n, &err);
    sound_picture_or_code(rc, c, "confusion");
    rc = plot_bars(&c, &p, long_name, long_name, labels, k, labels, counts, k ? 3 : 0, kind_x != 1, &err);
    sound_picture_or_code(rc, c, "bars");
    struct plot_flow_step steps[8];
    for (size_t i = 0; i < 8; i++)
        steps[i] = (struct plot_flow_step){i % 3 ? "Exams (n = 12)" : long_name, labels, i % 2 ? 0 : n % 9};
    rc = plot_flow(&c, &p, long_name, steps, n % 9, labels, n % 8, &err);
    sound_picture_or_code(rc, c, "flow");
}

static void any_numbers_give_a_sound_picture_or_a_code(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 7, MOST};
    drawn = refused = 0;
    for (int kind = 0; kind < KINDS * KINDS; kind++)
        for (size_t s = 0; s < 5; s++) {
            if (s == 4 && kind % 8) /* all combinations are for the small ones */
                continue;
            nasty_curves(kind % 2 ? WORDS_CHINESE : WORDS_ENGLISH, kind / KINDS, kind % KINDS, sizes[s]);
            nasty_rows(kind % 2 ? WORDS_CHINESE : WORDS_ENGLISH, kind / KINDS, kind % KINDS, sizes[s]);
        }
    assert_true(drawn > 1000 && refused > 300); /* neither of the two ways out swallows the other */
}

static void overlaps_are_seen(void **state) {
    (void)state;
    const struct canvas_type type = {.size = 12};
    struct canvas *c;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(canvas_create(&c, fonts, 200, 100, &err), 0);
        canvas_text(c, type, 10, 40, "first text");
        canvas_text(c, (struct canvas_type){.size = 12, .upwards = i == 3}, i == 1 ? 170 : 30, i == 2 ? 60 : 44, "second text");
        assert_int_equal(canvas_check_layout(c, &err), i == 2 ? 0 : ERR_REPORT_LAYOUT);
        canvas_free(c);
    }
}

static void numbers_a_figure_cannot_show_are_refused(void **state) {
    (void)state;
    const struct plot_context p = context(WORDS_ENGLISH);
    const double good[] = {0, 1}, bad[] = {0, 1.5};
    const struct plot_curve curve = {.name = "a", .x = good, .y = bad, .n = 2};
    const struct plot_bins down = {"d", (const double[]){0, 1, 0.5}, (const double[]){1, 2}, 2},
                           minus = {"m", (const double[]){0, 1}, (const double[]){-1}, 1};
    struct canvas *c;
    assert_int_equal(plot_roc(&c, &p, &curve, 1, NULL, 0, &err), ERR_REPORT_NUMBER);
    assert_non_null(strstr(err.message, "1.5"));
    assert_int_equal(plot_histogram(&c, &p, NULL, &down, 1, NAN, &err), ERR_REPORT_NUMBER);
    assert_int_equal(plot_histogram(&c, &p, NULL, &minus, 1, NAN, &err), ERR_REPORT_NUMBER);
    assert_int_equal(canvas_create(&c, fonts, 10, 10, &err), 0);
    canvas_line(c, (struct canvas_pen){.stroke = CANVAS_INK}, 0, 0, NAN, 1);
    assert_int_equal(canvas_check(c, &err), ERR_REPORT_NUMBER);
    canvas_free(c);
}

/* --- documents */

static struct document *sample(size_t rows, const char *text) {
    const struct plot_context p = context(WORDS_CHINESE);
    const double x[] = {0, 0.2, 1}, y[] = {0, 0.8, 1};
    const struct plot_curve curve = {.name = text, .x = x, .y = y, .n = 3};
    const struct document_column columns[] = {{"name", false}, {"value", true}, {text, false}};
    struct document *d;
    struct canvas *c;
    assert_int_equal(document_create(&d, WORDS_CHINESE, "报告", &err), 0);
    document_stamp(d, "code", text);
    document_heading(d, 1, text);
    document_heading(d, 3, text);
    document_paragraph(d, "%s %d", text, 7);
    document_item(d, "%s", text);
    document_warning(d, "%s", text);
    assert_int_equal(plot_roc(&c, &p, &curve, 1, NULL, 0, &err), 0);
    document_figure(d, c, "roc", text, "figures/roc.csv");
    document_table(d, text, columns, 3, "javascript:alert(1)");
    for (size_t i = 0; i < rows; i++) {
        if (i % 10 == 0)
            document_group_row(d, text);
        document_cell(d, "%zu", i);
        document_cell(d, "%.2f", 0.1 * (double)i);
        document_cell(d, "%s", text);
    }
    return d;
}

static void read_all(const char *path, struct buf *b) {
    uint8_t *bytes;
    size_t n;
    assert_int_equal(io_read_file(&bytes, &n, path, PNG_MAX, &err), 0);
    assert_int_equal(buf_append(b, bytes, n, &err), 0);
    free(bytes);
}

static void one_input_gives_the_same_bytes(void **state) {
    (void)state;
    struct canvas_fonts *mine = fonts;
    struct buf html[2], pdf[2];
    char path[] = "/tmp/t_report_XXXXXX";
    close(mkstemp(path));
    for (int i = 0; i < 2; i++) {
        buf_init(&html[i]);
        buf_init(&pdf[i]);
        if (i == 1)
            assert_int_equal(canvas_fonts_open(&fonts, &err), 0); /* nothing may hang on what was set before */
        struct document *d = sample(80, "文字 text & <b>");
        assert_int_equal(html_render(&html[i], d, &err), 0);
        assert_int_equal(pdf_write(d, fonts, "2026-01-31T12:00:00Z", path, &err), 0);
        read_all(path, &pdf[i]);
        document_free(d);
        if (i == 0)
            sleep(1); /* another second on the clock */
    }
    canvas_fonts_free(fonts);
    fonts = mine;
    for (int k = 0; k < 2; k++) {
        struct buf *b = k ? pdf : html;
        assert_int_equal(b[0].size, b[1].size);
        assert_memory_equal(b[0].data, b[1].data, b[0].size);
        buf_release(&b[0]);
        buf_release(&b[1]);
    }
    unlink(path);
}

/* Cells of any length, in tables that end anywhere on a page. */
static void tables_break_over_pages(void **state) {
    (void)state;
    char path[] = "/tmp/t_report_XXXXXX", *huge = malloc(60001);
    close(mkstemp(path));
    for (size_t i = 0; i < 60000; i++)
        huge[i] = i % 7 ? 'x' : ' ';
    for (size_t rows = 1; rows < 90; rows += 11)
        for (size_t length = 3; length <= 60000; length *= 20) {
            huge[length] = 0;
            struct document *d = sample(length > 1000 ? 2 : rows, huge);
            huge[length] = 'x';
            if (length < 10000)
                assert_int_equal(pdf_write(d, fonts, "2026-01-31T12:00:00Z", path, &err), 0);
            document_free(d);
        }
    free(huge);
    unlink(path);
}

static void documents_say_what_is_wrong(void **state) {
    (void)state;
    struct document *d = sample(3, "x");
    struct buf b;
    buf_init(&b);
    document_cell(d, "alone");
    assert_int_equal(html_render(&b, d, &err), ERR_INTERNAL);
    document_free(d);
    struct canvas *c;
    assert_int_equal(canvas_create(&c, fonts, 10, 10, &err), 0);
    canvas_text(c, (struct canvas_type){.size = 5}, 0, 5, "\xFF");
    assert_int_equal(document_create(&d, WORDS_ENGLISH, "t", &err), 0);
    document_figure(d, c, "bad", "a figure that failed", NULL);
    document_heading(d, 1, "after it");
    assert_int_equal(html_render(&b, d, &err), ERR_REPORT_TEXT);
    assert_int_equal(pdf_write(d, fonts, "2026-01-31T12:00:00Z", "/tmp/nothing.pdf", &err), ERR_REPORT_TEXT);
    document_free(d);
    assert_int_equal(document_create(&d, WORDS_ENGLISH, "\xF0\x9F\xA4\xA0", &err), 0); /* a browser may have it, our fonts have not */
    assert_int_equal(html_render(&b, d, &err), 0);
    assert_int_equal(pdf_write(d, fonts, "2026-01-31T12:00:00Z", "/tmp/nothing.pdf", &err), ERR_REPORT_TEXT);
    document_free(d);
    buf_release(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_made_safe),
        cmocka_unit_test(text_that_cannot_be_set_is_an_error),
        cmocka_unit_test(text_fits_and_wraps),
        cmocka_unit_test(points_land_where_the_numbers_say),
        cmocka_unit_test(any_numbers_give_a_sound_picture_or_a_code),
        cmocka_unit_test(overlaps_are_seen),
        cmocka_unit_test(numbers_a_figure_cannot_show_are_refused),
        cmocka_unit_test(one_input_gives_the_same_bytes),
        cmocka_unit_test(tables_break_over_pages),
        cmocka_unit_test(documents_say_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, open_fonts, close_fonts);
}
