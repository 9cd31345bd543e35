/* One frame of a DICOM file as stored values. Floor 1.
 *
 * Grey: the bits stored, at the high bit, sign-extended where signed (then in int16_t also if 8 bits are allocated); no modality or VOI
 * transformation, no polarity: these stay facts. Colour: RGB, 8 bits, or 16 where the file allocates 16.
 *
 * Bits above those stored: in native and run-length data they do not count (PS3.5 8.1.1: they may hold anything). A JPEG, JPEG-LS or JPEG
 * 2000 stream with a higher precision than Bits Stored has its samples taken as decoded, as GDCM and Pillow take them from JPEG 2000: lossy
 * coding overshoots, and white must not wrap round to black. So a stored value may lie beyond what Bits Stored can hold. They do not count
 * there either if the file says that an overlay lies in them. Where the sign of such a sample cannot be told, the file is refused.
 *
 * YBR_FULL, YBR_FULL_422: R = Y + 1.402 (Cr - 128) and so on, the inverse of PS3.3 C.7.6.3.1.2, to the nearest whole number (halves up),
 * clamped to 0..255. Of YBR_FULL_422 in native pixel data both pixels of a pair have its Cb and Cr; in JPEG the components are brought to
 * size first (libjpeg's triangle filter). Native pixel data of just three bytes a pixel are not subsampled, whatever the name says:
 * YBR_FULL. A JPEG stream that says of its colours (Adobe or JFIF marker, subsampling) what contradicts the file is refused. YBR_RCT,
 * YBR_ICT: by the JPEG 2000 decoder.
 *
 * PALETTE COLOR: index - first entry, held within the table (PS3.3 C.7.6.3.1.5); entries of 8 bits as they are, of 9 to 16 bits their upper
 * 8. A table of 16 bits that holds no value above 255 is one of 8 bits that says otherwise, or black: refused.
 *
 * Pixel data that are shorter than the file says are refused, also if the chosen frame is there. Longer ones: what follows the last frame
 * is let be while it is less than a frame (pydicom, GDCM and DCMTK do the same); a whole frame more contradicts Number of Frames.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core.h"
#include "dicom_facts.h"
#include "dicom_shim.h"
#include "jpeg2000.h"
#include "jpeg_header.h"
#include "jpeg_lossless.h"
#include "rle.h"

enum model { MODEL_GREY, MODEL_RGB, MODEL_YBR, MODEL_YBR_422, MODEL_YBR_2000, MODEL_PALETTE };

/* A frame as it left its codec, before the meaning of its bits. */
struct raster {
    uint8_t *samples;   /* owned */
    int width;          /* bytes per sample: 1, 2 (native order) */
    int shift, bits;    /* where the bits that count begin, how many they are */
    bool planar, pairs; /* pairs: Y Y Cb Cr */
};
struct job {
    struct dicom_file *file;
    struct dicom *d;
    struct dicom_size size;
    enum model model;
    struct raster raster;
    struct dicom_lut palette[3];
    struct buf stream; /* of a compressed frame */
    struct err *e;
};

static size_t pixels_of(const struct job *j) {
    return (size_t)j->size.rows * j->size.columns;
}

static int make_raster(struct job *j, int width, size_t samples_per_pixel) {
    const struct dicom *d = j->d;
    j->raster = (struct raster){.width = width, .shift = d->high_bit + 1 - d->bits_stored, .bits = d->bits_stored};
    size_t bytes;
    if (!mem_mul(pixels_of(j), (size_t)width * samples_per_pixel, &bytes))
        return err_set(j->e, ERR_NO_MEMORY, "no memory for a frame");
    if (!(j->raster.samples = mem_alloc_aligned(bytes, 1, j->e))) /* in large pages */
        return ERR_NO_MEMORY;
    memset(j->raster.samples, 0, bytes);
    return 0;
}

/* --- native */

