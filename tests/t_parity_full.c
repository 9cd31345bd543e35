/* The networks at their real size (width 64, mammograms 2294 x 1280) against PyTorch's logits, and bit for bit whatever the number of
 * threads: here the kernels are those of a real exam (Winograd, large tiles), which the small networks do not reach. Left out under
 * AddressSanitizer, which sees the same code in t_parity and would need minutes here. */
#include "support.h"

#include "base/pool.h"

static const double tolerance[2] = {1e-4, 1e-5}; /* [exact], of max(1, |logit|) */

static bool too_slow(void) {
#if defined(__SANITIZE_ADDRESS__)
    printf("skipped: full size takes too long under AddressSanitizer; the release run has it\n");
    return true;
#elif !defined(__OPTIMIZE__)
    printf("skipped: full size takes too long without optimisation; the release run has it\n");
    return true;
#else
    return false;
#endif
}

static void check_cases(const struct golden *g, enum variant variant, bool exact, const char *path, const char *name) {
    struct model *m = must_open(path, (struct model_options){.exact = exact});
    struct test_exam x = golden_exam(g, &model_config(m)->prep);
    for (size_t i = 0; i < g->n_cases; i++) {
        const struct golden_case c = golden_at(g, i);
        if (c.variant != variant)
            continue;
        const struct model_output out = exam_run(m, &x, c.present);
        const double d = golden_distance(out.logits, &c);
        printf("%s %s%s, views %#04x: difference %.2g\n", name, variant_name(variant), exact ? " exact" : "", c.present, d);
        if (!(d <= tolerance[exact]))
            fail_msg("%s %s, views %#x: off by %g, allowed %g", name, variant_name(variant), c.present, d, tolerance[exact]);
    }
    exam_free(&x);
    model_close(m);
}

static void check_golden(const char *name) {
    if (too_slow())
        return;
    struct golden g = golden_read(name);
    for (int v = 0; v < VARIANT_COUNT; v++) {
        char path[256];
        if (v == VARIANT_MASKED && g.network != NETWORK_BMU)
            continue;
        golden_model_file(&g, (enum variant)v, path, sizeof path);
        check_cases(&g, (enum variant)v, true, path, name);
        check_cases(&g, (enum variant)v, false, path, name);
        unlink(path);
    }
    json_free(g.root);
}

static void mammography(void **state) {
    (void)state;
    check_golden("mg_full");
}

static void ultrasound(void **state) {
    (void)state;
    check_golden("us_full");
}

static void fused(void **state) {
    (void)state;
    check_golden("bmu_full");
}

/* One, two and three threads, fp32, exact and (where this processor has it) bf16. */
static void same_bits_for_any_threads(void **state) {
    (void)state;
    static const struct model_options options[] = {{.exact = false}, {.exact = true}, {.precision = PRECISION_BF16}};
    char path[256];
    if (too_slow())
        return;
    struct golden g = golden_read("bmu_full");
    golden_model_file(&g, VARIANT_MASKED, path, sizeof path);
    const int before = pool_threads();
    for (size_t o = 0; o < sizeof options / sizeof options[0]; o++) {
        struct model_output first = {0};
        for (int threads = 1; threads <= 3; threads++) {
            pool_set_threads(threads);
            struct model *m = must_open(path, options[o]);
            struct test_exam x = golden_exam(&g, &model_config(m)->prep);
            const struct model_output out = exam_run(m, &x, 255);
            if (threads == 1)
                first = out;
            if (memcmp(first.logits, out.logits, sizeof out.logits) != 0)
                fail_msg("%s%s: other bits with %d threads than with one", precision_name(options[o].precision),
                         options[o].exact ? " exact" : "", threads);
            exam_free(&x);
            model_close(m);
        }
    }
    pool_set_threads(before);
    unlink(path);
    json_free(g.root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mammography),
        cmocka_unit_test(ultrasound),
        cmocka_unit_test(fused),
        cmocka_unit_test(same_bits_for_any_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
