/* One exam, from its sources to tensors and a verdict. Floor 4. */
#include "prep/exam_prep.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/progress.h"
#include "file/csv.h"
#include "file/filename.h"
#include "prep/consistency.h"

struct work { /* on one exam */
    struct verdict *v;
    float **views;
    struct exam_prep_times *ms;
    const struct exam *exam;
    const struct exam_fault *known;
    const struct exam_prep_options *o;
    struct decoder *decoder;
};

__attribute__((format(printf, 3, 4))) static void refuse_exam(struct verdict *v, int code, const char *format, ...) {
    if (v->code)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(v->reason, sizeof v->reason, format, args);
    va_end(args);
    v->code = code;
}

static void refuse_input(struct input_verdict *v, int code, const char *note) {
    v->status = INPUT_REFUSED;
    v->code = code;
    v->note[0] = 0;
    verdict_note(v, "%s", note);
}

/* --- one view */

static int make_room(struct work *w, struct err *e) {
    if (!*w->views)
        *w->views = mem_alloc_aligned(prep_offset(w->o->profile, SLOT_COUNT), sizeof **w->views, e);
    return *w->views ? 0 : ERR_NO_MEMORY;
}

/* What a DICOM file leaves unsaid could not be held against the others: that is said. */
static void note_silence(struct input_verdict *v) {
    const struct view_facts *f = &v->facts;
    const char *what[] = {f->patient_id[0] ? NULL : "patient", f->study[0] ? NULL : "study",
                          f->content_date[0] || f->study_date[0] ? NULL : "date"};
    const char *start = "; the file names no ";
    for (size_t i = 0; i < sizeof what / sizeof *what && f->dicom; i++)
        if (what[i]) {
            verdict_note(v, "%s%s", start, what[i]);
            start = ", no ";
        }
}

/* Read, hash and prepare one image. Non-zero only if the run must end. */
static int prepare_view(struct work *w, enum slot s, struct err *e) {
    struct input_verdict *v = &w->v->input[s];
    bool taken = w->o->taken >> s & 1U;
    struct source_content file;
    struct err why = {0};
    struct prep_claim claim = {
        .side = w->exam->side[0], .allow_tomosynthesis = w->o->allow_tomosynthesis, .trust_table = w->o->trust_table};
    double started = clock_seconds();
    int rc = source_read(&file, &w->exam->source[s], &why);
    double read = clock_seconds();
    w->ms->read += 1e3 * (read - started);
    if (!rc && taken) {
        rc = make_room(w, &why);
        if (!rc)
            rc = prep_cached(*w->views + prep_offset(w->o->profile, s), w->o->profile, s, w->decoder, file.bytes, file.n, &claim, v,
                             w->o->cache, &why);
        if (!rc)
            note_silence(v);
        if (!rc && w->o->trust_table && v->facts.dicom)
            verdict_note(v, "; patient and study by the table, not by the file");
        if (!rc && w->exam->source[s].remark)
            verdict_note(v, "; %s", w->exam->source[s].remark);
    } else if (!rc) {
        v->hashed = true;
        sha256_bytes(file.bytes, file.n, v->sha256);
    } else {
        refuse_input(v, rc, why.message);
    }
    if (!taken && w->o->unlearnt >> s & 1U)
        refuse_input(v, ERR_VIEW_UNLEARNT, "this model was not trained on any exam with such an image");
    else if (!taken)
        refuse_input(v, ERR_VIEW_NOT_TAKEN, "this network does not take this view");
    w->ms->prep += 1e3 * (clock_seconds() - read);
    source_release(&file);
    return err_ends_run(rc) ? err_set(e, rc, "exam %s, %s: %s", exam_title(w->exam), slot_name(s), why.message) : 0;
}

/* --- the exam */

static void find_duplicates(struct work *w) {
    char name[CSV_SHOW_SIZE];
    struct input_verdict *v = w->v->input;
    for (int s = 0; s < SLOT_COUNT; s++)
        for (int t = 0; t < s; t++) {
            if (!v[s].hashed || !v[t].hashed || v[s].code == ERR_FILE_EMPTY || memcmp(v[s].sha256, v[t].sha256, SHA256_SIZE) != 0)
                continue;
            const char *first = slot_name((enum slot)t), *second = slot_name((enum slot)s);
            refuse_exam(w->v, ERR_VIEW_DUPLICATE, "%s and %s hold the same bytes (%s); it is not known which of the two views it is", first,
                        second, csv_show(name, filename_base(w->exam->source[s].name)));
            const char *other[2] = {second, first};
            for (int k = 0; k < 2; k++) {
                struct input_verdict *u = k ? &v[s] : &v[t];
                char note[64];
                snprintf(note, sizeof note, "the same bytes as %s", other[k]);
                if (u->status == INPUT_USED)
                    refuse_input(u, ERR_VIEW_DUPLICATE, note);
            }
        }
}

