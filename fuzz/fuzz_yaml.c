/* Any bytes as a clinical schema, as a disease tree and as vendor entries; what is accepted must survive the way over JSON, or answer for
 * each of its spellings. The same bytes as a model file's tree. Fuzzing, above all floors. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "exam/schema.h"
#include "exam/tree.h"
#include "prep/vendor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_schema(const char *text, size_t n) {
    struct schema *s = NULL, *back = NULL;
    struct err e = {0};
    int code = schema_parse_yaml(&s, text, n, &e);
    if ((code == 0) != (s != NULL) || code != e.code || (code != 0 && e.message[0] == '\0'))
        abort();
    if (s == NULL)
        return;
    struct json *j = schema_to_json(s);
    if (j == NULL || schema_from_json(&back, j, &e) != 0 || back->n_fields != s->n_fields)
        abort();
    json_free(j);
    for (size_t i = 0; i < s->n_fields; i++)
        for (size_t k = 0; k < s->fields[i].n_codes; k++) {
            struct clinical c;
            if (schema_value(&c, &s->fields[i], s->fields[i].codes[k], &e) != 0 || !c.present || c.value != (double)k)
                abort();
        }
    schema_free(back);
    schema_free(s);
}

/* What every consumer relies on, and the way through a model file. */
static void check_tree(const struct tree *t) {
    struct tree *back = NULL;
    struct err e = {0};
    int node[TREE_NODES_MAX];
    size_t positive = 0, seen = 0;
    tree_listing(node, t);
    for (size_t i = 0; i < t->n_leaves; i++) {
        positive += tree_leaf_is_positive(t, i);
        seen += node[i] == (int)t->leaves[i];
    }
    if (t->n_leaves < 2 || t->n_leaves > TREE_LEAVES_MAX || t->n_levels > TREE_LEVELS_MAX || seen != t->n_leaves || positive == 0 ||
        positive == t->n_leaves || t->nodes[t->positive].level != 0)
        abort();
    struct json *j = tree_to_json(t);
    if (!json_ok(j) || tree_from_json(&back, j, &e) != 0 || !tree_same(t, back) || back->n_spellings != t->n_spellings)
        abort();
    json_free(j);
    tree_free(back);
}

static void as_tree(const char *text, size_t n) {
    struct tree *t = NULL;
    struct err e = {0};
    int code = tree_parse_yaml(&t, text, n, &e), node;
    if ((code == 0) != (t != NULL) || code != e.code || (code != 0 && e.message[0] == '\0'))
        abort();
    for (size_t i = 0; t != NULL && i < t->n_spellings; i++) {
        const struct tree_spelling *s = &t->spellings[i];
        const char *under = s->node >= 0 ? t->nodes[s->node].name : NULL;
        if (tree_lookup(&node, t, s->text, under, &e) != 0 || node != s->node)
            abort();
    }
    if (t != NULL)
        check_tree(t);
    tree_free(t);
}

/* A model file's tree may be anything, too. */
static void as_tree_json(const char *text, size_t n) {
    struct json *j = NULL;
    struct tree *t = NULL;
    struct err e = {0};
    if (json_read(&j, text, n, ERR_MODEL_METADATA, &e) != 0)
        return;
    e = (struct err){0};
    int code = tree_from_json(&t, j, &e);
    if ((code == 0) != (t != NULL) || code != e.code || (code != 0 && e.message[0] == '\0'))
        abort();
    if (t != NULL)
        check_tree(t);
    tree_free(t);
    json_free(j);
}

static void as_vendors(const char *text, size_t n) {
    struct vendors *v = NULL, *back = NULL;
    struct err e = {0};
    int code = vendors_parse_yaml(&v, text, n, &e);
    if ((code == 0) != (v != NULL) || code != e.code || (code != 0 && e.message[0] == '\0'))
        abort();
    if (v == NULL)
        return;
    for (size_t i = 0; i < vendors_count(v); i++) {
        const struct vendor *a = vendors_at(v, i);
        const struct vendor *found = vendors_find(v, a->manufacturer[0], a->n_model ? a->model[0] : "");
        if (a->n_manufacturer == 0 || found == NULL || found > a)
            abort();
    }
    struct json *j = vendors_to_json(v);
    if (j == NULL || vendors_from_json(&back, j, &e) != 0 || vendors_count(back) != vendors_count(v) ||
        memcmp(vendors_sha256(back), vendors_sha256(v), 32) != 0)
        abort();
    json_free(j);
    vendors_free(back);
    vendors_free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    as_vendors((const char *)data, size);
    as_schema((const char *)data, size);
    as_tree((const char *)data, size);
    as_tree_json((const char *)data, size);
    return 0;
}
