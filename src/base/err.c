/* Errors as values: filling, prefixing and naming them. Floor 0. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Copy at most max - 1 bytes and never end inside a UTF-8 sequence: the message goes into CSV and JSON. */
static void copy_whole_characters(char *to, const char *from, size_t max) {
    size_t n = strlen(from);
    if (n >= max) {
        n = max - 1;
        while (n > 0 && ((unsigned char)from[n] & 0xC0) == 0x80)
            n--;
    }
    memcpy(to, from, n);
    to[n] = 0;
}

int(err_set)(struct err *e, int code, const char *format, ...) {
    if (!e)
        return code;
    char text[ERR_MESSAGE_MAX + 8]; /* an argument may be e->message itself */
    va_list args;
    va_start(args, format);
    if (vsnprintf(text, sizeof text, format, args) < 0)
        text[0] = 0;
    va_end(args);
    e->code = code;
    copy_whole_characters(e->message, text, sizeof e->message);
    return code;
}

int(err_prefix)(struct err *e, const char *format, ...) {
    if (!e)
        return ERR_INTERNAL;
    char text[2 * ERR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, ERR_MESSAGE_MAX, format, args);
    va_end(args);
    if (n < 0)
        return e->code;
    size_t used = strlen(text);
    snprintf(text + used, sizeof text - used, ": %s", e->message);
    copy_whole_characters(e->message, text, sizeof e->message);
    return e->code;
}

const char *err_name(int code) {
    switch (code) {
    case ERR_OK:
        return "OK";
#define X(name, value, class, meaning)                                                                                                     \
    case value:                                                                                                                            \
        return #name;
        ERR_CODES(X)
#undef X
    default:
        return "UNKNOWN";
    }
}

const char *err_meaning(int code) {
    switch (code) {
    case ERR_OK:
        return "no error";
#define X(name, value, class, meaning)                                                                                                     \
    case value:                                                                                                                            \
        return meaning;
        ERR_CODES(X)
#undef X
    default:
        return "not a code of this program";
    }
}

enum err_class err_class(int code) {
    switch (code) {
#define X(name, value, class, meaning)                                                                                                     \
    case value:                                                                                                                            \
        return ERR_CLASS_##class;
        ERR_CODES(X)
#undef X
    default:
        return ERR_CLASS_INTERNAL;
    }
}

const char *err_class_name(enum err_class c) {
    static const char *const names[ERR_CLASS_COUNT] = {"usage", "input", "refused", "environment", "interrupted", "internal"};
    return names[c];
}

bool err_ends_run(int code) {
    const enum err_class c = err_class(code);
    return code != 0 && (c == ERR_CLASS_ENVIRONMENT || c == ERR_CLASS_INTERRUPTED || c == ERR_CLASS_INTERNAL);
}
