/* Rows of activations as they are stored, float32 or bfloat16, and as they are computed with, float32. Floor 2. Internal to op_*.c.
 * bfloat16 is the upper half of a float32, rounded to nearest even; a NaN stays one. The loops are inlined into VECTORS functions. */
#ifndef BMU_TENSOR_HALF_H
#define BMU_TENSOR_HALF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tensor/dnn.h"

#define HALF_INLINE static inline __attribute__((always_inline))

HALF_INLINE size_t half_size(enum dnn_type type) {
    return type == DNN_BF16 ? sizeof(uint16_t) : sizeof(float);
}

/* out[0 .. n) = numbers at .. at + n of a tensor. */
HALF_INLINE void half_load(float *restrict out, const void *from, size_t at, size_t n, enum dnn_type type) {
    if (type == DNN_F32) {
        memcpy(out, (const float *)from + at, n * sizeof *out);
        return;
    }
    const uint16_t *in = (const uint16_t *)from + at;
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = (uint32_t)in[i] << 16;
        memcpy(&out[i], &bits, sizeof bits);
    }
}

HALF_INLINE void half_store(void *to, size_t at, const float *restrict x, size_t n, enum dnn_type type) {
    if (type == DNN_F32) {
        memcpy((float *)to + at, x, n * sizeof *x);
        return;
    }
    uint16_t *out = (uint16_t *)to + at;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        const uint32_t rounded = (bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16, nan = bits >> 16 | 0x40U;
        out[i] = (uint16_t)((bits & 0x7FFFFFFFU) > 0x7F800000U ? nan : rounded);
    }
}

#endif
