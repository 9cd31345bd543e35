/* Scanning folders: what tags and names say, which studies belong together, which image stands for a view, clinical rows, walking. Facts
 * are made in memory; the expectations are the rules of scan/scan.h and the codes of DICOM PS3.16. Test code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/days.h"
#include "cohort/manifest.h"
#include "file/walk.h"
#include "scan/clinical.h"
#include "scan/names.h"
#include "scan/report.h"
#include "scan/scan.h"

#define SET(field, text) snprintf(field, sizeof(field), "%s", text)
#define COUNT(a) (sizeof(a) / sizeof *(a))

static struct arena arena;

/* --- facts from tags ------------------------------------------------------------------------------------------------------ */

static struct dicom *mammogram(void) {
    struct dicom *d = calloc(1, sizeof *d);
    assert_non_null(d);
    SET(d->modality, "MG");
    SET(d->patient_id, "P");
    SET(d->study, "1.2.3");
    SET(d->study_date, "20240229");
    SET(d->content_date, "20240301");
    SET(d->image_laterality, "L");
    SET(d->view_position, "CC");
    d->frames = 1;
    return d;
}

static struct dicom *ultrasound(void) {
    struct dicom *d = mammogram();
    SET(d->modality, "US");
    d->view_position[0] = 0;
    return d;
}

static struct scan_facts facts_of(struct dicom *d, double colour) {
    struct scan_facts f;
    assert_int_equal(scan_facts_from_dicom(&f, &arena, d, 100, 50, colour, NULL), 0);
    assert_int_equal(f.code == 0, f.reason[0] == 0);
    dicom_free(d);
    return f;
}

static int code_of(struct dicom *d) {
    return facts_of(d, 0).code;
}

static void a_plain_mammogram(void **state) {
    (void)state;
    struct scan_facts f = facts_of(mammogram(), 0);
    assert_int_equal(f.code, 0);
    assert_int_equal(f.modality, SCAN_MG);
    assert_false(f.is_mlo);
    assert_int_equal(f.side, 'L');
    assert_int_equal(f.pixels, 5000);
    assert_string_equal(f.study_date, "20240229");
    assert_string_equal(f.made, "20240301");
    struct dicom *d = mammogram();
    d->view_position[0] = 0;
    SET(d->view.value, "R-10226");
    SET(d->view.scheme, "SNM3");
    f = facts_of(d, 0);
    assert_int_equal(f.code, 0);
    assert_true(f.is_mlo);
}

#define BREAK(statement, expected)                                                                                                         \
    do {                                                                                                                                   \
        struct dicom *d = mammogram();                                                                                                     \
        statement;                                                                                                                         \
        assert_int_equal(code_of(d), expected);                                                                                            \
    } while (0)

static void mammograms_that_fill_no_slot(void **state) {
    (void)state;
    BREAK(SET(d->modality, "CT"), ERR_MODALITY_WRONG);
    BREAK(SET(d->intent, "FOR PROCESSING"), ERR_FOR_PROCESSING);
    BREAK(SET(d->sop_class, "1.2.840.10008.5.1.4.1.1.1.2.1"), ERR_FOR_PROCESSING);
    BREAK(d->frames_are_slices = true, ERR_TOMOSYNTHESIS);
    BREAK((SET(d->image_type[2], "TOMOSYNTHESIS"), d->n_image_type = 4), ERR_TOMOSYNTHESIS);
    BREAK((SET(d->image_type[3], "GENERATED_2D"), d->n_image_type = 4), ERR_TOMOSYNTHESIS);
    BREAK((SET(d->image_type[3], "POSTFIRE_PLUS15"), d->n_image_type = 4), ERR_VIEW_NOT_STANDARD);
    BREAK(d->implant = DICOM_YES, ERR_IMPLANT);
    BREAK(d->specimen = true, ERR_SPECIMEN);
    BREAK(SET(d->view_position, "ML"), ERR_VIEW_NOT_STANDARD);
    BREAK(d->view_position[0] = 0, ERR_VIEW_NOT_STANDARD);
    BREAK((SET(d->view.value, "399368009"), SET(d->view.scheme, "SCT")), ERR_VIEW_MISMATCH);
    BREAK((SET(d->view.value, "399162004"), SET(d->view.scheme, "99X")), ERR_VIEW_MISMATCH); /* the scheme counts */
    BREAK((SET(d->view_modifier[0].value, "399163009"), SET(d->view_modifier[0].scheme, "SCT"), d->n_view_modifiers = 1),
          ERR_VIEW_NOT_STANDARD);
    BREAK(d->image_laterality[0] = 0, ERR_SIDE_UNKNOWN);
    BREAK(SET(d->image_laterality, "B"), ERR_SIDE_UNKNOWN);
    BREAK(SET(d->laterality, "R"), ERR_SIDE_MISMATCH);
    BREAK(SET(d->body_part, "CHEST"), ERR_IMAGE_NOT_BREAST);
    BREAK(d->patient_id[0] = 0, ERR_SCAN_NO_PATIENT);
    BREAK(d->study[0] = 0, ERR_DICOM_SYNTAX);
    BREAK((SET(d->laterality, "L"), d->image_laterality[0] = 0), 0);
    BREAK((SET(d->modality, "US"), SET(d->organ, "THYROID")), ERR_IMAGE_NOT_BREAST);
    BREAK((SET(d->modality, "US"), SET(d->organ, "THYROID"), SET(d->body_part, "BREAST")), 0);
    BREAK((SET(d->modality, "US"), SET(d->organ, "BREAST")), 0);
}

