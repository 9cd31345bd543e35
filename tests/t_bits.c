/* Same input, same model, same bits: for any number of threads, whatever ran before, for each set of views. And bfloat16, which is near
 * float32 but not the same. Small networks with the goldens' weights; the kernels of the real size are looked at in t_parity_full.c. */
#include "support.h"

#include <spawn.h>
#include <sys/wait.h>

#include "base/pool.h"

static struct golden golden;
static char files[VARIANT_COUNT][256];

static int set_up(void **state) {
    (void)state;
    golden = golden_read("bmu_small");
    for (int v = 0; v < VARIANT_COUNT; v++)
        golden_model_file(&golden, (enum variant)v, files[v], sizeof files[v]);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    for (int v = 0; v < VARIANT_COUNT; v++)
        unlink(files[v]);
    json_free(golden.root);
    return 0;
}

static const unsigned patterns[] = {255, 3, 1, 0xFC, 0x04, 0x5A, 0xB7, 0x80};
enum { PATTERNS = sizeof patterns / sizeof patterns[0] };

static void assert_same_bits(const struct model_output *a, const struct model_output *b, const char *what, unsigned present) {
    if (memcmp(a->logits, b->logits, sizeof a->logits) != 0 || memcmp(a->p, b->p, sizeof a->p) != 0)
        fail_msg("views %#x: other bits %s", present, what);
}

static void same_bits_for_any_threads(void **state) {
    (void)state;
    const int before = pool_threads();
    for (int v = 0; v < VARIANT_COUNT; v++)
        for (int exact = 0; exact < 2; exact++) {
            struct model_output first[PATTERNS];
            for (int threads = 1; threads <= 3; threads++) {
                pool_set_threads(threads);
                struct model *m = must_open(files[v], (struct model_options){.exact = exact});
                struct test_exam x = golden_exam(&golden, &model_config(m)->prep);
                for (int i = 0; i < PATTERNS; i++) {
                    const struct model_output out = exam_run(m, &x, patterns[i]);
                    if (threads == 1)
                        first[i] = out;
                    assert_same_bits(&first[i], &out, "with more threads", patterns[i]);
                }
                exam_free(&x);
                model_close(m);
            }
        }
    pool_set_threads(before);
}

/* Each pattern by a fresh model, against one model that has run everything before, another woman's exam in between. */
static void same_bits_whatever_ran_before(void **state) {
    (void)state;
    for (int v = 0; v < VARIANT_COUNT; v++) {
        struct model *used = must_open(files[v], (struct model_options){0});
        struct test_exam x = golden_exam(&golden, &model_config(used)->prep), other = exam_make("exam-2", &model_config(used)->prep);
        for (int i = 0; i < PATTERNS; i++) {
            struct model *fresh = must_open(files[v], (struct model_options){0});
            const struct model_output alone = exam_run(fresh, &x, patterns[i]),
                                      between = exam_run(used, &other, patterns[PATTERNS - 1 - i]), after = exam_run(used, &x, patterns[i]),
                                      again = exam_run(used, &x, patterns[i]);
            assert_same_bits(&alone, &after, "after other exams", patterns[i]);
            assert_same_bits(&after, &again, "the second time", patterns[i]);
            assert_true(memcmp(between.logits, after.logits, sizeof after.logits) != 0);
            model_close(fresh);
        }
        exam_free(&x);
        exam_free(&other);
        model_close(used);
    }
}

/* The same bits after an exam of huge numbers has filled every workspace. */
static void absent_views_leave_no_trace(void **state) {
    (void)state;
    struct model *used = must_open(files[VARIANT_MASKED], (struct model_options){0});
    struct test_exam x = golden_exam(&golden, &model_config(used)->prep), huge = exam_make("exam-2", &model_config(used)->prep);
    for (int s = 0; s < SLOT_COUNT; s++)
        for (size_t i = 0; i < prep_size(&model_config(used)->prep, (enum slot)s); i++)
            huge.view[s][i] *= 1e6F;
    for (int i = 1; i < PATTERNS; i++) {
        struct model *fresh = must_open(files[VARIANT_MASKED], (struct model_options){0});
        const struct model_output loud = exam_run(used, &huge, 255), clean = exam_run(fresh, &x, patterns[i]),
                                  after = exam_run(used, &x, patterns[i]);
        assert_true(memcmp(loud.logits, clean.logits, sizeof clean.logits) != 0);
        assert_same_bits(&clean, &after, "after an exam of huge numbers", patterns[i]);
        model_close(fresh);
    }
    exam_free(&x);
    exam_free(&huge);
    model_close(used);
}

