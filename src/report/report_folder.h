/* The folder of a report: results.json, plan.yml, threshold.json, figures/, and the pages report.html and report.pdf. Floor 6. */
#ifndef BMU_REPORT_REPORT_FOLDER_H
#define BMU_REPORT_REPORT_FOLDER_H

#include <stdbool.h>

#include "base/err.h"
#include "draw/words.h"
#include "evaluate/study.h"

struct report_folder_options {
    const char *path;  /* a new or empty folder */
    bool numbers_only; /* no pages and no pictures */
    enum words_language language;
    const char *date; /* in the PDF, as 2026-01-31T12:00:00Z; NULL: now */
};
struct report_folder;
/* Makes the folder and marks it as incomplete; nothing is left behind on failure. ERR_REPORT_FONT, and those of folder_begin(). The options
 * have to outlive it. */
int report_folder_open(struct report_folder **out, const struct report_folder_options *o, struct err *e);
/* Writes all files of a study that has been evaluated. The folder is whole only after success. */
int report_folder_write(struct report_folder *r, const struct study *s, struct err *e);
/* What was not written to its end stays marked. NULL is allowed. */
void report_folder_close(struct report_folder *r);

#endif
