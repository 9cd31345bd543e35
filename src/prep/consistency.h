/* Do the images of one exam belong together? Floor 4.
 *
 * Each image has passed its own checks (prep/prep.h); here they are held against each other and against what the exam itself says: one
 * patient, one side, one study per modality, dates that lie together, no picture twice. Files without tags (PNG, JPEG) take part in what
 * they have; what a file does not say contradicts nothing.
 *
 * A given patient_id is not compared with the files' here: it may be a pseudonym, which only the other rows of a table can tell
 * (cohort/identity.h).
 */
#ifndef BMU_PREP_CONSISTENCY_H
#define BMU_PREP_CONSISTENCY_H

#include "base/err.h"
#include "exam/exam.h"
#include "exam/verdict.h"

enum { EXAM_DAYS_APART_MAX = 180 };

/* Looks at the inputs that are used. 0, or the code of the first contradiction, in this order: ERR_PATIENT_MISMATCH (two files, two
 * PatientIDs), ERR_SIDE_MISMATCH (two files, or a file and the table; a file of both breasts contradicts neither), ERR_STUDY_MISMATCH (two
 * files of one modality), ERR_DATE_APART (more than EXAM_DAYS_APART_MAX days between two files; of each its content date, or if that is no
 * day its study date), ERR_VIEW_DUPLICATE (the same decoded pixels twice; the same bytes are so as well). The sentence names both slots; no
 * identifier is repeated in it. trust_table: patients, studies and dates are not compared. The exam as a whole is then refused: which of
 * two contradicting files is the wrong one cannot be known. */
int exam_consistent(const struct exam *exam, const struct verdict *v, bool trust_table, struct err *e);

#endif
