/* Any bytes as an entry of the cache: as they are, and with the key and the checksum put right, so that what lies behind them is reached.
 * Fuzzing, above all floors. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "prep/cache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KEY_AT = 16, CHECKSUM_AT = 48, HASHED_FROM = 80, FLOATS = 60 };

/* What every reader of a verdict relies on. */
static void check(const struct input_verdict *v) {
    if ((v->status == INPUT_USED) != (v->code == 0) || (v->status != INPUT_USED && v->status != INPUT_REFUSED) || !v->hashed ||
        !memchr(v->note, 0, sizeof v->note) || !memchr(v->facts.patient_id, 0, sizeof v->facts.patient_id) ||
        !memchr(v->facts.study, 0, sizeof v->facts.study) || !memchr(v->facts.study_date, 0, sizeof v->facts.study_date) ||
        !memchr(v->facts.content_date, 0, sizeof v->facts.content_date))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct cache_key key = {.digest = {1, 2, 3}, .n = FLOATS, .mean = 5063.68f, .std = 8773.89f};
    struct input_verdict v;
    float out[FLOATS];
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        return 0;
    if (cache_entry_read(out, &v, &key, data, size, NULL) == 0)
        check(&v);
    if (size)
        memcpy(copy, data, size);
    if (size >= HASHED_FROM) {
        memcpy(copy + KEY_AT, key.digest, sizeof key.digest);
        sha256_bytes(copy + HASHED_FROM, size - HASHED_FROM, copy + CHECKSUM_AT);
    }
    if (cache_entry_read(out, &v, &key, copy, size, NULL) == 0)
        check(&v);
    free(copy);
    return 0;
}
