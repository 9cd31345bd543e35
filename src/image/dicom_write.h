/* A DICOM file (PS3.10) in memory: explicit VR little endian, uncompressed, one frame. Floor 2.
 *
 * Two kinds of object, as synthetic images need them: Digital Mammography X-Ray Image - For Presentation (PS3.3 A.26) and Ultrasound Image
 * (PS3.3 A.6), with their mandatory modules. What is always true of a synthetic picture is not the caller's to choose: Image Type is
 * DERIVED, no implant, no burned-in annotation, not lossy.
 * The same picture and facts give the same bytes: nothing is taken from the clock or the machine.
 */
#ifndef BMU_IMAGE_DICOM_WRITE_H
#define BMU_IMAGE_DICOM_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "image/dicom.h"
#include "image/image.h"

enum dicom_kind { DICOM_KIND_MG, DICOM_KIND_US };
/* How stored values become shades (PS3.3 C.11.2): one of them. */
enum dicom_voi_kind { DICOM_WINDOW_LINEAR, DICOM_WINDOW_SIGMOID, DICOM_WINDOW_LUT };

/* Texts: ASCII, "" where the standard allows an empty value; the lengths of their value representations are the caller's to keep (names and
 * descriptions 64, the rest 16). */
struct dicom_facts {
    enum dicom_kind kind;
    char study[DICOM_UID], series[DICOM_UID], instance[DICOM_UID];
    const char *patient_name, *patient_id; /* PN, LO */
    int patient_years;                     /* age */
    const char *study_date, *study_time;   /* YYYYMMDD, HHMMSS; also of series, acquisition and content */
    const char *study_id, *accession;      /* SH */
    int series_number, instance_number;
    const char *study_description, *series_description, *image_comments; /* LO, LO, LT */
    const char *manufacturer, *model, *software, *institution;           /* LO */
    char side;                                                           /* 'L', 'R' */
    double mm;                                                           /* pixel spacing, both ways */
    /* mammography */
    const char *view;           /* "CC", "MLO" */
    const char *orientation[2]; /* Patient Orientation of a row, of a column; both kinds */
    int bits;                   /* stored, of 16 allocated */
    bool monochrome1;           /* with Presentation LUT Shape INVERSE; else MONOCHROME2, IDENTITY */
    enum dicom_voi_kind voi;    /* */
    double center, width;       /* of the window, stored values */
    const uint16_t *lut;        /* DICOM_WINDOW_LUT: 2^bits entries of `bits` bits, first value mapped 0; borrowed */
    double kvp, breast_mm;      /* tube voltage, compressed thickness */
    /* ultrasound */
    const struct dicom_region *region; /* borrowed */
    int n_regions;
    bool colour;    /* the picture shows colour-coded flow or stiffness */
    unsigned modes; /* Image Type value 4, PS3.3 C.8.5.6.1.1: 0x001 2D, 0x010 colour Doppler, 0x200 tissue */
};

/* Append the file. im: mammography one channel of 16 bits (values below 2^bits), ultrasound RGB of 8 bits. ERR_UNSUPPORTED for others,
 * ERR_NO_MEMORY. */
int dicom_write(struct buf *out, const struct image *im, const struct dicom_facts *f, struct err *e);

/* "2.25." and the decimal form of a UUID made of the first 128 bits of the SHA-256 of `name` (PS3.5 B.2; version 8, RFC 9562). */
void dicom_uid(char out[DICOM_UID], const char *name);

#endif
