/* From an image file to the tensor that the network takes. Floor 4.
 *
 * Profile `reference-v1`: what the published release does, exactly, with Pillow's resize. PNG and JPEG only.
 * Mammography: 16-bit grey -> 32-bit integers -> resize -> float32 -> (x - mean) / std, each step rounded to float32. 8-bit files: value x
 * 257 first; 1, 2, 4 bits: scaled to 8 bits before that. A colour file is taken if its three channels are equal everywhere.
 * Ultrasound: 8-bit RGB -> resize -> float32 / 255. Grey is repeated to three channels, alpha is dropped; 16 bits are refused.
 *
 * Profile `canonical-v1`: docs/PREP.md. What DICOM says in DICOM's order, the breast or the pane cropped, chest wall to the left, aspect
 * kept; what is not the examination that the slot is for is refused with a code.
 */
#ifndef BMU_PREP_PREP_H
#define BMU_PREP_PREP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "exam/verdict.h"
#include "image/decode.h"
#include "image/image.h"
#include "prep/vendor.h"

struct prep_profile {
    const char *name;              /* "reference-v1", "canonical-v1": prep_profile_name() */
    int mg_height, mg_width;       /* 2294 x 1280 */
    int us_height, us_width;       /* 224 x 224 */
    double mg_mean, mg_std;        /* 5063.68, 8773.89 (fusion) or 5234.68, 9211.48 (mammography-only stage);
                                      canonical-v1: PREP_CANONICAL_MEAN, _STD */
    const struct vendors *vendors; /* canonical-v1: particulars of devices; borrowed; NULL: the standard alone */
};
/* Constants of the profile, measured on no cohort; powers of two, so that normalising is exact. */
#define PREP_CANONICAL_MEAN 16384.0
#define PREP_CANONICAL_STD 16384.0
/* The name as the program knows it (static), or NULL: no such profile. */
const char *prep_profile_name(const char *name);
bool prep_is_canonical(const struct prep_profile *p);

/* Floats that slot s needs: mg_height*mg_width (one channel) or us_height*us_width*3 (interleaved RGB). */
size_t prep_size(const struct prep_profile *p, enum slot s);
/* Where slot s lies, in floats, in one block that holds the views of an exam end to end in slot order; of SLOT_COUNT: the block's size. */
size_t prep_offset(const struct prep_profile *p, enum slot s);
/* What the table says of an image before it is opened. */
struct prep_claim {
    char side;                /* 'L', 'R', or 0: the table does not say */
    bool allow_tomosynthesis; /* synthesised views are taken, and the verdict says so */
    bool trust_table; /* a Body Part Examined other than the breast, and a laterality that is none, are passed over; it says so too */
};
/* Pure: a decoded picture (with its DICOM facts, if any) to the network's input of slot s. out: prep_size floats, row-major; ultrasound
 * interleaved RGB in 0..1. v: status, code, note, tensor_sha256 and facts are filled; hashed and sha256 are the caller's. Returns
 * 0 if used, else the code of the refusal (also in e):
 * what docs/PREP.md says, ERR_UNSUPPORTED (a DICOM file under reference-v1, which has no rule for it), ERR_NO_MEMORY. */
int prep_image(float *out, const struct prep_profile *p, enum slot s, struct image *im, const struct prep_claim *claim,
               struct input_verdict *v, struct err *e);
/* Decode by d, then prep_image(); v is filled in full. */
int prep_bytes(float *out, const struct prep_profile *p, enum slot s, struct decoder *d, const uint8_t *bytes, size_t n,
               const struct prep_claim *claim, struct input_verdict *v, struct err *e);
/* The same from a path; the message in e (not the note) begins with it. */
int prep_file(float *out, const struct prep_profile *p, enum slot s, struct decoder *d, const char *path, const struct prep_claim *claim,
              struct input_verdict *v, struct err *e);
/* The published release's stand-in for an absent view: a black image through the same arithmetic. reference-v1 only: elsewhere absence is
 * masked, never painted. */
void prep_black(float *out, const struct prep_profile *p, enum slot s);

#endif
