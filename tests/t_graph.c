/* What a graph is for, each by itself: batch statistics, dropout, gradients; several outputs; gradients by inputs; a trunk and a head run
 * apart, forward and backward, against both in one graph. Gradients by images against PyTorch (tests/golden/net/gradient_small.json). */
#include "learner_check.h"

#include "model/facts.h"
#include "nn/layers.h"
#include "tensor/op.h"

enum { FEATURES = 64, LEAVES = 5 };
static const char trunk_name[] = "model1.backbone";
static const double RATE = 0.3;

/* The small fused network's numbers: in a file, which do not change, and in a block, which may. */
struct numbers {
    struct model_facts facts;
    struct keys keys;
    struct parameters *parameters;
};

static struct numbers numbers_new(void) {
    struct err e = {0};
    struct numbers x;
    keys_init(&x.keys);
    if (model_facts_open(&x.facts, here.bmu, &e))
        fail_msg("%s", e.message);
    config_keys(&x.keys, &x.facts.config, x.facts.schema);
    if (parameters_new(&x.parameters, &x.keys, x.facts.archive, 0, &e))
        fail_msg("%s", e.message);
    return x;
}

static void numbers_free(struct numbers *x) {
    parameters_free(x->parameters);
    keys_release(&x->keys);
    model_facts_release(&x->facts);
}

static struct graph_parameters block_of(const struct numbers *x) {
    const struct parameters *p = x->parameters;
    return (struct graph_parameters){p->values, p->gradients, p->n, p->n_trained};
}

static const float *running_mean(const struct numbers *x) {
    return archive_find(x->parameters->archive, "model1.backbone.1.running_mean")->data;
}

/* A graph, its plan, and an engine of its own. */
struct work {
    struct graph g;
    struct engine en;
    struct plan *p;
    int in, out;
};

static void work_begin(struct work *k, struct graph_mode mode, struct graph_parameters block) {
    struct err e = {0};
    memset(k, 0, sizeof *k);
    graph_init_mode(&k->g, mode, block);
    assert_int_equal(engine_init(&k->en, false, false, &e), 0);
    k->en.seed = 5;
    k->en.training_step = 2;
}

static void work_ready(struct work *k) {
    struct err e = {0};
    if (plan_new(&k->p, &k->g, &k->en, &e))
        fail_msg("%s", e.message);
}

static void work_end(struct work *k) {
    plan_free(k->p);
    graph_release(&k->g);
    engine_release(&k->en);
}

static void must_run_forward(struct work *k, const float *x) {
    struct err e = {0};
    plan_bind(k->p, k->in, x);
    if (plan_run(k->p, &e))
        fail_msg("%s", e.message);
}

static void must_run_back(struct work *k, const float *gradient) {
    struct err e = {0};
    if (plan_run_backward(k->p, gradient, &e))
        fail_msg("%s", e.message);
}

/* The mammograms' trunk over n views. */
static void trunk_work(struct work *k, const struct numbers *x, struct graph_mode mode, bool block, bool by_image, int n) {
    work_begin(k, mode, block ? block_of(x) : (struct graph_parameters){0});
    k->in = graph_input(&k->g, "view", (struct shape){n, 64, 48, 1});
    if (by_image)
        graph_require_gradient(&k->g, k->in);
    k->out = layer_trunk(&k->g, block ? x->parameters->archive : x->facts.archive, k->in, trunk_name, WIDTH_SMALL);
}

/* |a - b| / |b| */
static double off_by(const float *a, const float *b, size_t n) {
    double off = 0, norm = 0;
    for (size_t i = 0; i < n; i++) {
        off += pow((double)a[i] - (double)b[i], 2);
        norm += pow((double)b[i], 2);
    }
    assert_true(norm > 0);
    return isfinite(off) ? sqrt(off / norm) : INFINITY;
}

/* Two mammograms end to end. */
static float *mammograms(void) {
    enum { PIXELS = 64 * 48 };
    float *x = mem_alloc_aligned(2 * PIXELS, sizeof *x, NULL);
    assert_non_null(x);
    for (int i = 0; i < 2; i++)
        memcpy(x + (size_t)i * PIXELS, here.exam[i].view[SLOT_MG_CC], PIXELS * sizeof *x);
    return x;
}

/* --- each flag by itself ---------------------------------------------------------------------------------------------------------- */

