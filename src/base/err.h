/* Errors as values. Floor 0.
 *
 * A fallible function returns int: 0, or a negative `enum err_code`; its last parameter is a caller-owned, nullable
 * `struct err *`. Higher levels add context with err_prefix() and never replace the code. Nothing below cli/ prints or
 * exits. The code's name (err_name) is what verdicts, CSV and JSON carry; it is part of the file formats: never rename.
 */
#ifndef BMU_BASE_ERR_H
#define BMU_BASE_ERR_H

#include <stdbool.h>

#include "base/err_codes.h"

#define ERR_MESSAGE_MAX 1024

struct err {
    int code;                      /* 0 or an err_code */
    char message[ERR_MESSAGE_MAX]; /* one sentence, UTF-8, names file, row, field and what to do; never NULL-less */
};

enum err_code {
    ERR_OK = 0,
#define X(name, value, class, meaning) ERR_##name = value,
    ERR_CODES(X)
#undef X
};

/* err_codes.h says what each class means. */
enum err_class {
    ERR_CLASS_USAGE,
    ERR_CLASS_INPUT,
    ERR_CLASS_REFUSED,
    ERR_CLASS_ENVIRONMENT,
    ERR_CLASS_INTERRUPTED,
    ERR_CLASS_INTERNAL,
    ERR_CLASS_COUNT
};

/* Fill e (if not NULL) and return code. */
int err_set(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Put "prefix: " before the message; keeps and returns e->code (or ERR_INTERNAL if e is NULL: pass the code through yourself). */
int err_prefix(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
#ifdef __clang_analyzer__ /* it does not look across files: let it see that these never return 0 */
#define err_set(e, code, ...) ((err_set)(e, code, __VA_ARGS__), (code))
#define err_prefix(e, ...) ((err_prefix)(e, __VA_ARGS__), ERR_INTERNAL)
#endif
/* "IMAGE_TRUNCATED" for ERR_IMAGE_TRUNCATED; "UNKNOWN" for a number that is no code. Static storage. */
const char *err_name(int code);
/* Of a number that is no code: INTERNAL. */
enum err_class err_class(int code);
/* "usage", "input", "refused", "environment", "interrupted", "internal". Static storage. */
const char *err_class_name(enum err_class c);
/* ENVIRONMENT, INTERRUPTED, INTERNAL: the run ends, where any other code costs only the exam or the file at hand. False for 0. */
bool err_ends_run(int code);
/* The one-line meaning of a code, for documentation and `bmunet` help. Static storage. */
const char *err_meaning(int code);

#endif
