/* The column names of a cohort CSV: ours and the published release's. Floor 3. */
#ifndef BMU_EXAM_MANIFEST_COLUMNS_H
#define BMU_EXAM_MANIFEST_COLUMNS_H

#include <stddef.h>

#include "exam/schema.h"

enum { HEADER_OURS = 1, HEADER_PUBLISHED = 2 };

/* Cells that are text: which one. */
enum column_text {
    COLUMN_EXAM_ID,
    COLUMN_PATIENT_ID,
    COLUMN_SIDE,
    COLUMN_TIER,
    COLUMN_PATHOLOGY,
    COLUMN_MALIGNANT,
    COLUMN_BIRADS,
    COLUMN_CENTER,
    COLUMN_VENDOR,
    COLUMN_SPLIT,
    COLUMN_SYNTHETIC,
    COLUMN_LABEL,
    COLUMN_VIEW,
    COLUMN_TEXT_COUNT
};
struct manifest_column {
    const char *name;
    unsigned headers;      /* HEADER_* in which it is known */
    int slot;              /* an image: its enum slot; else -1 */
    enum column_text text; /* not an image: which text; else COLUMN_TEXT_COUNT */
};

/* The column with exactly this name in either header, or NULL. */
const struct manifest_column *manifest_column_find(const char *name);
/* K of "clinic_infoK" (1 .. SCHEMA_FIELDS_MAX, written without leading zeros), else 0. */
size_t manifest_clinic_info(const char *name);
/* The known name nearest to `name` by edit distance (letters' case counts half a step), among the headers' columns and the schema's fields
 * (NULL: none; they count as known in HEADER_OURS). The published clinic_infoK are not offered. Static or the schema's. */
const char *manifest_column_nearest(const char *name, unsigned headers, const struct schema *schema);

#endif
