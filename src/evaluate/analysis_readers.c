/* Section 3 of an evaluation: readers, each against the model, against each other, and under several conditions. Floor 5. */
#include "evaluate/analysis.h"

#include <math.h>
#include <string.h>

/* What one reader read under one condition, beside the model's score of the same exams. */
struct read_exams {
    size_t n;
    double *category, *score;
    uint8_t *truth, *reader_call, *model_call;
    size_t *cluster;
    size_t n_clusters;
};

static const short *readings(const struct joined *j, size_t condition, size_t reader) {
    return j->birads + (condition * j->n_readers + reader) * j->n;
}

static bool mixed(const short *b, size_t n) {
    bool plain = false, lettered = false;
    for (size_t i = 0; i < n; i++) {
        plain = plain || b[i] == BIRADS_4;
        lettered = lettered || (b[i] != BIRADS_UNREADABLE && birads_undivided(b[i]) == BIRADS_4 && b[i] != BIRADS_4);
    }
    return plain && lettered;
}

/* 4 from 4a on: a plain 4 is never below 4a. */
static bool positive_call(const struct study_plan *p, enum birads b) {
    enum birads from = birads_read(p->reader_positive);
    if (from == BIRADS_4)
        from = BIRADS_4A;
    return b >= from;
}

static int gather(struct read_exams *x, struct reader_result *r, struct evaluation *v, struct err *e) {
    const struct joined *j = v->joined;
    const short *b = readings(j, r->condition, r->reader);
    const struct threshold_result *t = primary_threshold(v);
    struct arena *a = &v->arena;
    size_t *seen = arena_alloc(a, j->n, sizeof *seen, e); /* new number of a patient + 1 */
    *x = (struct read_exams){.category = arena_alloc(a, j->n, sizeof(double), e),
                             .score = arena_alloc(a, j->n, sizeof(double), e),
                             .truth = arena_alloc(a, j->n, 1, e),
                             .reader_call = arena_alloc(a, j->n, 1, e),
                             .model_call = arena_alloc(a, j->n, 1, e),
                             .cluster = arena_alloc(a, j->n, sizeof(size_t), e)};
    if (!seen || !x->category || !x->score || !x->truth || !x->reader_call || !x->model_call || !x->cluster)
        return ERR_NO_MEMORY;
    r->undivided = mixed(b, j->n);
    for (size_t i = 0; i < j->n; i++) {
        if (b[i] == BIRADS_UNREADABLE)
            continue;
        const size_t k = x->n++, patient = j->cluster ? j->cluster[i] : i;
        x->category[k] = r->undivided ? birads_undivided(b[i]) : b[i];
        x->score[k] = j->score[i];
        x->truth[k] = j->truth[i];
        x->reader_call[k] = positive_call(v->plan, b[i]);
        x->model_call[k] = t && j->score[i] >= t->value;
        if (!seen[patient])
            seen[patient] = ++x->n_clusters;
        x->cluster[k] = seen[patient] - 1;
        r->n_positive += x->truth[k];
    }
    r->n = x->n;
    return 0;
}

static struct counts count_calls(const uint8_t *call, const uint8_t *truth, size_t n) {
    struct counts c = {0};
    for (size_t i = 0; i < n; i++) {
        c.true_positive += truth[i] && call[i];
        c.false_negative += truth[i] && !call[i];
        c.false_positive += !truth[i] && call[i];
        c.true_negative += !truth[i] && !call[i];
    }
    return c;
}

/* Right calls of model and reader among the exams of one truth: 0 malignant, 1 benign. */
static int compare_calls(struct reader_result *r, int which, const struct read_exams *x, const struct evaluation *v, struct err *e) {
    const struct study_plan *p = v->plan;
    struct pairs *c = &r->pairs[which];
    for (size_t i = 0; i < x->n; i++) {
        if (x->truth[i] == (which == 1))
            continue;
        const bool model = x->model_call[i] == x->truth[i], reader = x->reader_call[i] == x->truth[i];
        c->both += model && reader;
        c->first += model && !reader;
        c->second += !model && reader;
        c->neither += !model && !reader;
    }
    if (!primary_threshold(v)) {
        gap_set(&r->pair_gap[which], "the plan has no threshold: the model makes no decisions");
        r->noninferiority_gap[which] = r->pair_gap[which];
        return 0;
    }
    int rc = gap_take(&r->pair_gap[which], paired_difference(&r->difference[which], c, p->level, e), e);
    if (rc || !gap_none(&r->pair_gap[which])) {
        r->noninferiority_gap[which] = r->pair_gap[which];
        return rc;
    }
    mcnemar(&r->mcnemar[which], c);
    return gap_take(&r->noninferiority_gap[which],
                    paired_noninferiority(&r->noninferiority_z[which], &r->noninferiority_p[which], c, p->noninferiority_margin, e), e);
}

