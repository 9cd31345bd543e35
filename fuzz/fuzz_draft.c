/* Any lines as the words of one exam's command line: without a schema and with one. Files are named and never opened. Fuzzing, above all
 * floors. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scan/draft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char fields[] = "name: fuzz\nfields:\n"
                             "  - {name: age, type: number, min: 18, max: 100, missing_allowed: true}\n"
                             "  - {name: menopausal, type: ordered, codes: [pre, post], missing_allowed: false}\n"
                             "  - {name: chief_complaint, type: category, codes: [none, lump], missing_allowed: true}\n";

static const struct schema *schema(void) {
    static struct schema *s; /* kept to the end */
    if (s == NULL && schema_parse_yaml(&s, fields, sizeof fields - 1, NULL) != 0)
        abort();
    return s;
}

/* What preparation and prediction rely on. */
static void check(const struct draft *d, const struct schema *s) {
    const struct exam *x = draft_exam(d);
    const struct exam_fault *fault = draft_fault(d);
    if ((fault->code != 0) != (fault->reason[0] != '\0') || (fault->code == 0 && exam_slots(x) == 0))
        abort();
    if (x->exam_id == NULL || x->patient_id == NULL || (x->side[0] != '\0' && strcmp(x->side, "L") != 0 && strcmp(x->side, "R") != 0))
        abort();
    for (int v = 0; v < SLOT_COUNT; v++)
        if (exam_has(x, (enum slot)v) && (x->source[v].kind != SOURCE_FILE || x->source[v].name[0] == '\0'))
            abort();
    if ((x->clinical != NULL) != (s != NULL))
        abort();
    for (size_t f = 0; s != NULL && f < s->n_fields; f++) {
        const struct clinical *c = &x->clinical[f];
        const double most = s->fields[f].type == FIELD_NUMBER ? s->fields[f].max : (double)s->fields[f].n_codes - 1;
        if (c->present && !(c->value >= (s->fields[f].type == FIELD_NUMBER ? s->fields[f].min : 0) && c->value <= most))
            abort();
        if (!c->present && !s->fields[f].missing_allowed && fault->code == 0)
            abort();
    }
}

static void as_words(const char *text, const struct schema *s) {
    struct draft *d = NULL;
    bool file = false;
    int code = draft_new(&d, s, NULL);
    for (const char *line = text; code == 0 && *line != '\0';) {
        struct err e = {0};
        const size_t n = strcspn(line, "\n");
        char *word = strndup(line, n);
        if (word == NULL)
            abort();
        const bool pair = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") > 0 &&
                          word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '=';
        code = draft_word(d, word, &e);
        if (code != e.code || (code != 0 && e.message[0] == '\0') || (code != 0 && code != ERR_USAGE && code != ERR_LIMIT))
            abort();
        file = file || (code == 0 && !pair);
        free(word); /* nothing in the draft may point into it */
        line += n + (line[n] == '\n');
    }
    if (code == 0 && !file && draft_finish(d, NULL, NULL) == 0) /* without a file to place no decoder is asked */
        check(d, s);
    draft_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = strndup((const char *)data, size);
    if (text == NULL)
        abort();
    as_words(text, NULL);
    as_words(text, schema());
    free(text);
    return 0;
}
