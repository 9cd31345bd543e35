/* What a disease tree file says, before it is checked: between tree_yaml.c, which reads it, and tree.c, which builds the tree from it.
 * Floor 3. */
#ifndef BMU_EXAM_TREE_RAW_H
#define BMU_EXAM_TREE_RAW_H

#include "exam/tree.h"

enum { TREE_TEXT_MAX = TREE_NODE_NAME_MAX }; /* bytes of a name, title, term or reason */

struct tree_raw_term {
    char *term;
    char *reason; /* unmapped ones only; else NULL */
    char **synonyms;
    unsigned synonyms_count;
};
struct tree_raw_node {
    char *name, *level, *title;
    char *parent; /* NULL: none */
    struct tree_raw_term *terms;
    unsigned terms_count;
};
struct tree_raw {
    char *name, *approved_by;
    char *positive; /* NULL: the file does not say */
    char **levels;
    unsigned levels_count;
    struct tree_raw_node *nodes;
    unsigned nodes_count;
    struct tree_raw_term *unmapped;
    unsigned unmapped_count;
};

int tree_build(struct tree **out, const struct tree_raw *raw, struct err *e);

#endif
