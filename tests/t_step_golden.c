/* The goldens of the training step are sound (tests/golden/step), and the comparison with them sees what it should: no engine of ours runs
 * here. With an argument, the folder of make_step_golden.py --dump: what lies there in full is what the goldens say in norms and probes. */
#include "step_golden.h"

static const char *dump; /* or NULL */

static const char *const files[] = {"bmu_small", "pattern_small", "token_small", "mg_small", "us_small", "bmu_full"};

/* Numbers in an array of this key; fails if the network has no such key. */
static size_t key_count(const struct golden *g, const char *name) {
    const struct json *keys = json_get(g->root, "keys");
    for (size_t i = 0; i < json_size(keys); i++) {
        const struct json *key = json_at(keys, i), *shape = json_at(key, 2);
        size_t count = 1;
        if (strcmp(json_string(json_at(key, 0)), name) != 0)
            continue;
        for (size_t k = 0; k < json_size(shape); k++)
            count *= (size_t)json_integer(json_at(shape, k), 0);
        return count;
    }
    fail_msg("'%s' is no key of the network", name);
    return 0;
}

static bool is_running(const char *name) {
    return ends_with(name, "running_mean") || ends_with(name, "running_var");
}

/* |probe| <= norm * |r| (Cauchy and Schwarz), which says something of short arrays only; of any, 4 norms are 7 standard deviations. */
static int check_row(void *ctx, const char *name, struct json *row) {
    const struct golden *g = ctx;
    const size_t count = key_count(g, name);
    const double norm = step_finite(json_at(row, 0)), own = step_finite(json_at(row, 1 + STEP_PROBES));
    assert_int_equal(json_size(row), 2 + STEP_PROBES);
    assert_true(norm > 0 && own >= 0 && own < 0.05);
    for (int j = 0; j < STEP_PROBES; j++) {
        const double probe = fabs(step_finite(json_at(row, 1 + (size_t)j)));
        const uint64_t h = step_probe_hash(name, j);
        double squares = 0;
        for (size_t i = 0; i < count && squares < 16; i++)
            squares += hash_uniform(h, i) * hash_uniform(h, i);
        if (!(probe <= norm * fmin(sqrt(squares), 4) * (1 + 1e-8)))
            fail_msg("%s: probe %d is %g, the norm %g", name, j, probe, norm);
    }
    return 0;
}

/* Label smoothing 0.1 over five tiers: 0.92 for the label, 0.02 for each other. */
static double loss_of(const struct step_case *c) {
    double sum = 0;
    for (size_t i = 0; i < c->n_exams; i++) {
        double total = 0, loss = 0;
        for (int k = 0; k < TIER_COUNT; k++)
            total += exp(c->logits_f64[i][k]);
        for (int k = 0; k < TIER_COUNT; k++)
            loss += (k == c->exam[i].label ? 0.92 : 0.02) * (log(total) - c->logits_f64[i][k]);
        sum += loss;
    }
    return sum / (double)c->n_exams;
}

