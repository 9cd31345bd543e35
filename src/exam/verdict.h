/* What became of each input of an exam: used, absent or refused, why, and what was done to it. Floor 3. */
#ifndef BMU_EXAM_VERDICT_H
#define BMU_EXAM_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exam/geometry.h"
#include "exam/slot.h"
#include "file/json.h"
#include "image/dicom.h"

enum input_status { INPUT_ABSENT, INPUT_USED, INPUT_REFUSED };
const char *input_status_name(enum input_status s); /* "absent", "used", "refused" */

/* What a file said of whom and what it shows: what the views of one exam have to agree on (prep/consistency.h). "" or 0: not said. */
struct view_facts {
    bool dicom;
    char patient_id[DICOM_TEXT];
    char study[DICOM_UID], study_date[9], content_date[9]; /* YYYYMMDD */
    char side;                                             /* 'L', 'R', 'B' (both), 0 */
    uint8_t pixel_sha256[32];                              /* of the decoded samples, with width, height, channels and bits before them */
};

struct input_verdict {
    enum input_status status;
    int code;                  /* 0, or the err_code of the refusal */
    char note[512];            /* what was done ("16-bit grey PNG 3000x4000, resized to 1280x2294"), or why it was refused; may be empty */
    bool hashed;               /* sha256 holds the file's hash (also for refused files that could be read) */
    uint8_t sha256[32];        /* of the file's bytes */
    bool prepared;             /* tensor_sha256, geometry and facts hold */
    uint8_t tensor_sha256[32]; /* of the floats the network takes, little-endian: two sites can compare them */
    struct geometry geometry;  /* prepared: where its pixels went */
    struct view_facts facts;
};

/* Append to the note; what does not fit is cut off. */
void verdict_note(struct input_verdict *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct verdict {
    struct input_verdict input[SLOT_COUNT];
    int code;         /* 0: the exam can be computed; else why the whole exam is refused (first cause) */
    char reason[512]; /* sentence for code */
};

/* The same for a text of any kind that has this much room: a reason. */
void verdict_add(char *text, size_t room, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The list `inputs` of docs/FORMATS.md, one object per slot; see json.h for how building fails. Owned by the caller. */
struct json *verdict_inputs_json(const struct verdict *v);

#endif
