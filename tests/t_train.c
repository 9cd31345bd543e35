/* What a training run is made of, each by itself: labels, masking, order, settings, batches in parts, checkpoints. Test code. */
#include <sys/stat.h>

#include "learner_check.h"

#include "cohort/label.h"
#include "file/io.h"
#include "learn/mask.h"
#include "learn/sampler.h"
#include "train/checkpoint.h"
#include "train/settings.h"
#include "train/validate.h"

/* --- labels ------------------------------------------------------------------------------------------------------------------- */

static struct tree *the_tree(void) {
    struct tree *t = NULL;
    struct err e = {0};
    if (tree_read_yaml(&t, "share/trees/bmu5.yml", &e))
        fail_msg("%s", e.message);
    return t;
}

/* From docs/FORMATS.md and share/trees/bmu5.yml. node NULL: nothing is known. */
static const struct {
    const char *tier, *pathology, *malignant, *label;
    const char *node;
    int code;
    const char *says;
} rows[] = {
    {"T3", "", "", "", "T3", 0, NULL},
    {"", "fibroadenoma", "", "", "T1", 0, NULL},
    {"", "Fibroadenoma & invasive ductal carcinoma", "", "", "T5", 0, NULL},
    {"", "", "1", "", "malignant", 0, NULL},
    {"", "", "No", "", "benign", 0, NULL},
    {"", "", "BENIGN", "", "benign", 0, NULL},
    {"T5", "invasive ductal carcinoma", "yes", "", "T5", 0, NULL},
    {"", "malignant", "malignant", "", "malignant", 0, NULL},
    {"T4", "malignant", "", "", "T4", 0, NULL},
    {"", "", "", "", NULL, 0, NULL},
    {"unknown", "Unknown", "", "", NULL, 0, NULL},
    {"T1", "", "1", "", NULL, ERR_LABEL_CONFLICT, "malignant says malignant, tier says T1"},
    {"T4", "invasive ductal carcinoma", "", "", NULL, ERR_LABEL_CONFLICT, "pathology says T5, tier says T4"},
    {"", "fibroadenoma", "true", "", NULL, ERR_LABEL_CONFLICT, "malignant says malignant, pathology says T1"},
    {"T6", "", "", "", NULL, ERR_LABEL, "whose leaves are T1 to T5"},
    {"benign", "", "", "", NULL, ERR_LABEL, "is not a leaf"},
    {"", "fibroadenomaa", "", "", NULL, ERR_LABEL, "nearest: \"fibroadenoma"},
    {"", "", "perhaps", "", NULL, ERR_LABEL, "is neither 0, no, false, benign nor"},
    {"", "", "", "3", NULL, ERR_LABEL, "not published"},
    {"T2", "", "", "3", "T2", 0, NULL},
};

static void test_labels(void **state) {
    (void)state;
    struct tree *t = the_tree();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct cohort_row x = {.exam = {.exam_id = "E7"},
                                     .tier = rows[i].tier,
                                     .pathology = rows[i].pathology,
                                     .malignant = rows[i].malignant,
                                     .label = rows[i].label};
        struct err e = {0};
        int node = 99;
        assert_int_equal(label_node(&node, &x, t, &e), rows[i].code);
        assert_int_equal(e.code, rows[i].code);
        assert_int_equal(label_node(&node, &x, t, NULL), rows[i].code);
        assert_int_equal(node, rows[i].node ? tree_find_node(t, rows[i].node) : -1);
        if (rows[i].says && (!strstr(e.message, rows[i].says) || !strstr(e.message, "E7")))
            fail_msg("row %zu: %s", i, e.message);
    }
    tree_free(t);
}

/* --- masking ------------------------------------------------------------------------------------------------------------------- */