static int read_native(struct job *j) {
    const struct dicom *d = j->d;
    const uint64_t whole = (uint64_t)pixels_of(j) * 3 * d->frames;
    if (j->model == MODEL_YBR_422 && dicom_native_size(j->file) - whole <= 1) { /* decompressed, and the name was left */
        j->model = MODEL_YBR;
        j->d->tolerated |= DICOM_NOT_SUBSAMPLED;
    }
    const bool pairs = j->model == MODEL_YBR_422;
    const size_t per_pixel = pairs ? 2 : (size_t)d->samples * (size_t)d->bits_allocated / 8, frame = pixels_of(j) * per_pixel;
    const uint64_t have = dicom_native_size(j->file), total = (uint64_t)frame * d->frames;
    if (have < total)
        return err_set(j->e, ERR_IMAGE_TRUNCATED, "the pixel data have %llu bytes, expected %u frames of %zu", (unsigned long long)have,
                       d->frames, frame);
    if (have - total > 1 && have - total >= frame)
        return err_set(j->e, ERR_DICOM_PIXELS,
                       "the pixel data have %llu bytes, at least a frame more than the %u of %zu that the file declares",
                       (unsigned long long)have, d->frames, frame);
    if (pairs && (j->size.columns % 2 || j->size.planar))
        return err_set(j->e, ERR_DICOM_PIXELS, "YBR_FULL_422 needs an even number of columns and no planes");
    int rc = make_raster(j, d->bits_allocated / 8, (per_pixel * 8 + (size_t)d->bits_allocated - 1) / (size_t)d->bits_allocated);
    if (rc)
        return rc;
    const uint64_t from = (uint64_t)frame * d->frame;
    const size_t odd = from & 1;
    uint8_t *to = j->raster.samples;
    if (odd) { /* words may have to be swapped: read whole ones */
        uint8_t word[2];
        rc = dicom_native_read(j->file, word, from - 1, 2, j->e);
        to[0] = word[1];
    }
    const size_t tail = (frame - odd) & 1, middle = frame - odd - tail;
    if (!rc && middle)
        rc = dicom_native_read(j->file, to + odd, from + odd, middle, j->e);
    if (!rc && tail) {
        uint8_t word[2] = {0};
        uint64_t last = from + odd + middle;
        rc = dicom_native_read(j->file, word, last, last + 2 <= have ? 2 : 1, j->e);
        to[frame - 1] = word[0];
    }
    j->raster.planar = j->size.planar && d->samples > 1;
    j->raster.pairs = pairs;
    return rc;
}

/* --- compressed */

static int read_stream(struct job *j, const uint8_t *mark, size_t n) {
    return dicom_fragments_read(j->file, &j->stream, j->d->frame, j->d->frames, mark, n, j->e);
}

static int read_rle(struct job *j) {
    int rc = read_stream(j, NULL, 0);
    if (!rc && (uint64_t)pixels_of(j) / 64 > j->stream.size) /* a run of two bytes makes at most 128 */
        rc = err_set(j->e, ERR_IMAGE_TRUNCATED, "%zu bytes cannot hold the %ux%u pixels of a run-length frame", j->stream.size,
                     j->size.columns, j->size.rows);
    if (!rc && j->model == MODEL_YBR_422)
        rc = err_set(j->e, ERR_DICOM_PIXELS, "run-length planes are not subsampled, but the file says YBR_FULL_422");
    if (!rc)
        rc = make_raster(j, j->d->bits_allocated / 8, (size_t)j->d->samples);
    return rc ? rc
              : rle_decode(j->raster.samples, pixels_of(j), j->d->samples, j->raster.width, (const uint8_t *)j->stream.data, j->stream.size,
                           j->e);
}

/* The stream's own header against the file's. */
static int same_shape(struct job *j, uint32_t width, uint32_t height, int components, int precision) {
    const struct dicom *d = j->d;
    if (width != j->size.columns || height != j->size.rows || components != d->samples)
        return err_set(j->e, ERR_DICOM_PIXELS, "the compressed frame is %ux%u with %d samples, the file says %ux%u with %d", width, height,
                       components, j->size.columns, j->size.rows, d->samples);
    if (precision > d->bits_allocated)
        return err_set(j->e, ERR_DICOM_PIXELS, "the compressed frame has %d bits, the file allocates %d", precision, d->bits_allocated);
    return 0;
}

