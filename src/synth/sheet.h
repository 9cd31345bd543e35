/* A contact sheet of synthetic exams: a row per case, a column per view. Floor 5. */
#ifndef BMU_SYNTH_SHEET_H
#define BMU_SYNTH_SHEET_H

#include <stdint.h>

#include "phantom/imaging.h"

/* 8-bit RGB, owned. Every view is drawn, whether or not the case's view[] says that it was taken; mammograms as displayed (MONOCHROME1
 * turned). row_height: pixels, 100 .. 600. n cases, 1 .. 64. ERR_NO_MEMORY, ERR_INTERNAL. */
int synth_sheet(struct image **out, uint64_t seed, const struct synth_case *const *cases, int n, const struct synth_size *size,
                int row_height, struct err *e);

#endif