static void test_mask_law(void **state) {
    (void)state;
    const struct mask_settings s = {.modality = 0.25, .kind = 0.15, .view = 0.1, .clinical = 0.3};
    enum { N = 40000 };
    long kept[SLOT_COUNT] = {0}, both = 0, missing = 0;
    for (uint32_t i = 0; i < N; i++) {
        const unsigned k = mask_views(&s, 0xFF, 7, i % 11, i);
        assert_true(k != 0 && (k & ~0xFFU) == 0);
        for (int v = 0; v < SLOT_COUNT; v++)
            kept[v] += k >> v & 1U;
        both += (k & 3U) && (k & 0xFCU);
        missing += __builtin_popcountll(mask_clinical(&s, 10, 7, i % 11, i));
    }
    /* P(nothing is left) by inclusion over the groups, all draws independent: mammography gone x ultrasound gone */
    const double mg_gone = 0.25 + 0.75 * 0.1 * 0.1, kind_gone = 0.15 + 0.85 * 0.1 * 0.1,
                 us_gone = 0.25 + 0.75 * kind_gone * kind_gone * kind_gone, nothing = mg_gone * us_gone;
    const double mg = 0.75 * 0.9 / (1 - nothing), us = 0.75 * 0.85 * 0.9 / (1 - nothing),
                 two = (1 - mg_gone) * (1 - us_gone) / (1 - nothing);
    for (int v = 0; v < SLOT_COUNT; v++) {
        const double p = v < 2 ? mg : us;
        assert_true(fabs((double)kept[v] / N - p) < 5 * sqrt(p * (1 - p) / N));
    }
    assert_true(fabs((double)both / N - two) < 5 * sqrt(two * (1 - two) / N));
    assert_true(fabs((double)missing / (10.0 * N) - 0.3) < 5 * sqrt(0.21 / (10.0 * N)));
}

static void test_mask_edges(void **state) {
    (void)state;
    struct err e = {0};
    const struct mask_settings none = {0}, most = {.modality = 0.999, .kind = 0.999, .view = 0.999, .clinical = 0.999};
    long one[SLOT_COUNT] = {0};
    for (unsigned present = 1; present < 256; present++) {
        assert_int_equal(mask_views(&none, present, 1, 0, present), present);
        const unsigned k = mask_views(&most, present, 1, 3, present);
        assert_true(k != 0 && (k & ~present) == 0);
    }
    for (uint32_t i = 0; i < 8000; i++)
        one[__builtin_ctz(mask_views(&most, 0xFF, 1, 0, i))]++;
    for (int v = 0; v < SLOT_COUNT; v++) /* what is kept when everything is masked is drawn evenly */
        assert_true(labs(one[v] - 1000) < 5 * 30);
    assert_int_equal(mask_clinical(&none, 10, 1, 0, 1), 0);
    assert_int_equal(mask_check(&most, &e), 0);
    assert_int_equal(mask_check(&(struct mask_settings){.kind = 1}, &e), ERR_CONFIG);
    assert_non_null(strstr(e.message, "kind"));
    assert_int_equal(mask_check(&(struct mask_settings){.view = NAN}, &e), ERR_CONFIG);
    assert_int_equal(mask_check(&(struct mask_settings){.clinical = -0.1}, &e), ERR_CONFIG);
    int same_epoch = 0, same_seed = 0;
    const struct mask_settings s = {.view = 0.5};
    for (uint32_t i = 0; i < 1000; i++) {
        same_epoch += mask_views(&s, 0xFF, 1, 0, i) == mask_views(&s, 0xFF, 1, 1, i);
        same_seed += mask_views(&s, 0xFF, 1, 0, i) == mask_views(&s, 0xFF, 2, 0, i);
    }
    assert_true(same_epoch < 30 && same_seed < 30); /* by chance about 4 */
}

/* --- order ---------------------------------------------------------------------------------------------------------------------- */

