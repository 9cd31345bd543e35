/* The clinical schema: the shipped file against the list in the specification, cells, JSON round trip, and bad files. Test code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exam/schema.h"

static struct err err;

static struct schema *shipped(void) {
    struct schema *s = NULL;
    err = (struct err){0};
    if (schema_read_yaml(&s, "share/schemas/clinical10.yml", &err) != 0)
        fail_msg("%s", err.message);
    return s;
}

static void says(const char *text) {
    if (strstr(err.message, text) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.message, text);
}

/* The ten fields of the specification's list, in its order: this is also the order of the network's inputs. */
static void shipped_schema(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum field_type type;
        double min, max;
        const char *unit, *codes;
    } want[] = {
        {"age", FIELD_NUMBER, 18, 100, "years", ""},
        {"bmi", FIELD_NUMBER, 12, 70, "kg/m2", ""},
        {"menopausal", FIELD_ORDERED, 0, 0, "", "pre|peri|post|"},
        {"family_history", FIELD_ORDERED, 0, 0, "", "none|second degree|first degree|"},
        {"personal_history", FIELD_ORDERED, 0, 0, "", "none|benign biopsy|atypia|cancer other side|"},
        {"chief_complaint", FIELD_CATEGORY, 0, 0, "", "none|lump|pain|discharge|skin or nipple change|"},
        {"symptom_duration", FIELD_NUMBER, 0, 240, "months", ""},
        {"parity", FIELD_NUMBER, 0, 15, "births", ""},
        {"hormone_use", FIELD_ORDERED, 0, 0, "", "never|past|current|"},
        {"breast_density", FIELD_ORDERED, 0, 0, "", "a|b|c|d|"},
    };
    struct schema *s = shipped();
    assert_int_equal(s->n_fields, 10);
    for (size_t i = 0; i < 10; i++) {
        const struct schema_field *f = &s->fields[i];
        char codes[256] = "";
        size_t used = 0;
        assert_string_equal(f->name, want[i].name);
        assert_int_equal(f->type, want[i].type);
        assert_string_equal(f->unit, want[i].unit);
        assert_true(f->missing_allowed);
        assert_true(strlen(f->reference) > 10);
        for (size_t k = 0; k < f->n_codes; k++)
            used += (size_t)snprintf(codes + used, sizeof codes - used, "%s|", f->codes[k]);
        assert_string_equal(codes, want[i].codes);
        assert_true(f->type != FIELD_NUMBER || (f->min == want[i].min && f->max == want[i].max));
    }
    schema_free(s);
}

static void json_round_trip(void **state) {
    (void)state;
    struct schema *s = shipped(), *back = NULL;
    struct json *j = schema_to_json(s), *parsed = NULL, *again = NULL;
    struct buf one, two;
    buf_init(&one);
    buf_init(&two);
    assert_non_null(j);
    assert_int_equal(json_write(j, &one, &err), 0);
    assert_int_equal(json_read(&parsed, one.data, one.size, ERR_SCHEMA, &err), 0);
    assert_int_equal(schema_from_json(&back, parsed, &err), 0);
    again = schema_to_json(back);
    assert_int_equal(json_write(again, &two, &err), 0);
    assert_string_equal(one.data, two.data);
    assert_int_equal(back->n_fields, s->n_fields);
    assert_string_equal(back->fields[9].codes[3], "d");
    assert_true(back->fields[1].max == 70 && back->fields[1].missing_allowed);
    json_free(j);
    json_free(parsed);
    json_free(again);
    buf_release(&one);
    buf_release(&two);
    schema_free(s);
    schema_free(back);
}

static void cell(const struct schema *s, size_t field, const char *text, int code, bool present, double value) {
    struct clinical c = {.present = true, .value = -1};
    err = (struct err){0};
    int got = schema_value(&c, &s->fields[field], text, &err);
    if (got != code || c.present != present || c.value != value)
        fail_msg("%s = \"%s\": %s, present %d, value %g (%s)", s->fields[field].name, text, err_name(got), c.present, c.value, err.message);
}

enum { AGE = 0, BMI = 1, MENOPAUSAL = 2, COMPLAINT = 5, PARITY = 7 };

