/* A split as files: the table with its column split, and a report. Floor 4. */
#ifndef BMU_COHORT_SPLIT_WRITE_H
#define BMU_COHORT_SPLIT_WRITE_H

#include "base/buf.h"
#include "base/err.h"
#include "cohort/split.h"
#include "file/json.h"

/* The table `text` (n bytes, the one that m was read from) with the column split filled; other cells as they were. A column split is
 * appended, or, if the table has one, replaced. */
int split_table(struct buf *out, const char *text, size_t n, const struct split *s, struct err *e);

struct split_report {
    const char *exams;        /* file name of the table, without its folder */
    const char *exams_sha256; /* of the table that was split */
    const char *table_sha256; /* of the table that was written */
    const char *code_version;
    const struct split_options *options;
    const struct manifest *manifest;
    const struct duplicates *duplicates; /* NULL: pictures were not compared */
    const struct split *split;
};
/* docs/FORMATS.md, split.json. Owned; NULL: no memory. */
struct json *split_json(const struct split_report *r);

#endif
