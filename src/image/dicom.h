/* What a DICOM file says of its pixels, its patient and its view, as the decoder hands it over: facts, nothing decided. Floor 2.
 *
 * Texts are UTF-8, trimmed of DICOM's padding, "" if the attribute is absent or empty; a text longer than its room makes the file malformed
 * (its value representation forbids it). Attribute names and numbers: PS3.6. Names and other free text are not read at all.
 */
#ifndef BMU_IMAGE_DICOM_H
#define BMU_IMAGE_DICOM_H

#include <stdbool.h>
#include <stdint.h>

enum {
    DICOM_TEXT = 260,       /* 64 characters of LO or CS, up to four bytes each, and a NUL */
    DICOM_UID = 129,        /* twice the standard's 64: a longer one than that is tolerated */
    DICOM_VALUES_MAX = 16,  /* of Image Type, view modifiers, windows: more are not kept, and `truncated` says so */
    DICOM_REGIONS_MAX = 64, /* of Sequence of Ultrasound Regions */
    DICOM_LUTS_MAX = 8,
    DICOM_LUT_ENTRIES_MAX = 65536
};

struct dicom_code { /* an item of a code sequence */
    char value[DICOM_TEXT], scheme[DICOM_TEXT];
};
struct dicom_window { /* (0028,1050), (0028,1051), (0028,1055) */
    double center, width;
    char explanation[DICOM_TEXT];
};
struct dicom_lut {    /* PS3.3 C.11.1, C.11.2 */
    int32_t first;    /* first stored value mapped */
    uint32_t n;       /* entries; 65536 where the descriptor says 0 */
    int bits;         /* 8 .. 16: of an entry */
    uint16_t *values; /* owned by the struct dicom */
    char explanation[DICOM_TEXT];
};
struct dicom_region { /* PS3.3 C.8.5.5; pixel coordinates, corners inclusive */
    uint16_t spatial_format, data_type;
    uint32_t flags, x0, y0, x1, y1;
    uint16_t unit_x, unit_y; /* 3: cm */
    double delta_x, delta_y;
};
struct dicom_box { /* pixels, right and bottom exclusive */
    uint32_t x0, y0, x1, y1;
};
enum dicom_voi { DICOM_VOI_LINEAR, DICOM_VOI_LINEAR_EXACT, DICOM_VOI_SIGMOID, DICOM_VOI_OTHER }; /* absent: LINEAR */
enum dicom_shape { DICOM_SHAPE_ABSENT, DICOM_SHAPE_IDENTITY, DICOM_SHAPE_INVERSE, DICOM_SHAPE_OTHER };
enum dicom_flag { DICOM_ABSENT, DICOM_NO, DICOM_YES };
/* What a file does against the standard and is tolerated, because only one thing can be meant: bits of struct dicom.tolerated. */
enum dicom_tolerated {
    DICOM_NOT_SUBSAMPLED = 1, /* YBR_FULL_422 in native data of three bytes a pixel: nothing is subsampled */
    DICOM_LETTER_CASE = 2,    /* code strings in small letters */
    DICOM_LONG_UID = 4,       /* a UID of more than 64 characters */
    DICOM_DATE_DASHES = 8,    /* YYYY-MM-DD */
    DICOM_EMPTY_LUT = 16,     /* an item of Modality LUT Sequence that holds no table */
    DICOM_NO_DELIMITER = 32,  /* the file ends after the last fragment, without the delimiter */
    DICOM_NO_END = 64,        /* a JPEG 2000 stream without its end marker */
    DICOM_TOLERATED_ALL = 127
};

struct dicom {
    /* who and when */
    char patient_id[DICOM_TEXT], accession[DICOM_TEXT];
    char study[DICOM_UID], series[DICOM_UID], instance[DICOM_UID], sop_class[DICOM_UID], syntax[DICOM_UID];
    char study_date[9], content_date[9]; /* YYYYMMDD; content: Acquisition Date, else Content Date, else Series Date */
    char content_time[7];                /* HHMMSS of the same kind of time as content_date; "": not known */
    char patient_age[5], patient_sex[DICOM_TEXT];
    /* by what */
    char modality[DICOM_TEXT], manufacturer[DICOM_TEXT], model[DICOM_TEXT], institution_hash[17]; /* first 16 hex digits of its SHA-256 */
    /* which view */
    char laterality[DICOM_TEXT], image_laterality[DICOM_TEXT]; /* (0020,0060), (0020,0062) */
    char view_position[DICOM_TEXT];                            /* (0018,5101) */
    struct dicom_code view, view_modifier[DICOM_VALUES_MAX];   /* (0054,0220), (0054,0222) */
    int n_view_modifiers;
    char orientation[2][DICOM_TEXT]; /* Patient Orientation (0020,0020): of a row, of a column */
    char body_part[DICOM_TEXT];
    char organ[DICOM_TEXT];  /* what Image Type, the descriptions or the coded anatomy say is shown: BREAST, an organ's name, or "" */
    char intent[DICOM_TEXT]; /* Presentation Intent Type (0008,0068) */
    char image_type[DICOM_VALUES_MAX][DICOM_TEXT];
    int n_image_type;
    enum dicom_flag implant, burned_in, lossy, partial_view; /* (0028,1300), (0028,0301), (0028,2110), (0028,1350) */
    bool specimen;                                           /* Specimen Description Sequence, or anatomy coded as a specimen */
    bool frames_are_slices;                                  /* a tomosynthesis SOP class, or a functional group that says so */
    /* the pixels */
    char photometric[DICOM_TEXT]; /* as in the file; struct image is RGB or grey */
    int samples, bits_allocated, bits_stored, high_bit;
    bool is_signed, has_padding, has_rescale;
    uint32_t frames, frame;              /* how many; which one struct image holds, from 0 */
    bool representative;                 /* the file names that frame: Representative Frame Number (0028,6010) */
    int32_t padding_first, padding_last; /* if has_padding: inclusive, stored values, first <= last */
    double slope, intercept;             /* if has_rescale */
    struct dicom_lut modality_lut;       /* values NULL: none */
    struct dicom_lut voi_lut[DICOM_LUTS_MAX];
    int n_voi_luts;
    struct dicom_window window[DICOM_VALUES_MAX];
    int n_windows;
    enum dicom_voi voi_function;
    enum dicom_shape presentation_shape;
    struct dicom_region region[DICOM_REGIONS_MAX];
    int n_regions;
    double spacing_row, spacing_column; /* Imager Pixel Spacing, else Pixel Spacing, mm; 0: not known */
    /* about the file */
    bool no_preamble;   /* no 128 bytes and "DICM" before the data set: tolerated */
    bool truncated;     /* some list was longer than its room here */
    unsigned tolerated; /* enum dicom_tolerated */
};

void dicom_free(struct dicom *d); /* NULL is allowed */

/* The part of a picture of width x height that a region names: its corners in whichever order they stand, cut to the picture. False: none
 * that has an area; one pixel or one line is what devices leave that filled nothing in. */
bool dicom_region_box(struct dicom_box *out, const struct dicom_region *r, uint32_t width, uint32_t height);

#endif
