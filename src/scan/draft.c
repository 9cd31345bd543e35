/* One exam put together from names, values and files. Floor 4. */
#include "scan/draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "file/csv.h"
#include "scan/choose.h"
#include "scan/facts.h"
#include "scan/read.h"

struct unnamed { /* a file that its tags have to place */
    struct exam_source source;
    struct source_content content;
    struct scan_facts facts;
    bool placed, lost; /* lost: it has a fault */
};

struct draft {
    struct arena arena;
    const struct schema *schema;
    struct exam exam;
    struct exam_fault fault;
    struct clinical clinical[SCHEMA_FIELDS_MAX];
    bool given[SCHEMA_FIELDS_MAX];      /* by field */
    bool slot_given[SLOT_COUNT];        /* also with an empty value */
    bool text_given[3];                 /* by position in texts[] */
    struct unnamed unnamed[SLOT_COUNT]; /* an exam has no more images */
    size_t n_unnamed;
};

static const char *const texts[] = {"exam_id", "patient_id", "side"};
enum { TEXT_EXAM_ID, TEXT_PATIENT_ID, TEXT_SIDE, TEXTS };

int draft_new(struct draft **out, const struct schema *schema, struct err *e) {
    *out = mem_alloc(1, sizeof **out, e);
    if (!*out)
        return ERR_NO_MEMORY;
    arena_init(&(*out)->arena, 0);
    (*out)->schema = schema;
    (*out)->fault.reason = "";
    (*out)->exam = (struct exam){.exam_id = "", .patient_id = "", .side = "", .clinical = schema ? (*out)->clinical : NULL};
    return 0;
}

void draft_free(struct draft *d) {
    if (!d)
        return;
    for (size_t i = 0; i < d->n_unnamed; i++)
        source_release(&d->unnamed[i].content);
    arena_release(&d->arena);
    mem_free(d);
}

/* The first fault wins. Non-zero only for want of memory. */
static int blame(struct draft *d, const struct err *why, struct err *e) {
    if (d->fault.code)
        return 0;
    d->fault.reason = arena_strdup(&d->arena, why->message, e);
    d->fault.code = d->fault.reason ? why->code : 0;
    return d->fault.reason ? 0 : ERR_NO_MEMORY;
}

/* --- names --------------------------------------------------------------------------------------------------------------------- */

/* The i-th name that is known, or NULL behind the last. */
static const char *known_name(const struct draft *d, size_t i) {
    if (i < SLOT_COUNT)
        return slot_name((enum slot)i);
    i -= SLOT_COUNT;
    if (i < TEXTS)
        return texts[i];
    i -= TEXTS;
    return d->schema && i < d->schema->n_fields ? d->schema->fields[i].name : NULL;
}

static long find_name(const struct draft *d, const char *name) {
    const char *known;
    for (size_t i = 0; (known = known_name(d, i)); i++)
        if (strcmp(known, name) == 0)
            return (long)i;
    return -1;
}

