/* A scan as exams.csv and as a report of every file. Floor 4. Formats: docs/FORMATS.md. */
#ifndef BMU_SCAN_REPORT_H
#define BMU_SCAN_REPORT_H

#include "base/buf.h"
#include "scan/clinical.h"
#include "scan/scan.h"

struct report_options {
    const char *centre;                    /* for the column center; NULL: no such column of ours */
    const struct clinical_table *clinical; /* joined; NULL: none */
};
/* ERR_USAGE if both the clinical table and `centre` would fill the column center. */
int report_check(const struct report_options *o, struct err *e);
/* The whole exams.csv: header and a row per exam. */
int report_csv(struct buf *out, const struct scan *s, const struct report_options *o, struct err *e);
/* scan.jsonl: a line per file, then per exam without a clinical row, then per clinical row that was not joined. */
int report_json(struct buf *out, const struct scan *s, const struct report_options *o, struct err *e);

#endif
