/* JPEG 2000 through OpenJPEG: the only file that sees openjpeg.h. Floor 1.
 *
 * OpenJPEG repairs damaged streams with a warning; here a warning is an error, but for those in harmless[], which are of no pixel. */
#include "jpeg2000.h"

#include <stdio.h>
#include <string.h>

#include <openjpeg.h>

struct source {
    const uint8_t *bytes;
    size_t n, at;
};
struct complaint {
    bool any;
    char text[200];
};

static uint32_t big_endian(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Where the codestream lies: all of it, or inside box jp2c (15444-1 I.4). */
static int find_codestream(struct source *s, const uint8_t *bytes, size_t n, struct err *e) {
    static const uint8_t signature[12] = {0, 0, 0, 12, 'j', 'P', ' ', ' ', '\r', '\n', 0x87, '\n'};
    *s = (struct source){.bytes = bytes, .n = n};
    if (n < sizeof signature || memcmp(bytes, signature, sizeof signature) != 0)
        return 0;
    for (size_t at = 0; n - at >= 8;) {
        size_t length = big_endian(bytes + at);
        if (!memcmp(bytes + at + 4, "jp2c", 4) && (length == 0 || (length >= 8 && length <= n - at))) {
            *s = (struct source){.bytes = bytes + at + 8, .n = length ? length - 8 : n - at - 8};
            return 0;
        }
        if (length < 8 || length > n - at)
            break;
        at += length;
    }
    return err_set(e, ERR_IMAGE_CORRUPT, "JPEG 2000: boxes without a codestream");
}

static int read_size(struct jpeg2000_header *h, const uint8_t *p, size_t n, struct err *e) {
    if (n < 36 + 3)
        return err_set(e, ERR_IMAGE_CORRUPT, "JPEG 2000: the size marker is too short");
    uint32_t x1 = big_endian(p + 2), y1 = big_endian(p + 6), x0 = big_endian(p + 10), y0 = big_endian(p + 14);
    uint32_t tile_width = big_endian(p + 18), tile_height = big_endian(p + 22);
    size_t components = (size_t)p[34] << 8 | p[35];
    if (x1 <= x0 || y1 <= y0 || components == 0 || n < 36 + 3 * components || tile_width == 0 || tile_height == 0)
        return err_set(e, ERR_IMAGE_CORRUPT, "JPEG 2000: the size marker contradicts itself");
    for (size_t c = 0; c < components; c++) {
        const uint8_t *q = p + 36 + 3 * c;
        if (q[0] != p[36] || q[1] != 1 || q[2] != 1)
            return err_set(e, ERR_UNSUPPORTED, "JPEG 2000: the components differ in size, depth or sign");
    }
    if (components > 4 || (p[36] & 0x7f) + 1 > 16)
        return err_set(e, ERR_UNSUPPORTED, "JPEG 2000: %zu components of %d bits", components, (p[36] & 0x7f) + 1);
    h->width = x1 - x0;
    h->height = y1 - y0;
    h->components = (int)components;
    h->precision = (p[36] & 0x7f) + 1;
    h->is_signed = p[36] >> 7;
    return 0;
}

int jpeg2000_header_read(struct jpeg2000_header *h, const uint8_t *bytes, size_t n, struct err *e) {
    struct source s;
    bool sized = false;
    *h = (struct jpeg2000_header){0};
    int rc = find_codestream(&s, bytes, n, e);
    if (rc)
        return rc;
    if (s.n < 2 || s.bytes[0] != 0xFF || s.bytes[1] != 0x4F)
        return err_set(e, ERR_IMAGE_CORRUPT, "the compressed frame does not start like JPEG 2000");
    for (size_t at = 2; at + 4 <= s.n;) {
        size_t length = (size_t)s.bytes[at + 2] << 8 | s.bytes[at + 3];
        const uint8_t *p = s.bytes + at + 4;
        if (s.bytes[at] != 0xFF || s.bytes[at + 1] == 0x90 || length < 2)
            return err_set(e, ERR_IMAGE_CORRUPT, "JPEG 2000: the header is incomplete");
        if (length > s.n - at - 2)
            break;
        if (s.bytes[at + 1] == 0x51) {
            rc = read_size(h, p, length - 2, e);
            if (rc)
                return rc;
            sized = true;
        }
        if (s.bytes[at + 1] == 0x52 && sized && length >= 7) {
            h->transformed = p[4] != 0 && h->components >= 3;
            return 0;
        }
        at += 2 + length;
    }
    return err_set(e, ERR_IMAGE_TRUNCATED, "JPEG 2000: the stream ends after %zu bytes, inside its header", n);
}

size_t jpeg2000_tiles_end(const uint8_t *bytes, size_t n) {
    enum { SOT = 0x90, SOT_BYTES = 12, PSOT = 6 };
    size_t at = 2;
    while (at + 4 <= n && bytes[at] == 0xFF && bytes[at + 1] != SOT) { /* the main header's segments */
        const size_t length = (size_t)bytes[at + 2] << 8 | bytes[at + 3];
        if (length < 2 || length > n - at - 2)
            return 0;
        at += 2 + length;
    }
    size_t end = 0;
    while (at <= n && n - at >= SOT_BYTES && bytes[at] == 0xFF && bytes[at + 1] == SOT) {
        const size_t length = big_endian(bytes + at + PSOT);
        if (length < SOT_BYTES || length > n - at)
            return 0;
        end = at += length;
    }
    return end;
}

/* --- OpenJPEG's stream */

static OPJ_SIZE_T on_read(void *to, OPJ_SIZE_T n, void *user) {
    struct source *s = user;
    size_t left = s->n - s->at;
    if (left == 0)
        return (OPJ_SIZE_T)-1;
    n = n < left ? n : left;
    memcpy(to, s->bytes + s->at, n);
    s->at += n;
    return n;
}

static OPJ_OFF_T on_skip(OPJ_OFF_T n, void *user) {
    struct source *s = user;
    if (n < 0 || (uint64_t)n > s->n - s->at)
        return -1;
    s->at += (size_t)n;
    return n;
}

static OPJ_BOOL on_seek(OPJ_OFF_T to, void *user) {
    struct source *s = user;
    if (to < 0 || (uint64_t)to > s->n)
        return OPJ_FALSE;
    s->at = (size_t)to;
    return OPJ_TRUE;
}

static void on_message(const char *text, void *user) {
    static const char *const harmless[] = {"Unknown marker", "TLM", "comment"};
    struct complaint *c = user;
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        if (strstr(text, harmless[i]))
            return;
    if (c->any)
        return;
    c->any = true;
    snprintf(c->text, sizeof c->text, "%s", text);
    for (char *p = c->text; *p; p++)
        if ((unsigned char)*p < 0x20)
            *p = p[1] ? ' ' : 0;
}

static void on_information(const char *text, void *user) {
    (void)text;
    (void)user;
}

static int check_image(const opj_image_t *im, const struct jpeg2000_header *h, struct err *e) {
    bool same = im->numcomps == (OPJ_UINT32)h->components;
    for (OPJ_UINT32 c = 0; same && c < im->numcomps; c++)
        same = im->comps[c].w == h->width && im->comps[c].h == h->height && im->comps[c].data && (bool)im->comps[c].sgnd == h->is_signed &&
               im->comps[c].prec == (OPJ_UINT32)h->precision;
    return same ? 0 : err_set(e, ERR_IMAGE_CORRUPT, "JPEG 2000: the decoded components contradict the header");
}

int jpeg2000_decode(uint16_t *out, const struct jpeg2000_header *h, const uint8_t *bytes, size_t n, struct err *e) {
    struct source s;
    struct complaint c = {0};
    opj_dparameters_t parameters;
    opj_image_t *im = NULL;
    opj_stream_t *stream = NULL;
    int rc = find_codestream(&s, bytes, n, e);
    if (rc)
        return rc;
    opj_codec_t *codec = opj_create_decompress(OPJ_CODEC_J2K);
    if (!codec || !(stream = opj_stream_create(1 << 20, OPJ_TRUE))) {
        rc = err_set(e, ERR_NO_MEMORY, "no memory for the JPEG 2000 decoder");
        goto out;
    }
    opj_set_error_handler(codec, on_message, &c);
    opj_set_warning_handler(codec, on_message, &c);
    opj_set_info_handler(codec, on_information, NULL);
    opj_stream_set_read_function(stream, on_read);
    opj_stream_set_skip_function(stream, on_skip);
    opj_stream_set_seek_function(stream, on_seek);
    opj_stream_set_user_data(stream, &s, NULL);
    opj_stream_set_user_data_length(stream, s.n);
    opj_set_default_decoder_parameters(&parameters);
    bool ok = opj_setup_decoder(codec, &parameters) && opj_decoder_set_strict_mode(codec, OPJ_TRUE) &&
              opj_read_header(stream, codec, &im) && opj_decode(codec, stream, im) && opj_end_decompress(codec, stream);
    if (!ok || c.any) {
        rc = strstr(c.text, "emory") ? err_set(e, ERR_NO_MEMORY, "JPEG 2000: %s", c.text)
                                     : err_set(e, ERR_IMAGE_CORRUPT, "JPEG 2000: %s", c.any ? c.text : "it cannot be decoded");
        goto out;
    }
    rc = check_image(im, h, e);
    for (size_t i = 0, pixels = (size_t)h->width * h->height, k = (size_t)h->components; !rc && i < pixels; i++)
        for (size_t j = 0; j < k; j++)
            out[i * k + j] = (uint16_t)im->comps[j].data[i];
out:
    opj_image_destroy(im);
    opj_stream_destroy(stream);
    opj_destroy_codec(codec);
    return rc;
}

void jpeg2000_library(char out[32]) {
    snprintf(out, 32, "OpenJPEG %s", opj_version());
}
