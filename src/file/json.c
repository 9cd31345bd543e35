/* JSON through jansson: the only file that sees jansson.h. Floor 1.
 *
 * `struct json` is jansson's json_t under another name; it has no definition of its own. Where jansson's name is also ours (json_object
 * ...), its function is kept under lib_* before our header is read. */
#include <jansson.h>
#include <stdbool.h>

static json_t *lib_object(void) {
    return json_object();
}
static json_t *lib_array(void) {
    return json_array();
}
static json_t *lib_string(const char *s) {
    return json_string(s);
}
static json_t *lib_integer(json_int_t v) {
    return json_integer(v);
}
static bool lib_is_real(const json_t *j) {
    return json_is_real(j);
}
#undef json_is_object
#undef json_is_array
#undef json_is_string
#undef json_is_integer
#undef json_is_number

#include "base/mem.h"
#include "file/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The chain of building calls that json_ok() ends: the one piece of state, and each thread's own. */
static _Thread_local bool building_failed;

static json_t *lib(const struct json *j) {
    return (json_t *)(uintptr_t)j;
}

static struct json *ours(json_t *j) {
    return (struct json *)(void *)j;
}

static bool is(const struct json *j, json_type type) {
    return j && json_typeof(lib(j)) == type;
}

int json_read(struct json **out, const char *text, size_t n, int code, struct err *e) {
    json_error_t error;
    *out = NULL;
    json_t *j = json_loadb(text ? text : "", n, JSON_REJECT_DUPLICATES, &error);
    if (!j)
        return err_set(e, code, "line %d, column %d: %s", error.line, error.column, error.text);
    *out = ours(j);
    return 0;
}

void json_free(struct json *j) {
    json_decref(lib(j));
}

/* jansson goes on after some failures of its callback (keys of objects): the first one counts. */
struct dump {
    struct buf *out;
    bool failed;
};

static int append(const char *bytes, size_t n, void *ctx) {
    struct dump *d = ctx;
    d->failed = d->failed || buf_append(d->out, bytes, n, NULL) != 0;
    return d->failed ? -1 : 0;
}

static int dump(const struct json *j, struct buf *out, size_t flags, struct err *e) {
    size_t before = out->size;
    struct dump d = {.out = out};
    if (j && !json_dump_callback(lib(j), append, &d, flags | JSON_REAL_PRECISION(17) | JSON_ENCODE_ANY) && !d.failed)
        return 0;
    out->size = before; /* nothing half-written */
    if (out->data)
        out->data[before] = 0;
    return j ? err_set(e, ERR_NO_MEMORY, "no memory to write JSON") : err_set(e, ERR_INTERNAL, "no JSON value to write");
}

int json_write(const struct json *j, struct buf *out, struct err *e) {
    return dump(j, out, JSON_COMPACT, e);
}

int json_text(struct buf *out, struct json *built, struct err *e) {
    buf_clear(out);
    const int rc = json_ok(built) ? json_write(built, out, e) : err_set(e, ERR_NO_MEMORY, "no memory for a JSON text");
    json_free(built);
    return rc;
}

int json_write_pretty(const struct json *j, struct buf *out, struct err *e) {
    return dump(j, out, JSON_INDENT(2), e);
}

bool json_is_object(const struct json *j) {
    return is(j, JSON_OBJECT);
}
bool json_is_array(const struct json *j) {
    return is(j, JSON_ARRAY);
}
bool json_is_string(const struct json *j) {
    return is(j, JSON_STRING);
}
bool json_is_integer(const struct json *j) {
    return is(j, JSON_INTEGER);
}
bool json_is_number(const struct json *j) {
    return is(j, JSON_INTEGER) || lib_is_real(lib(j));
}

struct json *json_get(const struct json *object, const char *key) {
    return ours(json_object_get(lib(object), key));
}

struct json *json_at(const struct json *array, size_t i) {
    return ours(json_array_get(lib(array), i));
}

size_t json_size(const struct json *j) {
    return json_is_object(j) ? json_object_size(lib(j)) : json_array_size(lib(j));
}

const char *json_string(const struct json *j) {
    return json_string_value(lib(j));
}

int64_t json_integer(const struct json *j, int64_t fallback) {
    return json_is_integer(j) ? json_integer_value(lib(j)) : fallback;
}

double json_number(const struct json *j, double fallback) {
    return json_is_number(j) ? json_number_value(lib(j)) : fallback;
}

bool json_bool(const struct json *j, bool fallback) {
    if (is(j, JSON_TRUE))
        return true;
    return is(j, JSON_FALSE) ? false : fallback;
}

int json_each(const struct json *object, int (*visit)(void *ctx, const char *key, struct json *value), void *ctx) {
    if (!json_is_object(object))
        return 0;
    for (void *i = json_object_iter(lib(object)); i; i = json_object_iter_next(lib(object), i)) {
        int rc = visit(ctx, json_object_iter_key(i), ours(json_object_iter_value(i)));
        if (rc)
            return rc;
    }
    return 0;
}

static struct json *built(json_t *j) {
    if (!j)
        building_failed = true;
    return ours(j);
}

struct json *json_object(void) {
    return built(lib_object());
}

struct json *json_array(void) {
    return built(lib_array());
}

/* Paths and messages may hold anything: each byte that makes jansson refuse is written as U+FFFD. */
static json_t *repaired_string(const char *s) {
    size_t n = strlen(s);
    char *text = mem_alloc(n + 1, 3, NULL), *to = text;
    if (!text)
        return NULL;
    while (*s) {
        int length = *s & 0x80 ? 2 : 1;
        json_t *one = NULL;
        for (; length <= 4 && !one && strnlen(s, 4) >= (size_t)length; length++)
            one = json_stringn(s, (size_t)length);
        if (one) {
            size_t taken = json_string_length(one);
            to = mempcpy(to, s, taken);
            s += taken;
        } else {
            to = mempcpy(to, "\xEF\xBF\xBD", 3);
            s++;
        }
        json_decref(one);
    }
    json_t *j = json_stringn(text, (size_t)(to - text));
    mem_free(text);
    return j;
}

static struct json *new_string(const char *value) {
    if (!value)
        return built(json_null());
    json_t *j = lib_string(value);
    return built(j ? j : repaired_string(value));
}

static struct json *new_number(double value) {
    return built(isfinite(value) ? json_real(value) : json_null());
}

void json_put(struct json *object, const char *key, struct json *child) {
    if (json_object_set_new(lib(object), key, lib(child)))
        building_failed = true;
}

void json_put_string(struct json *object, const char *key, const char *value) {
    json_put(object, key, new_string(value));
}

void json_put_integer(struct json *object, const char *key, int64_t value) {
    json_put(object, key, built(lib_integer(value)));
}

void json_put_number(struct json *object, const char *key, double value) {
    json_put(object, key, new_number(value));
}

void json_put_bool(struct json *object, const char *key, bool value) {
    json_put(object, key, built(json_boolean(value)));
}

void json_push(struct json *array, struct json *child) {
    if (json_array_append_new(lib(array), lib(child)))
        building_failed = true;
}

void json_push_string(struct json *array, const char *value) {
    json_push(array, new_string(value));
}

void json_push_number(struct json *array, double value) {
    json_push(array, new_number(value));
}

void json_push_integer(struct json *array, int64_t value) {
    json_push(array, built(lib_integer(value)));
}

bool json_ok(const struct json *j) {
    bool ok = j && !building_failed;
    building_failed = false;
    return ok;
}

void json_library(char out[32]) {
    snprintf(out, 32, "jansson %s", jansson_version_str());
}
