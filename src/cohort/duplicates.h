/* Which exams of a table share a picture? Floor 4. By the files' bytes, and by likeness of the decoded pictures (image/likeness.h). */
#ifndef BMU_COHORT_DUPLICATES_H
#define BMU_COHORT_DUPLICATES_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "cohort/manifest.h"

struct duplicate {
    size_t a, b; /* rows, a < b; pictures of one exam are not compared */
    enum slot slot_a, slot_b;
    bool same_bytes;
    int bits;           /* of the hashes; 0 if same_bytes */
    double correlation; /* 1 if same_bytes */
};
struct duplicates {
    struct duplicate *list; /* owned; by a, b */
    size_t n;
    size_t pictures;   /* looked at */
    size_t unreadable; /* could not be read: no part in anything */
    size_t undecoded;  /* could be read but not decoded: compared by bytes alone */
};

/* Reads every picture of the table with pool_threads() threads. progress: called with how many are done, by one thread at a time; NULL.
 * stop: not 0: ERR_INTERRUPTED; NULL. */
int duplicates_find(struct duplicates *out, const struct manifest *m, void (*progress)(void *ctx, size_t done), void *ctx,
                    const volatile sig_atomic_t *stop, struct err *e);
void duplicates_release(struct duplicates *d);

#endif
