/* One exam at a time: bytes in memory against files, the same predictor again and another one, threads over one model, what is known
 * against an exam. Two ways to the same numbers are compared bit for bit; refusals are those of docs/FORMATS.md. Pictures are the demo's
 * phantoms. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "trees.h"

#include "base/hash.h"
#include "file/io.h"
#include "image/image.h"
#include "infer/predictor.h"

static struct schema *schema;
static char model_path[64];

static char *demo(char out[512], const char *name) {
    const char *root = getenv("BMUNET_SOURCE");
    snprintf(out, 512, "%s/share/%s", root ? root : ".", name);
    return out;
}

static int set_up(void **state) {
    (void)state;
    char path[512];
    struct err e = {0};
    snprintf(model_path, sizeof model_path, "/tmp/bmunet-t-predictor-XXXXXX");
    int fd = mkstemp(model_path);
    if (fd < 0 || schema_read_yaml(&schema, demo(path, "schemas/clinical10.yml"), &e) != 0)
        return -1;
    close(fd);
    struct model_init_options o = {.network = NETWORK_BMU,
                                   .variant = VARIANT_MASKED,
                                   .clinical = CLINICAL_TOKEN,
                                   .schema = schema,
                                   .tree = shipped_tree(),
                                   .seed = 5,
                                   .small = true};
    return model_init(model_path, &o, &e);
}

static int tear_down(void **state) {
    (void)state;
    schema_free(schema);
    unlink(model_path);
    return 0;
}

static struct model *open_model(void) {
    struct model *m = NULL;
    struct err e = {0};
    if (model_open(&m, model_path, &(struct model_options){0}, &e) != 0)
        fail_msg("%s", e.message);
    return m;
}

static struct predictor *open_predictor(struct model *m, const struct predictor_options *o) {
    struct predictor *p = NULL;
    struct err e = {0};
    if (predictor_open(&p, m, o, &e) != 0)
        fail_msg("%s", e.message);
    return p;
}

/* Four exams: of one modality, of both, with values, and one that is refused. */
enum { EXAMS = 4 };
static const char *const files[EXAMS][SLOT_COUNT] = {
    {[SLOT_US_BMODE_TRANS] = "demo/oval_us_bmode_trans.png", [SLOT_US_BMODE_LONG] = "demo/oval_us_bmode_long.png"},
    {[SLOT_MG_MLO] = "demo/rough_mg_mlo.png", [SLOT_US_BMODE_TRANS] = "demo/rough_us_bmode_trans.png"},
    {[SLOT_MG_CC] = "demo/oval_mg_cc.png", [SLOT_US_DOPPLER_LONG] = "demo/oval_us_doppler_long.png"},
    {[SLOT_US_BMODE_TRANS] = "demo/oval_us_bmode_trans.png", [SLOT_US_BMODE_LONG] = "demo/cut_us_bmode_long.png"},
};
enum { REFUSED = 3 };

struct made { /* an exam with what it borrows */
    struct exam exam;
    char path[SLOT_COUNT][512];
    uint8_t *bytes[SLOT_COUNT];
    struct clinical clinical[SCHEMA_FIELDS_MAX];
};

static struct made *make(int number, bool from_memory) {
    struct made *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->exam = (struct exam){.exam_id = "e", .patient_id = "", .side = "", .clinical = m->clinical};
    m->clinical[0] = (struct clinical){.present = number == 2, .value = number == 2 ? 52 : 0};
    for (int s = 0; s < SLOT_COUNT; s++) {
        size_t n = 0;
        if (!files[number][s])
            continue;
        demo(m->path[s], files[number][s]);
        m->exam.source[s] = source_file(m->path[s]);
        if (!from_memory)
            continue;
        assert_int_equal(io_read_file(&m->bytes[s], &n, m->path[s], IMAGE_FILE_MAX, NULL), 0);
        m->exam.source[s] = source_bytes(m->path[s], m->bytes[s], n);
    }
    return m;
}

static void unmake(struct made *m) {
    for (int s = 0; s < SLOT_COUNT; s++)
        free(m->bytes[s]);
    free(m);
}

struct outcome {
    struct model_output output;
    struct verdict verdict;
};