/* Forward as in training, to the bit, and the running statistics move alike; there is no backward pass. */
static void test_batch_statistics(void **state) {
    (void)state;
    float *x = mammograms(), out[2][2 * FEATURES], mean[2][WIDTH_SMALL];
    for (int training = 0; training < 2; training++) {
        struct numbers n = numbers_new();
        struct work k;
        float before[WIDTH_SMALL];
        memcpy(before, running_mean(&n), sizeof before);
        trunk_work(&k, &n, (struct graph_mode){.batch_statistics = true, .dropout = training, .gradients = training}, true, false, 2);
        work_ready(&k);
        assert_int_equal(k.p->n_steps > k.p->n_forward, training);
        must_run_forward(&k, x);
        memcpy(out[training], plan_output(k.p), sizeof out[0]);
        memcpy(mean[training], running_mean(&n), sizeof mean[0]);
        assert_memory_not_equal(mean[training], before, sizeof before);
        work_end(&k);
        numbers_free(&n);
    }
    assert_memory_equal(out[0], out[1], sizeof out[0]);
    assert_memory_equal(mean[0], mean[1], sizeof mean[0]);
    free(x);
}

/* Statistics that do not lie in a block cannot move: refused. */
static void test_statistics_outside(void **state) {
    (void)state;
    struct numbers n = numbers_new();
    struct err e = {0};
    struct work k;
    trunk_work(&k, &n, (struct graph_mode){.batch_statistics = true}, false, false, 2);
    assert_int_equal(plan_new(&k.p, &k.g, &k.en, &e), ERR_INTERNAL);
    assert_non_null(strstr(e.message, "running statistics"));
    work_end(&k);
    numbers_free(&n);
}

/* Running statistics: what the folded network computes, but for rounding; with a block (whose numbers may change: the change is seen) and
 * without; nothing moves. */
static void test_running_statistics(void **state) {
    (void)state;
    struct numbers n = numbers_new();
    float *x = mammograms(), want[2 * FEATURES], before[WIDTH_SMALL];
    struct work k;
    memcpy(before, running_mean(&n), sizeof before);
    trunk_work(&k, &n, (struct graph_mode){0}, false, false, 2);
    work_ready(&k);
    must_run_forward(&k, x);
    memcpy(want, plan_output(k.p), sizeof want);
    work_end(&k);
    for (int kind = 0; kind < 3; kind++) {
        trunk_work(&k, &n, (struct graph_mode){.gradients = kind > 0}, kind < 2, false, 2);
        work_ready(&k);
        must_run_forward(&k, x);
        assert_true(off_by(plan_output(k.p), want, 2 * FEATURES) <= 1e-5);
        if (kind < 2) {
            float *shift = (float *)(size_t)archive_find(n.parameters->archive, "model1.backbone.7.1.bn2.bias")->data;
            shift[0] += 8;
            must_run_forward(&k, x);
            assert_true(off_by(plan_output(k.p), want, 2 * FEATURES) > 1e-3);
            shift[0] -= 8;
        }
        work_end(&k);
    }
    assert_memory_equal(running_mean(&n), before, sizeof before);
    numbers_free(&n);
    free(x);
}

/* A head of one exam with its clinical values; dropout at RATE. */
static void head_work(struct work *k, const struct numbers *x, struct graph_mode mode, bool block, float out[LEAVES]) {
    static const unsigned present = ALL_VIEWS;
    struct err e = {0};
    float features[6 * FEATURES], clinical[10] = {0};
    struct head_nodes in;
    work_begin(k, mode, block ? block_of(x) : (struct graph_parameters){0});
    in.mg = graph_input(&k->g, "mg", (struct shape){2, 1, 1, FEATURES});
    in.us = graph_input(&k->g, "us", (struct shape){6, 1, 1, FEATURES});
    in.clinical = graph_input(&k->g, "clinical", (struct shape){1, 1, 1, 10});
    config_head(&k->g, block ? x->parameters->archive : x->facts.archive, &x->facts.config, x->facts.schema, &present, 1, in,
                (struct dropout_rates){RATE, RATE});
    work_ready(k);
    for (size_t i = 0; i < 6 * FEATURES; i++)
        features[i] = (float)hash_uniform(hash_name("features"), i);
    plan_bind(k->p, in.mg, features);
    plan_bind(k->p, in.us, features);
    plan_bind(k->p, in.clinical, clinical);
    if (plan_run(k->p, &e))
        fail_msg("%s", e.message);
    memcpy(out, plan_output(k->p), LEAVES * sizeof *out);
    work_end(k);
}

