/* A document as one HTML page. Floor 2.
 *
 * What is not ours reaches the page through text() or link() alone: raw() takes string literals and nothing else, and does not compile with
 * anything else.
 */
#include "draw/html.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "draw/text.h"
#include "file/io.h"

struct page {
    struct buf *out;
    const struct document *d;
    int rc;
    struct err *e;
};

#define raw(page, literal) append(page, "" literal, sizeof literal - 1)
static void append(struct page *p, const char *bytes, size_t n) {
    if (!p->rc)
        p->rc = buf_append(p->out, bytes, n, p->e);
}

static void number(struct page *p, size_t n) {
    if (!p->rc)
        p->rc = buf_printf(p->out, p->e, "%zu", n);
}

int html_escape(struct buf *out, const char *text, struct err *e) {
    static const struct {
        char c;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    char bytes[4];
    int rc = 0;
    for (uint32_t c; !rc && (c = text_next(&text, NULL)) != 0;) {
        const char *entity = NULL;
        for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++)
            entity = c == (uint32_t)entities[i].c ? entities[i].entity : entity;
        rc = entity ? buf_append(out, entity, strlen(entity), e) : buf_append(out, bytes, text_encode(c, bytes), e);
    }
    return rc;
}

static void text(struct page *p, const char *content) {
    if (!p->rc && content)
        p->rc = html_escape(p->out, content, p->e);
}

static void word(struct page *p, enum words_key key) {
    text(p, words(document_language(p->d), key));
}

/* A relative address: everything but letters, digits and ._-/ percent-encoded, so that it can name no scheme and no host. */
static void address(struct page *p, const char *relative) {
    while (*relative == '/')
        relative++;
    for (; *relative && !p->rc; relative++) {
        const unsigned char c = (unsigned char)*relative;
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("._-/", c);
        p->rc = plain ? buf_append(p->out, relative, 1, p->e) : buf_printf(p->out, p->e, "%%%02X", c);
    }
}

static void link(struct page *p, const char *folder, const char *name, const char *ending, enum words_key key) {
    raw(p, " <a href=\"");
    address(p, folder);
    address(p, name);
    address(p, ending);
    raw(p, "\">");
    word(p, key);
    raw(p, "</a>");
}

/* --- head */

static const char rules[] =
    "*{box-sizing:border-box}body{margin:0;background:var(--c4);color:var(--c1);font:15px/1.55 'DejaVu Sans',Verdana,'WenQuanYi Micro Hei',"
    "'Microsoft YaHei','PingFang SC',sans-serif}header,nav,main{max-width:56rem;margin:0 auto;padding:0 1.5rem}"
    "h1{font-size:1.6rem;line-height:1.25;margin:1.6rem 0 .6rem}h2{font-size:1.25rem;margin:2.2rem 0 .6rem;padding-top:.6rem;"
    "border-top:1px solid var(--c3)}h3{font-size:1.05rem;margin:1.6rem 0 .4rem}h4{font-size:1rem;margin:1.2rem 0 .3rem}p{margin:.5rem 0}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:.6rem 0;font-size:.8rem;color:var(--c2)}dd{margin:0;"
    "overflow-wrap:anywhere}nav{margin-top:1rem}nav ol{margin:.3rem 0;padding-left:1.6rem}nav h2{margin:1rem 0 .3rem;font-size:1rem}"
    "a{color:var(--c6)}a:focus-visible{outline:2px solid var(--c6)}.scroll{overflow-x:auto;margin:1rem 0}table{border-collapse:collapse;"
    "font-size:.85rem;min-width:50%}caption{text-align:left;padding:.2rem 0 .4rem;font-weight:bold}caption span{font-weight:normal}"
    "th,td{padding:.28rem .7rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--c3);overflow-wrap:anywhere}"
    "td:not(.n),th:not(.n){min-width:5.5rem}" /* in a wide table, which scrolls, text would shrink to a letter per line */
    "thead th{border-bottom:2px solid "
    "var(--c2);vertical-align:bottom}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap;"
    "overflow-wrap:normal}tr.g th{padding-top:.7rem}figure{margin:1.4rem 0}figure svg{display:block;max-width:100%;height:auto}"
    "figcaption{font-size:.85rem;color:var(--c2);margin-top:.5rem;max-width:44rem}figcaption b{color:var(--c1)}"
    ".note,.warning{border-left:4px solid var(--c6);padding:.4rem .9rem;margin:1rem 0;background:color-mix(in srgb,var(--c6) "
    "8%,transparent)}"
    ".warning{border-color:var(--c5);background:color-mix(in srgb,var(--c5) 8%,transparent)}"
    "@media print{@page{size:A4;margin:18mm 16mm}body{font-size:9.5pt;line-height:1.4}header,nav,main{max-width:none;padding:0}"
    "h2,h3,h4,caption{break-after:avoid}figure,tr,.note,.warning{break-inside:avoid}thead{display:table-header-group}.scroll{overflow:"
    "visible}"
    "figure svg{max-width:150mm}a{color:inherit}}";