static int compare_areas(struct reader_result *r, const struct read_exams *x, const struct evaluation *v, struct err *e) {
    const bool clustered = v->joined->cluster && x->n_clusters < x->n;
    int rc = analyse_auc(&r->auc, x->category, x->truth, x->n, clustered ? x->cluster : NULL, x->n_clusters, v->plan->level, e);
    if (!rc)
        rc = gap_take(&r->delong_gap,
                      delong_test_paired(&r->delong, x->score, x->category, x->truth, x->n, clustered ? x->cluster : NULL, x->n_clusters,
                                         v->plan->level, e),
                      e);
    r->auc_noninferiority_gap = r->delong_gap;
    if (rc || !gap_none(&r->delong_gap))
        return rc;
    return gap_take(&r->auc_noninferiority_gap,
                    auc_noninferiority(&r->auc_noninferiority_z, &r->auc_noninferiority_p, r->delong.difference, r->delong.standard_error,
                                       v->plan->noninferiority_margin, e),
                    e);
}

static int one_reader(struct reader_result *r, struct evaluation *v, struct err *e) {
    struct read_exams x;
    int rc = gather(&x, r, v, e);
    if (rc)
        return rc;
    if (x.n == 0) {
        gap_set(&r->auc.gap, "no analysed exam was read by this reader under this condition");
        r->delong_gap = r->auc_noninferiority_gap = r->pair_gap[0] = r->pair_gap[1] = r->auc.gap;
        r->noninferiority_gap[0] = r->noninferiority_gap[1] = r->auc.gap;
        return 0;
    }
    const struct counts reader = count_calls(x.reader_call, x.truth, x.n), model = count_calls(x.model_call, x.truth, x.n);
    rc = binary_make(&r->binary, &reader, v->plan->level, e);
    if (!rc)
        rc = binary_make(&r->model, &model, v->plan->level, e);
    if (!rc)
        rc = compare_areas(r, &x, v, e);
    for (int which = 0; which < 2 && !rc; which++)
        rc = compare_calls(r, which, &x, v, e);
    return rc;
}

/* Two readers, first condition, exams read by both. */
static int agree(struct agreement *a, struct evaluation *v, struct err *e) {
    const struct joined *j = v->joined;
    const short *x = readings(j, 0, a->a), *y = readings(j, 0, a->b);
    const bool undivided = mixed(x, j->n) || mixed(y, j->n);
    size_t counts[BIRADS_COUNT * BIRADS_COUNT] = {0};
    int rc = 0;
    for (size_t i = 0; i < j->n; i++)
        if (x[i] != BIRADS_UNREADABLE && y[i] != BIRADS_UNREADABLE) {
            const enum birads p = undivided ? birads_undivided(x[i]) : x[i], q = undivided ? birads_undivided(y[i]) : y[i];
            counts[(int)p * BIRADS_COUNT + (int)q]++;
            a->n++;
        }
    /* only categories that somebody used count for the weights' distances */
    size_t used[BIRADS_COUNT], n_used = 0, packed[BIRADS_COUNT * BIRADS_COUNT];
    for (size_t c = 0; c < BIRADS_COUNT; c++) {
        size_t any = 0;
        for (size_t d = 0; d < BIRADS_COUNT; d++)
            any += counts[c * BIRADS_COUNT + d] + counts[d * BIRADS_COUNT + c];
        if (any)
            used[n_used++] = c;
    }
    for (size_t c = 0; c < n_used; c++)
        for (size_t d = 0; d < n_used; d++)
            packed[c * n_used + d] = counts[used[c] * BIRADS_COUNT + used[d]];
    for (int w = 0; w < KAPPAS && !rc; w++) {
        if (n_used < 2)
            gap_set(&a->gap[w], "both readers used one category only");
        else
            rc = gap_take(&a->gap[w], kappa_cohen(&a->kappa[w], packed, (int)n_used, (enum kappa_weights)w, v->plan->level, e), e);
    }
    return rc;
}

