/* What a picture shows, from its file name, by a pattern. Floor 4. */
#include "scan/names.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/days.h"
#include "exam/slot.h"

enum { STEPS_MAX = 20000 }; /* of backtracking: a hostile pattern may not hang the program */

struct match {
    const char *patient;
    size_t patient_size;
    char side;
    enum slot view;
    char date[9];
};
struct matcher {
    struct match now, found;
    int ways; /* matches that mean different things: 0, 1, 2 (or more) */
    int steps;
};

static void meet(struct matcher *m) {
    const struct match *a = &m->now, *b = &m->found;
    bool same = a->patient_size == b->patient_size &&
                (!a->patient || !b->patient || memcmp(a->patient, b->patient, a->patient_size) == 0) && a->side == b->side &&
                a->view == b->view && strcmp(a->date, b->date) == 0;
    if (m->ways == 0)
        m->found = m->now;
    if (m->ways == 0 || !same)
        m->ways++;
}

static bool at(const char *text, const char *end, const char *word) {
    size_t n = strlen(word);
    return (size_t)(end - text) >= n && strncasecmp(text, word, n) == 0;
}

static void match(struct matcher *m, const char *p, const char *text, const char *end);

static void match_side(struct matcher *m, const char *p, const char *text, const char *end) {
    static const char *const words[] = {"L", "R", "left", "right"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (at(text, end, words[i])) {
            m->now.side = words[i][0] == 'L' || words[i][0] == 'l' ? 'L' : 'R';
            match(m, p, text + strlen(words[i]), end);
        }
}

static void match_view(struct matcher *m, const char *p, const char *text, const char *end) {
    static const struct {
        const char *word;
        enum slot slot;
    } shorter[] = {{"CC", SLOT_MG_CC}, {"MLO", SLOT_MG_MLO}};
    for (int i = 0; i < SLOT_COUNT + 2; i++) {
        const char *word = i < SLOT_COUNT ? slot_name((enum slot)i) : shorter[i - SLOT_COUNT].word;
        if (at(text, end, word)) {
            m->now.view = i < SLOT_COUNT ? (enum slot)i : shorter[i - SLOT_COUNT].slot;
            match(m, p, text + strlen(word), end);
        }
    }
}

static void match_date(struct matcher *m, const char *p, const char *text, const char *end) {
    if (end - text < 8)
        return;
    char date[9] = {0};
    memcpy(date, text, 8);
    if (date_days(date) == NO_DAY)
        return;
    memcpy(m->now.date, date, sizeof date);
    match(m, p, text + 8, end);
}

static void match_span(struct matcher *m, const char *p, const char *text, const char *end, bool patient) {
    for (const char *stop = text + patient; stop <= end; stop++) {
        if (stop > text && stop[-1] == '/')
            return;
        if (patient) {
            m->now.patient = text;
            m->now.patient_size = (size_t)(stop - text);
        }
        match(m, p, stop, end);
    }
}

#define TAKES(p, word) (strncmp(p, word, sizeof(word) - 1) == 0)

static void match(struct matcher *m, const char *p, const char *text, const char *end) {
    if (++m->steps > STEPS_MAX || m->ways > 1)
        return;
    if (!*p) {
        if (text == end)
            meet(m);
    } else if (TAKES(p, "{patient}")) {
        match_span(m, p + 9, text, end, true);
    } else if (TAKES(p, "{side}")) {
        match_side(m, p + 6, text, end);
    } else if (TAKES(p, "{view}")) {
        match_view(m, p + 6, text, end);
    } else if (TAKES(p, "{date}")) {
        match_date(m, p + 6, text, end);
    } else if (*p == '*') {
        match_span(m, p + 1, text, end, false);
    } else if (text < end && *p == *text) {
        match(m, p + 1, text + 1, end);
    }
}

static int count(const char *pattern, const char *word) {
    int n = 0;
    for (const char *p = pattern; (p = strstr(p, word)) != NULL; p++)
        n++;
    return n;
}

int scan_names_check(const char *pattern, struct err *e) {
    static const char *const once[] = {"{patient}", "{side}", "{view}"};
    if (strlen(pattern) > NAMES_PATTERN_MAX)
        return err_set(e, ERR_USAGE, "a pattern of file names has at most %d bytes", NAMES_PATTERN_MAX);
    int known = count(pattern, "{date}");
    if (known > 1)
        return err_set(e, ERR_USAGE, "{date} stands in the pattern of file names more than once");
    for (size_t i = 0; i < sizeof once / sizeof *once; i++) {
        if (count(pattern, once[i]) != 1)
            return err_set(e, ERR_USAGE, "the pattern of file names must contain %s once, as in {patient}_{side}_{view}", once[i]);
        known++;
    }
    if (count(pattern, "{") != known || count(pattern, "}") != known)
        return err_set(e, ERR_USAGE, "in the braces of a pattern of file names there can be patient, side, view and date");
    return 0;
}

/* The part of the path that the pattern speaks of: [*from, *end). */
static void subject(const char *pattern, const char *path, const char **from, const char **end) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    *from = strchr(pattern, '/') ? path : name;
    *end = dot && dot > name ? dot : path + strlen(path);
}

