/* Features to logits: the head, with one plan per set of views, made when first needed; those with a backward pass apart. Floor 6. */
#include "model/fuse.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/config.h"
#include "model/facts.h"
#include "model/planned.h"

enum { PATTERNS = 1 << SLOT_COUNT, PLAIN = 0, WITH_GRADIENT = 1 };

struct head {
    struct planned *planned;
    struct head_nodes in;
};

struct fuser {
    const struct model_facts *facts;
    struct engine *engine;
    struct encoder *encoder; /* for the black image's features */
    struct head head[PATTERNS][2];
    float *rows; /* [SLOT_COUNT][d], those that the head sees, packed */
    float *clinical;
};

int fuser_new(struct fuser **out, const struct model_facts *facts, struct engine *en, struct encoder *encoder, struct err *e) {
    const size_t d = (size_t)config_features(&facts->config),
                 clinical = facts->schema ? (size_t)config_clinical_inputs(&facts->config, facts->schema) : 0;
    struct fuser *f = mem_alloc(1, sizeof *f, e);
    if (!f)
        return ERR_NO_MEMORY;
    f->facts = facts;
    f->engine = en;
    f->encoder = encoder;
    f->rows = mem_alloc_aligned(SLOT_COUNT * d, sizeof *f->rows, e);
    f->clinical = mem_alloc_aligned(clinical + 1, sizeof *f->clinical, e);
    if (!f->rows || !f->clinical) {
        fuser_free(f);
        return ERR_NO_MEMORY;
    }
    *out = f;
    return 0;
}

void fuser_free(struct fuser *f) {
    if (!f)
        return;
    for (int i = 0; i < PATTERNS; i++)
        for (int kind = PLAIN; kind <= WITH_GRADIENT; kind++)
            planned_free(f->head[i][kind].planned);
    mem_free(f->rows);
    mem_free(f->clinical);
    mem_free(f);
}

static int head_of(struct fuser *f, unsigned seen, int kind, struct head **out, struct err *e) {
    struct head *h = &f->head[seen][kind];
    *out = h;
    if (h->planned)
        return 0;
    struct planned *p = NULL;
    int rc = planned_new(&p, kind == WITH_GRADIENT, e);
    if (rc)
        return rc;
    config_head_graph(&p->graph, f->facts->archive, &f->facts->config, f->facts->schema, seen, &h->in);
    if ((rc = planned_finish(p, f->engine, f->facts->archive, e)))
        planned_free(p);
    else
        h->planned = p;
    return rc;
}

/* --- running ---------------------------------------------------------------------------------------------------------------------- */

/* The views that the head sees: those to be fused; reference: every one that the network has a place for. */
static int views_seen(unsigned *seen, const struct fuser *f, const struct fuse_input *in, struct err *e) {
    const struct model_config *c = &f->facts->config;
    *seen = in->views | (c->variant == VARIANT_REFERENCE ? network_slots(c->network) : 0);
    if (in->features->d != config_features(c) || in->views & ~in->features->views)
        return err_set(e, ERR_INTERNAL, "the features are another model's, or a view to be fused is not among them");
    if (c->clinical != CLINICAL_NONE && !in->clinical)
        return err_set(e, ERR_INTERNAL, "the clinical values are not given");
    if (!*seen && c->clinical != CLINICAL_TOKEN)
        return err_set(e, ERR_EXAM_NO_IMAGE, "no image is given; at least one is required");
    return 0;
}

/* The rows of what the head sees, one after the other in slot order. */
static int pack_rows(struct fuser *f, const struct fuse_input *in, unsigned seen, struct err *e) {
    const size_t d = (size_t)in->features->d;
    float *to = f->rows;
    for (int s = 0; s < SLOT_COUNT; s++) {
        const float *row = in->features->row + (size_t)s * d;
        int rc = 0;
        if (!(seen >> s & 1U))
            continue;
        if (!(in->views >> s & 1U) && (rc = encoder_black(f->encoder, (enum slot)s, &row, e)))
            return rc;
        memcpy(to, row, d * sizeof *to);
        to += d;
    }
    return 0;
}

/* The head's plan, made ready and run forward. */
static int run_head(struct head **out, struct fuser *f, const struct fuse_input *in, int kind, unsigned *seen, struct err *e) {
    const struct model_facts *facts = f->facts;
    struct head *h = NULL;
    int rc = views_seen(seen, f, in, e);
    if (rc || (rc = head_of(f, *seen, kind, &h, e)) || (rc = pack_rows(f, in, *seen, e)))
        return rc;
    const size_t n_mg = (size_t)__builtin_popcount(*seen >> SLOT_MG_CC & 3U);
    if (h->in.mg >= 0)
        plan_bind(h->planned->plan, h->in.mg, f->rows);
    if (h->in.us >= 0)
        plan_bind(h->planned->plan, h->in.us, f->rows + n_mg * (size_t)in->features->d);
    if (h->in.clinical >= 0) {
        config_encode_clinical(f->clinical, &facts->config, facts->schema, facts->clinical_mean, facts->clinical_std, in->clinical);
        plan_bind(h->planned->plan, h->in.clinical, f->clinical);
    }
    *out = h;
    return plan_run(h->planned->plan, e);
}

int fuser_run(struct fuser *f, const struct fuse_input *in, float *logits, struct err *e) {
    struct head *h = NULL;
    unsigned seen = 0;
    const int rc = run_head(&h, f, in, PLAIN, &seen, e);
    if (rc == 0)
        memcpy(logits, plan_output(h->planned->plan), (size_t)f->facts->config.n_leaves * sizeof *logits);
    return rc;
}

int fuser_gradient(struct fuser *f, const struct fuse_input *in, const float *weight, float *gradient, struct err *e) {
    const size_t d = (size_t)config_features(&f->facts->config);
    struct head *h = NULL;
    unsigned seen = 0;
    memset(gradient, 0, SLOT_COUNT * d * sizeof *gradient);
    int rc = run_head(&h, f, in, WITH_GRADIENT, &seen, e);
    if (rc || (h->in.mg < 0 && h->in.us < 0) || (rc = plan_run_backward(h->planned->plan, weight, e)))
        return rc; /* the clinical token alone: there is nothing to differentiate by */
    const float *mg = h->in.mg >= 0 ? plan_input_gradient(h->planned->plan, h->in.mg) : NULL,
                *us = h->in.us >= 0 ? plan_input_gradient(h->planned->plan, h->in.us) : NULL;
    for (int s = 0; s < SLOT_COUNT; s++) {
        const float **from = slot_is_mg((enum slot)s) ? &mg : &us;
        if (!(seen >> s & 1U))
            continue;
        assert(*from);           /* a view that is seen has rows of its modality */
        if (in->views >> s & 1U) /* a black image's features are constants */
            memcpy(gradient + (size_t)s * d, *from, d * sizeof *gradient);
        *from += d;
    }
    return 0;
}

size_t fuser_plans(const struct fuser *f, struct plan *out[FUSER_PLANS_MAX]) {
    size_t n = 0;
    for (int kind = PLAIN; kind <= WITH_GRADIENT; kind++)
        for (int i = 0; i < PATTERNS; i++)
            if (f->head[i][kind].planned)
                out[n++] = f->head[i][kind].planned->plan;
    return n;
}
