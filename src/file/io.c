/* Files: bounded reading, mapping, and the one way to replace a file. Floor 1. */
#include "file/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

static int failed(struct err *e, int code, const char *path, const char *what) {
    char text[256]; /* strerror() shares one buffer among threads */
    return err_set(e, code, "%s: %s: %s", path, what, strerror_r(errno, text, sizeof text));
}

/* What the machine lacks is no fault of the file; else `code`. */
static int shortage(int code) {
    return errno == ENOMEM ? ERR_NO_MEMORY : errno == EMFILE || errno == ENFILE ? ERR_OPEN_FILES : code;
}

/* A regular file's descriptor and size. O_NONBLOCK: a FIFO in a cohort must be refused, not waited for. */
static int open_regular(int *fd, size_t *size, const char *path, struct err *e) {
    struct stat st;
    *size = 0;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0)
        return failed(e, shortage(errno == ENOENT || errno == ENOTDIR ? ERR_FILE_MISSING : ERR_FILE_READ), path, "cannot be opened");
    int rc = 0;
    if (fstat(*fd, &st))
        rc = failed(e, ERR_FILE_READ, path, "cannot be examined");
    else if (!S_ISREG(st.st_mode))
        rc = err_set(e, ERR_FILE_READ, "%s: not a regular file", path);
    else if (st.st_size < 0 || (uintmax_t)st.st_size > SIZE_MAX / 4)
        rc = err_set(e, ERR_LIMIT, "%s: larger than this machine can address", path);
    if (rc) {
        close(*fd);
        *fd = -1;
        return rc;
    }
    *size = (size_t)st.st_size;
    return 0;
}

static int too_large(struct err *e, const char *path, size_t max) {
    return err_set(e, ERR_LIMIT, "%s: larger than the limit of %zu bytes", path, max);
}

/* Read to the end, whatever fstat said: the file may shrink or grow meanwhile, and files of /proc say 0. */
static int read_all(int fd, uint8_t **bytes, size_t *size, size_t expected, const char *path, size_t max, struct err *e) {
    size_t room = expected + 1, n = 0; /* the byte more notices a growth, or the end */
    void *p = NULL;
    int rc = mem_grow(&p, room + 1, 1, e); /* and one for the NUL */
    while (!rc) {
        ssize_t got = read(fd, (uint8_t *)p + n, room - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            rc = failed(e, ERR_FILE_READ, path, "cannot be read");
        if (got <= 0)
            break;
        n += (size_t)got;
        if (n > max) {
            rc = too_large(e, path, max);
        } else if (n == room) {
            room += room / 2 + 4096;
            rc = mem_grow(&p, room + 1, 1, e);
        }
    }
    if (rc) {
        mem_free(p);
        return rc;
    }
    *bytes = p;
    (*bytes)[n] = 0;
    *size = n;
    return 0;
}

int io_read_file(uint8_t **out, size_t *size, const char *path, size_t max, struct err *e) {
    int fd;
    size_t expected;
    *out = NULL;
    *size = 0;
    int rc = open_regular(&fd, &expected, path, e);
    if (rc)
        return rc;
    rc = expected > max ? too_large(e, path, max) : read_all(fd, out, size, expected, path, max, e);
    close(fd);
    return rc;
}

int io_read_descriptor(uint8_t **out, size_t *size, int fd, const char *name, size_t max, struct err *e) {
    *out = NULL;
    *size = 0;
    return read_all(fd, out, size, 0, name, max, e);
}

int io_map_open(struct io_map *m, const char *path, struct err *e) {
    static const uint8_t nothing[1];
    int fd;
    size_t size;
    *m = (struct io_map){0};
    int rc = open_regular(&fd, &size, path, e);
    if (rc)
        return rc;
    void *p = (void *)(uintptr_t)nothing; /* a mapping of no bytes does not exist */
    if (size > 0)
        p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        rc = failed(e, shortage(ERR_FILE_READ), path, "cannot be mapped");
    close(fd);
    if (!rc)
        *m = (struct io_map){.data = p, .size = size};
    return rc;
}

void io_map_close(struct io_map *m) {
    if (m->size > 0)
        munmap((void *)(uintptr_t)m->data, m->size);
    *m = (struct io_map){0};
}

void io_map_forget(const struct io_map *m, const void *from, size_t bytes) {
    if (m->size == 0 || bytes == 0)
        return;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)from, last = first + bytes;
    if (first < (uintptr_t)m->data || last > (uintptr_t)m->data + m->size)
        return;
    first = first / page * page; /* whole pages; a neighbour's bytes on them are simply read again */
    madvise((void *)first, last - first, MADV_DONTNEED);
}

