/* JPEG lossless, the plain case. Floor 1.
 *
 * Each sample is its left neighbour plus a difference (at the start of a row: the one above; at the very first: 2^(precision - 1)), modulo
 * 2^16. A difference is a Huffman code for its category, 0 to 16, and as many bits (none for 16, which is 32768). One look into a table of
 * LOOK bits gives both for all but rare differences; that is what is faster than DCMTK's libijg. */
#include "jpeg_lossless.h"

#include <string.h>

enum { LOOK = 12, CODE_MAX = 16, CATEGORIES = 17, TABLES = 4, PRECISION_MIN = 9, PRECISION_MAX = 16 };

struct table {
    bool defined;
    uint8_t counts[CODE_MAX + 1], symbols[CATEGORIES]; /* counts[k]: codes of k bits */
};
struct look {
    int16_t difference;
    uint8_t bits; /* of code and difference together; 0: they do not fit into LOOK */
};
struct huffman {
    struct look look[1 << LOOK];
    uint32_t end[CODE_MAX + 1];  /* left-aligned to 16 bits: past the last code of k bits or fewer */
    int32_t place[CODE_MAX + 1]; /* of code c of k bits: symbols[(c >> (16 - k)) + place[k]] */
    const uint8_t *symbols;
};

/* Bits from the top; after the scan's last byte come zeros, which are counted. */
struct bits {
    const uint8_t *at, *end;
    uint64_t word; /* the next bit is the highest */
    int have, beyond;
};

static uint16_t big16(const uint8_t *p) {
    return (uint16_t)(p[0] << 8 | p[1]);
}

/* Byte by byte: a zero after 0xFF is no data, anything else after it ends the scan. */
static void refill_slowly(struct bits *b) {
    while (b->have <= 56) {
        uint8_t byte = 0;
        if (b->at < b->end && *b->at != 0xFF) {
            byte = *b->at++;
        } else if (b->end - b->at >= 2 && b->at[1] == 0) {
            byte = 0xFF;
            b->at += 2;
        } else {
            b->beyond += 8;
        }
        b->word |= (uint64_t)byte << (56 - b->have);
        b->have += 8;
    }
}

/* At least 32 bits, as many as a code and its difference can have. */
static inline void refill(struct bits *b) {
    uint32_t four;
    if (b->have >= 32)
        return;
    if (b->end - b->at < 4) {
        refill_slowly(b);
        return;
    }
    memcpy(&four, b->at, 4);
    if ((~four - 0x01010101u) & four & 0x80808080u) { /* one of them is 0xFF */
        refill_slowly(b);
        return;
    }
    b->word |= (uint64_t)__builtin_bswap32(four) << (32 - b->have);
    b->have += 32;
    b->at += 4;
}

static inline void skip(struct bits *b, int n) {
    b->word <<= n;
    b->have -= n;
}

/* What `category` bits at the top of `word` say. */
static int32_t extend(uint64_t word, int category) {
    if (category == 0)
        return 0;
    if (category == 16)
        return 32768;
    const int32_t v = (int32_t)(word >> (64 - category));
    return v >> (category - 1) ? v : v - (1 << category) + 1;
}

/* Codes of k bits follow each other, and then twice the next are those of k + 1 (T.81 C.2). false: more codes than there can be. */
static bool make_huffman(struct huffman *h, const struct table *t) {
    uint32_t code = 0, n = 0;
    memset(h, 0, sizeof *h);
    h->symbols = t->symbols;
    for (int k = 1; k <= CODE_MAX; k++) {
        const uint32_t step = 1u << (CODE_MAX - k);
        h->place[k] = (int32_t)n - (int32_t)(code >> (CODE_MAX - k));
        for (int i = 0; i < t->counts[k]; i++, n++, code += step) {
            if (code + step > 0xFFFF) /* the code of ones alone is kept free */
                return false;
            const int category = t->symbols[n], bits = k + (category < 16 ? category : 0);
            for (uint32_t at = code >> (CODE_MAX - LOOK); k <= LOOK && at < (code + step) >> (CODE_MAX - LOOK); at++)
                if (bits <= LOOK)
                    h->look[at] = (struct look){(int16_t)extend(k < LOOK ? (uint64_t)at << (64 - LOOK + k) : 0, category), (uint8_t)bits};
        }
        h->end[k] = code;
    }
    return n > 0;
}

/* A code that is not in the table. INT32_MIN: not in any. */
static int32_t long_difference(struct bits *b, const struct huffman *h) {
    const uint32_t code = (uint32_t)(b->word >> 48);
    int k = 1;
    while (k <= CODE_MAX && code >= h->end[k])
        k++;
    if (k > CODE_MAX)
        return INT32_MIN;
    const int category = h->symbols[(int32_t)(code >> (CODE_MAX - k)) + h->place[k]];
    skip(b, k);
    const int32_t difference = extend(b->word, category);
    skip(b, category < 16 ? category : 0);
    return difference;
}

