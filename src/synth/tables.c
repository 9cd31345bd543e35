/* The tables of a synthetic cohort (docs/FORMATS.md) and its README. Floor 5. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "synth/cohort.h"
#include "synth/patient.h"
#include "synth/picture.h"

const char *cohort_patient_id(char out[COHORT_NAME], const struct cohort *c, const struct synth_patient *p) {
    snprintf(out, COHORT_NAME, "SYN%llu-%06u", (unsigned long long)c->options.seed, p->number);
    return out;
}

const char *cohort_exam_id(char out[COHORT_NAME], const struct cohort *c, const struct synth_case *x) {
    snprintf(out, COHORT_NAME, "SYN%llu-%06u-%c", (unsigned long long)c->options.seed, x->patient->number, x->side);
    return out;
}

const char *cohort_file(char out[COHORT_NAME + 32], const struct cohort *c, const struct cohort_picture *p) {
    char exam[COHORT_NAME];
    snprintf(out, COHORT_NAME + 32, "images/%s_%s.%s", cohort_exam_id(exam, c, &c->exams[p->exam].c), slot_name(p->slot),
             c->options.png ? "png" : "dcm");
    return out;
}

/* --- text, with the first failure kept ---------------------------------------------------------------------------------------- */

struct text {
    struct buf *out;
    struct err *e;
    int rc;
};
#define SAY(t, ...) ((t)->rc = (t)->rc ? (t)->rc : buf_printf((t)->out, (t)->e, __VA_ARGS__))

/* A number that may not be there. */
static void say_number(struct text *t, double x) {
    if (isnan(x))
        SAY(t, ",");
    else
        SAY(t, ",%.6g", x);
}

/* --- clinical values ---------------------------------------------------------------------------------------------------------- */

static const char *const clinical_names[CLINICAL_FIELDS] = {
    "age",    "bmi",         "menopausal",    "family_history", "personal_history", "chief_complaint", "symptom_duration",
    "parity", "hormone_use", "breast_density"};

static void say_clinical(struct text *t, const struct synth_patient *p, enum clinical_field f) {
    static const char *const menopause[] = {"pre", "peri", "post"}, *const family[] = {"none", "second degree", "first degree"};
    static const char *const personal[] = {"none", "benign biopsy", "atypia", "cancer other side"};
    static const char *const complaint[] = {"none", "lump", "pain", "discharge", "skin or nipple change"};
    static const char *const hormone[] = {"never", "past", "current"}, *const density[] = {"a", "b", "c", "d"};
    const struct {
        const char *const *names; /* NULL: a number */
        double value;
    } values[CLINICAL_FIELDS] = {{NULL, p->age},
                                 {NULL, p->bmi},
                                 {menopause, p->menopausal},
                                 {family, p->family_history},
                                 {personal, p->personal_history},
                                 {complaint, p->chief_complaint},
                                 {NULL, p->symptom_duration},
                                 {NULL, p->parity},
                                 {hormone, p->hormone_use},
                                 {density, p->density}};
    if (values[f].names)
        SAY(t, ",%s", values[f].names[(int)values[f].value]);
    else
        SAY(t, ",%.6g", values[f].value);
}

/* A cell with the tree's leaf of a pathology: check_tree() in cohort.c has found it before. */
static void say_tier(struct text *t, const struct cohort *c, const char *pathology) {
    int node = -1;
    if (!t->rc && (t->rc = tree_lookup(&node, c->options.tree, pathology, NULL, t->e)) == 0 &&
        (t->rc = buf_append(t->out, ",", 1, t->e)) == 0)
        t->rc = buf_csv_cell(t->out, c->options.tree->nodes[node].name, t->e);
}

/* --- exams.csv ------------------------------------------------------------------------------------------------------------------ */

