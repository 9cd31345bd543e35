/* Lesions that the guideline sends to biopsy (BI-RADS 4, or 4a alone) and the model would follow instead: what is spared, what is missed.
 * Floor 2.
 *
 * The yardstick is BI-RADS 3: follow-up instead of biopsy is for lesions whose risk of malignancy is at most 2 % (ACR BI-RADS Atlas, 5th
 * ed. 2013). A rate that was observed proves nothing by itself: it is the exact upper bound of the miss rate that is held against the
 * limit. With no miss at all, the one-sided 97.5 % bound (the upper end of the two-sided 95 % Clopper-Pearson interval) falls to 2 % at ln
 * 0.025 / ln 0.98 = 182.6, that is at 183 downgraded lesions; the one-sided 95 % bound at 149. Observations are taken as independent; two
 * lesions of one patient are not quite.
 */
#ifndef BMU_ACCURACY_DOWNGRADE_H
#define BMU_ACCURACY_DOWNGRADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/proportion.h"

struct downgrade {
    size_t eligible; /* lesions of the category in question */
    size_t eligible_malignant;
    size_t downgraded;                     /* eligible with score < threshold: biopsies avoided */
    size_t avoided_benign;                 /* of these benign: unnecessary biopsies avoided */
    size_t missed;                         /* of these malignant: cancers missed */
    struct proportion avoided;             /* downgraded / eligible */
    struct proportion missed_of_malignant; /* missed / eligible_malignant */
    struct proportion miss_rate;           /* missed / downgraded */
    bool bound_defined;                    /* false if nothing was downgraded */
    double upper_bound;                    /* of the miss rate, exact, one-sided at bound_level */
    bool within_limit;                     /* bound_defined and upper_bound <= limit */
    size_t needed;                         /* downgrades it takes, with as many misses as there were, for the bound to reach the limit */
};

/* eligible: 0 or 1; tier: 0 .. n_tiers - 1, the truth's; missed_by_tier: n_tiers counts of the caller's, or NULL with tier NULL. level: of
 * the intervals; bound_level: of the bound, as 0.975; limit: as 0.02. Errors: ERR_STATS_TOO_FEW, ERR_STATS_NAN, ERR_STATS_RANGE. One class
 * only is no error. */
struct downgrade_rule {
    double threshold, limit, level, bound_level;
};
int downgrade_make(struct downgrade *out, size_t *missed_by_tier, const uint8_t *eligible, const double *score, const uint8_t *truth,
                   const int *tier, int n_tiers, size_t n, const struct downgrade_rule *rule, struct err *e);

/* The least number of downgrades at which `missed` misses have an exact one-sided upper bound <= limit. limit and level in (0, 1). */
int downgrade_needed(size_t *out, size_t missed, double limit, double level, struct err *e);

#endif
