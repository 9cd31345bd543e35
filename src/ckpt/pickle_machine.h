/* The pickle virtual machine, cut down to what builds plain data. Floor 2; only the torch_* files of this room use it.
 *
 * Values are nodes in an arena. Nothing is looked up, imported or called: a class is a row of the table below, REDUCE on it makes a node.
 */
#ifndef BMU_CKPT_PICKLE_MACHINE_H
#define BMU_CKPT_PICKLE_MACHINE_H

#include "base/mem.h"
#include "ckpt/archive_build.h"
#include "ckpt/torch_pickle.h"

enum kind {
    VALUE_NONE,
    VALUE_BOOL,
    VALUE_INT,
    VALUE_REAL,
    VALUE_TEXT,
    VALUE_TUPLE,
    VALUE_LIST,
    VALUE_DICT,
    VALUE_CLASS,
    VALUE_STORAGE,
    VALUE_TENSOR
};

enum class_role { CLASS_ORDERED_DICT, CLASS_TENSOR, CLASS_PARAMETER, CLASS_STORAGE };
struct class_info {
    const char *module, *name;
    enum class_role role;
    enum dtype dtype; /* of a storage */
};

struct value;
struct items { /* a tuple's or list's elements; a dict's key, value, key, value ... */
    struct value **at;
    size_t n, capacity;
};
struct value {
    enum kind kind;
    bool ordered; /* a dict made by OrderedDict() */
    union {
        int64_t integer; /* and bool */
        struct slice text;
        struct items items;
        const struct class_info *type;
        struct {
            enum dtype dtype;
            struct slice key;
            int64_t count;
        } storage;
        struct {
            const struct value *storage, *size, *stride; /* size, stride: tuples */
            int64_t offset;
        } tensor;
    };
};

const char *kind_name(enum kind k); /* "a dict", "a number" ... for messages */
bool slice_is(struct slice s, const char *text);

/* Run the pickle to its STOP; *out is the one value it leaves. */
int pickle_run(const struct value **out, struct arena *arena, const uint8_t *bytes, size_t n, struct err *e);

/* torch_class.c: what the whitelisted names mean. `at` is the opcode's offset, for messages. */
int torch_class_find(const struct class_info **out, struct slice module, struct slice name, size_t at, struct err *e);
/* type(*args) */
int torch_class_build(struct value *out, const struct class_info *type, const struct value *args, size_t at, struct err *e);
/* The persistent id of a storage: ('storage', type, key, location, count). */
int torch_class_storage(struct value *out, const struct value *id, size_t at, struct err *e);

#endif
