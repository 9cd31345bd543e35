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
#include "exam/schema.h"
#include "exam/slot.h"

struct exam {
    const char *exam_id;          /* as written */
    const char *patient_id;       /* "" if the column or cell is empty */
    const char *side;             /* "L", "R" or "" */
    const char *path[SLOT_COUNT]; /* NULL: absent; else absolute or relative to the process (the CSV's folder is already joined) */
    struct clinical *clinical;    /* n_fields of the schema, in its order; NULL without a schema */
    const char *tier, *pathology, *malignant, *birads, *center, *vendor, *split, *synthetic, *view,
        *label;         /* "" if absent; not interpreted here */
    size_t line;        /* the row's first line in the file, 1-based */
    int code;           /* 0, or why this row cannot be used (bad clinical value, same file twice, bad side ...) */
    const char *reason; /* sentence for code, else "" */
};
struct manifest {
    struct arena arena; /* owns everything below */
    struct exam *exams;
    size_t n;
    bool published_header;
    bool positional_clinical; /* clinical came from clinic_info1..10: raw numbers by position, no range known */
};
struct manifest_options {
    const struct schema *schema;       /* NULL: no clinical columns are known */
    const char *const *ignore_columns; /* names from --ignore-column */
    size_t n_ignore_columns;
};

/* A malformed file (syntax, ragged row, unknown or repeated column, NUL, repeated exam_id) is refused whole, with path, line and column in
 * the message; a bad value in a row sets that exam's code, and the others stay usable. */
int manifest_read(struct manifest **out, const char *path, const struct manifest_options *options, struct err *e);
/* The same from memory; folder is joined to relative paths. For tests and fuzzing. */
int manifest_parse(struct manifest **out, const char *text, size_t n, const char *folder, const struct manifest_options *options,
                   struct err *e);
void manifest_free(struct manifest *m);

#endif
