/* Encoding and fusing: together the whole run to the bit, for every network, variant and clinical mode; any subset of encoded views; last
 * maps; gradients of the logits by the features against PyTorch (tests/golden/net/gradient_small.json,
 * tests/oracle/make_gradient_golden.py).
 */
#include "support.h"

#include "base/pool.h"
#include "model/config.h"
#include "model/fuse.h"

enum { LEAVES = 5 }; /* of the default tree */
static const char *const slot_names[SLOT_COUNT] = {"mg1", "mg2", "us3", "us4", "us5", "us6", "us7", "us8"};

static struct features *must_features(const struct model *m, bool maps) {
    struct err e = {0};
    struct features *f = NULL;
    if (features_new(&f, model_config(m), maps, &e))
        fail_msg("%s", e.message);
    return f;
}

static void must_encode(struct features *f, struct model *m, const struct test_exam *x, unsigned present) {
    struct err e = {0};
    const float *view[SLOT_COUNT];
    for (int s = 0; s < SLOT_COUNT; s++)
        view[s] = present >> s & 1U ? x->view[s] : NULL;
    if (model_encode(m, view, f, &e))
        fail_msg("views %#x: %s", present, e.message);
    assert_int_equal(f->views, present);
}

static struct model_output must_fuse(struct model *m, const struct features *f, const struct test_exam *x, unsigned views) {
    struct err e = {0};
    struct model_output out;
    if (model_fuse(m, &(struct fuse_input){f, views, model_schema(m) ? x->clinical : NULL}, &out, &e))
        fail_msg("views %#x: %s", views, e.message);
    return out;
}

static struct model *golden_model(const char *name, enum variant v, struct model_options o) {
    char path[256];
    struct golden g = golden_read(name);
    golden_model_file(&g, v, path, sizeof path);
    struct model *m = must_open(path, o);
    unlink(path);
    json_free(g.root);
    return m;
}

/* --- the whole in two parts ------------------------------------------------------------------------------------------------------- */

/* Each pattern encoded and fused is model_run()'s answer to the bit, with maps and without, and the whole before and after is the same. */
static void two_parts(struct model *m, const unsigned *patterns, size_t n) {
    struct test_exam x = exam_make("exam-1", &model_config(m)->prep);
    struct features *plain = must_features(m, false), *mapped = must_features(m, true);
    const size_t rows = SLOT_COUNT * (size_t)plain->d * sizeof(float);
    for (size_t i = 0; i < n; i++) {
        const struct model_output whole = exam_run(m, &x, patterns[i]);
        must_encode(plain, m, &x, patterns[i]);
        must_encode(mapped, m, &x, patterns[i]);
        assert_memory_equal(plain->row, mapped->row, rows);
        const struct model_output parts = must_fuse(m, plain, &x, patterns[i]), again = exam_run(m, &x, patterns[i]);
        assert_memory_equal(&parts, &whole, sizeof whole);
        assert_memory_equal(&again, &whole, sizeof whole);
    }
    features_free(plain);
    features_free(mapped);
    exam_free(&x);
}

static void test_bits(void **state) {
    static const unsigned all[] = {255, 1, 2, 3, 4, 12, 13, 0x5A, 0xFC, 0xB6, 0x81}, mg[] = {3, 1, 2}, us[] = {0xFC, 0x04, 0x0C, 0xA8};
    static const struct {
        const char *name;
        enum variant variant;
        const unsigned *patterns;
        size_t n;
    } list[] = {{"bmu_small", VARIANT_MASKED, all, 11},
                {"bmu_small", VARIANT_REFERENCE, all, 11},
                {"token_small", VARIANT_MASKED, all, 11},
                {"mg_small", VARIANT_REFERENCE, mg, 3},
                {"us_small", VARIANT_REFERENCE, us, 4}};
    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        for (int kind = 0; kind < 3; kind++) {
            struct model *m = golden_model(list[i].name, list[i].variant,
                                           (struct model_options){.exact = kind == 1, .precision = kind == 2 ? PRECISION_BF16 : 0});
            two_parts(m, list[i].patterns, list[i].n);
            model_close(m);
        }
}

