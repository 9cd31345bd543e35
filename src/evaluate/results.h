/* An evaluation as JSON: results.json, whose schema is in docs/FORMATS.md, and threshold.json. Floor 5. */
#ifndef BMU_EVALUATE_RESULTS_H
#define BMU_EVALUATE_RESULTS_H

#include "base/hash.h"
#include "evaluate/evaluation.h"

struct source_file {
    const char *role; /* "predictions", "truth", "readers", "plan", "tree", "threshold" ... */
    const char *name; /* without its folder */
    char sha256[SHA256_HEX_SIZE];
};
struct provenance {
    const struct source_file *files;
    size_t n_files;
    const char *code_version;
};

/* All of v. NULL members where something is not defined, with a `reason` beside them. json_ok() tells whether memory sufficed. */
struct json *results_json(const struct evaluation *v, const struct provenance *from);

/* A threshold chosen on a development set, to be locked. */
struct lock {
    struct threshold threshold;
    char predictions_sha256[SHA256_HEX_SIZE], truth_sha256[SHA256_HEX_SIZE], plan_sha256[SHA256_HEX_SIZE];
    char exams_sha256[SHA256_HEX_SIZE]; /* of the sorted exam_ids, a line each */
    char positive[TREE_GROUP_SIZE];     /* what the score is of, as struct joined says it; "": a lock written before that was kept */
};
void lock_exams(char out[SHA256_HEX_SIZE], const struct joined *j);
/* As text, with the hash of all the rest. */
int lock_write(struct buf *out, const struct lock *l, const char *code_version, struct err *e);
/* ERR_THRESHOLD_LOCK if it is not what lock_write() wrote. */
int lock_read(struct lock *out, const char *text, size_t n, struct err *e);
/* ERR_THRESHOLD_LOCK if it was chosen on these predictions, this truth with the same exams, or the same exams; or on the score of other
 * leaves. */
int lock_applies(const struct lock *l, const char *predictions_sha256, const struct joined *j, struct err *e);

#endif
