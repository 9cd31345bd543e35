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

#include <cmocka.h>

#include "data/synth/clinic.h"
#include "data/synth/lesion.h"
#include "data/synth/patient.h"
#include "data/synth/risk.h"
#include "data/synth/truth.h"
#include "data/tree.h"
#include "logistic.h"

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
        n = put_classes(to, n, l->shape, 4);
        n = put_classes(to, n, l->margin, 4);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_informative_and_overlapping),
        cmocka_unit_test(test_posteriors_are_calibrated),
    };
    return cmocka_run_group_tests_name("synthetic cohort", tests, set_up, NULL);
}
