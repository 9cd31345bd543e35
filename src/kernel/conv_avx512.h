/* What our AVX-512 kernels share: the processor they need, activations in memory, and the inner product, six rows by 64 columns in
 * registers. Floor 1. Internal to conv_*.c.
 *
 * 24 accumulators, 4 vectors of weights, 1 broadcast: 29 of the 32 registers; two multiply-adds a cycle need 16 loads in 12 cycles.
 * Each sum runs over k in order, one fused multiply-add at a time: the same bits wherever the row stands.
 */
#ifndef BMU_KERNEL_CONV_AVX512_H
#define BMU_KERNEL_CONV_AVX512_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/conv_kernel.h"

#define KERNEL __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,fma")))
#define INLINE KERNEL static inline __attribute__((always_inline))

enum { LANES = 16, GEMM_ROWS = 6, GEMM_COLS = 64, GEMM_VECS = GEMM_COLS / LANES };

static inline bool has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma");
}

static inline size_t conv_size(enum conv_type type) {
    return type == CONV_BF16 ? sizeof(uint16_t) : sizeof(float);
}

/* Is so much written that it is stored past the caches? It would not survive there until it is read, and a plain store reads the line
 * first. Who does so ends his share with _mm_sfence(). */
static inline bool conv_past_caches(size_t bytes) {
    return bytes >= (size_t)16 << 20;
}

static inline bool conv_streams_type(const struct conv_shape *s, enum conv_type type) {
    return conv_past_caches((size_t)s->n * (size_t)s->out_h * (size_t)s->out_w * (size_t)s->out_c * conv_size(type));
}

static inline bool conv_streams(const struct conv_shape *s) {
    return conv_streams_type(s, CONV_F32);
}

/* --- activations in memory: float32 or bfloat16, by a type that is a constant wherever this is inlined -------------------------------- */

enum { LINE_BYTES = 64, LINE_VECS_MAX = 2 };

/* Vectors of numbers in a cache line. */
static inline int line_vecs(enum conv_type type) {
    return type == CONV_BF16 ? 2 : 1;
}

/* Where number `at` lies. */
INLINE const void *activation(const void *base, size_t at, enum conv_type type) {
    return (const char *)base + at * conv_size(type);
}

/* LANES numbers from number `at` on. */
INLINE __m512 load_activations(const void *from, size_t at, enum conv_type type) {
    if (type == CONV_F32)
        return _mm512_load_ps(activation(from, at, type));
    const __m512i wide = _mm512_cvtepu16_epi32(_mm256_load_si256(activation(from, at, type)));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

/* Rounded to nearest even as bfloat16, which is each upper half; the lower ones mean nothing. */
INLINE __m512i bf16_rounded(__m512 x) {
    const __m512i bits = _mm512_castps_si512(x), odd = _mm512_and_epi32(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i nearest = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF)));
    /* the addition would carry a NaN's bits into the sign */
    return _mm512_mask_mov_epi32(nearest, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), _mm512_set1_epi32(0x7FC00000));
}

/* A cache line from number `at` on: half a line stored past the caches costs as much as a whole one. */
INLINE void store_line(void *to, size_t at, const __m512 x[LINE_VECS_MAX], enum conv_type type, bool stream) {
    static const uint16_t uppers[] __attribute__((aligned(LINE_BYTES))) = {1,  3,  5,  7,  9,  11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31,
                                                                           33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63};
    void *line = (char *)to + at * conv_size(type);
    __m512i bits = _mm512_castps_si512(x[0]);
    if (type == CONV_BF16)
        bits = _mm512_permutex2var_epi16(bf16_rounded(x[0]), _mm512_load_si512(uppers), bf16_rounded(x[1]));
    if (stream)
        _mm512_stream_si512(line, bits);
    else
        _mm512_store_si512(line, bits);
}

/* --- the inner product ---------------------------------------------------------------------------------------------------------------- */

/* What a product brings into the second-level cache for the products after it: `lines` cache lines per LANES steps of its own k, so that
 * they never queue up. Numbers, not pointers: they may run past what exists, and a prefetch does not fault. */
struct gemm_ahead {
    uintptr_t from;
    int lines;
};

/* Addresses to fetch ahead from, which may lie outside what they are counted from. */
static inline uintptr_t address(const void *base, long count, size_t size) {
    return (uintptr_t)base + (uintptr_t)(count * (long)size);
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
