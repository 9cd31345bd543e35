/* A cohort through the network, reading ahead in one thread. Floor 7.
 *
 * The background thread owns an entry of the ring from the moment it is free until it is marked ready; the caller's thread owns it from
 * then until its prediction has been delivered. Each entry is a predictor, whose room for images is allocated when first needed and used
 * again for every later exam; they share one decoder, as only the background thread prepares. */
#include "infer/pipeline.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/thread.h"

enum { RING = 2 }; /* the exam in the network and the next: preparing takes a third of computing, and a third set of images another 27 MB */

struct entry {
    struct predictor *predictor;
    struct err fatal; /* code != 0: the run ends here */
};

struct pipeline {
    const struct cohort_row **rows; /* the selected ones */
    size_t n;
    struct decoder *own; /* NULL: the options brought one */
    struct entry ring[RING];
    pthread_mutex_t lock; /* of the three below */
    pthread_cond_t changed;
    size_t prepared, consumed;
    bool stop;
};

static void read_ahead(void *ctx) {
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
        bool failed = predictor_prepare(x->predictor, &l->rows[i]->exam, &l->rows[i]->fault, &x->fatal) != 0;
        pthread_mutex_lock(&l->lock);
        l->prepared = i + 1;
        pthread_cond_broadcast(&l->changed);
        pthread_mutex_unlock(&l->lock);
        if (failed)
            break;
    }
}

static int deliver_all(struct pipeline *l, pipeline_sink *sink, void *ctx, struct err *e) {
    for (size_t i = 0; i < l->n; i++) {
        struct entry *x = &l->ring[i % RING];
        const struct prediction *p = NULL;
        pthread_mutex_lock(&l->lock);
        while (l->prepared <= i)
            pthread_cond_wait(&l->changed, &l->lock);
        pthread_mutex_unlock(&l->lock);
        if (x->fatal.code)
            return err_set(e, x->fatal.code, "%s", x->fatal.message);
        int rc = predictor_compute(&p, x->predictor, e);
        if (!rc)
            rc = sink(ctx, p, e);
        if (rc)
            return rc;
        pthread_mutex_lock(&l->lock);
        l->consumed = i + 1;
        pthread_cond_broadcast(&l->changed);
        pthread_mutex_unlock(&l->lock);
    }
    return 0;
}

static bool selected(const struct cohort_row *x, const struct pipeline_options *options) {
    return !options->split || strcmp(x->split, options->split) == 0;
}

size_t pipeline_count(const struct manifest *cohort, const struct pipeline_options *options) {
    size_t n = 0;
    for (size_t i = 0; i < cohort->n; i++)
        n += selected(&cohort->rows[i], options);
    return n;
}

static int run_threads(struct pipeline *l, pipeline_sink *sink, void *ctx, struct err *e) {
    pthread_t thread;
    int rc = thread_start(&thread, read_ahead, l, "the read-ahead thread", e);
    if (rc)
        return rc;
    rc = deliver_all(l, sink, ctx, e);
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
    pthread_join(thread, NULL);
    return rc;
}

static int open_ring(struct pipeline *l, struct model *m, const struct pipeline_options *options, struct err *e) {
    struct predictor_options o = options->predictor;
    int rc = o.decoder ? 0 : decoder_open(&l->own, &(struct decoder_options){.paths = o.paths}, e);
    if (!o.decoder)
        o.decoder = l->own;
    for (int i = 0; i < RING && !rc; i++)
        rc = predictor_open(&l->ring[i].predictor, m, &o, e);
    return rc;
}

int pipeline_run(struct model *m, const struct manifest *cohort, const struct pipeline_options *options, pipeline_sink *sink, void *ctx,
                 struct err *e) {
    struct pipeline *l = mem_alloc(1, sizeof *l, e);
    if (!l)
        return ERR_NO_MEMORY;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->changed, NULL);
    int rc = open_ring(l, m, options, e);
    if (rc)
        goto out;
    rc = ERR_NO_MEMORY;
    if (!(l->rows = mem_alloc(cohort->n, sizeof *l->rows, e)))
        goto out;
    for (size_t i = 0; i < cohort->n; i++)
        if (selected(&cohort->rows[i], options))
            l->rows[l->n++] = &cohort->rows[i];
    rc = run_threads(l, sink, ctx, e);
out:
    for (int i = 0; i < RING; i++)
        predictor_close(l->ring[i].predictor);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    decoder_close(l->own);
    mem_free(l->rows);
    mem_free(l);
    return rc;
}
