/* Augmentation: drawing the numbers, making the image. Floor 7. */
#include "learn/augment.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/vectors.h"
#include "learn/purpose.h"

/* --- drawing: each number has its own place in the stream, so that switching one step on or off leaves the others' numbers as they were */

enum drawn {
    DRAWN_PIXELS, /* a whole block, which is two numbers */
    DRAWN_TRANSLATE_X = 2,
    DRAWN_TRANSLATE_Y,
    DRAWN_DEGREES,
    DRAWN_SCALE,
    DRAWN_FLIP_HORIZONTAL,
    DRAWN_FLIP_VERTICAL,
    DRAWN_ELASTIC,
    DRAWN_GAMMA,
    DRAWN_GAMMA_VALUE,
    DRAWN_SPECKLE,
    DRAWN_SPECKLE_VALUE,
    DRAWN_NOISE,
    DRAWN_NOISE_VALUE,
    DRAWN_BLUR,
    DRAWN_BLUR_VALUE,
    DRAWN_COUNT,
    DRAWN_PER_EPOCH = 256 /* an epoch's numbers begin where the one before cannot have come */
};
/* What is drawn per control point and per pixel: streams under the draw's own seed. */
enum pixel_stream { STREAM_ELASTIC, STREAM_SPECKLE, STREAM_NOISE };

struct source {
    struct rng rng;
    uint64_t first;
};

static bool happens(const struct source *s, enum drawn which, double probability) {
    return rng_uniform(&s->rng, s->first + which) < probability;
}

static double between(const struct source *s, enum drawn which, double low, double high) {
    return low + (high - low) * rng_uniform(&s->rng, s->first + which);
}

static uint64_t word(const struct source *s) {
    uint32_t w[4];
    rng_block(&s->rng, (s->first + DRAWN_PIXELS) / 2, w);
    return (uint64_t)w[0] << 32 | w[1];
}

struct augment_draw augment_draw(const struct augment_settings *s, enum slot slot, uint64_t seed, uint32_t epoch, uint32_t exam) {
    assert((int)slot >= 0 && slot < SLOT_COUNT);
    const struct augment_modality *m = slot_is_mg(slot) ? &s->mammography : &s->ultrasound;
    const struct source from = {rng_make(seed, (uint32_t)TRAIN_AUGMENT + (uint32_t)slot, exam), (uint64_t)epoch * DRAWN_PER_EPOCH};
    static_assert(DRAWN_COUNT <= DRAWN_PER_EPOCH, "room for every number");
    struct augment_draw d = {.gamma = 1, .pixels = word(&from)};
    d.translate_x = between(&from, DRAWN_TRANSLATE_X, -m->translate_x, m->translate_x);
    d.translate_y = between(&from, DRAWN_TRANSLATE_Y, -m->translate_y, m->translate_y);
    d.degrees = between(&from, DRAWN_DEGREES, -m->rotate, m->rotate);
    d.scale = between(&from, DRAWN_SCALE, m->scale_low, m->scale_high);
    d.flip_horizontal = happens(&from, DRAWN_FLIP_HORIZONTAL, m->flip_horizontal);
    d.flip_vertical = happens(&from, DRAWN_FLIP_VERTICAL, m->flip_vertical);
    if (happens(&from, DRAWN_ELASTIC, m->elastic) && m->elastic_amplitude > 0) {
        d.elastic_amplitude = m->elastic_amplitude;
        d.elastic_cells = m->elastic_cells;
    }
    if (happens(&from, DRAWN_GAMMA, m->gamma))
        d.gamma = between(&from, DRAWN_GAMMA_VALUE, m->gamma_low, m->gamma_high);
    if (happens(&from, DRAWN_SPECKLE, m->speckle))
        d.speckle = between(&from, DRAWN_SPECKLE_VALUE, 0, m->speckle_strength);
    if (happens(&from, DRAWN_NOISE, m->noise))
        d.noise = between(&from, DRAWN_NOISE_VALUE, 0, m->noise_sigma);
    if (happens(&from, DRAWN_BLUR, m->blur))
        d.blur_sigma = between(&from, DRAWN_BLUR_VALUE, m->blur_sigma_low, m->blur_sigma_high);
    return d;
}

