/* Prepared images kept in a folder. Floor 4.
 *
 * FOLDER/ab/cd/<64 hexadecimal digits>: an entry. FOLDER/bmunet-cache: the mark, and the lock; in it the sum of the entries' bytes as last
 * counted. Who adds an entry takes the lock, adds its size to the sum, removes old entries if the sum is above the bound, and gives the
 * lock back; then writes to FOLDER/tmp-<random> and renames. So the sum is never below the truth (a crash between leaves it above, and the
 * next count corrects that), and the bound holds for all processes together. Temporaries of crashed writers go when they are an hour old.
 */
#include "prep/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/version.h"
#include "file/io.h"
#include "file/paths.h"
#include "prep/cache_entry.h"

#define MARK "bmunet-cache"
#define TEMPORARY "tmp-"
enum { PATH_SIZE = 6 + CACHE_NAME_SIZE, STALE_SECONDS = 3600, ENTRY_MAX = 1 << 30, SUM_SIZE = 32 };

struct cache {
    char *folder;
    int fd;
    uint64_t max_bytes;
    uint8_t code[32];     /* of the program: part of every key */
    pthread_mutex_t lock; /* of the below */
    struct cache_stats stats;
};

static int failed(struct err *e, const char *folder, const char *what) {
    char text[256]; /* strerror() shares one buffer among threads */
    return err_set(e, ERR_FILE_WRITE, "%s: %s: %s", folder, what, strerror_r(errno, text, sizeof text));
}

/* --- keys ----------------------------------------------------------------------------------------------------------------- */

/* A released program is told by its commit. One that was built from a changed tree is told by its own bytes, or a change of preparation
 * would be hidden by entries of the day before. */
static int identify_code(struct cache *c, struct err *e) {
    struct sha256 h;
    struct io_map program = {0};
    bool exact = !strstr(BMUNET_COMMIT, "dirty") && strcmp(BMUNET_COMMIT, "unknown") != 0;
    char *path = NULL;
    int rc = exact ? 0 : paths_code(&path, e);
    if (!exact && !rc)
        rc = io_map_open(&program, path, e);
    mem_free(path);
    if (rc)
        return rc;
    sha256_init(&h);
    sha256_update(&h, BMUNET_CODE, sizeof BMUNET_CODE);
    sha256_update(&h, program.data, program.size);
    sha256_final(&h, c->code);
    io_map_close(&program);
    return 0;
}

void cache_key_make(struct cache_key *k, const struct cache *c, const struct prep_profile *p, enum slot s, const struct prep_claim *claim,
                    const uint8_t file_sha256[32]) {
    char text[400];
    struct sha256 h;
    int n = snprintf(text, sizeof text, "%.64s|%d %d|%d %d|%a %a|%s|%d|%d", p->name, p->mg_height, p->mg_width, p->us_height, p->us_width,
                     p->mg_mean, p->mg_std, slot_name(s), claim ? claim->side : 0,
                     claim ? claim->allow_tomosynthesis + 2 * claim->trust_table : 0);
    sha256_init(&h);
    sha256_update(&h, c->code, sizeof c->code);
    sha256_update(&h, file_sha256, 32);
    sha256_update(&h, text, n > 0 ? (size_t)n + 1 : 0);
    if (p->vendors) /* they can change pixels */
        sha256_update(&h, vendors_sha256(p->vendors), SHA256_SIZE);
    sha256_final(&h, k->digest);
    k->n = prep_size(p, s);
    k->mean = (float)p->mg_mean;
    k->std = (float)p->mg_std;
}

static void entry_path(char path[PATH_SIZE], const struct cache_key *k) {
    char hex[SHA256_HEX_SIZE];
    sha256_hex(k->digest, hex);
    snprintf(path, PATH_SIZE, "%.2s/%.2s/%s", hex, hex + 2, hex);
}

/* --- opening -------------------------------------------------------------------------------------------------------------- */

static bool is_empty(int fd) {
    bool empty = true;
    int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = copy < 0 ? NULL : fdopendir(copy);
    if (!folder)
        return false;
    for (struct dirent *d; empty && (d = readdir(folder)) != NULL;)
        empty = strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0;
    closedir(folder);
    return empty;
}

