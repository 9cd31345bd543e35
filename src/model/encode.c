/* Images to features: the trunks, with one plan per tower and number of views, made when first needed. Floor 6. */
#include "model/encode.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/config.h"
#include "model/facts.h"
#include "model/planned.h"

enum { VIEWS_MAX = 2, PLAIN = 0, WITH_MAP = 1 };
_Static_assert((int)TOWERS_MAX *VIEWS_MAX * 2 == (int)ENCODER_PLANS_MAX, "one plan each");

struct encoder {
    const struct model_facts *facts;
    struct engine *engine;
    struct planned *trunk[TOWERS_MAX][VIEWS_MAX][2]; /* [tower][views - 1][with map] */
    float *black[TOWERS_MAX];                        /* reference: the features of the black image, a constant of the weights */
    float *pair[TOWERS_MAX]; /* two views laid end to end, where the caller has not done so; made when first needed */
};

/* --- features ----------------------------------------------------------------------------------------------------------------- */

int features_new(struct features **out, const struct model_config *c, bool maps, struct err *e) {
    struct features *f = mem_alloc(1, sizeof *f, e);
    if (!f)
        return ERR_NO_MEMORY;
    f->d = config_features(c);
    f->row = mem_alloc_aligned(SLOT_COUNT * (size_t)f->d, sizeof *f->row, e);
    bool whole = f->row != NULL;
    f->kinds = c->evidence.kinds;
    for (int s = 0; s < SLOT_COUNT && (maps || f->kinds); s++)
        if (network_slots(c->network) >> s & 1U) {
            config_map_sides(c, (enum slot)s, &f->map_h[s], &f->map_w[s]);
            const size_t cells = (size_t)f->map_h[s] * (size_t)f->map_w[s];
            if (maps)
                f->map[s] = mem_alloc_aligned(cells * (size_t)f->d, sizeof(float), e);
            if (f->kinds)
                f->evidence[s] = mem_alloc_aligned(cells * ((size_t)f->kinds + 1), sizeof(float), e);
            whole = whole && (!maps || f->map[s]) && (!f->kinds || f->evidence[s]);
        }
    if (!whole) {
        features_free(f);
        return ERR_NO_MEMORY;
    }
    *out = f;
    return 0;
}

void features_free(struct features *f) {
    if (!f)
        return;
    for (int s = 0; s < SLOT_COUNT; s++) {
        mem_free(f->map[s]);
        mem_free(f->evidence[s]);
    }
    mem_free(f->row);
    mem_free(f);
}

static float *row_of(const struct features *f, enum slot s) {
    return f->row + (size_t)s * (size_t)f->d;
}

/* --- an encoder ----------------------------------------------------------------------------------------------------------------- */

int encoder_new(struct encoder **out, const struct model_facts *facts, struct engine *en, struct err *e) {
    struct encoder *x = mem_alloc(1, sizeof *x, e);
    if (!x)
        return ERR_NO_MEMORY;
    x->facts = facts;
    x->engine = en;
    *out = x;
    return 0;
}

void encoder_free(struct encoder *en) {
    if (!en)
        return;
    for (int t = 0; t < TOWERS_MAX; t++) {
        for (int v = 0; v < VIEWS_MAX; v++)
            for (int kind = PLAIN; kind <= WITH_MAP; kind++)
                planned_free(en->trunk[t][v][kind]);
        mem_free(en->black[t]);
        mem_free(en->pair[t]);
    }
    mem_free(en);
}

static int trunk(struct encoder *en, int tower, int views, int kind, struct planned **out, struct err *e) {
    struct planned **slot = &en->trunk[tower][views - 1][kind];
    if (!*slot) {
        const struct tower *towers;
        struct planned *p = NULL;
        int rc = planned_new(&p, false, e);
        if (rc)
            return rc;
        config_towers(&en->facts->config, &towers);
        config_trunk_graph(&p->graph, en->facts->archive, &en->facts->config, &towers[tower], views, kind == WITH_MAP);
        if ((rc = planned_finish(p, en->engine, en->facts->archive, e))) {
            planned_free(p);
            return rc;
        }
        *slot = p;
    }
    *out = *slot;
    return 0;
}

/* Where the results of a tower's views go: rows [n][d], and of view i its map and its evidence, where they are wanted. */
struct trunk_results {
    float *rows, *map[VIEWS_MAX], *evidence[VIEWS_MAX];
};

/* View i's part of an output of n views. */
static void copy_part(float *to, const struct planned *p, int output, int i, int n) {
    const size_t size = shape_count(p->graph.nodes[graph_output_node(&p->graph, output)].shape) / (size_t)n;
    memcpy(to, plan_output_at(p->plan, output) + (size_t)i * size, size * sizeof *to);
}

