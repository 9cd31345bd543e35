/* The disease tree: built from what its file says, checked, and asked for terms. Floor 3. */
#include "exam/tree.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "exam/tree_raw.h"
#include "file/csv.h"

enum { FOLDED_MAX = 512 };

/* What the caller gets a pointer into: the tree and the memory it lives in. */
struct owned {
    struct tree tree; /* first */
    struct arena arena;
};

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What two spellings are compared by: ASCII letters lower, runs of blanks one blank, none at the ends. Returns its length. */
static size_t fold(char *out, const char *text, size_t n) {
    size_t size = 0;
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (!is_blank(c))
            out[size++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        else if (size > 0 && out[size - 1] != ' ')
            out[size++] = ' ';
    }
    while (size > 0 && out[size - 1] == ' ')
        size--;
    out[size] = '\0';
    return size;
}

int tree_find_node(const struct tree *t, const char *name) {
    for (size_t i = 0; i < t->n_nodes; i++)
        if (strcmp(t->nodes[i].name, name) == 0)
            return (int)i;
    return -1;
}

int tree_negative(const struct tree *t) {
    int found = -1;
    for (size_t i = 0; i < t->n_nodes; i++) {
        if (t->nodes[i].level != 0 || (int)i == t->positive)
            continue;
        if (found >= 0)
            return -1;
        found = (int)i;
    }
    return found;
}

const char *tree_negative_name(const struct tree *t) {
    const int node = tree_negative(t);
    return node >= 0 ? t->nodes[node].name : "the rest";
}

bool tree_same(const struct tree *a, const struct tree *b) {
    int x[TREE_NODES_MAX] = {0}, y[TREE_NODES_MAX] = {0};
    if (a->n_levels != b->n_levels || a->n_nodes != b->n_nodes || strcmp(a->nodes[a->positive].name, b->nodes[b->positive].name) != 0)
        return false;
    tree_listing(x, a);
    tree_listing(y, b);
    for (size_t i = 0; i < a->n_nodes; i++) {
        const struct tree_node *n = &a->nodes[x[i]], *m = &b->nodes[y[i]];
        if (strcmp(n->name, m->name) != 0 || n->level != m->level || n->first_leaf != m->first_leaf || n->n_leaves != m->n_leaves)
            return false;
    }
    return true;
}

int tree_same_leaves(const struct tree *inside, const struct tree *t, struct err *e) {
    char shown[CSV_SHOW_SIZE], other[CSV_SHOW_SIZE];
    if (inside->n_leaves != t->n_leaves)
        return err_set(e, ERR_TREE_HEAD, "the network has the %zu outputs of the disease tree %s; the tree %s has %zu leaves",
                       inside->n_leaves, csv_show(shown, inside->name), csv_show(other, t->name), t->n_leaves);
    for (size_t i = 0; i < t->n_leaves; i++) {
        const char *a = inside->nodes[inside->leaves[i]].name, *b = t->nodes[t->leaves[i]].name;
        if (strcmp(a, b) != 0)
            return err_set(e, ERR_TREE_HEAD, "output %zu of the network is \"%s\"; leaf %zu of the disease tree is \"%s\"", i + 1,
                           csv_show(shown, a), i + 1, csv_show(other, b));
    }
    return 0;
}

bool tree_leaf_is_positive(const struct tree *t, size_t leaf) {
    const struct tree_node *n = &t->nodes[t->positive];
    return leaf >= n->first_leaf && leaf < n->first_leaf + n->n_leaves;
}

size_t tree_level(int *out, const struct tree *t, size_t level) {
    size_t n = 0;
    for (size_t leaf = 0; leaf < t->n_leaves; leaf++)
        for (int node = (int)t->leaves[leaf]; node >= 0; node = t->nodes[node].parent)
            if (t->nodes[node].level == level && t->nodes[node].first_leaf == leaf) /* leaves of one node are neighbours */
                out[n++] = node;
    return n;
}

void tree_listing(int out[TREE_NODES_MAX], const struct tree *t) {
    size_t n = 0;
    for (size_t level = t->n_levels; level-- > 0;)
        n += tree_level(out + n, t, level);
}

