/* AdamW, SGD, clipping, freezing and the schedule against PyTorch (tests/golden/learn), and what is refused. Test code. */
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "learn_golden.h"
#include "nn/optimiser.h"
#include "nn/schedule.h"
#include "support.h"

enum { SIZE = 64, SEGMENTS = 5, STEPS = 10 };

static struct err err;

/* --- trajectories --- */

static void numbers(float *out, const char *name, size_t n, double scale) {
    const uint64_t h = hash_name(name);
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(scale * hash_uniform(h, i));
}

struct run {
    struct optimiser_segment segments[SEGMENTS];
    struct optimiser_config config;
    struct optimiser *o;
    float parameters[SIZE], gradients[SIZE];
    double norm_off, worst; /* the largest differences seen */
};

static struct optimiser_config read_config(const struct json *j) {
    const bool adamw = strcmp(json_string(json_get(j, "kind")), "adamw") == 0;
    return (struct optimiser_config){.kind = adamw ? OPTIMISER_ADAMW : OPTIMISER_SGD,
                                     .weight_decay = learn_number(json_get(j, "weight_decay")),
                                     .beta1 = json_number(json_get(j, "beta1"), 0),
                                     .beta2 = json_number(json_get(j, "beta2"), 0),
                                     .epsilon = json_number(json_get(j, "epsilon"), 0),
                                     .momentum = json_number(json_get(j, "momentum"), 0),
                                     .nesterov = json_bool(json_get(j, "nesterov"), false)};
}

static void read_run(struct run *r, const struct json *root, const struct json *j) {
    *r = (struct run){.config = read_config(json_get(j, "config"))};
    assert_int_equal(json_integer(json_get(root, "size"), 0), SIZE);
    assert_int_equal(json_size(json_get(root, "segments")), SEGMENTS);
    for (size_t i = 0; i < SEGMENTS; i++) {
        const struct json *s = json_at(json_get(root, "segments"), i);
        r->segments[i] = (struct optimiser_segment){.name = json_string(json_get(s, "name")),
                                                    .offset = (size_t)json_integer(json_get(s, "offset"), -1),
                                                    .count = (size_t)json_integer(json_get(s, "count"), -1),
                                                    .decay = !learn_lists(json_get(j, "spared"), i),
                                                    .frozen = learn_lists(json_get(j, "frozen"), i)};
    }
    numbers(r->parameters, "parameters", SIZE, 1);
    if (optimiser_new(&r->o, &r->config, r->segments, SEGMENTS, SIZE, &err))
        fail_msg("%s", err.message);
}

/* The largest |x - golden| / max(|golden|, 1): parameters start at size 1 and pass through 0. */
static double block_off(const float *x, const struct json *golden) {
    double want[SIZE], worst = 0;
    assert_int_equal(learn_numbers(want, SIZE, golden), SIZE);
    for (size_t i = 0; i < SIZE; i++)
        worst = fmax(worst, fabs((double)x[i] - want[i]) / fmax(fabs(want[i]), 1));
    return worst;
}

/* Nobody reads the gradients of a frozen segment or of a gap: they may be anything. */
static void make_gradients(struct run *r, size_t step) {
    char name[32];
    float g[SIZE];
    snprintf(name, sizeof name, "gradient %zu", step);
    numbers(g, name, SIZE, 0.4 * (double)(1 + step % 3));
    for (size_t i = 0; i < SIZE; i++)
        r->gradients[i] = NAN;
    for (size_t i = 0; i < SEGMENTS; i++)
        if (!r->segments[i].frozen)
            memcpy(r->gradients + r->segments[i].offset, g + r->segments[i].offset, r->segments[i].count * sizeof *g);
}

static void one_step(struct run *r, const struct json *j, size_t step) {
    const struct json *clip = json_get(j, "clip");
    const double rate = learn_number(json_at(json_get(j, "rates"), step)), want = learn_number(json_at(json_get(j, "norms"), step));
    double norm = 0;
    if (step == (size_t)json_integer(json_get(j, "thaw"), STEPS))
        for (size_t i = 0; i < SEGMENTS; i++)
            r->segments[i].frozen = false;
    make_gradients(r, step);
    if (optimiser_norm(&norm, r->o, r->gradients, &err))
        fail_msg("%s", err.message);
    optimiser_step(r->o, r->parameters, r->gradients, rate, json_is_number(clip) ? optimiser_clip(norm, json_number(clip, NAN)) : 1);
    r->norm_off = fmax(r->norm_off, fabs(norm - want) / want);
    r->worst = fmax(r->worst, block_off(r->parameters, json_at(json_get(j, "parameters"), step)));
}

