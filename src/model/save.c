/* Writing model files. Floor 6. */
#include "model/save.h"

#include "file/json.h"
#include "model/config.h"

static struct json *statistics_json(const struct model_file *f) {
    struct json *j = json_object(), *mean = json_array(), *std = json_array();
    for (size_t i = 0; i < f->schema->n_fields; i++) {
        json_push_number(mean, f->clinical_mean[i]);
        json_push_number(std, f->clinical_std[i]);
    }
    json_put(j, "mean", mean);
    json_put(j, "std", std);
    return j;
}

int model_write(const char *path, const struct model_file *f, const struct array *arrays, size_t n, struct err *e) {
    enum { CONFIG, SCHEMA, VENDORS, STATISTICS, TREE, TREE_HASH, TEXTS };
    const bool clinical = f->config->clinical != CLINICAL_NONE;
    const char *pairs[2 + TEXTS + MODEL_FILE_MORE_MAX][2] = {{"format", "pt"}, {"bmunet.format", "1"}};
    size_t n_pairs = 2;
    struct buf text[TEXTS];
    for (int i = 0; i < TEXTS; i++)
        buf_init(&text[i]);
    int rc = json_text(&text[CONFIG], config_to_json(f->config), e);
    if (rc == 0 && clinical)
        rc = json_text(&text[SCHEMA], schema_to_json(f->schema), e);
    if (rc == 0 && f->config->prep.vendors)
        rc = json_text(&text[VENDORS], vendors_to_json(f->config->prep.vendors), e);
    if (rc == 0 && clinical && f->clinical_mean)
        rc = json_text(&text[STATISTICS], statistics_json(f), e);
    if (rc == 0)
        rc = json_text(&text[TREE], tree_to_json(f->tree), e);
    if (rc)
        goto out;
    const char *const known[TEXTS][2] = {[CONFIG] = {"bmunet.config", text[CONFIG].data},
                                         [SCHEMA] = {"bmunet.schema", text[SCHEMA].data},
                                         [VENDORS] = {"bmunet.vendors", text[VENDORS].data},
                                         [STATISTICS] = {"bmunet.clinical_statistics", text[STATISTICS].data},
                                         [TREE] = {"bmunet.tree", text[TREE].data},
                                         [TREE_HASH] = {"bmunet.tree_sha256", f->tree->sha256[0] ? f->tree->sha256 : NULL}};
    for (int i = 0; i < TEXTS + (int)f->n_more; i++) {
        const char *const *pair = i < TEXTS ? known[i] : f->more[i - TEXTS];
        if (!pair[1])
            continue;
        pairs[n_pairs][0] = pair[0];
        pairs[n_pairs++][1] = pair[1];
    }
    rc = safetensors_write(path, arrays, n, (const char *const(*)[2])pairs, n_pairs, e);
out:
    for (int i = 0; i < TEXTS; i++)
        buf_release(&text[i]);
    return rc;
}
