/* JPEG lossless as hospitals send mammograms: ITU-T T.81 process 14, selection value 1 (Annex H), the plain case, fast. Floor 1. */
#ifndef BMU_DECODER_JPEG_LOSSLESS_H
#define BMU_DECODER_JPEG_LOSSLESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "jpeg_header.h"

/* out: h->width * h->height samples. Takes one component of 9 to 16 bits in one scan, first predictor, no point transform, no restart
 * intervals, whole and without a fault. false: anything else, out holds nothing of use, and DCMTK has to decode the stream or say what is
 * wrong with it. So no stream becomes readable by this, and none loses a message. */
bool jpeg_lossless_decode(uint16_t *out, const struct jpeg_header *h, const uint8_t *bytes, size_t n);

#endif
