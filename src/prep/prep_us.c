/* An ultrasound image under canonical-v1: 8-bit RGB, the pane that its slot wants, a square, 224 x 224. Floor 4. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/resize.h"
#include "prep/prep_steps.h"

enum { NARROW = 257 };

static int grey_to_rgb(uint8_t *rgb, const struct prep_job *job, struct input_verdict *v, struct err *e) {
    const size_t pixels = (size_t)job->image->width * job->image->height;
    struct grey g;
    uint16_t *table = mem_alloc_aligned(GREY_TABLE, sizeof *table, e);
    int rc = table ? grey_prepare(&g, table, job->image, job->vendor, v, e) : ERR_NO_MEMORY;
    for (size_t i = 0; !rc && i < pixels; i++)
        memset(rgb + 3 * i, (grey_at(&g, i) + NARROW / 2) / NARROW, 3);
    mem_free(table);
    return rc;
}

static int to_rgb(uint8_t *rgb, const struct prep_job *job, struct input_verdict *v, struct err *e) {
    const struct image *im = job->image;
    const size_t pixels = (size_t)im->width * im->height;
    if (im->channels == 1 && im->dicom)
        return grey_to_rgb(rgb, job, v, e);
    const uint8_t *p = im->pixels;
    for (size_t i = 0; i < pixels && im->channels == 1; i++)
        memset(rgb + 3 * i, p[i], 3);
    if (im->channels == 3)
        memcpy(rgb, p, 3 * pixels);
    return 0;
}

/* Text bands that the vendor's entry names. */
static void blank_bands(uint8_t *rgb, const struct prep_job *job, struct input_verdict *v) {
    const uint64_t w = job->image->width, h = job->image->height;
    const struct dicom *d = job->image->dicom;
    if (!job->vendor || !job->vendor->n_bands || (d && d->n_regions > 0))
        return;
    for (size_t i = 0; i < job->vendor->n_bands; i++) {
        const struct vendor_band b = job->vendor->bands[i];
        const size_t x0 = w * (uint64_t)b.left / 1000, x1 = w * (uint64_t)b.right / 1000;
        for (size_t y = h * (uint64_t)b.top / 1000; y < h * (uint64_t)b.bottom / 1000; y++)
            memset(rgb + (y * w + x0) * 3, 0, (x1 - x0) * 3);
    }
    verdict_note(v, ", %zu text bands blanked", job->vendor->n_bands);
}

static int finish(float *out, const struct prep_job *job, const uint8_t *rgb, struct box b, struct input_verdict *v, struct err *e) {
    const uint32_t w = b.x1 - b.x0, h = b.y1 - b.y0, target_w = (uint32_t)job->profile->us_width,
                   target_h = (uint32_t)job->profile->us_height;
    const size_t n = (size_t)target_w * target_h * 3;
    uint32_t padded_w = 0, padded_h = 0;
    uint8_t *padded = NULL, *resized = NULL;
    int rc = prep_pad(&padded_w, &padded_h, w, h, (int)target_w, (int)target_h, e);
    if (rc)
        return rc;
    const uint32_t left = (padded_w - w) / 2, top = (padded_h - h) / 2;
    rc = ERR_NO_MEMORY;
    if (!(padded = mem_alloc((size_t)padded_w * padded_h, 3, e)) || !(resized = mem_alloc_aligned(n, 1, e)))
        goto out;
    for (uint32_t y = 0; y < h; y++)
        memcpy(padded + ((size_t)(top + y) * padded_w + left) * 3, rgb + ((size_t)(b.y0 + y) * job->image->width + b.x0) * 3,
               (size_t)w * 3);
    rc = resize_u8(resized, target_w, target_h, padded, padded_w, padded_h, 3, e);
    for (size_t i = 0; !rc && i < n; i++)
        out[i] = (float)resized[i] / 255.0f;
    v->geometry = geometry_of(job->image->width, job->image->height,
                              &(struct geometry_steps){.kept = {b.x0, b.y0, b.x1, b.y1},
                                                       .left = left,
                                                       .top = top,
                                                       .padded_w = padded_w,
                                                       .padded_h = padded_h,
                                                       .w = target_w,
                                                       .h = target_h});
    if (!rc)
        verdict_note(v, ", padded to %ux%u, resized to %ux%u", padded_w, padded_h, target_w, target_h);
out:
    mem_free(padded);
    mem_free(resized);
    return rc;
}

int prep_us_canonical(float *out, const struct prep_job *job, struct input_verdict *v, struct err *e) {
    const struct image *im = job->image;
    if (im->bits == 16 && (im->channels == 3 || !im->dicom))
        return err_set(e, ERR_IMAGE_DEPTH, "an ultrasound image has 8 bits per sample; this %s has 16", im->format);
    if (im->width < PREP_SIDE_MIN || im->height < PREP_SIDE_MIN)
        return err_set(e, ERR_IMAGE_TOO_SMALL, "the image has %u x %u pixels; at least %d in each direction are required", im->width,
                       im->height, PREP_SIDE_MIN);
    struct box b = {0};
    uint8_t *rgb = mem_alloc_aligned((size_t)im->width * im->height, 3, e);
    int rc = rgb ? to_rgb(rgb, job, v, e) : ERR_NO_MEMORY;
    if (!rc) {
        blank_bands(rgb, job, v);
        rc = pane_choose(&b, rgb, im->width, im->height, im->dicom, job->slot, v, e);
    }
    if (!rc)
        rc = finish(out, job, rgb, b, v, e);
    mem_free(rgb);
    return rc;
}
