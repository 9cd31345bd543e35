/* safetensors: an 8-byte little-endian header length, a JSON header, the tensors' bytes. Floor 2.
 *
 * Source: https://github.com/huggingface/safetensors, "Format". The header maps each name to {"dtype", "shape", "data_offsets": [begin,
 * end]}, offsets counted from the header's end, and "__metadata__" to an object of strings. The data must be covered exactly: no hole, no
 * overlap.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ckpt/archive_build.h"
#include "file/json.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "arrays are borrowed as they lie in the file");

enum { LENGTH_BYTES = 8, HEADER_MAX = 100 * 1000 * 1000, ALIGNMENT = 64 };
static const char METADATA[] = "__metadata__";

struct reader {
    struct archive *archive;
    const uint8_t *data; /* after the header */
    size_t data_size;
    struct err *e;
};

static int metadata_entry(void *ctx, const char *key, struct json *value) {
    struct reader *r = ctx;
    struct archive *a = r->archive;
    if (!json_is_string(value))
        return err_set(r->e, ERR_SAFETENSORS, "the metadata '%s' is not a string", shown(key, strlen(key)).text);
    const char *k = arena_strdup(&a->arena, key, r->e), *v = arena_strdup(&a->arena, json_string(value), r->e);
    if (!k || !v)
        return ERR_NO_MEMORY;
    a->metadata[a->n_metadata][0] = k;
    a->metadata[a->n_metadata++][1] = v;
    return 0;
}

static int read_metadata(struct reader *r, const struct json *object) {
    struct archive *a = r->archive;
    if (!json_is_object(object))
        return err_set(r->e, ERR_SAFETENSORS, "__metadata__ is not an object of strings");
    a->metadata = arena_alloc(&a->arena, json_size(object), sizeof *a->metadata, r->e);
    if (!a->metadata)
        return ERR_NO_MEMORY;
    return json_each(object, metadata_entry, r);
}

static int read_dtype(enum dtype *out, const struct json *j, const char *label, struct err *e) {
    const char *text = json_string(j);
    if (!text)
        return err_set(e, ERR_SAFETENSORS, "tensor '%s': \"dtype\" is missing or not a string", label);
    for (int t = 0; t < DTYPE_COUNT; t++)
        if (!strcmp(text, dtype_name((enum dtype)t))) {
            *out = (enum dtype)t;
            return 0;
        }
    return err_set(e, ERR_TENSOR_DTYPE, "tensor '%s' is of the type '%s', which is not supported", label, shown(text, strlen(text)).text);
}

static int read_shape(struct array *t, const struct json *j, const char *label, struct err *e) {
    size_t rank = json_size(j);
    if (!json_is_array(j))
        return err_set(e, ERR_SAFETENSORS, "tensor '%s': \"shape\" is missing or not a list", label);
    if (rank > ARRAY_RANK_MAX)
        return err_set(e, ERR_SAFETENSORS, "tensor '%s' has %zu dimensions, the limit is %d", label, rank, (int)ARRAY_RANK_MAX);
    for (size_t i = 0; i < rank; i++) {
        if (!json_is_integer(json_at(j, i)))
            return err_set(e, ERR_SAFETENSORS, "tensor '%s': side %zu of the shape is not an integer", label, i);
        t->shape[i] = json_integer(json_at(j, i), -1);
    }
    t->rank = (int)rank;
    return 0;
}

/* *begin, *end: checked to lie in the data, in order. */
static int read_offsets(size_t *begin, size_t *end, const struct reader *r, const struct json *j, const char *label) {
    *begin = *end = 0;
    const struct json *first = json_at(j, 0), *second = json_at(j, 1);
    if (!json_is_array(j) || json_size(j) != 2 || !json_is_integer(first) || !json_is_integer(second))
        return err_set(r->e, ERR_SAFETENSORS, "tensor '%s': \"data_offsets\" is missing or not two integers", label);
    int64_t from = json_integer(first, -1), to = json_integer(second, -1);
    if (from < 0 || to < from)
        return err_set(r->e, ERR_SAFETENSORS, "tensor '%s': the offsets [%lld, %lld] are not a range", label, (long long)from,
                       (long long)to);
    if ((uint64_t)to > r->data_size)
        return err_set(r->e, ERR_SAFETENSORS,
                       "tensor '%s' ends at byte %lld, but only %zu bytes follow the header: the file is cut or damaged", label,
                       (long long)to, r->data_size);
    *begin = (size_t)from;
    *end = (size_t)to;
    return 0;
}

