/* Philox4x32-10. Floor 0. */
#include "base/rng.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/elementary.h"
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

enum { LANES = 16 };

/* LANES blocks side by side, word k of all of them in x[k]. */
static inline __attribute__((always_inline)) void rounds_of_lanes(uint32_t x[restrict 4][LANES], uint32_t k0, uint32_t k1) {
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < LANES; i++) {
            const uint64_t a = (uint64_t)0xD2511F53U * x[0][i], b = (uint64_t)0xCD9E8D57U * x[2][i];
            x[0][i] = (uint32_t)(b >> 32) ^ x[1][i] ^ k0;
            x[1][i] = (uint32_t)b;
            x[2][i] = (uint32_t)(a >> 32) ^ x[3][i] ^ k1;
            x[3][i] = (uint32_t)a;
        }
        k0 += 0x9E3779B9U;
        k1 += 0xBB67AE85U;
    }
}

VECTORS_EXACT static void many_blocks(const struct rng *r, uint64_t first, size_t n, uint32_t *out) {
    uint32_t x[4][LANES];
    size_t at = 0;
    for (; at + LANES <= n; at += LANES) {
        for (int i = 0; i < LANES; i++) {
            const uint64_t block = first + at + (uint64_t)i;
            x[0][i] = (uint32_t)block;
            x[1][i] = (uint32_t)(block >> 32);
            x[2][i] = r->counter[2];
            x[3][i] = r->counter[3];
        }
        rounds_of_lanes(x, r->key[0], r->key[1]);
        for (size_t i = 0; i < LANES; i++)
            for (size_t k = 0; k < 4; k++)
                out[4 * (at + i) + k] = x[k][i];
    }
    for (; at < n; at++)
        rng_block(r, first + at, out + 4 * at);
}

void rng_blocks(const struct rng *r, uint64_t first, size_t n, uint32_t *out) {
    many_blocks(r, first, n, out);
}

/* A uniform of 52 bits from two words, centred in its interval so that neither 0 nor 1 occurs. */
static double fraction(const uint32_t w[2]) {
    return ((double)(((uint64_t)w[0] << 32 | w[1]) >> 12) + 0.5) * 0x1p-52;
}

static void uniforms(const struct rng *r, uint64_t block, double out[2]) {
    uint32_t w[4];
    rng_block(r, block, w);
    for (int i = 0; i < 2; i++)
        out[i] = fraction(w + 2 * i);
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

static void fill(const struct rng *r, uint64_t first, size_t n, float *out, int normal) {
    assert(first % 2 == 0);
    for (size_t done = 0; done < n; done += (size_t)2 * LANES) {
        uint32_t w[4 * LANES];
        float pair[2 * LANES];
        rng_blocks(r, (first + done) / 2, LANES, w);
        for (int i = 0; i < LANES; i++) {
            double a = fraction(w + 4 * i), b = fraction(w + 4 * i + 2);
            if (normal) {
                const double radius = sqrt(-2.0 * elementary_log(a));
                elementary_sincos(b, &b, &a);
                a *= radius;
                b *= radius;
            }
            pair[2 * i] = (float)a;
            pair[2 * i + 1] = (float)b;
        }
        const size_t left = n - done;
        memcpy(out + done, pair, sizeof pair[0] * (left < (size_t)2 * LANES ? left : (size_t)2 * LANES));
    }
}

void rng_fill_uniform(const struct rng *r, uint64_t first, size_t n, float *out) {
    fill(r, first, n, out, 0);
}

void rng_fill_normal(const struct rng *r, uint64_t first, size_t n, float *out) {
    fill(r, first, n, out, 1);
}
