/* What the tags of a DICOM file say of whom it is, of which breast, and which view. Floor 4.
 *
 * View codes: PS3.16 CID 4014 and 4015, in SNOMED CT and in the older SNOMED-RT style; planes of ultrasound: CID 6 (transducer
 * orientation), which a View Code or its modifier may carry, and Patient Orientation, PS3.3 C.7.6.1.1.1. Region Data Type: PS3.3
 * C.8.5.5.1.2; value 4 of an ultrasound's Image Type: C.8.5.6.1.1. */
#include "scan/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLOUR_STEP = 32, REGION_2D = 1, REGION_TISSUE = 1, REGION_COLOUR_FLOW = 2 };
/* Shares of coloured pixels, as prep has them for its panes (docs/PREP.md, 7); here they are of the whole picture, so what lies between
 * them tells nothing: a small Doppler box and the elastogram of a half are alike. */
static const double COLOUR_NONE = 0.0002, COLOUR_MARKS = 0.005, COLOUR_OVERLAY = 0.25;
static const unsigned long TYPE_COLOUR = 0x10 | 0x20 | 0x100; /* Image Type, value 4: colour Doppler, colour M-mode, colour power */

struct code_row {
    const char *value, *scheme; /* scheme NULL: any SNOMED-RT designator */
    int meaning;
};
enum { VIEW_CC = 1, VIEW_MLO, VIEW_OTHER };
static const struct code_row mammography_views[] = {
    {"399162004", "SCT", VIEW_CC}, {"R-10242", NULL, VIEW_CC}, {"399368009", "SCT", VIEW_MLO}, {"R-10226", NULL, VIEW_MLO}};
static const struct code_row specimen_view[] = {{"127457009", "SCT", 1}, {"G-8310", NULL, 1}};
static const struct code_row planes[] = {{"62824007", "SCT", SCAN_TRANSVERSE},   {"G-A117", NULL, SCAN_TRANSVERSE},
                                         {"24422004", "SCT", SCAN_TRANSVERSE},   {"G-A147", NULL, SCAN_TRANSVERSE},
                                         {"38717003", "SCT", SCAN_LONGITUDINAL}, {"G-A143", NULL, SCAN_LONGITUDINAL},
                                         {"30730003", "SCT", SCAN_LONGITUDINAL}, {"G-A145", NULL, SCAN_LONGITUDINAL}};
static bool is_snomed_rt(const char *scheme) {
    return strcmp(scheme, "SRT") == 0 || strcmp(scheme, "SNM3") == 0 || strcmp(scheme, "99SDM") == 0;
}

static int code_meaning(const struct dicom_code *c, const struct code_row *rows, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(c->value, rows[i].value) == 0 && (rows[i].scheme ? strcmp(c->scheme, rows[i].scheme) == 0 : is_snomed_rt(c->scheme)))
            return rows[i].meaning;
    return 0;
}
#define MEANING(c, rows) code_meaning(c, rows, sizeof(rows) / sizeof *(rows))

static void refuse(struct scan_facts *f, int code, const char *reason) {
    if (f->code)
        return;
    f->code = code;
    f->reason = reason;
}

/* PS3.3 C.8.11.7 */
static int view_of(const struct dicom *d) {
    int by_code = d->view.value[0] ? MEANING(&d->view, mammography_views) : 0;
    int by_text = strcmp(d->view_position, "CC") == 0 ? VIEW_CC : strcmp(d->view_position, "MLO") == 0 ? VIEW_MLO : 0;
    if (d->view.value[0] && !by_code)
        by_code = VIEW_OTHER;
    if (d->view_position[0] && !by_text)
        by_text = VIEW_OTHER;
    if (by_code && by_text && by_code != by_text)
        return -1;
    return by_code ? by_code : by_text;
}