/* The golden of this pattern, masked. */
static struct golden_case find_case(unsigned present) {
    for (size_t i = 0; i < golden.n_cases; i++) {
        const struct golden_case c = golden_at(&golden, i);
        if (c.variant == VARIANT_MASKED && c.present == present)
            return c;
    }
    fail_msg("no golden of views %#x", present);
    return (struct golden_case){0};
}

/* bfloat16 keeps eight bits: near the goldens, further off than float32 is, and refused by name on a processor without it. */
static void bf16_is_near(void **state) {
    (void)state;
    struct err e = {0};
    struct model *m = must_open(files[VARIANT_MASKED], (struct model_options){.precision = PRECISION_BF16});
    struct test_exam x = golden_exam(&golden, &model_config(m)->prep);
    int rc = 0;
    for (int i = 0; i < PATTERNS && rc == 0; i++) {
        struct model_output out;
        const struct golden_case c = find_case(patterns[i]);
        if ((rc = exam_try(&out, m, &x, patterns[i], &e)))
            break;
        const double d = golden_distance(out.logits, &c);
        printf("bf16, views %#04x: difference %.2g\n", patterns[i], d);
        assert_true(d < 0.05 && d > 1e-5);
    }
    exam_free(&x);
    model_close(m);
    assert_true(rc == 0 || rc == ERR_UNSUPPORTED);
    if (rc) {
        printf("skipped: %s\n", e.message);
        skip();
    }
}

/* A model file cut anywhere, or a plain weights file without our metadata: refused by code, with the file's name, and nothing is left open.
 */
static void cut_files_are_refused(void **state) {
    (void)state;
    uint8_t *bytes = NULL;
    size_t n = 0;
    struct err e = {0};
    struct model *m = NULL;
    char path[256];
    temporary_path(path, sizeof path);
    assert_int_equal(io_read_file(&bytes, &n, files[VARIANT_MASKED], 1 << 26, &e), 0);
    const size_t cuts[] = {0, 1, 7, 8, 9, 100, 4096, n / 2, n - 4, n - 1};
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(bytes, 1, cuts[i], f), cuts[i]);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(model_open(&m, path, &(struct model_options){0}, &e), ERR_SAFETENSORS);
        assert_null(m);
        assert_non_null(strstr(e.message, path));
    }
    golden_weights(&golden, path);
    assert_int_equal(model_open(&m, path, &(struct model_options){0}, &e), ERR_MODEL_METADATA);
    assert_null(m);
    unlink(path);
    free(bytes);
}

/* The same tests as a processor without AVX-512 runs them: the tensor library takes other kernels there. It reads its environment once, so
 * this program starts itself again. */
static void the_same_on_older_processors(void **state) {
    (void)state;
    static const char *const sets[] = {"AVX2", "SSE41"};
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        char program[] = "/proc/self/exe";
        char *argv[] = {program, program, NULL}; /* an argument: do not do this test again */
        pid_t child;
        int status = 0;
        assert_int_equal(setenv("ONEDNN_MAX_CPU_ISA", sets[i], 1), 0);
        assert_int_equal(posix_spawn(&child, program, NULL, NULL, argv, environ), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (status != 0)
            fail_msg("with ONEDNN_MAX_CPU_ISA=%s: see above", sets[i]);
    }
    assert_int_equal(unsetenv("ONEDNN_MAX_CPU_ISA"), 0);
}

int main(int argc, char **argv) {
    (void)argv;
    const struct CMUnitTest older[] = {cmocka_unit_test(the_same_on_older_processors)};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits_for_any_threads),   cmocka_unit_test(same_bits_whatever_ran_before),
        cmocka_unit_test(absent_views_leave_no_trace), cmocka_unit_test(bf16_is_near),
        cmocka_unit_test(cut_files_are_refused),
    };
    const int failed = cmocka_run_group_tests(tests, set_up, tear_down);
    return failed || argc > 1 ? failed : cmocka_run_group_tests(older, NULL, NULL);
}
