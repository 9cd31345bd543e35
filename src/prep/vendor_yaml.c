/* The vendor table's YAML: its shape for libcyaml. Floor 4. */
#include <cyaml/cyaml.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "file/io.h"
#include "file/yaml.h"
#include "prep/vendor.h"

struct file_yaml {
    struct vendor_raw *devices;
    unsigned devices_count;
};

enum { SOURCE_MAX = 1024, REQUIRED = CYAML_FLAG_POINTER, OPTIONAL = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL };

static const cyaml_schema_value_t text_shape = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, VENDOR_TEXT_MAX)};
static const cyaml_schema_field_t band_keys[] = {CYAML_FIELD_INT("left", CYAML_FLAG_DEFAULT, struct vendor_band, left),
                                                 CYAML_FIELD_INT("top", CYAML_FLAG_DEFAULT, struct vendor_band, top),
                                                 CYAML_FIELD_INT("right", CYAML_FLAG_DEFAULT, struct vendor_band, right),
                                                 CYAML_FIELD_INT("bottom", CYAML_FLAG_DEFAULT, struct vendor_band, bottom),
                                                 CYAML_FIELD_END};
static const cyaml_schema_value_t band_shape = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct vendor_band, band_keys)};
static const cyaml_schema_field_t device_keys[] = {
    CYAML_FIELD_STRING_PTR("name", REQUIRED, struct vendor_raw, name, 1, VENDOR_TEXT_MAX),
    CYAML_FIELD_SEQUENCE("manufacturer", REQUIRED, struct vendor_raw, manufacturer, &text_shape, 1, VENDOR_TEXTS_MAX),
    CYAML_FIELD_SEQUENCE("model", OPTIONAL, struct vendor_raw, model, &text_shape, 1, VENDOR_TEXTS_MAX),
    CYAML_FIELD_SEQUENCE("voi", OPTIONAL, struct vendor_raw, voi, &text_shape, 1, VENDOR_TEXTS_MAX),
    CYAML_FIELD_SEQUENCE("bands", OPTIONAL, struct vendor_raw, bands, &band_shape, 1, VENDOR_BANDS_MAX),
    CYAML_FIELD_STRING_PTR("source", REQUIRED, struct vendor_raw, source, 1, SOURCE_MAX),
    CYAML_FIELD_END};
static const cyaml_schema_value_t device_shape = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct vendor_raw, device_keys)};
static const cyaml_schema_field_t file_keys[] = {
    CYAML_FIELD_SEQUENCE("devices", REQUIRED, struct file_yaml, devices, &device_shape, 1, VENDORS_MAX), CYAML_FIELD_END};
static const cyaml_schema_value_t file_shape = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct file_yaml, file_keys)};

static int add_text(struct vendors *v, const char *text, size_t n, struct err *e) {
    void *data = NULL;
    int rc = yaml_read(&data, text, n, &file_shape, e);
    if (rc)
        return rc;
    const struct file_yaml *file = data;
    for (unsigned i = 0; !rc && i < file->devices_count; i++)
        rc = vendors_add(v, &file->devices[i], e);
    yaml_discard(data, &file_shape);
    return rc ? rc : vendors_keep(v, text, n, e);
}

static int add_file(struct vendors *v, const char *path, struct err *e) {
    uint8_t *bytes = NULL;
    size_t n = 0;
    int rc = io_read_file(&bytes, &n, path, YAML_FILE_MAX, e);
    if (rc)
        return rc;
    rc = add_text(v, (const char *)bytes, n, e);
    if (rc)
        err_prefix(e, "%s", path);
    mem_free(bytes);
    return rc;
}

static int finish(struct vendors **out, int rc) {
    if (rc) {
        vendors_free(*out);
        *out = NULL;
    } else {
        vendors_seal(*out);
    }
    return rc;
}

int vendors_parse_yaml(struct vendors **out, const char *text, size_t n, struct err *e) {
    int rc = vendors_new(out, e);
    return rc ? rc : finish(out, add_text(*out, text, n, e));
}

int vendors_read_yaml(struct vendors **out, const char *const *paths, size_t n_paths, struct err *e) {
    int rc = vendors_new(out, e);
    if (rc)
        return rc;
    for (size_t i = 0; !rc && i < n_paths; i++)
        rc = add_file(*out, paths[i], e);
    return finish(out, rc);
}

static int is_yaml(const struct dirent *d) {
    const size_t n = strlen(d->d_name);
    return d->d_name[0] != '.' && n > 4 && strcmp(d->d_name + n - 4, ".yml") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b) { /* whatever the locale: the order is hashed */
    return strcmp((*a)->d_name, (*b)->d_name);
}

int vendors_read_folder(struct vendors **out, const char *folder, struct err *e) {
    char *paths[VENDORS_MAX] = {0};
    struct dirent **entries = NULL;
    *out = NULL;
    const int n = scandir(folder, &entries, is_yaml, by_bytes);
    int rc = n <= 0             ? err_set(e, ERR_FILE_MISSING, "%s: no folder with *.yml files", folder)
             : n >= VENDORS_MAX ? err_set(e, ERR_LIMIT, "%s: %d files, the limit is %d", folder, n, VENDORS_MAX - 1)
                                : 0;
    for (int i = 0; !rc && i < n; i++)
        if (!(paths[i] = mem_printf(e, "%s/%s", folder, entries[i]->d_name)))
            rc = ERR_NO_MEMORY;
    if (!rc)
        rc = vendors_read_yaml(out, (const char *const *)paths, (size_t)n, e);
    for (int i = 0; i < n; i++) {
        free(entries[i]);
        if (i < VENDORS_MAX)
            mem_free(paths[i]);
    }
    free(entries);
    return rc;
}

int vendors_from_json(struct vendors **out, const struct json *j, struct err *e) {
    int rc = vendors_new(out, e);
    if (rc)
        return rc;
    for (size_t i = 0; !rc && i < json_size(j); i++) {
        const char *text = json_string(json_at(j, i));
        rc = text ? add_text(*out, text, strlen(text), e) : err_set(e, ERR_MODEL_METADATA, "the vendor table is not a list of texts");
    }
    return finish(out, rc);
}
