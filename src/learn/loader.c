/* Exams for the steps of one epoch, prepared ahead. Floor 7.
 *
 * Place i of the list belongs to ring entry i % ahead: to a worker from the moment it takes the place until the entry is ready, then to
 * the consumer until his next call. A worker takes a place only once the consumer has let go of the entry's last one. */
#include "learn/loader.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/progress.h"
#include "base/thread.h"
#include "model/config.h"

enum { THREADS_MAX = 64 };

struct entry {
    float *views; /* owned: prep_offset(SLOT_COUNT) floats, what the network takes */
    struct clinical clinical[SCHEMA_FIELDS_MAX];
    unsigned kept; /* bit s: slot s is given */
    struct loss_label label;
    struct evidence_target target[SLOT_COUNT][EVIDENCE_MAPS]; /* their shares lie in: */
    float *shares;                                            /* owned; NULL: the network has no evidence */
    bool ready;
    struct err failure; /* code != 0: this exam could not be read */
};

struct loader {
    struct loader_options o;
    struct prep_profile views; /* sizes of what the network takes: the prepared pictures', or the patches' */
    float *black;              /* variant reference: both sizes, one after the other; else NULL */
    pthread_t threads[THREADS_MAX];
    int n_threads;
    struct entry *ring;   /* [o.ahead] */
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    const struct train_item *items;
    const uint32_t *order;
    uint32_t n, epoch;
    uint32_t taken, given, released; /* places taken by workers; handed out; let go of */
    int working;                     /* workers on a place */
    bool stop;
    double waited;
};

/* --- one exam --------------------------------------------------------------------------------------------------------------- */

struct worker {
    struct loader *loader;
    struct decoder *decoder;
    float *views; /* as prepared, before augmentation */
};

static const struct train_item *item_at(const struct loader *l, uint32_t place) {
    return &l->items[l->order ? l->order[place] : place];
}

static void take_clinical(struct entry *x, const struct loader *l, const struct train_item *item, uint32_t epoch) {
    const size_t n = l->o.schema ? l->o.schema->n_fields : 0;
    const uint64_t missing = l->o.mask ? mask_clinical(l->o.mask, (int)n, l->o.seed, epoch, item->number) : 0;
    for (size_t i = 0; i < n; i++) {
        const bool known = l->o.clinical && item->exam->clinical && item->exam->clinical[i].present && !(missing >> i & 1U);
        x->clinical[i] = known ? item->exam->clinical[i] : (struct clinical){0};
    }
}

/* --- one view: augmented where it is asked for, else copied; and what its evidence should show */

static bool has_evidence(const struct loader *l) {
    return l->o.network && l->o.network->evidence.kinds > 0;
}

static void map_sides(const struct loader *l, enum slot s, int map, int *h, int *w) {
    (map == EVIDENCE_LAST ? config_map_sides : config_third_sides)(l->o.network, s, h, w);
}

/* Floats of the shares of one view's maps. */
static size_t shares_of(const struct loader *l, enum slot s) {
    size_t n = 0;
    for (int m = 0; m < EVIDENCE_MAPS; m++) {
        int h, w;
        map_sides(l, s, m, &h, &w);
        n += (size_t)EVIDENCE_GROUPS_MAX * (size_t)h * (size_t)w;
    }
    return n;
}

static void make_targets(struct entry *x, const struct loader *l, const struct train_item *item, enum slot s, const struct geometry *g,
                         const struct warp *motion) {
    const bool mg = slot_is_mg(s);
    const struct target_source from = {.width = mg ? l->views.mg_width : l->views.us_width,
                                       .height = mg ? l->views.mg_height : l->views.us_height,
                                       .geometry = g,
                                       .motion = motion};
    float *room = x->shares;
    for (int before = 0; before < (int)s; before++)
        room += shares_of(l, (enum slot)before);
    for (int m = 0; m < EVIDENCE_MAPS; m++) {
        int h, w;
        map_sides(l, s, m, &h, &w);
        x->target[s][m].share = room;
        room += (size_t)EVIDENCE_GROUPS_MAX * (size_t)h * (size_t)w;
        target_make(&x->target[s][m], h, w, &item->marks[s], &from);
    }
}

static int take_whole(struct entry *x, const struct worker *w, const struct train_item *item, enum slot s, uint32_t epoch,
                      const struct geometry *g, struct err *e) {
    const struct loader_options *o = &w->loader->o;
    const struct prep_profile *p = o->prep->profile;
    const size_t at = prep_offset(p, s);
    struct augment_motion motion = {.any = false};
    int rc = 0;
    if (!o->augment) {
        memcpy(x->views + at, w->views + at, prep_size(p, s) * sizeof(float));
    } else {
        const struct augment_draw d = augment_draw(o->augment, s, o->seed, epoch, item->number);
        rc = augment_apply(x->views + at, w->views + at, p, s, &d, e);
        if (!rc && has_evidence(w->loader))
            rc = augment_motion(&motion, p, s, &d, e);
    }
    if (!rc && has_evidence(w->loader))
        make_targets(x, w->loader, item, s, g, motion.any ? &motion.warp : NULL);
    augment_motion_release(&motion);
    return rc;
}

