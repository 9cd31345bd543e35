/* Lesions: shares of pathologies, curves of their parameters, drawing and likelihood. Floor 5.
 *
 * Shares: of benign biopsies most are non-proliferative, fibrocystic or fibroadenoma, 30 % proliferative without atypia, 4 % atypia
 * (Hartmann et al., N Engl J Med 2005;353:229); of cancers about 16 % in situ (American Cancer Society, Breast Cancer Facts & Figures), of
 * invasive ones 70 to 75 % of no special type, 5 to 15 % lobular, special types 1 to 5 % each (WHO Classification of Tumours, Breast
 * Tumours, 5th edition, 2019). Regrouped by the tree's tiers and rounded by us; inflammation, lymph nodes and scars are ours.
 *
 * Appearance: the words are those of ACR BI-RADS, 5th edition (2013): irregular, spiculated, dense, not parallel, shadowing, vascular and
 * hard speak for malignancy. The order of stiffness is that of Berg et al., Radiology 2012;262:435 (median of the largest values in benign
 * and malignant masses about 40 and 180 kPa); the rest of the numbers is ours, set so that a logistic regression on all of them reaches the
 * AUC that docs/COHORT.md states.
 */
#include "synth/lesion.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

#include "synth/normal.h"

/* One appearance. Means and standard deviations are of the scale in struct measure. */
struct appearance {
    struct curve diameter, elongation, density, echogenicity, posterior, stiffness, vascularity, pleomorphism;
    double shape[4], margin[4]; /* in the order of synth.h */
    double calcified;           /* chance of any calcification */
    struct curve count;         /* of the logarithm of their number */
};

enum look {
    CYSTIC,
    SOLID,
    DIFFUSE,
    INFLAMED,
    FATTY,
    PAPILLARY,
    SCAR,
    ATYPICAL,
    IN_SITU,
    IN_SITU_MASS,
    ROUND_CANCER,
    CANCER,
    LOBULAR,
    LOOKS
};