static void ultrasound_kinds(void **state) {
    (void)state;
    struct dicom *d = ultrasound();
    assert_int_equal(facts_of(d, 0).kind, SCAN_BMODE);
    d = ultrasound();
    d->n_regions = 2;
    d->region[0].data_type = 1;
    d->region[1].data_type = 2;
    struct scan_facts f = facts_of(d, 0.01);
    assert_int_equal(f.code, 0);
    assert_int_equal(f.kind, SCAN_DOPPLER);
    d = ultrasound();
    SET(d->image_type[3], "0011");
    d->n_image_type = 4;
    assert_int_equal(facts_of(d, 0.1).kind, SCAN_DOPPLER);
    f = facts_of(ultrasound(), 0.4);
    assert_int_equal(f.code, 0);
    assert_int_equal(f.kind, SCAN_ELASTO);
    assert_int_equal(facts_of(ultrasound(), 0.1).code, ERR_IMAGE_KIND);
    assert_int_equal(facts_of(ultrasound(), 0.001).code, ERR_IMAGE_KIND);
    d = ultrasound();
    d->n_regions = 1;
    d->region[0].data_type = 1;
    assert_int_equal(facts_of(d, 0.001).code, 0); /* marks on a picture that says tissue only */
    d = ultrasound();
    d->n_regions = 1;
    d->region[0].data_type = 2;
    assert_int_equal(facts_of(d, 0.4).code, ERR_IMAGE_KIND);
}

static void ultrasound_planes(void **state) {
    (void)state;
    static const struct {
        const char *view, *modifier, *scheme, *row;
        enum scan_plane plane;
        int code;
    } cases[] = {
        {"", "", "", "", SCAN_PLANE_UNKNOWN, 0},
        {"62824007", "", "SCT", "", SCAN_TRANSVERSE, 0},
        {"G-A117", "", "SRT", "", SCAN_TRANSVERSE, 0},
        {"", "38717003", "SCT", "", SCAN_LONGITUDINAL, 0},
        {"", "G-A145", "SNM3", "", SCAN_LONGITUDINAL, 0},
        {"62824007", "", "LOCAL", "", SCAN_PLANE_UNKNOWN, 0},
        {"", "", "", "L", SCAN_TRANSVERSE, 0},
        {"", "", "", "R", SCAN_TRANSVERSE, 0},
        {"", "", "", "F", SCAN_LONGITUDINAL, 0},
        {"", "", "", "A", SCAN_PLANE_UNKNOWN, 0},
        {"62824007", "", "SCT", "L", SCAN_TRANSVERSE, 0},
        {"62824007", "", "SCT", "H", SCAN_TRANSVERSE, ERR_VIEW_MISMATCH},
        {"62824007", "38717003", "SCT", "", SCAN_TRANSVERSE, ERR_VIEW_MISMATCH},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct dicom *d = ultrasound();
        SET(d->view.value, cases[i].view);
        SET(d->view.scheme, cases[i].scheme);
        SET(d->view_modifier[0].value, cases[i].modifier);
        SET(d->view_modifier[0].scheme, cases[i].scheme);
        d->n_view_modifiers = cases[i].modifier[0] != 0;
        SET(d->orientation[0], cases[i].row);
        struct scan_facts f = facts_of(d, 0);
        assert_int_equal(f.plane, cases[i].plane);
        assert_int_equal(f.code, cases[i].code);
    }
}

