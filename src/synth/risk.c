/* The clinical model's tables and their sources. Floor 5.
 *
 * Where a source gives a range or another grouping, the number here is ours, rounded, and says so. They make plausible women, not an
 * epidemiological instrument.
 */
#include "synth/risk.h"

#include <assert.h>
#include <math.h>

/* --- who comes ------------------------------------------------------------------------------------------------------------- */

/* Ours: one large and two smaller centres. */
static const double centre_share[RISK_CENTRES] = {0.5, 0.3, 0.2};

const double *risk_centre(void) {
    return centre_share;
}

/* A normal curve of mean 51 and standard deviation 13 years, cut at 20 and 90, as shares of whole years: women with a finding.
 * Elter, Schulz-Wendtland & Wittenberg, Med Phys 2007;34:4164 have 55 (14) for biopsied masses in mammography; clinics with ultrasound for
 * the young see younger women. */
static const double age_share[RISK_AGES] = {
    0.001803, 0.002160, 0.002572, 0.003044, 0.003582, 0.004190, 0.004873, 0.005633, 0.006473, 0.007395, 0.008398, 0.009482,
    0.010641, 0.011872, 0.013167, 0.014518, 0.015912, 0.017338, 0.018780, 0.020221, 0.021645, 0.023033, 0.024365, 0.025621,
    0.026784, 0.027834, 0.028755, 0.029531, 0.030149, 0.030598, 0.030871, 0.030965, 0.030871, 0.030598, 0.030149, 0.029531,
    0.028755, 0.027834, 0.026784, 0.025621, 0.024365, 0.023033, 0.021645, 0.020221, 0.018780, 0.017338, 0.015912, 0.014518,
    0.013167, 0.011872, 0.010641, 0.009482, 0.008398, 0.007395, 0.006473, 0.005633, 0.004873, 0.004190, 0.003582, 0.003044,
    0.002572, 0.002160, 0.001803, 0.001497, 0.001235, 0.001013, 0.000826, 0.000669, 0.000539, 0.000432, 0.000344,
};

const double *risk_age(void) {
    return age_share;
}

static double normal_below(double z) {
    return 0.5 * erfc(-z / sqrt(2.0));
}

/* Median age 47.5 at the beginning of perimenopause and 51.3 at the last period: McKinlay, Brambilla & Posner, Maturitas 1992;14:103. The
 * spread of 4 years is ours. */
void risk_menopause(double share[RISK_MENOPAUSE], int age) {
    double begun = normal_below((age - 47.5) / 4.0), ended = normal_below((age - 51.3) / 4.0);
    share[0] = 1.0 - begun;
    share[1] = begun - ended;
    share[2] = ended;
}

/* Rounded by us after the female shares of NCD Risk Factor Collaboration, Lancet 2017;390:2627, between those of East Asia and of Europe.
 */
const double *risk_bmi(int age) {
    static const double share[3][RISK_BMI] = {{0.06, 0.62, 0.21, 0.11}, {0.03, 0.50, 0.31, 0.16}, {0.03, 0.41, 0.35, 0.21}};
    return share[age < 40 ? 0 : age < 60 ? 1 : 2];
}

int risk_bmi_class(double bmi) {
    return bmi < 18.5 ? 0 : bmi < 25.0 ? 1 : bmi < 30.0 ? 2 : 3;
}

/* Never, past, current menopausal hormone therapy. Ours, after the fall of use since 2002: Collaborative Group on Hormonal Factors in
 * Breast Cancer, Lancet 2019;394:1159. */
const double *risk_hormone(int menopause) {
    static const double share[RISK_MENOPAUSE][RISK_HORMONE] = {{0.98, 0.01, 0.01}, {0.88, 0.05, 0.07}, {0.65, 0.23, 0.12}};
    return share[menopause];
}

/* Proportional odds: falling with age and body mass as in Sprague et al., J Natl Cancer Inst 2014;106:dju255 (United States, 40 to 74
 * years: 43 % heterogeneously or extremely dense); thresholds and slopes fitted by eye. */
