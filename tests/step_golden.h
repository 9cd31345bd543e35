/* PyTorch's training steps (tests/golden/step, made and explained by tests/oracle/make_step_golden.py) and the comparison of gradients and
 * running statistics with them, by 2-norms and probes. The model to start from is golden_model_file()'s or golden_weights()', from
 * support.h. Test code, above all floors.
 *
 *     struct golden g = step_golden_read("bmu_small");
 *     for (size_t i = 0; i < g.n_cases; i++) {
 *         struct step_case c = step_at(&g, i);
 *         ... forward and backward over c.exam[0 .. n_exams), each step_exam() with the views of its mask ...
 *         struct step_error off = step_compare(&c, STEP_GRADIENTS, arrays, n);     off.worst <= tolerance?  off.worst_of is where
 *     }
 */
#ifndef BMU_TESTS_STEP_GOLDEN_H
#define BMU_TESTS_STEP_GOLDEN_H

#include "support.h"

enum { STEP_EXAMS_MAX = 16, STEP_PROBES = 8, STEP_LOSSES = 10, STEP_ARRAYS_MAX = 1024 };

struct step_exam {
    const char *name; /* what its pixels are a function of */
    unsigned present; /* bit s: slot s */
    int label;        /* 0 .. TIER_COUNT - 1 */
    const struct json *clinical;
};

/* Borrowed from the golden. Without _f64: PyTorch's float32; with: its float64, on the same weights and inputs. */
struct step_case {
    const char *name;
    enum variant variant;
    struct step_exam exam[STEP_EXAMS_MAX];
    size_t n_exams;
    double loss, loss_f64;
    double logits[STEP_EXAMS_MAX][TIER_COUNT], logits_f64[STEP_EXAMS_MAX][TIER_COUNT];
    double losses[STEP_LOSSES], losses_f64[STEP_LOSSES]; /* before each AdamW step; NAN where the case has none */
    bool has_losses, has_losses_f64;
    int64_t tracked;                                       /* num_batches_tracked of the batch-norms that ran, after the step */
    double float32_worst, float32_median;                  /* PyTorch's own float32 gradients against float64's */
    double autocast_loss, autocast_worst, autocast_median; /* the same of its bfloat16 autocast; NAN: not measured (small networks) */
    const struct json *gradients, *running, *zero;
};

/* One array of ours: a parameter's gradient, or a running mean or variance after the step, under its key. */
struct step_array {
    const char *name;
    const float *data;
    size_t count;
};

enum step_part { STEP_GRADIENTS, STEP_RUNNING };

/* Estimated |ours - PyTorch's float64| / |PyTorch's|, over the arrays. INFINITY: not finite, or not zero (untouched) where it must be. */
struct step_error {
    double worst, median;
    const char *worst_of; /* borrowed from the golden or the arrays */
    size_t compared;
};

static inline struct golden step_golden_read(const char *name) {
    char path[256];
    snprintf(path, sizeof path, "tests/golden/step/%s.json", name);
    return golden_read_file(path);
}

/* --- cases ----------------------------------------------------------------------------------------------------------------- */

static inline double step_finite(const struct json *j) {
    const double x = json_number(j, NAN);
    assert_true(isfinite(x));
    return x;
}

/* True if the list is there, with all ten; false and NAN if it is empty. */
static inline bool step_losses(double out[STEP_LOSSES], const struct json *list) {
    const size_t n = json_size(list);
    assert_true(json_is_array(list) && (n == 0 || n == STEP_LOSSES));
    for (size_t i = 0; i < STEP_LOSSES; i++)
        out[i] = n ? step_finite(json_at(list, i)) : NAN;
    return n > 0;
}

static inline struct step_exam step_exam_at(const struct json *j) {
    const struct step_exam x = {.name = json_string(json_get(j, "name")),
                                .present = (unsigned)json_integer(json_get(j, "present"), 0),
                                .label = (int)json_integer(json_get(j, "label"), -1),
                                .clinical = json_get(j, "clinical")};
    assert_non_null(x.name);
    assert_true(x.present > 0 && x.present < 256 && x.label >= 0 && x.label < TIER_COUNT);
    return x;
}

static inline struct step_case step_at(const struct golden *g, size_t i) {
    const struct json *j = json_at(g->cases, i), *own = json_get(j, "float32");
    struct step_case c = {.name = json_string(json_get(j, "case")), .n_exams = json_size(json_get(j, "exams"))};
    const int variant = variant_from_name(json_string(json_get(j, "variant")));
    assert_true(c.name && variant >= 0 && c.n_exams > 0 && c.n_exams <= STEP_EXAMS_MAX);
    c.variant = (enum variant)variant;
    c.loss = step_finite(json_get(j, "loss"));
    c.loss_f64 = step_finite(json_get(j, "loss_f64"));
    for (size_t n = 0; n < c.n_exams; n++) {
        c.exam[n] = step_exam_at(json_at(json_get(j, "exams"), n));
        for (size_t k = 0; k < TIER_COUNT; k++) {
            c.logits[n][k] = step_finite(json_at(json_at(json_get(j, "logits"), n), k));
            c.logits_f64[n][k] = step_finite(json_at(json_at(json_get(j, "logits_f64"), n), k));
        }
    }
    c.has_losses = step_losses(c.losses, json_get(j, "losses"));
    c.has_losses_f64 = step_losses(c.losses_f64, json_get(j, "losses_f64"));
    c.tracked = json_integer(json_get(j, "tracked"), -1);
    c.float32_worst = step_finite(json_get(own, "worst"));
    c.float32_median = step_finite(json_get(own, "median"));
    const struct json *autocast = json_get(j, "autocast");
    c.autocast_loss = json_number(json_get(autocast, "loss"), NAN);
    c.autocast_worst = json_number(json_get(autocast, "worst"), NAN);
    c.autocast_median = json_number(json_get(autocast, "median"), NAN);
    c.gradients = json_get(j, "gradients");
    c.running = json_get(j, "running");
    c.zero = json_get(j, "zero");
    assert_true(json_is_object(c.gradients) && json_is_object(c.running) && json_is_array(c.zero) && c.tracked > 0);
    return c;
}

