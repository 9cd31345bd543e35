/* A study: from the files that a person names to all numbers of an evaluation. Floor 5.
 *
 * study_open() reads and joins the tables, and chooses or applies a locked threshold; study_evaluate() computes. Between the two stands
 * what takes no time and may fail: a caller makes the folder of the report there, before the long computation. */
#ifndef BMU_EVALUATE_STUDY_H
#define BMU_EVALUATE_STUDY_H

#include <signal.h>
#include <stddef.h>

#include "base/err.h"
#include "evaluate/results.h"

enum { STUDY_COMPARED_MAX = 16 };

/* name in results.json */
#define STUDY_FILES(X)                                                                                                                     \
    X(PREDICTIONS, "predictions")                                                                                                          \
    X(TRUTH, "truth")                                                                                                                      \
    X(READERS, "readers")                                                                                                                  \
    X(PLAN, "plan")                                                                                                                        \
    X(TREE, "tree")                                                                                                                        \
    X(RECALIBRATE, "recalibrate_on")                                                                                                       \
    X(CHOOSE, "choose_on")                                                                                                                 \
    X(DEVELOPMENT_TRUTH, "development_truth")                                                                                              \
    X(LOCKED, "locked_threshold")
enum study_file {
#define X(id, name) STUDY_##id,
    STUDY_FILES(X)
#undef X
        STUDY_FILE_COUNT
};

struct study_options {
    const char *path[STUDY_FILE_COUNT]; /* NULL: none; PREDICTIONS, TRUTH, PLAN and TREE are needed. RECALIBRATE and CHOOSE go with
                                         * DEVELOPMENT_TRUTH; CHOOSE and LOCKED exclude each other */
    const char *const *compare;         /* FILE.csv or FILE.csv:COLUMN */
    size_t n_compare;                   /* at most STUDY_COMPARED_MAX */
    const char *split;                  /* only exams whose column split of the truth is this; NULL: all */
    const char *code_version;
};
struct study;
/* Errors of files, of study_plan_parse_yaml(), tree_parse_yaml(), join_make(), join_disjoint(), lock_read() and lock_applies(). ERR_PLAN:
 * a threshold is to be chosen, and the plan has no rule for it. *out: study_free(). The options have to outlive it. */
int study_open(struct study **out, const struct study_options *o, struct err *e);
/* progress and stop may be NULL; *stop not 0: ERR_INTERRUPTED. */
int study_evaluate(struct study *s, void (*progress)(void *ctx, size_t done, size_t total, const char *what), void *ctx,
                   const volatile sig_atomic_t *stop, struct err *e);
void study_free(struct study *s); /* NULL is allowed */

/* After study_evaluate(). Borrowed. */
const struct evaluation *study_evaluation(const struct study *s);
struct provenance study_provenance(const struct study *s);
const struct buf *study_results(const struct study *s); /* results.json */
/* The bytes of a file that was read; NULL if it was not named. */
const void *study_file_bytes(const struct study *s, enum study_file which, size_t *n);
/* The threshold chosen by this study (not one that was locked before), or NULL. */
const struct lock *study_chosen_threshold(const struct study *s);

#endif
