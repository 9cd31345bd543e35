/* The synthetic cohort's models: shares as stated, posteriors that are what they say, and informative but overlapping parameters, judged by
 * a logistic regression from the textbook. Test code. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/pool.h"
#include "cohort/manifest.h"
#include "exam/tree.h"
#include "file/folder.h"
#include "logistic.h"
#include "synth/clinic.h"
#include "synth/cohort.h"
#include "synth/lesion.h"
#include "synth/patient.h"
#include "synth/risk.h"
#include "synth/truth.h"
#include "trees.h"

enum { CASES = 5000, COLUMNS = 40, SEED = 20 };
#define PREVALENCE 0.4

static struct synth_patient patients[CASES];
static struct synth_case cases[CASES];
static bool malignant[CASES];
static double intercept;

/* One breast per woman: independent rows, as the regression and the standard errors want. */
static int set_up(void **state) {
    (void)state;
    intercept = truth_intercept(PREVALENCE);
    for (uint32_t i = 0; i < CASES; i++) {
        patient_draw(&patients[i], SEED, i);
        malignant[i] = patient_breast(&cases[i], &patients[i], SEED, 0, i, intercept);
        clinic_visit(&cases[i], SEED);
    }
    return 0;
}

/* --- logistic regression --------------------------------------------------------------------------------------------------- */

enum set { CLINICAL = 1, MG = 2, BMODE = 4, DOPPLER = 8, ELASTO = 16, ALL = 31 };

static int put_classes(double *to, int n, int value, int classes) {
    for (int k = 1; k < classes; k++)
        to[n++] = value == k;
    return n;
}

static int features(double *to, const struct synth_case *c, unsigned set) {
    const struct synth_patient *p = c->patient;
    const struct synth_lesion *l = &c->lesion[0];
    int n = 0;
    to[n++] = 1;
    if (set & CLINICAL) {
        to[n++] = (p->age - 50) / 10;
        to[n++] = (p->bmi - 25) / 5;
        n = put_classes(to, n, p->menopausal, 3);
        n = put_classes(to, n, p->family_history, 3);
        n = put_classes(to, n, p->personal_history, 4);
        n = put_classes(to, n, p->chief_complaint, 5);
        to[n++] = log1p(p->symptom_duration);
        to[n++] = p->parity;
        n = put_classes(to, n, p->hormone_use, 3);
        n = put_classes(to, n, p->density, 4);
    }
    if (set & (MG | BMODE)) {
        to[n++] = log(l->diameter_mm / 15);
        n = put_classes(to, n, (int)l->shape, 4);
        n = put_classes(to, n, (int)l->margin, 4);
        to[n++] = l->irregularity;
        to[n++] = l->spiculation;
    }
    if (set & MG) {
        to[n++] = l->density;
        to[n++] = l->calcifications > 0;
        to[n++] = log1p(l->calcifications);
        to[n++] = l->calcification_pleomorphism;
    }
    if (set & BMODE) {
        to[n++] = log(l->elongation);
        to[n++] = l->echogenicity_db / 10;
        to[n++] = l->posterior_db / 10;
    }
    if (set & DOPPLER)
        to[n++] = l->vascularity;
    if (set & ELASTO)
        to[n++] = log(l->stiffness_kpa / 50);
    assert_true(n <= COLUMNS);
    return n;
}

/* Fitted on each half, scored on the other: the mean of two areas. */
static double regression_auc(unsigned set) {
    static double x[CASES][COLUMNS];
    static double score[CASES / 2];
    static bool use[CASES], y[CASES / 2];
    double beta[LOGISTIC_MAX], sum = 0;
    int n = 0;
    for (int i = 0; i < CASES; i++)
        n = features(x[i], &cases[i], set);
    for (int half = 0; half < 2; half++) {
        for (int i = 0; i < CASES; i++)
            use[i] = i % 2 == half;
        assert_true(logistic_fit(beta, x[0], COLUMNS, malignant, use, CASES, n));
        for (int i = 0; i < CASES / 2; i++) {
            const int row = 2 * i + 1 - half;
            score[i] = 0;
            for (int k = 0; k < n; k++)
                score[i] += beta[k] * x[row][k];
            y[i] = malignant[row];
        }
        sum += auc_by_pairs(score, y, CASES / 2);
    }
    return sum / 2;
}

