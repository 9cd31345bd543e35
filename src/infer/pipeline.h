/* A cohort through the network: row in, prediction out, in the table's order. Floor 7.
 *
 * One background thread reads and prepares the next exam while the network computes the present one, each with its own predictor
 * (infer/predictor.h); what a prediction says does not depend on that. Nothing here prints or writes files: predictions go to a callback.
 *
 * A refused exam is delivered like the others; only want of memory or a fault of the engine ends the run. Rows that contradict other rows
 * have to be marked before (cohort/identity.h): nothing here looks at two exams.
 */
#ifndef BMU_INFER_PIPELINE_H
#define BMU_INFER_PIPELINE_H

#include <stddef.h>

#include "base/err.h"
#include "cohort/manifest.h"
#include "infer/predictor.h"

struct pipeline_options {
    struct predictor_options predictor; /* its decoder may be NULL */
    const char *split;                  /* only rows whose split is exactly this; NULL: all */
};

/* A non-zero result ends the run, and pipeline_run() returns it. The prediction is valid during the call. */
typedef int pipeline_sink(void *ctx, const struct prediction *p, struct err *e);

/* Rows that the options select. */
size_t pipeline_count(const struct manifest *cohort, const struct pipeline_options *options);
/* 0 when every selected row was delivered. ERR_NO_MEMORY, ERR_THREAD, ERR_ENGINE, ERR_INTERNAL, ERR_DECODER, or what the sink returned. */
int pipeline_run(struct model *m, const struct manifest *cohort, const struct pipeline_options *options, pipeline_sink *sink, void *ctx,
                 struct err *e);

#endif
