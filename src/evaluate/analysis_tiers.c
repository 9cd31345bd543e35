/* Section 2 of an evaluation: tiers and the other levels of the tree. Floor 5. */
#include "evaluate/analysis.h"

#include <string.h>

/* The exams whose tier is known. */
struct known {
    size_t n;
    const double **leaves;
    int *truth; /* leaf */
    int *called;
};

static int gather(struct known *k, struct evaluation *v, struct err *e) {
    const struct joined *j = v->joined;
    k->leaves = arena_alloc(&v->arena, j->n_leaf, sizeof *k->leaves, e);
    k->truth = arena_alloc(&v->arena, j->n_leaf, sizeof *k->truth, e);
    k->called = arena_alloc(&v->arena, j->n_leaf, sizeof *k->called, e);
    if (!k->leaves || !k->truth || !k->called)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < j->n; i++)
        if (j->leaf[i] >= 0) {
            k->leaves[k->n] = j->probability + i * (size_t)j->n_leaves;
            k->truth[k->n++] = j->leaf[i];
        }
    return 0;
}

/* The most probable class; the lower one on a tie. */
static int most_probable(const double *p, int k) {
    int best = 0;
    for (int c = 1; c < k; c++)
        if (p[c] > p[best])
            best = c;
    return best;
}

struct columns {
    double *probability;
    int *truth, *called;
};

static int fill_level(struct level_result *l, struct columns *c, const struct known *known, struct evaluation *v, size_t level,
                      struct err *e) {
    const size_t k = (size_t)l->k;
    c->probability = arena_alloc(&v->arena, known->n * k, sizeof *c->probability, e);
    c->truth = arena_alloc(&v->arena, known->n, sizeof *c->truth, e);
    c->called = arena_alloc(&v->arena, known->n, sizeof *c->called, e);
    l->class_name = arena_alloc(&v->arena, k, sizeof *l->class_name, e);
    l->confusion = arena_alloc(&v->arena, k * k, sizeof *l->confusion, e);
    l->auc = arena_alloc(&v->arena, k, sizeof *l->auc, e);
    l->auc_defined = arena_alloc(&v->arena, k, sizeof *l->auc_defined, e);
    if (!c->probability || !c->truth || !c->called || !l->class_name || !l->confusion || !l->auc || !l->auc_defined)
        return ERR_NO_MEMORY;
    for (int i = 0; i < l->k; i++)
        l->class_name[i] = level_class_name(v->tree, level, i);
    for (size_t i = 0; i < known->n; i++) {
        double *p = c->probability + i * k;
        level_probability(p, v->tree, level, known->leaves[i]);
        c->truth[i] = level_class(v->tree, level, (size_t)known->truth[i]);
        c->called[i] = most_probable(p, l->k);
    }
    return 0;
}

static int one_level(struct level_result *l, const struct known *known, struct evaluation *v, size_t level, struct err *e) {
    struct columns c;
    const double confidence = v->plan->level;
    size_t right = 0;
    l->name = v->tree->levels[level];
    l->k = level_classes(v->tree, level);
    int rc = fill_level(l, &c, known, v, level, e);
    if (!rc)
        rc = tiers_confusion(l->confusion, c.truth, c.called, known->n, l->k, e);
    if (!rc)
        rc = tiers_summary(&l->summary, l->confusion, l->k, e);
    for (int i = 0; i < l->k && !rc; i++)
        right += l->confusion[i * l->k + i];
    if (!rc)
        rc = proportion_make(&l->accuracy, right, known->n, confidence, e);
    if (!rc)
        rc = gap_take(&l->auc_gap, tiers_auc(&l->macro_auc, l->auc, l->auc_defined, c.probability, c.truth, known->n, l->k, e), e);
    if (!rc)
        rc = gap_take(&l->hand_till_gap, tiers_hand_till(&l->hand_till, &l->hand_till_pairs, c.probability, c.truth, known->n, l->k, e), e);
    for (int w = 0; w < KAPPAS && !rc; w++)
        rc = gap_take(&l->kappa_gap[w], kappa_cohen(&l->kappa[w], l->confusion, l->k, (enum kappa_weights)w, confidence, e), e);
    if (!rc && level + 1 == v->tree->n_levels)
        memcpy(known->called, c.called, known->n * sizeof *c.called);
    return rc;
}

static int tree_cost(struct tiers_section *s, const struct known *known, struct evaluation *v, struct err *e) {
    const struct tree *t = v->tree;
    int *parent = arena_alloc(&v->arena, t->n_nodes, sizeof *parent, e), *truth = arena_alloc(&v->arena, known->n, sizeof *truth, e),
        *called = arena_alloc(&v->arena, known->n, sizeof *called, e);
    if (!parent || !truth || !called)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < t->n_nodes; i++)
        parent[i] = t->nodes[i].parent;
    for (size_t i = 0; i < known->n; i++) {
        truth[i] = (int)t->leaves[known->truth[i]];
        called[i] = (int)t->leaves[known->called[i]];
    }
    return tiers_tree_cost(&s->tree_cost, parent, NULL, (int)t->n_nodes, truth, called, known->n, e);
}

int analyse_tiers(struct evaluation *v, struct err *e) {
    struct tiers_section *s = &v->tiers;
    const struct joined *j = v->joined;
    struct known known = {.n = 0};
    if (!j->probability)
        gap_set(&s->gap, "the predictions have no probability of each tier");
    else if (!j->leaf || j->n_leaf == 0)
        gap_set(&s->gap, "the truth table has no tier for any exam");
    if (!gap_none(&s->gap))
        return 0;
    s->n = j->n_leaf;
    s->n_levels = v->tree->n_levels;
    s->levels = arena_alloc(&v->arena, s->n_levels, sizeof *s->levels, e);
    int rc = s->levels ? gather(&known, v, e) : ERR_NO_MEMORY;
    for (size_t l = 0; l < s->n_levels && !rc; l++)
        rc = one_level(&s->levels[l], &known, v, l, e);
    return rc ? rc : tree_cost(s, &known, v, e);
}
