/* The tree loss against PyTorch and 60 decimal digits (tests/golden/learn/loss.json), finite differences, and what it refuses. Test code.
 */
#include <string.h>

#include "base/mem.h"
#include "learn_golden.h"
#include "model/loss.h"

enum { BATCH_MAX = 16 };

static struct err err;

struct batch {
    struct loss loss;
    size_t n;
    struct loss_label labels[BATCH_MAX];
    float logits[BATCH_MAX * LOSS_LEAVES_MAX];
};

static void read_levels(struct loss *l, const struct json *levels) {
    double nodes[LOSS_LEAVES_MAX];
    l->n_levels = (int)json_size(levels);
    for (int at = 0; at < l->n_levels; at++) {
        struct loss_level *level = &l->level[at];
        const struct json *j = json_at(levels, (size_t)at);
        level->weight = learn_number(json_get(j, "weight"));
        level->n_nodes = (int)learn_numbers(level->class_weight, LOSS_LEAVES_MAX, json_get(j, "class_weight"));
        l->n_leaves = (int)learn_numbers(nodes, LOSS_LEAVES_MAX, json_get(j, "node_of_leaf"));
        for (int leaf = 0; leaf < l->n_leaves; leaf++)
            level->node_of_leaf[leaf] = (int)nodes[leaf];
    }
}

/* Owned by the caller. */
static struct batch *read_batch(const struct json *j) {
    struct batch *b = mem_alloc(1, sizeof *b, NULL);
    double row[LOSS_LEAVES_MAX];
    assert_non_null(b);
    read_levels(&b->loss, json_get(j, "levels"));
    b->loss.smoothing = learn_number(json_get(j, "smoothing"));
    b->n = json_size(json_get(j, "labels"));
    assert_true(b->n > 0 && b->n <= BATCH_MAX);
    for (size_t i = 0; i < b->n; i++) {
        const struct json *label = json_at(json_get(j, "labels"), i);
        b->labels[i] = (struct loss_label){(int)json_integer(json_at(label, 0), -1), (int)json_integer(json_at(label, 1), -1)};
        assert_int_equal(learn_numbers(row, LOSS_LEAVES_MAX, json_at(json_get(j, "logits"), i)), b->loss.n_leaves);
        for (int k = 0; k < b->loss.n_leaves; k++)
            b->logits[i * (size_t)b->loss.n_leaves + (size_t)k] = (float)row[k];
    }
    if (loss_check(&b->loss, &err))
        fail_msg("%s: %s", json_string(json_get(j, "name")), err.message);
    return b;
}

static struct loss_value run(const struct batch *b, float *gradient) {
    struct loss_value value;
    if (loss_run(&value, gradient, &b->loss, b->logits, b->labels, b->n, NULL, &err))
        fail_msg("%s", err.message);
    return value;
}

static double off(double x, double golden) {
    return x == golden ? 0 : fabs(x - golden) / fabs(golden);
}

/* The largest difference, in units of float32's rounding at that size; below 1e-16 PyTorch's own float64 has no digits. */
static double gradient_off(const struct batch *b, const float *gradient, const struct json *golden) {
    double worst = 0, row[LOSS_LEAVES_MAX];
    for (size_t i = 0; i < b->n; i++) {
        const size_t n = learn_numbers(row, LOSS_LEAVES_MAX, json_at(golden, i));
        for (size_t k = 0; k < n; k++)
            worst = fmax(worst, fabs((double)gradient[i * n + k] - row[k]) / (0x1p-24 * fabs(row[k]) + 2e-16));
    }
    return worst;
}

