/* From a pickle's value to a list of named tensors. Floor 2.
 *
 * Taken: a dict of tensors (torch.save(model.state_dict())), or a dict that holds exactly one such dict under "state_dict" or "model", with
 * nothing beside it but numbers, text, truth values and None (epoch, loss, name of the run): they are no weights and are left. Anything
 * else is refused by its name: weights or optimiser states that we do not use must not look as if they had been.
 */
#include "ckpt/torch_pickle.h"

#include <string.h>

#include "ckpt/pickle_machine.h"

static const char ADVICE[] = "save the state dict alone: torch.save(checkpoint[\"state_dict\"], file)";

static bool is_wrapper_key(const struct value *key) {
    return key->kind == VALUE_TEXT && (slice_is(key->text, "state_dict") || slice_is(key->text, "model"));
}

static struct shown key_shown(const struct value *key) {
    return key->kind == VALUE_TEXT ? shown(key->text.bytes, key->text.size) : shown(kind_name(key->kind), strlen(kind_name(key->kind)));
}

/* *out: the dict of tensors, `root` itself or the one inside. */
static int find_state_dict(const struct value **out, const struct value *root, struct err *e) {
    const struct items *items = &root->items;
    const struct value *inner = NULL;
    if (root->kind != VALUE_DICT)
        return err_set(e, ERR_UNSUPPORTED, "the checkpoint is %s, not a state dict", kind_name(root->kind));
    for (size_t i = 0; i < items->n; i += 2)
        if (is_wrapper_key(items->at[i]) && items->at[i + 1]->kind == VALUE_DICT) {
            if (inner)
                return err_set(e, ERR_UNSUPPORTED, "the checkpoint holds more than one dict called state_dict or model; %s", ADVICE);
            inner = items->at[i + 1];
        }
    *out = inner ? inner : root;
    for (size_t i = 0; i < items->n && inner; i += 2) {
        enum kind kind = items->at[i + 1]->kind;
        if (items->at[i + 1] != inner && kind > VALUE_TEXT)
            return err_set(e, ERR_UNSUPPORTED, "the checkpoint holds '%s' (%s) beside the state dict; %s", key_shown(items->at[i]).text,
                           kind_name(kind), ADVICE);
    }
    return 0;
}

/* Row-major strides; a side of one element may claim any stride, an empty tensor all of them. */
static bool is_contiguous(const struct value *size, const struct value *stride) {
    uint64_t expected = 1;
    for (size_t i = size->items.n; i-- > 0;) {
        int64_t side = size->items.at[i]->integer;
        if (side == 0)
            return true;
        if (side != 1 && (uint64_t)stride->items.at[i]->integer != expected)
            return false;
        expected *= (uint64_t)side; /* no overflow: the caller has checked the product */
    }
    return true;
}

static int read_shape(struct array *t, const struct value *size, const char *label, struct err *e) {
    bool empty = false;
    if (size->items.n > ARRAY_RANK_MAX)
        return err_set(e, ERR_PICKLE, "tensor '%s' has %zu dimensions, the limit is %d", label, size->items.n, (int)ARRAY_RANK_MAX);
    t->rank = (int)size->items.n;
    t->bytes = dtype_size(t->dtype);
    for (int i = 0; i < t->rank; i++) {
        int64_t side = t->shape[i] = size->items.at[i]->integer;
        if (side < 0)
            return err_set(e, ERR_PICKLE, "tensor '%s': side %d is negative (%lld)", label, i, (long long)side);
        empty = empty || side == 0;
        if (side > 0 && (!mem_mul(t->bytes, (size_t)side, &t->bytes) || t->bytes > PTRDIFF_MAX))
            return err_set(e, ERR_TENSOR_STORAGE, "tensor '%s': its shape multiplies to more bytes than any file holds", label);
    }
    if (empty)
        t->bytes = 0;
    return 0;
}

static int read_tensor(struct torch_tensor *out, const struct value *key, const struct value *v, struct err *e) {
    struct shown label = key_shown(key);
    if (key->kind != VALUE_TEXT)
        return err_set(e, ERR_UNSUPPORTED, "the state dict has a key that is not text but %s", kind_name(key->kind));
    if (v->kind != VALUE_TENSOR)
        return err_set(e, ERR_UNSUPPORTED, "'%s' is %s, not a tensor", label.text, kind_name(v->kind));
    const struct value *storage = v->tensor.storage;
    out->name = key->text;
    out->storage = storage->storage.key;
    out->storage_count = (uint64_t)storage->storage.count;
    out->facts.dtype = storage->storage.dtype;
    int rc = read_shape(&out->facts, v->tensor.size, label.text, e);
    if (rc)
        return rc;
    if (!is_contiguous(v->tensor.size, v->tensor.stride))
        return err_set(e, ERR_TENSOR_STRIDE,
                       "tensor '%s' is not contiguous (transposed, sliced or channels-last); save tensor.contiguous()", label.text);
    uint64_t count = out->facts.bytes / dtype_size(out->facts.dtype);
    if (v->tensor.offset < 0 || (uint64_t)v->tensor.offset > out->storage_count || count > out->storage_count - (uint64_t)v->tensor.offset)
        return err_set(e, ERR_TENSOR_STORAGE, "tensor '%s': %llu elements from element %lld on do not lie in its storage of %llu",
                       label.text, (unsigned long long)count, (long long)v->tensor.offset, (unsigned long long)out->storage_count);
    out->offset = (uint64_t)v->tensor.offset;
    return 0;
}

int torch_pickle_read(struct torch_tensor **out, size_t *count, struct arena *arena, const uint8_t *bytes, size_t n, struct err *e) {
    const struct value *root = NULL, *dict = NULL;
    *out = NULL;
    *count = 0;
    int rc = pickle_run(&root, arena, bytes, n, e);
    if (rc || (rc = find_state_dict(&dict, root, e)))
        return rc;
    size_t entries = dict->items.n / 2;
    if (entries > ARCHIVE_ARRAYS_MAX)
        return err_set(e, ERR_LIMIT, "more than %d tensors", (int)ARCHIVE_ARRAYS_MAX);
    struct torch_tensor *tensors = arena_alloc(arena, entries, sizeof *tensors, e);
    if (!tensors)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < entries; i++)
        if ((rc = read_tensor(&tensors[i], dict->items.at[2 * i], dict->items.at[2 * i + 1], e)))
            return rc;
    *out = tensors;
    *count = entries;
    return 0;
}