static void test_informative_and_overlapping(void **state) {
    (void)state;
    static const struct {
        unsigned set;
        const char *name;
        double low, high;
    } rows[] = {{ALL, "all", 0.93, 0.98},
                {CLINICAL, "clinical", 0.65, 0.75},
                {MG, "mammography", 0.60, 0.93},
                {BMODE, "B-mode", 0.60, 0.93},
                {DOPPLER, "Doppler", 0.60, 0.93},
                {ELASTO, "elastography", 0.60, 0.93},
                {ALL - CLINICAL, "images", 0.90, 0.98}};
    double all = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const double auc = regression_auc(rows[i].set);
        printf("logistic regression on %-13s AUC %.3f\n", rows[i].name, auc);
        assert_true(auc >= rows[i].low && auc <= rows[i].high);
        if (i == 0)
            all = auc;
        else
            assert_true(auc < all);
    }
}

/* --- posteriors ------------------------------------------------------------------------------------------------------------- */

/* Among rows with nearly the same posterior, that share is malignant: within four standard errors in each of `groups` groups. */
static void calibrated(const char *what, const double *p, const bool *y, int n, int groups) {
    for (int g = 0; g < groups; g++) {
        double said = 0, is = 0, variance = 0;
        for (int i = 0; i < n; i++)
            if ((int)fmin(p[i] * groups, groups - 1) == g) {
                said += p[i];
                is += y[i];
                variance += p[i] * (1 - p[i]);
            }
        if (fabs(said - is) > 4 * sqrt(variance) + 1e-9)
            fail_msg("%s, group %d: %.1f expected, %.0f are", what, g, said, is);
    }
}

static void test_posteriors_are_calibrated(void **state) {
    (void)state;
    static double clinical[CASES], images[CASES], all[CASES];
    double auc[3];
    size_t n;
    for (int i = 0; i < CASES; i++) {
        struct truth t;
        truth_of(&t, &cases[i], malignant[i], intercept, PREVALENCE);
        clinical[i] = t.clinical;
        images[i] = t.image_posterior;
        all[i] = t.all;
    }
    calibrated("clinical", clinical, malignant, CASES, 10);
    calibrated("images", images, malignant, CASES, 10);
    calibrated("all", all, malignant, CASES, 10);
    assert_int_equal(truth_auc(&auc[0], &n, clinical, malignant, CASES, NULL), 0);
    assert_int_equal(truth_auc(&auc[1], &n, images, malignant, CASES, NULL), 0);
    assert_int_equal(truth_auc(&auc[2], &n, all, malignant, CASES, NULL), 0);
    printf("attainable with what is there: clinical %.3f, images %.3f, both %.3f\n", auc[0], auc[1], auc[2]);
    assert_true(fabs(auc[0] - auc_by_pairs(clinical, malignant, CASES)) < 1e-12);
    assert_true(auc[2] > auc[0] && auc[2] > auc[1]);
}

/* A posterior that is wrong by half a unit of log odds is noticed: the test above can fail. */
static void test_wrong_posterior_is_noticed(void **state) {
    (void)state;
    double worst = 0;
    for (int g = 0; g < 10; g++) {
        double said = 0, is = 0, variance = 0;
        for (int i = 0; i < CASES; i++) {
            struct risk_state s;
            patient_state(&s, &patients[i]);
            const double p = truth_clinical(&s, cases[i].clinical_missing, intercept + 0.5);
            if ((int)fmin(p * 10, 9) != g)
                continue;
            said += p;
            is += malignant[i];
            variance += p * (1 - p);
        }
        worst = fmax(worst, variance > 0 ? fabs(said - is) / sqrt(variance) : 0);
    }
    assert_true(worst > 4);
}