/* What a patch's draws are keyed by: the pictures of one exam are items of their own. */
static uint32_t stream_of(const struct train_item *item, enum slot s) {
    return item->number * SLOT_COUNT + (uint32_t)s;
}

static struct patch patch_of(const struct loader *l, const struct train_item *item, uint32_t epoch) {
    const enum slot s = (enum slot)__builtin_ctz(item->present);
    return patch_draw(l->o.patch, l->o.augment, s, &item->marks[s], l->o.seed, epoch, stream_of(item, s));
}

static int take_patch(struct entry *x, const struct worker *w, const struct train_item *item, enum slot s, uint32_t epoch,
                      const struct geometry *g, struct err *e) {
    const struct loader *l = w->loader;
    const struct prep_profile *p = l->o.prep->profile;
    const struct patch patch = patch_of(l, item, epoch);
    const float *in = w->views + prep_offset(p, s);
    float *out = x->views + prep_offset(&l->views, s), *cut = out;
    struct warp motion;
    int rc = 0;
    patch_motion(&motion, &patch, l->o.patch->size, &item->marks[s], g, p, s, in);
    if (l->o.augment && !(cut = mem_alloc_aligned(prep_size(&l->views, s), sizeof *cut, e)))
        return ERR_NO_MEMORY;
    warp_image(cut, in, &motion);
    if (l->o.augment) {
        const struct augment_draw d = augment_draw(l->o.augment, s, l->o.seed, epoch, stream_of(item, s)), still = augment_still(&d);
        rc = augment_apply(out, cut, &l->views, s, &still, e);
        mem_free(cut);
    }
    make_targets(x, l, item, s, g, &motion);
    return rc;
}

static int take_views(struct entry *x, struct worker *w, const struct train_item *item, uint32_t epoch, const struct verdict *v,
                      struct err *e) {
    int rc = 0;
    for (int s = 0; s < SLOT_COUNT && !rc; s++)
        if (x->kept >> s & 1U)
            rc = (w->loader->o.patch ? take_patch : take_whole)(x, w, item, (enum slot)s, epoch, &v->input[s].geometry, e);
    return rc;
}

struct loss_label loader_label(const struct loader *l, const struct train_item *item, uint32_t epoch) {
    if (!l->o.patch)
        return item->label;
    const struct patch patch = patch_of(l, item, epoch);
    return patch_label(&patch, &item->marks[__builtin_ctz(item->present)]);
}

static int load(struct entry *x, struct worker *w, const struct train_item *item, uint32_t epoch, struct err *e) {
    const struct loader_options *o = &w->loader->o;
    struct exam exam = *item->exam;
    struct verdict v;
    struct exam_prep_times ms = {0};
    x->kept = o->mask ? mask_views(o->mask, item->present, o->seed, epoch, item->number) : item->present;
    for (int s = 0; s < SLOT_COUNT; s++)
        if (!(x->kept >> s & 1U))
            exam.source[s].kind = SOURCE_ABSENT; /* a masked view is not even read */
    int rc = exam_prep(&v, &w->views, &ms, &exam, NULL, o->prep, w->decoder, e);
    if (rc)
        return rc;
    if (v.code)
        return err_set(e, v.code, "exam %s: %s", exam.exam_id, v.reason);
    take_clinical(x, w->loader, item, epoch);
    x->label = loader_label(w->loader, item, epoch);
    return take_views(x, w, item, epoch, &v, e);
}

/* --- workers ------------------------------------------------------------------------------------------------------------------ */

static void work(void *ctx) {
    struct worker *w = ctx;
    struct loader *l = w->loader;
    pthread_mutex_lock(&l->lock);
    for (;;) {
        while (!l->stop && (l->taken == l->n || l->taken - l->released >= (uint32_t)l->o.ahead))
            pthread_cond_wait(&l->changed, &l->lock);
        if (l->stop)
            break;
        const uint32_t place = l->taken++, epoch = l->epoch;
        const struct train_item *item = item_at(l, place);
        struct entry *x = &l->ring[place % (uint32_t)l->o.ahead];
        l->working++;
        pthread_mutex_unlock(&l->lock);
        x->failure.code = 0;
        const int rc = load(x, w, item, epoch, &x->failure);
        pthread_mutex_lock(&l->lock);
        x->failure.code = rc;
        x->ready = true;
        l->working--;
        pthread_cond_broadcast(&l->changed);
    }
    pthread_mutex_unlock(&l->lock);
    decoder_close(w->decoder);
    mem_free(w->views);
    mem_free(w);
}

static int start_worker(struct loader *l, struct err *e) {
    struct worker *w = mem_alloc(1, sizeof *w, e);
    if (!w)
        return ERR_NO_MEMORY;
    w->loader = l;
    int rc = decoder_open(&w->decoder, &(struct decoder_options){.paths = l->o.prep->paths}, e);
    if (rc == 0)
        rc = thread_start(&l->threads[l->n_threads], work, w, "a thread that reads exams", e);
    if (rc) {
        decoder_close(w->decoder);
        mem_free(w);
        return rc;
    }
    l->n_threads++;
    return 0;
}

