/* Fuzz target: a JPEG file. The decoder is asked by name; what is decoded is prepared. */
#include "fuzz_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_decoder(codec_jpeg_decode, data, size);
    fuzz_prepare(data, size);
    return 0;
}
