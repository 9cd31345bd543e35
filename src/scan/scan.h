/* From a folder's files to a table of exams: which files belong to one breast at one time, and which view each is. Floor 4.
 *
 * Pure: a list of files with their facts goes in, exams and what became of every file come out. Rules, in this order:
 * 1. A file that cannot be used (unreadable, no image, no patient, no side, a special view ...) is left out with its code.
 * 2. Of files with the same bytes the first by path stays; the others are SCAN_DUPLICATE. If they are said (by names) to show different
 *    patients, breasts or views, all are SCAN_AMBIGUOUS.
 * 3. The rest is grouped by patient, breast, modality and study. A mammography study and an ultrasound study of one breast become one exam
 * if they are the same study, or if each is the other's nearest in time, within SCAN_DAYS_APART_MAX days. Of several studies that are
 *    equally near (in days) the latest by date and time of day is taken, with a remark, or the first if the options say so; where time does
 *    not tell them apart either, all of them are SCAN_AMBIGUOUS. Others are exams of their own; studies without a date are never joined.
 * 4. Mammograms of one view: the latest date and time of acquisition wins (the date alone if not all have both, nothing if not all have
 * one), then one that is not lossy, then the one with most pixels; the others are SCAN_NOT_CHOSEN. If the best are equal in all three, all
 * are SCAN_AMBIGUOUS.
 * 5. Ultrasound of one kind and plane: copies of one SOP instance are judged as in 4; different images are all SCAN_AMBIGUOUS: which of
 * them shows the lesion cannot be known. An image whose plane is not said, alone of its kind, becomes the transverse view, with a remark;
 * two such images, and nothing else of their kind, become transverse and longitudinal in order (of date, then of path) only if the options
 *    say so; else SCAN_PLANE.
 */
#ifndef BMU_SCAN_SCAN_H
#define BMU_SCAN_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "exam/slot.h"
#include "scan/facts.h"

enum { SCAN_DAYS_APART_MAX = 180, SCAN_NO_FILE = -1 };

struct scan_file {
    /* in */
    const char *path; /* as the table shall name it */
    bool hashed;
    uint8_t sha256[32];
    int code;                /* from finding, reading or decoding it: 0, or why it is no image that can be used */
    const char *reason;      /* a sentence for code; "" if 0 */
    const char *format;      /* "PNG", "JPEG", "DICOM"; "" if none of them */
    struct scan_facts facts; /* holds if code is 0 */
    /* out */
    bool used;
    size_t exam;            /* used: which */
    enum slot slot;         /* used: of what it is the image */
    int why;                /* 0 if used, else the code of why it was left out */
    const char *sentence;   /* for `why`; "" if used */
    const char *remark;     /* of a used file: how it came to its slot, if not by its tags alone; "" if so (see also facts.remark) */
    const char *other_path; /* SCAN_DUPLICATE: the file that stands for it; else "" */
};
struct scan_exam {
    const char *exam_id; /* patient-side-date, and -2, -3 ... where that is not unique */
    const char *patient_id;
    char side;                /* 'L', 'R' */
    const char *date;         /* of the mammography study, else of the ultrasound study; "" if not known */
    long file[SLOT_COUNT];    /* index of a file, or SCAN_NO_FILE */
    const char *manufacturer; /* if all its files name one and the same, else "" */
    long clinical_row;        /* of the clinical table (scan/clinical.h); -1: none */
};
struct scan {
    struct arena arena; /* owns the texts */
    struct scan_file *files;
    size_t n_files;
    struct scan_exam *exams; /* by patient, side, date */
    size_t n_exams;
};
struct scan_options {
    bool prefer_first;        /* of studies equally near to another one the first, not the latest */
    const char *const *study; /* Study Instance UIDs: files of others are left out (SCAN_NOT_CHOSEN) */
    size_t n_studies;         /* 0: no such list */
    bool first_is_transverse; /* of two ultrasound images of one kind whose planes are not said */
};

int scan_new(struct scan **out, size_t n_files, struct err *e); /* zeroed files, texts "" */
/* Fills the outs of the files, and the exams. Deterministic: the order of the files does not matter, but for ties named above, which go by
 * path. ERR_NO_MEMORY. */
int scan_arrange(struct scan *s, const struct scan_options *o, struct err *e);
void scan_free(struct scan *s); /* NULL is allowed */

#endif
