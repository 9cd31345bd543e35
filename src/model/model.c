/* A trained network, opened and run: one exam through the trunks (encode.c), then through the head (fuse.c). Both share the engine's packed
 * weights and its one workspace. Floor 6.
 */
#include "model/model.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/config.h"
#include "model/facts.h"
#include "model/fuse.h"
#include "model/loss.h"
#include "tensor/plan.h"

struct model {
    pthread_mutex_t turn; /* of a run: plans, their bindings and buffers serve one exam at a time */
    struct model_facts facts;
    struct engine engine;
    struct encoder *encoder;
    struct fuser *fuser;
    struct features *features; /* of model_run() */
    long profiled_runs;
};

void model_close(struct model *m) {
    if (!m)
        return;
    fuser_free(m->fuser);
    encoder_free(m->encoder);
    features_free(m->features);
    engine_release(&m->engine);
    model_facts_release(&m->facts);
    pthread_mutex_destroy(&m->turn);
    mem_free(m);
}

/* --- opening ------------------------------------------------------------------------------------------------------------- */

static struct model *new_model(struct err *e) {
    struct model *m = mem_alloc(1, sizeof *m, e);
    if (m)
        pthread_mutex_init(&m->turn, NULL);
    return m;
}

static int parts(struct model *m, struct err *e) {
    int rc = encoder_new(&m->encoder, &m->facts, &m->engine, e);
    if (rc == 0)
        rc = fuser_new(&m->fuser, &m->facts, &m->engine, m->encoder, e);
    return rc ? rc : features_new(&m->features, &m->facts.config, false, e);
}

/* The file's pages leave the resident set as soon as a layer is packed: the packed weights are what runs. */
static void forget(void *archive) {
    archive_forget(archive);
}

/* The rest of opening, whether the facts could be read or not. */
static int make_model(struct model **out, struct model *m, int rc, const struct model_options *options, struct err *e) {
    if (rc == 0 && (rc = engine_init(&m->engine, options->exact, options->precision == PRECISION_BF16, e)) == 0)
        rc = parts(m, e);
    if (rc) {
        model_close(m);
        return rc;
    }
    m->engine.packed = forget;
    m->engine.packed_ctx = m->facts.archive;
    archive_forget(m->facts.archive);
    *out = m;
    return 0;
}

int model_open(struct model **out, const char *path, const struct model_options *options, struct err *e) {
    struct model *m = new_model(e);
    return m ? make_model(out, m, model_facts_open(&m->facts, path, e), options, e) : ERR_NO_MEMORY;
}

int model_open_bytes(struct model **out, const void *bytes, size_t n, const struct model_options *options, struct err *e) {
    struct model *m = new_model(e);
    return m ? make_model(out, m, model_facts_open_bytes(&m->facts, bytes, n, e), options, e) : ERR_NO_MEMORY;
}

int model_over(struct model **out, const struct model_facts *like, const struct array *arrays, size_t n,
               const struct model_options *options, struct err *e) {
    struct model *m = new_model(e);
    return m ? make_model(out, m, model_facts_over(&m->facts, like, arrays, n, e), options, e) : ERR_NO_MEMORY;
}

/* --- running ---------------------------------------------------------------------------------------------------------------- */

static int finish_output(struct model_output *out, const struct tree *t, struct err *e) {
    const int n = (int)t->n_leaves;
    for (int i = 0; i < n; i++)
        if (!isfinite(out->logits[i]))
            return err_set(e, ERR_OUTPUT_NAN, "the logit of %s is %g", t->nodes[t->leaves[i]].name, (double)out->logits[i]);
    softmax(out->p, out->logits, n);
    for (int i = 1; i < n; i++)
        if (out->p[i] > out->p[out->leaf])
            out->leaf = i;
    tree_sums(out->node, t, out->p);
    out->positive = out->node[t->positive];
    return 0;
}

static int fuse(struct model *m, const struct fuse_input *in, struct model_output *out, struct err *e) {
    memset(out, 0, sizeof *out);
    const int rc = fuser_run(m->fuser, in, out->logits, e);
    return rc ? rc : finish_output(out, m->facts.tree, e);
}

int model_encode(struct model *m, const float *const view[SLOT_COUNT], struct features *out, struct err *e) {
    pthread_mutex_lock(&m->turn);
    const int rc = encoder_run(m->encoder, view, out, e);
    pthread_mutex_unlock(&m->turn);
    return rc;
}

