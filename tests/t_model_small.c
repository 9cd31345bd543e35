/* The small network (width 8) from end to end: fresh weights, saved, opened, run for every set of views; refusals of hostile model files.
 * Runs under valgrind too. Numbers are checked against PyTorch in t_parity.c; here: what must hold between runs, and that nothing breaks.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/pool.h"
#include "base/rng.h"
#include "model/model.h"
#include "trees.h"

static char path[64];

static struct schema *schema_of(int n) {
    struct buf text;
    struct schema *s = NULL;
    struct json *j = NULL;
    struct err e = {0};
    buf_init(&text);
    buf_printf(&text, &e, "{\"name\":\"test\",\"fields\":[");
    for (int i = 0; i < n; i++)
        buf_printf(
            &text, &e,
            "%s{\"name\":\"f%d\",\"type\":\"number\",\"unit\":\"\",\"min\":-9,\"max\":9,\"missing_allowed\":true,\"reference\":\"\"}",
            i ? "," : "", i);
    buf_printf(&text, &e, "]}");
    if (json_read(&j, text.data, text.size, ERR_SCHEMA, &e) || schema_from_json(&s, j, &e))
        fail_msg("%s", e.message);
    json_free(j);
    buf_release(&text);
    return s;
}

static struct model *fresh(enum network n, enum variant v, enum clinical_mode clinical, uint64_t seed) {
    struct err e = {0};
    struct model *m = NULL;
    struct schema *s = n == NETWORK_BMU ? schema_of(10) : NULL;
    const struct model_init_options o = {
        .network = n, .variant = v, .clinical = clinical, .schema = s, .tree = shipped_tree(), .seed = seed, .small = true};
    if (model_init(path, &o, &e) || model_open(&m, path, &(struct model_options){0}, &e))
        fail_msg("%s", e.message);
    schema_free(s);
    return m;
}

struct inputs {
    float *view[SLOT_COUNT];
    struct clinical clinical[10];
};

static struct inputs inputs_new(const struct model *m) {
    struct inputs in = {0};
    for (int s = 0; s < SLOT_COUNT; s++) {
        const size_t n = prep_size(&model_config(m)->prep, (enum slot)s);
        const struct rng r = rng_make(5, 97, (uint32_t)s);
        in.view[s] = mem_alloc_aligned(n, sizeof(float), NULL);
        for (size_t i = 0; i < n; i++)
            in.view[s][i] = (float)rng_uniform(&r, i);
    }
    for (int i = 0; i < 10; i++)
        in.clinical[i] = (struct clinical){i % 3 != 0, 0.1 * i};
    return in;
}

static void inputs_free(struct inputs *in) {
    for (int s = 0; s < SLOT_COUNT; s++)
        free(in->view[s]);
}

static struct model_output run(struct model *m, const struct inputs *in, unsigned present) {
    struct err e = {0};
    struct model_output out;
    struct model_input exam = {.clinical = in->clinical};
    for (int s = 0; s < SLOT_COUNT; s++)
        exam.view[s] = present >> s & 1U ? in->view[s] : NULL;
    if (model_run(m, &exam, &out, &e))
        fail_msg("pattern %02x: %s", present, e.message);
    double sum = 0;
    for (int i = 0; i < TIER_COUNT; i++)
        sum += out.p[i];
    assert_true(fabs(sum - 1) < 1e-12);
    assert_true(out.node[model_tree(m)->positive] == out.positive);
    assert_true(fabs(out.positive - (out.p[2] + out.p[3] + out.p[4])) < 1e-15);
    assert_in_range(out.leaf, 0, TIER_COUNT - 1);
    return out;
}

/* Each pattern gives other logits than the whole; the same pattern gives the same bits whatever ran before and on one thread or two. */
static void test_patterns(void **state) {
    (void)state;
    for (int clinical = CLINICAL_CONCAT; clinical <= CLINICAL_TOKEN; clinical++) {
        struct model *m = fresh(NETWORK_BMU, VARIANT_MASKED, (enum clinical_mode)clinical, 3);
        struct inputs in = inputs_new(m);
        struct model_output first[8], whole = run(m, &in, 0xFF);
        for (unsigned i = 0; i < 8; i++) {
            first[i] = run(m, &in, 1U << i);
            assert_memory_not_equal(first[i].logits, whole.logits, sizeof whole.logits);
        }
        pool_set_threads(1);
        for (unsigned i = 8; i-- > 0;) {
            const struct model_output again = run(m, &in, 1U << i);
            assert_memory_equal(first[i].logits, again.logits, sizeof again.logits);
        }
        const struct model_output again = run(m, &in, 0xFF);
        assert_memory_equal(whole.logits, again.logits, sizeof again.logits);
        pool_set_threads(2);
        inputs_free(&in);
        model_close(m);
    }
}

