/* The header of a JPEG or JPEG-LS stream. Floor 1. */
#include "jpeg_header.h"

#include <string.h>

static bool is_frame(int marker) {
    return marker == 0xF7 || (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC);
}

static int cut(struct err *e, size_t n) {
    return err_set(e, ERR_IMAGE_TRUNCATED, "the compressed frame ends after %zu bytes, inside its header", n);
}

/* What an application marker says of the colours; n bytes at p. Adobe's word goes before JFIF's. */
static void see_application(struct jpeg_header *h, int marker, const uint8_t *p, size_t n) {
    if (marker == 0xE0 && n >= 5 && !memcmp(p, "JFIF", 5) && h->colour == JPEG_COLOUR_UNTOLD)
        h->colour = JPEG_COLOUR_YCC;
    if (marker == 0xEE && n >= 12 && !memcmp(p, "Adobe", 5))
        h->colour = p[11] == 0 ? JPEG_COLOUR_RGB : JPEG_COLOUR_YCC;
}

static int read_frame(struct jpeg_header *h, int marker, const uint8_t *p, size_t n, struct err *e) {
    if (n < 6 || n < 6 + 3 * (size_t)p[5])
        return err_set(e, ERR_IMAGE_CORRUPT, "the compressed frame's header is too short");
    h->frame = marker;
    h->precision = p[0];
    h->height = (uint32_t)p[1] << 8 | p[2];
    h->width = (uint32_t)p[3] << 8 | p[4];
    h->components = p[5];
    for (int c = 1; c < h->components; c++)
        if (p[6 + 3 * c + 1] != p[6 + 1])
            h->colour = JPEG_COLOUR_YCC;
    if (h->components != 3)
        h->colour = JPEG_COLOUR_UNTOLD;
    return 0;
}

int jpeg_header_read(struct jpeg_header *h, const uint8_t *b, size_t n, struct err *e) {
    *h = (struct jpeg_header){0};
    if (n < 4)
        return cut(e, n);
    if (b[0] != 0xFF || b[1] != 0xD8)
        return err_set(e, ERR_IMAGE_CORRUPT, "the compressed frame does not start like JPEG");
    for (size_t at = 2; at + 4 <= n;) {
        if (b[at] != 0xFF)
            return err_set(e, ERR_IMAGE_CORRUPT, "the compressed frame has no marker where one is expected");
        if (b[at + 1] == 0xFF) { /* filling */
            at++;
            continue;
        }
        int marker = b[at + 1];
        size_t length = (size_t)b[at + 2] << 8 | b[at + 3];
        if (length < 2 || marker == 0xDA || marker == 0xD9)
            return err_set(e, ERR_IMAGE_CORRUPT, "the compressed frame has no header");
        if (length > n - at - 2)
            return cut(e, n);
        if (is_frame(marker))
            return read_frame(h, marker, b + at + 4, length - 2, e);
        see_application(h, marker, b + at + 4, length - 2);
        at += 2 + length;
    }
    return cut(e, n);
}
