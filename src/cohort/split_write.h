/* A split as files: the table with its column split, and a report. Floor 4. */
#ifndef BMU_COHORT_SPLIT_WRITE_H
#define BMU_COHORT_SPLIT_WRITE_H

#include "base/buf.h"
#include "base/err.h"
#include "cohort/manifest_file.h"
#include "cohort/split.h"

/* The table `text` (n bytes, the one that m was read from) with the column split filled; other cells as they were. A column split is
 * appended, or, if the table has one, replaced. */
int split_table(struct buf *out, const char *text, size_t n, const struct split *s, struct err *e);

struct split_source {
    const char *path; /* of the table that was split */
    const struct manifest_file *table;
    const struct duplicates *duplicates; /* NULL: pictures were not compared */
    const struct split_options *options;
    const struct split *split;
    const char *code_version;
};
/* The table with its split, and the report as JSON (docs/FORMATS.md, split.json): both files or none. report: the JSON's text. */
int split_write(struct buf *report, const char *csv, const char *json, const struct split_source *from, struct err *e);

#endif
