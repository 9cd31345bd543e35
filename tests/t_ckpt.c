/* Checkpoints: files that PyTorch and the specification wrote are read to the same numbers; hostile ones are refused with the code that
 * tests/oracle/make_ckpt_golden.py states; what we write is what the specification says. */
#include "ckpt_golden.h"

#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"

/* Calls visit() with the tab-separated cells of each line; returns the number of lines. */
static int each_line(const char *name, int cells, void (*visit)(char **cell, void *ctx), void *ctx) {
    char path[1024], *line = NULL;
    size_t room = 0;
    ssize_t n;
    int lines = 0;
    snprintf(path, sizeof path, GOLDEN "%s", name);
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("%s is missing", path);
    while ((n = getline(&line, &room, f)) > 0) {
        char *rest = line, *cell[4];
        line[n - 1] = 0;
        for (int i = 0; i < cells; i++)
            if (!(cell[i] = strsep(&rest, "\t")))
                fail_msg("%s: line %d has too few cells", path, lines + 1);
        visit(cell, ctx);
        lines++;
    }
    free(line);
    fclose(f);
    return lines;
}

struct walk {
    const char *file;
    const struct archive *archive;
    size_t i;
};

static void hex_of(char *out, const struct array *t) {
    const uint8_t *p = t->data;
    for (size_t i = 0; i < t->bytes; i++)
        snprintf(out + 2 * i, 3, "%02x", p[i]);
}

static void check_tensor(char **cell, void *ctx) {
    struct walk *w = ctx;
    char shape[256] = "-";
    if (w->i >= archive_count(w->archive))
        fail_msg("%s: '%s' is missing", w->file, cell[0]);
    const struct array *t = archive_at(w->archive, w->i++);
    char *hex = calloc(t->bytes * 2 + 2, 1);
    assert_non_null(hex);
    hex[0] = '-';
    hex_of(hex, t);
    for (int k = 0, n = 0; k < t->rank; k++)
        n += snprintf(shape + n, sizeof shape - (size_t)n, k ? ",%lld" : "%lld", (long long)t->shape[k]);
    assert_string_equal(t->name, cell[0]);
    if (strcmp(dtype_name(t->dtype), cell[1]) || strcmp(shape, cell[2]) || strcmp(hex, cell[3]))
        fail_msg("%s: %s is %s [%s] %s, should be %s [%s] %s", w->file, t->name, dtype_name(t->dtype), shape, hex, cell[1], cell[2],
                 cell[3]);
    assert_ptr_equal(archive_find(w->archive, cell[0]), t);
    free(hex);
}

static void check_values(const char *name, const struct archive *a) {
    char list[512];
    struct walk w = {.file = name, .archive = a};
    snprintf(list, sizeof list, "%s.txt", name);
    each_line(list, 4, check_tensor, &w);
    assert_int_equal(w.i, archive_count(a));
    assert_null(archive_find(a, "no such tensor"));
    assert_null(archive_find(a, ""));
}

static void check_case(char **cell, void *ctx) {
    struct err opened = {0}, parsed = {0};
    struct archive *a = NULL, *b = NULL, *c = NULL;
    struct file f = golden_file(cell[0]);
    int rc = golden_open(&a, cell[0], &opened);
    int again = golden_parse(&b, cell[0], f.bytes, f.size, &parsed);
    int silent = golden_parse(&c, cell[0], f.bytes, f.size, NULL); /* err is nullable everywhere */
    const char *got = rc ? err_name(rc) : "OK";
    if (strcmp(got, cell[1]))
        fail_msg("%s: %s (%s), should be %s", cell[0], got, opened.message, cell[1]);
    assert_int_equal(again, rc);
    assert_int_equal(silent, rc);
    assert_int_equal(opened.code, rc);
    if (rc) {
        if (!strstr(opened.message, cell[2]) || !strstr(opened.message, cell[0]))
            fail_msg("%s: the message does not name the file and '%s': %s", cell[0], cell[2], opened.message);
        for (const char *p = parsed.message; *p; p++)
            if (*p >= 0 && *p < ' ')
                fail_msg("%s: a control character in the message", cell[0]);
        assert_null(a);
        assert_null(b);
        assert_null(c);
    } else {
        check_values(cell[0], a);
        archive_forget(a); /* forgotten bytes can be read again */
        check_values(cell[0], a);
        check_values(cell[0], b);
    }
    archive_close(a);
    archive_close(b);
    archive_close(c);
    free(f.bytes);
    ++*(int *)ctx;
}

