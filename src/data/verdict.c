/* Names of the states of an input. Floor 2. */
#include "data/verdict.h"

#include <assert.h>
#include <stddef.h>

const char *input_status_name(enum input_status s) {
    static const char *const names[] = {[INPUT_ABSENT] = "absent", [INPUT_USED] = "used", [INPUT_REFUSED] = "refused"};
    assert((int)s >= 0 && (size_t)s < sizeof names / sizeof *names);
    return names[s];
}
