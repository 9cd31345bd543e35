/* Paths as text, and the folders that they name. Floor 1. */
#ifndef BMU_FILE_PATH_H
#define BMU_FILE_PATH_H

#include "base/err.h"

/* The part after the last slash; borrowed. */
const char *path_base_name(const char *path);
/* The folder that a file lies in: "a" of "a/b.csv", "/" of "/b.csv", "" (the current one) of "b.csv". *out: owned. */
int path_folder(char **out, const char *path, struct err *e);
/* Makes a folder and those above it where they are missing. ERR_FILE_WRITE, ERR_LIMIT. */
int path_make_folders(const char *path, struct err *e);

#endif
