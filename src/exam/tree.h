/* The disease tree: levels, nodes, and which pathology terms belong to which leaf. Floor 3.
 * A YAML file (share/trees/bmu5.yml) that a site edits and signs. The probability of a node is the sum of its leaves'. */
#ifndef BMU_EXAM_TREE_H
#define BMU_EXAM_TREE_H

#include <stddef.h>

#include "base/err.h"

enum { TREE_LEVELS_MAX = 8, TREE_NODES_MAX = 256, TREE_SPELLINGS_MAX = 8192 };

struct tree_node {
    char *name, *title;
    size_t level;      /* index into levels, 0 = top */
    int parent;        /* index of the node above, -1 at the top level */
    size_t first_leaf; /* the leaves below (or the leaf itself): tree.leaves[first_leaf .. first_leaf + n_leaves) */
    size_t n_leaves;
};
/* One accepted spelling of a term, as written in the file. */
struct tree_spelling {
    char *text;
    char *folded; /* lower case (ASCII), single blanks: what is compared */
    int node;     /* index of the node, or -1: known and not mapped */
    char *term;   /* the term it is a spelling of */
    char *reason; /* of an unmapped one; else "" */
};
struct tree {
    char *name, *approved_by;
    char **levels; /* top first */
    size_t n_levels;
    struct tree_node *nodes; /* in the file's order */
    size_t n_nodes;
    size_t *leaves; /* node indices of the lowest level, in rising risk (the file's order, gathered under their parents) */
    size_t n_leaves;
    struct tree_spelling *spellings;
    size_t n_spellings;
};

/* ERR_YAML (malformed, unknown key), ERR_TREE (contradicts itself), ERR_LIMIT, ERR_FILE_*. */
int tree_read_yaml(struct tree **out, const char *path, struct err *e);
int tree_parse_yaml(struct tree **out, const char *text, size_t n, struct err *e);
void tree_free(struct tree *t);

/* Index of the node with this name (exactly), or -1. */
int tree_find_node(const struct tree *t, const char *name);
/* The node of a diagnosis: one term or several joined by '&' (the highest leaf counts; of a node and one below it, the lower). `under`
 * chooses where a spelling stands under several leaves: the name of a node above ("benign", "malignant"), NULL or "" if not known. *node =
 * -1 and 0: every term is listed as unmapped. ERR_VALUE_SYNTAX: a term is not known, or `under` is needed to choose; the message names the
 * term. */
int tree_lookup(int *node, const struct tree *t, const char *diagnosis, const char *under, struct err *e);

#endif