/* clang-format off */
static const struct appearance looks[LOOKS] = {
    /*                diameter      elongation     density        echogenicity   posterior     stiffness     vascularity   pleomorphism   shape: oval round lobulated irregular; margin: circumscribed microlobulated indistinct spiculated */
    [CYSTIC] =       {{2.55, 0.45}, {-0.36, 0.20}, {0.10, 0.30}, {-19.0, 4.0},  {4.0, 3.0},   {3.10, 0.60}, {0.10, 0.22}, {0.10, 0.25}, {0.62, 0.25, 0.09, 0.04}, {0.80, 0.09, 0.10, 0.01}, 0.12, {1.2, 0.8}},
    [SOLID] =        {{2.60, 0.45}, {-0.42, 0.20}, {0.20, 0.30}, {-9.0, 4.0},   {0.5, 3.0},   {3.50, 0.60}, {0.28, 0.25}, {0.15, 0.25}, {0.62, 0.11, 0.20, 0.07}, {0.68, 0.16, 0.14, 0.02}, 0.15, {1.6, 0.9}},
    [DIFFUSE] =      {{2.55, 0.45}, {-0.30, 0.22}, {0.12, 0.30}, {-6.5, 4.5},   {-0.5, 3.0},  {3.45, 0.60}, {0.22, 0.25}, {0.22, 0.28}, {0.42, 0.12, 0.22, 0.24}, {0.38, 0.22, 0.35, 0.05}, 0.32, {2.0, 0.9}},
    [INFLAMED] =     {{2.95, 0.45}, {-0.28, 0.22}, {0.30, 0.30}, {-11.0, 4.5},  {-0.5, 3.5},  {3.75, 0.65}, {0.50, 0.28}, {0.15, 0.25}, {0.24, 0.08, 0.20, 0.48}, {0.18, 0.20, 0.54, 0.08}, 0.06, {1.2, 0.8}},
    [FATTY] =        {{2.75, 0.50}, {-0.45, 0.20}, {-0.45, 0.30}, {-1.0, 4.0},  {0.0, 2.5},   {2.95, 0.60}, {0.08, 0.22}, {0.10, 0.25}, {0.72, 0.12, 0.10, 0.06}, {0.78, 0.07, 0.13, 0.02}, 0.12, {1.3, 0.9}},
    [PAPILLARY] =    {{2.40, 0.45}, {-0.28, 0.22}, {0.18, 0.30}, {-10.0, 4.0},  {1.0, 3.0},   {3.65, 0.60}, {0.45, 0.28}, {0.30, 0.28}, {0.42, 0.20, 0.22, 0.16}, {0.42, 0.30, 0.24, 0.04}, 0.28, {1.8, 0.9}},
    [SCAR] =         {{2.40, 0.45}, {-0.18, 0.22}, {0.22, 0.32}, {-9.5, 4.0},   {-3.0, 3.5},  {3.95, 0.65}, {0.25, 0.25}, {0.28, 0.28}, {0.16, 0.06, 0.20, 0.58}, {0.14, 0.18, 0.36, 0.32}, 0.32, {2.0, 0.9}},
    [ATYPICAL] =     {{2.30, 0.45}, {-0.26, 0.22}, {0.15, 0.30}, {-8.0, 4.0},   {-0.5, 3.0},  {3.65, 0.60}, {0.28, 0.26}, {0.40, 0.30}, {0.32, 0.12, 0.24, 0.32}, {0.28, 0.28, 0.38, 0.06}, 0.65, {2.3, 0.9}},
    [IN_SITU] =      {{2.75, 0.55}, {-0.26, 0.22}, {0.22, 0.32}, {-8.5, 4.0},   {-0.8, 3.0},  {3.90, 0.65}, {0.38, 0.28}, {0.62, 0.30}, {0.20, 0.08, 0.22, 0.50}, {0.16, 0.30, 0.46, 0.08}, 0.78, {2.9, 0.8}},
    [IN_SITU_MASS] = {{2.65, 0.50}, {-0.22, 0.22}, {0.28, 0.30}, {-11.0, 4.0},  {0.8, 3.2},   {3.90, 0.65}, {0.48, 0.28}, {0.45, 0.30}, {0.26, 0.18, 0.28, 0.28}, {0.26, 0.36, 0.33, 0.05}, 0.35, {2.2, 0.9}},
    [ROUND_CANCER] = {{2.85, 0.45}, {-0.18, 0.22}, {0.38, 0.30}, {-12.0, 4.0},  {1.8, 3.2},   {4.20, 0.65}, {0.50, 0.28}, {0.40, 0.30}, {0.22, 0.20, 0.28, 0.30}, {0.24, 0.36, 0.34, 0.06}, 0.28, {2.0, 0.9}},
    [CANCER] =       {{2.95, 0.45}, {-0.10, 0.24}, {0.48, 0.30}, {-13.5, 4.0},  {-3.6, 3.8},  {4.60, 0.65}, {0.54, 0.28}, {0.58, 0.30}, {0.06, 0.07, 0.15, 0.72}, {0.05, 0.20, 0.40, 0.35}, 0.46, {2.5, 0.9}},
    [LOBULAR] =      {{3.05, 0.50}, {-0.16, 0.24}, {0.30, 0.32}, {-11.0, 4.5},  {-4.0, 3.8},  {4.45, 0.65}, {0.42, 0.28}, {0.40, 0.30}, {0.08, 0.05, 0.12, 0.75}, {0.06, 0.12, 0.48, 0.34}, 0.20, {2.0, 0.9}},
};

