/* Do images belong together: days of the calendar against the C library's, each rule between two views, each rule between rows. Test code.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/days.h"
#include "cohort/identity.h"
#include "prep/consistency.h"

/* Every day of the years 1 to 9999, in order, is one more than the day before, and what timegm() counts. */
static void days_are_those_of_the_c_library(void **state) {
    (void)state;
    struct tm first = {.tm_year = 1 - 1900, .tm_mday = 1};
    long expected = (long)(timegm(&first) / 86400), seen = 0;
    for (int year = 1; year <= 9999; year++)
        for (int month = 0; month <= 13; month++)
            for (int day = 0; day <= 32; day++) {
                char text[32];
                struct tm t = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
                snprintf(text, sizeof text, "%04d%02d%02d", year, month, day);
                bool exists = false;
                if (day == 1 || day > 27) { /* the ends of months are where it can go wrong; the library is slow */
                    time_t at = timegm(&t);
                    exists = month >= 1 && month <= 12 && day >= 1 && t.tm_mday == day && t.tm_mon == month - 1;
                    if (exists && (long)(at / 86400) != expected)
                        fail_msg("%s: the C library counts %ld, not %ld", text, (long)(at / 86400), expected);
                } else {
                    exists = month >= 1 && month <= 12 && day >= 1;
                }
                const int days = date_days(text);
                if ((days != NO_DAY) != exists || (exists && days != expected))
                    fail_msg("%s: %d, not %ld", text, days, expected);
                expected += exists;
                seen += exists;
            }
    assert_int_equal(seen, 3652059); /* from 0001-01-01 to 9999-12-31, as Python's date.max.toordinal() has it */
}