/* PS3.3 C.8.11.7.1.4: values that make a picture something else than a plain mammogram. `prefix`: of a family of values. */
static const struct {
    const char *value;
    bool prefix;
    int code;
    const char *reason;
} odd_types[] = {
    {"GENERATED_2D", false, ERR_TOMOSYNTHESIS, "Image Type (0008,0008) says: synthesised from tomosynthesis"},
    {"TOMO", true, ERR_TOMOSYNTHESIS, "Image Type (0008,0008) says: tomosynthesis"},
    {"SUBTRACTION", false, ERR_VIEW_NOT_STANDARD, "Image Type (0008,0008) says: a subtraction"},
    {"ADDITION", false, ERR_VIEW_NOT_STANDARD, "Image Type (0008,0008) says: an addition"},
    {"HIGH_ENERGY", false, ERR_VIEW_NOT_STANDARD, "Image Type (0008,0008) says: a high energy exposure"},
    {"POST_CONTRAST", false, ERR_VIEW_NOT_STANDARD, "Image Type (0008,0008) says: after contrast medium"},
    {"STEREO", true, ERR_VIEW_NOT_STANDARD, "Image Type (0008,0008) says: a stereotactic view"},
    {"PREFIRE", true, ERR_VIEW_NOT_STANDARD, "Image Type (0008,0008) says: taken during a biopsy"},
    {"POSTFIRE", true, ERR_VIEW_NOT_STANDARD, "Image Type (0008,0008) says: taken during a biopsy"},
    {"POSTBIOPSY", true, ERR_VIEW_NOT_STANDARD, "Image Type (0008,0008) says: taken after a biopsy"},
    {"POSTMARKER", true, ERR_VIEW_NOT_STANDARD, "Image Type (0008,0008) says: taken after a marker was set"},
};

static void read_types(struct scan_facts *f, const struct dicom *d) {
    for (int i = 0; i < d->n_image_type; i++)
        for (size_t k = 0; k < sizeof odd_types / sizeof *odd_types; k++) {
            size_t n = strlen(odd_types[k].value) + !odd_types[k].prefix;
            if (strncmp(d->image_type[i], odd_types[k].value, n) == 0)
                refuse(f, odd_types[k].code, odd_types[k].reason);
        }
}

static bool is_view_name(const char *text) {
    return strcmp(text, "CC") == 0 || strcmp(text, "MLO") == 0;
}

/* In the order of docs/PREP.md, section 1, whose rules these are; here the view comes from the tags alone, for there is no slot yet. */
static void read_mammogram(struct scan_facts *f, const struct dicom *d) {
    f->modality = SCAN_MG;
    if (d->frames_are_slices || d->frames > 1 || strcmp(d->sop_class, "1.2.840.10008.5.1.4.1.1.13.1.3") == 0)
        refuse(f, ERR_TOMOSYNTHESIS, "slices of tomosynthesis");
    read_types(f, d);
    if (strcmp(d->intent, "FOR PROCESSING") == 0 || strcmp(d->sop_class, "1.2.840.10008.5.1.4.1.1.1.2.1") == 0)
        refuse(f, ERR_FOR_PROCESSING, "Presentation Intent Type (0008,0068) says FOR PROCESSING");
    if (d->implant == DICOM_YES)
        refuse(f, ERR_IMPLANT, "Breast Implant Present (0028,1300) says YES");
    int view = view_of(d);
    if (view < 0)
        refuse(f, ERR_VIEW_MISMATCH, "View Code Sequence (0054,0220) and View Position (0018,5101) name different views");
    else if (view != VIEW_CC && view != VIEW_MLO)
        refuse(f, ERR_VIEW_NOT_STANDARD,
               view ? "neither CC nor MLO"
               : is_view_name(d->orientation[0])
                   ? "no view is named: Patient Orientation (0020,0020) holds one, where directions belong, and is not believed"
                   : "no view is named: View Code Sequence and View Position are absent");
    if (d->n_view_modifiers)
        refuse(f, ERR_VIEW_NOT_STANDARD, "View Modifier Code Sequence (0054,0222) names a special view");
    f->is_mlo = view == VIEW_MLO;
}

/* Left-right along the rows is a transverse plane, head-foot along them a sagittal one. */
static enum scan_plane plane_of_orientation(const struct dicom *d) {
    char row = d->orientation[0][0];
    if (row == 'L' || row == 'R')
        return SCAN_TRANSVERSE;
    return row == 'H' || row == 'F' ? SCAN_LONGITUDINAL : SCAN_PLANE_UNKNOWN;
}

