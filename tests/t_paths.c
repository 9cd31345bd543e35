/* Where the decoder and the shared files are looked for: what is said, the environment, a build tree, a shared library in an installed
 * tree. Test code, above all floors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bmunet.h"
#include "file/io.h"
#include "file/paths.h"
#include "image/decode.h"

static char root[] = "/tmp/bmunet-paths-XXXXXX";

static const char *build_folder(void) {
    const char *folder = getenv("BMUNET_BUILD");
    return folder ? folder : "build/release";
}

/* `path` is FOLDER/NAME, whatever links lie between. */
static void same_file(const char *path, const char *folder, const char *name) {
    char expected[PATH_MAX], a[PATH_MAX], b[PATH_MAX];
    snprintf(expected, sizeof expected, "%s/%s", folder, name);
    assert_non_null(realpath(path, a));
    assert_non_null(realpath(expected, b));
    assert_string_equal(a, b);
}

static void what_is_said(void **state) {
    (void)state;
    char *path = NULL;
    struct err e = {0};
    const struct paths p = {.decoder = "/bin/true", .share = "share"}, wrong = {.decoder = "/nonexistent/decoder", .share = "/nonexistent"};
    setenv("BMUNET_DECODER", "/nonexistent/other", 1);
    setenv("BMUNET_SHARE", "/nonexistent/other", 1);
    assert_int_equal(paths_decoder(&path, &p, &e), 0);
    assert_string_equal(path, "/bin/true");
    free(path);
    assert_int_equal(paths_share(&path, &p, "trees/bmu5.yml", &e), 0);
    assert_string_equal(path, "share/trees/bmu5.yml");
    free(path);
    unsetenv("BMUNET_DECODER");
    unsetenv("BMUNET_SHARE");
    assert_int_equal(paths_decoder(&path, &wrong, &e), ERR_DECODER); /* what is said is not looked for elsewhere */
    assert_null(path);
    assert_non_null(strstr(e.message, "/nonexistent/decoder"));
    assert_int_equal(paths_share(&path, &wrong, "vendors", &e), ERR_FILE_MISSING);
    assert_null(path);
    assert_non_null(strstr(e.message, "/nonexistent/vendors"));
}

static void the_environment(void **state) {
    (void)state;
    char *path = NULL;
    struct err e = {0};
    setenv("BMUNET_DECODER", "/bin/true", 1);
    setenv("BMUNET_SHARE", "share", 1);
    assert_int_equal(paths_decoder(&path, NULL, &e), 0);
    assert_string_equal(path, "/bin/true");
    free(path);
    assert_int_equal(paths_share(&path, &(struct paths){.decoder = "/bin/false"}, "plans", &e), 0);
    assert_string_equal(path, "share/plans");
    free(path);
    setenv("BMUNET_SHARE", "/nonexistent/there", 1);
    assert_int_equal(paths_share(&path, NULL, "plans", &e), ERR_FILE_MISSING);
    assert_non_null(strstr(e.message, "/nonexistent/there/plans"));
    setenv("BMUNET_DECODER", "", 1); /* empty: not said */
    setenv("BMUNET_SHARE", "", 1);
    assert_int_equal(paths_decoder(&path, NULL, &e), 0);
    same_file(path, build_folder(), "bmunet-decode");
    free(path);
    unsetenv("BMUNET_DECODER");
    unsetenv("BMUNET_SHARE");
}

static void a_build_tree(void **state) {
    (void)state;
    char *path = NULL;
    struct err e = {0};
    assert_int_equal(paths_decoder(&path, NULL, &e), 0);
    same_file(path, build_folder(), "bmunet-decode");
    free(path);
    assert_int_equal(paths_share(&path, NULL, "trees/bmu5.yml", &e), 0);
    same_file(path, "share/trees", "bmu5.yml");
    free(path);
    assert_int_equal(paths_share(&path, NULL, "trees/none.yml", &e), ERR_FILE_MISSING);
    assert_non_null(strstr(e.message, "trees/none.yml"));
    assert_int_equal(paths_code(&path, &e), 0);
    same_file(path, build_folder(), "tests/t_paths");
    free(path);
}

static void put(const char *folder, const char *name, const void *bytes, size_t n, mode_t mode) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s/%s", root, folder, name);
    for (char *c = path + 1; (c = strchr(c, '/')) != NULL; c++) {
        *c = 0;
        mkdir(path, 0700);
        *c = '/';
    }
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void a_library_elsewhere(void **state) {
    (void)state;
    uint8_t *bytes = NULL;
    size_t n = 0;
    char path[PATH_MAX], *decoder = NULL, *tree = NULL, *code = NULL;
    put(TEST_LIBEXEC, "bmunet-decode", "#!\n", 3, 0755);
    put(TEST_SHARE "/trees", "bmu5.yml", "tree\n", 5, 0644);
    snprintf(path, sizeof path, "%s/tests/libpaths_probe.so", build_folder());
    assert_int_equal(io_read_file(&bytes, &n, path, 1U << 30, NULL), 0);
    put(TEST_LIB, "libprobe.so", bytes, n, 0644);
    free(bytes);
    snprintf(path, sizeof path, "%s/" TEST_LIB "/libprobe.so", root);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(library);
    int (*probe)(char **, char **, char **) = NULL;
    *(void **)&probe = dlsym(library, "probe");
    assert_non_null(probe);
    assert_int_equal(probe(&decoder, &tree, &code), 0);
    same_file(decoder, root, TEST_LIBEXEC "/bmunet-decode"); /* the probe's, not this program's */
    same_file(tree, root, TEST_SHARE "/trees/bmu5.yml");
    same_file(code, root, TEST_LIB "/libprobe.so");
    free(decoder);
    free(tree);
    free(code);
    dlclose(library);
}

static void the_public_struct(void **state) {
    (void)state;
    struct bmunet_paths p;
    struct bmunet_error e;
    bmunet_paths_default(&p);
    assert_null(p.decoder);
    assert_int_equal(bmunet_paths_check(&p, &e), 0);
    assert_int_equal(e.code, 0);
    assert_string_equal(e.message, "");
    assert_int_equal(bmunet_paths_check(NULL, NULL), 0);
    p.share = "/nonexistent";
    assert_int_equal(bmunet_paths_check(&p, &e), ERR_FILE_MISSING);
    assert_string_equal(bmunet_error_name(e.code), "FILE_MISSING");
    assert_non_null(strstr(e.message, "/nonexistent"));
    bmunet_paths_default(&p);
    p.reserved[3] = &p;
    assert_int_equal(bmunet_paths_check(&p, &e), ERR_USAGE);
    assert_non_null(strstr(e.message, "reserved[3]"));
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *at) {
    (void)s;
    (void)type;
    (void)at;
    return remove(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said),        cmocka_unit_test(the_environment),   cmocka_unit_test(a_build_tree),
        cmocka_unit_test(a_library_elsewhere), cmocka_unit_test(the_public_struct),
    };
    unsetenv("BMUNET_DECODER");
    unsetenv("BMUNET_SHARE");
    if (!mkdtemp(root))
        return 1;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return failed;
}