static struct outcome run(struct predictor *p, const struct exam *x, const struct exam_fault *known) {
    const struct prediction *got = NULL;
    struct err e = {0};
    if (predictor_run(&got, p, x, known, &e) != 0)
        fail_msg("%s", e.message);
    assert_ptr_equal(got->exam, x);
    assert_int_equal(got->refused, got->verdict.code != 0);
    struct outcome out;
    memset(&out, 0, sizeof out);
    out.output = got->output;
    out.verdict = got->verdict;
    return out;
}

static void assert_same(const struct outcome *a, const struct outcome *b) {
    assert_memory_equal(&a->output, &b->output, sizeof a->output);
    assert_int_equal(a->verdict.code, b->verdict.code);
    assert_string_equal(a->verdict.reason, b->verdict.reason);
    for (int s = 0; s < SLOT_COUNT; s++) {
        const struct input_verdict *x = &a->verdict.input[s], *y = &b->verdict.input[s];
        assert_true(x->status == y->status && x->code == y->code && x->hashed == y->hashed && x->prepared == y->prepared);
        assert_string_equal(x->note, y->note);
        assert_memory_equal(x->sha256, y->sha256, SHA256_SIZE);
        assert_memory_equal(x->tensor_sha256, y->tensor_sha256, SHA256_SIZE);
    }
}

static void bytes_are_as_good_as_files(void **state) {
    (void)state;
    struct model *m = open_model();
    struct predictor *p = open_predictor(m, NULL);
    for (int i = 0; i < EXAMS; i++) {
        struct made *a = make(i, false), *b = make(i, true);
        const struct outcome from_files = run(p, &a->exam, NULL), from_bytes = run(p, &b->exam, NULL);
        assert_same(&from_files, &from_bytes);
        assert_int_equal(from_files.verdict.code, i == REFUSED ? ERR_IMAGE_TRUNCATED : 0);
        for (int s = 0; s < SLOT_COUNT; s++) { /* the hash is that of the file's bytes */
            uint8_t sha256[SHA256_SIZE];
            if (!files[i][s])
                continue;
            sha256_bytes(b->bytes[s], b->exam.source[s].n, sha256);
            assert_memory_equal(sha256, from_bytes.verdict.input[s].sha256, SHA256_SIZE);
        }
        unmake(a);
        unmake(b);
    }
    predictor_close(p);
    model_close(m);
}

/* The room for images holds what other exams left; it does not show. */
static void the_same_predictor_again(void **state) {
    (void)state;
    struct model *m = open_model();
    struct predictor *p = open_predictor(m, NULL);
    struct outcome *first = calloc(EXAMS, sizeof *first);
    assert_non_null(first);
    for (int round = 0; round < 2; round++)
        for (int k = 0; k < EXAMS; k++) {
            const int i = round ? EXAMS - 1 - k : k;
            struct made *x = make(i, false);
            const struct outcome again = run(p, &x->exam, NULL);
            if (round)
                assert_same(&first[i], &again);
            else
                first[i] = again;
            unmake(x);
        }
    assert_memory_not_equal(&first[0].output, &first[1].output, sizeof first[0].output);
    free(first);
    predictor_close(p);
    model_close(m);
}

/* --- threads over one model -------------------------------------------------------------------------------------------------- */

enum { THREADS = 2, ROUNDS = 3 };
struct shift {
    struct model *model;
    int number, failed;
    struct outcome outcome[ROUNDS][EXAMS];
};

static void *work(void *ctx) {
    struct shift *w = ctx;
    struct predictor *p = NULL;
    w->failed = predictor_open(&p, w->model, NULL, NULL);
    for (int round = 0; round < ROUNDS && !w->failed; round++)
        for (int k = 0; k < EXAMS && !w->failed; k++) {
            const int i = (k + w->number) % EXAMS; /* each thread in an order of its own */
            const struct prediction *got = NULL;
            struct made *x = make(i, w->number % 2 == 1);
            w->failed = predictor_run(&got, p, &x->exam, NULL, NULL);
            if (!w->failed) {
                w->outcome[round][i].output = got->output;
                w->outcome[round][i].verdict = got->verdict;
            }
            unmake(x);
        }
    predictor_close(p);
    return NULL;
}