static void read_plane(struct scan_facts *f, const struct dicom *d) {
    bool said[3] = {false};
    said[MEANING(&d->view, planes)] = true;
    for (int i = 0; i < d->n_view_modifiers; i++)
        said[MEANING(&d->view_modifier[i], planes)] = true;
    said[plane_of_orientation(d)] = true;
    if (said[SCAN_TRANSVERSE] && said[SCAN_LONGITUDINAL])
        refuse(f, ERR_VIEW_MISMATCH, "its attributes say transverse and longitudinal at once");
    f->plane = said[SCAN_TRANSVERSE] ? SCAN_TRANSVERSE : said[SCAN_LONGITUDINAL] ? SCAN_LONGITUDINAL : SCAN_PLANE_UNKNOWN;
}

static bool says_colour_doppler(const struct dicom *d) {
    for (int i = 0; i < d->n_regions; i++)
        if (d->region[i].data_type == REGION_COLOUR_FLOW)
            return true;
    if (d->n_image_type < 4 || !d->image_type[3][0])
        return false;
    char *end;
    unsigned long bits = strtoul(d->image_type[3], &end, 16);
    return !*end && (bits & TYPE_COLOUR);
}

/* DICOM has no tag for elastography: devices write tissue or colour flow. What the colours do not tell beyond doubt is left to the user. */
static void read_kind(struct scan_facts *f, const struct dicom *d, double colour) {
    bool flow = says_colour_doppler(d);
    if (flow && colour > COLOUR_OVERLAY)
        refuse(f, ERR_IMAGE_KIND, "its attributes say colour flow, but a quarter of the picture is coloured, as in elastography");
    else if (!flow && colour > COLOUR_MARKS && colour <= COLOUR_OVERLAY)
        refuse(f, ERR_IMAGE_KIND,
               "a picture with colour, and no attribute says colour flow: Doppler and elastography cannot be distinguished");
    else if (!flow && d->n_regions == 0 && colour > COLOUR_NONE && colour <= COLOUR_MARKS)
        refuse(f, ERR_IMAGE_KIND, "a little colour, and no attribute says whether it is flow or marks");
    f->kind = flow ? SCAN_DOPPLER : colour > COLOUR_OVERLAY ? SCAN_ELASTO : SCAN_BMODE;
}

static void read_ultrasound(struct scan_facts *f, const struct dicom *d, double colour) {
    f->modality = SCAN_US;
    read_kind(f, d, colour);
    read_plane(f, d);
    if (d->frames > 1)
        f->remark = d->representative ? "several frames: the file's representative one will be used"
                                      : "several frames: the middle one will be used";
}

static void read_side(struct scan_facts *f, const struct dicom *d) {
    const char *image = d->image_laterality, *series = d->laterality;
    bool both_said = image[0] && series[0];
    if (both_said && image[0] != series[0])
        refuse(f, ERR_SIDE_MISMATCH, "Image Laterality (0020,0062) and Laterality (0020,0060) name different sides");
    const char *side = image[0] ? image : series;
    if (strcmp(side, "L") == 0 || strcmp(side, "R") == 0)
        f->side = side[0];
    else if (strcmp(side, "B") == 0)
        refuse(f, ERR_SIDE_UNKNOWN, "it shows both breasts");
    else
        refuse(f, ERR_SIDE_UNKNOWN, "neither Image Laterality (0020,0062) nor Laterality (0020,0060) says which breast it is");
}

static bool is_date(const char *s) {
    return strlen(s) == 8 && strspn(s, "0123456789") == 8;
}

static int keep(const char **to, struct arena *arena, const char *text, struct err *e) {
    *to = arena_strdup(arena, text, e);
    return *to ? 0 : ERR_NO_MEMORY;
}

static int keep_texts(struct scan_facts *f, struct arena *arena, const struct dicom *d, struct err *e) {
    if (keep(&f->patient_id, arena, d->patient_id, e) || keep(&f->study, arena, d->study, e) || keep(&f->instance, arena, d->instance, e) ||
        keep(&f->manufacturer, arena, d->manufacturer, e))
        return ERR_NO_MEMORY;
    return 0;
}

enum slot scan_transverse_slot(enum scan_kind kind) {
    static const enum slot slots[SCAN_KIND_COUNT] = {
        [SCAN_BMODE] = SLOT_US_BMODE_TRANS, [SCAN_DOPPLER] = SLOT_US_DOPPLER_TRANS, [SCAN_ELASTO] = SLOT_US_ELASTO_TRANS};
    return slots[kind];
}

