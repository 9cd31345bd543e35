/* The header of a JPEG or JPEG-LS stream. Floor 1. */
#include "jpeg_header.h"

static bool is_frame(int marker) {
    return marker == 0xF7 || (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC);
}

static int cut(struct err *e, size_t n) {
    return err_set(e, ERR_IMAGE_TRUNCATED, "the compressed frame ends after %zu bytes, inside its header", n);
}

int jpeg_header_read(struct jpeg_header *h, const uint8_t *b, size_t n, struct err *e) {
    if (n < 4)
        return cut(e, n);
    if (b[0] != 0xFF || b[1] != 0xD8)
        return err_set(e, ERR_IMAGE_CORRUPT, "the compressed frame does not begin as JPEG does");
    for (size_t at = 2; at + 4 <= n;) {
        if (b[at] != 0xFF)
            return err_set(e, ERR_IMAGE_CORRUPT, "the compressed frame has no marker where one is due");
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
        if (is_frame(marker)) {
            if (length < 8)
                return err_set(e, ERR_IMAGE_CORRUPT, "the compressed frame's header is too short");
            const uint8_t *p = b + at + 4;
            *h = (struct jpeg_header){.frame = marker,
                                      .precision = p[0],
                                      .height = (uint32_t)p[1] << 8 | p[2],
                                      .width = (uint32_t)p[3] << 8 | p[4],
                                      .components = p[5]};
            return 0;
        }
        at += 2 + length;
    }
    return cut(e, n);
}
