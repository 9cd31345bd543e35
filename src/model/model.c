/* A trained network, opened and run. Floor 6.
 *
 * One exam runs in two parts: the present views of each tower through its trunk, both together, then the head over all features. Trunk
 * plans are kept per number of views, head plans per set of views; all share packed weights and one workspace.
 */
#include "model/model.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "model/config.h"
#include "model/facts.h"
#include "model/loss.h"
#include "tensor/plan.h"

enum { VIEWS_MAX = 2, PATTERNS = 1 << SLOT_COUNT };

struct ready {
    struct graph graph;
    struct plan *plan;
    struct head_nodes in; /* heads only */
};

struct model {
    pthread_mutex_t turn; /* of model_run(): plans, their bindings and the buffers below serve one exam at a time */
    struct facts facts;
    struct engine engine;
    struct ready *trunk[TOWERS_MAX][VIEWS_MAX]; /* [tower][views - 1], made when first needed */
    struct ready *head[PATTERNS];
    float *black[TOWERS_MAX]; /* reference: the features of the black image, a constant of the weights */
    float *features;          /* [SLOT_COUNT][d], of this run */
    float *rows;              /* [SLOT_COUNT][d], those present packed */
    float *pair[TOWERS_MAX];  /* two views laid end to end, where the caller has not done so; made when first needed */
    float *clinical;
    long profiled_runs;
};

static void ready_free(struct ready *r) {
    if (!r)
        return;
    plan_free(r->plan);
    graph_release(&r->graph);
    free(r);
}

void model_close(struct model *m) {
    if (!m)
        return;
    for (int t = 0; t < TOWERS_MAX; t++) {
        for (int v = 0; v < VIEWS_MAX; v++)
            ready_free(m->trunk[t][v]);
        free(m->black[t]);
        free(m->pair[t]);
    }
    for (int i = 0; i < PATTERNS; i++)
        ready_free(m->head[i]);
    engine_release(&m->engine);
    free(m->features);
    free(m->rows);
    free(m->clinical);
    facts_release(&m->facts);
    pthread_mutex_destroy(&m->turn);
    free(m);
}

/* --- opening ------------------------------------------------------------------------------------------------------------- */

static struct model *new_model(struct err *e) {
    struct model *m = mem_alloc(1, sizeof *m, e);
    if (m)
        pthread_mutex_init(&m->turn, NULL);
    return m;
}

static int buffers(struct model *m, struct err *e) {
    const size_t d = (size_t)config_features(&m->facts.config),
                 clinical = m->facts.schema ? (size_t)config_clinical_inputs(&m->facts.config, m->facts.schema) : 0;
    m->features = mem_alloc_aligned(SLOT_COUNT * d, sizeof(float), e);
    m->rows = mem_alloc_aligned(SLOT_COUNT * d, sizeof(float), e);
    m->clinical = mem_alloc_aligned(clinical + 1, sizeof(float), e);
    return m->features && m->rows && m->clinical ? 0 : ERR_NO_MEMORY;
}

/* The file's pages leave the resident set as soon as a layer is packed: the packed weights are what runs. */
static void forget(void *archive) {
    archive_forget(archive);
}

/* The rest of opening, whether the facts could be read or not. */
static int make_model(struct model **out, struct model *m, int rc, const struct model_options *options, struct err *e) {
    if (rc == 0 && (rc = engine_init(&m->engine, options->exact, options->precision == PRECISION_BF16, e)) == 0)
        rc = buffers(m, e);
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
    return m ? make_model(out, m, facts_open(&m->facts, path, e), options, e) : ERR_NO_MEMORY;
}

int model_over(struct model **out, const struct facts *like, const struct array *arrays, size_t n, const struct model_options *options,
               struct err *e) {
    struct model *m = new_model(e);
    return m ? make_model(out, m, facts_over(&m->facts, like, arrays, n, e), options, e) : ERR_NO_MEMORY;
}

/* --- plans, made when first needed ----------------------------------------------------------------------------------------- */

static struct ready *ready_new(struct err *e) {
    struct ready *r = mem_alloc(1, sizeof *r, e);
    if (r)
        graph_init(&r->graph);
    return r;
}

static int finish(struct ready **slot, struct ready *r, struct model *m, struct err *e) {
    const int rc = plan_new(&r->plan, &r->graph, &m->engine, e);
    archive_forget(m->facts.archive); /* what linear layers read */
    if (rc)
        ready_free(r);
    else
        *slot = r;
    return rc;
}