static bool moves(const struct augment_draw *d) {
    return d->translate_x != 0 || d->translate_y != 0 || d->degrees != 0 || d->scale != 1 || d->flip_horizontal || d->flip_vertical ||
           d->elastic_amplitude != 0;
}

static bool changes_values(const struct augment_draw *d) {
    return d->gamma != 1 || d->speckle != 0 || d->noise != 0;
}

bool augment_is_nothing(const struct augment_draw *d) {
    return !moves(d) && !changes_values(d) && d->blur_sigma == 0;
}

/* --- the picture of a slot */

struct picture {
    int width, height, channels;
    float mean, std, white; /* a sample's meaning on 0 .. 1: (x std + mean) / white */
    float black;
};

static struct picture picture_of(const struct prep_profile *p, enum slot slot) {
    struct prep_profile one = *p;
    float black[3];
    one.mg_height = one.mg_width = one.us_height = one.us_width = 1;
    prep_black(black, &one, slot);
    if (slot_is_mg(slot))
        return (struct picture){p->mg_width, p->mg_height, 1, (float)p->mg_mean, (float)p->mg_std, 65535, black[0]};
    return (struct picture){p->us_width, p->us_height, 3, 0, 1, 1, black[0]};
}

/* A mammogram's own white: files of 12 bits in 16 are common, and a step measured against 65535 would make them half as bright, or drown
 * them. */
static float white_of(const float *in, const struct picture *p) {
    const size_t n = (size_t)p->width * (size_t)p->height;
    float most = p->black;
    for (size_t i = 0; i < n; i++)
        most = in[i] > most ? in[i] : most;
    return most * p->std + p->mean;
}

/* --- moving */

static int cells_on(int side, int shorter, int cells) {
    const int n = (int)((int64_t)side * cells / shorter);
    return n < WARP_CELLS_MAX ? n : WARP_CELLS_MAX;
}

static int elastic_field(struct augment_motion *out, const struct picture *p, const struct augment_draw *d, struct err *e) {
    const int shorter = p->width < p->height ? p->width : p->height;
    out->field.columns = cells_on(p->width, shorter, d->elastic_cells);
    out->field.rows = cells_on(p->height, shorter, d->elastic_cells);
    const size_t n = 2 * (size_t)(out->field.columns + 3) * (size_t)(out->field.rows + 3);
    if (!(out->control = mem_alloc(n, sizeof *out->control, e)))
        return ERR_NO_MEMORY;
    const struct rng r = rng_make(d->pixels, TRAIN_AUGMENT, STREAM_ELASTIC);
    for (size_t i = 0; i < n; i++)
        out->control[i] = (float)((2 * rng_uniform(&r, i) - 1) * d->elastic_amplitude * shorter);
    out->field.control = out->control;
    out->warp.field = &out->field;
    return 0;
}

int augment_motion(struct augment_motion *out, const struct prep_profile *profile, enum slot slot, const struct augment_draw *d,
                   struct err *e) {
    const struct picture p = picture_of(profile, slot);
    /* whole pixels, as torchvision's RandomAffine */
    const struct warp_motion motion = {.right = rint(d->translate_x * p.width),
                                       .down = rint(d->translate_y * p.height),
                                       .mirror_x = d->flip_horizontal,
                                       .mirror_y = d->flip_vertical,
                                       .degrees = d->degrees,
                                       .scale = d->scale};
    *out =
        (struct augment_motion){.warp = {.width = p.width, .height = p.height, .channels = p.channels, .fill = p.black}, .any = moves(d)};
    warp_affine(out->warp.affine, p.width, p.height, &motion);
    return d->elastic_amplitude != 0 ? elastic_field(out, &p, d, e) : 0;
}

void augment_motion_release(struct augment_motion *m) {
    mem_free(m->control);
    *m = (struct augment_motion){0};
}

struct augment_draw augment_still(const struct augment_draw *d) {
    struct augment_draw still = *d;
    still.translate_x = still.translate_y = still.degrees = still.elastic_amplitude = 0;
    still.scale = 1;
    still.flip_horizontal = still.flip_vertical = false;
    return still;
}

float augment_black(const struct prep_profile *p, enum slot slot) {
    return picture_of(p, slot).black;
}

