/* The learner on the small networks: determinism, absent modalities, numbers that are not finite, refused batches, the optimiser's options,
 * and the ways of computing again. Its arithmetic is checked by t_gradcheck.c (each op), t_dropout.c, and t_step.c (PyTorch). */
#include "learner_check.h"

#include <float.h>

#include "base/rng.h"
#include "nn/layers.h"

/* --- determinism -------------------------------------------------------------------------------------------------------------------- */

static const struct optimiser_config adamw = {OPTIMISER_ADAMW, .1, .9, .999, 1e-8, 0, false}, sgd = {OPTIMISER_SGD, 0, 0, 0, 0, 0, false};

/* All values after 20 steps with dropout, over two batches by turns; owned. */
static float *trained(const char *path, uint64_t seed, size_t *n) {
    struct err e = {0};
    struct learner *l =
        must_learn(path, (struct learner_options){.seed = seed, .dropout_block = BLOCK_DROPOUT, .dropout_head = HEAD_DROPOUT});
    const bool mg = learner_config(l)->network == NETWORK_MG;
    struct learner_exam of[2][EXAMS];
    batch_of(of[0], MG_ONLY, MG_ONLY, MG_ONLY);
    batch_of(of[1], mg ? MG_ONLY : ALL_VIEWS, mg ? MG_ONLY : US_ONLY, mg ? MG_ONLY : MG_AND_BMODE);
    assert_int_equal(learner_optimise(l, &adamw, false, NULL, 0, &e), 0);
    for (uint64_t step = 0; step < 20; step++) {
        must_run(l, of[step % 2], EXAMS, step);
        if (learner_step(l, &(struct learner_update){1e-3, 1.0}, NULL, &e))
            fail_msg("%s", e.message);
    }
    *n = learner_parameters(l)->n;
    float *values = copy_of(learner_parameters(l)->values, *n);
    learner_close(l);
    return values;
}

static void test_same_bits(void **state) {
    (void)state;
    const char *const paths[] = {here.bmu, here.mg};
    for (int i = 0; i < 2; i++) {
        size_t n = 0;
        float *a = trained(paths[i], 1, &n), *b = trained(paths[i], 1, &n), *c = trained(paths[i], 2, &n);
        assert_memory_equal(a, b, n * sizeof *a);
        assert_true(memcmp(a, c, n * sizeof *a) != 0);
        for (size_t k = 0; k < n; k++)
            assert_true(isfinite(a[k]));
        free(a);
        free(b);
        free(c);
    }
}

/* --- absent modalities ---------------------------------------------------------------------------------------------------------------- */

static bool begins_with_any(const char *name, const char *const *prefixes) {
    for (; *prefixes; prefixes++)
        if (strncmp(name, *prefixes, strlen(*prefixes)) == 0)
            return true;
    return false;
}

static bool all_zero(const float *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (x[i] != 0)
            return false;
    return true;
}

/* Array i of what begins with `resting` is untouched, and others are not. */
static void check_key(const struct parameters *p, size_t i, const float *before, bool rests) {
    const struct key *k = &p->keys->list[i];
    const size_t n = key_count(k), at = p->offset[i];
    bool still = true;
    if (k->kind == KEY_BATCHES)
        still = p->batches[i] == 1001; /* one full batch; fill_array() begins at 1000 */
    else if (key_is_trained(k))
        still = all_zero(p->gradients + at, n);
    else
        still = memcmp(p->values + at, before + at, n * sizeof *before) == 0;
    if (still != rests)
        fail_msg("%s: %s", k->name, rests ? "has moved" : "did not move");
}

static void check_plan(const struct learner *l, const char *const *resting) {
    struct err e = {0};
    struct layer_time *layers = NULL;
    size_t n = 0;
    assert_int_equal(learner_layers(&layers, &n, l, &e), 0);
    assert_true(n > 0);
    for (size_t i = 0; i < n; i++)
        if (begins_with_any(layers[i].name, resting))
            fail_msg("a step of %s", layers[i].name);
    free(layers);
}

