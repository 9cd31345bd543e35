/* The eight image slots of an exam, in the network's order (mg1, mg2, us3 .. us8 of the published release). Floor 3. */
#ifndef BMU_EXAM_SLOT_H
#define BMU_EXAM_SLOT_H

#include <stdbool.h>

enum slot {
    SLOT_MG_CC,
    SLOT_MG_MLO,
    SLOT_US_BMODE_TRANS,
    SLOT_US_BMODE_LONG,
    SLOT_US_DOPPLER_TRANS,
    SLOT_US_DOPPLER_LONG,
    SLOT_US_ELASTO_TRANS,
    SLOT_US_ELASTO_LONG,
    SLOT_COUNT
};

const char *slot_name(enum slot s); /* "mg_cc", "us_bmode_trans" ...: our CSV column and JSON name */
bool slot_is_mg(enum slot s);

/* What kind of image stands in a slot: the two views of a kind go through one tower. */
enum kind { KIND_MG, KIND_BMODE, KIND_DOPPLER, KIND_ELASTO, KIND_COUNT };
enum { KINDS_ALL = (1 << KIND_COUNT) - 1, KINDS_ULTRASOUND = KINDS_ALL & ~(1 << KIND_MG) };
enum kind slot_kind(enum slot s);
unsigned slot_kinds(unsigned slots);      /* bit s: a slot -> bit k: a kind */
const char *slot_kind_name(enum kind k);  /* "mg", "bmode", "doppler", "elasto": in JSON */
const char *slot_kind_title(enum kind k); /* "mammography", "B-mode" ...: in sentences */

#endif
