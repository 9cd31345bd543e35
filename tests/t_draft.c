/* One exam without a table: names and their values, what is wrong with a name and what with a value, and DICOM files that their tags place.
 * The expectations are docs/FORMATS.md and the rules of scan/scan.h; the files are written here, their tags by PS3.3. Test code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "image/dicom_write.h"
#include "scan/draft.h"

static struct schema *schema;
static struct decoder *decoder;

static int set_up(void **state) {
    (void)state;
    static const char text[] = "name: test\nfields:\n"
                               "  - {name: age, type: number, min: 18, max: 100, unit: years, missing_allowed: true}\n"
                               "  - {name: menopausal, type: ordered, codes: [pre, peri, post], missing_allowed: true}\n";
    return schema_parse_yaml(&schema, text, sizeof text - 1, NULL) || decoder_open(&decoder, NULL, NULL);
}

static int tear_down(void **state) {
    (void)state;
    decoder_close(decoder);
    schema_free(schema);
    return 0;
}

static struct draft *new_draft(void) {
    struct draft *d = NULL;
    assert_int_equal(draft_new(&d, schema, NULL), 0);
    return d;
}

/* --- words --------------------------------------------------------------------------------------------------------------------- */

static void words_make_an_exam(void **state) {
    (void)state;
    static const char *const words[] = {"mg_cc=a=b.png", "us_bmode_trans=dir/c.png",
                                        "age=52",        "menopausal=POST",
                                        "side=left",     "exam_id=E 1",
                                        "patient_id=",   "us_bmode_long="};
    struct draft *d = new_draft();
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        assert_int_equal(draft_word(d, words[i], NULL), 0);
    assert_int_equal(draft_finish(d, decoder, NULL), 0);
    const struct exam *x = draft_exam(d);
    assert_int_equal(draft_fault(d)->code, 0);
    assert_string_equal(draft_fault(d)->reason, "");
    assert_int_equal(exam_slots(x), 1U << SLOT_MG_CC | 1U << SLOT_US_BMODE_TRANS);
    assert_int_equal(x->source[SLOT_MG_CC].kind, SOURCE_FILE);
    assert_string_equal(x->source[SLOT_MG_CC].name, "a=b.png"); /* the first '=' counts */
    assert_string_equal(x->source[SLOT_US_BMODE_TRANS].name, "dir/c.png");
    assert_string_equal(x->exam_id, "E 1");
    assert_string_equal(x->patient_id, "");
    assert_string_equal(x->side, "L");
    assert_true(x->clinical[0].present && x->clinical[0].value == 52);
    assert_true(x->clinical[1].present && x->clinical[1].value == 2);
    draft_free(d);
}