int model_fuse(struct model *m, const struct fuse_input *in, struct model_output *out, struct err *e) {
    pthread_mutex_lock(&m->turn);
    const int rc = fuse(m, in, out, e);
    pthread_mutex_unlock(&m->turn);
    return rc;
}

int model_fuse_gradient(struct model *m, const struct fuse_input *in, const float *weight, float *gradient, struct err *e) {
    pthread_mutex_lock(&m->turn);
    const int rc = fuser_gradient(m->fuser, in, weight, gradient, e);
    pthread_mutex_unlock(&m->turn);
    return rc;
}

int model_run(struct model *m, const struct model_input *in, struct model_output *out, struct err *e) {
    memset(out, 0, sizeof *out);
    pthread_mutex_lock(&m->turn);
    int rc = encoder_run(m->encoder, in->view, m->features, e);
    if (rc == 0)
        rc = fuse(m, &(struct fuse_input){m->features, m->features->views, in->clinical}, out, e);
    m->profiled_runs += rc == 0 && m->engine.profile;
    pthread_mutex_unlock(&m->turn);
    return rc;
}

/* --- facts -------------------------------------------------------------------------------------------------------------------- */

const struct model_config *model_config(const struct model *m) {
    return &m->facts.config;
}

const struct schema *model_schema(const struct model *m) {
    return m->facts.schema;
}

const struct tree *model_tree(const struct model *m) {
    return m->facts.tree;
}

const uint8_t *model_sha256(const struct model *m) {
    return m->facts.sha256;
}

const char *model_metadata(const struct model *m, const char *key) {
    return archive_metadata(m->facts.archive, key);
}

bool model_untrained(const struct model *m) {
    const char *text = model_metadata(m, "bmunet.untrained");
    return text && strcmp(text, "true") == 0;
}

size_t model_parameters(const struct model *m) {
    return m->facts.parameters;
}

unsigned network_slots(enum network n) {
    unsigned slots = 0;
    for (int s = 0; s < SLOT_COUNT; s++)
        if (n == NETWORK_BMU || (n == NETWORK_MG) == slot_is_mg((enum slot)s))
            slots |= 1U << s;
    return slots;
}

struct model_slots model_slots(const struct model_config *c) {
    struct model_slots m = {.places = network_slots(c->network)};
    for (int s = 0; s < SLOT_COUNT; s++)
        if (c->unlearnt >> slot_kind((enum slot)s) & 1U)
            m.unlearnt |= m.places & 1U << s;
    m.taken = m.places & ~m.unlearnt;
    return m;
}

enum { PLANS_MAX = ENCODER_PLANS_MAX + FUSER_PLANS_MAX };

/* The plans that there are, trunks first; returns how many. */
static size_t all_plans(const struct model *m, struct plan *out[PLANS_MAX]) {
    const size_t n = encoder_plans(m->encoder, out);
    return n + fuser_plans(m->fuser, out + n);
}

void model_profile(struct model *m, bool on) {
    struct plan *plans[PLANS_MAX];
    const size_t n = all_plans(m, plans);
    for (size_t i = 0; i < n; i++)
        for (int s = 0; s < plans[i]->n_steps; s++)
            plans[i]->steps[s].n_seconds = 0;
    m->engine.profile = on;
    m->profiled_runs = 0;
}

int model_layers(struct layer_time **out, size_t *n, const struct model *m, struct err *e) {
    struct plan *plans[PLANS_MAX];
    const size_t n_plans = all_plans(m, plans);
    size_t most = 0;
    for (size_t i = 0; i < n_plans; i++)
        most += (size_t)plans[i]->n_steps;
    *n = 0;
    *out = mem_alloc(most + 1, sizeof **out, e);
    if (!*out)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < n_plans; i++)
        for (int s = 0; s < plans[i]->n_steps; s++) {
            const struct step *step = &plans[i]->steps[s];
            const double calls = m->profiled_runs ? (double)step->n_seconds / (double)m->profiled_runs : 0;
            if (calls > 0)
                (*out)[(*n)++] = (struct layer_time){step->node ? step->node->name : "reorder", NULL, step->algorithm,
                                                     calls * step_median_seconds(step), calls * step->macs};
        }
    return 0;
}
