/* The contents of a model file, checked. Floor 6. */
#include "model/facts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "file/json.h"
#include "model/config.h"

static int metadata_json(struct json **out, const struct model_facts *f, const char *key, struct err *e) {
    const char *text = archive_metadata(f->archive, key);
    if (!text)
        return err_set(e, ERR_MODEL_METADATA,
                       "the file has no '%s' in its metadata; is it a bmunet model? Convert a PyTorch checkpoint with 'bmunet import'",
                       key);
    const int rc = json_read(out, text, strlen(text), ERR_MODEL_METADATA, e);
    return rc ? err_prefix(e, "%s", key), rc : 0;
}

static int open_schema(struct model_facts *f, struct err *e) {
    struct json *j = NULL;
    if (f->config.clinical == CLINICAL_NONE)
        return 0;
    int rc = metadata_json(&j, f, "bmunet.schema", e);
    if (rc == 0)
        rc = schema_from_json(&f->schema, j, e);
    json_free(j);
    return rc;
}

static int take_tree_hash(struct tree *t, const char *hex, struct err *e) {
    if (!hex)
        return 0; /* files written before it was kept */
    if (strlen(hex) != SHA256_HEX_SIZE - 1 || strspn(hex, "0123456789abcdef") != SHA256_HEX_SIZE - 1)
        return err_set(e, ERR_MODEL_METADATA, "bmunet.tree_sha256 is no SHA-256");
    memcpy(t->sha256, hex, SHA256_HEX_SIZE);
    return 0;
}

/* The tree inside is what the outputs mean, whatever tree stands on the disk by now. */
static int open_tree(struct model_facts *f, struct err *e) {
    struct json *j = NULL;
    int rc = metadata_json(&j, f, "bmunet.tree", e);
    if (rc == 0 && (rc = tree_from_json(&f->tree, j, e)))
        err_prefix(e, "bmunet.tree");
    json_free(j);
    if (rc || (rc = take_tree_hash(f->tree, archive_metadata(f->archive, "bmunet.tree_sha256"), e)))
        return rc;
    f->config.n_leaves = (int)f->tree->n_leaves;
    int nodes[TREE_LEAVES_MAX];
    if (f->config.evidence.kinds && ((size_t)f->config.evidence.level >= f->tree->n_levels ||
                                     tree_level(nodes, f->tree, (size_t)f->config.evidence.level) != (size_t)f->config.evidence.kinds))
        return err_set(e, ERR_MODEL_METADATA, "bmunet.config: evidence: level %d of the tree %s does not have %d nodes",
                       f->config.evidence.level, f->tree->name, f->config.evidence.kinds);
    return config_check_head(&f->config, f->archive, f->tree, e);
}

/* The vendor table, which can change pixels and so belongs to the profile. */
static int open_vendors(struct model_facts *f, struct err *e) {
    struct json *j = NULL;
    if (!archive_metadata(f->archive, "bmunet.vendors"))
        return 0;
    int rc = metadata_json(&j, f, "bmunet.vendors", e);
    if (rc == 0)
        rc = vendors_from_json(&f->vendors, j, e);
    f->config.prep.vendors = f->vendors;
    json_free(j);
    return rc;
}

/* The training set's mean and standard deviation of each clinical field; 0 and 1 for a model that was never trained with a token. */
static int open_clinical_statistics(struct model_facts *f, struct err *e) {
    const size_t n = f->schema ? f->schema->n_fields : 0;
    struct json *j = NULL;
    int rc = 0;
    f->clinical_mean = mem_alloc(n + 1, sizeof(double), e);
    f->clinical_std = mem_alloc(n + 1, sizeof(double), e);
    if (!f->clinical_mean || !f->clinical_std)
        return ERR_NO_MEMORY;
    const bool have = archive_metadata(f->archive, "bmunet.clinical_statistics") != NULL;
    if (have && (rc = metadata_json(&j, f, "bmunet.clinical_statistics", e)))
        return rc;
    for (size_t i = 0; i < n && rc == 0; i++) {
        f->clinical_mean[i] = have ? json_number(json_at(json_get(j, "mean"), i), NAN) : 0.0;
        f->clinical_std[i] = have ? json_number(json_at(json_get(j, "std"), i), NAN) : 1.0;
        if (!isfinite(f->clinical_mean[i]) || !isfinite(f->clinical_std[i]) || f->clinical_std[i] <= 0)
            rc = err_set(e, ERR_MODEL_METADATA, "bmunet.clinical_statistics: field %zu has no mean or no positive standard deviation",
                         i + 1);
    }
    json_free(j);
    return rc;
}