static int move(float *out, const float *in, const struct prep_profile *p, enum slot slot, const struct augment_draw *d, struct err *e) {
    struct augment_motion m;
    const int rc = augment_motion(&m, p, slot, d, e);
    if (!rc)
        warp_image(out, in, &m.warp);
    augment_motion_release(&m);
    return rc;
}

/* --- values */

/* value ^ gamma by a table over the float's own exponent and leading bits of its mantissa, linear in between: within 6e-6 of the power
 * relatively for gamma up to 4, many times faster than powf(), and with no bits that depend on the processor. Below 2^-16, which no 16-bit
 * sample but 0 reaches, a line to 0. */
enum { GAMMA_EXPONENTS = 16, GAMMA_BITS = 9, GAMMA_STEPS = 1 << GAMMA_BITS, GAMMA_SIZE = GAMMA_EXPONENTS * GAMMA_STEPS + 2 };
static const float gamma_least = 0x1p-16F;

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static void gamma_table(float *table, double gamma) {
    for (int m = 0; m < GAMMA_STEPS; m++) {
        const double mantissa = pow(1.0 + (double)m / GAMMA_STEPS, gamma);
        for (int k = 0; k < GAMMA_EXPONENTS; k++)
            table[k * GAMMA_STEPS + m] = (float)(mantissa * pow(2.0, gamma * (k - GAMMA_EXPONENTS)));
    }
    table[GAMMA_SIZE - 2] = table[GAMMA_SIZE - 1] = 1.0F;
}

/* v in 0 .. 1 */
static inline float gamma_of(const float *table, float v) {
    if (v < gamma_least)
        return v * (table[0] * 0x1p16F);
    const uint32_t offset = bits_of(v) - bits_of(gamma_least), i = offset >> (23 - GAMMA_BITS);
    const float part = (float)(offset & ((1U << (23 - GAMMA_BITS)) - 1)) * (1.0F / (float)(1U << (23 - GAMMA_BITS)));
    return table[i] + part * (table[i + 1] - table[i]);
}

/* A row of numbers of mean 0 and deviation `strength`: sums of a random word's four bytes (Irwin & Hall), normal enough for noise
 * (within 3.45 deviations, kurtosis 2.7), in integers only. */
VECTORS_EXACT static void grain_row(float *restrict out, uint32_t *restrict words, const struct rng *r, int y, int width, float strength) {
    const size_t blocks = ((size_t)width + 3) / 4;
    const float scale = strength * (float)(1.0 / sqrt(4.0 * (256.0 * 256.0 - 1.0) / 12.0));
    rng_blocks(r, (uint64_t)y * blocks, blocks, words);
    for (int x = 0; x < width; x++) {
        const uint32_t w = words[x], sum = (w & 255) + (w >> 8 & 255) + (w >> 16 & 255) + (w >> 24);
        out[x] = (float)((int32_t)sum - 510) * scale;
    }
}

struct values {
    float *table;           /* GAMMA_SIZE; NULL: no gamma */
    float *speckle, *noise; /* a row each, already times the strength; NULL: none */
};

/* What the pixel's value becomes. */
static inline float value_after(const struct values *a, float v, int x) {
    if (a->table)
        v = gamma_of(a->table, v < 1.0F ? v : 1.0F);
    if (a->speckle)
        v *= 1.0F + a->speckle[x];
    if (a->noise)
        v += a->noise[x];
    return v < 0.0F ? 0.0F : v > 1.0F ? 1.0F : v;
}

static void grey_row(float *row, const struct picture *p, const struct values *a) {
    for (int x = 0; x < p->width; x++)
        if (row[x] > p->black) {
            const float v = (row[x] * p->std + p->mean) / p->white;
            row[x] = (value_after(a, v > 0.0F ? v : 0.0F, x) * p->white - p->mean) / p->std;
        }
}

/* The largest channel is the value; the others keep their ratio to it. */
static void colour_row(float *row, const struct picture *p, const struct values *a) {
    for (int x = 0; x < p->width; x++) {
        float *c = row + (ptrdiff_t)3 * x;
        const float most = c[0] > c[1] ? c[0] > c[2] ? c[0] : c[2] : c[1] > c[2] ? c[1] : c[2];
        if (most > p->black) {
            const float factor = value_after(a, most, x) / most;
            for (int i = 0; i < 3; i++)
                c[i] *= factor; /* at most 1: x (1 / x) rounds to no more */
        }
    }
}