static void test_order(void **state) {
    (void)state;
    enum { N = 500, CLASSES = 3 };
    uint32_t a[N], b[N], seen[N] = {0}, by_class[CLASSES] = {0};
    uint16_t classes[N];
    struct err e = {0};
    assert_int_equal(sampler_order(a, SAMPLER_NATURAL, NULL, N, 3, 5, &e), 0);
    for (int i = 0; i < N; i++)
        seen[a[i]]++;
    for (int i = 0; i < N; i++)
        assert_int_equal(seen[i], 1);
    assert_int_equal(sampler_order(b, SAMPLER_NATURAL, NULL, N, 3, 5, &e), 0);
    assert_memory_equal(a, b, sizeof a);
    assert_int_equal(sampler_order(b, SAMPLER_NATURAL, NULL, N, 3, 6, &e), 0);
    assert_memory_not_equal(a, b, sizeof a);
    /* where does exam 0 land? evenly anywhere: the mean of many epochs */
    double mean = 0;
    for (uint32_t epoch = 0; epoch < 2000; epoch++) {
        assert_int_equal(sampler_order(b, SAMPLER_NATURAL, NULL, N, 3, epoch, &e), 0);
        for (int i = 0; i < N; i++)
            mean += b[i] == 0 ? i / 2000.0 : 0;
    }
    assert_true(fabs(mean - (N - 1) / 2.0) < 5 * N / sqrt(12.0 * 2000));
    for (int i = 0; i < N; i++)
        classes[i] = (uint16_t)(i < 450 ? 0 : i < 490 ? 7 : 511); /* 450, 40, 10 */
    long draws = 0;
    for (uint32_t epoch = 0; epoch < 200; epoch++) {
        assert_int_equal(sampler_order(a, SAMPLER_BALANCED, classes, N, 3, epoch, &e), 0);
        for (int i = 0; i < N; i++, draws++)
            by_class[classes[a[i]] == 0 ? 0 : classes[a[i]] == 7 ? 1 : 2]++;
    }
    for (int k = 0; k < CLASSES; k++)
        assert_true(fabs((double)by_class[k] / (double)draws - 1.0 / CLASSES) < 5 * sqrt(2.0 / 9 / (double)draws));
    assert_int_equal(sampler_order(a, SAMPLER_NATURAL, NULL, 0, 3, 5, &e), ERR_CONFIG);
}

/* --- settings ---------------------------------------------------------------------------------------------------------------------- */

static void text_of_file(uint8_t **text, const char *path) {
    size_t n = 0;
    struct err e = {0};
    if (io_read_file(text, &n, path, 1 << 20, &e))
        fail_msg("%s", e.message);
}

/* The preset's text with one piece replaced. */
static char *with(const char *text, const char *old, const char *new) {
    const char *at = strstr(text, old);
    char *out = malloc(strlen(text) + strlen(new) + 1);
    assert_non_null(at);
    assert_non_null(out);
    snprintf(out, strlen(text) + strlen(new) + 1, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
    return out;
}

static void test_settings(void **state) {
    (void)state;
    struct train_settings s;
    struct err e = {0};
    /* NETWORK: AdamW 1e-4, decay .1, betas .9 .95, smoothing .1, balanced, warm-up 2, 60 / 55 / 100 epochs, batch 32 */
    assert_int_equal(settings_read(&s, "share/presets/reference.yml", &e), 0);
    assert_true(s.variant == VARIANT_REFERENCE && s.clinical == CLINICAL_CONCAT && s.width == 64);
    assert_true(s.rate == 1e-4 && s.optimiser.weight_decay == 0.1 && s.optimiser.beta1 == 0.9 && s.optimiser.beta2 == 0.95);
    assert_true(s.smoothing == 0.1 && s.sampler == SAMPLER_BALANCED && s.warmup == 2 && s.batch == 32 && s.decay_all);
    assert_true(s.epochs[STAGE_MG] == 60 && s.epochs[STAGE_US] == 55 && s.epochs[STAGE_BMU] == 100);
    assert_true(s.dropout_block == 0.3 && s.dropout_head == 0.5 && s.class_weight_level == 0 && s.tier_weight_level == 1);
    assert_true(s.mask.modality == 0 && s.mask.kind == 0 && s.mask.view == 0 && s.mask.clinical == 0);
    assert_memory_equal(&s.augment, &augment_reference, sizeof s.augment);
    assert_int_equal(settings_read(&s, "share/presets/default.yml", &e), 0);
    assert_memory_equal(&s.augment, &augment_default, sizeof s.augment);
    assert_true(s.variant == VARIANT_MASKED && s.clinical == CLINICAL_TOKEN && s.mask.modality > 0);
    assert_int_equal(settings_read(&s, "share/presets/small.yml", &e), 0);
    assert_true(s.augment.mammography.rotate == 10);
    s.augment.mammography.rotate = augment_default.mammography.rotate; /* all else is the default's */
    assert_memory_equal(&s.augment, &augment_default, sizeof s.augment);
    static const struct {
        const char *old, *new;
        int code;
        const char *says;
    } faults[] = {
        {"patience:", "patiense:", ERR_YAML, "patiense"},        {"width: 16", "width: 4", ERR_CONFIG, "network.width"},
        {"part: 16", "part: 17", ERR_CONFIG, "steps.part"},      {"natural", "naturally", ERR_YAML, "line"},
        {"view: 0.1", "view: 1.5", ERR_CONFIG, "view"},          {"class: 1, tier: 0.5", "class: 0, tier: 0", ERR_CONFIG, "nothing"},
        {"warmup: 1", "warmup: 99", ERR_CONFIG, "steps.warmup"}, {"rate: 5.0e-4", "rate: -1", ERR_CONFIG, "steps.rate"},
        {"rotate: 10", "rotate: 200", ERR_CONFIG, "rotate"},     {"rate: 5.0e-4", "rate: .nan", ERR_YAML, "line"},
    };
    uint8_t *bytes = NULL;
    text_of_file(&bytes, "share/presets/small.yml");
    const char *text = (const char *)bytes;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        char *bad = with(text, faults[i].old, faults[i].new);
        const int rc = settings_parse(&s, bad, strlen(bad), &e);
        if (rc != faults[i].code || !strstr(e.message, faults[i].says))
            fail_msg("'%s': %s: %s", faults[i].new, err_name(rc), e.message);
        free(bad);
    }
    free(bytes);
}

