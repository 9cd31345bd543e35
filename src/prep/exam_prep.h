/* One exam, from its sources to tensors and a verdict: everything that happens before the network. Floor 4.
 *
 * Each view is read, hashed, decoded and prepared (prep/prep.h), also when another one has been refused already, so that the verdict tells
 * of all; then the exam is judged. What refuses it, the first of these that applies: what is known against it already; a view that
 * the network does not take or has not learnt; the same bytes in two slots; a refused image; views that do not belong together
 * (prep/consistency.h); no image left. With allow_partial a refused image counts as absent, and the reason says so; but not if its code
 * says that it may be another breast's (ERR_SIDE_MISMATCH, ERR_SIDE_IMAGE): then the exam is in doubt, not the image.
 */
#ifndef BMU_PREP_EXAM_PREP_H
#define BMU_PREP_EXAM_PREP_H

#include <stdbool.h>

#include "base/err.h"
#include "exam/exam.h"
#include "exam/verdict.h"
#include "image/decode.h"
#include "prep/cache.h"
#include "prep/prep.h"

struct exam_prep_options {
    const struct prep_profile *profile;
    unsigned taken;           /* bit s: slot s is taken */
    unsigned unlearnt;        /* bit s: it is not, though the network has a place for it: no exam has taught it that kind */
    const char *network;      /* its name, for the sentence about a view that it does not take */
    bool allow_partial;       /* refused images count as absent */
    bool allow_tomosynthesis; /* see struct prep_claim */
    bool trust_table;         /* see struct prep_claim; and files of several patients, studies and days are one exam if the table says so */
    struct cache *cache;      /* of prepared images, shared by all threads; NULL: none */
    const struct paths *paths; /* for whoever opens the decoders; NULL: looked for */
};
struct exam_prep_times { /* wall milliseconds; prep includes decoding */
    double read, prep;
};

/* v: filled in full; v->code 0: the exam can be computed, and the used views stand in *views at prep_offset(); pages of other slots stay
 * untouched. *views: owned by the caller; NULL before the first exam that needs it, then allocated here, prep_offset(SLOT_COUNT) floats,
 * and used again for the next exam. known: NULL for nothing. Non-zero only if the run must end (err_ends_run()). Any number of threads may
 * be in it, each with its own decoder and views. */
int exam_prep(struct verdict *v, float **views, struct exam_prep_times *ms, const struct exam *exam, const struct exam_fault *known,
              const struct exam_prep_options *o, struct decoder *d, struct err *e);

#endif
