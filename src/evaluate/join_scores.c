/* The predictions and the truth of an evaluation, read row by row. Floor 5. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cohort/label.h"
#include "evaluate/join_read.h"

/* --- predictions --------------------------------------------------------------------------------------------------------- */

struct probability_columns {
    int node[TREE_NODES_MAX]; /* column of p_NODE */
    int score;
    int status;
    int tier;
    bool leaves; /* all of them */
};

static int find_columns(struct probability_columns *c, struct scores *s, struct arena *a, const struct tree *t, struct err *e) {
    char name[300];
    size_t found = 0;
    for (size_t i = 0; i < t->n_nodes; i++) {
        snprintf(name, sizeof name, "p_%s", t->nodes[i].name);
        c->node[i] = table_column(&s->table, name);
    }
    for (size_t i = 0; i < t->n_leaves; i++)
        found += c->node[t->leaves[i]] != NO_COLUMN;
    c->leaves = found == t->n_leaves;
    c->score = table_column(&s->table, "score");
    c->status = table_column(&s->table, "status");
    s->views = table_column(&s->table, "views_used");
    s->reason = table_column(&s->table, "reason");
    c->tier = table_column(&s->table, "tier"); /* the largest of the probabilities, which are read themselves */
    for (size_t i = 0; i < t->n_leaves && found > 0 && !c->leaves; i++)
        if (c->node[t->leaves[i]] == NO_COLUMN)
            return err_set(e, ERR_CSV_COLUMN_MISSING, "%s: column p_%s is missing, the other tiers' are there", s->table.path,
                           t->nodes[t->leaves[i]].name);
    const char *positive = t->nodes[t->positive].name;
    s->from = c->score != NO_COLUMN ? "score" : c->node[t->positive] == NO_COLUMN ? "leaves" : arena_printf(a, e, "p_%s", positive);
    if (c->score == NO_COLUMN && c->node[t->positive] == NO_COLUMN && !c->leaves)
        return err_set(e, ERR_CSV_COLUMN_MISSING,
                       "%s: a column score, p_%s or the class probabilities p_%s .. p_%s of the disease tree %s is needed", s->table.path,
                       positive, t->nodes[t->leaves[0]].name, t->nodes[t->leaves[t->n_leaves - 1]].name, t->name);
    return s->from ? 0 : ERR_NO_MEMORY;
}

/* p of all nodes of the row, NAN where there is no column; leaves are brought to sum 1. */
static int read_row(double p[TREE_NODES_MAX], const struct probability_columns *c, struct scores *s, size_t row,
                    const struct join_tables *t, struct err *e) {
    const struct tree *tree = t->tree;
    const double tolerance = t->plan->sum_tolerance;
    for (size_t i = 0; i < tree->n_nodes; i++) {
        p[i] = NAN;
        if (c->node[i] == NO_COLUMN)
            continue;
        int rc = table_number(&p[i], &s->table, row, c->node[i], e);
        if (rc)
            return rc;
        if (p[i] < 0 || p[i] > 1 + tolerance)
            return table_blame(&s->table, row, c->node[i], err_set(e, ERR_VALUE_RANGE, "%g is not a probability", p[i]), e);
    }
    for (size_t level = 0; level < tree->n_levels; level++) {
        double sum = 0; /* NAN unless every node of the level has its column */
        for (size_t i = 0; i < tree->n_nodes; i++)
            if (tree->nodes[i].level == level)
                sum += p[i];
        if (!isnan(sum) && fabs(sum - 1) > tolerance)
            return table_blame(&s->table, row, NO_COLUMN,
                               err_set(e, ERR_PROBABILITY_SUM,
                                       "the probabilities of level %s sum to %.9g, not to 1 within %g (sum_tolerance of the plan)",
                                       tree->levels[level], sum, tolerance),
                               e);
        if (!isnan(sum) && level + 1 == tree->n_levels) {
            s->n_rescaled += fabs(sum - 1) > 1e-6;
            for (size_t i = 0; i < tree->n_leaves; i++)
                p[tree->leaves[i]] /= sum;
        }
    }
    return 0;
}

static double leaves_below(const double *p, const struct tree *t, int node) {
    double sum = 0;
    for (size_t i = 0; i < t->nodes[node].n_leaves; i++)
        sum += p[t->leaves[t->nodes[node].first_leaf + i]];
    return sum;
}

static int check_sums(const double *p, const struct probability_columns *c, const struct scores *s, size_t row, const struct join_tables *t,
                      struct err *e) {
    for (size_t i = 0; i < t->tree->n_nodes && c->leaves; i++) {
        const double sum = leaves_below(p, t->tree, (int)i);
        if (c->node[i] != NO_COLUMN && fabs(p[i] - sum) > 2 * t->plan->sum_tolerance)
            return table_blame(&s->table, row, c->node[i],
                               err_set(e, ERR_PROBABILITY_SUM, "%.9g is not the sum of the probabilities below it, %.9g", p[i], sum), e);
    }
    return 0;
}

static const double SCORE_MAX = 1e12; /* differences of scores stay finite, and a figure can show them */

static int take_score(double *out, const double *p, const struct probability_columns *c, const struct scores *s, size_t row,
                      const struct join_tables *t, struct err *e) {
    const int malignant = t->tree->positive;
    int rc = 0;
    if (c->score != NO_COLUMN)
        rc = table_number(out, &s->table, row, c->score, e);
    else
        *out = fmin(c->node[malignant] != NO_COLUMN ? p[malignant] : leaves_below(p, t->tree, malignant), 1);
    if (!rc && t->plan->score == PLAN_PROBABILITY && (*out < 0 || *out > 1))
        return table_blame(&s->table, row, c->score,
                           err_set(e, ERR_VALUE_RANGE,
                                   "the score %g is not a probability; if scores are not probabilities, set score: any in the plan", *out),
                           e);
    if (!rc && fabs(*out) > SCORE_MAX)
        return table_blame(&s->table, row, c->score, err_set(e, ERR_VALUE_RANGE, "the score %g is beyond %g", *out, SCORE_MAX), e);
    return rc;
}

