/* A table of exams, divided for training and testing. Floor 4.
 *
 * What belongs together stays together: exams of one patient, and exams that share a picture (cohort/duplicates.h). Such groups are joined
 * by union-find and dealt to the parts by iterative stratification (Sechidis, Tsoumakas & Vlahavas, ECML PKDD 2011) over tier (malignant,
 * where there is none) and available modality: the rarest stratum first, each group to the part that wants it most. A group never goes
 * where it does not fit, unless it fits nowhere; so every part ends within the size of the largest group of its target.
 */
#ifndef BMU_COHORT_SPLIT_H
#define BMU_COHORT_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "cohort/duplicates.h"
#include "cohort/manifest.h"

enum { SPLIT_PARTS_MAX = 64, SPLIT_NAME = 16 };
struct split_options {
    int folds;       /* 2 .. SPLIT_PARTS_MAX: fold0, fold1 ...; 0: train, val, test */
    double share[3]; /* of train, val, test: each 0 .. 1, sum 1; a part of 0 does not exist */
    uint64_t seed;
    bool no_patient_id_ok; /* an exam without patient_id is a group of its own */
};
struct split_stratum {
    const char *tier;      /* as in the table, borrowed; "" unknown */
    const char *malignant; /* as in the table where there is no tier; else "" */
    const char *modality;  /* "mammography", "ultrasound", "both", "none"; static */
    size_t exams[SPLIT_PARTS_MAX];
};
struct split {
    int n_parts;
    char name[SPLIT_PARTS_MAX][SPLIT_NAME];
    double target[SPLIT_PARTS_MAX]; /* exams */
    size_t exams[SPLIT_PARTS_MAX], groups[SPLIT_PARTS_MAX];
    size_t n_groups, largest_group; /* exams of the largest */
    int *part;                      /* per row of the table; owned, as what follows */
    size_t *group;                  /* per row: number of its group, in order of first rows */
    struct split_stratum *strata;
    size_t n_strata;
    char sha256[65]; /* of the lines "exam_id TAB part LF" in order of exam_id: the same whatever the order of rows */
};

/* duplicates NULL: pictures were not compared. ERR_USAGE: impossible options, or more parts than groups; ERR_SPLIT_NO_PATIENT. The manifest
 * must outlive *out. */
int split_make(struct split **out, const struct manifest *m, const struct duplicates *duplicates, const struct split_options *o,
               struct err *e);
void split_free(struct split *s); /* NULL is allowed */

/* Does the column split of a table keep patients and pictures apart? ERR_SPLIT_OVERLAP names two rows. Rows with an empty split stand
 * aside. For the trainer, and for tables that were split elsewhere. duplicates may be NULL: then pictures are compared by path alone. */
int split_check(const struct manifest *m, const struct duplicates *duplicates, struct err *e);

#endif