static int all_agreements(struct readers_section *s, struct evaluation *v, struct err *e) {
    const size_t r = v->joined->n_readers;
    int rc = 0;
    s->agreements = arena_alloc(&v->arena, r * (r - 1) / 2 + 1, sizeof *s->agreements, e);
    if (!s->agreements)
        return ERR_NO_MEMORY;
    for (size_t a = 0; a < r && !rc; a++)
        for (size_t b = a + 1; b < r && !rc; b++) {
            struct agreement *x = &s->agreements[s->n_agreements++];
            x->a = a;
            x->b = b;
            rc = agree(x, v, e);
        }
    return rc;
}

/* --- what needs a complete design ---------------------------------------------------------------------------------------- */

static size_t complete_exams(size_t *which, const struct joined *j) {
    size_t n = 0;
    for (size_t i = 0; i < j->n; i++) {
        bool all = true;
        for (size_t c = 0; c < j->n_conditions * j->n_readers; c++)
            all = all && j->birads[c * j->n + i] != BIRADS_UNREADABLE;
        if (all)
            which[n++] = i;
    }
    return n;
}

static int fleiss(struct readers_section *s, struct evaluation *v, const size_t *which, struct err *e) {
    const struct joined *j = v->joined;
    bool undivided = false;
    size_t *counts = arena_alloc(&v->arena, (s->n_complete + 1) * BIRADS_COUNT, sizeof *counts, e);
    if (!counts)
        return ERR_NO_MEMORY;
    for (size_t r = 0; r < j->n_readers; r++)
        undivided = undivided || mixed(readings(j, 0, r), j->n);
    for (size_t i = 0; i < s->n_complete; i++)
        for (size_t r = 0; r < j->n_readers; r++) {
            const enum birads b = readings(j, 0, r)[which[i]];
            counts[i * BIRADS_COUNT + (size_t)(undivided ? birads_undivided(b) : b)]++;
        }
    return gap_take(&s->fleiss_gap, kappa_fleiss(&s->fleiss, counts, s->n_complete, BIRADS_COUNT, v->plan->level, e), e);
}

/* Positive calls of all readers under the first condition, and of the model, among exams of one truth. */
static int cochran(struct readers_section *s, struct evaluation *v, const size_t *which, int benign, struct err *e) {
    const struct joined *j = v->joined;
    const struct threshold_result *t = primary_threshold(v);
    const size_t k = j->n_readers + (t != NULL);
    uint8_t *call = arena_alloc(&v->arena, (s->n_complete + 1) * k, 1, e);
    size_t n = 0;
    if (!call)
        return ERR_NO_MEMORY;
    if (k < 2) {
        gap_set(&s->cochran_gap[benign], "one reader alone and no threshold of the model");
        return 0;
    }
    for (size_t i = 0; i < s->n_complete; i++) {
        if (j->truth[which[i]] == benign)
            continue;
        for (size_t r = 0; r < j->n_readers; r++)
            call[n * k + r] = positive_call(v->plan, readings(j, 0, r)[which[i]]);
        if (t)
            call[n * k + k - 1] = j->score[which[i]] >= t->value;
        n++;
    }
    return gap_take(&s->cochran_gap[benign], cochran_q(&s->cochran_q[benign], &s->cochran_p[benign], call, n, (int)k, e), e);
}

