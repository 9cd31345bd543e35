/* A folder of many files, marked while it is incomplete. Floor 1. */
#include "file/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static const char mark_text[] = "This folder is being written, or writing it was interrupted: do not use its contents. Create it again.\n";

struct folder {
    char *path;
    int fd;
    bool made;         /* the folder itself was made here */
    bool marked;       /* the mark is ours */
    atomic_bool added; /* something more than the mark may be inside */
};

static int failed(struct err *e, const char *folder, const char *name, const char *what) {
    char text[256];
    return err_set(e, ERR_FILE_WRITE, "%s%s%s: %s: %s", folder, *name ? "/" : "", name, what, strerror_r(errno, text, sizeof text));
}

static int check_empty(const struct folder *f, struct err *e) {
    const int copy = openat(f->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
    if (!d) {
        const int rc = failed(e, f->path, "", "cannot be listed");
        if (copy >= 0)
            close(copy);
        return rc;
    }
    const struct dirent *entry;
    bool empty = true;
    while (empty && (entry = readdir(d)))
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(d);
    return empty ? 0 : err_set(e, ERR_FILE_WRITE, "%s: is not empty; name a new or empty folder", f->path);
}

static int write_new(int folder_fd, const char *folder, const char *name, const void *bytes, size_t n, struct err *e) {
    const int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0)
        return failed(e, folder, name, "cannot be created");
    int rc = 0;
    for (const char *at = bytes; n > 0 && !rc;) {
        const ssize_t done = write(fd, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            rc = failed(e, folder, name, "cannot be written");
            break;
        }
        at += done;
        n -= (size_t)done;
    }
    if (close(fd) && !rc)
        rc = failed(e, folder, name, "cannot be closed");
    return rc;
}

int folder_begin(struct folder **out, const char *path, struct err *e) {
    int rc = ERR_NO_MEMORY;
    *out = NULL;
    struct folder *f = mem_alloc(1, sizeof *f, e);
    if (!f)
        return rc;
    f->fd = -1;
    if (!(f->path = mem_strdup(path, e)))
        goto out;
    f->made = mkdir(path, 0777) == 0;
    if (!f->made && errno != EEXIST) {
        rc = failed(e, path, "", "cannot be created");
        goto out;
    }
    f->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    rc = f->fd < 0 ? failed(e, path, "", "cannot be opened as a folder") : check_empty(f, e);
    if (rc)
        goto out;
    f->marked = true;
    rc = write_new(f->fd, path, FOLDER_MARK, mark_text, sizeof mark_text - 1, e);
out:
    if (rc)
        folder_abandon(f);
    else
        *out = f;
    return rc;
}

int folder_make(struct folder *f, const char *name, struct err *e) {
    atomic_store(&f->added, true);
    return mkdirat(f->fd, name, 0777) ? failed(e, f->path, name, "cannot be created") : 0;
}

int folder_add(struct folder *f, const char *name, const void *bytes, size_t n, uint8_t digest[SHA256_SIZE], struct err *e) {
    atomic_store(&f->added, true);
    if (digest)
        sha256_bytes(bytes, n, digest);
    return write_new(f->fd, f->path, name, bytes, n, e);
}

static void release(struct folder *f) {
    if (f->fd >= 0)
        close(f->fd);
    mem_free(f->path);
    mem_free(f);
}

int folder_finish(struct folder *f, struct err *e) {
    int rc = 0;
    if (syncfs(f->fd))
        rc = failed(e, f->path, "", "could not be synced to disk");
    if (!rc && unlinkat(f->fd, FOLDER_MARK, 0))
        rc = failed(e, f->path, FOLDER_MARK, "cannot be removed");
    if (!rc && fsync(f->fd) && errno != EINVAL && errno != ENOTSUP)
        rc = failed(e, f->path, "", "could not be synced to disk");
    release(f);
    return rc;
}

void folder_abandon(struct folder *f) {
    if (!f)
        return;
    if (f->marked && !atomic_load(&f->added))
        unlinkat(f->fd, FOLDER_MARK, 0);
    if (f->made && !atomic_load(&f->added))
        rmdir(f->path);
    release(f);
}

int folder_check(const char *path, struct err *e) {
    struct stat st;
    const int fd = open(*path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return 0; /* whoever reads from it says what is wrong */
    const bool bears = fstatat(fd, FOLDER_MARK, &st, AT_SYMLINK_NOFOLLOW) == 0;
    close(fd);
    if (!bears)
        return 0;
    return err_set(e, ERR_COHORT_INCOMPLETE,
                   "%s: the folder contains a file %s: writing it was interrupted or is still in progress; create the folder again",
                   *path ? path : ".", FOLDER_MARK);
}

int folder_make_all(const char *path, struct err *e) {
    char part[PATH_MAX];
    if (strlen(path) >= sizeof part)
        return err_set(e, ERR_LIMIT, "%.60s...: the path is too long", path);
    memcpy(part, path, strlen(path) + 1);
    for (char *at = part;; at++) {
        if (*at && (*at != '/' || at == part))
            continue;
        const char kept = *at;
        *at = 0;
        if (mkdir(part, 0777) && errno != EEXIST)
            return failed(e, part, "", "the folder cannot be created");
        if (!kept)
            return 0;
        *at = kept;
    }
}