static void say_exam(struct text *t, const struct cohort *c, size_t x, const struct cohort_picture **picture) {
    static const char *const centres[RISK_CENTRES] = {"A", "B", "C"};
    char patient[COHORT_NAME], exam[COHORT_NAME], file[COHORT_NAME + 32];
    const struct cohort_exam *ex = &c->exams[x];
    const struct synth_patient *p = ex->c.patient;
    SAY(t, "%s,%s,%c", cohort_exam_id(exam, c, &ex->c), cohort_patient_id(patient, c, p), ex->c.side);
    bool mg = false, us = false;
    for (int s = 0; s < SLOT_COUNT; s++) {
        SAY(t, ",%s", ex->c.view[s] ? cohort_file(file, c, *picture) : "");
        *picture += ex->c.view[s];
        *(slot_is_mg((enum slot)s) ? &mg : &us) |= ex->c.view[s];
    }
    for (int f = 0; f < CLINICAL_FIELDS; f++)
        if (ex->c.clinical_missing[f])
            SAY(t, ",");
        else
            say_clinical(t, p, (enum clinical_field)f);
    say_tier(t, c, ex->label.pathology);
    SAY(t, ",%s,%d,%s,%s,%s%s%s,yes\n", ex->label.pathology, ex->label.tier >= 3, birads_name(ex->birads[0]), centres[p->centre],
        mg ? picture_vendor(true, p->mg_vendor) : "", mg && us ? " + " : "", us ? picture_vendor(false, p->us_vendor) : "");
}

int cohort_exams_csv(struct buf *out, const struct cohort *c, struct err *e) {
    struct text t = {out, e, 0};
    const struct cohort_picture *picture = c->pictures;
    SAY(&t, "exam_id,patient_id,side");
    for (int s = 0; s < SLOT_COUNT; s++)
        SAY(&t, ",%s", slot_name((enum slot)s));
    for (int f = 0; f < CLINICAL_FIELDS; f++)
        SAY(&t, ",%s", clinical_names[f]);
    SAY(&t, ",tier,pathology,malignant,birads,center,vendor,synthetic\n");
    for (size_t x = 0; x < c->n_exams; x++)
        say_exam(&t, c, x, &picture);
    return t.rc;
}

/* --- truth.csv ------------------------------------------------------------------------------------------------------------------ */

static const char *const shapes[] = {"oval", "round", "lobulated", "irregular"};
static const char *const margins[] = {"circumscribed", "microlobulated", "indistinct", "spiculated"};

static void say_lesion(struct text *t, const struct cohort *c, const struct synth_lesion *l) {
    if (!l) {
        SAY(t, ",,,,,,,,,,,,,,,,,,");
        return;
    }
    say_tier(t, c, l->pathology);
    SAY(t, ",%s,%s,%s,%d", l->pathology, shapes[l->shape], margins[l->margin], l->calcifications);
    const double numbers[] = {l->diameter_mm,     l->elongation,   l->irregularity, l->spiculation,   l->density,
                              l->echogenicity_db, l->posterior_db, l->vascularity,  l->stiffness_kpa, l->calcification_pleomorphism,
                              l->clock,           l->nipple_mm,    l->depth_mm};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        say_number(t, numbers[i]);
}

static void say_truth(struct text *t, const struct cohort *c, const struct cohort_exam *x) {
    char patient[COHORT_NAME], exam[COHORT_NAME];
    const struct truth *u = &x->truth;
    SAY(t, "%s,%s,yes,%d", cohort_exam_id(exam, c, &x->c), cohort_patient_id(patient, c, x->c.patient), u->malignant);
    say_tier(t, c, x->c.lesion[0].pathology);
    SAY(t, ",%s,%d", x->c.lesion[0].pathology, x->label.wrong);
    say_number(t, u->clinical);
    for (int g = 0; g < LESION_GROUPS; g++)
        say_number(t, u->group[g]);
    say_number(t, u->images);
    say_number(t, u->image_posterior);
    say_number(t, u->all);
    SAY(t, ",%s", biopsy_name(biopsy_of(&x->c.lesion[0])));
    for (int k = 0; k < SYNTH_PATHOLOGISTS; k++)
        SAY(t, ",%s", biopsy_name(x->biopsy[k]));
    for (int f = 0; f < CLINICAL_FIELDS; f++)
        say_clinical(t, x->c.patient, (enum clinical_field)f);
    say_number(t, x->c.radius_mm);
    say_number(t, x->c.compressed_mm);
    say_number(t, x->c.glandular);
    SAY(t, ",%d", x->c.lesions);
    for (int i = 0; i < SYNTH_LESIONS_MAX; i++)
        say_lesion(t, c, i < x->c.lesions ? &x->c.lesion[i] : NULL);
    SAY(t, "\n");
}

