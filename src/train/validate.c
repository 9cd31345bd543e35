/* How good the network is on the validation exams. Floor 8. */
#include "train/validate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "accuracy/roc.h"
#include "base/mem.h"

/* AUC of those whose truth is 0 or 1; NaN where it is not defined. */
static int auc_of(double *out, const double *score, const uint8_t *truth, size_t n, struct err *e) {
    struct roc *r = NULL;
    *out = (double)NAN;
    size_t positive = 0;
    for (size_t i = 0; i < n; i++)
        positive += truth[i];
    if (positive == 0 || positive == n)
        return 0;
    const int rc = roc_make(&r, score, truth, n, e);
    if (rc == 0)
        *out = roc_auc(r);
    roc_free(r);
    return rc;
}

static double node_probability(const struct loss *l, const double *p, int level, int node) {
    double sum = 0;
    for (int leaf = 0; leaf < l->n_leaves; leaf++)
        sum += l->level[level].node_of_leaf[leaf] == node ? p[leaf] : 0;
    return sum;
}

struct table { /* of the exams that have a label on one level */
    double *score;
    uint8_t *truth;
    size_t n;
};

/* One node of a level against the rest. where: availability to look at, or 0 for all. */
static void fill(struct table *t, const double *p, const struct train_item *items, uint32_t n, const struct loss *l, int level, int node,
                 unsigned where) {
    t->n = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (items[i].label.level < level || (where && slot_kinds(items[i].present) != where))
            continue;
        t->score[t->n] = node_probability(l, p + (size_t)i * (size_t)l->n_leaves, level, node);
        t->truth[t->n++] = loss_node_at(l, items[i].label, level) == node;
    }
}

static double accuracy(const double *p, const struct train_item *items, uint32_t n, const struct loss *l, int level) {
    size_t right = 0, all = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (items[i].label.level < level)
            continue;
        int best = 0;
        for (int k = 1; k < l->level[level].n_nodes; k++)
            if (node_probability(l, p + (size_t)i * (size_t)l->n_leaves, level, k) >
                node_probability(l, p + (size_t)i * (size_t)l->n_leaves, level, best))
                best = k;
        right += best == loss_node_at(l, items[i].label, level);
        all++;
    }
    return all ? (double)right / (double)all : (double)NAN;
}

static int areas(struct scores *out, struct table *t, const double *p, const struct train_item *items, uint32_t n, const struct loss *l,
                 const struct tree *tree, struct err *e) {
    const int malignant = l->level[0].node_of_leaf[tree->nodes[tree->positive].first_leaf], lowest = l->n_levels - 1;
    double sum = 0, one;
    int there = 0;
    fill(t, p, items, n, l, 0, malignant, 0);
    int rc = auc_of(&out->auc, t->score, t->truth, t->n, e);
    for (int k = 0; k < l->level[lowest].n_nodes && rc == 0; k++) {
        fill(t, p, items, n, l, lowest, k, 0);
        rc = auc_of(&one, t->score, t->truth, t->n, e);
        sum += isnan(one) ? 0 : one;
        there += !isnan(one);
    }
    out->macro_auc = there ? sum / there : (double)NAN;
    for (unsigned a = 1; a < AVAILABILITIES && rc == 0; a++) {
        fill(t, p, items, n, l, 0, malignant, a);
        out->by_availability[a].exams = (uint32_t)t->n;
        for (size_t i = 0; i < t->n; i++)
            out->by_availability[a].malignant += t->truth[i];
        rc = auc_of(&out->by_availability[a].auc, t->score, t->truth, t->n, e);
    }
    return rc;
}

int scores_of(struct scores *out, const float *logits, const struct train_item *items, uint32_t n, const struct loss *loss,
              const struct tree *tree, struct err *e) {
    const size_t leaves = (size_t)loss->n_leaves;
    double *p = mem_alloc((size_t)n + 1, leaves * sizeof *p, e);
    struct table t = {.score = mem_alloc((size_t)n + 1, sizeof(double), e), .truth = mem_alloc((size_t)n + 1, 1, e)};
    struct loss_label *labels = mem_alloc((size_t)n + 1, sizeof *labels, e);
    struct loss_value value;
    int rc = p && t.score && t.truth && labels ? 0 : ERR_NO_MEMORY;
    memset(out, 0, sizeof *out);
    out->exams = n;
    out->loss = (double)NAN;
    for (uint32_t i = 0; i < n && rc == 0; i++) {
        softmax(p + i * leaves, logits + i * leaves, loss->n_leaves);
        labels[i] = items[i].label;
    }
    if (rc == 0 && n > 0 && (rc = loss_run(&value, NULL, loss, logits, labels, n, NULL, e)) == 0)
        out->loss = value.total;
    if (rc == 0)
        rc = areas(out, &t, p, items, n, loss, tree, e);
    if (rc == 0) {
        out->class_accuracy = accuracy(p, items, n, loss, 0);
        out->tier_accuracy = accuracy(p, items, n, loss, loss->n_levels - 1);
    }
    mem_free(p);
    mem_free(t.score);
    mem_free(t.truth);
    mem_free(labels);
    return rc;
}

static int run_all(float *logits, struct model *m, struct loader *loader, uint32_t n, struct err *e) {
    struct learner_exam x;
    const struct train_item *item;
    const size_t leaves = model_tree(m)->n_leaves;
    int got = 0, rc = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct model_output out;
        if ((rc = loader_next(loader, &x, &item, 1, &got, e)))
            return rc;
        struct model_input in = {.clinical = x.clinical};
        memcpy(in.view, x.view, sizeof in.view);
        if ((rc = model_run(m, &in, &out, e)))
            return err_prefix(e, "validation, exam %s", x.id), rc;
        memcpy(logits + i * leaves, out.logits, leaves * sizeof *logits);
    }
    return 0;
}

int validate(struct scores *out, float *logits, struct learner *l, struct loader *loader, const struct train_item *items, uint32_t n,
             const struct loss *loss, const struct tree *tree, const struct model_options *how, struct err *e) {
    const struct parameters *p = learner_parameters(l);
    float *own = logits ? logits : mem_alloc((size_t)n + 1, (size_t)loss->n_leaves * sizeof *own, e);
    struct model *m = NULL;
    int rc = own ? model_over(&m, learner_facts(l), p->arrays, p->keys->n, how, e) : ERR_NO_MEMORY;
    if (rc == 0 && (rc = loader_start(loader, items, NULL, n, 0, 0, e)) == 0 && (rc = run_all(own, m, loader, n, e)) == 0)
        rc = scores_of(out, own, items, n, loss, tree, e);
    model_close(m);
    if (own != logits)
        mem_free(own);
    return rc;
}
