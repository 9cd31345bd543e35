/* What the decoder answered, read without believing it. Floor 2. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "image/decode.h"
#include "image/decode_protocol.h"
#include "image/facts_json.h"

static int wrong(struct err *e, const char *what) {
    return err_set(e, ERR_DECODER_CRASH, "the decoder's answer contradicts itself (%s); the image is not used", what);
}

/* n bytes at *at, which moves on. */
static int read_bytes(void *to, size_t n, int fd, off_t *at, struct err *e) {
    for (size_t done = 0; done < n;) {
        ssize_t got = pread(fd, (char *)to + done, n - done, *at + (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return wrong(e, "its end");
        done += (size_t)got;
    }
    *at += (off_t)n;
    return 0;
}

static int code_named(const char *name) {
    static const struct {
        const char *name;
        int code;
    } codes[] = {
#define X(code) {#code, ERR_##code},
        DECODE_CODES(X)
#undef X
    };
    for (size_t i = 0; name && i < sizeof codes / sizeof *codes; i++)
        if (!strcmp(name, codes[i].name))
            return codes[i].code;
    return 0;
}

static int read_refusal(const struct json *refusal, struct err *e) {
    int code = code_named(json_string(json_get(refusal, "code")));
    const char *message = json_string(json_get(refusal, "message"));
    if (!code || json_size(refusal) != 2 || !message || !*message || strlen(message) >= ERR_MESSAGE_MAX)
        return wrong(e, "refusal");
    for (const char *c = message; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return wrong(e, "message");
    return err_set(e, code, "%s", message);
}

static size_t lut_entries(const struct dicom *d) {
    size_t n = d ? d->modality_lut.n : 0;
    for (int i = 0; d && i < d->n_voi_luts; i++)
        n += d->voi_lut[i].n;
    return n;
}

static int read_lut(struct dicom_lut *l, int fd, off_t *at, struct err *e) {
    if (l->n == 0)
        return 0;
    l->values = mem_alloc(l->n, sizeof *l->values, e);
    return l->values ? read_bytes(l->values, l->n * sizeof *l->values, fd, at, e) : ERR_NO_MEMORY;
}

/* Pixels and LUTs, which have to be just as large as the facts ask. */
static int read_samples(struct image *im, const struct decode_call *call, const struct decode_reply *reply, int fd, off_t at,
                        struct err *e) {
    const size_t sample = (size_t)im->bits / 8, count = (size_t)im->width * im->height * (size_t)im->channels;
    if (reply->pixel_bytes != (call->facts_only ? 0 : count * sample) || reply->lut_entries != lut_entries(im->dicom))
        return wrong(e, "sizes");
    if (im->dicom && call->frame >= 0 ? im->dicom->frame != (uint32_t)call->frame
                                      : im->dicom && !im->dicom->representative && im->dicom->frame != im->dicom->frames / 2)
        return wrong(e, "frame");
    int rc = 0;
    if (!call->facts_only) {
        im->pixels = mem_alloc_aligned(count, sample, e); /* in large pages: faults on small ones took as long as the reading */
        rc = im->pixels ? read_bytes(im->pixels, count * sample, fd, &at, e) : ERR_NO_MEMORY;
    }
    if (!rc && im->dicom)
        rc = read_lut(&im->dicom->modality_lut, fd, &at, e);
    for (int i = 0; !rc && im->dicom && i < im->dicom->n_voi_luts; i++)
        rc = read_lut(&im->dicom->voi_lut[i], fd, &at, e);
    return rc;
}

int decode_read_reply(struct image **out, const struct decode_call *call, const struct decode_reply *reply, int output, struct err *e) {
    struct stat st;
    struct image *im = NULL;
    struct json *facts = NULL;
    char *text = NULL;
    off_t at = 0;
    *out = NULL;
    if (reply->magic != DECODE_MAGIC || reply->serial != call->serial || reply->last > 1)
        return wrong(e, "header");
    if (reply->facts_bytes == 0 || reply->facts_bytes > DECODE_FACTS_MAX || reply->pixel_bytes > DECODE_MEMORY_MAX ||
        reply->lut_entries > (DICOM_LUTS_MAX + 1) * (uint64_t)DICOM_LUT_ENTRIES_MAX)
        return wrong(e, "limits");
    if (fstat(output, &st) || (uint64_t)st.st_size < reply->facts_bytes + reply->pixel_bytes + reply->lut_entries * sizeof(uint16_t))
        return wrong(e, "length");
    int rc = ERR_NO_MEMORY;
    if (!(text = mem_alloc(reply->facts_bytes, 1, e)))
        goto out;
    rc = read_bytes(text, reply->facts_bytes, output, &at, e);
    if (rc)
        goto out;
    if (json_read(&facts, text, reply->facts_bytes, ERR_DECODER_CRASH, NULL)) {
        rc = wrong(e, "facts");
        goto out;
    }
    if (json_get(facts, "code")) {
        rc = reply->pixel_bytes || reply->lut_entries ? wrong(e, "sizes") : read_refusal(facts, e);
        goto out;
    }
    rc = facts_from_json(&im, facts, e);
    if (!rc)
        rc = read_samples(im, call, reply, output, at, e);
    if (!rc) {
        *out = im;
        im = NULL;
    }
out:
    image_free(im);
    json_free(facts);
    mem_free(text);
    return rc;
}

/* The new file, head and pixels, in one piece. */
static int read_file(struct buf *file, const struct decode_reply *reply, int output, struct err *e) {
    uint8_t *bytes = NULL;
    const size_t head = reply->head_bytes, pixels = reply->pixel_bytes;
    off_t at = DECODE_FACTS_MAX;
    if (!(bytes = mem_alloc(head + pixels, 1, e)))
        return ERR_NO_MEMORY;
    int rc = read_bytes(bytes + head, pixels, output, &at, e);
    if (!rc)
        rc = read_bytes(bytes, head, output, &at, e);
    if (!rc && memcmp(bytes + 128, "DICM", 4) != 0)
        rc = wrong(e, "file");
    if (!rc)
        rc = buf_append(file, bytes, head + pixels, e);
    mem_free(bytes);
    return rc;
}

int decode_read_deidentified(struct buf *file, struct json **report, const struct decode_call *call, const struct decode_reply *reply,
                             int output, struct err *e) {
    struct stat st;
    char *text = NULL;
    struct json *facts = NULL;
    off_t at = 0;
    *report = NULL;
    if (reply->magic != DECODE_MAGIC || reply->serial != call->serial || reply->last > 1 || reply->lut_entries)
        return wrong(e, "header");
    if (reply->facts_bytes == 0 || reply->facts_bytes > DECODE_FACTS_MAX || reply->pixel_bytes > DEIDENTIFY_OUTPUT_MAX ||
        reply->head_bytes > DEIDENTIFY_OUTPUT_MAX)
        return wrong(e, "limits");
    const uint64_t file_bytes = reply->head_bytes + reply->pixel_bytes;
    if (fstat(output, &st) || (uint64_t)st.st_size < (file_bytes ? DECODE_FACTS_MAX + file_bytes : reply->facts_bytes))
        return wrong(e, "length");
    int rc = ERR_NO_MEMORY;
    if (!(text = mem_alloc(reply->facts_bytes, 1, e)))
        goto out;
    rc = read_bytes(text, reply->facts_bytes, output, &at, e);
    if (!rc && json_read(&facts, text, reply->facts_bytes, ERR_DECODER_CRASH, NULL))
        rc = wrong(e, "facts");
    if (!rc && json_get(facts, "code"))
        rc = file_bytes ? wrong(e, "sizes") : read_refusal(facts, e);
    else if (!rc && (!json_is_array(json_get(facts, "changes")) || reply->head_bytes < 132))
        rc = wrong(e, "file");
    else if (!rc)
        rc = read_file(file, reply, output, e);
    if (!rc) {
        *report = facts;
        facts = NULL;
    }
out:
    json_free(facts);
    mem_free(text);
    return rc;
}
