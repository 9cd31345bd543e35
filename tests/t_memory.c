/* Memory that another program gives: asked for at the stated alignments, given back to the last block, refused once in use; and a JSON text
 * that could not be written whole is an error at whichever allocation memory ends. A program of its own: the source is chosen once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "file/json.h"

static long held, calls, fails_at; /* fails_at 0: never */

static void *allocate(void *ctx, size_t size, size_t alignment) {
    assert_ptr_equal(ctx, &held);
    assert_true(size > 0 && alignment >= 16 && alignment <= (size_t)2 << 20 && (alignment & (alignment - 1)) == 0);
    if (++calls == fails_at)
        return NULL;
    void *p = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    assert_non_null(p);
    memset(p, 0xA5, size); /* mem_alloc() has to clear it */
    held++;
    return p;
}

static void *reallocate(void *ctx, void *p, size_t size) {
    assert_ptr_equal(ctx, &held);
    if (++calls == fails_at)
        return NULL;
    held += p == NULL;
    return realloc(p, size);
}

static void release(void *ctx, void *p) {
    assert_ptr_equal(ctx, &held);
    held -= p != NULL;
    free(p);
}

static const struct mem_source source = {allocate, reallocate, release, &held};

static void a_source(void **state) {
    (void)state;
    struct err e = {0};
    uint8_t *p = mem_alloc(3, 5, &e);
    for (int i = 0; i < 15; i++)
        assert_int_equal(p[i], 0);
    float *large = mem_alloc_aligned((size_t)3 << 20, sizeof *large, &e);
    assert_int_equal((uintptr_t)large % 64, 0);
    void *grown = NULL;
    assert_int_equal(mem_grow(&grown, 7, 9, &e), 0);
    char *text = mem_printf(&e, "%d %s", 7, "x");
    assert_string_equal(text, "7 x");
    assert_int_equal(held, 4);
    fails_at = calls + 1;
    assert_null(mem_alloc(1, 1, &e));
    assert_int_equal(e.code, ERR_NO_MEMORY);
    fails_at = 0;
    mem_free(p);
    mem_free(large);
    mem_free(grown);
    mem_free(text);
    mem_free(NULL);
    assert_int_equal(held, 0);
    assert_int_equal(mem_use(&source, &e), ERR_USAGE);
}

static void json_is_whole_or_an_error(void **state) {
    (void)state;
    struct err e = {0};
    struct json *j = json_object();
    char key[32];
    for (int i = 0; i < 200; i++) {
        snprintf(key, sizeof key, "a key that has a length %d", i);
        json_put_integer(j, key, i);
    }
    assert_true(json_ok(j));
    long n = 0, failed = 0;
    for (bool whole = false; !whole; n++) {
        struct buf out;
        buf_init(&out);
        calls = 0;
        fails_at = n + 1;
        const int rc = json_write(j, &out, &e);
        whole = calls < fails_at; /* it did not get so far */
        fails_at = 0;
        if (whole) {
            struct json *back = NULL;
            assert_int_equal(rc, 0);
            assert_int_equal(json_read(&back, out.data, out.size, ERR_INTERNAL, &e), 0);
            assert_int_equal(json_size(back), 200);
            json_free(back);
        } else {
            assert_int_equal(rc, ERR_NO_MEMORY);
            failed++;
        }
        buf_release(&out);
    }
    assert_true(failed > 3);
    json_free(j);
    assert_int_equal(held, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_source), cmocka_unit_test(json_is_whole_or_an_error)};
    return mem_use(&source, NULL) || cmocka_run_group_tests(tests, NULL, NULL);
}
