/* The pickle virtual machine, cut down to what builds plain data. Floor 2.
 *
 * Source: CPython's Lib/pickletools.py (the opcodes' meaning). An opcode outside the switch in run_opcode() is refused by its name. Every
 * count is bounded below; nothing recurses, so nesting costs nothing but the stack of values.
 */
#include "ckpt/pickle_machine.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* The limits of an untrusted pickle. A state dict of 100,000 tensors needs about 100 MB of values, a stack of some 4,000 and 2 million memo
 * entries. */
enum { STACK_MAX = 1 << 16, MARKS_MAX = 1 << 10, MEMO_MAX = 1 << 22, TEXT_MAX = 1 << 16, VALUES_MAX_BYTES = 512 << 20 };

struct machine {
    const uint8_t *bytes;
    size_t size, at; /* the next byte */
    size_t opcode_at;
    struct arena *arena;
    struct value **stack;
    size_t depth, stack_capacity;
    size_t marks[MARKS_MAX]; /* stack depths */
    size_t n_marks;
    struct value **memo;
    size_t memo_size, memo_used; /* slots; for MEMOIZE: entries so far */
    bool stopped;
    struct err *e;
};

/* Every opcode of pickle protocols 0 to 5. The refusal of one names it. */
/* clang-format off */
static const char *const opcode_names[256] = {
    ['('] = "MARK", ['.'] = "STOP", ['0'] = "POP", ['1'] = "POP_MARK", ['2'] = "DUP", ['F'] = "FLOAT", ['I'] = "INT", ['J'] = "BININT",
    ['K'] = "BININT1", ['L'] = "LONG", ['M'] = "BININT2", ['N'] = "NONE", ['P'] = "PERSID", ['Q'] = "BINPERSID", ['R'] = "REDUCE", ['S'] = "STRING",
    ['T'] = "BINSTRING", ['U'] = "SHORT_BINSTRING", ['V'] = "UNICODE", ['X'] = "BINUNICODE", ['a'] = "APPEND", ['b'] = "BUILD", ['c'] = "GLOBAL",
    ['d'] = "DICT", ['}'] = "EMPTY_DICT", ['e'] = "APPENDS", ['g'] = "GET", ['h'] = "BINGET", ['i'] = "INST", ['j'] = "LONG_BINGET", ['l'] = "LIST",
    [']'] = "EMPTY_LIST", ['o'] = "OBJ", ['p'] = "PUT", ['q'] = "BINPUT", ['r'] = "LONG_BINPUT", ['s'] = "SETITEM", ['t'] = "TUPLE",
    [')'] = "EMPTY_TUPLE", ['u'] = "SETITEMS", ['G'] = "BINFLOAT", ['B'] = "BINBYTES", ['C'] = "SHORT_BINBYTES", [0x80] = "PROTO",
    [0x81] = "NEWOBJ", [0x82] = "EXT1", [0x83] = "EXT2", [0x84] = "EXT4", [0x85] = "TUPLE1", [0x86] = "TUPLE2", [0x87] = "TUPLE3",
    [0x88] = "NEWTRUE", [0x89] = "NEWFALSE", [0x8a] = "LONG1", [0x8b] = "LONG4", [0x8c] = "SHORT_BINUNICODE", [0x8d] = "BINUNICODE8",
    [0x8e] = "BINBYTES8", [0x8f] = "EMPTY_SET", [0x90] = "ADDITEMS", [0x91] = "FROZENSET", [0x92] = "NEWOBJ_EX", [0x93] = "STACK_GLOBAL",
    [0x94] = "MEMOIZE", [0x95] = "FRAME", [0x96] = "BYTEARRAY8", [0x97] = "NEXT_BUFFER", [0x98] = "READONLY_BUFFER",
};
/* clang-format on */

const char *kind_name(enum kind k) {
    static const char *const names[] = {"None",   "a truth value", "a number", "a number",  "text",    "a tuple",
                                        "a list", "a dict",        "a class",  "a storage", "a tensor"};
    return names[k];
}

bool slice_is(struct slice s, const char *text) {
    return s.size == strlen(text) && !memcmp(s.bytes, text, s.size);
}