/* --- batches in parts ------------------------------------------------------------------------------------------------------------------
 */

static float *gradients_of(struct learner *l) {
    const struct parameters *p = learner_parameters(l);
    float *copy = malloc(p->n_trained * sizeof *copy);
    assert_non_null(copy);
    memcpy(copy, p->gradients, p->n_trained * sizeof *copy);
    return copy;
}

/* Three exams in three parts: each sees its own batch-norm, so their gradients are the mean of those of three batches of one; with class
 * weights the mean is weighted. The shares are powers of two, so that scaling rounds nothing: batch-norm over the two pixels that these
 * small views end in magnifies every rounding before it a hundredfold. */
static void test_parts(void **state) {
    (void)state;
    struct learner *l = must_learn(here.bmu, (struct learner_options){0});
    const size_t n = learner_parameters(l)->n_trained;
    struct learner_exam of[EXAMS];
    struct loss loss = here.loss;
    struct loss_label labels[EXAMS];
    struct loss_value value;
    struct err e = {0};
    double weights[LOSS_LEVELS_MAX], total = 0, alone = 0, sum_w = 0, *mean = calloc(n, sizeof *mean);
    assert_non_null(mean);
    batch_of(of, ALL_VIEWS, MG_ONLY, US_ONLY);
    for (int k = 0; k < TIER_COUNT; k++)
        loss.level[0].class_weight[k] = k == 2 ? 2 : 1; /* of the labels 1, 4, 2: shares 1/4, 1/4, 1/2 */
    for (int i = 0; i < EXAMS; i++) {
        labels[i] = of[i].label;
        sum_w += loss.level[0].class_weight[of[i].label.node];
    }
    loss_weights(weights, &loss, labels, EXAMS);
    assert_true(weights[0] == sum_w);
    for (int i = 0; i < EXAMS; i++) {
        const double w = loss.level[0].class_weight[of[i].label.node] / sum_w;
        assert_int_equal(learner_gradients(l, &of[i], 1, &loss, 0, &value, NULL, &e), 0);
        alone += w * value.total;
        for (size_t k = 0; k < n; k++)
            mean[k] += w * (double)learner_parameters(l)->gradients[k];
    }
    for (int i = 0; i < EXAMS; i++) {
        const struct learner_part part = {i, EXAMS, weights};
        assert_int_equal(learner_accumulate(l, &of[i], 1, &part, &loss, 0, &value, NULL, &e), 0);
        total += value.total;
    }
    assert_true(fabs(total - alone) < 1e-9 * fabs(alone));
    double error = 0, size = 0;
    for (size_t k = 0; k < n; k++) {
        const double d = (double)learner_parameters(l)->gradients[k] - mean[k];
        error += d * d;
        size += mean[k] * mean[k];
    }
    if (sqrt(error / size) > 1e-6)
        fail_msg("gradients differ by %g", sqrt(error / size));
    free(mean);
    learner_close(l);
}

