/* Predictions as a table for people. Floor 9. */
#ifndef BMU_CLI_TABLE_H
#define BMU_CLI_TABLE_H

#include <stdio.h>

#include "cohort/manifest.h"
#include "infer/predictor.h"

struct table {
    FILE *stream;
    const struct tree *tree; /* borrowed: the model's own */
    int id_width, leaf_width;
    bool leaves_shown; /* a column for each */
};
/* Prints the head; the column of ids is as wide as the longest of the cohort's. */
void table_begin(struct table *t, FILE *stream, const struct manifest *cohort, const struct tree *tree);
void table_row(const struct table *t, const struct prediction *p);
/* The closing lines: counts, and what the numbers are not. */
void table_end(const struct table *t, size_t ok, size_t refused);

#endif