int cohort_truth_csv(struct buf *out, const struct cohort *c, struct err *e) {
    static const char *const lesion[] = {"tier",        "pathology",     "shape",        "margin",  "calcifications",  "diameter_mm",
                                         "elongation",  "irregularity",  "spiculation",  "density", "echogenicity_db", "posterior_db",
                                         "vascularity", "stiffness_kpa", "pleomorphism", "clock",   "nipple_mm",       "depth_mm"};
    struct text t = {out, e, 0};
    SAY(&t, "exam_id,patient_id,synthetic,malignant,tier,pathology,label_wrong,posterior_clinical");
    for (int g = 0; g < LESION_GROUPS; g++)
        SAY(&t, ",llr_%s", lesion_group_name((enum lesion_group)g));
    SAY(&t, ",llr_images,posterior_images,posterior_all,biopsy");
    for (int k = 0; k < SYNTH_PATHOLOGISTS; k++)
        SAY(&t, ",biopsy_reading_%d", k + 1);
    for (int f = 0; f < CLINICAL_FIELDS; f++)
        SAY(&t, ",true_%s", clinical_names[f]);
    SAY(&t, ",radius_mm,compressed_mm,glandular,lesions");
    for (int i = 0; i < SYNTH_LESIONS_MAX; i++)
        for (size_t k = 0; k < sizeof lesion / sizeof *lesion; k++)
            SAY(&t, ",lesion%d_%s", i + 1, lesion[k]);
    SAY(&t, "\n");
    for (size_t x = 0; x < c->n_exams; x++)
        say_truth(&t, c, &c->exams[x]);
    return t.rc;
}

/* --- readers.csv, marks.csv, sums ------------------------------------------------------------------------------------------- */

int cohort_readers_csv(struct buf *out, const struct cohort *c, struct err *e) {
    struct text t = {out, e, 0};
    char exam[COHORT_NAME];
    SAY(&t, "reader,exam_id,birads,synthetic\n");
    for (int r = 0; r < SYNTH_READERS; r++)
        for (size_t x = 0; x < c->n_exams; x++)
            SAY(&t, "R%d,%s,%s,yes\n", r + 1, cohort_exam_id(exam, c, &c->exams[x].c), birads_name(c->exams[x].birads[r]));
    return t.rc;
}

/* A wrong label in exams.csv would contradict the truth here: of such an exam the marks do not say what they are. */
static void say_mark(struct text *t, const struct cohort *c, const struct cohort_picture *p, int i) {
    const struct cohort_exam *x = &c->exams[p->exam];
    char exam[COHORT_NAME];
    SAY(t, "%s,%s,circle,%.2f,%.2f,%.2f", cohort_exam_id(exam, c, &x->c), slot_name(p->slot), p->meta.lesion[i].x, p->meta.lesion[i].y,
        p->meta.lesion[i].radius);
    if (x->label.wrong)
        SAY(t, ",");
    else
        say_tier(t, c, x->c.lesion[i].pathology);
    SAY(t, ",%d,yes\n", i + 1);
}

int cohort_marks_csv(struct buf *out, const struct cohort *c, struct err *e) {
    struct text t = {out, e, 0};
    char exam[COHORT_NAME];
    SAY(&t, "exam_id,slot,shape,x,y,radius,tier,lesion,synthetic\n");
    for (size_t k = 0; k < c->n_pictures; k++) {
        const struct cohort_picture *p = &c->pictures[k];
        const struct synth_case *x = &c->exams[p->exam].c;
        int seen = 0;
        for (int i = 0; i < x->lesions; i++)
            if (p->meta.lesion[i].in_view) {
                say_mark(&t, c, p, i);
                seen++;
            }
        if (!seen)
            SAY(&t, "%s,%s,none,,,,,,yes\n", cohort_exam_id(exam, c, x), slot_name(p->slot));
    }
    return t.rc;
}

int cohort_sums(struct buf *out, const struct cohort *c, struct err *e) {
    struct text t = {out, e, 0};
    char file[COHORT_NAME + 32], hex[SHA256_HEX_SIZE];
    for (size_t k = 0; k < c->n_pictures; k++) {
        sha256_hex(c->pictures[k].sha256, hex);
        SAY(&t, "%s  %s\n", hex, cohort_file(file, c, &c->pictures[k]));
    }
    return t.rc;
}

/* --- README.md ------------------------------------------------------------------------------------------------------------------ */

