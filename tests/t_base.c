/* Tests of src/base: errors, memory, buffers, hash, JSON, files, threads. References: FIPS 180-4 vectors, sha256sum, RFC 4180, RFC 8259. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/progress.h"
#include "file/io.h"
#include "file/json.h"

/* --- err */
static void test_err(void **state) {
    (void)state;
    struct err e;
    assert_int_equal(err_set(&e, ERR_CSV_NUL, "row %d", 7), ERR_CSV_NUL);
    assert_string_equal(e.message, "row 7");
    assert_int_equal(err_prefix(&e, "exams.csv"), ERR_CSV_NUL);
    assert_string_equal(e.message, "exams.csv: row 7");
    assert_int_equal(err_set(&e, ERR_LIMIT, "again: %s", e.message), ERR_LIMIT); /* an argument may be the message itself */
    assert_string_equal(e.message, "again: exams.csv: row 7");
    assert_int_equal(err_set(NULL, ERR_LIMIT, "nobody listens"), ERR_LIMIT);
    assert_int_equal(err_prefix(NULL, "x"), ERR_INTERNAL);
    assert_string_equal(err_name(ERR_IMAGE_TRUNCATED), "IMAGE_TRUNCATED");
    assert_string_equal(err_name(-9999), "UNKNOWN");
    assert_string_equal(err_name(1), "UNKNOWN");
    assert_string_equal(err_meaning(ERR_CSV_NUL), "a NUL byte in a text file");
}

static void test_err_long_text_stays_utf8(void **state) {
    (void)state;
    char text[3 * ERR_MESSAGE_MAX + 1];
    for (size_t i = 0; i < ERR_MESSAGE_MAX; i++)
        memcpy(text + 3 * i, "\xE4\xB9\xB3", 3); /* U+4E73, three bytes: does not divide the limit */
    text[sizeof text - 1] = 0;
    struct err e;
    err_set(&e, ERR_LIMIT, "%s", text);
    assert_int_equal(strlen(e.message), (ERR_MESSAGE_MAX - 1) / 3 * 3);
    err_prefix(&e, "ab");
    assert_memory_equal(e.message, "ab: \xE4\xB9\xB3", 7);
    assert_int_equal((strlen(e.message) - 4) % 3, 0);
}

static void test_err_codes_are_unique(void **state) {
    (void)state;
    static const int values[] = {
#define X(name, value, class, meaning) value,
        ERR_CODES(X)
#undef X
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        assert_true(values[i] < 0);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(values[i], values[j]);
    }
}

static void test_err_classes(void **state) {
    (void)state;
    static const struct {
        int code;
        enum err_class class;
        bool ends_run;
    } some[] = {{ERR_USAGE, ERR_CLASS_USAGE, false},
                {ERR_FILE_MISSING, ERR_CLASS_INPUT, false},
                {ERR_DECODER_CRASH, ERR_CLASS_INPUT, false},
                {ERR_IMAGE_BLANK, ERR_CLASS_REFUSED, false},
                {ERR_NO_MEMORY, ERR_CLASS_ENVIRONMENT, true},
                {ERR_FILE_WRITE, ERR_CLASS_ENVIRONMENT, true},
                {ERR_DECODER, ERR_CLASS_ENVIRONMENT, true},
                {ERR_INTERRUPTED, ERR_CLASS_INTERRUPTED, true},
                {ERR_INTERNAL, ERR_CLASS_INTERNAL, true},
                {ERR_OK, ERR_CLASS_INTERNAL, false},
                {-9999, ERR_CLASS_INTERNAL, true}};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        assert_int_equal(err_class(some[i].code), some[i].class);
        assert_int_equal(err_ends_run(some[i].code), some[i].ends_run);
    }
    for (int c = 0; c < ERR_CLASS_COUNT; c++)
        for (int other = 0; other < c; other++)
            assert_string_not_equal(err_class_name((enum err_class)c), err_class_name((enum err_class)other));
}

