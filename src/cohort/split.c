/* Splitting by patient, stratified. Floor 4. */
#include "cohort/split.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/rng.h"

enum { SPLIT_ORDER = 200, SPLIT_TIE }; /* purposes of random streams */

/* --- which rows belong together ---------------------------------------------------------------------------------------------------- */

/* Union-find with path halving; the root of a group is its first row. */
static size_t root_of(size_t *parent, size_t i) {
    while (parent[i] != i)
        i = parent[i] = parent[parent[i]];
    return i;
}

static void join(size_t *parent, size_t a, size_t b) {
    a = root_of(parent, a);
    b = root_of(parent, b);
    if (a < b)
        parent[b] = a;
    else
        parent[a] = b;
}

/* Rows by a text of theirs, equal ones in order of rows. */
struct keyed {
    const char *key;
    size_t row;
};
static int by_key(const void *a, const void *b) {
    const struct keyed *x = a, *y = b;
    const int order = strcmp(x->key, y->key);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

static struct keyed *rows_by_patient(size_t *n, const struct manifest *m, struct err *e) {
    struct keyed *k = mem_alloc(m->n, sizeof *k, e);
    *n = 0;
    for (size_t r = 0; r < m->n && k; r++)
        if (m->rows[r].exam.patient_id[0])
            k[(*n)++] = (struct keyed){m->rows[r].exam.patient_id, r};
    if (k)
        qsort(k, *n, sizeof *k, by_key);
    return k;
}

static int join_rows(size_t *parent, const struct manifest *m, const struct duplicates *d, const struct split_options *o, struct err *e) {
    size_t n;
    for (size_t r = 0; r < m->n; r++) {
        parent[r] = r;
        if (!m->rows[r].exam.patient_id[0] && !o->no_patient_id_ok)
            return err_set(e, ERR_SPLIT_NO_PATIENT, "line %zu: no patient_id, so it is not known which exams belong to one patient",
                           m->rows[r].line);
    }
    struct keyed *k = rows_by_patient(&n, m, e);
    if (!k)
        return ERR_NO_MEMORY;
    for (size_t i = 1; i < n; i++)
        if (strcmp(k[i - 1].key, k[i].key) == 0)
            join(parent, k[i - 1].row, k[i].row);
    mem_free(k);
    for (size_t i = 0; d && i < d->n; i++)
        join(parent, d->list[i].a, d->list[i].b);
    return 0;
}

static void number_groups(struct split *s, size_t *parent, size_t rows) {
    for (size_t r = 0; r < rows; r++) {
        const size_t root = root_of(parent, r);
        s->group[r] = root == r ? s->n_groups++ : s->group[root];
    }
}

/* --- strata ------------------------------------------------------------------------------------------------------------------------ */

static const char *modality_of(const struct cohort_row *x) {
    static const char *const names[4] = {"none", "mammography", "ultrasound", "both"};
    int kind = 0;
    for (int s = 0; s < SLOT_COUNT; s++)
        if (exam_has(&x->exam, (enum slot)s))
            kind |= slot_is_mg((enum slot)s) ? 1 : 2;
    return names[kind];
}

enum { STRATA_MAX = 1024 };

static int stratum_of(size_t *out, struct split *s, const struct cohort_row *x, struct err *e) {
    const char *modality = modality_of(x), *malignant = x->tier[0] ? "" : x->malignant; /* the finest that the table itself tells */
    for (*out = 0; *out < s->n_strata; ++*out)
        if (strcmp(s->strata[*out].tier, x->tier) == 0 && strcmp(s->strata[*out].malignant, malignant) == 0 &&
            s->strata[*out].modality == modality)
            return 0;
    if (s->n_strata == STRATA_MAX)
        return err_set(e, ERR_LIMIT, "more than %d combinations of tier, malignant and modality; check these columns", STRATA_MAX);
    s->strata[s->n_strata++] = (struct split_stratum){.tier = x->tier, .malignant = malignant, .modality = modality};
    return 0;
}

/* --- dealing ------------------------------------------------------------------------------------------------------------------------ */

struct group {
    size_t first, size; /* into members */
    bool dealt;
};
struct dealer {
    struct split *s;
    uint64_t seed;
    struct group *groups;
    size_t *members;                /* rows, group by group */
    size_t *stratum;                /* per row */
    size_t *left;                   /* per stratum: rows not yet dealt */
    double *wanted;                 /* stratum x part: rows that the part still wants of it */
    double desire[SPLIT_PARTS_MAX]; /* rows that the part still wants at all */
    size_t *queue;                  /* groups, large ones first */
};

/* The part that wants the stratum most among those that have room for the whole group; if none has, the emptiest. */
static int choose(const struct dealer *d, size_t group, size_t stratum) {
    const double size = (double)d->groups[group].size;
    const double *wanted = d->wanted + stratum * SPLIT_PARTS_MAX;
    const struct rng tie = rng_make(d->seed, SPLIT_TIE, (uint32_t)group);
    int best = -1, emptiest = 0;
    for (int p = 0; p < d->s->n_parts; p++) {
        if (d->desire[p] > d->desire[emptiest])
            emptiest = p;
        if (d->desire[p] < size)
            continue;
        const double more = best < 0 ? 1 : wanted[p] - wanted[best], room = best < 0 ? 1 : d->desire[p] - d->desire[best];
        const bool chance = best < 0 || rng_uniform(&tie, (uint64_t)p) > rng_uniform(&tie, (uint64_t)best);
        if (more > 0 || (more >= 0 && (room > 0 || (room >= 0 && chance))))
            best = p;
    }
    return best < 0 ? emptiest : best;
}

static void deal_group(struct dealer *d, size_t group, int part) {
    struct group *g = &d->groups[group];
    g->dealt = true;
    d->s->groups[part]++;
    d->desire[part] -= (double)g->size;
    for (size_t i = g->first; i < g->first + g->size; i++) {
        const size_t row = d->members[i], stratum = d->stratum[row];
        d->s->part[row] = part;
        d->s->exams[part]++;
        d->s->strata[stratum].exams[part]++;
        d->left[stratum]--;
        d->wanted[stratum * SPLIT_PARTS_MAX + (size_t)part]--;
    }
}

static bool holds(const struct dealer *d, size_t group, size_t stratum) {
    const struct group *g = &d->groups[group];
    for (size_t i = g->first; i < g->first + g->size; i++)
        if (d->stratum[d->members[i]] == stratum)
            return true;
    return false;
}

/* The rarest stratum that has rows left; the number of strata if none has. */
static size_t rarest(const struct dealer *d) {
    size_t best = d->s->n_strata;
    for (size_t k = 0; k < d->s->n_strata; k++)
        if (d->left[k] > 0 && (best == d->s->n_strata || d->left[k] < d->left[best]))
            best = k;
    return best;
}

static void deal(struct dealer *d) {
    for (size_t k; (k = rarest(d)) < d->s->n_strata;)
        for (size_t i = 0; i < d->s->n_groups; i++) {
            const size_t g = d->queue[i];
            if (!d->groups[g].dealt && holds(d, g, k))
                deal_group(d, g, choose(d, g, k));
        }
}

/* Large groups first, while there is room everywhere; equal ones in random order. */
struct queued {
    size_t group, size;
    double order;
};
static int by_size(const void *a, const void *b) {
    const struct queued *x = a, *y = b;
    if (x->size != y->size)
        return (x->size < y->size) - (x->size > y->size);
    if (x->order != y->order)
        return (x->order > y->order) - (x->order < y->order);
    return (x->group > y->group) - (x->group < y->group);
}

static int fill_queue(struct dealer *d, struct err *e) {
    const size_t n = d->s->n_groups;
    struct queued *q = mem_alloc(n, sizeof *q, e);
    if (!q)
        return ERR_NO_MEMORY;
    for (size_t g = 0; g < n; g++) {
        const struct rng r = rng_make(d->seed, SPLIT_ORDER, (uint32_t)g);
        q[g] = (struct queued){g, d->groups[g].size, rng_uniform(&r, 0)};
    }
    qsort(q, n, sizeof *q, by_size);
    for (size_t g = 0; g < n; g++)
        d->queue[g] = q[g].group;
    mem_free(q);
    return 0;
}

static void gather_members(struct dealer *d, size_t rows) {
    struct split *s = d->s;
    size_t at = 0;
    for (size_t r = 0; r < rows; r++)
        d->groups[s->group[r]].size++;
    for (size_t g = 0; g < s->n_groups; g++) {
        d->groups[g].first = at;
        at += d->groups[g].size;
        s->largest_group = d->groups[g].size > s->largest_group ? d->groups[g].size : s->largest_group;
        d->groups[g].size = 0;
    }
    for (size_t r = 0; r < rows; r++) {
        struct group *g = &d->groups[s->group[r]];
        d->members[g->first + g->size++] = r;
    }
}

static void set_wants(struct dealer *d, size_t rows) {
    struct split *s = d->s;
    for (int p = 0; p < s->n_parts; p++) {
        const double share = s->target[p] / (double)rows;
        d->desire[p] = s->target[p];
        for (size_t k = 0; k < s->n_strata; k++)
            d->wanted[k * SPLIT_PARTS_MAX + (size_t)p] = share * (double)d->left[k];
    }
}

static int deal_all(struct split *s, const struct manifest *m, uint64_t seed, struct err *e) {
    struct dealer d = {.s = s, .seed = seed};
    int rc = ERR_NO_MEMORY;
    if (!(d.groups = mem_alloc(s->n_groups, sizeof *d.groups, e)) || !(d.members = mem_alloc(m->n, sizeof *d.members, e)) ||
        !(d.stratum = mem_alloc(m->n, sizeof *d.stratum, e)) || !(d.left = mem_alloc(STRATA_MAX, sizeof *d.left, e)) ||
        !(d.wanted = mem_alloc(STRATA_MAX, SPLIT_PARTS_MAX * sizeof *d.wanted, e)) ||
        !(d.queue = mem_alloc(s->n_groups, sizeof *d.queue, e)))
        goto out;
    for (size_t r = 0; r < m->n; r++) {
        if ((rc = stratum_of(&d.stratum[r], s, &m->rows[r], e)))
            goto out;
        d.left[d.stratum[r]]++;
    }
    gather_members(&d, m->n);
    set_wants(&d, m->n);
    if (!(rc = fill_queue(&d, e)))
        deal(&d);
out:
    mem_free(d.groups);
    mem_free(d.members);
    mem_free(d.stratum);
    mem_free(d.left);
    mem_free(d.wanted);
    mem_free(d.queue);
    return rc;
}

/* --- parts -------------------------------------------------------------------------------------------------------------------------- */

static int name_parts(struct split *s, const struct split_options *o, size_t rows, struct err *e) {
    static const char *const names[3] = {"train", "val", "test"};
    if (o->folds) {
        if (o->folds < 2 || o->folds > SPLIT_PARTS_MAX)
            return err_set(e, ERR_USAGE, "%d folds; must be 2 to %d", o->folds, SPLIT_PARTS_MAX);
        for (int p = 0; p < o->folds; p++) {
            snprintf(s->name[p], SPLIT_NAME, "fold%d", p);
            s->target[p] = (double)rows / o->folds;
        }
        s->n_parts = o->folds;
        return 0;
    }
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        if (!(o->share[i] >= 0 && o->share[i] <= 1))
            return err_set(e, ERR_USAGE, "the share of %s is %g; it must be from 0 to 1", names[i], o->share[i]);
        sum += o->share[i];
        if (o->share[i] > 0) {
            snprintf(s->name[s->n_parts], SPLIT_NAME, "%s", names[i]);
            s->target[s->n_parts++] = o->share[i] * (double)rows;
        }
    }
    if (fabs(sum - 1) > 1e-9)
        return err_set(e, ERR_USAGE, "the shares of train, val and test sum to %g, not 1", sum);
    if (s->n_parts < 2)
        return err_set(e, ERR_USAGE, "one part holds everything: that is no split");
    return 0;
}

