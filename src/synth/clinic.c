/* Views, missing values, readers, pathologists, labels. Floor 5. */
#include "synth/clinic.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "phantom/draw.h"
#include "synth/patient.h"
#include "synth/risk.h"

/* Two lists of items share SYNTH_CLINIC: patients from 0, exams above. */
static const uint32_t EXAMS_FROM = 1U << 31;

/* Chances by centre that a second modality of ultrasound is there; ours: colour often, elastography in few clinics. */
static const double doppler_share[RISK_CENTRES] = {0.60, 0.35, 0.75}, elasto_share[RISK_CENTRES] = {0.30, 0.10, 0.50};
static const double both_planes = 0.80, both_projections = 0.94;

static void take_pair(struct synth_case *c, struct draw *d, enum slot first, double both) {
    const double u = draw_uniform(d), v = draw_uniform(d);
    const bool pair = u < both;
    c->view[first] = pair || v < 0.6;
    c->view[first + 1] = pair || !c->view[first];
}

static int take_views(struct synth_case *c, struct draw *d) {
    const struct synth_patient *p = c->patient;
    const int mode = draw_index(d, risk_modes(p->centre, (int)p->age), RISK_MODES);
    if (mode != MODE_US)
        take_pair(c, d, SLOT_MG_CC, both_projections);
    if (mode == MODE_MG)
        return mode;
    take_pair(c, d, SLOT_US_BMODE_TRANS, both_planes);
    if (draw_uniform(d) < doppler_share[p->centre])
        take_pair(c, d, SLOT_US_DOPPLER_TRANS, both_planes / 2);
    if (draw_uniform(d) < elasto_share[p->centre])
        take_pair(c, d, SLOT_US_ELASTO_TRANS, both_planes / 2);
    return mode;
}

/* The woman is asked once; the density is read per exam. */
void clinic_visit(struct synth_case *c, uint64_t seed) {
    struct draw exam = draw_from(seed, SYNTH_CLINIC, EXAMS_FROM + c->number);
    struct draw patient = draw_from(seed, SYNTH_CLINIC, c->patient->number);
    struct risk_state state;
    patient_state(&state, c->patient);
    memset(c->view, 0, sizeof c->view);
    const int mode = take_views(c, &exam);
    for (int f = 0; f < CLINICAL_FIELDS; f++) {
        const double u = draw_uniform(f == CLINICAL_DENSITY ? &exam : &patient);
        c->clinical_missing[f] = u < risk_missing((enum clinical_field)f, &state, mode);
    }
}

void clinic_visible(bool visible[LESION_GROUPS], const struct synth_case *c) {
    for (int g = 0; g < LESION_GROUPS; g++)
        visible[g] = c->view[2 * g] || c->view[2 * g + 1]; /* slots come in pairs, in the order of the groups */
}

/* --- readers --------------------------------------------------------------------------------------------------------------- */

const char *birads_name(enum birads b) {
    static const char *const names[BIRADS_COUNT] = {"2", "3", "4a", "4b", "4c", "5"};
    return names[b];
}

/* An expert, two general radiologists (one careful: she calls more), a beginner who misses. In log odds; ours. */
static const struct { double noise, bias; } readers[SYNTH_READERS] = {{1.0, 0.3}, {1.8, 0.0}, {1.8, 0.9}, {2.8, -0.5}};

enum birads clinic_read(uint64_t seed, const struct synth_case *c, int reader, double log_odds) {
    static const double below[BIRADS_COUNT - 1] = {0.005, 0.02, 0.10, 0.50, 0.95};
    assert(reader >= 0 && reader < SYNTH_READERS);
    struct draw d = draw_from(seed, SYNTH_READER, c->number * SYNTH_READERS + (uint32_t)reader);
    const double seen = log_odds + readers[reader].bias + readers[reader].noise * draw_normal(&d);
    int b = 0;
    while (b < BIRADS_COUNT - 1 && seen > log(below[b] / (1 - below[b])))
        b++;
    return (enum birads)b;
}

/* --- pathologists ---------------------------------------------------------------------------------------------------------- */

const char *biopsy_name(enum biopsy b) {
    static const char *const names[BIOPSY_COUNT] = {"benign", "atypia", "in situ", "invasive"};
    return names[b];
}

enum biopsy biopsy_of(const struct synth_lesion *index) {
    if (index->tier >= 4)
        return BIOPSY_INVASIVE;
    if (index->tier == 3)
        return BIOPSY_IN_SITU;
    const bool atypia = strstr(index->pathology, "atypia") || strstr(index->pathology, "atypical");
    return atypia ? BIOPSY_ATYPIA : BIOPSY_BENIGN;
}

/* Elmore et al. 2015: agreement with the consensus 87 % (benign without atypia), 48 % (atypia: 17 % over-, 35 % under-read), 84 % (in situ:
 * 3 % over, 13 % under), 96 % (invasive). How the misread spread over the other categories is ours. */
static const double biopsy_read[BIOPSY_COUNT][BIOPSY_COUNT] = {
    {0.87, 0.10, 0.028, 0.002}, {0.35, 0.48, 0.168, 0.002}, {0.03, 0.10, 0.84, 0.03}, {0.005, 0.005, 0.03, 0.96}};

enum biopsy clinic_biopsy(uint64_t seed, const struct synth_case *c, int pathologist) {
    assert(pathologist >= 0 && pathologist < SYNTH_PATHOLOGISTS);
    struct draw d = draw_from(seed, SYNTH_LABEL, EXAMS_FROM + c->number * SYNTH_PATHOLOGISTS + (uint32_t)pathologist);
    return (enum biopsy)draw_index(&d, biopsy_read[biopsy_of(&c->lesion[0])], BIOPSY_COUNT);
}

/* --- labels ---------------------------------------------------------------------------------------------------------------- */

struct synth_label clinic_label(uint64_t seed, const struct synth_case *c, double noise) {
    struct draw d = draw_from(seed, SYNTH_LABEL, c->number);
    struct synth_label label = {.tier = c->lesion[0].tier, .pathology = c->lesion[0].pathology};
    if (draw_uniform(&d) >= noise)
        return label;
    struct synth_lesion other;
    lesion_draw(&other, &d, 1 + draw_index(&d, lesion_tiers(label.tier < 3), 5));
    return (struct synth_label){.wrong = true, .tier = other.tier, .pathology = other.pathology};
}
