/* What our AVX-512 kernels share: the processor they need, and the inner product, six rows by 64 columns in registers. Floor 1. Internal
 * to conv_*.c.
 *
 * 24 accumulators, 4 vectors of weights, 1 broadcast: 29 of the 32 registers; two multiply-adds a cycle need 16 loads in 12 cycles.
 * Each sum runs over k in order, one fused multiply-add at a time: the same bits wherever the row stands.
 */
#ifndef BMU_TENSOR_CONV_AVX512_H
#define BMU_TENSOR_CONV_AVX512_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/conv_kernel.h"

#define KERNEL __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,fma")))
#define INLINE KERNEL static inline __attribute__((always_inline))

enum { LANES = 16, GEMM_ROWS = 6, GEMM_COLS = 64, GEMM_VECS = GEMM_COLS / LANES };

static inline bool has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma");
}

/* Is so much written that it is stored past the caches? It would not survive there until it is read, and a plain store reads the line
 * first. Who does so ends his share with _mm_sfence(). */
static inline bool conv_past_caches(size_t bytes) {
    return bytes >= (size_t)16 << 20;
}

static inline bool conv_streams(const struct conv_shape *s) {
    return conv_past_caches((size_t)s->n * (size_t)s->out_h * (size_t)s->out_w * (size_t)s->out_c * sizeof(float));
}

/* What a product brings into the second-level cache for the products after it: `lines` cache lines per LANES steps of its own k, so that
 * they never queue up. Numbers, not pointers: they may run past what exists, and a prefetch does not fault. */
struct gemm_ahead {
    uintptr_t from;
    int lines;
};

/* Addresses to fetch ahead from, which may lie outside what they are counted from. */
static inline uintptr_t address(const float *base, long floats) {
    return (uintptr_t)base + (uintptr_t)(floats * (long)sizeof(float));
}

INLINE void gemm_fetch(struct gemm_ahead *ahead) {
#pragma GCC unroll 1
    for (int i = 0; i < ahead->lines; i++, ahead->from += LANES * sizeof(float))
        _mm_prefetch((const char *)ahead->from, _MM_HINT_T1);
}

enum { GEMM_AHEADS = 3 };

/* out[r][col] = sum over c of a[r * a_step + c] * b[c * GEMM_COLS + col], r < GEMM_ROWS, c < k. b and out are 64-byte aligned.
 * k is a multiple of LANES. */
INLINE void gemm(const float *a, size_t a_step, size_t k, const float *b, float *out, struct gemm_ahead ahead[GEMM_AHEADS]) {
    __m512 sum[GEMM_ROWS][GEMM_VECS];
#pragma GCC unroll 6
    for (int r = 0; r < GEMM_ROWS; r++)
#pragma GCC unroll 4
        for (int v = 0; v < GEMM_VECS; v++)
            sum[r][v] = _mm512_setzero_ps();
    for (size_t c = 0; c < k; c++) {
        if (c % LANES == 0)
#pragma GCC unroll 3
            for (int i = 0; i < GEMM_AHEADS; i++)
                gemm_fetch(&ahead[i]);
        __m512 w[GEMM_VECS];
#pragma GCC unroll 4
        for (int v = 0; v < GEMM_VECS; v++)
            w[v] = _mm512_load_ps(b + c * GEMM_COLS + (size_t)v * LANES);
#pragma GCC unroll 6
        for (int r = 0; r < GEMM_ROWS; r++) {
            const __m512 x = _mm512_set1_ps(a[(size_t)r * a_step + c]);
#pragma GCC unroll 4
            for (int v = 0; v < GEMM_VECS; v++)
                sum[r][v] = _mm512_fmadd_ps(x, w[v], sum[r][v]);
        }
    }
#pragma GCC unroll 6
    for (int r = 0; r < GEMM_ROWS; r++)
#pragma GCC unroll 4
        for (int v = 0; v < GEMM_VECS; v++)
            _mm512_store_ps(out + (size_t)r * GEMM_COLS + (size_t)v * LANES, sum[r][v]);
}

#endif
