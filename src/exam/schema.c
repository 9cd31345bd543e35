/* The clinical schema: built and checked from JSON, written back, and used to read cells. Floor 3.
 * The YAML reader (schema_yaml.c) ends here too, so that there is one set of checks. */
#include "exam/schema.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "exam/manifest_columns.h"
#include "file/csv.h"

enum { NAME_MAX_BYTES = 64, TEXT_MAX_BYTES = 1024 };

static const char *const type_names[] = {[FIELD_NUMBER] = "number", [FIELD_ORDERED] = "ordered", [FIELD_CATEGORY] = "category"};

/* What the caller gets a pointer into: the schema and the memory it lives in. */
struct owned {
    struct schema schema; /* first */
    struct arena arena;
};

/* An arena string from a member: required or "" if absent. */
static int take_string(char **out, struct arena *a, const struct json *object, const char *key, bool required, struct err *e) {
    const struct json *j = json_get(object, key);
    const char *s = json_string(j);
    *out = NULL;
    if (s == NULL && (required || j != NULL))
        return err_set(e, ERR_SCHEMA, "`%s` is required and must be text", key);
    if (s != NULL && strlen(s) > TEXT_MAX_BYTES)
        return err_set(e, ERR_LIMIT, "`%s` has more than %d bytes", key, TEXT_MAX_BYTES);
    *out = arena_strdup(a, s != NULL ? s : "", e);
    return *out != NULL ? 0 : ERR_NO_MEMORY;
}

/* A CSV column name that cannot be mistaken for one of the table's own columns. */
static int check_name(const char *name, struct err *e) {
    char shown[CSV_SHOW_SIZE];
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    if (n == 0 || name[n] != '\0' || n > NAME_MAX_BYTES)
        return err_set(e, ERR_SCHEMA, "the field name \"%s\" must be 1 to %d letters, digits or underscores", csv_show(shown, name),
                       NAME_MAX_BYTES);
    if (manifest_column_find(name) != NULL || manifest_clinic_info(name) != 0)
        return err_set(e, ERR_SCHEMA, "the field name \"%s\" is a column name of the exam table itself; choose another", name);
    return 0;
}

static int take_codes(struct schema_field *f, struct arena *a, const struct json *codes, struct err *e) {
    char shown[CSV_SHOW_SIZE];
    if (!json_is_array(codes) || json_size(codes) < 2 || json_size(codes) > SCHEMA_CODES_MAX)
        return err_set(e, ERR_SCHEMA, "`codes` must list 2 to %d spellings", SCHEMA_CODES_MAX);
    f->codes = arena_alloc(a, json_size(codes), sizeof *f->codes, e);
    if (f->codes == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < json_size(codes); i++) {
        const char *code = json_string(json_at(codes, i));
        if (code == NULL || *code == '\0' || strlen(code) > NAME_MAX_BYTES || *code == ' ' || code[strlen(code) - 1] == ' ')
            return err_set(e, ERR_SCHEMA, "code %zu must be text of 1 to %d bytes without blanks around it", i + 1, NAME_MAX_BYTES);
        if (strcasecmp(code, "unknown") == 0)
            return err_set(e, ERR_SCHEMA, "the code \"unknown\" stands for a missing value in every field; leave it out");
        for (size_t k = 0; k < i; k++)
            if (strcasecmp(code, f->codes[k]) == 0)
                return err_set(e, ERR_SCHEMA, "the code \"%s\" appears twice", csv_show(shown, code));
        f->codes[i] = arena_strdup(a, code, e);
        if (f->codes[i] == NULL)
            return ERR_NO_MEMORY;
        f->n_codes = i + 1;
    }
    return 0;
}

static int take_range(struct schema_field *f, const struct json *j, struct err *e) {
    f->min = json_number(json_get(j, "min"), NAN);
    f->max = json_number(json_get(j, "max"), NAN);
    if (!(fabs(f->min) <= FLT_MAX) || !(fabs(f->max) <= FLT_MAX))
        return err_set(e, ERR_SCHEMA, "a number needs `min` and `max`, both finite");
    if (f->min > f->max)
        return err_set(e, ERR_SCHEMA, "`min` %.10g is above `max` %.10g", f->min, f->max);
    return 0;
}