static int hash_split(struct split *s, const struct manifest *m, struct err *e) {
    struct keyed *k = mem_alloc(m->n, sizeof *k, e);
    struct sha256 h;
    uint8_t digest[SHA256_SIZE];
    if (!k)
        return ERR_NO_MEMORY;
    for (size_t r = 0; r < m->n; r++)
        k[r] = (struct keyed){m->rows[r].exam.exam_id, r};
    qsort(k, m->n, sizeof *k, by_key);
    sha256_init(&h);
    for (size_t i = 0; i < m->n; i++) {
        const char *name = s->name[s->part[k[i].row]];
        sha256_update(&h, k[i].key, strlen(k[i].key));
        sha256_update(&h, "\t", 1);
        sha256_update(&h, name, strlen(name));
        sha256_update(&h, "\n", 1);
    }
    sha256_final(&h, digest);
    sha256_hex(digest, s->sha256);
    mem_free(k);
    return 0;
}

int split_make(struct split **out, const struct manifest *m, const struct duplicates *duplicates, const struct split_options *o,
               struct err *e) {
    int rc = ERR_NO_MEMORY;
    size_t *parent = NULL;
    *out = NULL;
    struct split *s = mem_alloc(1, sizeof *s, e);
    if (!s || !(parent = mem_alloc(m->n, sizeof *parent, e)) || !(s->part = mem_alloc(m->n, sizeof *s->part, e)) ||
        !(s->group = mem_alloc(m->n, sizeof *s->group, e)) || !(s->strata = mem_alloc(STRATA_MAX, sizeof *s->strata, e)))
        goto out;
    if ((rc = name_parts(s, o, m->n, e)) || (rc = join_rows(parent, m, duplicates, o, e)))
        goto out;
    number_groups(s, parent, m->n);
    if (s->n_groups < (size_t)s->n_parts) {
        rc = err_set(e, ERR_USAGE, "%d parts, but exams that belong together form only %zu groups", s->n_parts, s->n_groups);
        goto out;
    }
    if (!(rc = deal_all(s, m, o->seed, e)))
        rc = hash_split(s, m, e);
out:
    mem_free(parent);
    if (rc)
        split_free(s);
    else
        *out = s;
    return rc;
}

