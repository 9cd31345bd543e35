/* The disease tree as JSON, as a model file carries it: the keys of the YAML file, and the older form. Floor 3. */
#include <string.h>

#include "base/mem.h"
#include "exam/tree_raw.h"

/* --- writing ---------------------------------------------------------------------------------------------------------------------- */

/* Spellings i .. of one node (-1: the unmapped ones) as a list of terms; a term's own spelling comes before its synonyms. *i moves on. */
static struct json *terms_json(const struct tree *t, size_t *i, int node) {
    struct json *terms = json_array(), *synonyms = NULL, *term = NULL;
    const char *open = NULL; /* the term that `synonyms` belongs to */
    for (; *i < t->n_spellings && t->spellings[*i].node == node; ++*i) {
        const struct tree_spelling *s = &t->spellings[*i];
        if (open && strcmp(open, s->term) == 0) {
            if (!synonyms)
                synonyms = json_array();
            json_push_string(synonyms, s->text);
            continue;
        }
        if (term && synonyms)
            json_put(term, "synonyms", synonyms);
        if (term)
            json_push(terms, term);
        term = json_object();
        synonyms = NULL;
        open = s->term;
        json_put_string(term, "term", s->text);
        if (node < 0)
            json_put_string(term, "reason", s->reason);
    }
    if (term && synonyms)
        json_put(term, "synonyms", synonyms);
    if (term)
        json_push(terms, term);
    return terms;
}

struct json *tree_to_json(const struct tree *t) {
    struct json *j = json_object(), *levels = json_array(), *nodes = json_array();
    size_t spelling = 0;
    json_put_string(j, "name", t->name);
    json_put_string(j, "approved_by", t->approved_by);
    json_put_string(j, "positive", t->nodes[t->positive].name);
    for (size_t i = 0; i < t->n_levels; i++)
        json_push_string(levels, t->levels[i]);
    json_put(j, "levels", levels);
    for (size_t i = 0; i < t->n_nodes; i++) {
        const struct tree_node *n = &t->nodes[i];
        struct json *node = json_object();
        json_put_string(node, "name", n->name);
        json_put_string(node, "level", t->levels[n->level]);
        if (n->parent >= 0)
            json_put_string(node, "parent", t->nodes[n->parent].name);
        json_put_string(node, "title", n->title);
        spelling++; /* the node's own name, which its reader adds again */
        struct json *terms = terms_json(t, &spelling, (int)i);
        if (json_size(terms) > 0)
            json_put(node, "terms", terms);
        else
            json_free(terms);
        json_push(nodes, node);
    }
    json_put(j, "nodes", nodes);
    if (spelling < t->n_spellings)
        json_put(j, "unmapped", terms_json(t, &spelling, -1));
    return j;
}

/* --- reading ---------------------------------------------------------------------------------------------------------------------- */

/* The texts are borrowed from the JSON, the lists live in the arena; tree_build() copies all. */
struct reading {
    struct arena arena;
    struct tree_raw raw;
};

static int text(char **out, const struct json *j, const char *what, struct err *e) {
    const char *s = json_string(j);
    if (!s || strlen(s) > TREE_TEXT_MAX)
        return err_set(e, ERR_MODEL_METADATA, "%s is missing, is not text or has more than %d bytes", what, TREE_TEXT_MAX);
    *out = (char *)(uintptr_t)s; /* read only: tree_build() copies it */
    return 0;
}

/* An array of the list's size and its length; an absent list is empty. */
static int list(void **out, unsigned *n, struct arena *a, const struct json *j, size_t size, const char *what, struct err *e) {
    *n = 0;
    if (!j)
        return 0;
    if (!json_is_array(j) || json_size(j) > TREE_SPELLINGS_MAX)
        return err_set(e, ERR_MODEL_METADATA, "%s is no list, or one of more than %d items", what, TREE_SPELLINGS_MAX);
    *out = arena_alloc(a, json_size(j) + 1, size, e);
    *n = (unsigned)json_size(j);
    return *out ? 0 : ERR_NO_MEMORY;
}

static int texts(char ***out, unsigned *n, struct arena *a, const struct json *j, const char *what, struct err *e) {
    void *room = NULL;
    int rc = list(&room, n, a, j, sizeof **out, what, e);
    *out = room;
    for (unsigned i = 0; i < *n && rc == 0; i++)
        rc = text(&(*out)[i], json_at(j, i), what, e);
    return rc;
}

