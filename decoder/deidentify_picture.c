/* De-identification: which pixels may stay. Floor 1. */
#include "deidentify_picture.h"

#include <string.h>

enum {
    REGION_SIDE_MIN = 16, /* pixels: a smaller region holds no picture, and a file that leaves no more is spoilt, not cleaned */
    LETTERS = 4,          /* in a line: shorter ones are a ruler's numbers */
    LETTERS_MARKER = 7    /* ... of an X-ray picture, where lead markers stand: RMLO and two initials */
};

const char *picture_verdict_name(enum picture_verdict v) {
    static const char *const names[] = {"as it was", "cleaned", "kept on demand"};
    return names[v];
}

static bool is_one_of(const char *text, const char *const *list, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(text, list[i]) == 0)
            return true;
    return false;
}
#define IS_ONE_OF(text, list) is_one_of(text, list, sizeof(list) / sizeof *(list))

static bool is_ultrasound(const struct dicom *d) {
    static const char *const classes[] = {"1.2.840.10008.5.1.4.1.1.3",   "1.2.840.10008.5.1.4.1.1.3.1", "1.2.840.10008.5.1.4.1.1.6",
                                          "1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.6.2", "1.2.840.10008.5.1.4.1.1.6.3"};
    return strcmp(d->modality, "US") == 0 || strcmp(d->modality, "IVUS") == 0 || IS_ONE_OF(d->sop_class, classes);
}

/* SOP classes of devices whose pixels are measurements; text is laid over them as overlays and presentation states. PS3.4 B.5. */
static bool is_measured(const struct dicom *d) {
    static const char *const classes[] = {
        "1.2.840.10008.5.1.4.1.1.1",      /* computed radiography */
        "1.2.840.10008.5.1.4.1.1.1.1",    /* digital X-ray, for presentation */
        "1.2.840.10008.5.1.4.1.1.1.1.1",  /* ... for processing */
        "1.2.840.10008.5.1.4.1.1.1.2",    /* mammography, for presentation */
        "1.2.840.10008.5.1.4.1.1.1.2.1",  /* ... for processing */
        "1.2.840.10008.5.1.4.1.1.2",      /* CT */
        "1.2.840.10008.5.1.4.1.1.2.1",    /* enhanced CT */
        "1.2.840.10008.5.1.4.1.1.4",      /* MR */
        "1.2.840.10008.5.1.4.1.1.4.1",    /* enhanced MR */
        "1.2.840.10008.5.1.4.1.1.12.1",   /* angiography */
        "1.2.840.10008.5.1.4.1.1.12.1.1", /* enhanced angiography */
        "1.2.840.10008.5.1.4.1.1.12.2",   /* fluoroscopy */
        "1.2.840.10008.5.1.4.1.1.13.1.1", /* 3D angiography */
        "1.2.840.10008.5.1.4.1.1.13.1.3", /* breast tomosynthesis */
        "1.2.840.10008.5.1.4.1.1.13.1.4", /* breast projections, for presentation */
        "1.2.840.10008.5.1.4.1.1.13.1.5", /* ... for processing */
        "1.2.840.10008.5.1.4.1.1.20",     /* nuclear medicine */
        "1.2.840.10008.5.1.4.1.1.66.4",   /* segmentation */
        "1.2.840.10008.5.1.4.1.1.128",    /* PET */
        "1.2.840.10008.5.1.4.1.1.130",    /* enhanced PET */
        "1.2.840.10008.5.1.4.1.1.481.2",  /* dose */
    };
    return IS_ONE_OF(d->sop_class, classes);
}

/* The second value of Image Type says that it was made after the examination; software names captures of screens in any place. */
static bool is_capture(const struct dicom *d) {
    static const char *const words[] = {"SCREEN", "CAPTURE", "REPORT"};
    if (d->n_image_type > 1 && strcmp(d->image_type[1], "SECONDARY") == 0)
        return true;
    for (int i = 0; i < d->n_image_type; i++)
        for (size_t k = 0; k < sizeof words / sizeof *words; k++)
            if (strstr(d->image_type[i], words[k]))
                return true;
    return false;
}

/* PS3.3 C.8.5.5.1.1 and .2: 2D or M-mode of tissue or colour flow, spectra of pulsed or continuous wave. */
static bool is_echo(const struct dicom_region *r) {
    const bool picture = r->data_type == 1 || r->data_type == 2, spectrum = r->data_type == 3 || r->data_type == 4;
    return ((r->spatial_format == 1 || r->spatial_format == 2) && picture) || (r->spatial_format == 3 && spectrum);
}