static int unknown_name(const struct draft *d, const char *name, struct err *e) {
    enum { OFFERED = 3 };
    const char *nearest[OFFERED] = {0}, *known;
    unsigned distance[OFFERED] = {0};
    char shown[CSV_SHOW_SIZE], list[512] = "";
    size_t at = 0;
    for (size_t i = 0; (known = known_name(d, i)); i++) {
        const unsigned far = nearest_distance(name, known);
        size_t k = OFFERED;
        while (k > 0 && (!nearest[k - 1] || far < distance[k - 1]))
            k--;
        for (size_t m = OFFERED - 1; m > k; m--) {
            nearest[m] = nearest[m - 1];
            distance[m] = distance[m - 1];
        }
        if (k < OFFERED) {
            nearest[k] = known;
            distance[k] = far;
        }
    }
    for (size_t k = 0; k < OFFERED && at < sizeof list; k++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", k == 0 ? "" : k + 1 < OFFERED ? ", " : " and ", nearest[k]);
    return err_set(e, ERR_USAGE, "\"%s\" is no name of a slot, a clinical value or an id; the nearest known ones are %s%s",
                   csv_show(shown, name), list, d->schema ? "" : " (this model takes no clinical values)");
}

static int twice(const char *name, struct err *e) {
    return err_set(e, ERR_USAGE, "%s is given twice; which of the two is meant cannot be known", name);
}

/* exam_id, patient_id, side. */
static int set_text(struct draft *d, size_t text, const char *value, struct err *e) {
    const char **const to[TEXTS] = {&d->exam.exam_id, &d->exam.patient_id, &d->exam.side};
    char shown[CSV_SHOW_SIZE];
    struct err why = {0};
    if (d->text_given[text])
        return twice(texts[text], e);
    d->text_given[text] = true;
    if (text == TEXT_SIDE)
        return exam_side(&d->exam.side, value, &why) ? blame(d, &why, e) : 0;
    if (!csv_is_utf8(value) || csv_edge_blank(value)) {
        err_set(&why, ERR_VALUE_SYNTAX, "%s: \"%s\" %s", texts[text], csv_show(shown, value),
                csv_is_utf8(value) ? "begins or ends with a blank; remove it" : "is not UTF-8");
        return blame(d, &why, e);
    }
    return (*to[text] = arena_strdup(&d->arena, value, e)) ? 0 : ERR_NO_MEMORY;
}

static int set_clinical(struct draft *d, size_t field, const char *value, struct err *e) {
    const struct schema_field *f = &d->schema->fields[field];
    struct err why = {0};
    if (d->given[field])
        return twice(f->name, e);
    d->given[field] = true;
    return schema_value(&d->clinical[field], f, value, &why) ? blame(d, &why, e) : 0;
}

int draft_image(struct draft *d, enum slot s, const struct exam_source *source, struct err *e) {
    if (d->slot_given[s])
        return twice(slot_name(s), e);
    d->slot_given[s] = true;
    d->exam.source[s] = *source;
    return 0;
}

int draft_set(struct draft *d, const char *name, const char *value, struct err *e) {
    const long i = find_name(d, name);
    if (i < 0)
        return unknown_name(d, name, e);
    if (i >= SLOT_COUNT + TEXTS)
        return set_clinical(d, (size_t)i - SLOT_COUNT - TEXTS, value, e);
    if (i >= SLOT_COUNT)
        return set_text(d, (size_t)i - SLOT_COUNT, value, e);
    struct exam_source source = {0};
    if (*value) {
        source = source_file(arena_strdup(&d->arena, value, e));
        if (!source.name)
            return ERR_NO_MEMORY;
    }
    return draft_image(d, (enum slot)i, &source, e);
}

int draft_file(struct draft *d, const struct exam_source *source, struct err *e) {
    if (d->n_unnamed == SLOT_COUNT)
        return err_set(e, ERR_USAGE, "more than %d files; an exam has one image for each of %d slots at most", SLOT_COUNT, SLOT_COUNT);
    d->unnamed[d->n_unnamed++] = (struct unnamed){.source = *source};
    return 0;
}

int draft_word(struct draft *d, const char *word, struct err *e) {
    const size_t n = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    char name[CSV_SHOW_SIZE];
    if (n > 0 && word[n] == '=') {
        const char *whole = arena_strndup(&d->arena, word, n, e);
        return whole ? draft_set(d, whole, word + n + 1, e) : ERR_NO_MEMORY;
    }
    if (find_name(d, word) >= 0)
        return err_set(e, ERR_USAGE, "%s has no value; write %s=VALUE, or ./%s if it is a file", word, word, word);
    if (!*word)
        return err_set(e, ERR_USAGE, "an empty argument is neither NAME=VALUE nor a file");
    if (strlen(word) > SOURCE_PATH_MAX)
        return err_set(e, ERR_LIMIT, "\"%s\": the path is longer than %d bytes", csv_show(name, word), SOURCE_PATH_MAX);
    const struct exam_source source = source_file(arena_strdup(&d->arena, word, e));
    return source.name ? draft_file(d, &source, e) : ERR_NO_MEMORY;
}

/* --- files without a name -------------------------------------------------------------------------------------------------------- */

/* "FILE: what; remedy" */
static int blame_file(struct draft *d, struct unnamed *u, int code, const char *what, const char *remedy, struct err *e) {
    struct err why = {0};
    char shown[CSV_SHOW_SIZE];
    u->lost = true;
    err_set(&why, code, "%s: %s%s%s", csv_show(shown, u->source.name), what, *remedy ? "; " : "", remedy);
    return blame(d, &why, e);
}

/* May another image of the same woman be all that is needed? Where the tags only lack something, naming the slot tells it. */
static const char *remedy_of(int code) {
    switch (code) {
    case ERR_VIEW_NOT_STANDARD:
    case ERR_IMAGE_KIND:
    case ERR_TOMOSYNTHESIS:
        return "its tags do not tell its slot; if it is known, name it, as in mg_cc=FILE or us_bmode_trans=FILE";
    default:
        return "leave it out, or give another image";
    }
}

/* What the tags say into u->facts; a file that says nothing of use is lost. */
static int read_tags(struct draft *d, struct unnamed *u, struct decoder *decoder, struct err *e) {
    static const struct decode_request facts_only = {.frame = DECODE_FRAME_MIDDLE, .facts_only = true};
    struct image *im = NULL;
    struct err why = {0};
    double colour = 0;
    int rc = source_read(&u->content, &u->source, &why);
    if (rc) { /* its message names the file */
        u->lost = true;
        return err_ends_run(rc) ? err_set(e, rc, "%s", why.message) : blame(d, &why, e);
    }
    rc = decode_image(&im, decoder, u->content.bytes, u->content.n, &facts_only, &why);
    if (!rc && im->dicom)
        rc = scan_read_colour(&colour, decoder, im, u->content.bytes, u->content.n, &why);
    if (rc) {
        rc = err_ends_run(rc) ? err_set(e, rc, "%s: %s", u->source.name, why.message)
                              : blame_file(d, u, rc, why.message, "leave it out, or give another image", e);
    } else if (!im->dicom) {
        rc = blame_file(d, u, ERR_SCAN_NO_TAGS, "a picture without tags", "name its slot, as in us_bmode_trans=FILE or mg_cc=FILE", e);
    } else {
        scan_view_from_dicom(&u->facts, im->dicom, colour);
        if (u->facts.code)
            rc = blame_file(d, u, u->facts.code, u->facts.reason, remedy_of(u->facts.code), e);
    }
    image_free(im);
    return rc;
}

/* The slot that the tags name; of an ultrasound image whose plane is not said the transverse one. */
static enum slot slot_of(const struct scan_facts *f) {
    if (f->modality == SCAN_MG)
        return f->is_mlo ? SLOT_MG_MLO : SLOT_MG_CC;
    return scan_transverse_slot(f->kind) + (f->plane == SCAN_LONGITUDINAL);
}

static bool plane_unsaid(const struct unnamed *u) {
    return u->facts.modality == SCAN_US && u->facts.plane == SCAN_PLANE_UNKNOWN;
}

/* The bytes that were looked at. */
static void place(struct draft *d, struct unnamed *u, enum slot s, const char *remark) {
    struct exam_source *to = &d->exam.source[s];
    *to = source_bytes(u->source.name, u->content.bytes, u->content.n);
    to->remark = remark;
    u->placed = true;
}

static int place_told(struct draft *d, struct unnamed *u, struct err *e) {
    const enum slot s = slot_of(&u->facts);
    char what[256], shown[CSV_SHOW_SIZE];
    if (!exam_has(&d->exam, s)) {
        place(d, u, s, NULL);
        return 0;
    }
    snprintf(what, sizeof what, "by its tags it shows %s, and so does %s", slot_name(s), csv_show(shown, d->exam.source[s].name));
    return blame_file(d, u, ERR_SCAN_AMBIGUOUS, what, "an exam has one image of each: leave one out", e);
}

/* Of its kind alone: transverse, with a remark. */
static int place_unsaid(struct draft *d, struct unnamed *u, struct err *e) {
    const enum slot s = slot_of(&u->facts);
    size_t others = 0;
    char remedy[128];
    for (size_t i = 0; i < d->n_unnamed; i++)
        others += &d->unnamed[i] != u && !d->unnamed[i].placed && plane_unsaid(&d->unnamed[i]) && slot_of(&d->unnamed[i].facts) == s;
    if (!others && !exam_has(&d->exam, s) && !exam_has(&d->exam, s + 1)) {
        place(d, u, s, SCAN_ALONE_REMARK);
        return 0;
    }
    snprintf(remedy, sizeof remedy, "name its slot: %s=FILE or %s=FILE", slot_name(s), slot_name(s + 1));
    return blame_file(d, u, ERR_SCAN_PLANE, "no attribute says transverse or longitudinal, and there is another image of its kind", remedy,
                      e);
}

static int place_all(struct draft *d, struct decoder *decoder, struct err *e) {
    int rc = 0;
    for (size_t i = 0; i < d->n_unnamed && !rc; i++)
        rc = read_tags(d, &d->unnamed[i], decoder, e);
    for (size_t i = 0; i < d->n_unnamed && !rc; i++)
        if (!d->unnamed[i].lost && !plane_unsaid(&d->unnamed[i]))
            rc = place_told(d, &d->unnamed[i], e);
    for (size_t i = 0; i < d->n_unnamed && !rc; i++)
        if (!d->unnamed[i].lost && plane_unsaid(&d->unnamed[i]))
            rc = place_unsaid(d, &d->unnamed[i], e);
    return rc;
}

int draft_finish(struct draft *d, struct decoder *decoder, struct err *e) {
    struct err why = {0};
    int rc = place_all(d, decoder, e);
    for (size_t i = 0; d->schema && i < d->schema->n_fields && !rc; i++)
        if (!d->given[i] && schema_value(&d->clinical[i], &d->schema->fields[i], "", &why))
            rc = blame(d, &why, e);
    if (!rc && !d->fault.code && exam_check(&d->exam, &why))
        rc = blame(d, &why, e);
    return rc;
}

const struct exam *draft_exam(const struct draft *d) {
    return &d->exam;
}

const struct exam_fault *draft_fault(const struct draft *d) {
    return &d->fault;
}