static int trunk(struct model *m, int tower, int views, struct ready **out, struct err *e) {
    struct ready **slot = &m->trunk[tower][views - 1];
    if (!*slot) {
        const struct tower *towers;
        struct ready *r = ready_new(e);
        if (!r)
            return ERR_NO_MEMORY;
        config_towers(&m->facts.config, &towers);
        config_trunk_graph(&r->graph, m->facts.archive, &m->facts.config, &towers[tower], views);
        const int rc = finish(slot, r, m, e);
        if (rc)
            return rc;
    }
    *out = *slot;
    return 0;
}

static int head(struct model *m, unsigned present, struct ready **out, struct err *e) {
    struct ready **slot = &m->head[present];
    if (!*slot) {
        struct ready *r = ready_new(e);
        if (!r)
            return ERR_NO_MEMORY;
        config_head_graph(&r->graph, m->facts.archive, &m->facts.config, m->facts.schema, present, &r->in);
        const int rc = finish(slot, r, m, e);
        if (rc)
            return rc;
    }
    *out = *slot;
    return 0;
}

/* --- running ---------------------------------------------------------------------------------------------------------------- */

/* n views of one tower -> out [n][d]. */
static int run_trunk(struct model *m, int tower, int n, const float *views, float *out, struct err *e) {
    struct ready *r = NULL;
    int rc = trunk(m, tower, n, &r, e);
    if (rc)
        return rc;
    plan_bind(r->plan, 0, views);
    if ((rc = plan_run(r->plan, e)))
        return rc;
    memcpy(out, plan_output(r->plan), (size_t)n * (size_t)config_features(&m->facts.config) * sizeof *out);
    return 0;
}

/* Features of the black image, computed once. */
static int black_features(struct model *m, int tower, enum slot s, const float **out, struct err *e) {
    if (!m->black[tower]) {
        const size_t d = (size_t)config_features(&m->facts.config);
        float *image = mem_alloc_aligned(prep_size(&m->facts.config.prep, s), sizeof *image, e),
              *features = mem_alloc(d, sizeof *features, e);
        int rc = image && features ? 0 : ERR_NO_MEMORY;
        if (rc == 0) {
            prep_black(image, &m->facts.config.prep, s);
            rc = run_trunk(m, tower, 1, image, features, e);
        }
        free(image);
        if (rc) {
            free(features);
            return rc;
        }
        m->black[tower] = features;
    }
    *out = m->black[tower];
    return 0;
}

static int join_views(struct model *m, int tower, const float *const views[2], size_t size, const float **out, struct err *e) {
    float **pair = &m->pair[tower];
    if (!*pair && !(*pair = mem_alloc_aligned(2 * size, sizeof **pair, e)))
        return ERR_NO_MEMORY;
    memcpy(*pair, views[0], size * sizeof **pair);
    memcpy(*pair + size, views[1], size * sizeof **pair);
    *out = *pair;
    return 0;
}

/* The features of one tower's two slots; absent ones stay untouched (masked) or are the black image's (reference). */
static int run_tower(struct model *m, int tower, const struct tower *t, const struct model_input *in, struct err *e) {
    const size_t d = (size_t)config_features(&m->facts.config), size = prep_size(&m->facts.config.prep, t->slots[0]);
    float *out[2] = {m->features + (size_t)t->slots[0] * d, m->features + (size_t)t->slots[1] * d};
    const float *views[2] = {in->view[t->slots[0]], in->view[t->slots[1]]};
    int rc = 0;
    if (views[0] && views[1]) {
        const float *both = views[0];
        if (views[1] != views[0] + size && (rc = join_views(m, tower, views, size, &both, e)))
            return rc;
        return run_trunk(m, tower, 2, both, out[0], e);
    }
    for (int i = 0; i < 2 && rc == 0; i++) {
        const float *black = NULL;
        if (views[i]) {
            rc = run_trunk(m, tower, 1, views[i], out[i], e);
        } else if (m->facts.config.variant == VARIANT_REFERENCE) {
            rc = black_features(m, tower, t->slots[i], &black, e);
            if (rc == 0)
                memcpy(out[i], black, d * sizeof *black);
        }
    }
    return rc;
}