/* The same posterior by the plainest sum: every woman there could be, with all ten values, one term each. */
/* clang-format off */
static double by_enumeration(const struct risk_state *known, const bool missing[CLINICAL_FIELDS]) {
    double top = 0, bottom = 0;
    struct risk_state s;
    for (s.centre = 0; s.centre < RISK_CENTRES; s.centre++)
    for (s.age = RISK_AGE_MIN; s.age <= RISK_AGE_MAX; s.age++)
    for (s.menopause = 0; s.menopause < RISK_MENOPAUSE; s.menopause++)
    for (s.bmi = 0; s.bmi < RISK_BMI; s.bmi++)
    for (s.hormone = 0; s.hormone < RISK_HORMONE; s.hormone++)
    for (s.density = 0; s.density < RISK_DENSITY; s.density++) {
        double menopause[RISK_MENOPAUSE], density[RISK_DENSITY];
        if ((!missing[CLINICAL_AGE] && s.age != known->age) || (!missing[CLINICAL_MENOPAUSE] && s.menopause != known->menopause) ||
            (!missing[CLINICAL_BMI] && s.bmi != known->bmi) || (!missing[CLINICAL_HORMONE] && s.hormone != known->hormone) ||
            (!missing[CLINICAL_DENSITY] && s.density != known->density))
            continue;
        risk_menopause(menopause, s.age);
        risk_density(density, s.age, s.bmi);
        const double joint = risk_centre()[s.centre] * risk_age()[s.age - RISK_AGE_MIN] * menopause[s.menopause] * risk_bmi(s.age)[s.bmi] *
                             risk_hormone(s.menopause)[s.hormone] * density[s.density];
        for (s.family = 0; s.family < RISK_FAMILY; s.family++)
        for (s.personal = 0; s.personal < RISK_PERSONAL; s.personal++)
        for (s.complaint = 0; s.complaint < RISK_COMPLAINT; s.complaint++)
        for (s.duration = 0; s.duration < RISK_DURATION; s.duration++)
        for (s.parity = 0; s.parity < RISK_PARITY; s.parity++)
        for (int mode = 0; mode < RISK_MODES; mode++) {
            double w = joint * risk_family()[s.family] * risk_personal()[s.personal] * risk_complaint()[s.complaint] *
                       risk_duration(s.complaint)[s.duration] * risk_parity()[s.parity] * risk_modes(s.centre, s.age)[mode];
            if ((!missing[CLINICAL_FAMILY] && s.family != known->family) ||
                (!missing[CLINICAL_PERSONAL] && s.personal != known->personal) ||
                (!missing[CLINICAL_COMPLAINT] && s.complaint != known->complaint) ||
                (!missing[CLINICAL_DURATION] && s.duration != known->duration) || (!missing[CLINICAL_PARITY] && s.parity != known->parity))
                continue;
            for (int f = 0; f < CLINICAL_FIELDS; f++) {
                const double m = risk_missing((enum clinical_field)f, &s, mode);
                w *= missing[f] ? m : 1 - m;
            }
            bottom += w;
            top += w * risk_malignant(intercept, risk_joint(&s) + risk_separate(&s));
        }
    }
    return top / bottom;
}

/* clang-format on */

static void test_clinical_posterior_is_exact(void **state) {
    (void)state;
    int with_missing = 0;
    for (int i = 0; i < 60; i++) {
        struct risk_state s;
        int missing = 0;
        for (int f = 0; f < CLINICAL_FIELDS; f++)
            missing += cases[i].clinical_missing[f];
        if (missing > 6 || cases[i].clinical_missing[CLINICAL_AGE])
            continue;
        with_missing += missing > 0;
        patient_state(&s, &patients[i]);
        const double p = truth_clinical(&s, cases[i].clinical_missing, intercept), q = by_enumeration(&s, cases[i].clinical_missing);
        if (!(fabs(p - q) < 1e-12))
            fail_msg("case %d: %.15g, by enumeration %.15g", i, p, q);
    }
    assert_true(with_missing > 20);
}

/* --- shares ----------------------------------------------------------------------------------------------------------------- */

static void about(const char *what, double share, double wanted, double n) {
    if (fabs(share - wanted) > 4 * sqrt(wanted * (1 - wanted) / n))
        fail_msg("%s: %.4f, not %.4f", what, share, wanted);
}