/* Reference: an absent view is the black image, given or not. */
static void test_black(void **state) {
    (void)state;
    struct model *m = fresh(NETWORK_BMU, VARIANT_REFERENCE, CLINICAL_CONCAT, 4);
    struct inputs in = inputs_new(m);
    const struct model_output absent = run(m, &in, 0x09);
    for (int s = 0; s < SLOT_COUNT; s++)
        if (!(0x09 >> s & 1))
            prep_black(in.view[s], &model_config(m)->prep, (enum slot)s);
    const struct model_output black = run(m, &in, 0xFF);
    for (int i = 0; i < TIER_COUNT; i++)
        assert_true(fabsf(absent.logits[i] - black.logits[i]) <= 2e-6F * fmaxf(1, fabsf(black.logits[i])));
    inputs_free(&in);
    model_close(m);
}

static void test_unimodal(void **state) {
    (void)state;
    for (int n = NETWORK_MG; n <= NETWORK_US; n++) {
        struct err e = {0};
        struct model *m = fresh((enum network)n, VARIANT_REFERENCE, CLINICAL_NONE, 5);
        struct inputs in = inputs_new(m);
        struct model_output out;
        const unsigned takes = n == NETWORK_MG ? 0x03 : 0xFC;
        run(m, &in, takes);
        run(m, &in, takes & (unsigned)-(int)takes); /* its first view alone */
        struct model_input wrong = {.view[SLOT_MG_CC] = in.view[0], .view[SLOT_US_BMODE_TRANS] = in.view[2]};
        assert_int_equal(model_run(m, &wrong, &out, &e), ERR_VIEW_NOT_TAKEN);
        assert_int_equal(model_run(m, &(struct model_input){0}, &out, &e), ERR_EXAM_NO_IMAGE);
        inputs_free(&in);
        model_close(m);
    }
    const struct model_init_options masked = {.network = NETWORK_MG, .variant = VARIANT_MASKED, .tree = shipped_tree(), .small = true};
    struct err e = {0};
    assert_int_equal(model_init(path, &masked, &e), ERR_CONFIG);
}

/* A NaN in an input comes out as a code, not as a probability. */
static void test_nan_input(void **state) {
    (void)state;
    struct err e = {0};
    struct model_output out;
    struct model *m = fresh(NETWORK_BMU, VARIANT_MASKED, CLINICAL_CONCAT, 6);
    struct inputs in = inputs_new(m);
    in.clinical[1] = (struct clinical){true, NAN};
    struct model_input exam = {.view[SLOT_US_BMODE_TRANS] = in.view[SLOT_US_BMODE_TRANS], .clinical = in.clinical};
    assert_int_equal(model_run(m, &exam, &out, &e), ERR_OUTPUT_NAN);
    inputs_free(&in);
    model_close(m);
}

/* Rewrite the saved model with one array changed by `change`; what model_open() says of it. */
static int changed(void (*change)(struct array *a, size_t *n), const char *metadata_key, const char *metadata_value, struct err *e) {
    struct archive *a = NULL;
    struct model *m = NULL;
    assert_int_equal(safetensors_open(&a, path, e), 0);
    size_t n = archive_count(a);
    struct array *list = mem_alloc(n + 1, sizeof *list, NULL);
    for (size_t i = 0; i < n; i++)
        list[i] = *archive_at(a, i);
    const char *pairs[][2] = {{"bmunet.config", archive_metadata(a, "bmunet.config")},
                              {"bmunet.schema", archive_metadata(a, "bmunet.schema")},
                              {"bmunet.tree", archive_metadata(a, "bmunet.tree")},
                              {"bmunet.tree_sha256", archive_metadata(a, "bmunet.tree_sha256")},
                              {"bmunet.vendors", metadata_value}};
    const bool vendors = metadata_key && strcmp(metadata_key, "bmunet.vendors") == 0;
    for (int i = 0; i < 4; i++)
        if (metadata_key && strcmp(pairs[i][0], metadata_key) == 0)
            pairs[i][1] = metadata_value;
    char other[80];
    snprintf(other, sizeof other, "%s.changed", path);
    if (change)
        change(list, &n);
    if (safetensors_write(other, list, n, pairs, vendors ? 5 : 4, e))
        fail_msg("%s", e->message);
    const int rc = model_open(&m, other, &(struct model_options){0}, e);
    model_close(m);
    archive_close(a);
    free(list);
    unlink(other);
    return rc;
}

