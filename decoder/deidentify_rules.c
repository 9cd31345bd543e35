/* De-identification by PS3.15 Annex E: the decisions. Floor 1. */
#include "deidentify_rules.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/days.h"
#include "base/hash.h"
#include "base/mem.h"
#include "deidentify_table.h"

/* The combined actions of the table: what keeps an object of every IOD valid. Empty is valid where removal is asked of type 3, and a dummy
 * where emptiness is of type 2; the sequences of X/Z/U are references between images, kept with their UIDs mapped. A sequence has no dummy,
 * and an empty one is invalid wherever its type is not 2: those that may go do, but for the ones that some IOD wants there. */
enum table_action { X, Z, D, U, X_Z, Z_D, X_D, X_Z_D, X_Z_U };
static const enum deidentify_action meaning[] = {
    [X] = DEIDENTIFY_REMOVE,  [Z] = DEIDENTIFY_EMPTY,   [D] = DEIDENTIFY_DUMMY,     [U] = DEIDENTIFY_MAP_UID, [X_Z] = DEIDENTIFY_EMPTY,
    [Z_D] = DEIDENTIFY_DUMMY, [X_D] = DEIDENTIFY_DUMMY, [X_Z_D] = DEIDENTIFY_DUMMY, [X_Z_U] = DEIDENTIFY_KEEP};

enum { ACQUISITION_CONTEXT = 0x00400555 }; /* type 2 in PS3.3 C.7.6.14, of X-ray pictures among others */

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

/* Not in the table, but who gave a number out tells the hospital: issuers of accession number, patient ID, orders, and their facilities.
 * Their items' texts would go one by one and leave what is invalid. */
static bool is_issuer(uint32_t tag) {
    static const uint32_t tags[] = {0x00080051, 0x00100024, 0x00400026, 0x00400027, 0x00400036, 0x00400039, 0x0040003A};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (tags[i] == tag)
            return true;
    return false;
}

/* Lookup tables, the pixels, the profile of their colours. */
static bool is_pixel_data(uint32_t tag) {
    uint32_t group = tag >> 16, element = tag & 0xFFFF;
    return tag == 0x7FE00010 || tag == 0x00282000 || tag == 0x00283006 || (group == 0x0028 && element >= 0x1200 && element <= 0x1223);
}

enum deidentify_action deidentify_action(uint16_t group, uint16_t element, const char *vr, bool known) {
    uint32_t tag = (uint32_t)group << 16 | element;
    bool curve_or_overlay = (group & 0xFF00) == 0x5000 || (group & 0xFF00) == 0x6000; /* 5200: functional groups */
    if ((group & 1) || group < 8 || group >= 0xFFF0 || curve_or_overlay || !known)
        return DEIDENTIFY_REMOVE;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (options[i].tag == tag)
            return options[i].action;
    const struct row *row = bsearch(&tag, table, sizeof table / sizeof *table, sizeof *table, by_tag);
    if (row && is_one_of(vr, "SQ ") && (row->action == X_Z || row->action == X_D || row->action == X_Z_D))
        return tag == ACQUISITION_CONTEXT ? DEIDENTIFY_EMPTY : DEIDENTIFY_REMOVE;
    if (row)
        return meaning[row->action];
    if (is_pixel_data(tag))
        return DEIDENTIFY_KEEP;
    if (is_issuer(tag))
        return DEIDENTIFY_REMOVE;
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

static uint32_t big_endian(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

bool deidentify_icc(uint8_t *profile, size_t n) {
    enum { HEADER = 128, ENTRY = 12, TAGS_MAX = 256 };
    static const char numeric[][5] = {"wtpt", "bkpt", "rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC", "kTRC", "A2B0",
                                      "A2B1", "A2B2", "B2A0", "B2A1", "B2A2", "chad", "lumi", "gamt", "meas"};
    uint8_t *copy = NULL;
    if (n < HEADER + 4 || memcmp(profile + 36, "acsp", 4) != 0 || big_endian(profile) > n)
        return false;
    const uint32_t size = big_endian(profile), tags = big_endian(profile + HEADER);
    if (tags > TAGS_MAX || HEADER + 4 + (uint64_t)tags * ENTRY > size || !(copy = mem_alloc(1, n, NULL)))
        return false;
    const size_t values = HEADER + 4 + (size_t)tags * ENTRY;
    static const struct {
        size_t from, end;
    } kept[] = {{0, 4}, {8, 24}, {36, 40}, {64, 80}}; /* size, version, class, colour spaces, signature, intent, white point */
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        memcpy(copy + kept[i].from, profile + kept[i].from, kept[i].end - kept[i].from);
    memcpy(copy + HEADER, profile + HEADER, values - HEADER);
    bool ok = true;
    for (uint32_t t = 0; t < tags && ok; t++) {
        const uint8_t *entry = profile + HEADER + 4 + (size_t)t * ENTRY;
        const uint64_t at = big_endian(entry + 4), length = big_endian(entry + 8);
        ok = at >= values && at + length <= size && length >= 8;
        for (size_t i = 0; ok && i < sizeof numeric / sizeof *numeric; i++)
            if (memcmp(entry, numeric[i], 4) == 0)
                memcpy(copy + at, profile + at, length);
        if (ok)
            memcpy(copy + at, profile + at, 4); /* the type of what is now empty */
    }
    if (ok)
        memcpy(profile, copy, n);
    mem_free(copy);
    return ok;
}