static void cells(void **state) {
    (void)state;
    struct schema *s = shipped();
    cell(s, AGE, "18", 0, true, 18);
    cell(s, AGE, "100", 0, true, 100);
    cell(s, BMI, "22.75", 0, true, 22.75);
    cell(s, BMI, "2.275e1", 0, true, 22.75);
    cell(s, PARITY, "-0", 0, true, 0);
    cell(s, AGE, "", 0, false, 0);
    cell(s, AGE, "Unknown", 0, false, 0);
    cell(s, COMPLAINT, "UNKNOWN", 0, false, 0);
    cell(s, MENOPAUSAL, "pre", 0, true, 0);
    cell(s, MENOPAUSAL, "POST", 0, true, 2);
    cell(s, COMPLAINT, "skin or nipple change", 0, true, 4);
    cell(s, AGE, "17.999", ERR_VALUE_RANGE, false, 0);
    says("age: 17.999 lies outside 18 .. 100 years");
    cell(s, AGE, "101", ERR_VALUE_RANGE, false, 0);
    cell(s, BMI, "22,5", ERR_VALUE_SYNTAX, false, 0);
    says("write the decimal point as \".\"");
    cell(s, MENOPAUSAL, "menopause", ERR_VALUE_SYNTAX, false, 0);
    says("menopausal: \"menopause\" is none of: pre, peri, post");
    cell(s, MENOPAUSAL, "1", ERR_VALUE_SYNTAX, false, 0);
    static const char *const bad[] = {"0x20", "nan", "inf", "-inf", "1e999", "4O", "40 years",    "--40",
                                      "4e",   ".",   "e5",  "1e39", "+",     "N",  "\xEF\xBC\x94"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cell(s, AGE, bad[i], ERR_VALUE_SYNTAX, false, 0);
    static const char *const blank[] = {" 40", "40 ", "40\t", "\302\24040"};
    for (size_t i = 0; i < sizeof blank / sizeof blank[0]; i++) {
        cell(s, AGE, blank[i], ERR_VALUE_SYNTAX, false, 0);
        says("a space before or after");
    }
    s->fields[AGE].missing_allowed = false;
    cell(s, AGE, "", ERR_VALUE_MISSING, false, 0);
    cell(s, AGE, "unknown", ERR_VALUE_MISSING, false, 0);
    says("age");
    schema_free(s);
}

#define FIELD "name: s\nfields:\n  - "
static const struct {
    const char *yaml;
    int code;
    const char *says;
} bad_files[] = {
    {"", ERR_YAML, "empty"},
    {"# nothing\n", ERR_YAML, "no document"},
    {"name: s\nfields:\n  - name: x\n    typ: number\n", ERR_YAML, "line 4, column 5: Unexpected key: typ"},
    {"name: s\nfieldz: []\n", ERR_YAML, "line 2, column 1: Unexpected key: fieldz"},
    {"name: s\n", ERR_YAML, "Missing required mapping field: fields"},
    {"name: s\nname: t\nfields: []\n", ERR_YAML, "already seen"},
    {FIELD "{name: x, type: numbr, missing_allowed: true}", ERR_YAML, "Invalid ENUM value: numbr"},
    {FIELD "{name: x, type: number, min: 0, max: 1, missing_allowed: ture}", ERR_YAML, "Invalid ENUM value: ture"},
    {FIELD "{name: x, type: number, min: 0, max: 1}", ERR_YAML, "missing_allowed"},
    {FIELD "{name: x, type: number, min: abc, max: 1, missing_allowed: true}", ERR_SCHEMA, "schema field 1: min: \"abc\" is not a number"},
    {FIELD "{name: x, type: number, min: 18x, max: 100, missing_allowed: true}", ERR_SCHEMA, "18x"},
    {FIELD "{name: x, type: number, min: 0, max: 1, missing_allowed: true}\n---\nname: t\n", ERR_YAML, "documents"},
    {FIELD "&f {name: x, type: number, min: 0, max: 1, missing_allowed: true}\n  - *f\n", ERR_YAML, "alias"},
    {"[[[[[[[[", ERR_YAML, "MAPPING"},
    {"name: [[[[[[[[", ERR_YAML, "STRING"},
    {"name: s\nfields: [\n", ERR_YAML, "line"},
    {"name: \"\xFF\"\nfields: []\n", ERR_YAML, ""},
    {"name: s\nfields: []\n", ERR_SCHEMA, "1 to 64 fields"},
    {FIELD "{name: x, type: number, min: 2, max: 1, missing_allowed: true}", ERR_SCHEMA, "`min` 2 is above `max` 1"},
    {FIELD "{name: x, type: number, min: 0, missing_allowed: true}", ERR_SCHEMA, "min"},
    {FIELD "{name: x, type: number, min: nan, max: 1, missing_allowed: true}", ERR_SCHEMA, "nan"},
    {FIELD "{name: x, type: number, min: 0, max: .inf, missing_allowed: true}", ERR_SCHEMA, ".inf"},
    {FIELD "{name: x, type: number, min: 0, max: 1e999, missing_allowed: true}", ERR_SCHEMA, "too large"},
    {FIELD "{name: x, type: number, min: 0, max: 1, codes: [a, b], missing_allowed: true}", ERR_SCHEMA, "codes"},
    {FIELD "{name: x, type: ordered, missing_allowed: true}", ERR_SCHEMA, "codes"},
    {FIELD "{name: x, type: ordered, codes: [], missing_allowed: true}", ERR_SCHEMA, "`codes`"},
    {FIELD "{name: x, type: ordered, codes: [a], missing_allowed: true}", ERR_SCHEMA, "2 to 64"},
    {FIELD "{name: x, type: ordered, codes: [a, ''], missing_allowed: true}", ERR_SCHEMA, "code 2"},
    {FIELD "{name: x, type: ordered, codes: [a, 'b '], missing_allowed: true}", ERR_SCHEMA, "code 2"},
    {FIELD "{name: x, type: ordered, codes: [a, A], missing_allowed: true}", ERR_SCHEMA, "twice"},
    {FIELD "{name: x, type: category, codes: [a, unknown], missing_allowed: true}", ERR_SCHEMA, "unknown"},
    {FIELD "{name: '', type: ordered, codes: [a, b], missing_allowed: true}", ERR_SCHEMA, "field name"},
    {FIELD "{name: 'a b', type: ordered, codes: [a, b], missing_allowed: true}", ERR_SCHEMA, "field name"},
    {FIELD "{name: mg_cc, type: ordered, codes: [a, b], missing_allowed: true}", ERR_SCHEMA, "column name of the exam table"},
    {FIELD "{name: us3_path, type: ordered, codes: [a, b], missing_allowed: true}", ERR_SCHEMA, "column name of the exam table"},
    {FIELD "{name: clinic_info3, type: ordered, codes: [a, b], missing_allowed: true}", ERR_SCHEMA, "column name of the exam table"},
    {FIELD
     "{name: x, type: ordered, codes: [a, b], missing_allowed: true}\n  - {name: x, type: number, min: 0, max: 1, missing_allowed: true}",
     ERR_SCHEMA, "schema field 2: the name \"x\" appears twice"},
};

static void bad_yaml(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bad_files / sizeof bad_files[0]; i++) {
        struct schema *s = NULL;
        err = (struct err){0};
        int code = schema_parse_yaml(&s, bad_files[i].yaml, strlen(bad_files[i].yaml), &err);
        if (code != bad_files[i].code || s != NULL || strstr(err.message, bad_files[i].says) == NULL)
            fail_msg("%s\n-> %s: %s", bad_files[i].yaml, err_name(code), err.message);
    }
}