static float poison[4096];

static void with_nan(struct array *a, size_t *n) {
    (void)n;
    for (size_t i = 0; i < 4096; i++)
        poison[i] = i == 17 ? NAN : 0.5F;
    for (size_t i = 0; i < *n; i++)
        if (strcmp(a[i].name, "model2.backbone.4.0.conv1.weight") == 0)
            a[i].data = poison;
}

static void negative_variance(struct array *a, size_t *n) {
    for (size_t i = 0; i < 4096; i++)
        poison[i] = -1.0F;
    for (size_t i = 0; i < *n; i++)
        if (strcmp(a[i].name, "model2.backbone.1.running_var") == 0)
            a[i].data = poison;
}

static void without_last(struct array *a, size_t *n) {
    (void)a;
    --*n;
}

static void with_extra(struct array *a, size_t *n) {
    a[*n] = a[0];
    a[(*n)++].name = "surplus";
}

static void misshapen(struct array *a, size_t *n) {
    (void)n;
    a[0].rank = 2;
    a[0].shape[0] = (int64_t)(a[0].bytes / dtype_size(a[0].dtype));
    a[0].shape[1] = 1;
}

static void test_hostile_models(void **state) {
    (void)state;
    struct err e = {0};
    model_close(fresh(NETWORK_BMU, VARIANT_MASKED, CLINICAL_CONCAT, 7));
    assert_int_equal(changed(NULL, NULL, NULL, &e), 0);
    assert_int_equal(changed(with_nan, NULL, NULL, &e), ERR_WEIGHTS_NAN);
    assert_non_null(strstr(e.message, "model2.backbone.4.0.conv1.weight"));
    assert_int_equal(changed(negative_variance, NULL, NULL, &e), ERR_WEIGHTS_NAN);
    assert_int_equal(changed(without_last, NULL, NULL, &e), ERR_WEIGHTS_KEYS);
    assert_non_null(strstr(e.message, "missing"));
    assert_int_equal(changed(with_extra, NULL, NULL, &e), ERR_WEIGHTS_KEYS);
    assert_non_null(strstr(e.message, "extra surplus"));
    assert_int_equal(changed(misshapen, NULL, NULL, &e), ERR_WEIGHTS_KEYS);
    assert_non_null(strstr(e.message, "misshapen"));
#define MASKED_CONFIG                                                                                                                      \
    "{\"network\":\"bmu\",\"variant\":\"masked\",\"clinical\":\"concat\",\"width\":8,\"n_clinical\":10,\"prep\":{\"profile\":\"reference-" \
    "v1\","                                                                                                                                \
    "\"mg\":[64,48],\"us\":[32,32],\"mg_mean\":1,\"mg_std\":1}"
    static const char *const configs[] = {"{}",
                                          "[]",
                                          "{\"network\":\"bmu\"}",
                                          "{\"network\":\"bmu\",\"variant\":\"masked\",\"clinical\":\"concat\",\"width\":1048576,\"n_"
                                          "clinical\":10,\"prep\":{\"profile\":\"reference-v1\","
                                          "\"mg\":[64,48],\"us\":[32,32],\"mg_mean\":1,\"mg_std\":1}}",
                                          "{\"network\":\"bmu\",\"variant\":\"masked\",\"clinical\":\"concat\",\"width\":8,\"n_clinical\":"
                                          "10,\"prep\":{\"profile\":\"reference-v1\","
                                          "\"mg\":[1000000,48],\"us\":[32,32],\"mg_mean\":1,\"mg_std\":1}}",
                                          "{\"network\":\"bmu\",\"variant\":\"masked\",\"clinical\":\"concat\",\"width\":8,\"n_clinical\":"
                                          "10,\"prep\":{\"profile\":\"reference-v1\","
                                          "\"mg\":[64,48],\"us\":[32,32],\"mg_mean\":1,\"mg_std\":0}}",
                                          "{\"network\":\"bmu\",\"variant\":\"masked\",\"clinical\":\"concat\",\"width\":8,\"n_clinical\":"
                                          "9,\"prep\":{\"profile\":\"reference-v1\","
                                          "\"mg\":[64,48],\"us\":[32,32],\"mg_mean\":1,\"mg_std\":1}}",
                                          MASKED_CONFIG ",\"unlearnt\":[]}",
                                          MASKED_CONFIG ",\"unlearnt\":\"mg\"}",
                                          MASKED_CONFIG ",\"unlearnt\":[\"mammography\"]}",
                                          MASKED_CONFIG ",\"unlearnt\":[\"mg\",\"mg\"]}",
                                          MASKED_CONFIG ",\"unlearnt\":[3]}"};
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        const int rc = changed(NULL, "bmunet.config", configs[i], &e);
        if (rc != ERR_MODEL_METADATA && rc != ERR_CONFIG)
            fail_msg("config %zu: %s", i, err_name(rc));
    }
    assert_int_equal(changed(NULL, "bmunet.schema", "{\"name\":\"x\",\"fields\":[]}", &e) == 0, 0);
    assert_int_equal(changed(NULL, "bmunet.config", MASKED_CONFIG ",\"unlearnt\":[\"elasto\"]}", &e), 0);
}

