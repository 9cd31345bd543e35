/* A synthetic cohort: made in memory, written as a folder by all threads. Floor 5. */
#include "synth/cohort.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "base/progress.h"
#include "file/folder.h"
#include "synth/patient.h"
#include "synth/picture.h"
#include "synth/sheet.h"

/* --- making ---------------------------------------------------------------------------------------------------------------- */

/* Tables that contradict themselves are of no use: each pathology that is drawn has a leaf, and on the side that it is drawn for. */
static int check_tree(const struct tree *t, struct err *e) {
    enum { TIERS = 5, FIRST_MALIGNANT = 3 };
    for (int tier = 1; tier <= TIERS; tier++)
        for (int i = 0; i < lesion_pathologies(tier); i++) {
            const char *term = lesion_pathology(tier, i);
            int node = -1;
            const int rc = tree_lookup(&node, t, term, NULL, e);
            if (rc)
                return rc;
            if (node < 0 || t->nodes[node].level + 1 != t->n_levels ||
                tree_leaf_is_positive(t, t->nodes[node].first_leaf) != (tier >= FIRST_MALIGNANT))
                return err_set(e, ERR_TREE, "the disease tree %s has no leaf for the term \"%s\", or one on the other side of malignant",
                               t->name, term);
        }
    return 0;
}

static int check_options(const struct cohort_options *o, struct err *e) {
    if (o->patients < 1 || o->patients > COHORT_PATIENTS_MAX)
        return err_set(e, ERR_USAGE, "%u patients; must be 1 to %d", o->patients, COHORT_PATIENTS_MAX);
    if (!(o->prevalence >= 0.01 && o->prevalence <= 0.99))
        return err_set(e, ERR_USAGE, "a prevalence of %g; must be from 0.01 to 0.99", o->prevalence);
    if (!(o->label_noise >= 0 && o->label_noise <= 0.5))
        return err_set(e, ERR_USAGE, "label noise of %g; must be a share from 0 to 0.5 (above, most labels would be wrong)",
                       o->label_noise);
    if (!o->size)
        return err_set(e, ERR_USAGE, "unknown size");
    return check_tree(o->tree, e);
}

static void make_exam(struct cohort_exam *x, const struct cohort *c, uint32_t number, const struct synth_patient *p, int breast) {
    const uint64_t seed = c->options.seed;
    const bool malignant = patient_breast(&x->c, p, seed, breast, number, c->intercept);
    clinic_visit(&x->c, seed);
    truth_of(&x->truth, &x->c, malignant, c->intercept, c->options.prevalence);
    x->label = clinic_label(seed, &x->c, c->options.label_noise);
    for (int r = 0; r < SYNTH_READERS; r++)
        x->birads[r] = clinic_read(seed, &x->c, r, log(x->truth.all / (1 - x->truth.all)));
    for (int k = 0; k < SYNTH_PATHOLOGISTS; k++)
        x->biopsy[k] = clinic_biopsy(seed, &x->c, k);
}

/* Exam i belongs to this breast. */
struct place {
    uint32_t patient;
    int breast;
};
struct making {
    struct cohort *c;
    const struct place *place;
};

static void make_share(void *ctx, int i, int n) {
    const struct making *m = ctx;
    long first, last;
    pool_share((long)m->c->n_exams, i, n, &first, &last);
    for (long x = first; x < last; x++)
        make_exam(&m->c->exams[x], m->c, (uint32_t)x, &m->c->patients[m->place[x].patient], m->place[x].breast);
}

static int list_pictures(struct cohort *c, struct err *e) {
    for (int pass = 0; pass < 2; pass++) {
        size_t n = 0;
        for (size_t x = 0; x < c->n_exams; x++)
            for (int s = 0; s < SLOT_COUNT; s++)
                if (c->exams[x].c.view[s]) {
                    if (pass)
                        c->pictures[n] = (struct cohort_picture){.exam = (uint32_t)x, .slot = (enum slot)s};
                    n++;
                }
        c->n_pictures = n;
        if (!pass && !(c->pictures = mem_alloc(n, sizeof *c->pictures, e)))
            return ERR_NO_MEMORY;
    }
    return 0;
}

static int make_exams(struct cohort *c, struct err *e) {
    struct place *place = NULL;
    int rc = ERR_NO_MEMORY;
    for (uint32_t p = 0; p < c->options.patients; p++) {
        patient_draw(&c->patients[p], c->options.seed, p);
        c->n_exams += (size_t)c->patients[p].breasts;
    }
    if (!(place = mem_alloc(c->n_exams, sizeof *place, e)) || !(c->exams = mem_alloc(c->n_exams, sizeof *c->exams, e)))
        goto out;
    size_t n = 0;
    for (uint32_t p = 0; p < c->options.patients; p++)
        for (int breast = 0; breast < c->patients[p].breasts; breast++)
            place[n++] = (struct place){p, breast};
    pool_run(make_share, &(struct making){c, place});
    rc = list_pictures(c, e);
out:
    mem_free(place);
    return rc;
}

int cohort_make(struct cohort **out, const struct cohort_options *o, struct err *e) {
    *out = NULL;
    int rc = check_options(o, e);
    if (rc)
        return rc;
    struct cohort *c = mem_alloc(1, sizeof *c, e);
    if (!c)
        return ERR_NO_MEMORY;
    c->options = *o;
    c->intercept = truth_intercept(o->prevalence);
    rc = (c->patients = mem_alloc(o->patients, sizeof *c->patients, e)) ? make_exams(c, e) : ERR_NO_MEMORY;
    if (rc)
        cohort_free(c);
    else
        *out = c;
    return rc;
}