static int terms(struct tree_raw_term **out, unsigned *n, struct arena *a, const struct json *j, bool reasons, struct err *e) {
    void *room = NULL;
    int rc = list(&room, n, a, j, sizeof **out, "a list of terms", e);
    *out = room;
    for (unsigned i = 0; i < *n && rc == 0; i++) {
        struct tree_raw_term *x = &(*out)[i];
        const struct json *term = json_at(j, i);
        if ((rc = text(&x->term, json_get(term, "term"), "the key term", e)) == 0 && reasons)
            rc = text(&x->reason, json_get(term, "reason"), "the key reason", e);
        if (rc == 0)
            rc = texts(&x->synonyms, &x->synonyms_count, a, json_get(term, "synonyms"), "the list synonyms", e);
    }
    return rc;
}

static int nodes(struct reading *r, const struct json *j, struct err *e) {
    void *room = NULL;
    int rc = list(&room, &r->raw.nodes_count, &r->arena, j, sizeof *r->raw.nodes, "the list nodes", e);
    r->raw.nodes = room;
    for (unsigned i = 0; i < r->raw.nodes_count && rc == 0; i++) {
        struct tree_raw_node *x = &r->raw.nodes[i];
        const struct json *node = json_at(j, i), *parent = json_get(node, "parent");
        if ((rc = text(&x->name, json_get(node, "name"), "a node's name", e)) == 0 &&
            (rc = text(&x->level, json_get(node, "level"), "a node's level", e)) == 0 &&
            (rc = text(&x->title, json_get(node, "title"), "a node's title", e)) == 0 && parent)
            rc = text(&x->parent, parent, "a node's parent", e);
        if (rc == 0)
            rc = terms(&x->terms, &x->terms_count, &r->arena, json_get(node, "terms"), false, e);
    }
    return rc;
}

static int read_keys(struct reading *r, const struct json *j, struct err *e) {
    const struct json *positive = json_get(j, "positive");
    int rc = positive ? text(&r->raw.positive, positive, "the key positive", e) : 0;
    if (rc == 0)
        rc = texts(&r->raw.levels, &r->raw.levels_count, &r->arena, json_get(j, "levels"), "the list levels", e);
    if (rc == 0)
        rc = nodes(r, json_get(j, "nodes"), e);
    return rc ? rc : terms(&r->raw.unmapped, &r->raw.unmapped_count, &r->arena, json_get(j, "unmapped"), true, e);
}

/* The form of old: "levels" lists the nodes of the top, each with its leaves as "tiers". What stood between was not kept. */
static int read_old(struct reading *r, const struct json *levels, struct err *e) {
    static char *names[] = {"class", "tier"}, positive[] = "malignant";
    size_t room = 0;
    bool found = false;
    for (size_t i = 0; i < json_size(levels); i++)
        room += 1 + json_size(json_get(json_at(levels, i), "tiers"));
    r->raw.levels = names;
    r->raw.levels_count = 2;
    if (!(r->raw.nodes = arena_alloc(&r->arena, room + 1, sizeof *r->raw.nodes, e)))
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < json_size(levels); i++) {
        const struct json *tiers = json_get(json_at(levels, i), "tiers");
        struct tree_raw_node *top = &r->raw.nodes[r->raw.nodes_count++];
        int rc = text(&top->name, json_get(json_at(levels, i), "name"), "a node's name", e);
        if (rc)
            return rc;
        *top = (struct tree_raw_node){.name = top->name, .level = names[0], .title = top->name};
        found = found || strcmp(top->name, positive) == 0;
        for (size_t k = 0; k < json_size(tiers); k++) {
            struct tree_raw_node *leaf = &r->raw.nodes[r->raw.nodes_count++];
            if ((rc = text(&leaf->name, json_at(tiers, k), "a tier's name", e)))
                return rc;
            *leaf = (struct tree_raw_node){.name = leaf->name, .level = names[1], .title = leaf->name, .parent = top->name};
        }
    }
    r->raw.positive = positive;
    return found ? 0
                 : err_set(e, ERR_MODEL_METADATA,
                           "the tree does not say which top node counts as malignant, and none is called so; train again");
}

int tree_from_json(struct tree **out, const struct json *j, struct err *e) {
    struct reading r = {.raw = {0}};
    const struct json *levels = json_get(j, "levels");
    *out = NULL;
    arena_init(&r.arena, 0);
    int rc = text(&r.raw.name, json_get(j, "name"), "the key name", e);
    if (rc == 0)
        rc = text(&r.raw.approved_by, json_get(j, "approved_by"), "the key approved_by", e);
    if (rc == 0)
        rc = json_is_object(json_at(levels, 0)) ? read_old(&r, levels, e) : read_keys(&r, j, e);
    if (rc == 0)
        rc = tree_build(out, &r.raw, e);
    arena_release(&r.arena);
    return rc;
}
