/* From a row's diagnosis to a node of the disease tree. Floor 4. */
#include "cohort/label.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "file/csv.h"

static bool is_known(const char *cell) {
    return cell && *cell && strcasecmp(cell, "unknown") != 0;
}

/* What the cell says: *positive 1 or 0, and the node of the top level that this is, -1 if it is one of several. */
static int malignant_node(int *node, int *positive, const struct cohort_row *x, const struct tree *t, struct err *e) {
    static const struct {
        const char *word;
        int positive;
    } words[] = {{"1", 1}, {"1.0", 1}, {"yes", 1}, {"true", 1},  {"malignant", 1},
                 {"0", 0}, {"0.0", 0}, {"no", 0},  {"false", 0}, {"benign", 0}};
    char shown[CSV_SHOW_SIZE];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(x->malignant, words[i].word) == 0) {
            *positive = words[i].positive;
            *node = *positive ? t->positive : tree_negative(t);
            return 0;
        }
    return err_set(e, ERR_LABEL, "exam %s, malignant: '%s' is neither 0, no, false, benign nor 1, yes, true, malignant", x->exam.exam_id,
                   csv_show(shown, x->malignant));
}

static int tier_node(int *node, const struct cohort_row *x, const struct tree *t, struct err *e) {
    char shown[CSV_SHOW_SIZE];
    *node = tree_find_node(t, x->tier);
    if (*node >= 0 && t->nodes[*node].level + 1 == t->n_levels)
        return 0;
    return err_set(e, ERR_LABEL, "exam %s, tier: '%s' is not a leaf of the disease tree %s, whose leaves are %s to %s", x->exam.exam_id,
                   csv_show(shown, x->tier), t->name, t->nodes[t->leaves[0]].name, t->nodes[t->leaves[t->n_leaves - 1]].name);
}

static int pathology_node(int *node, const struct cohort_row *x, const struct tree *t, int class_node, struct err *e) {
    const char *under = class_node >= 0 ? t->nodes[class_node].name : NULL;
    int rc = tree_lookup(node, t, x->pathology, under, e);
    if (rc == 0)
        return 0;
    err_prefix(e, "exam %s, pathology", x->exam.exam_id);
    return rc == ERR_VALUE_SYNTAX && e ? (e->code = ERR_LABEL) : rc == ERR_VALUE_SYNTAX ? ERR_LABEL : rc;
}

/* Is one of the two nodes on the path of the other? */
static bool agree(const struct tree *t, int a, int b) {
    const struct tree_node *x = &t->nodes[a], *y = &t->nodes[b];
    const struct tree_node *wide = x->level <= y->level ? x : y, *narrow = x->level <= y->level ? y : x;
    return narrow->first_leaf >= wide->first_leaf && narrow->first_leaf + narrow->n_leaves <= wide->first_leaf + wide->n_leaves;
}

int label_positive(int *positive, int *node, const struct cohort_row *x, const struct tree *t, struct err *e) {
    enum { SOURCES = 3 };
    static const char *const column[SOURCES] = {"malignant", "pathology", "tier"};
    int found[SOURCES] = {-1, -1, -1}, finest = -1, rc = 0;
    *node = *positive = -1;
    if (is_known(x->malignant) && (rc = malignant_node(&found[0], positive, x, t, e)))
        return rc;
    if (is_known(x->pathology) && (rc = pathology_node(&found[1], x, t, found[0], e)))
        return rc;
    if (is_known(x->tier) && (rc = tier_node(&found[2], x, t, e)))
        return rc;
    for (int i = 0; i < SOURCES; i++)
        for (int k = 0; k < i; k++)
            if (found[i] >= 0 && found[k] >= 0 && !agree(t, found[i], found[k]))
                return err_set(e, ERR_LABEL_CONFLICT, "exam %s: %s says %s, %s says %s; correct or clear the wrong one", x->exam.exam_id,
                               column[k], t->nodes[found[k]].name, column[i], t->nodes[found[i]].name);
    for (int i = 1; i < SOURCES; i++)
        if (found[i] >= 0 && found[0] < 0 && *positive == 0 && tree_leaf_is_positive(t, t->nodes[found[i]].first_leaf))
            return err_set(e, ERR_LABEL_CONFLICT, "exam %s: malignant says no, %s says %s; correct or clear the wrong one", x->exam.exam_id,
                           column[i], t->nodes[found[i]].name);
    for (int i = 0; i < SOURCES; i++)
        if (found[i] >= 0 && (finest < 0 || t->nodes[found[i]].level > t->nodes[finest].level))
            finest = found[i];
    if (finest < 0 && is_known(x->label))
        return err_set(e, ERR_LABEL,
                       "exam %s: the column 'label' is not read, because the meaning of its numbers is not published; give the diagnosis "
                       "in a column tier, pathology or malignant",
                       x->exam.exam_id);
    *node = finest;
    if (finest >= 0)
        *positive = tree_leaf_is_positive(t, t->nodes[finest].first_leaf);
    return 0;
}

int label_node(int *node, const struct cohort_row *x, const struct tree *t, struct err *e) {
    int positive;
    return label_positive(&positive, node, x, t, e);
}
