/* The table of marks: from rows to the marks of each picture. Floor 4. */
#include "cohort/marks.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/order.h"
#include "cohort/label.h"
#include "file/csv.h"
#include "file/filename.h"
#include "file/io.h"

enum column { EXAM_ID, SLOT, SHAPE, X, Y, RADIUS, WIDTH, HEIGHT, POINTS, MASK, TIER, LESION, SYNTHETIC, COLUMNS, REQUIRED = SHAPE + 1 };
static const char *const names[COLUMNS] = {"exam_id", "slot",   "shape", "x",    "y",      "radius",   "width",
                                           "height",  "points", "mask",  "tier", "lesion", "synthetic"};
/* The cells that a shape takes; the others have to be empty, or a slip of the shape would go unnoticed. */
static const unsigned takes[MARK_SHAPES] = {[MARK_NONE] = 0,
                                            [MARK_CIRCLE] = 1U << X | 1U << Y | 1U << RADIUS,
                                            [MARK_BOX] = 1U << X | 1U << Y | 1U << WIDTH | 1U << HEIGHT,
                                            [MARK_POLYGON] = 1U << POINTS,
                                            [MARK_MASK] = 1U << MASK};

struct exam_place { /* an exam by its id */
    const char *id;
    size_t row;
};
struct reader {
    struct marks *out;
    const struct manifest *m;
    const struct tree *tree;
    const char *folder;
    struct csv csv;
    size_t at[COLUMNS]; /* column of the file + 1; 0: not there */
    struct exam_place *exams;
    struct placed { /* a row read, before the lists are made */
        struct mark mark;
        size_t picture, line;
    } * rows;
};

/* --- columns and exams ------------------------------------------------------------------------------------------------------ */

static int find_columns(struct reader *r, struct err *e) {
    char shown[CSV_SHOW_SIZE];
    for (size_t c = 0; c < r->csv.n_columns; c++) {
        int k = 0;
        while (k < COLUMNS && strcmp(names[k], r->csv.header[c]) != 0)
            k++;
        if (k == COLUMNS)
            return err_set(e, ERR_CSV_COLUMN_UNKNOWN, "column %zu: a table of marks has no column \"%s\"", c + 1,
                           csv_show(shown, r->csv.header[c]));
        if (r->at[k])
            return err_set(e, ERR_CSV_COLUMN_TWICE, "columns %zu and %zu are the same: \"%s\"", r->at[k], c + 1, names[k]);
        r->at[k] = c + 1;
    }
    for (int k = 0; k < REQUIRED; k++)
        if (!r->at[k])
            return err_set(e, ERR_CSV_COLUMN_MISSING, "a table of marks needs the column \"%s\"", names[k]);
    return 0;
}

static int by_id(const void *a, const void *b) {
    return strcmp(((const struct exam_place *)a)->id, ((const struct exam_place *)b)->id);
}

static int list_exams(struct reader *r, struct err *e) {
    if (!(r->exams = mem_alloc(r->m->n + 1, sizeof *r->exams, e)))
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < r->m->n; i++)
        r->exams[i] = (struct exam_place){r->m->rows[i].exam.exam_id, i};
    qsort(r->exams, r->m->n, sizeof *r->exams, by_id);
    return 0;
}

static const char *cell(const struct reader *r, size_t row, enum column c) {
    return r->at[c] ? csv_cell(&r->csv, row, r->at[c] - 1) : "";
}

/* --- one row ---------------------------------------------------------------------------------------------------------------- */

static int find_picture(size_t *picture, const struct reader *r, size_t row, struct err *e) {
    char shown[CSV_SHOW_SIZE];
    const struct exam_place wanted = {.id = cell(r, row, EXAM_ID)}, *found = bsearch(&wanted, r->exams, r->m->n, sizeof *r->exams, by_id);
    if (!found)
        return err_set(e, ERR_MARK_EXAM, "the table of exams has no exam \"%s\"", csv_show(shown, wanted.id));
    const char *slot = cell(r, row, SLOT);
    int s = 0;
    while (s < SLOT_COUNT && strcmp(slot_name((enum slot)s), slot) != 0)
        s++;
    if (s == SLOT_COUNT)
        return err_set(e, ERR_MARK_SLOT, "slot: \"%s\" is not the name of an image column, such as %s", csv_show(shown, slot),
                       slot_name(SLOT_MG_CC));
    if (!exam_has(&r->m->rows[found->row].exam, (enum slot)s))
        return err_set(e, ERR_MARK_SLOT, "exam %s has no image in %s", found->id, slot);
    *picture = found->row * SLOT_COUNT + (size_t)s;
    return 0;
}

