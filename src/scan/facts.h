/* What one file says of whom it is, of which breast, and which view: the tags of a DICOM file, or the name of a picture. Floor 4.
 *
 * Only what is written is taken; where nothing is written, or two attributes contradict each other, the facts carry a code instead.
 */
#ifndef BMU_SCAN_FACTS_H
#define BMU_SCAN_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "exam/slot.h"
#include "image/image.h"

enum scan_modality { SCAN_NONE, SCAN_MG, SCAN_US };
enum scan_kind { SCAN_BMODE, SCAN_DOPPLER, SCAN_ELASTO, SCAN_KIND_COUNT };
enum scan_plane { SCAN_PLANE_UNKNOWN, SCAN_TRANSVERSE, SCAN_LONGITUDINAL };

struct scan_facts {
    int code;           /* 0: it may fill a slot; else why not, ever */
    const char *reason; /* a sentence for code, else ""; static or the arena's; no text of the file in it */
    enum scan_modality modality;
    bool is_mlo;                                              /* SCAN_MG: MLO, else CC */
    enum scan_kind kind;                                      /* SCAN_US */
    enum scan_plane plane;                                    /* SCAN_US */
    char side;                                                /* 'L', 'R' */
    const char *patient_id, *study, *instance, *manufacturer; /* never NULL; the arena's */
    char study_date[9];                                       /* YYYYMMDD, or "" */
    char made[16]; /* when the image was made, YYYYMMDD or YYYYMMDDHHMMSS, for comparing; or "" */
    bool lossy;
    uint64_t pixels;
    uint32_t frames;
    const char *remark; /* what a reader should know though the file may be used; "" if nothing; static */
};

/* The share of pixels that are plainly in colour (largest minus smallest channel above 40 of 255): told from DICOM's own colour samples. 0
 * for grey images and those without pixels. Where the file tells its echo pictures (regions), only they are looked at: a banner in colour
 * is no elastogram. */
double scan_colour(const struct image *im);
/* Only which view it is: modality, is_mlo, kind, plane; code as below but for what concerns patient, study and side. The texts are "". */
void scan_view_from_dicom(struct scan_facts *out, const struct dicom *d, double colour);
/* The transverse slot of a kind of ultrasound; the longitudinal one is the next. */
enum slot scan_transverse_slot(enum scan_kind kind);
/* From tags. `colour` is scan_colour() of the picture; used for ultrasound whose tags do not tell its kind. 0 or ERR_NO_MEMORY: that a file
 * cannot be used is told by out->code. */
int scan_facts_from_dicom(struct scan_facts *out, struct arena *arena, const struct dicom *d, uint32_t width, uint32_t height,
                          double colour, struct err *e);

#endif
