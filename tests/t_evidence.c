/* A training step of networks with evidence maps against PyTorch's (tests/golden/step/evidence_*.json, by
 * tests/oracle/make_evidence_step_golden.py): loss, logits, every parameter's gradient; and what such a network says at prediction. Test
 * code. */
#include "step_golden.h"

#include "learn/learner.h"
#include "model/config.h"
#include "model/encode.h"
#include "model/save.h"

enum { KINDS = 2 };

/* A model file of the golden's weights. */
static void model_file(char *path, size_t size, int mg_stride) {
    struct err e = {0};
    struct schema *schema = NULL;
    struct keys k;
    struct arena arena;
    struct model_config c = config_make(NETWORK_BMU, VARIANT_MASKED, CLINICAL_CONCAT, 10, TIER_COUNT, WIDTH_SMALL);
    c.evidence.kinds = KINDS;
    c.evidence.mg_stride = mg_stride;
    keys_init(&k);
    arena_init(&arena, 0);
    assert_int_equal(schema_read_yaml(&schema, "share/schemas/clinical10.yml", &e), 0);
    config_keys(&k, &c, schema);
    struct array *arrays = calloc(k.n, sizeof *arrays);
    assert_non_null(arrays);
    assert_int_equal(keys_fill(&k, 1, arrays, &arena, &e), 0);
    for (size_t i = 0; i < k.n; i++) {
        const size_t n = key_count(&k.list[i]);
        const uint64_t h = hash_name(arrays[i].name);
        for (size_t j = 0; j < n; j++)
            if (k.list[i].kind == KEY_BATCHES)
                *(int64_t *)(void *)(uintptr_t)arrays[i].data = 1000;
            else
                ((float *)(void *)(uintptr_t)arrays[i].data)[j] = (float)weight_of(&arrays[i], n, hash_uniform(h, j));
    }
    temporary_path(path, size);
    const struct model_file f = {.config = &c, .schema = schema, .tree = shipped_tree()};
    if (model_write(path, &f, arrays, k.n, &e))
        fail_msg("%s", e.message);
    free(arrays);
    arena_release(&arena);
    keys_release(&k);
    schema_free(schema);
}

/* The shares that the oracle draws. */
static void target_of(struct evidence_target *t, const struct model_config *c, const char *exam, int i, int s, int map) {
    static const char *const slots[SLOT_COUNT] = {"mg1", "mg2", "us3", "us4", "us5", "us6", "us7", "us8"};
    int h, w;
    (map == EVIDENCE_LAST ? config_map_sides : config_third_sides)(c, (enum slot)s, &h, &w);
    const size_t cells = (size_t)h * (size_t)w;
    *t = (struct evidence_target){.marked = (i + s) % 5 != 0, .n_groups = 2, .kinds = {1, 2}};
    assert_non_null(t->share = calloc(2 * cells, sizeof *t->share));
    for (int g = 0; g < 2; g++) {
        char name[64];
        snprintf(name, sizeof name, "%s.%s.%d.group%d", exam, slots[s], map, g);
        for (size_t cell = 0; cell < cells; cell++)
            t->share[(size_t)g * cells + cell] = fmaxf(0, (float)hash_uniform(hash_name(name), cell));
    }
}

struct batch {
    struct test_exam exam[STEP_EXAMS_MAX];
    struct learner_exam of[STEP_EXAMS_MAX];
    struct evidence_target target[STEP_EXAMS_MAX][SLOT_COUNT][EVIDENCE_MAPS];
};

static void batch_make(struct batch *b, const struct step_case *c, const struct model_config *config) {
    memset(b, 0, sizeof *b);
    for (size_t i = 0; i < c->n_exams; i++) {
        b->exam[i] = step_exam(c, i, &config->prep);
        b->of[i] = (struct learner_exam){.id = c->exam[i].name, .clinical = b->exam[i].clinical, .label = {0, c->exam[i].label}};
        for (int s = 0; s < SLOT_COUNT; s++) {
            b->of[i].view[s] = c->exam[i].present >> s & 1U ? b->exam[i].view[s] : NULL;
            b->of[i].target[s] = b->target[i][s];
            for (int m = 0; m < EVIDENCE_MAPS; m++)
                target_of(&b->target[i][s][m], config, c->exam[i].name, (int)i, s, m);
        }
    }
}

static void batch_free(struct batch *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        exam_free(&b->exam[i]);
        for (int s = 0; s < SLOT_COUNT; s++)
            for (int m = 0; m < EVIDENCE_MAPS; m++)
                free(b->target[i][s][m].share);
    }
}

static size_t arrays_of(struct step_array *out, struct learner *l, bool running) {
    const struct parameters *p = learner_parameters(l);
    size_t n = 0;
    for (size_t i = 0; i < p->keys->n; i++) {
        const struct key *k = &p->keys->list[i];
        if (running ? k->kind == KEY_RUNNING_MEAN || k->kind == KEY_RUNNING_VAR : key_is_trained(k))
            out[n++] = (struct step_array){k->name, (running ? p->values : p->gradients) + p->offset[i], key_count(k)};
    }
    return n;
}

