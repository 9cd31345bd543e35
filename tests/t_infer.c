/* The way from a cohort to predictions: order, refusals, reading ahead, the two file formats. Pictures are the demo's phantoms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/pool.h"
#include "file/json.h"
#include "infer/output.h"
#include "infer/pipeline.h"
#include "trees.h"

static struct schema *schema;
static char model_path[64], overflow_path[80];

static char *source_path(char out[512], const char *relative) {
    const char *root = getenv("BMUNET_SOURCE");
    snprintf(out, 512, "%s/%s", root ? root : ".", relative);
    return out;
}

static int set_up(void **state) {
    (void)state;
    char path[512];
    struct err e = {0};
    snprintf(model_path, sizeof model_path, "/tmp/bmunet-t-infer-XXXXXX");
    int fd = mkstemp(model_path);
    if (fd < 0 || schema_read_yaml(&schema, source_path(path, "share/schemas/clinical10.yml"), &e) != 0)
        return -1;
    close(fd);
    snprintf(overflow_path, sizeof overflow_path, "%s.overflow", model_path);
    struct model_init_options o = {.network = NETWORK_BMU,
                                   .variant = VARIANT_MASKED,
                                   .clinical = CLINICAL_TOKEN,
                                   .schema = schema,
                                   .tree = shipped_tree(),
                                   .seed = 5,
                                   .small = true};
    return model_init(model_path, &o, &e);
}

static int tear_down(void **state) {
    (void)state;
    schema_free(schema);
    unlink(model_path);
    unlink(overflow_path);
    return 0;
}

static struct model *open_model(const char *path) {
    struct model *m = NULL;
    struct err e = {0};
    if (model_open(&m, path, &(struct model_options){0}, &e) != 0)
        fail_msg("%s", e.message);
    return m;
}

static struct manifest *parse(const char *text) {
    struct manifest *m = NULL;
    struct manifest_options o = {.schema = schema};
    struct err e = {0};
    char folder[512];
    if (manifest_parse(&m, text, strlen(text), source_path(folder, "share/demo"), &o, &e) != 0)
        fail_msg("%s", e.message);
    return m;
}

enum { SEEN_MAX = 64 };
struct seen {
    size_t n, stop_after;
    char id[SEEN_MAX][16];
    bool refused[SEEN_MAX];
    int code[SEEN_MAX];
    struct model_output output[SEEN_MAX];
    struct prediction_times ms[SEEN_MAX];
};

static int collect(void *ctx, const struct prediction *p, struct err *e) {
    struct seen *s = ctx;
    assert_true(s->n < SEEN_MAX);
    snprintf(s->id[s->n], sizeof s->id[s->n], "%s", p->exam->exam_id);
    s->refused[s->n] = p->refused;
    s->code[s->n] = p->verdict.code;
    s->ms[s->n] = p->ms;
    s->output[s->n++] = p->output;
    return s->stop_after && s->n == s->stop_after ? err_set(e, ERR_USAGE, "enough") : 0;
}

/* Twenty exams through a ring of three: three kinds of pictures and, every fourth, a refusal. */
static char *cohort_text(void) {
    static const char *const row[] = {",oval_us_bmode_trans.png,oval_us_bmode_long.png", "rough_mg_cc.png,rough_us_bmode_trans.png,",
                                      ",cut_us_bmode_long.png,oval_us_bmode_long.png", "oval_mg_mlo.png,,rough_us_bmode_long.png"};
    struct buf text;
    buf_init(&text);
    assert_int_equal(buf_printf(&text, NULL, "exam_id,mg_mlo,us_bmode_trans,us_bmode_long\n"), 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(buf_printf(&text, NULL, "e%d,%s\n", i, row[i % 4]), 0);
    return text.data;
}

static void order_and_refusals(void **state) {
    (void)state;
    char *text = cohort_text();
    struct manifest *cohort = parse(text);
    struct model *m = open_model(model_path);
    struct pipeline_options o = {0};
    struct seen *s = calloc(1, sizeof *s);
    struct err e = {0};
    assert_non_null(s);
    assert_int_equal(pipeline_count(cohort, &o), 20);
    assert_int_equal(pipeline_run(m, cohort, &o, collect, s, &e), 0);
    assert_int_equal(s->n, 20);
    for (size_t i = 0; i < 20; i++) {
        char id[16];
        snprintf(id, sizeof id, "e%zu", i);
        assert_string_equal(s->id[i], id);
        assert_int_equal(s->refused[i], i % 4 == 2);
        assert_int_equal(s->code[i], i % 4 == 2 ? ERR_IMAGE_TRUNCATED : 0);
        assert_true(s->refused[i] || (s->output[i].leaf >= 0 && s->output[i].leaf < TIER_COUNT && s->ms[i].network > 0));
        assert_memory_equal(&s->output[i].logits, &s->output[i % 4].logits,
                            sizeof s->output[i].logits); /* the same bits as four rows before */
        assert_true(s->ms[i].total == s->ms[i].read + s->ms[i].prep + s->ms[i].network);
    }
    assert_memory_not_equal(&s->output[0].logits, &s->output[1].logits, sizeof s->output[0].logits);
    free(s);
    model_close(m);
    manifest_free(cohort);
    free(text);
}

/* A sink that has enough ends the run at once, wherever the reading is; its code and sentence come back. */
static void sink_stops(void **state) {
    (void)state;
    char *text = cohort_text();
    struct manifest *cohort = parse(text);
    struct model *m = open_model(model_path);
    struct pipeline_options o = {0};
    struct seen *s = calloc(1, sizeof *s);
    assert_non_null(s);
    for (size_t stop = 1; stop <= 20; stop += 6) {
        struct err e = {0};
        *s = (struct seen){.stop_after = stop};
        assert_int_equal(pipeline_run(m, cohort, &o, collect, s, &e), ERR_USAGE);
        assert_string_equal(e.message, "enough");
        assert_int_equal(s->n, stop);
    }
    free(s);
    model_close(m);
    manifest_free(cohort);
    free(text);
}

static void same_bits_for_any_number_of_threads(void **state) {
    (void)state;
    struct manifest *cohort =
        parse("exam_id,mg_mlo,us_bmode_trans\na,rough_mg_cc.png,oval_us_bmode_trans.png\nb,,oval_us_bmode_long.png\n");
    struct pipeline_options o = {0};
    struct seen first = {0};
    for (int threads = 1; threads <= 4; threads++) {
        struct seen s = {0};
        pool_set_threads(threads);
        struct model *m = open_model(model_path);
        assert_int_equal(pipeline_run(m, cohort, &o, collect, &s, NULL), 0);
        model_close(m);
        if (threads == 1)
            first = s;
        assert_memory_equal(s.output, first.output, sizeof s.output);
    }
    assert_false(first.refused[0] || first.refused[1]);
    manifest_free(cohort);
}

/* Finite weights whose sums are not: the exam is refused by code, the run goes on. */
static void overflow_refuses_the_exam(void **state) {
    (void)state;
    struct archive *a = NULL;
    struct err e = {0};
    assert_int_equal(safetensors_open(&a, model_path, &e), 0);
    struct array arrays[1024];
    size_t n = archive_count(a);
    float *huge = NULL;
    assert_true(n <= 1024);
    for (size_t i = 0; i < n; i++) {
        arrays[i] = *archive_at(a, i);
        if (strcmp(arrays[i].name, "head.weight") != 0)
            continue;
        huge = malloc(arrays[i].bytes);
        assert_non_null(huge);
        for (size_t k = 0; k < arrays[i].bytes / sizeof *huge; k++)
            huge[k] = 3e38F;
        arrays[i].data = huge;
    }
    assert_non_null(huge);
    static const char *const keys[] = {"bmunet.config", "bmunet.schema", "bmunet.tree", "bmunet.format", "bmunet.source"};
    const char *metadata[5][2];
    for (int i = 0; i < 5; i++) {
        metadata[i][0] = keys[i];
        metadata[i][1] = archive_metadata(a, keys[i]);
        assert_non_null(metadata[i][1]);
    }
    assert_int_equal(safetensors_write(overflow_path, arrays, n, metadata, 5, &e), 0);
    archive_close(a);
    free(huge);
    struct model *m = open_model(overflow_path);
    struct manifest *cohort = parse("exam_id,us_bmode_trans\na,oval_us_bmode_trans.png\nb,cut_us_bmode_long.png\n");
    struct pipeline_options o = {0};
    struct seen s = {0};
    assert_int_equal(pipeline_run(m, cohort, &o, collect, &s, &e), 0);
    assert_int_equal(s.n, 2);
    assert_true(s.refused[0]);
    assert_int_equal(s.code[0], ERR_OUTPUT_NAN);
    assert_int_equal(s.code[1], ERR_IMAGE_TRUNCATED);
    manifest_free(cohort);
    model_close(m);
}

/* The formats of docs/FORMATS.md, written out by hand. */
static struct exam example_exam = {.exam_id = "a,\"b\""};

static struct prediction example(void) {
    struct prediction p = {
        .exam = &example_exam,
        .output = {.logits = {0.1F, 1, -2, 0, 0.5F}, .p = {0.125, 0.5, 1.0 / 3.0, 0, 1e-12}, .positive = 0.375, .leaf = 1}};
    const struct tree *t = shipped_tree();
    const double node[] = {0.625, 0.375};
    for (size_t i = 0; i < t->n_nodes; i++) /* benign, malignant, T1 .. T5: the file's order */
        p.output.node[i] = i < 2 ? node[i] : p.output.p[i - 2];
    p.verdict.input[SLOT_MG_MLO] = (struct input_verdict){.status = INPUT_USED, .note = "noted", .hashed = true, .sha256 = {0xab}};
    p.verdict.input[SLOT_US_ELASTO_LONG] = (struct input_verdict){.status = INPUT_USED};
    return p;
}

static void csv_rows(void **state) {
    (void)state;
    struct prediction p = example();
    struct buf out, header;
    buf_init(&out);
    assert_int_equal(output_csv_row(&out, &p, shipped_tree(), NULL), 0);
    assert_string_equal(out.data, "\"a,\"\"b\"\"\",ok,T2,0.125,0.5,0.333333333,0,1e-12,0.625,0.375,mg_mlo+us_elasto_long,\n");
    buf_clear(&out);
    p.refused = true;
    p.verdict.code = ERR_VIEW_DUPLICATE;
    snprintf(p.verdict.reason, sizeof p.verdict.reason, "one, two");
    assert_int_equal(output_csv_row(&out, &p, shipped_tree(), NULL), 0);
    assert_string_equal(out.data, "\"a,\"\"b\"\"\",refused,,,,,,,,,,\"VIEW_DUPLICATE: one, two\"\n");
    size_t commas[2] = {0, 0};
    buf_init(&header);
    assert_int_equal(output_csv_header(&header, shipped_tree(), NULL), 0);
    assert_string_equal(header.data, "exam_id,status,tier,p_T1,p_T2,p_T3,p_T4,p_T5,p_benign,p_malignant,views_used,reason\n");
    for (const char *c = header.data; *c; c++)
        commas[0] += *c == ',';
    for (const char *c = strstr(out.data, ",refused"); *c && *c != '"'; c++)
        commas[1] += *c == ',';
    assert_int_equal(commas[0], commas[1]); /* as many cells as the header has */
    buf_release(&header);
    buf_release(&out);
}

static void json_lines(void **state) {
    (void)state;
    struct prediction p = example();
    struct output_facts facts = {.network = NETWORK_MG,
                                 .variant = VARIANT_REFERENCE,
                                 .precision = PRECISION_BF16,
                                 .exact = true,
                                 .code_version = "test",
                                 .tree = shipped_tree()};
    struct buf out;
    struct json *j = NULL;
    buf_init(&out);
    assert_int_equal(output_json_line(&out, &p, &facts, NULL), 0);
    assert_int_equal(strchr(out.data, '\n') - out.data, out.size - 1);
    assert_int_equal(json_read(&j, out.data, out.size, ERR_INTERNAL, NULL), 0);
    assert_string_equal(json_string(json_get(j, "exam_id")), "a,\"b\"");
    assert_true(json_number(json_at(json_get(j, "p"), 2), 0) == 1.0 / 3.0);        /* every digit of a double */
    assert_true((float)json_number(json_at(json_get(j, "logits"), 0), 0) == 0.1F); /* and of a float */
    assert_string_equal(json_string(json_get(j, "tier")), "T2");
    assert_string_equal(json_string(json_get(j, "precision")), "bf16");
    assert_true(json_bool(json_get(j, "exact"), false));
    assert_null(json_get(j, "untrained"));
    const struct json *input = json_at(json_get(j, "inputs"), SLOT_MG_MLO);
    assert_string_equal(json_string(json_get(input, "slot")), "mg_mlo");
    assert_string_equal(json_string(json_get(input, "sha256")), "ab00000000000000000000000000000000000000000000000000000000000000");
    assert_int_equal(json_size(json_get(j, "inputs")), SLOT_COUNT);
    json_free(j);
    buf_clear(&out);
    facts.untrained = true;
    p.refused = true;
    p.verdict.code = ERR_OUTPUT_NAN;
    assert_int_equal(output_json_line(&out, &p, &facts, NULL), 0);
    assert_non_null(strstr(out.data, "\"code\":\"OUTPUT_NAN\""));
    assert_non_null(strstr(out.data, "\"logits\":null,\"p\":null,\"tier\":null,\"p_benign\":null,\"p_malignant\":null"));
    assert_non_null(strstr(out.data, "\"untrained\":true"));
    buf_release(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_and_refusals),        cmocka_unit_test(sink_stops), cmocka_unit_test(same_bits_for_any_number_of_threads),
        cmocka_unit_test(overflow_refuses_the_exam), cmocka_unit_test(csv_rows),   cmocka_unit_test(json_lines),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
