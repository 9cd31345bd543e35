/* The exams of a training run. Floor 8. */
#include "train/cohort.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/order.h"
#include "base/thread.h"
#include "cohort/label.h"
#include "cohort/split.h"

static const char *const part_titles[PART_COUNT] = {[PART_TRAIN] = "training", [PART_VALIDATION] = "validation"};

struct candidate { /* a row that may take part */
    struct train_item item;
    enum part part;
    struct verdict *verdict; /* owned */
};

struct work {
    const struct cohort_request *r;
    struct candidate *list;
    uint32_t n, next, done;
    pthread_mutex_t lock;
    struct err failure;
};

/* --- which rows --------------------------------------------------------------------------------------------------------------- */

enum { NAMES_SHOWN = 200 };

static bool has_name(const struct part_names *n, const char *split) {
    for (size_t i = 0; i < n->n; i++)
        if (strcmp(n->list[i], split) == 0)
            return true;
    return false;
}

static int part_of(const struct cohort_row *x, const struct cohort_request *r) {
    for (int p = 0; p < PART_COUNT; p++)
        if (has_name(&r->names[p], x->split))
            return p;
    return -1;
}

static bool in_table(const struct manifest *m, const char *split) {
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->rows[i].split, split) == 0)
            return true;
    return false;
}

/* No split stands on both sides, and of several each is there: a misspelt fold would be left out unnoticed. */
static int check_names(const struct cohort_request *r, struct err *e) {
    const struct part_names *training = &r->names[PART_TRAIN], *validation = &r->names[PART_VALIDATION];
    for (size_t i = 0; i < validation->n; i++)
        if (has_name(training, validation->list[i]))
            return err_set(e, ERR_SPLIT_OVERLAP, "split '%s' is given for both training and validation", validation->list[i]);
    for (int p = 0; p < PART_COUNT; p++)
        for (size_t i = 0; i < r->names[p].n && r->names[p].n > 1; i++)
            if (!in_table(r->manifest, r->names[p].list[i]))
                return err_set(e, ERR_TRAIN_DATA, "no exam has the split '%s'", r->names[p].list[i]);
    return 0;
}

/* "'fold0', 'fold1'" */
static const char *show_names(char out[NAMES_SHOWN], const struct part_names *n) {
    size_t at = 0;
    out[0] = 0;
    for (size_t i = 0; i < n->n && at < NAMES_SHOWN; i++)
        at += (size_t)snprintf(out + at, NAMES_SHOWN - at, "%s'%s'", i ? ", " : "", n->list[i]);
    return out;
}

/* Sampling classes: a label's finest node. */
static uint16_t class_of(struct loss_label y) {
    return (uint16_t)(y.level * TREE_LEAVES_MAX + y.node);
}

static int choose(struct train_cohort *c, struct work *w, struct err *e) {
    const struct cohort_request *r = w->r;
    bool any = false;
    char names[NAMES_SHOWN];
    int bad = check_names(r, e);
    if (bad)
        return bad;
    for (size_t i = 0; i < r->manifest->n; i++) {
        const struct cohort_row *x = &r->manifest->rows[i];
        const int p = part_of(x, r);
        int node, rc;
        any = any || x->split[0];
        if (p < 0)
            continue;
        struct part_counts *counts = &c->counts[p];
        struct candidate *k = &w->list[w->n];
        *k = (struct candidate){
            .item = {.exam = &x->exam, .present = exam_slots(&x->exam) & stage_slots(r->stage) & r->prep->taken, .number = (uint32_t)i},
            .part = (enum part)p};
        if ((rc = label_node(&node, x, r->tree, e)))
            return err_prefix(e, "line %zu", x->line), rc;
        if (node < 0) {
            counts->unlabelled++;
        } else if (!k->item.present) {
            counts->no_view++;
        } else {
            if ((rc = loss_label(&k->item.label, r->loss, r->tree, node, e)))
                return err_prefix(e, "exam %s", x->exam.exam_id), rc;
            k->item.class_number = class_of(k->item.label);
            w->n++;
        }
    }
    return any ? 0
               : err_set(e, ERR_TRAIN_DATA, "the table has no column split with the training exams' %s; create one with 'bmunet split'",
                         show_names(names, &r->names[PART_TRAIN]));
}

