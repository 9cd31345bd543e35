/* What the tests of the networks share: weights and exams made from a hash of their names (the same numbers as tests/oracle/net.py makes),
 * golden logits of PyTorch (tests/golden/net), models opened from both, and the comparison of one with the other. Test code, above all
 * floors. A header: every tests/t_*.c is a program. */
#ifndef BMU_TESTS_SUPPORT_H
#define BMU_TESTS_SUPPORT_H

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
#include "ckpt/archive.h"
#include "exam/schema.h"
#include "file/io.h"
#include "file/json.h"
#include "model/model.h"
#include "trees.h"

/* --- numbers from names -------------------------------------------------------------------------------------------------- */

/* FNV-1a of the name, then number i = splitmix64's finaliser of hash + (i + 1) * golden ratio, its top 24 bits, in [-1, 1). */
static inline uint64_t hash_name(const char *name) {
    uint64_t h = 0xCBF29CE484222325U;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 0x100000001B3U;
    return h;
}

static inline double hash_uniform(uint64_t name, size_t i) {
    uint64_t z = name + ((uint64_t)i + 1) * 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    z ^= z >> 31;
    return ((double)(z >> 40) - 8388608.0) / 8388608.0;
}

static inline bool ends_with(const char *text, const char *end) {
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && memcmp(text + n - m, end, m) == 0;
}

/* Number u of [-1, 1) -> a weight of this key: net.py's fill(). */
static inline double weight_of(const struct array *a, size_t count, double u) {
    if (ends_with(a->name, "running_var"))
        return 1.0 + 0.5 * u;
    if (ends_with(a->name, "running_mean"))
        return 0.2 * u;
    if (ends_with(a->name, "position_embeddings"))
        return 0.5 * u;
    if (a->rank >= 2)
        return u * sqrt((a->rank == 4 ? 6.0 : 3.0) / (double)(count / (size_t)a->shape[0]));
    if (ends_with(a->name, "weight"))
        return strstr(a->name, ".bn2.") ? 0.5 + 0.1 * u : 1.0 + 0.25 * u;
    return 0.1 * u;
}

/* --- goldens --------------------------------------------------------------------------------------------------------------- */

struct golden {
    struct json *root; /* owned */
    enum network network;
    enum clinical_mode clinical;
    int width;
    const struct json *cases;
    size_t n_cases;
};

struct golden_case {
    enum variant variant;
    unsigned present;
    double logits[TIER_COUNT], logits_f64[TIER_COUNT];
};

static inline struct json *golden_json(const char *path) {
    uint8_t *text = NULL;
    size_t n = 0;
    struct err e = {0};
    struct json *j = NULL;
    if (io_read_file(&text, &n, path, 1 << 24, &e) || json_read(&j, (const char *)text, n, ERR_CONFIG, &e))
        fail_msg("%s: %s", path, e.message);
    free(text);
    return j;
}

static inline struct golden golden_read_file(const char *path) {
    struct golden g = {.root = golden_json(path)};
    const int network = network_from_name(json_string(json_get(g.root, "network")));
    const char *clinical = json_string(json_get(g.root, "clinical"));
    assert_true(network >= 0);
    assert_non_null(clinical);
    g.network = (enum network)network;
    g.clinical = strcmp(clinical, "token") == 0 ? CLINICAL_TOKEN : strcmp(clinical, "concat") == 0 ? CLINICAL_CONCAT : CLINICAL_NONE;
    g.width = (int)json_integer(json_get(g.root, "width"), 0);
    g.cases = json_get(g.root, "cases");
    g.n_cases = json_size(g.cases);
    assert_true(g.n_cases > 0);
    return g;
}

static inline struct golden golden_read(const char *name) {
    char path[256];
    snprintf(path, sizeof path, "tests/golden/net/%s.json", name);
    return golden_read_file(path);
}

static inline struct golden_case golden_at(const struct golden *g, size_t i) {
    const struct json *j = json_at(g->cases, i);
    struct golden_case c = {.present = (unsigned)json_integer(json_get(j, "present"), 0)};
    const int variant = variant_from_name(json_string(json_get(j, "variant")));
    assert_true(variant >= 0 && c.present > 0 && c.present < 256);
    c.variant = (enum variant)variant;
    for (size_t k = 0; k < TIER_COUNT; k++) {
        c.logits[k] = json_number(json_at(json_get(j, "logits"), k), NAN);
        c.logits_f64[k] = json_number(json_at(json_get(j, "logits_f64"), k), NAN);
        assert_true(isfinite(c.logits[k]) && isfinite(c.logits_f64[k]));
    }
    return c;
}

