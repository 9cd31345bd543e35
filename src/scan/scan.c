/* From a folder's files to a table of exams. Floor 4. The rules are in the header; views of one slot are chosen in choose.c. */
#include "scan/scan.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/days.h"
#include "base/mem.h"
#include "scan/choose.h"

/* The usable files of one patient, breast, modality and study. */
struct group {
    long *files; /* into the sorted list of usable files */
    size_t n;
    const struct scan_facts *of; /* of its first file */
    const char *date;
    int day;            /* NO_DAY: not known */
    const char *made;   /* the earliest date and time of day of its files, where all have both; else "" */
    bool by_preference; /* it and another were equally near to its partner */
    long partner;       /* the group of the other modality in the same exam; -1: none */
    bool ambiguous, placed;
};

struct breast_groups { /* those of one breast: groups[first .. last-1] */
    struct group *groups;
    size_t first, last;
    bool prefer_first;
};

struct arranger {
    struct scan *s;
    const struct scan_options *options;
    long *order; /* usable files, sorted */
    size_t n_order;
    struct group *groups;
    size_t n_groups;
};

int scan_new(struct scan **out, size_t n_files, struct err *e) {
    *out = NULL;
    struct scan *s = mem_alloc(1, sizeof *s, e);
    if (!s)
        return ERR_NO_MEMORY;
    arena_init(&s->arena, 0);
    s->n_files = n_files;
    s->files = mem_alloc(n_files, sizeof *s->files, e);
    if (!s->files) {
        scan_free(s);
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < n_files; i++) {
        struct scan_file *f = &s->files[i];
        f->path = f->reason = f->format = f->sentence = f->remark = f->other_path = "";
        f->facts = (struct scan_facts){.reason = "", .remark = "", .patient_id = "", .study = "", .instance = "", .manufacturer = ""};
    }
    *out = s;
    return 0;
}

void scan_free(struct scan *s) {
    if (!s)
        return;
    arena_release(&s->arena);
    mem_free(s->files);
    mem_free(s->exams);
    mem_free(s);
}

static bool is_listed(const struct scan_options *o, const char *study) {
    for (size_t i = 0; o && i < o->n_studies; i++)
        if (strcmp(o->study[i], study) == 0)
            return true;
    return !o || o->n_studies == 0;
}

static void take_given_reasons(struct scan *s, const struct scan_options *o) {
    for (size_t i = 0; i < s->n_files; i++) {
        struct scan_file *f = &s->files[i];
        f->used = false;
        f->other_path = f->remark = f->sentence = "";
        f->why = f->code ? f->code : f->facts.code;
        if (f->why)
            f->sentence = f->code ? f->reason : f->facts.reason;
        else if (!is_listed(o, f->facts.study))
            choose_leave_out(f, ERR_SCAN_NOT_CHOSEN, "its study is none of those that were asked for");
    }
}

static int by_hash(const void *a, const void *b, void *ctx) {
    const struct scan_file *files = ctx, *x = &files[*(const long *)a], *y = &files[*(const long *)b];
    int order = memcmp(x->sha256, y->sha256, sizeof x->sha256);
    return order ? order : strcmp(x->path, y->path);
}

static int by_group(const void *a, const void *b, void *ctx) {
    const struct scan_file *files = ctx, *x = &files[*(const long *)a], *y = &files[*(const long *)b];
    int order = strcmp(x->facts.patient_id, y->facts.patient_id);
    if (!order)
        order = x->facts.side - y->facts.side;
    if (!order)
        order = (int)x->facts.modality - (int)y->facts.modality;
    if (!order)
        order = strcmp(x->facts.study, y->facts.study);
    return order ? order : strcmp(x->path, y->path);
}

static bool same_breast(const struct scan_facts *x, const struct scan_facts *y) {
    return strcmp(x->patient_id, y->patient_id) == 0 && x->side == y->side;
}

static bool same_group(const struct scan_facts *x, const struct scan_facts *y) {
    return same_breast(x, y) && x->modality == y->modality && strcmp(x->study, y->study) == 0;
}

