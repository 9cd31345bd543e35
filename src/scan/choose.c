/* Which of a study's images stands for each view. Floor 4. */
#include "scan/choose.h"

#include <stdlib.h>
#include <string.h>

void choose_leave_out(struct scan_file *f, int code, const char *sentence) {
    f->used = false;
    f->why = code;
    f->sentence = sentence;
}

static int earlier(const void *a, const void *b, void *ctx) {
    const struct scan_file *files = ctx, *x = &files[*(const long *)a], *y = &files[*(const long *)b];
    int order = strcmp(x->facts.made, y->facts.made);
    return order ? order : strcmp(x->path, y->path);
}

enum rule { EQUAL, LATER, LOSSLESS, LARGER };
static const char *const lost[] = {
    [LATER] = "another image of the same view was made later (by date and time) and was chosen",
    [LOSSLESS] = "another image of the same view, not compressed with loss, was chosen",
    [LARGER] = "another image of the same view has more pixels and was chosen",
};

/* > 0: x is better, and *rule says by what; 0: equal. Of `made` the first n characters count: date and time of day, or the date alone, or
 * nothing; what not every candidate has must not count, or the order would depend on the company. */
static int better(const struct scan_facts *x, const struct scan_facts *y, size_t n, enum rule *rule) {
    int order = strncmp(x->made, y->made, n);
    *rule = LATER;
    if (!order) {
        order = (int)y->lossy - (int)x->lossy;
        *rule = LOSSLESS;
    }
    if (!order) {
        order = (x->pixels > y->pixels) - (x->pixels < y->pixels);
        *rule = LARGER;
    }
    if (!order)
        *rule = EQUAL;
    return order;
}

static bool same_instance(const struct scan_file *files, const long *list, size_t n) {
    for (size_t i = 1; i < n; i++)
        if (!files[list[i]].facts.instance[0] || strcmp(files[list[0]].facts.instance, files[list[i]].facts.instance) != 0)
            return false;
    return true;
}

static void leave_out_all(struct scan_file *files, const long *list, size_t n, int code, const char *sentence) {
    for (size_t i = 0; i < n; i++)
        choose_leave_out(&files[list[i]], code, sentence);
}

/* The one of n >= 1 candidates, or SCAN_NO_FILE. */
static long choose_one(struct scan_file *files, const long *list, size_t n) {
    const struct scan_facts *first = &files[list[0]].facts;
    if (n > 1 && first->modality == SCAN_US && !same_instance(files, list, n)) {
        leave_out_all(
            files, list, n, ERR_SCAN_AMBIGUOUS,
            "several ultrasound images of one kind and plane: it is not known which shows the lesion; keep one, or enter it by hand");
        return SCAN_NO_FILE;
    }
    size_t dated = sizeof first->made;
    for (size_t i = 0; i < n; i++) {
        const size_t length = strlen(files[list[i]].facts.made);
        dated = length < dated ? length : dated;
    }
    long best = list[0];
    enum rule rule;
    for (size_t i = 1; i < n; i++)
        if (better(&files[list[i]].facts, &files[best].facts, dated, &rule) > 0)
            best = list[i];
    for (size_t i = 0; i < n; i++)
        if (list[i] != best && better(&files[best].facts, &files[list[i]].facts, dated, &rule) == 0) {
            leave_out_all(files, list, n, ERR_SCAN_AMBIGUOUS,
                          "several images of one view, equal in date, time of day, compression and size: it is not known which to use");
            return SCAN_NO_FILE;
        }
    for (size_t i = 0; i < n; i++)
        if (list[i] != best) {
            better(&files[best].facts, &files[list[i]].facts, dated, &rule);
            choose_leave_out(&files[list[i]], ERR_SCAN_NOT_CHOSEN, lost[rule]);
        }
    return best;
}

/* Moves the files for which `which` holds to the front; returns how many. Keeps the order. */
static size_t gather(long *list, size_t n, const struct scan_file *files, bool (*which)(const struct scan_facts *f, int kind, int plane),
                     int kind, int plane) {
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        long file = list[i];
        if (!which(&files[file].facts, kind, plane))
            continue;
        memmove(&list[found + 1], &list[found], (i - found) * sizeof *list);
        list[found++] = file;
    }
    return found;
}

static bool is_view(const struct scan_facts *f, int is_mlo, int unused) {
    (void)unused;
    return f->modality == SCAN_MG && f->is_mlo == (is_mlo != 0);
}

static bool is_ultrasound(const struct scan_facts *f, int kind, int plane) {
    return f->modality == SCAN_US && (int)f->kind == kind && (int)f->plane == plane;
}

/* What to do with n images of one kind whose planes are not said; `others` images of the kind say theirs. The list is in order of date,
 * path. */
static void place_unsaid(long slot[SLOT_COUNT], enum slot transverse, struct scan_file *files, const long *list, size_t n, size_t others,
                         const struct scan_options *o) {
    enum slot longitudinal = transverse + 1;
    if (n == 1 && others == 0) {
        slot[transverse] = list[0];
        files[list[0]].remark = SCAN_ALONE_REMARK;
    } else if (n == 2 && others == 0 && o && o->first_is_transverse) {
        slot[transverse] = list[0];
        slot[longitudinal] = list[1];
        files[list[0]].remark = "no attribute says so: taken as transverse, as the first of two";
        files[list[1]].remark = "no attribute says so: taken as longitudinal, as the second of two";
    } else if (n == 2 && others == 0) {
        leave_out_all(files, list, n, ERR_SCAN_PLANE, "two images of this kind, and no attribute says which is transverse");
    } else {
        leave_out_all(files, list, n, ERR_SCAN_PLANE,
                      "no attribute says transverse or longitudinal, and there are other images of this kind");
    }
}

static void choose_kind(long slot[SLOT_COUNT], struct scan_file *files, long *list, size_t n, int kind, const struct scan_options *o) {
    const enum slot transverse = scan_transverse_slot((enum scan_kind)kind);
    size_t said = 0;
    for (int plane = SCAN_TRANSVERSE; plane <= SCAN_LONGITUDINAL; plane++) {
        size_t m = gather(list, n, files, is_ultrasound, kind, plane);
        said += m;
        if (m)
            slot[transverse + (unsigned)(plane - SCAN_TRANSVERSE)] = choose_one(files, list, m);
    }
    size_t m = gather(list, n, files, is_ultrasound, kind, SCAN_PLANE_UNKNOWN);
    if (m == 0)
        return;
    long one = m > 1 && same_instance(files, list, m) ? choose_one(files, list, m) : SCAN_NO_FILE; /* copies of one image */
    if (one != SCAN_NO_FILE)
        place_unsaid(slot, transverse, files, &one, 1, said, o);
    else if (m == 1 || !same_instance(files, list, m))
        place_unsaid(slot, transverse, files, list, m, said, o);
}

void choose_views(long slot[SLOT_COUNT], struct scan_file *files, long *list, size_t n, const struct scan_options *o) {
    qsort_r(list, n, sizeof *list, earlier, files);
    for (int is_mlo = 0; is_mlo <= 1; is_mlo++) {
        size_t m = gather(list, n, files, is_view, is_mlo, 0);
        if (m)
            slot[is_mlo ? SLOT_MG_MLO : SLOT_MG_CC] = choose_one(files, list, m);
    }
    for (int kind = 0; kind < SCAN_KIND_COUNT; kind++)
        choose_kind(slot, files, list, n, kind, o);
}