struct pathology {
    const char *term;
    double share; /* within its tier */
    int tier;
    enum look look;
};
static const struct pathology pathologies[] = {
    {"fibroadenoma", 0.36, 1, SOLID},
    {"cyst", 0.14, 1, CYSTIC},
    {"fibrocystic change", 0.18, 1, DIFFUSE},
    {"usual ductal hyperplasia", 0.07, 1, DIFFUSE},
    {"lipoma", 0.02, 1, FATTY},
    {"hamartoma", 0.015, 1, FATTY},
    {"mastitis", 0.05, 1, INFLAMED},
    {"fat necrosis", 0.03, 1, SCAR},
    {"galactocele", 0.01, 1, CYSTIC},
    {"duct ectasia", 0.025, 1, CYSTIC},
    {"apocrine metaplasia", 0.015, 1, CYSTIC},
    {"fibrosis", 0.03, 1, DIFFUSE},
    {"pseudoangiomatous stromal hyperplasia", 0.015, 1, SOLID},
    {"lobular atrophy", 0.005, 1, DIFFUSE},
    {"intramammary lymph node", 0.015, 1, SOLID},
    {"benign adenosis", 0.02, 1, DIFFUSE},
    {"intraductal papilloma", 0.38, 2, PAPILLARY},
    {"sclerosing adenosis", 0.18, 2, SCAR},
    {"radial scar", 0.08, 2, SCAR},
    {"flat epithelial atypia", 0.04, 2, ATYPICAL},
    {"atypical ductal hyperplasia", 0.12, 2, ATYPICAL},
    {"atypical lobular hyperplasia", 0.05, 2, ATYPICAL},
    {"proliferative lesion", 0.08, 2, DIFFUSE},
    {"benign phyllodes tumour", 0.05, 2, SOLID},
    {"borderline phyllodes tumour", 0.02, 2, SOLID},
    {"ductal carcinoma in situ", 0.82, 3, IN_SITU},
    {"lobular carcinoma in situ", 0.08, 3, ATYPICAL},
    {"encapsulated papillary carcinoma", 0.05, 3, IN_SITU_MASS},
    {"solid papillary carcinoma in situ", 0.03, 3, IN_SITU_MASS},
    {"Paget disease of the nipple", 0.02, 3, IN_SITU},
    {"micro-invasive carcinoma", 0.20, 4, IN_SITU},
    {"tubular carcinoma", 0.20, 4, CANCER},
    {"cribriform carcinoma", 0.05, 4, CANCER},
    {"mucinous carcinoma", 0.28, 4, ROUND_CANCER},
    {"papillary carcinoma", 0.10, 4, ROUND_CANCER},
    {"carcinoma with medullary pattern", 0.12, 4, ROUND_CANCER},
    {"malignant phyllodes tumour", 0.05, 4, ROUND_CANCER},
    {"invasive carcinoma of no special type", 0.80, 5, CANCER},
    {"invasive lobular carcinoma", 0.11, 5, LOBULAR},
    {"invasive micropapillary carcinoma", 0.025, 5, CANCER},
    {"apocrine carcinoma", 0.015, 5, CANCER},
    {"inflammatory carcinoma", 0.015, 5, INFLAMED},
    {"metaplastic carcinoma", 0.01, 5, ROUND_CANCER},
    {"adenocarcinoma", 0.01, 5, CANCER},
    {"lymphoma", 0.005, 5, ROUND_CANCER},
    {"other malignant", 0.01, 5, ROUND_CANCER},
};
/* clang-format on */
enum { PATHOLOGIES = sizeof pathologies / sizeof *pathologies, TIERS = 5, CALCIFICATIONS_MAX = 60 };

const char *lesion_group_name(enum lesion_group g) {
    static const char *const names[LESION_GROUPS] = {"mg", "bmode", "doppler", "elasto"};
    return names[g];
}

const double *lesion_tiers(bool malignant) {
    static const double share[2][TIERS] = {{0.80, 0.20, 0, 0, 0}, {0, 0, 0.16, 0.12, 0.72}};
    return share[malignant];
}

