/* What a test makes the decoder do, to see it stopped. Floor 1. Only in a process started with BMUNET_DECODER_SELFTEST=1, which the client
 * passes on from its own environment and never sets. */
#ifndef BMU_DECODER_SELFTEST_H
#define BMU_DECODER_SELFTEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A file of the bytes "bmunet-selftest " and a word (selftest.c) does that thing. Others: 0. */
int selftest_run(const uint8_t *bytes, size_t n, struct err *e);

#endif
