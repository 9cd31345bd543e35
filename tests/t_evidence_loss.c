/* The loss of evidence maps against PyTorch (tests/golden/evidence.json, by tests/oracle/make_evidence_golden.py). Test code. */
#include "model/evidence_loss.h"
#include "support.h"

static void floats_of(float *out, const struct json *list) {
    for (size_t i = 0; i < json_size(list); i++)
        out[i] = (float)json_number(json_at(list, i), NAN);
}

static struct evidence_target target_of(const struct json *v) {
    struct evidence_target t = {.marked = json_bool(json_get(v, "marked"), false), .n_groups = (int)json_size(json_get(v, "kinds"))};
    for (int g = 0; g < t.n_groups; g++)
        t.kinds[g] = (uint64_t)json_integer(json_at(json_get(v, "kinds"), (size_t)g), 0);
    t.share = calloc(json_size(json_get(v, "share")) + 1, sizeof *t.share);
    assert_non_null(t.share);
    floats_of(t.share, json_get(v, "share"));
    return t;
}

static void as_torch(void **state) {
    (void)state;
    struct json *cases = golden_json("tests/golden/evidence.json");
    double worst = 0, worst_gradient = 0;
    for (size_t i = 0; i < json_size(cases); i++) {
        const struct json *c = json_at(cases, i), *views = json_get(c, "views");
        const size_t cells = (size_t)json_integer(json_get(c, "cells"), 0), n = json_size(views);
        const int kinds = (int)json_integer(json_get(c, "kinds"), 0);
        const size_t one = cells * (size_t)(kinds + 1);
        float e[4 * 13 * 6], gradient[4 * 13 * 6];
        struct evidence_target t[4];
        struct evidence_weights sum = {0, 0};
        double loss = 0, half = 0, norm = 0, apart = 0;
        assert_true(n <= 3 && one <= 13 * 6);
        floats_of(e, json_get(c, "evidence"));
        for (size_t v = 0; v < n; v++) {
            t[v] = target_of(json_at(views, v));
            evidence_count(&sum, &t[v], cells);
        }
        for (size_t v = 0; v < n; v++) {
            assert_int_equal(evidence_loss(&loss, gradient + v * one, e + v * one, cells, kinds, &t[v], &sum, 1, NULL), 0);
            assert_int_equal(evidence_loss(&half, NULL, e + v * one, cells, kinds, &t[v], &sum, 0.5, NULL), 0);
            free(t[v].share);
        }
        for (size_t k = 0; k < n * one; k++) {
            const double due = json_number(json_at(json_get(c, "gradient"), k), NAN);
            norm += due * due;
            apart += (due - (double)gradient[k]) * (due - (double)gradient[k]);
        }
        const double due = json_number(json_get(c, "loss"), NAN);
        worst = fmax(worst, fabs(loss - due) / fmax(1, due));
        worst_gradient = fmax(worst_gradient, sqrt(apart) / fmax(1e-6, sqrt(norm)));
        assert_true(fabs(half - loss / 2) < 1e-12 * fmax(1, loss));
    }
    print_message("loss within %.1e, gradients within %.1e of their norm\n", worst, worst_gradient);
    assert_true(worst < 1e-6 && worst_gradient < 1e-6); /* the evidence is rounded to float32 here */
    json_free(cases);
}

static void odd_numbers(void **state) {
    (void)state;
    float share[2] = {1, 0}, e[4] = {0, 0, NAN, 0}, g[4] = {9, 9, 9, 9};
    struct evidence_target t = {.marked = true, .n_groups = 1, .kinds = {1}, .share = share};
    struct evidence_weights sum = {0, 0};
    struct err err = {0};
    double loss = 0;
    evidence_count(&sum, &t, 2);
    assert_true(sum.background == 1 && sum.lesion == 1);
    assert_int_equal(evidence_loss(&loss, g, e, 2, 1, &t, &sum, 1, &err), ERR_OUTPUT_NAN);
    t.marked = false; /* then nothing is looked at */
    loss = 0;
    assert_int_equal(evidence_loss(&loss, g, e, 2, 1, &t, &sum, 1, &err), 0);
    assert_true(loss == 0 && g[0] == 0 && g[3] == 0);
    t.marked = true; /* sure and wrong, and sure and right: no overflow */
    e[0] = -3e38F;
    e[1] = 3e38F;
    e[2] = 3e38F;
    e[3] = -3e38F;
    share[0] = 0;
    share[1] = 1;
    assert_int_equal(evidence_loss(&loss, g, e, 2, 1, &t, &sum, 1, &err), 0);
    assert_true(isfinite(loss) && isfinite(g[0]) && isfinite(g[1]) && isfinite(g[2]) && isfinite(g[3]));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_torch), cmocka_unit_test(odd_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
