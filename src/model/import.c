/* Writing model files: from a published checkpoint, or fresh. Floor 6. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "model/config.h"
#include "model/save.h"

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
    return config_make(how->network, how->variant, how->clinical, (int)n, (int)how->tree->n_leaves, width);
}

int model_import(const char *out_path, const struct archive *checkpoint, const struct model_import *how, struct err *e) {
    const struct model_config c = config_of(checkpoint, how);
    struct keys k;
    struct array *arrays = NULL;
    struct buf source;
    buf_init(&source);
    keys_init(&k);
    int rc = config_check(&c, how->schema, e);
    if (rc || (rc = config_check_head(&c, checkpoint, how->tree, e)))
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
    struct json *j = json_object();
    char hex[SHA256_HEX_SIZE];
    sha256_hex(how->source_sha256, hex);
    json_put_string(j, "file", how->source_name);
    json_put_string(j, "sha256", hex);
    if ((rc = json_text(&source, j, e)) == 0) {
        const char *const more[][2] = {{"bmunet.source", source.data}};
        rc = model_write(out_path, &(struct model_file){.config = &c, .schema = how->schema, .tree = how->tree, .more = more, .n_more = 1},
                         arrays, k.n, e);
    }
out:
    buf_release(&source);
    keys_release(&k);
    mem_free(arrays);
    return rc;
}

int model_init(const char *out_path, const struct model_init_options *o, struct err *e) {
    struct model_config c = config_make(o->network, o->variant, o->clinical, o->schema ? (int)o->schema->n_fields : 0,
                                        (int)o->tree->n_leaves, o->small ? WIDTH_SMALL : WIDTH_FULL);
    struct keys k;
    struct array *arrays = NULL;
    struct arena arena;
    struct buf source;
    buf_init(&source);
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
    if ((rc = keys_fill(&k, o->seed, arrays, &arena, e)))
        goto out;
    struct json *j = json_object();
    json_put_integer(j, "seed", (int64_t)o->seed);
    if ((rc = json_text(&source, j, e)) == 0) {
        const char *const more[][2] = {{"bmunet.untrained", "true"}, {"bmunet.source", source.data}};
        rc = model_write(out_path, &(struct model_file){.config = &c, .schema = o->schema, .tree = o->tree, .more = more, .n_more = 2},
                         arrays, k.n, e);
    }
out:
    arena_release(&arena);
    buf_release(&source);
    keys_release(&k);
    mem_free(arrays);
    return rc;
}