static void check_step(const struct json *root, const struct step_case *c, const char *path, bool exact) {
    struct err e = {0};
    struct learner *l = NULL;
    struct loss loss;
    struct loss_value value;
    static struct batch b;
    struct step_array arrays[STEP_ARRAYS_MAX];
    float logits[STEP_EXAMS_MAX * TIER_COUNT];
    double off = 0;
    const double evidence = json_number(json_get(json_at(json_get(root, "cases"), 0), "evidence"), NAN);
    if (learner_open(&l, path, &(struct learner_options){.exact = exact, .evidence = {1, 0.5}}, &e))
        fail_msg("%s", e.message);
    batch_make(&b, c, learner_config(l));
    learner_reference_loss(&loss, TIER_COUNT, 0.1);
    if (learner_gradients(l, b.of, (int)c->n_exams, &loss, 0, &value, logits, &e))
        fail_msg("%s: %s", c->name, e.message);
    for (size_t i = 0; i < c->n_exams * TIER_COUNT; i++) {
        const double want = c->logits_f64[i / TIER_COUNT][i % TIER_COUNT];
        off = fmax(off, fabs((double)logits[i] - want) / fmax(1, fabs(want)));
    }
    const struct step_error g = step_compare(c, STEP_GRADIENTS, arrays, arrays_of(arrays, l, false)),
                            r = step_compare(c, STEP_RUNNING, arrays, arrays_of(arrays, l, true));
    print_message(
        "  %s%s: loss %.2g, of which evidence %.2g, logits %.2g, gradients worst %.2g (%s) median %.2g [PyTorch's float32: %.2g], "
        "running %.2g\n",
        c->name, exact ? ", direct" : "", fabs(value.total - c->loss_f64), fabs(value.evidence - evidence), off, g.worst, g.worst_of,
        g.median, c->float32_worst, r.worst);
    assert_true(fabs(value.total - c->loss_f64) <= 1e-5 * c->loss_f64 && fabs(value.evidence - evidence) <= 1e-5 * evidence);
    assert_true(off <= (exact ? 1e-5 : 1e-4) && r.worst <= 1e-5);
    assert_true(g.worst <= fmax(exact ? 1e-5 : 1e-3, 2 * c->float32_worst));
    batch_free(&b, c->n_exams);
    learner_close(l);
}

/* At prediction: logits, and the evidence of the first mammogram. */
static void check_prediction(const struct json *root, const struct step_case *c, const char *path) {
    struct err e = {0};
    struct model *m = NULL;
    struct model_output out;
    struct features *f = NULL;
    const struct json *j = json_at(json_get(root, "cases"), 0), *evidence = json_get(j, "eval_evidence");
    double off = 0, off_evidence = 0;
    if (model_open(&m, path, &(struct model_options){.exact = true}, &e) || features_new(&f, model_config(m), true, &e))
        fail_msg("%s", e.message);
    struct test_exam x = step_exam(c, 0, &model_config(m)->prep);
    struct model_input in = {.clinical = x.clinical};
    for (int s = 0; s < SLOT_COUNT; s++)
        in.view[s] = x.view[s];
    if (model_run(m, &in, &out, &e) || model_encode(m, in.view, f, &e))
        fail_msg("%s", e.message);
    for (size_t k = 0; k < TIER_COUNT; k++) {
        const double want = json_number(json_at(json_get(j, "eval_logits"), k), NAN);
        off = fmax(off, fabs((double)out.logits[k] - want) / fmax(1, fabs(want)));
    }
    assert_int_equal(json_size(evidence), (size_t)(f->map_h[0] * f->map_w[0] * (1 + KINDS)));
    for (size_t i = 0; i < json_size(evidence); i++) {
        const double want = json_number(json_at(evidence, i), NAN);
        off_evidence = fmax(off_evidence, fabs((double)f->evidence[0][i] - want) / fmax(1, fabs(want)));
    }
    print_message("  %s, prediction: logits %.2g, evidence %.2g\n", c->name, off, off_evidence);
    assert_true(off <= 1e-5 && off_evidence <= 1e-5);
    assert_true(f->kinds == KINDS && f->evidence[SLOT_US_BMODE_LONG] && f->map[SLOT_US_BMODE_LONG]);
    features_free(f);
    exam_free(&x);
    model_close(m);
}

static void as_torch(void **state) {
    (void)state;
    static const char *const names[] = {"evidence_fine", "evidence_usual"};
    for (int i = 0; i < 2; i++) {
        struct golden g = step_golden_read(names[i]);
        const struct step_case c = step_at(&g, 0);
        char path[256];
        model_file(path, sizeof path, (int)json_integer(json_get(g.root, "mg_stride"), 0));
        check_step(g.root, &c, path, true);
        check_step(g.root, &c, path, false);
        check_prediction(g.root, &c, path);
        unlink(path);
        json_free(g.root);
    }
}

/* A configuration whose evidence does not fit the tree, and a patch without evidence. */
static void bad_configurations(void **state) {
    (void)state;
    struct schema *schema = NULL;
    struct err e = {0};
    struct model_config good = config_make(NETWORK_BMU, VARIANT_MASKED, CLINICAL_CONCAT, 10, TIER_COUNT, WIDTH_SMALL);
    assert_int_equal(schema_read_yaml(&schema, "share/schemas/clinical10.yml", &e), 0);
    good.evidence.kinds = KINDS;
    good.evidence.mg_stride = STRIDE_FINE;
    assert_int_equal(config_check(&good, schema, &e), 0);
    for (int i = 0; i < 5; i++) {
        struct model_config c = good;
        if (i == 0)
            c.evidence.mg_stride = 8;
        if (i == 1)
            c.variant = VARIANT_REFERENCE;
        if (i == 2)
            c.evidence.kinds = 1;
        if (i == 3)
            c.evidence.level = -1;
        if (i == 4) {
            c.evidence.kinds = c.evidence.mg_stride = 0;
            c.patch = 64;
        }
        assert_int_equal(config_check(&c, schema, &e), ERR_CONFIG);
    }
    schema_free(schema);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_torch), cmocka_unit_test(bad_configurations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
