/* The table's patient_id against the files' PatientID, over a whole table. Floor 4. */
#include "cohort/identity.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "file/io.h"

/* --- the rules */

enum { BY_TABLE, BY_FILE };

struct sorted {
    const struct identity_claim *claim;
    size_t at; /* its place in the caller's list */
};

static int by_table(const void *a, const void *b) {
    return strcmp(((const struct sorted *)a)->claim->patient_id, ((const struct sorted *)b)->claim->patient_id);
}

static int by_file(const void *a, const void *b) {
    return strcmp(((const struct sorted *)a)->claim->file, ((const struct sorted *)b)->claim->file);
}

static const char *key_of(const struct sorted *s, int by) {
    return by == BY_TABLE ? s->claim->patient_id : s->claim->file;
}

/* Within each run of one key the other id has to be one. */
static void judge_runs(enum identity_fault *out, struct sorted *s, size_t n, int by, enum identity_fault fault) {
    qsort(s, n, sizeof *s, by == BY_TABLE ? by_table : by_file);
    for (size_t first = 0, end; first < n; first = end) {
        bool several = false;
        for (end = first; end < n && !strcmp(key_of(&s[end], by), key_of(&s[first], by)); end++)
            several = several || strcmp(key_of(&s[end], !by), key_of(&s[first], !by)) != 0;
        for (size_t i = first; i < end && several; i++)
            if (!out[s[i].at])
                out[s[i].at] = fault;
    }
}

int identity_judge(enum identity_fault *out, const struct identity_claim *claims, size_t n, struct err *e) {
    struct sorted *s = mem_alloc(n, sizeof *s, e);
    bool equal = false;
    if (!s)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        s[i] = (struct sorted){&claims[i], i};
        out[i] = IDENTITY_GOOD;
        equal = equal || !strcmp(claims[i].patient_id, claims[i].file);
    }
    judge_runs(out, s, n, BY_TABLE, IDENTITY_SEVERAL_FILES);
    judge_runs(out, s, n, BY_FILE, IDENTITY_SEVERAL_ROWS);
    for (size_t i = 0; i < n && equal; i++)
        if (!out[i] && strcmp(claims[i].patient_id, claims[i].file) != 0)
            out[i] = IDENTITY_NOT_EQUAL;
    mem_free(s);
    return 0;
}

/* --- the files */

static const char *const sentences[] = {
    [IDENTITY_SEVERAL_FILES] = "the files of the rows with this patient_id name different patients (PatientID)",
    [IDENTITY_SEVERAL_ROWS] = "the patient named by the files (PatientID) has several patient_ids in the table",
    [IDENTITY_NOT_EQUAL] = "the files name a patient (PatientID) other than the row's, while in other rows the two are equal; if "
                           "patient_id holds pseudonyms, no pseudonym may be any patient's PatientID",
};

/* PNG and JPEG carry no patient: they are not opened a second time. */
static bool may_be_dicom(const uint8_t *bytes, size_t n) {
    return n > 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) != 0 && memcmp(bytes, "\xff\xd8\xff", 3) != 0;
}

/* The PatientID of one file into id, "" if it cannot be read. Non-zero only if the run must end. */
static int patient_of(char id[DICOM_TEXT], const struct exam_source *source, struct decoder *d, struct err *e) {
    static const struct decode_request facts_only = {.frame = DECODE_FRAME_MIDDLE, .facts_only = true};
    struct source_content file;
    struct image *im = NULL;
    struct err why = {0};
    id[0] = 0;
    int rc = source_read(&file, source, &why);
    if (!rc && may_be_dicom(file.bytes, file.n) && !(rc = decode_image(&im, d, file.bytes, file.n, &facts_only, &why)) && im->dicom)
        memcpy(id, im->dicom->patient_id, DICOM_TEXT);
    image_free(im);
    source_release(&file);
    return err_ends_run(rc) ? err_set(e, rc, "%s", why.message) : 0;
}

/* The one PatientID that all files of the exam name, or "". */
static int patient_of_exam(char id[DICOM_TEXT], const struct exam *x, struct decoder *d, struct err *e) {
    char other[DICOM_TEXT];
    bool several = false;
    int rc = 0;
    id[0] = 0;
    for (int s = 0; s < SLOT_COUNT && !rc && !several; s++) {
        if (!exam_has(x, (enum slot)s) || (rc = patient_of(other, &x->source[s], d, e)) || !other[0])
            continue;
        several = id[0] && strcmp(id, other) != 0;
        memcpy(id, other, DICOM_TEXT);
    }
    if (several)
        id[0] = 0;
    return rc;
}

static int collect(struct identity_claim *claims, size_t *n, struct arena *texts, const struct manifest *cohort, struct decoder *d,
                   struct err *e) {
    char id[DICOM_TEXT];
    for (size_t i = 0; i < cohort->n; i++) {
        const struct exam *x = &cohort->rows[i].exam;
        if (!x->patient_id[0])
            continue;
        int rc = patient_of_exam(id, x, d, e);
        if (rc)
            return rc;
        if (!id[0])
            continue;
        const char *kept = arena_strdup(texts, id, e);
        if (!kept)
            return ERR_NO_MEMORY;
        claims[(*n)++] = (struct identity_claim){i, x->patient_id, kept};
    }
    return 0;
}

int identity_check(struct manifest *cohort, struct decoder *d, struct err *e) {
    size_t named = 0, n = 0;
    for (size_t i = 0; i < cohort->n; i++)
        named += cohort->rows[i].exam.patient_id[0] != 0;
    if (named < 2)
        return 0;
    struct arena texts;
    arena_init(&texts, 0);
    enum identity_fault *faults = mem_alloc(named, sizeof *faults, e);
    struct identity_claim *claims = faults ? mem_alloc(named, sizeof *claims, e) : NULL;
    int rc = claims ? collect(claims, &n, &texts, cohort, d, e) : ERR_NO_MEMORY;
    if (!rc)
        rc = identity_judge(faults, claims, n, e);
    for (size_t i = 0; i < n && !rc; i++) {
        struct exam_fault *known = &cohort->rows[claims[i].exam].fault;
        if (!known->code && faults[i])
            *known = (struct exam_fault){ERR_PATIENT_MISMATCH, sentences[faults[i]]};
    }
    mem_free(claims);
    mem_free(faults);
    arena_release(&texts);
    return rc;
}
