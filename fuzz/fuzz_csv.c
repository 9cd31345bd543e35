/* Any bytes as a table and as an exam table: without a schema, with one, and with a column to ignore. Fuzzing, above all floors. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cohort/manifest.h"
#include "file/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FIELD(name, type, rest) "  - {name: " name ", type: " type ", " rest ", missing_allowed: true}\n"
static const char fields[] = "name: fuzz\nfields:\n" FIELD("age", "number", "min: 18, max: 100")
    FIELD("menopausal", "ordered", "codes: [pre, post]") FIELD("bmi", "number", "min: 12, max: 70");

static const struct schema *schema(void) {
    static struct schema *s; /* kept to the end: parsing it each time would be most of the time */
    if (s == NULL && schema_parse_yaml(&s, fields, sizeof fields - 1, NULL) != 0)
        abort();
    return s;
}

/* What every reader of a manifest relies on. */
static void check(const struct manifest *m, const struct schema *s) {
    for (size_t i = 0; i < m->n; i++) {
        const struct exam *x = &m->rows[i].exam;
        const struct exam_fault *fault = &m->rows[i].fault;
        if (x->exam_id[0] == '\0' || x->patient_id == NULL || fault->reason == NULL || (fault->code != 0) != (fault->reason[0] != '\0') ||
            m->rows[i].line == 0)
            abort();
        if ((fault->code == 0 && exam_slots(x) == 0) || (x->clinical != NULL) != (s != NULL))
            abort();
        for (size_t f = 0; s != NULL && f < s->n_fields; f++)
            if (!m->positional_clinical && x->clinical[f].present && s->fields[f].type != FIELD_NUMBER &&
                x->clinical[f].value >= (double)s->fields[f].n_codes)
                abort();
    }
}

static void as_manifest(const char *text, size_t n, const struct manifest_options *options) {
    struct manifest *m = NULL;
    struct err e = {0};
    int code = manifest_parse(&m, text, n, "folder", options, &e);
    if ((code == 0) != (m != NULL) || code != e.code || (code != 0 && e.message[0] == '\0'))
        abort();
    if (m != NULL)
        check(m, options->schema);
    manifest_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const ignore[] = {"note"};
    const char *text = (const char *)data;
    struct arena arena;
    struct csv table;
    struct err e = {0};
    size_t bytes = 0;
    arena_init(&arena, 0);
    if (csv_parse(&table, &arena, text, size, &e) == 0)
        for (size_t r = 0; r < table.n_rows; r++)
            for (size_t c = 0; c < table.n_columns; c++)
                bytes += strlen(csv_cell(&table, r, c));
    if (bytes > size)
        abort();
    arena_release(&arena);
    const struct manifest_options plain = {0}, clinical = {.schema = schema()},
                                  ignoring = {.schema = schema(), .ignore_columns = ignore, .n_ignore_columns = 1};
    as_manifest(text, size, &plain);
    as_manifest(text, size, &clinical);
    as_manifest(text, size, &ignoring);
    return 0;
}
