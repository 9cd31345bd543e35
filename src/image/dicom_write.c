/* Mammography and ultrasound objects as DICOM files. Floor 2.
 * Tags in rising order, as a data set must have them; the number of the module's table in PS3.3 stands where it is not plain. */
#include "image/dicom_write.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "image/dicom_element.h"

#define SYNTAX_EXPLICIT_LITTLE "1.2.840.10008.1.2.1"

static const char *sop_class(enum dicom_kind kind) {
    return kind == DICOM_KIND_MG ? "1.2.840.10008.5.1.4.1.1.1.2" : "1.2.840.10008.5.1.4.1.1.6.1";
}

void dicom_uid(char out[DICOM_UID], const char *name) {
    uint8_t digest[SHA256_SIZE];
    char digits[40];
    int n = sizeof digits;
    unsigned __int128 value = 0;
    sha256_bytes(name, strlen(name), digest);
    digest[6] = (uint8_t)((digest[6] & 0x0f) | 0x80); /* version 8 */
    digest[8] = (uint8_t)((digest[8] & 0x3f) | 0x80); /* variant of RFC 9562 */
    for (int i = 0; i < 16; i++)
        value = value << 8 | digest[i];
    for (digits[--n] = 0; value; value /= 10)
        digits[--n] = (char)('0' + (int)(value % 10));
    snprintf(out, DICOM_UID, "2.25.%s", digits + n);
}

/* PS3.10 section 7.1. */
static void put_meta(struct element_writer *w, const struct dicom_facts *f) {
    char implementation[DICOM_UID];
    const size_t length_at = w->out->size + 8;
    dicom_uid(implementation, "bmunet dicom_write");
    element_ul1(w, 0x00020000, 0);
    const size_t begin = w->out->size;
    element_bytes(w, 0x00020001, "OB", (const uint8_t[]){0, 1}, 2);
    element_text(w, 0x00020002, "UI", sop_class(f->kind));
    element_text(w, 0x00020003, "UI", f->instance);
    element_text(w, 0x00020010, "UI", SYNTAX_EXPLICIT_LITTLE);
    element_text(w, 0x00020012, "UI", implementation);
    element_text(w, 0x00020013, "SH", "BMUNET_SYNTH");
    const size_t length = w->out->size - begin;
    for (int i = 0; i < 4 && !w->rc; i++)
        w->out->data[length_at + (size_t)i] = (char)(uint8_t)(length >> 8 * i);
}

static void put_identification(struct element_writer *w, const struct dicom_facts *f) {
    const bool mg = f->kind == DICOM_KIND_MG;
    element_text(w, 0x00080005, "CS", "ISO_IR 100");
    if (mg)
        element_text(w, 0x00080008, "CS", "DERIVED\\PRIMARY\\");
    else
        element_printf(w, 0x00080008, "CS", "DERIVED\\PRIMARY\\SMALL PARTS\\%04X", f->modes);
    element_text(w, 0x00080016, "UI", sop_class(f->kind));
    element_text(w, 0x00080018, "UI", f->instance);
    static const uint32_t dates[] = {0x00080020, 0x00080021, 0x00080022, 0x00080023};
    static const uint32_t times[] = {0x00080030, 0x00080031, 0x00080032, 0x00080033};
    for (int i = 0; i < 4; i++)
        element_text(w, dates[i], "DA", f->study_date);
    for (int i = 0; i < 4; i++)
        element_text(w, times[i], "TM", f->study_time);
    element_text(w, 0x00080050, "SH", f->accession);
    element_text(w, 0x00080060, "CS", mg ? "MG" : "US");
    if (mg)
        element_text(w, 0x00080068, "CS", "FOR PRESENTATION");
    element_text(w, 0x00080070, "LO", f->manufacturer);
    element_text(w, 0x00080080, "LO", f->institution);
    element_text(w, 0x00080090, "PN", "");
    element_text(w, 0x00081030, "LO", f->study_description);
    element_text(w, 0x0008103e, "LO", f->series_description);
    element_text(w, 0x00081090, "LO", f->model);
    element_text(w, 0x00082111, "ST", "SYNTHETIC: computed from a model, not acquired from any person");
    element_code(w, 0x00082218, "76752008", "SCT", "Breast");
}

static void put_patient(struct element_writer *w, const struct dicom_facts *f) {
    element_text(w, 0x00100010, "PN", f->patient_name);
    element_text(w, 0x00100020, "LO", f->patient_id);
    element_text(w, 0x00100030, "DA", "");
    element_text(w, 0x00100040, "CS", "F");
    element_printf(w, 0x00101010, "AS", "%03dY", f->patient_years);
}

