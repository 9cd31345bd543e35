/* The small networks (width 8) against PyTorch's logits: every one of the 255 subsets of views for `masked`, black images for `reference`,
 * the unimodal networks, the clinical token. Goldens: tests/oracle/make_golden.py. The real sizes are t_parity_full.c's business. */
#include "support.h"

static void mammography(void **state) {
    (void)state;
    golden_check("mg_small");
}

static void ultrasound(void **state) {
    (void)state;
    golden_check("us_small");
}

static void fused(void **state) {
    (void)state;
    golden_check("bmu_small");
}

static void clinical_token(void **state) {
    (void)state;
    golden_check("token_small");
}

/* The goldens cover what they should, and the wrong pattern's logits are not taken for right. */
static void goldens_tell_patterns_apart(void **state) {
    (void)state;
    struct golden g = golden_read("bmu_small");
    bool seen[256] = {false};
    for (size_t i = 0; i < g.n_cases; i++) {
        const struct golden_case a = golden_at(&g, i);
        float other[TIER_COUNT];
        if (a.variant != VARIANT_MASKED)
            continue;
        seen[a.present] = true;
        for (size_t j = 0; j < g.n_cases; j++) {
            const struct golden_case b = golden_at(&g, j);
            for (int k = 0; k < TIER_COUNT; k++)
                other[k] = (float)b.logits[k];
            if (b.variant == VARIANT_MASKED && b.present != a.present && golden_distance(other, &a) < 10 * golden_tolerance(false))
                fail_msg("views %#x and %#x are too much alike to test with", a.present, b.present);
        }
    }
    for (int i = 1; i < 256; i++)
        assert_true(seen[i]);
    json_free(g.root);
}

/* With every view there, masked computes what reference computes: to the bit. */
static void masked_is_reference_when_whole(void **state) {
    (void)state;
    struct golden g = golden_read("bmu_small");
    struct model_output out[VARIANT_COUNT];
    for (int v = 0; v < VARIANT_COUNT; v++) {
        char path[256];
        golden_model_file(&g, (enum variant)v, path, sizeof path);
        struct model *m = must_open(path, (struct model_options){0});
        struct test_exam x = golden_exam(&g, &model_config(m)->prep);
        out[v] = exam_run(m, &x, 255);
        exam_free(&x);
        model_close(m);
        unlink(path);
    }
    assert_memory_equal(out[0].logits, out[1].logits, sizeof out[0].logits);
    json_free(g.root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goldens_tell_patterns_apart),
        cmocka_unit_test(mammography),
        cmocka_unit_test(ultrasound),
        cmocka_unit_test(fused),
        cmocka_unit_test(clinical_token),
        cmocka_unit_test(masked_is_reference_when_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
