/* Fuzz target: a JPEG lossless stream through the decoder's own code and through DCMTK: what the first takes the second takes, with the
 * same samples. Fuzzing, above all floors. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "dicom_shim.h"
#include "jpeg_lossless.h"

enum { PIXELS_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool started;
    struct jpeg_header h;
    if (!started)
        assert(core_start(NULL) == 0);
    started = true;
    if (jpeg_header_read(&h, data, size, NULL) || (uint64_t)h.width * h.height > PIXELS_MAX)
        return 0;
    const size_t pixels = (size_t)h.width * h.height;
    uint16_t *ours = malloc(2 * pixels + 1), *theirs = calloc(2 * pixels + 1, 1);
    assert(ours && theirs);
    if (jpeg_lossless_decode(ours, &h, data, size)) {
        const struct dicom_stream s = {"1.2.840.10008.1.2.4.70", h.width, h.height, h.components, h.precision};
        assert(dicom_jpeg_decode((uint8_t *)theirs, 2 * pixels, &s, data, size, NULL) == 0);
        assert(memcmp(ours, theirs, 2 * pixels) == 0);
    }
    free(ours);
    free(theirs);
    return 0;
}
