/* The evaluation: what is joined and what is refused, numbers done by hand, and that neither the order of rows nor the number of threads
 * changes anything. Test code. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/pool.h"
#include "base/rng.h"
#include "evaluate/results.h"
#include "file/io.h"
#include "file/json.h"

static struct err err;

static void near(double x, double y, double tolerance) {
    if (!(fabs(x - y) <= tolerance))
        fail_msg("%.17g is not %.17g", x, y);
}

/* --- made once: the default plan with few resamples, and a small tree ---------------------------------------------------- */

static const char tree_text[] = "name: small\napproved_by: nobody\npositive: malignant\nlevels: [class, tier]\nnodes:\n"
                                "  - {name: benign, level: class, title: benign}\n"
                                "  - {name: malignant, level: class, title: malignant}\n"
                                "  - {name: A, level: tier, parent: benign, title: a, terms: [{term: cyst}]}\n"
                                "  - {name: B, level: tier, parent: malignant, title: b, terms: [{term: DCIS}]}\n"
                                "  - {name: C, level: tier, parent: malignant, title: c, terms: [{term: cancer}]}\n";
static struct tree *tree;
static char *plan_text;

/* The default plan with one line replaced: "from" -> "to". */
static char *plan_with(const char *from, const char *to) {
    char *at = strstr(plan_text, from), *out = NULL;
    assert_non_null(at);
    assert_true(asprintf(&out, "%.*s%s%s", (int)(at - plan_text), plan_text, to, at + strlen(from)) > 0);
    return out;
}

static struct study_plan *plan_changed(const char *from, const char *to) {
    struct study_plan *p = NULL;
    char *text = plan_with(from, to);
    if (study_plan_parse_yaml(&p, text, strlen(text), &err))
        fail_msg("%s", err.message);
    free(text);
    return p;
}

static int set_up(void **state) {
    uint8_t *bytes = NULL;
    size_t n = 0;
    (void)state;
    if (tree_parse_yaml(&tree, tree_text, sizeof tree_text - 1, &err) || io_read_file(&bytes, &n, "share/plans/default.yml", 1 << 20, &err))
        return -1;
    plan_text = (char *)bytes;
    char *fast = plan_with("resamples: 10000", "resamples: 200");
    free(plan_text);
    plan_text = fast;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    tree_free(tree);
    free(plan_text);
    return 0;
}

static struct table_text table(const char *path, const char *text) {
    return (struct table_text){path, text, text ? strlen(text) : 0};
}

static int join(struct joined **out, const struct study_plan *p, const char *predictions, const char *truth, const char *readers) {
    err.message[0] = 0;
    return join_make(out,
                     &(struct join_tables){.predictions = table("p.csv", predictions),
                                           .truth = table("t.csv", truth),
                                           .readers = table("r.csv", readers),
                                           .plan = p,
                                           .tree = tree},
                     &err);
}

static struct joined *joined(const struct study_plan *p, const char *predictions, const char *truth, const char *readers) {
    struct joined *j = NULL;
    if (join(&j, p, predictions, truth, readers))
        fail_msg("%s", err.message);
    return j;
}

static struct evaluation *evaluated(const struct study_plan *p, const struct joined *j, const struct joined *development) {
    struct evaluation *v = NULL;
    if (evaluation_make(&v, &(struct evaluation_input){.joined = j, .development = development, .plan = p, .tree = tree}, &err))
        fail_msg("%s", err.message);
    return v;
}

static char *as_text(const struct evaluation *v) {
    struct buf b;
    buf_init(&b);
    struct json *j = results_json(v, &(struct provenance){.code_version = "test"});
    assert_true(json_ok(j));
    assert_int_equal(json_write(j, &b, &err), 0);
    json_free(j);
    return b.data;
}

/* --- what is refused ----------------------------------------------------------------------------------------------------- */

#define TRUTH "exam_id,malignant\na,1\nb,0\n"