static int tensor_entry(void *ctx, const char *key, struct json *value) {
    struct reader *r = ctx;
    if (!strcmp(key, METADATA))
        return read_metadata(r, value);
    struct shown label = shown(key, strlen(key));
    if (!json_is_object(value) || json_size(value) != 3)
        return err_set(r->e, ERR_SAFETENSORS, "tensor '%s' is not described by exactly dtype, shape and data_offsets", label.text);
    struct array t = {0};
    size_t begin, end;
    int rc = read_dtype(&t.dtype, json_get(value, "dtype"), label.text, r->e);
    if (!rc)
        rc = read_shape(&t, json_get(value, "shape"), label.text, r->e);
    if (!rc)
        rc = read_offsets(&begin, &end, r, json_get(value, "data_offsets"), label.text);
    if (rc)
        return rc;
    t.data = r->data + begin;
    if ((rc = archive_add(r->archive, key, strlen(key), &t, ERR_SAFETENSORS, r->e)))
        return rc;
    const struct array *added = archive_at(r->archive, archive_count(r->archive) - 1);
    if (added->bytes != end - begin)
        return err_set(r->e, ERR_SAFETENSORS, "tensor '%s': its shape needs %zu bytes, its offsets give %zu", label.text, added->bytes,
                       end - begin);
    return 0;
}

static int by_place(const void *a, const void *b) {
    const struct array *x = *(const struct array *const *)a, *y = *(const struct array *const *)b;
    const char *p = x->data, *q = y->data;
    if (p != q)
        return p < q ? -1 : 1;
    return (x->bytes > y->bytes) - (x->bytes < y->bytes); /* an empty tensor comes before the one that starts at the same place */
}

/* Every byte after the header belongs to exactly one tensor. */
static int check_cover(const struct reader *r) {
    const struct archive *a = r->archive;
    const struct array **order = mem_alloc(a->count, sizeof *order, r->e);
    if (!order)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < a->count; i++)
        order[i] = &a->arrays[i];
    qsort(order, a->count, sizeof *order, by_place);
    size_t at = 0;
    int rc = 0;
    for (size_t i = 0; i < a->count && !rc; i++) {
        size_t begin = (size_t)((const uint8_t *)order[i]->data - r->data);
        if (begin != at)
            rc = err_set(r->e, ERR_SAFETENSORS, "tensor '%s' starts at byte %zu, the one before ends at %zu: %s",
                         shown(order[i]->name, strlen(order[i]->name)).text, begin, at, begin < at ? "they overlap" : "there is a hole");
        at = begin + order[i]->bytes;
    }
    if (!rc && at != r->data_size)
        rc = err_set(r->e, ERR_SAFETENSORS, "%zu bytes after the last tensor belong to none", r->data_size - at);
    mem_free(order);
    return rc;
}

/* Eight printable characters: as a length they would be beyond any file. */
static bool is_text(const uint8_t *bytes) {
    for (size_t i = 0; i < LENGTH_BYTES; i++)
        if (bytes[i] < 0x20 || bytes[i] > 0x7E)
            return false;
    return true;
}

