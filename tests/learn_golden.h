/* What the tests of learning share: tests/golden/learn/<name>.json (tests/oracle/make_learn_golden.py) and its lists of numbers. Test code.
 */
#ifndef BMU_TESTS_LEARN_GOLDEN_H
#define BMU_TESTS_LEARN_GOLDEN_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "file/io.h"
#include "file/json.h"

/* The caller frees it. */
static inline struct json *learn_read(const char *name) {
    char path[256];
    uint8_t *text = NULL;
    size_t n = 0;
    struct err e = {0};
    struct json *root = NULL;
    snprintf(path, sizeof path, "tests/golden/learn/%s.json", name);
    if (io_read_file(&text, &n, path, 1 << 24, &e) || json_read(&root, (const char *)text, n, ERR_CONFIG, &e))
        fail_msg("%s: %s", path, e.message);
    free(text);
    assert_true(json_size(json_get(root, "cases")) > 0);
    return root;
}

static inline double learn_number(const struct json *j) {
    const double x = json_number(j, NAN);
    assert_true(isfinite(x));
    return x;
}

/* A list of numbers, all of them; returns how many. */
static inline size_t learn_numbers(double *out, size_t room, const struct json *list) {
    const size_t n = json_size(list);
    assert_true(json_is_array(list) && n <= room);
    for (size_t i = 0; i < n; i++)
        out[i] = learn_number(json_at(list, i));
    return n;
}

/* Is i in the list? */
static inline bool learn_lists(const struct json *list, size_t i) {
    for (size_t k = 0; k < json_size(list); k++)
        if (json_integer(json_at(list, k), -1) == (int64_t)i)
            return true;
    return false;
}

#endif