/* "x y x y ..." with blanks between. */
static int take_points(struct mark *m, struct reader *r, const char *text, struct err *e) {
    const char *blanks = " \t";
    size_t n = 0, i = 0;
    for (const char *p = text + strspn(text, blanks); *p; p += strspn(p, blanks), n++)
        p += strcspn(p, blanks);
    if (n % 2 || n / 2 > MARK_POINTS_MAX)
        return err_set(e, ERR_MARK, "points: %zu numbers; a polygon has two for each of its 3 to %d points", n, MARK_POINTS_MAX);
    double(*point)[2] = arena_alloc(&r->out->arena, n / 2 + 1, sizeof *point, e);
    if (!point)
        return ERR_NO_MEMORY;
    for (const char *p = text + strspn(text, blanks); *p; p += strspn(p, blanks), i++) {
        char one[40] = {0};
        const size_t length = strcspn(p, blanks);
        struct err why = {0};
        memcpy(one, p, length < sizeof one ? length : sizeof one - 1);
        if (length >= sizeof one || schema_number(&point[i / 2][i % 2], one, &why))
            return err_set(e, ERR_MARK, "points: number %zu is not a number", i + 1);
        p += length;
    }
    m->point = (const double(*)[2])point;
    m->n_points = n / 2;
    return 0;
}

static int take_number(double *out, const struct reader *r, size_t row, enum column c, struct err *e) {
    struct err why = {0};
    const char *text = cell(r, row, c);
    if (!*text)
        return err_set(e, ERR_MARK, "a %s needs %s", cell(r, row, SHAPE), names[c]);
    return schema_number(out, text, &why) == 0 ? 0 : err_set(e, ERR_MARK, "%s: %s", names[c], why.message);
}

static int take_shape(struct mark *m, struct reader *r, size_t row, struct err *e) {
    double *const numbers[COLUMNS] = {[X] = &m->x, [Y] = &m->y, [RADIUS] = &m->radius, [WIDTH] = &m->width, [HEIGHT] = &m->height};
    char shown[CSV_SHOW_SIZE];
    const int shape = mark_shape_from_name(cell(r, row, SHAPE));
    int rc = 0;
    if (shape < 0)
        return err_set(e, ERR_MARK, "shape: \"%s\" is none of circle, box, polygon, mask and none", csv_show(shown, cell(r, row, SHAPE)));
    m->shape = (enum mark_shape)shape;
    for (int c = X; c <= MASK; c++)
        if (!(takes[shape] >> c & 1U) && *cell(r, row, (enum column)c))
            return err_set(e, ERR_MARK, "the shape %s takes no %s; leave that cell empty", mark_shape_name(m->shape), names[c]);
    for (int c = X; c <= HEIGHT && !rc; c++)
        if (takes[shape] >> c & 1U)
            rc = take_number(numbers[c], r, row, (enum column)c, e);
    if (!rc && shape == MARK_POLYGON)
        rc = take_points(m, r, cell(r, row, POINTS), e);
    if (!rc && shape == MARK_MASK && *cell(r, row, MASK) && !(m->file = filename_under(&r->out->arena, r->folder, cell(r, row, MASK), e)))
        rc = ERR_NO_MEMORY;
    return rc ? rc : mark_check(m, e);
}

