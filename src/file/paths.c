/* Where the decoder program and the shared files lie: what the caller says, the environment, beside this code, where they were to be
 * installed. Floor 1.
 *
 * In a shared library /proc/self/exe names somebody else's program (inside Python, the interpreter), so the dynamic linker is asked which
 * file this code was loaded from. CMakeLists.txt defines the BMU_* names of folders for this file alone. */
#include "file/paths.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define PROGRAM_ITSELF "/proc/self/exe"
enum { PLACES = 4 };

/* Folders to look in, relative to the one that holds the code, and at last an absolute one. */
struct places {
    const char *in_program[PLACES], *in_library[PLACES];
};
static const struct places decoder_places = {{".", "..", BMU_LIBEXEC_FROM_BIN, BMU_LIBEXEC},
                                             {".", "..", BMU_LIBEXEC_FROM_LIB, BMU_LIBEXEC}};
static const struct places share_places = {{"share/bmunet", "../share/bmunet", BMU_SHARE_FROM_BIN, BMU_SHARE},
                                           {"share/bmunet", "../share/bmunet", BMU_SHARE_FROM_LIB, BMU_SHARE}};

/* The shared library's path as the dynamic linker knows it; NULL: this code is in the program itself. */
static const char *library_path(void) {
    static const char here = 0;
    Dl_info info;
    struct link_map *map = NULL;
    if (!dladdr1(&here, &info, (void **)&map, RTLD_DL_LINKMAP) || !map || !map->l_name[0])
        return NULL;
    return map->l_name;
}

int paths_code(char **out, struct err *e) {
    const char *library = library_path();
    return (*out = mem_strdup(library ? library : PROGRAM_ITSELF, e)) ? 0 : ERR_NO_MEMORY;
}

/* The folder of that file, links resolved; empty if it cannot be told. */
static void code_folder(char out[PATH_MAX]) {
    const char *library = library_path();
    char *slash = realpath(library ? library : PROGRAM_ITSELF, out) ? strrchr(out, '/') : NULL;
    *(slash ? slash : out) = 0;
}

/* The first of the places that holds `name`, as access() sees it. *out stays NULL if none does. */
static int look_for(char **out, const struct places *places, const char *name, int access_mode, struct err *e) {
    const char *const *list = library_path() ? places->in_library : places->in_program;
    char folder[PATH_MAX], path[PATH_MAX];
    code_folder(folder);
    *out = NULL;
    for (int i = 0; i < PLACES; i++) {
        const bool absolute = list[i][0] == '/';
        if (!absolute && !folder[0])
            continue;
        const int n = snprintf(path, sizeof path, "%s%s%s/%s", absolute ? "" : folder, absolute ? "" : "/", list[i], name);
        if (n > 0 && n < PATH_MAX && access(path, access_mode) == 0)
            return (*out = mem_strdup(path, e)) ? 0 : ERR_NO_MEMORY;
    }
    return 0;
}

/* What was said, by the caller or in the environment; NULL: nothing. */
static const char *named(const char *given, const char *variable) {
    const char *said = given ? NULL : secure_getenv(variable);
    return given ? given : said && *said ? said : NULL; /* an empty variable is one that is not set */
}

int paths_decoder(char **out, const struct paths *p, struct err *e) {
    const char *program = named(p ? p->decoder : NULL, "BMUNET_DECODER");
    *out = NULL;
    struct stat st;
    if (program && !*program)
        return err_set(e, ERR_DECODER, "the decoder's path is empty: it must name the program bmunet-decode, or not be set");
    if (program && (stat(program, &st) || access(program, X_OK)))
        return err_set(e, ERR_DECODER, "%s cannot be run (%s): it must be the program bmunet-decode", program, strerror(errno));
    if (program && !S_ISREG(st.st_mode))
        return err_set(e, ERR_DECODER, "%s is not a program: it must be bmunet-decode", program);
    if (program)
        return (*out = mem_strdup(program, e)) ? 0 : ERR_NO_MEMORY;
    const int rc = look_for(out, &decoder_places, "bmunet-decode", X_OK, e);
    if (rc || *out)
        return rc;
    return err_set(
        e, ERR_DECODER,
        "the program bmunet-decode, which reads images, is neither beside this one nor in %s: build or install it, or name it in "
        "BMUNET_DECODER",
        BMU_LIBEXEC);
}

int paths_share(char **out, const struct paths *p, const char *what, struct err *e) {
    const char *folder = named(p ? p->share : NULL, "BMUNET_SHARE");
    *out = NULL;
    if (!folder) {
        const int rc = look_for(out, &share_places, what, R_OK, e);
        if (rc || *out)
            return rc;
        return err_set(e, ERR_FILE_MISSING,
                       "%s is not among the shared files of bmunet, beside the program or in %s: install them, or name their folder in "
                       "BMUNET_SHARE",
                       what, BMU_SHARE);
    }
    if (!*folder)
        return err_set(e, ERR_FILE_MISSING, "the path of the shared files is empty: it must name their folder, or not be set");
    const size_t room = strlen(folder) + strlen(what) + 2;
    if (!(*out = mem_alloc(room, 1, e)))
        return ERR_NO_MEMORY;
    snprintf(*out, room, "%s/%s", folder, what);
    if (access(*out, R_OK) == 0)
        return 0;
    const int rc = err_set(e, ERR_FILE_MISSING, "%s: %s; it must be one of the shared files of bmunet", *out, strerror(errno));
    mem_free(*out);
    *out = NULL;
    return rc;
}