static void list_usable(struct arranger *a) {
    a->n_order = 0;
    for (size_t i = 0; i < a->s->n_files; i++)
        if (!a->s->files[i].why)
            a->order[a->n_order++] = (long)i;
}

/* Files with the same bytes, list[0 .. n-1], whose names say different things: neither can be believed. */
static bool contradict(struct scan_file *files, const long *list, size_t n) {
    const struct scan_facts *x = &files[list[0]].facts;
    bool differ = false;
    for (size_t i = 1; i < n; i++) {
        const struct scan_facts *y = &files[list[i]].facts;
        differ = differ || !same_group(x, y) || x->is_mlo != y->is_mlo || x->kind != y->kind || x->plane != y->plane;
    }
    for (size_t i = 0; i < n && differ; i++)
        choose_leave_out(
            &files[list[i]], ERR_SCAN_AMBIGUOUS,
            "the same bytes as another file that is said to show another patient, breast, view or study: neither can be believed");
    return differ;
}

static void leave_out_copies(struct arranger *a) {
    struct scan_file *files = a->s->files, *kept = NULL;
    list_usable(a);
    if (a->n_order)
        qsort_r(a->order, a->n_order, sizeof *a->order, by_hash, files);
    for (size_t i = 0; i < a->n_order; i++) {
        struct scan_file *f = &files[a->order[i]];
        if (!kept || !f->hashed || memcmp(kept->sha256, f->sha256, sizeof f->sha256) != 0) {
            size_t n = 1;
            while (f->hashed && i + n < a->n_order && memcmp(files[a->order[i + n]].sha256, f->sha256, sizeof f->sha256) == 0)
                n++;
            kept = f;
            if (n > 1 && contradict(files, &a->order[i], n))
                i += n - 1;
            continue;
        }
        f->other_path = kept->path;
        choose_leave_out(f, ERR_SCAN_DUPLICATE, "the same bytes as another file, which stands for both");
    }
}

static void date_group(struct arranger *a, struct group *g) {
    const struct scan_file *files = a->s->files;
    g->date = "";
    for (size_t i = 0; i < g->n; i++) {
        const struct scan_facts *f = &files[g->files[i]].facts;
        const char *date = f->study_date[0] ? f->study_date : f->made;
        if (!date[0] || date_days(date) == NO_DAY)
            continue;
        if (!g->date[0] || strcmp(date, g->date) < 0)
            g->date = date; /* a study has one date; where its files disagree the first day counts */
    }
    g->day = g->date[0] ? date_days(g->date) : NO_DAY;
    g->made = g->of->made;
    for (size_t i = 0; i < g->n && g->made[0]; i++) {
        const char *made = files[g->files[i]].facts.made;
        g->made = strlen(made) < 14 ? "" : strcmp(made, g->made) < 0 ? made : g->made;
    }
}

static int make_groups(struct arranger *a, struct err *e) {
    const struct scan_file *files = a->s->files;
    list_usable(a);
    if (a->n_order)
        qsort_r(a->order, a->n_order, sizeof *a->order, by_group, a->s->files);
    a->groups = mem_alloc(a->n_order, sizeof *a->groups, e);
    if (!a->groups)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < a->n_order; i++) {
        struct group *g = a->n_groups ? &a->groups[a->n_groups - 1] : NULL;
        const struct scan_facts *f = &files[a->order[i]].facts;
        if (!g || !same_group(g->of, f)) {
            g = &a->groups[a->n_groups++];
            *g = (struct group){.files = &a->order[i], .of = f, .partner = -1};
        }
        g->n++;
    }
    for (size_t i = 0; i < a->n_groups; i++)
        date_group(a, &a->groups[i]);
    return 0;
}

/* Days between two groups of different modality; -1 for the same study, INT_MAX where they cannot be one exam. */
static int apart(const struct group *x, const struct group *y) {
    if (x->of->modality == y->of->modality)
        return INT_MAX;
    if (strcmp(x->of->study, y->of->study) == 0)
        return -1;
    if (x->day == NO_DAY || y->day == NO_DAY)
        return INT_MAX;
    int days = abs(x->day - y->day);
    return days <= SCAN_DAYS_APART_MAX ? days : INT_MAX;
}