static void put_acquisition_mg(struct element_writer *w, const struct dicom_facts *f) {
    element_text(w, 0x00180015, "CS", "BREAST");
    element_printf(w, 0x00180060, "DS", "%.1f", f->kvp);
    element_text(w, 0x00181020, "LO", f->software);
    element_printf(w, 0x00181164, "DS", "%.6g\\%.6g", f->mm, f->mm); /* Imager Pixel Spacing */
    element_printf(w, 0x001811a0, "DS", "%.1f", f->breast_mm);       /* Body Part Thickness */
    element_text(w, 0x00181508, "CS", "MAMMOGRAPHIC");
    element_text(w, 0x00185101, "CS", f->view);
    element_text(w, 0x00187004, "CS", "DIRECT"); /* Detector Type */
}

/* PS3.3 C.8.5.5; texts of locations are unsigned or signed as the table there says. */
static void put_regions(struct element_writer *w, const struct dicom_facts *f) {
    element_begin_sequence(w, 0x00186011);
    for (int i = 0; i < f->n_regions; i++) {
        const struct dicom_region *r = &f->region[i];
        element_begin_item(w);
        element_us1(w, 0x00186012, r->spatial_format);
        element_us1(w, 0x00186014, r->data_type);
        element_ul1(w, 0x00186016, r->flags);
        element_ul1(w, 0x00186018, r->x0);
        element_ul1(w, 0x0018601a, r->y0);
        element_ul1(w, 0x0018601c, r->x1);
        element_ul1(w, 0x0018601e, r->y1);
        element_us1(w, 0x00186024, r->unit_x);
        element_us1(w, 0x00186026, r->unit_y);
        element_fd1(w, 0x0018602c, r->delta_x);
        element_fd1(w, 0x0018602e, r->delta_y);
        element_end(w);
    }
    element_end(w);
}

static void put_acquisition_us(struct element_writer *w, const struct dicom_facts *f) {
    element_text(w, 0x00180015, "CS", "BREAST");
    element_text(w, 0x00181020, "LO", f->software);
    put_regions(w, f);
}

static void put_relationship(struct element_writer *w, const struct dicom_facts *f) {
    const bool mg = f->kind == DICOM_KIND_MG;
    const char side[2] = {f->side, 0};
    element_text(w, 0x0020000d, "UI", f->study);
    element_text(w, 0x0020000e, "UI", f->series);
    element_text(w, 0x00200010, "SH", f->study_id);
    element_printf(w, 0x00200011, "IS", "%d", f->series_number);
    element_printf(w, 0x00200013, "IS", "%d", f->instance_number);
    element_printf(w, 0x00200020, "CS", "%s\\%s", f->orientation[0], f->orientation[1]);
    element_text(w, mg ? 0x00200062 : 0x00200060, "CS", side);
    element_text(w, 0x00204000, "LT", f->image_comments);
}

static void put_lut(struct element_writer *w, const struct dicom_facts *f) {
    const uint16_t entries = (uint16_t)(1 << f->bits);
    element_begin_sequence(w, 0x00283010);
    element_begin_item(w);
    element_us(w, 0x00283002, (const uint16_t[]){entries, 0, (uint16_t)f->bits}, 3);
    element_text(w, 0x00283003, "LO", "NORMAL");
    element_bytes(w, 0x00283006, "OW", f->lut, 2 * (size_t)entries);
    element_end(w);
    element_end(w);
}

static void put_grid(struct element_writer *w, const struct image *im, const struct dicom_facts *f) {
    const bool mg = f->kind == DICOM_KIND_MG;
    element_us1(w, 0x00280002, (unsigned)im->channels);
    element_text(w, 0x00280004, "CS", !mg ? "RGB" : f->monochrome1 ? "MONOCHROME1" : "MONOCHROME2");
    if (!mg)
        element_us1(w, 0x00280006, 0);
    element_us1(w, 0x00280010, im->height);
    element_us1(w, 0x00280011, im->width);
    if (!mg)
        element_us1(w, 0x00280014, f->colour); /* Ultrasound Color Data Present */
    else
        element_printf(w, 0x00280030, "DS", "%.6g\\%.6g", f->mm, f->mm);
    element_us1(w, 0x00280100, (unsigned)im->bits);
    element_us1(w, 0x00280101, (unsigned)(mg ? f->bits : 8));
    element_us1(w, 0x00280102, (unsigned)(mg ? f->bits : 8) - 1);
    element_us1(w, 0x00280103, 0);
    element_text(w, 0x00280301, "CS", "NO");
}