static int read_status(bool *refused, const struct scores *s, size_t row, int column, struct err *e) {
    char shown[CSV_SHOW_SIZE];
    const char *status = table_cell(&s->table, row, column);
    *refused = column != NO_COLUMN && strcmp(status, "refused") == 0;
    if (column == NO_COLUMN || *refused || strcmp(status, "ok") == 0)
        return 0;
    return table_blame(&s->table, row, column, err_set(e, ERR_VALUE_SYNTAX, "'%s' is neither ok nor refused", csv_show(shown, status)), e);
}

/* Predictions of another tree are told by the tier that they name. */
static int check_tier(const struct probability_columns *c, const struct scores *s, size_t row, const struct tree *t, struct err *e) {
    char shown[CSV_SHOW_SIZE];
    const char *tier = table_cell(&s->table, row, c->tier);
    const int node = tree_find_node(t, tier);
    if (!*tier || (c->score != NO_COLUMN && !c->leaves) || (node >= 0 && t->nodes[node].level + 1 == t->n_levels))
        return 0;
    return table_blame(&s->table, row, c->tier,
                       err_set(e, ERR_LABEL, "'%s' is no leaf of the disease tree %s; give the tree that the model was trained with",
                               csv_show(shown, tier), t->name),
                       e);
}

int scores_read(struct scores *s, struct arena *a, const struct join_tables *t, struct err *e) {
    struct probability_columns c;
    double p[TREE_NODES_MAX];
    *s = (struct scores){.from = ""};
    int rc = table_read(&s->table, a, &t->predictions, true, e);
    if (!rc)
        rc = find_columns(&c, s, a, t->tree, e);
    if (rc)
        return rc;
    const size_t n = s->table.csv.n_rows, k = t->tree->n_leaves;
    s->score = arena_alloc(a, n, sizeof *s->score, e);
    s->refused = arena_alloc(a, n, sizeof *s->refused, e);
    s->probability = c.leaves ? arena_alloc(a, n * k, sizeof *s->probability, e) : NULL;
    if (!s->score || !s->refused || (c.leaves && !s->probability))
        return ERR_NO_MEMORY;
    for (size_t r = 0; r < n && !rc; r++) {
        rc = read_status(&s->refused[r], s, r, c.status, e);
        if (rc || s->refused[r])
            continue;
        rc = check_tier(&c, s, r, t->tree, e);
        if (!rc)
            rc = read_row(p, &c, s, r, t, e);
        if (!rc)
            rc = check_sums(p, &c, s, r, t, e);
        if (!rc)
            rc = take_score(&s->score[r], p, &c, s, r, t, e);
        for (size_t i = 0; i < k && c.leaves; i++)
            s->probability[r * k + i] = p[t->tree->leaves[i]];
    }
    return rc;
}

/* --- truth --------------------------------------------------------------------------------------------------------------- */

/* Which column says to which part a row belongs; it has to be there, and the part too, if one was asked for. */
static int find_part(struct truths *s, const char *split, struct err *e) {
    if (!split)
        return 0;
    if ((s->split = table_column(&s->table, "split")) == NO_COLUMN)
        return err_set(e, ERR_CSV_COLUMN_MISSING, "%s: a column split is required, as bmunet split writes it", s->table.path);
    for (size_t r = 0; r < s->table.csv.n_rows; r++)
        if (strcmp(table_cell(&s->table, r, s->split), split) == 0)
            return 0;
    return err_set(e, ERR_CSV_EMPTY, "%s: no row has split '%s'", s->table.path, split);
}

int truths_read(struct truths *s, struct arena *a, const struct join_tables *t, struct err *e) {
    *s = (struct truths){.patient = NO_COLUMN, .split = NO_COLUMN};
    int rc = table_read(&s->table, a, &t->truth, true, e);
    if (!rc)
        rc = find_part(s, t->split, e);
    if (rc)
        return rc;
    const size_t n = s->table.csv.n_rows;
    /* all that are there, as training reads them: one table has one meaning */
    const int malignant = table_column(&s->table, "malignant"), tier = table_column(&s->table, "tier"),
              pathology = table_column(&s->table, "pathology");
    if (malignant == NO_COLUMN && tier == NO_COLUMN && pathology == NO_COLUMN)
        return err_set(e, ERR_CSV_COLUMN_MISSING, "%s: a column malignant, tier or pathology is needed", s->table.path);
    s->patient = table_column(&s->table, "patient_id");
    s->has_leaf = tier != NO_COLUMN || pathology != NO_COLUMN;
    s->label = arena_alloc(a, n, sizeof *s->label, e);
    s->leaf = arena_alloc(a, n, sizeof *s->leaf, e);
    if (!s->label || !s->leaf)
        return ERR_NO_MEMORY;
    for (size_t r = 0; r < n && !rc; r++) {
        struct cohort_row x = {0};
        int node = -1;
        x.exam.exam_id = table_id(&s->table, r);
        x.malignant = table_cell(&s->table, r, malignant);
        x.tier = table_cell(&s->table, r, tier);
        x.pathology = table_cell(&s->table, r, pathology);
        rc = label_positive(&s->label[r], &node, &x, t->tree, e);
        if (rc)
            table_blame(&s->table, r, NO_COLUMN, rc, e);
        s->leaf[r] = node >= 0 && t->tree->nodes[node].level + 1 == t->tree->n_levels ? (int)t->tree->nodes[node].first_leaf : -1;
    }
    return rc;
}