static void check_resting(unsigned a, unsigned b, unsigned c, const char *const *resting) {
    struct learner *l = must_learn(here.bmu, (struct learner_options){0});
    struct parameters *p = learner_parameters(l);
    struct learner_exam of[EXAMS];
    batch_of(of, ALL_VIEWS, ALL_VIEWS, ALL_VIEWS); /* fills all gradients */
    must_run(l, of, EXAMS, 0);
    float *before = copy_of(p->values, p->n);
    batch_of(of, a, b, c);
    must_run(l, of, EXAMS, 1);
    for (size_t i = 0; i < p->keys->n; i++) /* model1.head: left over from pretraining, part of no computation */
        check_key(p, i, before,
                  begins_with_any(p->keys->list[i].name, resting) ||
                      begins_with_any(p->keys->list[i].name, (const char *const[]){"model1.head", NULL}));
    check_plan(l, resting);
    free(before);
    learner_close(l);
}

static void test_absent(void **state) {
    (void)state;
    check_resting(MG_AND_BMODE, MG_AND_BMODE, MG_ONLY, (const char *const[]){"model3.", "model4.", NULL});
    check_resting(MG_ONLY, MG_ONLY, MG_ONLY, (const char *const[]){"model2.", "model3.", "model4.", "us_modal_", NULL});
    check_resting(US_ONLY, US_ONLY, US_ONLY & 0xBF, (const char *const[]){"model1.", "mg_modal_", NULL});
    check_resting(MG_ONLY, US_ONLY, 0x30, (const char *const[]){"none rests", NULL}); /* each exam has another modality */
}

/* Rows of position embeddings of views that no exam has get no gradient. */
static void test_absent_position(void **state) {
    (void)state;
    struct learner *l = must_learn(here.bmu, (struct learner_options){0});
    struct parameters *p = learner_parameters(l);
    struct learner_exam of[EXAMS];
    batch_of(of, 0x15, 0x14, 0x11); /* slots 0, 2 and 4 */
    must_run(l, of, EXAMS, 0);
    size_t n = 0;
    const float *mg = p->gradients + (array_of(l, "mg_modal_position_embeddings", &n) - p->values);
    assert_false(all_zero(mg, n / 2));
    assert_true(all_zero(mg + n / 2, n / 2));
    const float *us = p->gradients + (array_of(l, "us_modal_position_embeddings", &n) - p->values);
    for (size_t row = 0; row < 6; row++)
        assert_int_equal(all_zero(us + row * (n / 6), n / 6), row != 0 && row != 2);
    learner_close(l);
}

/* --- not finite
 * ---------------------------------------------------------------------------------------------------------------------------- */

static void check_says(const struct err *e, const char *what) {
    if (!strstr(e->message, what))
        fail_msg("'%s' does not say '%s'", e->message, what);
}

/* The batch must fail as step 17 with `code`, naming step, exams and `what`; trained numbers keep their bits. */
static void check_not_finite(struct learner *l, const struct learner_exam *of, int code, const char *what) {
    struct err e = {0};
    struct loss_value value;
    struct parameters *p = learner_parameters(l);
    float *before = copy_of(p->values, p->n_trained);
    assert_int_equal(learner_gradients(l, of, EXAMS, &here.loss, 17, &value, NULL, &e), code);
    assert_int_equal(e.code, code);
    print_message("  %s\n", e.message);
    check_says(&e, "step 17");
    check_says(&e, what);
    for (int i = 0; i < EXAMS; i++)
        check_says(&e, ids[i]);
    assert_memory_equal(p->values, before, p->n_trained * sizeof *before);
    free(before);
}

static void test_nan_weight(void **state) {
    (void)state;
    struct learner *l = must_learn(here.bmu, (struct learner_options){0});
    struct learner_exam of[EXAMS];
    size_t n = 0;
    batch_of(of, ALL_VIEWS, MG_AND_BMODE, MG_ONLY);
    float *w = array_of(l, "model1.backbone.0.weight", &n), own = w[5];
    const double loss = must_run(l, of, EXAMS, 0);
    w[5] = NAN;
    check_not_finite(l, of, ERR_OUTPUT_NAN, "logit");
    w[5] = own;
    assert_true(must_run(l, of, EXAMS, 0) == loss); /* nothing of it stays */
    learner_close(l);
}

