/* Names of the states of an input, and its note. Floor 2. */
#include "data/verdict.h"

#include <assert.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

const char *input_status_name(enum input_status s) {
    static const char *const names[] = {[INPUT_ABSENT] = "absent", [INPUT_USED] = "used", [INPUT_REFUSED] = "refused"};
    assert((int)s >= 0 && (size_t)s < sizeof names / sizeof *names);
    return names[s];
}

void verdict_note(struct input_verdict *v, const char *format, ...) {
    const size_t n = strlen(v->note);
    va_list args;
    va_start(args, format);
    vsnprintf(v->note + n, sizeof v->note - n, format, args);
    va_end(args);
}
