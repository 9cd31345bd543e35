/* From an image file to the network's input, with a sentence on what was done: the entry, and profile reference-v1. Floor 4. */
#include "prep/prep.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "file/io.h"
#include "image/resize.h"
#include "prep/prep_steps.h"

enum { WIDEN = 257 }; /* 255 * 257 = 65535 */

static void describe(struct input_verdict *v, const struct image *im) {
    verdict_note(v, "%d-bit %s %s %ux%u", im->file_bits,
                 im->palette         ? "palette"
                 : im->channels == 1 ? "grey"
                                     : "RGB",
                 im->format, im->width, im->height);
    if (im->alpha)
        verdict_note(v, im->alpha_used ? ", transparency dropped (some pixels were not opaque)" : ", opaque alpha dropped");
}

static uint32_t sample(const struct image *im, size_t i) {
    return im->bits == 16 ? ((const uint16_t *)im->pixels)[i] : ((const uint8_t *)im->pixels)[i];
}

/* Are the three channels equal in every pixel? */
static bool is_grey(const struct image *im) {
    size_t pixels = (size_t)im->width * im->height;
    for (size_t i = 0; im->channels == 3 && i < pixels; i++)
        if (sample(im, 3 * i) != sample(im, 3 * i + 1) || sample(im, 3 * i) != sample(im, 3 * i + 2))
            return false;
    return true;
}

struct rows {
    const struct image *image;
    const struct prep_profile *profile;
    float *out;
};

static bool widen_row(void *context, uint32_t y, int32_t *row) {
    const struct rows *r = context;
    const struct image *im = r->image;
    const size_t step = (size_t)im->channels, from = (size_t)y * im->width;
    const int32_t factor = im->bits == 8 ? WIDEN : 1;
    for (size_t x = 0; x < im->width; x++)
        row[x] = (int32_t)sample(im, (from + x) * step) * factor;
    return true;
}

void prep_normalise_row(float *out, const struct prep_profile *p, uint32_t y, const int32_t *row) {
    const float mean = (float)p->mg_mean, std = (float)p->mg_std;
    const size_t n = (size_t)p->mg_width;
    for (size_t i = 0; i < n; i++)
        out[y * n + i] = ((float)row[i] - mean) / std;
}

static void normalise_row(void *context, uint32_t y, const int32_t *row) {
    const struct rows *r = context;
    prep_normalise_row(r->out, r->profile, y, row);
}

/* The whole picture, resized. */
static struct geometry resized(const struct image *im, uint32_t w, uint32_t h) {
    return geometry_of(
        im->width, im->height,
        &(struct geometry_steps){.kept = {0, 0, im->width, im->height}, .padded_w = im->width, .padded_h = im->height, .w = w, .h = h});
}

/* Row by row: a mammogram is large, and no second copy of it need be made. */
static int prep_mg(float *out, const struct prep_profile *p, struct image *im, struct input_verdict *v, struct err *e) {
    uint32_t h = (uint32_t)p->mg_height, w = (uint32_t)p->mg_width;
    if (!is_grey(im))
        return err_set(e, ERR_IMAGE_COLOUR, "a mammogram must be grey; this %s is in colour", im->format);
    struct rows rows = {.image = im, .profile = p, .out = out};
    int rc = resize_rows_i32(&(struct resize_rows){&rows, widen_row, normalise_row}, w, h, im->width, im->height, e);
    if (rc)
        return rc;
    if (im->channels == 3)
        verdict_note(v, ", three equal channels taken as grey");
    if (im->file_bits < 8 && !im->palette)
        verdict_note(v, ", values scaled to 8 bits");
    if (im->bits == 8)
        verdict_note(v, ", values x %d (%s8 bits where 16 are due)", WIDEN, !strcmp(im->format, "JPEG") ? "lossy, " : "");
    v->geometry = resized(im, w, h);
    verdict_note(v, ", resized to %ux%u", w, h);
    return 0;
}

