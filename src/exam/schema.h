/* The clinical schema: which values an exam may carry, their type, unit, range and coding. Floor 3.
 * A YAML file (share/schemas/clinical10.yml) read with libcyaml; the same text is embedded in a model's metadata as JSON. */
#ifndef BMU_EXAM_SCHEMA_H
#define BMU_EXAM_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "file/json.h"

enum { SCHEMA_FIELDS_MAX = 64, SCHEMA_CODES_MAX = 64 };
enum field_type {
    FIELD_NUMBER,
    FIELD_ORDERED,
    FIELD_CATEGORY
}; /* ordered: an integer 0 .. codes-1; category: one-hot in the clinical token */

struct schema_field {
    char *name; /* CSV column */
    enum field_type type;
    char *unit;      /* may be "" */
    double min, max; /* inclusive, numbers only */
    char **codes;    /* FIELD_ORDERED, FIELD_CATEGORY: the accepted spellings, in order; index = the value */
    size_t n_codes;
    bool missing_allowed;
    char *reference; /* citation or note */
};
struct schema {
    char *name;
    struct schema_field *fields;
    size_t n_fields;
};
/* One clinical value of one exam. */
struct clinical {
    bool present;
    double value; /* number, or index of the code */
};

/* ERR_YAML (malformed, unknown key; line and column named), ERR_SCHEMA (contradicts itself; field named), ERR_LIMIT, ERR_FILE_*. */
int schema_read_yaml(struct schema **out, const char *path, struct err *e);
/* The same from memory. */
int schema_parse_yaml(struct schema **out, const char *text, size_t n, struct err *e);
/* ERR_SCHEMA, also for unknown keys. */
int schema_from_json(struct schema **out, const struct json *j, struct err *e);
struct json *schema_to_json(const struct schema *s); /* NULL: no memory */
void schema_free(struct schema *s);
/* Read one cell: "" and "unknown" (any case) are missing. Codes match whatever the case of ASCII letters. Errors name the field and what is
 * accepted: ERR_VALUE_SYNTAX, ERR_VALUE_RANGE, ERR_VALUE_MISSING. */
int schema_value(struct clinical *out, const struct schema_field *f, const char *cell, struct err *e);
/* The whole cell as a decimal number ("-1.5e3"; no blanks, no hexadecimal, no "nan") that a float can hold, whatever the locale is in the
 * shell: the program never calls setlocale(). ERR_VALUE_SYNTAX. */
int schema_number(double *out, const char *cell, struct err *e);

#endif