void tree_sums(double *out, const struct tree *t, const double *p) {
    for (size_t i = 0; i < t->n_nodes; i++) {
        out[i] = 0;
        for (size_t k = 0; k < t->nodes[i].n_leaves; k++)
            out[i] += p[t->nodes[i].first_leaf + k];
    }
}

const char *tree_group(char out[TREE_GROUP_SIZE], const struct tree *t, int node) {
    const struct tree_node *n = &t->nodes[node];
    const bool leaf = n->level + 1 == t->n_levels;
    size_t at = (size_t)snprintf(out, TREE_GROUP_SIZE, "%s", n->name);
    for (size_t k = 0; k < n->n_leaves && !leaf; k++) {
        const char *name = t->nodes[t->leaves[n->first_leaf + k]].name, *mark = k ? " + " : " = ";
        if (at + strlen(mark) + strlen(name) + sizeof " + ..." > TREE_GROUP_SIZE) {
            snprintf(out + at, TREE_GROUP_SIZE - at, "%s...", mark);
            break;
        }
        at += (size_t)snprintf(out + at, TREE_GROUP_SIZE - at, "%s%s", mark, name);
    }
    return out;
}

static bool is_below(const struct tree *t, int node, int above) {
    while (node >= 0 && node != above)
        node = t->nodes[node].parent;
    return node >= 0;
}

static int take_levels(struct owned *o, const struct tree_raw *raw, struct err *e) {
    struct tree *t = &o->tree;
    char shown[CSV_SHOW_SIZE];
    t->levels = arena_alloc(&o->arena, raw->levels_count, sizeof *t->levels, e);
    if (t->levels == NULL)
        return ERR_NO_MEMORY;
    for (; t->n_levels < raw->levels_count; t->n_levels++) {
        const char *name = raw->levels[t->n_levels];
        for (size_t k = 0; k < t->n_levels; k++)
            if (strcmp(t->levels[k], name) == 0)
                return err_set(e, ERR_TREE, "the level \"%s\" appears twice", csv_show(shown, name));
        if ((t->levels[t->n_levels] = arena_strdup(&o->arena, name, e)) == NULL)
            return ERR_NO_MEMORY;
    }
    return 0;
}

/* Names become names of columns, of a CSV file and on a terminal. */
static bool is_plain(const char *name) {
    const size_t n = strlen(name);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return false;
    return n > 0 && n <= TREE_TEXT_MAX && !is_blank(name[0]) && !is_blank(name[n - 1]);
}

/* A node's parent must stand above it in the file and one level up: so there are no cycles. */
static int take_node(struct owned *o, const struct tree_raw_node *raw, struct err *e) {
    struct tree *t = &o->tree;
    struct tree_node *node = &t->nodes[t->n_nodes];
    char shown[CSV_SHOW_SIZE], other[CSV_SHOW_SIZE];
    csv_show(shown, raw->name);
    if (!is_plain(raw->name))
        return err_set(e, ERR_TREE, "the node \"%s\": a name is 1 to %d bytes without control characters, and no blank at its ends", shown,
                       TREE_TEXT_MAX);
    if (strchr("=+-@", raw->name[0]) || strcmp(raw->name, "refused") == 0)
        return err_set(e, ERR_TREE,
                       "the node \"%s\": a name does not begin with =, +, - or @, which a spreadsheet computes, and is not \"refused\"",
                       shown);
    if (tree_find_node(t, raw->name) >= 0)
        return err_set(e, ERR_TREE, "the node \"%s\" appears twice", shown);
    while (node->level < t->n_levels && strcmp(t->levels[node->level], raw->level) != 0)
        node->level++;
    if (node->level == t->n_levels)
        return err_set(e, ERR_TREE, "node \"%s\": there is no level \"%s\"", shown, csv_show(other, raw->level));
    node->parent = raw->parent != NULL ? tree_find_node(t, raw->parent) : -1;
    if (raw->parent != NULL && node->parent < 0)
        return err_set(e, ERR_TREE, "node \"%s\": its parent \"%s\" is not on the level above", shown, csv_show(other, raw->parent));
    if (node->level == 0 ? node->parent >= 0 : node->parent < 0 || t->nodes[node->parent].level + 1 != node->level)
        return err_set(e, ERR_TREE, "node \"%s\": the top level has no parents, every other node has one on the level above", shown);
    if (raw->terms_count > 0 && node->level + 1 != t->n_levels)
        return err_set(e, ERR_TREE, "node \"%s\": only the lowest level has terms", shown);
    node->name = arena_strdup(&o->arena, raw->name, e);
    node->title = arena_strdup(&o->arena, raw->title, e);
    if (node->name == NULL || node->title == NULL)
        return ERR_NO_MEMORY;
    t->n_nodes++;
    return 0;
}