#define REPLACE_BUFFER ((size_t)64 * 1024)
#define BEGINS ".bmunet-"
#define ENDS ".tmp"
#define TEMPORARY_SIZE 32 /* ".bmunet-<16 digits>.tmp": independent of the target's name, which may already be as long as names can be */

struct replace {
    char *path;      /* as given, for messages */
    char *directory; /* of the target, links resolved */
    char *name;      /* of the target inside it */
    int directory_fd, fd;
    char temporary[TEMPORARY_SIZE];
    int failed; /* the first failure's code: nothing is committed after one */
    size_t filled;
    char buffer[REPLACE_BUFFER];
};

/* Where the target really lies. A link stays a link: what it points to is replaced. */
static int locate(struct replace *r, struct err *e) {
    struct stat st;
    char found[PATH_MAX], *real = NULL;
    if (stat(r->path, &st) == 0) {
        if (!S_ISREG(st.st_mode))
            return err_set(e, ERR_FILE_WRITE, "%s: exists and is not a regular file", r->path);
        real = realpath(r->path, found) ? mem_strdup(found, NULL) : NULL;
    } else if (errno == ENOENT) {
        real = mem_strdup(r->path, NULL);
    }
    if (!real)
        return failed(e, ERR_FILE_WRITE, r->path, "cannot be written");
    char *slash = strrchr(real, '/');
    const char *name = slash ? slash + 1 : real;
    int rc = 0;
    if (!*name)
        rc = err_set(e, ERR_FILE_WRITE, "%s: names a directory, not a file", r->path);
    if (!rc && !(r->name = mem_strdup(name, e)))
        rc = ERR_NO_MEMORY;
    if (slash)
        slash[slash == real ? 1 : 0] = 0;
    if (!rc && !(r->directory = mem_strdup(slash ? real : ".", e)))
        rc = ERR_NO_MEMORY;
    mem_free(real);
    return rc;
}

/* Locked, so that replace_sweep() leaves it alone. False: a sweep came between opening and locking, and the name is gone. Where a file
 * system has no locks, the sweep cannot lock either and removes nothing. */
static bool hold(int fd) {
    struct stat st;
    return !(flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) && fstat(fd, &st) == 0 && st.st_nlink > 0;
}

/* A new file under a name nobody holds; O_EXCL refuses a link that somebody laid there. */
static int open_temporary(struct replace *r, struct err *e) {
    for (int attempt = 0; attempt < 16; attempt++) {
        uint64_t random;
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
            return failed(e, ERR_FILE_WRITE, r->path, "a random name could not be generated");
        snprintf(r->temporary, sizeof r->temporary, BEGINS "%016llx" ENDS, (unsigned long long)random);
        r->fd = openat(r->directory_fd, r->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666); /* umask applies */
        if (r->fd >= 0 && !hold(r->fd)) {
            close(r->fd);
            r->fd = -1;
            errno = EEXIST;
        }
        if (r->fd >= 0 || errno != EEXIST)
            break;
    }
    if (r->fd < 0) {
        r->temporary[0] = 0;
        return failed(e, ERR_FILE_WRITE, r->path, "cannot be written");
    }
    struct stat old;
    if (fstatat(r->directory_fd, r->name, &old, 0) == 0 && fchmod(r->fd, old.st_mode & 0777)) /* a file keeps its permissions */
        return failed(e, ERR_FILE_WRITE, r->path, "permissions cannot be kept");
    return 0;
}

int replace_open(struct replace **out, const char *path, struct err *e) {
    *out = NULL;
    struct replace *r = mem_alloc(1, sizeof *r, e);
    if (!r)
        return ERR_NO_MEMORY;
    r->fd = r->directory_fd = -1;
    int rc = ERR_NO_MEMORY;
    if (!(r->path = mem_strdup(path, e)))
        goto out;
    rc = locate(r, e);
    if (rc)
        goto out;
    r->directory_fd = open(r->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r->directory_fd < 0) {
        rc = failed(e, ERR_FILE_WRITE, path, "its directory cannot be opened");
        goto out;
    }
    rc = open_temporary(r, e);
out:
    if (rc)
        replace_abort(r);
    else
        *out = r;
    return rc;
}

