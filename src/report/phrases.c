/* The sentences of a report. Floor 6. */
#include "report/phrases.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static const char *const table[PHRASE_COUNT][WORDS_LANGUAGES] = {
#define X(key, english, chinese) {english, chinese},
    PHRASES(X)
#undef X
};

const char *phrase_text(enum words_language language, enum phrase key) {
    return table[key][language];
}

const char *phrase(struct arena *a, enum words_language language, enum phrase key, ...) {
    enum { PLACES = 4 };
    const char *value[PLACES] = {"", "", "", ""}, *text = table[key][language];
    struct buf b;
    va_list args;
    int rc = 0;
    buf_init(&b);
    va_start(args, key);
    for (int i = 0; i < PLACES; i++) {
        const char *next = va_arg(args, const char *);
        if (!next)
            break;
        value[i] = next;
    }
    va_end(args);
    for (const char *p = text; *p && !rc;) {
        const bool place = p[0] == '{' && p[1] >= '1' && p[1] < '1' + PLACES && p[2] == '}';
        const char *piece = place ? value[p[1] - '1'] : p;
        const size_t n = place ? strlen(piece) : 1;
        rc = buf_append(&b, piece, n, NULL);
        p += place ? 3 : 1;
    }
    const char *out = rc ? NULL : arena_strdup(a, b.data ? b.data : "", NULL);
    buf_release(&b);
    return out ? out : "";
}
