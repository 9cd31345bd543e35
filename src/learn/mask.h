/* Random masking: which of an exam's inputs the network gets to see in one epoch. Floor 7.
 *
 * Most women have mammography or ultrasound, few have both, so the network has to learn from any subset (Qian et al. 2025: "random
 * masking"). An input that is masked is treated exactly as one that was never made: it is not computed.
 */
#ifndef BMU_LEARN_MASK_H
#define BMU_LEARN_MASK_H

#include <stdint.h>

#include "base/err.h"
#include "exam/slot.h"

/* Probabilities, each in [0, 1). */
struct mask_settings {
    double modality; /* that mammography, and that ultrasound, is left out as a whole */
    double kind;     /* that B-mode, Doppler, elastography (each) is left out */
    double view;     /* that a single view is left out */
    double clinical; /* that a clinical value (each) is taken as missing */
};
int mask_check(const struct mask_settings *s, struct err *e); /* ERR_CONFIG, with the name */
/* The views of `present` (bit s: slot s is there) that stay: never none of them. Pure: the same for (seed, epoch, exam), whatever the order
 * or the threads. A draw that would leave nothing is made again; after MASK_DRAWS of them one view, evenly drawn, stays. */
enum { MASK_DRAWS = 8 };
unsigned mask_views(const struct mask_settings *s, unsigned present, uint64_t seed, uint32_t epoch, uint32_t exam);
/* Bit i: clinical field i is to be taken as missing; n <= 64. */
uint64_t mask_clinical(const struct mask_settings *s, int n, uint64_t seed, uint32_t epoch, uint32_t exam);

#endif