static void colour_of_pictures(void **state) {
    (void)state;
    uint8_t pixels[4 * 3] = {10, 10, 10, 200, 100, 100, 255, 230, 225, 31, 0, 0}; /* grey; coloured; pale; dark */
    struct image im = {.width = 4, .height = 1, .channels = 3, .bits = 8, .pixels = pixels};
    assert_true(scan_colour(&im) == 0.25);
    struct dicom *d = ultrasound(); /* a banner in colour beside the pane */
    d->n_regions = 1;
    d->region[0] = (struct dicom_region){.spatial_format = 1, .data_type = 1, .x0 = 2, .x1 = 3};
    struct dicom_box box;
    im.dicom = d;
    im.height = 2;
    uint8_t two_rows[2 * sizeof pixels];
    memcpy(two_rows, pixels, sizeof pixels);
    memcpy(two_rows + sizeof pixels, pixels, sizeof pixels);
    im.pixels = two_rows;
    d->region[0].y1 = 1;
    assert_true(dicom_region_box(&box, &d->region[0], 4, 2) && scan_colour(&im) == 0);
    dicom_free(d);
    im.dicom = NULL;
    im.pixels = NULL;
    assert_true(scan_colour(&im) == 0);
}

/* --- names ---------------------------------------------------------------------------------------------------------------- */

static void names(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *path, *patient, *date;
        char side;
        enum slot slot;
        int code;
    } cases[] = {
        {"{patient}_{side}_{view}", "a/P1_L_CC.png", "P1", "", 'L', SLOT_MG_CC, 0},
        {"{patient}_{side}_{view}", "P_1_right_mlo.jpeg", "P_1", "", 'R', SLOT_MG_MLO, 0},
        {"{patient}/{date}/{side}*{view}", "P1/20240229/L x us_doppler_long.png", "P1", "20240229", 'L', SLOT_US_DOPPLER_LONG, 0},
        {"{patient}/{date}/{side}*{view}", "P1/20230229/L x us_doppler_long.png", "", "", 0, SLOT_MG_CC, ERR_SCAN_NO_TAGS},
        {"{patient}_{side}_{view}", "P1_L_ML.png", "", "", 0, SLOT_MG_CC, ERR_SCAN_NO_TAGS},
        {"{patient}_{side}_{view}", "_L_CC.png", "", "", 0, SLOT_MG_CC, ERR_SCAN_NO_TAGS},
        {"{patient}_{side}_{view}", "P1_L_CC", "P1", "", 'L', SLOT_MG_CC, 0},
        {"*{patient}_{side}_{view}", "P1_L_CC.png", "", "", 0, SLOT_MG_CC, ERR_SCAN_AMBIGUOUS},
        {"{patient}{side}{view}", "xLLCC", "", "", 0, SLOT_MG_CC, 0},
        {NULL, "P1_L_CC.png", "", "", 0, SLOT_MG_CC, ERR_SCAN_NO_TAGS},
    };
    static const struct image im = {.width = 3, .height = 4, .format = "PNG"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct scan_facts f;
        assert_int_equal(scan_facts_from_name(&f, &arena, cases[i].pattern, cases[i].path, &im, NULL), 0);
        if (f.code != cases[i].code)
            fail_msg("%s on %s: %s", cases[i].pattern ? cases[i].pattern : "none", cases[i].path, err_name(f.code));
        if (f.code || !cases[i].patient[0])
            continue;
        assert_string_equal(f.patient_id, cases[i].patient);
        assert_string_equal(f.study_date, cases[i].date);
        assert_int_equal(f.side, cases[i].side);
        assert_int_equal(f.modality, slot_is_mg(cases[i].slot) ? SCAN_MG : SCAN_US);
    }
    static const char *const wrong[] = {"", "{patient}{side}", "{patient}{side}{view}{view}", "{patient}{side}{view}{x}",
                                        "{patient}{side}{view}}"};
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_int_equal(scan_names_check(wrong[i], NULL), ERR_USAGE);
    assert_int_equal(scan_names_check("{patient}/*{date}_{side}{view}", NULL), 0);
    struct scan_facts f; /* backtracking is bounded */
    char longest[2000];
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = 0;
    assert_int_equal(scan_facts_from_name(&f, &arena, "*a*a*a*a*a*a{patient}{side}{view}", longest, &im, NULL), 0);
    assert_int_equal(f.code, ERR_SCAN_AMBIGUOUS);
}

/* --- arranging ------------------------------------------------------------------------------------------------------------ */

struct made {
    const char *path, *patient, *study, *date;
    char side;
    const char *view; /* CC MLO, B D E with t l or ?: "Bt" */
    bool lossy;
    uint64_t pixels;
    int expected; /* the code; 0: used */
};

