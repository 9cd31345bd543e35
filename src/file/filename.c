/* The parts of a file's name. Floor 1. */
#include "file/filename.h"

#include <string.h>

#include "base/mem.h"

const char *filename_base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

int filename_folder(char **out, const char *path, struct err *e) {
    if (!(*out = mem_strdup(path, e)))
        return ERR_NO_MEMORY;
    const size_t base = (size_t)(filename_base(path) - path);
    (*out)[base > 1 ? base - 1 : base] = 0;
    return 0;
}
