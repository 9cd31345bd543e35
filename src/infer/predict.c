/* A cohort through the network, reading ahead in one thread. Floor 7.
 *
 * The background thread owns an entry of the ring from the moment it is free until it is marked ready; the caller's thread owns it from
 * then until its prediction has been delivered. The ring's images are allocated when first needed and used again for every later exam. */
#include "infer/predict.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/progress.h"
#include "prep/exam_prep.h"

enum { RING = 2 }; /* the exam in the network and the next: preparing takes a third of computing, and a third set of images another 27 MB */

struct entry {
    float *views; /* owned: all views of an exam end to end; NULL until a view was met; pages of slots never met stay untouched */
    struct prediction p;
    struct clinical clinical[SCHEMA_FIELDS_MAX];
    struct err fatal; /* code != 0: the run ends here */
};

struct pipeline {
    struct model *model;
    const struct model_config *config;
    const struct predict_options *options;
    struct exam_prep_options prep;
    const struct cohort_row **rows; /* the selected ones */
    size_t n;
    struct decoder *decoder; /* the background thread's */
    struct entry ring[RING];
    pthread_mutex_t lock; /* of the three below */
    pthread_cond_t changed;
    size_t prepared, consumed;
    bool stop;
};

/* The published release's black image, said where it stood in. */
static void say_what_stood_in(struct pipeline *l, struct prediction *p) {
    for (int s = 0; s < SLOT_COUNT && !p->refused && l->config->variant == VARIANT_REFERENCE; s++) {
        struct input_verdict *v = &p->verdict.input[s];
        if (network_takes(l->config->network, (enum slot)s) && v->status != INPUT_USED)
            verdict_note(v, "%s: the published release's black image was used, as this model is the reference variant",
                         v->status == INPUT_ABSENT ? "absent" : "");
    }
}

static int prepare_exam(struct pipeline *l, struct entry *x, const struct cohort_row *row, struct err *e) {
    const struct exam *exam = &row->exam;
    const struct schema *schema = model_schema(l->model);
    x->p = (struct prediction){.exam = exam, .schema = schema, .absent_is_zero = l->config->clinical == CLINICAL_CONCAT};
    for (size_t i = 0; schema && i < schema->n_fields && i < SCHEMA_FIELDS_MAX; i++)
        x->clinical[i] = exam->clinical && exam->clinical[i].present ? exam->clinical[i] : (struct clinical){0};
    x->p.clinical = schema ? x->clinical : NULL;
    struct exam_prep_times ms;
    int rc = exam_prep(&x->p.verdict, &x->views, &ms, exam, &row->fault, &l->prep, l->decoder, e);
    if (rc)
        return rc;
    x->p.ms = (struct predict_times){.read = ms.read, .prep = ms.prep};
    x->p.refused = x->p.verdict.code != 0;
    say_what_stood_in(l, &x->p);
    return 0;
}

static void *read_ahead(void *ctx) {
    struct pipeline *l = ctx;
    for (size_t i = 0; i < l->n; i++) {
        pthread_mutex_lock(&l->lock);
        while (!l->stop && i - l->consumed >= RING)
            pthread_cond_wait(&l->changed, &l->lock);
        bool stop = l->stop;
        pthread_mutex_unlock(&l->lock);
        if (stop)
            break;
        struct entry *x = &l->ring[i % RING];
        x->fatal.code = 0;
        bool failed = prepare_exam(l, x, l->rows[i], &x->fatal) != 0;
        pthread_mutex_lock(&l->lock);
        l->prepared = i + 1;
        pthread_cond_broadcast(&l->changed);
        pthread_mutex_unlock(&l->lock);
        if (failed)
            break;
    }
    return NULL;
}

