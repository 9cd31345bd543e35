/* One exam: its sources, and what can be told of it before an image is opened. Floor 3. */
#include "exam/exam.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "file/csv.h"
#include "file/io.h"
#include "image/image.h"

struct exam_source source_file(const char *path) {
    return (struct exam_source){.kind = SOURCE_FILE, .name = path};
}

struct exam_source source_bytes(const char *name, const uint8_t *bytes, size_t n) {
    return (struct exam_source){.kind = SOURCE_BYTES, .name = name, .bytes = bytes, .n = n};
}

bool exam_has(const struct exam *x, enum slot s) {
    return x->source[s].kind != SOURCE_ABSENT;
}

unsigned exam_slots(const struct exam *x) {
    unsigned slots = 0;
    for (int s = 0; s < SLOT_COUNT; s++)
        slots |= exam_has(x, (enum slot)s) ? 1U << s : 0;
    return slots;
}

const char *exam_title(const struct exam *x) {
    return x->exam_id[0] ? x->exam_id : "(without exam_id)";
}

int exam_side(const char **out, const char *text, struct err *e) {
    char shown[CSV_SHOW_SIZE];
    *out = "";
    if (strcasecmp(text, "L") == 0 || strcasecmp(text, "left") == 0)
        *out = "L";
    else if (strcasecmp(text, "R") == 0 || strcasecmp(text, "right") == 0)
        *out = "R";
    else if (*text)
        return err_set(e, ERR_VALUE_SYNTAX, "side: \"%s\" is neither L nor R; leave it empty if it is not known", csv_show(shown, text));
    return 0;
}

/* --- the same file twice ------------------------------------------------------------------------------------------------------ */

/* The next component of a path, lexically: its length, *at moved to its beginning; 0 at the end. "" and "." are no components. */
static size_t component(const char *path, size_t *at) {
    for (;;) {
        *at += strspn(path + *at, "/");
        size_t n = strcspn(path + *at, "/");
        if (n != 1 || path[*at] != '.')
            return n;
        *at += 1;
    }
}

/* Simplify "a//./b/../c" to "a/c" in place. A ".." behind a symbolic link may mean another folder; this only serves to compare, and
 * preparation compares the files' bytes as well. */
static void normalise(char *path) {
    size_t out = path[0] == '/', root = out, at = 0, n;
    while ((n = component(path, &at)) != 0) {
        bool up = n == 2 && memcmp(path + at, "..", 2) == 0;
        size_t last = out; /* where the last kept component begins */
        while (last > root && path[last - 1] != '/')
            last--;
        bool parent_kept = out > last && !(out - last == 2 && memcmp(path + last, "..", 2) == 0);
        if (up && parent_kept) {
            out = last > root ? last - 1 : root;
        } else if (!up || root == 0) { /* "/.." is "/" */
            if (out > root)
                path[out++] = '/';
            memmove(path + out, path + at, n);
            out += n;
        }
        at += n;
    }
    path[out] = '\0';
}

int exam_check(const struct exam *x, struct err *e) {
    char seen[SLOT_COUNT][SOURCE_PATH_MAX + 8], shown[CSV_SHOW_SIZE];
    for (int s = 0; s < SLOT_COUNT; s++) {
        const char *path = x->source[s].name;
        if (x->source[s].kind != SOURCE_FILE)
            continue;
        size_t n = strlen(path);
        if (n >= sizeof seen[s])
            return err_set(e, ERR_LIMIT, "%s: the path is longer than %d bytes", slot_name((enum slot)s), SOURCE_PATH_MAX);
        memcpy(seen[s], path, n + 1);
        normalise(seen[s]);
        for (int t = 0; t < s; t++)
            if (x->source[t].kind == SOURCE_FILE && strcmp(seen[s], seen[t]) == 0)
                return err_set(e, ERR_VIEW_DUPLICATE, "%s and %s name the same file \"%s\"", slot_name((enum slot)t),
                               slot_name((enum slot)s), csv_show(shown, path));
    }
    return exam_slots(x) ? 0 : err_set(e, ERR_EXAM_NO_IMAGE, "the exam names no image; at least one is needed");
}

/* --- sources ------------------------------------------------------------------------------------------------------------------ */

int source_read(struct source_content *out, const struct exam_source *s, struct err *e) {
    *out = (struct source_content){0};
    assert(s->kind != SOURCE_ABSENT);
    if (s->kind == SOURCE_BYTES) {
        if (s->n > IMAGE_FILE_MAX)
            return err_set(e, ERR_LIMIT, "%s: %zu bytes; the limit is %d", s->name, s->n, IMAGE_FILE_MAX);
        *out = (struct source_content){.bytes = s->bytes, .n = s->n};
        return 0;
    }
    int rc = io_read_file(&out->owned, &out->n, s->name, IMAGE_FILE_MAX, e); /* its message names the path */
    out->bytes = out->owned;
    return rc;
}

void source_release(struct source_content *c) {
    mem_free(c->owned);
    *c = (struct source_content){0};
}