static int broken(const struct machine *m, const char *what) {
    const char *name = m->opcode_at < m->size ? opcode_names[m->bytes[m->opcode_at]] : NULL;
    return err_set(m->e, ERR_PICKLE, "%s at byte %zu of the pickle: %s", name ? name : "the end", m->opcode_at, what);
}

/* The arena's own limit would do, but its message says nothing about pickles. */
static int allocate(void **out, struct machine *m, size_t count, size_t size) {
    size_t bytes;
    *out = NULL;
    if (!mem_mul(count, size, &bytes) || bytes > VALUES_MAX_BYTES || m->arena->used > VALUES_MAX_BYTES - bytes)
        return err_set(m->e, ERR_LIMIT, "the pickle builds more than %d MiB of values", VALUES_MAX_BYTES >> 20);
    *out = arena_alloc(m->arena, count, size, m->e);
    return *out ? 0 : ERR_NO_MEMORY;
}

/* ---- the byte stream ---- */

static int take(const uint8_t **out, struct machine *m, uint64_t n) {
    *out = NULL;
    if (n > m->size - m->at)
        return broken(m, "the pickle ends prematurely");
    *out = m->bytes + m->at;
    m->at += (size_t)n;
    return 0;
}

/* A little-endian unsigned number of 1, 2, 4 or 8 bytes. */
static int take_number(uint64_t *out, struct machine *m, size_t width) {
    const uint8_t *p;
    int rc = take(&p, m, width);
    *out = 0;
    for (size_t i = 0; i < width && !rc; i++)
        *out |= (uint64_t)p[i] << (8 * i);
    return rc;
}

static int take_line(struct slice *out, struct machine *m) {
    const uint8_t *from = m->bytes + m->at, *end = memchr(from, '\n', m->size - m->at);
    if (!end)
        return broken(m, "the pickle ends in the middle of a name");
    *out = (struct slice){(const char *)from, (size_t)(end - from)};
    m->at += out->size + 1;
    return 0;
}

/* ---- the stack ---- */

static size_t floor_of(const struct machine *m) {
    return m->n_marks ? m->marks[m->n_marks - 1] : 0;
}

static int push(struct machine *m, struct value *v) {
    if (m->depth == STACK_MAX)
        return err_set(m->e, ERR_LIMIT, "the pickle needs a stack of more than %d values", (int)STACK_MAX);
    if (m->depth == m->stack_capacity) {
        size_t capacity = 2 * m->stack_capacity;
        void *p = m->stack;
        if (mem_grow(&p, capacity, sizeof *m->stack, m->e))
            return ERR_NO_MEMORY;
        m->stack = p;
        m->stack_capacity = capacity;
    }
    m->stack[m->depth++] = v;
    return 0;
}

static int push_new(struct machine *m, struct value v) {
    void *p;
    int rc = allocate(&p, m, 1, sizeof v);
    if (rc)
        return rc;
    *(struct value *)p = v;
    return push(m, p);
}

static int pop(struct value **out, struct machine *m) {
    *out = NULL;
    if (m->depth == floor_of(m))
        return broken(m, "the stack is empty");
    *out = m->stack[--m->depth];
    return 0;
}

static int top(struct value **out, const struct machine *m) {
    *out = NULL;
    if (m->depth == floor_of(m))
        return broken(m, "the stack is empty");
    *out = m->stack[m->depth - 1];
    return 0;
}

/* The values above the last mark, which goes; they stay readable until the next push. */
static int pop_mark(struct value ***out, size_t *n, struct machine *m) {
    *out = NULL;
    *n = 0;
    if (m->n_marks == 0)
        return broken(m, "there is no mark");
    size_t from = m->marks[--m->n_marks];
    *out = m->stack + from;
    *n = m->depth - from;
    m->depth = from;
    return 0;
}

static int mark(struct machine *m) {
    if (m->n_marks == MARKS_MAX)
        return err_set(m->e, ERR_LIMIT, "the pickle nests deeper than %d", (int)MARKS_MAX);
    m->marks[m->n_marks++] = m->depth;
    return 0;
}

/* ---- the memo ---- */