/* --- mem */
static void test_mem(void **state) {
    (void)state;
    struct err e = {0};
    size_t out;
    assert_true(mem_mul(1 << 20, 1 << 20, &out) && out == (size_t)1 << 40);
    assert_false(mem_mul(SIZE_MAX / 2, 3, &out));
    assert_false(mem_add(SIZE_MAX, 1, &out));
    assert_null(mem_alloc(SIZE_MAX / 2, 3, &e));
    assert_int_equal(e.code, ERR_NO_MEMORY);
    e.code = 0;
    assert_null(mem_alloc_aligned(SIZE_MAX - 8, 1, &e)); /* rounding up must not wrap */
    assert_int_equal(e.code, ERR_NO_MEMORY);
    void *p = mem_alloc(0, 8, &e);
    assert_non_null(p);
    assert_int_equal(mem_grow(&p, SIZE_MAX / 2, 4, &e), ERR_NO_MEMORY);
    assert_int_equal(mem_grow(&p, 100, 4, &e), 0);
    memset(p, 1, 400);
    free(p);
    p = mem_alloc_aligned(3, 5, &e);
    assert_int_equal((uintptr_t)p % 64, 0);
    memset(p, 1, 15);
    free(p);
    const size_t large = ((size_t)9 << 20) + 100; /* a large block is no multiple of what it is aligned to */
    unsigned char *q = mem_alloc_aligned(large, 1, &e);
    assert_non_null(q);
    q[0] = q[large - 1] = 1;
    free(q);
    char *s = mem_strdup("copy", &e);
    assert_string_equal(s, "copy");
    free(s);
}

static void test_arena(void **state) {
    (void)state;
    struct arena a;
    struct err e = {0};
    arena_init(&a, 0);
    unsigned char *last = NULL;
    for (int i = 0; i < 2000; i++) { /* small and larger than a block, in turn: all zeroed, aligned, apart */
        size_t n = i % 50 == 0 ? 100000 : (size_t)i % 97 + 1;
        unsigned char *p = arena_alloc(&a, n, 1, &e);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t k = 0; k < n; k++)
            assert_int_equal(p[k], 0);
        memset(p, 0xA5, n);
        last = p;
    }
    assert_int_equal(last[0], 0xA5);
    assert_string_equal(arena_strdup(&a, "view", &e), "view");
    assert_string_equal(arena_strndup(&a, "viewer", 4, &e), "view");
    assert_string_equal(arena_printf(&a, &e, "%s-%d", "row", 3), "row-3");
    assert_null(arena_alloc(&a, SIZE_MAX / 2, 3, &e));
    assert_int_equal(e.code, ERR_NO_MEMORY);
    arena_release(&a);
    assert_int_equal(a.used, 0);

    arena_init(&a, 1024);
    assert_non_null(arena_alloc(&a, 1000, 1, &e));
    assert_null(arena_alloc(&a, 100, 1, &e));
    assert_int_equal(e.code, ERR_LIMIT);
    assert_non_null(arena_alloc(&a, 16, 1, &e)); /* what still fits is given */
    assert_null(arena_alloc(&a, 1, 1, &e));
    arena_release(&a);
    assert_non_null(arena_alloc(&a, 1000, 1, &e));
    arena_release(&a);
}

/* --- buf */
static void cell_is(const char *text, const char *expected) {
    struct buf b;
    buf_init(&b);
    assert_int_equal(buf_csv_cell(&b, text, NULL), 0);
    assert_string_equal(b.data ? b.data : "", expected);
    buf_release(&b);
}

static void test_buf(void **state) {
    (void)state;
    cell_is("plain", "plain"); /* RFC 4180, section 2, rules 5 to 7 */
    cell_is("", "");
    cell_is("a,b", "\"a,b\"");
    cell_is("b CRLF\r\nbb", "\"b CRLF\r\nbb\"");
    cell_is("b\"bb", "\"b\"\"bb\"");
    cell_is("\"", "\"\"\"\"");
    struct buf b;
    buf_init(&b);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(buf_printf(&b, NULL, "%03d,", i), 0);
    assert_int_equal(b.size, 4000);
    assert_int_equal(b.data[4000], 0);
    assert_memory_equal(b.data + 4 * 517, "517,", 4);
    assert_int_equal(buf_append(&b, "x\0y", 3, NULL), 0);
    assert_int_equal(b.size, 4003);
    struct err e = {0};
    assert_int_equal(buf_append(&b, "x", SIZE_MAX - 2, &e), ERR_NO_MEMORY);
    buf_clear(&b);
    assert_string_equal(b.data, "");
    buf_release(&b);
}

