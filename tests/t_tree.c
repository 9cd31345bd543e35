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

#define HEAD "name: t\napproved_by: me\nlevels: [class, tier]\nnodes:\n  - {name: b, level: class, title: b}\n"
#define LEAF(name, terms) "  - {name: " name ", level: tier, parent: b, title: x, terms: [" terms "]}\n"
static const struct {
    const char *yaml;
    int code;
    const char *says;
} files[] = {
    {HEAD LEAF("T1", "{term: x}") LEAF("T2", "{term: y, synonyms: [z]}"), 0, ""},
    {"name: t\nlevels: [a]\nnodes:\n  - {name: b, level: a, title: b}\n", ERR_YAML, "approved_by"},
    {HEAD LEAF("T1", "{term: x}") LEAF("T2", "{tern: y}"), ERR_YAML, "line 7, column 59: Unexpected key: tern"},
    {HEAD LEAF("T1", "{term: x}") LEAF("T2", "{term: y, synonyms: [X]}"), ERR_TREE, "\"X\" stands twice"},
    {HEAD LEAF("T1", "{term: x}") LEAF("T2", "{term: T1}"), ERR_TREE, "appears twice"},
    {HEAD LEAF("T1", "{term: b}") LEAF("T2", ""), ERR_TREE, "appears twice"},
    {HEAD LEAF("T1", "{term: x & y}") LEAF("T2", ""), ERR_TREE, "&"},
    {HEAD LEAF("T1", "{term: '  '}") LEAF("T2", ""), ERR_TREE, "blank"},
    {HEAD LEAF("T1", "{term: x}") LEAF("T2", "") "unmapped:\n  - {term: X, reason: why}\n", ERR_TREE, "appears twice"},
    {HEAD LEAF("T1", "{term: x}") LEAF("T2", "") "unmapped:\n  - {term: u}\n", ERR_YAML, "reason"},
    {HEAD LEAF("T1", "") LEAF("T1", ""), ERR_TREE, "appears twice"},
    {HEAD LEAF("T1", ""), ERR_TREE, "two leaves"},
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shape),        cmocka_unit_test(listed_terms), cmocka_unit_test(lookups),
        cmocka_unit_test(busbra_terms), cmocka_unit_test(breast_terms), cmocka_unit_test(read_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