static void test_bad_tables(void **state) {
    static const struct {
        const char *predictions, *truth, *readers;
        int code;
        const char *says;
    } cases[] = {
        {"", TRUTH, NULL, ERR_CSV_EMPTY, "p.csv"},
        {"exam_id,score\n", TRUTH, NULL, ERR_CSV_EMPTY, "no data rows"},
        {"exam,score\na,1\n", TRUTH, NULL, ERR_CSV_COLUMN_MISSING, "exam_id"},
        {"exam_id,p_A\na,1\n", TRUTH, NULL, ERR_CSV_COLUMN_MISSING, "p_B"},
        {"exam_id,x\na,1\n", TRUTH, NULL, ERR_CSV_COLUMN_MISSING, "score"},
        {"exam_id,score,score\na,1,1\n", TRUTH, NULL, ERR_CSV_COLUMN_TWICE, "score"},
        {"exam_id,score\na,1\na,0\n", TRUTH, NULL, ERR_EXAM_ID_TWICE, "lines 2 and 3"},
        {"exam_id,score\n,1\n", TRUTH, NULL, ERR_EXAM_ID_EMPTY, "line 2"},
        {"exam_id,score\n a,1\n", TRUTH, NULL, ERR_VALUE_SYNTAX, "line 2, column exam_id"},
        {"exam_id,score\na,1\nb,nan\n", TRUTH, NULL, ERR_STATS_NAN, "line 3, column score"},
        {"exam_id,score\na,inf\n", TRUTH, NULL, ERR_STATS_NAN, "line 2, column score"},
        {"exam_id,score\na,\n", TRUTH, NULL, ERR_VALUE_MISSING, "line 2, column score"},
        {"exam_id,score\na,0x1\n", TRUTH, NULL, ERR_VALUE_SYNTAX, "not a decimal number"},
        {"exam_id,score\na,\"0,5\"\n", TRUTH, NULL, ERR_VALUE_SYNTAX, "not a decimal number"},
        {"exam_id,score\na,1.01\n", TRUTH, NULL, ERR_VALUE_RANGE, "score: any"},
        {"exam_id,score\na,-0.1\n", TRUTH, NULL, ERR_VALUE_RANGE, "score: any"},
        {"exam_id,status,score\na,maybe,1\n", TRUTH, NULL, ERR_VALUE_SYNTAX, "neither ok nor refused"},
        {"exam_id,p_A,p_B,p_C\na,0.5,0.2,0.2\n", TRUTH, NULL, ERR_PROBABILITY_SUM, "line 2: the probabilities of level tier sum to 0.9"},
        {"exam_id,p_A,p_B,p_C\na,1.5,-0.2,-0.3\n", TRUTH, NULL, ERR_VALUE_RANGE, "not a probability"},
        {"exam_id,p_benign,p_malignant\na,0.5,0.6\n", TRUTH, NULL, ERR_PROBABILITY_SUM, "level class"},
        {"exam_id,p_A,p_B,p_C,p_malignant\na,0.5,0.2,0.3,0.6\n", TRUTH, NULL, ERR_PROBABILITY_SUM, "column p_malignant"},
        {"exam_id,score\na,1\n", "exam_id,x\na,1\n", NULL, ERR_CSV_COLUMN_MISSING, "malignant"},
        {"exam_id,score\na,1\n", "exam_id,malignant\na,1\na,1\n", NULL, ERR_EXAM_ID_TWICE, "t.csv"},
        {"exam_id,score\na,1\n", "exam_id,malignant\na,2\n", NULL, ERR_LABEL, "t.csv, line 2"},
        {"exam_id,score\na,1\n", "exam_id,tier\na,T9\n", NULL, ERR_LABEL, "T9"},
        {"exam_id,score\na,1\n", "exam_id,malignant,tier\na,0,C\n", NULL, ERR_LABEL_CONFLICT, "line 2"},
        {"exam_id,score\nz,1\n", TRUTH, NULL, ERR_EVALUATION_EMPTY, "are the exam_ids the same"},
        {"exam_id,score\na,1\n", TRUTH, "reader,exam_id\nR,a\n", ERR_CSV_COLUMN_MISSING, "birads"},
        {"exam_id,score\na,1\n", TRUTH, "reader,exam_id,birads\nR,a,7\n", ERR_VALUE_SYNTAX, "r.csv, line 2, column birads"},
        {"exam_id,score\na,1\n", TRUTH, "reader,exam_id,birads\nR,a,3\nR,a,3\n", ERR_READER_TWICE, "lines 2 and 3"},
        {"exam_id,score\na,1\n", TRUTH, "reader,exam_id,birads\n,a,3\n", ERR_VALUE_MISSING, "reader"},
    };
    struct study_plan *p = plan_changed("level: 0.95", "level: 0.95");
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct joined *j = NULL;
        const int rc = join(&j, p, cases[i].predictions, cases[i].truth, cases[i].readers);
        if (rc != cases[i].code || j || !strstr(err.message, cases[i].says))
            fail_msg("case %zu: %s (%s), not %s with '%s'", i, err_name(rc), err.message, err_name(cases[i].code), cases[i].says);
    }
    study_plan_free(p);
}

