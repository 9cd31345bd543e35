/* The disease tree: the shipped file, every histology term of two public data sets (labels from outside), and bad files. Test code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "exam/tree.h"
#include "file/csv.h"
#include "file/io.h"
#include "trees.h"

static struct err err;

static struct tree *shipped(void) {
    struct tree *t = NULL;
    err = (struct err){0};
    if (tree_read_yaml(&t, "share/trees/bmu5.yml", &err) != 0)
        fail_msg("%s", err.message);
    return t;
}

static const char *where(const struct tree *t, const char *diagnosis, const char *under) {
    int node = -2;
    err = (struct err){0};
    if (tree_lookup(&node, t, diagnosis, under, &err) != 0)
        return "error";
    return node < 0 ? "unmapped" : t->nodes[node].name;
}

static void shape(void **state) {
    (void)state;
    struct tree *t = shipped();
    static const char *const leaves[] = {"T1", "T2", "T3", "T4", "T5"};
    assert_int_equal(t->n_levels, 2);
    assert_int_equal(t->n_leaves, 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(t->nodes[t->leaves[i]].name, leaves[i]);
    const struct tree_node *benign = &t->nodes[tree_find_node(t, "benign")], *malignant = &t->nodes[tree_find_node(t, "malignant")];
    assert_true(benign->first_leaf == 0 && benign->n_leaves == 2 && benign->parent == -1);
    assert_true(malignant->first_leaf == 2 && malignant->n_leaves == 3);
    assert_int_equal(tree_find_node(t, "T6"), -1);
    assert_true(strlen(t->approved_by) > 0);
    tree_free(t);
}

/* The specification's own list, term by term. */
static void listed_terms(void **state) {
    (void)state;
    static const char *const want[][2] = {
        {"fibroadenoma", "T1"},
        {"cyst", "T1"},
        {"fibrocystic change", "T1"},
        {"usual ductal hyperplasia", "T1"},
        {"lipoma", "T1"},
        {"hamartoma", "T1"},
        {"mastitis", "T1"},
        {"fat necrosis", "T1"},
        {"galactocele", "T1"},
        {"duct ectasia", "T1"},
        {"apocrine metaplasia", "T1"},
        {"fibrosis", "T1"},
        {"lobular atrophy", "T1"},
        {"intramammary lymph node", "T1"},
        {"benign adenosis", "T1"},
        {"intraductal papilloma", "T2"},
        {"sclerosing adenosis", "T2"},
        {"radial scar", "T2"},
        {"complex sclerosing lesion", "T2"},
        {"flat epithelial atypia", "T2"},
        {"atypical ductal hyperplasia", "T2"},
        {"atypical lobular hyperplasia", "T2"},
        {"proliferative lesion", "T2"},
        {"benign phyllodes tumour", "T2"},
        {"borderline phyllodes tumor", "T2"},
        {"ductal carcinoma in situ", "T3"},
        {"lobular carcinoma in situ", "T3"},
        {"encapsulated papillary carcinoma", "T3"},
        {"Paget disease of the nipple", "T3"},
        {"micro-invasive carcinoma", "T4"},
        {"tubular carcinoma", "T4"},
        {"mucinous carcinoma", "T4"},
        {"papillary carcinoma", "T4"},
        {"carcinoma with medullary pattern", "T4"},
        {"malignant phyllodes tumour", "T4"},
        {"invasive carcinoma of no special type", "T5"},
        {"invasive ductal carcinoma", "T5"},
        {"invasive lobular carcinoma", "T5"},
        {"inflammatory carcinoma", "T5"},
        {"metaplastic carcinoma", "T5"},
        {"adenocarcinoma", "T5"},
        {"lymphoma", "T5"},
        {"other malignant", "T5"},
    };
    struct tree *t = shipped();
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        if (strcmp(where(t, want[i][0], NULL), want[i][1]) != 0)
            fail_msg("%s -> %s %s", want[i][0], where(t, want[i][0], NULL), err.message);
    tree_free(t);
}

