/* Names of the image slots. Floor 2. */
#include "data/slot.h"

#include <assert.h>

const char *slot_name(enum slot s) {
    static const char *const names[SLOT_COUNT] = {
        [SLOT_MG_CC] = "mg_cc",
        [SLOT_MG_MLO] = "mg_mlo",
        [SLOT_US_BMODE_TRANS] = "us_bmode_trans",
        [SLOT_US_BMODE_LONG] = "us_bmode_long",
        [SLOT_US_DOPPLER_TRANS] = "us_doppler_trans",
        [SLOT_US_DOPPLER_LONG] = "us_doppler_long",
        [SLOT_US_ELASTO_TRANS] = "us_elasto_trans",
        [SLOT_US_ELASTO_LONG] = "us_elasto_long",
    };
    assert((int)s >= 0 && s < SLOT_COUNT);
    return names[s];
}

bool slot_is_mg(enum slot s) {
    return s == SLOT_MG_CC || s == SLOT_MG_MLO;
}