/* --- hash */
static void hash_is(const char *text, size_t n, const char *expected) {
    uint8_t digest[SHA256_SIZE];
    char hex[SHA256_HEX_SIZE];
    sha256_bytes(text, n, digest);
    sha256_hex(digest, hex);
    assert_string_equal(hex, expected);
}

static void test_sha256(void **state) {
    (void)state;
    /* FIPS 180-4 examples (csrc.nist.gov, SHA256.pdf) and the empty message (SHA256ShortMsg.rsp) */
    hash_is("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_is("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    hash_is("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    /* a million times "a", in uneven pieces */
    char piece[977];
    memset(piece, 'a', sizeof piece);
    struct sha256 h;
    sha256_init(&h);
    for (size_t left = 1000000; left > 0;) {
        size_t n = left < sizeof piece ? left : sizeof piece;
        sha256_update(&h, piece, n);
        left -= n;
    }
    uint8_t digest[SHA256_SIZE];
    char hex[SHA256_HEX_SIZE];
    sha256_final(&h, digest);
    sha256_hex(digest, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* --- json */
static void refused(const char *text, size_t n) {
    struct json *j;
    struct err e = {0};
    assert_int_equal(json_read(&j, text, n, ERR_SAFETENSORS, &e), ERR_SAFETENSORS);
    assert_int_equal(e.code, ERR_SAFETENSORS);
    assert_non_null(strstr(e.message, "line "));
    assert_null(j);
}

static int visit(void *ctx, const char *key, struct json *value) {
    (void)value;
    return buf_append(ctx, key, strlen(key), NULL);
}

static void test_json_read(void **state) {
    (void)state;
#define REFUSED(text) refused(text, sizeof(text) - 1)
    REFUSED("{\"a\":1,\"a\":2}");
    REFUSED("{\"a\":1} x");
    REFUSED("{\"a\":\"\\u0000\"}");
    REFUSED("{\"a\":\"\xFF\"}");
    REFUSED("{\"a\":01}");
    REFUSED("{\"a\":1");
    REFUSED("");
#undef REFUSED
    static char deep[100000];
    memset(deep, '[', sizeof deep);
    refused(deep, sizeof deep);

    static const char text[] = "{\"z\":[1,2.5,\"s\",true,null],\"a\":-9007199254740993,\"m\":{}}";
    struct json *j;
    assert_int_equal(json_read(&j, text, sizeof text - 1, ERR_YAML, NULL), 0);
    struct json *z = json_get(j, "z");
    assert_true(json_is_array(z) && json_size(z) == 5);
    assert_int_equal(json_integer(json_at(z, 0), -1), 1);
    assert_true(json_number(json_at(z, 1), 0) == 2.5);
    assert_string_equal(json_string(json_at(z, 2)), "s");
    assert_true(json_bool(json_at(z, 3), false));
    assert_true(json_bool(json_at(z, 4), true));               /* null is no bool: the fallback */
    assert_int_equal(json_integer(json_get(j, "z"), 42), 42);  /* another type: the fallback */
    assert_true(json_number(json_get(j, "none"), 7.0) == 7.0); /* absent: the fallback */
    assert_null(json_string(json_at(z, 0)));
    assert_null(json_at(z, 5));
    assert_true(json_integer(json_get(j, "a"), 0) == -9007199254740993LL); /* beyond a double's 53 bits */
    assert_true(json_is_object(json_get(j, "m")) && json_size(json_get(j, "m")) == 0);
    struct buf keys;
    buf_init(&keys);
    assert_int_equal(json_each(j, visit, &keys), 0);
    assert_string_equal(keys.data, "zam"); /* the order of the file */
    buf_clear(&keys);
    assert_int_equal(json_write(j, &keys, NULL), 0);
    assert_string_equal(keys.data, text);
    buf_release(&keys);
    json_free(j);
}

static void test_json_build(void **state) {
    (void)state;
    struct json *j = json_object(), *list = json_array();
    json_put_string(j, "exam_id", "\xE4\xB9\xB3\"1\"");
    json_put_string(j, "none", NULL);
    json_put_number(j, "p", 0.1);
    json_put_number(j, "nan", nan(""));
    json_put_integer(j, "n", INT64_MIN);
    json_put_bool(j, "ok", true);
    json_push_number(list, 1e300 * 10);
    json_push_integer(list, 3);
    json_push_string(list, "broken \xFF\xC3(\xE4\xB9"); /* not UTF-8 */
    json_put(j, "list", list);
    assert_true(json_ok(j));
    struct buf b;
    buf_init(&b);
    assert_int_equal(json_write(j, &b, NULL), 0);
    assert_string_equal(b.data, "{\"exam_id\":\"\xE4\xB9\xB3\\\"1\\\"\",\"none\":null,\"p\":0.10000000000000001,\"nan\":null,"
                                "\"n\":-9223372036854775808,\"ok\":true,\"list\":[1.0000000000000001e301,3,"
                                "\"broken \xEF\xBF\xBD\xEF\xBF\xBD(\xEF\xBF\xBD\xEF\xBF\xBD\"]}");
    buf_release(&b);
    json_put(j, "child", NULL); /* a failure anywhere in the chain */
    json_put_integer(j, "after", 1);
    assert_false(json_ok(j));
    assert_true(json_ok(j)); /* and the next chain starts clean */
    assert_false(json_ok(NULL));
    json_free(j);
}

/* --- files */
struct folder {
    char path[64];
};

static int make_folder(void **state) {
    struct folder *f = calloc(1, sizeof *f);
    snprintf(f->path, sizeof f->path, "/tmp/bmunet-t_base-XXXXXX");
    if (!mkdtemp(f->path))
        return -1;
    *state = f;
    return 0;
}

static int drop_folder(void **state) {
    struct folder *f = *state;
    int rc = rmdir(f->path); /* fails, and with it the test, if anything is left over */
    free(f);
    return rc;
}

static const char *in_folder(void **state, const char *name) {
    static char path[512];
    struct folder *f = *state;
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    return path;
}

static void write_plainly(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void file_is(const char *path, const char *text) {
    uint8_t *bytes;
    size_t size;
    assert_int_equal(io_read_file(&bytes, &size, path, 1 << 20, NULL), 0);
    assert_int_equal(size, strlen(text));
    assert_string_equal((char *)bytes, text);
    free(bytes);
}

static void cannot_read(const char *path, size_t max, int code) {
    uint8_t *bytes;
    size_t size;
    struct err e = {0};
    assert_int_equal(io_read_file(&bytes, &size, path, max, &e), code);
    assert_null(bytes);
    assert_non_null(strstr(e.message, path));
}

static void test_read(void **state) {
    const char *path = in_folder(state, "in");
    cannot_read(path, 10, ERR_FILE_MISSING);
    write_plainly(path, "0123456789");
    cannot_read(path, 9, ERR_LIMIT);
    file_is(path, "0123456789");
    struct io_map m;
    assert_int_equal(io_map_open(&m, path, NULL), 0);
    assert_int_equal(m.size, 10);
    io_map_forget(&m, m.data + 1, 5);
    assert_memory_equal(m.data, "0123456789", 10);
    io_map_close(&m);
    write_plainly(path, "");
    file_is(path, "");
    assert_int_equal(io_map_open(&m, path, NULL), 0);
    assert_int_equal(m.size, 0);
    io_map_close(&m);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(io_map_open(&m, path, NULL), ERR_FILE_MISSING);
    cannot_read("/tmp", 10, ERR_FILE_READ); /* a folder */
    assert_int_equal(mkfifo(path, 0600), 0);
    cannot_read(path, 10, ERR_FILE_READ); /* and does not wait for a writer */
    assert_int_equal(unlink(path), 0);
    cannot_read("/dev/zero", 10, ERR_FILE_READ);
    uint8_t *bytes; /* a file that says it has no bytes, and has */
    size_t size;
    assert_int_equal(io_read_file(&bytes, &size, "/proc/self/status", 1 << 20, NULL), 0);
    assert_true(size > 100 && strlen((char *)bytes) == size);
    free(bytes);
    cannot_read("/proc/self/status", 100, ERR_LIMIT);
}

static void test_replace(void **state) {
    const char *path = in_folder(state, "out.csv");
    struct replace *r;
    mode_t mask = umask(027);
    assert_int_equal(replace_open(&r, path, NULL), 0);
    assert_int_equal(replace_write(r, "a", 1, NULL), 0);
    for (int i = 0; i < 20000; i++)
        assert_int_equal(replace_printf(r, NULL, ",%d", i), 0);
    assert_int_equal(access(path, F_OK), -1); /* nothing to be seen before commit */
    assert_int_equal(replace_commit(r, NULL), 0);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    umask(mask);
    uint8_t *bytes;
    size_t size;
    assert_int_equal(io_read_file(&bytes, &size, path, 1 << 20, NULL), 0);
    assert_int_equal(size, 1 + 10 * 2 + 90 * 3 + 900 * 4 + 9000 * 5 + 10000 * 6);
    /* (printf a; seq -f ,%.0f 0 19999 | tr -d '\n') | sha256sum */
    hash_is((char *)bytes, size, "c443eb3e9cf38bc6ed76143df45114df4fce195221dc46cbc225fc94fb728bee");
    free(bytes);

    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(replace_open(&r, path, NULL), 0);
    assert_int_equal(replace_write(r, "new", 3, NULL), 0);
    assert_int_equal(replace_commit(r, NULL), 0);
    file_is(path, "new");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600); /* a file keeps its permissions */

    assert_int_equal(replace_open(&r, path, NULL), 0);
    assert_int_equal(replace_write(r, "never", 5, NULL), 0);
    replace_abort(r);
    replace_abort(NULL);
    file_is(path, "new");
    assert_int_equal(unlink(path), 0);
}

/* What a killed program leaves goes; what is being written, and what only looks like it, stays. */
static void test_replace_sweep(void **state) {
    static const char *const stay[] = {".bmunet-0123456789abcdef.txt", ".bmunet-0123456789abcde.tmp", ".bmunet-0123456789abcdeF.tmp",
                                       "a.tmp"};
    static const char dead[] = ".bmunet-0123456789abcdef.tmp";
    struct replace *r;
    write_plainly(in_folder(state, dead), "half");
    for (size_t i = 0; i < sizeof stay / sizeof *stay; i++)
        write_plainly(in_folder(state, stay[i]), "x");
    assert_int_equal(replace_open(&r, in_folder(state, "out"), NULL), 0);
    assert_int_equal(replace_write(r, "new", 3, NULL), 0);
    replace_sweep(in_folder(state, ""));
    replace_sweep(in_folder(state, "none"));
    assert_int_equal(access(in_folder(state, dead), F_OK), -1);
    assert_int_equal(replace_commit(r, NULL), 0);
    file_is(in_folder(state, "out"), "new");
    assert_int_equal(unlink(in_folder(state, "out")), 0);
    for (size_t i = 0; i < sizeof stay / sizeof *stay; i++)
        assert_int_equal(unlink(in_folder(state, stay[i])), 0);
}

static void test_replace_refuses(void **state) {
    struct replace *r;
    struct err e = {0};
    assert_int_equal(replace_open(&r, in_folder(state, "none/out"), &e), ERR_FILE_WRITE);
    assert_null(r);
    assert_non_null(strstr(e.message, "none/out"));
    assert_int_equal(replace_open(&r, in_folder(state, ""), &e), ERR_FILE_WRITE);
    assert_int_equal(replace_open(&r, in_folder(state, "none/"), &e), ERR_FILE_WRITE);
    assert_int_equal(replace_open(&r, "/dev/full", &e), ERR_FILE_WRITE);
    assert_int_equal(replace_open(&r, "", &e), ERR_FILE_WRITE);
}

static void test_replace_follows_a_link(void **state) {
    char target[512], link[512];
    snprintf(target, sizeof target, "%s", in_folder(state, "target"));
    snprintf(link, sizeof link, "%s", in_folder(state, "link"));
    write_plainly(target, "old");
    assert_int_equal(symlink("target", link), 0);
    struct replace *r;
    assert_int_equal(replace_open(&r, link, NULL), 0);
    assert_int_equal(replace_write(r, "new", 3, NULL), 0);
    assert_int_equal(replace_commit(r, NULL), 0);
    struct stat st;
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    file_is(target, "new");
    assert_int_equal(unlink(link), 0);
    assert_int_equal(unlink(target), 0);
}

/* The disk is full (here: a limit on file size): an error, the old file whole, nothing left over. In a child, because the limit stays. */
static int fill_up(const char *path, size_t bytes) {
    struct rlimit limit = {4096, 4096};
    if (setrlimit(RLIMIT_FSIZE, &limit))
        return 10;
    struct replace *r;
    struct err e = {0};
    if (replace_open(&r, path, &e))
        return 11;
    int wrote = 0;
    for (size_t i = 0; i < bytes && !wrote; i += 1000) {
        static const char piece[1000] = "x";
        wrote = replace_write(r, piece, sizeof piece, &e);
    }
    if (wrote && replace_write(r, "", 0, &e) == 0)
        return 12; /* a failure stays one */
    if (replace_commit(r, &e) != ERR_FILE_WRITE || e.code != ERR_FILE_WRITE)
        return 13;
    return wrote ? 1 : 2; /* noticed while writing, or at commit */
}

static void test_replace_full_disk(void **state) {
    const char *path = in_folder(state, "out");
    write_plainly(path, "old");
    for (int large = 0; large < 2; large++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            signal(SIGXFSZ, SIG_IGN);
            _exit(fill_up(path, large ? 1000000 : 10000));
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), large ? 1 : 2);
        file_is(path, "old");
    }
    assert_int_equal(unlink(path), 0);
}

/* --- threads */
static void test_pool_share(void **state) {
    (void)state;
    for (int n = 1; n <= 9; n++) {
        for (long items = 0; items < 40; items++) {
            long next = 0;
            for (int i = 0; i < n; i++) {
                long first, last;
                pool_share(items, i, n, &first, &last);
                assert_int_equal(first, next);
                assert_true(last - first == items / n || last - first == items / n + 1);
                next = last;
            }
            assert_int_equal(next, items);
        }
    }
    long first, last;
    pool_share(INT64_MAX, 1023, 1024, &first, &last);
    assert_true(first < last && last == INT64_MAX);
}

struct seen {
    int times[64];
    int n;
};

static void mark(void *ctx, int i, int n) {
    struct seen *s = ctx;
    s->times[i]++; /* each i is one thread's own */
    if (i == 0)
        s->n = n;
}

static void test_pool_run(void **state) {
    (void)state;
    assert_true(pool_threads() >= 1);
    for (int n = 1; n <= 5; n++) {
        struct seen s = {0};
        pool_set_threads(n);
        assert_int_equal(pool_threads(), n);
        pool_run(mark, &s);
        assert_int_equal(s.n, n);
        for (int i = 0; i < 64; i++)
            assert_int_equal(s.times[i], i < n ? 1 : 0);
    }
    pool_set_threads(0);
    assert_int_equal(pool_threads(), 1);
    pool_set_threads(1 << 20);
    assert_int_equal(pool_threads(), 1024);
    pool_set_threads(2);
}

static void test_progress_is_silent(void **state) {
    (void)state;
    FILE *f = tmpfile(); /* not a terminal */
    struct progress p;
    progress_start(&p, f, "exams", 10);
    progress_update(&p, 5);
    progress_update(&p, 10);
    progress_finish(&p);
    assert_int_equal(ftell(f), 0);
    fclose(f);
    progress_start(&p, NULL, "exams", 0);
    progress_update(&p, 1);
    progress_finish(&p);
    double before = clock_seconds();
    assert_true(clock_seconds() >= before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_err),
        cmocka_unit_test(test_err_long_text_stays_utf8),
        cmocka_unit_test(test_err_codes_are_unique),
        cmocka_unit_test(test_err_classes),
        cmocka_unit_test(test_mem),
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_buf),
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_json_read),
        cmocka_unit_test(test_json_build),
        cmocka_unit_test_setup_teardown(test_read, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(test_replace, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(test_replace_sweep, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(test_replace_refuses, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(test_replace_follows_a_link, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(test_replace_full_disk, make_folder, drop_folder),
        cmocka_unit_test(test_pool_share),
        cmocka_unit_test(test_pool_run),
        cmocka_unit_test(test_progress_is_silent),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
