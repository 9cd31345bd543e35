/* What a clinic makes of a case: which views are taken, what is recorded, how readers and pathologists read, what the label says. Floor 5.
 */
#ifndef BMU_SYNTH_CLINIC_H
#define BMU_SYNTH_CLINIC_H

#include <stdbool.h>
#include <stdint.h>

#include "phantom/case.h"
#include "synth/lesion.h"

/* Fills view[] and clinical_missing[]. Neither depends on the disease, given the clinical values. */
void clinic_visit(struct synth_case *c, uint64_t seed);
/* Which groups of parameters the views show. */
void clinic_visible(bool visible[LESION_GROUPS], const struct synth_case *c);

enum birads { BIRADS_2, BIRADS_3, BIRADS_4A, BIRADS_4B, BIRADS_4C, BIRADS_5, BIRADS_COUNT };
const char *birads_name(enum birads b); /* "2", "3", "4a" ... */
/* Reader 0 .. SYNTH_READERS - 1 sees the ideal observer's log odds through noise and bias of her own, and names the category whose range of
 * chances (BI-RADS, 5th edition: 3 up to 2 %, 4a to 10 %, 4b to 50 %, 4c to 95 %) holds what she sees. */
enum birads clinic_read(uint64_t seed, const struct synth_case *c, int reader, double log_odds);

enum { SYNTH_PATHOLOGISTS = 3 };
enum biopsy { BIOPSY_BENIGN, BIOPSY_ATYPIA, BIOPSY_IN_SITU, BIOPSY_INVASIVE, BIOPSY_COUNT };
const char *biopsy_name(enum biopsy b);                  /* "benign", "atypia", "in situ", "invasive" */
enum biopsy biopsy_of(const struct synth_lesion *index); /* the truth */
/* As one of three pathologists reads it, with the accuracy of Elmore et al., JAMA 2015;313:1122. */
enum biopsy clinic_biopsy(uint64_t seed, const struct synth_case *c, int pathologist);

struct synth_label {
    bool wrong; /* changed by label noise */
    int tier;
    const char *pathology;
};
/* The recorded label: with chance `noise` a tier and pathology of the other class, else the truth. */
struct synth_label clinic_label(uint64_t seed, const struct synth_case *c, double noise);

#endif
