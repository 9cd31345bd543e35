/* A synthetic cohort: made in memory, then written as a folder. Floor 5. */
#ifndef BMU_SYNTH_COHORT_H
#define BMU_SYNTH_COHORT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "exam/tree.h"
#include "phantom/case.h"
#include "phantom/imaging.h"
#include "synth/clinic.h"
#include "synth/truth.h"

enum { COHORT_PATIENTS_MAX = 1000000 };
struct cohort_options {
    uint32_t patients; /* 1 .. COHORT_PATIENTS_MAX */
    uint64_t seed;
    double prevalence;  /* of malignancy, 0.01 .. 0.99 */
    double label_noise; /* share of wrong labels, 0 .. 0.5 */
    const struct synth_size *size;
    const struct tree *tree; /* borrowed: names the tier of each pathology; malignant in it is what is malignant here */
    bool png;                /* else DICOM */
};
struct cohort_exam {
    struct synth_case c;
    struct truth truth;
    struct synth_label label;
    enum birads birads[SYNTH_READERS];
    enum biopsy biopsy[SYNTH_PATHOLOGISTS];
};
/* One picture, once it is written. */
struct cohort_picture {
    uint32_t exam;
    enum slot slot;
    uint8_t sha256[32];
    struct synth_meta meta;
};
struct cohort {
    struct cohort_options options;
    double intercept;
    struct synth_patient *patients; /* options.patients */
    struct cohort_exam *exams;
    size_t n_exams;
    struct cohort_picture *pictures; /* by exam, then slot */
    size_t n_pictures;
};

/* ERR_USAGE: an option out of range; ERR_TREE: a pathology that the tree does not place, or on the other side; ERR_NO_MEMORY. Uses
 * pool_threads() threads; the result does not depend on how many. */
int cohort_make(struct cohort **out, const struct cohort_options *o, struct err *e);
void cohort_free(struct cohort *c); /* NULL is allowed */

struct cohort_watch {
    FILE *progress;                    /* NULL: silent */
    const volatile sig_atomic_t *stop; /* nullable; once not 0, writing breaks off and the folder stays marked */
};
/* Everything into the folder `path`, which must not exist or be empty (file/folder.h): images/, exams.csv, truth.csv, readers.csv,
 * marks.csv, README.md, SHA256SUMS. On failure the folder stays, marked INCOMPLETE. */
int cohort_write(struct cohort *c, const char *path, const struct cohort_watch *watch, struct err *e);

/* A contact sheet: rows are the five tiers (the first exam of each tier; every view is shown, taken or not), columns the eight slots, 8-bit
 * RGB. Owned. */
int cohort_sheet(struct image **out, const struct cohort *c, struct err *e);

/* Names, into buffers of COHORT_NAME bytes. Return `out`. */
enum { COHORT_NAME = 64 };
const char *cohort_patient_id(char out[COHORT_NAME], const struct cohort *c, const struct synth_patient *p);
const char *cohort_exam_id(char out[COHORT_NAME], const struct cohort *c, const struct synth_case *x);
const char *cohort_file(char out[COHORT_NAME + 32], const struct cohort *c, const struct cohort_picture *p); /* relative to the folder */

/* The tables' text (tables.c). */
int cohort_exams_csv(struct buf *out, const struct cohort *c, struct err *e);
int cohort_truth_csv(struct buf *out, const struct cohort *c, struct err *e);
int cohort_readers_csv(struct buf *out, const struct cohort *c, struct err *e);
int cohort_marks_csv(struct buf *out, const struct cohort *c, struct err *e);
int cohort_readme(struct buf *out, const struct cohort *c, struct err *e);
int cohort_sums(struct buf *out, const struct cohort *c, struct err *e); /* of the pictures, as sha256sum -c reads it */

#endif
