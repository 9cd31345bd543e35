/* What t_learner.c and t_dropout.c share: small model files, three exams, and learners over them. Test code, above all floors. */
#ifndef BMU_TESTS_LEARNER_CHECK_H
#define BMU_TESTS_LEARNER_CHECK_H

#include "support.h"

#include "base/pool.h"
#include "learn/learner.h"
#include "model/config.h"

enum { EXAMS = 3, MG_ONLY = 0x03, US_ONLY = 0xFC, MG_AND_BMODE = 0x0F, ALL_VIEWS = 0xFF };
static const double BLOCK_DROPOUT = 0.3, HEAD_DROPOUT = 0.5;

/* Model files and exams for all tests. */
static struct {
    char bmu[256], mg[256];
    struct test_exam exam[EXAMS];
    struct loss loss;
} here;
static const char *const ids[EXAMS] = {"exam-a", "exam-b", "exam-c"};

static inline int set_up(void **state) {
    (void)state;
    struct golden bmu = golden_read("bmu_small"), mg = golden_read("mg_small");
    golden_model_file(&bmu, VARIANT_MASKED, here.bmu, sizeof here.bmu);
    golden_model_file(&mg, VARIANT_REFERENCE, here.mg, sizeof here.mg);
    json_free(bmu.root);
    json_free(mg.root);
    const struct model_config c = config_make(NETWORK_BMU, VARIANT_MASKED, CLINICAL_CONCAT, 10, TIER_COUNT, WIDTH_SMALL);
    for (int i = 0; i < EXAMS; i++)
        here.exam[i] = exam_make(ids[i], &c.prep);
    learner_reference_loss(&here.loss, TIER_COUNT, 0.1);
    return 0;
}

static inline int tear_down(void **state) {
    (void)state;
    unlink(here.bmu);
    unlink(here.mg);
    for (int i = 0; i < EXAMS; i++)
        exam_free(&here.exam[i]);
    return 0;
}

static inline struct learner *must_learn(const char *path, struct learner_options o) {
    struct err e = {0};
    struct learner *l = NULL;
    if (learner_open(&l, path, &o, &e))
        fail_msg("%s", e.message);
    return l;
}

static inline struct learner_exam exam_of(int i, unsigned present) {
    struct learner_exam x = {.id = ids[i], .clinical = here.exam[i].clinical, .label = {0, (3 * i + 1) % TIER_COUNT}};
    for (int s = 0; s < SLOT_COUNT; s++)
        x.view[s] = present >> s & 1U ? here.exam[i].view[s] : NULL;
    return x;
}

static inline void batch_of(struct learner_exam of[EXAMS], unsigned a, unsigned b, unsigned c) {
    of[0] = exam_of(0, a);
    of[1] = exam_of(1, b);
    of[2] = exam_of(2, c);
}

/* The loss; gradients are in the block. */
static inline double must_run(struct learner *l, const struct learner_exam *of, int n, uint64_t step) {
    struct err e = {0};
    struct loss_value value;
    if (learner_gradients(l, of, n, &here.loss, step, &value, NULL, &e))
        fail_msg("%s", e.message);
    return value.total;
}

static inline float *copy_of(const float *x, size_t n) {
    float *copy = mem_alloc_aligned(n, sizeof *copy, NULL);
    assert_non_null(copy);
    memcpy(copy, x, n * sizeof *copy);
    return copy;
}

static inline float *array_of(struct learner *l, const char *name, size_t *n) {
    struct parameters *p = learner_parameters(l);
    for (size_t i = 0; i < p->keys->n; i++)
        if (strcmp(p->keys->list[i].name, name) == 0) {
            *n = key_count(&p->keys->list[i]);
            return p->values + p->offset[i];
        }
    fail_msg("no array %s", name);
    return NULL;
}

static inline void fill_with(struct learner *l, const char *name, float x) {
    size_t n = 0;
    float *a = array_of(l, name, &n);
    for (size_t i = 0; i < n; i++)
        a[i] = x;
}

#endif
