/* The exact clinical posterior and the ideal observer. Floor 5. */
#include "synth/truth.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/order.h"
#include "synth/clinic.h"
#include "synth/patient.h"

/* Weights by log odds in hundredths: everything that the sum needs to know of a set of women. */
enum { LATTICE = 2048, MIDDLE = 1024 };
struct lattice {
    double weight[LATTICE];
};

static void add(struct lattice *l, int hundredths, double weight) {
    assert(hundredths > -MIDDLE && hundredths < MIDDLE);
    l->weight[MIDDLE + hundredths] += weight;
}

/* What is known. missing NULL: nothing at all, not even what is missing (the whole population). */
struct known {
    const struct risk_state *state;
    const bool *missing;
};

/* Bounds of the loop over one value's classes: all of them if it is missing, its own otherwise. */
struct range {
    int first, last;
};
static struct range range_of(const struct known *k, enum clinical_field f, int value, int first, int count) {
    if (!k->missing || k->missing[f])
        return (struct range){first, first + count - 1};
    return (struct range){value, value};
}

/* The chance of what was recorded of a value, given its class in s. */
static double recorded(const struct known *k, enum clinical_field f, const struct risk_state *s, int mode) {
    if (!k->missing)
        return 1;
    const double p = risk_missing(f, s, mode);
    return k->missing[f] ? p : 1 - p;
}

/* Density and, through it, the modalities: the innermost sums. */
static void sum_density(struct lattice *l, const struct known *k, struct risk_state *s, double weight) {
    double share[RISK_DENSITY];
    const double *modes = risk_modes(s->centre, s->age);
    double with = 0; /* the chance of what was recorded of the density, over the modalities */
    for (int mode = 0; mode < RISK_MODES; mode++)
        with += modes[mode] * recorded(k, CLINICAL_DENSITY, s, mode);
    risk_density(share, s->age, s->bmi);
    const struct range r = range_of(k, CLINICAL_DENSITY, k->state->density, 0, RISK_DENSITY);
    for (s->density = r.first; s->density <= r.last; s->density++)
        add(l, risk_joint(s), weight * with * share[s->density]);
}

static void sum_at_age(struct lattice *l, const struct known *k, struct risk_state *s, double weight) {
    double menopause[RISK_MENOPAUSE];
    risk_menopause(menopause, s->age);
    const double *bmi = risk_bmi(s->age);
    const struct range rm = range_of(k, CLINICAL_MENOPAUSE, k->state->menopause, 0, RISK_MENOPAUSE);
    const struct range rb = range_of(k, CLINICAL_BMI, k->state->bmi, 0, RISK_BMI);
    const struct range rh = range_of(k, CLINICAL_HORMONE, k->state->hormone, 0, RISK_HORMONE);
    for (s->menopause = rm.first; s->menopause <= rm.last; s->menopause++)
        for (s->bmi = rb.first; s->bmi <= rb.last; s->bmi++)
            for (s->hormone = rh.first; s->hormone <= rh.last; s->hormone++)
                sum_density(l, k, s,
                            weight * menopause[s->menopause] * bmi[s->bmi] * risk_hormone(s->menopause)[s->hormone] *
                                recorded(k, CLINICAL_MENOPAUSE, s, 0) * recorded(k, CLINICAL_BMI, s, 0) *
                                recorded(k, CLINICAL_HORMONE, s, 0));
}

static void sum_joint(struct lattice *l, const struct known *k, int centre) {
    struct risk_state s = {.centre = centre};
    const struct range r = range_of(k, CLINICAL_AGE, k->state->age, RISK_AGE_MIN, RISK_AGES);
    memset(l, 0, sizeof *l);
    for (s.age = r.first; s.age <= r.last; s.age++)
        sum_at_age(l, k, &s, risk_centre()[centre] * risk_age()[s.age - RISK_AGE_MIN] * recorded(k, CLINICAL_AGE, &s, 0));
}

/* Complaint and duration hang together; the others stand alone. */
static void sum_complaint(struct lattice *l, const struct known *k, struct risk_state *s, double weight) {
    const struct range rc = range_of(k, CLINICAL_COMPLAINT, k->state->complaint, 0, RISK_COMPLAINT);
    const struct range rd = range_of(k, CLINICAL_DURATION, k->state->duration, 0, RISK_DURATION);
    for (s->complaint = rc.first; s->complaint <= rc.last; s->complaint++)
        for (s->duration = rd.first; s->duration <= rd.last; s->duration++)
            add(l, risk_separate(s),
                weight * risk_complaint()[s->complaint] * risk_duration(s->complaint)[s->duration] * recorded(k, CLINICAL_COMPLAINT, s, 0) *
                    recorded(k, CLINICAL_DURATION, s, 0));
}

