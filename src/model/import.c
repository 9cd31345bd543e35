/* Writing model files: from a published checkpoint, or fresh. Floor 3. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "model/config.h"

/* What every model file of ours says of itself. */
static const char tree_json[] = "{\"name\":\"bmu5\",\"approved_by\":\"\",\"levels\":[{\"name\":\"benign\",\"tiers\":[\"T1\",\"T2\"]},"
                                "{\"name\":\"malignant\",\"tiers\":[\"T3\",\"T4\",\"T5\"]}]}";

enum { METADATA_MAX = 8 };
struct metadata {
    struct arena arena;
    const char *pairs[METADATA_MAX][2];
    size_t n;
};

static void put(struct metadata *m, const char *key, const char *value) {
    m->pairs[m->n][0] = key;
    m->pairs[m->n++][1] = value;
}

/* Takes j over. */
static int put_json(struct metadata *m, const char *key, struct json *j, struct err *e) {
    struct buf text;
    buf_init(&text);
    int rc = json_ok(j) ? json_write(j, &text, e) : err_set(e, ERR_NO_MEMORY, "no memory for the metadata");
    const char *kept = rc == 0 ? arena_strdup(&m->arena, text.data, e) : NULL;
    json_free(j);
    buf_release(&text);
    if (!kept)
        return rc ? rc : ERR_NO_MEMORY;
    put(m, key, kept);
    return 0;
}

static int common_metadata(struct metadata *m, const struct model_config *c, const struct schema *schema, struct err *e) {
    arena_init(&m->arena, 0);
    put(m, "format", "pt");
    put(m, "bmunet.format", "1");
    put(m, "bmunet.tree", tree_json);
    int rc = put_json(m, "bmunet.config", config_to_json(c), e);
    if (rc == 0 && c->prep.vendors)
        rc = put_json(m, "bmunet.vendors", vendors_to_json(c->prep.vendors), e);
    if (rc == 0 && c->clinical != CLINICAL_NONE)
        rc = put_json(m, "bmunet.schema", schema_to_json(schema), e);
    return rc;
}

static const char *first_conv(enum network n) {
    return n == NETWORK_MG ? "backbone.0.weight" : n == NETWORK_US ? "model2.backbone.0.weight" : "model1.backbone.0.weight";
}

/* The width and the number of clinical inputs, read off the checkpoint; what does not fit is reported by keys_check() with names. */
static struct model_config config_of(const struct archive *a, const struct model_import *how) {
    const struct array *conv = archive_find(a, first_conv(how->network)), *head = archive_find(a, "head.weight");
    const int width = conv && conv->rank == 4 && conv->shape[0] == WIDTH_SMALL ? WIDTH_SMALL : WIDTH_FULL;
    int64_t n = how->schema ? (int64_t)how->schema->n_fields : 0;
    if (how->clinical == CLINICAL_CONCAT && head && head->rank == 2 && head->shape[1] > FEATURES_PER_WIDTH * width &&
        head->shape[1] - FEATURES_PER_WIDTH * width <= SCHEMA_FIELDS_MAX)
        n = head->shape[1] - FEATURES_PER_WIDTH * width;
    return config_make(how->network, how->variant, how->clinical, (int)n, width);
}

static int write_model(const char *out_path, const struct keys *k, const struct array *arrays, const struct metadata *m, struct err *e) {
    return safetensors_write(out_path, arrays, k->n, m->pairs, m->n, e);
}

int model_import(const char *out_path, const struct archive *checkpoint, const struct model_import *how, struct err *e) {
    const struct model_config c = config_of(checkpoint, how);
    struct metadata m = {0};
    struct keys k;
    struct array *arrays = NULL;
    char hex[SHA256_HEX_SIZE];
    keys_init(&k);
    int rc = config_check(&c, how->schema, e);
    if (rc)
        goto out;
    config_keys(&k, &c, how->schema);
    if ((rc = keys_check(&k, checkpoint, e)))
        goto out;
    if (!(arrays = mem_alloc(k.n, sizeof *arrays, e))) {
        rc = ERR_NO_MEMORY;
        goto out;
    }
    for (size_t i = 0; i < k.n; i++)
        arrays[i] = *archive_find(checkpoint, k.list[i].name);
    if ((rc = common_metadata(&m, &c, how->schema, e)))
        goto out;
    struct json *source = json_object();
    sha256_hex(how->source_sha256, hex);
    json_put_string(source, "file", how->source_name);
    json_put_string(source, "sha256", hex);
    if ((rc = put_json(&m, "bmunet.source", source, e)) == 0)
        rc = write_model(out_path, &k, arrays, &m, e);
out:
    arena_release(&m.arena);
    keys_release(&k);
    free(arrays);
    return rc;
}

int model_init(const char *out_path, const struct model_init_options *o, struct err *e) {
    struct model_config c =
        config_make(o->network, o->variant, o->clinical, o->schema ? (int)o->schema->n_fields : 0, o->small ? WIDTH_SMALL : WIDTH_FULL);
    struct metadata m = {0};
    struct keys k;
    struct array *arrays = NULL;
    struct arena arena;
    keys_init(&k);
    arena_init(&arena, 0);
    int rc = 0;
    if (o->prep && !config_use_profile(&c, o->prep))
        rc = err_set(e, ERR_CONFIG, "no preprocessing profile is called '%s'", o->prep);
    c.prep.vendors = o->vendors;
    if (rc || (rc = config_check(&c, o->schema, e)))
        goto out;
    config_keys(&k, &c, o->schema);
    arrays = mem_alloc(k.n, sizeof *arrays, e);
    if (!arrays) {
        rc = ERR_NO_MEMORY;
        goto out;
    }
    if ((rc = keys_fill(&k, o->seed, arrays, &arena, e)) || (rc = common_metadata(&m, &c, o->schema, e)))
        goto out;
    struct json *source = json_object();
    json_put_integer(source, "seed", (int64_t)o->seed);
    put(&m, "bmunet.untrained", "true");
    if ((rc = put_json(&m, "bmunet.source", source, e)) == 0)
        rc = write_model(out_path, &k, arrays, &m, e);
out:
    arena_release(&m.arena);
    arena_release(&arena);
    keys_release(&k);
    free(arrays);
    return rc;
}
