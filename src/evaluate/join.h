/* Predictions, truth and readers of anybody, joined by exam: what the statistics will see, and the flow of participants to it. Floor 5.
 *
 * Nothing is dropped without a row of the flow; what cannot be read is an error that names file, row and column. The exams are sorted by
 * exam_id (bytes), patients numbered in that order: no result depends on the order of rows. Columns: docs/FORMATS.md, "Evaluation".
 */
#ifndef BMU_EVALUATE_JOIN_H
#define BMU_EVALUATE_JOIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "evaluate/birads.h"
#include "evaluate/plan.h"
#include "exam/tree.h"

/* name in results.json, what it counts */
#define FLOW_ROWS(X)                                                                                                                       \
    X(TRUTH, "truth", "exams in the truth table")                                                                                          \
    X(NO_PREDICTION, "truth_without_prediction", "of these without a row in the predictions")                                              \
    X(REFUSED, "prediction_refused", "of these refused by the model")                                                                      \
    X(TRUTH_UNKNOWN, "truth_unknown", "of these with a score, but whose truth is not known")                                               \
    X(ANALYSED, "analysed", "exams analysed")                                                                                              \
    X(OTHER_PART, "truth_other_part", "exams in other parts of the truth table's split, not counted above")                                \
    X(NO_TRUTH, "prediction_without_truth", "predictions of exams that the truth table does not list")                                     \
    X(READING_NOT_ANALYSED, "reading_not_analysed", "readings of exams that are not analysed")                                             \
    X(READING_INCOMPLETE, "reading_incomplete", "readings without an assessment (empty, or BI-RADS 0)")                                    \
    X(READING_PROVEN, "reading_proven", "readings of BI-RADS 6, malignancy proven before")
enum flow_row {
#define X(id, name, what) FLOW_##id,
    FLOW_ROWS(X)
#undef X
        FLOW_COUNT
};
const char *flow_name(enum flow_row r);
const char *flow_what(enum flow_row r);

struct flow {
    size_t n;
    const char **id;     /* n exam_ids; of FLOW_TRUTH and FLOW_ANALYSED NULL */
    const char **detail; /* n; the reason of a refusal, the reader of a reading; else "" */
};

struct group_column {
    const char *name;
    const char **value; /* of each exam; "" if not known */
};

/* Another score of the same exams, to be compared with the model's. */
struct compared {
    const char *name; /* "truth.csv:posterior_all" */
    double *score;    /* of each analysed exam; NAN: none */
};

struct joined {
    struct arena arena; /* everything below */
    size_t n;           /* exams analysed */
    const char **exam_id;
    const char *positive; /* what the score is of: the positive node and its leaves, tree_group() */
    double *score;
    const char *score_from; /* "score", "leaves", or "p_" and the positive node's name */
    uint8_t *truth;         /* 1: malignant, below the tree's positive node */
    int n_leaves;
    double *probability; /* n x n_leaves, rows sum to 1; NULL if the predictions have no class probabilities */
    size_t n_rescaled;   /* rows that missed 1 by more than 1e-6 */
    int *leaf;           /* the truth's; -1 where not known; NULL without a column of it */
    size_t n_leaf;       /* exams with a leaf */
    size_t *cluster;     /* patient of each exam; NULL without a column patient_id */
    size_t n_clusters;
    size_t without_patient; /* exams with an empty patient_id: each taken as a patient of its own */
    size_t unscored[2];     /* benign, malignant: known truth, no prediction or a refused one */
    struct group_column *columns;
    size_t n_columns;
    size_t n_readers, n_conditions; /* 0 without readers */
    const char **reader, **condition;
    short *birads; /* [(condition * n_readers + reader) * n + exam]; BIRADS_UNREADABLE: not read */
    struct compared *compared;
    size_t n_compared;
    struct flow flow[FLOW_COUNT];
    const char **unused; /* "predictions: NAME": columns that were not understood */
    size_t n_unused;
};

struct table_text { /* borrowed while joining */
    const char *path, *text;
    size_t size;
};
struct compare_table {
    struct table_text table;
    const char *column; /* NULL: score, or else p_NODE of the positive node */
    const char *name;
};
struct join_tables {
    struct table_text predictions, truth, readers; /* readers.text may be NULL */
    const char *split;                             /* only exams whose column split of the truth is this; NULL: all */
    const struct compare_table *compare;
    size_t n_compare;
    const struct study_plan *plan;
    const struct tree *tree; /* the one that the predictions are of */
};

/* The truth's parts other than `split` are a row of the flow. ERR_CSV_*, ERR_EXAM_ID_*, ERR_VALUE_*, ERR_STATS_NAN, ERR_PROBABILITY_SUM,
 * ERR_LABEL, ERR_LABEL_CONFLICT, ERR_READER_TWICE, ERR_EVALUATION_EMPTY, ERR_LIMIT, ERR_TREE. */
int join_make(struct joined **out, const struct join_tables *t, struct err *e);
void join_free(struct joined *j);
/* The column of this name, or NULL. */
const struct group_column *join_column(const struct joined *j, const char *name);
/* ERR_SPLIT_OVERLAP if an exam or a patient stands in both. */
int join_disjoint(const struct joined *a, const char *what_a, const struct joined *b, const char *what_b, struct err *e);

#endif
