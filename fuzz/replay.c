/* Runs a fuzz target over files, without a fuzzer: replay [-limit N] FILE-OR-DIRECTORY... Fails if there was nothing to run. Test code,
 * above all floors. */
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char **paths;
static size_t path_count, path_capacity;

static void stop(const char *what, const char *path) {
    fprintf(stderr, "replay: %s %s\n", what, path);
    exit(1);
}

static int collect(const char *path, const struct stat *st, int type, struct FTW *where) {
    (void)st;
    (void)where;
    if (type != FTW_F)
        return 0;
    if (path_count == path_capacity) {
        path_capacity = path_capacity * 2 + 64;
        paths = realloc(paths, path_capacity * sizeof *paths);
        if (!paths)
            stop("no memory at", path);
    }
    paths[path_count] = strdup(path);
    if (!paths[path_count++])
        stop("no memory at", path);
    return 0;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The bytes stand in a block of exactly their size, so that AddressSanitizer sees a read of one byte too many. */
static void run_file(const char *path) {
    FILE *f = fopen(path, "rb");
    struct stat st;
    if (!f || fstat(fileno(f), &st))
        stop("cannot read", path);
    size_t size = (size_t)st.st_size;
    uint8_t *bytes = malloc(size ? size : 1);
    if (!bytes || fread(bytes, 1, size, f) != size)
        stop("cannot read", path);
    fclose(f);
    if (getenv("REPLAY_VERBOSE"))
        fprintf(stderr, "%s\n", path); /* the last name before a crash */
    LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
}

int main(int argc, char **argv) {
    size_t limit = SIZE_MAX, run = 0;
    int first = 1;
    if (argc > 2 && strcmp(argv[1], "-limit") == 0) {
        limit = strtoul(argv[2], NULL, 10);
        first = 3;
    }
    for (int i = first; i < argc; i++)
        if (nftw(argv[i], collect, 16, FTW_PHYS))
            stop("cannot walk", argv[i]);
    if (path_count == 0 || limit == 0)
        stop("no files in", argc > first ? argv[first] : "(nothing)");
    qsort(paths, path_count, sizeof *paths, by_name);
    size_t step = path_count > limit ? (path_count + limit - 1) / limit : 1; /* spread over all of them */
    for (size_t i = 0; i < path_count; i++) {
        if (i % step == 0) {
            run_file(paths[i]);
            run++;
        }
        free(paths[i]);
    }
    free(paths);
    printf("replayed %zu of %zu files\n", run, path_count);
    return 0;
}
