/* bmunet.h: a model, opened with all that one exam needs. Floor 8. */
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "base/mem.h"
#include "model/describe.h"
#include "prep/cache.h"

static const uint64_t CACHE_BYTES = (uint64_t)20 << 30;

void bmunet_model_options_default(struct bmunet_model_options *options) {
    *options = (struct bmunet_model_options){0};
}

void api_log(const struct bmunet_model *m, enum bmunet_log_level level, const char *message) {
    if (m->options.log)
        m->options.log(m->options.log_ctx, level, message);
}

static int check_options(const struct bmunet_model_options *o, struct err *e) {
    const int flags[] = {o->bf16, o->exact, o->allow_partial, o->allow_tomosynthesis};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (flags[i] != 0 && flags[i] != 1)
            return err_set(e, ERR_USAGE, "struct bmunet_model_options: a switch is %d, not 0 or 1", flags[i]);
    if (o->threads < 0 || o->threads > POOL_THREADS_MAX)
        return err_set(e, ERR_USAGE, "struct bmunet_model_options: threads is %d, not 0 to %d", o->threads, POOL_THREADS_MAX);
    return api_reserved(o->reserved, sizeof o->reserved / sizeof *o->reserved, "bmunet_model_options", e);
}

static int keep_paths(struct bmunet_model *m, const char *path, const struct bmunet_paths *from, struct err *e) {
    struct paths p;
    int rc = api_paths(&p, from, e);
    if (!rc && ((path && !(m->path = mem_strdup(path, e))) || (p.decoder && !(m->decoder_path = mem_strdup(p.decoder, e))) ||
                (p.share && !(m->share_path = mem_strdup(p.share, e)))))
        rc = ERR_NO_MEMORY;
    m->paths = (struct paths){.decoder = m->decoder_path, .share = m->share_path};
    return rc;
}

static int list_nodes(struct bmunet_model *m, struct err *e) {
    const struct tree *t = model_tree(m->model);
    m->nodes = mem_alloc(t->n_nodes, sizeof *m->nodes, e);
    if (!m->nodes)
        return ERR_NO_MEMORY;
    const struct tree_node *positive = &t->nodes[t->positive];
    for (size_t i = 0; i < t->n_nodes; i++) {
        const struct tree_node *n = &t->nodes[i];
        m->nodes[i] = (struct bmunet_node){
            .name = n->name,
            .title = n->title,
            .level = (int)n->level,
            .parent = n->parent,
            .leaf = n->level + 1 == t->n_levels ? (int)n->first_leaf : -1,
            .positive = n->first_leaf >= positive->first_leaf && n->first_leaf < positive->first_leaf + positive->n_leaves,
        };
    }
    return 0;
}

static int list_fields(struct bmunet_model *m, struct err *e) {
    const struct schema *s = model_schema(m->model);
    if (!s)
        return 0;
    m->fields = mem_alloc(s->n_fields, sizeof *m->fields, e);
    if (!m->fields)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < s->n_fields; i++) {
        const struct schema_field *f = &s->fields[i];
        m->fields[i] = (struct bmunet_field){.name = f->name,
                                             .unit = f->unit,
                                             .type = (int)f->type,
                                             .min = f->min,
                                             .max = f->max,
                                             .missing_allowed = f->missing_allowed,
                                             .n_codes = f->n_codes,
                                             .codes = (const char *const *)f->codes};
    }
    return 0;
}

/* What stands around the network, once that is open. */
static int furnish(struct bmunet_model *m, const struct bmunet_model_options *o, struct err *e) {
    struct predictor_options how = {.allow_partial = o->allow_partial, .allow_tomosynthesis = o->allow_tomosynthesis};
    int rc = decoder_open(&m->decoder, &(struct decoder_options){.paths = &m->paths}, e);
    if (!rc && o->cache_folder)
        rc = cache_open(&m->cache, o->cache_folder, o->cache_bytes ? o->cache_bytes : CACHE_BYTES, e);
    if (rc)
        return rc;
    how.decoder = m->decoder;
    how.cache = m->cache;
    if ((rc = predictor_open(&m->predictor, m->model, &how, e)) || (rc = list_nodes(m, e)) || (rc = list_fields(m, e)))
        return rc;
    sha256_hex(model_sha256(m->model), m->sha256);
    return json_text(&m->json, model_describe(m->model, m->path), e);
}