static void colours(struct buf *b, bool dark, struct err *e, int *rc) {
    for (int i = CANVAS_INK; i < CANVAS_COLOURS && !*rc; i++)
        *rc = buf_printf(b, e, "--c%d:%s;", i, canvas_colour_value((enum canvas_colour)i, dark));
}

/* The whole style sheet; paper is always light. */
static int style(struct buf *b, struct err *e) {
    int rc = buf_printf(b, e, ":root{color-scheme:light dark;");
    colours(b, false, e, &rc);
    rc = rc ? rc : buf_printf(b, e, "}@media screen and (prefers-color-scheme:dark){:root{");
    colours(b, true, e, &rc);
    rc = rc ? rc : buf_printf(b, e, "}}");
    for (int i = CANVAS_INK; i < CANVAS_COLOURS && !rc; i++)
        rc = buf_printf(b, e, ".f%d{fill:var(--c%d)}.k%d{stroke:var(--c%d)}", i, i, i, i);
    return rc ? rc : buf_append(b, rules, sizeof rules - 1, e);
}

/* The style sheet is named by its hash: no other style and nothing else at all may act. */
static void policy(struct page *p, const struct buf *css) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t hash[SHA256_SIZE + 1] = {0};
    char base64[45];
    sha256_bytes(css->data, css->size, hash);
    for (size_t i = 0, k = 0; i < SHA256_SIZE; i += 3, k += 4) { /* 32 bytes: 43 digits and one '=' */
        const uint32_t v = (uint32_t)hash[i] << 16 | (uint32_t)hash[i + 1] << 8 | (i + 2 < SHA256_SIZE ? hash[i + 2] : 0);
        for (size_t j = 0; j < 4; j++)
            base64[k + j] = digits[v >> (18 - 6 * j) & 63];
    }
    base64[43] = '=';
    base64[44] = 0;
    raw(p, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-");
    append(p, base64, 44);
    raw(p, "'; base-uri 'none'; form-action 'none'\">\n");
}

static void head(struct page *p) {
    struct buf css;
    buf_init(&css);
    p->rc = style(&css, p->e);
    raw(p, "<!DOCTYPE html>\n<html lang=\"");
    text(p, words_tag(document_language(p->d)));
    raw(p, "\">\n<head>\n<meta charset=\"utf-8\">\n");
    policy(p, &css);
    raw(p, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" "
           "content=\"no-referrer\">\n<title>");
    text(p, document_title(p->d));
    raw(p, "</title>\n<style>");
    append(p, css.data, css.size);
    raw(p, "</style>\n</head>\n<body>\n<header>\n<h1>");
    text(p, document_title(p->d));
    raw(p, "</h1>\n");
    buf_release(&css);
    size_t n;
    const struct document_stamp *stamps = document_stamps(p->d, &n);
    if (n)
        raw(p, "<dl>\n");
    for (size_t i = 0; i < n; i++) {
        raw(p, "<dt>");
        text(p, stamps[i].label);
        raw(p, "</dt><dd>");
        text(p, stamps[i].value);
        raw(p, "</dd>\n");
    }
    if (n)
        raw(p, "</dl>\n");
    raw(p, "</header>\n");
}

static void contents(struct page *p, const struct document_block *blocks, size_t n) {
    size_t at = 0;
    raw(p, "<nav aria-labelledby=\"contents\">\n<h2 id=\"contents\">");
    word(p, WORDS_CONTENTS);
    raw(p, "</h2>\n<ol>\n");
    for (size_t i = 0; i < n; i++)
        if (blocks[i].kind == DOCUMENT_HEADING && ++at && blocks[i].level == 1) {
            raw(p, "<li><a href=\"#s");
            number(p, at);
            raw(p, "\">");
            text(p, blocks[i].text);
            raw(p, "</a></li>\n");
        }
    raw(p, "</ol>\n</nav>\n");
}

/* --- blocks */

static void numbered(struct page *p, enum words_key key, const struct document_block *b) {
    raw(p, "<b>");
    word(p, key);
    raw(p, " ");
    number(p, b->number);
    raw(p, ".</b> <span>");
    text(p, b->text);
    if (b->csv)
        link(p, "", b->csv, "", WORDS_NUMBERS);
    if (b->kind == DOCUMENT_FIGURE) {
        link(p, "figures/", b->name, ".svg", WORDS_AS_SVG);
        link(p, "figures/", b->name, ".png", WORDS_AS_PNG);
    }
    raw(p, "</span>");
}