void scan_view_from_dicom(struct scan_facts *out, const struct dicom *d, double colour) {
    *out = (struct scan_facts){.reason = "", .remark = "", .patient_id = "", .study = "", .instance = "", .manufacturer = ""};
    bool mg = strcmp(d->modality, "MG") == 0, us = strcmp(d->modality, "US") == 0;
    if (!mg && !us)
        refuse(out, ERR_MODALITY_WRONG, "neither mammography (MG) nor ultrasound (US) by Modality (0008,0060)");
    if (d->specimen || MEANING(&d->view, specimen_view))
        refuse(out, ERR_SPECIMEN, "an image of a specimen");
    if (d->body_part[0] && strcmp(d->body_part, "BREAST") != 0)
        refuse(out, ERR_IMAGE_NOT_BREAST, "Body Part Examined (0018,0015) says another part than the breast");
    if (us && !d->body_part[0] && d->organ[0] && strcmp(d->organ, "BREAST") != 0)
        refuse(out, ERR_IMAGE_NOT_BREAST, "Image Type, the descriptions or the coded anatomy name another organ than the breast");
    if (mg)
        read_mammogram(out, d);
    if (us)
        read_ultrasound(out, d, colour);
}

int scan_facts_from_dicom(struct scan_facts *out, struct arena *arena, const struct dicom *d, uint32_t width, uint32_t height,
                          double colour, struct err *e) {
    scan_view_from_dicom(out, d, colour);
    if (keep_texts(out, arena, d, e))
        return ERR_NO_MEMORY;
    if (is_date(d->study_date))
        memcpy(out->study_date, d->study_date, 9);
    if (is_date(d->content_date))
        snprintf(out->made, sizeof out->made, "%s%s", d->content_date, d->content_time);
    out->lossy = d->lossy == DICOM_YES;
    out->pixels = (uint64_t)width * height;
    out->frames = d->frames;
    if (!d->patient_id[0])
        refuse(out, ERR_SCAN_NO_PATIENT, "Patient ID (0010,0020) is empty");
    if (!d->study[0])
        refuse(out, ERR_DICOM_SYNTAX, "Study Instance UID (0020,000D) is empty");
    read_side(out, d);
    return 0;
}

/* Where the file says that an echo picture lies: 2D, tissue or colour flow. */
static int echo_boxes(struct dicom_box box[DICOM_REGIONS_MAX], const struct image *im) {
    int n = 0;
    for (int i = 0; im->dicom && i < im->dicom->n_regions; i++) {
        const struct dicom_region *r = &im->dicom->region[i];
        if (r->spatial_format == REGION_2D && (r->data_type == REGION_TISSUE || r->data_type == REGION_COLOUR_FLOW))
            n += dicom_region_box(&box[n], r, im->width, im->height);
    }
    return n;
}

static bool in_boxes(const struct dicom_box *box, int n, uint32_t x, uint32_t y) {
    for (int i = 0; i < n; i++)
        if (x >= box[i].x0 && x < box[i].x1 && y >= box[i].y0 && y < box[i].y1)
            return true;
    return false;
}

double scan_colour(const struct image *im) {
    if (!im->pixels || im->channels != 3 || im->bits != 8)
        return 0;
    struct dicom_box box[DICOM_REGIONS_MAX];
    const int boxes = echo_boxes(box, im);
    size_t n = 0, coloured = 0;
    for (size_t i = 0, pixels = (size_t)im->width * im->height; i < pixels; i++) {
        const uint8_t *p = (const uint8_t *)im->pixels + 3 * i;
        if (boxes > 0 && !in_boxes(box, boxes, (uint32_t)(i % im->width), (uint32_t)(i / im->width)))
            continue;
        n++;
        int high = p[0] > p[1] ? p[0] : p[1], low = p[0] < p[1] ? p[0] : p[1];
        high = high > p[2] ? high : p[2];
        low = low < p[2] ? low : p[2];
        coloured += high - low >= COLOUR_STEP && 3 * (high - low) >= high;
    }
    return n ? (double)coloured / (double)n : 0;
}