/* The second lesion of a breast: another benign one, or carcinoma in situ beside a carcinoma. Ours. */
static const double *second_tiers(bool malignant) {
    static const double share[2][TIERS] = {{1, 0, 0, 0, 0}, {0.5, 0, 0.5, 0, 0}};
    return share[malignant];
}

static int first_of(int tier) {
    int i = 0;
    while (pathologies[i].tier != tier)
        i++;
    return i;
}

int lesion_pathologies(int tier) {
    assert(tier >= 1 && tier <= TIERS);
    int n = 0;
    for (int i = 0; i < PATHOLOGIES; i++)
        n += pathologies[i].tier == tier;
    return n;
}

const char *lesion_pathology(int tier, int i) {
    assert(i >= 0 && i < lesion_pathologies(tier));
    return pathologies[first_of(tier) + i].term;
}

double lesion_pathology_share(int tier, int i) {
    assert(i >= 0 && i < lesion_pathologies(tier));
    return pathologies[first_of(tier) + i].share;
}

/* --- the measured parameters: where each stands, on which scale it is normal, within which bounds -------------------------------- */

struct measure {
    size_t value, curve; /* a double of struct synth_lesion, a struct curve of struct appearance */
    enum lesion_group group;
    bool logarithmic;
    double low, high; /* of the value, as synth.h states */
};
#define MEASURE(lesion_member, appearance_member, ...)                                                                                     \
    { offsetof(struct synth_lesion, lesion_member), offsetof(struct appearance, appearance_member), __VA_ARGS__ }

enum { DIAMETER, MEASURES = 7 };
static const struct measure measures[MEASURES] = {
    [DIAMETER] = MEASURE(diameter_mm, diameter, LESION_GROUPS, true, 4, 60),
    MEASURE(density, density, GROUP_MG, false, -1, 1),
    MEASURE(elongation, elongation, GROUP_BMODE, true, 0.4, 1.8),
    MEASURE(echogenicity_db, echogenicity, GROUP_BMODE, false, -25, 5),
    MEASURE(posterior_db, posterior, GROUP_BMODE, false, -15, 10),
    MEASURE(vascularity, vascularity, GROUP_DOPPLER, false, 0, 1),
    MEASURE(stiffness_kpa, stiffness, GROUP_ELASTO, true, 5, 250),
};

static double *value_of(const struct measure *m, struct synth_lesion *l) {
    return (double *)(void *)((char *)l + m->value);
}

static const struct curve *curve_of(const struct measure *m, const struct appearance *a) {
    return (const struct curve *)(const void *)((const char *)a + m->curve);
}

static double scaled(const struct measure *m, double x) {
    return m->logarithmic ? log(x) : x;
}

/* Number n of calcifications, 1 .. 60: log-normal, taken at whole numbers. */
static void count_shares(double share[CALCIFICATIONS_MAX], const struct curve *c) {
    double total = 0;
    for (int n = 1; n <= CALCIFICATIONS_MAX; n++) {
        double z = (log(n) - c->mean) / c->sd;
        total += share[n - 1] = exp(-0.5 * z * z) / n;
    }
    for (int n = 0; n < CALCIFICATIONS_MAX; n++)
        share[n] /= total;
}

/* --- drawing --------------------------------------------------------------------------------------------------------------- */

static void draw_outline(struct synth_lesion *l, struct draw *d, const struct appearance *a) {
    static const struct curve irregularity[4] = {{0.10, 0.06}, {0.06, 0.05}, {0.35, 0.12}, {0.70, 0.18}};
    static const struct curve spiculation = {0.55, 0.22};
    l->shape = (enum synth_shape)draw_index(d, a->shape, 4);
    l->margin = (enum synth_margin)draw_index(d, a->margin, 4);
    l->irregularity = curve_draw(&irregularity[l->shape], d, 0, 1);
    l->spiculation = l->margin == MARGIN_SPICULATED ? curve_draw(&spiculation, d, 0.1, 1) : 0;
}