static struct scan *arrange(const struct made *m, size_t n, bool first_is_transverse) {
    struct scan *s;
    struct scan_options o = {.first_is_transverse = first_is_transverse};
    assert_int_equal(scan_new(&s, n, NULL), 0);
    for (size_t i = 0; i < n; i++) {
        struct scan_file *f = &s->files[i];
        struct scan_facts *x = &f->facts;
        f->path = m[i].path;
        f->hashed = true;
        memset(f->sha256, (int)i + 1, sizeof f->sha256);
        x->patient_id = m[i].patient;
        x->study = m[i].study;
        x->side = m[i].side;
        x->lossy = m[i].lossy;
        x->pixels = m[i].pixels;
        snprintf(x->study_date, sizeof x->study_date, "%.8s", m[i].date);
        SET(x->made, m[i].date);
        x->instance = m[i].path;
        x->modality = m[i].view[1] == 'C' || m[i].view[1] == 'L' ? SCAN_MG : SCAN_US;
        x->is_mlo = m[i].view[0] == 'M';
        x->kind = m[i].view[0] == 'D' ? SCAN_DOPPLER : m[i].view[0] == 'E' ? SCAN_ELASTO : SCAN_BMODE;
        x->plane = m[i].view[1] == 't' ? SCAN_TRANSVERSE : m[i].view[1] == 'l' ? SCAN_LONGITUDINAL : SCAN_PLANE_UNKNOWN;
    }
    assert_int_equal(scan_arrange(s, &o, NULL), 0);
    return s;
}

/* Every file is either used, and then in exactly the slot that points to it, or has a code and a sentence. */
static void assert_whole(const struct scan *s) {
    size_t used = 0, held = 0;
    for (size_t i = 0; i < s->n_files; i++) {
        const struct scan_file *f = &s->files[i];
        used += f->used;
        assert_int_equal(f->used, f->why == 0);
        assert_int_equal(f->used, f->sentence[0] == 0);
        if (f->used)
            assert_int_equal(s->exams[f->exam].file[f->slot], i);
    }
    for (size_t i = 0; i < s->n_exams; i++)
        for (int v = 0; v < SLOT_COUNT; v++)
            held += s->exams[i].file[v] != SCAN_NO_FILE;
    assert_int_equal(used, held);
}

static void expect_codes(const struct made *m, size_t n, bool first_is_transverse, size_t exams) {
    for (int reversed = 0; reversed < 2; reversed++) { /* the order of the files does not matter */
        struct made copy[16];
        for (size_t i = 0; i < n; i++)
            copy[i] = m[reversed ? n - 1 - i : i];
        struct scan *s = arrange(copy, n, first_is_transverse);
        assert_whole(s);
        for (size_t i = 0; i < n; i++)
            if (s->files[i].why != copy[i].expected)
                fail_msg("%s: %s, not %s (%s)", copy[i].path, err_name(s->files[i].why), err_name(copy[i].expected), s->files[i].sentence);
        assert_int_equal(s->n_exams, exams);
        scan_free(s);
    }
}
#define EXPECT(list, first, exams) expect_codes(list, COUNT(list), first, exams)

static void one_breast_one_exam(void **state) {
    (void)state;
    static const struct made list[] = {
        {"1", "P", "m", "20240101", 'L', "CC", false, 1, 0},  {"2", "P", "m", "20240101", 'L', "ML", false, 1, 0},
        {"3", "P", "u", "20240110", 'L', "Bt", false, 1, 0},  {"4", "P", "u", "20240110", 'L', "Bl", false, 1, 0},
        {"5", "P", "u", "20240110", 'L', "Dt", false, 1, 0},  {"6", "P", "u", "20240110", 'L', "El", false, 1, 0},
        {"7", "P", "m", "20240101", 'R', "CC", false, 1, 0},  {"8", "Q", "u", "20240110", 'L', "Bt", false, 1, 0},
        {"9", "Q", "m2", "20200110", 'L', "CC", false, 1, 0},
    };
    struct scan *s = arrange(list, COUNT(list), false);
    assert_whole(s);
    assert_int_equal(s->n_exams, 4);
    static const char *const ids[] = {"P-L-20240101", "P-R-20240101", "Q-L-20200110", "Q-L-20240110"};
    for (size_t i = 0; i < COUNT(ids); i++)
        assert_string_equal(s->exams[i].exam_id, ids[i]);
    const long first[SLOT_COUNT] = {0, 1, 2, 3, 4, SCAN_NO_FILE, SCAN_NO_FILE, 5};
    assert_memory_equal(s->exams[0].file, first, sizeof first);
    scan_free(s);
    EXPECT(list, false, 4);
}