static void test_shares(void **state) {
    (void)state;
    double sick = 0, first_degree = 0, two = 0, density[2][2] = {{0}}, count[2] = {0}, post[2] = {0}, sums[11] = {0};
    for (int i = 0; i < CASES; i++) {
        const struct synth_patient *p = &patients[i];
        const int old = p->age >= 55;
        sick += malignant[i];
        assert_int_equal(malignant[i], cases[i].lesion[0].tier >= 3);
        assert_true(cases[i].lesions < 2 || cases[i].lesion[1].tier <= cases[i].lesion[0].tier);
        first_degree += p->family_history == 2;
        two += p->breasts == 2;
        count[old]++;
        post[old] += p->menopausal == 2;
        density[0][old] += p->density >= 2;
    }
    about("malignant", sick / CASES, PREVALENCE, CASES);
    about("first degree", first_degree / CASES, 0.08, CASES);
    about("both breasts", two / CASES, 0.12, CASES);
    assert_true(density[0][0] / count[0] > density[0][1] / count[1] + 0.1);
    assert_true(post[0] / count[0] < 0.2 && post[1] / count[1] > 0.9);
    for (int tier = 1; tier <= 5; tier++) {
        for (int k = 0; k < lesion_pathologies(tier); k++)
            sums[tier] += lesion_pathology_share(tier, k);
        assert_true(fabs(sums[tier] - 1) < 1e-9);
    }
    for (int f = 0; f < RISK_AGES; f++)
        sums[0] += risk_age()[f];
    assert_true(fabs(sums[0] - 1) < 1e-9);
    for (double p = 0.05; p < 1; p += 0.3) { /* the intercept does what it says: by women drawn, not by the sum that found it */
        double mean = 0;
        const double b = truth_intercept(p);
        for (int i = 0; i < CASES; i++) {
            struct risk_state s;
            patient_state(&s, &patients[i]);
            mean += risk_malignant(b, risk_joint(&s) + risk_separate(&s)) / CASES;
        }
        assert_true(fabs(mean - p) < 0.012);
    }
}

/* Every pathology is a term of the default tree, under the tier that the cohort gives it. */
static void test_pathologies_are_the_trees(void **state) {
    (void)state;
    struct tree *tree = NULL;
    struct err e = {0};
    assert_int_equal(tree_read_yaml(&tree, "share/trees/bmu5.yml", &e), 0);
    for (int tier = 1; tier <= 5; tier++)
        for (int k = 0; k < lesion_pathologies(tier); k++) {
            char name[8];
            int node = -1;
            snprintf(name, sizeof name, "T%d", tier);
            assert_int_equal(tree_lookup(&node, tree, lesion_pathology(tier, k), tier >= 3 ? "malignant" : "benign", &e), 0);
            assert_string_equal(tree->nodes[node].name, name);
        }
    tree_free(tree);
}

/* synth.h states ranges; the imaging refuses what lies outside. */
static void test_ranges(void **state) {
    (void)state;
    for (int i = 0; i < CASES; i++) {
        const struct synth_case *c = &cases[i];
        assert_true(c->side == 'L' || c->side == 'R');
        assert_true(c->radius_mm >= 50 && c->radius_mm <= 90 && c->compressed_mm >= 25 && c->compressed_mm <= 90);
        assert_true(c->glandular >= 0.05 && c->glandular <= 0.8);
        for (int k = 0; k < c->lesions; k++) {
            const struct synth_lesion *l = &c->lesion[k];
            assert_true(l->diameter_mm >= 4 && l->diameter_mm <= 60 && l->density >= -1 && l->density <= 1);
            assert_true(l->irregularity >= 0 && l->irregularity <= 1 && l->spiculation >= 0 && l->spiculation <= 1);
            assert_true(l->echogenicity_db >= -25 && l->echogenicity_db <= 5 && l->posterior_db >= -15 && l->posterior_db <= 10);
            assert_true(l->stiffness_kpa >= 5 && l->stiffness_kpa <= 250 && l->vascularity >= 0 && l->vascularity <= 1);
            assert_true(l->calcifications >= 0 && l->calcifications <= 60 && l->clock >= 0 && l->clock < 12 + 1e-9);
        }
        bool any = false;
        for (int s = 0; s < SLOT_COUNT; s++)
            any |= c->view[s];
        assert_true(any);
    }
}

/* --- the clinic --------------------------------------------------------------------------------------------------------------- */

static void test_missing(void **state) {
    (void)state;
    double n[2] = {0}, bmi[2] = {0}, density[2] = {0}, pictures[2] = {0}, modes[3] = {0};
    for (int i = 0; i < CASES; i++) {
        const struct synth_case *c = &cases[i];
        const bool obese = patients[i].bmi >= 30, mg = c->view[SLOT_MG_CC] || c->view[SLOT_MG_MLO];
        bool us = false;
        for (int s = SLOT_US_BMODE_TRANS; s < SLOT_COUNT; s++)
            us |= c->view[s];
        n[obese]++;
        bmi[obese] += c->clinical_missing[CLINICAL_BMI];
        pictures[mg]++;
        density[mg] += c->clinical_missing[CLINICAL_DENSITY];
        modes[mg && us ? 2 : mg]++;
    }
    assert_true(bmi[1] / n[1] > 1.5 * bmi[0] / n[0]); /* not at random */
    assert_true(density[0] / pictures[0] > 0.8 && density[1] / pictures[1] < 0.15);
    assert_true(modes[2] / CASES > 0.1 && modes[2] / CASES < 0.3); /* few both */
    assert_true(modes[0] / CASES > 0.4 && modes[1] / CASES > 0.15);
}

