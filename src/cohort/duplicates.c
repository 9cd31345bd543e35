/* Pictures that stand in several exams. Floor 4. */
#include "cohort/duplicates.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/pool.h"
#include "file/io.h"
#include "image/decode.h"
#include "image/likeness.h"

enum outcome { UNREADABLE, UNDECODED, DECODED };
struct look {
    size_t row;
    enum slot slot;
    enum outcome outcome;
    uint8_t sha256[SHA256_SIZE];
    struct likeness likeness;
};
struct work {
    const struct manifest *m;
    struct look *looks;
    size_t n;
    atomic_size_t next;
    atomic_bool stop;
    const volatile sig_atomic_t *signal; /* may be NULL */
    void (*progress)(void *ctx, size_t done);
    void *ctx;
    pthread_mutex_t lock; /* of what follows */
    size_t done;
    struct err err;
};

/* A file that cannot be used is an outcome; only want of memory or of the decoder itself stops the work. */
static int look_at(struct look *l, const struct exam_source *source, struct decoder *d, struct err *e) {
    struct source_content file;
    struct image *im = NULL;
    int rc = source_read(&file, source, e);
    if (rc)
        goto out;
    sha256_bytes(file.bytes, file.n, l->sha256);
    l->outcome = UNDECODED;
    rc = decode_image(&im, d, file.bytes, file.n, NULL, e);
    if (!rc)
        rc = likeness_of(&l->likeness, im, e);
    if (!rc)
        l->outcome = DECODED;
out:
    image_free(im);
    source_release(&file);
    return err_ends_run(rc) ? rc : 0;
}

static void look_at_some(void *ctx, int i, int n) {
    struct work *w = ctx;
    struct decoder *d = NULL;
    struct err e = {0};
    size_t k;
    (void)i;
    (void)n;
    int rc = decoder_open(&d, NULL, &e);
    while (!rc && !atomic_load(&w->stop) && (k = atomic_fetch_add(&w->next, 1)) < w->n) {
        struct look *l = &w->looks[k];
        rc = w->signal && *w->signal ? err_set(&e, ERR_INTERRUPTED, "interrupted; nothing was written")
                                     : look_at(l, &w->m->rows[l->row].exam.source[l->slot], d, &e);
        pthread_mutex_lock(&w->lock);
        w->done++;
        if (w->progress)
            w->progress(w->ctx, w->done);
        pthread_mutex_unlock(&w->lock);
    }
    decoder_close(d);
    if (!rc)
        return;
    pthread_mutex_lock(&w->lock);
    if (!w->err.code)
        w->err = e;
    pthread_mutex_unlock(&w->lock);
    atomic_store(&w->stop, true);
}

static int list_looks(struct work *w, struct err *e) {
    size_t n = 0;
    for (size_t r = 0; r < w->m->n; r++)
        for (int s = 0; s < SLOT_COUNT; s++)
            n += exam_has(&w->m->rows[r].exam, (enum slot)s);
    if (!(w->looks = mem_alloc(n, sizeof *w->looks, e)))
        return ERR_NO_MEMORY;
    for (size_t r = 0; r < w->m->n; r++)
        for (int s = 0; s < SLOT_COUNT; s++)
            if (exam_has(&w->m->rows[r].exam, (enum slot)s))
                w->looks[w->n++] = (struct look){.row = r, .slot = (enum slot)s};
    return 0;
}

static int add_pair(struct duplicates *out, const struct look *a, const struct look *b, bool same, struct err *e) {
    void *p = out->list;
    int rc = (out->n & (out->n - 1)) == 0 ? mem_grow(&p, out->n ? 2 * out->n : 1, sizeof *out->list, e) : 0;
    if (rc)
        return rc;
    out->list = p;
    out->list[out->n++] = (struct duplicate){.a = a->row,
                                             .b = b->row,
                                             .slot_a = a->slot,
                                             .slot_b = b->slot,
                                             .same_bytes = same,
                                             .bits = same ? 0 : likeness_bits(&a->likeness, &b->likeness),
                                             .correlation = same ? 1 : likeness_correlation(&a->likeness, &b->likeness)};
    return 0;
}

/* Every pair: a hundred thousand pictures are five thousand million comparisons of 64 bits, some seconds. */
static int compare(struct duplicates *out, const struct work *w, struct err *e) {
    for (size_t i = 0; i < w->n; i++)
        for (size_t j = i + 1; j < w->n; j++) {
            const struct look *a = &w->looks[i], *b = &w->looks[j];
            if (a->row == b->row || a->outcome == UNREADABLE || b->outcome == UNREADABLE)
                continue;
            const bool mg = slot_is_mg(a->slot), same = memcmp(a->sha256, b->sha256, SHA256_SIZE) == 0;
            const bool near = a->outcome == DECODED && b->outcome == DECODED && mg == slot_is_mg(b->slot) &&
                              likeness_near(&a->likeness, &b->likeness, mg);
            int rc = same || near ? add_pair(out, a, b, same, e) : 0;
            if (rc)
                return rc;
        }
    return 0;
}

int duplicates_find(struct duplicates *out, const struct manifest *m, void (*progress)(void *ctx, size_t done), void *ctx,
                    const volatile sig_atomic_t *stop, struct err *e) {
    struct work w = {.m = m, .progress = progress, .ctx = ctx, .signal = stop, .lock = PTHREAD_MUTEX_INITIALIZER};
    *out = (struct duplicates){0};
    int rc = list_looks(&w, e);
    if (rc)
        goto out;
    pool_run(look_at_some, &w);
    if ((rc = w.err.code)) {
        err_set(e, rc, "%s", w.err.message);
        goto out;
    }
    out->pictures = w.n;
    for (size_t i = 0; i < w.n; i++) {
        out->unreadable += w.looks[i].outcome == UNREADABLE;
        out->undecoded += w.looks[i].outcome == UNDECODED;
    }
    rc = compare(out, &w, e);
out:
    mem_free(w.looks);
    if (rc)
        duplicates_release(out);
    return rc;
}

void duplicates_release(struct duplicates *d) {
    mem_free(d->list);
    *d = (struct duplicates){0};
}
