/* No output may be a file that is read, or another output. Floor 1. */
#include "file/distinct.h"

#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file/filename.h"

/* The resolved folder of a path that need not exist itself. */
static bool folder_of(char out[PATH_MAX], const char *path) {
    char copy[PATH_MAX];
    int n = snprintf(copy, sizeof copy, "%s", path);
    return n > 0 && n < PATH_MAX && realpath(dirname(copy), out) != NULL;
}

static bool same_file(const char *a, const char *b) {
    struct stat x, y;
    bool is_a = stat(a, &x) == 0, is_b = stat(b, &y) == 0;
    if (is_a && is_b)
        return x.st_dev == y.st_dev && x.st_ino == y.st_ino;
    if (is_a || is_b)
        return false;
    char folder_a[PATH_MAX], folder_b[PATH_MAX];
    return folder_of(folder_a, a) && folder_of(folder_b, b) && strcmp(folder_a, folder_b) == 0 &&
           strcmp(filename_base(a), filename_base(b)) == 0;
}

int file_distinct(const char *what_a, const char *a, const char *what_b, const char *b, struct err *e) {
    if (!a || !b || !same_file(a, b))
        return 0;
    return err_set(e, ERR_USAGE, "%s and %s are the same file, %s", what_a, what_b, a);
}