static void check_case(struct golden *g, const struct step_case *c) {
    const unsigned whole = g->network == NETWORK_MG ? 0x03 : g->network == NETWORK_US ? 0xFC : 0xFF;
    size_t trained = 0, statistics = 0, clinical = g->clinical == CLINICAL_NONE ? 0 : 10;
    const struct json *keys = json_get(g->root, "keys");
    for (size_t i = 0; i < c->n_exams; i++) {
        assert_true(c->variant == VARIANT_MASKED || c->exam[i].present == whole);
        assert_int_equal(json_size(c->exam[i].clinical), clinical);
    }
    assert_true(fabs(loss_of(c) - c->loss_f64) < 1e-7);
    assert_true(fabs(c->loss - c->loss_f64) < 1e-4);
    assert_true(!c->has_losses || (c->losses[0] == c->loss && c->losses[STEP_LOSSES - 1] < c->loss));
    assert_true(!c->has_losses_f64 || (c->has_losses && c->losses_f64[0] == c->loss_f64));
    for (size_t i = 0; c->has_losses_f64 && i < STEP_LOSSES; i++)
        assert_true(fabs(c->losses[i] - c->losses_f64[i]) < 1e-3); /* ten steps amplify a switch of ReLU */
    for (size_t i = 0; i < json_size(keys); i++) {
        const char *name = json_string(json_at(json_at(keys, i), 0));
        statistics += is_running(name);
        trained += !is_running(name) && !ends_with(name, "num_batches_tracked");
    }
    assert_int_equal(json_size(c->gradients) + json_size(c->zero), trained);
    assert_true(json_size(c->running) <= statistics && json_size(c->running) > 0);
    for (size_t i = 0; i < json_size(c->zero); i++)
        assert_null(json_get(c->gradients, json_string(json_at(c->zero, i))));
    json_each(c->gradients, check_row, g);
    json_each(c->running, check_row, g);
}

static void goldens_are_sound(void **state) {
    (void)state;
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        struct golden g = step_golden_read(files[f]);
        for (size_t i = 0; i < g.n_cases; i++) {
            const struct step_case c = step_at(&g, i);
            check_case(&g, &c);
            printf("%-24s %zu exams, loss %.4f, float32 of PyTorch off by %.1e at most, median %.1e\n", c.name, c.n_exams, c.loss,
                   c.float32_worst, c.float32_median);
        }
        json_free(g.root);
    }
}

/* Norm and probes mean the same here as in Python: of an array that both can make, a weight. */
static void probes_are_pytorchs(void **state) {
    (void)state;
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        struct golden g = step_golden_read(files[f]);
        const struct json *check = json_get(g.root, "check"), *keys = json_get(g.root, "keys");
        const char *name = json_string(json_at(check, 0));
        struct arena arena;
        struct array a = {0};
        arena_init(&arena, 0);
        for (size_t i = 0; i < json_size(keys); i++)
            if (strcmp(json_string(json_at(json_at(keys, i), 0)), name) == 0)
                fill_array(&a, &arena, json_at(keys, i));
        assert_non_null(a.name);
        assert_true(step_distance(json_at(check, 1), name, a.data, a.bytes / sizeof(float)) < 1e-8);
        arena_release(&arena);
        json_free(g.root);
    }
}

/* An array that differs by a known distance is told so, to the accuracy of eight probes. */
static void distance_is_estimated(void **state) {
    (void)state;
    enum { N = 4000 };
    static float x[N], y[N];
    const double asked[] = {1e-5, 1e-3, 0.1};
    for (size_t d = 0; d < sizeof asked / sizeof asked[0]; d++) {
        double values[1 + STEP_PROBES], squares = 0;
        struct json *row = json_array();
        for (size_t i = 0; i < N; i++) {
            x[i] = (float)hash_uniform(hash_name("x"), i);
            y[i] = (float)((double)x[i] + asked[d] * hash_uniform(hash_name("noise"), i));
            squares += pow((double)y[i] - (double)x[i], 2);
        }
        step_measure(values, "array", x, N);
        for (size_t j = 0; j <= STEP_PROBES; j++)
            json_push_number(row, values[j]);
        assert_true(json_ok(row));
        const double truth = sqrt(squares) / values[0], got = step_distance(row, "array", y, N);
        assert_true(step_distance(row, "array", x, N) < 1e-12);
        assert_true(got > truth / 2 && got < truth * 2);
        y[7] = NAN;
        assert_true(isinf(step_distance(row, "array", y, N)));
        json_free(row);
    }
}

