/* Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror & Shaw, SC'11). Floor 0.
 * The same (seed, purpose, item, index) gives the same number whatever the threads or ranks. */
#ifndef BMU_BASE_RNG_H
#define BMU_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
    uint32_t key[2];     /* the seed */
    uint32_t counter[4]; /* [2], [3]: purpose and item; [0], [1]: the block */
};
struct rng rng_make(uint64_t seed, uint32_t purpose, uint32_t item);
/* The four 32-bit words of block `block`. Pure. */
void rng_block(const struct rng *r, uint64_t block, uint32_t out[4]);
/* n blocks from `first` on, end to end: 4 n words, several times as fast as one by one. */
void rng_blocks(const struct rng *r, uint64_t first, size_t n, uint32_t *out);
/* Number `index` of the stream: uniform in (0, 1), and standard normal (Box & Muller 1958). Pure. */
double rng_uniform(const struct rng *r, uint64_t index);
double rng_normal(const struct rng *r, uint64_t index);
/* Numbers first .. first + n - 1 of the stream as floats; first is even. The same numbers as above, rounded (to 1e-6 of a standard
 * deviation for the normal ones); the same bits on every processor. */
void rng_fill_uniform(const struct rng *r, uint64_t first, size_t n, float *out);
void rng_fill_normal(const struct rng *r, uint64_t first, size_t n, float *out);

#endif
