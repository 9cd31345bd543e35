/* Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror & Shaw, SC'11). Floor 0.
 * The same (seed, purpose, item, index) gives the same number whatever the threads or ranks. */
#ifndef BMU_BASE_RNG_H
#define BMU_BASE_RNG_H

#include <stdint.h>

struct rng {
    uint32_t key[2];     /* the seed */
    uint32_t counter[4]; /* [2], [3]: purpose and item; [0], [1]: the block */
};
struct rng rng_make(uint64_t seed, uint32_t purpose, uint32_t item);
/* The four 32-bit words of block `block`. Pure. */
void rng_block(const struct rng *r, uint64_t block, uint32_t out[4]);
/* RNG_LANES blocks from `first` on at once, in vectors: out[w][i] is word w of block first + i. Pure. */
enum { RNG_LANES = 16 };
void rng_blocks(const struct rng *r, uint64_t first, uint32_t out[4][RNG_LANES]);
/* Number `index` of the stream: uniform in (0, 1), and standard normal (Box & Muller 1958). Pure. */
double rng_uniform(const struct rng *r, uint64_t index);
double rng_normal(const struct rng *r, uint64_t index);

#endif