static void test_infinite_pixel(void **state) {
    (void)state;
    struct learner *l = must_learn(here.mg, (struct learner_options){0});
    struct learner_exam of[EXAMS];
    batch_of(of, MG_ONLY, MG_ONLY, MG_ONLY);
    const double loss = must_run(l, of, EXAMS, 0);
    float *pixel = &here.exam[1].view[0][700], own = *pixel;
    *pixel = INFINITY;
    check_not_finite(l, of, ERR_OUTPUT_NAN, "logit");
    *pixel = own;
    assert_true(must_run(l, of, EXAMS, 0) == loss);
    learner_close(l);
}

static void test_logit_overflow(void **state) {
    (void)state;
    struct learner *l = must_learn(here.mg, (struct learner_options){0});
    struct learner_exam of[EXAMS];
    batch_of(of, MG_ONLY, MG_ONLY, MG_ONLY);
    fill_with(l, "head.0.bias", 10); /* what is behind the ReLU is positive */
    fill_with(l, "head.3.weight", FLT_MAX / 10);
    check_not_finite(l, of, ERR_OUTPUT_NAN, "inf");
    learner_close(l);
}

/* Logits of ordinary size from weights near the largest and features near the smallest number: only the gradient leaves float32. */
static void test_gradient_overflow(void **state) {
    (void)state;
    struct learner *l = must_learn(here.mg, (struct learner_options){0});
    struct learner_exam of[EXAMS];
    size_t n = 0;
    batch_of(of, MG_ONLY, MG_ONLY, MG_ONLY);
    for (int i = 0; i < EXAMS; i++)
        of[i].label.node = 0;
    float *w = array_of(l, "head.3.weight", &n);
    for (size_t i = 0; i < n; i++)
        w[i] = i < n / TIER_COUNT ? -FLT_MAX : FLT_MAX;
    fill_with(l, "head.0.weight", 0);
    fill_with(l, "head.0.bias", 1e-40F);
    struct err e = {0};
    assert_int_equal(learner_optimise(l, &adamw, true, NULL, 0, &e), 0);
    float *before = copy_of(learner_parameters(l)->values, learner_parameters(l)->n);
    check_not_finite(l, of, ERR_TRAIN_NAN, "the gradient of head.0.weight");
    assert_int_equal(learner_step(l, &(struct learner_update){1e-3, 0}, NULL, &e), ERR_INTERNAL); /* nor would the step take it */
    assert_memory_equal(learner_parameters(l)->values, before, learner_parameters(l)->n * sizeof *before);
    free(before);
    learner_close(l);
}

/* --- refused batches
 * ---------------------------------------------------------------------------------------------------------------------- */

static void check_refused(struct learner *l, const struct learner_exam *of, int n, int code, const char *what) {
    struct err e = {0};
    struct loss_value value;
    const int got = learner_gradients(l, of, n, &here.loss, 1, &value, NULL, &e);
    if (got != code)
        fail_msg("%s instead of %s: %s", err_name(got), err_name(code), e.message);
    check_says(&e, what);
}

/* As before all refusals. */
static void check_still_works(struct learner *l, const float *gradients) {
    struct learner_exam of[EXAMS];
    batch_of(of, MG_ONLY, MG_ONLY, MG_ONLY);
    must_run(l, of, EXAMS, 0);
    assert_memory_equal(learner_parameters(l)->gradients, gradients, learner_parameters(l)->n_trained * sizeof *gradients);
}