/* A part that fails takes the whole batch back; the next batch is as if there had been none. */
static void test_failed_part(void **state) {
    (void)state;
    struct learner *l = must_learn(here.bmu, (struct learner_options){0});
    struct parameters *p = learner_parameters(l);
    float *values = malloc(p->n * sizeof *values);
    struct learner_exam of[EXAMS];
    struct loss_value value;
    struct err e = {0};
    const double weights[LOSS_LEVELS_MAX] = {3};
    assert_non_null(values);
    batch_of(of, ALL_VIEWS, MG_ONLY, US_ONLY);
    memcpy(values, p->values, p->n * sizeof *values);
    assert_int_equal(learner_gradients(l, of, EXAMS, &here.loss, 4, &value, NULL, &e), 0);
    float *good = gradients_of(l);
    memcpy(p->values, values, p->n * sizeof *values); /* running statistics moved */
    assert_int_equal(learner_accumulate(l, of, 1, &(struct learner_part){0, 3, weights}, &here.loss, 4, &value, NULL, &e), 0);
    assert_memory_not_equal(p->values, values, p->n * sizeof *values);
    assert_int_equal(learner_accumulate(l, of, 1, &(struct learner_part){2, 3, weights}, &here.loss, 4, &value, NULL, &e), ERR_INTERNAL);
    assert_memory_equal(p->values, values, p->n * sizeof *values);
    assert_int_equal(learner_accumulate(l, of, 1, &(struct learner_part){0, 3, NULL}, &here.loss, 4, &value, NULL, &e), ERR_INTERNAL);
    assert_int_equal(learner_accumulate(l, of, 1, &(struct learner_part){0, 3, weights}, &here.loss, 4, &value, NULL, &e), 0);
    assert_int_equal(learner_gradients(l, of, EXAMS, &here.loss, 4, &value, NULL, &e), 0); /* the half batch was given up */
    float *again = gradients_of(l);
    assert_memory_equal(good, again, p->n_trained * sizeof *good);
    free(values);
    free(good);
    free(again);
    learner_close(l);
}

/* --- checkpoints -------------------------------------------------------------------------------------------------------------------------
 */

static void flip(const char *path, long at) {
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    const int c = fgetc(f);
    assert_int_equal(fseek(f, -1, SEEK_CUR), 0);
    fputc(c ^ 1, f);
    fclose(f);
}

static void train_a_step(struct learner *l, uint64_t step) {
    struct learner_exam of[EXAMS];
    struct loss_value value;
    struct err e = {0};
    batch_of(of, ALL_VIEWS, MG_ONLY, US_ONLY);
    assert_int_equal(learner_gradients(l, of, EXAMS, &here.loss, step, &value, NULL, &e), 0);
    assert_int_equal(learner_step(l, &(struct learner_update){1e-3, 1}, NULL, &e), 0);
}

static struct learner *optimising(void) {
    struct err e = {0};
    struct learner *l = must_learn(here.bmu, (struct learner_options){.seed = 3, .dropout_block = 0.2});
    const struct optimiser_config adamw = {OPTIMISER_ADAMW, 0.05, 0.9, 0.95, 1e-8, 0, false};
    assert_int_equal(learner_optimise(l, &adamw, false, NULL, 0, &e), 0);
    return l;
}