/* Full width, where kernels of ours run: a few views of smaller pictures would not do, so one ultrasound network as it is. */
static void test_bits_full(void **state) {
    static const unsigned patterns[] = {0x0C, 0x04};
    (void)state;
    struct model *m = golden_model("us_full", VARIANT_REFERENCE, (struct model_options){0});
    two_parts(m, patterns, 2);
    model_close(m);
}

/* Views encoded once serve every subset: what the model makes of the subset alone, but for rounding. */
static void subsets(const char *name, enum variant v) {
    struct model *m = golden_model(name, v, (struct model_options){0});
    struct test_exam x = exam_make("exam-1", &model_config(m)->prep);
    struct features *f = must_features(m, false);
    must_encode(f, m, &x, 255);
    for (unsigned views = 1; views < 256; views += 2) {
        const struct model_output got = must_fuse(m, f, &x, views), want = exam_run(m, &x, views);
        for (int k = 0; k < LEAVES; k++)
            assert_true(fabsf(got.logits[k] - want.logits[k]) <= 1e-5F * fmaxf(1, fabsf(want.logits[k])));
    }
    features_free(f);
    exam_free(&x);
    model_close(m);
}

static void test_subsets(void **state) {
    (void)state;
    subsets("bmu_small", VARIANT_MASKED);
    subsets("token_small", VARIANT_MASKED);
    subsets("bmu_small", VARIANT_REFERENCE);
}

/* A row is the mean of its map, and of a view that is not there nothing is left from the exam before. */
static void test_maps(void **state) {
    (void)state;
    struct model *m = golden_model("bmu_small", VARIANT_MASKED, (struct model_options){0});
    struct test_exam x = exam_make("exam-1", &model_config(m)->prep);
    struct features *f = must_features(m, true);
    must_encode(f, m, &x, 255);
    for (int s = 0; s < SLOT_COUNT; s++) {
        const int n = f->map_h[s] * f->map_w[s];
        assert_int_equal(n, s < 2 ? 4 : 1);
        for (int c = 0; c < f->d; c++) {
            double mean = 0;
            for (int i = 0; i < n; i++)
                mean += (double)f->map[s][i * f->d + c] / n;
            assert_true(fabs(mean - (double)f->row[s * f->d + c]) <= 1e-6 * fmax(1, fabs(mean)));
        }
    }
    must_encode(f, m, &x, 1);
    for (int i = f->d; i < SLOT_COUNT * f->d; i++)
        assert_true(f->row[i] == 0);
    features_free(f);
    exam_free(&x);
    model_close(m);
}

static void test_refusals(void **state) {
    (void)state;
    struct err e = {0};
    struct model_output out;
    const float *none[SLOT_COUNT] = {NULL};
    struct model *m = golden_model("bmu_small", VARIANT_MASKED, (struct model_options){0}),
                 *mg = golden_model("mg_small", VARIANT_REFERENCE, (struct model_options){0});
    struct test_exam x = exam_make("exam-1", &model_config(m)->prep);
    struct features *f = must_features(m, false), *of_mg = must_features(mg, true);
    assert_int_equal(model_encode(m, none, f, &e), ERR_EXAM_NO_IMAGE);
    none[SLOT_US_BMODE_TRANS] = x.view[SLOT_US_BMODE_TRANS];
    assert_int_equal(model_encode(mg, none, of_mg, &e), ERR_VIEW_NOT_TAKEN);
    assert_null(of_mg->map[SLOT_US_BMODE_TRANS]);
    must_encode(f, m, &x, 5);
    assert_int_equal(model_fuse(m, &(struct fuse_input){f, 0, x.clinical}, &out, &e), ERR_EXAM_NO_IMAGE);
    assert_int_equal(model_fuse(m, &(struct fuse_input){f, 3, x.clinical}, &out, &e), ERR_INTERNAL);
    assert_int_equal(model_fuse(m, &(struct fuse_input){f, 1, NULL}, &out, &e), ERR_INTERNAL);
    f->row[3] = NAN;
    assert_int_equal(model_fuse(m, &(struct fuse_input){f, 1, x.clinical}, &out, &e), ERR_OUTPUT_NAN);
    features_free(f);
    features_free(of_mg);
    exam_free(&x);
    model_close(m);
    model_close(mg);
}

/* --- gradients ---------------------------------------------------------------------------------------------------------------------- */

