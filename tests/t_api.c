/* bmunet.h from inside one process: what it says beside the program's own output, two models in two threads against each alone, a process
 * whose numbers have decimal commas, every wrong use, a run that the caller stops, the numbers of an evaluation beside the program's. The
 * program (bmunet) is the outside reference here, itself held against PyTorch elsewhere; examples/ are run by tests/install. */
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <omp.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "bmunet.h"

static char folder[64], demo_folder[PATH_MAX + 16], program[PATH_MAX], model_path[PATH_MAX];
static _Thread_local struct bmunet_error error;

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...) {
    char command[4096];
    va_list args;
    va_start(args, format);
    assert_true(vsnprintf(command, sizeof command, format, args) < (int)sizeof command);
    va_end(args);
    const pid_t child = fork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static int set_up(void **state) {
    (void)state;
    char real[PATH_MAX];
    const char *root = getenv("BMUNET_SOURCE"), *build = getenv("BMUNET_BUILD");
    snprintf(folder, sizeof folder, "/tmp/bmunet-t-api-XXXXXX");
    if (!mkdtemp(folder) || !realpath(root ? root : ".", real))
        return -1;
    snprintf(demo_folder, sizeof demo_folder, "%s/share/demo", real);
    snprintf(program, sizeof program, "%.3000s/bmunet", build ? build : "build/release");
    snprintf(model_path, sizeof model_path, "%s/model.safetensors", folder);
    run("'%s' init --small --seed 5 --out %s 2>/dev/null >&2", program, model_path);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    run("rm -rf %s", folder);
    return 0;
}

/* A path in the scratch folder or of the demo; eight at a time. */
static const char *path_of(const char *parent, const char *name) {
    static _Thread_local char path[8][2 * PATH_MAX];
    static _Thread_local int turn;
    turn = (turn + 1) % 8;
    snprintf(path[turn], sizeof path[turn], "%s/%s", parent, name);
    return path[turn];
}

static const char *scratch(const char *name) {
    return path_of(folder, name);
}

static const char *demo(const char *name) {
    return path_of(demo_folder, name);
}

static void *read_file(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    *n = (size_t)ftell(f);
    rewind(f);
    char *bytes = malloc(*n + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *n, f), *n);
    bytes[*n] = 0;
    fclose(f);
    return bytes;
}

