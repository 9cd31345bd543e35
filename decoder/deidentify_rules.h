/* De-identification by PS3.15 Annex E: what becomes of an attribute, and the keyed stand-ins for identifiers. Pure. Floor 1.
 *
 * Basic Application Level Confidentiality Profile with the options Retain Patient Characteristics (of these: age, capped, and sex), Retain
 * Longitudinal Temporal Information with Modified Dates (dates and times of the study, series, image; others by the basic profile) and, for
 * ultrasound, Clean Pixel Data. Stricter than the table in this: attributes that DICOM's dictionary does not know, private ones, curves,
 * overlays, free text (ST, LT, UT, UC, UR), person names, dates and binary values go even where the table does not name them, but for those
 * that the pixels need.
 *
 * Stand-ins are HMAC-SHA256 under a key of 32 random bytes: the same for the same key, and not to be undone or tried out without it.
 */
#ifndef BMU_DECODER_DEIDENTIFY_RULES_H
#define BMU_DECODER_DEIDENTIFY_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DEIDENTIFY_KEY_SIZE = 32 /* DEIDENTIFY_KEY */, DEIDENTIFY_ID_SIZE = 24, DEIDENTIFY_UID_SIZE = 65, DEIDENTIFY_DAYS_MAX = 3650 };

enum deidentify_action {
    DEIDENTIFY_KEEP,      /* of a sequence: its items are looked through */
    DEIDENTIFY_REMOVE,    /* X */
    DEIDENTIFY_EMPTY,     /* Z; a sequence without items */
    DEIDENTIFY_DUMMY,     /* D; a sequence without items */
    DEIDENTIFY_MAP_UID,   /* U */
    DEIDENTIFY_SHIFT,     /* C of the option Modified Dates */
    DEIDENTIFY_PSEUDONYM, /* Patient ID */
    DEIDENTIFY_AGE,       /* above 89 years: 090Y */
    DEIDENTIFY_ACTIONS
};
const char *deidentify_action_name(enum deidentify_action a); /* "keep", "remove", "empty" ... */

/* vr: two letters. known: the attribute is in DICOM's dictionary. */
enum deidentify_action deidentify_action(uint16_t group, uint16_t element, const char *vr, bool known);

/* "BMU-" and 20 digits of the hash of the Patient ID. */
void deidentify_pseudonym(char out[DEIDENTIFY_ID_SIZE + 1], const uint8_t key[DEIDENTIFY_KEY_SIZE], const char *patient_id);
/* 2.25.<128 bits> (PS3.5 B.2), a version 8 UUID; UIDs that DICOM itself defines (1.2.840.10008. ...) stay. */
void deidentify_uid(char out[DEIDENTIFY_UID_SIZE], const uint8_t key[DEIDENTIFY_KEY_SIZE], const char *uid);
/* Days by which a patient's dates go back: 1 .. DEIDENTIFY_DAYS_MAX. */
int deidentify_days(const uint8_t key[DEIDENTIFY_KEY_SIZE], const char *patient_id);
/* The first eight characters of a DA or DT value as a date `days` earlier, in place; false: it is none (then the value has to go). */
bool deidentify_shift(char *value, int days);
/* An AS value; false: it is none. */
bool deidentify_age(char *value);
/* An ICC profile, in place: nothing is left but its curves, matrices and tables; texts, names and dates become zeros. False: it is none
 * that this program can read (then it has to go). */
bool deidentify_icc(uint8_t *profile, size_t n);

#endif