static void too_much_yaml(void **state) {
    (void)state;
    struct schema *s = NULL;
    size_t n = 2 * 1024 * 1024;
    char *text = malloc(n);
    assert_non_null(text);
    memset(text, '[', n);
    assert_int_equal(schema_parse_yaml(&s, text, n, &err), ERR_LIMIT);
    assert_int_equal(schema_parse_yaml(&s, text, 1024 * 1024, &err), ERR_YAML); /* deep nesting, at the size limit */
    struct buf b;
    buf_init(&b);
    buf_printf(&b, &err, "name: s\nfields:\n");
    for (int i = 0; i < SCHEMA_FIELDS_MAX + 1; i++)
        buf_printf(&b, &err, "  - {name: f%d, type: number, min: 0, max: 1, missing_allowed: true}\n", i);
    assert_int_equal(schema_parse_yaml(&s, b.data, b.size, &err), ERR_YAML);
    buf_clear(&b);
    buf_printf(&b, &err, "name: s\nfields:\n  - {name: f, type: ordered, missing_allowed: true, codes: [");
    for (int i = 0; i < SCHEMA_CODES_MAX + 1; i++)
        buf_printf(&b, &err, "c%d, ", i);
    buf_printf(&b, &err, "]}\n");
    assert_int_equal(schema_parse_yaml(&s, b.data, b.size, &err), ERR_YAML);
    assert_int_equal(schema_parse_yaml(&s, "name: s\n\0", 9, &err), ERR_YAML);
    says("NUL");
    assert_int_equal(schema_read_yaml(&s, "/nonexistent/s.yml", &err), ERR_FILE_MISSING);
    assert_null(s);
    buf_release(&b);
    free(text);
}

static void bad_json(void **state) {
    (void)state;
    static const char *const bad[] = {
        "[]",
        "{}",
        "{\"name\":\"s\",\"fields\":{}}",
        "{\"name\":\"s\",\"fields\":[1]}",
        "{\"name\":1,\"fields\":[]}",
        "{\"name\":\"s\",\"fields\":[{\"name\":\"x\",\"type\":\"number\",\"min\":\"0\",\"max\":1,\"missing_allowed\":true}]}",
        "{\"name\":\"s\",\"fields\":[{\"name\":\"x\",\"type\":\"number\",\"min\":0,\"max\":1,\"missing_allowed\":1}]}",
        "{\"name\":\"s\",\"fields\":[{\"name\":\"x\",\"type\":\"number\",\"min\":0,\"max\":1,\"missing_allowed\":true,\"more\":1}]}",
        "{\"name\":\"s\",\"more\":1,\"fields\":[{\"name\":\"x\",\"type\":\"number\",\"min\":0,\"max\":1,\"missing_allowed\":true}]}",
        "{\"name\":\"s\",\"fields\":[{\"name\":\"x\",\"type\":\"ordered\",\"codes\":[1,2],\"missing_allowed\":true}]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct schema *s = NULL;
        struct json *j = NULL;
        assert_int_equal(json_read(&j, bad[i], strlen(bad[i]), ERR_INTERNAL, &err), 0);
        if (schema_from_json(&s, j, &err) != ERR_SCHEMA || s != NULL)
            fail_msg("accepted: %s", bad[i]);
        json_free(j);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_schema), cmocka_unit_test(json_round_trip), cmocka_unit_test(cells),
        cmocka_unit_test(bad_yaml),       cmocka_unit_test(too_much_yaml),   cmocka_unit_test(bad_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