/* > 0: x is the later one; 0: time does not tell. */
static int later(const struct group *x, const struct group *y) {
    if (x->day != y->day)
        return x->day > y->day ? 1 : -1;
    return x->made[0] && y->made[0] ? strcmp(x->made, y->made) : 0;
}

/* The distance to the nearest of [first, last) from g; of several as near the one that is preferred, and how many are not told apart even
 * so. */
static int nearest(const struct breast_groups *b, size_t g, long *which, int *how_many) {
    int least = INT_MAX;
    *which = -1;
    *how_many = 0;
    for (size_t i = b->first; i < b->last; i++) {
        const int days = apart(&b->groups[g], &b->groups[i]);
        if (days == INT_MAX || days > least)
            continue;
        const int order = days < least ? 1 : later(&b->groups[i], &b->groups[*which]);
        if (days < least || (b->prefer_first ? order < 0 : order > 0))
            *which = (long)i;
        least = days;
    }
    for (size_t i = b->first; i < b->last && *which >= 0; i++)
        *how_many += apart(&b->groups[g], &b->groups[i]) == least && later(&b->groups[i], &b->groups[*which]) == 0;
    return least;
}

static bool had_rivals(const struct breast_groups *b, size_t g, int days) {
    int as_near = 0;
    for (size_t i = b->first; i < b->last; i++)
        as_near += apart(&b->groups[g], &b->groups[i]) == days;
    return as_near > 1;
}

/* One breast's groups. Mutual nearest and unique: one exam. g is one of several equally near to some h whose nearest it is: ambiguous. */
static void join_breast(const struct breast_groups *b) {
    struct group *groups = b->groups;
    for (size_t g = b->first; g < b->last; g++) {
        long partner, back;
        int how_many, how_many_back, days = nearest(b, g, &partner, &how_many);
        if (days == INT_MAX)
            continue;
        if (how_many == 1) {
            nearest(b, (size_t)partner, &back, &how_many_back);
            if (back == (long)g && how_many_back == 1)
                groups[g].partner = partner;
            groups[partner].by_preference |= groups[g].partner == partner && had_rivals(b, g, days);
            continue;
        }
        for (size_t h = b->first; h < b->last; h++) /* several are equally near: those that want g as much contend for it */
            if (apart(&groups[g], &groups[h]) == days && nearest(b, h, &back, &how_many_back) == days)
                groups[g].ambiguous = groups[h].ambiguous = true;
    }
}

static void join_groups(struct arranger *a) {
    for (size_t first = 0, last; first < a->n_groups; first = last) {
        for (last = first + 1; last < a->n_groups && same_breast(a->groups[first].of, a->groups[last].of);)
            last++;
        join_breast(&(struct breast_groups){a->groups, first, last, a->options && a->options->prefer_first});
    }
    for (size_t i = 0; i < a->n_groups; i++)
        for (size_t k = 0; a->groups[i].ambiguous && k < a->groups[i].n; k++)
            choose_leave_out(
                &a->s->files[a->groups[i].files[k]], ERR_SCAN_AMBIGUOUS,
                "mammography and ultrasound studies of this breast are equally close in time: it is not known which belong together");
}

static const char *manufacturer_of(const struct scan *s, const struct scan_exam *x) {
    const char *name = "";
    for (int v = 0; v < SLOT_COUNT; v++) {
        const char *its = x->file[v] == SCAN_NO_FILE ? "" : s->files[x->file[v]].facts.manufacturer;
        if (its[0] && name[0] && strcmp(its, name) != 0)
            return "";
        name = its[0] ? its : name;
    }
    return name;
}

