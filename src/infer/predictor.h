/* Predictions, one exam at a time: sources and values in, numbers and verdict out. Floor 7.
 *
 * What refuses an exam: what exam_prep() refuses (prep/exam_prep.h), or an output that is not a number. A refused exam is a result like any
 * other, and says why; an error comes back only for want of memory or a fault of the machine. What a prediction says depends on its exam
 * and on the model alone: not on the exams before, nor on threads. Nothing here knows a table, a file of output or a command line.
 *
 * Threads: a predictor is for one thread at a time. Any number of them may share one model, and one cache, each in a thread of its own:
 * they prepare at the same time and take turns in the network (model_run()), which gives every exam all the compute threads.
 */
#ifndef BMU_INFER_PREDICTOR_H
#define BMU_INFER_PREDICTOR_H

#include <stdbool.h>

#include "base/err.h"
#include "exam/exam.h"
#include "exam/verdict.h"
#include "image/decode.h"
#include "model/model.h"
#include "prep/cache.h"

struct predictor_options {
    bool allow_partial;        /* refused images count as absent */
    bool allow_tomosynthesis;  /* see struct prep_claim */
    bool trust_table;          /* see struct exam_prep_options */
    struct cache *cache;       /* of prepared images; NULL: none */
    struct decoder *decoder;   /* NULL: its own. Predictors may share one if no two of them prepare at the same time */
    const struct paths *paths; /* where the program of its own decoder is; NULL: looked for. Borrowed while opening */
};

/* Milliseconds. Where exams overlap, the sum over exams is more than the run's wall time; total = read + prep + network. */
struct prediction_times {
    double read, prep, network, total;
};

struct prediction {
    const struct exam *exam; /* borrowed: the caller's */
    bool refused;
    struct model_output output;      /* all zero if refused */
    struct verdict verdict;          /* per input; code and reason of the exam: "" for an exam with nothing to say */
    const struct schema *schema;     /* borrowed; NULL: the network takes no clinical data */
    const struct clinical *clinical; /* borrowed; schema->n_fields values, absent ones with value 0 */
    bool absent_is_zero;             /* an absent clinical value enters the network as the number 0 (the published network's way) */
    struct prediction_times ms;
};

struct predictor;
/* The model, the cache and the decoder are borrowed. options NULL: nothing allowed, no cache. ERR_DECODER, ERR_NO_MEMORY. */
int predictor_open(struct predictor **out, struct model *m, const struct predictor_options *options, struct err *e);
void predictor_close(struct predictor *p); /* NULL is allowed */

/* One exam; known: what is held against it already (NULL: nothing), which refuses it, though its images are still looked at. *out is the
 * predictor's, until its next exam; the exam and what it borrows must stay until then. The room for images is kept from exam to exam.
 * ERR_NO_MEMORY, ERR_THREAD, ERR_ENGINE, ERR_INTERNAL, ERR_DECODER: nothing is known of this exam; *out is NULL. */
int predictor_run(const struct prediction **out, struct predictor *p, const struct exam *exam, const struct exam_fault *known,
                  struct err *e);
/* Its two halves, for who prepares the next exam in one thread while another computes the present one with another predictor: everything
 * before the network, and the network. */
int predictor_prepare(struct predictor *p, const struct exam *exam, const struct exam_fault *known, struct err *e);
int predictor_compute(const struct prediction **out, struct predictor *p, struct err *e);
/* After predictor_prepare(): the verdict on the exam's inputs, and the numbers of one that the network takes (prep_size() floats, as
 * model_input.view; NULL: absent or refused). The predictor's, until its next exam. */
const struct verdict *predictor_verdict(const struct predictor *p);
const float *predictor_view(const struct predictor *p, enum slot s);

#endif
