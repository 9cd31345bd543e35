/* A new folder of many files that is whole or marked as not. Floor 1.
 *
 * While it is being filled, the folder holds a file INCOMPLETE; folder_finish() removes it after everything is on the disk. A crash, a full
 * disk or an interruption leaves the mark, and readers of tables refuse a folder that bears it (manifest_read(), folder_check()). So single
 * files need not be replaced one by one.
 */
#ifndef BMU_FILE_FOLDER_H
#define BMU_FILE_FOLDER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"

#define FOLDER_MARK "INCOMPLETE"

struct folder;
/* The folder is made (its parent must exist), or taken if it exists and is empty; then marked. ERR_FILE_WRITE: not writable, not empty, not
 * a folder; nothing is left behind. */
int folder_begin(struct folder **out, const char *path, struct err *e);
/* A folder inside. */
int folder_make(struct folder *f, const char *name, struct err *e);
/* A new file; name may contain a folder made before. digest (nullable) becomes the SHA-256 of the bytes. Several threads may call at once.
 */
int folder_add(struct folder *f, const char *name, const void *bytes, size_t n, uint8_t digest[SHA256_SIZE], struct err *e);
/* Everything to the disk, then the mark goes. Frees f, also on failure (the mark then stays). */
int folder_finish(struct folder *f, struct err *e);
/* Frees f; the mark stays, unless nothing was added: then what folder_begin() made goes. NULL is allowed. */
void folder_abandon(struct folder *f);
/* ERR_COHORT_INCOMPLETE if the folder ("" is the current one) bears the mark. */
int folder_check(const char *path, struct err *e);

/* Makes a folder and those above it where they are missing; nothing is marked. ERR_FILE_WRITE, ERR_LIMIT. */
int folder_make_all(const char *path, struct err *e);

#endif
