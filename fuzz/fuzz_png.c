/* Fuzz target: a PNG file, as it is and with its checksums put right, since hardly a mutation would get past them. The decoder is asked by
 * name, so that a spoilt signature cannot end in the other one; what is decoded is prepared. */
#include "fuzz_image.h"

static uint32_t crc32_of(const uint8_t *p, size_t n) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

static void mend_checksums(uint8_t *p, size_t size) {
    for (size_t at = 8; at + 12 <= size;) {
        size_t n = (size_t)p[at] << 24 | (size_t)p[at + 1] << 16 | (size_t)p[at + 2] << 8 | p[at + 3];
        if (n > size - at - 12)
            return;
        uint32_t crc = crc32_of(p + at + 4, n + 4);
        for (size_t k = 0; k < 4; k++)
            p[at + 8 + n + k] = (uint8_t)(crc >> (24 - 8 * k));
        at += n + 12;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_prepare(data, size);
    if (size < 8)
        return 0;
    fuzz_decoder(codec_png_decode, data, size);
    uint8_t *mended = malloc(size);
    assert(mended);
    memcpy(mended, data, size);
    mend_checksums(mended, size);
    fuzz_decoder(codec_png_decode, mended, size);
    fuzz_prepare(mended, size);
    free(mended);
    return 0;
}
