/* The disease tree: levels, nodes, and which pathology terms belong to which leaf. Floor 3.
 * A YAML file (share/trees/bmu5.yml) that a site edits and signs; a model file carries the one it was trained with as JSON. The probability
 * of a node is the sum of its leaves'. No other file of the program knows the name of a node. */
#ifndef BMU_EXAM_TREE_H
#define BMU_EXAM_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/hash.h"
#include "file/json.h"

enum { TREE_LEVELS_MAX = 8, TREE_LEAVES_MAX = 64, TREE_NODES_MAX = 256, TREE_NODE_NAME_MAX = 256, TREE_SPELLINGS_MAX = 8192 };

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
    int positive;                 /* the node of the top level that counts as malignant */
    char sha256[SHA256_HEX_SIZE]; /* of the YAML file it was read from, in hex; "": not known */
    struct tree_spelling *spellings;
    size_t n_spellings;
};

/* ERR_YAML (malformed, unknown key), ERR_TREE (contradicts itself, or does not say which top node is the positive one), ERR_LIMIT,
 * ERR_FILE_*. */
int tree_read_yaml(struct tree **out, const char *path, struct err *e);
int tree_parse_yaml(struct tree **out, const char *text, size_t n, struct err *e);
/* A tree as a model file carries it: the keys of the YAML file. Model files written before trees had the key `positive` list the top nodes
 * with their leaves and nothing else; there the top node called "malignant" is the positive one. ERR_MODEL_METADATA: not of this shape, or
 * an old one without such a node; else as above. sha256 is "". */
int tree_from_json(struct tree **out, const struct json *j, struct err *e);
struct json *tree_to_json(const struct tree *t);
void tree_free(struct tree *t);

/* Index of the node with this name (exactly), or -1. */
int tree_find_node(const struct tree *t, const char *name);
/* The only other node of the top level, or -1 if there are several: then "not malignant" is the name of no node. */
int tree_negative(const struct tree *t);
const char *tree_negative_name(const struct tree *t); /* its name, or "the rest" */
/* Do the two mean the same by the outputs of a network: the same leaves in the same order, in the same groups of the same names, and the
 * same positive node? Terms, titles and names of levels may differ. */
bool tree_same(const struct tree *a, const struct tree *b);
/* 0, or ERR_TREE_HEAD: the leaves of `inside`, the tree of a network, are not those of `t`, name by name and in their order. */
int tree_same_leaves(const struct tree *inside, const struct tree *t, struct err *e);
/* leaf: index into tree.leaves. */
bool tree_leaf_is_positive(const struct tree *t, size_t leaf);
/* The nodes of a level in the order of their leaves: their indices, into out, which has room for TREE_LEAVES_MAX. Returns how many. */
size_t tree_level(int *out, const struct tree *t, size_t level);
/* All nodes in the order in which files list them: the leaves, then level by level upwards. n_nodes of them. */
void tree_listing(int out[TREE_NODES_MAX], const struct tree *t);
/* out[n_nodes], by node: the sum of its leaves' p[n_leaves], added up in their order. */
void tree_sums(double *out, const struct tree *t, const double *p);
/* "malignant = T3 + T4 + T5": a node and its leaves; cut to fit, with "...". Returns out. */
enum { TREE_GROUP_SIZE = 512 };
const char *tree_group(char out[TREE_GROUP_SIZE], const struct tree *t, int node);
/* The node of a diagnosis: one term or several joined by '&' (the highest leaf counts; of a node and one below it, the lower). `under`
 * chooses where a spelling stands under several leaves: the name of a node above ("benign", "malignant"), NULL or "" if not known. *node =
 * -1 and 0: every term is listed as unmapped. ERR_VALUE_SYNTAX: a term is not known, or `under` is needed to choose; the message names the
 * term. */
int tree_lookup(int *node, const struct tree *t, const char *diagnosis, const char *under, struct err *e);

#endif
