/* A cohort CSV: one row per exam (one breast, one exam). Floor 4.
 * Two headers are known: ours (docs/FORMATS.md) and the published release's (patient_id, exam_id, mg1_path|m1_path, ..., us3_path|u3_path,
 * ..., label, clinic_info1..10, view; `N` = missing). Ours: empty = absent.
 */
#ifndef BMU_COHORT_MANIFEST_H
#define BMU_COHORT_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"
#include "exam/exam.h"
#include "exam/schema.h"

struct cohort_row {
    struct exam exam; /* its sources are files, the CSV's folder joined to their paths */
    const char *tier, *pathology, *malignant, *birads, *center, *vendor, *split, *synthetic, *view,
        *label;              /* "" if absent; not interpreted here */
    size_t line;             /* the row's first line in the file, 1-based */
    struct exam_fault fault; /* why this row cannot be used (bad clinical value, same file twice, bad side ...) */
};
struct manifest {
    struct arena arena; /* owns everything below */
    struct cohort_row *rows;
    size_t n;
    bool published_header;
    bool positional_clinical; /* clinical came from clinic_info1..10: raw numbers by position, no range known */
};
struct manifest_options {
    const struct schema *schema;       /* NULL: no clinical columns are known */
    const char *const *ignore_columns; /* to be left unread */
    size_t n_ignore_columns;
    bool trust_table; /* cohort_read(): patient_id is not held against the files' PatientID (cohort/identity.h) */
};

/* A malformed file (syntax, ragged row, unknown or repeated column, NUL, repeated exam_id) is refused whole, with path, line and column in
 * the message; a bad value in a row sets that row's fault, and the others stay usable. */
int manifest_read(struct manifest **out, const char *path, const struct manifest_options *options, struct err *e);
/* The same from memory; folder is joined to relative paths. For tests and fuzzing. */
int manifest_parse(struct manifest **out, const char *text, size_t n, const char *folder, const struct manifest_options *options,
                   struct err *e);
void manifest_free(struct manifest *m);

#endif