static void check_state(const struct run *r, const struct json *j) {
    if (r->config.kind == OPTIMISER_SGD && r->config.momentum == 0)
        assert_null(r->o->first);
    else
        assert_true(block_off(r->o->first, json_get(j, "first")) <= 1e-6);
    if (r->config.kind == OPTIMISER_SGD) {
        assert_null(r->o->second);
        return;
    }
    assert_true(block_off(r->o->second, json_get(j, "second")) <= 1e-6);
    for (size_t i = 0; i < SEGMENTS; i++)
        assert_int_equal(r->o->steps[i], json_integer(json_at(json_get(j, "steps"), i), -1));
}

static void trajectories(void **state) {
    (void)state;
    struct json *root = learn_read("optimiser");
    const struct json *cases = json_get(root, "cases");
    double worst = 0, worst_norm = 0, single = 0;
    for (size_t i = 0; i < json_size(cases); i++) {
        const struct json *j = json_at(cases, i);
        struct run r;
        read_run(&r, root, j);
        for (size_t step = 0; step < STEPS; step++)
            one_step(&r, j, step);
        if (!(r.worst <= 1e-6) || !(r.norm_off <= 1e-12))
            fail_msg("%s: parameters off by %g, norm by %g", json_string(json_get(j, "name")), r.worst, r.norm_off);
        check_state(&r, j);
        worst = fmax(worst, r.worst);
        worst_norm = fmax(worst_norm, r.norm_off);
        single = fmax(single, block_off(r.parameters, json_get(j, "parameters_f32_end")));
        optimiser_free(r.o);
    }
    printf("optimiser: %zu cases of %d steps, largest difference from float64 %.2g, from PyTorch's float32 %.2g, norm %.2g\n",
           json_size(cases), STEPS, worst, single, worst_norm);
    assert_true(single <= 1e-6);
    json_free(root);
}

/* A gap and a frozen segment keep their bits. */
static void what_stands_still(void **state) {
    (void)state;
    struct json *root = learn_read("optimiser");
    struct run r;
    float before[SIZE];
    read_run(&r, root, json_at(json_get(root, "cases"), 0));
    r.segments[2].frozen = true;
    memcpy(before, r.parameters, sizeof before);
    make_gradients(&r, 0);
    optimiser_step(r.o, r.parameters, r.gradients, 0.1, 1);
    for (size_t i = 0; i < SIZE; i++) {
        const bool still = (i >= 22 && i < 48) || i >= 62;
        assert_true((memcmp(&before[i], &r.parameters[i], sizeof before[i]) == 0) == still);
    }
    assert_true(r.o->steps[0] == 1 && r.o->steps[2] == 0 && r.o->first[24] == 0);
    optimiser_free(r.o);
    json_free(root);
}

/* --- the same bits for any number of threads, and however the block is cut --- */

enum { LARGE = 300007 };
static const struct optimiser_config adamw = {.kind = OPTIMISER_ADAMW, .weight_decay = 0.1, .beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-8};
static const struct optimiser_config sgd = {.kind = OPTIMISER_SGD, .weight_decay = 0.1, .momentum = 0.9, .nesterov = true};

struct large {
    float *parameters, *gradients; /* owned; [LARGE] */
    double norm;
};

static struct large large_run(const struct optimiser_config *config, const struct optimiser_segment *segments, size_t n, int threads) {
    struct large x = {.parameters = mem_alloc(LARGE, sizeof(float), NULL), .gradients = mem_alloc(LARGE, sizeof(float), NULL)};
    struct optimiser *o = NULL;
    const int before = pool_threads();
    assert_true(x.parameters && x.gradients);
    numbers(x.parameters, "large", LARGE, 1);
    numbers(x.gradients, "large gradient", LARGE, 1);
    pool_set_threads(threads);
    assert_int_equal(optimiser_new(&o, config, segments, n, LARGE, &err), 0);
    for (int step = 0; step < 3; step++) {
        assert_int_equal(optimiser_norm(&x.norm, o, x.gradients, &err), 0);
        optimiser_step(o, x.parameters, x.gradients, 0.01, optimiser_clip(x.norm, 1));
    }
    optimiser_free(o);
    pool_set_threads(before);
    return x;
}

static void large_free(struct large *x) {
    free(x->parameters);
    free(x->gradients);
}