static const struct {
    enum scan_modality modality;
    bool is_mlo;
    enum scan_kind kind;
    enum scan_plane plane;
} slots[SLOT_COUNT] = {
    [SLOT_MG_CC] = {.modality = SCAN_MG},
    [SLOT_MG_MLO] = {.modality = SCAN_MG, .is_mlo = true},
    [SLOT_US_BMODE_TRANS] = {SCAN_US, false, SCAN_BMODE, SCAN_TRANSVERSE},
    [SLOT_US_BMODE_LONG] = {SCAN_US, false, SCAN_BMODE, SCAN_LONGITUDINAL},
    [SLOT_US_DOPPLER_TRANS] = {SCAN_US, false, SCAN_DOPPLER, SCAN_TRANSVERSE},
    [SLOT_US_DOPPLER_LONG] = {SCAN_US, false, SCAN_DOPPLER, SCAN_LONGITUDINAL},
    [SLOT_US_ELASTO_TRANS] = {SCAN_US, false, SCAN_ELASTO, SCAN_TRANSVERSE},
    [SLOT_US_ELASTO_LONG] = {SCAN_US, false, SCAN_ELASTO, SCAN_LONGITUDINAL},
};

int scan_facts_from_name(struct scan_facts *out, struct arena *arena, const char *pattern, const char *path, const struct image *im,
                         struct err *e) {
    struct matcher m = {0};
    *out = (struct scan_facts){.reason = "",
                               .remark = "",
                               .patient_id = "",
                               .study = "",
                               .instance = "",
                               .manufacturer = "",
                               .pixels = (uint64_t)im->width * im->height,
                               .lossy = strcmp(im->format, "JPEG") == 0,
                               .frames = 1};
    if (pattern) {
        const char *from, *end;
        subject(pattern, path, &from, &end);
        match(&m, pattern, from, end);
    }
    if (m.ways != 1 || m.steps > STEPS_MAX) {
        bool none = m.ways == 0 && m.steps <= STEPS_MAX;
        out->code = none ? ERR_SCAN_NO_TAGS : ERR_SCAN_AMBIGUOUS;
        out->reason = !pattern ? "an image without DICOM tags, and no pattern says what its name means"
                      : none   ? "an image without DICOM tags, and its name does not match the pattern"
                               : "its name matches the pattern in more than one way";
        return 0;
    }
    const struct match *f = &m.found;
    out->modality = slots[f->view].modality;
    out->is_mlo = slots[f->view].is_mlo;
    out->kind = slots[f->view].kind;
    out->plane = slots[f->view].plane;
    out->side = f->side;
    memcpy(out->study_date, f->date, sizeof out->study_date);
    out->patient_id = arena_strndup(arena, f->patient, f->patient_size, e);
    out->study = arena_printf(arena, e, "by name %s", f->date);
    return out->patient_id && out->study ? 0 : ERR_NO_MEMORY;
}
