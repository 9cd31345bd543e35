/* Fuzz target: a DICOM file to be de-identified, in this process. A code, or a file that reads as one of the stand-in's patient. (That no
 * original value survives is tests/cli/t_deidentify.sh's: a fuzzer puts any mark into the pixels too, where it may stay.) Fuzzing, above
 * all floors. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "deidentify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct buf *file) {
    static const struct decode_request facts_only = {.frame = DECODE_FRAME_MIDDLE, .facts_only = true};
    struct image *im = NULL;
    struct err e = {0};
    int rc = dicom_decode(&im, (const uint8_t *)file->data, file->size, &facts_only, &e);
    assert(rc == 0 && strncmp(im->dicom->patient_id, "BMU-", 4) == 0 && strcmp(im->dicom->syntax, "1.2.840.10008.1.2.1") == 0);
    image_free(im);
}

static int put(void *to, const void *bytes, size_t n, struct err *e) {
    return buf_append(to, bytes, n, e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool started;
    if (!started)
        assert(core_start(NULL) == 0);
    started = true;
    for (uint32_t keep = 0; keep <= 1 && size > 0; keep++) {
        const struct deidentify_request request = {.key = {1, 2, 3}, .keep_burned_in = keep};
        struct json *report = NULL;
        struct err e = {0};
        struct buf file, pixels;
        buf_init(&file);
        buf_init(&pixels);
        const struct deidentify_pixels to = {put, &pixels};
        int rc = deidentify_bytes(&file, &report, &to, &request, data, size, &e);
        assert(rc == e.code && rc <= 0 && rc != ERR_INTERNAL && !report == !!rc && (!rc || e.message[0]));
        if (rc == 0 && buf_append(&file, pixels.data, pixels.size, NULL) == 0)
            check(&file);
        json_free(report);
        buf_release(&file);
        buf_release(&pixels);
    }
    return 0;
}
