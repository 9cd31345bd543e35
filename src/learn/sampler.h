/* The order in which an epoch takes the training exams. Floor 7. */
#ifndef BMU_LEARN_SAMPLER_H
#define BMU_LEARN_SAMPLER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum sampler_kind {
    SAMPLER_NATURAL,  /* every exam once, in random order */
    SAMPLER_BALANCED, /* n draws with replacement, every class equally often in the mean (torch's WeightedRandomSampler with weights
                         1 / count of the class): the reference's way; its probabilities are then not calibrated */
};
/* Fill order[n] with numbers of exams, 0 .. n - 1. classes [n] (balanced only): small numbers from 0, at most SAMPLER_CLASSES_MAX. A pure
 * function of (kind, classes, n, seed, epoch): nothing is carried from one epoch to the next, so any epoch can be made alone. */
enum { SAMPLER_CLASSES_MAX = 512 };
int sampler_order(uint32_t *order, enum sampler_kind kind, const uint16_t *classes, uint32_t n, uint64_t seed, uint32_t epoch,
                  struct err *e);

#endif