static void any_number_of_threads(void **state) {
    (void)state;
    static const struct optimiser_segment whole[] = {
        {"a", 0, 200001, true, false}, {"b", 200001, 6, true, false}, {"c", 200007, 100000, true, false}};
    static const struct optimiser_config *const configs[] = {&adamw, &sgd};
    for (size_t i = 0; i < 2; i++) {
        struct large one = large_run(configs[i], whole, 3, 1);
        double sum = 0;
        for (size_t k = 0; k < LARGE; k++)
            sum += (double)one.gradients[k] * (double)one.gradients[k];
        assert_true(fabs(one.norm - sqrt(sum)) < 1e-11 * one.norm);
        static const int threads[] = {2, 3, 7, 16};
        for (size_t k = 0; k < sizeof threads / sizeof threads[0]; k++) {
            struct large many = large_run(configs[i], whole, 3, threads[k]);
            assert_memory_equal(one.parameters, many.parameters, LARGE * sizeof(float));
            assert_memory_equal(&one.norm, &many.norm, sizeof one.norm);
            large_free(&many);
        }
        large_free(&one);
    }
}

/* The vector kernel's tail and its body compute alike: cut into pieces shorter than a vector, the numbers stay the same. */
static void pieces_do_not_matter(void **state) {
    (void)state;
    enum { N = 1000, PIECE = 3 };
    static struct optimiser_segment pieces[N / PIECE + 1];
    static const struct optimiser_segment whole = {"a", 0, N, true, false};
    size_t n = 0;
    for (size_t at = 0; at < N; at += PIECE)
        pieces[n++] = (struct optimiser_segment){"a", at, N - at < PIECE ? N - at : PIECE, true, false};
    for (int kind = 0; kind < 2; kind++) {
        struct optimiser *a = NULL, *b = NULL;
        float p[2][N], g[N];
        numbers(p[0], "pieces", N, 1);
        numbers(g, "pieces' gradient", N, 1);
        memcpy(p[1], p[0], sizeof p[0]);
        assert_int_equal(optimiser_new(&a, kind ? &sgd : &adamw, &whole, 1, N, &err), 0);
        assert_int_equal(optimiser_new(&b, kind ? &sgd : &adamw, pieces, n, N, &err), 0);
        for (int step = 0; step < 3; step++) {
            optimiser_step(a, p[0], g, 0.01, 0.7);
            optimiser_step(b, p[1], g, 0.01, 0.7);
        }
        assert_memory_equal(p[0], p[1], sizeof p[0]);
        assert_memory_equal(a->first, b->first, sizeof p[0]);
        optimiser_free(a);
        optimiser_free(b);
    }
}

/* Moments sink to 0 and not into subnormal numbers; the caller's own arithmetic keeps them. */
static void no_subnormals(void **state) {
    (void)state;
    static const struct optimiser_segment segments[] = {{"a", 0, 16, false, false}};
    struct optimiser *o = NULL;
    float p[16] = {0}, g[16] = {1e-19F};
    volatile float tiny = 1e-38F;
    assert_int_equal(optimiser_new(&o, &adamw, segments, 1, 16, &err), 0);
    optimiser_step(o, p, g, 0.01, 1);
    g[0] = 0;
    for (int i = 0; i < 2000; i++)
        optimiser_step(o, p, g, 0.01, 1);
    assert_true(o->first[0] == 0 && o->second[0] == 0 && isfinite(p[0]));
    assert_true(tiny / 2 > 0);
    optimiser_free(o);
}

/* --- NaN --- */

static void bad_gradients_are_named(void **state) {
    (void)state;
    struct optimiser_segment segments[] = {
        {"first", 0, 10, true, false}, {"second", 10, 150000, true, false}, {"third", 150020, 100, true, false}};
    float *g = mem_alloc(LARGE, sizeof *g, NULL);
    struct optimiser *o = NULL;
    double norm = -1;
    assert_non_null(g);
    assert_int_equal(optimiser_new(&o, &adamw, segments, 3, LARGE, &err), 0);
    g[150015] = g[LARGE - 1] = NAN; /* gap and end */
    assert_int_equal(optimiser_norm(&norm, o, g, &err), 0);
    assert_true(norm == 0);
    g[9] = 3e38F; /* large is not infinite */
    g[10] = -3e38F;
    assert_int_equal(optimiser_norm(&norm, o, g, &err), 0);
    assert_true(fabs(norm - 3e38 * sqrt(2)) < 1e32);
    g[150021] = NAN;
    g[10 + 140000] = -INFINITY;
    g[10 + 140001] = NAN;
    assert_int_equal(optimiser_norm(&norm, o, g, &err), ERR_TRAIN_NAN);
    assert_string_equal(err.message, "the gradient of second: number 140000 is -inf");
    segments[1].frozen = true;
    assert_int_equal(optimiser_norm(&norm, o, g, &err), ERR_TRAIN_NAN);
    assert_string_equal(err.message, "the gradient of third: number 1 is nan");
    segments[2].frozen = true;
    assert_int_equal(optimiser_norm(&norm, o, g, &err), 0);
    assert_int_equal(optimiser_norm(&norm, o, g, NULL), 0);
    optimiser_free(o);
    free(g);
}

