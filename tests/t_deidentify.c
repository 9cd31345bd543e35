/* De-identification: the table's order and actions, keyed stand-ins against published vectors and Python's arithmetic, dates, ages. Test
 * code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "deidentify_rules.h"
#include "deidentify_table.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void hmac_as_published(void **state) {
    (void)state;
    /* RFC 4231, test cases 2 and 6 */
    uint8_t digest[SHA256_SIZE], key[131];
    char hex[SHA256_HEX_SIZE];
    hmac_sha256((const uint8_t *)"Jefe", 4, "what do ya want ", 16, "for nothing?", 12, digest);
    sha256_hex(digest, hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    hmac_sha256(key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First", 54, "", 0, digest);
    sha256_hex(digest, hex);
    assert_string_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void the_table_is_in_order(void **state) {
    (void)state;
    static const uint32_t tags[] = {
#define TAG(group, element, vr, action) (uint32_t)(group) << 16 | (element),
        DEIDENTIFY_TABLE(TAG)
#undef TAG
    };
    assert_true(COUNT(tags) > 600);
    for (size_t i = 1; i < COUNT(tags); i++)
        assert_true(tags[i - 1] < tags[i]);
}

static void actions(void **state) {
    (void)state;
    static const struct {
        uint16_t group, element;
        const char *vr;
        bool known;
        enum deidentify_action action;
    } cases[] = {
        {0x0010, 0x0010, "PN", true, DEIDENTIFY_EMPTY},
        {0x0010, 0x0020, "LO", true, DEIDENTIFY_PSEUDONYM},
        {0x0010, 0x0030, "DA", true, DEIDENTIFY_EMPTY},
        {0x0010, 0x1010, "AS", true, DEIDENTIFY_AGE},
        {0x0010, 0x1000, "LO", true, DEIDENTIFY_REMOVE},
        {0x0008, 0x0018, "UI", true, DEIDENTIFY_MAP_UID},
        {0x0008, 0x0020, "DA", true, DEIDENTIFY_SHIFT},
        {0x0008, 0x0030, "TM", true, DEIDENTIFY_KEEP},
        {0x0008, 0x0016, "UI", true, DEIDENTIFY_MAP_UID},
        {0x0008, 0x0060, "CS", true, DEIDENTIFY_KEEP},
        {0x0008, 0x1140, "SQ", true, DEIDENTIFY_KEEP},
        {0x0008, 0x1010, "SH", true, DEIDENTIFY_DUMMY},
        {0x0040, 0xA730, "SQ", true, DEIDENTIFY_DUMMY},
        {0x0009, 0x1001, "LO", true, DEIDENTIFY_REMOVE},
        {0x0009, 0x0010, "LO", false, DEIDENTIFY_REMOVE},
        {0x5002, 0x0022, "LO", true, DEIDENTIFY_REMOVE},
        {0x6000, 0x3000, "OW", true, DEIDENTIFY_REMOVE},
        {0x0018, 0x7FFE, "LO", false, DEIDENTIFY_REMOVE},
        {0x7FE0, 0x0010, "OW", true, DEIDENTIFY_KEEP},
        {0x0028, 0x3006, "OW", true, DEIDENTIFY_KEEP},
        {0x0028, 0x2000, "OB", true, DEIDENTIFY_KEEP},
        {0x0008, 0x0070, "LO", true, DEIDENTIFY_KEEP},
        {0x0018, 0xFFFE, "UN", true, DEIDENTIFY_REMOVE},
        {0x0002, 0x0016, "AE", true, DEIDENTIFY_REMOVE},
        {0xFFFC, 0xFFFC, "OB", true, DEIDENTIFY_REMOVE},
        {0xFFFA, 0xFFFA, "SQ", true, DEIDENTIFY_REMOVE},
        /* an empty sequence is valid where its type is 2: Acquisition Context (PS3.3 C.7.6.14); not Referenced Study, Referenced
         * Performed Procedure Step, Institution Code, Operator Identification */
        {0x0040, 0x0555, "SQ", true, DEIDENTIFY_EMPTY},
        {0x0008, 0x1110, "SQ", true, DEIDENTIFY_REMOVE},
        {0x0008, 0x1111, "SQ", true, DEIDENTIFY_REMOVE},
        {0x0008, 0x0082, "SQ", true, DEIDENTIFY_REMOVE},
        {0x0008, 0x1072, "SQ", true, DEIDENTIFY_REMOVE},
        {0x0008, 0x0051, "SQ", true, DEIDENTIFY_REMOVE},
        /* curves are 50xx, overlays 60xx; functional groups are neither */
        {0x5200, 0x9229, "SQ", true, DEIDENTIFY_KEEP},
        {0x5200, 0x9230, "SQ", true, DEIDENTIFY_KEEP},
        {0x50FE, 0x3000, "OW", true, DEIDENTIFY_REMOVE},
        {0x60FE, 0x3000, "OW", true, DEIDENTIFY_REMOVE},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (deidentify_action(cases[i].group, cases[i].element, cases[i].vr, cases[i].known) != cases[i].action)
            fail_msg("(%04X,%04X) is not '%s'", cases[i].group, cases[i].element, deidentify_action_name(cases[i].action));
}

static void stand_ins(void **state) {
    (void)state;
    static const uint8_t key[DEIDENTIFY_KEY_SIZE] = "0123456789abcdefghijklmnopqrstuv", other[DEIDENTIFY_KEY_SIZE] = "1";
    char uid[DEIDENTIFY_UID_SIZE], again[DEIDENTIFY_UID_SIZE], id[DEIDENTIFY_ID_SIZE + 1];
    /* python3: import hmac; d = bytearray(hmac.new(key, b"uid\\0" + b"1.2.3", "sha256").digest()[:16]);
     * d[6] = d[6] & 15 | 128; d[8] = d[8] & 63 | 128; "2.25." + str(int.from_bytes(d, "big")) */
    deidentify_uid(uid, key, "1.2.3");
    assert_string_equal(uid, "2.25.213449112506438069224103339750180560271");
    deidentify_uid(again, other, "1.2.3");
    assert_string_not_equal(uid, again);
    deidentify_uid(again, key, "1.2.4");
    assert_string_not_equal(uid, again);
    deidentify_uid(uid, key, "1.2.840.10008.5.1.4.1.1.1.2");
    assert_string_equal(uid, "1.2.840.10008.5.1.4.1.1.1.2");
    deidentify_uid(uid, key, "1.2.840.100089.1");
    assert_memory_equal(uid, "2.25.", 5);
    /* "BMU-" + hmac.new(key, b"patient\\0" + b"P1", "sha256").hexdigest()[:20] */
    deidentify_pseudonym(id, key, "P1");
    assert_string_equal(id, "BMU-f3c51b9ef01b7beeb0a7");
    /* 1 + int.from_bytes(hmac.new(key, b"days\\0" + b"P1", "sha256").digest()[:4], "big") % 3650 */
    assert_int_equal(deidentify_days(key, "P1"), 1076);
    for (int i = 0; i < 1000; i++) {
        char patient[16];
        snprintf(patient, sizeof patient, "%d", i);
        assert_in_range(deidentify_days(key, patient), 1, DEIDENTIFY_DAYS_MAX);
    }
}

static void dates_and_ages(void **state) {
    (void)state;
    static const struct {
        const char *from;
        int days;
        const char *to; /* NULL: no date */
    } dates[] = {{"20200301", 1, "20200229"},
                 {"20190301", 1, "20190228"},
                 {"20000101", 1, "19991231"},
                 {"20240229", 366, "20230228"},
                 {"20201231", 3650, "20110103"},
                 {"20200301101112.5+0100", 60, "20200101101112.5+0100"},
                 {"20200230", 1, NULL},
                 {"QNAMEQQQ", 1, NULL},
                 {"2020", 1, NULL},
                 {"", 1, NULL},
                 {"17991231", 1, NULL}};
    for (size_t i = 0; i < COUNT(dates); i++) {
        char value[40];
        snprintf(value, sizeof value, "%s", dates[i].from);
        assert_int_equal(deidentify_shift(value, dates[i].days), dates[i].to != NULL);
        if (dates[i].to)
            assert_string_equal(value, dates[i].to);
    }
    static const struct {
        const char *from, *to;
    } ages[] = {{"047Y", "047Y"}, {"089Y", "089Y"}, {"090Y", "090Y"}, {"103Y", "090Y"}, {"101M", "101M"},
                {"47Y", NULL},    {"ANNA", NULL},   {"", NULL},       {"0470", NULL}};
    for (size_t i = 0; i < COUNT(ages); i++) {
        char value[8];
        snprintf(value, sizeof value, "%s", ages[i].from);
        assert_int_equal(deidentify_age(value), ages[i].to != NULL);
        if (ages[i].to)
            assert_string_equal(value, ages[i].to);
    }
}

/* ICC.1:2022 7.2, 7.3: a header of 128 bytes, a table of tags. Texts go, curves stay; what is no profile is said to be none. */
static void icc_profiles(void **state) {
    (void)state;
    uint8_t p[128 + 4 + 2 * 12 + 24 + 14] = {0};
    const size_t table = 128 + 4 + 24;
    p[3] = sizeof p;
    memcpy(p + 4, "QCMM", 4);
    memcpy(p + 12, "mntrRGB XYZ ", 12);
    p[25] = 7; /* a year */
    memcpy(p + 36, "acsp", 4);
    memcpy(p + 80, "QCRE", 4);
    p[131] = 2;
    memcpy(p + 132, "rTRC\0\0\0\x9C\0\0\0\x0E", 12);
    memcpy(p + 144, "desc\0\0\0\xAC\0\0\0\x16", 12);
    memcpy(p + table, "curv\0\0\0\0\0\0\0\1\2\3", 14);
    memcpy(p + table + 16, "desc\0\0\0\0\0\0\0\11Anna Q.\0", 20);
    uint8_t whole[sizeof p];
    memcpy(whole, p, sizeof p);
    assert_true(deidentify_icc(p, sizeof p));
    assert_memory_equal(p + table, "curv\0\0\0\0\0\0\0\1\2\3", 14);
    assert_memory_equal(p + table + 16, "desc\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22);
    assert_memory_equal(p + 12, "mntrRGB XYZ ", 12);
    assert_int_equal(p[4] | p[25] | p[80], 0);
    for (size_t n = 0; n < sizeof p; n++) {
        uint8_t cut[sizeof p];
        memcpy(cut, whole, sizeof p);
        assert_false(deidentify_icc(cut, n));
    }
    whole[36] = 'x';
    assert_false(deidentify_icc(whole, sizeof whole));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(hmac_as_published), cmocka_unit_test(the_table_is_in_order),
                                       cmocka_unit_test(actions),           cmocka_unit_test(stand_ins),
                                       cmocka_unit_test(dates_and_ages),    cmocka_unit_test(icc_profiles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
