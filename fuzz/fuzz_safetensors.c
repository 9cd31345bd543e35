/* Fuzz target: any bytes as a safetensors file. Every tensor that is accepted must be readable to its last byte and be found by its name.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ckpt/archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct err e = {0};
    struct archive *a;
    int rc = safetensors_parse(&a, data, size, &e);
    assert(rc == e.code && rc <= 0 && rc != ERR_INTERNAL && !a == !!rc);
    size_t total = 0;
    for (size_t i = 0; !rc && i < archive_count(a); i++) {
        const struct array *t = archive_at(a, i);
        volatile uint8_t sum = 0;
        for (size_t k = 0; k < t->bytes; k++)
            sum = (uint8_t)(sum + ((const uint8_t *)t->data)[k]);
        assert(archive_find(a, t->name) == t);
        total += t->bytes;
    }
    assert(total <= size);
    archive_close(a);
    return 0;
}