/* What follows the grid in a mammogram: DX Image, Mammography Image, DX Detector. */
static void put_presentation_mg(struct element_writer *w, const struct dicom_facts *f) {
    element_text(w, 0x00281040, "CS", "LOG"); /* Pixel Intensity Relationship */
    element_ss1(w, 0x00281041, f->monochrome1 ? 1 : -1);
    if (f->voi != DICOM_WINDOW_LUT) {
        element_printf(w, 0x00281050, "DS", "%.10g", f->center);
        element_printf(w, 0x00281051, "DS", "%.10g", f->width);
    }
    element_text(w, 0x00281052, "DS", "0");
    element_text(w, 0x00281053, "DS", "1");
    element_text(w, 0x00281054, "LO", "US");
    if (f->voi != DICOM_WINDOW_LUT) {
        element_text(w, 0x00281055, "LO", "NORMAL");
        element_text(w, 0x00281056, "CS", f->voi == DICOM_WINDOW_SIGMOID ? "SIGMOID" : "LINEAR");
    }
    element_text(w, 0x00281300, "CS", "NO"); /* Breast Implant Present */
    element_text(w, 0x00281350, "CS", "NO"); /* Partial View */
    element_text(w, 0x00282110, "CS", "00");
    if (f->voi == DICOM_WINDOW_LUT)
        put_lut(w, f);
}

/* SNOMED CT, PS3.16 CID 4014. */
static void put_view(struct element_writer *w, const struct dicom_facts *f) {
    const bool cc = strcmp(f->view, "CC") == 0;
    element_text(w, 0x00400318, "CS", "BREAST"); /* Organ Exposed */
    element_begin_sequence(w, 0x00400555);       /* Acquisition Context: known to be empty */
    element_end(w);
    element_begin_sequence(w, 0x00540220);
    element_begin_item(w);
    element_text(w, 0x00080100, "SH", cc ? "399162004" : "399368009");
    element_text(w, 0x00080102, "SH", "SCT");
    element_text(w, 0x00080104, "LO", cc ? "cranio-caudal" : "medio-lateral oblique");
    element_begin_sequence(w, 0x00540222); /* no modifier */
    element_end(w);
    element_end(w);
    element_end(w);
    element_text(w, 0x20500020, "CS", f->monochrome1 ? "INVERSE" : "IDENTITY");
}

static int check(const struct image *im, const struct dicom_facts *f, struct err *e) {
    const bool mg = f->kind == DICOM_KIND_MG;
    if (im->width > UINT16_MAX || im->height > UINT16_MAX)
        return err_set(e, ERR_UNSUPPORTED, "%ux%u pixels do not fit a DICOM image", im->width, im->height);
    if (im->channels != (mg ? 1 : 3) || im->bits != (mg ? 16 : 8))
        return err_set(e, ERR_UNSUPPORTED, "%d channels of %d bits are not written as %s", im->channels, im->bits,
                       mg ? "mammography" : "ultrasound");
    if (mg && (f->bits < 8 || f->bits > 15 || (f->voi == DICOM_WINDOW_LUT && !f->lut)))
        return err_set(e, ERR_UNSUPPORTED, "%d bits, or a lookup table that is not there", f->bits);
    return 0;
}

int dicom_write(struct buf *out, const struct image *im, const struct dicom_facts *f, struct err *e) {
    static const char preamble[128];
    struct element_writer w = {.out = out, .e = e};
    const bool mg = f->kind == DICOM_KIND_MG;
    int rc = check(im, f, e);
    if (!rc)
        rc = buf_append(out, preamble, sizeof preamble, e);
    if (!rc)
        rc = buf_append(out, "DICM", 4, e);
    if (rc)
        return rc;
    put_meta(&w, f);
    put_identification(&w, f);
    put_patient(&w, f);
    if (mg)
        put_acquisition_mg(&w, f);
    else
        put_acquisition_us(&w, f);
    put_relationship(&w, f);
    put_grid(&w, im, f);
    if (mg) {
        put_presentation_mg(&w, f);
        put_view(&w, f);
    } else {
        element_text(&w, 0x00282110, "CS", "00");
    }
    const size_t bytes = (size_t)im->width * im->height * (size_t)im->channels * (size_t)im->bits / 8;
    static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "pixels are copied as they lie in memory");
    element_bytes(&w, 0x7fe00010, mg ? "OW" : "OB", im->pixels, bytes);
    return element_finish(&w);
}
