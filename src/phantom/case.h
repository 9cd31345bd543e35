/* A synthetic cohort: what is drawn of a woman, what is drawn of a lesion, and what follows from them. Floor 4.
 *
 * One struct flows one way: patient -> cases (one per examined breast) -> images and tables. A case holds everything that its images show
 * and everything that is known about it, so that the truth is the generating parameters themselves and never a measurement of the images.
 * All randomness comes from rng_make(seed, purpose, item): any case, and any view of it, can be made alone, in any order, on any thread.
 */
#ifndef BMU_PHANTOM_CASE_H
#define BMU_PHANTOM_CASE_H

#include <stdbool.h>
#include <stdint.h>

#include "exam/slot.h"

enum { SYNTH_LESIONS_MAX = 2, SYNTH_BREASTS_MAX = 2, SYNTH_VENDORS = 3, SYNTH_READERS = 4 };

/* Purposes of random streams: one table, so that no two draws share one. Streams of images add the slot. */
enum synth_purpose {
    SYNTH_PATIENT = 100,
    SYNTH_CASE,
    SYNTH_LESION,
    SYNTH_CLINIC,
    SYNTH_READER,
    SYNTH_LABEL,
    SYNTH_ANATOMY = 120,
    SYNTH_LATTICE,       /* the anatomy's noise */
    SYNTH_OUTLINE,       /* of a lesion: + its index */
    SYNTH_SCAN = 130,    /* where the probe lies */
    SYNTH_VIEW = 140,    /* + slot, as below: texture */
    SYNTH_QUANTUM = 150, /* quantum noise, speckle */
    SYNTH_COLOUR = 160
};

enum synth_shape { SHAPE_OVAL, SHAPE_ROUND, SHAPE_LOBULATED, SHAPE_IRREGULAR };
enum synth_margin { MARGIN_CIRCUMSCRIBED, MARGIN_MICROLOBULATED, MARGIN_INDISTINCT, MARGIN_SPICULATED };

struct synth_lesion {
    int tier;              /* 1 .. 5 */
    const char *pathology; /* a term of share/trees/bmu5.yml; static */
    double diameter_mm;    /* 4 .. 60, of the equal-volume sphere */
    double elongation;     /* height over width in the transverse ultrasound plane: < 1 wider than tall (parallel) */
    enum synth_shape shape;
    enum synth_margin margin;
    double irregularity;               /* 0 smooth .. 1: amplitude of the outline's harmonics, relative to the radius / 3 */
    double spiculation;                /* 0 none .. 1 long and many */
    double density;                    /* x-ray attenuation against fibroglandular tissue, relative: -1 fat .. 0 alike .. 1 much denser */
    double echogenicity_db;            /* against fat: -25 nearly anechoic .. +5 */
    double posterior_db;               /* behind it: > 0 enhancement, < 0 shadow; -15 .. +10 */
    double stiffness_kpa;              /* 5 .. 250; normal tissue about 15 to 30 */
    double vascularity;                /* 0 none .. 1: vessels in and around it */
    int calcifications;                /* how many; 0 .. 60 */
    double calcification_pleomorphism; /* 0 round and alike .. 1 fine linear branching */
    double clock;                      /* position: angle on the clock face, hours 0 .. 12 */
    double nipple_mm;                  /* distance from the nipple */
    double depth_mm;                   /* below the skin, of its middle */
};

struct synth_patient {
    uint32_t number; /* 0 .. */
    double age, bmi;
    int menopausal, family_history, personal_history, chief_complaint, parity, hormone_use, density; /* index into the schema's codes */
    double symptom_duration;                                                                         /* months */
    int centre;                                                                                      /* 0 .. 2 */
    int mg_vendor, us_vendor;                                                                        /* 0 .. SYNTH_VENDORS - 1 */
    int breasts;                                                                                     /* 1 or 2 */
};

/* One examined breast: an exam. */
struct synth_case {
    const struct synth_patient *patient; /* borrowed */
    uint32_t number;                     /* of the exam in the cohort, 0 .. */
    char side;                           /* 'L', 'R' */
    double radius_mm;                    /* of the uncompressed breast at the chest wall, 50 .. 90 */
    double compressed_mm;                /* thickness under compression, 25 .. 90 */
    double glandular;                    /* volume fraction of fibroglandular tissue, 0.05 .. 0.8; follows the density */
    int lesions;                         /* 1 .. SYNTH_LESIONS_MAX; [0] is the index lesion: its tier is the exam's */
    struct synth_lesion lesion[SYNTH_LESIONS_MAX];
    bool view[SLOT_COUNT];     /* which images exist */
    bool clinical_missing[10]; /* per field of the schema, in its order */
};

#endif
