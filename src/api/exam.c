/* bmunet.h: one exam, kept as it was said until a model tells what it takes. Floor 8. */
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "scan/draft.h"

enum { WORDS_MAX = 256 };

struct bmunet_exam {
    struct arena arena;
    const char *id;
    struct named_source {
        int slot; /* -1: its tags tell */
        struct exam_source source;
    } image[SLOT_COUNT];
    size_t n_images;
    struct {
        const char *name, *value;
    } word[WORDS_MAX];
    size_t n_words;
};

int bmunet_exam_new(struct bmunet_exam **out, const char *id, struct bmunet_error *error) {
    struct err e = {0};
    *out = NULL;
    if (!id || !*id)
        return api_return(error, err_set(&e, ERR_USAGE, "an exam needs an id"), &e);
    struct bmunet_exam *x = mem_alloc(1, sizeof *x, &e);
    if (!x)
        return api_return(error, ERR_NO_MEMORY, &e);
    arena_init(&x->arena, 0);
    x->id = arena_strdup(&x->arena, id, &e);
    if (!x->id) {
        bmunet_exam_free(x);
        return api_return(error, ERR_NO_MEMORY, &e);
    }
    *out = x;
    return api_return(error, 0, &e);
}

void bmunet_exam_free(struct bmunet_exam *exam) {
    if (!exam)
        return;
    arena_release(&exam->arena);
    mem_free(exam);
}

static int slot_of(int *slot, const char *name, struct err *e) {
    const char *nearest = "";
    unsigned least = ~0U;
    for (*slot = 0; *slot < SLOT_COUNT; ++*slot) {
        const char *known = slot_name((enum slot) * slot);
        const unsigned distance = nearest_distance(name, known);
        if (strcmp(name, known) == 0)
            return 0;
        if (distance < least) {
            least = distance;
            nearest = known;
        }
    }
    return err_set(e, ERR_USAGE, "'%.100s' is not an image slot; did you mean '%s'?", name, nearest);
}

static int add_image(struct bmunet_exam *x, const char *slot, const struct exam_source *source, struct err *e) {
    int s = -1;
    int rc = slot ? slot_of(&s, slot, e) : 0;
    if (rc)
        return rc;
    if (x->n_images == SLOT_COUNT)
        return err_set(e, ERR_USAGE, "an exam has at most %d images", SLOT_COUNT);
    for (size_t i = 0; i < x->n_images; i++)
        if (s >= 0 && x->image[i].slot == s)
            return err_set(e, ERR_USAGE, "%s has an image already", slot);
    x->image[x->n_images++] = (struct named_source){s, *source};
    return 0;
}

int bmunet_exam_file(struct bmunet_exam *exam, const char *slot, const char *path, struct bmunet_error *error) {
    struct err e = {0};
    if (!path || !*path)
        return api_return(error, err_set(&e, ERR_USAGE, "an image needs a path"), &e);
    const char *copy = arena_strdup(&exam->arena, path, &e);
    const struct exam_source source = source_file(copy);
    return api_return(error, copy ? add_image(exam, slot, &source, &e) : ERR_NO_MEMORY, &e);
}

int bmunet_exam_bytes(struct bmunet_exam *exam, const char *slot, const char *name, const void *bytes, size_t size,
                      struct bmunet_error *error) {
    struct err e = {0};
    if (!bytes)
        return api_return(error, err_set(&e, ERR_USAGE, "an image needs bytes"), &e);
    const char *title = arena_strdup(&exam->arena, name && *name ? name : "image in memory", &e);
    uint8_t *copy = title ? arena_alloc(&exam->arena, size, 1, &e) : NULL;
    if (!copy)
        return api_return(error, ERR_NO_MEMORY, &e);
    if (size)
        memcpy(copy, bytes, size);
    const struct exam_source source = source_bytes(title, copy, size);
    return api_return(error, add_image(exam, slot, &source, &e), &e);
}

int bmunet_exam_value(struct bmunet_exam *exam, const char *name, const char *value, struct bmunet_error *error) {
    struct err e = {0};
    int slot;
    if (!name || !*name)
        return api_return(error, err_set(&e, ERR_USAGE, "a value needs a name"), &e);
    if (!value)
        value = "";
    if (slot_of(&slot, name, NULL) == 0)
        return api_return(error, err_set(&e, ERR_USAGE, "%s is an image: give it as a file or as bytes", name), &e);
    if (strcmp(name, "exam_id") == 0)
        return api_return(error, err_set(&e, ERR_USAGE, "the exam's id was given when it was made"), &e);
    if (exam->n_words == WORDS_MAX)
        return api_return(error, err_set(&e, ERR_USAGE, "an exam has at most %d values", WORDS_MAX), &e);
    for (size_t i = 0; i < exam->n_words; i++)
        if (strcmp(exam->word[i].name, name) == 0)
            return api_return(error, err_set(&e, ERR_USAGE, "%.100s has been given already", name), &e);
    const char *n = arena_strdup(&exam->arena, name, &e), *v = arena_strdup(&exam->arena, value, &e);
    if (!n || !v)
        return api_return(error, ERR_NO_MEMORY, &e);
    exam->word[exam->n_words].name = n;
    exam->word[exam->n_words++].value = v;
    return api_return(error, 0, &e);
}

int api_draft(struct draft **draft, const struct bmunet_model *m, const struct bmunet_exam *x, struct err *e) {
    int rc = draft_new(draft, model_schema(m->model), e);
    if (!rc)
        rc = draft_set(*draft, "exam_id", x->id, e);
    for (size_t i = 0; i < x->n_images && !rc; i++)
        rc = x->image[i].slot < 0 ? draft_file(*draft, &x->image[i].source, e)
                                  : draft_image(*draft, (enum slot)x->image[i].slot, &x->image[i].source, e);
    for (size_t i = 0; i < x->n_words && !rc; i++)
        rc = draft_set(*draft, x->word[i].name, x->word[i].value, e);
    return rc ? rc : draft_finish(*draft, m->decoder, e);
}
