/* One exam without a table: put together from names with values, and from DICOM files whose tags tell what they show. Floor 4.
 *
 * For who has one exam at hand: a command line, a form, a node that has received a study. Names are those of the table's columns
 * (docs/FORMATS.md): the slots, exam_id, patient_id, side, and the fields of the clinical schema; an empty value is one that is not there.
 *
 * A file without a name is placed by the rules that make a table out of a folder (scan/facts.h, and rule 5 of scan/scan.h for an ultrasound
 * image whose plane is not said), but nothing is chosen and nothing left out: what cannot be told, or two files for one slot, is a fault of
 * the exam that names the file and what to do. Such a file is read once: the bytes that were looked at are those that are prepared.
 *
 * What is wrong with a name is an error; what is wrong with a value or a file is the exam's fault, as it is a row's in a table: the first
 * one counts, and the exam's other images are still looked at.
 */
#ifndef BMU_SCAN_DRAFT_H
#define BMU_SCAN_DRAFT_H

#include <stddef.h>

#include "base/err.h"
#include "exam/exam.h"
#include "image/decode.h"

struct draft;
/* schema NULL: no clinical value is known. Borrowed until draft_free(). */
int draft_new(struct draft **out, const struct schema *schema, struct err *e);
void draft_free(struct draft *d); /* NULL is allowed */

/* name=value; an image's value is its path. Both are copied. ERR_USAGE: the name is not known (the nearest ones are named), or was given
 * before. ERR_NO_MEMORY. */
int draft_set(struct draft *d, const char *name, const char *value, struct err *e);
/* An image of a slot, from anywhere; what the source borrows must outlive the draft. ERR_USAGE: the slot was given before. */
int draft_image(struct draft *d, enum slot s, const struct exam_source *source, struct err *e);
/* A DICOM file that is to be placed by its tags. As above; ERR_USAGE: more files than an exam has slots. */
int draft_file(struct draft *d, const struct exam_source *source, struct err *e);
/* A word of a command line: NAME=VALUE, where NAME is letters, digits and '_'; anything else is the path of a DICOM file. ERR_USAGE,
 * ERR_NO_MEMORY. */
int draft_word(struct draft *d, const char *word, struct err *e);

/* Places the files without a name, and looks the whole over. Once, after the last of the above. ERR_NO_MEMORY, ERR_DECODER, ERR_INTERNAL:
 * nothing is known of the exam. */
int draft_finish(struct draft *d, struct decoder *decoder, struct err *e);
/* After draft_finish(); the draft's. fault->code is 0 if there is none. */
const struct exam *draft_exam(const struct draft *d);
const struct exam_fault *draft_fault(const struct draft *d);

#endif
