/* All files below a folder, in a fixed order, without following links. Floor 1.
 *
 * Every folder is opened by openat() from its parent's descriptor with O_NOFOLLOW: a link that takes a folder's place during the walk is
 * met as a link. The recursion is bounded by the depth, and so is the number of open descriptors. */
#include "file/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/order.h"

struct walker {
    struct walk *w;
    int depth;
    size_t entries, met, room;
};

static int failed(struct err *e, const char *path, const char *what) {
    char text[256]; /* strerror() shares one buffer among threads */
    int code = errno == ENOENT || errno == ENOTDIR ? ERR_FILE_MISSING : ERR_FILE_READ;
    return err_set(e, code, "%s: %s: %s", path, what, strerror_r(errno, text, sizeof text));
}

static int add(struct walker *l, const char *path, uint64_t size, int code, const char *reason, struct err *e) {
    struct walk *w = l->w;
    if (w->n == l->room) {
        void *grown = w->files;
        size_t room = l->room ? 2 * l->room : 256;
        if (mem_grow(&grown, room, sizeof *w->files, e))
            return ERR_NO_MEMORY;
        w->files = grown;
        l->room = room;
    }
    w->files[w->n++] = (struct walk_file){.path = path, .size = size, .code = code, .reason = reason};
    return 0;
}

static int look_into(struct walker *l, int fd, const char *below, int depth, struct err *e);

static int enter(struct walker *l, int parent, const char *name, const char *path, int depth, struct err *e) {
    if (depth >= l->depth)
        return add(l, path, 0, ERR_LIMIT, "a folder nested too deeply: its contents were not examined", e);
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return add(l, path, 0, ERR_FILE_READ, "a folder that could not be opened: its contents were not examined", e);
    return look_into(l, fd, path, depth + 1, e);
}

static int meet(struct walker *l, int parent, const char *below, const char *name, int depth, struct err *e) {
    struct stat st;
    if (++l->met > l->entries)
        return err_set(e, ERR_LIMIT, "%s: more than %zu files and folders; scan its subfolders one by one", below[0] ? below : ".",
                       l->entries);
    char *path = arena_printf(&l->w->arena, e, "%s%s%s", below, below[0] ? "/" : "", name);
    if (!path)
        return ERR_NO_MEMORY;
    if (strlen(path) > WALK_PATH_MAX)
        return add(l, path, 0, ERR_LIMIT, "its path is too long for a table", e);
    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW))
        return add(l, path, 0, ERR_FILE_READ, "it could not be examined", e);
    if (S_ISDIR(st.st_mode))
        return enter(l, parent, name, path, depth, e);
    if (S_ISLNK(st.st_mode))
        return add(l, path, 0, ERR_SCAN_NOT_FOLLOWED, "a symbolic link: links are not followed", e);
    if (!S_ISREG(st.st_mode))
        return add(l, path, 0, ERR_SCAN_NOT_FOLLOWED, "a device, pipe or socket: not opened", e);
    return add(l, path, st.st_size > 0 ? (uint64_t)st.st_size : 0, 0, "", e);
}

/* Takes fd. */
static int look_into(struct walker *l, int fd, const char *below, int depth, struct err *e) {
    DIR *folder = fdopendir(fd);
    if (!folder) {
        close(fd);
        return err_set(e, ERR_NO_MEMORY, "%s: no memory to read the folder", below);
    }
    int rc = 0;
    for (;;) {
        errno = 0;
        struct dirent *entry = rc ? NULL : readdir(folder);
        if (!entry) {
            if (!rc && errno)
                rc = add(l, below, 0, ERR_FILE_READ, "a folder that could not be read completely", e);
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            rc = meet(l, dirfd(folder), below, entry->d_name, depth, e);
    }
    closedir(folder);
    return rc;
}

int walk_folder(struct walk **out, const char *folder, const struct walk_limits *limits, struct err *e) {
    *out = NULL;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return failed(e, folder, "cannot be opened as a folder");
    struct walk *w = mem_alloc(1, sizeof *w, e);
    if (!w) {
        close(fd);
        return ERR_NO_MEMORY;
    }
    arena_init(&w->arena, 0);
    struct walker l = {.w = w,
                       .depth = limits && limits->depth ? limits->depth : WALK_DEPTH_MAX,
                       .entries = limits && limits->entries ? limits->entries : WALK_ENTRIES_MAX};
    int rc = look_into(&l, fd, "", 0, e);
    if (rc) {
        walk_free(w);
        return rc;
    }
    if (w->n)
        qsort(w->files, w->n, sizeof *w->files, order_text);
    *out = w;
    return 0;
}

void walk_free(struct walk *w) {
    if (!w)
        return;
    mem_free(w->files);
    arena_release(&w->arena);
    mem_free(w);
}
