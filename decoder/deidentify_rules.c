/* De-identification by PS3.15 Annex E: the decisions. Floor 1. */
#include "deidentify_rules.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/days.h"
#include "base/hash.h"
#include "deidentify_table.h"

/* The combined actions of the table: what keeps an object of every IOD valid. Empty is valid where removal is asked of type 3, and a dummy
 * where emptiness is of type 2; the sequences of X/Z/U are references between images, kept with their UIDs mapped. */
enum table_action { X, Z, D, U, X_Z, Z_D, X_D, X_Z_D, X_Z_U };
static const enum deidentify_action meaning[] = {
    [X] = DEIDENTIFY_REMOVE,  [Z] = DEIDENTIFY_EMPTY,   [D] = DEIDENTIFY_DUMMY,     [U] = DEIDENTIFY_MAP_UID, [X_Z] = DEIDENTIFY_EMPTY,
    [Z_D] = DEIDENTIFY_DUMMY, [X_D] = DEIDENTIFY_DUMMY, [X_Z_D] = DEIDENTIFY_DUMMY, [X_Z_U] = DEIDENTIFY_KEEP};

static const struct row {
    uint32_t tag;
    enum table_action action;
} table[] = {
#define ROW(group, element, vr, action) {(uint32_t)(group) << 16 | (element), action},
    DEIDENTIFY_TABLE(ROW)
#undef ROW
};

/* What the options ask for, in place of the table. */
static const struct {
    uint32_t tag;
    enum deidentify_action action;
} options[] = {
    {0x00080012, DEIDENTIFY_SHIFT}, {0x00080013, DEIDENTIFY_KEEP},      {0x00080020, DEIDENTIFY_SHIFT}, {0x00080021, DEIDENTIFY_SHIFT},
    {0x00080022, DEIDENTIFY_SHIFT}, {0x00080023, DEIDENTIFY_SHIFT},     {0x0008002A, DEIDENTIFY_SHIFT}, {0x00080030, DEIDENTIFY_KEEP},
    {0x00080031, DEIDENTIFY_KEEP},  {0x00080032, DEIDENTIFY_KEEP},      {0x00080033, DEIDENTIFY_KEEP},  {0x00189074, DEIDENTIFY_SHIFT},
    {0x00189151, DEIDENTIFY_SHIFT}, {0x00100020, DEIDENTIFY_PSEUDONYM}, {0x00100040, DEIDENTIFY_KEEP},  {0x00101010, DEIDENTIFY_AGE},
};

const char *deidentify_action_name(enum deidentify_action a) {
    static const char *const names[DEIDENTIFY_ACTIONS] = {"keep", "remove", "empty", "dummy", "map_uid", "shift", "pseudonym", "age"};
    assert((int)a >= 0 && a < DEIDENTIFY_ACTIONS);
    return names[a];
}

static int by_tag(const void *key, const void *row) {
    uint32_t a = *(const uint32_t *)key, b = ((const struct row *)row)->tag;
    return (a > b) - (a < b);
}

static bool is_one_of(const char *vr, const char *list) {
    for (; *list; list += 3)
        if (strncmp(vr, list, 2) == 0)
            return true;
    return false;
}

/* Lookup tables and the pixels; an ICC profile may hold names, so it goes. */
static bool is_pixel_data(uint32_t tag) {
    uint32_t group = tag >> 16, element = tag & 0xFFFF;
    return tag == 0x7FE00010 || tag == 0x00283006 || (group == 0x0028 && element >= 0x1200 && element <= 0x1223);
}

enum deidentify_action deidentify_action(uint16_t group, uint16_t element, const char *vr, bool known) {
    uint32_t tag = (uint32_t)group << 16 | element;
    bool curve_or_overlay = group >= 0x5000 && group <= 0x60FF;
    if ((group & 1) || group < 8 || group >= 0xFFF0 || curve_or_overlay || !known)
        return DEIDENTIFY_REMOVE;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (options[i].tag == tag)
            return options[i].action;
    const struct row *row = bsearch(&tag, table, sizeof table / sizeof *table, sizeof *table, by_tag);
    if (row)
        return meaning[row->action];
    if (is_pixel_data(tag))
        return DEIDENTIFY_KEEP;
    if (is_one_of(vr, "UI "))
        return DEIDENTIFY_MAP_UID;
    return is_one_of(vr, "PN ST LT UT UC UR UN DA DT TM AE OB OW OF OD OL OV ") ? DEIDENTIFY_REMOVE : DEIDENTIFY_KEEP;
}