static int open_folder(struct cache *c, struct err *e) {
    if (mkdir(c->folder, 0700) && errno != EEXIST)
        return failed(e, c->folder, "the cache folder cannot be created");
    c->fd = open(c->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (c->fd < 0)
        return failed(e, c->folder, "the cache folder cannot be opened");
    if (faccessat(c->fd, MARK, F_OK, 0) == 0)
        return 0;
    if (!is_empty(c->fd) && faccessat(c->fd, MARK, F_OK, 0)) /* another process may just have marked it */
        return err_set(e, ERR_USAGE, "%s: holds other files and is not marked as a cache (no file " MARK "); name an empty or new folder",
                       c->folder);
    return 0;
}

static int lock(struct cache *c, struct err *e) {
    int fd = openat(c->fd, MARK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return failed(e, c->folder, "the cache folder cannot be written");
    while (flock(fd, LOCK_EX))
        if (errno != EINTR) {
            failed(e, c->folder, "the cache cannot be locked");
            close(fd);
            return ERR_FILE_WRITE;
        }
    return fd;
}

int cache_open(struct cache **out, const char *folder, uint64_t max_bytes, struct err *e) {
    *out = NULL;
    if (max_bytes < CACHE_BYTES_MIN)
        return err_set(e, ERR_USAGE, "%s: a cache must have at least %d bytes", folder, CACHE_BYTES_MIN);
    struct cache *c = mem_alloc(1, sizeof *c, e);
    if (!c)
        return ERR_NO_MEMORY;
    c->fd = -1;
    c->max_bytes = max_bytes;
    pthread_mutex_init(&c->lock, NULL);
    int rc = (c->folder = mem_strdup(folder, e)) ? 0 : ERR_NO_MEMORY;
    if (!rc)
        rc = open_folder(c, e);
    if (!rc)
        rc = identify_code(c, e);
    int fd = rc ? -1 : lock(c, e); /* tells at once whether the folder can be written */
    if (!rc && fd < 0)
        rc = fd;
    if (fd >= 0)
        close(fd);
    if (!rc && faccessat(c->fd, ".", W_OK | X_OK, 0))
        rc = failed(e, c->folder, "the cache folder cannot be written");
    if (rc)
        cache_close(c);
    else
        *out = c;
    return rc;
}

void cache_close(struct cache *c) {
    if (!c)
        return;
    if (c->fd >= 0)
        close(c->fd);
    pthread_mutex_destroy(&c->lock);
    mem_free(c->folder);
    mem_free(c);
}

static void count(struct cache *c, size_t member, uint64_t n) {
    pthread_mutex_lock(&c->lock);
    *(uint64_t *)(void *)((char *)&c->stats + member) += n;
    pthread_mutex_unlock(&c->lock);
}
#define COUNT(c, member, n) count(c, offsetof(struct cache_stats, member), n)

void cache_stats(struct cache_stats *out, struct cache *c) {
    pthread_mutex_lock(&c->lock);
    *out = c->stats;
    pthread_mutex_unlock(&c->lock);
}

/* --- the bound ------------------------------------------------------------------------------------------------------------ */

struct found {
    char path[PATH_SIZE];
    uint64_t size;
    struct timespec used;
};
struct census {
    struct found *list;
    size_t n, room;
    uint64_t sum;
};

static bool is_hex(const char *name, size_t n) {
    return strlen(name) == n && strspn(name, "0123456789abcdef") == n;
}

static int add_found(struct census *s, const char *path, const struct stat *st, struct err *e) {
    if (s->n == s->room) {
        void *grown = s->list;
        size_t room = s->room ? 2 * s->room : 256;
        if (mem_grow(&grown, room, sizeof *s->list, e))
            return ERR_NO_MEMORY;
        s->list = grown;
        s->room = room;
    }
    struct found *f = &s->list[s->n++];
    snprintf(f->path, sizeof f->path, "%.*s", (int)sizeof f->path - 1, path);
    f->size = (uint64_t)st->st_size;
    f->used = st->st_mtim;
    s->sum += f->size;
    return 0;
}

/* depth 0, 1: folders of two digits; 2: entries. What looks otherwise is not ours and stays, but for old temporaries. */
static int census(struct cache *c, struct census *s, const char *below, int depth, struct err *e) {
    int fd = openat(c->fd, below, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), rc = 0;
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    for (struct dirent *d; !rc && (d = readdir(folder)) != NULL;) {
        char path[PATH_SIZE + NAME_MAX];
        struct stat st;
        snprintf(path, sizeof path, "%s%s%.200s", depth ? below : "", depth ? "/" : "", d->d_name);
        if (depth < 2 && is_hex(d->d_name, 2))
            rc = census(c, s, path, depth + 1, e);
        else if (depth == 2 && is_hex(d->d_name, 64) && fstatat(c->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
            rc = add_found(s, path, &st, e);
        else if (depth == 0 && strncmp(d->d_name, TEMPORARY, sizeof TEMPORARY - 1) == 0 &&
                 fstatat(c->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && time(NULL) - st.st_mtim.tv_sec > STALE_SECONDS)
            unlinkat(c->fd, path, 0);
    }
    closedir(folder);
    return rc;
}

static int least_recent_first(const void *a, const void *b) {
    const struct found *x = a, *y = b;
    if (x->used.tv_sec != y->used.tv_sec)
        return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    if (x->used.tv_nsec != y->used.tv_nsec)
        return x->used.tv_nsec < y->used.tv_nsec ? -1 : 1;
    return strcmp(x->path, y->path);
}

/* Count what there is, and remove the least recently used until `more` bytes fit, with a tenth to spare: counting is dear. */
static int make_room(struct cache *c, uint64_t more, uint64_t *sum, struct err *e) {
    struct census s = {0};
    int rc = census(c, &s, ".", 0, e);
    if (!rc && s.n)
        qsort(s.list, s.n, sizeof *s.list, least_recent_first);
    uint64_t goal = s.sum + more > c->max_bytes ? c->max_bytes - c->max_bytes / 10 : c->max_bytes, removed = 0;
    for (size_t i = 0; i < s.n && !rc && s.sum + more > goal; i++) {
        if (unlinkat(c->fd, s.list[i].path, 0) && errno != ENOENT)
            continue;
        s.sum -= s.list[i].size;
        removed++;
    }
    mem_free(s.list);
    COUNT(c, evicted, removed);
    *sum = s.sum;
    return rc;
}

/* The sum as last written; UINT64_MAX (count again) if the mark holds no such number. */
static uint64_t read_sum(int fd) {
    char text[SUM_SIZE + 1] = {0}, *end;
    ssize_t n = pread(fd, text, SUM_SIZE, 0);
    if (n <= 0)
        return UINT64_MAX;
    errno = 0;
    uint64_t sum = strtoumax(text, &end, 10);
    return errno || end == text || *end != '\n' || strspn(end, "\n ") != strlen(end) ? UINT64_MAX : sum;
}

static int write_sum(struct cache *c, int fd, uint64_t sum, struct err *e) {
    char text[SUM_SIZE + 1];
    snprintf(text, sizeof text, "%-31" PRIu64, sum);
    text[strcspn(text, " ")] = '\n';
    text[SUM_SIZE - 1] = '\n';
    return pwrite(fd, text, SUM_SIZE, 0) == SUM_SIZE ? 0 : failed(e, c->folder, "the cache cannot be written");
}

static int reserve(struct cache *c, uint64_t more, struct err *e) {
    int fd = lock(c, e);
    if (fd < 0)
        return fd;
    uint64_t sum = read_sum(fd);
    int rc = 0;
    if (sum > c->max_bytes || more > c->max_bytes - sum)
        rc = make_room(c, more, &sum, e);
    if (!rc)
        rc = write_sum(c, fd, sum + more, e);
    close(fd);
    return rc;
}

/* --- entries -------------------------------------------------------------------------------------------------------------- */

static int write_file(struct cache *c, const char *name, const struct buf *bytes, struct err *e) {
    int fd = openat(c->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return failed(e, c->folder, "a cache entry cannot be written");
    size_t done = 0;
    int rc = 0;
    while (done < bytes->size && !rc) {
        ssize_t n = write(fd, bytes->data + done, bytes->size - done);
        if (n > 0)
            done += (size_t)n;
        else if (n == 0 || errno != EINTR)
            rc = failed(e, c->folder, "a cache entry cannot be written");
    }
    if (close(fd) && !rc)
        rc = failed(e, c->folder, "a cache entry cannot be written");
    if (rc)
        unlinkat(c->fd, name, 0);
    return rc;
}

static int place(struct cache *c, const struct cache_key *k, const struct buf *bytes, struct err *e) {
    char temporary[32], path[PATH_SIZE], folder[PATH_SIZE];
    uint64_t random;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        return failed(e, c->folder, "a random name could not be generated");
    snprintf(temporary, sizeof temporary, TEMPORARY "%016" PRIx64, random);
    entry_path(path, k);
    for (int n = 2; n <= 5; n += 3) {
        snprintf(folder, sizeof folder, "%.*s", n, path);
        if (mkdirat(c->fd, folder, 0700) && errno != EEXIST)
            return failed(e, c->folder, "a cache entry cannot be written");
    }
    int rc = write_file(c, temporary, bytes, e);
    if (!rc && renameat(c->fd, temporary, c->fd, path)) {
        rc = failed(e, c->folder, "a cache entry cannot be written");
        unlinkat(c->fd, temporary, 0);
    }
    return rc;
}

/* What follows from the bytes alone. An input that could not be read, or over which the decoder gave up, may pass tomorrow. */
static bool is_worth_keeping(const struct input_verdict *v) {
    return v->hashed && (v->status == INPUT_USED || (v->status == INPUT_REFUSED && err_class(v->code) == ERR_CLASS_REFUSED));
}

static bool has_stopped(struct cache *c) {
    pthread_mutex_lock(&c->lock);
    bool stopped = c->stats.remark[0];
    pthread_mutex_unlock(&c->lock);
    return stopped;
}

static void stop(struct cache *c, const struct err *why) {
    pthread_mutex_lock(&c->lock);
    snprintf(c->stats.remark, sizeof c->stats.remark, "nothing more is cached: %.200s", why->message);
    pthread_mutex_unlock(&c->lock);
}

int cache_put(struct cache *c, const struct cache_key *k, const float *in, const struct input_verdict *v, struct err *e) {
    struct buf bytes;
    struct err local = {0};
    e = e ? e : &local;
    if (!is_worth_keeping(v))
        return 0;
    if (has_stopped(c))
        return err_set(e, ERR_FILE_WRITE, "%s: caching has stopped", c->folder);
    buf_init(&bytes);
    int rc = cache_entry_write(&bytes, k, in, v, e);
    if (!rc && bytes.size <= c->max_bytes) {
        rc = reserve(c, bytes.size, e);
        if (!rc)
            rc = place(c, k, &bytes, e);
        if (rc == ERR_FILE_WRITE)
            stop(c, e);
        COUNT(c, kept, !rc);
    }
    buf_release(&bytes);
    return rc;
}

int cache_get(float *out, struct input_verdict *v, struct cache *c, const struct cache_key *k, struct err *e) {
    char path[PATH_SIZE];
    uint8_t *bytes = NULL;
    size_t n = 0;
    entry_path(path, k);
    char *full = mem_printf(e, "%s/%s", c->folder, path);
    if (!full)
        return ERR_NO_MEMORY;
    int rc = io_read_file(&bytes, &n, full, ENTRY_MAX, NULL);
    if (rc && rc != ERR_NO_MEMORY) {
        rc = 1;
    } else if (!rc && cache_entry_read(out, v, k, bytes, n, NULL)) {
        unlinkat(c->fd, path, 0);
        COUNT(c, damaged, 1);
        rc = 1;
    } else if (!rc) {
        utimensat(c->fd, path, NULL, AT_SYMLINK_NOFOLLOW); /* used just now */
    }
    if (rc == 0 || rc == 1)
        count(c, rc ? offsetof(struct cache_stats, misses) : offsetof(struct cache_stats, hits), 1);
    mem_free(bytes);
    mem_free(full);
    return rc == ERR_NO_MEMORY ? err_set(e, rc, "no memory for a cache entry") : rc;
}

int prep_cached(float *out, const struct prep_profile *p, enum slot s, struct decoder *d, const uint8_t *bytes, size_t n,
                const struct prep_claim *claim, struct input_verdict *v, struct cache *c, struct err *e) {
    struct cache_key k;
    uint8_t digest[SHA256_SIZE];
    if (!c)
        return prep_bytes(out, p, s, d, bytes, n, claim, v, e);
    sha256_bytes(bytes, n, digest);
    cache_key_make(&k, c, p, s, claim, digest);
    int rc = cache_get(out, v, c, &k, e);
    if (rc == 0)
        return v->code ? err_set(e, v->code, "%s", v->note) : 0;
    if (rc < 0)
        return rc;
    rc = prep_bytes(out, p, s, d, bytes, n, claim, v, e);
    cache_put(c, &k, out, v, NULL); /* what cannot be kept is told by cache_stats() */
    return rc;
}