/* Pixels of all eight views and the clinical values, exam_free() frees; the mask is the case's. */
static inline struct test_exam step_exam(const struct step_case *c, size_t i, const struct prep_profile *p) {
    return exam_with(c->exam[i].name, c->exam[i].clinical, p);
}

/* --- norms and probes ------------------------------------------------------------------------------------------------------ */

static inline uint64_t step_probe_hash(const char *name, int probe) {
    char text[ARCHIVE_NAME_MAX + 16];
    snprintf(text, sizeof text, "%s.probe%d", name, probe);
    return hash_name(text);
}

/* values[0]: the 2-norm; values[1 + j]: probe j. */
static inline void step_measure(double values[1 + STEP_PROBES], const char *name, const float *data, size_t count) {
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (double)data[i] * (double)data[i];
    values[0] = sqrt(squares);
    for (int j = 0; j < STEP_PROBES; j++) {
        const uint64_t h = step_probe_hash(name, j);
        double sum = 0;
        for (size_t i = 0; i < count; i++)
            sum += (double)data[i] * hash_uniform(h, i);
        values[1 + j] = sum;
    }
}

/* A row of the golden against ours: the root mean square of the probes' differences over |g| / sqrt 3, or the norms' difference if that is
 * more (it can only be less than the true distance). */
static inline double step_distance(const struct json *row, const char *name, const float *data, size_t count) {
    double ours[1 + STEP_PROBES], squares = 0;
    const double norm = json_number(json_at(row, 0), NAN);
    step_measure(ours, name, data, count);
    for (size_t j = 1; j <= STEP_PROBES; j++)
        squares += pow(ours[j] - json_number(json_at(row, j), NAN), 2);
    const double off = fmax(sqrt(3 * squares / STEP_PROBES), fabs(ours[0] - norm)) / norm;
    return isfinite(ours[0]) && isfinite(squares) && isfinite(off) ? off : INFINITY;
}

/* --- comparison ------------------------------------------------------------------------------------------------------------ */

static inline bool step_is_zero(const struct step_case *c, const char *name) {
    for (size_t i = 0; i < json_size(c->zero); i++)
        if (strcmp(json_string(json_at(c->zero, i)), name) == 0)
            return true;
    return false;
}

/* 0 if the array is what an unused parameter's gradient (zeros) or a resting batch-norm's statistic (fill()'s) is, else INFINITY. */
static inline double step_at_rest(const struct step_array *a, enum step_part part) {
    const struct array key = {.name = a->name, .rank = 1};
    const uint64_t h = hash_name(a->name);
    for (size_t i = 0; i < a->count; i++) {
        const float want = part == STEP_RUNNING ? (float)weight_of(&key, a->count, hash_uniform(h, i)) : 0;
        if (!(a->data[i] == want))
            return INFINITY;
    }
    return 0;
}

static inline int step_ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* All arrays of ours of this part: each must be known to the case, and each row of the case must be among them, once. The median is over
 * the case's rows. Arrays that the case has at rest only count if they are not. */
static inline struct step_error step_compare(const struct step_case *c, enum step_part part, const struct step_array *arrays, size_t n) {
    const struct json *rows = part == STEP_GRADIENTS ? c->gradients : c->running;
    double each[STEP_ARRAYS_MAX];
    struct step_error e = {0};
    assert_true(n <= STEP_ARRAYS_MAX);
    for (size_t i = 0; i < n; i++) {
        const struct step_array *a = &arrays[i];
        const struct json *row = json_get(rows, a->name);
        if (!row && part == STEP_GRADIENTS && !step_is_zero(c, a->name))
            fail_msg("%s: '%s' is no parameter of PyTorch's", c->name, a->name);
        const double off = row ? step_distance(row, a->name, a->data, a->count) : step_at_rest(a, part);
        if (!e.worst_of || off > e.worst) {
            e.worst = off;
            e.worst_of = a->name;
        }
        if (row)
            each[e.compared++] = off;
    }
    if (e.compared != json_size(rows))
        fail_msg("%s: %zu arrays compared, PyTorch has %zu", c->name, e.compared, json_size(rows));
    qsort(each, e.compared, sizeof each[0], step_ascending);
    e.median = e.compared ? each[e.compared / 2] : 0;
    return e;
}

#endif
