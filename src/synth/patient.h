/* A synthetic woman and her examined breasts, drawn from the models of risk.h and lesion.h. Floor 5. */
#ifndef BMU_SYNTH_PATIENT_H
#define BMU_SYNTH_PATIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "phantom/case.h"
#include "synth/risk.h"

/* Patient `number` of the cohort with this seed. Any one can be drawn alone. */
void patient_draw(struct synth_patient *out, uint64_t seed, uint32_t number);
/* What risk depends on. */
void patient_state(struct risk_state *out, const struct synth_patient *p);
/* Breast 0 .. p->breasts - 1 of a patient as exam `number` of the cohort: side, anatomy, lesions (the first one's tier is the exam's).
 * Given the clinical values, two breasts of a woman are malignant or not independently. Views and missing values are left to clinic.h.
 * out->patient borrows p. Returns: malignant? */
bool patient_breast(struct synth_case *out, const struct synth_patient *p, uint64_t seed, int breast, uint32_t number, double intercept);

#endif