static void lookups(void **state) {
    (void)state;
    struct tree *t = shipped();
    assert_string_equal(where(t, "  FibroAdenoma ", ""), "T1");
    assert_string_equal(where(t, "fat\t necrosis", NULL), "T1");
    assert_string_equal(where(t, "Usual ductal hyperplasia (UDH)&Ductal carcinoma in situ (DCIS) & cyst", NULL), "T3");
    assert_string_equal(where(t, "not applicable", NULL), "unmapped");
    assert_string_equal(where(t, "not applicable & cyst", NULL), "T1");
    assert_string_equal(where(t, "malignant", NULL), "malignant");
    assert_string_equal(where(t, "T3", NULL), "T3");
    assert_string_equal(where(t, "malignant & DCIS", NULL), "T3");
    assert_string_equal(where(t, "malignant & cyst", NULL), "malignant");
    assert_string_equal(where(t, "phyllodes tumor", "benign"), "T2");
    assert_string_equal(where(t, "phyllodes tumor", "malignant"), "T4");
    assert_string_equal(where(t, "phyllodes tumor", NULL), "error");
    assert_non_null(strstr(err.message, "benign or malignant"));
    assert_string_equal(where(t, "LCIS", "benign"), "T3"); /* only one place: the table's opinion does not move it */
    static const char *const unknown[] = {"", "&", "cyst&", "cyst&&lipoma", "non-fibroadenoma", "fibro adenoma", "T6"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        assert_string_equal(where(t, unknown[i], NULL), "error");
    assert_string_equal(where(t, "cyst", "nowhere"), "error");
    char lots[4096];
    memset(lots, 'x', sizeof lots - 1);
    lots[sizeof lots - 1] = '\0';
    assert_string_equal(where(t, lots, NULL), "error");
    tree_free(t);
}

static const char *data_folder(void) {
    const char *folder = getenv("BMUNET_DATA");
    return folder != NULL ? folder : "../shared/data";
}

static size_t column(const struct csv *c, const char *name) {
    size_t i = 0;
    while (i < c->n_columns && strcmp(c->header[i], name) != 0)
        i++;
    assert_true(i < c->n_columns);
    return i;
}

/* Every row's histology has a place, and on the data set's own side of benign / malignant but for the exceptions given. */
static void check_table(const char *file, const char *term, const char *class, const char *exception) {
    char path[1024];
    uint8_t *bytes = NULL;
    size_t n = 0, mapped = 0, rows = 0;
    struct csv c;
    struct arena a;
    snprintf(path, sizeof path, "%s/%s", data_folder(), file);
    if (access(path, R_OK) != 0) {
        print_message("skipped: %s is not there\n", path);
        skip();
    }
    struct tree *t = shipped();
    arena_init(&a, 0);
    assert_int_equal(io_read_file(&bytes, &n, path, CSV_FILE_MAX, &err), 0);
    assert_int_equal(csv_parse(&c, &a, (const char *)bytes, n, &err), 0);
    for (size_t i = 0; i < n; i++) /* no cell of these tables holds a line break, and each line ends with one */
        rows += bytes[i] == '\n';
    assert_int_equal(c.n_rows, rows - 1);
    for (size_t i = 0; i < c.n_rows; i++) {
        const char *diagnosis = csv_cell(&c, i, column(&c, term)), *said = csv_cell(&c, i, column(&c, class));
        const char *place = where(t, diagnosis, strcmp(said, "normal") == 0 ? "benign" : said);
        if (strcmp(place, "error") == 0)
            fail_msg("%s line %zu: %s", file, c.line[i], err.message);
        if (strcmp(place, "unmapped") == 0)
            continue;
        mapped++;
        const struct tree_node *node = &t->nodes[tree_find_node(t, place)];
        if (strcmp(t->nodes[node->parent].name, said) != 0 && strstr(diagnosis, exception) == NULL)
            fail_msg("%s line %zu: \"%s\" is %s, the tree says %s", file, c.line[i], diagnosis, said, place);
    }
    assert_true(mapped * 4 > c.n_rows * 3); /* BrEaST: 33 of 153 have no histology */
    arena_release(&a);
    free(bytes);
    tree_free(t);
}

static void busbra_terms(void **state) {
    (void)state;
    check_table("BUS-BRA/bus_data.csv", "Histology", "Pathology", "none");
}

static void breast_terms(void **state) {
    (void)state;
    check_table("BrEaST/clinical.csv", "Diagnosis", "Classification", "Lobular carcinoma in situ"); /* they call it benign */
}

#define HEAD_OF(positive)                                                                                                                  \
    "name: t\napproved_by: me\n" positive "levels: [class, tier]\nnodes:\n  - {name: b, level: class, title: b}\n"                         \
    "  - {name: m, level: class, title: m}\n  - {name: N, level: tier, parent: m, title: x}\n"
#define HEAD HEAD_OF("positive: m\n")
#define LEAF(name, terms) "  - {name: " name ", level: tier, parent: b, title: x, terms: [" terms "]}\n"
static const struct {
    const char *yaml;
    int code;
    const char *says;
} files[] = {
    {HEAD LEAF("T1", "{term: x}") LEAF("T2", "{term: y, synonyms: [z]}"), 0, ""},
    {"name: t\nlevels: [a]\nnodes:\n  - {name: b, level: a, title: b}\n", ERR_YAML, "approved_by"},
    {HEAD LEAF("T1", "{term: x}") LEAF("T2", "{tern: y}"), ERR_YAML, "line 10, column 59: Unexpected key: tern"},
    {HEAD LEAF("T1", "{term: x}") LEAF("T2", "{term: y, synonyms: [X]}"), ERR_TREE, "\"X\" appears twice"},
    {HEAD LEAF("T1", "{term: x}") LEAF("T2", "{term: T1}"), ERR_TREE, "appears twice"},
    {HEAD LEAF("T1", "{term: b}") LEAF("T2", ""), ERR_TREE, "appears twice"},
    {HEAD LEAF("T1", "{term: x & y}") LEAF("T2", ""), ERR_TREE, "&"},
    {HEAD LEAF("T1", "{term: '  '}") LEAF("T2", ""), ERR_TREE, "blank"},
    {HEAD LEAF("T1", "{term: x}") LEAF("T2", "") "unmapped:\n  - {term: X, reason: why}\n", ERR_TREE, "appears twice"},
    {HEAD LEAF("T1", "{term: x}") LEAF("T2", "") "unmapped:\n  - {term: u}\n", ERR_YAML, "reason"},
    {HEAD LEAF("T1", "") LEAF("T1", ""), ERR_TREE, "appears twice"},
    {HEAD LEAF("T1", "") LEAF("'=1+1'", ""), ERR_TREE, "spreadsheet"},
    {HEAD LEAF("T1", "") LEAF("'@x'", ""), ERR_TREE, "spreadsheet"},
    {HEAD LEAF("T1", "") LEAF("refused", ""), ERR_TREE, "\"refused\""},
    {HEAD LEAF("T1", "") LEAF("\"T2\\0x\"", ""), ERR_YAML, "NUL"},
    {HEAD LEAF("T1", "") LEAF("\"T2\\u0000x\"", ""), ERR_YAML, "NUL"},
    {"name: t\napproved_by: me\npositive: b\nlevels: [a]\nnodes:\n  - {name: b, level: a, title: b}\n", ERR_TREE, "two leaves"},
    {HEAD LEAF("'T1 '", ""), ERR_TREE, "no blank at its ends"},
    {HEAD LEAF("\"T\\t1\"", ""), ERR_TREE, "without control characters"},
    /* which top node counts as malignant */
    {HEAD_OF("") LEAF("T1", ""), ERR_TREE, "the key positive is missing; it names the node of the top level that counts as malignant"},
    {HEAD_OF("positive: malignant\n") LEAF("T1", ""), ERR_TREE, "positive: there is no node \"malignant\""},
    {HEAD_OF("positive: N\n") LEAF("T1", ""), ERR_TREE, "positive: the node \"N\" is not of the top level, \"class\""},
    {"name: t\napproved_by: me\npositive: b\nlevels: [class, tier]\nnodes:\n  - {name: b, level: class, title: b}\n" LEAF("T1", "")
         LEAF("T2", ""),
     ERR_TREE, "positive: \"b\" is the whole top level"},
    {HEAD_OF("positive: [m]\n") LEAF("T1", ""), ERR_YAML, "line 3, column 11: Expecting STRING"},
    {HEAD, ERR_TREE, "nothing below"},
    {HEAD LEAF("T1", "") LEAF("T2", "") "  - {name: c, level: class, title: c}\n", ERR_TREE, "\"c\" has nothing below"},
    {HEAD "  - {name: T1, level: tier, title: x}\n", ERR_TREE, "parent"},
    {HEAD "  - {name: T1, level: tier, parent: T1, title: x}\n", ERR_TREE, "is not on the level above"},
    {HEAD "  - {name: T1, level: tire, parent: b, title: x}\n", ERR_TREE, "no level \"tire\""},
    {HEAD "  - {name: c, level: class, parent: b, title: x}\n", ERR_TREE, "top level has no parents"},
    {"name: t\napproved_by: me\nlevels: [a, a]\nnodes:\n  - {name: b, level: a, title: b}\n", ERR_TREE, "level \"a\" appears twice"},
    {"name: t\napproved_by: me\nlevels: [a, c]\nnodes:\n  - {name: b, level: a, title: b, terms: [{term: x}]}\n", ERR_TREE, "lowest level"},
};

static void read_files(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct tree *t = NULL;
        err = (struct err){0};
        int code = tree_parse_yaml(&t, files[i].yaml, strlen(files[i].yaml), &err);
        if (code != files[i].code || (t != NULL) != (code == 0) || (code != 0 && strstr(err.message, files[i].says) == NULL))
            fail_msg("%s\n-> %s: %s", files[i].yaml, err_name(code), err.message);
        tree_free(t);
    }
}