static void threads_over_one_model(void **state) {
    (void)state;
    struct model *m = open_model();
    struct shift *shifts = calloc(THREADS, sizeof *shifts);
    struct outcome *alone = calloc(EXAMS, sizeof *alone);
    pthread_t threads[THREADS];
    assert_true(shifts && alone);
    for (int t = 0; t < THREADS; t++) { /* the model has run nothing yet: its plans are made while they wait for each other */
        shifts[t] = (struct shift){.model = m, .number = t};
        assert_int_equal(pthread_create(&threads[t], NULL, work, &shifts[t]), 0);
    }
    for (int t = 0; t < THREADS; t++)
        pthread_join(threads[t], NULL);
    struct predictor *p = open_predictor(m, NULL);
    for (int i = 0; i < EXAMS; i++) {
        struct made *x = make(i, false);
        alone[i] = run(p, &x->exam, NULL);
        unmake(x);
    }
    for (int t = 0; t < THREADS; t++) {
        assert_int_equal(shifts[t].failed, 0);
        for (int round = 0; round < ROUNDS; round++)
            for (int i = 0; i < EXAMS; i++)
                assert_same(&alone[i], &shifts[t].outcome[round][i]);
    }
    predictor_close(p);
    model_close(m);
    free(shifts);
    free(alone);
}

/* --- what else a caller can say ------------------------------------------------------------------------------------------------ */

static void what_is_known_refuses(void **state) {
    (void)state;
    struct model *m = open_model();
    struct predictor *p = open_predictor(m, NULL);
    struct made *x = make(0, true);
    const struct exam_fault none = {.reason = ""}, known = {ERR_VALUE_RANGE, "age: 17 lies outside"};
    const struct outcome good = run(p, &x->exam, &none), refused = run(p, &x->exam, &known);
    assert_int_equal(good.verdict.code, 0);
    assert_int_equal(refused.verdict.code, ERR_VALUE_RANGE);
    assert_string_equal(refused.verdict.reason, known.reason);
    assert_int_equal(refused.verdict.input[SLOT_US_BMODE_TRANS].status, INPUT_USED); /* looked at all the same */
    x->exam.source[SLOT_US_BMODE_TRANS].remark = "placed by hand";
    const struct outcome remarked = run(p, &x->exam, NULL);
    assert_non_null(strstr(remarked.verdict.input[SLOT_US_BMODE_TRANS].note, "; placed by hand"));
    assert_memory_equal(&remarked.output, &good.output, sizeof good.output);
    unmake(x);
    predictor_close(p);
    model_close(m);
}

static void bytes_that_are_no_image(void **state) {
    (void)state;
    static const uint8_t text[] = "not an image";
    static const struct {
        struct exam_source source;
        int code;
    } wrong[] = {
        {{.kind = SOURCE_BYTES, .name = "upload 1", .bytes = text, .n = sizeof text}, ERR_IMAGE_TYPE},
        {{.kind = SOURCE_BYTES, .name = "upload 2"}, ERR_FILE_EMPTY},
        {{.kind = SOURCE_BYTES, .name = "upload 3", .bytes = text, .n = (size_t)IMAGE_FILE_MAX + 1}, ERR_LIMIT},
        {{.kind = SOURCE_FILE, .name = "/nowhere/at/all.png"}, ERR_FILE_MISSING},
    };
    struct model *m = open_model();
    struct predictor *p = open_predictor(m, &(struct predictor_options){.allow_partial = true});
    struct made *x = make(0, true);
    const struct exam_source good = x->exam.source[SLOT_US_BMODE_LONG];
    x->exam.source[SLOT_US_BMODE_LONG] = (struct exam_source){0};
    const struct outcome without = run(p, &x->exam, NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        x->exam.source[SLOT_US_BMODE_LONG] = wrong[i].source;
        const struct outcome partial = run(p, &x->exam, NULL);
        const struct input_verdict *v = &partial.verdict.input[SLOT_US_BMODE_LONG];
        assert_int_equal(partial.verdict.code, 0);
        assert_int_equal(v->status, INPUT_REFUSED);
        assert_int_equal(v->code, wrong[i].code);
        assert_non_null(strstr(partial.verdict.reason, "counted as absent"));
        assert_memory_equal(&partial.output, &without.output, sizeof without.output); /* as if it were not there */
    }
    x->exam.source[SLOT_US_BMODE_LONG] = good;
    const struct outcome whole = run(p, &x->exam, NULL);
    assert_memory_not_equal(&whole.output, &without.output, sizeof without.output);
    unmake(x);
    predictor_close(p);
    model_close(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_as_good_as_files), cmocka_unit_test(the_same_predictor_again), cmocka_unit_test(threads_over_one_model),
        cmocka_unit_test(what_is_known_refuses),      cmocka_unit_test(bytes_that_are_no_image),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