/* --- are the files fit? ----------------------------------------------------------------------------------------------------------- */

static int look_through(struct candidate *k, const struct cohort_request *r, struct decoder *d, float **views, struct err *e) {
    struct exam x = *k->item.exam;
    struct exam_prep_times ms = {0};
    for (int s = 0; s < SLOT_COUNT; s++)
        if (!(k->item.present >> s & 1U))
            x.source[s].kind = SOURCE_ABSENT; /* what the stage does not see is not its business */
    if (!(k->verdict = mem_alloc(1, sizeof *k->verdict, e)))
        return ERR_NO_MEMORY;
    int rc = exam_prep(k->verdict, views, &ms, &x, &r->manifest->rows[k->item.number].fault, r->prep, d, e);
    if (rc == 0 && r->marks && !k->verdict->code)
        rc = marks_settle(r->marks, r->manifest, k->item.number, k->verdict, d, e);
    for (int s = 0; s < SLOT_COUNT; s++)
        if (k->verdict->input[s].status != INPUT_USED)
            k->item.present &= ~(1U << s);
    return rc;
}

static void look(void *ctx) {
    struct work *w = ctx;
    struct decoder *d = NULL;
    float *views = NULL;
    struct err e = {0};
    int rc = decoder_open(&d, &(struct decoder_options){.paths = w->r->prep->paths}, &e);
    pthread_mutex_lock(&w->lock);
    while (rc == 0 && w->failure.code == 0 && w->next < w->n && !(w->r->stop && *w->r->stop)) {
        struct candidate *k = &w->list[w->next++];
        pthread_mutex_unlock(&w->lock);
        rc = look_through(k, w->r, d, &views, &e);
        pthread_mutex_lock(&w->lock);
        w->done++;
        if (w->r->progress)
            w->r->progress(w->r->progress_ctx, w->done, w->n);
    }
    if (rc && w->failure.code == 0)
        w->failure = e;
    pthread_mutex_unlock(&w->lock);
    decoder_close(d);
    mem_free(views);
}

static int look_at_all(struct work *w, struct err *e) {
    pthread_t threads[64];
    int n = 0;
    const int want = w->r->threads < 1 ? 1 : w->r->threads > 64 ? 64 : w->r->threads;
    while (n < want && thread_start(&threads[n], look, w, "a thread that checks the exams", n ? NULL : e) == 0)
        n++;
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    if (n == 0)
        return ERR_THREAD;
    if (w->failure.code) {
        if (e)
            *e = w->failure;
        return w->failure.code;
    }
    return w->done == w->n ? 0 : err_set(e, ERR_INTERRUPTED, "interrupted while checking the exams; nothing was written");
}

/* --- what came of it --------------------------------------------------------------------------------------------------------------------
 */

static int report_refused(const struct work *w, struct err *e) {
    struct buf text;
    uint32_t refused = 0;
    buf_init(&text);
    for (uint32_t i = 0; i < w->n; i++)
        if (w->list[i].verdict->code && refused++ < 10)
            buf_printf(&text, NULL, "\n  exam %s: %s: %s", w->list[i].item.exam->exam_id, err_name(w->list[i].verdict->code),
                       w->list[i].verdict->reason);
    const int rc = refused == 0
                       ? 0
                       : err_set(e, ERR_TRAIN_DATA, "%u exams cannot be used; correct them, or allow refused exams to be left out:%s%s",
                                 refused, text.data ? text.data : "", refused > 10 ? "\n  ..." : "");
    buf_release(&text);
    return rc;
}

/* Validation does without images of a kind that no exam teaches: predict will refuse them. */
static void hide_unlearnt(struct train_cohort *c, const struct work *w) {
    unsigned shown = 0;
    for (uint32_t i = 0; i < w->n; i++)
        if (w->list[i].part == PART_TRAIN && !w->list[i].verdict->code)
            shown |= slot_kinds(w->list[i].item.present);
    c->learnt = w->r->learnt | shown | (shown & KINDS_ULTRASOUND ? w->r->learnt_ultrasound : 0);
    for (uint32_t i = 0; i < w->n; i++)
        for (unsigned s = 0; s < SLOT_COUNT && w->list[i].part == PART_VALIDATION; s++)
            if (!(c->learnt >> slot_kind((enum slot)s) & 1U))
                w->list[i].item.present &= ~(1U << s);
}