static void test_readers_and_pathologists(void **state) {
    (void)state;
    static double score[SYNTH_READERS][CASES];
    double auc[SYNTH_READERS], right[BIOPSY_COUNT] = {0}, n[BIOPSY_COUNT] = {0};
    static const double stated[BIOPSY_COUNT] = {0.87, 0.48, 0.84, 0.96}; /* Elmore et al. 2015 */
    for (int i = 0; i < CASES; i++) {
        struct truth t;
        truth_of(&t, &cases[i], malignant[i], intercept, PREVALENCE);
        for (int r = 0; r < SYNTH_READERS; r++)
            score[r][i] = clinic_read(SEED, &cases[i], r, log(t.all / (1 - t.all)));
        const enum biopsy b = biopsy_of(&cases[i].lesion[0]);
        n[b]++;
        right[b] += clinic_biopsy(SEED, &cases[i], i % SYNTH_PATHOLOGISTS) == b;
    }
    for (int r = 0; r < SYNTH_READERS; r++)
        auc[r] = auc_by_pairs(score[r], malignant, CASES);
    printf("readers: AUC %.3f %.3f %.3f %.3f\n", auc[0], auc[1], auc[2], auc[3]);
    assert_true(auc[0] > auc[1] && auc[1] > auc[3] && auc[3] > 0.75);
    for (int b = 0; b < BIOPSY_COUNT; b++)
        about(biopsy_name((enum biopsy)b), right[b] / n[b], stated[b], n[b]);
}

static void test_label_noise(void **state) {
    (void)state;
    double wrong = 0;
    for (int i = 0; i < CASES; i++) {
        const struct synth_label clean = clinic_label(SEED, &cases[i], 0), noisy = clinic_label(SEED, &cases[i], 0.2);
        assert_false(clean.wrong);
        assert_int_equal(clean.tier, cases[i].lesion[0].tier);
        assert_int_equal(noisy.wrong, (noisy.tier >= 3) != malignant[i]);
        wrong += noisy.wrong;
    }
    about("wrong labels", wrong / CASES, 0.2, CASES);
}

/* --- cohorts ------------------------------------------------------------------------------------------------------------------ */

static void test_cohort(void **state) {
    (void)state;
    struct err e = {0};
    struct cohort *one = NULL, *two = NULL;
    struct cohort_options o = {.patients = 300, .seed = 9, .prevalence = 0.4, .size = synth_size("small"), .tree = shipped_tree()};
    struct buf a, b;
    buf_init(&a);
    buf_init(&b);
    pool_set_threads(1);
    assert_int_equal(cohort_make(&one, &o, &e), 0);
    pool_set_threads(3);
    assert_int_equal(cohort_make(&two, &o, &e), 0);
    assert_int_equal(cohort_truth_csv(&a, one, &e) || cohort_truth_csv(&b, two, &e), 0);
    assert_true(a.size == b.size && memcmp(a.data, b.data, a.size) == 0);
    buf_clear(&a);
    assert_int_equal(cohort_exams_csv(&a, one, &e), 0);
    struct schema *schema = NULL;
    struct manifest *m = NULL;
    assert_int_equal(schema_read_yaml(&schema, "share/schemas/clinical10.yml", &e), 0);
    if (manifest_parse(&m, a.data, a.size, "d", &(struct manifest_options){.schema = schema}, &e))
        fail_msg("%s", e.message);
    assert_int_equal(m->n, one->n_exams);
    for (size_t x = 0; x < m->n; x++) {
        const struct synth_case *c = &one->exams[x].c;
        if (m->rows[x].fault.code)
            fail_msg("%s", m->rows[x].fault.reason);
        assert_string_equal(m->rows[x].synthetic, "yes");
        for (int s = 0; s < SLOT_COUNT; s++)
            assert_int_equal(m->rows[x].exam.source[s].name != NULL, c->view[s]);
        const double values[] = {c->patient->age,
                                 c->patient->bmi,
                                 c->patient->menopausal,
                                 c->patient->family_history,
                                 c->patient->personal_history,
                                 c->patient->chief_complaint,
                                 c->patient->symptom_duration,
                                 c->patient->parity,
                                 c->patient->hormone_use,
                                 c->patient->density};
        for (int f = 0; f < CLINICAL_FIELDS; f++) { /* the model's order of fields and codes is the schema's */
            assert_int_equal(m->rows[x].exam.clinical[f].present, !c->clinical_missing[f]);
            if (m->rows[x].exam.clinical[f].present)
                assert_true(fabs(m->rows[x].exam.clinical[f].value - values[f]) < 1e-9);
        }
    }
    manifest_free(m);
    schema_free(schema);
    buf_release(&a);
    buf_release(&b);
    cohort_free(one);
    cohort_free(two);
    o.patients = 0;
    assert_int_equal(cohort_make(&one, &o, &e), ERR_USAGE);
    o = (struct cohort_options){.patients = 1, .prevalence = 0, .size = synth_size("small"), .tree = shipped_tree()};
    assert_int_equal(cohort_make(&one, &o, &e), ERR_USAGE);
    o = (struct cohort_options){.patients = 1, .prevalence = 0.4, .label_noise = NAN, .size = synth_size("small"), .tree = shipped_tree()};
    assert_int_equal(cohort_make(&one, &o, &e), ERR_USAGE);
    assert_null(one);
}

