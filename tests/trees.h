/* The disease trees of the tests: the shipped one, and small ones written out here. Test code, above all floors. */
#ifndef BMU_TESTS_TREES_H
#define BMU_TESTS_TREES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "exam/tree.h"

enum { TIER_COUNT = 5 }; /* leaves of the shipped tree, and of the golden networks */

static inline struct tree *tree_of(const char *text) {
    struct tree *t = NULL;
    struct err e = {0};
    if (tree_parse_yaml(&t, text, strlen(text), &e))
        fail_msg("%s", e.message);
    return t;
}

/* share/trees/bmu5.yml, read once and kept to the end; run from the repository's root. */
static inline const struct tree *shipped_tree(void) {
    static struct tree *t;
    struct err e = {0};
    if (!t && tree_read_yaml(&t, "share/trees/bmu5.yml", &e))
        fail_msg("%s", e.message);
    return t;
}

/* Three levels, eight leaves; the positive node comes first in the file, so that its leaves are the first outputs. */
static const char three_levels[] = "name: eight\napproved_by: tests\npositive: cancer\nlevels: [side, group, pathology]\nnodes:\n"
                                   "  - {name: cancer, level: side, title: x}\n"
                                   "  - {name: other, level: side, title: x}\n"
                                   "  - {name: in situ, level: group, parent: cancer, title: x}\n"
                                   "  - {name: benign, level: group, parent: other, title: x}\n"
                                   "  - {name: invasive, level: group, parent: cancer, title: x}\n"
                                   "  - {name: high risk, level: group, parent: other, title: x}\n"
                                   "  - {name: DCIS, level: pathology, parent: in situ, title: x}\n"
                                   "  - {name: fibroadenoma, level: pathology, parent: benign, title: x}\n"
                                   "  - {name: cyst, level: pathology, parent: benign, title: x}\n"
                                   "  - {name: NST, level: pathology, parent: invasive, title: x}\n"
                                   "  - {name: lobular, level: pathology, parent: invasive, title: x}\n"
                                   "  - {name: papilloma, level: pathology, parent: high risk, title: x}\n"
                                   "  - {name: radial scar, level: pathology, parent: high risk, title: x}\n"
                                   "  - {name: 'LCIS, \"classic\"', level: pathology, parent: in situ, title: x}\n";
/* One level: the leaves are the top. */
static const char one_level[] = "name: flat\napproved_by: tests\npositive: B\nlevels: [kind]\nnodes:\n"
                                "  - {name: A, level: kind, title: x}\n"
                                "  - {name: B, level: kind, title: x}\n"
                                "  - {name: C, level: kind, title: x}\n";

#endif
