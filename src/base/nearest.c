/* The distance of two words. Floor 0. */
#include "base/nearest.h"

#include <string.h>

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static unsigned change_cost(char a, char b) {
    return a == b ? 0 : lower(a) == lower(b) ? 1 : 2;
}

unsigned nearest_distance(const char *a, const char *b) {
    unsigned row[NEAREST_COMPARED + 1];
    size_t na = strnlen(a, NEAREST_COMPARED), nb = strnlen(b, NEAREST_COMPARED);
    for (size_t j = 0; j <= nb; j++)
        row[j] = 2 * (unsigned)j;
    for (size_t i = 1; i <= na; i++) {
        unsigned corner = row[0];
        row[0] = 2 * (unsigned)i;
        for (size_t j = 1; j <= nb; j++) {
            unsigned best = corner + change_cost(a[i - 1], b[j - 1]);
            if (row[j] + 2 < best)
                best = row[j] + 2;
            if (row[j - 1] + 2 < best)
                best = row[j - 1] + 2;
            corner = row[j];
            row[j] = best;
        }
    }
    return row[nb];
}