static void what_is_no_day(void **state) {
    (void)state;
    static const char *const texts[] = {NULL,
                                        "",
                                        "2023",
                                        "2023.01.05",
                                        "202301011",
                                        "2023010",
                                        "20230229",
                                        "19000229",
                                        "2100 101",
                                        "-0010101",
                                        "00000101",
                                        "2023130",
                                        "20231301",
                                        "2023-1-01",
                                        "\xd9\xa2"
                                        "023010"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(date_days(texts[i]), NO_DAY);
    assert_int_equal(date_days("20000229"), 11016);
}

/* --- two views */

static void say(char *to, size_t room, const char *text) {
    snprintf(to, room, "%s", text);
}

static struct verdict whole(void) {
    struct verdict v = {0};
    for (int s = 0; s < SLOT_COUNT; s++) {
        struct input_verdict *u = &v.input[s];
        u->status = INPUT_USED;
        u->prepared = true;
        u->facts.dicom = true;
        u->facts.side = 'L';
        u->facts.pixel_sha256[0] = (uint8_t)(s + 1);
        say(u->facts.patient_id, sizeof u->facts.patient_id, "P1");
        say(u->facts.study, sizeof u->facts.study, slot_is_mg((enum slot)s) ? "1.2.3" : "1.2.4");
        say(u->facts.study_date, sizeof u->facts.study_date, "20240101");
    }
    return v;
}

enum what { NOTHING, PATIENT, SIDE, STUDY, CONTENT, STUDY_DATE, PIXELS };
static const struct rule {
    enum what what;
    const char *value;
    int mg, us; /* the code where an mg slot says so, where a us slot says so */
} rules[] = {
    {NOTHING, "", 0, 0},
    {PATIENT, "P2", ERR_PATIENT_MISMATCH, ERR_PATIENT_MISMATCH},
    {PATIENT, "p1", ERR_PATIENT_MISMATCH, ERR_PATIENT_MISMATCH},
    {PATIENT, "", 0, 0},
    {SIDE, "R", ERR_SIDE_MISMATCH, ERR_SIDE_MISMATCH},
    {SIDE, "B", 0, 0},
    {SIDE, "", 0, 0},
    {STUDY, "1.2.5", ERR_STUDY_MISMATCH, ERR_STUDY_MISMATCH},
    {STUDY, "", 0, 0},
    {CONTENT, "20240629", 0, 0}, /* 180 days after 2024-01-01, by Python's date */
    {CONTENT, "20240630", ERR_DATE_APART, ERR_DATE_APART},
    {CONTENT, "20230705", 0, 0},
    {CONTENT, "20230704", ERR_DATE_APART, ERR_DATE_APART},
    {CONTENT, "no day", 0, 0}, /* then the study's counts */
    {STUDY_DATE, "20240630", ERR_DATE_APART, ERR_DATE_APART},
    {STUDY_DATE, "", 0, 0},
};

static void set_fact(struct view_facts *f, enum what what, const char *value) {
    if (what == PATIENT)
        say(f->patient_id, sizeof f->patient_id, value);
    else if (what == SIDE)
        f->side = value[0];
    else if (what == STUDY)
        say(f->study, sizeof f->study, value);
    else if (what == CONTENT)
        say(f->content_date, sizeof f->content_date, value);
    else if (what == STUDY_DATE)
        say(f->study_date, sizeof f->study_date, value);
}

static void each_rule_between_two_views(void **state) {
    (void)state;
    static const struct exam left = {.exam_id = "E", .side = "L"}, open = {.exam_id = "E", .side = ""};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        for (int s = 0; s < SLOT_COUNT; s++)
            for (int table = 0; table < 2; table++) {
                struct verdict v = whole();
                struct err e = {0};
                int code = slot_is_mg((enum slot)s) ? rules[i].mg : rules[i].us;
                set_fact(&v.input[s].facts, rules[i].what, rules[i].value);
                int got = exam_consistent(table ? &left : &open, &v, false, &e);
                if (got != code || e.code != code)
                    fail_msg("rule %zu, %s: %s, not %s", i, slot_name((enum slot)s), err_name(got), err_name(code));
                assert_true(!code || strstr(e.message, slot_name((enum slot)s)));
                assert_null(strstr(e.message, "P1"));
                v.input[s].status = INPUT_REFUSED; /* what is not used contradicts nothing */
                assert_int_equal(exam_consistent(&left, &v, false, &e), 0);
            }
}

static void the_same_pixels_in_any_two_slots(void **state) {
    (void)state;
    static const struct exam open = {.exam_id = "E", .side = ""};
    for (int a = 0; a < SLOT_COUNT; a++)
        for (int b = 0; b < a; b++) {
            struct verdict v = whole();
            memcpy(v.input[a].facts.pixel_sha256, v.input[b].facts.pixel_sha256, sizeof v.input[a].facts.pixel_sha256);
            assert_int_equal(exam_consistent(&open, &v, false, NULL), ERR_VIEW_DUPLICATE);
        }
}

static void the_side_of_the_table(void **state) {
    (void)state;
    static const struct exam right = {.exam_id = "E", .side = "R"};
    struct verdict v = whole();
    assert_int_equal(exam_consistent(&right, &v, false, NULL), ERR_SIDE_MISMATCH);
    for (int s = 0; s < SLOT_COUNT; s++)
        v.input[s].facts.side = 0;
    assert_int_equal(exam_consistent(&right, &v, false, NULL), 0);
}

/* --- rows */

static void judge(const char *const rows[][2], const enum identity_fault *expected, size_t n) {
    struct identity_claim claims[8];
    enum identity_fault faults[8];
    assert_true(n <= 8);
    for (size_t turn = 0; turn < n; turn++) { /* the order of the rows does not matter */
        for (size_t i = 0; i < n; i++)
            claims[i] = (struct identity_claim){i, rows[(i + turn) % n][0], rows[(i + turn) % n][1]};
        assert_int_equal(identity_judge(faults, claims, n, NULL), 0);
        for (size_t i = 0; i < n; i++)
            if (faults[i] != expected[(i + turn) % n])
                fail_msg("row %s, %s: %d", claims[i].patient_id, claims[i].file, (int)faults[i]);
    }
}

#define JUDGE(expected, ...)                                                                                                               \
    judge((const char *const[][2]){__VA_ARGS__}, (const enum identity_fault[8])expected,                                                   \
          sizeof((const char *const[][2]){__VA_ARGS__}) / sizeof(const char *[2]))
#define LIST(...)                                                                                                                          \
    { __VA_ARGS__ }

static void rows_against_rows(void **state) {
    (void)state;
    JUDGE(LIST(0, 0, 0), {"a", "1"}, {"a", "1"}, {"b", "2"}); /* pseudonyms */
    JUDGE(LIST(0, 0, 0), {"1", "1"}, {"1", "1"}, {"2", "2"}); /* PatientIDs */
    JUDGE(LIST(1, 1, 0), {"a", "1"}, {"a", "2"}, {"b", "3"}); /* one pseudonym, two patients */
    JUDGE(LIST(2, 2, 0), {"a", "1"}, {"b", "1"}, {"c", "3"}); /* one patient, two pseudonyms */
    JUDGE(LIST(1, 1, 2, 0), {"a", "1"}, {"a", "2"}, {"b", "2"}, {"c", "3"});
    JUDGE(LIST(0, 3), {"1", "1"}, {"x", "2"});                /* PatientIDs, but for one row */
    JUDGE(LIST(0, 3, 3), {"1", "1"}, {"3", "2"}, {"2", "3"}); /* two rows interchanged */
    JUDGE(LIST(0, 0), {"1", "2"}, {"2", "1"});                /* may be so: no row is equal */
    JUDGE(LIST(0), {"a", "b"});
    assert_int_equal(identity_judge(NULL, NULL, 0, NULL), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_are_those_of_the_c_library), cmocka_unit_test(what_is_no_day),
        cmocka_unit_test(each_rule_between_two_views),     cmocka_unit_test(the_same_pixels_in_any_two_slots),
        cmocka_unit_test(the_side_of_the_table),           cmocka_unit_test(rows_against_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