static void keyed_hash(uint8_t digest[SHA256_SIZE], const uint8_t key[DEIDENTIFY_KEY_SIZE], const char *purpose, const char *text) {
    hmac_sha256(key, DEIDENTIFY_KEY_SIZE, purpose, strlen(purpose) + 1, text, strlen(text), digest);
}

void deidentify_pseudonym(char out[DEIDENTIFY_ID_SIZE + 1], const uint8_t key[DEIDENTIFY_KEY_SIZE], const char *patient_id) {
    uint8_t digest[SHA256_SIZE];
    char hex[SHA256_HEX_SIZE];
    keyed_hash(digest, key, "patient", patient_id);
    sha256_hex(digest, hex);
    snprintf(out, DEIDENTIFY_ID_SIZE + 1, "BMU-%.20s", hex);
}

/* 128 bits in decimal, by long division. */
static void decimal(char out[40], const uint8_t big_endian[16]) {
    uint8_t number[16];
    char digits[40];
    int n = 0;
    memcpy(number, big_endian, sizeof number);
    for (bool more = true; more;) {
        unsigned rest = 0;
        more = false;
        for (int i = 0; i < 16; i++) {
            unsigned value = rest << 8 | number[i];
            number[i] = (uint8_t)(value / 10);
            rest = value % 10;
            more = more || number[i];
        }
        digits[n++] = (char)('0' + rest);
    }
    for (int i = 0; i < n; i++)
        out[i] = digits[n - 1 - i];
    out[n] = 0;
}

void deidentify_uid(char out[DEIDENTIFY_UID_SIZE], const uint8_t key[DEIDENTIFY_KEY_SIZE], const char *uid) {
    static const char standard[] = "1.2.840.10008.";
    uint8_t digest[SHA256_SIZE];
    char number[40];
    if (strncmp(uid, standard, sizeof standard - 1) == 0 && strlen(uid) < DEIDENTIFY_UID_SIZE) {
        snprintf(out, DEIDENTIFY_UID_SIZE, "%.64s", uid);
        return;
    }
    keyed_hash(digest, key, "uid", uid);
    digest[6] = (uint8_t)((digest[6] & 0x0F) | 0x80); /* RFC 9562: version 8 */
    digest[8] = (uint8_t)((digest[8] & 0x3F) | 0x80);
    decimal(number, digest);
    snprintf(out, DEIDENTIFY_UID_SIZE, "2.25.%s", number);
}

int deidentify_days(const uint8_t key[DEIDENTIFY_KEY_SIZE], const char *patient_id) {
    uint8_t digest[SHA256_SIZE];
    keyed_hash(digest, key, "days", patient_id);
    uint32_t x = (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 | (uint32_t)digest[2] << 8 | digest[3];
    return 1 + (int)(x % DEIDENTIFY_DAYS_MAX);
}

/* The inverse of date_days(), Hinnant's civil_from_days. */
static void write_date(char out[9], int days) {
    int z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, of_era = z - era * 146097;
    int year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100), mp = (5 * of_year + 2) / 153;
    int day = of_year - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9, year = year_of_era + era * 400 + (month <= 2);
    char text[40];
    snprintf(text, sizeof text, "%04d%02d%02d", year, month, day);
    memcpy(out, text, 8);
    out[8] = 0;
}

bool deidentify_shift(char *value, int days) {
    char date[9] = {0};
    if (strlen(value) < 8)
        return false;
    memcpy(date, value, 8);
    int day = date_days(date);
    if (day == NO_DAY || day < date_days("18000101"))
        return false;
    write_date(date, day - days);
    memcpy(value, date, 8);
    return true;
}

bool deidentify_age(char *value) {
    if (strlen(value) != 4 || strspn(value, "0123456789") != 3 || !strchr("DWMY", value[3]))
        return false;
    int n = (value[0] - '0') * 100 + (value[1] - '0') * 10 + value[2] - '0';
    if (value[3] == 'Y' && n > 89)
        value[0] = '0', value[1] = '9', value[2] = '0'; /* "090Y" */
    return true;
}