static int prep_us(float *out, const struct prep_profile *p, const struct image *im, struct input_verdict *v, struct err *e) {
    uint32_t h = (uint32_t)p->us_height, w = (uint32_t)p->us_width;
    size_t channels = (size_t)im->channels, pixels = (size_t)h * w;
    if (im->bits == 16)
        return err_set(e, ERR_IMAGE_DEPTH, "an ultrasound image has 8 bits per sample; this %s has 16", im->format);
    uint8_t *small = mem_alloc_aligned(pixels * channels, 1, e);
    if (!small)
        return ERR_NO_MEMORY;
    int rc = resize_u8(small, w, h, im->pixels, im->width, im->height, im->channels, e);
    for (size_t i = 0; !rc && i < pixels; i++) /* channels do not mix in the resize: grey may be repeated after it as well as before */
        for (size_t c = 0; c < 3; c++)
            out[i * 3 + c] = (float)small[i * channels + (channels == 3 ? c : 0)] / 255.0f;
    mem_free(small);
    if (rc)
        return rc;
    if (im->file_bits < 8 && !im->palette)
        verdict_note(v, ", values scaled to 8 bits");
    if (im->channels == 1)
        verdict_note(v, ", grey repeated to three channels");
    v->geometry = resized(im, w, h);
    verdict_note(v, ", resized to %ux%u", w, h);
    return 0;
}

size_t prep_size(const struct prep_profile *p, enum slot s) {
    return slot_is_mg(s) ? (size_t)p->mg_height * (size_t)p->mg_width : (size_t)p->us_height * (size_t)p->us_width * 3;
}

size_t prep_offset(const struct prep_profile *p, enum slot s) {
    size_t offset = 0;
    for (int before = 0; before < (int)s; before++)
        offset += prep_size(p, (enum slot)before);
    return offset;
}

static int refuse(struct input_verdict *v, int rc, const struct err *why) {
    v->status = INPUT_REFUSED;
    v->code = rc;
    v->note[0] = 0;
    verdict_note(v, "%s", why->message);
    return rc;
}

/* --- profiles --------------------------------------------------------------------------------------------------------------- */

static int reference(float *out, const struct prep_profile *p, enum slot s, struct image *im, const struct prep_claim *claim,
                     struct input_verdict *v, struct err *e) {
    (void)claim; /* the published release looks at no side */
    if (im->dicom)
        return err_set(e, ERR_UNSUPPORTED,
                       "profile reference-v1 has no rule for DICOM files; give a PNG, or use a model with canonical-v1");
    if (im->orientation)
        verdict_note(v, ", its EXIF orientation %d ignored, as by the published release", im->orientation);
    return slot_is_mg(s) ? prep_mg(out, p, im, v, e) : prep_us(out, p, im, v, e);
}

static int canonical(float *out, const struct prep_profile *p, enum slot s, struct image *im, const struct prep_claim *claim,
                     struct input_verdict *v, struct err *e) {
    struct prep_job job = {.profile = p, .image = im, .slot = s};
    if (im->orientation)
        verdict_note(v, ", turned upright by its EXIF orientation %d", im->orientation);
    int rc = image_turn(im, e);
    if (rc)
        return rc;
    rc = view_check(&job.plan, im->dicom, s, claim, v, e);
    if (rc)
        return rc;
    job.vendor = view_vendor(p, im->dicom, v);
    return slot_is_mg(s) ? prep_mg_canonical(out, &job, v, e) : prep_us_canonical(out, &job, v, e);
}

static const struct {
    const char *name;
    int (*prepare)(float *, const struct prep_profile *, enum slot, struct image *, const struct prep_claim *, struct input_verdict *,
                   struct err *);
} profiles[] = {{"reference-v1", reference}, {"canonical-v1", canonical}};
enum { PROFILES = sizeof profiles / sizeof *profiles, CANONICAL = 1 };

const char *prep_profile_name(const char *name) {
    for (int i = 0; name && i < PROFILES; i++)
        if (strcmp(profiles[i].name, name) == 0)
            return profiles[i].name;
    return NULL;
}