/* Number the leaves so that those under one node are neighbours; all leaves of the raw tree fit. Depth is at most TREE_LEVELS_MAX. */
static void gather_leaves(struct tree *t, int node) {
    struct tree_node *n = &t->nodes[node];
    n->first_leaf = t->n_leaves;
    if (n->level + 1 == t->n_levels)
        t->leaves[t->n_leaves++] = (size_t)node;
    for (size_t i = (size_t)node + 1; i < t->n_nodes; i++)
        if (t->nodes[i].parent == node)
            gather_leaves(t, (int)i);
    n->n_leaves = t->n_leaves - n->first_leaf;
}

static int take_nodes(struct owned *o, const struct tree_raw *raw, struct err *e) {
    struct tree *t = &o->tree;
    t->nodes = arena_alloc(&o->arena, raw->nodes_count, sizeof *t->nodes, e);
    t->leaves = arena_alloc(&o->arena, raw->nodes_count, sizeof *t->leaves, e);
    if (t->nodes == NULL || t->leaves == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < raw->nodes_count; i++) {
        int code = take_node(o, &raw->nodes[i], e);
        if (code != 0)
            return code;
    }
    for (size_t i = 0; i < t->n_nodes; i++)
        if (t->nodes[i].parent < 0)
            gather_leaves(t, (int)i);
    for (size_t i = 0; i < t->n_nodes; i++)
        if (t->nodes[i].n_leaves == 0)
            return err_set(e, ERR_TREE, "the node \"%s\" has nothing below it", t->nodes[i].name);
    if (t->n_leaves < 2)
        return err_set(e, ERR_TREE, "a tree needs at least two leaves");
    if (t->n_leaves > TREE_LEAVES_MAX)
        return err_set(e, ERR_LIMIT, "the tree has %zu leaves, the limit is %d", t->n_leaves, TREE_LEAVES_MAX);
    return 0;
}

/* Which top node counts as malignant is said, never guessed. */
static int take_positive(struct owned *o, const struct tree_raw *raw, struct err *e) {
    struct tree *t = &o->tree;
    char shown[CSV_SHOW_SIZE];
    if (raw->positive == NULL)
        return err_set(e, ERR_TREE, "the key positive is missing; it names the node of the top level that counts as malignant");
    t->positive = tree_find_node(t, raw->positive);
    csv_show(shown, raw->positive);
    if (t->positive < 0)
        return err_set(e, ERR_TREE, "positive: there is no node \"%s\"", shown);
    if (t->nodes[t->positive].level != 0)
        return err_set(e, ERR_TREE, "positive: the node \"%s\" is not of the top level, \"%s\"", shown, t->levels[0]);
    if (t->nodes[t->positive].n_leaves == t->n_leaves)
        return err_set(e, ERR_TREE, "positive: \"%s\" is the whole top level, so nothing would count as not malignant", shown);
    return 0;
}

