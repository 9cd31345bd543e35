/* Reading tests/golden/ckpt, for the tests of src/ckpt. Test code, above all floors. */
#ifndef BMU_TESTS_CKPT_GOLDEN_H
#define BMU_TESTS_CKPT_GOLDEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ckpt/archive.h"
#include "file/io.h"

#define GOLDEN "tests/golden/ckpt/"

struct file {
    uint8_t *bytes; /* a block of exactly its size, so that AddressSanitizer sees a read of one byte too many */
    size_t size;
};

static inline struct file golden_file(const char *name) {
    char path[512];
    struct file f;
    struct err e = {0};
    uint8_t *bytes;
    snprintf(path, sizeof path, "%s%s", name[0] == '/' ? "" : GOLDEN, name);
    if (io_read_file(&bytes, &f.size, path, 1 << 26, &e))
        fail_msg("%s", e.message);
    f.bytes = malloc(f.size ? f.size : 1);
    assert_non_null(f.bytes);
    memcpy(f.bytes, bytes, f.size);
    free(bytes);
    return f;
}

static inline int golden_parse(struct archive **out, const char *name, const uint8_t *bytes, size_t n, struct err *e) {
    return strstr(name, ".safetensors") ? safetensors_parse(out, bytes, n, e) : torch_parse(out, bytes, n, e);
}

static inline int golden_open(struct archive **out, const char *name, struct err *e) {
    char path[512];
    snprintf(path, sizeof path, GOLDEN "%s", name);
    return strstr(name, ".safetensors") ? safetensors_open(out, path, e) : torch_open(out, path, e);
}

#endif
