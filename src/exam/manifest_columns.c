/* The column names of a cohort CSV: one table. Floor 3. */
#include "exam/manifest_columns.h"

#include <stdbool.h>
#include <string.h>

#include "base/nearest.h"
#include "exam/slot.h"

#define TEXT(name, headers, text)                                                                                                          \
    { name, headers, -1, text }
#define IMAGE(name, headers, slot)                                                                                                         \
    { name, headers, slot, COLUMN_TEXT_COUNT }

static const struct manifest_column columns[] = {
    TEXT("exam_id", HEADER_OURS | HEADER_PUBLISHED, COLUMN_EXAM_ID),
    TEXT("patient_id", HEADER_OURS | HEADER_PUBLISHED, COLUMN_PATIENT_ID),
    TEXT("side", HEADER_OURS, COLUMN_SIDE),
    IMAGE("mg_cc", HEADER_OURS, SLOT_MG_CC),
    IMAGE("mg_mlo", HEADER_OURS, SLOT_MG_MLO),
    IMAGE("us_bmode_trans", HEADER_OURS, SLOT_US_BMODE_TRANS),
    IMAGE("us_bmode_long", HEADER_OURS, SLOT_US_BMODE_LONG),
    IMAGE("us_doppler_trans", HEADER_OURS, SLOT_US_DOPPLER_TRANS),
    IMAGE("us_doppler_long", HEADER_OURS, SLOT_US_DOPPLER_LONG),
    IMAGE("us_elasto_trans", HEADER_OURS, SLOT_US_ELASTO_TRANS),
    IMAGE("us_elasto_long", HEADER_OURS, SLOT_US_ELASTO_LONG),
    TEXT("tier", HEADER_OURS, COLUMN_TIER),
    TEXT("pathology", HEADER_OURS, COLUMN_PATHOLOGY),
    TEXT("malignant", HEADER_OURS, COLUMN_MALIGNANT),
    TEXT("birads", HEADER_OURS, COLUMN_BIRADS),
    TEXT("center", HEADER_OURS, COLUMN_CENTER),
    TEXT("vendor", HEADER_OURS, COLUMN_VENDOR),
    TEXT("split", HEADER_OURS, COLUMN_SPLIT),
    TEXT("synthetic", HEADER_OURS, COLUMN_SYNTHETIC),
    /* The published release; its description says mg1_path, its example m1_path. */
    IMAGE("mg1_path", HEADER_PUBLISHED, SLOT_MG_CC),
    IMAGE("m1_path", HEADER_PUBLISHED, SLOT_MG_CC),
    IMAGE("mg2_path", HEADER_PUBLISHED, SLOT_MG_MLO),
    IMAGE("m2_path", HEADER_PUBLISHED, SLOT_MG_MLO),
    IMAGE("us3_path", HEADER_PUBLISHED, SLOT_US_BMODE_TRANS),
    IMAGE("u3_path", HEADER_PUBLISHED, SLOT_US_BMODE_TRANS),
    IMAGE("us4_path", HEADER_PUBLISHED, SLOT_US_BMODE_LONG),
    IMAGE("u4_path", HEADER_PUBLISHED, SLOT_US_BMODE_LONG),
    IMAGE("us5_path", HEADER_PUBLISHED, SLOT_US_DOPPLER_TRANS),
    IMAGE("u5_path", HEADER_PUBLISHED, SLOT_US_DOPPLER_TRANS),
    IMAGE("us6_path", HEADER_PUBLISHED, SLOT_US_DOPPLER_LONG),
    IMAGE("u6_path", HEADER_PUBLISHED, SLOT_US_DOPPLER_LONG),
    IMAGE("us7_path", HEADER_PUBLISHED, SLOT_US_ELASTO_TRANS),
    IMAGE("u7_path", HEADER_PUBLISHED, SLOT_US_ELASTO_TRANS),
    IMAGE("us8_path", HEADER_PUBLISHED, SLOT_US_ELASTO_LONG),
    IMAGE("u8_path", HEADER_PUBLISHED, SLOT_US_ELASTO_LONG),
    TEXT("label", HEADER_PUBLISHED, COLUMN_LABEL),
    TEXT("view", HEADER_PUBLISHED, COLUMN_VIEW),
};
enum { COLUMN_COUNT = sizeof columns / sizeof columns[0] };

const struct manifest_column *manifest_column_find(const char *name) {
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        if (strcmp(columns[i].name, name) == 0)
            return &columns[i];
    return NULL;
}

size_t manifest_clinic_info(const char *name) {
    static const char stem[] = "clinic_info";
    size_t k = 0;
    if (strncmp(name, stem, sizeof stem - 1) != 0 || name[sizeof stem - 1] == '0')
        return 0;
    for (const char *p = name + sizeof stem - 1; *p != '\0'; p++) {
        if (*p < '0' || *p > '9')
            return 0;
        k = k * 10 + (size_t)(*p - '0');
        if (k > SCHEMA_FIELDS_MAX)
            return 0;
    }
    return k;
}

const char *manifest_column_nearest(const char *name, unsigned headers, const struct schema *schema) {
    const char *nearest = "";
    unsigned least = ~0u;
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        unsigned d = nearest_distance(name, columns[i].name);
        if ((columns[i].headers & headers) != 0 && d < least) {
            least = d;
            nearest = columns[i].name;
        }
    }
    for (size_t i = 0; schema != NULL && (headers & HEADER_OURS) != 0 && i < schema->n_fields; i++) {
        unsigned d = nearest_distance(name, schema->fields[i].name);
        if (d < least) {
            least = d;
            nearest = schema->fields[i].name;
        }
    }
    return nearest;
}
