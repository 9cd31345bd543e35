/* SHA-256 (FIPS 180-4) and HMAC, through nettle. Floor 0. */
#ifndef BMU_BASE_HASH_H
#define BMU_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32
#define SHA256_HEX_SIZE 65

struct sha256 {
    _Alignas(16) unsigned char state[256]; /* opaque: hash.c asserts that nettle's context fits */
};
void sha256_init(struct sha256 *h);
void sha256_update(struct sha256 *h, const void *bytes, size_t n);
void sha256_final(struct sha256 *h, uint8_t digest[SHA256_SIZE]);
void sha256_bytes(const void *bytes, size_t n, uint8_t digest[SHA256_SIZE]);
/* HMAC (RFC 2104) of a's bytes followed by b's. */
void hmac_sha256(const uint8_t *key, size_t key_size, const void *a, size_t n_a, const void *b, size_t n_b, uint8_t digest[SHA256_SIZE]);
/* 64 lower-case hexadecimal digits and a NUL. */
void sha256_hex(const uint8_t digest[SHA256_SIZE], char out[SHA256_HEX_SIZE]);

/* "nettle 3.8": the library and its version, for provenance. */
void hash_library(char out[32]);

#endif