/* n leaves under two nodes. */
static int leaves(struct tree **out, int n) {
    struct buf text;
    buf_init(&text);
    buf_printf(&text, &err, "name: t\napproved_by: me\npositive: m\nlevels: [class, tier]\nnodes:\n");
    buf_printf(&text, &err, "  - {name: b, level: class, title: b}\n  - {name: m, level: class, title: m}\n");
    for (int i = 0; i < n; i++)
        buf_printf(&text, &err, "  - {name: l%d, level: tier, parent: %c, title: x}\n", i, i % 2 ? 'm' : 'b');
    const int code = tree_parse_yaml(out, text.data, text.size, &err);
    buf_release(&text);
    return code;
}

static void limits(void **state) {
    (void)state;
    struct tree *t = NULL;
    assert_int_equal(leaves(&t, 64), 0);
    assert_int_equal(t->n_leaves, 64);
    tree_free(t);
    assert_int_equal(leaves(&t, 65), ERR_LIMIT);
    assert_non_null(strstr(err.message, "65 leaves, the limit is 64"));
}

static void same_text(const char *found, const char *want) {
    if (strcmp(found, want) != 0)
        fail_msg("%s is not %s", found, want);
}

/* Columns, groups and sums of a tree whose leaves do not stand in the file's order; by hand. */
static void listing(void **state) {
    (void)state;
    static const char *const want[] = {"DCIS",        "LCIS, \"classic\"", "NST",      "lobular", "fibroadenoma", "cyst",   "papilloma",
                                       "radial scar", "in situ",           "invasive", "benign",  "high risk",    "cancer", "other"};
    struct tree *t = tree_of(three_levels);
    char group[TREE_GROUP_SIZE];
    int node[TREE_NODES_MAX];
    double sums[TREE_NODES_MAX];
    const double p[] = {1, 2, 4, 8, 16, 32, 64, 128};
    assert_int_equal(t->n_nodes, sizeof want / sizeof *want);
    tree_listing(node, t);
    for (size_t i = 0; i < t->n_nodes; i++)
        same_text(t->nodes[node[i]].name, want[i]);
    tree_sums(sums, t, p);
    assert_true(sums[node[8]] == 3 && sums[node[9]] == 12 && sums[node[10]] == 48 && sums[node[12]] == 15 && sums[node[13]] == 240);
    assert_true(tree_leaf_is_positive(t, 0) && tree_leaf_is_positive(t, 3) && !tree_leaf_is_positive(t, 4));
    same_text(tree_group(group, t, t->positive), "cancer = DCIS + LCIS, \"classic\" + NST + lobular");
    same_text(tree_group(group, t, node[2]), "NST");
    same_text(tree_negative_name(t), "other");
    tree_free(t);
    t = tree_of(one_level);
    assert_true(t->n_leaves == 3 && t->positive == 1 && tree_negative(t) == -1);
    same_text(tree_negative_name(t), "the rest");
    tree_listing(node, t);
    assert_true(node[0] == 0 && node[1] == 1 && node[2] == 2);
    tree_free(t);
}