static int write_out(struct replace *r, const char *bytes, size_t n, struct err *e) {
    while (n > 0 && !r->failed) {
        ssize_t done = write(r->fd, bytes, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return r->failed = failed(e, ERR_FILE_WRITE, r->path, "cannot be written");
        bytes += done;
        n -= (size_t)done;
    }
    return r->failed;
}

static int flush(struct replace *r, struct err *e) {
    size_t n = r->filled;
    r->filled = 0;
    return write_out(r, r->buffer, n, e);
}

int replace_write(struct replace *r, const void *bytes, size_t n, struct err *e) {
    if (r->failed)
        return err_set(e, r->failed, "%s: an earlier write failed", r->path);
    if (n > REPLACE_BUFFER - r->filled && flush(r, e))
        return r->failed;
    if (n >= REPLACE_BUFFER)
        return write_out(r, bytes, n, e);
    if (n)
        memcpy(r->buffer + r->filled, bytes, n);
    r->filled += n;
    return 0;
}

int replace_printf(struct replace *r, struct err *e, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = mem_vprintf(e, format, args);
    va_end(args);
    if (!text)
        return r->failed = ERR_NO_MEMORY;
    const int rc = replace_write(r, text, strlen(text), e);
    mem_free(text);
    return rc;
}

int replace_sync(struct replace *r, struct err *e) {
    if (r->failed)
        return err_set(e, r->failed, "%s: an earlier write failed", r->path);
    if (flush(r, e))
        return r->failed;
    if (fsync(r->fd))
        r->failed = failed(e, ERR_FILE_WRITE, r->path, "could not be synced to disk");
    return r->failed;
}

int replace_commit(struct replace *r, struct err *e) {
    int rc = replace_sync(r, e);
    if (!rc) {
        int closed = close(r->fd); /* a network file system may report a lost write only here */
        r->fd = -1;
        if (closed)
            rc = failed(e, ERR_FILE_WRITE, r->path, "cannot be closed");
    }
    if (!rc && renameat(r->directory_fd, r->temporary, r->directory_fd, r->name))
        rc = failed(e, ERR_FILE_WRITE, r->path, "cannot be replaced");
    if (!rc) {
        r->temporary[0] = 0;
        if (fsync(r->directory_fd) && errno != EINVAL && errno != ENOTSUP) /* some file systems have no such thing */
            rc = failed(e, ERR_FILE_WRITE, r->path, "was replaced, but its directory could not be synced to disk");
    }
    replace_abort(r);
    return rc;
}

void replace_abort(struct replace *r) {
    if (!r)
        return;
    if (r->fd >= 0)
        close(r->fd);
    if (r->temporary[0])
        unlinkat(r->directory_fd, r->temporary, 0);
    if (r->directory_fd >= 0)
        close(r->directory_fd);
    mem_free(r->path);
    mem_free(r->directory);
    mem_free(r->name);
    mem_free(r);
}

int replace_whole(const char *path, const void *bytes, size_t n, struct err *e) {
    struct replace *r;
    int rc = replace_open(&r, path, e);
    if (rc)
        return rc;
    if ((rc = replace_write(r, bytes, n, e))) {
        replace_abort(r);
        return rc;
    }
    return replace_commit(r, e);
}

static bool is_temporary(const char *name) {
    const size_t begins = strlen(BEGINS);
    return strlen(name) == begins + 16 + strlen(ENDS) && strncmp(name, BEGINS, begins) == 0 &&
           strspn(name + begins, "0123456789abcdef") == 16 && strcmp(name + begins + 16, ENDS) == 0;
}

void replace_sweep(const char *folder) {
    DIR *d = opendir(folder);
    if (!d)
        return;
    for (const struct dirent *x; (x = readdir(d)) != NULL;) {
        const int fd = is_temporary(x->d_name) ? openat(dirfd(d), x->d_name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) /* nobody's: whoever made it is gone */
            unlinkat(dirfd(d), x->d_name, 0);
        if (fd >= 0)
            close(fd);
    }
    closedir(d);
}
