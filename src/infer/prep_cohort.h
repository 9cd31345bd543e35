/* A cohort prepared without a model: a line of JSON per exam, and pictures of what the network would see. Floor 7. docs/FORMATS.md. */
#ifndef BMU_INFER_PREP_COHORT_H
#define BMU_INFER_PREP_COHORT_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "cohort/manifest.h"
#include "cohort/marks.h"
#include "file/io.h"
#include "prep/exam_prep.h"

struct prep_cohort_options {
    const struct exam_prep_options *prep;
    const char *pictures; /* a folder that is there: NUMBER_SLOT.png of each input used; NULL: none */
    struct marks *marks;  /* of this cohort: checked against the pictures, and outlined in what is written; NULL: none */
    const uint8_t *exams_sha256;
    const char *code_version;
    void (*progress)(void *ctx, size_t done); /* may be NULL */
    void *ctx;
    const volatile sig_atomic_t *stop; /* not 0: ERR_INTERRUPTED; may be NULL */
};
struct prep_cohort_counts {
    size_t ok, refused;
};
/* The lines go to `out`, which the caller opened and commits. Besides errors of the run: those of marks_settle(). */
int prep_cohort(struct prep_cohort_counts *counts, struct replace *out, const struct manifest *cohort, const struct prep_cohort_options *o,
                struct err *e);

#endif