static int run_head(struct model *m, unsigned present, const struct model_input *in, float logits[TIER_COUNT], struct err *e) {
    const size_t d = (size_t)config_features(&m->facts.config);
    struct ready *r = NULL;
    float *row = m->rows, *us = NULL;
    int rc = head(m, present, &r, e);
    if (rc)
        return rc;
    for (int s = 0; s < SLOT_COUNT; s++) {
        if (!(present >> s & 1U))
            continue;
        if (!us && !slot_is_mg((enum slot)s))
            us = row;
        memcpy(row, m->features + (size_t)s * d, d * sizeof *row);
        row += d;
    }
    if (r->in.mg >= 0)
        plan_bind(r->plan, r->in.mg, m->rows);
    if (r->in.us >= 0)
        plan_bind(r->plan, r->in.us, us);
    if (r->in.clinical >= 0) {
        config_encode_clinical(m->clinical, &m->facts.config, m->facts.schema, m->facts.clinical_mean, m->facts.clinical_std, in->clinical);
        plan_bind(r->plan, r->in.clinical, m->clinical);
    }
    if ((rc = plan_run(r->plan, e)) == 0)
        memcpy(logits, plan_output(r->plan), TIER_COUNT * sizeof *logits);
    return rc;
}

/* T1 + T2 = benign, T3 + T4 + T5 = malignant. */
static int finish_output(struct model_output *out, struct err *e) {
    for (int i = 0; i < TIER_COUNT; i++)
        if (!isfinite(out->logits[i]))
            return err_set(e, ERR_OUTPUT_NAN, "logit T%d is %g", i + 1, (double)out->logits[i]);
    softmax(out->p, out->logits, TIER_COUNT);
    out->tier = 1;
    for (int i = 1; i < TIER_COUNT; i++)
        if (out->p[i] > out->p[out->tier - 1])
            out->tier = i + 1;
    out->p_benign = out->p[0] + out->p[1];
    out->p_malignant = out->p[2] + out->p[3] + out->p[4];
    return 0;
}

static int run(struct model *m, const struct model_input *in, struct model_output *out, struct err *e) {
    const struct tower *towers;
    const int n = config_towers(&m->facts.config, &towers);
    const unsigned places = network_slots(m->facts.config.network);
    unsigned given = 0;
    memset(out, 0, sizeof *out);
    for (int s = 0; s < SLOT_COUNT; s++) {
        given |= in->view[s] ? 1U << s : 0;
        if (in->view[s] && !(places >> s & 1U))
            return err_set(e, ERR_VIEW_NOT_TAKEN, "the network '%s' does not take %s", network_name(m->facts.config.network),
                           slot_name((enum slot)s));
    }
    if (!given)
        return err_set(e, ERR_EXAM_NO_IMAGE, "no image is given; at least one is required");
    if (m->facts.config.clinical != CLINICAL_NONE && !in->clinical)
        return err_set(e, ERR_INTERNAL, "the clinical values are not given");
    for (int t = 0; t < n; t++) {
        const int rc = run_tower(m, t, &towers[t], in, e);
        if (rc)
            return rc;
    }
    const int rc = run_head(m, m->facts.config.variant == VARIANT_REFERENCE ? places : given, in, out->logits, e);
    if (rc)
        return rc;
    m->profiled_runs += m->engine.profile;
    return finish_output(out, e);
}

int model_run(struct model *m, const struct model_input *in, struct model_output *out, struct err *e) {
    pthread_mutex_lock(&m->turn);
    const int rc = run(m, in, out, e);
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

const uint8_t *model_sha256(const struct model *m) {
    return m->facts.sha256;
}

const char *model_metadata(const struct model *m, const char *key) {
    return archive_metadata(m->facts.archive, key);
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

enum { PLANS_MAX = TOWERS_MAX * VIEWS_MAX + PATTERNS };

/* The plans that there are, trunks first; returns how many. */
static size_t all_plans(const struct model *m, struct plan *out[PLANS_MAX]) {
    size_t n = 0;
    for (int t = 0; t < TOWERS_MAX; t++)
        for (int v = 0; v < VIEWS_MAX; v++)
            if (m->trunk[t][v])
                out[n++] = m->trunk[t][v]->plan;
    for (int i = 0; i < PATTERNS; i++)
        if (m->head[i])
            out[n++] = m->head[i]->plan;
    return n;
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
