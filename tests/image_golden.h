/* What the image tests share: files, hashes and the golden tables of tests/golden/image (by tests/oracle/make_image_golden.py). Test code.
 */
#ifndef BMU_TESTS_IMAGE_GOLDEN_H
#define BMU_TESTS_IMAGE_GOLDEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "file/io.h"
#include "file/json.h"
#include "image/image.h"

#define GOLDEN "tests/golden/image/"

static inline struct json *golden_table(const char *name) {
    char path[256];
    uint8_t *bytes = NULL;
    size_t n = 0;
    struct json *table = NULL;
    struct err e = {0};
    snprintf(path, sizeof path, GOLDEN "%s", name);
    if (io_read_file(&bytes, &n, path, 1 << 24, &e) || json_read(&table, (const char *)bytes, n, ERR_INTERNAL, &e))
        fail_msg("%s: %s", path, e.message);
    free(bytes);
    return table;
}

static inline const char *text_of(const struct json *entry, const char *key) {
    const char *text = json_string(json_get(entry, key));
    assert_non_null(text);
    return text;
}

static inline int64_t number_of(const struct json *entry, const char *key) {
    assert_true(json_is_integer(json_get(entry, key)));
    return json_integer(json_get(entry, key), -1);
}

/* Into a block of exactly the file's size, so that AddressSanitizer sees a read beyond. */
static inline uint8_t *read_exact(const char *path, size_t *n) {
    struct err e = {0};
    uint8_t *bytes = NULL;
    if (io_read_file(&bytes, n, path, IMAGE_FILE_MAX, &e))
        fail_msg("%s", e.message);
    uint8_t *exact = malloc(*n ? *n : 1);
    assert_non_null(exact);
    memcpy(exact, bytes, *n);
    free(bytes);
    return exact;
}

static inline const char *hash_hex(const void *bytes, size_t n) {
    static char hex[SHA256_HEX_SIZE];
    uint8_t digest[SHA256_SIZE];
    sha256_bytes(bytes, n, digest);
    sha256_hex(digest, hex);
    return hex;
}

static inline size_t image_samples(const struct image *im) {
    return (size_t)im->width * im->height * (size_t)im->channels;
}

static inline const char *data_folder(void) {
    const char *folder = getenv("BMUNET_DATA");
    return folder ? folder : "../shared/data";
}

#endif