/* "mg_cc (name.png): note"; a note about a file that could not be read names it already. */
static void describe_refusal(char *text, size_t room, const struct work *w, enum slot s) {
    char name[CSV_SHOW_SIZE];
    const struct input_verdict *v = &w->v->input[s];
    bool named = v->hashed && exam_has(w->exam, s);
    text[0] = 0;
    if (named)
        verdict_add(text, room, "%s (%s): %s", slot_name(s), csv_show(name, filename_base(w->exam->source[s].name)), v->note);
    else
        verdict_add(text, room, "%s: %s", slot_name(s), v->note);
}

/* It may be another breast's: then the exam is in doubt, and the other views with it. */
static bool doubts_the_exam(int code) {
    return code == ERR_SIDE_MISMATCH || code == ERR_SIDE_IMAGE;
}

static void judge_refused_inputs(struct work *w) {
    char text[sizeof w->v->reason];
    for (int s = 0; s < SLOT_COUNT; s++) {
        struct input_verdict *v = &w->v->input[s];
        if (v->status != INPUT_REFUSED)
            continue;
        describe_refusal(text, sizeof text, w, (enum slot)s);
        if (!w->o->allow_partial || doubts_the_exam(v->code)) {
            refuse_exam(w->v, v->code, "%s", text);
        } else if (!w->v->code) {
            char *reason = w->v->reason;
            verdict_add(reason, sizeof w->v->reason, "%scounted as absent: %s: %s", reason[0] ? "; " : "", err_name(v->code), text);
            verdict_note(v, "; counted as absent");
        }
    }
}

static void judge_what_is_left(struct work *w) {
    struct err why = {0};
    int rc = exam_consistent(w->exam, w->v, w->o->trust_table, &why);
    if (rc)
        refuse_exam(w->v, rc, "%s", why.message);
    bool any = false;
    for (int s = 0; s < SLOT_COUNT; s++)
        any = any || w->v->input[s].status == INPUT_USED;
    if (!any && !w->v->code) {
        char said[sizeof w->v->reason];
        snprintf(said, sizeof said, "%s", w->v->reason);
        refuse_exam(w->v, ERR_EXAM_NO_IMAGE, "no usable image remains%s%s", said[0] ? ": " : "", said);
    }
}

static void judge(struct work *w) {
    struct verdict *v = w->v;
    if (w->known && w->known->code)
        refuse_exam(v, w->known->code, "%s", w->known->reason);
    for (int s = 0; s < SLOT_COUNT; s++)
        if (v->input[s].code == ERR_VIEW_NOT_TAKEN)
            refuse_exam(v, ERR_VIEW_NOT_TAKEN, "%s: network %s does not take this view; leave it out", slot_name((enum slot)s),
                        w->o->network);
        else if (v->input[s].code == ERR_VIEW_UNLEARNT)
            refuse_exam(v, ERR_VIEW_UNLEARNT, "%s: this model was not trained on %s; leave it out", slot_name((enum slot)s),
                        slot_kind_title(slot_kind((enum slot)s)));
    find_duplicates(w);
    judge_refused_inputs(w);
    judge_what_is_left(w);
    for (int s = 0; s < SLOT_COUNT; s++) {
        struct input_verdict *u = &v->input[s];
        if (v->code && u->status == INPUT_USED)
            verdict_note(u, "%sprepared, but not run: the exam is refused", u->note[0] ? "; " : "");
        else if (u->status == INPUT_ABSENT && !(w->o->taken >> s & 1U))
            verdict_note(u, w->o->unlearnt >> s & 1U ? "not in this model's training" : "not an input of this network");
    }
}

int exam_prep(struct verdict *v, float **views, struct exam_prep_times *ms, const struct exam *exam, const struct exam_fault *known,
              const struct exam_prep_options *o, struct decoder *d, struct err *e) {
    struct work w = {.v = v, .views = views, .ms = ms, .exam = exam, .known = known, .o = o, .decoder = d};
    *v = (struct verdict){0};
    *ms = (struct exam_prep_times){0};
    int rc = 0;
    for (int s = 0; s < SLOT_COUNT && !rc; s++)
        if (exam_has(exam, (enum slot)s))
            rc = prepare_view(&w, (enum slot)s, e);
    if (!rc)
        judge(&w);
    return rc;
}
