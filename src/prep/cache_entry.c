/* An entry of the cache as bytes. Floor 4.
 *
 *     8  "BMUCACHE"          all numbers little-endian
 *     4  version             2
 *     4  encoding            0 no tensor (a refusal), 1 float32, 2 uint16, 3 uint8 / 255
 *    32  key
 *    32  SHA-256 of everything after these 32 bytes
 *     8  number of floats    (mean and std of the normalisation belong to the key)
 *     4  bytes of the verdict, then those: texts with two bytes of length before them, numbers, hashes
 *        then the samples, to the end
 *
 * Mammograms are normalised integers, (v - mean) / std in float32, and ultrasound is v / 255: v is stored if each float comes back from it
 * bit for bit, which is tried on every float before; else the floats themselves are. So nothing here relies on how preparation computes. */
#include "prep/cache_entry.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

enum { VERSION = 2, HEAD = 8 + 4 + 4 + 32, HASHED_FROM = HEAD + 32 };
enum encoding { ENCODING_NONE, ENCODING_F32, ENCODING_U16, ENCODING_U8 };
static const char magic[8] = {'B', 'M', 'U', 'C', 'A', 'C', 'H', 'E'};

/* What an entry has to hold: a new member of these must be written and read here, and VERSION raised. */
struct expected_verdict {
    enum input_status status;
    int code;
    char note[512];
    bool hashed;
    uint8_t sha256[32];
    bool prepared;
    uint8_t tensor_sha256[32];
    struct {
        uint32_t width, height, kept[4];
        double scale[2], shift[2];
    } geometry;
    struct {
        bool dicom;
        char patient_id[DICOM_TEXT];
        char study[DICOM_UID], study_date[9], content_date[9];
        char side;
        uint8_t pixel_sha256[32];
    } facts;
};
_Static_assert(sizeof(struct expected_verdict) == sizeof(struct input_verdict), "struct input_verdict has changed");

/* --- writing -------------------------------------------------------------------------------------------------------------- */

static int put_number(struct buf *b, uint64_t x, int bytes, struct err *e) {
    uint8_t raw[8];
    for (int i = 0; i < bytes; i++)
        raw[i] = (uint8_t)(x >> (8 * i));
    return buf_append(b, raw, (size_t)bytes, e);
}

static int put_text(struct buf *b, const char *text, size_t room, struct err *e) {
    size_t n = strnlen(text, room);
    int rc = put_number(b, n, 2, e);
    return rc ? rc : buf_append(b, text, n, e);
}

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static int put_geometry(struct buf *b, const struct geometry *g, struct err *e) {
    const uint32_t whole[] = {g->width, g->height, g->kept.x0, g->kept.y0, g->kept.x1, g->kept.y1};
    const double real[] = {g->scale[0], g->scale[1], g->shift[0], g->shift[1]};
    int rc = 0;
    for (size_t i = 0; i < sizeof whole / sizeof *whole && !rc; i++)
        rc = put_number(b, whole[i], 4, e);
    for (size_t i = 0; i < sizeof real / sizeof *real && !rc; i++) {
        uint64_t bits;
        memcpy(&bits, &real[i], sizeof bits);
        rc = put_number(b, bits, 8, e);
    }
    return rc;
}

static int put_verdict(struct buf *b, const struct input_verdict *v, struct err *e) {
    const struct view_facts *f = &v->facts;
    int rc = put_number(b, (uint64_t)v->status, 1, e);
    if (!rc)
        rc = put_number(b, (uint32_t)v->code, 4, e);
    if (!rc)
        rc = put_text(b, v->note, sizeof v->note, e);
    if (!rc)
        rc = buf_append(b, v->sha256, sizeof v->sha256, e);
    if (!rc)
        rc = put_number(b, v->prepared, 1, e);
    if (!rc)
        rc = buf_append(b, v->tensor_sha256, sizeof v->tensor_sha256, e);
    if (!rc)
        rc = put_geometry(b, &v->geometry, e);
    if (!rc)
        rc = put_number(b, f->dicom, 1, e);
    const struct {
        const char *text;
        size_t room;
    } texts[] = {{f->patient_id, sizeof f->patient_id},
                 {f->study, sizeof f->study},
                 {f->study_date, sizeof f->study_date},
                 {f->content_date, sizeof f->content_date}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts && !rc; i++)
        rc = put_text(b, texts[i].text, texts[i].room, e);
    if (!rc)
        rc = put_number(b, (unsigned char)f->side, 1, e);
    return rc ? rc : buf_append(b, f->pixel_sha256, sizeof f->pixel_sha256, e);
}

static float from_u16(const struct cache_key *k, uint32_t x) {
    return ((float)(int32_t)x - k->mean) / k->std; /* as PyTorch does it: every step in float32 */
}