/* One spelling. It may stand twice only under leaves of different parents, where benign / malignant can tell them apart. */
static int add_spelling(struct owned *o, const char *text, int node, const char *term, const char *reason, struct err *e) {
    struct tree *t = &o->tree;
    struct tree_spelling *s = &t->spellings[t->n_spellings];
    char folded[FOLDED_MAX], shown[CSV_SHOW_SIZE];
    csv_show(shown, text);
    if (strlen(text) >= FOLDED_MAX)
        return err_set(e, ERR_LIMIT, "the term \"%s\" is longer than %d bytes", shown, FOLDED_MAX - 1);
    if (fold(folded, text, strlen(text)) == 0 || strchr(text, '&') != NULL)
        return err_set(e, ERR_TREE, "the term \"%s\" is blank or holds an '&', which joins terms", shown);
    for (size_t i = 0; i < t->n_spellings; i++) {
        const struct tree_spelling *other = &t->spellings[i];
        if (strcmp(other->folded, folded) != 0)
            continue;
        if (node < 0 || other->node < 0 || t->nodes[node].parent == t->nodes[other->node].parent || is_below(t, node, other->node) ||
            is_below(t, other->node, node))
            return err_set(e, ERR_TREE, "the term \"%s\" appears twice in places that cannot be told apart", shown);
    }
    s->text = arena_strdup(&o->arena, text, e);
    s->folded = arena_strdup(&o->arena, folded, e);
    s->term = arena_strdup(&o->arena, term, e);
    s->reason = arena_strdup(&o->arena, reason, e);
    s->node = node;
    if (s->text == NULL || s->folded == NULL || s->term == NULL || s->reason == NULL)
        return ERR_NO_MEMORY;
    t->n_spellings++;
    return 0;
}

static int add_term(struct owned *o, const struct tree_raw_term *raw, int node, struct err *e) {
    const char *reason = raw->reason != NULL ? raw->reason : "";
    int code = add_spelling(o, raw->term, node, raw->term, reason, e);
    for (size_t i = 0; code == 0 && i < raw->synonyms_count; i++)
        code = add_spelling(o, raw->synonyms[i], node, raw->term, reason, e);
    return code;
}

static int take_terms(struct owned *o, const struct tree_raw *raw, struct err *e) {
    struct tree *t = &o->tree;
    size_t room = t->n_nodes + raw->unmapped_count;
    int code = 0;
    for (size_t i = 0; i < raw->nodes_count; i++)
        for (size_t k = 0; k < raw->nodes[i].terms_count; k++)
            room += 1 + raw->nodes[i].terms[k].synonyms_count;
    if (room > TREE_SPELLINGS_MAX)
        return err_set(e, ERR_LIMIT, "the tree lists %zu spellings, the limit is %d", room, TREE_SPELLINGS_MAX);
    t->spellings = arena_alloc(&o->arena, room, sizeof *t->spellings, e);
    if (t->spellings == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; code == 0 && i < t->n_nodes; i++) {
        code = add_spelling(o, t->nodes[i].name, (int)i, t->nodes[i].name, "", e);
        for (size_t k = 0; code == 0 && k < raw->nodes[i].terms_count; k++)
            code = add_term(o, &raw->nodes[i].terms[k], (int)i, e);
    }
    for (size_t i = 0; code == 0 && i < raw->unmapped_count; i++)
        code = add_term(o, &raw->unmapped[i], -1, e);
    return code;
}

/* What the shapes of YAML and JSON leave open. */
static int check_raw(const struct tree_raw *raw, struct err *e) {
    if (raw->levels_count < 1 || raw->levels_count > TREE_LEVELS_MAX)
        return err_set(e, ERR_LIMIT, "the tree has %u levels; 1 to %d are possible", raw->levels_count, TREE_LEVELS_MAX);
    if (raw->nodes_count < 1 || raw->nodes_count > TREE_NODES_MAX)
        return err_set(e, ERR_LIMIT, "the tree has %u nodes; 1 to %d are possible", raw->nodes_count, TREE_NODES_MAX);
    return 0;
}

int tree_build(struct tree **out, const struct tree_raw *raw, struct err *e) {
    int code = check_raw(raw, e);
    *out = NULL;
    if (code != 0)
        return code;
    struct owned *o = mem_alloc(1, sizeof *o, e);
    if (o == NULL)
        return ERR_NO_MEMORY;
    arena_init(&o->arena, 0);
    o->tree.name = arena_strdup(&o->arena, raw->name, e);
    o->tree.approved_by = arena_strdup(&o->arena, raw->approved_by, e);
    code = o->tree.name == NULL || o->tree.approved_by == NULL ? ERR_NO_MEMORY : 0;
    if (code != 0 || (code = take_levels(o, raw, e)) != 0 || (code = take_nodes(o, raw, e)) != 0 ||
        (code = take_positive(o, raw, e)) != 0 || (code = take_terms(o, raw, e)) != 0) {
        tree_free(&o->tree);
        return code;
    }
    *out = &o->tree;
    return 0;
}