/* What a model file carries comes back whole: terms, synonyms, reasons. */
static void through_json(const struct tree *t) {
    struct tree *back = NULL;
    struct buf a, b;
    buf_init(&a);
    buf_init(&b);
    struct json *j = tree_to_json(t);
    assert_true(json_ok(j));
    if (tree_from_json(&back, j, &err))
        fail_msg("%s", err.message);
    json_free(j);
    assert_true(tree_same(t, back));
    assert_int_equal(json_text(&a, tree_to_json(t), &err) || json_text(&b, tree_to_json(back), &err), 0);
    assert_string_equal(a.data, b.data);
    assert_int_equal(t->n_spellings, back->n_spellings);
    for (size_t i = 0; i < t->n_spellings; i++) {
        const struct tree_spelling *x = &t->spellings[i], *y = &back->spellings[i];
        assert_true(x->node == y->node && strcmp(x->text, y->text) == 0 && strcmp(x->term, y->term) == 0 &&
                    strcmp(x->reason, y->reason) == 0);
    }
    tree_free(back);
    /* JSON is YAML: what info prints can be given to evaluate */
    if (tree_parse_yaml(&back, a.data, a.size, &err))
        fail_msg("%s", err.message);
    assert_true(tree_same(t, back));
    tree_free(back);
    buf_release(&a);
    buf_release(&b);
}

