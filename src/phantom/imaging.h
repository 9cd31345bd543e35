/* From a synthetic case to its pictures. Floor 4.
 *
 * One picture per call, made alone: the anatomy is drawn anew from (seed, case) each time, so pictures come in any order, on any thread,
 * with the same bytes. No picture carries text; the tags that say SYNTHETIC are the DICOM writer's.
 *
 * Mammography: one channel, 12-bit stored values in a 16-bit container, presentation values, standard hanging: the chest wall on the left
 * edge for a left breast, on the right edge for a right one, lateral (CC) or cranial (MLO) up. MONOCHROME1 vendors: stored values inverted.
 * Ultrasound: 8-bit RGB; B-mode has three equal channels. Transverse: picture left is the patient's right; longitudinal: left is cranial.
 */
#ifndef BMU_PHANTOM_IMAGING_H
#define BMU_PHANTOM_IMAGING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "exam/slot.h"
#include "image/dicom.h"
#include "image/image.h"
#include "phantom/case.h"

struct synth_size {
    const char *name;        /* "small", "full"; static */
    int mg_height, mg_width; /* pixels; chest wall to nipple is the width */
    double mg_mm;            /* pixel spacing, both ways */
    int us_height, us_width; /* the whole frame, scan and border; two panes share its width */
};
/* "small": 574 x 320 at 0.4 mm, 220 x 300. "full": 2294 x 1280 at 0.1 mm, 600 x 800. NULL: no such preset. */
const struct synth_size *synth_size(const char *name);

enum { SYNTH_REGIONS_MAX = 4, SYNTH_MG_BITS = 12 };
enum synth_voi { SYNTH_VOI_NONE, SYNTH_VOI_LINEAR, SYNTH_VOI_SIGMOID, SYNTH_VOI_LUT };

/* What the writer of tags must know of a picture. */
struct synth_meta {
    int vendor; /* style 0 .. SYNTH_VENDORS - 1 */
    int bits;   /* stored: 12 (mammography), 8 (ultrasound) */
    bool monochrome1;
    enum synth_voi voi;                  /* NONE: ultrasound */
    double window_center, window_width;  /* LINEAR, SIGMOID: in stored values (PS3.3 C.11.2.1) */
    double mm;                           /* pixel spacing, both ways; ultrasound: the same as the regions say */
    char orientation[2][4];              /* Patient Orientation: of a row, of a column; "" for ultrasound */
    double kvp, detector_ugy, breast_mm; /* mammography: tube voltage, mean air kerma at the detector behind the breast, thickness */
    bool dual_pane;                      /* elastography: B-mode beside the colour picture */
    int n_regions;                       /* ultrasound: Sequence of Ultrasound Regions (PS3.3 C.8.5.5) */
    struct dicom_region region[SYNTH_REGIONS_MAX];
    /* the truth: middle of each lesion in the picture, pixels from the top left corner's middle, and its radius; in the (first) B-mode
     * pane. A lesion that lies outside the picture's plane or field is not in view. */
    struct {
        bool in_view;
        double x, y, radius;
    } lesion[SYNTH_LESIONS_MAX];
};

/* The vendor's VOI LUT (voi == SYNTH_VOI_LUT): 4096 entries of 12 bits, first stored value mapped is 0. */
enum { SYNTH_VOI_LUT_ENTRIES = 4096 };
void synth_voi_lut(uint16_t out[SYNTH_VOI_LUT_ENTRIES], int vendor);

/* The picture of slot s, whether or not c->view[s] is set. Owned: image_free(). meta may not be NULL.
 * ERR_NO_MEMORY, ERR_INTERNAL (a case outside the ranges that synth.h states). */
int synth_view(struct image **out, struct synth_meta *meta, uint64_t seed, const struct synth_case *c, enum slot s,
               const struct synth_size *size, struct err *e);

#endif
