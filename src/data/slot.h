/* The eight image slots of an exam, in the network's order (mg1, mg2, us3 .. us8 of the published release). Floor 2. */
#ifndef BMU_DATA_SLOT_H
#define BMU_DATA_SLOT_H

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

#endif
