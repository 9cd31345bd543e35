/* The exact list of arrays that a network's weights consist of: building, checking, filling. Floor 3. */
#include "nn/keys.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/order.h"
#include "base/rng.h"

void keys_init(struct keys *k) {
    memset(k, 0, sizeof *k);
    arena_init(&k->arena, 0);
}

void keys_release(struct keys *k) {
    arena_release(&k->arena);
    mem_free(k->list);
    memset(k, 0, sizeof *k);
}

enum dtype key_dtype(const struct key *k) {
    return k->kind == KEY_BATCHES ? DTYPE_I64 : DTYPE_F32;
}

size_t key_count(const struct key *k) {
    size_t n = 1;
    for (int i = 0; i < k->rank; i++)
        n *= (size_t)k->shape[i];
    return n;
}

bool key_is_trained(const struct key *k) {
    return k->kind != KEY_RUNNING_MEAN && k->kind != KEY_RUNNING_VAR && k->kind != KEY_BATCHES;
}

static void add(struct keys *k, struct key key, const char *prefix, const char *name) {
    if (k->failure.code)
        return;
    if (k->n == k->capacity) {
        void *grown = k->list;
        const size_t capacity = k->capacity ? 2 * k->capacity : 256;
        if (mem_grow(&grown, capacity, sizeof *k->list, &k->failure))
            return;
        k->list = grown;
        k->capacity = capacity;
    }
    key.name = arena_printf(&k->arena, &k->failure, "%s%s", prefix, name);
    k->list[k->n++] = key;
}

static void add_conv(struct keys *k, const char *name, int in, int out, int kernel) {
    add(k, (struct key){.kind = KEY_CONV, .rank = 4, .shape = {out, in, kernel, kernel}}, name, ".weight");
}

static void add_batch_norm(struct keys *k, const char *name, int dim) {
    static const struct {
        enum key_kind kind;
        const char *name;
    } parts[] = {
        {KEY_NORM_SCALE, ".weight"}, {KEY_NORM_SHIFT, ".bias"}, {KEY_RUNNING_MEAN, ".running_mean"}, {KEY_RUNNING_VAR, ".running_var"}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        add(k, (struct key){.kind = parts[i].kind, .rank = 1, .shape = {dim}}, name, parts[i].name);
    add(k, (struct key){.kind = KEY_BATCHES}, name, ".num_batches_tracked");
}

void keys_linear(struct keys *k, const char *name, int in, int out) {
    add(k, (struct key){.kind = KEY_LINEAR, .rank = 2, .shape = {out, in}}, name, ".weight");
    add(k, (struct key){.kind = KEY_LINEAR_BIAS, .rank = 1, .shape = {out}, .fan_in = in}, name, ".bias");
}

void keys_evidence(struct keys *k, const char *name, int dim, int kinds) {
    add(k, (struct key){.kind = KEY_EVIDENCE, .rank = 2, .shape = {kinds + 1, dim}}, name, ".weight");
    add(k, (struct key){.kind = KEY_NORM_SHIFT, .rank = 1, .shape = {kinds + 1}}, name, ".bias");
}

void keys_layer_norm(struct keys *k, const char *name, int dim) {
    add(k, (struct key){.kind = KEY_NORM_SCALE, .rank = 1, .shape = {dim}}, name, ".weight");
    add(k, (struct key){.kind = KEY_NORM_SHIFT, .rank = 1, .shape = {dim}}, name, ".bias");
}

void keys_position(struct keys *k, const char *name, int rows, int dim) {
    add(k, (struct key){.kind = KEY_POSITION, .rank = 3, .shape = {1, rows, dim}}, name, "");
}

void keys_block(struct keys *k, const char *name, int dim) {
    char at[ARCHIVE_NAME_MAX];
#define AT(part) (snprintf(at, sizeof at, "%s.%s", name, part), at)
    keys_layer_norm(k, AT("norm1"), dim);
    keys_linear(k, AT("attn.qkv"), dim, 3 * dim);
    keys_linear(k, AT("attn.proj"), dim, dim);
    keys_layer_norm(k, AT("norm2"), dim);
    keys_linear(k, AT("mlp.fc1"), dim, 4 * dim);
    keys_linear(k, AT("mlp.fc2"), 4 * dim, dim);
#undef AT
}

void keys_trunk(struct keys *k, const char *prefix, int width) {
    char at[ARCHIVE_NAME_MAX];
#define AT(...) (snprintf(at, sizeof at, __VA_ARGS__), at)
    add_conv(k, AT("%s.0", prefix), 3, width, 7);
    add_batch_norm(k, AT("%s.1", prefix), width);
    int in = width;
    for (int stage = 0; stage < 4; stage++) {
        const int out = width << stage;
        for (int block = 0; block < 2; block++, in = out) {
            add_conv(k, AT("%s.%d.%d.conv1", prefix, 4 + stage, block), in, out, 3);
            add_batch_norm(k, AT("%s.%d.%d.bn1", prefix, 4 + stage, block), out);
            add_conv(k, AT("%s.%d.%d.conv2", prefix, 4 + stage, block), out, out, 3);
            add_batch_norm(k, AT("%s.%d.%d.bn2", prefix, 4 + stage, block), out);
            if (in != out) {
                add_conv(k, AT("%s.%d.%d.downsample.0", prefix, 4 + stage, block), in, out, 1);
                add_batch_norm(k, AT("%s.%d.%d.downsample.1", prefix, 4 + stage, block), out);
            }
        }
    }
#undef AT
}

/* --- checking --------------------------------------------------------------------------------------------------------- */

/* Problems are listed until the message is full; the count is always whole. */
struct problems {
    struct buf text;
    size_t n;
};

static void problem(struct problems *p, const char *what, const char *name, const char *detail) {
    p->n++;
    if (p->text.size + strlen(name) + strlen(detail) + 64 < ERR_MESSAGE_MAX - 160)
        buf_printf(&p->text, NULL, "%s%s %s%s", p->n > 1 ? "; " : "", what, name, detail);
}

static void shape_text(char *out, size_t size, int rank, const int64_t *shape, enum dtype t) {
    size_t at = (size_t)snprintf(out, size, "%s[", dtype_name(t));
    for (int i = 0; i < rank && at < size; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%lld", i ? "," : "", (long long)shape[i]);
    if (at < size)
        snprintf(out + at, size - at, "]");
}

static bool same_shape(const struct key *k, const struct array *a) {
    return a->rank == k->rank && a->dtype == key_dtype(k) && memcmp(a->shape, k->shape, (size_t)k->rank * sizeof k->shape[0]) == 0;
}

/* Index of the first number that is NaN, infinite, or (variances) negative; -1 if none. */
static ptrdiff_t first_bad(const struct key *k, const struct array *a) {
    const float *x = a->data;
    const size_t n = key_count(k);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]) || (k->kind == KEY_RUNNING_VAR && x[i] < 0))
            return (ptrdiff_t)i;
    return -1;
}

