/* A cohort through the network: exam in, prediction out, in the table's order. Floor 7.
 *
 * One background thread reads and prepares the next exams while the network computes the present one; what a prediction says does not
 * depend on that, nor on the number of threads, nor on the other exams. Nothing here prints or writes files: predictions go to a callback.
 *
 * What refuses an exam: what exam_prep() refuses (prep/exam_prep.h), or an output that is not a number. A refused exam is delivered like
 * the others; only want of memory or a fault of the engine ends the run. Rows that contradict other rows have to be marked before
 * (cohort/identity.h): nothing here looks at two exams.
 */
#ifndef BMU_INFER_PREDICT_H
#define BMU_INFER_PREDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "cohort/manifest.h"
#include "exam/verdict.h"
#include "model/model.h"

struct predict_options {
    bool allow_partial;        /* refused images count as absent */
    bool allow_tomosynthesis;  /* see struct prep_claim */
    struct cache *cache;       /* of prepared images; NULL: none */
    const struct paths *paths; /* where the decoder is; NULL: looked for */
    const char *split;         /* only rows whose split is exactly this; NULL: all */
};

/* Milliseconds. Exams overlap, so the sum over exams is more than the run's wall time; total = read + prep + network. */
struct predict_times {
    double read, prep, network, total;
};

struct prediction {
    const struct exam *exam; /* borrowed: id, row */
    bool refused;
    struct model_output output;      /* all zero if refused */
    struct verdict verdict;          /* per input; code and reason of the exam: "" for an exam with nothing to say */
    const struct schema *schema;     /* borrowed; NULL: the network takes no clinical data */
    const struct clinical *clinical; /* borrowed; schema->n_fields values, absent ones with value 0 */
    bool absent_is_zero;             /* an absent clinical value enters the network as the number 0 (the published network's way) */
    struct predict_times ms;
};

/* A non-zero result ends the run, and predict_cohort() returns it. The prediction is valid during the call. */
typedef int predict_sink(void *ctx, const struct prediction *p, struct err *e);

/* Exams that the options select. */
size_t predict_count(const struct manifest *cohort, const struct predict_options *options);
/* 0 when every selected exam was delivered. ERR_NO_MEMORY, ERR_THREAD, ERR_ENGINE, ERR_INTERNAL, or what the sink returned. */
int predict_cohort(struct model *m, const struct manifest *cohort, const struct predict_options *options, predict_sink *sink, void *ctx,
                   struct err *e);

#endif