/* Does the file say that overlays lie in the upper bits of its pixels (PS3.3 C.9.2, retired)? */
static bool has_overlay_bits(const struct job *j) {
    struct dicom_item *top = dicom_file_dataset(j->file);
    for (uint32_t group = 0x6000; group < 0x6020; group += 2) {
        int64_t bit = 0;
        if (dicom_whole(top, DICOM_TAG(group, 0x0102), 0, &bit) && bit > 0 && !dicom_has(top, DICOM_TAG(group, 0x3000)))
            return true;
    }
    return false;
}

/* A stream with just the stored bits, or fewer, has them at the bottom, whatever the high bit; one with more holds the whole container,
 * and all of it counts. */
static int place_bits(struct job *j, int precision, bool has_sign) {
    const struct dicom *d = j->d;
    if (precision < d->bits_stored && d->is_signed && !has_sign)
        return err_set(j->e, ERR_DICOM_PIXELS, "the compressed frame has %d bits where %d are stored: the sign bit is ambiguous", precision,
                       d->bits_stored);
    if (precision <= d->bits_stored) {
        j->raster.shift = 0;
        return 0;
    }
    if (d->high_bit >= precision)
        return err_set(j->e, ERR_DICOM_PIXELS, "the compressed frame has %d bits, the file says that the highest is bit %d", precision,
                       d->high_bit);
    if (j->model >= MODEL_YBR && j->model != MODEL_PALETTE)
        return err_set(j->e, ERR_DICOM_PIXELS, "the compressed frame has %d bits, the file's colours have %d", precision, d->bits_stored);
    if (!has_overlay_bits(j))
        j->raster.bits = (has_sign ? 16 : precision) - j->raster.shift; /* with a sign: two's complement of 16 bits */
    return 0;
}

static uint32_t sample_at(const struct raster *r, size_t i) {
    uint16_t word;
    if (r->width == 1)
        return r->samples[i];
    memcpy(&word, r->samples + 2 * i, 2);
    return word;
}

static int check_no_negative(const struct job *j) {
    for (size_t i = 0, n = pixels_of(j) * (size_t)j->d->samples; i < n; i++)
        if (sample_at(&j->raster, i) >> 15)
            return err_set(j->e, ERR_DICOM_PIXELS, "the compressed frame has values below zero, the file says that they have no sign");
    return 0;
}

/* Signed values in a stream of a higher precision that knows no sign: the bits above those stored repeat it, or are zero. Anything else, or
 * both in one frame, contradicts itself; and what may be zero bits after lossy coding may be a value that overshot. */
static int place_sign(struct job *j, bool has_sign, bool lossless) {
    struct raster *r = &j->raster;
    const int stored = j->d->bits_stored;
    const uint32_t top = (1u << (r->bits - stored + 1)) - 1; /* the sign and all above it */
    bool bare = false, extended = false, other = false;
    if (r->bits <= stored)
        return 0;
    if (!j->d->is_signed)
        return has_sign ? check_no_negative(j) : 0;
    if (has_sign)
        return 0;
    for (size_t i = 0, n = pixels_of(j); i < n; i++) {
        const uint32_t upper = sample_at(r, i) >> (r->shift + stored - 1) & top;
        bare |= upper == 1;
        extended |= upper == top;
        other |= upper > 1 && upper < top;
    }
    if (other || (bare && (extended || !lossless)))
        return err_set(j->e, ERR_DICOM_PIXELS, "the compressed frame has values beyond the %d bits stored, whose sign is ambiguous",
                       stored);
    r->bits = stored;
    return 0;
}

