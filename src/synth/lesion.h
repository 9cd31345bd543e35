/* What a lesion looks like, given what it is: one model for drawing it and for its likelihood. Floor 5.
 *
 * Malignancy -> tier -> pathology (a term of share/trees/bmu5.yml) -> parameters, independent of each other given the pathology and of the
 * clinical values given malignancy. Each parameter's curve is broad, so that every modality says something and none says all.
 * Position, irregularity and spiculation say nothing beyond that: the first is drawn without regard to the pathology, the others follow
 * from shape and margin.
 */
#ifndef BMU_SYNTH_LESION_H
#define BMU_SYNTH_LESION_H

#include <stdbool.h>

#include "phantom/case.h"
#include "phantom/draw.h"

/* Parameters by the examination that shows them. Size is seen by mammography and B-mode and counts once. */
enum lesion_group { GROUP_MG, GROUP_BMODE, GROUP_DOPPLER, GROUP_ELASTO, LESION_GROUPS };
const char *lesion_group_name(enum lesion_group g); /* "mg", "bmode", "doppler", "elasto" */

/* Chances of the five tiers, of an exam that is benign or malignant. */
const double *lesion_tiers(bool malignant);
/* The pathologies of a tier (1 .. 5) in the tree: their number and, by index, term (static) and share. */
int lesion_pathologies(int tier);
const char *lesion_pathology(int tier, int i);
double lesion_pathology_share(int tier, int i);

/* Everything but the position (clock, nipple_mm, depth_mm). tier: 1 .. 5. */
void lesion_draw(struct synth_lesion *out, struct draw *d, int tier);
/* The tier of a second, lesser lesion of the same breast: never above the first one's. */
int lesion_second_tier(struct draw *d, bool malignant);

/* log of p(parameters of the visible groups | malignant) for the lesions of a breast (1 or 2; which of two is the index lesion is not
 * known). The common factors of all pathologies are left out: only differences between malignant and not have a meaning. */
double lesion_log_likelihood(const struct synth_lesion *lesion, int n, const bool visible[LESION_GROUPS], bool malignant);

#endif
