/* Women and breasts. Floor 5. */
#include "synth/patient.h"

#include <assert.h>
#include <math.h>

#include "phantom/draw.h"
#include "synth/lesion.h"
#include "synth/normal.h"

/* Clinics buy differently. Shares of the three styles by centre, ours. */
static const double mg_vendor_share[RISK_CENTRES][SYNTH_VENDORS] = {{0.7, 0.2, 0.1}, {0.1, 0.8, 0.1}, {0.1, 0.2, 0.7}};
static const double us_vendor_share[RISK_CENTRES][SYNTH_VENDORS] = {{0.5, 0.4, 0.1}, {0.1, 0.3, 0.6}, {0.6, 0.1, 0.3}};

/* One decimal, inside the class, so that what is written says the class. Obesity thins out upwards. */
static double draw_bmi(struct draw *d, int class) {
    static const int low[RISK_BMI] = {160, 185, 250, 300}, count[RISK_BMI] = {25, 65, 50, 150};
    double u = draw_uniform(d);
    if (class == 3)
        u = u * u;
    return (low[class] + (int)(u * count[class])) / 10.0;
}

static double draw_duration(struct draw *d, int class) {
    static const double low[RISK_DURATION] = {0, 0.25, 1.5, 4, 13}, step[RISK_DURATION] = {0, 0.25, 0.5, 1, 1};
    static const int count[RISK_DURATION] = {1, 4, 4, 9, 48};
    return low[class] + step[class] * (int)(draw_uniform(d) * count[class]);
}

void patient_draw(struct synth_patient *out, uint64_t seed, uint32_t number) {
    struct draw draw = draw_from(seed, SYNTH_PATIENT, number), *d = &draw;
    double menopause[RISK_MENOPAUSE], density[RISK_DENSITY];
    *out = (struct synth_patient){.number = number};
    out->centre = draw_index(d, risk_centre(), RISK_CENTRES);
    const int age = RISK_AGE_MIN + draw_index(d, risk_age(), RISK_AGES);
    out->age = age;
    risk_menopause(menopause, age);
    out->menopausal = draw_index(d, menopause, RISK_MENOPAUSE);
    const int bmi = draw_index(d, risk_bmi(age), RISK_BMI);
    out->bmi = draw_bmi(d, bmi);
    out->hormone_use = draw_index(d, risk_hormone(out->menopausal), RISK_HORMONE);
    risk_density(density, age, bmi);
    out->density = draw_index(d, density, RISK_DENSITY);
    out->family_history = draw_index(d, risk_family(), RISK_FAMILY);
    out->personal_history = draw_index(d, risk_personal(), RISK_PERSONAL);
    out->chief_complaint = draw_index(d, risk_complaint(), RISK_COMPLAINT);
    out->symptom_duration = draw_duration(d, draw_index(d, risk_duration(out->chief_complaint), RISK_DURATION));
    out->parity = draw_index(d, risk_parity(), RISK_PARITY);
    out->mg_vendor = draw_index(d, mg_vendor_share[out->centre], SYNTH_VENDORS);
    out->us_vendor = draw_index(d, us_vendor_share[out->centre], SYNTH_VENDORS);
    out->breasts = draw_uniform(d) < 0.12 ? 2 : 1;
}

void patient_state(struct risk_state *out, const struct synth_patient *p) {
    *out = (struct risk_state){
        .centre = p->centre,
        .age = (int)p->age,
        .menopause = p->menopausal,
        .bmi = risk_bmi_class(p->bmi),
        .hormone = p->hormone_use,
        .density = p->density,
        .family = p->family_history,
        .personal = p->personal_history,
        .complaint = p->chief_complaint,
        .duration = risk_duration_class(p->symptom_duration),
        .parity = p->parity,
    };
}

/* Larger and thicker with body mass; the glandular share follows the density (a under 25 %, b to 50 %, c to 75 %, d above are the areas of
 * BI-RADS; volumes are about half of that: Yaffe, Breast Cancer Res 2008;10:209). */
static void draw_anatomy(struct synth_case *c, struct draw *d) {
    static const double low[RISK_DENSITY] = {0.05, 0.11, 0.22, 0.40}, high[RISK_DENSITY] = {0.11, 0.22, 0.40, 0.75};
    const struct synth_patient *p = c->patient;
    const struct curve radius = {60 + 0.9 * (p->bmi - 23), 6}, thickness = {52 + 1.1 * (p->bmi - 23), 9};
    c->radius_mm = curve_draw(&radius, d, 50, 90);
    c->compressed_mm = curve_draw(&thickness, d, 25, 90);
    c->glandular = low[p->density] + draw_uniform(d) * (high[p->density] - low[p->density]);
}

/* Half of all cancers lie in the upper outer quadrant (about 50 %, Lee, Radiology 2005;236:1). Outer is 9 o'clock right and 3 o'clock left.
 */
static void draw_position(struct synth_case *c, struct synth_lesion *l, struct draw *d) {
    static const double share[4] = {0.50, 0.17, 0.19, 0.14}; /* upper outer, upper inner, lower outer, lower inner */
    static const double hour_left[4] = {0, 9, 3, 6};
    const int quadrant = draw_index(d, share, 4);
    const double hour = hour_left[quadrant] + 3 * draw_uniform(d);
    l->clock = c->side == 'L' ? hour : fmod(12 - hour, 12);
    const double half = l->diameter_mm / 2, far = fmax(18, 0.72 * c->radius_mm - 0.5 * half);
    l->nipple_mm = 15 + draw_uniform(d) * (far - 15);
    const struct curve depth = {half + 10, 4};
    l->depth_mm = curve_draw(&depth, d, half + 4, half + 30);
}

static void draw_lesions(struct synth_case *c, uint64_t seed, bool malignant) {
    struct draw draw = draw_from(seed, SYNTH_LESION, c->number), *d = &draw;
    c->lesions = draw_uniform(d) < 0.10 ? 2 : 1;
    const int tier = 1 + draw_index(d, lesion_tiers(malignant), 5);
    for (int i = 0; i < c->lesions; i++) {
        lesion_draw(&c->lesion[i], d, i == 0 ? tier : lesion_second_tier(d, malignant));
        draw_position(c, &c->lesion[i], d);
    }
    if (c->lesions == 2) /* the other side of the nipple: two lesions do not lie in each other */
        c->lesion[1].clock = fmod(c->lesion[0].clock + 4 + 4 * draw_uniform(d), 12);
}

bool patient_breast(struct synth_case *out, const struct synth_patient *p, uint64_t seed, int breast, uint32_t number, double intercept) {
    struct draw draw = draw_from(seed, SYNTH_CASE, number), *d = &draw;
    struct risk_state state;
    assert(breast >= 0 && breast < p->breasts);
    patient_state(&state, p);
    struct draw side = draw_from(seed, SYNTH_PATIENT, p->number);
    const bool left_first = rng_uniform(&side.rng, 1000) < 0.5; /* far behind what patient_draw() takes */
    *out = (struct synth_case){.patient = p, .number = number, .side = (breast == 0) == left_first ? 'L' : 'R'};
    const bool malignant = draw_uniform(d) < risk_malignant(intercept, risk_joint(&state) + risk_separate(&state));
    draw_anatomy(out, d);
    draw_lesions(out, seed, malignant);
    return malignant;
}