/* What of the header contradicts the file, or cannot be in n bytes. */
static int check_jpeg(struct job *j, const struct jpeg_header *h, const char *processes, size_t n) {
    /* a Huffman code has at least one bit: for each sample, or for each block of 64 (a quarter of them where subsampled) */
    const uint64_t least = (uint64_t)pixels_of(j) * (h->frame == 0xC3 ? (unsigned)h->components : 1) / (h->frame == 0xC3 ? 1 : 256) / 8;
    int rc = same_shape(j, h->width, h->height, h->components, h->precision);
    if (rc)
        return rc;
    if (!memchr(processes, h->frame, n) || h->precision < 2 || h->precision > 16)
        return err_set(j->e, ERR_DICOM_PIXELS,
                       "the compressed frame is of JPEG process %02X with %d bits, which its transfer syntax does not allow",
                       (unsigned)h->frame, h->precision);
    if (h->colour == (j->model == MODEL_RGB ? JPEG_COLOUR_YCC : JPEG_COLOUR_RGB))
        return err_set(j->e, ERR_DICOM_PIXELS, "the file says %s, its JPEG frame %s: they contradict each other", j->d->photometric,
                       h->colour == JPEG_COLOUR_YCC ? "YCbCr" : "RGB");
    if (h->frame != 0xF7 && least > j->stream.size)
        return err_set(j->e, ERR_IMAGE_TRUNCATED, "%zu bytes cannot hold the %ux%u pixels of a JPEG frame", j->stream.size, h->width,
                       h->height);
    return 0;
}

/* The end-of-image marker, and at most filling after it. */
static bool has_end(const uint8_t *bytes, size_t n) {
    while (n > 2 && (bytes[n - 1] == 0 || (bytes[n - 1] == 0xFF && bytes[n - 2] == 0xFF)))
        n--;
    return n > 2 && bytes[n - 2] == 0xFF && bytes[n - 1] == 0xD9;
}

static int read_jpeg_frame(struct job *j, const char *processes, size_t n, bool lossless) {
    static const uint8_t mark[2] = {0xFF, 0xD8};
    struct jpeg_header h;
    int rc = read_stream(j, mark, sizeof mark);
    if (rc)
        return rc;
    const uint8_t *bytes = (const uint8_t *)j->stream.data;
    rc = jpeg_header_read(&h, bytes, j->stream.size, j->e);
    if (!rc)
        rc = check_jpeg(j, &h, processes, n);
    if (!rc)
        rc = make_raster(j, h.precision > 8 ? 2 : 1, (size_t)h.components);
    if (!rc)
        rc = place_bits(j, h.precision, false);
    if (rc)
        return rc;
    const struct dicom_stream s = {j->d->syntax, h.width, h.height, h.components, h.precision};
    if (j->raster.width == 2 && jpeg_lossless_decode((uint16_t *)(void *)j->raster.samples, &h, bytes, j->stream.size))
        return place_sign(j, false, lossless);
    rc = dicom_jpeg_decode(j->raster.samples, pixels_of(j) * (size_t)(j->raster.width * h.components), &s, bytes, j->stream.size, j->e);
    if (rc && rc != ERR_NO_MEMORY && !has_end(bytes, j->stream.size))
        return err_set(j->e, ERR_IMAGE_TRUNCATED, "the JPEG frame ends after %zu bytes, without its end marker", j->stream.size);
    return rc ? rc : place_sign(j, false, lossless);
}

/* Which frames, by the low byte of their SOF marker. */
static int read_jpeg(struct job *j) {
    return read_jpeg_frame(j, "\xC0\xC1", 2, false);
}
static int read_jpeg_lossless(struct job *j) {
    return read_jpeg_frame(j, "\xC3", 1, true);
}
static int read_jpeg_ls(struct job *j) {
    return read_jpeg_frame(j, "\xF7", 1, true);
}
static int read_jpeg_ls_near(struct job *j) {
    return read_jpeg_frame(j, "\xF7", 1, false);
}

/* A codestream without its last marker gets one: the tile-parts tell their lengths, and the decoder is strict about what is in them. Behind
 * them stands at most the byte that makes a fragment even. */