static void refuse_views(struct learner *l, const float *good) {
    struct learner_exam of[EXAMS];
    const bool mg = learner_config(l)->network == NETWORK_MG;
    batch_of(of, MG_ONLY, 0, MG_ONLY);
    check_refused(l, of, EXAMS, ERR_EXAM_NO_IMAGE, ids[1]);
    check_still_works(l, good);
    batch_of(of, MG_ONLY, MG_ONLY, MG_AND_BMODE);
    if (mg)
        check_refused(l, of, EXAMS, ERR_VIEW_NOT_TAKEN, ids[2]);
    check_still_works(l, good);
    batch_of(of, 0x10, MG_ONLY, MG_ONLY); /* the third tower would see one 32x32 image, one pixel at its end */
    if (!mg)
        check_refused(l, of, EXAMS, ERR_BATCH_TOO_SMALL, "model3.backbone");
    check_still_works(l, good);
    if (!mg) {
        of[2].clinical = NULL;
        check_refused(l, of, EXAMS, ERR_INTERNAL, ids[2]);
    }
    check_still_works(l, good);
}

static void refuse_labels(struct learner *l, const float *good) {
    static const struct loss_label bad[] = {{0, TIER_COUNT}, {0, -1}, {1, 0}, {-1, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct learner_exam of[EXAMS];
        batch_of(of, MG_ONLY, MG_ONLY, MG_ONLY);
        of[1].label = bad[i];
        check_refused(l, of, EXAMS, ERR_LABEL, "exam 1 of the batch");
        check_still_works(l, good);
    }
}

static void test_refused(void **state) {
    (void)state;
    const char *const paths[] = {here.bmu, here.mg};
    for (int i = 0; i < 2; i++) {
        struct learner *l = must_learn(paths[i], (struct learner_options){0});
        struct learner_exam of[EXAMS];
        batch_of(of, MG_ONLY, MG_ONLY, MG_ONLY);
        check_refused(l, of, 0, ERR_LIMIT, "0 exams"); /* before anything was made ready, too */
        must_run(l, of, EXAMS, 0);
        float *good = copy_of(learner_parameters(l)->gradients, learner_parameters(l)->n_trained);
        check_refused(l, of, 0, ERR_LIMIT, "0 exams");
        check_refused(l, of, -1, ERR_LIMIT, "-1 exams");
        check_refused(l, of, BATCH_MAX + 1, ERR_LIMIT, "4097 exams");
        check_still_works(l, good);
        refuse_views(l, good);
        refuse_labels(l, good);
        free(good);
        learner_close(l);
    }
}

/* --- the optimiser's options
 * ---------------------------------------------------------------------------------------------------------------- */

static void test_frozen(void **state) {
    (void)state;
    static const char *const patterns[] = {"model1.backbone.*", "*position_embeddings", "head.bias"};
    struct err e = {0};
    struct learner *l = must_learn(here.bmu, (struct learner_options){0});
    struct parameters *p = learner_parameters(l);
    struct learner_exam of[EXAMS];
    batch_of(of, ALL_VIEWS, ALL_VIEWS, MG_AND_BMODE);
    if (learner_optimise(l, &adamw, true, patterns, 3, &e))
        fail_msg("%s", e.message);
    must_run(l, of, EXAMS, 0);
    float *before = copy_of(p->values, p->n_trained);
    assert_int_equal(learner_step(l, &(struct learner_update){1e-3, 0}, NULL, &e), 0);
    for (size_t i = 0; i < p->keys->n; i++) {
        const struct key *k = &p->keys->list[i];
        const bool frozen =
            strncmp(k->name, "model1.backbone.", 16) == 0 || strstr(k->name, "position_embeddings") || strcmp(k->name, "head.bias") == 0;
        if (!key_is_trained(k))
            continue;
        const bool rests = strncmp(k->name, "model1.head.", 12) == 0; /* carried, not computed */
        if ((frozen || rests) != (memcmp(p->values + p->offset[i], before + p->offset[i], key_count(k) * sizeof *before) == 0))
            fail_msg("%s: %s", k->name, frozen || rests ? "is frozen, or not used, and moved" : "did not move");
    }
    free(before);
    learner_close(l);
}

static void test_pattern_matches_nothing(void **state) {
    (void)state;
    static const char *const patterns[] = {"model1.*", "model9.*"};
    static const char *const all[] = {"*"};
    struct err e = {0};
    struct learner *l = must_learn(here.mg, (struct learner_options){0});
    struct learner_exam of[EXAMS];
    batch_of(of, MG_ONLY, MG_ONLY, MG_ONLY);
    must_run(l, of, EXAMS, 0);
    assert_int_equal(learner_step(l, &(struct learner_update){1e-3, 0}, NULL, &e), ERR_INTERNAL); /* no optimiser yet */
    assert_int_equal(learner_optimise(l, &adamw, true, patterns, 2, &e), ERR_CONFIG);
    check_says(&e, "model1.*");
    assert_int_equal(learner_optimise(l, &adamw, true, all, 1, &e), ERR_CONFIG); /* nothing left to train */
    assert_int_equal(learner_step(l, &(struct learner_update){1e-3, 0}, NULL, &e), ERR_INTERNAL);
    assert_int_equal(learner_optimise(l, &adamw, true, NULL, 0, &e), 0);
    assert_int_equal(learner_step(l, &(struct learner_update){1e-3, 0}, NULL, &e), ERR_INTERNAL); /* its gradients were never measured */
    must_run(l, of, EXAMS, 1);
    assert_int_equal(learner_step(l, &(struct learner_update){1e-3, 0}, NULL, &e), 0);
    assert_int_equal(learner_step(l, &(struct learner_update){1e-3, 0}, NULL, &e), ERR_INTERNAL); /* nor twice the same ones */
    learner_close(l);
}

/* One step of plain SGD from the same weights and gradients; the values after it, owned. */
static float *stepped(const struct learner_exam *of, double scale, double clip, double *norm, float **gradients) {
    struct err e = {0};
    struct learner *l = must_learn(here.mg, (struct learner_options){.exact = true});
    struct parameters *p = learner_parameters(l);
    assert_int_equal(learner_optimise(l, &sgd, true, NULL, 0, &e), 0);
    must_run(l, of, EXAMS, 0);
    for (size_t i = 0; i < p->n_trained; i++)
        p->gradients[i] *= (float)scale;
    assert_int_equal(learner_step(l, &(struct learner_update){0.1, clip}, norm, &e), 0);
    if (gradients)
        *gradients = copy_of(p->gradients, p->n_trained);
    float *values = copy_of(p->values, p->n_trained);
    learner_close(l);
    return values;
}

static void test_clipping(void **state) {
    (void)state;
    struct learner_exam of[EXAMS];
    double norm = 0, clipped_norm = 0, squares = 0;
    float *g = NULL;
    batch_of(of, MG_ONLY, MG_ONLY, MG_ONLY);
    float *plain = stepped(of, 1, 0, &norm, &g);
    size_t n = 0;
    struct learner *l = must_learn(here.mg, (struct learner_options){0});
    n = learner_parameters(l)->n_trained;
    learner_close(l);
    for (size_t i = 0; i < n; i++)
        squares += (double)g[i] * (double)g[i];
    assert_true(fabs(norm - sqrt(squares)) <= 1e-9 * norm);
    const double limit = norm / 7, scale = limit / (norm + 1e-6);
    float *clipped = stepped(of, 1, limit, &clipped_norm, NULL), *scaled = stepped(of, scale, 0, NULL, NULL),
          *loose = stepped(of, 1, 2 * norm, NULL, NULL);
    assert_true(clipped_norm == norm); /* that before clipping */
    assert_memory_equal(loose, plain, n * sizeof *plain);
    for (size_t i = 0; i < n; i++)
        assert_true(fabs((double)clipped[i] - (double)scaled[i]) <= 2e-7 * fabs((double)scaled[i]));
    assert_true(memcmp(clipped, plain, n * sizeof *plain) != 0);
    free(plain);
    free(g);
    free(clipped);
    free(scaled);
    free(loose);
}

/* --- computing again
 * --------------------------------------------------------------------------------------------------------------------------- */

static void test_memory_same_bits(void **state) {
    (void)state;
    struct learner_exam of[EXAMS];
    float *first = NULL;
    batch_of(of, ALL_VIEWS, MG_AND_BMODE, US_ONLY);
    for (int memory = LEARNER_MEMORY_AUTO; memory <= LEARNER_MEMORY_BLOCKS; memory++) {
        struct learner *l = must_learn(
            here.bmu, (struct learner_options){.memory = (enum learner_memory)memory, .seed = 3, .dropout_block = BLOCK_DROPOUT});
        struct parameters *p = learner_parameters(l);
        must_run(l, of, EXAMS, 0);
        if (!first)
            first = copy_of(p->gradients, p->n_trained);
        assert_memory_equal(p->gradients, first, p->n_trained * sizeof *first);
        learner_close(l);
    }
    free(first);
}

/* A full-width tower over two views; gradients owned. */
static float *tower_gradients(struct parameters *p, const float *x, const float *dy, enum recompute again, size_t *bytes) {
    struct err e = {0};
    struct engine en;
    struct graph g;
    struct plan *plan = NULL;
    graph_init_training(&g, (struct graph_parameters){p->values, p->gradients, p->n, p->n_trained});
    const int in = graph_input(&g, "view", (struct shape){2, 256, 192, 1});
    layer_trunk(&g, p->archive, in, "tower", WIDTH_FULL);
    assert_int_equal(engine_init(&en, false, false, &e), 0);
    en.recompute = again;
    if (plan_new(&plan, &g, &en, &e))
        fail_msg("%s", e.message);
    plan_bind(plan, in, x);
    parameters_zero_gradients(p);
    if (plan_run(plan, &e) || plan_run_backward(plan, dy, &e))
        fail_msg("%s", e.message);
    *bytes = plan->workspace_bytes;
    plan_free(plan);
    graph_release(&g);
    engine_release(&en);
    return copy_of(p->gradients, p->n_trained);
}

static void test_tower_again(void **state) {
    enum { PIXELS = 2 * 256 * 192, FEATURES = 2 * FEATURES_PER_WIDTH * WIDTH_FULL };
    (void)state;
    struct err e = {0};
    struct keys keys;
    struct parameters *p = NULL;
    const struct rng r = rng_make(1, 2, 3);
    float *x = mem_alloc_aligned(PIXELS, sizeof *x, NULL), *dy = mem_alloc_aligned(FEATURES, sizeof *dy, NULL), *gradients[3];
    size_t bytes[3];
    assert_true(x && dy);
    for (size_t i = 0; i < PIXELS; i++)
        x[i] = (float)rng_normal(&r, i);
    for (size_t i = 0; i < FEATURES; i++)
        dy[i] = (float)rng_normal(&r, PIXELS + i);
    keys_init(&keys);
    keys_trunk(&keys, "tower", WIDTH_FULL);
    if (parameters_new(&p, &keys, NULL, 4, &e))
        fail_msg("%s", e.message);
    for (int again = RECOMPUTE_NORMS; again <= RECOMPUTE_BLOCKS; again++) {
        gradients[again] = tower_gradients(p, x, dy, (enum recompute)again, &bytes[again]);
        assert_memory_equal(gradients[again], gradients[0], p->n_trained * sizeof *x);
    }
    print_message("  workspace %.1f, %.1f, %.1f MB\n", (double)bytes[0] / 1e6, (double)bytes[1] / 1e6, (double)bytes[2] / 1e6);
    assert_true(bytes[RECOMPUTE_INNER] < bytes[RECOMPUTE_NORMS] && bytes[RECOMPUTE_BLOCKS] < bytes[RECOMPUTE_INNER]);
    assert_false(all_zero(gradients[0], p->n_trained));
    for (int again = 0; again < 3; again++)
        free(gradients[again]);
    parameters_free(p);
    keys_release(&keys);
    free(x);
    free(dy);
}

int main(int argc, char **argv) {
    pool_set_threads(2);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_absent),
        cmocka_unit_test(test_absent_position),
        cmocka_unit_test(test_nan_weight),
        cmocka_unit_test(test_infinite_pixel),
        cmocka_unit_test(test_logit_overflow),
        cmocka_unit_test(test_gradient_overflow),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_frozen),
        cmocka_unit_test(test_pattern_matches_nothing),
        cmocka_unit_test(test_clipping),
        cmocka_unit_test(test_memory_same_bits),
        cmocka_unit_test(test_tower_again),
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
