/* The weights of the convolutions over tiles: U = G w G^T for all pairs of channels, LANES output channels at once. Floor 1.
 *
 * In training the weights change at each step, and at 512 channels U has 67 MB: so all threads share the work, and large packs are stored
 * past the caches. Arithmetic is in double without contraction, each product and sum rounded on its own, and rounded to float once.
 */
#include "base/pool.h"
#include "kernel/conv_tiles.h"

enum { TAPS = 9, HALVES = 2 }; /* a vector of floats is two of doubles */

struct packing {
    float *packed;
    const float *weights;
    const struct conv_shape *s;
    const struct algorithm *a;
    bool backward, stream;
};

/* A product that the compiler cannot fuse with the sum it goes into, so that packs are the same bits whoever compiles. */
INLINE __m512d product(__m512d x, double y) {
    __m512d p = _mm512_mul_pd(x, _mm512_set1_pd(y));
    __asm__("" : "+v"(p));
    return p;
}

INLINE __m512d row_of_g(const double *g, __m512d a, __m512d b, __m512d c) {
    return _mm512_add_pd(_mm512_add_pd(product(a, g[0]), product(b, g[1])), product(c, g[2]));
}

/* The nine weights of LANES output channels from `first` on and input channel c. */
INLINE void gather(const struct packing *p, size_t first, size_t c, __m512d w[TAPS][HALVES]) {
    const size_t in_c = (size_t)p->s->in_c, out_c = (size_t)p->s->out_c;
    const size_t lane = p->backward ? TAPS : in_c * TAPS, channel = p->backward ? out_c * TAPS : TAPS;
    const __m512i counts = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i lanes = _mm512_mullo_epi32(counts, _mm512_set1_epi32((int)lane));
    const float *at = p->weights + first * lane + c * channel;
#pragma GCC unroll 9
    for (int k = 0; k < TAPS; k++) {
        const __m512 x = _mm512_i32gather_ps(lanes, at + (p->backward ? TAPS - 1 - k : k), sizeof(float));
        w[k][0] = _mm512_cvtps_pd(_mm512_castps512_ps256(x));
        w[k][1] = _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1));
    }
}

INLINE void pack_lanes(const struct packing *p, size_t first, size_t c) {
    const size_t in_c = (size_t)p->s->in_c, q = (size_t)p->a->points;
    float *u = p->packed + (first / GEMM_COLS * q * q * in_c + c) * GEMM_COLS + first % GEMM_COLS;
    __m512d w[TAPS][HALVES];
    gather(p, first, c, w);
    for (size_t i = 0; i < q; i++) {
        __m512d row[3][HALVES];
#pragma GCC unroll 3
        for (int k = 0; k < 3; k++)
#pragma GCC unroll 2
            for (int h = 0; h < HALVES; h++)
                row[k][h] = row_of_g(p->a->g[i], w[k][h], w[3 + k][h], w[6 + k][h]);
        for (size_t j = 0; j < q; j++, u += in_c * GEMM_COLS) {
            const __m256 low = _mm512_cvtpd_ps(row_of_g(p->a->g[j], row[0][0], row[1][0], row[2][0]));
            const __m256 high = _mm512_cvtpd_ps(row_of_g(p->a->g[j], row[0][1], row[1][1], row[2][1]));
            const __m512 both = _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
            if (p->stream)
                _mm512_stream_ps(u, both);
            else
                _mm512_store_ps(u, both);
        }
    }
}

/* Thread i of n. Input channels are the inner loop: they share the cache lines that are gathered. */
KERNEL static void pack_share(void *ctx, int i, int n) {
    const struct packing *p = ctx;
    long first, last;
    pool_share((long)(p->s->out_c / LANES) * p->s->in_c, i, n, &first, &last);
    for (long item = first; item < last; item++)
        pack_lanes(p, (size_t)(item / p->s->in_c) * LANES, (size_t)(item % p->s->in_c));
    _mm_sfence(); /* streamed stores are seen before the threads meet */
}

void tiles_pack(float *packed, const float *weights, const struct conv_shape *s, const struct algorithm *a, bool backward) {
    const size_t bytes = (size_t)(a->points * a->points) * (size_t)s->in_c * (size_t)s->out_c * sizeof(float);
    struct packing p = {packed, weights, s, a, backward, conv_past_caches(bytes)};
    pool_run(pack_share, &p);
}