static int end_stream(struct job *j) {
    static const uint8_t end[2] = {0xFF, 0xD9};
    const uint8_t *bytes = (const uint8_t *)j->stream.data;
    const size_t n = j->stream.size, tiles = n >= 4 && bytes[0] == 0xFF && bytes[1] == 0x4F ? jpeg2000_tiles_end(bytes, n) : 0;
    if (tiles == 0 || n - tiles > 1)
        return 0;
    j->d->tolerated |= DICOM_NO_END;
    j->stream.size = tiles;
    return buf_append(&j->stream, end, sizeof end, j->e);
}

static int read_jpeg2000_frame(struct job *j, bool lossless) {
    static const uint8_t mark[4] = {0xFF, 0x4F, 0xFF, 0x51};
    struct jpeg2000_header h;
    int rc = read_stream(j, mark, sizeof mark);
    if (!rc)
        rc = end_stream(j);
    if (!rc)
        rc = jpeg2000_header_read(&h, (const uint8_t *)j->stream.data, j->stream.size, j->e);
    if (!rc)
        rc = same_shape(j, h.width, h.height, h.components, h.precision);
    if (!rc && (j->model == MODEL_YBR_422 || (j->model == MODEL_YBR_2000 && !h.transformed) || (j->model == MODEL_YBR && h.transformed)))
        rc = err_set(j->e, ERR_DICOM_PIXELS, "the JPEG 2000 frame's colours are %s, which is not %s",
                     h.transformed ? "transformed" : "as they are", j->d->photometric);
    if (!rc)
        rc = make_raster(j, 2, (size_t)h.components);
    if (!rc)
        rc = place_bits(j, h.precision, h.is_signed);
    if (!rc)
        rc = jpeg2000_decode((uint16_t *)(void *)j->raster.samples, &h, (const uint8_t *)j->stream.data, j->stream.size, j->e);
    return rc ? rc : place_sign(j, h.is_signed, lossless);
}

static int read_jpeg2000(struct job *j) {
    return read_jpeg2000_frame(j, true);
}
static int read_jpeg2000_lossy(struct job *j) {
    return read_jpeg2000_frame(j, false);
}

static const struct syntax {
    const char *uid;
    int (*read)(struct job *j);
    bool fragments;
} syntaxes[] = {
    {"1.2.840.10008.1.2", read_native, false},              /* implicit, little endian */
    {"1.2.840.10008.1.2.1", read_native, false},            /* explicit, little endian */
    {"1.2.840.10008.1.2.1.99", read_native, false},         /* the same, deflated */
    {"1.2.840.10008.1.2.2", read_native, false},            /* explicit, big endian */
    {"1.2.840.10008.1.2.4.50", read_jpeg, true},            /* baseline */
    {"1.2.840.10008.1.2.4.51", read_jpeg, true},            /* extended */
    {"1.2.840.10008.1.2.4.57", read_jpeg_lossless, true},   /* any predictor */
    {"1.2.840.10008.1.2.4.70", read_jpeg_lossless, true},   /* the first */
    {"1.2.840.10008.1.2.4.80", read_jpeg_ls, true},         /* lossless */
    {"1.2.840.10008.1.2.4.81", read_jpeg_ls_near, true},    /* near-lossless */
    {"1.2.840.10008.1.2.4.90", read_jpeg2000, true},        /* lossless */
    {"1.2.840.10008.1.2.4.91", read_jpeg2000_lossy, true},  /* lossy */
    {"1.2.840.10008.1.2.4.201", read_jpeg2000, true},       /* high throughput: lossless */
    {"1.2.840.10008.1.2.4.202", read_jpeg2000, true},       /* lossless, RPCL */
    {"1.2.840.10008.1.2.4.203", read_jpeg2000_lossy, true}, /* lossy */
    {"1.2.840.10008.1.2.5", read_rle, true},
};

/* --- what the bits mean */

/* Sample i's bits that count, sign-extended. */
static int32_t stored_at(const struct job *j, size_t i) {
    const int bits = j->raster.bits;
    uint32_t v = sample_at(&j->raster, i) >> j->raster.shift & (uint32_t)((1u << bits) - 1);
    return j->d->is_signed && v >> (bits - 1) ? (int32_t)v - (int32_t)(1u << bits) : (int32_t)v;
}