void split_free(struct split *s) {
    if (!s)
        return;
    mem_free(s->part);
    mem_free(s->group);
    mem_free(s->strata);
    mem_free(s);
}

/* --- checking ----------------------------------------------------------------------------------------------------------------------- */

static int overlap(const struct manifest *m, size_t a, size_t b, const char *what, struct err *e) {
    const struct cohort_row *x = &m->rows[a], *y = &m->rows[b];
    if (!x->split[0] || !y->split[0] || strcmp(x->split, y->split) == 0)
        return 0;
    return err_set(e, ERR_SPLIT_OVERLAP,
                   "lines %zu and %zu share %s but are in two parts of the split; split the table again (bmunet split)", x->line, y->line,
                   what);
}

/* Among equal keys, every row against the first that has a part. */
static int check_sorted(const struct manifest *m, const struct keyed *k, size_t n, const char *what, struct err *e) {
    size_t first = 0;
    int rc = 0;
    for (size_t i = 1; i < n && !rc; i++) {
        if (strcmp(k[first].key, k[i].key) != 0 || !m->rows[k[first].row].split[0])
            first = i;
        else
            rc = overlap(m, k[first].row, k[i].row, what, e);
    }
    return rc;
}

static struct keyed *rows_by_path(size_t *n, const struct manifest *m, struct err *e) {
    struct keyed *k = mem_alloc(m->n, SLOT_COUNT * sizeof *k, e);
    *n = 0;
    for (size_t r = 0; r < m->n && k; r++)
        for (int s = 0; s < SLOT_COUNT; s++)
            if (exam_has(&m->rows[r].exam, (enum slot)s))
                k[(*n)++] = (struct keyed){m->rows[r].exam.source[s].name, r};
    if (k)
        qsort(k, *n, sizeof *k, by_key);
    return k;
}

int split_check(const struct manifest *m, const struct duplicates *duplicates, struct err *e) {
    size_t n_patients, n_paths;
    struct keyed *patients = rows_by_patient(&n_patients, m, e), *paths = rows_by_path(&n_paths, m, e);
    int rc = patients && paths ? check_sorted(m, patients, n_patients, "a patient_id", e) : ERR_NO_MEMORY;
    if (!rc)
        rc = check_sorted(m, paths, n_paths, "a picture", e);
    for (size_t i = 0; duplicates && i < duplicates->n && !rc; i++)
        rc = overlap(m, duplicates->list[i].a, duplicates->list[i].b, "a picture (or nearly the same one)", e);
    mem_free(patients);
    mem_free(paths);
    return rc;
}
