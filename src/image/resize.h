/* Antialiased bilinear (triangle filter) resize, bit-equal to Pillow's Image.resize(size, BILINEAR). Floor 2.
 * Source: Pillow's documented algorithm (horizontal then vertical pass, support scaled by the reduction, half-pixel centres):
 * 8-bit samples with fixed-point coefficients of 22 bits and rounding per pass; 32-bit integers ("I") with double coefficients, rounded per
 * pass (a result beyond 32 bits, which needs samples near the ends of the range, is clamped).
 * Runs in the calling thread alone: images are prepared ahead while the network has all processors, and a second OpenMP team would take
 * them away from it.
 */
#ifndef BMU_IMAGE_RESIZE_H
#define BMU_IMAGE_RESIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* src and dst are interleaved rows; channels 1 .. 4; sides 1 .. IMAGE_SIDE_MAX. A pass whose size does not change is skipped, as Pillow
 * does. */
int resize_u8(uint8_t *dst, uint32_t dst_w, uint32_t dst_h, const uint8_t *src, uint32_t src_w, uint32_t src_h, int channels,
              struct err *e);
/* One channel of 32-bit integers. */
int resize_i32(int32_t *dst, uint32_t dst_w, uint32_t dst_h, const int32_t *src, uint32_t src_w, uint32_t src_h, struct err *e);

/* The same from a source that makes its rows as they are needed, to a destination that takes them as they are finished: neither picture has
 * to be in memory, and both ends can do more in the same pass. */
struct resize_rows {
    void *context;
    bool (*get)(void *context, uint32_t y, int32_t *row);       /* source row y, all of it, each once and in order; false: all zeros */
    void (*put)(void *context, uint32_t y, const int32_t *row); /* destination row y, in order */
};
int resize_rows_i32(const struct resize_rows *io, uint32_t dst_w, uint32_t dst_h, uint32_t src_w, uint32_t src_h, struct err *e);

#endif
