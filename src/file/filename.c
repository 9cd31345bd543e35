/* The parts of a file's name. Floor 1. */
#include "file/filename.h"

#include <string.h>

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

const char *filename_under(struct arena *a, const char *folder, const char *name, struct err *e) {
    const bool alone = name[0] == '/' || folder[0] == '\0';
    const char *join = alone || folder[strlen(folder) - 1] == '/' ? "" : "/";
    return alone ? name : arena_printf(a, e, "%s%s%s", folder, join, name);
}