static void nearest_in_time(void **state) {
    (void)state;
    static const struct made nearer[] = {{"1", "P", "m", "20240101", 'L', "CC", false, 1, 0},
                                         {"2", "P", "u", "20240201", 'L', "Bt", false, 1, 0},
                                         {"3", "P", "v", "20240102", 'L', "Bt", false, 1, 0}};
    struct scan *s = arrange(nearer, COUNT(nearer), false);
    assert_int_equal(s->n_exams, 2);
    assert_int_equal(s->files[0].exam, s->files[2].exam);
    assert_int_not_equal(s->files[0].exam, s->files[1].exam);
    scan_free(s);
    static const struct made tie[] = {{"1", "P", "m", "20240115", 'L', "CC", false, 1, 0},
                                      {"2", "P", "u", "20240110", 'L', "Bt", false, 1, 0},
                                      {"3", "P", "v", "20240120", 'L', "Bt", false, 1, 0},
                                      {"4", "P", "v", "20240120", 'R', "Bt", false, 1, 0}};
    EXPECT(tie, false, 3);
    s = arrange(tie, COUNT(tie), false); /* the latest of those equally near */
    assert_int_equal(s->files[0].exam, s->files[2].exam);
    assert_non_null(strstr(s->files[2].remark, "the latest"));
    assert_int_equal(s->files[0].remark[0], 0);
    assert_int_not_equal(s->files[0].exam, s->files[1].exam);
    assert_int_equal(scan_arrange(s, &(struct scan_options){.prefer_first = true}, NULL), 0);
    assert_whole(s);
    assert_int_equal(s->files[0].exam, s->files[1].exam);
    assert_non_null(strstr(s->files[1].remark, "the first"));
    const char *const only[] = {"m", "u"};
    assert_int_equal(scan_arrange(s, &(struct scan_options){.study = only, .n_studies = 2}, NULL), 0);
    assert_whole(s);
    assert_int_equal(s->files[2].why, ERR_SCAN_NOT_CHOSEN);
    assert_int_equal(s->files[0].exam, s->files[1].exam);
    scan_free(s);
    static const struct made same_day[] = {{"1", "P", "m", "20240115", 'L', "CC", false, 1, ERR_SCAN_AMBIGUOUS},
                                           {"2", "P", "u", "20240115", 'L', "Bt", false, 1, ERR_SCAN_AMBIGUOUS},
                                           {"3", "P", "v", "20240115", 'L', "Bt", false, 1, ERR_SCAN_AMBIGUOUS}};
    EXPECT(same_day, false, 0);
    static const struct made timed[] = {{"1", "P", "m", "20240115090000", 'L', "CC", false, 1, 0},
                                        {"2", "P", "u", "20240115110000", 'L', "Bt", false, 1, 0},
                                        {"3", "P", "v", "20240115100000", 'L', "Bt", false, 1, 0}};
    EXPECT(timed, false, 2);
    s = arrange(timed, COUNT(timed), false);
    assert_int_equal(s->files[0].exam, s->files[1].exam);
    scan_free(s);
    static const struct made same_study[] = {{"1", "P", "m", "20240115", 'L', "CC", false, 1, 0},
                                             {"2", "P", "m", "20240115", 'L', "Bt", false, 1, 0},
                                             {"3", "P", "v", "20240115", 'L', "Bt", false, 1, 0}};
    EXPECT(same_study, false, 2);
    static const struct made limit[] = {{"1", "P", "m", "20240101", 'L', "CC", false, 1, 0},
                                        {"2", "P", "u", "20240629", 'L', "Bt", false, 1, 0}};
    EXPECT(limit, false, 1); /* 180 days */
    static const struct made beyond[] = {{"1", "P", "m", "20240101", 'L', "CC", false, 1, 0},
                                         {"2", "P", "u", "20240630", 'L', "Bt", false, 1, 0}};
    EXPECT(beyond, false, 2);
    static const struct made undated[] = {{"1", "P", "m", "", 'L', "CC", false, 1, 0}, {"2", "P", "u", "20240630", 'L', "Bt", false, 1, 0}};
    EXPECT(undated, false, 2);
}

