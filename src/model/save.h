/* Writing model files. Floor 6. */
#ifndef BMU_MODEL_SAVE_H
#define BMU_MODEL_SAVE_H

#include <stddef.h>

#include "base/err.h"
#include "ckpt/archive.h"
#include "exam/tree.h"
#include "model/model.h"

/* The metadata of every model file that we write. */
struct model_file {
    const struct model_config *config;
    const struct schema *schema;                /* NULL if the network takes no clinical data */
    const double *clinical_mean, *clinical_std; /* per field of the schema, of the training set; NULL: not known */
    const struct tree *tree;                    /* what the outputs mean */
    const char *const (*more)[2];               /* further pairs of key and value for the metadata */
    size_t n_more;
};
enum { MODEL_FILE_MORE_MAX = 8 };
/* arrays: n of them, those of config_keys() in its order. Replaced whole. */
int model_write(const char *path, const struct model_file *f, const struct array *arrays, size_t n, struct err *e);

#endif
