/* What became of each input, as words and as JSON. Floor 3. */
#include "exam/verdict.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"

const char *input_status_name(enum input_status s) {
    static const char *const names[] = {[INPUT_ABSENT] = "absent", [INPUT_USED] = "used", [INPUT_REFUSED] = "refused"};
    assert((int)s >= 0 && (size_t)s < sizeof names / sizeof *names);
    return names[s];
}

__attribute__((format(printf, 3, 0))) static void append(char *text, size_t room, const char *format, va_list args) {
    size_t n = strlen(text);
    vsnprintf(text + n, room - n, format, args);
}

void verdict_note(struct input_verdict *v, const char *format, ...) {
    va_list args;
    va_start(args, format);
    append(v->note, sizeof v->note, format, args);
    va_end(args);
}

void verdict_add(char *text, size_t room, const char *format, ...) {
    va_list args;
    va_start(args, format);
    append(text, room, format, args);
    va_end(args);
}

static void put_hash(struct json *j, const char *key, bool known, const uint8_t hash[SHA256_SIZE]) {
    char hex[SHA256_HEX_SIZE];
    if (known)
        sha256_hex(hash, hex);
    json_put_string(j, key, known ? hex : NULL);
}

static void put_pair(struct json *j, const char *key, double first, double second) {
    struct json *pair = json_array();
    json_push_number(pair, first);
    json_push_number(pair, second);
    json_put(j, key, pair);
}

static void put_geometry(struct json *j, const char *key, bool known, const struct geometry *g) {
    if (!known) {
        json_put_string(j, key, NULL);
        return;
    }
    const uint32_t size[] = {g->width, g->height}, kept[] = {g->kept.x0, g->kept.y0, g->kept.x1, g->kept.y1};
    struct json *o = json_object(), *sides = json_array(), *box = json_array();
    for (size_t i = 0; i < sizeof size / sizeof *size; i++)
        json_push_integer(sides, size[i]);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        json_push_integer(box, kept[i]);
    json_put(o, "size", sides);
    json_put(o, "kept", box);
    put_pair(o, "x", g->scale[0], g->shift[0]);
    put_pair(o, "y", g->scale[1], g->shift[1]);
    json_put(j, key, o);
}

struct json *verdict_inputs_json(const struct verdict *v) {
    struct json *list = json_array();
    for (int s = 0; s < SLOT_COUNT; s++) {
        const struct input_verdict *u = &v->input[s];
        struct json *j = json_object();
        json_put_string(j, "slot", slot_name((enum slot)s));
        json_put_string(j, "status", input_status_name(u->status));
        json_put_string(j, "code", u->code ? err_name(u->code) : NULL);
        json_put_string(j, "note", u->note);
        put_hash(j, "sha256", u->hashed, u->sha256);
        put_hash(j, "tensor_sha256", u->prepared, u->tensor_sha256);
        put_geometry(j, "geometry", u->prepared, &u->geometry);
        json_push(list, j);
    }
    return list;
}
