/* Philox4x32-10. Floor 0. */
#include "base/rng.h"

#include <math.h>
#include <string.h>

#include "base/vectors.h"

struct rng rng_make(uint64_t seed, uint32_t purpose, uint32_t item) {
    return (struct rng){{(uint32_t)seed, (uint32_t)(seed >> 32)}, {0, 0, purpose, item}};
}

void rng_block(const struct rng *r, uint64_t block, uint32_t out[4]) {
    uint32_t x[4] = {(uint32_t)block, (uint32_t)(block >> 32), r->counter[2], r->counter[3]}, k0 = r->key[0], k1 = r->key[1];
    for (int round = 0; round < 10; round++) {
        const uint64_t a = (uint64_t)0xD2511F53U * x[0], b = (uint64_t)0xCD9E8D57U * x[2];
        const uint32_t y[4] = {(uint32_t)(b >> 32) ^ x[1] ^ k0, (uint32_t)b, (uint32_t)(a >> 32) ^ x[3] ^ k1, (uint32_t)a};
        memcpy(x, y, sizeof x);
        k0 += 0x9E3779B9U; /* golden ratio */
        k1 += 0xBB67AE85U; /* sqrt(3) - 1 */
    }
    memcpy(out, x, sizeof x);
}

VECTORS void rng_blocks(const struct rng *r, uint64_t first, uint32_t out[4][RNG_LANES]) {
    typedef uint32_t lanes __attribute__((vector_size(4 * RNG_LANES)));
    typedef uint64_t wide __attribute__((vector_size(8 * RNG_LANES)));
    lanes x[4];
    for (int i = 0; i < RNG_LANES; i++) {
        x[0][i] = (uint32_t)(first + (uint64_t)i);
        x[1][i] = (uint32_t)((first + (uint64_t)i) >> 32);
        x[2][i] = r->counter[2];
        x[3][i] = r->counter[3];
    }
    uint32_t k0 = r->key[0], k1 = r->key[1];
    for (int round = 0; round < 10; round++) {
        const wide a = 0xD2511F53U * __builtin_convertvector(x[0], wide), b = 0xCD9E8D57U * __builtin_convertvector(x[2], wide);
        x[0] = __builtin_convertvector(b >> 32, lanes) ^ x[1] ^ k0;
        x[1] = __builtin_convertvector(b, lanes);
        x[2] = __builtin_convertvector(a >> 32, lanes) ^ x[3] ^ k1;
        x[3] = __builtin_convertvector(a, lanes);
        k0 += 0x9E3779B9U;
        k1 += 0xBB67AE85U;
    }
    memcpy(out, x, sizeof x);
}

/* Two 53-bit uniforms of a block, centred in their intervals so that neither 0 nor 1 occurs. */
static void uniforms(const struct rng *r, uint64_t block, double out[2]) {
    uint32_t w[4];
    rng_block(r, block, w);
    for (int i = 0; i < 2; i++) {
        const uint64_t bits = ((uint64_t)w[2 * i] << 32 | w[2 * i + 1]) >> 12;
        out[i] = ((double)bits + 0.5) * 0x1p-52;
    }
}

double rng_uniform(const struct rng *r, uint64_t index) {
    double u[2];
    uniforms(r, index / 2, u);
    return u[index % 2];
}

double rng_normal(const struct rng *r, uint64_t index) {
    double u[2];
    uniforms(r, index / 2, u);
    const double radius = sqrt(-2.0 * log(u[0])), angle = 2.0 * 3.14159265358979323846 * u[1];
    return index % 2 ? radius * sin(angle) : radius * cos(angle);
}