/* Alone it has training's masks over weights that are packed once; without it nothing is dropped, whatever else is on. */
static void test_dropout_alone(void **state) {
    (void)state;
    struct numbers n = numbers_new();
    struct work k;
    float none[LEAVES], alone[LEAVES], training[LEAVES], gradients[LEAVES];
    head_work(&k, &n, (struct graph_mode){0}, false, none);
    head_work(&k, &n, (struct graph_mode){.dropout = true}, false, alone);
    head_work(&k, &n, (struct graph_mode){true, true, true}, true, training);
    head_work(&k, &n, (struct graph_mode){.gradients = true}, true, gradients);
    assert_true(off_by(alone, training, LEAVES) <= 1e-5);
    assert_true(off_by(gradients, none, LEAVES) <= 1e-5);
    assert_true(off_by(alone, none, LEAVES) > 1e-3);
    numbers_free(&n);
}

/* --- gradients by images, against PyTorch ------------------------------------------------------------------------------------------- */

/* Every 29th number of the gradient, and its norm. */
static void check_image_gradient(const struct json *j, const float *got, size_t n) {
    const struct json *want = json_get(j, "gradient");
    double off = 0, norm = 0, squares = 0;
    assert_int_equal(json_size(want), (n + 28) / 29);
    for (size_t i = 0; i < json_size(want); i++) {
        const double w = json_number(json_at(want, i), NAN);
        off += pow((double)got[29 * i] - w, 2);
        norm += w * w;
    }
    for (size_t i = 0; i < n; i++)
        squares += (double)got[i] * (double)got[i];
    const double whole = json_number(json_get(j, "norm"), NAN);
    print_message("  %s: gradient off by %.1e, its norm by %.1e\n", json_string(json_get(j, "name")), sqrt(off / norm),
                  fabs(sqrt(squares) / whole - 1));
    assert_true(sqrt(off / norm) <= 1e-4 && fabs(sqrt(squares) / whole - 1) <= 1e-4);
}

static void check_map(const struct json *j, const float *got) {
    const struct json *want = json_get(j, "map");
    double off = 0, norm = 0;
    for (size_t i = 0; i < json_size(want); i++) {
        off += pow((double)got[i] - json_number(json_at(want, i), NAN), 2);
        norm += pow(json_number(json_at(want, i), NAN), 2);
    }
    assert_true(norm > 0 && sqrt(off / norm) <= 1e-4);
}

/* The views of one tower together; the weights of the file (running statistics) or of the block (the batch's). */
static void check_trunk(const struct json *j, const struct numbers *x) {
    const struct json *slots = json_get(j, "slots");
    const bool training = json_bool(json_get(j, "batch_statistics"), false);
    const int n = (int)json_size(slots);
    const enum slot first = (enum slot)json_integer(json_at(slots, 0), -1);
    const struct tower *towers;
    struct test_exam exam = exam_make("exam-1", &x->facts.config.prep);
    const size_t size = prep_size(&x->facts.config.prep, first);
    float *views = mem_alloc_aligned((size_t)n * size, sizeof *views, NULL), weight[2 * FEATURES];
    struct work k;
    config_towers(&x->facts.config, &towers);
    for (int i = 0; i < n; i++)
        memcpy(views + (size_t)i * size, exam.view[(int)first + i], size * sizeof *views);
    for (size_t i = 0; i < 2 * FEATURES; i++)
        weight[i] = (float)hash_uniform(hash_name("weight"), i);
    const bool mg = slot_is_mg(first);
    const struct shape shape = mg ? (struct shape){n, 64, 48, 1} : (struct shape){n, 32, 32, 3};
    work_begin(&k, (struct graph_mode){.batch_statistics = training, .gradients = true},
               training ? block_of(x) : (struct graph_parameters){0});
    k.in = graph_require_gradient(&k.g, graph_input(&k.g, "view", shape));
    k.out = layer_trunk(&k.g, training ? x->parameters->archive : x->facts.archive, k.in, towers[first / 2].prefix, WIDTH_SMALL);
    graph_output(&k.g, k.out);
    graph_output(&k.g, layer_trunk_map(&k.g, k.out));
    work_ready(&k);
    const size_t map = shape_count(k.g.nodes[graph_output_node(&k.g, 1)].shape);
    float *nothing = mem_alloc(map, sizeof *nothing, NULL);
    assert_non_null(nothing);
    must_run_forward(&k, views);
    check_map(j, plan_output_at(k.p, 1));
    plan_bind_gradient(k.p, 1, nothing);
    must_run_back(&k, weight);
    check_image_gradient(j, plan_input_gradient(k.p, k.in), (size_t)n * size);
    work_end(&k);
    free(nothing);
    free(views);
    exam_free(&exam);
}