static void golden(void **state) {
    (void)state;
    struct json *root = learn_read("loss");
    const struct json *cases = json_get(root, "cases");
    double worst = 0, worst_gradient = 0;
    for (size_t i = 0; i < json_size(cases); i++) {
        const struct json *j = json_at(cases, i);
        struct batch *b = read_batch(j);
        float gradient[BATCH_MAX * LOSS_LEAVES_MAX];
        const struct loss_value value = run(b, gradient), alone = run(b, NULL);
        double here = off(value.total, learn_number(json_get(j, "total")));
        for (int at = 0; at < b->loss.n_levels; at++)
            here = fmax(here, off(value.level[at], learn_number(json_at(json_get(j, "per_level"), (size_t)at))));
        const double slope = gradient_off(b, gradient, json_get(j, "gradient"));
        if (!(here <= 1e-12) || !(slope <= 1.01))
            fail_msg("%s: loss off by %g, gradient by %g float roundings", json_string(json_get(j, "name")), here, slope);
        assert_memory_equal(&alone, &value, sizeof value);
        worst = fmax(worst, here);
        worst_gradient = fmax(worst_gradient, slope);
        free(b);
    }
    printf("loss: %zu cases, relative difference %.2g, gradient %.2g half units in the last place\n", json_size(cases), worst,
           worst_gradient);
    json_free(root);
}

/* Central differences of the loss itself: independent of any formula for the gradient. */
static void finite_differences(void **state) {
    (void)state;
    struct json *root = learn_read("loss");
    const struct json *cases = json_get(root, "cases");
    for (size_t i = 0; i < json_size(cases); i++) {
        struct batch *b = read_batch(json_at(cases, i));
        float gradient[BATCH_MAX * LOSS_LEAVES_MAX];
        run(b, gradient);
        for (size_t k = 0; k < b->n * (size_t)b->loss.n_leaves; k++) {
            const float z = b->logits[k], up = z + 0x1p-9F, down = z - 0x1p-9F;
            if (fabsf(z) > 100)
                continue; /* no curvature there but in the kinks */
            b->logits[k] = up;
            const double above = run(b, NULL).total;
            b->logits[k] = down;
            const double below = run(b, NULL).total;
            b->logits[k] = z;
            const double slope = (above - below) / ((double)up - (double)down);
            if (fabs(slope - (double)gradient[k]) > 2e-6)
                fail_msg("%s, logit %zu: slope %.9g, gradient %.9g", json_string(json_get(json_at(cases, i), "name")), k, slope,
                         (double)gradient[k]);
        }
        free(b);
    }
    json_free(root);
}

/* The batch by itself: exams without a finer label are in no sum below it. */
static void partial_labels_are_left_out(void **state) {
    (void)state;
    struct json *root = learn_read("loss");
    const struct json *cases = json_get(root, "cases");
    for (size_t i = 0; i < json_size(cases); i++) {
        const char *name = json_string(json_get(json_at(cases, i), "name"));
        struct batch *b = read_batch(json_at(cases, i));
        float gradient[BATCH_MAX * LOSS_LEAVES_MAX];
        const struct loss_value value = run(b, gradient);
        if (strcmp(name, "two partly") == 0) {
            assert_int_equal(value.exams[0], 7);
            assert_int_equal(value.exams[1], 4);
        }
        if (strcmp(name, "two upper only") == 0) {
            assert_int_equal(value.exams[1], 0);
            assert_true(value.level[1] == 0 && value.weights[1] == 0 && value.level[0] > 0);
        }
        if (strcmp(name, "two weight nought") == 0) { /* labelled, but nothing that counts */
            assert_int_equal(value.exams[1], 2);
            assert_true(value.level[1] == 0 && value.weights[1] == 0);
        }
        free(b);
    }
    const struct loss_value nobody = run(&(struct batch){.loss = {.n_levels = 1, .n_leaves = 2}}, NULL);
    assert_true(nobody.total == 0 && nobody.exams[0] == 0);
    json_free(root);
}

#define NODE(name, level, parent) "  - {name: " name ", level: " level ", parent: " parent ", title: x}\n"
/* The file's order is not the leaves': those of `a` are gathered first. */
static const char deep_tree[] = "name: t\napproved_by: me\npositive: b\nlevels: [class, tier, term]\nnodes:\n"
                                "  - {name: a, level: class, title: x}\n  - {name: b, level: class, title: x}\n" //
    NODE("b1", "tier", "b") NODE("a1", "tier", "a") NODE("a2", "tier", "a") NODE("b1x", "term", "b1") NODE("a2x", "term", "a2")
        NODE("a1x", "term", "a1") NODE("a2y", "term", "a2") NODE("b1y", "term", "b1");

