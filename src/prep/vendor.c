/* A table of devices: checked, hashed, looked up. Floor 4. */
#include "prep/vendor.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "base/mem.h"

struct vendors {
    struct arena arena; /* of everything below */
    struct vendor entry[VENDORS_MAX];
    size_t n;
    const char *text[VENDORS_MAX]; /* of each file */
    size_t n_texts;
    struct sha256 hash;
    uint8_t sha256[SHA256_SIZE];
};

int vendors_new(struct vendors **out, struct err *e) {
    *out = mem_alloc(1, sizeof **out, e);
    if (!*out)
        return ERR_NO_MEMORY;
    arena_init(&(*out)->arena, 0);
    sha256_init(&(*out)->hash);
    return 0;
}

void vendors_free(struct vendors *v) {
    if (v)
        arena_release(&v->arena);
    mem_free(v);
}

int vendors_keep(struct vendors *v, const char *text, size_t n, struct err *e) {
    if (v->n_texts == VENDORS_MAX)
        return err_set(e, ERR_LIMIT, "more than %d files of vendor entries", VENDORS_MAX);
    if (!(v->text[v->n_texts] = arena_strndup(&v->arena, text, n, e)))
        return ERR_NO_MEMORY;
    v->n_texts++;
    sha256_update(&v->hash, text, n);
    return 0;
}

struct json *vendors_to_json(const struct vendors *v) {
    struct json *j = json_array();
    for (size_t i = 0; i < v->n_texts; i++)
        json_push_string(j, v->text[i]);
    return j;
}

void vendors_seal(struct vendors *v) {
    sha256_final(&v->hash, v->sha256);
}

static bool showable(const char *name) {
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr(" -_.", *c))
            return false;
    return name[0] != '\0';
}

static int copy_texts(const char ***out, size_t *n, char *const *texts, unsigned count, struct arena *a, struct err *e) {
    *n = 0;
    if (!count)
        return 0;
    if (!(*out = arena_alloc(a, count, sizeof **out, e)))
        return ERR_NO_MEMORY;
    for (unsigned i = 0; i < count; i++) {
        if (!texts[i][0])
            return err_set(e, ERR_CONFIG, "an empty text in the vendor table would match every device");
        if (!((*out)[(*n)++] = arena_strdup(a, texts[i], e)))
            return ERR_NO_MEMORY;
    }
    return 0;
}

static int copy_bands(struct vendor *to, const struct vendor_raw *raw, struct arena *a, struct err *e) {
    if (!raw->bands_count)
        return 0;
    if (!(to->bands = arena_alloc(a, raw->bands_count, sizeof *to->bands, e)))
        return ERR_NO_MEMORY;
    for (unsigned i = 0; i < raw->bands_count; i++) {
        const struct vendor_band b = raw->bands[i];
        if (b.left < 0 || b.top < 0 || b.right > 1000 || b.bottom > 1000 || b.left >= b.right || b.top >= b.bottom)
            return err_set(e, ERR_CONFIG, "vendor %s: band %u is not a rectangle within 0 .. 1000", to->name, i + 1);
        to->bands[to->n_bands++] = b;
    }
    return 0;
}

int vendors_add(struct vendors *v, const struct vendor_raw *raw, struct err *e) {
    if (v->n == VENDORS_MAX)
        return err_set(e, ERR_LIMIT, "more than %d entries in the vendor table", VENDORS_MAX);
    if (!showable(raw->name))
        return err_set(e, ERR_CONFIG, "a vendor's name consists of letters, digits, spaces, '-', '_' and '.'");
    for (size_t i = 0; i < v->n; i++)
        if (vendor_same(v->entry[i].name, raw->name))
            return err_set(e, ERR_CONFIG, "two entries of the vendor table are called %s", raw->name);
    struct vendor *to = &v->entry[v->n];
    if (!(to->name = arena_strdup(&v->arena, raw->name, e)))
        return ERR_NO_MEMORY;
    int rc = copy_texts(&to->manufacturer, &to->n_manufacturer, raw->manufacturer, raw->manufacturer_count, &v->arena, e);
    if (!rc)
        rc = copy_texts(&to->model, &to->n_model, raw->model, raw->model_count, &v->arena, e);
    if (!rc)
        rc = copy_texts(&to->voi, &to->n_voi, raw->voi, raw->voi_count, &v->arena, e);
    if (!rc)
        rc = copy_bands(to, raw, &v->arena, e);
    if (!rc)
        v->n++;
    return rc;
}

size_t vendors_count(const struct vendors *v) {
    return v->n;
}

const struct vendor *vendors_at(const struct vendors *v, size_t i) {
    return &v->entry[i];
}

const uint8_t *vendors_sha256(const struct vendors *v) {
    return v->sha256;
}

bool vendor_same(const char *a, const char *b) {
    return strcasecmp(a, b) == 0;
}

static bool begins_with_one(const char *text, const char *const *beginnings, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (strncasecmp(text, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    return false;
}

const struct vendor *vendors_find(const struct vendors *v, const char *manufacturer, const char *model) {
    for (size_t i = 0; i < v->n; i++) {
        const struct vendor *a = &v->entry[i];
        if (begins_with_one(manufacturer, a->manufacturer, a->n_manufacturer) &&
            (!a->n_model || begins_with_one(model, a->model, a->n_model)))
            return a;
    }
    return NULL;
}