static uint8_t clamp(double v) {
    uint8_t c = UINT8_MAX;
    if (v <= 0)
        c = 0;
    else if (v < 255)
        c = (uint8_t)v;
    return c;
}

static void ybr_to_rgb(uint8_t rgb[3], int y, int cb, int cr) {
    const double b = cb - 128, r = cr - 128;
    rgb[0] = clamp(floor(y + 1.402 * r + 0.5));
    rgb[1] = clamp(floor(y - (0.114 * 1.772 * b + 0.299 * 1.402 * r) / 0.587 + 0.5));
    rgb[2] = clamp(floor(y + 1.772 * b + 0.5));
}

/* Samples that already are the image's, or become it by dropping bits: no second copy is made. */
static bool finish_in_place(struct job *j, struct image *im) {
    struct raster *r = &j->raster;
    if (j->model != MODEL_GREY || im->bits != 8 * r->width || im->is_signed)
        return false;
    const uint16_t mask = (uint16_t)((1u << r->bits) - 1);
    uint16_t *word = (uint16_t *)(void *)r->samples;
    for (size_t i = 0, n = pixels_of(j); r->width == 2 && i < n; i++)
        word[i] = (uint16_t)(word[i] >> r->shift & mask);
    im->pixels = r->samples;
    r->samples = NULL;
    return true;
}

static void finish_grey(const struct job *j, struct image *im) {
    for (size_t i = 0, n = pixels_of(j); i < n; i++) {
        int32_t v = stored_at(j, i);
        if (im->bits == 8)
            ((uint8_t *)im->pixels)[i] = (uint8_t)v;
        else
            ((uint16_t *)im->pixels)[i] = (uint16_t)v;
    }
}

static void finish_palette(const struct job *j, struct image *im) {
    uint8_t *to = im->pixels;
    for (size_t i = 0, n = pixels_of(j); i < n; i++)
        for (size_t c = 0; c < 3; c++) {
            const struct dicom_lut *l = &j->palette[c];
            int64_t at = (int64_t)stored_at(j, i) - l->first;
            at = at < 0 ? 0 : at >= (int64_t)l->n ? (int64_t)l->n - 1 : at;
            to[3 * i + c] = (uint8_t)(l->bits > 8 ? l->values[at] >> (l->bits - 8) : l->values[at]);
        }
}

static void finish_colour(const struct job *j, struct image *im) {
    const size_t n = pixels_of(j);
    const bool ybr = j->model == MODEL_YBR || j->model == MODEL_YBR_422;
    for (size_t i = 0; i < n; i++) {
        int v[3];
        for (size_t c = 0; c < 3; c++)
            v[c] = stored_at(j, j->raster.pairs ? (i / 2) * 4 + (c ? c + 1 : i & 1) : j->raster.planar ? c * n + i : 3 * i + c);
        uint8_t *to8 = (uint8_t *)im->pixels + 3 * i;
        if (ybr)
            ybr_to_rgb(to8, v[0], v[1], v[2]);
        for (size_t c = 0; !ybr && c < 3; c++)
            if (im->bits == 8)
                to8[c] = (uint8_t)v[c];
            else
                ((uint16_t *)im->pixels)[3 * i + c] = (uint16_t)v[c];
    }
}

static int finish(struct job *j, struct image *im) {
    if (finish_in_place(j, im))
        return 0;
    if (!(im->pixels = mem_alloc(pixels_of(j), (size_t)(im->channels * im->bits / 8), j->e)))
        return ERR_NO_MEMORY;
    if (j->model == MODEL_GREY)
        finish_grey(j, im);
    else if (j->model == MODEL_PALETTE)
        finish_palette(j, im);
    else
        finish_colour(j, im);
    return 0;
}

/* --- checks */

