/* The column names of a cohort CSV: ours and the published release's. Floor 2. */
#ifndef BMU_DATA_MANIFEST_COLUMNS_H
#define BMU_DATA_MANIFEST_COLUMNS_H

#include <stddef.h>

#include "data/schema.h"

enum { HEADER_OURS = 1, HEADER_PUBLISHED = 2 };

struct manifest_column {
    const char *name;
    unsigned headers;   /* HEADER_* in which it is known */
    int slot;           /* an image: its enum slot; else -1 */
    size_t text_offset; /* not an image: where its const char * stands in struct exam */
};

/* The column with exactly this name in either header, or NULL. */
const struct manifest_column *manifest_column_find(const char *name);
/* K of "clinic_infoK" (1 .. SCHEMA_FIELDS_MAX, written without leading zeros), else 0. */
size_t manifest_clinic_info(const char *name);
/* The known name nearest to `name` by edit distance (letters' case counts half a step), among the headers' columns and the schema's fields
 * (NULL: none; they count as known in HEADER_OURS). The published clinic_infoK are not offered. Static or the schema's. */
const char *manifest_column_nearest(const char *name, unsigned headers, const struct schema *schema);

#endif