/* --- marks, in the terms of the network */

/* The kinds of lesions that a node may be: those of the level whose leaves it shares. */
static uint64_t kinds_of(const struct cohort_request *r, int node) {
    int list[TREE_LEAVES_MAX];
    const struct tree *t = r->tree;
    const struct tree_node *x = &t->nodes[node];
    const size_t n = tree_level(list, t, r->evidence == EVIDENCE_CLASS ? 0 : t->n_levels - 1);
    uint64_t kinds = 0;
    for (size_t k = 0; k < n; k++) {
        const struct tree_node *y = &t->nodes[list[k]];
        if (y->first_leaf < x->first_leaf + x->n_leaves && x->first_leaf < y->first_leaf + y->n_leaves)
            kinds |= UINT64_C(1) << k;
    }
    return kinds;
}

/* A lesion that the table calls by no name has the exam's diagnosis. */
static int take_marks(struct train_item *item, struct marked **room, const struct cohort_request *r, struct err *e) {
    for (int s = 0; s < SLOT_COUNT; s++) {
        const struct mark_list *l = marks_of(r->marks, item->number, (enum slot)s);
        struct marked_view *v = &item->marks[s];
        if (!(item->present >> s & 1U) || l->n == 0)
            continue;
        *v = (struct marked_view){.looked = true, .list = *room};
        for (int i = 0; i < l->n; i++) {
            int node = l->list[i].node;
            if (l->list[i].shape == MARK_NONE)
                continue;
            if (node < 0 && (label_node(&node, &r->manifest->rows[item->number], r->tree, e) || node < 0))
                return ERR_LABEL; /* not of an exam that was chosen */
            struct marked *m = (*room)++;
            *m = (struct marked){.mark = &l->list[i], .kinds = kinds_of(r, node)};
            const int rc = loss_label(&m->label, r->loss, r->tree, node, e);
            if (rc)
                return rc;
            v->n++;
        }
    }
    return 0;
}

static void count_marks(struct part_counts *counts, const struct train_item *item) {
    bool any = false;
    for (int s = 0; s < SLOT_COUNT; s++) {
        counts->marked += item->marks[s].looked;
        counts->lesions += (uint32_t)item->marks[s].n;
        any = any || item->marks[s].looked;
    }
    counts->unmarked += !any;
}

static void add_item(struct train_cohort *c, enum part part, const struct train_item *item, const struct cohort_request *r) {
    struct part_counts *counts = &c->counts[part];
    c->items[part][c->n[part]++] = *item;
    counts->exams++;
    counts->availability[slot_kinds(item->present)]++;
    (item->label.level + 1 == r->loss->n_levels ? counts->leaf : counts->inner[item->label.level])[item->label.node]++;
    if (r->marks)
        count_marks(counts, item);
}

/* The patch stages: each picture with a lesion by itself. */
static void add_patches(struct train_cohort *c, enum part part, const struct train_item *whole, const struct cohort_request *r) {
    for (unsigned s = 0; s < SLOT_COUNT; s++) {
        struct train_item one = *whole;
        if (!(whole->present >> s & 1U) || whole->marks[s].n == 0)
            continue;
        one.present = 1U << s;
        for (unsigned other = 0; other < SLOT_COUNT; other++)
            one.marks[other] = other == s ? one.marks[other] : (struct marked_view){0};
        one.label = whole->marks[s].list[0].label;
        one.class_number = class_of(one.label);
        add_item(c, part, &one, r);
    }
}

static int check_marks(const struct train_cohort *c, const struct cohort_request *r, struct err *e) {
    if (r->marks && c->counts[PART_TRAIN].lesions == 0)
        return err_set(e, ERR_TRAIN_DATA,
                       "the table of marks has no lesion in any picture of a training exam: nothing can be learnt from it");
    return 0;
}

