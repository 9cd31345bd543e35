/* PNG to pixels, by libpng's low-level interface: the only file that sees png.h. Floor 1.
 *
 * libpng reports errors by longjmp. All that outlives a jump hangs in struct job, in the caller's frame; the function that calls setjmp()
 * has no variable of its own, so nothing can be clobbered.
 * Chunks other than IHDR, PLTE, tRNS, IDAT and IEND are passed over (their checksums are still checked): no profile, no text is unpacked.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "base/mem.h"
#include "core.h"

enum { DEFLATE_RATIO_MAX = 1032, PALETTE_MAX = 256 };

struct job {
    png_structp png;
    png_infop info;
    const uint8_t *bytes;
    size_t n, at;
    struct err *e;
    int code; /* of the failure that jumps */
    jmp_buf env;
    struct image *image; /* owned until handed over */
    uint8_t *raw;        /* owned: one row, or the whole picture if it is interlaced; as libpng gives it */
    png_bytep *rows;     /* owned: the rows of an interlaced picture */
    size_t row_bytes;
    int channels; /* in raw: 1 grey or index, 2 grey + alpha, 3 RGB, 4 RGBA */
    png_color palette[PALETTE_MAX];
    uint8_t opacity[PALETTE_MAX];
    int palette_size;
};

static _Noreturn void fail(struct job *j, int code) {
    j->code = code;
    longjmp(j->env, 1);
}

static _Noreturn void fail_with(struct job *j, const char *text) {
    int code = ERR_IMAGE_CORRUPT;
    if (strstr(text, "Not enough"))
        code = ERR_IMAGE_TRUNCATED;
    else if (strstr(text, "emory"))
        code = ERR_NO_MEMORY;
    fail(j, err_set(j->e, code, "PNG: %s", text));
}

static void on_error(png_structp png, png_const_charp text) {
    fail_with(png_get_error_ptr(png), text);
}

/* Where the pixels' own stream is wrong libpng only warns once all rows are out; for us that is damage. Bytes after the stream's end are
 * not. */
static void on_warning(png_structp png, png_const_charp text) {
    if (!strncmp(text, "IDAT: ", 6) && !strstr(text, "Extra compressed data") && !strstr(text, "Too much image data"))
        fail_with(png_get_error_ptr(png), text);
}

static void on_read(png_structp png, png_bytep to, size_t n) {
    struct job *j = png_get_io_ptr(png);
    if (n > j->n - j->at)
        fail(j, err_set(j->e, ERR_IMAGE_TRUNCATED, "PNG: the file ends after %zu bytes, inside a chunk", j->n));
    memcpy(to, j->bytes + j->at, n);
    j->at += n;
}

static uint32_t big_endian(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The header by hand, before libpng allocates for it: libpng has one message for all that is wrong in it. */
static int check_header(const uint8_t *bytes, size_t n, struct err *e) {
    if (n < 33)
        return err_set(e, ERR_IMAGE_TRUNCATED, "PNG: the file ends after %zu bytes, inside the header", n);
    if (big_endian(bytes + 8) != 13 || memcmp(bytes + 12, "IHDR", 4) != 0)
        return err_set(e, ERR_IMAGE_CORRUPT, "PNG: the file does not begin with a header chunk");
    uint64_t width = big_endian(bytes + 16), height = big_endian(bytes + 20);
    int rc = image_check_size(width, height, e);
    if (rc)
        return rc;
    /* deflate cannot pack better than 1032 : 1, so a small file with a large picture need not be tried */
    static const uint8_t channels[7] = {1, 1, 3, 1, 2, 1, 4};
    unsigned bits = bytes[24], colour = bytes[25];
    if (bits > 16 || colour > 6)
        return err_set(e, ERR_IMAGE_CORRUPT, "PNG: the header declares bit depth %u and colour type %u, which do not exist", bits, colour);
    if ((width * bits * channels[colour] + 7) / 8 * height / DEFLATE_RATIO_MAX > n)
        return err_set(e, ERR_IMAGE_TRUNCATED, "PNG: %zu bytes cannot hold the %ux%u pixels that the header declares", n, (unsigned)width,
                       (unsigned)height);
    return 0;
}

static void read_palette(struct job *j) {
    png_colorp palette = NULL;
    png_bytep opacity = NULL;
    int n = 0;
    if (!png_get_PLTE(j->png, j->info, &palette, &j->palette_size) || j->palette_size > PALETTE_MAX)
        fail(j, err_set(j->e, ERR_IMAGE_CORRUPT, "PNG: an indexed picture without a palette"));
    memcpy(j->palette, palette, (size_t)j->palette_size * sizeof *palette);
    memset(j->opacity, 255, sizeof j->opacity);
    if (png_get_tRNS(j->png, j->info, &opacity, &n, NULL) && opacity && n <= PALETTE_MAX)
        memcpy(j->opacity, opacity, (size_t)n);
}

/* Ask libpng for grey, grey + alpha, RGB, RGBA or indices in whole bytes; allocate the image. */
static void read_header(struct job *j) {
    png_structp png = j->png;
    png_set_read_fn(png, j, on_read);
    png_set_user_limits(png, IMAGE_SIDE_MAX, IMAGE_SIDE_MAX);
    png_set_chunk_malloc_max(png, 1 << 20);
    png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    static const png_byte exif[] = "eXIf";
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_AS_DEFAULT, exif, 1);
    png_read_info(png, j->info);
    int colour = png_get_color_type(png, j->info), bits = png_get_bit_depth(png, j->info);
    bool palette = colour == PNG_COLOR_TYPE_PALETTE, key = png_get_valid(png, j->info, PNG_INFO_tRNS) != 0;
    if (palette) {
        read_palette(j);
        png_set_packing(png);
    } else {
        png_set_expand_gray_1_2_4_to_8(png);
        if (key)
            png_set_tRNS_to_alpha(png);
        if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
            png_set_swap(png);
    }
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, j->info);
    uint32_t width = png_get_image_width(png, j->info), height = png_get_image_height(png, j->info);
    int sample = bits == 16 ? 16 : 8;
    j->channels = png_get_channels(png, j->info);
    j->row_bytes = png_get_rowbytes(png, j->info);
    if (j->row_bytes != (size_t)width * (size_t)(j->channels * sample / 8))
        fail(j, err_set(j->e, ERR_INTERNAL, "PNG: a row has %zu bytes, not the expected number", j->row_bytes));
    int rc = image_new(&j->image, width, height, palette || j->channels >= 3 ? 3 : 1, sample, j->e);
    if (rc)
        fail(j, rc);
    j->image->format = "PNG";
    j->image->file_bits = bits;
    j->image->palette = palette;
    j->image->alpha = key || (colour & PNG_COLOR_MASK_ALPHA);
    j->raw = mem_alloc(passes > 1 ? height : 1, j->row_bytes, j->e);
    if (passes > 1)
        j->rows = mem_alloc(height, sizeof *j->rows, j->e);
    if (!j->raw || (passes > 1 && !j->rows))
        fail(j, ERR_NO_MEMORY);
    for (uint32_t y = 0; j->rows && y < height; y++)
        j->rows[y] = j->raw + y * j->row_bytes;
}

