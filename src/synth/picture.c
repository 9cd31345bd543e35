/* Pictures as DICOM or PNG files. Floor 5. */
#include "synth/picture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/version.h"
#include "image/dicom_write.h"
#include "image/png_write.h"
#include "phantom/draw.h"

const char *picture_vendor(bool mammography, int vendor) {
    static const char *const names[2][SYNTH_VENDORS] = {
        {"Nowhere Ultrasound (fictitious)", "Figment Sonography (fictitious)", "Mirage Echo (fictitious)"},
        {"Imaginary Mammography (fictitious)", "Nonesuch X-Ray (fictitious)", "Fable Radiography (fictitious)"}};
    return names[mammography][vendor];
}

/* --- shades ---------------------------------------------------------------------------------------------------------------- */

/* C.11.2.1.2 (linear), C.11.2.1.3.1 (sigmoid): 0 .. 1. */
static double windowed(const struct synth_meta *m, double x) {
    if (m->voi == SYNTH_VOI_SIGMOID)
        return 1 / (1 + exp(-4 * (x - m->window_center) / m->window_width));
    return fmin(fmax((x - (m->window_center - 0.5)) / (m->window_width - 1) + 0.5, 0), 1);
}

void picture_present(struct image *im, const struct synth_meta *m) {
    uint16_t lut[SYNTH_VOI_LUT_ENTRIES], shade[1 << SYNTH_MG_BITS], *pixels = im->pixels;
    if (m->voi == SYNTH_VOI_LUT)
        synth_voi_lut(lut, m->vendor);
    for (int x = 0; x < 1 << SYNTH_MG_BITS; x++) {
        const double y = m->voi == SYNTH_VOI_LUT ? lut[x] / (double)(SYNTH_VOI_LUT_ENTRIES - 1) : windowed(m, x);
        shade[x] = (uint16_t)lround(65535 * (m->monochrome1 ? 1 - y : y));
    }
    for (size_t i = 0; i < (size_t)im->width * im->height; i++)
        pixels[i] = shade[pixels[i] & ((1 << SYNTH_MG_BITS) - 1)];
}

/* --- tags ------------------------------------------------------------------------------------------------------------------ */

/* Texts that dicom_facts borrows. */
struct texts {
    char patient_id[COHORT_NAME], exam_id[COHORT_NAME], patient_name[40], date[9], time[7], study_id[17], accession[17], series[65],
        model[32];
    uint16_t lut[SYNTH_VOI_LUT_ENTRIES];
};

static void set_uids(struct dicom_facts *f, const struct cohort *c, const struct cohort_picture *p) {
    char name[160];
    const bool mg = slot_is_mg(p->slot);
    /* what changes a picture changes its name */
    const int n = snprintf(name, sizeof name, "bmunet synth %llu %.17g %.17g %s exam %u %s", (unsigned long long)c->options.seed,
                           c->options.prevalence, c->options.label_noise, c->options.size->name, p->exam, mg ? "MG" : "US");
    const size_t at = (size_t)n;
    dicom_uid(f->study, name);
    snprintf(name + at, sizeof name - at, " series");
    dicom_uid(f->series, name);
    snprintf(name + at, sizeof name - at, " %s", slot_name(p->slot));
    dicom_uid(f->instance, name);
}

/* Years 2020 to 2023; ultrasound up to two weeks after the mammogram. Far behind what patient_breast() takes of the stream. */
static void set_date(struct texts *t, const struct cohort *c, const struct cohort_picture *p) {
    const struct rng r = rng_make(c->options.seed, SYNTH_CASE, p->exam);
    const bool mg = slot_is_mg(p->slot);
    const int day = (int)(rng_uniform(&r, 2000) * 1400) + (mg ? 0 : (int)(rng_uniform(&r, 2001) * 15));
    const int second = 8 * 3600 + (int)(rng_uniform(&r, mg ? 2002 : 2003) * 8 * 3600) + 60 * (int)p->slot;
    const time_t from_2020 = 1577836800 + (time_t)day * 86400 + second;
    struct tm tm;
    gmtime_r(&from_2020, &tm);
    strftime(t->date, sizeof t->date, "%Y%m%d", &tm);
    strftime(t->time, sizeof t->time, "%H%M%S", &tm);
}

static const char *slot_words(enum slot s) {
    static const char *const words[SLOT_COUNT] = {"mammogram CC",
                                                  "mammogram MLO",
                                                  "B-mode, transverse",
                                                  "B-mode, longitudinal",
                                                  "colour Doppler, transverse",
                                                  "colour Doppler, longitudinal",
                                                  "elastography, transverse",
                                                  "elastography, longitudinal"};
    return words[s];
}

