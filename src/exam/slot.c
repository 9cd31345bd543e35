/* Names of the image slots. Floor 3. */
#include "exam/slot.h"

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

enum kind slot_kind(enum slot s) {
    return (enum kind)(s / 2);
}

unsigned slot_kinds(unsigned slots) {
    unsigned kinds = 0;
    for (unsigned s = 0; s < SLOT_COUNT; s++)
        kinds |= slots >> s & 1U ? 1U << slot_kind((enum slot)s) : 0;
    return kinds;
}

const char *slot_kind_name(enum kind k) {
    static const char *const names[KIND_COUNT] = {"mg", "bmode", "doppler", "elasto"};
    return names[k];
}

const char *slot_kind_title(enum kind k) {
    static const char *const titles[KIND_COUNT] = {"mammography", "B-mode", "colour Doppler", "elastography"};
    return titles[k];
}