static void sum_separate(struct lattice *l, const struct known *k, int centre) {
    struct risk_state s = {.centre = centre, .age = k->state->age};
    const struct range rf = range_of(k, CLINICAL_FAMILY, k->state->family, 0, RISK_FAMILY);
    const struct range rp = range_of(k, CLINICAL_PERSONAL, k->state->personal, 0, RISK_PERSONAL);
    const struct range rb = range_of(k, CLINICAL_PARITY, k->state->parity, 0, RISK_PARITY);
    memset(l, 0, sizeof *l);
    for (s.family = rf.first; s.family <= rf.last; s.family++)
        for (s.personal = rp.first; s.personal <= rp.last; s.personal++)
            for (s.parity = rb.first; s.parity <= rb.last; s.parity++)
                sum_complaint(l, k, &s,
                              risk_family()[s.family] * risk_personal()[s.personal] * risk_parity()[s.parity] *
                                  recorded(k, CLINICAL_FAMILY, &s, 0) * recorded(k, CLINICAL_PERSONAL, &s, 0) *
                                  recorded(k, CLINICAL_PARITY, &s, 0));
}

/* The women's weights by their whole log odds. */
static void sum_all(struct lattice *out, const struct known *k) {
    struct lattice joint, separate;
    memset(out, 0, sizeof *out);
    for (int centre = 0; centre < RISK_CENTRES; centre++) {
        sum_joint(&joint, k, centre);
        sum_separate(&separate, k, centre);
        for (int i = 0; i < LATTICE; i++)
            for (int j = 0; joint.weight[i] > 0 && j < LATTICE; j++)
                if (separate.weight[j] > 0)
                    add(out, i - MIDDLE + j - MIDDLE, joint.weight[i] * separate.weight[j]);
    }
}

static double mean_malignant(const struct lattice *l, double intercept) {
    double malignant = 0, total = 0;
    for (int i = 0; i < LATTICE; i++) {
        malignant += l->weight[i] * risk_malignant(intercept, i - MIDDLE);
        total += l->weight[i];
    }
    return malignant / total;
}

double truth_intercept(double prevalence) {
    static const struct risk_state nobody;
    struct lattice l;
    double low = -40, high = 40;
    sum_all(&l, &(struct known){.state = &nobody});
    for (int i = 0; i < 100; i++) {
        const double middle = 0.5 * (low + high);
        *(mean_malignant(&l, middle) < prevalence ? &low : &high) = middle;
    }
    return 0.5 * (low + high);
}

double truth_clinical(const struct risk_state *s, const bool missing[CLINICAL_FIELDS], double intercept) {
    struct lattice l;
    sum_all(&l, &(struct known){.state = s, .missing = missing});
    return mean_malignant(&l, intercept);
}

/* --- images ---------------------------------------------------------------------------------------------------------------- */

static double log_ratio(const struct synth_case *c, const bool visible[LESION_GROUPS]) {
    return lesion_log_likelihood(c->lesion, c->lesions, visible, true) - lesion_log_likelihood(c->lesion, c->lesions, visible, false);
}

static double posterior(double prior, double log_likelihood_ratio) {
    return 1 / (1 + exp(-(log(prior / (1 - prior)) + log_likelihood_ratio)));
}

void truth_of(struct truth *out, const struct synth_case *c, bool malignant, double intercept, double prevalence) {
    struct risk_state state;
    bool visible[LESION_GROUPS];
    patient_state(&state, c->patient);
    clinic_visible(visible, c);
    *out = (struct truth){.malignant = malignant, .clinical = truth_clinical(&state, c->clinical_missing, intercept)};
    for (int g = 0; g < LESION_GROUPS; g++) {
        bool alone[LESION_GROUPS] = {false};
        alone[g] = true;
        out->group[g] = visible[g] ? log_ratio(c, alone) : NAN;
    }
    out->images = log_ratio(c, visible);
    out->image_posterior = posterior(prevalence, out->images);
    out->all = posterior(out->clinical, out->images);
}

/* --- area under the curve -------------------------------------------------------------------------------------------------- */

struct scored {
    double score;
    bool malignant;
};

int truth_auc(double *auc, size_t *n, const double *score, const bool *malignant, size_t rows, struct err *e) {
    struct scored *s = mem_alloc(rows, sizeof *s, e);
    double ranks = 0, positive = 0;
    *n = 0;
    if (!s)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < rows; i++)
        if (!isnan(score[i]))
            s[(*n)++] = (struct scored){score[i], malignant[i]};
    qsort(s, *n, sizeof *s, order_double);
    for (size_t i = 0, end; i < *n; i = end) {
        for (end = i + 1; end < *n && s[end].score <= s[i].score;)
            end++;
        for (size_t k = i; k < end; k++)
            if (s[k].malignant) {
                ranks += 0.5 * (double)(i + 1 + end);
                positive++;
            }
    }
    const double negative = (double)*n - positive;
    *auc = positive > 0 && negative > 0 ? (ranks - positive * (positive + 1) / 2) / (positive * negative) : NAN;
    mem_free(s);
    return 0;
}
