/* A training session: from the files that a person names to a finished run. Floor 8.
 *
 * Reads the preset, the tree, the schema and the table, makes the run's folder, looks through the exams and trains (train/run.h). All that
 * a caller may want to show arrives as events, in the order in which it happens. */
#ifndef BMU_TRAIN_SESSION_H
#define BMU_TRAIN_SESSION_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "train/cohort.h"
#include "train/run.h"

enum session_event_kind {
    SESSION_LOOKING, /* done, total: exams looked through so far; first with done 0 */
    SESSION_REMARK,  /* text: something to warn of */
    SESSION_COHORT,  /* cohort, tree, unlearnt: what will be trained on */
    SESSION_BEGUN,   /* result: before the first step */
    SESSION_STEP,    /* progress */
    SESSION_EPOCH,   /* epoch */
    SESSION_DONE,    /* result, cohort, metric */
};
struct session_event {
    enum session_event_kind kind;
    long done, total;
    const char *text;
    const struct train_cohort *cohort;
    const struct tree *tree;
    unsigned unlearnt; /* bit k: the network has a place for this kind of image, and no exam teaches it */
    const struct run_result *result;
    const struct run_progress *progress;
    const struct epoch_record *epoch;
    enum metric metric;
};

struct session_options {
    enum stage stage;
    const char *folder;                                /* of the run: made, with those above it, if it is not there */
    const char *exams, *preset, *tree, *schema;        /* files */
    const char *vendors;                               /* folder of vendor entries; needed by canonical-v1, unless `init` is given */
    const char *init, *init_us, *init_mg, *init_patch; /* struct start; may be NULL */
    const char *marks;                                 /* table of marks; NULL: none. A patch stage cannot do without */
    const char *const *ignore_columns, *const *freeze; /* columns of the table, patterns of arrays */
    size_t n_ignore_columns, n_freeze;
    struct part_names names[PART_COUNT]; /* values of the column split; without any: train, val */
    bool no_validation;                  /* no exam judges the epochs */
    int epochs;                          /* 0: the preset's */
    bool unmasked, concat;               /* instead of the preset's masking; clinical values beside the pooled features */
    uint64_t seed;
    int loader_threads; /* 0: 2 */
    const char *cache;  /* folder; NULL: FOLDER/cache */
    uint64_t cache_bytes;
    double checkpoint_seconds; /* as in struct run_options */
    bool resume, exact, allow_refused, allow_partial, trust_table;
    const char *code_version;
    const volatile sig_atomic_t *stop;                       /* not 0: ERR_INTERRUPTED as soon as what was reached is saved; may be NULL */
    void (*event)(void *ctx, const struct session_event *e); /* one at a time, from any thread */
    void *ctx;
};
/* Errors of the files named, of cohort_open(), start_config() and run_train(). */
int train_session(const struct session_options *o, struct err *e);

#endif
