/* The terminal's language, and text in its columns. Floor 9. */
#include "cli/say.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/words_zh.h"

static const struct {
    const char *english, *chinese;
} table[] = {
#define X(english, chinese) {english, chinese},
    WORDS_ZH(X)
#undef X
};

bool say_chinese(const char *lc_all, const char *lc_messages, const char *lang) {
    const char *name = lc_all && *lc_all ? lc_all : lc_messages && *lc_messages ? lc_messages : lang ? lang : "";
    const char *charset = strchr(name, '.');
    if (strncmp(name, "zh", 2) != 0 || (name[2] && !strchr("_.@", name[2])))
        return false;
    return !charset || strncasecmp(charset, ".utf-8", 6) == 0 || strncasecmp(charset, ".utf8", 5) == 0;
}

const char *say(const char *english) {
    static int chinese = -1; /* one thread prints */
    if (chinese < 0)
        chinese = say_chinese(getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG"));
    for (size_t i = 0; chinese && i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].english, english) == 0)
            return table[i].chinese;
    return english;
}

/* --- columns -------------------------------------------------------------------------------------------------------------------------- */

/* Bytes of the character at `text`, which is UTF-8 of ours or already checked. */
static size_t bytes_of(const char *text) {
    const unsigned char c = (unsigned char)*text;
    const size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    return strnlen(text, n);
}

/* Chinese characters, their punctuation and full-width forms are U+2E80 .. U+FFE6: three bytes from E2 BA 80. */
static bool wide(const char *text) {
    const unsigned char *c = (const unsigned char *)text;
    return c[0] >= 0xe3 ? c[0] < 0xf0 : c[0] == 0xe2 && c[1] >= 0xba;
}

int say_width(const char *text) {
    int n = 0;
    for (; *text; text += bytes_of(text))
        n += wide(text) ? 2 : 1;
    return n;
}

void say_padded(FILE *stream, const char *text, int width) {
    const int pad = width - say_width(text);
    fprintf(stream, "%s%*s", text, pad > 0 ? pad : 0, "");
}

/* A line may not begin with these. */
static bool closes(const char *text) {
    static const char *const signs[] = {"，", "。", "；", "：", "、", "）", "”", "！", "？"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (strncmp(text, signs[i], strlen(signs[i])) == 0)
            return true;
    return false;
}

/* What may not be broken: up to a blank, or a wide character with what closes behind it. Its columns. */
static int piece(size_t *bytes, const char *text) {
    int columns = 0;
    size_t n = 0;
    while (text[n] && text[n] != ' ' && text[n] != '\n') {
        const bool was_wide = wide(text + n);
        if (n && was_wide && !closes(text + n))
            break;
        columns += was_wide ? 2 : 1;
        n += bytes_of(text + n);
        if (was_wide && !closes(text + n))
            break;
    }
    *bytes = n;
    return columns;
}

void say_wrapped(FILE *stream, const char *text, int at, int indent, int width) {
    while (*text) {
        int blanks = 0;
        size_t bytes = 0;
        for (; *text == ' '; text++)
            blanks++;
        const int columns = piece(&bytes, text);
        if (*text == '\n' || (at + blanks + columns > width && at > indent)) {
            fprintf(stream, "\n%*s", *text == '\n' && (!text[1] || text[1] == '\n') ? 0 : indent, "");
            at = indent;
            blanks = 0;
            text += *text == '\n';
            if (!bytes)
                continue;
        }
        fprintf(stream, "%*s%.*s", blanks, "", (int)bytes, text);
        at += blanks + columns;
        text += bytes;
    }
    fputc('\n', stream);
}
