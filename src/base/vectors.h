/* Loops that the compiler turns into vectors, once per kind of processor; the fitting one is chosen at program start. Floor 0.
 * VECTORS: the kinds may round differently in the last bit (fused multiply-add), so bits are the same on processors of one kind.
 * VECTORS_EXACT: none of the kinds has a fused multiply-add, so bits are the same on every processor. */
#ifndef BMU_BASE_VECTORS_H
#define BMU_BASE_VECTORS_H

#define VECTORS __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))

/* Sanitizers do not get along with the resolver of clones, and clang knows no optimize(): the results are the same without. */
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
#define VECTORS_EXACT __attribute__((target_clones("avx2", "default"), optimize("O3")))
#else
#define VECTORS_EXACT
#endif

#endif
