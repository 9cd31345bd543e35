/* A site's clinical table, joined to the exams of a scan. Floor 4.
 *
 * A strict CSV (file/csv.h) with the column patient_id; side and study_date (YYYYMMDD or YYYY-MM-DD) are understood if there; the others
 * are the schema's fields and the labels of exams.csv (tier, pathology, malignant, birads, center, vendor, split). Cells are carried over
 * as they are.
 *
 * A row fits an exam if all of the three that it states are equal. Of several that fit, the one that states most wins; if two state as
 * much, none is taken. A row without study_date that fits exams of several days of one breast is taken for none: of which day its values
 * are cannot be known. Rows and exams that found no partner are told.
 */
#ifndef BMU_SCAN_CLINICAL_H
#define BMU_SCAN_CLINICAL_H

#include "exam/schema.h"
#include "file/csv.h"
#include "scan/scan.h"

struct clinical_row {
    size_t exams; /* joined to it */
    int why;      /* 0: joined; ERR_CLINICAL_UNMATCHED, ERR_SCAN_AMBIGUOUS, ERR_VALUE_SYNTAX (side or date) */
    const char *sentence;
};
struct clinical_table {
    struct arena arena;
    struct csv csv;
    long patient, side, date; /* columns; -1: not there */
    bool *carried;            /* per column: goes into exams.csv */
    struct clinical_row *rows;
};
/* ERR_CSV_*: the table, or a column that is not known; ERR_CSV_COLUMN_MISSING: no patient_id. The message names the path. */
int clinical_read(struct clinical_table **out, const char *path, const struct schema *schema, struct err *e);
/* The same from memory. */
int clinical_parse(struct clinical_table **out, const char *text, size_t n, const struct schema *schema, struct err *e);
/* Sets clinical_row of each exam and the outcome of each row. */
int clinical_join(struct clinical_table *c, struct scan *s, struct err *e);
void clinical_free(struct clinical_table *c); /* NULL is allowed */

#endif