/* --- the table --- */

static void freezing(void **state) {
    (void)state;
    struct optimiser_segment s[] = {{"model1.backbone.0.weight", 0, 1, true, false},
                                    {"model1.head.0.weight", 1, 1, true, false},
                                    {"model2.backbone.0.weight", 2, 1, true, false},
                                    {"head.weight", 3, 1, true, true}};
    static const char *const trunk[] = {"model1.backbone.*"}, *const wrong[] = {"model2.*", "model9.*"}, *const all[] = {"*"};
    assert_int_equal(optimiser_freeze(s, 4, trunk, 1, &err), 0);
    assert_true(s[0].frozen && !s[1].frozen && !s[2].frozen && s[3].frozen);
    assert_int_equal(optimiser_freeze(s, 4, wrong, 2, &err), ERR_CONFIG);
    assert_non_null(strstr(err.message, "\"model9.*\""));
    assert_false(s[2].frozen); /* all or nothing */
    assert_int_equal(optimiser_freeze(s, 4, NULL, 0, &err), 0);
    assert_int_equal(optimiser_freeze(s, 4, all, 1, &err), 0);
    struct optimiser *o = NULL;
    assert_int_equal(optimiser_new(&o, &adamw, s, 4, 4, &err), ERR_CONFIG);
    assert_non_null(strstr(err.message, "every array is frozen"));
    assert_null(o);
}

static void decay_by_kind(void **state) {
    (void)state;
    struct keys k;
    keys_init(&k);
    keys_trunk(&k, "trunk", 8);
    keys_block(&k, "block", 8);
    keys_position(&k, "position", 2, 8);
    struct optimiser_segment s[] = {{"trunk.0.weight", 0, 1, false, false},
                                    {"trunk.1.weight", 1, 1, true, false},
                                    {"trunk.1.bias", 2, 1, true, false},
                                    {"block.attn.qkv.weight", 3, 1, false, false},
                                    {"block.attn.qkv.bias", 4, 1, true, false},
                                    {"block.norm1.weight", 5, 1, true, false},
                                    {"position", 6, 1, true, false}};
    assert_int_equal(optimiser_decay_by_kind(s, 7, &k, &err), 0);
    static const bool want[] = {true, false, false, true, false, false, false};
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(s[i].decay, want[i]);
    s[3].name = "block.attn.qkv.wait";
    assert_int_equal(optimiser_decay_by_kind(s, 7, &k, &err), ERR_INTERNAL);
    assert_non_null(strstr(err.message, "wait"));
    keys_release(&k);
}

static void bad_tables(void **state) {
    (void)state;
    static const struct optimiser_segment tables[][2] = {
        {{"a", 0, 5, true, false}, {"b", 4, 1, true, false}},        {{"b", 5, 5, true, false}, {"a", 0, 5, true, false}},
        {{"a", 0, 5, true, false}, {"b", 8, 3, true, false}},        {{"a", 0, 5, true, false}, {"b", 11, 0, true, false}},
        {{"a", 0, 5, true, false}, {"b", 6, SIZE_MAX, true, false}},
    };
    struct optimiser *o = NULL;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        assert_int_equal(optimiser_new(&o, &adamw, tables[i], 2, 10, &err), ERR_INTERNAL);
    assert_int_equal(optimiser_new(&o, &adamw, tables[0], 0, 10, &err), ERR_CONFIG);
}

