/* What the tests of src/stats share: the golden values of R (tests/golden/stats.json, made by tests/oracle/make_stats_golden.R), compared
 * key by key, and the cohorts that both languages make exactly. Test code, above all floors. A header: every tests/t_*.c is a program. */
#ifndef BMU_TESTS_STATS_GOLDEN_H
#define BMU_TESTS_STATS_GOLDEN_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "file/io.h"
#include "file/json.h"

/* --- goldens --------------------------------------------------------------------------------------------------------------- */

struct stats_golden {
    struct json *root;
    const struct json *values;
    double worst; /* largest difference so far, relative to max(1, |golden|) */
    char worst_key[128];
    size_t compared;
};

static inline struct stats_golden stats_golden_read(void) {
    const char *path = getenv("STATS_GOLDEN") ? getenv("STATS_GOLDEN") : "tests/golden/stats.json";
    struct stats_golden g = {0};
    uint8_t *text = NULL;
    size_t n = 0;
    struct err e = {0};
    if (io_read_file(&text, &n, path, 1 << 22, &e) || json_read(&g.root, (const char *)text, n, ERR_CONFIG, &e))
        fail_msg("%s: %s", path, e.message);
    free(text);
    g.values = json_get(g.root, "values");
    assert_true(json_size(g.values) > 100);
    return g;
}

static inline const char *golden_key(char buffer[128], const char *name, const char *what) {
    snprintf(buffer, 128, "%s%s", name, what);
    return buffer;
}

/* The numbers at "name" + "what" are x, each within tolerance of max(1e-3, |golden|): ten digits of what is not tiny. */
static inline void golden_compare(struct stats_golden *g, const char *name, const char *what, const double *x, size_t n, double tolerance) {
    char key[128];
    const struct json *list = json_get(g->values, golden_key(key, name, what));
    if (!list || json_size(list) != n)
        fail_msg("golden %s: has %zu numbers, the test %zu", key, list ? json_size(list) : 0, n);
    for (size_t i = 0; i < n; i++) {
        const double want = json_number(json_at(list, i), NAN), d = fabs(x[i] - want) / fmax(1e-3, fabs(want));
        if (!(d <= tolerance))
            fail_msg("golden %s[%zu]: %.17g, R says %.17g (off by %.2g, allowed %.2g)", key, i, x[i], want, d, tolerance);
        if (d > g->worst) {
            g->worst = d;
            memcpy(g->worst_key, key, sizeof key);
        }
    }
    g->compared += n;
}

#define GOLDEN(g, name, what, ...)                                                                                                         \
    do {                                                                                                                                   \
        const double golden_x_[] = {__VA_ARGS__};                                                                                          \
        golden_compare(g, name, what, golden_x_, sizeof golden_x_ / sizeof *golden_x_, 1e-10);                                             \
    } while (0)

#define MUST(call)                                                                                                                         \
    do {                                                                                                                                   \
        struct err e_ = {0};                                                                                                               \
        struct err *const e = &e_;                                                                                                         \
        if (call)                                                                                                                          \
            fail_msg("%s: %s", #call, e_.message);                                                                                         \
    } while (0)

/* --- cohorts: make_stats_golden.R's cohort() ------------------------------------------------------------------------------- */

struct cohort {
    const char *name;
    size_t n, n_clusters;
    uint8_t *truth;
    double *a, *b, *p;
    size_t *cluster;
    int *class, *group, *guess; /* class called by a rater who half agrees */
};

static inline double lehmer(uint64_t *state) {
    *state = 16807 * *state % 2147483647;
    return (double)*state / 2147483647;
}

static inline double lehmer_gauss(uint64_t *state) {
    double s = 0;
    for (int k = 0; k < 12; k++)
        s += lehmer(state);
    return s - 6;
}

static inline struct cohort cohort_allocate(const char *name, size_t n) {
    struct cohort c = {.name = name, .n = n, .n_clusters = n};
    c.truth = mem_alloc(n, 1, NULL);
    c.a = mem_alloc(n, sizeof(double), NULL);
    c.b = mem_alloc(n, sizeof(double), NULL);
    c.p = mem_alloc(n, sizeof(double), NULL);
    c.cluster = mem_alloc(n, sizeof(size_t), NULL);
    c.class = mem_alloc(n, sizeof(int), NULL);
    c.group = mem_alloc(n, sizeof(int), NULL);
    c.guess = mem_alloc(n, sizeof(int), NULL);
    assert_true(c.truth && c.a && c.b && c.p && c.cluster && c.class && c.group && c.guess);
    return c;
}

static inline struct cohort cohort_make(const char *name, uint64_t seed, size_t n, double shift, double grid, double shared) {
    struct cohort c = cohort_allocate(name, n);
    double common = 0;
    c.n_clusters = (n + 1) / 2;
    for (size_t i = 0; i < n; i++) {
        if (i % 2 == 0)
            common = shared * lehmer_gauss(&seed);
        c.truth[i] = lehmer(&seed) < 0.4;
        const double a = lehmer_gauss(&seed) + common + shift * c.truth[i];
        const double b = 0.5 * a + lehmer_gauss(&seed) + 0.25 * shift * c.truth[i];
        const double p = 0.25 * lehmer_gauss(&seed) + 0.5 * a - 0.5;
        c.a[i] = floor(grid * a + 0.5) / grid;
        c.b[i] = floor(grid * b + 0.5) / grid;
        c.p[i] = (fmin(fmax(floor(64 * (p + 8)), 256), 768) - 256 + 0.5) / 513;
        c.cluster[i] = i / 2;
        c.class[i] = (int)floor(4 * lehmer(&seed));
        c.group[i] = (int)floor(3 * lehmer(&seed));
        c.guess[i] = c.group[i] == 0 ? c.class[i] : (int)fmin(3, fmax(0, floor(c.b[i] + 1)));
    }
    return c;
}

static inline void cohort_free(struct cohort *c) {
    free(c->truth);
    free(c->a);
    free(c->b);
    free(c->p);
    free(c->cluster);
    free(c->class);
    free(c->group);
    free(c->guess);
}

enum { COHORTS = 4 };
static inline void cohorts_make(struct cohort c[COHORTS]) {
    c[0] = cohort_make("fine", 20240501, 200, 1.2, 64, 0);
    c[1] = cohort_make("tied", 777, 161, 1, 2, 0.8);
    c[2] = cohort_make("small", 31, 24, 0.8, 4, 0.5);
    c[3] = cohort_make("large", 4242, 500, 1.5, 64, 0.6);
}

#endif