/* The largest |logit - golden| / max(1, |golden|), over PyTorch's float32 and float64 results. */
static inline double golden_distance(const float logits[TIER_COUNT], const struct golden_case *c) {
    double worst = 0;
    for (int k = 0; k < TIER_COUNT; k++) {
        const double x = (double)logits[k];
        if (!isfinite(x))
            return INFINITY;
        worst = fmax(worst, fabs(x - c->logits[k]) / fmax(1, fabs(c->logits[k])));
        worst = fmax(worst, fabs(x - c->logits_f64[k]) / fmax(1, fabs(c->logits_f64[k])));
    }
    return worst;
}

/* --- models ---------------------------------------------------------------------------------------------------------------- */

/* A fresh path under $TMPDIR or /tmp; the file exists and is empty. */
static inline void temporary_path(char *path, size_t size) {
    const char *folder = getenv("TMPDIR");
    snprintf(path, size, "%s/bmunet-test-XXXXXX", folder && *folder ? folder : "/tmp");
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
}

static inline void fill_array(struct array *a, struct arena *arena, const struct json *key) {
    const struct json *shape = json_at(key, 2);
    struct err e = {0};
    size_t count = 1;
    a->name = json_string(json_at(key, 0));
    a->dtype = strcmp(json_string(json_at(key, 1)), "I64") == 0 ? DTYPE_I64 : DTYPE_F32;
    a->rank = (int)json_size(shape);
    assert_true(a->rank <= 4);
    for (int i = 0; i < a->rank; i++)
        count *= (size_t)(a->shape[i] = json_integer(json_at(shape, (size_t)i), 0));
    a->bytes = count * dtype_size(a->dtype);
    void *data = arena_alloc(arena, count, dtype_size(a->dtype), &e);
    assert_non_null(data);
    a->data = data;
    if (a->dtype == DTYPE_I64) { /* batch-norm's counter */
        *(int64_t *)data = 1000;
        return;
    }
    const uint64_t h = hash_name(a->name);
    for (size_t i = 0; i < count; i++)
        ((float *)data)[i] = (float)weight_of(a, count, hash_uniform(h, i));
}

/* The golden's list of keys, filled, as a safetensors file with nothing of ours in it: what a converted checkpoint looks like. */
static inline void golden_weights(const struct golden *g, const char *path) {
    const struct json *keys = json_get(g->root, "keys");
    const size_t n = json_size(keys);
    struct arena arena;
    struct err e = {0};
    struct array *arrays = mem_alloc(n, sizeof *arrays, &e);
    assert_non_null(arrays);
    arena_init(&arena, 0);
    for (size_t i = 0; i < n; i++)
        fill_array(&arrays[i], &arena, json_at(keys, i));
    if (safetensors_write(path, arrays, n, NULL, 0, &e))
        fail_msg("%s", e.message);
    arena_release(&arena);
    free(arrays);
}

/* Weights file -> model file, as `bmunet import` does it. */
static inline void golden_import(const struct golden *g, enum variant variant, const char *weights, const char *model) {
    struct err e = {0};
    struct schema *schema = NULL;
    struct archive *a = NULL;
    if (g->network == NETWORK_BMU && schema_read_yaml(&schema, "share/schemas/clinical10.yml", &e))
        fail_msg("%s", e.message);
    struct model_import how = {.network = g->network,
                               .variant = variant,
                               .clinical = g->clinical,
                               .schema = schema,
                               .tree = shipped_tree(),
                               .source_name = "golden"};
    if (safetensors_open(&a, weights, &e) || archive_sha256(a, how.source_sha256, &e) || model_import(model, a, &how, &e))
        fail_msg("%s", e.message);
    archive_close(a);
    schema_free(schema);
}

static inline struct model *must_open(const char *path, struct model_options options) {
    struct err e = {0};
    struct model *m = NULL;
    if (model_open(&m, path, &options, &e))
        fail_msg("%s", e.message);
    return m;
}

/* Weights and import in one go; the model file is at path, to be unlinked by the caller. */
static inline void golden_model_file(const struct golden *g, enum variant variant, char *path, size_t size) {
    char weights[256];
    temporary_path(weights, sizeof weights);
    temporary_path(path, size);
    golden_weights(g, weights);
    golden_import(g, variant, weights, path);
    unlink(weights);
}

/* --- exams ----------------------------------------------------------------------------------------------------------------- */

struct test_exam {
    float *view[SLOT_COUNT]; /* owned; all eight */
    struct clinical clinical[SCHEMA_FIELDS_MAX];
};

/* net.py's exam(name): mammograms one channel in [-1, 1), ultrasound RGB in [0, 1), made as planes there and interleaved here; clinical
 * values in [-1, 1), all present. */