/* A wrong name is an error at once. */
static void wrong_words(void **state) {
    (void)state;
    static const struct {
        const char *first, *word, *says;
    } wrong[] = {
        {NULL, "us_bmode_tran=a.png", "us_bmode_trans"},
        {NULL, "ages=52", "age"},
        {NULL, "tier=T1", "no name of a slot"}, /* a table's column, but no part of an exam */
        {NULL, "mg1_path=a.png", "no name of a slot"},
        {"age=52", "age=52", "age is given twice"},
        {"age=", "age=52", "age is given twice"},
        {"mg_cc=a.png", "mg_cc=b.png", "mg_cc is given twice"},
        {"exam_id=", "exam_id=", "exam_id is given twice"},
        {NULL, "age", "age=VALUE"},
        {NULL, "mg_cc", "./mg_cc"},
        {NULL, "", "empty"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct draft *d = new_draft();
        struct err e = {0};
        assert_true(!wrong[i].first || draft_word(d, wrong[i].first, NULL) == 0);
        assert_int_equal(draft_word(d, wrong[i].word, &e), ERR_USAGE);
        if (!strstr(e.message, wrong[i].says))
            fail_msg("%s: %s", wrong[i].word, e.message);
        draft_free(d);
    }
    struct draft *d = NULL;
    struct err e = {0};
    assert_int_equal(draft_new(&d, NULL, NULL), 0); /* without a schema no clinical value is known */
    assert_int_equal(draft_word(d, "age=52", &e), ERR_USAGE);
    assert_non_null(strstr(e.message, "takes no clinical values"));
    for (int i = 0; i < SLOT_COUNT; i++)
        assert_int_equal(draft_word(d, "f.dcm", NULL), 0);
    assert_int_equal(draft_word(d, "f.dcm", NULL), ERR_USAGE);
    draft_free(d);
}

/* A wrong value is the exam's fault, the first one counts, and it can still be looked at. */
static void wrong_values(void **state) {
    (void)state;
    static const struct {
        const char *word;
        int code;
    } wrong[] = {
        {"age=17", ERR_VALUE_RANGE},
        {"age=fifty", ERR_VALUE_SYNTAX},
        {"menopausal=late", ERR_VALUE_SYNTAX},
        {"side=both", ERR_VALUE_SYNTAX},
        {"exam_id= E", ERR_VALUE_SYNTAX},
        {"patient_id=\xff", ERR_VALUE_SYNTAX},
        {"mg_mlo=./a.png", ERR_VIEW_DUPLICATE},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct draft *d = new_draft();
        struct err e = {0};
        assert_int_equal(draft_word(d, "mg_cc=a.png", NULL), 0);
        assert_int_equal(draft_word(d, wrong[i].word, &e), 0);
        assert_int_equal(draft_finish(d, decoder, NULL), 0);
        assert_int_equal(draft_fault(d)->code, wrong[i].code);
        assert_true(draft_fault(d)->reason[0] != 0);
        assert_true(exam_has(draft_exam(d), SLOT_MG_CC));
        draft_free(d);
    }
    struct draft *d = new_draft();
    assert_int_equal(draft_word(d, "age=17", NULL), 0);
    assert_int_equal(draft_word(d, "side=both", NULL), 0);
    assert_int_equal(draft_finish(d, decoder, NULL), 0);
    assert_int_equal(draft_fault(d)->code, ERR_VALUE_RANGE);
    draft_free(d);
    d = new_draft();
    assert_int_equal(draft_word(d, "age=52", NULL), 0);
    assert_int_equal(draft_finish(d, decoder, NULL), 0);
    assert_int_equal(draft_fault(d)->code, ERR_EXAM_NO_IMAGE);
    draft_free(d);
}

static void a_value_that_may_not_be_missing(void **state) {
    (void)state;
    static const char text[] = "name: strict\nfields:\n  - {name: age, type: number, min: 18, max: 100, missing_allowed: false}\n";
    for (int given = 0; given < 3; given++) {
        struct schema *strict = NULL;
        struct draft *d = NULL;
        assert_int_equal(schema_parse_yaml(&strict, text, sizeof text - 1, NULL), 0);
        assert_int_equal(draft_new(&d, strict, NULL), 0);
        assert_int_equal(draft_word(d, "mg_cc=a.png", NULL), 0);
        if (given)
            assert_int_equal(draft_word(d, given == 1 ? "age=unknown" : "age=52", NULL), 0);
        assert_int_equal(draft_finish(d, decoder, NULL), 0);
        assert_int_equal(draft_fault(d)->code, given == 2 ? 0 : ERR_VALUE_MISSING);
        draft_free(d);
        schema_free(strict);
    }
}

/* --- files that their tags place --------------------------------------------------------------------------------------------------- */

/* A file: grey ultrasound (row: the direction of its rows) or a mammogram (view). */
struct shown {
    const char *name, *view, *row;
    bool colour; /* half of it in colour, as elastography is */
};

static struct buf write_dicom(const struct shown *s) {
    const bool mg = s->view != NULL;
    struct image *im = NULL;
    struct buf out;
    struct err e = {0};
    struct dicom_facts f = {.kind = mg ? DICOM_KIND_MG : DICOM_KIND_US,
                            .patient_name = "N",
                            .patient_id = "",
                            .patient_years = 50,
                            .study_date = "20240229",
                            .study_time = "120000",
                            .study_id = "1",
                            .accession = "",
                            .study_description = "",
                            .series_description = "",
                            .image_comments = s->name,
                            .manufacturer = "",
                            .model = "",
                            .software = "",
                            .institution = "",
                            .side = 'L',
                            .mm = 0.1,
                            .view = s->view,
                            .orientation = {mg ? "A" : s->row, mg ? "F" : "P"},
                            .bits = 12,
                            .voi = DICOM_WINDOW_LINEAR,
                            .center = 2048,
                            .width = 4096,
                            .kvp = 28,
                            .breast_mm = 50,
                            .colour = s->colour,
                            .modes = 1};
    dicom_uid(f.study, "study");
    dicom_uid(f.series, mg ? "mg" : "us");
    dicom_uid(f.instance, s->name);
    buf_init(&out);
    assert_int_equal(image_new(&im, 40, 30, mg ? 1 : 3, mg ? 16 : 8, &e), 0);
    for (size_t i = 0; i < 40 * 30 && mg; i++)
        ((uint16_t *)im->pixels)[i] = (uint16_t)(i % 4096);
    for (size_t i = 0; i < (size_t)3 * 40 * 30 && !mg; i++)
        ((uint8_t *)im->pixels)[i] = (uint8_t)(i / 3 % 200);
    for (size_t i = 0; i < 40 * 30 && s->colour; i++)
        if (i % 40 < 20) /* the left half: red */
            memcpy((uint8_t *)im->pixels + 3 * i, "\xc8\0\0", 3);
    if (dicom_write(&out, im, &f, &e) != 0)
        fail_msg("%s", e.message);
    image_free(im);
    return out;
}

enum { FILES_MAX = 5 };
/* The draft of these files, and of one word more (or NULL). */
static struct draft *draft_of(struct buf bytes[FILES_MAX], const struct shown *files, size_t n, const char *word) {
    struct draft *d = new_draft();
    if (word)
        assert_int_equal(draft_word(d, word, NULL), 0);
    for (size_t i = 0; i < n; i++) {
        bytes[i] = write_dicom(&files[i]);
        const struct exam_source source = source_bytes(files[i].name, (const uint8_t *)bytes[i].data, bytes[i].size);
        assert_int_equal(draft_file(d, &source, NULL), 0);
    }
    assert_int_equal(draft_finish(d, decoder, NULL), 0);
    return d;
}

static void done(struct draft *d, struct buf *bytes, size_t n) {
    draft_free(d);
    for (size_t i = 0; i < n; i++)
        buf_release(&bytes[i]);
}

static void tags_tell_the_slot(void **state) {
    (void)state;
    static const struct shown files[] = {{.name = "1", .view = "MLO"},
                                         {.name = "2", .row = "F"},
                                         {.name = "3", .view = "CC"},
                                         {.name = "4", .row = "L"},
                                         {.name = "5", .row = "L", .colour = true}};
    static const enum slot slots[] = {SLOT_MG_MLO, SLOT_US_BMODE_LONG, SLOT_MG_CC, SLOT_US_BMODE_TRANS, SLOT_US_ELASTO_TRANS};
    struct buf bytes[FILES_MAX];
    struct draft *d = draft_of(bytes, files, 5, NULL);
    assert_int_equal(draft_fault(d)->code, 0);
    for (int i = 0; i < 5; i++) {
        const struct exam_source *s = &draft_exam(d)->source[slots[i]];
        assert_int_equal(s->kind, SOURCE_BYTES);
        assert_string_equal(s->name, files[i].name);
        assert_null(s->remark);
        assert_int_equal(s->n, bytes[i].size);
        assert_memory_equal(s->bytes, bytes[i].data, s->n);
    }
    done(d, bytes, 5);
}

static void what_cannot_be_told(void **state) {
    (void)state;
    static const struct {
        struct shown files[2];
        size_t n;
        const char *word;
        int code;
        const char *says;
    } cases[] = {
        {{{.name = "f1", .view = "CC"}, {.name = "f2", .view = "CC"}},
         2,
         NULL,
         ERR_SCAN_AMBIGUOUS,
         "f2: by its tags it shows mg_cc, and so does f1"},
        {{{.name = "f1", .view = "CC"}}, 1, "mg_cc=named.png", ERR_SCAN_AMBIGUOUS, "so does named.png"},
        {{{.name = "f1", .row = "A"}, {.name = "f2", .row = "A"}}, 2, NULL, ERR_SCAN_PLANE, "us_bmode_trans=FILE or us_bmode_long=FILE"},
        {{{.name = "f1", .row = "A"}, {.name = "f2", .row = "L"}}, 2, NULL, ERR_SCAN_PLANE, "f1: no attribute says"},
        {{{.name = "f1", .row = "A"}}, 1, "us_bmode_long=named.png", ERR_SCAN_PLANE, "another image of its kind"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf bytes[FILES_MAX];
        struct draft *d = draft_of(bytes, cases[i].files, cases[i].n, cases[i].word);
        assert_int_equal(draft_fault(d)->code, cases[i].code);
        if (!strstr(draft_fault(d)->reason, cases[i].says))
            fail_msg("case %zu: %s", i, draft_fault(d)->reason);
        done(d, bytes, cases[i].n);
    }
}

/* Rule 5 of scan/scan.h: alone of its kind it is the transverse view, and that is said. */
static void alone_of_its_kind(void **state) {
    (void)state;
    static const struct shown files[] = {{.name = "1", .row = "A"}, {.name = "2", .row = "L", .colour = true}};
    struct buf bytes[FILES_MAX];
    struct draft *d = draft_of(bytes, files, 2, NULL);
    assert_int_equal(draft_fault(d)->code, 0);
    assert_non_null(strstr(draft_exam(d)->source[SLOT_US_BMODE_TRANS].remark, "entered as transverse"));
    assert_null(draft_exam(d)->source[SLOT_US_ELASTO_TRANS].remark);
    done(d, bytes, 2);
}

static void files_without_tags(void **state) {
    (void)state;
    static const uint8_t text[] = "nothing";
    static const struct {
        const char *word;
        int code;
    } wrong[] = {
        {"share/demo/oval_us_bmode_trans.png", ERR_SCAN_NO_TAGS}, {"no/such/file.dcm", ERR_FILE_MISSING}, {"./age", ERR_FILE_MISSING}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct draft *d = new_draft();
        assert_int_equal(draft_word(d, wrong[i].word, NULL), 0);
        assert_int_equal(draft_finish(d, decoder, NULL), 0);
        assert_int_equal(draft_fault(d)->code, wrong[i].code);
        assert_non_null(strstr(draft_fault(d)->reason, wrong[i].word));
        assert_int_equal(exam_slots(draft_exam(d)), 0);
        draft_free(d);
    }
    struct draft *d = new_draft();
    const struct exam_source source = source_bytes("upload", text, sizeof text);
    assert_int_equal(draft_file(d, &source, NULL), 0);
    assert_int_equal(draft_finish(d, decoder, NULL), 0);
    assert_int_equal(draft_fault(d)->code, ERR_IMAGE_TYPE);
    draft_free(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_make_an_exam), cmocka_unit_test(wrong_words),
        cmocka_unit_test(wrong_values),       cmocka_unit_test(a_value_that_may_not_be_missing),
        cmocka_unit_test(tags_tell_the_slot), cmocka_unit_test(what_cannot_be_told),
        cmocka_unit_test(alone_of_its_kind),  cmocka_unit_test(files_without_tags),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