static int take(struct train_cohort *c, const struct work *w, struct err *e) {
    const struct cohort_request *r = w->r;
    const size_t most = (size_t)w->n * (stage_is_patch(r->stage) ? SLOT_COUNT : 1) + 1;
    for (int p = 0; p < PART_COUNT; p++)
        if (!(c->items[p] = mem_alloc(most, sizeof *c->items[p], e)))
            return ERR_NO_MEMORY;
    if (r->marks && !(c->marked = mem_alloc(r->marks->n + 1, sizeof *c->marked, e)))
        return ERR_NO_MEMORY;
    struct marked *room = c->marked;
    for (uint32_t i = 0; i < w->n; i++) {
        struct candidate *k = &w->list[i];
        struct part_counts *counts = &c->counts[k->part];
        if (k->verdict->code) {
            counts->refused++;
            continue;
        }
        if (!k->item.present) {
            counts->no_view++;
            continue;
        }
        const int rc = r->marks ? take_marks(&k->item, &room, r, e) : 0;
        if (rc)
            return rc;
        if (stage_is_patch(r->stage))
            add_patches(c, k->part, &k->item, r);
        else
            add_item(c, k->part, &k->item, r);
    }
    return check_marks(c, r, e);
}

/* How many patients a part has; exams without a patient_id are not counted. */
static int count_patients(struct train_cohort *c, int part, struct err *e) {
    const char **list = mem_alloc((size_t)c->n[part] + 1, sizeof *list, e);
    uint32_t n = 0;
    if (!list)
        return ERR_NO_MEMORY;
    for (uint32_t i = 0; i < c->n[part]; i++)
        if (c->items[part][i].exam->patient_id[0])
            list[n++] = c->items[part][i].exam->patient_id;
    qsort(list, n, sizeof *list, order_text);
    for (uint32_t i = 0; i < n; i++)
        c->counts[part].patients += i == 0 || strcmp(list[i], list[i - 1]) != 0;
    mem_free(list);
    return 0;
}

/* Malignant exams and others in each part, or nothing can be learnt or said. */
static int check_classes(const struct train_cohort *c, const struct cohort_request *r, struct err *e) {
    const struct tree *t = r->tree;
    const int positive = r->loss->level[0].node_of_leaf[t->nodes[t->positive].first_leaf];
    for (int p = 0; p < PART_COUNT; p++) {
        uint32_t by_class[2] = {0}; /* not malignant, malignant */
        char names[NAMES_SHOWN];
        if (r->names[p].n == 0 && p == PART_VALIDATION)
            continue;
        if (c->n[p] == 0)
            return err_set(e, ERR_TRAIN_DATA,
                           "no %s exam is left (split %s): %u without a diagnosis, %u without an image of stage %s, %u "
                           "refused",
                           part_titles[p], show_names(names, &r->names[p]), c->counts[p].unlabelled, c->counts[p].no_view,
                           stage_name(r->stage), c->counts[p].refused);
        for (uint32_t i = 0; i < c->n[p]; i++)
            by_class[loss_node_at(r->loss, c->items[p][i].label, 0) == positive]++;
        for (int k = 0; k < 2; k++)
            if (by_class[k] == 0)
                return err_set(e, ERR_TRAIN_DATA, "no %s exam (of %u) is %s: with one class nothing can be trained or measured",
                               part_titles[p], c->n[p], k ? t->nodes[t->positive].name : tree_negative_name(t));
    }
    return 0;
}

static int clinical_statistics(struct train_cohort *c, const struct schema *schema, struct err *e) {
    if (!schema)
        return 0;
    c->clinical_mean = mem_alloc(schema->n_fields, sizeof(double), e);
    c->clinical_std = mem_alloc(schema->n_fields, sizeof(double), e);
    if (!c->clinical_mean || !c->clinical_std)
        return ERR_NO_MEMORY;
    for (size_t f = 0; f < schema->n_fields; f++) {
        double sum = 0, squares = 0;
        uint32_t n = 0;
        for (uint32_t i = 0; i < c->n[PART_TRAIN]; i++) {
            const struct clinical *v = c->items[PART_TRAIN][i].exam->clinical;
            sum += v && v[f].present ? v[f].value : 0;
            n += v && v[f].present;
        }
        const double mean = n ? sum / n : 0;
        for (uint32_t i = 0; i < c->n[PART_TRAIN]; i++) {
            const struct clinical *v = c->items[PART_TRAIN][i].exam->clinical;
            squares += v && v[f].present ? (v[f].value - mean) * (v[f].value - mean) : 0;
        }
        c->clinical_mean[f] = mean;
        c->clinical_std[f] = squares > 0 ? sqrt(squares / n) : 1;
    }
    return 0;
}