/* The exam of group g and its partner, unless no view of them could be chosen. */
static void make_exam(struct arranger *a, struct group *g) {
    struct scan *s = a->s;
    struct scan_exam *x = &s->exams[s->n_exams];
    struct group *p = g->partner >= 0 ? &a->groups[g->partner] : NULL;
    *x = (struct scan_exam){.patient_id = g->of->patient_id, .side = g->of->side, .date = g->date, .clinical_row = -1};
    for (int v = 0; v < SLOT_COUNT; v++)
        x->file[v] = SCAN_NO_FILE;
    g->placed = true;
    choose_views(x->file, s->files, g->files, g->n, a->options);
    if (p) {
        p->placed = true;
        choose_views(x->file, s->files, p->files, p->n, a->options);
        if (p->of->modality == SCAN_MG || !x->date[0])
            x->date = p->date;
    }
    for (int v = 0; v < SLOT_COUNT; v++) {
        struct scan_file *f = x->file[v] == SCAN_NO_FILE ? NULL : &s->files[x->file[v]];
        if (f && !f->remark[0] && (slot_is_mg((enum slot)v) == (g->of->modality == SCAN_MG) ? g : p)->by_preference)
            f->remark = a->options && a->options->prefer_first ? "of several studies equally near to the exam's other one, the first"
                                                               : "of several studies equally near to the exam's other one, the latest";
    }
    x->manufacturer = manufacturer_of(s, x);
    bool any = false;
    for (int v = 0; v < SLOT_COUNT; v++)
        any = any || x->file[v] != SCAN_NO_FILE;
    s->n_exams += any;
}

static const char *first_path(const struct scan_exam *x, const struct scan_file *files) {
    for (int v = 0; v < SLOT_COUNT; v++)
        if (x->file[v] != SCAN_NO_FILE)
            return files[x->file[v]].path;
    return "";
}

static int same_day(const struct scan_exam *x, const struct scan_exam *y) {
    int order = strcmp(x->patient_id, y->patient_id);
    if (!order)
        order = x->side - y->side;
    return order ? order : strcmp(x->date, y->date);
}

static int by_exam(const void *a, const void *b, void *ctx) {
    int order = same_day(a, b);
    return order ? order : strcmp(first_path(a, ctx), first_path(b, ctx));
}

/* patient-side-date, and -2, -3 ... for further exams of the same three. Read from its end such a name can be taken apart in one way only
 * (a number, eight digits, a letter), so names are unique whatever the patients are called. */
static int name_exams(struct scan *s, struct err *e) {
    int again = 1;
    if (s->n_exams)
        qsort_r(s->exams, s->n_exams, sizeof *s->exams, by_exam, s->files);
    for (size_t i = 0; i < s->n_exams; i++) {
        struct scan_exam *x = &s->exams[i];
        char suffix[16] = "";
        again = i && same_day(x - 1, x) == 0 ? again + 1 : 1;
        if (again > 1)
            snprintf(suffix, sizeof suffix, "-%d", again);
        x->exam_id = arena_printf(&s->arena, e, "%s-%c%s%s%s", x->patient_id, x->side, x->date[0] ? "-" : "", x->date, suffix);
        if (!x->exam_id)
            return ERR_NO_MEMORY;
    }
    return 0;
}

static void point_back(struct scan *s) {
    for (size_t i = 0; i < s->n_exams; i++)
        for (int v = 0; v < SLOT_COUNT; v++)
            if (s->exams[i].file[v] != SCAN_NO_FILE) {
                struct scan_file *f = &s->files[s->exams[i].file[v]];
                f->used = true;
                f->exam = i;
                f->slot = (enum slot)v;
            }
}

int scan_arrange(struct scan *s, const struct scan_options *o, struct err *e) {
    struct arranger a = {.s = s, .options = o};
    int rc = ERR_NO_MEMORY;
    mem_free(s->exams);
    s->n_exams = 0;
    s->exams = NULL;
    take_given_reasons(s, o);
    if (!(a.order = mem_alloc(s->n_files, sizeof *a.order, e)))
        goto out;
    leave_out_copies(&a);
    if (make_groups(&a, e))
        goto out;
    join_groups(&a);
    if (!(s->exams = mem_alloc(a.n_groups, sizeof *s->exams, e)))
        goto out;
    for (size_t i = 0; i < a.n_groups; i++)
        if (!a.groups[i].ambiguous && !a.groups[i].placed)
            make_exam(&a, &a.groups[i]);
    if ((rc = name_exams(s, e)))
        goto out;
    point_back(s);
out:
    mem_free(a.order);
    mem_free(a.groups);
    return rc;
}