static void set_texts(struct texts *t, struct dicom_facts *f, const struct cohort *c, const struct cohort_picture *p) {
    const struct synth_case *x = &c->exams[p->exam].c;
    const bool mg = f->kind == DICOM_KIND_MG;
    set_date(t, c, p);
    snprintf(t->patient_name, sizeof t->patient_name, "SYNTHETIC^PATIENT %06u", x->patient->number);
    snprintf(t->study_id, sizeof t->study_id, "%s%u", mg ? "MG" : "US", x->number);
    snprintf(t->accession, sizeof t->accession, "SYN%s%u", mg ? "MG" : "US", x->number);
    snprintf(t->series, sizeof t->series, "SYNTHETIC %s", mg ? "mammograms" : "ultrasound");
    snprintf(t->model, sizeof t->model, "Style %d", p->meta.vendor);
    f->patient_name = t->patient_name;
    f->patient_id = cohort_patient_id(t->patient_id, c, x->patient);
    f->study_date = t->date;
    f->study_time = t->time;
    f->study_id = t->study_id;
    f->accession = t->accession;
    f->study_description = "SYNTHETIC breast examination";
    f->series_description = t->series;
    f->image_comments = slot_words(p->slot);
    f->manufacturer = picture_vendor(mg, p->meta.vendor);
    f->model = t->model;
    f->software = "bmunet synth";
    f->institution = "SYNTHETIC, no institution";
}

/* Ultrasound lies on its back: depth is posterior; a transverse picture runs to the patient's left, a longitudinal one to the feet. */
static const char *row_direction(const struct cohort_picture *p) {
    if (slot_is_mg(p->slot))
        return p->meta.orientation[0];
    return (p->slot - SLOT_US_BMODE_TRANS) % 2 == 0 ? "L" : "F";
}

static int to_dicom(struct buf *out, const struct image *im, const struct cohort *c, const struct cohort_picture *p, struct err *e) {
    static const enum dicom_voi_kind kinds[] = {[SYNTH_VOI_NONE] = DICOM_WINDOW_LINEAR,
                                                [SYNTH_VOI_LINEAR] = DICOM_WINDOW_LINEAR,
                                                [SYNTH_VOI_SIGMOID] = DICOM_WINDOW_SIGMOID,
                                                [SYNTH_VOI_LUT] = DICOM_WINDOW_LUT};
    static const unsigned us_modes[SLOT_COUNT] = {
        [SLOT_US_BMODE_TRANS] = 0x001,  [SLOT_US_BMODE_LONG] = 0x001,   [SLOT_US_DOPPLER_TRANS] = 0x011,
        [SLOT_US_DOPPLER_LONG] = 0x011, [SLOT_US_ELASTO_TRANS] = 0x200, [SLOT_US_ELASTO_LONG] = 0x200};
    const struct synth_case *x = &c->exams[p->exam].c;
    const struct synth_meta *m = &p->meta;
    const bool mg = slot_is_mg(p->slot);
    struct texts t;
    struct dicom_facts f = {.kind = mg ? DICOM_KIND_MG : DICOM_KIND_US,
                            .patient_years = (int)x->patient->age,
                            .series_number = 1,
                            .instance_number = 1 + (int)p->slot,
                            .side = x->side,
                            .mm = m->mm,
                            .view = p->slot == SLOT_MG_CC ? "CC" : "MLO",
                            .orientation = {row_direction(p), mg ? m->orientation[1] : "P"},
                            .bits = m->bits,
                            .monochrome1 = m->monochrome1,
                            .voi = kinds[m->voi],
                            .center = m->window_center,
                            .width = m->window_width,
                            .lut = t.lut,
                            .kvp = m->kvp,
                            .breast_mm = m->breast_mm,
                            .region = m->region,
                            .n_regions = m->n_regions,
                            .colour = p->slot >= SLOT_US_DOPPLER_TRANS,
                            .modes = us_modes[p->slot]};
    set_texts(&t, &f, c, p);
    set_uids(&f, c, p);
    if (m->voi == SYNTH_VOI_LUT)
        synth_voi_lut(t.lut, m->vendor);
    return dicom_write(out, im, &f, e);
}

int picture_write(struct buf *out, struct cohort_picture *p, const struct cohort *c, struct err *e) {
    struct image *im = NULL;
    int rc = synth_view(&im, &p->meta, c->options.seed, &c->exams[p->exam].c, p->slot, c->options.size, e);
    if (!rc && c->options.png) {
        if (slot_is_mg(p->slot))
            picture_present(im, &p->meta);
        rc = png_write(out, im, e);
    } else if (!rc) {
        rc = to_dicom(out, im, c, p, e);
    }
    image_free(im);
    return rc;
}
