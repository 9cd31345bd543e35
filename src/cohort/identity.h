/* Whose exam is it? The table's patient_id against the files' PatientID, over a whole table. Floor 4.
 *
 * A table may name patients by their DICOM PatientID, or by pseudonyms while the files keep theirs. One row alone cannot tell which, so the
 * rows are judged together, by three rules that need no guess about what the ids mean:
 *   1. one patient_id stands for one PatientID,
 *   2. one PatientID stands for one patient_id,
 *   3. if patient_id and PatientID are equal in any row, the column holds PatientIDs, and they have to be equal in every row.
 * A row that breaks one is refused, and so are the rows that it contradicts: which of them is wrong cannot be known. Rows without
 * patient_id, and exams whose files name no patient, say nothing. An exam whose own files name two patients is refused for that
 * (prep/consistency.h) and says nothing about others either: one wrong file shall not cost another patient's exam.
 */
#ifndef BMU_COHORT_IDENTITY_H
#define BMU_COHORT_IDENTITY_H

#include <stddef.h>

#include "base/err.h"
#include "cohort/manifest.h"
#include "image/decode.h"

struct identity_claim {
    size_t exam;                   /* whose: the caller's number */
    const char *patient_id, *file; /* what the table says, what the exam's files say; neither is empty. Borrowed */
};
enum identity_fault {
    IDENTITY_GOOD,
    IDENTITY_SEVERAL_FILES,
    IDENTITY_SEVERAL_ROWS,
    IDENTITY_NOT_EQUAL
}; /* rule 1, 2, 3; the first broken */
/* The pure part: out[i] for claim i. Sorts a copy. ERR_NO_MEMORY. */
int identity_judge(enum identity_fault *out, const struct identity_claim *claims, size_t n, struct err *e);

/* Reads the tags (not the pixels) of the cohort's DICOM files and gives the rows that break a rule their code, ERR_PATIENT_MISMATCH, unless
 * they have one already. Files that cannot be read or are not DICOM say nothing here; they get their refusal when they are prepared. A
 * table with one row, or without patient_id, is not touched and no file is opened. ERR_NO_MEMORY, ERR_DECODER: the run has to end. */
int identity_check(struct manifest *cohort, struct decoder *d, struct err *e);

#endif