static void draw_calcifications(struct synth_lesion *l, struct draw *d, const struct appearance *a) {
    double share[CALCIFICATIONS_MAX];
    l->calcifications = 0;
    l->calcification_pleomorphism = 0;
    if (draw_uniform(d) >= a->calcified)
        return;
    count_shares(share, &a->count);
    l->calcifications = 1 + draw_index(d, share, CALCIFICATIONS_MAX);
    l->calcification_pleomorphism = curve_draw(&a->pleomorphism, d, 0, 1);
}

void lesion_draw(struct synth_lesion *out, struct draw *d, int tier) {
    double share[PATHOLOGIES] = {0};
    int n = lesion_pathologies(tier);
    for (int i = 0; i < n; i++)
        share[i] = lesion_pathology_share(tier, i);
    const struct pathology *p = &pathologies[first_of(tier) + draw_index(d, share, n)];
    const struct appearance *a = &looks[p->look];
    *out = (struct synth_lesion){.tier = tier, .pathology = p->term};
    for (int i = 0; i < MEASURES; i++) {
        const struct measure *m = &measures[i];
        double x = curve_draw(curve_of(m, a), d, scaled(m, m->low), scaled(m, m->high));
        *value_of(m, out) = m->logarithmic ? exp(x) : x;
    }
    draw_outline(out, d, a);
    draw_calcifications(out, d, a);
}

int lesion_second_tier(struct draw *d, bool malignant) {
    return 1 + draw_index(d, second_tiers(malignant), TIERS);
}

/* --- likelihood ------------------------------------------------------------------------------------------------------------ */

static bool shows(const struct measure *m, const bool visible[LESION_GROUPS]) {
    return m->group == LESION_GROUPS ? visible[GROUP_MG] || visible[GROUP_BMODE] : visible[m->group];
}

/* What each look says of one lesion. */
static double look_log_likelihood(const struct synth_lesion *l, const struct appearance *a, const bool visible[LESION_GROUPS]) {
    double sum = 0, share[CALCIFICATIONS_MAX];
    struct synth_lesion copy = *l;
    for (int i = 0; i < MEASURES; i++) {
        const struct measure *m = &measures[i];
        if (shows(m, visible))
            sum += curve_log_density(curve_of(m, a), scaled(m, *value_of(m, &copy)), scaled(m, m->low), scaled(m, m->high));
    }
    if (visible[GROUP_MG] || visible[GROUP_BMODE]) /* the outline is seen by both */
        sum += log(a->shape[l->shape]) + log(a->margin[l->margin]);
    if (!visible[GROUP_MG])
        return sum;
    if (l->calcifications == 0)
        return sum + log(1 - a->calcified);
    count_shares(share, &a->count);
    return sum + log(a->calcified * share[l->calcifications - 1]) +
           curve_log_density(&a->pleomorphism, l->calcification_pleomorphism, 0, 1);
}

/* p(lesion | the lesion stands first or second, malignant), from the likelihoods of the looks. */
static double mixed(const double look[LOOKS], const double *tiers) {
    double sum = 0;
    for (int i = 0; i < PATHOLOGIES; i++)
        sum += tiers[pathologies[i].tier - 1] * pathologies[i].share * look[pathologies[i].look];
    return sum;
}

double lesion_log_likelihood(const struct synth_lesion *lesion, int n, const bool visible[LESION_GROUPS], bool malignant) {
    double look[SYNTH_LESIONS_MAX][LOOKS];
    assert(n >= 1 && n <= SYNTH_LESIONS_MAX);
    for (int k = 0; k < n; k++)
        for (int i = 0; i < LOOKS; i++)
            look[k][i] = exp(look_log_likelihood(&lesion[k], &looks[i], visible));
    const double *first = lesion_tiers(malignant), *second = second_tiers(malignant);
    if (n == 1)
        return log(mixed(look[0], first));
    return log(0.5 * (mixed(look[0], first) * mixed(look[1], second) + mixed(look[1], first) * mixed(look[0], second)));
}
