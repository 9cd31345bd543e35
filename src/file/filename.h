/* The parts of a file's name. Floor 1. */
#ifndef BMU_FILE_FILENAME_H
#define BMU_FILE_FILENAME_H

#include "base/err.h"
#include "base/mem.h"

/* The part after the last slash; borrowed. */
const char *filename_base(const char *path);
/* The folder that a file lies in: "a" of "a/b.csv", "/" of "/b.csv", "" (the current one) of "b.csv". *out: owned. */
int filename_folder(char **out, const char *path, struct err *e);
/* The path of a file that a table in this folder names: as it is if it is absolute or the folder is "", else joined. In the arena, or
 * borrowed from name; NULL: ERR_NO_MEMORY. */
const char *filename_under(struct arena *a, const char *folder, const char *name, struct err *e);

#endif