static void test_checkpoint(void **state) {
    (void)state;
    char folder[] = "/tmp/bmunet-test-XXXXXX", path[2][64];
    assert_non_null(mkdtemp(folder));
    for (int g = 0; g < 2; g++)
        snprintf(path[g], sizeof path[g], "%s/checkpoint-%d.safetensors", folder, g);
    struct learner *l = optimising(), *m = optimising();
    const struct parameters *p = learner_parameters(l);
    struct run_state s = {.identity = {1, 2, 3}, .best = NAN}, t = {.identity = {1, 2, 3}};
    float *average = calloc(p->n, sizeof *average), *other = calloc(p->n, sizeof *other);
    struct err e = {0};
    bool found = true;
    assert_non_null(average);
    assert_non_null(other);
    assert_int_equal(checkpoint_read(&found, folder, &t, m, other, &e), 0);
    assert_false(found);
    const struct epoch_record r = {.epoch = 0, .steps = 3, .loss = 1.0 / 3, .scores = {.auc = NAN, .macro_auc = 0.1}};
    assert_int_equal(history_add(&s.history, &r, &e), 0);
    for (int k = 0; k < 3; k++) {
        train_a_step(l, s.step++);
        s.loss_sum += 0.1;
        average[7] = (float)k;
        assert_int_equal(checkpoint_write(folder, &s, l, average, &e), 0);
    }
    /* the third is the newest; it goes on to the same bits */
    assert_int_equal(checkpoint_read(&found, folder, &t, m, other, &e), 0);
    assert_true(found && t.saved == 3 && t.step == 3 && t.loss_sum == s.loss_sum && isnan(t.best));
    assert_true(t.history.n == 1 && t.history.epochs[0].loss == 1.0 / 3 && isnan(t.history.epochs[0].scores.auc));
    assert_memory_equal(average, other, p->n * sizeof *average);
    train_a_step(l, 3);
    train_a_step(m, 3);
    assert_memory_equal(p->values, learner_parameters(m)->values, p->n * sizeof(float));
    /* a damaged one is passed over, wherever the damage is; two damaged ones are an error, and nothing is taken from them */
    flip(path[1], -5);
    history_release(&t.history);
    t = (struct run_state){.identity = {1, 2, 3}};
    assert_int_equal(checkpoint_read(&found, folder, &t, m, other, &e), 0);
    assert_true(found && t.saved == 2 && other[7] == 1);
    flip(path[0], 2000);
    memset(other, 0, p->n * sizeof *other);
    assert_int_equal(checkpoint_read(&found, folder, &t, m, other, &e), ERR_CHECKPOINT);
    assert_non_null(strstr(e.message, folder));
    assert_true(other[7] == 0);
    /* another run's */
    s.saved = 1;
    assert_int_equal(checkpoint_write(folder, &s, l, average, &e), 0);
    t.identity[0] = 9;
    assert_int_equal(checkpoint_read(&found, folder, &t, m, other, &e), ERR_CHECKPOINT);
    assert_non_null(strstr(e.message, "other settings"));
    /* cut anywhere: never taken */
    struct stat st;
    t.identity[0] = 1;
    assert_int_equal(stat(path[0], &st), 0);
    unlink(path[1]);
    for (int k = 1; k < 8; k++) {
        assert_int_equal(truncate(path[0], st.st_size * (8 - k) / 8), 0);
        assert_int_equal(checkpoint_read(&found, folder, &t, m, other, &e), ERR_CHECKPOINT);
    }
    unlink(path[0]);
    rmdir(folder);
    history_release(&s.history);
    history_release(&t.history);
    free(average);
    free(other);
    learner_close(l);
    learner_close(m);
}

/* --- curves */

static void test_curves(void **state) {
    (void)state;
    char path[] = "/tmp/bmunet-test-XXXXXX";
    struct history h = {0};
    struct err e = {0};
    uint8_t *svg = NULL;
    size_t n = 0;
    close(mkstemp(path));
    for (unsigned i = 0; i < 3; i++) {
        const double loss = i == 1 ? (double)NAN : 1.0 / (i + 1);
        const struct epoch_record r = {.epoch = i,
                                       .loss = loss,
                                       .best = i == 1,
                                       .scores = {.exams = 4, .loss = INFINITY, .auc = 0.25 * (i + 1), .macro_auc = (double)NAN}};
        assert_int_equal(history_add(&h, &r, &e), 0);
    }
    assert_int_equal(history_write_curves(&h, "a<b> & \"c\" 'd'", "a & b", path, &e), 0);
    assert_int_equal(io_read_file(&svg, &n, path, 1 << 20, &e), 0);
    const char *text = (const char *)svg;
    assert_non_null(strstr(text, ">a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;<"));
    assert_null(strstr(text, "a<b"));
    assert_non_null(strstr(text, ">training 0.333<"));
    assert_non_null(strstr(text, ">validation<")); /* no finite number */
    assert_non_null(strstr(text, ">a &amp; b 0.750<"));
    assert_non_null(strstr(text, ">best: epoch 2<"));
    assert_null(strstr(text, "\"nan")); /* malignant has one */
    assert_null(strstr(text, " nan"));
    assert_null(strstr(text, ",nan"));
    assert_null(strstr(text, "inf"));
    /* not UTF-8: refused, and what was there stays */
    assert_int_equal(history_write_curves(&h, "\xff", "p", path, &e), ERR_REPORT_TEXT);
    free(svg);
    assert_int_equal(io_read_file(&svg, &n, path, 1 << 20, &e), 0);
    assert_non_null(strstr((const char *)svg, "best: epoch 2"));
    /* no epoch yet, one epoch, no validation exams */
    struct history none = {0},
                   one = {.epochs = &(struct epoch_record){.loss = 1,
                                                           .scores = {.loss = (double)NAN, .auc = (double)NAN, .macro_auc = (double)NAN}},
                          .n = 1};
    assert_int_equal(history_write_curves(&none, "none", "p", path, &e), 0);
    assert_int_equal(history_write_curves(&one, "one", "p", path, &e), 0);
    free(svg);
    assert_int_equal(io_read_file(&svg, &n, path, 1 << 20, &e), 0);
    assert_non_null(strstr((const char *)svg, "no validation exams"));
    free(svg);
    unlink(path);
    history_release(&h);
}

