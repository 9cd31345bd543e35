/* Any bytes as a table of marks over a small table of exams. What is accepted must keep its promises. Fuzzing, above all floors. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cohort/marks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char exams[] = "exam_id,mg_cc,mg_mlo,us_bmode_trans,tier\n1,a.png,b.png,,B\n2,,c.png,d.png,A\n3,e.png,,,\n";
static const char tree_text[] = "name: small\napproved_by: nobody\npositive: malignant\nlevels: [class, tier]\nnodes:\n"
                                "  - {name: benign, level: class, title: benign}\n"
                                "  - {name: malignant, level: class, title: malignant}\n"
                                "  - {name: A, level: tier, parent: benign, title: a, terms: [{term: cyst}]}\n"
                                "  - {name: B, level: tier, parent: malignant, title: b, terms: [{term: cancer}]}\n";

/* What every reader of marks relies on. */
static void check_mark(const struct mark *m, const struct tree *t) {
    double middle[2];
    if (mark_check(m, NULL) != 0 || m->node < -1 || m->node >= (int)t->n_nodes || m->mask || (m->shape == MARK_MASK) != (m->file != NULL))
        abort();
    if (m->shape != MARK_NONE && m->shape != MARK_MASK && !mark_middle(middle, m))
        abort();
    if ((m->shape == MARK_CIRCLE || m->shape == MARK_BOX) && isfinite(middle[0]) && isfinite(middle[1]) && mark_extent(m) > 1 &&
        fabs(m->x) < 1e6 && fabs(m->y) < 1e6 && mark_extent(m) < 1e6 && !mark_covers(m, middle[0], middle[1]))
        if (m->shape == MARK_CIRCLE || (m->width > 1 && m->height > 1))
            abort();
    mark_inside(m, 100, 100, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct tree *t;
    static struct manifest *m; /* both kept to the end */
    struct marks *k = NULL;
    struct err e = {0};
    size_t n = 0;
    if ((!t && tree_parse_yaml(&t, tree_text, sizeof tree_text - 1, NULL)) ||
        (!m && manifest_parse(&m, exams, sizeof exams - 1, "f", NULL, NULL)))
        abort();
    const int rc = marks_parse(&k, (const char *)data, size, "folder", m, t, &e);
    if ((rc == 0) != (k != NULL) || rc != e.code || (rc != 0 && e.message[0] == '\0'))
        abort();
    for (size_t i = 0; k && i < m->n; i++)
        for (int s = 0; s < SLOT_COUNT; s++) {
            const struct mark_list *l = marks_of(k, i, (enum slot)s);
            if ((l->n > 0 && !exam_has(&m->rows[i].exam, (enum slot)s)) || l->n > MARKS_PER_PICTURE)
                abort();
            for (int j = 0; j < l->n; j++)
                check_mark(&l->list[j], t);
            n += (size_t)l->n;
        }
    if (k && n != k->n)
        abort();
    marks_free(k);
    return 0;
}
