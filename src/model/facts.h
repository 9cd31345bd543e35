/* The contents of a model file: configuration, schema, statistics and arrays, all checked. Floor 6.
 * Behind both a model that predicts (model.c) and a network that learns (src/train). */
#ifndef BMU_MODEL_FACTS_H
#define BMU_MODEL_FACTS_H

#include <stddef.h>
#include <stdint.h>

#include "ckpt/archive.h"
#include "exam/schema.h"
#include "model/model.h"

struct model_facts {
    struct model_config config;
    struct schema *schema;                /* NULL: takes no clinical data */
    struct tree *tree;                    /* what the outputs mean */
    struct vendors *vendors;              /* NULL: none; config.prep borrows it */
    struct archive *archive;              /* its arrays have passed keys_check() */
    uint8_t sha256[32];                   /* of the file */
    size_t parameters;                    /* trained numbers */
    double *clinical_mean, *clinical_std; /* per schema field, for the token */
};
/* Release it also after a failure. Errors as model_open(). */
int model_facts_open(struct model_facts *f, const char *path, struct err *e);
int model_facts_open_bytes(struct model_facts *f, const void *bytes, size_t n, struct err *e);
/* The same network over other numbers: n arrays in the caller's memory, which must outlive it. No hash, no metadata. */
int model_facts_over(struct model_facts *f, const struct model_facts *like, const struct array *arrays, size_t n, struct err *e);
void model_facts_release(struct model_facts *f);

#endif