static void files_give_what_the_table_says(void **state) {
    int n = 0;
    (void)state;
    unlink("/tmp/bmunet-was-here");
    int lines = each_line("cases.txt", 3, check_case, &n);
    assert_int_equal(lines, n);
    assert_true(n > 150);
    assert_int_not_equal(access("/tmp/bmunet-was-here", F_OK), 0); /* system.pt would have made it */
}

static void a_missing_file_is_named(void **state) {
    struct err e = {0};
    struct archive *a;
    (void)state;
    assert_int_equal(safetensors_open(&a, "/nowhere/x.safetensors", &e), ERR_FILE_MISSING);
    assert_non_null(strstr(e.message, "/nowhere/x.safetensors"));
    assert_int_equal(torch_open(&a, "/nowhere/x.bin", &e), ERR_FILE_MISSING);
    assert_int_equal(torch_open(&a, "/tmp", &e), ERR_FILE_READ);
}

static void check_hash(char **cell, void *ctx) {
    struct archive *a;
    uint8_t digest[SHA256_SIZE], again[SHA256_SIZE];
    char hex[SHA256_HEX_SIZE];
    (void)ctx;
    assert_int_equal(golden_open(&a, cell[0], NULL), 0);
    assert_int_equal(archive_sha256(a, digest, NULL), 0);
    assert_int_equal(archive_sha256(a, again, NULL), 0);
    assert_memory_equal(digest, again, sizeof digest);
    sha256_hex(digest, hex);
    assert_string_equal(hex, cell[1]);
    archive_close(a);
}

static void the_hash_is_the_files(void **state) {
    (void)state;
    assert_int_equal(each_line("sha256.txt", 2, check_hash, NULL), 2);
}

static void metadata_is_found(void **state) {
    struct archive *a;
    (void)state;
    assert_int_equal(golden_open(&a, "others.safetensors", NULL), 0);
    assert_string_equal(archive_metadata(a, "format"), "pt");
    assert_string_equal(archive_metadata(a, "wei\xc3\x9f"), "q\"\\/\xc3\xa9\n");
    assert_null(archive_metadata(a, "absent"));
    archive_close(a);
    assert_int_equal(golden_open(&a, "state_dict.pt", NULL), 0);
    assert_null(archive_metadata(a, "format"));
    archive_close(a);
}

/* ---- writing ---- */

static char written[64];

static int make_place(void **state) {
    (void)state;
    snprintf(written, sizeof written, "/tmp/bmunet-ckpt-XXXXXX");
    int fd = mkstemp(written);
    return fd < 0 ? -1 : close(fd);
}

static int remove_place(void **state) {
    (void)state;
    return unlink(written);
}

/* ours.safetensors was written by the oracle from the same tensors, following the specification and our order and padding. */
static void writing_gives_the_specified_bytes(void **state) {
    struct archive *a;
    struct err e = {0};
    (void)state;
    assert_int_equal(golden_open(&a, "others.safetensors", NULL), 0);
    size_t n = archive_count(a);
    struct array *arrays = calloc(n, sizeof *arrays);
    assert_non_null(arrays);
    for (size_t i = 0; i < n; i++)
        arrays[i] = *archive_at(a, i);
    const char *const metadata[][2] = {{"format", archive_metadata(a, "format")}, {"wei\xc3\x9f", archive_metadata(a, "wei\xc3\x9f")}};
    if (safetensors_write(written, arrays, n, metadata, 2, &e))
        fail_msg("%s", e.message);
    struct file got = golden_file(written), want = golden_file("ours.safetensors");
    assert_int_equal(got.size, want.size);
    assert_memory_equal(got.bytes, want.bytes, want.size);
    free(got.bytes);
    free(want.bytes);
    free(arrays);
    archive_close(a);
}