static void table_row(struct page *p, const struct document_table *t, const char *const *cell) {
    const bool group = t->n_columns > 1 && !cell[1];
    if (group) {
        raw(p, "<tr class=\"g\"><th scope=\"rowgroup\" colspan=\"");
        number(p, t->n_columns);
        raw(p, "\">");
        text(p, cell[0]);
        raw(p, "</th></tr>\n");
        return;
    }
    raw(p, "<tr>");
    for (size_t i = 0; i < t->n_columns; i++) {
        if (t->column[i].number)
            raw(p, "<td class=\"n\">");
        else
            raw(p, "<td>");
        text(p, cell[i]);
        raw(p, "</td>");
    }
    raw(p, "</tr>\n");
}

static void table(struct page *p, const struct document_block *b) {
    const struct document_table *t = &b->table;
    raw(p, "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"t");
    number(p, b->number);
    raw(p, "\"><table>\n<caption id=\"t");
    number(p, b->number);
    raw(p, "\">");
    numbered(p, WORDS_TABLE, b);
    raw(p, "</caption>\n<thead><tr>");
    for (size_t i = 0; i < t->n_columns; i++) {
        if (t->column[i].number)
            raw(p, "<th scope=\"col\" class=\"n\">");
        else
            raw(p, "<th scope=\"col\">");
        text(p, t->column[i].label);
        raw(p, "</th>");
    }
    raw(p, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i + t->n_columns <= t->n_cells; i += t->n_columns)
        table_row(p, t, t->cell + i);
    raw(p, "</tbody>\n</table></div>\n");
}

static void figure(struct page *p, const struct document_block *b) {
    char prefix[32];
    snprintf(prefix, sizeof prefix, "fig%zu", b->number);
    raw(p, "<figure>\n");
    if (!p->rc)
        p->rc = canvas_svg(p->out, b->figure, prefix, p->e);
    raw(p, "<figcaption>");
    numbered(p, WORDS_FIGURE, b);
    raw(p, "</figcaption>\n</figure>\n");
}

static void called_out(struct page *p, const struct document_block *b) {
    if (b->kind == DOCUMENT_WARNING)
        raw(p, "<div class=\"warning\" role=\"note\"><b>");
    else
        raw(p, "<div class=\"note\" role=\"note\"><b>");
    word(p, b->kind == DOCUMENT_WARNING ? WORDS_WARNING : WORDS_NOTE);
    raw(p, ".</b> ");
    text(p, b->text);
    raw(p, "</div>\n");
}

static void heading(struct page *p, const struct document_block *b, size_t at, bool *in_section) {
    if (b->level == 1) {
        if (*in_section)
            raw(p, "</section>\n");
        *in_section = true;
        raw(p, "<section aria-labelledby=\"s");
        number(p, at);
        raw(p, "\">\n");
    }
    raw(p, "<h");
    number(p, b->level + 1);
    raw(p, " id=\"s");
    number(p, at);
    raw(p, "\">");
    text(p, b->text);
    raw(p, "</h");
    number(p, b->level + 1);
    raw(p, ">\n");
}

static void block(struct page *p, const struct document_block *b) {
    switch (b->kind) {
    case DOCUMENT_TABLE:
        table(p, b);
        break;
    case DOCUMENT_FIGURE:
        figure(p, b);
        break;
    case DOCUMENT_NOTE:
    case DOCUMENT_WARNING:
        called_out(p, b);
        break;
    case DOCUMENT_ITEM:
        raw(p, "<li>");
        text(p, b->text);
        raw(p, "</li>\n");
        break;
    default:
        raw(p, "<p>");
        text(p, b->text);
        raw(p, "</p>\n");
    }
}

int html_render(struct buf *out, const struct document *d, struct err *e) {
    struct page p = {.out = out, .d = d, .e = e};
    size_t n, headings = 0;
    bool in_section = false;
    const struct document_block *blocks = document_blocks(d, &n);
    const int rc = document_check(d, e);
    if (rc)
        return rc;
    head(&p);
    contents(&p, blocks, n);
    raw(&p, "<main>\n");
    for (size_t i = 0; i < n; i++) {
        const bool item = blocks[i].kind == DOCUMENT_ITEM;
        if (item && (i == 0 || blocks[i - 1].kind != DOCUMENT_ITEM))
            raw(&p, "<ul>\n");
        if (blocks[i].kind == DOCUMENT_HEADING)
            heading(&p, &blocks[i], ++headings, &in_section);
        else
            block(&p, &blocks[i]);
        if (item && (i + 1 == n || blocks[i + 1].kind != DOCUMENT_ITEM))
            raw(&p, "</ul>\n");
    }
    if (in_section)
        raw(&p, "</section>\n");
    raw(&p, "</main>\n</body>\n</html>\n");
    return p.rc;
}

int html_write(const struct document *d, const char *path, struct err *e) {
    struct buf b;
    buf_init(&b);
    int rc = html_render(&b, d, e);
    rc = rc ? rc : replace_whole(path, b.data, b.size, e);
    buf_release(&b);
    return rc;
}
