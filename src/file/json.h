/* JSON through jansson: the only file that sees jansson.h is json.c. Floor 1.
 *
 * `struct json` is a value of the tree; values are owned by their root; json_free() the root only. Reading refuses duplicate keys,
 * trailing bytes, NUL in strings, and nesting deeper than jansson's limit. Object keys keep their order.
 */
#ifndef BMU_FILE_JSON_H
#define BMU_FILE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* jansson exports these four names with other meanings; defined under them, ours would take the place of its own inside libjansson. */
#define json_object bmu_json_object
#define json_array bmu_json_array
#define json_string bmu_json_string
#define json_integer bmu_json_integer

struct json;

/* Parse n bytes. On failure returns `code` (the caller's format code) with line and column in the message. */
int json_read(struct json **out, const char *text, size_t n, int code, struct err *e);
void json_free(struct json *j);
/* Compact, keys in insertion order, real numbers with 17 significant digits; no newline. */
int json_write(const struct json *j, struct buf *out, struct err *e);
/* The same into a cleared buffer, of a value just built, which is freed: ERR_NO_MEMORY if building it has failed. */
int json_text(struct buf *out, struct json *built, struct err *e);
/* The same, indented by two spaces, for files that people read. */
int json_write_pretty(const struct json *j, struct buf *out, struct err *e);

/* Reading: NULL, false or fallback when j is NULL or of another type. */
bool json_is_object(const struct json *j);
bool json_is_array(const struct json *j);
bool json_is_string(const struct json *j);
bool json_is_integer(const struct json *j);
bool json_is_number(const struct json *j);
struct json *json_get(const struct json *object, const char *key);
struct json *json_at(const struct json *array, size_t i);
size_t json_size(const struct json *j); /* members of an object or elements of an array */
const char *json_string(const struct json *j);
int64_t json_integer(const struct json *j, int64_t fallback);
double json_number(const struct json *j, double fallback);
bool json_bool(const struct json *j, bool fallback);
/* Visit members in order; stop and return the callback's non-zero result. */
int json_each(const struct json *object, int (*visit)(void *ctx, const char *key, struct json *value), void *ctx);

/* Building: text that is not UTF-8 is taken with U+FFFD in place of each wrong byte. NULL on want of memory; every adder takes the child
 * over (also on failure) and accepts NULL children as failure, so that a chain of calls needs one check at its end: json_ok(). Non-finite
 * numbers are written as null. */
struct json *json_object(void);
struct json *json_array(void);
void json_put(struct json *object, const char *key, struct json *child);
void json_put_string(struct json *object, const char *key, const char *value); /* NULL value: null */
void json_put_integer(struct json *object, const char *key, int64_t value);
void json_put_number(struct json *object, const char *key, double value);
void json_put_bool(struct json *object, const char *key, bool value);
void json_push(struct json *array, struct json *child);
void json_push_string(struct json *array, const char *value);
void json_push_number(struct json *array, double value);
void json_push_integer(struct json *array, int64_t value);
/* False if j is NULL or any building call on this thread has failed since the last json_ok(). */
bool json_ok(const struct json *j);

/* "jansson 2.14": the library and its version, for provenance. */
void json_library(char out[32]);

#endif
