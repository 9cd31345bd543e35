/* The clinical schema's YAML: its shape for libcyaml, then over JSON to schema_from_json(), which checks it. Floor 3. */
#include <cyaml/cyaml.h>
#include <stdlib.h>

#include "base/mem.h"
#include "exam/schema.h"
#include "file/io.h"
#include "file/yaml.h"

struct field_yaml {
    char *name, *unit, *reference;
    int type, missing_allowed;
    char *min, *max; /* NULL: not written. Text, because the library reads "18x" as 18 */
    char **codes;
    unsigned codes_count;
};
struct schema_yaml {
    char *name;
    struct field_yaml *fields;
    unsigned fields_count;
};

enum { TEXT_MAX = 1024 };
static const cyaml_strval_t types[] = {{"number", FIELD_NUMBER}, {"ordered", FIELD_ORDERED}, {"category", FIELD_CATEGORY}};
static const char *const type_names[] = {[FIELD_NUMBER] = "number", [FIELD_ORDERED] = "ordered", [FIELD_CATEGORY] = "category"};
/* The library's own booleans take every misspelling for true. */
static const cyaml_strval_t truth[] = {{"false", 0}, {"true", 1}};

static const cyaml_schema_value_t code_shape = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, TEXT_MAX)};
static const cyaml_schema_field_t field_keys[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct field_yaml, name, 0, TEXT_MAX),
    CYAML_FIELD_ENUM("type", CYAML_FLAG_STRICT, struct field_yaml, type, types, CYAML_ARRAY_LEN(types)),
    CYAML_FIELD_STRING_PTR("unit", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct field_yaml, unit, 0, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("min", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct field_yaml, min, 0, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("max", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct field_yaml, max, 0, TEXT_MAX),
    CYAML_FIELD_SEQUENCE("codes", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct field_yaml, codes, &code_shape, 0, SCHEMA_CODES_MAX),
    CYAML_FIELD_ENUM("missing_allowed", CYAML_FLAG_STRICT, struct field_yaml, missing_allowed, truth, CYAML_ARRAY_LEN(truth)),
    CYAML_FIELD_STRING_PTR("reference", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct field_yaml, reference, 0, TEXT_MAX),
    CYAML_FIELD_END};
static const cyaml_schema_value_t field_shape = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct field_yaml, field_keys)};
static const cyaml_schema_field_t schema_keys[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct schema_yaml, name, 0, TEXT_MAX),
    CYAML_FIELD_SEQUENCE("fields", CYAML_FLAG_POINTER, struct schema_yaml, fields, &field_shape, 0, SCHEMA_FIELDS_MAX), CYAML_FIELD_END};
static const cyaml_schema_value_t schema_shape = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct schema_yaml, schema_keys)};

static int take_number(struct json *j, const char *key, const char *text, struct err *e) {
    double v = 0;
    struct err why;
    if (text == NULL)
        return 0;
    if (schema_number(&v, text, &why) != 0)
        return err_set(e, ERR_SCHEMA, "%s: %s", key, why.message);
    json_put_number(j, key, v);
    return 0;
}

/* *out is the caller's also on failure. */
static int field_to_json(struct json **out, const struct field_yaml *f, struct err *e) {
    struct json *j = *out = json_object();
    json_put_string(j, "name", f->name);
    json_put_string(j, "type", type_names[f->type]);
    if (f->unit != NULL)
        json_put_string(j, "unit", f->unit);
    int code = take_number(j, "min", f->min, e);
    if (code != 0 || (code = take_number(j, "max", f->max, e)) != 0)
        return code;
    if (f->codes != NULL) {
        struct json *codes = json_array();
        for (unsigned i = 0; i < f->codes_count; i++)
            json_push_string(codes, f->codes[i]);
        json_put(j, "codes", codes);
    }
    json_put_bool(j, "missing_allowed", f->missing_allowed != 0);
    if (f->reference != NULL)
        json_put_string(j, "reference", f->reference);
    return 0;
}

int schema_parse_yaml(struct schema **out, const char *text, size_t n, struct err *e) {
    void *data = NULL;
    *out = NULL;
    int code = yaml_read(&data, text, n, &schema_shape, e);
    if (code != 0)
        return code;
    const struct schema_yaml *y = data;
    struct json *j = json_object(), *fields = json_array();
    json_put_string(j, "name", y->name);
    for (unsigned i = 0; code == 0 && i < y->fields_count; i++) {
        struct json *field = NULL;
        code = field_to_json(&field, &y->fields[i], e);
        json_push(fields, field);
        if (code != 0)
            err_prefix(e, "schema field %u", i + 1);
    }
    json_put(j, "fields", fields);
    /* Text that is not UTF-8 cannot fail here: libyaml has refused it. */
    if (!json_ok(j) && code == 0)
        code = err_set(e, ERR_NO_MEMORY, "out of memory while reading the clinical schema");
    if (code == 0)
        code = schema_from_json(out, j, e);
    json_free(j);
    yaml_discard(data, &schema_shape);
    return code;
}

int schema_read_yaml(struct schema **out, const char *path, struct err *e) {
    uint8_t *bytes = NULL;
    size_t n = 0;
    *out = NULL;
    int code = io_read_file(&bytes, &n, path, YAML_FILE_MAX, e);
    if (code != 0)
        return code;
    code = schema_parse_yaml(out, (const char *)bytes, n, e);
    if (code != 0)
        err_prefix(e, "%s", path);
    mem_free(bytes);
    return code;
}
