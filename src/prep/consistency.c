/* Do the images of one exam belong together? One rule per function, each over pairs of used inputs. Floor 4. */
#include "prep/consistency.h"

#include <stdlib.h>
#include <string.h>

#include "base/days.h"

struct pair {
    enum slot a, b; /* a before b */
    const struct view_facts *fa, *fb;
};

static bool differ(const char *a, const char *b) {
    return a[0] && b[0] && strcmp(a, b) != 0;
}

static int patients(const struct pair *p, struct err *e) {
    if (!differ(p->fa->patient_id, p->fb->patient_id))
        return 0;
    return err_set(e, ERR_PATIENT_MISMATCH, "the files of %s and %s name different patients (PatientID)", slot_name(p->a), slot_name(p->b));
}

static bool one_side(char side) {
    return side == 'L' || side == 'R';
}

static int sides(const struct pair *p, struct err *e) {
    if (!one_side(p->fa->side) || !one_side(p->fb->side) || p->fa->side == p->fb->side)
        return 0;
    return err_set(e, ERR_SIDE_MISMATCH, "the file of %s shows side %c, that of %s side %c", slot_name(p->a), p->fa->side, slot_name(p->b),
                   p->fb->side);
}

static int studies(const struct pair *p, struct err *e) {
    if (slot_is_mg(p->a) != slot_is_mg(p->b) || !differ(p->fa->study, p->fb->study))
        return 0;
    return err_set(e, ERR_STUDY_MISMATCH, "the files of %s and %s come from different studies (StudyInstanceUID)", slot_name(p->a),
                   slot_name(p->b));
}

static int day_of(const struct view_facts *f) {
    const int day = date_days(f->content_date);
    return day != NO_DAY ? day : date_days(f->study_date);
}

static int dates(const struct pair *p, struct err *e) {
    const int a = day_of(p->fa), b = day_of(p->fb);
    if (a == NO_DAY || b == NO_DAY || abs(a - b) <= EXAM_DAYS_APART_MAX)
        return 0;
    return err_set(e, ERR_DATE_APART, "the files of %s and %s were acquired %d days apart; at most %d are allowed", slot_name(p->a),
                   slot_name(p->b), abs(a - b), EXAM_DAYS_APART_MAX);
}

static int pixels(const struct pair *p, struct err *e) {
    if (memcmp(p->fa->pixel_sha256, p->fb->pixel_sha256, sizeof p->fa->pixel_sha256) != 0)
        return 0;
    return err_set(e, ERR_VIEW_DUPLICATE, "%s and %s show the same image, pixel for pixel; it is not known which of the two views it is",
                   slot_name(p->a), slot_name(p->b));
}

static int over_pairs(const struct verdict *v, int (*rule)(const struct pair *p, struct err *e), struct err *e) {
    int rc = 0;
    for (int b = 0; b < SLOT_COUNT && !rc; b++)
        for (int a = 0; a < b && !rc; a++) {
            const struct input_verdict *x = &v->input[a], *y = &v->input[b];
            if (x->status == INPUT_USED && x->prepared && y->status == INPUT_USED && y->prepared)
                rc = rule(&(struct pair){(enum slot)a, (enum slot)b, &x->facts, &y->facts}, e);
        }
    return rc;
}

static int side_of_table(const struct exam *exam, const struct verdict *v, struct err *e) {
    char side = exam->side[0];
    for (int s = 0; s < SLOT_COUNT && one_side(side); s++) {
        const struct input_verdict *x = &v->input[s];
        if (x->status == INPUT_USED && x->prepared && one_side(x->facts.side) && x->facts.side != side)
            return err_set(e, ERR_SIDE_MISMATCH, "the table says side %c, the file of %s side %c", side, slot_name((enum slot)s),
                           x->facts.side);
    }
    return 0;
}

int exam_consistent(const struct exam *exam, const struct verdict *v, bool trust_table, struct err *e) {
    int rc = trust_table ? 0 : over_pairs(v, patients, e);
    if (!rc)
        rc = side_of_table(exam, v, e);
    if (!rc)
        rc = over_pairs(v, sides, e);
    if (!rc && !trust_table)
        rc = over_pairs(v, studies, e);
    if (!rc && !trust_table)
        rc = over_pairs(v, dates, e);
    return rc ? rc : over_pairs(v, pixels, e);
}
