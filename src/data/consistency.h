/* Do the images of one exam belong together? Floor 2.
 *
 * Each image has passed its own checks (data/prep.h); here they are held against each other and against the row of the table: one patient,
 * one side, one study per modality, dates that lie together, no picture twice. Files without tags (PNG, JPEG) take part in what they have.
 */
#ifndef BMU_DATA_CONSISTENCY_H
#define BMU_DATA_CONSISTENCY_H

#include "base/err.h"
#include "data/manifest.h"
#include "data/verdict.h"

enum { EXAM_DAYS_APART_MAX = 180 };

/* Looks at the inputs that are used. 0, or the code of the first contradiction (ERR_PATIENT_MISMATCH, ERR_SIDE_MISMATCH,
 * ERR_STUDY_MISMATCH, ERR_DATE_APART, ERR_VIEW_DUPLICATE) with a sentence that names both slots; no identifier is repeated in it. The exam
 * as a whole is then refused: which of two contradicting files is the wrong one cannot be known. */
int exam_consistent(const struct exam *exam, const struct verdict *v, struct err *e);

#endif