/* Batch-norms that did not run keep fill()'s statistics, and unused parameters have no gradient. */
static void rest_is_checked(void **state) {
    (void)state;
    float mean[8], none[8] = {0};
    const char *name = "model4.backbone.1.running_mean";
    for (size_t i = 0; i < 8; i++)
        mean[i] = (float)(0.2 * hash_uniform(hash_name(name), i));
    assert_true(step_at_rest(&(struct step_array){name, mean, 8}, STEP_RUNNING) == 0);
    assert_true(step_at_rest(&(struct step_array){name, none, 8}, STEP_GRADIENTS) == 0);
    mean[3] = nextafterf(mean[3], 9);
    none[3] = -1e-30F;
    assert_true(isinf(step_at_rest(&(struct step_array){name, mean, 8}, STEP_RUNNING)));
    assert_true(isinf(step_at_rest(&(struct step_array){name, none, 8}, STEP_GRADIENTS)));
}

/* The dump's arrays under the golden's keys of this part. */
static size_t dumped(struct step_array *out, const struct golden *g, const struct archive *a, enum step_part part) {
    const struct json *keys = json_get(g->root, "keys");
    size_t n = 0;
    for (size_t i = 0; i < json_size(keys); i++) {
        const char *name = json_string(json_at(json_at(keys, i), 0));
        if (is_running(name) != (part == STEP_RUNNING) || ends_with(name, "num_batches_tracked"))
            continue;
        const struct array *found = archive_find(a, name);
        assert_non_null(found);
        assert_int_equal(found->bytes, key_count(g, name) * sizeof(float));
        out[n++] = (struct step_array){name, found->data, found->bytes / sizeof(float)};
    }
    return n;
}

static size_t check_dump(const struct golden *g, const struct step_case *c) {
    static struct step_array arrays[STEP_ARRAYS_MAX];
    char path[512];
    struct archive *a = NULL;
    struct err e = {0};
    snprintf(path, sizeof path, "%s/%s.safetensors", dump, c->name);
    if (access(path, R_OK) != 0)
        return 0;
    if (safetensors_open(&a, path, &e))
        fail_msg("%s", e.message);
    for (int part = STEP_GRADIENTS; part <= STEP_RUNNING; part++) {
        const size_t n = dumped(arrays, g, a, (enum step_part)part);
        const struct step_error off = step_compare(c, (enum step_part)part, arrays, n);
        if (!(off.worst < 1e-6))
            fail_msg("%s: the dump's '%s' is off by %g", c->name, off.worst_of, off.worst);
    }
    /* a gradient a little wrong is seen: the first one that is not zero, times 1.01 */
    const size_t n = dumped(arrays, g, a, STEP_GRADIENTS);
    for (size_t i = 0; i < n; i++) {
        if (step_is_zero(c, arrays[i].name))
            continue;
        float *wrong = mem_alloc(arrays[i].count, sizeof *wrong, &e);
        assert_non_null(wrong);
        for (size_t k = 0; k < arrays[i].count; k++)
            wrong[k] = 1.01F * arrays[i].data[k];
        arrays[i].data = wrong;
        const struct step_error off = step_compare(c, STEP_GRADIENTS, arrays, n);
        assert_true(off.worst > 5e-3 && off.worst < 3e-2 && off.worst_of == arrays[i].name);
        free(wrong);
        break;
    }
    archive_close(a);
    return 1;
}

static void dump_is_the_golden(void **state) {
    (void)state;
    size_t n = 0;
    if (!dump)
        skip();
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        struct golden g = step_golden_read(files[f]);
        for (size_t i = 0; i < g.n_cases; i++) {
            const struct step_case c = step_at(&g, i);
            n += check_dump(&g, &c);
        }
        json_free(g.root);
    }
    printf("%zu dumps compared\n", n);
    assert_true(n > 0);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goldens_are_sound), cmocka_unit_test(probes_are_pytorchs), cmocka_unit_test(distance_is_estimated),
        cmocka_unit_test(rest_is_checked),   cmocka_unit_test(dump_is_the_golden),
    };
    dump = argc > 1 ? argv[1] : NULL;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
