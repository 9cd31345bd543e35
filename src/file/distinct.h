/* No output may be a file that is read, or another output: it would be gone if the run failed later. Floor 1. */
#ifndef BMU_FILE_DISTINCT_H
#define BMU_FILE_DISTINCT_H

#include "base/err.h"

/* ERR_USAGE if the two name one file (by what they are, not by how they are written); either may be NULL, and need not exist.
 * what_*: what they are called where the person named them: "--out", "csv_path". */
int file_distinct(const char *what_a, const char *a, const char *what_b, const char *b, struct err *e);

#endif