static int run_trunk(struct encoder *en, int tower, int n, const float *views, const struct trunk_results *out, struct err *e) {
    const bool evidence = en->facts->config.evidence.kinds > 0;
    struct planned *p = NULL;
    int rc = trunk(en, tower, n, out->map[0] ? WITH_MAP : PLAIN, &p, e);
    if (rc)
        return rc;
    plan_bind(p->plan, 0, views);
    if ((rc = plan_run(p->plan, e)))
        return rc;
    memcpy(out->rows, plan_output(p->plan), (size_t)n * (size_t)config_features(&en->facts->config) * sizeof *out->rows);
    for (int i = 0; i < n; i++) {
        if (evidence && out->evidence[i])
            copy_part(out->evidence[i], p, 1, i, n);
        if (out->map[i])
            copy_part(out->map[i], p, evidence ? 2 : 1, i, n);
    }
    return 0;
}

static int tower_of(const struct encoder *en, enum slot s) {
    const struct tower *towers;
    const int n = config_towers(&en->facts->config, &towers);
    for (int t = 0; t < n; t++)
        if (towers[t].slots[0] == s || towers[t].slots[1] == s)
            return t;
    return -1;
}

int encoder_black(struct encoder *en, enum slot s, const float **out, struct err *e) {
    const struct model_config *c = &en->facts->config;
    const int tower = tower_of(en, s);
    if (tower < 0)
        return err_set(e, ERR_INTERNAL, "the network '%s' does not take %s", network_name(c->network), slot_name(s));
    if (!en->black[tower]) {
        float *image = mem_alloc_aligned(prep_size(&c->prep, s), sizeof *image, e),
              *features = mem_alloc((size_t)config_features(c), sizeof *features, e);
        int rc = image && features ? 0 : ERR_NO_MEMORY;
        if (rc == 0) {
            prep_black(image, &c->prep, s);
            rc = run_trunk(en, tower, 1, image, &(struct trunk_results){.rows = features}, e);
        }
        mem_free(image);
        if (rc) {
            mem_free(features);
            return rc;
        }
        en->black[tower] = features;
    }
    *out = en->black[tower];
    return 0;
}

static int join_views(struct encoder *en, int tower, const float *const views[2], size_t size, const float **out, struct err *e) {
    float **pair = &en->pair[tower];
    if (!*pair && !(*pair = mem_alloc_aligned(2 * size, sizeof **pair, e)))
        return ERR_NO_MEMORY;
    memcpy(*pair, views[0], size * sizeof **pair);
    memcpy(*pair + size, views[1], size * sizeof **pair);
    *out = *pair;
    return 0;
}

/* The views of one tower that are there, both together. */
static int run_tower(struct encoder *en, int tower, const struct tower *t, const float *const view[SLOT_COUNT], struct features *out,
                     struct err *e) {
    const struct prep_profile profile = config_views(&en->facts->config);
    const size_t size = prep_size(&profile, t->slots[0]);
    const float *views[2] = {view[t->slots[0]], view[t->slots[1]]};
    struct trunk_results both_to = {.rows = row_of(out, t->slots[0])};
    int rc = 0;
    for (int i = 0; i < VIEWS_MAX; i++) {
        both_to.map[i] = out->map[t->slots[i]];
        both_to.evidence[i] = out->evidence[t->slots[i]];
    }
    if (views[0] && views[1]) {
        const float *both = views[0];
        if (views[1] != views[0] + size && (rc = join_views(en, tower, views, size, &both, e)))
            return rc;
        return run_trunk(en, tower, 2, both, &both_to, e);
    }
    for (int i = 0; i < 2 && rc == 0; i++)
        if (views[i])
            rc = run_trunk(
                en, tower, 1, views[i],
                &(struct trunk_results){.rows = row_of(out, t->slots[i]), .map = {both_to.map[i]}, .evidence = {both_to.evidence[i]}}, e);
    return rc;
}

int encoder_run(struct encoder *en, const float *const view[SLOT_COUNT], struct features *out, struct err *e) {
    const struct model_config *c = &en->facts->config;
    const struct tower *towers;
    const int n = config_towers(c, &towers);
    out->views = 0;
    for (int s = 0; s < SLOT_COUNT; s++) {
        if (view[s] && !(network_slots(c->network) >> s & 1U))
            return err_set(e, ERR_VIEW_NOT_TAKEN, "the network '%s' does not take %s", network_name(c->network), slot_name((enum slot)s));
        out->views |= view[s] ? 1U << s : 0;
        if (!view[s])
            memset(row_of(out, (enum slot)s), 0, (size_t)out->d * sizeof *out->row);
    }
    if (!out->views)
        return err_set(e, ERR_EXAM_NO_IMAGE, "no image is given; at least one is required");
    for (int t = 0; t < n; t++) {
        const int rc = run_tower(en, t, &towers[t], view, out, e);
        if (rc)
            return rc;
    }
    return 0;
}

size_t encoder_plans(const struct encoder *en, struct plan *out[ENCODER_PLANS_MAX]) {
    size_t n = 0;
    for (int kind = PLAIN; kind <= WITH_MAP; kind++)
        for (int t = 0; t < TOWERS_MAX; t++)
            for (int v = 0; v < VIEWS_MAX; v++)
                if (en->trunk[t][v][kind])
                    out[n++] = en->trunk[t][v][kind]->plan;
    return n;
}
