/* A cohort table read from its file, once: what is hashed or copied is what was parsed. Floor 4. */
#ifndef BMU_COHORT_MANIFEST_FILE_H
#define BMU_COHORT_MANIFEST_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "cohort/manifest.h"

struct manifest_file {
    uint8_t *text; /* owned; the file's bytes, a NUL behind them */
    size_t n;
    uint8_t sha256[SHA256_SIZE];
    struct manifest *manifest; /* owned */
};
/* path "-": standard input; relative paths in such a table begin at the current folder.
 * ERR_FILE_*, ERR_LIMIT, ERR_COHORT_INCOMPLETE, and those of manifest_parse(). Release it also after a failure. */
int manifest_file_read(struct manifest_file *f, const char *path, const struct manifest_options *options, struct err *e);
void manifest_file_release(struct manifest_file *f);

/* The table that a run works on: read, hashed, and its rows held against each other (cohort/identity.h). *out: manifest_free(). */
int cohort_read(struct manifest **out, uint8_t sha256[SHA256_SIZE], const char *path, const struct manifest_options *options,
                struct err *e);
/* ERR_USAGE if the output `path` (may be NULL; what: its name for messages) exists and is an image of the table. */
int manifest_not_an_image(const char *what, const char *path, const struct manifest *cohort, struct err *e);

#endif