static int memo_put(struct machine *m, uint64_t i) {
    struct value *v;
    int rc = top(&v, m);
    if (rc)
        return rc;
    if (i >= MEMO_MAX)
        return err_set(m->e, ERR_LIMIT, "the pickle memoizes more than %d values", (int)MEMO_MAX);
    if (i >= m->memo_size) {
        size_t size = m->memo_size ? m->memo_size : 256;
        while (size <= i)
            size *= 2;
        void *p = m->memo;
        if (mem_grow(&p, size, sizeof *m->memo, m->e))
            return ERR_NO_MEMORY;
        m->memo = p;
        memset(m->memo + m->memo_size, 0, (size - m->memo_size) * sizeof *m->memo);
        m->memo_size = size;
    }
    m->memo_used += !m->memo[i];
    m->memo[i] = v;
    return 0;
}

static int memo_get(struct machine *m, uint64_t i) {
    if (i >= m->memo_size || !m->memo[i])
        return broken(m, "the memo has no such entry");
    return push(m, m->memo[i]);
}

/* ---- containers ---- */

static int append(struct machine *m, struct items *to, struct value *const *from, size_t n) {
    if (n > to->capacity - to->n) {
        size_t capacity = to->capacity < 4 ? 4 : 2 * to->capacity;
        while (capacity - to->n < n)
            capacity *= 2; /* n is at most STACK_MAX */
        void *p;
        int rc = allocate(&p, m, capacity, sizeof *to->at);
        if (rc)
            return rc;
        if (to->n)
            memcpy(p, to->at, to->n * sizeof *to->at);
        to->at = p;
        to->capacity = capacity;
    }
    if (n)
        memcpy(to->at + to->n, from, n * sizeof *from);
    to->n += n;
    return 0;
}

/* The container below what was popped; its kind must fit. */
static int add_items(struct machine *m, enum kind kind, struct value *const *from, size_t n) {
    struct value *to;
    int rc = top(&to, m);
    if (rc)
        return rc;
    if (to->kind != kind)
        return broken(m, kind == VALUE_DICT ? "items are set on a value that is not a dict"
                                            : "elements are appended to a value that is not a list");
    if (kind == VALUE_DICT && n % 2)
        return broken(m, "a key has no value");
    return append(m, &to->items, from, n);
}

static int add_popped(struct machine *m, enum kind kind, size_t n) {
    struct value *popped[2];
    for (size_t i = n; i-- > 0;) {
        int rc = pop(&popped[i], m);
        if (rc)
            return rc;
    }
    return add_items(m, kind, popped, n);
}

static int add_marked(struct machine *m, enum kind kind) {
    struct value **from;
    size_t n;
    int rc = pop_mark(&from, &n, m);
    return rc ? rc : add_items(m, kind, from, n);
}

static int push_tuple(struct machine *m, struct value *const *from, size_t n) {
    struct value v = {.kind = VALUE_TUPLE};
    int rc = append(m, &v.items, from, n);
    return rc ? rc : push_new(m, v);
}

static int tuple_of(struct machine *m, size_t n) {
    if (m->depth - floor_of(m) < n)
        return broken(m, "the stack is empty");
    m->depth -= n;
    return push_tuple(m, m->stack + m->depth, n);
}

static int tuple_of_marked(struct machine *m) {
    struct value **from;
    size_t n;
    int rc = pop_mark(&from, &n, m);
    return rc ? rc : push_tuple(m, from, n);
}

/* ---- atoms ---- */

static int push_integer(struct machine *m, enum kind kind, int64_t i) {
    return push_new(m, (struct value){.kind = kind, .integer = i});
}

static int read_integer(struct machine *m, size_t width) {
    uint64_t u;
    int rc = take_number(&u, m, width);
    if (rc)
        return rc;
    return push_integer(m, VALUE_INT, width == 4 ? (int32_t)(uint32_t)u : (int64_t)u); /* only BININT is signed */
}

/* LONG1: two's complement, little-endian, of a stated length; more than 64 bits have no place in a state dict. */
static int read_long(struct machine *m) {
    uint64_t n, u = 0;
    const uint8_t *p;
    int rc = take_number(&n, m, 1);
    if (rc || (rc = take(&p, m, n)))
        return rc;
    if (n > 8)
        return broken(m, "a number of more than 64 bits");
    if (n && p[n - 1] & 0x80)
        u = UINT64_MAX;
    for (size_t i = n; i-- > 0;)
        u = u << 8 | p[i];
    return push_integer(m, VALUE_INT, (int64_t)u);
}

