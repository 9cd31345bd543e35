/* The client of the decoder. Floor 1. For now the decoder is in this process. */
#include "image/decode.h"

#include <stdlib.h>

#include "base/mem.h"

struct decoder {
    struct decoder_options options;
};

int decoder_open(struct decoder **out, const struct decoder_options *o, struct err *e) {
    struct decoder *d = *out = mem_alloc(1, sizeof *d, e);
    if (!d)
        return ERR_NO_MEMORY;
    d->options = o ? *o : (struct decoder_options){0};
    return 0;
}

void decoder_close(struct decoder *d) {
    free(d);
}

int decode_image(struct image **out, struct decoder *d, const uint8_t *bytes, size_t n, const struct decode_request *request,
                 struct err *e) {
    (void)d;
    (void)request;
    return image_decode(out, bytes, n, e);
}
