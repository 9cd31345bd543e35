/* The table of marks (marks.csv): which lesions lie where in the pictures of a cohort's exams. Floor 4. Format: docs/FORMATS.md.
 *
 * A table with a fault is refused whole, with the line: a mark that is left out unnoticed would teach that there is no lesion. What needs
 * the pictures (masks, their sizes, what lies outside) is looked at by marks_settle(), one exam at a time, when they are prepared.
 */
#ifndef BMU_COHORT_MARKS_H
#define BMU_COHORT_MARKS_H

#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "cohort/manifest.h"
#include "exam/mark.h"
#include "exam/tree.h"
#include "exam/verdict.h"

enum { MARKS_PER_PICTURE = 64 };
struct mark_list {
    struct mark *list; /* NULL: nobody has marked this picture, and nothing is known. One MARK_NONE: there is no lesion in it */
    size_t *line;      /* of each, in the file */
    int n;
};
struct marks {
    struct arena arena;
    struct mark_list *picture; /* [m->n][SLOT_COUNT] of the manifest it was read for */
    size_t n_exams;            /* of the manifest */
    size_t n;                  /* marks, MARK_NONE among them */
    uint8_t sha256[32];        /* of the file's bytes */
};

/* ERR_FILE_*, ERR_CSV_*; ERR_MARK: a row that makes no shape, or a tier that the tree does not have; ERR_MARK_EXAM: no such exam;
 * ERR_MARK_SLOT: the exam has no image there; ERR_MARK_CONFLICT: one lesion or place marked twice, `none` beside a lesion, a lesion that
 * is worse than its exam's diagnosis. Of masks only those with the same file name are compared here. */
int marks_read(struct marks **out, const char *path, const struct manifest *m, const struct tree *t, struct err *e);
/* The same from memory; masks are looked for relative to folder. */
int marks_parse(struct marks **out, const char *text, size_t n, const char *folder, const struct manifest *m, const struct tree *t,
                struct err *e);
void marks_free(struct marks *k); /* NULL is allowed */

/* The marks of a picture; never NULL, but its n may be 0. */
const struct mark_list *marks_of(const struct marks *k, size_t exam, enum slot s);
/* Once the exam's pictures are prepared: loads the masks of those that are used, and sees that every mark lies in its picture and that no
 * two contradict each other. One exam at a time may be settled per thread. ERR_MARK_MASK, ERR_MARK_OUTSIDE, ERR_MARK_CONFLICT, ERR_FILE_*;
 * the message names line, exam and slot. */
int marks_settle(struct marks *k, const struct manifest *m, size_t exam, const struct verdict *v, struct decoder *d, struct err *e);

#endif