static int check_keys(struct model_facts *f, struct err *e) {
    struct keys k;
    keys_init(&k);
    config_keys(&k, &f->config, f->schema);
    const int rc = keys_check(&k, f->archive, e);
    for (size_t i = 0; i < k.n; i++)
        f->parameters += key_is_trained(&k.list[i]) ? key_count(&k.list[i]) : 0;
    keys_release(&k);
    return rc;
}

/* What stands in f->archive; name: for messages. */
static int read_facts(struct model_facts *f, const char *name, struct err *e) {
    struct json *config = NULL;
    int rc;
    if ((rc = metadata_json(&config, f, "bmunet.config", e)) || (rc = config_from_json(&f->config, config, e)) || (rc = open_tree(f, e)) ||
        (rc = open_vendors(f, e)) || (rc = open_schema(f, e)) || (rc = config_check(&f->config, f->schema, e)) ||
        (rc = open_clinical_statistics(f, e)) || (rc = check_keys(f, e)) || (rc = archive_sha256(f->archive, f->sha256, e)))
        err_prefix(e, "%s", name);
    json_free(config);
    return rc;
}

int model_facts_open(struct model_facts *f, const char *path, struct err *e) {
    memset(f, 0, sizeof *f);
    const int rc = safetensors_open(&f->archive, path, e);
    return rc ? rc : read_facts(f, path, e);
}

int model_facts_open_bytes(struct model_facts *f, const void *bytes, size_t n, struct err *e) {
    static const char name[] = "model in memory";
    memset(f, 0, sizeof *f);
    const int rc = safetensors_copy(&f->archive, bytes, n, e);
    return rc ? err_prefix(e, "%s", name), rc : read_facts(f, name, e);
}

static int copy_schema(struct schema **out, const struct schema *s, struct err *e) {
    struct json *j = schema_to_json(s);
    const int rc = json_ok(j) ? schema_from_json(out, j, e) : err_set(e, ERR_NO_MEMORY, "no memory for the schema");
    json_free(j);
    return rc;
}

static int copy_tree(struct tree **out, const struct tree *t, struct err *e) {
    struct json *j = tree_to_json(t);
    const int rc = json_ok(j) ? tree_from_json(out, j, e) : err_set(e, ERR_NO_MEMORY, "no memory for the disease tree");
    json_free(j);
    if (rc == 0)
        memcpy((*out)->sha256, t->sha256, sizeof t->sha256);
    return rc;
}

int model_facts_over(struct model_facts *f, const struct model_facts *like, const struct array *arrays, size_t n, struct err *e) {
    memset(f, 0, sizeof *f);
    f->config = like->config; /* its vendor table is borrowed from `like`, which outlives this */
    const size_t fields = like->schema ? like->schema->n_fields : 0;
    int rc = archive_over(&f->archive, arrays, n, e);
    if (rc == 0 && like->schema)
        rc = copy_schema(&f->schema, like->schema, e);
    if (rc == 0)
        rc = copy_tree(&f->tree, like->tree, e);
    if (rc)
        return rc;
    f->clinical_mean = mem_alloc(fields + 1, sizeof(double), e);
    f->clinical_std = mem_alloc(fields + 1, sizeof(double), e);
    if (!f->clinical_mean || !f->clinical_std)
        return ERR_NO_MEMORY;
    memcpy(f->clinical_mean, like->clinical_mean, fields * sizeof(double));
    memcpy(f->clinical_std, like->clinical_std, fields * sizeof(double));
    return check_keys(f, e);
}

void model_facts_release(struct model_facts *f) {
    mem_free(f->clinical_mean);
    mem_free(f->clinical_std);
    schema_free(f->schema);
    tree_free(f->tree);
    vendors_free(f->vendors);
    archive_close(f->archive);
    memset(f, 0, sizeof *f);
}
