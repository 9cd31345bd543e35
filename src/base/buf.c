/* A growable byte buffer. Floor 0. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void buf_init(struct buf *b) {
    *b = (struct buf){0};
}

void buf_release(struct buf *b) {
    mem_free(b->data);
    buf_init(b);
}

void buf_clear(struct buf *b) {
    b->size = 0;
    if (b->data)
        b->data[0] = 0;
}

/* Room for n more bytes and the NUL. */
static int buf_reserve(struct buf *b, size_t n, struct err *e) {
    size_t need;
    if (!mem_add(b->size, n, &need) || !mem_add(need, 1, &need))
        return err_set(e, ERR_NO_MEMORY, "no memory for a buffer of %zu more bytes", n);
    if (need <= b->capacity)
        return 0;
    size_t capacity = b->capacity > SIZE_MAX / 2 ? need : b->capacity * 2;
    if (capacity < need)
        capacity = need;
    if (capacity < 64)
        capacity = 64;
    void *p = b->data;
    int rc = mem_grow(&p, capacity, 1, e);
    if (rc)
        return rc;
    b->data = p;
    b->capacity = capacity;
    return 0;
}

int buf_append(struct buf *b, const void *bytes, size_t n, struct err *e) {
    int rc = buf_reserve(b, n, e);
    if (rc)
        return rc;
    if (n)
        memcpy(b->data + b->size, bytes, n);
    b->size += n;
    b->data[b->size] = 0;
    return 0;
}

int buf_printf(struct buf *b, struct err *e, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args), rc;
    if (n < 0)
        rc = err_set(e, ERR_INTERNAL, "a text could not be formatted");
    else
        rc = buf_reserve(b, (size_t)n, e);
    if (!rc) {
        vsnprintf(b->data + b->size, (size_t)n + 1, format, again);
        b->size += (size_t)n;
    }
    va_end(again);
    va_end(args);
    return rc;
}

int buf_csv_cell(struct buf *b, const char *text, struct err *e) {
    if (!text[strcspn(text, ",\"\r\n")])
        return buf_append(b, text, strlen(text), e);
    int rc = buf_append(b, "\"", 1, e);
    while (!rc && *text) {
        size_t n = strcspn(text, "\"");
        rc = buf_append(b, text, n, e);
        text += n;
        if (!rc && *text == '"') {
            rc = buf_append(b, "\"\"", 2, e);
            text++;
        }
    }
    return rc ? rc : buf_append(b, "\"", 1, e);
}