static int known_key(void *ctx, const char *key, struct json *value) {
    const char *const *known = ctx;
    (void)value;
    while (*known != NULL && strcmp(*known, key) != 0)
        known++;
    return *known == NULL;
}

static int take_field(struct schema_field *f, struct arena *a, const struct json *j, struct err *e) {
    static const char *known[] = {"name", "type", "unit", "min", "max", "codes", "missing_allowed", "reference", NULL};
    const char *type = json_string(json_get(j, "type"));
    int code;
    if (!json_is_object(j) || json_each(j, known_key, known) != 0)
        return err_set(e, ERR_SCHEMA, "not a mapping with the known keys only");
    if ((code = take_string(&f->name, a, j, "name", true, e)) != 0 || (code = check_name(f->name, e)) != 0 ||
        (code = take_string(&f->unit, a, j, "unit", false, e)) != 0 ||
        (code = take_string(&f->reference, a, j, "reference", false, e)) != 0)
        return code;
    size_t t = 0;
    while (t < sizeof type_names / sizeof type_names[0] && (type == NULL || strcmp(type, type_names[t]) != 0))
        t++;
    if (t == sizeof type_names / sizeof type_names[0])
        return err_set(e, ERR_SCHEMA, "`type` of \"%s\" must be number, ordered or category", f->name);
    f->type = (enum field_type)t;
    const struct json *missing = json_get(j, "missing_allowed");
    f->missing_allowed = json_bool(missing, false);
    if (f->missing_allowed != json_bool(missing, true))
        return err_set(e, ERR_SCHEMA, "`missing_allowed` of \"%s\" must be true or false", f->name);
    bool number = f->type == FIELD_NUMBER;
    if ((json_get(j, "codes") != NULL) == number || (json_get(j, "min") != NULL) != number || (json_get(j, "max") != NULL) != number)
        code = err_set(e, ERR_SCHEMA, "a number has `min` and `max`, the other types have `codes`");
    else
        code = number ? take_range(f, j, e) : take_codes(f, a, json_get(j, "codes"), e);
    if (code != 0)
        err_prefix(e, "field \"%s\"", f->name);
    return code;
}

static int take_schema(struct owned *o, const struct json *j, struct err *e) {
    static const char *known[] = {"name", "fields", NULL};
    const struct json *fields = json_get(j, "fields");
    struct schema *s = &o->schema;
    int code;
    if (!json_is_object(j) || json_each(j, known_key, known) != 0)
        return err_set(e, ERR_SCHEMA, "the schema is not a mapping with `name` and `fields` only");
    if ((code = take_string(&s->name, &o->arena, j, "name", true, e)) != 0)
        return code;
    if (!json_is_array(fields) || json_size(fields) == 0 || json_size(fields) > SCHEMA_FIELDS_MAX)
        return err_set(e, ERR_SCHEMA, "`fields` must list 1 to %d fields", SCHEMA_FIELDS_MAX);
    s->fields = arena_alloc(&o->arena, json_size(fields), sizeof *s->fields, e);
    if (s->fields == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < json_size(fields); i++) {
        code = take_field(&s->fields[i], &o->arena, json_at(fields, i), e);
        for (size_t k = 0; code == 0 && k < i; k++)
            if (strcmp(s->fields[k].name, s->fields[i].name) == 0)
                code = err_set(e, ERR_SCHEMA, "the name \"%s\" appears twice", s->fields[i].name);
        if (code != 0) {
            err_prefix(e, "schema field %zu", i + 1);
            return code;
        }
        s->n_fields = i + 1;
    }
    return 0;
}

int schema_from_json(struct schema **out, const struct json *j, struct err *e) {
    *out = NULL;
    struct owned *o = mem_alloc(1, sizeof *o, e);
    if (o == NULL)
        return ERR_NO_MEMORY;
    arena_init(&o->arena, 0);
    int code = take_schema(o, j, e);
    if (code != 0) {
        schema_free(&o->schema);
        return code;
    }
    *out = &o->schema;
    return 0;
}

void schema_free(struct schema *s) {
    struct owned *o = (struct owned *)(void *)s; /* schema is its first member */
    if (o == NULL)
        return;
    arena_release(&o->arena);
    mem_free(o);
}

