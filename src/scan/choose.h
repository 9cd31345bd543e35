/* Which of a study's images stands for each view. Floor 4. The rules are 4 and 5 of scan/scan.h. */
#ifndef BMU_SCAN_CHOOSE_H
#define BMU_SCAN_CHOOSE_H

#include "scan/scan.h"

/* Of an ultrasound image whose plane is not said, alone of its kind. */
#define SCAN_ALONE_REMARK "no attribute says transverse or longitudinal; alone of its kind, it was entered as transverse"

/* The files list[0 .. n-1] are of one breast, modality and study: those chosen are put into slot[], the others are left out with a reason.
 * Reorders the list. */
void choose_views(long slot[SLOT_COUNT], struct scan_file *files, long *list, size_t n, const struct scan_options *o);
void choose_leave_out(struct scan_file *f, int code, const char *sentence);

#endif