static inline struct test_exam exam_make(const char *name, const struct prep_profile *p) {
    static const char *const slots[SLOT_COUNT] = {"mg1", "mg2", "us3", "us4", "us5", "us6", "us7", "us8"};
    struct test_exam x = {0};
    char text[64];
    for (int s = 0; s < SLOT_COUNT; s++) {
        const size_t n = prep_size(p, (enum slot)s), plane = n / 3;
        snprintf(text, sizeof text, "%s.%s", name, slots[s]);
        const uint64_t h = hash_name(text);
        x.view[s] = mem_alloc_aligned(n, sizeof(float), NULL);
        assert_non_null(x.view[s]);
        for (size_t i = 0; i < n; i++)
            x.view[s][i] = (float)(slot_is_mg((enum slot)s) ? hash_uniform(h, i) : 0.5 + 0.5 * hash_uniform(h, i % 3 * plane + i / 3));
    }
    snprintf(text, sizeof text, "%s.clinical", name);
    for (size_t i = 0; i < SCHEMA_FIELDS_MAX; i++)
        x.clinical[i] = (struct clinical){true, (double)(float)hash_uniform(hash_name(text), i)};
    return x;
}

/* The exam of this name, with the clinical values listed. */
static inline struct test_exam exam_with(const char *name, const struct json *values, const struct prep_profile *p) {
    struct test_exam x = exam_make(name, p);
    assert_true(json_size(values) <= SCHEMA_FIELDS_MAX);
    for (size_t i = 0; i < json_size(values); i++) {
        const struct json *v = json_at(values, i);
        x.clinical[i] = (struct clinical){json_bool(json_get(v, "present"), false), json_number(json_get(v, "value"), NAN)};
    }
    return x;
}

static inline struct test_exam golden_exam(const struct golden *g, const struct prep_profile *p) {
    return exam_with(json_string(json_get(g->root, "exam")), json_get(g->root, "clinical_values"), p);
}

static inline void exam_free(struct test_exam *x) {
    for (int s = 0; s < SLOT_COUNT; s++)
        free(x->view[s]);
}

/* The exam with only these views, through the model: model_run()'s code. */
static inline int exam_try(struct model_output *out, struct model *m, const struct test_exam *x, unsigned present, struct err *e) {
    struct model_input in = {.clinical = model_schema(m) ? x->clinical : NULL};
    for (int s = 0; s < SLOT_COUNT; s++)
        in.view[s] = present >> s & 1U ? x->view[s] : NULL;
    return model_run(m, &in, out, e);
}

static inline struct model_output exam_run(struct model *m, const struct test_exam *x, unsigned present) {
    struct model_output out;
    struct err e = {0};
    if (exam_try(&out, m, x, present, &e))
        fail_msg("views %#x: %s", present, e.message);
    return out;
}

/* --- parity ---------------------------------------------------------------------------------------------------------------- */

/* Of max(1, |logit|). Direct convolution sums as PyTorch does, in another order; Winograd's transforms lose another digit. */
static inline double golden_tolerance(bool exact) {
    return exact ? 1e-5 : 1e-4;
}

/* The golden's cases of this variant against its model file. */
static inline void golden_check_variant(const struct golden *g, enum variant variant, bool exact, const char *path, const char *name) {
    struct model *m = must_open(path, (struct model_options){.exact = exact});
    struct test_exam x = golden_exam(g, &model_config(m)->prep);
    double worst = 0;
    size_t n = 0;
    assert_int_equal(model_config(m)->width, g->width);
    for (size_t i = 0; i < g->n_cases; i++) {
        const struct golden_case c = golden_at(g, i);
        if (c.variant != variant)
            continue;
        const struct model_output out = exam_run(m, &x, c.present);
        const double d = golden_distance(out.logits, &c);
        if (!(d <= golden_tolerance(exact)))
            fail_msg("%s %s%s, views %#x: off by %g, allowed %g", name, variant_name(variant), exact ? " exact" : "", c.present, d,
                     golden_tolerance(exact));
        worst = fmax(worst, d);
        n++;
    }
    printf("%s %s%s: %zu cases, largest difference %.2g\n", name, variant_name(variant), exact ? " exact" : "", n, worst);
    exam_free(&x);
    model_close(m);
}

/* All cases of a golden, exact and not. */
static inline void golden_check(const char *name) {
    struct golden g = golden_read(name);
    for (int v = 0; v < VARIANT_COUNT; v++) {
        char path[256];
        bool any = false;
        for (size_t i = 0; i < g.n_cases; i++)
            any = any || golden_at(&g, i).variant == (enum variant)v;
        if (!any)
            continue;
        golden_model_file(&g, (enum variant)v, path, sizeof path);
        golden_check_variant(&g, (enum variant)v, true, path, name);
        golden_check_variant(&g, (enum variant)v, false, path, name);
        unlink(path);
    }
    json_free(g.root);
}

#endif