static bool read_scan(uint16_t *out, const struct jpeg_header *header, const struct huffman *h, struct bits *b) {
    uint32_t any = 0;
    for (uint32_t y = 0; y < header->height; y++) {
        uint16_t *row = out + (size_t)y * header->width;
        uint32_t v = y ? row[-(ptrdiff_t)header->width] : 1u << (header->precision - 1);
        for (uint32_t x = 0; x < header->width; x++) {
            refill(b);
            const struct look look = h->look[b->word >> (64 - LOOK)];
            int32_t difference = look.difference;
            skip(b, look.bits);
            if (!look.bits && (difference = long_difference(b, h)) == INT32_MIN)
                return false;
            v = (v + (uint32_t)difference) & 0xFFFF;
            row[x] = (uint16_t)v;
            any |= v;
        }
        if (b->beyond > b->have) /* the scan ended before */
            return false;
    }
    return any >> header->precision == 0; /* what a decoder makes of larger ones is its own affair */
}

/* --- markers */

static bool read_tables(struct table *tables, const uint8_t *p, size_t n) {
    while (n > 0) {
        size_t symbols = 0;
        if (n < 17 || p[0] >= TABLES) /* 0: of class DC, which is what lossless has */
            return false;
        struct table *t = &tables[p[0]];
        *t = (struct table){.defined = true};
        for (int k = 1; k <= CODE_MAX; k++)
            symbols += t->counts[k] = p[k];
        if (symbols > CATEGORIES || symbols > n - 17)
            return false;
        for (size_t i = 0; i < symbols; i++)
            if ((t->symbols[i] = p[17 + i]) >= CATEGORIES)
                return false;
        p += 17 + symbols;
        n -= 17 + symbols;
    }
    return true;
}

/* One component, its samples not subsampled. */
static bool is_plain_frame(const struct jpeg_header *h, const uint8_t *p, size_t n) {
    return n == 9 && p[0] == h->precision && big16(p + 1) == h->height && big16(p + 3) == h->width && p[5] == 1 && p[7] == 0x11;
}

static bool is_plain_scan(const uint8_t *p, size_t n, int component) {
    return n == 6 && p[0] == 1 && p[1] == component && !(p[2] & 0x0F) && p[2] >> 4 < TABLES && p[3] == 1 && p[4] == 0 && p[5] == 0;
}

/* Up to the scan's first byte; NULL: not the plain case. */
static const uint8_t *read_markers(const struct table **used, struct table *tables, const struct jpeg_header *h, const uint8_t *p,
                                   const uint8_t *end) {
    int component = -1;
    for (p += 2; end - p >= 4;) {
        const int marker = p[1];
        const size_t n = big16(p + 2);
        const uint8_t *body = p + 4;
        if (p[0] != 0xFF || n < 2 || n > (size_t)(end - p - 2))
            return NULL;
        p += 2 + n;
        if (marker == 0xDA) {
            if (component < 0 || !is_plain_scan(body, n - 2, component) || !tables[body[2] >> 4].defined)
                return NULL;
            *used = &tables[body[2] >> 4];
            return p;
        }
        if (marker == 0xC4 && !read_tables(tables, body, n - 2))
            return NULL;
        if (marker == 0xC3 && (component >= 0 || !is_plain_frame(h, body, n - 2)))
            return NULL;
        if (marker == 0xC3)
            component = body[6];
        const bool application = (marker >= 0xE0 && marker <= 0xED) || marker == 0xFE; /* not Adobe's, which libijg reads */
        if (marker != 0xC4 && marker != 0xC3 && !application)
            return NULL;
    }
    return NULL;
}

bool jpeg_lossless_decode(uint16_t *out, const struct jpeg_header *h, const uint8_t *bytes, size_t n) {
    struct table tables[TABLES] = {{0}};
    const struct table *used = NULL;
    struct huffman huffman;
    if (h->frame != 0xC3 || h->components != 1 || h->precision < PRECISION_MIN || h->precision > PRECISION_MAX || n < 4 || !h->width ||
        !h->height)
        return false;
    struct bits b = {.end = bytes + n};
    b.at = read_markers(&used, tables, h, bytes, b.end);
    if (!b.at || !make_huffman(&huffman, used) || !read_scan(out, h, &huffman, &b))
        return false;
    /* whole bytes that were read ahead are none: the scan has no more, and the end of the image follows */
    return b.have - b.beyond < 8 && b.end - b.at >= 2 && b.at[0] == 0xFF && b.at[1] == 0xD9;
}
