/* The files of a folder, read and decoded, as facts. Floor 4.
 *
 * Of a mammogram only the tags are decoded; of an ultrasound image the pixels as well, for its colours tell a grey B-mode picture from
 * others where no tag does. */
#include "scan/read.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "file/csv.h"
#include "file/io.h"
#include "scan/names.h"

static int set_reason(struct scan *s, struct scan_file *f, int code, const char *reason, struct err *e) {
    f->code = code;
    f->reason = arena_strdup(&s->arena, reason, e);
    return f->reason ? 0 : ERR_NO_MEMORY;
}

/* May the path stand in a cell of the table? */
static const char *name_fault(const char *path) {
    if (!csv_is_utf8(path))
        return "its name is not UTF-8; rename it";
    if (csv_edge_blank(path))
        return "its path begins or ends with a space; rename it";
    if (strchr(path, '\r') || strchr(path, '\n'))
        return "its path holds a line end; rename it";
    if (strcmp(path, "N") == 0)
        return "\"N\" stands for a missing image in some tables; rename it";
    return NULL;
}

int scan_read_colour(double *out, struct decoder *d, const struct image *im, const uint8_t *bytes, size_t n, struct err *e) {
    struct image *picture = NULL;
    *out = 0;
    if (strcmp(im->dicom->modality, "US") != 0)
        return 0;
    int rc = decode_image(&picture, d, bytes, n, NULL, e);
    if (!rc)
        *out = scan_colour(picture);
    image_free(picture);
    return rc;
}

/* Patient, side, study and the view of a mammogram as the name has them, where it says anything: then the tags are judged as usual. */
static int rename_dicom(const char **remark, struct scan *s, struct dicom *d, const struct scan_source *from, const char *below,
                        struct err *e) {
    static const struct image unknown = {.format = ""};
    struct scan_facts name;
    *remark = NULL;
    int rc = scan_facts_from_name(&name, &s->arena, from->names, below, &unknown, e);
    if (rc || name.code)
        return rc;
    if (strlen(name.patient_id) >= sizeof d->patient_id || strlen(name.study) >= sizeof d->study)
        return 0;
    snprintf(d->patient_id, sizeof d->patient_id, "%s", name.patient_id);
    snprintf(d->study, sizeof d->study, "%s", name.study);
    d->laterality[0] = '\0';
    snprintf(d->image_laterality, sizeof d->image_laterality, "%c", name.side);
    if (name.study_date[0])
        memcpy(d->study_date, name.study_date, sizeof d->study_date);
    if (name.modality == SCAN_MG && !d->view.value[0] && !d->view_position[0])
        snprintf(d->view_position, sizeof d->view_position, "%s", name.is_mlo ? "MLO" : "CC");
    *remark = "patient, side and study by its name, not by its tags";
    return 0;
}

static int take_dicom(struct scan *s, struct scan_file *f, const struct scan_source *from, const char *below, struct image *im,
                      const uint8_t *bytes, size_t n, struct err *e) {
    double colour = 0;
    const char *remark = NULL;
    struct err why = {0};
    int rc = scan_read_colour(&colour, from->decoder, im, bytes, n, &why);
    if (rc)
        return err_ends_run(rc) ? err_set(e, rc, "%s", why.message) : set_reason(s, f, rc, why.message, e);
    if (from->names_over_tags)
        rc = rename_dicom(&remark, s, im->dicom, from, below, e);
    if (!rc)
        rc = scan_facts_from_dicom(&f->facts, &s->arena, im->dicom, im->width, im->height, colour, e);
    if (!rc && remark)
        f->facts.remark = remark;
    return rc;
}

static int take_bytes(struct scan *s, struct scan_file *f, const struct scan_source *from, const char *below, const uint8_t *bytes,
                      size_t n, struct err *e) {
    static const struct decode_request facts_only = {.frame = DECODE_FRAME_MIDDLE, .facts_only = true};
    struct image *im = NULL;
    struct err why = {0};
    sha256_bytes(bytes, n, f->sha256);
    f->hashed = true;
    int rc = decode_image(&im, from->decoder, bytes, n, &facts_only, &why);
    if (rc)
        return err_ends_run(rc) ? err_set(e, rc, "%s: %s", f->path, why.message) : set_reason(s, f, rc, why.message, e);
    f->format = im->format;
    if (im->dicom)
        rc = take_dicom(s, f, from, below, im, bytes, n, e);
    else
        rc = scan_facts_from_name(&f->facts, &s->arena, from->names, below, im, e);
    image_free(im);
    return rc;
}

static int take_file(struct scan *s, struct scan_file *f, const struct scan_source *from, const struct walk_file *met, struct err *e) {
    char path[PATH_MAX];
    const char *fault;
    struct err why = {0};
    uint8_t *bytes = NULL;
    size_t n = 0;
    if (!(f->path = arena_printf(&s->arena, e, "%s%s", from->prefix, met->path)))
        return ERR_NO_MEMORY;
    if (met->code)
        return set_reason(s, f, met->code, met->reason, e);
    if ((fault = name_fault(f->path)))
        return set_reason(s, f, ERR_SCAN_NAME, fault, e);
    if (snprintf(path, sizeof path, "%s/%s", from->folder, met->path) >= (int)sizeof path)
        return set_reason(s, f, ERR_LIMIT, "its path is too long", e);
    int rc = io_read_file(&bytes, &n, path, IMAGE_FILE_MAX, &why);
    if (rc)
        return err_ends_run(rc) ? err_set(e, rc, "%s", why.message) : set_reason(s, f, rc, why.message, e);
    rc = take_bytes(s, f, from, met->path, bytes, n, e);
    mem_free(bytes);
    return rc;
}

int scan_read(struct scan **out, const struct scan_source *from, struct err *e) {
    struct scan *s;
    *out = NULL;
    int rc = scan_new(&s, from->walk->n, e);
    if (rc)
        return rc;
    for (size_t i = 0; i < s->n_files && !rc; i++) {
        rc = take_file(s, &s->files[i], from, &from->walk->files[i], e);
        if (!rc && from->step)
            rc = from->step(from->ctx, i + 1, e);
    }
    if (rc)
        scan_free(s);
    else
        *out = s;
    return rc;
}