static int change_values(float *out, const struct picture *p, const struct augment_draw *d, struct err *e) {
    const size_t width = (size_t)p->width;
    float *memory = mem_alloc_aligned(GAMMA_SIZE + 2 * width, sizeof *memory, e);
    uint32_t *words = mem_alloc_aligned(width + 3, sizeof *words, e);
    if (!memory || !words) {
        mem_free(memory);
        mem_free(words);
        return ERR_NO_MEMORY;
    }
    const struct rng speckle = rng_make(d->pixels, TRAIN_AUGMENT, STREAM_SPECKLE), noise = rng_make(d->pixels, TRAIN_AUGMENT, STREAM_NOISE);
    const struct values a = {d->gamma != 1 ? memory : NULL, d->speckle != 0 ? memory + GAMMA_SIZE : NULL,
                             d->noise != 0 ? memory + GAMMA_SIZE + width : NULL};
    if (a.table)
        gamma_table(a.table, d->gamma);
    for (int y = 0; y < p->height; y++) {
        float *row = out + (size_t)y * width * (size_t)p->channels;
        if (a.speckle)
            grain_row(a.speckle, words, &speckle, y, p->width, (float)d->speckle);
        if (a.noise)
            grain_row(a.noise, words, &noise, y, p->width, (float)d->noise);
        (p->channels == 1 ? grey_row : colour_row)(row, p, &a);
    }
    mem_free(memory);
    mem_free(words);
    return 0;
}

/* --- blur: 3x3 Gaussian, mirrored at the border without repeating it, as torchvision's */

/* centre + side (what the neighbours have more than the centre): equal neighbours keep their bits. */
static void blur_across(float *restrict out, const float *restrict row, int width, int channels, float side) {
    for (int x = 0; x < width; x++) {
        const int left = x > 0 ? x - 1 : width > 1, right = x < width - 1 ? x + 1 : width > 1 ? width - 2 : 0;
        for (int c = 0; c < channels; c++) {
            const float centre = row[x * channels + c];
            out[x * channels + c] = centre + side * ((row[left * channels + c] - centre) + (row[right * channels + c] - centre));
        }
    }
}

VECTORS_EXACT static void blur_down(float *restrict out, const float *restrict above, const float *restrict centre,
                                    const float *restrict below, size_t n, float side) {
    for (size_t i = 0; i < n; i++)
        out[i] = centre[i] + side * ((above[i] - centre[i]) + (below[i] - centre[i]));
}

static int blur(float *out, const struct picture *p, double sigma, struct err *e) {
    const double tail = exp(-0.5 / (sigma * sigma));
    const float side = (float)(tail / (1.0 + 2.0 * tail));
    const size_t n = (size_t)p->width * (size_t)p->channels;
    const int h = p->height;
    float *rows = mem_alloc_aligned(n, 3 * sizeof *rows, e); /* of input rows y-1, y, y+1, each at its number modulo 3 */
    if (!rows)
        return ERR_NO_MEMORY;
    blur_across(rows, out, p->width, p->channels, side);
    for (int y = 0; y < h; y++) {
        const int above = y > 0 ? y - 1 : h > 1, below = y < h - 1 ? y + 1 : h > 1 ? h - 2 : 0;
        if (y + 1 < h)
            blur_across(rows + (size_t)((y + 1) % 3) * n, out + (size_t)(y + 1) * n, p->width, p->channels, side);
        blur_down(out + (size_t)y * n, rows + (size_t)(above % 3) * n, rows + (size_t)(y % 3) * n, rows + (size_t)(below % 3) * n, n, side);
    }
    mem_free(rows);
    return 0;
}

int augment_apply(float *out, const float *in, const struct prep_profile *p, enum slot slot, const struct augment_draw *d, struct err *e) {
    struct picture picture = picture_of(p, slot);
    int rc = 0;
    if (changes_values(d) && slot_is_mg(slot))
        picture.white = white_of(in, &picture);
    if (moves(d))
        rc = move(out, in, p, slot, d, e);
    else
        memcpy(out, in, prep_size(p, slot) * sizeof *out);
    if (!rc && changes_values(d))
        rc = change_values(out, &picture, d, e);
    if (!rc && d->blur_sigma != 0)
        rc = blur(out, &picture, d->blur_sigma, e);
    return rc;
}