static double clinical_of(const struct cohort_exam *x) {
    return x->truth.clinical;
}
static double images_of(const struct cohort_exam *x) {
    return x->truth.images;
}
static double all_of(const struct cohort_exam *x) {
    return x->truth.all;
}
static double mg_of(const struct cohort_exam *x) {
    return x->truth.group[GROUP_MG];
}
static double bmode_of(const struct cohort_exam *x) {
    return x->truth.group[GROUP_BMODE];
}
static double doppler_of(const struct cohort_exam *x) {
    return x->truth.group[GROUP_DOPPLER];
}
static double elasto_of(const struct cohort_exam *x) {
    return x->truth.group[GROUP_ELASTO];
}
static double reader_of(const struct cohort_exam *x) {
    return x->birads[0];
}

static const struct {
    const char *name;
    double (*score)(const struct cohort_exam *x);
} attainable[] = {{"clinical data alone, as recorded (exact posterior)", clinical_of},
                  {"images, all that an exam has (ideal observer of the parameters)", images_of},
                  {"clinical data and images", all_of},
                  {"mammography alone, where taken", mg_of},
                  {"B-mode alone, where taken", bmode_of},
                  {"colour Doppler alone, where taken", doppler_of},
                  {"elastography alone, where taken", elasto_of},
                  {"the first simulated reader's BI-RADS", reader_of}};

static void say_attainable(struct text *t, const struct cohort *c) {
    double *score = mem_alloc(c->n_exams, sizeof *score, t->e);
    bool *malignant = mem_alloc(c->n_exams, sizeof *malignant, t->e);
    if (!score || !malignant)
        t->rc = ERR_NO_MEMORY;
    SAY(t, "| from | exams | AUC |\n|---|---|---|\n");
    for (size_t i = 0; i < sizeof attainable / sizeof *attainable && !t->rc; i++) {
        double auc;
        size_t n;
        for (size_t x = 0; x < c->n_exams; x++) {
            score[x] = attainable[i].score(&c->exams[x]);
            malignant[x] = c->exams[x].truth.malignant;
        }
        t->rc = truth_auc(&auc, &n, score, malignant, c->n_exams, t->e);
        if (isnan(auc))
            SAY(t, "| %s | %zu | not defined: one class is empty |\n", attainable[i].name, n);
        else
            SAY(t, "| %s | %zu | %.3f |\n", attainable[i].name, n, auc);
    }
    mem_free(score);
    mem_free(malignant);
}

int cohort_readme(struct buf *out, const struct cohort *c, struct err *e) {
    struct text t = {out, e, 0};
    size_t malignant = 0, wrong = 0;
    for (size_t x = 0; x < c->n_exams; x++) {
        malignant += c->exams[x].truth.malignant;
        wrong += c->exams[x].label.wrong;
    }
    SAY(&t,
        "# A synthetic cohort: no patient in it exists\n\nEvery picture and every value here was computed from a model by `bmunet synth`. "
        "Nothing is real, nothing may be taken for real, and no conclusion about patients, devices or readers can be drawn from it.\n\n"
        "Made with: %u patients, seed %llu, size %s, format %s, prevalence %g, label noise %g.\n\n",
        c->options.patients, (unsigned long long)c->options.seed, c->options.size->name, c->options.png ? "png" : "dicom",
        c->options.prevalence, c->options.label_noise);
    SAY(&t,
        "%u patients, %zu exams (one breast each), %zu pictures; %zu exams malignant; %zu labels in exams.csv made wrong on purpose.\n\n",
        c->options.patients, c->n_exams, c->n_pictures, malignant, wrong);
    SAY(&t, "| file | what |\n|---|---|\n"
            "| `exams.csv` | what a clinic would have: images, recorded values, labels |\n"
            "| `truth.csv` | what is true: values, lesions, posteriors; not for training |\n"
            "| `readers.csv` | BI-RADS by four simulated readers |\n"
            "| `marks.csv` | where each lesion lies in each picture, for training with marks |\n"
            "| `SHA256SUMS` | `sha256sum -c SHA256SUMS` |\n\n"
            "## Attainable areas under the ROC curve, malignant against benign, of these very exams\n\n");
    say_attainable(&t, c);
    SAY(&t, "\nThe image rows are of an observer who knows the generating parameters that the views show; pixels tell less. How the "
            "numbers come "
            "about: docs/COHORT.md of the program.\n");
    return t.rc;
}