static float from_u8(uint32_t x) {
    return (float)x / 255.0f;
}

/* The integer that gives exactly this float, or -1. */
static int32_t integer_of(const struct cache_key *k, float x, enum encoding encoding) {
    double y = encoding == ENCODING_U8 ? (double)x * 255 : (double)x * (double)k->std + (double)k->mean;
    if (!(y > -0.5 && y < 65535.5))
        return -1;
    int32_t v = (int32_t)lrint(y);
    if (encoding == ENCODING_U8 && v > UINT8_MAX)
        return -1;
    return bits_of(encoding == ENCODING_U8 ? from_u8((uint32_t)v) : from_u16(k, (uint32_t)v)) == bits_of(x) ? v : -1;
}

static int put_samples(struct buf *b, const struct cache_key *k, const float *in, size_t n, enum encoding encoding, struct err *e) {
    size_t bytes = encoding == ENCODING_F32 ? 4 : encoding == ENCODING_U16 ? 2 : 1, filled = 0;
    uint8_t block[4096];
    int rc = 0;
    for (size_t i = 0; i < n && !rc; i++) {
        uint32_t x = encoding == ENCODING_F32 ? bits_of(in[i]) : (uint32_t)integer_of(k, in[i], encoding);
        for (size_t byte = 0; byte < bytes; byte++)
            block[filled++] = (uint8_t)(x >> (8 * byte));
        if (filled == sizeof block || i + 1 == n) {
            rc = buf_append(b, block, filled, e);
            filled = 0;
        }
    }
    return rc;
}

static enum encoding choose_encoding(const struct cache_key *k, const float *in) {
    for (enum encoding encoding = ENCODING_U8; encoding >= ENCODING_U16; encoding--) {
        size_t i = 0;
        while (i < k->n && integer_of(k, in[i], encoding) >= 0)
            i++;
        if (i == k->n)
            return encoding;
    }
    return ENCODING_F32;
}

int cache_entry_write(struct buf *out, const struct cache_key *k, const float *in, const struct input_verdict *v, struct err *e) {
    static const uint8_t later[32];
    enum encoding encoding = v->status == INPUT_USED ? choose_encoding(k, in) : ENCODING_NONE;
    size_t n = encoding == ENCODING_NONE ? 0 : k->n, start = out->size;
    struct buf verdict;
    buf_init(&verdict);
    int rc = put_verdict(&verdict, v, e);
    if (!rc)
        rc = buf_append(out, magic, sizeof magic, e);
    if (!rc)
        rc = put_number(out, VERSION, 4, e);
    if (!rc)
        rc = put_number(out, (uint64_t)encoding, 4, e);
    if (!rc)
        rc = buf_append(out, k->digest, sizeof k->digest, e);
    if (!rc)
        rc = buf_append(out, later, sizeof later, e);
    if (!rc)
        rc = put_number(out, n, 8, e);
    if (!rc)
        rc = put_number(out, verdict.size, 4, e);
    if (!rc)
        rc = buf_append(out, verdict.data, verdict.size, e);
    if (!rc)
        rc = put_samples(out, k, in, n, encoding, e);
    if (!rc)
        sha256_bytes(out->data + start + HASHED_FROM, out->size - start - HASHED_FROM, (uint8_t *)out->data + start + HEAD);
    buf_release(&verdict);
    return rc;
}

/* --- reading -------------------------------------------------------------------------------------------------------------- */

struct reader {
    const uint8_t *at;
    size_t left;
    bool bad;
};

static uint64_t take_number(struct reader *r, size_t bytes) {
    uint64_t x = 0;
    if (r->bad || r->left < bytes) {
        r->bad = true;
        return 0;
    }
    for (size_t i = 0; i < bytes; i++)
        x |= (uint64_t)r->at[i] << (8 * i);
    r->at += bytes;
    r->left -= bytes;
    return x;
}

static void take_bytes(struct reader *r, void *to, size_t bytes) {
    if (r->bad || r->left < bytes) {
        r->bad = true;
        return;
    }
    memcpy(to, r->at, bytes);
    r->at += bytes;
    r->left -= bytes;
}

/* `to` is zeroed and stays ended by a NUL. */
static void take_text(struct reader *r, char *to, size_t room) {
    size_t n = take_number(r, 2);
    if (n >= room || (!r->bad && n <= r->left && memchr(r->at, 0, n)))
        r->bad = true;
    take_bytes(r, to, n);
}

static bool take_bool(struct reader *r) {
    uint64_t x = take_number(r, 1);
    r->bad = r->bad || x > 1;
    return x == 1;
}

