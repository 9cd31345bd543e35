/* A cohort through the network, reading ahead in one thread. Floor 4.
 *
 * The background thread owns an entry of the ring from the moment it is free until it is marked ready; the caller's thread owns it from
 * then until its prediction has been delivered. The ring's images are allocated when first needed and used again for every later exam. */
#include "infer/predict.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/progress.h"
#include "data/csv.h"
#include "image/image.h"

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
    const struct exam **exams; /* the selected ones */
    size_t n;
    struct decoder *decoder; /* the background thread's */
    struct entry ring[RING];
    pthread_mutex_t lock; /* of the three below */
    pthread_cond_t changed;
    size_t prepared, consumed;
    bool stop;
};

__attribute__((format(printf, 3, 4))) static void add_text(char *text, size_t room, const char *format, ...) {
    size_t n = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + n, room - n, format, args); /* a sentence that is too long is cut */
    va_end(args);
}

#define ADD_NOTE(v, ...) add_text((v)->note, sizeof(v)->note, __VA_ARGS__)

__attribute__((format(printf, 3, 4))) static void refuse_exam(struct prediction *p, int code, const char *format, ...) {
    if (p->refused)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(p->verdict.reason, sizeof p->verdict.reason, format, args);
    va_end(args);
    p->verdict.code = code;
    p->refused = true;
}

static void refuse_input(struct input_verdict *v, int code, const char *note) {
    v->status = INPUT_REFUSED;
    v->code = code;
    v->note[0] = 0;
    ADD_NOTE(v, "%s", note);
}