static int check_depth(const struct job *j) {
    const struct dicom *d = j->d;
    if ((d->bits_allocated != 8 && d->bits_allocated != 16) || d->bits_stored < 8)
        return err_set(j->e, ERR_IMAGE_DEPTH, "%d bits allocated and %d stored: supported are 8 or 16 allocated, 8 to 16 stored",
                       d->bits_allocated, d->bits_stored);
    if (d->bits_stored > d->bits_allocated || d->high_bit < d->bits_stored - 1 || d->high_bit >= d->bits_allocated)
        return err_set(j->e, ERR_DICOM_PIXELS, "%d bits stored up to bit %d do not fit %d allocated", d->bits_stored, d->high_bit,
                       d->bits_allocated);
    return 0;
}

static int check_colour(struct job *j) {
    static const struct {
        const char *name;
        int samples;
        enum model model;
    } models[] = {
        {"MONOCHROME1", 1, MODEL_GREY}, {"MONOCHROME2", 1, MODEL_GREY}, {"PALETTE COLOR", 1, MODEL_PALETTE},
        {"RGB", 3, MODEL_RGB},          {"YBR_FULL", 3, MODEL_YBR},     {"YBR_FULL_422", 3, MODEL_YBR_422},
        {"YBR_RCT", 3, MODEL_YBR_2000}, {"YBR_ICT", 3, MODEL_YBR_2000},
    };
    const struct dicom *d = j->d;
    size_t i = 0, n = sizeof models / sizeof *models;
    while (i < n && strcmp(models[i].name, d->photometric) != 0)
        i++;
    if (i == n)
        return err_set(
            j->e, d->photometric[0] ? ERR_IMAGE_COLOUR : ERR_DICOM_PIXELS,
            "the Photometric Interpretation is missing or none of MONOCHROME1, MONOCHROME2, RGB, YBR_FULL, YBR_FULL_422, YBR_RCT, "
            "YBR_ICT, PALETTE COLOR");
    j->model = models[i].model;
    if (models[i].samples != d->samples)
        return err_set(j->e, ERR_DICOM_PIXELS, "%s with %d samples per pixel", d->photometric, d->samples);
    if (j->model != MODEL_GREY && d->is_signed)
        return err_set(j->e, ERR_DICOM_PIXELS, "%s with signed samples", d->photometric);
    if (j->model >= MODEL_YBR && j->model != MODEL_PALETTE && d->bits_stored != 8)
        return err_set(j->e, ERR_IMAGE_DEPTH, "%s with %d bits stored: only 8 are supported", d->photometric, d->bits_stored);
    return 0;
}

static int read_palette(struct job *j) {
    static const uint16_t colours[3] = {1, 2, 3};
    struct dicom_item *top = dicom_file_dataset(j->file);
    uint32_t brightest = 0;
    if (j->model != MODEL_PALETTE)
        return 0;
    for (size_t c = 0; c < 3; c++) {
        struct dicom_lut *l = &j->palette[c];
        int rc = dicom_read_lut(l, top, DICOM_TAG(0x0028, 0x1100u + colours[c]), DICOM_TAG(0x0028, 0x1200u + colours[c]), false, j->e);
        if (rc)
            return rc;
        for (uint32_t i = 0; i < l->n; i++)
            brightest = l->values[i] > brightest ? l->values[i] : brightest;
    }
    if (j->palette[0].bits != j->palette[1].bits || j->palette[0].bits != j->palette[2].bits)
        return err_set(j->e, ERR_DICOM_LUT, "the palette's three tables differ in depth");
    if (j->palette[0].bits == 16 && brightest < 256)
        return err_set(j->e, ERR_DICOM_LUT, "the palette says 16 bits but holds no value above %u: they contradict each other", brightest);
    return 0;
}