static int check_numbers(const struct keys *k, const struct archive *a, struct err *e) {
    for (size_t i = 0; i < k->n; i++) {
        const struct key *key = &k->list[i];
        const struct array *array = archive_find(a, key->name);
        if (key_dtype(key) != DTYPE_F32)
            continue;
        if ((uintptr_t)array->data % sizeof(float) != 0)
            return err_set(e, ERR_WEIGHTS_KEYS, "%s is not aligned to 4 bytes; write the file again with a writer that aligns tensors",
                           key->name);
        const ptrdiff_t bad = first_bad(key, array);
        if (bad >= 0)
            return err_set(e, ERR_WEIGHTS_NAN, "%s: number %td is %g", key->name, bad, (double)((const float *)array->data)[bad]);
    }
    return 0;
}

/* "module." if every array's name begins with it and the list's names do not: a prefix that a wrapper brought in. "": none. */
static void find_prefix(char prefix[ARCHIVE_NAME_MAX], const struct keys *k, const struct archive *a) {
    const size_t n = archive_count(a);
    const char *first = n ? archive_at(a, 0)->name : "", *dot = strchr(first, '.');
    const size_t length = dot ? (size_t)(dot - first) + 1 : 0;
    bool shared = length > 0 && length < ARCHIVE_NAME_MAX;
    for (size_t i = 0; i < n && shared; i++)
        shared = strncmp(archive_at(a, i)->name, first, length) == 0;
    for (size_t i = 0; i < k->n && shared; i++)
        shared = strncmp(k->list[i].name, first, length) != 0;
    snprintf(prefix, ARCHIVE_NAME_MAX, "%.*s", shared ? (int)length : 0, first);
}

/* Of problems that are one: its sentence with the remedy. 0: they are not. */
static int one_cause(const struct keys *k, const struct archive *a, struct err *e) {
    char prefix[ARCHIVE_NAME_MAX];
    size_t numbers = 0, counters = 0, missing = 0;
    const char *dtype = NULL;
    find_prefix(prefix, k, a);
    if (prefix[0])
        return err_set(e, ERR_WEIGHTS_KEYS,
                       "every name begins with \"%s\", as a wrapper like nn.DataParallel writes them; save model.%sstate_dict() instead",
                       prefix, prefix);
    for (size_t i = 0; i < k->n; i++) {
        const struct key *key = &k->list[i];
        const struct array *array = archive_find(a, key->name);
        missing += !array;
        counters += !array && key->kind == KEY_BATCHES;
        if (!array || same_shape(key, array))
            continue;
        if (key_dtype(key) != DTYPE_F32 || array->rank != key->rank ||
            memcmp(array->shape, key->shape, (size_t)key->rank * sizeof key->shape[0]) != 0)
            return 0;
        numbers++;
        dtype = dtype_name(array->dtype);
    }
    if (archive_count(a) + missing != k->n)
        return 0;
    if (numbers && !missing)
        return err_set(e, ERR_WEIGHTS_KEYS, "%zu tensors are %s, not F32; save model.float().state_dict() instead", numbers, dtype);
    if (!numbers && missing && missing == counters)
        return err_set(e, ERR_WEIGHTS_KEYS,
                       "the counters num_batches_tracked are missing, which PyTorch before 0.4.1 did not write; load the checkpoint with a "
                       "newer PyTorch, which fills them in, and save it again");
    return 0;
}

