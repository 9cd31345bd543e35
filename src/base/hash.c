/* SHA-256 through nettle: the only file that sees it. Floor 0. */
#include <nettle/hmac.h>
#include <nettle/sha2.h>
#include <nettle/version.h>
#include <stdio.h>
/* nettle renames its functions by macros that would rename ours as well */
#undef sha256_init
#undef sha256_update
#undef sha256_digest
#undef hmac_sha256_set_key
#undef hmac_sha256_update
#undef hmac_sha256_digest

#include "base/hash.h"

_Static_assert(sizeof(struct sha256_ctx) <= sizeof(struct sha256), "nettle's context must fit");
_Static_assert(_Alignof(struct sha256_ctx) <= _Alignof(struct sha256), "nettle's context must be aligned");
_Static_assert(SHA256_SIZE == SHA256_DIGEST_SIZE, "FIPS 180-4");

static struct sha256_ctx *context(struct sha256 *h) {
    return (struct sha256_ctx *)(void *)h->state;
}

void sha256_init(struct sha256 *h) {
    nettle_sha256_init(context(h));
}

void sha256_update(struct sha256 *h, const void *bytes, size_t n) {
    nettle_sha256_update(context(h), n, bytes);
}

void sha256_final(struct sha256 *h, uint8_t digest[SHA256_SIZE]) {
    nettle_sha256_digest(context(h), SHA256_SIZE, digest);
}

void sha256_bytes(const void *bytes, size_t n, uint8_t digest[SHA256_SIZE]) {
    struct sha256 h;
    sha256_init(&h);
    sha256_update(&h, bytes, n);
    sha256_final(&h, digest);
}

void hmac_sha256(const uint8_t *key, size_t key_size, const void *a, size_t n_a, const void *b, size_t n_b, uint8_t digest[SHA256_SIZE]) {
    struct hmac_sha256_ctx h;
    nettle_hmac_sha256_set_key(&h, key_size, key);
    nettle_hmac_sha256_update(&h, n_a, a);
    nettle_hmac_sha256_update(&h, n_b, b);
    nettle_hmac_sha256_digest(&h, SHA256_SIZE, digest);
}

void sha256_hex(const uint8_t digest[SHA256_SIZE], char out[SHA256_HEX_SIZE]) {
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < SHA256_SIZE; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[SHA256_HEX_SIZE - 1] = 0;
}

void hash_library(char out[32]) {
    snprintf(out, 32, "nettle %d.%d", nettle_version_major(), nettle_version_minor());
}