void risk_density(double share[RISK_DENSITY], int age, int bmi) {
    static const double threshold[RISK_DENSITY - 1] = {3.0, 0.65, -1.9};
    double above = 1.0;
    for (int i = 0; i < RISK_DENSITY; i++) {
        double next = i + 1 < RISK_DENSITY ? 1.0 / (1.0 + exp(-(threshold[i] - 0.035 * (age - 50) - 0.8 * (bmi - 1)))) : 0.0;
        share[i] = above - next;
        above = next;
    }
}

/* None, second degree, first degree. First degree about 8 %: Collaborative Group on Hormonal Factors in Breast Cancer, Lancet
 * 2001;358:1389 (7.3 % of controls); second degree ours. */
const double *risk_family(void) {
    static const double share[RISK_FAMILY] = {0.80, 0.12, 0.08};
    return share;
}

/* None, benign biopsy, atypia, cancer of the other side. Ours, for a clinic. */
const double *risk_personal(void) {
    static const double share[RISK_PERSONAL] = {0.80, 0.14, 0.02, 0.04};
    return share;
}

/* None, lump, pain, discharge, skin or nipple change. Ours: screening and symptoms about equal; among symptoms the lump leads (Koo et al.,
 * Cancer Epidemiol 2017;48:140). */
const double *risk_complaint(void) {
    static const double share[RISK_COMPLAINT] = {0.42, 0.33, 0.15, 0.05, 0.05};
    return share;
}

/* Classes of months; none without a complaint. Ours, after the short median intervals of Koo et al. 2017. */
const double *risk_duration(int complaint) {
    static const double none[RISK_DURATION] = {1, 0, 0, 0, 0}, some[RISK_DURATION] = {0, 0.40, 0.25, 0.20, 0.15};
    return complaint == 0 ? none : some;
}

int risk_duration_class(double months) {
    return months <= 0 ? 0 : months <= 1 ? 1 : months <= 3 ? 2 : months <= 12 ? 3 : 4;
}

/* Births. Ours, near high-income countries of the last decades. */
const double *risk_parity(void) {
    static const double share[RISK_PARITY] = {0.18, 0.19, 0.36, 0.16, 0.07, 0.03, 0.01};
    return share;
}

/* --- what it says ---------------------------------------------------------------------------------------------------------- */

/* Hundredths of a natural logarithm of the odds. Published relative risks are of women without a finding; here they rank women who have
 * one, which is the assumption of this model. */
static const int log_centre[RISK_CENTRES] = {-20, 0, 40}; /* ours: the third centre sees what others refer */
enum { LOG_AGE_YEAR = 4 };                                /* ours: odds x 1.5 in ten years; masses of Elter et al. 2007 rise more steeply */
/* Per class of body mass (5 kg/m2): relative risk 0.92 before and 1.12 after the menopause, Renehan et al., Lancet 2008;371:569. */
static const int log_bmi[RISK_MENOPAUSE] = {-8, 0, 11};
/* Current use of 1 to 4 years (oestrogen and progestagen) 1.60, past use about 1.2 (ours, from the table): Collaborative Group, Lancet
 * 2019;394:1159. */
static const int log_hormone[RISK_HORMONE] = {0, 18, 47};
/* BI-RADS a .. d: 1, 2.04, 2.81, 4.08: McCormack & dos Santos Silva, Cancer Epidemiol Biomarkers Prev 2006;15:1159. */
static const int log_density[RISK_DENSITY] = {0, 71, 103, 141};
/* First degree 1.80 (one relative): Collaborative Group, Lancet 2001;358:1389. Second degree 1.5: Pharoah et al., Int J Cancer
 * 1997;71:800. */
static const int log_family[RISK_FAMILY] = {0, 41, 59};
/* Benign biopsy 1.56, atypia 4.24: Hartmann et al., N Engl J Med 2005;353:229. Cancer of the other side about 3: ours. */
static const int log_personal[RISK_PERSONAL] = {0, 44, 144, 110};
/* Ours, in the order of the predictive values that Koo et al. 2017 review: lump, skin and nipple lead; pain alone speaks against. */
static const int log_complaint[RISK_COMPLAINT] = {0, 80, -60, 10, 90};
static const int log_duration[RISK_DURATION] = {0, 0, 10, 0, -50}; /* ours: what has been there for years is seldom cancer */
enum { LOG_BIRTH = -7 };                                           /* 7.0 % less per birth: Collaborative Group, Lancet 2002;360:187 */