int keys_check(const struct keys *k, const struct archive *a, struct err *e) {
    if (k->failure.code)
        return err_set(e, k->failure.code, "%s", k->failure.message);
    int rc = 0;
    struct problems p = {0};
    buf_init(&p.text);
    const char **names = mem_alloc(k->n, sizeof *names, e);
    if (!names)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < k->n; i++) {
        const struct key *key = &k->list[i];
        const struct array *array = archive_find(a, key->name);
        names[i] = key->name;
        char want[96], got[192], detail[320];
        if (!array) {
            problem(&p, "missing", key->name, "");
        } else if (!same_shape(key, array)) {
            shape_text(want, sizeof want, key->rank, key->shape, key_dtype(key));
            shape_text(got, sizeof got, array->rank, array->shape, array->dtype);
            snprintf(detail, sizeof detail, " is %s, must be %s", got, want);
            problem(&p, "misshapen", key->name, detail);
        }
    }
    /* is this name in the list? The list is short (some hundred), the archive's is bounded: a sorted copy makes it n log n */
    qsort(names, k->n, sizeof *names, order_text);
    for (size_t i = 0; i < archive_count(a); i++) {
        const char *name = archive_at(a, i)->name;
        if (!bsearch(&name, names, k->n, sizeof *names, order_text))
            problem(&p, "extra", name, "");
    }
    if (p.n)
        rc = one_cause(k, a, e);
    if (p.n && !rc)
        rc = err_set(e, ERR_WEIGHTS_KEYS, "%zu problem%s: %s", p.n, p.n > 1 ? "s" : "", p.text.data ? p.text.data : "");
    else if (!p.n)
        rc = check_numbers(k, a, e);
    mem_free(names);
    buf_release(&p.text);
    return rc;
}

/* --- filling ---------------------------------------------------------------------------------------------------------- */

enum { RNG_PURPOSE_INIT = 1 };

static void fill(const struct key *key, const struct rng *r, float *x, size_t n) {
    const double in = (double)(key->rank > 1 ? key->shape[1] : key->fan_in);
    for (size_t i = 0; i < n; i++)
        switch (key->kind) {
        case KEY_CONV: /* He et al. 2015, fan out */
            x[i] = (float)(rng_normal(r, i) * sqrt(2.0 / (double)(key->shape[0] * key->shape[2] * key->shape[3])));
            break;
        case KEY_LINEAR:
        case KEY_LINEAR_BIAS:
            x[i] = (float)((2.0 * rng_uniform(r, i) - 1.0) / sqrt(in));
            break;
        case KEY_POSITION:
            x[i] = (float)(0.02 * rng_normal(r, i));
            break;
        case KEY_EVIDENCE:
            x[i] = (float)(0.01 * rng_normal(r, i));
            break;
        case KEY_NORM_SCALE:
        case KEY_RUNNING_VAR:
            x[i] = 1.0F;
            break;
        case KEY_NORM_SHIFT:
        case KEY_RUNNING_MEAN:
        case KEY_BATCHES:
            break; /* zero already */
        }
}

int keys_fill(const struct keys *k, uint64_t seed, struct array *out, struct arena *arena, struct err *e) {
    if (k->failure.code)
        return err_set(e, k->failure.code, "%s", k->failure.message);
    for (size_t i = 0; i < k->n; i++) {
        const struct key *key = &k->list[i];
        const size_t n = key_count(key), size = dtype_size(key_dtype(key));
        void *data = arena_alloc(arena, n, size, e);
        if (!data)
            return ERR_NO_MEMORY;
        const struct rng r = rng_make(seed, RNG_PURPOSE_INIT, (uint32_t)i);
        if (key_dtype(key) == DTYPE_F32)
            fill(key, &r, data, n);
        out[i] = (struct array){.name = key->name, .dtype = key_dtype(key), .rank = key->rank, .data = data, .bytes = n * size};
        memcpy(out[i].shape, key->shape, sizeof key->shape);
    }
    return 0;
}
