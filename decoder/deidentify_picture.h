/* Which pixels of a picture may stay when it is de-identified, and what may be said of it then. Pure. Floor 1.
 *
 * Devices and screens write names and dates into pixels. A picture is taken
 *   - if it is ultrasound with regions (PS3.3 C.8.5.5): black outside of the regions that hold an echo picture (2D or M-mode of tissue or
 *     flow, spectral Doppler); whatever else a region says that it holds goes too (graphics, traces, colour bars, "none");
 *   - if a device took it that writes nothing into its pixels (SOP classes of X-ray, CT, MR ...), and nothing speaks for a capture of a
 *     screen; or if the file says that nothing is burned in.
 * Everything else is refused, or, on demand, written as it is, and then not called clean. So is, as a second line, a picture in which
 * lettering is found where pixels stay (image/lettering.h). Clean (the Clean Pixel Data Option, PS3.15 E.3.1)
 * is a picture of which pixels were seen to be removed, never one that a file only says something of.
 */
#ifndef BMU_DECODER_DEIDENTIFY_PICTURE_H
#define BMU_DECODER_DEIDENTIFY_PICTURE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "base/err.h"
#include "image/image.h"
#include "image/lettering.h"

enum picture_verdict {
    PICTURE_AS_IT_WAS, /* nothing in its kind speaks for burned-in text */
    PICTURE_CLEANED,   /* pixels were removed */
    PICTURE_KEPT       /* text may be in it: written on demand, without a claim */
};
const char *picture_verdict_name(enum picture_verdict v); /* "as it was", "cleaned", "kept on demand" */

struct picture {
    struct dicom_box keep[DICOM_REGIONS_MAX]; /* echo regions; n 0: nothing is blanked */
    int n;
    bool on_demand;         /* the user takes what would be refused */
    uint64_t removed;       /* pixels that were not black outside of keep, of all frames so far */
    const char *doubt;      /* why text may be in it; NULL: nothing speaks for it. Static */
    int letters;            /* so many in a line are text */
    struct lettering found; /* the longest line of all frames so far, in what stays */
};

/* From the file's facts, before any frame. converted: the file has a Conversion Type (0008,0064): it was made from something else.
 * ERR_DEIDENTIFY_PIXELS: refused. */
int picture_plan(struct picture *out, const struct image *facts, bool converted, bool on_demand, struct err *e);
/* Black outside of the regions that stay, and count; look for lettering in the rest. ERR_NO_MEMORY. */
int picture_clean(struct picture *p, struct image *frame, struct err *e);
/* After the last frame. ERR_DEIDENTIFY_PIXELS: nothing was removed where something had to be, or lettering was found. */
int picture_judge(enum picture_verdict *out, const struct picture *p, const struct dicom *d, struct err *e);

#ifdef __cplusplus
}
#endif

#endif
