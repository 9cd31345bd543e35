/* Which decoder a file belongs to. Floor 1. */
#include "core.h"

#include <string.h>

#include "dicom_shim.h"
#include "file/json.h"

int core_start(struct err *e) {
    json_free(json_object()); /* jansson draws its seed from a device at the first object */
    return dicom_start(e);
}

/* A DICOM file has "DICM" after 128 bytes. Older ones begin with the data set: an element of group 2 or 8, in either byte order, with a
 * value representation or a length that the file can hold. */
static bool is_dicom(const uint8_t *b, size_t n) {
    if (n >= 132 && !memcmp(b + 128, "DICM", 4))
        return true;
    if (n < 16)
        return false;
    bool little = (b[0] == 2 || b[0] == 8) && b[1] == 0, big = b[0] == 0 && (b[1] == 2 || b[1] == 8);
    if (!little && !big)
        return false;
    if (b[4] >= 'A' && b[4] <= 'Z' && b[5] >= 'A' && b[5] <= 'Z')
        return true;
    return little && ((size_t)b[4] | (size_t)b[5] << 8 | (size_t)b[6] << 16 | (size_t)b[7] << 24) <= n - 8;
}

/* Formats that are met often and are not read: their names, by their first bytes. */
static const char *other_format(const uint8_t *b, size_t n) {
    static const struct {
        const char *bytes, *name;
        size_t n;
    } formats[] = {{"BM", "BMP", 2},
                   {"II*\0", "TIFF", 4},
                   {"MM\0*", "TIFF", 4},
                   {"P2", "PGM", 2},
                   {"P5", "PGM", 2},
                   {"P3", "PPM", 2},
                   {"P6", "PPM", 2},
                   {"GIF8", "GIF", 4},
                   {"\xFF\x4F\xFF\x51", "JPEG 2000", 4},
                   {"\0\0\0\x0CjP  ", "JPEG 2000", 8}};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (n > formats[i].n && memcmp(b, formats[i].bytes, formats[i].n) == 0)
            return formats[i].name;
    return n > 12 && memcmp(b, "RIFF", 4) == 0 && memcmp(b + 8, "WEBP", 4) == 0 ? "WebP" : NULL;
}

int core_decode(struct image **out, const uint8_t *bytes, size_t n, const struct decode_request *request, struct err *e) {
    static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}, jpeg[3] = {0xff, 0xd8, 0xff};
    *out = NULL;
    if (n == 0)
        return err_set(e, ERR_FILE_EMPTY, "the file is empty");
    bool is_png = n >= sizeof png && !memcmp(bytes, png, sizeof png), is_jpeg = n >= sizeof jpeg && !memcmp(bytes, jpeg, sizeof jpeg);
    if ((is_png || is_jpeg) && request && request->frame > 0)
        return err_set(e, ERR_USAGE, "frame %d was requested, but a PNG or JPEG image has only one", request->frame);
    if (is_png)
        return codec_png_decode(out, bytes, n, e);
    if (is_jpeg)
        return codec_jpeg_decode(out, bytes, n, e);
    if ((n < sizeof png && !memcmp(bytes, png, n)) || (n < sizeof jpeg && !memcmp(bytes, jpeg, n)))
        return err_set(e, ERR_IMAGE_TRUNCATED, "the image file ends after %zu bytes", n);
    if (is_dicom(bytes, n))
        return dicom_decode(out, bytes, n, request, e);
    const char *format = other_format(bytes, n);
    if (format)
        return err_set(e, ERR_IMAGE_TYPE, "a %s image, which is not supported: convert it to PNG (ImageMagick: convert FILE FILE.png)",
                       format);
    return err_set(e, ERR_IMAGE_TYPE, "neither a PNG, a JPEG nor a DICOM image (by its first bytes)");
}

int image_decode(struct image **out, const uint8_t *bytes, size_t n, struct err *e) {
    return core_decode(out, bytes, n, NULL, e);
}
