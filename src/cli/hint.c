/* Which option helps. Floor 9. */
#include "cli/hint.h"

#include <stddef.h>
#include <string.h>

#include "base/err.h"

static const struct {
    const char *verb;
    int code;
    const char *text;
} hints[] = {
    {"predict", ERR_CSV_COLUMN_UNKNOWN, "--ignore-column NAME leaves a column out"},
    {"prep", ERR_CSV_COLUMN_UNKNOWN, "--ignore-column NAME leaves a column out"},
    {"train", ERR_CSV_COLUMN_UNKNOWN, "--ignore-column NAME leaves a column out"},
    {"split", ERR_CSV_COLUMN_UNKNOWN, "--ignore-column NAME leaves a column out"},
    {"split", ERR_SPLIT_NO_PATIENT, "--no-patient-id-ok takes each such exam as a patient of its own"},
    {"train", ERR_INTERRUPTED, "--resume continues the run"},
    {"scan", ERR_SCAN_NO_TAGS, "--names PATTERN derives it from the file name"},
    {"scan", ERR_SCAN_PLANE, "--us-order first-is-transverse takes the first of two as transverse"},
    {"deidentify", ERR_DEIDENTIFY_PIXELS, "--keep-burned-in writes it as it is, not marked as clean"},
};

const char *hint_for(const char *verb, int code) {
    for (size_t i = 0; verb && i < sizeof hints / sizeof *hints; i++)
        if (hints[i].code == code && strcmp(hints[i].verb, verb) == 0)
            return hints[i].text;
    return "";
}