/* A lesion may be harmless in an exam that is not, but not the other way round: an exam has the diagnosis of its worst lesion. */
static int take_tier(struct mark *m, const struct reader *r, size_t row, const struct cohort_row *exam, struct err *e) {
    char shown[CSV_SHOW_SIZE];
    const char *tier = cell(r, row, TIER);
    const struct tree *t = r->tree;
    int known;
    m->node = -1;
    if (!*tier)
        return 0;
    if (m->shape == MARK_NONE)
        return err_set(e, ERR_MARK, "the shape none takes no tier; leave that cell empty");
    if ((m->node = tree_find_node(t, tier)) < 0)
        return err_set(e, ERR_MARK, "tier: the disease tree %s has no node \"%s\"", t->name, csv_show(shown, tier));
    if (label_node(&known, exam, t, NULL) || known < 0) /* what is wrong with the exam's own row is said when it is used */
        return 0;
    const struct tree_node *whole = &t->nodes[known];
    if (t->nodes[m->node].first_leaf >= whole->first_leaf + whole->n_leaves)
        return err_set(e, ERR_MARK_CONFLICT, "the lesion is marked as %s, the exam's diagnosis is %s, which is less", tier, whole->name);
    return 0;
}

static int read_row(struct reader *r, size_t row, struct err *e) {
    struct placed *x = &r->rows[row];
    x->line = r->csv.line[row];
    x->mark.lesion = cell(r, row, LESION);
    int rc = find_picture(&x->picture, r, row, e);
    if (rc == 0 && (rc = take_shape(&x->mark, r, row, e)) == 0)
        rc = take_tier(&x->mark, r, row, &r->m->rows[x->picture / SLOT_COUNT], e);
    if (rc && rc != ERR_NO_MEMORY)
        err_prefix(e, "line %zu", x->line);
    return rc;
}

/* --- the lists -------------------------------------------------------------------------------------------------------------- */

static int conflict(const struct mark_list *l, int i, int k, struct err *e) {
    const struct mark *a = &l->list[i], *b = &l->list[k];
    if (a->shape == MARK_NONE || b->shape == MARK_NONE)
        return a->shape == b->shape
                   ? err_set(e, ERR_MARK_CONFLICT, "lines %zu and %zu say twice that the picture has no lesion", l->line[i], l->line[k])
                   : err_set(e, ERR_MARK_CONFLICT, "line %zu marks a lesion, line %zu says that the picture has none; correct one of them",
                             l->line[a->shape == MARK_NONE ? k : i], l->line[a->shape == MARK_NONE ? i : k]);
    if (a->lesion[0] && b->lesion[0]) /* said to be two lesions: projected on each other, they may share a place */
        return strcmp(a->lesion, b->lesion) == 0
                   ? err_set(e, ERR_MARK_CONFLICT, "lines %zu and %zu mark the same lesion twice; remove one of them", l->line[i],
                             l->line[k])
                   : 0;
    const bool same_file = a->file && b->file && strcmp(a->file, b->file) == 0;
    if (!same_file && !mark_same_place(a, b))
        return 0;
    return err_set(e, ERR_MARK_CONFLICT,
                   "lines %zu and %zu mark the same place%s; remove one of them, or give each a name in the column lesion", l->line[i],
                   l->line[k], a->node != b->node ? " and call it differently" : "");
}

static int check_list(const struct mark_list *l, struct err *e) {
    int rc = 0;
    for (int i = 0; i < l->n && !rc; i++)
        for (int k = 0; k < i && !rc; k++)
            rc = conflict(l, k, i, e);
    return rc;
}

static int make_lists(struct reader *r, struct err *e) {
    struct marks *k = r->out;
    for (size_t i = 0; i < r->csv.n_rows; i++)
        k->picture[r->rows[i].picture].n++;
    for (size_t p = 0; p < r->m->n * SLOT_COUNT; p++) {
        struct mark_list *l = &k->picture[p];
        if (l->n > MARKS_PER_PICTURE)
            return err_set(e, ERR_LIMIT, "exam %s, %s: %d marks, the limit is %d", r->m->rows[p / SLOT_COUNT].exam.exam_id,
                           slot_name((enum slot)(p % SLOT_COUNT)), l->n, MARKS_PER_PICTURE);
        if (l->n && (!(l->list = arena_alloc(&k->arena, (size_t)l->n, sizeof *l->list, e)) ||
                     !(l->line = arena_alloc(&k->arena, (size_t)l->n, sizeof *l->line, e))))
            return ERR_NO_MEMORY;
        l->n = 0;
    }
    for (size_t i = 0; i < r->csv.n_rows; i++) {
        struct mark_list *l = &k->picture[r->rows[i].picture];
        l->line[l->n] = r->rows[i].line;
        l->list[l->n++] = r->rows[i].mark;
        k->n++;
    }
    for (size_t i = 0; i < r->csv.n_rows; i++) {
        const int rc = check_list(&k->picture[r->rows[i].picture], e);
        if (rc)
            return err_prefix(e, "exam %s, %s", r->m->rows[r->rows[i].picture / SLOT_COUNT].exam.exam_id,
                              slot_name((enum slot)(r->rows[i].picture % SLOT_COUNT))),
                   rc;
    }
    return 0;
}