/* --- figures of validation
 * ------------------------------------------------------------------------------------------------------------------ */

/* By hand. Four exams; malignant probabilities 0.9, 0.2, 0.6, 0.5 of truth 1, 0, 0, 1: of the four pairs three are right. */
static void test_scores(void **state) {
    (void)state;
    struct tree *t = the_tree();
    struct loss loss;
    struct scores s;
    struct err e = {0};
    loss_from_tree(&loss, t);
    static const double p[4][TIER_COUNT] = {
        {0.05, 0.05, 0.1, 0.2, 0.6}, {0.7, 0.1, 0.1, 0.05, 0.05}, {0.3, 0.1, 0.1, 0.4, 0.1}, {0.2, 0.3, 0.3, 0.1, 0.1}};
    static const struct loss_label y[4] = {{1, 4}, {1, 0}, {1, 0}, {0, 1}};
    static const unsigned present[4] = {0x03, 0x0C, 0x03, 0xFF};
    float logits[4 * TIER_COUNT];
    struct train_item items[4];
    for (int i = 0; i < 4; i++) {
        items[i] = (struct train_item){.label = y[i], .present = present[i]};
        for (int k = 0; k < TIER_COUNT; k++)
            logits[i * TIER_COUNT + k] = (float)log(p[i][k]);
    }
    assert_int_equal(scores_of(&s, logits, items, 4, &loss, t, &e), 0);
    assert_true(s.exams == 4 && fabs(s.auc - 0.75) < 1e-12);
    assert_true(fabs(s.class_accuracy - 0.5) < 1e-12);    /* malignant if above one half: right, right, wrong (.6), and .5 ties to benign */
    assert_true(fabs(s.tier_accuracy - 2.0 / 3) < 1e-12); /* of three with a tier: T5 right, T1 right, the third says T4 */
    assert_true(fabs(s.macro_auc - 1) < 1e-12);           /* T1: .7, .3 against .05; T5: .6 against .05, .1 */
    assert_true(fabs(s.loss - (-log(0.6) - log(0.7) - log(0.3)) / 3) < 1e-6);
    assert_true(s.by_availability[1U << KIND_MG].exams == 2 && s.by_availability[1U << KIND_MG].auc == 1);
    assert_true(s.by_availability[1U << KIND_BMODE].exams == 1 && isnan(s.by_availability[1U << KIND_BMODE].auc));
    assert_true(s.by_availability[15].exams == 1 && s.by_availability[15].malignant == 1);
    tree_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_labels),      cmocka_unit_test(test_mask_law),   cmocka_unit_test(test_mask_edges),
        cmocka_unit_test(test_order),       cmocka_unit_test(test_settings),   cmocka_unit_test(test_parts),
        cmocka_unit_test(test_failed_part), cmocka_unit_test(test_checkpoint), cmocka_unit_test(test_curves),
        cmocka_unit_test(test_scores),
    };
    return cmocka_run_group_tests_name("training", tests, set_up, tear_down);
}
