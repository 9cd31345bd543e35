/* The model card: what a reader has to know of a trained model, written from the run itself. Floor 8. */
#ifndef BMU_TRAIN_CARD_H
#define BMU_TRAIN_CARD_H

#include "base/buf.h"
#include "base/err.h"
#include "train/run.h"

/* After Mitchell et al. 2019 ("Model cards for model reporting", FAT*, 220-229). Markdown. No time of day and no duration is in it: the
 * same run writes the same card. */
int card_write(struct buf *out, const struct run_options *o, const struct run_result *r, struct err *e);
/* The provenance that goes into the model file as "bmunet.training". */
struct json *card_provenance(const struct run_options *o, const struct run_result *r);

#endif
