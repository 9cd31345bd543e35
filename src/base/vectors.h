/* Loops that the compiler turns into vectors, once per kind of processor; the fitting one is chosen at program start. Floor 0.
 * The kinds may round differently in the last bit (fused multiply-add), so bits are the same on processors of one kind. */
#ifndef BMU_BASE_VECTORS_H
#define BMU_BASE_VECTORS_H

#define VECTORS __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))

#endif
