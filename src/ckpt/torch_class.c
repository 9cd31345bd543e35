/* The classes that a state dict's pickle may name, and what becomes of them: nodes, never calls. Floor 2. */
#include <string.h>

#include "ckpt/pickle_machine.h"

static const struct class_info classes[] = {
    {"collections", "OrderedDict", CLASS_ORDERED_DICT, DTYPE_COUNT},
    {"torch._utils", "_rebuild_tensor_v2", CLASS_TENSOR, DTYPE_COUNT},
    {"torch._utils", "_rebuild_parameter", CLASS_PARAMETER, DTYPE_COUNT},
    {"torch", "FloatStorage", CLASS_STORAGE, DTYPE_F32},
    {"torch", "DoubleStorage", CLASS_STORAGE, DTYPE_F64},
    {"torch", "HalfStorage", CLASS_STORAGE, DTYPE_F16},
    {"torch", "BFloat16Storage", CLASS_STORAGE, DTYPE_BF16},
    {"torch", "LongStorage", CLASS_STORAGE, DTYPE_I64},
    {"torch", "IntStorage", CLASS_STORAGE, DTYPE_I32},
    {"torch", "ShortStorage", CLASS_STORAGE, DTYPE_I16},
    {"torch", "CharStorage", CLASS_STORAGE, DTYPE_I8},
    {"torch", "ByteStorage", CLASS_STORAGE, DTYPE_U8},
    {"torch", "BoolStorage", CLASS_STORAGE, DTYPE_BOOL},
};

static bool ends_with(struct slice s, const char *end) {
    size_t n = strlen(end);
    return s.size >= n && !memcmp(s.bytes + s.size - n, end, n);
}

int torch_class_find(const struct class_info **out, struct slice module, struct slice name, size_t at, struct err *e) {
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (slice_is(module, classes[i].module) && slice_is(name, classes[i].name)) {
            *out = &classes[i];
            return 0;
        }
    bool storage = slice_is(module, "torch") && ends_with(name, "Storage");
    return err_set(e, storage ? ERR_TENSOR_DTYPE : ERR_PICKLE_CLASS,
                   storage
                       ? "the tensor type %s.%s (byte %zu of the pickle) is not supported"
                       : "the pickle names %s.%s (byte %zu), which has no place in a state dict; nothing was run. Save the weights alone: "
                         "torch.save(model.state_dict(), file)",
                   shown(module.bytes, module.size).text, shown(name.bytes, name.size).text, at);
}

static bool is_tuple_of_integers(const struct value *v) {
    if (v->kind != VALUE_TUPLE)
        return false;
    for (size_t i = 0; i < v->items.n; i++)
        if (v->items.at[i]->kind != VALUE_INT)
            return false;
    return true;
}

static bool is_no_hooks(const struct value *v) {
    return v->kind == VALUE_DICT && v->items.n == 0;
}

/* _rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks). A seventh argument would be a conjugate or
 * negative bit: numbers that are not what the storage says. */
static bool build_tensor(struct value *out, const struct items *args) {
    struct value **a = args->at;
    if (args->n != 6 || a[0]->kind != VALUE_STORAGE || a[1]->kind != VALUE_INT || a[4]->kind != VALUE_BOOL || !is_no_hooks(a[5]))
        return false;
    if (!is_tuple_of_integers(a[2]) || !is_tuple_of_integers(a[3]) || a[2]->items.n != a[3]->items.n)
        return false;
    *out = (struct value){.kind = VALUE_TENSOR, .tensor = {.storage = a[0], .size = a[2], .stride = a[3], .offset = a[1]->integer}};
    return true;
}

/* _rebuild_parameter(data, requires_grad, backward_hooks): the same numbers. */
static bool build_parameter(struct value *out, const struct items *args) {
    struct value **a = args->at;
    if (args->n != 3 || a[0]->kind != VALUE_TENSOR || a[1]->kind != VALUE_BOOL || !is_no_hooks(a[2]))
        return false;
    *out = *a[0];
    return true;
}

int torch_class_build(struct value *out, const struct class_info *type, const struct value *args, size_t at, struct err *e) {
    bool good = false;
    switch (type->role) {
    case CLASS_ORDERED_DICT:
        *out = (struct value){.kind = VALUE_DICT, .ordered = true};
        good = args->items.n == 0;
        break;
    case CLASS_TENSOR:
        good = build_tensor(out, &args->items);
        break;
    case CLASS_PARAMETER:
        good = build_parameter(out, &args->items);
        break;
    case CLASS_STORAGE:
        break; /* a type, never called */
    }
    return good ? 0
                : err_set(e, ERR_PICKLE, "REDUCE at byte %zu of the pickle: %s.%s with other arguments than a state dict has", at,
                          type->module, type->name);
}

int torch_class_storage(struct value *out, const struct value *id, size_t at, struct err *e) {
    struct value *const *a = id->items.at;
    if (id->kind != VALUE_TUPLE || id->items.n != 5 || a[0]->kind != VALUE_TEXT || !slice_is(a[0]->text, "storage") ||
        a[1]->kind != VALUE_CLASS || a[1]->type->role != CLASS_STORAGE || a[2]->kind != VALUE_TEXT || a[3]->kind != VALUE_TEXT ||
        a[4]->kind != VALUE_INT)
        return err_set(e, ERR_PICKLE, "BINPERSID at byte %zu of the pickle: not the name of a storage", at);
    if (a[4]->integer < 0)
        return err_set(e, ERR_TENSOR_STORAGE, "BINPERSID at byte %zu of the pickle: a storage of %lld elements", at,
                       (long long)a[4]->integer);
    *out = (struct value){.kind = VALUE_STORAGE, .storage = {.dtype = a[1]->type->dtype, .key = a[2]->text, .count = a[4]->integer}};
    return 0;
}