void cohort_free(struct cohort *c) {
    if (!c)
        return;
    mem_free(c->patients);
    mem_free(c->exams);
    mem_free(c->pictures);
    mem_free(c);
}

/* --- pictures, on all threads ------------------------------------------------------------------------------------------------ */

/* Pictures are taken one by one from a counter: mammograms take longer than others. The first failure stops all. */
struct work {
    struct cohort *c;
    struct folder *folder;
    const struct cohort_watch *watch;
    struct progress progress;
    atomic_size_t next;
    atomic_bool stop;
    pthread_mutex_t lock; /* of what follows */
    size_t done;
    struct err err;
};

static int write_picture(struct work *w, struct cohort_picture *p, struct err *e) {
    char name[COHORT_NAME + 32];
    struct buf bytes;
    buf_init(&bytes);
    int rc = picture_write(&bytes, p, w->c, e);
    if (!rc)
        rc = folder_add(w->folder, cohort_file(name, w->c, p), bytes.data, bytes.size, p->sha256, e);
    buf_release(&bytes);
    return rc;
}

static void write_some(void *ctx, int i, int n) {
    struct work *w = ctx;
    struct err e = {0};
    size_t k;
    (void)i;
    (void)n;
    while (!atomic_load(&w->stop) && (k = atomic_fetch_add(&w->next, 1)) < w->c->n_pictures) {
        int rc = w->watch && w->watch->stop && *w->watch->stop
                     ? err_set(&e, ERR_INTERRUPTED, "interrupted; the folder stays marked as incomplete")
                     : write_picture(w, &w->c->pictures[k], &e);
        pthread_mutex_lock(&w->lock);
        if (rc && !w->err.code)
            w->err = e;
        progress_update(&w->progress, (long)++w->done);
        pthread_mutex_unlock(&w->lock);
        if (rc)
            atomic_store(&w->stop, true);
    }
}

static int write_pictures(struct cohort *c, struct folder *folder, const struct cohort_watch *watch, struct err *e) {
    struct work w = {.c = c, .folder = folder, .watch = watch, .lock = PTHREAD_MUTEX_INITIALIZER};
    progress_start(&w.progress, watch ? watch->progress : NULL, "pictures", (long)c->n_pictures);
    pool_run(write_some, &w);
    progress_finish(&w.progress);
    return w.err.code ? err_set(e, w.err.code, "%s", w.err.message) : 0;
}

/* --- the folder -------------------------------------------------------------------------------------------------------------- */

static int add_tables(const struct cohort *c, struct folder *folder, struct err *e) {
    static const struct {
        const char *name;
        int (*write)(struct buf *, const struct cohort *, struct err *);
    } tables[] = {{"README.md", cohort_readme},
                  {"exams.csv", cohort_exams_csv},
                  {"marks.csv", cohort_marks_csv},
                  {"readers.csv", cohort_readers_csv},
                  {"truth.csv", cohort_truth_csv}};
    struct buf sums, text;
    buf_init(&sums);
    buf_init(&text);
    int rc = 0;
    for (size_t i = 0; i < sizeof tables / sizeof *tables && !rc; i++) {
        uint8_t digest[SHA256_SIZE];
        char hex[SHA256_HEX_SIZE];
        buf_clear(&text);
        rc = tables[i].write(&text, c, e);
        if (!rc)
            rc = folder_add(folder, tables[i].name, text.data, text.size, digest, e);
        if (!rc) {
            sha256_hex(digest, hex);
            rc = buf_printf(&sums, e, "%s  %s\n", hex, tables[i].name);
        }
    }
    if (!rc)
        rc = cohort_sums(&sums, c, e);
    if (!rc)
        rc = folder_add(folder, "SHA256SUMS", sums.data, sums.size, NULL, e);
    buf_release(&text);
    buf_release(&sums);
    return rc;
}

int cohort_write(struct cohort *c, const char *path, const struct cohort_watch *watch, struct err *e) {
    struct folder *folder = NULL;
    int rc = folder_begin(&folder, path, e);
    if (!rc)
        rc = folder_make(folder, "images", e);
    if (!rc)
        rc = write_pictures(c, folder, watch, e);
    if (!rc)
        rc = add_tables(c, folder, e);
    if (rc)
        folder_abandon(folder);
    else
        rc = folder_finish(folder, e);
    return rc;
}

/* --- the contact sheet --------------------------------------------------------------------------------------------------------- */

enum { TIERS = 5, ROW_HEIGHT = 240 };

/* The cohort's first case of a tier; in a cohort too small to have one, a case of the women who would come next. */
struct example {
    struct synth_patient patient; /* of the latter */
    struct synth_case c;
};
static void find_example(struct example *out, const struct cohort *c, int tier) {
    for (size_t x = 0; x < c->n_exams; x++)
        if (c->exams[x].c.lesion[0].tier == tier) {
            out->c = c->exams[x].c;
            return;
        }
    uint32_t k = 0;
    do {
        patient_draw(&out->patient, c->options.seed, c->options.patients + k);
        patient_breast(&out->c, &out->patient, c->options.seed, 0, (uint32_t)c->n_exams + k, c->intercept);
        k++;
    } while (out->c.lesion[0].tier != tier);
}

int cohort_sheet(struct image **out, const struct cohort *c, struct err *e) {
    struct example examples[TIERS];
    const struct synth_case *cases[TIERS];
    for (int i = 0; i < TIERS; i++) {
        find_example(&examples[i], c, i + 1);
        cases[i] = &examples[i].c;
    }
    return synth_sheet(out, c->options.seed, cases, TIERS, c->options.size, ROW_HEIGHT, e);
}