static int open_model(struct bmunet_model **out, const char *path, const void *bytes, size_t size,
                      const struct bmunet_model_options *options, struct err *e) {
    static const struct bmunet_model_options defaults;
    const struct bmunet_model_options *o = options ? options : &defaults;
    struct api_call call;
    int rc = check_options(o, e);
    struct bmunet_model *m = rc ? NULL : mem_alloc(1, sizeof *m, e);
    if (!m)
        return rc ? rc : ERR_NO_MEMORY;
    const struct model_options how = {.precision = o->bf16 ? PRECISION_BF16 : PRECISION_FP32, .exact = o->exact};
    buf_init(&m->json);
    m->options = *o;
    if (!(rc = api_enter(&call, o->threads, e)) && !(rc = keep_paths(m, path, o->paths, e)) &&
        !(rc = path ? model_open(&m->model, path, &how, e) : model_open_bytes(&m->model, bytes, size, &how, e)))
        rc = furnish(m, o, e);
    api_leave(&call);
    if (rc) {
        bmunet_model_close(m);
        return rc;
    }
    m->facts = output_facts(m->model, &how);
    m->facts.no_table = true;
    if (m->facts.untrained)
        api_log(m, BMUNET_LOG_WARNING, "this model is untrained: its weights are random numbers");
    *out = m;
    return 0;
}

int bmunet_model_open(struct bmunet_model **out, const char *path, const struct bmunet_model_options *options, struct bmunet_error *error) {
    struct err e = {0};
    *out = NULL;
    return api_return(error, path ? open_model(out, path, NULL, 0, options, &e) : err_set(&e, ERR_USAGE, "a model needs a path"), &e);
}

int bmunet_model_open_bytes(struct bmunet_model **out, const void *bytes, size_t size, const struct bmunet_model_options *options,
                            struct bmunet_error *error) {
    struct err e = {0};
    *out = NULL;
    return api_return(error, bytes ? open_model(out, NULL, bytes, size, options, &e) : err_set(&e, ERR_USAGE, "a model needs bytes"), &e);
}

void bmunet_model_close(struct bmunet_model *m) {
    if (!m)
        return;
    predictor_close(m->predictor);
    decoder_close(m->decoder);
    cache_close(m->cache);
    model_close(m->model);
    buf_release(&m->json);
    mem_free(m->nodes);
    mem_free(m->fields);
    mem_free(m->decoder_path);
    mem_free(m->share_path);
    mem_free(m->path);
    mem_free(m);
}

const char *bmunet_model_json(const struct bmunet_model *model) {
    return model->json.data;
}

const char *bmunet_model_sha256(const struct bmunet_model *model) {
    return model->sha256;
}

const char *bmunet_slot_name(enum bmunet_slot slot) {
    return (unsigned)slot < SLOT_COUNT ? slot_name((enum slot)slot) : NULL;
}

enum bmunet_taken bmunet_model_takes(const struct bmunet_model *model, enum bmunet_slot slot) {
    const struct model_slots s = model_slots(model_config(model->model));
    if ((unsigned)slot >= SLOT_COUNT || !(s.places >> slot & 1U))
        return BMUNET_NOT_TAKEN;
    return s.taken >> slot & 1U ? BMUNET_TAKEN : BMUNET_UNLEARNT;
}

size_t bmunet_model_nodes(const struct bmunet_model *model) {
    return model_tree(model->model)->n_nodes;
}

const struct bmunet_node *bmunet_model_node(const struct bmunet_model *model, size_t i) {
    return i < bmunet_model_nodes(model) ? &model->nodes[i] : NULL;
}

int bmunet_model_find_node(const struct bmunet_model *model, const char *name) {
    return tree_find_node(model_tree(model->model), name);
}

size_t bmunet_model_fields(const struct bmunet_model *model) {
    const struct schema *s = model_schema(model->model);
    return s ? s->n_fields : 0;
}

const struct bmunet_field *bmunet_model_field(const struct bmunet_model *model, size_t i) {
    return i < bmunet_model_fields(model) ? &model->fields[i] : NULL;
}
