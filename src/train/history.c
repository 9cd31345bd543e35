/* The results of each epoch. Floor 8. */
#include "train/history.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "file/io.h"

const char *availability_name(unsigned availability, char out[40]) {
    size_t at = 0;
    out[0] = 0;
    for (unsigned k = 0; k < KIND_COUNT; k++)
        if (availability >> k & 1U)
            at += (size_t)snprintf(out + at, 40 - at, "%s%s", at ? "+" : "", slot_kind_name((enum kind)k));
    return out;
}

int history_add(struct history *h, const struct epoch_record *r, struct err *e) {
    if (h->n == h->capacity) {
        const size_t more = h->capacity ? 2 * h->capacity : 64;
        void *p = h->epochs;
        const int rc = mem_grow(&p, more, sizeof *h->epochs, e);
        h->epochs = p;
        if (rc)
            return rc;
        h->capacity = more;
    }
    h->epochs[h->n++] = *r;
    return 0;
}

void history_release(struct history *h) {
    mem_free(h->epochs);
    memset(h, 0, sizeof *h);
}

/* --- JSON ----------------------------------------------------------------------------------------------------------------------- */

/* The figures that stand at the top of a record, by name. */
#define FIGURES(X)                                                                                                                         \
    X("train_loss", loss)                                                                                                                  \
    X("gradient_norm", norm)                                                                                                               \
    X("rate", rate)                                                                                                                        \
    X("seconds", seconds)                                                                                                                  \
    X("waited", waited)                                                                                                                    \
    X("validation_seconds", validation_seconds)                                                                                            \
    X("loss", scores.loss)                                                                                                                 \
    X("auc", scores.auc)                                                                                                                   \
    X("macro_auc", scores.macro_auc)                                                                                                       \
    X("class_accuracy", scores.class_accuracy)                                                                                             \
    X("tier_accuracy", scores.tier_accuracy)
#define COUNTS(X)                                                                                                                          \
    X("epoch", epoch) X("steps", steps) X("exams", exams) X("images", images) X("validation_exams", scores.exams) X("best", best)

struct json *epoch_to_json(const struct epoch_record *r) {
    struct json *j = json_object(), *groups = json_object();
    char name[40];
#define PUT(key, member) json_put_integer(j, key, (int64_t)r->member);
    COUNTS(PUT)
#undef PUT
#define PUT(key, member) json_put_number(j, key, r->member);
    FIGURES(PUT)
#undef PUT
    for (unsigned a = 1; a < AVAILABILITIES; a++) {
        if (!r->scores.by_availability[a].exams)
            continue;
        struct json *g = json_object();
        json_put_integer(g, "exams", r->scores.by_availability[a].exams);
        json_put_integer(g, "malignant", r->scores.by_availability[a].malignant);
        json_put_number(g, "auc", r->scores.by_availability[a].auc);
        json_put(groups, availability_name(a, name), g);
    }
    json_put(j, "by_availability", groups);
    return j;
}

int epoch_from_json(struct epoch_record *r, const struct json *j, struct err *e) {
    char name[40];
    memset(r, 0, sizeof *r);
    if (!json_is_object(j))
        return err_set(e, ERR_CHECKPOINT, "an epoch's record is not an object");
#define TAKE(key, member)                                                                                                                  \
    if (!json_is_integer(json_get(j, key)))                                                                                                \
        return err_set(e, ERR_CHECKPOINT, "an epoch's record has no integer '%s'", key);                                                   \
    r->member = (__typeof__(r->member))json_integer(json_get(j, key), 0);
    COUNTS(TAKE)
#undef TAKE
#define TAKE(key, member) r->member = json_number(json_get(j, key), (double)NAN);
    FIGURES(TAKE)
#undef TAKE
    const struct json *groups = json_get(j, "by_availability");
    for (unsigned a = 1; a < AVAILABILITIES; a++) {
        const struct json *g = json_get(groups, availability_name(a, name));
        r->scores.by_availability[a].exams = (uint32_t)json_integer(json_get(g, "exams"), 0);
        r->scores.by_availability[a].malignant = (uint32_t)json_integer(json_get(g, "malignant"), 0);
        r->scores.by_availability[a].auc = json_number(json_get(g, "auc"), (double)NAN);
    }
    return 0;
}

int history_write_log(const struct history *h, const char *path, struct err *e) {
    struct buf log, line;
    int rc = 0;
    buf_init(&log);
    buf_init(&line);
    for (size_t i = 0; i < h->n && rc == 0; i++)
        if ((rc = json_text(&line, epoch_to_json(&h->epochs[i]), e)) == 0)
            rc = buf_printf(&log, e, "%s\n", line.data);
    if (rc == 0)
        rc = replace_whole(path, log.data ? log.data : "", log.size, e);
    buf_release(&log);
    buf_release(&line);
    return rc;
}
