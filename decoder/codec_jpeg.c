/* JPEG to pixels, by libjpeg-turbo with its default settings (accurate integer DCT, smooth upsampling): the only file that sees jpeglib.h.
 * Floor 1.
 *
 * libjpeg repairs damaged files with a warning and grey pixels; here each warning is an error. Errors leave by longjmp: all that outlives a
 * jump hangs in struct job, in the caller's frame.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "core.h"

/* A progressive file may ask for any number of passes over all coefficients; an encoder's usual script has ten. */
enum { SCANS_MAX = 100 };
#define SCAN_PIXELS_MAX (UINT64_C(2) << 30)

struct job {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    struct err *e;
    size_t n;
    int code;
    jmp_buf env;
    struct image *image; /* owned until handed over */
};

static _Noreturn void fail(struct job *j, int code) {
    j->code = code;
    longjmp(j->env, 1);
}

static int code_of(int message) {
    switch (message) {
    case JERR_OUT_OF_MEMORY:
        return ERR_NO_MEMORY;
    case JERR_EMPTY_IMAGE:
        return ERR_IMAGE_EMPTY;
    case JERR_IMAGE_TOO_BIG:
        return ERR_IMAGE_TOO_LARGE;
    case JERR_BAD_PRECISION:
        return ERR_IMAGE_DEPTH;
    case JERR_SOF_UNSUPPORTED:
        return ERR_UNSUPPORTED;
    case JERR_CONVERSION_NOTIMPL:
        return ERR_IMAGE_COLOUR;
    case JERR_INPUT_EMPTY:
    case JERR_INPUT_EOF:
    case JWRN_JPEG_EOF:
        return ERR_IMAGE_TRUNCATED;
    default:
        return ERR_IMAGE_CORRUPT;
    }
}

static void on_error(j_common_ptr jpeg) {
    struct job *j = jpeg->client_data;
    char text[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, text);
    fail(j, err_set(j->e, code_of(jpeg->err->msg_code), "JPEG: %s", text));
}

/* Two warnings are of words that nothing depends on: the JFIF version, and the spectral range of a sequential scan (some encoders leave it
 * 0). */
static void on_message(j_common_ptr jpeg, int level) {
    int message = jpeg->err->msg_code;
    if (level < 0 && message != JWRN_JFIF_MAJOR && message != JWRN_NOT_SEQUENTIAL)
        on_error(jpeg);
}

static void on_progress(j_common_ptr jpeg) {
    struct job *j = jpeg->client_data;
    uint64_t scans = (uint64_t)j->jpeg.input_scan_number, pixels = (uint64_t)j->jpeg.image_width * j->jpeg.image_height;
    if (jpeg->is_decompressor && (scans > SCANS_MAX || scans * pixels > SCAN_PIXELS_MAX))
        fail(j, err_set(j->e, ERR_IMAGE_TOO_LARGE, "JPEG: more than %" PRIu64 " passes over %" PRIu64 " pixels", scans - 1, pixels));
}

/* What the header says, before pixels are allocated. */
static void check_header(struct job *j) {
    struct jpeg_decompress_struct *jpeg = &j->jpeg;
    uint64_t blocks = 0;
    int rc = image_check_size(jpeg->image_width, jpeg->image_height, j->e);
    if (rc)
        fail(j, rc);
    if (jpeg->jpeg_color_space != JCS_GRAYSCALE && jpeg->jpeg_color_space != JCS_YCbCr && jpeg->jpeg_color_space != JCS_RGB)
        fail(j, err_set(j->e, ERR_IMAGE_COLOUR, "JPEG: %d components (%s): only grey, YCbCr and RGB are supported", jpeg->num_components,
                        jpeg->jpeg_color_space == JCS_CMYK   ? "CMYK"
                        : jpeg->jpeg_color_space == JCS_YCCK ? "YCCK"
                                                             : "of unknown meaning"));
    /* a Huffman code has at least one bit for each block */
    for (int c = 0; c < jpeg->num_components; c++)
        blocks += (uint64_t)jpeg->comp_info[c].width_in_blocks * jpeg->comp_info[c].height_in_blocks;
    if (!jpeg->arith_code && blocks / 8 > j->n)
        fail(j, err_set(j->e, ERR_IMAGE_TRUNCATED, "JPEG: %zu bytes cannot hold the %ux%u pixels that the header declares", j->n,
                        jpeg->image_width, jpeg->image_height));
}

static int decode(struct job *j, const uint8_t *bytes) {
    struct jpeg_decompress_struct *jpeg = &j->jpeg;
    if (setjmp(j->env))
        return j->code;
    jpeg_create_decompress(jpeg);
    jpeg->progress = &j->progress;
    jpeg_mem_src(jpeg, bytes, j->n);
    jpeg_save_markers(jpeg, JPEG_APP0 + 1, 0xFFFF); /* EXIF */
    jpeg_read_header(jpeg, TRUE);
    check_header(j);
    bool grey = jpeg->jpeg_color_space == JCS_GRAYSCALE;
    jpeg->out_color_space = grey ? JCS_GRAYSCALE : JCS_RGB;
    int rc = image_new(&j->image, jpeg->image_width, jpeg->image_height, grey ? 1 : 3, 8, j->e);
    if (rc)
        fail(j, rc);
    j->image->format = "JPEG";
    for (jpeg_saved_marker_ptr m = jpeg->marker_list; m && !j->image->orientation; m = m->next)
        if (m->data_length > 6 && memcmp(m->data, "Exif\0\0", 6) == 0)
            j->image->orientation = image_exif_orientation(m->data + 6, m->data_length - 6);
    jpeg_start_decompress(jpeg);
    size_t row_bytes = (size_t)j->image->width * (size_t)j->image->channels;
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = (uint8_t *)j->image->pixels + jpeg->output_scanline * row_bytes;
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_decompress(jpeg); /* reads to the end-of-image marker, so that a cut after the last row is seen */
    return 0;
}

int codec_jpeg_decode(struct image **out, const uint8_t *bytes, size_t n, struct err *e) {
    struct job j = {.e = e, .n = n};
    *out = NULL;
    j.jpeg.err = jpeg_std_error(&j.errors);
    j.jpeg.client_data = &j; /* kept by jpeg_create_decompress() */
    j.errors.error_exit = on_error;
    j.errors.emit_message = on_message;
    j.progress.progress_monitor = on_progress;
    int rc = decode(&j, bytes);
    if (!rc) {
        *out = j.image;
        j.image = NULL;
    }
    jpeg_destroy_decompress(&j.jpeg);
    image_free(j.image);
    return rc;
}

#define TEXT_OF(x) #x
#define VALUE_OF(x) TEXT_OF(x)

void codec_jpeg_library(char out[32]) {
#ifdef LIBJPEG_TURBO_VERSION
    snprintf(out, 32, "libjpeg-turbo %s", VALUE_OF(LIBJPEG_TURBO_VERSION)); /* of its headers: it cannot be asked */
#else
    snprintf(out, 32, "libjpeg %d", JPEG_LIB_VERSION);
#endif
}
