/* YAML through libcyaml, by a description of what the file may hold. Floor 1. Only *_yaml.c files include cyaml.h.
 *
 * One document of at most YAML_FILE_MAX bytes; anchors may be written, aliases are refused (so nothing can grow), unknown, missing and
 * repeated keys and values of another type are refused with line and column. Nothing is printed: the library's log goes into the error.
 */
#ifndef BMU_FILE_YAML_H
#define BMU_FILE_YAML_H

#include <stddef.h>

#include "base/err.h"

enum { YAML_FILE_MAX = 1024 * 1024 };

struct cyaml_schema_value; /* cyaml.h */

/* Parse n bytes into what `shape` describes (a pointer at its top). ERR_YAML, ERR_LIMIT, ERR_NO_MEMORY. Free with yaml_discard() and the
 * same shape. */
int yaml_read(void **out, const char *text, size_t n, const struct cyaml_schema_value *shape, struct err *e);
void yaml_discard(void *data, const struct cyaml_schema_value *shape); /* NULL is allowed */

/* "libcyaml 1.3.1": the library and its version, for provenance. */
void yaml_library(char out[32]);

#endif