void tree_free(struct tree *t) {
    struct owned *o = (struct owned *)(void *)t; /* tree is its first member */
    if (o == NULL)
        return;
    arena_release(&o->arena);
    mem_free(o);
}

/* Names the three nearest terms: what was meant is nearly always among them. */
static int unknown_term(const struct tree *t, const char *folded, const char *shown, struct err *e) {
    enum { NEAREST = 3 };
    const struct tree_spelling *near[NEAREST] = {NULL};
    unsigned far[NEAREST] = {~0U, ~0U, ~0U};
    for (size_t i = 0; i < t->n_spellings; i++) {
        unsigned d = nearest_distance(folded, t->spellings[i].folded);
        for (int k = 0; k < NEAREST; k++) {
            if (d >= far[k])
                continue;
            memmove(far + k + 1, far + k, (size_t)(NEAREST - 1 - k) * sizeof *far);
            memmove(near + k + 1, near + k, (size_t)(NEAREST - 1 - k) * sizeof *near);
            far[k] = d;
            near[k] = &t->spellings[i];
            break;
        }
    }
    char terms[3 * CSV_SHOW_SIZE] = "", one[CSV_SHOW_SIZE];
    size_t at = 0;
    for (int k = 0; k < NEAREST && near[k]; k++)
        at += (size_t)snprintf(terms + at, sizeof terms - at, "%s\"%s\"", k ? ", " : "", csv_show(one, near[k]->text));
    return err_set(e, ERR_VALUE_SYNTAX, "the disease tree %s does not know the term \"%s\"; nearest: %s", t->name, shown, terms);
}

/* One term. *node = -1: known and unmapped. */
static int lookup_one(int *node, const struct tree *t, const char *text, size_t n, int above, struct err *e) {
    char folded[FOLDED_MAX], shown[CSV_SHOW_SIZE];
    const struct tree_spelling *found = NULL;
    size_t matches = 0, chosen = 0;
    bool fits = n < FOLDED_MAX;
    fold(folded, text, fits ? n : FOLDED_MAX - 1);
    csv_show(shown, folded);
    for (size_t i = 0; fits && i < t->n_spellings; i++) {
        const struct tree_spelling *s = &t->spellings[i];
        if (strcmp(s->folded, folded) != 0)
            continue;
        matches++;
        if (above >= 0 && s->node >= 0 && is_below(t, s->node, above)) {
            chosen++;
            found = s;
        } else if (chosen == 0) {
            found = s;
        }
    }
    if (found == NULL)
        return unknown_term(t, folded, shown, e);
    if (matches > 1 && chosen != 1)
        return err_set(e, ERR_VALUE_SYNTAX, "the term \"%s\" appears in several places of the disease tree %s: is it benign or malignant?",
                       shown, t->name);
    *node = found->node;
    return 0;
}

/* Is a higher than b: by the lowest leaf, and of a node and one below it, the one below? */
static bool is_higher(const struct tree *t, int a, int b) {
    if (b < 0 || a < 0)
        return a >= 0;
    const struct tree_node *x = &t->nodes[a], *y = &t->nodes[b];
    return x->first_leaf != y->first_leaf ? x->first_leaf > y->first_leaf : x->level > y->level;
}

int tree_lookup(int *node, const struct tree *t, const char *diagnosis, const char *under, struct err *e) {
    int above = -1;
    char shown[CSV_SHOW_SIZE];
    *node = -1;
    if (under != NULL && *under != '\0' && (above = tree_find_node(t, under)) < 0)
        return err_set(e, ERR_VALUE_SYNTAX, "the disease tree %s has no node \"%s\"", t->name, csv_show(shown, under));
    for (const char *p = diagnosis;; p++) {
        size_t n = strcspn(p, "&");
        int one = -1, code = lookup_one(&one, t, p, n, above, e);
        if (code != 0)
            return code;
        if (is_higher(t, one, *node))
            *node = one;
        p += n;
        if (*p == '\0')
            return 0;
    }
}