static void test_image_gradients(void **state) {
    (void)state;
    struct json *j = golden_json("tests/golden/net/gradient_small.json");
    const struct json *trunks = json_get(j, "trunks");
    struct numbers n = numbers_new();
    assert_int_equal(json_size(trunks), 3);
    for (size_t i = 0; i < json_size(trunks); i++)
        check_trunk(json_at(trunks, i), &n);
    numbers_free(&n);
    json_free(j);
}

/* --- several outputs ------------------------------------------------------------------------------------------------------------------ */

/* The gradient through both outputs is the sum of those through each, though one lies on the way to the other; both outputs outlive the
 * backward run. */
static void test_outputs(void **state) {
    enum { MAP = 2 * 2 * FEATURES };
    (void)state;
    struct numbers n = numbers_new();
    const size_t trained = n.parameters->n_trained;
    float *x = mammograms(), *sum = mem_alloc(trained, sizeof *sum, NULL), zero[2 * MAP] = {0}, first[2 * FEATURES], second[2 * MAP],
          kept[2 * MAP];
    struct work k;
    struct err e = {0};
    for (size_t i = 0; i < 2 * MAP; i++)
        second[i] = (float)hash_uniform(hash_name("second"), i);
    for (size_t i = 0; i < 2 * FEATURES; i++)
        first[i] = (float)hash_uniform(hash_name("first"), i);
    for (int recompute = RECOMPUTE_NORMS; recompute <= RECOMPUTE_BLOCKS; recompute++) {
        trunk_work(&k, &n, (struct graph_mode){.batch_statistics = true, .gradients = true}, true, false, 2);
        graph_output(&k.g, k.out);
        graph_output(&k.g, layer_trunk_map(&k.g, k.out));
        k.en.recompute = (enum recompute)recompute;
        work_ready(&k);
        must_run_forward(&k, x);
        assert_int_equal(plan_run_backward(k.p, first, &e), ERR_INTERNAL); /* the other gradient is not given */
        memcpy(kept, plan_output_at(k.p, 1), sizeof kept);
        for (int part = 0; part < 3; part++) {
            parameters_zero_gradients(n.parameters);
            plan_bind_gradient(k.p, 1, part == 1 ? zero : second);
            must_run_forward(&k, x);
            must_run_back(&k, part == 2 ? zero : first);
            assert_memory_equal(plan_output_at(k.p, 1), kept, sizeof kept);
            for (size_t i = 0; i < trained; i++)
                sum[i] = part == 0 ? n.parameters->gradients[i] : sum[i] - n.parameters->gradients[i];
        }
        double left = 0, whole = 0;
        for (size_t i = 0; i < trained; i++) {
            left += (double)sum[i] * (double)sum[i];
            whole += (double)n.parameters->gradients[i] * (double)n.parameters->gradients[i];
        }
        assert_true(whole > 0 && sqrt(left / whole) <= 1e-5);
        work_end(&k);
    }
    numbers_free(&n);
    free(sum);
    free(x);
}

static void test_outputs_refused(void **state) {
    (void)state;
    struct err e = {0};
    struct work k;
    const struct shape s = {1, 1, 1, 4};
    work_begin(&k, (struct graph_mode){.gradients = true}, (struct graph_parameters){0});
    int x = graph_input(&k.g, "x", s);
    x = graph_add(&k.g, x, x, "sum");
    graph_output(&k.g, x);
    assert_int_equal(graph_output(&k.g, x), -1); /* twice */
    assert_int_equal(k.g.failure.code, ERR_INTERNAL);
    work_end(&k);
    work_begin(&k, (struct graph_mode){0}, (struct graph_parameters){0});
    assert_int_equal(graph_require_gradient(&k.g, graph_input(&k.g, "x", s)), -1); /* a graph without gradients */
    work_end(&k);
    work_begin(&k, (struct graph_mode){.gradients = true}, (struct graph_parameters){0});
    x = graph_input(&k.g, "x", s);
    graph_add(&k.g, x, x, "sum");
    assert_int_equal(graph_require_gradient(&k.g, x), -1); /* read already */
    work_end(&k);
    work_begin(&k, (struct graph_mode){.gradients = true}, (struct graph_parameters){0});
    x = graph_input(&k.g, "x", s);
    graph_add(&k.g, x, x, "sum");
    work_ready(&k);
    assert_int_equal(plan_run_backward(k.p, (const float[4]){0}, &e), ERR_INTERNAL); /* nothing requires a gradient */
    assert_null(plan_input_gradient(k.p, x));
    work_end(&k);
}

/* --- a trunk and a head apart -----------------------------------------------------------------------------------------------------------
 */