static void test_bad_plans(void **state) {
    static const struct {
        const char *from, *to;
        int code;
    } cases[] = {
        {"level: 0.95", "level: 1", ERR_PLAN},
        {"level: 0.95", "levels: 0.95", ERR_YAML},
        {"level: 0.95", "", ERR_YAML},
        {"level: 0.95", "level: nan", ERR_PLAN},
        {"resamples: 200", "resamples: 10", ERR_PLAN},
        {"score: probability", "score: maybe", ERR_YAML},
        {"value: 0.5", "value: 1.5", ERR_PLAN},
        {"low: 0.9, high: 1.0", "low: 1.0, high: 0.9", ERR_PLAN},
        {"prevalences: [0.01", "prevalences: [0", ERR_PLAN},
        {"positive_from: 4a", "positive_from: 7", ERR_PLAN},
        {"categories: [4a]", "categories: [3]", ERR_PLAN},
        {"age_bands: [40, 50", "age_bands: [50, 40", ERR_PLAN},
        {"columns: [center, vendor", "columns: [center, center", ERR_PLAN},
        {"low: 0.01, high: 0.5", "low: 0, high: 0.5", ERR_PLAN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct study_plan *p = NULL;
        char *text = plan_with(cases[i].from, cases[i].to);
        const int rc = study_plan_parse_yaml(&p, text, strlen(text), &err);
        if (rc != cases[i].code || p)
            fail_msg("case %zu: %s (%s), not %s", i, err_name(rc), err.message, err_name(cases[i].code));
        free(text);
    }
}

/* --- by hand ------------------------------------------------------------------------------------------------------------- */

#define FULL_TRUTH                                                                                                                         \
    "exam_id,patient_id,malignant,tier,birads,age,biopsy_reading_1\n"                                                                      \
    "e1,p1,1,C,4a,45,invasive\ne2,p1,0,A,4a,45,in situ\ne3,p2,1,B,5,61,benign\ne4,,0,A,3,38,\ne5,p4,1,C,4a,70,\ne6,,0,,2,,Atypia\n"        \
    "e7,p6,,,,,\ne8,p7,0,A,2,50,\ne9,p8,0,A,2,50,\n"
#define FULL_PREDICTIONS                                                                                                                   \
    "exam_id,status,p_A,p_B,p_C,reason,note\n"                                                                                             \
    "e4,ok,0.7,0.2,0.1,,x\ne3,ok,0.6,0.3,0.1,,\ne2,ok,0.2,0.1,0.7,,\ne1,ok,0.1,0.2,0.7,,\ne5,refused,,,,IMAGE_BLANK: empty,\n"             \
    "e6,ok,0.5,0.25,0.25,,\ne7,ok,1,0,0,,\nzz,ok,0,1,0,,\n"
#define FULL_READERS "reader,exam_id,birads\nR1,e1,4a\nR1,e2,3\nR1,e3,3\nR1,e4,4b\nR1,e6,\nR1,e5,5\nR2,e1,6\nR2,e3,5\n"

static void check_flow(const struct joined *j) {
    static const size_t expected[FLOW_COUNT] = {[FLOW_TRUTH] = 9,
                                                [FLOW_NO_PREDICTION] = 2,
                                                [FLOW_REFUSED] = 1,
                                                [FLOW_TRUTH_UNKNOWN] = 1,
                                                [FLOW_ANALYSED] = 5,
                                                [FLOW_NO_TRUTH] = 1,
                                                [FLOW_READING_NOT_ANALYSED] = 1,
                                                [FLOW_READING_INCOMPLETE] = 1,
                                                [FLOW_READING_PROVEN] = 1};
    for (int r = 0; r < FLOW_COUNT; r++)
        if (j->flow[r].n != expected[r])
            fail_msg("%s: %zu, not %zu", flow_name((enum flow_row)r), j->flow[r].n, expected[r]);
    assert_string_equal(j->flow[FLOW_REFUSED].id[0], "e5");
    assert_string_equal(j->flow[FLOW_REFUSED].detail[0], "IMAGE_BLANK: empty");
    assert_string_equal(j->flow[FLOW_NO_PREDICTION].id[0], "e8");
    assert_string_equal(j->flow[FLOW_TRUTH_UNKNOWN].id[0], "e7");
    assert_string_equal(j->flow[FLOW_NO_TRUTH].id[0], "zz");
    assert_int_equal(j->unscored[0], 2); /* e8, e9 */
    assert_int_equal(j->unscored[1], 1); /* e5 */
    assert_int_equal(j->n_unused, 1);
    assert_string_equal(j->unused[0], "predictions: note");
    assert_int_equal(j->n_clusters, 4);
    assert_int_equal(j->without_patient, 2); /* two women, not one */
}

/* Malignant e1 0.9, e3 0.4; benign e2 0.8, e4 0.3, e6 0.5. Pairs in order: e1 all three, e3 one: 4 of 6. */
static void test_by_hand(void **state) {
    struct study_plan *p = plan_changed("level: 0.95", "level: 0.95");
    struct joined *j = joined(p, FULL_PREDICTIONS, FULL_TRUTH, FULL_READERS);
    struct evaluation *v = evaluated(p, j, NULL);
    (void)state;
    check_flow(j);
    assert_int_equal(v->binary.n, 5);
    assert_true(v->binary.clustered);
    near(v->binary.auc.value, 4.0 / 6, 1e-15);
    const struct threshold_result *t = &v->binary.thresholds[0];
    assert_int_equal(t->binary.counts.true_positive, 1);
    assert_int_equal(t->binary.counts.false_positive, 2); /* 0.5 is called positive */
    assert_int_equal(t->binary.counts.true_negative, 1);
    assert_int_equal(t->worst_sensitivity.count, 1);
    assert_int_equal(t->worst_sensitivity.total, 3);
    assert_int_equal(t->worst_specificity.total, 5);
    /* tiers of e1 .. e4: truth C A B A, called C C A A */
    const struct level_result *l = &v->tiers.levels[1];
    static const size_t confusion[9] = {1, 0, 1, 1, 0, 0, 0, 0, 1};
    assert_int_equal(v->tiers.n, 4);
    assert_memory_equal(l->confusion, confusion, sizeof confusion);
    near(l->summary.accuracy, 0.5, 1e-15);
    near(v->tiers.tree_cost, 2.0, 1e-15); /* two of four are wrong, each by a path of four edges */
    /* R1 read e1 .. e4: right on e1 and e2; the model on e1 and e4 */
    const struct reader_result *r = &v->readers.results[0];
    assert_int_equal(r->n, 4);
    assert_int_equal(r->binary.counts.true_positive, 1);
    assert_int_equal(r->binary.counts.false_positive, 1);
    assert_int_equal(r->pairs[0].both, 1);
    assert_int_equal(r->pairs[0].neither, 1);
    assert_int_equal(r->pairs[1].first, 1);
    assert_int_equal(r->pairs[1].second, 1);
    near(r->mcnemar[1].exact, 1, 1e-15);
    /* BI-RADS 4a: e1 0.9 and e2 0.8, none below 0.02 */
    assert_int_equal(v->utility.downgrades[0].d.eligible, 2);
    assert_int_equal(v->utility.downgrades[0].d.downgraded, 0);
    assert_false(v->utility.downgrades[0].d.bound_defined);
    assert_int_equal(v->utility.zero_miss_needed, 183);
    /* the pathologist is right on e1 and e6, the model on e1 */
    assert_int_equal(v->n_biopsy, 1);
    const struct pairs *b = &v->biopsy[0].pairs;
    assert_int_equal(v->biopsy[0].n, 4);
    assert_true(b->both == 1 && b->first == 0 && b->second == 1 && b->neither == 2);
    assert_int_equal(v->biopsy[0].binary.counts.true_positive, 1);
    assert_int_equal(v->biopsy[0].model_accuracy.count, 1);
    evaluation_free(v);
    join_free(j);
    study_plan_free(p);
}

/* --- random cohorts ------------------------------------------------------------------------------------------------------ */

struct rows {
    char *line[800];
    size_t n;
};

static void add_row(struct rows *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add_row(struct rows *r, const char *format, ...) {
    va_list args;
    va_start(args, format);
    assert_true(vasprintf(&r->line[r->n++], format, args) >= 0);
    va_end(args);
}

/* The rows in another order for each `shuffle`. */
static char *as_table(const char *header, const struct rows *r, uint32_t shuffle) {
    const struct rng random = rng_make(7, 77, shuffle);
    size_t order[800];
    struct buf b;
    buf_init(&b);
    for (size_t i = 0; i < r->n; i++) {
        const size_t k = shuffle ? (size_t)(rng_uniform(&random, i) * (double)(i + 1)) : i;
        order[i] = order[k];
        order[k] = i;
    }
    assert_int_equal(buf_printf(&b, &err, "%s\n", header), 0);
    for (size_t i = 0; i < r->n; i++)
        assert_int_equal(buf_printf(&b, &err, "%s\n", r->line[order[i]]), 0);
    return b.data;
}

static void free_rows(struct rows *r) {
    for (size_t i = 0; i < r->n; i++)
        free(r->line[i]);
}

struct cohort {
    struct rows predictions, truth, readers;
    double score[120];
    int malignant[120];
};

/* 120 exams of 80 women with ties; three readers under two conditions read most of them. */
static void make_cohort(struct cohort *c, uint32_t number, char prefix) {
    static const char *const birads[] = {"2", "3", "4a", "4b", "4c", "5"};
    const struct rng r = rng_make(11, 5, number);
    memset(c, 0, sizeof *c);
    for (unsigned i = 0; i < 120; i++) {
        const int m = rng_uniform(&r, 20 * i) < 0.4;
        const double p = floor(20 * fmin(fmax(0.3 + 0.3 * m + 0.2 * rng_normal(&r, 20 * i + 1), 0), 1)) / 20;
        c->malignant[i] = m;
        c->score[i] = p;
        add_row(&c->predictions, "%c%03u,%.17g,%.17g,%.17g,%s", prefix, i, 1 - p, p / 4, p - p / 4,
                i % 3 ? "mg_cc" : "us_bmode_trans+mg_cc");
        add_row(&c->truth, "%c%03u,%cw%u,%d,%s,%s,%s,%u", prefix, i, prefix, i * 2 / 3, m, m ? (i % 2 ? "B" : "C") : "A", birads[i % 6],
                i % 2 ? "north" : "south", 30 + i % 50);
        for (unsigned k = 0; k < 6; k++)
            if (i % 17 != k) {
                const double x = 2.5 + 1.5 * m + (k > 2 ? 0.5 * m : 0) + rng_normal(&r, 20 * i + 4 + k);
                add_row(&c->readers, "R%u,%c%03u,%s,c%u", k % 3, prefix, i, birads[(int)fmin(fmax(x, 0), 5)], k / 3);
            }
    }
}

static char *evaluate_shuffled(struct cohort *c, struct cohort *other, uint32_t shuffle, const struct study_plan *p) {
    static const char predictions[] = "exam_id,p_A,p_B,p_C,views_used", truth[] = "exam_id,patient_id,malignant,tier,birads,center,age";
    char *a = as_table(predictions, &c->predictions, shuffle), *b = as_table(truth, &c->truth, shuffle ? shuffle + 1 : 0),
         *r = as_table("reader,exam_id,birads,condition", &c->readers, shuffle ? shuffle + 2 : 0),
         *x = as_table(predictions, &other->predictions, shuffle), *y = as_table(truth, &other->truth, shuffle);
    struct joined *j = joined(p, a, b, r), *d = joined(p, x, y, NULL);
    assert_int_equal(join_disjoint(d, "d", j, "j", &err), 0);
    struct evaluation *v = evaluated(p, j, d);
    char *text = as_text(v);
    double pairs = 0, right = 0;
    for (int i = 0; i < 120; i++)
        for (int k = 0; k < 120; k++)
            if (c->malignant[i] && !c->malignant[k]) {
                pairs++;
                right += c->score[i] > c->score[k] ? 1 : c->score[i] == c->score[k] ? 0.5 : 0;
            }
    near(v->binary.auc.value, right / pairs, 1e-12);
    /* what a full design gives is there */
    assert_true(gap_none(&v->readers.mrmc_gap) && gap_none(&v->readers.fleiss_gap) && gap_none(&v->readers.cochran_gap[0]));
    assert_int_equal(v->calibration.n_results, 4);
    for (int i = 0; i < 4; i++)
        if (!gap_none(&v->calibration.results[i].gap))
            fail_msg("%s: %s", v->calibration.results[i].name, v->calibration.results[i].gap.why);
    assert_true(v->calibration.results[1].brier.score < 0.25);
    double brier = 0;
    for (int i = 0; i < 120; i++) {
        const double logit = log(fmax(c->score[i], 1e-6)) - log(fmax(1 - c->score[i], 1e-6));
        brier += pow(1 / (1 + exp(-logit / v->calibration.temperature[0])) - c->malignant[i], 2) / 120;
    }
    near(v->calibration.results[3].brier.score, brier, 1e-12);
    evaluation_free(v);
    join_free(j);
    join_free(d);
    free(a);
    free(b);
    free(r);
    free(x);
    free(y);
    return text;
}

static void test_order_of_rows(void **state) {
    struct study_plan *p = plan_changed("columns: [center", "columns: [center");
    struct cohort c, other;
    (void)state;
    make_cohort(&c, 1, 'e');
    make_cohort(&other, 2, 'd');
    char *plain = evaluate_shuffled(&c, &other, 0, p);
    for (uint32_t s = 10; s < 40; s += 10) {
        char *shuffled = evaluate_shuffled(&c, &other, s, p);
        assert_string_equal(plain, shuffled);
        free(shuffled);
    }
    const int threads = pool_threads();
    pool_set_threads(3);
    char *threaded = evaluate_shuffled(&c, &other, 0, p);
    pool_set_threads(threads);
    assert_string_equal(plain, threaded);
    free(threaded);
    free(plain);
    study_plan_free(p);
    struct rows *all[] = {&c.predictions, &c.truth, &c.readers, &other.predictions, &other.truth, &other.readers};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free_rows(all[i]);
}

/* --- the edges ----------------------------------------------------------------------------------------------------------- */

static void test_edges(void **state) {
    struct study_plan *p = plan_changed("level: 0.95", "level: 0.95"), *any = plan_changed("score: probability", "score: any");
    (void)state;
    /* one class, and one exam: gaps with a reason, counts all the same */
    struct joined *j = joined(p, "id,score\na,0.7\n", "id,malignant\na,yes\n", NULL);
    struct evaluation *v = evaluated(p, j, NULL);
    assert_non_null(strstr(v->binary.auc.gap.why, "STATS_ONE_CLASS"));
    assert_int_equal(v->binary.thresholds[0].binary.sensitivity.count, 1);
    assert_false(v->binary.thresholds[0].binary.specificity.defined);
    char *text = as_text(v);
    assert_non_null(strstr(text, "STATS_ONE_CLASS"));
    assert_null(strstr(text, ":nan"));
    free(text);
    evaluation_free(v);
    join_free(j);
    /* all scores equal: an AUC of one half */
    j = joined(p, "id,score\na,0.5\nb,0.5\nc,0.5\nd,0.5\n", "id,malignant\na,1\nb,0\nc,1\nd,0\n", NULL);
    v = evaluated(p, j, NULL);
    near(v->binary.auc.value, 0.5, 0);
    free(as_text(v));
    evaluation_free(v);
    join_free(j);
    /* two tiers as probable as each other: the lower one; ages at the edge of a band */
    j = joined(p, "id,p_A,p_B,p_C\na,0.4,0.2,0.4\nb,0.2,0.4,0.4\nc,1,0,0\nd,1,0,0\n", "id,tier,age\na,A,39.9\nb,B,40\nc,A,49\nd,A,50\n",
               NULL);
    v = evaluated(p, j, NULL);
    assert_int_equal(v->tiers.levels[1].confusion[0], 3);
    assert_int_equal(v->tiers.levels[1].confusion[4], 1);
    const struct subgroup_column *age = &v->subgroups.columns[2];
    assert_string_equal(age->name, "age");
    assert_int_equal(age->n_groups, 3);
    assert_string_equal(age->groups[0].name, "under 40");
    assert_string_equal(age->groups[1].name, "40 to under 50");
    assert_int_equal(age->groups[0].s.n, 1);
    assert_int_equal(age->groups[1].s.n, 2);
    assert_false(age->groups[1].s.large_enough);
    evaluation_free(v);
    join_free(j);
    /* any score: no calibration, no utility */
    j = joined(any, "id,score\na,-3\nb,17\nc,4\nd,4\n", "id,malignant\na,0\nb,1\nc,1\nd,0\n", NULL);
    v = evaluated(any, j, NULL);
    assert_non_null(strstr(v->calibration.gap.why, "score: any"));
    assert_non_null(strstr(v->utility.gap.why, "score: any"));
    near(v->binary.auc.value, 3.5 / 4, 1e-15);
    evaluation_free(v);
    join_free(j);
    study_plan_free(p);
    /* rounded probabilities within the plan's tolerance are divided by their sum, and counted */
    p = plan_changed("sum_tolerance: 0.000001", "sum_tolerance: 0.01");
    j = joined(p, "id,p_A,p_B,p_C\na,0.333,0.333,0.333\nb,1,0,0\n", "id,malignant\na,0\nb,1\n", NULL);
    assert_int_equal(j->n_rescaled, 1);
    near(j->score[0], 2.0 / 3, 1e-15);
    join_free(j);
    study_plan_free(p);
    study_plan_free(any);
}

static void test_lock(void **state) {
    struct study_plan *p = plan_changed("level: 0.95", "level: 0.95");
    struct joined *j = joined(p, "id,score\na,0.7\nb,0.2\n", TRUTH, NULL),
                  *k = joined(p, "id,score\nb,0.2\n", "id,patient_id,malignant\nb,w,0\n", NULL),
                  *l = joined(p, "id,score\nc,0.2\n", "id,patient_id,malignant\nc,w,0\n", NULL);
    struct lock lock =
                    {.threshold = {.rule = THRESHOLD_SENSITIVITY, .target = 0.75, .value = 0.125, .sensitivity = 1, .specificity = 0.25}},
                back;
    struct buf text;
    (void)state;
    memset(lock.predictions_sha256, 'a', SHA256_HEX_SIZE - 1);
    memset(lock.truth_sha256, 'b', SHA256_HEX_SIZE - 1);
    memset(lock.plan_sha256, 'c', SHA256_HEX_SIZE - 1);
    lock_exams(lock.exams_sha256, j);
    buf_init(&text);
    assert_int_equal(lock_write(&text, &lock, "test", &err), 0);
    assert_int_equal(lock_read(&back, text.data, text.size, &err), 0);
    near(back.threshold.value, 0.125, 0);
    assert_int_equal(lock_applies(&back, "other", j, &err), ERR_THRESHOLD_LOCK);
    assert_int_equal(lock_applies(&back, lock.predictions_sha256, k, &err), ERR_THRESHOLD_LOCK);
    assert_int_equal(lock_applies(&back, "other", k, &err), 0);
    /* every digit that is changed is seen */
    size_t tried = 0;
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] >= '1' && text.data[i] <= '8') {
            text.data[i]++;
            assert_int_equal(lock_read(&back, text.data, text.size, &err), ERR_THRESHOLD_LOCK);
            text.data[i]--;
            tried++;
        }
    assert_true(tried > 20);
    assert_int_equal(lock_read(&back, "{}", 2, &err), ERR_THRESHOLD_LOCK);
    /* an exam, or a patient, on both sides */
    assert_int_equal(join_disjoint(j, "j", k, "k", &err), ERR_SPLIT_OVERLAP);
    assert_int_equal(join_disjoint(k, "k", l, "l", &err), ERR_SPLIT_OVERLAP);
    assert_int_equal(join_disjoint(j, "j", l, "l", &err), 0);
    buf_release(&text);
    join_free(j);
    join_free(k);
    join_free(l);
    study_plan_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bad_tables), cmocka_unit_test(test_bad_plans),
                                       cmocka_unit_test(test_by_hand),    cmocka_unit_test(test_order_of_rows),
                                       cmocka_unit_test(test_edges),      cmocka_unit_test(test_lock)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
