/* Memory: checked allocation and arenas. Floor 0. */
#include "base/mem.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ALIGNMENT_TENSOR 64
#define HUGE_PAGE ((size_t)2 << 20)
#define HUGE_FROM ((size_t)8 << 20) /* blocks from here up ask for huge pages */
#define ALIGNMENT_ARENA 16
#define ARENA_BLOCK ((size_t)64 * 1024)

bool mem_mul(size_t a, size_t b, size_t *out) {
    return !__builtin_mul_overflow(a, b, out);
}

bool mem_add(size_t a, size_t b, size_t *out) {
    return !__builtin_add_overflow(a, b, out);
}

static int no_memory(struct err *e, size_t count, size_t size) {
    return err_set(e, ERR_NO_MEMORY, "no memory for %zu x %zu bytes", count, size);
}

/* --- where it comes from --- */

static struct mem_source source; /* no functions: the C library. Written by mem_use() alone, before anything is read from it */
static atomic_bool settled;      /* memory has been handed out */

int mem_use(const struct mem_source *s, struct err *e) {
    if (atomic_exchange(&settled, true))
        return err_set(e, ERR_USAGE, "memory has been handed out already: say where it comes from before anything else, and once");
    source = *s;
    return 0;
}

static void settle(void) {
    if (!atomic_load_explicit(&settled, memory_order_relaxed))
        atomic_store_explicit(&settled, true, memory_order_relaxed);
}

void mem_free(void *p) {
    if (source.release)
        source.release(source.ctx, p);
    else
        free(p);
}

void *mem_alloc(size_t count, size_t size, struct err *e) {
    size_t bytes;
    void *p = NULL;
    settle();
    if (!source.allocate)
        p = calloc(count ? count : 1, size ? size : 1); /* calloc checks the product, and need not clear fresh pages */
    else if (mem_mul(count, size, &bytes) && (p = source.allocate(source.ctx, bytes ? bytes : 1, ALIGNMENT_ARENA)))
        memset(p, 0, bytes);
    if (!p)
        no_memory(e, count, size);
    return p;
}

static void *aligned(size_t bytes, size_t alignment) {
    void *p = NULL;
    settle();
    if (source.allocate)
        return source.allocate(source.ctx, bytes, alignment);
    /* not aligned_alloc(): it wants whole multiples of the alignment, up to 2 MiB more than needed */
    return posix_memalign(&p, alignment, bytes) ? NULL : p;
}

void *mem_alloc_aligned(size_t count, size_t size, struct err *e) {
    size_t bytes, alignment = ALIGNMENT_TENSOR;
    void *p = NULL;
    if (mem_mul(count, size, &bytes)) {
        if (bytes >= HUGE_FROM)
            alignment = HUGE_PAGE;
        p = aligned(bytes ? bytes : 1, alignment);
    }
    if (!p)
        no_memory(e, count, size);
    else if (alignment == HUGE_PAGE)
        (void)madvise(p, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE); /* fewer page walks; where it is refused nothing changes */
    return p;
}

int mem_grow(void **p, size_t count, size_t size, struct err *e) {
    size_t bytes;
    if (!mem_mul(count, size, &bytes))
        return no_memory(e, count, size);
    settle();
    void *grown = source.reallocate ? source.reallocate(source.ctx, *p, bytes ? bytes : 1) : realloc(*p, bytes ? bytes : 1);
    if (!grown)
        return no_memory(e, count, size);
    *p = grown;
    return 0;
}

/* --- text --- */

char *mem_strdup(const char *s, struct err *e) {
    size_t n = strlen(s) + 1;
    char *copy = mem_alloc(n, 1, e);
    if (copy)
        memcpy(copy, s, n);
    return copy;
}

char *mem_vprintf(struct err *e, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    const int n = vsnprintf(NULL, 0, format, args);
    char *text = NULL;
    if (n < 0)
        err_set(e, ERR_INTERNAL, "a text could not be formatted");
    else if ((text = mem_alloc((size_t)n + 1, 1, e)))
        vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    return text;
}

char *mem_printf(struct err *e, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = mem_vprintf(e, format, args);
    va_end(args);
    return text;
}

/* Blocks form a list, the newest first; only the first one is filled further. */
struct arena_block {
    struct arena_block *next;
    size_t used, capacity;
    _Alignas(ALIGNMENT_ARENA) unsigned char bytes[];
};

void arena_init(struct arena *a, size_t limit) {
    *a = (struct arena){.limit = limit};
}

void arena_release(struct arena *a) {
    for (struct arena_block *b = a->blocks; b;) {
        struct arena_block *next = b->next;
        mem_free(b);
        b = next;
    }
    arena_init(a, a->limit);
}

static struct arena_block *arena_add_block(struct arena *a, size_t bytes, struct err *e) {
    size_t capacity = bytes > ARENA_BLOCK ? bytes : ARENA_BLOCK, total;
    if (!mem_add(capacity, sizeof(struct arena_block), &total)) {
        no_memory(e, 1, bytes);
        return NULL;
    }
    struct arena_block *b = mem_alloc(1, total, e);
    if (!b)
        return NULL;
    b->capacity = capacity;
    if (bytes > ARENA_BLOCK && a->blocks) { /* a large one of its own goes behind, so that the half-filled one stays in use */
        b->next = a->blocks->next;
        a->blocks->next = b;
    } else {
        b->next = a->blocks;
        a->blocks = b;
    }
    return b;
}

void *arena_alloc(struct arena *a, size_t count, size_t size, struct err *e) {
    size_t bytes, total;
    if (!mem_mul(count, size, &bytes) || !mem_add(bytes, ALIGNMENT_ARENA, &bytes)) {
        no_memory(e, count, size);
        return NULL;
    }
    bytes = (bytes - 1) / ALIGNMENT_ARENA * ALIGNMENT_ARENA; /* rounded up; a zero product still gets nothing but a place */
    if (!mem_add(a->used, bytes, &total) || (a->limit && total > a->limit)) {
        err_set(e, ERR_LIMIT, "an arena of at most %zu bytes cannot hold %zu more", a->limit, bytes);
        return NULL;
    }
    struct arena_block *b = a->blocks;
    if (!b || b->capacity - b->used < bytes) {
        b = arena_add_block(a, bytes, e);
        if (!b)
            return NULL;
    }
    void *p = b->bytes + b->used; /* blocks come zeroed */
    b->used += bytes;
    a->used = total;
    return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n, struct err *e) {
    size_t bytes;
    if (!mem_add(n, 1, &bytes)) {
        no_memory(e, n, 1);
        return NULL;
    }
    char *copy = arena_alloc(a, bytes, 1, e);
    if (copy && n)
        memcpy(copy, s, n);
    return copy;
}

char *arena_strdup(struct arena *a, const char *s, struct err *e) {
    return arena_strndup(a, s, strlen(s), e);
}

char *arena_printf(struct arena *a, struct err *e, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    char *text = NULL;
    if (n < 0)
        err_set(e, ERR_INTERNAL, "a text could not be formatted");
    else
        text = arena_alloc(a, (size_t)n + 1, 1, e);
    if (text)
        vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}