static void json(void **state) {
    (void)state;
    struct tree *t = tree_of(three_levels), *flat = tree_of(one_level);
    through_json(shipped_tree());
    through_json(t);
    through_json(flat);
    assert_false(tree_same(t, flat));
    tree_free(t);
    tree_free(flat);
}

static int from_text(struct tree **out, const char *text) {
    struct json *j = NULL;
    assert_int_equal(json_read(&j, text, strlen(text), ERR_MODEL_METADATA, &err), 0);
    const int code = tree_from_json(out, j, &err);
    json_free(j);
    return code;
}

/* As model files had it before trees had the key positive. */
static void old_json(void **state) {
    (void)state;
    struct tree *t = NULL;
    assert_int_equal(from_text(&t, "{\"name\":\"bmu5\",\"approved_by\":\"\",\"levels\":[{\"name\":\"benign\",\"tiers\":[\"T1\",\"T2\"]},"
                                   "{\"name\":\"malignant\",\"tiers\":[\"T3\",\"T4\",\"T5\"]}]}"),
                     0);
    assert_true(tree_same(t, shipped_tree()));
    assert_string_equal(t->sha256, "");
    tree_free(t);
    assert_int_equal(from_text(&t, "{\"name\":\"x\",\"approved_by\":\"\",\"levels\":[{\"name\":\"low\",\"tiers\":[\"A\"]},"
                                   "{\"name\":\"high\",\"tiers\":[\"B\"]}]}"),
                     ERR_MODEL_METADATA);
    assert_non_null(strstr(err.message, "does not say which top node counts as malignant"));
}

static void bad_json(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int code;
    } bad[] = {
        {"{}", ERR_MODEL_METADATA},
        {"[]", ERR_MODEL_METADATA},
        {"{\"name\":\"t\",\"approved_by\":\"\"}", ERR_LIMIT},
        {"{\"name\":\"t\",\"approved_by\":\"\",\"levels\":[]}", ERR_LIMIT},
        {"{\"name\":\"t\",\"approved_by\":\"\",\"levels\":{}}", ERR_MODEL_METADATA},
        {"{\"name\":\"t\",\"approved_by\":\"\",\"levels\":[{}]}", ERR_MODEL_METADATA},
        {"{\"name\":\"t\",\"approved_by\":\"\",\"levels\":[{\"name\":\"malignant\",\"tiers\":{\"a\":1}}]}", ERR_MODEL_METADATA},
        {"{\"name\":\"t\",\"approved_by\":\"\",\"levels\":[{\"name\":\"malignant\",\"tiers\":[\"A\",\"B\"]}]}", ERR_TREE},
        {"{\"name\":\"t\",\"approved_by\":\"\",\"levels\":[\"a\"],\"nodes\":[{\"name\":\"A\",\"level\":\"a\",\"title\":\"\"},"
         "{\"name\":\"B\",\"level\":\"a\",\"title\":\"\"}]}",
         ERR_TREE},
        {"{\"name\":\"t\",\"approved_by\":\"\",\"positive\":\"A\",\"levels\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\"],"
         "\"nodes\":[]}",
         ERR_LIMIT},
        {"{\"name\":\"t\",\"approved_by\":\"\",\"positive\":\"A\",\"levels\":[\"a\"],\"nodes\":[{\"name\":\"A\",\"level\":\"a\",\"title\":"
         "\"\","
         "\"terms\":[{\"term\":1}]}]}",
         ERR_MODEL_METADATA},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct tree *t = NULL;
        err = (struct err){0};
        const int code = from_text(&t, bad[i].text);
        if (code != bad[i].code || t || !err.message[0])
            fail_msg("%s: %s", bad[i].text, err_name(code));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shape),        cmocka_unit_test(listed_terms), cmocka_unit_test(lookups),  cmocka_unit_test(busbra_terms),
        cmocka_unit_test(breast_terms), cmocka_unit_test(read_files),   cmocka_unit_test(limits),   cmocka_unit_test(listing),
        cmocka_unit_test(json),         cmocka_unit_test(old_json),     cmocka_unit_test(bad_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