bool prep_is_canonical(const struct prep_profile *p) {
    return strcmp(p->name, profiles[CANONICAL].name) == 0;
}

static void put_u32(uint8_t *to, uint32_t v) {
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(v >> (8 * i));
}

/* What the file says of whom it shows, and the pixels' hash. */
static void gather(struct view_facts *f, const struct image *im) {
    const struct dicom *d = im->dicom;
    uint8_t head[16];
    struct sha256 h;
    *f = (struct view_facts){.dicom = d != NULL};
    if (d) {
        memcpy(f->patient_id, d->patient_id, sizeof f->patient_id);
        memcpy(f->study, d->study, sizeof f->study);
        memcpy(f->study_date, d->study_date, sizeof f->study_date);
        memcpy(f->content_date, d->content_date, sizeof f->content_date);
        f->side = view_side(d);
    }
    put_u32(head, im->width);
    put_u32(head + 4, im->height);
    put_u32(head + 8, (uint32_t)im->channels);
    put_u32(head + 12, (uint32_t)im->bits);
    sha256_init(&h);
    sha256_update(&h, head, sizeof head);
    sha256_update(&h, im->pixels, (size_t)im->width * im->height * (size_t)(im->channels * (im->bits / 8)));
    sha256_final(&h, f->pixel_sha256);
}

int prep_image(float *out, const struct prep_profile *p, enum slot s, struct image *im, const struct prep_claim *claim,
               struct input_verdict *v, struct err *e) {
    struct err local = {0};
    e = e ? e : &local; /* the note wants the message */
    v->status = INPUT_USED;
    v->code = 0;
    v->note[0] = '\0';
    v->prepared = false;
    describe(v, im);
    gather(&v->facts, im);
    int rc = err_set(e, ERR_INTERNAL, "no preprocessing profile is called '%s'", p->name);
    for (int i = 0; i < PROFILES; i++)
        if (strcmp(profiles[i].name, p->name) == 0) {
            *e = (struct err){0};
            rc = profiles[i].prepare(out, p, s, im, claim, v, e);
        }
    if (rc)
        return refuse(v, rc, e);
    v->prepared = true;
    sha256_bytes(out, prep_size(p, s) * sizeof *out, v->tensor_sha256);
    return 0;
}

int prep_bytes(float *out, const struct prep_profile *p, enum slot s, struct decoder *d, const uint8_t *bytes, size_t n,
               const struct prep_claim *claim, struct input_verdict *v, struct err *e) {
    struct err local = {0};
    struct image *im = NULL;
    e = e ? e : &local;
    *v = (struct input_verdict){.hashed = true};
    sha256_bytes(bytes, n, v->sha256);
    int rc = decode_image(&im, d, bytes, n, NULL, e);
    if (rc)
        refuse(v, rc, e);
    else
        rc = prep_image(out, p, s, im, claim, v, e);
    image_free(im);
    return rc;
}

int prep_file(float *out, const struct prep_profile *p, enum slot s, struct decoder *d, const char *path, const struct prep_claim *claim,
              struct input_verdict *v, struct err *e) {
    struct err local = {0};
    uint8_t *bytes = NULL;
    size_t n = 0;
    e = e ? e : &local;
    int rc = io_read_file(&bytes, &n, path, IMAGE_FILE_MAX, e); /* its message names the path */
    if (rc) {
        *v = (struct input_verdict){0};
        return refuse(v, rc, e);
    }
    rc = prep_bytes(out, p, s, d, bytes, n, claim, v, e);
    mem_free(bytes);
    if (rc)
        err_prefix(e, "%s", path);
    return rc;
}

void prep_black(float *out, const struct prep_profile *p, enum slot s) {
    size_t n = prep_size(p, s);
    float black = slot_is_mg(s) ? (0.0f - (float)p->mg_mean) / (float)p->mg_std : 0.0f;
    for (size_t i = 0; i < n; i++)
        out[i] = black;
}
