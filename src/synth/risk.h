/* The clinical model of a synthetic cohort: how clinical values go together, and what they say of malignancy. Floor 5.
 *
 * Everything that risk depends on is discrete (age in whole years, the rest in classes) and every log odds ratio is a whole number of
 * hundredths. So the chance of any set of known and missing values is a finite sum, and truth.c takes it exactly, not by simulation.
 * Order of drawing: centre, age, menopause | age, body-mass class | age, hormone use | menopause, density | age and body-mass class; family
 * and personal history, complaint, duration | complaint, parity: independent. Then malignancy | all of them, by a logistic model.
 * Sources stand with each table in risk.c; docs/COHORT.md repeats them.
 */
#ifndef BMU_SYNTH_RISK_H
#define BMU_SYNTH_RISK_H

#include <stdbool.h>

/* The fields of share/schemas/clinical10.yml, in its order. */
enum clinical_field {
    CLINICAL_AGE,
    CLINICAL_BMI,
    CLINICAL_MENOPAUSE,
    CLINICAL_FAMILY,
    CLINICAL_PERSONAL,
    CLINICAL_COMPLAINT,
    CLINICAL_DURATION,
    CLINICAL_PARITY,
    CLINICAL_HORMONE,
    CLINICAL_DENSITY,
    CLINICAL_FIELDS
};
enum {
    RISK_CENTRES = 3,
    RISK_AGE_MIN = 20,
    RISK_AGE_MAX = 90,
    RISK_AGES = RISK_AGE_MAX - RISK_AGE_MIN + 1,
    RISK_MENOPAUSE = 3,
    RISK_BMI = 4,
    RISK_HORMONE = 3,
    RISK_DENSITY = 4,
    RISK_FAMILY = 3,
    RISK_PERSONAL = 4,
    RISK_COMPLAINT = 5,
    RISK_DURATION = 5, /* 0 none; then up to 1, 3, 12 and over 12 months */
    RISK_PARITY = 7    /* 0 .. 6 births */
};

/* A woman as the model sees her: the class of each value. */
struct risk_state {
    int centre, age; /* age in years */
    int menopause, bmi, hormone, density, family, personal, complaint, duration, parity;
};

/* Shares of the classes of one value, given what it depends on. Each sums to 1. */
const double *risk_centre(void);                                 /* RISK_CENTRES */
const double *risk_age(void);                                    /* RISK_AGES, from RISK_AGE_MIN */
void risk_menopause(double share[RISK_MENOPAUSE], int age);      /* pre, peri, post */
const double *risk_bmi(int age);                                 /* RISK_BMI: < 18.5, < 25, < 30, from 30 kg/m2 */
const double *risk_hormone(int menopause);                       /* RISK_HORMONE */
void risk_density(double share[RISK_DENSITY], int age, int bmi); /* a .. d */
const double *risk_family(void);                                 /* RISK_FAMILY */
const double *risk_personal(void);                               /* RISK_PERSONAL */
const double *risk_complaint(void);                              /* RISK_COMPLAINT */
const double *risk_duration(int complaint);                      /* RISK_DURATION */
const double *risk_parity(void);                                 /* RISK_PARITY */

/* Log odds of malignancy against the reference class, in hundredths, without the intercept: the part of the values that hang together
 * (centre, age, menopause, body-mass class, hormone use, density) and the part of the independent ones. */
int risk_joint(const struct risk_state *s);
int risk_separate(const struct risk_state *s);
/* The chance of malignancy. */
double risk_malignant(double intercept, int hundredths);

/* The classes of a value as it is written: body-mass index (kg/m2), duration (months, by what the complaint allows). */
int risk_bmi_class(double bmi);
int risk_duration_class(double months);

/* Is a mammogram among the images? A share, given age and centre; chosen before and without regard to the disease. MODES: ultrasound alone,
 * mammography alone, both. */
enum { RISK_MODES = 3, MODE_US = 0, MODE_MG, MODE_BOTH };
const double *risk_modes(int centre, int age);

/* The chance that a value is not recorded, given the centre and the value itself (missing not at random where it depends on it). Density is
 * mostly read off a mammogram, so it also depends on the mode. */
double risk_missing(enum clinical_field f, const struct risk_state *s, int mode);

#endif
