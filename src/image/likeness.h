/* Are two pictures the same one, saved twice? Floor 2.
 *
 * A 64-bit difference hash (Krawetz, "Kind of Like That", hackerfactor.com 2013: grey, 9x8 pixels, is each darker than its right
 * neighbour?) finds candidates whatever the scale and brightness. Mammograms all look alike at 9x8 pixels, so candidates are then held
 * against each other as 32x32 grey pixels by their correlation. The limits are measured on public sets: BUSI, known for its near-duplicates
 * (Pawlowska, Karwat & Zolek, Data in Brief 2023;48:109247), 15 pairs of 60 pictures; BUS-BRA, BrEaST and mini-MIAS none (docs/FORMATS.md,
 * split.json).
 */
#ifndef BMU_IMAGE_LIKENESS_H
#define BMU_IMAGE_LIKENESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "image/image.h"

enum { LIKENESS_SIDE = 32, LIKENESS_BITS_MAX = 4 };
#define LIKENESS_CORRELATION_MG 0.99
#define LIKENESS_CORRELATION_US 0.97

struct likeness {
    uint64_t hash;
    uint8_t grey[LIKENESS_SIDE * LIKENESS_SIDE]; /* stretched to 0 .. 255 */
};

/* ERR_NO_MEMORY. */
int likeness_of(struct likeness *out, const struct image *im, struct err *e);
/* Different bits of the two hashes. */
int likeness_bits(const struct likeness *a, const struct likeness *b);
/* Pearson's correlation of the two small pictures; 0 if one of them is of one shade. */
double likeness_correlation(const struct likeness *a, const struct likeness *b);
/* Both of one modality; at most LIKENESS_BITS_MAX bits and at least its correlation. */
bool likeness_near(const struct likeness *a, const struct likeness *b, bool mammography);

#endif
