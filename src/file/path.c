/* Paths as text, and the folders that they name. Floor 1. */
#include "file/path.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

const char *path_base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

int path_folder(char **out, const char *path, struct err *e) {
    if (!(*out = mem_strdup(path, e)))
        return ERR_NO_MEMORY;
    const size_t base = (size_t)(path_base_name(path) - path);
    (*out)[base > 1 ? base - 1 : base] = 0;
    return 0;
}

int path_make_folders(const char *path, struct err *e) {
    char part[PATH_MAX], text[256];
    if (strlen(path) >= sizeof part)
        return err_set(e, ERR_LIMIT, "%.60s...: the path is too long", path);
    memcpy(part, path, strlen(path) + 1);
    for (char *at = part;; at++) {
        if (*at && (*at != '/' || at == part))
            continue;
        const char kept = *at;
        *at = 0;
        if (mkdir(part, 0777) && errno != EEXIST)
            return err_set(e, ERR_FILE_WRITE, "%s: the folder cannot be made: %s", part, strerror_r(errno, text, sizeof text));
        if (!kept)
            return 0;
        *at = kept;
    }
}