/* Faults of the machine or of ours, not of an input. */
static bool is_fatal(int code) {
    return code == ERR_NO_MEMORY || code == ERR_INTERNAL || code == ERR_ENGINE || code == ERR_THREAD;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int make_room(struct pipeline *l, struct entry *x, struct err *e) {
    if (!x->views)
        x->views = mem_alloc_aligned(prep_offset(&l->config->prep, SLOT_COUNT), sizeof *x->views, e);
    return x->views ? 0 : ERR_NO_MEMORY;
}

/* Read, hash and prepare one image. Non-zero only if the run must end. */
static int prepare_view(struct pipeline *l, struct entry *x, enum slot s, struct err *e) {
    struct input_verdict *v = &x->p.verdict.input[s];
    const char *path = x->p.exam->path[s];
    bool taken = model_takes(l->model, s);
    uint8_t *bytes = NULL;
    size_t n = 0;
    struct err why = {0};
    struct prep_claim claim = {.side = x->p.exam->side[0]};
    double started = clock_seconds();
    int rc = io_read_file(&bytes, &n, path, IMAGE_FILE_MAX, &why);
    double read = clock_seconds();
    x->p.ms.read += 1e3 * (read - started);
    if (!rc && taken) {
        rc = make_room(l, x, &why);
        if (!rc)
            rc = prep_bytes(x->views + prep_offset(&l->config->prep, s), &l->config->prep, s, l->decoder, bytes, n, &claim, v, &why);
    } else if (!rc) {
        v->hashed = true;
        sha256_bytes(bytes, n, v->sha256);
    } else {
        refuse_input(v, rc, why.message);
    }
    if (!taken)
        refuse_input(v, ERR_VIEW_NOT_TAKEN, "this network has no place for the view");
    x->p.ms.prep += 1e3 * (clock_seconds() - read);
    free(bytes);
    return is_fatal(rc) ? err_set(e, rc, "exam %s, %s: %s", x->p.exam->exam_id, slot_name(s), why.message) : 0;
}

static void find_duplicates(struct prediction *p) {
    char name[CSV_SHOW_SIZE];
    struct input_verdict *v = p->verdict.input;
    for (int s = 0; s < SLOT_COUNT; s++)
        for (int t = 0; t < s; t++) {
            if (!v[s].hashed || !v[t].hashed || v[s].code == ERR_FILE_EMPTY || memcmp(v[s].sha256, v[t].sha256, SHA256_SIZE) != 0)
                continue;
            const char *first = slot_name((enum slot)t), *second = slot_name((enum slot)s);
            refuse_exam(p, ERR_VIEW_DUPLICATE, "%s and %s hold the same bytes (%s); which of the two views it is cannot be known", first,
                        second, csv_show(name, base_name(p->exam->path[s])));
            const char *other[2] = {second, first};
            for (int k = 0; k < 2; k++) {
                struct input_verdict *u = k ? &v[s] : &v[t];
                char note[64];
                snprintf(note, sizeof note, "the same bytes as %s", other[k]);
                if (u->status == INPUT_USED)
                    refuse_input(u, ERR_VIEW_DUPLICATE, note);
            }
        }
}

/* "mg_cc (name.png): note"; a note about a file that could not be read names it already. */
static void describe_refusal(char *text, size_t room, const struct prediction *p, enum slot s) {
    char name[CSV_SHOW_SIZE];
    const struct input_verdict *v = &p->verdict.input[s];
    bool named = v->hashed && p->exam->path[s];
    text[0] = 0;
    if (named)
        add_text(text, room, "%s (%s): %s", slot_name(s), csv_show(name, base_name(p->exam->path[s])), v->note);
    else
        add_text(text, room, "%s: %s", slot_name(s), v->note);
}

static void judge_refused_inputs(struct prediction *p, bool allow_partial) {
    char text[sizeof p->verdict.reason];
    for (int s = 0; s < SLOT_COUNT; s++) {
        struct input_verdict *v = &p->verdict.input[s];
        if (v->status != INPUT_REFUSED)
            continue;
        describe_refusal(text, sizeof text, p, (enum slot)s);
        if (!allow_partial) {
            refuse_exam(p, v->code, "%s", text);
        } else if (!p->refused) {
            char *reason = p->verdict.reason;
            add_text(reason, sizeof p->verdict.reason, "%scounted as absent: %s: %s", reason[0] ? "; " : "", err_name(v->code), text);
            ADD_NOTE(v, "; counted as absent");
        }
    }
}

static void say_what_stood_in(struct pipeline *l, struct prediction *p) {
    for (int s = 0; s < SLOT_COUNT; s++) {
        struct input_verdict *v = &p->verdict.input[s];
        bool taken = model_takes(l->model, (enum slot)s);
        if (p->refused && v->status == INPUT_USED)
            ADD_NOTE(v, "%sprepared, but not run: the exam is refused", v->note[0] ? "; " : "");
        else if (v->status == INPUT_ABSENT && !taken)
            ADD_NOTE(v, "not an input of this network");
        else if (!p->refused && taken && v->status != INPUT_USED && l->config->variant == VARIANT_REFERENCE)
            ADD_NOTE(v, "%s: the published release's black image was used, as this model is the reference variant",
                     v->status == INPUT_ABSENT ? "absent" : "");
    }
}

static void judge(struct pipeline *l, struct prediction *p) {
    if (p->exam->code)
        refuse_exam(p, p->exam->code, "%s", p->exam->reason);
    for (int s = 0; s < SLOT_COUNT; s++)
        if (p->verdict.input[s].code == ERR_VIEW_NOT_TAKEN)
            refuse_exam(p, ERR_VIEW_NOT_TAKEN, "%s: network %s has no place for this view; leave the column out by --ignore-column",
                        slot_name((enum slot)s), network_name(l->config->network));
    find_duplicates(p);
    judge_refused_inputs(p, l->options->allow_partial);
    bool any = false;
    for (int s = 0; s < SLOT_COUNT; s++)
        any = any || p->verdict.input[s].status == INPUT_USED;
    if (!any && !p->refused) {
        char said[sizeof p->verdict.reason];
        snprintf(said, sizeof said, "%s", p->verdict.reason);
        refuse_exam(p, ERR_EXAM_NO_IMAGE, "no usable image is left%s%s", said[0] ? ": " : "", said);
    }
    say_what_stood_in(l, p);
}

static int prepare_exam(struct pipeline *l, struct entry *x, const struct exam *exam, struct err *e) {
    const struct schema *schema = model_schema(l->model);
    x->p = (struct prediction){.exam = exam, .schema = schema, .absent_is_zero = l->config->clinical == CLINICAL_CONCAT};
    for (size_t i = 0; schema && i < schema->n_fields && i < SCHEMA_FIELDS_MAX; i++)
        x->clinical[i] = exam->clinical && exam->clinical[i].present ? exam->clinical[i] : (struct clinical){0};
    x->p.clinical = schema ? x->clinical : NULL;
    int rc = 0;
    for (int s = 0; s < SLOT_COUNT && !rc; s++)
        if (exam->path[s])
            rc = prepare_view(l, x, (enum slot)s, e);
    if (!rc)
        judge(l, &x->p);
    return rc;
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
        bool failed = prepare_exam(l, x, l->exams[i], &x->fatal) != 0;
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
            if (is_fatal(rc))
                return err_set(e, rc, "exam %s: %s", p->exam->exam_id, why.message);
            p->verdict.reason[0] = 0;
            refuse_exam(p, rc, "%s", why.message);
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

static bool selected(const struct exam *x, const struct predict_options *options) {
    return !options->split || strcmp(x->split, options->split) == 0;
}

size_t predict_count(const struct manifest *cohort, const struct predict_options *options) {
    size_t n = 0;
    for (size_t i = 0; i < cohort->n; i++)
        n += selected(&cohort->exams[i], options);
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
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->changed, NULL);
    int rc = decoder_open(&l->decoder, NULL, e);
    if (rc)
        goto out;
    rc = ERR_NO_MEMORY;
    if (!(l->exams = mem_alloc(cohort->n, sizeof *l->exams, e)))
        goto out;
    for (size_t i = 0; i < cohort->n; i++)
        if (selected(&cohort->exams[i], options))
            l->exams[l->n++] = &cohort->exams[i];
    rc = run_pipeline(l, sink, ctx, e);
out:
    for (int i = 0; i < RING; i++)
        free(l->ring[i].views);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    decoder_close(l->decoder);
    free(l->exams);
    free(l);
    return rc;
}
