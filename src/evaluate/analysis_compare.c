/* Other scores beside the model's: another model, a reader's points, the ideal observer of a synthetic cohort. Floor 5. */
#include <math.h>

#include "evaluate/analysis.h"

/* The exams that have both scores, patients numbered anew. */
struct both {
    double *model, *other;
    uint8_t *truth;
    size_t *cluster;
    size_t n_clusters;
};

static int gather(struct both *x, struct comparison *r, const double *score, struct evaluation *v, struct err *e) {
    const struct joined *j = v->joined;
    struct arena *a = &v->arena;
    size_t *number = arena_alloc(a, j->n, sizeof *number, e); /* new number of a patient + 1 */
    *x = (struct both){.model = arena_alloc(a, j->n, sizeof(double), e),
                       .other = arena_alloc(a, j->n, sizeof(double), e),
                       .truth = arena_alloc(a, j->n, 1, e),
                       .cluster = arena_alloc(a, j->n, sizeof(size_t), e)};
    if (!number || !x->model || !x->other || !x->truth || !x->cluster)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < j->n; i++) {
        if (isnan(score[i]))
            continue;
        const size_t k = r->n++, patient = j->cluster ? j->cluster[i] : i;
        x->model[k] = j->score[i];
        x->other[k] = score[i];
        x->truth[k] = j->truth[i];
        r->n_positive += x->truth[k];
        if (!number[patient])
            number[patient] = ++x->n_clusters;
        x->cluster[k] = number[patient] - 1;
    }
    return 0;
}

static int compare(struct comparison *r, const double *score, struct evaluation *v, struct err *e) {
    struct both x;
    const double level = v->plan->level;
    int rc = gather(&x, r, score, v, e);
    if (rc)
        return rc;
    if (r->n == 0) {
        gap_set(&r->auc.gap, "no analysed exam has this score");
        r->delong_gap = r->auc.gap;
        return 0;
    }
    const size_t *cluster = v->joined->cluster && x.n_clusters < r->n ? x.cluster : NULL;
    rc = analyse_auc(&r->auc, x.other, x.truth, r->n, cluster, x.n_clusters, level, e);
    if (rc)
        return rc;
    return gap_take(&r->delong_gap, delong_test_paired(&r->delong, x.model, x.other, x.truth, r->n, cluster, x.n_clusters, level, e), e);
}

int analyse_comparisons(struct evaluation *v, struct err *e) {
    const struct joined *j = v->joined;
    int rc = 0;
    v->comparisons = arena_alloc(&v->arena, j->n_compared + 1, sizeof *v->comparisons, e);
    if (!v->comparisons)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < j->n_compared && !rc; i++) {
        v->comparisons[v->n_comparisons].name = j->compared[i].name;
        rc = compare(&v->comparisons[v->n_comparisons++], j->compared[i].score, v, e);
    }
    return rc;
}