static const unsigned two_exams[2] = {MG_ONLY, 0x01};
static const float by_logits[2 * LEAVES] = {1, -2, 0.5F, 0.25F, -1, 0.125F, 3, -0.5F, 1, 2};
enum { VIEWS = 3, PIXELS = 64 * 48 };

/* Gradients of all parameters, the trunk and the head in one graph; owned. */
static float *together(const struct numbers *x, const float *views, const float *clinical, float *logits) {
    struct work k;
    struct batch_nodes in;
    work_begin(&k, (struct graph_mode){true, true, true}, block_of(x));
    config_batch_graph(&k.g, x->parameters->archive, &x->facts.config, x->facts.schema, two_exams, 2, (struct dropout_rates){RATE, RATE},
                       &in);
    work_ready(&k);
    parameters_zero_gradients(x->parameters);
    plan_bind(k.p, in.clinical, clinical);
    k.in = in.view[0];
    must_run_forward(&k, views);
    memcpy(logits, plan_output(k.p), 2 * LEAVES * sizeof *logits);
    must_run_back(&k, by_logits);
    work_end(&k);
    return copy_of(x->parameters->gradients, x->parameters->n_trained);
}

/* The same by two graphs: the head's gradient by the features is the trunk's gradient by its output. */
static void test_apart(void **state) {
    (void)state;
    struct numbers n = numbers_new();
    float *views = mem_alloc_aligned((size_t)VIEWS * PIXELS, sizeof *views, NULL), clinical[2 * 10], want[2 * LEAVES],
          features[VIEWS * FEATURES], by_features[VIEWS * FEATURES];
    struct work trunk, head;
    assert_non_null(views);
    for (int i = 0; i < VIEWS; i++)
        memcpy(views + (size_t)i * PIXELS, here.exam[i].view[SLOT_MG_CC], PIXELS * sizeof *views);
    for (size_t i = 0; i < 20; i++)
        clinical[i] = (float)hash_uniform(hash_name("clinical"), i);
    float *gradients = together(&n, views, clinical, want);
    numbers_free(&n); /* the running statistics have moved */
    n = numbers_new();
    trunk_work(&trunk, &n, (struct graph_mode){true, true, true}, true, false, VIEWS);
    work_ready(&trunk);
    must_run_forward(&trunk, views);
    memcpy(features, plan_output(trunk.p), sizeof features);
    work_begin(&head, (struct graph_mode){true, true, true}, block_of(&n));
    const struct head_nodes in = {graph_require_gradient(&head.g, graph_input(&head.g, "mg", (struct shape){VIEWS, 1, 1, FEATURES})), -1,
                                  graph_input(&head.g, "clinical", (struct shape){2, 1, 1, 10})};
    config_head(&head.g, n.parameters->archive, &n.facts.config, n.facts.schema, two_exams, 2, in, (struct dropout_rates){RATE, RATE});
    work_ready(&head);
    parameters_zero_gradients(n.parameters);
    plan_bind(head.p, in.clinical, clinical);
    head.in = in.mg;
    must_run_forward(&head, features);
    assert_memory_equal(plan_output(head.p), want, sizeof want);
    must_run_back(&head, by_logits);
    memcpy(by_features, plan_input_gradient(head.p, in.mg), sizeof by_features);
    must_run_back(&trunk, by_features);
    assert_memory_equal(n.parameters->gradients, gradients, n.parameters->n_trained * sizeof *gradients);
    work_end(&head);
    work_end(&trunk);
    numbers_free(&n);
    free(gradients);
    free(views);
}

/* Where no parameter is trained and no input requires a gradient, there is no backward pass. */
static void test_frozen(void **state) {
    (void)state;
    struct numbers n = numbers_new();
    struct work k;
    struct graph_parameters block = block_of(&n);
    block.n_trained = 0;
    work_begin(&k, (struct graph_mode){.batch_statistics = true, .gradients = true}, block);
    layer_trunk(&k.g, n.parameters->archive, graph_input(&k.g, "view", (struct shape){2, 64, 48, 1}), trunk_name, WIDTH_SMALL);
    work_ready(&k);
    assert_int_equal(k.p->n_steps, k.p->n_forward);
    work_end(&k);
    numbers_free(&n);
}

int main(void) {
    pool_set_threads(2);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch_statistics),
        cmocka_unit_test(test_statistics_outside),
        cmocka_unit_test(test_running_statistics),
        cmocka_unit_test(test_dropout_alone),
        cmocka_unit_test(test_image_gradients),
        cmocka_unit_test(test_outputs),
        cmocka_unit_test(test_outputs_refused),
        cmocka_unit_test(test_apart),
        cmocka_unit_test(test_frozen),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