int risk_joint(const struct risk_state *s) {
    return log_centre[s->centre] + LOG_AGE_YEAR * (s->age - 50) + log_bmi[s->menopause] * (s->bmi - 1) + log_hormone[s->hormone] +
           log_density[s->density];
}

int risk_separate(const struct risk_state *s) {
    return log_family[s->family] + log_personal[s->personal] + log_complaint[s->complaint] + log_duration[s->duration] +
           LOG_BIRTH * s->parity;
}

double risk_malignant(double intercept, int hundredths) {
    return 1.0 / (1.0 + exp(-(intercept + 0.01 * hundredths)));
}

/* --- what is recorded and imaged ------------------------------------------------------------------------------------------- */

/* Qian et al., Nat Biomed Eng 2025 (doi 10.1038/s41551-024-01302-7): most exams have one modality, few both. Shares ours; below 40 years
 * ultrasound comes first (ACR Appropriateness Criteria, Palpable Breast Masses). */
const double *risk_modes(int centre, int age) {
    static const double young[RISK_CENTRES][RISK_MODES] = {{0.85, 0.03, 0.12}, {0.80, 0.06, 0.14}, {0.72, 0.06, 0.22}};
    static const double older[RISK_CENTRES][RISK_MODES] = {{0.56, 0.24, 0.20}, {0.30, 0.52, 0.18}, {0.38, 0.26, 0.36}};
    return age < 40 ? young[centre] : older[centre];
}

/* Base rates by field and centre, ours. */
static const double missing_base[CLINICAL_FIELDS][RISK_CENTRES] = {
    [CLINICAL_AGE] = {0.00, 0.01, 0.00},      [CLINICAL_BMI] = {0.20, 0.35, 0.10},      [CLINICAL_MENOPAUSE] = {0.05, 0.12, 0.05},
    [CLINICAL_FAMILY] = {0.08, 0.15, 0.05},   [CLINICAL_PERSONAL] = {0.08, 0.12, 0.05}, [CLINICAL_COMPLAINT] = {0.03, 0.06, 0.02},
    [CLINICAL_DURATION] = {0.12, 0.22, 0.10}, [CLINICAL_PARITY] = {0.10, 0.25, 0.10},   [CLINICAL_HORMONE] = {0.15, 0.30, 0.10},
    [CLINICAL_DENSITY] = {0.10, 0.06, 0.04},
};
enum { DENSITY_WITHOUT_MAMMOGRAM = 85 }; /* per cent missing: ultrasound alone rarely comes with a density */

/* Who is asked and who tells: not at random. */
static double missing_factor(enum clinical_field f, const struct risk_state *s) {
    static const double bmi[RISK_BMI] = {1.0, 0.8, 1.0, 1.8}, family[RISK_FAMILY] = {1.2, 0.6, 0.3};
    static const double personal[RISK_PERSONAL] = {1.2, 0.6, 0.3, 0.1}, duration[RISK_DURATION] = {0.5, 0.6, 0.9, 1.4, 2.2};
    static const double hormone[RISK_HORMONE] = {1.2, 0.7, 0.4};
    switch (f) {
    case CLINICAL_BMI:
        return bmi[s->bmi];
    case CLINICAL_FAMILY:
        return family[s->family];
    case CLINICAL_PERSONAL:
        return personal[s->personal];
    case CLINICAL_DURATION:
        return duration[s->duration];
    case CLINICAL_HORMONE: /* the young are seldom asked: at random given the age */
        return hormone[s->hormone] * (s->age < 45 ? 1.6 : 1.0);
    default:
        return 1.0;
    }
}

double risk_missing(enum clinical_field f, const struct risk_state *s, int mode) {
    if (f == CLINICAL_DENSITY && mode == MODE_US)
        return DENSITY_WITHOUT_MAMMOGRAM / 100.0;
    double p = missing_base[f][s->centre] * missing_factor(f, s);
    assert(p >= 0 && p < 1);
    return p;
}
