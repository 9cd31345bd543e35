/* A network's numbers while it learns, in two blocks. Floor 3. */
#include "nn/parameters.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { ALIGN = 16 }; /* floats of a cache line */

static size_t padded(size_t n) {
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

/* Trained ones first, then the rest. */
static void lay_out(struct parameters *p) {
    for (int trained = 1; trained >= 0; trained--) {
        for (size_t i = 0; i < p->keys->n; i++) {
            const struct key *k = &p->keys->list[i];
            if (key_dtype(k) != DTYPE_F32 || key_is_trained(k) != (trained == 1))
                continue;
            p->offset[i] = p->n;
            p->n += padded(key_count(k));
        }
        if (trained)
            p->n_trained = p->n;
    }
}

static int fill(struct parameters *p, const struct archive *from, uint64_t seed, struct err *e) {
    struct arena arena;
    arena_init(&arena, 0);
    int rc = from ? 0 : keys_fill(p->keys, seed, p->arrays, &arena, e); /* arrays over the arena, for the moment */
    for (size_t i = 0; i < p->keys->n && rc == 0; i++) {
        const struct key *k = &p->keys->list[i];
        const struct array *a = from ? archive_find(from, k->name) : &p->arrays[i];
        void *to = key_dtype(k) == DTYPE_F32 ? (void *)(p->values + p->offset[i]) : (void *)&p->batches[i];
        memcpy(to, a->data, a->bytes);
        p->arrays[i] = *a;
        p->arrays[i].name = k->name;
        p->arrays[i].data = to;
    }
    arena_release(&arena);
    return rc;
}

int parameters_new(struct parameters **out, const struct keys *keys, const struct archive *from, uint64_t seed, struct err *e) {
    int rc = ERR_NO_MEMORY;
    struct parameters *p = mem_alloc(1, sizeof *p, e);
    if (!p)
        return rc;
    p->keys = keys;
    p->offset = mem_alloc(keys->n, sizeof *p->offset, e);
    p->batches = mem_alloc(keys->n, sizeof *p->batches, e);
    p->arrays = mem_alloc(keys->n, sizeof *p->arrays, e);
    if (!p->offset || !p->batches || !p->arrays)
        goto out;
    lay_out(p);
    p->values = mem_alloc_aligned(p->n, sizeof *p->values, e);
    p->gradients = mem_alloc_aligned(p->n_trained, sizeof *p->gradients, e);
    if (!p->values || !p->gradients)
        goto out;
    memset(p->values, 0, p->n * sizeof *p->values);
    parameters_zero_gradients(p);
    rc = fill(p, from, seed, e);
    if (rc == 0)
        rc = archive_over(&p->archive, p->arrays, keys->n, e);
out:
    if (rc)
        parameters_free(p);
    else
        *out = p;
    return rc;
}

void parameters_free(struct parameters *p) {
    if (!p)
        return;
    archive_close(p->archive);
    mem_free(p->values);
    mem_free(p->gradients);
    mem_free(p->offset);
    mem_free(p->batches);
    mem_free(p->arrays);
    mem_free(p);
}

void parameters_zero_gradients(struct parameters *p) {
    memset(p->gradients, 0, p->n_trained * sizeof *p->gradients);
}

void parameters_count_batch(struct parameters *p, const char *prefix) {
    const size_t n = strlen(prefix);
    for (size_t i = 0; i < p->keys->n; i++) {
        const struct key *k = &p->keys->list[i];
        if (k->kind == KEY_BATCHES && strncmp(k->name, prefix, n) == 0 && k->name[n] == '.')
            p->batches[i]++;
    }
}
