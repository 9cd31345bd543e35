/* Fuzz target: what a decoder that has been taken over might answer. A byte (was an image or were facts asked for?), a struct decode_reply,
 * then the output file. Fuzzing, above all floors. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/decode.h"
#include "image/decode_protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int output = -1;
    struct decode_reply reply;
    struct decode_call call = {.magic = DECODE_MAGIC, .serial = 1, .frame = DECODE_FRAME_MIDDLE};
    struct image *im = NULL;
    struct err e = {0};
    if (size < 1 + sizeof reply)
        return 0;
    call.facts_only = data[0] & 1;
    call.frame = data[0] & 2 ? 0 : DECODE_FRAME_MIDDLE;
    memcpy(&reply, data + 1, sizeof reply);
    reply.magic = DECODE_MAGIC; /* else nothing gets past the first line */
    reply.serial = 1;
    data += 1 + sizeof reply;
    size -= 1 + sizeof reply;
    if (output < 0)
        output = memfd_create("output", MFD_CLOEXEC);
    assert(ftruncate(output, 0) == 0 && pwrite(output, data, size, 0) == (ssize_t)size);
    int rc = decode_read_reply(&im, &call, &reply, output, &e);
    assert(rc == e.code && !im == !!rc && (!rc || e.message[0]));
    if (im) {
        const struct dicom *d = im->dicom;
        assert(im->width && im->height && (uint64_t)im->width * im->height <= IMAGE_PIXELS_MAX && !im->pixels == (call.facts_only == 1));
        volatile uint8_t sum = 0;
        for (size_t i = 0; im->pixels && i < reply.pixel_bytes; i++)
            sum = (uint8_t)(sum + ((const uint8_t *)im->pixels)[i]);
        for (int i = -1; d && i < d->n_voi_luts; i++) {
            const struct dicom_lut *l = i < 0 ? &d->modality_lut : &d->voi_lut[i];
            assert(!l->values == !l->n);
            for (uint32_t k = 0; k < l->n; k++)
                sum = (uint8_t)(sum + l->values[k]);
        }
    }
    image_free(im);
    return 0;
}
