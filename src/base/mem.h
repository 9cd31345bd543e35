/* Memory: checked allocation and arenas. Floor 0.
 *
 * All memory of ours comes from here and goes back through mem_free(), so that whoever embeds the library can say where it comes from.
 * What another library hands out (realpath(), scandir()) goes back through free(). */
#ifndef BMU_BASE_MEM_H
#define BMU_BASE_MEM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Where it comes from: the C library, or what mem_use() says. */
struct mem_source {
    void *(*allocate)(void *ctx, size_t size, size_t alignment); /* size > 0; alignment: a power of two, 16 to 2 MiB; NULL: none left */
    void *(*reallocate)(void *ctx, void *p, size_t size);        /* as realloc(); p is NULL or of alignment 16 */
    void (*release)(void *ctx, void *p);                         /* p may be NULL */
    void *ctx;
};
/* For the process, before any other function here is called, and by one thread alone. ERR_USAGE: memory has been handed out already. */
int mem_use(const struct mem_source *s, struct err *e);

/* What the functions below have given; NULL is allowed. */
void mem_free(void *p);
/* count * size bytes, zeroed; NULL and ERR_NO_MEMORY on overflow or want. mem_free() it. A zero product gives a valid pointer. */
void *mem_alloc(size_t count, size_t size, struct err *e);
/* The same, aligned to 64 bytes and NOT zeroed (large tensors: pages are touched when used). mem_free() it. */
void *mem_alloc_aligned(size_t count, size_t size, struct err *e);
/* Grow *p to count * size bytes; new bytes are not zeroed; *p stays valid on failure. Returns 0 or ERR_NO_MEMORY. */
int mem_grow(void **p, size_t count, size_t size, struct err *e);
/* *out = a * b or a + b; false on overflow. */
bool mem_mul(size_t a, size_t b, size_t *out);
bool mem_add(size_t a, size_t b, size_t *out);
char *mem_strdup(const char *s, struct err *e);
char *mem_printf(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *mem_vprintf(struct err *e, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* An arena: allocations that live and die together (a model, a step, a request). All zeroed, 16-byte aligned. */
struct arena_block;
struct arena {
    struct arena_block *blocks;
    size_t used;  /* bytes handed out, for reports */
    size_t limit; /* 0: none; else allocation beyond fails with ERR_LIMIT */
};
void arena_init(struct arena *a, size_t limit);
void arena_release(struct arena *a); /* frees all; the arena is as after init */
void *arena_alloc(struct arena *a, size_t count, size_t size, struct err *e);
char *arena_strdup(struct arena *a, const char *s, struct err *e);
char *arena_strndup(struct arena *a, const char *s, size_t n, struct err *e);
char *arena_printf(struct arena *a, struct err *e, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