/* The network's part. Non-zero only if the run must end. */
static int compute(struct pipeline *l, struct entry *x, struct err *e) {
    struct prediction *p = &x->p;
    if (!p->refused) {
        struct model_input in = {.clinical = p->clinical};
        struct err why = {0};
        for (int s = 0; s < SLOT_COUNT; s++)
            in.view[s] = p->verdict.input[s].status == INPUT_USED ? x->views + prep_offset(&l->config->prep, (enum slot)s) : NULL;
        double started = clock_seconds();
        int rc = model_run(l->model, &in, &p->output, &why);
        p->ms.network = 1e3 * (clock_seconds() - started);
        if (rc) {
            p->output = (struct model_output){0};
            if (exam_fault_is_fatal(rc))
                return err_set(e, rc, "exam %s: %s", p->exam->exam_id, why.message);
            p->verdict.code = rc;
            snprintf(p->verdict.reason, sizeof p->verdict.reason, "%.*s", (int)sizeof p->verdict.reason - 1, why.message);
            p->refused = true;
        }
    }
    p->ms.total = p->ms.read + p->ms.prep + p->ms.network;
    return 0;
}

static int deliver_all(struct pipeline *l, predict_sink *sink, void *ctx, struct err *e) {
    for (size_t i = 0; i < l->n; i++) {
        struct entry *x = &l->ring[i % RING];
        pthread_mutex_lock(&l->lock);
        while (l->prepared <= i)
            pthread_cond_wait(&l->changed, &l->lock);
        pthread_mutex_unlock(&l->lock);
        if (x->fatal.code)
            return err_set(e, x->fatal.code, "%s", x->fatal.message);
        int rc = compute(l, x, e);
        if (!rc)
            rc = sink(ctx, &x->p, e);
        if (rc)
            return rc;
        pthread_mutex_lock(&l->lock);
        l->consumed = i + 1;
        pthread_cond_broadcast(&l->changed);
        pthread_mutex_unlock(&l->lock);
    }
    return 0;
}

static bool selected(const struct cohort_row *x, const struct predict_options *options) {
    return !options->split || strcmp(x->split, options->split) == 0;
}

size_t predict_count(const struct manifest *cohort, const struct predict_options *options) {
    size_t n = 0;
    for (size_t i = 0; i < cohort->n; i++)
        n += selected(&cohort->rows[i], options);
    return n;
}

static int run_pipeline(struct pipeline *l, predict_sink *sink, void *ctx, struct err *e) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, read_ahead, l))
        return err_set(e, ERR_THREAD, "the thread that reads ahead could not be started");
    int rc = deliver_all(l, sink, ctx, e);
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
    pthread_join(thread, NULL);
    return rc;
}

int predict_cohort(struct model *m, const struct manifest *cohort, const struct predict_options *options, predict_sink *sink, void *ctx,
                   struct err *e) {
    struct pipeline *l = mem_alloc(1, sizeof *l, e);
    if (!l)
        return ERR_NO_MEMORY;
    *l = (struct pipeline){.model = m, .config = model_config(m), .options = options};
    l->prep = (struct exam_prep_options){.cache = options->cache,
                                         .profile = &l->config->prep,
                                         .network = network_name(l->config->network),
                                         .allow_partial = options->allow_partial,
                                         .allow_tomosynthesis = options->allow_tomosynthesis};
    for (int s = 0; s < SLOT_COUNT; s++)
        if (network_takes(l->config->network, (enum slot)s))
            *(l->config->unlearnt >> slot_kind((enum slot)s) & 1U ? &l->prep.unlearnt : &l->prep.taken) |= 1U << s;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->changed, NULL);
    int rc = decoder_open(&l->decoder, &(struct decoder_options){.paths = options->paths}, e);
    if (rc)
        goto out;
    rc = ERR_NO_MEMORY;
    if (!(l->rows = mem_alloc(cohort->n, sizeof *l->rows, e)))
        goto out;
    for (size_t i = 0; i < cohort->n; i++)
        if (selected(&cohort->rows[i], options))
            l->rows[l->n++] = &cohort->rows[i];
    rc = run_pipeline(l, sink, ctx, e);
out:
    for (int i = 0; i < RING; i++)
        free(l->ring[i].views);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    decoder_close(l->decoder);
    free(l->rows);
    free(l);
    return rc;
}