static int parse(struct reader *r, const char *text, size_t n, struct err *e) {
    struct marks *k = r->out;
    int rc = csv_parse(&r->csv, &k->arena, text, n, e);
    if (rc || (rc = find_columns(r, e)) || (rc = list_exams(r, e)))
        return rc;
    k->n_exams = r->m->n;
    k->picture = arena_alloc(&k->arena, r->m->n * SLOT_COUNT + 1, sizeof *k->picture, e);
    r->rows = mem_alloc(r->csv.n_rows + 1, sizeof *r->rows, e);
    if (!k->picture || !r->rows)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < r->csv.n_rows && !rc; i++)
        rc = read_row(r, i, e);
    return rc ? rc : make_lists(r, e);
}

int marks_parse(struct marks **out, const char *text, size_t n, const char *folder, const struct manifest *m, const struct tree *t,
                struct err *e) {
    struct reader r = {.m = m, .tree = t, .folder = folder};
    *out = NULL;
    if (!(r.out = mem_alloc(1, sizeof *r.out, e)))
        return ERR_NO_MEMORY;
    arena_init(&r.out->arena, 0);
    sha256_bytes(text, n, r.out->sha256);
    const int rc = parse(&r, text, n, e);
    mem_free(r.exams);
    mem_free(r.rows);
    if (rc)
        marks_free(r.out);
    else
        *out = r.out;
    return rc;
}

int marks_read(struct marks **out, const char *path, const struct manifest *m, const struct tree *t, struct err *e) {
    uint8_t *text = NULL;
    char *folder = NULL;
    size_t n = 0;
    *out = NULL;
    int rc = io_read_file(&text, &n, path, CSV_FILE_MAX, e);
    if (rc)
        return rc;
    if ((rc = filename_folder(&folder, path, e)) == 0 && (rc = marks_parse(out, (const char *)text, n, folder, m, t, e)))
        err_prefix(e, "%s", path);
    mem_free(folder);
    mem_free(text);
    return rc;
}

void marks_free(struct marks *k) {
    if (!k)
        return;
    for (size_t p = 0; k->picture && p < k->n_exams * SLOT_COUNT; p++)
        for (int i = 0; k->picture[p].list && i < k->picture[p].n; i++)
            mark_release(&k->picture[p].list[i]);
    arena_release(&k->arena);
    mem_free(k);
}

const struct mark_list *marks_of(const struct marks *k, size_t exam, enum slot s) {
    return &k->picture[exam * SLOT_COUNT + (size_t)s];
}

int marks_settle(struct marks *k, const struct manifest *m, size_t exam, const struct verdict *v, struct decoder *d, struct err *e) {
    for (int s = 0; s < SLOT_COUNT; s++) {
        struct mark_list *l = &k->picture[exam * SLOT_COUNT + (size_t)s];
        const struct geometry *g = &v->input[s].geometry;
        if (v->input[s].status != INPUT_USED)
            continue; /* its image is not looked at, or is refused; what becomes of the exam then is not the mark's business */
        int rc = 0, i = 0;
        for (; i < l->n && !rc; i++)
            if ((rc = mark_load(&l->list[i], d, e)) == 0)
                rc = mark_inside(&l->list[i], g->width, g->height, e);
        if (rc)
            err_prefix(e, "line %zu", l->line[i - 1]);
        if (!rc)
            rc = check_list(l, e);
        if (rc)
            return err_prefix(e, "marks: exam %s, %s", m->rows[exam].exam.exam_id, slot_name((enum slot)s)), rc;
    }
    return 0;
}