static int figures(struct mrmc **out, const struct readers_section *s, struct evaluation *v, const size_t *which, struct err *e) {
    const struct joined *j = v->joined;
    const size_t cells = j->n_conditions * j->n_readers;
    double *score = arena_alloc(&v->arena, cells * (s->n_complete + 1), sizeof *score, e);
    double *figure = arena_alloc(&v->arena, cells, sizeof *figure, e),
           *covariance = arena_alloc(&v->arena, cells * cells, sizeof(double), e);
    uint8_t *truth = arena_alloc(&v->arena, s->n_complete + 1, 1, e);
    if (!score || !figure || !covariance || !truth)
        return ERR_NO_MEMORY;
    for (size_t c = 0; c < cells; c++) {
        const short *b = j->birads + c * j->n;
        const bool undivided = mixed(b, j->n);
        for (size_t i = 0; i < s->n_complete; i++)
            score[c * s->n_complete + i] = undivided ? birads_undivided(b[which[i]]) : b[which[i]];
    }
    for (size_t i = 0; i < s->n_complete; i++)
        truth[i] = j->truth[which[i]];
    const struct mrmc_study study = {
        .modalities = (int)j->n_conditions, .readers = (int)j->n_readers, .cases = s->n_complete, .score = score, .truth = truth};
    int rc = mrmc_figures(figure, covariance, &study, MRMC_AUC, 0, MRMC_DELONG, e);
    return rc ? rc : mrmc_make(out, figure, covariance, study.modalities, study.readers, e);
}

static int mrmc_study_of(struct readers_section *s, struct evaluation *v, const size_t *which, struct err *e) {
    const struct joined *j = v->joined;
    struct mrmc *m = NULL;
    int rc = gap_take(&s->mean_gap, figures(&m, s, v, which, e), e);
    if (rc || !gap_none(&s->mean_gap)) {
        s->mrmc_gap = s->mean_gap;
        return rc;
    }
    s->components = *mrmc_components(m);
    s->mean = arena_alloc(&v->arena, j->n_conditions, sizeof *s->mean, e);
    rc = s->mean ? 0 : ERR_NO_MEMORY;
    for (size_t c = 0; c < j->n_conditions && !rc && gap_none(&s->mean_gap); c++)
        rc = gap_take(&s->mean_gap, mrmc_modality(&s->mean[c], m, MRMC_RANDOM_BOTH, (int)c, v->plan->level, e), e);
    if (j->n_conditions < 2)
        gap_set(&s->mrmc_gap, "one condition only: nothing to compare");
    for (int model = 0; model < 3 && !rc && gap_none(&s->mrmc_gap); model++) {
        int code = mrmc_equal(&s->mrmc_equal[model], m, (enum mrmc_model)model, e);
        if (!code)
            code = mrmc_difference(&s->mrmc_difference[model], m, (enum mrmc_model)model, 1, 0, v->plan->level, e);
        rc = gap_take(&s->mrmc_gap, code, e);
    }
    mrmc_free(m);
    return rc;
}

int analyse_readers(struct evaluation *v, struct err *e) {
    struct readers_section *s = &v->readers;
    const struct joined *j = v->joined;
    if (j->n_readers == 0) {
        gap_set(&s->gap, "no readers were given");
        return 0;
    }
    s->results = arena_alloc(&v->arena, j->n_readers * j->n_conditions, sizeof *s->results, e);
    size_t *which = arena_alloc(&v->arena, j->n, sizeof *which, e);
    int rc = s->results && which ? 0 : ERR_NO_MEMORY;
    for (size_t c = 0; c < j->n_conditions; c++)
        for (size_t r = 0; r < j->n_readers && !rc; r++) {
            struct reader_result *x = &s->results[s->n_results++];
            x->reader = r;
            x->condition = c;
            rc = one_reader(x, v, e);
        }
    if (!rc)
        rc = all_agreements(s, v, e);
    if (rc)
        return rc;
    s->n_complete = complete_exams(which, j);
    if (s->n_complete == 0) {
        gap_set(&s->mean_gap, "no exam was read by every reader under every condition");
        s->fleiss_gap = s->mrmc_gap = s->cochran_gap[0] = s->cochran_gap[1] = s->mean_gap;
        return 0;
    }
    if (j->n_readers < 2)
        gap_set(&s->fleiss_gap, "one reader only");
    else
        rc = fleiss(s, v, which, e);
    for (int benign = 0; benign < 2 && !rc; benign++)
        rc = cochran(s, v, which, benign, e);
    return rc ? rc : mrmc_study_of(s, v, which, e);
}