/* --- the folder ----------------------------------------------------------------------------------------------------------------- */

static void test_folder(void **state) {
    (void)state;
    struct err e = {0};
    struct folder *f = NULL;
    char base[] = "/tmp/bmunet-folder-XXXXXX", path[64], file[80];
    assert_non_null(mkdtemp(base));
    snprintf(path, sizeof path, "%s/new", base);
    assert_int_equal(folder_begin(&f, path, &e), 0); /* broken off before anything was added: nothing is left */
    assert_int_equal(folder_check(path, &e), ERR_COHORT_INCOMPLETE);
    folder_abandon(f);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(folder_begin(&f, path, &e), 0); /* broken off later: it stays, marked */
    assert_int_equal(folder_add(f, "exams.csv", "exam_id,mg_cc\na,b\n", 18, NULL, &e), 0);
    folder_abandon(f);
    assert_int_equal(folder_check(path, &e), ERR_COHORT_INCOMPLETE);
    snprintf(file, sizeof file, "%s/exams.csv", path);
    struct manifest *m = NULL;
    assert_int_equal(manifest_read(&m, file, NULL, &e), ERR_COHORT_INCOMPLETE);
    assert_int_equal(folder_begin(&f, path, &e), ERR_FILE_WRITE); /* not empty */
    assert_non_null(strstr(e.message, "not empty"));
    assert_int_equal(unlink(file), 0);
    snprintf(file, sizeof file, "%s/%s", path, FOLDER_MARK);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(folder_begin(&f, path, &e), 0); /* there and empty: taken; and whole in the end */
    uint8_t digest[SHA256_SIZE], wanted[SHA256_SIZE];
    assert_int_equal(folder_make(f, "in", &e), 0);
    assert_int_equal(folder_add(f, "in/x", "abc", 3, digest, &e), 0);
    assert_int_equal(folder_add(f, "in/x", "abc", 3, NULL, &e), ERR_FILE_WRITE); /* never over a file */
    sha256_bytes("abc", 3, wanted);
    assert_memory_equal(digest, wanted, sizeof wanted);
    assert_int_equal(folder_finish(f, &e), 0);
    assert_int_equal(folder_check(path, &e), 0);
    snprintf(file, sizeof file, "%s/in/x", path);
    unlink(file);
    snprintf(file, sizeof file, "%s/in", path);
    rmdir(file);
    rmdir(path);
    snprintf(path, sizeof path, "%s/no/where", base);
    assert_int_equal(folder_begin(&f, path, &e), ERR_FILE_WRITE);
    rmdir(base);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_informative_and_overlapping),
        cmocka_unit_test(test_posteriors_are_calibrated),
        cmocka_unit_test(test_wrong_posterior_is_noticed),
        cmocka_unit_test(test_clinical_posterior_is_exact),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_pathologies_are_the_trees),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_readers_and_pathologists),
        cmocka_unit_test(test_label_noise),
        cmocka_unit_test(test_cohort),
        cmocka_unit_test(test_folder),
    };
    return cmocka_run_group_tests_name("synthetic cohort", tests, set_up, NULL);
}