static struct json *field_to_json(const struct schema_field *f) {
    struct json *j = json_object();
    json_put_string(j, "name", f->name);
    json_put_string(j, "type", type_names[f->type]);
    json_put_string(j, "unit", f->unit);
    if (f->type == FIELD_NUMBER) {
        json_put_number(j, "min", f->min);
        json_put_number(j, "max", f->max);
    } else {
        struct json *codes = json_array();
        for (size_t i = 0; i < f->n_codes; i++)
            json_push_string(codes, f->codes[i]);
        json_put(j, "codes", codes);
    }
    json_put_bool(j, "missing_allowed", f->missing_allowed);
    json_put_string(j, "reference", f->reference);
    return j;
}

struct json *schema_to_json(const struct schema *s) {
    struct json *j = json_object(), *fields = json_array();
    json_put_string(j, "name", s->name);
    for (size_t i = 0; i < s->n_fields; i++)
        json_push(fields, field_to_json(&s->fields[i]));
    json_put(j, "fields", fields);
    if (json_ok(j))
        return j;
    json_free(j);
    return NULL;
}

int schema_number(double *out, const char *cell, struct err *e) {
    char shown[CSV_SHOW_SIZE], *end = NULL;
    size_t n = strspn(cell, "0123456789.eE+-"); /* keeps strtod's hexadecimal, "inf" and "nan" out */
    *out = 0;
    csv_show(shown, cell);
    if (n > 0 && cell[n] == '\0') {
        double v = strtod(cell, &end);
        if (*end == '\0' && fabs(v) > FLT_MAX)
            return err_set(e, ERR_VALUE_SYNTAX, "\"%s\" is too large", shown);
        if (*end == '\0') {
            *out = v;
            return 0;
        }
    }
    if (strchr(cell, ',') != NULL)
        return err_set(e, ERR_VALUE_SYNTAX, "\"%s\" is not a number; write the decimal point as \".\"", shown);
    if (csv_edge_blank(cell))
        return err_set(e, ERR_VALUE_SYNTAX, "\"%s\" has a space before or after the number; remove it", shown);
    return err_set(e, ERR_VALUE_SYNTAX, "\"%s\" is not a number", shown);
}

static int find_code(struct clinical *out, const struct schema_field *f, const char *cell, struct err *e) {
    char shown[CSV_SHOW_SIZE], list[512];
    size_t used = 0;
    for (size_t i = 0; i < f->n_codes; i++)
        if (strcasecmp(cell, f->codes[i]) == 0) {
            *out = (struct clinical){.present = true, .value = (double)i};
            return 0;
        }
    list[0] = '\0';
    for (size_t i = 0; i < f->n_codes && used + strlen(f->codes[i]) + 8 < sizeof list; i++) {
        memcpy(list + used, ", ", i > 0 ? 2 : 0);
        used += i > 0 ? 2 : 0;
        memcpy(list + used, f->codes[i], strlen(f->codes[i]) + 1);
        used += strlen(f->codes[i]);
    }
    return err_set(e, ERR_VALUE_SYNTAX, "%s: \"%s\" is none of: %s", f->name, csv_show(shown, cell), list);
}

int schema_value(struct clinical *out, const struct schema_field *f, const char *cell, struct err *e) {
    *out = (struct clinical){0};
    if (*cell == '\0' || strcasecmp(cell, "unknown") == 0) {
        if (f->missing_allowed)
            return 0;
        return err_set(e, ERR_VALUE_MISSING, "%s: the value is missing, and the schema requires one", f->name);
    }
    if (f->type != FIELD_NUMBER)
        return find_code(out, f, cell, e);
    double v;
    int code = schema_number(&v, cell, e);
    if (code != 0) {
        err_prefix(e, "%s", f->name);
        return code;
    }
    if (v < f->min || v > f->max)
        return err_set(e, ERR_VALUE_RANGE, "%s: %.10g lies outside %.10g .. %.10g%s%s", f->name, v, f->min, f->max, *f->unit ? " " : "",
                       f->unit);
    *out = (struct clinical){.present = true, .value = v};
    return 0;
}
