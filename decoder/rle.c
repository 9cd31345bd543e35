/* DICOM's run-length encoding. Floor 1. */
#include "rle.h"

enum { HEADER = 64, SEGMENTS_MAX = 15 };

static uint32_t little_endian(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* One plane of `count` bytes, each `stride` bytes after the other. */
static int unpack(uint8_t *out, size_t count, size_t stride, const uint8_t *from, const uint8_t *end, struct err *e) {
    size_t done = 0;
    while (done < count) {
        if (from == end)
            return err_set(e, ERR_IMAGE_TRUNCATED, "a run-length segment ends after %zu of %zu bytes", done, count);
        unsigned code = *from++;
        if (code == 128) /* no operation */
            continue;
        size_t run = code < 128 ? code + 1 : 257 - code, needs = code < 128 ? run : 1;
        if (needs > (size_t)(end - from))
            return err_set(e, ERR_IMAGE_TRUNCATED, "a run-length segment ends inside a run, after %zu of %zu bytes", done, count);
        if (run > count - done)
            return err_set(e, ERR_IMAGE_CORRUPT, "a run-length segment holds more than the %zu bytes of its plane", count);
        for (size_t i = 0; i < run; i++)
            out[(done + i) * stride] = from[code < 128 ? i : 0];
        from += needs;
        done += run;
    }
    return 0;
}

int rle_decode(uint8_t *out, size_t pixels, int samples, int width, const uint8_t *bytes, size_t n, struct err *e) {
    const size_t stride = (size_t)(samples * width);
    if (n < HEADER)
        return err_set(e, ERR_IMAGE_TRUNCATED, "the run-length frame ends after %zu bytes, inside its header", n);
    uint32_t segments = little_endian(bytes);
    if (segments != stride || segments > SEGMENTS_MAX)
        return err_set(e, ERR_DICOM_PIXELS, "the run-length frame has %u segments, expected %zu", segments, stride);
    for (size_t s = 0; s < stride; s++) {
        size_t from = little_endian(bytes + 4 + 4 * s), to = s + 1 < stride ? little_endian(bytes + 8 + 4 * s) : n;
        if (from < HEADER || from > to || to > n)
            return err_set(e, ERR_IMAGE_CORRUPT, "the run-length frame's segments lie outside it");
        size_t sample = s / (size_t)width, byte = s % (size_t)width; /* the most significant byte first */
        size_t place = sample * (size_t)width + ((size_t)width - 1 - byte);
        int rc = unpack(out + place, pixels, stride, bytes + from, bytes + to, e);
        if (rc)
            return rc;
    }
    return 0;
}