static int read_header(struct json **out, size_t *size, const uint8_t *bytes, size_t n, struct err *e) {
    uint64_t length;
    *out = NULL;
    *size = 0;
    if (n < LENGTH_BYTES)
        return err_set(e, ERR_SAFETENSORS, "%zu bytes are too few for a safetensors file", n);
    memcpy(&length, bytes, sizeof length);
    if (memcmp(bytes, "PK\3\4", 4) == 0)
        return err_set(e, ERR_SAFETENSORS, "a zip file, as PyTorch writes its checkpoints, not a model file; import it first");
    if (is_text(bytes))
        return err_set(e, ERR_SAFETENSORS, "a text file, not a model file; its first bytes are \"%.8s\"", (const char *)bytes);
    if (length > HEADER_MAX)
        return err_set(e, ERR_SAFETENSORS, "not a safetensors file: its header would have %llu bytes, the limit is %d",
                       (unsigned long long)length, (int)HEADER_MAX);
    if (length > n - LENGTH_BYTES)
        return err_set(e, ERR_SAFETENSORS, "the header has %llu bytes, but only %zu follow: the file is cut or is not safetensors",
                       (unsigned long long)length, n - LENGTH_BYTES);
    const char *text = (const char *)bytes + LENGTH_BYTES;
    if (length == 0 || text[0] != '{')
        return err_set(e, ERR_SAFETENSORS, "the header does not start with '{'");
    int rc = json_read(out, text, (size_t)length, ERR_SAFETENSORS, e);
    if (rc) {
        err_prefix(e, "the header");
        return rc;
    }
    *size = LENGTH_BYTES + (size_t)length;
    return 0;
}

int safetensors_parse(struct archive **out, const uint8_t *bytes, size_t n, struct err *e) {
    struct archive *a = NULL;
    struct json *header = NULL;
    size_t header_size;
    *out = NULL;
    int rc = read_header(&header, &header_size, bytes, n, e);
    if (rc)
        goto out;
    if ((rc = archive_new(&a, bytes, n, e)))
        goto out;
    struct reader r = {.archive = a, .data = bytes + header_size, .data_size = n - header_size, .e = e};
    if ((rc = json_each(header, tensor_entry, &r)) || (rc = check_cover(&r)) || (rc = archive_seal(a, ERR_SAFETENSORS, e)))
        goto out;
    *out = a;
    a = NULL;
out:
    json_free(header);
    archive_close(a);
    return rc;
}

int safetensors_open(struct archive **out, const char *path, struct err *e) {
    return archive_open(out, path, safetensors_parse, e);
}

int safetensors_copy(struct archive **out, const uint8_t *bytes, size_t n, struct err *e) {
    uint8_t *copy = mem_alloc_aligned(n, 1, e);
    *out = NULL;
    if (!copy)
        return ERR_NO_MEMORY;
    if (n)
        memcpy(copy, bytes, n);
    const int rc = safetensors_parse(out, copy, n, e);
    if (rc)
        mem_free(copy);
    else
        (*out)->copy = copy;
    return rc;
}

/* The caller's arrays go through the reader's own checks: what we write, we can read. */
static int check_arrays(const struct array *arrays, size_t n, struct err *e) {
    struct archive *a;
    int rc = archive_new(&a, NULL, 0, e);
    for (size_t i = 0; i < n && !rc; i++) {
        const struct array *t = &arrays[i];
        if (!strcmp(t->name, METADATA))
            rc = err_set(e, ERR_SAFETENSORS, "a tensor cannot be called __metadata__");
        if (!rc)
            rc = archive_add(a, t->name, strlen(t->name), t, ERR_SAFETENSORS, e);
        if (!rc && archive_at(a, i)->bytes != t->bytes)
            rc = err_set(e, ERR_SAFETENSORS, "tensor '%s': its shape needs %zu bytes, %zu are given", shown(t->name, strlen(t->name)).text,
                         archive_at(a, i)->bytes, t->bytes);
    }
    if (!rc)
        rc = archive_seal(a, ERR_SAFETENSORS, e);
    archive_close(a);
    return rc;
}

static int wide_first(const void *a, const void *b) {
    const struct array *x = *(const struct array *const *)a, *y = *(const struct array *const *)b;
    size_t p = dtype_size(x->dtype), q = dtype_size(y->dtype);
    if (p != q)
        return p > q ? -1 : 1;
    return (x > y) - (x < y); /* both point into one array: the caller's order */
}

