/* What the tags of a DICOM file say of whom it is, of which breast, and which view. Floor 2.
 *
 * View codes: PS3.16 CID 4014 and 4015, in SNOMED CT and in the older SNOMED-RT style; planes of ultrasound: CID 6 (transducer
 * orientation), which a View Code or its modifier may carry, and Patient Orientation, PS3.3 C.7.6.1.1.1. Region Data Type: PS3.3
 * C.8.5.5.1.2; value 4 of an ultrasound's Image Type: C.8.5.6.1.1. */
#include "data/scan/facts.h"

#include <stdlib.h>
#include <string.h>

enum { COLOUR_STEP = 40, REGION_COLOUR_FLOW = 2 };
/* Calipers, a marker or a logo in colour stay below the first share; less than it is a grey picture. */
static const double COLOUR_FEW = 0.002;
static const unsigned long TYPE_COLOUR = 0x10 | 0x20 | 0x100; /* Image Type, value 4: colour Doppler, colour M-mode, colour power */

struct code_row {
    const char *value, *scheme; /* scheme NULL: any SNOMED-RT designator */
    int meaning;
};
enum { VIEW_CC = 1, VIEW_MLO, VIEW_OTHER };
static const struct code_row mammography_views[] = {
    {"399162004", "SCT", VIEW_CC}, {"R-10242", NULL, VIEW_CC}, {"399368009", "SCT", VIEW_MLO}, {"R-10226", NULL, VIEW_MLO}};
static const struct code_row planes[] = {{"62824007", "SCT", SCAN_TRANSVERSE},   {"G-A117", NULL, SCAN_TRANSVERSE},
                                         {"24422004", "SCT", SCAN_TRANSVERSE},   {"G-A147", NULL, SCAN_TRANSVERSE},
                                         {"38717003", "SCT", SCAN_LONGITUDINAL}, {"G-A143", NULL, SCAN_LONGITUDINAL},
                                         {"30730003", "SCT", SCAN_LONGITUDINAL}, {"G-A145", NULL, SCAN_LONGITUDINAL}};
/* Modifiers that leave a CC or MLO a standard view. */
static const struct code_row harmless_modifiers[] = {{"442581004", "SCT", 1}, {"R-40AB3", NULL, 1}}; /* nipple in profile */

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

static bool has_type(const struct dicom *d, const char *value) {
    for (int i = 0; i < d->n_image_type; i++)
        if (strcmp(d->image_type[i], value) == 0)
            return true;
    return false;
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

static void read_mammogram(struct scan_facts *f, const struct dicom *d) {
    static const char *const synthesised[] = {"TOMOSYNTHESIS", "TOMO", "GENERATED_2D", "TOMO_2D"};
    f->modality = SCAN_MG;
    if (d->specimen)
        refuse(f, ERR_SPECIMEN, "an image of a specimen");
    if (strcmp(d->intent, "FOR PROCESSING") == 0 || strcmp(d->sop_class, "1.2.840.10008.5.1.4.1.1.1.2.1") == 0)
        refuse(f, ERR_FOR_PROCESSING, "Presentation Intent Type (0008,0068) says FOR PROCESSING");
    bool tomosynthesis = d->frames_are_slices;
    for (size_t i = 0; i < sizeof synthesised / sizeof *synthesised; i++)
        tomosynthesis = tomosynthesis || has_type(d, synthesised[i]);
    if (tomosynthesis)
        refuse(f, ERR_TOMOSYNTHESIS, "slices of tomosynthesis, or a view made from them");
    if (d->implant == DICOM_YES)
        refuse(f, ERR_IMPLANT, "Breast Implant Present (0028,1300) says YES");
    int view = view_of(d);
    if (view < 0)
        refuse(f, ERR_VIEW_MISMATCH, "View Code Sequence (0054,0220) and View Position (0018,5101) name different views");
    else if (view != VIEW_CC && view != VIEW_MLO)
        refuse(f, ERR_VIEW_NOT_STANDARD, view ? "neither CC nor MLO" : "no view is named: View Code Sequence and View Position are absent");
    for (int i = 0; i < d->n_view_modifiers; i++)
        if (!MEANING(&d->view_modifier[i], harmless_modifiers))
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

static bool says_elastography(const struct dicom *d) {
    return has_type(d, "ELASTOGRAPHY") || has_type(d, "ELASTO");
}

static void read_ultrasound(struct scan_facts *f, const struct dicom *d, double colour) {
    bool doppler = says_colour_doppler(d), elasto = says_elastography(d);
    f->modality = SCAN_US;
    if (d->specimen)
        refuse(f, ERR_SPECIMEN, "an image of a specimen");
    if (doppler && elasto)
        refuse(f, ERR_IMAGE_KIND, "its attributes say colour Doppler and elastography at once");
    else if (!doppler && !elasto && colour > COLOUR_FEW)
        refuse(f, ERR_IMAGE_KIND, "a colour picture, and no attribute says whether it is colour Doppler or elastography");
    f->kind = doppler ? SCAN_DOPPLER : elasto ? SCAN_ELASTO : SCAN_BMODE;
    read_plane(f, d);
    if (d->frames > 1)
        f->remark = "several frames: the middle one will be used";
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

int scan_facts_from_dicom(struct scan_facts *out, struct arena *arena, const struct dicom *d, uint32_t width, uint32_t height,
                          double colour, struct err *e) {
    *out = (struct scan_facts){.reason = "", .remark = "", .patient_id = "", .study = "", .instance = "", .manufacturer = ""};
    if (keep_texts(out, arena, d, e))
        return ERR_NO_MEMORY;
    if (is_date(d->study_date))
        memcpy(out->study_date, d->study_date, 9);
    if (is_date(d->content_date))
        memcpy(out->made, d->content_date, 9);
    out->lossy = d->lossy == DICOM_YES;
    out->pixels = (uint64_t)width * height;
    out->frames = d->frames;
    if (strcmp(d->modality, "MG") == 0)
        read_mammogram(out, d);
    else if (strcmp(d->modality, "US") == 0)
        read_ultrasound(out, d, colour);
    else
        refuse(out, ERR_MODALITY_WRONG, "neither mammography (MG) nor ultrasound (US) by Modality (0008,0060)");
    if (!d->patient_id[0])
        refuse(out, ERR_SCAN_NO_PATIENT, "Patient ID (0010,0020) is empty");
    if (!d->study[0])
        refuse(out, ERR_DICOM_SYNTAX, "Study Instance UID (0020,000D) is empty");
    read_side(out, d);
    return 0;
}

double scan_colour(const struct image *im) {
    if (!im->pixels || im->channels != 3 || im->bits != 8)
        return 0;
    const uint8_t *p = im->pixels;
    size_t n = (size_t)im->width * im->height, coloured = 0;
    for (size_t i = 0; i < n; i++, p += 3) {
        int high = p[0] > p[1] ? p[0] : p[1], low = p[0] < p[1] ? p[0] : p[1];
        high = high > p[2] ? high : p[2];
        low = low < p[2] ? low : p[2];
        coloured += high - low > COLOUR_STEP;
    }
    return n ? (double)coloured / (double)n : 0;
}
