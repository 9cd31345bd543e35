/* Text from outside made safe to show. Floor 2. */
#include "draw/text.h"

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
static uint32_t decode(const unsigned char *p, size_t *length) {
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    const size_t n = p[0] < 0x80 ? 1 : (p[0] & 0xE0) == 0xC0 ? 2 : (p[0] & 0xF0) == 0xE0 ? 3 : (p[0] & 0xF8) == 0xF0 ? 4 : 0;
    *length = n;
    if (n < 2)
        return n ? p[0] : 0;
    uint32_t c = p[0] & (0xFFU >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80) { /* the final NUL stops here as well */
            *length = 0;
            return 0;
        }
        c = c << 6 | (p[i] & 0x3FU);
    }
    if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        *length = 0;
    return c;
}

static uint32_t shown(uint32_t c) {
    if (c == '\n' || c == '\t' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029)
        return ' ';
    const int control = c < 0x20 || (c >= 0x7F && c < 0xA0);
    const int direction = c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
    const int none = (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF);
    return control || direction || none ? TEXT_REPLACEMENT : c;
}

uint32_t text_next(const char **p, int *valid) {
    if (**p == 0)
        return 0;
    size_t length;
    const uint32_t c = decode((const unsigned char *)*p, &length);
    *p += length ? length : 1;
    if (length)
        return shown(c);
    if (valid)
        *valid = 0;
    return TEXT_REPLACEMENT;
}

size_t text_encode(uint32_t c, char out[4]) {
    const size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char first[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(unsigned char)(0x80 | (c & 0x3F));
    out[0] = (char)(unsigned char)(first[n] | c);
    return n;
}
