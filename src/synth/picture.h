/* A picture of a synthetic case as the bytes of a file. Floor 5. */
#ifndef BMU_SYNTH_PICTURE_H
#define BMU_SYNTH_PICTURE_H

#include "base/buf.h"
#include "base/err.h"
#include "synth/cohort.h"

/* Names of the three styles; fictitious, and they say so. */
const char *picture_vendor(bool mammography, int vendor);
/* Makes the picture p of the cohort, fills p->meta and appends the file's bytes to out. */
int picture_write(struct buf *out, struct cohort_picture *p, const struct cohort *c, struct err *e);
/* A mammogram as it is to be shown: stored values through VOI and polarity (PS3.3 C.11.2, C.11.6) to 16 bits, in place. */
void picture_present(struct image *im, const struct synth_meta *m);

#endif