static void write_file(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void ok(int rc) {
    if (rc)
        fail_msg("%s: %s", bmunet_error_name(rc), error.message);
    assert_int_equal(error.code, 0);
    assert_string_equal(error.message, "");
}

/* The call failed with this code, and its message has this in it. */
static void refused(int rc, const char *code, const char *words) {
    assert_string_equal(bmunet_error_name(rc), code);
    assert_int_equal(error.code, rc);
    if (!strstr(error.message, words))
        fail_msg("'%s' is not in: %s", words, error.message);
}

static struct bmunet_model *open_model(const struct bmunet_model_options *o) {
    struct bmunet_model *m = NULL;
    ok(bmunet_model_open(&m, model_path, o, &error));
    return m;
}

static struct bmunet_exam *new_exam(const char *id) {
    struct bmunet_exam *x = NULL;
    ok(bmunet_exam_new(&x, id, &error));
    return x;
}

/* An exam of several modalities with values, as the program's words say it. */
static const char *const words[][2] = {
    {"us_bmode_trans", "oval_us_bmode_trans.png"}, {"mg_cc", "oval_mg_cc.png"}, {"us_elasto_long", "oval_us_elasto_long.png"}};
enum { WORDS = 3 };

static struct bmunet_exam *full_exam(bool bytes) {
    struct bmunet_exam *x = new_exam("E 1");
    for (int i = 0; i < WORDS; i++) {
        if (bytes) {
            size_t n;
            void *file = read_file(demo(words[i][1]), &n);
            ok(bmunet_exam_bytes(x, words[i][0], words[i][1], file, n, &error));
            memset(file, 0, n); /* the exam has a copy */
            free(file);
        } else {
            ok(bmunet_exam_file(x, words[i][0], demo(words[i][1]), &error));
        }
    }
    ok(bmunet_exam_value(x, "age", "52", &error));
    ok(bmunet_exam_value(x, "bmi", "23.5", &error));
    ok(bmunet_exam_value(x, "menopausal", "post", &error));
    ok(bmunet_exam_value(x, "side", "L", &error));
    return x;
}

static struct bmunet_result *predict(struct bmunet_model *m, const struct bmunet_exam *x) {
    struct bmunet_result *r = NULL;
    ok(bmunet_predict(&r, m, x, &error));
    return r;
}

/* A JSON line without the times, which no two runs share. */
static char *stripped(const char *json) {
    char *text = strdup(json), *at = text ? strstr(text, "\"times_ms\":{") : NULL, *end = at ? strchr(at, '}') : NULL;
    assert_non_null(end);
    memmove(at, end + 1, strlen(end + 1) + 1);
    text[strcspn(text, "\n")] = 0;
    return text;
}

static void same_json(const char *a, const char *b) {
    char *x = stripped(a), *y = stripped(b);
    assert_string_equal(x, y);
    free(x);
    free(y);
}

/* --- the answer -------------------------------------------------------------------------------------------------------------------- */

static void test_the_programs_answer(void **state) {
    (void)state;
    struct bmunet_model *m = open_model(NULL);
    struct bmunet_exam *paths = full_exam(false), *bytes = full_exam(true);
    struct bmunet_result *r = predict(m, paths), *s = predict(m, bytes);
    size_t n;
    run("'%s' predict --model %s --json exam_id='E 1' side=L age=52 bmi=23.5 menopausal=post us_bmode_trans='%s' mg_cc='%s' "
        "us_elasto_long='%s' >%s 2>/dev/null",
        program, model_path, demo(words[0][1]), demo(words[1][1]), demo(words[2][1]), scratch("one.json"));
    char *said = read_file(scratch("one.json"), &n);
    same_json(said, bmunet_result_json(r));
    same_json(bmunet_result_json(s), bmunet_result_json(r));
    free(said);

    assert_int_equal(bmunet_result_status(r), 0);
    assert_string_equal(bmunet_result_exam(r), "E 1");
    double top = 0, leaves = 0;
    for (size_t i = 0; i < bmunet_model_nodes(m); i++) {
        const struct bmunet_node *node = bmunet_model_node(m, i);
        const double p = bmunet_result_probability(r, i);
        assert_true(p >= 0 && p <= 1 && p == bmunet_result_probability(s, i));
        top += node->level == 0 ? p : 0;
        leaves += node->leaf >= 0 ? p : 0;
        assert_int_equal(bmunet_model_find_node(m, node->name), i);
    }
    assert_true(fabs(top - 1) < 1e-12 && fabs(leaves - 1) < 1e-12);
    assert_true(bmunet_result_positive(r) == bmunet_result_probability(r, (size_t)bmunet_model_find_node(m, "malignant")));
    assert_true(bmunet_model_node(m, (size_t)bmunet_result_leaf(r))->leaf >= 0);
    assert_true(isnan(bmunet_result_probability(r, bmunet_model_nodes(m))));
    assert_int_equal(bmunet_result_input(r, BMUNET_MG_CC)->status, BMUNET_USED);
    assert_int_equal(bmunet_result_input(r, BMUNET_MG_MLO)->status, BMUNET_ABSENT);
    assert_int_equal(strlen(bmunet_result_input(r, BMUNET_MG_CC)->sha256), 64);
    assert_null(bmunet_result_input(r, BMUNET_SLOT_COUNT));
    bmunet_result_free(r);
    bmunet_result_free(s);
    bmunet_exam_free(paths);
    bmunet_exam_free(bytes);
    bmunet_model_close(m);
}

static void test_refused_exams_are_results(void **state) {
    (void)state;
    struct bmunet_model *m = open_model(NULL);
    static const struct {
        const char *name, *value, *code;
    } trials[] = {{"age", "17", "VALUE_RANGE"},
                  {"age", "many", "VALUE_SYNTAX"},
                  {"us_bmode_trans", "/nowhere.png", "FILE_MISSING"},
                  {NULL, NULL, "EXAM_NO_IMAGE"}};
    for (size_t i = 0; i < sizeof trials / sizeof *trials; i++) {
        struct bmunet_exam *x = new_exam("E");
        if (trials[i].name && strcmp(trials[i].name, "age") == 0) {
            ok(bmunet_exam_file(x, "mg_cc", demo("oval_mg_cc.png"), &error));
            ok(bmunet_exam_value(x, trials[i].name, trials[i].value, &error));
        } else if (trials[i].name) {
            ok(bmunet_exam_file(x, trials[i].name, trials[i].value, &error));
        }
        struct bmunet_result *r = predict(m, x);
        assert_string_equal(bmunet_error_name(bmunet_result_status(r)), trials[i].code);
        assert_true(bmunet_result_reason(r)[0] != 0);
        assert_true(isnan(bmunet_result_positive(r)) && isnan(bmunet_result_probability(r, 0)));
        assert_int_equal(bmunet_result_leaf(r), -1);
        bmunet_result_free(r);
        bmunet_exam_free(x);
    }
    bmunet_model_close(m);
}

static void test_partial_exams(void **state) {
    (void)state;
    struct bmunet_model_options o;
    bmunet_model_options_default(&o);
    o.allow_partial = 1;
    struct bmunet_model *m = open_model(&o);
    struct bmunet_exam *x = new_exam("E");
    ok(bmunet_exam_file(x, "mg_cc", demo("oval_mg_cc.png"), &error));
    ok(bmunet_exam_file(x, "us_bmode_long", demo("cut_us_bmode_long.png"), &error));
    struct bmunet_result *r = predict(m, x);
    assert_int_equal(bmunet_result_status(r), 0);
    assert_int_equal(bmunet_result_input(r, BMUNET_US_BMODE_LONG)->status, BMUNET_REFUSED);
    assert_true(bmunet_result_input(r, BMUNET_US_BMODE_LONG)->code < 0);
    bmunet_result_free(r);
    bmunet_exam_free(x);
    bmunet_model_close(m);
}

/* --- one process -------------------------------------------------------------------------------------------------------------------- */

struct worker {
    struct bmunet_model_options options;
    char *alone;
    bool same;
    int openmp; /* the caller's own number of threads, before and after */
};

static void *work(void *ctx) {
    struct worker *w = ctx;
    struct bmunet_model *m = NULL;
    struct bmunet_error e;
    omp_set_num_threads(w->openmp);
    w->same = bmunet_model_open(&m, model_path, &w->options, &e) == 0;
    for (int i = 0; i < 3 && w->same; i++) {
        struct bmunet_exam *x = full_exam(i % 2);
        struct bmunet_result *r = NULL;
        w->same = bmunet_predict(&r, m, x, &e) == 0;
        if (w->same) {
            char *json = stripped(bmunet_result_json(r));
            w->same = strcmp(json, w->alone) == 0 && omp_get_max_threads() == w->openmp;
            free(json);
        }
        bmunet_result_free(r);
        bmunet_exam_free(x);
    }
    bmunet_model_close(m);
    return NULL;
}

static void test_two_models_in_two_threads(void **state) {
    (void)state;
    struct worker w[2] = {{.openmp = 5}, {.openmp = 7}};
    for (int i = 0; i < 2; i++) {
        bmunet_model_options_default(&w[i].options);
        w[i].options.threads = 1 + i;
        w[i].options.bf16 = i;
        struct bmunet_model *m = open_model(&w[i].options);
        struct bmunet_exam *x = full_exam(false);
        struct bmunet_result *r = predict(m, x);
        w[i].alone = stripped(bmunet_result_json(r));
        bmunet_result_free(r);
        bmunet_exam_free(x);
        bmunet_model_close(m);
    }
    assert_string_not_equal(w[0].alone, w[1].alone);
    pthread_t thread[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, work, &w[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < 2; i++) {
        assert_true(w[i].same);
        free(w[i].alone);
    }
}

static int count(void *ctx, const struct bmunet_result *r, size_t done, size_t total) {
    size_t *calls = ctx;
    assert_int_equal(done, *calls + 1);
    assert_true(total >= done && bmunet_result_json(r)[0] == '{');
    return ++*calls == 2 && total > 100 ? 1 : 0;
}

/* The same bytes come out of a program whose locale writes 0,5. */
static void test_decimal_commas(void **state) {
    (void)state;
    size_t calls = 0, n, k;
    struct bmunet_table_options t;
    struct bmunet_model_options o;
    bmunet_table_options_default(&t);
    bmunet_model_options_default(&o);
    run("localedef -i de_DE -f UTF-8 %s", scratch("de_DE.UTF-8"));
    setenv("LOCPATH", folder, 1);
    for (int i = 0; i < 2; i++) {
        assert_non_null(setlocale(LC_ALL, i ? "de_DE.UTF-8" : "C"));
        assert_int_equal(localeconv()->decimal_point[0], i ? ',' : '.');
        struct bmunet_model *m = open_model(&o);
        t.csv_path = scratch(i ? "commas.csv" : "points.csv");
        calls = 0;
        ok(bmunet_predict_table(m, demo("exams.csv"), &t, count, &calls, &error));
        assert_true(calls > 2);
        assert_int_equal(localeconv()->decimal_point[0], i ? ',' : '.');
        bmunet_model_close(m);
    }
    setlocale(LC_ALL, "C");
    char *a = read_file(scratch("points.csv"), &n), *b = read_file(scratch("commas.csv"), &k);
    assert_string_equal(a, b);
    run("'%s' predict --model %s --exams '%s' --out %s >/dev/null 2>&1; [ $? = 2 ]", program, model_path, demo("exams.csv"),
        scratch("program.csv"));
    char *c = read_file(scratch("program.csv"), &k);
    assert_string_equal(a, c);
    free(a);
    free(b);
    free(c);
}

/* --- many exams --------------------------------------------------------------------------------------------------------------------- */

static int in_the_callers_locale(void *ctx, const struct bmunet_result *r, size_t done, size_t total) {
    (void)r;
    (void)total;
    *(int *)ctx += localeconv()->decimal_point[0] == ',' && omp_get_max_threads() == 3;
    return done == 1;
}

/* What a callback sees of its thread is what the caller sees. */
static void test_callbacks_run_outside(void **state) {
    (void)state;
    int seen = 0;
    const int before = omp_get_max_threads();
    run("localedef -i de_DE -f UTF-8 %s", scratch("de_DE.UTF-8"));
    setenv("LOCPATH", folder, 1);
    struct bmunet_model *m = open_model(NULL);
    assert_non_null(setlocale(LC_ALL, "de_DE.UTF-8"));
    omp_set_num_threads(3);
    refused(bmunet_predict_table(m, demo("exams.csv"), NULL, in_the_callers_locale, &seen, &error), "INTERRUPTED", "after 1 of");
    setlocale(LC_ALL, "C");
    assert_int_equal(seen, 1);
    assert_int_equal(omp_get_max_threads(), 3);
    omp_set_num_threads(before);
    bmunet_model_close(m);
}

/* What the machine lacks ends the run; it is not held against the exams. */
static void test_no_more_files(void **state) {
    (void)state;
    struct bmunet_model *m = open_model(NULL);
    struct bmunet_table_options t;
    struct rlimit limit, few;
    bmunet_table_options_default(&t);
    char few_csv[128];
    snprintf(few_csv, sizeof few_csv, "%s/few.csv", folder);
    t.csv_path = few_csv;
    const int next = open("/dev/null", O_RDONLY | O_CLOEXEC); /* the lowest number that is free */
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    for (int more = 0; more < 8; more++) {
        few = (struct rlimit){(rlim_t)(next + more), limit.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        const int rc = bmunet_predict_table(m, demo("exams.csv"), &t, NULL, NULL, &error);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        if (rc == 0) {
            run("! grep -q 'open files' %s", t.csv_path);
        } else if (bmunet_error_class(rc) != BMUNET_CLASS_ENVIRONMENT) {
            fail_msg("%d files: %s: %s", next + more, bmunet_error_name(rc), error.message);
        }
    }
    bmunet_model_close(m);
}

static int stop_at_two(void *ctx, const struct bmunet_result *r, size_t done, size_t total) {
    (void)r;
    (void)total;
    *(size_t *)ctx = done;
    return done == 2;
}

static void test_the_caller_stops(void **state) {
    (void)state;
    struct bmunet_model *m = open_model(NULL);
    struct bmunet_table_options t;
    size_t done = 0, n;
    bmunet_table_options_default(&t);
    t.csv_path = scratch("before.csv");
    write_file(t.csv_path, "as it was\n");
    refused(bmunet_predict_table(m, demo("exams.csv"), &t, stop_at_two, &done, &error), "INTERRUPTED", "stopped by the caller after 2 of");
    assert_int_equal(bmunet_error_class(error.code), BMUNET_CLASS_INTERRUPTED);
    assert_int_equal(done, 2);
    char *text = read_file(scratch("before.csv"), &n);
    assert_string_equal(text, "as it was\n");
    free(text);

    refused(bmunet_predict_table(m, demo("exams.csv"), NULL, NULL, NULL, &error), "USAGE", "neither a callback nor a file");
    refused(bmunet_predict_table(m, "-", NULL, stop_at_two, &done, &error), "USAGE", "standard input");
    refused(bmunet_predict_table(m, NULL, NULL, stop_at_two, &done, &error), "USAGE", "path of a table");
    t.csv_path = model_path;
    refused(bmunet_predict_table(m, demo("exams.csv"), &t, NULL, NULL, &error), "USAGE", "csv_path and the model are the same file");
    t.csv_path = scratch("x.csv");
    t.split = "nosuch";
    refused(bmunet_predict_table(m, demo("exams.csv"), &t, NULL, NULL, &error), "CSV_EMPTY", "nosuch");
    t.reserved[3] = 1;
    refused(bmunet_predict_table(m, demo("exams.csv"), &t, NULL, NULL, &error), "USAGE", "reserved[3]");
    bmunet_model_close(m);
}

/* --- wrong use ------------------------------------------------------------------------------------------------------------------------ */

static void test_wrong_use(void **state) {
    (void)state;
    struct bmunet_model *m = NULL;
    struct bmunet_exam *x = NULL;
    struct bmunet_result *r = NULL;
    struct bmunet_model_options o;
    struct bmunet_paths paths;
    bmunet_paths_default(&paths);
    bmunet_model_options_default(&o);
    refused(bmunet_model_open(&m, "/nowhere.safetensors", NULL, &error), "FILE_MISSING", "/nowhere.safetensors");
    assert_null(m);
    refused(bmunet_model_open_bytes(&m, "abc", 3, NULL, &error), "SAFETENSORS", "model in memory");
    o.threads = 1025;
    refused(bmunet_model_open(&m, model_path, &o, &error), "USAGE", "threads is 1025");
    o.threads = 0;
    o.exact = 2;
    refused(bmunet_model_open(&m, model_path, &o, &error), "USAGE", "2, not 0 or 1");
    o.exact = 0;
    o.reserved[7] = 9;
    refused(bmunet_model_open(&m, model_path, &o, &error), "USAGE", "reserved[7]");
    o.reserved[7] = 0;
    paths.decoder = "/nowhere/bmunet-decode";
    o.paths = &paths;
    refused(bmunet_model_open(&m, model_path, &o, &error), "DECODER", "/nowhere/bmunet-decode");
    refused(bmunet_paths_check(&paths, &error), "DECODER", "/nowhere/bmunet-decode");
    assert_null(m);

    paths.decoder = "/tmp";
    refused(bmunet_paths_check(&paths, &error), "DECODER", "/tmp is not a program");
    paths.decoder = "";
    refused(bmunet_paths_check(&paths, &error), "DECODER", "path is empty");
    paths.decoder = NULL;
    paths.share = "";
    refused(bmunet_paths_check(&paths, &error), "FILE_MISSING", "path of the shared files is empty");
    refused(bmunet_model_open(&m, NULL, NULL, &error), "USAGE", "a path");
    refused(bmunet_model_open_bytes(&m, NULL, 0, NULL, &error), "USAGE", "bytes");
    refused(bmunet_set_allocator(NULL, &error), "USAGE", "allocator");

    refused(bmunet_exam_new(&x, "", &error), "USAGE", "id");
    x = new_exam("E");
    refused(bmunet_exam_file(x, "us_bmode_tran", "a.png", &error), "USAGE", "did you mean 'us_bmode_trans'?");
    refused(bmunet_exam_file(x, "mg_cc", NULL, &error), "USAGE", "a path");
    refused(bmunet_exam_bytes(x, "mg_cc", NULL, NULL, 0, &error), "USAGE", "bytes");
    refused(bmunet_exam_value(x, NULL, "1", &error), "USAGE", "a name");
    ok(bmunet_exam_file(x, "mg_cc", demo("oval_mg_cc.png"), &error));
    refused(bmunet_exam_file(x, "mg_cc", "b.png", &error), "USAGE", "already");
    refused(bmunet_exam_value(x, "mg_mlo", "b.png", &error), "USAGE", "is an image");
    ok(bmunet_exam_value(x, "agee", "52", &error)); /* only a model can tell */
    refused(bmunet_exam_value(x, "agee", "53", &error), "USAGE", "already");
    ok(bmunet_model_open(&m, model_path, NULL, &error));
    refused(bmunet_predict(&r, m, x, &error), "USAGE", "age");
    assert_null(r);
    assert_int_equal(bmunet_predict(&r, m, x, NULL), bmunet_error_code("USAGE")); /* nobody wants the message */
    bmunet_exam_free(x);
    bmunet_model_close(m);

    assert_int_equal(bmunet_error_class(0), BMUNET_CLASS_NONE);
    assert_string_equal(bmunet_error_name(1), "UNKNOWN");
    assert_int_equal(bmunet_error_code("NO_SUCH"), 0);
    assert_null(bmunet_slot_name(BMUNET_SLOT_COUNT));
    bmunet_model_close(NULL);
    bmunet_exam_free(NULL);
    bmunet_result_free(NULL);
    bmunet_prepared_free(NULL);
    bmunet_text_free(NULL);
}

/* --- preparing ------------------------------------------------------------------------------------------------------------------------ */

static void test_prepare(void **state) {
    (void)state;
    struct bmunet_model *m = open_model(NULL);
    struct bmunet_exam *x = full_exam(true);
    struct bmunet_prepared *p = NULL;
    struct bmunet_tensor t;
    ok(bmunet_prepare(&p, m, x, &error));
    struct bmunet_result *r = predict(m, x);
    assert_int_equal(bmunet_prepared_status(p), 0);
    for (int s = 0; s < BMUNET_SLOT_COUNT; s++) {
        const struct bmunet_input *a = bmunet_prepared_input(p, (enum bmunet_slot)s), *b = bmunet_result_input(r, (enum bmunet_slot)s);
        assert_string_equal(a->tensor_sha256, b->tensor_sha256);
        assert_int_equal(a->status, b->status);
        assert_int_equal(bmunet_prepared_tensor(&t, p, (enum bmunet_slot)s), a->status == BMUNET_USED ? 0 : -1);
        assert_int_equal(t.channels, a->status != BMUNET_USED ? 0 : s < 2 ? 1 : 3);
    }
    /* the tensor's hash is that of the bytes handed out */
    FILE *f = fopen(scratch("tensor"), "wb");
    assert_int_equal(bmunet_prepared_tensor(&t, p, BMUNET_MG_CC), 0);
    const size_t n = (size_t)t.channels * (size_t)t.height * (size_t)t.width;
    assert_int_equal(fwrite(t.data, sizeof *t.data, n, f), n);
    fclose(f);
    run("[ $(sha256sum < %s | cut -c1-64) = %s ]", scratch("tensor"), bmunet_prepared_input(p, BMUNET_MG_CC)->tensor_sha256);
    bmunet_result_free(r);
    bmunet_prepared_free(p);
    bmunet_exam_free(x);
    bmunet_model_close(m);
}

/* --- evaluation ------------------------------------------------------------------------------------------------------------------------
 */

static int steps(void *ctx, const char *what, size_t done, size_t total) {
    assert_true(what[0] && done <= total);
    return --*(int *)ctx == 0;
}

static void test_evaluate(void **state) {
    (void)state;
    struct bmunet_evaluate_options o;
    char *json = NULL;
    int n_steps = INT_MAX;
    size_t n;
    bmunet_evaluate_options_default(&o);
    run("awk 'BEGIN { print \"exam_id,score\" > \"%s\"; print \"exam_id,malignant\" > \"%s\"; for (i = 1; i <= 60; i++) {"
        " print \"e\" i \",\" (i %% 2 ? 0.3 : 0.1) + i * 7 %% 40 / 80 > \"%s\"; print \"e\" i \",\" i %% 2 > \"%s\" } }'",
        scratch("p.csv"), scratch("t.csv"), scratch("p.csv"), scratch("t.csv"));
    char predictions[128], truth[128];
    snprintf(predictions, sizeof predictions, "%s/p.csv", folder);
    snprintf(truth, sizeof truth, "%s/t.csv", folder);
    refused(bmunet_evaluate(&json, NULL, &error), "USAGE", "options");
    refused(bmunet_evaluate(&json, &o, &error), "USAGE", "predictions and truth");
    o.predictions = predictions;
    o.truth = truth;
    o.progress = steps;
    o.progress_ctx = &n_steps;
    ok(bmunet_evaluate(&json, &o, &error));
    run("'%s' evaluate --predictions %s --truth %s --out %s >/dev/null 2>&1", program, predictions, truth, scratch("report"));
    char *program_said = read_file(scratch("report/results.json"), &n);
    assert_string_equal(json, program_said);
    free(program_said);
    bmunet_text_free(json);
    n_steps = 1;
    refused(bmunet_evaluate(&json, &o, &error), "INTERRUPTED", "interrupted");
    assert_null(json);
    o.recalibrate_on = predictions;
    refused(bmunet_evaluate(&json, &o, &error), "USAGE", "go together");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_programs_answer),
        cmocka_unit_test(test_refused_exams_are_results),
        cmocka_unit_test(test_partial_exams),
        cmocka_unit_test(test_two_models_in_two_threads),
        cmocka_unit_test(test_decimal_commas),
        cmocka_unit_test(test_the_caller_stops),
        cmocka_unit_test(test_callbacks_run_outside),
        cmocka_unit_test(test_no_more_files),
        cmocka_unit_test(test_wrong_use),
        cmocka_unit_test(test_prepare),
        cmocka_unit_test(test_evaluate),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