static struct json *describe(const struct array *t, size_t begin) {
    struct json *j = json_object(), *shape = json_array(), *offsets = json_array();
    for (int i = 0; i < t->rank; i++)
        json_push_integer(shape, t->shape[i]);
    json_push_integer(offsets, (int64_t)begin);
    json_push_integer(offsets, (int64_t)(begin + t->bytes));
    json_put_string(j, "dtype", dtype_name(t->dtype));
    json_put(j, "shape", shape);
    json_put(j, "data_offsets", offsets);
    return j;
}

static int put_metadata(struct json *root, const char *const (*metadata)[2], size_t n, struct err *e) {
    if (n == 0)
        return 0;
    struct json *object = json_object();
    json_put(root, METADATA, object);
    for (size_t i = 0; i < n; i++) {
        const char *key = metadata[i][0], *value = metadata[i][1];
        if (!value || !utf8_valid(key, strlen(key)) || !utf8_valid(value, strlen(value)))
            return err_set(e, ERR_SAFETENSORS, "the metadata '%s' is not UTF-8 text", shown(key, strlen(key)).text);
        if (json_get(object, key))
            return err_set(e, ERR_SAFETENSORS, "the metadata '%s' is given twice", shown(key, strlen(key)).text);
        json_put_string(object, key, value);
    }
    return 0;
}

/* The 8 length bytes and the header, padded with spaces so that the data starts at a multiple of 64. */
static int build_header(struct buf *out, const struct array *const *order, size_t n, const char *const (*metadata)[2], size_t n_metadata,
                        struct err *e) {
    struct json *root = json_object();
    static const uint8_t no_length[LENGTH_BYTES] = {0};
    size_t at = 0;
    int rc = put_metadata(root, metadata, n_metadata, e);
    if (rc)
        goto out;
    for (size_t i = 0; i < n; i++) {
        json_put(root, order[i]->name, describe(order[i], at));
        if (!mem_add(at, order[i]->bytes, &at)) {
            rc = err_set(e, ERR_LIMIT, "the tensors together are larger than any file");
            goto out;
        }
    }
    if (!json_ok(root)) {
        rc = err_set(e, ERR_NO_MEMORY, "no memory to build the header");
        goto out;
    }
    if ((rc = buf_append(out, no_length, sizeof no_length, e)) || (rc = json_write(root, out, e)))
        goto out;
    while (out->size % ALIGNMENT && !rc)
        rc = buf_append(out, " ", 1, e);
    if (rc)
        goto out;
    uint64_t length = out->size - LENGTH_BYTES;
    if (length > HEADER_MAX) {
        rc = err_set(e, ERR_LIMIT, "the header has %llu bytes, the limit is %d", (unsigned long long)length, (int)HEADER_MAX);
        goto out;
    }
    memcpy(out->data, &length, sizeof length);
out:
    json_free(root);
    return rc;
}

int safetensors_write(const char *path, const struct array *arrays, size_t n, const char *const (*metadata)[2], size_t n_metadata,
                      struct err *e) {
    struct buf header;
    struct replace *file = NULL;
    buf_init(&header);
    const struct array **order = mem_alloc(n, sizeof *order, e);
    int rc = order ? check_arrays(arrays, n, e) : ERR_NO_MEMORY;
    if (rc)
        goto out;
    for (size_t i = 0; i < n; i++)
        order[i] = &arrays[i];
    qsort(order, n, sizeof *order, wide_first);
    if ((rc = build_header(&header, order, n, metadata, n_metadata, e)))
        goto out;
    if ((rc = replace_open(&file, path, e)) || (rc = replace_write(file, header.data, header.size, e)))
        goto out;
    for (size_t i = 0; i < n && !rc; i++)
        if (order[i]->bytes)
            rc = replace_write(file, order[i]->data, order[i]->bytes, e);
    if (!rc) {
        rc = replace_commit(file, e);
        file = NULL;
    }
out:
    replace_abort(file);
    buf_release(&header);
    mem_free(order);
    return rc;
}
