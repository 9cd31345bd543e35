/* What a model is, as JSON: bmunet info --json, and what an embedding program reads. Floor 6. */
#ifndef BMU_MODEL_DESCRIBE_H
#define BMU_MODEL_DESCRIBE_H

#include "file/json.h"
#include "model/model.h"

/* Members as docs/FORMATS.md lists them under "bmunet info --json". file: its name, NULL: there is none. See json.h for how building fails.
 * Owned by the caller. */
struct json *model_describe(const struct model *m, const char *file);

#endif
