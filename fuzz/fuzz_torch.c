/* Fuzz target: bytes that start as a zip are a PyTorch checkpoint; all others are the pickle inside one, past the checksum that would stop
 * every mutation. What is accepted must be readable to its last byte, or lie within the storage that it names. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ckpt/archive.h"
#include "ckpt/torch_pickle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run_zip(const uint8_t *data, size_t size) {
    struct err e = {0};
    struct archive *a;
    int rc = torch_parse(&a, data, size, &e);
    assert(rc == e.code && rc <= 0 && rc != ERR_INTERNAL && !a == !!rc);
    for (size_t i = 0; !rc && i < archive_count(a); i++) {
        const struct array *t = archive_at(a, i);
        volatile uint8_t sum = 0;
        for (size_t k = 0; k < t->bytes; k++)
            sum = (uint8_t)(sum + ((const uint8_t *)t->data)[k]);
        assert(archive_find(a, t->name) == t);
    }
    archive_close(a);
}

static void run_pickle(const uint8_t *data, size_t size) {
    struct err e = {0};
    struct arena arena;
    struct torch_tensor *tensors;
    size_t count;
    arena_init(&arena, 0);
    int rc = torch_pickle_read(&tensors, &count, &arena, data, size, &e);
    assert(rc == e.code && rc <= 0 && rc != ERR_INTERNAL);
    for (size_t i = 0; !rc && i < count; i++) {
        const struct torch_tensor *t = &tensors[i];
        size_t element = dtype_size(t->facts.dtype), elements = 1;
        for (int k = 0; k < t->facts.rank; k++)
            elements *= (size_t)t->facts.shape[k];
        assert(elements == t->facts.bytes / element && t->facts.bytes % element == 0);
        assert(t->offset <= t->storage_count && elements <= t->storage_count - t->offset);
        assert((const uint8_t *)t->name.bytes >= data && (const uint8_t *)t->name.bytes + t->name.size <= data + size);
        assert((const uint8_t *)t->storage.bytes >= data && (const uint8_t *)t->storage.bytes + t->storage.size <= data + size);
    }
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size >= 2 && !memcmp(data, "PK", 2))
        run_zip(data, size);
    else
        run_pickle(data, size);
    return 0;
}