static void hash_text(struct sha256 *h, const char *text) {
    sha256_update(h, text, strlen(text) + 1);
}

static void hash_data(struct train_cohort *c, const struct work *w) {
    struct sha256 data, split, prepared;
    const size_t fields = w->r->schema ? w->r->schema->n_fields : 0;
    sha256_init(&data);
    sha256_init(&split);
    sha256_init(&prepared);
    for (uint32_t i = 0; i < w->n; i++) {
        const struct candidate *k = &w->list[i];
        if (k->verdict->code || !k->item.present)
            continue;
        hash_text(&split, k->item.exam->exam_id);
        hash_text(&split, part_titles[k->part]);
        hash_text(&data, k->item.exam->exam_id);
        hash_text(&data, part_titles[k->part]);
        sha256_update(&data, &k->item.label, sizeof k->item.label);
        for (size_t f = 0; f < fields; f++) {
            const struct clinical v = k->item.exam->clinical ? k->item.exam->clinical[f] : (struct clinical){0};
            const double value = v.present ? v.value : (double)NAN;
            sha256_update(&data, &value, sizeof value);
        }
        for (int s = 0; s < SLOT_COUNT; s++)
            if (k->item.present >> s & 1U) {
                sha256_update(&data, k->verdict->input[s].sha256, SHA256_SIZE);
                sha256_update(&prepared, k->verdict->input[s].tensor_sha256, SHA256_SIZE);
            }
    }
    if (w->r->marks)
        sha256_update(&data, w->r->marks->sha256, SHA256_SIZE);
    sha256_final(&data, c->data_sha256);
    sha256_final(&split, c->split_sha256);
    sha256_final(&prepared, c->prepared_sha256);
}

int cohort_open(struct train_cohort **out, const struct cohort_request *r, struct err *e) {
    struct work w = {.r = r};
    struct train_cohort *c = mem_alloc(1, sizeof *c, e);
    *out = NULL;
    if (!c)
        return ERR_NO_MEMORY;
    c->manifest = r->manifest;
    memcpy(c->names, r->names, sizeof c->names);
    pthread_mutex_init(&w.lock, NULL);
    int rc = ERR_NO_MEMORY;
    if (!(w.list = mem_alloc(r->manifest->n + 1, sizeof *w.list, e)))
        goto out;
    if ((rc = split_check(r->manifest, NULL, e)) || (rc = choose(c, &w, e)) || (rc = look_at_all(&w, e)))
        goto out;
    if (!r->allow_refused && (rc = report_refused(&w, e)))
        goto out;
    hide_unlearnt(c, &w);
    if ((rc = take(c, &w, e)) || (rc = check_classes(c, r, e)) || (rc = count_patients(c, PART_TRAIN, e)) ||
        (rc = count_patients(c, PART_VALIDATION, e)) || (rc = clinical_statistics(c, r->schema, e)))
        goto out;
    hash_data(c, &w);
out:
    for (uint32_t i = 0; w.list && i < w.n; i++)
        mem_free(w.list[i].verdict);
    mem_free(w.list);
    pthread_mutex_destroy(&w.lock);
    if (rc)
        cohort_close(c);
    else
        *out = c;
    return rc;
}

void cohort_close(struct train_cohort *c) {
    if (!c)
        return;
    for (int p = 0; p < PART_COUNT; p++)
        mem_free(c->items[p]);
    mem_free(c->marked);
    mem_free(c->clinical_mean);
    mem_free(c->clinical_std);
    mem_free(c);
}
