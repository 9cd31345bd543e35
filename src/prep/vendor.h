/* What is particular of a device, from YAML (share/vendors/), never from code. Floor 4. docs/PREP.md section 8, docs/FORMATS.md.
 *
 * A table is part of a preprocessing profile, since it can change pixels: its SHA-256 goes into the verdict's note. */
#ifndef BMU_PREP_VENDOR_H
#define BMU_PREP_VENDOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "file/json.h"

enum { VENDORS_MAX = 256, VENDOR_TEXTS_MAX = 32, VENDOR_BANDS_MAX = 16, VENDOR_TEXT_MAX = 64 };

struct vendor_band { /* thousandths of the picture; right and bottom exclusive */
    int left, top, right, bottom;
};
struct vendor {
    const char *name; /* letters, digits, blanks and -_. : safe to show */
    const char **manufacturer, **model, **voi;
    size_t n_manufacturer, n_model, n_voi;
    struct vendor_band *bands;
    size_t n_bands;
};
struct vendors;

/* Several files make one table, entries in the order of the paths. ERR_YAML, ERR_CONFIG (contradicts itself), ERR_LIMIT, ERR_FILE_*. */
int vendors_read_yaml(struct vendors **out, const char *const *paths, size_t n_paths, struct err *e);
/* All *.yml of a folder in the order of their names; ERR_FILE_MISSING if there are none. */
int vendors_read_folder(struct vendors **out, const char *folder, struct err *e);
/* The same from text. */
int vendors_parse_yaml(struct vendors **out, const char *text, size_t n, struct err *e);
/* The files' texts, as a model file carries them, and back. */
struct json *vendors_to_json(const struct vendors *v);
int vendors_from_json(struct vendors **out, const struct json *j, struct err *e);
void vendors_free(struct vendors *v); /* NULL is allowed */

size_t vendors_count(const struct vendors *v);
const struct vendor *vendors_at(const struct vendors *v, size_t i);
/* Of the files' bytes, one after the other. */
const uint8_t *vendors_sha256(const struct vendors *v);
/* The first entry that fits, or NULL. */
const struct vendor *vendors_find(const struct vendors *v, const char *manufacturer, const char *model);
/* Equal but for the case of ASCII letters. */
bool vendor_same(const char *a, const char *b);

/* Internal: the table under construction (vendor.c), filled by vendor_yaml.c. */
struct vendor_raw {
    char *name;
    char **manufacturer, **model, **voi;
    unsigned manufacturer_count, model_count, voi_count;
    struct vendor_band *bands;
    unsigned bands_count;
    char *source;
};
int vendors_new(struct vendors **out, struct err *e);
int vendors_add(struct vendors *v, const struct vendor_raw *raw, struct err *e); /* copies; checks */
int vendors_keep(struct vendors *v, const char *text, size_t n, struct err *e);  /* of one file: hashed, and kept for the model file */
void vendors_seal(struct vendors *v);

#endif
