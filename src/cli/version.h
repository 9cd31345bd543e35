/* What this program is made of. Floor 9. */
#ifndef BMU_CLI_VERSION_H
#define BMU_CLI_VERSION_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

/* Version, commit and libraries, those of the decoder as it says itself; without a decoder its line says so. */
int version_print(FILE *stream, bool json, struct err *e);

#endif
