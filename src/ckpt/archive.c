/* The list of named arrays that both checkpoint formats become. Floor 2. */
#include "ckpt/archive_build.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

static const struct {
    const char *name;
    size_t size;
} dtypes[DTYPE_COUNT] = {
    [DTYPE_F32] = {"F32", 4}, [DTYPE_F64] = {"F64", 8}, [DTYPE_F16] = {"F16", 2}, [DTYPE_BF16] = {"BF16", 2}, [DTYPE_I64] = {"I64", 8},
    [DTYPE_I32] = {"I32", 4}, [DTYPE_I16] = {"I16", 2}, [DTYPE_I8] = {"I8", 1},   [DTYPE_U8] = {"U8", 1},     [DTYPE_BOOL] = {"BOOL", 1},
};

size_t dtype_size(enum dtype t) {
    assert(t < DTYPE_COUNT);
    return dtypes[t].size;
}

const char *dtype_name(enum dtype t) {
    assert(t < DTYPE_COUNT);
    return dtypes[t].name;
}

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool utf8_valid(const char *text, size_t n) {
    const uint8_t *s = (const uint8_t *)text;
    size_t i = 0;
    while (i < n) {
        uint8_t c = s[i++];
        if (c < 0x80)
            continue;
        int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
        if (c < 0xc2 || c > 0xf4 || n - i < (size_t)more)
            return false;
        uint8_t low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
        uint8_t high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
        if (s[i] < low || s[i] > high)
            return false;
        for (int k = 1; k < more; k++)
            if ((s[i + (size_t)k] & 0xc0) != 0x80)
                return false;
        i += (size_t)more;
    }
    return true;
}

struct shown shown(const char *text, size_t n) {
    struct shown s;
    size_t room = sizeof s.text - 4, used = n < room ? n : room;
    for (size_t i = 0; i < used; i++)
        s.text[i] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
    memcpy(s.text + used, n > room ? "..." : "", n > room ? 4 : 1);
    return s;
}

int archive_new(struct archive **out, const uint8_t *bytes, size_t n, struct err *e) {
    *out = NULL;
    struct archive *a = mem_alloc(1, sizeof *a, e);
    if (!a)
        return ERR_NO_MEMORY;
    arena_init(&a->arena, 0);
    a->file = bytes;
    a->file_size = n;
    *out = a;
    return 0;
}

void archive_close(struct archive *a) {
    if (!a)
        return;
    for (size_t i = 0; i < a->n_blocks; i++)
        mem_free(a->blocks[i]);
    mem_free(a->blocks);
    mem_free(a->copy);
    mem_free(a->arrays);
    mem_free(a->by_name);
    arena_release(&a->arena);
    if (a->map.data)
        io_map_close(&a->map);
    mem_free(a);
}

/* Bytes of the array from its shape: every product is checked, a hostile shape may multiply to anything. */
static int measure(struct array *t, const char *label, int code, struct err *e) {
    if (t->rank < 0 || t->rank > ARRAY_RANK_MAX)
        return err_set(e, code, "tensor '%s' has %d dimensions, the limit is %d", label, t->rank, (int)ARRAY_RANK_MAX);
    size_t bytes = dtype_size(t->dtype);
    bool empty = false;
    for (int i = 0; i < t->rank; i++) {
        if (t->shape[i] < 0)
            return err_set(e, code, "tensor '%s': side %d is negative (%lld)", label, i, (long long)t->shape[i]);
        if (t->shape[i] == 0)
            empty = true;
        else if (!mem_mul(bytes, (size_t)t->shape[i], &bytes) || bytes > PTRDIFF_MAX)
            return err_set(e, code, "tensor '%s': its shape multiplies to more bytes than any file holds", label);
    }
    t->bytes = empty ? 0 : bytes;
    return 0;
}

static int check_name(const char *name, size_t n, int code, struct err *e) {
    if (n == 0)
        return err_set(e, code, "a tensor has an empty name");
    if (n > ARCHIVE_NAME_MAX)
        return err_set(e, code, "the tensor name '%s' has %zu bytes, the limit is %d", shown(name, n).text, n, (int)ARCHIVE_NAME_MAX);
    if (memchr(name, 0, n) || !utf8_valid(name, n))
        return err_set(e, code, "the tensor name '%s' is not UTF-8 text", shown(name, n).text);
    return 0;
}

