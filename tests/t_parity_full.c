/* The networks at their real size (width 64, mammograms 2294 x 1280) against PyTorch's logits, and bit for bit whatever the number of
 * threads: here the kernels are those of a real exam (Winograd, large tiles), which the small networks do not reach. Left out under
 * AddressSanitizer, which sees the same code in t_parity and would need minutes here. */
#include "support.h"

#include "base/pool.h"

/* Ends the test as skipped where it would take minutes. */
static void skip_where_slow(void) {
#if defined(__SANITIZE_ADDRESS__) || !defined(__OPTIMIZE__)
    printf("skipped: full size takes too long under AddressSanitizer or without optimisation; the release run has it\n");
    skip();
#endif
}

static void mammography(void **state) {
    (void)state;
    skip_where_slow();
    golden_check("mg_full");
}

static void ultrasound(void **state) {
    (void)state;
    skip_where_slow();
    golden_check("us_full");
}

static void fused(void **state) {
    (void)state;
    skip_where_slow();
    golden_check("bmu_full");
}

/* One, two and three threads. False if this processor has no bfloat16. */
static bool check_threads(const struct golden *g, const char *path, struct model_options options) {
    struct model_output first = {0}, out;
    struct err e = {0};
    int rc = 0;
    for (int threads = 1; threads <= 3 && rc == 0; threads++) {
        pool_set_threads(threads);
        struct model *m = must_open(path, options);
        struct test_exam x = golden_exam(g, &model_config(m)->prep);
        rc = exam_try(&out, m, &x, 255, &e);
        if (threads == 1)
            first = out;
        if (rc == 0 && memcmp(first.logits, out.logits, sizeof out.logits) != 0)
            fail_msg("%s%s: other bits with %d threads than with one", precision_name(options.precision), options.exact ? " exact" : "",
                     threads);
        exam_free(&x);
        model_close(m);
    }
    if (rc && (options.precision != PRECISION_BF16 || rc != ERR_UNSUPPORTED))
        fail_msg("%s", e.message);
    return rc == 0;
}

static void same_bits_for_any_threads(void **state) {
    (void)state;
    char path[256];
    skip_where_slow();
    struct golden g = golden_read("bmu_full");
    golden_model_file(&g, VARIANT_MASKED, path, sizeof path);
    const int before = pool_threads();
    check_threads(&g, path, (struct model_options){0});
    check_threads(&g, path, (struct model_options){.exact = true});
    if (!check_threads(&g, path, (struct model_options){.precision = PRECISION_BF16}))
        printf("left out: bf16, which this processor does not have\n");
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