static void bad_configurations(void **state) {
    (void)state;
    static const struct optimiser_segment s = {"a", 0, 4, true, false};
    static const struct optimiser_config bad[] = {
        {.kind = OPTIMISER_KINDS},
        {.kind = OPTIMISER_ADAMW, .weight_decay = -1, .epsilon = 1},
        {.kind = OPTIMISER_ADAMW, .weight_decay = INFINITY, .epsilon = 1},
        {.kind = OPTIMISER_ADAMW, .beta1 = 1, .epsilon = 1},
        {.kind = OPTIMISER_ADAMW, .beta2 = -0.1, .epsilon = 1},
        {.kind = OPTIMISER_ADAMW, .beta2 = (double)NAN, .epsilon = 1},
        {.kind = OPTIMISER_ADAMW, .beta1 = 0.9, .beta2 = 0.95, .epsilon = 0},
        {.kind = OPTIMISER_ADAMW, .beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-50},
        {.kind = OPTIMISER_ADAMW, .epsilon = (double)INFINITY},
        {.kind = OPTIMISER_ADAMW, .epsilon = 1e-8, .momentum = 0.9},
        {.kind = OPTIMISER_ADAMW, .epsilon = 1e-8, .nesterov = true},
        {.kind = OPTIMISER_SGD, .beta1 = 0.9},
        {.kind = OPTIMISER_SGD, .epsilon = 1e-8},
        {.kind = OPTIMISER_SGD, .momentum = 1},
        {.kind = OPTIMISER_SGD, .nesterov = true},
    };
    struct optimiser *o = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (optimiser_new(&o, &bad[i], &s, 1, 4, &err) != ERR_CONFIG || o)
            fail_msg("configuration %zu was taken", i);
}

static void clip(void **state) {
    (void)state;
    assert_true(optimiser_clip(0, 1) == 1 && optimiser_clip(0.5, 1) == 1);
    assert_true(optimiser_clip(2, 1) == 1 / (2 + 1e-6) && optimiser_clip(1, 1) == 1 / (1 + 1e-6));
}

/* --- schedule --- */

static void schedules(void **state) {
    (void)state;
    struct json *root = learn_read("schedule");
    const struct json *cases = json_get(root, "cases");
    double worst = 0;
    for (size_t i = 0; i < json_size(cases); i++) {
        const struct json *j = json_at(cases, i), *rates = json_get(j, "rates");
        const struct schedule s = {.base = learn_number(json_get(j, "base")),
                                   .total = (uint64_t)json_integer(json_get(j, "total"), 0),
                                   .warmup = (uint64_t)json_integer(json_get(j, "warmup"), 0)};
        assert_int_equal(schedule_check(&s, &err), 0);
        assert_int_equal(json_size(rates), s.total);
        for (uint64_t step = 0; step < s.total; step++)
            worst = fmax(worst, fabs(schedule_rate(&s, step) - learn_number(json_at(rates, step))) / s.base);
        assert_true(schedule_rate(&s, s.total) == 0 && schedule_rate(&s, UINT64_MAX) == 0);
    }
    printf("schedule: largest difference %.2g of the base\n", worst);
    assert_true(worst <= 1e-12);
    const struct schedule constant = {.kind = SCHEDULE_CONSTANT, .base = 0.5};
    assert_int_equal(schedule_check(&constant, &err), 0);
    assert_true(schedule_rate(&constant, 0) == 0.5 && schedule_rate(&constant, UINT64_MAX) == 0.5);
    json_free(root);
}

static void bad_schedules(void **state) {
    (void)state;
    static const struct schedule bad[] = {
        {SCHEDULE_COSINE, 0, 10, 1},
        {SCHEDULE_COSINE, -1, 10, 1},
        {SCHEDULE_COSINE, (double)NAN, 10, 1},
        {SCHEDULE_COSINE, (double)INFINITY, 10, 1},
        {SCHEDULE_COSINE, 1, 0, 0},
        {SCHEDULE_COSINE, 1, 10, 11},
        {SCHEDULE_CONSTANT, 1, 10, 0},
        {SCHEDULE_CONSTANT, 1, 0, 1},
        {SCHEDULE_CONSTANT, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (schedule_check(&bad[i], &err) != ERR_CONFIG)
            fail_msg("schedule %zu was taken", i);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trajectories),
        cmocka_unit_test(what_stands_still),
        cmocka_unit_test(any_number_of_threads),
        cmocka_unit_test(pieces_do_not_matter),
        cmocka_unit_test(no_subnormals),
        cmocka_unit_test(bad_gradients_are_named),
        cmocka_unit_test(freezing),
        cmocka_unit_test(decay_by_kind),
        cmocka_unit_test(bad_tables),
        cmocka_unit_test(bad_configurations),
        cmocka_unit_test(clip),
        cmocka_unit_test(schedules),
        cmocka_unit_test(bad_schedules),
    };
    return cmocka_run_group_tests_name("optimiser", tests, NULL, NULL);
}