static int make_black(struct loader *l, struct err *e) {
    const struct prep_profile *p = l->o.prep->profile;
    const size_t mg = prep_size(p, SLOT_MG_CC), us = prep_size(p, SLOT_US_BMODE_TRANS);
    if (!l->o.black)
        return 0;
    if (!(l->black = mem_alloc_aligned(mg + us, sizeof *l->black, e)))
        return ERR_NO_MEMORY;
    prep_black(l->black, p, SLOT_MG_CC);
    prep_black(l->black + mg, p, SLOT_US_BMODE_TRANS);
    return 0;
}

int loader_open(struct loader **out, const struct loader_options *o, struct err *e) {
    *out = NULL;
    struct loader *l = mem_alloc(1, sizeof *l, e);
    if (!l)
        return ERR_NO_MEMORY;
    l->o = *o;
    l->views = o->network ? config_views(o->network) : *o->prep->profile;
    l->o.threads = o->threads < 1 ? 1 : o->threads > THREADS_MAX ? THREADS_MAX : o->threads;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->changed, NULL);
    int rc = make_black(l, e);
    if (rc == 0 && !(l->ring = mem_alloc((size_t)o->ahead, sizeof *l->ring, e)))
        rc = ERR_NO_MEMORY;
    size_t shares = 0;
    for (int s = 0; s < SLOT_COUNT && has_evidence(l); s++)
        shares += shares_of(l, (enum slot)s);
    for (int i = 0; rc == 0 && i < o->ahead; i++)
        if (!(l->ring[i].views = mem_alloc_aligned(prep_offset(&l->views, SLOT_COUNT), sizeof(float), e)) ||
            (shares && !(l->ring[i].shares = mem_alloc_aligned(shares, sizeof(float), e))))
            rc = ERR_NO_MEMORY;
    for (int i = 0; rc == 0 && i < l->o.threads; i++)
        rc = start_worker(l, e);
    if (rc)
        loader_close(l);
    else
        *out = l;
    return rc;
}

void loader_close(struct loader *l) {
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
    for (int i = 0; i < l->n_threads; i++)
        pthread_join(l->threads[i], NULL);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    for (int i = 0; l->ring && i < l->o.ahead; i++) {
        mem_free(l->ring[i].views);
        mem_free(l->ring[i].shares);
    }
    mem_free(l->ring);
    mem_free(l->black);
    mem_free(l);
}

/* --- the consumer -------------------------------------------------------------------------------------------------------------- */

int loader_start(struct loader *l, const struct train_item *items, const uint32_t *order, uint32_t n, uint32_t from, uint32_t epoch,
                 struct err *e) {
    if (from > n)
        return err_set(e, ERR_INTERNAL, "place %u of a list of %u", from, n);
    pthread_mutex_lock(&l->lock);
    l->n = l->taken; /* nobody takes another place of the list before */
    while (l->working)
        pthread_cond_wait(&l->changed, &l->lock);
    for (int i = 0; i < l->o.ahead; i++)
        l->ring[i].ready = false;
    l->items = items;
    l->order = order;
    l->epoch = epoch;
    l->taken = l->given = l->released = from;
    l->n = n;
    l->waited = 0;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
    return 0;
}

static void hand_over(struct learner_exam *out, const struct loader *l, const struct entry *x, const struct train_item *item) {
    const struct prep_profile *p = &l->views;
    *out = (struct learner_exam){.id = item->exam->exam_id, .label = x->label, .clinical = l->o.schema ? x->clinical : NULL};
    for (int s = 0; s < SLOT_COUNT; s++) {
        if (x->kept >> s & 1U && has_evidence(l))
            out->target[s] = x->target[s];
        if (x->kept >> s & 1U)
            out->view[s] = x->views + prep_offset(p, (enum slot)s);
        else if (l->black && l->o.prep->taken >> s & 1U)
            out->view[s] = l->black + (slot_is_mg((enum slot)s) ? 0 : prep_size(p, SLOT_MG_CC));
    }
}

int loader_next(struct loader *l, struct learner_exam *exams, const struct train_item **items, int want, int *got, struct err *e) {
    int rc = 0;
    *got = 0;
    pthread_mutex_lock(&l->lock);
    for (; l->released < l->given; l->released++)
        l->ring[l->released % (uint32_t)l->o.ahead].ready = false;
    pthread_cond_broadcast(&l->changed);
    while (rc == 0 && *got < want && l->given < l->n) {
        struct entry *x = &l->ring[l->given % (uint32_t)l->o.ahead];
        const double started = clock_seconds();
        while (!x->ready)
            pthread_cond_wait(&l->changed, &l->lock);
        l->waited += clock_seconds() - started;
        const struct train_item *item = item_at(l, l->given);
        if (x->failure.code) {
            rc = x->failure.code;
            if (e)
                *e = x->failure;
            l->n = l->taken;
            break;
        }
        items[*got] = item;
        hand_over(&exams[(*got)++], l, x, item);
        l->given++;
    }
    pthread_mutex_unlock(&l->lock);
    return rc;
}

double loader_waited(const struct loader *l) {
    return l->waited;
}