static void bad_arrays_are_not_written(void **state) {
    static const float x[6];
    const struct array good = {.name = "w", .dtype = DTYPE_F32, .rank = 2, .shape = {2, 3}, .data = x, .bytes = sizeof x};
    struct array pair[2] = {good, good};
    struct err e = {0};
    (void)state;
    assert_int_equal(safetensors_write(written, &good, 1, NULL, 0, &e), 0);
    struct file before = golden_file(written);
    assert_int_equal(safetensors_write(written, pair, 2, NULL, 0, &e), ERR_SAFETENSORS); /* one name twice */
    pair[1].name = "__metadata__";
    assert_int_equal(safetensors_write(written, pair, 2, NULL, 0, &e), ERR_SAFETENSORS);
    pair[1].name = "\xff";
    assert_int_equal(safetensors_write(written, pair, 2, NULL, 0, &e), ERR_SAFETENSORS);
    pair[1].name = "v";
    pair[1].bytes = 20;
    assert_int_equal(safetensors_write(written, pair, 2, NULL, 0, &e), ERR_SAFETENSORS);
    const char *const twice[][2] = {{"k", "1"}, {"k", "2"}}, *const not_text[][2] = {{"k", "\xff"}};
    assert_int_equal(safetensors_write(written, &good, 1, twice, 2, &e), ERR_SAFETENSORS);
    assert_int_equal(safetensors_write(written, &good, 1, not_text, 1, &e), ERR_SAFETENSORS);
    assert_int_equal(safetensors_write("/nowhere/x", &good, 1, NULL, 0, &e), ERR_FILE_WRITE);
    struct file after = golden_file(written);
    assert_int_equal(after.size, before.size);
    assert_memory_equal(after.bytes, before.bytes, before.size);
    free(before.bytes);
    free(after.bytes);
}

static void a_hundred_thousand_names(void **state) {
    enum { N = ARCHIVE_ARRAYS_MAX };
    static const uint8_t value = 1;
    (void)state;
    struct array *arrays = calloc(N + 1, sizeof *arrays);
    char(*names)[16] = calloc(N + 1, sizeof *names);
    struct err e = {0};
    struct archive *a;
    assert_non_null(arrays);
    assert_non_null(names);
    for (int i = 0; i <= N; i++) {
        snprintf(names[i], sizeof names[i], "%d.w", i * 7919 % (N + 3));
        arrays[i] = (struct array){.name = names[i], .dtype = DTYPE_U8, .data = &value, .bytes = 1};
    }
    assert_int_equal(safetensors_write(written, arrays, N + 1, NULL, 0, &e), ERR_LIMIT);
    assert_int_equal(safetensors_write(written, arrays, N, NULL, 0, &e), 0);
    assert_int_equal(safetensors_open(&a, written, &e), 0);
    assert_int_equal(archive_count(a), N);
    for (size_t i = 0; i < N; i++)
        assert_ptr_equal(archive_find(a, names[i]), archive_at(a, i));
    assert_null(archive_find(a, names[N]));
    archive_close(a);
    free(names);
    free(arrays);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_give_what_the_table_says),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(the_hash_is_the_files),
        cmocka_unit_test(metadata_is_found),
        cmocka_unit_test_setup_teardown(writing_gives_the_specified_bytes, make_place, remove_place),
        cmocka_unit_test_setup_teardown(bad_arrays_are_not_written, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_hundred_thousand_names, make_place, remove_place),
    };
    return cmocka_run_group_tests_name("ckpt", tests, NULL, NULL);
}