static void one_view_several_files(void **state) {
    (void)state;
    static const struct made later[] = {{"1", "P", "m", "20240101", 'L', "CC", false, 9, ERR_SCAN_NOT_CHOSEN},
                                        {"2", "P", "m", "20240102", 'L', "CC", true, 1, 0}};
    EXPECT(later, false, 1);
    static const struct made retaken[] = {{"1", "P", "m", "20240101101500", 'L', "CC", false, 9, ERR_SCAN_NOT_CHOSEN},
                                          {"2", "P", "m", "20240101101730", 'L', "CC", true, 1, 0}};
    EXPECT(retaken, false, 1);
    static const struct made half_timed[] = {{"1", "P", "m", "20240101101500", 'L', "CC", false, 9, ERR_SCAN_AMBIGUOUS},
                                             {"2", "P", "m", "20240101", 'L', "CC", false, 9, ERR_SCAN_AMBIGUOUS}};
    EXPECT(half_timed, false, 0);
    static const struct made lossy[] = {{"1", "P", "m", "20240101", 'L', "CC", true, 9, ERR_SCAN_NOT_CHOSEN},
                                        {"2", "P", "m", "20240101", 'L', "CC", false, 1, 0}};
    EXPECT(lossy, false, 1);
    static const struct made larger[] = {{"1", "P", "m", "20240101", 'L', "CC", false, 9, 0},
                                         {"2", "P", "m", "20240101", 'L', "CC", false, 1, ERR_SCAN_NOT_CHOSEN},
                                         {"3", "P", "m", "20240101", 'L', "CC", true, 9, ERR_SCAN_NOT_CHOSEN}};
    EXPECT(larger, false, 1);
    static const struct made equal[] = {{"1", "P", "m", "20240101", 'L', "CC", false, 9, ERR_SCAN_AMBIGUOUS},
                                        {"2", "P", "m", "20240101", 'L', "CC", false, 9, ERR_SCAN_AMBIGUOUS},
                                        {"3", "P", "m", "20240101", 'L', "CC", false, 1, ERR_SCAN_AMBIGUOUS},
                                        {"4", "P", "m", "20240101", 'L', "ML", false, 1, 0}};
    EXPECT(equal, false, 1);
    static const struct made none_left[] = {{"1", "P", "m", "20240101", 'L', "CC", false, 9, ERR_SCAN_AMBIGUOUS},
                                            {"2", "P", "m", "20240101", 'L', "CC", false, 9, ERR_SCAN_AMBIGUOUS}};
    EXPECT(none_left, false, 0);
    static const struct made lesions[] = {{"1", "P", "u", "20240101", 'L', "Bt", false, 9, ERR_SCAN_AMBIGUOUS},
                                          {"2", "P", "u", "20240101", 'L', "Bt", true, 1, ERR_SCAN_AMBIGUOUS},
                                          {"3", "P", "u", "20240101", 'L', "Bl", false, 1, 0}};
    EXPECT(lesions, false, 1);
}

static void planes_not_said(void **state) {
    (void)state;
    static const struct made alone[] = {{"1", "P", "u", "20240101", 'L', "B?", false, 9, 0},
                                        {"2", "P", "u", "20240101", 'L', "D?", false, 9, 0}};
    struct scan *s = arrange(alone, 2, false);
    assert_int_equal(s->files[0].slot, SLOT_US_BMODE_TRANS);
    assert_int_equal(s->files[1].slot, SLOT_US_DOPPLER_TRANS);
    assert_true(s->files[0].remark[0]);
    scan_free(s);
    static const struct made two[] = {{"1", "P", "u", "20240101", 'L', "B?", false, 9, ERR_SCAN_PLANE},
                                      {"2", "P", "u", "20240101", 'L', "B?", false, 9, ERR_SCAN_PLANE}};
    EXPECT(two, false, 0);
    s = arrange(two, 2, true);
    assert_int_equal(s->files[0].slot, SLOT_US_BMODE_TRANS);
    assert_int_equal(s->files[1].slot, SLOT_US_BMODE_LONG);
    scan_free(s);
    static const struct made with_one[] = {{"1", "P", "u", "20240101", 'L', "Bt", false, 9, 0},
                                           {"2", "P", "u", "20240101", 'L', "B?", false, 9, ERR_SCAN_PLANE}};
    EXPECT(with_one, true, 1);
    static const struct made three[] = {{"1", "P", "u", "20240101", 'L', "B?", false, 9, ERR_SCAN_PLANE},
                                        {"2", "P", "u", "20240101", 'L', "B?", false, 9, ERR_SCAN_PLANE},
                                        {"3", "P", "u", "20240101", 'L', "B?", false, 9, ERR_SCAN_PLANE}};
    EXPECT(three, true, 0);
}