/* The profile and its vendor table go through the model file. */
static void test_profiles(void **state) {
    (void)state;
    static const char text[] = "devices: [{name: N, manufacturer: [M], source: s}]\n";
    struct err e = {0};
    struct vendors *vendors = NULL;
    struct model *m = NULL;
    assert_int_equal(vendors_parse_yaml(&vendors, text, strlen(text), &e), 0);
    struct model_init_options o = {
        .network = NETWORK_MG, .variant = VARIANT_REFERENCE, .clinical = CLINICAL_NONE, .tree = shipped_tree(), .small = true};
    assert_int_equal(model_init(path, &o, &e), 0);
    assert_int_equal(model_open(&m, path, &(struct model_options){0}, &e), 0);
    assert_string_equal(model_config(m)->prep.name, "reference-v1");
    assert_true(model_config(m)->prep.mg_mean == 5234.68 && model_config(m)->prep.vendors == NULL);
    model_close(m);
    o.vendors = vendors;
    assert_int_equal(model_init(path, &o, &e), ERR_CONFIG); /* reference-v1 takes none */
    o.prep = "canonical-v2";
    assert_int_equal(model_init(path, &o, &e), ERR_CONFIG);
    o.prep = "canonical-v1";
    assert_int_equal(model_init(path, &o, &e), ERR_CONFIG); /* what an absent view's black image is, only reference-v1 says */
    struct schema *schema = NULL;
    assert_int_equal(schema_read_yaml(&schema, "share/schemas/clinical10.yml", &e), 0);
    o.network = NETWORK_BMU;
    o.variant = VARIANT_MASKED;
    o.clinical = CLINICAL_CONCAT;
    o.schema = schema;
    assert_int_equal(model_init(path, &o, &e), 0);
    assert_int_equal(model_open(&m, path, &(struct model_options){0}, &e), 0);
    const struct prep_profile *p = &model_config(m)->prep;
    assert_string_equal(p->name, "canonical-v1");
    assert_true(p->mg_mean == PREP_CANONICAL_MEAN && p->mg_std == PREP_CANONICAL_STD && p->mg_height == 64);
    assert_memory_equal(vendors_sha256(p->vendors), vendors_sha256(vendors), 32);
    assert_non_null(vendors_find(p->vendors, "M", ""));
    model_close(m);
    vendors_free(vendors);
    schema_free(schema);
    model_close(fresh(NETWORK_BMU, VARIANT_MASKED, CLINICAL_CONCAT, 7));
    assert_int_equal(changed(NULL, "bmunet.vendors", "[1]", &e), ERR_MODEL_METADATA);
    assert_int_equal(changed(NULL, "bmunet.vendors", "[\"devices: []\"]", &e), ERR_YAML);
    assert_int_equal(changed(NULL, "bmunet.vendors", "[\"devices: [{name: N, manufacturer: [M], source: s}]\"]", &e), ERR_CONFIG);
}

int main(void) {
    snprintf(path, sizeof path, "/tmp/bmunet_t_model_%ld.safetensors", (long)getpid());
    pool_set_threads(2);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),  cmocka_unit_test(test_black),          cmocka_unit_test(test_unimodal),
        cmocka_unit_test(test_nan_input), cmocka_unit_test(test_hostile_models), cmocka_unit_test(test_profiles),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