static double number_at(const struct json *list, size_t i) {
    return json_number(json_at(list, i), NAN);
}

/* |got - want| / |want| over a list of numbers. */
static double off_by(const float *got, const struct json *want) {
    double off = 0, norm = 0;
    for (size_t i = 0; i < json_size(want); i++) {
        off += pow((double)got[i] - number_at(want, i), 2);
        norm += pow(number_at(want, i), 2);
    }
    assert_true(norm > 0);
    return isfinite(off) ? sqrt(off / norm) : INFINITY;
}

/* The same bits for one thread and two; 0 where nothing is fused. */
static void check_gradient(const struct json *j, struct model *m, const struct fuse_input *in, const float *weight) {
    enum { D = 64 };
    struct err e = {0};
    float gradient[2][SLOT_COUNT * D];
    double worst = 0;
    for (int threads = 2; threads >= 1; threads--) {
        pool_set_threads(threads);
        if (model_fuse_gradient(m, in, weight, gradient[threads - 1], &e))
            fail_msg("%s", e.message);
    }
    pool_set_threads(2);
    assert_memory_equal(gradient[0], gradient[1], sizeof gradient[0]);
    for (int s = 0; s < SLOT_COUNT; s++) {
        char key[4];
        snprintf(key, sizeof key, "%d", s);
        const struct json *want = json_get(json_get(j, "gradient"), key);
        assert_int_equal(want != NULL, in->views >> s & 1U);
        if (want)
            worst = fmax(worst, off_by(gradient[0] + (size_t)s * D, want));
        for (int c = 0; c < D && !want; c++)
            assert_true(gradient[0][s * D + c] == 0);
    }
    print_message("  %s %s %s, views %#x: gradient off by %.1e\n", json_string(json_get(j, "network")), json_string(json_get(j, "variant")),
                  json_string(json_get(j, "clinical")), in->views, worst);
    assert_true(worst <= 2e-5);
}

static void check_head(const struct json *j) {
    const bool token = strcmp(json_string(json_get(j, "clinical")), "token") == 0;
    const unsigned views = (unsigned)json_integer(json_get(j, "present"), -1);
    char name[32];
    float weight[LEAVES];
    snprintf(name, sizeof name, "%s_small", token ? "token" : json_string(json_get(j, "network")));
    struct golden g = golden_read(name);
    struct model *m = golden_model(name, (enum variant)variant_from_name(json_string(json_get(j, "variant"))), (struct model_options){0});
    struct test_exam x = golden_exam(&g, &model_config(m)->prep);
    struct features *f = must_features(m, false);
    f->views = views;
    for (int s = 0; s < SLOT_COUNT; s++) {
        snprintf(name, sizeof name, "features.%s", slot_names[s]);
        for (size_t i = 0; i < (size_t)f->d; i++)
            f->row[(size_t)s * (size_t)f->d + i] = (float)hash_uniform(hash_name(name), i);
    }
    for (size_t k = 0; k < LEAVES; k++)
        weight[k] = (float)hash_uniform(hash_name("weight"), k);
    const struct model_output out = must_fuse(m, f, &x, views);
    for (size_t k = 0; k < LEAVES; k++)
        assert_true(fabs((double)out.logits[k] - number_at(json_get(j, "logits"), k)) <= 1e-5 * fmax(1, fabs((double)out.logits[k])));
    check_gradient(j, m, &(struct fuse_input){f, views, model_schema(m) ? x.clinical : NULL}, weight);
    const struct model_output after = must_fuse(m, f, &x, views);
    assert_memory_equal(&after, &out, sizeof out);
    features_free(f);
    exam_free(&x);
    model_close(m);
    json_free(g.root);
}

static void test_gradients(void **state) {
    (void)state;
    struct json *j = golden_json("tests/golden/net/gradient_small.json");
    const struct json *heads = json_get(j, "heads");
    assert_true(json_size(heads) >= 16);
    for (size_t i = 0; i < json_size(heads); i++)
        check_head(json_at(heads, i));
    json_free(j);
}

int main(void) {
    pool_set_threads(2);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bits), cmocka_unit_test(test_bits_full), cmocka_unit_test(test_subsets),
                                       cmocka_unit_test(test_maps), cmocka_unit_test(test_refusals),  cmocka_unit_test(test_gradients)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