static struct loss_label label_named(const struct loss *l, const struct tree *t, const char *name) {
    struct loss_label y;
    if (loss_label(&y, l, t, tree_find_node(t, name), &err))
        fail_msg("%s", err.message);
    return y;
}

static void levels_of_a_tree(void **state) {
    (void)state;
    static const int want[3][5] = {{0, 0, 0, 1, 1}, {0, 1, 1, 2, 2}, {0, 1, 2, 3, 4}}; /* leaves a1x a2x a2y b1x b1y */
    static const int nodes[3] = {2, 3, 5};
    struct tree *t = NULL;
    struct loss l;
    assert_int_equal(tree_parse_yaml(&t, deep_tree, strlen(deep_tree), &err), 0);
    loss_from_tree(&l, t);
    assert_int_equal(loss_check(&l, &err), 0);
    assert_true(l.n_levels == 3 && l.n_leaves == 5 && l.smoothing == 0);
    for (int at = 0; at < 3; at++) {
        assert_int_equal(l.level[at].n_nodes, nodes[at]);
        assert_true(l.level[at].weight == (at == 2 ? 1 : 0) && l.level[at].class_weight[nodes[at] - 1] == 1);
        assert_memory_equal(l.level[at].node_of_leaf, want[at], sizeof want[at]);
    }
    struct loss_label y = label_named(&l, t, "a2");
    assert_true(y.level == 1 && y.node == 1);
    y = label_named(&l, t, "b");
    assert_true(y.level == 0 && y.node == 1);
    y = label_named(&l, t, "b1y");
    assert_true(y.level == 2 && y.node == 4);
    assert_int_equal(loss_label(&y, &l, t, -1, &err), ERR_LABEL);
    assert_int_equal(loss_label(&y, &l, t, (int)t->n_nodes, &err), ERR_LABEL);
    tree_free(t);
}

static void shipped_tree(void **state) {
    (void)state;
    struct tree *t = NULL;
    struct loss l;
    assert_int_equal(tree_read_yaml(&t, "share/trees/bmu5.yml", &err), 0);
    loss_from_tree(&l, t);
    assert_int_equal(loss_check(&l, &err), 0);
    static const int above[] = {0, 0, 1, 1, 1};
    assert_true(l.n_levels == 2 && l.n_leaves == 5 && l.level[0].n_nodes == 2);
    assert_memory_equal(l.level[0].node_of_leaf, above, sizeof above);
    const struct loss_label y = label_named(&l, t, "malignant");
    assert_true(y.level == 0 && y.node == 1);
    tree_free(t);
}

/* --- what is refused --- */

static struct loss two_levels(void) {
    struct loss l = {.n_levels = 2, .n_leaves = 3};
    static const int nodes[2][3] = {{0, 1, 1}, {0, 1, 2}};
    for (int at = 0; at < 2; at++) {
        l.level[at].n_nodes = 2 + at;
        l.level[at].weight = 1;
        for (int k = 0; k < 3; k++) {
            l.level[at].node_of_leaf[k] = nodes[at][k];
            l.level[at].class_weight[k] = 1;
        }
    }
    return l;
}

static void refused(struct loss l, const char *says) {
    assert_int_equal(loss_check(&l, &err), ERR_CONFIG);
    if (!strstr(err.message, says))
        fail_msg("\"%s\" does not say \"%s\"", err.message, says);
}