static void copies_and_codes(void **state) {
    (void)state;
    struct scan *s;
    assert_int_equal(scan_new(&s, 4, NULL), 0);
    static const char *const paths[] = {"b", "a", "c", "d"};
    for (int i = 0; i < 4; i++) {
        s->files[i].path = paths[i];
        s->files[i].hashed = true;
        s->files[i].facts.patient_id = "P";
        s->files[i].facts.study = "s";
        s->files[i].facts.side = 'L';
        s->files[i].facts.modality = SCAN_MG;
    }
    memset(s->files[2].sha256, 7, 32);
    s->files[2].facts.is_mlo = true;
    s->files[3].code = ERR_IMAGE_TYPE;
    s->files[3].reason = "no image";
    assert_int_equal(scan_arrange(s, NULL, NULL), 0);
    assert_whole(s);
    assert_true(s->files[1].used && s->files[2].used); /* "a" stands for both */
    assert_int_equal(s->files[0].why, ERR_SCAN_DUPLICATE);
    assert_string_equal(s->files[0].other_path, "a");
    assert_int_equal(s->files[3].why, ERR_IMAGE_TYPE);
    assert_string_equal(s->exams[0].exam_id, "P-L");
    s->files[1].facts.patient_id = "Q"; /* the same bytes of two patients: neither */
    assert_int_equal(scan_arrange(s, NULL, NULL), 0);
    assert_whole(s);
    assert_int_equal(s->files[0].why, ERR_SCAN_AMBIGUOUS);
    assert_int_equal(s->files[1].why, ERR_SCAN_AMBIGUOUS);
    assert_true(s->files[2].used);
    scan_free(s);
}

static void ids_are_unique(void **state) {
    (void)state;
    static const struct made list[] = {{"1", "P", "a", "20240101", 'L', "CC", false, 9, 0},
                                       {"2", "P", "b", "20240101", 'L', "CC", false, 9, 0},
                                       {"3", "P-L-20240101", "c", "", 'L', "CC", false, 9, 0},
                                       {"4", "P", "d", "20240101", 'L', "ML", false, 9, 0}};
    struct scan *s = arrange(list, COUNT(list), false);
    assert_int_equal(s->n_exams, 4);
    assert_string_equal(s->exams[0].exam_id, "P-L-20240101");
    assert_string_equal(s->exams[1].exam_id, "P-L-20240101-2");
    assert_string_equal(s->exams[2].exam_id, "P-L-20240101-3");
    assert_string_equal(s->exams[3].exam_id, "P-L-20240101-L");
    scan_free(s);
}

/* --- the clinical table --------------------------------------------------------------------------------------------------- */

static const char yaml[] = "name: t\nfields:\n  - {name: age, type: number, min: 18, max: 100, missing_allowed: true}\n";

static void clinical_rows(void **state) {
    (void)state;
    static const struct made list[] = {
        {"1", "P", "a", "20240101", 'L', "CC", false, 9, 0}, {"2", "P", "a", "20240101", 'R', "CC", false, 9, 0},
        {"3", "Q", "a", "20240101", 'L', "CC", false, 9, 0}, {"4", "Q", "b", "20220101", 'L', "CC", false, 9, 0},
        {"5", "S", "a", "20240101", 'L', "CC", false, 9, 0}, {"6", "T", "a", "20240101", 'L', "CC", false, 9, 0},
        {"7", "U", "a", "20240101", 'L', "CC", false, 9, 0}, {"8", "U", "b", "20220101", 'L', "CC", false, 9, 0}};
    static const char text[] = "patient_id,side,study_date,age,tier\n"
                               "P,L,,41,T1\nP,,,42,\nQ,,,43,\nS,,,44,\nS,,,45,\nX,,,46,\nT,x,,47,\nU,L,20220101,48,\"a,b\"\n";
    static const int why[] = {0, 0, ERR_SCAN_AMBIGUOUS, ERR_SCAN_AMBIGUOUS, ERR_SCAN_AMBIGUOUS, ERR_CLINICAL_UNMATCHED, ERR_VALUE_SYNTAX,
                              0};
    static const long rows[] = {0, 1, -1, -1, -1, -1, 7, -1};
    struct scan *s = arrange(list, COUNT(list), false);
    struct schema *schema;
    struct clinical_table *c;
    assert_int_equal(schema_parse_yaml(&schema, yaml, sizeof yaml - 1, NULL), 0);
    assert_int_equal(clinical_parse(&c, text, sizeof text - 1, schema, NULL), 0);
    assert_int_equal(clinical_join(c, s, NULL), 0);
    for (size_t i = 0; i < COUNT(why); i++)
        assert_int_equal(c->rows[i].why, why[i]);
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(s->exams[i].clinical_row, rows[i]);
    struct report_options how = {.centre = "C, 1", .clinical = c};
    struct buf out;
    buf_init(&out);
    assert_int_equal(report_check(&how, NULL), 0);
    assert_int_equal(report_csv(&out, s, &how, NULL), 0);
    struct manifest_options options = {.schema = schema};
    struct manifest *m;
    struct err e = {0};
    if (manifest_parse(&m, out.data, out.size, "", &options, &e))
        fail_msg("%s\n%s", e.message, out.data);
    assert_int_equal(m->n, 8);
    assert_int_equal(m->rows[0].fault.code, 0);
    assert_true(m->rows[0].exam.clinical[0].present && m->rows[0].exam.clinical[0].value == 41);
    assert_false(m->rows[2].exam.clinical[0].present);
    assert_string_equal(m->rows[0].center, "C, 1");
    assert_string_equal(m->rows[6].tier, "a,b");
    manifest_free(m);
    buf_release(&out);
    clinical_free(c);
    assert_int_equal(clinical_parse(&c, "patient_id,agee\n", 16, schema, &e), ERR_CSV_COLUMN_UNKNOWN);
    assert_non_null(strstr(e.message, "\"age\""));
    assert_int_equal(clinical_parse(&c, "age\n", 4, schema, NULL), ERR_CSV_COLUMN_MISSING);
    assert_int_equal(clinical_parse(&c, "patient_id,center\n", 18, schema, NULL), 0);
    how.clinical = c;
    assert_int_equal(report_check(&how, NULL), ERR_USAGE);
    clinical_free(c);
    schema_free(schema);
    scan_free(s);
}