int archive_add(struct archive *a, const char *name, size_t name_size, const struct array *facts, int code, struct err *e) {
    if (a->count == ARCHIVE_ARRAYS_MAX)
        return err_set(e, ERR_LIMIT, "more than %d tensors", (int)ARCHIVE_ARRAYS_MAX);
    int rc = check_name(name, name_size, code, e);
    if (rc)
        return rc;
    struct array t = *facts;
    if ((rc = measure(&t, shown(name, name_size).text, code, e)))
        return rc;
    if (!(t.name = arena_strndup(&a->arena, name, name_size, e)))
        return ERR_NO_MEMORY;
    if (a->count == a->capacity) {
        size_t capacity = a->capacity ? 2 * a->capacity : 64;
        void *p = a->arrays;
        if (mem_grow(&p, capacity, sizeof *a->arrays, e))
            return ERR_NO_MEMORY;
        a->arrays = p;
        a->capacity = capacity;
    }
    a->arrays[a->count++] = t;
    return 0;
}

int archive_block(void **out, struct archive *a, size_t bytes, struct err *e) {
    void *p = a->blocks;
    *out = NULL;
    if (mem_grow(&p, a->n_blocks + 1, sizeof *a->blocks, e))
        return ERR_NO_MEMORY;
    a->blocks = p;
    if (!(*out = mem_alloc_aligned(bytes, 1, e)))
        return ERR_NO_MEMORY;
    a->blocks[a->n_blocks++] = *out;
    return 0;
}

static int by_name(const void *a, const void *b) {
    return strcmp((*(const struct array *const *)a)->name, (*(const struct array *const *)b)->name);
}

int archive_seal(struct archive *a, int code, struct err *e) {
    a->by_name = mem_alloc(a->count, sizeof *a->by_name, e);
    if (!a->by_name)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < a->count; i++)
        a->by_name[i] = &a->arrays[i];
    qsort(a->by_name, a->count, sizeof *a->by_name, by_name);
    for (size_t i = 1; i < a->count; i++) {
        const char *name = a->by_name[i]->name;
        if (!strcmp(a->by_name[i - 1]->name, name))
            return err_set(e, code, "the tensor '%s' appears twice in the file", shown(name, strlen(name)).text);
    }
    return 0;
}

int archive_over(struct archive **out, const struct array *arrays, size_t n, struct err *e) {
    int rc = archive_new(out, NULL, 0, e);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = archive_add(*out, arrays[i].name, strlen(arrays[i].name), &arrays[i], ERR_INTERNAL, e);
    if (rc == 0)
        rc = archive_seal(*out, ERR_INTERNAL, e);
    if (rc) {
        archive_close(*out);
        *out = NULL;
    }
    return rc;
}

size_t archive_count(const struct archive *a) {
    return a->count;
}

const struct array *archive_at(const struct archive *a, size_t i) {
    assert(i < a->count);
    return &a->arrays[i];
}

const struct array *archive_find(const struct archive *a, const char *name) {
    struct array key = {.name = name};
    const struct array *pointer = &key;
    const struct array **found = bsearch(&pointer, a->by_name, a->count, sizeof *a->by_name, by_name);
    return found ? *found : NULL;
}

const char *archive_metadata(const struct archive *a, const char *key) {
    for (size_t i = 0; i < a->n_metadata; i++)
        if (!strcmp(a->metadata[i][0], key))
            return a->metadata[i][1];
    return NULL;
}

int archive_sha256(struct archive *a, uint8_t digest[32], struct err *e) {
    (void)e; /* a mapped file has no error to report; the parameter is the house's form */
    if (!a->hashed)
        sha256_bytes(a->file, a->file_size, a->digest);
    a->hashed = true;
    memcpy(digest, a->digest, sizeof a->digest);
    return 0;
}

void archive_forget(const struct archive *a) {
    if (a->map.data)
        io_map_forget(&a->map, a->map.data, a->map.size);
}

int archive_open(struct archive **out, const char *path, archive_parse_fn *parse, struct err *e) {
    struct io_map map = {0};
    *out = NULL;
    int rc = io_map_open(&map, path, e);
    if (rc)
        return rc;
    if ((rc = parse(out, map.data, map.size, e))) {
        err_prefix(e, "%s", path);
        if (map.data)
            io_map_close(&map);
        return rc;
    }
    (*out)->map = map;
    return 0;
}