static void bad_configurations(void **state) {
    (void)state;
    struct loss l = two_levels();
    assert_int_equal(loss_check(&l, &err), 0);
#define REFUSED(change, says)                                                                                                              \
    do {                                                                                                                                   \
        l = two_levels();                                                                                                                  \
        change;                                                                                                                            \
        refused(l, says);                                                                                                                  \
    } while (0)
    REFUSED(l.level[0].weight = -1, "weight of level 0 is -1");
    REFUSED(l.level[1].weight = NAN, "weight of level 1 is nan");
    REFUSED(l.level[0].weight = l.level[1].weight = 0, "weights of the levels add up to 0");
    REFUSED(l.level[0].weight = l.level[1].weight = 1e308, "weights of the levels add up to inf");
    REFUSED(l.level[1].class_weight[2] = -0.5, "class 2 of level 1 is -0.5");
    REFUSED(l.level[1].class_weight[0] = INFINITY, "class 0 of level 1 is inf");
    REFUSED(l.level[0].class_weight[0] = l.level[0].class_weight[1] = 0, "class weights of level 0 add up to 0");
    REFUSED(l.smoothing = 1, "smoothing is 1");
    REFUSED(l.smoothing = -0.1, "smoothing is -0.1");
    REFUSED(l.smoothing = NAN, "smoothing is nan");
    REFUSED(l.n_levels = 0, "0 levels");
    REFUSED(l.n_levels = LOSS_LEVELS_MAX + 1, "9 levels");
    REFUSED(l.n_leaves = 1, "1 leaves");
    REFUSED(l.level[1].n_nodes = 4, "4 nodes");
    REFUSED(l.level[0].n_nodes = 0, "0 nodes");
    REFUSED(l.level[1].node_of_leaf[1] = 3, "leaf 1");
    REFUSED(l.level[1].node_of_leaf[1] = -1, "leaf 1");
    REFUSED(l.level[1].node_of_leaf[1] = 0, "leaf 1"); /* one node under two */
    REFUSED(l.level[1].node_of_leaf[1] = 2, "node 1 of level 1 has no leaf");
#undef REFUSED
}

static void bad_batches(void **state) {
    (void)state;
    struct loss l = two_levels();
    struct loss_value value;
    static const struct loss_label bad[] = {{-1, 0}, {2, 0}, {0, 2}, {1, 3}, {1, -1}};
    struct loss_label labels[3] = {{1, 0}, {0, 1}, {1, 2}};
    float logits[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, gradient[9];
    assert_int_equal(loss_run(&value, gradient, &l, logits, labels, 3, NULL, &err), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        labels[1] = bad[i];
        assert_int_equal(loss_run(&value, gradient, &l, logits, labels, 3, NULL, &err), ERR_LABEL);
        assert_non_null(strstr(err.message, "exam 1 "));
    }
    labels[1] = (struct loss_label){0, 1};
    static const float worse[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof worse / sizeof worse[0]; i++) {
        logits[7] = worse[i];
        assert_int_equal(loss_run(&value, gradient, &l, logits, labels, 3, NULL, &err), ERR_OUTPUT_NAN);
        assert_non_null(strstr(err.message, "exam 2 of the batch: logit 1 "));
    }
    logits[7] = 8;
    for (size_t i = 0; i < 9; i++)
        logits[i] = i % 2 ? 3e38F : -3e38F; /* the largest that a float32 holds are still numbers */
    assert_int_equal(loss_run(&value, gradient, &l, logits, labels, 3, NULL, &err), 0);
    l.smoothing = 0.1;
    l.level[1].class_weight[0] = l.level[1].class_weight[2] = 1e-60; /* of labels; that of the third class is 1 */
    assert_int_equal(loss_check(&l, &err), 0);
    for (size_t i = 0; i < 9; i++)
        logits[i] = (float)i;
    assert_int_equal(loss_run(&value, gradient, &l, logits, labels, 3, NULL, &err), ERR_TRAIN_NAN);
    assert_non_null(strstr(err.message, "exam 0 "));
    assert_int_equal(loss_run(&value, NULL, &l, logits, labels, 3, NULL, NULL), 0);
    l.level[1].class_weight[0] = l.level[1].class_weight[2] = 1e-308;
    for (size_t i = 0; i < 9; i++)
        logits[i] = i % 3 == 1 ? -3e38F : 0;
    assert_int_equal(loss_run(&value, NULL, &l, logits, labels, 3, NULL, &err), ERR_TRAIN_NAN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden),           cmocka_unit_test(finite_differences), cmocka_unit_test(partial_labels_are_left_out),
        cmocka_unit_test(levels_of_a_tree), cmocka_unit_test(shipped_tree),       cmocka_unit_test(bad_configurations),
        cmocka_unit_test(bad_batches),
    };
    return cmocka_run_group_tests_name("loss", tests, NULL, NULL);
}