/* --- walking -------------------------------------------------------------------------------------------------------------- */

static void touch(const char *path) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("x", f);
    fclose(f);
}

static void walking(void **state) {
    (void)state;
    char folder[] = "/tmp/t_scan_XXXXXX", command[64];
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(mkdir("b", 0700) | mkdir("b/deep", 0700) | mkdir("b/deep/er", 0700), 0);
    touch("b/2");
    touch("b.png");
    touch("a");
    touch("b/deep/er/x");
    assert_int_equal(symlink("..", "b/loop") | symlink("/nowhere", "dead") | mkfifo("pipe", 0600), 0);
    struct walk *w;
    assert_int_equal(walk_folder(&w, folder, NULL, NULL), 0);
    static const struct {
        const char *path;
        int code;
    } expected[] = {{"a", 0},
                    {"b.png", 0},
                    {"b/2", 0},
                    {"b/deep/er/x", 0},
                    {"b/loop", ERR_SCAN_NOT_FOLLOWED},
                    {"dead", ERR_SCAN_NOT_FOLLOWED},
                    {"pipe", ERR_SCAN_NOT_FOLLOWED}};
    assert_int_equal(w->n, COUNT(expected));
    for (size_t i = 0; i < w->n; i++) {
        assert_string_equal(w->files[i].path, expected[i].path);
        assert_int_equal(w->files[i].code, expected[i].code);
        assert_int_equal(w->files[i].reason[0] == 0, w->files[i].code == 0);
        assert_int_equal(w->files[i].size, w->files[i].code ? 0 : 1);
    }
    walk_free(w);
    struct walk_limits shallow = {.depth = 2}, few = {.entries = 5};
    assert_int_equal(walk_folder(&w, folder, &shallow, NULL), 0);
    assert_string_equal(w->files[3].path, "b/deep/er");
    assert_int_equal(w->files[3].code, ERR_LIMIT);
    walk_free(w);
    struct err e = {0};
    assert_int_equal(walk_folder(&w, folder, &few, &e), ERR_LIMIT);
    assert_null(w);
    assert_int_equal(walk_folder(&w, "/nowhere/at/all", NULL, &e), ERR_FILE_MISSING);
    assert_int_equal(walk_folder(&w, "a", NULL, &e), ERR_FILE_MISSING);
    assert_int_equal(chdir("/"), 0);
    static const char *const remove_list[] = {"b/deep/er/x", "b/deep/er", "b/deep", "b/2", "b/loop", "b", "b.png", "a", "dead", "pipe", ""};
    for (size_t i = 0; i < COUNT(remove_list); i++) {
        snprintf(command, sizeof command, "%s/%s", folder, remove_list[i]);
        assert_int_equal(remove(command), 0);
    }
}

static int begin(void **state) {
    (void)state;
    arena_init(&arena, 0);
    return 0;
}
static int end(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_mammogram),      cmocka_unit_test(mammograms_that_fill_no_slot),
        cmocka_unit_test(ultrasound_kinds),       cmocka_unit_test(ultrasound_planes),
        cmocka_unit_test(colour_of_pictures),     cmocka_unit_test(names),
        cmocka_unit_test(one_breast_one_exam),    cmocka_unit_test(nearest_in_time),
        cmocka_unit_test(one_view_several_files), cmocka_unit_test(planes_not_said),
        cmocka_unit_test(copies_and_codes),       cmocka_unit_test(ids_are_unique),
        cmocka_unit_test(clinical_rows),          cmocka_unit_test(walking),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
