/* BI-RADS categories and their spellings. Floor 5. */
#include "evaluate/birads.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char *const names[BIRADS_COUNT] = {"0", "1", "2", "3", "4a", "4", "4b", "4c", "5", "6"};

enum birads birads_read(const char *text) {
    for (int b = 0; b < BIRADS_COUNT; b++) {
        const size_t n = strlen(names[b]);
        const bool number = n == 1; /* "4.0": a column of numbers of which some were missing */
        if (strcasecmp(text, names[b]) == 0 || (number && *text == *names[b] && strcmp(text + 1, ".0") == 0))
            return b;
    }
    return BIRADS_UNREADABLE;
}

const char *birads_text(enum birads b) {
    return b >= 0 && b < BIRADS_COUNT ? names[b] : "";
}

enum birads birads_undivided(enum birads b) {
    return b == BIRADS_4A || b == BIRADS_4B || b == BIRADS_4C ? BIRADS_4 : b;
}