static double take_real(struct reader *r) {
    const uint64_t bits = take_number(r, 8);
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void take_geometry(struct reader *r, struct geometry *g, bool due) {
    uint32_t *const whole[] = {&g->width, &g->height, &g->kept.x0, &g->kept.y0, &g->kept.x1, &g->kept.y1};
    double *const real[] = {&g->scale[0], &g->scale[1], &g->shift[0], &g->shift[1]};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        *whole[i] = (uint32_t)take_number(r, 4);
    for (size_t i = 0; i < sizeof real / sizeof *real; i++)
        *real[i] = take_real(r);
    if (due && !geometry_ok(g))
        r->bad = true;
}

static void take_verdict(struct reader *r, struct input_verdict *v) {
    struct view_facts *f = &v->facts;
    uint64_t status = take_number(r, 1);
    v->status = status == INPUT_USED ? INPUT_USED : INPUT_REFUSED;
    v->code = (int)(int32_t)(uint32_t)take_number(r, 4);
    take_text(r, v->note, sizeof v->note);
    v->hashed = true;
    take_bytes(r, v->sha256, sizeof v->sha256);
    v->prepared = take_bool(r);
    take_bytes(r, v->tensor_sha256, sizeof v->tensor_sha256);
    take_geometry(r, &v->geometry, v->prepared);
    f->dicom = take_bool(r);
    take_text(r, f->patient_id, sizeof f->patient_id);
    take_text(r, f->study, sizeof f->study);
    take_text(r, f->study_date, sizeof f->study_date);
    take_text(r, f->content_date, sizeof f->content_date);
    f->side = (char)take_number(r, 1);
    take_bytes(r, f->pixel_sha256, sizeof f->pixel_sha256);
    bool known_status = status == INPUT_USED || status == INPUT_REFUSED, known_code = strcmp(err_name(v->code), "UNKNOWN") != 0;
    bool agrees = (v->status == INPUT_USED) == (v->code == 0) && (v->prepared || v->status == INPUT_REFUSED);
    bool known_side = f->side == 0 || f->side == 'L' || f->side == 'R' || f->side == 'B';
    if (!known_status || !known_code || !agrees || !known_side)
        r->bad = true;
}

static void take_samples(float *out, const struct cache_key *k, const uint8_t *from, size_t n, enum encoding encoding) {
    for (size_t i = 0; i < n; i++) {
        if (encoding == ENCODING_U8) {
            out[i] = from_u8(from[i]);
        } else if (encoding == ENCODING_U16) {
            out[i] = from_u16(k, (uint32_t)from[2 * i] | (uint32_t)from[2 * i + 1] << 8);
        } else {
            const uint8_t *p = from + 4 * i;
            out[i] = float_of((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
        }
    }
}

static int damaged(struct err *e, const char *what) {
    return err_set(e, ERR_FILE_READ, "a cache entry is damaged: %s", what);
}

int cache_entry_read(float *out, struct input_verdict *v, const struct cache_key *k, const uint8_t *bytes, size_t n, struct err *e) {
    static const size_t sizes[] = {[ENCODING_NONE] = 0, [ENCODING_F32] = 4, [ENCODING_U16] = 2, [ENCODING_U8] = 1};
    struct reader r = {.at = bytes, .left = n};
    char start[sizeof magic] = {0};
    uint8_t digest[32] = {0}, said[32] = {0}, computed[32];
    take_bytes(&r, start, sizeof start);
    uint64_t version = take_number(&r, 4), encoding = take_number(&r, 4);
    take_bytes(&r, digest, sizeof digest);
    take_bytes(&r, said, sizeof said);
    if (r.bad || memcmp(start, magic, sizeof magic) != 0 || version != VERSION || encoding > ENCODING_U8)
        return damaged(e, "it does not start like an entry of this version");
    if (memcmp(digest, k->digest, sizeof digest) != 0)
        return damaged(e, "it belongs to another key");
    sha256_bytes(r.at, r.left, computed);
    if (memcmp(said, computed, sizeof said) != 0)
        return damaged(e, "its checksum differs");
    uint64_t floats = take_number(&r, 8);
    size_t verdict_size = take_number(&r, 4);
    if (r.bad || verdict_size > r.left)
        return damaged(e, "it ends early");
    *v = (struct input_verdict){0};
    struct reader inner = {.at = r.at, .left = verdict_size};
    take_verdict(&inner, v);
    size_t samples = r.left - verdict_size, wanted = encoding == ENCODING_NONE ? 0 : k->n;
    bool used = v->status == INPUT_USED;
    if (inner.bad || inner.left || used != (encoding != ENCODING_NONE) || floats != wanted || samples != wanted * sizes[encoding])
        return damaged(e, "it contradicts itself");
    take_samples(out, k, r.at + verdict_size, wanted, (enum encoding)encoding);
    return 0;
}