static void expand_palette(struct job *j, uint8_t *to, const uint8_t *from) {
    for (uint32_t x = 0; x < j->image->width; x++, to += 3) {
        if (from[x] >= j->palette_size)
            fail(j, err_set(j->e, ERR_IMAGE_CORRUPT, "PNG: pixel value %d, but the palette has %d colours", from[x], j->palette_size));
        const png_color *c = &j->palette[from[x]];
        to[0] = c->red;
        to[1] = c->green;
        to[2] = c->blue;
        j->image->alpha_used |= j->opacity[from[x]] != 255;
    }
}

/* One row from raw into the image, without its alpha. */
static void store_row(struct job *j, uint32_t y, const uint8_t *from) {
    struct image *im = j->image;
    size_t out = (size_t)im->channels, in = (size_t)j->channels, sample = (size_t)im->bits / 8;
    uint8_t *to = (uint8_t *)im->pixels + y * (im->width * out * sample);
    if (im->palette) {
        expand_palette(j, to, from);
    } else if (in == out) {
        memcpy(to, from, j->row_bytes);
    } else {
        for (uint32_t x = 0; x < im->width; x++, to += out * sample, from += in * sample) {
            memcpy(to, from, out * sample);
            for (size_t b = out * sample; b < in * sample; b++)
                im->alpha_used |= from[b] != 255; /* 65535 is two bytes of 255 */
        }
    }
}

static int decode(struct job *j) {
    if (setjmp(j->env))
        return j->code;
    read_header(j);
    if (j->rows)
        png_read_image(j->png, j->rows);
    for (uint32_t y = 0; y < j->image->height; y++) {
        if (!j->rows)
            png_read_row(j->png, j->raw, NULL);
        store_row(j, y, j->rows ? j->rows[y] : j->raw);
    }
    png_read_end(j->png, j->info);
    png_bytep exif = NULL; /* it may stand before or behind the pixels */
    png_uint_32 exif_bytes = 0;
    if (png_get_eXIf_1(j->png, j->info, &exif_bytes, &exif) && exif)
        j->image->orientation = image_exif_orientation(exif, exif_bytes);
    return 0;
}

int codec_png_decode(struct image **out, const uint8_t *bytes, size_t n, struct err *e) {
    struct job j = {.bytes = bytes, .n = n, .e = e};
    *out = NULL;
    int rc = check_header(bytes, n, e);
    if (rc)
        return rc;
    j.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL); /* without handlers: its own setjmp covers this call */
    if (j.png)
        j.info = png_create_info_struct(j.png);
    if (!j.info) {
        rc = err_set(e, ERR_NO_MEMORY, "no memory for the PNG decoder");
        goto out;
    }
    png_set_error_fn(j.png, &j, on_error, on_warning);
    rc = decode(&j);
    if (!rc) {
        *out = j.image;
        j.image = NULL;
    }
out:
    image_free(j.image);
    mem_free(j.raw);
    mem_free(j.rows);
    png_destroy_read_struct(&j.png, &j.info, NULL);
    return rc;
}

void codec_png_library(char out[32]) {
    snprintf(out, 32, "libpng %s", png_get_libpng_ver(NULL));
}