static void list_regions(struct picture *p, const struct image *im) {
    for (int i = 0; i < im->dicom->n_regions; i++) {
        struct dicom_box box;
        if (is_echo(&im->dicom->region[i]) && dicom_region_box(&box, &im->dicom->region[i], im->width, im->height) &&
            box.x1 - box.x0 >= REGION_SIDE_MIN && box.y1 - box.y0 >= REGION_SIDE_MIN)
            p->keep[p->n++] = box;
    }
}

/* Why text may be in the picture, of a kind that is not blanked; NULL: nothing speaks for it. */
static const char *doubt_of(const struct dicom *d, bool converted, bool ultrasound) {
    if (ultrasound && d->n_regions == 0)
        return "an ultrasound picture without regions: text in it cannot be told from it";
    if (ultrasound)
        return "none of the ultrasound regions holds an echo picture: nothing would be left";
    if (d->burned_in == DICOM_YES)
        return "the file says that text is burned into the picture";
    if (d->burned_in == DICOM_NO)
        return NULL;
    if (!is_measured(d))
        return "a secondary capture, a photograph or another kind of picture that text may be burned into, and the file does not say that "
               "there is none";
    if (converted || is_capture(d))
        return "a picture made from another one or from a screen, and the file does not say that no text is burned into it";
    return NULL;
}

static int refused(const char *doubt, struct err *e) {
    return err_set(e, ERR_DEIDENTIFY_PIXELS, "%s", doubt);
}

int picture_plan(struct picture *out, const struct image *facts, bool converted, bool on_demand, struct err *e) {
    const struct dicom *d = facts->dicom;
    const bool ultrasound = is_ultrasound(d);
    *out = (struct picture){.on_demand = on_demand,
                            .letters = strncmp(d->sop_class, "1.2.840.10008.5.1.4.1.1.1", 25) == 0 ? LETTERS_MARKER : LETTERS};
    if (ultrasound && d->truncated)
        out->doubt = "a list in the file is longer than it may be: what the picture's regions hold cannot be told";
    else if (ultrasound)
        list_regions(out, facts);
    if (out->n == 0 && !out->doubt)
        out->doubt = doubt_of(d, converted, ultrasound);
    return out->doubt && !on_demand ? refused(out->doubt, e) : 0;
}

static void blank(struct picture *p, struct image *frame) {
    const size_t pixel = (size_t)frame->channels * (size_t)frame->bits / 8;
    const bool white_is_zero = strcmp(frame->dicom->photometric, "MONOCHROME1") == 0 && !frame->is_signed;
    uint8_t black[8];
    uint8_t *row = frame->pixels;
    memset(black, 0, sizeof black);
    if (white_is_zero) {
        const uint16_t top = (uint16_t)((1u << frame->dicom->bits_stored) - 1);
        memcpy(black, &top, pixel <= 2 ? pixel : 2);
    }
    for (uint32_t y = 0; y < frame->height && p->n > 0; y++, row += frame->width * pixel)
        for (uint32_t x = 0; x < frame->width; x++) {
            bool stays = false;
            for (int i = 0; i < p->n && !stays; i++)
                stays = p->keep[i].x0 <= x && x < p->keep[i].x1 && p->keep[i].y0 <= y && y < p->keep[i].y1;
            if (stays)
                continue;
            p->removed += memcmp(row + x * pixel, black, pixel) != 0;
            memcpy(row + x * pixel, black, pixel);
        }
}

int picture_clean(struct picture *p, struct image *frame, struct err *e) {
    struct lettering found;
    blank(p, frame);
    int rc = lettering_find(&found, frame, p->letters, e);
    if (!rc && found.glyphs > p->found.glyphs)
        p->found = found;
    return rc;
}

int picture_judge(enum picture_verdict *out, const struct picture *p, const struct dicom *d, struct err *e) {
    const char *doubt = p->doubt;
    if (p->n > 0 && p->removed == 0 && d->burned_in == DICOM_YES)
        doubt = "the file says that text is burned into the picture, but nothing lies outside of the ultrasound regions";
    else if (p->n > 0 && p->removed == 0 && d->burned_in == DICOM_ABSENT)
        doubt = "nothing lies outside of the ultrasound regions, and the file does not say that no text is burned in";
    if (doubt && !p->on_demand)
        return refused(doubt, e);
    if (p->found.glyphs > 0 && !p->on_demand)
        return err_set(e, ERR_DEIDENTIFY_PIXELS,
                       "what looks like text stands in the part of the picture that stays: %d letters at %u,%u to %u,%u", p->found.glyphs,
                       p->found.x0, p->found.y0, p->found.x1, p->found.y1);
    *out = doubt || p->found.glyphs > 0 ? PICTURE_KEPT : p->removed ? PICTURE_CLEANED : PICTURE_AS_IT_WAS;
    return 0;
}
