/* An evaluation from beginning to end: its sections in order, and what they share. Floor 5. */
#include "evaluate/analysis.h"
#include "base/mem.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void gap_set(struct gap *g, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(g->why, sizeof g->why, format, args);
    va_end(args);
}

int gap_take(struct gap *g, int rc, const struct err *e) {
    g->why[0] = 0;
    if (rc == 0)
        return 0;
    if (rc > ERR_STATS_TOO_FEW || rc < ERR_STATS_CONVERGENCE)
        return rc;
    gap_set(g, "%s: %.200s", err_name(rc), e->message);
    return 0;
}

int analyse_auc(struct auc *out, const double *score, const uint8_t *truth, size_t n, const size_t *cluster, size_t n_clusters,
                double level, struct err *e) {
    double variance = 0;
    out->value = NAN;
    int rc = delong_covariance(&out->value, &variance, &score, 1, truth, n, cluster, n_clusters, e);
    if (!rc) {
        out->standard_error = sqrt(variance);
        rc = delong_interval(&out->plain, out->value, variance, DELONG_PLAIN, level, e);
    }
    out->estimated = rc == ERR_STATS_TOO_FEW && isfinite(out->value);
    rc = gap_take(&out->gap, rc, e);
    if (rc || !gap_none(&out->gap))
        return rc;
    return gap_take(&out->logit_gap, delong_interval(&out->logit, out->value, variance, DELONG_LOGIT, level, e), e);
}

const struct threshold_result *primary_threshold(const struct evaluation *v) {
    return v->binary.n_thresholds ? &v->binary.thresholds[0] : NULL;
}

int level_classes(const struct tree *t, size_t level) {
    int n = 0;
    for (size_t i = 0; i < t->n_nodes; i++)
        n += t->nodes[i].level == level;
    return n;
}

/* Classes of a level stand in the order of their leaves: in rising risk. */
static const struct tree_node *node_of(const struct tree *t, size_t level, size_t leaf) {
    for (size_t i = 0; i < t->n_nodes; i++) {
        const struct tree_node *x = &t->nodes[i];
        if (x->level == level && leaf >= x->first_leaf && leaf < x->first_leaf + x->n_leaves)
            return x;
    }
    return NULL;
}

int level_class(const struct tree *t, size_t level, size_t leaf) {
    const struct tree_node *mine = node_of(t, level, leaf);
    int before = 0;
    for (size_t i = 0; i < t->n_nodes; i++)
        before += t->nodes[i].level == level && t->nodes[i].first_leaf < mine->first_leaf;
    return before;
}

const char *level_class_name(const struct tree *t, size_t level, int c) {
    for (size_t leaf = 0; leaf < t->n_leaves; leaf++)
        if (level_class(t, level, leaf) == c)
            return node_of(t, level, leaf)->name;
    return "";
}

void level_probability(double *out, const struct tree *t, size_t level, const double *leaves) {
    for (int c = 0; c < level_classes(t, level); c++)
        out[c] = 0;
    for (size_t leaf = 0; leaf < t->n_leaves; leaf++)
        out[level_class(t, level, leaf)] += leaves[leaf];
}

int evaluation_make(struct evaluation **out, const struct evaluation_input *in, struct err *e) {
    struct err local; /* gaps need the sentence, whether the caller wants it or not */
    e = e ? e : &local;
    *out = NULL;
    struct evaluation *v = mem_alloc(1, sizeof *v, e);
    if (!v)
        return ERR_NO_MEMORY;
    arena_init(&v->arena, 0);
    v->joined = in->joined;
    v->plan = in->plan;
    v->tree = in->tree;
    int rc = analyse_binary(v, in, e);
    if (!rc)
        rc = analyse_comparisons(v, e);
    if (!rc)
        rc = analyse_tiers(v, e);
    if (!rc)
        rc = analyse_readers(v, e);
    if (!rc)
        rc = analyse_biopsy(v, e);
    if (!rc)
        rc = analyse_calibration(v, in, e);
    if (!rc)
        rc = analyse_utility(v, e);
    if (!rc)
        rc = analyse_subgroups(v, e);
    if (!rc)
        rc = analyse_samples(v, e);
    if (rc)
        evaluation_free(v);
    else
        *out = v;
    return rc;
}

void evaluation_free(struct evaluation *v) {
    if (!v)
        return;
    roc_free(v->binary.roc);
    arena_release(&v->arena);
    mem_free(v);
}