static int find_syntax(const struct syntax **out, const struct job *j, enum dicom_pixels pixels) {
    for (size_t i = 0; i < sizeof syntaxes / sizeof *syntaxes; i++)
        if (!strcmp(syntaxes[i].uid, j->d->syntax)) {
            *out = &syntaxes[i];
            if (!syntaxes[i].fragments && dicom_is_encapsulated(j->file))
                return err_set(j->e, ERR_DICOM_PIXELS, "the pixel data are encapsulated, transfer syntax %s says that they are not",
                               j->d->syntax);
            if (syntaxes[i].fragments != (pixels == DICOM_PIXELS_FRAGMENTS))
                return err_set(j->e, ERR_DICOM_PIXELS, "the pixel data are %s, which transfer syntax %s does not allow",
                               pixels == DICOM_PIXELS_FRAGMENTS ? "in fragments" : "in one piece", j->d->syntax);
            return 0;
        }
    return err_set(j->e, ERR_DICOM_TRANSFER, "transfer syntax %s is not supported", j->d->syntax);
}

static int prepare(struct job *j, const struct syntax **syntax, const struct decode_request *request) {
    const enum dicom_pixels pixels = dicom_file_pixels(j->file);
    if (pixels == DICOM_PIXELS_NONE)
        return err_set(j->e, ERR_DICOM_NO_PIXELS, "a DICOM file without pixel data: no image");
    if (pixels == DICOM_PIXELS_OTHER)
        return err_set(j->e, ERR_IMAGE_DEPTH, "the pixel data are floating-point numbers, which are not supported");
    j->d->tolerated |= dicom_without_delimiter(j->file) ? DICOM_NO_DELIMITER : 0u;
    int rc = dicom_read_facts(j->d, &j->size, j->file, request ? request->frame : DECODE_FRAME_MIDDLE, j->e);
    if (!rc)
        rc = find_syntax(syntax, j, pixels);
    if (!rc)
        rc = check_depth(j);
    if (!rc)
        rc = check_colour(j);
    if (!rc && j->model == MODEL_YBR_2000 && (*syntax)->read != read_jpeg2000 && (*syntax)->read != read_jpeg2000_lossy)
        rc = err_set(j->e, ERR_DICOM_PIXELS, "%s is of JPEG 2000, the file's transfer syntax is another", j->d->photometric);
    if (!rc)
        rc = image_check_size(j->size.columns, j->size.rows, j->e);
    return rc ? rc : read_palette(j);
}

/* The image's shape, without pixels. */
static void describe(const struct job *j, struct image *im) {
    const bool ybr = j->model == MODEL_YBR || j->model == MODEL_YBR_422 || j->model == MODEL_YBR_2000;
    im->format = "DICOM";
    im->width = j->size.columns;
    im->height = j->size.rows;
    im->channels = j->model == MODEL_GREY ? 1 : 3;
    im->is_signed = j->model == MODEL_GREY && j->d->is_signed;
    im->bits = im->is_signed || (j->d->bits_allocated == 16 && j->model != MODEL_PALETTE && !ybr) ? 16 : 8;
    im->file_bits = j->d->bits_stored;
    im->palette = j->model == MODEL_PALETTE;
}

int dicom_decode(struct image **out, const uint8_t *bytes, size_t n, const struct decode_request *request, struct err *e) {
    struct job j = {.e = e};
    const struct syntax *syntax = NULL;
    struct image *im = NULL;
    *out = NULL;
    int rc = dicom_file_open(&j.file, bytes, n, e);
    if (rc)
        return rc;
    rc = ERR_NO_MEMORY;
    if (!(im = mem_alloc(1, sizeof *im, e)) || !(im->dicom = j.d = mem_alloc(1, sizeof *im->dicom, e)))
        goto out;
    rc = prepare(&j, &syntax, request);
    if (rc)
        goto out;
    describe(&j, im);
    if (!request || !request->facts_only) {
        rc = syntax->read(&j);
        if (!rc)
            rc = finish(&j, im);
    }
    if (!rc) {
        *out = im;
        im = NULL;
    }
out:
    image_free(im);
    mem_free(j.raster.samples);
    for (size_t c = 0; c < 3; c++)
        mem_free(j.palette[c].values);
    buf_release(&j.stream);
    dicom_file_close(j.file);
    return rc;
}