static int read_text(struct machine *m, size_t width) {
    uint64_t n;
    const uint8_t *p;
    int rc = take_number(&n, m, width);
    if (rc || (rc = take(&p, m, n)))
        return rc;
    if (n > TEXT_MAX)
        return err_set(m->e, ERR_LIMIT, "a text of %llu bytes in the pickle, the limit is %d", (unsigned long long)n, (int)TEXT_MAX);
    if (!utf8_valid((const char *)p, (size_t)n))
        return broken(m, "a text that is not UTF-8");
    return push_new(m, (struct value){.kind = VALUE_TEXT, .text = {(const char *)p, (size_t)n}});
}

/* The value of a float is nobody's business here: only that it is one. */
static int read_real(struct machine *m) {
    const uint8_t *p;
    int rc = take(&p, m, 8);
    return rc ? rc : push_new(m, (struct value){.kind = VALUE_REAL});
}

/* ---- classes ---- */

static int push_class(struct machine *m, struct slice module, struct slice name) {
    const struct class_info *type;
    int rc = torch_class_find(&type, module, name, m->opcode_at, m->e);
    return rc ? rc : push_new(m, (struct value){.kind = VALUE_CLASS, .type = type});
}

static int read_global(struct machine *m) {
    struct slice module, name;
    int rc = take_line(&module, m);
    if (rc || (rc = take_line(&name, m)))
        return rc;
    return push_class(m, module, name);
}

static int read_stack_global(struct machine *m) {
    struct value *module, *name;
    int rc = pop(&name, m);
    if (rc || (rc = pop(&module, m)))
        return rc;
    if (module->kind != VALUE_TEXT || name->kind != VALUE_TEXT)
        return broken(m, "a class name that is not text");
    return push_class(m, module->text, name->text);
}

static int reduce(struct machine *m) {
    struct value *type, *args, made = {0};
    int rc = pop(&args, m);
    if (rc || (rc = pop(&type, m)))
        return rc;
    if (type->kind != VALUE_CLASS || args->kind != VALUE_TUPLE)
        return broken(m, "not a class with its arguments");
    rc = torch_class_build(&made, type->type, args, m->opcode_at, m->e);
    return rc ? rc : push_new(m, made);
}

static int persistent(struct machine *m) {
    struct value *id, made = {0};
    int rc = pop(&id, m);
    if (rc)
        return rc;
    rc = torch_class_storage(&made, id, m->opcode_at, m->e);
    return rc ? rc : push_new(m, made);
}

/* The one attribute that a state dict carries is `_metadata`, the modules' version numbers; nothing here needs them, so they are dropped.
 */
static int build(struct machine *m) {
    struct value *state, *object;
    int rc = pop(&state, m);
    if (rc || (rc = top(&object, m)))
        return rc;
    if (object->kind != VALUE_DICT || !object->ordered || state->kind != VALUE_DICT)
        return broken(m, "attributes are set on a value that is not an OrderedDict");
    for (size_t i = 0; i < state->items.n; i += 2) {
        const struct value *key = state->items.at[i];
        if (key->kind != VALUE_TEXT || !slice_is(key->text, "_metadata"))
            return err_set(m->e, ERR_PICKLE, "BUILD at byte %zu of the pickle sets the attribute '%s'; only _metadata is known",
                           m->opcode_at, key->kind == VALUE_TEXT ? shown(key->text.bytes, key->text.size).text : kind_name(key->kind));
    }
    return 0;
}

/* ---- the loop ---- */

static int read_memo(struct machine *m, size_t width, int (*use)(struct machine *, uint64_t)) {
    uint64_t i;
    int rc = take_number(&i, m, width);
    return rc ? rc : use(m, i);
}

/* A frame only promises how many bytes come next; it changes nothing, but must not promise more than there are. */
static int read_frame(struct machine *m) {
    uint64_t n;
    int rc = take_number(&n, m, 8);
    if (!rc && n > m->size - m->at)
        return broken(m, "it declares more bytes than there are");
    return rc;
}

