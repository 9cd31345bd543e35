/* Pixels to PNG, by libpng's low-level interface. Floor 2.
 *
 * libpng reports errors by longjmp. All that outlives a jump hangs in struct job, in the caller's frame; the function that calls setjmp()
 * has no variable of its own, so nothing can be clobbered.
 */
#include "image/png_write.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <png.h>

struct job {
    png_structp png;
    png_infop info;
    const struct image *im;
    struct buf *out;
    struct err *e;
    int code; /* of the failure that jumps */
    jmp_buf env;
};

static void on_error(png_structp png, png_const_charp text) {
    struct job *j = png_get_error_ptr(png);
    if (!j->code)
        j->code = err_set(j->e, strstr(text, "emory") ? ERR_NO_MEMORY : ERR_INTERNAL, "a PNG could not be written: %s", text);
    longjmp(j->env, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
    (void)png;
    (void)text; /* about chunks that are not written here */
}

static void on_write(png_structp png, png_bytep bytes, size_t n) {
    struct job *j = png_get_io_ptr(png);
    j->code = buf_append(j->out, bytes, n, j->e);
    if (j->code)
        longjmp(j->env, 1);
}

static void on_flush(png_structp png) {
    (void)png;
}

static void write_all(struct job *j) {
    const struct image *im = j->im;
    size_t row = (size_t)im->width * (size_t)im->channels * (size_t)im->bits / 8;
    png_set_write_fn(j->png, j, on_write, on_flush);
    png_set_IHDR(j->png, j->info, im->width, im->height, im->bits, im->channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(j->png, j->info);
    if (im->bits == 16 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
        png_set_swap(j->png); /* on libpng's own copy of a row */
    for (uint32_t y = 0; y < im->height; y++)
        png_write_row(j->png, (png_const_bytep)im->pixels + y * row);
    png_write_end(j->png, NULL);
}

static void run(struct job *j) {
    if (setjmp(j->env) == 0)
        write_all(j);
}

int png_write(struct buf *out, const struct image *im, struct err *e) {
    struct job j = {.im = im, .out = out, .e = e};
    size_t before = out->size;
    int rc = image_check_size(im->width, im->height, e);
    if (rc)
        return rc;
    if ((im->channels != 1 && im->channels != 3) || (im->bits != 8 && im->bits != 16) || im->is_signed)
        return err_set(e, ERR_UNSUPPORTED, "a PNG is grey or RGB with 8 or 16 bits; this image has %d channels of %d%s bits", im->channels,
                       im->bits, im->is_signed ? " signed" : "");
    j.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &j, on_error, on_warning);
    if (j.png)
        j.info = png_create_info_struct(j.png);
    if (j.info)
        run(&j);
    else
        j.code = err_set(e, ERR_NO_MEMORY, "no memory to write a PNG");
    png_destroy_write_struct(&j.png, &j.info);
    if (j.code && out->data) {
        out->size = before;
        out->data[before] = 0;
    }
    return j.code;
}

void png_library(char out[32]) {
    snprintf(out, 32, "libpng %s", png_get_libpng_ver(NULL));
}