static int run_opcode(struct machine *m, uint8_t opcode) {
    switch (opcode) {
    case '(':
        return mark(m);
    case '.':
        m->stopped = true;
        return 0;
    case 'N':
        return push_integer(m, VALUE_NONE, 0);
    case 0x88:
        return push_integer(m, VALUE_BOOL, 1);
    case 0x89:
        return push_integer(m, VALUE_BOOL, 0);
    case 'J':
        return read_integer(m, 4);
    case 'K':
        return read_integer(m, 1);
    case 'M':
        return read_integer(m, 2);
    case 0x8a:
        return read_long(m);
    case 'G':
        return read_real(m);
    case 'X':
        return read_text(m, 4);
    case 0x8c:
        return read_text(m, 1);
    case ')':
        return tuple_of(m, 0);
    case 0x85:
        return tuple_of(m, 1);
    case 0x86:
        return tuple_of(m, 2);
    case 0x87:
        return tuple_of(m, 3);
    case 't':
        return tuple_of_marked(m);
    case ']':
        return push_new(m, (struct value){.kind = VALUE_LIST});
    case 'a':
        return add_popped(m, VALUE_LIST, 1);
    case 'e':
        return add_marked(m, VALUE_LIST);
    case '}':
        return push_new(m, (struct value){.kind = VALUE_DICT});
    case 's':
        return add_popped(m, VALUE_DICT, 2);
    case 'u':
        return add_marked(m, VALUE_DICT);
    case 'q':
        return read_memo(m, 1, memo_put);
    case 'r':
        return read_memo(m, 4, memo_put);
    case 0x94:
        return memo_put(m, m->memo_used);
    case 'h':
        return read_memo(m, 1, memo_get);
    case 'j':
        return read_memo(m, 4, memo_get);
    case 'c':
        return read_global(m);
    case 0x93:
        return read_stack_global(m);
    case 'R':
        return reduce(m);
    case 'Q':
        return persistent(m);
    case 'b':
        return build(m);
    case 0x95:
        return read_frame(m);
    default:
        break;
    }
    if (opcode_names[opcode])
        return err_set(m->e, ERR_PICKLE_OPCODE, "the pickle uses the opcode %s at byte %zu, which a state dict does not need",
                       opcode_names[opcode], m->opcode_at);
    return err_set(m->e, ERR_PICKLE_OPCODE, "the pickle has the unknown opcode 0x%02x at byte %zu", opcode, m->opcode_at);
}

static int run(const struct value **out, struct machine *m) {
    if (m->size < 2 || m->bytes[0] != 0x80)
        return err_set(m->e, ERR_PICKLE, "the pickle does not start with its protocol");
    if (m->bytes[1] < 2 || m->bytes[1] > 5)
        return err_set(m->e, ERR_PICKLE, "pickle protocol %d; 2 to 5 are known", m->bytes[1]);
    m->at = 2;
    while (!m->stopped) {
        m->opcode_at = m->at;
        if (m->at == m->size)
            return err_set(m->e, ERR_PICKLE, "the pickle ends at byte %zu without STOP", m->at);
        int rc = run_opcode(m, m->bytes[m->at++]);
        if (rc)
            return rc;
    }
    if (m->at != m->size)
        return err_set(m->e, ERR_PICKLE, "%zu bytes follow the pickle's STOP", m->size - m->at);
    if (m->depth != 1 || m->n_marks)
        return broken(m, "the stack does not hold exactly one value");
    *out = m->stack[0];
    return 0;
}

int pickle_run(const struct value **out, struct arena *arena, const uint8_t *bytes, size_t n, struct err *e) {
    struct machine *m = mem_alloc(1, sizeof *m, e); /* with its marks too large for a stack frame */
    if (!m)
        return ERR_NO_MEMORY;
    m->bytes = bytes;
    m->size = n;
    m->arena = arena;
    m->e = e;
    m->stack_capacity = 256; /* from the start: even an empty tuple takes its elements from a place on the stack */
    m->stack = mem_alloc(m->stack_capacity, sizeof *m->stack, e);
    int rc = m->stack ? run(out, m) : ERR_NO_MEMORY;
    mem_free(m->stack);
    mem_free(m->memo);
    mem_free(m);
    return rc;
}
